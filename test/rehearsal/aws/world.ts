import { randomUUID } from "node:crypto";
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

export type Properties = Record<string, unknown>;

/** A resource as the stand-in knows it. */
export interface CloudResource {
  /** Pulumi type token, such as `aws:ec2/vpc:Vpc`. */
  type: string;
  id: string;
  /** URN of the resource that created it; empty for what AWS created by itself. */
  urn: string;
  inputs: Properties;
  /** What AWS adds to the inputs. */
  computed: Properties;
  /** Of a launch template: its inputs at creation and after each update. */
  versions?: Properties[];
  /** Of an instance: the version of its template that it started from, which AWS tells by a tag. */
  startedFrom?: string;
}

/** One AWS account, as far as the stand-in models it. */
export interface World {
  accountId: string;
  /** ARNs of IAM principals that were in the account before the stack. */
  principals: string[];
  /** ARNs of ACM certificates that were there as well. */
  certificates: string[];
  resources: CloudResource[];
  /** How many resources each URN has created so far: a replacement gets another id and another name. */
  births: Record<string, number>;
}

export function emptyWorld(
  accountId: string,
  principals: string[] = [],
  certificates: string[] = [],
): World {
  return { accountId, principals, certificates, resources: [], births: {} };
}

export function readWorld(file: string): World {
  return JSON.parse(readFileSync(file, "utf8")) as World;
}

/** Replaces the file in one step: a reader sees the old world or the new one, never a torn one. */
export function writeWorld(file: string, world: World): void {
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, JSON.stringify(world, null, 1));
  renameSync(draft, file);
}

/**
 * Runs `change` on the world in `file`, alone: the engine calls in parallel, from more than one provider process.
 * Synchronous on purpose, so that calls within one process cannot interleave. What `change` throws leaves the world as
 * it was.
 */
export function changeWorld<T>(file: string, change: (world: World) => [World, T]): T {
  const lock = takeLock(`${file}.lock`);
  try {
    const [world, result] = change(readWorld(file));
    writeWorld(file, world);
    return result;
  } finally {
    rmSync(lock);
  }
}

const lockPollMilliseconds = 5;
const lockPolls = 6000;

function takeLock(lock: string): string {
  for (let poll = 0; poll < lockPolls; poll++) {
    try {
      closeSync(openSync(lock, "wx"));
      return lock;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lockPollMilliseconds);
    }
  }
  throw new Error(`${lock} was not released for ${(lockPolls * lockPollMilliseconds) / 1000} s`);
}
