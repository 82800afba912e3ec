import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import { platform, resource } from "../support/rule-platform";
import { gone, ref, unknown } from "../support/rule-stack";

const rule = (type: string) => (group: string, more: Record<string, unknown>) => ({
  rule: resource(type, {
    securityGroupId: ref(group),
    ipProtocol: "tcp",
    fromPort: 22,
    toPort: 22,
    description: "a test",
    ...more,
  }),
});
const ingress = rule(token.securityGroupIngressRule);
const egress = rule(token.securityGroupEgressRule);
const fromBastion = { referencedSecurityGroupId: ref("bastion-group") };
const toNodes = { referencedSecurityGroupId: ref("nodes-group") };
const letsIn = ["rule: rule must not let SSH in"];

casesFor("net-sg-no-ssh-inside [M6] [J16]", {
  base: platform,
  passes: [
    ["every protocol among nodes", {}],
    ["SSH elsewhere", ingress("endpoints-group", fromBastion)],
    ["another port", ingress("nodes-group", { ...fromBastion, fromPort: 10250, toPort: 10250 })],
    ["UDP", ingress("nodes-group", { ...fromBastion, ipProtocol: "udp" })],
    ["SSH out", egress("nodes-group", fromBastion)],
  ],
  fails: [
    ["nodes from the bastion", ingress("nodes-group", fromBastion), letsIn],
    ["nodes from nodes, by name", ingress("nodes-group", toNodes), letsIn],
    ["the control plane from a network", ingress("api-group", { cidrIpv4: "10.0.0.0/8" }), letsIn],
    ["a range with SSH in it", ingress("nodes-group", { ...fromBastion, fromPort: 0 }), letsIn],
    [
      "every protocol from another group",
      ingress("nodes-group", { ...fromBastion, ipProtocol: "-1" }),
      letsIn,
    ],
    [
      "an inline rule",
      {
        "nodes-group.ingress": [
          { protocol: "tcp", fromPort: 22, toPort: 22, securityGroups: [ref("bastion-group")] },
        ],
      },
      ["nodes-group: nodes-group must not let SSH in"],
    ],
    [
      "the group that EKS makes",
      {
        rule: resource(token.securityGroupIngressRule, {
          securityGroupId: ref("cluster", "vpcConfig"),
          ipProtocol: "tcp",
          fromPort: 22,
          toPort: 22,
          cidrIpv4: "10.0.0.0/8",
        }),
      },
      letsIn,
      "preview",
    ],
  ],
  undecided: [
    [
      "ports that nobody knows yet",
      ingress("nodes-group", { ...fromBastion, fromPort: unknown }),
      ["rule: undecided: fromPort of rule is unknown until up"],
    ],
    [
      "a protocol that nobody knows yet",
      ingress("nodes-group", { ...fromBastion, ipProtocol: unknown }),
      ["rule: undecided: ipProtocol of rule is unknown until up"],
    ],
    [
      "a peer that nobody knows yet",
      ingress("nodes-group", { referencedSecurityGroupId: unknown, ipProtocol: "-1" }),
      ["rule: undecided: referencedSecurityGroupId of rule is unknown until up"],
    ],
  ],
});

const https = { fromPort: 443, toPort: 443 };
const toEndpoint = "must be a security group or the prefix list of an endpoint";

casesFor("bastion-egress-named [J16]", {
  base: platform,
  passes: [
    ["security groups", {}],
    [
      "the prefix list of an endpoint",
      egress("bastion-group", { ...https, prefixListId: ref("endpoint-s3", "prefixListId") }),
    ],
    ["what other groups reach", egress("nodes-group", { cidrIpv4: "10.0.0.0/8" })],
    ["what reaches the bastion", ingress("bastion-group", { cidrIpv4: "203.0.113.0/24" })],
  ],
  fails: [
    [
      "the internet by HTTPS",
      egress("bastion-group", { ...https, cidrIpv4: "0.0.0.0/0" }),
      [`rule: cidrIpv4 ${toEndpoint}, got "0.0.0.0/0"`],
    ],
    [
      "a network",
      egress("bastion-group", { ...https, cidrIpv4: "10.10.0.0/16" }),
      [`rule: cidrIpv4 ${toEndpoint}, got "10.10.0.0/16"`],
    ],
    [
      "a network that nobody knows yet",
      egress("bastion-group", { ...https, cidrIpv4: unknown }),
      [`rule: cidrIpv4 ${toEndpoint}, got "(unknown)"`],
    ],
    [
      "an inline rule",
      {
        "bastion-group.egress": [{ protocol: "tcp", ...https, cidrBlocks: ["0.0.0.0/0"] }],
      },
      [`bastion-group: egress[0].cidrBlocks[0] ${toEndpoint}, got "0.0.0.0/0"`],
    ],
    [
      "a prefix list of the program",
      {
        list: resource(token.managedPrefixList, { entries: [{ cidr: "0.0.0.0/0" }] }),
        ...egress("bastion-group", { ...https, prefixListId: ref("list") }),
      },
      ['rule: prefixListId must be the prefix list of an endpoint, got "(unknown)"'],
      "preview",
    ],
    ["nodes by SSH", egress("bastion-group", toNodes), ["rule: rule must not lead to SSH"]],
  ],
  undecided: [
    [
      "a prefix list that nobody knows yet",
      egress("bastion-group", { ...https, prefixListId: unknown }),
      ["rule: undecided: prefixListId of rule is unknown until up"],
    ],
    [
      "a prefix list of nobody here",
      egress("bastion-group", { ...https, prefixListId: "pl-1" }),
      [
        "rule: undecided: the owner of prefixListId of rule is unknown: no endpoint of the stack has it",
      ],
    ],
    [
      "ports that nobody knows yet",
      egress("bastion-group", { ...toNodes, toPort: unknown }),
      ["rule: undecided: toPort of rule is unknown until up"],
    ],
  ],
  notApplicable: [
    [
      "no bastion",
      { bastion: gone, workers: resource(token.autoScalingGroup, {}) },
      "the stack has no bastion",
    ],
  ],
});
