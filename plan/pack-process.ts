import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { collect, ended, startNode } from "./child-process";
import type { Child } from "./child-process";
import { InputError, systemReason } from "./input-error";
import { endOf, faultLines } from "./process-output";
import { isObject } from "./property-values";

/** The stack that a pack judges. */
export interface StackInfo {
  project: string;
  stack: string;
  /** Configuration values by `namespace:key`. */
  values: Record<string, string>;
  /** Keys of `values` that are secret. */
  secretKeys: string[];
}

/** A folder that holds a policy pack, checked as far as that is possible without running it. */
export interface PackFolder {
  /** Absolute path. */
  dir: string;
  /** Absolute path of the pack's program. */
  main: string;
}

/** The engine of a stack without Pulumi Cloud calls the organization so. */
export const organization = "organization";

const packFile = "PulumiPolicy.yaml";

function mainOf(dir: string, definition: string): string {
  // The definition is a flat file; what else it says is the pack's own business.
  const declared = /^main:\s*["']?([^"'\s#]+)/m.exec(definition)?.[1];
  if (declared !== undefined) return declared;
  const path = join(dir, "package.json");
  try {
    const manifest: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isObject(manifest) && typeof manifest["main"] === "string" ? manifest["main"] : ".";
  } catch (error) {
    throw new InputError(`${path}: ${systemReason(error)}`);
  }
}

function entryOf(path: string): string {
  if (!statSync(path).isDirectory()) return path;
  const found = ["index.ts", "index.js"].map((name) => join(path, name)).find(existsSync);
  if (found === undefined) throw new InputError(`${path}: must have a file index.ts or index.js`);
  return found;
}

/** Finds the program of the pack in a folder, as the engine does. */
export function packFolder(dir: string): PackFolder {
  const absolute = resolve(dir);
  const file = join(absolute, packFile);
  if (!existsSync(file)) {
    throw new InputError(`policy pack must be a folder with a file ${packFile}, got ${dir}`);
  }
  const definition = readFileSync(file, "utf8");
  if (!/^runtime:\s*(\r?\n\s+name:\s*)?["']?nodejs\b/m.test(definition)) {
    throw new InputError(`${file}: runtime must be nodejs`);
  }
  const main = mainOf(absolute, definition);
  const path = resolve(absolute, main);
  if (!existsSync(path)) {
    throw new InputError(`${join(absolute, "package.json")}: main must be a file, got ${main}`);
  }
  return { dir: absolute, main: entryOf(path) };
}

function environment({ project, stack, values, secretKeys }: StackInfo): Record<string, string> {
  const about = { ORGANIZATION: organization, PROJECT: project, STACK: stack, DRY_RUN: "true" };
  const result: Record<string, string> = {
    PULUMI_CONFIG: JSON.stringify(values),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(secretKeys),
  };
  for (const [name, value] of Object.entries(about)) {
    result[`PULUMI_${name}`] = value;
    result[`PULUMI_NODEJS_${name}`] = value;
  }
  return result;
}

/** A fault of a pack; each line names it. */
function packFault(folder: PackFolder, lines: readonly string[]): InputError {
  return new InputError(lines.map((line) => `policy pack ${folder.dir}: ${line}`));
}

function portIn(line: string): number | undefined {
  const port = /^\s*(\d{1,5})\s*$/.exec(line)?.[1];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535
    ? Number(port)
    : undefined;
}

/** The process of a pack. */
export class PackProcess {
  private readonly child: Child;
  private readonly said: () => string;
  private readonly end: ReturnType<typeof ended>;
  private over = false;

  constructor(
    private readonly folder: PackFolder,
    stack: StackInfo,
  ) {
    this.child = startNode(folder.main, [], {
      cwd: folder.dir,
      env: environment(stack),
      preloads: [require.resolve("./start/in-pack.cjs")],
    });
    this.said = collect(this.child.stderr);
    this.end = ended(this.child);
    const mark = () => {
      this.over = true;
    };
    this.end.then(mark, mark);
  }

  /** True once the process has ended. */
  get hasEnded(): boolean {
    return this.over;
  }

  /**
   * The port that the pack serves on. The engine takes the first line of its stdout for it, and
   * nothing else.
   */
  async port(silence: number): Promise<number> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), silence);
    try {
      const line = await this.firstLine(late.signal);
      if (late.signal.aborted) {
        this.stop();
        throw packFault(this.folder, [`it did not start within ${silence / 1000} s`]);
      }
      if (line === undefined) throw packFault(this.folder, await this.lastWords());
      const port = portIn(line);
      if (port !== undefined) return port;
      throw packFault(this.folder, [
        `the first line that it prints on stdout must be its port, got ${JSON.stringify(line)}; print on stderr (console.error) or after the pack is made`,
      ]);
    } finally {
      clearTimeout(timer);
    }
  }

  private firstLine(late: AbortSignal): Promise<string | undefined> {
    const stdout = collect(this.child.stdout);
    return new Promise((resolveLine) => {
      this.child.stdout.on("data", () => {
        const line = /^.*(?=\n)/.exec(stdout())?.[0];
        if (line !== undefined) resolveLine(line);
      });
      const none = () => resolveLine(undefined);
      this.end.then(none, none);
      late.addEventListener("abort", none);
    });
  }

  /** What the process wrote about its end, or how it ended. Waits for the end. */
  async lastWords(): Promise<string[]> {
    const { code, signal } = await this.end;
    const lines = faultLines(this.said());
    return lines.length > 0 ? lines : [endOf(code, signal)];
  }

  /** Waits at most `time` milliseconds for the end of the process, and tells whether it came. */
  async endsWithin(time: number): Promise<boolean> {
    const timer = new AbortController();
    const late = delay(time, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([this.end, late]);
    timer.abort();
    return this.over;
  }

  stop(): void {
    this.child.kill("SIGKILL");
  }
}
