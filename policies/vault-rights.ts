import type { Finding, Resource, Stack } from "./model";
import { stackRule } from "./rule";
import { token } from "./tokens";
import { accessOn, mayHave, reaching } from "./vault-access";
import {
  asking,
  ending,
  keysGiven,
  ofAuthorities,
  ofMethods,
  ofRoles,
  ofVault,
  unseen,
  type Calls,
} from "./vault-calls";
import { given, type Administrators } from "./vault-holders";
import { grantsOf, type Grant } from "./vault-policy";

const roots = [token.vaultToken, token.vaultAwsRole, token.vaultKubernetesRole];

export const leastPolicies = stackRule<Administrators>({
  id: "pki-token-policy-least",
  title: "Policies of Vault cover what they are for, and no token may everything",
  severity: "high",
  level: "mandatory",
  requirements: ["J7", "S3"],
  controls: [],
  fix: "Name mount, call and role; allow sudo on whole paths only, no call that signs a request unseen, and what sets up Vault to named administrators alone; give root to nobody, and their policies to administratorRoles alone.",
  url: "https://developer.hashicorp.com/vault/docs/concepts/policies",
  // Without one of them, what a stack has of Vault may be of any type.
  types: [token.vaultPolicy, token.vaultProvider, ...roots],
  config: {
    administrators: {
      type: "array",
      items: { type: "string" },
      description: "Names of policies of those who set up authorities, policies and logins.",
      default: [],
    },
    administratorRoles: {
      type: "array",
      items: { type: "string" },
      description:
        "Names of the roles of logins, groups and entities of a stack that may have these policies, or one that is named as the role by which the program itself logs in.",
      default: [],
    },
  },
  *checkStack(stack, config) {
    yield* given(stack, config);
    const policies = stack.all(token.vaultPolicy);
    yield* unknownParts(stack, policies);
    for (const policy of policies) {
      const name = policy.at("name").text;
      yield* least(stack, policy, config.administrators.includes(name));
    }
  },
});

function* least(stack: Stack, policy: Resource, isAdministrator: boolean): Iterable<Finding> {
  const grants = knownGrants(policy);
  const broad = new Map(anywhere(grants).map((grant) => [grant.path, grant]));
  for (const grant of broad.values()) yield policy.fail(told(grant, ["name what it is for"]));
  const faults = new Map<string, { grant: Grant; rules: Set<string> }>();
  for (const [rule, grant] of offences(stack, grants, isAdministrator)) {
    const fault = faults.get(grant.path) ?? { grant, rules: new Set() };
    fault.rules.add(rule);
    faults.set(grant.path, fault);
  }
  for (const [path, { grant, rules }] of faults) {
    if (!broad.has(path)) yield policy.fail(told(grant, [...rules]));
  }
}

function* offences(
  stack: Stack,
  grants: readonly Grant[],
  isAdministrator: boolean,
): Iterable<[rule: string, grant: Grant]> {
  for (const grant of grants) {
    if (grant.capabilities.includes("sudo") && isPattern(grant.path)) {
      yield ["allow sudo on whole paths only", grant];
    }
  }
  const mounts = mountsOf(stack, grants);
  const setUp = [...onMounts(mounts, ofAuthorities), ...onMounts(methodsOf(grants), [ofMethods])];
  const calls = [...onMounts(mounts, [unseen]), ...(isAdministrator ? [] : [...setUp, ...ofVault])];
  yield* having(grants, calls);
  if (isAdministrator) return;
  for (const [rule, grant] of having(grants, onMounts(mounts, [ofRoles]))) {
    if (isOfSeveral(grant.path)) yield [rule, grant];
  }
}

/** Grants by which some of the calls may be made, each with the rule of the call. */
function* having(
  grants: readonly Grant[],
  calls: readonly Calls[],
): Iterable<[rule: string, grant: Grant]> {
  for (const { rule, rights, paths } of calls) {
    for (const path of paths) {
      for (const grant of reaching(grants, path, rights)) yield [rule, grant];
    }
  }
}

/** What is against a call that a program itself makes by its path, as it must be against one by a policy. */
export function rulesOfCall(stack: Stack, path: string): string[] {
  const call = { path, capabilities: [...asking, "delete"], denied: [], required: [] };
  const keys = onMounts(mountsOf(stack, [call]), [keysGiven]);
  const found = [...offences(stack, [call], false), ...having([call], keys)];
  return [...new Set(found.map(([rule]) => rule))];
}

