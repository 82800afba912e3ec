import { token } from "../../policies/tokens";
import { grantsOf } from "../../policies/vault-policy";
import { casesFor } from "../support/rule-cases";
import { resource } from "../support/rule-platform";
import type { Change, StackSpec } from "../support/rule-stack";
import { gone, ref, unknown } from "../support/rule-stack";

const issuing = (body: string, path = "pki/kubernetes/issue/kubelet") =>
  `path "${path}" {\n  capabilities = ["update"]\n  ${body}\n}\n`;

const logins: StackSpec = {
  mount: resource(token.vaultMount, { path: "pki/kubernetes", type: "pki" }),
  keys: resource(token.vaultMount, { path: "transit", type: "transit" }),
  provider: resource(token.vaultProvider, {
    address: "https://vault.dev.internal:8200",
    caCertFile: "/tmp/ca.crt",
    authLoginAws: {
      role: "deployer",
      awsRegion: "eu-west-1",
      headerValue: "vault.dev.internal",
    },
  }),
  client: resource(token.vaultAwsClient, {
    backend: "nodes",
    iamServerIdHeaderValue: "vault.dev.internal",
  }),
  method: resource(token.vaultAuthBackend, { type: "aws", path: "nodes" }),
  identity: resource(token.vaultAwsIdentity, { backend: "nodes", iamAlias: "full_arn" }),
  worker: resource(token.vaultAwsRole, {
    backend: "nodes",
    role: "worker",
    authType: "iam",
    boundIamPrincipalArns: ["arn:aws:iam::111122223333:role/dev-worker"],
    boundIamInstanceProfileArns: ["arn:aws:iam::111122223333:instance-profile/dev-worker"],
    boundVpcIds: ["vpc-1"],
    inferredEntityType: "ec2_instance",
    inferredAwsRegion: "eu-west-1",
    resolveAwsUniqueIds: true,
    tokenPolicies: ["pki-worker"],
    tokenNoDefaultPolicy: true,
    tokenMaxTtl: 3600,
  }),
  cluster: resource(token.vaultKubernetesConfig, {
    backend: "cluster",
    kubernetesHost: "https://api.internal",
    kubernetesCaCert: "PEM",
    disableLocalCaJwt: true,
    disableIssValidation: true,
  }),
  account: resource(token.vaultKubernetesRole, {
    backend: "cluster",
    roleName: "mesh",
    boundServiceAccountNames: ["vault-issuer"],
    boundServiceAccountNamespaces: ["istio-system"],
    audience: "vault://istio-system/vault-issuer",
    tokenPolicies: ["pki-mesh"],
    tokenNoDefaultPolicy: true,
    tokenMaxTtl: 3600,
  }),
  policy: resource(token.vaultPolicy, {
    name: "pki-worker",
    policy: issuing('allowed_parameters = { "common_name" = [] }'),
  }),
};

casesFor("pki-init-token-bound [J7]", {
  base: logins,
  passes: [
    ["role, profile, VPC and instance", {}],
    ["a day", { "worker.tokenMaxTtl": 86_400 }],
  ],
  fails: [
    ["EC2's documents", { "worker.authType": "ec2" }, ['worker: authType must be iam, got "ec2"']],
    [
      "every role",
      { "worker.boundIamPrincipalArns": ["arn:aws:iam::111122223333:role/*"] },
      [
        'worker: boundIamPrincipalArns[0] must hold no pattern, got "arn:aws:iam::111122223333:role/*"',
      ],
    ],
    [
      "no role",
      { "worker.boundIamPrincipalArns": [] },
      ["worker: boundIamPrincipalArns must be named, got []"],
    ],
    [
      "any session of the role",
      { "worker.inferredEntityType": gone },
      ["worker: inferredEntityType must be ec2_instance, got nothing"],
    ],
    [
      "any profile",
      { "worker.boundIamInstanceProfileArns": gone },
      ["worker: boundIamInstanceProfileArns must be named, got nothing"],
    ],
    ["any VPC", { "worker.boundVpcIds": gone }, ["worker: boundVpcIds must be named, got nothing"]],
    [
      "a role that is made anew",
      { "worker.resolveAwsUniqueIds": false },
      ["worker: resolveAwsUniqueIds must not be false, got false"],
    ],
    [
      "Vault's own 32 days",
      { "worker.tokenMaxTtl": gone },
      ["worker: tokenMaxTtl must be a lifetime of at most 24 hours, got nothing"],
    ],
    [
      "a token without end",
      { "worker.tokenPeriod": 3600 },
      ["worker: tokenPeriod must be left out, got 3600"],
    ],
    [
      "rights of every token",
      { "worker.tokenNoDefaultPolicy": gone },
      ["worker: tokenNoDefaultPolicy must be true, got nothing"],
    ],
    [
      "a token that nobody can revoke",
      { "worker.tokenType": "batch" },
      ['worker: tokenType must not be batch, got "batch"'],
    ],
  ],
  undecided: [
    [
      "a VPC that is unknown",
      { "worker.boundVpcIds": unknown },
      ["worker: undecided: boundVpcIds of worker is unknown until up"],
    ],
  ],
});

