import {
  fstatSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import type { Stats } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { InputError, systemReason } from "../input-error";

/** A file to write and its whole content. */
export interface OutputFile {
  path: string;
  content: string;
}

/** Where an output really goes. */
interface Target extends OutputFile {
  /** The file itself, behind all symbolic links. */
  real: string;
  /** What is there already. */
  present: Stats | undefined;
}

/** Why an output cannot be written. */
class Obstacle extends Error {}

function temporary({ real }: Target): string {
  return `${real}.${process.pid}.tmp`;
}

/** A device or a pipe takes what is written into it; only a file is replaced as a whole. */
function isReplaced({ present }: Target): boolean {
  return present === undefined || present.isFile();
}

// More links than any system follows, so that a circle of links ends.
const longestChain = 40;

function requireFolder(path: string): void {
  const folder = statSync(dirname(path), { throwIfNoEntry: false });
  if (folder === undefined) throw new Obstacle("its folder does not exist");
  if (!folder.isDirectory()) throw new Obstacle("its folder is a file");
}

/** The file that a path stands for, which need not exist: symbolic links are followed, never replaced. */
function realTarget(path: string, links = 0): string {
  requireFolder(path);
  const real = join(realpathSync(dirname(path)), basename(path));
  if (lstatSync(real, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return real;
  if (links === longestChain) throw new Obstacle("its symbolic links form a circle");
  return realTarget(resolve(dirname(real), readlinkSync(real)), links + 1);
}

/** True for the file that this process prints its report into, which must not be replaced meanwhile. */
function isOwnOutput({ dev, ino }: Stats): boolean {
  return [1, 2].some((stream) => {
    try {
      const own = fstatSync(stream);
      return own.dev === dev && own.ino === ino;
    } catch {
      // A closed stream prints into nothing.
      return false;
    }
  });
}

function targetOf(file: OutputFile): Target {
  const { path } = file;
  requireFolder(path);
  // A path below /proc stands for an open file, whose links lead to names that do not exist.
  const present = statSync(path, { throwIfNoEntry: false });
  if (present?.isDirectory() === true) throw new Obstacle("it is a directory");
  if (present?.isFile() === true && isOwnOutput(present)) {
    throw new Obstacle("the report itself is printed into it");
  }
  const special = present !== undefined && !present.isFile();
  return { ...file, present, real: special ? path : realTarget(path) };
}

/** Puts the complete file beside its place. */
function prepare(target: Target): void {
  if (!isReplaced(target)) return;
  const path = temporary(target);
  // A process that was killed may have left one; whatever else has the name is not written through.
  rmSync(path, { force: true });
  const mode = target.present === undefined ? 0o666 : target.present.mode & 0o777;
  writeFileSync(path, target.content, { flag: "wx", mode });
}

function fault({ path }: OutputFile, error: unknown): string {
  const reason = error instanceof Obstacle ? error.message : systemReason(error);
  return `${path}: cannot be written: ${reason}`;
}

/** Runs `step` for each and gives the results; all faults are thrown together. */
function forEach<Item extends OutputFile, Result>(
  items: readonly Item[],
  step: (item: Item) => Result,
): Result[] {
  const faults: string[] = [];
  const results = items.flatMap((item) => {
    try {
      return [step(item)];
    } catch (error) {
      faults.push(fault(item, error));
      return [];
    }
  });
  if (faults.length > 0) throw new InputError(faults);
  return results;
}

function identity({ real, present }: Target): string {
  return present === undefined ? real : `${present.dev}:${present.ino}`;
}

function requireDistinct(targets: readonly Target[], inputs: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const path of inputs) {
    const present = statSync(path, { throwIfNoEntry: false });
    if (present?.isFile() === true)
      seen.set(`${present.dev}:${present.ino}`, "is an input as well");
  }
  const faults = targets.filter(isReplaced).flatMap((target) => {
    const key = identity(target);
    const other = seen.get(key);
    seen.set(key, other ?? `is the same file as ${target.path}`);
    return other === undefined ? [] : [`${target.path}: cannot be written: it ${other}`];
  });
  if (faults.length > 0) throw new InputError(faults);
}

/** Replaces the files one by one; when one cannot be replaced, the others get back what they held. */
function replaceAll(targets: readonly Target[]): void {
  const replaced: { target: Target; before: Buffer | undefined }[] = [];
  for (const target of targets) {
    try {
      const before = target.present === undefined ? undefined : readFileSync(target.real);
      renameSync(temporary(target), target.real);
      replaced.push({ target, before });
    } catch (error) {
      for (const { target: done, before: content } of replaced) {
        if (content === undefined) rmSync(done.real, { force: true });
        else writeFileSync(done.real, content);
      }
      throw new InputError(fault(target, error));
    }
  }
}

/**
 * Writes all files or none: each is complete before the first one takes its place. A symbolic link
 * stays and its file is replaced; devices and pipes are written into. `inputs` are files that the
 * run has read, which no output may replace.
 */
export function writeAll(files: readonly OutputFile[], inputs: readonly string[] = []): void {
  const targets = forEach(files, targetOf);
  requireDistinct(targets, inputs);
  const replaced = targets.filter(isReplaced);
  try {
    forEach(replaced, prepare);
    const special = targets.filter((target) => !isReplaced(target));
    forEach(special, ({ path, content }) => {
      writeFileSync(path, content);
    });
    replaceAll(replaced);
  } finally {
    for (const target of replaced) rmSync(temporary(target), { force: true });
  }
}
