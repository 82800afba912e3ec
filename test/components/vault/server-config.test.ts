import { serverConfig } from "../../../components/vault/server-config";

const config = serverConfig({
  nodeId: "vault-1",
  hostname: "1.vault.internal",
  listenAddress: "0.0.0.0",
  peers: ["0.vault.internal", "1.vault.internal", "2.vault.internal"],
  dataFolder: "/data",
  tlsFolder: "/tls",
  region: "eu-west-1",
  sealKey: "alias/seal",
});
const parsed = (text: string) => JSON.parse(text) as Record<string, never>;
const listener = (text: string) =>
  (parsed(text) as unknown as { listener: { tcp: Record<string, string> } }).listener.tcp;

describe("serverConfig", () => {
  it("keeps data by Raft, joins the other servers by TLS, and unseals by the key", () => {
    expect(parsed(config.server)).toEqual({
      ui: false,
      disable_mlock: true,
      api_addr: "https://1.vault.internal:8200",
      cluster_addr: "https://1.vault.internal:8201",
      storage: {
        raft: {
          path: "/data/raft",
          node_id: "vault-1",
          retry_join: ["0", "2"].map((peer) => ({
            leader_api_addr: `https://${peer}.vault.internal:8200`,
            leader_ca_cert_file: "/tls/ca.crt",
          })),
        },
      },
      seal: { awskms: { region: "eu-west-1", kms_key_id: "alias/seal" } },
    });
  });

  it("listens to its own machine alone until it belongs to the cluster", () => {
    expect(listener(config.closed)["address"]).toBe("127.0.0.1:8200");
    expect(listener(config.open)["address"]).toBe("0.0.0.0:8200");
  });

  it.each(["closed", "open"] as const)(
    "speaks TLS by Mozilla's intermediate suites, %s",
    (name) => {
      const { tls_min_version: least, tls_cipher_suites: suites, ...rest } = listener(config[name]);
      expect(least).toBe("tls12");
      expect(suites?.split(",")).toHaveLength(6);
      expect(suites?.split(",").every((suite) => /^TLS_ECDHE_.*(GCM|POLY1305)/.test(suite))).toBe(
        true,
      );
      expect(rest).not.toHaveProperty("tls_disable");
    },
  );
});
