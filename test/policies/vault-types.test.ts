import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { token } from "../../policies/tokens";
import { harmlessVaultTypes } from "../../policies/vault-types";
import { casesFor } from "../support/rule-cases";
import { resource } from "../support/rule-platform";
import type { Change } from "../support/rule-stack";
import { gone, unknown } from "../support/rule-stack";

/**
 * What the pack cannot judge, by module: other ways to log in and to be somebody, and engines that hand out credentials of
 * other systems. A type that the SDK has and no list does not name is new: somebody has to look at it.
 */
const undecided: Readonly<Record<string, string>> = {
  ad: "secretBackend secretLibrary secretRole",
  alicloud: "authBackendRole",
  appRole: "authBackendLogin authBackendRole authBackendRoleSecretId",
  aws: "authBackendCert authBackendLogin authBackendRoleTag authBackendStsRole secretBackend secretBackendRole secretBackendStaticRole",
  azure: "authBackendConfig authBackendRole backend backendRole",
  consul: "secretBackend secretBackendRole",
  database: "secretBackendConnection secretBackendRole secretBackendStaticRole secretsMount",
  gcp: "authBackend authBackendRole secretBackend secretImpersonatedAccount secretRoleset secretStaticAccount",
  github: "authBackend team user",
  identity:
    "entity entityAlias entityPolicies group groupAlias groupMemberEntityIds groupMemberGroupIds groupPolicies oidc oidcAssignment oidcClient oidcKey oidcKeyAllowedClientID oidcProvider oidcRole oidcScope",
  index:
    "auditRequestHeader certAuthBackendRole namespace nomadSecretBackend nomadSecretRole ociAuthBackend ociAuthBackendRole plugin pluginPinnedVersion raftSnapshotAgentConfig scepAuthBackendRole",
  jwt: "authBackend authBackendRole",
  kmip: "secretBackend secretRole secretScope",
  kubernetes: "secretBackend secretBackendRole",
  ldap: "authBackend authBackendGroup authBackendUser secretBackend secretBackendDynamicRole secretBackendLibrarySet secretBackendStaticRole",
  managed: "keys",
  mongodbatlas: "secretBackend secretRole",
  okta: "authBackend authBackendGroup authBackendUser",
  pkiSecret: "backendAcmeEab backendConfigCmpv2 backendConfigEst backendConfigScep",
  rabbitMq: "secretBackend secretBackendRole",
  saml: "authBackend authBackendRole",
  secrets:
    "syncAssociation syncAwsDestination syncAzureDestination syncConfig syncGcpDestination syncGhDestination syncGithubApps syncVercelDestination",
  ssh: "secretBackendCa secretBackendRole",
  terraformcloud: "secretBackend secretCreds secretRole",
  tokenauth: "authBackendRole",
};
const undecidedTypes = Object.entries(undecided).flatMap(([module, files]) =>
  files.split(" ").map((file) => {
    const name = file.charAt(0).toUpperCase() + file.slice(1);
    return `vault:${module}/${file}:${name}`;
  }),
);
const judged = Object.values(token).filter((type) => type.startsWith("vault:"));

/** Types of resources that the installed SDK registers. */
function typesOfSdk(): string[] {
  const sdk = dirname(require.resolve("@pulumi/vault/package.json"));
  const files = readdirSync(sdk, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".js"))
    .flatMap((file) => {
      const text = readFileSync(join(sdk, file), "utf8");
      return /__pulumiType = '(vault:[^']+)'/.exec(text)?.[1] ?? [];
    });
}

describe("types of Vault", () => {
  it("are judged, harmless or undecided, all that the SDK has", () => {
    const listed = [...judged, ...harmlessVaultTypes, ...undecidedTypes];
    expect(typesOfSdk().length).toBeGreaterThan(150);
    expect(listed.toSorted()).toEqual(typesOfSdk().toSorted());
  });
});

const writes = (path: unknown, type: string = token.vaultEndpoint): Change => ({
  it: resource(type, { path, dataJson: "{}" }),
});
const opens = "it: undecided: whether it opens Vault is unknown: no rule knows what";

casesFor("vault-types-known [J7]", {
  base: {
    provider: resource(token.vaultProvider, { address: "https://vault.dev.internal:8200" }),
    mount: resource(token.vaultMount, { path: "pki/kubernetes", type: "pki" }),
    secrets: resource(token.vaultMount, { path: "/secrets/app/", type: "kv" }),
  },
  passes: [
    ["types of rules", {}],
    ["a type that has nothing to judge", { it: resource("vault:kv/secretV2:SecretV2", {}) }],
    ["a secret, by its path", writes("secrets/app/one", token.vaultSecret)],
    ["a secret of a mount's first version", writes("/secrets/app/one", token.vaultKvSecret)],
    ["types of another provider", { it: resource("other:jwt/authBackend:AuthBackend", {}) }],
  ],
  fails: [
    ...(
      [
        ["a policy", "sys/policies/acl/pki-mesh", "not write policies"],
        ["a policy, by its former name", "/sys//policy/pki-mesh/", "not write policies"],
        ["a login", "auth/jwt/role/ci", "not choose who logs in with which rights"],
        ["a method", "sys/auth/jwt", "not mount, audit or set up Vault otherwise"],
        ["an entity", "identity/entity", "not choose who logs in with which rights"],
        [
          "an authority that answers by ACME",
          "pki/kubernetes/config/acme",
          "not choose what certificates hold",
        ],
        [
          "a key that leaves its mount",
          "pki/kubernetes/root/generate/exported",
          "not make, bring, sign or delete authorities",
        ],
        [
          "an authority that goes with it",
          "pki/kubernetes/root",
          "not make, bring, sign or delete authorities",
        ],
        [
          "a certificate with its key",
          "pki/kubernetes/issue/kubelet",
          "leave no private key in the state",
        ],
        [
          "one of an issuer",
          "elsewhere/issuer/default/issue/one",
          "leave no private key in the state",
        ],
      ] as const
    ).map(([what, path, rule]): [string, Change, string[]] => [
      `${what}, by its path`,
      writes(path),
      [`it: path must ${rule}, got "${path}"`],
    ]),
    ...[token.vaultSecret, token.vaultKvSecret].map((type): [string, Change, string[]] => [
      `a policy by ${type}`,
      writes("sys/policies/acl/one", type),
      ['it: path must not write policies, got "sys/policies/acl/one"'],
    ]),
    [
      "a policy where no provider is seen",
      { ...writes("sys/policy/one"), provider: gone },
      ['it: path must not write policies, got "sys/policy/one"'],
    ],
  ],
  undecided: [
    [
      "another way to log in",
      { it: resource("vault:jwt/authBackend:AuthBackend", {}) },
      [`${opens} vault:jwt/authBackend:AuthBackend opens`],
    ],
    [
      "a type that is newer than the pack",
      { it: resource("vault:pkiexternalca/secretBackendAcmeAccount:SecretBackendAcmeAccount", {}) },
      [`${opens} vault:pkiexternalca/secretBackendAcmeAccount:SecretBackendAcmeAccount opens`],
    ],
    [
      "an engine that no rule knows, by its path",
      writes("database/config/one"),
      [`${opens} a write to database/config/one opens`],
    ],
    [
      "a path that begins like a mount of secrets",
      writes("secrets/application", token.vaultSecret),
      [`${opens} a write to secrets/application opens`],
    ],
    ["a path", writes(unknown), ["it: undecided: path of it is unknown until up"]],
  ],
});
