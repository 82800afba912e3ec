import { createServer } from "node:net";
import type { Server as Listener } from "node:net";
import { createRequire } from "node:module";
import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { collect, ended, startNode } from "./child-process";
import type { Child } from "./child-process";
import { InputError, ProgramError, traceHint } from "./input-error";
import type { Admit, ResourceMonitor } from "./monitor";
import { organization } from "./pack-process";
import { endOf, faultLines } from "./process-output";
import type { PropertyMap } from "./property-values";
import { redactedValue } from "./property-values";
import { Redactor } from "./redactor";
import { stackFaults } from "./stack-faults";
import { inFileOrder, readStackConfig } from "./stack-file";
import type { StackConfig } from "./stack-file";
import type { StackResource } from "./stack-resource";

/** A stack as the program describes it, before anything exists. */
export interface PlannedStack {
  config: StackConfig;
  /** In the order of their registration, with their secrets in place. */
  resources: StackResource[];
  /** Outputs of the program; secrets are `[secret]`, what is known only after `up` is the sentinel. */
  outputs: PropertyMap;
  /** Knows the secrets of all inputs and outputs. */
  redactor: Redactor;
  /** Warnings that the program logged, one text each. */
  warnings: string[];
  /** What the program printed on stdout. */
  printed: string;
}

export interface PlanRequest {
  /** Folder of `Pulumi.yaml`. */
  projectDir: string;
  stack: string;
  /** Program file or folder. @default - `main` of Pulumi.yaml, else of package.json */
  program?: string;
  /** Sees each resource before the program gets its answer. @default - nothing is changed */
  admit?: Admit;
}

const host = "127.0.0.1";
/** Node's own default; Node hangs when it colours longer traces, as the SDK asks it to. */
const tracedFrames = 10;

function listen(): Promise<{ listener: Listener; address: string }> {
  const listener = createServer();
  return new Promise((resolvePort, reject) => {
    listener.once("error", reject);
    listener.listen(0, host, () => {
      const address = listener.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      resolvePort({ listener, address: `${host}:${port}` });
    });
  });
}

/** The configuration as the SDK reads it from the environment. */
function configEnvironment(config: StackConfig): Record<string, string> {
  return {
    PULUMI_CONFIG: JSON.stringify(config.values),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(config.secretKeys),
  };
}

/** File of the program's own SDK that runs a program; a plan runs with the SDK that `up` runs with. */
function runner(projectDir: string): string {
  try {
    return createRequire(join(projectDir, "package.json")).resolve("@pulumi/pulumi/cmd/run");
  } catch {
    throw new InputError(`${projectDir}: @pulumi/pulumi must be installed; run npm ci`);
  }
}

function startProgram(config: StackConfig, address: string, program: string, limit: number): Child {
  const { project, stack, projectDir } = config;
  const args = Object.entries({
    monitor: address,
    organization,
    project,
    stack,
    "root-directory": projectDir,
    parallel: "32",
    pwd: projectDir,
  }).flatMap(([name, value]) => [`--${name}`, value]);
  return startNode(runner(projectDir), [...args, "--dry-run", program], {
    cwd: projectDir,
    env: configEnvironment(config),
    stackTraceLimit: limit,
  });
}

const logged = /^(error|warning|info): \[runtime\] /;

/** The SDK's log messages in a text of its process: each begins with its severity. */
function logMessages(output: string, severity: string): string[] {
  const messages: { severity: string; lines: string[] }[] = [];
  for (const line of output.split("\n")) {
    const start = logged.exec(line);
    if (start) messages.push({ severity: start[1] ?? "", lines: [line.slice(start[0].length)] });
    else messages.at(-1)?.lines.push(line);
  }
  return messages
    .filter((message) => message.severity === severity)
    .map(({ lines }) => lines.join("\n").trim());
}

const wrapper = /^Running program '.*' failed with an unhandled exception:\n?/;

/** What a failed program said, one line per fault and without the SDK's words around it. */
function programFaults(stderr: string, code: number | null, signal: string | null): string[] {
  const messages = logMessages(stderr, "error");
  const lines = (messages.length > 0 ? messages : [stderr]).flatMap((text) => {
    const fault = faultLines(text.replace(wrapper, ""));
    // What the program threw on purpose explains itself; anything else has to be found.
    return wrapper.test(text) ? fault.map((line) => line + traceHint) : fault;
  });
  return lines.length > 0 ? [...new Set(lines)] : [`the program ${endOf(code, signal)}`];
}

