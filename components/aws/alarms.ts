import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Place } from "./arns";
import { alarmArn, topicArn } from "./arns";
import { auditPurpose } from "./audit-trail";
import { bucketName } from "./bucket";
import { EncryptionKey } from "./encryption-key";
import { logAlarm } from "./log-alarm";
import type { PolicyStatement } from "./policy-document";
import { policyDocument } from "./policy-document";
import { findingsRuleName } from "./threat-detection";

export interface AlarmsArgs extends Place {
  /** Start of the names that people look up. */
  prefix: string;
  /** Log group that receives the events of the audit trail. @default - others watch the trail, and the topic alone is made */
  logGroupName?: pulumi.Input<string>;
  /** E-mail addresses that are told. Each gets a mail by which it has to confirm once. */
  emails: string[];
  /** What else must not happen unseen, by id. @default - nothing */
  more?: Readonly<Record<string, Alarm>>;
}

export interface Alarm {
  /** What happened, for who reads the mail. */
  what: string;
  /** Why it must not. */
  why: string;
  /** Which events: docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html */
  pattern: string;
}

export const source = (service: string) => `($.eventSource = "${service}.amazonaws.com")`;
export const calls = (...names: string[]) =>
  `(${names.map((name) => `($.eventName = "${name}")`).join(" || ")})`;

// CloudTrail's record of a change of rules keeps the request's XML names, and a list only where there are several.
const edited = "$.requestParameters.ModifySecurityGroupRulesRequest.SecurityGroupRule";
const added = "$.responseElements.securityGroupRuleSet.items[*]";

/**
 * What must never happen unseen, in any region. Nothing here is forbidden by it: who has the right may do it, and
 * people hear of it.
 */
const alarms: Readonly<Record<string, Alarm>> = {
  "root-user": {
    what: "The root user of the account was used",
    why: "No policy limits it, and no daily work needs it.",
    pattern:
      '{ ($.userIdentity.type = "Root") && ($.userIdentity.invokedBy NOT EXISTS) && ($.eventType != "AwsServiceEvent") }',
  },
  "console-without-mfa": {
    what: "An IAM user signed in to the console without MFA",
    why: "A password alone is stolen too easily. Roles of an identity provider are not meant: their MFA is its own.",
    pattern:
      '{ ($.eventName = "ConsoleLogin") && ($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") && ($.additionalEventData.MFAUsed != "Yes") }',
  },
  "key-disabled": {
    what: "A KMS key was disabled, or is about to be deleted",
    why: "What it encrypts cannot be read without it; a deletion can be taken back until its window ends.",
    pattern: `{ ${source("kms")} && ${calls("DisableKey", "ScheduleKeyDeletion", "DeleteImportedKeyMaterial")} }`,
  },
  "key-policy-changed": {
    what: "The policy of a KMS key was changed",
    why: "It says who may read what the key encrypts, and who may use it at all.",
    pattern: `{ ${source("kms")} && ${calls("PutKeyPolicy")} }`,
  },
  "trail-stopped": {
    what: "A trail was stopped, deleted or told to record less",
    why: "Who hides what comes next starts here.",
    pattern: `{ ${source("cloudtrail")} && ${calls("StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors")} }`,
  },
  "logs-deleted": {
    what: "A log group or a log stream was deleted",
    why: "Flow logs, sessions and the control plane's audit log are evidence.",
    pattern: `{ ${source("logs")} && ${calls("DeleteLogGroup", "DeleteLogStream")} }`,
  },
  "flow-logs-deleted": {
    what: "The flow logs of a network were stopped",
    why: "They are the only record of who spoke to whom.",
    pattern: `{ ${source("ec2")} && ${calls("DeleteFlowLogs")} }`,
  },
  "detector-changed": {
    what: "GuardDuty was deleted or changed, or told what to leave out",
    why: "What it no longer looks at, nobody looks at. A filter can keep back what it finds, a list whom it trusts.",
    pattern: `{ ${source("guardduty")} && ${calls("DeleteDetector", "UpdateDetector", "CreateFilter", "UpdateFilter", "CreateIPSet", "UpdateIPSet", "CreateTrustedEntitySet", "UpdateTrustedEntitySet")} }`,
  },
  "security-group-opened": {
    what: "A security group was opened to the world",
    why: "The platform has one way in, and its rules come from the program.",
    pattern: `{ ${source("ec2")} && ${calls("AuthorizeSecurityGroupIngress")} && ((${added}.cidrIpv4 = "0.0.0.0/0") || (${added}.cidrIpv6 = "::/0")) }`,
  },
  "security-group-rule-opened": {
    what: "A rule of a security group was changed to let the world in",
    why: "The platform has one way in, and its rules come from the program.",
    pattern: `{ ${source("ec2")} && ${calls("ModifySecurityGroupRules")} && ((${edited}.SecurityGroupRule.CidrIpv4 = "0.0.0.0/0") || (${edited}.SecurityGroupRule.CidrIpv6 = "::/0") || (${edited}[*].SecurityGroupRule.CidrIpv4 = "0.0.0.0/0") || (${edited}[*].SecurityGroupRule.CidrIpv6 = "::/0")) }`,
  },
  "alarms-silenced": {
    what: "An alarm was deleted or silenced",
    why: "What it watched for happens unseen from then on.",
    pattern: `{ ${source("monitoring")} && ${calls("DeleteAlarms", "DisableAlarmActions")} }`,
  },
  "events-uncounted": {
    what: "A metric filter was deleted or changed, or what a log group takes or delivers",
    why: "Alarms count what filters find in what services may write, and the log store has what is delivered to it.",
    pattern: `{ ${source("logs")} && ${calls("DeleteMetricFilter", "PutMetricFilter", "DeleteSubscriptionFilter", "DeleteResourcePolicy", "PutResourcePolicy")} }`,
  },
  "agent-removed": {
    what: "GuardDuty's agent was taken from a cluster",
    why: "What runs on its nodes, nobody sees any more.",
    pattern: `{ ${source("eks")} && ${calls("DeleteAddon")} && ($.requestParameters.addonName = "aws-guardduty-agent") }`,
  },
  "people-untold": {
    what: "A subscription or a topic was deleted",
    why: "Alarms reach people by them. Who was subscribed alone, or to a topic that is gone, is not told of it either.",
    pattern: `{ ${source("sns")} && ${calls("Unsubscribe", "DeleteTopic")} }`,
  },
};

