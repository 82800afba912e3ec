import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import {
  LocalWorkspace,
  PulumiCommand,
  type EngineEvent,
  type PulumiFn,
  type Stack,
} from "@pulumi/pulumi/automation";
import { parseDocument } from "yaml";
import { worldVariable } from "./aws/serve";
import { emptyWorld, readWorld, writeWorld, type World } from "./aws/world";
import { vaultVariable } from "./vault/serve";

const repository = resolve(__dirname, "../..");

/** What a stack is rehearsed with. */
export interface RehearsalArgs {
  stack: string;
  /** Absolute path of the `pulumi` to use. */
  pulumi: string;
  /** The program, as a stack of Pulumi runs it. */
  program: PulumiFn;
  /** Folder of the policy pack. */
  pack: string;
  /** Account that the stand-in is. */
  accountId: string;
  /** IAM principals that are in the account already. */
  principals: string[];
  /** ARNs of ACM certificates that are there as well. */
  certificates: string[];
  /** What the stack file says otherwise than the repository's, by key without the project's name. */
  changes: Record<string, unknown>;
  /** What the pack is told at first, by rule. */
  packConfig: Record<string, unknown>;
  /** File of the settings by which the stand-in finds a real Vault. @default - the program has none */
  vaultFile?: string;
  /** Ends the operation that is under way. */
  signal: AbortSignal;
}

/** A violation, or an undecided rule, as the engine reports it. */
export interface PolicyEvent {
  resourceUrn?: string;
  policyName: string;
  message: string;
  enforcementLevel: string;
  severity?: string;
}

/** Rules that passed on a resource, or on the stack when there is no URN. */
export interface PolicySummary {
  resourceUrn?: string;
  passed: string[];
}

/** What an engine operation did. */
export interface Outcome {
  /** Operation by URN, without those that changed nothing. */
  operations: Record<string, string>;
  policyEvents: PolicyEvent[];
  summaries: PolicySummary[];
  /** What the program and the engine warn of. */
  warnings: string[];
  /** What went wrong, in the engine's words; absent when all went well. */
  failure?: string;
}

/** State of a stack, as `pulumi stack export` writes it. */
export interface StackState {
  resources: StateResource[];
}

export interface StateResource {
  urn: string;
  type: string;
  dependencies?: string[];
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  protect?: boolean;
  retainOnDelete?: boolean;
  deletedWith?: string;
  ignoreChanges?: string[];
  replaceOnChanges?: string[];
}

/** Events that the engine writes and that the SDK's types do not name. */
interface SummaryEvents {
  policyAnalyzeSummaryEvent?: Partial<PolicySummary>;
  policyAnalyzeStackSummaryEvent?: Partial<PolicySummary>;
}

/**
 * A stack on this machine: real engine, real program, real pack, an AWS that is a file. All of it lives in one
 * temporary folder; nothing of the user's is read or written.
 */
export class Rehearsal {
  /** What the pack is told, by rule, when it is asked next. */
  packConfig: Record<string, unknown>;

  private constructor(
    private readonly args: RehearsalArgs,
    /** The temporary folder. */
    readonly directory: string,
    private readonly stack: Stack,
  ) {
    this.packConfig = args.packConfig;
  }

