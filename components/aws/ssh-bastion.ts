import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Place } from "./arns";
import { clusterArn, logGroupArns, parameterArn, secretArn } from "./arns";
import { bastionGroup, bastionTag } from "./bastion-group";
import type { PolicyStatement } from "./policy-document";
import { instanceTrust, policyDocument } from "./policy-document";
import type { Person, SecondFactor } from "./sshd-config";
import { sshUserData } from "./ssh-user-data";

export interface SshBastionArgs {
  /** Start of the names that people look up. */
  prefix: string;
  /** AWS account of the stack. */
  accountId: string;
  /** AWS region of the stack. */
  region: string;
  /** Public subnets that the bastion may live in. */
  subnetIds: pulumi.Input<string>[];
  /** Its security group. */
  securityGroupId: pulumi.Input<string>;
  /** Public networks that people come from. */
  trustedCidrs: string[];
  /** Name of the cluster to whose API tunnels lead. */
  clusterName: string;
  /** Name of Vault, to which tunnels lead as well. */
  vaultHost: string;
  /** Who may come in. */
  people: Person[];
  /** Whether every login takes a security key and what it asks of its owner. */
  securityKeys: boolean;
  /** What is asked for after the key. */
  mfa: SecondFactor;
  /** Key of the root volume. */
  volumeKeyArn: pulumi.Input<string>;
  /** Key of the server's log. */
  logKeyArn: pulumi.Input<string>;
  /** Days for which the server's log is kept. */
  logRetentionDays: number;
  /** Tags of instance, volume and network interface, which do not inherit the provider's. */
  tags: Record<string, string>;
  /** What the instance needs from its first boot on: VPC endpoints, rules. */
  prerequisites: pulumi.Resource[];
}

/** What an SSH bastion calls through VPC endpoints, by service, and nodes or sessions do not. */
export function sshBastionCalls(mfa: SecondFactor): Record<string, string[]> {
  return {
    ec2: ["ec2:AssociateAddress", "ec2:DescribeAddresses"],
    ssm: ["ssm:PutParameter"],
    ...(mfa === "totp" && { secretsmanager: ["secretsmanager:GetSecretValue"] }),
  };
}

/**
 * One instance in a public subnet, with OpenSSH open to trusted networks, an account and a key for each person, and
 * tunnels to the Kubernetes API and to Vault, and to nowhere else. It lives a week at most; its address stays. Its host keys never
 * leave it: each instance makes its own and tells them in an SSM parameter, which people read with MFA. Its log goes to
 * CloudWatch, and stays when the instance goes.
 */
export class SshBastion extends pulumi.ComponentResource {
  static readonly requirements = ["J16", "J17", "M5", "M6", "M7", "M10"];

  /** Public address, the same for every instance. */
  readonly address: pulumi.Output<string>;
  /** Name of the SSM parameter with the host keys, as lines of a `known_hosts` file. */
  readonly hostKeysParameter: pulumi.Output<string>;
  /** ARN of the policy that lets people read the host keys: attach it to their roles. */
  readonly hostKeysPolicyArn: pulumi.Output<string>;

