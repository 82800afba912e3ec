import type { Finding, Resource, Stack } from "./model";
import { publicBastion } from "./public-bastion";
import { stackRule } from "./rule";
import { token } from "./tokens";
import { any } from "./truth";
import type { Route } from "./topology";
import {
  doubtsOf,
  isBastion,
  isMeantPublic,
  isPublic,
  leadsToGateway,
  natGatewaysOf,
  routingOf,
} from "./topology";

export const privateDefaultRouteNat = stackRule({
  id: "net-private-default-route-nat",
  title: "Private subnets leave through a NAT gateway and have no route to an internet gateway",
  severity: "critical",
  level: "mandatory",
  requirements: ["J18", "J16"],
  controls: ["ckv:CKV2_AWS_35", "cis-eks-1.8.0:5.4.3"],
  fix: "Route 0.0.0.0/0 of private route tables to a NAT gateway; a subnet that has to be public says so in its Name tag.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/route-table-options.html",
  types: [token.subnet],
  *checkStack(stack) {
    for (const subnet of stack.all(token.subnet)) {
      const meantPublic = isMeantPublic(subnet, stack);
      if (meantPublic === undefined) yield subnet.at("tags").undecided();
      if (meantPublic !== false) continue;
      const { routes, unknown } = routingOf(subnet, stack);
      yield* unknown.map((field) => field.undecided());
      for (const route of routes) yield* privateRoute(route, subnet, stack);
    }
  },
});

const everywhere = new Set(["0.0.0.0/0", "::/0"]);

function* privateRoute(route: Route, subnet: Resource, stack: Stack): Iterable<Finding> {
  const gateway = route.at("gatewayId");
  const internet = leadsToGateway(route, stack);
  if (internet) {
    yield route.resource.fail(
      `${gateway.path} must not be an internet gateway: the route holds for the private subnet ${subnet.name}`,
    );
    return;
  }
  if (internet === undefined) yield gateway.undecided();
  const destination = route.destinations.find(({ value }) => everywhere.has(String(value)));
  if (!destination) {
    yield* route.destinations.filter((field) => field.unknown).map((field) => field.undecided());
    return;
  }
  const nat = route.at("natGatewayId");
  if (nat.present || route.at("egressOnlyGatewayId").present || internet === undefined) return;
  yield route.resource.fail(
    `${nat.path} must be set: the default route holds for the private subnet ${subnet.name}`,
  );
}

export const natInPublicSubnet = stackRule({
  id: "net-nat-in-public-subnet",
  title: "Every public NAT gateway sits in a subnet with a route to an internet gateway",
  severity: "medium",
  level: "mandatory",
  requirements: ["J18"],
  controls: [],
  fix: "Put the NAT gateway into a public subnet.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html",
  types: [token.natGateway],
  *checkStack(stack) {
    const zonal = stack.all(token.natGateway).filter((gateway) => !isRegionalOrPrivate(gateway));
    if (zonal.length === 0) {
      yield { verdict: "notApplicable", message: "all NAT gateways are regional or private" };
    }
    for (const gateway of zonal) {
      const field = gateway.at("subnetId");
      if (!field.present) yield field.fail("be a public subnet");
      const { found, outside, unknown } = stack.refs(field, [token.subnet]);
      yield* [...outside, ...unknown].map((reference) => reference.undecided());
      for (const subnet of found) {
        const truth = isPublic(subnet, stack);
        if (truth === undefined) yield* doubtsOf(subnet, stack);
        if (truth === false) {
          yield gateway.fail(
            `${field.path} must be a subnet with a route to an internet gateway, got ${subnet.name}`,
          );
        }
      }
    }
  },
});

/** A regional gateway stands in no subnet, a private one serves other private networks. */
function isRegionalOrPrivate(gateway: Resource): boolean {
  return (
    gateway.at("availabilityMode").value === "regional" ||
    gateway.at("connectivityType").value === "private"
  );
}

export const natPerZone = stackRule({
  id: "net-nat-per-az",
  title: "Every zone leaves through a NAT gateway of its own, so that no zone depends on another",
  severity: "low",
  level: "advisory",
  requirements: ["J18"],
  controls: [],
  fix: 'Make one NAT gateway for each zone, or one with availabilityMode "regional".',
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateways-regional.html",
  types: [token.natGateway],
  *checkStack(stack) {
    for (const subnet of stack.all(token.subnet)) {
      const gateways = natGatewaysOf(subnet, stack);
      const zones = gateways.map((gateway) => zoneOf(gateway, stack));
      const own = subnet.at("availabilityZone");
      if (gateways.length === 0 || zones.includes("every zone")) continue;
      if (own.unknown || zones.includes(undefined)) {
        yield subnet.undecided(
          `the zone of ${subnet.name} or of its NAT gateway is unknown until up`,
        );
      } else if (!zones.includes(own.text)) {
        yield subnet.fail(
          `the NAT gateway must be in ${own.text} as the subnet is, got ${gateways.map(({ name }) => name).join(", ")} in ${zones.join(", ")}`,
        );
      }
    }
  },
});

function zoneOf(gateway: Resource, stack: Stack): string | undefined {
  if (gateway.at("availabilityMode").value === "regional") return "every zone";
  const [subnet] = stack.refs(gateway.at("subnetId"), [token.subnet]).found;
  const zone = subnet?.at("availabilityZone");
  return zone?.present && !zone.unknown ? zone.text : undefined;
}

/** Where each type says in which subnets it lives. */
const placements: Record<string, string> = {
  [token.cluster]: "vpcConfig.subnetIds",
  [token.nodeGroup]: "subnetIds",
  [token.fargateProfile]: "subnetIds",
  [token.autoScalingGroup]: "vpcZoneIdentifiers",
  [token.instance]: "subnetId",
  [token.spotInstanceRequest]: "subnetId",
  [token.networkInterface]: "subnetId",
  [token.vpcEndpoint]: "subnetIds",
};

export const nodesPrivateSubnets = stackRule({
  id: "net-nodes-private-subnets",
  title: "Control plane, nodes, instances and endpoints live in private subnets",
  severity: "critical",
  level: "mandatory",
  requirements: ["J16", "S13"],
  controls: ["cis-eks-1.8.0:5.4.3"],
  fix: "Use subnets whose default route leads to a NAT gateway; a bastion that should be public is told to the pack by publicBastion.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html",
  types: Object.keys(placements),
  config: { publicBastion },
  *checkStack(stack, config) {
    for (const [type, path] of Object.entries(placements)) {
      for (const resource of stack.all(type)) {
        if (config.publicBastion && isBastion(resource)) continue;
        yield* inPrivateSubnets(resource, path, stack);
      }
    }
  },
});

function* inPrivateSubnets(resource: Resource, path: string, stack: Stack): Iterable<Finding> {
  const { found, outside, unknown } = stack.refs(resource.at(path), [
    token.subnet,
    token.defaultSubnet,
  ]);
  yield* unknown.map((field) => field.undecided());
  yield* outside.map((field) =>
    resource.undecided(`the routing of ${field.text} is unknown: the stack does not manage it`),
  );
  for (const subnet of found) {
    const meantPublic = isMeantPublic(subnet, stack);
    const truth = any([subnet.type === token.defaultSubnet, meantPublic, isPublic(subnet, stack)]);
    if (truth) yield resource.fail(`${path} must be private subnets, got ${subnet.name}`);
    if (truth !== undefined) continue;
    if (meantPublic === undefined) yield subnet.at("tags").undecided();
    yield* doubtsOf(subnet, stack);
  }
}
