import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Analyzer } from "../../plan/analyzer";
import type { Remediation } from "../../plan/analyzer";
import type { Report } from "../../plan/analyzer-messages";
import { collect, startNode } from "../../plan/child-process";
import type { Child } from "../../plan/child-process";
import { judgeResources, packDefaults } from "../../plan/judge";
import type { PackConfig } from "../../plan/pack-config";
import { PackProcess, packFolder } from "../../plan/pack-process";
import { makeSecret, unknownValue } from "../../plan/property-values";
import type { PropertyMap } from "../../plan/property-values";
import type { StackResource } from "../../plan/stack-resource";
import type { CallError } from "../../plan/unary-client";
import { registered } from "../support/registered";
import { folderOf, packOf } from "./files";

// Each starts processes, on machines that may have little time for them.
jest.setTimeout(60_000);

const stack = { project: "fixture", stack: "dev", values: {}, secretKeys: [] };
const silence = 60_000;
const base = "urn:pulumi:dev::fixture::";
const stackUrn = `${base}pulumi:pulumi:Stack::fixture-dev`;
const thing = (name: string) => `${base}fake:index:Thing::${name}`;
const signature = "4dabf18193072939515e22adb298388d";
const asset = (members: PropertyMap) => ({
  [signature]: "c44067f5952c0a294b673a41bacd8c17",
  ...members,
});
const archive = (members: PropertyMap) => ({
  [signature]: "0def7320c3a5731c473e5ecbe6d01bc7",
  ...members,
});

function resource(name: string, more: Partial<StackResource> = {}): StackResource {
  return registered({ urn: thing(name), type: "fake:index:Thing", name, ...more });
}

const provider = resource("explicit", {
  urn: `${base}pulumi:providers:fake::explicit`,
  type: "pulumi:providers:fake",
  inputs: { region: "south-1", __internal: { pluginChecksums: "x" }, token: makeSecret("t") },
});

const resources: StackResource[] = [
  provider,
  resource("plain", {
    inputs: {
      zones: ["b", "a"],
      nested: { z: 1, a: { "10": 0.1, "9": -1e21, B: null }, list: [{ y: true, x: "ü" }, []] },
      size: 0,
      __defaults: ["size"],
      password: makeSecret({ deep: [makeSecret("pin"), "seen"] }),
    },
    outputs: { id: "i-1", __meta: "{}" },
    provider: provider.urn,
    parent: stackUrn,
    options: { protect: true, ignoreChanges: ["zones"], deleteBeforeReplace: false },
  }),
  resource("unknown", {
    inputs: { size: 2, target: unknownValue, nested: { list: ["a", unknownValue] } },
    dependencies: [thing("plain"), thing("absent")],
    propertyDependencies: { target: [thing("plain"), thing("absent")], size: [], nested: [] },
    parent: thing("plain"),
    options: {
      deleteBeforeReplace: true,
      additionalSecretOutputs: ["size"],
      customTimeouts: { create: 90, delete: 0.5 },
    },
  }),
  resource("files", {
    inputs: {
      file: asset({ path: "a.txt" }),
      text: makeSecret(asset({ text: "words" })),
      remote: asset({ uri: "https://example.com/a" }),
      folder: archive({ path: "dir" }),
      packed: archive({
        assets: { a: asset({ text: "x" }), b: archive({ uri: "https://e.com" }) },
      }),
    },
    parent: thing("absent"),
  }),
  resource("other", { type: "fake:index:Other", inputs: { size: 9 }, provider: "absent" }),
];
const all = new Map(resources.map((one) => [one.urn, one]));
const broken = resource("broken", { inputs: { file: asset({}) } });

