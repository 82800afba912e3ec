import { isNetwork, isPrivate, overlap } from "./addresses";
import type { Field, Finding, Resource, Stack } from "./model";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { any } from "./truth";

/**
 * Targets by which nothing comes from the internet: gateways that only let out, and the network of a peer, whose
 * gateways serve nobody else (docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-limitations).
 */
export const outwardTargets = [
  "natGatewayId",
  "egressOnlyGatewayId",
  "vpcPeeringConnectionId",
] as const;

/**
 * Targets that carry on what comes to them: the endpoint of a firewall, an appliance, another network. What is behind
 * them may be an internet gateway: docs.aws.amazon.com/network-firewall/latest/developerguide/vpc-config-route-tables.html
 */
export const carriers = [
  "vpcEndpointId",
  "networkInterfaceId",
  "instanceId",
  "transitGatewayId",
  "coreNetworkArn",
  "carrierGatewayId",
  "localGatewayId",
  "odbNetworkArn",
] as const;

type Target = "gatewayId" | (typeof outwardTargets)[number] | (typeof carriers)[number];

/** One route of a route table, inline or on its own. */
export interface Route {
  /** The resource that a message about the route is about. */
  resource: Resource;
  at(key: Target): Field;
  /** Destination networks and prefix lists. */
  destinations: Field[];
}

export interface Routing {
  routes: Route[];
  /** References on which the routing depends and that are unknown. */
  unknown: Field[];
}

const tableTypes = [token.routeTable, token.defaultRouteTable, token.vpc];

/** The routes that hold for a subnet: those of its route table, or of the VPC's main one. */
export function routingOf(subnet: Resource, stack: Stack): Routing {
  const associations = stack.users(subnet, [token.routeTableAssociation], "subnetId");
  if (associations.length > 0) {
    const refs = associations.map((association) =>
      stack.refs(association.at("routeTableId"), tableTypes),
    );
    return {
      routes: refs.flatMap(({ found }) => found).flatMap((table) => routesOf(table, stack)),
      unknown: refs.flatMap(({ unknown, outside }) => [...unknown, ...outside]),
    };
  }
  const { found } = stack.refs(subnet.at("vpcId"), [token.vpc]);
  return {
    routes: found.flatMap((vpc) => routesOf(vpc, stack)),
    unknown: stack.danglers([token.routeTableAssociation], "subnetId", [token.subnet]),
  };
}

function mainTables(vpc: Resource, stack: Stack): Resource[] {
  const explicit = stack
    .users(vpc, [token.mainRouteTableAssociation], "vpcId")
    .flatMap((association) => stack.refs(association.at("routeTableId"), tableTypes).found);
  return explicit.length > 0
    ? explicit
    : stack.users(vpc, [token.defaultRouteTable], "defaultRouteTableId");
}

function routesOf(table: Resource, stack: Stack): Route[] {
  const standalone = routesBeside(table, stack);
  // A reference to the VPC's main table is a reference to whatever that table is, or to the one that AWS made.
  if (table.type === token.vpc) {
    return [...mainTables(table, stack).flatMap((main) => routesOf(main, stack)), ...standalone];
  }
  const inline = table.each("routes").map((entry) => ({
    resource: table,
    at: (key: string) => entry.at(key),
    destinations: ["cidrBlock", "ipv6CidrBlock", "destinationPrefixListId"].flatMap((key) =>
      entry.at(key).each(),
    ),
  }));
  return [...inline, ...standalone];
}

function routesBeside(table: Resource, stack: Stack): Route[] {
  return stack.users(table, [token.route], "routeTableId").map((route) => ({
    resource: route,
    at: (key: string) => route.at(key),
    destinations: [
      "destinationCidrBlock",
      "destinationIpv6CidrBlock",
      "destinationPrefixListId",
    ].flatMap((key) => route.each(key)),
  }));
}

/** Whether a route leads to an internet gateway, by which the internet comes too. */
export function leadsToGateway(route: Route, stack: Stack): Truth {
  const gateway = route.at("gatewayId");
  return gateway.present && isInternetGateway(gateway, stack);
}

function isInternetGateway(gateway: Field, stack: Stack): Truth {
  const { found, outside } = stack.refs(gateway, [token.internetGateway]);
  if (found.length > 0) return true;
  const [id] = outside;
  return id ? id.text.startsWith("igw-") : undefined;
}

/** Whether the internet comes by a route; nobody knows of one that something else carries on. */
export function leadsToInternet(route: Route, stack: Stack): Truth {
  if (route.at("gatewayId").present) return leadsToGateway(route, stack);
  return carrierOf(route) && !route.destinations.every(isOfNobody) ? undefined : false;
}

function carrierOf(route: Route): Field | undefined {
  return carriers.map((key) => route.at(key)).find(({ present }) => present);
}

/** Whether a destination has only addresses that nobody on the internet has. */
function isOfNobody({ unknown, text }: Field): boolean {
  return !unknown && isNetwork(text) && isPrivate(text);
}

