import type { BucketArgs } from "../../../components/aws/bucket";
import {
  Bucket,
  accessLogsGrant,
  bucketName,
  longestStackName,
} from "../../../components/aws/bucket";
import { created, ofType } from "../../support/created";

const place = { prefix: "drawbridge-dev", accountId: "111122223333", region: "eu-west-1" };
const base: BucketArgs = {
  ...place,
  purpose: "audit",
  encryption: { keyArn: "arn:aws:kms:eu-west-1:111122223333:key/audit" },
};
const build = (more: Partial<BucketArgs> = {}) =>
  created(() => new Bucket("audit", { ...base, ...more }));
const inputs = async (type: string, more: Partial<BucketArgs> = {}) =>
  ofType(await build(more), `aws:s3/${type}`)["audit"];
const statements = async (more: Partial<BucketArgs> = {}) => {
  const policy = (await inputs("bucketPolicy:BucketPolicy", more))?.["policy"] as string;
  return (JSON.parse(policy) as { Statement: Record<string, unknown>[] }).Statement;
};
const name = "drawbridge-dev-audit-111122223333-eu-west-1";
const arn = `arn:aws:s3:::${name}`;

describe("Bucket", () => {
  it("creates a bucket with everything that makes it private", async () => {
    const resources = await build();
    expect(resources.map(({ type }) => type)).toEqual([
      "aws:s3/bucket:Bucket",
      "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
      "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
      "aws:s3/bucketPolicy:BucketPolicy",
      "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
      "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
      "aws:s3/bucketVersioning:BucketVersioning",
      "drawbridge:aws:Bucket",
    ]);
    const of = (type: string) => ofType(resources, `aws:s3/${type}`)["audit"];
    expect(of("bucket:Bucket")).toEqual({
      bucket: name,
      forceDestroy: false,
      objectLockEnabled: false,
    });
    expect(of("bucketPublicAccessBlock:BucketPublicAccessBlock")).toEqual({
      bucket: "audit-id",
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    expect(of("bucketOwnershipControls:BucketOwnershipControls")).toEqual({
      bucket: "audit-id",
      rule: { objectOwnership: "BucketOwnerEnforced" },
    });
    expect(of("bucketVersioning:BucketVersioning")).toEqual({
      bucket: "audit-id",
      versioningConfiguration: { status: "Enabled" },
    });
  });

  it.each([
    [
      "a key of the stack",
      base.encryption,
      {
        applyServerSideEncryptionByDefault: {
          sseAlgorithm: "aws:kms",
          kmsMasterKeyId: "arn:aws:kms:eu-west-1:111122223333:key/audit",
        },
        bucketKeyEnabled: true,
        blockedEncryptionTypes: ["SSE-C"],
      },
    ],
    [
      "S3's own keys, for access logs",
      { s3ManagedFor: "access-logs" as const },
      {
        applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" },
        blockedEncryptionTypes: ["SSE-C"],
      },
    ],
  ])("encrypts with %s", async (_title, encryption, rule) => {
    const type =
      "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration" as const;
    expect(await inputs(type, { encryption })).toEqual({ bucket: "audit-id", rules: [rule] });
  });

  const kind = "s3:x-amz-server-side-encryption";
  const key = `${kind}-aws-kms-key-id`;
  const puts = {
    Effect: "Deny",
    Principal: "*",
    Action: ["s3:PutObject", "s3:ReplicateObject"],
    Resource: `${arn}/*`,
  };
  const people = { Bool: { "aws:PrincipalIsAWSService": "false" } };
  const noNewKeys = { ...puts, Sid: "NobodyChangesTheKey", Action: "s3:UpdateObjectEncryption" };

  it.each([
    ["a key of the stack", base.encryption],
    ["S3's own keys", { s3ManagedFor: "access-logs" as const }],
  ])(
    "refuses plain HTTP, TLS before 1.2 and any other key, under %s",
    async (_title, encryption) => {
      const all = { Effect: "Deny", Principal: "*", Action: "s3:*", Resource: [arn, `${arn}/*`] };
      expect(await statements({ encryption })).toEqual([
        { Sid: "OverTlsOnly", ...all, Condition: { Bool: { "aws:SecureTransport": "false" } } },
        {
          Sid: "OverTls12AtLeast",
          ...all,
          Condition: { NumericLessThan: { "s3:TlsVersion": "1.2" } },
        },
        {
          ...puts,
          Sid: "NobodyNamesAKind",
          Condition: { ...people, Null: { [kind]: "false" } },
        },
        { ...puts, Sid: "NobodyNamesAKey", Condition: { ...people, Null: { [key]: "false" } } },
        noNewKeys,
      ]);
    },
  );

  it("lets a role name keys of the account where it must", async () => {
    const role = "arn:aws:iam::111122223333:role/delivery";
    const given = { ...people, Null: { [kind]: "false" } };
    expect((await statements({ encryptors: [role] })).slice(2)).toEqual([
      {
        ...puts,
        Sid: "UnderKmsOnly",
        Condition: { ...given, StringNotEquals: { [kind]: "aws:kms" } },
      },
      {
        ...puts,
        Sid: "UnderAKeyOfTheAccountOnly",
        Condition: {
          ...given,
          StringNotLike: { [key]: "arn:aws:kms:eu-west-1:111122223333:key/*" },
        },
      },
      {
        ...puts,
        Sid: "NobodyNamesAKey",
        Condition: {
          ...people,
          ArnNotEquals: { "aws:PrincipalArn": [role] },
          Null: { [key]: "false" },
        },
      },
      noNewKeys,
    ]);
  });

  it("adds what services may do", async () => {
    const source = bucketName(place, "snapshots");
    const all = await statements({
      encryption: { s3ManagedFor: "access-logs" },
      grants: [accessLogsGrant(place.accountId, name, [source])],
    });
    expect(all.map(({ Sid }) => Sid)).toEqual([
      "OverTlsOnly",
      "OverTls12AtLeast",
      "NobodyNamesAKind",
      "NobodyNamesAKey",
      "NobodyChangesTheKey",
      "S3DeliversAccessLogs",
    ]);
    expect(all[5]).toEqual({
      Effect: "Allow",
      Sid: "S3DeliversAccessLogs",
      Principal: { Service: "logging.s3.amazonaws.com" },
      Action: "s3:PutObject",
      Resource: [`${arn}/${source}/*`],
      Condition: {
        StringEquals: { "aws:SourceAccount": "111122223333" },
        ArnLike: { "aws:SourceArn": [`arn:aws:s3:::${source}`] },
      },
    });
  });

  it("forgets old versions, incomplete uploads and, when told to, old objects", async () => {
    const type = "bucketLifecycleConfiguration:BucketLifecycleConfiguration";
    const everything = { status: "Enabled", filter: { prefix: "" } };
    const always = [
      {
        ...everything,
        id: "forget-old-versions",
        noncurrentVersionExpiration: { noncurrentDays: 90 },
        abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
      },
      {
        ...everything,
        id: "forget-delete-markers",
        expiration: { expiredObjectDeleteMarker: true },
      },
    ];
    expect((await inputs(type))?.["rules"]).toEqual(always);
    expect((await inputs(type, { retentionDays: 365 }))?.["rules"]).toEqual([
      { ...everything, id: "expire", expiration: { days: 365 } },
      ...always,
    ]);
  });

  it.each(["GOVERNANCE", "COMPLIANCE"] as const)("locks evidence in %s mode", async (mode) => {
    const lock = { mode, days: 365 };
    expect((await inputs("bucket:Bucket", { lock }))?.["objectLockEnabled"]).toBe(true);
    const type = "bucketObjectLockConfiguration:BucketObjectLockConfiguration";
    expect(await inputs(type, { lock })).toEqual({
      bucket: "audit-id",
      rule: { defaultRetention: { mode, days: 365 } },
    });
  });

  it.each([
    ["while the bucket is protected", "GOVERNANCE", {}, true],
    ["no more when it is not", "GOVERNANCE", { deletionProtection: false }, false],
    ["where nobody could anyway", "COMPLIANCE", {}, false],
  ] as const)("lets nobody bypass its lock, %s", async (_when, mode, changes, isDenied) => {
    const found = await statements({ lock: { mode, days: 7 }, ...changes });
    expect(found.filter(({ Sid }) => Sid === "NobodyBypassesTheLock")).toEqual(
      isDenied
        ? [
            {
              Sid: "NobodyBypassesTheLock",
              Effect: "Deny",
              Principal: "*",
              Action: "s3:BypassGovernanceRetention",
              Resource: `arn:aws:s3:::${name}/*`,
            },
          ]
        : [],
    );
  });

  it("has its access logged under its own name", async () => {
    const resources = await created(() => {
      const accessLogs = new Bucket("access-logs", {
        ...place,
        purpose: "access-logs",
        encryption: { s3ManagedFor: "access-logs" },
      });
      return new Bucket("audit", { ...base, accessLogs });
    });
    expect(ofType(resources, "aws:s3/bucketLogging:BucketLogging")).toEqual({
      audit: {
        bucket: "audit-id",
        targetBucket: "drawbridge-dev-access-logs-111122223333-eu-west-1",
        targetPrefix: `${name}/`,
      },
    });
  });

  it.each([
    [
      { purpose: "Audit" },
      "the purpose of a bucket must be 1 to 12 lower-case letters, digits and hyphens, got Audit",
    ],
    [
      { purpose: "a-long-purpose" },
      "the purpose of a bucket must be 1 to 12 lower-case letters, digits and hyphens, got a-long-purpose",
    ],
    [
      { prefix: "Drawbridge-dev" },
      "the name of a bucket must be 3 to 63 lower-case letters, digits and hyphens, got Drawbridge-dev-audit-111122223333-eu-west-1 (43)",
    ],
    [
      { prefix: "drawbridge-a-stack-with-a-name-of-36-letters" },
      "the name of a bucket must be 3 to 63 lower-case letters, digits and hyphens, got drawbridge-a-stack-with-a-name-of-36-letters-audit-111122223333-eu-west-1 (73)",
    ],
    [{ retentionDays: 0 }, "retentionDays must be an integer from 1 to 36500, got 0"],
    [{ noncurrentDays: 36501 }, "noncurrentDays must be an integer from 1 to 36500, got 36501"],
    [
      { lock: { mode: "GOVERNANCE" as const, days: 1.5 } },
      "lock.days must be an integer from 1 to 36500, got 1.5",
    ],
  ])("fails on %j", (change, message) => {
    expect(() => new Bucket("audit", { ...base, ...change })).toThrow(message);
  });
});

describe("longestStackName", () => {
  it.each(["eu-west-1", "ap-southeast-1"])("leaves room for every purpose in %s", (region) => {
    const stack = "s".repeat(longestStackName(region));
    const nameWith = (prefix: string) => bucketName({ ...place, prefix, region }, "p".repeat(12));
    expect(nameWith(`drawbridge-${stack}`)).toHaveLength(63);
    expect(() => nameWith(`drawbridge-${stack}s`)).toThrow("must be 3 to 63");
  });
});
