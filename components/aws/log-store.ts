import { AsyncResource } from "node:async_hooks";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { requireBetween } from "../require";
import { domainArn, logGroupArns, roleArn } from "./arns";
import { adviceOnChange, logEngineVersions, type LogEngineVersion } from "./log-engines";
import {
  largestVolumeGiB,
  mostInstancesPerZone,
  smallestVolumeGiB,
  volumePerformance,
  type LogInstanceType,
} from "./log-instances";
import { setUp, setupCalls, setupName, setupRole } from "./log-store-administrator";
import type { LogWriter } from "./log-store-state";
import { policyDocument } from "./policy-document";

export interface LogStoreArgs {
  /** Start of the names that people look up, and name of the domain: 3 to 28 characters. */
  prefix: string;
  /** AWS account of the stack. */
  accountId: string;
  /** AWS region of the stack. */
  region: string;
  /** Engine and its version. */
  engineVersion: LogEngineVersion;
  /** Instance type of the nodes that hold the data, for example r7g.large.search. */
  instanceType: LogInstanceType;
  /** Nodes in each zone, 1 to 20; of T3, 10 in all. @default 1 */
  instancesPerZone?: number;
  /** Size of each node's volume, in GiB, 10 to 1024, or to what the instance type takes. */
  volumeGiB: number;
  /** Instance type of three nodes that only keep the cluster together. @default - the data nodes do that too */
  dedicatedMasterType?: LogInstanceType | undefined;
  /** Private subnets of the nodes, one for each of two or three zones. */
  subnetIds: pulumi.Input<string>[];
  /** Security group of the domain. */
  securityGroupId: pulumi.Input<string>;
  /** Key of the data. */
  keyArn: pulumi.Input<string>;
  /** Key of the domain's own logs. */
  logKeyArn: pulumi.Input<string>;
  /** Days for which the domain's own logs are kept. */
  logRetentionDays: number;
  /** Key of the code and of the environment of the function that sets the store up. */
  functionKeyArn: pulumi.Input<string>;
  /** Security group of the function that sets the store up: it lets out to the domain. */
  setupSecurityGroupId: pulumi.Input<string>;
  /** Rules that let the function reach the domain. */
  securityGroupRules: pulumi.Resource;
  /** Days after which indices are deleted, 1 to 3653. */
  indexRetentionDays: number;
  /** Roles that write logs. */
  writers: LogWriter[];
  /** ARNs of the roles that search in logs. @default - only the administrator */
  readerRoleArns?: string[];
  /** Whether to create the service-linked role by which the service enters the VPC, which a new account lacks. */
  createServiceLinkedRole: boolean;
  /** Whether Pulumi refuses to delete the domain and the logs in it. @default true */
  deletionProtection?: boolean;
}

/** What the domain reports about itself: docs.aws.amazon.com/opensearch-service/latest/APIReference/API_LogPublishingOption.html */
const logTypes = {
  audit: "AUDIT_LOGS",
  application: "ES_APPLICATION_LOGS",
  "index-slow": "INDEX_SLOW_LOGS",
  "search-slow": "SEARCH_SLOW_LOGS",
} as const;

const calls = {
  read: ["es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost"],
  write: ["es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost", "es:ESHttpPut"],
};

/**
 * The central log store: an OpenSearch domain inside the VPC, spread over the zones, which knows people and programs by
 * their IAM roles only. AWS takes a snapshot of it every hour and keeps it for two weeks:
 * docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-snapshots.html
 *
 * Who may do what in an index, how long indices live and what is audited is data inside OpenSearch, behind its own API
 * in the VPC, which no AWS call sets. A function does, whose role alone administers the store; each `up` that changes
 * any of it runs the function.
 */
export class LogStore extends pulumi.ComponentResource {
  static readonly requirements = ["S1"];

  /** ARN of the domain, known before it exists. */
  readonly arn: string;
  /** Host of the domain's API, inside the VPC. */
  readonly endpoint: pulumi.Output<string>;

