import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { instanceTrust, policyDocument } from "./policy-document";

export interface NodeGroupArgs {
  /** Start of the names that people look up. */
  prefix: string;
  /** Name of the cluster. */
  clusterName: pulumi.Input<string>;
  /** Kubernetes version of the nodes: the control plane's. */
  version: string;
  /** Private subnets of the nodes. */
  subnetIds: pulumi.Input<string>[];
  /** Security group of nodes and pods. */
  securityGroupId: pulumi.Input<string>;
  /** Key of the volumes. */
  volumeKeyArn: pulumi.Input<string>;
  /** Processor architecture of the instance types. */
  architecture: "arm64" | "x86_64";
  /** EC2 instance types, in order of preference. */
  instanceTypes: string[];
  /** Fewest nodes. */
  minSize: number;
  /** Most nodes. */
  maxSize: number;
  /** Nodes to start with; scaling may change it afterwards. @default minSize */
  desiredSize?: number | undefined;
  /** Size of the volume for images and pods, in GiB. */
  volumeGiB: number;
  /** How EC2 sells the nodes. */
  capacityType: "ON_DEMAND" | "SPOT";
  /** Kubernetes labels of the nodes. */
  labels: Record<string, string>;
  /** Kubernetes taints of the nodes. */
  taints: { key: string; value: string; effect: string }[];
  /** Tags of instances, volumes and network interfaces, which do not inherit the provider's. */
  tags: Record<string, string>;
  /** ARNs of the repositories that the first pull of a cached image makes. @default - none */
  imageCacheArns?: string[];
  /** What must stand before a node can become ready: routes, endpoints, rules, access and network add-ons. */
  prerequisites: pulumi.Resource[];
}

const amiTypes = { arm64: "BOTTLEROCKET_ARM_64", x86_64: "BOTTLEROCKET_x86_64" } as const;

/** Rights to join a cluster and to pull images; pods that need more have roles of their own. */
const nodePolicies = ["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"];

/**
 * Bottlerocket settings in TOML; EKS adds the cluster's. No administrative container (a shell with the rights of
 * the host), no telemetry to the vendor, and a kernel that not even root can change while it runs.
 */
const bottlerocketSettings = `[settings.host-containers.admin]
enabled = false

[settings.metrics]
send-metrics = false

[settings.kernel]
lockdown = "integrity"
`;

/** Managed nodes on Bottlerocket: SELinux enforcing, no shell, no SSH, nothing to borrow from the metadata service. */
export class NodeGroup extends pulumi.ComponentResource {
  static readonly requirements = ["J11", "M6"];

  constructor(name: string, args: NodeGroupArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:NodeGroup", name, {}, opts);
    const child = { parent: this };
    const role = new aws.iam.Role(
      name,
      { description: `Nodes of the group ${name}`, assumeRolePolicy: instanceTrust() },
      child,
    );
    const attachments = nodePolicies.map(
      (policy) =>
        new aws.iam.RolePolicyAttachment(
          `${name}-${policy}`,
          { role: role.name, policyArn: `arn:aws:iam::aws:policy/${policy}` },
          child,
        ),
    );
    const rights = [...attachments, ...cacheRights(name, role, args.imageCacheArns ?? [], child)];
    const template = launchTemplate(name, args, child);
    new aws.eks.NodeGroup(
      name,
      {
        clusterName: args.clusterName,
        nodeRoleArn: role.arn,
        subnetIds: args.subnetIds,
        version: args.version,
        amiType: amiTypes[args.architecture],
        capacityType: args.capacityType,
        instanceTypes: args.instanceTypes,
        launchTemplate: {
          id: template.id,
          version: template.latestVersion.apply((version) => `${version}`),
        },
        scalingConfig: {
          minSize: args.minSize,
          maxSize: args.maxSize,
          desiredSize: args.desiredSize ?? args.minSize,
        },
        updateConfig: { maxUnavailablePercentage: 33 },
        nodeRepairConfig: { enabled: true },
        labels: args.labels,
        taints: args.taints,
      },
      {
        ...child,
        dependsOn: [...rights, ...args.prerequisites],
        // The autoscaler owns the size after creation.
        ignoreChanges: ["scalingConfig.desiredSize"],
      },
    );
    this.registerOutputs({});
  }
}

/** The first pull of a cached image makes its repository, for which the managed policy is not enough. */
function cacheRights(
  name: string,
  role: aws.iam.Role,
  repositoryArns: string[],
  child: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  if (repositoryArns.length === 0) return [];
  return [
    new aws.iam.RolePolicy(
      `${name}-image-caches`,
      {
        role: role.id,
        policy: policyDocument([
          {
            // docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html
            Sid: "CacheImages",
            Action: ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"],
            Resource: repositoryArns,
          },
        ]),
      },
      child,
    ),
  ];
}

function launchTemplate(
  name: string,
  args: NodeGroupArgs,
  child: pulumi.CustomResourceOptions,
): aws.ec2.LaunchTemplate {
  const tags = { ...args.tags, Name: `${args.prefix}-${name}` };
  const volume = (deviceName: string, size: { volumeSize?: number } = {}) => ({
    deviceName,
    ebs: {
      encrypted: "true",
      kmsKeyId: args.volumeKeyArn,
      volumeType: "gp3",
      ...size,
      deleteOnTermination: "true",
    },
  });
  return new aws.ec2.LaunchTemplate(
    name,
    {
      description: `Nodes of the group ${name}`,
      updateDefaultVersion: true,
      userData: Buffer.from(bottlerocketSettings).toString("base64"),
      // Naming a group keeps EKS from attaching its own cluster group, which is open to itself on every port.
      vpcSecurityGroupIds: [args.securityGroupId],
      metadataOptions: {
        httpEndpoint: "enabled",
        httpTokens: "required",
        // One hop ends at the node: a pod cannot reach the node's credentials.
        httpPutResponseHopLimit: 1,
      },
      // Bottlerocket keeps its system on the first volume, as large as its image, and images and pods on the second.
      blockDeviceMappings: [
        volume("/dev/xvda"),
        volume("/dev/xvdb", { volumeSize: args.volumeGiB }),
      ],
      monitoring: { enabled: true },
      tagSpecifications: [
        { resourceType: "instance", tags },
        { resourceType: "volume", tags },
        { resourceType: "network-interface", tags },
      ],
    },
    child,
  );
}
