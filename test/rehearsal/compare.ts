import { isDeepStrictEqual } from "node:util";
import type { PlannedResource, ResourceOptions, Verdict } from "../../plan/schema";
import { unknownValue } from "./aws/cloud";
import { isObject } from "./aws/row";
import type { PolicyEvent, PolicySummary, StateResource } from "./engine";

/** One thing on which plan and engine do not agree. */
export interface Difference {
  urn: string;
  /** What differs: a property, an option, or `verdict of <rule>`. */
  path: string;
  plan: unknown;
  engine: unknown;
}

/** A resource as the engine's saved plan holds it: `GoalV1` of the engine's package `apitype`. */
interface Goal {
  type: string;
  name: string;
  custom: boolean;
  inputDiff: { adds?: Record<string, unknown> };
  parent?: string;
  protect?: boolean;
  dependencies?: string[];
  propertyDependencies?: Record<string, string[] | null>;
  provider?: string;
  deleteBeforeReplace?: boolean;
  ignoreChanges?: string[];
  additionalSecretOutputs?: string[];
  aliases?: string[];
  customTimeouts?: Record<string, number>;
}

/** The file that `pulumi preview --save-plan` writes. */
export interface SavedPlan {
  resourcePlans: Record<string, { goal?: Goal }>;
}

type Facets = Record<string, unknown>;

// How the engine marks a secret, and how the plan shows one.
const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const archiveSignature = "0def7320c3a5731c473e5ecbe6d01bc7";
const shownSecret = "[secret]";

/** Differences between the plan's resources and those of the engine's saved plan, in the order of their URNs. */
export function compareWithPreview(planned: PlannedResource[], saved: SavedPlan): Difference[] {
  const goals = Object.entries(saved.resourcePlans).map(([urn, { goal }]) => ({ urn, goal }));
  return compareByUrn(planned, goals, (resource, { urn, goal }) =>
    goal === undefined
      ? [{ urn, path: "goal", plan: "a resource", engine: undefined }]
      : compareValues(urn, "", facetsOfPlan(resource), facetsOfGoal(goal)),
  );
}

/**
 * Differences between the plan's resources and the state after `up`: what the plan knew must have come true, and the
 * options that a saved plan leaves out must hold. What was there `before`
 * keeps the values of `ignoreChanges`, even when it is replaced.
 */
export function compareWithState(
  planned: PlannedResource[],
  state: StateResource[],
  before: StateResource[] = [],
): Difference[] {
  const there = new Set(before.map(({ urn }) => urn));
  return compareByUrn(planned, state, (resource, outcome) => {
    const { urn } = resource;
    const ignored = there.has(urn)
      ? (resource.options.ignoreChanges ?? []).map((path) => join("inputs", path))
      : [];
    const options = compareValues(
      urn,
      "options",
      keptOptions(resource.options),
      keptOptions(outcome),
    );
    const inputs = withShownSecrets(outcome.inputs ?? {});
    const values = comesTrue(urn, "inputs", resource.inputs, inputs);
    return [
      ...options,
      ...values.filter(({ path }) => !ignored.some((one) => isWithin(path, one))),
    ];
  });
}

/** Differences between the plan's verdicts and what the pack told the engine at a preview. */
export function compareVerdicts(
  verdicts: Verdict[],
  events: PolicyEvent[],
  summaries: PolicySummary[],
  stackUrn: string,
): Difference[] {
  const passes = summaries.flatMap(({ resourceUrn = stackUrn, passed }) =>
    passed.map((rule): ComparedVerdict => ({ rule, urn: resourceUrn, verdict: "pass" })),
  );
  const findings = events.filter((event) => !isNote(event));
  const ofEngine = byKey([
    ...findings.map((event) => verdictOfEvent(event, stackUrn)),
    ...passes,
    ...passesWithNotes(events, findings, stackUrn),
  ]);
  const ofPlan = byKey(
    verdicts.filter(({ verdict }) => verdict !== "notApplicable").map(comparedVerdict),
  );
  const keys = [...new Set([...ofPlan.keys(), ...ofEngine.keys()])].toSorted();
  return keys
    .filter((key) => !ofPlan.has(key) || !ofEngine.has(key))
    .map((key) => verdictDifference(ofPlan.get(key), ofEngine.get(key)))
    .filter((difference) => difference !== undefined);
}

