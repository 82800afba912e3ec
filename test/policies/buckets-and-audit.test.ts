import { Stack } from "../../policies/model";
import { configured } from "../../policies/rule";
import { token } from "../../policies/tokens";
import { casesFor, ruleById } from "../support/rule-cases";
import {
  bucketDenials,
  document,
  findingsPattern,
  platform,
  resource,
  statement,
} from "../support/rule-platform";
import { changed, gone, ref, registrations, unknown, urnOf } from "../support/rule-stack";

const openBucket = resource(token.bucket, { bucket: "open" });

casesFor("s3-private [M1]", {
  base: platform,
  passes: [
    ["everything blocked", {}],
    ["ownership left to S3, which keeps access lists off", { "evidence-ownership": gone }],
  ],
  fails: [
    [
      "no block",
      { "evidence-privacy": gone },
      ["evidence: evidence must have a public access block, got none"],
    ],
    ...["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"].map(
      (field): [string, Record<string, unknown>, string[]] => [
        `without ${field}`,
        { [`evidence-privacy.${field}`]: gone },
        [`evidence-privacy: ${field} must be true, got nothing`],
      ],
    ),
    [
      "access lists on",
      { "evidence-ownership.rule.objectOwnership": "ObjectWriter" },
      [
        'evidence-ownership: rule.objectOwnership must be one of BucketOwnerEnforced, got "ObjectWriter"',
      ],
    ],
    [
      "an access list",
      { "evidence.acl": "public-read" },
      ['evidence: acl must be left out: access is given by policies, got "public-read"'],
    ],
    [
      "a bucket under its old name",
      { old: resource(token.bucketV2, { bucket: "old" }) },
      ["old: old must have a public access block, got none"],
    ],
  ],
  undecided: [
    [
      "a block of a bucket that nobody knows yet",
      { "evidence-privacy.bucket": unknown },
      ["evidence-privacy: undecided: bucket of evidence-privacy is unknown until up"],
    ],
    [
      "a setting that nobody knows yet",
      { "evidence-privacy.blockPublicPolicy": unknown },
      ["evidence-privacy: undecided: blockPublicPolicy of evidence-privacy is unknown until up"],
    ],
  ],
});

const byDefault = "evidence-encryption.rules[0].applyServerSideEncryptionByDefault";

casesFor("s3-encrypted [M1]", {
  base: platform,
  passes: [
    ["a key, and S3's own for access logs", {}],
    [
      "two layers, which take no bucket key",
      {
        [`${byDefault}.sseAlgorithm`]: "aws:kms:dsse",
        "evidence-encryption.rules[0].bucketKeyEnabled": gone,
      },
    ],
    [
      "keys of clients blocked",
      { "evidence-encryption.rules[0].blockedEncryptionTypes": ["SSE-C"] },
    ],
    [
      "S3's own for logs of a load balancer",
      {
        "evidence-logging": gone,
        balancer: resource(token.loadBalancer, { accessLogs: { bucket: ref("access-logs") } }),
      },
    ],
  ],
  fails: [
    [
      "nothing said",
      { "evidence-encryption": gone },
      ["evidence: evidence must have a default encryption, got none"],
    ],
    [
      "S3's own keys",
      { [`${byDefault}.sseAlgorithm`]: "AES256" },
      [
        'evidence-encryption: rules[0].applyServerSideEncryptionByDefault.sseAlgorithm must be one of aws:kms, aws:kms:dsse, got "AES256"',
      ],
    ],
    [
      "the key that AWS keeps",
      { [`${byDefault}.kmsMasterKeyId`]: gone },
      [
        "evidence-encryption: rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId must name a KMS key that you manage, got nothing",
      ],
    ],
    [
      "a call of KMS for every object",
      { "evidence-encryption.rules[0].bucketKeyEnabled": false },
      ["evidence-encryption: rules[0].bucketKeyEnabled must be true, got false"],
    ],
    [
      "keys of clients let in",
      { "evidence-encryption.rules[0].blockedEncryptionTypes": ["NONE"] },
      ['evidence-encryption: rules[0].blockedEncryptionTypes must hold SSE-C, got ["NONE"]'],
    ],
    [
      "access logs that would never arrive",
      {
        "access-logs-encryption.rules[0].applyServerSideEncryptionByDefault.sseAlgorithm":
          "aws:kms",
        "access-logs-encryption.rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId": ref(
          "key",
          "arn",
        ),
      },
      [
        'access-logs-encryption: rules[0].applyServerSideEncryptionByDefault.sseAlgorithm must be one of AES256, got "aws:kms"',
      ],
    ],
  ],
  undecided: [
    [
      "a key that nobody knows yet",
      { [`${byDefault}.kmsMasterKeyId`]: unknown },
      [
        "evidence-encryption: undecided: rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId of evidence-encryption is unknown until up",
      ],
    ],
    [
      "a kind that nobody knows yet",
      { [`${byDefault}.sseAlgorithm`]: unknown },
      [
        "evidence-encryption: undecided: rules[0].applyServerSideEncryptionByDefault.sseAlgorithm of evidence-encryption is unknown until up",
      ],
    ],
  ],
});

