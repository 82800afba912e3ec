import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv";
import { parse } from "yaml";
import { architectureOf, fields, parseConfig } from "../../infra/config";
import { stackFileSchema } from "../../infra/schema";

const root = join(__dirname, "../..");
type Values = Record<string, unknown>;

const base: Values = {
  environment: "dev",
  region: "eu-west-1",
  allowedAccountIds: ["111122223333"],
  deployerRoleArn: "arn:aws:iam::111122223333:role/deployer",
  trustedCidrs: ["203.0.113.0/24"],
  cidr: "10.10.0.0/16",
  zones: ["eu-west-1a", "eu-west-1b"],
  nodeGroups: [{ name: "general", instanceTypes: ["m7g.large"], minSize: 1, maxSize: 3 }],
  tags: { Owner: "team", CostCenter: "42" },
};
const group = { name: "general", instanceTypes: ["m7g.large"], minSize: 1, maxSize: 3 };

/** As the engine hands a stack file to a program. */
function raw(values: Values): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [
        key.includes(":") ? key : `drawbridge:${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
  );
}

/** The faults of the base with some changes, without the file's name. */
function faults(change: Values): string[] {
  try {
    parseConfig("dev", raw({ ...base, ...change }));
  } catch (error) {
    return (error as Error).message
      .split("\n")
      .map((line) => line.replace(/^Pulumi\.dev\.yaml: /, ""));
  }
  return [];
}

describe("parseConfig", () => {
  it("takes a stack file and adds the defaults", () => {
    expect(parseConfig("dev", raw(base))).toEqual({
      ...base,
      stack: "dev",
      accountId: "111122223333",
      natMode: "zonal",
      accessMode: "ssm",
      kubernetesVersion: "1.35",
      accessEntries: [],
      nodeGroups: [{ ...group, volumeGiB: 50, capacityType: "ON_DEMAND", labels: {}, taints: [] }],
      logRetentionDays: 365,
      deletionProtection: true,
      createServiceLinkedRoles: false,
    });
  });

  it.each(["dev", "prod"])("takes the repository's %s stack", (stack) => {
    const file = parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8")) as {
      config: Values;
    };
    expect(parseConfig(stack, raw(file.config)).environment).toBe(stack);
  });

  it.each<[what: string, change: Values, expected: string[]]>([
    ["a missing key", { region: undefined }, ["region is required"]],
    [
      "a key that nobody reads",
      { natmode: "single" },
      [
        `drawbridge:natmode is not a key of this project; the keys are ${Object.keys(fields).join(", ")}`,
      ],
    ],
    [
      "the region of the default provider",
      { "aws:region": "eu-west-1" },
      [
        "aws:region is not a key of this project; write drawbridge:region: the program makes its own AWS provider",
      ],
    ],
    ["a key of Pulumi itself", { "pulumi:tags": { a: "b" } }, []],
    [
      "a wrong type",
      { zones: "eu-west-1a" },
      ['zones must be a list of 2 to 4 availability zones, got "eu-west-1a"'],
    ],
    [
      "a number where text belongs",
      { allowedAccountIds: [111122223333] },
      [
        'allowedAccountIds[0] must be a quoted AWS account id of 12 digits such as "111122223333", got 111122223333',
      ],
    ],
    [
      "one zone",
      { zones: ["eu-west-1a"] },
      ['zones must be a list of 2 to 4 availability zones, got ["eu-west-1a"]'],
    ],
    [
      "a zone of another region",
      { zones: ["eu-west-1a", "eu-central-1b"] },
      ['zones[1] must be in the region eu-west-1, got "eu-central-1b"'],
    ],
    [
      "a zone twice",
      { zones: ["eu-west-1a", "eu-west-1a"] },
      ['zones[1] must be unique, got "eu-west-1a"'],
    ],
    [
      "a region of another partition",
      { region: "cn-north-1", zones: undefined },
      [
        'region must be an AWS region of the aws partition such as eu-west-1, got "cn-north-1"',
        "zones is required",
      ],
    ],
    [
      "a CIDR that is too small",
      { cidr: "10.10.0.0/20" },
      ['cidr must be from /16 to /19, got "10.10.0.0/20"'],
    ],
    [
      "a CIDR that is too large",
      { cidr: "10.0.0.0/8" },
      ['cidr must be from /16 to /19, got "10.0.0.0/8"'],
    ],
    [
      "a CIDR that does not start at its network",
      { cidr: "10.10.1.0/16" },
      ['cidr must start at its network address, 10.10.0.0/16, got "10.10.1.0/16"'],
    ],
    [
      "no CIDR at all",
      { cidr: "10.10.0.0" },
      ['cidr must be an IPv4 CIDR such as 203.0.113.0/24, got "10.10.0.0"'],
    ],
    [
      "octets over 255",
      { cidr: "10.310.0.0/16" },
      ['cidr must be an IPv4 CIDR such as 203.0.113.0/24, got "10.310.0.0/16"'],
    ],
    [
      "a public CIDR for the VPC",
      { cidr: "8.8.0.0/16" },
      [
        'cidr must be within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, got "8.8.0.0/16"',
      ],
    ],
    [
      "the Services' CIDR for the VPC",
      { cidr: "172.20.0.0/16" },
      ['cidr must not overlap 172.20.0.0/16, the addresses of Services, got "172.20.0.0/16"'],
    ],
    [
      "a joined network that overlaps the VPC",
      { accessMode: "direct", trustedCidrs: ["10.10.128.0/17"] },
      ['trustedCidrs[0] must not overlap the VPC\'s cidr 10.10.0.0/16, got "10.10.128.0/17"'],
    ],
    [
      "the world as trusted",
      { trustedCidrs: ["0.0.0.0/0"] },
      [
        'trustedCidrs must not add up to the world (half of all IPv4 addresses or more): name the networks that people come from, got ["0.0.0.0/0"]',
      ],
    ],
    [
      "the world in halves",
      { trustedCidrs: ["0.0.0.0/1", "128.0.0.0/1"] },
      [
        'trustedCidrs must not add up to the world (half of all IPv4 addresses or more): name the networks that people come from, got ["0.0.0.0/1","128.0.0.0/1"]',
      ],
    ],
    [
      "nobody trusted",
      { trustedCidrs: [] },
      ["trustedCidrs must be a list of at least one IPv4 CIDR, got []"],
    ],
    [
      "two node groups of one name",
      { nodeGroups: [group, group] },
      ['nodeGroups[1].name must be unique, got "general"'],
    ],
    [
      "an unknown key of a node group",
      { nodeGroups: [{ ...group, mx: 3 }] },
      ["nodeGroups[0].mx is not a known key"],
    ],
    [
      "more nodes at least than at most",
      { nodeGroups: [{ ...group, minSize: 5 }] },
      ["nodeGroups[0].minSize must be at most maxSize, 3, got 5"],
    ],
    [
      "a desired size out of range",
      { nodeGroups: [{ ...group, desiredSize: 9 }] },
      ["nodeGroups[0].desiredSize must be from minSize to maxSize, 1 to 3, got 9"],
    ],
    [
      "instance types of two architectures",
      { nodeGroups: [{ ...group, instanceTypes: ["m7g.large", "m7i.large"] }] },
      [
        'nodeGroups[0].instanceTypes must be of one processor architecture: arm64 (Graviton) or x86_64, got ["m7g.large","m7i.large"]',
      ],
    ],
    [
      "a size that is text",
      { nodeGroups: [{ ...group, minSize: "three" }] },
      ['nodeGroups[0].minSize must be an integer from 0 to 450, got "three"'],
    ],
    [
      "a node group without a size",
      { nodeGroups: [{ name: "general", instanceTypes: ["m7g.large"], maxSize: 3 }] },
      ["nodeGroups[0].minSize is required"],
    ],
    [
      "an unsupported Kubernetes version",
      { kubernetesVersion: "1.24" },
      ['kubernetesVersion must be one of 1.35, 1.34, got "1.24"'],
    ],
    [
      "a NAT mode that does not exist",
      { natMode: "none" },
      ['natMode must be one of zonal, single, regional, got "none"'],
    ],
    [
      "a deployer of an account that is not allowed",
      { deployerRoleArn: "arn:aws:iam::999988887777:role/deployer" },
      [
        'deployerRoleArn must be in one of allowedAccountIds (111122223333), got "arn:aws:iam::999988887777:role/deployer"',
      ],
    ],
    [
      "an IAM user as deployer",
      { deployerRoleArn: "arn:aws:iam::111122223333:user/root" },
      [
        'deployerRoleArn must be the ARN of an IAM role such as arn:aws:iam::111122223333:role/deployer, got "arn:aws:iam::111122223333:user/root"',
      ],
    ],
    [
      "cluster-wide access for others",
      {
        accessEntries: [
          { principalArn: "arn:aws:iam::111122223333:role/dev", access: "view", namespaces: [] },
        ],
      },
      [
        "accessEntries[0].namespaces must be a list of at least one namespace: cluster-wide access is not offered, got []",
      ],
    ],
    [
      "a second entry of the deployer",
      {
        accessEntries: [
          { principalArn: base["deployerRoleArn"], access: "view", namespaces: ["a"] },
        ],
      },
      [
        'accessEntries[0].principalArn must differ from deployerRoleArn and from the other entries, got "arn:aws:iam::111122223333:role/deployer"',
      ],
    ],
    [
      "a retention that CloudWatch Logs does not offer",
      { logRetentionDays: 100 },
      [
        "logRetentionDays must be one of 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, got 100",
      ],
    ],
    ["tags without an owner", { tags: { CostCenter: "42" } }, ["tags.Owner is required"]],
    [
      "a tag that the program sets",
      { tags: { Owner: "a", CostCenter: "42", Environment: "prod" } },
      ['tags.Environment must not be set: the program sets it, got "prod"'],
    ],
    [
      "a tag that AWS reserves",
      { tags: { Owner: "a", CostCenter: "42", "aws:x": "y" } },
      [
        'tags.aws:x must be a tag key of at most 128 characters, not starting with aws:, got "aws:x"',
      ],
    ],
  ])("judges %s", (_what, change, expected) => {
    expect(faults(change)).toEqual(expected);
  });

  it("reports every fault of a file at once", () => {
    expect(faults({ region: "mars", cidr: "10.0.0.0/24", natMode: "none", stray: 1 })).toHaveLength(
      4,
    );
  });

  it("keeps a secret value out of the message", () => {
    expect(() =>
      parseConfig("dev", raw({ ...base, natMode: "hush" }), (key) => key === "drawbridge:natMode"),
    ).toThrow("natMode must be one of zonal, single, regional, got [secret]");
  });
});

describe("architectureOf", () => {
  it.each([
    ["m7g.large", "arm64"],
    ["c6gn.xlarge", "arm64"],
    ["t4g.micro", "arm64"],
    ["im4gn.large", "arm64"],
    ["a1.large", "arm64"],
    ["m7i.large", "x86_64"],
    ["m7i-flex.large", "x86_64"],
    ["g5.xlarge", "x86_64"],
    ["g5g.xlarge", "arm64"],
    ["x8g.large", "arm64"],
    ["u-6tb1.metal", "x86_64"],
  ])("%s is %s", (type, architecture) => {
    expect(architectureOf(type)).toBe(architecture);
  });
});

describe("Pulumi.yaml", () => {
  const { config } = parse(readFileSync(join(root, "Pulumi.yaml"), "utf8")) as {
    config: Record<string, { default: unknown; description: string }>;
  };

  it("declares the default of every key that has one, and nothing that the engine would check first", () => {
    const defaults = Object.entries(fields).flatMap(([key, schema]) => {
      const { success, data } = schema.safeParse(undefined);
      return success
        ? [[key, { default: data as unknown, description: expect.any(String) as unknown }]]
        : [];
    });
    expect(config).toEqual(Object.fromEntries(defaults));
  });
});

describe("docs/stack-file.schema.json", () => {
  it("is what `npm run config:schema` writes", () => {
    expect(readFileSync(join(root, "docs/stack-file.schema.json"), "utf8")).toBe(stackFileSchema());
  });

  const validate = new Ajv().compile(JSON.parse(stackFileSchema()) as object);
  it.each(["dev", "prod"])("takes the repository's %s stack", (stack) => {
    validate(parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8")));
    expect(validate.errors).toBeNull();
  });

  it.each<[string, Values]>([
    ["an unknown key", { "drawbridge:natmode": "single" }],
    ["a wrong enum", { "drawbridge:natMode": "none" }],
  ])("refuses %s", (_what, change) => {
    const file = parse(readFileSync(join(root, "Pulumi.dev.yaml"), "utf8")) as { config: Values };
    expect(validate({ ...file, config: { ...file.config, ...change } })).toBe(false);
  });
});
