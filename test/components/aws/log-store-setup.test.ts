import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

type Signed = Record<string, string>;
// eslint-disable-next-line typescript/no-require-imports -- CommonJS, as Lambda loads it
const setup = require("../../../components/aws/log-store-setup.cjs") as {
  handler: (event: object) => Promise<unknown>;
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
  /** What `explain` says of it. */
  managed?: { policy_id: string; policy_seq_no?: number };
}

interface Request {
  call: string;
  body: unknown;
  authorization: string;
}

/** An OpenSearch that answers as its documentation says: docs.opensearch.org/latest/im-plugin/ism/api, security/access-control/api */
class Store {
  requests: Request[] = [];
  indices: Record<string, Index> = {};
  policy: { body: unknown; seqNo: number } | undefined;
  /** Answers that come before its own, by call. */
  refusals: Record<string, [status: number, text: string][]> = {};

  answer(method: string, target: string, body: unknown): [status: number, answer: unknown] {
    const { pathname, searchParams } = new URL(target, "https://store");
    const [, api, plugin, verb, name = ""] = pathname.split("/");
    if (pathname === "/_cat/indices") {
      return [
        200,
        Object.entries(this.indices).map(([index, { status = "open" }]) => ({ index, status })),
      ];
    }
    if (plugin === "_security" || api === "_index_template")
      return [201, { status: "CREATED", message: "created" }];
    if (plugin !== "_ism") return [400, { error: `no handler found for uri [${target}]` }];
    const index = this.indices[name];
    if (verb === "policies") {
      return method === "GET" ? this.getPolicy(name) : this.putPolicy(name, searchParams, body);
    }
    if (index === undefined) return [404, { error: `no such index [${name}]` }];
    if (verb === "explain") {
      const id = index.managed?.policy_id ?? null;
      const settings = {
        [`index.${api === "_plugins" ? "plugins" : "opendistro"}.index_state_management.policy_id`]:
          id,
      };
      return [
        200,
        { [name]: { ...settings, ...index.managed }, total_managed_indices: id ? 1 : 0 },
      ];
    }
    return this.attach(verb ?? "", name, index, body);
  }

  private getPolicy(id: string): [number, unknown] {
    if (!this.policy) return [404, { error: { reason: "Policy not found" }, status: 404 }];
    return [200, { _id: id, _seq_no: this.policy.seqNo, _primary_term: 1, policy: {} }];
  }

  private putPolicy(id: string, query: URLSearchParams, body: unknown): [number, unknown] {
    const known = query.get("if_seq_no");
    if (known !== (this.policy ? `${this.policy.seqNo}` : null)) {
      return [409, { error: `[${id}]: version conflict, document already exists`, status: 409 }];
    }
    this.policy = { body, seqNo: (this.policy?.seqNo ?? 4) + 1 };
    return [known === null ? 201 : 200, { _id: id, _seq_no: this.policy.seqNo, _primary_term: 1 }];
  }

  private attach(verb: string, name: string, index: Index, body: unknown): [number, unknown] {
    const fails = (reason: string): [number, unknown] => [
      200,
      { updated_indices: 0, failures: true, failed_indices: [{ index_name: name, reason }] },
    ];
    if (verb === "add" && index.managed) return fails("This index already has a policy");
    if (verb === "change_policy" && !index.managed) return fails("This index is not being managed");
    index.managed = body as { policy_id: string };
    return [200, { updated_indices: 1, failures: false, failed_indices: [] }];
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
        const refusal = store.refusals[call]?.shift();
        if (refusal) return response.writeHead(refusal[0]).end(refusal[1]);
        const [status, answer] = store.answer(method, url, body);
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
  jest.replaceProperty(process, "env", { ...process.env, ...environment });
});
afterEach(() => {
  https.globalAgent.options = globalOptions;
  jest.restoreAllMocks();
});

const policy = { default_state: "kept" };
const event = (api = "_plugins") => ({
  endpoint,
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
  retention: { api: `${api}/_ism`, policyId: "logs", policy, patterns: ["control-plane-*"] },
});
const calls = () => store.requests.map(({ call }) => call);

