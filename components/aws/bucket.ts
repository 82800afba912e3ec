import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { requireBetween } from "../require";
import type { Place } from "./arns";
import { bucketArn } from "./arns";
import type { PolicyStatement } from "./policy-document";
import { policyDocument } from "./policy-document";

/**
 * Whose key encrypts the objects: a key of the stack, or one of S3 where nothing else works. Load balancers deliver
 * their logs under S3's own keys only, and a bucket that receives the access logs of other buckets takes no default
 * encryption by KMS:
 * docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
 * docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
 */
type BucketEncryption = { keyArn: pulumi.Input<string> } | { s3ManagedFor: "access-logs" };

/** Keeps every new object from being deleted or overwritten for some days. */
interface BucketLock {
  /**
   * Who may still delete: in `COMPLIANCE` mode nobody, not even the root user, until the days are over. In `GOVERNANCE`
   * mode whoever holds s3:BypassGovernanceRetention, and nobody while the bucket is protected: its policy denies it.
   */
  mode: "GOVERNANCE" | "COMPLIANCE";
  /** Days, 1 to 36500. */
  days: number;
}

export interface BucketArgs extends Place {
  /** Start of the bucket's name: `drawbridge-<stack>`. */
  prefix: string;
  /** What the bucket is for: part of its name, lower-case letters, digits and hyphens. */
  purpose: string;
  /** Whose key encrypts the objects. */
  encryption: BucketEncryption;
  /**
   * ARNs of the roles that name a key themselves, one of the account: for services that write by a role and know no
   * default. @default - nobody names a key
   */
  encryptors?: string[];
  /** What services may do, each limited by a condition; see `bucketArn` and `bucketName` for the resources. @default - nothing */
  grants?: PolicyStatement[];
  /** Days after which objects expire, 1 to 36500. @default - never */
  retentionDays?: number;
  /** Days for which a replaced or deleted object can be brought back, 1 to 36500. @default 90 */
  noncurrentDays?: number;
  /** Where evidence is kept: set it when the bucket is made. It cannot be added later without replacing the bucket. @default - not locked */
  lock?: BucketLock;
  /** Bucket of the stack that receives the server access logs; its grants name this one. @default - no access logs */
  accessLogs?: Bucket;
  /** Whether Pulumi refuses to delete the bucket. AWS refuses as long as there is an object in it. @default true */
  deletionProtection?: boolean;
}

/** A private bucket: encrypted, versioned, spoken to over TLS 1.2 or later only, and deleted only when it is empty. */
export class Bucket extends pulumi.ComponentResource {
  static readonly requirements = ["M1"];

  /** Name of the bucket. What writes to it depends on the component, or on its policy where nothing else has to be first. */
  readonly bucketName: pulumi.Output<string>;
  /** Who may do what: AWS' services ask for it before they write. */
  readonly policy: pulumi.Resource;
  /** ARN of the bucket, known before it exists: policies name it. */
  readonly arn: string;

