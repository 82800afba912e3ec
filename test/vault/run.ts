import { Checked } from "../support/checks";
import { findPulumi, findVault, reportCannotRun } from "../tools/build";
import { findMoto } from "../verify-aws/moto";
import { authorityChecks } from "./authorities";

/** `npm run verify:vault`: what this project says to Vault, on a real one. */
async function main(): Promise<void> {
  // What was started is ended by the exit, however it comes.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => process.exit(130));
  }
  const { path: pulumi } = await findPulumi(console.log);
  const { path: command } = await findVault(console.log);
  const python = await findMoto(console.log);
  const checked = new Checked();
  await checked.run(authorityChecks({ pulumi, command, python }));
  checked.close();
}

main().catch(reportCannotRun);
