import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { call } from "../rehearsal/vault/client";
import { expected, type Check } from "../support/checks";
import { VaultServer } from "./server";

/** What Vault says of a path: the methods that it takes, and some marks. */
interface PathItem {
  post?: object;
  patch?: object;
  delete?: object;
  "x-vault-unauthenticated"?: boolean;
  "x-vault-createSupported"?: boolean;
}

/** The rights with which a token may write, by the path; `+` stands for any name, `*` for one or more of them. */
interface WriteCalls {
  release: string;
  calls: Record<string, string>;
}

/** Read by `policies/vault-calls.test.ts`, which runs without a Vault. */
const file = join(__dirname, "../policies/write-calls.json");

/** The table that the rules are held against is what a real Vault says of itself. */
export function* writeCallChecks(command: string): Iterable<Check> {
  yield [
    "the rules know all calls that write",
    async () => {
      const known = JSON.parse(readFileSync(file, "utf8")) as WriteCalls;
      return differences(known, await toldBy(command));
    },
  ];
}

/** Writes the table as the Vault tells it. */
export async function writeTable(command: string): Promise<void> {
  writeFileSync(file, `${JSON.stringify(await toldBy(command), undefined, 2)}\n`);
}

function differences({ release, calls }: WriteCalls, told: WriteCalls): string[] {
  const paths = new Set([...Object.keys(calls), ...Object.keys(told.calls)]);
  return [
    ...expected("release of the table", release, told.release),
    ...[...paths].flatMap((path) => expected(path, calls[path], told.calls[path] ?? "nothing")),
  ];
}

async function toldBy(command: string): Promise<WriteCalls> {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "drawbridge-vault-")));
  // Some of its calls there are with Raft storage alone, and others when they are asked for.
  const server = await VaultServer.open(command, directory, {}, [], { raw_storage_endpoint: true });
  try {
    await mountAll(server);
    const { body } = await server.must(server.rootToken, "GET", "sys/internal/specs/openapi");
    const { info, paths } = body as { info: { version: string }; paths: Record<string, PathItem> };
    const calls: [path: string, rights: string][] = [];
    for (const [path, item] of Object.entries(paths)) {
      const rights = rightsOf(item).join(", ");
      // oxlint-disable-next-line no-await-in-loop -- One server answers one after the other.
      if (rights !== "") calls.push([await named(server, path.slice(1)), rights]);
    }
    return {
      release: info.version,
      calls: Object.fromEntries(calls.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    };
  } finally {
    server.close();
    rmSync(directory, { recursive: true });
  }
}

/** An authority, and a method of each kind that the release has. */
async function mountAll(server: VaultServer): Promise<void> {
  await server.must(server.rootToken, "POST", "sys/mounts/pki", { type: "pki" });
  const { data } = await server.must(server.rootToken, "GET", "sys/plugins/catalog");
  for (const type of data["auth"] as string[]) {
    // oxlint-disable-next-line no-await-in-loop -- One server answers one after the other.
    await server.must(server.rootToken, "POST", `sys/auth/${type}`, { type });
  }
}

/** Without a token nobody needs a right, so no policy gives it. */
function rightsOf(item: PathItem): string[] {
  if (item["x-vault-unauthenticated"] === true) return [];
  const rights = {
    create: item.post && item["x-vault-createSupported"],
    delete: item.delete,
    patch: item.patch,
    update: item.post,
  };
  return Object.entries(rights).flatMap(([right, is]) => (is ? [right] : []));
}

const parameter = /\{(\w+)\}/g;

/** A path with signs in the places of its parameters. */
async function named(server: VaultServer, path: string): Promise<string> {
  const signs = new Map<string, string>();
  for (const [, name = ""] of path.matchAll(parameter)) {
    // oxlint-disable-next-line no-await-in-loop -- One server answers one after the other.
    signs.set(name, (await takesSlashes(server, path, name)) ? "*" : "+");
  }
  return path.replace(parameter, (_all, name: string) => signs.get(name) ?? "+");
}

/** Whether a parameter takes `a/b`. The document does not say so, but Vault's help tells by which expression it reads a path. */
async function takesSlashes(server: VaultServer, path: string, name: string): Promise<boolean> {
  const tried = path.replace(parameter, (_all, one: string) => (one === name ? "a/b" : "a"));
  const { address, rootToken } = server;
  const { body } = await call(address, rootToken, "GET", `${tried}?help=1`);
  return String(body["help"]).includes(`(?P<${name}>`);
}
