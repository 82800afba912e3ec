import { authoritiesTable as table } from "../../../components/vault/authorities";
import { meshSettings, type MeshArgs } from "../../../components/vault/mesh";

/** An authority that signs itself, and one below it; nobody has their keys. */
const above = `-----BEGIN CERTIFICATE-----
MIIBfjCCASWgAwIBAgIUEuVyNDch/S1IqmjOR5HKltQbk9wwCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKa3ViZXJuZXRlczAeFw0yNjExMzAxMDQwNDhaFw0zNjExMjcx
MDQwNDhaMBUxEzARBgNVBAMMCmt1YmVybmV0ZXMwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARTUsKIfzAI7BC7esOvVgIewUCtdX27Bk6GtaDSBgUMXsssfcMwWqeQ
GDQwT9mCuBzZOaX+FSWbpQBCN3ACcVumo1MwUTAdBgNVHQ4EFgQU/NmSsycfdkDq
rE3kWguN+qF5xBAwHwYDVR0jBBgwFoAU/NmSsycfdkDqrE3kWguN+qF5xBAwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiA3qE1U8VezXzP0f9BKlOar
ZJXfzJn8A4Pwa6gg7aRh/wIgNPNusRDFLVxk0ZeIxENfe9cXMjrWQn915winBtxe
Wn4=
-----END CERTIFICATE-----
`;
const mesh = `-----BEGIN CERTIFICATE-----
MIIBHjCBxQIUXz2s+GFz+dWkcR8mLFZNwCMCu9MwCgYIKoZIzj0EAwIwFTETMBEG
A1UEAwwKa3ViZXJuZXRlczAeFw0yNjExMzAxMDQwNDhaFw0zNjExMjcxMDQwNDha
MA8xDTALBgNVBAMMBG1lc2gwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATFJQmi
cO0NmQ1nddrnPbzLq0JY4P7dr6NgIxLILxNHgRPH67DnqHHicDTtD9OvGQHE+bqV
kCkSAR61D1vr3JCiMAoGCCqGSM49BAMCA0gAMEUCIF3gWVJEWzUPVB956JN8nsLZ
aXrImJWcIgLoA6s6D/gLAiEAlll1+2Ro+UEuRUrdABY1dXHkSKMPc1mlo7JaUJbv
mls=
-----END CERTIFICATE-----
`;
const base: MeshArgs = { table, controlPlane: "eks", certificates: mesh };

describe("meshSettings", () => {
  it("has the mesh trust its own authority and no other", () => {
    const { roots, istioCsr } = meshSettings({ ...base, certificates: mesh + mesh });
    expect(roots).toEqual({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "mesh-roots", namespace: "cert-manager" },
      data: { "ca.pem": mesh + mesh },
    });
    expect(istioCsr).toMatchObject({
      app: { tls: { rootCAFile: "/var/run/secrets/istio-csr/ca.pem" } },
      volumes: [{ name: "mesh-roots", configMap: { name: "mesh-roots" } }],
      volumeMounts: [
        { name: "mesh-roots", mountPath: "/var/run/secrets/istio-csr", readOnly: true },
      ],
    });
  });

  it.each(["eks", "self-managed"] as const)(
    "asks by the issuer of the mesh for what its role signs, on %s",
    (controlPlane) => {
      const { istioCsr, proxyMetadata } = meshSettings({ ...base, controlPlane });
      expect(istioCsr["app"]).toEqual({
        certmanager: {
          namespace: "istio-system",
          issuer: { group: "cert-manager.io", kind: "Issuer", name: "mesh-workload" },
        },
        tls: {
          trustDomain: "cluster.local",
          rootCAFile: "/var/run/secrets/istio-csr/ca.pem",
          certificateDNSNames: ["cert-manager-istio-csr.cert-manager.svc"],
          istiodPrivateKeyAlgorithm: "ECDSA",
          istiodPrivateKeySize: 256,
        },
        server: { serving: { signatureAlgorithm: "ECDSA", certificateKeySize: 256 } },
      });
      expect(proxyMetadata).toEqual({ ECC_SIGNATURE_ALGORITHM: "ECDSA", ECC_CURVE: "P256" });
    },
  );

  it.each<[string, MeshArgs, string]>([
    [
      "the authority above",
      { ...base, certificates: mesh + above },
      "certificates must be of an authority below another, got CN=kubernetes",
    ],
    [
      "no certificate",
      { ...base, certificates: "" },
      "certificates must be those of the mesh, got none",
    ],
    [
      "a role without istio-csr's own name",
      {
        ...base,
        table: {
          ...table,
          authorities: table.authorities.map((authority) =>
            authority.name === "mesh"
              ? {
                  ...authority,
                  roles: authority.roles.map((role) => ({
                    ...role,
                    names: ["istiod.istio-system.svc"],
                  })),
                }
              : authority,
          ),
        },
      },
      "mesh/workload: names must have cert-manager-istio-csr.cert-manager.svc, got istiod.istio-system.svc",
    ],
  ])("fails with %s", (_what, args, message) => {
    expect(() => meshSettings(args)).toThrow(message);
  });
});
