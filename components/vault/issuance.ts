import type * as pulumi from "@pulumi/pulumi";
import type * as vault from "@pulumi/vault";
import type {
  AuthoritiesTable,
  AuthorityData,
  ControlPlane,
  Identity,
  RoleData,
} from "./authorities";

/** Days for which an authority may live, and a certificate that it issues. */
const longestAuthority = 3650;
const longestLeaf = 30;
const usualLeaf = 7;
const daySeconds = 24 * 60 * 60;

/** What stands for the asking instance's name in a name of the table. */
const nodeMark = "{node}";
/** Names by which a node may answer: it cannot be taken for another one by them. */
const ownNames: readonly string[] = [nodeMark, "localhost"];
/** As whom a kubelet asks the API, which lets it see to what is on its own node: kubernetes.io/docs/reference/access-authn-authz/node/ */
const kubelet = `system:node:${nodeMark}`;
/** Names that all nodes may ask by: what they are good for every node needs. */
const sharedNames: readonly string[] = ["calico", "system:kube-proxy"];

/** A role with the authority that it belongs to. */
export interface Issuance {
  authority: AuthorityData;
  role: RoleData;
}

/** What can be issued under a control plane. */
export function issuances(table: AuthoritiesTable, controlPlane: ControlPlane): Issuance[] {
  return table.authorities.flatMap((authority) =>
    authority.roles
      .filter((role) => role.controlPlanes.includes(controlPlane))
      .map((role) => ({ authority, role })),
  );
}

/** The identities of one kind that may ask for something under a control plane. */
export function usersOf<K extends Identity["kind"]>(
  table: AuthoritiesTable,
  controlPlane: ControlPlane,
  kind: K,
): [string, Extract<Identity, { kind: K }>][] {
  const used = new Set(issuances(table, controlPlane).flatMap(({ role }) => role.users));
  return Object.entries(table.identities).filter(
    (entry): entry is [string, Extract<Identity, { kind: K }>] =>
      used.has(entry[0]) && entry[1].kind === kind,
  );
}

/** Path of an authority's mount. */
export function mountPath(authority: string): string {
  return `pki/${authority}`;
}

export function seconds(days: number): number {
  return days * daySeconds;
}

/** The longest life of what a role issues, in days. */
export function leafDays({ days = usualLeaf }: RoleData): number {
  return days;
}

/** The longest life of what a role issues, in seconds. */
export function lifetime(role: RoleData): number {
  return seconds(leafDays(role));
}

/** What the marks in names stand for. */
export interface Names {
  /** Private zone of the stack. */
  domain: string;
  /** The template in whose place Vault puts the asking instance's name. @default - no instance asks */
  node?: pulumi.Output<string>;
}

/**
 * A role as Vault keeps it. All that Vault would allow by default is said: a bare default of its own would issue for
 * years and for localhost.
 */
export function roleArgs(
  { authority, role }: Issuance,
  marks: Names,
): vault.pkisecret.SecretBackendRoleArgs {
  const { names = [], uris = [], usage, organization } = role;
  const life = `${lifetime(role)}`;
  return {
    backend: mountPath(authority.name),
    name: role.name,
    allowAnyName: false,
    allowLocalhost: false,
    allowGlobDomains: false,
    allowWildcardCertificates: false,
    allowBareDomains: !names.some(isBelow),
    allowSubdomains: names.some(isBelow),
    allowedDomains: names.map((name) => written(name, marks)),
    allowedDomainsTemplate: names.some(isNodes),
    // Names of Kubernetes have colons, which no host name has.
    enforceHostnames: !names.some((name) => name.includes(":")),
    cnValidations: ["hostname"],
    allowIpSans: role.ipAddresses === true,
    allowedUriSans: [...uris],
    requireCn: uris.length === 0,
    // What a request of the client's says is held to the same limits as what it says beside it.
    useCsrCommonName: true,
    useCsrSans: true,
    organizations: organization === undefined ? [] : [organization],
    serverFlag: usage !== "client",
    clientFlag: usage !== "server",
    codeSigningFlag: false,
    emailProtectionFlag: false,
    keyUsages: ["DigitalSignature"],
    basicConstraintsValidForNonCa: true,
    keyType: "ec",
    keyBits: 256,
    ttl: life,
    maxTtl: life,
    // A lease would end with the token that asked, and revoke the certificate with it; what is stored can be revoked.
    generateLease: false,
    noStore: false,
  };
}

