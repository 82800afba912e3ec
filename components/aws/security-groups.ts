import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Flow, GroupName, Peer } from "./flows";

export interface SecurityGroupsArgs {
  /** Start of the names that people look up. */
  prefix: string;
  /** VPC of the groups. */
  vpcId: pulumi.Input<string>;
  /** Who may talk to whom: one rule each, or one for each CIDR of `trusted` and `clients`. */
  flows: Flow[];
  /** Networks that people come from. */
  trustedCidrs: string[];
  /** Networks whose requests the entry takes. */
  clientCidrs: string[];
}

const purposes: Record<GroupName, string> = {
  api: "Kubernetes API: network interfaces of the control plane",
  nodes: "Nodes and their pods",
  endpoints: "VPC endpoints of AWS APIs",
  bastion: "Bastion for sessions of people",
  vpn: "Client VPN: network interfaces through which people come",
  entry: "Load balancer: the way in from the internet",
  "log-store": "Log store: nodes of the domain",
  "log-delivery": "Delivery of logs to the log store",
  vault: "Servers of Vault",
  "vault-door": "Load balancer of Vault, inside the VPC",
};

/** The security groups that the flows speak of, empty until `SecurityGroupRules` fills them. */
export class SecurityGroups extends pulumi.ComponentResource {
  static readonly requirements = ["J16", "J18", "S13"];

  private readonly ids = new Map<GroupName, pulumi.Output<string>>();

  constructor(name: string, args: SecurityGroupsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:SecurityGroups", name, {}, opts);
    const used = new Set(args.flows.map(({ on }) => on));
    for (const group of used) {
      const { id } = new aws.ec2.SecurityGroup(
        `${name}-${group}`,
        {
          vpcId: args.vpcId,
          description: purposes[group],
          tags: { Name: `${args.prefix}-${group}` },
        },
        { parent: this },
      );
      this.ids.set(group, id);
    }
    this.registerOutputs(Object.fromEntries(this.ids));
  }

  /** Id of a group that the flows name. */
  id(group: GroupName): pulumi.Output<string> {
    const id = this.ids.get(group);
    if (!id)
      throw new Error(
        `group must be one that a flow is on (${[...this.ids.keys()].join(", ")}), got ${group}`,
      );
    return id;
  }
}

export interface SecurityGroupRulesArgs extends SecurityGroupsArgs {
  /** The groups. */
  groups: SecurityGroups;
  /** Prefix list of the S3 gateway endpoint. */
  s3PrefixListId: pulumi.Input<string>;
}

/** One rule resource for each flow. */
export class SecurityGroupRules extends pulumi.ComponentResource {
  static readonly requirements = ["J16", "J18", "S13"];

  constructor(name: string, args: SecurityGroupRulesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:SecurityGroupRules", name, {}, opts);
    for (const flow of args.flows) {
      for (const [suffix, peer] of peers(flow.peer, args)) {
        const Rule =
          flow.direction === "ingress"
            ? aws.vpc.SecurityGroupIngressRule
            : aws.vpc.SecurityGroupEgressRule;
        new Rule(
          `${name}-${flow.on}-${flow.direction}-${flow.peer}-${flow.port}${suffix}`,
          {
            securityGroupId: args.groups.id(flow.on),
            ...peer,
            // AWS takes no ports with the protocol that means every one.
            ...(flow.port === "all"
              ? { ipProtocol: "-1" }
              : { ipProtocol: "tcp", fromPort: flow.port, toPort: flow.port }),
            description: flow.why,
          },
          { parent: this },
        );
      }
    }
    this.registerOutputs({});
  }
}

type PeerInput =
  | { referencedSecurityGroupId: pulumi.Input<string> }
  | { prefixListId: pulumi.Input<string> }
  | { cidrIpv4: string };

/** The ends that a peer stands for, each with what tells it apart in a resource name. */
function peers(peer: Peer, args: SecurityGroupRulesArgs): [suffix: string, peer: PeerInput][] {
  switch (peer) {
    case "trusted":
      return args.trustedCidrs.map((cidrIpv4) => [`-${cidrIpv4}`, { cidrIpv4 }]);
    case "clients":
      return args.clientCidrs.map((cidrIpv4) => [`-${cidrIpv4}`, { cidrIpv4 }]);
    case "internet":
      return [["", { cidrIpv4: "0.0.0.0/0" }]];
    case "s3":
      return [["", { prefixListId: args.s3PrefixListId }]];
    default:
      return [["", { referencedSecurityGroupId: args.groups.id(peer) }]];
  }
}
