import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logEngineVersions } from "../../../components/aws/log-engines";
import { desiredState } from "../../../components/aws/log-store-state";
import type { LogStoreState } from "../../../components/aws/log-store-state";
import {
  refusalOfPolicy,
  refusalOfSecurity,
  refusalOfSettings,
  refusalOfTemplate,
} from "../../support/log-store-bodies";

type Signed = Record<string, string>;
// eslint-disable-next-line typescript/no-require-imports -- CommonJS, as Lambda loads it
const setup = require("../../../components/aws/log-store-setup.cjs") as {
  handler: (event?: object) => Promise<unknown>;
  signed: (
    method: string,
    url: URL,
    payload: string,
    time: Date,
    environment: Record<string, string>,
  ) => Signed;
};

const environment = {
  AWS_REGION: "eu-west-1",
  AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
  AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  AWS_SESSION_TOKEN: "token",
};

interface Index {
  status?: string;
  /** What `explain` says of it; without a number until the store's job has looked at it. */
  managed?: { policy_id: string; policy_seq_no?: number };
  /** Whether it is on its way to another state. */
  inTransition?: boolean;
}

interface Request {
  call: string;
  body: unknown;
  authorization: string;
}

type Answer = [status: number, answer: unknown];

/**
 * An OpenSearch that answers as its documentation says: docs.opensearch.org/latest/im-plugin/ism/api,
 * security/access-control/api. It keeps a policy as the store does, with what the store adds to it.
 */
class Store {
  requests: Request[] = [];
  indices: Record<string, Index> = {};
  policy: { body: unknown; seqNo: number } | undefined;
  /** What it was told of rights, of its audit log and of new indices, by path. */
  kept: Record<string, unknown> = {};
  /** What indices were given, by their names. */
  settings: Record<string, unknown> = {};
  /** Answers that come before its own, by method and path. */
  refusals: Record<string, [status: number, text: string][]> = {};
  /** Requests, by method and target, that take effect while a gateway before the store gives up on them, once each. */
  givenUp = new Set<string>();
  /** Indices that are deleted once they have been listed. */
  vanishing: string[] = [];
  /** Policies that others put there just before the function's own. */
  overtaking: object[] = [];

  answer(method: string, target: string, body: unknown): Answer {
    const { pathname, searchParams } = new URL(target, "https://store");
    const [, api, plugin, verb, name = ""] = pathname.split("/");
    // AWS passes no request on for all indices: github.com/openedx/course-discovery/issues/4325
    if (pathname === "/_settings") return [401, { Message: "Your request is not allowed." }];
    if (pathname === "/_cat/indices") return this.listed();
    if (plugin === "_security") return this.putSecurity(pathname, body);
    if (api === "_index_template") {
      return refusalOfTemplate(body) ?? this.keep(pathname, body, [200, { acknowledged: true }]);
    }
    if (plugin === "_settings") {
      const refusal = refusalOfSettings(body as object, "there");
      if (refusal) return refusal;
      const there = (api ?? "").split(",").filter((one) => this.indices[one] !== undefined);
      for (const one of there) this.settings[one] = body;
      return [200, { acknowledged: true }];
    }
    if (plugin !== "_ism") return [400, { error: `no handler found for uri [${target}]` }];
    if (verb === "policies") {
      return method === "GET" ? this.getPolicy(name) : this.putPolicy(name, searchParams, body);
    }
    // Of a POST AWS ignores the query.
    const names = name.split(",");
    const missing = names.find((one) => this.indices[one] === undefined);
    if (missing !== undefined) return [404, { error: `no such index [${missing}]` }];
    return verb === "explain" ? this.explained(api, names) : this.attach(verb ?? "", names, body);
  }

  /** What the store's own job does with managed indices, each few minutes. */
  runJobs(): void {
    for (const { managed } of Object.values(this.indices)) {
      if (managed) managed.policy_seq_no = this.policy?.seqNo ?? 0;
    }
  }

