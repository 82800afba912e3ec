import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import { platform, resource } from "../support/rule-platform";
import { gone, ref, unknown } from "../support/rule-stack";

const ingress = (more: Record<string, unknown>, group = "nodes-group") =>
  resource(token.securityGroupIngressRule, {
    securityGroupId: ref(group),
    ipProtocol: "tcp",
    fromPort: 8443,
    toPort: 8443,
    description: "a test",
    ...more,
  });
const noPorts = { fromPort: undefined, toPort: undefined };
const egress = (more: Record<string, unknown>) => ({
  ...ingress(more),
  type: token.securityGroupEgressRule,
});
const legacy = (more: Record<string, unknown>) =>
  resource(token.securityGroupRule, {
    securityGroupId: ref("nodes-group"),
    type: "ingress",
    protocol: "tcp",
    fromPort: 8443,
    toPort: 8443,
    description: "a test",
    ...more,
  });
const inline = { protocol: "tcp", fromPort: 8443, toPort: 8443, description: "a test" };

/** A public load balancer with its security group. */
const web = {
  "web-group": resource(token.securityGroup, { vpcId: ref("vpc"), description: "public web" }),
  web: resource(token.loadBalancer, { internal: false, securityGroups: [ref("web-group")] }),
};
const worldOn = (port: number) =>
  ingress({ cidrIpv4: "0.0.0.0/0", fromPort: port, toPort: port }, "web-group");

casesFor("net-sg-no-world-ingress [J16] [J17] [S13]", {
  base: platform,
  passes: [
    ["security groups as peers", {}],
    ["one organisation's networks", { rule: ingress({ cidrIpv4: "203.0.113.0/24" }) }],
    ["every private network", { rule: legacy({ cidrBlocks: ["10.0.0.0/8", "172.16.0.0/12"] }) }],
    [
      "the prefix list of an endpoint",
      { rule: ingress({ prefixListId: ref("endpoint-s3", "prefixListId") }) },
    ],
    [
      "a prefix list with few networks",
      {
        list: resource(token.managedPrefixList, { entries: [{ cidr: "203.0.113.0/24" }] }),
        rule: ingress({ prefixListId: ref("list") }),
      },
    ],
    ["egress to the internet", { rule: egress({ cidrIpv4: "0.0.0.0/0" }) }],
    ["a public load balancer on 80 and 443", { ...web, a: worldOn(80), b: worldOn(443) }],
    [
      "halves of the internet on different ports of different groups",
      {
        a: ingress({ cidrIpv4: "200.0.0.0/8" }),
        b: ingress({ cidrIpv4: "201.0.0.0/8" }, "api-group"),
      },
    ],
  ],
  fails: [
    [
      "the internet",
      { rule: ingress({ cidrIpv4: "0.0.0.0/0" }) },
      ["rule: rule must not let the internet in, got 0.0.0.0/0"],
    ],
    [
      "the internet of IPv6",
      { rule: ingress({ cidrIpv6: "::/0" }) },
      ["rule: rule must not let the internet in, got ::/0"],
    ],
    [
      "the part of IPv6 that is in use",
      { rule: ingress({ cidrIpv6: "2000::/3" }) },
      ["rule: rule must not let the internet in, got 2000::/3"],
    ],
    [
      "two halves in one rule of the older type",
      { rule: legacy({ cidrBlocks: ["0.0.0.0/1", "128.0.0.0/1"] }) },
      ["rule: rule must not let the internet in, got 0.0.0.0/1, 128.0.0.0/1"],
    ],
    [
      "an inline rule",
      { "nodes-group.ingress": [{ ...inline, cidrBlocks: ["0.0.0.0/0"] }] },
      ["nodes-group: ingress[0] must not let the internet in, got 0.0.0.0/0"],
    ],
    [
      "an inline rule of the default group",
      { "default-group.ingress": [{ ...inline, ipv6CidrBlocks: ["::/0"] }] },
      ["default-group: ingress[0] must not let the internet in, got ::/0"],
    ],
    [
      "rules that add up",
      { a: ingress({ cidrIpv4: "200.0.0.0/8" }), b: ingress({ cidrIpv4: "201.0.0.0/8" }) },
      [
        "a: a must not let the internet in together with b, got 200.0.0.0/8",
        "b: b must not let the internet in together with a, got 201.0.0.0/8",
      ],
    ],
    [
      "a prefix list with the internet in it",
      {
        list: resource(token.managedPrefixList, { entries: [{ cidr: "0.0.0.0/1" }] }),
        entry: resource(token.managedPrefixListEntry, {
          prefixListId: ref("list"),
          cidr: "128.0.0.0/1",
        }),
        rule: ingress({ prefixListId: ref("list") }),
      },
      ["rule: rule must not let the internet in, got 0.0.0.0/1, 128.0.0.0/1"],
    ],
    [
      "any protocol",
      { rule: ingress({ cidrIpv4: "0.0.0.0/0", ipProtocol: "-1", ...noPorts }) },
      ["rule: rule must not let the internet in, got 0.0.0.0/0"],
    ],
    [
      "another port of a public load balancer",
      { ...web, rule: worldOn(8080) },
      ["rule: rule must not let the internet in, got 0.0.0.0/0"],
    ],
    [
      "an internal load balancer",
      {
        ...web,
        rule: worldOn(443),
        web: { ...web.web, inputs: { ...web.web.inputs, internal: true } },
      },
      ["rule: rule must not let the internet in, got 0.0.0.0/0"],
    ],
    [
      "a group that nodes share with a public load balancer",
      { ...web, rule: worldOn(443), "nodes-template.vpcSecurityGroupIds": [ref("web-group")] },
      ["rule: rule must not let the internet in, got 0.0.0.0/0"],
    ],
    [
      "the internet beside something unknown",
      { rule: legacy({ cidrBlocks: ["0.0.0.0/0"], ipv6CidrBlocks: unknown }) },
      [
        "rule: undecided: ipv6CidrBlocks of rule is unknown until up",
        "rule: rule must not let the internet in, got 0.0.0.0/0",
      ],
    ],
  ],
  undecided: [
    [
      "a network that nobody knows yet",
      { rule: ingress({ cidrIpv4: unknown }) },
      ["rule: undecided: cidrIpv4 of rule is unknown until up"],
    ],
    [
      "a prefix list of another stack",
      { rule: ingress({ prefixListId: "pl-1" }) },
      [
        "rule: undecided: the networks of prefixListId of rule are unknown: the stack does not manage the prefix list",
      ],
    ],
    [
      "inline rules that nobody knows yet",
      { "nodes-group.ingress": unknown },
      ["nodes-group: undecided: ingress of nodes-group is unknown until up"],
    ],
  ],
});

