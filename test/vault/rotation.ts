import { X509Certificate } from "node:crypto";
import { mock } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { authoritiesTable, type AuthoritiesTable } from "../../components/vault/authorities";
import type { Rotations, Step } from "../../components/vault/rotation";
import type { Outcome, Rehearsal } from "../rehearsal/engine";
import { call, type Answer } from "../rehearsal/vault/client";
import type { Check } from "../support/checks";
import { said, type Visitor } from "./cases";
import { signingRequest, verifies } from "./certificates";
import { handshake, type Leaf } from "./handshake";
import type { Reviewed } from "./place";
import type { VaultServer } from "./server";

/** Where authorities are rotated. */
export interface RotationSite {
  rehearsal: Rehearsal;
  reviewed: Reviewed;
  server: VaultServer;
  /** Those who ask for certificates, each with a token that is new. */
  visitors: () => Promise<Record<string, Visitor>>;
  /** A new token of the deployer's. */
  deployer: () => Promise<string>;
}

type Walk = readonly Step[];

/** Two authorities that sign themselves, one of them with others below it. */
const tree: Walk = [
  { phase: "stage", on: "2027-01-01" },
  { phase: "trust", on: "2027-01-02" },
  { phase: "promote", on: "2027-01-09" },
  { phase: "distrust", on: "2027-01-17" },
];
const both = (steps: Walk): Rotations => ({ kubernetes: steps, "etcd-k8s": steps });

/** One that is below another, whose certificates live for a day. */
const below: Walk = [
  { phase: "stage", on: "2027-02-01" },
  { phase: "trust", on: "2027-02-02" },
  { phase: "promote", on: "2027-02-03" },
  { phase: "distrust", on: "2027-02-05" },
];

/** An authority that ends before what is asked of it would. */
const table: AuthoritiesTable = {
  ...authoritiesTable,
  authorities: [
    ...authoritiesTable.authorities,
    {
      name: "short",
      days: 1,
      reliedOnBy: [],
      roles: [
        {
          name: "leaf",
          controlPlanes: ["self-managed"],
          users: ["etcd"],
          usage: "client",
          names: ["{node}"],
          days: 1,
        },
      ],
    },
  ],
};

/** Authorities go through all phases while those who rely on them verify each other. */
export async function* rotationChecks(site: RotationSite): AsyncGenerator<Check> {
  const { rehearsal, reviewed, server } = site;
  const parties = new Parties(site);
  reviewed.table = table;
  yield ["before a rotation all verify each other", () => parties.enter({}, "2027-01-01")];
  yield [
    "nothing outlives the authority that signs it: it is refused, not shortened",
    () => outlivesNothing(site),
  ];
  const two = both(tree.slice(0, 2));
  yield refused(site, "preview", "two phases at once", two, "2027-01-01");
  yield refused(site, "up", "two phases at once", two, "2027-01-01");
  yield refused(site, "up", "a phase of another day", both(tree.slice(0, 1)), "2027-01-02");

  let former: string[] = [];
  for (const [i, { phase, on }] of tree.entries()) {
    const walked = both(tree.slice(0, i + 1));
    yield [
      `${phase} of kubernetes, all below it, and etcd-k8s: all verify each other before, meanwhile and after`,
      () => parties.enter(walked, on),
    ];
    if (phase === "stage") former = await currentIssuers(server);
    if (phase !== "promote") continue;
    yield ["promote: a second up changes nothing", () => unchanged(rehearsal, on)];
    yield ["the former authorities sign nothing", () => signNothing(site, former)];
    yield ["the former authorities still tell what they have revoked", () => tell(site, former)];
    const trust = both(tree.slice(0, i));
    yield ["promote can be taken back: all verify each other", () => parties.enter(trust, on)];
    yield ["promote again: all verify each other", () => parties.enter(walked, on)];
  }
  yield ["the former authorities are gone", () => areGone(site, former)];
  const back = both(tree.slice(0, 3));
  yield refused(site, "up", "a distrust that is taken back", back, "2027-01-17");

  const serial = await serialOf(rehearsal, "pki-mesh-signed-2");
  for (const [i, { phase, on }] of below.entries()) {
    const walked = { ...both(tree), mesh: below.slice(0, i + 1) };
    yield [
      `${phase} of mesh alone: all verify each other before, meanwhile and after`,
      () => parties.enter(walked, on),
    ];
  }
  yield ["kubernetes has revoked the mesh that it signed before", () => isRevoked(site, serial)];
  const third = [...tree, { phase: "stage", on: "2027-03-01" } as const];
  yield [
    "kubernetes again, for a third time: all verify each other",
    () => parties.enter({ ...both(tree), kubernetes: third, mesh: below }, "2027-03-01"),
  ];
  yield [
    "stage can be taken back: all verify each other",
    () => parties.enter({ ...both(tree), mesh: below }, "2027-03-01"),
  ];
}

