import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as requestPlain } from "node:http";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { RecoveryHolder } from "../../components/vault/first-boot";
import { readPgpKey } from "../../infra/pgp-key";
import { CannotRun, findOnPath } from "../tools/build";
import { Moto } from "../verify-aws/moto";

const run = promisify(execFile);

export const region = "eu-central-1";
const accountId = "111122223333";

/** How a command ended, and all that it said. */
export interface Ended {
  status: number | null;
  log: string;
}

/** Credentials of a role, as a session of it has them. */
export type Credentials = Record<
  "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" | "AWS_SESSION_TOKEN",
  string
>;

/** What all cases share: AWS as moto plays it, a CA with a certificate for the servers, and people with PGP keys. */
export class Site {
  readonly folder = mkdtempSync(join(tmpdir(), "drawbridge-vault-"));
  readonly tlsFolder = join(this.folder, "tls");
  readonly holders: RecoveryHolder[] = [];
  /** Environment of what speaks to AWS. */
  readonly env: NodeJS.ProcessEnv;
  sealKey = "";
  private readonly gpgHome = mkdtempSync(join(tmpdir(), "gpg-"));

  private constructor(
    private readonly moto: Moto,
    awsCli: string,
  ) {
    this.env = {
      PATH: `${join(awsCli, "bin")}:${process.env["PATH"] ?? ""}`,
      PYTHONPATH: awsCli,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: "rehearsal",
      AWS_SECRET_ACCESS_KEY: "rehearsal",
      AWS_ENDPOINT_URL: this.endpoint,
      // Vault's seal has a variable of its own.
      AWS_KMS_ENDPOINT: this.endpoint,
    };
  }

  /**
   * @param python Of an environment with moto in it.
   * @param awsCli Folder of the AWS CLI as Python packages.
   * @param addresses Loopback addresses of the servers, closed and open.
   */
  static async open(python: string, awsCli: string, addresses: string[]): Promise<Site> {
    for (const tool of ["gpg", "openssl", "python3"]) {
      if (findOnPath(tool, process.env["PATH"] ?? "") === undefined) {
        throw new CannotRun(`${tool} must be on PATH`);
      }
    }
    const site = new Site(await Moto.open(python, accountId, region), awsCli);
    site.makeCertificates(addresses);
    await site.makePeople();
    const { KeyMetadata } = await site.aws<{ KeyMetadata: { KeyId: string } }>("kms", "create-key");
    site.sealKey = KeyMetadata.KeyId;
    return site;
  }

  /** Where AWS is. */
  get endpoint(): string {
    return this.moto.endpoint;
  }

  close(): void {
    this.moto.close();
    execFileSync("gpgconf", ["--homedir", this.gpgHome, "--kill", "all"], { stdio: "ignore" });
    for (const folder of [this.folder, this.gpgHome]) rmSync(folder, { recursive: true });
  }

  /** The answer of the AWS CLI. */
  async aws<T>(...args: string[]): Promise<T> {
    const { stdout } = await run("aws", ["--region", region, "--output", "json", ...args], {
      env: this.env,
    });
    return (stdout === "" ? undefined : JSON.parse(stdout)) as T;
  }

