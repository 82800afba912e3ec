import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Place } from "./arns";
import { bucketArn, trailArn } from "./arns";
import type { BucketArgs } from "./bucket";
import { Bucket, bucketName } from "./bucket";
import { EncryptionKey } from "./encryption-key";
import type { PolicyStatement } from "./policy-document";
import { policyDocument } from "./policy-document";

export interface AuditTrailArgs extends Place {
  /** Start of the names that people look up. */
  prefix: string;
  /** Key of the log group. */
  logKeyArn: pulumi.Input<string>;
  /** Days for which the records are kept, and locked in their bucket. */
  logRetentionDays: number;
  /** Who may delete records before: see `BucketArgs.lock`. @default "GOVERNANCE" */
  lockMode?: NonNullable<BucketArgs["lock"]>["mode"];
  /** ARNs of buckets of which every use of an object is recorded. @default - none */
  watchedBuckets?: string[];
  /** Bucket that receives the server access logs of the trail's bucket. */
  accessLogs: Bucket;
  /** Whether Pulumi refuses to delete the trail's bucket. @default true */
  deletionProtection?: boolean;
}

/** What the bucket of the trail is for, in its name. */
export const auditPurpose = "audit";

/**
 * Who did what in the account, in every region: a trail with digests that show a change, in a locked bucket, and in a
 * log group where alarms watch it.
 */
export class AuditTrail extends pulumi.ComponentResource {
  static readonly requirements = ["M1"];

  /** Name of the log group that receives every event. */
  readonly logGroupName: pulumi.Output<string>;

  constructor(name: string, args: AuditTrailArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:AuditTrail", name, {}, opts);
    const child = { parent: this };
    const trailName = `${args.prefix}-audit`;
    const source = trailArn(args, trailName);
    const key = new EncryptionKey(
      name,
      { accountId: args.accountId, description: "Audit trail", grants: keyGrants(source, args) },
      child,
    );
    const bucket = evidenceBucket(name, args, source, key, child);
    const logGroup = new aws.cloudwatch.LogGroup(
      name,
      {
        name: `/drawbridge/${args.prefix}/audit`,
        kmsKeyId: args.logKeyArn,
        retentionInDays: args.logRetentionDays,
      },
      child,
    );
    const { role, policy } = writer(name, args, child);
    new aws.cloudtrail.Trail(
      name,
      {
        name: trailName,
        s3BucketName: bucket.bucketName,
        kmsKeyId: key.arn,
        enableLogging: true,
        enableLogFileValidation: true,
        isMultiRegionTrail: true,
        includeGlobalServiceEvents: true,
        advancedEventSelectors: selectors(args.watchedBuckets ?? []),
        // CloudTrail asks for the streams of the group.
        cloudWatchLogsGroupArn: pulumi.interpolate`${logGroup.arn}:*`,
        cloudWatchLogsRoleArn: role.arn,
      },
      // CloudTrail tries both places before it takes them.
      { ...child, dependsOn: [bucket, policy] },
    );
    this.logGroupName = logGroup.name;
    this.registerOutputs({ logGroupName: this.logGroupName });
  }
}

/** docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html */
function keyGrants(source: string, { accountId }: Place): PolicyStatement[] {
  const trail = {
    Principal: { Service: "cloudtrail.amazonaws.com" },
    Resource: "*",
  };
  return [
    {
      Sid: "TrailEncryptsRecords",
      ...trail,
      Action: "kms:GenerateDataKey*",
      Condition: {
        StringEquals: { "aws:SourceArn": source },
        StringLike: {
          "kms:EncryptionContext:aws:cloudtrail:arn": `arn:aws:cloudtrail:*:${accountId}:trail/*`,
        },
      },
    },
    {
      // With a bucket key S3 hands the data key back to CloudTrail, which has it opened.
      Sid: "TrailChecksTheKey",
      ...trail,
      Action: ["kms:Decrypt", "kms:DescribeKey"],
      Condition: { StringEquals: { "aws:SourceArn": source } },
    },
  ];
}

function evidenceBucket(
  name: string,
  args: AuditTrailArgs,
  source: string,
  key: EncryptionKey,
  child: pulumi.CustomResourceOptions,
): Bucket {
  const { lockMode = "GOVERNANCE", logRetentionDays, deletionProtection = true } = args;
  return new Bucket(
    name,
    {
      ...args,
      purpose: auditPurpose,
      encryption: { keyArn: key.arn },
      grants: bucketGrants(bucketArn(bucketName(args, auditPurpose)), source, args),
      retentionDays: logRetentionDays,
      lock: { mode: lockMode, days: logRetentionDays },
      deletionProtection,
    },
    child,
  );
}

/** docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html */
function bucketGrants(bucket: string, source: string, { accountId }: Place): PolicyStatement[] {
  const trail = { Principal: { Service: "cloudtrail.amazonaws.com" } };
  return [
    {
      Sid: "TrailChecksTheBucket",
      ...trail,
      Action: "s3:GetBucketAcl",
      Resource: bucket,
      Condition: { StringEquals: { "aws:SourceArn": source } },
    },
    {
      Sid: "TrailDeliversRecords",
      ...trail,
      Action: "s3:PutObject",
      Resource: `${bucket}/AWSLogs/${accountId}/*`,
      Condition: {
        StringEquals: { "aws:SourceArn": source, "s3:x-amz-acl": "bucket-owner-full-control" },
      },
    },
  ];
}

/** docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html */
function writer(
  name: string,
  args: AuditTrailArgs,
  child: pulumi.CustomResourceOptions,
): { role: aws.iam.Role; policy: aws.iam.RolePolicy } {
  const { prefix, region, accountId } = args;
  const role = new aws.iam.Role(
    name,
    {
      description: "The audit trail writes to its log group",
      assumeRolePolicy: policyDocument([
        {
          // CloudTrail tells for buckets and keys on whose behalf it acts, for this role it does not: with a condition on
          // the source it could not take the role on, as the page above says. Whoever makes a trail with the role has to
          // be allowed to pass it, which only principals of this account can be.
          Sid: "TrailsOfThisAccount",
          Principal: { Service: "cloudtrail.amazonaws.com" },
          Action: "sts:AssumeRole",
        },
      ]),
    },
    child,
  );
  const policy = new aws.iam.RolePolicy(
    name,
    {
      role: role.id,
      policy: policyDocument([
        {
          Sid: "WriteToTheLogGroup",
          Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
          Resource: `arn:aws:logs:${region}:${accountId}:log-group:/drawbridge/${prefix}/audit:log-stream:${accountId}_CloudTrail_${region}*`,
        },
      ]),
    },
    child,
  );
  return { role, policy };
}

/** Every management event; of data events only those that are worth their price. */
function selectors(buckets: string[]): aws.types.input.cloudtrail.TrailAdvancedEventSelector[] {
  const management = {
    name: "Management events",
    fieldSelectors: [{ field: "eventCategory", equals: ["Management"] }],
  };
  if (buckets.length === 0) return [management];
  return [
    management,
    {
      name: "Objects of the platform",
      fieldSelectors: [
        { field: "eventCategory", equals: ["Data"] },
        { field: "resources.type", equals: ["AWS::S3::Object"] },
        { field: "resources.ARN", startsWiths: buckets.map((arn) => `${arn}/`) },
      ],
    },
  ];
}
