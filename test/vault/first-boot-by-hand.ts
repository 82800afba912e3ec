import { firstBootSettings, type WriteCalls } from "../../components/vault/first-boot";
import type { VaultServer } from "./server";

/** Whose Vault is set up. */
interface Owner {
  region: string;
  serverId: string;
  deployerRoleArn: string;
  serverRoleArns: string[];
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
    auditCalls: "",
    recoverySecret: "",
    recoveryThreshold: 1,
    recoveryHolders: [],
  });
  const { calls } = JSON.parse(text) as { calls: WriteCalls };
  // Where AWS is here.
  const endpoints = { sts_endpoint: aws, iam_endpoint: aws, endpoint: aws };
  for (const [path, body] of Object.entries(calls)) {
    const changed = path === "auth/aws/config/client" ? { ...body, ...endpoints } : body;
    await server.must(server.rootToken, "POST", path, changed);
  }
  await server.must(server.rootToken, "POST", "auth/token/revoke-self", {});
}
