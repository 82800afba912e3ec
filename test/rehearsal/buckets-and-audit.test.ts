import { Account, accountId, keyPolicy, refusalOf, trust } from "./account";
import type { Properties } from "./aws/world";

const policy = (...statements: Properties[]) =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });
const allow = (more: Properties) => ({ Effect: "Allow", ...more });
const service = (name: string) => ({ Service: `${name}.amazonaws.com` });

const bucketArn = "arn:aws:s3:::evidence";
const trailArn = `arn:aws:cloudtrail:eu-west-1:${accountId}:trail/audit`;

const withBucket = (inputs: Properties = {}): Account => {
  const account = new Account();
  account.make("bucket", "bucket", { bucket: "evidence", ...inputs });
  return account;
};
const on = (account: Account) => ({ bucket: account.id("bucket") });

interface Case {
  title: string;
  account: () => Account;
  action: (account: Account) => unknown;
  code: string;
}

function checkAll(cases: Case[]): void {
  it.each(cases)("$title", ({ account, action, code }) => {
    const made = account();
    expect(refusalOf(() => action(made)).code).toBe(code);
  });
}

describe("buckets", () => {
  const read = { Sid: "Read", Principal: "*", Action: "s3:GetObject", Resource: `${bucketArn}/*` };
  const lock = { rule: { defaultRetention: { mode: "GOVERNANCE", days: 1 } } };
  checkAll([
    {
      title: "are named once among all accounts",
      account: withBucket,
      action: (account) => account.make("other", "bucket", { bucket: "evidence" }),
      code: "BucketAlreadyExists",
    },
    ...["Evidence", "ab", "-evidence", "a_b", "x".repeat(64)].map((bucket) => ({
      title: `are not named ${bucket}`,
      account: () => new Account(),
      action: (account: Account) => account.make("bucket", "bucket", { bucket }),
      code: "InvalidBucketName",
    })),
    {
      title: "are locked at creation or never",
      account: withBucket,
      action: (account) => account.make("lock", "bucketLock", { ...on(account), ...lock }),
      code: "InvalidBucketState",
    },
    {
      title: "are locked for a period",
      account: () => withBucket({ objectLockEnabled: true }),
      action: (account) =>
        account.make("lock", "bucketLock", {
          ...on(account),
          rule: { defaultRetention: { mode: "GOVERNANCE" } },
        }),
      code: "MalformedXML",
    },
    {
      title: "keep versions while objects can be locked",
      account: () => withBucket({ objectLockEnabled: true }),
      action: (account) =>
        account.make("versioning", "bucketVersioning", {
          ...on(account),
          versioningConfiguration: { status: "Suspended" },
        }),
      code: "InvalidBucketState",
    },
    {
      title: "take no policy of another bucket",
      account: withBucket,
      action: (account) =>
        account.make("policy", "bucketPolicy", {
          ...on(account),
          policy: policy(allow({ ...read, Resource: "arn:aws:s3:::evidence-2/*" })),
        }),
      code: "MalformedPolicy",
    },
    {
      title: "take no policy with one name twice",
      account: withBucket,
      action: (account) =>
        account.make("policy", "bucketPolicy", {
          ...on(account),
          policy: policy(allow(read), allow(read)),
        }),
      code: "MalformedPolicy",
    },
    {
      title: "take no public policy while it is blocked",
      account: () => {
        const account = withBucket();
        account.make("block", "bucketPrivacy", { ...on(account), blockPublicPolicy: true });
        return account;
      },
      action: (account) =>
        account.make("policy", "bucketPolicy", { ...on(account), policy: policy(allow(read)) }),
      code: "AccessDenied",
    },
    {
      title: "take no lifecycle with one rule twice",
      account: withBucket,
      action: (account) =>
        account.make("lifecycle", "bucketLifecycle", {
          ...on(account),
          rules: [{ id: "a" }, { id: "a" }],
        }),
      code: "InvalidArgument",
    },
    {
      title: "take no lifecycle that mixes days and delete markers",
      account: withBucket,
      action: (account) =>
        account.make("lifecycle", "bucketLifecycle", {
          ...on(account),
          rules: [{ id: "a", expiration: { days: 1, expiredObjectDeleteMarker: true } }],
        }),
      code: "MalformedXML",
    },
    {
      title: "are encrypted by a key that exists",
      account: withBucket,
      action: (account) =>
        account.make("encryption", "bucketEncryption", {
          ...on(account),
          rules: [{ applyServerSideEncryptionByDefault: { kmsMasterKeyId: "x" } }],
        }),
      code: "NotFoundException",
    },
    ...(
      [
        ["under KMS", "bucketEncryption", { sseAlgorithm: "aws:kms" }],
        ["that is locked", "bucketLock", {}],
      ] as const
    ).map(([how, type, byDefault]) => ({
      title: `send no access logs to a bucket ${how}`,
      account: () => {
        const account = withBucket();
        account.make("target", "bucket", { bucket: "target", objectLockEnabled: true });
        account.make("setting", type, {
          bucket: "target",
          rules: [{ applyServerSideEncryptionByDefault: byDefault }],
          ...lock,
        });
        return account;
      },
      action: (account: Account) =>
        account.make("logging", "bucketLogging", {
          ...on(account),
          targetBucket: "target",
          targetPrefix: "a/",
        }),
      code: "InvalidTargetBucketForLogging",
    })),
  ]);

  it("are replaced when their name or their lock changes, and lose their settings with them", () => {
    const account = withBucket();
    account.make("versioning", "bucketVersioning", on(account));
    expect(account.diff("bucket", { objectLockEnabled: true }).replaces).toEqual([
      "objectLockEnabled",
    ]);
    expect(account.diff("bucket", { bucket: "other" }).replaces).toEqual(["bucket"]);
    expect(account.diff("bucket", { forceDestroy: true }).replaces).toEqual([]);
    account.delete("bucket");
    expect(account.read("versioning")).toBeUndefined();
  });
});

