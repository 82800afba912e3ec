import { mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import * as vault from "@pulumi/vault";

/** Where Vault answers the machine that runs Pulumi. */
export interface Door {
  /** URL, without a closing slash. */
  address: string;
  /** Name that the certificate of Vault's servers must have, whatever the address is. */
  serverName: string;
}

export interface DoorArgs extends Door {
  /** AWS region of the stack. */
  region: string;
  /** The CA that vouches for Vault's servers, PEM. */
  caCertificate: pulumi.Input<string>;
  /** What must stand before a server of Vault can answer. */
  servers: pulumi.CustomResource[];
  /** File, from the folder of the project, that takes the CA for the provider, which reads files alone. */
  caFile: string;
  /** How long to wait for Vault. @default - a quarter of an hour; two minutes when it is sealed */
  patience?: Patience;
}

interface Patience {
  seconds: number;
  sealedSeconds: number;
  pauseSeconds: number;
}

/** How long a new Vault may take: its servers install it, and the first one sets it up. */
const patienceSeconds = 15 * 60;
/** A Vault unseals within seconds of its start, or not at all. */
const sealedSeconds = 2 * 60;

/**
 * The provider that configures Vault, as the deployer's role that AWS vouches for: no token is in configuration, state or
 * environment. An `up` goes through it once Vault lets the deployer in, and ends with what is wrong when it does not; what
 * is in Vault is untouched then. A preview asks nobody.
 */
export function vaultProvider(
  name: string,
  args: DoorArgs,
  opts?: pulumi.ResourceOptions,
): vault.Provider {
  const { address, serverName, region, caFile } = args;
  const caCertFile = pulumi.output(args.caCertificate).apply(async (ca) => {
    mkdirSync(dirname(caFile), { recursive: true });
    writeFileSync(caFile, ca);
    const asks = !pulumi.runtime.isDryRun() && (await areMade(args.servers));
    if (asks) await untilOpen({ address, serverName }, ca, args.patience);
    return caFile;
  });
  return new vault.Provider(
    name,
    {
      address,
      caCertFile,
      tlsServerName: serverName,
      authLoginAws: { role: "deployer", awsRegion: region, headerValue: serverName },
      // A child of the token would need a right to make tokens.
      skipChildToken: true,
    },
    opts,
  );
}

/**
 * Waits until the resources are there, and says whether they are: of an `up` for targets some may be left out. It makes no
 * edge to them in the graph: when the engine refuses a `destroy` it walks
 * every path from each resource, of which there would be billions (`markAsDependency` of
 * github.com/pulumi/pulumi/blob/master/pkg/resource/graph/dependency_graph.go). All that is in Vault goes with its servers anyway.
 */
async function areMade(resources: pulumi.CustomResource[]): Promise<boolean> {
  // An Output tells it, though its types do not.
  const ids = pulumi.all(resources.map(({ id }) => id)) as unknown as { isKnown: Promise<boolean> };
  return ids.isKnown;
}

/** Why a Vault cannot be configured, and what to do. */
type Trouble = "unreachable" | "uninitialised" | "sealed";

const remedies: Record<Trouble, string> = {
  unreachable:
    "reach it from a network that the access mode opens, or set vault.address to the end of a tunnel (The way to Vault in docs/operations.md); servers answer nobody before their first boot has ended either, and say what they wait for (What servers say in docs/vault.md)",
  uninitialised:
    "its first server sets it up and says what it waits for: see First boot in docs/vault.md",
  sealed:
    "enable the KMS key of its seal and let the role of its servers use it; it unseals by itself then",
};

/** Waits until Vault can be configured. Throws a `pulumi.RunError` that says what is wrong when it takes too long. */
export async function untilOpen(
  door: Door,
  ca: string,
  patience: Patience = { seconds: patienceSeconds, sealedSeconds, pauseSeconds: 5 },
): Promise<void> {
  const began = Date.now();
  const waited = () => (Date.now() - began) / 1000;
  for (;;) {
    const found = await health(door, ca);
    if (found === undefined) return;
    const [trouble, detail] = found;
    const most = trouble === "sealed" ? patience.sealedSeconds : patience.seconds;
    const said = `Vault at ${door.address} is ${trouble}${detail}`;
    if (waited() >= most) throw new pulumi.RunError(`${said}: ${remedies[trouble]}`);
    await pulumi.log.info(`${said}; waiting`, undefined, undefined, true);
    await sleep(patience.pauseSeconds * 1000);
  }
}

/** What keeps Vault from being configured; undefined when nothing does. Codes: developer.hashicorp.com/vault/api-docs/system/health */
async function health(door: Door, ca: string): Promise<[Trouble, string] | undefined> {
  try {
    const status = await statusOf(door, ca);
    if (status === 200) return undefined;
    if (status === 501) return ["uninitialised", ""];
    if (status === 503) return ["sealed", ""];
    return ["unreachable", `, what answers there has status ${status}`];
  } catch (error) {
    return ["unreachable", `, ${(error as Error).message || String(error)}`];
  }
}

function statusOf({ address, serverName }: Door, ca: string): Promise<number> {
  const url = `${address}/v1/sys/health?standbyok=true&perfstandbyok=true`;
  return new Promise((resolve, reject) => {
    const asked = request(
      url,
      { ca, servername: serverName, timeout: 10_000, agent: false },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      },
    );
    asked.on("timeout", () => asked.destroy(new Error("no answer within 10 seconds")));
    asked.on("error", reject);
    asked.end();
  });
}
