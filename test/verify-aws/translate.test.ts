import { makeSecret, unknownValue } from "../../plan/property-values";
import type { StackResource } from "../../plan/stack-resource";
import { registered } from "../support/registered";
import schema from "./fixtures/schema.json";
import type { ProviderSchema } from "./provider-schema";
import { Addresses, translated } from "./translate";

const provider = schema as unknown as ProviderSchema;

function resource(type: string, name: string, more: Partial<StackResource> = {}): StackResource {
  const urn = `urn:pulumi:dev::test::${type}::${name}`;
  return registered({ urn, type, name, ...more });
}

function translate(...resources: StackResource[]) {
  const addresses = new Addresses(provider);
  for (const each of resources.filter(({ type }) => type.startsWith("aws:"))) addresses.add(each);
  return translated(resources, addresses, provider);
}

const vpc = "aws:ec2/vpc:Vpc";

describe("translated", () => {
  it("writes attributes, blocks, lists of blocks and maps", () => {
    const template = resource("aws:ec2/launchTemplate:LaunchTemplate", "nodes", {
      inputs: {
        imageId: "resolve:ssm:/x",
        blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { encrypted: "true" } }],
        tagSpecifications: [{ resourceType: "volume", tags: { "a/b": "${c}" } }],
      },
    });
    const { configuration, faults } = translate(template);
    expect(faults).toEqual([]);
    expect(configuration.resource["aws_launch_template"]?.["nodes"]).toEqual({
      image_id: "resolve:ssm:/x",
      block_device_mappings: [{ device_name: "/dev/xvda", ebs: [{ encrypted: "true" }] }],
      tag_specifications: [{ resource_type: "volume", tags: { "a/b": "$${c}" } }],
    });
  });

  it("gives a block that is written as an attribute every field", () => {
    const { configuration } = translate(
      resource("aws:ec2/securityGroup:SecurityGroup", "a", {
        inputs: {
          ingress: [{ protocol: "tcp", fromPort: 1, toPort: 2, cidrBlocks: ["10.0.0.0/8"] }],
        },
      }),
    );
    expect(configuration.resource["aws_security_group"]?.["a"]?.["ingress"]).toEqual([
      {
        cidr_blocks: ["10.0.0.0/8"],
        description: null,
        from_port: 1,
        ipv6_cidr_blocks: null,
        prefix_list_ids: null,
        protocol: "tcp",
        security_groups: null,
        self: null,
        to_port: 2,
      },
    ]);
  });

  it("keeps the settings of the provider, and which one a resource has", () => {
    const aws = resource("pulumi:providers:aws", "main", {
      inputs: {
        __internal: {},
        version: "7.48.0",
        region: "eu-west-1",
        allowedAccountIds: '["111122223333"]',
        defaultTags: '{"tags":{"Owner":"me"}}',
        skipCredentialsValidation: "false",
      },
    });
    const { configuration } = translate(aws, resource(vpc, "a", { provider: aws.urn }));
    expect(configuration.provider.aws).toEqual([
      {
        alias: "main",
        region: "eu-west-1",
        allowed_account_ids: ["111122223333"],
        default_tags: [{ tags: { Owner: "me" } }],
        skip_credentials_validation: false,
        s3_use_path_style: true,
      },
    ]);
    expect(configuration.resource["aws_vpc"]?.["a"]).toEqual({ provider: "aws.main" });
  });

  it("keeps order, and what the program ignores", () => {
    const [first, second] = [resource(vpc, "first"), resource(vpc, "second")];
    second.dependencies = [first.urn, "urn:pulumi:dev::test::drawbridge:aws:Network::network"];
    second.options = { ignoreChanges: ["tags.Name"] };
    const { configuration } = translate(first, second);
    expect(configuration.resource["aws_vpc"]?.["second"]).toEqual({
      depends_on: ["aws_vpc.first"],
      lifecycle: { ignore_changes: ["tags"] },
    });
  });

  it("makes up a name only where Terraform makes up none", () => {
    const { configuration } = translate(
      resource("aws:ssm/document:Document", "sessions"),
      resource("aws:ec2/launchTemplate:LaunchTemplate", "nodes"),
    );
    expect(configuration.resource).toEqual({
      aws_ssm_document: { sessions: { name: "sessions" } },
      aws_launch_template: { nodes: {} },
    });
  });

  it("names the file of an archive, and gives what is in it", () => {
    const split = resource("aws:lambda/function:Function", "split", {
      inputs: { name: "events", code: { assets: { "index.js": { text: "a" } } } },
    });
    const { configuration, archives, faults } = translate(split);
    expect(faults).toEqual([]);
    expect(configuration.resource["aws_lambda_function"]?.["split"]).toEqual({
      function_name: "events",
      filename: "split.zip",
    });
    expect(archives).toEqual({ "split.zip": { "index.js": "a" } });
  });

  it("takes a secret for its value", () => {
    const secret = resource(vpc, "a", { inputs: { cidrBlock: makeSecret("10.0.0.0/8") } });
    expect(translate(secret).configuration.resource["aws_vpc"]?.["a"]).toEqual({
      cidr_block: "10.0.0.0/8",
    });
  });

  it("gives two resources of one name their own addresses, in letters that Terraform takes", () => {
    const other = { ...resource(vpc, "1 a"), urn: "urn:pulumi:dev::test::x$aws:ec2/vpc:Vpc::1 a" };
    const { configuration } = translate(resource(vpc, "1 a"), other);
    expect(Object.keys(configuration.resource["aws_vpc"] ?? {})).toEqual(["_1-a", "_1-a-2"]);
  });

  it.each([
    ["a type", resource("aws:ec2/nothing:Nothing", "a"), "has no type for aws:ec2/nothing:Nothing"],
    ["an argument", resource(vpc, "a", { inputs: { nope: 1 } }), "has no argument for nope"],
    [
      "an argument of a block",
      resource("aws:eks/cluster:Cluster", "a", { inputs: { vpcConfig: { nope: 1 } } }),
      "has no argument for vpcConfig.nope",
    ],
    [
      "an ignored argument",
      resource(vpc, "a", { options: { ignoreChanges: ["nope"] } }),
      "ignoreChanges names nope",
    ],
    [
      "the text of a file in an archive",
      resource("aws:lambda/function:Function", "a", {
        inputs: { code: { assets: { "index.js": { path: "index.js" } } } },
      }),
      "filename.index.js has no text",
    ],
    [
      "a value without an expression",
      resource(vpc, "a", { inputs: { tags: { Name: unknownValue } } }),
      "tags.Name is unknown",
    ],
  ])("reports %s that is not there", (_what, faulty, message) => {
    expect(translate(faulty).faults).toEqual([expect.stringContaining(message)]);
  });
});
