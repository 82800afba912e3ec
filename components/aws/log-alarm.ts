import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface LogAlarmArgs {
  /** Start of the names that people look up. The stack's topic takes alarms whose names start with it. */
  prefix: string;
  /** What the alarm, its filter and its metric are called after the prefix. */
  id: string;
  /** Log group that is watched. */
  logGroupName: pulumi.Input<string>;
  /** Which events: docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html */
  pattern: string;
  /** What happened and what to do, for who reads the mail. */
  description: string;
  /** Whether it is the event that raises the alarm, or that there was none. @default "event" */
  raisedBy?: "event" | "silence";
  /** How long is counted for, in seconds. @default 60 */
  period?: number;
  /** How many of these periods it takes. @default 1 */
  periods?: number;
  /** Topic that carries the alarm. */
  topicArn: pulumi.Input<string>;
}

/** Counts events of a log group, and raises an alarm at the first, or when there was none. */
export function logAlarm(
  name: string,
  args: LogAlarmArgs,
  child: pulumi.CustomResourceOptions,
): void {
  const { prefix, id, logGroupName, pattern, raisedBy = "event" } = args;
  const metric = { name: id, namespace: `Drawbridge/${prefix}` };
  const filter = new aws.cloudwatch.LogMetricFilter(
    name,
    {
      name: `${prefix}-${id}`,
      logGroupName,
      pattern,
      metricTransformation: { ...metric, value: "1", defaultValue: "0" },
    },
    child,
  );
  const isSilence = raisedBy === "silence";
  new aws.cloudwatch.MetricAlarm(
    name,
    {
      name: `${prefix}-${id}`,
      alarmDescription: args.description,
      metricName: metric.name,
      namespace: metric.namespace,
      statistic: "Sum",
      period: args.period ?? 60,
      evaluationPeriods: args.periods ?? 1,
      threshold: 1,
      comparisonOperator: isSilence ? "LessThanThreshold" : "GreaterThanOrEqualToThreshold",
      // A group without any events has no metric.
      treatMissingData: isSilence ? "breaching" : "notBreaching",
      alarmActions: [args.topicArn],
    },
    { ...child, dependsOn: filter },
  );
}
