import { z } from "zod";
import { mostInstanceTypes, mostNodeGroups } from "../limits";
import type { PlacedFault } from "./faults";
import { integer, list, oneOf, text, unique } from "./forms";

// Lengths of labels and taints: docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html
const labelKey = text(
  /^(?=.{1,63}$)([a-z0-9]([a-z0-9.-]*[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/,
  "must be a Kubernetes label key of at most 63 characters",
);
// EKS refuses the first three, and a kubelet does not start with the first two below any name:
// github.com/eksctl-io/eksctl/issues/4007, kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
const ownLabelKey = labelKey.regex(
  /^(?!([^/]+\.)?(kubernetes\.io|k8s\.io|eks\.amazonaws\.com)\/)/,
  "must not start with kubernetes.io/, k8s.io/ or eks.amazonaws.com/, nor a name below them: EKS keeps these",
);
const labelValue = text(
  /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
  "must be a Kubernetes label value of 1 to 63 characters",
);
const taintValue = text(
  /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/,
  "must be a Kubernetes label value of at most 63 characters",
);
/** Family with its generation, and size: docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html. High memory and Mac families have forms of their own. */
const ec2InstanceType = text(
  /^([a-z]+\d+[a-z]*(-[a-z0-9]+)*|u-\d+tb\d|mac-[a-z0-9]+)\.(nano|micro|small|medium|large|\d*xlarge|metal(-\d+xl)?)$/,
  "must be an EC2 instance type such as m7g.large",
);

const nodeGroup = z
  .strictObject(
    {
      name: text(
        /^[a-z][a-z0-9-]{0,29}$/,
        "must be 1 to 30 lower-case letters, digits and hyphens, starting with a letter",
      )
        // Rules know a bastion by its name, and let it do what nodes may not.
        .regex(
          /^(?!.*(bastion|jump-?(host|box|server)))/,
          "must not be that of a bastion, such as bastion, jump-host or jumpbox",
        )
        .describe("Name of the group, unique in the stack."),
      instanceTypes: list(ec2InstanceType, 1, "must be a list of at least one instance type")
        .max(mostInstanceTypes, `must be a list of at most ${mostInstanceTypes} instance types`)
        .meta(unique)
        .describe("EC2 instance types, all of one processor architecture."),
      minSize: integer(0, 450).describe("Fewest nodes."),
      maxSize: integer(1, 450).describe("Most nodes; 450 is the EKS quota for one group."),
      desiredSize: integer(0, 450)
        .optional()
        .describe("Nodes to start with, from minSize to maxSize. Default: minSize."),
      volumeGiB: integer(20, 16384)
        .default(50)
        .describe("Size of the data volume for images and pods, in GiB, 20 to 16384."),
      capacityType: oneOf(["ON_DEMAND", "SPOT"])
        .default("ON_DEMAND")
        .describe("How EC2 sells the nodes."),
      labels: z
        .record(ownLabelKey, labelValue, "must be a map of Kubernetes labels")
        .default({})
        .describe("Kubernetes labels of the nodes."),
      taints: z
        .array(
          z.strictObject({
            key: labelKey,
            value: taintValue.default(""),
            effect: oneOf(["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"]),
          }),
          "must be a list of taints",
        )
        .default([])
        .describe("Kubernetes taints of the nodes."),
    },
    "must be a map with name, instanceTypes, minSize and maxSize",
  )
  .superRefine((group, issues) => {
    for (const { path, rule, input } of nodeGroupFaults(group)) {
      issues.addIssue({ code: "custom", path, message: rule, input });
    }
  });

export const nodeGroupsSchema = list(nodeGroup, 1, "must be a list of at least one node group")
  .max(mostNodeGroups, `must be a list of at most ${mostNodeGroups} node groups`)
  .describe("Managed node groups.");

function nodeGroupFaults(group: {
  instanceTypes: string[];
  minSize: number;
  maxSize: number;
  desiredSize?: number | undefined;
  taints: { key: string; effect: string }[];
}): PlacedFault[] {
  const { minSize, maxSize, desiredSize = minSize, instanceTypes, taints } = group;
  const faults: PlacedFault[] = [];
  const refuse = (path: (string | number)[], rule: string, input: unknown) =>
    faults.push({ path, rule, input });
  if (minSize > maxSize) refuse(["minSize"], `must be at most maxSize, ${maxSize}`, minSize);
  else if (desiredSize < minSize || desiredSize > maxSize) {
    refuse(
      ["desiredSize"],
      `must be from minSize to maxSize, ${minSize} to ${maxSize}`,
      desiredSize,
    );
  }
  for (const [i, type] of instanceTypes.entries()) {
    if (instanceTypes.indexOf(type) < i) refuse(["instanceTypes", i], "must be unique", type);
  }
  if (new Set(instanceTypes.map(architectureOf)).size > 1) {
    const rule = "must be of one processor architecture: arm64 (Graviton) or x86_64";
    refuse(["instanceTypes"], rule, instanceTypes);
  }
  // Kubernetes tells taints apart by key and effect.
  const marks = taints.map(({ key, effect }) => `${key}:${effect}`);
  for (const [i, mark] of marks.entries()) {
    if (marks.indexOf(mark) < i) refuse(["taints", i], "must be unique by key and effect", mark);
  }
  return faults;
}

/**
 * Processor architecture of an instance type. AWS marks Graviton by a `g` right after the generation's number
 * (m7g, c6gn, t4g, im4gn); `a1` is older than that convention.
 */
export function architectureOf(instanceType: string): "arm64" | "x86_64" {
  return /^(a1|[a-z]+\d+g[a-z]*)(-[a-z0-9]+)?\./.test(instanceType) ? "arm64" : "x86_64";
}
