import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Place } from "./arns";
import { policyDocument } from "./policy-document";

export interface WebAclArgs extends Place {
  /** Start of the names that people look up. */
  prefix: string;
  /** ARN of the load balancer whose requests are filtered. */
  loadBalancerArn: pulumi.Input<string>;
  /** Requests from one address in five minutes, above which it is blocked, 10 to 2000000000. */
  requestLimit: number;
  /** Key of the log. */
  logKeyArn: pulumi.Input<string>;
  /** Days for which the log is kept. */
  logRetentionDays: number;
}

/** Rule groups that AWS keeps up to date, in the order in which they are asked: docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html */
const managedGroups = [
  "AWSManagedRulesAmazonIpReputationList",
  "AWSManagedRulesKnownBadInputsRuleSet",
  "AWSManagedRulesCommonRuleSet",
];

/** What lets somebody act as the user who sent it. */
const credentialHeaders = ["authorization", "cookie"];

/** A web application firewall in front of a load balancer, with a log that holds no credentials. */
export class WebAcl extends pulumi.ComponentResource {
  static readonly requirements = ["C10"];

  /** What must stand before the load balancer takes its first request. */
  readonly ready: pulumi.Resource;

  constructor(name: string, args: WebAclArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:WebAcl", name, {}, opts);
    const child = { parent: this };
    const acl = new aws.wafv2.WebAcl(
      name,
      {
        scope: "REGIONAL",
        description: "Requests from the internet",
        defaultAction: { allow: {} },
        rules: [
          rateLimit(args.requestLimit),
          ...managedGroups.map((group, i) => managedGroup(group, i + 1)),
        ],
        // Holds for the samples in the console too, which the redaction of the log leaves alone.
        dataProtectionConfig: {
          dataProtections: [
            {
              action: "SUBSTITUTION",
              field: { fieldType: "SINGLE_HEADER", fieldKeys: credentialHeaders },
            },
          ],
        },
        visibilityConfig: visibility("requests"),
        tags: { Name: args.prefix },
      },
      child,
    );
    const logging = log(name, args, acl, child);
    this.ready = new aws.wafv2.WebAclAssociation(
      name,
      { resourceArn: args.loadBalancerArn, webAclArn: acl.arn },
      { ...child, dependsOn: logging },
    );
    this.registerOutputs({});
  }
}

const visibility = (metricName: string) => ({
  metricName,
  cloudwatchMetricsEnabled: true,
  sampledRequestsEnabled: true,
});

function rateLimit(limit: number): aws.types.input.wafv2.WebAclRule {
  return {
    name: "requests-of-one-address",
    priority: 0,
    action: { block: {} },
    statement: {
      rateBasedStatement: { limit, aggregateKeyType: "IP", evaluationWindowSec: 300 },
    },
    visibilityConfig: visibility("requests-of-one-address"),
  };
}

function managedGroup(name: string, priority: number): aws.types.input.wafv2.WebAclRule {
  return {
    name,
    priority,
    // Each rule of the group acts as AWS set it: it blocks.
    overrideAction: { none: {} },
    statement: { managedRuleGroupStatement: { vendorName: "AWS", name } },
    visibilityConfig: visibility(name),
  };
}

function log(
  name: string,
  args: WebAclArgs,
  acl: aws.wafv2.WebAcl,
  child: pulumi.CustomResourceOptions,
): pulumi.Resource {
  const { prefix, accountId, region } = args;
  // WAF writes to groups of this prefix only: docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
  const groupName = `aws-waf-logs-${prefix}`;
  const group = new aws.cloudwatch.LogGroup(
    name,
    { name: groupName, kmsKeyId: args.logKeyArn, retentionInDays: args.logRetentionDays },
    child,
  );
  // Without it AWS writes a policy of its own, which nobody has reviewed:
  // docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html
  const delivery = new aws.cloudwatch.LogResourcePolicy(
    name,
    {
      resourceArn: group.arn,
      policyDocument: policyDocument([
        {
          Sid: "WafWritesToItsLogGroup",
          Principal: { Service: "delivery.logs.amazonaws.com" },
          Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
          Resource: `arn:aws:logs:${region}:${accountId}:log-group:${groupName}:log-stream:*`,
          Condition: {
            StringEquals: { "aws:SourceAccount": accountId },
            ArnLike: { "aws:SourceArn": `arn:aws:logs:${region}:${accountId}:*` },
          },
        },
      ]),
    },
    child,
  );
  return new aws.wafv2.WebAclLoggingConfiguration(
    name,
    {
      resourceArn: acl.arn,
      logDestinationConfigs: [group.arn],
      redactedFields: credentialHeaders.map((header) => ({ singleHeader: { name: header } })),
    },
    { ...child, dependsOn: delivery },
  );
}
