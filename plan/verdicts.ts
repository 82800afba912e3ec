import type { EnforcementLevel } from "./pack-config";
import type { Level, Note, Severity, Verdict } from "./schema";
import { byCodePoint } from "./urn";

/** What a pack says about one of its rules, with the level that its configuration gives it. */
export interface Rule {
  name: string;
  /** The rule in one sentence. */
  description: string;
  scope: "resource" | "stack";
  level: EnforcementLevel;
  severity: Severity;
  /** Requirement ids and controls. */
  tags: string[];
  /** How to fix a violation. */
  fix: string;
  /** Where to read more. */
  url: string;
}

/** What a pack reported about a resource or the stack. */
export interface Diagnostic {
  rule: string;
  urn: string;
  message: string;
  description: string;
  level: EnforcementLevel;
  /** Absent when the report names none. */
  severity?: Severity;
}

/** That a rule has nothing to say about a resource or the stack. */
export interface NotApplicable {
  rule: string;
  reason: string;
}

/** One resource, or the stack, as one call to the pack has judged it. */
export interface Judged {
  /** The resource; the stack itself for stack rules. */
  urn: string;
  /** Rules of this scope were asked; none is asked to judge when a remediation reports. */
  scope: Rule["scope"] | "remediation";
  diagnostics: readonly Diagnostic[];
  notApplicable: readonly NotApplicable[];
  /** Rules that were left out, because they cannot run. @default - none */
  unasked?: ReadonlySet<string>;
}

/** A rule that names no severity counts as medium. */
export const defaultSeverity: Severity = "medium";

const undecidedPrefix = "undecided: ";
const notePattern = /^note: ([^:\n]+): (.*)$/s;
const cannotRun =
  /^can't run (?:policy|remediation) '.*?' from policy pack '.*?' during preview: /s;

/**
 * What a rule wants known without finding anything wrong: an advisory that begins with `note: `, then a section's title
 * and a colon.
 */
function noteOf({ rule, urn, level, ...diagnostic }: Diagnostic): Note | undefined {
  const match = notePattern.exec(withoutDescription({ rule, urn, level, ...diagnostic }));
  if (level !== "advisory" || match === null) return undefined;
  return { section: match[1] ?? "", rule, urn, message: match[2] ?? "" };
}

/** The notes of a run, by section, rule, resource and message. */
export function notesOf(judged: readonly Judged[]): Note[] {
  const keys = ["section", "rule", "urn", "message"] as const;
  return judged
    .flatMap(({ diagnostics }) => diagnostics.flatMap((diagnostic) => noteOf(diagnostic) ?? []))
    .toSorted((a, b) => keys.reduce((order, key) => order || byCodePoint(a[key], b[key]), 0));
}

/** How severe the levels of a configuration are in a verdict; a disabled rule has no verdict. */
function verdictLevel(level: EnforcementLevel): Level {
  return level === "disabled" ? "advisory" : level;
}

function withoutDescription({ message, description }: Diagnostic): string {
  const prefix = `${description}\n`;
  return message.startsWith(prefix) ? message.slice(prefix.length) : message;
}

/**
 * The verdict that a report means. A rule says that it could not decide by an advisory that begins
 * with `undecided: `; the SDK says it for any rule that read a value which a preview does not know.
 */
export function verdictOf(diagnostic: Diagnostic, rule: Rule | undefined): Verdict {
  const text = withoutDescription(diagnostic);
  const severity = diagnostic.severity ?? rule?.severity ?? defaultSeverity;
  const base = { rule: diagnostic.rule, urn: diagnostic.urn, severity };
  const undecided =
    diagnostic.level === "advisory" && (text.startsWith(undecidedPrefix) || cannotRun.test(text));
  if (undecided) {
    const message = text.replace(undecidedPrefix, "").replace(cannotRun, "");
    const level = verdictLevel(rule?.level ?? diagnostic.level);
    return { ...base, verdict: "undecided", level, message };
  }
  return { ...base, verdict: "fail", level: verdictLevel(diagnostic.level), message: text };
}

