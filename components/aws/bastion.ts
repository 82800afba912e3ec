import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { logGroupArns } from "./arns";
import { bastionGroup } from "./bastion-group";
import type { EncryptionKey } from "./encryption-key";
import { instanceTrust, keyByAlias, policyDocument } from "./policy-document";
import { SessionPreferences } from "./session-preferences";

export interface BastionArgs {
  /** Start of the names that people look up. */
  prefix: string;
  /** AWS account of the stack. */
  accountId: string;
  /** AWS region of the stack. */
  region: string;
  /** Private subnets that the bastion may live in. */
  subnetIds: pulumi.Input<string>[];
  /** Its security group. */
  securityGroupId: pulumi.Input<string>;
  /** Public networks from which people may start a session. */
  trustedCidrs: string[];
  /** Key of the session logs. */
  logKeyArn: pulumi.Input<string>;
  /** Key of the root volume. */
  volumeKeyArn: pulumi.Input<string>;
  /** Key that encrypts sessions end to end. */
  sessionKey: EncryptionKey;
  /** Name of Vault, to which tunnels lead as well. */
  vaultHost: string;
  /** Days for which session logs are kept. */
  logRetentionDays: number;
  /** Tags of instance and volume, which do not inherit the provider's. */
  tags: Record<string, string>;
  /** What the agent needs from its first call on: VPC endpoints, rules. */
  prerequisites: pulumi.Resource[];
}

/**
 * Takes from people what would make them root of the bastion and owner of its role. It runs at each boot before the
 * network counts as online, for which the agent waits (cloud-init's boothooks:
 * docs.aws.amazon.com/pcs/latest/userguide/working-with_ec2-user-data_early-boot.html), and keeps the agent from
 * starting when it fails.
 *
 * - The agent makes ssm-user a sudoer unless this file is there, and leaves one that is alone:
 *   docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-getting-started-ssm-user-permissions.html
 * - The image has no packet filter (aws/eks-hybrid#37), but a kernel that routes by user: nobody but root reaches the
 *   metadata service. systemd-networkd removes rules that others made, except those of protocol kernel
 *   (systemd/systemd#19287).
 *
 * Not verified on an instance; the rule is, in a network namespace of Linux.
 */
const userData = `#cloud-boothook
#!/bin/sh
set -eu
trap 'test $? -eq 0 || systemctl mask --now amazon-ssm-agent.service' EXIT
printf '# ssm-user may not use sudo\\n' > /etc/sudoers.d/ssm-agent-users
chmod 0440 /etc/sudoers.d/ssm-agent-users
ip rule add priority 100 to 169.254.169.254/32 uidrange 1-4294967294 prohibit protocol kernel
`;

/**
 * One instance without a public address, without open ports and without keys: people come in by Session Manager.
 * It lives a week at most and is replaced by a fresh one; a broken one is replaced at once.
 */
export class Bastion extends pulumi.ComponentResource {
  static readonly requirements = ["J16", "J17", "M6", "M7"];

  /** ARN of the policy that lets people start sessions: attach it to their roles. */
  readonly sessionPolicyArn: pulumi.Output<string>;
  /** Name of the document of shells, encrypted and logged. */
  readonly sessionDocumentName: pulumi.Output<string>;
  /** Name of the document of tunnels to the Kubernetes API. */
  readonly tunnelDocumentName: pulumi.Output<string>;

  constructor(name: string, args: BastionArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:Bastion", name, {}, opts);
    const child = { parent: this };
    const sessions = new SessionPreferences(`${name}-sessions`, args, child);
    const { role, rights } = instanceRole(name, args, sessions.logGroupName, child);
    // An agent whose first call fails sleeps for five minutes, and up to an hour later on: agent/hibernation/hibernation.go of
    // github.com/aws/amazon-ssm-agent. The same `up` needs it: Vault is reached through the bastion.
    const afterIts = { ...child, dependsOn: [rights, ...args.prerequisites] };
    // People's right to start a session is bound to the tag (session-preferences.ts).
    bastionGroup(name, { ...args, role, userData }, afterIts);
    this.sessionPolicyArn = sessions.policyArn;
    this.sessionDocumentName = sessions.documentName;
    this.tunnelDocumentName = sessions.tunnelDocumentName;
    this.registerOutputs({
      sessionPolicyArn: this.sessionPolicyArn,
      sessionDocumentName: this.sessionDocumentName,
      tunnelDocumentName: this.tunnelDocumentName,
    });
  }
}

/** What the agent of Session Manager needs and no more: docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html */
function instanceRole(
  name: string,
  args: BastionArgs,
  logGroupName: string,
  child: pulumi.CustomResourceOptions,
): { role: aws.iam.Role; rights: pulumi.Resource } {
  const instances = `arn:aws:ec2:${args.region}:${args.accountId}:instance/*`;
  const role = new aws.iam.Role(
    name,
    { description: "Bastion: Session Manager and its logs", assumeRolePolicy: instanceTrust() },
    child,
  );
  const rights = new aws.iam.RolePolicy(
    name,
    {
      role: role.id,
      policy: policyDocument([
        {
          // The message channels take no resource. The first alone knows from which instance it is asked for:
          // docs.aws.amazon.com/service-authorization/latest/reference/list_ssmmessages.html
          Sid: "OwnControlChannel",
          Action: "ssmmessages:CreateControlChannel",
          Resource: "*",
          Condition: { ArnLike: { "ec2:SourceInstanceARN": instances } },
        },
        {
          Sid: "SessionChannels",
          Action: [
            "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel",
            "ssmmessages:OpenDataChannel",
          ],
          Resource: "*",
        },
        {
          Sid: "ReportItself",
          Action: "ssm:UpdateInstanceInformation",
          Resource: instances,
        },
        { Sid: "FindTheLogGroup", Action: "logs:DescribeLogGroups", Resource: "*" },
        {
          Sid: "WriteSessionLogs",
          Action: ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
          Resource: logGroupArns(args, logGroupName),
        },
        {
          Sid: "DecryptSessions",
          Action: "kms:Decrypt",
          ...keyByAlias(args, args.sessionKey.alias),
        },
      ]),
    },
    child,
  );
  return { role, rights };
}
