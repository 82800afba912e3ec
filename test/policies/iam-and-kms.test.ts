import { token } from "../../policies/tokens";
import { casesFor, judge, ruleById } from "../support/rule-cases";
import { document, platform, resource, statement } from "../support/rule-platform";
import { gone, ref, unknown } from "../support/rule-stack";
import { namedSources, openSources } from "../support/source-conditions";

const key = (inputs: Record<string, unknown>) => ({ it: resource(token.key, inputs) });

casesFor("kms-rotation [M1]", {
  base: key({ enableKeyRotation: true }),
  passes: [
    ["every year by default", {}],
    ["every quarter", { "it.rotationPeriodInDays": 90 }],
  ],
  fails: [
    ["off", { "it.enableKeyRotation": false }, ["it: enableKeyRotation must be true, got false"]],
    [
      "nothing, which is off",
      { "it.enableKeyRotation": gone },
      ["it: enableKeyRotation must be true, got nothing"],
    ],
    [
      "every other year",
      { "it.rotationPeriodInDays": 730 },
      ["it: rotationPeriodInDays must be at most 365 days, got 730"],
    ],
    [
      "no number",
      { "it.rotationPeriodInDays": "often" },
      ['it: rotationPeriodInDays must be at most 365 days, got "often"'],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "it.enableKeyRotation": unknown },
      ["it: undecided: enableKeyRotation of it is unknown until up"],
    ],
  ],
  notApplicable: [
    [
      "a key for signatures",
      key({ customerMasterKeySpec: "ECC_NIST_P256" }),
      "AWS rotates symmetric keys only",
    ],
    [
      "a key store of one's own",
      key({ customKeyStoreId: "cks-1" }),
      "AWS does not rotate keys of a custom key store",
    ],
  ],
});

casesFor("kms-deletion-window [M1]", {
  base: key({ deletionWindowInDays: 30 }),
  passes: [
    ["30 days", {}],
    ["30 days by default", key({})],
    ["two weeks", { "it.deletionWindowInDays": "14" }],
  ],
  fails: [
    [
      "a week",
      { "it.deletionWindowInDays": 7 },
      ["it: deletionWindowInDays must be an integer from 14 to 30, got 7"],
    ],
    ...[token.externalKey, token.replicaKey, token.replicaExternalKey].map(
      (type): [string, Record<string, unknown>, string[]] => [
        `a week for ${type}`,
        { it: resource(type, { deletionWindowInDays: 7 }) },
        ["it: deletionWindowInDays must be an integer from 14 to 30, got 7"],
      ],
    ),
  ],
  undecided: [
    [
      "unknown",
      { "it.deletionWindowInDays": unknown },
      ["it: undecided: deletionWindowInDays of it is unknown until up"],
    ],
  ],
});

const account = { AWS: "arn:aws:iam::111122223333:root" };
const keyPolicy = (more: Record<string, unknown>, type: string = token.key) => ({
  it: resource(type, {
    policy: document(
      statement({ Sid: "It", Principal: account, Action: "kms:*", Resource: "*", ...more }),
    ),
  }),
});
const logs = { Service: "logs.eu-west-1.amazonaws.com" };
const principalsNamed =
  "it: policy.Statement[0] must name the principals that use the key, got statement It";
const serviceLimited =
  "it: policy.Statement[0] must limit the service by aws:SourceAccount, by aws:SourceArn with an account, or by the encryption context, got statement It";

casesFor("kms-no-wildcard-principal [M1]", {
  base: keyPolicy({}),
  passes: [
    ["the account", {}],
    ["no policy, which is the account", key({})],
    [
      "a service for this account",
      keyPolicy({
        Principal: logs,
        Condition: { StringEquals: { "aws:SourceAccount": "111122223333" } },
      }),
    ],
    [
      "a service for log groups",
      keyPolicy({
        Principal: logs,
        Condition: {
          ArnLike: {
            "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-west-1:111122223333:*",
          },
        },
      }),
    ],
    ...namedSources.map(([what, Condition]): [string, Record<string, unknown>] => [
      `a service for ${what}`,
      keyPolicy({ Principal: logs, Condition }),
    ]),
    [
      "a service for an organization",
      keyPolicy({
        Principal: logs,
        Condition: { StringEquals: { "aws:SourceOrgID": "o-a1b2c3d4e5" } },
      }),
    ],
    ["a denial for everybody", keyPolicy({ Effect: "Deny", Principal: "*" })],
  ],
  fails: [
    ["everybody", keyPolicy({ Principal: "*" }), [principalsNamed]],
    ["everybody, of AWS", keyPolicy({ Principal: { AWS: "*" } }), [principalsNamed]],
    [
      "everybody in a list",
      keyPolicy({ Principal: { AWS: [account.AWS, "*"] } }),
      [principalsNamed],
    ],
    ["every account", keyPolicy({ Principal: { AWS: "arn:aws:iam::*:root" } }), [principalsNamed]],
    [
      "everybody with a condition",
      keyPolicy({
        Principal: "*",
        Condition: { StringEquals: { "kms:CallerAccount": "111122223333" } },
      }),
      [principalsNamed],
    ],
    [
      "everybody but one",
      keyPolicy({ Principal: undefined, NotPrincipal: account }),
      [principalsNamed],
    ],
    ["a service for every account", keyPolicy({ Principal: logs }), [serviceLimited]],
    [
      "a service for any account",
      keyPolicy({ Principal: logs, Condition: { StringLike: { "aws:SourceAccount": "*" } } }),
      [serviceLimited],
    ],
    ...openSources.map(([what, Condition]): [string, Record<string, unknown>, string[]] => [
      `a service for ${what}`,
      keyPolicy({ Principal: logs, Condition }),
      [serviceLimited],
    ]),
    [
      "a service for log groups of any account",
      keyPolicy({
        Principal: logs,
        Condition: { ArnLike: { "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:*:*:*" } },
      }),
      [serviceLimited],
    ],
    ["a policy of its own", keyPolicy({ Principal: "*" }, token.keyPolicy), [principalsNamed]],
    ["a replica", keyPolicy({ Principal: "*" }, token.replicaKey), [principalsNamed]],
    ["imported material", keyPolicy({ Principal: "*" }, token.externalKey), [principalsNamed]],
    [
      "a check switched off beside a policy that nobody knows yet",
      key({ bypassPolicyLockoutSafetyCheck: true, policy: unknown }),
      [
        "it: bypassPolicyLockoutSafetyCheck must not be true, got true",
        "it: undecided: policy of it is unknown until up",
      ],
    ],
  ],
  undecided: [
    [
      "a source that nobody knows yet",
      keyPolicy({ Principal: logs, Condition: { ArnLike: { "aws:SourceArn": unknown } } }),
      ["it: undecided: policy.Statement[0] of it is unknown until up"],
    ],
    ["unknown", key({ policy: unknown }), ["it: undecided: policy of it is unknown until up"]],
  ],
});