/** The verdict about a rule that threw: a failure that blocks, whatever the rule's level. */
export function brokenRule(rule: Rule, urn: string, reason: string): Verdict {
  return {
    rule: rule.name,
    urn,
    verdict: "fail",
    severity: rule.severity,
    level: "mandatory",
    message: `the rule could not run: ${reason}`,
  };
}

function passOf(rule: Rule, urn: string): Verdict {
  return {
    rule: rule.name,
    urn,
    verdict: "pass",
    severity: rule.severity,
    level: verdictLevel(rule.level),
  };
}

/** Orders verdicts by rule, resource and message, so that every run lists them alike. */
function sortVerdicts(verdicts: readonly Verdict[]): Verdict[] {
  return verdicts.toSorted(
    (a, b) =>
      byCodePoint(a.rule, b.rule) ||
      byCodePoint(a.urn, b.urn) ||
      byCodePoint(a.message ?? "", b.message ?? "") ||
      byCodePoint(a.verdict, b.verdict),
  );
}

function withoutRepeats(verdicts: readonly Verdict[]): Verdict[] {
  const seen = new Set<string>();
  return verdicts.filter((verdict) => {
    const key = JSON.stringify(verdict);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

type Excuses = ReadonlyMap<string, string>;

const excusesByAnswer = new WeakMap<readonly NotApplicable[], Excuses>();

/** The reasons of the rules that do not apply, by rule. Resources of a type share one answer. */
function excusesOf(notApplicable: readonly NotApplicable[]): Excuses {
  const known = excusesByAnswer.get(notApplicable);
  if (known) return known;
  const excuses = new Map(notApplicable.map(({ rule, reason }) => [rule, reason]));
  excusesByAnswer.set(notApplicable, excuses);
  return excuses;
}

/**
 * All verdicts of a run: what was reported; a pass where an enabled rule was asked and reported
 * nothing; one "not applicable" for each rule that applied to nothing.
 */
export function verdictsOf(
  rules: readonly Rule[],
  told: readonly Judged[],
  broken: readonly Verdict[],
  stackUrn: string,
): Verdict[] {
  const byName = new Map(rules.map((rule) => [rule.name, rule]));
  // A note is no finding: its rule passes.
  const judged = told.map((one) => {
    return { ...one, diagnostics: one.diagnostics.filter((report) => !noteOf(report)) };
  });
  const reported = judged.flatMap(({ diagnostics }) =>
    diagnostics.map((diagnostic) => verdictOf(diagnostic, byName.get(diagnostic.rule))),
  );
  const enabled = rules.filter(({ level }) => level !== "disabled");
  const brokenAt = new Set(broken.map(({ rule, urn }) => `${rule}\n${urn}`));
  const quiet: Verdict[] = [];
  const applied = new Set([...reported, ...broken].map(({ rule }) => rule));
  const reasons = new Map<string, Set<string>>();
  for (const { urn, scope, diagnostics, notApplicable, unasked } of judged) {
    const spoke = new Set(diagnostics.map(({ rule }) => rule));
    const excused = excusesOf(notApplicable);
    for (const rule of enabled) {
      if (rule.scope !== scope) continue;
      if (unasked?.has(rule.name) || spoke.has(rule.name)) continue;
      if (brokenAt.size > 0 && brokenAt.has(`${rule.name}\n${urn}`)) continue;
      const reason = excused.get(rule.name);
      if (reason === undefined) {
        applied.add(rule.name);
        quiet.push(passOf(rule, urn));
      } else {
        reasons.set(rule.name, (reasons.get(rule.name) ?? new Set()).add(reason));
      }
    }
  }
  const idle = enabled
    .filter(({ name }) => !applied.has(name))
    .map((rule): Verdict => {
      const given = [...(reasons.get(rule.name) ?? [])].toSorted(byCodePoint);
      const message = given.join("; ") || "the stack has nothing that the rule applies to";
      return { ...passOf(rule, stackUrn), verdict: "notApplicable", message };
    });
  return sortVerdicts(withoutRepeats([...reported, ...broken, ...quiet, ...idle]));
}

/** True for a verdict that must stop the stack from being built. */
export function blocks({ verdict, level }: Verdict): boolean {
  return verdict === "fail" && level !== "advisory";
}
