import { join } from "node:path";
import { estimate } from "../../../plan/cost/estimate";
import type { Price } from "../../../plan/cost/price-list";
import { readPrices } from "../../../plan/cost/price-list";
import { planStack } from "../../../plan/host";
import { unknownValue } from "../../../plan/property-values";
import { costLines } from "../../../plan/report/cost";
import type { PlannedResource } from "../../../plan/schema";
import { plannedResource } from "../../../plan/stack-resource";

// The whole program runs, beside other tests.
jest.setTimeout(60_000);

const provider = "urn:pulumi:dev::demo::pulumi:providers:aws::aws";

function resource(
  type: string,
  name: string,
  inputs: Record<string, unknown> = {},
  propertyDependencies: Record<string, string[]> = {},
): PlannedResource {
  const urn = urnOf(type, name);
  const common = { urn, type, name, custom: true, inputs, dependencies: [], propertyDependencies };
  return { ...common, options: {}, provider };
}

const urnOf = (type: string, name: string) => `urn:pulumi:dev::demo::${type}::${name}`;

const region: PlannedResource = {
  ...resource("pulumi:providers:aws", "aws", { region: "eu-west-1" }),
  urn: provider,
};

function price(
  service: string,
  usage: string,
  amount: number,
  unit: Price["unit"] = "hour",
): Price {
  const operation = usage.startsWith("BoxUsage:") ? { operation: "RunInstances" } : {};
  const about = {
    currency: "USD",
    source: `https://example.com/${service}`,
    date: "2026-09-25",
  } as const;
  return { service, region: "eu-west-1", usage, ...operation, unit, price: amount, ...about };
}

const prices = [
  price("AmazonEC2", "NatGateway-Hours", 0.048),
  price("AmazonEC2", "RegionalNatGateway-Hours", 0.05),
  price("AmazonEC2", "BoxUsage:m7g.large", 0.091),
  price("AmazonEC2", "EBS:VolumeUsage.gp3", 0.088, "GB-month"),
  price("AmazonVPC", "PublicIPv4:InUseAddress", 0.005),
  price("AmazonVPC", "VpcEndpoint-Hours", 0.011),
  price("AmazonEKS", "AmazonEKS-Hours:perCluster", 0.1),
  price("AmazonES", "ESInstance:r7g.large", 0.2),
  price("AmazonES", "ES:GP3-Storage", 0.13, "GB-month"),
  price("awswaf", "WebACLV2", 5, "month"),
  price("awswaf", "RuleV2", 1, "month"),
  price("awskms", "KMS-Keys", 1, "month"),
  { ...price("AWSELB", "LoadBalancerUsage", 0.0252), operation: "LoadBalancing:Application" },
];

const of = (...resources: PlannedResource[]) => estimate([region, ...resources], prices);
const priced = (...resources: PlannedResource[]) =>
  of(...resources).parts.map(({ part, amount, monthly }) => [part, amount, monthly]);
const unpriced = (...resources: PlannedResource[]) =>
  of(...resources).unpriced.map(({ part, reason }) => `${part}: ${reason}`);

const templateType = "aws:ec2/launchTemplate:LaunchTemplate";
const template = resource(templateType, "general", {
  blockDeviceMappings: [
    { deviceName: "/dev/xvda", ebs: { volumeType: "gp3" } },
    { deviceName: "/dev/xvdb", ebs: { volumeType: "gp3", volumeSize: 50 } },
  ],
  monitoring: { enabled: true },
});
const group = (more: Record<string, unknown> = {}) =>
  resource(
    "aws:eks/nodeGroup:NodeGroup",
    "general",
    {
      instanceTypes: ["m7g.large", "m6g.large"],
      capacityType: "ON_DEMAND",
      scalingConfig: { minSize: 2, maxSize: 4 },
      subnetIds: [unknownValue, unknownValue, unknownValue],
      ...more,
    },
    { launchTemplate: [urnOf(templateType, "general")] },
  );
