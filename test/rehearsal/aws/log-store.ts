import { bucketNamed } from "./buckets";
import { trusts } from "./iam";
import { keyNamed } from "./keys-and-logs";
import { securityGroupsAreOf, subnetsAreOf, vpcOfSubnet } from "./network";
import { allowsService, wellFormed } from "./policy-document";
import {
  AwsError,
  allWith,
  byId,
  digest,
  numberAt,
  textAt,
  textsAt,
  valuesAt,
  type Draft,
  type ResourceRow,
} from "./row";
import type { Properties, World } from "./world";

const domainType = "aws:opensearch/domain:Domain";
const logPolicyType = "aws:cloudwatch/logResourcePolicy:LogResourcePolicy";
const functionType = "aws:lambda/function:Function";
const invocationType = "aws:lambda/invocation:Invocation";
const filterType = "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter";
const streamType = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream";

const arnOf = ({ scope, world }: Draft, service: string, resource: string) =>
  `arn:aws:${service}:${scope.region}:${world.accountId}:${resource}`;
const text = (inputs: unknown, path: string) => textAt(inputs, path) ?? "";

/** The role through which OpenSearch enters a VPC: docs.aws.amazon.com/opensearch-service/latest/developerguide/slr.html */
export const vpcRoleArn = (accountId: string) =>
  `arn:aws:iam::${accountId}:role/aws-service-role/opensearchservice.amazonaws.com/AWSServiceRoleForAmazonOpenSearchService`;

function serviceRoleExists({ inputs, world }: Draft): AwsError | undefined {
  const arn = vpcRoleArn(world.accountId);
  const exists =
    world.principals.includes(arn) ||
    world.resources.some(({ computed }) => computed["arn"] === arn);
  if (exists || valuesAt(inputs, "vpcOptions").length === 0) return undefined;
  return new AwsError(
    "ValidationException",
    "Before you can proceed, you must enable a service-linked role to give Amazon OpenSearch Service permissions to access your VPC.",
  );
}

// docs.aws.amazon.com/opensearch-service/latest/developerguide/createupdatedomains.html
function domainNameFits({ inputs }: Draft): AwsError | undefined {
  const name = text(inputs, "domainName");
  if (/^[a-z][a-z0-9-]{2,27}$/.test(name)) return undefined;
  return new AwsError(
    "ValidationException",
    `Value '${name}' at 'domainName' failed to satisfy constraint: 3 to 28 lower-case letters, digits and hyphens`,
  );
}

function engineIsWellFormed({ inputs }: Draft): AwsError | undefined {
  const version = text(inputs, "engineVersion");
  if (/^(OpenSearch|Elasticsearch)_\d+\.\d+$/.test(version)) return undefined;
  return new AwsError("ValidationException", `Invalid engine version: '${version}'`);
}

/** One subnet for each zone, and nodes enough to be in each. */
function zonesMatchSubnets({ inputs, world }: Draft): AwsError | undefined {
  const aware = valuesAt(inputs, "clusterConfig.zoneAwarenessEnabled")[0] === true;
  const configured = numberAt(inputs, "clusterConfig.zoneAwarenessConfig.availabilityZoneCount");
  const zones = aware ? (configured ?? 2) : 1;
  const subnets = textsAt(inputs, "vpcOptions.subnetIds[*]");
  const nodes = numberAt(inputs, "clusterConfig.instanceCount") ?? 1;
  const inZones = new Set(
    subnets.map((id) =>
      textAt(byId(world, "aws:ec2/subnet:Subnet", id)?.inputs, "availabilityZone"),
    ),
  );
  const refuse = (message: string) => new AwsError("ValidationException", message);
  if (subnets.length > 0 && (subnets.length !== zones || inZones.size !== zones)) {
    return refuse(
      `You must specify exactly ${zones} subnets in as many zones, got ${subnets.length} in ${inZones.size}`,
    );
  }
  if (nodes < zones) {
    return refuse(
      `You must choose a minimum of ${zones} data nodes for ${zones} zones, got ${nodes}`,
    );
  }
  return undefined;
}

