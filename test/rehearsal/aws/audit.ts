import { bucketNamed, bucketPolicyOf } from "./buckets";
import { trusts } from "./iam";
import { keyNamed } from "./keys-and-logs";
import { actionsOf, allowsService, wellFormed } from "./policy-document";
import {
  AwsError,
  allWith,
  numberAt,
  textAt,
  textsAt,
  valuesAt,
  type Claim,
  type Draft,
  type ResourceRow,
} from "./row";
import type { CloudResource, Properties } from "./world";

const eventRuleType = "aws:cloudwatch/eventRule:EventRule";
const trailType = "aws:cloudtrail/trail:Trail";
const cloudTrail = ["cloudtrail.amazonaws.com"];

const arn = ({ scope, world }: Draft, service: string, rest: string) =>
  `arn:aws:${service}:${scope.region}:${world.accountId}:${rest}`;
const trailArn = (draft: Draft) =>
  arn(draft, "cloudtrail", `trail/${textAt(draft.inputs, "name") ?? ""}`);

/** What exists once in an account and region. */
const only = (what: string, code: string, message: string) => (): Claim[] => [
  { key: `the only ${what}`, refusal: new AwsError(code, message) },
];

function trailMayWriteToItsBucket(draft: Draft): AwsError | undefined {
  const { inputs, world } = draft;
  const bucket = textAt(inputs, "s3BucketName") ?? "";
  if (!bucketNamed(world, bucket)) {
    return new AwsError("S3BucketDoesNotExistException", `S3 bucket ${bucket} does not exist!`);
  }
  const policy = bucketPolicyOf(world, bucket);
  const context = { "aws:SourceArn": trailArn(draft), "aws:SourceAccount": world.accountId };
  const allowed = ["s3:GetBucketAcl", "s3:PutObject"].every((action) =>
    allowsService(policy, cloudTrail, [action], context),
  );
  if (allowed) return undefined;
  return new AwsError(
    "InsufficientS3BucketPolicyException",
    `Incorrect S3 bucket policy is detected for bucket: ${bucket}`,
  );
}

function trailMayUseItsKey(draft: Draft): AwsError | undefined {
  const { inputs, world } = draft;
  const key = textAt(inputs, "kmsKeyId");
  if (key === undefined) return undefined;
  const policy = keyNamed(world, key)?.inputs["policy"];
  const source = trailArn(draft);
  const context = {
    "aws:SourceArn": source,
    "aws:SourceAccount": world.accountId,
    "kms:EncryptionContext:aws:cloudtrail:arn": source,
  };
  const allowed = ["kms:GenerateDataKey", "kms:DescribeKey"].every((action) =>
    allowsService(policy, cloudTrail, [action], context),
  );
  if (allowed) return undefined;
  return new AwsError(
    "InsufficientEncryptionPolicyException",
    `Insufficient permissions to access S3 bucket ${textAt(inputs, "s3BucketName") ?? ""} or KMS key ${key}.`,
  );
}

function trailMayWriteToItsLogGroup({ inputs, world }: Draft): AwsError | undefined {
  const group = textAt(inputs, "cloudWatchLogsGroupArn");
  const role = textAt(inputs, "cloudWatchLogsRoleArn");
  if (group === undefined && role === undefined) return undefined;
  if (group === undefined || !group.endsWith(":*")) {
    return new AwsError(
      "InvalidCloudWatchLogsLogGroupArnException",
      "You must specify a log group ARN with its streams, ending in :*",
    );
  }
  if (trusts(world, role, "cloudtrail.amazonaws.com")) return undefined;
  return new AwsError(
    "InvalidCloudWatchLogsRoleArnException",
    "Access denied. Check the trust relationships for your role.",
  );
}

// A quota of CloudTrail: docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html
const trailsOfARegion = 5;

function regionHasRoomForTrails({ world, previous }: Draft): AwsError | undefined {
  const others = world.resources.filter((one) => one.type === trailType && one !== previous);
  if (others.length < trailsOfARegion) return undefined;
  return new AwsError(
    "MaximumNumberOfTrailsExceededException",
    `User already has ${trailsOfARegion} trails`,
  );
}

function topicPolicyIsOfSns({ inputs }: Draft): AwsError | undefined {
  const strange = actionsOf(inputs["policy"]).find((action) => !/^sns:/i.test(action));
  if (strange === undefined) return undefined;
  return new AwsError(
    "InvalidParameter",
    `Invalid parameter: Policy statement action out of service scope! (${strange})`,
  );
}

function endpointIsAnAddress({ inputs }: Draft): AwsError | undefined {
  const endpoint = textAt(inputs, "endpoint") ?? "";
  if (textAt(inputs, "protocol") !== "email" || /^[^\s@]+@[^\s@]+$/.test(endpoint))
    return undefined;
  return new AwsError("InvalidParameter", "Invalid parameter: Email address");
}

// docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
const longestPattern = 1024;
const filtersOfAGroup = 100;

