import { join } from "node:path";
import { planStack } from "../../plan/host";
import { Judge, judgeResources, packDefaults } from "../../plan/judge";
import type { GivenConfig, Judgement } from "../../plan/judge";
import { makeSecret } from "../../plan/property-values";
import { packFolder } from "../../plan/pack-process";
import type { StackInfo } from "../../plan/pack-process";
import { Redactor } from "../../plan/redactor";
import type { StackResource } from "../../plan/stack-resource";
import type { Verdict } from "../../plan/schema";
import { registered } from "../support/registered";
import { faultsOf, fixtures, folderOf, packOf } from "./files";

const base = "urn:pulumi:dev::fixture::";
const stackUrn = `${base}pulumi:pulumi:Stack::fixture-dev`;
const thing = (name: string) => `${base}fake:index:Thing::${name}`;
const first = `${base}fixture:index:Group$fake:index:Thing::group-first`;
const second = `${base}fixture:index:Group$fake:index:Thing$fake:index:Thing::group-second`;
const stack: StackInfo = { project: "fixture", stack: "dev", values: {}, secretKeys: [] };
const pack = join(fixtures, "pack");

let resources: StackResource[];

beforeAll(async () => {
  ({ resources } = await planStack({ projectDir: join(fixtures, "stack"), stack: "dev" }));
});

function judge(given: GivenConfig = packDefaults): Promise<Judgement> {
  return judgeResources(pack, given, stack, resources);
}

/** What a rule said, by resource. */
function said(verdicts: readonly Verdict[], rule: string) {
  return verdicts
    .filter((verdict) => verdict.rule === rule)
    .map(({ urn, verdict, level, message }) => [urn, verdict, level, message]);
}

