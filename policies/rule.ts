import type { PolicyConfigJSONSchema } from "@pulumi/policy/schema";
import type { Finding, Resource, Stack } from "./model";

/** What a rule is, whatever it judges. */
interface RuleBase<Config> {
  /** Group and what must hold, in kebab case: the name of the policy, by which configuration addresses it. */
  id: string;
  /** What holds when the rule passes, in one line. */
  title: string;
  severity: "low" | "medium" | "high" | "critical";
  /**
   * Whether a failure stops an update, unless configuration says otherwise. At `remediate` a rule corrects what it can
   * before it judges, and what still fails stops the update.
   */
  level: "advisory" | "mandatory" | "remediate";
  /** The statements of docs/coverage.md that the rule enforces. */
  requirements: readonly string[];
  /** Where others ask for the same: `cis-eks-1.8.0:5.4.2`, `ckv:CKV_AWS_39` (Checkov), `avd:AWS-0040` (Trivy). */
  controls: readonly string[];
  /** What to change in the program. */
  fix: string;
  /** Where AWS, Kubernetes or Pulumi documents it. */
  url: string;
  /** Tokens of the types that the rule judges. Without one of these in a stack it does not apply. */
  types: readonly string[];
  /** What configuration may change, each with its default. @default - nothing */
  config?: { [K in keyof Config]: PolicyConfigJSONSchema & { default: Config[K] } };
}

/** An input that a rule sets before the resource is judged. */
export interface Correction {
  /** Keys, and numbers of items, from the outside to the inside. */
  path: readonly string[];
  value: unknown;
}

/** A rule that judges one resource by its inputs, before it is created or changed. */
export interface ResourceRule<Config = Record<string, never>> extends RuleBase<Config> {
  check(resource: Resource, config: Config): Iterable<Finding>;
  /** Sets what a program left out, at level `remediate`; what it says itself is judged and never changed. */
  correct?(resource: Resource, config: Config): Iterable<Correction>;
}

/** A rule that judges how the resources of a stack go together, once all are registered. */
export interface StackRule<Config = Record<string, never>> extends RuleBase<Config> {
  checkStack(stack: Stack, config: Config): Iterable<Finding>;
}

// Methods are bivariant in their parameters, so rules with different configurations go into one list.
export type Rule = ResourceRule<object> | StackRule<object>;

export function resourceRule<Config = Record<string, never>>(
  rule: ResourceRule<Config>,
): ResourceRule<Config> {
  return rule;
}

export function stackRule<Config = Record<string, never>>(
  rule: StackRule<Config>,
): StackRule<Config> {
  return rule;
}

/** The configuration of a rule: what was given over the defaults. */
export function configured(rule: Rule, given: Readonly<Record<string, unknown>>): object {
  const schema = (rule.config ?? {}) as Record<string, { default: unknown }>;
  return Object.fromEntries(
    Object.entries(schema).map(([key, { default: fallback }]) => {
      const value = given[key] ?? fallback;
      if (kindOf(value) !== kindOf(fallback)) {
        throw new Error(
          `configuration ${key} must be a ${kindOf(fallback)}, got ${JSON.stringify(value)}`,
        );
      }
      return [key, value];
    }),
  );
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? "list" : typeof value;
}
