import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { planStack } from "../../plan/host";
import { privateTypes } from "../../policies/exposure/private-types";
import type { Finding, Registration } from "../../policies/model";
import { Stack } from "../../policies/model";
import { configured } from "../../policies/rule";
import { token } from "../../policies/tokens";
import { carriers, outwardTargets } from "../../policies/topology";
import { planWithSsh, planWithVpn } from "../support/access-plan";
import { casesFor, ruleById } from "../support/rule-cases";
import { platform, resource } from "../support/rule-platform";
import type { Change, Phase } from "../support/rule-stack";
import { changed, gone, ref, registrations, unknown } from "../support/rule-stack";

const id = "net-only-bastion-and-alb-public";
const gateway = "internet gateway internet, route public-route";
const bothSubnets = "subnets public-a, public-b";
const fault = (name: string, words: string) =>
  `${name}: ${name} must not be within reach of the internet, got ${words}`;

/** A group that lets a network of the internet in, on a port. */
const opened = (port: number, more: Record<string, unknown> = {}) => ({
  "open-group": resource(token.securityGroup, { vpcId: ref("vpc"), description: "open" }),
  "open-rule": resource(token.securityGroupIngressRule, {
    securityGroupId: ref("open-group"),
    cidrIpv4: "0.0.0.0/0",
    ipProtocol: "tcp",
    fromPort: port,
    toPort: port,
    description: "open",
    ...more,
  }),
});
const host = (inputs: Record<string, unknown>) =>
  resource(token.instance, {
    subnetId: ref("public-a"),
    vpcSecurityGroupIds: [ref("open-group")],
    associatePublicIpAddress: true,
    ...inputs,
  });
const onPublicA = `${gateway}, subnet public-a, rule open-rule`;
/** A template that gives addresses and wears the open group. */
const openTemplate = resource(token.launchTemplate, {
  networkInterfaces: [{ associatePublicIpAddress: "true", securityGroups: [ref("open-group")] }],
});
const fleet = (subnet: unknown) =>
  resource(token.fleet, {
    launchTemplateConfigs: [
      {
        launchTemplateSpecification: { launchTemplateId: ref("template") },
        overrides: [{ subnetId: subnet }],
      },
    ],
  });
const tasks = (inputs: Record<string, unknown>, type: string = token.ecsService) =>
  resource(type, {
    networkConfiguration: {
      subnets: [ref("public-a")],
      securityGroups: [ref("open-group")],
      ...inputs,
    },
  });
const networkPolicy = (open: boolean) =>
  JSON.stringify([
    {
      Rules: [{ ResourceType: "collection", Resource: ["collection/x"] }],
      AllowFromPublic: open,
    },
  ]);
const openOverSix = opened(22, { cidrIpv4: null, cidrIpv6: "::/0" });
const overSix = (name: string) =>
  fault(
    name,
    "port 22 from ::/0 by internet gateway internet, route public-route-six, subnet public-a, rule open-rule",
  );
const six = {
  "public-route-six": resource(token.route, {
    routeTableId: ref("public-table"),
    destinationIpv6CidrBlock: "::/0",
    gatewayId: ref("internet"),
  }),
};

const carried = (subnet: string, target: string, route: string) =>
  `${route}: undecided: whether the internet reaches ${subnet} by ${target} of ${route} is unknown: the pack does not know what that carries`;
/** The public subnets leave by something else than the internet gateway. */
const publicBy = (target: string, value: unknown = "x", more: Change = {}): Change => ({
  "public-route.gatewayId": gone,
  [`public-route.${target}`]: value,
  ...more,
});
/** What comes in by the internet gateway goes to an appliance; a machine of a private subnet has an address. */
const edge = (route: Record<string, unknown> = {}, more: Change = {}): Change => ({
  ...opened(22),
  host: host({ subnetId: ref("nodes-a") }),
  edge: resource(token.routeTable, { vpcId: ref("vpc") }),
  "edge-of-gateway": resource(token.routeTableAssociation, {
    gatewayId: ref("internet"),
    routeTableId: ref("edge"),
  }),
  "edge-route": resource(token.route, {
    routeTableId: ref("edge"),
    destinationCidrBlock: "10.10.10.0/24",
    networkInterfaceId: "eni-1",
    ...route,
  }),
  ...more,
});
const forSix: Parameters<typeof edge> = [
  { destinationCidrBlock: null, destinationIpv6CidrBlock: "2001:db8::/64" },
  { "nodes-a.ipv6CidrBlock": "2001:db8::/64" },
];
const byEdge = [carried("nodes-a", "networkInterfaceId", "edge-route")];

