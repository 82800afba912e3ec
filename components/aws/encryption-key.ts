import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { requireBetween } from "../require";
import type { PolicyStatement } from "./policy-document";
import { policyDocument } from "./policy-document";

export interface EncryptionKeyArgs {
  /** What the key protects; the AWS console shows it. */
  description: string;
  /** AWS account of the stack: its IAM policies decide who administers the key. */
  accountId: string;
  /** Statements for the services that use the key, each limited by a condition. @default - IAM policies only */
  grants?: PolicyStatement[];
  /** Principals that the grants name and that must exist before. @default - none */
  grantees?: pulumi.Resource[];
  /** Days between rotations of the key material, 90 to 2560. @default 365 */
  rotationPeriodDays?: number;
  /** Days in which a deleted key can be recovered, 7 to 30. @default 30 */
  deletionWindowDays?: number;
}

/** A customer-managed KMS key that rotates, and the alias that people find it by. */
export class EncryptionKey extends pulumi.ComponentResource {
  static readonly requirements = ["M1"];

  /** ARN of the key. */
  readonly arn: pulumi.Output<string>;
  /** Alias of the key: `alias/<project>/<stack>/<name>`. */
  readonly alias: string;

  constructor(name: string, args: EncryptionKeyArgs, opts?: pulumi.ComponentResourceOptions) {
    const { grants = [], grantees = [], rotationPeriodDays = 365, deletionWindowDays = 30 } = args;
    requireBetween("rotationPeriodDays", rotationPeriodDays, 90, 2560);
    requireBetween("deletionWindowDays", deletionWindowDays, 7, 30);
    super("drawbridge:aws:EncryptionKey", name, {}, opts);
    const key = new aws.kms.Key(
      name,
      {
        description: args.description,
        enableKeyRotation: true,
        rotationPeriodInDays: rotationPeriodDays,
        deletionWindowInDays: deletionWindowDays,
        policy: policyDocument([
          {
            // Without this statement nobody could administer the key, and AWS support would have to be asked:
            // docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
            Sid: "AccountAdministersByIam",
            Principal: { AWS: `arn:aws:iam::${args.accountId}:root` },
            Action: "kms:*",
            Resource: "*",
          },
          ...grants,
        ]),
      },
      { parent: this, dependsOn: grantees },
    );
    // Aliases are unique per account and region, so the stack is part of the name.
    this.alias = `alias/${pulumi.getProject()}/${pulumi.getStack()}/${name}`;
    new aws.kms.Alias(
      `${name}-alias`,
      { name: this.alias, targetKeyId: key.keyId },
      { parent: this },
    );
    this.arn = key.arn;
    this.registerOutputs({ arn: this.arn, alias: this.alias });
  }
}

/** Lets CloudWatch Logs encrypt the log groups of this account and region: docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html */
export function logsGrant(region: string, accountId: string): PolicyStatement {
  return {
    Sid: "CloudWatchLogsEncryptsLogGroups",
    Principal: { Service: `logs.${region}.amazonaws.com` },
    Action: [
      "kms:Encrypt",
      "kms:Decrypt",
      "kms:ReEncrypt*",
      "kms:GenerateDataKey*",
      "kms:Describe*",
    ],
    Resource: "*",
    Condition: {
      ArnLike: {
        "kms:EncryptionContext:aws:logs:arn": `arn:aws:logs:${region}:${accountId}:log-group:*`,
      },
    },
  };
}

/**
 * Lets Lambda encrypt the code of the account's functions, for which it makes no grant:
 * docs.aws.amazon.com/lambda/latest/dg/encrypt-zip-package.html#enable-zip-permissions
 *
 * For the environment it makes one by the rights of who sets the key (kms:CreateGrant, kms:Encrypt), to the function's
 * role, which needs no right of its own: docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
 */
export function functionsGrant(region: string, accountId: string): PolicyStatement {
  return {
    Sid: "LambdaEncryptsFunctions",
    Principal: { Service: "lambda.amazonaws.com" },
    Action: ["kms:Decrypt", "kms:GenerateDataKey"],
    Resource: "*",
    Condition: {
      StringLike: {
        "kms:EncryptionContext:aws:lambda:FunctionArn": `arn:aws:lambda:${region}:${accountId}:function:*`,
      },
    },
  };
}

/** Lets EC2 Auto Scaling start instances with encrypted volumes: docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html */
export function autoScalingGrants(accountId: string): PolicyStatement[] {
  const Principal = {
    AWS: `arn:aws:iam::${accountId}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`,
  };
  return [
    {
      Sid: "AutoScalingUsesVolumes",
      Principal,
      Action: [
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:ReEncrypt*",
        "kms:GenerateDataKey*",
        "kms:DescribeKey",
      ],
      Resource: "*",
    },
    {
      Sid: "AutoScalingAttachesVolumes",
      Principal,
      Action: "kms:CreateGrant",
      Resource: "*",
      Condition: { Bool: { "kms:GrantIsForAWSResource": "true" } },
    },
  ];
}
