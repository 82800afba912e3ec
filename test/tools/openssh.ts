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
  if (!existsSync(folder)) await fill(folder, unpackPackages);
  const libraries = readdirSync(join(folder, "usr/lib")).map((name) =>
    join(folder, "usr/lib", name),
  );
  return {
    sshd: join(folder, "usr/sbin/sshd"),
    libraries,
    moduli: join(folder, "etc/ssh/moduli"),
  };
}

async function unpackPackages(folder: string): Promise<void> {
  const download = mkdtempSync(join(cache, ".packages-"));
  try {
    await run("apt-get", ["download", "openssh-server", "libwrap0"], {
      cwd: download,
      ...patience,
    });
    for (const name of readdirSync(download)) {
      await run("dpkg", ["-x", join(download, name), folder], patience);
    }
  } catch (error) {
    throw new CannotRun(
      `sshd must be on PATH, or apt-get must reach a mirror with openssh-server: ${lastLine(error)}`,
    );
  } finally {
    rmSync(download, { recursive: true, force: true });
  }
}

/** The command that runs the pinned ssh-audit. */
export async function findSshAudit(): Promise<{ command: string; env: Record<string, string> }> {
  const folder = await findPythonPackages("ssh-audit");
  return { command: join(folder, "bin/ssh-audit"), env: { PYTHONPATH: folder } };
}
