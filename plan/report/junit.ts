import type { Verdict } from "../schema";
import { urnName, urnType } from "../urn";
import { blocks } from "../verdicts";
import type { Result } from "./result";

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};

/** Text for an attribute or element: characters that XML 1.0 cannot hold become U+FFFD. */
export function xmlText(text: string): string {
  return (
    text
      .replaceAll(/\p{Surrogate}/gu, "\uFFFD")
      // oxlint-disable-next-line no-control-regex -- these are the characters to replace
      .replaceAll(/[\0-\x08\x0B\x0C\x0E-\x1F\x7F-\x84\x86-\x9F\uFFFE\uFFFF]/g, "\uFFFD")
      .replaceAll(/[&<>"'\t\n\r]/g, (character) => entities[character] ?? character)
  );
}

function element(
  name: string,
  attributes: Record<string, string | number>,
  children: readonly string[] = [],
): string {
  const start = Object.entries(attributes).reduce(
    (tag, [key, value]) => `${tag} ${key}="${xmlText(String(value))}"`,
    `<${name}`,
  );
  if (children.length === 0) return `${start}/>`;
  const inner = children.map((child) => child.replaceAll(/^/gm, "  ")).join("\n");
  return `${start}>\n${inner}\n</${name}>`;
}

type Outcome = "failure" | "skipped" | "noted" | "passed";

function outcomeOf(verdicts: readonly Verdict[]): Outcome {
  if (verdicts.some(blocks)) return "failure";
  if (verdicts.some(({ verdict }) => verdict === "undecided" || verdict === "notApplicable")) {
    return "skipped";
  }
  return verdicts.some(({ verdict }) => verdict === "fail") ? "noted" : "passed";
}

/** One resource under one rule: a test case, whatever the number of its findings. */
function testCase(rule: string, urn: string, verdicts: readonly Verdict[]) {
  const outcome = outcomeOf(verdicts);
  const message = verdicts.flatMap((verdict) => verdict.message ?? []).join("\n");
  const about = { name: `${urnType(urn)} ${urnName(urn)}`, classname: rule };
  const severity = verdicts[0]?.severity ?? "";
  const children: Record<Outcome, string[]> = {
    failure: [
      `<failure type="${severity}" message="${xmlText(message)}">${xmlText(urn)}</failure>`,
    ],
    skipped: [element("skipped", { message })],
    noted: [`<system-out>${xmlText(`advisory: ${message}`)}</system-out>`],
    passed: [],
  };
  return { outcome, xml: element("testcase", about, children[outcome]) };
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}

interface Counts {
  tests: number;
  failures: number;
  skipped: number;
}

function testSuite(rule: string, verdicts: readonly Verdict[]): { counts: Counts; xml: string } {
  const cases = [...grouped(verdicts, ({ urn }) => urn)].map(([urn, own]) => {
    return testCase(rule, urn, own);
  });
  const counts = {
    tests: cases.length,
    failures: cases.filter(({ outcome }) => outcome === "failure").length,
    skipped: cases.filter(({ outcome }) => outcome === "skipped").length,
  };
  const children = cases.map(({ xml }) => xml);
  return { counts, xml: element("testsuite", { name: rule, ...counts, errors: 0 }, children) };
}

/** The verdicts as JUnit XML: one suite per rule, one case per resource. */
export function junitReport({ project, stack, judgement }: Result): string {
  const suites = [...grouped(judgement.verdicts, ({ rule }) => rule)].map(([rule, verdicts]) =>
    testSuite(rule, verdicts),
  );
  const sum = (count: keyof Counts) =>
    suites.reduce((total, suite) => total + suite.counts[count], 0);
  const totals = { tests: sum("tests"), failures: sum("failures"), skipped: sum("skipped") };
  const name = `${project}/${stack}`;
  const body = element(
    "testsuites",
    { name, ...totals, errors: 0 },
    suites.map(({ xml }) => xml),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${body}\n`;
}
