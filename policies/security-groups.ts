import { coversWorld, isPrivate } from "./addresses";
import { isPublicLoadBalancers } from "./load-balancers";
import type { Field, Finding, Stack } from "./model";
import { stackRule } from "./rule";
import type { SecurityGroupRule } from "./security-group-rules";
import {
  foreignPrefixLists,
  isSelf,
  knownNetworks,
  networksOf,
  portsOf,
  ruleTypes,
  securityGroupRules,
  shareAPort,
  unknownPorts,
} from "./security-group-rules";

function listed(fields: readonly Field[]): string {
  return knownNetworks(fields).join(", ");
}

const ingress = (stack: Stack) =>
  securityGroupRules(stack).filter(({ direction }) => direction === "ingress");

const egress = (stack: Stack) =>
  securityGroupRules(stack).filter(({ direction }) => direction === "egress");

/** Where a rule stands: an entry of a list has a path, a resource of its own only a name. */
function place({ protocol, resource }: SecurityGroupRule): string {
  const entry = protocol.path.replace(/\.?[^.]*$/, "");
  return entry === "" ? resource.name : entry;
}

export const noWorldIngress = stackRule({
  id: "net-sg-no-world-ingress",
  title:
    "No security group lets the internet in, except that of a public load balancer on 80 and 443",
  severity: "critical",
  level: "mandatory",
  requirements: ["J16", "J17", "S13"],
  controls: ["avd:AWS-0107", "ckv:CKV_AWS_24", "ckv:CKV_AWS_25", "ckv:CKV_AWS_260"],
  fix: "Name the security groups or the networks that need access; several rules must not add up to the internet.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
  types: [...ruleTypes],
  *checkStack(stack) {
    const rules = ingress(stack);
    for (const rule of rules) {
      const own = networksOf(rule, stack);
      yield* own.filter(({ unknown }) => unknown).map((field) => field.undecided());
      yield* foreignPrefixLists(rule, stack).map(undecidedList);
      const networks = knownNetworks(own);
      if (networks.every(isPrivate) || isPublicWeb(rule, stack)) continue;
      if (coversWorld(networks)) {
        yield rule.resource.fail(`${place(rule)} must not let the internet in, got ${listed(own)}`);
        continue;
      }
      const others = rules.filter((other) => other !== rule && addsTo(rule, other));
      const union = others.flatMap((other) => networksOf(other, stack));
      if (coversWorld([...networks, ...knownNetworks(union)])) {
        const names = [...new Set(others.map(place))].join(", ");
        yield rule.resource.fail(
          `${place(rule)} must not let the internet in together with ${names}, got ${listed(own)}`,
        );
      }
    }
  },
});

function undecidedList(list: Field): Finding {
  if (list.unknown) return list.undecided();
  return list.resource.undecided(
    `the networks of ${list.path} of ${list.resource.name} are unknown: the stack does not manage the prefix list`,
  );
}

function addsTo(rule: SecurityGroupRule, other: SecurityGroupRule): boolean {
  if (other.cidrs.length + other.prefixLists.length === 0) return false;
  const sameGroup = other.groups.some((group) => rule.groups.includes(group));
  return sameGroup && shareAPort(rule, other) !== false;
}

/** HTTP and HTTPS of a group that serves public load balancers and nothing else. */
function isPublicWeb(rule: SecurityGroupRule, stack: Stack): boolean {
  const ports = portsOf(rule);
  return (
    ports !== undefined &&
    ports.from === ports.to &&
    (ports.from === 80 || ports.from === 443) &&
    rule.groups.length > 0 &&
    rule.groups.every((group) => isPublicLoadBalancers(group, stack))
  );
}

/** Half of the port space; a range of that size names no service. */
const tooManyPorts = 32768;
/** System ports belong to a service each (RFC 6335, section 6), so a range of them is wider than its use. */
const firstUserPort = 1024;

/** Whether a rule names what it is for: one port, or a range of those that services share. */
function namesPorts({ from, to }: { from: number; to: number }): boolean {
  return from === to || (from >= firstUserPort && to - from + 1 < tooManyPorts);
}

export const noAllPorts = stackRule({
  id: "net-sg-no-all-ports",
  title: "Ingress rules name their ports one by one, except those of a group for itself",
  severity: "high",
  level: "mandatory",
  requirements: ["J16"],
  controls: ["avd:AWS-0102"],
  fix: "Name protocol and ports of each flow.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
  types: [...ruleTypes],
  *checkStack(stack) {
    for (const rule of ingress(stack)) {
      const self = isSelf(rule, stack);
      const ports = portsOf(rule);
      if (self || (ports && namesPorts(ports))) continue;
      if (!ports) yield* unknownPorts(rule);
      else if (self === undefined) yield* rule.peers.map((peer) => peer.undecided());
      else yield unnamed(rule);
    }
  },
});

function unnamed(rule: SecurityGroupRule): Finding {
  return rule.resource.fail(`${place(rule)} must name its ports, got ${showPorts(rule)}`);
}

function showPorts(rule: SecurityGroupRule): string {
  const ports = portsOf(rule);
  const protocol = rule.protocol.text || "-1";
  if (!ports || protocol === "-1" || protocol === "all") return "every protocol and port";
  return `${protocol} ${ports.from}-${ports.to}`;
}

export const restrictEgress = stackRule({
  id: "net-sg-restrict-egress",
  title: "Security groups let out HTTPS at most to the internet, and named ports to all others",
  severity: "medium",
  level: "mandatory",
  requirements: ["J18", "S9"],
  controls: ["avd:AWS-0104", "ckv:CKV_AWS_382"],
  fix: "Replace egress to 0.0.0.0/0 by TCP 443, security groups, or the networks in use.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
  types: [...ruleTypes],
  *checkStack(stack) {
    for (const rule of egress(stack)) {
      const self = isSelf(rule, stack);
      if (self) continue;
      const networks = networksOf(rule, stack);
      yield* networks.filter(({ unknown }) => unknown).map((field) => field.undecided());
      // HTTPS may go anywhere, so it does not matter what is in the list.
      if (!isHttps(rule)) yield* foreignPrefixLists(rule, stack).map(undecidedList);
      const ports = portsOf(rule);
      if (!ports) {
        yield* unknownPorts(rule);
      } else if (coversWorld(knownNetworks(networks)) && !isHttps(rule)) {
        yield rule.resource.fail(
          `${place(rule)} must let nothing but TCP 443 out to the internet, got ${showPorts(rule)} to ${listed(networks)}`,
        );
      } else if (!namesPorts(ports)) {
        yield* self === undefined ? rule.peers.map((peer) => peer.undecided()) : [unnamed(rule)];
      }
    }
  },
});

function isHttps(rule: SecurityGroupRule): boolean {
  const ports = portsOf(rule);
  const tcp = ["tcp", "6"].includes(rule.protocol.text.toLowerCase());
  return tcp && ports?.from === 443 && ports.to === 443;
}