  /** Does something with an endpoint of KMS that refuses one operation, as a key's policy does. */
  async withoutKms(operation: string, something: (endpoint: string) => Promise<string[] | void>) {
    const server = createServer((incoming, outgoing) => {
      if (incoming.headers["x-amz-target"] === `TrentService.${operation}`) {
        outgoing.writeHead(400, { "Content-Type": "application/x-amz-json-1.1" });
        outgoing.end(JSON.stringify({ __type: "AccessDeniedException", message: "not allowed" }));
        return;
      }
      const { method, headers, url = "/" } = incoming;
      const passedOn = requestPlain(`${this.endpoint}${url}`, { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      passedOn.on("error", () => outgoing.destroy());
      incoming.pipe(passedOn);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    try {
      const { port } = server.address() as AddressInfo;
      return (await something(`http://127.0.0.1:${port}`)) ?? [];
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }

  /** A role that anybody may take here. */
  async createRole(name: string): Promise<string> {
    const { Role } = await this.aws<{ Role: { Arn: string } }>(
      "iam",
      "create-role",
      "--role-name",
      name,
      "--assume-role-policy-document",
      JSON.stringify({ Version: "2012-10-17", Statement: [] }),
    );
    return Role.Arn;
  }

  async assume(roleArn: string): Promise<Credentials> {
    const { Credentials: given } = await this.aws<{ Credentials: Record<string, string> }>(
      "sts",
      "assume-role",
      "--role-arn",
      roleArn,
      "--role-session-name",
      "rehearsal",
    );
    return {
      AWS_ACCESS_KEY_ID: given["AccessKeyId"] ?? "",
      AWS_SECRET_ACCESS_KEY: given["SecretAccessKey"] ?? "",
      AWS_SESSION_TOKEN: given["SessionToken"] ?? "",
    };
  }

  /** What a person reads with their own PGP key: a recovery key in hexadecimal. */
  decrypt(encryptedKey: string): string {
    return this.gpg(["--decrypt"], Buffer.from(encryptedKey, "base64")).toString("utf8");
  }

  /** Fingerprints of the keys that can decrypt. */
  recipientOf(encryptedKey: string): string {
    const status = this.gpg(
      ["--status-fd", "1", "--output", "/dev/null", "--yes", "--decrypt"],
      Buffer.from(encryptedKey, "base64"),
    ).toString("utf8");
    return /DECRYPTION_KEY \S+ (\S+)/.exec(status)?.[1] ?? "nobody";
  }

  private gpg(args: string[], input?: Buffer): Buffer {
    return execFileSync(
      "gpg",
      ["--homedir", this.gpgHome, "--batch", "--quiet", "--passphrase", "", ...args],
      { stdio: ["pipe", "pipe", "ignore"], ...(input && { input }) },
    );
  }

  /** People with keys of all kinds that a stack file takes, read as they are there: Vault has to take what is taken of them. */
  private async makePeople(): Promise<void> {
    const people = {
      // An old key that is too weak, which Vault would take when the other one ends.
      alice: ["ed25519 sign never", "rsa2048 encr never", "cv25519 encr 1y"],
      bruno: ["rsa3072 sign 2y", "nistp256 encr never"],
      chandra: ["rsa3072 sign,encr never"],
    };
    for (const [name, [primary = "", ...subkeys]] of Object.entries(people)) {
      this.gpg(["--quick-generate-key", name, ...primary.split(" ")]);
      const listed = this.gpg(["--with-colons", "--list-keys", `=${name}`]).toString("utf8");
      const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(listed)?.[1] ?? "";
      for (const subkey of subkeys) {
        this.gpg(["--quick-add-key", fingerprint, ...subkey.split(" ")]);
      }
      const armored = this.gpg(["--armor", "--export", fingerprint]).toString("utf8");
      // oxlint-disable-next-line no-await-in-loop -- GnuPG makes one key after the other.
      this.holders.push({ name, publicKey: await readPgpKey(armored) });
    }
  }

  private makeCertificates(addresses: string[]): void {
    const { tlsFolder } = this;
    mkdirSync(tlsFolder);
    const openssl = (...args: string[]) =>
      execFileSync("openssl", args, { cwd: tlsFolder, stdio: "ignore" });
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-noenc"];
    const names = addresses.map((address) => `IP:${address}`).join(",");
    openssl(
      "req",
      "-x509",
      ...key,
      "-keyout",
      "ca.key",
      "-out",
      "ca.crt",
      "-subj",
      "/CN=Bootstrap",
    );
    openssl(
      "req",
      "-x509",
      ...key,
      "-keyout",
      "server.key",
      "-out",
      "server.crt",
      "-subj",
      "/CN=Vault",
      "-CA",
      "ca.crt",
      "-CAkey",
      "ca.key",
      "-addext",
      `subjectAltName=${names}`,
      "-addext",
      "basicConstraints=critical,CA:FALSE",
    );
  }
}

/** An answer of Vault's HTTP API; status 0 when nobody listens. */
export interface Answer {
  status: number;
  body: { data?: Record<string, unknown>; [field: string]: unknown };
}

/** Calls a Vault whose certificate the CA vouches for. */
export function callVault(
  address: string,
  caFile: string,
  method: string,
  path: string,
  { token, body }: { token?: string; body?: object } = {},
): Promise<Answer> {
  return new Promise((done) => {
    const sent = request(
      `${address}/v1/${path}`,
      {
        method,
        ca: readFileSync(caFile),
        agent: false,
        headers: token === undefined ? {} : { "X-Vault-Token": token },
      },
      (response) => {
        let text = "";
        response.on("data", (part: Buffer) => (text += part.toString()));
        response.on("end", () =>
          done({
            status: response.statusCode ?? 0,
            body: (text.startsWith("{") ? JSON.parse(text) : {}) as Answer["body"],
          }),
        );
      },
    );
    sent.on("error", () => done({ status: 0, body: {} }));
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Writes text files into a folder, which is made. */
export function writeFiles(folder: string, files: Record<string, string>): void {
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}