function written(name: string, { domain, node }: Names): pulumi.Input<string> {
  const plain = name.replace(/^\*\./, "").replace("{domain}", domain);
  return isNodes(plain) && node ? node.apply((own) => plain.replace(nodeMark, own)) : plain;
}

/** What may be asked for; Vault lets `not_after` pass over the lifetime of the role: github.com/hashicorp/vault/issues/29928 */
const requestParameters = [
  "common_name",
  "alt_names",
  "ip_sans",
  "uri_sans",
  "ttl",
  "exclude_cn_from_sans",
];

/** Calls with which a token looks after itself; the policy `default`, which also has them, allows more. */
const ownToken = {
  "auth/token/lookup-self": { capabilities: ["read"] },
  "auth/token/renew-self": { capabilities: ["update"] },
  "auth/token/revoke-self": { capabilities: ["update"] },
};

/** Name of the policy of an identity. */
export function policyName(user: string): string {
  return `pki-${user}`;
}

/** All that an identity may do, as the JSON form of a policy. */
export function policyOf(
  table: AuthoritiesTable,
  controlPlane: ControlPlane,
  user: string,
): string {
  const paths = issuances(table, controlPlane)
    .filter(({ role }) => role.users.includes(user))
    .map(({ authority, role }) => issuePath(table, authority, role, user));
  return JSON.stringify({ path: { ...Object.fromEntries(paths), ...ownToken } });
}

/** Nodes get a key with the certificate, as Vault Agent asks; cert-manager makes its keys itself and has them signed. */
function issuePath(
  table: AuthoritiesTable,
  authority: AuthorityData,
  role: RoleData,
  user: string,
) {
  const signs = table.identities[user]?.kind === "serviceAccount";
  const parameters = signs ? [...requestParameters, "csr"] : requestParameters;
  return [
    `${mountPath(authority.name)}/${signs ? "sign" : "issue"}/${role.name}`,
    {
      capabilities: ["update"],
      allowed_parameters: Object.fromEntries(parameters.map((name) => [name, []])),
      // To Vault an address of mail at a name is as good as the name.
      denied_parameters: { alt_names: ["*@*"] },
    },
  ] as const;
}

/** Neither a certificate nor an authority outlives the one that signs it: what would is refused, not shortened. */
export const leafNotAfterBehavior = "always_enforce_err";

/** What an authority's key is used for, before and after the next one has taken its place; in the order in which Vault tells it. */
export const issuerUsage = {
  issues: "crl-signing,issuing-certificates,ocsp-signing,read-only",
  revokes: "crl-signing,ocsp-signing,read-only",
};

/**
 * What a deployer needs in Vault to make all of this. It asks for no certificate and reads no key; but who signs
 * authorities and writes roles and policies could give himself both, so every use of it is worth a look at the audit.
 */
