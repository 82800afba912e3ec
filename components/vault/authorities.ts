/** Who operates the control plane: AWS, or this stack on instances of its own. */
export type ControlPlane = "eks" | "self-managed";

/**
 * Who logs in to Vault. A node is an EC2 instance that proves its IAM role and, by the name of its session, which
 * instance it is; a service account is one of the cluster, named with the audience that its tokens must be for.
 */
export type Identity =
  { kind: "node" } | { kind: "serviceAccount"; namespace: string; name: string; audience: string };

/** What may be in a certificate, who may ask for it and how long it lives. */
export interface RoleData {
  /** Name, unique within the authority: lower-case letters, digits and hyphens. */
  name: string;
  /** Control planes that need it; in the others nobody can ask for such a certificate. */
  controlPlanes: readonly ControlPlane[];
  /** Identities that may use it. */
  users: readonly string[];
  /** `client` proves who calls, `server` who answers, `peer` both. */
  usage: "client" | "server" | "peer";
  /**
   * Common and DNS names, each as a whole: `{node}` stands for the name of the instance that asks, `{domain}` for the
   * private zone of the stack. A leading `*.` allows any name below. @default - none
   */
  names?: readonly string[];
  /** URIs; `*` stands for any text. @default - none */
  uris?: readonly string[];
  /** Organization of the subject, which Kubernetes reads as a group. @default - none */
  organization?: string;
  /** Whether it may hold IP addresses, and then any: Vault cannot limit them. @default false */
  ipAddresses?: boolean;
  /** Longest life, and that of who asks for none, in days, 1 to 30. @default 7 */
  days?: number;
}

/** A certificate authority: a mount of Vault's with a key that never leaves it. */
export interface AuthorityData {
  /** Name, unique: lower-case letters, digits and hyphens. */
  name: string;
  /** The authority that signs it. @default - it signs itself */
  parent?: string;
  /** Life of its certificate in days, 3650 at most and less than its parent's. */
  days: number;
  roles: readonly RoleData[];
  /** Who verifies certificates with its own, and has to take another when it is rotated. */
  reliedOnBy: readonly RelyingParty[];
}

/** Somebody who verifies certificates with that of an authority. */
interface RelyingParty {
  name: string;
  controlPlanes: readonly ControlPlane[];
  /** How another certificate is taken: `reload` by itself, once its file has it; `restart` when it starts. */
  takesBy: "reload" | "restart";
  /** What that means for who runs the platform. */
  how: string;
}

export interface AuthoritiesTable {
  identities: Readonly<Record<string, Identity>>;
  authorities: readonly AuthorityData[];
}

const selfManaged = ["self-managed"] as const;
const eks = ["eks"] as const;

/**
 * Every certificate that Vault issues. What is not here cannot be had: a change of this table is a change of who can be
 * whom, and is reviewed as such.
 *
 * Nodes get a certificate for their own name alone. The exceptions are names of the cluster's own: those that all nodes
 * share as clients, and those of the API server, which nodes of the control plane serve.
 */
