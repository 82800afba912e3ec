import type { AuthoritiesTable, RoleData } from "../../components/vault/authorities";
import { authoritiesTable } from "../../components/vault/authorities";
import { problemsOf, type Check } from "../support/checks";
import type { VaultServer } from "./server";

/** Something that is looser than the reviewed table, and the titles of the checks that must notice. */
export interface Loosening {
  what: string;
  noticed: string[];
}

interface LooseRole extends Loosening {
  authority: string;
  role: string;
  change: Partial<RoleData>;
}

/** Changes of the table that it may have: they are for reviewers to see, and for the checks. */
export const looseRoles: LooseRole[] = [
  {
    what: "a second kind of node may use a role",
    authority: "kubernetes",
    role: "kubelet-server",
    change: { users: ["control-plane", "worker", "etcd"] },
    noticed: ["kubernetes/kubelet-server: etcd gets nothing"],
  },
  {
    what: "a name beside those of the table",
    authority: "kubernetes",
    role: "kube-scheduler",
    change: { names: ["system:kube-scheduler", "system:masters"] },
    noticed: ["kubernetes/kube-scheduler: control-plane does not get a group of administrators"],
  },
  {
    what: "any name below the zone",
    authority: "front-proxy",
    role: "front-proxy-client",
    change: { names: ["*.{domain}"] },
    noticed: ["front-proxy/front-proxy-client: control-plane does not get a stranger's name"],
  },
  {
    what: "a month instead of a week",
    authority: "etcd-k8s",
    role: "client",
    change: { days: 30 },
    noticed: [
      "etcd-k8s/client: control-plane gets kube-apiserver-etcd-client, by its authority alone, for its use and its time",
      "etcd-k8s/client: control-plane does not get a life beyond the limit",
    ],
  },
  {
    what: "a client that may be a server",
    authority: "kubernetes",
    role: "kube-controller-manager",
    change: { usage: "peer" },
    noticed: [
      "kubernetes/kube-controller-manager: control-plane gets system:kube-controller-manager, by its authority alone, for its use and its time",
    ],
  },
  {
    what: "addresses",
    authority: "kubernetes",
    role: "kube-apiserver-kubelet-client",
    change: { ipAddresses: true },
    noticed: ["kubernetes/kube-apiserver-kubelet-client: control-plane does not get an IP address"],
  },
  {
    what: "workloads of another mesh",
    authority: "mesh",
    role: "workload",
    change: { uris: ["spiffe://cluster.local/ns/*/sa/*", "spiffe://elsewhere/ns/*"] },
    noticed: ["mesh/workload: mesh does not get a URI of nobody's"],
  },
];

/** The reviewed table with all of the changes. */
export function looseTable(): AuthoritiesTable {
  return {
    ...authoritiesTable,
    authorities: authoritiesTable.authorities.map((authority) => ({
      ...authority,
      roles: authority.roles.map((role) => ({
        ...role,
        ...looseRoles.find((one) => one.authority === authority.name && one.role === role.name)
          ?.change,
      })),
    })),
  };
}

interface LooseVault extends Loosening {
  /** Where Vault keeps it, and what is written over it. */
  path: string;
  change: object;
}

const nameless = "kubernetes/kube-proxy: worker does not get";

/** What somebody could write past the table, who has the deployer's rights. */
export const looseSettings: LooseVault[] = [
  {
    what: "a role for any name",
    path: "pki/kubernetes/roles/kube-proxy",
    change: {
      allow_any_name: true,
      enforce_hostnames: false,
      allow_wildcard_certificates: true,
      cn_validations: ["disabled"],
    },
    noticed: [
      `${nameless} a stranger's name`,
      `${nameless} a name beside its own`,
      `${nameless} a group of administrators`,
      `${nameless} a wildcard`,
    ],
  },
  {
    what: "a policy that allows any parameter",
    path: "sys/policies/acl/pki-etcd",
    change: {
      policy: 'path "pki/etcd-overlay/issue/member" { capabilities = ["update"] }',
    },
    noticed: ["etcd-overlay/member: etcd does not get an end of its own choice"],
  },
  {
    what: "a policy with a call that signs anything",
    path: "sys/policies/acl/pki-control-plane",
    change: { policy: 'path "pki/etcd-k8s/sign-verbatim" { capabilities = ["update"] }' },
    noticed: ["etcd-k8s signs no authority and nothing unseen for those who may ask it"],
  },
  {
    what: "an authority that takes any key",
    path: "pki/mesh/roles/workload",
    change: { key_type: "any" },
    noticed: ["mesh: a request with an RSA key or a stranger's name in it is not signed"],
  },
  {
    what: "instances of any VPC",
    path: "auth/nodes/role/worker",
    change: { bound_vpc_id: [] },
    noticed: ["an instance of another VPC gets no token"],
  },
  {
    what: "a login for any Vault",
    path: "auth/nodes/config/client",
    change: { iam_server_id_header_value: "" },
    noticed: ["a login that names no Vault gets no token"],
  },
  {
    what: "one identity for all instances of a role",
    path: "auth/nodes/config/identity",
    change: { iam_alias: "role_id" },
    noticed: ["two instances of one role keep their own names, whoever logged in last"],
  },
  {
    what: "any service account of a namespace",
    path: "auth/cluster/role/mesh",
    change: { bound_service_account_names: ["*"] },
    noticed: ["mesh: another account of its namespace is worth nothing"],
  },
  {
    what: "a login for any audience",
    path: "auth/cluster/role/mesh",
    change: { audience: "" },
    noticed: [
      "mesh: a token for another audience is worth nothing",
      "mesh: a token for the API is worth nothing",
    ],
  },
];

/** Writes over what is there, as the deployer may: the rest of it stays. */
export async function loosen(server: VaultServer, token: string, { path, change }: LooseVault) {
  await server.must(token, "POST", path, { ...(await kept(server, token, path)), ...change });
}

/** A role of an authority is written as a whole; what else there is keeps what a call leaves out. */
async function kept(server: VaultServer, token: string, path: string): Promise<object> {
  return path.includes("/roles/") ? (await server.must(token, "GET", path)).data : {};
}

/** That the checks of a loosening fail while it lasts: one that passes would prove nothing. */
export async function unnoticed(checks: readonly Check[], { noticed }: Loosening) {
  const problems: string[] = [];
  for (const title of noticed) {
    const check = checks.find(([one]) => one === title);
    if (!check) problems.push(`there must be a check: ${title}`);
    else if ((await problemsOf(check[1])).length === 0) problems.push(`must fail: ${title}`);
  }
  return problems;
}