function mastersCanAgree({ inputs }: Draft): AwsError | undefined {
  if (valuesAt(inputs, "clusterConfig.dedicatedMasterEnabled")[0] !== true) return undefined;
  const count = numberAt(inputs, "clusterConfig.dedicatedMasterCount");
  if (count === 3 || count === 5) return undefined;
  return new AwsError(
    "ValidationException",
    `Dedicated master node count must be 3 or 5, got ${count ?? "none"}`,
  );
}

/**
 * AWS' table of what gp3 volumes its types take, in GiB: "EBS volume size quotas" of
 * docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html. What is below 1024 is all that a stack can
 * ask too much of; of the larger types the table has the sizes.
 */
const smallVolumes: Record<string, number> = {
  "t3.small": 100,
  "t3.medium": 200,
  "c5.large": 256,
  "c5.xlarge": 512,
  "c6g.large": 256,
  "c6g.xlarge": 512,
  "m7g.medium": 512,
  "m7g.large": 768,
  "r7g.medium": 768,
};
const largeTypes = [
  /^c5\.(2|4|9|18)xlarge$/,
  /^c6g\.(2|4|8|12)xlarge$/,
  /^[mr]5\.(large|xlarge|(2|4|12)xlarge)$/,
  /^[mr]6g\.(large|xlarge|(2|4|8|12)xlarge)$/,
  /^[mr]7g\.(xlarge|(2|4|8|12|16)xlarge)$/,
  /^r7g\.large$/,
];

function typesExist({ inputs }: Draft): AwsError | undefined {
  const named = ["instanceType", "dedicatedMasterType"].flatMap((field) =>
    textsAt(inputs, `clusterConfig.${field}`),
  );
  const missing = named.find((type) => {
    const name = type.replace(/\.search$/, "");
    return !(name in smallVolumes) && !largeTypes.some((pattern) => pattern.test(name));
  });
  if (missing === undefined) return undefined;
  return new AwsError("InvalidTypeException", `Invalid instance type: ${missing}`);
}

/**
 * Size, IOPS and throughput of a node's volume. Of the throughput, AWS' words and that 128 GiB take 125 MiB/s:
 * github.com/ministryofjustice/cloud-platform-environments/pull/11233. Below which larger size it takes 125 nobody has
 * told; here no larger one.
 */
function volumeFitsTheType({ inputs }: Draft): AwsError | undefined {
  const at = (field: string) => numberAt(inputs, `ebsOptions.${field}`);
  const size = at("volumeSize");
  if (size === undefined) return undefined;
  const type = text(inputs, "clusterConfig.instanceType");
  const most = smallVolumes[type.replace(/\.search$/, "")] ?? Infinity;
  const exceeds = (message: string) => new AwsError("LimitExceededException", message);
  if (size < 10 || size > most) {
    return exceeds(`Volume size must be between 10 and ${most} for ${type}, got ${size}`);
  }
  const least = { iops: Math.max(3000, 3 * size), throughput: size > 128 ? 250 : 125 };
  if ((at("iops") ?? least.iops) < least.iops)
    return exceeds(`IOPS must be at least ${least.iops}`);
  if ((at("throughput") ?? least.throughput) < least.throughput) {
    return exceeds(`Throughput must be at least ${least.throughput}`);
  }
  return undefined;
}

/** T3 is for ten nodes of data at most, as one of them and as a dedicated master: the same page. */
function nodesAreFewBesideT3({ inputs }: Draft): AwsError | undefined {
  const types = ["instanceType", "dedicatedMasterType"].map((field) =>
    text(inputs, `clusterConfig.${field}`),
  );
  const nodes = numberAt(inputs, "clusterConfig.instanceCount") ?? 1;
  const small = types.find((type) => type.startsWith("t3."));
  if (small === undefined || nodes <= 10) return undefined;
  return new AwsError(
    "LimitExceededException",
    `At most 10 data nodes with ${small}, got ${nodes}`,
  );
}

