import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import { aclEntry, resource } from "../support/rule-platform";
import { unknown } from "../support/rule-stack";

const acl = (...ingress: unknown[]) => ({ acl: resource(token.networkAcl, { ingress }) });
const alone = (more: Record<string, unknown>) => ({
  acl: resource(token.networkAclRule, {
    ruleNumber: 100,
    ruleAction: "allow",
    protocol: "tcp",
    cidrBlock: "0.0.0.0/0",
    fromPort: 22,
    toPort: 22,
    egress: false,
    ...more,
  }),
});
const reached = (place: string, port: number, got: string) =>
  `acl: ${place} must not let the internet reach port ${port}, got ${got}`;

casesFor("net-nacl-no-open-admin [J16] [M5]", {
  base: acl(aclEntry(10, 443, 443), aclEntry(20, 80, 80), aclEntry(30, 1024, 65535)),
  passes: [
    ["the web and the answers of NAT gateways", {}],
    ["the answers of Linux", acl(aclEntry(10, 32768, 60999))],
    [
      "everything from the VPC",
      acl(aclEntry(10, 0, 0, { protocol: "-1", cidrBlock: "10.0.0.0/16" })),
    ],
    ["SSH from one network", acl(aclEntry(10, 22, 22, { cidrBlock: "203.0.113.0/24" }))],
    [
      "denied before it is allowed",
      acl(
        aclEntry(20, 0, 65535),
        aclEntry(10, 22, 22, { action: "deny" }),
        aclEntry(11, 3389, 3389, { action: "deny" }),
      ),
    ],
    ["UDP", acl(aclEntry(10, 22, 22, { protocol: "udp" }))],
    ["an entry of its own for the web", alone({ fromPort: 443, toPort: 443 })],
    ["an entry of its own for egress", alone({ egress: true })],
    ["an entry of its own that denies", alone({ ruleAction: "deny" })],
    ["an empty default list", { acl: resource(token.defaultNetworkAcl, { ingress: [] }) }],
  ],
  fails: [
    ["SSH", acl(aclEntry(10, 22, 22)), [reached("ingress[0]", 22, "tcp 22-22 from 0.0.0.0/0")]],
    [
      "RDP",
      acl(aclEntry(10, 3389, 3389)),
      [reached("ingress[0]", 3389, "tcp 3389-3389 from 0.0.0.0/0")],
    ],
    [
      "a range with SSH in it",
      acl(aclEntry(10, 20, 443)),
      [reached("ingress[0]", 22, "tcp 20-443 from 0.0.0.0/0")],
    ],
    [
      "a range with RDP in it that is not the answers'",
      acl(aclEntry(10, 1025, 65535)),
      [reached("ingress[0]", 3389, "tcp 1025-65535 from 0.0.0.0/0")],
    ],
    [
      "every protocol",
      acl(aclEntry(10, 0, 0, { protocol: "-1" })),
      [
        reached("ingress[0]", 22, "every protocol and port from 0.0.0.0/0"),
        reached("ingress[0]", 3389, "every protocol and port from 0.0.0.0/0"),
      ],
    ],
    [
      "IPv6",
      acl(aclEntry(10, 22, 22, { cidrBlock: undefined, ipv6CidrBlock: "::/0" })),
      [reached("ingress[0]", 22, "tcp 22-22 from ::/0")],
    ],
    [
      "IPv6, denied for IPv4 only",
      acl(
        aclEntry(10, 22, 22, { action: "deny" }),
        aclEntry(20, 22, 22, { cidrBlock: undefined, ipv6CidrBlock: "::/0" }),
      ),
      [reached("ingress[1]", 22, "tcp 22-22 from ::/0")],
    ],
    [
      "the internet in two halves",
      acl(
        aclEntry(10, 22, 22, { cidrBlock: "0.0.0.0/1" }),
        aclEntry(20, 22, 22, { cidrBlock: "128.0.0.0/1" }),
      ),
      [reached("ingress[0]", 22, "tcp 22-22 from 0.0.0.0/1")],
    ],
    [
      "denied for one network only",
      acl(
        aclEntry(10, 22, 22, { action: "deny", cidrBlock: "203.0.113.0/24" }),
        aclEntry(20, 22, 22),
      ),
      [reached("ingress[1]", 22, "tcp 22-22 from 0.0.0.0/0")],
    ],
    [
      "denied after it is allowed",
      acl(aclEntry(10, 22, 22), aclEntry(20, 22, 22, { action: "deny" })),
      [reached("ingress[0]", 22, "tcp 22-22 from 0.0.0.0/0")],
    ],
    [
      "denied for UDP only",
      acl(aclEntry(10, 22, 22, { action: "deny", protocol: "udp" }), aclEntry(20, 22, 22)),
      [reached("ingress[1]", 22, "tcp 22-22 from 0.0.0.0/0")],
    ],
    [
      "the default list",
      { acl: resource(token.defaultNetworkAcl, { ingress: [aclEntry(10, 22, 22)] }) },
      [reached("ingress[0]", 22, "tcp 22-22 from 0.0.0.0/0")],
    ],
    ["an entry of its own", alone({}), [reached("acl", 22, "tcp 22-22 from 0.0.0.0/0")]],
    [
      "ports as texts, the protocol as a number",
      alone({ fromPort: "22", toPort: "22", protocol: "6" }),
      [reached("acl", 22, "6 22-22 from 0.0.0.0/0")],
    ],
    [
      "SSH after an entry that nobody knows yet",
      acl(aclEntry(10, unknown as never, 443), aclEntry(20, 22, 22)),
      [
        "acl: undecided: ingress[0].fromPort of acl is unknown until up",
        reached("ingress[1]", 22, "tcp 22-22 from 0.0.0.0/0"),
      ],
    ],
  ],
  undecided: [
    [
      "a network that nobody knows yet",
      acl(aclEntry(10, 22, 22, { cidrBlock: unknown })),
      ["acl: undecided: ingress[0].cidrBlock of acl is unknown until up"],
    ],
    [
      "entries that nobody knows yet",
      { acl: resource(token.networkAcl, { ingress: unknown }) },
      ["acl: undecided: ingress of acl is unknown until up"],
    ],
  ],
});
