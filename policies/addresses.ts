import { isIP } from "node:net";
import { containsCidr, mergeCidr, overlapCidr, parseCidr } from "cidr-tools";

/** Addresses that no one on the internet has: RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291. */
const privateNetworks = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "169.254.0.0/16",
  "fc00::/7",
  "fe80::/10",
];

/** The part of IPv6 that the internet uses: www.iana.org/assignments/ipv6-unicast-address-assignments */
const globalUnicast = parseCidr("2000::/3");

/**
 * The widest network that can still be one organisation's. 2^24 addresses are an IPv4 /8, the most that a registry
 * gave to anybody; 2^112 are an IPv6 /16, more than any allocation.
 */
const widest = { 4: 1n << 24n, 6: 1n << 112n } as const;
const halfTheWorld = { 4: 1n << 31n, 6: 1n << 124n } as const;

/** Whether the text is a network, such as 10.0.0.0/8. */
export function isNetwork(text: string): boolean {
  const [address = "", bits = ""] = text.split("/");
  const version = isIP(address);
  return version !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
}

/** Whether the network has only addresses that nobody on the internet has. */
export function isPrivate(cidr: string): boolean {
  return containsCidr(privateNetworks, cidr.trim());
}

/**
 * Whether networks together are as good as the internet: half of its addresses of one IP version, or a network that is
 * wider than any organisation's. Networks that add up count as one.
 */
export function coversWorld(cidrs: readonly string[]): boolean {
  const reachable = cidrs.map((cidr) => cidr.trim()).filter((cidr) => !isPrivate(cidr));
  if (reachable.length === 0) return false;
  const total = { 4: 0n, 6: 0n };
  for (const cidr of mergeCidr(reachable)) {
    const { version, start, end } = parseCidr(cidr);
    if (end - start + 1n > widest[version]) return true;
    total[version] += version === 6 ? sizeWithin(start, end) : end - start + 1n;
  }
  return total[4] >= halfTheWorld[4] || total[6] >= halfTheWorld[6];
}

function sizeWithin(start: bigint, end: bigint): bigint {
  const first = start > globalUnicast.start ? start : globalUnicast.start;
  const last = end < globalUnicast.end ? end : globalUnicast.end;
  return last < first ? 0n : last - first + 1n;
}

/** Whether the networks together contain the other one. */
export function isWithin(networks: readonly string[], cidr: string): boolean {
  return networks.length > 0 && containsCidr(mergeCidr([...networks]), cidr.trim());
}

export function overlap(a: readonly string[], b: readonly string[]): boolean {
  return a.length > 0 && b.length > 0 && overlapCidr([...a], [...b]);
}

/** Each so many of the addresses of a network of IPv4, or of as much of it as a VPC's network may have, a /16. */
export function* addressesIn(cidr: string, step = 1): Iterable<string> {
  const { version, start, end } = parseCidr(cidr);
  if (version === 6) return;
  const first = Number(start);
  const last = Math.min(Number(end), first + 65_535);
  for (let address = first; address <= last; address += step) {
    yield [24, 16, 8, 0].map((bits) => (address >>> bits) & 255).join(".");
  }
}
