import { contains, is, isOneOf } from "./conditions";
import { mustNameKey } from "./keys";
import type { Field, Finding } from "./model";
import { resourceRule, stackRule } from "./rule";
import { token } from "./tokens";

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

export const deletionProtection = resourceRule({
  id: "eks-deletion-protection",
  title: "A cluster is not deleted by mistake: neither AWS nor Pulumi does it",
  severity: "medium",
  level: "mandatory",
  requirements: ["M1"],
  controls: [],
  fix: "Set deletionProtection to true and the resource option protect.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/deletion-protection.html",
  types: [token.cluster],
  *check(cluster) {
    // The console and the CLI do not know Pulumi's protection, and AWS' own refuses when the nodes are gone already.
    yield* cluster.must("deletionProtection", is(true));
    if (!cluster.protect) {
      yield cluster.fail(`${cluster.name} must have the resource option protect, got none`);
    }
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
