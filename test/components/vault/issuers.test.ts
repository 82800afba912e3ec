import { authoritiesTable as table } from "../../../components/vault/authorities";
import type { AuthoritiesTable } from "../../../components/vault/authorities";
import {
  certificateObject,
  issuerObjects,
  issuerReference,
  type CertificateArgs,
  type IssuersArgs,
} from "../../../components/vault/issuers";

const base: IssuersArgs = {
  table,
  controlPlane: "eks",
  domain: "dev.internal",
  vaultName: "vault",
  vaultCa: "CA\n",
  certManager: { namespace: "cert-manager", name: "controller" },
};
const typha: CertificateArgs = {
  table,
  controlPlane: "eks",
  authority: "etcd-overlay",
  role: "typha",
  name: "typha-certs",
  namespace: "tigera-operator",
  dnsNames: ["typha-server"],
};
const services: CertificateArgs = {
  ...typha,
  authority: "kubernetes",
  role: "services",
  namespace: "shop",
  dnsNames: ["web.shop.svc"],
};

const withAccount = (audience: string, namespace: string): AuthoritiesTable => ({
  ...table,
  identities: {
    ...table.identities,
    services: { kind: "serviceAccount", namespace, name: "vault-issuer", audience },
  },
});

describe("issuerObjects", () => {
  const objects = issuerObjects(base);
  const of = (kind: string) => objects.filter((object) => object.kind === kind);

  it("makes an account for each identity, and lets cert-manager ask for its tokens alone", () => {
    const accounts = ["tigera-operator", "istio-system", "cert-manager"];
    for (const kind of ["ServiceAccount", "Role", "RoleBinding"]) {
      expect(of(kind).map(({ metadata }) => metadata.namespace)).toEqual(accounts);
    }
    expect(of("ServiceAccount").map((account) => account["automountServiceAccountToken"])).toEqual([
      false,
      false,
      false,
    ]);
    for (const role of of("Role")) {
      expect(role["rules"]).toEqual([
        {
          apiGroups: [""],
          resources: ["serviceaccounts/token"],
          resourceNames: ["vault-issuer"],
          verbs: ["create"],
        },
      ]);
    }
    for (const binding of of("RoleBinding")) {
      expect(binding["roleRef"]).toMatchObject({ kind: "Role", name: "vault-issuer-tokens" });
      expect(binding["subjects"]).toEqual([
        { kind: "ServiceAccount", namespace: "cert-manager", name: "controller" },
      ]);
    }
  });

  it("lets the accounts have a token reviewed, and nothing else that concerns others", () => {
    expect(of("ClusterRole")).toEqual([
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRole",
        metadata: { name: "vault-issuer-reviews" },
        rules: [
          { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
        ],
      },
    ]);
    const [binding, ...others] = of("ClusterRoleBinding");
    expect(others).toEqual([]);
    expect(binding?.["roleRef"]).toMatchObject({
      kind: "ClusterRole",
      name: "vault-issuer-reviews",
    });
    expect(binding?.["subjects"]).toEqual(
      ["tigera-operator", "istio-system", "cert-manager"].map((namespace) => ({
        kind: "ServiceAccount",
        namespace,
        name: "vault-issuer",
      })),
    );
  });

  it("makes an issuer for each role, in the namespace of its account or for all", () => {
    const made = [...of("Issuer"), ...of("ClusterIssuer")].map(
      ({ kind, metadata: { name, namespace } }) => [kind, namespace, name],
    );
    expect(made).toEqual([
      ["Issuer", "tigera-operator", "etcd-overlay-typha"],
      ["Issuer", "tigera-operator", "etcd-overlay-felix"],
      ["Issuer", "istio-system", "mesh-workload"],
      ["ClusterIssuer", undefined, "kubernetes-services"],
    ]);
  });

  it("asks this Vault by the account, its role, its audience and the API's", () => {
    expect(of("Issuer")[0]?.["spec"]).toEqual({
      vault: {
        server: "https://vault.dev.internal:8200",
        caBundle: "Q0EK",
        path: "pki/etcd-overlay/sign/typha",
        auth: {
          kubernetes: {
            mountPath: "/v1/auth/cluster",
            role: "calico",
            serviceAccountRef: {
              name: "vault-issuer",
              audiences: ["vault://tigera-operator/vault-issuer", "https://kubernetes.default.svc"],
            },
          },
        },
      },
    });
  });

  it("makes no issuer for what the control plane has no role for", () => {
    const made = issuerObjects({
      ...base,
      controlPlane: "self-managed",
      apiAudience: "https://api",
    });
    expect(made.map(({ kind, metadata: { name } }) => `${kind} ${name}`)).toEqual([
      "ClusterRole vault-issuer-reviews",
      "ClusterRoleBinding vault-issuer-reviews",
      "ServiceAccount vault-issuer",
      "Role vault-issuer-tokens",
      "RoleBinding vault-issuer-tokens",
      "Issuer mesh-workload",
    ]);
    expect(made.at(-1)?.["spec"]).toMatchObject({
      vault: {
        auth: {
          kubernetes: {
            serviceAccountRef: {
              audiences: ["vault://istio-system/vault-issuer", "https://api"],
            },
          },
        },
      },
    });
  });

  it("fails where nobody says what the API's audience is", () => {
    expect(() => issuerObjects({ ...base, controlPlane: "self-managed" })).toThrow(
      "apiAudience must be given for self-managed, got none",
    );
  });

  it.each([
    [
      withAccount("vault://other", "cert-manager"),
      "audience of services must be vault://cert-manager/vault-issuer or vault://vault-issuer, got vault://other",
    ],
    [
      withAccount("vault://vault-issuer", "default"),
      "namespace of services must be cert-manager's cert-manager, got default",
    ],
  ])("fails for an account that cert-manager would not ask as, %#", (other, message) => {
    expect(() => issuerObjects({ ...base, table: other })).toThrow(message);
  });
});

