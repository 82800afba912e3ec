import type { Field, Finding, Resource } from "./model";
import {
  allows,
  grants,
  isEveryActionOfAService,
  isEveryResourceOfAKind,
  isLimitedBy,
  ofPermissions,
  ofStatements,
  permissionsOf,
  permissionTypes,
  someOf,
} from "./policy-documents";
import { resourceRule } from "./rule";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any, not } from "./truth";

/** Where resources keep the policies that say who may do what with them. */
const resourcePolicies: Record<string, string> = {
  [token.role]: "assumeRolePolicy",
  [token.bucketPolicy]: "policy",
  [token.topic]: "policy",
  [token.topicPolicy]: "policy",
  [token.logResourcePolicy]: "policyDocument",
  [token.repositoryPolicy]: "policy",
};

const documentTypes = [...new Set([...permissionTypes, ...Object.keys(resourcePolicies)])];

/** What is found of each statement by which the resource allows something, to itself or to others. */
function ofAllStatements(
  resource: Resource,
  judge: (statement: Field) => Iterable<Finding>,
): Iterable<Finding> {
  const { type, name } = resource;
  const own = permissionTypes.some((one) => one === type) ? permissionsOf(resource) : [];
  const path = resourcePolicies[type];
  const given = path === undefined ? [] : [resource.at(path)];
  const documents = [...own, ...given.filter(({ present }) => present)];
  return ofStatements(documents, `${name} has no policy of its own`, judge);
}

export const noWholeService = resourceRule({
  id: "iam-no-service-wildcard",
  title: "No policy allows every action of a service, of whichever resource",
  severity: "medium",
  level: "mandatory",
  requirements: ["S3", "M1"],
  controls: [],
  fix: "Name the actions in use: what AWS adds to the service later is not among them.",
  url: "https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-21",
  types: documentTypes,
  *check(resource) {
    yield* ofAllStatements(resource, (statement) =>
      statement.judge(
        any([not(allows(statement)), not(isEveryActionOfAService(statement))]),
        "not allow every action of a service",
      ),
    );
  },
});

export const actionsNamed = resourceRule({
  id: "iam-actions-named",
  title: "Policies name the actions that they allow, but for those that only list and describe",
  severity: "low",
  level: "advisory",
  requirements: ["S3", "M1"],
  controls: [],
  fix: "Write out the actions in use, such as s3:GetObject instead of s3:Get*.",
  url: "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
  types: documentTypes,
  *check(resource) {
    yield* ofAllStatements(resource, (statement) =>
      statement.judge(
        any([
          not(allows(statement)),
          not(any(statement.at("Action").each().map(isFamilyOfActions))),
        ]),
        "name its actions without wildcards",
      ),
    );
  },
});

/** Whole services are another rule's. */
function isFamilyOfActions({ unknown, text }: Field): Truth {
  if (unknown) return undefined;
  const [, name = ""] = text.split(":");
  return /[*?]/.test(name) && /[A-Za-z]/.test(name) && !/^(List|Describe)[A-Za-z]*\*$/i.test(name);
}

/**
 * Actions that read, write or run what belongs to somebody, all of which AWS lets a policy limit to resources:
 * docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
export const dataActions = [
  "dynamodb:DeleteItem",
  "dynamodb:GetItem",
  "dynamodb:PutItem",
  "dynamodb:Query",
  "dynamodb:Scan",
  "dynamodb:UpdateItem",
  "ec2:AssociateAddress",
  "ecr:BatchImportUpstreamImage",
  "ecr:CreateRepository",
  "ecr:DeleteRepository",
  "ecr:PutImage",
  "es:ESHttpDelete",
  "es:ESHttpGet",
  "es:ESHttpPatch",
  "es:ESHttpPost",
  "es:ESHttpPut",
  "firehose:PutRecord",
  "firehose:PutRecordBatch",
  "kinesis:GetRecords",
  "kinesis:PutRecord",
  "kinesis:PutRecords",
  "lambda:InvokeFunction",
  "logs:CreateLogStream",
  "logs:DeleteLogGroup",
  "logs:DeleteLogStream",
  "logs:FilterLogEvents",
  "logs:GetLogEvents",
  "logs:PutLogEvents",
  "s3:DeleteObject",
  "s3:DeleteObjectVersion",
  "s3:GetObject",
  "s3:GetObjectVersion",
  "s3:ListBucket",
  "s3:PutBucketPolicy",
  "s3:PutObject",
  "secretsmanager:GetSecretValue",
  "secretsmanager:PutSecretValue",
  "sns:Publish",
  "sqs:ReceiveMessage",
  "sqs:SendMessage",
  "ssm:GetParameter",
  "ssm:GetParameters",
  "ssm:GetParametersByPath",
  "ssm:PutParameter",
];

/** Conditions that say which resources are meant, where ARNs cannot. */
const resourceKeys = [
  "aws:ResourceTag/",
  "ec2:ResourceTag/",
  "ecr:ResourceTag/",
  "secretsmanager:ResourceTag/",
  "ssm:resourceTag/",
  "s3:ExistingObjectTag/",
  "s3:DataAccessPointArn",
  "dynamodb:LeadingKeys",
];

export const resourcesNamed = resourceRule({
  id: "iam-resources-named",
  title: "Who reads, writes or runs data of the account does so with named resources",
  severity: "high",
  level: "mandatory",
  requirements: ["S3", "M1"],
  controls: ["ckv:CKV_AWS_288", "ckv:CKV_AWS_290", "ckv:CKV_AWS_355"],
  fix: "Name the buckets, log groups, parameters, secrets, streams and functions in Resource, or limit the statement by a tag of theirs.",
  url: "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_controlling.html#access_controlling-resources",
  types: permissionTypes,
  *check(resource) {
    yield* ofPermissions(resource, namesResources);
  },
});

function* namesResources(statement: Field): Iterable<Finding> {
  const everywhere = all([
    isEveryResourceOfAKind(statement),
    not(isLimitedBy(statement, resourceKeys)),
  ]);
  // What names its resources may do with them what it likes, as far as this rule goes.
  if (everywhere === false) return;
  const { truth, words } = someOf(dataActions, (action) => grants(statement, action));
  yield* statement.judge(not(all([everywhere, truth])), `name the resources of ${words}`);
}