describe("judgeResources", () => {
  let judgement: Judgement;
  let verdicts: Verdict[];

  beforeAll(async () => {
    judgement = await judge();
    ({ verdicts } = judgement);
  });

  it("names the pack and its enabled rules", () => {
    expect(judgement.pack).toEqual({ name: "fixture-pack", version: "1.0.0" });
    expect(judgement.rules.map(({ name }) => name)).toEqual([
      "bound",
      "leaky",
      "nothing",
      "providers",
      "target",
      "throwing",
      "throwing-stack",
      "whole-stack",
      "zones",
    ]);
    expect(judgement.rules.find(({ name }) => name === "zones")).toEqual({
      name: "zones",
      description: "What zones says.",
      scope: "resource",
      level: "mandatory",
      severity: "high",
      tags: ["R1", "CIS-1.1"],
      fix: "Do what zones says.",
      url: "https://example.com/zones",
    });
  });

  it("fills in the defaults of a rule's configuration", () => {
    expect(said(verdicts, "zones")).toEqual([
      [thing("given"), "pass", "mandatory", undefined],
      [thing("options"), "pass", "mandatory", undefined],
      [thing("plain"), "fail", "mandatory", "zones must be at least 3, got 2"],
      [second, "pass", "mandatory", undefined],
      [first, "pass", "mandatory", undefined],
    ]);
  });

  it("takes secrets to the pack and out of its messages", () => {
    expect(said(verdicts, "leaky").filter(([, verdict]) => verdict === "fail")).toEqual([
      [thing("plain"), "fail", "advisory", "password must be longer, got [secret]"],
    ]);
    expect(JSON.stringify(judgement)).not.toMatch(/hunter2|pin-4711/);
  });

  it("never passes what could not be decided", () => {
    expect(said(verdicts, "target")).toEqual([
      [thing("given"), "undecided", "mandatory", "target of given is known only after up"],
      [thing("options"), "pass", "mandatory", undefined],
      [thing("plain"), "pass", "mandatory", undefined],
      [second, "undecided", "mandatory", "string value at .target can't be known during preview"],
      [first, "pass", "mandatory", undefined],
    ]);
  });

  it("shows rules the provider and the parent of a resource", () => {
    expect(
      said(verdicts, "providers")
        .filter(([, verdict]) => verdict === "fail")
        .map(([urn, , , message]) => [urn, message]),
    ).toEqual([
      [thing("given"), `south-1 under ${stackUrn}`],
      [second, `south-1 under ${first}`],
      [first, `south-1 under ${base}fixture:index:Group::group`],
    ]);
  });

  it("fails a rule that throws and still asks the others", () => {
    expect(said(verdicts, "throwing")).toEqual([
      [thing("given"), "pass", "mandatory", undefined],
      [thing("options"), "pass", "mandatory", undefined],
      [
        thing("plain"),
        "fail",
        "mandatory",
        "the rule could not run: TypeError: zones is not iterable",
      ],
      [second, "pass", "mandatory", undefined],
      [first, "pass", "mandatory", undefined],
    ]);
    expect(said(verdicts, "throwing-stack")).toEqual([
      [stackUrn, "fail", "mandatory", "the rule could not run: no stack\nsecond line"],
    ]);
  });

  it("lets stack rules follow references and see every resource", () => {
    expect(said(verdicts, "bound")).toEqual([[stackUrn, "pass", "mandatory", undefined]]);
    expect(said(verdicts, "whole-stack")).toEqual([
      [
        stackUrn,
        "fail",
        "advisory",
        "9 resources, fake:index:Thing fake:index:Thing fake:index:Thing fake:index:Thing fake:index:Thing fixture:index:Group pulumi:providers:fake pulumi:providers:fake pulumi:pulumi:Stack",
      ],
    ]);
  });

  it("lists a rule that applied to nothing once", () => {
    expect(said(verdicts, "nothing")).toEqual([
      [stackUrn, "notApplicable", "mandatory", "there is no such type"],
    ]);
  });

  it("leaves disabled rules out", () => {
    expect(said(verdicts, "off")).toEqual([]);
  });

  it("takes configuration for one rule and for all", async () => {
    const { verdicts: configured } = await judge({
      rules: new Map([
        ["all", { level: "advisory" as const }],
        ["zones", { level: "mandatory" as const, properties: { fewest: 2 } }],
        ["throwing", { level: "disabled" as const }],
      ]),
    });
    expect(said(configured, "zones").map(([, verdict]) => verdict)).toEqual(
      Array.from({ length: 5 }, () => "pass"),
    );
    expect(said(configured, "throwing")).toEqual([]);
    expect(said(configured, "off")).toHaveLength(5);
    const blocking = configured.filter(
      ({ verdict, level }) => verdict === "fail" && level === "mandatory",
    );
    expect(blocking.map(({ rule }) => rule)).toEqual(["throwing-stack"]);
  });

  it.each([
    [
      "an unknown rule",
      new Map([["zone", { level: "advisory" as const }]]),
      "config.json: zone must be a rule of the pack; the rules are bound, leaky, nothing, off, providers, target, throwing, throwing-stack, whole-stack, zones",
    ],
    [
      "a value of the wrong type",
      new Map([["zones", { properties: { fewest: "two" } }]]),
      'config.json: zones: fewest must be integer, got "two"',
    ],
  ])("fails %s in the configuration", async (_name, rules, fault) => {
    await expect(judge({ rules, file: "config.json" })).rejects.toThrow(fault);
  });

  it("says why a pack does not start", async () => {
    const broken = join(fixtures, "broken-pack");
    await expect(judgeResources(broken, packDefaults, stack, resources)).rejects.toThrow(
      `policy pack ${broken}: the list of rules is missing`,
    );
  });
});

describe("remediation", () => {
  const remediating = join(fixtures, "remediating-pack");

  it("changes the inputs of a planned resource before they are judged", async () => {
    const running = new Judge(packFolder(remediating), stack, packDefaults);
    try {
      const one = resources.find(({ urn }) => urn === first);
      expect(one).toBeDefined();
      expect(await running.admit(one as StackResource)).toEqual({ size: 3 });
      const { verdicts, remediated } = await running.finish([one as StackResource], new Redactor());
      expect(remediated).toEqual([{ rule: "size", urn: first }]);
      expect(said(verdicts, "size")).toEqual([[first, "pass", "remediate", undefined]]);
    } finally {
      running.stop();
    }
  });

  it("only reports what it would change of an existing resource", async () => {
    const { verdicts, remediated } = await judgeResources(
      remediating,
      packDefaults,
      stack,
      resources.filter(({ urn }) => urn === first),
    );
    expect(remediated).toEqual([{ rule: "size", urn: first }]);
    expect(said(verdicts, "size")).toEqual([[first, "fail", "mandatory", "size must be 3, got 1"]]);
  });
});

