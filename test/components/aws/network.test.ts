import { Network } from "../../../components/aws/network";
import type { NatMode } from "../../../components/aws/nat";
import { created, ofType } from "../../support/created";

const args = {
  prefix: "p",
  accountId: "111122223333",
  region: "eu-west-1",
  cidr: "10.10.0.0/16",
  zones: ["eu-west-1a", "eu-west-1b"],
  logKeyArn: "arn:logs",
  logRetentionDays: 365,
};
const network = (more: { natMode?: NatMode; joinedCidrs?: string[] } = {}) =>
  created(() => new Network("network", { ...args, ...more }));

describe("Network", () => {
  it("resolves the private API's name inside the VPC", async () => {
    expect(ofType(await network(), "aws:ec2/vpc:Vpc")).toEqual({
      network: {
        cidrBlock: "10.10.0.0/16",
        enableDnsHostnames: true,
        enableDnsSupport: true,
        tags: { Name: "p" },
      },
    });
  });

  it("empties what AWS makes by default", async () => {
    const resources = await network();
    expect(ofType(resources, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")).toEqual({
      "network-default": { vpcId: "network-id", ingress: [], egress: [] },
    });
    expect(ofType(resources, "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl")).toEqual({
      "network-default": { defaultNetworkAclId: "network-default-acl", ingress: [], egress: [] },
    });
    expect(ofType(resources, "aws:ec2/defaultRouteTable:DefaultRouteTable")).toEqual({
      "network-default": { defaultRouteTableId: "network-default-table", routes: [] },
    });
  });

  it("makes three tiers in each zone, none of which hands out public addresses", async () => {
    const subnet = (cidrBlock: string, zone: string, tier: string, tags = {}) => ({
      vpcId: "network-id",
      cidrBlock,
      availabilityZone: zone,
      mapPublicIpOnLaunch: false,
      tags: { Name: `p-${tier}-${zone}`, ...tags },
    });
    const internal = { "kubernetes.io/role/internal-elb": "1" };
    expect(ofType(await network(), "aws:ec2/subnet:Subnet")).toEqual({
      "network-public-eu-west-1a": subnet("10.10.224.0/24", "eu-west-1a", "public"),
      "network-public-eu-west-1b": subnet("10.10.225.0/24", "eu-west-1b", "public"),
      "network-nodes-eu-west-1a": subnet("10.10.0.0/19", "eu-west-1a", "nodes", internal),
      "network-nodes-eu-west-1b": subnet("10.10.32.0/19", "eu-west-1b", "nodes", internal),
      "network-data-eu-west-1a": subnet("10.10.240.0/24", "eu-west-1a", "data"),
      "network-data-eu-west-1b": subnet("10.10.241.0/24", "eu-west-1b", "data"),
    });
  });

  it.each<[NatMode, Record<string, string>]>([
    ["zonal", { a: "network-nat-eu-west-1a-id", b: "network-nat-eu-west-1b-id" }],
    ["single", { a: "network-nat-eu-west-1a-id", b: "network-nat-eu-west-1a-id" }],
    ["regional", { a: "network-nat-id", b: "network-nat-id" }],
  ])("routes private subnets through NAT, in %s mode [J18]", async (natMode, gateways) => {
    const resources = await network({ natMode });
    const route = (zone: string) => ({
      routeTableId: `network-nat-private-eu-west-1${zone}-id`,
      destinationCidrBlock: "0.0.0.0/0",
      natGatewayId: gateways[zone],
    });
    expect(ofType(resources, "aws:ec2/route:Route")).toEqual({
      "network-public-internet": {
        routeTableId: "network-public-id",
        destinationCidrBlock: "0.0.0.0/0",
        gatewayId: "network-internet-id",
      },
      "network-nat-private-eu-west-1a": route("a"),
      "network-nat-private-eu-west-1b": route("b"),
    });
    const association = (table: string, subnet: string) => ({
      routeTableId: `${table}-id`,
      subnetId: `${subnet}-id`,
    });
    expect(ofType(resources, "aws:ec2/routeTableAssociation:RouteTableAssociation")).toEqual(
      Object.fromEntries(
        ["eu-west-1a", "eu-west-1b"].flatMap((zone) => [
          [`network-public-${zone}`, association("network-public", `network-public-${zone}`)],
          ...["nodes", "data"].map((tier) => [
            `network-nat-${tier}-${zone}`,
            association(`network-nat-private-${zone}`, `network-${tier}-${zone}`),
          ]),
        ]),
      ),
    );
  });

  it("gives each zonal gateway an address and a public subnet", async () => {
    const resources = await network({ natMode: "zonal" });
    const gateway = (zone: string) => ({
      subnetId: `network-public-${zone}-id`,
      allocationId: `network-nat-${zone}-id`,
      connectivityType: "public",
      tags: { Name: `p-nat-${zone}` },
    });
    expect(ofType(resources, "aws:ec2/natGateway:NatGateway")).toEqual({
      "network-nat-eu-west-1a": gateway("eu-west-1a"),
      "network-nat-eu-west-1b": gateway("eu-west-1b"),
    });
  });

  it("leaves addresses and subnets of a regional gateway to AWS", async () => {
    const resources = await network({ natMode: "regional" });
    expect(ofType(resources, "aws:ec2/natGateway:NatGateway")).toEqual({
      "network-nat": {
        vpcId: "network-id",
        availabilityMode: "regional",
        connectivityType: "public",
        tags: { Name: "p-nat" },
      },
    });
    expect(ofType(resources, "aws:ec2/eip:Eip")).toEqual({});
  });

  it("puts every subnet under a network ACL of its tier", async () => {
    const acls = ofType(await network(), "aws:ec2/networkAcl:NetworkAcl");
    const subnets = Object.fromEntries(
      Object.entries(acls).map(([name, inputs]) => [name, inputs["subnetIds"]]),
    );
    expect(subnets).toEqual({
      "network-public": ["network-public-eu-west-1a-id", "network-public-eu-west-1b-id"],
      "network-nodes": ["network-nodes-eu-west-1a-id", "network-nodes-eu-west-1b-id"],
      "network-data": ["network-data-eu-west-1a-id", "network-data-eu-west-1b-id"],
    });
  });

  it("records every flow in an encrypted log group that is kept [M1]", async () => {
    const resources = await network();
    expect(ofType(resources, "aws:ec2/flowLog:FlowLog")).toEqual({
      "network-flow-logs": {
        vpcId: "network-id",
        trafficType: "ALL",
        logDestinationType: "cloud-watch-logs",
        logDestination: "arn:network-flow-logs",
        iamRoleArn: "arn:network-flow-logs",
        maxAggregationInterval: 60,
      },
    });
    expect(ofType(resources, "aws:cloudwatch/logGroup:LogGroup")).toEqual({
      "network-flow-logs": {
        name: "/drawbridge/p/flow-logs",
        kmsKeyId: "arn:logs",
        retentionInDays: 365,
      },
    });
  });

  it("fails before it registers anything when the CIDR is too small", () => {
    expect(() => new Network("network", { ...args, cidr: "10.0.0.0/24" })).toThrow(
      "must be from /16 to /19",
    );
  });
});
