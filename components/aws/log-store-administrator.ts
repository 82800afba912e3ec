import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { domainArn } from "./arns";
import type { Place } from "./arns";
import { lambdaFunction } from "./lambda-function";
import type { LogEngineVersion } from "./log-engines";
import type { PolicyStatement } from "./policy-document";

/** A role that writes logs, and where. */
export interface LogWriter {
  /** What it is called inside the store: letters, digits and hyphens. */
  name: string;
  /** ARN of the IAM role. */
  roleArn: string;
  /** Start of its indices' names; a date follows. */
  indexPrefix: string;
}

export interface LogStoreSetupArgs extends Place {
  /** Name of the domain. */
  prefix: string;
  /** Engine and its version. */
  engineVersion: LogEngineVersion;
  /** Private subnets of the function's network interfaces. */
  subnetIds: pulumi.Input<string>[];
  /** Security group of the function: it lets out to the domain. */
  setupSecurityGroupId: pulumi.Input<string>;
  /** Key of the function's logs. */
  logKeyArn: pulumi.Input<string>;
  /** Days for which the function's logs are kept. */
  logRetentionDays: number;
  /** Days after which indices are deleted. */
  indexRetentionDays: number;
  /** Roles that write logs. */
  writers: LogWriter[];
  /** ARNs of the roles that search in logs. @default - nobody */
  readerRoleArns?: string[];
}

const source = "log-store-setup.cjs";
const policyId = "log-retention";

/** Everything that the function asks of the store. The right to DELETE is not among it: indices go by the store's own policy. */
export const setupCalls = ["es:ESHttpGet", "es:ESHttpPost", "es:ESHttpPut"];

/** Name of the function that sets the store up, and of its role. */
export function setupName({ prefix }: { prefix: string }): string {
  return `${prefix}-log-store-admin`;
}

/** The function whose role is the store's administrator: nobody else is. */
export function setupFunction(
  name: string,
  args: LogStoreSetupArgs,
  child: pulumi.CustomResourceOptions,
): aws.lambda.Function {
  return lambdaFunction(
    `${name}-admin`,
    {
      ...args,
      functionName: setupName(args),
      description: "Log store: its rights, retention and audit",
      source,
      logGroupName: `/drawbridge/${args.prefix}/log-store-setup`,
      rights: [
        {
          Sid: "AdministerTheStore",
          Action: setupCalls,
          Resource: `${domainArn(args, args.prefix)}/*`,
        },
        ...networkRights(args),
      ],
      network: { subnetIds: args.subnetIds, securityGroupIds: [args.setupSecurityGroupId] },
      memorySize: 256,
      timeout: 300,
    },
    child,
  );
}

/**
 * Runs the function, once for each state that is asked for: a change of it, of the domain or of the function's code
 * replaces the invocation, and what is replaced calls nothing. An error of the function fails the `up`.
 */
export function setUp(
  name: string,
  args: LogStoreSetupArgs,
  { setup, domain }: { setup: aws.lambda.Function; domain: aws.opensearch.Domain },
  options: pulumi.CustomResourceOptions,
): aws.lambda.Invocation {
  const code = createHash("sha256").update(readFileSync(join(__dirname, source)));
  const state = desiredState(args);
  return new aws.lambda.Invocation(
    name,
    {
      functionName: setup.name,
      input: pulumi.jsonStringify({ endpoint: domain.endpoint, ...state }),
      lifecycleScope: "CREATE_ONLY",
      // The input is unknown at a first preview, as the endpoint is; the retention shall be seen there all the same.
      triggers: {
        code: code.digest("hex"),
        retention: JSON.stringify(state.retention.policy),
      },
    },
    options,
  );
}

/** What a function in a VPC needs: docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions */
function networkRights({ region, accountId }: Place): PolicyStatement[] {
  const ec2 = (type: string) => `arn:aws:ec2:${region}:${accountId}:${type}/*`;
  return [
    {
      // These describe; they take no resource.
      Sid: "FindTheNetwork",
      Action: ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"],
      Resource: "*",
      Condition: { StringEquals: { "ec2:Region": region } },
    },
    {
      Sid: "EnterTheNetwork",
      Action: "ec2:CreateNetworkInterface",
      Resource: [ec2("network-interface"), ec2("security-group"), ec2("subnet")],
    },
    {
      Sid: "UseAndLeaveTheNetwork",
      Action: [
        "ec2:AssignPrivateIpAddresses",
        "ec2:DeleteNetworkInterface",
        "ec2:UnassignPrivateIpAddresses",
      ],
      Resource: ec2("network-interface"),
    },
  ];
}