casesFor("net-only-bastion-and-alb-public [J16] [C10] [S13]", {
  base: platform,
  passes: [
    ["one load balancer on 443 and 80", {}],
    ...outwardTargets.map((target): [string, Change] => [
      `public subnets that leave by ${target}`,
      publicBy(target),
    ]),
    [
      "a network of ours by an appliance",
      publicBy("networkInterfaceId", "eni-1", {
        "public-route.destinationCidrBlock": "10.0.0.0/8",
      }),
    ],
    ["an appliance for another subnet", edge({ destinationCidrBlock: "10.10.11.0/24" })],
    ["an appliance for IPv6 before a machine without such an address", edge(...forSix)],
    ["a gateway that hands on by itself", edge({ networkInterfaceId: null, gatewayId: "local" })],
    [
      "an appliance of a virtual private gateway",
      edge({}, { "edge-of-gateway.gatewayId": "vgw-1" }),
    ],
    [
      "an appliance of another VPC",
      edge(
        {},
        {
          other: resource(token.vpc, { cidrBlock: "10.10.0.0/16" }),
          "edge.vpcId": ref("other"),
        },
      ),
    ],
    [
      "an appliance before a machine without an address",
      edge({}, { "host.associatePublicIpAddress": false }),
    ],
    [
      "an appliance before a machine that nobody may reach",
      edge({}, opened(22, { cidrIpv4: "10.0.0.0/8" })),
    ],
    [
      "nothing at all",
      { balancer: gone, http: gone, https: gone, name: gone, "acl-before-balancer": gone },
    ],
    ["an open group that nothing wears", opened(22)],
    ["tasks without addresses", { ...opened(8080), service: tasks({ assignPublicIp: false }) }],
    ["tasks on the network of their machines", { service: resource(token.ecsService, {}) }],
    [
      "a fleet in a private subnet",
      { ...opened(22), template: openTemplate, fleet: fleet(ref("nodes-a")) },
    ],
    [
      "an open group on another machine",
      {
        ...opened(22),
        quiet: resource(token.securityGroup, { vpcId: ref("vpc"), description: "quiet" }),
        host: host({ vpcSecurityGroupIds: [ref("quiet")] }),
        other: host({ subnetId: ref("nodes-a"), vpcSecurityGroupIds: [ref("quiet")] }),
        worn: resource(token.networkInterfaceGroup, {
          networkInterfaceId: ref("other", "primaryNetworkInterfaceId"),
          securityGroupId: ref("open-group"),
        }),
      },
    ],
    ...(
      [
        [token.restApi, { endpointConfiguration: { types: "PRIVATE" } }],
        [token.api, { disableExecuteApiEndpoint: true }],
        [
          token.appRunnerService,
          { networkConfiguration: { ingressConfiguration: { isPubliclyAccessible: false } } },
        ],
        [token.graphQlApi, { visibility: "PRIVATE" }],
        [token.databaseInstance, {}],
        [token.kafkaCluster, {}],
        [token.transferServer, { endpointType: "VPC" }],
        [token.bucket, { bucket: "private" }],
        [token.cloud9Environment, { connectionType: "CONNECT_SSM" }],
        [token.databaseCluster, { engine: "aurora-mysql" }],
        [
          token.databaseCluster,
          { dbClusterInstanceClass: "db.m5d.large", publiclyAccessible: false },
        ],
        [token.eventTarget, { ecsTarget: { networkConfiguration: { assignPublicIp: false } } }],
        [
          token.grafanaWorkspace,
          { networkAccessControl: { prefixListIds: [], vpceIds: ["vpce-1"] } },
        ],
        [token.graphAnalytics, {}],
        [token.lightsailDatabase, {}],
        [token.searchServerlessPolicy, { type: "network", policy: networkPolicy(false) }],
        [
          token.searchServerlessPolicy,
          { type: "encryption", policy: JSON.stringify({ AWSOwnedKey: false }) },
        ],
        [token.workflowEnvironment, {}],
      ] as const
    ).map(([type, inputs]): [string, Change] => [
      `a private ${type}`,
      { service: resource(type, inputs) },
    ]),
    ["a machine in a private subnet", { ...opened(22), host: host({ subnetId: ref("nodes-a") }) }],
    [
      "a machine without an address",
      { ...opened(22), host: host({ associatePublicIpAddress: false }) },
    ],
    [
      "a machine of the default VPC without an address",
      { ...opened(22), host: host({ subnetId: null, associatePublicIpAddress: false }) },
    ],
    [
      "a machine of the default VPC that nobody may reach",
      {
        ...opened(22, { cidrIpv4: "10.0.0.0/8" }),
        host: host({ subnetId: null, associatePublicIpAddress: null }),
      },
    ],
    [
      "a machine that takes the place of its network interface",
      {
        ...opened(22),
        card: resource(token.networkInterface, { subnetId: ref("nodes-a") }),
        host: host({
          subnetId: null,
          associatePublicIpAddress: null,
          primaryNetworkInterface: { networkInterfaceId: ref("card") },
        }),
      },
    ],
    [
      "a machine that nobody may reach",
      { ...opened(22, { cidrIpv4: "10.0.0.0/8" }), host: host({}) },
    ],
    [
      "a public subnet without its gateway",
      {
        ...opened(22),
        host: host({}),
        "public-route.gatewayId": "vgw-1",
      },
    ],
    [
      "an internal load balancer that is open",
      {
        ...opened(443),
        other: resource(token.loadBalancer, {
          internal: true,
          subnets: [ref("public-a")],
          securityGroups: [ref("open-group")],
        }),
      },
    ],
    [
      "a public network load balancer without listeners",
      {
        other: resource(token.loadBalancer, {
          loadBalancerType: "network",
          subnets: [ref("public-a")],
        }),
      },
    ],
    [
      "IPv6 by an egress-only gateway",
      {
        ...opened(22, { cidrIpv4: gone, cidrIpv6: "::/0" }),
        "open-rule": resource(token.securityGroupIngressRule, {
          securityGroupId: ref("open-group"),
          cidrIpv6: "::/0",
          ipProtocol: "-1",
          description: "open",
        }),
        host: host({ ipv6AddressCount: 1 }),
        "public-route-six": resource(token.route, {
          routeTableId: ref("public-table"),
          destinationIpv6CidrBlock: "::/0",
          egressOnlyGatewayId: "eigw-1",
        }),
      },
    ],
    [
      "a log store inside the VPC",
      { store: resource(token.openSearchDomain, { vpcOptions: { subnetIds: [ref("nodes-a")] } }) },
    ],
  ],
  fails: [
    [
      "a machine with an address",
      { ...opened(22), host: host({}) },
      [fault("host", `port 22 from 0.0.0.0/0 by ${onPublicA}`)],
    ],
    [
      "a machine whose template gives an address",
      {
        ...opened(22),
        template: resource(token.launchTemplate, {
          networkInterfaces: [{ associatePublicIpAddress: "true" }],
        }),
        host: host({ associatePublicIpAddress: null, launchTemplate: { id: ref("template") } }),
      },
      [fault("host", `port 22 from 0.0.0.0/0 by ${onPublicA}`)],
    ],
    [
      "a machine that may be reached from one network",
      { ...opened(22, { cidrIpv4: "203.0.113.0/24" }), host: host({}) },
      [fault("host", `port 22 from 203.0.113.0/24 by ${onPublicA}`)],
    ],
    [
      "a machine whose subnet gives addresses",
      {
        ...opened(22),
        host: host({ associatePublicIpAddress: null }),
        "public-a.mapPublicIpOnLaunch": true,
      },
      [fault("host", `port 22 from 0.0.0.0/0 by ${onPublicA}`)],
    ],
    [
      "a machine with an elastic address",
      {
        ...opened(22),
        host: host({ associatePublicIpAddress: false }),
        address: resource(token.eip, { instance: ref("host") }),
      },
      [fault("host", `port 22 from 0.0.0.0/0 by ${onPublicA}`)],
    ],
    [
      "a machine with an associated address",
      {
        ...opened(22),
        host: host({ associatePublicIpAddress: false }),
        address: resource(token.eip, {}),
        association: resource(token.eipAssociation, {
          instanceId: ref("host"),
          allocationId: ref("address"),
        }),
      },
      [fault("host", `port 22 from 0.0.0.0/0 by ${onPublicA}`)],
    ],
    [
      "a machine with an elastic address by its network interface",
      {
        ...opened(22),
        host: host({ associatePublicIpAddress: false }),
        address: resource(token.eip, {
          networkInterface: ref("host", "primaryNetworkInterfaceId"),
        }),
      },
      [fault("host", `port 22 from 0.0.0.0/0 by ${onPublicA}`)],
    ],
    [
      "a machine with an associated address by its network interface",
      {
        ...opened(22),
        host: host({ associatePublicIpAddress: false }),
        address: resource(token.eip, {}),
        association: resource(token.eipAssociation, {
          networkInterfaceId: ref("host", "primaryNetworkInterfaceId"),
          allocationId: ref("address"),
        }),
      },
      [fault("host", `port 22 from 0.0.0.0/0 by ${onPublicA}`)],
    ],
    [
      "a machine whose group came later",
      {
        ...opened(22),
        quiet: resource(token.securityGroup, { vpcId: ref("vpc"), description: "quiet" }),
        host: host({ vpcSecurityGroupIds: [ref("quiet")] }),
        worn: resource(token.networkInterfaceGroup, {
          networkInterfaceId: ref("host", "primaryNetworkInterfaceId"),
          securityGroupId: ref("open-group"),
        }),
      },
      [fault("host", `port 22 from 0.0.0.0/0 by ${onPublicA}`)],
    ],
    [
      "a machine of an open default group beside which one came later",
      {
        "default-group.ingress": [
          { protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["0.0.0.0/0"] },
        ],
        quiet: resource(token.securityGroup, { vpcId: ref("vpc"), description: "quiet" }),
        host: host({ vpcSecurityGroupIds: null }),
        worn: resource(token.networkInterfaceGroup, {
          networkInterfaceId: ref("host", "primaryNetworkInterfaceId"),
          securityGroupId: ref("quiet"),
        }),
      },
      [
        fault(
          "host",
          `every port from 0.0.0.0/0 by ${gateway}, subnet public-a, rule default-group ingress[0]`,
        ),
      ],
    ],
    [
      "machines by a template for some of their types",
      {
        ...opened(22),
        template: openTemplate,
        machines: resource(token.autoScalingGroup, {
          vpcZoneIdentifiers: [ref("public-a")],
          mixedInstancesPolicy: {
            launchTemplate: {
              launchTemplateSpecification: { launchTemplateId: ref("nodes-template") },
              overrides: [
                {
                  instanceType: "m7g.large",
                  launchTemplateSpecification: { launchTemplateId: ref("template") },
                },
              ],
            },
          },
        }),
      },
      [fault("machines", `port 22 from 0.0.0.0/0 by ${onPublicA}`)],
    ],
    [
      "machines of a fleet",
      { ...opened(22), template: openTemplate, fleet: fleet(ref("public-a")) },
      [fault("fleet", `port 22 from 0.0.0.0/0 by ${onPublicA}`)],
    ],
    [
      "machines of a fleet of spot instances",
      {
        ...opened(22),
        fleet: resource(token.spotFleetRequest, {
          launchSpecifications: [
            {
              associatePublicIpAddress: true,
              subnetId: ref("public-a"),
              vpcSecurityGroupIds: [ref("open-group")],
            },
          ],
        }),
      },
      [fault("fleet", `port 22 from 0.0.0.0/0 by ${onPublicA}`)],
    ],
    ...[token.ecsService, token.ecsTaskSet].map((type): [string, Change, string[]] => [
      `tasks of ${type}`,
      { ...opened(8080), service: tasks({ assignPublicIp: true }, type) },
      [fault("service", `port 8080 from 0.0.0.0/0 by ${onPublicA}`)],
    ]),
    [
      "tasks over IPv6",
      {
        ...six,
        ...openOverSix,
        "public-a.ipv6CidrBlock": "2001:db8::/64",
        service: tasks({ assignPublicIp: false }),
      },
      [overSix("service")],
    ],
    ...["ipv6PrefixCount", "ipv6Prefixes"].map((key): [string, Change, string[]] => [
      `a network interface with ${key}`,
      {
        ...six,
        ...openOverSix,
        card: resource(token.networkInterface, {
          subnetId: ref("public-a"),
          securityGroups: [ref("open-group")],
          [key]: key === "ipv6PrefixCount" ? 1 : ["2001:db8::/80"],
        }),
      },
      [overSix("card")],
    ]),
    [
      "a machine whose template has a prefix of IPv6",
      {
        ...six,
        ...openOverSix,
        template: resource(token.launchTemplate, { networkInterfaces: [{ ipv6PrefixCount: 1 }] }),
        host: host({ associatePublicIpAddress: false, launchTemplate: { id: ref("template") } }),
      },
      [overSix("host")],
    ],
    [
      "a machine that may take an address which nothing uses",
      {
        ...opened(22),
        host: host({ associatePublicIpAddress: false }),
        address: resource(token.eip, {}),
      },
      [fault("host", `port 22 from 0.0.0.0/0 by ${onPublicA}`)],
    ],
    [
      "a machine by a private subnet with the wrong route",
      {
        ...opened(22),
        host: host({ subnetId: ref("nodes-a") }),
        "private-route-a.natGatewayId": gone,
        "private-route-a.gatewayId": ref("internet"),
      },
      [
        fault(
          "host",
          "port 22 from 0.0.0.0/0 by internet gateway internet, route private-route-a, subnet nodes-a, rule open-rule",
        ),
      ],
    ],
    [
      "a machine by the main route table of its VPC",
      {
        ...opened(22),
        own: resource(token.vpc, { cidrBlock: "10.60.0.0/16" }),
        plain: resource(token.subnet, { vpcId: ref("own") }),
        way: resource(token.route, {
          routeTableId: ref("own", "mainRouteTableId"),
          destinationCidrBlock: "0.0.0.0/0",
          gatewayId: ref("internet"),
        }),
        host: host({ subnetId: ref("plain") }),
      },
      [
        fault(
          "host",
          "port 22 from 0.0.0.0/0 by internet gateway internet, route way, subnet plain, rule open-rule",
        ),
      ],
    ],
    [
      "a machine in the default group, which is open",
      {
        "default-group.ingress": [
          { protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["0.0.0.0/0"] },
        ],
        host: host({ vpcSecurityGroupIds: null }),
      },
      [
        fault(
          "host",
          `every port from 0.0.0.0/0 by ${gateway}, subnet public-a, rule default-group ingress[0]`,
        ),
      ],
    ],
    [
      "a machine by a prefix list",
      {
        "open-group": resource(token.securityGroup, { vpcId: ref("vpc"), description: "open" }),
        list: resource(token.managedPrefixList, { entries: [{ cidr: "198.51.100.0/24" }] }),
        "open-rule": resource(token.securityGroupIngressRule, {
          securityGroupId: ref("open-group"),
          prefixListId: ref("list"),
          ipProtocol: "tcp",
          fromPort: 8000,
          toPort: 8080,
          description: "open",
        }),
        host: host({}),
      },
      [fault("host", `ports 8000-8080 from 198.51.100.0/24 by ${onPublicA}`)],
    ],
    [
      "a machine over IPv6",
      {
        ...six,
        "open-group": resource(token.securityGroup, { vpcId: ref("vpc"), description: "open" }),
        "open-rule": resource(token.securityGroupIngressRule, {
          securityGroupId: ref("open-group"),
          cidrIpv6: "::/0",
          ipProtocol: "-1",
          description: "open",
        }),
        host: host({ associatePublicIpAddress: false, ipv6AddressCount: 1 }),
      },
      [
        fault(
          "host",
          "every port from ::/0 by internet gateway internet, route public-route-six, subnet public-a, rule open-rule",
        ),
      ],
    ],
    [
      "a machine of the default VPC",
      {
        ...opened(22),
        "default-subnet": resource(token.defaultSubnet, { availabilityZone: "eu-west-1a" }),
        host: host({ subnetId: ref("default-subnet"), associatePublicIpAddress: null }),
      },
      [
        fault(
          "host",
          "port 22 from 0.0.0.0/0 by internet gateway the default VPC, subnet default-subnet, rule open-rule",
        ),
      ],
    ],
    [
      "a machine that names no subnet, which is the default VPC's then",
      { ...opened(22), host: host({ subnetId: null, associatePublicIpAddress: null }) },
      [fault("host", "port 22 from 0.0.0.0/0 by the default VPC, rule open-rule")],
    ],
    [
      "a machine of the default VPC that names its group as such machines do",
      {
        ...opened(22),
        host: host({
          subnetId: null,
          associatePublicIpAddress: null,
          vpcSecurityGroupIds: null,
          securityGroups: [ref("open-group", "name")],
        }),
      },
      [fault("host", "port 22 from 0.0.0.0/0 by the default VPC, rule open-rule")],
    ],
    [
      "machines of a group that names zones instead of subnets",
      {
        ...opened(22),
        "bastion.vpcZoneIdentifiers": gone,
        "bastion-template.networkInterfaces": [{ securityGroups: [ref("open-group")] }],
      },
      [fault("bastion", "port 22 from 0.0.0.0/0 by the default VPC, rule open-rule")],
    ],
    [
      "a machine whose template names the subnet",
      {
        ...opened(22),
        template: resource(token.launchTemplate, {
          networkInterfaces: [{ subnetId: ref("public-a"), associatePublicIpAddress: "true" }],
        }),
        host: host({
          subnetId: null,
          associatePublicIpAddress: null,
          launchTemplate: { id: ref("template") },
        }),
      },
      [fault("host", `port 22 from 0.0.0.0/0 by ${onPublicA}`)],
    ],
    [
      "a classic load balancer that names zones instead of subnets",
      {
        ...opened(443),
        other: resource(token.loadBalancerClassic, {
          availabilityZones: ["eu-west-1a"],
          securityGroups: [ref("open-group")],
          listeners: [{ lbPort: 443, lbProtocol: "tcp", instancePort: 443 }],
        }),
      },
      [fault("other", "TCP 443 from 0.0.0.0/0 by the default VPC, rule open-rule")],
    ],
    [
      "a network interface with an elastic address",
      {
        ...opened(443),
        card: resource(token.networkInterface, {
          subnetId: ref("public-a"),
          securityGroups: [ref("open-group")],
        }),
        address: resource(token.eip, { networkInterface: ref("card") }),
      },
      [fault("card", `port 443 from 0.0.0.0/0 by ${onPublicA}`)],
    ],
    [
      "nodes in public subnets with addresses",
      {
        ...opened(10250),
        "nodes.subnetIds": [ref("public-a")],
        "nodes-template.networkInterfaces": [
          { associatePublicIpAddress: "true", securityGroups: [ref("open-group")] },
        ],
      },
      [fault("nodes", `port 10250 from 0.0.0.0/0 by ${onPublicA}`)],
    ],
    [
      "a bastion that nobody configured",
      {
        ...opened(22),
        "bastion.vpcZoneIdentifiers": [ref("public-a")],
        "bastion-template.networkInterfaces": [
          { associatePublicIpAddress: "true", securityGroups: [ref("open-group")] },
        ],
      },
      [fault("bastion", `port 22 from 0.0.0.0/0 by ${onPublicA}`)],
    ],
    [
      "a second load balancer",
      {
        other: resource(token.loadBalancer, {
          subnets: [ref("public-a")],
          securityGroups: [ref("entry-group")],
        }),
        "other-listener": resource(token.listener, {
          loadBalancerArn: ref("other", "arn"),
          port: 443,
          protocol: "HTTPS",
        }),
      },
      [
        fault(
          "balancer",
          `HTTPS 443 from 203.0.113.0/24 by ${gateway}, ${bothSubnets}, rule entry-443`,
        ),
        fault(
          "balancer",
          `HTTP 80 (redirects only) from 203.0.113.0/24 by ${gateway}, ${bothSubnets}, rule entry-80`,
        ),
        fault(
          "other",
          `HTTPS 443 from 203.0.113.0/24 by ${gateway}, subnet public-a, rule entry-443`,
        ),
      ],
    ],
    [
      "another port of the load balancer",
      {
        ...opened(8443),
        "balancer.securityGroups": [ref("entry-group"), ref("open-group")],
        admin: resource(token.listener, {
          loadBalancerArn: ref("balancer", "arn"),
          port: 8443,
          protocol: "HTTPS",
        }),
      },
      [
        fault(
          "balancer",
          `HTTPS 8443 from 0.0.0.0/0 by ${gateway}, ${bothSubnets}, rule open-rule`,
        ),
      ],
    ],
    [
      "a network load balancer without a group",
      {
        other: resource(token.loadBalancer, {
          loadBalancerType: "network",
          subnetMappings: [{ subnetId: ref("public-a") }],
        }),
        "other-listener": resource(token.listener, {
          loadBalancerArn: ref("other", "arn"),
          port: 5432,
          protocol: "TCP",
        }),
      },
      [fault("other", `TCP 5432 from 0.0.0.0/0 by ${gateway}, subnet public-a, no security group`)],
    ],
    [
      "a load balancer over IPv6 on a port of its own",
      {
        ...six,
        "balancer.ipAddressType": "dualstack",
        "entry-six": resource(token.securityGroupIngressRule, {
          securityGroupId: ref("entry-group"),
          cidrIpv6: "::/0",
          ipProtocol: "tcp",
          fromPort: 8443,
          toPort: 8443,
          description: "requests",
        }),
        admin: resource(token.listener, {
          loadBalancerArn: ref("balancer", "arn"),
          port: 8443,
          protocol: "HTTPS",
        }),
      },
      [
        fault(
          "balancer",
          `HTTPS 8443 from ::/0 by internet gateway internet, route public-route-six, ${bothSubnets}, rule entry-six`,
        ),
      ],
    ],
    [
      "a classic load balancer",
      {
        ...opened(443),
        other: resource(token.loadBalancerClassic, {
          subnets: [ref("public-b")],
          securityGroups: [ref("open-group")],
          listeners: [{ lbPort: 443, lbProtocol: "tcp", instancePort: 443 }],
        }),
      },
      [fault("other", `TCP 443 from 0.0.0.0/0 by ${gateway}, subnet public-b, rule open-rule`)],
    ],
    [
      "the public endpoint of the Kubernetes API",
      { "cluster.vpcConfig.endpointPublicAccess": true },
      [fault("cluster", "HTTPS 443 from 0.0.0.0/0 by an endpoint of AWS")],
    ],
    [
      "the public endpoint of the Kubernetes API for one network",
      {
        "cluster.vpcConfig.endpointPublicAccess": gone,
        "cluster.vpcConfig.publicAccessCidrs": ["203.0.113.0/24"],
      },
      [fault("cluster", "HTTPS 443 from 203.0.113.0/24 by an endpoint of AWS")],
    ],
    [
      "a log store outside the VPC",
      { store: resource(token.openSearchDomain, {}) },
      [fault("store", "HTTPS 443 from 0.0.0.0/0 by an endpoint of AWS")],
    ],
    ...(
      [
        [token.functionUrl, { authorizationType: "NONE" }, "HTTPS 443"],
        [token.functionUrl, { authorizationType: "AWS_IAM" }, "HTTPS 443"],
        [token.restApi, {}, "HTTPS 443"],
        [token.api, { protocolType: "HTTP" }, "HTTPS 443"],
        [token.appRunnerService, {}, "HTTPS 443"],
        [token.graphQlApi, {}, "HTTPS 443"],
        [token.distribution, { enabled: true }, "HTTPS 443"],
        [token.accelerator, {}, "ports of its listeners"],
        [token.databaseInstance, { publiclyAccessible: true }, "a port of its own"],
        [
          token.kafkaCluster,
          {
            brokerNodeGroupInfo: {
              connectivityInfo: { publicAccess: { type: "SERVICE_PROVIDED_EIPS" } },
            },
          },
          "a port of its own",
        ],
        [token.transferServer, {}, "a port of its own"],
        [
          token.transferServer,
          { endpointType: "VPC", endpointDetails: { addressAllocationIds: ["eipalloc-1"] } },
          "a port of its own",
        ],
        [token.bucket, { website: { indexDocument: "index.html" } }, "HTTP 80"],
        [token.bucketWebsite, { bucket: "site" }, "HTTP 80"],
        [token.cloud9Environment, {}, "port 22"],
        [token.databaseCluster, { publiclyAccessible: true }, "a port of its own"],
        [
          token.eventTarget,
          { ecsTarget: { networkConfiguration: { assignPublicIp: true } } },
          "ports of its tasks",
        ],
        [token.grafanaWorkspace, {}, "HTTPS 443"],
        [
          token.grafanaWorkspace,
          { networkAccessControl: { prefixListIds: ["pl-1"], vpceIds: [] } },
          "HTTPS 443",
        ],
        [token.graphAnalytics, { publicConnectivity: true }, "a port of its own"],
        [token.instanceConnectEndpoint, {}, "HTTPS 443"],
        [token.lightsailBucket, {}, "HTTPS 443"],
        [token.lightsailDatabase, { publiclyAccessible: true }, "a port of its own"],
        [token.lightsailDistribution, {}, "HTTPS 443"],
        [token.lightsailLoadBalancer, { instancePort: 80 }, "ports of its own"],
        [
          token.searchServerlessPolicy,
          { type: "network", policy: networkPolicy(true) },
          "HTTPS 443",
        ],
        [token.userPoolDomain, {}, "HTTPS 443"],
        [token.verifiedAccessEndpoint, {}, "a port of its own"],
        [token.workflowEnvironment, { webserverAccessMode: "PUBLIC_AND_PRIVATE" }, "HTTPS 443"],
      ] as const
    ).map(([type, inputs, port]): [string, Change, string[]] => [
      `${type} with ${JSON.stringify(inputs)}`,
      { service: resource(type, inputs) },
      [fault("service", `${port} from 0.0.0.0/0 by an endpoint of AWS`)],
    ]),
  ],
  undecided: [
    ...[
      "aws:batch/computeEnvironment:ComputeEnvironment",
      "aws:ec2/carrierGateway:CarrierGateway",
      "aws-native:ec2:Instance",
    ].map((type): [string, Change, string[]] => [
      `something of a type that nobody knows, ${type}`,
      { thing: resource(type, {}) },
      [
        `thing: undecided: whether the internet reaches thing is unknown: the pack does not know what ${type} opens`,
      ],
    ]),
    ...carriers.map((target): [string, Change, string[]] => [
      `public subnets that leave by ${target}`,
      publicBy(target),
      ["public-a", "public-b"].map((subnet) => carried(subnet, target, "public-route")),
    ]),
    [
      "public subnets that leave by a firewall that only up makes",
      publicBy("vpcEndpointId", unknown),
      ["public-a", "public-b"].map((subnet) => carried(subnet, "vpcEndpointId", "public-route")),
    ],
    [
      "some of the internet by a firewall",
      publicBy("vpcEndpointId", "vpce-1", {
        "public-route.destinationCidrBlock": "198.51.100.0/24",
      }),
      ["public-a", "public-b"].map((subnet) => carried(subnet, "vpcEndpointId", "public-route")),
    ],
    [
      "a prefix list by a firewall",
      publicBy("vpcEndpointId", "vpce-1", {
        "public-route.destinationCidrBlock": gone,
        "public-route.destinationPrefixListId": "pl-1",
      }),
      ["public-a", "public-b"].map((subnet) => carried(subnet, "vpcEndpointId", "public-route")),
    ],
    [
      "a firewall that an inline route names",
      {
        "public-route": gone,
        "public-table.routes": [{ cidrBlock: "0.0.0.0/0", vpcEndpointId: "vpce-1" }],
      },
      ["public-a", "public-b"].map((subnet) =>
        carried(subnet, "routes[0].vpcEndpointId", "public-table"),
      ),
    ],
    ["an appliance to which the gateway hands on", edge(), byEdge],
    ["an appliance for the whole VPC", edge({ destinationCidrBlock: "10.10.0.0/16" }), [...byEdge]],
    [
      "an appliance for networks that nobody knows yet",
      edge({ destinationCidrBlock: unknown }),
      byEdge,
    ],
    [
      "an appliance before a subnet whose network nobody knows yet",
      edge({}, { "nodes-a.cidrBlock": unknown }),
      byEdge,
    ],
    [
      "an appliance before a subnet whose network a pool gives",
      edge({}, { "nodes-a.cidrBlock": gone }),
      byEdge,
    ],
    [
      "an appliance of a gateway that nobody knows yet",
      edge({}, { "edge-of-gateway.gatewayId": unknown }),
      byEdge,
    ],
    [
      "an appliance for IPv6",
      {
        ...edge(...forSix),
        ...openOverSix,
        host: host({
          subnetId: ref("nodes-a"),
          associatePublicIpAddress: false,
          ipv6AddressCount: 1,
        }),
      },
      byEdge,
    ],
    [
      "a table of another stack, by which the gateway hands on",
      edge({}, { "edge-of-gateway.routeTableId": "rtb-1" }),
      ["edge-of-gateway: undecided: routeTableId of edge-of-gateway is unknown until up"],
    ],
    [
      "a database of three zones that says nothing",
      { store: resource(token.databaseCluster, { dbClusterInstanceClass: "db.m5d.large" }) },
      [
        "store: undecided: whether store is public hangs on the internet gateway of its VPC: publiclyAccessible is left out",
      ],
    ],
    [
      "a policy of networks that nobody knows yet",
      { policy: resource(token.searchServerlessPolicy, { type: "network", policy: unknown }) },
      ["policy: undecided: policy of policy is unknown until up"],
    ],
    [
      "a subnet of a VPC that the stack does not manage",
      {
        ...opened(22),
        foreign: resource(token.subnet, { vpcId: "vpc-1" }),
        host: host({ subnetId: ref("foreign") }),
      },
      ["host: undecided: the main route table of vpc-1 is unknown: the stack does not manage it"],
    ],
    [
      "an address of something else",
      { address: resource(token.eip, { networkInterface: "eni-1" }) },
      ["address: undecided: what address does to eni-1 is unknown: the stack does not manage it"],
    ],
    [
      "an address of something that nobody knows yet",
      { association: resource(token.eipAssociation, { networkInterfaceId: unknown }) },
      ["association: undecided: networkInterfaceId of association is unknown until up"],
    ],
    [
      "an open group on something else",
      {
        worn: resource(token.networkInterfaceGroup, {
          networkInterfaceId: "eni-1",
          securityGroupId: ref("entry-group"),
        }),
      },
      ["worn: undecided: what worn does to eni-1 is unknown: the stack does not manage it"],
    ],
    [
      "a listener of another stack's load balancer",
      { stray: resource(token.listener, { loadBalancerArn: "arn:x", port: 8443 }) },
      ["stray: undecided: what stray does to arn:x is unknown: the stack does not manage it"],
    ],
    [
      "a service of which nobody knows yet",
      { service: resource(token.databaseInstance, { publiclyAccessible: unknown }) },
      ["service: undecided: publiclyAccessible of service is unknown until up"],
    ],
    [
      "an address that nobody knows yet",
      { ...opened(22), host: host({ associatePublicIpAddress: unknown }) },
      ["host: undecided: associatePublicIpAddress of host is unknown until up"],
    ],
    [
      "a template of another stack",
      {
        ...opened(22),
        host: host({ associatePublicIpAddress: null, launchTemplate: { id: "lt-1" } }),
      },
      ["host: undecided: what lt-1 launches is unknown: the stack does not manage it"],
    ],
    [
      "a template of another stack, which may name a subnet",
      {
        ...opened(22),
        host: host({
          subnetId: null,
          associatePublicIpAddress: null,
          launchTemplate: { id: "lt-1" },
        }),
      },
      ["host: undecided: what lt-1 launches is unknown: the stack does not manage it"],
    ],
    [
      "a template that nobody knows yet",
      {
        ...opened(22),
        host: host({ associatePublicIpAddress: null, launchTemplate: { id: unknown } }),
      },
      ["host: undecided: launchTemplate.id of host is unknown until up"],
    ],
    [
      "a load balancer that may have IPv6 addresses",
      {
        ...six,
        "balancer.ipAddressType": unknown,
        "entry-six": resource(token.securityGroupIngressRule, {
          securityGroupId: ref("entry-group"),
          cidrIpv6: "2001:db8::/32",
          ipProtocol: "tcp",
          fromPort: 443,
          toPort: 443,
          description: "requests",
        }),
      },
      ["balancer: undecided: ipAddressType of balancer is unknown until up"],
    ],
    [
      "a gateway that nobody knows yet",
      {
        ...opened(22),
        host: host({}),
        "public-route.gatewayId": unknown,
        balancer: gone,
        http: gone,
        https: gone,
        name: gone,
        "acl-before-balancer": gone,
      },
      ["public-route: undecided: gatewayId of public-route is unknown until up"],
    ],
    [
      "a network that nobody knows yet",
      { ...opened(22, { cidrIpv4: unknown }), host: host({}) },
      ["open-rule: undecided: cidrIpv4 of open-rule is unknown until up"],
    ],
    [
      "a protocol that nobody knows yet",
      { ...opened(22, { ipProtocol: unknown }), host: host({}) },
      ["open-rule: undecided: ipProtocol of open-rule is unknown until up"],
    ],
    [
      "a subnet of another stack",
      { ...opened(22), host: host({ subnetId: "subnet-1" }) },
      ["host: undecided: the routing of subnet-1 is unknown: the stack does not manage it"],
    ],
    [
      "a group of another stack",
      { host: host({ vpcSecurityGroupIds: ["sg-1"] }) },
      [
        "host: undecided: the rules of the security group sg-1 are unknown: the stack does not manage it",
      ],
    ],
    [
      "a prefix list of another stack",
      {
        "open-group": resource(token.securityGroup, { vpcId: ref("vpc"), description: "open" }),
        "open-rule": resource(token.securityGroupIngressRule, {
          securityGroupId: ref("open-group"),
          prefixListId: "pl-1",
          ipProtocol: "tcp",
          fromPort: 22,
          toPort: 22,
          description: "open",
        }),
        host: host({}),
      },
      [
        "open-rule: undecided: the networks of prefixListId of open-rule are unknown: the stack does not manage the prefix list",
      ],
    ],
    [
      "a listener of something that nobody knows yet",
      { stray: resource(token.listener, { loadBalancerArn: unknown, port: 8443 }) },
      ["stray: undecided: loadBalancerArn of stray is unknown until up"],
    ],
    [
      "a port that nobody knows yet",
      { "https.port": unknown },
      ["https: undecided: port of https is unknown until up"],
    ],
    [
      "the endpoint of a cluster of which nobody knows yet",
      { "cluster.vpcConfig.endpointPublicAccess": unknown },
      ["cluster: undecided: vpcConfig.endpointPublicAccess of cluster is unknown until up"],
    ],
  ],
});

