import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { setTimeout as wait } from "node:timers/promises";
import { freePort } from "./server";

const startMilliseconds = 60_000;

/** A member of etcd that is server, client and peer by one file. */
export class Etcd {
  private log = "";

  private constructor(
    private readonly process: ChildProcess,
    private readonly port: number,
    private readonly file: string,
    private readonly caFile: string,
  ) {
    this.process.stderr?.on("data", (part: Buffer) => (this.log += part.toString()));
  }

  /** @param file Key and certificate. */
  static async open(command: string, folder: string, file: string, caFile: string): Promise<Etcd> {
    const [port, peerPort] = [await freePort(), await freePort()];
    const peer = `https://localhost:${peerPort}`;
    const settings: Record<string, string> = {
      name: "one",
      "data-dir": join(folder, "etcd"),
      "listen-client-urls": `https://127.0.0.1:${port}`,
      "advertise-client-urls": `https://localhost:${port}`,
      "listen-peer-urls": `https://127.0.0.1:${peerPort}`,
      "initial-advertise-peer-urls": peer,
      "initial-cluster": `one=${peer}`,
    };
    for (const prefix of ["", "peer-"]) {
      settings[`${prefix}cert-file`] = file;
      settings[`${prefix}key-file`] = file;
      settings[`${prefix}trusted-ca-file`] = caFile;
      settings[`${prefix}client-cert-auth`] = "true";
    }
    const args = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
    const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"], env: {} });
    const etcd = new Etcd(child, port, file, caFile);
    process.once("exit", etcd.end);
    const end = performance.now() + startMilliseconds;
    while (performance.now() < end && child.exitCode === null) {
      const isThere = await etcd.shown().then(
        () => true,
        () => false,
      );
      if (isThere) return etcd;
      await wait(100);
    }
    etcd.end();
    throw new Error(`etcd must answer within ${startMilliseconds / 1000} s, got ${etcd.log}`);
  }

  /** Serial number of the certificate that it shows to a client of its authority, which it lets in. */
  shown(): Promise<string> {
    const pem = readFileSync(this.file);
    const options = {
      host: "127.0.0.1",
      port: this.port,
      servername: "localhost",
      path: "/version",
      ca: readFileSync(this.caFile),
      cert: pem,
      key: pem,
      agent: false,
    };
    return new Promise((resolve, reject) => {
      const sent = request(options, (response) => {
        const { serialNumber } = (response.socket as TLSSocket).getPeerCertificate();
        response.resume();
        if (response.statusCode === 200) resolve(serialNumber);
        else reject(new Error(`etcd answered ${response.statusCode ?? 0}`));
      });
      sent.on("error", reject);
      sent.end();
    });
  }

  async close(): Promise<void> {
    process.off("exit", this.end);
    if (this.process.exitCode !== null) throw new Error(`etcd must not end by itself: ${this.log}`);
    const ended = once(this.process, "exit");
    this.end();
    await ended;
  }

  private readonly end = (): void => {
    this.process.kill("SIGKILL");
  };
}
