import { renewalFraction } from "./agent";
import type { AuthoritiesTable, ControlPlane, Identity } from "./authorities";
import { issuances, lifetime, mountPath, usersOf, type Issuance } from "./issuance";
import { apiPort } from "./server-config";

/** An object of Kubernetes, as the API takes it. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  [part: string]: unknown;
}

type Account = Extract<Identity, { kind: "serviceAccount" }>;

export interface IssuersArgs {
  /** The reviewed table. */
  table: AuthoritiesTable;
  controlPlane: ControlPlane;
  /** Private zone of the stack. */
  domain: string;
  /** Name of Vault in that zone, by which it is reached on port 8200. */
  vaultName: string;
  /** Certificate of the CA that vouches for Vault's servers, PEM. */
  vaultCa: string;
  /** Service account of cert-manager's controller, which asks for tokens of others. */
  certManager: { namespace: string; name: string };
  /**
   * Audience of the tokens that the cluster's API takes, the one of `--api-audiences`.
   * @default - that of EKS; a control plane of the stack's own has no default
   */
  apiAudience?: string;
}

/** Among the claims of a pod's token on EKS: github.com/cert-manager/cert-manager/issues/4144 */
const eksApiAudience = "https://kubernetes.default.svc";

/**
 * What makes cert-manager ask Vault as the service accounts of the table: the accounts, the right to ask for their
 * tokens and for no other, the right to have a token reviewed, and an issuer for each role. An account that the table names with an audience of its own
 * namespace has issuers there; one without has issuers for all namespaces, and then its namespace has to be the one that
 * cert-manager takes accounts of such issuers from: its own.
 * Sources: cert-manager.io/docs/configuration/vault/#secretless-authentication-with-a-service-account
 */
export function issuerObjects(args: IssuersArgs): KubernetesObject[] {
  const { table, controlPlane, certManager } = args;
  const accounts = usersOf(table, controlPlane, "serviceAccount");
  const { apiAudience = controlPlane === "eks" ? eksApiAudience : "" } = args;
  const faults = accounts.flatMap(([user, account]) => accountFaults(user, account, certManager));
  if (apiAudience === "") faults.push(`apiAudience must be given for ${controlPlane}, got none`);
  if (faults.length > 0) throw new Error(faults.join("\n"));
  return [
    ...reviewObjects(accounts.map(([, account]) => account)),
    ...accounts.flatMap(([user, account]) => [
      ...identityObjects(account, certManager),
      ...issuances(table, controlPlane)
        .filter(({ role }) => role.users.includes(user))
        .map((issuance) => issuer(args, issuance, user, account, apiAudience)),
    ]),
  ];
}

function accountFaults(
  user: string,
  account: Account,
  certManager: IssuersArgs["certManager"],
): string[] {
  const { namespace, name, audience } = account;
  const known = [`vault://${namespace}/${name}`, `vault://${name}`];
  if (!known.includes(audience)) {
    return [`audience of ${user} must be ${known.join(" or ")}, got ${audience}`];
  }
  if (isForAll(account) && namespace !== certManager.namespace) {
    return [
      `namespace of ${user} must be cert-manager's ${certManager.namespace}, got ${namespace}`,
    ];
  }
  return [];
}

/** Whether its issuers serve all namespaces. */
function isForAll({ namespace, audience }: Account): boolean {
  return !audience.startsWith(`vault://${namespace}/`);
}

/**
 * Vault has an account's token reviewed with that token itself. The API's own role for this, `system:auth-delegator`,
 * would let the account ask what others may do as well.
 */
function reviewObjects(accounts: readonly Account[]): KubernetesObject[] {
  const metadata = { name: "vault-issuer-reviews" };
  return [
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata,
      rules: [
        { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
      ],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: metadata.name },
      subjects: accounts.map(({ namespace, name }) => ({
        kind: "ServiceAccount",
        namespace,
        name,
      })),
    },
  ];
}

/** No pod runs as the account. Its tokens, which live for ten minutes, are made by cert-manager for Vault alone. */
function identityObjects(
  { namespace, name }: Account,
  certManager: IssuersArgs["certManager"],
): KubernetesObject[] {
  const metadata = { name, namespace };
  const binding = { name: `${name}-tokens`, namespace };
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata, automountServiceAccountToken: false },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: binding,
      rules: [
        {
          apiGroups: [""],
          resources: ["serviceaccounts/token"],
          resourceNames: [name],
          verbs: ["create"],
        },
      ],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: binding,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: binding.name },
      subjects: [{ kind: "ServiceAccount", ...certManager }],
    },
  ];
}

