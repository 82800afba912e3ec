import { request } from "node:https";

/** What Vault answered. */
export interface Answer {
  status: number;
  /** The whole of it as it came: a certificate that is asked for as PEM is no JSON. */
  text: string;
  /** The whole of it; most answers have the parts below. */
  body: Record<string, unknown>;
  data: Record<string, unknown>;
  auth: Record<string, unknown>;
  errors: string[];
  warnings: string[];
}

/** A Vault server, by its HTTP API. */
export interface Address {
  /** Host and port. */
  host: string;
  port: number;
  /** Certificate of the authority of its own certificate, PEM. */
  ca: string;
  /** Name that its certificate must have. @default - the host */
  serverName?: string;
}

/** One call; whatever Vault answers is an answer. */
export function call(
  { host, port, ca, serverName }: Address,
  token: string | undefined,
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: object,
): Promise<Answer> {
  const headers = {
    "X-Vault-Request": "true",
    // The one form of a change that Vault takes: developer.hashicorp.com/vault/api-docs#api-operations
    ...(method === "PATCH" && { "Content-Type": "application/merge-patch+json" }),
    ...(token === undefined ? {} : { "X-Vault-Token": token }),
  };
  const options = { host, port, ca, method, path: `/v1/${path}`, headers };
  const named = serverName === undefined ? options : { ...options, servername: serverName };
  return new Promise((resolve, reject) => {
    const sent = request(named, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        const isJson = response.headers["content-type"] === "application/json";
        resolve(read(response.statusCode ?? 0, Buffer.concat(parts).toString(), isJson));
      });
    });
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** An answer in a line. */
export function said({ status, errors, warnings }: Answer): string {
  return [String(status), ...errors, ...warnings].join("; ");
}

function read(status: number, text: string, isJson: boolean): Answer {
  const body = isJson && text !== "" ? (JSON.parse(text) as Partial<Answer>) : {};
  return {
    status,
    text,
    body,
    data: body.data ?? {},
    auth: body.auth ?? {},
    errors: body.errors ?? [],
    warnings: body.warnings ?? [],
  };
}
