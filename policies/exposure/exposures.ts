import { isPrivate } from "../addresses";
import type { Field, Finding, Resource, Stack } from "../model";
import type { SecurityGroupRule } from "../security-group-rules";
import {
  foreignPrefixLists,
  networksOf,
  portsOf,
  ruleTypes,
  securityGroupRules,
} from "../security-group-rules";
import { token } from "../tokens";
import type { Route } from "../topology";
import { doubtOf, edgeRoutingOf, leadsToInternet, routingOf } from "../topology";
import type { Door, Family, Listening } from "./doors";
import { doorsOf, strayParts } from "./doors";

/** A way by which the internet reaches a door. */
export interface Exposure {
  door: Resource;
  kind: Door["kind"];
  /** Protocol and port, such as `HTTPS 443`. */
  port: string;
  /** First and last port. */
  ports: { from: number; to: number };
  /** Networks of the internet that may come. */
  sources: string[];
  /** What lies between, from the internet on. */
  path: string[];
}

interface Exposures {
  found: Exposure[];
  /** What may be another way, depending on what only `up` knows. */
  doubts: Finding[];
}

/**
 * What the internet reaches, and how. A way takes an address, a route of the address's subnet to an internet gateway,
 * and a rule of its security group that lets networks of the internet in. Network ACLs are left out: they may narrow a
 * way, and a way that only they close is one entry away from being open.
 */
export function exposuresOf(stack: Stack): Exposures {
  const rules = securityGroupRules(stack).filter(({ direction }) => direction === "ingress");
  const all = doorsOf(stack).flatMap((door) =>
    ([4, 6] as const).map((family) => through(door, family, rules, stack)),
  );
  return {
    found: merged(all.flatMap(({ found }) => found)),
    doubts: [...all.flatMap(({ doubts }) => doubts), ...strayParts(stack)],
  };
}

function through(
  door: Door,
  family: Family,
  rules: readonly SecurityGroupRule[],
  stack: Stack,
): Exposures {
  const address = door.address(family);
  const ways = waysTo(door, family, stack);
  const closed = { found: [], doubts: [] };
  if (address.truth === false || (ways.path.length === 0 && ways.doubts.length === 0))
    return closed;
  const openings = openingsOf(door, family, rules, stack);
  if (openings.found.length === 0 && openings.doubts.length === 0) return closed;
  const doubts = [...address.doubts, ...ways.doubts, ...openings.doubts];
  if (address.truth === undefined || ways.path.length === 0) return { found: [], doubts };
  const found = openings.found.map(({ through: rule, ...opening }): Exposure => {
    const { resource, kind } = door;
    return { door: resource, kind, ...opening, path: [...ways.path, rule] };
  });
  return { found, doubts: openings.doubts };
}

/** The same port may be open by more than one rule. */
function merged(exposures: readonly Exposure[]): Exposure[] {
  const byPort = new Map<string, Exposure>();
  for (const one of exposures) {
    const key = `${one.door.urn} ${one.port}`;
    const other = byPort.get(key);
    byPort.set(key, {
      ...one,
      sources: [...new Set([...(other?.sources ?? []), ...one.sources])].toSorted(),
      path: [...new Set([...(other?.path ?? []), ...one.path])],
    });
  }
  return [...byPort.values()];
}

interface Ways {
  /** Gateways, routes and subnets by name. */
  path: string[];
  doubts: Finding[];
}

function waysTo(door: Door, family: Family, stack: Stack): Ways {
  const gateways = new Set<string>();
  const routes = new Set<string>();
  const subnets = new Set<string>();
  const doubts: Finding[] = [];
  for (const field of door.subnets) {
    const { found, outside, unknown } = stack.refs(field, [token.subnet, token.defaultSubnet]);
    doubts.push(...unknown.map((one) => one.undecided()));
    doubts.push(
      ...outside.map(({ text }) =>
        door.resource.undecided(`the routing of ${text} is unknown: the stack does not manage it`),
      ),
    );
    for (const subnet of found) {
      if (subnet.type === token.defaultSubnet) {
        gateways.add("the default VPC");
        subnets.add(subnet.name);
        continue;
      }
      const [own, edge] = [routingOf(subnet, stack), edgeRoutingOf(subnet, stack)];
      doubts.push(...[...own.unknown, ...edge.unknown].map((one) => one.undecided()));
      doubts.push(...foreignMainTable(door, subnet, stack));
      const ofFamily = (route: Route) =>
        route.destinations.some((destination) => isOf(destination, family));
      doubts.push(...edge.routes.filter(ofFamily).map((route) => doubtOf(route, subnet)));
      for (const route of own.routes.filter(ofFamily)) {
        const truth = leadsToInternet(route, stack);
        if (truth === undefined) doubts.push(doubtOf(route, subnet));
        if (!truth) continue;
        gateways.add(nameOf(route.at("gatewayId"), stack));
        routes.add(route.resource.name);
        subnets.add(subnet.name);
      }
    }
  }
  const { inDefaultVpc } = door;
  if (inDefaultVpc.truth && family === 4) return { path: ["the default VPC"], doubts };
  doubts.push(...inDefaultVpc.doubts);
  const listed = [...subnets].toSorted();
  const path =
    listed.length === 0
      ? []
      : [
          `internet gateway ${[...gateways].join(", ")}`,
          ...(routes.size > 0 ? [`route ${[...routes].join(", ")}`] : []),
          `${listed.length === 1 ? "subnet" : "subnets"} ${listed.join(", ")}`,
        ];
  return { path, doubts };
}