  private putSecurity(pathname: string, body: unknown): Answer {
    const [kind = "", name = ""] = pathname.split("/").slice(4);
    const refusal = refusalOfSecurity(kind, body);
    if (refusal) return refusal;
    const role = pathname.replace("/rolesmapping/", "/roles/");
    if (kind === "rolesmapping" && !(role in this.kept)) {
      return [404, { status: "NOT_FOUND", message: `role '${name}' not found.` }];
    }
    const answer: Answer =
      pathname in this.kept
        ? [200, { status: "OK", message: `'${name}' updated.` }]
        : [201, { status: "CREATED", message: `'${name}' created.` }];
    return this.keep(pathname, body, answer);
  }

  private keep(pathname: string, body: unknown, answer: Answer): Answer {
    this.kept[pathname] = body;
    return answer;
  }

  private listed(): Answer {
    const entries = Object.entries(this.indices);
    for (const name of this.vanishing.splice(0)) delete this.indices[name];
    return [200, entries.map(([index, { status = "open" }]) => ({ index, status }))];
  }

  private explained(api: string | undefined, names: string[]): Answer {
    const prefix = `index.${api === "_plugins" ? "plugins" : "opendistro"}`;
    const states = names.map((name) => {
      const managed = this.indices[name]?.managed;
      const id = { [`${prefix}.index_state_management.policy_id`]: managed?.policy_id ?? null };
      return [name, { ...id, ...managed }];
    });
    return [200, { ...(Object.fromEntries(states) as object), total_managed_indices: 0 }];
  }

  private getPolicy(id: string): Answer {
    if (!this.policy) return [404, { error: { reason: "Policy not found" }, status: 404 }];
    const { policy = {} } = this.policy.body as { policy?: object };
    const kept = { policy_id: id, schema_version: 21, last_updated_time: 1, ...policy };
    return [200, { _id: id, _seq_no: this.policy.seqNo, _primary_term: 1, policy: kept }];
  }

  private putPolicy(id: string, query: URLSearchParams, body: unknown): Answer {
    const other = this.overtaking.shift();
    if (other) this.policy = { body: { policy: other }, seqNo: (this.policy?.seqNo ?? 4) + 1 };
    const refusal = refusalOfPolicy(body);
    if (refusal) return refusal;
    const known = query.get("if_seq_no");
    if (known !== (this.policy ? `${this.policy.seqNo}` : null)) {
      return [409, { error: `[${id}]: version conflict, document already exists`, status: 409 }];
    }
    this.policy = { body, seqNo: (this.policy?.seqNo ?? 4) + 1 };
    return [known === null ? 201 : 200, { _id: id, _seq_no: this.policy.seqNo, _primary_term: 1 }];
  }

  private attach(verb: string, names: string[], body: unknown): Answer {
    const failed = names.flatMap((name) => {
      const reason = this.refusal(verb, this.indices[name] ?? {});
      return reason === undefined ? [] : [{ index_name: name, index_uuid: `${name}-id`, reason }];
    });
    const refused = new Set(failed.map(({ index_name: name }) => name));
    const taken = names.filter((name) => !refused.has(name));
    for (const name of taken) {
      this.indices[name] = {
        ...this.indices[name],
        managed: { ...(body as { policy_id: string }) },
      };
    }
    return [
      200,
      { updated_indices: taken.length, failures: failed.length > 0, failed_indices: failed },
    ];
  }

  private refusal(verb: string, { managed, inTransition = false }: Index): string | undefined {
    if (verb === "add") {
      return managed && "This index already has a policy, use the update policy API";
    }
    if (!managed) return "This index is not being managed";
    return inTransition ? "Cannot change policy while transitioning to new state" : undefined;
  }
}

const folder = mkdtempSync(join(tmpdir(), "log-store-"));
const file = (name: string) => join(folder, name);
let store: Store;
let server: https.Server;
let endpoint: string;
const globalOptions = https.globalAgent.options;

