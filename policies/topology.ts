import type { Field, Resource, Stack } from "./model";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { any } from "./truth";

/** One route of a route table, inline or on its own. */
export interface Route {
  /** The resource that a message about the route is about. */
  resource: Resource;
  at(key: "gatewayId" | "natGatewayId" | "egressOnlyGatewayId"): Field;
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

/** Whether a route leads straight to the internet, in both directions. */
export function leadsToInternet(route: Route, stack: Stack): Truth {
  const gateway = route.at("gatewayId");
  if (!gateway.present) return false;
  const { found, outside } = stack.refs(gateway, [token.internetGateway]);
  if (found.length > 0) return true;
  const [id] = outside;
  return id ? id.text.startsWith("igw-") : undefined;
}

/** Whether a subnet is open to the internet: it has a route to an internet gateway. */
export function isPublic(subnet: Resource, stack: Stack): Truth {
  const { routes, unknown } = routingOf(subnet, stack);
  return any([
    ...routes.map((route) => leadsToInternet(route, stack)),
    ...(unknown.length > 0 ? [undefined] : []),
  ]);
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
