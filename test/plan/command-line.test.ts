import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Plan } from "../../plan/schema";
import { planSchema } from "../../plan/schema";
import type { Outcome } from "../support/node-command";
import { nodeCommand } from "../support/node-command";
import { fixtures, folderOf, packOf } from "./files";

// Each command is several processes, beside other tests.
jest.setTimeout(60_000);

const root = join(__dirname, "..", "..");
const pack = join(fixtures, "pack");

function run(
  command: "plan" | "judge-files",
  args: readonly string[],
  cwd = join(fixtures, "stack"),
  env: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  const flags = ["--stack-trace-limit=0", "-r", require.resolve("tsx/cjs")];
  const file = join(root, "plan", `${command}.ts`);
  return nodeCommand([...flags, file, ...args], cwd, env);
}

const plan = (...args: string[]) => run("plan", ["--policy-pack", pack, ...args]);
const judge = (...args: string[]) => run("judge-files", ["--policy-pack", pack, ...args]);

/** A project whose program is one of the fixtures. */
function projectWith(program: string, files: Record<string, string> = {}): string {
  const dir = folderOf({
    "Pulumi.yaml": "name: fixture\nruntime: nodejs\nmain: index.ts\n",
    "Pulumi.dev.yaml": "",
    "package.json": "{}",
    "index.ts": readFileSync(join(fixtures, "programs", `${program}.ts`), "utf8"),
    ...files,
  });
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  return dir;
}

// Each test starts commands that start processes of their own, on machines that may have little time for them.
jest.setTimeout(30_000);