describe("certificateObject", () => {
  it("renews before a third of the life is left, with a new key [J8]", () => {
    expect(certificateObject(typha)).toEqual({
      apiVersion: "cert-manager.io/v1",
      kind: "Certificate",
      metadata: { name: "typha-certs", namespace: "tigera-operator" },
      spec: {
        secretName: "typha-certs",
        issuerRef: { group: "cert-manager.io", kind: "Issuer", name: "etcd-overlay-typha" },
        commonName: "typha-server",
        dnsNames: ["typha-server"],
        duration: "168h0m0s",
        // More than a third: 40 of 100 are left when it is renewed.
        renewBeforePercentage: 40,
        privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
        usages: ["digital signature", "server auth", "client auth"],
      },
    });
  });

  it("is for any namespace where its issuer is, and proves no client where its role does not", () => {
    const { metadata, spec } = certificateObject(services);
    expect(metadata.namespace).toBe("shop");
    expect(spec).toMatchObject({
      issuerRef: { group: "cert-manager.io", kind: "ClusterIssuer", name: "kubernetes-services" },
      usages: ["digital signature", "server auth"],
    });
  });

  it.each<[CertificateArgs, string]>([
    [
      { ...typha, dnsNames: ["typha-client"] },
      "etcd-overlay/typha: dnsNames must be among typha-server, got typha-client",
    ],
    [
      { ...typha, namespace: "default" },
      "etcd-overlay/typha: namespace must be tigera-operator, got default",
    ],
    [
      { ...services, dnsNames: ["shop.example.com"] },
      "kubernetes/services: dnsNames must be among *.svc, *.svc.cluster.local, got shop.example.com",
    ],
    [
      { ...services, dnsNames: ["*.shop.svc"] },
      "kubernetes/services: dnsNames must be among *.svc, *.svc.cluster.local, got *.shop.svc",
    ],
    [
      { ...services, dnsNames: [`${"a".repeat(60)}.shop.svc`] },
      `kubernetes/services: the first of dnsNames must have 64 characters at most, got ${"a".repeat(60)}.shop.svc`,
    ],
    [
      { ...typha, controlPlane: "self-managed" },
      "etcd-overlay/typha must be a role of self-managed for a service account, got none",
    ],
    [
      { ...typha, authority: "kubernetes", role: "kubelet", controlPlane: "self-managed" },
      "kubernetes/kubelet must be a role of self-managed for a service account, got none",
    ],
  ])("fails for what Vault would refuse, %#", (args, message) => {
    expect(() => certificateObject(args)).toThrow(message);
  });
});

describe("issuerReference", () => {
  it("names an issuer that is made", () => {
    const reference = issuerReference({
      table,
      controlPlane: "eks",
      authority: "mesh",
      role: "workload",
    });
    expect(reference).toEqual({ group: "cert-manager.io", kind: "Issuer", name: "mesh-workload" });
    const names = issuerObjects(base).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(names).toContain("Issuer mesh-workload");
  });
});
