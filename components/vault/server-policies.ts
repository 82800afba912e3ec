const change = ["create", "read", "update", "delete"];

/** What a token does with itself. Logins have no default policy, which lets them do more. */
const itself = [
  rule("auth/token/lookup-self", ["read"]),
  rule("auth/token/renew-self", ["update"]),
  rule("auth/token/revoke-self", ["update"]),
];

/**
 * What the deployer's role may do in Vault: make certificate authorities, the logins of those whom they serve, and the
 * policies of these logins. It gets no certificate and no key itself. Of what first boot made it can change nothing: its
 * own login and policy, the audit, snapshots, the seal. It cannot make a root token.
 *
 * Who writes policies and logins can give away more than they have: Vault has no bound for that. Every such change is in
 * the audit log.
 */
export const deployerPolicy = [
  ...itself,
  rule("sys/mounts", ["read"]),
  // Vault asks for sudo where something is mounted: developer.hashicorp.com/vault/api-docs/system/auth
  rule("sys/mounts/pki/*", [...change, "sudo"]),
  rule("sys/policies/acl/pki-*", change),
  rule("sys/auth", ["read"]),
  ...["cluster", "urls", "crl", "auto-tidy"].map((part) => rule(`pki/+/config/${part}`, change)),
  ...[
    "issuers/generate/root/internal",
    "issuers/generate/intermediate/internal",
    "root/sign-intermediate",
    "intermediate/set-signed",
  ].map((path) => rule(`pki/+/${path}`, ["create", "update"])),
  rule("pki/+/issuer/+", ["read", "delete"]),
  rule("pki/+/roles/+", change),
  ...["nodes", "cluster"].flatMap((method) => [
    rule(`sys/auth/${method}`, [...change, "sudo"]),
    rule(`sys/mounts/auth/${method}/tune`, ["read", "update"]),
    rule(`auth/${method}/role/+`, change),
  ]),
  rule("auth/nodes/config/client", change),
  rule("auth/nodes/config/identity", change),
  rule("auth/cluster/config", change),
].join("");

/** A node's own right: snapshots, which are encrypted as the storage is. */
export const snapshotsPolicy = [...itself, rule("sys/storage/raft/snapshot", ["read"])].join("");

function rule(path: string, capabilities: string[]): string {
  return `path ${JSON.stringify(path)} {\n  capabilities = ${JSON.stringify(capabilities)}\n}\n`;
}