describe("trails", () => {
  const source = { StringEquals: { "aws:SourceArn": trailArn } };
  const cloudTrail = { Principal: service("cloudtrail"), Condition: source };
  const bucketPolicy = policy(
    allow({ ...cloudTrail, Sid: "Check", Action: "s3:GetBucketAcl", Resource: bucketArn }),
    allow({ ...cloudTrail, Sid: "Write", Action: "s3:PutObject", Resource: `${bucketArn}/*` }),
  );
  const grant = allow({
    ...cloudTrail,
    Action: ["kms:GenerateDataKey*", "kms:DescribeKey"],
    Resource: "*",
  });
  const account = ({ bucket = bucketPolicy, key = keyPolicy(grant) } = {}): Account => {
    const made = withBucket();
    made.make("policy", "bucketPolicy", { ...on(made), policy: bucket });
    made.make("key", "key", { policy: key });
    made.make("group", "logGroup", { name: "audit" });
    made.make("role", "role", { assumeRolePolicy: trust("cloudtrail.amazonaws.com") });
    made.make("stranger", "role", { assumeRolePolicy: trust("ec2.amazonaws.com") });
    made.make("asking", "role", { assumeRolePolicy: trust("cloudtrail.amazonaws.com", source) });
    return made;
  };
  const trail = (made: Account, more: Properties = {}, name = "audit") =>
    made.make(name, "trail", {
      name,
      s3BucketName: "evidence",
      kmsKeyId: made.output("key", "arn"),
      cloudWatchLogsGroupArn: `${String(made.output("group", "arn"))}:*`,
      cloudWatchLogsRoleArn: made.output("role", "arn"),
      ...more,
    });
  const other = `${trailArn}-2`;
  checkAll([
    {
      title: "need a bucket",
      account,
      action: (made) => trail(made, { s3BucketName: "nothing" }),
      code: "S3BucketDoesNotExistException",
    },
    {
      title: "need a bucket whose policy lets them write",
      account: () => account({ bucket: bucketPolicy.replaceAll(trailArn, other) }),
      action: (made) => trail(made),
      code: "InsufficientS3BucketPolicyException",
    },
    {
      title: "need a key whose policy lets them use it",
      account: () => account({ key: keyPolicy(grant).replaceAll(trailArn, other) }),
      action: (made) => trail(made),
      code: "InsufficientEncryptionPolicyException",
    },
    {
      title: "need the streams of a log group",
      account,
      action: (made) => trail(made, { cloudWatchLogsGroupArn: made.output("group", "arn") }),
      code: "InvalidCloudWatchLogsLogGroupArnException",
    },
    {
      title: "need a role that trusts them",
      account,
      action: (made) => trail(made, { cloudWatchLogsRoleArn: made.output("stranger", "arn") }),
      code: "InvalidCloudWatchLogsRoleArnException",
    },
    {
      title: "need a role that does not ask for their source, which CloudTrail does not tell",
      account,
      action: (made) => trail(made, { cloudWatchLogsRoleArn: made.output("asking", "arn") }),
      code: "InvalidCloudWatchLogsRoleArnException",
    },
    {
      title: "are named once",
      account: () => {
        const made = account();
        trail(made);
        return made;
      },
      action: (made) => made.make("again", "trail", { name: "audit", s3BucketName: "evidence" }),
      code: "TrailAlreadyExistsException",
    },
    {
      title: "are at most five in a region",
      account: () => {
        const made = account({
          bucket: bucketPolicy.replaceAll(trailArn, "*"),
          key: keyPolicy(grant).replaceAll(trailArn, "*"),
        });
        for (const i of [1, 2, 3, 4, 5]) trail(made, {}, `audit-${i}`);
        return made;
      },
      action: (made) => trail(made),
      code: "MaximumNumberOfTrailsExceededException",
    },
  ]);

  it("exist once everything is there, and change in place but for their name", () => {
    const made = account();
    expect(trail(made)).toBe(trailArn);
    expect(made.diff("audit", { isMultiRegionTrail: true }).replaces).toEqual([]);
    expect(made.diff("audit", { name: "b" }).replaces).toEqual(["name"]);
  });
});

