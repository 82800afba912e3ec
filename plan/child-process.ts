import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { constants } from "node:os";
import type { Readable } from "node:stream";

/** A Node process whose output is read. */
export type Child = ChildProcessByStdio<null, Readable, Readable>;

/**
 * Variables that a program needs to start, and no other: what the caller has set for AWS, for Pulumi
 * or for the language must not change a plan.
 */
const inherited = ["PATH", "HOME", "USERPROFILE", "SystemRoot", "TMPDIR", "TEMP", "TMP"];

const running = new Set<Child>();
let watching = false;

function killAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

function watchForTheEnd(): void {
  if (watching) return;
  watching = true;
  process.on("exit", killAll);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // The exit code of a process that a signal ended, as a shell reports it.
    process.on(signal, () => process.exit(128 + constants.signals[signal]));
  }
}

/** Starts a TypeScript file in its own Node process; it ends with this process at the latest. */
export function startNode(
  file: string,
  args: readonly string[],
  options: {
    cwd: string;
    env: Record<string, string>;
    stackTraceLimit?: number;
    /** Modules to load before the file. */
    preloads?: readonly string[];
    /** Whether messages go to and fro. @default false */
    channel?: boolean;
  },
): Child {
  watchForTheEnd();
  const env: Record<string, string> = { TZ: "UTC", LANG: "C.UTF-8", ...options.env };
  for (const name of inherited) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  const flags = [
    `--stack-trace-limit=${options.stackTraceLimit ?? 0}`,
    ...[require.resolve("./start/start.cjs"), ...(options.preloads ?? [])].flatMap((module) => [
      "-r",
      module,
    ]),
  ];
  const child = spawn(process.execPath, [...flags, file, ...args], {
    cwd: options.cwd,
    env,
    stdio: ["ignore", "pipe", "pipe", ...(options.channel === true ? (["ipc"] as const) : [])],
  }) as Child;
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

/** Collects what a stream says; the returned function gives the text so far. */
export function collect(stream: Readable): () => string {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString("utf8");
}

/** Waits until a process has ended and all of its output has arrived. */
export function ended(child: Child): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      resolve({ code, signal });
    });
  });
}
