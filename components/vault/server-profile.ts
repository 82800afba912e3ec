import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { Place } from "../aws/arns";
import { logGroupArns, roleArn, secretArn } from "../aws/arns";
import { instanceTrust, keyByAlias, policyDocument } from "../aws/policy-document";

/** Three of them form a majority when a zone is gone. */
export const memberCount = 3;

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
  const { prefix, index } = args;
  const files = secretArn(args, `${filesSecretName(prefix, index)}-??????`);
  const recovery = secretArn(args, `${prefix}-vault-recovery-*`);
  const role = new aws.iam.Role(
    name,
    {
      name: serverRoleName(prefix, index),
      description: "Server of Vault: seal, files, recovery keys, snapshots and logs",
      assumeRolePolicy: instanceTrust(),
    },
    child,
  );
  const rights = new aws.iam.RolePolicy(
    name,
    {
      role: role.id,
      policy: policyDocument([
        {
          Sid: "Seal",
          Action: ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt"],
          ...keyByAlias(args, args.keys.seal),
        },
        {
          Sid: "OpenAndCloseSecrets",
          Action: ["kms:Decrypt", "kms:GenerateDataKey"],
          ...keyByAlias(args, args.keys.secrets),
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
        {
          // Vault binds logins to the unique id of a role: developer.hashicorp.com/vault/docs/auth/aws
          Sid: "KnowRoles",
          Action: "iam:GetRole",
          Resource: [args.deployerRoleArn, ...serverRoleArns(args)],
        },
        { Sid: "KeepSnapshots", Action: "s3:PutObject", Resource: `${args.snapshotsArn}/vault/*` },
        {
          Sid: "EncryptSnapshots",
          Action: ["kms:Decrypt", "kms:GenerateDataKey"],
          ...keyByAlias(args, args.keys.snapshots),
        },
        {
          Sid: "WriteLogs",
          Action: ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
          Resource: logGroupArns(args, args.logGroupName),
        },
      ]),
    },
    child,
  );
  return { rights, profile: new aws.iam.InstanceProfile(name, { role: role.name }, child) };
}