/** What the store shall be like, as calls of its API. */
function desiredState(args: LogStoreSetupArgs) {
  // Elasticsearch knows the names of the time before OpenSearch: docs.aws.amazon.com/opensearch-service/latest/developerguide/rename.html
  const api = args.engineVersion.startsWith("Elasticsearch") ? "_opendistro" : "_plugins";
  const security = `${api}/_security/api`;
  const patterns = args.writers.map(({ indexPrefix }) => `${indexPrefix}-*`);
  const roles = [...args.writers.map(writerRole), readerRole(patterns, args.readerRoleArns ?? [])];
  return {
    settings: [
      ...roles.flatMap(({ name, rights, members }) => [
        { path: `${security}/roles/${name}`, body: rights },
        // An IAM role comes as a backend role: docs.aws.amazon.com/opensearch-service/latest/developerguide/fgac.html#fgac-mapping
        { path: `${security}/rolesmapping/${name}`, body: { backend_roles: members } },
      ]),
      { path: `${security}/audit/config`, body: audit },
      {
        path: "_index_template/logs",
        body: {
          index_patterns: patterns,
          template: { settings: { index: { number_of_shards: 1, number_of_replicas: 1 } } },
        },
      },
    ],
    retention: {
      api: `${api}/_ism`,
      policyId,
      policy: retentionPolicy(patterns, args.indexRetentionDays),
      patterns,
    },
  };
}

/** Reads and writes its own indices and makes new ones, and sees how the cluster is, which Firehose asks for before it delivers. */
function writerRole({ name, roleArn, indexPrefix }: LogWriter) {
  return {
    name: `writer-${name}`,
    rights: {
      cluster_permissions: ["cluster_composite_ops", "cluster_monitor"],
      index_permissions: [
        {
          index_patterns: [`${indexPrefix}-*`],
          allowed_actions: ["create_index", "crud", "manage"],
        },
      ],
    },
    members: [roleArn],
  };
}

/** It is there without members, too: who is no longer a reader loses the role. */
function readerRole(patterns: string[], members: string[]) {
  return {
    name: "reader",
    rights: {
      cluster_permissions: ["cluster_composite_ops_ro"],
      index_permissions: [{ index_patterns: patterns, allowed_actions: ["read"] }],
    },
    members,
  };
}

/**
 * Every request is recorded with who made it, allowed or not, and every change of the store's rights; what documents
 * say is not, because the log would have everything twice:
 * docs.aws.amazon.com/opensearch-service/latest/developerguide/audit-logs.html
 */
const audit = {
  enabled: true,
  audit: {
    enable_rest: true,
    disabled_rest_categories: ["AUTHENTICATED"],
    enable_transport: true,
    // Each allowed request goes to many nodes, and is recorded above.
    disabled_transport_categories: ["AUTHENTICATED", "GRANTED_PRIVILEGES"],
    resolve_bulk_requests: false,
    log_request_body: false,
    resolve_indices: true,
    exclude_sensitive_headers: true,
    // The dashboards' own user, which asks all the time.
    ignore_users: ["kibanaserver"],
    ignore_requests: [],
  },
  compliance: {
    enabled: true,
    internal_config: true,
    external_config: false,
    read_metadata_only: true,
    read_watched_fields: {},
    read_ignore_users: [],
    write_metadata_only: true,
    write_log_diffs: false,
    write_watched_indices: [],
    write_ignore_users: [],
  },
};

/** docs.opensearch.org/latest/im-plugin/ism/policies */
function retentionPolicy(patterns: string[], days: number) {
  return {
    description: `Deletes indices of logs after ${days} days`,
    default_state: "kept",
    states: [
      {
        name: "kept",
        actions: [],
        transitions: [{ state_name: "deleted", conditions: { min_index_age: `${days}d` } }],
      },
      { name: "deleted", actions: [{ delete: {} }], transitions: [] },
    ],
    // New indices get the policy by this.
    ism_template: { index_patterns: patterns, priority: 100 },
  };
}
