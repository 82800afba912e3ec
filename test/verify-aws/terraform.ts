import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pluginCache, requiredProviders, type FoundTerraform } from "../tools/build";
import type { ProviderSchema } from "./provider-schema";
import type { Archive, Configuration } from "./translate";
import { zip } from "./zip";

/** How a command of Terraform ended. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** One change that a plan wants to make. */
export interface ResourceChange {
  address: string;
  type: string;
  name: string;
  change: {
    actions: string[];
    before: unknown;
    after: unknown;
    /** `true` where a value is not known before the change is made. */
    after_unknown?: unknown;
    /** Paths of the arguments for which the provider wants to replace the resource. */
    replace_paths?: (string | number)[][];
  };
}

export interface TerraformPlan {
  resource_changes?: ResourceChange[];
}

/** File in a workspace to which the provider's log goes. */
const providerLog = "provider.log";

// Each leads a process group, so that its providers end with it.
const running = new Set<number>();
process.on("exit", () => {
  for (const group of running) process.kill(-group, "SIGKILL");
});

/**
 * A module of Terraform in a temporary folder. It sees no credentials of the user's, and every service's address is on
 * this machine.
 */
export class Workspace {
  private constructor(
    private readonly tools: FoundTerraform,
    readonly directory: string,
    private readonly endpoint: string,
  ) {}

  /** `endpoint` is where all of AWS is: an address on the loopback. */
  static async open(tools: FoundTerraform, endpoint: string): Promise<Workspace> {
    const directory = realpathSync(mkdtempSync(join(tmpdir(), "drawbridge-verify-")));
    const workspace = new Workspace(tools, directory, endpoint);
    mkdirSync(join(directory, "home"));
    if (tools.provider) writeFileSync(join(directory, "cli.tfrc"), overrides(tools.provider.path));
    workspace.file("main.tf.json", { terraform: requiredProviders });
    if (tools.provider === undefined) await workspace.initialize();
    return workspace;
  }

  write(configuration: Configuration, archives: Record<string, Archive> = {}): void {
    this.file("main.tf.json", configuration);
    for (const [name, files] of Object.entries(archives)) {
      writeFileSync(join(this.directory, name), zip(files));
    }
  }

  /** Writes `value` as JSON. */
  file(name: string, value: unknown): void {
    writeFileSync(join(this.directory, name), JSON.stringify(value, null, 1));
  }

  read(name: string): unknown {
    return JSON.parse(readFileSync(join(this.directory, name), "utf8"));
  }

  async schema(): Promise<ProviderSchema> {
    const { stdout } = await this.must("providers", "schema", "-json");
    const { provider_schemas: schemas } = JSON.parse(stdout) as {
      provider_schemas: Record<string, Omit<ProviderSchema, "address">>;
    };
    const [entry] = Object.entries(schemas);
    if (entry === undefined) throw new Error("providers schema must have the AWS provider");
    const [address, schema] = entry;
    return { ...schema, address };
  }

  /** What `plan` wants to do; its file is kept under `name` for `apply`. */
  async plan(
    name: string,
    ...options: string[]
  ): Promise<{ errors: string[]; plan: TerraformPlan }> {
    const ended = await this.run("plan", "-input=false", "-no-color", ...options, `-out=${name}`);
    if (ended.code !== 0) return { errors: this.errors(ended), plan: {} };
    const { stdout } = await this.must("show", "-json", name);
    return { errors: [], plan: JSON.parse(stdout) as TerraformPlan };
  }

