import { setMaxListeners } from "node:events";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { authoritiesTable, type ControlPlane } from "../../components/vault/authorities";
import { issuances, type Issuance } from "../../components/vault/issuance";
import { rightsForLogins } from "../../components/vault/server-profile";
import { Rehearsal, forgetCredentials, type Outcome } from "../rehearsal/engine";
import { repository } from "../rehearsal/stack-config";
import type { VaultSettings } from "../rehearsal/vault/serve";
import type { Check } from "../support/checks";
import { Moto } from "../verify-aws/moto";
import { accountId, region } from "./account";
import { agentChecks } from "./agent";
import { accountChecks, handChecks, neighbours, nodeChecks } from "./by-hand";
import { identities, tableChecks, type Scene, type Visitor } from "./cases";
import { ClusterApi } from "./cluster";
import { Iam } from "./iam";
import { clusterObjects, issuerChecks } from "./issuers";
import { loosen, looseRoles, looseSettings, looseTable, unnoticed } from "./loosened";
import {
  deployerRole,
  firstBoot,
  loginByIam,
  nodeIdentities,
  person,
  populate,
  program,
  type People,
  type Reviewed,
} from "./place";
import { rotationChecks } from "./rotation";
import { VaultServer } from "./server";
import { accountVisitors, authoritiesOf } from "./visitors";

/** What the checks are run with. */
export interface Tools {
  /** The `pulumi` command. */
  pulumi: string;
  /** The `vault` command. */
  command: string;
  /** The Python that has moto. */
  python: string;
}

/** What is looked at beside the cases of the table: agents, issuers, looser tables and rotations. */
export interface Beyond {
  /** The `etcd` command. */
  etcd: string;
  /** Folder of cert-manager's definitions of its resources. */
  crds: string;
}

/** What is there while the authorities are checked. */
interface Site {
  command: string;
  directory: string;
  aws: Moto;
  iam: Iam;
  server: VaultServer;
  people: People;
  cluster: ClusterApi;
}

/**
 * The authorities of control planes in a real Vault, made by the real engine and asked by those who may and by those who may
 * not; with what there is beyond that, where it is given.
 */
export async function* authorityChecks(
  tools: Tools,
  controlPlanes: readonly ControlPlane[],
  beyond?: Beyond,
): AsyncGenerator<Check> {
  forgetCredentials();
  Error.stackTraceLimit = 0;
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "drawbridge-vault-")));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  process.once("exit", remove);
  const begun: { close(): void }[] = [{ close: remove }];
  const opened = async <T extends { close(): void }>(opening: Promise<T>): Promise<T> => {
    const one = await opening;
    begun.push(one);
    return one;
  };
  try {
    const { command, pulumi, python } = tools;
    const aws = await opened(Moto.open(python, accountId, region));
    const people = await populate(python, aws.endpoint);
    const cluster = await opened(ClusterApi.open(directory));
    const server = await opened(
      VaultServer.open(command, directory, person(people, "vault").credentials),
    );
    const iam = await opened(iamOf(aws, people));
    await firstBoot(server, iam.endpoint);
    const vaultFile = join(directory, "settings.json");
    const { host, port } = server.address;
    const settings: VaultSettings = {
      command,
      host,
      port,
      caFile: server.caFile,
      aws: iam.endpoint,
      deployer: person(people, "deployer").credentials,
    };
    writeFileSync(vaultFile, JSON.stringify(settings));
    const site = { command, directory, aws, iam, server, people, cluster };
    for (const controlPlane of controlPlanes) {
      const reviewed: Reviewed = {
        table: authoritiesTable,
        rotations: {},
        deletionProtection: true,
      };
      const rehearsal = await opened(
        Rehearsal.open({
          stack: "dev",
          pulumi,
          program: program(reviewed, controlPlane, people, cluster, server),
          pack: join(repository, "policies"),
          accountId,
          principals: [],
          certificates: [],
          changes: {},
          packConfig: {},
          vaultFile,
          signal: unhurried(),
        }),
      );
      yield* life(controlPlane, rehearsal, reviewed, site, beyond);
    }
  } finally {
    for (const one of begun.toReversed()) one.close();
  }
}

const nodeRoles = Object.values(nodeIdentities).flatMap(({ roleArns }) => roleArns);

/** The rights that a server of Vault has for logins of nodes, before a stand-in that asks nobody for any. */
function iamOf(aws: Moto, people: People): Promise<Iam> {
  const { AWS_ACCESS_KEY_ID: accessKeyId = "" } = person(people, "vault").credentials;
  const statements = rightsForLogins({
    accountId,
    region,
    prefix: "dev",
    deployerRoleArn: deployerRole,
    nodes: nodeIdentities,
  });
  const roleArns = [deployerRole, ...nodeRoles];
  return Iam.open(aws.endpoint, { accessKeyId, statements, roleArns });
}