const sshBastion = {
  ...opened(22, { cidrIpv4: "203.0.113.0/24" }),
  "bastion.vpcZoneIdentifiers": [ref("public-a")],
  "bastion-template.networkInterfaces": [
    { associatePublicIpAddress: "true", securityGroups: [ref("open-group")] },
  ],
};

describe("a bastion that people reach by SSH", () => {
  casesFor("net-only-bastion-and-alb-public [J16] [C10] [S13]", {
    base: platform,
    config: { publicBastion: true },
    passes: [["the bastion on 22", sshBastion]],
    fails: [
      [
        "the bastion on another port",
        { ...sshBastion, ...opened(2222) },
        [fault("bastion", `port 2222 from 0.0.0.0/0 by ${onPublicA}`)],
      ],
      [
        "another machine on 22",
        { ...opened(22), host: host({}) },
        [fault("host", `port 22 from 0.0.0.0/0 by ${onPublicA}`)],
      ],
    ],
    undecided: [],
    decided: "the table above has them",
  });
});

const vpn = {
  vpn: resource(token.clientVpnEndpoint, { clientCidrBlock: "10.99.0.0/22" }),
  "vpn-a": resource(token.clientVpnAssociation, {
    clientVpnEndpointId: ref("vpn"),
    subnetId: ref("nodes-a"),
  }),
};
const byVpn = "VPN 443 from 0.0.0.0/0 by an endpoint of AWS, subnet nodes-a";

