import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { call, type Address, type Answer } from "../rehearsal/vault/client";

const run = promisify(execFile);
const pollMilliseconds = 100;
const startMilliseconds = 60_000;

/** A key, and a certificate for this machine that is its own authority. */
export interface Identity {
  keyFile: string;
  certificateFile: string;
  certificate: string;
}

export async function selfSigned(
  directory: string,
  name: string,
  dnsNames: string[] = [],
): Promise<Identity> {
  const [keyFile, certificateFile] = ["key", "crt"].map((end) => join(directory, `${name}.${end}`));
  if (keyFile === undefined || certificateFile === undefined)
    throw new Error("two files are needed");
  const key = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    keyFile,
  ];
  const names = ["IP:127.0.0.1", ...dnsNames.map((dnsName) => `DNS:${dnsName}`)];
  const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=${names.join()}`];
  await run("openssl", ["req", "-x509", ...key, ...subject, "-days", "1", "-out", certificateFile]);
  return { keyFile, certificateFile, certificate: readFileSync(certificateFile, "utf8") };
}

/** A real Vault with Raft storage, initialised and unsealed, in a folder of its own. */
export class VaultServer {
  private constructor(
    private readonly start: () => ChildProcess,
    private server: ChildProcess,
    readonly address: Address,
    readonly caFile: string,
    private readonly keys: string,
    /** The first token, which may everything. */
    readonly rootToken: string,
  ) {}

  static async open(
    command: string,
    directory: string,
    /** What its instance would have: credentials of AWS. */
    env: Record<string, string>,
    /** Names that its certificate has beside the address. */
    dnsNames: string[] = [],
    /** What its settings have beside what every server has. */
    more: object = {},
  ): Promise<VaultServer> {
    const [port, clusterPort] = [await freePort(), await freePort()];
    const tls = await selfSigned(directory, "vault", dnsNames);
    const config = join(directory, "vault.json");
    mkdirSync(join(directory, "raft"));
    const settings = { ...configuration(directory, tls, port, clusterPort), ...more };
    writeFileSync(config, JSON.stringify(settings));
    const start = () => {
      const started = spawn(command, ["server", `-config=${config}`], {
        stdio: "ignore",
        env: { PATH: "/usr/bin:/bin", HOME: directory, ...env },
      });
      process.once("exit", () => started.kill("SIGKILL"));
      return started;
    };
    const server = start();
    const address = { host: "127.0.0.1", port, ca: tls.certificate };
    try {
      await health(server, address, [501]);
      const { keys, token } = await initialise(address);
      const vault = new VaultServer(start, server, address, tls.certificateFile, keys, token);
      await vault.unseal();
      return vault;
    } catch (error) {
      server.kill("SIGKILL");
      throw error;
    }
  }

  /** A call that must succeed. */
  async must(...args: Tail<Parameters<typeof call>>): Promise<Answer> {
    const given = await call(this.address, ...args);
    if (given.status < 300) return given;
    const [, method, path] = args;
    throw new Error(
      `${method} ${path}: Vault answered ${given.status}: ${given.errors.join("; ")}`,
    );
  }

  /** It starts anew and is sealed, as it stays where the key of its seal cannot be had. */
  async restart(): Promise<void> {
    const ended = new Promise((resolve) => this.server.once("exit", resolve));
    this.server.kill("SIGKILL");
    await ended;
    this.server = this.start();
    await health(this.server, this.address, [503]);
  }

  async unseal(): Promise<void> {
    await call(this.address, undefined, "PUT", "sys/unseal", { key: this.keys });
    await health(this.server, this.address, [200]);
  }

  close(): void {
    this.server.kill("SIGKILL");
  }
}

type Tail<T extends unknown[]> = T extends [unknown, ...infer Rest] ? Rest : never;

function configuration(directory: string, tls: Identity, port: number, clusterPort: number) {
  return {
    disable_mlock: true,
    api_addr: `https://127.0.0.1:${port}`,
    cluster_addr: `https://127.0.0.1:${clusterPort}`,
    storage: { raft: { path: join(directory, "raft"), node_id: "one" } },
    listener: {
      tcp: {
        address: `127.0.0.1:${port}`,
        cluster_address: `127.0.0.1:${clusterPort}`,
        tls_cert_file: tls.certificateFile,
        tls_key_file: tls.keyFile,
      },
    },
  };
}

async function initialise(address: Address): Promise<{ keys: string; token: string }> {
  const shares = { secret_shares: 1, secret_threshold: 1 };
  const given = await raw(address, "sys/init", shares);
  return { keys: (given["keys"] as string[])[0] ?? "", token: String(given["root_token"]) };
}

/** `sys/init` answers without the envelope that others have. */
async function raw(address: Address, path: string, body: object): Promise<Record<string, unknown>> {
  const given = await call(address, undefined, "PUT", path, body);
  if (given.status >= 300) throw new Error(`${path}: Vault answered ${given.status}`);
  return given.body;
}

/** Waits for one of the statuses of developer.hashicorp.com/vault/api-docs/system/health. */
async function health(server: ChildProcess, address: Address, wanted: number[]): Promise<void> {
  const end = performance.now() + startMilliseconds;
  while (performance.now() < end) {
    if (server.exitCode !== null) throw new Error(`vault ended with exit code ${server.exitCode}`);
    const status = await call(address, undefined, "GET", "sys/health").then(
      (given) => given.status,
      () => 0,
    );
    if (wanted.includes(status)) return;
    await wait(pollMilliseconds);
  }
  throw new Error(`vault must answer ${wanted.join(" or ")} within ${startMilliseconds / 1000} s`);
}

export function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
