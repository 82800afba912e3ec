import { isDeepStrictEqual } from "node:util";
import { authoritiesTable, type AuthoritiesTable } from "../../components/vault/authorities";
import type { Rotations, Step } from "../../components/vault/rotation";
import type { Outcome, Rehearsal } from "../rehearsal/engine";
import { call, said, type Answer } from "../rehearsal/vault/client";
import type { Check } from "../support/checks";
import type { Visitor } from "./cases";
import { signingRequest } from "./certificates";
import { Parties, nodesAndMesh, onDay } from "./parties";
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
  const parties = new Parties(
    {
      ...site,
      rotations: () => reviewed.rotations,
      rotate: (rotations) => (reviewed.rotations = rotations),
    },
    nodesAndMesh,
  );
  reviewed.table = table;
  // Whose stack has a fourth authority says so.
  const authorities = ["kubernetes", "etcd-k8s", "etcd-overlay", "short"];
  rehearsal.packConfig = { ...rehearsal.packConfig, "pki-three-cas": { authorities } };
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