describe("a VPN that people come by", () => {
  casesFor("net-only-bastion-and-alb-public [J16] [C10] [S13]", {
    base: platform,
    config: { publicVpn: true },
    passes: [["the endpoint of a VPN", vpn]],
    fails: [
      [
        "another endpoint of AWS",
        { ...vpn, "cluster.vpcConfig.endpointPublicAccess": true },
        [fault("cluster", "HTTPS 443 from 0.0.0.0/0 by an endpoint of AWS")],
      ],
      [
        "a bastion",
        { ...vpn, ...sshBastion },
        [fault("bastion", `port 22 from 203.0.113.0/24 by ${onPublicA}`)],
      ],
    ],
    undecided: [],
    decided: "the table of all that is public has them",
  });

  casesFor("net-only-bastion-and-alb-public [J16] [C10] [S13]", {
    base: platform,
    passes: [["no VPN", {}]],
    fails: [["a VPN of which nobody told", vpn, [fault("vpn", byVpn)]]],
    undecided: [],
    decided: "the table of all that is public has them",
  });
});

function findings(resources: readonly Registration[]): Finding[] {
  const rule = ruleById(id);
  if (!("checkStack" in rule)) throw new Error("expected a rule of stacks");
  return [...rule.checkStack(new Stack(resources), configured(rule, {}))];
}

