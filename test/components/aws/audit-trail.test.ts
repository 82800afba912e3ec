import { AuditTrail } from "../../../components/aws/audit-trail";
import type { AuditTrailArgs } from "../../../components/aws/audit-trail";
import { Bucket } from "../../../components/aws/bucket";
import { created, ofType } from "../../support/created";

const place = { prefix: "drawbridge-dev", accountId: "111122223333", region: "eu-west-1" };
const build = (more: Partial<AuditTrailArgs> = {}) =>
  created(() => {
    const accessLogs = new Bucket("access-logs", {
      ...place,
      purpose: "access-logs",
      encryption: { s3ManagedFor: "access-logs" },
    });
    return new AuditTrail("audit", {
      ...place,
      logKeyArn: "arn:logs",
      logRetentionDays: 365,
      accessLogs,
      ...more,
    });
  });

const trail = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/drawbridge-dev-audit";
const bucket = "arn:aws:s3:::drawbridge-dev-audit-111122223333-eu-west-1";
const group = "/drawbridge/drawbridge-dev/audit";
const management = {
  name: "Management events",
  fieldSelectors: [{ field: "eventCategory", equals: ["Management"] }],
};

interface Statement {
  Sid: string;
  Action: unknown;
  Resource: unknown;
  Condition: unknown;
}
const statements = (inputs: Record<string, unknown> | undefined, field = "policy") =>
  (JSON.parse(inputs?.[field] as string) as { Statement: Statement[] }).Statement;

describe("AuditTrail", () => {
  it("records every region into a validated, encrypted trail [M1]", async () => {
    expect(ofType(await build(), "aws:cloudtrail/trail:Trail")).toEqual({
      audit: {
        name: "drawbridge-dev-audit",
        s3BucketName: "drawbridge-dev-audit-111122223333-eu-west-1",
        kmsKeyId: "arn:audit",
        enableLogging: true,
        enableLogFileValidation: true,
        isMultiRegionTrail: true,
        includeGlobalServiceEvents: true,
        advancedEventSelectors: [management],
        cloudWatchLogsGroupArn: "arn:audit:*",
        cloudWatchLogsRoleArn: "arn:audit",
      },
    });
  });

  it("records the use of objects in the buckets that it is told of", async () => {
    const { audit } = ofType(
      await build({ watchedBuckets: ["arn:aws:s3:::snapshots"] }),
      "aws:cloudtrail/trail:Trail",
    );
    expect(audit?.["advancedEventSelectors"]).toEqual([
      management,
      {
        name: "Objects of the platform",
        fieldSelectors: [
          { field: "eventCategory", equals: ["Data"] },
          { field: "resources.type", equals: ["AWS::S3::Object"] },
          { field: "resources.ARN", startsWiths: ["arn:aws:s3:::snapshots/"] },
        ],
      },
    ]);
  });

  it("lets the trail, and no other, write to its bucket", async () => {
    const policy = ofType(await build(), "aws:s3/bucketPolicy:BucketPolicy")["audit"];
    expect(statements(policy).slice(-2)).toEqual([
      {
        Effect: "Allow",
        Sid: "TrailChecksTheBucket",
        Principal: { Service: "cloudtrail.amazonaws.com" },
        Action: "s3:GetBucketAcl",
        Resource: bucket,
        Condition: { StringEquals: { "aws:SourceArn": trail } },
      },
      {
        Effect: "Allow",
        Sid: "TrailDeliversRecords",
        Principal: { Service: "cloudtrail.amazonaws.com" },
        Action: "s3:PutObject",
        Resource: `${bucket}/AWSLogs/111122223333/*`,
        Condition: {
          StringEquals: { "aws:SourceArn": trail, "s3:x-amz-acl": "bucket-owner-full-control" },
        },
      },
    ]);
  });

  it("lets the trail, and no other, use its key", async () => {
    const { audit } = ofType(await build(), "aws:kms/key:Key");
    expect(statements(audit).map(({ Sid, Action, Condition }) => [Sid, Action, Condition])).toEqual(
      [
        ["AccountAdministersByIam", "kms:*", undefined],
        [
          "TrailEncryptsRecords",
          "kms:GenerateDataKey*",
          {
            StringEquals: { "aws:SourceArn": trail },
            StringLike: {
              "kms:EncryptionContext:aws:cloudtrail:arn":
                "arn:aws:cloudtrail:*:111122223333:trail/*",
            },
          },
        ],
        [
          "TrailChecksTheKey",
          ["kms:Decrypt", "kms:DescribeKey"],
          { StringEquals: { "aws:SourceArn": trail } },
        ],
      ],
    );
  });

  it("writes to its own streams of an encrypted log group", async () => {
    const resources = await build();
    expect(ofType(resources, "aws:cloudwatch/logGroup:LogGroup")).toEqual({
      audit: { name: group, kmsKeyId: "arn:logs", retentionInDays: 365 },
    });
    const [write] = statements(ofType(resources, "aws:iam/rolePolicy:RolePolicy")["audit"]);
    expect(write?.Resource).toBe(
      `arn:aws:logs:eu-west-1:111122223333:log-group:${group}:log-stream:111122223333_CloudTrail_eu-west-1*`,
    );
    const [trust] = statements(ofType(resources, "aws:iam/role:Role")["audit"], "assumeRolePolicy");
    // With a condition on the source CloudTrail could not take it on.
    expect(trust).toEqual({
      Effect: "Allow",
      Sid: "TrailsOfThisAccount",
      Principal: { Service: "cloudtrail.amazonaws.com" },
      Action: "sts:AssumeRole",
    });
  });

  it.each(["GOVERNANCE", "COMPLIANCE"] as const)("locks its records in %s mode", async (mode) => {
    const resources = await build({ lockMode: mode, logRetentionDays: 400 });
    const of = (type: string) => ofType(resources, `aws:s3/${type}`)["audit"];
    expect(of("bucketObjectLockConfiguration:BucketObjectLockConfiguration")?.["rule"]).toEqual({
      defaultRetention: { mode, days: 400 },
    });
    expect(of("bucketLogging:BucketLogging")?.["targetBucket"]).toBe(
      "drawbridge-dev-access-logs-111122223333-eu-west-1",
    );
  });
});
