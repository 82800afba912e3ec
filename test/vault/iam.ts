import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { PolicyStatement } from "../../components/aws/policy-document";

/** What somebody asks of AWS, as far as rights go by it. */
export interface AwsCall {
  /** Such as `ec2:DescribeInstances`. */
  action: string;
  /** ARN of what it is about, or `*`. */
  resource: string;
  region: string;
}

/** What anybody may who has credentials: docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
const free = ["sts:GetCallerIdentity"];

/** Whether statements allow a call. A condition on what a call does not tell is not met. */
export function allows(statements: readonly PolicyStatement[], call: AwsCall): boolean {
  if (free.includes(call.action)) return true;
  return statements.some(
    ({ Effect = "Allow", Action, Resource, Condition = {} }) =>
      Effect === "Allow" &&
      listed(Action).includes(call.action) &&
      listed(Resource).some((one) => one === "*" || one === call.resource) &&
      isMet(Condition, { "ec2:Region": call.region }),
  );
}

const listed = <T>(value: T | T[] | undefined): T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

function isMet(
  condition: NonNullable<PolicyStatement["Condition"]>,
  told: Record<string, string>,
): boolean {
  return Object.entries(condition).every(
    ([operator, keys]) =>
      operator === "StringEquals" &&
      Object.entries(keys).every(([key, values]) => listed(values).some((it) => it === told[key])),
  );
}

interface Holder {
  /** Access key of who has the rights. */
  accessKeyId: string;
  /** The rights. Who has another key is let through: the stand-in knows of no rights. */
  statements: readonly PolicyStatement[];
  /** ARNs of roles, by which a call that has a role's name alone is judged. */
  roleArns: readonly string[];
}

/**
 * IAM before a stand-in for AWS that has none: it refuses what the rights of one holder do not allow, as AWS does, and
 * passes on everything else as it came.
 */
export class Iam {
  /** What the holder asked for and was let through. */
  readonly allowed: AwsCall[] = [];

  private constructor(
    private readonly aws: string,
    private readonly holder: Holder,
    private readonly server: ReturnType<typeof createServer>,
  ) {}

  static async open(aws: string, holder: Holder): Promise<Iam> {
    const server = createServer((incoming, outgoing) => {
      iam.handle(incoming, outgoing).catch(() => outgoing.destroy());
    });
    const iam = new Iam(aws, holder, server);
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return iam;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await text(incoming);
    const call = this.callOf(incoming, body);
    if (call !== undefined && !allows(this.holder.statements, call)) return refuse(outgoing, call);
    if (call !== undefined) this.allowed.push(call);
    const { method, headers, url = "/" } = incoming;
    const passedOn = request(`${this.aws}${url}`, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    passedOn.on("error", () => outgoing.destroy());
    passedOn.end(body);
  }

  /** A call of the holder's; undefined for one of somebody else. */
  private callOf({ headers }: IncomingMessage, body: string): AwsCall | undefined {
    // docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
    const scope = /Credential=([^/]+)\/\d+\/([^/]+)\/([^/]+)\//.exec(headers.authorization ?? "");
    const [, accessKeyId, region = "", service = ""] = scope ?? [];
    if (accessKeyId !== this.holder.accessKeyId) return undefined;
    const asked = new URLSearchParams(body);
    const name = asked.get("RoleName");
    const role = this.holder.roleArns.find((arn) => arn.endsWith(`/${name ?? ""}`));
    return {
      action: `${service}:${asked.get("Action") ?? ""}`,
      resource: name === null ? "*" : (role ?? `role ${name}`),
      region,
    };
  }
}

/** In the form of EC2's API, and in that of IAM's. */
function refuse(outgoing: ServerResponse, { action, resource }: AwsCall): void {
  const message = `not authorized to perform: ${action} on resource: ${resource}`;
  const error = (code: string) =>
    `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
  outgoing.writeHead(403, { "content-type": "text/xml" });
  outgoing.end(
    action.startsWith("ec2:")
      ? `<Response><Errors>${error("UnauthorizedOperation")}</Errors></Response>`
      : `<ErrorResponse>${error("AccessDenied")}</ErrorResponse>`,
  );
}
