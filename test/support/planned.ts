import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { planStack } from "../../plan/host";
import type { StackResource } from "../../plan/stack-resource";
import { folderOf } from "../plan/files";
import { ed25519 } from "./public-keys";

const root = join(__dirname, "../..");

/** What makes a stack of the repository one whose people come in by SSH. */
export const sshMode = {
  "drawbridge:accessMode": "ssh",
  "drawbridge:ssh": { people: [{ name: "alice", publicKey: ed25519() }] },
};

/** What the real program registers for a stack of the repository, with some keys of its file changed. */
export async function planned(
  stack: string,
  change: Record<string, unknown> = {},
): Promise<StackResource[]> {
  const { config } = parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8")) as {
    config: Record<string, unknown>;
  };
  const dir = folderOf({
    "Pulumi.yaml": readFileSync(join(root, "Pulumi.yaml"), "utf8"),
    "package.json": "{}",
    [`Pulumi.${stack}.yaml`]: JSON.stringify({ config: { ...config, ...change } }),
  });
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  const { resources } = await planStack({ projectDir: dir, stack, program: join(root, "infra") });
  return resources;
}
