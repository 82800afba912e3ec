import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface ClusterDnsArgs {
  /** Name of the cluster. */
  clusterName: pulumi.Input<string>;
  /** The node groups: without a node CoreDNS never becomes healthy, and EKS gives up after 20 minutes. */
  nodeGroups: pulumi.Resource[];
}

/** CoreDNS, the add-on that needs nodes to run on. */
export class ClusterDns extends pulumi.ComponentResource {
  static readonly requirements = [];

  constructor(name: string, args: ClusterDnsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:ClusterDns", name, {}, opts);
    new aws.eks.Addon(
      name,
      {
        clusterName: args.clusterName,
        addonName: "coredns",
        resolveConflictsOnCreate: "OVERWRITE",
        resolveConflictsOnUpdate: "OVERWRITE",
      },
      { parent: this, dependsOn: args.nodeGroups },
    );
    this.registerOutputs({});
  }
}
