import { is, isAtLeast, isBetween, isNot, isOneOf, isSet, known, numeric } from "./conditions";
import type { Field, Finding, Resource, Stack } from "./model";
import { resourceRule, stackRule } from "./rule";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any } from "./truth";

const hour = 60 * 60;
const day = 24 * hour;
const unitSeconds: Record<string, number> = { "": 1, s: 1, m: 60, h: hour, d: day };

/** A duration as Vault takes it: seconds, or numbers with their units; NaN when it is none. */
export function secondsOf(value: unknown): number {
  const text = typeof value === "number" ? `${value}` : value;
  if (typeof text !== "string" || !/^(\d+|(\d+[smhd])+)$/.test(text)) return Number.NaN;
  return [...text.matchAll(/(\d+)([smhd]?)/g)]
    .map(([, number, unit = ""]) => Number(number) * (unitSeconds[unit] ?? Number.NaN))
    .reduce((sum, seconds) => sum + seconds, 0);
}

/** A life that ends: Vault reads 0 as its own default. */
export function livesAtMost(most: number, what: string) {
  return known(`be a lifetime of at most ${what}`, (value) => {
    const seconds = secondsOf(value);
    return seconds > 0 && seconds <= most;
  });
}

export const threeAuthorities = stackRule<{ authorities: string[] }>({
  id: "pki-three-cas",
  title: "Kubernetes, its etcd and the overlay's etcd have authorities with nothing in common",
  severity: "critical",
  level: "mandatory",
  requirements: ["J5"],
  controls: [],
  fix: "Mount each authority by itself and have each sign its own certificate, and no other one.",
  url: "https://developer.hashicorp.com/vault/docs/secrets/pki/considerations",
  types: [token.vaultRootCert],
  config: {
    authorities: {
      type: "array",
      items: { type: "string" },
      description: "Last parts of the paths at which authorities that sign themselves are mounted.",
      default: ["kubernetes", "etcd-k8s", "etcd-overlay"],
    },
  },
  *checkStack(stack, { authorities }) {
    const backends = stack.all(token.vaultRootCert).map((root) => root.at("backend"));
    if (backends.length === 0) return;
    const isOfTable = known(`be a mount of one of ${authorities.join(", ")}`, (value) =>
      authorities.includes(lastPart(String(value))),
    );
    for (const backend of backends) yield* backend.must(isOfTable);
    const isOpen = backends.some(({ unknown }) => unknown);
    for (const name of authorities) {
      const mounts = mountsNamed(name, backends);
      // While it is rotated, an authority has two roots on its mount.
      if (mounts.length > 1) {
        yield failed(`must have one authority ${name}, got ${mounts.join(", ")}`);
      }
      if (mounts.length === 0 && !isOpen) {
        yield failed(`must have an authority ${name} that signs itself`);
      }
    }
  },
});

function failed(what: string): Finding {
  return { verdict: "fail", message: `the stack ${what}` };
}

function mountsNamed(name: string, backends: readonly Field[]): string[] {
  const paths = backends
    .filter(({ unknown, text }) => !unknown && lastPart(text) === name)
    .map(({ text }) => whole(text));
  return [...new Set(paths)];
}

function lastPart(path: string): string {
  return whole(path).split("/").at(-1) ?? "";
}

/** The provider takes slashes at either end away: vault/resource_pki_secret_backend_root_cert.go of hashicorp/terraform-provider-vault. */
function whole(path: string): string {
  return path.replace(/^\/|\/$/g, "");
}

/** Roles and issuers belong to their mount and cannot be of two, and `pki-three-cas` has the mounts: what is left to share is a key. */
export const ownKeys = resourceRule({
  id: "pki-no-shared-ca",
  title:
    "The key of an authority, or of a certificate, is made where it is used, and is nowhere else",
  severity: "critical",
  level: "mandatory",
  requirements: ["J5"],
  controls: [],
  fix: "Set type to internal, so that the key never leaves its mount, and bring no bundle with a key; have who uses a certificate ask for it.",
  url: "https://developer.hashicorp.com/vault/api-docs/secret/pki#generate-root",
  types: [
    token.vaultRootCert,
    token.vaultIntermediateRequest,
    token.vaultConfigCa,
    token.vaultPkiCert,
    token.vaultPkiKey,
  ],
  *check(resource) {
    if (resource.type === token.vaultPkiCert) {
      // Vault makes the key, and the provider keeps it: private_key of vault/resource_pki_secret_backend_cert.go.
      yield resource.fail(`${resource.name} must be no resource, as its key is in the state`);
      return;
    }
    if (resource.type !== token.vaultConfigCa) {
      // `existing` signs anew with a key that the mount has.
      yield* resource.must("type", isOneOf(["internal", "existing"]));
      return;
    }
    const bundle = resource.at("pemBundle");
    if (bundle.unknown) yield bundle.undecided();
    else if (bundle.text.includes("PRIVATE KEY")) yield resource.fail("pemBundle must hold no key");
  },
});

