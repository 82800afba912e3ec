import type { Rule } from "./rule";
import { rules } from "./rules";

const columns: [heading: string, cell: (rule: Rule) => string][] = [
  ["Rule", ({ id, url }) => `[${id}](${url})`],
  ["What holds", ({ title }) => title],
  ["Judges", (rule) => ("check" in rule ? "resource" : "stack")],
  ["Level", ({ level }) => level],
  ["Severity", ({ severity }) => severity],
  ["Requirements", ({ requirements }) => requirements.join(", ")],
  ["Controls", ({ controls }) => controls.join(", ")],
];

/** The text of this folder's README: what the pack is, and a table of its rules. */
export function rulesTable(): string {
  const rows = rules.map((rule) => columns.map(([, cell]) => cell(rule)));
  return `# The policy pack

A CrossGuard pack that judges any Pulumi program for AWS and for Kubernetes, this repository's or another's:

    pulumi preview --policy-pack policies

\`npm run plan\` runs it without the Pulumi CLI and without credentials, and \`npm run judge\` on manifests of Kubernetes, too.

## Verdicts

- **pass**: the rule holds.
- **fail**: it does not. A failed rule at level \`mandatory\` stops the update, one at \`advisory\` is reported. A rule at level
  \`remediate\` first sets what the program left out, which the plan lists; what the program says itself is never changed, and
  stops the update when it fails.
- **undecided**: a value is known only after \`up\`. The message starts with \`undecided:\` and says which field of which
  resource. What is known already still fails: one unknown field hides no other.
- **not applicable**: nothing in the stack is of the rule's types.

A rule that throws fails at level \`mandatory\`. It never passes.

A resource rule judges one resource by its inputs, before it is created or changed. A stack rule judges how resources go
together, by their property dependencies in a first preview and by their ids once these are known.

Objects of Kubernetes are judged in every API version, as patches, and as members of lists. What a Helm Release makes is
rendered in the cluster: no rule sees it.

## Rules

Requirements are the ids of \`docs/coverage.md\`. Controls are \`cis-eks-1.8.0\` (CIS Amazon EKS Benchmark), \`ckv\` (Checkov)
and \`avd\` (Trivy).

${markdownTable(
  columns.map(([heading]) => heading),
  rows,
)}

## Configuration

Levels and these keys can be set with \`--policy-pack-config FILE\`, for example
\`{ "eks-no-cluster-admin-entry": { "maxClusterAdmins": 2 }, "net-nat-per-az": "disabled" }\`.

${configurationTable()}

## A new rule

Write it with \`resourceRule\` or \`stackRule\` in the file of its group, add it to \`rules.ts\`, and give it a table of cases in
\`test/policies\`: one valid base, one change for each case, and a case for every verdict. \`npm run docs\` brings the tables
above up to date.
`;
}

/** What configuration can change besides the level. */
function configurationTable(): string {
  const rows = rules.flatMap(({ id, config = {} }) =>
    Object.entries(config as Record<string, { default: unknown; description?: string }>).map(
      ([key, { default: fallback, description = "" }]) => [
        id,
        `\`${key}\``,
        `\`${JSON.stringify(fallback)}\``,
        description,
      ],
    ),
  );
  return markdownTable(["Rule", "Key", "Default", "Meaning"], rows);
}

/** Laid out as prettier lays a table out, so that formatting leaves a generated one alone. */
function markdownTable(heading: string[], body: string[][]): string {
  const rows = [heading, ...body];
  const widths = heading.map((_cell, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  return [line(heading), rule, ...body.map(line)].join("\n");
}
