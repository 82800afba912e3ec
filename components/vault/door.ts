import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import * as vault from "@pulumi/vault";
import { activePath } from "./server-config";

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
  /** How long an `up` waits for Vault. @default - a quarter of an hour; two minutes while it is sealed */
  patience?: Patience;
}

interface Patience {
  seconds: number;
  sealedSeconds: number;
  pauseSeconds: number;
  /** What else can be done when it is over. @default - nothing */
  otherwise?: string;
}

/**
 * A new Vault may take a quarter of an hour: its servers install it, and the first one sets it up. It unseals within
 * seconds of its start, or not at all.
 */
const patienceOfUp: Patience = { seconds: 15 * 60, sealedSeconds: 2 * 60, pauseSeconds: 5 };

const patienceOfPreview: Patience = {
  seconds: 0,
  sealedSeconds: 0,
  pauseSeconds: 0,
  otherwise:
    "pulumi up --skip-preview waits for it, and makes meanwhile what does not depend on it",
};

/**
 * The provider that configures Vault, as the deployer's role that AWS vouches for: no token is in configuration, state or
 * environment. An `up` goes through it once Vault lets the deployer in, and ends with what is wrong when it does not; what
 * is in Vault is untouched then.
 *
 * A preview of servers that stand asks as well, and once: to say that an authority stays as it is, the provider logs in and
 * reads its certificate (`CustomizeDiff` in github.com/hashicorp/terraform-provider-vault v5.8.0,
 * vault/resource_pki_secret_backend_root_cert.go), and what it says of a Vault that it cannot reach tells nobody what to do.
 */
