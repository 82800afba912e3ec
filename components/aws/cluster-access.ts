import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface AccessEntryArgs {
  /** IAM role of the people or the pipeline. */
  principalArn: string;
  /** What it may do. */
  access: "view" | "edit" | "admin";
  /** Namespaces in which it may. */
  namespaces: string[];
}

export interface ClusterAccessArgs {
  /** Name of the cluster. */
  clusterName: pulumi.Input<string>;
  /** Role that runs `pulumi up`: the only cluster administrator. */
  deployerRoleArn: string;
  /** Who else, limited to namespaces. */
  accessEntries: AccessEntryArgs[];
}

/** docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html */
const policyNames = {
  view: "AmazonEKSViewPolicy",
  edit: "AmazonEKSEditPolicy",
  admin: "AmazonEKSAdminPolicy",
};

/** Who may use the Kubernetes API: IAM principals that are named here, and nobody else. */
export class ClusterAccess extends pulumi.ComponentResource {
  static readonly requirements = ["J2", "J3", "S3"];

  constructor(name: string, args: ClusterAccessArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:ClusterAccess", name, {}, opts);
    const { clusterName } = args;
    const grant = (
      entryName: string,
      principalArn: string,
      policyName: string,
      accessScope: { type: string; namespaces?: string[] },
    ) => {
      const entry = new aws.eks.AccessEntry(
        entryName,
        { clusterName, principalArn, type: "STANDARD" },
        { parent: this },
      );
      new aws.eks.AccessPolicyAssociation(
        entryName,
        {
          clusterName,
          principalArn,
          policyArn: `arn:aws:eks::aws:cluster-access-policy/${policyName}`,
          accessScope,
        },
        { parent: this, dependsOn: entry },
      );
    };
    grant(`${name}-deployer`, args.deployerRoleArn, "AmazonEKSClusterAdminPolicy", {
      type: "cluster",
    });
    for (const { principalArn, access, namespaces } of args.accessEntries) {
      // Account, path and name of the role: what is unique about a principal.
      const principal = principalArn.split(":").slice(4).join("-");
      grant(`${name}-${principal}`, principalArn, policyNames[access], {
        type: "namespace",
        namespaces,
      });
    }
    this.registerOutputs({});
  }
}
