import * as aws from "@pulumi/aws";
import { inputsOf, isDocument, isWho, keyOf } from "../../policies/account-inputs";
import { Resource } from "../../policies/model";
import { token } from "../../policies/tokens";
import { inputsOfType } from "../support/provider-inputs";
import { casesFor } from "../support/rule-cases";
import { document, resource, statement } from "../support/rule-platform";
import { json, ref, unknown } from "../support/rule-stack";

const account = "111122223333";
const foreign = "999999999999";
const provider = resource(token.awsProvider, { allowedAccountIds: JSON.stringify([account]) });
const one = (type: string, inputs: Record<string, unknown>) => ({ it: resource(type, inputs) });

const queuePolicy = "aws:sqs/queuePolicy:QueuePolicy";

type Case = [title: string, change: Record<string, unknown>];
type Failing = [title: string, change: Record<string, unknown>, reports: string[]];

/** Policies of resources, by type and input. */
const policies: readonly [type: string, input: string][] = [
  ["aws:acmpca/policy:Policy", "policy"],
  ["aws:apigateway/restApi:RestApi", "policy"],
  ["aws:apigateway/restApiPolicy:RestApiPolicy", "policy"],
  ["aws:backup/vaultPolicy:VaultPolicy", "policy"],
  ["aws:cloudwatch/eventBusPolicy:EventBusPolicy", "policy"],
  ["aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy", "accessPolicy"],
  ["aws:cloudwatch/logResourcePolicy:LogResourcePolicy", "policyDocument"],
  ["aws:codebuild/resourcePolicy:ResourcePolicy", "policy"],
  ["aws:dynamodb/resourcePolicy:ResourcePolicy", "policy"],
  ["aws:ecr/registryPolicy:RegistryPolicy", "policy"],
  ["aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate", "repositoryPolicy"],
  ["aws:ecr/repositoryPolicy:RepositoryPolicy", "policy"],
  ["aws:efs/fileSystemPolicy:FileSystemPolicy", "policy"],
  ["aws:glacier/vault:Vault", "accessPolicy"],
  ["aws:glue/resourcePolicy:ResourcePolicy", "policy"],
  ["aws:kinesis/resourcePolicy:ResourcePolicy", "policy"],
  ["aws:lambda/resourcePolicy:ResourcePolicy", "policy"],
  ["aws:msk/clusterPolicy:ClusterPolicy", "policy"],
  ["aws:oam/sinkPolicy:SinkPolicy", "policy"],
  ["aws:s3/accessPoint:AccessPoint", "policy"],
  ["aws:s3/bucket:Bucket", "policy"],
  ["aws:s3/bucketPolicy:BucketPolicy", "policy"],
  ["aws:s3tables/tableBucketPolicy:TableBucketPolicy", "resourcePolicy"],
  ["aws:secretsmanager/secret:Secret", "policy"],
  ["aws:secretsmanager/secretPolicy:SecretPolicy", "policy"],
  ["aws:sns/topic:Topic", "policy"],
  ["aws:sns/topicPolicy:TopicPolicy", "policy"],
  ["aws:sqs/queue:Queue", "policy"],
  ["aws:sqs/queuePolicy:QueuePolicy", "policy"],
  ["aws:vpclattice/authPolicy:AuthPolicy", "policy"],
];

