import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deployerPolicy, snapshotsPolicy } from "./issuance";

/** Who gets a recovery key, encrypted so that nobody else can read it. */
export interface RecoveryHolder {
  /** Name of the person. */
  name: string;
  publicKey: {
    /** Fingerprint of the PGP key, in capitals without spaces. */
    fingerprint: string;
    /** The public PGP key, binary, in base64. */
    binary: string;
    /** When it ends, in the form of ISO 8601. @default - never */
    expires?: string;
  };
}

/** From the recovery secret, which is made first, to servers that have set Vault up; a failed `up` is repeated. */
const setUpHours = 24;

/** Why Vault would encrypt no recovery key to somebody: it takes no key that has ended. */
export function expiryFault(holders: RecoveryHolder[], now: Date): string | undefined {
  const least = new Date(now.getTime() + setUpHours * 60 * 60 * 1000).toISOString();
  const faults = holders.flatMap(({ publicKey: { expires } }, i) =>
    expires !== undefined && expires < least
      ? [
          `vault.recoveryHolders[${i}].publicKey must last until Vault is set up, ${setUpHours} hours from now, got one that expires at ${expires}`,
        ]
      : [],
  );
  return faults.length === 0
    ? undefined
    : `${faults.join("; ")}: its holder gives it a later end with gpg --edit-key, command expire, or makes another one`;
}

export interface FirstBootArgs {
  /** Whether this node initialises Vault: of all nodes the first one, and no other. */
  initialises: boolean;
  /** AWS region of the stack. */
  region: string;
  /** Folder of what must outlive the instance, on a volume of its own. */
  dataFolder: string;
  /** Path of Vault's executable. */
  vault: string;
  /** Files with the settings of the server that is not open yet. */
  serverConfigs: string[];
  /** Address of that server's API. */
  address: string;
  /** File with the CA of the server's certificate. */
  caFile: string;
  /** File with the calls that turn on the audit devices, as `auditCalls` gives them. */
  auditCalls: string;
  /** ARN of the secret that takes the recovery keys. */
  recoverySecret: string;
  /** How many of the recovery keys make a root token. */
  recoveryThreshold: number;
  /** Who gets a recovery key: at least as many as the threshold. */
  recoveryHolders: RecoveryHolder[];
  /** Value of the header that binds a login to this Vault, and to no other that somebody may run. */
  serverId: string;
  /** ARN of the IAM role that configures Vault. */
  deployerRoleArn: string;
  /** ARNs of the IAM roles of the nodes. */
  serverRoleArns: string[];
}

/** The script of the first boot, of which Python runs a copy on each node. */
export const firstBootScript = readFileSync(join(__dirname, "first-boot.py"), "utf8");

/** The settings of the script, as a text of JSON. None of them is secret. */
export function firstBootSettings(args: FirstBootArgs): string {
  return JSON.stringify({
    initialises: args.initialises,
    region: args.region,
    dataFolder: args.dataFolder,
    vault: args.vault,
    serverConfigs: args.serverConfigs,
    address: args.address,
    caFile: args.caFile,
    auditCalls: args.auditCalls,
    recoverySecret: args.recoverySecret,
    recovery: {
      threshold: args.recoveryThreshold,
      holders: args.recoveryHolders.map(({ name, publicKey: { fingerprint, binary } }) => ({
        name,
        fingerprint,
        publicKey: binary,
      })),
    },
    calls: callsOfRoot(args),
  });
}

/** Calls of Vault's API that write, in their order: what is sent, by the path. */
export type WriteCalls = Record<string, object>;

/** The calls that turn on audit devices, as a text of JSON; the names of the devices with their files. */
export function auditCalls(files: Record<string, string>): string {
  const calls = Object.entries(files).map(([name, file_path]) => [
    `sys/audit/${name}`,
    { type: "file", options: { file_path, mode: "0600" } },
  ]);
  return JSON.stringify(Object.fromEntries(calls));
}

/** What else takes the root token. */
function callsOfRoot({ region, ...args }: FirstBootArgs): WriteCalls {
  return {
    "sys/policies/acl/deployer": { policy: deployerPolicy },
    "sys/policies/acl/snapshots": { policy: snapshotsPolicy },
    "sys/auth/aws": { type: "aws", description: "IAM principals of this account" },
    "auth/aws/config/client": {
      iam_server_id_header_value: args.serverId,
      // Without them Vault calls the endpoint of us-east-1, which is not the one that nodes reach inside the VPC.
      sts_endpoint: `https://sts.${region}.amazonaws.com`,
      sts_region: region,
    },
    "auth/aws/role/deployer": login([args.deployerRoleArn], "deployer", deployerSeconds),
    "auth/aws/role/vault-server": login(args.serverRoleArns, "snapshots", snapshotSeconds),
  };
}

/** As long as an `up` may take: the provider does not renew its token. */
const deployerSeconds = 2 * 60 * 60;

const snapshotSeconds = 5 * 60;

/** A login of IAM roles. It is bound to the roles' unique IDs, so that another role which takes a name later is not let in. */
function login(principals: string[], policy: string, seconds: number) {
  return {
    auth_type: "iam",
    bound_iam_principal_arn: principals,
    resolve_aws_unique_ids: true,
    token_policies: [policy],
    token_no_default_policy: true,
    token_ttl: seconds,
    token_explicit_max_ttl: seconds,
  };
}
