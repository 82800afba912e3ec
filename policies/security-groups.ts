import { coversWorld, isPrivate, overlap } from "./addresses";
import { known } from "./conditions";
import type { Field, Finding, Resource, Stack } from "./model";
import { stackRule } from "./rule";
import type { SecurityGroupRule } from "./security-group-rules";
import {
  foreignPrefixLists,
  isSelf,
  networksOf,
  portsOf,
  ruleTypes,
  securityGroupRules,
  shareAPort,
} from "./security-group-rules";
import { token } from "./tokens";
import { isPublicLoadBalancers } from "./load-balancers";

const knownNetworks = (fields: readonly Field[]) =>
  fields.filter(({ unknown }) => !unknown).map(({ text }) => text);

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
      yield* foreignPrefixLists(rule, stack).map((list) =>
        list.unknown ? list.undecided() : hidden(list),
      );
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

function hidden(list: Field): Finding {
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

export const noAllPorts = stackRule({
  id: "net-sg-no-all-ports",
  title: "Ingress rules name their ports, except those of a group for itself",
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
      if (self || (ports && ports.to - ports.from + 1 < tooManyPorts)) continue;
      if (!ports) yield* unknownPorts(rule);
      else if (self === undefined) yield* rule.peers.map((peer) => peer.undecided());
      else yield rule.resource.fail(`${place(rule)} must name its ports, got ${showPorts(rule)}`);
    }
  },
});

function unknownPorts({ protocol, fromPort, toPort }: SecurityGroupRule): Finding[] {
  return [protocol, fromPort, toPort]
    .filter(({ unknown }) => unknown)
    .map((field) => field.undecided());
}

function showPorts(rule: SecurityGroupRule): string {
  const ports = portsOf(rule);
  const protocol = rule.protocol.text || "-1";
  if (!ports || protocol === "-1" || protocol === "all") return "every protocol and port";
  return `${protocol} ${ports.from}-${ports.to}`;
}

export const restrictEgress = stackRule({
  id: "net-sg-restrict-egress",
  title: "Security groups let out HTTPS at most to the internet, and named ports to networks",
  severity: "medium",
  level: "advisory",
  requirements: ["J18", "S9"],
  controls: ["avd:AWS-0104", "ckv:CKV_AWS_382"],
  fix: "Replace egress to 0.0.0.0/0 by TCP 443, security groups, or the networks in use.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
  types: [...ruleTypes],
  *checkStack(stack) {
    for (const rule of egress(stack)) {
      const networks = networksOf(rule, stack);
      if (networks.length === 0) continue;
      yield* networks.filter(({ unknown }) => unknown).map((field) => field.undecided());
      const ports = portsOf(rule);
      if (!ports) {
        yield* unknownPorts(rule);
      } else if (coversWorld(knownNetworks(networks)) && !isHttps(rule)) {
        yield rule.resource.fail(
          `${place(rule)} must let nothing but TCP 443 out to the internet, got ${showPorts(rule)} to ${listed(networks)}`,
        );
      } else if (ports.to - ports.from + 1 >= tooManyPorts) {
        yield rule.resource.fail(
          `${place(rule)} must name its ports, got ${showPorts(rule)} to ${listed(networks)}`,
        );
      }
    }
  },
});

function isHttps(rule: SecurityGroupRule): boolean {
  const ports = portsOf(rule);
  const tcp = ["tcp", "6"].includes(rule.protocol.text.toLowerCase());
  return tcp && ports?.from === 443 && ports.to === 443;
}

/** What Pulumi writes when a program says nothing. */
const defaultDescriptions = ["", "Managed by Pulumi", "Managed by Terraform"];

const says = known(
  "say what it is for",
  (value) => typeof value === "string" && !defaultDescriptions.includes(value.trim()),
);

export const described = stackRule({
  id: "net-sg-description",
  title: "Security groups and their rules say what they are for",
  severity: "low",
  level: "advisory",
  requirements: ["J16"],
  controls: ["ckv:CKV_AWS_23", "avd:AWS-0099", "avd:AWS-0124"],
  fix: "Describe each security group and each rule.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
  types: [...ruleTypes],
  *checkStack(stack) {
    for (const group of stack.all(token.securityGroup)) yield* group.must("description", says);
    for (const { description } of securityGroupRules(stack)) yield* description.must(says);
  },
});

const standaloneTypes = [
  token.securityGroupRule,
  token.securityGroupIngressRule,
  token.securityGroupEgressRule,
];

export const noMixedRules = stackRule({
  id: "net-sg-no-mixed-rules",
  title: "The rules of a security group are written in one way, so that none removes another",
  severity: "medium",
  level: "mandatory",
  requirements: ["J16"],
  controls: [],
  fix: "Write all rules of a group as aws.vpc.SecurityGroupIngressRule and SecurityGroupEgressRule.",
  url: "https://www.pulumi.com/registry/packages/aws/api-docs/ec2/securitygroup/",
  types: [...ruleTypes],
  *checkStack(stack) {
    const groups = stack.all(token.securityGroup, token.defaultSecurityGroup);
    for (const group of groups) yield* oneWay(group, stack);
    for (const type of standaloneTypes) {
      yield* stack
        .danglers([type], "securityGroupId", [token.securityGroup, token.defaultSecurityGroup])
        .map((field) => field.undecided());
    }
  },
});

function* oneWay(group: Resource, stack: Stack): Iterable<Finding> {
  // An empty list counts: it makes the provider remove every rule that is not in it.
  const inline = ["ingress", "egress"].filter((list) => group.at(list).present);
  const [legacy = [], ...single] = standaloneTypes.map((type) =>
    stack.users(group, [type], "securityGroupId"),
  );
  const modern = single.flat();
  const standalone = [...legacy, ...modern].map(({ name }) => name).join(", ");
  if (inline.length > 0 && standalone !== "") {
    yield group.fail(
      `${inline.join(" and ")} must be left out: the group also has rules of their own, got ${standalone}`,
    );
  }
  if (legacy.length > 0 && modern.length > 0) {
    yield group.fail(
      `${group.name} must have rules of one type, got SecurityGroupRule and ${kindOf(modern[0])}`,
    );
  }
}

function kindOf(resource: Resource | undefined): string {
  return resource?.type.split(":").at(-1) ?? "none";
}

export const referenceOverCidr = stackRule({
  id: "net-sg-reference-over-cidr",
  title: "Rules inside the VPC name security groups and not addresses",
  severity: "low",
  level: "advisory",
  requirements: ["J16"],
  controls: [],
  fix: "Refer to the security group of the peer instead of its network.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-referencing.html",
  types: [...ruleTypes],
  *checkStack(stack) {
    const own = knownNetworks(
      stack
        .all(token.vpc)
        .map((vpc) => vpc.at("cidrBlock"))
        .filter(({ present }) => present),
    );
    for (const rule of securityGroupRules(stack)) {
      for (const cidr of rule.cidrs) {
        if (cidr.unknown) yield cidr.undecided();
        else if (isPrivate(cidr.text) && overlap(own, [cidr.text])) {
          yield cidr.fail(`be a security group: ${own.join(", ")} is the VPC itself`);
        }
      }
    }
  },
});
