import { AccountGuards } from "../../../components/aws/account-guards";
import { Buckets } from "../../../components/aws/buckets";
import { RuntimeAgent } from "../../../components/aws/runtime-agent";
import { ThreatDetection } from "../../../components/aws/threat-detection";
import { created, ofType } from "../../support/created";

const place = { prefix: "drawbridge-dev", accountId: "111122223333", region: "eu-west-1" };

describe("AccountGuards", () => {
  it("sets what holds for everything in the account [M1]", async () => {
    const resources = await created(() => new AccountGuards("guards", { volumeKeyArn: "arn:key" }));
    expect(Object.fromEntries(resources.map(({ type, inputs }) => [type, inputs]))).toEqual({
      "drawbridge:aws:AccountGuards": {},
      "aws:ebs/encryptionByDefault:EncryptionByDefault": { enabled: true },
      "aws:ebs/defaultKmsKey:DefaultKmsKey": { keyArn: "arn:key" },
      "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock": {
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
      "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess": { state: "block-all-sharing" },
      "aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess": { state: "block-new-sharing" },
      "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults": {
        httpEndpoint: "enabled",
        httpTokens: "required",
        httpPutResponseHopLimit: 1,
        instanceMetadataTags: "disabled",
      },
    });
  });
});

const detection = { ...place, logKeyArn: "arn:logs", logRetentionDays: 365 };

describe("ThreatDetection", () => {
  it("looks at audit logs of clusters and at what runs on nodes [M1] [M10]", async () => {
    const resources = await created(() => new ThreatDetection("threats", detection));
    expect(ofType(resources, "aws:guardduty/detector:Detector")).toEqual({
      threats: { enable: true, findingPublishingFrequency: "FIFTEEN_MINUTES" },
    });
    const on = { detectorId: "threats-id", status: "ENABLED" };
    expect(ofType(resources, "aws:guardduty/detectorFeature:DetectorFeature")).toEqual({
      "threats-eks-audit-logs": { ...on, name: "EKS_AUDIT_LOGS" },
      "threats-runtime-monitoring": {
        ...on,
        name: "RUNTIME_MONITORING",
        // AWS tells of all three: what is not named would be a difference at each up.
        additionalConfigurations: [
          { name: "EC2_AGENT_MANAGEMENT", status: "DISABLED" },
          { name: "ECS_FARGATE_AGENT_MANAGEMENT", status: "DISABLED" },
          { name: "EKS_ADDON_MANAGEMENT", status: "DISABLED" },
        ],
      },
    });
  });

  it("keeps what is found in a log group, into which its own rule alone is let [M10]", async () => {
    const resources = await created(() => new ThreatDetection("threats", detection));
    const group = "/aws/events/drawbridge-dev/findings";
    expect(ofType(resources, "aws:cloudwatch/logGroup:LogGroup")).toEqual({
      "threats-findings": { name: group, kmsKeyId: "arn:logs", retentionInDays: 365 },
    });
    const { "threats-findings": rule } = ofType(resources, "aws:cloudwatch/eventRule:EventRule");
    expect(rule?.["name"]).toBe("drawbridge-dev-findings");
    expect(JSON.parse(rule?.["eventPattern"] as string)).toEqual({
      source: ["aws.guardduty"],
      "detail-type": ["GuardDuty Finding"],
    });
    expect(ofType(resources, "aws:cloudwatch/eventTarget:EventTarget")).toEqual({
      "threats-findings": {
        rule: "drawbridge-dev-findings",
        targetId: "log-group",
        arn: "arn:threats-findings",
      },
    });
    const policies = ofType(resources, "aws:cloudwatch/logResourcePolicy:LogResourcePolicy");
    const text = policies["threats-findings"]?.["policyDocument"] as string;
    const Principal = { Service: ["delivery.logs.amazonaws.com", "events.amazonaws.com"] };
    const arn = `arn:aws:logs:eu-west-1:111122223333:log-group:${group}`;
    expect(JSON.parse(text)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Sid: "EventBridgeMakesStreams",
          Principal,
          Action: "logs:CreateLogStream",
          Resource: [arn, `${arn}:*`],
        },
        {
          Effect: "Allow",
          Sid: "FindingsAreWritten",
          Principal,
          Action: "logs:PutLogEvents",
          Resource: [arn, `${arn}:*`],
          Condition: {
            ArnEquals: {
              "aws:SourceArn": "arn:aws:events:eu-west-1:111122223333:rule/drawbridge-dev-findings",
            },
          },
        },
      ],
    });
  });

  it("tells people of what is severe where there is a topic [M10]", async () => {
    const alarms = "aws:cloudwatch/metricAlarm:MetricAlarm";
    const silent = await created(() => new ThreatDetection("threats", detection));
    expect(ofType(silent, alarms)).toEqual({});
    const alarmTopicArn = "arn:alarms";
    const resources = await created(
      () => new ThreatDetection("threats", { ...detection, alarmTopicArn }),
    );
    const { "threats-found": filter } = ofType(
      resources,
      "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    );
    expect(filter).toMatchObject({
      name: "drawbridge-dev-threat-found",
      logGroupName: "/aws/events/drawbridge-dev/findings",
      pattern: "{ $.detail.severity >= 7 }",
    });
    expect(ofType(resources, alarms)["threats-found"]).toMatchObject({
      name: "drawbridge-dev-threat-found",
      metricName: "threat-found",
      namespace: "Drawbridge/drawbridge-dev",
      alarmActions: [alarmTopicArn],
    });
  });
});

