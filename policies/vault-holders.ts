import { known } from "./conditions";
import type { Field, Finding, Resource, Stack } from "./model";
import { wildcard } from "./patterns";
import { token } from "./tokens";

export interface Administrators {
  administrators: string[];
  administratorRoles: string[];
}

/** Who has all rights, or those of administrators, by what a stack gives. */
export function* given(
  stack: Stack,
  { administrators, administratorRoles }: Administrators,
): Iterable<Finding> {
  const names = ["root", ...administrators, ...ownRoles(stack)];
  for (const resource of stack.resources.filter(isOfVault)) {
    const ids = ["role", "roleName", "name"].map((key) => resource.at(key).text);
    const [rule, refused] = ids.some((id) => administratorRoles.includes(id))
      ? ["not be root", ["root"]]
      : ["be neither root nor a policy of administrators", names];
    for (const policy of policiesOf(resource)) {
      yield* policy.must(known(rule, (value) => !stands(policy, String(value), refused)));
    }
  }
}

/** Consul and Nomad have policies of their own, which no token of Vault has. */
const otherSystems = ["vault:consul/", "vault:index/nomad"];

function isOfVault({ type }: Resource): boolean {
  return type.startsWith("vault:") && !otherSystems.some((start) => type.startsWith(start));
}

/** Policies that a resource of any type gives to tokens: `policies`, `tokenPolicies`, `allowedPoliciesGlobs` and the like. */
function policiesOf(resource: Resource): Field[] {
  return Object.keys(resource.inputs)
    .filter((key) => /^(token|allowed)?policies/i.test(key))
    .flatMap((key) => resource.each(key));
}

/** Roles by which the program itself comes to Vault. */
function ownRoles(stack: Stack): string[] {
  return stack
    .all(token.vaultProvider)
    .map((provider) => provider.at("authLoginAws").json().at("role"))
    .filter(({ present, unknown }) => present && !unknown)
    .map(({ text }) => text);
}

/** Whether it stands for one of them as Vault reads it, of any case and with spaces: `SanitizePolicies` of its sdk/helper/policyutil. */
function stands({ path }: Field, value: string, names: readonly string[]): boolean {
  const name = value.trim().toLowerCase();
  const hasPatterns = /^\w+Globs\b/.test(path);
  return names.some((one) => (hasPatterns ? wildcard(name).test(one) : name === one.toLowerCase()));
}
