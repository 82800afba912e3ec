import type { Field, Finding, Resource, Stack } from "./model";
import { secondsOf } from "./pki";
import { stackRule } from "./rule";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { any } from "./truth";
import { reaching } from "./vault-access";
import { grantsOf } from "./vault-policy";
import { ofIssuers } from "./vault-rights";

const day = 24 * 60 * 60;
const logins = [token.vaultAwsRole, token.vaultKubernetesRole];

/**
 * The proof goes by the worst: a login just before the end, a token that is used for as long as it may live, and a
 * certificate that is asked for with its last breath. Who is gone cannot log in again: `pki-init-token-bound` and
 * `vault-k8s-auth-bound` see to that.
 */
export const outlives = stackRule<{ maxDays: number }>({
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
  },
  *checkStack(stack, { maxDays }) {
    for (const role of stack.all(token.vaultPkiRole)) {
      const users = stack
        .all(...logins)
        .map((login) => ({ login, asks: mayAsk(stack, login, role) }))
        .filter(({ asks }) => asks !== false);
      for (const { login, asks } of users) yield* judged(role, login, asks, maxDays);
      yield* told(
        role,
        users.map(({ login }) => login),
      );
    }
  },
});

function* judged(role: Resource, login: Resource, asks: Truth, maxDays: number): Iterable<Finding> {
  const parts = [role.at("maxTtl"), login.at("tokenExplicitMaxTtl")];
  const unknown = parts.filter((part) => part.unknown);
  if (unknown.length > 0) {
    yield* unknown.map((part) => part.undecided());
    return;
  }
  if (asks === undefined) {
    yield role.undecided(`whether ${login.name} may ask for it is unknown until up`);
    return;
  }
  // Without a limit, and with 0, Vault takes one of its own, which is another for each server.
  const endless = parts.filter((part) => !(secondsOf(part.value) > 0));
  yield* endless.map((part) => part.fail("be a lifetime"));
  if (endless.length > 0 || sum(parts) <= maxDays * day) return;
  yield role.fail(
    `certificates for ${login.name} must have ended ${maxDays} d after it is gone, got ${words(parts)}`,
  );
}

/** What a plan proves of a role, in its longest case. */
function* told(role: Resource, users: readonly Resource[]): Iterable<Finding> {
  const cases = users
    .map((login) => ({
      login: login.name,
      parts: [role.at("maxTtl"), login.at("tokenExplicitMaxTtl")],
    }))
    .filter(({ parts }) => parts.every((part) => secondsOf(part.value) > 0))
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

const sum = (parts: readonly Field[]): number =>
  parts.reduce((total, part) => total + secondsOf(part.value), 0);

function words(parts: readonly Field[]): string {
  const [certificate = "", login = ""] = parts.map((part) => duration(secondsOf(part.value)));
  return `${duration(sum(parts))}, by a token of ${login} and a certificate of ${certificate}`;
}

/** Such as `7 d 1 h`. */
function duration(seconds: number): string {
  const units: [string, number][] = [
    ["d", day],
    ["h", 3600],
    ["min", 60],
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
