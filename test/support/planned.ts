import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { planStack } from "../../plan/host";
import type { StackResource } from "../../plan/stack-resource";
import { folderOf } from "../plan/files";
import { secretOf } from "./fetched-codes";
import { ed25519 } from "./public-keys";

const root = join(__dirname, "../..");

/** What makes a stack of the repository one whose people come in by SSH. */
export const sshMode = {
  "drawbridge:accessMode": "ssh",
  "drawbridge:ssh": { people: [{ name: "alice", publicKey: ed25519() }] },
};

/** What makes a stack of the account one whose people come by SSH, with codes after their keys. */
export const sshWithCodes = (accountId: string) => ({
  "drawbridge:accessMode": "ssh",
  "drawbridge:ssh": {
    people: [{ name: "alice", publicKey: ed25519(), totpSecretArn: secretOf("alice", accountId) }],
    mfa: "totp",
  },
});

/** What makes a stack of the account one whose people come by Client VPN. */
export const vpnMode = (accountId: string) => ({
  "drawbridge:accessMode": "vpn",
  "drawbridge:vpn": {
    clientCidr: "192.168.0.0/22",
    serverCertificateArn: `arn:aws:acm:eu-west-1:${accountId}:certificate/12345678-1234-1234-1234-123456789012`,
    samlProviderArn: `arn:aws:iam::${accountId}:saml-provider/people`,
    groups: ["platform"],
  },
});

/** The project in a folder of its own, but for the file of a stack. */
export function projectWith(stack: string, file: string): string {
  const dir = folderOf({
    "Pulumi.yaml": readFileSync(join(root, "Pulumi.yaml"), "utf8"),
    "package.json": JSON.stringify({ main: "infra/index.ts" }),
    [`Pulumi.${stack}.yaml`]: file,
  });
  for (const name of ["infra", "node_modules", "policies"])
    symlinkSync(join(root, name), join(dir, name));
  return dir;
}

/** The file of a stack of the repository, with some keys changed; those that are undefined are left out. */
export function stackFile(stack: string, change: Record<string, unknown> = {}): string {
  const { config } = parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8")) as {
    config: Record<string, unknown>;
  };
  return JSON.stringify({ config: { ...config, ...change } });
}

/** What the real program registers for a stack of the repository, with some keys of its file changed. */
export async function planned(
  stack: string,
  change: Record<string, unknown> = {},
): Promise<StackResource[]> {
  const projectDir = projectWith(stack, stackFile(stack, change));
  const { resources } = await planStack({ projectDir, stack });
  return resources;
}