/** Who proves himself by what, and whose certificates others hold to verify it. */
const roles = {
  server: { path: "pki/kubernetes/issue/kubelet-server", user: "worker", anchor: "kubernetes" },
  client: {
    path: "pki/front-proxy/issue/front-proxy-client",
    user: "control-plane",
    anchor: "front-proxy",
  },
  member: { path: "pki/etcd-k8s/issue/member", user: "etcd", anchor: "etcd-k8s" },
  workload: { path: "pki/mesh/sign/workload", user: "mesh", anchor: "mesh" },
};
type Role = keyof typeof roles;
const roleNames = Object.keys(roles) as Role[];

/** Certificates that were issued together, while the rotations were as they are. */
type Issued = Record<Role, Leaf>;

/** PEM of the certificates to trust, by authority. */
type Trust = Record<string, string>;

/** Those who have certificates, and those who verify them. All of what is valid at a time must verify with all of it. */
class Parties {
  private readonly valid: { issued: Issued; rotations: Rotations }[] = [];
  /** What relying parties hold: those that were slow have that of the phase before. */
  private held: Trust[] = [];
  private visitors: Record<string, Visitor> = {};

  constructor(private readonly site: RotationSite) {}

  /** An `up` on a day. Whoever asks and verifies goes on doing so meanwhile. */
  async enter(rotations: Rotations, on: string): Promise<string[]> {
    const { rehearsal, reviewed } = this.site;
    this.visitors = await this.site.visitors();
    // A phase is entered only when everybody holds what belongs to the one before.
    this.held = this.held.slice(-1);
    this.endOf(rotations);
    const before = reviewed.rotations;
    reviewed.rotations = rotations;
    const meanwhile = { going: true, rounds: 0 };
    const up = onDay(on, () => rehearsal.up()).finally(() => (meanwhile.going = false));
    const problems: string[] = [];
    while (meanwhile.going && this.held.length > 0) {
      problems.push(...(await this.round(before)));
      meanwhile.rounds += 1;
      await pause(200);
    }
    const { failure } = await up;
    if (failure !== undefined) return [failure];
    const { rounds } = meanwhile;
    if (this.held.length > 0 && rounds < 3) {
      problems.push(`must verify at least three times meanwhile, got ${rounds}`);
    }
    this.held.push(await this.published());
    return [...problems, ...(await this.round(rotations))].slice(0, 5);
  }

  /** Before the former authority goes, the last certificate of it has ended; only the newest of others is of interest. */
  private endOf(rotations: Rotations): void {
    const ends = (walk: Walk = []) => walk.at(-1)?.phase === "distrust";
    const isLeft = Object.entries(rotations).some(
      ([name, walk]) => ends(walk) && !ends(this.site.reviewed.rotations[name]),
    );
    const later = isLeft
      ? this.valid.filter((one) => one.rotations === this.site.reviewed.rotations)
      : this.valid;
    this.valid.splice(0, this.valid.length, ...later.slice(-3));
  }

  /** New certificates; these and those of before verify for everybody. */
  private async round(rotations: Rotations): Promise<string[]> {
    try {
      const issued = await this.ask();
      const last = this.valid.at(-1);
      if (last?.rotations !== rotations) this.valid.push({ issued, rotations });
      const all = [...this.valid.map((one) => one.issued), issued];
      const problems: string[] = [];
      for (const trust of this.held) {
        for (const one of all) problems.push(...(await this.verify(one, issued, trust)));
      }
      return problems;
    } catch (error) {
      return [(error as Error).message];
    }
  }

