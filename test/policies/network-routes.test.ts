import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import { platform, resource } from "../support/rule-platform";
import { gone, ref, unknown } from "../support/rule-stack";

const toInternet = (table: string, destination: object) =>
  resource(token.route, { routeTableId: ref(table), gatewayId: ref("internet"), ...destination });

const carried = (subnet: string, target: string, route: string) =>
  `${route}: undecided: whether the internet reaches ${subnet} by ${target} of ${route} is unknown: the pack does not know what that carries`;

casesFor("net-private-default-route-nat [J18] [J16]", {
  base: platform,
  passes: [
    ["NAT for private subnets, the internet for public ones", {}],
    ["no default route at all", { "private-route-a": gone }],
    [
      "inline routes",
      {
        "private-route-a": gone,
        "private-table-a.routes": [{ cidrBlock: "0.0.0.0/0", natGatewayId: ref("nat-a") }],
      },
    ],
    [
      "IPv6 by an egress-only gateway",
      {
        "private-route-a6": resource(token.route, {
          routeTableId: ref("private-table-a"),
          destinationIpv6CidrBlock: "::/0",
          egressOnlyGatewayId: "eigw-1",
        }),
      },
    ],
    [
      "a virtual private gateway for one network",
      {
        "private-route-vpn": resource(token.route, {
          routeTableId: ref("private-table-a"),
          destinationCidrBlock: "192.168.0.0/16",
          gatewayId: "vgw-1",
        }),
      },
    ],
  ],
  fails: [
    [
      "the default route of a private table leads to the internet gateway",
      { "private-route-a.gatewayId": ref("internet"), "private-route-a.natGatewayId": gone },
      [
        "private-route-a: gatewayId must not be an internet gateway: the route holds for the private subnet nodes-a",
      ],
    ],
    [
      "an internet gateway of another stack",
      {
        "private-route-a.gatewayId": "igw-0a1b2c3d4e5f60718",
        "private-route-a.natGatewayId": gone,
      },
      [
        "private-route-a: gatewayId must not be an internet gateway: the route holds for the private subnet nodes-a",
      ],
    ],
    [
      "half of the internet at a time",
      {
        "private-route-half": toInternet("private-table-a", {
          destinationCidrBlock: "128.0.0.0/1",
        }),
      },
      [
        "private-route-half: gatewayId must not be an internet gateway: the route holds for the private subnet nodes-a",
      ],
    ],
    [
      "IPv6 to the internet gateway",
      { "private-route-six": toInternet("private-table-a", { destinationIpv6CidrBlock: "::/0" }) },
      [
        "private-route-six: gatewayId must not be an internet gateway: the route holds for the private subnet nodes-a",
      ],
    ],
    [
      "an inline route",
      { "private-table-a.routes": [{ cidrBlock: "10.0.0.0/8", gatewayId: ref("internet") }] },
      [
        "private-table-a: routes[0].gatewayId must not be an internet gateway: the route holds for the private subnet nodes-a",
      ],
    ],
    [
      "a private subnet in the public table",
      { "nodes-a-table.routeTableId": ref("public-table") },
      [
        "public-route: gatewayId must not be an internet gateway: the route holds for the private subnet nodes-a",
      ],
    ],
    [
      "a subnet of no table, and a main table with a way out",
      {
        "nodes-a-table": gone,
        "default-table.routes": [{ cidrBlock: "0.0.0.0/0", gatewayId: ref("internet") }],
      },
      [
        "default-table: routes[0].gatewayId must not be an internet gateway: the route holds for the private subnet nodes-a",
      ],
    ],
    [
      "another main table",
      {
        "nodes-a-table": gone,
        main: resource(token.mainRouteTableAssociation, {
          vpcId: ref("vpc"),
          routeTableId: ref("public-table"),
        }),
      },
      [
        "public-route: gatewayId must not be an internet gateway: the route holds for the private subnet nodes-a",
      ],
    ],
    [
      "the default route leads to an instance",
      { "private-route-a.networkInterfaceId": "eni-1", "private-route-a.natGatewayId": gone },
      [
        "private-route-a: natGatewayId must be set: the default route holds for the private subnet nodes-a",
      ],
    ],
    [
      "the default route leads to another network",
      { "private-route-a.transitGatewayId": "tgw-1", "private-route-a.natGatewayId": gone },
      [
        "private-route-a: natGatewayId must be set: the default route holds for the private subnet nodes-a",
      ],
    ],
  ],
  undecided: [
    [
      "a gateway that nobody knows yet",
      { "private-route-a.gatewayId": unknown },
      ["private-route-a: undecided: gatewayId of private-route-a is unknown until up"],
    ],
    [
      "a table that nobody knows yet",
      { "nodes-a-table.routeTableId": unknown },
      ["nodes-a-table: undecided: routeTableId of nodes-a-table is unknown until up"],
    ],
    [
      "tags that nobody knows yet",
      { "nodes-a.tags": unknown },
      ["nodes-a: undecided: tags of nodes-a is unknown until up"],
    ],
    [
      "a destination that nobody knows yet",
      { "private-route-a.destinationCidrBlock": unknown },
      ["private-route-a: undecided: destinationCidrBlock of private-route-a is unknown until up"],
    ],
  ],
});

