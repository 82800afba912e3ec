import { setMaxListeners } from "node:events";
import { join } from "node:path";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { Command } from "commander";
import pc from "picocolors";
import { prefixOf } from "../../infra/config/stack";
import { CannotRun, findPulumi, findVault, reportCannotRun } from "../tools/build";
import { authorityChecks } from "../vault/authorities";
import { findMoto } from "../verify-aws/moto";
import { modeNamed, type AccessMode } from "./access-modes";
import { versionsBefore } from "./changes";
import { Rehearsal, forgetCredentials } from "./engine";
import { revisionsInMode, revisionsOf } from "./revisions";
import { accountOf, readStackConfig, repository, type Values } from "./stack-config";
import { lifeOfStack, shortLifeOfStack, type Step } from "./steps";
import { VaultPlace, type VaultOwner, type VaultTools } from "./vault/place";

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
const places: VaultPlace[] = [];

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
    const { path: command } = await findVault(console.log);
    const tools: Tools = { pulumi: path, command, python: await findMoto(console.log) };
    const count = { passed: 0, failed: 0 };
    for (const { stack, config } of configs) {
      await rehearse({ stack, config }, tools, count);
      for (const mode of modes) await rehearse({ stack, config, ...mode }, tools, count);
    }
    // No stack of the repository operates its control plane: the rows of the table for nodes are tried by themselves.
    console.log(`\n${pc.bold("the authorities of a self-managed control plane")}`);
    for await (const [title, check] of authorityChecks(tools, ["self-managed"])) {
      if (aborted.signal.aborted) break;
      count[(await passes({ title, run: async () => check() })) ? "passed" : "failed"] += 1;
    }
    console.log(`${count.passed} passed, ${count.failed} failed`);
    process.exitCode = count.failed === 0 && !aborted.signal.aborted ? 0 : 1;
  } catch (error) {
    reportCannotRun(error);
  } finally {
    for (const place of places) place.close();
    for (const rehearsal of opened) {
      if (keep) console.log(`kept: ${rehearsal.directory}`);
      else rehearsal.close();
    }
  }
}

/** What the stand-ins are built of. */
interface Tools extends VaultTools {
  /** The `pulumi` command. */
  pulumi: string;
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

/** Of whose stack the Vault is. */
function ownerOf(stack: string, config: Values): VaultOwner {
  return {
    prefix: prefixOf(stack),
    accountId: accountOf(config).accountId,
    region: String(config["region"]),
    deployerRoleArn: String(config["deployerRoleArn"]),
  };
}

async function rehearse(subject: Subject, tools: Tools, count: Count): Promise<void> {
  const { stack, mode, later = () => ({}), packConfig = {} } = subject;
  // In its own mode the stack goes up to newer versions later.
  const first = subject.changes?.(subject.config) ?? versionsBefore(subject.config);
  const place = await VaultPlace.open(tools, ownerOf(stack, subject.config));
  places.push(place);
  const vault = { ...(subject.config["vault"] as Values), address: place.address };
  const changes = { ...first, vault };
  const config = { ...subject.config, ...changes };
  const revisions =
    mode === undefined
      ? await revisionsOf(stack, config)
      : revisionsInMode(config, { later, packConfig });
  console.log(`\n${pc.bold(mode === undefined ? stack : `${stack}, in ${mode} mode`)}`);
  const pack = join(repository, "policies");
  const open = async (program: PulumiFn): Promise<Rehearsal> => {
    const { signal } = aborted;
    const { pulumi } = tools;
    const vaultFile = place.file;
    const given = { stack, pulumi, program, pack, signal, changes, packConfig, vaultFile };
    const rehearsal = await Rehearsal.open({
      ...given,
      ...accountOf(config, ...revisions.map((revision) => revision.config)),
    });
    opened.push(rehearsal);
    return rehearsal;
  };
  const rehearsal = await open(loadProgram());
  const life = mode === undefined ? lifeOfStack : shortLifeOfStack;
  const steps = life({ stack, config, revisions, pack, rehearsal, vault: place, openOther: open });
  let broken = false;
  for await (const step of steps) {
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