describe("RuntimeAgent", () => {
  it("runs on the nodes and reports by an endpoint of its own [M10]", async () => {
    const resources = await created(
      () =>
        new RuntimeAgent("agent", {
          ...place,
          vpcId: "vpc",
          subnetIds: ["subnet-a", "subnet-b"],
          securityGroupId: "endpoints",
          clusterName: "drawbridge-dev",
          prerequisites: [],
        }),
    );
    const { agent } = ofType(resources, "aws:ec2/vpcEndpoint:VpcEndpoint");
    expect(agent).toMatchObject({
      vpcId: "vpc",
      serviceName: "com.amazonaws.eu-west-1.guardduty-data",
      vpcEndpointType: "Interface",
      subnetIds: ["subnet-a", "subnet-b"],
      securityGroupIds: ["endpoints"],
      privateDnsEnabled: true,
    });
    expect(JSON.parse(agent?.["policy"] as string)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Sid: "OwnPrincipals",
          Principal: "*",
          Action: "guardduty:SendSecurityTelemetry",
          Resource: "*",
          Condition: { StringEquals: { "aws:PrincipalAccount": "111122223333" } },
        },
      ],
    });
    expect(ofType(resources, "aws:eks/addon:Addon")["agent"]).toMatchObject({
      clusterName: "drawbridge-dev",
      addonName: "aws-guardduty-agent",
    });
  });
});

describe("Buckets", () => {
  it("keeps snapshots locked, and a record of who reads them [M1]", async () => {
    const resources = await created(
      () => new Buckets("buckets", { ...place, logRetentionDays: 365 }),
    );
    const of = (type: string) => ofType(resources, `aws:s3/${type}`);
    expect(of("bucketObjectLockConfiguration:BucketObjectLockConfiguration")).toEqual({
      snapshots: {
        bucket: "snapshots-id",
        rule: { defaultRetention: { mode: "GOVERNANCE", days: 7 } },
      },
    });
    const target = "drawbridge-dev-access-logs-111122223333-eu-west-1";
    const snapshots = "drawbridge-dev-snapshots-111122223333-eu-west-1";
    expect(of("bucketLogging:BucketLogging")).toEqual({
      snapshots: {
        bucket: "snapshots-id",
        targetBucket: target,
        targetPrefix: `${snapshots}/`,
      },
    });
    const policy = of("bucketPolicy:BucketPolicy")["access-logs"]?.["policy"] as string;
    const grant = (JSON.parse(policy) as { Statement: { Resource: unknown }[] }).Statement.at(-1);
    expect(grant?.Resource).toEqual([
      `arn:aws:s3:::${target}/drawbridge-dev-audit-111122223333-eu-west-1/*`,
      `arn:aws:s3:::${target}/drawbridge-dev-failed-logs-111122223333-eu-west-1/*`,
      `arn:aws:s3:::${target}/${snapshots}/*`,
    ]);
  });
});
