import { is, known, numeric } from "./conditions";
import { findingGroups } from "./guard-duty-findings";
import type { Finding, Resource, Stack } from "./model";
import { stackRule } from "./rule";
import { token } from "./tokens";

/**
 * The log groups that receive a trail's events. Whoever else has the events has their alarms, too; of a stack without
 * a trail log-cloudtrail tells.
 */
function trailGroups(stack: Stack): Resource[] {
  const groups = stack
    .all(token.trail)
    .flatMap((trail) => stack.refs(trail.at("cloudWatchLogsGroupArn"), [token.logGroup]).found);
  return [...new Set(groups)];
}

/** What filters on such a group count are deeds, not noise. */
function filtersOf(group: Resource, stack: Stack): Resource[] {
  return stack.users(group, [token.logMetricFilter], "logGroupName");
}

export const alarmsAtOnce = stackRule({
  id: "mon-alarms-at-once",
  title:
    "One event of the trail, or one finding, that has an alarm is enough to raise it, within five minutes",
  severity: "medium",
  level: "advisory",
  requirements: ["M1", "M10"],
  controls: [],
  fix: "Count each event as 1, and let the alarm compare the Sum of one period of 300 seconds at most with 1.",
  url: "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html",
  types: [token.trail, token.detector],
  *checkStack(stack) {
    const alarms = stack.all(token.metricAlarm);
    const groups = new Set([...trailGroups(stack), ...findingGroups(stack)]);
    for (const filter of [...groups].flatMap((group) => filtersOf(group, stack))) {
      yield* filter.must("metricTransformation.value", countsOne);
      for (const alarm of alarms.filter((one) => watches(one, filter))) yield* atOnce(alarm);
    }
  },
});

/** Values may be taken from the event, which names them by a path. */
const countsOne = known("be 1", (value) => numeric(value) >= 1 || String(value).startsWith("$"));

function watches(alarm: Resource, filter: Resource): boolean {
  return (
    alarm.at("metricName").value === filter.at("metricTransformation.name").value &&
    alarm.at("namespace").value === filter.at("metricTransformation.namespace").value
  );
}

const fiveMinutes = known("be from 10 to 300 seconds", (value) => {
  const seconds = numeric(value);
  return seconds >= 10 && seconds <= 300;
});
const one = known("be 1", (value) => numeric(value) === 1);

function* atOnce(alarm: Resource): Iterable<Finding> {
  yield* alarm.must("statistic", is("Sum"));
  yield* alarm.must("period", fiveMinutes);
  yield* alarm.must("evaluationPeriods", one);
  const comparison = alarm.at("comparisonOperator");
  const least = comparison.value === "GreaterThanThreshold" ? 0 : 1;
  yield* comparison.must(
    known("be GreaterThanOrEqualToThreshold or GreaterThanThreshold", (value) =>
      /^GreaterThan(OrEqualTo)?Threshold$/.test(String(value)),
    ),
  );
  yield* alarm.must(
    "threshold",
    known(`be ${least}`, (value) => numeric(value) === least),
  );
}

/** Names that a pattern about the event has in it, and what the event is. */
type Watched = [what: string, names: readonly string[]];

const events: readonly Watched[] = [
  ["a use of the root user", ["Root"]],
  ["a sign-in without MFA", ["MFAUsed"]],
  ["a key that is disabled or deleted", ["DisableKey", "ScheduleKeyDeletion"]],
  ["a trail that is stopped", ["StopLogging", "DeleteTrail"]],
  ["log groups that are deleted", ["DeleteLogGroup"]],
  ["flow logs that are deleted", ["DeleteFlowLogs"]],
  ["a detector that is deleted", ["DeleteDetector"]],
  ["a security group that is opened", ["AuthorizeSecurityGroupIngress"]],
  ["a changed rule of a security group", ["ModifySecurityGroupRules"]],
  ["a changed policy of a key", ["PutKeyPolicy"]],
  ["an alarm that is deleted or silenced", ["DeleteAlarms", "DisableAlarmActions"]],
  ["a metric filter that is deleted", ["DeleteMetricFilter"]],
  ["a subscription or a topic that is deleted", ["Unsubscribe", "DeleteTopic"]],
  ["a changed retention of logs", ["PutRetentionPolicy"]],
  ["a changed policy or lifecycle of a bucket", ["PutBucketPolicy", "PutBucketLifecycle"]],
  ["a bucket that is opened", ["PutBucketPublicAccessBlock", "DeleteBucketPublicAccessBlock"]],
  ["a bucket that is copied away", ["PutBucketReplication"]],
];

const ofFindings: readonly Watched[] = [
  ["findings that are kept back", ["CreateFilter"]],
  ["a changed rule for findings", ["DisableRule", "RemoveTargets"]],
];

const ofSecrets: Watched = [
  "a changed secret or policy of a secret",
  ["PutSecretValue", "PutResourcePolicy"],
];

const ofAddons: Watched = ["an add-on that is taken from a cluster", ["DeleteAddon"]];

const ofInstances: Watched = ["changed user data of an instance", ["ModifyInstanceAttribute"]];

export const trailWatched = stackRule({
  id: "mon-trail-watched",
  title: "Somebody hears of what ends the records, the keys or the network's rules",
  severity: "medium",
  level: "advisory",
  requirements: ["M1", "M10"],
  controls: [],
  fix: "Add aws.cloudwatch.LogMetricFilter, with an alarm, for each of these events to the log group of the trail.",
  url: "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html",
  types: [token.trail],
  *checkStack(stack) {
    const wanted = [
      ...events,
      ...(stack.all(token.detector).length > 0 ? ofFindings : []),
      ...(stack.all(token.addon).length > 0 ? [ofAddons] : []),
      ...(stack.all(token.secret).length > 0 ? [ofSecrets] : []),
      ...(stack.all(token.instance).length > 0 ? [ofInstances] : []),
    ];
    for (const group of trailGroups(stack)) {
      const patterns = filtersOf(group, stack).map((filter) => filter.at("pattern"));
      const missing = wanted.filter(
        ([, names]) => !patterns.some(({ text }) => names.every((name) => text.includes(name))),
      );
      if (missing.length === 0) continue;
      const open = [
        ...patterns.filter(({ unknown }) => unknown),
        ...stack.danglers([token.logMetricFilter], "logGroupName", [token.logGroup]),
      ];
      yield* open.length > 0
        ? open.map((field) => field.undecided())
        : missing.map(([what, names]) =>
            group.fail(`${group.name} must have a filter for ${what} (${names.join(", ")})`),
          );
    }
  },
});