/** What nobody knows of a subnet without a route table of its own, in a VPC that the stack does not show. */
function foreignMainTable(door: Door, subnet: Resource, stack: Stack): Finding[] {
  if (stack.users(subnet, [token.routeTableAssociation], "subnetId").length > 0) return [];
  const { outside, unknown } = stack.refs(subnet.at("vpcId"), [token.vpc]);
  return [
    ...unknown.map((field) => field.undecided()),
    ...outside.map(({ text }) =>
      door.resource.undecided(
        `the main route table of ${text} is unknown: the stack does not manage it`,
      ),
    ),
  ];
}

/** Whether a destination or a network is of an IP version; a prefix list and what is unknown may be of either. */
function isOf(network: Field, family: Family): boolean {
  if (network.unknown || !/[.:]/.test(network.text)) return true;
  return network.text.includes(":") === (family === 6);
}

function nameOf(gateway: Field, stack: Stack): string {
  const [resource] = stack.refs(gateway, [token.internetGateway]).found;
  return resource?.name ?? gateway.text;
}

interface Opening {
  port: string;
  ports: { from: number; to: number };
  sources: string[];
  /** What lets the sources in: a rule, or that there is none. */
  through: string;
}

function openingsOf(
  door: Door,
  family: Family,
  rules: readonly SecurityGroupRule[],
  stack: Stack,
): { found: Opening[]; doubts: Finding[] } {
  const doubts: Finding[] = door.unknownListening.map((field) => field.undecided());
  if (door.groups.length === 0 && door.openWithoutGroup) {
    const everybody = {
      sources: [family === 4 ? "0.0.0.0/0" : "::/0"],
      through: "no security group",
    };
    return { found: opened(door, { from: 0, to: 65535 }, everybody, doubts), doubts };
  }
  const found: Opening[] = [];
  for (const rule of rulesOf(door, rules, stack, doubts)) {
    const networks = networksOf(rule, stack);
    doubts.push(...networks.filter(({ unknown }) => unknown).map((field) => field.undecided()));
    doubts.push(...foreignPrefixLists(rule, stack).map(hiddenNetworks));
    const sources = networks
      .filter((field) => !field.unknown && isOf(field, family) && !isPrivate(field.text))
      .map(({ text }) => text);
    if (sources.length === 0) continue;
    const ports = portsOf(rule);
    if (ports) found.push(...opened(door, ports, { sources, through: placeOf(rule) }, doubts));
    else {
      const unknown = [rule.protocol, rule.fromPort, rule.toPort].filter((field) => field.unknown);
      doubts.push(...unknown.map((field) => field.undecided()));
    }
  }
  return { found, doubts };
}

function hiddenNetworks(list: Field): Finding {
  return list.unknown
    ? list.undecided()
    : list.resource.undecided(
        `the networks of ${list.path} of ${list.resource.name} are unknown: the stack does not manage the prefix list`,
      );
}

function placeOf({ resource, protocol }: SecurityGroupRule): string {
  const entry = protocol.path.replace(/\.?[^.]*$/, "");
  return `rule ${resource.name}${entry === "" ? "" : ` ${entry}`}`;
}

/** The rules of the door's security groups, or of the default group of its VPC when it names none. */
function rulesOf(
  door: Door,
  rules: readonly SecurityGroupRule[],
  stack: Stack,
  doubts: Finding[],
): SecurityGroupRule[] {
  const groups = new Set<Resource>();
  for (const field of [...door.groups, ...(door.addedGroups ?? [])]) {
    const { found, outside, unknown } = stack.refs(field, [
      token.securityGroup,
      token.defaultSecurityGroup,
    ]);
    for (const group of found) groups.add(group);
    doubts.push(...unknown.map((one) => one.undecided()));
    doubts.push(
      ...outside.map(({ text }) =>
        door.resource.undecided(
          `the rules of the security group ${text} are unknown: the stack does not manage it`,
        ),
      ),
    );
  }
  if (door.groups.length === 0) for (const group of defaultGroups(door, stack)) groups.add(group);
  const strays = ruleTypes.flatMap((type) =>
    stack.danglers([type], "securityGroupId", [token.securityGroup, token.defaultSecurityGroup]),
  );
  doubts.push(...strays.map((field) => field.undecided()));
  return rules.filter((rule) => rule.groups.some((group) => groups.has(group)));
}

function defaultGroups(door: Door, stack: Stack): Resource[] {
  return door.subnets
    .flatMap((field) => stack.refs(field, [token.subnet]).found)
    .flatMap((subnet) => stack.refs(subnet.at("vpcId"), [token.vpc]).found)
    .flatMap((vpc) => stack.users(vpc, [token.defaultSecurityGroup], "vpcId"));
}

/** What a range of ports that a rule opens means for a door: its listeners among them, or the range itself. */
function opened(
  door: Door,
  range: { from: number; to: number },
  by: Pick<Opening, "sources" | "through">,
  doubts: Finding[],
): Opening[] {
  if (!door.listening) return [{ ...by, ports: range, port: rangeText(range) }];
  return door.listening.flatMap((listener) => {
    if (listener.port.unknown) {
      doubts.push(listener.port.undecided());
      return [];
    }
    return listens(listener, range).map((port) => ({
      ...by,
      ports: { from: port, to: port },
      port: listener.label(String(port)),
    }));
  });
}

function listens({ port }: Listening, { from, to }: { from: number; to: number }): number[] {
  const number = Number(port.text);
  return from <= number && number <= to ? [number] : [];
}

function rangeText({ from, to }: { from: number; to: number }): string {
  if (from === 0 && to === 65535) return "every port";
  if (from < 0) return "ICMP";
  return from === to ? `port ${from}` : `ports ${from}-${to}`;
}
