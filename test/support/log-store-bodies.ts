import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { isObject } from "../../plan/property-values";

/**
 * What a log store says to bodies that it does not take. Each has the keys that all engines on offer know, read from their
 * sources: opensearch-project/security and index-management, branches 1.0 (as Elasticsearch 7.10 has them), 2.17, 2.19.
 */

export type Refusal = [status: number, answer: unknown];

const texts = z.array(z.string());
const wildcards = { index_patterns: texts, allowed_actions: texts };

/** RolesApiAction and securityconf/impl/v7/RoleV7, by which it is read. */
const role = z
  .strictObject({
    cluster_permissions: texts,
    index_permissions: z.array(
      z.strictObject({ ...wildcards, dls: z.string(), fls: texts, masked_fields: texts }).partial(),
    ),
    tenant_permissions: z.array(
      z.strictObject({ tenant_patterns: texts, allowed_actions: texts }).partial(),
    ),
    description: z.string(),
  })
  .partial();

/** RolesMappingApiAction: one of the members has to be there, however few they are. */
const members = { backend_roles: texts, and_backend_roles: texts, hosts: texts, users: texts };
const mapping = z.strictObject({ ...members, description: z.string() }).partial();

const categories = [
  "BAD_HEADERS",
  "SSL_EXCEPTION",
  "AUTHENTICATED",
  "FAILED_LOGIN",
  "GRANTED_PRIVILEGES",
  "MISSING_PRIVILEGES",
] as const;
const ofTransport = [...categories, "INDEX_EVENT", "OPENDISTRO_SECURITY_INDEX_ATTEMPT"] as const;

/** AuditApiAction, auditlog/config/AuditConfig and compliance/ComplianceConfig. */
const audit = z
  .strictObject({
    enabled: z.boolean(),
    audit: z
      .strictObject({
        enable_rest: z.boolean(),
        disabled_rest_categories: z.array(z.enum(categories)),
        enable_transport: z.boolean(),
        disabled_transport_categories: z.array(z.enum(ofTransport)),
        resolve_bulk_requests: z.boolean(),
        log_request_body: z.boolean(),
        resolve_indices: z.boolean(),
        exclude_sensitive_headers: z.boolean(),
        ignore_users: texts,
        ignore_requests: texts,
      })
      .partial(),
    compliance: z
      .strictObject({
        enabled: z.boolean(),
        internal_config: z.boolean(),
        external_config: z.boolean(),
        read_metadata_only: z.boolean(),
        read_watched_fields: z.record(z.string(), texts),
        read_ignore_users: texts,
        write_metadata_only: z.boolean(),
        write_log_diffs: z.boolean(),
        write_watched_indices: texts,
        write_ignore_users: texts,
      })
      .partial(),
  })
  .partial();

/**
 * What only the operator of a store changes, and to which value it is set; a body that leaves it out would change it, too:
 * docs.opensearch.org/latest/security/access-control/api/#audit-logs
 */
const readOnly: [path: string[], value: boolean][] = [
  [["audit", "exclude_sensitive_headers"], true],
  [["compliance", "internal_config"], true],
  [["compliance", "external_config"], false],
];

/** What a store says to the body of a call of its security plugin, beside what takes it. */
export function refusalOfSecurity(kind: string, body: unknown): Refusal | undefined {
  const forms: Record<string, z.ZodType> = { roles: role, rolesmapping: mapping, audit };
  const form = forms[kind];
  if (!form) return [400, { error: `no handler found for ${kind}`, status: 400 }];
  return malformed(form, body) ?? withoutMembers(kind, body) ?? changesReadOnly(kind, body);
}

/** RequestContentValidator: it names keys that it does not know, and types; what is wrong inside of them it does not. */
function malformed(form: z.ZodType, body: unknown): Refusal | undefined {
  if (!isObject(body) || Object.keys(body).length === 0) {
    return [400, { status: "error", reason: "Request body required for this action." }];
  }
  const [issue] = form.safeParse(body).error?.issues ?? [];
  if (!issue) return undefined;
  const [key = "", ...inside] = issue.path.map(String);
  if (issue.code === "unrecognized_keys" && key === "") {
    return invalid({ invalid_keys: { keys: issue.keys.join(",") } });
  }
  if (issue.code === "invalid_type" && inside.length === 0) {
    const type = issue.expected.replace(/^./, (letter) => letter.toUpperCase());
    return [400, { status: "error", reason: "Wrong datatype", [key]: `${type} expected` }];
  }
  return [400, { status: "error", reason: "Could not parse content of request." }];
}

function invalid(what: object): Refusal {
  return [400, { status: "error", reason: "Invalid configuration", ...what }];
}

function withoutMembers(kind: string, body: unknown): Refusal | undefined {
  const keys = Object.keys(members);
  if (kind !== "rolesmapping" || keys.some((key) => key in (body as object))) return undefined;
  return invalid({ specify_one_of: { keys: keys.join(",") } });
}

function changesReadOnly(kind: string, body: unknown): Refusal | undefined {
  const changed = readOnly.some(([path, value]) => !isDeepStrictEqual(at(body, path), value));
  if (kind !== "audit" || !changed) return undefined;
  return [409, { status: "CONFLICT", message: "Attempted to update read-only property." }];
}

