import * as pulumi from "@pulumi/pulumi";
import type { Place } from "./arns";
import { auditPurpose } from "./audit-trail";
import { Bucket, accessLogsGrant, bucketName } from "./bucket";
import { EncryptionKey } from "./encryption-key";
import { failedLogsPurpose } from "./log-delivery";

export interface BucketsArgs extends Place {
  /** Start of the buckets' names: `drawbridge-<stack>`. */
  prefix: string;
  /** Days for which access logs are kept. */
  logRetentionDays: number;
  /** Whether Pulumi refuses to delete the buckets. @default true */
  deletionProtection?: boolean;
}

/** The buckets that are there for the whole stack. */
export class Buckets extends pulumi.ComponentResource {
  static readonly requirements = ["M1"];

  /** Receives the server access logs of the stack's other buckets. */
  readonly accessLogs: Bucket;
  /** Keeps snapshots of what the platform cannot make again: for 35 days, and nobody takes them away in the first 7 while it is protected. */
  readonly snapshots: Bucket;
  /** Alias of the key of the snapshots. */
  readonly snapshotsKeyAlias: string;

  constructor(name: string, args: BucketsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:Buckets", name, {}, opts);
    const child = { parent: this };
    const { accountId, logRetentionDays } = args;
    const watched = [auditPurpose, failedLogsPurpose, "snapshots"].map((purpose) =>
      bucketName(args, purpose),
    );
    this.accessLogs = new Bucket(
      "access-logs",
      {
        ...args,
        purpose: "access-logs",
        encryption: { s3ManagedFor: "access-logs" },
        grants: [accessLogsGrant(accountId, bucketName(args, "access-logs"), watched)],
        retentionDays: logRetentionDays,
      },
      child,
    );
    const key = new EncryptionKey("snapshots", { accountId, description: "Snapshots" }, child);
    this.snapshotsKeyAlias = key.alias;
    this.snapshots = new Bucket(
      "snapshots",
      {
        ...args,
        purpose: "snapshots",
        encryption: { keyArn: key.arn },
        retentionDays: 35,
        noncurrentDays: 35,
        lock: { mode: "GOVERNANCE", days: 7 },
        accessLogs: this.accessLogs,
      },
      child,
    );
    this.registerOutputs({
      accessLogs: this.accessLogs.bucketName,
      snapshots: this.snapshots.bucketName,
    });
  }
}
