import { InputError } from "./input-error";
import { isObject } from "./property-values";
import { readText } from "./yaml-file";
import { byCodePoint } from "./urn";

/** How strictly a rule is enforced; `disabled` rules are not run. */
export type EnforcementLevel = "advisory" | "mandatory" | "remediate" | "disabled";

/** Configuration of one rule; what is absent stays as it was. */
export interface RuleConfig {
  level?: EnforcementLevel;
  properties?: Record<string, unknown>;
}

/** The configuration that a pack runs with, by rule. */
export type PackConfig = Map<string, Required<RuleConfig>>;

/** What a pack says about the configuration of a rule. */
export interface ConfigurableRule {
  name: string;
  level: EnforcementLevel;
  /** JSON schemas of the properties. */
  properties: Record<string, unknown>;
  required: string[];
}

const levels: readonly string[] = ["advisory", "mandatory", "remediate", "disabled"];

function isLevel(value: unknown): value is EnforcementLevel {
  return typeof value === "string" && levels.includes(value);
}

function requireLevel(rule: string, value: unknown, file: string): EnforcementLevel {
  if (isLevel(value)) return value;
  throw new InputError(
    `${file}: ${rule}: enforcement level must be one of ${levels.join(", ")}, got ${JSON.stringify(value)}`,
  );
}

function ruleConfig(rule: string, value: unknown, file: string): RuleConfig {
  if (typeof value === "string") return { level: requireLevel(rule, value, file) };
  if (!isObject(value)) {
    throw new InputError(
      `${file}: ${rule} must be an enforcement level or an object, got ${JSON.stringify(value)}`,
    );
  }
  const { enforcementLevel, ...properties } = value;
  return {
    ...(enforcementLevel !== undefined && { level: requireLevel(rule, enforcementLevel, file) }),
    properties,
  };
}

/** Reads a `--policy-pack-config` file: a JSON object of rules (or `all`) and their configuration. */
export function readPackConfig(path: string): Map<string, RuleConfig> {
  const text = readText(path, path, "");
  if (text.trim() === "") return new Map();
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${path}: must be JSON: ${(error as SyntaxError).message}`);
  }
  if (!isObject(content)) throw new InputError(`${path}: must be a JSON object of rules`);
  return new Map(
    Object.entries(content).map(([rule, value]) => [rule, ruleConfig(rule, value, path)]),
  );
}

function apply(result: PackConfig, given: ReadonlyMap<string, RuleConfig>): void {
  const all = given.get("all")?.level;
  if (all !== undefined) {
    for (const [rule, config] of result) result.set(rule, { ...config, level: all });
  }
  for (const [rule, { level, properties }] of given) {
    const before = result.get(rule);
    if (before === undefined) continue;
    result.set(rule, {
      level: level ?? before.level,
      properties: { ...before.properties, ...properties },
    });
  }
}

function defaults({ properties }: ConfigurableRule): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, schema]) =>
      isObject(schema) && "default" in schema ? [[name, schema["default"]]] : [],
    ),
  );
}

function faultsOf(rule: ConfigurableRule, properties: unknown, source: string): string[] {
  // Loaded here, because most runs configure nothing and must not wait for it.
  const { Ajv } = require("ajv") as typeof import("ajv");
  const ajv = new Ajv({ allErrors: true, strict: false });
  const validate = ajv.compile({
    type: "object",
    properties: rule.properties,
    required: rule.required,
  });
  if (validate(properties)) return [];
  return (validate.errors ?? []).map(({ instancePath, message, params }) => {
    const value = instancePath
      .split("/")
      .slice(1)
      .reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], properties);
    const path = instancePath.slice(1).replaceAll("/", ".");
    const detail = "allowedValues" in params ? `: ${JSON.stringify(params["allowedValues"])}` : "";
    const got = path === "" ? "" : `, got ${JSON.stringify(value)}`;
    return `${source}: ${rule.name}: ${path}${path === "" ? "" : " "}${message ?? "is not valid"}${detail}${got}`;
  });
}

function unknownProperties(
  { name, properties }: ConfigurableRule,
  given: RuleConfig | undefined,
  source: string,
): string[] {
  const known = Object.keys(properties).toSorted(byCodePoint);
  const what = known.length > 0 ? `its properties are ${known.join(", ")}` : "it has no properties";
  return Object.keys(given?.properties ?? {})
    .filter((property) => !known.includes(property))
    .map((property) => `${source}: ${name}: ${property} must be a property of the rule; ${what}`);
}

function misses({ required }: ConfigurableRule, properties: Record<string, unknown>): boolean {
  return required.some((name) => !(name in properties));
}

/**
 * Brings a pack's defaults, its own initial configuration and the user's together in the engine's
 * order, and checks the properties against the schemas of the rules.
 */
export function reconcile(
  rules: readonly ConfigurableRule[],
  initial: ReadonlyMap<string, RuleConfig>,
  given: ReadonlyMap<string, RuleConfig>,
  file: string | undefined,
): PackConfig {
  const source = file ?? "policy pack";
  const known = new Set(rules.map(({ name }) => name));
  const unknown = [...given.keys()].filter((rule) => rule !== "all" && !known.has(rule));
  if (unknown.length > 0) {
    const names = [...known].toSorted(byCodePoint).join(", ");
    throw new InputError(
      unknown.map(
        (rule) => `${source}: ${rule} must be a rule of the pack; the rules are ${names}`,
      ),
    );
  }
  const misspelt = rules.flatMap((rule) => unknownProperties(rule, given.get(rule.name), source));
  if (misspelt.length > 0) throw new InputError(misspelt);
  const result: PackConfig = new Map(
    rules.map((rule) => [rule.name, { level: rule.level, properties: defaults(rule) }]),
  );
  apply(result, initial);
  apply(result, given);
  const faults = rules.flatMap((rule) => {
    const properties = result.get(rule.name)?.properties ?? {};
    // What nobody configured are the pack's own defaults, which its own tests cover.
    const configured = (given.get(rule.name) ?? initial.get(rule.name))?.properties !== undefined;
    return configured || misses(rule, properties) ? faultsOf(rule, properties, source) : [];
  });
  if (faults.length > 0) throw new InputError(faults);
  return result;
}
