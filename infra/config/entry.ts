import { z } from "zod";
import { addresses, isPrivate } from "../cidr";
import { mostClients, mostRequests, mostTrustedAddresses } from "../limits";
import { certificateArn, certificateIsOfTheStack } from "./certificates";
import { repeats, type Fault } from "./faults";
import type { Fields } from "./fields";
import { integer, ipv4Cidr, oneOf, text } from "./forms";

const domainLabel = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
const domain = (prefix: string, rule: string) =>
  z
    .string(rule)
    .regex(new RegExp(`^${prefix}(${domainLabel}\\.)+${domainLabel}$`), rule)
    .max(253, rule);

export const entrySchema = z
  .strictObject(
    {
      domains: z
        .array(
          domain(
            "(\\*\\.)?",
            "must be a domain name in lower case such as apps.example.com or *.apps.example.com",
          ),
          "must be a list of domain names",
        )
        .max(10, "must be at most 10 names, the quota of ACM for one certificate")
        .default([])
        .describe("Names under which people find the entry, all under the zone."),
      zone: z
        .strictObject(
          {
            id: text(
              /^Z[A-Z0-9]{1,31}$/,
              "must be the id of a Route 53 zone such as Z0123456789ABCDEFGHIJ",
            ),
            name: domain("", "must be the name of a zone such as example.com"),
          },
          "must be a map with id and name",
        )
        .optional()
        .describe(
          "Public Route 53 zone that gets the records of the names and of their certificate.",
        ),
      certificateArn: certificateArn
        .optional()
        .describe("Certificate in the region of the stack. Default: ACM issues one for the names."),
      cidrs: z
        .array(ipv4Cidr(), "must be a list of IPv4 CIDRs")
        .max(
          mostClients,
          `must be at most ${mostClients} CIDRs, because each takes two of the 60 rules of a security group`,
        )
        .default([])
        .describe(
          `Networks whose requests the entry takes, at most ${mostClients}, together no more public addresses than a /8 has; left out when public is true.`,
        ),
      public: z
        .boolean("must be true or false")
        .default(false)
        .describe("Whether the entry takes requests from the whole internet."),
      tlsProfile: oneOf(["intermediate", "modern"])
        .default("intermediate")
        .describe("Mozilla's profile: intermediate (TLS 1.2 and 1.3) or modern (TLS 1.3 only)."),
      postQuantum: z
        .boolean("must be true or false")
        .default(true)
        .describe(
          "Whether clients that know ML-KEM agree on keys by it; others are served as before.",
        ),
      // The least that WAF takes: docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
      requestLimit: integer(10, mostRequests)
        .default(2000)
        .describe("Requests from one address in five minutes, above which it is blocked."),
    },
    "must be a map with cidrs or public, and with certificateArn or zone",
  )
  .describe("The one way in from the internet.");

/** A list that has more addresses than any organisation names strangers, however it is cut into pieces. */
function namesStrangers(cidrs: string[]): boolean {
  return addresses(cidrs.filter((cidr) => !isPrivate(cidr))) > mostTrustedAddresses;
}

export function entryHasItsCertificate(config: Partial<Fields>): Fault[] {
  const { entry } = config;
  if (!entry) return [];
  const path = "entry.certificateArn";
  if (entry.certificateArn !== undefined) {
    return certificateIsOfTheStack(path, entry.certificateArn, config);
  }
  const rule = "is required when there is no entry.zone in which ACM could validate a certificate";
  return entry.zone ? [] : [{ path, rule }];
}

export function entryNamesAreInItsZone({ entry }: Partial<Fields>): Fault[] {
  if (!entry) return [];
  const { domains, zone, certificateArn: given } = entry;
  const [first = ""] = domains;
  if (!zone) {
    const rule = "must be left out without entry.zone: nothing could be written for them";
    return domains.length > 0 ? [{ path: "entry.domains", rule, value: domains }] : [];
  }
  const bare = (name: string) => name.replace(/^\*\./, "");
  return [
    ...(domains.length === 0
      ? [{ path: "entry.domains", rule: "must have a name for the records in entry.zone" }]
      : []),
    ...domains.flatMap((value, i) =>
      bare(value) === zone.name || bare(value).endsWith(`.${zone.name}`)
        ? []
        : [{ path: `entry.domains[${i}]`, rule: `must be under the zone ${zone.name}`, value }],
    ),
    ...repeats("entry.domains", domains),
    // It becomes the common name: docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
    ...(given === undefined && first.length > 64
      ? [
          {
            path: "entry.domains[0]",
            rule: "must have at most 64 characters, as the first name of a certificate",
            value: first,
          },
        ]
      : []),
  ];
}

export function entrySaysWhoMayCome({ entry }: Partial<Fields>): Fault[] {
  if (!entry) return [];
  const { cidrs, public: isPublic } = entry;
  const refuse = (rule: string) => [{ path: "entry.cidrs", rule, value: cidrs }];
  if (isPublic) {
    return cidrs.length > 0 ? refuse("must be left out when entry.public is true") : [];
  }
  if (cidrs.length === 0) {
    return refuse(
      "must name the networks that may come; write entry.public: true for the internet",
    );
  }
  return [
    ...(namesStrangers(cidrs)
      ? refuse(
          `must not add up to more than ${mostTrustedAddresses} public addresses, as many as a /8 has; write entry.public: true for the internet`,
        )
      : []),
    ...repeats("entry.cidrs", cidrs),
  ];
}

/** The networks whose requests the entry takes. */
export function clientCidrs({ entry }: Pick<Fields, "entry">): string[] {
  return entry.public ? ["0.0.0.0/0"] : entry.cidrs;
}
