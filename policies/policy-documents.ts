import type { Field, Finding, Resource } from "./model";
import { isEveryArn, isEveryArnOfAKind, namesNothing, wildcard } from "./patterns";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any, not } from "./truth";
import { isUnknown, replaceUnknown } from "./unknown";

/** The statements of an IAM policy document, text or map; an unknown document is one unknown statement. */
export function statements(document: Field): Field[] {
  const parsed = document.json();
  return parsed.unknown ? [parsed] : parsed.at("Statement").each();
}

/** What is found of each statement of some documents. Where there is none, a rule about them does not apply. */
export function* ofStatements(
  documents: readonly Field[],
  none: string,
  judge: (statement: Field) => Iterable<Finding>,
): Iterable<Finding> {
  if (documents.length === 0) yield { verdict: "notApplicable", message: none };
  for (const statement of documents.flatMap(statements)) yield* judge(statement);
}

export function allows(statement: Field): Truth {
  return statement.at("Effect").equals("Allow");
}

/** Whether the statement grants the action, by name or by pattern. */
export function grants(statement: Field, action: string): Truth {
  return all([allows(statement), isAbout(statement, action)]);
}

/** Whether the statement denies the action, by name or by pattern. */
export function denies(statement: Field, action: string): Truth {
  return all([statement.at("Effect").equals("Deny"), isAbout(statement, action)]);
}

/** Whether the statement denies the action to everybody, whatever the request is like. */
export function deniesEverybody(statement: Field, action: string): Truth {
  return all([
    denies(statement, action),
    isForAnybody(statement),
    // Any condition lets somebody do it.
    all(conditionsOf(statement).map((condition) => condition && false)),
  ]);
}

function isAbout(statement: Field, action: string): Truth {
  const matching = (key: string) =>
    any(
      statement
        .at(key)
        .each()
        .map((item) => matches(item, action)),
    );
  return statement.at("NotAction").present ? not(matching("NotAction")) : matching("Action");
}

/** Names of actions ignore case. */
function matches(pattern: Field, text: string): Truth {
  if (pattern.unknown) return undefined;
  return wildcard(pattern.text).test(text);
}

/** Whether the statement is about every action of AWS. */
export function isEveryAction(statement: Field): Truth {
  return any([
    statement.at("NotAction").present,
    ...statement
      .at("Action")
      .each()
      .map((item) => is(item, namesNothing)),
  ]);
}

/** Whether the statement is about every action of a service, or of AWS. */
export function isEveryActionOfAService(statement: Field): Truth {
  return any([
    isEveryAction(statement),
    ...statement
      .at("Action")
      .each()
      .map((item) => is(item, (text) => namesNothing(text.split(":")[1] ?? ""))),
  ]);
}

/** Whether the statement is about every resource: all of them, or all of a service. */
export function isEveryResource(statement: Field): Truth {
  return any([
    statement.at("NotResource").present,
    ...statement
      .at("Resource")
      .each()
      .map((item) => is(item, isEveryArn)),
  ]);
}

/**
 * Whether the statement is about every resource of a kind at least, such as every role of an account. All objects of a
 * bucket are what the bucket is for.
 */
export function isEveryResourceOfAKind(statement: Field): Truth {
  return any([
    isEveryResource(statement),
    ...statement
      .at("Resource")
      .each()
      .map((item) => is(item, isEveryArnOfAKind)),
  ]);
}

/** Whether a text is of a kind of pattern. */
function is(field: Field, fits: (text: string) => boolean): Truth {
  if (!field.unknown) return fits(field.text);
  // What is known of a text may show that it is no bare wildcard.
  const rest = replaceUnknown(field.text, "");
  return rest === "" ? undefined : fits(replaceUnknown(field.text, "x"));
}

/** Whether the statement is for anybody: a wildcard, or everybody but some. */
export function isForAnybody(statement: Field): Truth {
  return any([
    statement.at("NotPrincipal").present,
    ...principals(statement, "AWS").map((item) =>
      is(item, (text) => /^(\*|arn:[^:]*:iam::\*:.*)$/.test(text)),
    ),
  ]);
}

type PrincipalKind = "AWS" | "CanonicalUser" | "Federated" | "Service";

/** The principals of a kind. A bare wildcard is one of kind AWS. */
export function principals(statement: Field, kind: PrincipalKind): Field[] {
  const principal = statement.at("Principal");
  if (typeof principal.value === "string") {
    return principal.unknown || kind === "AWS" ? [principal] : [];
  }
  return principal.at(kind).each();
}

/** Whether a principal is an account with everybody in it. */
export function isWholeAccount({ unknown, text }: Field): Truth {
  return unknown ? undefined : /^(\d{12}|arn:[^:]*:iam::\d{12}:root)$/.test(text);
}

/** Operators that let a request pass only when the key is there and fits. */
const limitingOperators =
  /^(ForAnyValue:)?(StringEquals|StringEqualsIgnoreCase|StringLike|ArnEquals|ArnLike|IpAddress)$/i;

/** Whether a condition on one of the keys limits the statement. A key that ends in `:` or `/`, or starts with `:`, stands for its family. */
export function isLimitedBy(statement: Field, keys: readonly string[]): Truth {
  return any(
    keys.flatMap((key) => {
      const holds = organizationKey.test(key) ? isOfOrganization : isSpecific;
      return limits(statement, [key]).map((values) => all(values.map(holds)));
    }),
  );
}