/** Nothing ends these operations, and there are more of them than Node expects for one signal. */
function unhurried(): AbortSignal {
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  return signal;
}

/** A Vault is given the authorities, keeps them, is asked for certificates, and is as it was in the end. */
async function* life(
  controlPlane: ControlPlane,
  rehearsal: Rehearsal,
  reviewed: Reviewed,
  site: Site,
  beyond?: Beyond,
): AsyncGenerator<Check> {
  const { aws, iam, server, people, cluster, command } = site;
  const before = await mounts(site);
  cluster.objects = [...clusterObjects(controlPlane, server), ...neighbours(controlPlane)];
  let made = false;
  yield [
    `${controlPlane}: in a first preview the pack decides all that it asks of Vault, and tells each role's longest life`,
    async () => decided(controlPlane, await rehearsal.preview()),
  ];
  yield [
    `${controlPlane}: up configures the Vault`,
    async () => {
      const problems = failureOf(await rehearsal.up());
      made = problems.length === 0;
      return problems;
    },
  ];
  if (!made) return;
  yield [
    `${controlPlane}: a second up changes nothing`,
    async () => unchanged(await rehearsal.up()),
  ];
  yield [
    `${controlPlane}: Vault has what was written, to the last field`,
    async () => unchanged(await rehearsal.refresh()),
  ];
  yield [`${controlPlane}: no token and no key is in the state`, () => secretsIn(rehearsal)];

  const scene: Scene = {
    server,
    controlPlane,
    visitors: await visitorsOf(controlPlane, site),
    authorities: await authoritiesOf(server),
  };
  const { nodes, accounts } = identities(controlPlane);
  const checks = [
    ...tableChecks(scene),
    ...handChecks(scene, await deployerOf(site)),
    ...(nodes.length > 0 ? nodeChecks(scene, people, command, aws.endpoint) : []),
    ...(accounts.length > 0 ? accountChecks(scene, cluster) : []),
  ];
  yield* checks;
  if (nodes.length > 0) {
    yield [
      "for logins of nodes Vault asked AWS what its servers have a right to, and all of it",
      () => unusedRights(iam),
    ];
  }
  if (beyond) yield* checksBeyond({ scene, checks, rehearsal, reviewed, site }, beyond);

  yield [
    `${controlPlane}: destroy takes it all down, once the protection is taken away`,
    async () => {
      const { failure = "" } = await rehearsal.previewDestroy();
      if (!/cannot be deleted\s+because it is protected/.test(failure)) {
        return [`must be refused before, got ${failure || "success"}`];
      }
      reviewed.deletionProtection = false;
      const open = await rehearsal.up({ "vault-kept": "advisory" });
      return [...failureOf(open), ...failureOf(await rehearsal.destroy())];
    },
  ];
  yield [
    `${controlPlane}: nothing of it is left`,
    async () => {
      const left = (await mounts(site)).filter((path) => !before.includes(path));
      return left.map((path) => `${path} must be gone`);
    },
  ];
}

/** What the cases have been tried on. */
interface Tried {
  scene: Scene;
  checks: Check[];
  rehearsal: Rehearsal;
  reviewed: Reviewed;
  site: Site;
}

async function* checksBeyond(
  { scene, checks, rehearsal, reviewed, site }: Tried,
  { etcd, crds }: Beyond,
): AsyncGenerator<Check> {
  const { controlPlane, server } = scene;
  const { nodes, accounts } = identities(controlPlane);
  if (accounts.length > 0) yield* issuerChecks(scene, site.cluster, crds);
  if (nodes.length > 0) {
    const tools = { vault: site.command, etcd, folder: site.directory };
    yield* agentChecks(scene, nodes, site.people, tools, await deployerOf(site));
  }
  if (controlPlane !== "self-managed") return;
  yield* looseTableChecks(rehearsal, reviewed, checks);
  yield* looseSettingChecks(rehearsal, site, checks);
  yield* rotationChecks({
    rehearsal,
    reviewed,
    server,
    visitors: () => visitorsOf(controlPlane, site),
    deployer: () => deployerOf(site),
  });
}

/** The checks are worth something: with a looser table they fail. */
async function* looseTableChecks(
  rehearsal: Rehearsal,
  reviewed: Reviewed,
  checks: Check[],
): AsyncGenerator<Check> {
  reviewed.table = looseTable();
  // The pack refuses some of it; what is looked at here is what Vault issues then.
  const up = () => rehearsal.up({ "pki-role-restricted": "advisory" });
  yield ["a looser table can be had", async () => failureOf(await up())];
  for (const loose of looseRoles) {
    yield [`${loose.what}: its checks fail`, () => unnoticed(checks, loose)];
  }
  reviewed.table = authoritiesTable;
  yield ["the table as it was is put back", async () => failureOf(await rehearsal.up())];
  const noticing = new Set(looseRoles.flatMap(({ noticed }) => noticed));
  for (const [title, check] of checks.filter(([one]) => noticing.has(one))) {
    yield [`again: ${title}`, check];
  }
}