function patternIsWellFormed({ inputs }: Draft): AwsError | undefined {
  const pattern = textAt(inputs, "pattern") ?? "";
  const count = (character: string) => pattern.split(character).length - 1;
  const balanced = count("{") === count("}") && count("(") === count(")") && count('"') % 2 === 0;
  if (pattern.length <= longestPattern && balanced && count("[*]") <= 3) return undefined;
  return new AwsError("InvalidParameterException", `Invalid metric filter pattern: ${pattern}`);
}

function groupHasRoomForFilters({ inputs, type, world, previous }: Draft): AwsError | undefined {
  const filters = allWith(world, type, "logGroupName", inputs["logGroupName"]);
  if (filters.filter((one) => one !== previous).length < filtersOfAGroup) return undefined;
  return new AwsError("LimitExceededException", "Resource limit exceeded.");
}

// docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
function periodIsOffered({ inputs }: Draft): AwsError | undefined {
  const period = numberAt(inputs, "period") ?? 0;
  if ([10, 20, 30].includes(period) || (period > 0 && period % 60 === 0)) return undefined;
  return new AwsError(
    "ValidationError",
    `Period must be 10, 20, 30 or a multiple of 60: ${period}`,
  );
}

// docs.aws.amazon.com/guardduty/latest/APIReference/API_DetectorFeatureConfiguration.html
const detectorFeatures = [
  "S3_DATA_EVENTS",
  "EKS_AUDIT_LOGS",
  "EBS_MALWARE_PROTECTION",
  "RDS_LOGIN_EVENTS",
  "EKS_RUNTIME_MONITORING",
  "LAMBDA_NETWORK_LOGS",
  "RUNTIME_MONITORING",
  "AI_PROTECTION",
  "AI_ANALYST",
];

function featureIsOffered({ inputs, type, world }: Draft): AwsError | undefined {
  const name = textAt(inputs, "name") ?? "";
  const refuse = (why: string) => new AwsError("BadRequestException", `feature ${name} ${why}`);
  if (!detectorFeatures.includes(name)) return refuse("does not exist");
  const other =
    name === "RUNTIME_MONITORING"
      ? "EKS_RUNTIME_MONITORING"
      : name === "EKS_RUNTIME_MONITORING"
        ? "RUNTIME_MONITORING"
        : undefined;
  const both = allWith(world, type, "detectorId", inputs["detectorId"]).some(
    (one) => other !== undefined && one.inputs["name"] === other,
  );
  return both ? refuse(`cannot be on with ${other ?? ""}`) : undefined;
}

// docs.aws.amazon.com/guardduty/latest/APIReference/API_DetectorAdditionalConfiguration.html
const agents = ["EKS_ADDON_MANAGEMENT", "ECS_FARGATE_AGENT_MANAGEMENT", "EC2_AGENT_MANAGEMENT"];

/** Of runtime monitoring GuardDuty tells about all agents, whichever it was told of: hashicorp/terraform-provider-aws#36695. */
function withAgents({ inputs }: CloudResource): Properties {
  if (inputs["name"] !== "RUNTIME_MONITORING") return inputs;
  const given = valuesAt(inputs, "additionalConfigurations[*]");
  const named = textsAt(inputs, "additionalConfigurations[*].name");
  const others = agents.filter((agent) => !named.includes(agent));
  const rest = others.map((name) => ({ name, status: "DISABLED" }));
  return { ...inputs, additionalConfigurations: [...given, ...rest] };
}

// docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
function hasPatternOrSchedule({ inputs }: Draft): AwsError | undefined {
  const pattern = textAt(inputs, "eventPattern");
  if (pattern === undefined) {
    if (textAt(inputs, "scheduleExpression") !== undefined) return undefined;
    return new AwsError(
      "ValidationException",
      "Parameter(s) EventPattern or ScheduleExpression must be specified.",
    );
  }
  try {
    const fields = Object.values(JSON.parse(pattern) as Properties);
    if (fields.length > 0 && fields.every((field) => typeof field === "object")) return undefined;
  } catch {
    // Said below.
  }
  return new AwsError("InvalidEventPatternException", "Event pattern is not valid.");
}

/** A default of the account and region: it is there from the start, and a program only sets it. */
const accountDefault = (noun: string, more: Partial<ResourceRow> = {}): ResourceRow => ({
  noun,
  id: ({ scope }) => scope.region,
  tagged: false,
  required: [],
  references: [],
  computed: () => ({}),
  ...more,
});

