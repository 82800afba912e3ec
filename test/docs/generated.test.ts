import { readFileSync } from "node:fs";
import { join } from "node:path";
import { coverage, statusOf, unknownIds } from "../../docs/coverage";
import { generatedFiles } from "../../docs/generate";

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
    expect(delivered.map(({ id }) => id)).toEqual(["J18", "S13"]);
  });
});