/** The checks fail also when Vault is made looser past the program, and the program takes that back. */
async function* looseSettingChecks(
  rehearsal: Rehearsal,
  site: Site,
  checks: Check[],
): AsyncGenerator<Check> {
  const token = await deployerOf(site);
  for (const loose of looseSettings) {
    yield [
      `${loose.what}: its checks fail`,
      async () => {
        await loosen(site.server, token, loose);
        return unnoticed(checks, loose);
      },
    ];
  }
  yield [
    "refresh and up take back what was written past the program",
    async () => {
      const { failure, operations } = await rehearsal.refresh();
      const seen = Object.values(operations).filter((operation) => operation === "refresh").length;
      if (failure !== undefined) return [failure];
      if (seen === 0) return ["refresh must have looked at every resource"];
      return failureOf(await rehearsal.up());
    },
  ];
  const noticing = new Set(looseSettings.flatMap(({ noticed }) => noticed));
  for (const [title, check] of checks.filter(([one]) => noticing.has(one))) {
    yield [`again: ${title}`, check];
  }
}

function unusedRights({ allowed }: Iam): string[] {
  const used = allowed.map(({ action, resource }) => `${action} ${resource}`);
  return ["ec2:DescribeInstances *", ...nodeRoles.map((arn) => `iam:GetRole ${arn}`)]
    .filter((right) => !used.includes(right))
    .map((right) => `${right} must have been asked for`);
}

/**
 * Notes are told as what a rule has to say, and so is what nobody can know yet: which instance a name of a role stands for
 * is said by the method of the logins, which has to be there.
 */
function decided(controlPlane: ControlPlane, outcome: Outcome): string[] {
  const events = outcome.policyEvents.filter(({ policyName }) => /^(pki|vault)-/.test(policyName));
  const lives = events.filter(({ message }) => message.includes("Longest life after an instance"));
  const roles = issuances(authoritiesTable, controlPlane);
  const open = roles
    .filter(({ role }) => role.organization !== undefined && isOfNode(role))
    .map(
      ({ authority, role }) =>
        `pki-role-restricted: undecided: allowedDomains[0] of pki-${authority.name}-${role.name} is unknown until up`,
    );
  const others = events
    .filter((event) => !lives.includes(event))
    .map(({ policyName, message }) => `${policyName}: ${message.trim()}`);
  return [
    ...failureOf(outcome),
    ...others.filter((line) => !open.includes(line)),
    ...open.filter((line) => !others.includes(line)).map((line) => `must tell ${line}`),
    ...(lives.length === roles.length
      ? []
      : [`must tell of ${roles.length} roles, got ${lives.length}`]),
  ];
}

function isOfNode({ names = [] }: Issuance["role"]): boolean {
  return names.some((name) => name.includes("{node}"));
}

function failureOf({ failure }: Outcome): string[] {
  return failure === undefined ? [] : [failure];
}

function unchanged(outcome: Outcome): string[] {
  const operations = Object.entries(outcome.operations).map(([urn, op]) => `${op} ${urn}`);
  return [...failureOf(outcome), ...operations.filter((line) => !line.startsWith("refresh "))];
}

/** Vault's tokens and private keys are known by how they begin. */
async function secretsIn(rehearsal: Rehearsal): Promise<string[]> {
  const state = JSON.stringify(await rehearsal.state());
  return ["hvs.", "PRIVATE KEY"]
    .filter((secret) => state.includes(secret))
    .map((secret) => `the state must hold no ${secret}`);
}

async function visitorsOf(controlPlane: ControlPlane, site: Site) {
  const { command, server, people, cluster } = site;
  const { nodes } = identities(controlPlane);
  const visitors: Record<string, Visitor> = {};
  for (const user of nodes) {
    const node = person(people, user);
    const token = await loginByIam(command, server, { method: "nodes", role: user }, node);
    visitors[user] = { token, hostname: node.hostname ?? "" };
  }
  return { ...visitors, ...(await accountVisitors(controlPlane, { server, cluster })) };
}

function deployerOf({ command, server, people }: Site): Promise<string> {
  const login = { method: "aws", role: "deployer" };
  return loginByIam(command, server, login, person(people, "deployer"));
}

/** Paths of all that is mounted. */
async function mounts(site: Site): Promise<string[]> {
  const token = await deployerOf(site);
  const lists = await Promise.all(
    ["sys/mounts", "sys/auth"].map((path) => site.server.must(token, "GET", path)),
  );
  return lists.flatMap(({ data }) => Object.keys(data));
}