casesFor("s3-versioned [M1]", {
  base: platform,
  passes: [
    ["versions that are forgotten", {}],
    [
      "in rules of their own",
      {
        "evidence-lifecycle.rules": [
          { status: "Enabled", noncurrentVersionExpiration: { noncurrentDays: 1 } },
          { status: "Enabled", abortIncompleteMultipartUpload: { daysAfterInitiation: 1 } },
        ],
      },
    ],
  ],
  fails: [
    [
      "no versions",
      { "evidence-versioning.versioningConfiguration.status": "Suspended" },
      ['evidence-versioning: versioningConfiguration.status must be Enabled, got "Suspended"'],
    ],
    [
      "nothing said",
      { "evidence-versioning": gone },
      ["evidence: evidence must have versioning, got none"],
    ],
    [
      "no lifecycle",
      { "evidence-lifecycle": gone },
      ["evidence: evidence must have a lifecycle, got none"],
    ],
    [
      "versions for ever",
      { "evidence-lifecycle.rules[0].noncurrentVersionExpiration": gone },
      [
        "evidence-lifecycle: rules must set noncurrentVersionExpiration.noncurrentDays in a rule that is on, got none",
      ],
    ],
    [
      "a rule that is off",
      { "evidence-lifecycle.rules[0].status": "Disabled" },
      [
        "evidence-lifecycle: rules must set noncurrentVersionExpiration.noncurrentDays in a rule that is on, got none",
        "evidence-lifecycle: rules must set abortIncompleteMultipartUpload.daysAfterInitiation in a rule that is on, got none",
      ],
    ],
  ],
  undecided: [
    [
      "a status that nobody knows yet",
      { "evidence-versioning.versioningConfiguration.status": unknown },
      [
        "evidence-versioning: undecided: versioningConfiguration.status of evidence-versioning is unknown until up",
      ],
    ],
    [
      "days that nobody knows yet",
      {
        "evidence-lifecycle.rules[0].noncurrentVersionExpiration.noncurrentDays": unknown,
      },
      [
        "evidence-lifecycle: undecided: rules[0].noncurrentVersionExpiration.noncurrentDays of evidence-lifecycle is unknown until up",
      ],
    ],
  ],
});

const service = (more: Record<string, unknown>) =>
  statement({
    Sid: "Service",
    Principal: { Service: "cloudtrail.amazonaws.com" },
    Action: "s3:PutObject",
    Resource: "arn:aws:s3:::evidence/*",
    ...more,
  });
const [tls = {}, tls12 = {}] = bucketDenials("evidence");
const old =
  "evidence-policy: policy must deny s3:* to everybody when s3:TlsVersion is less than 1.2, got a map";

