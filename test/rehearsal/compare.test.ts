import type { PlannedResource, Verdict } from "../../plan/schema";
import { unknownValue } from "./aws/cloud";
import {
  compareVerdicts,
  compareWithPreview,
  compareWithState,
  describeDifferences,
  type Difference,
  type SavedPlan,
} from "./compare";
import type { PolicyEvent, StateResource } from "./engine";

const stackUrn = "urn:pulumi:dev::drawbridge::pulumi:pulumi:Stack::drawbridge-dev";
const vpcUrn = "urn:pulumi:dev::drawbridge::aws:ec2/vpc:Vpc::vpc";
const providerUrn = "urn:pulumi:dev::drawbridge::pulumi:providers:aws::aws";
const urn = "urn:pulumi:dev::drawbridge::aws:ec2/subnet:Subnet::subnet";

const planned: PlannedResource = {
  urn,
  type: "aws:ec2/subnet:Subnet",
  name: "subnet",
  custom: true,
  inputs: {
    cidrBlock: "10.0.0.0/24",
    password: "[secret]",
    tags: { Name: "a" },
    vpcId: unknownValue,
    zones: ["a", unknownValue],
  },
  parent: stackUrn,
  dependencies: [vpcUrn, providerUrn],
  propertyDependencies: { cidrBlock: [], vpcId: [vpcUrn] },
  provider: providerUrn,
  options: { protect: true, ignoreChanges: ["tags"], deletedWith: vpcUrn },
};

const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

const goal = {
  type: "aws:ec2/subnet:Subnet",
  name: "subnet",
  custom: true,
  inputDiff: { adds: { ...planned.inputs, password: { ...secret, ciphertext: "v1:abc" } } },
  parent: stackUrn,
  protect: true,
  dependencies: [providerUrn, vpcUrn],
  propertyDependencies: { vpcId: [vpcUrn], cidrBlock: null },
  provider: `${providerUrn}::${unknownValue}`,
  ignoreChanges: ["tags"],
  additionalSecretOutputs: [],
  customTimeouts: {},
};

type Goal = NonNullable<SavedPlan["resourcePlans"][string]["goal"]>;

const saved = (changes: Partial<Goal> = {}): SavedPlan => ({
  resourcePlans: { [urn]: { goal: { ...goal, ...changes } } },
});

describe("compareWithPreview", () => {
  it("leaves out former types, which a saved plan does not keep, and compares whole aliases", () => {
    const former = { type: "aws:ec2/subnetV2:SubnetV2", parent: stackUrn };
    const withAliases = (aliases: NonNullable<PlannedResource["options"]["aliases"]>) => [
      { ...planned, options: { ...planned.options, aliases } },
    ];
    expect(compareWithPreview(withAliases([former]), saved())).toEqual([]);
    expect(compareWithPreview(withAliases([vpcUrn]), saved({ aliases: [vpcUrn] }))).toEqual([]);
    expect(compareWithPreview(withAliases([vpcUrn]), saved())).toHaveLength(1);
  });

  it("leaves out the engine's hash of an archive, and no other", () => {
    const archive = (hash: object) => ({
      "4dabf18193072939515e22adb298388d": "0def7320c3a5731c473e5ecbe6d01bc7",
      assets: { file: { text: "a", hash: "1" } },
      ...hash,
    });
    const adds = { ...planned.inputs, password: { ...secret }, code: archive({ hash: "2" }) };
    const withCode = { ...planned, inputs: { ...planned.inputs, code: archive({}) } };
    expect(compareWithPreview([withCode], saved({ inputDiff: { adds } }))).toEqual([]);
    const other = { ...adds, code: { ...archive({}), assets: { file: { text: "a", hash: "3" } } } };
    expect(compareWithPreview([withCode], saved({ inputDiff: { adds: other } }))).toHaveLength(1);
  });

  it("finds nothing where the engine says the same in its own words", () => {
    expect(compareWithPreview([planned], saved())).toEqual([]);
  });

  const other: [string, Partial<Goal>, Omit<Difference, "urn">][] = [
    ["type", { type: "x" }, { path: "type", plan: "aws:ec2/subnet:Subnet", engine: "x" }],
    ["name", { name: "x" }, { path: "name", plan: "subnet", engine: "x" }],
    ["component", { custom: false }, { path: "custom", plan: true, engine: false }],
    ["parent", { parent: vpcUrn }, { path: "parent", plan: stackUrn, engine: vpcUrn }],
    [
      "provider",
      { provider: `${vpcUrn}::id` },
      { path: "provider", plan: providerUrn, engine: vpcUrn },
    ],
    [
      "dependency",
      { dependencies: [vpcUrn] },
      { path: "dependencies", plan: [vpcUrn, providerUrn], engine: [vpcUrn] },
    ],
    [
      "property dependency",
      { propertyDependencies: { vpcId: [providerUrn], cidrBlock: [] } },
      { path: "propertyDependencies.vpcId", plan: [vpcUrn], engine: [providerUrn] },
    ],
    ["protection", { protect: false }, { path: "options.protect", plan: true, engine: undefined }],
    [
      "ignored change",
      { ignoreChanges: [] },
      { path: "options.ignoreChanges", plan: ["tags"], engine: undefined },
    ],
    [
      "secret output",
      { additionalSecretOutputs: ["token"] },
      { path: "options.additionalSecretOutputs", plan: undefined, engine: ["token"] },
    ],
    [
      "order of replacement",
      { deleteBeforeReplace: true },
      { path: "options.deleteBeforeReplace", plan: undefined, engine: true },
    ],
    [
      "timeout",
      { customTimeouts: { create: 600 } },
      { path: "options.customTimeouts", plan: undefined, engine: { create: 600 } },
    ],
  ];
  it.each(other)("finds another %s", (_facet, changes, difference) => {
    expect(compareWithPreview([planned], saved(changes))).toEqual([{ urn, ...difference }]);
  });

  const otherInputs: [string, Record<string, unknown>, Omit<Difference, "urn">][] = [
    [
      "value",
      { cidrBlock: "10.0.1.0/24" },
      { path: "inputs.cidrBlock", plan: "10.0.0.0/24", engine: "10.0.1.0/24" },
    ],
    ["nested value", { tags: { Name: "b" } }, { path: "inputs.tags.Name", plan: "a", engine: "b" }],
    [
      "value that only the engine knows",
      { vpcId: "vpc-1" },
      { path: "inputs.vpcId", plan: unknownValue, engine: "vpc-1" },
    ],
    [
      "value that is no secret to the engine",
      { password: "open" },
      { path: "inputs.password", plan: "[secret]", engine: "open" },
    ],
    ["further input", { more: 1 }, { path: "inputs.more", plan: undefined, engine: 1 }],
  ];
  it.each(otherInputs)("finds another %s", (_facet, inputs, difference) => {
    const adds = { ...goal.inputDiff.adds, ...inputs };
    expect(compareWithPreview([planned], saved({ inputDiff: { adds } }))).toEqual([
      { urn, ...difference },
    ]);
  });

  it("finds resources that one side alone registers, in the order of their URNs", () => {
    const { resourcePlans } = saved();
    const more = { resourcePlans: { [vpcUrn]: resourcePlans[urn] ?? {} } };
    expect(compareWithPreview([planned], more)).toEqual([
      { urn, path: "resource", plan: "registered", engine: undefined },
      { urn: vpcUrn, path: "resource", plan: undefined, engine: "registered" },
    ]);
  });
});

