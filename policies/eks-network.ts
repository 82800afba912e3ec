import { coversWorld, isPrivate, isWithin } from "./addresses";
import { is } from "./conditions";
import type { Field, Resource, Stack } from "./model";
import { resourceRule, stackRule } from "./rule";
import { securityGroupRules } from "./security-group-rules";
import { token } from "./tokens";

export const privateEndpoint = resourceRule({
  id: "eks-private-endpoint",
  title: "The Kubernetes API is reachable only from inside the VPC",
  severity: "critical",
  level: "mandatory",
  requirements: ["J1", "S13"],
  controls: ["cis-eks-1.8.0:5.4.2", "ckv:CKV_AWS_39", "avd:AWS-0040"],
  fix: "Set vpcConfig.endpointPublicAccess to false and vpcConfig.endpointPrivateAccess to true.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
  types: [token.cluster],
  *check(cluster) {
    // EKS' defaults are the opposite, so what is missing fails.
    yield* cluster.must("vpcConfig.endpointPublicAccess", is(false));
    yield* cluster.must("vpcConfig.endpointPrivateAccess", is(true));
  },
});

export const publicCidrs = resourceRule({
  id: "eks-public-cidrs-never-world",
  title: "A public Kubernetes API is open to trusted networks only",
  severity: "critical",
  level: "mandatory",
  requirements: ["J17", "S13"],
  controls: ["cis-eks-1.8.0:5.4.1", "ckv:CKV_AWS_38", "avd:AWS-0041"],
  fix: "Set vpcConfig.publicAccessCidrs to the networks that people work in; EKS opens to the internet without it.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
  types: [token.cluster],
  *check(cluster) {
    const isPublic = cluster.at("vpcConfig.endpointPublicAccess");
    const cidrs = cluster.at("vpcConfig.publicAccessCidrs");
    const isClosed = is(false).holds(isPublic.value);
    const networks = cidrs.each();
    const known = networks.filter(({ unknown }) => !unknown).map(({ text }) => text);
    if (isClosed === true && !cidrs.present) return;
    if (isClosed !== true && !cidrs.present) {
      yield isClosed === undefined
        ? isPublic.undecided()
        : cidrs.fail("be trusted networks: the endpoint is public");
      return;
    }
    if (coversWorld(known)) yield cidrs.fail("be trusted networks, not the internet");
    else yield* networks.filter(({ unknown }) => unknown).map((field) => field.undecided());
  },
});

export const apiInternal = stackRule({
  id: "eks-api-reachable-only-internal",
  title:
    "The security groups of the control plane let in security groups, private networks and trusted ones only",
  severity: "critical",
  level: "mandatory",
  requirements: ["J1", "J17", "S13"],
  controls: ["cis-eks-1.8.0:5.4.2"],
  fix: "Allow 443 from the security groups of nodes and bastion.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html",
  types: [token.cluster],
  config: {
    trustedCidrs: {
      type: "array",
      items: { type: "string" },
      default: [] as string[],
      description: "Public networks that may reach the API, besides private ones.",
    },
  },
  *checkStack(stack, { trustedCidrs }) {
    const guards = apiGroups(stack);
    for (const rule of securityGroupRules(stack)) {
      const guardsApi =
        rule.groups.some((group) => guards.has(group)) || isOnClusterGroup(rule.resource, stack);
      if (!guardsApi || rule.direction === "egress") continue;
      for (const cidr of rule.cidrs) {
        if (cidr.unknown) yield cidr.undecided();
        else if (!isInternal(cidr.text, trustedCidrs)) {
          yield cidr.fail("be a private or trusted network: the rule opens the control plane");
        }
      }
    }
    for (const cluster of stack.all(token.cluster)) {
      const { unknown } = stack.refs(cluster.at("vpcConfig.securityGroupIds"), groupTypes);
      yield* unknown.map((field) => field.undecided());
    }
  },
});

const groupTypes = [token.securityGroup, token.defaultSecurityGroup];

/** The security groups that programs give to control planes. */
export function apiGroups(stack: Stack): Set<Resource> {
  const fields = stack
    .all(token.cluster)
    .map((cluster) => cluster.at("vpcConfig.securityGroupIds"));
  return new Set(fields.flatMap((field) => stack.refs(field, groupTypes).found));
}

/** Rules can also be added to the group that EKS makes itself. */
export function isOnClusterGroup(rule: Resource, stack: Stack): boolean {
  return isClusterGroup(rule.at("securityGroupId"), stack);
}

/** Whether a field names the group that EKS makes for a cluster of the stack, and opens to itself on every port. */
export function isClusterGroup(group: Field, stack: Stack): boolean {
  const clusters = stack.all(token.cluster);
  return (
    stack.refs(group, [token.cluster]).found.length > 0 ||
    clusters.some(({ outputs }) => {
      const config = outputs["vpcConfig"];
      return (
        typeof config === "object" &&
        config !== null &&
        "clusterSecurityGroupId" in config &&
        group.present &&
        !group.unknown &&
        config.clusterSecurityGroupId === group.value
      );
    })
  );
}

function isInternal(cidr: string, trusted: readonly string[]): boolean {
  return isPrivate(cidr) || (isWithin(trusted, cidr) && !coversWorld([cidr]));
}
