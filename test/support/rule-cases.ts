import type { ReportViolation, ResourceValidationArgs, StackValidationArgs } from "@pulumi/policy";
import * as proxy from "@pulumi/policy/proxy";
import type { Registration } from "../../policies/model";
import { nativePolicy } from "../../policies/native";
import type { Rule } from "../../policies/rule";
import { rules } from "../../policies/rules";
import type { Change, Phase, StackSpec } from "./rule-stack";
import { changed, registrations } from "./rule-stack";

/** What a rule reported, `<resource>: <message>` each, or why it did not apply. */
export interface Verdict {
  reports: string[];
  notApplicable: string[];
}

/** The SDK's types leave it out. */
const { unknownCheckingProxy } = proxy as unknown as {
  unknownCheckingProxy(this: void, props: Record<string, unknown>): Record<string, unknown>;
};

class NotApplicable extends Error {}

type Case = [title: string, change: Change];
type Reports = [title: string, change: Change, reports: string[], phase?: Phase];

export interface Cases {
  /** A stack on which the rule passes. */
  base: StackSpec;
  /** Configuration of the rule. @default - its defaults */
  config?: Record<string, unknown>;
  passes: Case[];
  fails: Reports[];
  /** At least one, unless `decided` says why nothing that the rule looks at can be unknown. */
  undecided: Reports[];
  decided?: string;
  notApplicable?: [title: string, change: Change, reason: string][];
}

export function ruleById(id: string): Rule {
  const rule = rules.find((candidate) => candidate.id === id);
  if (!rule) throw new Error(`the pack must have the rule ${id}`);
  return rule;
}

/**
 * A table of cases for one rule, each one change away from the base, at a first preview and on the finished stack.
 * The title is the rule's id and the requirements that the table proves, in brackets.
 */
export function casesFor(title: string, cases: Cases): void {
  const [id = "", ...requirements] = title.split(" ");
  const rule = ruleById(id);
  const phases: Phase[] = "check" in rule ? ["preview"] : ["preview", "finished"];
  const judged = (change: Change, phase: Phase) =>
    judge(rule, registrations(changed(cases.base, change), phase), cases.config);

  describe(title, () => {
    it("proves what the rule says that it enforces", () => {
      expect(requirements).toEqual(rule.requirements.map((requirement) => `[${requirement}]`));
    });

    it("has cases for every verdict", () => {
      expect(cases.passes).not.toEqual([]);
      expect(cases.fails).not.toEqual([]);
      expect(cases.undecided.length === 0).toBe(cases.decided !== undefined);
    });

    for (const phase of phases) {
      it.each(cases.passes)(`passes (${phase}): %s`, (_title, change) => {
        expect(judged(change, phase)).toEqual({ reports: [], notApplicable: [] });
      });
    }

    for (const [why, change, reports, only] of cases.fails) {
      it.each(only ? [only] : phases)(`fails (%s): ${why}`, (phase) => {
        expect(reports.some((report) => !report.includes(": undecided: "))).toBe(true);
        expect(judged(change, phase)).toEqual({ reports, notApplicable: [] });
      });
    }

    for (const [why, change, reports, only = "preview"] of cases.undecided) {
      it(`is undecided (${only}): ${why}`, () => {
        expect(reports.every((report) => report.includes(": undecided: "))).toBe(true);
        expect(judged(change, only)).toEqual({ reports, notApplicable: [] });
      });
    }

    for (const [why, change, reason] of cases.notApplicable ?? []) {
      it.each(phases)(`does not apply (%s): ${why}`, (phase) => {
        expect(judged(change, phase)).toEqual({ reports: [], notApplicable: [reason] });
      });
    }
  });
}

/** Runs the rule as the SDK runs it, with properties that throw when something unknown is touched. */
export function judge(
  rule: Rule,
  resources: readonly Registration[],
  config: Record<string, unknown> = {},
): Verdict {
  const verdict: Verdict = { reports: [], notApplicable: [] };
  const nameOf = new Map(resources.map(({ urn, name }) => [urn, name]));
  const report = ((violation: string | { message: string; urn?: string }, urn?: string) => {
    const [message, about] =
      typeof violation === "string"
        ? [violation.replace(`${rule.title}\n`, ""), urn]
        : [violation.message, violation.urn];
    if (message.startsWith("note: ")) return;
    verdict.reports.push(`${nameOf.get(about ?? "") ?? "stack"}: ${message}`);
  }) as ReportViolation;
  const notApplicable = (reason = ""): never => {
    throw new NotApplicable(reason);
  };
  const shared = { getConfig: () => config as never, notApplicable, stackTags: new Map() };
  const policy = nativePolicy(rule);
  for (const resource of resources)
    analyse(resource, { ...shared, getConfig: () => ({}) as never });
  const runs: (() => unknown)[] =
    "validateStack" in policy
      ? [
          () =>
            policy.validateStack(
              { ...stackArgs(resources), ...shared } as unknown as StackValidationArgs,
              report,
            ),
        ]
      : resources
          .filter(({ type }) => rule.types.includes(type))
          .map((resource) => () => {
            const { validateResource } = policy;
            if (typeof validateResource !== "function") throw new Error("expected one function");
            return validateResource(
              { ...resourceArgs(resource), ...shared } as unknown as ResourceValidationArgs,
              report,
            );
          });
  // A case whose rule never ran proves nothing.
  if (runs.length === 0) verdict.notApplicable.push("no resource of its types");
  for (const run of runs) {
    try {
      run();
    } catch (error) {
      if (!(error instanceof NotApplicable)) throw error;
      verdict.notApplicable.push(error.message);
    }
  }
  return verdict;
}

/** The engine has every resource analysed before it has the stack judged; a rule of several types sees them all. */
function analyse(resource: Registration, shared: object): void {
  const policy = nativePolicy(ruleById("compute-imdsv2"));
  if (!("validateResource" in policy) || typeof policy.validateResource !== "function") {
    throw new Error("expected a rule of resources");
  }
  try {
    const args = { ...resourceArgs(resource), ...shared } as unknown as ResourceValidationArgs;
    void policy.validateResource(args, () => undefined);
  } catch (error) {
    if (!(error instanceof NotApplicable)) throw error;
  }
}

function resourceArgs({ urn, type, name, inputs, protect = false }: Registration) {
  return { urn, type, name, props: proxied(inputs), opts: { protect } };
}

function stackArgs(registered: readonly Registration[]) {
  const nodes = registered.map((registration) => ({
    ...resourceArgs(registration),
    props: proxied(registration.outputs ?? {}),
  }));
  const byUrn = new Map(nodes.map((node) => [node.urn, node]));
  const all = (urns: readonly string[] = []) => urns.flatMap((urn) => byUrn.get(urn) ?? []);
  return {
    resources: nodes.map((node, i) => ({
      ...node,
      dependencies: all(registered[i]?.dependencies),
      propertyDependencies: Object.fromEntries(
        Object.entries(registered[i]?.propertyDependencies ?? {}).map(([key, urns]) => [
          key,
          all(urns),
        ]),
      ),
    })),
  };
}

function proxied(props: Record<string, unknown>): Record<string, unknown> {
  return unknownCheckingProxy(props);
}
