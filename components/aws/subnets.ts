import { parseCidr } from "cidr-tools";

/** The CIDRs of one availability zone. */
export interface ZoneSubnets {
  /** Availability zone, for example eu-west-1a. */
  zone: string;
  /** Internet-facing load balancer and NAT gateways: 1/256 of the VPC. */
  public: string;
  /** Nodes and, with the VPC CNI, pods: 1/8 of the VPC. */
  nodes: string;
  /** Control plane interfaces, VPC endpoints, data stores: 1/256 of the VPC. */
  data: string;
}

const maxZones = 4;
// Of 8 equal blocks the first ones are the nodes' subnets; the last one is cut into 32 for the small tiers.
const nodeBits = 3;
const smallBits = 8;
const lastBlock = 7n * 32n;
const dataOffset = 16n;

/**
 * Cuts the VPC's CIDR into the subnets of each zone.
 *
 * A zone's subnets depend on its place in the list only, so a zone that is appended moves no other.
 *
 * @param cidr IPv4 CIDR of the VPC, /16 (the largest that AWS offers) to /19: below that the small subnets would be
 * smaller than the /27 that an application load balancer needs
 * (docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html).
 * @param zones at most 4.
 * @throws Error whose message is the rule that was broken.
 */
export function planSubnets(cidr: string, zones: string[]): ZoneSubnets[] {
  const { start, prefix } = parseCidr(cidr);
  const vpcBits = Number(prefix);
  if (vpcBits < 16 || vpcBits > 19) throw new Error("must be from /16 to /19");
  if (zones.length > maxZones) throw new Error(`must be shared by at most ${maxZones} zones`);
  const block = (bits: number, index: bigint) => {
    const size = 1n << BigInt(32 - vpcBits - bits);
    return `${dotted(start + index * size)}/${vpcBits + bits}`;
  };
  return zones.map((zone, position) => {
    const index = BigInt(position);
    return {
      zone,
      public: block(smallBits, lastBlock + index),
      nodes: block(nodeBits, index),
      data: block(smallBits, lastBlock + dataOffset + index),
    };
  });
}

/**
 * Address at which every VPC answers DNS: its network address plus two
 * (docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html).
 *
 * @param cidr IPv4 CIDR of the VPC.
 */
export function resolverAddress(cidr: string): string {
  return dotted(parseCidr(cidr).start + 2n);
}

function dotted(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 255n)).join(".");
}