export function vaultProvider(
  name: string,
  args: DoorArgs,
  opts?: pulumi.ResourceOptions,
): vault.Provider {
  const { address, serverName, region, caFile } = args;
  const door = { address, serverName };
  const caCertFile = alsoUnknown(args.caCertificate, async (ca) => {
    const made = await areMade(args.servers);
    const isPreview = pulumi.runtime.isDryRun();
    if (ca === undefined)
      return isPreview && made.includes(true) ? fileOfBefore(door, caFile) : undefined;
    mkdirSync(dirname(caFile), { recursive: true });
    writeFileSync(caFile, ca);
    // To a preview a server that is about to be replaced is not there; to an `up` for targets, one that it leaves out.
    const asks = isPreview ? made.includes(true) : !made.includes(false);
    const patience = isPreview ? patienceOfPreview : (args.patience ?? patienceOfUp);
    if (asks) await untilOpen(door, ca, patience);
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

/** As `apply`, but of what a preview does not know as well; undefined stands for it on both sides. */
function alsoUnknown(
  input: pulumi.Input<string>,
  act: (value: string | undefined) => Promise<string | undefined>,
): pulumi.Output<string> {
  const known = (value: unknown) => (typeof value === "string" ? value : undefined);
  // The SDK has it, and leaves it out of its types.
  const output = pulumi.output(input) as unknown as {
    apply(act: (value: unknown) => Promise<unknown>, withUnknowns: boolean): pulumi.Output<string>;
  };
  return output.apply(async (value) => (await act(known(value))) ?? pulumi.unknown, true);
}

/**
 * The file that an earlier run has left, where Vault answers by it. The certificate that its CA is about to get is of the
 * same key, so that the former one verifies Vault as well; without one, a preview knows nothing of what is in Vault, and
 * counts all of it as updates. People are told why: it may be that other certificates are what mends it, so the preview
 * goes on.
 */
async function fileOfBefore(door: Door, caFile: string): Promise<string | undefined> {
  const why = await whyUnread(door, caFile);
  if (why === undefined) return caFile;
  // Whoever waits for a message waits for all before it, of which one may be about what waits for the provider.
  void pulumi.log.warn(
    `${why}. So all that is in Vault is shown as updates; the up leaves alone what stays as it is`,
  );
  return undefined;
}

async function whyUnread(door: Door, caFile: string): Promise<string | undefined> {
  try {
    const trouble = await troubleOf(door, readFileSync(caFile, "utf8"));
    return trouble && `Vault at ${door.address} ${trouble.says}: ${trouble.remedy}`;
  } catch (error) {
    return `${caFile} has the certificate by which Vault is verified until it gets another one, and cannot be read (${(error as Error).message}): pulumi up writes it`;
  }
}

/**
 * Waits until the resources are there, and says of each whether it is. It makes no edge to them in the graph: when the
 * engine refuses a `destroy` it walks every path from each resource, of which there would be billions (`markAsDependency` of
 * github.com/pulumi/pulumi/blob/master/pkg/resource/graph/dependency_graph.go). All that is in Vault goes with its servers anyway.
 */
function areMade(resources: pulumi.CustomResource[]): Promise<boolean[]> {
  // An Output tells it, though its types do not.
  const ids = resources.map(({ id }) => id as unknown as { isKnown: Promise<boolean> });
  return Promise.all(ids.map(({ isKnown }) => isKnown));
}

/** Why a Vault cannot be configured. */
interface Trouble {
  /** What is wrong, after the name of Vault. */
  says: string;
  /** What to do. */
  remedy: string;
}

const sealed: Trouble = {
  says: "is sealed",
  remedy:
    "enable the KMS key of its seal and let the role of its servers use it; it unseals by itself then",
};

const noneActive =
  "two of its three servers must be in service and reach each other: see What servers say in docs/vault.md";

/**
 * What servers answer instead of 200, which is the active one's: developer.hashicorp.com/vault/api-docs/system/health, and
 * github.com/hashicorp/vault/blob/v1.21.0/http/sys_health.go. Its other codes are of Enterprise. While none is active, the
 * load balancer leads to all of them: docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html
 */
const troubles: Partial<Record<number, Trouble>> = {
  429: {
    says: "has no active server",
    remedy: `${noneActive}. When another one has just become active, the load balancer leads to it within 20 seconds`,
  },
  474: {
    says: "has no active server, a standby that answers there has lost it",
    remedy: noneActive,
  },
  501: {
    says: "is uninitialised",
    remedy:
      "its first server sets it up and says what it waits for: see First boot in docs/vault.md",
  },
  503: sealed,
  530: {
    says: "has no active server, one that was removed from its peers answers there",
    remedy: `${noneActive}. One that was removed does not come back with its data: see A volume is lost there`,
  },
};

function unreachable(detail: string): Trouble {
  return {
    says: `is unreachable, ${detail}`,
    remedy:
      "reach it from a network that the access mode opens, or set vault.address to the end of a tunnel (The way to Vault in docs/operations.md); servers answer nobody before their first boot has ended either, and say what they wait for (What servers say in docs/vault.md)",
  };
}

/** Waits until Vault can be configured. Throws a `pulumi.RunError` that says what is wrong when it takes too long. */
export async function untilOpen(door: Door, ca: string, patience: Patience): Promise<void> {
  const began = Date.now();
  // It listens before it unseals, each of its servers once more: of a Vault that is coming, "sealed" is news for seconds.
  let sealedSince: number | undefined;
  for (;;) {
    const trouble = await troubleOf(door, ca);
    if (trouble === undefined) return;
    sealedSince = trouble === sealed ? (sealedSince ?? Date.now()) : undefined;
    const waited = (Date.now() - (sealedSince ?? began)) / 1000;
    const most = sealedSince === undefined ? patience.seconds : patience.sealedSeconds;
    const said = `Vault at ${door.address} ${trouble.says}`;
    if (waited >= most) {
      const { otherwise } = patience;
      const remedy = trouble.remedy + (otherwise === undefined ? "" : `; ${otherwise}`);
      throw new pulumi.RunError(`${said}: ${remedy}`);
    }
    void pulumi.log.info(`${said}; waiting`, undefined, undefined, true);
    await sleep(patience.pauseSeconds * 1000);
  }
}

/** What keeps Vault from being configured; undefined when nothing does. */
async function troubleOf(door: Door, ca: string): Promise<Trouble | undefined> {
  try {
    const status = await statusOf(door, ca);
    if (status === 200) return undefined;
    return troubles[status] ?? unreachable(`what answers there has status ${status}`);
  } catch (error) {
    return unreachable((error as Error).message || String(error));
  }
}

function statusOf({ address, serverName }: Door, ca: string): Promise<number> {
  // What configures Vault takes the active server: a standby that knows of none answers 500, to a login as well
  // (github.com/hashicorp/vault/blob/v1.21.0/http/handler.go).
  const url = `${address}${activePath}`;
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