  constructor(name: string, args: LogStoreArgs, opts?: pulumi.ComponentResourceOptions) {
    const { instancesPerZone = 1, deletionProtection = true } = args;
    requireDomainName(args.prefix);
    requireBetween("subnetIds.length", args.subnetIds.length, 2, 3);
    requireBetween("instancesPerZone", instancesPerZone, 1, mostPerZone(args));
    requireBetween("volumeGiB", args.volumeGiB, smallestVolumeGiB, mostGiB(args));
    requireBetween("indexRetentionDays", args.indexRetentionDays, 1, 3653);
    // An input of the component's own: it changes before anything in it does, so the hook speaks first.
    const { engineVersion } = args;
    const hooks = { beforeUpdate: [adviceOnEngine(name, engineVersion)] };
    super("drawbridge:aws:LogStore", name, { engineVersion }, { ...opts, hooks });
    const child = { parent: this };
    this.arn = domainArn(args, args.prefix);
    const role = setupRole(name, args, child);
    const serviceRole = args.createServiceLinkedRole ? [vpcRole(name, child)] : [];
    const logs = ownLogs(name, args, this.arn, child);
    const domain = new aws.opensearch.Domain(
      name,
      {
        domainName: args.prefix,
        engineVersion,
        clusterConfig: clusterConfig(args, instancesPerZone),
        ebsOptions: {
          ebsEnabled: true,
          volumeType: "gp3",
          volumeSize: args.volumeGiB,
          ...volumePerformance(args.volumeGiB),
        },
        vpcOptions: { subnetIds: args.subnetIds, securityGroupIds: [args.securityGroupId] },
        encryptAtRest: { enabled: true, kmsKeyId: args.keyArn },
        nodeToNodeEncryption: { enabled: true },
        domainEndpointOptions: {
          enforceHttps: true,
          tlsSecurityPolicy: "Policy-Min-TLS-1-2-PFS-2023-10",
        },
        advancedSecurityOptions: {
          enabled: true,
          internalUserDatabaseEnabled: false,
          masterUserOptions: { masterUserArn: role.arn },
        },
        accessPolicies: accessPolicy(args, this.arn),
        logPublishingOptions: logs.options,
        softwareUpdateOptions: { autoSoftwareUpdateEnabled: true },
        // Ten hours from here on, in UTC: docs.aws.amazon.com/opensearch-service/latest/developerguide/off-peak.html
        offPeakWindowOptions: {
          enabled: true,
          offPeakWindow: { windowStartTime: { hours: 22, minutes: 0 } },
        },
      },
      { ...child, dependsOn: [...serviceRole, logs.policy], protect: deletionProtection },
    );
    setUp(name, args, { role, domain }, args.securityGroupRules, child);
    this.endpoint = domain.endpoint;
    const { engineVersion: engineInForce } = domain;
    this.registerOutputs({ arn: this.arn, endpoint: this.endpoint, engineInForce });
  }
}

/**
 * Says what a change of the engine does, in a preview as in an `up`: Pulumi says no more than that the domain is protected,
 * or replaces it. The output tells from where: unlike the input it is what AWS has upgraded to, and not what was asked for.
 */
function adviceOnEngine(name: string, engineVersion: LogEngineVersion): pulumi.ResourceHook {
  return new pulumi.ResourceHook(
    `${name}-engine`,
    // The engine calls it back outside of the program's context, by which the SDK knows whom to tell.
    AsyncResource.bind(async ({ oldOutputs }: pulumi.ResourceHookArgs) => {
      const before = logEngineVersions.find((version) => version === oldOutputs?.["engineInForce"]);
      const advice = before && adviceOnChange(before, engineVersion);
      if (advice !== undefined) await pulumi.log.warn(advice);
    }),
    { onDryRun: true },
  );
}

/** docs.aws.amazon.com/opensearch-service/latest/developerguide/createupdatedomains.html */
function requireDomainName(prefix: string): void {
  if (!/^[a-z][a-z0-9-]{2,27}$/.test(prefix)) {
    throw new Error(
      `prefix must be 3 to 28 lower-case letters, digits and hyphens that start with a letter, got ${prefix} (${prefix.length})`,
    );
  }
}

