import type { Field, Finding } from "./model";
import {
  allows,
  grants,
  isEveryActionOfAService,
  isEveryResource,
  isEveryResourceOfAKind,
  isLimitedBy,
  ofPermissions,
  permissionTypes,
  someOf,
} from "./policy-documents";
import { resourceRule } from "./rule";
import type { Truth } from "./truth";
import { all, not } from "./truth";

/**
 * Actions by which a principal gets more rights than it was given, alone or with a service that takes a role:
 * cloudsplaining.readthedocs.io/en/latest/glossary/privilege-escalation/, and what does the same for EKS, KMS and SSM.
 */
export const escalations = [
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
    yield* ofPermissions(resource, confined);
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
  const { truth, words } = someOf(escalations, (action) => escalates(statement, action));
  yield* statement.judge(not(truth), `not allow ${words} on every resource`);
}

function escalates(statement: Field, action: string): Truth {
  return all([
    grants(statement, action),
    isEveryResourceOfAKind(statement),
    not(isLimitedBy(statement, limitingKeys)),
  ]);
}
