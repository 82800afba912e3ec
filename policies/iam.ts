import { known } from "./conditions";
import {
  allows,
  isEveryAction,
  isEveryResource,
  ofPermissions,
  permissionTypes,
} from "./policy-documents";
import { resourceRule, stackRule } from "./rule";
import { token } from "./tokens";
import { all, not } from "./truth";

export const noStarStar = resourceRule({
  id: "iam-no-star-star",
  title: "No policy allows every action on every resource",
  severity: "critical",
  level: "mandatory",
  requirements: ["S3", "M1"],
  controls: ["ckv:CKV_AWS_62", "ckv:CKV_AWS_63", "avd:AWS-0057"],
  fix: "Name the actions and the resources in use.",
  url: "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
  types: permissionTypes,
  *check(resource) {
    yield* ofPermissions(resource, (statement) =>
      statement.judge(
        not(all([allows(statement), isEveryAction(statement), isEveryResource(statement)])),
        "not allow every action on every resource",
      ),
    );
  },
});

/** Where attachments and roles name managed policies. */
const attachments: Record<string, string> = {
  [token.rolePolicyAttachment]: "policyArn",
  [token.userPolicyAttachment]: "policyArn",
  [token.groupPolicyAttachment]: "policyArn",
  [token.policyAttachment]: "policyArn",
  [token.rolePolicyAttachmentsExclusive]: "policyArns",
  [token.userPolicyAttachmentsExclusive]: "policyArns",
  [token.groupPolicyAttachmentsExclusive]: "policyArns",
  [token.permissionSetAttachment]: "managedPolicyArn",
  [token.permissionSetAttachmentsExclusive]: "managedPolicyArns",
  [token.role]: "managedPolicyArns",
};

/** A budget attaches a policy once the money is spent, as a rule one that denies. */
const allAttachments = {
  ...attachments,
  [token.budgetAction]: "definition.iamActionDefinition.policyArn",
};

/** AWS' policies that make an administrator of the account, or let one be made. */
const adminPolicies = /:aws:policy\/(AdministratorAccess|IAMFullAccess)$/;

export const noAdminManaged = stackRule({
  id: "iam-no-admin-managed",
  title: "Nobody gets AWS' policies for administrators",
  severity: "critical",
  level: "mandatory",
  requirements: ["S3", "M1"],
  controls: ["ckv:CKV_AWS_274"],
  fix: "Attach a policy with the actions in use.",
  url: "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AdministratorAccess.html",
  types: Object.keys(allAttachments),
  *checkStack(stack) {
    const ordinary = known(
      "not be a policy for administrators",
      (value) => !adminPolicies.test(String(value)),
    );
    for (const [type, path] of Object.entries(allAttachments)) {
      for (const policy of stack.all(type).flatMap((resource) => resource.each(path))) {
        // A policy of the stack is judged by what it says.
        if (stack.refs(policy, [token.policy]).found.length === 0) yield* policy.must(ordinary);
      }
    }
  },
});

/** What the control plane, the nodes, the VPC CNI and the EBS CSI driver need of AWS' policies. */
const managedPolicies = [
  "AmazonEKSClusterPolicy",
  "AmazonEKSWorkerNodePolicy",
  "AmazonEKSWorkerNodeMinimalPolicy",
  "AmazonEC2ContainerRegistryPullOnly",
  "AmazonEC2ContainerRegistryReadOnly",
  "AmazonEKS_CNI_Policy",
  "service-role/AmazonEBSCSIDriverPolicy",
];

export const managedPoliciesKnown = stackRule({
  id: "iam-managed-policies",
  title: "Of AWS' policies only those for clusters and nodes are attached",
  severity: "high",
  level: "mandatory",
  requirements: ["S3", "M1"],
  controls: [],
  fix: "Write a policy with the actions in use, or name AWS' policy in the configuration of the rule.",
  url: "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#bp-use-aws-defined-policies",
  types: Object.keys(attachments),
  config: {
    managedPolicies: {
      type: "array",
      items: { type: "string" },
      default: [] as string[],
      description: `Names of AWS' policies that may be attached besides ${managedPolicies.join(", ")}, with their path.`,
    },
  },
  *checkStack(stack, config) {
    const allowed = [...managedPolicies, ...config.managedPolicies];
    const reviewed = known("be one of AWS' policies for clusters and nodes", (value) => {
      const [, name] = /^arn:[^:]*:iam::aws:policy\/(.+)$/.exec(String(value)) ?? [];
      return name === undefined || allowed.includes(name);
    });
    for (const [type, path] of Object.entries(attachments)) {
      for (const policy of stack.all(type).flatMap((resource) => resource.each(path))) {
        // A policy of the stack is judged by what it says.
        if (stack.refs(policy, [token.policy]).found.length === 0) yield* policy.must(reviewed);
      }
    }
  },
});

export const noUsersOrKeys = resourceRule({
  id: "iam-no-users-keys",
  title: "People and programs take on roles; there are no IAM users and no access keys",
  severity: "high",
  level: "mandatory",
  requirements: ["M1", "J2"],
  controls: ["ckv:CKV_AWS_273"],
  fix: "Use IAM Identity Center or another identity provider for people, and roles for programs.",
  url: "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
  types: [token.user, token.accessKey, token.userLoginProfile],
  *check(resource) {
    yield resource.fail(`${resource.name} must be a role, got ${resource.type}`);
  },
});
