import { isRecord } from "../../policies/model";

/** One change to one input, systematic: what a slip of the hand or a hurried exception would do. */
interface InputMutant {
  /** Where, with what tells items of a list apart in brackets: `policy.Statement[Read].Action[0]`. */
  path: string;
  /** What happened there, such as `drop` or `flip`. */
  how: string;
  value: unknown;
}

/**
 * Every mutant of a value with exactly one change in it, but for those that stand for nothing: files and other assets
 * are no settings.
 */
export function* mutantsOf(value: unknown, path: string): Iterable<InputMutant> {
  for (const [how, changed] of replacements(value, lastKey(path))) {
    if (changed !== value) yield { path, how, value: changed };
  }
  if (Array.isArray(value)) yield* mutantsOfList(value, path);
  else if (isPolicy(value)) yield* mutantsOfPolicy(value, path);
  else if (isRecord(value) && !isAsset(value)) yield* mutantsOfMap(value, path);
  else if (typeof value === "string") yield* mutantsOfText(value, path);
}

function lastKey(path: string): string {
  return path.replace(/\[[^\]]*\]$/, "").replace(/^.*\./, "");
}

/** Assets and archives have a signature of their own (sdk/go/common/resource/sig/sig.go of pulumi/pulumi). */
function isAsset(value: Record<string, unknown>): boolean {
  return Object.hasOwn(value, "4dabf18193072939515e22adb298388d");
}

function* mutantsOfList(list: readonly unknown[], path: string): Iterable<InputMutant> {
  if (list.length > 1) yield { path, how: "empty", value: [] };
  for (const [i, item] of list.entries()) {
    const at = `${path}[${labelOf(item, i)}]`;
    yield { path: at, how: "drop", value: list.toSpliced(i, 1) };
    for (const mutant of mutantsOf(item, at)) {
      yield { ...mutant, value: list.with(i, mutant.value) };
    }
  }
}

const labels = ["Sid", "resourceType", "logType", "ruleNo", "deviceName", "name", "id", "field"];

/** A name that does not move when the list changes. */
function labelOf(item: unknown, index: number): string {
  const record = isRecord(item) ? item : {};
  const label = labels.map((key) => record[key]).find((value) => value !== undefined);
  return typeof label === "string" || typeof label === "number" ? `${label}` : `${index}`;
}

function* mutantsOfMap(map: Record<string, unknown>, path: string): Iterable<InputMutant> {
  for (const [key, value] of Object.entries(map)) {
    const at = path === "" ? key : `${path}.${key}`;
    yield { path: at, how: "drop", value: without(map, key) };
    yield* within(map, key, mutantsOf(value, at));
  }
}

function without(map: Record<string, unknown>, key: string): Record<string, unknown> {
  const { [key]: _dropped, ...rest } = map;
  return rest;
}

/** The map with each mutant of one of its values. */
function* within(
  map: Record<string, unknown>,
  key: string,
  mutants: Iterable<InputMutant>,
): Iterable<InputMutant> {
  for (const mutant of mutants) yield { ...mutant, value: { ...map, [key]: mutant.value } };
}

/** Documents in a text: JSON, and user data, whose settings are its lines. */
function* mutantsOfText(text: string, path: string): Iterable<InputMutant> {
  if (text.startsWith('{"')) {
    for (const mutant of mutantsOf(JSON.parse(text) as unknown, path)) {
      yield { ...mutant, value: JSON.stringify(mutant.value) };
    }
  }
  if (path !== "userData") return;
  const lines = Buffer.from(text, "base64").toString().split("\n");
  for (const { value, ...mutant } of mutantsOfLines(lines, path)) {
    yield { ...mutant, value: Buffer.from(value.join("\n")).toString("base64") };
  }
}

function* mutantsOfLines(
  lines: readonly string[],
  path: string,
): Iterable<InputMutant & { value: string[] }> {
  for (const [i, line] of lines.entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const at = `${path}[${line.trim()}]`;
    yield { path: at, how: "drop", value: lines.toSpliced(i, 1) };
    const flipped = line.replace(/\b(true|false|yes|no)\b/, (word) => opposites[word] ?? word);
    if (flipped !== line) yield { path: at, how: "flip", value: lines.with(i, flipped) };
  }
}