/** The values of each limiting condition on one of the keys. */
export function limits(statement: Field, keys: readonly string[]): Field[][] {
  const condition = statement.at("Condition");
  if (condition.unknown) return [[condition]];
  return condition
    .values()
    .filter(({ path, unknown }) => unknown || limitingOperators.test(lastKey(path, condition.path)))
    .flatMap((operator) =>
      operator.unknown
        ? [[operator]]
        : operator
            .values()
            .filter(({ path }) => keys.some((key) => isKey(lastKey(path, operator.path), key)))
            .map((value) => value.each()),
    )
    .filter((values) => values.length > 0);
}

/** The key under which a field stands; keys of conditions have dots in them. */
function lastKey(path: string, parent: string): string {
  return path.slice(parent.length + 1);
}

function isKey(actual: string, wanted: string): boolean {
  const [key, want] = [actual.toLowerCase(), wanted.toLowerCase()];
  if (/[:/]$/.test(want)) return key.startsWith(want);
  return want.startsWith(":") ? key.endsWith(want) : key === want;
}

const organizationKey = /:(Principal|Resource|Source)Org(ID|Paths)$/;

/**
 * Whether a value names an organization; paths go on after its id. All ids begin alike, and wildcards in what tells whose
 * somebody is have no use: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
function isOfOrganization(value: Field): Truth {
  const [id = ""] = value.text.split("/");
  return /[*?]/.test(id) ? false : isSpecific(value);
}

/** Whether a value excludes anything: wildcards alone do not, nor an ARN of any account and any name. */
function isSpecific({ value }: Field): Truth {
  const text = isUnknown(value) ? replaceUnknown(value, "") : String(value);
  if (distinctParts(text).some((part) => /[a-z0-9]/i.test(part))) return true;
  return isUnknown(value) ? undefined : false;
}

/** What tells one thing from another: of an ARN the account and the name. */
function distinctParts(text: string): string[] {
  const [prefix, , , , account = "", ...resource] = text.split(":");
  return prefix === "arn" ? [account, resource.join(":").split(/[/:]/).at(-1) ?? ""] : [text];
}

/** One condition of a statement, its operator and key in small letters; undefined stands for what nobody knows yet. */
export type ConditionOn = { operator: string; key: string; values: Field[] } | undefined;

export function conditionsOf(statement: Field): ConditionOn[] {
  const condition = statement.at("Condition");
  if (condition.unknown) return [undefined];
  return condition.values().flatMap((operator): ConditionOn[] => {
    if (operator.unknown) return [undefined];
    return operator.values().map((field) => ({
      operator: lastKey(operator.path, condition.path).toLowerCase(),
      key: lastKey(field.path, operator.path).toLowerCase(),
      values: field.each(),
    }));
  });
}

/** Whether a condition with one of the operators, in small letters, wants the key to have one of the values. */
export function wants(
  statement: Field,
  operators: readonly string[],
  key: string,
  accepted: (value: string) => boolean,
): Truth {
  return any(
    conditionsOf(statement).map((condition): Truth => {
      if (!condition) return undefined;
      if (!operators.includes(condition.operator) || condition.key !== key.toLowerCase()) {
        return false;
      }
      const { values } = condition;
      return all([
        values.length > 0,
        ...values.map((value) => (value.unknown ? undefined : accepted(value.text))),
      ]);
    }),
  );
}

/** Whether multi-factor authentication is asked for in a way that a request without it cannot pass. */
export function needsMfa(statement: Field): Truth {
  return any([
    wants(statement, ["bool"], "aws:MultiFactorAuthPresent", (value) => value === "true"),
    wants(statement, ["numericlessthan"], "aws:MultiFactorAuthAge", () => true),
  ]);
}

/** Resource types that carry IAM permissions in their inputs. */
export const permissionTypes = [
  token.policy,
  token.rolePolicy,
  token.userPolicy,
  token.groupPolicy,
  token.permissionSetPolicy,
  token.role,
] as const;

/** The permission documents of such a resource. */
export function permissionsOf(resource: Resource): Field[] {
  if (resource.type === token.role) {
    return resource.each("inlinePolicies").map((policy) => policy.at("policy"));
  }
  const path = resource.type === token.permissionSetPolicy ? "inlinePolicy" : "policy";
  return [resource.at(path)].filter(({ present }) => present);
}

/** What is found of each statement that gives rights to such a resource. */
export function ofPermissions(
  resource: Resource,
  judge: (statement: Field) => Iterable<Finding>,
): Iterable<Finding> {
  return ofStatements(permissionsOf(resource), "the role has no policies of its own", judge);
}

/** Whether any of the actions is one of those that `holds` tells, and the first of them in words. */
export function someOf(
  actions: readonly string[],
  holds: (action: string) => Truth,
): { truth: Truth; words: string } {
  const found = actions.map((action): [string, Truth] => [action, holds(action)]);
  const certain = found.filter(([, truth]) => truth).map(([action]) => action);
  return {
    truth: any(found.map(([, truth]) => truth)),
    words: `${certain.slice(0, 3).join(", ")}${certain.length > 3 ? " and more" : ""}`,
  };
}
