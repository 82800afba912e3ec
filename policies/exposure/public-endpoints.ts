import { isPrivate } from "../addresses";
import type { Field, Resource, Stack } from "../model";
import { knownNetworks } from "../security-group-rules";
import { token } from "../tokens";

/** Something that AWS itself puts on the internet, past the network of the stack. */
export interface PublicEndpoint {
  resource: Resource;
  /** Whether it asks who is there before anything behind it can be reached, so that it may stand. */
  guarded: boolean;
  port: string;
  /** Networks that may come; none when it is private. */
  sources: string[];
  /** Fields on which it hangs while nobody knows. */
  unknown: Field[];
}

const everybody = ["0.0.0.0/0"];

export function publicEndpointsOf(stack: Stack): PublicEndpoint[] {
  return [
    ...stack.all(token.cluster).map(kubernetesApi),
    ...stack.all(token.clientVpnEndpoint).map(clientVpn),
    ...stack.all(token.openSearchDomain, token.elasticsearchDomain).map(searchDomain),
  ];
}

function kubernetesApi(cluster: Resource): PublicEndpoint {
  const flag = cluster.at("vpcConfig.endpointPublicAccess");
  const cidrs = cluster.each("vpcConfig.publicAccessCidrs");
  const unknown = [flag, ...cidrs].filter((field) => field.unknown);
  const endpoint = { resource: cluster, guarded: false, port: "HTTPS 443" };
  if (flag.text === "false") return { ...endpoint, sources: [], unknown: [] };
  const networks = cidrs.length === 0 ? everybody : knownNetworks(cidrs);
  return { ...endpoint, sources: networks.filter((cidr) => !isPrivate(cidr)), unknown };
}

/** Whoever connects shows a certificate or comes by an identity provider: there is no endpoint without either. */
function clientVpn(endpoint: Resource): PublicEndpoint {
  return {
    resource: endpoint,
    guarded: true,
    port: `VPN ${endpoint.at("vpnPort").text || "443"}`,
    sources: everybody,
    unknown: [],
  };
}

function searchDomain(domain: Resource): PublicEndpoint {
  const vpc = domain.at("vpcOptions");
  return {
    resource: domain,
    guarded: false,
    port: "HTTPS 443",
    sources: vpc.present ? [] : everybody,
    unknown: [],
  };
}
