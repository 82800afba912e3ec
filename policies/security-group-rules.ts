import { numeric } from "./conditions";
import type { Field, Finding, References, Resource, Stack } from "./model";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all } from "./truth";

/** One rule of a security group, in whichever of its four forms the program wrote it. */
export interface SecurityGroupRule {
  /** The resource that says the rule: the rule's own, or the group with its list. */
  resource: Resource;
  direction: "ingress" | "egress";
  /** The groups of the stack that it belongs to. */
  groups: Resource[];
  protocol: Field;
  fromPort: Field;
  toPort: Field;
  /** IPv4 and IPv6 networks. */
  cidrs: Field[];
  prefixLists: Field[];
  /** Other security groups. */
  peers: Field[];
  self: Field;
  description: Field;
}

export const ruleTypes = [
  token.securityGroup,
  token.defaultSecurityGroup,
  token.securityGroupRule,
  token.securityGroupIngressRule,
  token.securityGroupEgressRule,
] as const;

const groupTypes = [token.securityGroup, token.defaultSecurityGroup];

type Direction = SecurityGroupRule["direction"];

/** Every rule of every security group of the stack. */
export function securityGroupRules(stack: Stack): SecurityGroupRule[] {
  return stack.all(...ruleTypes).flatMap((resource) => rulesOf(resource, stack));
}

function rulesOf(resource: Resource, stack: Stack): SecurityGroupRule[] {
  const group = (): References => stack.refs(resource.at("securityGroupId"), groupTypes);
  switch (resource.type) {
    case token.securityGroupIngressRule:
      return [standalone(resource, "ingress", group().found)];
    case token.securityGroupEgressRule:
      return [standalone(resource, "egress", group().found)];
    case token.securityGroupRule:
      return directions(resource.at("type")).map((direction) =>
        listed(resource.at("type"), (key) => resource.at(key), direction, group().found, [
          "sourceSecurityGroupId",
        ]),
      );
    default:
      return (["ingress", "egress"] as const).flatMap((direction) =>
        resource
          .each(direction)
          .map((entry) =>
            listed(entry, (key) => entry.at(key), direction, [resource], ["securityGroups"]),
          ),
      );
  }
}

/** An unknown direction may turn out either way. */
function directions(type: Field): Direction[] {
  if (type.unknown) return ["ingress", "egress"];
  return type.value === "egress" ? ["egress"] : ["ingress"];
}

function standalone(
  resource: Resource,
  direction: Direction,
  groups: Resource[],
): SecurityGroupRule {
  const each = (...keys: string[]) => keys.flatMap((key) => resource.each(key));
  return {
    resource,
    direction,
    groups,
    protocol: resource.at("ipProtocol"),
    fromPort: resource.at("fromPort"),
    toPort: resource.at("toPort"),
    cidrs: each("cidrIpv4", "cidrIpv6"),
    prefixLists: each("prefixListId"),
    peers: each("referencedSecurityGroupId"),
    self: resource.at("self"),
    description: resource.at("description"),
  };
}

function listed(
  { resource }: Field,
  at: (key: string) => Field,
  direction: Direction,
  groups: Resource[],
  peerKeys: string[],
): SecurityGroupRule {
  return {
    resource,
    direction,
    groups,
    protocol: at("protocol"),
    fromPort: at("fromPort"),
    toPort: at("toPort"),
    cidrs: [...at("cidrBlocks").each(), ...at("ipv6CidrBlocks").each()],
    prefixLists: at("prefixListIds").each(),
    peers: peerKeys.flatMap((key) => at(key).each()),
    self: at("self"),
    description: at("description"),
  };
}

const everyPort = { from: 0, to: 65535 };
const protocolsWithPorts = new Set(["tcp", "6", "udp", "17"]);
const protocolsOfMessages = new Set(["icmp", "1", "icmpv6", "58"]);

