import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import { document, resource, statement } from "../support/rule-platform";
import { unknown } from "../support/rule-stack";

const account = "111122223333";
const provider = resource(token.awsProvider, { allowedAccountIds: JSON.stringify([account]) });
const one = (type: string, inputs: Record<string, unknown>) => ({ it: resource(type, inputs) });

const queuePolicy = "aws:sqs/queuePolicy:QueuePolicy";

/** Policies of resources, by type and input. */
const policies: readonly [type: string, input: string][] = [
  ["aws:apigateway/restApiPolicy:RestApiPolicy", "policy"],
  ["aws:cloudwatch/eventBusPolicy:EventBusPolicy", "policy"],
  ["aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate", "repositoryPolicy"],
  ["aws:ecr/repositoryPolicy:RepositoryPolicy", "policy"],
  ["aws:opensearch/domainPolicy:DomainPolicy", "accessPolicies"],
  ["aws:s3/bucketPolicy:BucketPolicy", "policy"],
  ["aws:secretsmanager/secretPolicy:SecretPolicy", "policy"],
  ["aws:sns/topicPolicy:TopicPolicy", "policy"],
  ["aws:sqs/queue:Queue", "policy"],
  [queuePolicy, "policy"],
];

const allow = (more: Record<string, unknown> = {}) =>
  document(
    statement({
      Sid: "It",
      Principal: { Service: "sns.amazonaws.com" },
      Action: "sqs:SendMessage",
      Resource: "*",
      ...more,
    }),
  );
const queue = (more: Record<string, unknown>) => one(queuePolicy, { policy: allow(more) });
const on = (operator: string, key: string, value: unknown) =>
  queue({ Condition: { [operator]: { [key]: value } } });
const permission = (inputs: Record<string, unknown>) =>
  one(token.lambdaPermission, { principal: "s3.amazonaws.com", ...inputs });

const topic = `arn:aws:sns:eu-west-1:${account}:alarms`;
const open = (path = "policy") => [
  `it: ${path}.Statement[0] must limit the service by aws:SourceAccount, or by aws:SourceArn with an account, got statement It`,
];
const openFunction = (principal = "s3.amazonaws.com") => [
  `it: principal must be limited by sourceAccount, or by sourceArn with an account, got "${principal}"`,
];

