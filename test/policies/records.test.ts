import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import {
  bucketDenials,
  bypassDenied,
  document,
  newKeysDenied,
  otherKeysDenied,
  otherKindsDenied,
  platform,
  putsDenied,
  resource,
  trailEvents,
} from "../support/rule-platform";
import { gone, unknown } from "../support/rule-stack";

const expiring = (bucket: string, days: unknown, status = "Enabled") => ({
  [`${bucket}-lifecycle.rules`]: [{ id: "expire", status, expiration: { days } }],
});

casesFor("log-records-kept [M1] [M10]", {
  base: platform,
  passes: [
    ["for ever", {}],
    ["for a year", expiring("evidence", 365)],
    ["by a rule that is off", expiring("evidence", 1, "Disabled")],
    ["a bucket of something else", { ...expiring("evidence", 1), "trail.s3BucketName": "other" }],
  ],
  fails: [
    [
      "records of a trail for a day",
      expiring("evidence", 1),
      ["evidence-lifecycle: rules[0].expiration.days must be at least 90 days, got 1"],
    ],
    [
      "access logs for a month",
      expiring("access-logs", 30),
      ["access-logs-lifecycle: rules[0].expiration.days must be at least 90 days, got 30"],
    ],
  ],
  undecided: [
    [
      "days that nobody knows yet",
      expiring("evidence", unknown),
      [
        "evidence-lifecycle: undecided: rules[0].expiration.days of evidence-lifecycle is unknown until up",
      ],
    ],
  ],
});

casesFor("s3-access-logged [M1] [M10]", {
  base: platform,
  passes: [["to a bucket of logs, which has none", {}]],
  fails: [
    [
      "nowhere",
      { "evidence-logging": gone },
      [
        "access-logs: access-logs must have access logs, got none",
        "evidence: evidence must have access logs, got none",
      ],
    ],
  ],
  undecided: [
    [
      "of a bucket that nobody knows yet",
      { "evidence-logging.bucket": unknown },
      ["evidence-logging: undecided: bucket of evidence-logging is unknown until up"],
    ],
  ],
});

const evidencePolicy = (...more: Record<string, unknown>[]) => ({
  "evidence-policy.policy": document(...bucketDenials("evidence"), ...more),
});
const must = (rule: string) => `evidence-policy: policy must ${rule}, got a map`;
const bypassed = must("deny s3:BypassGovernanceRetention to everybody");

