import picocolors from "picocolors";
import type { Note, PlannedResource, Severity, Verdict } from "../schema";
import { byCodePoint, packageOf, urnName, urnType } from "../urn";
import { blocks } from "../verdicts";
import type { Rule } from "../verdicts";
import { costLines } from "./cost";
import type { Result } from "./result";

/** `FORCE_COLOR=0` means none, as for Node itself; picocolors takes any text for yes. */
const isOff = ["0", "false"].includes(process.env["FORCE_COLOR"] ?? "");
const colors = isOff ? picocolors.createColors(false) : picocolors;

const severities: readonly Severity[] = ["critical", "high", "medium", "low"];
const paint: Record<Severity, (text: string) => string> = {
  critical: (text) => colors.bold(colors.red(text)),
  high: colors.red,
  medium: colors.yellow,
  low: colors.cyan,
};

function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`;
}

/** What people call a resource: its type and name, or the stack. */
function label(urn: string): string {
  return urnType(urn) === "pulumi:pulumi:Stack" ? "the stack" : `${urnType(urn)} ${urnName(urn)}`;
}

function indented(text: string, spaces: number): string {
  return text
    .split("\n")
    .map((line) => `${" ".repeat(spaces)}${line}`)
    .join("\n");
}

/** The component right below the stack that a resource belongs to, or the resource's package. */
function groupOf(resource: PlannedResource, byUrn: ReadonlyMap<string, PlannedResource>): string {
  let top = resource;
  for (;;) {
    const above = top.parent === undefined ? undefined : byUrn.get(top.parent);
    if (above === undefined || above.parent === undefined) break;
    top = above;
  }
  if (!top.custom && top.parent !== undefined) return `${top.name} (${top.type})`;
  return packageOf(top.type);
}

function resourceSummary({ project, stack, resources }: Result): string[] {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const counts = new Map<string, number>();
  for (const resource of resources) {
    if (resource.type === "pulumi:pulumi:Stack") continue;
    const group = groupOf(resource, byUrn);
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  const width = Math.max(0, ...[...counts.keys()].map((group) => group.length));
  const total = [...counts.values()].reduce((sum, amount) => sum + amount, 0);
  return [
    colors.bold(`${project} / ${stack}: ${count(total, "resource")}`),
    ...[...counts]
      .toSorted(([a], [b]) => byCodePoint(a, b))
      .map(([group, amount]) => `  ${group.padEnd(width)}  ${String(amount).padStart(4)}`),
  ];
}

function ruleHeading(rule: Rule | undefined, { rule: name, severity, level }: Verdict): string[] {
  const about = rule?.description ?? "";
  return [
    `  ${colors.bold(name)}  ${paint[severity](severity)}  ${level}`,
    ...(about === "" ? [] : [indented(about, 4)]),
  ];
}

function ruleAdvice(rule: Rule | undefined): string[] {
  if (rule === undefined) return [];
  return [
    ...(rule.fix === "" ? [] : [`    fix: ${rule.fix}`]),
    ...(rule.tags.length === 0 ? [] : [colors.dim(`    for: ${rule.tags.join(", ")}`)]),
    ...(rule.url === "" ? [] : [colors.dim(`    see: ${rule.url}`)]),
  ];
}

function findings(verdicts: readonly Verdict[], rules: ReadonlyMap<string, Rule>): string[] {
  const groups = new Map<string, Verdict[]>();
  for (const verdict of verdicts) {
    groups.set(verdict.rule, [...(groups.get(verdict.rule) ?? []), verdict]);
  }
  // What blocks comes first, and of that the most severe.
  const rank = ([first]: readonly Verdict[]) =>
    first === undefined ? 0 : (blocks(first) ? 0 : 10) + severities.indexOf(first.severity);
  return [...groups.values()]
    .toSorted((a, b) => rank(a) - rank(b) || byCodePoint(a[0]?.rule ?? "", b[0]?.rule ?? ""))
    .flatMap((own) => {
      const first = own[0];
      if (first === undefined) return [];
      const rule = rules.get(first.rule);
      return [
        "",
        ...ruleHeading(rule, first),
        ...own.flatMap(({ urn, message = "" }) => [`    ${label(urn)}`, indented(message, 6)]),
        ...ruleAdvice(rule),
      ];
    });
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", colors.bold(title), ...lines];
}

/** What rules tell, each section under its own title. */
function noteSections(notes: readonly Note[]): string[] {
  const sections = new Map<string, string[]>();
  notes.forEach(({ section: title, urn, message }, i) => {
    const heading = notes[i - 1]?.urn === urn ? [] : [`  ${label(urn)}`];
    const lines = [...heading, indented(message, 4)];
    sections.set(title, [...(sections.get(title) ?? []), ...lines]);
  });
  return [...sections].flatMap(([title, lines]) => section(title, lines));
}

function summary({ judgement }: Result): string {
  const { verdicts, rules } = judgement;
  const failed = verdicts.filter(({ verdict }) => verdict === "fail");
  const blocking = failed.filter(blocks).length;
  const advisory = failed.length - blocking;
  const undecided = verdicts.filter(({ verdict }) => verdict === "undecided").length;
  const idle = verdicts.filter(({ verdict }) => verdict === "notApplicable").length;
  const silent = new Set(
    verdicts.filter(({ verdict }) => verdict !== "pass").map(({ rule }) => rule),
  );
  const passed = rules.filter(({ name }) => !silent.has(name)).length;
  const parts = [
    count(blocking, "violation"),
    count(advisory, "advisory finding"),
    `${undecided} undecided`,
    `${passed} of ${count(rules.length, "rule")} passed`,
    `${idle} not applicable`,
  ].join(", ");
  return blocking > 0 ? colors.red(parts) : colors.green(parts);
}

/** What people read: the resources in short, every finding, what is undecided, what it costs, the counts. */
export function consoleReport(result: Result): string {
  const { judgement, warnings } = result;
  const rules = new Map(judgement.rules.map((rule) => [rule.name, rule]));
  const of = (kind: Verdict["verdict"]) =>
    judgement.verdicts.filter(({ verdict }) => verdict === kind);
  const undecided = of("undecided").map(
    ({ rule, urn, message = "" }) => `  ${rule}  ${label(urn)}: ${message.replaceAll("\n", " ")}`,
  );
  const remediated = judgement.remediated.map(({ rule, urn }) => `  ${rule}  ${label(urn)}`);
  const lines = [
    ...resourceSummary(result),
    ...section(
      "Warnings of the program",
      warnings.map((warning) => indented(warning, 2)),
    ),
    ...section("Findings", findings(of("fail"), rules)),
    ...section(`Undecided until up (${undecided.length})`, undecided),
    ...noteSections(judgement.notes),
    ...section(result.existing ? "Rules would change" : "Changed by rules", remediated),
    ...(result.cost ? section(...costLines(result.cost, result.stack)) : []),
    "",
    summary(result),
  ];
  return `${lines.join("\n")}\n`;
}