export const deployerPolicy = JSON.stringify({
  path: {
    ...ownToken,
    ...withRights(
      ["create", "read", "update", "delete", "sudo"],
      ["sys/auth/nodes", "sys/auth/cluster"],
    ),
    ...withRights(["create", "read", "update", "delete"], ["sys/mounts/pki/*"]),
    ...withRights(
      ["read", "update"],
      ["sys/mounts/auth/nodes/tune", "sys/mounts/auth/cluster/tune"],
    ),
    ...withRights(["read"], ["sys/mounts", "sys/auth"]),
    ...withRights(
      ["create", "read", "update", "delete"],
      ["sys/policies/acl/pki-*", "pki/+/roles/+", "auth/nodes/role/+", "auth/cluster/role/+"],
    ),
    ...withRights(
      ["create", "read", "update", "delete"],
      [
        ...["cluster", "urls", "crl", "auto-tidy"].map((part) => `pki/+/config/${part}`),
        ...["client", "identity"].map((part) => `auth/nodes/config/${part}`),
        "auth/cluster/config",
      ],
    ),
    ...withRights(
      ["create", "update"],
      [
        "pki/+/issuers/generate/root/internal",
        "pki/+/issuers/generate/intermediate/internal",
        "pki/+/issuer/+/sign-intermediate",
        "pki/+/intermediate/set-signed",
        "pki/+/revoke",
      ],
    ),
    "pki/+/config/issuers": {
      capabilities: ["read", "update"],
      allowed_parameters: { default: [], default_follows_latest_issuer: [false] },
    },
    "pki/+/issuer/+": {
      capabilities: ["read", "update", "patch", "delete"],
      allowed_parameters: {
        issuer_name: [],
        leaf_not_after_behavior: [leafNotAfterBehavior],
        usage: Object.values(issuerUsage),
      },
    },
  },
});

/** What a server of Vault may do as a client of the others: take snapshots, which are encrypted as the storage is. */
export const snapshotsPolicy = JSON.stringify({
  path: { ...ownToken, ...withRights(["read"], ["sys/storage/raft/snapshot"]) },
});

function withRights(capabilities: string[], paths: string[]) {
  return Object.fromEntries(paths.map((path) => [path, { capabilities }]));
}

/** What is wrong with a table, a line for each fault. */
export function tableFaults(table: AuthoritiesTable): string[] {
  const { authorities } = table;
  return [
    ...repeated(authorities.map(({ name }) => name)).map(
      (name) => `authorities must have names of their own, got two ${name}`,
    ),
    ...Object.keys(table.identities).flatMap((name) => nameFault(`identity ${name}`, name)),
    ...authorities.flatMap((authority) => [
      ...nameFault(`authority ${authority.name}`, authority.name),
      ...authorityFaults(table, authority),
      ...repeated(authority.roles.map(({ name }) => name)).map(
        (name) => `roles of ${authority.name} must have names of their own, got two ${name}`,
      ),
      ...authority.roles.flatMap((role) => roleFaults(table, { authority, role })),
    ]),
  ];
}

function repeated(names: string[]): string[] {
  return [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
}

function nameFault(what: string, name: string): string[] {
  return /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)
    ? []
    : [`${what}: name must be lower-case letters, digits and hyphens, got ${name}`];
}

function authorityFaults({ authorities }: AuthoritiesTable, authority: AuthorityData): string[] {
  const { name, parent, days } = authority;
  const faults = isBetween(days, 1, longestAuthority)
    ? []
    : [`${name}: days must be an integer from 1 to ${longestAuthority}, got ${days}`];
  if (parent === undefined) return faults;
  const above = authorities.find((one) => one.name === parent);
  if (above === undefined || above === authority || above.parent !== undefined) {
    return [...faults, `${name}: parent must be an authority that signs itself, got ${parent}`];
  }
  if (days >= above.days) {
    faults.push(`${name}: days must be less than the ${above.days} of ${parent}, got ${days}`);
  }
  return faults;
}

