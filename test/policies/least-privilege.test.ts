import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import { document, resource, statement } from "../support/rule-platform";
import { gone, ref, unknown } from "../support/rule-stack";

const account = "111122223333";
const bucket = "arn:aws:s3:::invoices/*";
const allowed = (more: Record<string, unknown>, type: string = token.policy) => ({
  it: resource(type, { policy: document(statement({ Sid: "It", Resource: bucket, ...more })) }),
});
const must = (rule: string) => `it: policy.Statement[0] must ${rule}, got statement It`;
const hidden = {
  it: resource(token.policy, {
    policy: { Statement: [{ Effect: "Allow", Action: unknown, Resource: unknown }] },
  }),
};
const role = { it: resource(token.role, {}) };

casesFor("iam-no-service-wildcard [S3] [M1]", {
  base: allowed({ Action: "s3:GetObject" }),
  passes: [
    ["an action", {}],
    ["some actions", allowed({ Action: "s3:Get*" })],
    ["a denial", allowed({ Effect: "Deny", Action: "s3:*" })],
  ],
  fails: [
    [
      "a service on one bucket",
      allowed({ Action: "s3:*" }),
      [must("not allow every action of a service")],
    ],
    [
      "a service for a bucket's readers",
      allowed(
        { Action: "s3:*", Principal: { AWS: `arn:aws:iam::${account}:role/r` } },
        token.bucketPolicy,
      ),
      [must("not allow every action of a service")],
    ],
    [
      "every action but one",
      allowed({ NotAction: "s3:DeleteObject" }),
      [must("not allow every action of a service")],
    ],
    [
      "every way to take on a role",
      {
        it: resource(token.role, {
          assumeRolePolicy: document(
            statement({
              Sid: "It",
              Principal: { Service: "ec2.amazonaws.com" },
              Action: "sts:*",
            }),
          ),
        }),
      },
      [
        "it: assumeRolePolicy.Statement[0] must not allow every action of a service, got statement It",
      ],
    ],
  ],
  undecided: [
    [
      "actions that nobody knows yet",
      hidden,
      ["it: undecided: policy.Statement[0] of it is unknown until up"],
    ],
  ],
  notApplicable: [["a role without policies", role, "it has no policy of its own"]],
});

casesFor("iam-actions-named [S3] [M1]", {
  base: allowed({ Action: ["s3:GetObject", "s3:List*", "ec2:Describe*"] }),
  passes: [
    ["named ones, and what lists and describes", {}],
    ["a denial", allowed({ Effect: "Deny", Action: "s3:Get*" })],
    ["a service, which is another rule's", allowed({ Action: "s3:*" })],
  ],
  fails: [
    [
      "every way to read",
      allowed({ Action: ["s3:ListBucket", "s3:Get*"] }),
      [must("name its actions without wildcards")],
    ],
    [
      "any character",
      allowed({ Action: "s3:GetObjec?" }),
      [must("name its actions without wildcards")],
    ],
  ],
  undecided: [
    [
      "actions that nobody knows yet",
      hidden,
      ["it: undecided: policy.Statement[0] of it is unknown until up"],
    ],
  ],
  notApplicable: [["a role without policies", role, "it has no policy of its own"]],
});

