import {
  createPrivateKey,
  createPublicKey,
  randomUUID,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { KubernetesObject } from "../../components/vault/issuers";
import { selfSigned } from "./server";

/** Audience of the tokens that the API takes, as EKS has it. */
export const apiAudience = "https://kubernetes.default.svc";

/** A service account. */
interface Name {
  namespace: string;
  name: string;
}

/** Claims of a service account's token, as far as they differ from case to case. */
export interface Account extends Name {
  /** What it is for: one, or all that it is made for. */
  audience: string | readonly string[];
  /** Seconds until it ends; negative when it has. */
  seconds: number;
}

/** A call that makes something. */
interface Creation {
  group: string;
  resource: string;
  namespace?: string;
  name?: string;
}

const review: Creation = { group: "authentication.k8s.io", resource: "tokenreviews" };

/**
 * The part of a cluster's API that Vault asks: it says whose a service account's token is, when its own key signed it,
 * it has not ended, its account is there and it is for one of the audiences that are asked about. Who asks must be
 * known by a token for the API, and have the right.
 * Sources: kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/ and
 * kubernetes.io/docs/reference/access-authn-authz/rbac/
 */
export class ClusterApi {
  /** Accounts that there are, and what they may do. */
  objects: readonly KubernetesObject[] = [];
  /** Status of each answer to Vault. */
  readonly answers: number[] = [];

  private constructor(
    private readonly server: Server,
    private readonly key: KeyObject,
    readonly host: string,
    readonly caCertificate: string,
  ) {}

  static async open(directory: string): Promise<ClusterApi> {
    const tls = await selfSigned(directory, "cluster");
    const key = createPrivateKey(readFileSync(tls.keyFile));
    const credentials = {
      key: readFileSync(tls.keyFile),
      cert: readFileSync(tls.certificateFile),
    };
    const server = createServer(credentials);
    // Vault keeps its connection, and is told of an end only when it has asked again.
    server.keepAliveTimeout = 0;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const api = new ClusterApi(server, key, `https://127.0.0.1:${port}`, tls.certificate);
    server.on("request", (request, response) => void api.respond(request, response));
    return api;
  }

  /** What cert-manager is given when it asks for a token of an account; undefined when it may not. */
  requestToken(asks: Name, account: Omit<Account, "seconds">): string | undefined {
    const { namespace, name } = account;
    const creation = { group: "", resource: "serviceaccounts/token", namespace, name };
    const isThere = this.has(account) && this.mayCreate(asks, creation);
    return isThere ? this.token({ ...account, seconds: 600 }) : undefined;
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

  private async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { spec } = JSON.parse(await text(request)) as Review;
    const bearer = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
    const asks = this.known(bearer, [apiAudience]);
    const code = asks === undefined ? 401 : this.mayCreate(accountOf(asks), review) ? 201 : 403;
    this.answers.push(code);
    response.statusCode = code;
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(code === 201 ? this.review(spec) : failure(code)));
  }

  private review({ token, audiences = [] }: Review["spec"]) {
    const wanted = audiences.length > 0 ? audiences : [apiAudience];
    const claims = this.known(token, wanted);
    const status =
      claims === undefined
        ? { authenticated: false }
        : {
            authenticated: true,
            audiences: claims.aud.filter((audience) => wanted.includes(audience)),
            user: userOf(claims),
          };
    return { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", status };
  }

  private known(token: string, audiences: readonly string[]): Claims | undefined {
    const claims = claimsOf(token, createPublicKey(this.key));
    const isMeant = claims?.aud.some((audience) => audiences.includes(audience)) ?? false;
    return claims !== undefined && isMeant && this.has(accountOf(claims)) ? claims : undefined;
  }

  private has({ namespace, name }: Name): boolean {
    return this.objects.some(
      ({ kind, metadata }) =>
        kind === "ServiceAccount" && metadata.namespace === namespace && metadata.name === name,
    );
  }

  private mayCreate(account: Name, { group, resource, namespace, name = "" }: Creation): boolean {
    const bindings = this.objects.filter(
      (object): object is Binding =>
        object.kind === "ClusterRoleBinding" ||
        (object.kind === "RoleBinding" && object.metadata.namespace === namespace),
    );
    return bindings
      .filter(({ subjects }) =>
        subjects.some(
          (one) =>
            one.kind === "ServiceAccount" &&
            one.namespace === account.namespace &&
            one.name === account.name,
        ),
      )
      .flatMap((binding) => this.rulesOf(binding))
      .some(
        ({ apiGroups, resources, resourceNames = [name], verbs }) =>
          apiGroups.includes(group) &&
          resources.includes(resource) &&
          resourceNames.includes(name) &&
          verbs.includes("create"),
      );
  }

  private rulesOf({ roleRef, metadata: { namespace } }: Binding): Role["rules"] {
    const role = this.objects.find(
      (object): object is Role =>
        object.kind === roleRef.kind &&
        object.metadata.name === roleRef.name &&
        (roleRef.kind === "ClusterRole" || object.metadata.namespace === namespace),
    );
    return role?.rules ?? [];
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
  "kubernetes.io": { namespace: string; serviceaccount: { name: string; uid: string } };
}

interface Binding extends KubernetesObject {
  roleRef: { kind: string; name: string };
  subjects: ({ kind: string } & Name)[];
}

interface Role extends KubernetesObject {
  rules: {
    apiGroups: string[];
    resources: string[];
    resourceNames?: string[];
    verbs: string[];
  }[];
}

function failure(code: 401 | 403) {
  const reason = code === 401 ? "Unauthorized" : "Forbidden";
  return { apiVersion: "v1", kind: "Status", status: "Failure", reason, code };
}

function accountOf({ "kubernetes.io": { namespace, serviceaccount } }: Claims): Name {
  return { namespace, name: serviceaccount.name };
}

function userOf({ sub, "kubernetes.io": { namespace, serviceaccount } }: Claims) {
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