casesFor("pki-identity-per-instance [J7]", {
  base: logins,
  passes: [
    ["by the session", {}],
    [
      "a method by reference",
      { "worker.backend": ref("method"), "identity.backend": ref("method") },
    ],
  ],
  fails: [
    [
      "Vault's own, which is the role's",
      { "identity.iamAlias": gone },
      ["identity: iamAlias must be full_arn, got nothing"],
    ],
    [
      "by the role's id",
      { "identity.iamAlias": "unique_id" },
      ['identity: iamAlias must be full_arn, got "unique_id"'],
    ],
    [
      "another method's",
      { "identity.backend": "aws" },
      ['worker: backend must have an identity whose iamAlias is full_arn, got "nodes"'],
    ],
    [
      "no identity",
      { identity: gone },
      ['worker: backend must have an identity whose iamAlias is full_arn, got "nodes"'],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "identity.iamAlias": unknown },
      ["identity: undecided: iamAlias of identity is unknown until up"],
    ],
  ],
});

casesFor("vault-k8s-auth-bound [J7]", {
  base: logins,
  passes: [
    ["a name, a namespace and an audience", {}],
    ["an authority that only up knows", { "cluster.kubernetesCaCert": unknown }],
  ],
  fails: [
    [
      "any account",
      { "account.boundServiceAccountNames": ["*"] },
      ['account: boundServiceAccountNames[0] must hold no pattern, got "*"'],
    ],
    [
      "any namespace",
      { "account.boundServiceAccountNamespaces": ["team-*"] },
      ['account: boundServiceAccountNamespaces[0] must hold no pattern, got "team-*"'],
    ],
    [
      "namespaces by label",
      { "account.boundServiceAccountNamespaceSelector": "{}" },
      ['account: boundServiceAccountNamespaceSelector must be left out, got "{}"'],
    ],
    [
      "a token for the API",
      { "account.audience": gone },
      ["account: audience must be set, got nothing"],
    ],
    [
      "an account that is made anew",
      { "account.aliasNameSource": "serviceaccount_name" },
      ['account: aliasNameSource must not be serviceaccount_name, got "serviceaccount_name"'],
    ],
    [
      "rights of every token",
      { "account.tokenNoDefaultPolicy": false },
      ["account: tokenNoDefaultPolicy must be true, got false"],
    ],
    [
      "Vault's own token for the API",
      { "cluster.disableLocalCaJwt": gone },
      ["cluster: disableLocalCaJwt must be true, got nothing"],
    ],
    [
      "the provider's own idea of issuers",
      { "cluster.disableIssValidation": gone },
      ["cluster: disableIssValidation must be true, got nothing"],
    ],
    [
      "an issuer that Vault judges",
      { "cluster.disableIssValidation": false },
      ["cluster: disableIssValidation must be true, got false"],
    ],
    [
      "an API that any authority vouches for",
      { "cluster.kubernetesCaCert": gone },
      ["cluster: kubernetesCaCert must be set, got nothing"],
    ],
    [
      "an API without TLS",
      { "cluster.kubernetesHost": "http://api.internal" },
      ['cluster: kubernetesHost must be an https URL, got "http://api.internal"'],
    ],
    [
      "a week",
      { "account.tokenMaxTtl": 604_800 },
      ["account: tokenMaxTtl must be a lifetime of at most 24 hours, got 604800"],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "account.audience": unknown },
      ["account: undecided: audience of account is unknown until up"],
    ],
  ],
});