casesFor("net-sg-no-all-ports [J16]", {
  base: platform,
  passes: [
    ["named ports, and every port of the group itself", {}],
    [
      "the group itself in an inline rule",
      { "nodes-group.ingress": [{ ...inline, protocol: "-1", self: true }] },
    ],
    ["node ports", { rule: ingress({ cidrIpv4: "10.0.0.0/8", fromPort: 30000, toPort: 32767 }) }],
    [
      "ports as texts",
      { rule: ingress({ cidrIpv4: "10.0.0.0/8", fromPort: "443", toPort: "443" }) },
    ],
    [
      "ping",
      { rule: ingress({ cidrIpv4: "10.0.0.0/8", ipProtocol: "icmp", fromPort: 8, toPort: -1 }) },
    ],
  ],
  fails: [
    [
      "every protocol",
      { rule: ingress({ cidrIpv4: "10.0.0.0/8", ipProtocol: "-1" }) },
      ["rule: rule must name its ports, got every protocol and port"],
    ],
    [
      "every protocol, in words",
      { rule: legacy({ cidrBlocks: ["10.0.0.0/8"], protocol: "all" }) },
      ["rule: rule must name its ports, got every protocol and port"],
    ],
    [
      "every port",
      { rule: ingress({ cidrIpv4: "10.0.0.0/8", fromPort: 0, toPort: 65535 }) },
      ["rule: rule must name its ports, got tcp 0-65535"],
    ],
    [
      "every port but one",
      { rule: ingress({ cidrIpv4: "10.0.0.0/8", fromPort: 1, toPort: 65535 }) },
      ["rule: rule must name its ports, got tcp 1-65535"],
    ],
    [
      "no ports",
      { rule: ingress({ cidrIpv4: "10.0.0.0/8", ...noPorts }) },
      ["rule: rule must name its ports, got tcp 0-65535"],
    ],
    [
      "a protocol without ports",
      { rule: ingress({ cidrIpv4: "10.0.0.0/8", ipProtocol: "50" }) },
      ["rule: rule must name its ports, got 50 0-65535"],
    ],
    [
      "a range that starts at nothing",
      { rule: ingress({ referencedSecurityGroupId: ref("api-group"), fromPort: 0, toPort: 443 }) },
      ["rule: rule must name its ports, got tcp 0-443"],
    ],
    [
      "a range of system ports",
      { rule: ingress({ cidrIpv4: "10.0.0.0/8", fromPort: 80, toPort: 443 }) },
      ["rule: rule must name its ports, got tcp 80-443"],
    ],
    [
      "every port of another group",
      { rule: ingress({ referencedSecurityGroupId: ref("api-group"), ipProtocol: "-1" }) },
      ["rule: rule must name its ports, got every protocol and port"],
    ],
    [
      "the group itself and a network",
      {
        "nodes-group.ingress": [
          { ...inline, protocol: "-1", self: true, cidrBlocks: ["10.0.0.0/8"] },
        ],
      },
      ["nodes-group: ingress[0] must name its ports, got every protocol and port"],
    ],
    [
      "the group itself and another one",
      {
        "nodes-group.ingress": [
          { ...inline, protocol: "-1", securityGroups: [ref("nodes-group"), ref("api-group")] },
        ],
      },
      ["nodes-group: ingress[0] must name its ports, got every protocol and port"],
      "finished",
    ],
  ],
  undecided: [
    [
      "a protocol that nobody knows yet",
      { rule: ingress({ cidrIpv4: "10.0.0.0/8", ipProtocol: unknown }) },
      ["rule: undecided: ipProtocol of rule is unknown until up"],
    ],
    [
      "ports that nobody knows yet",
      { rule: ingress({ cidrIpv4: "10.0.0.0/8", toPort: unknown }) },
      ["rule: undecided: toPort of rule is unknown until up"],
    ],
    [
      "a peer that nobody knows yet",
      { rule: ingress({ referencedSecurityGroupId: unknown, ipProtocol: "-1" }) },
      ["rule: undecided: referencedSecurityGroupId of rule is unknown until up"],
    ],
  ],
});

