import { spawn } from "node:child_process";
import { join } from "node:path";

const root = join(__dirname, "../..");

export interface Outcome {
  code: number | null;
  out: string;
  /** Lines of stderr. */
  errors: string[];
}

/** Runs Node with nothing of this process' environment but what finds programs, and `env`. */
export function nodeCommand(
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  const base = { PATH: process.env["PATH"], HOME: process.env["HOME"], NO_COLOR: "1" };
  const child = spawn(process.execPath, args, { cwd, env: { ...base, ...env } });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, out, errors: err.split("\n").filter((line) => line !== "") });
    });
  });
}

/** Runs `npm run plan` in the folder of a project, without npm. */
export function planCommand(projectDir: string, ...args: string[]): Promise<Outcome> {
  const preload = ["--stack-trace-limit=0", "-r", join(root, "plan/start/start.cjs")];
  return nodeCommand([...preload, join(root, "plan/plan.ts"), ...args], projectDir);
}