  constructor(name: string, args: BucketArgs, opts?: pulumi.ComponentResourceOptions) {
    const { lock, retentionDays, noncurrentDays = 90, deletionProtection = true } = args;
    const physicalName = bucketName(args, args.purpose);
    requireBetween("noncurrentDays", noncurrentDays, 1, longestDays);
    if (retentionDays !== undefined) requireBetween("retentionDays", retentionDays, 1, longestDays);
    if (lock) requireBetween("lock.days", lock.days, 1, longestDays);
    super("drawbridge:aws:Bucket", name, {}, opts);
    const child = { parent: this };
    const bucket = new aws.s3.Bucket(
      name,
      { bucket: physicalName, forceDestroy: false, objectLockEnabled: lock !== undefined },
      { ...child, protect: deletionProtection },
    );
    const of = { bucket: bucket.id };
    this.arn = bucketArn(physicalName);
    const closed = new aws.s3.BucketPublicAccessBlock(
      name,
      {
        ...of,
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
      child,
    );
    new aws.s3.BucketOwnershipControls(
      name,
      { ...of, rule: { objectOwnership: "BucketOwnerEnforced" } },
      child,
    );
    new aws.s3.BucketServerSideEncryptionConfiguration(
      name,
      { ...of, rules: [encryptionRule(args.encryption)] },
      child,
    );
    const versioning = new aws.s3.BucketVersioning(
      name,
      { ...of, versioningConfiguration: { status: "Enabled" } },
      child,
    );
    // Both speak of versions, which S3 keeps only once versioning is on.
    const versioned = { ...child, dependsOn: versioning };
    new aws.s3.BucketLifecycleConfiguration(
      name,
      { ...of, rules: lifecycleRules(retentionDays, noncurrentDays) },
      versioned,
    );
    if (lock) {
      const { mode, days } = lock;
      new aws.s3.BucketObjectLockConfiguration(
        name,
        { ...of, rule: { defaultRetention: { mode, days } } },
        versioned,
      );
    }
    this.policy = new aws.s3.BucketPolicy(
      name,
      { ...of, policy: policyDocument([...denials(this.arn, args), ...(args.grants ?? [])]) },
      // S3 refuses one of two changes of a bucket's access that meet: OperationAborted.
      { ...child, dependsOn: closed },
    );
    if (args.accessLogs) {
      new aws.s3.BucketLogging(
        name,
        {
          ...of,
          targetBucket: args.accessLogs.bucketName,
          targetPrefix: accessLogPrefix(physicalName),
        },
        { ...child, dependsOn: args.accessLogs },
      );
    }
    this.bucketName = bucket.bucket;
    this.registerOutputs({ bucketName: this.bucketName, arn: this.arn });
  }
}

/** The longest that S3 takes for a retention, a hundred years: docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html */
const longestDays = 36_500;

/** Longest name of a purpose: what is left of a bucket's name is for the stack. */
const longestPurpose = 12;

/** Longest name of a stack of which the buckets' names have room, in characters. */
export function longestStackName(region: string): number {
  return (
    63 - ["drawbridge", "", "x".repeat(longestPurpose), "111122223333", region].join("-").length
  );
}

/**
 * The name of a bucket of the stack, `<prefix>-<purpose>-<account>-<region>`: bucket names are unique among all
 * accounts. Throws when S3 would refuse it: docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */
export function bucketName(place: Place & { prefix: string }, purpose: string): string {
  if (!/^[a-z0-9-]+$/.test(purpose) || purpose.length > longestPurpose) {
    throw new Error(
      `the purpose of a bucket must be 1 to ${longestPurpose} lower-case letters, digits and hyphens, got ${purpose}`,
    );
  }
  const name = `${place.prefix}-${purpose}-${place.accountId}-${place.region}`;
  if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(name)) {
    throw new Error(
      `the name of a bucket must be 3 to 63 lower-case letters, digits and hyphens, got ${name} (${name.length})`,
    );
  }
  return name;
}

/** Lets S3 write the access logs of buckets of the stack: docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html */
export function accessLogsGrant(
  accountId: string,
  target: string,
  sources: string[],
): PolicyStatement {
  return {
    Sid: "S3DeliversAccessLogs",
    Principal: { Service: "logging.s3.amazonaws.com" },
    Action: "s3:PutObject",
    Resource: sources.map((source) => `${bucketArn(target)}/${accessLogPrefix(source)}*`),
    Condition: {
      StringEquals: { "aws:SourceAccount": accountId },
      ArnLike: { "aws:SourceArn": sources.map(bucketArn) },
    },
  };
}

/** Where the access logs of a bucket stand in the bucket that receives them. */
function accessLogPrefix(source: string): string {
  return `${source}/`;
}

