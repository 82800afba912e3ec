import { token } from "../../policies/tokens";
import { casesFor, judge, ruleById } from "../support/rule-cases";
import { platform, resource } from "../support/rule-platform";
import { gone, ref, unknown } from "../support/rule-stack";

casesFor("net-private-subnet-no-public-ip [J16]", {
  base: {
    subnet: resource(token.subnet, { vpcId: ref("vpc"), mapPublicIpOnLaunch: false }),
    vpc: resource(token.vpc, {}),
  },
  passes: [
    ["false", {}],
    ["nothing: AWS gives none by default", { "subnet.mapPublicIpOnLaunch": gone }],
    ["false as a text", { "subnet.mapPublicIpOnLaunch": "false" }],
  ],
  fails: [
    [
      "true",
      { "subnet.mapPublicIpOnLaunch": true },
      [`subnet: mapPublicIpOnLaunch must not be true, got true`],
    ],
    [
      "true as a text",
      { "subnet.mapPublicIpOnLaunch": "true" },
      [`subnet: mapPublicIpOnLaunch must not be true, got "true"`],
    ],
    [
      "addresses of an outpost",
      { "subnet.mapCustomerOwnedIpOnLaunch": true },
      [`subnet: mapCustomerOwnedIpOnLaunch must not be true, got true`],
    ],
    [
      "true beside something unknown",
      { "subnet.mapPublicIpOnLaunch": true, "subnet.mapCustomerOwnedIpOnLaunch": unknown },
      [
        `subnet: mapPublicIpOnLaunch must not be true, got true`,
        "subnet: undecided: mapCustomerOwnedIpOnLaunch of subnet is unknown until up",
      ],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "subnet.mapPublicIpOnLaunch": unknown },
      ["subnet: undecided: mapPublicIpOnLaunch of subnet is unknown until up"],
    ],
  ],
});

describe("net-no-default-vpc [J16]", () => {
  const rule = ruleById("net-no-default-vpc");
  it.each([[token.defaultVpc], [token.defaultSubnet]])("fails %s", (type) => {
    const found = judge(rule, [{ urn: "urn", type, name: "it", inputs: {} }]);
    expect(found.reports).toEqual([`it: it must not use the default VPC, got ${type}`]);
  });
});

casesFor("net-default-sg-locked [J16]", {
  base: platform,
  passes: [
    ["no rules", {}],
    ["lists left out", { "default-group.ingress": gone, "default-group.egress": gone }],
  ],
  fails: [
    [
      "not managed",
      { "default-group": gone },
      [`vpc: vpc must have its DefaultSecurityGroup managed and empty, got none`],
    ],
    [
      "a rule each way",
      {
        "default-group.ingress": [{ protocol: "-1", self: true, fromPort: 0, toPort: 0 }],
        "default-group.egress": [
          { protocol: "-1", cidrBlocks: ["0.0.0.0/0"], fromPort: 0, toPort: 0 },
        ],
      },
      [
        `default-group: ingress must be empty, got [a map]`,
        `default-group: egress must be empty, got [a map]`,
      ],
    ],
    [
      "a second VPC without",
      { second: resource(token.vpc, { cidrBlock: "10.20.0.0/16" }) },
      [`second: second must have its DefaultSecurityGroup managed and empty, got none`],
    ],
  ],
  undecided: [
    [
      "rules that nobody knows yet",
      { "default-group.ingress": unknown },
      ["default-group: undecided: ingress of default-group is unknown until up"],
    ],
    [
      "a VPC that nobody knows yet",
      { "default-group.vpcId": unknown },
      ["default-group: undecided: vpcId of default-group is unknown until up"],
    ],
  ],
});

