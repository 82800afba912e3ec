import schema from "./fixtures/schema.json";
import { completed, computedOutputs, template } from "./expressions";
import type { ProviderSchema } from "./provider-schema";

const provider = schema as unknown as ProviderSchema;
const outputs = (address: string, inputs: Record<string, unknown> = {}) => {
  const { block = {} } = provider.resource_schemas[address.split(".")[0] ?? ""] ?? {};
  return computedOutputs(address, block, inputs);
};

describe("template", () => {
  it.each([
    ["plain", "plain"],
    ["arn:aws:iam::aws:policy/${aws:username}", "arn:aws:iam::aws:policy/$${aws:username}"],
    ["50%{if}", "50%%{if}"],
    ["<tf:aws_vpc.main.id>", "${aws_vpc.main.id}"],
    ["a/<tf:aws_vpc.a.id>/<tf:aws_vpc.b.id>", "a/${aws_vpc.a.id}/${aws_vpc.b.id}"],
    [
      '{"user":"${aws:userid}","key":"<tf:aws_kms_key.a.arn>"}',
      '{"user":"$${aws:userid}","key":"${aws_kms_key.a.arn}"}',
    ],
  ])("%s", (text, expected) => {
    expect(template(text)).toBe(expected);
  });
});

describe("computedOutputs", () => {
  it("names what AWS computes, and nothing else", () => {
    expect(outputs("aws_vpc.main")).toEqual({
      id: "<tf:aws_vpc.main.id>",
      arn: "<tf:aws_vpc.main.arn>",
      region: "<tf:aws_vpc.main.region>",
      cidrBlock: "<tf:aws_vpc.main.cidr_block>",
      defaultNetworkAclId: "<tf:aws_vpc.main.default_network_acl_id>",
    });
  });

  it("goes into blocks and lists of objects, as one and as many", () => {
    const cluster = outputs("aws_eks_cluster.main");
    expect(cluster).toMatchObject({
      vpcConfig: {
        clusterSecurityGroupId: "<tf:aws_eks_cluster.main.vpc_config[0].cluster_security_group_id>",
      },
      certificateAuthority: { data: "<tf:aws_eks_cluster.main.certificate_authority[0].data>" },
      identities: [{ oidcs: [{ issuer: "<tf:aws_eks_cluster.main.identity[0].oidc[0].issuer>" }] }],
    });
  });

  it("takes a set for the list that it is not", () => {
    expect(outputs("aws_security_group.a")["ingress"]).toEqual([
      expect.objectContaining({
        fromPort: "<tf:tolist(aws_security_group.a.ingress)[0].from_port>",
      }),
    ]);
  });
});

describe("computedOutputs of nested blocks", () => {
  const computed = { attributes: { id: { type: "string" as const, computed: true } } };
  const given = { attributes: { name: { type: "string" as const, optional: true } } };
  const blockOf = (block: object, most?: number) => ({
    block_types: {
      part: {
        nesting_mode: "list" as const,
        block,
        ...(most !== undefined && { max_items: most }),
      },
    },
  });

  it("are the element where there may be one", () => {
    expect(computedOutputs("aws_a.b", blockOf(computed, 1), {})).toEqual({
      part: { id: "<tf:aws_a.b.part[0].id>" },
    });
  });

  it("are in both forms where nothing says how many there may be", () => {
    const part = { id: "<tf:aws_a.b.part[0].id>" };
    expect(computedOutputs("aws_a.b", blockOf(computed), {})).toEqual({ part, parts: [part] });
  });

  it("are absent where AWS computes nothing in them", () => {
    expect(computedOutputs("aws_a.b", blockOf(blockOf(given)), {})).toEqual({});
  });
});

describe("computedOutputs of a certificate", () => {
  it("say for each of its domains which record validates it", () => {
    const domains = { domainName: "a.example", subjectAlternativeNames: ["*.a.example"] };
    const { domainValidationOptions: options } = outputs("aws_acm_certificate.a", domains);
    const member = (name: string, domain: string) =>
      `<tf:one([for o in aws_acm_certificate.a.domain_validation_options : o.${name} if o.domain_name == "${domain}"])>`;
    expect(options).toEqual(
      ["a.example", "*.a.example"].map((domain) => ({
        domainName: domain,
        resourceRecordName: member("resource_record_name", domain),
        resourceRecordType: member("resource_record_type", domain),
        resourceRecordValue: member("resource_record_value", domain),
      })),
    );
  });
});

describe("completed", () => {
  it("keeps what was given, and adds what is computed", () => {
    const given = { name: "main", vpcConfig: { subnetIds: ["a"] }, logs: ["api"] };
    const computed = {
      name: "x",
      vpcConfig: { subnetIds: ["x"], groupId: "g" },
      logs: ["x"],
      arn: "y",
    };
    expect(completed(given, computed)).toEqual({
      name: "main",
      vpcConfig: { subnetIds: ["a"], groupId: "g" },
      logs: ["api"],
      arn: "y",
    });
  });
});
