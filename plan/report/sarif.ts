import { createHash } from "node:crypto";
import { isAbsolute, relative } from "node:path";
import { pathToFileURL } from "node:url";
import type { Location, Log, ReportingDescriptor, Result as SarifResult } from "sarif";
import type { Severity, Verdict } from "../schema";
import { byCodePoint, urnName, urnType } from "../urn";
import { blocks } from "../verdicts";
import type { Rule } from "../verdicts";
import type { Place, Result } from "./result";

/** Scores that GitHub's code scanning sorts into its bands critical, high, medium and low. */
const securitySeverity: Record<Severity, string> = {
  critical: "9.5",
  high: "8.0",
  medium: "5.5",
  low: "2.0",
};

function helpMarkdown({ description, fix, tags, url }: Rule): string {
  return [
    description,
    fix === "" ? "" : `**Fix:** ${fix}`,
    tags.length === 0 ? "" : `**Requirements and controls:** ${tags.join(", ")}`,
    url === "" ? "" : `[More](${url})`,
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function helpText({ description, fix, tags }: Rule): string {
  return [
    description,
    fix === "" ? "" : `Fix: ${fix}`,
    tags.length === 0 ? "" : `Requirements and controls: ${tags.join(", ")}`,
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function descriptor(rule: Rule): ReportingDescriptor {
  return {
    id: rule.name,
    shortDescription: { text: rule.description },
    help: { text: helpText(rule), markdown: helpMarkdown(rule) },
    ...(rule.url !== "" && { helpUri: rule.url }),
    defaultConfiguration: { level: rule.level === "advisory" ? "warning" : "error" },
    properties: {
      tags: ["security", ...rule.tags],
      precision: "very-high",
      "security-severity": securitySeverity[rule.severity],
    },
  };
}

/** A pack may report under a name that it does not list. */
function unlisted({ rule, severity, level }: Verdict): Rule {
  return {
    name: rule,
    description: rule,
    scope: "resource",
    level,
    severity,
    tags: [],
    fix: "",
    url: "",
  };
}

function artifact(file: string): { uri: string; uriBaseId?: string } {
  const path = relative(process.cwd(), file);
  if (path.startsWith("..") || isAbsolute(path)) return { uri: pathToFileURL(file).href };
  return { uri: path.split(/[/\\]/).map(encodeURIComponent).join("/"), uriBaseId: "%SRCROOT%" };
}

function location(urn: string, { file, line }: Place): Location {
  return {
    physicalLocation: { artifactLocation: artifact(file), region: { startLine: line } },
    logicalLocations: [{ name: urnName(urn), fullyQualifiedName: urn, kind: "resource" }],
  };
}

function fingerprint({ rule, urn, message }: Verdict): string {
  return createHash("sha256").update([rule, urn, message].join("\n")).digest("hex");
}

function sarifResult(verdict: Verdict, ruleIndex: number, place: Place): SarifResult {
  const { rule, urn, message = "" } = verdict;
  const failed = verdict.verdict === "fail";
  const about = `${urnType(urn)} ${urnName(urn)}`;
  const text = failed ? `${about}: ${message}` : `${about}: undecided until up: ${message}`;
  return {
    ruleId: rule,
    ruleIndex,
    kind: failed ? "fail" : "review",
    // A result that is no failure has no level, says the format.
    level: failed ? (blocks(verdict) ? "error" : "warning") : "none",
    message: { text },
    locations: [location(urn, place)],
    // All findings of a stack share a line, so the line cannot tell them apart.
    partialFingerprints: { primaryLocationLineHash: `${fingerprint(verdict)}:1` },
    properties: { severity: verdict.severity, enforcement: verdict.level },
  };
}

/** The findings as SARIF 2.1.0, for GitHub's code scanning and other viewers. */
export function sarifReport(result: Result): string {
  const { judgement, project, stack, places, place } = result;
  const shown = judgement.verdicts.filter(
    ({ verdict }) => verdict === "fail" || verdict === "undecided",
  );
  const listed = new Map(judgement.rules.map((rule) => [rule.name, rule]));
  for (const verdict of shown) {
    if (!listed.has(verdict.rule)) listed.set(verdict.rule, unlisted(verdict));
  }
  const rules = [...listed.values()].toSorted((a, b) => byCodePoint(a.name, b.name));
  const indexOf = new Map(rules.map(({ name }, index) => [name, index]));
  const log: Log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: judgement.pack.name,
            version: judgement.pack.version,
            rules: rules.map(descriptor),
          },
        },
        automationDetails: { id: `${project}/${stack}/` },
        columnKind: "utf16CodeUnits",
        results: shown.map((verdict) =>
          sarifResult(verdict, indexOf.get(verdict.rule) ?? -1, places.get(verdict.urn) ?? place),
        ),
      },
    ],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}
