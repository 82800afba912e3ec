import { bucketTypes, mustBeLocked } from "./buckets";
import { is, isAbsent, isNot, isSet } from "./conditions";
import { mustNameKey } from "./keys";
import type { Field, Finding, Resource, Stack } from "./model";
import { atHandDays } from "./records";
import { stackRule } from "./rule";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any } from "./truth";
import { oneOfWays } from "./ways";

/** A trail and a detector exist once in an account, so most stacks have none: who has them is for people to say. */
export const accountAudit = {
  ownsAccount: {
    type: "boolean" as const,
    default: false,
    description:
      "Whether a stack with a cluster must have it, because nobody else has it for the account. Without: a stack that has none is told of under Audit.",
  },
};

/** What a stack with a cluster has to hear when something of the audit is not in it. */
export function* whenMissing(
  what: string,
  type: string,
  stack: Stack,
  ownsAccount: boolean,
): Iterable<Finding> {
  if (stack.all(type).length > 0) return;
  for (const cluster of stack.all(token.cluster)) {
    yield ownsAccount
      ? cluster.fail(`${cluster.name} must have a ${what} beside it, got none`)
      : {
          verdict: "note",
          message: `Audit: the stack has no ${what}: another one, or the organization, must have it for the account and region`,
          urn: cluster.urn,
        };
  }
}

export const auditTrail = stackRule({
  id: "log-cloudtrail",
  title: "Every trail records all regions, shows changes of its records, and is watched",
  severity: "high",
  level: "mandatory",
  requirements: ["M1"],
  controls: [
    "ckv:CKV_AWS_35",
    "ckv:CKV_AWS_36",
    "ckv:CKV_AWS_67",
    "ckv:CKV_AWS_251",
    "ckv:CKV2_AWS_10",
    "avd:AWS-0014",
    "avd:AWS-0015",
    "avd:AWS-0016",
    "avd:AWS-0162",
  ],
  fix: "Add aws.cloudtrail.Trail where the stack has the audit of its account. Set isMultiRegionTrail, enableLogFileValidation, kmsKeyId, cloudWatchLogsGroupArn and cloudWatchLogsRoleArn, and record all management events.",
  url: "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html",
  types: [token.trail, token.cluster],
  config: accountAudit,
  *checkStack(stack, { ownsAccount }) {
    yield* whenMissing("trail", token.trail, stack, ownsAccount);
    for (const trail of stack.all(token.trail)) {
      yield* trail.must("isMultiRegionTrail", is(true));
      yield* trail.must("enableLogFileValidation", is(true));
      // Both are on when they are left out.
      yield* trail.must("enableLogging", isNot(false));
      yield* trail.must("includeGlobalServiceEvents", isNot(false));
      yield* mustNameKey(trail.at("kmsKeyId"), stack);
      yield* mustName(trail.at("cloudWatchLogsGroupArn"), [token.logGroup], stack);
      yield* mustName(trail.at("cloudWatchLogsRoleArn"), [token.role], stack);
      yield* recordsManagement(trail);
    }
  },
});

/** Nothing when the field names something, be it known or made by the stack. */
function mustName(field: Field, types: readonly string[], stack: Stack): Finding[] {
  return stack.refs(field, types).found.length > 0 ? [] : field.must(isSet);
}

function* recordsManagement(trail: Resource): Iterable<Finding> {
  const advanced = trail.at("advancedEventSelectors");
  if (advanced.present) {
    const wanted = any(advanced.each().map((selector) => isAllManagement(selector)));
    yield* advanced.judge(wanted, "have a selector of all management events");
    return;
  }
  for (const selector of trail.each("eventSelectors")) {
    yield* selector.at("includeManagementEvents").must(isNot(false));
    const kinds = selector.at("readWriteType");
    if (kinds.present) yield* kinds.must(is("All"));
  }
}

/** A selector with the category alone leaves nothing of it out. */
function isAllManagement(selector: Field): Truth {
  const fields = selector.at("fieldSelectors").each();
  if (fields.some(({ unknown }) => unknown)) return undefined;
  const [only, ...more] = fields;
  const values = only?.at("equals").each() ?? [];
  return all([
    more.length === 0,
    only?.at("field").value === "eventCategory",
    any(values.map((value) => (value.unknown ? undefined : value.value === "Management"))),
  ]);
}

export const trailLocked = stackRule({
  id: "log-trail-locked",
  title: "The records of a trail cannot be deleted for a time, by whoever it may be",
  severity: "medium",
  level: "mandatory",
  requirements: ["M1"],
  controls: [],
  fix: "Make the trail's bucket with objectLockEnabled, and add aws.s3.BucketObjectLockConfiguration with a default retention of 90 days at least.",
  url: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html",
  types: [token.trail],
  *checkStack(stack) {
    for (const trail of stack.all(token.trail)) {
      const { found, outside, unknown } = stack.refs(trail.at("s3BucketName"), bucketTypes);
      yield* unknown.map((field) => field.undecided());
      yield* outside.map((field) =>
        trail.undecided(`the lock of ${field.text} is unknown: the stack does not manage it`),
      );
      for (const bucket of found) yield* mustBeLocked(bucket, stack, atHandDays);
    }
  },
});

export const alarmsAct = stackRule({
  id: "mon-alarms-tell",
  title: "What is counted in logs has an alarm, and every alarm tells somebody",
  severity: "medium",
  level: "mandatory",
  requirements: ["M1", "M10"],
  controls: ["ckv:CKV_AWS_319"],
  fix: "Add aws.cloudwatch.MetricAlarm for the metric, with alarmActions that name a topic which somebody subscribed to.",
  url: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html",
  types: [token.logMetricFilter, token.metricAlarm],
  *checkStack(stack) {
    const alarms = stack.all(token.metricAlarm);
    for (const filter of stack.all(token.logMetricFilter)) yield* isWatched(filter, alarms);
    for (const alarm of alarms) {
      yield* alarm.must("actionsEnabled", isNot(false));
      const actions = alarm.at("alarmActions");
      if (!actions.unknown && actions.each().length === 0) yield actions.fail("name a topic");
      for (const topic of stack.refs(actions, [token.topic]).found) {
        yield* hasReader(topic, stack);
      }
    }
  },
});

function* isWatched(filter: Resource, alarms: readonly Resource[]): Iterable<Finding> {
  const metric = ["metricTransformation.name", "metricTransformation.namespace"].map((path) =>
    filter.at(path),
  );
  const unknown = metric.find((field) => field.unknown);
  if (unknown) {
    yield unknown.undecided();
    return;
  }
  const [name, namespace] = metric.map(({ value }) => value);
  const watched = any(
    alarms.map((alarm) =>
      all(
        [
          [alarm.at("metricName"), name],
          [alarm.at("namespace"), namespace],
        ].map(([field, value]) =>
          (field as Field).unknown ? undefined : (field as Field).value === value,
        ),
      ),
    ),
  );
  yield* filter.at("metricTransformation.name").judge(watched, "have an alarm in the stack");
}

/** Whoever has a filter hears of what it lets through, which may be nothing. */
const hearsAll = { ...isAbsent, rule: "be left out, so that every alarm is told" };

function hasReader(topic: Resource, stack: Stack): Finding[] {
  const readers = stack.users(topic, [token.topicSubscription], "topic");
  if (readers.length > 0)
    return oneOfWays(readers.map((one) => one.must("filterPolicy", hearsAll)));
  const open = stack.danglers([token.topicSubscription], "topic", [token.topic]);
  return open.length > 0
    ? open.map((field) => field.undecided())
    : [topic.fail(`${topic.name} must have a subscription, got none`)];
}
