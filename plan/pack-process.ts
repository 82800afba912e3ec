import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
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

/** Starts the process of a pack. */
export function startPack(folder: PackFolder, stack: StackInfo): Child {
  return startNode(folder.main, [], { cwd: folder.dir, env: environment(stack) });
}

/** Waits for the port that a pack serves on: its process prints it as its first line. */
export function portOf(child: Child, folder: PackFolder): Promise<number> {
  const stderr = collect(child.stderr);
  const stdout = collect(child.stdout);
  return new Promise((resolvePort, reject) => {
    child.stdout.on("data", () => {
      const port = /^(\d+)\r?\n/m.exec(stdout())?.[1];
      if (port !== undefined) resolvePort(Number(port));
    });
    ended(child).then(({ code, signal }) => {
      const said = faultLines(stderr());
      const lines = said.length > 0 ? said : [endOf(code, signal)];
      reject(new InputError(lines.map((line) => `policy pack ${folder.dir}: ${line}`)));
    }, reject);
  });
}