casesFor("net-default-nacl-and-route-table-locked [J16] [J18]", {
  base: platform,
  passes: [
    ["both empty", {}],
    ["lists left out", { "default-acl.ingress": gone, "default-table.routes": gone }],
  ],
  fails: [
    [
      "the list is not managed",
      { "default-acl": gone },
      [`vpc: vpc must have its DefaultNetworkAcl managed and empty, got none`],
    ],
    [
      "the table is not managed",
      { "default-table": gone },
      [`vpc: vpc must have its DefaultRouteTable managed and empty, got none`],
    ],
    [
      "a route",
      { "default-table.routes": [{ cidrBlock: "0.0.0.0/0", gatewayId: ref("internet") }] },
      [`default-table: routes must be empty, got [a map]`],
    ],
    [
      "propagated routes",
      { "default-table.propagatingVgws": ["vgw-1"] },
      [`default-table: propagatingVgws must be empty, got ["vgw-1"]`],
    ],
    [
      "an entry",
      { "default-acl.egress": [{ ruleNo: 1 }] },
      [`default-acl: egress must be empty, got [a map]`],
    ],
  ],
  undecided: [
    [
      "entries that nobody knows yet",
      { "default-acl.ingress": unknown },
      ["default-acl: undecided: ingress of default-acl is unknown until up"],
    ],
    [
      "a table that nobody knows yet",
      { "default-table.defaultRouteTableId": unknown },
      ["default-table: undecided: defaultRouteTableId of default-table is unknown until up"],
    ],
  ],
});

casesFor("net-flow-logs [M1]", {
  base: platform,
  passes: [
    ["all traffic to an encrypted group", {}],
    ["CloudWatch Logs by default", { "flow-log.logDestinationType": gone }],
    [
      "a bucket, which rules of its own judge",
      { "flow-log.logDestinationType": "s3", "flow-log.logDestination": "arn:aws:s3:::logs" },
    ],
    [
      "a key of another stack",
      { "flow-group.kmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/1" },
    ],
  ],
  fails: [
    [
      "no flow log",
      { "flow-log": gone },
      [`vpc: vpc must have a flow log of all traffic, got none`],
    ],
    [
      "rejected traffic only",
      { "flow-log.trafficType": "REJECT" },
      [`flow-log: trafficType must be ALL, got "REJECT"`],
    ],
    [
      "no traffic type",
      { "flow-log.trafficType": gone },
      [`flow-log: trafficType must be ALL, got nothing`],
    ],
    [
      "a flow log of one subnet only",
      { "flow-log.vpcId": gone, "flow-log.subnetId": ref("nodes-a") },
      [`vpc: vpc must have a flow log of all traffic, got none`],
    ],
    [
      "a group that is not encrypted",
      { "flow-group.kmsKeyId": gone },
      [`flow-group: kmsKeyId must name a KMS key that you manage, got nothing`],
    ],
    [
      "a key of AWS",
      { "flow-group.kmsKeyId": "arn:aws:kms:eu-west-1:111122223333:alias/aws/logs" },
      [
        `flow-group: kmsKeyId must name a KMS key that you manage, got "arn:aws:kms:eu-west-1:111122223333:alias/aws/logs"`,
      ],
    ],
    [
      "records that stay for ever",
      { "flow-group.retentionInDays": 0 },
      [
        `flow-group: retentionInDays must be a number of days, so that records do not stay forever, got 0`,
      ],
    ],
    [
      "no destination",
      { "flow-log.logDestination": gone },
      [`flow-log: logDestination must be a log group, got nothing`],
    ],
  ],
  undecided: [
    [
      "a destination that nobody knows yet",
      { "flow-log.logDestination": unknown },
      ["flow-log: undecided: logDestination of flow-log is unknown until up"],
    ],
    [
      "a group of another stack",
      { "flow-log.logDestination": "arn:aws:logs:eu-west-1:111122223333:log-group:other" },
      [
        "flow-log: undecided: the encryption of arn:aws:logs:eu-west-1:111122223333:log-group:other is unknown: the stack does not manage it",
      ],
    ],
    [
      "a VPC that nobody knows yet",
      { "flow-log.vpcId": unknown },
      ["flow-log: undecided: vpcId of flow-log is unknown until up"],
    ],
    [
      "a key that nobody knows yet",
      { "flow-group.kmsKeyId": unknown },
      ["flow-group: undecided: kmsKeyId of flow-group is unknown until up"],
    ],
  ],
});

