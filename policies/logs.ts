import { isAtLeast } from "./conditions";
import { mustNameKey } from "./keys";
import type { Finding, Resource, Stack } from "./model";
import { stackRule } from "./rule";
import { token } from "./tokens";

/** What PCI DSS 4.0 (10.5.1) wants at hand at once, in days. */
const atHandDays = 90;

export const logGroupEncrypted = stackRule({
  id: "log-group-encrypted",
  title:
    "Log groups are encrypted with a key that the account manages and kept for 90 days at least",
  severity: "medium",
  level: "mandatory",
  requirements: ["S1", "M1"],
  controls: ["ckv:CKV_AWS_158", "ckv:CKV_AWS_66", "avd:AWS-0017"],
  fix: "Set kmsKeyId and retentionInDays.",
  url: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
  types: [token.logGroup],
  *checkStack(stack) {
    for (const group of stack.all(token.logGroup)) {
      yield* mustNameKey(group.at("kmsKeyId"), stack);
      // 0 and nothing mean for ever: nobody decided when records go.
      yield* group.must("retentionInDays", isAtLeast(atHandDays, "days"));
    }
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
