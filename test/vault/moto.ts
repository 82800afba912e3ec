import { spawn, type ChildProcess } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { accountId, region } from "./account";
import { freePort } from "./server";

const startMilliseconds = 120_000;
const pollMilliseconds = 100;

/** AWS as moto plays it: STS, IAM and EC2 for one account, on a port of this machine. */
export class Moto {
  private constructor(
    private readonly server: ChildProcess,
    readonly endpoint: string,
    /** What a Python program needs to use the same packages. */
    readonly env: Record<string, string>,
  ) {}

  static async open(pythonPackages: string): Promise<Moto> {
    const port = await freePort();
    const env = { PATH: process.env["PATH"] ?? "", PYTHONPATH: pythonPackages };
    const server = spawn("python3", ["-m", "moto.server", "-H", "127.0.0.1", "-p", `${port}`], {
      env: { ...env, MOTO_ACCOUNT_ID: accountId, AWS_DEFAULT_REGION: region },
      stdio: "ignore",
    });
    process.once("exit", () => server.kill("SIGKILL"));
    const moto = new Moto(server, `http://127.0.0.1:${port}`, env);
    await moto.ready();
    return moto;
  }

  close(): void {
    this.server.kill("SIGKILL");
  }

  private async ready(): Promise<void> {
    const end = performance.now() + startMilliseconds;
    while (performance.now() < end && this.server.exitCode === null) {
      if (await answers(`${this.endpoint}/moto-api/data.json`)) return;
      await wait(pollMilliseconds);
    }
    this.close();
    throw new Error(`moto must answer within ${startMilliseconds / 1000} s`);
  }
}

function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}