const allowing = (type: string, ...statements: Record<string, unknown>[]) => ({
  it: resource(type, { policy: document(...statements) }),
});
const everything = { Effect: "Allow", Action: "*", Resource: "*" };
const starStar = "it: policy.Statement[0] must not allow every action on every resource, got a map";

casesFor("iam-no-star-star [S3] [M1]", {
  base: allowing(token.policy, { Effect: "Allow", Action: "s3:GetObject", Resource: "*" }),
  passes: [
    ["one action", {}],
    [
      "every action on one bucket",
      allowing(token.policy, { ...everything, Resource: "arn:aws:s3:::b/*" }),
    ],
    ["a denial", allowing(token.policy, { ...everything, Effect: "Deny" })],
  ],
  fails: [
    ...[token.policy, token.rolePolicy, token.userPolicy, token.groupPolicy].map(
      (type): [string, Record<string, unknown>, string[]] => [
        type,
        allowing(type, everything),
        [starStar],
      ],
    ),
    [
      "lists",
      allowing(token.policy, { ...everything, Action: ["s3:GetObject", "*:*"], Resource: ["*"] }),
      [starStar],
    ],
    [
      "every action but one",
      allowing(token.policy, { Effect: "Allow", NotAction: "iam:*", Resource: "*" }),
      [starStar],
    ],
    [
      "every resource but one",
      allowing(token.policy, { Effect: "Allow", Action: "*", NotResource: "arn:aws:s3:::b" }),
      [starStar],
    ],
    [
      "one statement that is no list",
      { it: resource(token.policy, { policy: { Statement: everything } }) },
      ["it: policy.Statement must not allow every action on every resource, got a map"],
    ],
    [
      "a policy in a permission set",
      { it: resource(token.permissionSetPolicy, { inlinePolicy: document(everything) }) },
      ["it: inlinePolicy.Statement[0] must not allow every action on every resource, got a map"],
    ],
    [
      "a policy in a role",
      { it: resource(token.role, { inlinePolicies: [{ policy: document(everything) }] }) },
      [
        "it: inlinePolicies[0].policy.Statement[0] must not allow every action on every resource, got a map",
      ],
    ],
  ],
  undecided: [
    [
      "unknown",
      { it: resource(token.policy, { policy: unknown }) },
      ["it: undecided: policy of it is unknown until up"],
    ],
  ],
  notApplicable: [
    [
      "a role without policies of its own",
      { it: resource(token.role, {}) },
      "the role has no policies of its own",
    ],
  ],
});

const allowed = (more: Record<string, unknown>) =>
  allowing(token.policy, statement({ Sid: "It", Resource: "*", ...more }));
const escalation = (actions: string) =>
  `it: policy.Statement[0] must not allow ${actions} on every resource, got statement It`;
const deployer = "arn:aws:iam::111122223333:role/deployer";

casesFor("iam-no-priv-escalation [S3] [M1]", {
  base: allowed({ Action: ["ec2:DescribeInstances", "iam:ListRoles"] }),
  passes: [
    ["named actions", {}],
    ["a service on one bucket", allowed({ Action: "s3:*", Resource: "arn:aws:s3:::b/*" })],
    ["one role to pass", allowed({ Action: "iam:PassRole", Resource: deployer })],
    [
      "policies up to a boundary",
      allowed({
        Action: "iam:AttachRolePolicy",
        Condition: {
          StringEquals: { "iam:PermissionsBoundary": "arn:aws:iam::111122223333:policy/boundary" },
        },
      }),
    ],
    [
      "commands on tagged instances",
      allowed({
        Action: "ssm:SendCommand",
        Resource: "arn:aws:ec2:eu-west-1:111122223333:instance/*",
        Condition: { StringEquals: { "ssm:resourceTag/Role": "web" } },
      }),
    ],
    ["a denial", allowed({ Effect: "Deny", Action: "iam:*" })],
  ],
  fails: [
    ["a service", allowed({ Action: "iam:*" }), [escalation("every action of a service")]],
    [
      "a service among actions",
      allowed({ Action: ["s3:GetObject", "ec2:*"] }),
      [escalation("every action of a service")],
    ],
    [
      "all actions but a service's",
      allowed({ Action: undefined, NotAction: "iam:*" }),
      [escalation("every action of a service")],
    ],
    ["passing any role", allowed({ Action: "iam:PassRole" }), [escalation("iam:PassRole")]],
    [
      "passing any role to a service",
      allowed({
        Action: "iam:PassRole",
        Condition: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } },
      }),
      [escalation("iam:PassRole")],
    ],
    [
      "every role of the account",
      allowed({ Action: "sts:AssumeRole", Resource: "arn:aws:iam::111122223333:role/*" }),
      [escalation("sts:AssumeRole")],
    ],
    ...["role/?*", "role/*?", "role/**?", "role/*/*", "rol?/*", "ro*"].map(
      (name): [string, Record<string, unknown>, string[]] => [
        `every role, spelled ${name}`,
        allowed({ Action: "iam:PassRole", Resource: `arn:aws:iam::111122223333:${name}` }),
        [escalation("iam:PassRole")],
      ],
    ),
    ...["arn:aws:*", "arn:aws:iam::1111*", "?*"].map(
      (Resource): [string, Record<string, unknown>, string[]] => [
        `everything, spelled ${Resource}`,
        allowed({ Action: "iam:PassRole", Resource }),
        [escalation("iam:PassRole")],
      ],
    ),
    [
      "commands on every instance by what their ids start with",
      allowed({
        Action: "ssm:SendCommand",
        Resource: "arn:aws:ec2:eu-west-1:111122223333:instance/i-*",
      }),
      [escalation("ssm:SendCommand")],
    ],
    [
      "a service, spelled ?*",
      allowed({ Action: "iam:?*" }),
      [escalation("every action of a service")],
    ],
    [
      "patterns of actions",
      allowed({ Action: "iam:Attach*" }),
      [escalation("iam:AttachGroupPolicy, iam:AttachRolePolicy, iam:AttachUserPolicy")],
    ],
    [
      "patterns of many actions",
      allowed({ Action: "iam:P*" }),
      [escalation("iam:PassRole, iam:PutGroupPolicy, iam:PutRolePermissionsBoundary and more")],
    ],
    [
      "administrators of clusters",
      allowed({ Action: "eks:CreateAccessEntry" }),
      [escalation("eks:CreateAccessEntry")],
    ],
    [
      "any tag",
      allowed({
        Action: "ssm:SendCommand",
        Condition: { StringLike: { "ssm:resourceTag/Role": "*" } },
      }),
      [escalation("ssm:SendCommand")],
    ],
    [
      "a policy in a role",
      {
        it: resource(token.role, {
          inlinePolicies: [{ policy: document({ ...everything, Action: "iam:*" }) }],
        }),
      },
      [
        "it: inlinePolicies[0].policy.Statement[0] must not allow every action of a service on every resource, got a map",
      ],
    ],
  ],
  undecided: [
    [
      "unknown",
      { it: resource(token.policy, { policy: unknown }) },
      ["it: undecided: policy of it is unknown until up"],
    ],
    [
      "an action that nobody knows yet",
      {
        it: resource(token.policy, {
          policy: { Statement: [{ Effect: "Allow", Action: unknown, Resource: "*" }] },
        }),
      },
      ["it: undecided: policy.Statement[0] of it is unknown until up"],
    ],
  ],
  notApplicable: [
    [
      "a role without policies of its own",
      { it: resource(token.role, {}) },
      "the role has no policies of its own",
    ],
  ],
});