describe("log-store-setup", () => {
  it.each(["_plugins", "_opendistro"])("sets up an empty store by %s [S1]", async (api) => {
    expect(await setup.handler(event(api))).toEqual({ settings: 2, indices: 0 });
    expect(store.requests.map(({ call, body }) => [call, body])).toEqual([
      [`PUT /${api}/_security/api/roles/writer`, event().settings[0]?.body],
      [`PUT /${api}/_security/api/rolesmapping/writer`, event().settings[1]?.body],
      [`GET /${api}/_ism/policies/logs`, undefined],
      [`PUT /${api}/_ism/policies/logs`, { policy }],
      ["GET /_cat/indices?format=json", undefined],
    ]);
    for (const { authorization } of store.requests) {
      expect(authorization).toMatch(
        /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/es\/aws4_request, /,
      );
    }
  });

  it.each(["_plugins", "_opendistro"])(
    "gives the policy to indices that are there, by %s, and to none but logs",
    async (api) => {
      store.indices = {
        "control-plane-2026-01-01": {},
        "control-plane-2026-01-02": { managed: { policy_id: "of-a-person", policy_seq_no: 5 } },
        "control-plane-2025-01-01": { status: "close" },
        ".kibana_1": {},
      };
      expect(await setup.handler(event(api))).toMatchObject({ indices: 2 });
      const ours = { managed: { policy_id: "logs" } };
      expect(store.indices).toEqual({
        "control-plane-2026-01-01": ours,
        "control-plane-2026-01-02": ours,
        "control-plane-2025-01-01": { status: "close" },
        ".kibana_1": {},
      });
    },
  );

  it("changes a policy that it knows, and takes along the indices that follow the older one", async () => {
    store.policy = { body: {}, seqNo: 7 };
    store.indices = {
      "control-plane-1": { managed: { policy_id: "logs", policy_seq_no: 7 } },
      "control-plane-2": { managed: { policy_id: "logs" } },
    };
    await setup.handler(event());
    expect(calls()).toContain("PUT /_plugins/_ism/policies/logs?if_primary_term=1&if_seq_no=7");
    expect(calls().filter((call) => call.startsWith("POST"))).toEqual([
      "POST /_plugins/_ism/change_policy/control-plane-1",
    ]);
    expect(store.policy).toEqual({ body: { policy }, seqNo: 8 });
  });

  it("may run again", async () => {
    store.indices = { "control-plane-1": {} };
    await setup.handler(event());
    await setup.handler(event());
    expect(store.indices).toEqual({ "control-plane-1": { managed: { policy_id: "logs" } } });
    expect(calls().filter((call) => call.startsWith("POST"))).toHaveLength(1);
  });

  it("stops at a refusal, and says what was refused and why", async () => {
    const call = "PUT /_plugins/_security/api/rolesmapping/writer";
    store.refusals[call] = [[403, '{"status":"FORBIDDEN","message":"No permission"}']];
    await expect(setup.handler(event())).rejects.toThrow(
      `PUT https://${endpoint}/_plugins/_security/api/rolesmapping/writer: the log store answered 403 {"status":"FORBIDDEN","message":"No permission"}`,
    );
    expect(calls().at(-1)).toBe(call);
  });

  it("says which index does not take the policy, and why", async () => {
    store.indices = { "control-plane-1": {} };
    const failure = { failures: true, failed_indices: [{ reason: "This index is closed" }] };
    store.refusals["POST /_plugins/_ism/add/control-plane-1"] = [[200, JSON.stringify(failure)]];
    await expect(setup.handler(event())).rejects.toThrow(
      "index control-plane-1 does not take the policy logs: This index is closed",
    );
  });

  it("says when the answer is none of OpenSearch's", async () => {
    store.refusals["PUT /_plugins/_security/api/roles/writer"] = [[200, "<html>"]];
    await expect(setup.handler(event())).rejects.toThrow("answer must be JSON, got <html>");
  });

  it("tries again while the store is busy", async () => {
    const call = "PUT /_plugins/_security/api/roles/writer";
    store.refusals[call] = [[503, "busy"]];
    await setup.handler(event());
    expect(calls().filter((one) => one === call)).toHaveLength(2);
  });

  it("speaks to nobody who cannot show a certificate that it trusts", async () => {
    https.globalAgent.options = globalOptions;
    await expect(setup.handler(event())).rejects.toThrow(
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

  it("asks for no path whose signature is uncertain", () => {
    const url = new URL("https://store.example/_cat/indices/logs-*");
    expect(() => setup.signed("GET", url, "", new Date(), environment)).toThrow(
      "a path must have no characters that need escapes, got /_cat/indices/logs-*",
    );
  });
});
