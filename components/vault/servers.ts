import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Place } from "../aws/arns";
import { bucketArn } from "../aws/arns";
import type { Bucket } from "../aws/bucket";
import { EncryptionKey } from "../aws/encryption-key";
import type { PolicyStatement } from "../aws/policy-document";
import { VaultAlarms } from "./alarms";
import { passThroughBalancer } from "./balancer";
import { BootstrapCa } from "./bootstrap-ca";
import type { RecoveryHolder } from "./first-boot";
import { expiryFault, firstBootScript, firstBootSettings } from "./first-boot";
import type { LoginsArgs } from "./logins";
import { secretPolicy } from "./secret-policy";
import { auditCallsFile, dataDevice, dataFolder, serverUserData } from "./server-boot";
import { apiPort, memberCount, serverConfig, vaultHost } from "./server-config";
import { settingsFolder } from "./server-files";
import { describeServers, refusalOfServers } from "./server-generations";
import { filesSecretName, serverProfile, serverRoleArn, serverRoleArns } from "./server-profile";

export interface VaultServersArgs extends Place {
  /** Start of the names that people look up. */
  prefix: string;
  /** VPC of the servers. */
  vpcId: pulumi.Input<string>;
  /** Three zones, and a private subnet in each. The order is for good: the first node is the one that initialises Vault. */
  zones: { zone: string; subnetId: pulumi.Input<string> }[];
  /** Security group of the servers. */
  securityGroupId: pulumi.Input<string>;
  /** Security group of the load balancer. */
  balancerGroupId: pulumi.Input<string>;
  /** IAM role that configures Vault. */
  deployerRoleArn: string;
  /** What each kind of node that logs in is known by; Vault asks AWS about no others. */
  nodes: LoginsArgs["nodes"];
  /** Who gets a recovery key. */
  recoveryHolders: RecoveryHolder[];
  /** How many recovery keys make a root token. */
  recoveryThreshold: number;
  /** EC2 type of the servers, arm64. */
  instanceType: string;
  /** Size of each volume of Vault's data. */
  volumeGiB: number;
  /** Which certificates servers show, from 1 on: a number more gives them others, before these end after a year. */
  serverCertificates: number;
  /** Which one each server is, from 1 on, in the order of the zones: a number more replaces it, one server in an `up`. */
  serverGenerations: readonly number[];
  /** Key of the volumes. */
  volumeKeyArn: pulumi.Input<string>;
  /** Key of log groups. */
  logKeyArn: pulumi.Input<string>;
  /** Days for which the log group is kept. */
  logRetentionDays: number;
  /** Topic that alarms go to. @default - nobody is told */
  alarmTopicArn?: pulumi.Input<string>;
  /** Bucket for snapshots, which is locked. */
  snapshots: Bucket;
  /** Alias of that bucket's key. */
  snapshotsKeyAlias: string;
  /** Tags of instances and volumes, which do not inherit the provider's. */
  tags: Record<string, string>;
  /** What must stand before a server can install Vault. */
  prerequisites: pulumi.Resource[];
  /** Whether Pulumi refuses to delete volumes, secrets and the load balancer. @default true */
  deletionProtection?: boolean;
}

/** What servers call through VPC endpoints, by service. */
export const vaultServerCalls: Record<string, string[]> = {
  kms: ["kms:Encrypt"],
  secretsmanager: [
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
  ],
};

/** Amazon Linux 2023, newest release at each start: docs.aws.amazon.com/linux/al2023/ug/ec2.html */
const imageId = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64";

/** Without the seal's key all that Vault holds is lost. Who means it changes the key's policy first, which is in the audit trail. */
const nobodyTakesItAway: PolicyStatement = {
  Sid: "NobodyTakesItAway",
  Effect: "Deny",
  Principal: { AWS: "*" },
  // The seal finds its key by the alias.
  Action: ["kms:DeleteAlias", "kms:DisableKey", "kms:ScheduleKeyDeletion", "kms:UpdateAlias"],
  Resource: "*",
};

/**
 * Three Vault servers, one in each zone, that unseal themselves by a KMS key. A server that is replaced keeps its
 * address, its name among its peers and its volume. They are reached by an internal load balancer that passes TLS on,
 * and by their own names; nothing of them is public.
 */