/** What nobody may do to the stack's own records unseen, beside what holds for the whole account. */
function ownAlarms(args: Place & { prefix: string }): Record<string, Alarm> {
  const parameter = (name: string, value: string) => `($.requestParameters.${name} = "${value}")`;
  const groups = ["/drawbridge", "/aws/eks", "/aws/events"].map(
    (start) => `${start}/${args.prefix}/*`,
  );
  const findings = findingsRuleName(args);
  const ofTheStack = groups.map((group) => parameter("logGroupName", group)).join(" || ");
  const ofTheTrail = parameter("bucketName", bucketName(args, auditPurpose));
  return {
    "retention-changed": {
      what: "It was changed how long a log group of the stack is kept",
      why: "Evidence that is kept for a day is gone before anybody looks.",
      pattern: `{ ${source("logs")} && ${calls("PutRetentionPolicy", "DeleteRetentionPolicy")} && (${ofTheStack}) }`,
    },
    "findings-untold": {
      what: "The rule that takes findings of GuardDuty to their log group was changed",
      why: "People hear of findings by that group, and the log store has them from it.",
      pattern: `{ ${source("events")} && ${calls("DeleteRule", "DisableRule", "PutRule", "RemoveTargets", "PutTargets")} && (${parameter("name", findings)} || ${parameter("rule", findings)}) }`,
    },
    "records-exposed": {
      what: "Who may read the trail's bucket, where it is copied to or how it keeps records was changed",
      why: "It keeps who did what in the account. Its objects are locked, and who may read them is not.",
      pattern: `{ ${source("s3")} && ${calls(...bucketChanges)} && ${ofTheTrail} }`,
    },
  };
}

