import { addresses, cidrPattern, isPrivate, privateNetworks, specialPart } from "../cidr";
import { mostTrusted, mostTrustedAddresses } from "../limits";
import type { Fault } from "./faults";
import type { Fields } from "./fields";
import { ipv4Cidr, list, oneOf, unique } from "./forms";

/** How people reach the private API, and from where. */
export const accessFields = {
  accessMode: oneOf(["ssm", "ssh", "vpn", "direct"])
    .default("ssm")
    .describe(
      "How people reach the private API: ssm (Session Manager through a bastion), ssh (OpenSSH on a bastion with a public address), vpn (AWS Client VPN, with sign-in at an identity provider) or direct (from trustedCidrs by a network that is already joined to the VPC).",
    ),
  trustedCidrs: list(
    ipv4Cidr(8).meta({ pattern: cidrPattern(String.raw`[89]|[12]\d|3[0-2]`) }),
    1,
    "must be a list of at least one IPv4 CIDR",
  )
    .meta({ ...unique, maxItems: Math.max(...Object.values(mostTrusted)) })
    .describe(
      `Networks that people come from: in ssm mode the public addresses from which a session may be started, at most ${mostTrusted.ssm} networks; in ssh mode those from which SSH is open, at most ${mostTrusted.ssh}; in vpn mode those from which people may connect, at most ${mostTrusted.vpn}; in direct mode the private networks (RFC 1918 or RFC 6598) that may reach the API, at most ${mostTrusted.direct}.`,
    ),
};

/** Session Manager sees the public addresses of people, a joined network brings its private ones. */
export function trustedNetworksFitTheMode({ accessMode, trustedCidrs }: Partial<Fields>): Fault[] {
  if (!accessMode || !trustedCidrs) return [];
  const most = mostTrusted[accessMode];
  const faults = trustedCidrs.flatMap((cidr, i) => {
    const rule = accessMode === "direct" ? privateFault(cidr) : publicFault(cidr, accessMode);
    return rule === undefined ? [] : [{ path: `trustedCidrs[${i}]`, rule, value: cidr }];
  });
  if (trustedCidrs.length > most) {
    faults.push({
      path: "trustedCidrs",
      rule: `must be at most ${most} networks in ${accessMode} mode`,
      value: `${trustedCidrs.length} networks`,
    });
  }
  const total = addresses(trustedCidrs.filter((cidr) => specialPart(cidr) === undefined));
  if (total > mostTrustedAddresses) {
    faults.push({
      path: "trustedCidrs",
      rule: `must not add up to more than ${mostTrustedAddresses} public addresses, as many as a /8 has: name the networks that people come from`,
      value: `${total} addresses`,
    });
  }
  return faults;
}

function publicFault(cidr: string, accessMode: string): string | undefined {
  const special = specialPart(cidr);
  if (special === undefined) return undefined;
  return `must be public in ${accessMode} mode: nobody on the internet has an address of ${special}`;
}

function privateFault(cidr: string): string | undefined {
  if (isPrivate(cidr)) return undefined;
  return `must be within ${privateNetworks.join(", ")} in direct mode`;
}
