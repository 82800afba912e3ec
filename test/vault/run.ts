import { Command } from "commander";
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
import { serverBootChecks, volumeChecks } from "./server-boot";
import { Site } from "./site";
import { writeCallChecks, writeTable } from "./write-calls";

/** `npm run verify:vault`: what this project says to Vault, on a real one. */
async function main(): Promise<void> {
  // What was started is ended by the exit, however it comes.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => process.exit(130));
  }
  const { writeCalls = false } = options();
  const { path: command } = await findVault(console.log);
  if (writeCalls) {
    await writeTable(command);
    return;
  }
  const { path: pulumi } = await findPulumi(console.log);
  const { path: etcd } = await findEtcd(console.log);
  const crds = await findCertManagerCrds();
  const [python, awsCli] = [await findMoto(console.log), await findPythonPackages("aws-cli")];
  const checked = new Checked();
  const site = await Site.open(python, awsCli, allAddresses);
  try {
    await checked.run(writeCallChecks(command));
    await checked.run(serverBootChecks());
    if (process.getuid?.() === 0) await checked.run(volumeChecks());
    else checked.skip(volumeChecks(), "only root gives files to others");
    await checked.run(firstBootChecks(site, command));
  } finally {
    site.close();
  }
  const tools = { pulumi, command, python };
  await checked.run(authorityChecks(tools, ["self-managed", "eks"], { etcd, crds }));
  checked.close();
}

function options(): { writeCalls?: boolean } {
  return new Command("verify:vault")
    .description("Hold what this project says to Vault against a real one.")
    .option("--write-calls", "only write which calls of Vault write, for the rules")
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .parse()
    .opts();
}

main().catch(reportCannotRun);