const subnets = ["a", "b", "c"].map((zone) =>
  resource("aws:ec2/subnet:Subnet", zone, { availabilityZone: `eu-west-1${zone}` }),
);
const address = resource("aws:ec2/eip:Eip", "nat");
const nat = resource(
  "aws:ec2/natGateway:NatGateway",
  "nat",
  { connectivityType: "public" },
  { allocationId: [address.urn] },
);
const domain = (clusterConfig: Record<string, unknown>) =>
  resource("aws:opensearch/domain:Domain", "logs", {
    clusterConfig: { instanceType: "r7g.large.search", instanceCount: 3, ...clusterConfig },
    ebsOptions: { ebsEnabled: true, volumeType: "gp3", volumeSize: 100 },
  });

describe("estimate", () => {
  it("adds up what is alike, in whole cents", () => {
    const cost = of(nat, { ...nat, urn: `${nat.urn}2` }, address);
    expect(cost.parts).toEqual([
      {
        part: "NAT gateways",
        region: "eu-west-1",
        service: "AmazonEC2",
        usage: "NatGateway-Hours",
        unit: "hour",
        amount: 2,
        resources: 2,
        price: 0.048,
        monthly: 70.08,
        source: "https://example.com/AmazonEC2",
        date: "2026-09-25",
      },
      expect.objectContaining({ part: "public IPv4 addresses", monthly: 3.65 }),
    ]);
    expect([cost.monthly, cost.currency, cost.hoursPerMonth]).toEqual([73.73, "USD", 730]);
  });

  it.each([
    ["EKS", resource("aws:eks/cluster:Cluster", "c"), [["EKS control plane", 1, 73]]],
    ["a key", resource("aws:kms/key:Key", "k"), [["KMS keys", 1, 1]]],
    [
      "an interface endpoint in each of its zones",
      resource("aws:ec2/vpcEndpoint:VpcEndpoint", "e", {
        vpcEndpointType: "Interface",
        subnetIds: [unknownValue, unknownValue],
      }),
      [["VPC endpoints, in each zone", 2, 16.06]],
    ],
    ["no gateway endpoint", resource("aws:ec2/vpcEndpoint:VpcEndpoint", "e"), []],
    [
      "an open load balancer with an address in each zone",
      resource("aws:lb/loadBalancer:LoadBalancer", "l", { internal: false, subnets: ["a", "b"] }),
      [
        ["load balancers, application", 1, 18.4],
        ["public IPv4 addresses", 2, 7.3],
      ],
    ],
    [
      "a private load balancer without addresses",
      resource("aws:lb/loadBalancer:LoadBalancer", "l", { internal: true, subnets: ["a", "b"] }),
      [["load balancers, application", 1, 18.4]],
    ],
    [
      "a firewall by its rules",
      resource("aws:wafv2/webAcl:WebAcl", "w", { rules: [{}, {}, {}] }),
      [
        ["WAF: rules", 3, 3],
        ["WAF: web ACLs", 1, 5],
      ],
    ],
    [
      "a log store by data nodes, masters and volumes",
      domain({
        dedicatedMasterEnabled: true,
        dedicatedMasterCount: 3,
        dedicatedMasterType: "r7g.large.search",
      }),
      [
        ["log store, data nodes: r7g.large", 3, 438],
        ["log store, dedicated masters: r7g.large", 3, 438],
        ["log store, volumes: gp3", 300, 39],
      ],
    ],
    ["nothing for a network", resource("aws:ec2/vpc:Vpc", "v"), []],
    ["nothing for permissions", resource("aws:iam/role:Role", "r"), []],
  ])("prices %s", (_name, one, expected) => {
    expect(priced(one)).toEqual(expected);
  });

  it("prices a regional NAT gateway and its own addresses in each zone", () => {
    const regional = resource("aws:ec2/natGateway:NatGateway", "nat", {
      availabilityMode: "regional",
    });
    expect(priced(...subnets, regional)).toEqual([
      ["NAT gateway, in each zone", 3, 109.5],
      ["public IPv4 addresses", 3, 10.95],
    ]);
  });

  it("prices nodes at their minimum by their first type, and the volumes of their template", () => {
    expect(priced(group(), template)).toEqual([
      ["nodes of general: m7g.large", 2, 132.86],
      ["volumes of general, /dev/xvdb: gp3", 100, 8.8],
    ]);
    expect(unpriced(group(), template)).toEqual([
      "detailed monitoring of general: CloudWatch bills by metric",
      "volumes of general, /dev/xvda: the image decides the size",
    ]);
  });

  it.each([
    ["Spot", group({ capacityType: "SPOT" }), "nodes of general: Spot has a price of the market"],
    [
      "a type without a price",
      group({ instanceTypes: ["m9g.large"] }),
      "nodes of general: m9g.large: no price with a source for BoxUsage:m9g.large in eu-west-1",
    ],
    [
      "a type that is unknown",
      group({ instanceTypes: [unknownValue] }),
      "nodes of general: the plan does not know the instance type",
    ],
    [
      "a number that is unknown",
      group({ scalingConfig: unknownValue }),
      "nodes of general: m7g.large: the plan does not know how many",
    ],
    [
      "an endpoint whose zones are unknown",
      resource("aws:ec2/vpcEndpoint:VpcEndpoint", "e", {
        vpcEndpointType: "Interface",
        subnetIds: unknownValue,
      }),
      "VPC endpoints, in each zone: the plan does not know its zones",
    ],
    ["what is billed by use", resource("aws:s3/bucket:Bucket", "b"), "S3 buckets: billed by use"],
    [
      "a type that nobody thought of",
      resource("aws:rds/instance:Instance", "db"),
      "aws:rds/instance:Instance: the estimate does not know the type",
    ],
    [
      "another cloud",
      resource("gcp:storage/bucket:Bucket", "b"),
      "resources of gcp: the estimate knows resources of aws only",
    ],
  ])("lists %s as unpriced", (_name, one, expected) => {
    expect(unpriced(one)).toContain(expected);
    expect(of(one).parts.filter(({ part }) => expected.startsWith(part))).toEqual([]);
  });

  it("has nothing to say of settings in Vault, which are on servers", () => {
    expect(unpriced(resource("vault:index/mount:Mount", "pki"))).toEqual([]);
  });

  it("has no price where the region has none, or is unknown", () => {
    const far = resource("aws:ec2/natGateway:NatGateway", "far", { region: "us-west-2" });
    const lost = { ...nat, provider: urnOf("pulumi:providers:aws", "other") };
    expect(unpriced(far, lost)).toEqual([
      "NAT gateways: the plan does not know the region",
      "NAT gateways: no price with a source for NatGateway-Hours in us-west-2",
    ]);
  });

  it.each(["", "a bill"])("takes no price whose source is %j", (source) => {
    const rumour = prices.map((one) => ({ ...one, source }));
    const cost = estimate([region, nat], rumour);
    expect([cost.monthly, cost.parts, cost.unpriced.length]).toEqual([0, [], 1]);
  });

  it("does not depend on the order of the resources", () => {
    const all = [region, nat, address, group(), template, domain({}), ...subnets];
    expect(estimate(all.toReversed(), prices)).toEqual(estimate(all, prices));
  });
});