describe("plan", () => {
  it("exits with 1 when a mandatory rule fails, and writes the same files in every run", async () => {
    const dir = folderOf({});
    const outputs = (name: string) => {
      mkdirSync(join(dir, name));
      const file = (kind: string) => join(dir, name, kind);
      return ["--json", file("plan.json"), "--sarif", file("sarif"), "--junit", file("junit")];
    };
    const first = await plan(...outputs("first"));
    const second = await run(
      "plan",
      ["--policy-pack", pack, ...outputs("second")],
      join(fixtures, "stack"),
      { AWS_REGION: "us-east-1", PULUMI_CONFIG: "{}", LANG: "de_DE.UTF-8", NODE_OPTIONS: "" },
    );
    expect(first.code).toBe(1);
    expect(first.errors).toEqual([]);
    expect(second.out).toBe(first.out);
    for (const kind of ["plan.json", "sarif", "junit"]) {
      const [a, b] = ["first", "second"].map((name) => readFileSync(join(dir, name, kind), "utf8"));
      expect(b).toBe(a);
      expect(a).not.toMatch(/hunter2|pin-4711/);
    }
    expect(first.out).not.toMatch(/hunter2|pin-4711/);
    expect(first.out.trimEnd().split("\n").at(-1)).toBe(
      "6 violations, 2 advisory findings, 2 undecided, 1 of 9 rules passed, 1 not applicable",
    );
  });

  it("writes a plan file that its schema accepts, sorted", async () => {
    const path = join(folderOf({}), "plan.json");
    await plan("--json", path);
    const written = JSON.parse(readFileSync(path, "utf8")) as Plan;
    expect(planSchema.parse(written)).toEqual(written);
    expect({ project: written.project, stack: written.stack }).toEqual({
      project: "fixture",
      stack: "dev",
    });
    const urns = written.resources.map(({ urn }) => urn);
    expect(urns).toEqual(urns.toSorted());
    expect(urns).toHaveLength(9);
  });

  it("exits with 0 when findings are only advisory or undecided", async () => {
    const file = join(
      folderOf({
        "config.json":
          '{ "all": "advisory", "throwing": "disabled", "throwing-stack": "disabled" }',
      }),
      "config.json",
    );
    const { code, out } = await plan("--policy-pack-config", file);
    expect(code).toBe(0);
    expect(out).toContain("0 violations,");
  });

  it("lets remediation change what is planned, even when the program was answered before", async () => {
    const dir = projectWith("changed");
    const path = join(dir, "plan.json");
    const remediating = join(fixtures, "remediating-pack");
    const { code } = await run("plan", ["--policy-pack", remediating, "--json", path], dir);
    expect(code).toBe(0);
    const { resources } = JSON.parse(readFileSync(path, "utf8")) as Plan;
    const sizes = resources.flatMap(({ name, inputs }) =>
      "size" in inputs ? [[name, inputs["size"]]] : [],
    );
    expect(sizes).toEqual([
      ["first", 3],
      ["second", 3],
    ]);
  });

  it.each<[string, string[], string[]]>([
    [
      "an unknown stack",
      ["--stack", "prod"],
      ["error: stack must have a file Pulumi.prod.yaml, got prod; the stacks are dev"],
    ],
    [
      "an unknown option",
      ["--stak", "dev"],
      ["error: unknown option '--stak'; Did you mean --stack?"],
    ],
    [
      "an option without its value",
      ["--json"],
      ["error: option '--json <file>' argument missing; see npm run plan -- --help"],
    ],
    [
      "an argument too many",
      ["dev"],
      ["error: too many arguments. Expected 0 arguments but got 1.; see npm run plan -- --help"],
    ],
    [
      "an output in a folder that does not exist",
      ["--json", "absent/plan.json"],
      ["error: absent/plan.json: cannot be written: its folder does not exist"],
    ],
    [
      "an output without a name",
      ["--json", ""],
      [`error: option '--json' must name a file, got ""`],
    ],
    [
      "an output to stdout",
      ["--sarif", "-"],
      [`error: option '--sarif' must name a file, got "-"`],
    ],
    [
      "an output over the stack file",
      ["--junit", "./Pulumi.dev.yaml"],
      ["error: ./Pulumi.dev.yaml: cannot be written: it is an input as well"],
    ],
    [
      "a configuration that does not exist",
      ["--policy-pack-config", "absent.json"],
      ["error: absent.json: cannot be read: no such file or directory"],
    ],
    [
      "a pack that does not exist",
      ["--policy-pack", "absent"],
      ["error: policy pack must be a folder with a file PulumiPolicy.yaml, got absent"],
    ],
    [
      "a pack that throws",
      ["--policy-pack", join(fixtures, "broken-pack")],
      [`error: policy pack ${join(fixtures, "broken-pack")}: the list of rules is missing`],
    ],
  ])("exits with 2 for %s", async (_name, args, errors) => {
    const outcome = await plan(...args);
    expect(outcome).toEqual({ code: 2, out: "", errors });
  });

  it.each<[string, string, string]>([
    ["is not JSON", "{", "must be JSON: "],
    ["is a list", "[]", "must be a JSON object of rules"],
    [
      "has no such level",
      '{ "zones": "strict" }',
      'zones: enforcement level must be one of advisory, mandatory, remediate, disabled, got "strict"',
    ],
    [
      "has a number for a rule",
      '{ "zones": 5 }',
      "zones must be an enforcement level or an object, got 5",
    ],
    [
      "has a wrong property",
      '{ "zones": { "fewest": "two" } }',
      'zones: fewest must be integer, got "two"',
    ],
    [
      "has an unknown property",
      '{ "zones": { "fewst": 2 } }',
      "zones: fewst must be a property of the rule; its properties are fewest",
    ],
    [
      "has a property of a rule without any",
      '{ "target": { "enforcementLevel": "advisory", "fewest": 2 } }',
      "target: fewest must be a property of the rule; it has no properties",
    ],
    [
      "names an unknown rule",
      '{ "zone": "advisory" }',
      "zone must be a rule of the pack; the rules are bound, leaky, nothing, off, providers, target, throwing, throwing-stack, whole-stack, zones",
    ],
  ])("exits with 2 when the configuration of the pack %s", async (_name, content, fault) => {
    const file = join(folderOf({ "config.json": content }), "config.json");
    const { code, errors } = await plan("--policy-pack-config", file);
    expect(code).toBe(2);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(`error: ${file}: ${fault}`);
  });

  it("writes nothing when the program fails", async () => {
    const dir = projectWith("bad-configuration");
    const args = ["--policy-pack", pack, "--json", "plan.json", "--sarif", "s", "--junit", "j"];
    expect(await run("plan", args, dir)).toEqual({
      code: 2,
      out: "",
      errors: ["error: zones must be at least 2, got 1", "error: region must be set, got nothing"],
    });
    expect(["plan.json", "s", "j"].filter((name) => existsSync(join(dir, name)))).toEqual([]);
  });

  it("shows where a program failed when it is asked to", async () => {
    const dir = projectWith("broken");
    const brief = await run("plan", ["--policy-pack", pack], dir);
    expect(brief).toEqual({
      code: 2,
      out: "",
      errors: ["error: TypeError: cannot read the plan; --verbose shows where"],
    });
    const verbose = await run("plan", ["--policy-pack", pack, "--verbose"], dir);
    expect(verbose.code).toBe(2);
    expect(verbose.errors.join("\n")).toMatch(/index\.ts:4:/);
  });

  it("reports every fault of a stack file with its line", async () => {
    const dir = projectWith("changed", {
      "Pulumi.yaml":
        "name: fixture\nruntime: nodejs\nmain: index.ts\nconfig:\n  a: { type: integer }\n  b: { type: boolean }\n",
      "Pulumi.dev.yaml": "config:\n  fixture:a: x\n  fixture:b: y\n",
    });
    expect(await run("plan", ["--policy-pack", pack], dir)).toEqual({
      code: 2,
      out: "",
      errors: [
        'error: Pulumi.dev.yaml:2: fixture:a must be of type integer, got "x"',
        'error: Pulumi.dev.yaml:3: fixture:b must be of type boolean, got "y"',
      ],
    });
    writeFileSync(join(dir, "Pulumi.dev.yaml"), "config:\n\t- a\n");
    const { code, errors } = await run("plan", ["--policy-pack", pack], dir);
    expect(code).toBe(2);
    expect(errors[0]).toMatch(/^error: Pulumi\.dev\.yaml:2:1: /);
  });

  it("reports what the program finds together with the form of the stack file", async () => {
    const dir = projectWith("bad-configuration", { "Pulumi.dev.yaml": "config: {}\nfoo: bar\n" });
    const { code, errors } = await run("plan", ["--policy-pack", pack], dir);
    expect(code).toBe(2);
    expect(errors).toEqual([
      "error: zones must be at least 2, got 1",
      "error: region must be set, got nothing",
      "error: Pulumi.dev.yaml:2: foo is not a key of a stack file; the keys are config, environment, secretsprovider, encryptedkey, encryptionsalt",
    ]);
  });

  it.each(["broken", "several-lines", "changed"])(
    "reports the form of the stack file alone when the program (%s) finds no fault in it",
    async (program) => {
      const dir = projectWith(program, { "Pulumi.dev.yaml": "foo: bar\n" });
      const { code, out, errors } = await run("plan", ["--policy-pack", pack], dir);
      expect({ code, out, lines: errors.length }).toEqual({ code: 2, out: "", lines: 1 });
      expect(errors[0]).toContain("Pulumi.dev.yaml:1: foo is not a key");
    },
  );

  it.each([
    ["0", false],
    ["false", false],
    ["1", true],
  ])("takes FORCE_COLOR=%s as it is meant", async (value, coloured) => {
    const dir = projectWith("changed");
    const env = { FORCE_COLOR: value, NO_COLOR: "" };
    const { out } = await run("plan", ["--policy-pack", pack], dir, env);
    expect(out.includes("\u001B[")).toBe(coloured);
  });

  it("explains its options", async () => {
    const { code, out } = await plan("--help");
    expect(code).toBe(0);
    for (const option of [
      "--stack",
      "--json",
      "--sarif",
      "--junit",
      "--policy-pack",
      "--verbose",
    ]) {
      expect(out).toContain(option);
    }
  });
});