casesFor("net-sg-restrict-egress [J18] [S9]", {
  base: platform,
  passes: [
    ["HTTPS to the internet", {}],
    ["HTTPS by its number", { "nodes-to-internet.ipProtocol": "6" }],
    [
      "one port to a network",
      { rule: egress({ cidrIpv4: "10.0.0.0/8", fromPort: 5432, toPort: 5432 }) },
    ],
    [
      "every port to the group itself",
      { rule: egress({ referencedSecurityGroupId: ref("nodes-group"), ipProtocol: "-1" }) },
    ],
    [
      "HTTPS to a prefix list of another stack",
      { rule: egress({ prefixListId: "pl-1", fromPort: 443, toPort: 443 }) },
    ],
    [
      "the ports of nodes to a group",
      {
        rule: egress({
          referencedSecurityGroupId: ref("api-group"),
          fromPort: 30_000,
          toPort: 32_767,
        }),
      },
    ],
  ],
  fails: [
    [
      "everything to the internet",
      { "nodes-to-internet.ipProtocol": "-1" },
      [
        "nodes-to-internet: nodes-to-internet must let nothing but TCP 443 out to the internet, got every protocol and port to 0.0.0.0/0",
      ],
    ],
    [
      "a range with 443 in it",
      { "nodes-to-internet.fromPort": 80 },
      [
        "nodes-to-internet: nodes-to-internet must let nothing but TCP 443 out to the internet, got tcp 80-443 to 0.0.0.0/0",
      ],
    ],
    [
      "UDP 443",
      { "nodes-to-internet.ipProtocol": "udp" },
      [
        "nodes-to-internet: nodes-to-internet must let nothing but TCP 443 out to the internet, got udp 443-443 to 0.0.0.0/0",
      ],
    ],
    [
      "SSH to the internet of IPv6",
      { rule: egress({ cidrIpv6: "::/0", fromPort: 22, toPort: 22 }) },
      ["rule: rule must let nothing but TCP 443 out to the internet, got tcp 22-22 to ::/0"],
    ],
    [
      "everything to a network",
      { rule: egress({ cidrIpv4: "10.0.0.0/8", ipProtocol: "-1" }) },
      ["rule: rule must name its ports, got every protocol and port"],
    ],
    [
      "every port to another group",
      { rule: egress({ referencedSecurityGroupId: ref("api-group"), ipProtocol: "-1" }) },
      ["rule: rule must name its ports, got every protocol and port"],
    ],
    [
      "a range of system ports to another group",
      { rule: egress({ referencedSecurityGroupId: ref("api-group"), fromPort: 0, toPort: 443 }) },
      ["rule: rule must name its ports, got tcp 0-443"],
    ],
    [
      "a range of system ports to an endpoint",
      { "nodes-to-s3.fromPort": 0 },
      ["nodes-to-s3: nodes-to-s3 must name its ports, got tcp 0-443"],
    ],
    [
      "an inline rule",
      { "nodes-group.egress": [{ ...inline, protocol: "-1", cidrBlocks: ["0.0.0.0/0"] }] },
      [
        "nodes-group: egress[0] must let nothing but TCP 443 out to the internet, got every protocol and port to 0.0.0.0/0",
      ],
    ],
    [
      "a rule of the older type",
      { rule: legacy({ type: "egress", cidrBlocks: ["0.0.0.0/0"], protocol: "-1" }) },
      [
        "rule: rule must let nothing but TCP 443 out to the internet, got every protocol and port to 0.0.0.0/0",
      ],
    ],
  ],
  undecided: [
    [
      "a network that nobody knows yet",
      { "nodes-to-internet.cidrIpv4": unknown },
      ["nodes-to-internet: undecided: cidrIpv4 of nodes-to-internet is unknown until up"],
    ],
    [
      "a prefix list of another stack",
      { rule: egress({ prefixListId: "pl-1" }) },
      [
        "rule: undecided: the networks of prefixListId of rule are unknown: the stack does not manage the prefix list",
      ],
    ],
    [
      "a peer that nobody knows yet",
      { rule: egress({ referencedSecurityGroupId: unknown, ipProtocol: "-1" }) },
      ["rule: undecided: referencedSecurityGroupId of rule is unknown until up"],
    ],
    [
      "a protocol that nobody knows yet",
      { "nodes-to-internet.ipProtocol": unknown },
      ["nodes-to-internet: undecided: ipProtocol of nodes-to-internet is unknown until up"],
    ],
  ],
});

