import {
  authoritiesTable,
  type AuthoritiesTable,
  type AuthorityData,
  type RoleData,
} from "../../../components/vault/authorities";
import {
  deployerPolicy,
  issuances,
  lifetime,
  policyOf,
  roleArgs,
  tableFaults,
  usersOf,
} from "../../../components/vault/issuance";

const role: RoleData = {
  name: "kubelet",
  controlPlanes: ["self-managed"],
  users: ["worker"],
  usage: "client",
  names: ["system:node:{node}"],
};
const authority: AuthorityData = { name: "kubernetes", days: 3650, roles: [role], reliedOnBy: [] };
const identities = authoritiesTable.identities;

const withRole = (changes: Partial<RoleData>): AuthoritiesTable => ({
  identities,
  authorities: [{ ...authority, roles: [{ ...role, ...changes }] }],
});
const asking =
  "names must be among {node}, localhost, system:node:{node}, calico, system:kube-proxy where other nodes than the control plane's ask by them";
const withAuthorities = (...authorities: Partial<AuthorityData>[]): AuthoritiesTable => ({
  identities,
  authorities: authorities.map((changes) => ({ ...authority, ...changes })),
});

describe("the table", () => {
  it("has no fault", () => {
    expect(tableFaults(authoritiesTable)).toEqual([]);
  });

  it("has three authorities that sign themselves and have nothing in common [J5]", () => {
    const roots = authoritiesTable.authorities.filter(({ parent }) => parent === undefined);
    expect(roots.map(({ name }) => name)).toEqual(["kubernetes", "etcd-k8s", "etcd-overlay"]);
  });

  it("leaves nothing to ask of an authority that EKS operates itself", () => {
    const names = issuances(authoritiesTable, "eks").map(({ authority: { name } }) => name);
    expect([...new Set(names)]).toEqual(["kubernetes", "mesh", "etcd-overlay"]);
  });

  it("lets certificates live for seven days, those of the mesh for one [J8]", () => {
    const days = issuances(authoritiesTable, "self-managed").map(
      (issuance) => `${issuance.authority.name} ${lifetime(issuance.role) / 86_400}`,
    );
    expect([...new Set(days)]).toEqual([
      "kubernetes 7",
      "front-proxy 7",
      "mesh 1",
      "etcd-k8s 7",
      "etcd-overlay 7",
    ]);
  });

  it.each([
    ["eks", [], ["calico", "mesh", "services"]],
    ["self-managed", ["etcd", "control-plane", "worker"], ["mesh"]],
  ] as const)("is used under %s by nodes %j and service accounts %j", (plane, nodes, accounts) => {
    const names = (kind: "node" | "serviceAccount") =>
      usersOf(authoritiesTable, plane, kind).map(([name]) => name);
    expect([names("node"), names("serviceAccount")]).toEqual([nodes, accounts]);
  });
});