casesFor("net-nat-in-public-subnet [J18]", {
  base: platform,
  passes: [
    ["public subnets", {}],
    [
      "one gateway private, one public",
      { "nat-b.connectivityType": "private", "nat-b.subnetId": ref("nodes-b") },
    ],
  ],
  fails: [
    [
      "a private subnet",
      { "nat-a.subnetId": ref("nodes-a") },
      [`nat-a: subnetId must be a subnet with a route to an internet gateway, got nodes-a`],
    ],
    [
      "a public subnet without its route",
      { "public-route": gone },
      ["nat-a", "nat-b"].map(
        (name) =>
          `${name}: subnetId must be a subnet with a route to an internet gateway, got ${name.replace("nat", "public")}`,
      ),
    ],
    [
      "no subnet",
      { "nat-a.subnetId": gone },
      [`nat-a: subnetId must be a public subnet, got nothing`],
    ],
  ],
  undecided: [
    [
      "a subnet that nobody knows yet",
      { "nat-a.subnetId": unknown },
      ["nat-a: undecided: subnetId of nat-a is unknown until up"],
    ],
    [
      "a subnet whose routing nobody knows yet",
      { "public-route.gatewayId": unknown },
      ["public-route: undecided: gatewayId of public-route is unknown until up"],
    ],
    [
      "a firewall before the internet gateway",
      { "public-route.gatewayId": gone, "public-route.vpcEndpointId": "vpce-1" },
      ["public-a", "public-b"].map((subnet) => carried(subnet, "vpcEndpointId", "public-route")),
    ],
  ],
  notApplicable: [
    [
      "regional and private gateways only",
      {
        "nat-a.availabilityMode": "regional",
        "nat-a.subnetId": gone,
        "nat-b.connectivityType": "private",
      },
      "all NAT gateways are regional or private",
    ],
  ],
});

casesFor("net-nat-per-az [J18]", {
  base: platform,
  passes: [
    ["one for each zone", {}],
    [
      "a regional one",
      {
        "nat-a.availabilityMode": "regional",
        "nat-a.subnetId": gone,
        "private-route-b.natGatewayId": ref("nat-a"),
      },
    ],
  ],
  fails: [
    [
      "one for all zones",
      { "private-route-b.natGatewayId": ref("nat-a") },
      ["nodes-b: the NAT gateway must be in eu-west-1b as the subnet is, got nat-a in eu-west-1a"],
    ],
  ],
  undecided: [
    [
      "a zone that nobody knows yet",
      { "nodes-b.availabilityZone": unknown },
      ["nodes-b: undecided: the zone of nodes-b or of its NAT gateway is unknown until up"],
    ],
  ],
});

const inPublic = (name: string, path: string) =>
  `${name}: ${path} must be private subnets, got public-a`;

