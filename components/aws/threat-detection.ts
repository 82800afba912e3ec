import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Place } from "./arns";
import { eventRuleArn, logGroupArns } from "./arns";
import { logAlarm } from "./log-alarm";
import { policyDocument } from "./policy-document";

export interface ThreatDetectionArgs extends Place {
  /** Start of the names that people look up. */
  prefix: string;
  /** Key of the log group of findings. */
  logKeyArn: pulumi.Input<string>;
  /** Days for which findings are kept in the log group; GuardDuty itself keeps them for 90. */
  logRetentionDays: number;
  /** Topic that tells people of findings. @default - nobody is told */
  alarmTopicArn?: pulumi.Input<string>;
}

/**
 * GuardDuty over the account and region: what AWS itself records, the audit logs of every EKS cluster, and what agents
 * on the nodes see. What it finds goes to a log group, and people are told of what is severe.
 *
 * A topic would take findings at first hand, but a key cannot be kept to one rule of EventBridge then: its policy would
 * let the service in for everybody (docs.aws.amazon.com/sns/latest/dg/sns-key-management.html).
 */
export class ThreatDetection extends pulumi.ComponentResource {
  static readonly requirements = ["M1", "M10"];

  /** Log group of what is found. */
  readonly logGroupName: pulumi.Output<string>;

  constructor(name: string, args: ThreatDetectionArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:ThreatDetection", name, {}, opts);
    const child = { parent: this };
    const detector = new aws.guardduty.Detector(
      name,
      { enable: true, findingPublishingFrequency: "FIFTEEN_MINUTES" },
      child,
    );
    const feature = (title: string, more: Partial<aws.guardduty.DetectorFeatureArgs>) =>
      new aws.guardduty.DetectorFeature(
        `${name}-${title}`,
        { detectorId: detector.id, status: "ENABLED", ...more },
        child,
      );
    feature("eks-audit-logs", { name: "EKS_AUDIT_LOGS" });
    feature("runtime-monitoring", {
      name: "RUNTIME_MONITORING",
      // GuardDuty would put an endpoint and a security group into the VPC, which then cannot be deleted with the stack:
      // docs.aws.amazon.com/guardduty/latest/ug/how-runtime-monitoring-works-eks.html. AWS tells of all three, and one
      // that is not named would be a difference for ever: github.com/hashicorp/terraform-provider-aws/issues/36695
      additionalConfigurations: agents.map((agent) => ({ name: agent, status: "DISABLED" })),
    });
    this.logGroupName = findingsLog(name, args, child);
    const { logGroupName } = this;
    const { prefix, alarmTopicArn: topicArn } = args;
    if (topicArn !== undefined) {
      logAlarm(`${name}-found`, { ...threatFound, prefix, logGroupName, topicArn }, child);
    }
    this.registerOutputs({});
  }
}

/** What GuardDuty would install agents on by itself: docs.aws.amazon.com/guardduty/latest/APIReference/API_DetectorAdditionalConfiguration.html */
const agents = ["EC2_AGENT_MANAGEMENT", "ECS_FARGATE_AGENT_MANAGEMENT", "EKS_ADDON_MANAGEMENT"];

/**
 * From 7 to 8.9 a finding is of high severity, above it critical: docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html
 */
const threatFound = {
  id: "threat-found",
  pattern: "{ $.detail.severity >= 7 }",
  description:
    "GuardDuty found something of high or critical severity. See Threats in docs/operations.md",
};

/** What the rule is called that takes findings to their log group. */
export function findingsRuleName({ prefix }: { prefix: string }): string {
  return `${prefix}-findings`;
}

/** Name of the log group of findings. AWS asks for its start: repost.aws/knowledge-center/cloudwatch-log-group-eventbridge */
function findingsLogName({ prefix }: { prefix: string }): string {
  return `/aws/events/${prefix}/findings`;
}

/** Takes what GuardDuty finds to a log group: docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html */
function findingsLog(
  name: string,
  args: ThreatDetectionArgs,
  child: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const group = new aws.cloudwatch.LogGroup(
    `${name}-findings`,
    {
      name: findingsLogName(args),
      kmsKeyId: args.logKeyArn,
      retentionInDays: args.logRetentionDays,
    },
    child,
  );
  const policy = new aws.cloudwatch.LogResourcePolicy(
    `${name}-findings`,
    { policyName: `${args.prefix}-findings`, policyDocument: policyDocument(writers(args)) },
    child,
  );
  const rule = new aws.cloudwatch.EventRule(
    `${name}-findings`,
    {
      name: findingsRuleName(args),
      description: "What GuardDuty finds goes to its log group",
      eventPattern: JSON.stringify({
        source: ["aws.guardduty"],
        "detail-type": ["GuardDuty Finding"],
      }),
    },
    child,
  );
  new aws.cloudwatch.EventTarget(
    `${name}-findings`,
    { rule: rule.name, targetId: "log-group", arn: group.arn },
    { ...child, dependsOn: [policy] },
  );
  return group.name;
}

/**
 * Who writes on behalf of EventBridge: docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions
 *
 * For which rule a stream is made is not told, and without a rule nothing is put into it.
 */
function writers(args: ThreatDetectionArgs) {
  const Principal = { Service: ["delivery.logs.amazonaws.com", "events.amazonaws.com"] };
  const Resource = logGroupArns(args, findingsLogName(args));
  return [
    { Sid: "EventBridgeMakesStreams", Principal, Action: "logs:CreateLogStream", Resource },
    {
      Sid: "FindingsAreWritten",
      Principal,
      Action: "logs:PutLogEvents",
      Resource,
      Condition: { ArnEquals: { "aws:SourceArn": eventRuleArn(args, findingsRuleName(args)) } },
    },
  ];
}
