import schema from "./fixtures/schema.json";
import type { ProviderSchema } from "./provider-schema";
import {
  decided,
  outdated,
  probeOf,
  probeOfCases,
  replacedBy,
  unconditional,
  type Replacements,
} from "./replacements";
import type { ResourceChange } from "./terraform";

const provider = schema as unknown as ProviderSchema;
const subnet = "aws:ec2/subnet:Subnet";
const cluster = "aws:eks/cluster:Cluster";

function change(name: string, paths?: (string | number)[][]): ResourceChange {
  const details = { actions: ["update"], before: {}, after: {} };
  return {
    address: name,
    type: "",
    name,
    change: { ...details, ...(paths && { replace_paths: paths }) },
  };
}

describe("probeOf", () => {
  const unknown = "${terraform_data.unknown.id}";

  it("sets every argument before, and makes every argument unknown", () => {
    expect(probeOf([cluster], provider)).toMatchObject({
      configuration: {
        resource: {
          terraform_data: { unknown: {} },
          aws_eks_cluster: {
            "probe-0": {
              name: unknown,
              enabled_cluster_log_types: [unknown],
              vpc_config: [{ endpoint_public_access: unknown, subnet_ids: [unknown] }],
              encryption_config: [{ provider: [{ key_arn: unknown }] }],
            },
          },
        },
      },
      state: {
        resources: [
          {
            type: "aws_eks_cluster",
            instances: [
              {
                schema_version: 1,
                attributes: {
                  id: "old",
                  name: "old",
                  arn: null,
                  vpc_config: [
                    {
                      endpoint_public_access: true,
                      subnet_ids: ["old"],
                      cluster_security_group_id: null,
                    },
                  ],
                },
              },
            ],
          },
        ],
      },
    });
  });

  it("sets nothing that only AWS computes", () => {
    const probe = probeOf([cluster], provider).configuration as {
      resource: Record<string, Record<string, Record<string, unknown>>>;
    };
    expect(Object.keys(probe.resource["aws_eks_cluster"]?.["probe-0"] ?? {})).not.toContain("arn");
  });

  it("gives an argument that the provider looks into the values that it can take", () => {
    const types = { image_config: ["list", "string"], name: "string" } as const;
    const attributes = Object.fromEntries(
      Object.entries(types).map(([name, type]) => [name, { type, optional: true }]),
    );
    const ofLambda = {
      ...provider,
      resource_schemas: { aws_lambda_function: { block: { attributes } } },
    } as unknown as ProviderSchema;
    const member = (value: string) => ({
      command: [value],
      entry_point: [value],
      working_directory: value,
    });
    expect(probeOf(["aws:lambda/function:Function"], ofLambda)).toMatchObject({
      configuration: {
        resource: {
          aws_lambda_function: { "probe-0": { image_config: [member("b")], name: unknown } },
        },
      },
      state: {
        resources: [{ instances: [{ attributes: { image_config: [member("a")], name: "old" } }] }],
      },
    });
  });

  it("refuses a type that the provider does not have", () => {
    expect(() => probeOf(["aws:ec2/nothing:Nothing"], provider)).toThrow(
      "the AWS provider has no type for aws:ec2/nothing:Nothing",
    );
  });
});

describe("replacedBy", () => {
  it("gives the paths as Pulumi writes them, once each and in order", () => {
    const changes = [
      change("probe-1", [["vpc_config", 0, "subnet_ids"], ["role_arn"], ["role_arn"]]),
      change("probe-0", [["vpc_id"], ["id"]]),
    ];
    expect(replacedBy([subnet, cluster], changes, provider)).toEqual({
      [subnet]: ["vpcId"],
      [cluster]: ["roleArn", "vpcConfig.subnetIds"],
    });
  });

  it("goes into blocks that there may be many of, and stops at a block that is replaced as a whole", () => {
    const template = "aws:ec2/launchTemplate:LaunchTemplate";
    const changes = [
      change("probe-0", [
        ["block_device_mappings", 0, "ebs", 0, "encrypted"],
        ["tag_specifications"],
      ]),
    ];
    expect(replacedBy([template], changes, provider)).toEqual({
      [template]: ["blockDeviceMappings[*].ebs.encrypted", "tagSpecifications"],
    });
  });

  it("says that nothing replaces a type when the provider names nothing", () => {
    expect(replacedBy([subnet], [change("probe-0")], provider)).toEqual({ [subnet]: [] });
  });

  it("fails when the provider planned nothing for a type", () => {
    expect(() => replacedBy([subnet], [], provider)).toThrow(`no change was planned for ${subnet}`);
  });
});