const opposites: Record<string, string> = { true: "false", false: "true", yes: "no", no: "yes" };

function* replacements(value: unknown, key: string): Iterable<[how: string, value: unknown]> {
  if (typeof value === "boolean") yield ["flip", !value];
  if (typeof value === "number" && key !== "ruleNo" && key !== "deviceIndex") {
    // A range that ends before it starts is refused.
    if (value !== 0 && key !== "toPort") yield ["zero", 0];
    if (key !== "fromPort") yield ["raise", raised(value, key)];
  }
  if (typeof value !== "string") return;
  if (/^(true|false)$/.test(value)) yield ["flip", opposites[value]];
  if (/^\d{1,9}$/.test(value)) {
    yield ["zero", "0"];
    yield ["raise", String(raised(Number(value), key))];
  }
  if (networks.test(value) && value !== world) yield ["world", world];
  const foreign = inForeignAccount(value);
  if (foreign !== undefined) yield ["foreign account", foreign];
  const weaker = weakerValues[value];
  if (weaker !== undefined) yield ["weaken", weaker];
}

const world = "0.0.0.0/0";

/** The same thing in another account: of an ARN, or of a number. */
function inForeignAccount(text: string): string | undefined {
  const foreign = text.replace(/^(arn:[^:]*:[^:]*:[^:]*:)?\d{12}(?=:|$)/, "$1999999999999");
  return foreign === text ? undefined : foreign;
}

/** A network, or some with commas in between. */
const networks = /^(\d+(\.\d+){3}\/\d+(,|$))+$/;

function raised(value: number, key: string): number {
  return /port/i.test(key) ? 65_535 : Math.max(1, value) * 1000;
}

/** The weaker neighbour of each hardened value that services enumerate. */
const weakerValues: Record<string, string> = {
  enabled: "disabled",
  disabled: "enabled",
  ENABLED: "DISABLED",
  Enabled: "Suspended",
  required: "optional",
  "block-all-sharing": "block-new-sharing",
  "block-new-sharing": "unblocked",
  COMPLIANCE: "GOVERNANCE",
  BucketOwnerEnforced: "ObjectWriter",
  "aws:kms": "AES256",
  KMS: "AES256",
  CUSTOMER_MANAGED_CMK: "AWS_OWNED_CMK",
  IMMUTABLE: "MUTABLE",
  API: "API_AND_CONFIG_MAP",
  STANDARD: "EXTENDED",
  HTTPS: "HTTP",
  "Policy-Min-TLS-1-2-PFS-2023-10": "Policy-Min-TLS-1-0-2019-07",
  "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09": "ELBSecurityPolicy-2016-08",
  "ELBSecurityPolicy-TLS13-1-2-Res-2021-06": "ELBSecurityPolicy-2016-08",
  strictest: "monitor",
  append: "preserve",
  DNS: "EMAIL",
  ALL: "ACCEPT",
  tcp: "-1",
  namespace: "cluster",
  breaching: "missing",
};

/** A policy as IAM reads it; what IAM refuses, such as a statement without an action, is no mutant. */
interface Policy extends Record<string, unknown> {
  Statement: Statement[];
}
type Statement = Record<string, unknown>;

function isPolicy(value: unknown): value is Policy {
  return isRecord(value) && Array.isArray(value["Statement"]);
}

function* mutantsOfPolicy(policy: Policy, path: string): Iterable<InputMutant> {
  const { Statement } = policy;
  for (const [i, statement] of Statement.entries()) {
    const at = `${path}.Statement[${labelOf(statement, i)}]`;
    if (Statement.length > 1) {
      const rest = { ...policy, Statement: Statement.toSpliced(i, 1) };
      yield { path: at, how: grantOr("drop", statement), value: rest };
    }
    for (const mutant of mutantsOfStatement(statement, at)) {
      yield { ...mutant, value: { ...policy, Statement: Statement.with(i, mutant.value) } };
    }
  }
}

/** A change that takes from what a policy allows opens nothing. */
function grantOr(how: string, { Effect }: Statement): string {
  return Effect === "Allow" ? "grant less" : how;
}