casesFor("net-subnets-multi-az [J1]", {
  base: platform,
  passes: [
    ["two zones", {}],
    [
      "zones by id",
      {
        "nodes-a.availabilityZone": gone,
        "nodes-a.availabilityZoneId": "euw1-az1",
        "nodes-b.availabilityZone": gone,
        "nodes-b.availabilityZoneId": "euw1-az2",
      },
    ],
    [
      "two known zones beside an unknown one",
      { "cluster.vpcConfig.subnetIds": [ref("nodes-a"), ref("nodes-b"), "subnet-1"] },
    ],
  ],
  fails: [
    [
      "one zone",
      { "nodes-b.availabilityZone": "eu-west-1a" },
      [`cluster: vpcConfig.subnetIds must be in at least 2 zones, got eu-west-1a`],
    ],
    [
      "no subnets",
      { "cluster.vpcConfig.subnetIds": gone },
      [`cluster: vpcConfig.subnetIds must be in at least 2 zones, got none`],
    ],
  ],
  undecided: [
    [
      "a zone that nobody knows yet",
      { "nodes-b.availabilityZone": unknown },
      ["nodes-b: undecided: availabilityZone of nodes-b is unknown until up"],
    ],
  ],
});

casesFor("net-subnet-elb-tags [J16] [S19]", {
  base: platform,
  passes: [
    ["internal on the nodes' subnets", {}],
    ["public on public ones", { "public-a.tags": { "kubernetes.io/role/elb": "1" } }],
    [
      "tags of the provider that invite nobody",
      { "provider.defaultTags": { tags: { Owner: "a" } } },
    ],
  ],
  fails: [
    [
      "internal where the internet reaches",
      { "public-a.tags": { Name: "public", "kubernetes.io/role/internal-elb": "1" } },
      [
        `public-a: tags must not have kubernetes.io/role/internal-elb: the internet reaches public-a`,
      ],
    ],
    [
      "public on a private subnet",
      { "nodes-a.tags": { "kubernetes.io/role/elb": "1", "kubernetes.io/role/internal-elb": "1" } },
      [`nodes-a: tags must not have kubernetes.io/role/elb: nodes-a is private`],
    ],
    [
      "public on every subnet by the tags of the provider",
      { "provider.defaultTags": JSON.stringify({ tags: { "kubernetes.io/role/elb": "1" } }) },
      ["nodes-a", "nodes-b"].map(
        (name) =>
          `${name}: tags must not have kubernetes.io/role/elb: ${name} is private, and provider puts it on every resource`,
      ),
    ],
    [
      "internal on every subnet by the tags of the provider",
      { "provider.defaultTags": { tags: { "kubernetes.io/role/internal-elb": "1" } } },
      ["public-a", "public-b"].map(
        (name) =>
          `${name}: tags must not have kubernetes.io/role/internal-elb: the internet reaches ${name}, and provider puts it on every resource`,
      ),
    ],
    [
      "public by the tags of the provider where a subnet's own are unknown",
      {
        "provider.defaultTags": { tags: { "kubernetes.io/role/elb": "1" } },
        "nodes-a.tags": unknown,
      },
      [
        "nodes-a: undecided: tags of nodes-a is unknown until up",
        "nodes-a: tags must not have kubernetes.io/role/elb: nodes-a is private, and provider puts it on every resource",
        "nodes-b: tags must not have kubernetes.io/role/elb: nodes-b is private, and provider puts it on every resource",
      ],
    ],
    [
      "no tag where nodes live",
      { "nodes-a.tags": { Name: "nodes" } },
      [
        `nodes-a: tags.kubernetes.io/role/internal-elb must be 1: the subnet holds the nodes of nodes, got nothing`,
      ],
    ],
  ],
  undecided: [
    [
      "tags that nobody knows yet",
      { "public-a.tags": unknown },
      ["public-a: undecided: tags of public-a is unknown until up"],
    ],
    [
      "tags of the provider that nobody knows yet",
      { "provider.defaultTags": unknown },
      ["provider: undecided: defaultTags of provider is unknown until up"],
    ],
    [
      "a firewall before the internet gateway",
      {
        "public-route.gatewayId": gone,
        "public-route.vpcEndpointId": "vpce-1",
        "public-a.tags": { "kubernetes.io/role/elb": "1" },
      },
      [
        "public-route: undecided: whether the internet reaches public-a by vpcEndpointId of public-route is unknown: the pack does not know what that carries",
      ],
    ],
  ],
});