/** Rules that report all that they see, and rules that use all that the SDK offers them. */
const rules = `
  ...(() => {
    const raw = (props) => props.__getSpecialProxyTarget;
    const whole = ({ props, provider, ...more }) => ({
      ...more,
      props: raw(props),
      kinds: Object.values(raw(props)).map((value) => value?.constructor?.name),
      provider: provider && { ...provider, props: raw(provider.props), proxied: provider.props.__isSpecialProxy },
    });
    const urns = (list) => list.map(({ urn }) => urn);
    class Thing { static __pulumiType = "fake:index:Thing"; }
    class Absent { static __pulumiType = "fake:index:Absent"; }
    class Named { static isInstance(one) { return one.__pulumiType === "fake:index:Other"; } }
    const rule = (name, more) => ({ name, description: "What " + name + " says.", ...more });
    const onOne = (name, validateResource, more) => rule(name, { validateResource, ...more });
    const onAll = (name, validateStack, more) => rule(name, { validateStack, ...more });
    const levels = (report) => {
      report("");
      report(undefined, "urn:other");
      report({ message: "by its own", enforcementLevel: "advisory", severity: "low", urn: "urn:given" });
      report({ description: "another description" });
      report({ severity: "unheard" });
      report({});
    };
    const failing = (name) => {
      if (name === "plain") throw new TypeError("zones is not iterable\\nsecond line");
      if (name === "unknown") throw "a text";
      if (name === "files") return Promise.reject(new Error("later"));
    };
    return [
      onOne("sees", (args, report) => report(JSON.stringify(whole({ ...args, config: args.getConfig(), tags: [...args.stackTags] })) +
          args.isType(Thing) + args.isType(Named) + (args.asType(Thing) === args.props) + args.asType(Absent)),
        { enforcementLevel: "mandatory", severity: "high", tags: ["R1"], remediationSteps: "Do.", url: "https://example.com",
          configSchema: { properties: { z: { type: "integer", default: 3 }, a: { type: "object" } }, required: ["z"] } }),
      onOne("reads", ({ props }, report) => report("size " + props.size + props.nested?.list?.join())),
      onOne("typed", validateResourceOfType(Thing, (props, args, report) => report("size " + props.size + args.name))),
      onOne("absent", validateResourceOfType(Absent, () => { throw new Error("never"); })),
      onOne("classed", validateResourceOfType(Named, (props, _, report) => report("size " + props.size))),
      onOne("several", [
        (_, report) => report("first"),
        ({ notApplicable }) => notApplicable("second has nothing to say"),
        ({ props }, report) => report("third " + props.target),
        async (_, report) => { await new Promise(setImmediate); report("fourth"); },
      ], { severity: "critical" }),
      onOne("levels", (_, report) => levels(report), { enforcementLevel: "mandatory", severity: "medium" }),
      onOne("never-mended", (_, report) => report("as mandatory"), { enforcementLevel: "remediate" }),
      { name: "mends", description: "d", enforcementLevel: "disabled",
        remediateResource: ({ props, name, opts, getConfig }) => {
          if (name === "broken-by-name") throw new Error("never");
          return { ...raw(props), size: (props.size ?? 0) + 1, seen: JSON.stringify([opts, getConfig()]), of: props.target };
        } },
      onOne("off", (_, report) => report("when it is on"), { enforcementLevel: "disabled" }),
      onOne("without-reason", ({ notApplicable }) => notApplicable()),
      onOne("marked", Object.assign(({ type, notApplicable }, report) => type.endsWith("Other") ? report("marked") : notApplicable(),
        { types: ["fake:index:Other", "fake:index:Absent"] })),
      onOne("marked-too", Object.assign(({ type, notApplicable }, report) => type.endsWith("Thing") ? report("marked") : notApplicable("no thing"),
        { types: ["fake:index:Thing", "fake:index:Absent"] })),
      onOne("marked-in-vain", Object.assign((_, report) => report("all the same"), { types: ["fake:index:Absent"] })),
      onOne("failing", ({ name }) => failing(name), { enforcementLevel: "mandatory" }),
      onAll("sees-all", ({ resources, getConfig, stackTags }, report) => {
        for (const { parent, dependencies, propertyDependencies, ...one } of resources) {
          const linked = Object.entries(propertyDependencies).map(([key, made]) => [key, urns(made)]);
          report(JSON.stringify({ ...whole(one), parent: parent?.urn, dependencies: urns(dependencies), linked,
            same: dependencies.every((made) => resources.includes(made)) }) + one.isType(Thing) + (one.asType(Named) === one.props), one.urn);
        }
        report(JSON.stringify([getConfig(), [...stackTags]]));
      }, { enforcementLevel: "mandatory", configSchema: { properties: { z: { type: "integer" }, a: {} } } }),
      onAll("reads-all", ({ resources }, report) => resources.forEach(({ props }) => report("size " + props.target))),
      onAll("typed-all", validateStackResourcesOfType(Thing, (things, args, report) => report(things.length + " of " + args.resources.length))),
      onAll("absent-all", validateStackResourcesOfType(Absent, () => { throw new Error("never"); })),
      onAll("classed-all", validateStackResourcesOfType(class Never { static isInstance() { return false; } }, () => undefined)),
      onAll("levels-all", (_, report) => levels(report), { enforcementLevel: "remediate", severity: "low" }),
      onAll("off-all", (_, report) => report("when it is on"), { enforcementLevel: "disabled" }),
      onAll("later-all", async (_, report) => { await new Promise(setImmediate); report("later"); }),
      onAll("excused-all", ({ notApplicable }) => notApplicable("nothing")),
      onAll("failing-all", () => { throw new Error("no stack"); }),
    ];
  })()`;

