import { known } from "./conditions";
import type { Field, Finding, Resource, Stack } from "./model";
import {
  allows,
  isEveryActionOfAService,
  isForAnybody,
  isLimitedBy,
  isWholeAccount,
  limits,
  needsMfa,
  permissionsOf,
  principals,
  statements,
} from "./policy-documents";
import { isEveryArnOfAKind, wildcard } from "./patterns";
import { resourceRule, stackRule } from "./rule";
import { isForNamedSource } from "./sources";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any, not } from "./truth";

/**
 * Services that take on roles of their customer's own account only, and whose guides name no source that a policy could
 * ask for: EC2 for instance profiles, Lambda for functions, ECR for the templates of repositories, CloudTrail for log
 * groups. The rule does not ask for one, and lets who does: a trust policy that AWS publishes for functions has
 * aws:SourceAccount (github.com/aws/agent-toolkit-for-aws, lambda-trust-policy.json).
 */
const ownServices = /^(ec2|lambda|ecr|cloudtrail)\.amazonaws\.com(\.cn)?$/;

/** Firehose tells the account of a stream by an external id: docs.aws.amazon.com/firehose/latest/dev/controlling-access.html */
const sources = ["aws:SourceAccount", "sts:ExternalId"];

export const narrowTrust = resourceRule({
  id: "iam-trust-narrow",
  title: "Trust policies name who takes on the role, on whose behalf",
  severity: "high",
  level: "mandatory",
  requirements: ["S3", "M1", "S4"],
  controls: ["ckv:CKV_AWS_60", "ckv:CKV_AWS_61"],
  fix: "Name principals, or limit an account by aws:PrincipalArn, aws:PrincipalTag, sts:ExternalId or multi-factor authentication; limit services by aws:SourceAccount, by aws:SourceArn with an account, or by sts:ExternalId, and OpenID Connect by aud and a sub that starts with owner and repository.",
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
  yield [
    any([not(any(wholeAccounts(statement))), limitsWho(statement)]),
    "name a role and not a whole account, or have a condition on who it is",
  ];
  const foreign = principals(statement, "Service").map((service): Truth => {
    return service.unknown ? undefined : !ownServices.test(service.text);
  });
  yield [
    any([not(any(foreign)), isForNamedSource(statement, sources)]),
    "limit the service by aws:SourceAccount, by aws:SourceArn with an account, or by sts:ExternalId",
  ];
  const federated = principals(statement, "Federated").map(isOidc);
  yield [
    any([not(any(federated)), namesSubjects(statement), namesPool(statement)]),
    "limit the tokens by sub",
  ];
  yield [any([not(any(federated)), isLimitedBy(statement, [":aud"])]), "limit the tokens by aud"];
}

/** A canonical id is another name of an account: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html */
function wholeAccounts(statement: Field): Truth[] {
  return [
    ...principals(statement, "AWS").map(isWholeAccount),
    ...principals(statement, "CanonicalUser").map(({ unknown }) => (unknown ? undefined : true)),
  ];
}

/** Conditions by which one in an account is not another; all of them are in the same organization. */
const whoKeys = ["aws:PrincipalTag/", "aws:userid", "aws:username", "sts:ExternalId"];

function limitsWho(statement: Field): Truth {
  const arns = limits(statement, ["aws:PrincipalArn"]).map((values) =>
    all(values.map(fits((arn) => !isEveryArnOfAKind(arn)))),
  );
  return any([isLimitedBy(statement, whoKeys), needsMfa(statement), ...arns]);
}

/** SAML providers have no subject to limit. */
function isOidc({ unknown, text }: Field): Truth {
  if (text.includes(":saml-provider/")) return false;
  return unknown && !text.includes("oidc-provider") ? undefined : true;
}

function namesSubjects(statement: Field): Truth {
  const ofGithub = limits(statement, ["token.actions.githubusercontent.com:sub"]);
  const [lists, names] =
    ofGithub.length > 0 ? [ofGithub, namesRepository] : [limits(statement, [":sub"]), namesSubject];
  return any(lists.map((values) => all(values.map(fits(names)))));
}

/**
 * Identities of a pool of Cognito have nothing in common but the pool, which is the audience, and how they signed in; those
 * that did not are everybody: docs.aws.amazon.com/cognito/latest/developerguide/role-trust-and-permissions.html
 */
function namesPool(statement: Field): Truth {
  const closed = (claim: string, isClosed: (value: string) => boolean) =>
    any(
      limits(statement, [`cognito-identity.amazonaws.com:${claim}`]).map((values) =>
        all(values.map(fits(isClosed))),
      ),
    );
  return all([
    closed("aud", (pool) => /^[a-z0-9-]+:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(pool)),
    closed("amr", (way) => !wildcard(way).test("unauthenticated")),
  ]);
}

function fits(holds: (text: string) => boolean) {
  return ({ unknown, text }: Field): Truth => (unknown ? undefined : holds(text));
}

/**
 * Claims of subjects of GitHub that are not anybody's: everybody has repositories there, and each repository says itself
 * which claims its subjects tell, and in which order; it may be a branch or an environment alone. What comes before is whole
 * claims: a colon within the value of one is written %3A. docs.github.com/en/actions/reference/security/oidc
 */
const ofOwners = [
  "repo:[^:/*?]+/[^:/*?]+(:|$)",
  "(repository(_owner)?|enterprise)(_id)?:[^:*?]+(:|$)",
  "job_workflow_ref:[^/*?]+/[^/*?]+/",
].map((claim) => new RegExp(`^([a-z0-9_]+:[^:*?]+:)*${claim}`));

function namesRepository(subject: string): boolean {
  return ofOwners.some((beginning) => beginning.test(subject));
}

/**
 * What other subjects say before they may go on with anything: Kubernetes the namespace; an Enterprise Server of GitHub the
 * repository; others the kind of a thing and which one, or an id that nobody else has.
 */
const beginnings: readonly [issuer: RegExp, beginning: RegExp][] = [
  [/^system:serviceaccount:/, /^system:serviceaccount:[^:]+:/],
  [/^repo:/, /^repo:[^:/]+\/[^:/]+:/],
  [/^\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, /^/],
  [/^/, /^([^:/]+[:/]){2}/],
];

function namesSubject(subject: string): boolean {
  const [named = ""] = /^[^*?]*/.exec(subject) ?? [];
  const [, beginning] = beginnings.find(([issuer]) => issuer.test(named)) ?? [];
  return named === subject || beginning?.test(named) === true;
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
