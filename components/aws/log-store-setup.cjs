"use strict";

// What no call of AWS sets: the inside of the log store, behind its own API in the VPC. This function runs as the store's
// administrator, puts what it is given and sees to it that every index of logs goes when it is old enough. It says the
// same to the store each time, so it may run again.
// What the store refuses is an error with the store's own words, and fails the `pulumi up` that has called it.

const { createHash, createHmac } = require("node:crypto");
const https = require("node:https");

const attempts = 6;
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

/**
 * @typedef {(method: string, path: string, body?: unknown, known?: number[]) => Promise<any>} Call
 * One request, answered with what the store's JSON says, or nothing where the status is `known`.
 */

exports.handler = async ({ endpoint, settings, retention }) => {
  const call = caller(endpoint);
  for (const { path, body } of settings) await call("PUT", path, body);
  const indices = await retain(call, retention);
  return { settings: settings.length, indices };
};

/**
 * New indices get the policy by its template, which leaves those alone that are there already.
 *
 * @param {Call} call
 * @param {{ api: string; policyId: string; policy: object; patterns: string[] }} retention
 */
async function retain(call, { api, policyId, policy, patterns }) {
  const current = await putPolicy(call, `${api}/policies/${policyId}`, policy);
  /** @type {{ index: string; status: string }[]} */
  const indices = await call("GET", "_cat/indices?format=json");
  const logs = indices.filter(
    ({ index, status }) =>
      // A closed one takes no policy.
      status === "open" && patterns.some((pattern) => matches(pattern, index)),
  );
  for (const { index } of logs) await attach(call, api, policyId, current, index);
  return logs.length;
}

/**
 * The store takes a change only from who knows what it changes: docs.opensearch.org/latest/im-plugin/ism/api/#update-policy
 *
 * @param {Call} call
 * @param {string} path
 * @param {object} policy
 * @returns {Promise<number>} number of the policy's version
 */
async function putPolicy(call, path, policy) {
  const old = versionOf(await call("GET", path, undefined, [404]));
  const query = old ? `?if_primary_term=${old.term}&if_seq_no=${old.number}` : "";
  const { number } = versionOf(await call("PUT", `${path}${query}`, { policy }));
  return number;
}

/** @returns {{ term: number; number: number } | undefined} */
function versionOf(answer) {
  return answer && { term: answer["_primary_term"], number: answer["_seq_no"] };
}

/**
 * @param {Call} call
 * @param {string} api
 * @param {string} policyId
 * @param {number} current
 * @param {string} index
 */
async function attach(call, api, policyId, current, index) {
  const explained = await call("GET", `${api}/explain/${index}`);
  /** @type {Record<string, unknown>} */
  const state = explained[index] ?? {};
  const has = Object.entries(state).find(([key, id]) => key.endsWith("policy_id") && id !== null);
  const ours = has?.[1] === policyId;
  // What has no number yet is about to start with the newest.
  if (ours && (typeof state.policy_seq_no !== "number" || state.policy_seq_no === current)) return;
  const answer = await call("POST", `${api}/${has ? "change_policy" : "add"}/${index}`, {
    policy_id: policyId,
  });
  if (answer.failures) {
    /** @type {{ reason: string }[]} */
    const failed = answer.failed_indices;
    const reasons = failed.map(({ reason }) => reason).join("; ");
    throw new Error(`index ${index} does not take the policy ${policyId}: ${reasons}`);
  }
}

/** A pattern is the start of a name with `*` after it. */
function matches(pattern, index) {
  return index.startsWith(pattern.slice(0, -1));
}

/**
 * @param {string} endpoint
 * @returns {Call}
 */
function caller(endpoint) {
  return async (method, path, body, known = []) => {
    const at = `${method} https://${endpoint}/${path}`;
    const { status, text } = await persistently(at, () =>
      request(method, new URL(`https://${endpoint}/${path}`), body),
    );
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
 * @param {() => Promise<{ status: number; text: string }>} send
 */
async function persistently(at, send) {
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await send();
      if (!passingStatuses.includes(answer.status) || attempt === attempts) return answer;
    } catch (error) {
      if (!passingErrors.includes(error.code) || attempt === attempts) {
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
  // How often the store and a signer escape other characters is not said; no path of ours has any.
  if (!/^[\w./-]+$/.test(url.pathname)) {
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
    url.pathname,
    canonicalQuery(url),
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

/** @param {URL} url */
function canonicalQuery(url) {
  const query = new URLSearchParams(url.search);
  query.sort();
  return [...query].map((pair) => pair.map(encodeURIComponent).join("=")).join("&");
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