export const shortLife = resourceRule<{ maxDays: number }>({
  id: "pki-short-ttl",
  title: "Certificates end soon after who holds them may be gone",
  severity: "high",
  level: "mandatory",
  requirements: ["J8"],
  controls: [],
  fix: "Set maxTtl to 30 days at most and ttl to no more; leave notAfter out.",
  url: "https://developer.hashicorp.com/vault/docs/secrets/pki/considerations",
  types: [token.vaultPkiRole],
  config: {
    maxDays: {
      type: "integer",
      description: "Longest life of a certificate, in days.",
      default: 30,
    },
  },
  *check(role, { maxDays }) {
    yield* role.must("maxTtl", livesAtMost(maxDays * day, `${maxDays} days`));
    const ttl = role.at("ttl");
    if (ttl.present) yield* ttl.must(livesAtMost(maxDays * day, `${maxDays} days`));
    yield* role.must(
      "notAfter",
      known("be left out", (value) => value === undefined || value === ""),
    );
  },
});

/** Ten years: nobody renews an authority every year, and nobody knows who holds its key after more. */
const longestAuthority = 3650 * day;

/** What the provider tls makes, whose keys are in the state of the stack. */
const longestOfState: Record<string, number> = {
  [token.tlsSelfSigned]: longestAuthority,
  [token.tlsCertificate]: 365 * day,
};

export const authorityLife = resourceRule({
  id: "pki-ca-max-lease",
  title: "Authorities end within ten years, what vouches for servers in a state within one",
  severity: "medium",
  level: "advisory",
  requirements: ["J6"],
  controls: [],
  fix: "Set maxLeaseTtlSeconds of the mount and ttl of the authority to ten years at most, validityPeriodHours likewise, and earlyRenewalHours; look yourself whether an update makes the next certificate by then.",
  url: "https://developer.hashicorp.com/vault/docs/secrets/pki/considerations",
  types: [
    token.vaultMount,
    token.vaultRootCert,
    token.vaultSignedIntermediate,
    token.tlsSelfSigned,
    token.tlsCertificate,
  ],
  *check(resource) {
    const ofState = longestOfState[resource.type];
    if (ofState !== undefined) {
      yield* resource.must("validityPeriodHours", isBetween(1, ofState / hour));
      // From then on the provider plans the next one, without it when this one has ended already. That an update makes it
      // is not for sure: github.com/pulumi/pulumi-tls/issues/39 tells of some that did not, and is open.
      yield* resource.must("earlyRenewalHours", isAtLeast(1, "hours"));
      return;
    }
    if (resource.type === token.vaultMount) {
      if (resource.at("type").value !== "pki") {
        yield { verdict: "notApplicable", message: `${resource.name} is no mount of certificates` };
        return;
      }
      yield* resource.must("maxLeaseTtlSeconds", livesAtMost(longestAuthority, "ten years"));
      return;
    }
    yield* resource.must("ttl", livesAtMost(longestAuthority, "ten years"));
  },
});

const strongCurves = isBetween(256, 521);
const strongRsa = isBetween(3072, 8192);

export const keyStrength = resourceRule({
  id: "pki-key-strength",
  title: "Keys are RSA of 3072 bits, on P-256, on Ed25519, or stronger",
  severity: "high",
  level: "mandatory",
  requirements: ["J6"],
  controls: [],
  fix: "Set keyType to ec and keyBits to 256 or more.",
  url: "https://infosec.mozilla.org/guidelines/key_management",
  types: [token.vaultPkiRole, token.vaultRootCert, token.vaultIntermediateRequest, token.tlsKey],
  *check(resource) {
    if (resource.type === token.tlsKey) {
      yield* keyOfState(resource);
      return;
    }
    const type = resource.at("keyType");
    // Vault's default is RSA of 2048 bits.
    yield* type.must(isOneOf(["rsa", "ec", "ed25519"]));
    const bits = resource.at("keyBits");
    if (type.value === "ec") yield* bits.must(strongCurves);
    if (type.value === "rsa") yield* bits.must(strongRsa);
    const signature = resource.at("signatureBits");
    if (signature.present) {
      yield* signature.must(
        known("be 0 or at least 256", (value) => numeric(value) === 0 || numeric(value) >= 256),
      );
    }
  },
});

/** The provider's own are P-224 and RSA of 2048 bits: registry.terraform.io/providers/hashicorp/tls/latest/docs/resources/private_key */
function* keyOfState(key: Resource): Iterable<Finding> {
  const algorithm = key.at("algorithm");
  yield* algorithm.must(isOneOf(["RSA", "ECDSA", "ED25519"]));
  if (algorithm.value === "ECDSA") {
    yield* key.must("ecdsaCurve", isOneOf(["P256", "P384", "P521"]));
  }
  if (algorithm.value === "RSA") yield* key.must("rsaBits", strongRsa);
}