const isNote = ({ message }: PolicyEvent): boolean => message.startsWith("note: ");

/** The engine counts a rule that has notes among those that did not pass; a plan does not. */
function passesWithNotes(
  events: readonly PolicyEvent[],
  findings: readonly PolicyEvent[],
  urn: string,
): ComparedVerdict[] {
  const failed = new Set(findings.map(({ policyName }) => policyName));
  const noted = new Set(events.filter(isNote).map(({ policyName }) => policyName));
  return [...noted]
    .filter((rule) => !failed.has(rule))
    .map((rule) => ({ rule, urn, verdict: "pass" }));
}

/** Differences as text: a line that says where, and one for each side. */
export function describeDifferences(differences: Difference[]): string {
  return differences
    .map(({ urn, path, plan, engine }) =>
      [`${urn}: ${path}`, `  plan:   ${shown(plan)}`, `  engine: ${shown(engine)}`].join("\n"),
    )
    .join("\n");
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? "(absent)";
}

function compareByUrn<E extends { urn: string }>(
  planned: PlannedResource[],
  actual: E[],
  compare: (resource: PlannedResource, other: E) => Difference[],
): Difference[] {
  const ofPlan = new Map(planned.map((resource) => [resource.urn, resource]));
  const ofEngine = new Map(actual.map((resource) => [resource.urn, resource]));
  const urns = [...new Set([...ofPlan.keys(), ...ofEngine.keys()])].toSorted();
  return urns.flatMap((urn) => {
    const [resource, other] = [ofPlan.get(urn), ofEngine.get(urn)];
    if (resource && other) return compare(resource, other);
    const side = (present: unknown) => (present === undefined ? undefined : "registered");
    return [{ urn, path: "resource", plan: side(resource), engine: side(other) }];
  });
}

function facetsOfPlan(resource: PlannedResource): Facets {
  const { urn: _, options, ...facets } = resource;
  return { ...facets, options: savedOptions(options) };
}

function facetsOfGoal(goal: Goal): Facets {
  const { type, name, custom, parent, provider, propertyDependencies = {} } = goal;
  const lists = Object.entries(propertyDependencies).map(
    ([property, urns]) => [property, (urns ?? []).toSorted()] as const,
  );
  return {
    type,
    name,
    custom,
    inputs: withShownSecrets(goal.inputDiff.adds ?? {}),
    ...(parent && { parent }),
    dependencies: (goal.dependencies ?? []).toSorted(),
    propertyDependencies: Object.fromEntries(lists),
    // The engine adds the provider's id to its URN.
    ...(provider && { provider: provider.slice(0, provider.lastIndexOf("::")) }),
    options: savedOptions(goal),
  };
}

/** Options that a saved plan keeps. */
function savedOptions(options: ResourceOptions | Goal): Facets {
  const { protect, deleteBeforeReplace, ignoreChanges, customTimeouts } = options;
  const { additionalSecretOutputs } = options;
  // The SDK gives former types of a resource as parts of a URN, and a saved plan keeps whole URNs only.
  const aliases = options.aliases?.filter((alias) => typeof alias === "string");
  return setOptions({
    protect,
    deleteBeforeReplace,
    ignoreChanges,
    additionalSecretOutputs,
    aliases,
    customTimeouts,
  });
}

