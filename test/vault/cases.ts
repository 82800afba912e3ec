import { X509Certificate } from "node:crypto";
import {
  authoritiesTable as table,
  type ControlPlane,
  type Identity,
} from "../../components/vault/authorities";
import {
  issuances,
  lifetime,
  mountPath,
  usersOf,
  type Issuance,
} from "../../components/vault/issuance";
import { call, said, type Answer } from "../rehearsal/vault/client";
import type { Check } from "../support/checks";
import { signingRequest, verifies } from "./certificates";
import { domain } from "./place";
import type { VaultServer } from "./server";

/** Somebody who is logged in. */
export interface Visitor {
  token: string;
  /** Name of the instance; absent for service accounts. */
  hostname?: string;
}

/** What the checks are made on. */
export interface Scene {
  server: VaultServer;
  controlPlane: ControlPlane;
  /** By the name of their identity. */
  visitors: Readonly<Record<string, Visitor>>;
  /** Certificates of the authorities, by name. */
  authorities: Readonly<Record<string, string>>;
}

/** OIDs of extended key usages, as RFC 5280 has them. */
const usages = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" };

/** The checks that follow from the table: who gets what, and who does not. */
export function tableChecks(scene: Scene): Check[] {
  return issuances(table, scene.controlPlane).flatMap((issuance) =>
    Object.keys(scene.visitors).flatMap((user) =>
      issuance.role.users.includes(user)
        ? [...granted(scene, issuance, user), ...limited(scene, issuance, user)]
        : [stranger(scene, issuance, user)],
    ),
  );
}

function granted(scene: Scene, issuance: Issuance, user: string): Check[] {
  const title = `${pathOf(issuance)}: ${user} gets`;
  const { uris = [] } = issuance.role;
  const names = namesOf(scene, issuance, user);
  const samples: Request[] = [
    ...names.map((name) => ({ common_name: name })),
    ...uris.map((uri) => ({ uri_sans: uri.replaceAll("*", "one") })),
  ];
  return samples.map((sample) => [
    `${title} ${Object.values(sample).join()}, by its authority alone, for its use and its time`,
    async () => {
      const given = await ask(scene, issuance, user, sample);
      return given.status === 200
        ? problemsOf(scene, issuance, given)
        : [`must be issued, got ${said(given)}`];
    },
  ]);
}

async function problemsOf(scene: Scene, { authority, role }: Issuance, given: Answer) {
  const pem = String(given.data["certificate"]);
  const certificate = new X509Certificate(pem);
  const between = (given.data["ca_chain"] as string[] | undefined) ?? [];
  const problems: string[] = [];
  const must = (holds: boolean, rule: string) => {
    if (!holds) problems.push(rule);
  };
  for (const [name, anchor] of Object.entries(scene.authorities)) {
    const right = name === authority.name || name === authority.parent;
    must(
      (await verifies(pem, between, anchor)) === right,
      `must ${right ? "" : "not "}verify with ${name} alone`,
    );
  }
  const own = scene.authorities[authority.name] ?? "";
  for (const [purpose, use] of [
    ["sslclient", "client"],
    ["sslserver", "server"],
  ] as const) {
    const right = role.usage === "peer" || role.usage === use;
    must(
      (await verifies(pem, between, own, purpose)) === right,
      `must ${right ? "" : "not "}serve as ${use}`,
    );
    must(
      (certificate.keyUsage ?? []).includes(usages[use]) === right,
      `extended key usage must ${right ? "" : "not "}have ${use}`,
    );
  }
  const life = (Date.parse(certificate.validTo) - Date.now()) / 1000;
  must(life <= lifetime(role), `must live ${lifetime(role)} s at most, got ${Math.ceil(life)}`);
  must(life > lifetime(role) - 600, `must live about ${lifetime(role)} s, got ${Math.floor(life)}`);
  const organization = /^O=(.*)$/m.exec(certificate.subject)?.[1];
  must(
    organization === role.organization,
    `must have O=${role.organization ?? ""}, got ${organization ?? "none"}`,
  );
  must(!certificate.ca, "must not be an authority");
  return problems;
}

/** Vault's words: what is refused for another reason would be issued to who asks a little differently. */
const reasons = {
  name: /common name \S+ not allowed by this role/,
  otherName: /subject alternate name \S+ not allowed by this role/,
  mail: /email address \S+ not allowed by this role/,
  uri: /URI Subject Alternative Names/,
  address: /IP Subject Alternative Names are not allowed in this role/,
  policy: /permission denied/,
  life: /longer than permitted maxTTL/,
};