export const authoritiesTable: AuthoritiesTable = {
  identities: {
    etcd: { kind: "node" },
    "control-plane": { kind: "node" },
    worker: { kind: "node" },
    // cert-manager asks for these audiences; one with a namespace is of Issuers there, one without of ClusterIssuers:
    // cert-manager.io/docs/configuration/vault/#secretless-authentication-with-a-service-account
    calico: {
      kind: "serviceAccount",
      namespace: "tigera-operator",
      name: "vault-issuer",
      audience: "vault://tigera-operator/vault-issuer",
    },
    mesh: {
      kind: "serviceAccount",
      namespace: "istio-system",
      name: "vault-issuer",
      audience: "vault://istio-system/vault-issuer",
    },
    services: {
      kind: "serviceAccount",
      namespace: "cert-manager",
      name: "vault-issuer",
      audience: "vault://vault-issuer",
    },
  },
  authorities: [
    {
      name: "kubernetes",
      days: 3650,
      // Names and groups: kubernetes.io/docs/setup/best-practices/certificates/
      reliedOnBy: [
        // Of the authorities in its flags it reloads those of clients: github.com/kubernetes/kubernetes/pull/83579
        {
          name: "kube-apiserver",
          controlPlanes: selfManaged,
          takesBy: "restart",
          how: "one server after the other; it does not reload the authority of kubelets",
        },
        // client-go reloads an authority from its file since Kubernetes 1.36: github.com/kubernetes/kubernetes/pull/132922
        {
          name: "kube-controller-manager, kube-scheduler, kube-proxy and kubelet",
          controlPlanes: selfManaged,
          takesBy: "restart",
          how: "by Vault Agent where they are units of `restarts`, else node by node",
        },
        {
          name: "pods that call the API",
          controlPlanes: selfManaged,
          takesBy: "restart",
          how: "kubectl rollout restart, once the ConfigMap kube-root-ca.crt of their namespace has changed",
        },
        {
          name: "webhook configurations and APIServices",
          controlPlanes: eks,
          takesBy: "reload",
          how: "the API server reads what their caBundle says",
        },
        {
          name: "pods that call services with a certificate of it",
          controlPlanes: eks,
          takesBy: "restart",
          how: "kubectl rollout restart",
        },
      ],
      roles: [
        {
          name: "kube-apiserver",
          controlPlanes: selfManaged,
          users: ["control-plane"],
          usage: "server",
          names: [
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
            "api.{domain}",
            "{node}",
            "localhost",
          ],
          // Pods reach the API by the address of its service, which their client checks.
          ipAddresses: true,
        },
        {
          name: "kube-apiserver-kubelet-client",
          controlPlanes: selfManaged,
          users: ["control-plane"],
          usage: "client",
          names: ["kube-apiserver-kubelet-client"],
        },
        {
          name: "kube-controller-manager",
          controlPlanes: selfManaged,
          users: ["control-plane"],
          usage: "client",
          names: ["system:kube-controller-manager"],
        },
        {
          name: "kube-scheduler",
          controlPlanes: selfManaged,
          users: ["control-plane"],
          usage: "client",
          names: ["system:kube-scheduler"],
        },
        {
          name: "kube-proxy",
          controlPlanes: selfManaged,
          users: ["control-plane", "worker"],
          usage: "client",
          names: ["system:kube-proxy"],
        },
        {
          name: "kubelet",
          controlPlanes: selfManaged,
          users: ["control-plane", "worker"],
          usage: "client",
          names: ["system:node:{node}"],
          organization: "system:nodes",
        },
        {
          name: "kubelet-server",
          controlPlanes: selfManaged,
          users: ["control-plane", "worker"],
          usage: "server",
          names: ["{node}"],
        },
        {
          name: "services",
          // Where the API server has a certificate of this authority, these names would include its own.
          controlPlanes: eks,
          users: ["services"],
          usage: "server",
          names: ["*.svc", "*.svc.cluster.local"],
        },
      ],
    },
    {
      name: "front-proxy",
      // The API server trusts this authority alone for `--requestheader-client-ca-file`, never the one above it.
      parent: "kubernetes",
      days: 1825,
      reliedOnBy: [
        // github.com/kubernetes/kubernetes/pull/83579 and github.com/kubernetes/kubernetes/pull/85004
        {
          name: "kube-apiserver and API servers behind it",
          controlPlanes: selfManaged,
          takesBy: "reload",
          how: "from the file of --requestheader-client-ca-file",
        },
      ],
      roles: [
        {
          name: "front-proxy-client",
          controlPlanes: selfManaged,
          users: ["control-plane"],
          usage: "client",
          names: ["front-proxy-client"],
        },
      ],
    },
    {
      name: "mesh",
      // The mesh trusts this authority alone, never the one above it (`meshSettings`): that one's role for services gives
      // the name of istiod as well.
      parent: "kubernetes",
      days: 1825,
      reliedOnBy: [
        // github.com/cert-manager/istio-csr/issues/64 and github.com/istio/istio/issues/30947
        {
          name: "istio-csr, istiod and all pods of the mesh",
          controlPlanes: ["eks", "self-managed"],
          takesBy: "restart",
          how: "kubectl rollout restart, in this order",
        },
      ],
      roles: [
        {
          name: "workload",
          controlPlanes: ["eks", "self-managed"],
          users: ["mesh"],
          usage: "peer",
          // istio-csr asks by one issuer for workloads, for istiod and, without a common name, for itself:
          // github.com/cert-manager/istio-csr/issues/80
          names: ["istiod.istio-system.svc", "cert-manager-istio-csr.cert-manager.svc"],
          uris: ["spiffe://cluster.local/ns/*/sa/*"],
          days: 1,
        },
      ],
    },
    {
      name: "etcd-k8s",
      days: 3650,
      // etcd.io/docs/v3.6/op-guide/security/: a member is server and client of the others.
      reliedOnBy: [
        // It reads authorities when it starts: github.com/etcd-io/etcd/issues/11555
        {
          name: "members of etcd",
          controlPlanes: selfManaged,
          takesBy: "restart",
          how: "one member after the other, each when the one before is healthy",
        },
        {
          name: "kube-apiserver",
          controlPlanes: selfManaged,
          takesBy: "restart",
          how: "one server after the other",
        },
      ],
      roles: [
        {
          name: "member",
          controlPlanes: selfManaged,
          users: ["etcd"],
          usage: "peer",
          names: ["{node}", "localhost"],
        },
        {
          name: "client",
          controlPlanes: selfManaged,
          users: ["control-plane"],
          usage: "client",
          names: ["kube-apiserver-etcd-client"],
        },
      ],
    },
    {
      name: "etcd-overlay",
      days: 3650,
      reliedOnBy: [
        {
          name: "members of etcd",
          controlPlanes: selfManaged,
          takesBy: "restart",
          how: "one member after the other, each when the one before is healthy",
        },
        // docs.tigera.io/calico-enterprise/latest/getting-started/bare-metal/typha-node-tls: caBundle takes several.
        {
          name: "Typha and calico-node",
          controlPlanes: ["eks", "self-managed"],
          takesBy: "restart",
          how: "node by node; on EKS once caBundle of the ConfigMap typha-ca has changed",
        },
      ],
      roles: [
        {
          name: "member",
          controlPlanes: selfManaged,
          users: ["etcd"],
          usage: "peer",
          names: ["{node}", "localhost"],
        },
        {
          name: "client",
          controlPlanes: selfManaged,
          users: ["control-plane", "worker"],
          usage: "client",
          names: ["calico"],
        },
        // The names and usages that the operator's secrets must have; Calico's own edition has the same operator:
        // docs.tigera.io/calico-enterprise/latest/operations/comms
        {
          name: "typha",
          controlPlanes: eks,
          users: ["calico"],
          usage: "peer",
          names: ["typha-server"],
        },
        {
          name: "felix",
          controlPlanes: eks,
          users: ["calico"],
          usage: "peer",
          names: ["typha-client"],
        },
      ],
    },
  ],
};
