import type { Finding, Resource, Stack } from "./model";
import { stackRule } from "./rule";
import { token } from "./tokens";
import { rulesOfCall } from "./vault-rights";

/**
 * Types of @pulumi/vault that no rule needs to judge, by what they are to Vault. A type belongs here once somebody has
 * looked at it: of every other one that no rule knows it is undecided what it opens.
 */
const harmless: Readonly<Record<string, readonly string[]>> = {
  // A login that has to show more than before; without one of these nobody has less to show than roles say.
  "asks for more at a login": [
    "identity/mfaDuo identity/mfaLoginEnforcement identity/mfaOkta identity/mfaPingid identity/mfaTotp",
    "index/mfaDuo index/mfaOkta index/mfaPingid index/mfaTotp",
  ],
  // developer.hashicorp.com/vault/docs/enterprise/sentinel: what they refuse is refused besides what policies do not grant.
  "only refuses": ["index/egpPolicy index/rgpPolicy", "index/quotaLeaseCount index/quotaRateLimit"],
  "forgets what has ended": [
    "aws/authBackendIdentityWhitelist aws/authBackendRoletagBlacklist pkiSecret/backendConfigAutoTidy",
  ],
  "keeps data and keys of others, for whom policies let": [
    "kv/secretBackendV2 kv/secretV2",
    "transform/alphabet transform/role transform/template transform/transformation",
    "transit/secretBackendKey transit/secretCacheConfig",
  ],
  "signs a request by a role, which has rules of its own": ["pkiSecret/secretBackendSign"],
  // Lists and certificates of authorities are signed, wherever somebody gets them.
  "says where certificates send people": ["pkiSecret/backendConfigCluster"],
  "keeps servers together, or tells people something": [
    "config/uiCustomMessage",
    "index/raftAutopilot",
  ],
};

/** `vault:kv/secretV2:SecretV2` of `kv/secretV2`. */
function typeOf(path: string): string {
  const [module = "", file = ""] = path.split("/");
  return `vault:${module}/${file}:${file.charAt(0).toUpperCase()}${file.slice(1)}`;
}

export const harmlessVaultTypes: readonly string[] = Object.values(harmless)
  .flat()
  .flatMap((paths) => paths.split(" ").map(typeOf));

/** Types that write what they are told to any path. */
const written = [token.vaultEndpoint, token.vaultSecret, token.vaultKvSecret];

const known: ReadonlySet<string> = new Set([...Object.values(token), ...harmlessVaultTypes]);

export const knownTypes = stackRule({
  id: "vault-types-known",
  title: "What a stack sets up in Vault is of types that rules know, and by no path of its own",
  severity: "high",
  level: "mandatory",
  requirements: ["J7"],
  controls: [],
  fix: "Use the type that is for policies, logins, mounts or authorities, and not one that writes to a path; have who uses a certificate ask for it.",
  url: "https://www.pulumi.com/registry/packages/vault/api-docs/generic/endpoint/",
  // Without a provider, what a stack has of Vault may be of types that nobody knows.
  types: [token.vaultProvider, ...written],
  *checkStack(stack) {
    for (const resource of stack.resources.filter(({ type }) => type.startsWith("vault:"))) {
      if (!known.has(resource.type)) yield unknownType(resource);
    }
    for (const resource of stack.all(...written)) yield* byPath(stack, resource);
  },
});

function unknownType(resource: Resource): Finding {
  const { name, type } = resource;
  return resource.undecided(
    `whether ${name} opens Vault is unknown: no rule knows what ${type} opens`,
  );
}

/** What is written by a path is judged as the call that it is; a mount of secrets only keeps it. */
function* byPath(stack: Stack, resource: Resource): Iterable<Finding> {
  const field = resource.at("path");
  if (field.unknown) {
    yield field.undecided();
    return;
  }
  const path = whole(field.text);
  const rules = rulesOfCall(stack, path);
  if (rules.length > 0) yield field.fail(rules.join(", "));
  else if (!isSecret(stack, path)) {
    yield resource.undecided(
      `whether ${resource.name} opens Vault is unknown: no rule knows what a write to ${path} opens`,
    );
  }
}

function isSecret(stack: Stack, path: string): boolean {
  return stack
    .all(token.vaultMount)
    .filter((mount) => ["kv", "kv-v2"].includes(mount.at("type").text))
    .some((mount) => path.startsWith(`${whole(mount.at("path").text)}/`));
}

function whole(path: string): string {
  return path.split("/").filter(Boolean).join("/");
}