function* mutantsOfStatement(
  statement: Statement,
  path: string,
): Iterable<InputMutant & { value: Statement }> {
  for (const key of ["Action", "Resource"] as const) {
    if (!(key in statement)) continue;
    for (const { how, value, ...mutant } of mutantsOfNames(statement, key, path)) {
      yield { ...mutant, how, value: { ...statement, [key]: value } };
    }
  }
  const { Effect, Principal, Condition } = statement;
  if (Effect === "Allow" && isRecord(Principal)) {
    yield { path: `${path}.Principal`, how: "anybody", value: { ...statement, Principal: "*" } };
    for (const { value, ...mutant } of mutantsOf(Principal, `${path}.Principal`)) {
      if (mutant.how === "foreign account") {
        yield { ...mutant, value: { ...statement, Principal: value } };
      }
    }
  }
  if (Effect === "Deny") {
    yield { path: `${path}.Effect`, how: "allow", value: { ...statement, Effect: "Allow" } };
  }
  if (!isRecord(Condition)) return;
  // A denial without its condition is for every request: it denies more.
  if (Effect === "Allow") {
    yield { path: `${path}.Condition`, how: "drop", value: without(statement, "Condition") };
  }
  for (const { value, ...mutant } of mutantsOfConditions(Condition, statement, path)) {
    yield { ...mutant, value: { ...statement, Condition: value } };
  }
}

/** Actions and resources: wider ones of what is allowed, fewer of what is denied. */
function* mutantsOfNames(
  statement: Statement,
  key: "Action" | "Resource",
  path: string,
): Iterable<InputMutant> {
  const given = statement[key];
  const list: unknown[] = Array.isArray(given) ? given : [given];
  for (const [i, name] of list.entries()) {
    const at = `${path}.${key}[${i}]`;
    if (list.length > 1) {
      yield { path: at, how: grantOr("drop", statement), value: list.toSpliced(i, 1) };
    }
    if (statement["Effect"] !== "Allow" || typeof name !== "string") continue;
    const wider = key === "Action" ? widerActions(name) : widerResources(name);
    for (const [how, value] of wider) yield { path: at, how, value: list.with(i, value) };
  }
}

function* widerActions(action: string): Iterable<[how: string, value: string]> {
  const [service = "", verb = ""] = action.split(":");
  const [word = ""] = /^[A-Z][a-z]+/.exec(verb) ?? [];
  if (action !== "*") yield ["every action", "*"];
  if (service !== "*" && verb !== "*") yield ["whole service", `${service}:*`];
  if (word !== "") yield [`verb ${word}`, `${service}:${word}*`];
}

function* widerResources(resource: string): Iterable<[how: string, value: string]> {
  const [kind] = /^(arn:[^:]*:s3:::|arn:[^:]*:[^:]*:[^:]*:[^:]*:[^:/]*[:/])/.exec(resource) ?? [];
  if (resource !== "*") yield ["every resource", "*"];
  const foreign = inForeignAccount(resource);
  if (foreign !== undefined) yield ["foreign account", foreign];
  if (kind !== undefined && `${kind}*` !== resource) yield ["every one of a kind", `${kind}*`];
}

/** One condition less, or one that any request meets. */
function* mutantsOfConditions(
  conditions: Record<string, unknown>,
  { Effect }: Statement,
  path: string,
): Iterable<InputMutant> {
  const count = Object.values(conditions).flatMap((keys) => Object.keys(keys as object)).length;
  for (const [operator, keys] of Object.entries(conditions)) {
    if (!isRecord(keys)) continue;
    for (const [key, value] of Object.entries(keys)) {
      const at = `${path}.Condition.${operator}.${key}`;
      const rest = without(keys, key);
      const fewer =
        Object.keys(rest).length > 0
          ? { ...conditions, [operator]: rest }
          : without(conditions, operator);
      if (count > 1 && Effect === "Allow") yield { path: at, how: "drop", value: fewer };
      const put = (changed: unknown) => ({
        ...conditions,
        [operator]: { ...keys, [key]: changed },
      });
      if (/Like$|^ArnEquals$/.test(operator) && Effect === "Allow") {
        yield { path: at, how: "any value", value: put("*") };
      }
      const [first] = Array.isArray(value) ? (value as unknown[]) : [value];
      for (const [how, changed] of replacements(first, key)) {
        if (
          how === "flip" ||
          how === "world" ||
          (how === "foreign account" && Effect === "Allow")
        ) {
          yield { path: at, how, value: put(changed) };
        }
      }
    }
  }
}
