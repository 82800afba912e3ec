import { Checked } from "../support/checks";
import { findVault, reportCannotRun } from "../tools/build";
import { findPythonPackages } from "../tools/cache";
import { findMoto } from "../verify-aws/moto";
import { firstBootChecks } from "./first-boot";
import { allAddresses } from "./nodes";
import { serverBootChecks } from "./server-boot";
import { Site } from "./site";

/** `npm run verify:vault`: what this project says to Vault, on a real one. */
async function main(): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => process.exit(130));
  }
  const { path } = await findVault(console.log);
  const [moto, awsCli] = [await findMoto(console.log), await findPythonPackages("aws-cli")];
  const checked = new Checked();
  const site = await Site.open(moto, awsCli, allAddresses);
  try {
    await checked.run(serverBootChecks());
    await checked.run(firstBootChecks(site, path));
  } finally {
    site.close();
  }
  checked.close();
}

main().catch(reportCannotRun);