/** Inputs that name an account, or a thing in one. */
const settings: readonly [type: string, input: string, value: (account: string) => unknown][] = [
  ["aws:cloudwatch/eventBusPolicy:EventBusPolicy", "eventBusName", arn("events", "event-bus/x")],
  ["aws:cloudwatch/eventPermission:EventPermission", "principal", (id) => id],
  ["aws:cloudwatch/eventTarget:EventTarget", "arn", arn("events", "event-bus/x")],
  [token.logSubscriptionFilter, "destinationArn", arn("logs", "destination:x")],
  ["aws:ec2/amiLaunchPermission:AmiLaunchPermission", "accountId", (id) => id],
  [
    "aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission",
    "accountId",
    (id) => id,
  ],
  ["aws:ec2/vpcEndpointService:VpcEndpointService", "allowedPrincipals", (id) => [root(id)]],
  [token.vpcPeeringConnection, "peerOwnerId", (id) => id],
  [
    "aws:ecr/replicationConfiguration:ReplicationConfiguration",
    "replicationConfiguration",
    (id) => ({ rules: [{ destinations: [{ region: "eu-west-1", registryId: id }] }] }),
  ],
  ["aws:guardduty/inviteAccepter:InviteAccepter", "masterAccountId", (id) => id],
  ["aws:kms/grant:Grant", "granteePrincipal", root],
  ["aws:kms/grant:Grant", "retiringPrincipal", root],
  ["aws:lambda/permission:Permission", "principal", (id) => id],
  ["aws:lambda/permission:Permission", "sourceAccount", (id) => id],
  ["aws:lambda/permission:Permission", "sourceArn", arn("sns", "x")],
  ["aws:lambda/layerVersionPermission:LayerVersionPermission", "principal", (id) => id],
  ["aws:opensearch/authorizeVpcEndpointAccess:AuthorizeVpcEndpointAccess", "account", (id) => id],
  [
    "aws:opensearch/serverlessAccessPolicy:ServerlessAccessPolicy",
    "policy",
    (id) => JSON.stringify([{ Rules: [], Principal: [root(id)] }]),
  ],
  ["aws:ram/principalAssociation:PrincipalAssociation", "principal", (id) => id],
  ["aws:rds/snapshot:Snapshot", "sharedAccounts", (id) => [id]],
  [
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
    "rules",
    (id) => [{ destination: { bucket: "arn:aws:s3:::copies", account: id } }],
  ],
  ["aws:sns/topicSubscription:TopicSubscription", "endpoint", arn("sqs", "x")],
  [token.document, "permissions", (id) => ({ type: "Share", account_ids: `${account},${id}` })],
  [
    "aws:sqs/queue:Queue",
    "redrivePolicy",
    (id) => JSON.stringify({ deadLetterTargetArn: arn("sqs", "x")(id), maxReceiveCount: 3 }),
  ],
];

function arn(service: string, name: string) {
  return (id: string) => `arn:aws:${service}:eu-west-1:${id}:${name}`;
}
function root(id: string) {
  return `arn:aws:iam::${id}:root`;
}

const lambdaPermission = "aws:lambda/permission:Permission";
const allow = (more: Record<string, unknown>) =>
  document(statement({ Sid: "It", Action: "sqs:SendMessage", Resource: "*", ...more }));
const queue = (more: Record<string, unknown>) => one(queuePolicy, { policy: allow(more) });
const ownOnly = (path: string, got: string) =>
  `it: ${path} must name accounts of the stack, got ${got}`;
const named = "it: policy.Statement[0] must name the principals that it allows, got statement It";

/** Conditions that make of everybody somebody. */
const narrowing: readonly [operator: string, key: string, value: string][] = [
  ["StringEquals", "aws:PrincipalOrgID", "o-a1b2c3d4e5"],
  ["StringEquals", "aws:PrincipalAccount", account],
  ["ArnLike", "aws:PrincipalArn", `arn:aws:iam::${account}:role/writer`],
  ["StringEquals", "aws:SourceAccount", account],
  ["ArnLike", "aws:SourceArn", "arn:aws:s3:::uploads"],
  ["StringEquals", "aws:SourceVpce", "vpce-0123456789abcdef0"],
  ["Bool", "elasticfilesystem:AccessedViaMountTarget", "true"],
];