casesFor("net-igw-single [J16] [J18]", {
  base: {
    ...platform,
    peer: resource(token.vpc, { cidrBlock: "10.30.0.0/16" }),
    peering: resource(token.vpcPeeringConnection, { vpcId: ref("vpc"), peerVpcId: ref("peer") }),
  },
  passes: [["one gateway and a peer with other addresses", {}]],
  fails: [
    [
      "a second gateway",
      { spare: resource(token.internetGateway, { vpcId: ref("vpc") }) },
      [`vpc: vpc must have one internet gateway, got internet, spare`],
    ],
    [
      "a second gateway by attachment",
      {
        spare: resource(token.internetGateway, {}),
        attachment: resource(token.internetGatewayAttachment, {
          vpcId: ref("vpc"),
          internetGatewayId: ref("spare"),
        }),
      },
      [`vpc: vpc must have one internet gateway, got internet, attachment`],
    ],
    [
      "an egress-only gateway",
      { way: resource(token.egressOnlyInternetGateway, { vpcId: ref("vpc") }) },
      [`way: way must not exist: it is a way to the internet around NAT`],
    ],
    [
      "a peer with the same addresses",
      { "peer.cidrBlock": "10.10.128.0/17" },
      [`peering: peerVpcId must be a VPC with other addresses, got 10.10.128.0/17 on both sides`],
    ],
  ],
  undecided: [
    [
      "a VPC that nobody knows yet",
      { "internet.vpcId": unknown },
      ["internet: undecided: vpcId of internet is unknown until up"],
    ],
    [
      "a peer that nobody knows yet",
      { "peering.peerVpcId": unknown },
      ["peering: undecided: peerVpcId of peering is unknown until up"],
    ],
  ],
});

casesFor("net-eip-only-nat-bastion [J16]", {
  base: platform,
  passes: [
    ["addresses of NAT gateways", {}],
    [
      "a second address of a gateway",
      { spare: resource(token.eip, {}), "nat-a.secondaryAllocationIds": [ref("spare")] },
    ],
    [
      "an address by association with a gateway",
      {
        spare: resource(token.eip, {}),
        link: resource(token.natGatewayEipAssociation, {
          natGatewayId: ref("nat-a"),
          allocationId: ref("spare"),
        }),
      },
    ],
    [
      "an address of a regional gateway",
      {
        spare: resource(token.eip, {}),
        "nat-a.availabilityZoneAddresses": [
          { availabilityZone: "eu-west-1a", allocationIds: [ref("spare")] },
        ],
      },
    ],
  ],
  fails: [
    [
      "nobody's address",
      { "nat-a.allocationId": gone },
      [`address-a: address-a must belong to a NAT gateway, got no gateway that uses it`],
    ],
    [
      "an address of an instance",
      { "address-a.instance": "i-0123456789abcdef0" },
      [`address-a: instance must be left out, got "i-0123456789abcdef0"`],
    ],
    [
      "an address of a network interface that nobody knows yet",
      { "address-a.networkInterface": unknown },
      [`address-a: networkInterface must be left out, got "(unknown)"`],
    ],
    [
      "an association",
      { link: resource(token.eipAssociation, { allocationId: ref("address-a") }) },
      [`link: link must not exist: it gives out a public address`],
    ],
  ],
  undecided: [
    [
      "a gateway whose address nobody knows yet",
      { "nat-a.allocationId": unknown },
      ["nat-a: undecided: allocationId of nat-a is unknown until up"],
    ],
  ],
});

const host = (name: string) => ({
  machine: resource(token.instance, { tags: { Name: name } }),
});
const associated = (inputs: Record<string, unknown>) => ({
  spare: resource(token.eip, {}),
  link: resource(token.eipAssociation, { allocationId: ref("spare"), ...inputs }),
});

