import { known } from "./conditions";
import type { Field, Finding, Resource, Stack } from "./model";
import {
  allows,
  isEveryActionOfAService,
  isForAnybody,
  isLimitedBy,
  isWholeAccount,
  limits,
  permissionsOf,
  principals,
  statements,
} from "./policy-documents";
import { resourceRule, stackRule } from "./rule";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any, not } from "./truth";

/**
 * Services that take on roles of their customer's own account only, and tell no source that a policy could ask for: EC2
 * for instance profiles, Lambda for functions, ECR for the templates of repositories, CloudTrail for log groups.
 */
const ownServices = /^(ec2|lambda|ecr|cloudtrail)\.amazonaws\.com(\.cn)?$/;

/** Firehose tells the account of a stream by an external id: docs.aws.amazon.com/firehose/latest/dev/controlling-access.html */
const sources = ["aws:SourceAccount", "aws:SourceArn", "sts:ExternalId"];

/** Names of the conditions that every OpenID Connect provider supports: `<issuer>:sub` and `<issuer>:aud`. */
const oidcKeys = [":sub", ":aud"];

export const narrowTrust = resourceRule({
  id: "iam-trust-narrow",
  title: "Trust policies name who takes on the role, on whose behalf",
  severity: "high",
  level: "mandatory",
  requirements: ["S3", "M1", "S4"],
  controls: ["ckv:CKV_AWS_60", "ckv:CKV_AWS_61"],
  fix: "Name principals; limit services by aws:SourceAccount, aws:SourceArn or sts:ExternalId, and OpenID Connect by sub and aud.",
  url: "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
  types: [token.role],
  *check(role) {
    const trust = role.at("assumeRolePolicy");
    if (!trust.present) yield trust.fail("be set");
    for (const statement of statements(trust)) {
      for (const [truth, rule] of trusts(statement)) {
        yield* statement.judge(any([not(allows(statement)), truth]), rule);
      }
    }
  },
});

function* trusts(statement: Field): Iterable<[truth: Truth, rule: string]> {
  yield [not(isForAnybody(statement)), "name the principals that take on the role"];
  const accounts = principals(statement, "AWS").map(isWholeAccount);
  yield [
    any([not(any(accounts)), statement.at("Condition").present]),
    "name a role and not a whole account, or have a condition",
  ];
  const foreign = principals(statement, "Service").map((service): Truth => {
    return service.unknown ? undefined : !ownServices.test(service.text);
  });
  yield [
    any([not(any(foreign)), isLimitedBy(statement, sources)]),
    `limit the service by ${sources.join(" or ")}`,
  ];
  const federated = principals(statement, "Federated").map(isOidc);
  for (const key of oidcKeys) {
    yield [
      any([
        not(any(federated)),
        all([isLimitedBy(statement, [key]), not(isAnySubject(statement, key))]),
      ]),
      `limit the tokens by ${key.slice(1)}`,
    ];
  }
}

/** SAML providers have no subject to limit. */
function isOidc({ unknown, text }: Field): Truth {
  if (text.includes(":saml-provider/")) return false;
  return unknown && !text.includes("oidc-provider") ? undefined : true;
}

/** Whether a condition lets the service accounts of every namespace in. */
function isAnySubject(statement: Field, key: string): Truth {
  return any(
    limits(statement, [key])
      .flat()
      .map(({ unknown, text }): Truth => {
        return unknown ? undefined : text.startsWith("system:serviceaccount:*");
      }),
  );
}

/** What a node needs to join and to pull images; everything else belongs to the pods that use it. */
const nodePolicies = [
  "AmazonEKSWorkerNodePolicy",
  "AmazonEKSWorkerNodeMinimalPolicy",
  "AmazonEC2ContainerRegistryPullOnly",
  "AmazonEC2ContainerRegistryReadOnly",
];

export const nodeRoleMinimal = stackRule({
  id: "iam-node-role-minimal",
  title: "The nodes' role can join the cluster and pull images, and no more",
  severity: "high",
  level: "mandatory",
  requirements: ["J12", "S4"],
  controls: ["cis-eks-1.8.0:5.1.3"],
  fix: "Give rights to pods by Pod Identity, and leave the nodes' role with AmazonEKSWorkerNodeMinimalPolicy and AmazonEC2ContainerRegistryPullOnly.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html",
  types: [token.nodeGroup],
  *checkStack(stack) {
    const roles = new Set<Resource>();
    for (const group of stack.all(token.nodeGroup)) {
      const { found, outside, unknown } = stack.refs(group.at("nodeRoleArn"), [token.role]);
      for (const role of found) roles.add(role);
      yield* unknown.map((field) => field.undecided());
      yield* outside.map((field) =>
        group.undecided(
          `the rights of ${field.text} are unknown: the stack does not manage the role`,
        ),
      );
    }
    for (const role of roles) yield* minimal(role, stack);
  },
});

function* minimal(role: Resource, stack: Stack): Iterable<Finding> {
  const allowed = known(`be one of ${nodePolicies.join(", ")}`, (value) =>
    nodePolicies.some((policy) => String(value).endsWith(`:aws:policy/${policy}`)),
  );
  const managed = [
    ...role.each("managedPolicyArns"),
    ...attachedTo(role, stack).flatMap(([resource, path]) => resource.each(path)),
  ];
  for (const policy of managed) {
    const [own] = stack.refs(policy, [token.policy]).found;
    yield* own
      ? [policy.resource.fail(`${policy.path} must ${allowed.rule}, got ${own.name}`)]
      : policy.must(allowed);
  }
  const inline = [
    ...permissionsOf(role),
    ...stack.users(role, [token.rolePolicy], "role").flatMap(permissionsOf),
  ];
  for (const statement of inline.flatMap(statements)) {
    yield* statement.judge(
      any([not(allows(statement)), not(isEveryActionOfAService(statement))]),
      "name the actions in use",
    );
  }
}

function attachedTo(role: Resource, stack: Stack): [Resource, string][] {
  const ways: [type: string, roles: string, policies: string][] = [
    [token.rolePolicyAttachment, "role", "policyArn"],
    [token.policyAttachment, "roles", "policyArn"],
    [token.rolePolicyAttachmentsExclusive, "roleName", "policyArns"],
  ];
  return ways.flatMap(([type, roles, policies]) =>
    stack
      .users(role, [type], roles)
      .map((attachment): [Resource, string] => [attachment, policies]),
  );
}

export const oidcAudience = resourceRule({
  id: "iam-oidc-audience",
  title: "Identity providers hand out tokens for AWS STS only",
  severity: "medium",
  level: "mandatory",
  requirements: ["S4"],
  controls: [],
  fix: 'Set clientIdLists to ["sts.amazonaws.com"].',
  url: "https://docs.aws.amazon.com/eks/latest/userguide/enable-iam-roles-for-service-accounts.html",
  types: [token.openIdConnectProvider],
  *check(provider) {
    const audiences = provider.at("clientIdLists");
    if (!audiences.present || audiences.each().length === 0) yield audiences.fail("be set");
    for (const audience of audiences.each()) {
      yield* audience.must(
        known("be sts.amazonaws.com", (value) =>
          /^sts\.amazonaws\.com(\.cn)?$/.test(String(value)),
        ),
      );
    }
  },
});
