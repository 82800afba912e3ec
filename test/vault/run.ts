import { Checked, runCommand } from "../support/checks";
import { findVault } from "../tools/build";
import { findPythonPackages } from "../tools/cache";
import { firstBootChecks } from "./first-boot";
import { allAddresses } from "./nodes";
import { Site } from "./site";

/** `npm run verify:vault`: what this project says to Vault, on a real one. */
async function main(): Promise<void> {
  const { path } = await findVault(console.log);
  const site = new Site(await findPythonPackages("moto"));
  const checked = new Checked();
  try {
    await site.open(allAddresses);
    await checked.run(firstBootChecks(site, path));
  } finally {
    site.close();
  }
  checked.close();
}

runCommand(main);