casesFor("s3-tls-only [M1] [M2]", {
  base: platform,
  passes: [
    ["a policy that denies the rest", {}],
    [
      "everybody of the organization",
      {
        "evidence-policy.policy": document(
          tls,
          tls12,
          statement({
            Principal: "*",
            Action: "s3:GetObject",
            Resource: "arn:aws:s3:::evidence/*",
            Condition: { StringEquals: { "aws:PrincipalOrgID": "o-1" } },
          }),
        ),
      },
    ],
  ],
  fails: [
    ["no policy", { "evidence-policy": gone }, ["evidence: evidence must have a policy, got none"]],
    [
      "anybody",
      {
        "evidence-policy.policy": document(
          tls,
          tls12,
          statement({ Principal: "*", Action: "s3:GetObject", Resource: "x" }),
        ),
      },
      ["evidence-policy: policy.Statement[2] must name the principals that it allows, got a map"],
    ],
    [
      "everybody of any organization",
      {
        "evidence-policy.policy": document(
          tls,
          tls12,
          statement({
            Principal: "*",
            Action: "s3:GetObject",
            Resource: "x",
            Condition: { StringLike: { "aws:PrincipalOrgID": "o-*" } },
          }),
        ),
      },
      ["evidence-policy: policy.Statement[2] must name the principals that it allows, got a map"],
    ],
    [
      "a service of every account",
      { "evidence-policy.policy": document(tls, tls12, service({})) },
      [
        "evidence-policy: policy.Statement[2] must limit the service by aws:SourceAccount or aws:SourceArn, got statement Service",
      ],
    ],
    [
      "plain text",
      { "evidence-policy.policy": document(tls12) },
      ["evidence-policy: policy must deny s3:* to everybody without TLS, got a map"],
    ],
    ["old TLS", { "evidence-policy.policy": document(tls) }, [old]],
    [
      "plain text for objects",
      {
        "evidence-policy.policy": document({ ...tls, Resource: "arn:aws:s3:::evidence" }, tls12),
      },
      ["evidence-policy: policy must deny s3:* to everybody without TLS, got a map"],
    ],
    [
      "old TLS for the bucket",
      {
        "evidence-policy.policy": document(tls, { ...tls12, Resource: "arn:aws:s3:::evidence/*" }),
      },
      [old],
    ],
    [
      "TLS 1.1",
      {
        "evidence-policy.policy": document(tls, {
          ...tls12,
          Condition: { NumericLessThan: { "s3:TlsVersion": "1.1" } },
        }),
      },
      [old],
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

casesFor("s3-no-force-destroy [M1]", {
  base: { it: openBucket },
  passes: [
    ["left to S3", {}],
    ["said", { "it.forceDestroy": false }],
  ],
  fails: [
    ["emptied", { "it.forceDestroy": true }, ["it: forceDestroy must not be true, got true"]],
  ],
  undecided: [
    [
      "what nobody knows yet",
      { "it.forceDestroy": unknown },
      ["it: undecided: forceDestroy of it is unknown until up"],
    ],
  ],
});

const ownAgent = resource(token.addon, {
  clusterName: ref("cluster", "name"),
  addonName: "aws-guardduty-agent",
});
const noDetector = { detector: gone, "audit-logs": gone, runtime: gone };

casesFor("log-cloudtrail [M1]", {
  base: platform,
  passes: [
    ["a whole trail", {}],
    [
      "selectors with management events and some data",
      {
        "trail.advancedEventSelectors": [
          { fieldSelectors: [{ field: "eventCategory", equals: ["Management"] }] },
          { fieldSelectors: [{ field: "eventCategory", equals: ["Data"] }] },
        ],
      },
    ],
    ["selectors of the older form", { "trail.eventSelectors": [{ readWriteType: "All" }] }],
    ["a trail that another stack has", { trail: gone }],
  ],
  fails: [
    ...["isMultiRegionTrail", "enableLogFileValidation"].map(
      (field): [string, Record<string, unknown>, string[]] => [
        `without ${field}`,
        { [`trail.${field}`]: gone },
        [`trail: ${field} must be true, got nothing`],
      ],
    ),
    ...["enableLogging", "includeGlobalServiceEvents"].map(
      (field): [string, Record<string, unknown>, string[]] => [
        `${field} off`,
        { [`trail.${field}`]: false },
        [`trail: ${field} must not be false, got false`],
      ],
    ),
    ...["cloudWatchLogsGroupArn", "cloudWatchLogsRoleArn"].map(
      (field): [string, Record<string, unknown>, string[]] => [
        `without ${field}`,
        { [`trail.${field}`]: gone },
        [`trail: ${field} must be set, got nothing`],
      ],
    ),
    [
      "no key",
      { "trail.kmsKeyId": gone },
      ["trail: kmsKeyId must name a KMS key that you manage, got nothing"],
    ],
    [
      "writing calls only",
      {
        "trail.advancedEventSelectors": [
          {
            fieldSelectors: [
              { field: "eventCategory", equals: ["Management"] },
              { field: "readOnly", equals: ["false"] },
            ],
          },
        ],
      },
      ["trail: advancedEventSelectors must have a selector of all management events, got [a map]"],
    ],
    [
      "reading calls only",
      {
        "trail.advancedEventSelectors": gone,
        "trail.eventSelectors": [{ readWriteType: "ReadOnly", includeManagementEvents: false }],
      },
      [
        "trail: eventSelectors[0].includeManagementEvents must not be false, got false",
        'trail: eventSelectors[0].readWriteType must be All, got "ReadOnly"',
      ],
    ],
  ],
  undecided: [
    [
      "a log group that nobody knows yet",
      { "trail.cloudWatchLogsGroupArn": unknown },
      ["trail: undecided: cloudWatchLogsGroupArn of trail is unknown until up"],
    ],
    [
      "selectors that nobody knows yet",
      { "trail.advancedEventSelectors": unknown },
      ["trail: undecided: advancedEventSelectors of trail is unknown until up"],
    ],
  ],
});

casesFor("log-trail-locked [M1]", {
  base: platform,
  passes: [
    ["a year", {}],
    [
      "years, and for everybody",
      { "evidence-lock.rule.defaultRetention": { mode: "COMPLIANCE", years: 1 } },
    ],
  ],
  fails: [
    [
      "a bucket that cannot be locked",
      { "evidence.objectLockEnabled": false },
      ["evidence: objectLockEnabled must be true, got false"],
    ],
    [
      "no retention",
      { "evidence-lock": gone },
      ["evidence: evidence must have a default retention, got none"],
    ],
    [
      "no period",
      { "evidence-lock.rule.defaultRetention.days": gone },
      [
        "evidence-lock: rule.defaultRetention.days must be an integer from 90 to 36500, got nothing",
      ],
    ],
    [
      "a day",
      { "evidence-lock.rule.defaultRetention.days": 1 },
      ["evidence-lock: rule.defaultRetention.days must be an integer from 90 to 36500, got 1"],
    ],
  ],
  undecided: [
    [
      "a time that nobody knows yet",
      { "evidence-lock.rule.defaultRetention.days": unknown },
      ["evidence-lock: undecided: rule.defaultRetention.days of evidence-lock is unknown until up"],
    ],
    [
      "a bucket of another stack",
      { "trail.s3BucketName": "elsewhere" },
      ["trail: undecided: the lock of elsewhere is unknown: the stack does not manage it"],
    ],
    [
      "a bucket that nobody knows yet",
      { "trail.s3BucketName": unknown },
      ["trail: undecided: s3BucketName of trail is unknown until up"],
    ],
  ],
});

describe("a stack that audits its account", () => {
  casesFor("log-cloudtrail [M1]", {
    base: platform,
    config: { ownsAccount: true },
    passes: [["a whole trail", {}]],
    fails: [
      ["no trail", { trail: gone }, ["cluster: cluster must have a trail beside it, got none"]],
    ],
    undecided: [],
    decided: "a stack is known to have a trail",
  });

  casesFor("mon-guardduty [M1] [M10]", {
    base: platform,
    config: { ownsAccount: true },
    passes: [["both features", {}]],
    fails: [
      ["no detector", noDetector, ["cluster: cluster must have a detector beside it, got none"]],
    ],
    undecided: [],
    decided: "a stack is known to have a detector",
  });
});

describe("a stack whose account somebody else audits", () => {
  it.each([
    ["log-cloudtrail", { trail: gone }, "trail"],
    ["mon-guardduty", { ...noDetector, agent: ownAgent }, "detector"],
  ])("hears from %s that it has none itself", (id, change, what) => {
    const rule = ruleById(id);
    if (!("checkStack" in rule)) throw new Error("expected a rule of stacks");
    const judged = (stack: typeof platform) => [
      ...rule.checkStack(new Stack(registrations(stack, "preview")), configured(rule, {})),
    ];
    expect(judged(changed(platform, change))).toEqual([
      {
        verdict: "note",
        message: `Audit: the stack has no ${what}: another one, or the organization, must have it for the account and region`,
        urn: urnOf(token.cluster, "cluster"),
      },
    ]);
    expect(judged(platform)).toEqual([]);
    expect(judged({})).toEqual([]);
  });
});

casesFor("mon-guardduty [M1] [M10]", {
  base: platform,
  passes: [
    ["both features", {}],
    ["the older one for nodes", { "runtime.name": "EKS_RUNTIME_MONITORING" }],
    [
      "an agent of the stack",
      {
        "runtime.additionalConfigurations": gone,
        agent: ownAgent,
      },
    ],
    ["a detector that is on by itself", { "detector.enable": gone }],
    ["a detector that another stack has", noDetector],
  ],
  fails: [
    [
      "a detector that is off",
      { "detector.enable": false },
      ["detector: enable must not be false, got false"],
    ],
    [
      "no look at clusters",
      { "audit-logs": gone },
      ["detector: detector must have the feature EKS_AUDIT_LOGS, got none"],
    ],
    [
      "no agent on nodes",
      { "runtime.additionalConfigurations": gone },
      [
        "cluster: cluster must have the add-on aws-guardduty-agent, or EKS_ADDON_MANAGEMENT, got none",
      ],
    ],
    [
      "no look at nodes",
      { "runtime.status": "DISABLED" },
      ['runtime: status must be one of ENABLED, got "DISABLED"'],
    ],
  ],
  undecided: [
    [
      "a feature that nobody knows yet",
      { "audit-logs.name": unknown },
      ["audit-logs: undecided: name of audit-logs is unknown until up"],
    ],
    [
      "a feature of a detector that nobody knows yet",
      { "audit-logs.detectorId": unknown },
      ["audit-logs: undecided: detectorId of audit-logs is unknown until up"],
    ],
  ],
});

describe("a cluster without an agent, in a stack without a detector", () => {
  it("is named under Audit by mon-guardduty, as another stack may watch its nodes", () => {
    const rule = ruleById("mon-guardduty");
    if (!("checkStack" in rule)) throw new Error("expected a rule of stacks");
    const noted = (change: Parameters<typeof changed>[1]) =>
      [
        ...rule.checkStack(
          new Stack(registrations(changed(platform, { ...noDetector, ...change }), "preview")),
          configured(rule, {}),
        ),
      ].map(({ message }) => message);
    const withoutAgent =
      "Audit: cluster has no add-on aws-guardduty-agent: GuardDuty sees what runs on its nodes only where it manages agents of the account itself";
    expect(noted({})).toContain(withoutAgent);
    expect(noted({ agent: ownAgent })).not.toContain(withoutAgent);
  });
});

const pattern = (more: object) => ({
  "findings.eventPattern": JSON.stringify({ ...findingsPattern, ...more }),
});
const ownGroup = {
  "findings-log": resource(token.logGroup, { name: "/aws/events/own" }),
  "findings-target.arn": ref("findings-log", "arn"),
};
const findingsFilter = (filterPattern = "{ $.detail.severity >= 7 }") =>
  resource(token.logMetricFilter, {
    logGroupName: ref("findings-log", "name"),
    pattern: filterPattern,
    metricTransformation: { name: "found", namespace: "platform", value: "1" },
  });
const findingsDelivery = resource(token.logSubscriptionFilter, {
  logGroup: ref("findings-log", "name"),
  destinationArn: "arn:aws:firehose:eu-west-1:111122223333:deliverystream/logs",
});
const severity = (...matchers: unknown[]) => pattern({ detail: { severity: matchers } });
const noRule = [
  "detector: detector must have an aws.cloudwatch.EventRule for its findings, got none",
];
const noTarget = ["findings: findings must have an aws.cloudwatch.EventTarget, got none"];
const noFilter = [
  "findings-log: findings-log must have an aws.cloudwatch.LogMetricFilter that counts findings of severity 7 and more, got none",
];
const unseen = ["detector: undecided: whether findings of detector are seen is unknown until up"];

casesFor("mon-findings-told [M1] [M10]", {
  base: platform,
  passes: [
    ["a rule with a target", {}],
    ["severe ones alone", severity({ numeric: [">=", 7] })],
    ["more than severe ones", severity({ numeric: [">", 3.9] })],
    ["all that GuardDuty says", pattern({ "detail-type": undefined })],
    ["the account's own bus by its name", { "findings.eventBusName": "default" }],
    ["a part of the event for whom it goes to", { "findings-target.inputPath": "$.detail" }],
    ["a log group with a filter", { ...ownGroup, "findings-filter": findingsFilter() }],
    ["a filter for everything", { ...ownGroup, "findings-filter": findingsFilter("") }],
    [
      "a log group that is delivered, where nothing raises an alarm",
      { ...ownGroup, alarm: gone, filter: gone, "findings-delivery": findingsDelivery },
    ],
    [
      "a filter of GuardDuty that keeps nothing back",
      { kept: resource(token.guardDutyFilter, { detectorId: ref("detector"), action: "NOOP" }) },
    ],
  ],
  fails: [
    ["a log group that nobody watches", ownGroup, noFilter],
    [
      "a log group without a filter, where there are alarms",
      { ...ownGroup, "findings-delivery": findingsDelivery },
      noFilter,
    ],
    [
      "a filter for what is hardly ever found",
      {
        ...ownGroup,
        "findings-filter": findingsFilter("{ $.detail.severity >= 9.9 }"),
      },
      noFilter,
    ],
    ...["input", "inputPath", "inputTransformer"].map(
      (path): [string, Record<string, unknown>, string[]] => [
        `a log group that gets another text, by ${path}`,
        { ...ownGroup, "findings-filter": findingsFilter(), [`findings-target.${path}`]: "$.id" },
        [`findings-target: ${path} must be left out: filters of the log group read whole findings`],
      ],
    ),
    ["no rule", { findings: gone, "findings-target": gone }, noRule],
    ["no target", { "findings-target": gone }, noTarget],
    ["a rule that is off", { "findings.state": "DISABLED" }, noRule],
    ["a rule that is off by its older name", { "findings.isEnabled": false }, noRule],
    ["events of somebody else", pattern({ source: ["aws.ec2"] }), noRule],
    ["other events of GuardDuty", pattern({ "detail-type": ["AWS API Call"] }), noRule],
    ["one kind of finding", pattern({ detail: { type: ["Recon:EC2/Portscan"] } }), noRule],
    ["the severest alone", severity({ numeric: [">=", 9.5] }), noRule],
    ["another bus", { "findings.eventBusName": "own" }, noRule],
    [
      "a schedule",
      { "findings.eventPattern": gone, "findings.scheduleExpression": "rate(1 day)" },
      noRule,
    ],
  ],
  undecided: [
    ["a pattern that nobody knows yet", { "findings.eventPattern": unknown }, unseen],
    ["a target of a rule that nobody knows yet", { "findings-target.rule": unknown }, unseen],
    ["another matcher", pattern({ source: [{ prefix: "aws.guard" }] }), unseen],
    ["a range of severities", severity({ numeric: [">=", 7, "<", 9] }), unseen],
    [
      "a filter of another form",
      {
        ...ownGroup,
        "findings-filter": findingsFilter('"CRITICAL"'),
      },
      unseen,
    ],
    [
      "findings that are archived",
      { kept: resource(token.guardDutyFilter, { detectorId: ref("detector"), action: "ARCHIVE" }) },
      [
        "kept: undecided: kept may keep findings back (action ARCHIVE): whether severe ones, people have to judge",
      ],
    ],
  ],
});

casesFor("mon-alarms-tell [M1] [M10]", {
  base: platform,
  passes: [
    ["a metric with an alarm that somebody reads", {}],
    [
      "another reader who hears of some",
      {
        other: resource(token.topicSubscription, {
          topic: ref("topic", "arn"),
          filterPolicy: '{"x":["y"]}',
        }),
      },
    ],
    ["a topic of another stack", { "alarm.alarmActions": ["arn:aws:sns:eu-west-1:1:other"] }],
  ],
  fails: [
    [
      "a reader who hears of no alarm",
      { "subscription.filterPolicy": '{"x":["y"]}' },
      [
        'subscription: filterPolicy must be left out, so that every alarm is told, got "{\\"x\\":[\\"y\\"]}"',
      ],
    ],
    [
      "a metric that nobody watches",
      { "alarm.metricName": "other" },
      ['filter: metricTransformation.name must have an alarm in the stack, got "root"'],
    ],
    [
      "an alarm that does nothing",
      { "alarm.alarmActions": gone },
      ["alarm: alarmActions must name a topic, got nothing"],
    ],
    [
      "an alarm that is off",
      { "alarm.actionsEnabled": false },
      ["alarm: actionsEnabled must not be false, got false"],
    ],
    [
      "a topic that nobody reads",
      { subscription: gone },
      ["topic: topic must have a subscription, got none"],
    ],
  ],
  undecided: [
    [
      "a filter that nobody knows yet",
      { "subscription.filterPolicy": unknown },
      ["subscription: undecided: filterPolicy of subscription is unknown until up"],
    ],
    [
      "a reader of a topic that nobody knows yet",
      { "subscription.topic": unknown },
      ["subscription: undecided: topic of subscription is unknown until up"],
    ],
    [
      "a metric that nobody knows yet",
      { "filter.metricTransformation.name": unknown },
      ["filter: undecided: metricTransformation.name of filter is unknown until up"],
    ],
  ],
});

const publish = { Action: "sns:Publish", Resource: "x" };
const overTls = {
  Effect: "Deny",
  Principal: "*",
  ...publish,
  Condition: { Bool: { "aws:SecureTransport": "false" } },
};

casesFor("mon-topic-encrypted [M1] [M10]", {
  base: platform,
  passes: [
    ["a key and a policy", {}],
    [
      "a policy beside it",
      {
        "topic.policy": gone,
        beside: resource(token.topicPolicy, {
          arn: ref("topic", "arn"),
          policy: document(overTls),
        }),
      },
    ],
  ],
  fails: [
    [
      "no key",
      { "topic.kmsMasterKeyId": gone },
      ["topic: kmsMasterKeyId must name a KMS key that you manage, got nothing"],
    ],
    [
      "the key of AWS",
      { "topic.kmsMasterKeyId": "alias/aws/sns" },
      ['topic: kmsMasterKeyId must name a KMS key that you manage, got "alias/aws/sns"'],
    ],
    [
      "no policy",
      { "topic.policy": gone },
      ["topic: policy must deny sns:publish to everybody without TLS, got nothing"],
    ],
    [
      "a service of every account",
      {
        "topic.policy": document(
          overTls,
          statement({ Principal: { Service: "cloudwatch.amazonaws.com" }, ...publish }),
        ),
      },
      [
        "topic: policy.Statement[1] must limit the service by aws:SourceAccount or aws:SourceArn, got a map",
      ],
    ],
  ],
  undecided: [
    [
      "a policy that nobody knows yet",
      { "topic.policy": unknown },
      ["topic: undecided: policy of topic is unknown until up"],
    ],
  ],
});

casesFor("ebs-default-encryption [M1]", {
  base: platform,
  passes: [
    ["on, with a key", {}],
    ["on by itself", { "default-encryption.enabled": gone }],
  ],
  fails: [
    [
      "off",
      { "default-encryption.enabled": false },
      ["default-encryption: enabled must not be false, got false"],
    ],
    [
      "the key of AWS",
      { "default-key": gone },
      [
        "default-encryption: default-encryption must have aws.ebs.DefaultKmsKey beside it, got none",
      ],
    ],
  ],
  undecided: [
    [
      "a key that nobody knows yet",
      { "default-key.keyArn": unknown },
      ["default-key: undecided: keyArn of default-key is unknown until up"],
    ],
  ],
});

casesFor("aws-account-guards [M1]", {
  base: {
    privacy: resource(token.accountPublicAccessBlock, {
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    }),
    snapshots: resource(token.snapshotBlockPublicAccess, { state: "block-all-sharing" }),
    images: resource(token.imageBlockPublicAccess, { state: "block-new-sharing" }),
    metadata: resource(token.instanceMetadataDefaults, {
      httpTokens: "required",
      httpPutResponseHopLimit: 1,
    }),
  },
  passes: [["everything blocked", {}]],
  fails: [
    ...["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"].map(
      (field): [string, Record<string, unknown>, string[]] => [
        `without ${field}`,
        { [`privacy.${field}`]: false },
        [`privacy: ${field} must be true, got false`],
      ],
    ),
    [
      "new snapshots only",
      { "snapshots.state": "block-new-sharing" },
      ['snapshots: state must be block-all-sharing, got "block-new-sharing"'],
    ],
    [
      "public images",
      { "images.state": "unblocked" },
      ['images: state must be block-new-sharing, got "unblocked"'],
    ],
    [
      "no session token",
      { "metadata.httpTokens": "no-preference" },
      ['metadata: httpTokens must be one of required, got "no-preference"'],
    ],
    [
      "two hops",
      { "metadata.httpPutResponseHopLimit": 2 },
      ["metadata: httpPutResponseHopLimit must be 1, got 2"],
    ],
    [
      "tags in metadata",
      { "metadata.instanceMetadataTags": "enabled" },
      ['metadata: instanceMetadataTags must not be enabled, got "enabled"'],
    ],
  ],
  undecided: [
    [
      "a state that nobody knows yet",
      { "images.state": unknown },
      ["images: undecided: state of images is unknown until up"],
    ],
  ],
});

const tags = (given: Record<string, string>) => JSON.stringify({ tags: given });

casesFor("aws-required-tags [M1]", {
  base: platform,
  passes: [["all of them", {}]],
  fails: [
    [
      "no tags",
      { "provider.defaultTags": gone },
      ["Owner", "Project", "Environment", "CostCenter"].map(
        (key) => `provider: defaultTags.tags.${key} must be set, got nothing`,
      ),
    ],
    [
      "nobody who pays",
      { "provider.defaultTags": tags({ Owner: "team", Project: "p", Environment: "dev" }) },
      ["provider: defaultTags.tags.CostCenter must be set, got nothing"],
    ],
  ],
  undecided: [
    [
      "tags that nobody knows yet",
      { "provider.defaultTags": unknown },
      ["provider: undecided: defaultTags of provider is unknown until up"],
    ],
  ],
});