const unseenCalls = "not sign requests unseen";
const setUpCalls = "not make, bring, sign or delete authorities";
const holds = "not choose what certificates hold";
const revoked = "not choose what is revoked and who hears of it";
const logsIn = "not choose who logs in with which rights";
const setsUp = "not mount, audit or set up Vault otherwise";
const stored = "not touch what is stored";
const ends = "not stop Vault, nor end what others have";
const rights = "be neither root nor a policy of administrators";
const whole = "name mount and role as a whole";
const otherRights = "not make tokens with other rights";

casesFor("pki-token-policy-least [J7] [S3]", {
  base: logins,
  passes: [
    ["a path by name", {}],
    [
      "reading everywhere below a path",
      { "policy.policy": 'path "secret/*" { capabilities = ["read"] }' },
    ],
    ["secrets of one's own", { "policy.policy": issuing("", "secret/*") }],
    ["keys of another engine", { "policy.policy": issuing("", "transit/sign/key") }],
    [
      "other policies, by types of other logins",
      {
        it: resource("vault:tokenauth/authBackendRole:AuthBackendRole", {
          allowedPolicies: ["pki-mesh", "dep*"],
          allowedPoliciesGlobs: ["pki-*"],
          disallowedPolicies: ["root", "deployer"],
        }),
      },
    ],
    [
      "a policy of another system",
      { it: resource("vault:consul/secretBackendRole:SecretBackendRole", { policies: ["root"] }) },
    ],
    ["any of its keys", { "policy.policy": issuing("", "transit/sign/+") }],
    ["a role of any issuer", { "policy.policy": issuing("", "pki/kubernetes/issuer/+/issue/a") }],
    [
      "the role of one's own name",
      { "policy.policy": issuing("", "pki/kubernetes/sign/{{identity.entity.name}}") },
    ],
    [
      "one role, and a refusal of all others",
      {
        "policy.policy": `${issuing("")}path "pki/kubernetes/issue/+" { capabilities = ["deny"] }`,
      },
    ],
    ["reading all of an authority", { "policy.policy": 'path "pki/*" { policy = "read" }' }],
    [
      "all roles, and a refusal that is more exact",
      {
        "policy.policy": `${issuing("", "pki/kubernetes/sign-verbatim/*")}path "pki/kubernetes/sign-verbatim/+" { capabilities = ["deny"] }\npath "pki/kubernetes/sign-verbatim/+/+" { policy = "deny" }`,
      },
    ],
    ["a snapshot", { "policy.policy": 'path "sys/storage/raft/snapshot" { policy = "read" }' }],
    ["reading all of the system", { "policy.policy": 'path "sys/*" { policy = "read" }' }],
    [
      "a token of one's own",
      {
        "policy.policy": `${issuing("", "auth/token/renew-self")}${issuing("", "auth/token/create")}`,
      },
    ],
    [
      "sudo on a whole path",
      { "policy.policy": 'path "sys/leases/lookup/a" { capabilities = ["sudo"] }' },
    ],
  ],
  fails: [
    [
      "everything",
      { "policy.policy": 'path "*" { capabilities = ["read"] }' },
      ["policy: policy of path * must name what it is for, got read"],
    ],
    [
      "everything in parts",
      { "policy.policy": 'path "+/*" { policy = "write" }' },
      [
        "policy: policy of path +/* must name what it is for, got create, read, update, delete, list",
      ],
    ],
    [
      "requests signed unseen",
      { "policy.policy": issuing("", "pki/kubernetes/sign-verbatim") },
      [
        "policy: policy of path pki/kubernetes/sign-verbatim must not sign requests unseen, got update",
      ],
    ],
    ...(
      [
        [
          "all of an authority",
          "pki/kubernetes/*",
          [unseenCalls, setUpCalls, holds, revoked, whole],
        ],
        ["all authorities", "pki/*", [unseenCalls, setUpCalls, holds, revoked, whole]],
        ["whatever begins like signing", "pki/kubernetes/sign*", [unseenCalls, whole]],
        ["all roles", "pki/kubernetes/issue/+", [whole]],
        ["all roles by any text", "pki/kubernetes/issue/*", [whole]],
        ["roles by how they begin", "pki/kubernetes/sign/kube*", [whole]],
        ["roles of one issuer", "pki/kubernetes/issuer/default/sign/+", [whole]],
        ["a role of every authority", "pki/+/issue/kubelet", [whole]],
        ["all roles of every authority", "pki/+/sign/+", [whole]],
        ["a role by any call", "pki/kubernetes/+/kubelet", [unseenCalls, setUpCalls, holds, whole]],
        ["roles of an authority that nobody knows", "elsewhere/issue/+", [whole]],
        ["accounts of ACME for all roles", "pki/kubernetes/roles/+/acme/new-eab", [whole]],
        ["a call of any authority", "pki/+/sign-verbatim*", [unseenCalls]],
        ["a call by the name of a role", "pki/kubernetes/sign-verbatim/+", [unseenCalls]],
        ["a call of one issuer", "pki/kubernetes/issuer/+/sign-verbatim", [unseenCalls]],
        ["an authority that nobody knows", "elsewhere/sign-verbatim", [unseenCalls]],
        ["a certificate that signs itself", "pki/kubernetes/root/sign-self-issued", [unseenCalls]],
        ["an authority below", "pki/kubernetes/root/sign-intermediate", [setUpCalls]],
        ["one below any issuer", "pki/kubernetes/issuer/+/sign-intermediate", [setUpCalls]],
        ["a key that leaves", "pki/kubernetes/keys/generate/exported", [setUpCalls]],
        ["roles", "pki/+/roles/kubelet", [holds]],
        ["policies", "sys/policies/acl/pki-*", ["not write policies"]],
        ["logins", "auth/nodes/role/worker", [logsIn]],
        ["logins of a method with a name of parts", "auth/team/nodes/role/worker", [logsIn]],
        ["all of such a method", "auth/team/nodes/*", [logsIn]],
        ["such a method by how it begins", "auth/team/n*", [logsIn]],
        ["whom Vault asks who an account is", "auth/cluster/config", [logsIn]],
        ["a secret by which another one logs in", "auth/approle/role/ci/secret-id", [logsIn]],
        ["groups", "identity/*", [logsIn]],
        ["another name for somebody", "identity/entity-alias/id/one", [logsIn]],
        ["where certificates send people", "pki/kubernetes/config/urls", [holds]],
        ["lists of what is revoked", "pki/kubernetes/config/crl", [revoked]],
        ["certificates of others", "pki/kubernetes/revoke", [revoked]],
        ["an authority of one that nobody knows", "elsewhere/intermediate/+", [setUpCalls]],
        ["how logins last", "sys/mounts/auth/team/nodes/tune", [setsUp]],
        ["what Vault runs", "sys/plugins/catalog/auth/aws", [setsUp]],
        ["another Vault in its place", "sys/storage/raft/snapshot-force", [stored]],
        ["a server less", "sys/storage/raft/remove-peer", [stored]],
        ["an end of all", "sys/seal", [ends]],
        ["all of the system", "sys/*", ["not write policies", logsIn, setsUp, stored, ends]],
        [
          "tokens without a parent",
          "auth/token/*",
          [logsIn, ends, "not make tokens that outlive its own", otherRights],
        ],
        ["tokens with the rights of a role", "auth/token/create/ci", [otherRights]],
      ] as const
    ).map(([title, path, rules]): [string, Change, string[]] => [
      title,
      { "policy.policy": issuing("", path) },
      [`policy: policy of path ${path} must ${rules.join(", ")}, got update`],
    ]),
    [
      "sudo on a pattern",
      { "policy.policy": 'path "secret/+" { capabilities = ["sudo"] }' },
      ["policy: policy of path secret/+ must allow sudo on whole paths only, got sudo"],
    ],
    [
      "the key of an authority",
      { "policy.policy": 'path "pki/kubernetes/key/+" { capabilities = ["delete"] }' },
      [`policy: policy of path pki/kubernetes/key/+ must ${setUpCalls}, got delete`],
    ],
    [
      "all but one device of audit",
      {
        "policy.policy": `${issuing("", "sys/audit/*")}path "sys/audit/+" { capabilities = ["deny"] }`,
      },
      [`policy: policy of path sys/audit/* must ${setsUp}, got update`],
    ],
    [
      "what is stored, deciphered",
      { "policy.policy": 'path "sys/raw/core" { capabilities = ["read", "sudo"] }' },
      [`policy: policy of path sys/raw/core must ${stored}, got read, sudo`],
    ],
    [
      "sudo for tokens of any rights",
      { "policy.policy": 'path "auth/token/create" { capabilities = ["update", "sudo"] }' },
      [
        "policy: policy of path auth/token/create must not make tokens with other rights, got update, sudo",
      ],
    ],
    [
      "all but one role",
      {
        "policy.policy": `${issuing("", "pki/kubernetes/sign-verbatim/*")}path "pki/kubernetes/sign-verbatim/a" { capabilities = ["deny"] }`,
      },
      [
        "policy: policy of path pki/kubernetes/sign-verbatim/* must not sign requests unseen, got update",
      ],
    ],
    [
      "a token of root",
      { "worker.tokenPolicies": ["root"] },
      [`worker: tokenPolicies[0] must ${rights}, got "root"`],
    ],
    [
      "a token of root in the program",
      { token: resource(token.vaultToken, { policies: ["root"] }) },
      [`token: policies[0] must ${rights}, got "root"`],
    ],
    [
      "the rights of the program itself",
      { "account.tokenPolicies": ["pki-mesh", "deployer"] },
      [`account: tokenPolicies[1] must ${rights}, got "deployer"`],
    ],
    [
      "these rights, by a login as Pulumi registers it",
      {
        "provider.authLoginAws": JSON.stringify({ role: "ci" }),
        "account.tokenPolicies": ["ci"],
      },
      [`account: tokenPolicies[0] must ${rights}, got "ci"`],
    ],
    ...(
      [
        ["vault:jwt/authBackendRole:AuthBackendRole", "tokenPolicies", "root"],
        ["vault:appRole/authBackendRole:AuthBackendRole", "tokenPolicies", "deployer"],
        ["vault:identity/entity:Entity", "policies", " Root "],
        ["vault:identity/groupPolicies:GroupPolicies", "policies", "Deployer"],
        ["vault:github/team:Team", "policies", "root"],
        ["vault:tokenauth/authBackendRole:AuthBackendRole", "allowedPolicies", "root"],
        ["vault:tokenauth/authBackendRole:AuthBackendRole", "allowedPoliciesGlobs", "dep*"],
      ] as const
    ).map(([type, input, policy]): [string, Change, string[]] => [
      `${policy} by ${input} of ${type}`,
      { it: resource(type, { [input]: ["pki-mesh", policy] }) },
      [`it: ${input}[1] must ${rights}, got ${JSON.stringify(policy)}`],
    ]),
  ],
  undecided: [
    [
      "an authority somewhere",
      { "mount.path": unknown },
      ["mount: undecided: path of mount is unknown until up"],
    ],
    [
      "a mount of something",
      { "keys.type": unknown },
      ["keys: undecided: type of keys is unknown until up"],
    ],
    [
      "unknown",
      { "policy.policy": unknown },
      ["policy: undecided: policy of policy is unknown until up"],
    ],
    [
      "policies of another login",
      { it: resource("vault:identity/entity:Entity", { policies: unknown }) },
      ["it: undecided: policies of it is unknown until up"],
    ],
  ],
});