  private async ask(): Promise<Issued> {
    const entries = await Promise.all(
      roleNames.map(async (role) => [role, await this.issue(role)] as const),
    );
    return Object.fromEntries(entries) as Issued;
  }

  private async issue(role: Role): Promise<Leaf> {
    const { path, user } = roles[role];
    const visitor = this.visitors[user];
    const body =
      role === "workload"
        ? { csr: await signingRequest("istiod.istio-system.svc", []) }
        : { common_name: visitor?.hostname ?? "" };
    const asked = role === "client" ? { common_name: "front-proxy-client" } : body;
    const { data } = await this.site.server.must(visitor?.token, "POST", path, asked);
    return {
      certificate: String(data["certificate"]),
      key: String(data["private_key"]),
      between: ((data["ca_chain"] as string[] | undefined) ?? []).filter(
        (pem) => !signsItself(pem),
      ),
    };
  }

  private async verify(one: Issued, other: Issued, trust: Trust): Promise<string[]> {
    const problems: string[] = [];
    const held = (role: Role) => trust[roles[role].anchor] ?? "";
    const fail = (what: string) => problems.push(`${what} must verify`);
    const { hostname: node = "" } = this.visitors["worker"] ?? {};
    const { hostname: member = "" } = this.visitors["etcd"] ?? {};
    const meetings: [Issued, Issued][] = [
      [one, other],
      [other, one],
    ];
    for (const [serves, calls] of meetings) {
      // By TLS the client proves itself to who trusts the authority above its own.
      const server = { leaf: serves.server, trusts: held("server") };
      const client = { leaf: calls.client, trusts: held("server") };
      await handshake(server, client, node).catch((error: Error) =>
        fail(`kubelet and API server, ${error.message}:`),
      );
      const etcd = { leaf: serves.member, trusts: held("member") };
      const peer = { leaf: calls.member, trusts: held("member") };
      await handshake(etcd, peer, member).catch((error: Error) =>
        fail(`members of etcd, ${error.message}:`),
      );
    }
    for (const role of roleNames) {
      const { certificate, between } = one[role];
      if (!(await verifies(certificate, between, held(role)))) fail(role);
    }
    return problems;
  }

  /** What the program gives to relying parties. */
  private async published(): Promise<Trust> {
    const { resources } = await this.site.rehearsal.state();
    const pki = resources.find(({ type }) => type === "drawbridge:vault:Pki");
    return pki?.outputs?.["certificates"] as Trust;
  }
}

function signsItself(pem: string): boolean {
  const certificate = new X509Certificate(pem);
  return certificate.verify(certificate.publicKey);
}

/** The engine refuses it, and Vault and the state are as they were. */
function refused(
  { rehearsal, reviewed, server }: RotationSite,
  operation: "preview" | "up",
  what: string,
  rotations: Rotations,
  on: string,
): Check {
  return [
    `${what}: ${operation} refuses it, and nothing has changed`,
    async () => {
      const kept = reviewed.rotations;
      const before = [await everything(server), await valuesOf(rehearsal)];
      reviewed.rotations = rotations;
      const { failure } = await onDay(on, () => rehearsal[operation]()).finally(
        () => (reviewed.rotations = kept),
      );
      const after = [await everything(server), await valuesOf(rehearsal)];
      const reason = /an up enters one phase|must be of the day of the up|can be taken back/;
      return [
        ...(reason.test(failure ?? "") ? [] : [`must be refused, got ${failure ?? "success"}`]),
        ...(isDeepStrictEqual(after, before) ? [] : ["Vault and the state must be as they were"]),
      ];
    },
  ];
}

/** What the state has of each resource, by its URN. */
async function valuesOf(rehearsal: Rehearsal): Promise<Record<string, unknown>> {
  const { resources } = await rehearsal.state();
  return Object.fromEntries(
    resources.map(({ urn, inputs, outputs }) => [urn, { inputs, outputs }]),
  );
}