casesFor("iam-resources-named [S3] [M1]", {
  base: allowed({ Action: "s3:GetObject" }),
  passes: [
    ["the objects of a bucket", {}],
    ["what has no resources", allowed({ Action: "ecr:GetAuthorizationToken", Resource: "*" })],
    [
      "secrets with a tag",
      allowed({
        Action: "secretsmanager:GetSecretValue",
        Resource: "*",
        Condition: { StringEquals: { "aws:ResourceTag/team": "payments" } },
      }),
    ],
    ["a denial", allowed({ Effect: "Deny", Action: "s3:GetObject", Resource: "*" })],
    [
      "the streams of a log group",
      allowed({
        Action: "logs:PutLogEvents",
        Resource: `arn:aws:logs:eu-west-1:${account}:log-group:/app:*`,
      }),
    ],
  ],
  fails: [
    [
      "parameters of the account",
      allowed({ Action: ["ssm:GetParameter", "ssm:GetParameters"], Resource: "*" }),
      [must("name the resources of ssm:GetParameter, ssm:GetParameters")],
    ],
    [
      "every log group",
      allowed({
        Action: "logs:PutLogEvents",
        Resource: `arn:aws:logs:eu-west-1:${account}:log-group:*`,
      }),
      [must("name the resources of logs:PutLogEvents")],
    ],
    ...["*", "?*", "*/*", "?*/*", "*-*"].map(
      (name): [string, Record<string, unknown>, string[]] => [
        `every bucket, spelled ${name}`,
        allowed({ Action: "s3:GetObject", Resource: `arn:aws:s3:::${name}` }),
        [must("name the resources of s3:GetObject")],
      ],
    ),
    ...["secret:?*", "secret:*-??????", "secre?:*", "s*"].map(
      (name): [string, Record<string, unknown>, string[]] => [
        `every secret, spelled ${name}`,
        allowed({
          Action: "secretsmanager:GetSecretValue",
          Resource: `arn:aws:secretsmanager:eu-west-1:${account}:${name}`,
        }),
        [must("name the resources of secretsmanager:GetSecretValue")],
      ],
    ),
    [
      "every stream of every log group",
      allowed({
        Action: "logs:PutLogEvents",
        Resource: `arn:aws:logs:eu-west-1:${account}:log-group:*:log-stream:*`,
      }),
      [must("name the resources of logs:PutLogEvents")],
    ],
    [
      "whatever has any tag",
      allowed({
        Action: "secretsmanager:GetSecretValue",
        Resource: "*",
        Condition: { StringLike: { "aws:ResourceTag/team": "*" } },
      }),
      [must("name the resources of secretsmanager:GetSecretValue")],
    ],
    [
      "reading by a pattern",
      allowed({ Action: "s3:*", Resource: "*" }),
      [
        must(
          "name the resources of s3:DeleteObject, s3:DeleteObjectVersion, s3:GetObject and more",
        ),
      ],
    ],
  ],
  undecided: [
    [
      "a policy that nobody knows yet",
      hidden,
      ["it: undecided: policy.Statement[0] of it is unknown until up"],
    ],
  ],
  notApplicable: [["a role without policies", role, "the role has no policies of its own"]],
});

const forPods = (Condition?: Record<string, unknown>) => ({
  it: resource(token.role, {
    assumeRolePolicy: document(
      statement({
        Sid: "It",
        Principal: { Service: "pods.eks.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession"],
        ...(Condition && { Condition }),
      }),
    ),
  }),
});
const unnamed =
  "it: assumeRolePolicy.Statement[0] must name the namespace and the service account of the pods, got statement It";
const associated = (roleArn: unknown) => ({
  association: resource(token.podIdentityAssociation, { serviceAccount: "app", roleArn }),
});

casesFor("iam-pod-identity-named [S4] [C3]", {
  base: forPods({
    StringEquals: {
      "aws:RequestTag/kubernetes-namespace": "payments",
      "aws:RequestTag/kubernetes-service-account": "api",
    },
  }),
  passes: [
    ["tags of the request", {}],
    ["an association", { ...forPods(), ...associated(ref("it", "arn")) }],
    [
      "an add-on",
      {
        ...forPods(),
        addon: resource(token.addon, {
          podIdentityAssociations: [{ serviceAccount: "aws-node", roleArn: ref("it", "arn") }],
        }),
      },
    ],
    [
      "another service",
      {
        it: resource(token.role, {
          assumeRolePolicy: document(
            statement({ Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }),
          ),
        }),
      },
    ],
  ],
  fails: [
    ["any pod", forPods(), [unnamed]],
    [
      "every service account of a namespace",
      forPods({ StringEquals: { "aws:RequestTag/kubernetes-namespace": "payments" } }),
      [unnamed],
    ],
    [
      "an association of another role",
      { ...forPods(), ...associated(`arn:aws:iam::${account}:role/other`) },
      [unnamed],
    ],
  ],
  undecided: [
    [
      "an association of a role that nobody knows yet",
      { ...forPods(), ...associated(unknown) },
      ["it: undecided: assumeRolePolicy.Statement[0] of it is unknown until up"],
    ],
  ],
});

const issuer = "oidc.eks.eu-west-1.amazonaws.com/id/1";
const trusting = (more: Record<string, unknown>) => ({
  it: resource(token.role, {
    assumeRolePolicy: document(statement({ Sid: "It", Action: "sts:AssumeRole", ...more })),
  }),
});
const byToken = (sub: string) =>
  trusting({
    Principal: { Federated: `arn:aws:iam::${account}:oidc-provider/${issuer}` },
    Condition: {
      StringEquals: { [`${issuer}:aud`]: "sts.amazonaws.com" },
      StringLike: { [`${issuer}:sub`]: sub },
    },
  });
const deployer = `arn:aws:iam::${account}:role/deployer`;
const ownAccount = (path: string, got: string) =>
  `${path} must name an account of the application's own, got "${got}"`;
const podsAlone =
  "it: assumeRolePolicy.Statement[0] must let in nobody but the pods to which association gives the role, got statement It";