casesFor("s3-lock-retention [M1]", {
  base: platform,
  passes: [
    ["a year", {}],
    ["no lock", { "evidence.objectLockEnabled": false, "evidence-lock": gone }],
    [
      "of a kind that nobody bypasses",
      { ...evidencePolicy(), "evidence-lock.rule.defaultRetention.mode": "COMPLIANCE" },
    ],
    ["by a pattern", evidencePolicy({ ...bypassDenied("evidence"), Action: "s3:Bypass*" })],
  ],
  fails: [
    [
      "a lock for no time",
      { "evidence-lock": gone },
      ["evidence: evidence must have a default retention, got none"],
    ],
    [
      "a lock of no kind",
      { "evidence-lock.rule.defaultRetention.mode": gone },
      [
        "evidence-lock: rule.defaultRetention.mode must be one of GOVERNANCE, COMPLIANCE, got nothing",
      ],
    ],
    ["a lock that administrators bypass", evidencePolicy(), [bypassed]],
    [
      "a lock that some bypass",
      evidencePolicy(
        bypassDenied("evidence", {
          ArnNotEquals: { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/one" },
        }),
      ),
      [bypassed],
    ],
    [
      "a lock that one role does not bypass",
      evidencePolicy({
        ...bypassDenied("evidence"),
        Principal: { AWS: "arn:aws:iam::111122223333:role/one" },
      }),
      [bypassed],
    ],
    [
      "a right to bypass it",
      evidencePolicy({ ...bypassDenied("evidence"), Effect: "Allow" }),
      [bypassed],
    ],
    ["no policy", { "evidence-policy": gone }, ["evidence: evidence must have a policy, got none"]],
  ],
  undecided: [
    [
      "days that nobody knows yet",
      { "evidence-lock.rule.defaultRetention.days": unknown },
      ["evidence-lock: undecided: rule.defaultRetention.days of evidence-lock is unknown until up"],
    ],
    [
      "a policy that nobody knows yet",
      { "evidence-policy.policy": unknown },
      ["evidence-policy: undecided: policy of evidence-policy is unknown until up"],
    ],
  ],
});

casesFor("log-trail-objects [M1]", {
  base: platform,
  passes: [
    ["a selector", {}],
    [
      "one of the older kind",
      {
        "trail.advancedEventSelectors": gone,
        "trail.eventSelectors": [
          { dataResources: [{ type: "AWS::S3::Object", values: ["arn:aws:s3:::evidence/"] }] },
        ],
      },
    ],
  ],
  fails: [
    [
      "management alone",
      { "trail.advancedEventSelectors": gone },
      [
        "trail: advancedEventSelectors must have a selector of data events of AWS::S3::Object, got nothing",
      ],
    ],
    [
      "functions alone",
      {
        "trail.advancedEventSelectors": [
          {
            fieldSelectors: [
              { field: "eventCategory", equals: ["Data"] },
              { field: "resources.type", equals: ["AWS::Lambda::Function"] },
            ],
          },
        ],
      },
      [
        "trail: advancedEventSelectors must have a selector of data events of AWS::S3::Object, got [a map]",
      ],
    ],
  ],
  undecided: [
    [
      "a selector that nobody knows yet",
      { "trail.advancedEventSelectors": [{ fieldSelectors: [{ field: unknown }] }] },
      ["trail: undecided: advancedEventSelectors of trail is unknown until up"],
    ],
  ],
});

const kind = "s3:x-amz-server-side-encryption";
const id = `${kind}-aws-kms-key-id`;
const kindsOpen = must("deny objects under other kinds of keys");
const keysOpen = must("deny objects under a key that the request names");
const keysForeign = must("hold those who may name a key to keys of the account");
const keysChange = must("deny s3:UpdateObjectEncryption");
const kinds = (condition?: Record<string, unknown>) => otherKindsDenied("evidence", condition);
const keys = (condition?: Record<string, unknown>) => otherKeysDenied("evidence", condition);
const changes = newKeysDenied("evidence");
const services = (value: string) => ({ Bool: { "aws:PrincipalIsAWSService": value } });
const but = (arn: string) => ({ ArnNotEquals: { "aws:PrincipalArn": arn } });
const role = "arn:aws:iam::111122223333:role/delivery";
const ofAccount = (keyArn: string) =>
  putsDenied("evidence", "Foreign", {
    Null: { [kind]: "false" },
    StringNotLike: { [id]: keyArn },
  });

casesFor("s3-kms-only [M1]", {
  base: platform,
  passes: [
    ["a denial of what is named otherwise", {}],
    [
      "a denial of what names nothing, too",
      evidencePolicy(kinds({ StringNotEquals: { [kind]: "aws:kms" } }), keys(), changes),
    ],
    [
      "a denial of whatever names a kind, but for services",
      evidencePolicy(
        kinds({ Null: { [kind]: "false" }, ...services("false") }),
        keys({ Null: { [id]: "false" }, ...services("false") }),
        changes,
      ),
    ],
    [
      "a role that may name keys of the account",
      evidencePolicy(
        kinds(),
        keys({ Null: { [id]: "false" }, ...but(role) }),
        ofAccount("arn:aws:kms:eu-west-1:111122223333:key/*"),
        changes,
      ),
    ],
    [
      "the one key by its name",
      evidencePolicy(
        kinds(),
        keys({ StringNotEquals: { [id]: "arn:aws:kms:eu-west-1:111122223333:key/one" } }),
        changes,
      ),
    ],
  ],
  fails: [
    ["none", evidencePolicy(), [kindsOpen, keysOpen, keysChange]],
    [
      "of what names nothing alone",
      evidencePolicy(
        kinds({ StringNotEquals: { [kind]: "aws:kms" }, Null: { [kind]: "true" } }),
        keys(),
        changes,
      ),
      [kindsOpen],
    ],
    [
      "for services alone",
      evidencePolicy(
        kinds({ StringNotEquals: { [kind]: "aws:kms" }, ...services("true") }),
        keys(),
        changes,
      ),
      [kindsOpen],
    ],
    [
      "of kinds alone: aws:kms with a key of another account, or of none",
      evidencePolicy(kinds(), changes),
      [keysOpen],
    ],
    [
      "of what names no key",
      evidencePolicy(kinds(), keys({ Null: { [id]: "true" } }), changes),
      [keysOpen],
    ],
    [
      "for some network alone",
      evidencePolicy(
        kinds(),
        keys({ Null: { [id]: "false" }, IpAddress: { "aws:SourceIp": "10.0.0.0/8" } }),
        changes,
      ),
      [keysOpen],
    ],
    [
      "but for every role",
      evidencePolicy(kinds(), keys({ Null: { [id]: "false" }, ...but("*") }), changes),
      [keysOpen],
    ],
    [
      "but for a role, whose keys nobody limits",
      evidencePolicy(kinds(), keys({ Null: { [id]: "false" }, ...but(role) }), changes),
      [keysForeign],
    ],
    [
      "but for a role, whose keys are of any account",
      evidencePolicy(
        kinds(),
        keys({ Null: { [id]: "false" }, ...but(role) }),
        ofAccount("arn:aws:kms:*:*:key/*"),
        changes,
      ),
      [keysForeign],
    ],
    [
      "of one way to put an object",
      evidencePolicy(kinds(), { ...keys(), Action: "s3:PutObject" }, changes),
      [keysOpen],
    ],
    ["of objects that are there already", evidencePolicy(kinds(), keys()), [keysChange]],
    [
      "in a bucket under S3's own keys",
      {
        ...evidencePolicy(),
        "evidence-encryption.rules": [
          { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } },
        ],
      },
      [kindsOpen, keysOpen, keysChange],
    ],
  ],
  undecided: [
    [
      "a policy that nobody knows yet",
      { "evidence-policy.policy": unknown },
      ["evidence-policy: undecided: policy of evidence-policy is unknown until up"],
    ],
  ],
});

