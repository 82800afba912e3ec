import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { stackFileText, writeNew } from "../../init/stack-file";
import { planStack } from "../../plan/host";
import { faultsOf, folderOf } from "../plan/files";

// Whole programs run, beside other tests.
jest.setTimeout(60_000);

const root = join(__dirname, "../..");

/** Runs init in a folder, without a terminal. */
function init(dir: string, ...args: string[]) {
  const entry = ["-r", require.resolve("tsx/cjs"), join(root, "init/init.ts")];
  const { stdout, stderr, status } = spawnSync(process.execPath, [...entry, ...args], {
    cwd: dir,
    encoding: "utf8",
    env: { PATH: process.env["PATH"] },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return { stdout, lines: stderr.trim().split("\n"), status };
}

/** Flags for every key that stack dev of the repository says, so that init has nothing left to ask. */
function flagsOfDev(): string[] {
  const { config } = parse(readFileSync(join(root, "Pulumi.dev.yaml"), "utf8")) as {
    config: Record<string, unknown>;
  };
  return Object.entries(config).flatMap(([name, value]) => {
    const key = name.replace("drawbridge:", "");
    const flag = `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return [flag, typeof value === "string" ? value : JSON.stringify(value)];
  });
}

describe("init", () => {
  it("writes a file that the program takes, and prints commands alone on stdout", async () => {
    const dir = folderOf({
      "Pulumi.yaml": readFileSync(join(root, "Pulumi.yaml"), "utf8"),
      "package.json": "{}",
    });
    symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
    const { stdout, lines, status } = init(dir, "--stack", "test", ...flagsOfDev());
    expect([status, lines]).toEqual([
      0,
      ["wrote Pulumi.test.yaml; see what it builds with: npm run plan -- --stack test"],
    ]);
    expect(stdout).toContain("pulumi stack init test --secrets-provider");
    const request = { projectDir: dir, stack: "test", program: join(root, "infra") };
    const planned = await planStack(request);
    expect(planned.resources.length).toBeGreaterThan(100);
  });

  it("says all faults, and writes nothing", () => {
    const dir = folderOf({});
    const { stdout, lines, status } = init(dir, "--stack", "test", "--region", "moon");
    expect([status, stdout, readdirSync(dir)]).toEqual([2, "", []]);
    expect(lines.length).toBeGreaterThan(2);
    expect(lines[0]).toMatch(/^error: Pulumi\.test\.yaml: region must be an AWS region/);
  });

  it.each([
    ["without a name", [], "error: stack must have a name; give it with --stack"],
    [
      "with an unknown flag",
      ["--regoin", "eu-west-1"],
      "error: unknown option '--regoin'; Did you mean --region?",
    ],
  ])("fails %s, and asks nothing without a terminal", (_name, args, message) => {
    const { lines, status } = init(folderOf({}), ...args);
    expect([status, lines]).toEqual([2, [expect.stringContaining(message)]]);
  });

  it("leaves a file as it is that is there already", () => {
    const dir = folderOf({ "Pulumi.test.yaml": "mine" });
    const { lines, status } = init(dir, "--stack", "test", ...flagsOfDev());
    expect([status, lines]).toEqual([
      2,
      [
        "error: Pulumi.test.yaml: must not exist: init makes new stacks only; edit the file instead",
      ],
    ]);
    expect(readFileSync(join(dir, "Pulumi.test.yaml"), "utf8")).toBe("mine");
  });
});

describe("stackFileText", () => {
  it("quotes what the engine would not read as a text", () => {
    const values = { a: "1_000", b: "yes", c: "0644", d: "1.35", e: 3, f: true };
    expect(stackFileText(values).split("\n").slice(2)).toEqual([
      '  drawbridge:a: "1_000"',
      '  drawbridge:b: "yes"',
      '  drawbridge:c: "0644"',
      '  drawbridge:d: "1.35"',
      "  drawbridge:e: 3",
      "  drawbridge:f: true",
      "",
    ]);
  });
});

describe("writeNew", () => {
  it("leaves nothing beside the file", () => {
    const dir = folderOf({});
    writeNew(join(dir, "new"), "text");
    expect([readdirSync(dir), readFileSync(join(dir, "new"), "utf8")]).toEqual([["new"], "text"]);
  });

  it("replaces nothing, whoever made it", () => {
    const dir = folderOf({});
    writeFileSync(join(dir, "file"), "theirs");
    mkdirSync(join(dir, "folder"));
    for (const name of ["file", "folder"]) {
      expect(faultsOf(() => writeNew(join(dir, name), "x"))[0]).toMatch(/must not exist/);
    }
    expect(readdirSync(dir)).toEqual(["file", "folder"]);
    expect(readFileSync(join(dir, "file"), "utf8")).toBe("theirs");
  });

  it("says why a file cannot be written", () => {
    const file = join(folderOf({}), "none", "file");
    expect(faultsOf(() => writeNew(file, "x"))).toEqual([
      `${file}: cannot be written: no such file or directory`,
    ]);
  });
});
