import { execFile } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { vaultHost } from "../../../components/vault/server-config";
import { serverRoleArns } from "../../../components/vault/servers";
import { Moto } from "../../verify-aws/moto";
import { setUp } from "../../vault/first-boot-by-hand";
import { VaultServer } from "../../vault/server";
import type { VaultSettings } from "./serve";

/** What a place is made with. */
export interface VaultTools {
  /** The `vault` command. */
  command: string;
  /** The Python that has moto. */
  python: string;
}

/** Of whose stack a Vault is. */
export interface VaultOwner {
  prefix: string;
  accountId: string;
  region: string;
  deployerRoleArn: string;
}

/** A real Vault as its first boot leaves it, beside an AWS that says who somebody is. */
export class VaultPlace {
  private constructor(
    private readonly directory: string,
    private readonly moto: Moto,
    private readonly server: VaultServer,
    /** File of the settings by which the stand-in for the vault provider finds it. */
    readonly file: string,
  ) {}

  static async open({ command, python }: VaultTools, owner: VaultOwner): Promise<VaultPlace> {
    const directory = realpathSync(mkdtempSync(join(tmpdir(), "drawbridge-vault-")));
    const moto = await Moto.open(python, owner.accountId, owner.region);
    const serverId = vaultHost(owner.prefix);
    const people = await rolesOf(python, moto, owner);
    const server = await VaultServer.open(command, directory, people.vault, [serverId]);
    await setUp(server, moto.endpoint, {
      ...owner,
      serverId,
      serverRoleArns: serverRoleArns(owner),
    });
    const { host, port } = server.address;
    const settings: VaultSettings = {
      command,
      host,
      port,
      caFile: server.caFile,
      aws: moto.endpoint,
      deployer: people.deployer,
    };
    const file = join(directory, "settings.json");
    writeFileSync(file, JSON.stringify(settings));
    return new VaultPlace(directory, moto, server, file);
  }

  /** What the stack file says of it: it is not where its name leads. */
  get address(): string {
    const { host, port } = this.server.address;
    return `https://${host}:${port}`;
  }

  close(): void {
    this.server.close();
    this.moto.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Credentials of the deployer's role and of the servers', each made in moto. */
async function rolesOf(
  python: string,
  { endpoint }: Moto,
  owner: VaultOwner,
): Promise<Record<"deployer" | "vault", Record<string, string>>> {
  const script = join(__dirname, "roles.py");
  const args = [script, endpoint, owner.region, owner.deployerRoleArn, ...serverRoleArns(owner)];
  const { stdout } = await promisify(execFile)(python, args);
  return JSON.parse(stdout) as Record<"deployer" | "vault", Record<string, string>>;
}
