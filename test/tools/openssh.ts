import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { CannotRun, findOnPath } from "./build";
import { cache, fill, findPythonPackages, lastLine } from "./cache";

const run = promisify(execFile);
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
  const folder = await findPythonPackages("ssh-audit");
  return { command: join(folder, "bin/ssh-audit"), env: { PYTHONPATH: folder } };
}
