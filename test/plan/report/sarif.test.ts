import type { Log, Result as SarifResult } from "sarif";
import { sarifReport } from "../../../plan/report/sarif";
import { bucketUrn, result, topicUrn } from "./result-fixture";

describe("sarifReport", () => {
  const log = JSON.parse(sarifReport(result)) as Log;
  const run = log.runs[0];
  const results = run?.results ?? [];
  const rules = run?.tool.driver.rules ?? [];

  it("is a SARIF 2.1.0 log of one run", () => {
    expect({ version: log.version, schema: log.$schema, runs: log.runs.length }).toEqual({
      version: "2.1.0",
      schema: "https://json.schemastore.org/sarif-2.1.0.json",
      runs: 1,
    });
    expect(run?.automationDetails).toEqual({ id: "demo/dev/" });
  });

  it("describes every rule with its help, tags and security severity", () => {
    expect(run?.tool.driver).toMatchObject({ name: "demo-pack", version: "1.2.3" });
    expect(rules.map(({ id }) => id)).toEqual(["absent", "encrypted", "private", "tagged"]);
    expect(rules[1]).toEqual({
      id: "encrypted",
      shortDescription: { text: "Title of encrypted" },
      help: {
        text: "Title of encrypted\nFix: Fix of encrypted\nRequirements and controls: S1, CIS-2.1",
        markdown:
          "Title of encrypted\n\n**Fix:** Fix of encrypted\n\n**Requirements and controls:** S1, CIS-2.1\n\n[More](https://example.com/encrypted)",
      },
      helpUri: "https://example.com/encrypted",
      defaultConfiguration: { level: "error" },
      properties: {
        tags: ["security", "S1", "CIS-2.1"],
        precision: "very-high",
        "security-severity": "8.0",
      },
    });
    expect(rules.map(({ properties }) => properties?.["security-severity"])).toEqual([
      "8.0",
      "8.0",
      "9.5",
      "2.0",
    ]);
  });

  it("lists failures and what is undecided, and nothing that passed", () => {
    const shown = results.map(({ ruleId, kind, level, message }) => [
      ruleId,
      kind,
      level,
      message.text,
    ]);
    expect(shown).toEqual([
      [
        "encrypted",
        "fail",
        "error",
        'aws:s3/bucket:Bucket logs: must be "kms", got <none>\nsecond line',
      ],
      [
        "encrypted",
        "review",
        "none",
        `aws:sns/topic:Topic news: undecided until up: kmsMasterKeyId of news is unknown until up`,
      ],
      ["tagged", "fail", "warning", `aws:sns/topic:Topic news: owner is missing`],
    ]);
  });

  it("gives each result a place in a file and the resource as its logical place", () => {
    expect(results.map(({ locations }) => locations)).toEqual([
      [
        {
          physicalLocation: {
            artifactLocation: { uri: "Pulumi.dev.yaml", uriBaseId: "%SRCROOT%" },
            region: { startLine: 1 },
          },
          logicalLocations: [{ name: "logs", fullyQualifiedName: bucketUrn, kind: "resource" }],
        },
      ],
      ...[1, 2].map(() => [
        {
          physicalLocation: {
            artifactLocation: { uri: "manifests/news%20topic.yaml", uriBaseId: "%SRCROOT%" },
            region: { startLine: 7 },
          },
          logicalLocations: [{ name: "news", fullyQualifiedName: topicUrn, kind: "resource" }],
        },
      ]),
    ]);
  });

  it("points each result at its rule", () => {
    expect(results.map(({ ruleIndex = -1 }) => rules[ruleIndex]?.id)).toEqual(
      results.map(({ ruleId }) => ruleId),
    );
  });

  it("tells findings of one line apart by their fingerprints, the same in every run", () => {
    const prints = (all: readonly SarifResult[]) =>
      all.map(({ partialFingerprints }) => partialFingerprints?.["primaryLocationLineHash"]);
    expect(new Set(prints(results)).size).toBe(3);
    for (const print of prints(results)) expect(print).toMatch(/^[0-9a-f]{64}:1$/);
    const again = JSON.parse(sarifReport(result)) as Log;
    expect(prints(again.runs[0]?.results ?? [])).toEqual(prints(results));
  });

  it("shows a file outside of the working folder by its whole address", () => {
    const elsewhere = { ...result, places: new Map(), place: { file: "/tmp/plan.json", line: 1 } };
    const { runs } = JSON.parse(sarifReport(elsewhere)) as Log;
    const location = runs[0]?.results?.[0]?.locations?.[0]?.physicalLocation?.artifactLocation;
    expect(location).toEqual({ uri: "file:///tmp/plan.json" });
  });

  it("describes a rule that the pack does not list", () => {
    const judgement = { ...result.judgement, rules: [] };
    const { runs } = JSON.parse(sarifReport({ ...result, judgement })) as Log;
    expect(runs[0]?.tool.driver.rules?.map(({ id }) => id)).toEqual(["encrypted", "tagged"]);
  });
});