  /** Runs a command; what it says is what went wrong. */
  async errorsOf(...args: string[]): Promise<string[]> {
    const ended = await this.run(...args);
    return ended.code === 0 ? [] : this.errors(ended);
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async initialize(): Promise<void> {
    try {
      await this.must("init", "-input=false", "-no-color");
    } catch (error) {
      this.close();
      throw error;
    }
  }

  private async must(...args: string[]): Promise<Ended> {
    const ended = await this.run(...args);
    if (ended.code !== 0) {
      throw new Error([`${args.join(" ")} failed`, ...this.errors(ended)].join("\n"));
    }
    return ended;
  }

  /** Of a provider that crashed, a command knows only that it does not answer. */
  private errors(ended: Ended): string[] {
    const log = join(this.directory, providerLog);
    const crash = existsSync(log) ? crashOf(readFileSync(log, "utf8")) : undefined;
    return crash === undefined ? errorLines(ended) : [crash, ...errorLines(ended)];
  }

  private run(...args: string[]): Promise<Ended> {
    const { directory } = this;
    rmSync(join(directory, providerLog), { force: true });
    const child = spawn(this.tools.cli.path, args, {
      cwd: directory,
      env: environment(this.tools, directory, this.endpoint),
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const { pid } = child;
    if (pid !== undefined) running.add(pid);
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (data: Buffer) => stdout.push(data));
    child.stderr.on("data", (data: Buffer) => stderr.push(data));
    return new Promise((settle, reject) => {
      child.once("error", reject);
      child.once("close", (code) => {
        if (pid !== undefined) running.delete(pid);
        const [out, err] = [stdout, stderr].map((chunks) => Buffer.concat(chunks).toString("utf8"));
        settle({ code, stdout: out ?? "", stderr: err ?? "" });
      });
    });
  }
}

/** A provider that was built here is used as it is; else `init` gets it from the registry. */
function overrides(provider: string): string {
  const folder = JSON.stringify(dirname(provider));
  return `provider_installation {\n  dev_overrides {\n    "hashicorp/aws" = ${folder}\n  }\n  direct {}\n}\n`;
}

function environment(
  { provider }: FoundTerraform,
  directory: string,
  endpoint: string,
): Record<string, string> {
  return {
    PATH: "/usr/bin:/bin",
    ...(provider === undefined ? ofUser() : ownConfiguration(directory)),
    TF_IN_AUTOMATION: "true",
    CHECKPOINT_DISABLE: "true",
    TF_LOG_PROVIDER: "ERROR",
    TF_LOG_PATH: join(directory, providerLog),
    AWS_ENDPOINT_URL: endpoint,
    // The address of S3's account settings begins with the account: no name that this machine knows, so that the same
    // server is asked as the proxy for it. What is a plain address on the loopback is asked without one.
    HTTP_PROXY: endpoint,
    AWS_ACCESS_KEY_ID: "none",
    AWS_SECRET_ACCESS_KEY: "none",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_MAX_ATTEMPTS: "2",
  };
}

function ownConfiguration(directory: string): Record<string, string> {
  return { HOME: join(directory, "home"), TF_CLI_CONFIG_FILE: join(directory, "cli.tfrc") };
}

/** A command of the user's keeps what it knows of registries; what it downloads is kept between runs. */
function ofUser(): Record<string, string> {
  const names = ["HOME", "TF_CLI_CONFIG_FILE", "HTTPS_PROXY", "NO_PROXY"];
  const known = names.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return { TF_PLUGIN_CACHE_DIR: pluginCache, ...Object.fromEntries(known) };
}

/** The errors of a command, one line each: what is wrong, and with which resource. */
export function errorLines({ stdout, stderr }: Pick<Ended, "stdout" | "stderr">): string[] {
  const blocks = `${stdout}\n${stderr}`.split(/^(?=(?:│ )?(?:Error|Warning): )/m);
  const lines = blocks
    .filter((block) => /^(│ )?Error: /.test(block))
    .map((block) =>
      block
        .split("\n")
        .map((line) => line.replace(/^[│╵╷]\s?/, "").trim())
        .filter((line) => line !== "")
        .join(" "),
    );
  return lines.length > 0 ? lines : [stderr.trim() || stdout.trim()];
}

/** Why a provider crashed and where in its sources, by its log; undefined when it did not. */
export function crashOf(log: string): string | undefined {
  const [, reason] = /\bpanic: (.*)/.exec(log) ?? [];
  if (reason === undefined) return undefined;
  const [place = "a place that its log does not name"] =
    /internal\/service\/\S+\.go:\d+/.exec(log) ?? [];
  return `the provider crashed at ${place}: ${reason}`;
}
