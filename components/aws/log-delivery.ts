import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { functionArn, logGroupArns, roleArn } from "./arns";
import type { Place } from "./arns";
import { Bucket } from "./bucket";
import { lambdaFunction } from "./lambda-function";
import type { PolicyStatement } from "./policy-document";
import { keyByAlias } from "./policy-document";
import { serviceRole } from "./service-role";

export interface LogDeliveryArgs extends Place {
  /** Start of the names that people look up. */
  prefix: string;
  /** Names of the log groups whose events are delivered, by what they are of. */
  logGroupNames: Record<string, pulumi.Input<string>>;
  /** ARN of the log store's domain. */
  domainArn: string;
  /** The log store: the stream waits for it. */
  logStore: pulumi.Resource;
  /** Private subnets of the stream's network interfaces. */
  subnetIds: pulumi.Input<string>[];
  /** Security group of these network interfaces. */
  securityGroupId: pulumi.Input<string>;
  /** Rules that let the stream reach the domain. */
  securityGroupRules: pulumi.Resource;
  /** Key of the stream and of the failed records. */
  key: { arn: pulumi.Input<string>; alias: string };
  /** Key of the code and of the environment of the function between both. */
  functionKeyArn: pulumi.Input<string>;
  /** Key of the logs of the delivery itself. */
  logKeyArn: pulumi.Input<string>;
  /** Days for which the logs of the delivery itself, and the records that failed, are kept. */
  logRetentionDays: number;
  /** Bucket that receives the access logs of the bucket of failed records. */
  accessLogs: Bucket;
  /** Whether Pulumi refuses to delete the bucket of failed records. @default true */
  deletionProtection?: boolean;
}

/** What the bucket of failed records is for: part of its name. */
export const failedLogsPurpose = "failed-logs";

/** Start of the names of the indices that it writes. */
export const deliveryIndexPrefix = "control-plane";

/** Firehose tries for two hours before it puts records aside; it offers no more. */
const retrySeconds = 7200;

/** How long Firehose collects records before it delivers them, and how much: whichever comes first. */
const buffering = { bufferingInterval: 60, bufferingSize: 5 };

/**
 * Brings logs of the control plane and of Vault from CloudWatch into the log store: subscriptions, a Firehose stream inside the VPC,
 * and a function that makes a document of each event. What the store does not take is kept in a bucket.
 *
 * Firehose alone cannot do it: CloudWatch Logs puts many events into one record, of which OpenSearch takes none
 * (docs.aws.amazon.com/firehose/latest/dev/writing-with-cloudwatch-logs.html). Taking the messages out of a batch, as
 * Firehose offers, leaves them all in one record as well.
 */
export class LogDelivery extends pulumi.ComponentResource {
  static readonly requirements = ["S1"];

