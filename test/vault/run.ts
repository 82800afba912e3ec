import { Checked, runCommand } from "../support/checks";
import { findPulumi, findVault } from "../tools/build";
import { findPythonPackages } from "../tools/cache";
import { authorityChecks } from "./authorities";

/** `npm run verify:vault`: what this project says to Vault, on a real one. */
async function main(): Promise<void> {
  const { path: pulumi } = await findPulumi(console.log);
  const { path: command } = await findVault(console.log);
  const pythonPackages = await findPythonPackages("moto");
  const checked = new Checked();
  await checked.run(authorityChecks({ pulumi, command, pythonPackages }));
  checked.close();
}

runCommand(main);