describe("savings", () => {
  it("are what a NAT gateway in each zone would cost more, with its address", () => {
    expect(of(...subnets, nat, address).savings).toEqual([
      { setting: "a NAT gateway in each zone: 3 instead of 1", monthly: 77.38, unpriced: [] },
    ]);
  });

  it("are what a node in each zone would cost more, with its volumes", () => {
    expect(of(group(), template).savings).toEqual([
      {
        setting: "a node of general in each zone: 3 instead of 2",
        // 66.43 for the node and 4.40 for its volume.
        monthly: 70.83,
        unpriced: [],
      },
    ]);
  });

  it("are what dedicated masters would cost more", () => {
    expect(of(domain({})).savings.map(({ monthly }) => monthly)).toEqual([438]);
    expect(of(domain({ dedicatedMasterEnabled: true })).savings).toEqual([]);
  });

  it("name what has no price", () => {
    const other = domain({ instanceType: "x9.large.search" });
    expect(of(other).savings).toEqual([
      expect.objectContaining({
        monthly: 0,
        unpriced: ["log store, dedicated masters: x9.large"],
      }),
    ]);
  });

  it("do not exist where a setting outlives a zone already", () => {
    const three = subnets.map((_, i) => ({ ...nat, urn: `${nat.urn}${i}` }));
    const regional = resource(nat.type, "nat", { availabilityMode: "regional" });
    const enough = group({ scalingConfig: { minSize: 3 } });
    expect(of(...subnets, ...three, enough, template).savings).toEqual([]);
    expect(of(...subnets, regional).savings).toEqual([]);
  });
});

