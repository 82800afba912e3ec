import schema from "./fixtures/schema.json";
import { argumentOf, camelCase, plural, pulumiName, regularName, terraformType } from "./names";
import type { ProviderSchema } from "./provider-schema";

const provider = schema as unknown as ProviderSchema;
const blockOf = (type: string) => provider.resource_schemas[type]?.block ?? {};

describe("terraformType", () => {
  it.each([
    ["aws:ec2/vpc:Vpc", "aws_vpc"],
    ["aws:eks/cluster:Cluster", "aws_eks_cluster"],
    ["aws:iam/openIdConnectProvider:OpenIdConnectProvider", "aws_iam_openid_connect_provider"],
    ["aws:lb/loadBalancer:LoadBalancer", "aws_lb"],
    ["aws:cloudtrail/trail:Trail", "aws_cloudtrail"],
    ["aws:ec2/nothing:Nothing", undefined],
  ])("%s is %s", (token, type) => {
    expect(terraformType(token, provider)).toBe(type);
  });
});

describe("an irregular type", () => {
  it("is none when the provider does not have it", () => {
    const without = { ...provider, resource_schemas: {} };
    expect(terraformType("aws:lb/loadBalancer:LoadBalancer", without)).toBeUndefined();
  });
});

describe("an argument with a name of its own", () => {
  it.each([
    ["aws_cloudwatch_metric_alarm", "name", "alarm_name"],
    ["aws_lambda_function", "name", "function_name"],
    ["aws_lambda_function", "code", "filename"],
  ])("%s: %s is %s, and the other way round", (type, property, name) => {
    expect(argumentOf(blockOf(type), regularName(type, property))?.name).toBe(name);
    expect(pulumiName(type, name)).toBe(property);
  });

  it("has it in its type only", () => {
    expect([regularName("aws_lb", "name"), pulumiName("aws_lb", "alarm_name")]).toEqual([
      "name",
      "alarmName",
    ]);
  });
});

describe("argumentOf", () => {
  it.each([
    ["aws_vpc", "enableDnsSupport", "enable_dns_support"],
    ["aws_iam_openid_connect_provider", "clientIdLists", "client_id_list"],
    ["aws_security_group", "ingress", "ingress"],
    ["aws_launch_template", "blockDeviceMappings", "block_device_mappings"],
    ["aws_eks_cluster", "identities", "identity"],
    ["aws_eks_cluster", "encryptionConfig", "encryption_config"],
  ])("%s: %s is %s", (type, property, name) => {
    expect(argumentOf(blockOf(type), property)?.name).toBe(name);
  });

  it("takes the plural for a list only", () => {
    expect(argumentOf(blockOf("aws_vpc"), "cidrBlocks")).toBeUndefined();
  });

  it("finds nothing where there is nothing", () => {
    expect(argumentOf(blockOf("aws_vpc"), "encrypted")).toBeUndefined();
  });
});

describe("names as Pulumi writes them", () => {
  it.each([
    ["certificate_authority", "certificateAuthority", "certificateAuthorities"],
    ["service_ipv4_cidr", "serviceIpv4Cidr", "serviceIpv4Cidrs"],
    ["availability_zones", "availabilityZones", "availabilityZones"],
    ["vpc_security_group_ids", "vpcSecurityGroupIds", "vpcSecurityGroupIds"],
    ["private_key", "privateKey", "privateKeys"],
    ["ebs_batch", "ebsBatch", "ebsBatches"],
  ])("%s: %s, %s", (name, one, many) => {
    expect([camelCase(name), plural(camelCase(name))]).toEqual([one, many]);
  });
});
