import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { Place } from "../aws/arns";
import { logGroupArns, roleArn, secretArn } from "../aws/arns";
import type { PolicyStatement } from "../aws/policy-document";
import { instanceTrust, keyByAlias, policyDocument } from "../aws/policy-document";
import type { LoginsArgs } from "./logins";
import { memberCount } from "./server-config";

/** Name of the secret with a node's files. */
export function filesSecretName(prefix: string, index: number): string {
  return `${prefix}-vault-${index}`;
}

type Stack = Pick<Place, "accountId"> & { prefix: string };

function serverRoleName(prefix: string, index: number): string {
  return `${prefix}-vault-${index}`;
}

/** ARN of the role of a server, known before it exists. */
export function serverRoleArn(stack: Stack, index: number): string {
  return roleArn(stack, serverRoleName(stack.prefix, index));
}

/** ARNs of the roles of all servers. */
export function serverRoleArns(stack: Stack): string[] {
  return Array.from({ length: memberCount }, (_, index) => serverRoleArn(stack, index));
}

export interface ServerProfileArgs extends Place {
  /** Start of the names that people look up. */
  prefix: string;
  /** Number of the server, from 0. */
  index: number;
  /** Aliases of the keys of the seal, of the secrets and of the bucket of snapshots. */
  keys: { seal: string; secrets: string; snapshots: string };
  /** ARN of the bucket of snapshots. */
  snapshotsArn: string;
  /** Name of the servers' log group. */
  logGroupName: string;
  /** IAM role that configures Vault. */
  deployerRoleArn: string;
  /** What each kind of node that logs in is known by. */
  nodes: LoginsArgs["nodes"];
}

interface ServerProfile {
  rights: aws.iam.RolePolicy;
  profile: aws.iam.InstanceProfile;
}

/** A role for each server: what one may read, the others may not. */
export function serverProfile(
  name: string,
  args: ServerProfileArgs,
  child: pulumi.CustomResourceOptions,
): ServerProfile {
  const role = new aws.iam.Role(
    name,
    {
      name: serverRoleName(args.prefix, args.index),
      description: "Server of Vault: seal, files, recovery keys, snapshots and logs",
      assumeRolePolicy: instanceTrust(),
    },
    child,
  );
  const rights = new aws.iam.RolePolicy(
    name,
    { role: role.id, policy: policyDocument([...ownRights(args), ...rightsForLogins(args)]) },
    child,
  );
  return { rights, profile: new aws.iam.InstanceProfile(name, { role: role.name }, child) };
}

/** What a server needs for itself. */
function ownRights(args: ServerProfileArgs): PolicyStatement[] {
  const { prefix, index, keys } = args;
  const files = secretArn(args, `${filesSecretName(prefix, index)}-??????`);
  const recovery = secretArn(args, `${prefix}-vault-recovery-*`);
  return [
    {
      Sid: "Seal",
      Action: ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt"],
      ...keyByAlias(args, keys.seal),
    },
    {
      Sid: "OpenAndCloseSecrets",
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      ...keyByAlias(args, keys.secrets),
    },
    { Sid: "FetchFiles", Action: "secretsmanager:GetSecretValue", Resource: files },
    // The first server initialises Vault. It may store the recovery keys, and not read them.
    ...(index === 0
      ? [
          {
            Sid: "StoreRecoveryKeys",
            Action: ["secretsmanager:DescribeSecret", "secretsmanager:PutSecretValue"],
            Resource: recovery,
          },
        ]
      : []),
    { Sid: "KeepSnapshots", Action: "s3:PutObject", Resource: `${args.snapshotsArn}/vault/*` },
    {
      Sid: "EncryptSnapshots",
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      ...keyByAlias(args, keys.snapshots),
    },
    {
      Sid: "WriteLogs",
      Action: ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
      Resource: logGroupArns(args, args.logGroupName),
    },
  ];
}

/**
 * What Vault asks AWS with the server's own rights about who logs in: github.com/hashicorp/vault/tree/v1.21.0/builtin/credential/aws.
 * When a login is written, for the unique id of each role that it is bound to (backend.go, resolveArnToRealUniqueId); when
 * a node logs in or renews, for its instance (path_login.go, validateInstance). An instance profile it would ask for only
 * where a login were bound to the role in it (bound_iam_role_arn), and these are bound to profiles.
 */
export function rightsForLogins(
  args: Pick<ServerProfileArgs, "accountId" | "region" | "prefix" | "deployerRoleArn" | "nodes">,
): PolicyStatement[] {
  const kinds = Object.values(args.nodes);
  return [
    {
      Sid: "KnowRoles",
      Action: "iam:GetRole",
      Resource: [
        args.deployerRoleArn,
        ...serverRoleArns(args),
        ...kinds.flatMap(({ roleArns }) => roleArns),
      ],
    },
    // EC2 takes no instance here, and nobody asks where no node logs in.
    ...(kinds.length > 0
      ? [
          {
            Sid: "KnowNodes",
            Action: "ec2:DescribeInstances",
            Resource: "*",
            Condition: { StringEquals: { "ec2:Region": args.region } },
          },
        ]
      : []),
  ];
}
