import {
  CannotRun,
  findCertManagerCrds,
  findEtcd,
  findPulumi,
  findTerraform,
  findVault,
  reportCannotRun,
  type FoundTool,
} from "./build";

/** What each group of tools is found or built by. */
const groups: Record<string, () => Promise<void>> = {
  engine: async () => announce("engine", await findPulumi(console.log)),
  vault: async () => {
    announce("Vault", await findVault(console.log));
    announce("etcd", await findEtcd(console.log));
    console.log(`cert-manager: ${await findCertManagerCrds()}`);
  },
  terraform: async () => {
    const { cli, provider } = await findTerraform(console.log);
    announce("Terraform", cli);
    if (provider) announce("AWS provider", provider);
  },
};

/**
 * `npm run tools [-- engine|vault|terraform]`: finds or builds what the rehearsal, `verify:vault` and `verify:aws` run, so
 * that CI can do it on the side. Without a name, all of it.
 */
async function main(names: string[]): Promise<void> {
  const wanted = names.length > 0 ? names : Object.keys(groups);
  try {
    for (const name of wanted) {
      const prepare = groups[name];
      if (prepare === undefined) {
        const known = Object.keys(groups).join(", ");
        throw new CannotRun(`tools must be among ${known}, got ${name}`);
      }
      await prepare();
    }
  } catch (error) {
    reportCannotRun(error);
  }
}

function announce(name: string, { path, origin }: FoundTool): void {
  console.log(`${name}: ${path} (${origin})`);
}

void main(process.argv.slice(2));
