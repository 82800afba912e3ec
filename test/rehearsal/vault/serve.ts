import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { promisify } from "node:util";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import {
  answer,
  changedInputs,
  common,
  decoded,
  diffResponse,
  properties,
  serve,
  struct,
  typeOf,
  type Properties,
} from "../provider";
import { call, said, type Answer } from "./client";
import { kinds, type Anybody, type Kind, type Vault } from "./kinds";

/** Environment variable that names the file of the settings. */
export const vaultVariable = "DRAWBRIDGE_REHEARSAL_VAULT";

/** Where the real Vault is, and AWS for those who log in to it. */
export interface VaultSettings {
  /** The `vault` command, which logs in as a deployer's would. */
  command: string;
  host: string;
  port: number;
  caFile: string;
  /** URL of the stand-in for AWS, which Vault asks who somebody is. */
  aws: string;
  /** Credentials of the deployer's role, as environment variables. */
  deployer: Record<string, string>;
  /** The part of a cluster's API that Vault asks. @default - where the program says */
  cluster?: { host: string; caCertificate: string };
}

/** How the provider's configuration has Vault verified. */
interface Trust {
  caFile: string;
  serverName?: string;
}

/** The part of the provider's configuration by which the program logs in. */
interface IamLogin {
  role: string;
  awsRegion: string;
  headerValue: string;
}

/**
 * The vault provider as the engine sees it, without the real one's code: it logs in by IAM as its configuration says,
 * and sends every resource to a real Vault. What Vault does not know or does not take is an error.
 */
class StandIn {
  private token: Promise<string> | undefined;
  private trust: Trust;

  constructor(private readonly settings: VaultSettings) {
    this.trust = { caFile: settings.caFile };
  }

  calls() {
    return {
      ...common,
      diffConfig: answer((request: messages.DiffRequest) =>
        diffResponse(changedInputs(request).length > 0),
      ),
      configure: answer((request: messages.ConfigureRequest) => this.configure(request)),
      check: answer((request: messages.CheckRequest) =>
        new messages.CheckResponse().setInputs(request.getNews()),
      ),
      diff: answer((request: messages.DiffRequest) => this.diff(request)),
      create: answer((request: messages.CreateRequest) => this.create(request)),
      read: answer((request: messages.ReadRequest) => this.read(request)),
      update: answer((request: messages.UpdateRequest) => this.update(request)),
      delete: answer((request: messages.DeleteRequest) => this.delete(request)),
    };
  }

  private configure(request: messages.ConfigureRequest): messages.ConfigureResponse {
    const args = properties(request.getArgs());
    for (const secret of ["token", "authLoginUserpass", "authLoginTokenFile"]) {
      if (args[secret] !== undefined)
        throw new Error(`the provider must log in by IAM, got ${secret}`);
    }
    const { caCertFile, tlsServerName: serverName } = args;
    if (typeof caCertFile === "string") this.trust = { caFile: resolve(caCertFile) };
    if (typeof serverName === "string") this.trust = { ...this.trust, serverName };
    const login = decoded(args["authLoginAws"]) as IamLogin;
    this.token = this.login(login);
    // Refused logins are told by the call that needs the token.
    this.token.catch(() => undefined);
    return new messages.ConfigureResponse()
      .setAcceptsecrets(false)
      .setSupportspreview(false)
      .setAcceptresources(false)
      .setAcceptoutputs(false);
  }

  private async login({ role, awsRegion, headerValue }: IamLogin): Promise<string> {
    const { command, host, port, deployer } = this.settings;
    const { caFile, serverName } = this.trust;
    const args = ["login", "-method=aws", "-token-only", "-no-store", `role=${role}`];
    const env = {
      VAULT_ADDR: `https://${host}:${port}`,
      VAULT_CACERT: caFile,
      ...(serverName !== undefined && { VAULT_TLS_SERVER_NAME: serverName }),
      HOME: dirname(caFile),
      // The provider signs for the region's host; the command by its default for the global one.
      AWS_STS_REGIONAL_ENDPOINTS: "regional",
      ...deployer,
    };
    const { stdout } = await promisify(execFile)(
      command,
      [...args, `region=${awsRegion}`, `header_value=${headerValue}`],
      { env },
    );
    return stdout.trim();
  }

  private readonly vault: Vault = async (method, path, body) => {
    const { host, port } = this.settings;
    const { caFile, ...name } = this.trust;
    const ca = readFileSync(caFile, "utf8");
    const token = await this.token;
    const given = await call({ host, port, ca, ...name }, token, method, path, body);
    const ignored = given.warnings.filter(
      (text) => /unrecognized|ignored/i.test(text) && !isUsual(text),
    );
    if (given.status >= 300 || ignored.length > 0) throw new Refusal(method, path, given);
    return given;
  };

  private readonly anybody: Anybody = async (path) => {
    const { host, port } = this.settings;
    const { caFile, ...name } = this.trust;
    await this.token;
    const ca = readFileSync(caFile, "utf8");
    return call({ host, port, ca, ...name }, undefined, "GET", path);
  };

  private async diff(request: messages.DiffRequest): Promise<messages.DiffResponse> {
    const { kind } = kindOf(request.getUrn());
    const outputs = properties(request.getOlds());
    const lost = (await kind.lost?.(this.anybody, kind.path(outputs), outputs)) ?? [];
    const changed = changedInputs(request);
    const keys = [...changed, ...lost];
    return diffResponse(keys.length > 0)
      .setDiffsList(keys)
      .setReplacesList([...changed.filter((key) => kind.fixed.includes(key)), ...lost])
      .setDeletebeforereplace(true);
  }