export const revocation = stackRule({
  id: "pki-crl-urls",
  title: "Who relies on an authority can ask what it has revoked",
  severity: "medium",
  level: "advisory",
  requirements: ["J6"],
  controls: [],
  fix: "Give each mount crlDistributionPoints or ocspServers, and leave its revocation lists on.",
  url: "https://developer.hashicorp.com/vault/docs/secrets/pki/considerations",
  types: [token.vaultRootCert, token.vaultSetSigned],
  *checkStack(stack) {
    for (const authority of stack.all(token.vaultRootCert, token.vaultSetSigned)) {
      const backend = authority.at("backend");
      yield* backend.judge(
        any(onSame(stack, token.vaultPkiUrls, backend, tells)),
        "have URLs of revocation lists or of an OCSP server",
      );
      yield* backend.judge(
        any(onSame(stack, token.vaultPkiCrl, backend, () => true)),
        "have settings of its revocation lists",
      );
    }
    for (const lists of stack.all(token.vaultPkiCrl)) yield* listed(lists);
    // What is not stored cannot be revoked.
    for (const role of stack.all(token.vaultPkiRole)) yield* role.must("noStore", isNot(true));
  },
});

/** By Vault's default a list ends when nothing was revoked for three days: developer.hashicorp.com/vault/api-docs/secret/pki#set-revocation-configuration */
function* listed(lists: Resource): Iterable<Finding> {
  yield* lists.must("disable", isNot(true));
  yield* lists.must("ocspDisable", isNot(true));
  yield* lists.must("autoRebuild", is(true));
  // With it a list has what was revoked since it was made only at its end, but for the lists of changes.
  yield* lists.must("enableDelta", is(true));
}

/** An authority signs certificates, or authorities that sign certificates. */
const shallow = isBetween(0, 1);
const authorityTypes = [token.vaultRootCert, token.vaultSignedIntermediate, token.tlsSelfSigned];

export const issuerInForce = stackRule({
  id: "pki-issuer-in-force",
  title:
    "An authority issues by the key that is meant, nothing that outlives it and no line of authorities",
  severity: "high",
  level: "mandatory",
  requirements: ["J6"],
  controls: [],
  fix: "Set leafNotAfterBehavior to always_enforce_err, usage, and maxPathLength to 0 or 1, name as default an issuer that may issue, and leave defaultFollowsLatestIssuer off.",
  url: "https://developer.hashicorp.com/vault/docs/secrets/pki/rotation-primitives",
  types: [token.vaultConfigIssuers, token.vaultIssuer, ...authorityTypes],
  *checkStack(stack) {
    for (const issuer of stack.all(token.vaultIssuer)) {
      // By Vault's default what would outlive its authority is refused, but an authority below it is shortened.
      yield* issuer.must("leafNotAfterBehavior", is("always_enforce_err"));
      // By default an issuer that was replaced may issue on.
      yield* issuer.must("usage", isSet);
    }
    for (const authority of stack.all(...authorityTypes)) {
      yield* authority.must("maxPathLength", shallow);
    }
    for (const settings of stack.all(token.vaultConfigIssuers)) {
      // A key that was just made would issue before anybody trusts it.
      yield* settings.must("defaultFollowsLatestIssuer", isNot(true));
      for (const issuer of stack.refs(settings.at("default"), [token.vaultIssuer]).found) {
        const usage = issuer.at("usage");
        if (usage.present) yield* usage.must(mayIssue);
      }
    }
  },
});

const mayIssue = known("have issuing-certificates, as the default issuer of its mount", (value) =>
  String(value).split(",").includes("issuing-certificates"),
);

function tells(urls: Resource): Truth {
  return any(
    ["crlDistributionPoints", "ocspServers"].flatMap((path) =>
      urls.each(path).map(({ unknown }) => (unknown ? undefined : true)),
    ),
  );
}

/** What holds of the settings on the same mount. */
function onSame(
  stack: Stack,
  type: string,
  backend: Field,
  holds: (settings: Resource) => Truth,
): Truth[] {
  return stack
    .all(type)
    .map((settings) => all([isSame(stack, settings.at("backend"), backend), holds(settings)]));
}

/** Whether two fields name one mount, also while its path is unknown. */
export function isSame(stack: Stack, one: Field, other: Field): Truth {
  if (!one.unknown && !other.unknown) return one.text === other.text;
  const [mine, theirs] = [one, other].map((field) =>
    stack.refs(field, [token.vaultMount, token.vaultAuthBackend]).found.map(({ urn }) => urn),
  );
  if (!mine?.length || !theirs?.length) return undefined;
  return mine.some((urn) => theirs.includes(urn));
}
