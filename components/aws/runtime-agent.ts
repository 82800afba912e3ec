import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument } from "./policy-document";

export interface RuntimeAgentArgs {
  /** Start of the names that people look up. */
  prefix: string;
  /** AWS account of the stack: only its nodes may report. */
  accountId: string;
  /** AWS region of the stack. */
  region: string;
  /** VPC of the nodes. */
  vpcId: pulumi.Input<string>;
  /** Subnets of the agents' endpoint, one for each zone. */
  subnetIds: pulumi.Input<string>[];
  /** Security group of the endpoint, which lets the nodes in. */
  securityGroupId: pulumi.Input<string>;
  /** Name of the cluster. */
  clusterName: pulumi.Input<string>;
  /** What must stand before an agent can run and report. */
  prerequisites: pulumi.Resource[];
}

/** GuardDuty's agent on every node of a cluster, and its way to GuardDuty, which stays in the VPC. */
export class RuntimeAgent extends pulumi.ComponentResource {
  static readonly requirements = ["M10"];

  constructor(name: string, args: RuntimeAgentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:RuntimeAgent", name, {}, opts);
    const child = { parent: this };
    // docs.aws.amazon.com/guardduty/latest/ug/eksrunmon-prereq-deploy-security-agent.html
    const endpoint = new aws.ec2.VpcEndpoint(
      name,
      {
        vpcId: args.vpcId,
        serviceName: `com.amazonaws.${args.region}.guardduty-data`,
        vpcEndpointType: "Interface",
        subnetIds: args.subnetIds,
        securityGroupIds: [args.securityGroupId],
        privateDnsEnabled: true,
        policy: policyDocument([
          {
            Sid: "OwnPrincipals",
            Principal: "*",
            Action: "guardduty:SendSecurityTelemetry",
            Resource: "*",
            Condition: { StringEquals: { "aws:PrincipalAccount": args.accountId } },
          },
        ]),
        tags: { Name: `${args.prefix}-guardduty-data` },
      },
      child,
    );
    new aws.eks.Addon(
      name,
      {
        clusterName: args.clusterName,
        addonName: "aws-guardduty-agent",
        resolveConflictsOnCreate: "OVERWRITE",
        resolveConflictsOnUpdate: "OVERWRITE",
      },
      { ...child, dependsOn: [endpoint, ...args.prerequisites] },
    );
    this.registerOutputs({});
  }
}
