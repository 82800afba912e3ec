import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { serverUserData } from "../../components/vault/server-boot";
import type { ServerUserDataArgs } from "../../components/vault/server-boot";

/** A server of Vault by its user data. */
export const serverArgs: ServerUserDataArgs = {
  region: "eu-west-1",
  hostname: "0.vault.p.internal",
  filesSecret: "p-vault-0",
  logGroupName: "/drawbridge/p/vault",
  snapshots: "s3://p-snapshots/vault",
  serverId: "vault.p.internal",
};

/** What the user data writes into a file; empty when it writes none. */
export function written(path: string, args: ServerUserDataArgs = serverArgs): string {
  const userData = serverUserData(args);
  const start = userData.indexOf(`cat > ${path} <<'END'\n`);
  const body = userData.slice(userData.indexOf("\n", start) + 1);
  return start < 0 ? "" : body.slice(0, body.indexOf("\nEND\n") + 1);
}

/** A script of a server. */
export function serverScript(name: string, args?: ServerUserDataArgs): string {
  return written(`/usr/local/sbin/drawbridge-vault-${name}`, args);
}

/** How a script has ended, what it said, and what it called. */
interface Ran {
  status: number | null;
  said: string;
  calls: string[];
}

/** Folders of an instance that scripts name. */
const folders = ["/etc", "/usr/local/sbin", "/run", "/var/tmp", "/var/lib", "/var/log"];

/** Folders that an image has in them. */
const inFolders = ["/etc/vault.d", "/etc/pki/rpm-gpg", "/etc/yum.repos.d", "/bin"];

const whoRuns = () => ({ uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 });

/** A folder in whose place an instance has its root, with commands that answer as they are told. */
export class Instance {
  private readonly root = mkdtempSync(join(tmpdir(), "drawbridge-server-"));

  constructor() {
    for (const folder of [...folders, ...inFolders])
      mkdirSync(this.at(folder), { recursive: true });
    writeFileSync(this.at("/calls"), "");
  }

  at(path: string): string {
    return join(this.root, path);
  }

  /** Has a command do this in shell; that it was called is noted in any case. */
  command(name: string, body: string): void {
    const file = this.at(`/bin/${name}`);
    writeFileSync(file, `#!/bin/sh\necho "${name} $*" >> ${this.at("/calls")}\n${body}\n`);
    chmodSync(file, 0o755);
  }

  /** Has a command do what this machine's own does, to files of this owner in place of users that are not here. */
  ownCommand(name: string, owner = whoRuns()): void {
    const { uid, gid } = owner;
    const users = `s/-o vault -g vault/-o ${uid} -g ${gid}/; s/[a-z]*:vault /${uid}:${gid} /`;
    const own = `PATH='${process.env["PATH"] ?? ""}' exec ${name} "$@"`;
    this.command(name, `set -- $(echo "$*" | sed '${users}')\n${own}`);
  }

  /** Has a script of a server where others call it. */
  place(path: string, script: string): void {
    const file = this.at(path);
    writeFileSync(file, this.placed(script));
    chmodSync(file, 0o755);
  }

  run(script: string, ...args: string[]): Ran {
    this.place("/script", script);
    const file = this.at("/script");
    writeFileSync(this.at("/calls"), "");
    const { status, stdout, stderr, error } = spawnSync(file, args, {
      encoding: "utf8",
      env: { PATH: `${this.at("/bin")}:${process.env["PATH"] ?? ""}` },
    });
    if (error) throw error;
    const calls = readFileSync(this.at("/calls"), "utf8").split("\n").slice(0, -1);
    return { status, said: `${stdout}${stderr}`, calls };
  }

  /** The script as it is for this root, and for who runs it. */
  private placed(script: string): string {
    const { uid, gid } = whoRuns();
    return (
      folders
        .reduce((text, folder) => text.replaceAll(`${folder}/`, `${this.at(folder)}/`), script)
        .replaceAll("--tmpdir=/var/tmp", `--tmpdir=${this.at("/var/tmp")}`)
        // No device has to be there: a command tells whether the volume is.
        .replace("until test -b ", "until is-attached ")
        .replace('"root", group)', `${uid}, ${gid})`)
    );
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    writeFileSync(this.at(path), text);
  }

  read(path: string): string | undefined {
    return existsSync(this.at(path)) ? readFileSync(this.at(path), "utf8") : undefined;
  }

  forget(path: string): void {
    rmSync(this.at(path));
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }
}