  private async create(request: messages.CreateRequest): Promise<messages.CreateResponse> {
    const { kind, type } = kindOf(request.getUrn());
    const inputs = properties(request.getProperties());
    const at = kind.path(inputs);
    const outputs = await kind.create(this.vault, at, this.toVault(type, kind, inputs));
    return new messages.CreateResponse()
      .setId(`${type} ${at}`)
      .setProperties(struct({ ...inputs, ...outputs }));
  }

  private async read(request: messages.ReadRequest): Promise<messages.ReadResponse> {
    const { kind } = kindOf(request.getUrn());
    const inputs = properties(request.getInputs());
    const now = await this.found(kind, inputs);
    if (now === undefined) return new messages.ReadResponse();
    const outputs = properties(request.getProperties());
    return new messages.ReadResponse()
      .setId(request.getId())
      .setInputs(struct(now))
      .setProperties(struct({ ...outputs, ...now }));
  }

  /** The inputs as Vault has them; undefined when they are gone. */
  private async found(kind: Kind, inputs: Properties): Promise<Properties | undefined> {
    const at = kind.path(inputs);
    try {
      if (kind.present) {
        await kind.present(this.vault, at);
        return inputs;
      }
      const found = kind.read
        ? await kind.read(this.vault, at)
        : (await this.vault("GET", at)).data;
      return fromVault(kind, inputs, found);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (kind.isGone?.(error.given) ?? isNowhere(error.given)) return undefined;
      throw error;
    }
  }

  private async update(request: messages.UpdateRequest): Promise<messages.UpdateResponse> {
    const { kind, type } = kindOf(request.getUrn());
    const inputs = properties(request.getNews());
    const [at, values] = [kind.path(inputs), this.toVault(type, kind, inputs)];
    if (kind.update) await kind.update(this.vault, at, values);
    else await kind.create(this.vault, at, values);
    const olds = properties(request.getOlds());
    return new messages.UpdateResponse().setProperties(struct({ ...olds, ...inputs }));
  }

  private async delete(request: messages.DeleteRequest): Promise<Empty> {
    const { kind } = kindOf(request.getUrn());
    const outputs = properties(request.getProperties());
    const at = kind.path(outputs);
    if (kind.remove) await kind.remove(this.vault, at, outputs);
    else await this.vault("DELETE", at);
    return new Empty();
  }

  /** Inputs under Vault's names. The real AWS and the real cluster are out of reach, so Vault asks their stand-ins. */
  private toVault(type: string, kind: Kind, inputs: Properties): Properties {
    const given = Object.fromEntries(
      Object.entries(inputs)
        .filter(([input]) => !kind.place.includes(input))
        .map(([input, value]) => [vaultName(kind, input), value]),
    );
    const values = { ...kind.sent, ...given };
    const { aws, cluster } = this.settings;
    if (type === "vault:aws/authBackendClient:AuthBackendClient") {
      return { ...values, sts_endpoint: aws, iam_endpoint: aws, endpoint: aws };
    }
    if (type === "vault:kubernetes/authBackendConfig:AuthBackendConfig" && cluster) {
      const { host, caCertificate } = cluster;
      return { ...values, kubernetes_host: host, kubernetes_ca_cert: caCertificate };
    }
    return values;
  }
}

/** A root has no addresses of the authority above it, as there is none. */
function isUsual(warning: string): boolean {
  return warning.startsWith("When generating root CA, found global AIA configuration");
}

/** Something that Vault refused, or of which it took a part only. */
class Refusal extends Error {
  constructor(
    method: string,
    path: string,
    readonly given: Answer,
  ) {
    super(`${method} ${path}: Vault answered ${said(given)}`);
  }
}

/** There is nothing, or no mount for it to be in: `IsMountNotFoundError` of the provider. */
function isNowhere({ status, errors }: Answer): boolean {
  const isNoMount = errors.some((text) => /No secret engine mount at|No auth engine at/.test(text));
  return status === 404 || (status === 400 && isNoMount);
}

function kindOf(urn: string): { kind: Kind; type: string } {
  const type = typeOf(urn);
  const kind = kinds[type];
  if (!kind) throw new Error(`the stand-in for the vault provider must know ${type}`);
  return { kind, type };
}

function vaultName({ names = {} }: Kind, input: string): string {
  const own = Object.entries(names).find(([, name]) => name === input)?.[0];
  return own ?? input.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Inputs in whose place Vault has where the stand-ins are. */
const ofStandIns = new Set(["stsEndpoint", "kubernetesHost", "kubernetesCaCert"]);

/** The inputs with what Vault has for each. */
function fromVault(kind: Kind, inputs: Properties, found: Properties): Properties {
  const entries = Object.entries(inputs).map(([input, value]) => {
    if (kind.place.includes(input) || ofStandIns.has(input)) return [input, value];
    const now = found[vaultName(kind, input)];
    return [input, alike(value, now) ? value : now];
  });
  return Object.fromEntries(entries) as Properties;
}

/** Whether Vault's way of writing a value says the same. */
function alike(value: unknown, now: unknown): boolean {
  if (Array.isArray(value)) return JSON.stringify(value) === JSON.stringify(now ?? []);
  return value === now || plain(value) === plain(now);
}

const unitSeconds: Record<string, number> = { s: 1, m: 60, h: 3600 };

/** Durations are texts with a unit, numbers of seconds, or these as text. */
function plain(value: unknown): string {
  const [, number = "", unit = ""] = /^(\d+)([smh])$/.exec(String(value)) ?? [];
  return number === "" ? String(value) : `${Number(number) * (unitSeconds[unit] ?? 1)}`;
}

function main(): void {
  const file = process.env[vaultVariable];
  if (file === undefined) throw new Error(`${vaultVariable} must name the file of the settings`);
  const settings = JSON.parse(readFileSync(file, "utf8")) as VaultSettings;
  serve(new StandIn(settings).calls());
}

if (require.main === module) main();