// docs.aws.amazon.com/opensearch-service/latest/developerguide/fgac.html
function fineGrainedAccessIsPossible({ inputs }: Draft): AwsError | undefined {
  const on = (path: string) => valuesAt(inputs, path)[0] === true;
  if (!on("advancedSecurityOptions.enabled")) return undefined;
  const missing = [
    "encryptAtRest.enabled",
    "nodeToNodeEncryption.enabled",
    "domainEndpointOptions.enforceHttps",
  ].find((path) => !on(path));
  if (missing === undefined) return undefined;
  return new AwsError("ValidationException", `You must enable ${missing} for advanced security`);
}

function domainMayWriteLogs(draft: Draft): AwsError | undefined {
  const { inputs, world } = draft;
  const groups = textsAt(inputs, "logPublishingOptions[*].cloudwatchLogGroupArn");
  const context = {
    "aws:SourceAccount": world.accountId,
    "aws:SourceArn": arnOf(draft, "es", `domain/${text(inputs, "domainName")}`),
  };
  const allowed = world.resources.some(
    (resource) =>
      resource.type === logPolicyType &&
      allowsService(
        resource.inputs["policyDocument"],
        ["es.amazonaws.com"],
        ["logs:PutLogEvents"],
        context,
      ),
  );
  if (groups.length === 0 || allowed) return undefined;
  return new AwsError(
    "ValidationException",
    `The Resource Access Policy specified for the CloudWatch Logs log group ${groups[0] ?? ""} does not grant sufficient permissions for Amazon OpenSearch Service to create a log stream.`,
  );
}

/**
 * What AWS turns on and does not turn off again, and the upgrades that it has. What the program no longer mentions stays as
 * it is.
 */
function domainReplacedWhen(olds: Properties, news: Properties): string[] {
  const off = ["encryptAtRest", "nodeToNodeEncryption", "advancedSecurityOptions"].filter(
    (block) =>
      valuesAt(olds, `${block}.enabled`)[0] === true &&
      valuesAt(news, `${block}.enabled`)[0] === false,
  );
  const moved = (olds["vpcOptions"] === undefined) !== (news["vpcOptions"] === undefined);
  return [
    ...off,
    ...(moved ? ["vpcOptions"] : []),
    ...(olds["ipAddressType"] === "dualstack" && news["ipAddressType"] === "ipv4"
      ? ["ipAddressType"]
      : []),
    ...(isUpgrade(text(olds, "engineVersion"), text(news, "engineVersion"))
      ? []
      : ["engineVersion"]),
  ];
}

/**
 * From which versions AWS upgrades to which, where these are not older: "Supported upgrade paths" of
 * docs.aws.amazon.com/opensearch-service/latest/developerguide/version-migration.html. The provider asks AWS for it
 * (GetCompatibleVersions) and replaces the domain for any other change.
 */
const upgradePaths: readonly (readonly [from: RegExp, to: RegExp])[] = [
  [/^OpenSearch_(2\.19|3\.\d+)$/, /^OpenSearch_3\./],
  [/^OpenSearch_(1\.3|2\.\d+)$/, /^OpenSearch_2\./],
  [/^OpenSearch_1\./, /^OpenSearch_1\./],
  [/^Elasticsearch_(6\.8|7\.\d+)$/, /^(Elasticsearch_7|OpenSearch_1)\./],
  [/^Elasticsearch_(5\.6|6\.\d+)$/, /^Elasticsearch_6\./],
  [/^Elasticsearch_5\./, /^Elasticsearch_5\./],
];

function isUpgrade(from: string, to: string): boolean {
  if (from === to) return true;
  const [oldEngine, oldVersion = ""] = from.split("_");
  const [newEngine, newVersion = ""] = to.split("_");
  const isOlder =
    oldEngine === newEngine &&
    oldVersion.localeCompare(newVersion, undefined, { numeric: true }) > 0;
  return !isOlder && upgradePaths.some(([old, next]) => old.test(from) && next.test(to));
}

