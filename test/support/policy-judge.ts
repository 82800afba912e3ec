import type { Action } from "./iam-data";
import { actionsLike, conditionKey } from "./iam-data";

/** What a policy is for: rights of its holder, who takes on a role, or who may use a thing. */
export type PolicyKind = "identity" | "trust" | "key" | "resource" | "endpoint";

export interface Policy {
  kind: PolicyKind;
  document: { Version: string; Statement: Statement[] };
}

interface Statement {
  Sid?: string;
  Effect: string;
  Principal?: "*" | Record<string, string | string[]>;
  Action?: string | string[];
  Resource?: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

/** Account and region of a stack. */
interface Place {
  accountId: string;
  region: string;
}

/** The patterns of AWS' own examples for key policies, where `*` as resource is the key that has the policy. */
const keyPatterns = ["kms:Describe*", "kms:GenerateDataKey*", "kms:ReEncrypt*"];

/**
 * By which keys a trust can limit a service, where these are not aws:SourceAccount and aws:SourceArn: with a condition on
 * what it does not tell, the service could never take the role on. Those without any take on roles of their customer's
 * own account only.
 * docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html
 * docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html
 * docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-iam.html
 * docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#firehose-assume-role
 */
const toldBy: Record<string, string | undefined> = {
  "cloudtrail.amazonaws.com": undefined,
  "ec2.amazonaws.com": undefined,
  "ecr.amazonaws.com": undefined,
  "firehose.amazonaws.com": "sts:ExternalId",
};

/** Calls that nobody has signed, or that AWS has: what they name is all that limits them. */
const unsigned = ["s3:GetObject", "sts:AssumeRoleWithWebIdentity"];

/** Images of EKS and of GuardDuty lie in accounts of AWS that differ by region: docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html */
const fromAnyAccount = ["ecr"];

/** Actions that services ask for though AWS' list lacks them: github.com/awsdocs/amazon-opensearch-service-developer-guide/pull/59 */
const unlisted = ["logs:PutLogEventsBatch"];

/**
 * What actions can be limited to though AWS' list says that they take no resource, of which AWS' guides make use:
 * docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-restrict-access-quickstart.html
 */
const unlistedResources: Record<string, string[]> = {
  "ssmmessages:OpenDataChannel": ["arn:*:ssm:*:*:session/*"],
};

/** Keys that come with credentials which a service hands out: docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html */
const ofCredentials = ["lambda:sourcefunctionarn"];

const list = <T>(value: T | T[] | undefined): T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

/** What is wrong with a policy, a line each, with the names of its statements. */
export async function faultsOf({ kind, document }: Policy, place: Place): Promise<string[]> {
  const faults = await Promise.all(
    document.Statement.map(async (statement, i) => {
      const at = statement.Sid ?? `statement ${i}`;
      return (await statementFaults(kind, statement, place)).map((fault) => `${at}: ${fault}`);
    }),
  );
  const version =
    document.Version === "2012-10-17"
      ? []
      : [`Version must be 2012-10-17, got ${document.Version}`];
  return [...version, ...faults.flat()];
}

async function statementFaults(
  kind: PolicyKind,
  statement: Statement,
  place: Place,
): Promise<string[]> {
  const known = ["Sid", "Effect", "Principal", "Action", "Resource", "Condition"];
  const strange = Object.keys(statement).filter((key) => !known.includes(key));
  if (strange.length > 0) return strange.map((key) => `must not have ${key}`);
  const patterns = list(statement.Action);
  const actions = await Promise.all(patterns.map(actionsLike));
  const missing = patterns.filter((one, i) => actions[i]?.length === 0 && !unlisted.includes(one));
  const none = patterns.length === 0 ? ["must name actions"] : [];
  const faults = [...none, ...missing.map((one) => `${one} must be an action of AWS`)];
  // What a denial names too broadly is refused, and no more.
  if (statement.Effect === "Deny") return [...faults, ...(await unknownKeys(statement))];
  return [
    ...faults,
    ...broadActions(kind, statement, place),
    ...(kind === "trust" || kind === "key"
      ? ownResource(kind, statement)
      : resourceFaults(kind, actions.flat(), statement, place)),
    ...(await unknownKeys(statement)),
    // AWS' example for log groups asks for a context in descriptions as well, which have none.
    ...(await uselessKeys(actions.filter((found) => found.length === 1).flat(), statement)),
    ...principalFaults(kind, statement, place),
  ];
}

function broadActions(kind: PolicyKind, statement: Statement, place: Place): string[] {
  const broad = list(statement.Action).filter((one) => /[*?]/.test(one));
  // Without it nobody could change the policy: docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
  const administered = kind === "key" && isRoot(statement, place);
  return broad
    .filter((one) => !(kind === "key" && keyPatterns.includes(one)))
    .filter((one) => !(administered && one === "kms:*"))
    .map((one) => `${one} must name one action`);
}

function isRoot({ Principal }: Statement, { accountId }: Place): boolean {
  return JSON.stringify(Principal) === JSON.stringify({ AWS: `arn:aws:iam::${accountId}:root` });
}

/** A key's policy is about the key, a trust about its role. */
function ownResource(kind: "trust" | "key", { Resource }: Statement): string[] {
  const wanted = kind === "key" ? "*" : undefined;
  return Resource === wanted ? [] : [`Resource must be ${wanted ?? "left out"}`];
}

function resourceFaults(
  kind: PolicyKind,
  actions: Action[],
  statement: Statement,
  place: Place,
): string[] {
  const resources = list(statement.Resource);
  if (resources.length === 0) return ["must name resources"];
  return [
    ...actions.flatMap((action) => fits(action, resources, statement)),
    ...resources
      .filter((one) => one !== "*")
      .flatMap((arn) => foreign(kind, arn, statement, place)),
  ];
}

function fits(
  { name, resources: kinds, conditionKeys }: Action,
  resources: string[],
  statement: Statement,
): string[] {
  const some = (of: string[]) => resources.some((one) => of.some((kind) => overlaps(one, kind)));
  if (kinds.length > 0) {
    if (resources.includes("*"))
      return [`${name} must be for ${kinds.slice(0, 3).join(", ")}, got *`];
    if (some(kinds)) return [];
    return [`${name} must be for ${kinds.join(", ")}, got ${resources.join(", ")}`];
  }
  if (resources.join() !== "*") {
    if (some(unlistedResources[name] ?? [])) return [];
    return [`${name} takes no resource and must be for *`];
  }
  const limited = statement.Condition !== undefined || conditionKeys.length === 0;
  return limited ? [] : [`${name} must have a condition, such as ${conditionKeys.join(", ")}`];
}

/** Whether two patterns have a text in common. */
function overlaps(a: string, b: string): boolean {
  if (a === "" && b === "") return true;
  const [first, second] = a.startsWith("*") ? [a, b] : [b, a];
  if (first.startsWith("*")) {
    return overlaps(first.slice(1), second) || (second !== "" && overlaps(first, second.slice(1)));
  }
  return a !== "" && b !== "" && a[0] === b[0] && overlaps(a.slice(1), b.slice(1));
}

/** What an ARN names beyond the stack's own account and region. */
function foreign(kind: PolicyKind, arn: string, statement: Statement, place: Place): string[] {
  const [start = "", , service = "", region = "", account = "", ...rest] = arn.split(":");
  const name = rest.join(":");
  const anyAccount = kind === "endpoint" && fromAnyAccount.includes(service);
  const byCondition = list(statement.Condition?.["StringEquals"]?.["aws:ResourceAccount"]);
  const isOwn = byCondition.join() === place.accountId;
  return [
    ...(start === "arn" ? [] : [`${arn} must be an ARN`]),
    ...(["", place.region].includes(region) ? [] : [`${arn} must be of the stack's region`]),
    ...(["", place.accountId].includes(account) || anyAccount
      ? []
      : [`${arn} must be of the stack's account`]),
    ...(/^[^*?]/.test(name) || isOwn ? [] : [`${arn} must say what it is`]),
  ];
}

const keysOf = ({ Condition = {} }: Statement): string[] =>
  Object.values(Condition).flatMap((keys) => Object.keys(keys));

async function unknownKeys(statement: Statement): Promise<string[]> {
  const keys = keysOf(statement);
  const found = await Promise.all(keys.map(conditionKey));
  return keys.filter((_, i) => found[i] === undefined).map((key) => `${key} must be a key of AWS`);
}

/** With a key that an action does not know, a condition is never met and the action never allowed. */
async function uselessKeys(actions: Action[], statement: Statement): Promise<string[]> {
  const faults = await Promise.all(
    Object.entries(statement.Condition ?? {})
      .filter(([operator]) => !operator.endsWith("IfExists") && operator !== "Null")
      .flatMap(([, keys]) => Object.keys(keys))
      .map(async (key) => {
        const form = await conditionKey(key);
        const isGlobal = /^aws:(?!resourcetag\/|requesttag\/|tagkeys)/.test(form ?? "");
        if (form === undefined || isGlobal || ofCredentials.includes(form)) return [];
        return actions
          .filter(({ conditionKeys }) => !conditionKeys.includes(form))
          .map(({ name }) => `${name} knows no ${key}`);
      }),
  );
  return faults.flat();
}

function principalFaults(kind: PolicyKind, statement: Statement, place: Place): string[] {
  const { Principal } = statement;
  if (kind === "identity") return Principal === undefined ? [] : ["must not have a Principal"];
  if (Principal === undefined) return ["must name its principal"];
  if (Principal === "*") return anybody(kind, statement, place);
  return Object.entries(Principal).flatMap(([who, names]) =>
    list(names).flatMap((name) => {
      if (who === "Service") return serviceFaults(kind, name, statement, place);
      if (who === "AWS") return accountFaults(kind, name, statement, place);
      return [`${who} must be Service or AWS`];
    }),
  );
}

/** An endpoint is in the way of everybody, so a condition tells who passes. */
function anybody(kind: PolicyKind, statement: Statement, { accountId }: Place): string[] {
  const accounts = list(statement.Condition?.["StringEquals"]?.["aws:PrincipalAccount"]);
  if (kind === "endpoint" && accounts.join() === accountId) return [];
  const named = !list(statement.Resource).includes("*");
  const open = list(statement.Action).every((one) => unsigned.includes(one));
  return kind === "endpoint" && named && open ? [] : ["must be limited to own principals"];
}

function accountFaults(
  kind: PolicyKind,
  name: string,
  statement: Statement,
  { accountId }: Place,
): string[] {
  if (!name.startsWith(`arn:aws:iam::${accountId}:`)) return [`${name} must be of the account`];
  if (!name.endsWith(":root")) {
    return /^arn:aws:iam::\d+:role\/[^*?]+$/.test(name) ? [] : [`${name} must be a role`];
  }
  const roles = list(statement.Condition?.["ArnEquals"]?.["aws:PrincipalArn"]);
  const named = roles.length > 0 && roles.every((role) => /:role\/[^*?]+$/.test(role));
  return named || kind === "key" ? [] : [`${name} must be a role, or have one in its condition`];
}

/** The account of an ARN. The wildcards of StringLike go beyond colons, so that none may stand before it. */
function accountIn(arn: string): string | undefined {
  const before = arn.split(":").slice(0, 5);
  return before.some((part) => /[*?]/.test(part)) ? undefined : before[4];
}

/** What services tell a key of for whom they act, in the context of the encryption. */
const contextKeys = [
  // docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
  "kms:EncryptionContext:aws:logs:arn",
  // docs.aws.amazon.com/lambda/latest/dg/encrypt-zip-package.html
  "kms:EncryptionContext:aws:lambda:FunctionArn",
];

/**
 * What services do in a resource without telling for whom, and what does no harm to it: a stream alone holds nothing.
 * docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions
 */
const untold: Record<string, string | undefined> = {
  "delivery.logs.amazonaws.com": "logs:CreateLogStream",
  "events.amazonaws.com": "logs:CreateLogStream",
};

function serviceFaults(
  kind: PolicyKind,
  service: string,
  statement: Statement,
  { accountId }: Place,
): string[] {
  const values = (operators: string[], key: string) =>
    operators.flatMap((operator) => list(statement.Condition?.[operator]?.[key]));
  const own = (ids: (string | undefined)[]) =>
    ids.length > 0 && ids.every((id) => id === accountId);
  if (kind === "resource" && list(statement.Action).join() === untold[service]) return [];
  const limit = `${service} must be limited to the stack's account`;
  if (kind === "trust" && service in toldBy) {
    const told = toldBy[service];
    return [
      ...keysOf(statement)
        .filter((key) => key !== told)
        .map((key) => `${service} tells no ${key}`),
      ...(told === undefined || own(values(["StringEquals"], told)) ? [] : [limit]),
    ];
  }
  const accounts = values(["StringEquals"], "aws:SourceAccount");
  const arns = ["aws:SourceArn", ...(kind === "key" ? contextKeys : [])]
    .flatMap((key) => values(["ArnEquals", "ArnLike", "StringEquals", "StringLike"], key))
    .map(accountIn);
  return own(accounts) || own(arns) ? [] : [limit];
}
