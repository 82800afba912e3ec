import type { Field, Finding, Resource, Stack } from "./model";
import { secondsOf } from "./pki";
import { stackRule } from "./rule";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { any } from "./truth";
import { reaching } from "./vault-access";
import { ofIssuers } from "./vault-calls";
import { grantsOf } from "./vault-policy";

const day = 24 * 60 * 60;
const minute = 60;
const logins = [token.vaultAwsRole, token.vaultKubernetesRole];

interface Limits {
  maxDays: number;
  accountTokenMinutes: number;
}

/**
 * The proof goes by the worst: a login just before the end, a token that is used for as long as it may live, and a
 * certificate that is asked for with its last breath. An instance that is gone cannot log in again, which
 * `pki-init-token-bound` sees to; a service account's token that is bound to no pod logs in until it ends.
 */
export const outlives = stackRule<Limits>({
  id: "pki-outlives-instance",
  title: "Whatever an instance was given has ended soon after the instance has",
  severity: "high",
  level: "mandatory",
  requirements: ["J8"],
  controls: [],
  fix: "Set tokenExplicitMaxTtl of the login, which renewals and periods obey, and a lower maxTtl of the role.",
  url: "https://developer.hashicorp.com/vault/docs/concepts/tokens#explicit-max-ttls",
  types: [token.vaultPkiRole],
  config: {
    maxDays: {
      type: "integer",
      description: "Days after which nothing of an instance that is gone may be valid.",
      default: 31,
    },
    accountTokenMinutes: {
      type: "integer",
      description:
        "Life of the tokens by which service accounts log in, in minutes; Vault cannot limit it.",
      default: 10,
    },
  },
  *checkStack(stack, limits) {
    for (const role of stack.all(token.vaultPkiRole)) {
      const users = stack
        .all(...logins)
        .map((login) => ({ login, asks: mayAsk(stack, login, role) }))
        .filter(({ asks }) => asks !== false);
      for (const { login, asks } of users) yield* judged(role, login, asks, limits);
      yield* told(
        role,
        users.map(({ login }) => login),
        limits,
      );
    }
  },
});

function* judged(role: Resource, login: Resource, asks: Truth, limits: Limits): Iterable<Finding> {
  const fields = lifetimes(role, login);
  const unknown = fields.filter((field) => field.unknown);
  if (unknown.length > 0) {
    yield* unknown.map((field) => field.undecided());
    return;
  }
  if (asks === undefined) {
    yield role.undecided(`whether ${login.name} may ask for it is unknown until up`);
    return;
  }
  // Without a limit, and with 0, Vault takes one of its own, which is another for each server.
  const endless = fields.filter((field) => !(secondsOf(field.value) > 0));
  yield* endless.map((field) => field.fail("be a lifetime"));
  const parts = partsOf(role, login, limits);
  if (endless.length > 0 || sum(parts) <= limits.maxDays * day) return;
  yield role.fail(
    `certificates for ${login.name} must have ended ${limits.maxDays} d after it is gone, got ${words(parts)}`,
  );
}

/** What a plan proves of a role, in its longest case. */
function* told(role: Resource, users: readonly Resource[], limits: Limits): Iterable<Finding> {
  const cases = users
    .filter((login) => lifetimes(role, login).every((field) => secondsOf(field.value) > 0))
    .map((login) => ({ login: login.name, parts: partsOf(role, login, limits) }))
    .toSorted((a, b) => sum(b.parts) - sum(a.parts));
  const [longest] = cases;
  if (!longest) return;
  const names = cases.map(({ login }) => login).join(", ");
  yield {
    verdict: "note",
    message: `Longest life after an instance is gone: ${words(longest.parts)}; asked for by ${names}`,
    urn: role.urn,
  };
}

function lifetimes(role: Resource, login: Resource): Field[] {
  return [role.at("maxTtl"), login.at("tokenExplicitMaxTtl")];
}

/** What lives on one after the other, each with its seconds. */
type Part = [what: string, seconds: number];

function partsOf(role: Resource, login: Resource, { accountTokenMinutes }: Limits): Part[] {
  const [certificate = 0, own = 0] = lifetimes(role, login).map(({ value }) => secondsOf(value));
  const account: Part = ["an account's token", accountTokenMinutes * minute];
  return [
    ...(login.type === token.vaultKubernetesRole ? [account] : []),
    ["Vault's token", own],
    ["a certificate", certificate],
  ];
}

const sum = (parts: readonly Part[]): number =>
  parts.reduce((total, [, seconds]) => total + seconds, 0);

function words(parts: readonly Part[]): string {
  const each = parts.map(([what, seconds]) => `${what} of ${duration(seconds)}`);
  return `${duration(sum(parts))}, by ${each.slice(0, -1).join(", ")} and ${each.at(-1) ?? ""}`;
}

/** Such as `7 d 1 h`. */
function duration(seconds: number): string {
  const units: [string, number][] = [
    ["d", day],
    ["h", 3600],
    ["min", minute],
    ["s", 1],
  ];
  let rest = seconds;
  const parts = units.flatMap(([unit, size]) => {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    return amount > 0 ? [`${amount} ${unit}`] : [];
  });
  return parts.join(" ");
}

/** Calls of a mount by which a role of it issues. */
const calls = ofIssuers(["issue", "sign", "sign-verbatim"]);

/** Whether one of a login's policies lets it ask for what a role issues. */
function mayAsk(stack: Stack, login: Resource, role: Resource): Truth {
  const mount = mountOf(stack, role.at("backend"));
  const name = role.at("name");
  if (mount === undefined || name.unknown) return undefined;
  const paths = calls.map((call) => `${mount}/${call}/${name.text}`);
  return any(login.each("tokenPolicies").map((policy) => allows(stack, policy, paths)));
}

function allows(stack: Stack, name: Field, paths: readonly string[]): Truth {
  if (name.unknown) return undefined;
  // Those that every Vault has allow nothing of an authority's.
  if (name.text === "default") return false;
  const policies = stack.all(token.vaultPolicy).filter((one) => one.at("name").text === name.text);
  if (policies.length === 0) return undefined;
  return any(
    policies.map((policy) => {
      const text = policy.at("policy");
      if (text.unknown) return undefined;
      const grants = grantsOf(text.text);
      return paths.some((path) => reaching(grants, path, ["create", "update"]).length > 0);
    }),
  );
}

/** Path of a mount, also while it is another resource's. */
function mountOf(stack: Stack, backend: Field): string | undefined {
  if (!backend.unknown) return backend.text;
  const paths = stack.refs(backend, [token.vaultMount]).found.map((mount) => mount.at("path"));
  return paths.find((path) => !path.unknown)?.text;
}
