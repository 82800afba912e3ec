import { isPrivate } from "../addresses";
import type { Finding, Resource, Stack } from "../model";
import { knownNetworks } from "../security-group-rules";
import { token } from "../tokens";
import { hostedEndpointsOf } from "./hosted-endpoints";

/** Something that AWS itself puts on the internet, past the network of the stack. */
export interface PublicEndpoint {
  resource: Resource;
  kind: "Kubernetes API" | "VPN" | "search domain" | "service of AWS";
  port: string;
  /** Networks that may come; none when it is private. */
  sources: string[];
  /** What it leads into, by name. @default - nothing of the network */
  into?: string[];
  /** What it hangs on while nobody knows. */
  doubts: Finding[];
}

const everybody = ["0.0.0.0/0"];

export function publicEndpointsOf(stack: Stack): PublicEndpoint[] {
  return [
    ...stack.all(token.cluster).map(kubernetesApi),
    ...stack.all(token.clientVpnEndpoint).map((endpoint) => clientVpn(endpoint, stack)),
    ...stack.all(token.openSearchDomain, token.elasticsearchDomain).map(searchDomain),
    ...hostedEndpointsOf(stack),
  ];
}

function kubernetesApi(cluster: Resource): PublicEndpoint {
  const flag = cluster.at("vpcConfig.endpointPublicAccess");
  const cidrs = cluster.each("vpcConfig.publicAccessCidrs");
  const doubts = [flag, ...cidrs]
    .filter((field) => field.unknown)
    .map((field) => field.undecided());
  const endpoint = { resource: cluster, kind: "Kubernetes API", port: "HTTPS 443" } as const;
  if (flag.text === "false") return { ...endpoint, sources: [], doubts: [] };
  const networks = cidrs.length === 0 ? everybody : knownNetworks(cidrs);
  return { ...endpoint, sources: networks.filter((cidr) => !isPrivate(cidr)), doubts };
}

/** It answers to everybody, and finds out then who is there: no security group stands before it. */
function clientVpn(endpoint: Resource, stack: Stack): PublicEndpoint {
  const subnets = stack
    .users(endpoint, [token.clientVpnAssociation], "clientVpnEndpointId")
    .flatMap((one) => stack.refs(one.at("subnetId"), [token.subnet, token.defaultSubnet]).found);
  return {
    resource: endpoint,
    kind: "VPN",
    port: `VPN ${endpoint.at("vpnPort").text || "443"}`,
    sources: everybody,
    into: subnets.map(({ name }) => `subnet ${name}`),
    doubts: [],
  };
}

function searchDomain(domain: Resource): PublicEndpoint {
  const vpc = domain.at("vpcOptions");
  return {
    resource: domain,
    kind: "search domain",
    port: "HTTPS 443",
    sources: vpc.present ? [] : everybody,
    doubts: [],
  };
}
