import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Place } from "./arns";
import { bucketArn } from "./arns";
import { Bucket, bucketName } from "./bucket";
import { Certificate } from "./certificate";
import type { PolicyStatement } from "./policy-document";
import type { TlsProfile } from "./tls-policy";
import { tlsPolicy } from "./tls-policy";
import { WebAcl } from "./web-acl";

export interface EntryArgs extends Place {
  /** Start of the names that people look up. */
  prefix: string;
  /** VPC of the mesh gateway. */
  vpcId: pulumi.Input<string>;
  /** Public subnets, in two zones at least. */
  subnetIds: pulumi.Input<string>[];
  /** Security group of the load balancer. */
  securityGroupId: pulumi.Input<string>;
  /** What connects the public subnets to the internet: AWS refuses the load balancer before it, and nothing in its inputs says so. */
  internet: pulumi.Resource[];
  /** Names under which the entry is found. @default - none: whoever owns the names points them to it */
  domains?: string[];
  /** Public Route 53 zone of the names. @default - none, then there is a certificate */
  zone?: { id: string } | undefined;
  /** Certificate of the listener, in the account and region of the stack. @default - one that ACM issues for the names */
  certificateArn?: string | undefined;
  /** What clients must support. @default "intermediate" */
  tlsProfile?: TlsProfile;
  /** Whether clients that can do so agree on keys that no quantum computer finds. @default true */
  postQuantum?: boolean;
  /** Requests from one address in five minutes, above which it is blocked, 10 to 2000000000. @default 2000 */
  requestLimit?: number;
  /** Key of the firewall's log; load balancers write under S3's own key only. */
  logKeyArn: pulumi.Input<string>;
  /** Days for which the logs are kept. */
  logRetentionDays: number;
  /** Whether AWS and Pulumi refuse to delete the load balancer, and Pulumi the bucket of its logs. @default true */
  deletionProtection?: boolean;
}

/** Where the mesh gateway listens on its pods, and where it says that it is ready (istio.io/latest/docs/ops/deployment/application-requirements). */
const gateway = { httpsPort: 8443, statusPort: 15021, statusPath: "/healthz/ready" };

/** Two years, as Mozilla asks for, and what browsers want of a name that they list: hstspreload.org */
const strictTransportSecurity = "max-age=63072000; includeSubDomains; preload";

/** The one way in from the internet: a load balancer that speaks HTTPS only, behind a firewall, in front of the mesh gateway. */
export class Entry extends pulumi.ComponentResource {
  static readonly requirements = ["M2", "M3", "C10", "J16", "J17"];

  /** Name that DNS knows the load balancer by. */
  readonly dnsName: pulumi.Output<string>;
  /** ARN of the target group that the pods of the mesh gateway join. */
  readonly targetGroupArn: pulumi.Output<string>;

  constructor(name: string, args: EntryArgs, opts?: pulumi.ComponentResourceOptions) {
    const { zone, domains = [], requestLimit = 2000 } = args;
    if (args.certificateArn === undefined && !(zone && domains.length > 0)) {
      throw new Error("certificateArn must be set, or zone and domains, got none");
    }
    super("drawbridge:aws:Entry", name, {}, opts);
    const child = { parent: this };
    const loadBalancer = balancer(name, args, child);
    const firewall = new WebAcl(
      `${name}-firewall`,
      { ...args, loadBalancerArn: loadBalancer.arn, requestLimit },
      child,
    );
    const targets = meshGateway(name, args, child);
    const certificateArn =
      args.certificateArn ??
      new Certificate(`${name}-certificate`, { domains, zoneId: zone?.id ?? "" }, child).arn;
    listen(
      name,
      {
        ...args,
        certificateArn,
        loadBalancerArn: loadBalancer.arn,
        targetGroupArn: targets.arn,
      },
      // No request comes in before the firewall stands.
      { ...child, dependsOn: firewall.ready },
    );
    if (zone) pointTo(name, domains, zone.id, loadBalancer, child);
    this.dnsName = loadBalancer.dnsName;
    this.targetGroupArn = targets.arn;
    this.registerOutputs({ dnsName: this.dnsName, targetGroupArn: this.targetGroupArn });
  }
}

/** Folders of the log bucket. */
const folders = { access: "access", connections: "connections" };

function logBucket(name: string, args: EntryArgs, child: pulumi.ComponentResourceOptions): Bucket {
  const purpose = "entry-logs";
  return new Bucket(
    `${name}-logs`,
    {
      ...args,
      purpose,
      encryption: { s3ManagedFor: "access-logs" },
      grants: [logGrant(args, bucketArn(bucketName(args, purpose)))],
      retentionDays: args.logRetentionDays,
    },
    child,
  );
}