/** The ports that a rule opens; undefined while they are unknown. A protocol without ports opens all of itself. */
export function portsOf(rule: SecurityGroupRule): { from: number; to: number } | undefined {
  if (rule.protocol.unknown) return undefined;
  const protocol = protocolOf(rule);
  if (protocolsOfMessages.has(protocol)) return { from: -1, to: -1 };
  if (!protocolsWithPorts.has(protocol)) return everyPort;
  if (rule.fromPort.unknown || rule.toPort.unknown) return undefined;
  if (!rule.fromPort.present || !rule.toPort.present) return everyPort;
  const range = { from: numeric(rule.fromPort.value), to: numeric(rule.toPort.value) };
  return range.from < 0 ? everyPort : range;
}

function protocolOf({ protocol }: SecurityGroupRule): string {
  return (protocol.text || "-1").toLowerCase();
}

/** What is undecided while the ports of a rule are unknown. */
export function unknownPorts({ protocol, fromPort, toPort }: SecurityGroupRule): Finding[] {
  return [protocol, fromPort, toPort]
    .filter(({ unknown }) => unknown)
    .map((field) => field.undecided());
}

/** Whether a rule says that it is for every protocol, and not for a range of ports. */
export function isEveryProtocol(rule: SecurityGroupRule): Truth {
  return rule.protocol.unknown ? undefined : ["-1", "all"].includes(protocolOf(rule));
}

/** Whether a rule opens a TCP port. */
export function opens(rule: SecurityGroupRule, port: number): Truth {
  const ports = portsOf(rule);
  if (!ports) return undefined;
  return (
    protocolOf(rule) !== "udp" &&
    protocolOf(rule) !== "17" &&
    ports.from <= port &&
    port <= ports.to
  );
}

/** Whether two rules open a port in common. */
export function shareAPort(a: SecurityGroupRule, b: SecurityGroupRule): Truth {
  const [portsOfA, portsOfB] = [portsOf(a), portsOf(b)];
  if (!portsOfA || !portsOfB) return undefined;
  return portsOfA.from <= portsOfB.to && portsOfB.from <= portsOfA.to;
}

/** Whether the other end of the rule is the group itself and nobody else. */
export function isSelf(rule: SecurityGroupRule, stack: Stack): Truth {
  if (rule.cidrs.length > 0 || rule.prefixLists.length > 0) return false;
  if (rule.peers.length === 0) return rule.self.text === "true";
  return all(rule.peers.map((peer) => isOwn(peer, rule.groups, stack)));
}

function isOwn(peer: Field, own: readonly Resource[], stack: Stack): Truth {
  const { found, unknown } = stack.refs(peer, groupTypes);
  if (unknown.length > 0) return undefined;
  return found.length > 0 && found.every((group) => own.includes(group));
}

/** The networks behind a rule: its own and those of the prefix lists of the stack. */
export function networksOf(rule: SecurityGroupRule, stack: Stack): Field[] {
  const lists = rule.prefixLists.flatMap(
    (list) => stack.refs(list, [token.managedPrefixList]).found,
  );
  return [
    ...rule.cidrs,
    ...lists.flatMap((list) => [
      ...list.each("entries").map((entry) => entry.at("cidr")),
      ...stack
        .users(list, [token.managedPrefixListEntry], "prefixListId")
        .map((entry) => entry.at("cidr")),
    ]),
  ];
}

/** Prefix lists of a rule whose networks nobody here knows: neither the stack's nor AWS' own for an endpoint. */
export function foreignPrefixLists(rule: SecurityGroupRule, stack: Stack): Field[] {
  return rule.prefixLists.filter(
    (list) => stack.refs(list, [token.managedPrefixList, token.vpcEndpoint]).found.length === 0,
  );
}

/** The networks that are known, as texts. */
export function knownNetworks(fields: readonly Field[]): string[] {
  return fields.filter(({ unknown }) => !unknown).map(({ text }) => text);
}
