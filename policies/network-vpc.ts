import { is, isEmpty, isNot, known, numeric } from "./conditions";
import { mustNameKey } from "./keys";
import type { Finding, Resource, Stack } from "./model";
import { resourceRule, stackRule } from "./rule";
import { token } from "./tokens";

export const privateSubnetNoPublicIp = resourceRule({
  id: "net-private-subnet-no-public-ip",
  title: "Subnets give no public address to what is launched in them",
  severity: "high",
  level: "mandatory",
  requirements: ["J16"],
  controls: ["ckv:CKV_AWS_130", "avd:AWS-0164"],
  fix: "Leave mapPublicIpOnLaunch false: load balancers and NAT gateways bring their own addresses.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/subnet-public-ip.html",
  types: [token.subnet],
  *check(subnet) {
    yield* subnet.must("mapPublicIpOnLaunch", isNot(true));
    yield* subnet.must("mapCustomerOwnedIpOnLaunch", isNot(true));
  },
});

export const noDefaultVpc = resourceRule({
  id: "net-no-default-vpc",
  title: "Nothing lives in the default VPC, whose subnets are public",
  severity: "high",
  level: "mandatory",
  requirements: ["J16"],
  controls: ["ckv:CKV_AWS_148", "avd:AWS-0101"],
  fix: "Make a VPC of your own and leave the default one out of the program.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc.html",
  types: [token.defaultVpc, token.defaultSubnet],
  *check(resource) {
    yield resource.fail(`${resource.name} must not use the default VPC, got ${resource.type}`);
  },
});

export const defaultSecurityGroupLocked = stackRule({
  id: "net-default-sg-locked",
  title: "The default security group of every VPC is managed and has no rules",
  severity: "high",
  level: "mandatory",
  requirements: ["J16"],
  controls: ["ckv:CKV2_AWS_12", "avd:AWS-0173"],
  fix: "Add aws.ec2.DefaultSecurityGroup for the VPC with empty ingress and egress.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html",
  types: [token.vpc],
  *checkStack(stack) {
    yield* lockedDefault(stack, token.defaultSecurityGroup, "vpcId", ["ingress", "egress"]);
  },
});

export const defaultsLocked = stackRule({
  id: "net-default-nacl-and-route-table-locked",
  title: "The default network ACL and the main route table of every VPC are managed and empty",
  severity: "medium",
  level: "mandatory",
  requirements: ["J16", "J18"],
  controls: [],
  fix: "Add aws.ec2.DefaultNetworkAcl and aws.ec2.DefaultRouteTable for the VPC, without entries.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html",
  types: [token.vpc],
  *checkStack(stack) {
    yield* lockedDefault(stack, token.defaultNetworkAcl, "defaultNetworkAclId", [
      "ingress",
      "egress",
    ]);
    yield* lockedDefault(stack, token.defaultRouteTable, "defaultRouteTableId", [
      "routes",
      "propagatingVgws",
    ]);
  },
});

/** What AWS makes with each VPC is open until a program takes it over; without entries it lets nothing pass. */
function* lockedDefault(
  stack: Stack,
  type: string,
  path: string,
  lists: readonly string[],
): Iterable<Finding> {
  for (const vpc of stack.all(token.vpc)) {
    const defaults = stack.users(vpc, [type], path);
    const danglers = stack.danglers([type], path, [token.vpc]);
    if (defaults.length === 0) {
      yield* danglers.length > 0
        ? danglers.map((field) => field.undecided())
        : [vpc.fail(`${vpc.name} must have its ${kind(type)} managed and empty, got none`)];
    }
    for (const resource of defaults) {
      for (const list of lists) yield* resource.must(list, isEmpty);
    }
  }
}

/** The name of a type as people know it: `DefaultNetworkAcl`. */
function kind(type: string): string {
  return type.slice(type.lastIndexOf(":") + 1);
}

export const flowLogs = stackRule({
  id: "net-flow-logs",
  title: "Every VPC logs all its flows, accepted and rejected, to an encrypted log group",
  severity: "medium",
  level: "mandatory",
  requirements: ["M1"],
  controls: ["ckv:CKV2_AWS_11", "avd:AWS-0178"],
  fix: 'Add aws.ec2.FlowLog with trafficType "ALL" to a log group that has a KMS key and a retention.',
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html",
  types: [token.vpc],
  *checkStack(stack) {
    for (const vpc of stack.all(token.vpc)) {
      const logs = stack.users(vpc, [token.flowLog], "vpcId");
      const danglers = stack.danglers([token.flowLog], "vpcId", [token.vpc]);
      if (logs.length === 0) {
        yield* danglers.length > 0
          ? danglers.map((field) => field.undecided())
          : [vpc.fail(`${vpc.name} must have a flow log of all traffic, got none`)];
      }
      for (const log of logs) yield* flowLog(log, stack);
    }
  },
});

const expires = known(
  "be a number of days, so that records do not stay forever",
  (value) => numeric(value) > 0,
);

function* flowLog(log: Resource, stack: Stack): Iterable<Finding> {
  yield* log.must("trafficType", is("ALL"));
  const destinationType = log.at("logDestinationType");
  // Buckets and streams are encrypted by rules of their own; CloudWatch Logs is the default.
  if (destinationType.present && destinationType.value !== "cloud-watch-logs") return;
  const { found, outside, unknown } = stack.refs(log.at("logDestination"), [token.logGroup]);
  if (!log.at("logDestination").present) yield log.at("logDestination").fail("be a log group");
  yield* unknown.map((field) => field.undecided());
  yield* outside.map((field) =>
    log.undecided(`the encryption of ${field.text} is unknown: the stack does not manage it`),
  );
  for (const group of found) {
    yield* mustNameKey(group.at("kmsKeyId"), stack);
    yield* group.must("retentionInDays", expires);
  }
}

export const privateNames = stackRule({
  id: "net-vpc-dns",
  title: "The VPC of a private API or of an endpoint resolves their names to private addresses",
  severity: "medium",
  level: "mandatory",
  requirements: ["J1", "J18"],
  controls: [],
  fix: "Set enableDnsHostnames and enableDnsSupport of the VPC to true.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
  types: [token.cluster, token.vpcEndpoint],
  *checkStack(stack) {
    const privateClusters = stack
      .all(token.cluster)
      .filter((cluster) => is(true).holds(cluster.at("vpcConfig.endpointPrivateAccess").value));
    const subnets = privateClusters.map((cluster) =>
      stack.refs(cluster.at("vpcConfig.subnetIds"), [token.subnet]),
    );
    const named = [
      ...subnets.flatMap(({ found }) => found),
      ...stack
        .all(token.vpcEndpoint)
        .filter((endpoint) => is(true).holds(endpoint.at("privateDnsEnabled").value)),
    ];
    const vpcs = named.map((resource) => stack.refs(resource.at("vpcId"), [token.vpc]));
    yield* [...subnets, ...vpcs].flatMap(({ unknown }) => unknown.map((it) => it.undecided()));
    for (const vpc of new Set(vpcs.flatMap(({ found }) => found))) {
      yield* vpc.must("enableDnsHostnames", is(true));
      yield* vpc.must("enableDnsSupport", isNot(false));
    }
  },
});
