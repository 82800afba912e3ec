import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { rename, rm } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";
import { refusalOfGo } from "./refusal";

const run = promisify(execFile);
const longestRefusal = 300;
const cacheDirectory = resolve(__dirname, "../../.cache/tools");

/** A program that is built from its Go module; `test/tools/<name>/` holds its pinned `go.mod` and `go.sum`. */
interface GoTool {
  /** Name of the command. */
  name: string;
  /** Folder of its module. @default - the name */
  folder?: string;
  /** Import path of the command. */
  package: string;
  /** Module that holds the command: its version in `go.mod` is the version of the tool. */
  module: string;
  tags: string[];
  /** Linker flags beyond `-s -w`, for the given version. */
  ldflags: (version: string) => string[];
}

const pulumi: GoTool = {
  name: "pulumi",
  package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
  module: "github.com/pulumi/pulumi/pkg/v3",
  tags: ["grpcnotrace", "osusergo"],
  ldflags: (version) => [`-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${version}`],
};

const opentofu: GoTool = {
  name: "tofu",
  folder: "opentofu",
  package: "github.com/opentofu/opentofu/cmd/tofu",
  module: "github.com/opentofu/opentofu",
  tags: [],
  // Without it the version that the build reports ends in `-dev`.
  ldflags: () => ["-X github.com/opentofu/opentofu/version.dev=no"],
};

/** Release of the AWS provider for Terraform at the commit of its module, as its file `version/VERSION` says. */
export const awsProviderVersion = "6.47.1";

const awsProvider: GoTool = {
  name: "terraform-provider-aws",
  package: "github.com/hashicorp/terraform-provider-aws",
  module: "github.com/hashicorp/terraform-provider-aws",
  tags: [],
  ldflags: () => [
    `-X github.com/hashicorp/terraform-provider-aws/version.ProviderVersion=${awsProviderVersion}`,
  ],
};

const vault: GoTool = {
  name: "vault",
  package: "github.com/hashicorp/vault",
  module: "github.com/hashicorp/vault",
  // The tag `minimal` would leave out the login of AWS principals.
  tags: [],
  ldflags: () => [],
};

const etcd: GoTool = {
  name: "etcd",
  package: "go.etcd.io/etcd/server/v3",
  module: "go.etcd.io/etcd/server/v3",
  tags: [],
  ldflags: () => [],
};

/** The tools cannot run as they were asked to, here; the message says what to do. */
export class CannotRun extends Error {}

/** The source of a tool is not to be had here: what has it refused, or cannot be reached. The message says so. */
export class Refused extends CannotRun {}

const exitCodes = { cannotRun: 2, refused: 3 };

/**
 * Says why a command cannot run, and sets the exit code: 3 where a source was refused, of which CI counts the step as
 * skipped, and 2 otherwise. Any other error is thrown on.
 */
export function reportCannotRun(error: unknown): void {
  if (!(error instanceof CannotRun)) throw error;
  const refused = error instanceof Refused;
  console.error(refused ? `refused: ${error.message}` : error.message);
  process.exitCode = refused ? exitCodes.refused : exitCodes.cannotRun;
}

export interface FoundTool {
  /** Absolute path of the executable. */
  path: string;
  /** Where it comes from, for the report. */
  origin: "PATH" | "cache" | "built";
}

/**
 * The Pulumi engine: the one on `PATH` when there is one, else the pinned one, which is built once into
 * `.cache/tools`. Throws `CannotRun` when it would have to be built and Go is missing or too old, `Refused` when its source
 * is not to be had.
 */
export async function findPulumi(announce: (line: string) => void): Promise<FoundTool> {
  const onPath = findOnPath(pulumi.name, process.env["PATH"] ?? "");
  return onPath === undefined ? buildOnce(pulumi, announce) : { path: onPath, origin: "PATH" };
}

/** The pinned Vault: one on `PATH` may be of another version, which starts in another way. Throws as `findPulumi` does. */
export async function findVault(announce: (line: string) => void): Promise<FoundTool> {
  return buildOnce(vault, announce);
}

