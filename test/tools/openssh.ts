import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { CannotRun, findOnPath, Refused } from "./build";
import { refusalOfPip } from "./refusal";

const run = promisify(execFile);
const cache = resolve(__dirname, "../../.cache/tools");
const patience = { timeout: 120_000 };

/** An OpenSSH server, the libraries that came with it, and the moduli that its package brings. */
export interface OpenSsh {
  sshd: string;
  libraries: string[];
  moduli: string;
}

/** The OpenSSH server of the machine; on Debian and its like, the one of its package, unpacked into the cache. */
export async function findOpenSsh(): Promise<OpenSsh> {
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin`;
  const installed = findOnPath("sshd", path);
  if (installed) return { sshd: installed, libraries: [], moduli: "/etc/ssh/moduli" };
  const folder = join(cache, "openssh-server");
  const packages = ["openssh-server", "libwrap0"];
  if (!existsSync(folder)) await fill(folder, (empty) => unpackPackages(empty, packages));
  const libraries = readdirSync(join(folder, "usr/lib")).map((name) =>
    join(folder, "usr/lib", name),
  );
  return {
    sshd: join(folder, "usr/sbin/sshd"),
    libraries,
    moduli: join(folder, "etc/ssh/moduli"),
  };
}

async function unpackPackages(folder: string, packages: string[]): Promise<void> {
  const download = mkdtempSync(join(cache, ".packages-"));
  try {
    await run("apt-get", ["download", ...packages], { cwd: download, ...patience });
    for (const name of readdirSync(download)) {
      await run("dpkg", ["-x", join(download, name), folder], patience);
    }
  } catch (error) {
    throw new CannotRun(
      `apt-get must reach a mirror with ${packages.join(" and ")} (sshd may be on PATH instead): ${lastLine(error)}`,
    );
  } finally {
    rmSync(download, { recursive: true, force: true });
  }
}

/** The PAM module that asks for one-time codes, and the folder of its libraries. */
export interface PamOath {
  module: string;
  libraries: string;
}

/** The module of Debian's package, unpacked into the cache: machines seldom have it. */
export async function findPamOath(): Promise<PamOath> {
  const folder = join(cache, "pam-oath");
  const packages = ["libpam-oath", "liboath0"];
  if (!existsSync(folder)) await fill(folder, (empty) => unpackPackages(empty, packages));
  const [architecture = ""] = readdirSync(join(folder, "lib"));
  return {
    module: join(folder, "lib", architecture, "security/pam_oath.so"),
    libraries: join(folder, "usr/lib", architecture),
  };
}

/** The command that runs the pinned ssh-audit. */
export async function findSshAudit(): Promise<{ command: string; env: Record<string, string> }> {
  const folder = join(cache, "ssh-audit");
  if (!existsSync(folder)) await fill(folder, installSshAudit);
  return { command: join(folder, "bin/ssh-audit"), env: { PYTHONPATH: folder } };
}

async function installSshAudit(folder: string): Promise<void> {
  const pinned = join(__dirname, "ssh-audit/requirements.txt");
  const log = join(folder, "pip.log");
  const args = ["-m", "pip", "install", "--quiet", "--log", log, "--require-hashes"];
  try {
    await run("python3", [...args, "--target", folder, "-r", pinned], patience);
  } catch (error) {
    const refusal = existsSync(log) ? refusalOfPip(readFileSync(log, "utf8")) : undefined;
    if (refusal !== undefined) throw new Refused(`the package of ssh-audit: ${refusal}`);
    throw new CannotRun(`python3 with pip must be able to install ssh-audit: ${lastLine(error)}`);
  }
}

/** Makes a folder whole or not at all. */
async function fill(folder: string, how: (folder: string) => Promise<void>): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const workspace = mkdtempSync(join(cache, ".fill-"));
  try {
    await how(workspace);
    if (!existsSync(folder)) renameSync(workspace, folder);
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}

function lastLine(error: unknown): string {
  const { stderr = "", message } = error as Error & { stderr?: string };
  return (stderr.trim() || message).split("\n").at(-1) ?? "";
}
