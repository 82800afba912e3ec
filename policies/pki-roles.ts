import type { Condition } from "./conditions";
import { is, isNot, isOneOf, known, noPattern } from "./conditions";
import type { Finding, Resource } from "./model";
import { resourceRule } from "./rule";
import { token } from "./tokens";
import { any } from "./truth";
import { isUnknown } from "./unknown";

const issuesNothing = known(
  "sign neither certificates nor revocation lists",
  (value) => !/^(key_?usage)?(cert|crl)_?sign$/i.test(String(value)),
);

/** A star of Vault's stands for any text, slashes too. */
const placed = known("name scheme, host and the first part of the path", (value) =>
  /^[a-z][a-z0-9+.-]*:\/\/[A-Za-z0-9.-]+\/[^*]/.test(String(value)),
);

/** `system:masters` passes every check of rights; kubeadm has given its administrators a group of its own, `kubeadm:cluster-admins`. */
const noGroupOfKubernetes = known(
  "be no group of Kubernetes' own but system:nodes",
  (value) => value === "system:nodes" || !/^(system|kubeadm):/.test(String(value)),
);

/** A template is told by its braces, also where what is between them is unknown. */
const ownNode: Condition = {
  rule: "be the asking instance's, as system:node:{{…}}, with the organization system:nodes",
  holds: (value) =>
    typeof value === "string" && /^system:node:\{\{[^{}]+\}\}$/.test(value)
      ? true
      : isUnknown(value)
        ? undefined
        : false,
};

export const restrictedRoles = resourceRule<{ ipRoles: string[]; peerRoles: string[] }>({
  id: "pki-role-restricted",
  title: "Certificates hold names that are known beforehand, and no group that nothing limits",
  severity: "critical",
  level: "mandatory",
  requirements: ["J7"],
  controls: [],
  fix: "Name the domains as a whole or as identity templates; leave allowAnyName, allowGlobDomains and wildcards off, set allowLocalhost, allowIpSans and one of clientFlag and serverFlag to false, and name keyUsages.",
  url: "https://developer.hashicorp.com/vault/api-docs/secret/pki#create-update-role",
  types: [token.vaultPkiRole],
  config: {
    ipRoles: {
      type: "array",
      items: { type: "string" },
      description: "Names of roles whose certificates may hold any address.",
      default: ["kube-apiserver"],
    },
    peerRoles: {
      type: "array",
      items: { type: "string" },
      description: "Names of roles for those who are both client and server of each other.",
      default: ["member", "typha", "felix", "workload"],
    },
  },
  *check(role, { ipRoles, peerRoles }) {
    yield* role.must("allowAnyName", isNot(true));
    // `system:node:*` would let every node be every other one.
    yield* role.must("allowGlobDomains", isNot(true));
    // Vault allows each of these by default.
    yield* role.must("allowWildcardCertificates", is(false));
    yield* role.must("allowLocalhost", is(false));
    const name = role.at("name");
    if (!ipRoles.includes(name.text)) yield* role.must("allowIpSans", is(false));
    if (!peerRoles.includes(name.text)) yield* oneSided(role);
    for (const flag of ["codeSigningFlag", "emailProtectionFlag"]) {
      yield* role.must(flag, isNot(true));
    }
    // An empty list is no limit: developer.hashicorp.com/vault/api-docs/secret/pki#key_usage
    yield* role.must(
      "keyUsages",
      known("be named", (value) => Array.isArray(value) && value.length > 0),
    );
    for (const usage of role.each("keyUsages")) yield* usage.must(issuesNothing);
    yield* hostNames(role);
    yield* kubernetes(role);
    for (const validation of role.each("cnValidations")) yield* validation.must(isNot("disabled"));
    for (const uri of role.each("allowedUriSans")) yield* uri.must(placed);
    for (const path of ["allowedOtherSans", "allowedSerialNumbers", "allowedUserIds"]) {
      for (const value of role.each(path)) yield* value.must(noPattern);
    }
    for (const usage of role.each("extKeyUsages")) {
      yield* usage.must(known("not be Any", (value) => String(value).toLowerCase() !== "any"));
    }
  },
});

const byRole = known("be forbid or role:<name>", (value) =>
  /^(forbid$|role:.)/.test(String(value)),
);

/** Without a setting Vault wants no binding, and signs what is asked for: `defaultAcmeConfig` of its builtin/logical/pki/path_config_acme.go. */
export const restrictedAcme = resourceRule({
  id: "pki-acme-restricted",
  title:
    "Who asks for certificates by ACME has an account that Vault knows, and gets what a role allows",
  severity: "critical",
  level: "mandatory",
  requirements: ["J7"],
  controls: [],
  fix: "Set eabPolicy to always-required, and defaultDirectoryPolicy to forbid or to role:<name>; or leave ACME off.",
  url: "https://developer.hashicorp.com/vault/api-docs/secret/pki/issuance#set-acme-configuration",
  types: [token.vaultAcme],
  *check(acme) {
    const isOff = is(false).holds(acme.at("enabled").value);
    for (const [path, condition] of acmeSettings) {
      const setting = acme.at(path);
      yield* setting.judge(any([isOff, condition.holds(setting.value)]), condition.rule);
    }
  },
});

const acmeSettings: [path: string, condition: Condition][] = [
  // The second binds new accounts, and leaves those alone that are there.
  ["eabPolicy", isOneOf(["always-required", "new-account-required"])],
  ["defaultDirectoryPolicy", byRole],
];

/** Who is a user of Kubernetes' own by a certificate says so by the name of its role, to who reads policies. */
function* kubernetes(role: Resource): Iterable<Finding> {
  const name = role.at("name");
  const organizations = role.each("organizations");
  for (const organization of organizations) yield* organization.must(noGroupOfKubernetes);
  const areNodes = organizations.some(({ value }) => value === "system:nodes");
  for (const domain of role.each("allowedDomains")) {
    if (areNodes) yield* domain.must(ownNode);
    else if (domain.text.startsWith("system:") && !ownNode.holds(domain.value)) {
      yield* domain.judge(
        domain.unknown || name.unknown ? undefined : domain.text === `system:${name.text}`,
        "be no user of Kubernetes' own, for a role of another name",
      );
    }
  }
}

/** Who may answer by a certificate and also ask with it can be another one's user: by default Vault allows both. */
function oneSided(role: Resource): Finding[] {
  const client = role.at("clientFlag");
  const sides = [client, role.at("serverFlag")].map(({ value }) => is(false).holds(value));
  return client.judge(any(sides), "be false, or serverFlag, for all but named peers");
}

/** A name that is given as a whole may have any form; one below another must be a host's. */
function hostNames(role: Resource): Finding[] {
  const [below, bare] = ["allowSubdomains", "allowBareDomains"].map((path) => role.at(path));
  const whole = isNot(true).holds(below?.value);
  const enforced = role.at("enforceHostnames");
  return [
    ...enforced.judge(
      any([isNot(false).holds(enforced.value), whole]),
      "be true where names have patterns",
    ),
    ...(below?.judge(
      any([whole, isNot(true).holds(bare?.value)]),
      "not be true where allowBareDomains is: names are whole, or all below one",
    ) ?? []),
  ];
}
