import { execFile } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { vaultHost } from "../../../components/vault/server-config";
import { serverRoleArns } from "../../../components/vault/server-profile";
import { Moto } from "../../verify-aws/moto";
import { neighbours } from "../../vault/by-hand";
import type { Visitor } from "../../vault/cases";
import { ClusterApi } from "../../vault/cluster";
import { setUp } from "../../vault/first-boot-by-hand";
import { clusterObjects } from "../../vault/issuers";
import { loginByIam } from "../../vault/place";
import { VaultServer } from "../../vault/server";
import { accountVisitors } from "../../vault/visitors";
import type { VaultSettings } from "./serve";

/** Who operates the control plane of the program's cluster. */
export const controlPlane = "eks";

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

interface Parts {
  directory: string;
  command: string;
  owner: VaultOwner;
  moto: Moto;
  server: VaultServer;
  cluster: ClusterApi;
  deployer: Record<string, string>;
}

/** A real Vault as its first boot leaves it, beside an AWS and a cluster that say who somebody is. */
export class VaultPlace {
  private constructor(
    private readonly parts: Parts,
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
    const cluster = await ClusterApi.open(directory);
    cluster.objects = [...clusterObjects(controlPlane, server), ...neighbours(controlPlane)];
    const { host, port } = server.address;
    const settings: VaultSettings = {
      command,
      host,
      port,
      caFile: server.caFile,
      aws: moto.endpoint,
      deployer: people.deployer,
      cluster: { host: cluster.host, caCertificate: cluster.caCertificate },
    };
    const file = join(directory, "settings.json");
    writeFileSync(file, JSON.stringify(settings));
    const { deployer } = people;
    return new VaultPlace({ directory, command, owner, moto, server, cluster, deployer }, file);
  }

  get server(): VaultServer {
    return this.parts.server;
  }

  get cluster(): ClusterApi {
    return this.parts.cluster;
  }

  /** What the stack file says of it: it is not where its name leads. */
  get address(): string {
    const { host, port } = this.server.address;
    return `https://${host}:${port}`;
  }

  /** A new token of the deployer's. */
  deployer(): Promise<string> {
    const { command, server, owner, deployer: credentials } = this.parts;
    const header = vaultHost(owner.prefix);
    const login = { method: "aws", role: "deployer", header, in: owner.region };
    return loginByIam(command, server, login, { credentials });
  }

  /** The service accounts of the table, each with a new token. */
  visitors(): Promise<Record<string, Visitor>> {
    return accountVisitors(controlPlane, this.parts);
  }

  close(): void {
    const { server, moto, cluster, directory } = this.parts;
    server.close();
    moto.close();
    cluster.close();
    rmSync(directory, { recursive: true, force: true });
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
