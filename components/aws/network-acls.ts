import { flows } from "./flows";

/** One entry of a network access list. Lists keep no state, so every flow needs an entry each way. */
export interface AclRule {
  ruleNo: number;
  action: "allow";
  protocol: "tcp" | "-1";
  cidrBlock: string;
  fromPort: number;
  toPort: number;
}

export interface AclRules {
  ingress: AclRule[];
  egress: AclRule[];
}

const world = "0.0.0.0/0";
const everything = { protocol: "-1", fromPort: 0, toPort: 0 } as const;
const tcp = (fromPort: number, toPort = fromPort) =>
  ({ protocol: "tcp", fromPort, toPort }) as const;

/** Ports that Linux clients answer on (net.ipv4.ip_local_port_range of Bottlerocket and Amazon Linux). */
const linuxClients = tcp(32768, 60999);
/** Ports of NAT gateways, load balancers and clients of all kinds: docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports */
const anyClients = tcp(1024, 65535);

/** Numbers the entries by tens, so that an emergency entry fits in between. */
function numbered(entries: Omit<AclRule, "ruleNo" | "action">[]): AclRule[] {
  return entries.map((entry, i) => ({ ruleNo: (i + 1) * 10, action: "allow", ...entry }));
}

/**
 * Public subnets: HTTPS and its redirect come in for the load balancer, SSH from named networks for a bastion, and NAT
 * gateways talk HTTPS to the internet.
 */
export function publicAclRules(vpcCidr: string, sshCidrs: string[]): AclRules {
  return {
    ingress: numbered([
      { ...everything, cidrBlock: vpcCidr },
      { ...tcp(443), cidrBlock: world },
      { ...tcp(80), cidrBlock: world },
      { ...anyClients, cidrBlock: world },
      ...sshCidrs.map((cidrBlock) => ({ ...tcp(22), cidrBlock })),
    ]),
    egress: numbered([
      { ...everything, cidrBlock: vpcCidr },
      { ...tcp(443), cidrBlock: world },
      { ...anyClients, cidrBlock: world },
    ]),
  };
}

/** Ports on which networks that are joined to the VPC reach something by themselves. */
const joinedPorts = [
  ...new Set(
    flows("direct").flatMap(({ peer, port }) =>
      peer === "trusted" && port !== "all" ? [port] : [],
    ),
  ),
];

/** Private subnets: the VPC itself, HTTPS to the internet through NAT, and networks joined to the VPC as clients. */
export function privateAclRules(vpcCidr: string, joinedCidrs: string[]): AclRules {
  return {
    ingress: numbered([
      { ...everything, cidrBlock: vpcCidr },
      { ...linuxClients, cidrBlock: world },
      ...joinedCidrs.flatMap((cidrBlock) =>
        joinedPorts.map((port) => ({ ...tcp(port), cidrBlock })),
      ),
    ]),
    egress: numbered([
      { ...everything, cidrBlock: vpcCidr },
      { ...tcp(443), cidrBlock: world },
      ...joinedCidrs.map((cidrBlock) => ({ ...anyClients, cidrBlock })),
    ]),
  };
}