  constructor(name: string, args: LogDeliveryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:LogDelivery", name, {}, opts);
    const child = { parent: this };
    const names = deliveryNames(args);
    const failedRecords = new Bucket(
      failedLogsPurpose,
      {
        ...args,
        purpose: failedLogsPurpose,
        encryption: { keyArn: args.key.arn },
        // Firehose is no service to S3: it writes by its role, with the ARN of the key in its settings.
        encryptors: [deliveryRoleArn(args)],
        retentionDays: args.logRetentionDays,
      },
      child,
    );
    const logs = deliveryLogs(name, args, child);
    const splitter = splitterFunction(name, args, child);
    const role = serviceRole(
      name,
      names.role,
      "Delivery of logs to the log store",
      {
        Sid: "StreamOfThisAccount",
        // docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#firehose-assume-role
        Principal: { Service: "firehose.amazonaws.com" },
        Action: "sts:AssumeRole",
        // By this Firehose tells for which account it acts:
        // docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CreateFirehoseStream.html
        Condition: { StringEquals: { "sts:ExternalId": args.accountId } },
      },
      deliveryRights(args, failedRecords.arn),
      child,
    );
    const stream = new aws.kinesis.FirehoseDeliveryStream(
      name,
      {
        name: names.stream,
        destination: "opensearch",
        serverSideEncryption: {
          enabled: true,
          keyType: "CUSTOMER_MANAGED_CMK",
          keyArn: args.key.arn,
        },
        opensearchConfiguration: {
          domainArn: args.domainArn,
          roleArn: role.arn,
          indexName: deliveryIndexPrefix,
          indexRotationPeriod: "OneDay",
          ...buffering,
          retryDuration: retrySeconds,
          s3BackupMode: "FailedDocumentsOnly",
          s3Configuration: {
            bucketArn: failedRecords.arn,
            roleArn: role.arn,
            kmsKeyArn: args.key.arn,
            compressionFormat: "GZIP",
            errorOutputPrefix: "control-plane/",
            cloudwatchLoggingOptions: logs.options("failed-records"),
          },
          vpcConfig: {
            roleArn: role.arn,
            subnetIds: args.subnetIds,
            securityGroupIds: [args.securityGroupId],
          },
          processingConfiguration: {
            enabled: true,
            processors: [
              {
                type: "Lambda",
                parameters: [{ parameterName: "LambdaArn", parameterValue: names.functionVersion }],
              },
            ],
          },
          cloudwatchLoggingOptions: logs.options("log-store"),
        },
      },
      {
        ...child,
        dependsOn: [
          ...role.rights,
          ...logs.streams,
          splitter,
          args.logStore,
          failedRecords,
          args.securityGroupRules,
        ],
      },
    );
    subscribe(name, args, stream, child);
    this.registerOutputs({});
  }
}

/** ARN of the role by which the delivery writes to the log store, known before it exists. */
export function deliveryRoleArn(args: Place & { prefix: string }): string {
  return roleArn(args, deliveryNames(args).role);
}

function deliveryNames(args: Place & { prefix: string }) {
  const { prefix, region, accountId } = args;
  const stream = `${prefix}-control-plane`;
  const splitter = `${prefix}-log-events`;
  return {
    role: `${prefix}-log-delivery`,
    stream,
    streamArn: `arn:aws:firehose:${region}:${accountId}:deliverystream/${stream}`,
    splitter,
    functionArn: functionArn(args, splitter),
    functionVersion: `${functionArn(args, splitter)}:$LATEST`,
    splitterLogs: `/drawbridge/${prefix}/log-events`,
    logs: `/drawbridge/${prefix}/log-delivery`,
  };
}

/** What Firehose needs, as its guide lists it: docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-es-vpc */
function deliveryRights(args: LogDeliveryArgs, bucket: string): PolicyStatement[] {
  const { region, accountId } = args;
  const names = deliveryNames(args);
  const ec2 = (type: string) => `arn:aws:ec2:${region}:${accountId}:${type}/*`;
  const { Resource, Condition } = keyByAlias(args, args.key.alias);
  return [
    {
      Sid: "FindTheStore",
      Action: ["es:DescribeDomain", "es:DescribeDomainConfig", "es:DescribeDomains"],
      Resource: args.domainArn,
    },
    {
      Sid: "IndexInTheStore",
      Action: ["es:ESHttpPost", "es:ESHttpPut"],
      Resource: `${args.domainArn}/*`,
    },
    {
      Sid: "ReadTheStateOfTheStore",
      Action: "es:ESHttpGet",
      Resource: [
        "_all/_settings",
        "_cluster/stats",
        "control-plane*/_mapping/*",
        "_nodes",
        "_nodes/stats",
        "_nodes/*/stats",
        "_stats",
        "control-plane*/_stats",
      ].map((path) => `${args.domainArn}/${path}`),
    },
    {
      // These describe; they take no resource.
      Sid: "FindTheNetwork",
      Action: [
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
      ],
      Resource: "*",
      Condition: { StringEquals: { "ec2:Region": region } },
    },
    { Sid: "ReadTheNetwork", Action: "ec2:DescribeVpcAttribute", Resource: ec2("vpc") },
    {
      Sid: "EnterTheNetwork",
      Action: "ec2:CreateNetworkInterface",
      Resource: [ec2("network-interface"), ec2("security-group"), ec2("subnet")],
    },
    {
      Sid: "UseAndLeaveTheNetwork",
      Action: ["ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface"],
      Resource: ec2("network-interface"),
    },
    {
      Sid: "FindFailedRecords",
      Action: ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
      Resource: bucket,
    },
    {
      Sid: "KeepFailedRecords",
      Action: ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
      Resource: `${bucket}/*`,
    },
    {
      Sid: "EncryptFailedRecords",
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      Resource,
      Condition: { ...Condition, StringEquals: { "kms:ViaService": `s3.${region}.amazonaws.com` } },
    },
    {
      Sid: "SplitBatches",
      Action: ["lambda:GetFunctionConfiguration", "lambda:InvokeFunction"],
      Resource: [names.functionArn, names.functionVersion],
    },
    {
      Sid: "ReportErrors",
      Action: "logs:PutLogEvents",
      Resource: logGroupArns(args, names.logs),
    },
  ];
}

