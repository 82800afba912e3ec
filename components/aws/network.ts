import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { FlowLogs } from "./flow-logs";
import type { NatMode } from "./nat";
import { Nat } from "./nat";
import { privateAclRules, publicAclRules } from "./network-acls";
import type { ZoneSubnets } from "./subnets";
import { planSubnets } from "./subnets";

export interface NetworkArgs {
  /** Start of the names that people look up. */
  prefix: string;
  /** AWS account of the stack. */
  accountId: string;
  /** AWS region of the stack. */
  region: string;
  /** IPv4 CIDR of the VPC, /16 to /19. */
  cidr: string;
  /** Availability zones; append to extend. */
  zones: string[];
  /** Where private subnets leave to the internet. @default "zonal" */
  natMode?: NatMode;
  /** Networks that are joined to the VPC by other means and may reach what is for people in data subnets. @default - none */
  joinedCidrs?: string[];
  /** Networks that may reach SSH in public subnets, where a bastion is then. @default - none */
  sshCidrs?: string[];
  /** Key of the flow logs. */
  logKeyArn: pulumi.Input<string>;
  /** Days for which flow logs are kept. */
  logRetentionDays: number;
  /** Pulumi neither deletes nor replaces the VPC while it is set: another CIDR would take all with it. @default true */
  deletionProtection?: boolean;
}

/** A VPC whose public subnets are for NAT gateways, the load balancer and an SSH bastion only; everything else leaves through NAT. */
export class Network extends pulumi.ComponentResource {
  static readonly requirements = ["J18"];

  /** Id of the VPC. */
  readonly vpcId: pulumi.Output<string>;
  /** Ids of the public subnets, in the order of the zones. */
  readonly publicSubnetIds: pulumi.Output<string>[];
  /** Ids of the nodes' subnets, in the order of the zones. */
  readonly nodeSubnetIds: pulumi.Output<string>[];
  /** Ids of the data subnets, in the order of the zones. */
  readonly dataSubnetIds: pulumi.Output<string>[];
  /** CIDRs of the data subnets, in the order of the zones. */
  readonly dataCidrs: string[];
  /** Id of the route table of the public subnets. */
  readonly publicRouteTableId: pulumi.Output<string>;
  /** Ids of the route tables of the nodes' and data subnets, in the order of the zones. */
  readonly privateRouteTableIds: pulumi.Output<string>[];
  /** What must stand before the internet can reach a public subnet. */
  readonly internet: pulumi.Resource[];
  /** What must stand before an instance in a private subnet can reach the internet. */
  readonly egress: pulumi.Resource[];

  private readonly nodeSubnets: Map<string, pulumi.Output<string>>;
  private readonly dataSubnets: Map<string, pulumi.Output<string>>;

  constructor(name: string, args: NetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    const { prefix, cidr, natMode = "zonal", joinedCidrs = [], sshCidrs = [] } = args;
    const plan = planSubnets(cidr, args.zones);
    super("drawbridge:aws:Network", name, {}, opts);
    const child = { parent: this };

    const vpc = new aws.ec2.Vpc(
      name,
      {
        cidrBlock: cidr,
        // The private API endpoint keeps its public name, which resolves to private addresses only with both.
        enableDnsHostnames: true,
        enableDnsSupport: true,
        tags: { Name: prefix },
      },
      { ...child, protect: args.deletionProtection ?? true },
    );
    lockDefaults(name, vpc, child);
    watch(name, args, vpc, child);

    const zones = plan.map((zone) => zoneSubnets(name, prefix, vpc, zone, child));
    const { internet, table } = openPublicSubnets(name, prefix, vpc, zones, child);
    const nat = new Nat(
      `${name}-nat`,
      { prefix, vpcId: vpc.id, mode: natMode, zones, internet },
      child,
    );

    const tiers = {
      public: publicAclRules(cidr, sshCidrs),
      // What people reach stands in the data subnets.
      nodes: privateAclRules(cidr, []),
      data: privateAclRules(cidr, joinedCidrs),
    };
    for (const [tier, rules] of Object.entries(tiers)) {
      new aws.ec2.NetworkAcl(
        `${name}-${tier}`,
        {
          vpcId: vpc.id,
          subnetIds: zones.map((zone) => zone[tier as Tier].id),
          ...rules,
          tags: { Name: `${prefix}-${tier}` },
        },
        child,
      );
    }

    this.vpcId = vpc.id;
    this.publicSubnetIds = zones.map(({ public: subnet }) => subnet.id);
    this.nodeSubnetIds = zones.map(({ nodes }) => nodes.id);
    this.nodeSubnets = new Map(zones.map(({ zone, nodes }) => [zone, nodes.id]));
    this.dataSubnets = new Map(zones.map(({ zone, data }) => [zone, data.id]));
    this.dataSubnetIds = [...this.dataSubnets.values()];
    this.dataCidrs = plan.map(({ data }) => data);
    this.publicRouteTableId = table.id;
    this.privateRouteTableIds = nat.routeTableIds;
    this.internet = internet;
    this.egress = nat.ways;
    this.registerOutputs({
      vpcId: this.vpcId,
      publicSubnetIds: this.publicSubnetIds,
      nodeSubnetIds: this.nodeSubnetIds,
      dataSubnetIds: this.dataSubnetIds,
      dataCidrs: this.dataCidrs,
      publicRouteTableId: this.publicRouteTableId,
      privateRouteTableIds: this.privateRouteTableIds,
    });
  }