/** The pinned etcd, as the one of Vault. */
export async function findEtcd(announce: (line: string) => void): Promise<FoundTool> {
  return buildOnce(etcd, announce);
}

/**
 * Folder of cert-manager's definitions of its resources, from the pinned module. Throws as `findPulumi` does.
 */
export async function findCertManagerCrds(): Promise<string> {
  const source = join(__dirname, "cert-manager");
  const goMod = readFileSync(join(source, "go.mod"), "utf8");
  await requireGo(requiredGo(goMod), "cert-manager's module");
  const args = ["mod", "download", "-json", "github.com/cert-manager/cert-manager"];
  try {
    const { stdout } = await run("go", args, { cwd: source, env: goEnvironment() });
    return join((JSON.parse(stdout) as { Dir: string }).Dir, "deploy/crds");
  } catch (error) {
    // Go tells an error of a download in its answer.
    const { stderr = "", stdout = "" } = error as { stderr?: string; stdout?: string };
    const refusal = refusalOfGo(`${stderr}\n${stdout}`);
    if (refusal !== undefined) throw new Refused(`the source of cert-manager: ${refusal}`);
    throw new CannotRun(`cert-manager's module could not be had: ${stderr}${stdout}`);
  }
}

/** What drives the AWS provider. */
export interface FoundTerraform {
  /** OpenTofu, or the Terraform that is on `PATH`. */
  cli: FoundTool;
  /** The provider; absent when `init` brings it, as with a CLI of the user's. */
  provider?: FoundTool;
}

/**
 * A `tofu` or `terraform` on `PATH` that gets the provider from its registry; else OpenTofu and the provider, each built
 * once into `.cache/tools`. Throws `CannotRun` as `findPulumi` does.
 */
export async function findTerraform(announce: (line: string) => void): Promise<FoundTerraform> {
  const path = process.env["PATH"] ?? "";
  const onPath = findOnPath("tofu", path) ?? findOnPath("terraform", path);
  if (onPath !== undefined) {
    const refusal = await refusalOfInit(onPath);
    if (refusal === undefined) return { cli: { path: onPath, origin: "PATH" } };
    announce(`${onPath} cannot get the AWS provider, so it is built: ${refusal}`);
  }
  const cli = await buildOnce(opentofu, announce);
  return { cli, provider: await buildOnce(awsProvider, announce) };
}

/** Where a command of the user's keeps the providers that it downloads for us. */
export const pluginCache = join(cacheDirectory, "terraform-plugins");

/** What a module must say to get the provider. */
export const requiredProviders = {
  required_providers: { aws: { source: "hashicorp/aws", version: awsProviderVersion } },
};

