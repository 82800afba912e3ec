import { join, relative } from "node:path";
import { planStack, traceProgram } from "../../plan/host";
import { readStackConfig } from "../../plan/stack-file";
import { plannedResource } from "../../plan/stack-resource";
import type { PlannedResource } from "../../plan/schema";
import { unknownValue } from "../../plan/property-values";
import { fixtures } from "./files";

const projectDir = join(fixtures, "stack");
const base = "urn:pulumi:dev::fixture::";
const stack = `${base}pulumi:pulumi:Stack::fixture-dev`;
const explicit = `${base}pulumi:providers:fake::explicit`;
const byDefault = `${base}pulumi:providers:fake::default_1_2_3`;
const group = `${base}fixture:index:Group::group`;
const first = `${base}fixture:index:Group$fake:index:Thing::group-first`;
const second = `${base}fixture:index:Group$fake:index:Thing$fake:index:Thing::group-second`;
const plain = `${base}fake:index:Thing::plain`;

function programOf(name: string): string {
  return relative(projectDir, join(fixtures, "programs", `${name}.ts`));
}

async function faultsOf(name: string): Promise<readonly string[]> {
  const run = planStack({ projectDir, stack: "dev", program: programOf(name) });
  return run.then(
    () => {
      throw new Error("the program did not fail");
    },
    (error: { lines: readonly string[] }) => error.lines,
  );
}

// Each test starts a program, on machines that may have little time for it.
jest.setTimeout(30_000);

