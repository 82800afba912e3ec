import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { auditCalls, firstBootSettings, type WriteCalls } from "../../components/vault/first-boot";
import { apiPort, serverConfig } from "../../components/vault/server-config";
import { serverArgs, serverScript } from "../support/server-scripts";
import { callVault, region, writeFiles } from "./site";
import type { Answer, Ended, Site } from "./site";

const script = resolve(__dirname, "../../components/vault/first-boot.py");
const kill = resolve(__dirname, "kill.py");
const tell = resolve(__dirname, "tell.py");

const serverId = "vault.rehearsal.internal";
const threshold = 2;
const patience = 120_000;

/** Addresses of the loopback for a node: what it listens on alone, and for the others. */
function addressesOf(index: number): { closed: string; open: string } {
  return { closed: `127.0.2.${10 + index}`, open: `127.0.1.${10 + index}` };
}

export const allAddresses = [0, 1, 2]
  .map(addressesOf)
  .flatMap(({ closed, open }) => [closed, open]);

/** Three nodes that share a secret for the recovery keys and know nothing yet. */
export class Cluster {
  readonly nodes: Node[];

  private constructor(
    readonly site: Site,
    readonly recoverySecret: string,
    vault: string,
    roles: { deployer: string; servers: string },
    name: string,
  ) {
    // However the checks end, nothing of theirs goes on.
    process.once("exit", this.end);
    this.nodes = [0, 1, 2].map(
      (index) => new Node(site, vault, join(site.folder, name), index, recoverySecret, roles),
    );
  }

  static async create(
    site: Site,
    vault: string,
    roles: { deployer: string; servers: string },
    name: string,
  ): Promise<Cluster> {
    const { ARN } = await site.aws<{ ARN: string }>(
      "secretsmanager",
      "create-secret",
      "--name",
      name,
    );
    return new Cluster(site, ARN, vault, roles, name);
  }

  /** The only node that may initialise. */
  get first(): Node {
    return this.nodes[0]!;
  }

  /** What Secrets Manager holds, by version. */
  async recorded(): Promise<{ versions: number; keys: RecoveryKey[]; threshold: number }> {
    const { VersionIdsToStages = {} } = await this.site.aws<{ VersionIdsToStages?: object }>(
      "secretsmanager",
      "describe-secret",
      "--secret-id",
      this.recoverySecret,
    );
    const versions = Object.keys(VersionIdsToStages).length;
    if (versions === 0) return { versions, keys: [], threshold: 0 };
    const { SecretString } = await this.site.aws<{ SecretString: string }>(
      "secretsmanager",
      "get-secret-value",
      "--secret-id",
      this.recoverySecret,
    );
    return {
      versions,
      ...(JSON.parse(SecretString) as { keys: RecoveryKey[]; threshold: number }),
    };
  }

  /** Stores, as another node would have, the recovery keys of a Vault that is not here. */
  async recordAnother(): Promise<void> {
    await this.site.aws(
      "secretsmanager",
      "put-secret-value",
      "--secret-id",
      this.recoverySecret,
      "--client-request-token",
      "drawbridge-first-boot-of-this-vault",
      "--secret-string",
      JSON.stringify({ threshold: 1, keys: [] }),
    );
  }

  close(): void {
    process.off("exit", this.end);
    this.end();
  }

  private readonly end = (): void => {
    for (const node of this.nodes) node.close();
  };
}

export interface RecoveryKey {
  holder: string;
  fingerprint: string;
  encryptedKey: string;
}

/** One instance, as far as its processes and files go. */
export class Node {
  readonly caFile: string;
  readonly data: string;
  /** Where clients find it once it belongs to the cluster. */
  readonly address: string;
  /** Where it listens to itself before. */
  readonly closedAddress: string;
  private readonly root: string;
  private running: ChildProcess[] = [];
  private log = "";

  constructor(
    private readonly site: Site,
    private readonly vault: string,
    folder: string,
    index: number,
    recoverySecret: string,
    roles: { deployer: string; servers: string },
  ) {
    const { closed, open } = addressesOf(index);
    this.address = `https://${open}:${apiPort}`;
    this.closedAddress = `https://${closed}:${apiPort}`;
    this.root = join(folder, `node-${index}`);
    this.data = join(this.root, "data");
    this.caFile = join(site.tlsFolder, "ca.crt");
    mkdirSync(this.data, { recursive: true });
    const config = serverConfig({
      nodeId: `vault-${index}`,
      hostname: open,
      listenAddress: open,
      peers: [0, 1, 2].map((peer) => addressesOf(peer).open),
      dataFolder: this.data,
      tlsFolder: site.tlsFolder,
      region,
      sealKey: site.sealKey,
    });
    const settings = JSON.parse(
      firstBootSettings({
        initialises: index === 0,
        region,
        dataFolder: this.data,
        vault,
        serverConfigs: [this.path("server.json"), this.path("closed.json")],
        address: this.closedAddress,
        caFile: this.caFile,
        auditCalls: this.path("audit.json"),
        recoverySecret,
        recoveryThreshold: threshold,
        recoveryHolders: site.holders,
        serverId,
        deployerRoleArn: roles.deployer,
        serverRoleArns: [roles.servers],
      }),
    ) as { calls: WriteCalls };
    // Where AWS is here, and where each node has a loopback of its own.
    const endpoints = { sts_endpoint: site.endpoint, iam_endpoint: site.endpoint };
    Object.assign(settings.calls["auth/aws/config/client"] ?? {}, endpoints);
    const files = {
      "file-data": join(this.data, "audit.log"),
      "file-root": this.path("audit.log"),
    };
    writeFiles(this.root, {
      "server.json": config.server,
      "closed.json": config.closed.replace('"127.0.0.1:', `"${closed}:`),
      "open.json": config.open,
      "settings.json": JSON.stringify(settings),
      "audit.json": auditCalls(files),
    });
  }

