/** The security groups of a stack. */
export type GroupName =
  | "api"
  | "nodes"
  | "endpoints"
  | "bastion"
  | "vpn"
  | "entry"
  | "log-store"
  | "log-delivery"
  | "vault"
  | "vault-door";

/**
 * Who a rule speaks of: a group, the S3 gateway endpoint, the internet, the networks that people come from, or the
 * networks whose requests the entry takes.
 */
export type Peer = GroupName | "s3" | "internet" | "trusted" | "clients";

export interface Flow {
  /** Group that the rule belongs to. */
  on: GroupName;
  direction: "ingress" | "egress";
  /** The other end. */
  peer: Peer;
  /** TCP port, or every protocol and port. */
  port: number | "all";
  why: string;
}

/** How people reach the private API. */
export type AccessMode = "ssm" | "ssh" | "vpn" | "direct";

const flow =
  (direction: Flow["direction"]) =>
  (on: GroupName, peer: Peer, port: Flow["port"], why: string): Flow => ({
    on,
    direction,
    peer,
    port,
    why,
  });
const from = flow("ingress");
const to = flow("egress");

/** Who may talk to whom, on which port, and why. One row is one security group rule; what has no row is closed. */
const always: Flow[] = [
  from("api", "nodes", 443, "kubelets and pods call the Kubernetes API"),
  to("nodes", "api", 443, "kubelets and pods call the Kubernetes API"),
  to("api", "nodes", 10250, "API calls kubelets for logs, exec and metrics"),
  from("nodes", "api", 10250, "API calls kubelets for logs, exec and metrics"),
  from("nodes", "nodes", "all", "pods of different nodes; network policies narrow it"),
  to("nodes", "nodes", "all", "pods of different nodes; network policies narrow it"),
  from("endpoints", "nodes", 443, "nodes call AWS APIs inside the VPC"),
  to("nodes", "endpoints", 443, "nodes call AWS APIs inside the VPC"),
  to("nodes", "s3", 443, "image layers come from S3"),
  from("log-store", "nodes", 443, "fluentd writes logs"),
  to("nodes", "log-store", 443, "fluentd writes logs"),
  from("log-store", "log-delivery", 443, "logs come by Firehose, and a function sets the store up"),
  to("log-delivery", "log-store", 443, "logs come by Firehose, and a function sets the store up"),
  from("vault-door", "nodes", 8200, "cert-manager and agents on nodes ask Vault for certificates"),
  to("nodes", "vault-door", 8200, "cert-manager and agents on nodes ask Vault for certificates"),
  to("vault-door", "vault", 8200, "connections to Vault are passed on"),
  from("vault", "vault-door", 8200, "connections to Vault are passed on"),
  from("vault", "vault", 8200, "servers of Vault join, and send clients to the active one"),
  to("vault", "vault", 8200, "servers of Vault join, and send clients to the active one"),
  from("vault", "vault", 8201, "servers of Vault keep the same data"),
  to("vault", "vault", 8201, "servers of Vault keep the same data"),
  from("endpoints", "vault", 443, "servers of Vault unseal, and fetch their files"),
  to("vault", "endpoints", 443, "servers of Vault unseal, and fetch their files"),
  from("api", "vault", 443, "Vault asks the cluster whose token of a service account it is"),
  to("vault", "api", 443, "Vault asks the cluster whose token of a service account it is"),
  to("vault", "s3", 443, "snapshots go to S3, packages of Amazon Linux come from there"),
  to(
    "vault",
    "internet",
    443,
    "the package of Vault, and IAM, which has no endpoint here, through NAT",
  ),
  to("nodes", "internet", 443, "images and AWS APIs without an endpoint, through NAT"),
  from("entry", "clients", 443, "requests from the internet, over TLS"),
  from("entry", "clients", 80, "redirect to HTTPS, and nothing else"),
  to("entry", "nodes", 8443, "requests go on to the mesh gateway"),
  from("nodes", "entry", 8443, "requests go on to the mesh gateway"),
  to("entry", "nodes", 15021, "health of the mesh gateway"),
  from("nodes", "entry", 15021, "health of the mesh gateway"),
];

const throughTheBastion: Flow[] = [
  from("api", "bastion", 443, "people reach the Kubernetes API through the bastion"),
  to("bastion", "api", 443, "people reach the Kubernetes API through the bastion"),
  from("vault-door", "bastion", 8200, "people and the deployer reach Vault through the bastion"),
  to("bastion", "vault-door", 8200, "people and the deployer reach Vault through the bastion"),
];

const bySessionManager: Flow[] = [
  ...throughTheBastion,
  from("log-store", "bastion", 443, "people search logs from a shell on the bastion"),
  to("bastion", "log-store", 443, "people search logs from a shell on the bastion"),
  from("endpoints", "bastion", 443, "Session Manager, its keys and its logs"),
  to("bastion", "endpoints", 443, "Session Manager, its keys and its logs"),
];

// An account has no shell, and its tunnels lead to the Kubernetes API and to Vault alone (ssh-user-data.ts).
const bySsh: Flow[] = [
  ...throughTheBastion,
  from("endpoints", "bastion", 443, "the bastion tells its host keys, takes its address and logs"),
  to("bastion", "endpoints", 443, "the bastion tells its host keys, takes its address and logs"),
  to("bastion", "s3", 443, "packages of Amazon Linux come from S3"),
  from("bastion", "trusted", 22, "people come to the bastion by SSH from trusted networks"),
];

// Names are looked up at the VPC's resolver, to which no security group speaks:
// docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
const byVpn: Flow[] = [
  from("api", "vpn", 443, "people reach the Kubernetes API through the VPN"),
  to("vpn", "api", 443, "people reach the Kubernetes API through the VPN"),
  from("log-store", "vpn", 443, "people search logs through the VPN"),
  to("vpn", "log-store", 443, "people search logs through the VPN"),
  from("vault-door", "vpn", 8200, "people and the deployer reach Vault through the VPN"),
  to("vpn", "vault-door", 8200, "people and the deployer reach Vault through the VPN"),
];

const fromJoinedNetworks: Flow[] = [
  from("api", "trusted", 443, "people reach the Kubernetes API from a joined network"),
  from("log-store", "trusted", 443, "people search logs from a joined network"),
  from("vault-door", "trusted", 8200, "people and the deployer reach Vault from a joined network"),
];

const byMode: Record<AccessMode, Flow[]> = {
  ssm: bySessionManager,
  ssh: bySsh,
  vpn: byVpn,
  direct: fromJoinedNetworks,
};

/** The flows of an access mode. */
export function flows(accessMode: AccessMode): Flow[] {
  return [...always, ...byMode[accessMode]];
}
