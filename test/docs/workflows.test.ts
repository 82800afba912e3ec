import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(__dirname, "../../.github/workflows");

describe("workflows", () => {
  const uses = readdirSync(folder).flatMap((file) =>
    [...readFileSync(join(folder, file), "utf8").matchAll(/uses: (.*)/g)].map((match) => match[1]),
  );

  it("run each action at a commit, which nobody can move, and say its version", () => {
    expect(uses.length).toBeGreaterThan(0);
    expect(
      uses.filter((one) => !/^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(one ?? "")),
    ).toEqual([]);
  });
});
