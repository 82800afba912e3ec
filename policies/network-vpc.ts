import { is, isEmpty, isNot, known, numeric } from "./conditions";
import { overlap } from "./addresses";
import type { Field, Finding, Resource, Stack } from "./model";
import { mustNameKey } from "./keys";
import { publicBastion } from "./public-bastion";
import { resourceRule, stackRule } from "./rule";
import { token } from "./tokens";
import { isPublic } from "./topology";

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

export const subnetsMultiZone = stackRule({
  id: "net-subnets-multi-az",
  title: "The control plane spans at least two zones",
  severity: "medium",
  level: "mandatory",
  requirements: ["J1"],
  controls: [],
  fix: "Give the cluster subnets of two zones at least.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html",
  types: [token.cluster],
  *checkStack(stack) {
    for (const cluster of stack.all(token.cluster)) {
      const field = cluster.at("vpcConfig.subnetIds");
      const { found, outside, unknown } = stack.refs(field, [token.subnet]);
      const zones = new Set<unknown>();
      const open: Field[] = [...outside, ...unknown];
      for (const subnet of found) {
        const zone = [subnet.at("availabilityZone"), subnet.at("availabilityZoneId")].find(
          ({ present }) => present,
        );
        if (!zone || zone.unknown) open.push(zone ?? subnet.at("availabilityZone"));
        else zones.add(zone.value);
      }
      if (zones.size >= 2) continue;
      yield* open.length > 0
        ? open.map((unclear) => unclear.undecided())
        : [
            cluster.fail(
              `${field.path} must be in at least 2 zones, got ${[...zones].map(String).join(", ") || "none"}`,
            ),
          ];
    }
  },
});

const internal = "kubernetes.io/role/internal-elb";
const external = "kubernetes.io/role/elb";

export const subnetRoleTags = stackRule({
  id: "net-subnet-elb-tags",
  title:
    "Subnets invite internal load balancers where nodes live, and public ones only where the internet reaches",
  severity: "medium",
  level: "mandatory",
  requirements: ["J16", "S19"],
  controls: [],
  fix: `Tag the nodes' subnets ${internal}=1, and no private subnet ${external}.`,
  url: "https://docs.aws.amazon.com/eks/latest/userguide/network-load-balancing.html",
  types: [token.subnet],
  *checkStack(stack) {
    for (const subnet of stack.all(token.subnet)) yield* roleTags(subnet, stack);
    for (const group of stack.all(token.nodeGroup)) {
      for (const subnet of stack.refs(group.at("subnetIds"), [token.subnet]).found) {
        yield* subnet
          .at("tags")
          .child(internal)
          .must(
            known(
              `be 1: the subnet holds the nodes of ${group.name}`,
              (value) => String(value) === "1",
            ),
          );
      }
    }
  },
});

function* roleTags(subnet: Resource, stack: Stack): Iterable<Finding> {
  const tags = subnet.at("tags");
  const tagged = (key: string) => !tags.unknown && tags.child(key).present;
  if (tags.unknown) yield tags.undecided();
  if (!tagged(internal) && !tagged(external)) return;
  const open = isPublic(subnet, stack);
  if (open === undefined)
    yield subnet.undecided(`the routing of ${subnet.name} is unknown until up`);
  if (open === true && tagged(internal)) {
    yield subnet.fail(`tags must not have ${internal}: the internet reaches ${subnet.name}`);
  }
  if (open === false && tagged(external)) {
    yield subnet.fail(`tags must not have ${external}: ${subnet.name} is private`);
  }
}

