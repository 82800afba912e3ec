import type { Field, Finding } from "./model";
import {
  allows,
  grants,
  isEveryActionOfAService,
  isEveryResource,
  isEveryResourceOfAKind,
  isLimitedBy,
  permissionsOf,
  permissionTypes,
  statements,
} from "./policy-documents";
import { resourceRule } from "./rule";
import type { Truth } from "./truth";
import { all, any, not } from "./truth";

/**
 * Actions by which a principal gets more rights than it was given, alone or with a service that takes a role:
 * cloudsplaining.readthedocs.io/en/latest/glossary/privilege-escalation/, and what does the same for EKS, KMS and SSM.
 */
const escalations = [
  "iam:AddUserToGroup",
  "iam:AttachGroupPolicy",
  "iam:AttachRolePolicy",
  "iam:AttachUserPolicy",
  "iam:CreateAccessKey",
  "iam:CreateLoginProfile",
  "iam:CreatePolicyVersion",
  "iam:DeleteRolePermissionsBoundary",
  "iam:DeleteUserPermissionsBoundary",
  "iam:PassRole",
  "iam:PutGroupPolicy",
  "iam:PutRolePermissionsBoundary",
  "iam:PutRolePolicy",
  "iam:PutUserPermissionsBoundary",
  "iam:PutUserPolicy",
  "iam:SetDefaultPolicyVersion",
  "iam:UpdateAssumeRolePolicy",
  "iam:UpdateLoginProfile",
  "iam:UpdateSAMLProvider",
  "sts:AssumeRole",
  "eks:AssociateAccessPolicy",
  "eks:CreateAccessEntry",
  "glue:UpdateDevEndpoint",
  "kms:PutKeyPolicy",
  "lambda:UpdateFunctionCode",
  "ssm:SendCommand",
];

/** Conditions that say to which things, or to how much, such an action is limited. */
const limitingKeys = [
  "aws:ResourceTag/",
  "iam:ResourceTag/",
  "ssm:resourceTag/",
  "iam:PermissionsBoundary",
  "iam:PolicyARN",
];

export const noEscalation = resourceRule({
  id: "iam-no-priv-escalation",
  title: "No policy allows a whole service, or what gives more rights, on every resource",
  severity: "critical",
  level: "mandatory",
  requirements: ["S3", "M1"],
  controls: ["ckv:CKV_AWS_286", "ckv:CKV_AWS_289"],
  fix: "Name the actions in use, and the roles, policies, clusters and instances that they are for.",
  url: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
  types: permissionTypes,
  *check(resource) {
    const documents = permissionsOf(resource);
    if (documents.length === 0) {
      yield { verdict: "notApplicable", message: "the role has no policies of its own" };
    }
    for (const statement of documents.flatMap(statements)) yield* confined(statement);
  },
});

function* confined(statement: Field): Iterable<Finding> {
  const wholeService = [
    ...statement.judge(
      not(all([allows(statement), isEveryActionOfAService(statement), isEveryResource(statement)])),
      "not allow every action of a service on every resource",
    ),
  ];
  yield* wholeService;
  if (wholeService.length > 0) return;
  const found = escalations.map((action): [string, Truth] => [
    action,
    escalates(statement, action),
  ]);
  const certain = found.filter(([, truth]) => truth).map(([action]) => action);
  yield* statement.judge(
    not(any(found.map(([, truth]) => truth))),
    `not allow ${certain.slice(0, 3).join(", ")}${certain.length > 3 ? " and more" : ""} on every resource`,
  );
}

function escalates(statement: Field, action: string): Truth {
  return all([
    grants(statement, action),
    isEveryResourceOfAKind(statement),
    not(isLimitedBy(statement, limitingKeys)),
  ]);
}