const messages = (found: Finding[], wanted: Finding["verdict"]) =>
  found.filter(({ verdict }) => verdict === wanted).map(({ message }) => message);

/** What the rule tells of a stack. */
const notes = (change: Change, phase: Phase) =>
  messages(findings(registrations(changed(platform, change), phase)), "note");

const ruleOf = (listener: string, action: Record<string, unknown>) =>
  resource(token.listenerRule, { listenerArn: ref(listener, "arn"), actions: [action] });

describe("the exposure that a plan shows", () => {
  it.each<Phase>(["preview", "finished"])(
    "lists every way in, with its path (%s) [J16]",
    (phase) => {
      expect(notes({}, phase)).toEqual([
        `Exposure: HTTPS 443 from 203.0.113.0/24 by ${gateway}, ${bothSubnets}, rule entry-443`,
        `Exposure: HTTP 80 (redirects only) from 203.0.113.0/24 by ${gateway}, ${bothSubnets}, rule entry-80`,
      ]);
    },
  );

  it("puts what several rules open on one port together", () => {
    const more = {
      "entry-443-too": resource(token.securityGroupIngressRule, {
        ...platform["entry-443"]?.inputs,
        cidrIpv4: "198.51.100.0/24",
      }),
    };
    expect(notes(more, "preview")[0]).toBe(
      `Exposure: HTTPS 443 from 198.51.100.0/24, 203.0.113.0/24 by ${gateway}, ${bothSubnets}, rule entry-443, rule entry-443-too`,
    );
  });

  it("tells also what must not be there, and what AWS puts on the internet", () => {
    expect(
      notes({ vpn: resource(token.clientVpnEndpoint, { vpnPort: 1194 }) }, "preview"),
    ).toContain("Exposure: VPN 1194 from 0.0.0.0/0 by an endpoint of AWS");
    expect(notes(vpn, "preview")).toContain(`Exposure: ${byVpn}`);
  });

  it.each<[string, Change]>([
    [
      "a rule forwards",
      { "http-rule": ruleOf("http", { type: "forward", targetGroupArn: "arn:x" }) },
    ],
    ["a rule does what nobody knows yet", { "http-rule": ruleOf("http", { type: unknown }) }],
    [
      "a rule may be its own",
      { "http-rule": resource(token.listenerRule, { listenerArn: unknown }) },
    ],
  ])("does not say of a listener that it redirects only when %s", (_what, change) => {
    expect(notes(change, "preview")).toContain(
      `Exposure: HTTP 80 from 203.0.113.0/24 by ${gateway}, ${bothSubnets}, rule entry-80`,
    );
  });

  it("says that a listener whose rules redirect redirects only", () => {
    const change = { "http-rule": ruleOf("http", { type: "redirect" }) };
    expect(notes(change, "preview").join("\n")).toContain("HTTP 80 (redirects only)");
  });

  it("says so when the internet reaches nothing", () => {
    expect(notes({ "balancer.internal": true }, "preview")).toEqual([
      "Exposure: the internet reaches nothing of the stack",
    ]);
  });

  it.each<[string, Change]>([
    ["a door", { "public-route.gatewayId": unknown }],
    ["what a firewall carries", publicBy("vpcEndpointId", "vpce-1")],
    ["what an appliance takes from the gateway", { ...edge(), "balancer.internal": true }],
    [
      "an endpoint of AWS",
      { "balancer.internal": true, "cluster.vpcConfig.endpointPublicAccess": unknown },
    ],
    ["a type", { "balancer.internal": true, thing: resource("aws:batch/jobQueue:JobQueue", {}) }],
    [
      "an address of something else",
      { "balancer.internal": true, address: resource(token.eip, { instance: "i-1" }) },
    ],
  ])("does not say so while %s is in doubt", (_what, change) => {
    expect(notes(change, "preview")).toEqual([]);
  });
});

