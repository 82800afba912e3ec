import { inputsOf, isDocument } from "./account-inputs";
import { keyTypes } from "./kms";
import type { Field, Finding, Resource } from "./model";
import { isRecord } from "./model";
import { allows, permissionTypes, principals, statements } from "./policy-documents";
import { stackRule } from "./rule";
import { hasAccount, isForNamedSource } from "./sources";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any, not } from "./truth";

/** Trusts, keys and log groups are judged by iam-trust-narrow, kms-no-wildcard-principal and log-resource-policy-narrow; policies of rights have no principals. */
const judgedElsewhere: readonly string[] = [
  ...permissionTypes,
  ...keyTypes,
  token.logResourcePolicy,
];

export const serviceSources = stackRule({
  id: "iam-service-source-named",
  title: "Services use a resource for named accounts or resources only",
  severity: "medium",
  level: "mandatory",
  requirements: ["M1", "S3"],
  controls: ["ckv:CKV_AWS_364"],
  fix: "Limit the service by aws:SourceAccount, or by aws:SourceArn with the number of an account; set sourceAccount of a Lambda permission. An ARN without an account, such as a bucket's, is not enough.",
  url: "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html#cross-service-confused-deputy-prevention",
  // Whatever a stack has of AWS may have a policy.
  types: [token.awsProvider, token.lambdaPermission, token.bucketPolicy, token.topicPolicy],
  config: {
    withoutSource: {
      type: "array",
      items: { type: "string" },
      default: [] as string[],
      description: "Services that tell no source by which they could be limited.",
    },
  },
  *checkStack(stack, { withoutSource }) {
    for (const resource of stack.resources.filter(({ type }) => type.startsWith("aws:"))) {
      if (resource.type === token.lambdaPermission) yield* ofPermission(resource, withoutSource);
      if (judgedElsewhere.includes(resource.type)) continue;
      for (const field of inputsOf(resource)) {
        if (isRecord(field.value)) {
          for (const one of statements(field)) yield* ofStatement(one, withoutSource);
        } else if (field.unknown && isDocument(field)) yield field.undecided();
      }
    }
  },
});

const rule = "limit the service by aws:SourceAccount, or by aws:SourceArn with an account";

/** Whose requests a service passes on, each by itself; aws:SourceOwner is what SNS once called the account. */
const sources = ["aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths", "aws:SourceOwner"];

function ofStatement(statement: Field, withoutSource: readonly string[]): Finding[] {
  const services = principals(statement, "Service");
  if (services.length === 0) return [];
  return statement.judge(
    any([
      not(allows(statement)),
      all(services.map(({ unknown, text }) => !unknown && withoutSource.includes(text))),
      isForNamedSource(statement, sources),
    ]),
    rule,
  );
}

/**
 * docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html; Alexa, whose skills have no account, tells by the token
 * which of them it is.
 */
function ofPermission(permission: Resource, withoutSource: readonly string[]): Finding[] {
  const principal = permission.at("principal");
  if (!principal.unknown && !/\.amazon(aws)?\.com(\.cn)?$/.test(principal.text)) return [];
  const source = permission.at("sourceArn");
  const isNamed = any([
    !principal.unknown && withoutSource.includes(principal.text),
    ...["sourceAccount", "principalOrgId", "eventSourceToken"].map((path) =>
      says(permission.at(path)),
    ),
    hasAccount(source),
  ]);
  if (principal.unknown && !isNamed) return [principal.undecided()];
  return isNamed === undefined
    ? [source.undecided()]
    : principal.judge(isNamed, "be limited by sourceAccount, or by sourceArn with an account");
}

function says({ unknown, text }: Field): Truth {
  return unknown || (/[a-z0-9]/i.test(text) && !/[*?]/.test(text));
}
