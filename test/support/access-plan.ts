import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { planStack } from "../../plan/host";
import type { StackResource } from "../../plan/stack-resource";
import { folderOf } from "../plan/files";
import { ed25519 } from "./public-keys";

const root = join(__dirname, "../..");

/** What a stack with a public bastion tells the pack. */
export const publicBastion = Object.fromEntries(
  ["net-nodes-private-subnets", "net-eip-only-nat-bastion", "net-only-bastion-and-alb-public"].map(
    (id) => [id, { publicBastion: true }],
  ),
);

/** What a stack with a Client VPN tells the pack. */
export const publicVpn = { "net-only-bastion-and-alb-public": { publicVpn: true } };

/** The repository's prod stack in ssh mode. */
export function planWithSsh(): Promise<StackResource[]> {
  return planBy("ssh", { people: [{ name: "alice", publicKey: ed25519() }] });
}

/** The repository's prod stack in vpn mode. */
export function planWithVpn(): Promise<StackResource[]> {
  return planBy("vpn", {
    clientCidr: "192.168.0.0/22",
    serverCertificateArn: "arn:aws:acm:eu-west-1:444455556666:certificate/1",
    samlProviderArn: "arn:aws:iam::444455556666:saml-provider/people",
    groups: ["platform"],
  });
}

async function planBy(accessMode: string, settings: unknown): Promise<StackResource[]> {
  const { config } = parse(readFileSync(join(root, "Pulumi.prod.yaml"), "utf8")) as {
    config: Record<string, unknown>;
  };
  const changed = {
    ...config,
    "drawbridge:accessMode": accessMode,
    [`drawbridge:${accessMode}`]: settings,
  };
  const projectDir = folderOf({
    "Pulumi.yaml": readFileSync(join(root, "Pulumi.yaml"), "utf8"),
    "package.json": "{}",
    "Pulumi.prod.yaml": JSON.stringify({ config: changed }),
  });
  symlinkSync(join(root, "node_modules"), join(projectDir, "node_modules"));
  return (await planStack({ projectDir, stack: "prod", program: join(root, "infra") })).resources;
}