/** Whether a pattern stands for several mounts or roles; the issuer does not matter, as the role limits them all. */
function isOfSeveral(pattern: string): boolean {
  const parts = pattern.replace(/\/issuer\/\+\//, "/issuer/any-name/").split("/");
  return pattern.endsWith("*") || parts.includes("+");
}

function onMounts(mounts: readonly string[], calls: readonly Calls[]): Calls[] {
  return calls.map((one) => ({
    ...one,
    paths: mounts.flatMap((mount) => one.paths.map((path) => `${mount}/${path}`)),
  }));
}

function told({ path, capabilities }: Grant, rules: readonly string[]): string {
  return `policy of path ${path} must ${rules.join(", ")}, got ${capabilities.join(", ")}`;
}

function isPattern(path: string): boolean {
  return path.endsWith("*") || path.split("/").some((part) => part === "+" || part.includes("{{"));
}

const deepestPath = 5;

/** What is allowed on mounts that nobody has named. */
function anywhere(grants: readonly Grant[]): Grant[] {
  return Array.from({ length: deepestPath }, (_, i) => `any-name${"/any-name".repeat(i)}`)
    .flatMap((path) => accessOn(grants, path) ?? [])
    .filter(({ capabilities }) => capabilities.some((one) => one !== "deny"));
}

export const endGiven = stackRule({
  id: "pki-no-chosen-end",
  title: "Who asks for a certificate does not choose its end",
  severity: "high",
  level: "mandatory",
  requirements: ["J8"],
  controls: [],
  fix: "Name allowed_parameters without not_after, or deny not_after: Vault lets it pass over maxTtl, in each release of 1.21 that is not for Enterprise alone and in 2.0 before 2.0.3.",
  url: "https://github.com/hashicorp/vault/issues/29928",
  types: [token.vaultPolicy],
  *checkStack(stack) {
    const policies = stack.all(token.vaultPolicy);
    yield* unknownParts(stack, policies);
    const alone = new Set<string>();
    for (const policy of policies) {
      for (const path of choosing(stack, knownGrants(policy))) {
        alone.add(path);
        yield policy.fail(`policy of path ${path} must not let requests have not_after`);
      }
    }
    // What one policy allows of parameters counts for the rights of another one on the same path.
    for (const login of stack.all(...roots)) {
      const names = [...login.each("policies"), ...login.each("tokenPolicies")].map(
        ({ text }) => text,
      );
      const own = policies.filter((policy) => names.includes(policy.at("name").text));
      if (own.length < 2) continue;
      for (const path of choosing(stack, own.flatMap(knownGrants)).filter(
        (one) => !alone.has(one),
      )) {
        yield login.fail(`policies together must not let requests of path ${path} have not_after`);
      }
    }
  },
});

function choosing(stack: Stack, grants: readonly Grant[]): string[] {
  const found = mountsOf(stack, grants)
    .flatMap((mount) => ending.flatMap((call) => reaching(grants, `${mount}/${call}`, asking)))
    .filter((grant) => mayHave(grant, "not_after"));
  return [...new Set(found.map(({ path }) => path))];
}

function knownGrants(policy: Resource): Grant[] {
  const text = policy.at("policy");
  return text.unknown ? [] : grantsOf(text.text);
}

/** What an unknown text grants, and where authorities are. */
function* unknownParts(stack: Stack, policies: readonly Resource[]): Iterable<Finding> {
  const texts = policies.map((policy) => policy.at("policy"));
  yield* texts.filter(({ unknown }) => unknown).map((text) => text.undecided());
  if (texts.every(({ unknown }) => unknown)) return;
  for (const mount of stack.all(token.vaultMount)) {
    const type = mount.at("type");
    const place = type.text === "pki" ? mount.at("path") : type;
    if (place.unknown) yield place.undecided();
  }
}

const callsByName =
  /^(intermediate|issue|issuers?|revoke|root|sign|sign-verbatim|(issue|sign)[\w-]*\*)$/;
/** Vault's own, which are no mounts of authorities. */
const others = ["auth", "identity", "sys"];

/** Mounts of authorities: those of the stack, and what policies call as if it were one. */
function mountsOf(stack: Stack, grants: readonly Grant[]): string[] {
  const mounts = stack.all(token.vaultMount).map((mount) => ({
    path: mount.at("path").text.replace(/^\/|\/$/g, ""),
    isAuthority: mount.at("type").text === "pki",
  }));
  const foreign = grants.flatMap(({ path }) => {
    const parts = path.split("/");
    const call = parts.findIndex((part, i) => i > 0 && callsByName.test(part));
    const head = parts.slice(0, Math.max(call, 0)).join("/");
    const isOther =
      head === "" || others.includes(parts[0] ?? "") || mounts.some((mount) => mount.path === head);
    return isOther ? [] : [head];
  });
  const own = mounts.filter(({ isAuthority }) => isAuthority).map(({ path }) => path);
  return [...new Set([...own, ...foreign])].filter((path) => path !== "");
}

const callsOfMethods = ofMethods.paths.map((path) => path.split("/")[0]);

/** Methods of logins: any of a name, and what policies call as if it were one, whose name may have several parts. */
function methodsOf(grants: readonly Grant[]): string[] {
  const called = grants.flatMap(({ path }) => {
    const parts = path.split("/");
    if (parts[0] !== "auth") return [];
    const isCall = (part: string) => callsOfMethods.includes(part.replace(/\*$/, ""));
    const call = parts.findIndex((part, i) => i > 1 && isCall(part));
    if (call > 0) return [parts.slice(0, call).join("/")];
    const above = parts.slice(0, -1).join("/");
    return path.endsWith("*") && parts.length > 2 ? [above, `${above}/+`] : [];
  });
  return [...new Set(["auth/+", ...called])];
}