describe("alarms", () => {
  const account = (): Account => {
    const made = new Account();
    made.make("topic", "topic", { name: "alarms" });
    made.make("group", "logGroup", { name: "audit" });
    return made;
  };
  const filter = (made: Account, pattern: string) =>
    made.make("filter", "metricFilter", {
      logGroupName: "audit",
      pattern,
      metricTransformation: { name: "a", namespace: "b", value: "1" },
    });
  checkAll([
    {
      title: "go to a topic whose policy speaks of SNS only",
      account: () => new Account(),
      action: (made) =>
        made.make("topic", "topic", {
          policy: policy(
            allow({ Principal: service("cloudwatch"), Action: "s3:PutObject", Resource: "*" }),
          ),
        }),
      code: "InvalidParameter",
    },
    {
      title: "are mailed to an address",
      account,
      action: (made) =>
        made.make("mail", "subscription", {
          topic: made.id("topic"),
          protocol: "email",
          endpoint: "nobody",
        }),
      code: "InvalidParameter",
    },
    {
      title: "go to a topic that exists",
      account,
      action: (made) =>
        made.make("alarm", "metricAlarm", {
          comparisonOperator: "GreaterThanThreshold",
          evaluationPeriods: 1,
          period: 60,
          alarmActions: ["arn:nothing"],
        }),
      code: "NotFound",
    },
    {
      title: "look every minute at most, but for high resolution",
      account,
      action: (made) =>
        made.make("alarm", "metricAlarm", {
          comparisonOperator: "GreaterThanThreshold",
          evaluationPeriods: 1,
          period: 45,
        }),
      code: "ValidationError",
    },
    {
      title: "filter a log group that exists",
      account: () => new Account(),
      action: (made) => filter(made, "{ $.a = 1 }"),
      code: "ResourceNotFoundException",
    },
    ...["{ ($.a = 1 }", `{ $.a = "${"x".repeat(1024)}" }`, "{ $.a[*][*][*][*] = 1 }"].map(
      (pattern) => ({
        title: `filter by no pattern such as ${pattern.slice(0, 25)}`,
        account,
        action: (made: Account) => filter(made, pattern),
        code: "InvalidParameterException",
      }),
    ),
  ]);
});