casesFor("net-nodes-private-subnets [J16] [S13]", {
  base: platform,
  passes: [["private subnets", {}]],
  fails: [
    ["nodes", { "nodes.subnetIds": [ref("public-a")] }, [inPublic("nodes", "subnetIds")]],
    [
      "the control plane",
      { "cluster.vpcConfig.subnetIds": [ref("nodes-a"), ref("public-a")] },
      [inPublic("cluster", "vpcConfig.subnetIds")],
    ],
    [
      "the bastion",
      { "bastion.vpcZoneIdentifiers": [ref("public-a")] },
      [inPublic("bastion", "vpcZoneIdentifiers")],
    ],
    [
      "an endpoint",
      { "endpoint-sts.subnetIds": [ref("public-a")] },
      [inPublic("endpoint-sts", "subnetIds")],
    ],
    [
      "Fargate pods",
      { fargate: resource(token.fargateProfile, { subnetIds: [ref("public-a")] }) },
      [inPublic("fargate", "subnetIds")],
    ],
    [
      "a spot instance",
      { spot: resource(token.spotInstanceRequest, { subnetId: ref("public-a") }) },
      [inPublic("spot", "subnetId")],
    ],
    [
      "a network interface",
      { card: resource(token.networkInterface, { subnetId: ref("public-a") }) },
      [inPublic("card", "subnetId")],
    ],
    [
      "a subnet that is private by name but not by its route",
      {
        "private-route-a.natGatewayId": gone,
        "private-route-a.gatewayId": ref("internet"),
        "cluster.vpcConfig.subnetIds": [ref("nodes-b")],
        "bastion.vpcZoneIdentifiers": [ref("nodes-b")],
        ...Object.fromEntries(
          ["ecr-api", "ecr-dkr", "sts", "logs", "ec2", "kms", "ssm", "ssmmessages"].map((name) => [
            `endpoint-${name}.subnetIds`,
            [ref("nodes-b")],
          ]),
        ),
      },
      [`nodes: subnetIds must be private subnets, got nodes-a`],
    ],
    [
      "a subnet of the default VPC",
      {
        "default-subnet": resource(token.defaultSubnet, { availabilityZone: "eu-west-1a" }),
        host: resource(token.instance, { subnetId: ref("default-subnet") }),
      },
      [`host: subnetId must be private subnets, got default-subnet`],
    ],
  ],
  undecided: [
    [
      "subnets that nobody knows yet",
      { "nodes.subnetIds": unknown },
      ["nodes: undecided: subnetIds of nodes is unknown until up"],
    ],
    [
      "a subnet whose tags nobody knows yet",
      {
        "nodes.subnetIds": [ref("nodes-c")],
        "nodes-c": { ...platform["nodes-a"], inputs: { tags: unknown } },
      },
      ["nodes-c: undecided: tags of nodes-c is unknown until up"],
    ],
    [
      "a subnet whose routing nobody knows yet",
      { "private-route-a.gatewayId": unknown },
      ["private-route-a: undecided: gatewayId of private-route-a is unknown until up"],
    ],
    [
      "a subnet that leaves by another network",
      { "private-route-a.natGatewayId": gone, "private-route-a.transitGatewayId": "tgw-1" },
      [carried("nodes-a", "transitGatewayId", "private-route-a")],
    ],
    [
      "a subnet of another stack",
      { "nodes.subnetIds": ["subnet-1"] },
      ["nodes: undecided: the routing of subnet-1 is unknown: the stack does not manage it"],
    ],
  ],
});

describe("a bastion that people reach by SSH", () => {
  casesFor("net-nodes-private-subnets [J16] [S13]", {
    base: platform,
    config: { publicBastion: true },
    passes: [
      ["the bastion in a public subnet", { "bastion.vpcZoneIdentifiers": [ref("public-a")] }],
    ],
    fails: [
      [
        "nodes in a public subnet",
        { "nodes.subnetIds": [ref("public-a")] },
        [inPublic("nodes", "subnetIds")],
      ],
    ],
    undecided: [],
    decided: "the table above has them",
  });
});
