import { writeFileSync } from "node:fs";
import { Command } from "commander";
import pc from "picocolors";
import type { StackConfig } from "../../plan/stack-file";
import { InputError } from "../../plan/input-error";
import { findTerraform, Refused, reportCannotRun, type FoundTerraform } from "../tools/build";
import { AccountServer } from "./account-server";
import { findMoto, Moto } from "./moto";
import type { ProviderSchema } from "./provider-schema";
import {
  motoSteps,
  planSteps,
  replacementSteps,
  replacementsFile,
  toldReplacements,
  type StackArgs,
  type Step,
} from "./steps";
import { subjectsOf, type Subject } from "./subjects";
import { Workspace } from "./terraform";

interface Options {
  stack: string[];
  access: string[];
  logStore?: boolean;
  writeReplacements?: boolean;
}

const count = { passed: 0, failed: 0, skipped: 0 };
/** What has to be closed at the end, whatever happens. */
const opened: { close: () => void }[] = [];

async function main(): Promise<void> {
  const asked = options();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => process.exit(130));
  }
  process.on("exit", closeAll);
  try {
    const subjects = subjectsOf(asked.stack, asked.access);
    const tools = await findTerraform(console.log);
    await verify(tools, subjects, asked);
  } catch (error) {
    if (!(error instanceof InputError)) return reportCannotRun(error);
    console.error(error.message);
    process.exitCode = 2;
  } finally {
    closeAll();
  }
}

function closeAll(): void {
  for (const each of opened.splice(0)) each.close();
}

function options(): Options {
  return new Command("verify:aws")
    .description("Let the real AWS provider of Terraform judge what the stacks would build.")
    .option("--stack <name...>", "stacks to verify", ["dev", "prod"])
    .option("--access <mode...>", "access modes to verify the first stack in as well", [
      "ssh",
      "vpn",
    ])
    .option("--log-store", "apply the log store as well, for whose domain the provider waits long")
    .option("--write-replacements", "only write what the provider replaces, for the rehearsal")
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .parse()
    .opts<Options>();
}

async function verify(
  tools: FoundTerraform,
  subjects: readonly Subject[],
  { writeReplacements = false, logStore = false }: Options,
): Promise<void> {
  const { cli, provider } = tools;
  console.log(`Terraform: ${cli.path} (${cli.origin})`);
  console.log(`AWS provider: ${provider ? `${provider.path} (${provider.origin})` : "by init"}`);
  const nowhere = await AccountServer.open(accountOf(subjects[0]?.config));
  opened.push(nowhere);
  const workspace = await open(tools, nowhere.endpoint);
  const schema = await workspace.schema();
  if (writeReplacements) {
    const problems = await problemsOf(() => writeTold(workspace, schema));
    for (const problem of problems) console.error(problem);
    process.exitCode = problems.length === 0 ? 0 : 1;
    return;
  }
  const moto = await motoOrRefusal();
  // Side by side: most of the time the provider waits for AWS to settle, for a minute at each load balancer.
  const ended = await Promise.allSettled([
    runAll("replacements", replacementSteps(workspace, schema)),
    ...subjects.map((subject) => verifyStack(tools, schema, subject, moto, logStore)),
  ]);
  const broken = ended.find((each) => each.status === "rejected");
  if (broken) throw broken.reason;
  const skipped = count.skipped === 0 ? "" : `, ${count.skipped} skipped`;
  console.log(`${count.passed} passed, ${count.failed} failed${skipped}`);
  process.exitCode = count.failed === 0 ? 0 : 1;
}

async function writeTold(workspace: Workspace, schema: ProviderSchema): Promise<string[]> {
  const told = await toldReplacements(workspace, schema);
  writeFileSync(replacementsFile, `${JSON.stringify(told, null, 2)}\n`);
  return [];
}

async function verifyStack(
  tools: FoundTerraform,
  schema: ProviderSchema,
  { title, config }: Subject,
  moto: string | Refused,
  patient: boolean,
): Promise<void> {
  const account = await AccountServer.open(accountOf(config));
  opened.push(account);
  const args = { config, schema, workspace: await open(tools, account.endpoint), patient };
  const sound = await runAll(title, planSteps(args, account.refused));
  if (moto instanceof Refused) {
    count.skipped += 1;
    say(title, `${pc.yellow("skipped")} the life of the stack in moto: ${moto.message}`);
    return;
  }
  if (sound) await liveInMoto(tools, title, args, moto);
}

async function liveInMoto(
  tools: FoundTerraform,
  title: string,
  args: StackArgs,
  python: string,
): Promise<void> {
  const { config } = args;
  const region = config.values["drawbridge:region"] ?? "";
  const moto = await Moto.open(python, accountOf(config), region);
  opened.push(moto);
  const workspace = await open(tools, moto.endpoint);
  const announce = (line: string) => say(title, `       ${line}`);
  await runAll(title, motoSteps({ ...args, workspace }, moto, announce));
  moto.close();
}

async function open(tools: FoundTerraform, endpoint: string): Promise<Workspace> {
  const workspace = await Workspace.open(tools, endpoint);
  opened.push(workspace);
  return workspace;
}

async function motoOrRefusal(): Promise<string | Refused> {
  try {
    return await findMoto(console.log);
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
}

/** The account that a stack is meant for. */
function accountOf(config: StackConfig | undefined): string {
  const [account = ""] = JSON.parse(
    config?.values["drawbridge:allowedAccountIds"] ?? "[]",
  ) as string[];
  return account;
}

/** Prints a line about one of the subjects that are looked at side by side. */
function say(subject: string, line: string): void {
  console.log(`${pc.bold(subject)} ${line}`);
}

/** Runs the steps of a subject, which build on each other; true when all of them passed. */
async function runAll(subject: string, steps: Step[]): Promise<boolean> {
  let [broken, sound] = [false, true];
  for (const { title, basis = false, run } of steps) {
    const start = performance.now();
    const problems = broken ? ["not run"] : await problemsOf(run);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const passed = problems.length === 0;
    say(subject, `${passed ? pc.green("passed") : pc.red("failed")} ${title} (${seconds} s)`);
    for (const problem of problems) say(subject, `       ${problem}`);
    count[passed ? "passed" : "failed"] += 1;
    broken ||= !passed && basis;
    sound &&= passed;
  }
  return sound;
}

/** A step that cannot run for what an earlier one has not left has failed as well. */
async function problemsOf(run: Step["run"]): Promise<string[]> {
  try {
    return await run();
  } catch (error) {
    return (error as Error).message.split("\n");
  }
}

void main();
