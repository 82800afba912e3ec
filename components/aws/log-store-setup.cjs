"use strict";

// What no call of AWS sets: the inside of the log store, behind its own API in the VPC. This function runs as the store's
// administrator, puts what is in its own `state.json` and sees to it that every index of logs goes when it is old enough.
// It says the same to the store each time, so it may run again. What it is invoked with it does not read: whoever may
// invoke it can make it say the same once more, and nothing else.
// What the store refuses is an error with the store's own words, and fails the `pulumi up` that has called it.

const { createHash, createHmac } = require("node:crypto");
const { readFileSync } = require("node:fs");
const https = require("node:https");

/** Pauses double, from a second on: half a minute in all, and two minutes where a new domain is still starting. */
const attempts = 6;
const attemptsAtFirst = 8;
const firstPauseMilliseconds = 1000;
const timeoutMilliseconds = 30_000;

/** A new domain's name may not be known everywhere yet, and a busy one says so. Anything else is for people. */
const passingErrors = [
  "EAI_AGAIN",
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EHOSTUNREACH",
  "ETIMEDOUT",
];
const passingStatuses = [429, 502, 503, 504];
/** A new domain knows its administrator only once fine-grained access control has started; later these are for people. */
const startingStatuses = [...passingStatuses, 401, 403];

/** How often what has changed meanwhile is looked at again: indices go, and come with the policy already. */
const rounds = 4;

/** Longest list of indices in one request: OpenSearch takes first lines of 4096 bytes (http.max_initial_line_length). */
const longestList = 3000;

/** The store's words for an index on its way to another state: docs.opensearch.org/latest/im-plugin/ism/api/#update-managed-index-policy */
const inTransition = "Cannot change policy while transitioning to new state";

/**
 * @typedef {(method: string, path: string, query?: Record<string, string>, body?: unknown, known?: number[]) => Promise<any>} Call
 * One request, answered with what the store's JSON says, or nothing where the status is `known`.
 *
 * @typedef {{ api: string; policyId: string; policy: { description: string } }} Retention
 * @typedef {{
 *   settings: { path: string; body: object }[];
 *   indices: { patterns: string[]; settings: object };
 *   retention: Retention;
 * }} State
 * @typedef {{ index: string; reason: string }} Refused
 */

exports.handler = async () => {
  const { LAMBDA_TASK_ROOT: folder = "", STORE_ENDPOINT: endpoint = "" } = process.env;
  /** @type {State} */
  const { settings, indices, retention } = JSON.parse(readFileSync(`${folder}/state.json`, "utf8"));
  const call = caller(endpoint);
  for (const { path: at, body } of settings) await call("PUT", at, {}, body);
  const { patterns } = indices;
  await setIndices(call, indices.settings, await openIndices(call, patterns));
  const number = await putPolicy(call, retention);
  return {
    settings: settings.length,
    indices: await retain(call, retention, number, patterns),
  };
};

/**
 * What the template says is for new indices only. An index that has gone meanwhile needs nothing.
 *
 * @param {Call} call
 * @param {object} settings
 * @param {string[]} indices
 */
async function setIndices(call, settings, indices) {
  for (const batch of batches(indices)) {
    await call(
      "PUT",
      `${batch.join(",")}/_settings`,
      { ignore_unavailable: "true" },
      settings,
      [404],
    );
  }
}

/**
 * The store takes a change only from who knows what it changes, and each change is one for every index:
 * docs.opensearch.org/latest/im-plugin/ism/api/#update-policy
 *
 * So it also refuses a request that is sent again because a gateway gave up on it, although the store did not, and one
 * that another has overtaken: what the store has now is looked at once more.
 *
 * @param {Call} call
 * @param {Retention} retention
 * @param {number[]} conflicts statuses of which the policy is read again
 * @returns {Promise<number>} number of the policy's version
 */
async function putPolicy(call, retention, conflicts = [409]) {
  const { api, policyId, policy } = retention;
  const at = `${api}/policies/${policyId}`;
  /** @type {{ _seq_no: number; _primary_term: number; policy?: { description?: string } } | undefined} */
  const old = await call("GET", at, {}, undefined, [404]);
  // The program puts a digest of the policy there.
  if (old?.policy?.description === policy.description) return old["_seq_no"];
  const known = old
    ? { if_primary_term: `${old["_primary_term"]}`, if_seq_no: `${old["_seq_no"]}` }
    : {};
  /** @type {{ _seq_no: number } | undefined} */
  const taken = await call("PUT", at, known, { policy }, conflicts);
  return taken ? taken["_seq_no"] : putPolicy(call, retention, []);
}

/**
 * New indices get the policy by its template, which leaves those alone that are there already.
 *
 * @param {Call} call
 * @param {Retention} retention
 * @param {number} current
 * @param {string[]} patterns
 */
