import { overlapCidr } from "cidr-tools";
import { planSubnets } from "../../components/aws/subnets";
import { cidrPattern, isPrivate, privateNetworks } from "../cidr";
import type { Fault } from "./faults";
import type { Fields } from "./fields";
import { ipv4Cidr, list, oneOf, text, unique } from "./forms";

/** The VPC. */
export const networkFields = {
  zones: list(
    // No region has more than six zones; which letters an account has differs in the oldest regions:
    // docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html
    text(
      /^[a-z]{2}(-[a-z]+)+-\d[a-f]$/,
      "must be an availability zone such as eu-west-1a: its region and a letter from a to f",
    ),
    3,
    "must be a list of 3 or 4 availability zones",
  )
    .max(4, "must be a list of 3 or 4 availability zones")
    .meta(unique)
    .describe(
      "Availability zones, 3 or 4: Vault has a server in each of the first three. Append to extend: the order decides the CIDR of each zone's subnets.",
    ),
  cidr: ipv4Cidr()
    .meta({ pattern: cidrPattern("1[6-9]") })
    .describe("IPv4 CIDR of the VPC, private (RFC 1918 or RFC 6598), /16 to /19."),
  natMode: oneOf(["zonal", "single", "regional"])
    .default("zonal")
    .describe(
      "NAT: zonal (a gateway per zone), single (one gateway, cheaper, lost with its zone) or regional (one gateway that AWS spreads over the zones).",
    ),
};

export function zonesAreOfTheRegion({ region, zones }: Partial<Fields>): Fault[] {
  if (!region || !zones) return [];
  return zones.flatMap((zone, i) =>
    zone.slice(0, -1) === region
      ? []
      : [{ path: `zones[${i}]`, rule: `must be in the region ${region}`, value: zone }],
  );
}

// EKS takes this for Services of every cluster of this project (components/aws/cluster.ts).
export const serviceCidr = "172.20.0.0/16";

export function vpcHasRoom({ cidr, zones, accessMode, trustedCidrs }: Partial<Fields>): Fault[] {
  if (!cidr) return [];
  const faults: Fault[] = [];
  const refuse = (rule: string) => faults.push({ path: "cidr", rule, value: cidr });
  // A VPC with public addresses would shadow their owners.
  if (!isPrivate(cidr)) {
    refuse(`must be within ${privateNetworks.join(", ")}`);
  }
  if (overlapCidr(cidr, serviceCidr))
    refuse(`must not overlap ${serviceCidr}, the addresses of Services`);
  try {
    planSubnets(cidr, zones ?? []);
  } catch (error) {
    refuse((error as Error).message);
  }
  for (const [i, trusted] of (accessMode === "direct" ? (trustedCidrs ?? []) : []).entries()) {
    if (overlapCidr(cidr, trusted)) {
      faults.push({
        path: `trustedCidrs[${i}]`,
        rule: `must not overlap the VPC's cidr ${cidr}`,
        value: trusted,
      });
    }
  }
  return faults;
}