/** As the trail has them: docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html */
const bucketChanges = [
  "PutBucketPolicy",
  "DeleteBucketPolicy",
  "PutBucketAcl",
  "PutBucketPublicAccessBlock",
  "DeleteBucketPublicAccessBlock",
  "PutBucketReplication",
  "PutBucketLogging",
  "PutBucketLifecycle",
  "DeleteBucketLifecycle",
  "PutBucketEncryption",
  "DeleteBucketEncryption",
  "PutBucketVersioning",
  "DeleteBucket",
];

/** Every alarm of a stack, by id. */
export function alarmsOf(args: Place & { prefix: string }): Record<string, Alarm> {
  return { ...alarms, ...ownAlarms(args) };
}

/** Tells people within minutes of what must never happen unseen. */
export class Alarms extends pulumi.ComponentResource {
  static readonly requirements = ["M1", "M10"];

  /** ARN of the topic that carries the alarms. */
  readonly topicArn: pulumi.Output<string>;

  constructor(name: string, args: AlarmsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:Alarms", name, {}, opts);
    const child = { parent: this };
    const topic = encryptedTopic(name, args, child);
    for (const email of args.emails) {
      new aws.sns.TopicSubscription(
        `${name}-${email}`,
        { topic: topic.arn, protocol: "email", endpoint: email },
        child,
      );
    }
    if (args.logGroupName !== undefined) watch(name, args, args.logGroupName, topic, child);
    this.topicArn = topic.arn;
    this.registerOutputs({ topicArn: this.topicArn });
  }
}

/** An alarm for each event of the trail that must not happen unseen. */
function watch(
  name: string,
  args: AlarmsArgs,
  logGroupName: pulumi.Input<string>,
  topic: aws.sns.Topic,
  child: pulumi.CustomResourceOptions,
): void {
  const { prefix } = args;
  const all = { ...alarmsOf(args), ...args.more };
  for (const [id, { what, why, pattern }] of Object.entries(all)) {
    const description = `${what}. ${why}`;
    logAlarm(
      `${name}-${id}`,
      { prefix, id, logGroupName, pattern, description, topicArn: topic.arn },
      child,
    );
  }
}

/** CloudWatch acts for an alarm of the stack. */
function ofTheAlarms(args: AlarmsArgs): NonNullable<PolicyStatement["Condition"]> {
  return {
    StringEquals: { "aws:SourceAccount": args.accountId },
    ArnLike: { "aws:SourceArn": alarmArn(args, `${args.prefix}-*`) },
  };
}

/** A topic that the stack's alarms alone publish to, over TLS. */
function encryptedTopic(
  name: string,
  args: AlarmsArgs,
  child: pulumi.CustomResourceOptions,
): aws.sns.Topic {
  const topicName = `${args.prefix}-alarms`;
  const topic = topicArn(args, topicName);
  const key = new EncryptionKey(
    name,
    {
      accountId: args.accountId,
      description: "Alarms on their way to people",
      grants: [
        {
          // repost.aws/knowledge-center/cloudwatch-configure-alarm-sns; that KMS is told of the alarm as well:
          // aws.github.io/modern-data-architecture-accelerator, grantCloudWatchAlarmsTopicAccess
          Sid: "AlarmsEncryptMessages",
          Principal: { Service: "cloudwatch.amazonaws.com" },
          Action: ["kms:Decrypt", "kms:GenerateDataKey*"],
          Resource: "*",
          Condition: ofTheAlarms(args),
        },
      ],
    },
    child,
  );
  return new aws.sns.Topic(
    name,
    {
      name: topicName,
      kmsMasterKeyId: key.arn,
      // Who receives a message over HTTP can check it by SHA-256: docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
      signatureVersion: 2,
      policy: policyDocument([
        {
          Sid: "AlarmsOfTheStack",
          Principal: { Service: "cloudwatch.amazonaws.com" },
          Action: "sns:Publish",
          Resource: topic,
          // docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
          Condition: ofTheAlarms(args),
        },
        {
          Sid: "OverTlsOnly",
          Effect: "Deny",
          Principal: "*",
          Action: "sns:Publish",
          Resource: topic,
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ]),
    },
    child,
  );
}