async function retain(call, retention, current, patterns) {
  for (let round = 1; ; round++) {
    const indices = await openIndices(call, patterns);
    const [refused] = await attachAll(call, retention, current, indices);
    if (!refused) return indices.length;
    if (round === rounds) {
      const { index, reason } = refused;
      throw new Error(`index ${index} does not take the policy ${retention.policyId}: ${reason}`);
    }
    await pause(firstPauseMilliseconds * round);
  }
}

/**
 * A closed one takes no policy. How often the store and a signer escape other characters is not said; no writer of ours
 * has them in its names.
 *
 * @param {Call} call
 * @param {string[]} patterns
 * @returns {Promise<string[]>}
 */
async function openIndices(call, patterns) {
  /** @type {{ index: string; status: string }[]} */
  const indices = await call("GET", "_cat/indices", { format: "json", h: "index,status" });
  return indices
    .filter(
      ({ index, status }) =>
        status === "open" &&
        /^[\w.-]+$/.test(index) &&
        patterns.some((pattern) => matches(pattern, index)),
    )
    .map(({ index }) => index);
}

/** A pattern is the start of a name with `*` after it. */
function matches(pattern, index) {
  return index.startsWith(pattern.slice(0, -1));
}

/**
 * @param {Call} call
 * @param {Retention} retention
 * @param {number} current
 * @param {string[]} indices
 * @returns {Promise<Refused[]>}
 */
async function attachAll(call, retention, current, indices) {
  const refused = [];
  for (const batch of batches(indices)) {
    refused.push(...(await attachBatch(call, retention, current, batch)));
  }
  return refused;
}

/** @param {string[]} indices */
function batches(indices) {
  /** @type {string[][]} */
  const lists = [];
  for (const index of indices) {
    const last = lists.at(-1);
    if (last && [...last, index].join(",").length <= longestList) last.push(index);
    else lists.push([index]);
  }
  return lists;
}

/**
 * @param {Call} call
 * @param {Retention} retention
 * @param {number} current
 * @param {string[]} batch
 * @returns {Promise<Refused[]>}
 */
async function attachBatch(call, { api, policyId }, current, batch) {
  const explained = await call("GET", `${api}/explain/${batch.join(",")}`, {}, undefined, [404]);
  if (!explained) return [gone(batch)];
  const states = batch.map((index) => ({ index, ...stateOf(explained[index], policyId, current) }));
  /** @param {string} verb */
  const needing = (verb) => states.filter(({ needs }) => needs === verb);
  const change = `${api}/change_policy`;
  return [
    ...(await putOn(call, `${api}/add`, policyId, needing("add"), [])),
    ...(await putOn(call, change, policyId, needing("change_policy"), [inTransition])),
  ];
}

/**
 * What an index needs to follow the policy's newest version.
 *
 * @param {Record<string, unknown> | undefined} state
 * @param {string} policyId
 * @param {number} current
 * @returns {{ ours: boolean; needs?: "add" | "change_policy" }}
 */
function stateOf(state = {}, policyId, current) {
  const has = Object.entries(state).find(([key, id]) => key.endsWith("policy_id") && id !== null);
  const ours = has?.[1] === policyId;
  if (!has) return { ours, needs: "add" };
  // What has no number yet is about to start with the newest.
  const newest = typeof state.policy_seq_no !== "number" || state.policy_seq_no === current;
  return ours && newest ? { ours } : { ours, needs: "change_policy" };
}

/**
 * @param {Call} call
 * @param {string} path
 * @param {string} policyId
 * @param {{ index: string; ours: boolean }[]} states
 * @param {string[]} leaving reasons that are none where the index follows an older version of the policy: what it is on
 *   its way to is its end
 * @returns {Promise<Refused[]>}
 */
async function putOn(call, path, policyId, states, leaving) {
  if (states.length === 0) return [];
  const batch = states.map(({ index }) => index);
  // In the path: the service ignores the query of a POST that is signed
  // (docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-signing-service-requests.html).
  const at = `${path}/${batch.join(",")}`;
  const answer = await call("POST", at, {}, { policy_id: policyId }, [404]);
  if (!answer) return [gone(batch)];
  /** @type {{ index_name: string; reason: string }[]} */
  const failed = answer.failures ? answer.failed_indices : [];
  const ours = new Set(states.filter((state) => state.ours).map(({ index }) => index));
  return failed
    .filter(({ index_name: index, reason }) => !(leaving.includes(reason) && ours.has(index)))
    .map(({ index_name: index, reason }) => ({ index, reason }));
}

/** The store refuses a whole list when one of it is not there any more. */
function gone(batch) {
  return { index: batch.join(","), reason: "one of them is not there" };
}