casesFor("net-sg-description [J16]", {
  base: platform,
  passes: [["descriptions", {}]],
  fails: [
    [
      "a group without",
      { "nodes-group.description": gone },
      ["nodes-group: description must say what it is for, got nothing"],
    ],
    [
      "what Pulumi writes by default",
      { "nodes-group.description": "Managed by Pulumi" },
      ['nodes-group: description must say what it is for, got "Managed by Pulumi"'],
    ],
    [
      "a rule without",
      { "api-from-nodes.description": gone },
      ["api-from-nodes: description must say what it is for, got nothing"],
    ],
    [
      "an inline rule without",
      { "nodes-group.ingress": [{ ...inline, description: " " }] },
      ['nodes-group: ingress[0].description must say what it is for, got " "'],
    ],
  ],
  undecided: [
    [
      "a description that nobody knows yet",
      { "api-from-nodes.description": unknown },
      ["api-from-nodes: undecided: description of api-from-nodes is unknown until up"],
    ],
  ],
});

casesFor("net-sg-no-mixed-rules [J16]", {
  base: platform,
  passes: [
    ["rules of their own", {}],
    [
      "rules of the older type only",
      { "endpoints-from-nodes": gone, rule: legacy({ securityGroupId: ref("endpoints-group") }) },
    ],
  ],
  fails: [
    [
      "an inline rule beside others",
      { "api-group.ingress": [inline] },
      [
        "api-group: ingress must be left out: the group also has rules of their own, got api-from-nodes",
      ],
    ],
    [
      "an empty list, which removes the others",
      { "api-group.egress": [] },
      [
        "api-group: egress must be left out: the group also has rules of their own, got api-from-nodes",
      ],
    ],
    [
      "both types of rules",
      { rule: legacy({ securityGroupId: ref("api-group") }) },
      [
        "api-group: api-group must have rules of one type, got SecurityGroupRule and SecurityGroupIngressRule",
      ],
    ],
  ],
  undecided: [
    [
      "a group that nobody knows yet",
      { "api-from-nodes.securityGroupId": unknown },
      ["api-from-nodes: undecided: securityGroupId of api-from-nodes is unknown until up"],
    ],
  ],
});

casesFor("net-sg-reference-over-cidr [J16]", {
  base: platform,
  passes: [
    ["groups inside, networks outside", {}],
    ["a joined network", { rule: ingress({ cidrIpv4: "10.99.0.0/16" }) }],
  ],
  fails: [
    [
      "a subnet of the VPC",
      { rule: ingress({ cidrIpv4: "10.10.3.0/24" }) },
      [
        'rule: cidrIpv4 must be a security group: 10.10.0.0/16 is the VPC itself, got "10.10.3.0/24"',
      ],
    ],
    [
      "more than the VPC",
      { rule: legacy({ cidrBlocks: ["10.0.0.0/8"] }) },
      [
        'rule: cidrBlocks[0] must be a security group: 10.10.0.0/16 is the VPC itself, got "10.0.0.0/8"',
      ],
    ],
  ],
  undecided: [
    [
      "a network that nobody knows yet",
      { rule: ingress({ cidrIpv4: unknown }) },
      ["rule: undecided: cidrIpv4 of rule is unknown until up"],
    ],
  ],
});
