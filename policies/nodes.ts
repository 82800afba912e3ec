import { isAbsent, isOneOf, known } from "./conditions";
import { hasTemplate } from "./launch-templates";
import type { Finding, Resource, Stack } from "./model";
import { resourceRule, stackRule } from "./rule";
import { token } from "./tokens";

/** Images of EKS whose SELinux is enforcing: docs.aws.amazon.com/eks/latest/userguide/eks-optimized-ami-bottlerocket.html */
const enforcing = [
  "BOTTLEROCKET_ARM_64",
  "BOTTLEROCKET_x86_64",
  "BOTTLEROCKET_ARM_64_FIPS",
  "BOTTLEROCKET_x86_64_FIPS",
  "BOTTLEROCKET_ARM_64_NVIDIA",
  "BOTTLEROCKET_x86_64_NVIDIA",
  "BOTTLEROCKET_ARM_64_NVIDIA_FIPS",
  "BOTTLEROCKET_x86_64_NVIDIA_FIPS",
];

export const selinux = resourceRule({
  id: "node-selinux-enabled",
  title: "Nodes run an image that enforces SELinux",
  severity: "medium",
  level: "mandatory",
  requirements: ["J11"],
  controls: [],
  fix: "Use a Bottlerocket image.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/eks-optimized-ami-bottlerocket.html",
  types: [token.nodeGroup],
  *check(group) {
    yield* group.must("amiType", { ...isOneOf(enforcing), rule: "be a Bottlerocket image" });
  },
});

const moving = ["$Latest", "$Default"];

const pinned = known(
  "be a number, so that the nodes change only when the program does",
  (value) =>
    typeof value === "number" ||
    (typeof value === "string" && value !== "" && !moving.includes(value)),
);

export const patchedByTemplate = stackRule({
  id: "node-patch-launch-template",
  title: "Nodes start from a numbered version of a launch template and a named Kubernetes version",
  severity: "low",
  level: "advisory",
  requirements: ["J12"],
  controls: ["ckv:CKV_AWS_315"],
  fix: "Give node groups and Auto Scaling groups a launch template with its version, and node groups a version.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html",
  types: [token.nodeGroup, token.autoScalingGroup],
  *checkStack(stack) {
    for (const group of stack.all(token.nodeGroup)) {
      yield* hasTemplate(group);
      yield* templateVersion(group, stack);
      if (!group.at("releaseVersion").present) {
        yield* group.must("version", { ...pinned, rule: "be set, or releaseVersion" });
      }
    }
    for (const group of stack.all(token.autoScalingGroup)) {
      yield* group.must("launchConfiguration", isAbsent);
      yield* templateVersion(group, stack);
    }
  },
});

function* templateVersion(group: Resource, stack: Stack): Iterable<Finding> {
  const version = group.at("launchTemplate.version");
  if (!group.at("launchTemplate").present) return;
  // Unknown and made from the template it is the template's number.
  if (stack.refs(version, [token.launchTemplate]).found.length === 0) yield* version.must(pinned);
}
