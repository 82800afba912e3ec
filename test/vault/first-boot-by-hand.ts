import { firstBootSettings } from "../../components/vault/first-boot";
import type { VaultServer } from "./server";

/** Whose Vault is set up. */
interface Owner {
  region: string;
  serverId: string;
  deployerRoleArn: string;
  serverRoleArns: string[];
}

interface Settings {
  policies: Record<string, string>;
  awsAuth: Record<string, string>;
  logins: Record<string, Record<string, unknown>>;
}

/**
 * What the first boot of a Vault leaves in it, by the settings of its script: logins and policies of the deployer and of
 * the servers, and no first token any more. The script itself is held against a Vault of three servers elsewhere.
 */
export async function setUp(server: VaultServer, aws: string, owner: Owner): Promise<void> {
  const text = firstBootSettings({
    ...owner,
    initialises: true,
    dataFolder: "",
    vault: "",
    serverConfigs: [],
    address: "",
    caFile: "",
    auditFiles: ["", ""],
    recoverySecret: "",
    recoveryThreshold: 1,
    recoveryHolders: [],
  });
  const { policies, awsAuth, logins } = JSON.parse(text) as Settings;
  const write = (path: string, body: object) => server.must(server.rootToken, "POST", path, body);
  for (const [name, policy] of Object.entries(policies)) {
    await write(`sys/policies/acl/${name}`, { policy });
  }
  await write("sys/auth/aws", { type: "aws" });
  // Where AWS is here.
  const endpoints = { sts_endpoint: aws, iam_endpoint: aws, endpoint: aws };
  await write("auth/aws/config/client", { ...awsAuth, ...endpoints });
  for (const [name, login] of Object.entries(logins)) await write(`auth/aws/role/${name}`, login);
  await write("auth/token/revoke-self", {});
}