function mostPerZone({ instanceType, dedicatedMasterType, subnetIds }: LogStoreArgs): number {
  const types = dedicatedMasterType ? [instanceType, dedicatedMasterType] : [instanceType];
  return mostInstancesPerZone(types, subnetIds.length);
}

function mostGiB({ instanceType }: LogStoreArgs): number {
  return Math.min(1024, largestVolumeGiB(instanceType));
}

function clusterConfig(
  { subnetIds, instanceType, dedicatedMasterType }: LogStoreArgs,
  instancesPerZone: number,
): aws.types.input.opensearch.DomainClusterConfig {
  const availabilityZoneCount = subnetIds.length;
  return {
    instanceType,
    instanceCount: availabilityZoneCount * instancesPerZone,
    zoneAwarenessEnabled: true,
    zoneAwarenessConfig: { availabilityZoneCount },
    // Three can lose one and still agree: docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-dedicatedmasternodes.html
    ...(dedicatedMasterType
      ? { dedicatedMasterEnabled: true, dedicatedMasterType, dedicatedMasterCount: 3 }
      : {}),
  };
}

/**
 * Only roles that the stack names get as far as OpenSearch's own rights. The account is the principal, so each of them
 * needs the right in its own policies too, and a role that is made anew keeps its place.
 */
function accessPolicy(args: LogStoreArgs, domain: string): pulumi.Output<string> {
  const roles: [sid: string, actions: string[], arns: string[]][] = [
    ["AdministratorSetsUp", setupCalls, [roleArn(args, setupName(args))]],
    ["WritersIndex", calls.write, args.writers.map((writer) => writer.roleArn)],
    ["ReadersSearch", calls.read, args.readerRoleArns ?? []],
  ];
  return policyDocument(
    roles
      .filter(([, , arns]) => arns.length > 0)
      .map(([Sid, Action, arns]) => ({
        Sid,
        Principal: { AWS: `arn:aws:iam::${args.accountId}:root` },
        Action,
        Resource: `${domain}/*`,
        Condition: { ArnEquals: { "aws:PrincipalArn": arns } },
      })),
  );
}

/** One for each account: it stays when the stack goes, because others may use it. */
function vpcRole(name: string, child: pulumi.CustomResourceOptions): pulumi.Resource {
  return new aws.iam.ServiceLinkedRole(
    `${name}-vpc`,
    { awsServiceName: "opensearchservice.amazonaws.com" },
    { ...child, retainOnDelete: true },
  );
}

/** The groups of the domain's own logs, and its right to write to them. */
function ownLogs(
  name: string,
  args: LogStoreArgs,
  domain: string,
  child: pulumi.CustomResourceOptions,
): {
  options: aws.types.input.opensearch.DomainLogPublishingOption[];
  policy: pulumi.Resource;
} {
  const groupName = (kind: string) => `/drawbridge/${args.prefix}/log-store/${kind}`;
  const options = Object.entries(logTypes).map(([kind, logType]) => ({
    logType,
    enabled: true,
    cloudwatchLogGroupArn: new aws.cloudwatch.LogGroup(
      `${name}-${kind}`,
      {
        name: groupName(kind),
        kmsKeyId: args.logKeyArn,
        retentionInDays: args.logRetentionDays,
      },
      child,
    ).arn,
  }));
  const policy = new aws.cloudwatch.LogResourcePolicy(
    name,
    {
      policyName: `${args.prefix}-log-store`,
      policyDocument: policyDocument([
        {
          // docs.aws.amazon.com/opensearch-service/latest/developerguide/createdomain-configure-slow-logs.html
          Sid: "DomainWritesItsLogs",
          Principal: { Service: "es.amazonaws.com" },
          // OpenSearch refuses log groups without the last, which IAM's own list of actions does not have:
          // github.com/awsdocs/amazon-opensearch-service-developer-guide/pull/59
          Action: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:PutLogEventsBatch"],
          Resource: Object.keys(logTypes).flatMap((kind) => logGroupArns(args, groupName(kind))),
          Condition: {
            StringEquals: { "aws:SourceAccount": args.accountId },
            ArnEquals: { "aws:SourceArn": domain },
          },
        },
      ]),
    },
    child,
  );
  return { options, policy };
}