casesFor("pki-token-policy-least [J7] [S3]", {
  base: logins,
  config: { administrators: ["pki-worker"], administratorRoles: ["worker"] },
  passes: [["who sets up authorities", { "policy.policy": issuing("", "pki/+/roles/+") }]],
  fails: [
    [
      "who is not named",
      { "account.tokenPolicies": ["pki-mesh", "pki-worker"] },
      [`account: tokenPolicies[1] must ${rights}, got "pki-worker"`],
    ],
    [
      "what not even who is named may have",
      { "worker.tokenPolicies": ["pki-worker", "root"] },
      ['worker: tokenPolicies[1] must not be root, got "root"'],
    ],
    [
      "what not even they may",
      { "policy.policy": issuing("", "pki/+/sign-verbatim") },
      ["policy: policy of path pki/+/sign-verbatim must not sign requests unseen, got update"],
    ],
  ],
  undecided: [],
  decided: "the cases above have what may be unknown",
});

const chosen = (path: string) =>
  `policy: policy of path ${path} must not let requests have not_after`;

casesFor("pki-no-chosen-end [J8]", {
  base: logins,
  passes: [
    ["named parameters", {}],
    [
      "parameters that are denied",
      { "policy.policy": issuing('denied_parameters = { "not_after" = [] }') },
    ],
    [
      "no right to ask",
      { "policy.policy": 'path "pki/kubernetes/issue/kubelet" { capabilities = ["deny"] }' },
    ],
    [
      "parameters that are denied by any spelling",
      { "policy.policy": issuing('denied_parameters = { "NOT_AFTER" = [] }') },
    ],
    ["keys of another engine", { "policy.policy": issuing("", "transit/sign/key") }],
    [
      "something that a request must have and may not",
      {
        "policy.policy": issuing(
          'required_parameters = ["ttl"]\n allowed_parameters = { "not_after" = [] }',
        ),
      },
    ],
    ["another path", { "policy.policy": issuing("", "pki/kubernetes/revoke") }],
  ],
  fails: [
    ...[
      "pki/*",
      "pki/kubernetes/*",
      "pki/kubernetes/iss*",
      "pki/kubernetes/issue/kube*",
      "pki/kubernetes/issuer/one/issue/kubelet",
      "pki/+/issuer/+/sign/+",
      "pki/kubernetes/sign-verbatim",
      "pki/kubernetes/root/sign-intermediate",
      "pki/+/issuer/default/sign-intermediate",
      "elsewhere/issue/one",
    ].map((path): [string, Change, string[]] => [
      `any parameter of ${path}`,
      { "policy.policy": issuing("", path) },
      [chosen(path)],
    ]),
    [
      "an empty list of what is allowed, which is no limit",
      { "policy.policy": issuing("allowed_parameters = {}") },
      [chosen("pki/kubernetes/issue/kubelet")],
    ],
    [
      "ends that are denied and others that are not",
      { "policy.policy": issuing('denied_parameters = { "not_after" = ["*"] }') },
      [chosen("pki/kubernetes/issue/kubelet")],
    ],
    [
      "two policies of one token that say half each",
      {
        reader: resource(token.vaultPolicy, {
          name: "reader",
          policy:
            'path "pki/kubernetes/issue/kubelet" { capabilities = ["read"]\n allowed_parameters = { "not_after" = [] } }',
        }),
        "worker.tokenPolicies": ["pki-worker", "reader"],
      },
      [
        "worker: policies together must not let requests of path pki/kubernetes/issue/kubelet have not_after",
      ],
    ],
    [
      "any parameter",
      { "policy.policy": issuing("") },
      ["policy: policy of path pki/kubernetes/issue/kubelet must not let requests have not_after"],
    ],
    [
      "named parameters and any other",
      { "policy.policy": issuing('allowed_parameters = { "common_name" = [], "*" = [] }') },
      ["policy: policy of path pki/kubernetes/issue/kubelet must not let requests have not_after"],
    ],
    [
      "a signature, in JSON",
      {
        "policy.policy": JSON.stringify({
          path: { "pki/+/sign/+": { capabilities: ["create"] } },
        }),
      },
      ["policy: policy of path pki/+/sign/+ must not let requests have not_after"],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "policy.policy": unknown },
      ["policy: undecided: policy of policy is unknown until up"],
    ],
  ],
});