function roleTrusts(path: string, service: string, code: string) {
  return ({ inputs, world }: Draft): AwsError | undefined => {
    const role = textAt(inputs, path);
    if (trusts(world, role, service)) return undefined;
    return new AwsError(code, `${service} cannot assume the role ${role ?? ""} (${path})`);
  };
}

const vpcOfFirst = (path: string) => (draft: Draft) =>
  vpcOfSubnet(draft.world, textsAt(draft.inputs, path)[0]);

const search = "opensearchConfiguration";

function failedRecordsHaveABucket({ inputs, world }: Draft): AwsError | undefined {
  const arn = text(inputs, `${search}.s3Configuration.bucketArn`);
  if (bucketNamed(world, arn.replace("arn:aws:s3:::", ""))) return undefined;
  return new AwsError("InvalidArgumentException", `The bucket ${arn} does not exist`);
}

function functionExists({ inputs, world }: Draft): AwsError | undefined {
  const parameters = valuesAt(
    inputs,
    `${search}.processingConfiguration.processors[*].parameters[*]`,
  );
  const arns = parameters
    .filter((parameter) => text(parameter, "parameterName") === "LambdaArn")
    .map((parameter) => text(parameter, "parameterValue"));
  const missing = arns.find((arn) => functionOf(world, arn) === undefined);
  if (missing === undefined) return undefined;
  return new AwsError("InvalidArgumentException", `The function ${missing} does not exist`);
}

/** The function of an ARN, with or without a version. */
function functionOf(world: World, arn: string) {
  return world.resources.find(
    ({ type, computed }) =>
      type === functionType &&
      (arn === computed["arn"] || arn.startsWith(`${String(computed["arn"])}:`)),
  );
}

/**
 * For the code Lambda makes no grant: the key's policy lets it use the key, or nobody does. For the environment it makes one by
 * the deployer's rights, which are not asked here: docs.aws.amazon.com/lambda/latest/dg/encrypt-zip-package.html
 */
function lambdaMayUseTheKey(draft: Draft): AwsError | undefined {
  const { inputs, world } = draft;
  const key = textAt(inputs, "sourceKmsKeyArn");
  if (key === undefined) return undefined;
  const policy = keyNamed(world, key)?.inputs["policy"];
  const functionArn = arnOf(draft, "lambda", `function:${text(inputs, "name")}`);
  const context = { "kms:EncryptionContext:aws:lambda:FunctionArn": functionArn };
  const missing = ["kms:GenerateDataKey", "kms:Decrypt"].find(
    (action) => !allowsService(policy, ["lambda.amazonaws.com"], [action], context),
  );
  if (missing === undefined) return undefined;
  return new AwsError(
    "InvalidParameterValueException",
    `lambda.amazonaws.com is not authorized to perform ${missing} on ${key} for ${functionArn}`,
  );
}

// docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
const filtersPerGroup = 2;
const logPoliciesPerRegion = 10;

function groupHasRoomForFilters({ inputs, world, previous }: Draft): AwsError | undefined {
  const others = allWith(world, filterType, "logGroup", inputs["logGroup"]).filter(
    ({ id }) => id !== previous?.id,
  );
  if (others.length < filtersPerGroup) return undefined;
  return new AwsError(
    "LimitExceededException",
    `Resource limit exceeded: ${filtersPerGroup} subscription filters of ${text(inputs, "logGroup")}`,
  );
}

function regionHasRoomForPolicies({ world, previous }: Draft): AwsError | undefined {
  const others = world.resources.filter(
    ({ type, id, inputs: { policyName } }) =>
      type === logPolicyType && policyName !== undefined && id !== previous?.id,
  );
  if (others.length < logPoliciesPerRegion) return undefined;
  return new AwsError("LimitExceededException", "Resource limit exceeded: 10 resource policies");
}

function policyIsOfOneGroupOrOfTheRegion({ inputs }: Draft): AwsError | undefined {
  const ofRegion = inputs["policyName"] !== undefined;
  if (ofRegion !== (inputs["resourceArn"] !== undefined)) return undefined;
  return new AwsError(
    "InvalidParameterException",
    "one of policyName and resourceArn must be given",
  );
}