describe("judge", () => {
  it("judges a plan file as the plan was judged, but for what is redacted", async () => {
    const path = join(folderOf({}), "plan.json");
    await plan("--json", path);
    const again = `${path}.again`;
    const { code } = await judge(path, "--json", again);
    expect(code).toBe(1);
    const read = (file: string) => JSON.parse(readFileSync(file, "utf8")) as Plan;
    const [before, after] = [read(path), read(again)];
    const differing = after.verdicts.filter(
      (verdict) =>
        !before.verdicts.some((other) => JSON.stringify(other) === JSON.stringify(verdict)),
    );
    expect(differing).toEqual([
      {
        rule: "leaky",
        urn: "urn:pulumi:dev::fixture::fake:index:Thing::plain",
        verdict: "undecided",
        severity: "low",
        level: "advisory",
        message: "string value at .password can't be known during preview",
      },
    ]);
    expect(after.verdicts).toHaveLength(before.verdicts.length);
  });

  it("judges Kubernetes manifests and shows their lines [S20]", async () => {
    const dir = folderOf({
      "pods.yaml":
        "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\n---\napiVersion: v1\nkind: Pod\nmetadata: { name: b }\n",
    });
    const sarif = join(dir, "out.sarif");
    const { code, out } = await judge(join(dir, "pods.yaml"), "--sarif", sarif);
    expect(code).toBe(1);
    expect(out.split("\n")[0]).toBe("kubernetes / manifests: 2 resources");
  });

  it("answers which rules an existing stack violates [S20]", async () => {
    const urn = "urn:pulumi:prod::demo::aws:ec2/securityGroup:SecurityGroup::open";
    const ingress = [
      { protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: ["0.0.0.0/0"], description: "ssh" },
    ];
    const state = {
      version: 3,
      deployment: {
        resources: [
          {
            urn,
            custom: true,
            type: "aws:ec2/securityGroup:SecurityGroup",
            inputs: { description: "open", ingress },
            outputs: { description: "open", ingress },
          },
        ],
      },
    };
    const dir = folderOf({ "state.json": JSON.stringify(state) });
    const json = join(dir, "plan.json");
    const { code, out } = await run("judge-files", ["state.json", "--json", json], dir);
    expect(code).toBe(1);
    expect(out).toContain("net-sg-no-world-ingress  critical  mandatory");
    const { verdicts } = JSON.parse(readFileSync(json, "utf8")) as Plan;
    const failed = verdicts.filter(
      ({ verdict, rule }) => verdict === "fail" && rule.endsWith("world-ingress"),
    );
    expect(failed.map((verdict) => verdict.urn)).toEqual([urn]);
  });

  it("shows nothing of a Kubernetes Secret", async () => {
    const word = "open sesame 4711";
    const data = Buffer.from(word).toString("base64");
    const dir = folderOf({
      "secret.yaml": `apiVersion: v1\nkind: Secret\nmetadata: { name: a }\ndata: { word: ${data} }\n`,
    });
    const says = packOf(`{
      name: "says", description: "s", enforcementLevel: "mandatory",
      validateResource: ({ props }, report) => {
        if (props.data) report(props.data.word + " is " + Buffer.from(props.data.word, "base64"));
      },
    }`);
    const json = join(dir, "plan.json");
    const args = [join(dir, "secret.yaml"), "--policy-pack", says, "--json", json];
    const { code, out } = await judge(...args);
    expect(code).toBe(1);
    expect(out).toContain("[secret] is [secret]");
    expect(out + readFileSync(json, "utf8")).not.toMatch(new RegExp(`${word}|${data}`));
  });

  it("finds the files of the folder that npm was called in", async () => {
    const dir = folderOf({
      "package.json": "{}",
      "sub/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\n",
    });
    const npm = {
      npm_package_json: join(dir, "package.json"),
      INIT_CWD: join(dir, "sub"),
    };
    const args = ["pod.yaml", "--sarif", "out.sarif", "--json", "../plan.json"];
    const { code, errors } = await run("judge-files", args, dir, npm);
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(existsSync(join(dir, "plan.json"))).toBe(true);
    expect(readFileSync(join(dir, "sub/out.sarif"), "utf8")).toContain(`"name": "drawbridge"`);
    expect((await run("judge-files", ["absent.yaml"], dir, npm)).errors).toEqual([
      "error: sub/absent.yaml: cannot be read: no such file or directory",
    ]);
    // Without npm the folder of the process is meant.
    const other = { INIT_CWD: join(dir, "sub") };
    expect((await run("judge-files", ["sub/pod.yaml"], dir, other)).code).toBe(0);
  });

  it("does not replace what it judges", async () => {
    const dir = folderOf({ "pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\n" });
    const path = join(dir, "pod.yaml");
    const before = readFileSync(path, "utf8");
    expect(await judge(path, "--json", path)).toEqual({
      code: 2,
      out: "",
      errors: [`error: ${path}: cannot be written: it is an input as well`],
    });
    expect(readFileSync(path, "utf8")).toBe(before);
  });

  it.each<[string, string[], string]>([
    ["no file", [], "missing required argument 'files'; see npm run judge -- --help"],
    [
      "a file that does not exist",
      ["absent.yaml"],
      "absent.yaml: cannot be read: no such file or directory",
    ],
  ])("exits with 2 for %s", async (_name, args, fault) => {
    expect(await judge(...args)).toEqual({ code: 2, out: "", errors: [`error: ${fault}`] });
  });
});
