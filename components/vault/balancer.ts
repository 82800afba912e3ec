import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { activePath, apiPort } from "./server-config";

interface BalancerArgs {
  /** Start of the names that people look up. */
  prefix: string;
  /** VPC of the servers. */
  vpcId: pulumi.Input<string>;
  /** Subnets of the servers. */
  subnetIds: pulumi.Input<string>[];
  /** Security group of the load balancer. */
  securityGroupId: pulumi.Input<string>;
  /** Private zone, and the name in it by which Vault is reached. */
  zone: { id: pulumi.Input<string>; name: string };
  /** Whether AWS and Pulumi refuse to delete it. */
  deletionProtection: boolean;
}

/** A load balancer that hands connections on as they are, so that TLS is between client and server. */
export function passThroughBalancer(
  name: string,
  args: BalancerArgs,
  child: pulumi.CustomResourceOptions,
): { balancer: aws.lb.LoadBalancer; targets: aws.lb.TargetGroup } {
  const balancer = new aws.lb.LoadBalancer(
    name,
    {
      loadBalancerType: "network",
      internal: true,
      subnets: args.subnetIds,
      securityGroups: [args.securityGroupId],
      enableCrossZoneLoadBalancing: true,
      enableDeletionProtection: args.deletionProtection,
      tags: { Name: `${args.prefix}-vault` },
    },
    { ...child, protect: args.deletionProtection },
  );
  const targets = new aws.lb.TargetGroup(
    name,
    {
      vpcId: args.vpcId,
      port: apiPort,
      protocol: "TCP",
      targetType: "instance",
      // Audit and logins see who comes. A server is never its own client by this way, which would not work with it.
      preserveClientIp: "true",
      deregistrationDelay: 30,
      healthCheck: {
        protocol: "HTTPS",
        port: `${apiPort}`,
        // A standby would hand most requests on, but sends who takes or restores a snapshot to the active server's own
        // name, which nobody but the servers reaches: alwaysRedirectPaths in
        // github.com/hashicorp/vault/blob/v1.21.0/http/handler.go
        path: activePath,
        matcher: "200",
        interval: 10,
        healthyThreshold: 2,
        unhealthyThreshold: 2,
      },
    },
    child,
  );
  new aws.lb.Listener(
    name,
    {
      loadBalancerArn: balancer.arn,
      port: apiPort,
      protocol: "TCP",
      defaultActions: [{ type: "forward", targetGroupArn: targets.arn }],
    },
    child,
  );
  new aws.route53.Record(
    name,
    {
      zoneId: args.zone.id,
      name: args.zone.name,
      type: "A",
      aliases: [{ name: balancer.dnsName, zoneId: balancer.zoneId, evaluateTargetHealth: true }],
    },
    child,
  );
  return { balancer, targets };
}
