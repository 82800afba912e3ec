/** Servers of a stack. Three of them form a majority when a zone is gone. */
export const memberCount = 3;

/** Port of Vault's API. */
export const apiPort = 8200;

/**
 * What the active server alone answers with 200: a standby does with 429, one that is sealed or not set up with 503 or
 * 501 (developer.hashicorp.com/vault/api-docs/system/health).
 */
export const activePath = "/v1/sys/health";

/** Private DNS zone of a stack. */
export function privateZone(prefix: string): string {
  return `${prefix}.internal`;
}

/** Name by which everybody reaches Vault; logins are bound to it. */
export function vaultHost(prefix: string): string {
  return `vault.${privateZone(prefix)}`;
}

/** Port by which Vault's servers speak with each other. */
const clusterPort = 8201;

export interface ServerConfigArgs {
  /** Name of the node among its peers. It stays when the instance is replaced. */
  nodeId: string;
  /** Name by which peers and clients reach the node. */
  hostname: string;
  /** Address that the node listens on once it belongs to the cluster. */
  listenAddress: string;
  /** Names of all nodes, this one included. */
  peers: string[];
  /** Folder of what must outlive the instance, on a volume of its own. */
  dataFolder: string;
  /** Folder with the server's certificate and key (`server.crt`, `server.key`) and the CA that vouches for its peers (`ca.crt`). */
  tlsFolder: string;
  /** AWS region of the key. */
  region: string;
  /** ID, ARN or alias of the KMS key that unseals. Without it all that Vault holds is lost. */
  sealKey: string;
}

/** Mozilla's intermediate suites of TLS 1.2, by Go's names; those of TLS 1.3 cannot be chosen: wiki.mozilla.org/Security/Server_Side_TLS */
const cipherSuites = ["ECDSA", "RSA"]
  .flatMap((key) =>
    ["AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305"].map(
      (suite) => `TLS_ECDHE_${key}_WITH_${suite}`,
    ),
  )
  .join(",");

/** The files of a node, as texts of JSON, which Vault takes in place of HCL: developer.hashicorp.com/vault/docs/configuration */
export interface ServerConfig {
  /** What the server needs at all times. */
  server: string;
  /** Beside it, until the node belongs to the cluster: the API listens to this machine alone. */
  closed: string;
  /** Beside it from then on: the API listens to the network. */
  open: string;
}

/**
 * Settings of a Vault server with Raft storage that unseals itself by a KMS key.
 *
 * Each node has an address of its own, because a standby sends who asks for a snapshot to the active node's.
 */
export function serverConfig(args: ServerConfigArgs): ServerConfig {
  const { hostname, dataFolder, tlsFolder, region } = args;
  const listener = (address: string) => ({
    listener: {
      tcp: {
        address: `${address}:${apiPort}`,
        cluster_address: `${args.listenAddress}:${clusterPort}`,
        tls_cert_file: `${tlsFolder}/server.crt`,
        tls_key_file: `${tlsFolder}/server.key`,
        tls_min_version: "tls12",
        tls_cipher_suites: cipherSuites,
      },
    },
  });
  return {
    server: text({
      ui: false,
      // Integrated storage asks for a decision since Vault 1.20; without it swap must be off, which it is on the instances.
      disable_mlock: true,
      api_addr: `https://${hostname}:${apiPort}`,
      cluster_addr: `https://${hostname}:${clusterPort}`,
      storage: {
        raft: {
          path: `${dataFolder}/raft`,
          node_id: args.nodeId,
          retry_join: args.peers
            .filter((peer) => peer !== hostname)
            .map((peer) => ({
              leader_api_addr: `https://${peer}:${apiPort}`,
              leader_ca_cert_file: `${tlsFolder}/ca.crt`,
            })),
        },
      },
      seal: { awskms: { region, kms_key_id: args.sealKey } },
    }),
    closed: text(listener("127.0.0.1")),
    open: text(listener(args.listenAddress)),
  };
}

function text(settings: object): string {
  return `${JSON.stringify(settings, undefined, 2)}\n`;
}