describe("tableFaults", () => {
  it("finds none in a sound table", () => {
    expect(tableFaults(withRole({}))).toEqual([]);
  });

  it.each<[string, AuthoritiesTable, string[]]>([
    [
      "two authorities of one name",
      withAuthorities({}, {}),
      ["authorities must have names of their own, got two kubernetes"],
    ],
    [
      "two roles of one name",
      withAuthorities({ roles: [role, role] }),
      ["roles of kubernetes must have names of their own, got two kubelet"],
    ],
    [
      "an authority for longer than ten years",
      withAuthorities({ days: 3651 }),
      ["kubernetes: days must be an integer from 1 to 3650, got 3651"],
    ],
    [
      "an authority for longer than the one above it",
      withAuthorities({ days: 100 }, { name: "mesh", parent: "kubernetes", days: 101 }),
      ["mesh: days must be less than the 100 of kubernetes, got 101"],
    ],
    [
      "an authority for as long as the one above it, which is made before",
      withAuthorities({ days: 100 }, { name: "mesh", parent: "kubernetes", days: 100 }),
      ["mesh: days must be less than the 100 of kubernetes, got 100"],
    ],
    [
      "an authority below nobody",
      withAuthorities({ parent: "other" }),
      ["kubernetes: parent must be an authority that signs itself, got other"],
    ],
    [
      "an authority below itself",
      withAuthorities({ parent: "kubernetes" }),
      ["kubernetes: parent must be an authority that signs itself, got kubernetes"],
    ],
    [
      "an authority two below another",
      withAuthorities(
        {},
        { name: "mesh", parent: "kubernetes", days: 100 },
        { name: "edge", parent: "mesh", days: 50 },
      ),
      ["edge: parent must be an authority that signs itself, got mesh"],
    ],
    [
      "a certificate for longer than thirty days",
      withRole({ days: 31 }),
      ["kubernetes/kubelet: days must be an integer from 1 to 30, got 31"],
    ],
    [
      "a certificate for longer than its authority",
      withAuthorities({ days: 5 }),
      ["kubernetes/kubelet: days must be an integer from 1 to 5, got 7"],
    ],
    [
      "a part of a day",
      withRole({ days: 0.5 }),
      ["kubernetes/kubelet: days must be an integer from 1 to 30, got 0.5"],
    ],
    [
      "somebody unknown",
      withRole({ users: ["worker", "nobody"] }),
      [
        "kubernetes/kubelet: users must be among the identities, got nobody",
        "kubernetes/kubelet: users must all be nodes where a name has {node}",
      ],
    ],
    ["nobody", withRole({ users: [] }), ["kubernetes/kubelet: users must be named, got none"]],
    [
      "no control plane",
      withRole({ controlPlanes: [] }),
      ["kubernetes/kubelet: controlPlanes must be named, got none"],
    ],
    [
      "neither names nor URIs",
      withRole({ names: [] }),
      ["kubernetes/kubelet: names or uris must be given, got neither"],
    ],
    [
      "any name",
      withRole({ names: ["*"] }),
      [
        "kubernetes/kubelet: names must be lower-case letters, digits, dots, colons and hyphens, with {node} or a closing {domain}, got *",
      ],
    ],
    [
      "a pattern inside a name",
      withRole({ names: ["system:node:*"] }),
      [
        "kubernetes/kubelet: names must be lower-case letters, digits, dots, colons and hyphens, with {node} or a closing {domain}, got system:node:*",
      ],
    ],
    [
      "whole names beside names below one",
      withRole({ users: ["services"], usage: "server", names: ["*.svc", "one"] }),
      ["kubernetes/kubelet: names must all be whole or all start with *., got *.svc, one"],
    ],
    [
      "URIs of any host",
      withRole({ uris: ["spiffe://*"] }),
      [
        "kubernetes/kubelet: uris must name scheme, host and the first part of the path, got spiffe://*",
      ],
    ],
    [
      "the group that nothing limits",
      withRole({ organization: "system:masters" }),
      [
        "kubernetes/kubelet: organization must not be a group of Kubernetes' own but system:nodes, got system:masters",
      ],
    ],
    [
      "the group of kubeadm's administrators",
      withRole({ organization: "kubeadm:cluster-admins" }),
      [
        "kubernetes/kubelet: organization must not be a group of Kubernetes' own but system:nodes, got kubeadm:cluster-admins",
      ],
    ],
    [
      "the group of nodes for an instance's name as a host's",
      withRole({ organization: "system:nodes", names: ["{node}"] }),
      [
        "kubernetes/kubelet: names must be system:node:{node} with the organization system:nodes, got {node}",
      ],
    ],
    [
      "a worker that is the controllers",
      withRole({ names: ["system:node:{node}", "system:kube-controller-manager"] }),
      [`kubernetes/kubelet: ${asking}, got system:kube-controller-manager`],
    ],
    [
      "a worker that is who may ask kubelets",
      withRole({ names: ["kube-apiserver-kubelet-client"] }),
      [`kubernetes/kubelet: ${asking}, got kube-apiserver-kubelet-client`],
    ],
    [
      "a member of etcd that is the API server's client",
      withRole({ users: ["etcd"], usage: "peer", names: ["kube-apiserver-etcd-client"] }),
      [
        `kubernetes/kubelet: ${asking}, got kube-apiserver-etcd-client`,
        "kubernetes/kubelet: names must be among {node}, localhost where other nodes than the control plane's answer by them, got kube-apiserver-etcd-client",
      ],
    ],
    [
      "a service account that is a user of Kubernetes' own",
      withRole({ users: ["mesh"], names: ["system:kube-scheduler"] }),
      [
        "kubernetes/kubelet: names must not be users of Kubernetes' own for service accounts, got system:kube-scheduler",
      ],
    ],
    [
      "the group of nodes for any name",
      withRole({ organization: "system:nodes", names: ["system:node:one"] }),
      [
        "kubernetes/kubelet: names must be system:node:{node} with the organization system:nodes, got system:node:one",
        `kubernetes/kubelet: ${asking}, got system:node:one`,
      ],
    ],
    [
      "an instance's name for a service account",
      withRole({ users: ["mesh"] }),
      ["kubernetes/kubelet: users must all be nodes where a name has {node}"],
    ],
    [
      "a worker that answers by another's name",
      withRole({ usage: "server", names: ["{node}", "api.{domain}"] }),
      [
        "kubernetes/kubelet: names must be among {node}, localhost where other nodes than the control plane's answer by them, got {node}, api.{domain}",
      ],
    ],
    [
      "a worker that answers at any address",
      withRole({ usage: "server", names: ["{node}"], ipAddresses: true }),
      ["kubernetes/kubelet: ipAddresses must be false for other nodes than the control plane's"],
    ],
    [
      "a name that Vault's paths cannot hold",
      withRole({ name: "kubelet/one" }),
      [
        "kubernetes/kubelet/one: name must be lower-case letters, digits and hyphens, got kubelet/one",
      ],
    ],
  ])("finds %s", (_what, table, faults) => {
    expect(tableFaults(table)).toEqual(faults);
  });
});