casesFor("iam-own-accounts [M1] [S3]", {
  base: { provider, ...queue({ Principal: { AWS: root(account) } }) },
  passes: [
    ...policies.map(([type, input]): Case => [
      `${type} for the account`,
      one(type, { [input]: allow({ Principal: { AWS: root(account) } }) }),
    ]),
    ...settings.map(([type, input, value]): Case => [
      `${input} of ${type} in the account`,
      one(type, { [input]: value(account) }),
    ]),
    ...narrowing.map(([operator, key, value]): Case => [
      `everybody, limited by ${key}`,
      queue({ Principal: "*", Condition: { [operator]: { [key]: value } } }),
    ]),
    [
      "everybody of the account whose the queue is",
      queue({
        Principal: "*",
        Condition: { StringEquals: { "aws:PrincipalAccount": "${aws:ResourceAccount}" } },
      }),
    ],
    [
      "resources of whose account somebody is",
      one(token.policy, {
        policy: allow({
          Condition: { StringEquals: { "aws:ResourceAccount": "${aws:PrincipalAccount}" } },
        }),
      }),
    ],
    [
      "an account that has to be told",
      queue({
        Principal: "*",
        Condition: {
          StringEquals: { "aws:SourceAccount": account },
          Null: { "aws:SourceAccount": "false" },
        },
      }),
    ],
    [
      "everybody, by a resource of the account",
      one(lambdaPermission, { principal: "*", sourceArn: arn("sns", "alarms")(account) }),
    ],
    [
      "everybody, by a bucket of the account",
      one(lambdaPermission, {
        principal: "*",
        sourceArn: "arn:aws:s3:::uploads",
        sourceAccount: account,
      }),
    ],
    [
      "everybody in an organization, by a condition",
      one("aws:cloudwatch/eventPermission:EventPermission", {
        principal: "*",
        condition: { key: "aws:PrincipalOrgID", type: "StringEquals", value: "o-a1b2c3d4e5" },
      }),
    ],
    ["a denial for everybody", queue({ Effect: "Deny", Principal: "*" })],
    [
      "a topic of any account that is of this one",
      queue({
        Principal: { Service: "sns.amazonaws.com" },
        Condition: {
          ArnLike: { "aws:SourceArn": "arn:aws:sns:*:*:alarms" },
          StringEquals: { "aws:SourceAccount": account },
        },
      }),
    ],
    ["a service", one("aws:lambda/permission:Permission", { principal: "s3.amazonaws.com" })],
    [
      "everybody in an organization",
      one("aws:lambda/permission:Permission", { principal: "*", principalOrgId: "o-a1b2c3d4e5" }),
    ],
    [
      "a role of the stack",
      {
        role: resource(token.role, {
          assumeRolePolicy: allow({
            Principal: { AWS: root(account) },
            Condition: { StringEquals: { "sts:ExternalId": "x" } },
          }),
        }),
        ...one("aws:kms/grant:Grant", { granteePrincipal: ref("role", "arn") }),
      },
    ],
    [
      "copies in a bucket of the stack",
      {
        copies: resource(token.bucket, { bucket: "copies" }),
        ...one("aws:s3/bucketReplicationConfig:BucketReplicationConfig", {
          rules: [{ destination: { bucket: ref("copies", "arn") } }],
        }),
      },
    ],
    [
      "code that others publish",
      one(token.lambdaFunction, {
        layers: [`arn:aws:lambda:eu-west-1:${foreign}:layer:insights:1`],
      }),
    ],
    [
      "images of EKS",
      one(token.policy, {
        policy: document(
          statement({
            Action: "ecr:BatchGetImage",
            Resource: "arn:aws:ecr:eu-west-1:602401143452:repository/*",
          }),
        ),
      }),
    ],
    [
      "texts for people",
      one(token.logGroup, {
        description: `was ${root(foreign)}`,
        tags: { owner: foreign, "made-by": root(foreign) },
      }),
    ],
    [
      "twelve digits that are no account",
      one("aws:ecs/taskDefinition:TaskDefinition", {
        containerDefinitions: JSON.stringify([{ image: "app:202511301200", tag: "202511301200" }]),
      }),
    ],
    [
      "the pattern of a filter, which only looks like JSON",
      one(token.logMetricFilter, { pattern: '{ $.errorCode = "AccessDenied" }' }),
    ],
  ],
  fails: [
    ...policies.map(([type, input]): Failing => [
      `${type} for another account`,
      one(type, { [input]: allow({ Principal: { AWS: [root(account), root(foreign)] } }) }),
      [ownOnly(`${input}.Statement[0].Principal.AWS[1]`, `"${root(foreign)}"`)],
    ]),
    ...policies.map(([type, input]): Failing => [
      `${type} for everybody`,
      one(type, { [input]: allow({ Principal: "*" }) }),
      [named.replace("policy.", `${input}.`)],
    ]),
    ...[
      { sourceArn: "*" },
      { sourceArn: "arn:aws:s3:::uploads" },
      { sourceArn: "arn:aws:s3:::*", sourceAccount: "" },
      { principalOrgId: "o-*" },
    ].map((inputs): Failing => [
      `everybody, by ${JSON.stringify(inputs)}`,
      one(lambdaPermission, { principal: "*", ...inputs }),
      [ownOnly("principal", '"*"')],
    ]),
    ["everybody but one", queue({ NotPrincipal: { AWS: root(account) } }), [named]],
    [
      "everybody of any organization",
      queue({ Principal: "*", Condition: { StringLike: { "aws:PrincipalOrgID": "o-*" } } }),
      [named],
    ],
    [
      "everybody on any condition",
      queue({ Principal: "*", Condition: { Bool: { "aws:SecureTransport": "true" } } }),
      [named],
    ],
    [
      "everybody from any account",
      queue({ Principal: "*", Condition: { StringLike: { "aws:PrincipalAccount": "*" } } }),
      [named, ownOnly("policy.Statement[0].Condition.StringLike.aws:PrincipalAccount", '"*"')],
    ],
    [
      "an account by its canonical id",
      queue({ Principal: { CanonicalUser: "79a59df900b949e5" } }),
      ['it: policy.Statement[0].Principal.CanonicalUser must be an ARN, got "79a59df900b949e5"'],
    ],
    [
      "a topic of any account",
      queue({
        Principal: { Service: "sns.amazonaws.com" },
        Condition: { ArnLike: { "aws:SourceArn": "arn:aws:sns:*:*:alarms" } },
      }),
      [ownOnly("policy.Statement[0].Condition.ArnLike.aws:SourceArn", '"arn:aws:sns:*:*:alarms"')],
    ],
    [
      "streams of another account",
      one(token.role, {
        assumeRolePolicy: allow({
          Principal: { Service: "firehose.amazonaws.com" },
          Condition: { StringEquals: { "sts:ExternalId": foreign } },
        }),
      }),
      [
        ownOnly(
          "assumeRolePolicy.Statement[0].Condition.StringEquals.sts:ExternalId",
          `"${foreign}"`,
        ),
      ],
    ],
    [
      "a right to a queue of another account",
      one(token.policy, {
        policy: allow({ Resource: `arn:aws:sqs:eu-west-1:${foreign}:jobs` }),
      }),
      [ownOnly("policy.Statement[0].Resource", `"arn:aws:sqs:eu-west-1:${foreign}:jobs"`)],
    ],
    [
      "a policy in a template",
      one("aws:cloudformation/stack:Stack", {
        templateBody: JSON.stringify({
          Resources: {
            Queue: {
              Properties: {
                PolicyDocument: {
                  Statement: [
                    {
                      Effect: "Allow",
                      Principal: { AWS: foreign },
                      Action: "sqs:*",
                      Resource: "*",
                    },
                  ],
                },
              },
            },
          },
        }),
      }),
      [
        ownOnly(
          "templateBody.Resources.Queue.Properties.PolicyDocument.Statement[0].Principal.AWS",
          `"${foreign}"`,
        ),
      ],
    ],
    ...settings.map(([type, input, value]): Failing => {
      const change = one(type, { [input]: value(foreign) });
      const found = inputsOf(new Resource({ urn: "", name: "", ...change.it })).find(({ text }) =>
        text.includes(foreign),
      );
      const report = ownOnly(found?.path ?? "", JSON.stringify(found?.value));
      return [`${input} of ${type} in another account`, change, [report]];
    }),
    ...(
      [
        ["aws:cloudwatch/eventPermission:EventPermission", { principal: "*" }, "principal"],
        ["aws:lambda/permission:Permission", { principal: "*" }, "principal"],
        [
          "aws:lambda/layerVersionPermission:LayerVersionPermission",
          { principal: "*" },
          "principal",
        ],
        [
          "aws:ec2/vpcEndpointService:VpcEndpointService",
          { allowedPrincipals: ["*"] },
          "allowedPrincipals[0]",
        ],
        ["aws:ec2/amiLaunchPermission:AmiLaunchPermission", { group: "all" }, "group"],
        ["aws:rds/snapshot:Snapshot", { sharedAccounts: ["all"] }, "sharedAccounts[0]"],
        [token.document, { permissions: { account_ids: "All" } }, "permissions.account_ids"],
      ] as const
    ).map(([type, inputs, path]): Failing => {
      const text = /all|\*/i.exec(JSON.stringify(Object.values(inputs)))?.[0] ?? "";
      return [`${type} for everybody, by ${path}`, one(type, inputs), [ownOnly(path, `"${text}"`)]];
    }),
  ],
  undecided: [
    ...policies.map(([type, input]): Failing => [
      `${type} that nobody knows yet`,
      one(type, { [input]: unknown }),
      [`it: undecided: ${input} of it is unknown until up`],
    ]),
    [
      "a policy with what a resource of the stack is called",
      {
        queue: resource("aws:sqs/queue:Queue", {}),
        ...one(queuePolicy, {
          policy: json({ Statement: [{ Effect: "Allow", Resource: ref("queue", "arn") }] }),
        }),
      },
      ["it: undecided: policy of it is unknown until up"],
    ],
    [
      "a grantee that nobody knows yet",
      one("aws:kms/grant:Grant", { granteePrincipal: unknown }),
      ["it: undecided: granteePrincipal of it is unknown until up"],
    ],
    [
      "a destination that nobody knows yet",
      one(token.logSubscriptionFilter, { destinationArn: unknown }),
      ["it: undecided: destinationArn of it is unknown until up"],
    ],
    [
      "an account that nobody knows yet",
      queue({ Principal: { AWS: `arn:aws:iam::${unknown}:root` } }),
      ["it: undecided: policy.Statement[0].Principal.AWS of it is unknown until up"],
    ],
    [
      "copies in a bucket of nobody knows whom",
      one("aws:s3/bucketReplicationConfig:BucketReplicationConfig", {
        rules: [{ destination: { bucket: "arn:aws:s3:::copies" } }],
      }),
      [
        "it: undecided: the account of arn:aws:s3:::copies is unknown: the stack does not manage it",
      ],
    ],
  ],
});

