import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { clusterArn } from "./arns";
import { ClusterAccess } from "./cluster-access";
import type { AccessEntryArgs } from "./cluster-access";
import { NetworkAddons } from "./network-addons";
import { policyDocument } from "./policy-document";

export interface ClusterArgs {
  /** Name of the cluster, unique in account and region. */
  clusterName: string;
  /** AWS account of the stack. */
  accountId: string;
  /** AWS region of the stack. */
  region: string;
  /** Kubernetes version, for example 1.35. */
  version: string;
  /** Private subnets for the network interfaces of the control plane, in two zones at least. */
  subnetIds: pulumi.Input<string>[];
  /** Security group of these network interfaces. */
  securityGroupId: pulumi.Input<string>;
  /** Key that wraps Kubernetes secrets. */
  secretsKeyArn: pulumi.Input<string>;
  /** Key of the control plane's logs. */
  logKeyArn: pulumi.Input<string>;
  /** Days for which the logs are kept. */
  logRetentionDays: number;
  /** Role that runs `pulumi up`: the only cluster administrator. */
  deployerRoleArn: string;
  /** Who else may use the API, limited to namespaces. @default - nobody */
  accessEntries?: AccessEntryArgs[];
  /** Whether AWS refuses to delete the cluster. @default true */
  deletionProtection?: boolean;
}

const logTypes = ["api", "audit", "authenticator", "controllerManager", "scheduler"];

/** An EKS control plane that nobody reaches from the internet and nobody owns by accident. */
export class Cluster extends pulumi.ComponentResource {
  static readonly requirements = ["J1", "J2", "J3", "S1", "S13"];

  /** Name of the cluster. */
  readonly name: pulumi.Output<string>;
  /** ARN of the cluster. */
  readonly arn: pulumi.Output<string>;
  /** URL of the private API. */
  readonly endpoint: pulumi.Output<string>;
  /** Certificate of the API's CA, PEM. */
  readonly caCertificate: pulumi.Output<string>;
  /** ARN of the OpenID Connect provider of service accounts. */
  readonly oidcProviderArn: pulumi.Output<string>;
  /** Name of the log group of the control plane. */
  readonly logGroupName: pulumi.Output<string>;
  /** What must stand before a node can become ready. */
  readonly nodePrerequisites: pulumi.Resource[];

  constructor(name: string, args: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { accessEntries = [], deletionProtection = true } = args;
    super("drawbridge:aws:Cluster", name, {}, opts);
    const child = { parent: this };
    const logGroup = new aws.cloudwatch.LogGroup(
      name,
      {
        // EKS writes to this name. Where the group is missing it makes one that is not encrypted and never expires.
        name: `/aws/eks/${args.clusterName}/cluster`,
        kmsKeyId: args.logKeyArn,
        retentionInDays: args.logRetentionDays,
      },
      child,
    );
    const { role, attachment } = controlPlaneRole(name, args, child);
    const cluster = controlPlane(name, args, role, deletionProtection, {
      ...child,
      dependsOn: [logGroup, attachment],
      // AWS refuses to delete the cluster only when everything on it is gone; Pulumi refuses before it starts.
      protect: deletionProtection,
    });
    const clusterName = cluster.name;
    const access = new ClusterAccess(
      `${name}-access`,
      { clusterName, deployerRoleArn: args.deployerRoleArn, accessEntries },
      child,
    );
    const addons = new NetworkAddons(
      `${name}-addons`,
      {
        clusterName,
        clusterArn: clusterArn(args, args.clusterName),
        accountId: args.accountId,
      },
      child,
    );
    const oidcProvider = new aws.iam.OpenIdConnectProvider(
      name,
      {
        url: cluster.identities.apply((identities) => identities[0]?.oidcs?.[0]?.issuer ?? ""),
        // No thumbprint: IAM reads it from the issuer.
        clientIdLists: ["sts.amazonaws.com"],
      },
      child,
    );

    this.name = cluster.name;
    this.arn = cluster.arn;
    this.endpoint = cluster.endpoint;
    this.caCertificate = cluster.certificateAuthority.apply(({ data }) =>
      Buffer.from(data ?? "", "base64").toString(),
    );
    this.oidcProviderArn = oidcProvider.arn;
    this.logGroupName = logGroup.name;
    this.nodePrerequisites = [access, addons];
    this.registerOutputs({
      name: this.name,
      arn: this.arn,
      endpoint: this.endpoint,
      caCertificate: this.caCertificate,
      oidcProviderArn: this.oidcProviderArn,
      logGroupName: this.logGroupName,
    });
  }
}

function controlPlaneRole(
  name: string,
  args: ClusterArgs,
  child: pulumi.CustomResourceOptions,
): { role: aws.iam.Role; attachment: aws.iam.RolePolicyAttachment } {
  const role = new aws.iam.Role(
    name,
    {
      description: "EKS control plane",
      assumeRolePolicy: policyDocument([
        {
          // docs.aws.amazon.com/eks/latest/userguide/cross-service-confused-deputy-prevention.html
          Sid: "ControlPlaneOfTheCluster",
          Principal: { Service: "eks.amazonaws.com" },
          Action: "sts:AssumeRole",
          Condition: { ArnLike: { "aws:SourceArn": clusterArn(args, args.clusterName) } },
        },
      ]),
    },
    child,
  );
  const attachment = new aws.iam.RolePolicyAttachment(
    name,
    { role: role.name, policyArn: "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy" },
    child,
  );
  return { role, attachment };
}

function controlPlane(
  name: string,
  args: ClusterArgs,
  role: aws.iam.Role,
  deletionProtection: boolean,
  options: pulumi.CustomResourceOptions,
): aws.eks.Cluster {
  return new aws.eks.Cluster(
    name,
    {
      name: args.clusterName,
      roleArn: role.arn,
      version: args.version,
      deletionProtection,
      enabledClusterLogTypes: logTypes,
      accessConfig: {
        authenticationMode: "API",
        bootstrapClusterCreatorAdminPermissions: false,
      },
      // Add-ons come from this program, each with its own role, and not from EKS' unmanaged defaults.
      bootstrapSelfManagedAddons: false,
      encryptionConfig: { provider: { keyArn: args.secretsKeyArn }, resources: ["secrets"] },
      kubernetesNetworkConfig: { serviceIpv4Cidr: "172.20.0.0/16", ipFamily: "ipv4" },
      // Extended support would be billed silently; standard support upgrades the cluster when a version ends.
      upgradePolicy: { supportType: "STANDARD" },
      zonalShiftConfig: { enabled: true },
      vpcConfig: {
        subnetIds: args.subnetIds,
        securityGroupIds: [args.securityGroupId],
        endpointPrivateAccess: true,
        endpointPublicAccess: false,
      },
    },
    options,
  );
}
