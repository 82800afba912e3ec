import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Place } from "./arns";
import { functionArn } from "./arns";
import { lambdaFunction } from "./lambda-function";

export interface ClientVpnArgs extends Place {
  /** Start of the names that people look up. */
  prefix: string;
  /** VPC into which people come. */
  vpcId: pulumi.Input<string>;
  /** Private subnets through which they come, one for each zone at most, by zone. Each costs by the hour. */
  subnetIds: Record<string, pulumi.Input<string>>;
  /** Security group of the network interfaces in these subnets. */
  securityGroupId: pulumi.Input<string>;
  /** CIDRs that people may reach. */
  destinations: string[];
  /** Address of the VPC's DNS server, which people may reach as well. */
  dnsServer: string;
  /** IPv4 CIDR of which people's machines get addresses, /12 to /22, apart from the VPC. A change replaces the VPN. */
  clientCidr: string;
  /** ACM certificate by which people's machines know the VPN, of the account and region. */
  serverCertificateArn: string;
  /** IAM SAML provider of the account: who is there, and with which factors, is for the identity provider to find out. */
  samlProviderArn: string;
  /** Groups whose members may come, as the identity provider names them in `memberOf`. */
  groups: string[];
  /** Public networks from which people may come. */
  trustedCidrs: string[];
  /** Hours after which people have to sign in again. */
  sessionHours: 8 | 10 | 12;
  /** Key of the code and of the environment of the function that lets people in. */
  functionKeyArn: pulumi.Input<string>;
  /** Key of the logs. */
  logKeyArn: pulumi.Input<string>;
  /** Days for which the logs are kept. */
  logRetentionDays: number;
}

/**
 * AWS Client VPN: people sign in at their identity provider, from trusted networks only, and reach by groups what lets
 * the VPN's security group in. What they do elsewhere does not go through it.
 *
 * The SAML provider is named, not made: it is what the whole account trusts, other endpoints and roles may share it, and
 * who can change a stack file should not be able to change whom the account believes.
 */
export class ClientVpn extends pulumi.ComponentResource {
  static readonly requirements = ["J16", "J17", "M7"];

  /** Id of the endpoint, by which people export the configuration of their client. */
  readonly endpointId: pulumi.Output<string>;

  constructor(name: string, args: ClientVpnArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:ClientVpn", name, {}, opts);
    const child = { parent: this };
    const log = connectionLog(name, args, child);
    const gatekeeper = trustedNetworksFunction(name, args, child);
    const endpoint = new aws.ec2clientvpn.Endpoint(
      name,
      {
        description: `People's way into ${args.prefix}`,
        vpcId: args.vpcId,
        securityGroupIds: [args.securityGroupId],
        clientCidrBlock: args.clientCidr,
        serverCertificateArn: args.serverCertificateArn,
        authenticationOptions: [
          { type: "federated-authentication", samlProviderArn: args.samlProviderArn },
        ],
        clientConnectOptions: { enabled: true, lambdaFunctionArn: gatekeeper.arn },
        connectionLogOptions: {
          enabled: true,
          cloudwatchLogGroup: log.groupName,
          cloudwatchLogStream: log.streamName,
        },
        // TLS on the port that networks let out everywhere; UDP, because TCP in TCP stalls.
        transportProtocol: "udp",
        vpnPort: 443,
        splitTunnel: true,
        // A network that somebody near a person's machine announces does not take the way to the VPC away.
        clientRouteEnforcementOptions: { enforced: true },
        dnsServers: [args.dnsServer],
        sessionTimeoutHours: args.sessionHours,
        disconnectOnSessionTimeout: true,
        clientLoginBannerOptions: {
          enabled: true,
          bannerText: `${args.prefix}: for authorised people only. Connections are recorded.`,
        },
        selfServicePortal: "disabled",
        tags: { Name: args.prefix },
      },
      { ...child, dependsOn: [...log.resources, ...gatekeeper.resources] },
    );
    const associations = Object.entries(args.subnetIds).map(
      ([zone, subnetId]) =>
        new aws.ec2clientvpn.NetworkAssociation(
          `${name}-${zone}`,
          { clientVpnEndpointId: endpoint.id, subnetId },
          child,
        ),
    );
    for (const group of args.groups) {
      for (const [cidr, description] of reached(args)) {
        new aws.ec2clientvpn.AuthorizationRule(
          `${name}-${group}-${cidr}`,
          {
            clientVpnEndpointId: endpoint.id,
            targetNetworkCidr: cidr,
            accessGroupId: group,
            description,
          },
          // The order of the guide: docs.aws.amazon.com/vpn/latest/clientvpn-admin/cvpn-getting-started.html
          { ...child, dependsOn: associations },
        );
      }
    }
    this.endpointId = endpoint.id;
    this.registerOutputs({ endpointId: this.endpointId });
  }
}

function reached(args: ClientVpnArgs): [cidr: string, description: string][] {
  return [
    ...args.destinations.map((cidr): [string, string] => [cidr, "Kubernetes API and log store"]),
    [`${args.dnsServer}/32`, "DNS of the VPC"],
  ];
}

interface ConnectionLog {
  groupName: string;
  streamName: string;
  resources: pulumi.Resource[];
}

/** Who came, from where, when, for how long, and who was refused. */
function connectionLog(
  name: string,
  args: ClientVpnArgs,
  child: pulumi.CustomResourceOptions,
): ConnectionLog {
  const groupName = `/drawbridge/${args.prefix}/vpn-connections`;
  const streamName = "connections";
  const group = new aws.cloudwatch.LogGroup(
    `${name}-connections`,
    { name: groupName, kmsKeyId: args.logKeyArn, retentionInDays: args.logRetentionDays },
    child,
  );
  const stream = new aws.cloudwatch.LogStream(
    `${name}-connections`,
    { name: streamName, logGroupName: group.name },
    child,
  );
  return { groupName, streamName, resources: [group, stream] };
}

/**
 * The endpoint itself answers to the whole internet, and no security group stands before it; this function decides about
 * each connection. AWS calls only functions of this prefix, and refuses the connection when it gets no answer:
 * docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-authorization.html
 */
function trustedNetworksFunction(
  name: string,
  args: ClientVpnArgs,
  child: pulumi.CustomResourceOptions,
): { arn: string; resources: pulumi.Resource[] } {
  const functionName = `AWSClientVPN-${args.prefix}-networks`;
  const resource = lambdaFunction(
    `${name}-networks`,
    {
      ...args,
      functionName,
      description: "Lets people into the VPN from trusted networks only",
      source: "trusted-networks.cjs",
      logGroupName: `/drawbridge/${args.prefix}/vpn-networks`,
      variables: { TRUSTED_CIDRS: args.trustedCidrs.join(",") },
      memorySize: 128,
      timeout: 10,
    },
    child,
  );
  return { arn: functionArn(args, functionName), resources: [resource] };
}
