import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * Measures `npm run plan -- --stack prod` against a bare node that loads the same SDK packages, in turns, so that
 * what else the machine does falls on both. The ratio is what counts; the times themselves are the machine's.
 */
const root = join(__dirname, "../..");
const rounds = 9;
const limits = { ratio: 2, memoryMiB: 600 };
const packages = ["pulumi", "aws", "vault", "tls", "policy"].map((name) => `@pulumi/${name}`);

const bare = ["node", "-e", packages.map((name) => `require(${JSON.stringify(name)})`).join(";")];
const plan = ["npm", "run", "--silent", "plan", "--", "--stack", "prod"];

interface Run {
  milliseconds: number;
  /** Largest sum of the resident sets of all processes that was seen, in MiB. */
  memoryMiB: number;
}

async function measure([command = "", ...args]: string[]): Promise<Run> {
  const start = process.hrtime.bigint();
  const child = spawn(command, args, { cwd: root, stdio: "ignore" });
  let memoryMiB = 0;
  const sampler = setInterval(() => {
    memoryMiB = Math.max(memoryMiB, residentMiB(child.pid ?? 0));
  }, 25);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  clearInterval(sampler);
  if (code !== 0)
    throw new Error(`${[command, ...args].join(" ")} must end with 0, got ${code ?? "a signal"}`);
  return { milliseconds: Number(process.hrtime.bigint() - start) / 1e6, memoryMiB };
}

/** Memory of a process and all below it, from Linux' /proc; shared pages count once for each process. */
function residentMiB(pid: number): number {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const parent = Number(field(name, "PPid"));
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree = (one: number): number[] => [one, ...(children.get(one) ?? []).flatMap(tree)];
  const kibibytes = tree(pid).map((one) => Number.parseInt(field(String(one), "VmRSS"), 10) || 0);
  return kibibytes.reduce((sum, value) => sum + value, 0) / 1024;
}

function field(pid: string, name: string): string {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1] ?? "";
  } catch {
    return ""; // The process ended between the listing and the reading.
  }
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function main(): Promise<void> {
  const runs: { bare: Run; plan: Run }[] = [];
  await measure(plan);
  for (let round = 0; round < rounds; round += 1) {
    runs.push({ bare: await measure(bare), plan: await measure(plan) });
  }
  const bareMs = median(runs.map((run) => run.bare.milliseconds));
  const planMs = median(runs.map((run) => run.plan.milliseconds));
  const ratio = planMs / bareMs;
  const memoryMiB = Math.max(...runs.map((run) => run.plan.memoryMiB));
  console.log(`node with the SDK packages   ${bareMs.toFixed(0)} ms (median of ${rounds})`);
  console.log(`npm run plan, stack prod     ${planMs.toFixed(0)} ms (median of ${rounds})`);
  console.log(`ratio                        ${ratio.toFixed(2)} (at most ${limits.ratio})`);
  console.log(
    `memory over all processes    ${memoryMiB.toFixed(0)} MiB (at most ${limits.memoryMiB})`,
  );
  if (ratio > limits.ratio || memoryMiB > limits.memoryMiB) process.exitCode = 1;
}

void main();
