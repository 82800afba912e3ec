import {
  createPrivateKey,
  createPublicKey,
  randomUUID,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { selfSigned, type Identity } from "./server";

/** Claims of a service account's token, as far as they differ from case to case. */
export interface Account {
  namespace: string;
  name: string;
  /** What it is for: one, or all that it is made for. */
  audience: string | readonly string[];
  /** Seconds until it ends; negative when it has. */
  seconds: number;
}

/**
 * The part of a cluster's API that Vault asks: it says whose a service account's token is, when its own key signed it,
 * it has not ended and it is for one of the audiences that are asked about (kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/).
 */
export class ClusterApi {
  private constructor(
    private readonly server: Server,
    private readonly key: KeyObject,
    readonly host: string,
    readonly caCertificate: string,
  ) {}

  static async open(directory: string): Promise<ClusterApi> {
    const tls = await selfSigned(directory, "cluster");
    const key = createPrivateKey(readFileSync(tls.keyFile));
    const server = listen(tls, createPublicKey(key));
    // Vault keeps its connection, and is told of an end only when it has asked again.
    server.keepAliveTimeout = 0;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return new ClusterApi(server, key, `https://127.0.0.1:${port}`, tls.certificate);
  }

  /** A token as the cluster issues it, by its own key or by another. */
  token({ namespace, name, audience, seconds }: Account, key: KeyObject = this.key): string {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: "https://kubernetes.default.svc.cluster.local",
      sub: `system:serviceaccount:${namespace}:${name}`,
      aud: [audience].flat(),
      iat: now,
      exp: now + seconds,
      "kubernetes.io": { namespace, serviceaccount: { name, uid: uidOf(namespace, name) } },
    };
    const body = [{ alg: "ES256", typ: "JWT" }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");
    const signature = sign("sha256", Buffer.from(body), { key, dsaEncoding: "ieee-p1363" });
    return `${body}.${signature.toString("base64url")}`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

const uids = new Map<string, string>();

function uidOf(namespace: string, name: string): string {
  const account = `${namespace}/${name}`;
  const uid = uids.get(account) ?? randomUUID();
  uids.set(account, uid);
  return uid;
}

interface Review {
  spec: { token: string; audiences?: string[] };
}

interface Claims {
  sub: string;
  aud: string[];
  exp: number;
  "kubernetes.io": { serviceaccount: { uid: string } };
}

function listen(tls: Identity, key: KeyObject): Server {
  const credentials = {
    key: readFileSync(tls.keyFile),
    cert: readFileSync(tls.certificateFile),
  };
  return createServer(credentials, (request, response) => {
    void (async () => {
      const { spec } = JSON.parse(await text(request)) as Review;
      // Who may not be known may not ask either.
      const asking = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
      const known = claimsOf(asking, key) !== undefined;
      response.statusCode = known ? 201 : 401;
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify(known ? review(spec, key) : { kind: "Status", code: 401 }));
    })();
  });
}

function review({ token, audiences = [] }: Review["spec"], key: KeyObject) {
  const claims = claimsOf(token, key);
  const common = claims?.aud.filter((audience) => audiences.includes(audience)) ?? [];
  const status =
    claims && (audiences.length === 0 || common.length > 0)
      ? { authenticated: true, audiences: common, user: user(claims) }
      : { authenticated: false };
  return { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", status };
}

function user({ sub, "kubernetes.io": { serviceaccount } }: Claims) {
  const [, , namespace = ""] = sub.split(":");
  const groups = ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
  return { username: sub, uid: serviceaccount.uid, groups };
}

function claimsOf(token: string, key: KeyObject): Claims | undefined {
  const [header = "", claims = "", signature = ""] = token.split(".");
  const body = Buffer.from(`${header}.${claims}`);
  const signed = Buffer.from(signature, "base64url");
  if (!verify("sha256", body, { key, dsaEncoding: "ieee-p1363" }, signed)) return undefined;
  const known = JSON.parse(Buffer.from(claims, "base64url").toString()) as Claims;
  return known.exp * 1000 > Date.now() ? known : undefined;
}
