import { AwsError, isObject, type Draft } from "./row";

interface Statement {
  Sid: string;
  Effect: string;
  Principal: Record<string, string[]>;
  Action: string[];
  Resource: string[];
  Condition: Record<string, Record<string, string[]>>;
}

/** Statements of a policy document, with every list written out; undefined when it is not one. */
function statementsOf(document: unknown): Statement[] | undefined {
  const parsed = parse(document);
  if (!isObject(parsed) || parsed["Statement"] === undefined) return undefined;
  return list(parsed["Statement"]).map((item) => {
    const statement = isObject(item) ? item : {};
    const principal = statement["Principal"];
    return {
      Sid: typeof statement["Sid"] === "string" ? statement["Sid"] : "",
      Effect: String(statement["Effect"]),
      Principal: principal === "*" ? { AWS: ["*"] } : textLists(principal),
      Action: list(statement["Action"]).map(String),
      Resource: list(statement["Resource"]).map(String),
      Condition: Object.fromEntries(
        Object.entries(isObject(statement["Condition"]) ? statement["Condition"] : {}).map(
          ([operator, keys]) => [operator, textLists(keys)],
        ),
      ),
    };
  });
}

function parse(document: unknown): unknown {
  if (typeof document !== "string") return document;
  try {
    return JSON.parse(document) as unknown;
  } catch {
    return undefined;
  }
}

function list(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as unknown[]) : [value];
}

function textLists(value: unknown): Record<string, string[]> {
  const entries = Object.entries(isObject(value) ? value : {});
  return Object.fromEntries(entries.map(([key, values]) => [key, list(values).map(String)]));
}

/** Refuses what is not a policy document with at least one statement. */
export function wellFormed(property: string, code: string) {
  return ({ inputs }: Draft): AwsError | undefined =>
    inputs[property] === undefined || (statementsOf(inputs[property])?.length ?? 0) > 0
      ? undefined
      : new AwsError(code, `${property} is not a policy document in JSON with a Statement`);
}

/** ARNs of the principals of a policy document. */
export function principalsOf(document: unknown): string[] {
  return (statementsOf(document) ?? []).flatMap((statement) => statement.Principal["AWS"] ?? []);
}

/** ARNs of the resources of a policy document. */
export function resourcesOf(document: unknown): string[] {
  return (statementsOf(document) ?? []).flatMap(({ Resource }) => Resource);
}

/** Names of the statements of a policy document, of those that have one. */
export function sidsOf(document: unknown): string[] {
  return (statementsOf(document) ?? []).flatMap(({ Sid }) => (Sid === "" ? [] : [Sid]));
}

/** Actions of a policy document. */
export function actionsOf(document: unknown): string[] {
  return (statementsOf(document) ?? []).flatMap(({ Action }) => Action);
}

/** Whether a policy document gives something to everybody, without any condition. */
export function allowsEverybody(document: unknown): boolean {
  return (statementsOf(document) ?? []).some(
    ({ Effect, Principal, Condition }) =>
      Effect === "Allow" &&
      (Principal["AWS"] ?? []).includes("*") &&
      Object.keys(Condition).length === 0,
  );
}

/** IAM and KMS refuse a policy that names a role or a user of the account which does not exist. */
export function principalsExist(property: string, code: string) {
  return ({ inputs, world }: Draft): AwsError | undefined => {
    const known = new Set([...world.principals, ...world.resources.map((r) => r.computed["arn"])]);
    const unknown = principalsOf(inputs[property]).find(
      (arn) =>
        new RegExp(`^arn:[\\w-]+:iam::${world.accountId}:(role|user)/`).test(arn) &&
        !known.has(arn),
    );
    if (unknown === undefined) return undefined;
    return new AwsError(code, `${property} names the principal ${unknown}, which does not exist`);
  };
}

/** Whether a policy document lets one of the services do one of the actions (or all of them). */
export function allowsService(
  document: unknown,
  services: string[],
  actions: string[],
  context: Record<string, string> = {},
): boolean {
  return (statementsOf(document) ?? []).some(
    (statement) =>
      statement.Effect === "Allow" &&
      (statement.Principal["Service"] ?? []).some((service) => services.includes(service)) &&
      statement.Action.some((pattern) => actions.some((action) => matches(pattern, action))) &&
      meets(statement.Condition, context),
  );
}

/** Whether a trust policy lets a service take the role on, of whose context it tells `told`: conditions on more are never met. */
export function letsAssume(
  document: unknown,
  service: string,
  told: Record<string, string | undefined>,
): boolean {
  return (statementsOf(document) ?? []).some(
    (statement) =>
      statement.Effect === "Allow" &&
      (statement.Principal["Service"] ?? []).includes(service) &&
      statement.Action.some((pattern) => matches(pattern, "sts:AssumeRole")) &&
      Object.values(statement.Condition).every((keys) =>
        Object.keys(keys).every((key) => key in told),
      ) &&
      meets(statement.Condition, told),
  );
}

/** Whether a key policy leaves somebody who can change it: KMS refuses one that locks everybody out. */
export function canBeChanged(document: unknown): boolean {
  return (statementsOf(document) ?? []).some(
    (statement) =>
      statement.Effect === "Allow" &&
      (statement.Principal["AWS"] ?? []).length > 0 &&
      statement.Action.some((pattern) => matches(pattern, "kms:PutKeyPolicy")),
  );
}

/** Whether the conditions hold; those on keys that the context does not have are taken as met. */
function meets(
  condition: Record<string, Record<string, string[]>>,
  context: Record<string, string | undefined>,
): boolean {
  return Object.values(condition).every((keys) =>
    Object.entries(keys).every(([key, patterns]) => {
      const value = context[key];
      return value === undefined || patterns.some((pattern) => matches(pattern, value));
    }),
  );
}

function matches(pattern: string, text: string): boolean {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  const expression = escaped.replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^${expression}$`, "i").test(text);
}