/** Lets load balancers of the stack write: docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html */
function logGrant({ accountId, region }: Place, bucket: string): PolicyStatement {
  return {
    Sid: "LoadBalancersDeliverLogs",
    Principal: { Service: "logdelivery.elasticloadbalancing.amazonaws.com" },
    Action: "s3:PutObject",
    Resource: Object.values(folders).map((folder) => `${bucket}/${folder}/AWSLogs/${accountId}/*`),
    Condition: {
      StringEquals: { "aws:SourceAccount": accountId },
      ArnLike: {
        "aws:SourceArn": `arn:aws:elasticloadbalancing:${region}:${accountId}:loadbalancer/*`,
      },
    },
  };
}

function balancer(
  name: string,
  args: EntryArgs,
  child: pulumi.CustomResourceOptions,
): aws.lb.LoadBalancer {
  const { deletionProtection = true } = args;
  const logs = logBucket(name, args, child);
  const logTo = (prefix: string) => ({ bucket: logs.bucketName, prefix, enabled: true });
  return new aws.lb.LoadBalancer(
    name,
    {
      loadBalancerType: "application",
      internal: false,
      ipAddressType: "ipv4",
      subnets: args.subnetIds,
      securityGroups: [args.securityGroupId],
      dropInvalidHeaderFields: true,
      desyncMitigationMode: "strictest",
      // What a client says of its own address is kept, and the address that it really has is added after it.
      xffHeaderProcessingMode: "append",
      // When the firewall does not answer, requests wait for it and do not go around it.
      enableWafFailOpen: false,
      enableDeletionProtection: deletionProtection,
      accessLogs: logTo(folders.access),
      connectionLogs: logTo(folders.connections),
      tags: { Name: `${args.prefix}-entry` },
    },
    {
      ...child,
      // AWS writes a test object as soon as it is told of the bucket. The rest of it may come later: S3 takes most of a
      // minute to settle a lifecycle.
      dependsOn: [...args.internet, logs.policy],
      // AWS refuses to delete it when much else is gone already; Pulumi refuses before it starts.
      protect: deletionProtection,
    },
  );
}

function meshGateway(
  name: string,
  args: EntryArgs,
  child: pulumi.CustomResourceOptions,
): aws.lb.TargetGroup {
  return new aws.lb.TargetGroup(
    name,
    {
      vpcId: args.vpcId,
      // Pods have addresses of the VPC, so that requests go straight to them and not over a port of each node.
      targetType: "ip",
      protocol: "HTTPS",
      port: gateway.httpsPort,
      deregistrationDelay: 30,
      healthCheck: {
        protocol: "HTTP",
        port: String(gateway.statusPort),
        path: gateway.statusPath,
        matcher: "200",
      },
      tags: { Name: `${args.prefix}-gateway` },
    },
    child,
  );
}

interface ListenArgs {
  loadBalancerArn: pulumi.Input<string>;
  targetGroupArn: pulumi.Input<string>;
  certificateArn: pulumi.Input<string>;
  tlsProfile?: TlsProfile;
  postQuantum?: boolean;
}

function listen(name: string, args: ListenArgs, options: pulumi.CustomResourceOptions): void {
  const { loadBalancerArn, targetGroupArn, certificateArn } = args;
  const { tlsProfile = "intermediate", postQuantum = true } = args;
  new aws.lb.Listener(
    `${name}-https`,
    {
      loadBalancerArn,
      port: 443,
      protocol: "HTTPS",
      sslPolicy: tlsPolicy(tlsProfile, postQuantum),
      certificateArn,
      defaultActions: [{ type: "forward", targetGroupArn }],
      routingHttpResponseStrictTransportSecurityHeaderValue: strictTransportSecurity,
      routingHttpResponseServerEnabled: false,
    },
    options,
  );
  new aws.lb.Listener(
    `${name}-http`,
    {
      loadBalancerArn,
      port: 80,
      protocol: "HTTP",
      defaultActions: [
        {
          type: "redirect",
          redirect: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" },
        },
      ],
    },
    options,
  );
}

/** The load balancer has IPv4 addresses only, as its VPC has, so there is nothing for an AAAA record to name. */
function pointTo(
  name: string,
  domains: string[],
  zoneId: string,
  loadBalancer: aws.lb.LoadBalancer,
  child: pulumi.CustomResourceOptions,
): void {
  for (const domain of domains) {
    new aws.route53.Record(
      `${name}-${domain}`,
      {
        zoneId,
        name: domain,
        type: "A",
        aliases: [
          {
            name: loadBalancer.dnsName,
            zoneId: loadBalancer.zoneId,
            evaluateTargetHealth: true,
          },
        ],
      },
      child,
    );
  }
}