function encryptionRule(
  encryption: BucketEncryption,
): aws.types.input.s3.BucketServerSideEncryptionConfigurationRule {
  // Objects under a key that a client brings along can be read by that client only, not by who answers an incident.
  const blockedEncryptionTypes = ["SSE-C"];
  return "keyArn" in encryption
    ? {
        applyServerSideEncryptionByDefault: {
          sseAlgorithm: "aws:kms",
          kmsMasterKeyId: encryption.keyArn,
        },
        bucketKeyEnabled: true,
        blockedEncryptionTypes,
      }
    : { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" }, blockedEncryptionTypes };
}

function lifecycleRules(
  retentionDays: number | undefined,
  noncurrentDays: number,
): aws.types.input.s3.BucketLifecycleConfigurationRule[] {
  const everything = { status: "Enabled", filter: { prefix: "" } };
  return [
    ...(retentionDays === undefined
      ? []
      : [{ ...everything, id: "expire", expiration: { days: retentionDays } }]),
    {
      ...everything,
      id: "forget-old-versions",
      noncurrentVersionExpiration: { noncurrentDays },
      abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
    },
    {
      // A marker whose versions are all gone says nothing, and S3 lists it for ever. It takes no days of its own.
      ...everything,
      id: "forget-delete-markers",
      expiration: { expiredObjectDeleteMarker: true },
    },
  ];
}

function denials(arn: string, args: BucketArgs): PolicyStatement[] {
  const everything = { Action: "s3:*", Resource: [arn, `${arn}/*`] };
  return [
    {
      Sid: "OverTlsOnly",
      ...everybody,
      ...everything,
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    },
    {
      // docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html
      Sid: "OverTls12AtLeast",
      ...everybody,
      ...everything,
      Condition: { NumericLessThan: { "s3:TlsVersion": "1.2" } },
    },
    ...otherKeysDenied(arn, args),
    ...bypassDenied(arn, args),
  ];
}

const everybody = { Effect: "Deny", Principal: "*" } as const;

/**
 * A lock in `GOVERNANCE` mode gives way to whoever may bypass it and says so, administrators among them:
 * docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html. Who means to delete what is locked takes the protection
 * away first, as for all that is protected. Who may change the policy of a bucket still can: nobody is locked out.
 */
function bypassDenied(
  arn: string,
  { lock, deletionProtection = true }: BucketArgs,
): PolicyStatement[] {
  if (lock?.mode !== "GOVERNANCE" || !deletionProtection) return [];
  return [
    {
      Sid: "NobodyBypassesTheLock",
      ...everybody,
      Action: "s3:BypassGovernanceRetention",
      Resource: `${arn}/*`,
    },
  ];
}

/**
 * Who asks for nothing gets the bucket's own key, and nobody asks: not for another kind, and not for a key, which may be
 * one of another account that its owner can take away. Who asks for `aws:kms` and names no key gets `aws/s3`, not the
 * bucket's: docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 *
 * Services write as their own settings say: CloudTrail's digests are under S3's keys. Nor is the key of an object
 * changed in place, by administrators neither: docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateObjectEncryption.html
 */
function otherKeysDenied(
  arn: string,
  { encryptors = [], region, accountId }: BucketArgs,
): PolicyStatement[] {
  const kind = "s3:x-amz-server-side-encryption";
  const key = `${kind}-aws-kms-key-id`;
  const puts = {
    ...everybody,
    Action: ["s3:PutObject", "s3:ReplicateObject"],
    Resource: `${arn}/*`,
  };
  const people = { Bool: { "aws:PrincipalIsAWSService": "false" } };
  const others =
    encryptors.length === 0
      ? people
      : { ...people, ArnNotEquals: { "aws:PrincipalArn": encryptors } };
  const ofTheAccount = `arn:aws:kms:${region}:${accountId}:key/*`;
  const named = { Null: { [kind]: "false" } };
  const kinds: PolicyStatement[] =
    encryptors.length === 0
      ? [{ Sid: "NobodyNamesAKind", ...puts, Condition: { ...people, ...named } }]
      : [
          {
            Sid: "UnderKmsOnly",
            ...puts,
            Condition: { ...people, ...named, StringNotEquals: { [kind]: "aws:kms" } },
          },
          {
            Sid: "UnderAKeyOfTheAccountOnly",
            ...puts,
            Condition: { ...people, ...named, StringNotLike: { [key]: ofTheAccount } },
          },
        ];
  return [
    ...kinds,
    {
      Sid: "NobodyNamesAKey",
      ...puts,
      Condition: { ...others, Null: { [key]: "false" } },
    },
    {
      Sid: "NobodyChangesTheKey",
      ...everybody,
      Action: "s3:UpdateObjectEncryption",
      Resource: `${arn}/*`,
    },
  ];
}
