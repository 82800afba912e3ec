import { containsCidr, mergeCidr, overlapCidr, parseCidr } from "cidr-tools";

const octet = String.raw`(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)`;

/** Regular expression of an IPv4 CIDR whose prefix is one of `prefixes`, a regular expression too. */
export function cidrPattern(prefixes: string): string {
  return String.raw`^${octet}(\.${octet}){3}\/(${prefixes})$`;
}

const form = new RegExp(cidrPattern(String.raw`\d|[12]\d|3[0-2]`));

/** What is wrong with an IPv4 CIDR, or nothing. */
export function cidrFault(value: string): string | undefined {
  if (!form.test(value)) return "must be an IPv4 CIDR such as 203.0.113.0/24";
  const [network] = mergeCidr([value]);
  if (network !== value) return `must start at its network address, ${network ?? ""}`;
  return undefined;
}

/** RFC 1918 and RFC 6598: what a VPC may have of its own, and what may be joined to it. */
export const privateNetworks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];

/**
 * What AWS never sees as the source of a call from the internet: what is not globally reachable in
 * www.iana.org/assignments/iana-ipv4-special-registry, and multicast. The networks of examples (RFC 5737) are not in
 * the list: nobody has them, and stack files start from them.
 */
const neverPublic = [
  ...privateNetworks,
  "0.0.0.0/8",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "192.0.0.0/24",
  "198.18.0.0/15",
  "224.0.0.0/4",
  "240.0.0.0/4",
];

export function isPrivate(cidr: string): boolean {
  return privateNetworks.some((network) => containsCidr(network, cidr));
}

/** The network of special purpose that a CIDR has a part in, or nothing. */
export function specialPart(cidr: string): string | undefined {
  return neverPublic.find((network) => overlapCidr(network, cidr));
}

/** The addresses of the CIDRs together, each counted once. */
export function addresses(cidrs: string[]): bigint {
  return mergeCidr(cidrs).reduce((sum, cidr) => {
    const { start, end } = parseCidr(cidr);
    return sum + end - start + 1n;
  }, 0n);
}
