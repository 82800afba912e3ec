import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import { aclEntry, nodeSubnets, platform, resource } from "../support/rule-platform";
import { gone, ref, unknown } from "../support/rule-stack";

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

const list = (subnets: unknown[], inputs: Record<string, unknown>) => ({
  list: resource(token.networkAcl, { vpcId: ref("vpc"), subnetIds: subnets, ...inputs }),
});
const privateList = (inputs: Record<string, unknown>) => list(nodeSubnets, inputs);
const publicList = (inputs: Record<string, unknown>) => list([ref("public-a")], inputs);
const everything = { protocol: "-1" };
const from = (place: string, got: string) =>
  `list: ${place} must name the ports from the internet, got ${got} from 0.0.0.0/0`;
const to = (place: string, got: string) =>
  `list: ${place} must name the ports to the internet, got ${got} to 0.0.0.0/0`;
const one = (more: Record<string, unknown>) =>
  resource(token.networkAclRule, {
    networkAclId: ref("list"),
    ruleNumber: 10,
    ruleAction: "allow",
    protocol: "tcp",
    cidrBlock: "0.0.0.0/0",
    egress: false,
    ...more,
  });

casesFor("net-nacl-named-ports [J16] [J18]", {
  base: platform,
  passes: [
    ["the web and answers to public subnets", {}],
    [
      "answers to private subnets, HTTPS from them",
      privateList({
        ingress: [aclEntry(10, 32768, 60999), aclEntry(20, 32768, 65535, { protocol: "udp" })],
        egress: [aclEntry(10, 443, 443), aclEntry(20, 123, 123, { protocol: "17" })],
      }),
    ],
    [
      "everything inside private networks",
      privateList({
        ingress: [aclEntry(10, 0, 0, { ...everything, cidrBlock: "10.0.0.0/8" })],
        egress: [aclEntry(10, 0, 0, { ...everything, cidrBlock: "10.10.0.0/16" })],
      }),
    ],
    [
      "a joined network on every port",
      privateList({ ingress: [aclEntry(10, 0, 65535, { cidrBlock: "203.0.113.0/24" })] }),
    ],
    [
      "large packets",
      privateList({
        ingress: [aclEntry(10, 0, 0, { protocol: "icmp", icmpType: 3, icmpCode: 4 })],
      }),
    ],
    ["a denial", privateList({ ingress: [aclEntry(10, 0, 65535, { action: "deny" })] })],
    [
      "everything above the system's ports from public subnets",
      publicList({ egress: [aclEntry(10, 443, 443), aclEntry(20, 1024, 65535)] }),
    ],
    [
      "an entry of its own",
      { ...privateList({}), one: one({ egress: true, fromPort: 443, toPort: 443 }) },
    ],
  ],
  fails: [
    [
      "more than answers to private subnets",
      privateList({ ingress: [aclEntry(10, 3390, 65535)] }),
      [from("ingress[0]", "tcp 3390-65535")],
    ],
    [
      "a range between SSH and RDP",
      privateList({ ingress: [aclEntry(10, 23, 3388)] }),
      [from("ingress[0]", "tcp 23-3388")],
    ],
    [
      "the ports of nodes",
      privateList({ ingress: [aclEntry(10, 30000, 32767)] }),
      [from("ingress[0]", "tcp 30000-32767")],
    ],
    [
      "the web to private subnets",
      privateList({ ingress: [aclEntry(10, 443, 443)] }),
      [from("ingress[0]", "tcp 443-443")],
    ],
    [
      "the internet in two halves",
      privateList({
        ingress: [
          aclEntry(10, 443, 443, { cidrBlock: "0.0.0.0/1" }),
          aclEntry(20, 80, 80, { cidrBlock: "128.0.0.0/1" }),
        ],
      }),
      [
        "list: ingress[0] must name the ports from the internet, got tcp 443-443 from 0.0.0.0/1",
        "list: ingress[1] must name the ports from the internet, got tcp 80-80 from 128.0.0.0/1",
      ],
    ],
    [
      "IPv6",
      privateList({
        ingress: [aclEntry(10, 443, 443, { cidrBlock: undefined, ipv6CidrBlock: "::/0" })],
      }),
      ["list: ingress[0] must name the ports from the internet, got tcp 443-443 from ::/0"],
    ],
    [
      "every message",
      privateList({ ingress: [aclEntry(10, 0, 0, { protocol: "icmp", icmpType: -1 })] }),
      [from("ingress[0]", "icmp 0-0")],
    ],
    [
      "a protocol of its own",
      privateList({ ingress: [aclEntry(10, 40000, 40000, { protocol: "50" })] }),
      [from("ingress[0]", "50 40000-40000")],
    ],
    [
      "everything out of private subnets",
      privateList({ egress: [aclEntry(10, 0, 0, everything)] }),
      [to("egress[0]", "every protocol and port")],
    ],
    [
      "every port out of private subnets",
      privateList({ egress: [aclEntry(10, 1024, 65535)] }),
      [to("egress[0]", "tcp 1024-65535")],
    ],
    [
      "a range of system ports out of private subnets",
      privateList({ egress: [aclEntry(10, 80, 443)] }),
      [to("egress[0]", "tcp 80-443")],
    ],
    [
      "everything out of public subnets",
      publicList({ egress: [aclEntry(10, 0, 0, everything)] }),
      [to("egress[0]", "every protocol and port")],
    ],
    [
      "mail into public subnets",
      publicList({ ingress: [aclEntry(10, 25, 25)] }),
      [from("ingress[0]", "tcp 25-25")],
    ],
    [
      "a list that a private subnet shares",
      list([ref("public-a"), ref("nodes-a")], { ingress: [aclEntry(10, 443, 443)] }),
      [from("ingress[0]", "tcp 443-443")],
    ],
    [
      "a subnet by an association",
      {
        ...list([], { ingress: [aclEntry(10, 443, 443)] }),
        link: resource(token.networkAclAssociation, {
          networkAclId: ref("list"),
          subnetId: ref("nodes-a"),
        }),
      },
      [from("ingress[0]", "tcp 443-443")],
    ],
    [
      "an entry of its own",
      { ...privateList({}), one: one({ fromPort: 0, toPort: 65535 }) },
      ["one: one must name the ports from the internet, got tcp 0-65535 from 0.0.0.0/0"],
    ],
  ],
  undecided: [
    [
      "a port that nobody knows yet",
      privateList({ ingress: [aclEntry(10, unknown as never, 443)] }),
      ["list: undecided: ingress[0].fromPort of list is unknown until up"],
    ],
    [
      "subnets that nobody knows yet",
      list([unknown], { ingress: [aclEntry(10, 443, 443)] }),
      ["list: undecided: subnetIds of list is unknown until up"],
    ],
    [
      "entries that nobody knows yet",
      privateList({ ingress: unknown }),
      ["list: undecided: ingress of list is unknown until up"],
    ],
    [
      "the direction of an entry, and so its port",
      { ...privateList({}), one: one({ egress: unknown, fromPort: unknown, toPort: 443 }) },
      ["one: undecided: fromPort of one is unknown until up"],
    ],
  ],
  notApplicable: [["no list", { acl: gone }, `the stack has no ${token.networkAcl}`]],
});

describe("where load balancers are clients", () => {
  casesFor("net-nacl-named-ports [J16] [J18]", {
    base: platform,
    config: { firstAnswerPort: 1024 },
    passes: [["their answers", privateList({ ingress: [aclEntry(10, 1024, 65535)] })]],
    fails: [
      [
        "system ports",
        privateList({ ingress: [aclEntry(10, 1023, 65535)] }),
        [from("ingress[0]", "tcp 1023-65535")],
      ],
    ],
    undecided: [],
    decided: "the table above has them",
  });
});
