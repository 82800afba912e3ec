import { Checked } from "../support/checks";
import {
  findCertManagerCrds,
  findEtcd,
  findPulumi,
  findVault,
  reportCannotRun,
} from "../tools/build";
import { findPythonPackages } from "../tools/cache";
import { findMoto } from "../verify-aws/moto";
import { authorityChecks } from "./authorities";
import { firstBootChecks } from "./first-boot";
import { allAddresses } from "./nodes";
import { serverBootChecks } from "./server-boot";
import { Site } from "./site";

/** `npm run verify:vault`: what this project says to Vault, on a real one. */
async function main(): Promise<void> {
  // What was started is ended by the exit, however it comes.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => process.exit(130));
  }
  const { path: pulumi } = await findPulumi(console.log);
  const { path: command } = await findVault(console.log);
  const { path: etcd } = await findEtcd(console.log);
  const crds = await findCertManagerCrds();
  const [python, awsCli] = [await findMoto(console.log), await findPythonPackages("aws-cli")];
  const checked = new Checked();
  const site = await Site.open(python, awsCli, allAddresses);
  try {
    await checked.run(serverBootChecks());
    await checked.run(firstBootChecks(site, command));
  } finally {
    site.close();
  }
  const tools = { pulumi, command, python };
  await checked.run(authorityChecks(tools, ["self-managed", "eks"], { etcd, crds }));
  checked.close();
}

main().catch(reportCannotRun);
