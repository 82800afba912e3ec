import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { CannotRun, Refused } from "./build";
import { refusalOfPip } from "./refusal";

/** Where tools are kept. */
export const cache = resolve(__dirname, "../../.cache/tools");

/** Makes a folder whole or not at all. */
export async function fill(folder: string, how: (folder: string) => Promise<void>): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const workspace = mkdtempSync(join(cache, ".fill-"));
  try {
    await how(workspace);
    if (!existsSync(folder)) renameSync(workspace, folder);
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}

/** Folder with the pinned Python packages of `test/tools/<name>/requirements.txt`: it is to be on `PYTHONPATH`. */
export async function findPythonPackages(name: string): Promise<string> {
  const pinned = join(__dirname, name, "requirements.txt");
  const hash = createHash("sha256").update(readFileSync(pinned)).digest("hex");
  const folder = join(cache, `${name}-${hash.slice(0, 16)}`);
  if (!existsSync(folder)) await fill(folder, (target) => install(name, pinned, target));
  return folder;
}

async function install(name: string, pinned: string, folder: string): Promise<void> {
  const log = join(folder, "pip.log");
  const flags = ["--quiet", "--log", log, "--require-hashes", "--only-binary=:all:"];
  const args = ["-m", "pip", "install", ...flags, "--target", folder, "-r", pinned];
  try {
    await promisify(execFile)("python3", args, { timeout: 300_000 });
  } catch (error) {
    const refusal = existsSync(log) ? refusalOfPip(readFileSync(log, "utf8")) : undefined;
    if (refusal !== undefined) throw new Refused(`the packages of ${name}: ${refusal}`);
    throw new CannotRun(`python3 with pip must be able to install ${name}: ${lastLine(error)}`);
  }
}

/** What a command that failed said last. */
export function lastLine(error: unknown): string {
  const { stderr = "", message } = error as Error & { stderr?: string };
  return (stderr.trim() || message).split("\n").at(-1) ?? "";
}