/** Issuers of every mount; anybody may read them. */
async function everything(server: VaultServer): Promise<Record<string, unknown>> {
  const entries = table.authorities.map(async ({ name }) => {
    const list = await server.must(undefined, "GET", `pki/${name}/issuers?list=true`);
    const current = await server.must(undefined, "GET", `pki/${name}/issuer/default/json`);
    return [name, [list.data, current.data]] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Paths of the issuers that are in force. */
async function currentIssuers(server: VaultServer): Promise<string[]> {
  const entries = ["kubernetes", "front-proxy", "mesh", "etcd-k8s"].map(async (name) => {
    const { data } = await server.must(undefined, "GET", `pki/${name}/issuer/default/json`);
    return `pki/${name}/issuer/${String(data["issuer_id"])}`;
  });
  return Promise.all(entries);
}

/** Who may sign authorities and change settings still gets nothing signed by what issues no more. */
async function signNothing({ server, deployer }: RotationSite, issuers: string[]) {
  const token = await deployer();
  return eachOf(issuers, async (issuer) => {
    const csr = await signingRequest("authority", []);
    const body = { csr, common_name: "authority", ttl: "1h" };
    const given = await call(server.address, token, "POST", `${issuer}/sign-intermediate`, body);
    return refusedFor(given, /issuing-certificates/);
  });
}

function tell({ server }: RotationSite, issuers: string[]): Promise<string[]> {
  return eachOf(issuers, async (issuer) => {
    const given = await call(server.address, undefined, "GET", `${issuer}/crl`);
    return String(given.data["crl"]).includes("BEGIN X509 CRL") ? [] : [said(given)];
  });
}

function areGone({ server }: RotationSite, issuers: string[]): Promise<string[]> {
  return eachOf(issuers, async (issuer) => {
    const given = await call(server.address, undefined, "GET", `${issuer}/json`);
    return refusedFor(given, /unable to find PKI issuer/);
  });
}

async function isRevoked({ server }: RotationSite, serial: string): Promise<string[]> {
  const { data } = await server.must(undefined, "GET", `pki/kubernetes/cert/${serial}`);
  const time = Number(data["revocation_time"]);
  return time > 0 ? [] : [`must be revoked, got ${JSON.stringify(data)}`];
}

async function outlivesNothing({ server, visitors, deployer }: RotationSite): Promise<string[]> {
  const { etcd } = await visitors();
  const leaf = { common_name: etcd?.hostname ?? "" };
  const csr = await signingRequest("authority", []);
  const authority = { csr, common_name: "authority", ttl: "8760h" };
  const answers = [
    await call(server.address, etcd?.token, "POST", "pki/short/issue/leaf", leaf),
    await call(
      server.address,
      await deployer(),
      "POST",
      "pki/short/issuer/default/sign-intermediate",
      authority,
    ),
  ];
  return answers.flatMap((given) => refusedFor(given, /beyond the expiration of the CA/));
}

async function serialOf(rehearsal: Rehearsal, name: string): Promise<string> {
  const { resources } = await rehearsal.state();
  const signed = resources.find(({ urn }) => urn.endsWith(`::${name}`));
  return String(signed?.outputs?.["serialNumber"]);
}

async function unchanged(rehearsal: Rehearsal, on: string): Promise<string[]> {
  const { failure, operations }: Outcome = await onDay(on, () => rehearsal.up());
  if (failure !== undefined) return [failure];
  return Object.entries(operations).map(([urn, operation]) => `${operation} ${urn}`);
}

function refusedFor(given: Answer, reason: RegExp): string[] {
  return given.errors.some((text) => reason.test(text))
    ? []
    : [`must be refused for ${reason.source}, got ${said(given)}`];
}

async function eachOf(issuers: string[], check: (issuer: string) => Promise<string[]>) {
  const found = await Promise.all(
    issuers.map(async (issuer) => (await check(issuer)).map((text) => `${issuer}: ${text}`)),
  );
  return issuers.length === 0 ? ["there must be issuers"] : found.flat();
}

/** Something on another day, for the program, which runs in this process; Vault has a clock of its own. */
async function onDay<T>(day: string, run: () => Promise<T>): Promise<T> {
  mock.timers.enable({ apis: ["Date"], now: Date.parse(`${day}T12:00:00Z`) });
  try {
    return await run();
  } finally {
    mock.timers.reset();
  }
}