/** Every type of the provider. */
function providerTypes(): string[] {
  const modules = Object.values(aws as unknown as Record<string, Record<string, unknown>>);
  const members = modules.flatMap((module) =>
    typeof module === "object" ? Object.values(module) : [],
  );
  return members.flatMap((member) => {
    const type = (member as Record<string, unknown> | undefined)?.["__pulumiType"];
    return typeof type === "string" ? [type] : [];
  });
}

/** What comments call the number of an account. */
const accountNumber =
  /\baccount.?(id|identifier|number)s?\b|\bIDs? of \S* ?\S* ?accounts?\b|12.digit/i;

/** Inputs whose comments speak of numbers of accounts, and which give none of them anything. */
const noAccount: Readonly<Record<string, string>> = {
  AWS: "policies are read as documents",
  accessControlTranslation: "a map with a setting in it",
  accessControlTranslations: "a map with a setting in it",
  accountIds: "accounts that an analyzer leaves out",
  bucketDefinitions: "maps with an account in them, which is read",
  catalogArn: "an ARN, which is read wherever it stands",
  catalogs: "a map",
  createGovcloud: "a flag",
  destinationArn: "an ARN",
  destinationPattern: "a pattern of names",
  detectorId: "the id of a detector",
  entityOverrides: "people who see a feature of an application",
  excludedAccounts: "accounts that a rule leaves out",
  name: "a name",
  providerArns: "ARNs",
  serviceAccountId: "an account of Grafana",
  source: "an object that is copied, or an ARN",
  suffixPath: "a pattern of names",
  templatePhysicalId: "an ARN",
  value: "for whom costs are reckoned",
  values: "ARNs of what a trail writes down",
};

