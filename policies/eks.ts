import { coversWorld, isPrivate, isWithin } from "./addresses";
import { contains, is, isAtLeast, isOneOf } from "./conditions";
import { mustNameKey } from "./keys";
import type { Field, Finding, Resource, Stack } from "./model";
import { resourceRule, stackRule } from "./rule";
import { opens, securityGroupRules } from "./security-group-rules";
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

export const secretsEncrypted = stackRule({
  id: "eks-secrets-kms",
  title: "Kubernetes secrets are encrypted with a key that the account manages",
  severity: "high",
  level: "mandatory",
  requirements: ["M1"],
  controls: ["cis-eks-1.8.0:5.3.1", "ckv:CKV_AWS_58", "avd:AWS-0039"],
  fix: 'Set encryptionConfig with resources ["secrets"] and the ARN of a KMS key.',
  url: "https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html",
  types: [token.cluster],
  *checkStack(stack) {
    for (const cluster of stack.all(token.cluster)) {
      yield* cluster.must("encryptionConfig.resources", contains(["secrets"]));
      yield* mustNameKey(cluster.at("encryptionConfig.provider.keyArn"), stack);
    }
  },
});

const logTypes = ["api", "audit", "authenticator", "controllerManager", "scheduler"];

export const controlPlaneLogs = resourceRule({
  id: "eks-control-plane-logs",
  title: "The control plane logs everything that EKS can log",
  severity: "medium",
  level: "mandatory",
  requirements: ["S1"],
  controls: ["cis-eks-1.8.0:2.1.1", "ckv:CKV_AWS_37", "avd:AWS-0038"],
  fix: `Set enabledClusterLogTypes to ${logTypes.join(", ")}.`,
  url: "https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html",
  types: [token.cluster],
  *check(cluster) {
    yield* cluster.must("enabledClusterLogTypes", contains(logTypes));
  },
});

/**
 * Versions in standard support, as of docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html: 1.34 until
 * 2026-12-02, 1.35 until 2027-03-27. The rule looks at no clock, so a version leaves when this list is changed.
 */
const supportedVersions = ["1.34", "1.35"];

/** Nodes may lag, so that an upgrade can go through the control plane first. */
const allowedSkew = 1;

export const supportedVersion = stackRule({
  id: "eks-supported-version",
  title:
    "Control plane and nodes run a Kubernetes version in standard support, nodes at most one behind",
  severity: "high",
  level: "mandatory",
  requirements: ["M1"],
  controls: ["ckv:CKV_AWS_339"],
  fix: `Set version to one of ${supportedVersions.join(", ")}, the control plane first.`,
  url: "https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html",
  types: [token.cluster, token.nodeGroup],
  *checkStack(stack) {
    const supported = isOneOf(supportedVersions);
    for (const cluster of stack.all(token.cluster)) yield* cluster.must("version", supported);
    for (const group of stack.all(token.nodeGroup)) {
      const version = group.at("version");
      // Without a version EKS takes the control plane's.
      if (version.present) yield* version.must(supported);
      for (const cluster of stack.refs(group.at("clusterName"), [token.cluster]).found) {
        yield* skew(version, cluster.at("version"));
      }
    }
  },
});

function* skew(nodes: Field, controlPlane: Field): Iterable<Finding> {
  if (!nodes.present || nodes.unknown || !controlPlane.present || controlPlane.unknown) return;
  const behind = minorOf(controlPlane) - minorOf(nodes);
  if (!(behind >= 0 && behind <= allowedSkew)) {
    yield nodes.fail(
      `be the control plane's ${controlPlane.text} or at most ${allowedSkew} minor version behind`,
    );
  }
}

function minorOf({ value }: Field): number {
  return Number(String(value).split(".")[1]);
}

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
      if (!guardsApi || rule.direction === "egress" || opens(rule, 443) === false) continue;
      for (const cidr of rule.cidrs) {
        if (cidr.unknown) yield cidr.undecided();
        else if (!isInternal(cidr.text, trustedCidrs)) {
          yield cidr.fail("be a private or trusted network: the rule opens the Kubernetes API");
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

function apiGroups(stack: Stack): Set<Resource> {
  const fields = stack
    .all(token.cluster)
    .map((cluster) => cluster.at("vpcConfig.securityGroupIds"));
  return new Set(fields.flatMap((field) => stack.refs(field, groupTypes).found));
}

/** Rules can also be added to the group that EKS makes itself. */
function isOnClusterGroup(rule: Resource, stack: Stack): boolean {
  const group = rule.at("securityGroupId");
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

export const deletionProtection = resourceRule({
  id: "eks-deletion-protection",
  title: "A cluster is not deleted by mistake",
  severity: "low",
  level: "advisory",
  requirements: ["M1"],
  controls: [],
  fix: "Set deletionProtection to true, or protect the resource.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/deletion-protection.html",
  types: [token.cluster],
  *check(cluster) {
    if (!cluster.protect) yield* cluster.must("deletionProtection", is(true));
  },
});

export const standardSupport = resourceRule({
  id: "eks-upgrade-policy-standard",
  title: "A cluster is upgraded when its version leaves standard support",
  severity: "low",
  level: "advisory",
  requirements: ["M1"],
  controls: [],
  fix: "Set upgradePolicy.supportType to STANDARD.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/view-upgrade-policy.html",
  types: [token.cluster],
  *check(cluster) {
    // Without it EKS takes EXTENDED: the old version stays, at six times the price.
    yield* cluster.must("upgradePolicy.supportType", is("STANDARD"));
  },
});

/** A year of records lets an incident be followed back over one audit period, as CKV_AWS_338 asks. */
const yearDays = 365;

export const controlPlaneLogGroup = stackRule({
  id: "log-control-plane-group-kept",
  title: "The control plane's log group is made before it, encrypted, and kept for a year",
  severity: "medium",
  level: "mandatory",
  requirements: ["S1"],
  controls: ["cis-eks-1.8.0:2.1.2", "ckv:CKV_AWS_66", "ckv:CKV_AWS_158", "ckv:CKV_AWS_338"],
  fix: "Make the log group /aws/eks/<cluster name>/cluster with a KMS key and 365 days, and let the cluster depend on it.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html",
  types: [token.cluster],
  *checkStack(stack) {
    for (const cluster of stack.all(token.cluster)) yield* keepsLogs(cluster, stack);
  },
});

function* keepsLogs(cluster: Resource, stack: Stack): Iterable<Finding> {
  const name = cluster.at("name");
  if (name.unknown) {
    yield name.undecided();
    return;
  }
  const given = name.present ? name.value : cluster.outputs["name"];
  if (typeof given !== "string") {
    yield name.fail("be set: its log group has to be made before");
    return;
  }
  const wanted = `/aws/eks/${given}/cluster`;
  const groups = stack.all(token.logGroup);
  const group = groups.find((candidate) => nameOf(candidate) === wanted);
  if (!group) {
    const open = groups.map((candidate) => candidate.at("name")).filter(({ unknown }) => unknown);
    yield* open.length > 0
      ? open.map((field) => field.undecided())
      : [cluster.fail(`${cluster.name} must have its log group ${wanted} in the stack, got none`)];
    return;
  }
  yield* group.must("retentionInDays", isAtLeast(yearDays, "days"));
  yield* mustNameKey(group.at("kmsKeyId"), stack);
  if (!cluster.dependencies.includes(group.urn)) {
    yield cluster.fail(`dependsOn must contain ${group.name}: EKS would make the group first`);
  }
}

function nameOf(group: Resource): unknown {
  const name = group.at("name");
  return name.present ? name.value : group.outputs["name"];
}