export const auditRows: Record<string, ResourceRow> = {
  [trailType]: {
    noun: "trail",
    id: trailArn,
    name: "name",
    tagged: true,
    required: ["s3BucketName"],
    references: [
      { path: "kmsKeyId", to: "key", onDelete: "dangle" },
      { path: "cloudWatchLogsGroupArn", to: "logGroupArn", onDelete: "dangle" },
      { path: "cloudWatchLogsRoleArn", to: "roleArn", onDelete: "dangle" },
    ],
    computed: (draft) => ({ arn: trailArn(draft), homeRegion: draft.scope.region }),
    claims: ({ inputs }) => {
      const name = textAt(inputs, "name") ?? "";
      const message = `Trail ${name} already exists`;
      return [
        { key: `trail ${name}`, refusal: new AwsError("TrailAlreadyExistsException", message) },
      ];
    },
    rules: [
      regionHasRoomForTrails,
      trailMayWriteToItsBucket,
      trailMayUseItsKey,
      trailMayWriteToItsLogGroup,
    ],
  },
  "aws:sns/topic:Topic": {
    noun: "topic",
    id: (draft) => arn(draft, "sns", textAt(draft.inputs, "name") ?? ""),
    name: "name",
    tagged: true,
    required: [],
    references: [{ path: "kmsMasterKeyId", to: "key", onDelete: "dangle" }],
    identifiers: ({ id }) => ({ topicArn: [id] }),
    computed: (draft) => ({
      arn: arn(draft, "sns", textAt(draft.inputs, "name") ?? ""),
      owner: draft.world.accountId,
    }),
    rules: [wellFormed("policy", "InvalidParameter"), topicPolicyIsOfSns],
  },
  "aws:sns/topicSubscription:TopicSubscription": {
    noun: "subscription",
    id: ({ inputs, digits }) => `${textAt(inputs, "topic") ?? ""}:${digits(32)}`,
    tagged: false,
    required: ["topic", "protocol", "endpoint"],
    references: [{ path: "topic", to: "topicArn", onDelete: "cascade" }],
    computed: ({ id, world }) => ({
      arn: id,
      ownerId: world.accountId,
      pendingConfirmation: true,
      confirmationWasAuthenticated: false,
    }),
    rules: [endpointIsAnAddress],
  },
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": {
    noun: "metric filter",
    id: ({ inputs }) => textAt(inputs, "name") ?? "",
    name: "name",
    tagged: false,
    required: ["logGroupName", "pattern", "metricTransformation"],
    references: [{ path: "logGroupName", to: "logGroupName", onDelete: "cascade" }],
    computed: () => ({}),
    rules: [patternIsWellFormed, groupHasRoomForFilters],
  },
  "aws:cloudwatch/metricAlarm:MetricAlarm": {
    noun: "alarm",
    id: ({ inputs }) => textAt(inputs, "name") ?? "",
    name: "name",
    tagged: true,
    required: ["comparisonOperator", "evaluationPeriods"],
    references: [{ path: "alarmActions[*]", to: "topicArn", onDelete: "dangle" }],
    computed: (draft) => ({
      arn: arn(draft, "cloudwatch", `alarm:${textAt(draft.inputs, "name") ?? ""}`),
    }),
    rules: [periodIsOffered],
  },
  "aws:guardduty/detector:Detector": {
    noun: "detector",
    id: ({ digits }) => digits(32),
    tagged: true,
    required: [],
    references: [],
    identifiers: ({ id }) => ({ detector: [id] }),
    computed: (draft) => ({
      arn: arn(draft, "guardduty", `detector/${draft.id}`),
      accountId: draft.world.accountId,
    }),
    claims: only(
      "detector",
      "BadRequestException",
      "The request is rejected because a detector already exists for the current account.",
    ),
  },
  "aws:guardduty/detectorFeature:DetectorFeature": {
    noun: "detector feature",
    id: ({ inputs }) => [textAt(inputs, "detectorId"), textAt(inputs, "name")].join("/"),
    tagged: false,
    required: ["detectorId", "status"],
    references: [{ path: "detectorId", to: "detector", onDelete: "cascade" }],
    computed: () => ({}),
    readAs: withAgents,
    rules: [featureIsOffered],
  },
  [eventRuleType]: {
    noun: "rule",
    id: ({ inputs }) => textAt(inputs, "name") ?? "",
    name: "name",
    tagged: true,
    required: [],
    references: [],
    identifiers: ({ id }) => ({ eventRule: [id] }),
    computed: (draft) => ({
      arn: arn(draft, "events", `rule/${textAt(draft.inputs, "name") ?? ""}`),
    }),
    rules: [hasPatternOrSchedule],
    inUse: "ValidationException",
  },
  "aws:cloudwatch/eventTarget:EventTarget": {
    noun: "target",
    id: ({ inputs }) => [textAt(inputs, "rule"), textAt(inputs, "targetId")].join("-"),
    tagged: false,
    required: ["arn", "rule"],
    references: [
      { path: "rule", to: "eventRule", onDelete: "refuse" },
      { path: "arn", to: "logGroupArn", onDelete: "dangle" },
    ],
    computed: () => ({}),
  },
  "aws:ebs/encryptionByDefault:EncryptionByDefault": accountDefault("default of encryption"),
  "aws:ebs/defaultKmsKey:DefaultKmsKey": accountDefault("default key of volumes", {
    id: ({ inputs }) => textAt(inputs, "keyArn") ?? "",
    required: ["keyArn"],
    references: [{ path: "keyArn", to: "key", onDelete: "dangle" }],
  }),
  "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess": accountDefault(
    "block of public snapshots",
    { required: ["state"] },
  ),
  "aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess": accountDefault(
    "block of public images",
    { required: ["state"] },
  ),
  "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults": accountDefault(
    "defaults of instance metadata",
  ),
  "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock": accountDefault(
    "public access block of the account",
    { id: ({ world }) => world.accountId },
  ),
};
