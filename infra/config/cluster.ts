import { z } from "zod";
import type { Fault } from "./faults";
import type { Fields } from "./fields";
import { accountOf, list, oneOf, roleArn, text } from "./forms";

/** Versions in EKS standard support, newest first: docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html */
export const kubernetesVersions = ["1.35", "1.34"] as const;

/** YAML reads 1.30 as a number, and a number has no trailing zero. */
function versionRule(input: unknown): string {
  const rule = `must be one of ${kubernetesVersions.join(", ")}`;
  const isCut = typeof input === "string" && /^\d+\.\d$/.test(input);
  return isCut ? `${rule} (YAML reads an unquoted ${input}0 as ${input}: quote it)` : rule;
}

const accessEntry = z.strictObject(
  {
    principalArn: roleArn.describe("IAM role of the people or the pipeline."),
    access: oneOf(["view", "edit", "admin"]).describe(
      "What the principal may do in its namespaces.",
    ),
    namespaces: list(
      text(
        // Who may write in these is soon administrator of the whole cluster.
        /^(?!kube-(system|public|node-lease)$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
        "must be the name of a namespace, and not kube-system, kube-public or kube-node-lease",
      ),
      1,
      "must be a list of at least one namespace: cluster-wide access is not offered",
    ).describe("Namespaces in which the access holds."),
  },
  "must be a map with principalArn, access and namespaces",
);

/** The control plane, and who may use its API. */
export const clusterFields = {
  kubernetesVersion: z
    .enum(kubernetesVersions, { error: ({ input }) => versionRule(input) })
    .default(kubernetesVersions[0])
    .describe("Kubernetes version of the control plane, in EKS standard support."),
  deployerRoleArn: roleArn.describe(
    "IAM role that runs `pulumi up`, in the account of the stack: the only cluster administrator.",
  ),
  accessEntries: z
    .array(accessEntry, "must be a list of access entries")
    .default([])
    .describe("Who else may use the Kubernetes API, limited to namespaces."),
};

export function deployerIsInAnAllowedAccount({
  allowedAccountIds,
  deployerRoleArn,
}: Partial<Fields>): Fault[] {
  if (!allowedAccountIds || !deployerRoleArn) return [];
  if (allowedAccountIds.includes(accountOf(deployerRoleArn))) return [];
  return [
    {
      path: "deployerRoleArn",
      rule: `must be in one of allowedAccountIds (${allowedAccountIds.join(", ")})`,
      value: deployerRoleArn,
    },
  ];
}

// EKS keeps one access entry for a principal: a second one is refused with ResourceInUseException.
export function principalsAreDistinct({
  accessEntries,
  deployerRoleArn,
}: Partial<Fields>): Fault[] {
  const principals = [deployerRoleArn ?? "", ...(accessEntries ?? []).map((e) => e.principalArn)];
  return principals.flatMap((arn, i) =>
    i > 0 && principals.indexOf(arn) < i
      ? [
          {
            path: `accessEntries[${i - 1}].principalArn`,
            rule: "must differ from deployerRoleArn and from the other entries",
            value: arn,
          },
        ]
      : [],
  );
}
