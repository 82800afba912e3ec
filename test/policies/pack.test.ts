import { readFileSync } from "node:fs";
import { join } from "node:path";
import { rules } from "../../policies/rules";
import { token } from "../../policies/tokens";
import { PackDriver } from "../support/pack-driver";
import { platform, resource } from "../support/rule-platform";
import { changed, ref, registrations, unknown, urnOf } from "../support/rule-stack";

const root = join(__dirname, "../..");
const [cluster] = registrations({ cluster: resource(token.cluster, {}) }, "preview");
if (!cluster) throw new Error("expected a cluster");

describe("the pack in its own process", () => {
  let pack: PackDriver;
  beforeAll(async () => {
    pack = await PackDriver.start("policies/index.ts");
  }, 30_000);
  afterAll(() => pack.stop());
  beforeEach(() => pack.configure({}));

  it("prints its port and nothing else", () => {
    expect(pack.stdout).toMatch(/^\d+\n$/);
  });

  it("says what it is", async () => {
    const info = await pack.info();
    const manifest = JSON.parse(readFileSync(join(root, "policies/package.json"), "utf8")) as {
      version: string;
    };
    expect([info.getName(), info.getVersion()]).toEqual(["drawbridge", manifest.version]);
    expect(
      info
        .getPoliciesList()
        .map((policy) => [policy.getName(), policy.getDescription(), policy.getUrl()]),
    ).toEqual(rules.map(({ id, title, url }) => [id, title, url]));
    const admins = info
      .getPoliciesList()
      .find((policy) => policy.getName() === "eks-no-cluster-admin-entry");
    expect(admins?.getTagsList()).toEqual(["J3", "S3", "S5", "cis-eks-1.8.0:4.1.1"]);
    expect(admins?.getConfigschema()?.getProperties()?.toJavaScript()).toEqual({
      maxClusterAdmins: {
        type: "integer",
        minimum: 0,
        default: 1,
        description:
          "How many principals may have access to a whole cluster: the deployer, and break-glass roles.",
      },
    });
  });

  it.each(["preview", "finished"] as const)(
    "finds nothing wrong with the platform (%s)",
    async (phase) => {
      const { violations } = await pack.judge(registrations(platform, phase));
      expect(violations).toEqual([]);
    },
  );

  it("reports a failure with the rule's title and level", async () => {
    const broken = changed(platform, { "cluster.vpcConfig.endpointPublicAccess": true });
    const { violations } = await pack.judge(registrations(broken, "preview"));
    const urn = urnOf(token.cluster, "cluster");
    expect(violations).toEqual([
      {
        rule: "eks-private-endpoint",
        level: "mandatory",
        message:
          "The Kubernetes API is reachable only from inside the VPC\nvpcConfig.endpointPublicAccess must be false, got true",
        urn,
      },
      {
        rule: "eks-public-cidrs-never-world",
        level: "mandatory",
        message:
          "A public Kubernetes API is open to trusted networks only\nvpcConfig.publicAccessCidrs must be trusted networks: the endpoint is public, got nothing",
        urn,
      },
      {
        rule: "net-only-bastion-and-alb-public",
        level: "mandatory",
        message:
          "The internet reaches one application load balancer, and a bastion or a VPN where there is one\ncluster must not be within reach of the internet, got HTTPS 443 from 0.0.0.0/0 by an endpoint of AWS",
        urn,
      },
    ]);
  });

  it("reports what is undecided as advisory, and what is known beside it as usual", async () => {
    const { violations } = await pack.analyze({
      ...cluster,
      inputs: { vpcConfig: { endpointPublicAccess: unknown, endpointPrivateAccess: false } },
    });
    expect(violations.filter(({ rule }) => rule === "eks-private-endpoint")).toEqual([
      {
        rule: "eks-private-endpoint",
        level: "advisory",
        message: "undecided: vpcConfig.endpointPublicAccess of cluster is unknown until up",
        urn: cluster.urn,
      },
      {
        rule: "eks-private-endpoint",
        level: "mandatory",
        message:
          "The Kubernetes API is reachable only from inside the VPC\nvpcConfig.endpointPrivateAccess must be true, got false",
        urn: cluster.urn,
      },
    ]);
  });

  it("never leaves a rule to the SDK's own message about unknown values", async () => {
    const spec = Object.fromEntries(
      Object.entries(platform).map(([name, one]) => [
        name,
        {
          ...one,
          inputs: Object.fromEntries(Object.keys(one.inputs).map((key) => [key, unknown])),
        },
      ]),
    );
    const { violations } = await pack.judge(registrations(spec, "preview"));
    expect(violations).not.toEqual([]);
    expect(violations.filter(({ message }) => message.includes("during preview"))).toEqual([]);
    expect(violations.filter(({ message }) => message.includes("could not run"))).toEqual([]);
    expect(
      violations.filter(
        ({ message, level }) => message.startsWith("undecided:") && level !== "advisory",
      ),
    ).toEqual([]);
  });

  it("judges a stack by inputs when outputs are missing", async () => {
    const broken = changed(platform, {
      "private-route-a.gatewayId": ref("internet"),
      "private-route-a.natGatewayId": "",
    });
    const withoutOutputs = registrations(broken, "preview").map((one) => ({ ...one, outputs: {} }));
    const { violations } = await pack.judge(withoutOutputs);
    expect(violations.map(({ rule, urn }) => [rule, urn])).toContainEqual([
      "net-private-default-route-nat",
      urnOf(token.route, "private-route-a"),
    ]);
  });

  it("forgets the inputs of a stack before the next one", async () => {
    await pack.judge(registrations(platform, "preview"));
    const [group] = registrations(
      { "flow-group": resource(token.logGroup, { kmsKeyId: "alias/logs", retentionInDays: 1 }) },
      "preview",
    );
    if (!group) throw new Error("expected a log group");
    const other = { ...group, urn: `${group.urn}-other` };
    await pack.analyze(other);
    // The first stack's inputs for this URN said 365 days.
    const { violations } = await pack.analyzeStack([{ ...group, inputs: {} }]);
    expect(violations.map(({ rule, message }) => [rule, message.split("\n")[1]])).toEqual([
      ["log-group-encrypted", "retentionInDays must be at least 90 days, got 1"],
    ]);
  });

  it("names the rules that do not apply", async () => {
    const { notApplicable } = await pack.judge([cluster]);
    expect(notApplicable).toContainEqual({
      rule: "kms-rotation",
      reason: `Policy only applies to resources of type '${token.key}'`,
    });
    expect(notApplicable).toContainEqual({ rule: "compute-imdsv2", reason: "" });
    expect(notApplicable).toContainEqual({
      rule: "net-default-sg-locked",
      reason: `Policy only applies to resources of type '${token.vpc}'`,
    });
  });

  it("takes levels and settings from configuration", async () => {
    const open = changed(platform, {
      "cluster.deletionProtection": false,
      "cluster.upgradePolicy": {},
      second: {
        ...platform["deployer-admin"],
        inputs: {
          ...platform["deployer-admin"]?.inputs,
          principalArn: "arn:aws:iam::111122223333:role/ops",
        },
      },
    });
    await pack.configure({
      "eks-deletion-protection": { level: "advisory" },
      "eks-upgrade-policy-standard": { level: "disabled" },
      "eks-no-cluster-admin-entry": { level: "mandatory", properties: { maxClusterAdmins: 2 } },
    });
    const { violations } = await pack.judge(registrations(open, "preview"));
    expect(violations.map(({ rule, level }) => [rule, level])).toEqual([
      ["eks-deletion-protection", "advisory"],
    ]);
  });
});