const lambda = (inputs: Record<string, unknown>) => ({
  lambda: resource(token.lambdaFunction, { name: "split", ...inputs }),
});

const agent = (group: string) => ({
  "bastion-template.userData": Buffer.from(
    `{"collect_list":[{"file_path":"/a","log_group_name":"${group}"}]}`,
  ).toString("base64"),
});

casesFor("log-groups-made [S1] [M10]", {
  base: platform,
  passes: [
    ["groups of the stack", {}],
    ["a function", lambda({ loggingConfig: { logGroup: "/platform/store" } })],
    [
      "a function by its name",
      {
        ...lambda({}),
        group: resource(token.logGroup, { name: "/aws/lambda/split", retentionInDays: 90 }),
      },
    ],
    ["a bucket as the destination", { "delivery.opensearchConfiguration": gone }],
    ["an instance's agent", agent("/platform/store")],
  ],
  fails: [
    [
      "a group that Lambda makes",
      lambda({}),
      ["lambda: lambda must have its log group /aws/lambda/split in the stack"],
    ],
    [
      "an agent without a group",
      agent("/platform/elsewhere"),
      [
        "bastion-template: bastion-template must have its log group /platform/elsewhere in the stack",
      ],
    ],
    [
      "sessions without a group",
      { "session-logs": gone },
      ["sessions: sessions must have its log group /platform/sessions in the stack"],
    ],
    [
      "a stream that keeps its errors",
      { "delivery.opensearchConfiguration.cloudwatchLoggingOptions": gone },
      [
        "delivery: opensearchConfiguration.cloudwatchLoggingOptions.enabled must be true, got nothing",
      ],
    ],
    [
      "failed records of which nobody hears",
      {
        "delivery.opensearchConfiguration.s3Configuration.cloudwatchLoggingOptions.enabled": false,
      },
      [
        "delivery: opensearchConfiguration.s3Configuration.cloudwatchLoggingOptions.enabled must be true, got false",
      ],
    ],
  ],
  undecided: [
    [
      "a name that nobody knows yet",
      lambda({ loggingConfig: { logGroup: unknown } }),
      ["lambda: undecided: loggingConfig.logGroup of lambda is unknown until up"],
    ],
  ],
});

casesFor("mon-alarms-at-once [M1] [M10]", {
  base: platform,
  passes: [
    ["one event in five minutes", {}],
    [
      "more than none",
      { "alarm.comparisonOperator": "GreaterThanThreshold", "alarm.threshold": 0 },
    ],
    ["an alarm of something else", { "alarm.metricName": "other", "alarm.threshold": 7 }],
    ["a filter of other logs", { "filter.logGroupName": "/app", "alarm.threshold": 7 }],
  ],
  fails: [
    ["seven events", { "alarm.threshold": 7 }, ["alarm: threshold must be 1, got 7"]],
    [
      "in a day",
      { "alarm.period": 86_400 },
      ["alarm: period must be from 10 to 300 seconds, got 86400"],
    ],
    [
      "three times",
      { "alarm.evaluationPeriods": 3 },
      ["alarm: evaluationPeriods must be 1, got 3"],
    ],
    [
      "an average",
      { "alarm.statistic": "Average" },
      ['alarm: statistic must be Sum, got "Average"'],
    ],
    [
      "fewer than one",
      { "alarm.comparisonOperator": "LessThanThreshold" },
      [
        'alarm: comparisonOperator must be GreaterThanOrEqualToThreshold or GreaterThanThreshold, got "LessThanThreshold"',
      ],
    ],
    [
      "events that count nothing",
      { "filter.metricTransformation.value": "0" },
      ['filter: metricTransformation.value must be 1, got "0"'],
    ],
  ],
  undecided: [
    [
      "a threshold that nobody knows yet",
      { "alarm.threshold": unknown },
      ["alarm: undecided: threshold of alarm is unknown until up"],
    ],
  ],
});

