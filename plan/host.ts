import { createRequire } from "node:module";
import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { collect, ended, startNode } from "./child-process";
import type { Child } from "./child-process";
import { InputError, ProgramError, traceHint } from "./input-error";
import type { MonitorAddress } from "./monitor";
import { organization } from "./pack-process";
import { endOf, faultLines } from "./process-output";
import type { PropertyMap } from "./property-values";
import { redactedValue } from "./property-values";
import type { Redactor } from "./redactor";
import { Registrations } from "./registrations";
import type { Admit } from "./registrations";
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
  /** @default - minutes */
  patience?: Patience;
}

/** How long a program may do nothing that plan sees, in milliseconds. */
interface Patience {
  /** While it still has something to register: it may be compiled, or may read large files. */
  working: number;
  /** After its outputs are registered, which is the last that it does. */
  ending: number;
}

/** Many times what the largest programs take on the slowest machines of a CI. */
const patienceOfPlan: Patience = { working: 600_000, ending: 60_000 };

/** Node's own default; Node hangs when it colours longer traces, as the SDK asks it to. */
const tracedFrames = 10;

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

function startProgram(config: StackConfig, program: string, limit: number): Child {
  const { project, stack, projectDir } = config;
  const monitored: MonitorAddress = { project, stack, programDir: programDir(config, program) };
  const args = Object.entries({
    // The address of the monitor is what makes one: see in-program.cjs.
    monitor: JSON.stringify(monitored),
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
    preloads: [require.resolve("./log-end.cjs"), require.resolve("./start/in-program.cjs")],
    channel: true,
  });
}

const logged = /^(error|warning|info): \[runtime\] /;
/** What `log-end.cjs` writes after each message. */
const messageEnd = "\u0003";

/** The SDK's log messages in a text of its process: each begins with its severity. */
function logMessages(output: string, severity: string): string[] {
  const messages: { severity: string; lines: string[] }[] = [];
  let open: string[] | undefined;
  for (const line of output.split("\n")) {
    const start = logged.exec(line);
    if (start) {
      open = [];
      messages.push({ severity: start[1] ?? "", lines: open });
    }
    open?.push(line.slice(start?.[0].length ?? 0).replace(messageEnd, ""));
    if (line.endsWith(messageEnd)) open = undefined;
  }
  return messages
    .filter((message) => message.severity === severity)
    .map(({ lines }) => lines.join("\n").trim());
}

const wrapper = /^Running program '.*' failed with an unhandled exception:\n?/;

/** One fault of a program, without the SDK's words around it. */
interface Fault {
  lines: string[];
  /** True for what the program did not throw on purpose: it does not explain itself and has to be found. */
  unexpected: boolean;
}

/** What a failed program said. */
function programFaults(stderr: string, code: number | null, signal: string | null): Fault[] {
  const messages = logMessages(stderr, "error");
  const texts = messages.length > 0 ? messages : [stderr.replaceAll(messageEnd, "")];
  const faults = texts.map((text): Fault => {
    return { lines: faultLines(text.replace(wrapper, "")), unexpected: wrapper.test(text) };
  });
  if (faults.some(({ lines }) => lines.length > 0)) return faults;
  return [{ lines: [`the program ${endOf(code, signal)}`], unexpected: false }];
}

/** The lines of a fault as they are shown. */
function shownLines({ lines, unexpected }: Fault): string[] {
  const last = lines.length - 1;
  return lines.map((line, index) => (unexpected && index === last ? line + traceHint : line));
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
  child: Child;
}

/**
 * Starts the process of a program. Its registrations wait until somebody takes them, so the caller
 * can load what that needs while the program starts.
 */
export function launchProgram(config: StackConfig, given?: string, stackTraceLimit = 0): Launched {
  const program = programPath(config, given);
  return { config, child: startProgram(config, program, stackTraceLimit) };
}

