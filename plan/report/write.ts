import { renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { InputError, systemReason } from "../input-error";

/** A file to write and its whole content. */
export interface OutputFile {
  path: string;
  content: string;
}

function temporary(path: string): string {
  return `${path}.${process.pid}.tmp`;
}

/** Why a file could not be put in place of `path`; renaming would find out too late. */
function obstacle(path: string): string | undefined {
  const folder = statSync(dirname(path), { throwIfNoEntry: false });
  if (folder === undefined) return "its folder does not exist";
  if (!folder.isDirectory()) return "its folder is a file";
  const present = statSync(path, { throwIfNoEntry: false });
  return present?.isDirectory() === true ? "it is a directory" : undefined;
}

function faultOf({ path, content }: OutputFile): string | undefined {
  try {
    const reason = obstacle(path);
    if (reason !== undefined) return reason;
    writeFileSync(temporary(path), content);
    return undefined;
  } catch (error) {
    return systemReason(error);
  }
}

/** Writes all files or none: each is complete before the first one takes its place. */
export function writeAll(files: readonly OutputFile[]): void {
  const paths = files.map(({ path }) => path);
  const repeated = paths.filter((path, index) => paths.indexOf(path) !== index);
  if (repeated.length > 0) {
    throw new InputError(`output files must differ, got ${repeated.join(", ")} twice`);
  }
  const faults: string[] = [];
  const written: string[] = [];
  for (const file of files) {
    const reason = faultOf(file);
    if (reason === undefined) written.push(file.path);
    else faults.push(`${file.path}: cannot be written: ${reason}`);
  }
  if (faults.length > 0) {
    for (const path of written) rmSync(temporary(path));
    throw new InputError(faults);
  }
  for (const path of paths) renameSync(temporary(path), path);
}