/** Without a life cycle of its own it calls when it is made, so that another input makes another. */
function callsAgain(olds: Properties, news: Properties): string[] {
  const follows = (news["lifecycleScope"] ?? "CREATE_ONLY") !== "CREATE_ONLY";
  return follows || olds["input"] === news["input"] ? [] : ["input"];
}

// docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
function inputIsJson({ inputs }: Draft): AwsError | undefined {
  try {
    JSON.parse(text(inputs, "input"));
    return undefined;
  } catch {
    return new AwsError("InvalidRequestContentException", "Could not parse request body into json");
  }
}

/** The function speaks to the domain that it is told of, as its administrator, through the network. */
function storeIsReached({ inputs, world }: Draft): AwsError | undefined {
  const caller = byId(world, functionType, text(inputs, "functionName"));
  const endpoint = text(caller?.inputs, "environment.variables.STORE_ENDPOINT");
  const domain = world.resources.find(
    ({ type, computed }) => type === domainType && computed["endpoint"] === endpoint,
  );
  const fails = (message: string) =>
    new AwsError("Unhandled", `function ${text(inputs, "functionName")}: ${message}`);
  if (!domain) return fails(`getaddrinfo ENOTFOUND ${endpoint}`);
  const master = textAt(domain.inputs, masterUser);
  const role = textAt(caller?.inputs, "role");
  if (role !== master)
    return fails(`no permissions for ${role ?? ""}, whose store is of ${master ?? "nobody"}`);
  return undefined;
}

const masterUser = "advancedSecurityOptions.masterUserOptions.masterUserArn";

/** What the function of a domain's administrator puts into it. */
interface StoreState {
  settings: {
    path: string;
    body: { backend_roles?: string[]; index_permissions?: { index_patterns: string[] }[] };
  }[];
}

function stateOf(world: World, domain: Properties): StoreState | undefined {
  const master = textAt(domain, masterUser);
  const administrator = world.resources.find(
    ({ type, inputs }) =>
      type === functionType && master !== undefined && inputs["role"] === master,
  );
  const { assets = {} } = (administrator?.inputs["code"] ?? {}) as {
    assets?: Record<string, { text?: string }>;
  };
  const state = assets["state.json"]?.text;
  return state === undefined ? undefined : (JSON.parse(state) as StoreState);
}

/** AWS makes any stream; of one that the store does not know, every record is a failed one. */
function streamMayWrite({ inputs, world }: Draft): AwsError | undefined {
  const domain = byId(world, domainType, text(inputs, `${search}.domainArn`));
  if (textAt(domain?.inputs, masterUser) === undefined) return undefined;
  const settings = stateOf(world, domain?.inputs ?? {})?.settings ?? [];
  const role = text(inputs, `${search}.roleArn`);
  const index = `${text(inputs, `${search}.indexName`)}-`;
  const names = settings
    .filter(
      ({ path, body }) => path.includes("/rolesmapping/") && body.backend_roles?.includes(role),
    )
    .map(({ path }) => path.replace("/rolesmapping/", "/roles/"));
  const patterns = settings
    .filter(({ path }) => names.includes(path))
    .flatMap(({ body }) => body.index_permissions ?? [])
    .flatMap(({ index_patterns: list }) => list);
  if (patterns.some((pattern) => index.startsWith(pattern.replace(/\*$/, "")))) return undefined;
  return new AwsError(
    "security_exception",
    `no permissions for [indices:data/write/bulk] on ${index}* and backend role ${role}`,
  );
}