/** Ends a program that has done nothing for too long; the result tells whether it did. */
function watch(child: Child, registrations: Registrations, patience: Patience) {
  const watched = { stuck: false, stop: () => clearInterval(timer) };
  const step = Math.min(1000, patience.ending / 2);
  const timer = setInterval(() => {
    const limit = registrations.complete ? patience.ending : patience.working;
    if (registrations.idleSince === undefined || Date.now() - registrations.idleSince < limit)
      return;
    watched.stuck = true;
    child.kill("SIGKILL");
  }, step);
  return watched;
}

async function serve({ child }: Launched, admit: Admit, patience = patienceOfPlan) {
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const end = ended(child);
  const registrations = new Registrations(child, admit);
  const watched = watch(child, registrations, patience);
  try {
    const { code, signal } = await end;
    // The SDK colours stack traces even when no terminal shows them.
    const [printed, said] = [stdout(), stderr()].map((text) => stripVTControlCharacters(text));
    const { stuck } = watched;
    return { registrations, code, signal, stuck, stdout: printed ?? "", stderr: said ?? "" };
  } finally {
    watched.stop();
    child.kill("SIGKILL");
  }
}

const admitAsItIs: Admit = () => Promise.resolve({});

function stuckFault({ complete }: Registrations, { working, ending }: Patience): string {
  return complete
    ? `the program has registered its outputs but does not end, ${ending / 1000} s after; something keeps it running, such as a timer, a server or an open connection: end that`
    : `the program has registered nothing for ${working / 1000} s and does not end; it waits for something that does not happen, or computes for ever`;
}

const incomplete =
  "the program ended before it was complete: its outputs were never registered; something that it awaits, or an output of the stack, never gets a value, or it called process.exit";

/** What the SDK says, in many words and with exit code 1, of a program that ends with 0 while registrations are under way. */
const leftBehind = /^The Pulumi runtime detected that \d+ promises? w(as|ere) still active/m;

/** Takes the registrations of a program until it ends. */
export async function observeProgram(
  launched: Launched,
  admit: Admit,
  patience = patienceOfPlan,
): Promise<PlannedStack> {
  const run = await serve(launched, admit, patience);
  const { registrations, code, signal, stuck, stdout, stderr } = run;
  const redactor = registrations.secrets;
  const redact = (text: string) => redactor.redact(text);
  const { config } = launched;
  if (registrations.faults.size > 0) throw new ProgramError([...registrations.faults].map(redact));
  const failed = logMessages(stderr, "error").length > 0;
  if (stuck && !failed) throw new ProgramError(stuckFault(registrations, patience));
  const left = !registrations.complete && !failed && leftBehind.test(stderr);
  if ((code !== 0 && !left) || failed) {
    // What a program stumbles over may come from what is wrong with the file.
    const meant = programFaults(stderr, code, signal).filter(
      ({ unexpected }) => !unexpected || config.faults.length === 0,
    );
    throw new ProgramError(stackFaults(config, meant.flatMap(shownLines).map(redact)));
  }
  if (config.faults.length > 0) throw new InputError(inFileOrder(config.faults));
  if (!registrations.complete) throw new ProgramError(incomplete);
  return {
    config,
    resources: [...registrations.resources.values()],
    outputs: redactedValue(registrations.outputs, (text) => redactor.isIn(text)) as PropertyMap,
    redactor,
    warnings: logMessages(stderr, "warning").map(redact),
    printed: redact(stdout),
  };
}

/** Runs a program that failed once more, with stack traces, and returns all that it wrote. */
export async function traceProgram(config: StackConfig, program?: string): Promise<string> {
  const launched = launchProgram(config, program, tracedFrames);
  const { registrations, stdout, stderr } = await serve(launched, admitAsItIs);
  return registrations.secrets.redact([stdout, stderr].filter((text) => text !== "").join("\n"));
}

/** Plans a stack: its configuration is read, its program run against a monitor that creates nothing. */
export async function planStack(request: PlanRequest): Promise<PlannedStack> {
  const config = readStackConfig(resolve(request.projectDir), request.stack);
  const launched = launchProgram(config, request.program);
  return observeProgram(launched, request.admit ?? admitAsItIs, request.patience);
}
