import type * as pulumi from "@pulumi/pulumi";
import type { Place } from "../aws/arns";
import type { PolicyStatement } from "../aws/policy-document";
import { policyDocument } from "../aws/policy-document";

export interface SecretPolicyArgs extends Pick<Place, "accountId"> {
  /** ARN of the role that makes, changes and deletes the secret. */
  ownerRoleArn: string;
  /** ARNs of the roles that read the value. */
  readerRoleArns: string[];
  /** ARNs of the roles that add a value, beside the owner. @default - none */
  writerRoleArns?: string[];
}

const newValue = ["secretsmanager:PutSecretValue"];
const policyChanges = ["secretsmanager:DeleteResourcePolicy", "secretsmanager:PutResourcePolicy"];
const otherChanges = [
  "secretsmanager:CancelRotateSecret",
  "secretsmanager:DeleteSecret",
  "secretsmanager:RemoveRegionsFromReplication",
  "secretsmanager:ReplicateSecretToRegions",
  "secretsmanager:RestoreSecret",
  "secretsmanager:RotateSecret",
  "secretsmanager:StopReplicationToReplica",
  "secretsmanager:UpdateSecret",
  "secretsmanager:UpdateSecretVersionStage",
];

/**
 * What changes a secret, its versions, its policy, its rotation and its copies in other regions: every action on a secret
 * that IAM's list of Secrets Manager's actions counts as writing, but for tags, which nothing here asks for.
 */
export const secretChanges = [...newValue, ...policyChanges, ...otherChanges];

/**
 * Whatever rights people have by IAM, a secret is read and written by those named here: a server runs what its files say.
 * Sessions of a role count as the role, and one that was made again under its name as well:
 * docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn. Who needs
 * it otherwise has the owner change this policy first. When that role is gone for good the root user may, of whose every
 * use people are told.
 */
export function secretPolicy(args: SecretPolicyArgs): pulumi.Output<string> {
  const { accountId, ownerRoleArn, readerRoleArns, writerRoleArns = [] } = args;
  const rootUser = `arn:aws:iam::${accountId}:root`;
  return policyDocument([
    forNobodyBut("ReadByNobodyElse", ["secretsmanager:GetSecretValue"], readerRoleArns),
    forNobodyBut("WrittenByNobodyElse", newValue, [ownerRoleArn, ...writerRoleArns]),
    forNobodyBut("ChangedByNobodyElse", otherChanges, [ownerRoleArn]),
    forNobodyBut("OpenedByNobodyElse", policyChanges, [ownerRoleArn, rootUser]),
  ]);
}

function forNobodyBut(Sid: string, Action: string[], principals: string[]): PolicyStatement {
  return {
    Sid,
    Effect: "Deny",
    Principal: { AWS: "*" },
    Action,
    Resource: "*",
    Condition: { ArnNotEquals: { "aws:PrincipalArn": principals } },
  };
}
