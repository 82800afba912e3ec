import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/**
 * `zonal`: a gateway in each zone, so that no zone depends on another. `single`: one gateway for all, cheaper, lost
 * with its zone. `regional`: one gateway that AWS spreads over the zones in use
 * (docs.aws.amazon.com/vpc/latest/userguide/nat-gateways-regional.html).
 */
export type NatMode = "zonal" | "single" | "regional";

/** The subnets of one zone: the public one can hold a gateway, the others leave through it. */
interface NatZone {
  zone: string;
  public: aws.ec2.Subnet;
  nodes: aws.ec2.Subnet;
  data: aws.ec2.Subnet;
}

export interface NatArgs {
  /** Start of the names that people look up. */
  prefix: string;
  /** Id of the VPC. */
  vpcId: pulumi.Input<string>;
  /** How many gateways, and where. */
  mode: NatMode;
  /** The zones, with their subnets. */
  zones: NatZone[];
  /** What connects the public subnets: a gateway does not come up before it, and nothing in its inputs says so. */
  internet: pulumi.Resource[];
}

/** The way out of the private subnets: NAT gateways, and a route table for each zone. */
export class Nat extends pulumi.ComponentResource {
  static readonly requirements = ["J18"];

  /** Ids of the private route tables, in the order of the zones. */
  readonly routeTableIds: pulumi.Output<string>[];
  /** The default routes and what ties subnets to them: an instance has no way out before all of it stands. */
  readonly ways: pulumi.Resource[];

  constructor(name: string, args: NatArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:Nat", name, {}, opts);
    const child = { parent: this };
    const gatewayOf = gateways(name, args, { ...child, dependsOn: args.internet });
    const ways = args.zones.map((zone) => wayOut(name, args, zone, gatewayOf(zone), child));
    this.routeTableIds = ways.map(({ table }) => table.id);
    this.ways = ways.flatMap(({ route, associations }) => [route, ...associations]);
    this.registerOutputs({ routeTableIds: this.routeTableIds });
  }
}

function gateways(
  name: string,
  { mode, prefix, vpcId, zones }: NatArgs,
  options: pulumi.CustomResourceOptions,
): (zone: NatZone) => aws.ec2.NatGateway {
  if (mode === "zonal") return (zone) => zonalGateway(name, prefix, zone, options);
  const [first] = zones;
  if (!first) throw new Error("zones must not be empty, got []");
  const shared =
    mode === "single"
      ? zonalGateway(name, prefix, first, options)
      : new aws.ec2.NatGateway(
          name,
          {
            vpcId,
            availabilityMode: "regional",
            connectivityType: "public",
            tags: { Name: `${prefix}-nat` },
          },
          options,
        );
  return () => shared;
}

function zonalGateway(
  name: string,
  prefix: string,
  { zone, public: subnet }: NatZone,
  options: pulumi.CustomResourceOptions,
): aws.ec2.NatGateway {
  const tags = { Name: `${prefix}-nat-${zone}` };
  const address = new aws.ec2.Eip(`${name}-${zone}`, { domain: "vpc", tags }, options);
  return new aws.ec2.NatGateway(
    `${name}-${zone}`,
    { subnetId: subnet.id, allocationId: address.id, connectivityType: "public", tags },
    options,
  );
}

function wayOut(
  name: string,
  { prefix, vpcId }: NatArgs,
  { zone, nodes, data }: NatZone,
  gateway: aws.ec2.NatGateway,
  child: pulumi.CustomResourceOptions,
): {
  table: aws.ec2.RouteTable;
  route: aws.ec2.Route;
  associations: aws.ec2.RouteTableAssociation[];
} {
  const table = new aws.ec2.RouteTable(
    `${name}-private-${zone}`,
    { vpcId, tags: { Name: `${prefix}-private-${zone}` } },
    child,
  );
  const route = new aws.ec2.Route(
    `${name}-private-${zone}`,
    { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", natGatewayId: gateway.id },
    child,
  );
  const associations = Object.entries({ nodes, data }).map(
    ([tier, subnet]) =>
      new aws.ec2.RouteTableAssociation(
        `${name}-${tier}-${zone}`,
        { routeTableId: table.id, subnetId: subnet.id },
        child,
      ),
  );
  return { table, route, associations };
}
