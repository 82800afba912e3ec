import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";

export interface BastionGroupArgs {
  /** Start of the names that people look up. */
  prefix: string;
  /** Role of the instance. */
  role: aws.iam.Role;
  /** Subnets that the bastion may live in. */
  subnetIds: pulumi.Input<string>[];
  /** Its security group. */
  securityGroupId: pulumi.Input<string>;
  /** Key of the root volume. */
  volumeKeyArn: pulumi.Input<string>;
  /** What cloud-init runs. */
  userData: string;
  /** Tags of instance and volume, which do not inherit the provider's. */
  tags: Record<string, string>;
  /** Whether its network interface has the tags as well. @default false */
  tagInterface?: boolean;
}

/** Amazon Linux 2023, newest release at each start: docs.aws.amazon.com/linux/al2023/ug/ec2.html */
const imageId = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64";
const weekSeconds = 7 * 24 * 3600;

/** Value of the tag `Drawbridge` of a bastion and of what is its own. */
export function bastionTag(prefix: string): string {
  return `${prefix}-bastion`;
}

/** A group of one instance, which lives a week at most and is replaced at once when it breaks. */
export function bastionGroup(
  name: string,
  args: BastionGroupArgs,
  child: pulumi.CustomResourceOptions,
): void {
  const profile = new aws.iam.InstanceProfile(name, { role: args.role.name }, child);
  const template = launchTemplate(name, args, profile, child);
  new aws.autoscaling.Group(
    name,
    {
      minSize: 1,
      maxSize: 1,
      desiredCapacity: 1,
      vpcZoneIdentifiers: args.subnetIds,
      launchTemplate: {
        id: template.id,
        version: template.latestVersion.apply((version) => `${version}`),
      },
      healthCheckType: "EC2",
      maxInstanceLifetime: weekSeconds,
      instanceRefresh: { strategy: "Rolling", preferences: { minHealthyPercentage: 0 } },
    },
    child,
  );
}

function launchTemplate(
  name: string,
  args: BastionGroupArgs,
  profile: aws.iam.InstanceProfile,
  child: pulumi.CustomResourceOptions,
): aws.ec2.LaunchTemplate {
  const identity = { Name: bastionTag(args.prefix), Drawbridge: bastionTag(args.prefix) };
  const tags = { ...args.tags, ...identity };
  const tagged = ["instance", "volume", ...(args.tagInterface ? ["network-interface"] : [])];
  return new aws.ec2.LaunchTemplate(
    name,
    {
      description: "Bastion",
      imageId,
      instanceType: "t4g.micro",
      iamInstanceProfile: { arn: profile.arn },
      updateDefaultVersion: true,
      userData: Buffer.from(args.userData).toString("base64"),
      metadataOptions: {
        httpEndpoint: "enabled",
        // The user data guards the address of version 4.
        httpProtocolIpv6: "disabled",
        httpTokens: "required",
        httpPutResponseHopLimit: 1,
      },
      networkInterfaces: [
        {
          deviceIndex: 0,
          associatePublicIpAddress: "false",
          securityGroups: [args.securityGroupId],
          deleteOnTermination: "true",
        },
      ],
      blockDeviceMappings: [
        {
          deviceName: "/dev/xvda",
          ebs: {
            encrypted: "true",
            kmsKeyId: args.volumeKeyArn,
            volumeType: "gp3",
            volumeSize: 8,
            deleteOnTermination: "true",
          },
        },
      ],
      monitoring: { enabled: true },
      tagSpecifications: tagged.map((resourceType) => ({ resourceType, tags })),
    },
    child,
  );
}