const helpers = `const { validateResourceOfType, validateStackResourcesOfType } = require("@pulumi/policy");`;

/** Serves a pack as it serves the engine. */
async function servedBySdk(dir: string): Promise<{ child: Child; analyzer: Analyzer }> {
  const child = startNode(packFolder(dir).main, [], { cwd: dir, env: {} });
  const stdout = collect(child.stdout);
  while (!stdout().includes("\n"))
    await new Promise((resolve) => child.stdout.once("data", resolve));
  return { child, analyzer: new Analyzer(Number(stdout()), silence) };
}

describe("the handlers of a pack", () => {
  let process: PackProcess;
  let child: Child;
  let ours: Analyzer;
  let sdks: Analyzer;

  beforeAll(async () => {
    const dir = packOf(rules, helpers);
    process = new PackProcess(packFolder(dir), stack);
    ours = new Analyzer(await process.port(silence), silence);
    ({ child, analyzer: sdks } = await servedBySdk(dir));
  });

  afterAll(() => {
    ours.close();
    sdks.close();
    process.stop();
    child.kill("SIGKILL");
  });

  /** Rules have an order, and what they say of themselves has none. */
  function inOrder<Answer>(answer: Answer): Answer {
    if (Array.isArray(answer)) return answer.map(inOrder) as Answer;
    if (typeof answer !== "object" || answer === null || !("notApplicable" in answer))
      return answer;
    const notApplicable = answer.notApplicable as Report["notApplicable"];
    return {
      ...answer,
      notApplicable: notApplicable.toSorted((a, b) =>
        a.rule < b.rule ? -1 : Number(a.rule > b.rule),
      ),
    };
  }

  /** What both say to the same question, which must be the same. */
  async function said<Answer>(ask: (analyzer: Analyzer) => Promise<Answer>) {
    const outcome = async (analyzer: Analyzer) =>
      ask(analyzer)
        .then(inOrder)
        .catch((error: CallError) => ({ failed: error.code, details: error.details }));
    const [our, theirs] = await Promise.all([outcome(ours), outcome(sdks)]);
    expect(our).toStrictEqual(theirs);
    return our;
  }

  async function configured(changes: PackConfig = new Map()): Promise<void> {
    const { rules: known } = await ours.info();
    const config: PackConfig = new Map(
      known.map(({ rule }) => [rule.name, { level: rule.level, properties: {} }]),
    );
    for (const name of ["failing", "failing-all"])
      config.set(name, { level: "disabled", properties: {} });
    for (const [name, change] of changes) config.set(name, change);
    await said((analyzer) => analyzer.configure(config));
  }

  it("says of the pack what the SDK's server says", async () => {
    const info = await said((analyzer) => analyzer.info());
    expect(info).toMatchObject({ name: "made", version: "1.0.0" });
    expect("rules" in info && info.rules).toHaveLength(25);
  });

  it.each(resources.map((one) => [one.name, one]))("judges %s as it does", async (_, one) => {
    await configured();
    const report = (await said((analyzer) => analyzer.analyze(one, all))) as Report;
    const reported = new Set(report.diagnostics.map(({ rule }) => rule));
    expect([...reported]).toEqual(
      expect.arrayContaining(["sees", "reads", "several", "levels", "never-mended"]),
    );
    expect(report.notApplicable.map(({ rule }) => rule)).toContain("without-reason");
  });

  it("judges further resources of a type as it does, also when it is configured anew", async () => {
    const off = { level: "disabled" as const, properties: {} };
    for (const changes of [new Map(), new Map([["marked", off]]), new Map([["absent", off]])]) {
      await configured(changes);
      for (const one of [...resources, ...resources]) {
        const report = (await said((analyzer) => analyzer.analyze(one, all))) as Report;
        const excused = new Set(report.notApplicable.map(({ rule }) => rule));
        const expected = ["absent", "marked", "marked-too"].filter((name) => !changes.has(name));
        const applies = { "fake:index:Other": "marked", "fake:index:Thing": "marked-too" }[
          one.type
        ];
        expect(expected.filter((name) => !excused.has(name))).toEqual(
          expected.filter((name) => name === applies),
        );
        expect(report.diagnostics.map(({ rule }) => rule)).toContain("marked-in-vain");
      }
    }
  });

  it("judges the stack as it does", async () => {
    await configured();
    const report = (await said((analyzer) =>
      analyzer.analyzeStack(analyzer.stackRequest(resources, all), stackUrn),
    )) as Report;
    const reported = new Set(report.diagnostics.map(({ rule }) => rule));
    expect([...reported]).toEqual([
      "sees-all",
      "reads-all",
      "typed-all",
      "levels-all",
      "later-all",
    ]);
    expect(report.notApplicable.map(({ rule }) => rule)).toEqual([
      "absent-all",
      "classed-all",
      "excused-all",
    ]);
  });

  it("takes a configuration as it does", async () => {
    const properties = { z: 1, a: { y: [{ d: 1, c: 2 }], __x: "kept" } };
    await configured(
      new Map([
        ["sees", { level: "advisory", properties }],
        ["sees-all", { level: "remediate", properties }],
        ["several", { level: "disabled", properties: {} }],
        ["off", { level: "mandatory", properties: {} }],
        ["off-all", { level: "advisory", properties: {} }],
      ]),
    );
    const [, plain] = resources;
    const one = (await said((analyzer) => analyzer.analyze(plain as StackResource, all))) as Report;
    const whole = (await said((analyzer) =>
      analyzer.analyzeStack(analyzer.stackRequest(resources, all), stackUrn),
    )) as Report;
    const levelOf = (name: string) =>
      [...one.diagnostics, ...whole.diagnostics].find(({ rule }) => rule === name)?.level;
    expect(["sees", "sees-all", "several", "off", "off-all"].map(levelOf)).toEqual([
      "advisory",
      "mandatory",
      undefined,
      "mandatory",
      "advisory",
    ]);
    expect(one.diagnostics[0]?.message).toContain(
      '"config":{"a":{"__x":"kept","y":[{"c":2,"d":1}]},"z":1}',
    );
  });

  it.each(resources.map((one) => [one.name, one]))("changes %s as it does", async (_, one) => {
    await configured(new Map([["mends", { level: "remediate", properties: { by: 1 } }]]));
    const changes = (await said((analyzer) => analyzer.remediate(one, all))) as Remediation[];
    expect(changes.map(({ rule }) => rule)).toEqual(["mends"]);
    // What only up will tell keeps a rule from changing anything.
    const isUnknown = one.name === "unknown";
    expect(changes.map(({ inputs }) => inputs === undefined)).toEqual([isUnknown]);
    expect(changes.map(({ diagnostic }) => diagnostic !== "")).toEqual([isUnknown]);
  });

  it.each(["plain", "unknown", "files", "other"])(
    "fails as it does when a rule throws on %s",
    async (name) => {
      await configured(new Map([["failing", { level: "mandatory", properties: {} }]]));
      const outcome = await said((analyzer) =>
        analyzer.analyze(all.get(thing(name)) as StackResource, all),
      );
      // It does not throw on the last.
      expect("failed" in outcome).toBe(name !== "other");
    },
  );

  it("fails as it does when a rule throws on the stack", async () => {
    await configured(new Map([["failing-all", { level: "advisory", properties: {} }]]));
    const outcome = await said((analyzer) =>
      analyzer.analyzeStack(analyzer.stackRequest(resources, all), stackUrn),
    );
    expect(outcome).toEqual({
      failed: 2,
      details:
        "Error validating resource with policy 'failing-all' from policy pack 'made@v1.0.0':\nError: no stack",
    });
  });

  it("fails as it does for inputs that cannot be unpacked, in the name of each rule", async () => {
    const off = { level: "disabled" as const, properties: {} };
    for (const changes of [new Map(), new Map([["sees", off]])]) {
      await configured(changes);
      const outcome = await said((analyzer) => analyzer.analyze(broken, all));
      expect(outcome).toEqual({
        failed: 2,
        details: expect.stringMatching(
          changes.has("sees") ? /policy 'reads'.*Invalid asset/s : /policy 'sees'.*Invalid asset/s,
        ) as string,
      });
    }
  });

  it("judges what has changed since it was asked last as it does", async () => {
    await configured();
    for (const size of [1, 1, 2]) {
      const changed = resource("plain", { inputs: { size }, outputs: { size: size + 1 } });
      const report = (await said((analyzer) => analyzer.analyze(changed, all))) as Report;
      const whole = (await said((analyzer) =>
        analyzer.analyzeStack(analyzer.stackRequest([changed], all), stackUrn),
      )) as Report;
      const messages = [...report.diagnostics, ...whole.diagnostics].map(({ message }) => message);
      expect(messages).toContainEqual(expect.stringContaining(`size ${size}`));
      expect(messages).toContainEqual(expect.stringContaining(`"size":${size + 1}`));
    }
  });

  it("answers questions that wait for each other", async () => {
    await configured();
    const reports = await said((analyzer) =>
      Promise.all(resources.map((one) => analyzer.analyze(one, all))),
    );
    expect(reports).toHaveLength(resources.length);
  });
});

