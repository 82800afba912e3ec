import { consoleReport } from "../../../plan/report/console";
import type { Result } from "../../../plan/report/result";
import type { Cost } from "../../../plan/schema";
import { result } from "./result-fixture";

/** The report without its colours, which a terminal or a CI variable turns on. */
function plainReport(shown: Result): string {
  // oxlint-disable-next-line no-control-regex
  return consoleReport(shown).replaceAll(/\u001B\[\d+m/g, "");
}

describe("consoleReport", () => {
  it("shows resources by component, findings by rule, what is undecided and the counts", () => {
    expect(plainReport(result).split("\n")).toEqual([
      "demo / dev: 3 resources",
      "  aws                          1",
      "  store (demo:index:Store)     2",
      "",
      "Warnings of the program",
      "  zones will be required",
      "",
      "Findings",
      "",
      "  encrypted  high  mandatory",
      "    Title of encrypted",
      "    aws:s3/bucket:Bucket logs",
      '      must be "kms", got <none>',
      "      second line",
      "    fix: Fix of encrypted",
      "    for: S1, CIS-2.1",
      "    see: https://example.com/encrypted",
      "",
      "  tagged  low  advisory",
      "    Title of tagged",
      "    aws:sns/topic:Topic news",
      "      owner is missing",
      "    fix: Fix of tagged",
      "    for: S1, CIS-2.1",
      "    see: https://example.com/tagged",
      "",
      "Undecided until up (1)",
      "  encrypted  aws:sns/topic:Topic news: kmsMasterKeyId of news is unknown until up",
      "",
      "Exposure",
      "  aws:s3/bucket:Bucket logs",
      "    HTTPS 443",
      "    HTTPS 8443",
      "  the stack",
      "    nothing else",
      "",
      "Changed by rules",
      "  tagged  aws:s3/bucket:Bucket logs",
      "",
      "1 violation, 1 advisory finding, 1 undecided, 1 of 4 rules passed, 1 not applicable",
      "",
    ]);
  });

  it("shows what it costs before the counts", () => {
    const cost: Cost = {
      currency: "USD",
      hoursPerMonth: 730,
      monthly: 0,
      parts: [],
      unpriced: [{ part: "buckets", resources: 2, reason: "billed by use" }],
      savings: [],
    };
    expect(
      plainReport({ ...result, cost })
        .split("\n")
        .slice(-6),
    ).toEqual([
      "Monthly estimate in USD, by list prices",
      "  Unpriced:",
      "    buckets (2): billed by use",
      "",
      expect.stringMatching(/^1 violation, /),
      "",
    ]);
  });

  it("is short when there is nothing to say", () => {
    const quiet = {
      ...result,
      resources: [],
      warnings: [],
      judgement: { ...result.judgement, rules: [], verdicts: [], notes: [], remediated: [] },
    };
    expect(plainReport(quiet)).toBe(
      "demo / dev: 0 resources\n\n0 violations, 0 advisory findings, 0 undecided, 0 of 0 rules passed, 0 not applicable\n",
    );
  });
});