casesFor("vault-login-names-vault [J7]", {
  base: logins,
  passes: [["the name of this Vault", {}]],
  fails: [
    [
      "no name",
      { "client.iamServerIdHeaderValue": gone },
      ["client: iamServerIdHeaderValue must be set, got nothing"],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "client.iamServerIdHeaderValue": unknown },
      ["client: undecided: iamServerIdHeaderValue of client is unknown until up"],
    ],
  ],
});

casesFor("vault-provider-login [J7]", {
  base: logins,
  passes: [
    ["by IAM", {}],
    [
      "as Pulumi registers settings of a provider",
      { "provider.authLoginAws": JSON.stringify({ role: "deployer", headerValue: "vault" }) },
    ],
    ["an authority whose file only up writes", { "provider.caCertFile": unknown }],
  ],
  fails: [
    ["a token", { "provider.token": "hvs.x" }, ["provider: token must be left out"]],
    [
      "a password",
      { "provider.authLoginUserpass": { username: "ci" } },
      ["provider: authLoginUserpass must be left out"],
    ],
    [
      "anybody's certificate",
      { "provider.skipTlsVerify": true },
      ["provider: skipTlsVerify must not be true, got true"],
    ],
    [
      "no TLS",
      { "provider.address": "http://vault.dev.internal:8200" },
      ['provider: address must be an https URL, got "http://vault.dev.internal:8200"'],
    ],
    [
      "an address of the environment",
      { "provider.address": gone },
      ["provider: address must be an https URL, got nothing"],
    ],
    [
      "a token of the environment",
      { "provider.authLoginAws": gone },
      ["provider: authLoginAws must be set, got nothing"],
    ],
    [
      "a login for any Vault",
      { "provider.authLoginAws.headerValue": gone },
      ["provider: authLoginAws.headerValue must be set, got nothing"],
    ],
    [
      "any public authority",
      { "provider.caCertFile": gone },
      ["provider: caCertFile must be set, got nothing"],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "provider.address": unknown },
      ["provider: undecided: address of provider is unknown until up"],
    ],
  ],
});