export class VaultServers extends pulumi.ComponentResource {
  static readonly requirements = ["J6", "M2"];

  /** What must stand before a server can answer. */
  readonly attachments: pulumi.CustomResource[];
  /** The CA that vouches for the servers, PEM. */
  readonly caCertificate: pulumi.Output<string>;
  /** ARN of the secret with the recovery keys, each encrypted to its holder. */
  readonly recoverySecretArn: pulumi.Output<string>;
  /** Name of the log group of the audit devices and of what servers say. */
  readonly logGroupName: pulumi.Output<string>;

  constructor(name: string, args: VaultServersArgs, opts?: pulumi.ComponentResourceOptions) {
    if (args.zones.length !== memberCount) {
      throw new Error(`zones must be ${memberCount} for Vault, got ${args.zones.length}`);
    }
    const { serverGenerations } = args;
    if (serverGenerations.length !== memberCount) {
      throw new Error(`serverGenerations must be ${memberCount}, got ${serverGenerations.length}`);
    }
    super("drawbridge:vault:VaultServers", name, {}, opts);
    const { prefix, accountId, deletionProtection = true } = args;
    const child = { parent: this };
    const kept = { ...child, protect: deletionProtection };
    const domain = vaultHost(prefix);
    const nodes = args.zones.map((zone, index) => ({
      ...zone,
      id: `${name}-${index}`,
      hostname: `${index}.${domain}`,
      isFirst: index === 0,
      generation: serverGenerations[index] ?? 1,
    }));
    this.attachments = [];

    const seal = new EncryptionKey(
      `${name}-seal`,
      {
        accountId,
        description: "Seal of Vault",
        grants: deletionProtection ? [nobodyTakesItAway] : [],
      },
      kept,
    );
    const secrets = new EncryptionKey(
      `${name}-secrets`,
      { accountId, description: "Recovery keys of Vault and files of its servers" },
      child,
    );
    // Only a Vault that is still to be set up encrypts recovery keys, and each has a secret of its own for them.
    const lasting = new pulumi.ResourceHook(`${name}-recovery-holders`, () => {
      const fault = expiryFault(args.recoveryHolders, new Date());
      if (fault !== undefined) throw new Error(fault);
    });
    const recovery = new aws.secretsmanager.Secret(
      `${name}-recovery`,
      {
        namePrefix: `${prefix}-vault-recovery-`,
        description:
          "Recovery keys of Vault, each encrypted to its holder's PGP key; written once by the first server",
        kmsKeyId: secrets.arn,
        policy: secretPolicy({
          accountId,
          ownerRoleArn: args.deployerRoleArn,
          readerRoleArns: [args.deployerRoleArn],
          writerRoleArns: [serverRoleArn(args, 0)],
        }),
      },
      { ...kept, hooks: { beforeCreate: [lasting] } },
    );
    const ca = new BootstrapCa(
      `${name}-ca`,
      {
        commonName: `${prefix} bootstrap of Vault`,
        servers: nodes.map(({ hostname }) => [hostname, domain]),
        generation: args.serverCertificates,
      },
      child,
    );
    const logs = new aws.cloudwatch.LogGroup(
      name,
      {
        name: `/drawbridge/${prefix}/vault`,
        kmsKeyId: args.logKeyArn,
        retentionInDays: args.logRetentionDays,
      },
      child,
    );
    // Servers come after their zone: what it refuses replaces none of them.
    const oneByOne = new pulumi.ResourceHook(
      `${name}-servers-one-by-one`,
      ({ oldInputs }) => {
        const refused = refusalOfServers(oldInputs?.["comment"], serverGenerations);
        if (refused !== undefined) throw new Error(refused);
      },
      { onDryRun: true },
    );
    const zone = new aws.route53.Zone(
      name,
      {
        name: domain,
        comment: describeServers(serverGenerations),
        vpcs: [{ vpcId: args.vpcId }],
      },
      { ...child, hooks: { beforeUpdate: [oneByOne] } },
    );
    const rightsOf = {
      ...args,
      keys: { seal: seal.alias, secrets: secrets.alias, snapshots: args.snapshotsKeyAlias },
      snapshotsArn: args.snapshots.arn,
      logGroupName: `/drawbridge/${prefix}/vault`,
    };
    const members = nodes.map((node, index) => ({
      ...node,
      ...serverProfile(node.id, { ...rightsOf, index }, child),
    }));
    // The first server binds a login to the roles of all, and asks IAM for them.
    const rights = members.map(({ rights: own }) => own);

    const { balancer, targets } = passThroughBalancer(
      name,
      {
        ...args,
        subnetIds: args.zones.map(({ subnetId }) => subnetId),
        securityGroupId: args.balancerGroupId,
        zone: { id: zone.zoneId, name: domain },
        deletionProtection,
      },
      child,
    );
    for (const [index, node] of members.entries()) {
      const files = new aws.secretsmanager.Secret(
        `${node.id}-files`,
        {
          name: filesSecretName(prefix, index),
          description: `Files of ${node.hostname}`,
          kmsKeyId: secrets.arn,
          policy: secretPolicy({
            accountId,
            ownerRoleArn: args.deployerRoleArn,
            // A refresh of the stack reads it as the deployer.
            readerRoleArns: [serverRoleArn(args, index), args.deployerRoleArn],
          }),
          // All of it can be made again, and the name is needed then.
          recoveryWindowInDays: 0,
        },
        child,
      );
      const version = new aws.secretsmanager.SecretVersion(
        `${node.id}-files`,
        {
          secretId: files.id,
          secretString: filesOf(args, node, nodes, { seal, ca, index, recovery }),
        },
        child,
      );
      const card = new aws.ec2.NetworkInterface(
        node.id,
        {
          subnetId: node.subnetId,
          securityGroups: [args.securityGroupId],
          description: `Vault ${node.hostname}`,
          tags: { ...args.tags, Name: node.hostname },
        },
        child,
      );
      new aws.route53.Record(
        node.id,
        { zoneId: zone.zoneId, name: node.hostname, type: "A", ttl: 60, records: [card.privateIp] },
        child,
      );
      const volume = new aws.ebs.Volume(
        node.id,
        {
          availabilityZone: node.zone,
          encrypted: true,
          kmsKeyId: args.volumeKeyArn,
          type: "gp3",
          size: args.volumeGiB,
          tags: { ...args.tags, Name: node.hostname },
        },
        { ...kept, retainOnDelete: deletionProtection },
      );
      const instance = server(
        node,
        args,
        { card, profile: node.profile, index },
        { ...child, dependsOn: [zone, version, ...rights, ...args.prerequisites] },
      );
      const disk = new aws.ec2.VolumeAttachment(
        node.id,
        {
          deviceName: dataDevice,
          instanceId: instance.id,
          volumeId: volume.id,
          stopInstanceBeforeDetaching: true,
        },
        { ...child, deleteBeforeReplace: true },
      );
      const target = new aws.lb.TargetGroupAttachment(
        node.id,
        { targetGroupArn: targets.arn, targetId: instance.id, port: apiPort },
        child,
      );
      this.attachments.push(disk, target);
    }
    if (args.alarmTopicArn !== undefined) {
      new VaultAlarms(
        name,
        {
          prefix,
          topicArn: args.alarmTopicArn,
          logGroupName: logs.name,
          hostnames: nodes.map(({ hostname }) => hostname),
          balancer: balancer.arnSuffix,
          targets: targets.arnSuffix,
        },
        child,
      );
    }
    this.caCertificate = ca.certificate;
    this.recoverySecretArn = recovery.arn;
    this.logGroupName = logs.name;
    this.registerOutputs({
      caCertificate: this.caCertificate,
      recoverySecretArn: this.recoverySecretArn,
      logGroupName: this.logGroupName,
    });
  }
}

