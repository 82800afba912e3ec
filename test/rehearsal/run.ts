import { setMaxListeners } from "node:events";
import { join } from "node:path";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { Command } from "commander";
import pc from "picocolors";
import { CannotRun, findPulumi, reportCannotRun } from "../tools/build";
import { modeNamed, type AccessMode } from "./access-modes";
import { Rehearsal, forgetCredentials } from "./engine";
import { revisionsInMode, revisionsOf } from "./revisions";
import { accountOf, readStackConfig, repository } from "./stack-config";
import { lifeOfStack, shortLifeOfStack, type Step } from "./steps";

interface Options {
  stack: string[];
  access: string[];
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
  const { stack: stacks, access, keep = false } = options();
  forgetCredentials();
  // Captured stacks cost most of a large program's time.
  Error.stackTraceLimit = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => aborted.abort());
  }
  try {
    const configs = stacks.map((stack) => ({ stack, config: readStackConfig(stack) }));
    const modes = access.map((mode) => ({ mode, ...modeNamed(mode) }));
    const { path, origin } = await findPulumi(console.log);
    console.log(`engine: ${path} (${origin})`);
    const count = { passed: 0, failed: 0 };
    for (const { stack, config } of configs) {
      await rehearse({ stack, config }, path, count);
      for (const mode of modes) await rehearse({ stack, config, ...mode }, path, count);
    }
    console.log(`${count.passed} passed, ${count.failed} failed`);
    process.exitCode = count.failed === 0 && !aborted.signal.aborted ? 0 : 1;
  } catch (error) {
    reportCannotRun(error);
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
    .option("--access <mode...>", "access modes to rehearse them in as well, without changes", [])
    .option("--keep", "keep the temporary folders, to look into them")
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .parse()
    .opts<Options>();
}

/** What is rehearsed: a stack of the repository, as it is or in another access mode. */
interface Subject extends Partial<AccessMode> {
  stack: string;
  /** The repository's configuration of the stack. */
  config: Record<string, unknown>;
  /** @default - its own */
  mode?: string;
}

async function rehearse(subject: Subject, pulumi: string, count: Count): Promise<void> {
  const { stack, mode, later = () => ({}), packConfig = {} } = subject;
  const changes = subject.changes?.(subject.config) ?? {};
  const config = { ...subject.config, ...changes };
  const revisions =
    mode === undefined
      ? revisionsOf(stack, config)
      : revisionsInMode(config, { later, packConfig });
  console.log(`\n${pc.bold(mode === undefined ? stack : `${stack}, in ${mode} mode`)}`);
  const pack = join(repository, "policies");
  const open = async (program: PulumiFn): Promise<Rehearsal> => {
    const { signal } = aborted;
    const given = { stack, pulumi, program, pack, signal, changes, packConfig };
    const rehearsal = await Rehearsal.open({
      ...given,
      ...accountOf(config, ...revisions.map((revision) => revision.config)),
    });
    opened.push(rehearsal);
    return rehearsal;
  };
  const rehearsal = await open(loadProgram());
  const life = mode === undefined ? lifeOfStack : shortLifeOfStack;
  const steps = life({ stack, config, revisions, pack, rehearsal, openOther: open });
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
