import { readFileSync } from "node:fs";
import { join } from "node:path";
import { coverage, statusOf, unknownIds } from "../../docs/coverage";
import { generatedFiles } from "../../docs/generate";
import { testTitles } from "../../docs/test-titles";

describe("generated files", () => {
  it.each(Object.entries(generatedFiles()))("%s is what `npm run docs` writes", (file, text) => {
    expect(readFileSync(join(__dirname, "../..", file), "utf8")).toBe(text);
  });
});

describe("coverage", () => {
  it("names only statements that the documents have", () => {
    expect(unknownIds()).toEqual([]);
  });

  it("calls a statement delivered only with a component, a rule and a test", () => {
    const delivered = coverage().filter((one) => statusOf(one) === "delivered");
    expect(
      delivered.filter(
        ({ components, rules, tests }) => !components.length || !rules.length || !tests.length,
      ),
    ).toEqual([]);
  });

  it("delivers these statements whole", () => {
    const delivered = coverage().filter((one) => statusOf(one) === "delivered");
    expect(delivered.map(({ id }) => id)).toEqual([
      "M1",
      "M3",
      "M5",
      "M6",
      "M7",
      "J5",
      "J6",
      "J16",
      "J17",
      "J18",
      "S13",
    ]);
  });
});

describe("testTitles", () => {
  it.each([
    ["it", 'it("a", () => {});', ['"a"']],
    [
      "describe and what is in it",
      "describe('a', () => { test(`b ${c}`, d); });",
      ["'a'", "`b ${c}`"],
    ],
    ["rows of cases", 'it.each([["x"]])("a %s", f); casesFor("b", { c });', ['"a %s"', '"b"']],
    ["no comment and no other text", '// see a\nconst a = "b"; expect(f("c"));', []],
    [
      "nothing that is skipped",
      'it.skip("a", f); it.todo("b"); xit("c", f); it.skip.each(r)("d", f);',
      [],
    ],
    ["nothing inside of what is skipped", 'describe.skip("a", () => { it("b", f); });', []],
  ])("gives %s", (_name, text, expected) => {
    expect(testTitles(text)).toEqual(expected);
  });
});
