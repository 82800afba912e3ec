import { dirname, join, relative, resolve } from "node:path";
import { Command, CommanderError } from "commander";
import { InputError, traceHint } from "./input-error";
import type { GivenConfig, Judgement } from "./judge";
import { readPackConfig } from "./pack-config";
import type { Result } from "./report/result";
import type { OutputFile } from "./report/write";
import { blocks } from "./verdicts";

/** Options that plan and judge share. */
export interface OutputOptions {
  json?: string;
  sarif?: string;
  junit?: string;
  policyPack: string;
  policyPackConfig?: string;
  verbose?: boolean;
}

/** Exit codes of plan and judge. */
const exitCodes = { clean: 0, violation: 1, failure: 2 } as const;

/** The policy pack of this repository. */
const ownPack = relative(process.cwd(), join(__dirname, "..", "policies")) || ".";

/**
 * A path of the user, for this process. npm runs scripts in the folder of package.json and says where
 * it was called itself, which is what the user means.
 */
export function userPath(path: string): string {
  const { INIT_CWD: calledIn, npm_package_json: manifest } = process.env;
  const moved = calledIn !== undefined && manifest !== undefined;
  if (!moved || dirname(manifest) !== process.cwd() || calledIn === process.cwd()) return path;
  return relative(process.cwd(), resolve(calledIn, path)) || ".";
}

/** Reads the value of an option that names a file to write. */
function outputFile(option: string): (value: string) => string {
  return (value) => {
    // The report is what stdout holds, so a hyphen cannot mean it.
    if (value !== "" && value !== "-") return userPath(value);
    throw new InputError(`option '${option}' must name a file, got ${JSON.stringify(value)}`);
  };
}

/** A command with the options that plan and judge share. */
export function commandWithOutputs(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option(
      "--json <file>",
      "write resources and verdicts as a plan file (docs/plan.md)",
      outputFile("--json"),
    )
    .option("--sarif <file>", "write the findings as SARIF 2.1.0", outputFile("--sarif"))
    .option("--junit <file>", "write the verdicts as JUnit XML", outputFile("--junit"))
    .option("--policy-pack <folder>", "policy pack that judges", userPath, ownPack)
    .option("--policy-pack-config <file>", "JSON file that configures the rules", userPath)
    .option("--verbose", "show stack traces and what the program prints")
    .allowExcessArguments(false)
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
}

/** Parses the arguments; false when the command only had to show its help. */
export function parseArguments(command: Command, args: readonly string[]): boolean {
  try {
    command.parse(args, { from: "user" });
    return true;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return false;
    const [message = ""] = error.message.replace(/^error: /, "").split("\n");
    const hint =
      /Did you mean .*\?/.exec(error.message)?.[0] ?? `see npm run ${command.name()} -- --help`;
    throw new InputError(`${message}; ${hint}`);
  }
}

/** The user's configuration of the pack. */
export function givenConfig({ policyPackConfig: file }: OutputOptions): GivenConfig {
  return file === undefined ? { rules: new Map() } : { rules: readPackConfig(file), file };
}

/**
 * Writes the files that were asked for, shows the report and gives the exit code; `inputs` are the
 * files that were read, which no output may replace.
 */
export function present(result: Result, options: OutputOptions, inputs: readonly string[]): number {
  // Loaded at the end, while nothing else waits for this process.
  const { writeAll } = require("./report/write") as typeof import("./report/write");
  const files: OutputFile[] = [];
  if (options.json !== undefined) {
    const { jsonReport } = require("./report/json") as typeof import("./report/json");
    files.push({ path: options.json, content: jsonReport(result) });
  }
  if (options.sarif !== undefined) {
    const { sarifReport } = require("./report/sarif") as typeof import("./report/sarif");
    files.push({ path: options.sarif, content: sarifReport(result) });
  }
  if (options.junit !== undefined) {
    const { junitReport } = require("./report/junit") as typeof import("./report/junit");
    files.push({ path: options.junit, content: junitReport(result) });
  }
  writeAll(files, [
    ...inputs,
    ...(options.policyPackConfig === undefined ? [] : [options.policyPackConfig]),
  ]);
  const { consoleReport } = require("./report/console") as typeof import("./report/console");
  process.stdout.write(consoleReport(result));
  return exitCodeOf(result.judgement);
}

function exitCodeOf({ verdicts }: Judgement): number {
  return verdicts.some(blocks) ? exitCodes.violation : exitCodes.clean;
}

function faultLines(error: unknown, verbose: boolean): readonly string[] {
  if (error instanceof InputError) {
    return verbose ? error.lines.map((line) => line.replace(traceHint, "")) : error.lines;
  }
  if (!(error instanceof Error)) return [String(error)];
  return [verbose ? (error.stack ?? error.message) : error.message + traceHint];
}

/** Runs a command: its faults become lines on stderr and exit code 2. */
export async function main(run: () => Promise<number>): Promise<void> {
  const verbose = process.argv.includes("--verbose");
  if (verbose) Error.stackTraceLimit = 50;
  try {
    process.exitCode = await run();
  } catch (error) {
    const lines = faultLines(error, verbose);
    process.stderr.write(lines.map((line) => `error: ${line}\n`).join(""));
    process.exitCode = exitCodes.failure;
  }
}