describe("the types that give nothing an address", () => {
  const sdk = dirname(require.resolve("@pulumi/aws/package.json"));
  const looksAt = new Set(ruleById(id).types);

  it("are types of the provider", () => {
    const strangers = privateTypes.filter((type) => {
      const [, service = ""] = /^aws:(\w+)/.exec(type) ?? [];
      return !readFileSync(join(sdk, service, "index.js"), "utf8").includes(`"${type}"`);
    });
    expect(strangers).toEqual([]);
  });

  it("are listed once, and are none that the rule looks at", () => {
    expect(new Set(privateTypes).size).toBe(privateTypes.length);
    expect(privateTypes.filter((type) => looksAt.has(type))).toEqual([]);
  });
});

it("knows every target that the provider takes for a route", () => {
  const file = join(dirname(require.resolve("@pulumi/aws/package.json")), "ec2/route.js");
  const inputs = readFileSync(file, "utf8").matchAll(/resourceInputs\["(\w+(?:Id|Arn))"\]/g);
  const targets = new Set([...inputs].map(([, name = ""]) => name));
  // Where it is, what for, and whose the instance of a target is.
  for (const name of ["routeTableId", "destinationPrefixListId", "instanceOwnerId"]) {
    targets.delete(name);
  }
  expect([...targets].toSorted()).toEqual(["gatewayId", ...outwardTargets, ...carriers].toSorted());
});

