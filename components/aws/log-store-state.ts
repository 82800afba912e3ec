import { createHash } from "node:crypto";
import type { LogEngineVersion } from "./log-engines";

/** A role that writes logs, and where. */
export interface LogWriter {
  /** What it is called inside the store: letters, digits and hyphens. */
  name: string;
  /** ARN of the IAM role. */
  roleArn: string;
  /** Start of its indices' names; a date follows. */
  indexPrefix: string;
  /** What writes: Firehose asks for more rights than an agent that sends batches of documents. */
  kind: "agent" | "firehose";
}

/** What the inside of the store depends on. */
export interface LogStoreState {
  /** Engine and its version. */
  engineVersion: LogEngineVersion;
  /** Days after which indices are deleted. */
  indexRetentionDays: number;
  /** Roles that write logs. */
  writers: LogWriter[];
  /** ARNs of the roles that search in logs. @default - nobody */
  readerRoleArns?: string[];
}

/** What the store shall be like, as calls of its API: the function reads it as `state.json`. */
export function desiredState(args: LogStoreState) {
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
          template: {
            settings: { index: { number_of_shards: 1, number_of_replicas: 1, ...slowLogs } },
          },
        },
      },
    ],
    indices: { patterns, settings: { index: slowLogs } },
    retention: {
      api: `${api}/_ism`,
      policyId: "log-retention",
      policy: retentionPolicy(patterns, args.indexRetentionDays),
    },
  };
}

/**
 * An agent makes indices and puts documents into them; it neither deletes nor closes anything. That its documents have
 * ids of their own is up to it: who gives an id that is there already writes over it.
 *
 * Firehose gets what AWS gives it in its examples, by which it could also delete what is in its own indices; what of it
 * Firehose could do without, AWS does not say. IAM keeps the verb DELETE from it.
 */
const writerRights: Record<LogWriter["kind"], { cluster: string[]; index: string[] }> = {
  agent: {
    cluster: ["cluster_monitor", "indices:data/write/bulk"],
    index: ["create_index", "index"],
  },
  firehose: {
    cluster: ["cluster_composite_ops", "cluster_monitor"],
    index: ["create_index", "crud", "manage"],
  },
};

function writerRole({ name, roleArn, indexPrefix, kind }: LogWriter) {
  const { cluster, index } = writerRights[kind];
  return {
    name: `writer-${name}`,
    rights: {
      cluster_permissions: cluster,
      index_permissions: [{ index_patterns: [`${indexPrefix}-*`], allowed_actions: index }],
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
 * Every request is recorded with who made it, and once more when it is refused, and every change of the store's rights;
 * what documents say is not, because the log would have everything twice:
 * docs.aws.amazon.com/opensearch-service/latest/developerguide/audit-logs.html
 *
 * Of allowed requests the REST layer records that they are authenticated. That they are allowed only the transport
 * layer does, once for each node and each part of a batch.
 */
const audit = {
  enabled: true,
  audit: {
    enable_rest: true,
    disabled_rest_categories: [],
    enable_transport: true,
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

/**
 * From when on an index reports what was slow: without thresholds of its own it reports nothing, whatever the domain
 * publishes. What documents say stays out of these logs as well.
 * docs.aws.amazon.com/opensearch-service/latest/developerguide/createdomain-configure-slow-logs.html
 */
const slowLogs = {
  search: { slowlog: { threshold: { query: { warn: "10s" }, fetch: { warn: "1s" } } } },
  indexing: { slowlog: { threshold: { index: { warn: "10s" } }, source: "false" } },
};

/**
 * docs.opensearch.org/latest/im-plugin/ism/policies
 *
 * The store adds defaults and times to a policy that it keeps, but leaves the description as it is: by the digest in it
 * the function knows whether anything has changed.
 */
function retentionPolicy(patterns: string[], days: number) {
  const policy = {
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
  const digest = createHash("sha256").update(JSON.stringify(policy)).digest("hex").slice(0, 12);
  return { description: `Deletes indices of logs after ${days} days (${digest})`, ...policy };
}