/** Types that are called policies, and do not say who may do something. */
const noPolicy: Readonly<Record<string, string>> = {
  "appautoscaling/policy": "when something grows",
  "autoscaling/policy": "when something grows",
  "batch/schedulingPolicy": "who waits for whom",
  "bedrock/agentcorePolicy": "in Cedar, which tools of a gateway an agent may use",
  "cloudfront/cachePolicy": "what is cached",
  "cloudfront/continuousDeploymentPolicy": "who sees a new version",
  "cloudfront/originRequestPolicy": "what is passed on",
  "cloudfront/responseHeadersPolicy": "headers",
  "cloudwatch/logStorageTierPolicy": "what is kept where",
  "dlm/lifecyclePolicy": "when snapshots are made; the accounts that they are shared with are read",
  "ec2/proxyProtocolPolicy": "ports",
  "ec2transitgateway/meteringPolicy": "who pays",
  "efs/backupPolicy": "a flag",
  "elb/appCookieStickinessPolicy": "cookies",
  "elb/listenerPolicy": "ports",
  "elb/loadBalancerBackendServerPolicy": "ports",
  "elb/loadBalancerCookieStickinessPolicy": "cookies",
  "elb/loadBalancerPolicy": "settings of a load balancer",
  "elb/sslNegotiationPolicy": "TLS",
  "emr/managedScalingPolicy": "when something grows",
  "fms/policy": "which rules hold where",
  "iam/accountPasswordPolicy": "passwords",
  "imagebuilder/lifecyclePolicy": "when images are deleted",
  "lightsail/lbHttpsRedirectionPolicy": "a flag",
  "lightsail/lbStickinessPolicy": "cookies",
  "mailmanager/trafficPolicy": "which mail is taken",
  "networkfirewall/firewallPolicy": "which packets pass",
  "resiliencehub/v2Policy": "how long something may be down",
  "route53/trafficPolicy": "answers to names",
  "securityhub/configurationPolicy": "what is checked",
  "sqs/redriveAllowPolicy": "queues by their ARNs, which are read",
  "sqs/redrivePolicy": "a queue by its ARN, which is read",
  "verifiedpermissions/policy": "in Cedar, who may do what in an application",
};

describe("the inputs of the provider", () => {
  const read = (type: string) => {
    const owner = new Resource({ urn: "", name: "", type, inputs: {} });
    return inputsOfType(type).map(({ path, comment }) => ({ field: owner.at(path), comment }));
  };

  it("are read where they hold the number of an account", () => {
    const missed = providerTypes().flatMap((type) =>
      read(type)
        .filter(({ field, comment }) => accountNumber.test(comment) && !isWho(field))
        .map(({ field }) => keyOf(field)),
    );
    expect([...new Set(missed)].toSorted()).toEqual(Object.keys(noAccount));
  }, 120_000);

  it("are read where they hold the policy of a resource", () => {
    const missed = providerTypes()
      .filter((type) => type.endsWith("Policy"))
      .filter((type) => !read(type).some(({ field }) => isDocument(field)))
      .map((type) => type.split(":")[1] ?? "");
    expect(missed.toSorted()).toEqual(Object.keys(noPolicy));
  }, 120_000);
});
