import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { authoritiesTable, type ControlPlane } from "../../components/vault/authorities";
import { Rehearsal, forgetCredentials, type Outcome } from "../rehearsal/engine";
import { repository } from "../rehearsal/stack-config";
import type { VaultSettings } from "../rehearsal/vault/serve";
import type { Check } from "../support/checks";
import { accountId } from "./account";
import { accountChecks, handChecks, nodeChecks } from "./by-hand";
import { identities, tableChecks, type Scene, type Visitor } from "./cases";
import { ClusterApi } from "./cluster";
import { Moto } from "./moto";
import { firstBoot, loginByIam, person, populate, program, type People } from "./place";
import { VaultServer } from "./server";

/** What the checks are run with. */
export interface Tools {
  /** The `pulumi` command. */
  pulumi: string;
  /** The `vault` command. */
  command: string;
  /** Folder of Python packages with moto. */
  pythonPackages: string;
}

/** What is there while the authorities are checked. */
interface Site {
  command: string;
  server: VaultServer;
  people: People;
  cluster: ClusterApi;
}

/** The authorities in a real Vault, made by the real engine and asked by those who may and by those who may not. */
export async function* authorityChecks(tools: Tools): AsyncGenerator<Check> {
  forgetCredentials();
  Error.stackTraceLimit = 0;
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "drawbridge-vault-")));
  const begun: { close(): void }[] = [
    { close: () => rmSync(directory, { recursive: true, force: true }) },
  ];
  const opened = async <T extends { close(): void }>(opening: Promise<T>): Promise<T> => {
    const one = await opening;
    begun.push(one);
    return one;
  };
  try {
    const { command, pulumi, pythonPackages } = tools;
    const aws = await opened(Moto.open(pythonPackages));
    const people = await populate(aws);
    const cluster = await opened(ClusterApi.open(directory));
    const server = await opened(VaultServer.open(command, directory));
    await firstBoot(server, aws.endpoint);
    const vaultFile = join(directory, "settings.json");
    const { host, port } = server.address;
    const settings: VaultSettings = {
      command,
      host,
      port,
      caFile: server.caFile,
      aws: aws.endpoint,
      deployer: person(people, "deployer").credentials,
    };
    writeFileSync(vaultFile, JSON.stringify(settings));
    for (const controlPlane of ["self-managed", "eks"] as const) {
      const rehearsal = await opened(
        Rehearsal.open({
          stack: "dev",
          pulumi,
          program: program(controlPlane, people, cluster),
          pack: join(repository, "policies"),
          accountId,
          principals: [],
          vaultFile,
          signal: new AbortController().signal,
        }),
      );
      yield* life(controlPlane, rehearsal, { command, server, people, cluster });
    }
  } finally {
    for (const one of begun.toReversed()) one.close();
  }
}

/** A Vault is given the authorities, keeps them, is asked for certificates, and is as it was in the end. */
async function* life(
  controlPlane: ControlPlane,
  rehearsal: Rehearsal,
  site: Site,
): AsyncGenerator<Check> {
  const { server, people, cluster, command } = site;
  const before = await mounts(site);
  let made = false;
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
  yield* tableChecks(scene);
  yield* handChecks(scene, await deployerOf(site));
  const { nodes, accounts } = identities(controlPlane);
  if (nodes.length > 0) yield* nodeChecks(scene, people, command);
  if (accounts.length > 0) yield* accountChecks(scene, cluster);

  yield [
    `${controlPlane}: destroy takes it all down`,
    async () => failureOf(await rehearsal.destroy()),
  ];
  yield [
    `${controlPlane}: nothing of it is left`,
    async () => {
      const left = (await mounts(site)).filter((path) => !before.includes(path));
      return left.map((path) => `${path} must be gone`);
    },
  ];
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
  const { nodes, accounts } = identities(controlPlane);
  const visitors: Record<string, Visitor> = {};
  for (const user of nodes) {
    const node = person(people, user);
    const token = await loginByIam(command, server, { method: "nodes", role: user }, node);
    visitors[user] = { token, hostname: node.hostname ?? "" };
  }
  for (const [user, account] of accounts) {
    const body = { role: user, jwt: cluster.token({ ...account, seconds: 600 }) };
    const { auth } = await server.must(undefined, "POST", "auth/cluster/login", body);
    visitors[user] = { token: String(auth["client_token"]) };
  }
  return visitors;
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

/** Anybody may read the certificate of an authority. */
async function authoritiesOf(server: VaultServer): Promise<Record<string, string>> {
  const entries = authoritiesTable.authorities.map(async ({ name }) => {
    const { data } = await server.must(undefined, "GET", `pki/${name}/cert/ca`);
    return [name, String(data["certificate"])] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