describe("what exists once in an account and region", () => {
  const account = (): Account => {
    const made = new Account();
    made.make("detector", "detector", { enable: true });
    return made;
  };
  const feature = (made: Account, name: string) =>
    made.make(name, "detectorFeature", {
      detectorId: made.id("detector"),
      name,
      status: "ENABLED",
    });
  checkAll([
    {
      title: "is GuardDuty's detector",
      account,
      action: (made) => made.make("other", "detector", { enable: true }),
      code: "BadRequestException",
    },
    {
      title: "has no feature that GuardDuty does not know",
      account,
      action: (made) => feature(made, "EKS_AUDIT"),
      code: "BadRequestException",
    },
    {
      title: "has one of the two ways of runtime monitoring",
      account: () => {
        const made = account();
        feature(made, "RUNTIME_MONITORING");
        return made;
      },
      action: (made) => feature(made, "EKS_RUNTIME_MONITORING"),
      code: "BadRequestException",
    },
    {
      title: "is set once",
      account: () => {
        const made = new Account();
        made.make("encryption", "encryptionByDefault", { enabled: true });
        return made;
      },
      action: (made) => made.make("other", "encryptionByDefault", { enabled: false }),
      code: "ResourceAlreadyExists",
    },
    {
      title: "is under a key that exists",
      account,
      action: (made) => made.make("key", "defaultKey", { keyArn: "arn:nothing" }),
      code: "NotFoundException",
    },
  ]);
});

describe("what GuardDuty is told of agents", () => {
  it("is told back of all of them", () => {
    const account = new Account();
    account.make("detector", "detector", { enable: true });
    const named = { name: "EKS_ADDON_MANAGEMENT", status: "ENABLED" };
    account.make("runtime", "detectorFeature", {
      detectorId: account.id("detector"),
      name: "RUNTIME_MONITORING",
      status: "ENABLED",
      additionalConfigurations: [named],
    });
    expect(account.read("runtime")).toMatchObject({
      additionalConfigurations: [
        named,
        { name: "ECS_FARGATE_AGENT_MANAGEMENT", status: "DISABLED" },
        { name: "EC2_AGENT_MANAGEMENT", status: "DISABLED" },
      ],
    });
  });
});

describe("rules of EventBridge", () => {
  const rule = (made: Account, more: object) =>
    made.make("rule", "eventRule", { name: "r", ...more });
  const withTarget = (): Account => {
    const made = new Account();
    rule(made, { eventPattern: '{"source":["aws.guardduty"]}' });
    made.make("group", "logGroup", { name: "/aws/events/r" });
    made.make("target", "eventTarget", {
      rule: "r",
      targetId: "group",
      arn: made.output("group", "arn"),
    });
    return made;
  };
  checkAll([
    {
      title: "have a pattern or a schedule",
      account: () => new Account(),
      action: (made) => rule(made, {}),
      code: "ValidationException",
    },
    ...['{"source":"aws.guardduty"}', "{", "{}"].map((eventPattern) => ({
      title: `have no pattern such as ${eventPattern}`,
      account: () => new Account(),
      action: (made: Account) => rule(made, { eventPattern }),
      code: "InvalidEventPatternException",
    })),
    {
      title: "are there before their targets",
      account: () => new Account(),
      action: (made) => made.make("target", "eventTarget", { rule: "r", targetId: "x", arn: "y" }),
      code: "ResourceNotFoundException",
    },
    {
      title: "stay while they have targets",
      account: withTarget,
      action: (made) => made.delete("rule"),
      code: "ValidationException",
    },
  ]);
});