  constructor(name: string, args: SshBastionArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:SshBastion", name, {}, opts);
    const child = { parent: this };
    const { prefix } = args;
    const tag = bastionTag(prefix);
    const hostKeysParameter = `/drawbridge/${prefix}/bastion/host-keys`;
    const address = new aws.ec2.Eip(
      name,
      { domain: "vpc", tags: { Name: tag, Drawbridge: tag } },
      child,
    );
    const parameter = new aws.ssm.Parameter(
      `${name}-host-keys`,
      {
        name: hostKeysParameter,
        type: "String",
        description: `Host keys of the bastion of ${prefix}, written by itself`,
        // A comment to OpenSSH, for the minutes before the first bastion has written them.
        insecureValue: "# The bastion has not told its host keys yet.",
      },
      { ...child, ignoreChanges: ["insecureValue"] },
    );
    const logGroupName = `/drawbridge/${prefix}/bastion`;
    const logGroup = new aws.cloudwatch.LogGroup(
      name,
      { name: logGroupName, kmsKeyId: args.logKeyArn, retentionInDays: args.logRetentionDays },
      child,
    );
    const its = { tag, hostKeysParameter, logGroupName };
    const { role, rights } = instanceRole(name, { ...args, ...its }, child);
    const userData = sshUserData({ ...args, ...its });
    // An instance would make the parameter itself if it came first, and keep the address from going if it went last.
    const afterIts = {
      ...child,
      dependsOn: [address, parameter, logGroup, rights, ...args.prerequisites],
    };
    bastionGroup(name, { ...args, role, userData, tagInterface: true }, afterIts);
    this.address = address.publicIp;
    this.hostKeysParameter = parameter.name;
    this.hostKeysPolicyArn = new aws.iam.Policy(
      `${name}-host-keys`,
      {
        description: `Host keys of the bastion of ${prefix}, with MFA and from trusted networks`,
        policy: policyDocument([
          {
            Sid: "ReadHostKeys",
            Action: "ssm:GetParameter",
            Resource: parameterArn(args, hostKeysParameter),
            Condition: {
              Bool: { "aws:MultiFactorAuthPresent": "true" },
              IpAddress: { "aws:SourceIp": args.trustedCidrs },
            },
          },
        ]),
      },
      child,
    ).arn;
    this.registerOutputs({
      address: this.address,
      hostKeysParameter: this.hostKeysParameter,
      hostKeysPolicyArn: this.hostKeysPolicyArn,
    });
  }
}

function instanceRole(
  name: string,
  args: SshBastionArgs & { tag: string; hostKeysParameter: string; logGroupName: string },
  child: pulumi.CustomResourceOptions,
): { role: aws.iam.Role; rights: pulumi.Resource } {
  const role = new aws.iam.Role(
    name,
    {
      description: "Bastion: its address, its host keys and its log",
      assumeRolePolicy: instanceTrust(),
    },
    child,
  );
  const rights = new aws.iam.RolePolicy(
    name,
    {
      role: role.id,
      policy: policyDocument([
        // Descriptions take no resource: docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
        {
          Sid: "FindTheAddress",
          Action: "ec2:DescribeAddresses",
          Resource: "*",
          Condition: { StringEquals: { "ec2:Region": args.region } },
        },
        {
          Sid: "TakeTheAddress",
          Action: "ec2:AssociateAddress",
          Resource: ["elastic-ip", "instance", "network-interface"].map((kind) =>
            ec2Arn(args, kind),
          ),
          Condition: { StringEquals: { "aws:ResourceTag/Drawbridge": args.tag } },
        },
        {
          Sid: "FindTheApi",
          Action: "eks:DescribeCluster",
          Resource: clusterArn(args, args.clusterName),
        },
        {
          Sid: "TellHostKeys",
          Action: "ssm:PutParameter",
          Resource: parameterArn(args, args.hostKeysParameter),
        },
        {
          Sid: "WriteTheLog",
          Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
          Resource: logGroupArns(args, args.logGroupName),
        },
        ...(args.mfa === "totp" ? codeRights(args) : []),
      ]),
    },
    child,
  );
  return { role, rights };
}

/**
 * The keys of people's codes, and no other secret. A secret may be encrypted with a key of the account, which Secrets
 * Manager uses with the caller's rights: docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
 */
function codeRights(args: SshBastionArgs): PolicyStatement[] {
  const { people, region, accountId } = args;
  return [
    {
      Sid: "ReadKeysOfCodes",
      Action: "secretsmanager:GetSecretValue",
      Resource: people.flatMap(({ totpSecretArn }) => totpSecretArn ?? []),
    },
    {
      Sid: "DecryptKeysOfCodes",
      Action: "kms:Decrypt",
      Resource: `arn:aws:kms:${region}:${accountId}:key/*`,
      Condition: {
        StringEquals: { "kms:ViaService": `secretsmanager.${region}.amazonaws.com` },
        StringLike: { "kms:EncryptionContext:SecretARN": secretArn(args, "*") },
      },
    },
  ];
}

function ec2Arn({ region, accountId }: Place, kind: string): string {
  return `arn:aws:ec2:${region}:${accountId}:${kind}/*`;
}