casesFor("iam-service-source-named [M1] [S3]", {
  base: { provider, ...on("StringEquals", "aws:SourceAccount", account) },
  passes: [
    ...policies.map(([type, input]): [string, Record<string, unknown>] => [
      `${type} for the account`,
      one(type, {
        [input]: allow({ Condition: { StringEquals: { "aws:SourceAccount": account } } }),
      }),
    ]),
    ["a source with an account", on("ArnLike", "aws:SourceArn", topic)],
    [
      "a source of the service's in the account",
      on("ArnLike", "aws:SourceArn", `arn:aws:sns:*:${account}:*`),
    ],
    ["an organization", on("StringEquals", "aws:SourceOrgID", "o-a1b2c3d4e5")],
    [
      "paths of an organization",
      on("ForAnyValue:StringLike", "aws:SourceOrgPaths", "o-a1b2c3d4e5/r-ab12/*"),
    ],
    [
      "a bucket of the account",
      queue({
        Condition: {
          ArnLike: { "aws:SourceArn": "arn:aws:s3:::uploads" },
          StringEquals: { "aws:SourceAccount": account },
        },
      }),
    ],
    ["a denial", queue({ Effect: "Deny" })],
    ["people", queue({ Principal: { AWS: `arn:aws:iam::${account}:role/x` } })],
    [
      "what others judge: trusts",
      one(token.role, { assumeRolePolicy: allow({ Principal: { Service: "ec2.amazonaws.com" } }) }),
    ],
    [
      "a function for a bucket of the account",
      permission({ sourceArn: "arn:aws:s3:::uploads", sourceAccount: account }),
    ],
    ["a function for a topic", permission({ principal: "sns.amazonaws.com", sourceArn: topic })],
    ["a function for an organization", permission({ principalOrgId: "o-a1b2c3d4e5" })],
    [
      "a function for a skill of Alexa",
      permission({ principal: "alexa-appkit.amazon.com", eventSourceToken: "amzn1.ask.skill.1" }),
    ],
    ["a function for an account that nobody knows yet", permission({ sourceAccount: unknown })],
    ["a function for people", permission({ principal: account })],
  ],
  fails: [
    ...policies.map(([type, input]): [string, Record<string, unknown>, string[]] => [
      `${type} for every account`,
      one(type, { [input]: allow() }),
      open(input),
    ]),
    [
      "a bucket that may be anybody's",
      on("ArnLike", "aws:SourceArn", "arn:aws:s3:::uploads"),
      open(),
    ],
    ["a source of any account", on("ArnLike", "aws:SourceArn", "arn:aws:sns:*:*:alarms"), open()],
    [
      "one source of any account",
      on("ArnLike", "aws:SourceArn", [topic, "arn:aws:sns:*:*:x"]),
      open(),
    ],
    ["any account", on("StringLike", "aws:SourceAccount", "*"), open()],
    ["any organization", on("StringLike", "aws:SourceOrgID", "o-*"), open()],
    [
      "organizations whose ids begin alike",
      on("StringLike", "aws:SourceOrgID", ["o-a1b2c3d4e5", "o-a?b2*"]),
      open(),
    ],
    [
      "paths of any organization",
      on("ForAnyValue:StringLike", "aws:SourceOrgPaths", "o-*/*"),
      open(),
    ],
    ["an account if one is told", on("StringEqualsIfExists", "aws:SourceAccount", account), open()],
    ["TLS alone", on("Bool", "aws:SecureTransport", "true"), open()],
    ["a function", permission({}), openFunction()],
    [
      "a function for a bucket that may be anybody's",
      permission({ sourceArn: "arn:aws:s3:::uploads" }),
      openFunction(),
    ],
    ["a function for any account", permission({ sourceAccount: "*" }), openFunction()],
    ["a function for any organization", permission({ principalOrgId: "o-*" }), openFunction()],
    [
      "a function for APIs of any account",
      permission({
        principal: "apigateway.amazonaws.com",
        sourceArn: "arn:aws:execute-api:eu-west-1:*:abc/*",
      }),
      openFunction("apigateway.amazonaws.com"),
    ],
  ],
  undecided: [
    [
      "a policy that nobody knows yet",
      one(queuePolicy, { policy: unknown }),
      ["it: undecided: policy of it is unknown until up"],
    ],
    [
      "an organization that nobody knows yet",
      on("StringEquals", "aws:SourceOrgID", unknown),
      ["it: undecided: policy.Statement[0] of it is unknown until up"],
    ],
    [
      "a source that nobody knows yet",
      on("ArnEquals", "aws:SourceArn", unknown),
      ["it: undecided: policy.Statement[0] of it is unknown until up"],
    ],
    [
      "a function for a source that nobody knows yet",
      permission({ sourceArn: unknown }),
      ["it: undecided: sourceArn of it is unknown until up"],
    ],
    [
      "a function for nobody knows whom",
      permission({ principal: unknown }),
      ["it: undecided: principal of it is unknown until up"],
    ],
  ],
});

describe("services that tell no source", () => {
  const principal = "quiet.amazonaws.com";
  casesFor("iam-service-source-named [M1] [S3]", {
    base: { provider, ...queue({ Principal: { Service: principal } }) },
    config: { withoutSource: [principal] },
    passes: [
      ["a policy for the service", {}],
      ["a function for the service", permission({ principal })],
    ],
    fails: [
      [
        "another service beside it",
        queue({ Principal: { Service: [principal, "sns.amazonaws.com"] } }),
        open(),
      ],
      ["a function for another service", permission({}), openFunction()],
    ],
    undecided: [],
    decided: "the table above has them",
  });
});
