import { overlapCidr } from "cidr-tools";
import { z } from "zod";
import { cidrFault, cidrPattern, isPrivate, privateNetworks } from "../cidr";
import { mostVpnGroups } from "../limits";
import { certificateArn, certificateIsOfTheStack } from "./certificates";
import { repeats, type Fault } from "./faults";
import type { Fields } from "./fields";
import { accountOf, ipv4Cidr, list, text, unique } from "./forms";
import { serviceCidr } from "./network";

/** Of those that AWS offers (8, 10, 12 and 24), what a working day takes: docs.aws.amazon.com/vpn/latest/clientvpn-admin/cvpn-working-max-duration.html */
const sessionHours = [8, 10, 12] as const;

const sizeRule = "must be from /12 to /22";
const clientCidr = ipv4Cidr()
  .superRefine((value, issues) => {
    const bits = Number(value.split("/")[1]);
    if (cidrFault(value) !== undefined || (bits >= 12 && bits <= 22)) return;
    issues.addIssue({ code: "custom", message: sizeRule });
  })
  .meta({ pattern: cidrPattern("1[2-9]|2[0-2]") });

/** The length is AWS' (docs.aws.amazon.com/vpn/latest/clientvpn-admin/limits.html); its provider keeps the comma to itself. */
const group = text(
  /^(?! )(?!.*( $|::))[ -)+\--~]{1,255}$/,
  "must be a group as the identity provider names it: 1 to 255 printable ASCII characters, without commas, asterisks, :: and outer spaces",
);

export const vpnSchema = z
  .strictObject(
    {
      clientCidr: clientCidr.describe(
        "Private network of which people's machines get addresses, /12 to /22, apart from the VPC, twice as many as people. A change replaces the VPN.",
      ),
      serverCertificateArn: certificateArn.describe(
        "Certificate by which people's machines know the VPN, in region and account of the stack.",
      ),
      samlProviderArn: text(
        /^arn:aws:iam::\d{12}:saml-provider\/[\w+=,.@-]{1,128}$/,
        "must be the ARN of a SAML provider such as arn:aws:iam::111122223333:saml-provider/people",
      ).describe(
        "IAM SAML provider of the account of the stack, at which people sign in, with MFA there.",
      ),
      groups: list(group, 1, "must be a list of at least one group")
        .max(mostVpnGroups, `must be a list of at most ${mostVpnGroups} groups`)
        .meta(unique)
        .describe("Groups whose members may come, as the identity provider names them."),
      sessionHours: z
        .literal(sessionHours, `must be one of ${sessionHours.join(", ")}`)
        .default(8)
        .describe("Hours after which people have to sign in again."),
      zones: list(z.string("must be a zone of the stack"), 1, "must be a list of at least one zone")
        .meta(unique)
        .optional()
        .describe("Zones through which people come; each costs by the hour. Default: all."),
    },
    "must be a map with clientCidr, serverCertificateArn, samlProviderArn and groups",
  )
  .optional()
  .describe("The Client VPN of vpn mode, and of no other mode.");

export function vpnFitsTheMode(config: Partial<Fields>): Fault[] {
  const { accessMode, vpn } = config;
  // What is there but malformed is not missing.
  if (!accessMode || !Object.hasOwn(config, "vpn")) return [];
  if (accessMode === "vpn") return vpn ? [] : [{ path: "vpn", rule: "is required in vpn mode" }];
  return vpn ? [{ path: "vpn", rule: `must be left out in ${accessMode} mode`, value: vpn }] : [];
}

/** Addresses that mean somebody else as well would lead to one of both only. */
export function vpnHasItsOwnNetwork({ vpn, cidr }: Partial<Fields>): Fault[] {
  if (!vpn) return [];
  const value = vpn.clientCidr;
  const refuse = (rule: string) => ({ path: "vpn.clientCidr", rule, value });
  return [
    ...(isPrivate(value) ? [] : [refuse(`must be within ${privateNetworks.join(", ")}`)]),
    ...(cidr && overlapCidr(cidr, value)
      ? [refuse(`must not overlap the VPC's cidr ${cidr}`)]
      : []),
    ...(overlapCidr(serviceCidr, value)
      ? [refuse(`must not overlap ${serviceCidr}, the addresses of Services`)]
      : []),
  ];
}

export function vpnIsOfTheStack(config: Partial<Fields>): Fault[] {
  const { vpn, zones, deployerRoleArn } = config;
  if (!vpn) return [];
  const { serverCertificateArn, samlProviderArn } = vpn;
  const account = deployerRoleArn && accountOf(deployerRoleArn);
  return [
    ...certificateIsOfTheStack("vpn.serverCertificateArn", serverCertificateArn, config),
    ...(account && accountOf(samlProviderArn) !== account
      ? [
          {
            path: "vpn.samlProviderArn",
            rule: `must be in the account of the stack, ${account}`,
            value: samlProviderArn,
          },
        ]
      : []),
    ...(vpn.zones ?? []).flatMap((value, i) =>
      zones && !zones.includes(value)
        ? [{ path: `vpn.zones[${i}]`, rule: `must be one of zones, ${zones.join(", ")}`, value }]
        : [],
    ),
  ];
}

export function vpnNamesAreUnique({ vpn }: Partial<Fields>): Fault[] {
  return [...repeats("vpn.groups", vpn?.groups ?? []), ...repeats("vpn.zones", vpn?.zones ?? [])];
}