describe("a rule that corrects named types", () => {
  // It corrects whatever it is asked about, which shows whether it was asked.
  const correct = "({ props }) => ({ ...props, asked: true })";
  const rule = (name: string, remediate: string) =>
    `{ name: "${name}", description: "d", enforcementLevel: "remediate", remediateResource: ${remediate} }`;
  const marked = `Object.assign(${correct}, { types: ["fake:index:Thing"] })`;
  const of = (type: string) => registered({ urn: thing("one"), type, name: "one", inputs: {} });

  it.each([
    ["is asked about these", [rule("one", marked)], "fake:index:Thing", { asked: true }],
    ["is asked about no others", [rule("one", marked)], "fake:index:Other", undefined],
    [
      "is asked about others beside one that names none",
      [rule("one", marked), rule("two", "() => undefined")],
      "fake:index:Other",
      { asked: true },
    ],
  ])("%s", async (_what, rules, type, expected) => {
    const running = new Judge(packFolder(packOf(rules.join())), stack, packDefaults);
    try {
      expect(await running.admit(of(type))).toEqual(expected);
    } finally {
      running.stop();
    }
  });
});

describe("secrets", () => {
  const secret = (value: unknown) => makeSecret(value);
  const tier = `{
    name: "tier", description: "t", enforcementLevel: "remediate",
    remediateResource: ({ props }) => ({ ...props, tier: "x", copy: "of " + props.password }),
    validateResource: ({ props }, report) => report("got " + props.password),
  }`;
  const one = registered({
    urn: thing("one"),
    type: "fake:index:Thing",
    name: "one",
    inputs: { password: secret("hunter2-hunter2") },
  });

  it("stay secret in what a rule changes", async () => {
    const running = new Judge(packFolder(packOf(tier)), stack, packDefaults);
    try {
      expect(await running.admit(one)).toEqual({
        password: secret("hunter2-hunter2"),
        tier: "x",
        copy: secret("of hunter2-hunter2"),
      });
    } finally {
      running.stop();
    }
  });

  it("of outputs are taken out of what stack rules say", async () => {
    const rule = `{
      name: "says", description: "s", enforcementLevel: "mandatory",
      validateStack: ({ resources }, report) => report(JSON.stringify(resources.map((r) => r.props))),
    }`;
    const component = { ...one, custom: false, inputs: {}, outputs: { o: secret("pin-4711") } };
    const { verdicts } = await judgeResources(packOf(rule), packDefaults, stack, [component]);
    expect(verdicts.map(({ message }) => message)).toEqual(['[{"o":"[secret]"}]']);
  });
});

// Each starts several processes, and some of them wait for silence.
jest.setTimeout(60_000);