casesFor("iam-pods-own-roles [S4] [C3]", {
  base: { ...forPods(), ...associated(ref("it", "arn")) },
  passes: [
    ["an application", {}],
    [
      "an add-on",
      {
        association: resource(token.addon, {
          podIdentityAssociations: [{ serviceAccount: "aws-node", roleArn: ref("it", "arn") }],
        }),
      },
    ],
    [
      "an account by its token",
      { ...byToken("system:serviceaccount:payments:api"), association: gone },
    ],
    [
      "an account by either way",
      {
        it: resource(token.role, {
          assumeRolePolicy: document(
            statement({
              Principal: {
                Service: "pods.eks.amazonaws.com",
                Federated: `arn:aws:iam::${account}:oidc-provider/${issuer}`,
              },
              Action: "sts:AssumeRole",
            }),
          ),
        }),
      },
    ],
    [
      "a deployer beside it",
      {
        provider: resource(token.awsProvider, {
          assumeRoles: JSON.stringify([{ roleArn: deployer }]),
        }),
        entry: resource(token.accessEntry, { principalArn: deployer }),
      },
    ],
  ],
  fails: [
    [
      "the account of all pods that name none",
      { "association.serviceAccount": "default" },
      [`association: ${ownAccount("serviceAccount", "default")}`],
    ],
    [
      "the same of an add-on",
      {
        association: resource(token.addon, {
          podIdentityAssociations: [{ serviceAccount: "default", roleArn: ref("it", "arn") }],
        }),
      },
      [`association: ${ownAccount("podIdentityAssociations[0].serviceAccount", "default")}`],
    ],
    ...["system:serviceaccount:payments:default", "system:serviceaccount:payments:*"].map(
      (sub): [string, Record<string, unknown>, string[]] => [
        `the token of ${sub}`,
        { ...byToken(sub), association: gone },
        [
          `it: ${ownAccount(`assumeRolePolicy.Statement[0].Condition.StringLike.${issuer}:sub`, sub)}`,
        ],
      ],
    ),
    [
      "the deployer's role",
      {
        provider: resource(token.awsProvider, {
          assumeRoles: JSON.stringify([{ roleArn: deployer }]),
        }),
        ...associated(deployer),
      },
      [
        `association: roleArn must be a role for pods alone: provider gives it more, got "${deployer}"`,
      ],
    ],
    ...[token.accessEntry, token.accessPolicyAssociation].map(
      (type): [string, Record<string, unknown>, string[]] => [
        `the role of ${type}`,
        { entry: resource(type, { principalArn: deployer }), ...associated(deployer) },
        [
          `association: roleArn must be a role for pods alone: entry gives it more, got "${deployer}"`,
        ],
      ],
    ),
    [
      "a role for people of the stack",
      { entry: resource(token.accessEntry, { principalArn: ref("it", "arn") }) },
      ['association: roleArn must be a role for pods alone: entry gives it more, got "(unknown)"'],
      "preview",
    ],
    [
      "a role for machines, too",
      trusting({ Principal: { Service: ["pods.eks.amazonaws.com", "ec2.amazonaws.com"] } }),
      [podsAlone],
    ],
    [
      "a role for people, too",
      trusting({ Principal: { Service: "pods.eks.amazonaws.com", AWS: deployer } }),
      [podsAlone],
    ],
  ],
  undecided: [
    [
      "a role of another stack",
      associated(deployer),
      [
        `association: undecided: who else takes on ${deployer} is unknown: the stack does not manage the role`,
      ],
    ],
    [
      "a role that nobody knows yet",
      associated(unknown),
      ["association: undecided: roleArn of association is unknown until up"],
    ],
    [
      "an account that nobody knows yet",
      { "association.serviceAccount": unknown },
      ["association: undecided: serviceAccount of association is unknown until up"],
    ],
  ],
  notApplicable: [["no pods", { association: gone }, "the stack gives no role to pods"]],
});

const key = (more: Record<string, unknown>) => ({
  it: resource(token.key, {
    policy: document(
      statement({
        Sid: "It",
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: "kms:*",
        Resource: "*",
        ...more,
      }),
    ),
  }),
});

casesFor("kms-actions-named [M1] [S3]", {
  base: key({}),
  passes: [
    ["the account", {}],
    [
      "named actions of a service",
      key({ Principal: { Service: "logs.eu-west-1.amazonaws.com" }, Action: "kms:Decrypt" }),
    ],
  ],
  fails: [
    [
      "a service",
      key({ Principal: { Service: "logs.eu-west-1.amazonaws.com" } }),
      [must("name the actions in use")],
    ],
    [
      "a role",
      key({ Principal: { AWS: `arn:aws:iam::${account}:role/admin` } }),
      [must("name the actions in use")],
    ],
  ],
  undecided: [
    [
      "a policy that nobody knows yet",
      { it: resource(token.key, { policy: unknown }) },
      ["it: undecided: policy of it is unknown until up"],
    ],
  ],
  notApplicable: [
    ["AWS' own policy", { it: resource(token.key, {}) }, "it has no policy of its own"],
  ],
});
