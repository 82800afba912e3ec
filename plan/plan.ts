import { join } from "node:path";
import { commandWithOutputs, givenConfig, main, parseArguments, present } from "./command-line";
import type { OutputOptions } from "./command-line";
import { launchProgram, observeProgram, traceProgram } from "./host";
import type { PlannedStack } from "./host";
import { ProgramError } from "./input-error";
import { Judge } from "./judge";
import type { Judgement } from "./judge";
import { packFolder } from "./pack-process";
import type { Cost, PlannedResource } from "./schema";
import { readStackConfig } from "./stack-file";
import type { StackConfig } from "./stack-file";
import { plannedResource } from "./stack-resource";
import { byCodePoint } from "./urn";

interface PlanOptions extends OutputOptions {
  stack: string;
}

interface Judged {
  planned: PlannedStack;
  /** The resources as they are shown, by URN. */
  resources: PlannedResource[];
  cost: Cost;
  judgement: Judgement;
}

function shown({ resources, redactor }: PlannedStack): PlannedResource[] {
  return resources
    .map((resource) => plannedResource(resource, redactor))
    .toSorted((a, b) => byCodePoint(a.urn, b.urn));
}

/** Loaded when the program has ended, so that nothing waits for it. */
function costOf(resources: readonly PlannedResource[]): Cost {
  const { estimate } = require("./cost/estimate") as typeof import("./cost/estimate");
  const { readPrices } = require("./cost/price-list") as typeof import("./cost/price-list");
  return estimate(resources, readPrices());
}

/** The pack still has resources to judge when the program ends: what does not need its answers is done meanwhile. */
async function judged(planned: PlannedStack, judge: Judge): Promise<Judged> {
  const judging = judge.finish(planned.resources, planned.redactor);
  // It is awaited below, but may fail before.
  judging.catch(() => undefined);
  const resources = shown(planned);
  const cost = costOf(resources);
  return { planned, resources, cost, judgement: await judging };
}

/** The program waits for the pack's answer to each registration, as it does with the engine. */
async function judgeInStep(config: StackConfig, judge: Judge): Promise<Judged> {
  const launched = launchProgram(config);
  const planned = await observeProgram(launched, async (resource) => {
    return { inputs: await judge.admit(resource) };
  });
  return judged(planned, judge);
}

/**
 * The program goes on while the pack still starts. That is right unless a rule changes one of the
 * resources that were answered so: then nothing is returned.
 */
async function judgeAside(config: StackConfig, start: () => Judge): Promise<Judged | undefined> {
  const launched = launchProgram(config);
  const judge = start();
  const late: Promise<unknown>[] = [];
  const planned = await observeProgram(launched, async (resource) => {
    const change = judge.admit(resource);
    if (judge.started) return { inputs: await change };
    late.push(change);
    change.catch(() => undefined);
    return {};
  });
  const changes = await Promise.all(late);
  if (changes.some((change) => change !== undefined)) return undefined;
  return judged(planned, judge);
}

async function planAndJudge(config: StackConfig, start: () => Judge): Promise<Judged> {
  const judges: Judge[] = [];
  const startAnother = () => {
    const judge = start();
    judges.push(judge);
    return judge;
  };
  try {
    const done = await judgeAside(config, startAnother);
    return done ?? (await judgeInStep(config, startAnother()));
  } finally {
    for (const judge of judges) judge.stop();
  }
}

async function plan(): Promise<number> {
  const command = commandWithOutputs(
    "plan",
    "Runs the program of a stack without credentials and judges what it would build.",
  ).option("--stack <name>", "stack to plan", "dev");
  if (!parseArguments(command, process.argv.slice(2))) return 0;
  const options = command.opts<PlanOptions>();
  const given = givenConfig(options);
  const folder = packFolder(options.policyPack);
  const config = readStackConfig(process.cwd(), options.stack);
  const verbose = options.verbose === true;
  try {
    const start = () => new Judge(folder, config, given);
    const { planned, resources, cost, judgement } = await planAndJudge(config, start);
    if (verbose) process.stderr.write(planned.printed);
    return present(
      {
        project: config.project,
        stack: config.stack,
        resources,
        judgement,
        cost,
        existing: false,
        warnings: planned.warnings,
        places: new Map(),
        place: { file: config.file, line: 1 },
      },
      options,
      [join(config.projectDir, "Pulumi.yaml"), config.file],
    );
  } catch (error) {
    if (verbose && error instanceof ProgramError) process.stderr.write(await traceProgram(config));
    throw error;
  }
}

void main(plan);