describe("rules that cannot run", () => {
  const rule = (name: string, body: string) => `{
    name: "${name}", description: "d", enforcementLevel: "mandatory",
    validateResource: async ({ name, props }, report) => { ${body} },
  }`;
  const quiet = rule(
    "quiet",
    `if (name === "b") report("seen");
    if (name === "c") await new Promise((resolve) => setTimeout(resolve, 200));`,
  );
  const named = (name: string) => registered({ urn: thing(name), type: "fake:index:Thing", name });
  const things = ["a", "b", "c"].map(named);
  const run = (...rules: string[]) =>
    judgeResources(packOf(rules.join()), packDefaults, stack, things, {
      start: 60_000,
      answer: 3000,
    });
  const failures = async (...rules: string[]) =>
    (await run(...rules)).verdicts
      .filter(({ verdict }) => verdict === "fail")
      .map(({ rule: name, urn, message }) => [name, urn, message]);

  it.each([
    ["ends the process", "process.exit(3);", "ended with exit code 3 and wrote no error"],
    ["rejects a promise", `Promise.reject(new Error("lost it"));`, "lost it"],
    ["never answers", "await new Promise(() => {});", "it did not answer within 3 s"],
    ["computes for ever", "for (;;) {}", "it did not answer within 3 s"],
  ])("fails a rule that %s, and asks the others", async (_name, body, reason) => {
    expect(await failures(quiet, rule("deadly", `if (name === "b") { ${body} }`))).toEqual([
      ["deadly", thing("b"), `the rule could not run: ${reason}`],
      ["quiet", thing("b"), "seen"],
    ]);
  });

  it("asks a rule that ended the process about nothing else, and passes nothing for it", async () => {
    const { verdicts } = await run(quiet, rule("deadly", "process.exit(3);"));
    const of = verdicts.filter((verdict) => verdict.rule === "deadly");
    expect(of.map(({ verdict }) => verdict)).toEqual(["fail"]);
    expect(said(verdicts, "quiet").map(([, verdict]) => verdict)).toEqual(["pass", "fail", "pass"]);
  });

  it("is a fault when a rule ends the process after its answer", async () => {
    const late = `if (name === "b") setTimeout(() => { throw new Error("lost it") }, 20);`;
    await expect(run(quiet, rule("late", late))).rejects.toThrow(/^policy pack .*: lost it/);
  });

  it("is a fault when the process ends and no rule can be found", async () => {
    const once = rule(
      "once",
      `const fs = require("node:fs");
      if (fs.existsSync(__dirname + "/ended")) return;
      fs.writeFileSync(__dirname + "/ended", "");
      console.error("lost it");
      process.exit(3);`,
    );
    await expect(run(once)).rejects.toThrow(/^policy pack .*: lost it/);
  });

  it("lets the others change a resource when one cannot", async () => {
    const remediate = (name: string, body: string) => `{
      name: "${name}", description: "d", enforcementLevel: "remediate",
      remediateResource: ({ props }) => { ${body} },
    }`;
    const rules = [
      remediate("first", "return { ...props, first: true };"),
      remediate("throwing", `throw new Error("no props");`),
      remediate("exiting", "process.exit(3);"),
      remediate("last", "return { ...props, last: true };"),
    ];
    const running = new Judge(packFolder(packOf(rules.join())), stack, packDefaults);
    try {
      expect(await running.admit(named("a"))).toEqual({ first: true, last: true });
      const { verdicts, remediated } = await running.finish([named("a")], new Redactor());
      expect(remediated.map((each) => each.rule)).toEqual(["first", "last"]);
      expect(verdicts.filter(({ verdict }) => verdict === "fail")).toHaveLength(2);
    } finally {
      running.stop();
    }
  });

  it.each([
    ["text", `console.log("starting");`, `"starting"`],
    ["a number that is no port", `console.log("123456");`, `"123456"`],
  ])("says that the port must come first, not %s", async (_name, before, got) => {
    const dir = packOf(quiet, before);
    await expect(judgeResources(dir, packDefaults, stack, things)).rejects.toThrow(
      `policy pack ${dir}: the first line that it prints on stdout must be its port, got ${got}; print on stderr (console.error) or after the pack is made`,
    );
  });

  it("takes no later line for the port", async () => {
    await expect(
      judgeResources(packOf(quiet, `console.log("starting\\n4711");`), packDefaults, stack, things),
    ).rejects.toThrow(`got "starting"`);
  });

  it("gives up on a pack that does not start", async () => {
    const dir = packOf(quiet, "for (;;) {}");
    await expect(
      judgeResources(dir, packDefaults, stack, things, { start: 2000, answer: 2000 }),
    ).rejects.toThrow(`policy pack ${dir}: it did not start within 2 s`);
  });
});

describe("packFolder", () => {
  it.each([
    ["no pack", {}, "policy pack must be a folder with a file PulumiPolicy.yaml, got DIR"],
    [
      "a pack in another language",
      { "PulumiPolicy.yaml": "runtime: python\n" },
      "DIR/PulumiPolicy.yaml: runtime must be nodejs",
    ],
    [
      "a pack without its program",
      { "PulumiPolicy.yaml": "runtime: nodejs\n", "package.json": '{ "main": "absent.ts" }' },
      "DIR/package.json: main must be a file, got absent.ts",
    ],
  ])("fails for %s", (_name, files, fault) => {
    const dir = folderOf(files);
    expect(faultsOf(() => packFolder(dir))).toEqual([fault.replace("DIR", dir)]);
  });
});