describe("the estimate of the program", () => {
  it.each(["dev", "prod"])("knows every type of stack %s", async (stack) => {
    const planned = await planStack({ projectDir: join(__dirname, "../../.."), stack });
    const resources = planned.resources.map((one) => plannedResource(one, planned.redactor));
    const cost = estimate(resources, readPrices());
    const unknown = cost.unpriced.filter(({ reason }) => reason.startsWith("the estimate"));
    expect(unknown).toEqual([]);
    expect(cost.parts.map(({ part }) => part)).toContain("EKS control plane");
    const sum = cost.parts.reduce((total, { monthly }) => total + Math.round(monthly * 100), 0);
    expect(Math.round(cost.monthly * 100)).toBe(sum);
    const lines = costLines(cost, stack)[1].join("\n");
    expect(lines).toMatch(/not in the sum, for want of a price: .*log store, data nodes: /);
    expect(lines).not.toContain(" 0.00, and unpriced");
  });
});

describe("costLines", () => {
  it("shows prices, their dates, what has none and what is saved", () => {
    const cost = of(...subnets, nat, address, resource("aws:s3/bucket:Bucket", "b"));
    expect(costLines(cost, "dev")).toEqual([
      "Monthly estimate in USD, by list prices",
      [
        "  NAT gateways                       1  0.048 per hour  35.04",
        "  public IPv4 addresses              1  0.005 per hour   3.65",
        "  sum, without the 1 unpriced below                     38.69",
        "  (eu-west-1; prices of 2026-09-25; 730 hours a month; without traffic, use and tax)",
        "",
        "  Unpriced:",
        "    S3 buckets: billed by use",
        "",
        "  dev saves each month against a stack that outlives the loss of a zone:",
        "    77.38, by doing without a NAT gateway in each zone: 3 instead of 1",
      ],
    ]);
  });

  it("names at the sum what is missing in it, and no amount for what has no price", () => {
    const other = domain({ instanceType: "x9.large.search" });
    expect(costLines(of(nat, other, resource("aws:s3/bucket:Bucket", "b")), "dev")[1]).toEqual([
      "  NAT gateways                            1      0.048 per hour  35.04",
      "  log store, volumes: gp3            300 GB  0.13 per GB, month  39.00",
      "  sum, without the 2 unpriced below                              74.04",
      "  (not in the sum, for want of a price: log store, data nodes: x9.large)",
      "  (eu-west-1; prices of 2026-09-25; 730 hours a month; without traffic, use and tax)",
      "",
      "  Unpriced:",
      "    S3 buckets: billed by use",
      "    log store, data nodes: x9.large (3): no price with a source for ESInstance:x9.large in eu-west-1",
      "",
      "  dev saves each month against a stack that outlives the loss of a zone:",
      "    unpriced log store, dedicated masters: x9.large, by doing without three dedicated masters of the log store, of its own instance type, instead of none",
    ]);
  });

  it("shows what a saving has without a price beside what it has with one", () => {
    const cost = of(nat);
    const savings = [{ setting: "all of it", monthly: 1, unpriced: ["a", "b"] }];
    expect(costLines({ ...cost, savings }, "dev")[1].at(-1)).toBe(
      "    1.00, and unpriced a; b, by doing without all of it",
    );
  });

  it("shows what has no price when nothing has one, and nothing for no resources", () => {
    const bucket = resource("aws:s3/bucket:Bucket", "b");
    expect(costLines(of(bucket), "dev")[1]).toEqual([
      "  Unpriced:",
      "    S3 buckets: billed by use",
    ]);
    expect(costLines(of(), "dev")[1]).toEqual([]);
  });
});