const secret = resource(token.secret, { name: "keys" });

casesFor("mon-trail-watched [M1] [M10]", {
  base: platform,
  passes: [
    ["all events", {}],
    [
      "those of a secret, where there is one",
      { secret, "filter.pattern": `${trailEvents.join(" ")} PutSecretValue PutResourcePolicy` },
    ],
    [
      "a trail whose events are elsewhere",
      { "trail.cloudWatchLogsGroupArn": "arn:aws:logs:eu-west-1:1:log-group:x:*", filter: gone },
    ],
  ],
  fails: [
    [
      "no use of the root user",
      { "filter.pattern": trailEvents.slice(1).join(" ") },
      ["audit-group: audit-group must have a filter for a use of the root user (Root)"],
    ],
    [
      "nothing that watches the alarms",
      { "filter.pattern": trailEvents.filter((names) => !names.includes("Alarm")).join(" ") },
      [
        "audit-group: audit-group must have a filter for an alarm that is deleted or silenced (DeleteAlarms, DisableAlarmActions)",
      ],
    ],
    [
      "nothing that tells of a bucket's copies",
      { "filter.pattern": trailEvents.join(" ").replace("PutBucketReplication", "") },
      [
        "audit-group: audit-group must have a filter for a bucket that is copied away (PutBucketReplication)",
      ],
    ],
    [
      "a secret of which nobody hears",
      { secret },
      [
        "audit-group: audit-group must have a filter for a changed secret or policy of a secret (PutSecretValue, PutResourcePolicy)",
      ],
    ],
    [
      "one of two names",
      { "filter.pattern": trailEvents.join(" ").replace("DeleteTrail", "") },
      [
        "audit-group: audit-group must have a filter for a trail that is stopped (StopLogging, DeleteTrail)",
      ],
    ],
  ],
  undecided: [
    [
      "a pattern that nobody knows yet",
      { "filter.pattern": unknown },
      ["filter: undecided: pattern of filter is unknown until up"],
    ],
  ],
});

casesFor("aws-account-guards-whole [M1]", {
  base: platform,
  passes: [["all of them", {}]],
  fails: [
    [
      "no block of snapshots",
      { snapshots: gone },
      [
        "account-privacy: account-privacy must have aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess beside it, got none",
      ],
    ],
  ],
  undecided: [],
  decided: "whether a resource is there is always known",
});

casesFor("es-kept [S1] [M1]", {
  base: platform,
  passes: [["updated and protected", {}]],
  fails: [
    [
      "no updates",
      { "store.softwareUpdateOptions": gone },
      ["store: softwareUpdateOptions.autoSoftwareUpdateEnabled must be true, got nothing"],
    ],
    [
      "no protection",
      {
        store: resource(token.searchDomain, {
          softwareUpdateOptions: { autoSoftwareUpdateEnabled: true },
        }),
      },
      ["store: store must have the resource option protect, got none"],
    ],
  ],
  undecided: [
    [
      "updates of which nobody knows yet",
      { "store.softwareUpdateOptions.autoSoftwareUpdateEnabled": unknown },
      [
        "store: undecided: softwareUpdateOptions.autoSoftwareUpdateEnabled of store is unknown until up",
      ],
    ],
  ],
});

casesFor("exp-alb-tls-to-targets [M2] [C8]", {
  base: platform,
  passes: [
    ["TLS", {}],
    ["TCP of a network load balancer", { "targets.protocol": "TCP" }],
  ],
  fails: [
    [
      "plain text",
      { "targets.protocol": "HTTP" },
      ['targets: protocol must not be HTTP, got "HTTP"'],
    ],
  ],
  undecided: [
    [
      "a protocol that nobody knows yet",
      { "targets.protocol": unknown },
      ["targets: undecided: protocol of targets is unknown until up"],
    ],
  ],
  notApplicable: [
    ["a function", { "targets.targetType": "lambda" }, "functions are not called over HTTP"],
  ],
});