function issuer(
  { domain, vaultName, vaultCa }: IssuersArgs,
  issuance: Issuance,
  user: string,
  account: Account,
  apiAudience: string,
): KubernetesObject {
  const { kind, name } = reference(issuance, account);
  return {
    apiVersion: "cert-manager.io/v1",
    kind,
    metadata: { name, ...(!isForAll(account) && { namespace: account.namespace }) },
    spec: {
      vault: {
        server: `https://${vaultName}.${domain}:${apiPort}`,
        caBundle: Buffer.from(vaultCa).toString("base64"),
        path: `${mountPath(issuance.authority.name)}/sign/${issuance.role.name}`,
        auth: {
          kubernetes: {
            mountPath: "/v1/auth/cluster",
            role: user,
            // cert-manager adds one by the issuer's name; the login takes the account's alone. The API's is for Vault,
            // which asks the API by this token: github.com/cert-manager/cert-manager/issues/7058
            serviceAccountRef: {
              name: account.name,
              audiences: [account.audience, apiAudience],
            },
          },
        },
      },
    },
  };
}

/** RFC 5280, ub-common-name; cert-manager's webhook refuses more. */
const longestCommonName = 64;

/** How a certificate, or istio-csr, names an issuer. */
export interface IssuerReference {
  group: "cert-manager.io";
  kind: "Issuer" | "ClusterIssuer";
  name: string;
}

/** The issuer of a role. Throws when no service account has it. */
export function issuerReference(args: GrantArgs): IssuerReference {
  const { issuance, account } = granted(args);
  return reference(issuance, account);
}

function reference({ authority, role }: Issuance, account: Account): IssuerReference {
  const kind = isForAll(account) ? "ClusterIssuer" : "Issuer";
  return { group: "cert-manager.io", kind, name: `${authority.name}-${role.name}` };
}

export interface GrantArgs {
  /** The reviewed table. */
  table: AuthoritiesTable;
  controlPlane: ControlPlane;
  /** Authority and role of the table, `etcd-overlay` and `typha`. */
  authority: string;
  role: string;
}

export interface CertificateArgs extends GrantArgs {
  /** Name of the certificate and of the secret that it is kept in. */
  name: string;
  /** Where the secret is wanted; where the issuer serves one namespace, that one. */
  namespace: string;
  /** DNS names, each allowed by the role; the first one is the subject's as well. */
  dnsNames: [string, ...string[]];
}

/**
 * A certificate that cert-manager keeps: for as long as the role gives, renewed as those of nodes are, with a new key
 * each time. Throws with a line for each fault, before Vault would refuse it.
 */
export function certificateObject(args: CertificateArgs): KubernetesObject {
  const { name, namespace, dnsNames } = args;
  const { issuance, account } = granted(args);
  const { role } = issuance;
  const where = `${args.authority}/${args.role}`;
  const faults = dnsNames
    .filter((one) => !(role.names ?? []).some((allowed) => covers(allowed, one)))
    .map(
      (one) =>
        `${where}: dnsNames must be among ${(role.names ?? []).join(", ") || "none"}, got ${one}`,
    );
  if (dnsNames[0].length > longestCommonName) {
    faults.push(
      `${where}: the first of dnsNames must have ${longestCommonName} characters at most, got ${dnsNames[0]}`,
    );
  }
  if (!isForAll(account) && namespace !== account.namespace) {
    faults.push(`${where}: namespace must be ${account.namespace}, got ${namespace}`);
  }
  if (faults.length > 0) throw new Error(faults.join("\n"));
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name, namespace },
    spec: {
      secretName: name,
      issuerRef: reference(issuance, account),
      commonName: dnsNames[0],
      dnsNames,
      duration: `${lifetime(role) / 3600}h0m0s`,
      renewBeforePercentage: Math.round((1 - renewalFraction) * 100),
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
      usages: [
        "digital signature",
        ...(role.usage === "client" ? [] : ["server auth"]),
        ...(role.usage === "server" ? [] : ["client auth"]),
      ],
    },
  };
}

function granted({ table, controlPlane, authority, role }: GrantArgs) {
  const issuance = issuances(table, controlPlane).find(
    (one) => one.authority.name === authority && one.role.name === role,
  );
  const [user = ""] = issuance?.role.users ?? [];
  const account = table.identities[user];
  if (!issuance || account?.kind !== "serviceAccount") {
    throw new Error(
      `${authority}/${role} must be a role of ${controlPlane} for a service account, got none`,
    );
  }
  return { issuance, account };
}

/** Whether a name of the table allows another one: itself, or what is below it, which is no wildcard. */
function covers(allowed: string, name: string): boolean {
  if (!allowed.startsWith("*.")) return name === allowed;
  return name.endsWith(allowed.slice(1)) && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name);
}