  path(name: string): string {
    return join(this.root, name);
  }

  /** What the journal says, or `nothing`. */
  get state(): string {
    const file = join(this.data, "first-boot.json");
    if (!existsSync(file)) return "nothing";
    return (JSON.parse(readFileSync(file, "utf8")) as { state: string }).state;
  }

  /** All that the first boot and Vault have said. */
  get said(): string {
    return this.log;
  }

  /** Contents of the audit devices. */
  get audited(): string[] {
    return [join(this.data, "audit.log"), this.path("audit.log")].map((file) =>
      existsSync(file) ? readFileSync(file, "utf8") : "",
    );
  }

  /** Groups of the processes that run. */
  get processGroups(): number[] {
    return this.running.flatMap(({ pid }) => pid ?? []);
  }

  /** Files of the instance, by path, which hold one of the texts. */
  filesWith(texts: Buffer[]): string[] {
    const all = readdirSync(this.root, { recursive: true, withFileTypes: true });
    return all
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((file) => {
        const content = readFileSync(file);
        return texts.some((text) => content.includes(text));
      });
  }

  /** Names of what storage holds. */
  get stored(): string[] {
    const folder = join(this.data, "raft");
    return existsSync(folder) ? readdirSync(folder) : [];
  }

  /** Something of an earlier life in the folder of the storage. */
  leaveBehind(name: string): void {
    writeFiles(join(this.data, "raft"), { [name]: "of an earlier life" });
  }

  /** The instance ends, and another one starts with an empty volume. */
  loseVolume(): void {
    this.close();
    rmSync(this.data, { recursive: true });
    mkdirSync(this.data);
  }

  /** Runs the script to its end. */
  firstBoot(env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    return this.ended(this.start("python3", [script, this.path("settings.json")], env));
  }

  /** Runs it as `firstBoot` does, and writes the token that it used into a file. */
  toldBoot(file: string): Promise<Ended> {
    return this.ended(this.start("python3", [tell, script, file, this.path("settings.json")]));
  }

  /** Runs it until its next step at which it was not killed yet; status null when it was killed. */
  async killedBoot(...only: string[]): Promise<Ended> {
    const args = [kill, script, this.path("killed"), this.path("settings.json"), ...only];
    return this.ended(this.start("python3", args));
  }

  /** The statuses that the node gives to itself and to others, until something is over. */
  async answersDuring(
    something: Promise<unknown>,
  ): Promise<{ itself: Set<number>; others: Set<number> }> {
    const seen = { itself: new Set<number>(), others: new Set<number>() };
    const look = async () => {
      const own = await callVault(this.closedAddress, this.caFile, "GET", "sys/health");
      seen.itself.add(own.status);
      seen.others.add((await this.call("GET", "sys/health")).status);
    };
    const over = something.then(() => true);
    while (!(await Promise.race([over, sleep(20, false)]))) await look();
    return seen;
  }

  /** Steps at which `killedBoot` has killed it. */
  get killedAt(): string[] {
    return readFileSync(this.path("killed"), "utf8").trim().split("\n");
  }

  /** Lets clients in, as the unit does when the first boot is through. */
  async open(): Promise<void> {
    const files = ["server.json", "open.json"].map((name) => `-config=${this.path(name)}`);
    this.start(this.vault, ["server", ...files]);
    await this.until(this.address, [200, 429]);
  }

  /** Waits until the server that listens to itself alone has this status. */
  async untilClosed(status: number): Promise<void> {
    await this.until(this.closedAddress, [status]);
  }

  /** Waits until it has said something. */
  async untilSaid(text: string): Promise<void> {
    for (const end = performance.now() + patience; !this.log.includes(text); await sleep(100)) {
      if (performance.now() > end) throw new Error(`it must say "${text}", got ${this.log}`);
    }
  }

  private async until(address: string, statuses: number[]): Promise<void> {
    for (const end = performance.now() + patience; ; await sleep(100)) {
      const { status } = await callVault(address, this.caFile, "GET", "sys/health");
      if (statuses.includes(status)) return;
      if (performance.now() > end) {
        throw new Error(`Vault must answer ${statuses.join()}, got ${status}: ${this.log}`);
      }
    }
  }