export const logStoreRows: Record<string, ResourceRow> = {
  [domainType]: {
    noun: "domain",
    id: (draft) => arnOf(draft, "es", `domain/${text(draft.inputs, "domainName")}`),
    tagged: true,
    required: [],
    references: [
      { path: "vpcOptions.subnetIds[*]", to: "subnet", onDelete: "refuse" },
      { path: "vpcOptions.securityGroupIds[*]", to: "securityGroup", onDelete: "refuse" },
      { path: "encryptAtRest.kmsKeyId", to: "key", onDelete: "dangle" },
      {
        path: "advancedSecurityOptions.masterUserOptions.masterUserArn",
        to: "roleArn",
        onDelete: "dangle",
      },
      {
        path: "logPublishingOptions[*].cloudwatchLogGroupArn",
        to: "logGroupArn",
        onDelete: "dangle",
      },
    ],
    identifiers: ({ id }) => ({ domainArn: [id] }),
    computed: (draft) => {
      const name = text(draft.inputs, "domainName");
      return {
        arn: arnOf(draft, "es", `domain/${name}`),
        domainId: `${draft.world.accountId}/${name}`,
        endpoint: `vpc-${name}-${draft.digits(26, "endpoint")}.${draft.scope.region}.es.amazonaws.com`,
      };
    },
    claims: ({ inputs }) => {
      const name = text(inputs, "domainName");
      const message = `Domain ${name} already exists`;
      return [
        { key: `domain ${name}`, refusal: new AwsError("ResourceAlreadyExistsException", message) },
      ];
    },
    replacedWhen: domainReplacedWhen,
    rules: [
      domainNameFits,
      engineIsWellFormed,
      serviceRoleExists,
      zonesMatchSubnets,
      subnetsAreOf("vpcOptions.subnetIds[*]", vpcOfFirst("vpcOptions.subnetIds[*]")),
      securityGroupsAreOf(
        ["vpcOptions.securityGroupIds[*]"],
        vpcOfFirst("vpcOptions.subnetIds[*]"),
      ),
      mastersCanAgree,
      typesExist,
      volumeFitsTheType,
      nodesAreFewBesideT3,
      fineGrainedAccessIsPossible,
      domainMayWriteLogs,
    ],
  },
  [logPolicyType]: {
    noun: "resource policy of logs",
    id: ({ inputs }) => textAt(inputs, "resourceArn") ?? text(inputs, "policyName"),
    tagged: false,
    required: ["policyDocument"],
    references: [{ path: "resourceArn", to: "logGroupArn", onDelete: "cascade" }],
    computed: () => ({}),
    rules: [
      wellFormed("policyDocument", "InvalidParameterException"),
      policyIsOfOneGroupOrOfTheRegion,
      regionHasRoomForPolicies,
    ],
  },
  "aws:cloudwatch/logStream:LogStream": {
    noun: "log stream",
    id: ({ inputs }) => `${text(inputs, "logGroupName")}:${text(inputs, "name")}`,
    name: "name",
    tagged: false,
    required: ["logGroupName"],
    references: [{ path: "logGroupName", to: "logGroupName", onDelete: "cascade" }],
    computed: (draft) => ({
      arn: arnOf(
        draft,
        "logs",
        `log-group:${text(draft.inputs, "logGroupName")}:log-stream:${text(draft.inputs, "name")}`,
      ),
    }),
  },
  [filterType]: {
    noun: "subscription filter",
    id: ({ inputs }) => `${text(inputs, "logGroup")}|${text(inputs, "name")}`,
    name: "name",
    tagged: false,
    required: ["logGroup", "destinationArn", "filterPattern"],
    references: [
      { path: "logGroup", to: "logGroupName", onDelete: "cascade" },
      { path: "destinationArn", to: "deliveryStreamArn", onDelete: "dangle" },
      { path: "roleArn", to: "roleArn", onDelete: "dangle" },
    ],
    computed: () => ({}),
    rules: [
      roleTrusts("roleArn", "logs.amazonaws.com", "InvalidParameterException"),
      groupHasRoomForFilters,
    ],
  },
  [streamType]: {
    noun: "delivery stream",
    id: (draft) => arnOf(draft, "firehose", `deliverystream/${text(draft.inputs, "name")}`),
    name: "name",
    tagged: true,
    required: ["destination"],
    references: [
      { path: `${search}.domainArn`, to: "domainArn", onDelete: "dangle" },
      { path: `${search}.roleArn`, to: "roleArn", onDelete: "dangle" },
      { path: `${search}.s3Configuration.roleArn`, to: "roleArn", onDelete: "dangle" },
      { path: `${search}.s3Configuration.kmsKeyArn`, to: "key", onDelete: "dangle" },
      { path: `${search}.vpcConfig.roleArn`, to: "roleArn", onDelete: "dangle" },
      { path: `${search}.vpcConfig.subnetIds[*]`, to: "subnet", onDelete: "refuse" },
      { path: `${search}.vpcConfig.securityGroupIds[*]`, to: "securityGroup", onDelete: "refuse" },
      { path: "serverSideEncryption.keyArn", to: "key", onDelete: "dangle" },
    ],
    identifiers: ({ id }) => ({ deliveryStreamArn: [id] }),
    computed: (draft) => ({
      arn: arnOf(draft, "firehose", `deliverystream/${text(draft.inputs, "name")}`),
      destinationId: "destinationId-000000000001",
      versionId: String(Number(draft.previous?.computed["versionId"] ?? 0) + 1),
    }),
    moving: ["versionId"],
    claims: ({ inputs }) => {
      const name = text(inputs, "name");
      const message = `Firehose ${name} already exists`;
      return [
        {
          key: `delivery stream ${name}`,
          refusal: new AwsError("ResourceInUseException", message),
        },
      ];
    },
    rules: [
      roleTrusts(`${search}.roleArn`, "firehose.amazonaws.com", "InvalidArgumentException"),
      subnetsAreOf(
        `${search}.vpcConfig.subnetIds[*]`,
        vpcOfFirst(`${search}.vpcConfig.subnetIds[*]`),
      ),
      securityGroupsAreOf(
        [`${search}.vpcConfig.securityGroupIds[*]`],
        vpcOfFirst(`${search}.vpcConfig.subnetIds[*]`),
      ),
      failedRecordsHaveABucket,
      functionExists,
      streamMayWrite,
    ],
  },
  [functionType]: {
    noun: "function",
    id: ({ inputs }) => text(inputs, "name"),
    name: "name",
    tagged: true,
    required: ["role"],
    references: [
      { path: "role", to: "roleArn", onDelete: "dangle" },
      { path: "kmsKeyArn", to: "key", onDelete: "dangle" },
      { path: "sourceKmsKeyArn", to: "key", onDelete: "dangle" },
      { path: "vpcConfig.subnetIds[*]", to: "subnet", onDelete: "refuse" },
      { path: "vpcConfig.securityGroupIds[*]", to: "securityGroup", onDelete: "refuse" },
    ],
    identifiers: ({ id }) => ({ functionName: [id] }),
    computed: (draft) => {
      const arn = arnOf(draft, "lambda", `function:${text(draft.inputs, "name")}`);
      return { arn, qualifiedArn: `${arn}:$LATEST`, version: "$LATEST" };
    },
    claims: ({ inputs }) => {
      const name = text(inputs, "name");
      const message = `Function already exist: ${name}`;
      return [
        { key: `function ${name}`, refusal: new AwsError("ResourceConflictException", message) },
      ];
    },
    rules: [
      roleTrusts("role", "lambda.amazonaws.com", "InvalidParameterValueException"),
      lambdaMayUseTheKey,
      subnetsAreOf("vpcConfig.subnetIds[*]", vpcOfFirst("vpcConfig.subnetIds[*]")),
      securityGroupsAreOf(["vpcConfig.securityGroupIds[*]"], vpcOfFirst("vpcConfig.subnetIds[*]")),
    ],
  },
  [invocationType]: {
    noun: "invocation",
    // The provider's own has no triggers in it; here it tells one from that which takes its place.
    id: ({ inputs }) =>
      `${text(inputs, "functionName")}_$LATEST_${digest(JSON.stringify([inputs["input"], inputs["triggers"]]), 32)}`,
    tagged: false,
    required: ["functionName", "input"],
    references: [{ path: "functionName", to: "functionName", onDelete: "dangle" }],
    computed: () => ({ result: "{}" }),
    replacedWhen: callsAgain,
    rules: [inputIsJson, storeIsReached],
  },
};