const keyArn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const decrypting = (more: Record<string, unknown>) => allowed({ Action: "kms:Decrypt", ...more });
const unnamed =
  "it: policy.Statement[0] must name the keys that it decrypts with, got statement It";

casesFor("kms-decrypt-named-keys [M1] [S3]", {
  base: decrypting({ Resource: keyArn }),
  passes: [
    ["a key", {}],
    [
      "the key of an alias",
      decrypting({
        Resource: "arn:aws:kms:eu-west-1:111122223333:key/*",
        Condition: { "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/sessions" } },
      }),
    ],
    [
      "the alias of the request",
      decrypting({ Condition: { StringEquals: { "kms:RequestAlias": "alias/sessions" } } }),
    ],
    [
      "a service for one bucket",
      decrypting({
        Condition: {
          StringEquals: { "kms:ViaService": "s3.eu-west-1.amazonaws.com" },
          StringLike: { "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::logs" },
        },
      }),
    ],
    ["other actions", decrypting({ Action: "kms:DescribeKey" })],
    ["grants on a key", decrypting({ Action: "kms:CreateGrant", Resource: keyArn })],
    ["a key beside a bucket", decrypting({ Resource: [keyArn, "arn:aws:s3:::b/*"] })],
    ["a denial", decrypting({ Effect: "Deny" })],
  ],
  fails: [
    ["everything", decrypting({}), [unnamed]],
    ["grants on everything", decrypting({ Action: "kms:CreateGrant" }), [unnamed]],
    ["every key", decrypting({ Resource: "arn:aws:kms:eu-west-1:111122223333:key/*" }), [unnamed]],
    ["a key and everything", decrypting({ Resource: [keyArn, "*"] }), [unnamed]],
    ["a pattern of the action", decrypting({ Action: "kms:De*" }), [unnamed]],
    ["every key but one", decrypting({ Resource: undefined, NotResource: keyArn }), [unnamed]],
    [
      "any alias",
      decrypting({
        Condition: { "ForAnyValue:StringLike": { "kms:ResourceAliases": "alias/*" } },
      }),
      [unnamed],
    ],
    [
      "no alias, which fits all of none",
      decrypting({
        Condition: { "ForAllValues:StringEquals": { "kms:ResourceAliases": "alias/sessions" } },
      }),
      [unnamed],
    ],
    [
      "a service for everything",
      decrypting({
        Condition: { StringEquals: { "kms:ViaService": "s3.eu-west-1.amazonaws.com" } },
      }),
      [unnamed],
    ],
  ],
  undecided: [
    [
      "a key that nobody knows yet",
      {
        it: resource(token.policy, {
          policy: { Statement: [{ Effect: "Allow", Action: "kms:Decrypt", Resource: unknown }] },
        }),
      },
      ["it: undecided: policy.Statement[0] of it is unknown until up"],
    ],
  ],
  notApplicable: [
    [
      "a role without policies of its own",
      { it: resource(token.role, {}) },
      "the role has no policies of its own",
    ],
  ],
});

const granting = (Condition: unknown, more: Record<string, unknown> = {}) =>
  keyPolicy({ Principal: { AWS: deployer }, Action: "kms:CreateGrant", Condition, ...more });
const grantsLimited =
  "it: policy.Statement[0] must limit kms:CreateGrant by kms:GrantIsForAWSResource, kms:GrantOperations or kms:GranteePrincipal, got statement It";
const forServices = { Bool: { "kms:GrantIsForAWSResource": "true" } };

casesFor("kms-grants-limited [M1]", {
  base: granting(forServices),
  passes: [
    ["for AWS services", {}],
    ["for AWS services, as a boolean", granting({ Bool: { "kms:GrantIsForAWSResource": true } })],
    [
      "for named operations",
      granting({ "ForAllValues:StringEquals": { "kms:GrantOperations": ["Decrypt", "Encrypt"] } }),
    ],
    ["for one grantee", granting({ StringEquals: { "kms:GranteePrincipal": deployer } })],
    ["the account, whose IAM policies decide", keyPolicy({})],
    ["other actions", granting(undefined, { Action: "kms:Decrypt" })],
    ["a denial", granting(undefined, { Effect: "Deny" })],
    ["an IAM policy", allowed({ Action: "kms:CreateGrant", Condition: forServices })],
  ],
  fails: [
    ["no condition", granting(undefined), [grantsLimited]],
    [
      "not for AWS services",
      granting({ Bool: { "kms:GrantIsForAWSResource": "false" } }),
      [grantsLimited],
    ],
    [
      "for AWS services or not",
      granting({ Bool: { "kms:GrantIsForAWSResource": ["true", "false"] } }),
      [grantsLimited],
    ],
    ["every action for a role", keyPolicy({ Principal: { AWS: deployer } }), [grantsLimited]],
    ["a pattern of the action", granting(undefined, { Action: "kms:Create*" }), [grantsLimited]],
    ["any grantee", granting({ StringLike: { "kms:GranteePrincipal": "*" } }), [grantsLimited]],
    [
      "a role beside the account",
      keyPolicy({ Principal: { AWS: [account.AWS, deployer] } }),
      [grantsLimited],
    ],
    ["an IAM policy", allowed({ Action: "kms:CreateGrant" }), [grantsLimited]],
  ],
  undecided: [
    ["unknown", key({ policy: unknown }), ["it: undecided: policy of it is unknown until up"]],
  ],
  notApplicable: [["a key without a policy", key({}), "it has no policy of its own"]],
});

const admin = "arn:aws:iam::aws:policy/AdministratorAccess";
const attached = (type: string, inputs: Record<string, unknown>) => ({
  it: resource(type, inputs),
});
const noAdmin = (path: string) =>
  `it: ${path} must not be a policy for administrators, got "${admin}"`;