describe("grantsOf", () => {
  const grant = {
    path: "pki/kubernetes/issue/kubelet",
    capabilities: ["update"],
    allowed: ["common_name"],
    denied: [],
    required: [],
  };

  it.each([
    ["HCL with values", issuing('allowed_parameters = { "common_name" = [] }')],
    [
      "HCL with blocks and remarks",
      issuing('# a remark\n allowed_parameters { // another\n common_name = ["*"] /* third */ }'),
    ],
    [
      "JSON with a map",
      JSON.stringify({
        path: {
          [grant.path]: { capabilities: ["update"], allowed_parameters: { common_name: [] } },
        },
      }),
    ],
    [
      "JSON with lists",
      JSON.stringify({
        path: [
          {
            [grant.path]: [{ capabilities: ["update"], allowed_parameters: [{ common_name: [] }] }],
          },
        ],
      }),
    ],
  ])("reads %s", (_form, text) => {
    expect(grantsOf(text)).toEqual([grant]);
  });

  it("reads several paths in their order, and the old words for rights", () => {
    const text = `${issuing("")}\npath "secret/a" { policy = "read" }`;
    expect(grantsOf(text).map(({ path, capabilities }) => [path, capabilities])).toEqual([
      [grant.path, ["update"]],
      ["secret/a", ["read", "list"]],
    ]);
  });

  it.each([
    ["path", "policy must have =, got its end"],
    ['path "a" { capabilities = ["update" ', "policy must have ], got its end"],
    ['path "a" {', "policy must have }, got its end"],
    ["§", "policy must be HCL or JSON, got §"],
  ])("says what is wrong with %s", (text, message) => {
    expect(() => grantsOf(text)).toThrow(message);
  });
});