/** What a role refuses to those who may use it. */
function limited(scene: Scene, issuance: Issuance, user: string): Check[] {
  const { role } = issuance;
  const title = `${pathOf(issuance)}: ${user} does not get`;
  const [name] = namesOf(scene, issuance, user);
  const named = name === undefined ? {} : { common_name: name };
  const uri = role.uris?.[0]?.replaceAll("*", "one");
  const basis: Request = uri === undefined ? named : { uri_sans: uri };
  // What nodes ask for their policy sees; what accounts ask for is in a request, which Vault alone reads.
  const isNode = identityOf(user).kind === "node";
  const mail = isNode ? reasons.policy : reasons.mail;
  const refusals: [string, Request, RegExp][] = [
    ["a stranger's name", { common_name: `stranger.${domain}` }, reasons.name],
    ["a name beside its own", { ...basis, alt_names: `stranger.${domain}` }, reasons.otherName],
    ["a group of administrators", { common_name: "system:masters" }, reasons.name],
    ["a wildcard", { common_name: `*.${domain}` }, reasons.name],
    ["an address of mail", { ...basis, alt_names: `somebody@${domain}` }, mail],
    ["a URI of nobody's", { ...basis, uri_sans: "spiffe://elsewhere/ns/one/sa/one" }, reasons.uri],
    ["an end of its own choice", { ...basis, not_after: "2035-01-01T00:00:00Z" }, reasons.policy],
  ];
  if (isNode && name !== undefined) {
    refusals.push([
      "an address of mail at its own name",
      { ...basis, alt_names: `somebody@${name}` },
      mail,
    ]);
  }
  for (const other of otherHostnames(scene, user)) {
    for (const one of [other, `system:node:${other}`]) {
      refusals.push([`another node's name ${one}`, { common_name: one }, reasons.name]);
    }
  }
  if (!role.ipAddresses) {
    refusals.push(["an IP address", { ...basis, ip_sans: "10.0.0.10" }, reasons.address]);
  }
  return [
    ...refusals.map(([what, request, reason]): Check => [
      `${title} ${what}`,
      async () => refusedFor(await ask(scene, issuance, user, request), reason),
    ]),
    [
      `${title} a life beyond the limit`,
      async () => {
        const given = await ask(scene, issuance, user, { ...basis, ttl: "87600h" });
        const isShortened = given.warnings.some((text) => reasons.life.test(text));
        if (given.status !== 200 || !isShortened) return [`must be shortened, got ${said(given)}`];
        const { validTo } = new X509Certificate(String(given.data["certificate"]));
        const life = (Date.parse(validTo) - Date.now()) / 1000;
        return life <= lifetime(role) ? [] : [`must live ${lifetime(role)} s at most, got ${life}`];
      },
    ],
  ];
}

/** Whoever is not named for a role gets nothing from it, by no path. */
function stranger(scene: Scene, issuance: Issuance, user: string): Check {
  return [
    `${pathOf(issuance)}: ${user} gets nothing`,
    async () => {
      const [name = "one"] = issuance.role.names ?? [];
      const { hostname = "one" } = scene.visitors[user] ?? {};
      const common = name.replace("{node}", hostname).replace("{domain}", domain);
      const csr = await signingRequest(common, []);
      const answers = await Promise.all([
        post(scene, user, pathOf(issuance, "issue"), { common_name: common }),
        post(scene, user, pathOf(issuance, "sign"), { common_name: common, csr }),
      ]);
      return answers.flatMap(forbidden);
    },
  ];
}

type Request = Record<string, string>;

/** Asks as the user does: nodes for key and certificate, service accounts for a signature. */
async function ask(
  scene: Scene,
  issuance: Issuance,
  user: string,
  request: Request,
): Promise<Answer> {
  if (identityOf(user).kind === "node")
    return post(scene, user, pathOf(issuance, "issue"), request);
  const { common_name: name = "", uri_sans: uri, alt_names: other, ip_sans: ip, ...rest } = request;
  const csr = await signingRequest(name, [
    ...(uri === undefined ? [] : [`URI:${uri}`]),
    ...(other === undefined ? [] : [`${other.includes("@") ? "email" : "DNS"}:${other}`]),
    ...(ip === undefined ? [] : [`IP:${ip}`]),
  ]);
  return post(scene, user, pathOf(issuance, "sign"), { ...rest, csr });
}

export function post(scene: Scene, user: string, path: string, body: object): Promise<Answer> {
  return call(scene.server.address, scene.visitors[user]?.token, "POST", path, body);
}

export function refused(given: Answer): string[] {
  const { status } = given;
  return status === 400 || status === 403 ? [] : [`must be refused, got ${said(given)}`];
}

/** No policy of the token's allows it. */
export function forbidden(given: Answer): string[] {
  return given.status === 403
    ? refusedFor(given, reasons.policy)
    : [`must be forbidden, got ${said(given)}`];
}

function refusedFor(given: Answer, reason: RegExp): string[] {
  const isReason = given.errors.some((text) => reason.test(text));
  return isReason ? refused(given) : [`must be refused for ${reason.source}, got ${said(given)}`];
}

function identityOf(user: string): Identity {
  const identity = table.identities[user];
  if (!identity) throw new Error(`${user} must be an identity of the table`);
  return identity;
}

/** The names of a role for one who asks; below a name stands one. */
function namesOf({ visitors }: Scene, { role }: Issuance, user: string): string[] {
  const { hostname = "" } = visitors[user] ?? {};
  return (role.names ?? []).map((name) =>
    name.replace(/^\*\./, "one.").replace("{domain}", domain).replace("{node}", hostname),
  );
}

function otherHostnames({ visitors }: Scene, user: string): string[] {
  return Object.entries(visitors)
    .filter(([other]) => other !== user)
    .flatMap(([, { hostname }]) => hostname ?? []);
}

function pathOf({ authority, role }: Issuance, verb?: "issue" | "sign"): string {
  const mount = mountPath(authority.name);
  return verb ? `${mount}/${verb}/${role.name}` : `${authority.name}/${role.name}`;
}

/** The identities of a control plane, by name. */
export function identities(controlPlane: ControlPlane) {
  return {
    nodes: usersOf(table, controlPlane, "node").map(([user]) => user),
    accounts: usersOf(table, controlPlane, "serviceAccount"),
  };
}