describe("a pack with rules that break", () => {
  let pack: PackDriver;
  beforeAll(async () => {
    pack = await PackDriver.start(require.resolve("../support/pack-fixture"));
  }, 30_000);
  afterAll(() => pack.stop());

  it("fails the broken rules at level mandatory and keeps what they and others found", async () => {
    await pack.configure({});
    const { violations } = await pack.judge([cluster]);
    expect(violations).toEqual([
      {
        rule: "breaks-at-once",
        level: "mandatory",
        message: "the rule could not run: nobody expected this",
        urn: cluster.urn,
      },
      {
        rule: "breaks-after-a-finding",
        level: "mandatory",
        message: "the rule could not run: nobody expected this either",
        urn: cluster.urn,
      },
      {
        rule: "breaks-after-a-finding",
        level: "advisory",
        message: "Breaks later\nthe first thing is wrong",
        urn: cluster.urn,
      },
      {
        rule: "works",
        level: "advisory",
        message: "Works\ndeletionProtection must be true, got nothing",
        urn: cluster.urn,
      },
      {
        rule: "is-configured",
        level: "advisory",
        message: "Is configured\nthe limit is 1",
        urn: cluster.urn,
      },
      {
        rule: "breaks-on-a-stack",
        level: "mandatory",
        message: "the rule could not run: nobody expected this at all",
        urn: "",
      },
    ]);
  });

  it.each([
    [{ limit: 3 }, "Is configured\nthe limit is 3"],
    [{ limit: "many" }, 'the rule could not run: configuration limit must be a number, got "many"'],
  ])("is configured with %j", async (properties, message) => {
    await pack.configure({ "is-configured": { level: "advisory", properties } });
    const { violations } = await pack.analyze(cluster);
    expect(
      violations.filter(({ rule }) => rule === "is-configured").map((found) => found.message),
    ).toEqual([message]);
  });
});
