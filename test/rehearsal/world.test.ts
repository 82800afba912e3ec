import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changeWorld, emptyWorld, readWorld, writeWorld } from "./aws/world";

describe("changeWorld", () => {
  let directory = "";
  let file = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "drawbridge-world-"));
    file = join(directory, "world.json");
    writeWorld(file, emptyWorld("111122223333", ["arn:a"]));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it("keeps what a change made, and gives its result", () => {
    const result = changeWorld(file, (world) => [{ ...world, births: { urn: 1 } }, "done"]);
    expect(result).toBe("done");
    expect(readWorld(file)).toEqual({
      accountId: "111122223333",
      principals: ["arn:a"],
      certificates: [],
      resources: [],
      births: { urn: 1 },
    });
  });

  it("leaves the world as it was when a change is refused, and lets the next one in", () => {
    const before = readWorld(file);
    expect(() =>
      changeWorld(file, () => {
        throw new Error("refused");
      }),
    ).toThrow("refused");
    expect(readWorld(file)).toEqual(before);
    expect(changeWorld(file, (world) => [world, 1])).toBe(1);
    expect(readdirSync(directory)).toEqual(["world.json"]);
  });

  it("loses no change of processes that come at once", async () => {
    const changes = 40;
    const script = `
      const { changeWorld } = require(${JSON.stringify(join(__dirname, "aws/world.ts"))});
      for (let i = 0; i < ${changes}; i++) {
        changeWorld(${JSON.stringify(file)}, (world) => [
          { ...world, births: { urn: (world.births.urn ?? 0) + 1 } },
          undefined,
        ]);
      }`;
    const args = ["-r", require.resolve("tsx/cjs"), "-e", script];
    const codes = await Promise.all(
      [1, 2, 3].map(
        () =>
          new Promise((resolve, reject) => {
            const child = spawn(process.execPath, args, { stdio: "inherit" });
            child.once("error", reject);
            child.once("exit", resolve);
          }),
      ),
    );
    expect(codes).toEqual([0, 0, 0]);
    expect(readWorld(file).births).toEqual({ urn: 3 * changes });
    expect(existsSync(`${file}.lock`)).toBe(false);
  });
});