describe("a bastion that people reach by SSH", () => {
  casesFor("net-eip-only-nat-bastion [J16]", {
    base: platform,
    config: { publicBastion: true },
    passes: [
      [
        "an address that a bastion takes by itself",
        { spare: resource(token.eip, { tags: { Name: "dev-bastion" } }) },
      ],
      [
        "its address",
        { ...host("bastion"), spare: resource(token.eip, { instance: ref("machine") }) },
      ],
      [
        "its address by its template",
        {
          machine: resource(token.instance, { launchTemplate: { id: ref("bastion-template") } }),
          spare: resource(token.eip, { instance: ref("machine") }),
        },
      ],
      [
        "its address by association",
        { ...host("bastion"), ...associated({ instanceId: ref("machine") }) },
      ],
      [
        "its address by its network interface",
        {
          ...host("bastion"),
          ...associated({ networkInterfaceId: ref("machine", "primaryNetworkInterfaceId") }),
        },
      ],
      [
        "the address of a network interface that is kept for it",
        {
          card: resource(token.networkInterface, { tags: { Name: "bastion" } }),
          spare: resource(token.eip, { networkInterface: ref("card") }),
        },
      ],
    ],
    fails: [
      [
        "nobody's address",
        { spare: resource(token.eip, {}) },
        [`spare: spare must belong to a NAT gateway, got no gateway that uses it`],
      ],
      [
        "an address of another machine",
        { ...host("web"), spare: resource(token.eip, { instance: ref("machine") }) },
        ["spare: instance must be a bastion's, got machine"],
      ],
      [
        "an address of another machine's network interface",
        {
          ...host("web"),
          spare: resource(token.eip, {
            networkInterface: ref("machine", "primaryNetworkInterfaceId"),
          }),
        },
        ["spare: networkInterface must be a bastion's, got machine"],
      ],
      [
        "an address of another machine that is called after a bastion",
        {
          ...host("web"),
          spare: resource(token.eip, { instance: ref("machine"), tags: { Name: "bastion" } }),
        },
        ["spare: instance must be a bastion's, got machine"],
      ],
      [
        "an address of another machine by association",
        { ...host("web"), ...associated({ instanceId: ref("machine") }) },
        ["link: instanceId must be a bastion's, got machine"],
      ],
    ],
    undecided: [
      [
        "an address of a machine of another stack",
        { spare: resource(token.eip, { instance: "i-1" }) },
        ["spare: undecided: whether i-1 is a bastion is unknown: the stack does not manage it"],
      ],
      [
        "an address of a network interface that nobody knows yet",
        { spare: resource(token.eip, { networkInterface: unknown }) },
        ["spare: undecided: networkInterface of spare is unknown until up"],
      ],
      [
        "an association with a machine that nobody knows yet",
        associated({ instanceId: unknown }),
        ["link: undecided: instanceId of link is unknown until up"],
      ],
    ],
  });
});

casesFor("net-vpc-dns [J1] [J18]", {
  base: platform,
  passes: [
    ["both", { "vpc.enableDnsSupport": true }],
    ["DNS support by AWS' default", {}],
    [
      "a VPC without private names",
      { other: resource(token.vpc, { cidrBlock: "10.11.0.0/16", enableDnsSupport: false }) },
    ],
  ],
  fails: [
    [
      "no host names",
      { "vpc.enableDnsHostnames": false },
      ["vpc: enableDnsHostnames must be true, got false"],
    ],
    [
      "host names left out",
      { "vpc.enableDnsHostnames": gone },
      ["vpc: enableDnsHostnames must be true, got nothing"],
    ],
    [
      "no DNS",
      { "vpc.enableDnsSupport": false },
      ["vpc: enableDnsSupport must not be false, got false"],
    ],
    [
      "a VPC of endpoints alone",
      {
        other: resource(token.vpc, { cidrBlock: "10.11.0.0/16" }),
        "endpoint-sts.vpcId": ref("other"),
      },
      ["other: enableDnsHostnames must be true, got nothing"],
    ],
  ],
  undecided: [
    [
      "a flag that nobody knows yet",
      { "vpc.enableDnsHostnames": unknown },
      ["vpc: undecided: enableDnsHostnames of vpc is unknown until up"],
    ],
    [
      "a VPC that nobody knows yet",
      { "endpoint-sts.vpcId": unknown },
      ["endpoint-sts: undecided: vpcId of endpoint-sts is unknown until up"],
    ],
  ],
});
