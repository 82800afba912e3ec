import { CannotRun, findPulumi } from "./build";

/** `npm run tools`: finds or builds what the rehearsal runs, so that CI can do it on the side. */
async function main(): Promise<void> {
  try {
    const { path, origin } = await findPulumi(console.log);
    console.log(`engine: ${path} (${origin})`);
  } catch (error) {
    if (!(error instanceof CannotRun)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}

void main();
