/**
 * What takes Vault or an authority over: the calls of Vault 1.21 by which a token changes more than what is its own. The
 * table is whole: `npm run verify:vault` asks a real Vault for all its calls that write, on a mount of authorities and one
 * of each method of logins, and a test wants each of them here, or named as harmless with a reason. Of what Enterprise
 * alone has, Vault tells a part.
 */

/** Calls of which `+` stands for any name, and a `*` for one or more of them. */
export interface Calls {
  /** Continues "the policy must …". */
  rule: string;
  rights: readonly string[];
  paths: readonly string[];
}

export const asking = ["create", "update"];
const changing = [...asking, "patch", "delete"];

/** What makes a certificate of whatever it is given. Vault reads the names of more roles than it can have. */
const verbatim = ["sign-verbatim", "sign-verbatim/+", "sign-verbatim/+/+"];
const intermediates = ["root/sign-intermediate", "issuer/+/sign-intermediate"];

/** Calls of a mount of authorities that take a request's own end. */
export const ending = [...ofIssuers(["issue/+", "sign/+", ...verbatim]), ...intermediates];

/**
 * Calls by which a role issues. To each user its roles: who may ask for any role of an authority is whoever these make,
 * and who may ask any authority, everybody. An account of ACME gets by its directory what the role allows.
 */
export const ofRoles: Calls = {
  rule: "name mount and role as a whole",
  rights: asking,
  paths: ofIssuers(["issue/+", "sign/+", "roles/+/acme/new-eab"]),
};

/** Calls that answer with a private key, which stays with who asks: in a state, if a program does. */
export const keysGiven: Calls = {
  rule: "leave no private key in the state",
  rights: asking,
  paths: ofIssuers(["issue/+"]),
};

/** What nobody may of a mount of authorities. */
export const unseen: Calls = {
  rule: "not sign requests unseen",
  rights: asking,
  paths: [...ofIssuers(verbatim), "root/sign-self-issued", "issuer/+/sign-self-issued"],
};

/** What a mount of authorities is set up by. */
export const ofAuthorities: readonly Calls[] = [
  {
    rule: "not make, bring, sign or delete authorities",
    rights: changing,
    paths: [
      ...intermediates,
      "root",
      "root/generate/+",
      "root/rotate/+",
      "root/replace",
      "intermediate/generate/+",
      "intermediate/cross-sign",
      "intermediate/set-signed",
      "issuers/generate/+/+",
      "issuers/import/+",
      "keys/generate/+",
      "keys/import",
      "key/+",
      "issuer/+",
      "config/ca",
      "config/issuers",
      "config/keys",
    ],
  },
  {
    rule: "not choose what certificates hold",
    rights: changing,
    paths: [
      "roles/+",
      // Where a certificate sends people who ask whether it was revoked.
      "config/urls",
      "config/cluster",
      "config/acme",
      // By its own default an account of ACME gets what it proves, under no role.
      ...ofIssuers(["acme/new-eab"]),
      "acme/mgmt/account/keyid/+",
    ],
  },
  {
    rule: "not choose what is revoked and who hears of it",
    rights: changing,
    paths: [
      "revoke",
      "issuer/+/revoke",
      "issuer/+/resign-crls",
      "issuer/+/sign-revocation-list",
      "config/crl",
      "config/auto-tidy",
      "tidy",
      "tidy-cancel",
    ],
  },
];

const logins = "not choose who logs in with which rights";

/** What a method of logins is set up by. */
export const ofMethods: Calls = {
  rule: logins,
  rights: changing,
  paths: [
    "config",
    // Whom Vault asks who somebody is: who names another one is anybody.
    "config/*",
    "rotate-root",
    "role/+",
    // Parts of a role; to make a secret ID is to log in as it.
    "role/+/+",
    "roles/+",
    "users/*",
    "groups/*",
    "map/+/+",
    "certs/+",
    "crls/+",
    "identity-accesslist/+",
    "identity-whitelist/+",
    "roletag-denylist/*",
    "roletag-blacklist/*",
  ],
};

/** What gives a token more than it has, wherever something is mounted. */
export const ofVault: readonly Calls[] = [
  {
    rule: "not write policies",
    rights: changing,
    paths: ["sys/policies/+/*", "sys/policy/*"],
  },
  {
    rule: logins,
    rights: changing,
    paths: [
      "identity/entity",
      "identity/entity/*",
      "identity/entity-alias",
      "identity/entity-alias/id/+",
      "identity/group",
      "identity/group/*",
      "identity/group-alias",
      "identity/group-alias/id/+",
      // Former names of an alias of an entity.
      ...["identity/alias", "identity/persona"].flatMap((call) => [call, `${call}/id/+`]),
      "identity/mfa/login-enforcement/+",
      "identity/mfa/method/+",
      "identity/mfa/method/+/+",
      "sys/mfa/method/*",
      // Whom others take somebody for, by tokens that Vault signs.
      "identity/oidc/config",
      "identity/oidc/key/+",
      "identity/oidc/key/+/rotate",
      ...["assignment", "client", "provider", "role", "scope"].map(
        (part) => `identity/oidc/${part}/+`,
      ),
      "sys/locked-users/*",
    ],
  },
  {
    rule: "not mount, audit or set up Vault otherwise",
    rights: changing,
    paths: [
      "sys/auth/*",
      "sys/mounts/*",
      "sys/remount",
      "sys/audit/*",
      "sys/plugins/*",
      "sys/config/*",
      "sys/loggers",
      "sys/loggers/*",
      "sys/activation-flags/+/activate",
      "sys/internal/counters/config",
      "sys/quotas/*",
      "sys/namespaces/*",
      "sys/managed-keys/*",
    ],
  },
  {
    rule: "not touch what is stored",
    rights: changing,
    paths: [
      "sys/raw/*",
      "sys/storage/raft/*",
      "sys/replication/*",
      "sys/rotate",
      "sys/rotate/config",
      "sys/rekey/*",
      "sys/sealwrap/rewrap",
    ],
  },
  // Who reads it has the keys of authorities, too; that takes sudo.
  { rule: "not touch what is stored", rights: ["sudo"], paths: ["sys/raw/*"] },
  {
    rule: "not stop Vault, nor end what others have",
    rights: changing,
    paths: [
      "sys/seal",
      "sys/step-down",
      "sys/generate-root",
      "sys/leases/revoke-force/*",
      "sys/leases/revoke-prefix/*",
      "sys/revoke-force/*",
      "sys/revoke-prefix/*",
      "auth/token/revoke-orphan",
    ],
  },
  {
    rule: "not make tokens that outlive its own",
    rights: changing,
    paths: ["auth/token/create-orphan"],
  },
  // A role of tokens gives the policies that it names, whoever asks: developer.hashicorp.com/vault/api-docs/auth/token
  { rule: "not make tokens with other rights", rights: changing, paths: ["auth/token/create/+"] },
  { rule: "not make tokens with other rights", rights: ["sudo"], paths: ["auth/token/create"] },
];

/** The default issuer issues, and any other one that is asked by name. */
export function ofIssuers(calls: readonly string[]): string[] {
  return calls.flatMap((call) => [call, `issuer/+/${call}`]);
}