function programPath({ projectDir, program }: StackConfig, given: string | undefined): string {
  const path = given ?? program;
  // The SDK itself looks up `main` of package.json for a period.
  if (path === ".") return path;
  const absolute = resolve(projectDir, path);
  if (!existsSync(absolute)) throw new InputError(`program must be a file or folder, got ${path}`);
  return absolute;
}

function programDir(config: StackConfig, program: string): string {
  const absolute = resolve(config.projectDir, program);
  return statSync(absolute).isDirectory() ? absolute : dirname(absolute);
}

/** A program whose process has started. */
interface Launched {
  config: StackConfig;
  /** Folder that the paths of assets are relative to. */
  programDir: string;
  child: Child;
  listener: Listener;
}

/**
 * Starts the process of a program. Its registrations wait until somebody takes them, so the caller
 * can load what that needs while the program starts.
 */
export async function launchProgram(
  config: StackConfig,
  given?: string,
  stackTraceLimit = 0,
): Promise<Launched> {
  const program = programPath(config, given);
  const { listener, address } = await listen();
  const child = startProgram(config, address, program, stackTraceLimit);
  return { config, programDir: programDir(config, program), child, listener };
}

async function serve({ config, programDir: dir, child, listener }: Launched, admit: Admit) {
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const end = ended(child);
  const { ResourceMonitor: Monitor } = require("./monitor") as typeof import("./monitor");
  const monitor: ResourceMonitor = new Monitor(config, dir, admit);
  monitor.serve(listener);
  try {
    const { code, signal } = await end;
    // The SDK colours stack traces even when no terminal shows them.
    const [printed, said] = [stdout(), stderr()].map((text) => stripVTControlCharacters(text));
    return { monitor, code, signal, stdout: printed ?? "", stderr: said ?? "" };
  } finally {
    child.kill("SIGKILL");
    monitor.stop();
    listener.close();
  }
}

const admitAsItIs: Admit = () => Promise.resolve(undefined);

/** Knows the secrets of everything that was registered. */
function redactorOf(monitor: ResourceMonitor): Redactor {
  const redactor = new Redactor();
  redactor.learnFrom(monitor.secrets);
  for (const { inputs, outputs } of monitor.resources.values()) {
    redactor.learn(inputs);
    redactor.learn(outputs);
  }
  redactor.learn(monitor.outputs);
  return redactor;
}

/** Takes the registrations of a program until it ends. */
export async function observeProgram(launched: Launched, admit: Admit): Promise<PlannedStack> {
  const { monitor, code, signal, stdout, stderr } = await serve(launched, admit);
  const redactor = redactorOf(monitor);
  const redact = (text: string) => redactor.redact(text);
  const { config } = launched;
  if (monitor.faults.size > 0) throw new ProgramError([...monitor.faults].map(redact));
  if (code !== 0 || logMessages(stderr, "error").length > 0) {
    const said = programFaults(stderr, code, signal).map(redact);
    // What a program stumbles over may come from what is wrong with the file.
    const meant =
      config.faults.length > 0 ? said.filter((line) => !line.endsWith(traceHint)) : said;
    throw new ProgramError(stackFaults(config, meant));
  }
  if (config.faults.length > 0) throw new InputError(inFileOrder(config.faults));
  return {
    config,
    resources: [...monitor.resources.values()],
    outputs: redactedValue(monitor.outputs, (text) => redactor.isIn(text)) as PropertyMap,
    redactor,
    warnings: logMessages(stderr, "warning").map(redact),
    printed: redact(stdout),
  };
}

/** Runs a program that failed once more, with stack traces, and returns all that it wrote. */
export async function traceProgram(config: StackConfig, program?: string): Promise<string> {
  const launched = await launchProgram(config, program, tracedFrames);
  const { monitor, stdout, stderr } = await serve(launched, admitAsItIs);
  return redactorOf(monitor).redact([stdout, stderr].filter((text) => text !== "").join("\n"));
}

/** Plans a stack: its configuration is read, its program run against a monitor that creates nothing. */
export async function planStack(request: PlanRequest): Promise<PlannedStack> {
  const config = readStackConfig(resolve(request.projectDir), request.stack);
  const launched = await launchProgram(config, request.program);
  return observeProgram(launched, request.admit ?? admitAsItIs);
}