describe("roleArgs", () => {
  it("says all that Vault would allow by default", () => {
    expect(roleArgs({ authority, role }, { domain: "dev.internal" })).toEqual({
      backend: "pki/kubernetes",
      name: "kubelet",
      allowAnyName: false,
      allowLocalhost: false,
      allowGlobDomains: false,
      allowWildcardCertificates: false,
      allowBareDomains: true,
      allowSubdomains: false,
      allowedDomains: ["system:node:{node}"],
      allowedDomainsTemplate: true,
      enforceHostnames: false,
      cnValidations: ["hostname"],
      allowIpSans: false,
      allowedUriSans: [],
      requireCn: true,
      useCsrCommonName: true,
      useCsrSans: true,
      organizations: [],
      serverFlag: false,
      clientFlag: true,
      codeSigningFlag: false,
      emailProtectionFlag: false,
      keyUsages: ["DigitalSignature"],
      basicConstraintsValidForNonCa: true,
      keyType: "ec",
      keyBits: 256,
      ttl: "604800",
      maxTtl: "604800",
      generateLease: false,
      noStore: false,
    });
  });

  it("allows names below a name, and not that name", () => {
    const below: RoleData = { ...role, usage: "server", names: ["*.svc", "*.{domain}"] };
    expect(roleArgs({ authority, role: below }, { domain: "dev.internal" })).toMatchObject({
      allowedDomains: ["svc", "dev.internal"],
      allowSubdomains: true,
      allowBareDomains: false,
      enforceHostnames: true,
      allowedDomainsTemplate: false,
    });
  });
});

describe("policyOf", () => {
  const parameters = {
    common_name: [],
    alt_names: [],
    ip_sans: [],
    uri_sans: [],
    ttl: [],
    exclude_cn_from_sans: [],
  };
  const ownToken = {
    "auth/token/lookup-self": { capabilities: ["read"] },
    "auth/token/renew-self": { capabilities: ["update"] },
    "auth/token/revoke-self": { capabilities: ["update"] },
  };

  it("lets a worker have its own certificates, with no end of its own choice and no mail [J7]", () => {
    const rights = {
      capabilities: ["update"],
      allowed_parameters: parameters,
      denied_parameters: { alt_names: ["*@*"] },
    };
    expect(JSON.parse(policyOf(authoritiesTable, "self-managed", "worker"))).toEqual({
      path: {
        "pki/kubernetes/issue/kube-proxy": rights,
        "pki/kubernetes/issue/kubelet": rights,
        "pki/kubernetes/issue/kubelet-server": rights,
        "pki/etcd-overlay/issue/client": rights,
        ...ownToken,
      },
    });
  });

  it("lets a service account have signed what it brings", () => {
    const rights = {
      capabilities: ["update"],
      allowed_parameters: { ...parameters, csr: [] },
      denied_parameters: { alt_names: ["*@*"] },
    };
    expect(JSON.parse(policyOf(authoritiesTable, "eks", "mesh"))).toEqual({
      path: { "pki/mesh/sign/workload": rights, ...ownToken },
    });
  });
});

describe("deployerPolicy", () => {
  it("leads to no certificate and to no key", () => {
    const { path } = JSON.parse(deployerPolicy) as { path: Record<string, unknown> };
    const issuing = Object.keys(path).filter((one) =>
      /\/(issue|sign|sign-verbatim|exported)(\/|$)|\*$/.test(one.replace("sys/mounts/pki/*", "")),
    );
    expect(issuing).toEqual(["sys/policies/acl/pki-*"]);
  });

  it("lets an issuer be limited, and never let anything outlive it [J6]", () => {
    const { path } = JSON.parse(deployerPolicy) as { path: Record<string, unknown> };
    expect(path["pki/+/issuer/+"]).toEqual({
      capabilities: ["read", "update", "patch", "delete"],
      allowed_parameters: {
        issuer_name: [],
        leaf_not_after_behavior: ["always_enforce_err"],
        usage: [
          "crl-signing,issuing-certificates,ocsp-signing,read-only",
          "crl-signing,ocsp-signing,read-only",
        ],
      },
    });
    expect(path["pki/+/config/issuers"]).toEqual({
      capabilities: ["read", "update"],
      allowed_parameters: { default: [], default_follows_latest_issuer: [false] },
    });
  });
});
