import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";

const root = join(__dirname, "../../..");
const start = join(root, "plan/start/start.cjs");
const caches = join(root, ".cache/compiled");

/** A folder of the project itself: only there is anything kept. */
let folder = "";

beforeEach(() => {
  mkdirSync(caches, { recursive: true });
  folder = mkdtempSync(join(root, ".cache/start-"));
});

afterEach(() => {
  for (const name of ownCaches()) rmSync(join(caches, name));
  rmSync(folder, { recursive: true });
});

function ownCaches(): string[] {
  const name = `entry-${folder.slice(-6)}.ts`;
  return readdirSync(caches).filter((file) => file.startsWith(name));
}

const quiet = ["--stack-trace-limit=0"];

/** Runs a program as plan runs its processes, and returns what it printed. */
function run(code: string, flags: readonly string[] = quiet, cwd = folder) {
  const entry = join(folder, `entry-${folder.slice(-6)}.ts`);
  writeFileSync(entry, code);
  const { stdout, stderr, status } = spawnSync(process.execPath, [...flags, "-r", start, entry], {
    cwd,
    encoding: "utf8",
    env: { PATH: process.env["PATH"] },
  });
  return { out: stdout.trim(), err: stderr, status };
}

const printsAnswer = `import { answer } from "./answer";\nconst typed: number = answer;\nconsole.log(typed);\n`;

function answer(value: string): void {
  writeFileSync(join(folder, "answer.ts"), `export const answer: number = ${value};\n`);
}

describe("what was compiled", () => {
  it("is kept, and a second process works from it", () => {
    answer("41");
    expect(run(printsAnswer).out).toBe("41");
    const [cache = ""] = ownCaches();
    const file = join(caches, cache);
    const kept = deserialize(readFileSync(file)) as { files: Map<string, { code: string }> };
    const entry = kept.files.get(join(folder, "answer.ts"));
    // A cache that does not tell the truth shows that it is used.
    if (entry) entry.code = entry.code.replace("41", "41 + 1");
    writeFileSync(file, serialize(kept));
    expect(run(printsAnswer).out).toBe("42");
  });

  it("is compiled again when its file has changed", () => {
    answer("41");
    run(printsAnswer);
    answer("1000 + 1");
    expect(run(printsAnswer).out).toBe("1001");
    expect(run(printsAnswer).out).toBe("1001");
  });

  it("is made anew when the cache cannot be read", () => {
    answer("41");
    run(printsAnswer);
    const [cache = ""] = ownCaches();
    writeFileSync(join(caches, cache), "not a cache");
    const { out, err } = run(printsAnswer);
    expect([out, err]).toEqual(["41", ""]);
    expect(readFileSync(join(caches, cache)).length).toBeGreaterThan(100);
  });

  it("holds nothing of a file that does not compile", () => {
    const { status, err } = run("const = 1;");
    expect(status).toBe(1);
    expect(err).toContain("entry-");
    expect(run(`console.log("mended")`).out).toBe("mended");
  });

  it("is not used where stack traces are shown, which point into the TypeScript", () => {
    const { err } = run(
      `interface A {\n  a: string;\n}\nthrow new Error("lost") as unknown as A;`,
      [],
    );
    expect(err).toMatch(/entry-\w+\.ts:4:/);
    expect(ownCaches()).toEqual([]);
  });

  it("is not kept for programs of other projects, which have their own settings", () => {
    answer("41");
    expect(run(printsAnswer, ["--stack-trace-limit=0"], "/").out).toBe("41");
    expect(ownCaches()).toEqual([]);
  });
});

describe("packages", () => {
  it("are the same ones when they are loaded on use", () => {
    const names = `console.log(JSON.stringify([
      Object.keys(require("@pulumi/aws")).length,
      Object.keys(require("@pulumi/aws").ec2).length,
      "Vpc" in require("@pulumi/aws").ec2,
      require("@pulumi/aws").ec2.Vpc === require("@pulumi/aws/ec2").Vpc,
      new (require("@pulumi/pulumi").Config)("x").name,
    ]))`;
    const file = join(folder, "plain.cjs");
    writeFileSync(file, names);
    const plain = spawnSync(process.execPath, [file], { encoding: "utf8" }).stdout.trim();
    expect(run(names).out).toBe(plain);
  });

  it("may be ES modules", () => {
    const program = `import { overlapCidr } from "cidr-tools";\nconsole.log(overlapCidr("10.0.0.0/8", "10.1.0.0/16"));\n`;
    expect([run(program).out, run(program).out]).toEqual(["true", "true"]);
  });

  it("that are missing are named", () => {
    const { status, err } = run(`require("not-installed")`);
    expect(status).toBe(1);
    expect(err).toContain("Cannot find module 'not-installed'");
  });
});

describe("the SDK in a program's process", () => {
  const inProgram = ["-r", join(root, "plan/start/in-program.cjs")];
  const prints = `console.log(require("@pulumi/pulumi").Resource.callsites().length)`;

  it("does not look for the place of a resource in the program, unless places are shown", () => {
    expect(run(prints, [...quiet, ...inProgram]).out).toBe("0");
    expect(Number(run(prints, inProgram).out)).toBeGreaterThan(0);
  });

  it("is left alone in a release that is not known", () => {
    const sdk = join(folder, "node_modules/@pulumi/pulumi");
    mkdirSync(sdk, { recursive: true });
    const files = {
      "index.js": `exports.Resource = require("./resource").Resource;`,
      "resource.js": `exports.Resource = class { static callsites() { return ["here"]; } };`,
    };
    for (const [name, code] of Object.entries(files)) writeFileSync(join(sdk, name), code);
    const lengths = ["3.248.0", "3.249.0"].map((version) => {
      writeFileSync(join(sdk, "version.js"), `exports.version = ${JSON.stringify(version)};`);
      return run(prints, [...quiet, ...inProgram]).out;
    });
    expect(lengths).toEqual(["0", "1"]);
  });

  it("counts the promises that are left when a program ends", () => {
    const leaks = `
      const { debuggablePromise } = require("@pulumi/pulumi/runtime/debuggable");
      require("@pulumi/pulumi");
      for (let i = 0; i < 3; i += 1) debuggablePromise(new Promise(() => undefined), "left");
      debuggablePromise(Promise.resolve(1), "kept");
      debuggablePromise(Promise.reject(new Error("broken")), "broken").catch(() => undefined);`;
    const { err, status } = run(leaks, [...quiet, ...inProgram]);
    expect(err).toContain("detected that 3 promises were still active");
    expect(status).toBe(1);
  });
});