describe("cases", () => {
  const cases = [{ type: subnet, olds: { vpcId: "a" }, news: { vpcId: "b" }, replaces: [] }];

  it("become a state and a configuration", () => {
    expect(probeOfCases(cases, provider)).toMatchObject({
      configuration: { resource: { aws_subnet: { "case-0": { vpc_id: "b" } } } },
      state: {
        resources: [{ instances: [{ attributes: { vpc_id: "a", cidr_block: null, id: "old" } }] }],
      },
    });
  });

  it("are decided by what the provider plans", () => {
    expect(decided(cases, [change("case-0", [["vpc_id"]])], provider)).toEqual([
      { ...cases[0], replaces: ["vpcId"] },
    ]);
  });

  it("must be in the provider's terms", () => {
    const faulty = [{ type: subnet, olds: {}, news: { nope: 1 }, replaces: [] }];
    expect(() => probeOfCases(faulty, provider)).toThrow("has no argument for nope");
  });
});

describe("unconditional", () => {
  const table = { [subnet]: ["vpcId", "cidrBlock", "tags"] };
  const cases = [
    { type: subnet, olds: { cidrBlock: "a" }, news: { cidrBlock: "b" }, replaces: ["cidrBlock"] },
    { type: subnet, olds: { cidrBlock: "b", tags: {} }, news: { tags: {} }, replaces: [] },
    { type: cluster, olds: { vpcId: "a" }, news: { vpcId: "b" }, replaces: [] },
  ];

  it("leaves out a path in an object alone", () => {
    const paths = { [cluster]: ["vpcConfig.a", "vpcConfig.b", "vpcConfig.c"] };
    const olds = { vpcConfig: { a: 1, b: 1, c: 1 } };
    const outcomes = [
      { type: cluster, olds, news: { vpcConfig: { a: 1, b: 2, c: 1 } }, replaces: [] },
      { type: cluster, olds, news: { vpcConfig: { a: 1, b: 1, c: 2 } }, replaces: ["vpcConfig"] },
    ];
    expect(unconditional(paths, outcomes)).toEqual({ [cluster]: ["vpcConfig.a", "vpcConfig.c"] });
  });

  it("leaves out what a case of the type changes in place", () => {
    expect(unconditional(table, cases)).toEqual({ [subnet]: ["vpcId", "tags"] });
  });
});

describe("outdated", () => {
  const table: Replacements = {
    provider: "hashicorp/aws 1.0.0",
    replacedBy: { [subnet]: ["vpcId"] },
    cases: [{ type: subnet, olds: {}, news: {}, replaces: [] }],
  };

  it("finds nothing in a table that is current", () => {
    expect(outdated(table, structuredClone(table))).toEqual([]);
  });

  it.each([
    [
      "a type that is missing",
      { replacedBy: { ...table.replacedBy, [cluster]: ["name"] } },
      `${cluster}: the table has nothing, expected ["name"]`,
    ],
    [
      "another argument",
      { replacedBy: { [subnet]: [] } },
      `${subnet}: the table has ["vpcId"], expected []`,
    ],
    ["a type too many", { replacedBy: {} }, `${subnet}: the table has ["vpcId"], expected nothing`],
    [
      "another release",
      { provider: "hashicorp/aws 2.0.0" },
      "the table is of hashicorp/aws 1.0.0, expected hashicorp/aws 2.0.0",
    ],
    [
      "another decision",
      { cases: [{ type: subnet, olds: {}, news: {}, replaces: ["vpcId"] }] },
      `case 0 (${subnet}): replaces [], expected ["vpcId"]`,
    ],
  ])("names %s", (_what, told, line) => {
    expect(outdated(table, { ...table, ...told })).toEqual([line]);
  });
});
