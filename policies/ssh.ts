import { groupFields } from "./compute-security-groups";
import { apiGroups, isOnClusterGroup } from "./eks-network";
import { instances, templatesOf } from "./launch-templates";
import type { Field, Finding, Resource, Stack } from "./model";
import { stackRule } from "./rule";
import type { SecurityGroupRule } from "./security-group-rules";
import {
  isEveryProtocol,
  isSelf,
  opens,
  securityGroupRules,
  unknownPorts,
} from "./security-group-rules";
import { token } from "./tokens";
import { isBastion } from "./topology";

const ssh = 22;

export const noSshInside = stackRule({
  id: "net-sg-no-ssh-inside",
  title: "No security group of nodes or of the control plane lets SSH in, from wherever it comes",
  severity: "high",
  level: "mandatory",
  requirements: ["M6", "J16"],
  controls: [],
  fix: "Leave out rules with port 22: people use Session Manager, and nodes have no SSH server.",
  url: "https://docs.aws.amazon.com/eks/latest/best-practices/protecting-the-infrastructure.html",
  types: [token.cluster, token.nodeGroup],
  *checkStack(stack) {
    const guards = new Set([...apiGroups(stack), ...groupsOf(stack.all(token.nodeGroup), stack)]);
    for (const rule of securityGroupRules(stack)) {
      const guardsCluster =
        rule.groups.some((group) => guards.has(group)) || isOnClusterGroup(rule.resource, stack);
      if (!guardsCluster || rule.direction === "egress") continue;
      // Pods of different nodes talk on every port; network policies narrow that, and no rule of a group can.
      const amongNodes = isEveryProtocol(rule) ? isSelf(rule, stack) : false;
      if (amongNodes === undefined) yield* rule.peers.map((peer) => peer.undecided());
      else if (!amongNodes) yield* closedForSsh(rule, "not let SSH in");
    }
  },
});

export const bastionEgress = stackRule({
  id: "bastion-egress-named",
  title: "The bastion reaches security groups and endpoints, and nothing by SSH",
  severity: "high",
  level: "mandatory",
  requirements: ["J16"],
  controls: [],
  fix: "Let the bastion out to the security groups of the API and of the endpoints, and to prefix lists of endpoints.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-referencing.html",
  types: [token.autoScalingGroup, ...instances],
  *checkStack(stack) {
    const bastions = stack.all(token.autoScalingGroup, ...instances).filter(isBastion);
    if (bastions.length === 0) {
      yield { verdict: "notApplicable", message: "the stack has no bastion" };
    }
    const guards = new Set(groupsOf(bastions, stack));
    for (const rule of securityGroupRules(stack)) {
      if (rule.direction === "ingress" || !rule.groups.some((group) => guards.has(group))) continue;
      for (const cidr of rule.cidrs) {
        yield cidr.fail("be a security group or the prefix list of an endpoint");
      }
      yield* rule.prefixLists.flatMap((list) => ofEndpoint(list, stack));
      yield* closedForSsh(rule, "not lead to SSH");
    }
  },
});

/** The security groups of instances, by themselves or by their templates. */
export function groupsOf(users: readonly Resource[], stack: Stack): Resource[] {
  return users
    .flatMap((user) => [user, ...templatesOf(user, stack)])
    .flatMap((one) => groupFields(one, stack))
    .flatMap((field) => stack.refs(field, [token.securityGroup]).found);
}

function* closedForSsh(rule: SecurityGroupRule, wanted: string): Iterable<Finding> {
  const open = opens(rule, ssh);
  if (open) yield rule.resource.fail(`${rule.resource.name} must ${wanted}`);
  if (open === undefined) yield* unknownPorts(rule);
}

function ofEndpoint(list: Field, stack: Stack): Finding[] {
  if (stack.refs(list, [token.vpcEndpoint]).found.length > 0) return [];
  if (stack.refs(list, [token.managedPrefixList]).found.length > 0) {
    return [list.fail("be the prefix list of an endpoint")];
  }
  if (list.unknown) return [list.undecided()];
  const { path, resource } = list;
  return [
    resource.undecided(
      `the owner of ${path} of ${resource.name} is unknown: no endpoint of the stack has it`,
    ),
  ];
}
