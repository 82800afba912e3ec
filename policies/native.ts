import type {
  PolicyConfigSchema,
  PolicyResource,
  ReportViolation,
  ResourceRemediation,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationArgs,
  StackValidationPolicy,
} from "@pulumi/policy";
import type { Finding, Registration } from "./model";
import { isRecord, Resource, Stack } from "./model";
import type { ResourceRule, Rule, StackRule } from "./rule";
import { configured } from "./rule";

/** The rule as a policy of CrossGuard. */
export function nativePolicy(rule: Rule): ResourceValidationPolicy | StackValidationPolicy {
  const { properties } = schemaOf(rule);
  const metadata = {
    name: rule.id,
    description: rule.title,
    enforcementLevel: rule.level,
    severity: rule.severity,
    tags: [...rule.requirements, ...rule.controls],
    remediationSteps: rule.fix,
    url: rule.url,
    ...(Object.keys(properties).length > 0 ? { configSchema: { properties } } : {}),
  };
  if (!("check" in rule)) {
    return { ...metadata, validateStack: typed(rule, stackValidation(rule)) };
  }
  return {
    ...metadata,
    validateResource: typed(rule, resourceValidation(rule)),
    ...("correct" in rule ? { remediateResource: typed(rule, remediation(rule)) } : {}),
  };
}

function schemaOf(rule: Rule): PolicyConfigSchema {
  return { properties: { ...rule.config } };
}

/**
 * The SDK skips a policy of one type on all others without unpacking their inputs, when its function says the type. A
 * plan, which serves the pack beside the SDK, does so with several types: there it always says the same.
 */
function typed<T extends object>(rule: Rule, validate: T): T {
  const { types } = rule;
  return Object.assign(validate, types.length === 1 ? { __pulumiType: types[0] } : { types });
}

/** Inputs by URN, of the resources analysed since the last judgement of a stack. */
const analysed = new Map<string, Record<string, unknown>>();

/** The stack that is being judged, and the rules that have judged it. */
let current: { stack: Stack; rules: Set<Rule> } | undefined;

/**
 * A preview may lack outputs that depend on something unknown (github.com/pulumi/pulumi/issues/7854), so stack rules
 * look at the inputs, which only the analysis of each resource shows.
 */
function remember(urn: string, inputs: Record<string, unknown>): void {
  if (current) analysed.clear();
  current = undefined;
  analysed.set(urn, inputs);
}

/** The SDK unpacks a stack for each rule anew; a rule that comes again has been handed the next one. */
function stackFor(rule: Rule, resources: readonly PolicyResource[]): Stack {
  if (!current || current.rules.has(rule)) {
    current = { stack: new Stack(resources.map(registration)), rules: new Set() };
  }
  current.rules.add(rule);
  return current.stack;
}

/** The properties behind the SDK's proxy, which throws on every unknown value, though the rest would decide the rule. */
function raw(props: Record<string, unknown>): Record<string, unknown> {
  return isRecord(props["__getSpecialProxyTarget"]) ? props["__getSpecialProxyTarget"] : props;
}

function resourceValidation(rule: ResourceRule<object>) {
  return (args: ResourceValidationArgs, report: ReportViolation): void => {
    const { urn, type, name, opts } = args;
    const inputs = raw(args.props);
    remember(urn, inputs);
    // A reason would be sent for each resource and rule, and none says more than the rule's types.
    if (!rule.types.includes(type)) args.notApplicable();
    const resource = new Resource({ urn, type, name, inputs, protect: opts.protect });
    const findings = run(() => rule.check(resource, configured(rule, args.getConfig())), urn);
    conclude(findings, args, report);
  };
}

/** Sets inputs where they stand, so that what was secret around them stays so. */
function remediation(rule: ResourceRule<object>): ResourceRemediation {
  return (args) => {
    const { urn, type, name, opts, props } = args;
    if (!rule.types.includes(type)) return undefined;
    const inputs = raw(props);
    const read = copyOf(inputs) as Record<string, unknown>;
    const resource = new Resource({ urn, type, name, inputs: read, protect: opts.protect });
    const corrections = [...(rule.correct?.(resource, configured(rule, args.getConfig())) ?? [])];
    for (const { path, value } of corrections) setInput(inputs, path, value);
    return corrections.length > 0 ? props : undefined;
  };
}

/** What the SDK's proxy of secrets shows: its lists have no methods, as it does not let through what these need. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, i) => copyOf(value[i]));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.keys(value).map((key) => [key, copyOf(value[key])]));
}

function setInput(
  place: Record<string, unknown>,
  [key = "", ...rest]: readonly string[],
  value: unknown,
): void {
  if (rest.length === 0) {
    place[key] = value;
    return;
  }
  place[key] ??= {};
  setInput(place[key] as Record<string, unknown>, rest, value);
}

function stackValidation(rule: StackRule<object>) {
  return (args: StackValidationArgs, report: ReportViolation): void => {
    const stack = stackFor(rule, args.resources);
    if (stack.all(...rule.types).length === 0) {
      args.notApplicable(`the stack has no ${rule.types.join(", ")}`);
    }
    const findings = run(() => rule.checkStack(stack, configured(rule, args.getConfig())));
    conclude(findings, args, report);
  };
}

function registration(resource: PolicyResource): Registration {
  const outputs = raw(resource.props);
  return {
    urn: resource.urn,
    type: resource.type,
    name: resource.name,
    inputs: analysed.get(resource.urn) ?? outputs,
    outputs,
    protect: resource.opts.protect,
    dependencies: resource.dependencies.map(({ urn }) => urn),
    propertyDependencies: Object.fromEntries(
      Object.entries(resource.propertyDependencies).map(([property, made]) => [
        property,
        made.map(({ urn }) => urn),
      ]),
    ),
  };
}

interface Outcome {
  findings: Finding[];
  /** Why the rule could not come to its end. */
  error?: { message: string; urn?: string };
}

function run(check: () => Iterable<Finding>, urn?: string): Outcome {
  const findings = new Map<string, Finding>();
  try {
    for (const finding of check()) {
      findings.set(`${finding.verdict} ${finding.urn ?? ""} ${finding.message}`, finding);
    }
    return { findings: [...findings.values()] };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      findings: [...findings.values()],
      error: { message: `the rule could not run: ${message}`, ...(urn ? { urn } : {}) },
    };
  }
}

function conclude(
  { findings, error }: Outcome,
  args: { notApplicable(reason?: string): never },
  report: ReportViolation,
): void {
  const violation = (enforcementLevel: "advisory" | "mandatory", message: string, urn?: string) =>
    // The SDK takes an object at run time, which alone can name a level; its types keep that to the SDK itself.
    report({ message, urn, enforcementLevel } as unknown as string);

  if (error) violation("mandatory", error.message, error.urn);
  for (const { verdict, message, urn } of findings) {
    if (verdict === "fail") report(message, urn);
    if (verdict === "undecided") violation("advisory", `undecided: ${message}`, urn);
    if (verdict === "note") violation("advisory", `note: ${message}`, urn);
  }
  const [first] = findings;
  if (!error && first && findings.every(({ verdict }) => verdict === "notApplicable")) {
    args.notApplicable(first.message);
  }
}
