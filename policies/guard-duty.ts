import { accountAudit, whenMissing } from "./audit";
import { isNot, isOneOf } from "./conditions";
import type { Finding, Resource, Stack } from "./model";
import { stackRule } from "./rule";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { any } from "./truth";

/** The features without which nobody looks at clusters and nodes; one of two does for the nodes. */
const features = [["EKS_AUDIT_LOGS"], ["RUNTIME_MONITORING", "EKS_RUNTIME_MONITORING"]];

export const guardDuty = stackRule({
  id: "mon-guardduty",
  title: "GuardDuty is on, and looks at the audit logs of clusters and at what runs on nodes",
  severity: "medium",
  level: "mandatory",
  requirements: ["M1", "M10"],
  controls: ["ckv:CKV2_AWS_3", "ckv:CKV_AWS_238"],
  fix: "Add aws.guardduty.Detector where the stack has the audit of its account. Set enable to true, and add aws.guardduty.DetectorFeature for EKS_AUDIT_LOGS and RUNTIME_MONITORING, the latter with EKS_ADDON_MANAGEMENT or the add-on aws-guardduty-agent.",
  url: "https://docs.aws.amazon.com/guardduty/latest/ug/kubernetes-protection.html",
  types: [token.detector, token.cluster],
  config: accountAudit,
  *checkStack(stack, { ownsAccount }) {
    yield* whenMissing("detector", token.detector, stack, ownsAccount);
    const detectors = stack.all(token.detector);
    for (const detector of detectors) {
      yield* detector.must("enable", isNot(false));
      for (const names of features) yield* hasFeature(detector, names, stack);
    }
    for (const cluster of stack.all(token.cluster)) yield* hasAgent(cluster, detectors, stack);
  },
});

const agent = "aws-guardduty-agent";

/** What runs on nodes is seen by an agent, which GuardDuty installs when it is told to and the stack does else. */
function* hasAgent(
  cluster: Resource,
  detectors: readonly Resource[],
  stack: Stack,
): Iterable<Finding> {
  const managed = detectors.flatMap((detector) => managesAgents(detector, stack));
  const own = stack
    .users(cluster, [token.addon], "clusterName")
    .map((addon) => addon.at("addonName").equals(agent));
  const truth = any([...managed, ...own]);
  if (truth) return;
  if (truth === undefined)
    yield cluster.undecided(`the add-ons of ${cluster.name} are unknown until up`);
  else if (detectors.length > 0)
    yield cluster.fail(
      `${cluster.name} must have the add-on ${agent}, or EKS_ADDON_MANAGEMENT, got none`,
    );
  else
    yield {
      verdict: "note",
      message: `Audit: ${cluster.name} has no add-on ${agent}: GuardDuty sees what runs on its nodes only where it manages agents of the account itself`,
      urn: cluster.urn,
    };
}

function managesAgents(detector: Resource, stack: Stack): Truth[] {
  return stack
    .users(detector, [token.detectorFeature], "detectorId")
    .flatMap((feature) => feature.each("additionalConfigurations"))
    .map((one) => {
      const values = [one.at("name"), one.at("status")];
      if (values.some(({ unknown }) => unknown)) return undefined;
      return values.map(({ text }) => text).join() === "EKS_ADDON_MANAGEMENT,ENABLED";
    });
}

function* hasFeature(
  detector: Resource,
  names: readonly string[],
  stack: Stack,
): Iterable<Finding> {
  const present = stack.users(detector, [token.detectorFeature], "detectorId");
  const named = present.filter((feature) => names.includes(feature.at("name").text));
  for (const feature of named) yield* feature.must("status", isOneOf(["ENABLED"]));
  if (named.length > 0) return;
  const open = [
    ...present.map((feature) => feature.at("name")).filter(({ unknown }) => unknown),
    ...stack.danglers([token.detectorFeature], "detectorId", [token.detector]),
  ];
  yield* open.length > 0
    ? open.map((field) => field.undecided())
    : [detector.fail(`${detector.name} must have the feature ${names.join(" or ")}, got none`)];
}