  call(method: string, path: string, options?: Parameters<typeof callVault>[4]): Promise<Answer> {
    return callVault(this.address, this.caFile, method, path, options);
  }

  /** `vault login -method=aws`: the token, or what was said instead. */
  async login(
    role: string,
    credentials: NodeJS.ProcessEnv,
    header = serverId,
  ): Promise<{ token?: string; log: string }> {
    const args = ["login", "-no-store", "-token-only", "-method=aws", `role=${role}`];
    const ended = await this.ended(
      this.start(this.vault, [...args, `header_value=${header}`, `region=${region}`], {
        ...credentials,
        VAULT_ADDR: this.address,
        VAULT_CACERT: this.caFile,
      }),
    );
    const token = /hvs\.\S+/.exec(ended.log)?.[0];
    return { log: ended.log, ...(token !== undefined && { token }) };
  }

  /** A command of Vault's own client, as people give it. */
  command(token: string, ...args: string[]): Promise<Ended> {
    return endedAlone(
      this.start(this.vault, args, {
        VAULT_ADDR: this.address,
        VAULT_CACERT: this.caFile,
        VAULT_TOKEN: token,
        HOME: this.root,
      }),
    );
  }

  /** Runs the script by which an instance takes a snapshot into a bucket, with the rights of a role. */
  takeSnapshot(
    bucket: string,
    credentials: NodeJS.ProcessEnv,
    address = this.address,
  ): Promise<Ended> {
    const text = serverScript("snapshot", {
      ...serverArgs,
      region,
      serverId,
      snapshots: `s3://${bucket}/vault`,
    });
    const placed = text
      .replace(`https://127.0.0.1:${apiPort}`, address)
      .replace("/etc/vault.d/tls/ca.crt", this.caFile);
    const path = `${dirname(this.vault)}:${this.site.env["PATH"] ?? ""}`;
    return endedAlone(
      this.start("sh", ["-c", placed], { ...credentials, PATH: path, HOME: this.root }),
    );
  }

  /** A root token, as people make one of recovery keys, and what it sees of what the first boot made. */
  async rootToken(keys: string[]): Promise<string> {
    const started = await this.call("PUT", "sys/generate-root/attempt", { body: {} });
    const { otp = "", nonce } = started.body as { otp?: string; nonce?: string };
    let answer = started;
    for (const key of keys) {
      answer = await this.call("PUT", "sys/generate-root/update", { body: { key, nonce } });
    }
    const encoded = answer.body["encoded_token"];
    if (typeof encoded !== "string" || encoded === "") {
      await this.call("DELETE", "sys/generate-root/attempt");
      throw new Error(`recovery keys must make a root token, got ${answer.status}`);
    }
    const [mixed, pad] = [Buffer.from(encoded, "base64"), Buffer.from(otp)];
    return mixed.map((byte, i) => byte ^ (pad[i] ?? 0)).toString();
  }

  /** All that the first boot sets up, without what differs from one Vault to the next. */
  async setUp(token: string): Promise<string> {
    const of = async (path: string) => (await this.call("GET", path, { token })).body.data ?? {};
    const kinds = (mounts: Record<string, unknown>) =>
      Object.entries(mounts).map(([path, mount]) => {
        const { type, options } = mount as { type: string; options: unknown };
        return { path, type, options };
      });
    const policies = await of("sys/policies/acl?list=true");
    const roles = await of("auth/aws/role?list=true");
    const all = {
      audit: kinds(await of("sys/audit")),
      auth: kinds(await of("sys/auth")),
      mounts: kinds(await of("sys/mounts")),
      policies: await Promise.all(
        (policies["keys"] as string[]).map((name) => of(`sys/policies/acl/${name}`)),
      ),
      client: await of("auth/aws/config/client"),
      roles: await Promise.all(
        (roles["keys"] as string[]).map(async (name) => ({
          name,
          ...(await of(`auth/aws/role/${name}`)),
          role_id: undefined,
        })),
      ),
    };
    return JSON.stringify(all).replaceAll(this.root, "");
  }

  /** Ends the server and whatever else runs. */
  close(): void {
    for (const { pid } of this.running) {
      try {
        // The group: a first boot has a server of its own.
        if (pid !== undefined) process.kill(-pid, "SIGKILL");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
    }
    this.running = [];
  }

  private start(command: string, args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn(command, args, {
      env: { ...this.site.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.running.push(child);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (text: Buffer) => (this.log += text.toString()));
    }
    return child;
  }

  private async ended(child: ChildProcess): Promise<Ended> {
    const before = this.log.length;
    const status = await new Promise<number | null>((done) => child.on("close", done));
    this.running = this.running.filter((one) => one !== child);
    return { status, log: this.log.slice(before) };
  }
}

/** How a command has ended, and what it said itself while the server went on speaking. */
async function endedAlone(child: ChildProcess): Promise<Ended> {
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (text: Buffer) => (log += text.toString()));
  }
  const status = await new Promise<number | null>((done) => child.on("close", done));
  return { status, log };
}
