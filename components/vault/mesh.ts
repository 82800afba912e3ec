import { X509Certificate } from "node:crypto";
import type { AuthoritiesTable, ControlPlane } from "./authorities";
import { issuances } from "./issuance";
import { issuerReference, type KubernetesObject } from "./issuers";

/** Where istio-csr serves: what its chart v0.17.0 calls the service, in the namespace that proxies ask by default. */
const servingName = "cert-manager-istio-csr.cert-manager.svc";
const [, namespace] = servingName.split(".");

/** Where istio-csr finds whom the mesh trusts. */
const folder = "/var/run/secrets/istio-csr";
const rootsFile = "ca.pem";
const rootsName = "mesh-roots";

export interface MeshArgs {
  /** The reviewed table. */
  table: AuthoritiesTable;
  controlPlane: ControlPlane;
  /** Certificates of the mesh's own authority, PEM, the next one's beside them while it is rotated. */
  certificates: string;
}

/** What makes a mesh of Istio prove itself by the authority `mesh` and by no other. */
export interface MeshSettings {
  /** Whom the mesh trusts, in the namespace of istio-csr. */
  roots: KubernetesObject;
  /** Values of istio-csr's chart, v0.17.0. */
  istioCsr: Record<string, unknown>;
  /** `meshConfig.defaultConfig.proxyMetadata` of Istio. */
  proxyMetadata: Record<string, string>;
}

/**
 * What istio-csr and the proxies are told. Left alone, istio-csr takes the topmost authority that cert-manager hands it
 * for the mesh's: the one above, which also issues names such as `istiod.istio-system.svc` to whoever has certificates
 * for services. Left alone, it, istiod and the proxies make RSA keys, which no role signs.
 * Sources: istio-csr v0.17.0, pkg/tls/tls.go and pkg/server/server.go, which verify with the certificates of
 * `rootCAFile` alone; Envoy takes one that another authority signed (source/common/tls/cert_validator/default_validator.cc,
 * X509_V_FLAG_PARTIAL_CHAIN); istio.io/latest/docs/ops/configuration/traffic-management/manage-mesh-certificates/
 */
export function meshSettings({ table, controlPlane, certificates }: MeshArgs): MeshSettings {
  const grant = { table, controlPlane, authority: "mesh", role: "workload" };
  const issuerRef = issuerReference(grant);
  const role = issuances(table, controlPlane).find(
    (one) => one.authority.name === grant.authority && one.role.name === grant.role,
  )?.role;
  const [uri = ""] = role?.uris ?? [];
  const account = table.identities[role?.users[0] ?? ""];
  if (!role?.names?.includes(servingName)) {
    throw new Error(
      `mesh/workload: names must have ${servingName}, got ${role?.names?.join(", ") ?? "none"}`,
    );
  }
  requireBelow(certificates);
  return {
    roots: {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: rootsName, ...(namespace !== undefined && { namespace }) },
      data: { [rootsFile]: certificates },
    },
    istioCsr: {
      app: {
        certmanager: {
          // An issuer serves the requests of its own namespace.
          namespace: account?.kind === "serviceAccount" ? account.namespace : "",
          issuer: issuerRef,
        },
        tls: {
          trustDomain: new URL(uri).host,
          rootCAFile: `${folder}/${rootsFile}`,
          certificateDNSNames: [servingName],
          istiodPrivateKeyAlgorithm: "ECDSA",
          istiodPrivateKeySize: 256,
        },
        server: { serving: { signatureAlgorithm: "ECDSA", certificateKeySize: 256 } },
      },
      volumes: [{ name: rootsName, configMap: { name: rootsName } }],
      volumeMounts: [{ name: rootsName, mountPath: folder, readOnly: true }],
    },
    proxyMetadata: { ECC_SIGNATURE_ALGORITHM: "ECDSA", ECC_CURVE: "P256" },
  };
}

/** One that signs itself would be the authority above the mesh, with all that it signs besides. */
function requireBelow(certificates: string): void {
  const all = certificates.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (!all) throw new Error("certificates must be those of the mesh, got none");
  for (const { subject, issuer } of all.map((pem) => new X509Certificate(pem))) {
    if (subject === issuer) {
      throw new Error(`certificates must be of an authority below another, got ${subject}`);
    }
  }
}