casesFor("iam-no-admin-managed [S3] [M1]", {
  base: attached(token.rolePolicyAttachment, {
    role: "x",
    policyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess",
  }),
  passes: [
    ["another policy", {}],
    [
      "a policy of the stack",
      {
        mine: resource(token.policy, { policy: "{}" }),
        ...attached(token.rolePolicyAttachment, { role: "x", policyArn: ref("mine", "arn") }),
      },
    ],
  ],
  fails: [
    ...[
      token.rolePolicyAttachment,
      token.userPolicyAttachment,
      token.groupPolicyAttachment,
      token.policyAttachment,
    ].map((type): [string, Record<string, unknown>, string[]] => [
      type,
      attached(type, { policyArn: admin }),
      [noAdmin("policyArn")],
    ]),
    ...[
      token.rolePolicyAttachmentsExclusive,
      token.userPolicyAttachmentsExclusive,
      token.groupPolicyAttachmentsExclusive,
    ].map((type): [string, Record<string, unknown>, string[]] => [
      type,
      attached(type, { policyArns: [admin] }),
      [noAdmin("policyArns[0]")],
    ]),
    [
      "a permission set",
      attached(token.permissionSetAttachment, { managedPolicyArn: admin }),
      [noAdmin("managedPolicyArn")],
    ],
    [
      "the list of a permission set",
      attached(token.permissionSetAttachmentsExclusive, { managedPolicyArns: [admin] }),
      [noAdmin("managedPolicyArns[0]")],
    ],
    [
      "a budget that is spent",
      attached(token.budgetAction, { definition: { iamActionDefinition: { policyArn: admin } } }),
      [noAdmin("definition.iamActionDefinition.policyArn")],
    ],
    [
      "a role",
      attached(token.role, { managedPolicyArns: [admin] }),
      [noAdmin("managedPolicyArns[0]")],
    ],
    [
      "the right to make administrators",
      attached(token.rolePolicyAttachment, { policyArn: "arn:aws:iam::aws:policy/IAMFullAccess" }),
      [
        'it: policyArn must not be a policy for administrators, got "arn:aws:iam::aws:policy/IAMFullAccess"',
      ],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "it.policyArn": unknown },
      ["it: undecided: policyArn of it is unknown until up"],
    ],
  ],
});

const managed = (name: string) =>
  attached(token.rolePolicyAttachment, {
    role: "x",
    policyArn: `arn:aws:iam::aws:policy/${name}`,
  });
const unreviewed = (name: string, path = "policyArn") =>
  `it: ${path} must be one of AWS' policies for clusters and nodes, got "arn:aws:iam::aws:policy/${name}"`;

casesFor("iam-managed-policies [S3] [M1]", {
  base: managed("AmazonEKSClusterPolicy"),
  passes: [
    ["the control plane's", {}],
    ["the EBS CSI driver's", managed("service-role/AmazonEBSCSIDriverPolicy")],
    ["one's own", { "it.policyArn": "arn:aws:iam::111122223333:policy/PowerUserAccess" }],
    [
      "a policy of the stack",
      {
        mine: resource(token.policy, { policy: "{}" }),
        ...attached(token.rolePolicyAttachment, { role: "x", policyArn: ref("mine", "arn") }),
      },
    ],
  ],
  fails: [
    ...["PowerUserAccess", "AmazonEC2FullAccess", "ReadOnlyAccess"].map(
      (name): [string, Record<string, unknown>, string[]] => [
        name,
        managed(name),
        [unreviewed(name)],
      ],
    ),
    [
      "a name without its path",
      managed("AmazonEBSCSIDriverPolicy"),
      [unreviewed("AmazonEBSCSIDriverPolicy")],
    ],
    [
      "a list",
      attached(token.rolePolicyAttachmentsExclusive, {
        policyArns: ["arn:aws:iam::aws:policy/PowerUserAccess"],
      }),
      [unreviewed("PowerUserAccess", "policyArns[0]")],
    ],
    [
      "a permission set",
      attached(token.permissionSetAttachment, {
        managedPolicyArn: "arn:aws:iam::aws:policy/PowerUserAccess",
      }),
      [unreviewed("PowerUserAccess", "managedPolicyArn")],
    ],
    [
      "a role",
      attached(token.role, { managedPolicyArns: ["arn:aws:iam::aws:policy/PowerUserAccess"] }),
      [unreviewed("PowerUserAccess", "managedPolicyArns[0]")],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "it.policyArn": unknown },
      ["it: undecided: policyArn of it is unknown until up"],
    ],
  ],
});

describe("with other policies of AWS", () => {
  casesFor("iam-managed-policies [S3] [M1]", {
    base: managed("AmazonSSMManagedInstanceCore"),
    config: { managedPolicies: ["AmazonSSMManagedInstanceCore"] },
    passes: [
      ["one that is named", {}],
      ["one for clusters", managed("AmazonEKSClusterPolicy")],
    ],
    fails: [["another", managed("PowerUserAccess"), [unreviewed("PowerUserAccess")]]],
    undecided: [],
    decided: "the table above has them",
  });
});

describe("iam-no-users-keys [M1] [J2]", () => {
  it.each([[token.user], [token.accessKey], [token.userLoginProfile]])("fails %s", (type) => {
    const found = judge(ruleById("iam-no-users-keys"), [
      { urn: "urn", type, name: "it", inputs: {} },
    ]);
    expect(found.reports).toEqual([`it: it must be a role, got ${type}`]);
  });
});

const trusting = (more: Record<string, unknown>) => ({
  it: resource(token.role, {
    assumeRolePolicy: document(statement({ Sid: "It", Action: "sts:AssumeRole", ...more })),
  }),
});
const issuer = "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE";
const oidc = (Condition: unknown) =>
  trusting({
    Principal: { Federated: `arn:aws:iam::111122223333:oidc-provider/${issuer}` },
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition,
  });
const must = (rule: string) => `it: assumeRolePolicy.Statement[0] must ${rule}, got statement It`;
const audience = { [`${issuer}:aud`]: "sts.amazonaws.com" };

const ofService = must(
  "limit the service by aws:SourceAccount, by aws:SourceArn with an account, or by sts:ExternalId",
);
const ofAccount = must("name a role and not a whole account, or have a condition on who it is");