describe("the process of a pack", () => {
  const rule = (more: string) => `{ name: "one", description: "d", ${more} }`;
  const judging = rule("validateResource: () => undefined");

  /** Whether two rules about the stack of a pack are shown the same resources. */
  async function sharesResources(dir: string): Promise<boolean> {
    const started = new PackProcess(packFolder(dir), stack);
    try {
      const analyzer = new Analyzer(await started.port(silence), silence);
      const request = analyzer.stackRequest(resources, all);
      const { diagnostics } = await analyzer.analyzeStack(request, stackUrn);
      analyzer.close();
      expect(diagnostics.map(({ rule: name }) => name)).toEqual(["second"]);
      return diagnostics[0]?.message === "d\nsame";
    } finally {
      started.stop();
    }
  }

  it("asks one of the policies of other types about each resource, and the others once", async () => {
    const counts = (name: string) =>
      `{ name: "${name}", description: "d", validateResource: Object.assign(({ notApplicable }) => {
        asked.${name} += 1; notApplicable(); }, { types: ["fake:index:Absent", "fake:index:None"] }) }`;
    const told = `{ name: "told", description: "d", validateResource: (_, report) => report(JSON.stringify(asked)) }`;
    const dir = packOf(`${counts("a")}, ${counts("b")}, ${told}`, "const asked = { a: 0, b: 0 };");
    const started = new PackProcess(packFolder(dir), stack);
    try {
      const analyzer = new Analyzer(await started.port(silence), silence);
      const messages: string[] = [];
      for (const name of ["x", "y", "z"]) {
        const { diagnostics } = await analyzer.analyze(resource(name), all);
        messages.push(...diagnostics.map(({ message }) => message));
      }
      await analyzer.configure(new Map());
      const { diagnostics } = await analyzer.analyze(resource("x"), all);
      messages.push(...diagnostics.map(({ message }) => message));
      analyzer.close();
      expect(messages.map((message) => message.slice(2))).toEqual([
        '{"a":1,"b":1}',
        '{"a":2,"b":1}',
        '{"a":3,"b":1}',
        '{"a":4,"b":2}',
      ]);
    } finally {
      started.stop();
    }
  });

  it("leaves a release of the SDK alone that it does not know", async () => {
    const dir = folderOf({
      "PulumiPolicy.yaml": "runtime: nodejs\n",
      "package.json": '{ "name": "made", "version": "1.0.0", "main": "index.js" }',
      "index.js": `const { PolicyPack } = require("@pulumi/policy");
        let first;
        new PolicyPack("made", { policies: [
          { name: "first", description: "d", validateStack: ({ resources }) => { first = resources[0]; } },
          { name: "second", description: "d", validateStack: ({ resources }, report) => report(resources[0] === first ? "same" : "other") },
        ] });`,
    });
    const installed = join(__dirname, "..", "..", "node_modules");
    const scope = join(dir, "node_modules", "@pulumi");
    mkdirSync(scope, { recursive: true });
    cpSync(join(installed, "@pulumi", "policy"), join(scope, "policy"), { recursive: true });
    for (const name of ["@grpc", "google-protobuf", join("@pulumi", "pulumi")])
      symlinkSync(join(installed, name), join(dir, "node_modules", name));
    expect(await sharesResources(dir)).toBe(true);
    writeFileSync(join(scope, "policy", "version.js"), `exports.version = "1.22.0";`);
    expect(await sharesResources(dir)).toBe(false);
  });

  it.each([
    [
      "a reserved name",
      `{ name: "all", description: "d", validateResource: () => undefined }`,
      "",
      'Invalid policy name "all". "all" is a reserved name.',
    ],
    [
      "a second pack",
      judging,
      `new (require("@pulumi/policy").PolicyPack)("first", { policies: [] });`,
      "Already serving policy pack 'first'. Only one policy pack may be defined per-process.",
    ],
  ])("refuses %s as the SDK does", async (_name, policies, before, fault) => {
    const dir = packOf(policies, before);
    await expect(judgeResources(dir, packDefaults, stack, [resource("plain")])).rejects.toThrow(
      `policy pack ${dir}: ${fault}`,
    );
  });
});
