import { Alarms, alarmsOf } from "../../../components/aws/alarms";
import { created, ofType } from "../../support/created";

const build = (emails: string[]) =>
  created(
    () =>
      new Alarms("alarms", {
        prefix: "drawbridge-dev",
        accountId: "111122223333",
        region: "eu-west-1",
        logGroupName: "/drawbridge/drawbridge-dev/audit",
        emails,
      }),
  );
const place = { prefix: "drawbridge-dev", accountId: "111122223333", region: "eu-west-1" };
const alarms = alarmsOf(place);
const topic = "arn:aws:sns:eu-west-1:111122223333:drawbridge-dev-alarms";
const entries = Object.entries(alarms);
const more = {
  other: { what: "It happened", why: "It must not.", pattern: "{ $.other IS TRUE }" },
};

describe("Alarms", () => {
  it("watches for what must never happen unseen [M1] [M10]", () => {
    expect(Object.keys(alarms)).toEqual([
      "root-user",
      "console-without-mfa",
      "key-disabled",
      "key-policy-changed",
      "trail-stopped",
      "logs-deleted",
      "flow-logs-deleted",
      "detector-changed",
      "security-group-opened",
      "security-group-rule-opened",
      "alarms-silenced",
      "events-uncounted",
      "agent-removed",
      "people-untold",
      "retention-changed",
      "findings-untold",
      "records-exposed",
    ]);
  });

  it.each(entries)("counts and reports %s", async (id, { what, why, pattern }) => {
    const resources = await build([]);
    const name = `alarms-${id}`;
    const metric = { name: id, namespace: "Drawbridge/drawbridge-dev" };
    expect(ofType(resources, "aws:cloudwatch/logMetricFilter:LogMetricFilter")[name]).toEqual({
      name: `drawbridge-dev-${id}`,
      logGroupName: "/drawbridge/drawbridge-dev/audit",
      pattern,
      metricTransformation: { ...metric, value: "1", defaultValue: "0" },
    });
    expect(ofType(resources, "aws:cloudwatch/metricAlarm:MetricAlarm")[name]).toEqual({
      name: `drawbridge-dev-${id}`,
      alarmDescription: `${what}. ${why}`,
      metricName: metric.name,
      namespace: metric.namespace,
      statistic: "Sum",
      period: 60,
      evaluationPeriods: 1,
      threshold: 1,
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      treatMissingData: "notBreaching",
      alarmActions: ["arn:alarms"],
    });
  });

  it.each([
    "DeleteAlarms",
    "DisableAlarmActions",
    "DeleteMetricFilter",
    "DeleteSubscriptionFilter",
    "Unsubscribe",
    "DeleteTopic",
    "PutRetentionPolicy",
    "DeleteRetentionPolicy",
    "PutBucketPolicy",
    "DeleteBucketPolicy",
    "PutBucketAcl",
    "PutBucketPublicAccessBlock",
    "DeleteBucketPublicAccessBlock",
    "PutBucketReplication",
    "PutBucketLogging",
    "PutBucketLifecycle",
    "DeleteBucketLifecycle",
    "PutKeyPolicy",
    "CreateFilter",
    "UpdateFilter",
    "CreateIPSet",
    "UpdateIPSet",
    "CreateTrustedEntitySet",
    "UpdateTrustedEntitySet",
    "DeleteRule",
    "DisableRule",
    "PutRule",
    "RemoveTargets",
    "PutTargets",
    "PutMetricFilter",
    "DeleteResourcePolicy",
    "DeleteAddon",
  ])("watches the watchers: %s", (call) => {
    const watching = entries.filter(([, { pattern }]) => pattern.includes(`"${call}"`));
    expect(watching).toHaveLength(1);
  });

  // PutMetricFilter takes 1024 characters and three wildcards.
  it.each(entries)("has a pattern for %s that CloudWatch Logs takes", (_id, { pattern }) => {
    expect(pattern.length).toBeLessThanOrEqual(1024);
    expect(pattern.split("[*]").length - 1).toBeLessThanOrEqual(3);
    expect(pattern.split("(").length).toBe(pattern.split(")").length);
  });

  it("reads its patterns as one condition each", () => {
    expect(alarms["key-disabled"]?.pattern).toBe(
      '{ ($.eventSource = "kms.amazonaws.com") && (($.eventName = "DisableKey") || ($.eventName = "ScheduleKeyDeletion") || ($.eventName = "DeleteImportedKeyMaterial")) }',
    );
    expect(alarms["alarms-silenced"]?.pattern).toBe(
      '{ ($.eventSource = "monitoring.amazonaws.com") && (($.eventName = "DeleteAlarms") || ($.eventName = "DisableAlarmActions")) }',
    );
    expect(alarms["retention-changed"]?.pattern).toBe(
      '{ ($.eventSource = "logs.amazonaws.com") && (($.eventName = "PutRetentionPolicy") || ($.eventName = "DeleteRetentionPolicy")) && (($.requestParameters.logGroupName = "/drawbridge/drawbridge-dev/*") || ($.requestParameters.logGroupName = "/aws/eks/drawbridge-dev/*") || ($.requestParameters.logGroupName = "/aws/events/drawbridge-dev/*")) }',
    );
    expect(alarms["findings-untold"]?.pattern).toContain(
      '&& (($.requestParameters.name = "drawbridge-dev-findings") || ($.requestParameters.rule = "drawbridge-dev-findings")) }',
    );
    expect(alarms["records-exposed"]?.pattern).toContain(
      '&& ($.requestParameters.bucketName = "drawbridge-dev-audit-111122223333-eu-west-1") }',
    );
    expect(alarms["security-group-opened"]?.pattern).toBe(
      '{ ($.eventSource = "ec2.amazonaws.com") && (($.eventName = "AuthorizeSecurityGroupIngress")) && (($.responseElements.securityGroupRuleSet.items[*].cidrIpv4 = "0.0.0.0/0") || ($.responseElements.securityGroupRuleSet.items[*].cidrIpv6 = "::/0")) }',
    );
  });

  it("watches for what it is given beside", async () => {
    const resources = await created(
      () => new Alarms("alarms", { ...place, logGroupName: "/audit", emails: [], more }),
    );
    const filters = ofType(resources, "aws:cloudwatch/logMetricFilter:LogMetricFilter");
    expect(Object.keys(filters)).toHaveLength(entries.length + 1);
    expect(filters["alarms-other"]).toMatchObject({ pattern: "{ $.other IS TRUE }" });
  });

  it("has a topic for others' alarms where somebody else watches the trail", async () => {
    const resources = await created(
      () => new Alarms("alarms", { ...place, emails: ["a@example.com"], more }),
    );
    expect(ofType(resources, "aws:cloudwatch/metricAlarm:MetricAlarm")).toEqual({});
    expect(Object.keys(ofType(resources, "aws:sns/topic:Topic"))).toEqual(["alarms"]);
  });

  it("takes messages of the stack's alarms only, over TLS, under its own key", async () => {
    const resources = await build([]);
    const { alarms: inputs } = ofType(resources, "aws:sns/topic:Topic");
    expect(inputs).toMatchObject({
      name: "drawbridge-dev-alarms",
      kmsMasterKeyId: "arn:alarms",
      signatureVersion: 2,
    });
    expect(JSON.parse(inputs?.["policy"] as string)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Sid: "AlarmsOfTheStack",
          Principal: { Service: "cloudwatch.amazonaws.com" },
          Action: "sns:Publish",
          Resource: topic,
          Condition: {
            StringEquals: { "aws:SourceAccount": "111122223333" },
            ArnLike: {
              "aws:SourceArn": "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:drawbridge-dev-*",
            },
          },
        },
        {
          Sid: "OverTlsOnly",
          Effect: "Deny",
          Principal: "*",
          Action: "sns:Publish",
          Resource: topic,
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ],
    });
    const policy = ofType(resources, "aws:kms/key:Key")["alarms"]?.["policy"] as string;
    const [, grant] = (JSON.parse(policy) as { Statement: unknown[] }).Statement;
    expect(grant).toEqual({
      Effect: "Allow",
      Sid: "AlarmsEncryptMessages",
      Principal: { Service: "cloudwatch.amazonaws.com" },
      Action: ["kms:Decrypt", "kms:GenerateDataKey*"],
      Resource: "*",
      Condition: {
        StringEquals: { "aws:SourceAccount": "111122223333" },
        ArnLike: {
          "aws:SourceArn": "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:drawbridge-dev-*",
        },
      },
    });
  });

  it("writes to everybody it is told of", async () => {
    const subscriptions = ofType(
      await build(["a@example.com", "b@example.com"]),
      "aws:sns/topicSubscription:TopicSubscription",
    );
    expect(subscriptions).toEqual({
      "alarms-a@example.com": { topic: "arn:alarms", protocol: "email", endpoint: "a@example.com" },
      "alarms-b@example.com": { topic: "arn:alarms", protocol: "email", endpoint: "b@example.com" },
    });
  });
});
