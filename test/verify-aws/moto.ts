import { execFile, spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { CannotRun, Refused } from "../tools/build";
import { refusalOfPip } from "../tools/refusal";

const run = promisify(execFile);
const cacheDirectory = resolve(__dirname, "../../.cache/tools");
const requirements = join(__dirname, "moto/requirements.txt");

/** The Python of a virtual environment with moto in it, which is made once. Throws `Refused` when pip gets no packages. */
export async function findMoto(announce: (line: string) => void): Promise<string> {
  const hash = createHash("sha256").update(readFileSync(requirements)).digest("hex");
  const target = join(cacheDirectory, `moto-${hash.slice(0, 16)}`);
  const python = join(target, "bin/python");
  if (existsSync(python)) return python;
  announce("installing moto into its own environment, once");
  mkdirSync(cacheDirectory, { recursive: true });
  const workspace = mkdtempSync(join(cacheDirectory, ".moto-"));
  try {
    await makeEnvironment(workspace);
    await install(join(workspace, "bin/python"));
    await rename(workspace, target);
  } catch (error) {
    // Another run may have made the same environment meanwhile.
    if (!existsSync(python)) throw error;
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
  return python;
}

async function makeEnvironment(directory: string): Promise<void> {
  try {
    await run("python3", ["-m", "venv", directory]);
  } catch (error) {
    const { stderr = "", message } = error as Error & { stderr?: string };
    throw new CannotRun(
      `python3 with its module venv must be on PATH for moto: ${stderr.trim() || message}`,
    );
  }
}

async function install(python: string): Promise<void> {
  const log = join(dirname(dirname(python)), "pip.log");
  const flags = ["--quiet", "--disable-pip-version-check", "--no-input", "--only-binary=:all:"];
  const args = ["-m", "pip", "install", ...flags, "--log", log, "--require-hashes"];
  try {
    await run(python, [...args, "-r", requirements], { maxBuffer: 1 << 26 });
  } catch (error) {
    const refusal = existsSync(log) ? refusalOfPip(readFileSync(log, "utf8")) : undefined;
    if (refusal !== undefined) throw new Refused(`the packages of moto: ${refusal}`);
    const { stderr = "", message } = error as Error & { stderr?: string };
    throw new CannotRun(`pip could not install moto: ${stderr.trim() || message}`);
  }
}

const startMilliseconds = 60_000;
const pollMilliseconds = 100;

/** AWS as moto plays it, for one account, on a port of this machine. */
export class Moto {
  private constructor(
    private readonly python: string,
    private readonly server: ChildProcess,
    readonly endpoint: string,
  ) {}

  static async open(python: string, accountId: string, region: string): Promise<Moto> {
    const port = await freePort();
    const script = join(__dirname, "moto/serve.py");
    const server = spawn(python, [script, "-H", "127.0.0.1", "-p", String(port)], {
      env: {
        PATH: "/usr/bin:/bin",
        MOTO_ACCOUNT_ID: accountId,
        // The managed policies of AWS are among what roles are given.
        MOTO_IAM_LOAD_MANAGED_POLICIES: "true",
        // Seconds until a certificate is issued.
        MOTO_ACM_VALIDATION_WAIT: "1",
        AWS_DEFAULT_REGION: region,
      },
      stdio: "ignore",
    });
    process.once("exit", () => server.kill("SIGKILL"));
    const endpoint = `http://127.0.0.1:${port}`;
    const moto = new Moto(python, server, endpoint);
    await moto.ready();
    return moto;
  }

  /** Those of the calls, as `service:Operation`, that moto answers. */
  async known(calls: readonly string[]): Promise<string[]> {
    const script = join(__dirname, "moto/known.py");
    const { stdout } = await run(this.python, [script, ...calls]);
    const known = JSON.parse(stdout) as Record<string, boolean>;
    return calls.filter((call) => known[call] === true);
  }

  close(): void {
    this.server.kill("SIGKILL");
  }

  private async ready(): Promise<void> {
    const end = performance.now() + startMilliseconds;
    while (performance.now() < end) {
      if (this.server.exitCode !== null) {
        throw new Error(`moto ended with exit code ${this.server.exitCode}`);
      }
      if (await answers(`${this.endpoint}/moto-api/data.json`)) return;
      await wait(pollMilliseconds);
    }
    this.close();
    throw new Error(`moto did not answer within ${startMilliseconds / 1000} s`);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolvePort, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolvePort(port));
    });
  });
}
