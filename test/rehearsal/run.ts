import { setMaxListeners } from "node:events";
import { join } from "node:path";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { Command } from "commander";
import pc from "picocolors";
import { CannotRun, findPulumi } from "../tools/build";
import { changedConfig, completed } from "./changes";
import { Rehearsal, forgetCredentials } from "./engine";
import { accountOf, readStackConfig, repository } from "./stack-config";
import { lifeOfStack, type Step } from "./steps";

interface Options {
  stack: string[];
  keep?: boolean;
}

interface Count {
  passed: number;
  failed: number;
}

const aborted = new AbortController();
// Every operation of the engine listens.
setMaxListeners(0, aborted.signal);
const opened: Rehearsal[] = [];

async function main(): Promise<void> {
  const { stack: stacks, keep = false } = options();
  forgetCredentials();
  // Captured stacks cost most of a large program's time.
  Error.stackTraceLimit = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => aborted.abort());
  }
  try {
    const configs = stacks.map((stack) => ({ stack, config: readStackConfig(stack) }));
    const { path, origin } = await findPulumi(console.log);
    console.log(`engine: ${path} (${origin})`);
    const count = { passed: 0, failed: 0 };
    for (const { stack, config } of configs) await rehearse(stack, config, path, count);
    console.log(`${count.passed} passed, ${count.failed} failed`);
    process.exitCode = count.failed === 0 && !aborted.signal.aborted ? 0 : 1;
  } catch (error) {
    if (!(error instanceof CannotRun)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  } finally {
    for (const rehearsal of opened) {
      if (keep) console.log(`kept: ${rehearsal.directory}`);
      else rehearsal.close();
    }
  }
}

function options(): Options {
  return new Command("rehearse")
    .description(
      "Run the whole life of a stack on this machine: the real Pulumi engine, a stand-in for AWS.",
    )
    .option("--stack <name...>", "stacks to rehearse", ["dev"])
    .option("--keep", "keep the temporary folders, to look into them")
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .parse()
    .opts<Options>();
}

async function rehearse(
  stack: string,
  config: Record<string, unknown>,
  pulumi: string,
  count: Count,
): Promise<void> {
  console.log(`\n${pc.bold(stack)}`);
  const pack = join(repository, "policies");
  const open = async (program: PulumiFn): Promise<Rehearsal> => {
    const { accountId, principals } = accountOf(config);
    const { principals: later } = accountOf(changedConfig(completed(stack, config)));
    const account = { accountId, principals: [...new Set([...principals, ...later])] };
    const { signal } = aborted;
    const rehearsal = await Rehearsal.open({ stack, pulumi, program, pack, signal, ...account });
    opened.push(rehearsal);
    return rehearsal;
  };
  const rehearsal = await open(loadProgram());
  const steps = lifeOfStack({ stack, config, pack, rehearsal, openOther: open });
  let broken = false;
  for (const step of steps) {
    if (aborted.signal.aborted) return;
    const passed: boolean = broken ? skips(step) : await passes(step);
    broken ||= !passed && step.basis === true;
    count[passed ? "passed" : "failed"] += 1;
  }
}

/** What could not be tried is not known to work. */
function skips({ title }: Step): false {
  console.log(`${pc.red("failed")} ${title} (not run)`);
  return false;
}

async function passes({ title, run }: Step): Promise<boolean> {
  const start = performance.now();
  const problems = await problemsOf(run);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const mark = problems.length === 0 ? pc.green("passed") : pc.red("failed");
  console.log(`${mark} ${title} (${seconds} s)`);
  for (const problem of problems) console.log(`       ${problem}`);
  return problems.length === 0;
}

/** A step that cannot run for what an earlier one has not left has failed as well. */
async function problemsOf(run: Step["run"]): Promise<string[]> {
  try {
    return await run();
  } catch (error) {
    return [(error as Error).message];
  }
}

/** The repository's own program, as package.json names it: a function, so that it can run more than once. */
function loadProgram(): PulumiFn {
  // eslint-disable-next-line typescript/no-require-imports -- its path is data
  const { main: file } = require(join(repository, "package.json")) as { main: string };
  const program: unknown = require(join(repository, file));
  if (typeof program !== "function") {
    throw new CannotRun(`${file} must export a function, as a Pulumi program may`);
  }
  return program as PulumiFn;
}

void main();