/** Options that say something: neither false nor empty. */
function setOptions(options: Facets): Facets {
  const entries = Object.entries(options).filter(
    ([, value]) => value !== undefined && value !== false && !isEmpty(value),
  );
  return Object.fromEntries(entries);
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** Options that the state keeps and a saved plan does not. */
function keptOptions(options: ResourceOptions | StateResource): Facets {
  const { protect, retainOnDelete, deletedWith, ignoreChanges, replaceOnChanges } = options;
  return setOptions({ protect, retainOnDelete, deletedWith, ignoreChanges, replaceOnChanges });
}

function compareValues(urn: string, path: string, plan: unknown, engine: unknown): Difference[] {
  if (isDeepStrictEqual(plan, engine)) return [];
  if (!isObject(plan) || !isObject(engine)) return [{ urn, path, plan, engine }];
  return keysOf(plan, engine).flatMap((key) =>
    compareValues(urn, join(path, key), plan[key], engine[key]),
  );
}

/** Where a value that the plan knew is another one in the end. */
function comesTrue(urn: string, path: string, plan: unknown, engine: unknown): Difference[] {
  if (plan === unknownValue && engine !== unknownValue) return [];
  if (Array.isArray(plan) && Array.isArray(engine) && plan.length === engine.length) {
    return plan.flatMap((item, i) => comesTrue(urn, `${path}[${i}]`, item, engine[i]));
  }
  if (!isObject(plan) || !isObject(engine)) return compareValues(urn, path, plan, engine);
  return keysOf(plan, engine).flatMap((key) =>
    comesTrue(urn, join(path, key), plan[key], engine[key]),
  );
}

const keysOf = (one: object, other: object): string[] =>
  [...new Set([...Object.keys(one), ...Object.keys(other)])].toSorted();

const isWithin = (path: string, other: string): boolean =>
  path === other || path.startsWith(`${other}.`) || path.startsWith(`${other}[`);

const join = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);

function withShownSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withShownSecrets);
  if (!isObject(value)) return value;
  if (value[signatureKey] === secretSignature) return shownSecret;
  const isArchive = value[signatureKey] === archiveSignature;
  return Object.fromEntries(
    Object.entries(value)
      // The engine's hash of an archive is that of a tar file, which the plan does not make; it has those of the files.
      .filter(([key]) => !(isArchive && key === "hash"))
      .map(([key, member]) => [key, withShownSecrets(member)]),
  );
}

/** What of a verdict both sides tell. */
interface ComparedVerdict {
  rule: string;
  urn: string;
  verdict: "pass" | "fail" | "undecided";
  /** Only of a failure: the engine tells of no other's level. */
  level?: string;
  severity?: string;
  message?: string;
}

function comparedVerdict({
  rule,
  urn,
  verdict,
  level,
  severity,
  message,
}: Verdict): ComparedVerdict {
  const outcome = verdict as ComparedVerdict["verdict"];
  if (outcome === "pass") return { rule, urn, verdict: outcome };
  return {
    rule,
    urn,
    verdict: outcome,
    severity,
    ...(outcome === "fail" && { level }),
    ...(message !== undefined && { message: message.trimEnd() }),
  };
}

const undecidedPrefix = "undecided: ";
const cannotRun = /^can't run policy '.*?' from policy pack '.*?' during preview: /s;

function verdictOfEvent(event: PolicyEvent, stackUrn: string): ComparedVerdict {
  const { policyName: rule, resourceUrn: urn = stackUrn, enforcementLevel: level } = event;
  const severity = event.severity ?? "medium";
  const text = event.message.trimEnd();
  const undecided = text.startsWith(undecidedPrefix) || cannotRun.test(text);
  if (undecided && level === "advisory") {
    const message = text.replace(undecidedPrefix, "").replace(cannotRun, "");
    return { rule, urn, verdict: "undecided", severity, message };
  }
  // The SDK puts the rule's title, one line, before what the rule reported.
  return {
    rule,
    urn,
    verdict: "fail",
    severity,
    level,
    message: text.slice(text.indexOf("\n") + 1),
  };
}

function byKey(verdicts: ComparedVerdict[]): Map<string, ComparedVerdict> {
  return new Map(
    verdicts.map((verdict) => {
      const { rule, urn, verdict: outcome, level, severity, message } = verdict;
      return [JSON.stringify([urn, rule, outcome, level, severity, message]), verdict];
    }),
  );
}

function verdictDifference(
  plan: ComparedVerdict | undefined,
  engine: ComparedVerdict | undefined,
): Difference | undefined {
  const { rule, urn } = plan ?? engine ?? {};
  if (rule === undefined || urn === undefined) return undefined;
  const told = (side: ComparedVerdict | undefined) => {
    if (side === undefined) return undefined;
    const { rule: _rule, urn: _urn, ...rest } = side;
    return rest;
  };
  return { urn, path: `verdict of ${rule}`, plan: told(plan), engine: told(engine) };
}