  /** The data subnets of some of the zones, in the order of these. */
  dataSubnetsIn(zones: string[]): { zone: string; subnetId: pulumi.Output<string> }[] {
    return zones.flatMap((zone) => {
      const subnetId = this.dataSubnets.get(zone);
      return subnetId ? [{ zone, subnetId }] : [];
    });
  }

  /** Ids of the nodes' subnets in some of the zones, by zone. */
  nodeSubnetsIn(zones: string[]): Record<string, pulumi.Output<string>> {
    return Object.fromEntries([...this.nodeSubnets].filter(([zone]) => zones.includes(zone)));
  }
}

type Tier = "public" | "nodes" | "data";
type Zone = { zone: string } & Record<Tier, aws.ec2.Subnet>;

/** Takes what AWS makes with every VPC and empties it, so that nothing gets access by being forgotten. */
function lockDefaults(name: string, vpc: aws.ec2.Vpc, child: pulumi.CustomResourceOptions): void {
  new aws.ec2.DefaultSecurityGroup(
    `${name}-default`,
    { vpcId: vpc.id, ingress: [], egress: [] },
    child,
  );
  new aws.ec2.DefaultNetworkAcl(
    `${name}-default`,
    { defaultNetworkAclId: vpc.defaultNetworkAclId, ingress: [], egress: [] },
    // A new subnet is under the default list until ours takes it over, so what is there is not ours to say.
    { ...child, ignoreChanges: ["subnetIds"] },
  );
  new aws.ec2.DefaultRouteTable(
    `${name}-default`,
    { defaultRouteTableId: vpc.defaultRouteTableId, routes: [] },
    child,
  );
}

function watch(
  name: string,
  args: NetworkArgs,
  vpc: aws.ec2.Vpc,
  child: pulumi.ComponentResourceOptions,
): void {
  new FlowLogs(
    `${name}-flow-logs`,
    {
      vpcId: vpc.id,
      logGroupName: `/drawbridge/${args.prefix}/flow-logs`,
      accountId: args.accountId,
      region: args.region,
      keyArn: args.logKeyArn,
      retentionDays: args.logRetentionDays,
    },
    child,
  );
}

function zoneSubnets(
  name: string,
  prefix: string,
  vpc: aws.ec2.Vpc,
  plan: ZoneSubnets,
  child: pulumi.CustomResourceOptions,
): Zone {
  const subnet = (tier: Tier, tags: Record<string, string> = {}) =>
    new aws.ec2.Subnet(
      `${name}-${tier}-${plan.zone}`,
      {
        vpcId: vpc.id,
        cidrBlock: plan[tier],
        availabilityZone: plan.zone,
        // Load balancer and NAT gateways bring their own addresses; nothing else gets one, in any tier.
        mapPublicIpOnLaunch: false,
        tags: { Name: `${prefix}-${tier}-${plan.zone}`, ...tags },
      },
      child,
    );
  return {
    zone: plan.zone,
    // Without a role tag: no controller is invited to put a load balancer here.
    public: subnet("public"),
    nodes: subnet("nodes", { "kubernetes.io/role/internal-elb": "1" }),
    data: subnet("data"),
  };
}

/** Routes the public subnets to the internet, and returns their table and what must stand before they can be used. */
function openPublicSubnets(
  name: string,
  prefix: string,
  vpc: aws.ec2.Vpc,
  zones: Zone[],
  child: pulumi.CustomResourceOptions,
): { internet: pulumi.Resource[]; table: aws.ec2.RouteTable } {
  const gateway = new aws.ec2.InternetGateway(
    `${name}-internet`,
    { vpcId: vpc.id, tags: { Name: prefix } },
    child,
  );
  const table = new aws.ec2.RouteTable(
    `${name}-public`,
    { vpcId: vpc.id, tags: { Name: `${prefix}-public` } },
    child,
  );
  const route = new aws.ec2.Route(
    `${name}-public-internet`,
    { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", gatewayId: gateway.id },
    child,
  );
  const associations = zones.map(
    ({ zone, public: subnet }) =>
      new aws.ec2.RouteTableAssociation(
        `${name}-public-${zone}`,
        { routeTableId: table.id, subnetId: subnet.id },
        child,
      ),
  );
  return { internet: [gateway, route, ...associations], table };
}
