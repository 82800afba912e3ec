import { numeric } from "./conditions";
import type { Field, Resource, Stack } from "./model";
import { token } from "./tokens";

export type Direction = "ingress" | "egress";

/** One entry of a list. */
export interface Entry {
  number: Field;
  action: Field;
  protocol: Field;
  cidrs: Field[];
  from: Field;
  to: Field;
  icmpType: Field;
  icmpCode: Field;
  /** Start of its fields' paths. */
  place: string;
}

export function inline(entry: Field): Entry {
  return {
    number: entry.at("ruleNo"),
    action: entry.at("action"),
    protocol: entry.at("protocol"),
    cidrs: [entry.at("cidrBlock"), entry.at("ipv6CidrBlock")].filter(({ present }) => present),
    from: entry.at("fromPort"),
    to: entry.at("toPort"),
    icmpType: entry.at("icmpType"),
    icmpCode: entry.at("icmpCode"),
    place: entry.path,
  };
}

export function standalone(rule: Resource, direction: Direction): Entry[] {
  const egress = rule.at("egress");
  // An unknown direction is taken for the one that is asked for, so that it does no harm either way.
  if (!egress.unknown && (egress.text === "true") !== (direction === "egress")) return [];
  return [
    {
      number: rule.at("ruleNumber"),
      action: rule.at("ruleAction"),
      protocol: rule.at("protocol"),
      cidrs: [rule.at("cidrBlock"), rule.at("ipv6CidrBlock")].filter(({ present }) => present),
      from: rule.at("fromPort"),
      to: rule.at("toPort"),
      icmpType: rule.at("icmpType"),
      icmpCode: rule.at("icmpCode"),
      place: rule.name,
    },
  ];
}

/** The entries with their networks of one IP version, which AWS matches apart from the other. */
export function ofVersion(entries: readonly Entry[], version: 4 | 6): Entry[] {
  return entries
    .map((entry) => ({
      ...entry,
      cidrs: entry.cidrs.filter(({ path }) => path.endsWith("ipv6CidrBlock") === (version === 6)),
    }))
    .filter(({ cidrs }) => cidrs.length > 0);
}

export function entriesOf(acl: Resource, direction: Direction, stack: Stack): Entry[] {
  const alone = stack.users(acl, [token.networkAclRule], "networkAclId");
  return [
    ...acl.each(direction).map(inline),
    ...alone.flatMap((rule) => standalone(rule, direction)),
  ];
}

export function unknownOf({ action, protocol, cidrs, from, to }: Entry): Field | undefined {
  return [action, protocol, ...cidrs, from, to].find(({ unknown }) => unknown);
}

export function protocolOf({ protocol }: Entry): string {
  return (protocol.text || "-1").toLowerCase();
}

export interface Ports {
  from: number;
  to: number;
}

export function portsOf({ from, to }: Entry): Ports {
  return {
    from: from.present ? numeric(from.value) : 0,
    to: to.present ? numeric(to.value) : 65535,
  };
}

export function showEntry({ protocol, from, to, cidrs }: Entry, way = "from"): string {
  const networks = cidrs.map(({ text }) => text).join(", ");
  const name = protocol.text || "-1";
  return ["-1", "all"].includes(name)
    ? `every protocol and port ${way} ${networks}`
    : `${name} ${from.text || 0}-${to.text || 65535} ${way} ${networks}`;
}
