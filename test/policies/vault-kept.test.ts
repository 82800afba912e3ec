import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import { resource } from "../support/rule-platform";
import type { ResourceSpec, StackSpec } from "../support/rule-stack";
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
      "a policy that is unknown",
      { "seal.policy": unknown },
      ["seal: undecided: policy of seal is unknown until up"],
    ],
  ],
});
