import type { Resource, Stack } from "./model";
import { token } from "./tokens";
import type { Truth } from "./truth";

export const loadBalancerTypes = [
  token.loadBalancer,
  token.loadBalancerAlb,
  token.loadBalancerClassic,
];

/** Whether a load balancer has public addresses: it does unless it says otherwise. */
export function facesInternet(balancer: Resource): Truth {
  const internal = balancer.at("internal");
  return internal.unknown ? undefined : internal.text !== "true";
}

/** What else a security group can protect, and where it says so. */
const otherUses: [type: string, path: string][] = [
  [token.instance, "vpcSecurityGroupIds"],
  [token.launchTemplate, "vpcSecurityGroupIds"],
  [token.networkInterface, "securityGroups"],
  [token.vpcEndpoint, "securityGroupIds"],
  [token.cluster, "vpcConfig.securityGroupIds"],
  [token.searchDomain, "vpcOptions.securityGroupIds"],
];

/** Whether a security group protects public load balancers and, as far as the stack shows, nothing else. */
export function isPublicLoadBalancers(group: Resource, stack: Stack): boolean {
  const balancers = stack.users(group, loadBalancerTypes, "securityGroups");
  return (
    balancers.length > 0 &&
    balancers.every((balancer) => balancer.at("internal").value !== true) &&
    otherUses.every(([type, path]) => stack.users(group, [type], path).length === 0) &&
    !stack
      .all(token.launchTemplate)
      .flatMap((template) => template.each("networkInterfaces"))
      .some((card) => stack.refs(card.at("securityGroups"), [group.type]).found.includes(group))
  );
}