/** Why `init` does not get the provider, in one line; undefined when it does. */
export async function refusalOfInit(cli: string): Promise<string | undefined> {
  const directory = mkdtempSync(join(tmpdir(), "drawbridge-init-"));
  mkdirSync(pluginCache, { recursive: true });
  writeFileSync(join(directory, "main.tf.json"), JSON.stringify({ terraform: requiredProviders }));
  try {
    const env = { ...process.env, TF_PLUGIN_CACHE_DIR: pluginCache };
    await run(cli, ["init", "-input=false", "-no-color"], { cwd: directory, env });
    return undefined;
  } catch (error) {
    const { stderr = "", message } = error as Error & { stderr?: string };
    const text = stderr.slice(stderr.indexOf("Error: ")).replaceAll(/[│╷╵\s]+/g, " ");
    return (text.trim() || message).slice(0, longestRefusal);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

export function findOnPath(name: string, path: string): string | undefined {
  const directories = path.split(delimiter).filter((directory) => directory !== "");
  return directories.map((directory) => resolve(directory, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    // A folder can be entered, which is the same permission.
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

async function buildOnce(tool: GoTool, announce: (line: string) => void): Promise<FoundTool> {
  const source = join(__dirname, tool.folder ?? tool.name);
  const goMod = readFileSync(join(source, "go.mod"), "utf8");
  const goSum = readFileSync(join(source, "go.sum"), "utf8");
  const hash = createHash("sha256").update(goMod).update("\0").update(goSum).digest("hex");
  const target = join(cacheDirectory, `${tool.name}-${hash.slice(0, 16)}`);
  const path = join(target, tool.name);
  if (existsSync(path)) return { path, origin: "cache" };

  const version = requiredVersion(goMod, tool.module);
  await requireGo(requiredGo(goMod), tool.name);
  announce(`building ${tool.name} ${version} from its Go module, once: this takes minutes`);
  mkdirSync(cacheDirectory, { recursive: true });
  const workspace = mkdtempSync(join(cacheDirectory, ".build-"));
  try {
    await build(tool, version, source, join(workspace, tool.name));
    await publish(workspace, target);
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
  return { path, origin: "built" };
}

/** Another run may have published the same build meanwhile: the first one stays, they are alike. */
async function publish(workspace: string, target: string): Promise<void> {
  try {
    await rename(workspace, target);
  } catch (error) {
    if (!existsSync(target)) throw error;
  }
}

async function build(tool: GoTool, version: string, source: string, out: string): Promise<void> {
  const args = ["build", "-trimpath", "-mod=readonly", "-buildvcs=false"];
  if (tool.tags.length > 0) args.push("-tags", tool.tags.join(","));
  args.push("-ldflags", ["-s", "-w", ...tool.ldflags(version)].join(" "));
  try {
    await run("go", [...args, "-o", out, tool.package], { cwd: source, env: goEnvironment() });
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    const refusal = refusalOfGo(stderr);
    if (refusal !== undefined) throw new Refused(`the source of ${tool.name}: ${refusal}`);
    const lastLines = stderr.trim().split("\n").slice(-5).join("\n");
    throw new CannotRun(
      `${tool.name} could not be built; put ${tool.name} on PATH or let Go reach its module proxy:\n${lastLines}`,
    );
  }
}

/** Flags of the user's environment must not change the build, and no other toolchain is ever downloaded. */
function goEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOTOOLCHAIN: "local", GOWORK: "off" };
}

async function requireGo(wanted: string, tool: string): Promise<void> {
  const advice = `install Go >= ${wanted}, or put ${tool} on PATH`;
  const found = await goVersion();
  if (found === undefined) throw new CannotRun(`go is not on PATH: ${advice}`);
  if (isOlder(found, wanted)) throw new CannotRun(`go on PATH is ${found}: ${advice}`);
}

async function goVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await run("go", ["env", "GOVERSION"], { env: goEnvironment() });
    return stdout.trim().replace(/^go/, "");
  } catch {
    return undefined;
  }
}

/** Whether Go version `found` is before `wanted`; a development build (`devel …`) counts as new enough. */
export function isOlder(found: string, wanted: string): boolean {
  const numbers = (version: string) => (/^\d+(\.\d+)*/.exec(version)?.[0] ?? "").split(".");
  if (!/^\d/.test(found)) return false;
  const [have, need] = [numbers(found), numbers(wanted)];
  const different = need.findIndex((part, i) => Number(part) !== Number(have[i] ?? 0));
  return different >= 0 && Number(have[different] ?? 0) < Number(need[different]);
}

/** The `go` line of a `go.mod`: the oldest Go that its dependencies accept. */
export function requiredGo(goMod: string): string {
  const version = /^go (\S+)$/m.exec(goMod)?.[1];
  if (version === undefined) throw new Error("go.mod must have a go line");
  return version;
}

/** Version of a required module in a `go.mod`, such as `v3.230.0`. */
export function requiredVersion(goMod: string, module: string): string {
  const line = goMod.split("\n").map((text) =>
    text
      .trim()
      .replace(/^require /, "")
      .split(" "),
  );
  const version = line.find(([path]) => path === module)?.[1];
  if (version === undefined) throw new Error(`go.mod must require ${module}`);
  return version;
}