interface Member {
  id: string;
  hostname: string;
  isFirst: boolean;
  generation: number;
  subnetId: pulumi.Input<string>;
  zone: string;
}

/** All files of a node, by path: its settings, its certificate and key, and the script of its first boot. */
function filesOf(
  args: VaultServersArgs,
  node: Member,
  nodes: Member[],
  {
    seal,
    ca,
    index,
    recovery,
  }: { seal: EncryptionKey; ca: BootstrapCa; index: number; recovery: aws.secretsmanager.Secret },
): pulumi.Output<string> {
  const identity = ca.servers[index];
  if (!identity) throw new Error(`the CA must vouch for ${memberCount} servers`);
  const tlsFolder = `${settingsFolder}/tls`;
  const settings = (name: string) => `${settingsFolder}/${name}.json`;
  const config = serverConfig({
    nodeId: node.id,
    hostname: node.hostname,
    // Names resolve to the address of the network interface, which listens with all others of the instance.
    listenAddress: "0.0.0.0",
    peers: nodes.map(({ hostname }) => hostname),
    dataFolder,
    tlsFolder,
    region: args.region,
    sealKey: seal.alias,
  });
  const firstBoot = (recoverySecret: string) =>
    firstBootSettings({
      initialises: node.isFirst,
      region: args.region,
      dataFolder,
      vault: "/usr/bin/vault",
      serverConfigs: [settings("server"), settings("closed")],
      address: `https://127.0.0.1:${apiPort}`,
      caFile: `${tlsFolder}/ca.crt`,
      auditCalls: auditCallsFile,
      recoverySecret,
      recoveryThreshold: args.recoveryThreshold,
      recoveryHolders: args.recoveryHolders,
      serverId: vaultHost(args.prefix),
      deployerRoleArn: args.deployerRoleArn,
      serverRoleArns: serverRoleArns(args),
    });
  return pulumi.secret(
    pulumi.jsonStringify({
      "/usr/local/sbin/vault-first-boot": firstBootScript,
      [settings("server")]: config.server,
      [settings("closed")]: config.closed,
      [settings("open")]: config.open,
      [settings("first-boot")]: pulumi.output(recovery.arn).apply(firstBoot),
      [`${tlsFolder}/ca.crt`]: ca.certificate,
      [`${tlsFolder}/server.crt`]: identity.certificate,
      [`${tlsFolder}/server.key`]: identity.privateKey,
    }),
  );
}

