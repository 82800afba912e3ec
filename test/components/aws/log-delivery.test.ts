import { Bucket } from "../../../components/aws/bucket";
import { LogDelivery, deliveryRoleArn } from "../../../components/aws/log-delivery";
import * as pulumi from "@pulumi/pulumi";
import { created, ofType } from "../../support/created";

const place = { prefix: "p", accountId: "111122223333", region: "eu-west-1" };
const key = { arn: "arn:key", alias: "alias/log-store" };
const streamArn = "arn:aws:firehose:eu-west-1:111122223333:deliverystream/p-control-plane";
const functionArn = "arn:aws:lambda:eu-west-1:111122223333:function:p-log-events";
const bucketArn = "arn:aws:s3:::p-failed-logs-111122223333-eu-west-1";

const build = () =>
  created(() => {
    const accessLogs = new Bucket("access-logs", {
      ...place,
      purpose: "access-logs",
      encryption: { s3ManagedFor: "access-logs" },
    });
    return new LogDelivery("log-delivery", {
      ...place,
      logGroupNames: { cluster: "/aws/eks/p/cluster", vault: "/drawbridge/p/vault" },
      domainArn: "arn:aws:es:eu-west-1:111122223333:domain/p",
      logStore: new pulumi.ComponentResource("test:Store", "store"),
      subnetIds: ["subnet-a", "subnet-b"],
      securityGroupId: "sg-delivery",
      securityGroupRules: new pulumi.ComponentResource("test:Rules", "rules"),
      accessLogs,
      key,
      functionKeyArn: "arn:functions",
      logKeyArn: "arn:logs",
      logRetentionDays: 365,
    });
  });

interface Document {
  Statement: { Sid: string; Action: unknown; Resource: unknown; Condition?: unknown }[];
}
const documentOf = (inputs: Record<string, unknown> | undefined, field: string) =>
  JSON.parse(inputs?.[field] as string) as Document;

