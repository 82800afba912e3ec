/** Calls of Vault's that write and take nothing over: which, and why. */
interface Harmless {
  /** As `write-calls.json` has them. */
  calls: readonly string[];
  reason: string;
}

/** Reviewed by hand. A call that is not in the table any more fails, as does one that a rule refuses. */
export const harmlessCalls: readonly Harmless[] = [
  { calls: ["pki/eab/+"], reason: "takes back what no account of ACME has used" },
  {
    calls: ["pki/revoke-with-key"],
    reason: "revokes the certificate of whoever has its private key, and shows it",
  },
  {
    calls: [
      "auth/token/lookup",
      "auth/token/lookup-self",
      "auth/token/renew",
      "auth/token/renew-self",
      "auth/token/revoke",
      "auth/token/revoke-self",
    ],
    reason: "is about a token that the request shows",
  },
  {
    calls: [
      "auth/token/lookup-accessor",
      "auth/token/renew-accessor",
      "auth/token/revoke-accessor",
    ],
    reason:
      "is about a token whose accessor the request shows; to list accessors takes sudo on another path",
  },
  {
    calls: ["auth/token/create"],
    reason:
      "makes a token of no more than the rights of who asks, which ends with theirs; with sudo the rule refuses it",
  },
  {
    calls: [
      "auth/approle/role/+/secret-id/destroy",
      "auth/approle/role/+/secret-id/lookup",
      "auth/approle/role/+/secret-id-accessor/destroy",
      "auth/approle/role/+/secret-id-accessor/lookup",
    ],
    reason:
      "is about a secret ID that the request shows, or its accessor; what makes one is refused",
  },
  {
    calls: [
      "auth/approle/tidy/secret-id",
      "auth/aws/tidy/identity-accesslist",
      "auth/aws/tidy/identity-whitelist",
      "auth/aws/tidy/roletag-blacklist",
      "auth/aws/tidy/roletag-denylist",
      "auth/token/tidy",
      "sys/leases/tidy",
    ],
    reason: "forgets what has ended",
  },
  { calls: ["cubbyhole/*"], reason: "is the token's own and ends with it" },
  {
    calls: ["identity/lookup/entity", "identity/lookup/group"],
    reason: "only reads; what it looks for is in the body",
  },
  {
    calls: [
      "identity/oidc/introspect",
      "identity/oidc/provider/+/authorize",
      "identity/oidc/provider/+/userinfo",
    ],
    reason: "tells a client of OIDC who the asking one is, or whether a token is Vault's",
  },
  {
    calls: [
      "sys/leases/lookup",
      "sys/leases/renew",
      "sys/leases/renew/*",
      "sys/leases/revoke",
      "sys/leases/revoke/*",
      "sys/renew",
      "sys/renew/*",
      "sys/revoke",
      "sys/revoke/*",
    ],
    reason:
      "is about a lease whose ID the request shows; to list leases takes sudo on another path",
  },
  {
    calls: [
      "sys/capabilities",
      "sys/capabilities-accessor",
      "sys/capabilities-self",
      "sys/audit-hash/*",
      "sys/tools/hash",
      "sys/tools/hash/*",
      "sys/tools/random",
      "sys/tools/random/*",
      "sys/tools/random/*/*",
    ],
    reason: "only answers; what it is asked for is in the body",
  },
  {
    calls: ["sys/wrapping/rewrap", "sys/wrapping/unwrap", "sys/wrapping/wrap"],
    reason: "is about a wrapped answer whose token the request shows, or the request itself",
  },
  {
    calls: ["sys/control-group/authorize", "sys/control-group/request"],
    reason:
      "is for who has the accessor of a request, and authorizes as the entity that the control group names",
  },
];