/** Where the stream reports what it could not deliver. Firehose makes neither the group nor its streams. */
function deliveryLogs(
  name: string,
  args: LogDeliveryArgs,
  child: pulumi.CustomResourceOptions,
): {
  streams: pulumi.Resource[];
  options: (stream: string) => { enabled: boolean; logGroupName: string; logStreamName: string };
} {
  const { logs } = deliveryNames(args);
  const group = new aws.cloudwatch.LogGroup(
    name,
    { name: logs, kmsKeyId: args.logKeyArn, retentionInDays: args.logRetentionDays },
    child,
  );
  const streams = ["failed-records", "log-store"].map(
    (stream) =>
      new aws.cloudwatch.LogStream(
        `${name}-${stream}`,
        { name: stream, logGroupName: group.name },
        child,
      ),
  );
  const options = (logStreamName: string) => ({ enabled: true, logGroupName: logs, logStreamName });
  return { streams, options };
}

/** The function that makes a record of each event. */
function splitterFunction(
  name: string,
  args: LogDeliveryArgs,
  child: pulumi.CustomResourceOptions,
): pulumi.Resource {
  const names = deliveryNames(args);
  return lambdaFunction(
    `${name}-events`,
    {
      ...args,
      functionName: names.splitter,
      description: "Makes a record of each log event",
      source: "log-events.cjs",
      variables: { DELIVERY_STREAM: names.stream },
      logGroupName: names.splitterLogs,
      rights: [
        {
          Sid: "PutEventsBack",
          Action: "firehose:PutRecordBatch",
          Resource: names.streamArn,
          // docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
          Condition: { ArnEquals: { "lambda:SourceFunctionArn": names.functionArn } },
        },
      ],
      memorySize: 256,
      timeout: 120,
    },
    child,
  );
}

/** docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#FirehoseExample */
function subscribe(
  name: string,
  args: LogDeliveryArgs,
  stream: aws.kinesis.FirehoseDeliveryStream,
  child: pulumi.CustomResourceOptions,
): void {
  const role = serviceRole(
    `${name}-subscription`,
    `${args.prefix}-log-subscription`,
    "Log groups write to the delivery of logs",
    {
      Sid: "LogGroupsOfThisAccount",
      Principal: { Service: "logs.amazonaws.com" },
      Action: "sts:AssumeRole",
      Condition: {
        ArnLike: { "aws:SourceArn": `arn:aws:logs:${args.region}:${args.accountId}:*` },
      },
    },
    [
      {
        Sid: "PutRecords",
        Action: ["firehose:PutRecord", "firehose:PutRecordBatch"],
        Resource: deliveryNames(args).streamArn,
      },
    ],
    child,
  );
  for (const [source, logGroup] of Object.entries(args.logGroupNames)) {
    new aws.cloudwatch.LogSubscriptionFilter(
      `${name}-${source}`,
      {
        logGroup,
        destinationArn: stream.arn,
        roleArn: role.arn,
        // Everything.
        filterPattern: "",
      },
      { ...child, dependsOn: role.rights },
    );
  }
}
