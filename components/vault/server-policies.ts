const change = ["create", "read", "update", "delete"];

/**
 * What the deployer's role may do in Vault: certificate authorities, the logins of those whom they serve, and the
 * policies of these logins. Of what first boot made it can change nothing: its own login and policy, the audit, snapshots,
 * the seal. It cannot make a root token.
 *
 * Who writes policies and logins can give away more than they have: Vault has no bound for that. Every such change is in
 * the audit log.
 */
export const deployerPolicy = [
  rule("sys/mounts", ["read"]),
  rule("sys/mounts/pki/*", change),
  rule("pki/*", [...change, "list"]),
  rule("sys/policies/acl", ["list"]),
  rule("sys/policies/acl/pki-*", change),
  rule("sys/auth", ["read"]),
  ...["nodes", "cluster"].flatMap((method) => [
    rule(`sys/auth/${method}`, [...change, "sudo"]),
    rule(`sys/mounts/auth/${method}/tune`, ["read", "update"]),
    rule(`auth/${method}/*`, [...change, "list"]),
  ]),
].join("");

/** A node's own right: snapshots, which are encrypted as the storage is. */
export const snapshotsPolicy = rule("sys/storage/raft/snapshot", ["read"]);

function rule(path: string, capabilities: string[]): string {
  return `path ${JSON.stringify(path)} {\n  capabilities = ${JSON.stringify(capabilities)}\n}\n`;
}