describe("the program itself", () => {
  let resources: Registration[] = [];
  beforeAll(async () => {
    const root = join(__dirname, "../..");
    ({ resources } = await planStack({ projectDir: root, stack: "prod" }));
  }, 60_000);

  it("is reached by the internet on 443 and 80 of its entry, and nothing of that is undecided [J16]", () => {
    const found = findings(resources);
    expect(found.map(({ verdict }) => verdict)).toEqual(["note", "note"]);
    const way = (port: string, rule: string) =>
      `Exposure: ${port} from 0.0.0.0/0 by internet gateway network-internet, route network-public-internet, subnets network-public-eu-west-1a, network-public-eu-west-1b, network-public-eu-west-1c, rule rules-entry-ingress-clients-${rule}-0.0.0.0/0`;
    expect(messages(found, "note").toSorted()).toEqual([
      way("HTTP 80 (redirects only)", "80"),
      way("HTTPS 443", "443"),
    ]);
  });

  it.each([
    ["SSH", planWithSsh],
    ["VPN", planWithVpn],
  ])(
    "has no type of which nobody knows what it opens, with %s either [J16]",
    async (_by, plan) => {
      expect(messages(findings(await plan()), "undecided")).toEqual([]);
    },
    60_000,
  );

  it("with a firewall before its gateway is reached by nobody knows whom, and says so by name [J16]", () => {
    const behind = resources.map((one) => {
      if (one.name !== "network-public-internet") return one;
      const { gatewayId: _gateway, ...rest } = one.inputs;
      const inputs = { ...rest, vpcEndpointId: unknown };
      return { ...one, inputs, outputs: inputs };
    });
    const found = findings(behind);
    expect(new Set(found.map(({ verdict }) => verdict))).toEqual(new Set(["undecided"]));
    expect([...new Set(messages(found, "undecided"))]).toEqual(
      ["a", "b", "c"].map(
        (zone) =>
          `whether the internet reaches network-public-eu-west-1${zone} by vpcEndpointId of network-public-internet is unknown: the pack does not know what that carries`,
      ),
    );
  });

  /** The program with its bastion opened: each is one of the three things that a way takes. */
  const openings: Record<string, (one: Registration, inputs: Registration["inputs"]) => void> = {
    address: (one, inputs) => {
      if (one.type === token.launchTemplate && one.name === "bastion") {
        inputs["networkInterfaces"] = [
          { ...(inputs["networkInterfaces"] as object[])[0], associatePublicIpAddress: "true" },
        ];
      }
    },
    route: (one) => {
      const subnets = resources.filter(
        ({ type, name }) => type === token.subnet && name.startsWith("network-public-"),
      );
      if (one.type === token.autoScalingGroup) {
        one.propertyDependencies = {
          ...one.propertyDependencies,
          vpcZoneIdentifiers: subnets.map(({ urn }) => urn),
        };
      }
    },
    rule: (one, inputs) => {
      const group = resources.find(({ name }) => name === "groups-bastion")?.urn ?? "";
      if (one.name !== "rules-entry-ingress-clients-443-0.0.0.0/0") return;
      one.propertyDependencies = { ...one.propertyDependencies, securityGroupId: [group] };
      inputs["fromPort"] = 22;
    },
  };
  const withOpen = (names: string[]) =>
    resources.map((one) => {
      const inputs = structuredClone(one.inputs);
      const copy = { ...one, inputs, outputs: inputs };
      for (const name of names) openings[name]?.(copy, inputs);
      return copy;
    });

  it.each([
    [["address"], []],
    [["route"], []],
    [["rule"], []],
    [["address", "route"], []],
    [["address", "rule"], []],
    [["route", "rule"], []],
    [
      ["address", "route", "rule"],
      [
        "bastion must not be within reach of the internet, got ports 22-443 from 0.0.0.0/0 by internet gateway network-internet, route network-public-internet, subnets network-public-eu-west-1a, network-public-eu-west-1b, network-public-eu-west-1c, rule rules-entry-ingress-clients-443-0.0.0.0/0",
      ],
    ],
  ])("with %j of its bastion open fails only when all of a way is there", (names, expected) => {
    expect(messages(findings(withOpen(names)), "fail")).toEqual(expected);
  });
});

casesFor("net-only-bastion-and-alb-public [J16] [C10] [S13]", {
  base: {
    native: resource(token.awsNativeProvider, { region: "eu-west-1" }),
    machine: resource("aws-native:ec2:Instance", {}),
  },
  passes: [["nothing but a provider", { machine: gone }]],
  fails: [
    [
      "an endpoint of AWS beside it",
      { service: resource(token.userPoolDomain, {}), machine: gone },
      [fault("service", "HTTPS 443 from 0.0.0.0/0 by an endpoint of AWS")],
    ],
  ],
  undecided: [
    [
      "a machine of the other provider of AWS alone",
      {},
      [
        "machine: undecided: whether the internet reaches machine is unknown: the pack does not know what aws-native:ec2:Instance opens",
      ],
    ],
  ],
});