/** Conditions that tell one of an account from another. */
const whoConditions: [what: string, condition: Record<string, unknown>][] = [
  ["a secret of the caller", { StringEquals: { "sts:ExternalId": "x" } }],
  ["multi-factor authentication", { Bool: { "aws:MultiFactorAuthPresent": "true" } }],
  ["a tag", { StringEquals: { "aws:PrincipalTag/team": "platform" } }],
  ["a role", { ArnLike: { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/deploy-*" } }],
];
/** Conditions that everybody in an account meets. */
const idleConditions: [what: string, condition: Record<string, unknown>][] = [
  ["TLS", { Bool: { "aws:SecureTransport": "true" } }],
  ["any principal", { StringLike: { "aws:PrincipalArn": "*" } }],
  ["any role", { ArnLike: { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/*" } }],
  ["any tag", { StringLike: { "aws:PrincipalTag/team": "*" } }],
  ["its organization", { StringEquals: { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } }],
  ["its number", { StringEquals: { "aws:PrincipalAccount": "111122223333" } }],
  [
    "multi-factor authentication where there is some",
    { BoolIfExists: { "aws:MultiFactorAuthPresent": "true" } },
  ],
  ["all but one principal", { ArnNotLike: { "aws:PrincipalArn": deployer } }],
];

const namedSubjects = [
  "repo:octo-org/infra:*",
  "repo:octo-org/infra:ref:refs/tags/v*",
  "project_path:group/project:ref_type:branch:*",
  "organization:octo:pipeline:infra:*",
  "{0b2a6c4e-1111-2222-3333-444455556666}:*",
  "system:serviceaccount:kube-system:*",
];
const namedOfGithub = [
  "repo:octo-org/infra:*",
  "repo:octo-org/infra:ref:refs/heads/main",
  "repository_owner:octo-org:*",
  "repository_id:1296269:environment:*",
  "job_workflow_ref:octo-org/infra/.github/workflows/up.yml@*",
  "repo:octo-org@123456/infra@456789:*",
  "enterprise:octo:*",
  "enterprise_id:1234:environment:*",
  "repository_visibility:private:repo:octo-org/infra:*",
  "repository_visibility:private:repository_owner:octo-org:*",
  "ref:refs/heads/main:repo:octo-org/infra:*",
];
/** Each repository says itself what its subjects tell. */
const openOfGithub = [
  "environment:prod",
  "environment:prod:*",
  "ref:refs/heads/main",
  "pull_request:x:*",
  "job_workflow_ref:octo-org/*",
  "repository_owner:octo-*",
  "repo:octo-org/*",
  "enterprise:*",
  "enterprise:octo-*",
  "repository_visibility:private:*",
  "repository_visibility:private:repo:*",
  "repository_visibility:*:repo:octo-org/infra:*",
  "ref:refs/heads/*:repo:octo-org/infra:*",
  "workflow:repo:octo-org/infra:*",
];
const ofGithub = (subject: string) => {
  const github = "token.actions.githubusercontent.com";
  return trusting({
    Principal: { Federated: `arn:aws:iam::111122223333:oidc-provider/${github}` },
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition: {
      StringEquals: { [`${github}:aud`]: "sts.amazonaws.com" },
      StringLike: { [`${github}:sub`]: subject },
    },
  });
};
const cognito = "cognito-identity.amazonaws.com";
const pool = "eu-west-1:12345678-1234-1234-1234-123456790abc";
const ofCognito = (aud: unknown, amr?: unknown, operator = "ForAnyValue:StringLike") =>
  trusting({
    Principal: { Federated: cognito },
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition: {
      StringEquals: { [`${cognito}:aud`]: aud },
      ...(amr === undefined ? {} : { [operator]: { [`${cognito}:amr`]: amr } }),
    },
  });
const openSubjects = [
  "*",
  "repo:*",
  "repo:*/*:ref:refs/heads/main",
  "repo:octo-*:ref:refs/heads/main",
  "repo:octo-org/*",
  "repo:octo-org/infra*",
  "rep?:octo-org/infra:*",
  "*:ref:refs/heads/main",
  "project_path:*",
  "system:serviceaccount:*",
  "system:serviceaccount:kube*:aws-node",
];

casesFor("iam-trust-narrow [S3] [M1] [S4]", {
  base: trusting({ Principal: { Service: "ec2.amazonaws.com" } }),
  passes: [
    ["instances", {}],
    [
      "the control plane for this account",
      trusting({
        Principal: { Service: "eks.amazonaws.com" },
        Condition: { StringEquals: { "aws:SourceAccount": "111122223333" } },
      }),
    ],
    [
      "a service for this account",
      trusting({
        Principal: { Service: "vpc-flow-logs.amazonaws.com" },
        Condition: { StringEquals: { "aws:SourceAccount": "111122223333" } },
      }),
    ],
    ...namedSources.map(([what, Condition]): [string, Record<string, unknown>] => [
      `a service for ${what}`,
      trusting({ Principal: { Service: "s3.amazonaws.com" }, Condition }),
    ]),
    [
      "streams of this account",
      trusting({
        Principal: { Service: "firehose.amazonaws.com" },
        Condition: { StringEquals: { "sts:ExternalId": "111122223333" } },
      }),
    ],
    ["trails", trusting({ Principal: { Service: "cloudtrail.amazonaws.com" } })],
    ["a role", trusting({ Principal: { AWS: "arn:aws:iam::111122223333:role/deployer" } })],
    ...whoConditions.map(([what, Condition]): [string, Record<string, unknown>] => [
      `an account with ${what}`,
      trusting({ Principal: account, Condition }),
    ]),
    ...namedSubjects.map((subject): [string, Record<string, unknown>] => [
      `tokens of ${subject}`,
      oidc({ StringEquals: audience, StringLike: { [`${issuer}:sub`]: subject } }),
    ]),
    ...namedOfGithub.map((subject): [string, Record<string, unknown>] => [
      `tokens of GitHub, ${subject}`,
      ofGithub(subject),
    ]),
    ["people who signed in to a pool of Cognito", ofCognito(pool, "authenticated")],
    [
      "people of a user pool",
      ofCognito(pool, "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc:CognitoSignIn:*"),
    ],
    [
      "tokens of one of anybody's repositories, by another condition",
      oidc({
        StringEquals: { ...audience, [`${issuer}:sub`]: "repo:octo-org/infra:ref:refs/heads/main" },
        StringLike: { [`${issuer}:sub`]: "repo:*" },
      }),
    ],
    [
      "a service account",
      oidc({
        StringEquals: {
          ...audience,
          [`${issuer}:sub`]: "system:serviceaccount:kube-system:aws-node",
        },
      }),
    ],
    [
      "people by SAML",
      trusting({
        Principal: { Federated: "arn:aws:iam::111122223333:saml-provider/idp" },
        Action: "sts:AssumeRoleWithSAML",
        Condition: { StringEquals: { "SAML:aud": "https://signin.aws.amazon.com/saml" } },
      }),
    ],
  ],
  fails: [
    ...(
      [
        ["whoever comes to a pool of Cognito", ofCognito(pool)],
        ["who did not sign in to a pool of Cognito", ofCognito(pool, "unauthenticated")],
        ["who may have signed in", ofCognito(pool, ["authenticated", "unauthenticated"])],
        ["who signed in somehow", ofCognito(pool, "*")],
        ["whoever says nothing of it", ofCognito(pool, "authenticated", "ForAllValues:StringLike")],
        ["people of some pool", ofCognito("eu-west-1:", "authenticated")],
      ] as [string, Record<string, unknown>][]
    ).map(([what, change]): [string, Record<string, unknown>, string[]] => [
      what,
      change,
      [must("limit the tokens by sub")],
    ]),
    [
      "nothing",
      { it: resource(token.role, {}) },
      ["it: assumeRolePolicy must be set, got nothing"],
    ],
    [
      "everybody",
      trusting({ Principal: "*" }),
      [must("name the principals that take on the role")],
    ],
    [
      "everybody, of AWS",
      trusting({ Principal: { AWS: "*" } }),
      [must("name the principals that take on the role")],
    ],
    ["an account", trusting({ Principal: account }), [ofAccount]],
    ["an account by its number", trusting({ Principal: { AWS: ["111122223333"] } }), [ofAccount]],
    [
      "an account by its canonical id",
      trusting({ Principal: { CanonicalUser: "79a59df900b949e5" } }),
      [ofAccount],
    ],
    ...idleConditions.map(([what, Condition]): [string, Record<string, unknown>, string[]] => [
      `an account with ${what}`,
      trusting({ Principal: account, Condition }),
      [ofAccount],
    ]),
    ...openSubjects.map((subject): [string, Record<string, unknown>, string[]] => [
      `tokens of ${subject}`,
      oidc({ StringEquals: audience, StringLike: { [`${issuer}:sub`]: subject } }),
      [must("limit the tokens by sub")],
    ]),
    ...openOfGithub.map((subject): [string, Record<string, unknown>, string[]] => [
      `tokens of GitHub, ${subject}`,
      ofGithub(subject),
      [must("limit the tokens by sub")],
    ]),
    [
      "a service for every account",
      trusting({ Principal: { Service: "vpc-flow-logs.amazonaws.com" } }),
      [ofService],
    ],
    ...openSources.map(([what, Condition]): [string, Record<string, unknown>, string[]] => [
      `a service for ${what}`,
      trusting({ Principal: { Service: "s3.amazonaws.com" }, Condition }),
      [ofService],
    ]),
    [
      "the control plane of any account",
      trusting({ Principal: { Service: "eks.amazonaws.com" } }),
      [ofService],
    ],
    [
      "streams of every account",
      trusting({ Principal: { Service: "firehose.amazonaws.com" } }),
      [ofService],
    ],
    [
      "a service beside instances",
      trusting({ Principal: { Service: ["ec2.amazonaws.com", "logs.amazonaws.com"] } }),
      [ofService],
    ],
    [
      "every service account of the cluster",
      oidc({ StringEquals: audience }),
      [must("limit the tokens by sub")],
    ],
    [
      "service accounts of every namespace",
      oidc({
        StringEquals: audience,
        StringLike: { [`${issuer}:sub`]: "system:serviceaccount:*:app" },
      }),
      [must("limit the tokens by sub")],
    ],
    [
      "tokens for anybody",
      oidc({ StringEquals: { [`${issuer}:sub`]: "system:serviceaccount:a:b" } }),
      [must("limit the tokens by aud")],
    ],
  ],
  undecided: [
    [
      "a pool that nobody knows yet",
      ofCognito(unknown, "authenticated"),
      ["it: undecided: assumeRolePolicy.Statement[0] of it is unknown until up"],
    ],
    [
      "unknown",
      { it: resource(token.role, { assumeRolePolicy: unknown }) },
      ["it: undecided: assumeRolePolicy of it is unknown until up"],
    ],
    [
      "an account with a condition that nobody knows yet",
      {
        it: resource(token.role, {
          assumeRolePolicy: {
            Statement: [
              {
                Effect: "Allow",
                Principal: account,
                Action: "sts:AssumeRole",
                Condition: { ArnLike: { "aws:PrincipalArn": unknown } },
              },
            ],
          },
        }),
      },
      ["it: undecided: assumeRolePolicy.Statement[0] of it is unknown until up"],
    ],
  ],
});

const minimalPolicies =
  "must be one of AmazonEKSWorkerNodePolicy, AmazonEKSWorkerNodeMinimalPolicy, AmazonEC2ContainerRegistryPullOnly, AmazonEC2ContainerRegistryReadOnly";
const attach = (policyArn: unknown, type: string = token.rolePolicyAttachment) => ({
  more: resource(type, { role: ref("nodes-role", "name"), policyArn }),
});
const inline = (Action: unknown) => ({
  more: resource(token.rolePolicy, {
    role: ref("nodes-role", "name"),
    policy: document(statement({ Sid: "It", Action, Resource: "*" })),
  }),
});

casesFor("iam-node-role-minimal [J12] [S4]", {
  base: platform,
  passes: [
    ["joining", {}],
    ["joining and pulling", attach("arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly")],
    ["named actions", inline(["kms:Decrypt"])],
    [
      "administrators elsewhere",
      {
        more: resource(token.rolePolicyAttachment, {
          role: ref("bastion-role", "name"),
          policyArn: admin,
        }),
      },
    ],
  ],
  fails: [
    ["an administrator", attach(admin), [`more: policyArn ${minimalPolicies}, got "${admin}"`]],
    [
      "the right of the CNI",
      attach("arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"),
      [`more: policyArn ${minimalPolicies}, got "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"`],
    ],
    [
      "a policy of the same name elsewhere",
      attach("arn:aws:iam::111122223333:policy/AmazonEKSWorkerNodePolicy"),
      [
        `more: policyArn ${minimalPolicies}, got "arn:aws:iam::111122223333:policy/AmazonEKSWorkerNodePolicy"`,
      ],
    ],
    [
      "a policy of the stack",
      { mine: resource(token.policy, { policy: "{}" }), ...attach(ref("mine", "arn")) },
      [`more: policyArn ${minimalPolicies}, got mine`],
    ],
    [
      "an attachment to many",
      {
        more: resource(token.policyAttachment, {
          roles: [ref("nodes-role", "name")],
          policyArn: admin,
        }),
      },
      [`more: policyArn ${minimalPolicies}, got "${admin}"`],
    ],
    [
      "all attachments at once",
      {
        more: resource(token.rolePolicyAttachmentsExclusive, {
          roleName: ref("nodes-role", "name"),
          policyArns: [admin],
        }),
      },
      [`more: policyArns[0] ${minimalPolicies}, got "${admin}"`],
    ],
    [
      "the role's own list",
      { "nodes-role.managedPolicyArns": [admin] },
      [`nodes-role: managedPolicyArns[0] ${minimalPolicies}, got "${admin}"`],
    ],
    [
      "every action of a service",
      inline("s3:*"),
      ["more: policy.Statement[0] must name the actions in use, got statement It"],
    ],
    [
      "every action",
      inline(["*"]),
      ["more: policy.Statement[0] must name the actions in use, got statement It"],
    ],
  ],
  undecided: [
    [
      "a role that nobody knows yet",
      { "nodes.nodeRoleArn": unknown },
      ["nodes: undecided: nodeRoleArn of nodes is unknown until up"],
    ],
    [
      "a role of another stack",
      { "nodes.nodeRoleArn": "arn:aws:iam::111122223333:role/nodes" },
      [
        "nodes: undecided: the rights of arn:aws:iam::111122223333:role/nodes are unknown: the stack does not manage the role",
      ],
    ],
    [
      "a policy that nobody knows yet",
      { "nodes-policy.policyArn": unknown },
      ["nodes-policy: undecided: policyArn of nodes-policy is unknown until up"],
    ],
  ],
});

const provider = (clientIdLists?: unknown) => ({
  it: resource(token.openIdConnectProvider, { clientIdLists }),
});

casesFor("iam-oidc-audience [S4]", {
  base: provider(["sts.amazonaws.com"]),
  passes: [["STS", {}]],
  fails: [
    [
      "somebody else",
      provider(["sts.amazonaws.com", "app"]),
      ['it: clientIdLists[1] must be sts.amazonaws.com, got "app"'],
    ],
    ["nobody", provider([]), ["it: clientIdLists must be set, got []"]],
    ["nothing", provider(), ["it: clientIdLists must be set, got nothing"]],
  ],
  undecided: [
    ["unknown", provider([unknown]), ["it: undecided: clientIdLists[0] of it is unknown until up"]],
  ],
});

casesFor("aws-allowed-accounts [M1]", {
  base: platform,
  passes: [
    ["the accounts of the stack, as the provider gets them", {}],
    ["a list", { "provider.allowedAccountIds": ["111122223333"] }],
  ],
  fails: [
    [
      "nothing",
      { "provider.allowedAccountIds": gone },
      ["provider: allowedAccountIds must name the accounts of the stack, got nothing"],
    ],
    [
      "none",
      { "provider.allowedAccountIds": "[]" },
      ["provider: allowedAccountIds must name the accounts of the stack, got []"],
    ],
    [
      "keys",
      { "provider.secretKey": "a secret" },
      ["provider: secretKey must be left out: use a role"],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "provider.allowedAccountIds": unknown },
      ["provider: undecided: allowedAccountIds of provider is unknown until up"],
    ],
  ],
});

const foreign = "999999999999";
const provided = {
  provider: resource(token.awsProvider, { allowedAccountIds: JSON.stringify(["111122223333"]) }),
};
const endpointFor = (more: Record<string, unknown>) => ({
  it: resource(token.vpcEndpoint, {
    policy: document(
      statement({ Sid: "It", Principal: "*", Action: "s3:GetObject", Resource: "*", ...more }),
    ),
  }),
});
const reaching = (Resource: unknown) => allowed({ Action: "sts:AssumeRole", Resource });
const ownOnly = (path: string, got: string, name = "it") =>
  `${name}: ${path} must name accounts of the stack, got "${got}"`;
const accessOf = (type: string, id: string) => ({
  it: resource(type, { principalArn: `arn:aws:iam::${id}:role/team` }),
});

casesFor("iam-own-accounts [M1] [S3]", {
  base: { ...provided, ...keyPolicy({}) },
  passes: [
    ["the account", {}],
    ["the account by its number", keyPolicy({ Principal: { AWS: "111122223333" } })],
    ["a service", keyPolicy({ Principal: logs })],
    ["AWS' own policies", reaching("arn:aws:iam::aws:policy/AmazonEKSClusterPolicy")],
    ["a role of the account", reaching(deployer)],
    [
      "principals and resources of the account",
      endpointFor({
        Condition: {
          StringEquals: {
            "aws:PrincipalAccount": "111122223333",
            "aws:ResourceAccount": ["111122223333"],
          },
        },
      }),
    ],
    [
      "images of EKS",
      endpointFor({ Condition: { StringEquals: { "aws:ResourceAccount": "602401143452" } } }),
    ],
    [
      "a bucket of AWS",
      endpointFor({ Resource: "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*" }),
    ],
    [
      "a tag that is called account",
      endpointFor({ Condition: { StringEquals: { "aws:ResourceTag/account": "billing" } } }),
    ],
    [
      "a number that is no account",
      trusting({ Principal: account, Condition: { StringEquals: { "sts:ExternalId": foreign } } }),
    ],
    ["a denial", keyPolicy({ Effect: "Deny", Principal: { AWS: foreign } })],
    ["people of the account", accessOf(token.accessEntry, "111122223333")],
  ],
  fails: [
    [
      "a key for another account",
      keyPolicy({ Principal: { AWS: `arn:aws:iam::${foreign}:root` } }),
      [ownOnly("policy.Statement[0].Principal.AWS", `arn:aws:iam::${foreign}:root`)],
    ],
    [
      "a key for another account beside the own one",
      keyPolicy({ Principal: { AWS: [account.AWS, foreign] } }),
      [ownOnly("policy.Statement[0].Principal.AWS[1]", foreign)],
    ],
    [
      "a key policy of its own",
      keyPolicy({ Principal: { AWS: foreign } }, token.keyPolicy),
      [ownOnly("policy.Statement[0].Principal.AWS", foreign)],
    ],
    [
      "a role for a role of another account",
      trusting({ Principal: { AWS: `arn:aws:iam::${foreign}:role/x` } }),
      [ownOnly("assumeRolePolicy.Statement[0].Principal.AWS", `arn:aws:iam::${foreign}:role/x`)],
    ],
    [
      "a role for the identity provider of another account",
      trusting({ Principal: { Federated: `arn:aws:iam::${foreign}:saml-provider/x` } }),
      [
        ownOnly(
          "assumeRolePolicy.Statement[0].Principal.Federated",
          `arn:aws:iam::${foreign}:saml-provider/x`,
        ),
      ],
    ],
    [
      "an endpoint for another account",
      endpointFor({ Condition: { StringEquals: { "aws:PrincipalAccount": foreign } } }),
      [ownOnly("policy.Statement[0].Condition.StringEquals.aws:PrincipalAccount", foreign)],
    ],
    [
      "an endpoint for many accounts",
      endpointFor({ Condition: { StringLike: { "aws:PrincipalAccount": "1111*" } } }),
      [ownOnly("policy.Statement[0].Condition.StringLike.aws:PrincipalAccount", "1111*")],
    ],
    [
      "an endpoint for the registry as a principal",
      endpointFor({ Condition: { StringEquals: { "aws:PrincipalAccount": "602401143452" } } }),
      [ownOnly("policy.Statement[0].Condition.StringEquals.aws:PrincipalAccount", "602401143452")],
    ],
    [
      "the policy of an endpoint",
      {
        it: resource(token.vpcEndpointPolicy, {
          policy: document(
            statement({
              Principal: "*",
              Action: "s3:GetObject",
              Resource: "*",
              Condition: { ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/x" } },
            }),
          ),
        }),
      },
      [ownOnly("policy.Statement[0].Condition.ArnLike.aws:PrincipalArn", "arn:aws:iam::*:role/x")],
    ],
    [
      "a service on behalf of another account",
      trusting({
        Principal: { Service: "eks.amazonaws.com" },
        Condition: { ArnLike: { "aws:SourceArn": `arn:aws:eks:eu-west-1:${foreign}:cluster/x` } },
      }),
      [
        ownOnly(
          "assumeRolePolicy.Statement[0].Condition.ArnLike.aws:SourceArn",
          `arn:aws:eks:eu-west-1:${foreign}:cluster/x`,
        ),
      ],
    ],
    [
      "roles of every account",
      reaching("arn:aws:iam::*:role/*"),
      [ownOnly("policy.Statement[0].Resource", "arn:aws:iam::*:role/*")],
    ],
    [
      "a role of another account",
      reaching([deployer, `arn:aws:iam::${foreign}:role/x`]),
      [ownOnly("policy.Statement[0].Resource[1]", `arn:aws:iam::${foreign}:role/x`)],
    ],
    [
      "a policy in a role",
      {
        it: resource(token.role, {
          inlinePolicies: [
            {
              policy: document(
                statement({ Action: "sts:AssumeRole", Resource: `arn:aws:iam::${foreign}:role/x` }),
              ),
            },
          ],
        }),
      },
      [ownOnly("inlinePolicies[0].policy.Statement[0].Resource", `arn:aws:iam::${foreign}:role/x`)],
    ],
    ...[token.accessEntry, token.accessPolicyAssociation].map(
      (type): [string, Record<string, unknown>, string[]] => [
        type,
        accessOf(type, foreign),
        [ownOnly("principalArn", `arn:aws:iam::${foreign}:role/team`)],
      ],
    ),
  ],
  undecided: [
    [
      "a policy that nobody knows yet",
      key({ policy: unknown }),
      ["it: undecided: policy of it is unknown until up"],
    ],
    [
      "accounts that nobody knows yet",
      { "provider.allowedAccountIds": unknown },
      ["it: undecided: policy.Statement[0].Principal.AWS of it is unknown until up"],
    ],
    [
      "people that nobody knows yet",
      { it: resource(token.accessEntry, { principalArn: unknown }) },
      ["it: undecided: principalArn of it is unknown until up"],
    ],
  ],
  notApplicable: [
    [
      "a provider for any account",
      { "provider.allowedAccountIds": gone },
      "no provider names the accounts of the stack",
    ],
  ],
});

describe("with accounts of others", () => {
  casesFor("iam-own-accounts [M1] [S3]", {
    base: { ...provided, ...keyPolicy({ Principal: { AWS: foreign } }) },
    config: { accounts: [foreign] },
    passes: [["one that is named", {}]],
    fails: [
      [
        "another",
        keyPolicy({ Principal: { AWS: "888888888888" } }),
        [ownOnly("policy.Statement[0].Principal.AWS", "888888888888")],
      ],
    ],
    undecided: [],
    decided: "the table above has them",
  });
});

const given = {
  own: resource(token.rolePolicy, { role: ref("job"), policy: document() }),
  attached: resource(token.rolePolicyAttachment, {
    role: ref("job"),
    policyArn: "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy",
  }),
};

casesFor("iam-role-one-manager [S3] [M1]", {
  base: { job: resource(token.role, {}), ...given },
  passes: [
    ["policies of their own", {}],
    ["all in the role", { own: gone, attached: gone, "job.inlinePolicies": [{ name: "a" }] }],
    ["each kind in one place", { own: gone, "job.inlinePolicies": [{ name: "a" }] }],
    [
      "a role that has its own, and another that has none",
      { other: resource(token.role, { inlinePolicies: [{ name: "a" }] }) },
    ],
  ],
  fails: [
    [
      "inline policies in two places",
      { "job.inlinePolicies": [] },
      ["job: inlinePolicies must be left out beside own, got []"],
    ],
    [
      "attachments in two places",
      { "job.managedPolicyArns": ["arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"] },
      [
        'job: managedPolicyArns must be left out beside attached, got ["arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"]',
      ],
    ],
    [
      "an attachment of the exclusive kind",
      {
        attached: gone,
        "job.managedPolicyArns": [],
        exclusive: resource(token.policyAttachment, { roles: [ref("job")] }),
      },
      ["job: managedPolicyArns must be left out beside exclusive, got []"],
    ],
  ],
  undecided: [
    [
      "a policy of which nobody knows whose it is",
      { "job.inlinePolicies": [{ name: "a" }], "own.role": unknown },
      ["own: undecided: role of own is unknown until up"],
    ],
  ],
});

const setup = "setup-function";
const noKey = (field: string, got = "nothing") =>
  `${setup}: ${field} must name a KMS key that you manage, got ${got}`;
const awsKey = "arn:aws:kms:eu-west-1:111122223333:alias/aws/lambda";

casesFor("kms-functions-encrypted [M1]", {
  base: platform,
  passes: [
    ["keys of the stack", {}],
    [
      "a key of another stack",
      { [`${setup}.sourceKmsKeyArn`]: "arn:aws:kms:eu-west-1:111122223333:key/1" },
    ],
    [
      "no key of an environment without variables",
      { [`${setup}.environment`]: gone, [`${setup}.kmsKeyArn`]: gone },
    ],
    [
      "no key of code that is an image",
      { [`${setup}.packageType`]: "Image", [`${setup}.sourceKmsKeyArn`]: gone },
    ],
  ],
  fails: [
    ["code under AWS' key", { [`${setup}.sourceKmsKeyArn`]: gone }, [noKey("sourceKmsKeyArn")]],
    ["an environment under AWS' key", { [`${setup}.kmsKeyArn`]: gone }, [noKey("kmsKeyArn")]],
    [
      "AWS' key by its name",
      { [`${setup}.sourceKmsKeyArn`]: awsKey, [`${setup}.kmsKeyArn`]: awsKey },
      [noKey("sourceKmsKeyArn", `"${awsKey}"`), noKey("kmsKeyArn", `"${awsKey}"`)],
    ],
    [
      "an environment that nobody knows yet, without a key",
      { [`${setup}.environment`]: unknown, [`${setup}.kmsKeyArn`]: gone },
      [noKey("kmsKeyArn")],
    ],
  ],
  undecided: [
    [
      "a key that nobody knows yet",
      { [`${setup}.sourceKmsKeyArn`]: unknown },
      [`${setup}: undecided: sourceKmsKeyArn of ${setup} is unknown until up`],
    ],
    [
      "code of an unknown kind, without a key",
      { [`${setup}.packageType`]: unknown, [`${setup}.sourceKmsKeyArn`]: gone },
      [`${setup}: undecided: packageType of ${setup} is unknown until up`],
    ],
  ],
});