describe("compareWithState", () => {
  const outcome = (changes: Partial<StateResource> = {}): StateResource => ({
    urn,
    type: "aws:ec2/subnet:Subnet",
    inputs: {
      cidrBlock: "10.0.0.0/24",
      password: { ...secret, ciphertext: "v1:abc" },
      tags: { Name: "a" },
      vpcId: "vpc-1",
      zones: ["a", "b"],
    },
    protect: true,
    ignoreChanges: ["tags"],
    deletedWith: vpcUrn,
    ...changes,
  });

  it("finds nothing where all that the plan knew has come true", () => {
    expect(compareWithState([planned], [outcome()])).toEqual([]);
  });

  it("lets what was there before keep the values of ignoreChanges, and no others", () => {
    const old = outcome({ inputs: { ...outcome().inputs, tags: { Name: "b" }, vpcId: "vpc-2" } });
    expect(compareWithState([planned], [old], [outcome()])).toEqual([]);
    const another = outcome({ inputs: { ...old.inputs, cidrBlock: "10.0.1.0/24" } });
    expect(compareWithState([planned], [another], [outcome()])).toMatchObject([
      { path: "inputs.cidrBlock" },
    ]);
  });

  const other: [string, Partial<StateResource>, Omit<Difference, "urn">][] = [
    [
      "value than the plan knew",
      { inputs: { ...outcome().inputs, tags: { Name: "b" } } },
      { path: "inputs.tags.Name", plan: "a", engine: "b" },
    ],
    [
      "known element beside an unknown one",
      { inputs: { ...outcome().inputs, zones: ["c", "b"] } },
      { path: "inputs.zones[0]", plan: "a", engine: "c" },
    ],
    [
      "number of elements",
      { inputs: { ...outcome().inputs, zones: ["a"] } },
      { path: "inputs.zones", plan: ["a", unknownValue], engine: ["a"] },
    ],
    [
      "value, which is still unknown",
      { inputs: { ...outcome().inputs, cidrBlock: unknownValue } },
      { path: "inputs.cidrBlock", plan: "10.0.0.0/24", engine: unknownValue },
    ],
    [
      "resource to be deleted with",
      { deletedWith: stackUrn },
      { path: "options.deletedWith", plan: vpcUrn, engine: stackUrn },
    ],
    [
      "retention",
      { retainOnDelete: true },
      { path: "options.retainOnDelete", plan: undefined, engine: true },
    ],
  ];
  it.each(other)("finds another %s", (_facet, changes, difference) => {
    expect(compareWithState([planned], [outcome(changes)])).toEqual([{ urn, ...difference }]);
  });
});