describe("planStack", () => {
  let resources: Map<string, PlannedResource>;
  let registered: string[];
  let outputs: Record<string, unknown>;
  let raw: string;

  beforeAll(async () => {
    const planned = await planStack({ projectDir, stack: "dev" });
    registered = planned.resources.map(({ urn }) => urn);
    resources = new Map(
      planned.resources.map((each) => [each.urn, plannedResource(each, planned.redactor)]),
    );
    outputs = planned.outputs;
    raw = JSON.stringify([...resources.values(), outputs]);
  });

  it("registers the stack first and each default provider before its first resource", () => {
    expect(registered[0]).toBe(stack);
    expect(registered.indexOf(byDefault)).toBeLessThan(registered.indexOf(plain));
    expect(registered.toSorted()).toEqual(
      [
        stack,
        explicit,
        byDefault,
        plain,
        `${base}fake:index:Thing::given`,
        `${base}fake:index:Thing::options`,
        group,
        first,
        second,
      ].toSorted(),
    );
  });

  it("gives the stack no parent, inputs or provider", () => {
    expect(resources.get(stack)).toEqual({
      urn: stack,
      type: "pulumi:pulumi:Stack",
      name: "fixture-dev",
      custom: false,
      inputs: {},
      dependencies: [],
      propertyDependencies: {},
      options: {},
    });
  });

  it("gives a default provider the configuration of its package and no parent", () => {
    expect(resources.get(byDefault)).toEqual({
      urn: byDefault,
      type: "pulumi:providers:fake",
      name: "default_1_2_3",
      custom: true,
      inputs: { __internal: {}, region: "north-1", version: "1.2.3" },
      dependencies: [],
      propertyDependencies: {},
      options: {},
    });
  });

  it("keeps the version among the inputs of an explicit provider", () => {
    expect(resources.get(explicit)?.inputs).toEqual({
      __internal: {},
      region: "south-1",
      version: "1.2.3",
    });
  });

  it("redacts secrets and shows everything else", () => {
    expect(resources.get(plain)).toEqual({
      urn: plain,
      type: "fake:index:Thing",
      name: "plain",
      custom: true,
      inputs: {
        nested: { list: ["[secret]", "seen"] },
        password: "[secret]",
        replicas: 2,
        token: "[secret]",
        zones: ["a", "b"],
      },
      parent: stack,
      dependencies: [],
      propertyDependencies: { nested: [], password: [], replicas: [], token: [], zones: [] },
      provider: byDefault,
      options: {},
    });
  });

  it("sorts the keys of inputs", () => {
    expect(Object.keys(resources.get(plain)?.inputs ?? {})).toEqual([
      "nested",
      "password",
      "replicas",
      "token",
      "zones",
    ]);
  });

  it("shows what is known only after up as the sentinel, and where it comes from", () => {
    const { inputs, dependencies, propertyDependencies, provider } =
      resources.get(`${base}fake:index:Thing::given`) ?? {};
    expect({ inputs, dependencies, propertyDependencies, provider }).toEqual({
      inputs: { target: unknownValue, whole: unknownValue },
      dependencies: [plain],
      propertyDependencies: { target: [plain], whole: [plain] },
      provider: explicit,
    });
  });

  it("makes URNs of the types of all parents and inherits their provider and options", () => {
    expect(resources.get(group)).toEqual({
      urn: group,
      type: "fixture:index:Group",
      name: "group",
      custom: false,
      inputs: { note: "hello" },
      parent: stack,
      dependencies: [],
      propertyDependencies: { note: [] },
      options: {},
    });
    expect(resources.get(second)).toEqual({
      urn: second,
      type: "fake:index:Thing",
      name: "group-second",
      custom: true,
      inputs: { tags: { of: unknownValue }, target: unknownValue },
      parent: first,
      dependencies: [first],
      propertyDependencies: { tags: [first], target: [first] },
      provider: explicit,
      options: { customTimeouts: { create: 5400 }, deletedWith: first, protect: true },
    });
  });

  it("records options that are set", () => {
    expect(resources.get(`${base}fake:index:Thing::options`)?.options).toEqual({
      ignoreChanges: ["a"],
      replaceOnChanges: ["b"],
      deleteBeforeReplace: true,
      retainOnDelete: true,
      additionalSecretOutputs: ["c"],
      aliases: [{ name: "before", parent: stack }],
    });
  });

  it("gives the outputs of the program", () => {
    expect(outputs).toEqual({ arn: unknownValue, secret: "[secret]", zones: '["a","b"]' });
  });

  it("shows no secret anywhere", () => {
    expect(raw).not.toMatch(/hunter2|pin-4711/);
  });

  it("gives the same resources in every run", async () => {
    const again = await planStack({ projectDir, stack: "dev" });
    const lines = again.resources.map((each) =>
      JSON.stringify(plannedResource(each, again.redactor)),
    );
    const before = [...resources.values()].map((each) => JSON.stringify(each));
    expect(lines.toSorted()).toEqual(before.toSorted());
  });

  it("hides the caller's environment from the program", async () => {
    const before = { ...process.env };
    Object.assign(process.env, { AWS_PROFILE: "mine", PULUMI_BACKEND_URL: "file:///tmp" });
    try {
      const planned = await planStack({ projectDir, stack: "dev", program: programOf("logs") });
      expect(planned.outputs).toEqual({ aws: "unset", pulumi: "unset", language: "unset" });
      expect(planned.warnings).toEqual(["zones will be required"]);
      expect(planned.printed).toBe("a line for people\n");
    } finally {
      process.env = before;
    }
  });

  it("answers the program with inputs that the caller changed", async () => {
    const planned = await planStack({
      projectDir,
      stack: "dev",
      program: programOf("changed"),
      admit: ({ name }) => Promise.resolve(name === "first" ? { inputs: { size: 3 } } : {}),
    });
    expect(planned.outputs).toEqual({ size: 3 });
    expect(planned.resources.map(({ name, inputs }) => [name, inputs["size"]])).toContainEqual([
      "second",
      3,
    ]);
  });

  it("answers the program with outputs that the caller has for it", async () => {
    const planned = await planStack({
      projectDir,
      stack: "dev",
      program: programOf("changed"),
      admit: ({ name, inputs }) =>
        Promise.resolve(name === "first" ? { outputs: { ...inputs, size: 4 } } : {}),
    });
    expect(planned.outputs).toEqual({ size: 4 });
    const sizes = planned.resources.map(({ name, inputs }) => [name, inputs["size"]]);
    expect(sizes).toEqual(expect.arrayContaining([["second", 4]]));
    expect(sizes).not.toContainEqual(["first", 4]);
  });

  it("ends a warning where the program prints something else", async () => {
    const planned = await planStack({ projectDir, stack: "dev", program: programOf("prints") });
    expect(planned.warnings).toEqual(["zones will be required\nin the next version"]);
  });

  it("takes the registrations of every copy of the SDK in a program", async () => {
    const program = programOf("two-copies");
    const { outputs: shown } = await planStack({ projectDir, stack: "dev", program });
    const thing = `${base}fake:index:Thing`;
    expect(shown).toEqual({ urns: [`${thing}::first`, `${thing}$fake:index:Thing::second`] });
  });

  it("shows no configuration among the arguments of the program's process", async () => {
    const program = programOf("arguments");
    const { outputs: shown } = await planStack({ projectDir, stack: "dev", program });
    expect(shown["shown"]).toContain("--monitor");
    expect(shown["shown"]).not.toMatch(/zones|token|north-1/);
  });

  it("runs a program without any outputs", async () => {
    const planned = await planStack({ projectDir, stack: "dev", program: programOf("silent") });
    expect(planned.outputs).toEqual({});
  });

  it.each([
    [
      "lingering",
      { working: 60_000, ending: 100 },
      "registered its outputs but does not end, 0.1 s",
    ],
    ["waiting", { working: 3000, ending: 100 }, "registered nothing for 3 s and does not end"],
  ])("gives up on the program %s", async (name, patience, fault) => {
    const run = planStack({ projectDir, stack: "dev", program: programOf(name), patience });
    await expect(run).rejects.toThrow(`the program has ${fault}`);
  });

  const incomplete =
    "the program ended before it was complete: its outputs were never registered; something that it awaits, or an output of the stack, never gets a value, or it called process.exit";
  const pure = "the program must be a pure function of its configuration";

  it.each([
    ["bad-configuration", ["zones must be at least 2, got 1", "region must be set, got nothing"]],
    ["broken", ["TypeError: cannot read the plan; --verbose shows where"]],
    ["rejected", ["the promise was not kept; --verbose shows where"]],
    ["asynchronous", ["TypeError: cannot go on; --verbose shows where"]],
    ["logged-error", ["zones are missing"]],
    ["several-lines", ["zones are missing:", "  a", "  b; --verbose shows where"]],
    ["unfinished", [incomplete]],
    ["leaves", [incomplete]],
    ["exit", ["the program ended with exit code 3 and wrote no error"]],
    [
      "invoke",
      [
        `${pure}, but it calls aws:index/getAvailabilityZones:getAvailabilityZones; put the value that it looks up into the configuration`,
      ],
    ],
    [
      "call",
      [
        `${pure}, but it calls the method fake:index:Thing/describe; compute its result in the program`,
      ],
    ],
    [
      "read",
      [
        `${pure}, but it reads the existing resource other/project/dev (pulumi:pulumi:StackReference); put what it needs of it into the configuration`,
      ],
    ],
    [
      "remote",
      [
        "remote component main (eks:index:Cluster) cannot be planned: a provider builds its resources, so neither plan nor policies can see into it; build them in the program",
      ],
    ],
    [
      "transforms",
      ["stack transforms cannot be planned; use transformations or component arguments"],
    ],
    [
      "twice",
      [
        `${base}fake:index:Thing::same is registered twice; give one of the two resources another name`,
      ],
    ],
  ])("fails the program %s in its own words", async (name, expected) => {
    expect(await faultsOf(name)).toEqual(expected);
  });

  it("plans a program with hooks, and calls none of them", async () => {
    const planned = await planStack({ projectDir, stack: "dev", program: programOf("hooks") });
    expect(planned.resources.map(({ name }) => name)).toContain("hooked");
  });

  it("shows where an asynchronous program fails, as that of this repository is", async () => {
    const config = readStackConfig(projectDir, "dev");
    const trace = await traceProgram(config, programOf("asynchronous"));
    expect(trace).toContain("TypeError: cannot go on\n");
    expect(trace).toContain("programs/asynchronous.ts:3:");
    // The frame of which Node would colour for ever.
    expect(trace).toContain("node_modules/@pulumi/resource.ts:");
  });

  it("fails a program that does not exist", async () => {
    expect(await faultsOf("absent")).toEqual([
      "program must be a file or folder, got ../programs/absent.ts",
    ]);
  });
});