function at(value: unknown, path: string[]): unknown {
  return path.reduce((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
}

/** cluster/metadata/ComposableIndexTemplate and Template of opensearch-project/OpenSearch, 1.0 to 2.19: both are strict. */
const template = z.strictObject({
  index_patterns: texts.min(1),
  template: z
    .strictObject({
      settings: z.record(z.string(), z.unknown()),
      mappings: z.record(z.string(), z.unknown()),
      aliases: z.record(z.string(), z.unknown()),
    })
    .partial()
    .optional(),
  composed_of: texts.optional(),
  priority: z.int().min(0).optional(),
  version: z.int().optional(),
  _meta: z.record(z.string(), z.unknown()).optional(),
  data_stream: z.record(z.string(), z.unknown()).optional(),
});

export function refusalOfTemplate(body: unknown): Refusal | undefined {
  const { error, data } = template.safeParse(body);
  const [issue] = error?.issues ?? [];
  if (issue?.code === "unrecognized_keys") {
    return failed("x_content_parse_exception", `unknown field [${issue.keys.join(",")}]`);
  }
  if (issue)
    return failed("x_content_parse_exception", `failed to parse [${issue.path.join(".")}]`);
  return refusalOfSettings(data?.template?.settings ?? {}, "new");
}

function failed(type: string, reason: string): Refusal {
  return [400, { error: { type, reason }, status: 400 }];
}

const time = /^(-1|\d+(nanos|micros|ms|s|m|h|d))$/;
const thresholds = (log: string, phases: string[]): [name: string, form: RegExp][] =>
  phases.flatMap((phase) =>
    ["warn", "info", "debug", "trace"].map((level): [string, RegExp] => [
      `index.${log}.slowlog.threshold.${phase}.${level}`,
      time,
    ]),
  );

/** docs.opensearch.org/latest/install-and-configure/configuring-opensearch/index-settings, and "logs" beside it for slow logs. */
const known = new Map<string, RegExp>([
  ["index.number_of_shards", /^\d+$/],
  ["index.number_of_replicas", /^\d+$/],
  ...thresholds("search", ["query", "fetch"]),
  ...thresholds("indexing", ["index"]),
  ["index.indexing.slowlog.source", /^(true|false|\d+)$/],
]);

/** What an index keeps from when it is made. */
const final = new Set(["index.number_of_shards"]);

/** What a store says to settings of an index that is made by them, or that is there already. */
export function refusalOfSettings(settings: object, index: "new" | "there"): Refusal | undefined {
  for (const [name, value] of flat(settings)) {
    const form = known.get(name);
    if (!form) return failed("illegal_argument_exception", `unknown setting [${name}]`);
    if (index === "there" && final.has(name)) {
      return failed("illegal_argument_exception", `final ${name} setting, not updateable`);
    }
    const said = String(value);
    if (!form.test(said)) {
      return failed("illegal_argument_exception", `failed to parse value [${said}] of ${name}`);
    }
  }
  return undefined;
}

/** Settings by their whole names; the store adds `index.` where it is not there. */
function flat(settings: object, before: string[] = []): [name: string, value: unknown][] {
  return Object.entries(settings).flatMap(([key, value]): [string, unknown][] => {
    const path = [...before, key];
    if (isObject(value)) return flat(value, path);
    const name = path.join(".");
    return [[name.startsWith("index.") ? name : `index.${name}`, value]];
  });
}

const condition = z
  .strictObject({
    min_index_age: z.string().regex(time),
    min_doc_count: z.int().min(1),
    min_size: z.string(),
    cron: z.unknown(),
  })
  .partial()
  .refine((conditions) => Object.keys(conditions).length === 1, "one condition");
const actions = z.union([
  z.strictObject({ delete: z.strictObject({}) }),
  z.strictObject({ close: z.strictObject({}) }),
]);
const state = z
  .strictObject({
    name: z.string().min(1),
    actions: z.array(actions),
    transitions: z.array(
      z.strictObject({ state_name: z.string(), conditions: condition.optional() }),
    ),
  })
  .refine(({ actions: own, transitions }) => {
    const goes = own.some((action) => "delete" in action);
    return !goes || transitions.length === 0;
  }, "no transitions after delete");

/** model/Policy, State, Transition and ISMTemplate of index-management. Of actions the double knows some that take no settings. */
const policy = z
  .strictObject({
    description: z.string(),
    default_state: z.string(),
    states: z.array(state).min(1),
    ism_template: z
      .strictObject({ index_patterns: texts.min(1), priority: z.int().min(0) })
      .optional(),
  })
  .refine(({ default_state: first, states }) => {
    const names = states.map(({ name }) => name);
    const next = states.flatMap(({ transitions }) => transitions.map((one) => one.state_name));
    return [first, ...next].every((name) => names.includes(name));
  }, "states that are there");

export function refusalOfPolicy(body: unknown): Refusal | undefined {
  const [issue] = z.strictObject({ policy }).safeParse(body).error?.issues ?? [];
  if (!issue) return undefined;
  const place = issue.path.join(".") || "body";
  const what =
    issue.code === "unrecognized_keys" ? `Invalid field: [${issue.keys.join(",")}]` : issue.message;
  return failed("illegal_argument_exception", `${what} found in ${place}`);
}
