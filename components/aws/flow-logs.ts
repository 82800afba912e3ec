import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { logGroupArns } from "./arns";
import { policyDocument } from "./policy-document";

export interface FlowLogsArgs {
  /** VPC to watch. */
  vpcId: pulumi.Input<string>;
  /** Name of the log group. */
  logGroupName: string;
  /** AWS account of the stack. */
  accountId: string;
  /** AWS region of the stack. */
  region: string;
  /** Key of the log group. */
  keyArn: pulumi.Input<string>;
  /** Days for which the records are kept. */
  retentionDays: number;
}

/** Records every flow of a VPC, accepted or rejected, in an encrypted log group. */
export class FlowLogs extends pulumi.ComponentResource {
  static readonly requirements = ["M1"];

  constructor(name: string, args: FlowLogsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:FlowLogs", name, {}, opts);
    const child = { parent: this };
    const logGroup = new aws.cloudwatch.LogGroup(
      name,
      { name: args.logGroupName, kmsKeyId: args.keyArn, retentionInDays: args.retentionDays },
      child,
    );
    const role = new aws.iam.Role(
      name,
      {
        description: "VPC flow logs write to their log group",
        assumeRolePolicy: policyDocument([
          {
            Sid: "FlowLogsOfThisAccount",
            Principal: { Service: "vpc-flow-logs.amazonaws.com" },
            Action: "sts:AssumeRole",
            // docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
            Condition: {
              StringEquals: { "aws:SourceAccount": args.accountId },
              ArnLike: {
                "aws:SourceArn": `arn:aws:ec2:${args.region}:${args.accountId}:vpc-flow-log/*`,
              },
            },
          },
        ]),
      },
      child,
    );
    const policy = new aws.iam.RolePolicy(
      name,
      {
        role: role.id,
        policy: policyDocument([
          {
            Sid: "WriteToTheLogGroup",
            Action: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
            Resource: logGroupArns(args, args.logGroupName),
          },
          // The service looks the group up before it writes; the action takes no resource.
          { Sid: "FindTheLogGroup", Action: "logs:DescribeLogGroups", Resource: "*" },
        ]),
      },
      child,
    );
    new aws.ec2.FlowLog(
      name,
      {
        vpcId: args.vpcId,
        trafficType: "ALL",
        logDestinationType: "cloud-watch-logs",
        logDestination: logGroup.arn,
        iamRoleArn: role.arn,
        maxAggregationInterval: 60,
      },
      { ...child, dependsOn: policy },
    );
    this.registerOutputs({});
  }
}