  static async open(args: RehearsalArgs): Promise<Rehearsal> {
    const directory = realpathSync(mkdtempSync(join(tmpdir(), "drawbridge-rehearsal-")));
    try {
      layOut(directory, args);
      const stack = await LocalWorkspace.createOrSelectStack(
        { stackName: args.stack, projectName: "drawbridge", program: args.program },
        {
          workDir: join(directory, "project"),
          pulumiHome: join(directory, "home"),
          pulumiCommand: await PulumiCommand.get({ root: directory }),
          secretsProvider: "passphrase",
          envVars: environment(directory, args),
        },
      );
      return new Rehearsal(args, directory, stack);
    } catch (error) {
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** File of the plan that `preview` saves. */
  get planFile(): string {
    return join(this.directory, "engine-plan.json");
  }

  /** Folder of the project: the stack file is a copy, the rest is the repository's. */
  get project(): string {
    return join(this.directory, "project");
  }

  /** File that tells the pack what `packConfig` says. */
  get packConfigFile(): string {
    return join(this.directory, "policy-pack-config.json");
  }

  /** `pulumi preview`; levels are what `--policy-pack-config` says of rules besides. */
  preview(levels: Record<string, "advisory"> = {}): Promise<Outcome> {
    const { signal } = this.args;
    const policies = this.policies(levels);
    return this.observe((onEvent) =>
      this.stack.preview({ plan: this.planFile, ...policies, signal, onEvent }),
    );
  }

  /** `pulumi up`; levels as of a preview. */
  up(levels: Record<string, "advisory"> = {}): Promise<Outcome> {
    const { signal } = this.args;
    const policies = this.policies(levels);
    return this.observe((onEvent) => this.stack.up({ ...policies, signal, onEvent }));
  }

  /** The engine's command as people run it, without a pack: it starts the program itself, and previews an `up` first. */
  async byCommand(...words: string[]): Promise<{ code: number | null; said: string }> {
    const { envVars } = this.stack.workspace;
    const command = join(this.directory, "bin", "pulumi");
    const args = [...words, "--stack", this.args.stack, "--non-interactive", "--color", "never"];
    const env = {
      ...envVars,
      PATH: [join(this.directory, languageFolder), envVars["PATH"]].join(delimiter),
      PULUMI_HOME: join(this.directory, "home"),
      // `npm run check` has checked its types.
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    };
    const { signal } = this.args;
    const child = spawn(command, args, { cwd: this.project, env, signal });
    const output: Buffer[] = [];
    child.stdout.on("data", (data: Buffer) => output.push(data));
    child.stderr.on("data", (data: Buffer) => output.push(data));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, said: Buffer.concat(output).toString("utf8") };
  }

  refresh(): Promise<Outcome> {
    const { signal } = this.args;
    return this.observe((onEvent) => this.stack.refresh({ signal, onEvent }));
  }

  /** What `pulumi destroy` shows, and where it stops, before it asks. */
  previewDestroy(): Promise<Outcome> {
    const { signal } = this.args;
    return this.observe((onEvent) => this.stack.previewDestroy({ signal, onEvent }));
  }

  destroy(): Promise<Outcome> {
    const { signal } = this.args;
    return this.observe((onEvent) => this.stack.destroy({ signal, onEvent }));
  }

  async state(): Promise<StackState> {
    const { deployment } = await this.stack.exportStack();
    const { resources = [] } = deployment as Partial<StackState>;
    return { resources };
  }

  /** The stand-in's AWS account. */
  get world(): World {
    return readWorld(this.worldFile);
  }

  /** Changes the account behind the engine's back. */
  set world(world: World) {
    writeWorld(this.worldFile, world);
  }

  /** Sets a key in the rehearsal's copy of the stack's configuration, or takes it out. */
  configure(key: string, value: unknown): void {
    const document = parseDocument(readFileSync(this.stackFile, "utf8"));
    if (value === undefined) document.deleteIn(["config", key]);
    else document.setIn(["config", key], value);
    writeFileSync(this.stackFile, document.toString());
  }

  close(): void {
    process.chdir(repository);
    rmSync(this.directory, { recursive: true, force: true });
  }

  private get worldFile(): string {
    return join(this.directory, "world.json");
  }

  private policies(levels: Record<string, "advisory">) {
    writeFileSync(this.packConfigFile, JSON.stringify({ ...this.packConfig, ...levels }));
    return { policyPacks: [this.args.pack], policyPackConfigs: [this.packConfigFile] };
  }

  private get stackFile(): string {
    return join(this.project, `Pulumi.${this.args.stack}.yaml`);
  }

  private async observe(
    operation: (onEvent: (event: EngineEvent) => void) => Promise<unknown>,
  ): Promise<Outcome> {
    const outcome: Outcome = { operations: {}, policyEvents: [], summaries: [], warnings: [] };
    const errors: string[] = [];
    // Where a program runs of which the engine starts the process.
    process.chdir(this.project);
    try {
      await operation((event) => note(event, outcome, errors));
      return outcome;
    } catch (error) {
      const violations = outcome.policyEvents.filter(isViolation).map(lineOf);
      const causes = [...errors, ...violations].join("\n");
      return { ...outcome, failure: causes || (error as Error).message };
    }
  }
}

function note(event: EngineEvent & SummaryEvents, outcome: Outcome, errors: string[]): void {
  const metadata = event.resourcePreEvent?.metadata;
  if (metadata && metadata.op !== "same") outcome.operations[metadata.urn] = metadata.op;
  if (event.policyEvent) outcome.policyEvents.push(event.policyEvent);
  const summary = event.policyAnalyzeSummaryEvent ?? event.policyAnalyzeStackSummaryEvent;
  if (summary) outcome.summaries.push({ ...summary, passed: summary.passed ?? [] });
  const { severity, message = "" } = event.diagnosticEvent ?? {};
  if (severity === "error") errors.push(uncoloured(message));
  if (severity === "warning") outcome.warnings.push(uncoloured(message));
}

function isViolation({ enforcementLevel }: PolicyEvent): boolean {
  return enforcementLevel === "mandatory";
}

function lineOf({ policyName, resourceUrn = "the stack", message }: PolicyEvent): string {
  return `${policyName}: ${resourceUrn}: ${message.trim().replaceAll("\n", ": ")}`;
}

/** Without the engine's colour marks. */
function uncoloured(text: string): string {
  return text.replaceAll(/<\{%.*?%\}>/g, "").trim();
}

function layOut(directory: string, args: RehearsalArgs): void {
  for (const folder of ["bin", languageFolder, "home", "state", "project"]) {
    mkdirSync(join(directory, folder));
  }
  symlinkSync(args.pulumi, join(directory, "bin", "pulumi"));
  const tsx = ["-r", require.resolve("tsx/cjs")];
  for (const name of ["aws", "vault", "tls"]) {
    const plugin = join(directory, "bin", `pulumi-resource-${name}`);
    script(plugin, [...tsx, join(__dirname, name, "serve.ts")]);
  }
  const runPack = require.resolve("@pulumi/pulumi/cmd/run-policy-pack");
  script(join(directory, "bin", "pulumi-analyzer-policy-nodejs"), [runPack]);
  const language = join(directory, languageFolder, "pulumi-language-nodejs");
  script(language, [...tsx, join(__dirname, "language/serve.ts")]);
  for (const part of ["package.json", "infra", "node_modules"]) {
    symlinkSync(join(repository, part), join(directory, "project", part));
  }
  copyFileSync(join(repository, "Pulumi.yaml"), join(directory, "project", "Pulumi.yaml"));
  const stackFile = `Pulumi.${args.stack}.yaml`;
  const document = parseDocument(readFileSync(join(repository, stackFile), "utf8"));
  // The rehearsal has a passphrase of its own.
  for (const key of ["secretsprovider", "encryptedkey", "encryptionsalt"]) document.delete(key);
  for (const [key, value] of Object.entries(args.changes)) {
    document.setIn(["config", `drawbridge:${key}`], value);
  }
  writeFileSync(join(directory, "policy-pack-config.json"), JSON.stringify(args.packConfig));
  writeFileSync(join(directory, "project", stackFile), document.toString());
  writeWorld(
    join(directory, "world.json"),
    emptyWorld(args.accountId, args.principals, args.certificates),
  );
}

/** Folder of the language host, apart from the others: an engine that finds it asks it for packs as well. */
const languageFolder = "language";

/** An executable that runs Node, by which the engine starts its plugins. */
function script(file: string, args: string[]): void {
  const words = [process.execPath, "--stack-trace-limit=10", ...args].map(
    (word) => `'${word.replaceAll("'", String.raw`'\''`)}'`,
  );
  writeFileSync(file, `#!/bin/sh\nexec ${words.join(" ")} "$@"\n`);
  chmodSync(file, 0o755);
}

function environment(directory: string, { vaultFile }: RehearsalArgs): Record<string, string> {
  return {
    PATH: [join(directory, "bin"), dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter),
    HOME: join(directory, "home"),
    PULUMI_BACKEND_URL: `file://${join(directory, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: randomBytes(24).toString("base64url"),
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // The engine writes the whole state after each step otherwise, which takes more time than all the steps.
    PULUMI_SKIP_CHECKPOINTS: "true",
    [worldVariable]: join(directory, "world.json"),
    ...(vaultFile === undefined ? {} : { [vaultVariable]: vaultFile }),
  };
}

/**
 * Takes out of this process what is set for AWS and for Pulumi: the program runs in it, and its children inherit
 * from it.
 */
export function forgetCredentials(): void {
  for (const name of Object.keys(process.env)) {
    if (/^(AWS|PULUMI)_/.test(name)) delete process.env[name];
  }
}