/**
 * @param {string} endpoint
 * @returns {Call}
 */
function caller(endpoint) {
  let answered = false;
  return async (method, path, query = {}, body, known = []) => {
    const url = new URL(`https://${endpoint}/${path}`);
    url.search = queryOf(query);
    const at = `${method} ${url.href}`;
    const patience = answered
      ? { passing: passingStatuses, times: attempts }
      : { passing: startingStatuses, times: attemptsAtFirst };
    const { status, text } = await persistently(at, patience, () => request(method, url, body));
    answered = true;
    if (known.includes(status)) return undefined;
    if (status < 200 || status > 299) {
      throw new Error(`${at}: the log store answered ${status} ${text.slice(0, 1000)}`);
    }
    return parsed(at, text);
  };
}

/**
 * @param {string} at
 * @param {string} text
 */
function parsed(at, text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${at}: the log store's answer must be JSON, got ${text.slice(0, 200)}`);
  }
}

/**
 * @param {string} at
 * @param {{ passing: number[]; times: number }} patience
 * @param {() => Promise<{ status: number; text: string }>} send
 */
async function persistently(at, { passing, times }, send) {
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await send();
      if (!passing.includes(answer.status) || attempt === times) return answer;
    } catch (error) {
      if (!passingErrors.includes(error.code) || attempt === times) {
        /** @type {{ code: string; message: string }} */
        const { code, message } = error;
        throw new Error(`${at}: no answer from the log store: ${message || code}`, {
          cause: error,
        });
      }
    }
    await pause(firstPauseMilliseconds * 2 ** (attempt - 1));
  }
}

/** @returns {Promise<{ status: number; text: string }>} */
function request(method, url, body) {
  const payload = body === undefined ? "" : JSON.stringify(body);
  const headers = signed(method, url, payload, new Date(), process.env);
  return new Promise((resolve, reject) => {
    const sent = https.request(
      url,
      { method, headers, timeout: timeoutMilliseconds },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part) => (text += part));
        response.on("end", () => resolve({ status: response.statusCode, text }));
        response.on("error", reject);
      },
    );
    sent.on("timeout", () =>
      sent.destroy(Object.assign(new Error("it took too long"), { code: "ETIMEDOUT" })),
    );
    sent.on("error", reject);
    sent.end(payload);
  });
}

/**
 * The headers that tell who asks: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 * AWS lists no signer among what the runtime has for functions, only its clients, none of which speaks to a domain.
 *
 * The role's keys are where Lambda puts them: docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
 *
 * @param {string} method
 * @param {URL} url
 * @param {string} payload
 * @param {Date} time
 * @param {NodeJS.ProcessEnv} environment
 */
function signed(method, url, payload, time, environment) {
  if (!/^[\w.,/-]+$/.test(url.pathname)) {
    throw new Error(`a path must have no characters that need escapes, got ${url.pathname}`);
  }
  const {
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: id = "",
    AWS_SECRET_ACCESS_KEY: secret = "",
    AWS_SESSION_TOKEN: session = "",
  } = environment;
  const date = time.toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = [date.slice(0, 8), region, "es", "aws4_request"];
  /** @type {Record<string, string>} */
  const headers = {
    "content-type": "application/json",
    host: url.host,
    "x-amz-date": date,
    "x-amz-security-token": session,
  };
  const names = Object.keys(headers).join(";");
  const canonical = [
    method,
    // It is sent as it is, and escaped for the signature alone.
    url.pathname.replaceAll(",", "%2C"),
    url.search.slice(1),
    ...Object.entries(headers).map(([name, value]) => `${name}:${value}`),
    "",
    names,
    sha256(payload),
  ].join("\n");
  const text = ["AWS4-HMAC-SHA256", date, scope.join("/"), sha256(canonical)].join("\n");
  const key = scope.reduce(hmac, `AWS4${secret}`);
  const credential = `${id}/${scope.join("/")}`;
  return {
    ...headers,
    "content-length": Buffer.byteLength(payload),
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${hmac(key, text).toString("hex")}`,
  };
}

/**
 * Query parameters as a signer writes them, so that what is sent and what is signed are the same:
 * docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 *
 * @param {Record<string, string>} parameters
 */
function queryOf(parameters) {
  return Object.keys(parameters)
    .toSorted()
    .map((name) => `${escaped(name)}=${escaped(parameters[name] ?? "")}`)
    .join("&");
}

function escaped(text) {
  /** @param {string} character */
  const rest = (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, rest);
}

function sha256(text) {
  return createHash("sha256").update(text).digest("hex");
}

/**
 * @param {string | Buffer} key
 * @param {string} text
 */
function hmac(key, text) {
  return createHmac("sha256", key).update(text).digest();
}

function pause(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

exports.signed = signed;