describe("compareVerdicts", () => {
  const failure: Verdict = {
    rule: "net-x",
    urn,
    verdict: "fail",
    severity: "high",
    level: "mandatory",
    message: "vpcId must be private,\ngot public",
  };
  const event: PolicyEvent = {
    resourceUrn: urn,
    policyName: "net-x",
    message: "Title of the rule\nvpcId must be private,\ngot public\n",
    enforcementLevel: "mandatory",
    severity: "high",
  };
  const undecided: Verdict = {
    ...failure,
    verdict: "undecided",
    message: "vpcId is unknown until up",
  };
  const undecidedEvent: PolicyEvent = {
    ...event,
    message: "undecided: vpcId is unknown until up\n",
    enforcementLevel: "advisory",
  };

  const agreed: [string, Verdict[], PolicyEvent[]][] = [
    ["a failure", [failure], [event]],
    ["an undecided rule", [undecided], [undecidedEvent]],
    [
      "a rule that the SDK could not run",
      [{ ...undecided, message: "string value at .vpcId can't be known during preview" }],
      [
        {
          ...undecidedEvent,
          message:
            "can't run policy 'net-x' from policy pack 'p@v1' during preview: string value at .vpcId can't be known during preview",
        },
      ],
    ],
    [
      "a rule that applied to nothing",
      [{ ...failure, urn: stackUrn, verdict: "notApplicable", message: "no VPC" }],
      [],
    ],
    ["a failure told twice", [failure], [event, event]],
  ];
  it.each(agreed)("finds nothing in %s", (_case, verdicts, events) => {
    expect(compareVerdicts(verdicts, events, [], stackUrn)).toEqual([]);
  });

  it("takes a rule that only has notes as one that passes", () => {
    const note = { ...event, message: "note: Exposure: HTTPS 443", enforcementLevel: "advisory" };
    const pass: Verdict = {
      rule: "net-x",
      urn: stackUrn,
      verdict: "pass",
      severity: "high",
      level: "mandatory",
    };
    expect(compareVerdicts([pass], [note], [], stackUrn)).toEqual([]);
    expect(compareVerdicts([failure], [note, event], [], stackUrn)).toEqual([]);
  });

  it("takes passes from the engine's summaries, of the stack where they name no resource", () => {
    const pass = (rule: string, of: string): Verdict => ({
      rule,
      urn: of,
      verdict: "pass",
      severity: "low",
      level: "advisory",
    });
    const summaries = [{ resourceUrn: urn, passed: ["net-x"] }, { passed: ["net-y"] }];
    const passes = [pass("net-x", urn), pass("net-y", stackUrn)];
    expect(compareVerdicts(passes, [], summaries, stackUrn)).toEqual([]);
    expect(compareVerdicts(passes.slice(1), [], summaries, stackUrn)).toEqual([
      { urn, path: "verdict of net-x", plan: undefined, engine: { verdict: "pass" } },
    ]);
  });

  const told = {
    verdict: "fail",
    severity: "high",
    level: "mandatory",
    message: "vpcId must be private,\ngot public",
  };
  const disagreed: [string, Partial<PolicyEvent>, Record<string, unknown>][] = [
    ["level", { enforcementLevel: "advisory" }, { ...told, level: "advisory" }],
    ["severity", { severity: "low" }, { ...told, severity: "low" }],
    ["message", { message: "Title\nother" }, { ...told, message: "other" }],
  ];
  it.each(disagreed)("finds another %s", (_facet, changes, engine) => {
    const differences = compareVerdicts([failure], [{ ...event, ...changes }], [], stackUrn);
    const where = { urn, path: "verdict of net-x" };
    expect(differences).toHaveLength(2);
    expect(differences).toContainEqual({ ...where, plan: told, engine: undefined });
    expect(differences).toContainEqual({ ...where, plan: undefined, engine });
  });

  it("finds a failure that the engine takes for undecided", () => {
    const differences = compareVerdicts([failure], [undecidedEvent], [], stackUrn);
    expect(
      differences.map(({ plan, engine }) => [plan !== undefined, engine !== undefined]),
    ).toEqual(
      expect.arrayContaining([
        [true, false],
        [false, true],
      ]),
    );
  });

  it("finds a failure of another resource", () => {
    const elsewhere = { ...event, resourceUrn: vpcUrn };
    const differences = compareVerdicts([failure], [elsewhere], [], stackUrn);
    expect(differences.map((difference) => difference.urn).toSorted()).toEqual([urn, vpcUrn]);
  });
});

describe("describeDifferences", () => {
  it("says where, and what either side has", () => {
    const difference = { urn, path: "inputs.vpcId", plan: "a", engine: undefined };
    expect(describeDifferences([difference])).toBe(
      `${urn}: inputs.vpcId\n  plan:   "a"\n  engine: (absent)`,
    );
  });
});