beforeAll(async () => {
  execFileSync(
    "openssl",
    // prettier-ignore
    ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=localhost",
      "-addext", "subjectAltName=DNS:localhost", "-keyout", file("key.pem"), "-out", file("cert.pem")],
    { stdio: "pipe" },
  );
  server = https.createServer(
    { key: readFileSync(file("key.pem")), cert: readFileSync(file("cert.pem")) },
    (request, response) => {
      let text = "";
      request.on("data", (part) => (text += String(part)));
      request.on("end", () => {
        const body: unknown = text === "" ? undefined : JSON.parse(text);
        const { method = "", url = "", headers } = request;
        const call = `${method} ${url}`;
        store.requests.push({ call, body, authorization: headers.authorization ?? "" });
        const refusal = store.refusals[call.replace(/\?.*/, "")]?.shift();
        if (refusal) return response.writeHead(refusal[0]).end(refusal[1]);
        const [status, answer] = store.answer(method, url, body);
        if (store.givenUp.delete(call)) return response.writeHead(504).end("Gateway Timeout");
        return response.writeHead(status).end(JSON.stringify(answer));
      });
    },
  );
  await new Promise<void>((resolve) => {
    server.listen(0, "localhost", resolve);
  });
  endpoint = `localhost:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  store = new Store();
  https.globalAgent.options = { ...globalOptions, ca: readFileSync(file("cert.pem")) };
  given(state());
});
afterEach(() => {
  https.globalAgent.options = globalOptions;
  jest.restoreAllMocks();
});

const policy = {
  description: "Deletes indices of logs (1a2b)",
  default_state: "kept",
  states: [{ name: "kept", actions: [], transitions: [] }],
};
const slowLogs = { index: { search: { slowlog: { threshold: { query: { warn: "10s" } } } } } };
const state = (api = "_plugins") => ({
  settings: [
    {
      path: `${api}/_security/api/roles/writer`,
      body: { cluster_permissions: ["cluster_monitor"] },
    },
    {
      path: `${api}/_security/api/rolesmapping/writer`,
      body: { backend_roles: ["arn:aws:iam::111122223333:role/w"] },
    },
  ],
  indices: { patterns: ["control-plane-*", "pods-*"], settings: slowLogs },
  retention: { api: `${api}/_ism`, policyId: "logs", policy },
});
/** What the program asks for, of every kind that it knows. */
const asked = (more: Partial<LogStoreState> = {}) =>
  desiredState({
    engineVersion: "OpenSearch_2.19",
    indexRetentionDays: 90,
    writers: [
      {
        name: "delivery",
        roleArn: arn("delivery"),
        indexPrefix: "control-plane",
        kind: "firehose",
      },
      { name: "pods", roleArn: arn("pods"), indexPrefix: "pods", kind: "agent" },
    ],
    readerRoleArns: [arn("reader")],
    ...more,
  });
const arn = (name: string) => `arn:aws:iam::111122223333:role/${name}`;

/** What the program asks for, with another value in one body, or with none: of the setting whose path ends so, or of the policy. */
function spoilt(what: string, at: string, value?: unknown): object {
  const all = structuredClone(asked());
  const body =
    what === "policy"
      ? all.retention.policy
      : all.settings.find(({ path }) => path.endsWith(what))?.body;
  const [key = "", ...before] = at.split(".").toReversed();
  const holder = before
    .toReversed()
    .reduce<unknown>((inner, name) => (inner as Record<string, unknown>)[name], body);
  Object.assign(holder as object, { [key]: value });
  return all;
}
/** What the program asks for, with one setting in the place of all others. */
const only = (path: string, body: object): object => ({
  ...asked(),
  settings: [{ path: `_plugins/_security/api/${path}`, body }],
});

/** Puts the function where Lambda puts it: what it does is in its files and its environment. */
function given(what: object): void {
  writeFileSync(file("state.json"), JSON.stringify(what));
  jest.replaceProperty(process, "env", {
    ...process.env,
    ...environment,
    LAMBDA_TASK_ROOT: folder,
    STORE_ENDPOINT: endpoint,
  });
}
const calls = () => store.requests.map(({ call }) => call);
const posts = () => calls().filter((call) => call.startsWith("POST"));
const day = (n: number) => `control-plane-2026-01-${String(n).padStart(2, "0")}`;

/** Lets no time go by, and tells how long the function would have waited, in seconds. */
function withoutWaiting(): () => number {
  const timer = setTimeout;
  const pauses: number[] = [];
  jest.spyOn(globalThis, "setTimeout").mockImplementation((action, milliseconds) => {
    pauses.push(milliseconds ?? 0);
    return timer(action, 0);
  });
  return () => pauses.reduce((sum, one) => sum + one, 0) / 1000;
}

describe("log-store-setup", () => {
  it.each(["_plugins", "_opendistro"])("sets up an empty store by %s [S1]", async (api) => {
    given(state(api));
    expect(await setup.handler()).toEqual({ settings: 2, indices: 0 });
    expect(store.requests.map(({ call, body }) => [call, body])).toEqual([
      [`PUT /${api}/_security/api/roles/writer`, state().settings[0]?.body],
      [`PUT /${api}/_security/api/rolesmapping/writer`, state().settings[1]?.body],
      ["GET /_cat/indices?format=json&h=index%2Cstatus", undefined],
      [`GET /${api}/_ism/policies/logs`, undefined],
      [`PUT /${api}/_ism/policies/logs`, { policy }],
      ["GET /_cat/indices?format=json&h=index%2Cstatus", undefined],
    ]);
    for (const { authorization } of store.requests) {
      expect(authorization).toMatch(
        /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/es\/aws4_request, /,
      );
    }
  });

  it.each(logEngineVersions)("asks %s for nothing that it refuses", async (engineVersion) => {
    const { settings, retention } = asked({ engineVersion });
    given(asked({ engineVersion }));
    store.indices = { [day(1)]: {} };
    expect(await setup.handler()).toEqual({ settings: settings.length, indices: 1 });
    const told = settings.map(({ path, body }) => [`/${path}`, body]);
    expect(store.kept).toEqual(Object.fromEntries(told));
    expect(store.policy?.body).toEqual({ policy: retention.policy });
    expect(store.indices).toEqual({ [day(1)]: { managed: { policy_id: "log-retention" } } });
  });

  it("changes nothing in a store that has all that is asked for", async () => {
    given(asked());
    await setup.handler();
    const before = structuredClone(store.kept);
    await setup.handler();
    expect([store.kept, store.policy?.seqNo]).toEqual([before, 5]);
  });

  const threshold = "template.settings.index.search.slowlog.threshold.fetch.warn";
  const answered = "the log store answered";
  it.each<[what: string, state: object, refusal: string]>([
    [
      "an unknown key of a role",
      spoilt("/roles/reader", "cluster", []),
      `${answered} 400 {"status":"error","reason":"Invalid configuration","invalid_keys":{"keys":"cluster"}}`,
    ],
    [
      "an unknown key of its rights",
      spoilt("/roles/reader", "index_permissions.0.actions", []),
      `${answered} 400`,
    ],
    ["a role without a word", only("roles/reader", {}), "Request body required"],
    [
      "members that are no list",
      spoilt("/rolesmapping/reader", "backend_roles", "arn"),
      `${answered} 400 {"status":"error","reason":"Wrong datatype","backend_roles":"Array expected"}`,
    ],
    [
      "members of no kind",
      only("rolesmapping/reader", { description: "nobody" }),
      '"specify_one_of":{"keys":"backend_roles,and_backend_roles,hosts,users"}',
    ],
    [
      "members of a role that is not there",
      only("rolesmapping/reader", { backend_roles: [] }),
      `${answered} 404 {"status":"NOT_FOUND","message":"role 'reader' not found."}`,
    ],
    [
      "an unknown key beside the audit",
      spoilt("/audit/config", "config", {}),
      '"invalid_keys":{"keys":"config"}',
    ],
    [
      "an unknown key of the audit",
      spoilt("/audit/config", "audit.log_bodies", true),
      `${answered} 400`,
    ],
    [
      "a category of the other layer",
      spoilt("/audit/config", "audit.disabled_rest_categories", ["INDEX_EVENT"]),
      `${answered} 400`,
    ],
    [
      "another value of what is read-only",
      spoilt("/audit/config", "compliance.external_config", true),
      `${answered} 409 {"status":"CONFLICT","message":"Attempted to update read-only property."}`,
    ],
    [
      "what is read-only left out",
      spoilt("/audit/config", "audit.exclude_sensitive_headers"),
      `${answered} 409`,
    ],
    [
      "an unknown key of a template",
      spoilt("_index_template/logs", "order", 1),
      "unknown field [order]",
    ],
    [
      "a template for no index",
      spoilt("_index_template/logs", "index_patterns", []),
      "failed to parse [index_patterns]",
    ],
    [
      "an unknown setting",
      spoilt("_index_template/logs", "template.settings.index.slowlog", { warn: "10s" }),
      "unknown setting [index.slowlog.warn]",
    ],
    [
      "a time without a unit",
      spoilt("_index_template/logs", threshold, "1"),
      "failed to parse value [1] of index.search.slowlog.threshold.fetch.warn",
    ],
    [
      "a final setting for an index that is there",
      { ...asked(), indices: { ...asked().indices, settings: { number_of_shards: 2 } } },
      "final index.number_of_shards setting, not updateable",
    ],
    [
      "an unknown key of the policy",
      spoilt("policy", "error_notifications", null),
      "Invalid field: [error_notifications] found in policy",
    ],
    [
      "a first state that is not there",
      spoilt("policy", "default_state", "hot"),
      "states that are there",
    ],
    [
      "an age without a unit",
      spoilt("policy", "states.0.transitions.0.conditions.min_index_age", "90"),
      "min_index_age",
    ],
  ])("fails where a store refuses %s", async (_what, spoiltState, refusal) => {
    given(spoiltState);
    store.indices = { [day(1)]: {} };
    await expect(setup.handler()).rejects.toThrow(refusal);
  });

  it("does what is in it, whatever it is invoked with", async () => {
    const other = { path: "_plugins/_security/api/rolesmapping/all_access", body: {} };
    await setup.handler({ endpoint: "elsewhere.example", ...state(), settings: [other] });
    expect(calls()).toHaveLength(6);
    expect(calls()).not.toContain(`PUT /${other.path}`);
  });

  it.each(["_plugins", "_opendistro"])(
    "gives the policy to indices that are there, by %s, and to none but logs",
    async (api) => {
      given(state(api));
      store.indices = {
        [day(1)]: {},
        [day(2)]: { managed: { policy_id: "of-a-person", policy_seq_no: 5 } },
        "pods-2026-01-01": {},
        "control-plane-2025-01-01": { status: "close" },
        ".kibana_1": {},
      };
      expect(await setup.handler()).toMatchObject({ indices: 3 });
      const ours = { managed: { policy_id: "logs" } };
      expect(store.indices).toEqual({
        [day(1)]: ours,
        [day(2)]: ours,
        "pods-2026-01-01": ours,
        "control-plane-2025-01-01": { status: "close" },
        ".kibana_1": {},
      });
    },
  );

  it("changes a policy that it knows, and takes along the indices that follow the older one", async () => {
    store.policy = { body: {}, seqNo: 7 };
    store.indices = {
      [day(1)]: { managed: { policy_id: "logs", policy_seq_no: 7 } },
      [day(2)]: { managed: { policy_id: "logs" } },
    };
    await setup.handler();
    expect(calls()).toContain("PUT /_plugins/_ism/policies/logs?if_primary_term=1&if_seq_no=7");
    expect(posts()).toEqual([`POST /_plugins/_ism/change_policy/${day(1)}`]);
    expect(store.policy).toEqual({ body: { policy }, seqNo: 8 });
  });

  it("changes nothing when it runs again", async () => {
    store.indices = { [day(1)]: {} };
    await setup.handler();
    store.runJobs();
    await setup.handler();
    expect(store.policy?.seqNo).toBe(5);
    expect(store.indices).toEqual({
      [day(1)]: { managed: { policy_id: "logs", policy_seq_no: 5 } },
    });
    expect(posts()).toHaveLength(1);
  });

  it.each([
    ["made", undefined, "PUT /_plugins/_ism/policies/logs"],
    [
      "changed",
      { body: {}, seqNo: 7 },
      "PUT /_plugins/_ism/policies/logs?if_primary_term=1&if_seq_no=7",
    ],
  ])("goes on when a gateway gives up on a policy that is %s", async (_what, before, put) => {
    withoutWaiting();
    store.policy = before;
    store.indices = { [day(1)]: {} };
    store.givenUp.add(put);
    expect(await setup.handler()).toMatchObject({ indices: 1 });
    expect(calls().filter((call) => call === put)).toHaveLength(2);
    expect(store.policy).toEqual({ body: { policy }, seqNo: (before?.seqNo ?? 4) + 1 });
    expect(store.indices).toEqual({ [day(1)]: { managed: { policy_id: "logs" } } });
  });

  it("goes on when a gateway gives up on each of its requests", async () => {
    withoutWaiting();
    store.indices = { [day(1)]: {} };
    await setup.handler();
    const { requests, policy: put, settings } = store;
    store = new Store();
    store.indices = { [day(1)]: {} };
    store.givenUp = new Set(requests.map(({ call }) => call));
    expect(await setup.handler()).toMatchObject({ indices: 1 });
    expect(store).toMatchObject({ policy: put, settings, givenUp: new Set() });
    expect(store.indices).toEqual({ [day(1)]: { managed: { policy_id: "logs" } } });
  });

  it("puts its policy after one that overtakes it", async () => {
    store.overtaking = [{ description: "of another" }];
    await setup.handler();
    expect(calls()).toContain("PUT /_plugins/_ism/policies/logs?if_primary_term=1&if_seq_no=5");
    expect(store.policy).toEqual({ body: { policy }, seqNo: 6 });
  });

  it("does not race for ever with others who put policies", async () => {
    store.overtaking = [{ description: "of another" }, { description: "of a third" }];
    await expect(setup.handler()).rejects.toThrow("version conflict, document already exists");
    expect(store.policy?.seqNo).toBe(6);
  });

  it("asks for many indices at once, in lines that the store takes", async () => {
    const names = Array.from({ length: 7306 }, (_, i) => `control-plane-2026-01-01-${i}`);
    store.indices = Object.fromEntries(names.map((name) => [name, {}]));
    expect(await setup.handler()).toMatchObject({ indices: 7306 });
    expect(Object.values(store.indices).every(({ managed }) => managed?.policy_id === "logs")).toBe(
      true,
    );
    // Each list is in three requests: of settings, of what it follows, and of the policy.
    expect(calls().length).toBeLessThan(names.length / 30);
    expect(Math.max(...calls().map(({ length }) => length))).toBeLessThan(4000);
  });

  it("sets slow logs for open indices of logs, and for no others", async () => {
    const closed = { status: "close" };
    store.indices = { [day(1)]: {}, [day(2)]: {}, [day(3)]: closed, ".kibana_1": {} };
    await setup.handler();
    expect(calls()).toContain(`PUT /${day(1)},${day(2)}/_settings?ignore_unavailable=true`);
    expect(store.settings).toEqual({ [day(1)]: slowLogs, [day(2)]: slowLogs });
  });

  it("leaves out indices whose names need escapes, which no writer of ours makes", async () => {
    const names = ["control-plane-ä", "control-plane-50%", day(1)];
    store.indices = Object.fromEntries(names.map((name) => [name, {}]));
    expect(await setup.handler()).toMatchObject({ indices: 1 });
    expect(posts()).toEqual([`POST /_plugins/_ism/add/${day(1)}`]);
  });

  it("lets those go that are on their way to their end by the older policy", async () => {
    store.policy = { body: {}, seqNo: 7 };
    const leaving = { managed: { policy_id: "logs", policy_seq_no: 7 }, inTransition: true };
    store.indices = { [day(1)]: leaving, [day(2)]: { managed: { ...leaving.managed } } };
    expect(await setup.handler()).toMatchObject({ indices: 2 });
    expect(store.indices[day(1)]).toEqual(leaving);
    expect(store.indices[day(2)]).toEqual({ managed: { policy_id: "logs" } });
  });

  it("does not let those go that another policy is about to move", async () => {
    withoutWaiting();
    const managed = { policy_id: "of-a-person", policy_seq_no: 5 };
    store.indices = { [day(1)]: { managed, inTransition: true } };
    await expect(setup.handler()).rejects.toThrow(
      `index ${day(1)} does not take the policy logs: Cannot change policy while transitioning to new state`,
    );
  });

  it("does not miss those that vanish meanwhile, nor the rest of their batch", async () => {
    store.indices = { [day(1)]: {}, [day(2)]: {} };
    store.vanishing = [day(1)];
    expect(await setup.handler()).toMatchObject({ indices: 1 });
    expect(store.indices).toEqual({ [day(2)]: { managed: { policy_id: "logs" } } });
  });

  it("stops at a refusal, and says what was refused and why", async () => {
    const call = "PUT /_plugins/_security/api/rolesmapping/writer";
    store.refusals[call] = [[403, '{"status":"FORBIDDEN","message":"No permission"}']];
    await expect(setup.handler()).rejects.toThrow(
      `PUT https://${endpoint}/_plugins/_security/api/rolesmapping/writer: the log store answered 403 {"status":"FORBIDDEN","message":"No permission"}`,
    );
    expect(calls().at(-1)).toBe(call);
  });

  it("says which index does not take the policy, and why", async () => {
    withoutWaiting();
    store.indices = { [day(1)]: {} };
    const failure = {
      failures: true,
      failed_indices: [{ index_name: day(1), reason: "This index is closed" }],
    };
    store.refusals[`POST /_plugins/_ism/add/${day(1)}`] = Array.from({ length: 4 }, () => [
      200,
      JSON.stringify(failure),
    ]);
    await expect(setup.handler()).rejects.toThrow(
      `index ${day(1)} does not take the policy logs: This index is closed`,
    );
  });

  it("says when the answer is none of OpenSearch's", async () => {
    store.refusals["PUT /_plugins/_security/api/roles/writer"] = [[200, "<html>"]];
    await expect(setup.handler()).rejects.toThrow("answer must be JSON, got <html>");
  });

  it("tries again while the store is busy", async () => {
    withoutWaiting();
    const call = "PUT /_plugins/_security/api/rolesmapping/writer";
    store.refusals[call] = [[503, "busy"]];
    await setup.handler();
    expect(calls().filter((one) => one === call)).toHaveLength(2);
  });

  it.each([401, 403])("waits for access control to start, which answers %d", async (status) => {
    const waited = withoutWaiting();
    const call = "PUT /_plugins/_security/api/roles/writer";
    store.refusals[call] = Array.from({ length: 7 }, () => [status, "starting"]);
    await setup.handler();
    expect(waited()).toBe(127);
  });

  it("does not wait for ever", async () => {
    const waited = withoutWaiting();
    const call = "PUT /_plugins/_security/api/roles/writer";
    store.refusals[call] = Array.from({ length: 8 }, () => [403, "no permissions"]);
    await expect(setup.handler()).rejects.toThrow("the log store answered 403 no permissions");
    expect(waited()).toBe(127);
  });

  it("speaks to nobody who cannot show a certificate that it trusts", async () => {
    https.globalAgent.options = globalOptions;
    await expect(setup.handler()).rejects.toThrow(
      "no answer from the log store: self-signed certificate",
    );
    expect(calls()).toEqual([]);
  });

  // The signature is that of SigV4Auth in botocore 1.44.5 for the same request.
  it("signs as AWS' own signer does", () => {
    const url = new URL(
      "https://store.example/_plugins/_ism/policies/logs?if_primary_term=1&if_seq_no=7",
    );
    const time = new Date("2026-01-02T03:04:05Z");
    expect(setup.signed("PUT", url, '{"a":1}', time, environment)).toEqual({
      authorization:
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/eu-west-1/es/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=d7bde09c2bf0733850823f65d41c3a4130c74f1bcfa919c497755567edf8b9be",
      "content-length": 7,
      "content-type": "application/json",
      host: "store.example",
      "x-amz-date": "20260102T030405Z",
      "x-amz-security-token": "token",
    });
  });

  it("signs lists of indices as AWS' own signer does", () => {
    const url = new URL("https://store.example/_plugins/_ism/add/control-plane-1,control-plane-2");
    const time = new Date("2026-01-02T03:04:05Z");
    expect(setup.signed("POST", url, '{"a":1}', time, environment)["authorization"]).toMatch(
      /Signature=2e022b85eaecadbe7d539ecd46abb92d0404ad2ac3586af0f3336bf1cc6dbcb9$/,
    );
  });

  it("asks for no path whose signature is uncertain", () => {
    const url = new URL("https://store.example/_cat/indices/logs-*");
    expect(() => setup.signed("GET", url, "", new Date(), environment)).toThrow(
      "a path must have no characters that need escapes, got /_cat/indices/logs-*",
    );
  });
});
