import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import * as vault from "@pulumi/vault";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import type { AuthoritiesTable, ControlPlane } from "../../components/vault/authorities";
import { deployerPolicy } from "../../components/vault/issuance";
import { Pki } from "../../components/vault/pki";
import type { Rotations } from "../../components/vault/rotation";
import { accountId, region } from "./account";
import type { ClusterApi } from "./cluster";
import type { VaultServer } from "./server";

export const domain = "dev.internal";
const serverId = `vault.${domain}`;
export const deployerRole = `arn:aws:iam::${accountId}:role/deployer`;

/** What nodes of each kind are known by. */
export const nodeIdentities = Object.fromEntries(
  ["etcd", "control-plane", "worker"].map((kind) => [
    kind,
    {
      roleArns: [`arn:aws:iam::${accountId}:role/nodes/dev-${kind}`],
      instanceProfileArns: [`arn:aws:iam::${accountId}:instance-profile/nodes/dev-${kind}`],
    },
  ]),
);

/** Somebody who has credentials of AWS. */
export interface Person {
  instance?: string;
  hostname?: string;
  credentials: Record<string, string>;
}

/** Who is in the stand-in for AWS. */
export interface People {
  vpc: string;
  people: Record<string, Person>;
}

export async function populate(python: string, endpoint: string): Promise<People> {
  const script = join(__dirname, "nodes.py");
  const args = [script, endpoint, accountId, region, deployerRole];
  const { stdout } = await promisify(execFile)(python, args);
  return JSON.parse(stdout) as People;
}

/** An instance goes away; the call is one of EC2's API, of which the stand-in reads no more of the signature than the scope. */
export async function terminate(aws: string, instance: string): Promise<void> {
  const scope = `${accountId}/20260101/${region}/ec2/aws4_request`;
  const given = await fetch(aws, {
    method: "POST",
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none`,
    },
    body: new URLSearchParams({
      Action: "TerminateInstances",
      Version: "2016-11-15",
      "InstanceId.1": instance,
    }),
  });
  if (!given.ok) throw new Error(`TerminateInstances: ${given.status} ${await given.text()}`);
}

/** What the first boot of a Vault leaves: the deployer may log in by IAM, and nobody has the first token any more. */
export async function firstBoot(server: VaultServer, aws: string): Promise<void> {
  const write = (path: string, body: object) => server.must(server.rootToken, "POST", path, body);
  await write("sys/auth/aws", { type: "aws" });
  await write("auth/aws/config/client", {
    sts_endpoint: aws,
    iam_endpoint: aws,
    endpoint: aws,
    sts_region: region,
    iam_server_id_header_value: serverId,
  });
  await write("sys/policies/acl/deployer", { policy: deployerPolicy });
  await write("auth/aws/role/deployer", {
    auth_type: "iam",
    bound_iam_principal_arn: [deployerRole],
    token_policies: ["deployer"],
    token_no_default_policy: true,
    token_max_ttl: "1h",
  });
  await write("auth/token/revoke-self", {});
}

/** What is reviewed: the authorities, what they went through, and whether a slip may delete them. */
export interface Reviewed {
  table: AuthoritiesTable;
  rotations: Rotations;
  deletionProtection: boolean;
}

/** A program that makes nothing but the authorities, as they are reviewed at the time. */
export function program(
  reviewed: Reviewed,
  controlPlane: ControlPlane,
  { vpc }: People,
  cluster: ClusterApi,
  { caFile }: VaultServer,
): PulumiFn {
  return () => {
    const provider = new vault.Provider("vault", {
      address: `https://${serverId}:8200`,
      authLoginAws: { role: "deployer", awsRegion: region, headerValue: serverId },
      caCertFile: caFile,
      skipChildToken: true,
    });
    new Pki(
      "pki",
      {
        table: reviewed.table,
        rotations: reviewed.rotations,
        controlPlane,
        accountId,
        region,
        vpcId: vpc,
        domain,
        vaultName: "vault",
        nodes: nodeIdentities,
        cluster,
        deletionProtection: reviewed.deletionProtection,
      },
      { providers: [provider] },
    );
    return Promise.resolve();
  };
}

/** Where somebody logs in, and as what. */
export interface Login {
  /** Path of the auth method. */
  method: string;
  role: string;
  /** Name of the Vault that the login is for; empty for none. @default - this one */
  header?: string;
  /** AWS region of who logs in. @default - this one */
  in?: string;
}

/** A token by IAM, as Vault's own client asks for it; what Vault refuses is thrown. */
export async function loginByIam(
  command: string,
  { address, caFile }: VaultServer,
  { method, role, header = serverId, in: place = region }: Login,
  { credentials }: Person,
): Promise<string> {
  const env = {
    VAULT_ADDR: `https://${address.host}:${address.port}`,
    VAULT_CACERT: caFile,
    HOME: dirname(caFile),
    ...credentials,
  };
  const args = ["login", "-method=aws", `-path=${method}`, "-token-only", "-no-store"];
  args.push(`role=${role}`, `region=${place}`);
  if (header !== "") args.push(`header_value=${header}`);
  const { stdout } = await promisify(execFile)(command, args, { env });
  return stdout.trim();
}

/** Who has a name among the people. */
export function person({ people }: People, name: string): Person {
  const one = people[name];
  if (!one) throw new Error(`${name} must be among the people`);
  return one;
}
