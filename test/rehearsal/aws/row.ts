import { createHash } from "node:crypto";
import type { CloudResource, Properties, World } from "./world";

/** A refusal in AWS's shape: an error code, and a message that names what is involved. */
export class AwsError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(`${code}: ${message}`);
  }
}

/** What a provider instance was configured with. */
export interface Scope {
  region: string;
  defaultTags: Record<string, string>;
}

/** What one argument of a resource may name. */
export type Kind =
  | "vpc"
  | "subnet"
  | "internetGateway"
  | "natGateway"
  | "elasticIp"
  | "routeTable"
  | "networkAcl"
  | "securityGroup"
  | "prefixList"
  | "launchTemplate"
  | "instanceProfile"
  | "roleArn"
  | "roleName"
  | "policyArn"
  | "key"
  | "logGroupArn"
  | "logGroupName"
  | "bucket"
  | "topicArn"
  | "detector"
  | "eventRule"
  | "deliveryStreamArn"
  | "domainArn"
  | "functionName"
  | "repository"
  | "cluster"
  | "accessEntry"
  | "loadBalancer"
  | "targetGroup"
  | "certificate"
  | "webAcl"
  | "clientVpnEndpoint"
  | "samlProviderArn"
  | "networkInterface"
  | "volume"
  | "instance"
  | "hostedZone"
  | "secret";

/**
 * An argument that names another resource. `onDelete` says what AWS does when the named resource is to be deleted:
 * `refuse` it, delete this one along with it (`cascade`), or let this one name what is gone (`dangle`).
 */
interface Reference {
  /** Path of the argument; `[*]` stands for every element. */
  path: string;
  to: Kind;
  onDelete: "refuse" | "cascade" | "dangle";
}

/** What only one resource at a time may have. */
export interface Claim {
  key: string;
  refusal: AwsError;
}

/** A resource that is being created or updated, with the world around it. */
export interface Draft {
  type: string;
  inputs: Properties;
  /** Id; in a rule, empty while the resource is not created yet. */
  id: string;
  world: World;
  scope: Scope;
  /** The resource before the update; absent at creation. */
  previous?: CloudResource;
  /** Hexadecimal digits, the same for the same birth of a URN. */
  digits: (length: number, purpose?: string) => string;
}

/** How AWS treats one type of resource. */
export interface ResourceRow {
  /** What messages call it. */
  noun: string;
  id: (draft: Draft) => string;
  /** Argument that carries the physical name, which is made up when it is not given. */
  name?: string;
  /** Whether the type has tags, to which the provider adds its default tags. */
  tagged: boolean;
  required: string[];
  references: Reference[];
  /** Under which values others name it. */
  identifiers?: (resource: CloudResource) => Partial<Record<Kind, unknown[]>>;
  /** What AWS adds to the arguments. */
  computed: (draft: Draft) => Properties;
  /** Computed properties that an update changes. */
  moving?: string[];
  /** What AWS knows of it beside what it tells, from its creation on. */
  born?: (draft: Draft) => Pick<CloudResource, "versions" | "startedFrom">;
  /** What the provider reads of a resource otherwise than it was given. */
  readAs?: (resource: CloudResource, world: World) => Properties;
  claims?: (draft: Draft) => Claim[];
  /**
   * Arguments that replace the resource depending on what they change from and to. Those of which every change replaces
   * it are in `replacements.json`, which the provider's own plans tell: `npm run verify:aws`.
   */
  replacedWhen?: (olds: Properties, news: Properties) => string[];
  /** Refusals at creation and at update. */
  rules?: ((draft: Draft) => AwsError | undefined)[];
  /** Code of the refusal to delete it while others use it. */
  inUse?: string;
  /** Another reason for which AWS refuses to delete it. */
  keeps?: (resource: CloudResource, world: World) => AwsError | undefined;
  /** Identifiers, as `kind:value`, that it keeps in use beyond its references. */
  holds?: (resource: CloudResource, world: World) => string[];
  /** Identifiers, as `kind:value`, with whose resource AWS deletes it, beyond its references. */
  goesWith?: (resource: CloudResource) => string[];
  /** What AWS creates by itself along with it. */
  brings?: (resource: CloudResource, world: World) => CloudResource[];
  /** What AWS leaves behind when it is deleted now. */
  leaves?: (resource: CloudResource, world: World) => CloudResource[];
}

export function digest(text: string, length: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, length);
}

/** An id in EC2's form: the prefix and 17 hexadecimal digits. */
export function ec2Id(prefix: string): (draft: Draft) => string {
  return ({ digits }) => `${prefix}-0${digits(16)}`;
}

export const nameOf = (resource: CloudResource): string =>
  resource.urn === "" ? resource.id : (resource.urn.split("::").at(-1) ?? resource.id);

/** All values at a path such as `vpcConfig.subnetIds[*]`; what is absent gives none. */
export function valuesAt(value: unknown, path: string): unknown[] {
  const steps = path.replaceAll("[*]", ".*").split(".");
  return steps.reduce<unknown[]>(
    (values, step) =>
      values.flatMap((current) => {
        if (step === "*") return Array.isArray(current) ? (current as unknown[]) : [];
        const next = isObject(current) ? current[step] : undefined;
        return next === undefined || next === null ? [] : [next];
      }),
    [value],
  );
}

export function textAt(value: unknown, path: string): string | undefined {
  const [first] = valuesAt(value, path);
  return typeof first === "string" ? first : undefined;
}

export function textsAt(value: unknown, path: string): string[] {
  return valuesAt(value, path).filter((item) => typeof item === "string");
}

export function numberAt(value: unknown, path: string): number | undefined {
  const [first] = valuesAt(value, path);
  return typeof first === "number" ? first : undefined;
}

export function isObject(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The resource of a type whose input at `path` is `value`. */
export function allWith(world: World, type: string, path: string, value: unknown): CloudResource[] {
  return world.resources.filter(
    (resource) => resource.type === type && valuesAt(resource.inputs, path).includes(value),
  );
}

export function byId(
  world: World,
  type: string,
  id: string | undefined,
): CloudResource | undefined {
  return world.resources.find((resource) => resource.type === type && resource.id === id);
}
