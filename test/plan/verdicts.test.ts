import { blocks, notesOf, verdictOf, verdictsOf } from "../../plan/verdicts";
import type { Diagnostic, Judged, Rule } from "../../plan/verdicts";

const urn = "urn:pulumi:dev::demo::a:b:C::c";
const stackUrn = "urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev";
const rule: Rule = {
  name: "r",
  description: "Title",
  scope: "resource",
  level: "mandatory",
  severity: "high",
  tags: [],
  fix: "",
  url: "",
};
const diagnostic: Diagnostic = {
  rule: "r",
  urn,
  message: "Title\nfield must be set",
  description: "Title",
  level: "mandatory",
};

describe("verdictOf", () => {
  it.each([
    ["a violation without the rule's title", {}, ["fail", "mandatory", "field must be set"]],
    [
      "a violation without more than the title",
      { message: "Title" },
      ["fail", "mandatory", "Title"],
    ],
    ["an advisory", { level: "advisory" as const }, ["fail", "advisory", "field must be set"]],
    [
      "a rule that could not decide",
      { level: "advisory" as const, message: "undecided: arn of c is unknown until up" },
      ["undecided", "mandatory", "arn of c is unknown until up"],
    ],
    [
      "a rule of which the SDK says so",
      {
        level: "advisory" as const,
        message:
          "can't run policy 'r' from policy pack 'p@v1.0.0' during preview: string value at .a can't be known during preview",
      },
      ["undecided", "mandatory", "string value at .a can't be known during preview"],
    ],
    [
      "a violation that only looks undecided",
      { message: "undecided: x" },
      ["fail", "mandatory", "undecided: x"],
    ],
  ])("reads %s", (_name, change, [verdict, level, message]) => {
    expect(verdictOf({ ...diagnostic, ...change }, rule)).toEqual({
      rule: "r",
      urn,
      verdict,
      severity: "high",
      level,
      message,
    });
  });

  it("takes the severity of the report before the rule's, and medium for neither", () => {
    expect(verdictOf({ ...diagnostic, severity: "low" }, rule).severity).toBe("low");
    expect(verdictOf(diagnostic, undefined).severity).toBe("medium");
  });
});

describe("verdictsOf", () => {
  const judged = (change: Partial<Judged>): Judged => ({
    urn,
    scope: "resource",
    diagnostics: [],
    notApplicable: [],
    ...change,
  });
  const shown = (...all: Judged[]) =>
    verdictsOf([rule], all, [], stackUrn).map(({ verdict, urn: of, message }) => [
      verdict,
      of,
      message,
    ]);

  it("passes a resource that the rule was silent about", () => {
    expect(shown(judged({}))).toEqual([["pass", urn, undefined]]);
  });

  it("says that a rule applied to nothing once", () => {
    const excused = judged({ notApplicable: [{ rule: "r", reason: "no such type" }] });
    const other = judged({ ...excused, urn: `${urn}2` });
    expect(shown(excused, other)).toEqual([["notApplicable", stackUrn, "no such type"]]);
    expect(shown()).toEqual([
      ["notApplicable", stackUrn, "the stack has nothing that the rule applies to"],
    ]);
  });

  it("does not say so when the rule applied to one resource", () => {
    const excused = judged({ urn: `${urn}2`, notApplicable: [{ rule: "r", reason: "x" }] });
    expect(shown(excused, judged({}))).toEqual([["pass", urn, undefined]]);
  });

  it("does not repeat a report", () => {
    const failed = judged({ diagnostics: [diagnostic, diagnostic] });
    expect(shown(failed)).toEqual([["fail", urn, "field must be set"]]);
  });

  it("has no pass beside a report about the remediation of a resource", () => {
    const note = { ...diagnostic, level: "advisory" as const, message: "undecided: x" };
    const remediation = judged({ scope: "remediation", diagnostics: [note] });
    expect(shown(remediation)).toEqual([["undecided", urn, "x"]]);
  });
});

describe("notesOf", () => {
  const told = (message: string, level: Diagnostic["level"] = "advisory"): Judged => ({
    urn,
    scope: "resource",
    diagnostics: [{ ...diagnostic, message, level }],
    notApplicable: [],
  });

  it("takes notes by their section, in order", () => {
    const judged = [told("note: Exposure: port 443\nby c"), told("Title\nnote: Cost: 12 a month")];
    expect(notesOf(judged)).toEqual([
      { section: "Cost", rule: "r", urn, message: "12 a month" },
      { section: "Exposure", rule: "r", urn, message: "port 443\nby c" },
    ]);
  });

  it("leaves the rule that has only notes to pass", () => {
    expect(verdictsOf([rule], [told("note: Exposure: port 443")], [], stackUrn)).toEqual([
      { rule: "r", urn, verdict: "pass", severity: "high", level: "mandatory" },
    ]);
  });

  it.each([
    ["a violation", "note: Exposure: port 443", "mandatory"],
    ["a text without a section", "note: port 443", "advisory"],
  ] as const)("takes %s for a finding", (_what, message, level) => {
    const judged = [told(message, level)];
    expect(notesOf(judged)).toEqual([]);
    expect(verdictsOf([rule], judged, [], stackUrn).map(({ verdict }) => verdict)).toEqual([
      "fail",
    ]);
  });
});

describe("blocks", () => {
  it.each([
    ["fail", "mandatory", true],
    ["fail", "remediate", true],
    ["fail", "advisory", false],
    ["undecided", "mandatory", false],
    ["notApplicable", "mandatory", false],
    ["pass", "mandatory", false],
  ] as const)("%s at level %s: %s", (verdict, level, expected) => {
    expect(blocks({ rule: "r", urn, severity: "high", verdict, level })).toBe(expected);
  });
});
