import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument } from "./policy-document";

export interface NetworkAddonsArgs {
  /** Name of the cluster. */
  clusterName: pulumi.Input<string>;
  /** ARN of the cluster: only its pods take the add-ons' roles. */
  clusterArn: string;
  /** AWS account of the stack. */
  accountId: string;
}

/**
 * The add-ons without which no node becomes ready, in the version that EKS prefers for the cluster's Kubernetes.
 * Network policies are Calico's, so the VPC CNI's own are off, and it writes the pods' addresses for Calico.
 */
export class NetworkAddons extends pulumi.ComponentResource {
  static readonly requirements = ["S8"];

  constructor(name: string, args: NetworkAddonsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:NetworkAddons", name, {}, opts);
    const child = { parent: this };
    const { role, attachment } = cniRole(name, args, child);
    const addon = (
      addonName: string,
      more: Partial<aws.eks.AddonArgs> = {},
      options: pulumi.CustomResourceOptions = child,
    ) =>
      new aws.eks.Addon(
        `${name}-${addonName}`,
        {
          clusterName: args.clusterName,
          addonName,
          resolveConflictsOnCreate: "OVERWRITE",
          resolveConflictsOnUpdate: "OVERWRITE",
          ...more,
        },
        options,
      );
    addon("kube-proxy");
    const podIdentityAgent = addon("eks-pod-identity-agent");
    addon(
      "vpc-cni",
      {
        configurationValues: JSON.stringify({
          enableNetworkPolicy: "false",
          env: { ANNOTATE_POD_IP: "true" },
        }),
        podIdentityAssociations: [{ serviceAccount: "aws-node", roleArn: role.arn }],
      },
      { ...child, dependsOn: [attachment, podIdentityAgent] },
    );
    this.registerOutputs({});
  }
}

/** The CNI's rights belong to its pods, not to the nodes that every pod could borrow from. */
function cniRole(
  name: string,
  { clusterArn, accountId }: NetworkAddonsArgs,
  child: pulumi.CustomResourceOptions,
): { role: aws.iam.Role; attachment: aws.iam.RolePolicyAttachment } {
  const role = new aws.iam.Role(
    `${name}-vpc-cni`,
    {
      description: "VPC CNI: network interfaces and addresses of pods",
      assumeRolePolicy: policyDocument([
        {
          // docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
          Sid: "PodsOfTheCluster",
          Principal: { Service: "pods.eks.amazonaws.com" },
          Action: ["sts:AssumeRole", "sts:TagSession"],
          Condition: {
            StringEquals: { "aws:SourceAccount": accountId },
            ArnEquals: { "aws:SourceArn": clusterArn },
          },
        },
      ]),
    },
    child,
  );
  const attachment = new aws.iam.RolePolicyAttachment(
    `${name}-vpc-cni`,
    { role: role.name, policyArn: "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy" },
    child,
  );
  return { role, attachment };
}
