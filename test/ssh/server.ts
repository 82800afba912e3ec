import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pamFile } from "../../components/aws/one-time-codes";
import { hostKeyTypes, sshdConfig, type SecondFactor } from "../../components/aws/sshd-config";
import { filterModuli } from "../../components/aws/ssh-user-data";
import type { OpenSsh, PamOath } from "../tools/openssh";

/** How a command ended. */
export interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

/**
 * A real server with the rendered file, on a port of the loopback. It runs as nobody where the tests run as root, so
 * it can let in only the one account that it runs as. Its command line sets aside what its place asks for: port, moduli,
 * and that no folder above its files may be open to others. Where it asks for codes, it alone sees the rendered file of
 * PAM, in a mount namespace of its own; modules but the one for codes are the machine's.
 */
export class SshServer {
  /** The account that may come in. */
  readonly account: string;
  /** Folder of the server's files. */
  readonly folder: string;
  port = 0;
  private readonly owner: { uid: number; gid: number };
  private readonly sshd: string;
  private readonly env: Record<string, string>;
  private server: ChildProcess | undefined;
  private log = "";

  constructor(
    openSsh: OpenSsh,
    private readonly pamOath?: PamOath,
  ) {
    const isRoot = process.getuid?.() === 0;
    const { username, uid, gid } = userInfo();
    this.account = isRoot ? "nobody" : username;
    this.owner = isRoot ? { uid: 65_534, gid: 65_534 } : { uid, gid };
    this.folder = mkdtempSync(join(tmpdir(), "drawbridge-ssh-"));
    chmodSync(this.folder, 0o755);
    // Where the repository is, nobody may not be able to look.
    this.sshd = join(this.folder, "sshd");
    copyFileSync(openSsh.sshd, this.sshd);
    const libraries = join(this.folder, "lib");
    mkdirSync(libraries);
    for (const from of [...openSsh.libraries, ...(pamOath ? [pamOath.libraries] : [])]) {
      for (const name of readdirSync(from).filter((file) => file.includes(".so"))) {
        copyFileSync(join(from, name), join(libraries, name));
      }
    }
    this.env = { PATH: process.env["PATH"] ?? "", LD_LIBRARY_PATH: libraries };
    copyFileSync(openSsh.moduli, this.path("moduli"));
    this.makeFiles();
    if (pamOath) this.makeCodeFiles(pamOath);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** The first fault of the server on the rendered file, or nothing. */
  test(securityKeys: boolean): Ended {
    writeFileSync(this.path("tested"), this.config(securityKeys));
    return this.runSshd("-t", "-f", this.path("tested"));
  }

  /** What the server makes of the rendered file, by keyword. */
  effective(): Map<string, string> {
    const { stdout } = this.runSshd("-T", "-f", this.path("sshd_config"));
    return new Map(
      stdout
        .trim()
        .split("\n")
        .map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]),
    );
  }

  /** Runs the command of the user data on the server's own moduli. */
  filterModuli(): Ended {
    return ended(spawnSync("sh", ["-euc", filterModuli(this.path("moduli"))], spawning(this.env)));
  }

  /** Lets tunnels lead to a host, as the instance does once it knows the API's. */
  permit(target: string): void {
    writeFileSync(this.path("permit-open.conf"), `PermitOpen ${target}\n`);
  }

  async start(): Promise<void> {
    this.port = await freePort();
    const options = [
      `Port=${this.port}`,
      "ListenAddress=127.0.0.1",
      "PidFile=none",
      `ModuliFile=${this.path("moduli")}`,
      "StrictModes=no",
    ];
    const args = ["-D", "-e", "-f", this.path("sshd_config"), ...options.map((one) => `-o${one}`)];
    const command = [this.sshd, ...args];
    this.server = this.pamOath ? this.spawnWithPam(command) : this.spawnAlone(command);
    this.server.stderr?.on("data", (text: Buffer) => (this.log += text.toString()));
    for (let tries = 0; !this.log.includes("Server listening"); tries++) {
      if (tries > 100 || this.server.exitCode !== null) {
        throw new Error(`sshd must start, got ${this.log}`);
      }
      await sleep(50);
    }
  }

  /** Logs in as the client of this machine does, with nothing of its own configuration. */
  connect(account: string, key: string, ...args: string[]): Promise<Ended> {
    return this.client("ssh", account, key, ["-oBatchMode=yes", ...args]);
  }

  /** Asks for files as the client of this machine does, by commands of its own. */
  transfer(account: string, key: string, ...commands: string[]): Promise<Ended> {
    writeFileSync(this.path("transfer"), `${commands.join("\n")}\n`);
    return this.client("sftp", account, key, ["-b", this.path("transfer")]);
  }

  /** The same, by somebody who types a code when asked for one. */
  connectWithCode(account: string, key: string, code: string, ...args: string[]): Promise<Ended> {
    return this.client("ssh", account, key, ["-oNumberOfPasswordPrompts=1", ...args], {
      SSH_ASKPASS: this.path("type-code"),
      SSH_ASKPASS_REQUIRE: "force",
      CODE: code,
    });
  }

  private async client(
    program: "ssh" | "sftp",
    account: string,
    key: string,
    args: string[],
    env: Record<string, string> = {},
  ): Promise<Ended> {
    const options = [
      `Port=${this.port}`,
      `IdentityFile=${this.path(key)}`,
      "IdentitiesOnly=yes",
      "IdentityAgent=none",
      "ConnectTimeout=5",
      // As people ask for the host keys, with a file in place of the parameter.
      `KnownHostsCommand=/bin/cat ${this.path("known_hosts")}`,
      "UserKnownHostsFile=none",
      "GlobalKnownHostsFile=none",
      "StrictHostKeyChecking=yes",
    ];
    const client = spawn(
      program,
      ["-F", "none", ...options.map((one) => `-o${one}`), ...args, `${account}@127.0.0.1`],
      { env: { ...this.env, ...env }, stdio: ["ignore", "pipe", "pipe"] },
    );
    const timer = setTimeout(() => client.kill(), 30_000);
    let [stdout, stderr] = ["", ""];
    client.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
    client.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
    const status = await new Promise<number | null>((done) => client.on("close", done));
    clearTimeout(timer);
    return { status, stdout, stderr };
  }

  /** What the server has logged. */
  get logged(): string {
    return this.log;
  }

  close(): void {
    this.server?.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Makes what the instance has fetched the module's file, and forgets wrong codes. */
  giveKeys(keys: string): void {
    for (const folder of ["codes", "counts"]) {
      rmSync(this.path(folder), { recursive: true, force: true });
      mkdirSync(this.path(folder), { mode: 0o700 });
    }
    writeFileSync(this.path("codes/keys"), keys, { mode: 0o600 });
    for (const name of ["codes", "codes/keys", "counts"]) this.own(name);
  }

  /** Writes the rendered file of PAM, for the real module or for another. */
  givePam(module = this.path("pam_oath.so")): void {
    const file = pamFile({ folder: this.folder, module, counts: this.path("counts") });
    writeFileSync(this.path("pam.d/sshd"), file);
  }

  /** What would let the server alone see a file of PAM, or why it cannot on this machine. */
  static whyNoPam(): string | undefined {
    const user = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
    const { status, stderr } = spawnSync("unshare", [...user, "--mount", "true"], spawning({}));
    return status === 0 ? undefined : (stderr || "no command unshare").trim();
  }

  private spawnAlone([command = "", ...args]: string[]): ChildProcess {
    return spawn(command, args, {
      env: this.env,
      stdio: ["ignore", "ignore", "pipe"],
      ...this.owner,
    });
  }

  /** PAM looks into /etc/pam.d and nowhere else, so the server gets one of its own, and then its own user back. */
  private spawnWithPam(command: string[]): ChildProcess {
    const { uid, gid } = this.owner;
    const isRoot = process.getuid?.() === 0;
    const enter = isRoot ? ["--mount"] : ["--user", "--map-root-user", "--mount"];
    const back = isRoot
      ? ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"]
      : ["unshare", "--user", `--map-user=${uid}`, `--map-group=${gid}`];
    const mounted = 'mount --bind "$0" /etc/pam.d && exec "$@"';
    const args = [...enter, "sh", "-c", mounted, this.path("pam.d"), ...back, ...command];
    return spawn("unshare", args, { env: this.env, stdio: ["ignore", "ignore", "pipe"] });
  }

  private config(securityKeys: boolean): string {
    const mfa: SecondFactor = this.pamOath ? "totp" : "none";
    return sshdConfig({ accounts: [this.account], securityKeys, mfa, folder: this.folder });
  }

  private makeCodeFiles(pamOath: PamOath): void {
    mkdirSync(this.path("pam.d"));
    copyFileSync(pamOath.module, this.path("pam_oath.so"));
    this.givePam();
    writeFileSync(this.path("type-code"), "#!/bin/sh\nprintf '%s\\n' \"$CODE\"\n", { mode: 0o755 });
  }

  private own(name: string): void {
    chownSync(this.path(name), this.owner.uid, this.owner.gid);
  }

  private makeFiles(): void {
    mkdirSync(this.path("host-keys"));
    mkdirSync(this.path("people"));
    for (const type of hostKeyTypes) this.makeKey(`host-keys/${type}`, type);
    this.makeKey("key", "ed25519");
    this.makeKey("stranger", "ed25519");
    copyFileSync(this.path("key.pub"), join(this.folder, "people", this.account));
    writeFileSync(this.path("sshd_config"), this.config(false));
  }

  /** A key whose owner is the server; the client, where it is root, reads it as well. */
  private makeKey(file: string, type: string): void {
    const bits = type === "rsa" ? ["-b", "4096"] : [];
    const args = ["-q", "-t", type, ...bits, "-N", "", "-C", "", "-f", this.path(file)];
    const { status, stderr } = ended(spawnSync("ssh-keygen", args, spawning(this.env)));
    if (status !== 0) throw new Error(`ssh-keygen must make a key, got ${stderr}`);
    const isHost = file.startsWith("host-keys/");
    if (isHost) this.own(file);
  }

  /** Tells the client the host keys, as lines of a known_hosts file. */
  tellHostKeys(types: readonly string[]): void {
    const lines = types.map((type) => {
      const [name, key] = readFileSync(this.path(`host-keys/${type}.pub`), "utf8").split(" ");
      return `[127.0.0.1]:${this.port} ${name ?? ""} ${key?.trim() ?? ""}\n`;
    });
    writeFileSync(this.path("known_hosts"), lines.join(""));
  }

  private runSshd(...args: string[]): Ended {
    return ended(spawnSync(this.sshd, args, { ...spawning(this.env), ...this.owner }));
  }
}

function spawning(env: Record<string, string>) {
  return { env, encoding: "utf8", timeout: 60_000 } as const;
}

function ended({ status, stdout, stderr }: Ended): Ended {
  return { status, stdout, stderr };
}

async function freePort(): Promise<number> {
  const server = await listening(createServer());
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** A server on a free port of the loopback. */
export function listening(server: Server): Promise<Server> {
  return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server)));
}
