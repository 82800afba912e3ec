import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import { resource } from "../support/rule-platform";
import type { Change, ResourceSpec, StackSpec } from "../support/rule-stack";
import { gone, json, ref, unknown } from "../support/rule-stack";

const kept = (...args: Parameters<typeof resource>): ResourceSpec => ({
  ...resource(...args),
  protect: true,
});

const statement = {
  Effect: "Deny",
  Principal: { AWS: "*" },
  Action: ["kms:DisableKey", "kms:ScheduleKeyDeletion", "kms:DeleteAlias", "kms:UpdateAlias"],
  Resource: "*",
};
const policyWith = (more: Record<string, unknown>) => ({
  "seal.policy": json({ Version: "2012-10-17", Statement: [{ ...statement, ...more }] }),
});

const issuer = { backend: "pki/mesh", issuerRef: "1" };
const vault: StackSpec = {
  seal: kept(token.key, {
    policy: json({ Version: "2012-10-17", Statement: [statement] }),
  }),
  "seal-alias": kept(token.keyAlias, {
    name: "alias/platform/dev/vault-seal",
    targetKeyId: ref("seal", "keyId"),
  }),
  recovery: kept(token.secret, { kmsKeyId: ref("seal", "arn") }),
  files: resource(token.secret, { kmsKeyId: ref("seal", "arn"), recoveryWindowInDays: 0 }),
  data: kept(token.volume, { size: 20 }),
  mount: kept(token.vaultMount, { type: "pki", path: "pki/mesh" }),
  root: kept(token.vaultRootCert, { backend: "pki/kubernetes" }),
  signed: kept(token.vaultSignedIntermediate, { backend: "pki/kubernetes" }),
  taken: kept(token.vaultSetSigned, { backend: "pki/mesh" }),
  issuer: kept(token.vaultIssuer, issuer),
};
const encoded = (text: string) => Buffer.from(text).toString("base64");
const template = (text: string) =>
  resource(token.launchTemplate, { userData: encoded(`exec vault server\n${text}`) });
/** A key of a name of its own, which anybody may end. */
const otherName: Change = { "seal-alias.name": "alias/platform/unseal", "seal.policy": "{}" };
/** Settings of a server that say which key unseals it. */
const sealedBy = (key: string): Change => ({
  ...otherName,
  template: template("systemctl start vault"),
  settings: resource(token.secretVersion, {
    secretString: JSON.stringify({
      "server.json": JSON.stringify({ seal: { awskms: { region: "eu-west-1", kms_key_id: key } } }),
    }),
  }),
});
const mayEnd = statement.Action.map(
  (action) => `seal: policy must deny ${action} to everybody, got "{}"`,
);
const bare = (name: string): StackSpec => {
  const { type = "", inputs = {} } = vault[name] ?? {};
  return { [name]: resource(type, inputs) };
};
const unkept = (name: string): [string, StackSpec, string[]] => [
  `a slip deletes ${name}`,
  bare(name),
  [`${name}: ${name} must have the resource option protect, got none`],
];

casesFor("vault-kept [J5] [M1]", {
  base: vault,
  passes: [
    ["nothing that a slip deletes", {}],
    [
      "a seal of any name",
      { ...sealedBy("alias/platform/unseal"), "seal.policy": vault["seal"]?.inputs["policy"] },
    ],
    ["a seal that another stack has", sealedBy("alias/elsewhere/unseal")],
    ["a server that people unseal", { template: template("systemctl start vault") }],
    ["a former issuer, besides the one in force", { former: resource(token.vaultIssuer, issuer) }],
    [
      "another key, without such a policy",
      {
        other: resource(token.key, {}),
        "other-alias": resource(token.keyAlias, {
          name: "alias/platform/dev/logs",
          targetKeyId: ref("other", "keyId"),
        }),
      },
    ],
  ],
  fails: [
    ...["data", "issuer", "mount", "recovery", "root", "seal", "seal-alias", "signed", "taken"].map(
      unkept,
    ),
    [
      "a secret under the key of AWS",
      { "files.kmsKeyId": gone },
      ["files: kmsKeyId must name a KMS key that you manage, got nothing"],
    ],
    [
      "a seal that anybody may disable",
      policyWith({ Action: "kms:ScheduleKeyDeletion" }),
      ["kms:DisableKey", "kms:DeleteAlias", "kms:UpdateAlias"].map(
        (action) => `seal: policy must deny ${action} to everybody, got a text of 130 characters`,
      ),
    ],
    ["a seal of any name that anybody may end", sealedBy("alias/platform/unseal"), mayEnd],
    ["a seal by its ARN", sealedBy("seal-arn"), mayEnd, "finished"],
    ...[
      'seal "awskms" { kms_key_id = "alias/platform/unseal" }',
      "export VAULT_AWSKMS_SEAL_KEY_ID=alias/platform/unseal",
    ].map((text): [string, Change, string[]] => [
      `a seal in user data by ${text}`,
      { ...otherName, template: template(text) },
      mayEnd,
    ]),
    [
      "a slip takes the name of such a seal away",
      {
        ...sealedBy("alias/platform/unseal"),
        "seal.policy": vault["seal"]?.inputs["policy"],
        "seal-alias": resource(token.keyAlias, {
          name: "alias/platform/unseal",
          targetKeyId: ref("seal", "keyId"),
        }),
      },
      ["seal-alias: seal-alias must have the resource option protect, got none"],
    ],
    [
      "a seal that all but one may not delete",
      policyWith({ Condition: { StringNotEquals: { "aws:PrincipalTag/seal": "owner" } } }),
      statement.Action.map(
        (action) => `seal: policy must deny ${action} to everybody, got a text of 251 characters`,
      ),
    ],
  ],
  undecided: [
    [
      "a seal of any name in settings that are unknown",
      { ...sealedBy(""), "settings.secretString": unknown },
      ["settings: undecided: secretString of settings is unknown until up"],
    ],
    [
      "which key has the name of the seal",
      { ...sealedBy("alias/platform/unseal"), "seal-alias.name": unknown },
      ["seal-alias: undecided: name of seal-alias is unknown until up"],
    ],
    [
      "a policy that is unknown",
      { "seal.policy": unknown },
      ["seal: undecided: policy of seal is unknown until up"],
    ],
  ],
});