/** What nobody knows of a route on which it hangs whether the internet reaches a subnet. */
export function doubtOf(route: Route, subnet: Resource): Finding {
  const carrier = carrierOf(route);
  const gateway = route.at("gatewayId");
  return gateway.present || !carrier
    ? gateway.undecided()
    : route.resource.undecided(
        `whether the internet reaches ${subnet.name} by ${carrier.path} of ${route.resource.name} is unknown: the pack does not know what that carries`,
      );
}

/**
 * The routes by which internet gateways hand on what is for a subnet, to a firewall or an appliance: those of tables
 * that are associated with a gateway (docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html). Whether the
 * subnet has a route back is the appliance's to decide, which may answer in its own name.
 */
export function edgeRoutingOf(subnet: Resource, stack: Stack): Routing {
  const refs = stack
    .all(token.routeTableAssociation)
    .filter((association) => {
      const gateway = association.at("gatewayId");
      return gateway.present && isInternetGateway(gateway, stack) !== false;
    })
    .map((association) => stack.refs(association.at("routeTableId"), tableTypes));
  return {
    routes: refs
      .flatMap(({ found }) => found)
      .filter((table) => mayShareVpc(table, subnet, stack))
      .flatMap((table) => routesOf(table, stack))
      .filter(
        (route) => carrierOf(route) && route.destinations.some((one) => mayBeOf(one, subnet)),
      ),
    unknown: refs.flatMap(({ unknown, outside }) => [...unknown, ...outside]),
  };
}

function mayShareVpc(table: Resource, subnet: Resource, stack: Stack): boolean {
  const [one = [], other = []] = [table, subnet].map((resource) => {
    const { found, outside } = stack.refs(resource.at("vpcId"), [token.vpc]);
    return [...found.map(({ urn }) => urn), ...outside.map(({ text }) => text)];
  });
  return one.length === 0 || other.length === 0 || one.some((vpc) => other.includes(vpc));
}

/** Whether a destination may have addresses of a subnet. */
function mayBeOf(destination: Field, subnet: Resource): boolean {
  const networks = ["cidrBlock", "ipv6CidrBlock"]
    .map((key) => subnet.at(key))
    .filter(({ present }) => present);
  const fields = [destination, ...networks];
  if (networks.length === 0 || fields.some(({ text }) => !isNetwork(text))) return true;
  return overlap(
    [destination.text],
    networks.map(({ text }) => text),
  );
}

/** Whether a subnet is open to the internet: it has a route to an internet gateway. */
export function isPublic(subnet: Resource, stack: Stack): Truth {
  const { routes } = routingOf(subnet, stack);
  if (routes.some((route) => leadsToInternet(route, stack))) return true;
  return doubtsOf(subnet, stack).length > 0 ? undefined : false;
}

/** On what it hangs whether a subnet is open to the internet, while nobody knows. */
export function doubtsOf(subnet: Resource, stack: Stack): Finding[] {
  const [own, edge] = [routingOf(subnet, stack), edgeRoutingOf(subnet, stack)];
  return [
    ...[...own.unknown, ...edge.unknown].map((field) => field.undecided()),
    ...[
      ...own.routes.filter((route) => leadsToInternet(route, stack) === undefined),
      ...edge.routes,
    ].map((route) => doubtOf(route, subnet)),
  ];
}

/** The NAT gateways through which a subnet leaves. */
export function natGatewaysOf(subnet: Resource, stack: Stack): Resource[] {
  return routingOf(subnet, stack).routes.flatMap(
    (route) => stack.refs(route.at("natGatewayId"), [token.natGateway]).found,
  );
}

/**
 * Whether a subnet is declared to be public: it is named so, marked for public load balancers, or holds a public NAT
 * gateway. Routes are no declaration: a wrong one is what rules look for.
 */
export function isMeantPublic(subnet: Resource, stack: Stack): Truth {
  const tags = subnet.at("tags");
  const holdsNat = stack
    .users(subnet, [token.natGateway], "subnetId")
    .some((gateway) => gateway.at("connectivityType").value !== "private");
  return any([
    holdsNat,
    tags.unknown ? undefined : tags.child("kubernetes.io/role/elb").present,
    ...tags.values().map((tag): Truth => (tag.unknown ? undefined : tag.value === "public")),
    /(?<![a-z])public(?![a-z])/i.test(tags.child("Name").text),
  ]);
}

/** A bastion says so in its name or in a tag. */
export function isBastion(resource: Resource): boolean {
  const tags = [
    resource.at("tags"),
    ...resource.each("tags").map((tag) => tag.at("value")),
    ...resource.each("tagSpecifications").map((specification) => specification.at("tags")),
  ];
  const texts = tags.flatMap((tag) => [tag, ...tag.values()]).map(({ value }) => value);
  return [resource.name, ...texts].some(
    (text) => typeof text === "string" && /bastion|jump-?(host|box|server)/i.test(text),
  );
}