export const internetGatewaySingle = stackRule({
  id: "net-igw-single",
  title: "A VPC has one internet gateway, no way around NAT, and no peer with the same addresses",
  severity: "low",
  level: "advisory",
  requirements: ["J16", "J18"],
  controls: ["ckv:CKV2_AWS_44"],
  fix: "Keep one internet gateway for each VPC, leave out egress-only gateways, and peer networks that do not overlap.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html",
  types: [token.internetGateway, token.egressOnlyInternetGateway, token.vpcPeeringConnection],
  *checkStack(stack) {
    for (const vpc of stack.all(token.vpc)) {
      const gateways = [
        ...stack.users(vpc, [token.internetGateway], "vpcId"),
        ...stack.users(vpc, [token.internetGatewayAttachment], "vpcId"),
      ];
      if (gateways.length > 1) {
        yield vpc.fail(
          `${vpc.name} must have one internet gateway, got ${gateways.map(({ name }) => name).join(", ")}`,
        );
      }
    }
    for (const gateway of stack.all(token.egressOnlyInternetGateway)) {
      yield gateway.fail(`${gateway.name} must not exist: it is a way to the internet around NAT`);
    }
    for (const type of [token.internetGateway, token.internetGatewayAttachment]) {
      yield* stack.danglers([type], "vpcId", [token.vpc]).map((field) => field.undecided());
    }
    for (const peering of stack.all(token.vpcPeeringConnection)) yield* peersApart(peering, stack);
  },
});

function* peersApart(peering: Resource, stack: Stack): Iterable<Finding> {
  const sides = ["vpcId", "peerVpcId"].map((path) => stack.refs(peering.at(path), [token.vpc]));
  yield* sides.flatMap(({ unknown }) => unknown.map((field) => field.undecided()));
  const [own = [], peer = []] = sides.map(({ found }) =>
    found
      .map((vpc) => vpc.at("cidrBlock"))
      .flatMap(({ present, unknown, value }) => (present && !unknown ? [String(value)] : [])),
  );
  if (overlap(own, peer)) {
    yield peering.fail(
      `peerVpcId must be a VPC with other addresses, got ${peer.join(", ")} on both sides`,
    );
  }
}

export const eipOnlyNat = stackRule({
  id: "net-eip-only-nat-bastion",
  title: "Public addresses belong to NAT gateways, and to a bastion where configuration says so",
  severity: "high",
  level: "mandatory",
  requirements: ["J16"],
  controls: ["ckv:CKV2_AWS_19"],
  fix: "Attach the address to a NAT gateway or leave it out.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-eips.html",
  types: [token.eip, token.eipAssociation],
  config: { publicBastion },
  *checkStack(stack, config) {
    for (const association of stack.all(token.eipAssociation)) {
      if (!config.publicBastion) {
        yield association.fail(`${association.name} must not exist: it gives out a public address`);
      }
    }
    for (const address of stack.all(token.eip)) {
      yield* belongsToNat(address, stack, config.publicBastion);
    }
  },
});

function* belongsToNat(address: Resource, stack: Stack, forBastion: boolean): Iterable<Finding> {
  const byInstance = ["instance", "networkInterface"]
    .map((path) => address.at(path))
    .filter(({ present }) => present);
  if (byInstance.length > 0) {
    if (!forBastion) yield* byInstance.map((field) => field.fail("be left out"));
    return;
  }
  if (forBastion && stack.users(address, [token.eipAssociation], "allocationId").length > 0) return;
  const nat = [token.natGateway];
  const uses: [readonly string[], string][] = [
    [nat, "allocationId"],
    [nat, "secondaryAllocationIds"],
    [[token.natGatewayEipAssociation], "allocationId"],
  ];
  if (uses.some(([types, path]) => stack.users(address, types, path).length > 0)) return;
  const regional = stack
    .all(token.natGateway)
    .flatMap((gateway) => gateway.each("availabilityZoneAddresses"))
    .some((entry) => stack.refs(entry.at("allocationIds"), [token.eip]).found.includes(address));
  if (regional) return;
  const danglers = uses.flatMap(([types, path]) => stack.danglers(types, path, [token.eip]));
  yield* danglers.length > 0
    ? danglers.map((field) => field.undecided())
    : [address.fail(`${address.name} must belong to a NAT gateway, got no gateway that uses it`)];
}