describe("LogDelivery", () => {
  it("streams into the store inside the VPC, encrypted, and keeps what fails [S1]", async () => {
    const streams = ofType(
      await build(),
      "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
    );
    const roleArn = "arn:log-delivery";
    const logged = (logStreamName: string) => ({
      enabled: true,
      logGroupName: "/drawbridge/p/log-delivery",
      logStreamName,
    });
    expect(streams).toEqual({
      "log-delivery": {
        name: "p-control-plane",
        destination: "opensearch",
        serverSideEncryption: {
          enabled: true,
          keyType: "CUSTOMER_MANAGED_CMK",
          keyArn: "arn:key",
        },
        opensearchConfiguration: {
          domainArn: "arn:aws:es:eu-west-1:111122223333:domain/p",
          roleArn,
          indexName: "control-plane",
          indexRotationPeriod: "OneDay",
          bufferingInterval: 60,
          bufferingSize: 5,
          retryDuration: 7200,
          s3BackupMode: "FailedDocumentsOnly",
          s3Configuration: {
            bucketArn,
            roleArn,
            kmsKeyArn: "arn:key",
            compressionFormat: "GZIP",
            errorOutputPrefix: "control-plane/",
            cloudwatchLoggingOptions: logged("failed-records"),
          },
          vpcConfig: {
            roleArn,
            subnetIds: ["subnet-a", "subnet-b"],
            securityGroupIds: ["sg-delivery"],
          },
          processingConfiguration: {
            enabled: true,
            processors: [
              {
                type: "Lambda",
                parameters: [
                  { parameterName: "LambdaArn", parameterValue: `${functionArn}:$LATEST` },
                ],
              },
            ],
          },
          cloudwatchLoggingOptions: logged("log-store"),
        },
      },
    });
  });

  it("keeps failed records as long as logs, under the key of the store", async () => {
    const resources = await build();
    const encryption =
      "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";
    expect(ofType(resources, encryption)["failed-logs"]?.["rules"]).toMatchObject([
      { applyServerSideEncryptionByDefault: { kmsMasterKeyId: "arn:key" } },
    ]);
    const lifecycle = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration";
    expect(ofType(resources, lifecycle)["failed-logs"]?.["rules"]).toContainEqual(
      expect.objectContaining({ expiration: { days: 365 } }),
    );
  });

  it("subscribes to everything in the log groups of the control plane and of Vault [S1] [J6]", async () => {
    const everythingIn = (logGroup: string) => ({
      logGroup,
      destinationArn: "arn:log-delivery",
      roleArn: "arn:log-delivery-subscription",
      filterPattern: "",
    });
    expect(
      ofType(await build(), "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter"),
    ).toEqual({
      "log-delivery-cluster": everythingIn("/aws/eks/p/cluster"),
      "log-delivery-vault": everythingIn("/drawbridge/p/vault"),
    });
  });

  it("gives each service a role of its own, for this account", async () => {
    const roles = ofType(await build(), "aws:iam/role:Role");
    const trusted = Object.entries(roles).map(([name, inputs]) => [
      name,
      documentOf(inputs, "assumeRolePolicy").Statement,
    ]);
    expect(Object.fromEntries(trusted)).toMatchObject({
      "log-delivery": [
        {
          Principal: { Service: "firehose.amazonaws.com" },
          Condition: { StringEquals: { "sts:ExternalId": "111122223333" } },
        },
      ],
      "log-delivery-events": [{ Principal: { Service: "lambda.amazonaws.com" } }],
      "log-delivery-subscription": [
        {
          Principal: { Service: "logs.amazonaws.com" },
          Condition: { ArnLike: { "aws:SourceArn": "arn:aws:logs:eu-west-1:111122223333:*" } },
        },
      ],
    });
  });

  it("limits the function's right to write to the stream to the function itself", async () => {
    const policies = ofType(await build(), "aws:iam/rolePolicy:RolePolicy");
    expect(documentOf(policies["log-delivery-events"], "policy").Statement[0]).toEqual({
      Effect: "Allow",
      Sid: "PutEventsBack",
      Action: "firehose:PutRecordBatch",
      Resource: streamArn,
      Condition: { ArnEquals: { "lambda:SourceFunctionArn": functionArn } },
    });
  });

  it("gives the stream no action on everything but what describes the network", async () => {
    const policies = ofType(await build(), "aws:iam/rolePolicy:RolePolicy");
    const wide = documentOf(policies["log-delivery"], "policy").Statement.filter(
      ({ Resource }) => Resource === "*",
    );
    expect(wide.map(({ Sid }) => Sid)).toEqual(["FindTheNetwork"]);
    expect(wide.map(({ Condition }) => Condition)).toEqual([
      { StringEquals: { "ec2:Region": "eu-west-1" } },
    ]);
    expect(wide.flatMap(({ Action }) => Action)).toEqual([
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets",
      "ec2:DescribeVpcs",
    ]);
  });

  it("encrypts its own logs and makes the streams that Firehose reports to", async () => {
    const resources = await build();
    const groups = ofType(resources, "aws:cloudwatch/logGroup:LogGroup");
    for (const group of Object.values(groups)) {
      expect(group).toMatchObject({ kmsKeyId: "arn:logs", retentionInDays: 365 });
    }
    const streams = Object.values(ofType(resources, "aws:cloudwatch/logStream:LogStream"));
    expect(streams.map(({ name }) => name)).toEqual(["failed-records", "log-store"]);
  });

  it("runs the function that stands beside it", async () => {
    const functions = ofType(await build(), "aws:lambda/function:Function");
    expect(functions["log-delivery-events"]).toMatchObject({
      name: "p-log-events",
      kmsKeyArn: "arn:functions",
      sourceKmsKeyArn: "arn:functions",
      environment: { variables: { DELIVERY_STREAM: "p-control-plane" } },
      runtime: "nodejs22.x",
      handler: "index.handler",
      loggingConfig: { logFormat: "JSON", logGroup: "/drawbridge/p/log-events" },
    });
  });
});

describe("deliveryRoleArn", () => {
  it("is known before the role exists", async () => {
    const role = ofType(await build(), "aws:iam/role:Role")["log-delivery"];
    expect(deliveryRoleArn(place)).toBe(`arn:aws:iam::111122223333:role/${String(role?.["name"])}`);
  });
});
