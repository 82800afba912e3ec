import { CannotRun, findPulumi, findTerraform, type FoundTool } from "./build";

/** `npm run tools`: finds or builds what the rehearsal and `verify:aws` run, so that CI can do it on the side. */
async function main(): Promise<void> {
  try {
    announce("engine", await findPulumi(console.log));
    const { cli, provider } = await findTerraform(console.log);
    announce("Terraform", cli);
    if (provider) announce("AWS provider", provider);
  } catch (error) {
    if (!(error instanceof CannotRun)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}

function announce(name: string, { path, origin }: FoundTool): void {
  console.log(`${name}: ${path} (${origin})`);
}

void main();
