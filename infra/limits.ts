import { flows } from "../components/aws/flows";
import { privateAclRules, publicAclRules, type AclRules } from "../components/aws/network-acls";

/** Entries of a network ACL in each direction, the closing denial among them: docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html */
const aclEntries = 20;
/** Rules of a security group in each direction: the same page. */
const groupRules = 60;

/** Networks that can be joined to the VPC: each is an entry or more in both directions of an ACL, and a rule of the API's group. */
function mostJoined(): number {
  const none = privateAclRules("10.0.0.0/16", []);
  const one = privateAclRules("10.0.0.0/16", ["192.168.0.0/24"]);
  const fitting = (direction: keyof AclRules) =>
    Math.floor(
      (aclEntries - 1 - none[direction].length) / (one[direction].length - none[direction].length),
    );
  const others = flows("direct").filter(
    ({ on, direction, peer }) => on === "api" && direction === "ingress" && peer !== "trusted",
  );
  return Math.min(fitting("ingress"), fitting("egress"), groupRules - others.length);
}

/** Networks that may come by SSH: each is an entry of the public ACL, and a rule of the bastion's group. */
function mostBySsh(): number {
  const { ingress } = publicAclRules("10.0.0.0/16", []);
  return Math.min(aclEntries - 1 - ingress.length, groupRules);
}

/**
 * The most that `trustedCidrs` may have, by access mode. In ssm mode they stand three times in the policy of the
 * sessions, for which IAM has 6,144 characters (docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html);
 * 60 leave it a sixth to grow. In vpn mode they stand in the environment of a function, for which Lambda has 4 KB
 * (docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html); 60 are a third of it.
 */
export const mostTrusted = { ssm: 60, ssh: mostBySsh(), vpn: 60, direct: mostJoined() } as const;

/**
 * Groups of a Client VPN: it takes 200 authorization rules (docs.aws.amazon.com/vpn/latest/clientvpn-admin/limits.html), and
 * each group has one for every network that it reaches, three zones and the DNS server.
 */
export const mostVpnGroups = 50;

/** Networks whose requests the entry takes: each is a rule for every port that clients come to. */
export const mostClients = Math.floor(
  groupRules / flows("ssm").filter(({ peer }) => peer === "clients").length,
);

/**
 * Requests of one address in five minutes: as many as WAF takes from everybody in a second
 * (docs.aws.amazon.com/waf/latest/developerguide/limits.html). A limit above it stops nobody; the pack refuses it, too.
 */
export const mostRequests = 100_000;

/** As many as an IPv4 /8 has, the widest block that was ever given to one organisation: www.iana.org/assignments/ipv4-address-space */
export const mostTrustedAddresses = 2n ** 24n;

/**
 * AWS takes 50 tags for a resource (docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html). The
 * rest is for the program's own, for those that EKS adds to instances, and for cost tools.
 */
export const mostTags = 40;

/** Instance types of an Auto Scaling group, which EKS makes for a node group: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-mixed-instances-groups.html */
export const mostInstanceTypes = 40;

/** Node groups of a cluster: docs.aws.amazon.com/general/latest/gr/eks.html */
export const mostNodeGroups = 30;