function server(
  node: Member,
  args: VaultServersArgs,
  {
    card,
    profile,
    index,
  }: { card: aws.ec2.NetworkInterface; profile: aws.iam.InstanceProfile; index: number },
  child: pulumi.CustomResourceOptions,
): aws.ec2.Instance {
  const { prefix, region } = args;
  const { generation } = node;
  const tags = { ...args.tags, Name: node.hostname, Generation: `${generation}` };
  const userData = serverUserData({
    region,
    hostname: node.hostname,
    filesSecret: filesSecretName(prefix, index),
    logGroupName: `/drawbridge/${prefix}/vault`,
    snapshots: `s3://${args.snapshots.arn.slice(bucketArn("").length)}/vault`,
    serverId: vaultHost(prefix),
  });
  const template = new aws.ec2.LaunchTemplate(
    generation === 1 ? node.id : `${node.id}-generation-${generation}`,
    {
      description: `Vault ${node.hostname}`,
      imageId,
      instanceType: args.instanceType,
      iamInstanceProfile: { arn: profile.arn },
      userData: Buffer.from(userData).toString("base64"),
      metadataOptions: {
        httpEndpoint: "enabled",
        httpProtocolIpv6: "disabled",
        httpTokens: "required",
        httpPutResponseHopLimit: 1,
      },
      networkInterfaces: [
        { deviceIndex: 0, networkInterfaceId: card.id, deleteOnTermination: "false" },
      ],
      blockDeviceMappings: [
        {
          deviceName: "/dev/xvda",
          ebs: {
            encrypted: "true",
            kmsKeyId: args.volumeKeyArn,
            volumeType: "gp3",
            volumeSize: 16,
            deleteOnTermination: "true",
          },
        },
      ],
      monitoring: { enabled: true },
      tagSpecifications: ["instance", "volume"].map((resourceType) => ({ resourceType, tags })),
    },
    child,
  );
  return new aws.ec2.Instance(
    node.id,
    // A generation starts as its template was made. What is changed of the template afterwards are versions that nobody
    // starts from: a version of its own would have all three servers replaced at once, and with them the majority.
    { launchTemplate: { id: template.id, version: "1" }, tags },
    // What an instance has from its template is read as its own. A new release of the image would replace it, and the user
    // data would be taken away, and the instance stopped for it: github.com/hashicorp/terraform-provider-aws/issues/30825
    { ...child, ignoreChanges: ["ami", "userData"], deleteBeforeReplace: true },
  );
}