function roleFaults(table: AuthoritiesTable, { authority, role }: Issuance): string[] {
  const where = `${authority.name}/${role.name}`;
  const { names = [], uris = [], users, days = usualLeaf } = role;
  const longest = Math.min(longestLeaf, authority.days);
  const faults = [
    ...nameFault(where, role.name),
    ...users
      .filter((user) => !Object.hasOwn(table.identities, user))
      .map((user) => `${where}: users must be among the identities, got ${user}`),
    ...names.filter((name) => !isName(name)).map((name) => nameRule(where, name)),
    ...uris
      .filter((uri) => !/^[a-z]+:\/\/[a-z0-9.-]+\/[^*]/.test(uri))
      .map(
        (uri) => `${where}: uris must name scheme, host and the first part of the path, got ${uri}`,
      ),
  ];
  const must = (holds: boolean, rule: string, got: unknown) => {
    if (!holds) faults.push(`${where}: ${rule}, got ${String(got)}`);
  };
  must(users.length > 0, "users must be named", "none");
  must(role.controlPlanes.length > 0, "controlPlanes must be named", "none");
  must(names.length + uris.length > 0, "names or uris must be given", "neither");
  must(isBetween(days, 1, longest), `days must be an integer from 1 to ${longest}`, days);
  must(
    names.every(isBelow) || !names.some(isBelow),
    "names must all be whole or all start with *.",
    names.join(", "),
  );
  must(
    role.organization === undefined ||
      role.organization === "system:nodes" ||
      !isGroupOfKubernetes(role.organization),
    "organization must not be a group of Kubernetes' own but system:nodes",
    role.organization,
  );
  must(
    role.organization !== "system:nodes" || names.every((name) => name === kubelet),
    `names must be ${kubelet} with the organization system:nodes`,
    names.join(", "),
  );
  return [...faults, ...impersonationFaults(table, where, role)];
}

/** A worker or a member of etcd that could answer by another's name could take its place. */
function impersonationFaults(table: AuthoritiesTable, where: string, role: RoleData): string[] {
  const { names = [], users, usage } = role;
  const nodes = users.filter((user) => table.identities[user]?.kind === "node");
  const faults: string[] = [];
  if (names.some(isNodes) && nodes.length < users.length) {
    faults.push(`${where}: users must all be nodes where a name has ${nodeMark}`);
  }
  const others = names.filter((name) => isUserOfKubernetes(name) && !isNodes(name));
  if (nodes.length < users.length && others.length > 0) {
    faults.push(
      `${where}: names must not be users of Kubernetes' own for service accounts, got ${others.join(", ")}`,
    );
  }
  if (nodes.every((user) => user === "control-plane")) return faults;
  const asked = [...ownNames, kubelet, ...sharedNames];
  const foreign = names.filter((name) => isName(name) && !asked.includes(name));
  if (usage !== "server" && foreign.length > 0) {
    faults.push(
      `${where}: names must be among ${asked.join(", ")} where other nodes than the control plane's ask by them, got ${foreign.join(", ")}`,
    );
  }
  if (usage !== "client" && !names.every((name) => ownNames.includes(name))) {
    faults.push(
      `${where}: names must be among ${ownNames.join(", ")} where other nodes than the control plane's answer by them, got ${names.join(", ")}`,
    );
  }
  if (role.ipAddresses) {
    faults.push(`${where}: ipAddresses must be false for other nodes than the control plane's`);
  }
  return faults;
}

function isBetween(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

function isBelow(name: string): boolean {
  return name.startsWith("*.");
}

function isNodes(name: string): boolean {
  return name.includes(nodeMark);
}

/** `system:masters` passes every check of rights, `kubeadm:cluster-admins` has them all. */
function isGroupOfKubernetes(organization: string): boolean {
  return /^(system|kubeadm):/.test(organization);
}

function isUserOfKubernetes(name: string): boolean {
  return name.startsWith("system:");
}

function isName(name: string): boolean {
  const plain = name
    .replace(/^\*\./, "")
    .replace(nodeMark, "node")
    .replace(/\{domain\}$/, "domain");
  return /^[a-z0-9]([a-z0-9.:-]*[a-z0-9])?$/.test(plain);
}

function nameRule(where: string, name: string): string {
  return `${where}: names must be lower-case letters, digits, dots, colons and hyphens, with {node} or a closing {domain}, got ${name}`;
}
