import type { ReplacementInputs } from "./replacements";

const rule = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const https = { securityGroupId: "sg-1", ipProtocol: "tcp", fromPort: 443, toPort: 443 };
const endpoint = "aws:ec2/vpcEndpoint:VpcEndpoint";
const sts = { vpcId: "vpc-1", serviceName: "com.amazonaws.eu-west-1.sts" };
const vpc = "aws:ec2/vpc:Vpc";
const cidrBlock = "10.0.0.0/16";
const cluster = "aws:eks/cluster:Cluster";
const roleArn = "arn:aws:iam::111122223333:role/cluster";
const main = {
  name: "main",
  roleArn,
  bootstrapSelfManagedAddons: false,
  vpcConfig: { subnetIds: ["subnet-1", "subnet-2"] },
};

function encryptedWith(key: string) {
  const keyArn = `arn:aws:kms:eu-west-1:111122223333:key/${key}`;
  return { encryptionConfig: { provider: { keyArn }, resources: ["secrets"] } };
}

const parameter = "aws:ssm/parameter:Parameter";
const text = { name: "/a", type: "String", value: "a" };
const domain = "aws:opensearch/domain:Domain";
const search = { domainName: "logs", engineVersion: "OpenSearch_2.19" };

const invocation = "aws:lambda/invocation:Invocation";
const once = {
  functionName: "f",
  input: '{"a":1}',
  lifecycleScope: "CREATE_ONLY",
  // Its default, which the provider would otherwise see come in.
  qualifier: "$LATEST",
};
const followed = { ...once, lifecycleScope: "CRUD" };

/** A switch of a domain: off, on again, and no longer mentioned. */
function switched(name: string): ReplacementInputs[] {
  const on = { ...search, [name]: { enabled: true } };
  const off = { ...search, [name]: { enabled: false } };
  return [
    { type: domain, olds: on, news: off },
    { type: domain, olds: off, news: on },
    { type: domain, olds: on, news: search },
  ];
}

/** Changes that replace a resource or not depending on their values: from `olds` to `news`. */
export const replacementCases: ReplacementInputs[] = [
  { type: invocation, olds: once, news: { ...once, input: '{"a":2}' } },
  { type: invocation, olds: followed, news: { ...followed, input: '{"a":2}' } },
  {
    type: vpc,
    olds: { cidrBlock, instanceTenancy: "dedicated" },
    news: { cidrBlock, instanceTenancy: "default" },
  },
  {
    type: vpc,
    olds: { cidrBlock, instanceTenancy: "default" },
    news: { cidrBlock, instanceTenancy: "dedicated" },
  },
  {
    type: rule,
    olds: { ...https, cidrIpv4: "10.0.0.0/16" },
    news: { ...https, cidrIpv4: "10.1.0.0/16" },
  },
  {
    type: rule,
    olds: { ...https, cidrIpv4: "10.0.0.0/16" },
    news: { ...https, referencedSecurityGroupId: "sg-2" },
  },
  {
    type: endpoint,
    olds: { ...sts, vpcEndpointType: "Interface", privateDnsEnabled: false },
    news: { ...sts, vpcEndpointType: "Interface", privateDnsEnabled: true },
  },
  { type: cluster, olds: { ...main, ...encryptedWith("a") }, news: main },
  { type: cluster, olds: main, news: { ...main, ...encryptedWith("a") } },
  {
    type: cluster,
    olds: { ...main, ...encryptedWith("a") },
    news: { ...main, ...encryptedWith("b") },
  },
  { type: parameter, olds: { ...text, tier: "Advanced" }, news: { ...text, tier: "Standard" } },
  { type: parameter, olds: { ...text, tier: "Standard" }, news: { ...text, tier: "Advanced" } },
  { type: parameter, olds: { ...text, tier: "Advanced" }, news: text },
  ...switched("encryptAtRest"),
  ...switched("nodeToNodeEncryption"),
  ...switched("advancedSecurityOptions"),
  {
    type: domain,
    olds: { ...search, ipAddressType: "dualstack" },
    news: { ...search, ipAddressType: "ipv4" },
  },
  { type: domain, olds: { ...search, ipAddressType: "dualstack" }, news: search },
  {
    type: domain,
    olds: { ...search, ipAddressType: "ipv4" },
    news: { ...search, ipAddressType: "dualstack" },
  },
  { type: domain, olds: search, news: { ...search, vpcOptions: { subnetIds: ["subnet-1"] } } },
  {
    type: domain,
    olds: { ...search, vpcOptions: { subnetIds: ["subnet-1"] } },
    news: { ...search, vpcOptions: { subnetIds: ["subnet-2"] } },
  },
];
