import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { logEngineVersions, upgradesOf } from "../../components/aws/log-engines";
import { documentedFile, documentedTable, levelsOfDestroy } from "../support/documented-files";
import { planCommand } from "../support/node-command";
import { projectWith, stackFile } from "../support/planned";
import { publicBastion, publicVpn } from "../support/public-access";

// Each case is the whole command, which is several processes, beside other tests.
jest.setTimeout(120_000);

/** What `plan` says of stack dev, changed, with what the page has people tell the pack. */
async function planWith(change: Record<string, unknown>, packConfig: Record<string, unknown>) {
  const folder = projectWith("dev", stackFile("dev", change));
  const file = join(folder, "pack.json");
  writeFileSync(file, JSON.stringify(packConfig));
  return planCommand(folder, "--stack", "dev", "--policy-pack-config", file);
}

describe("docs/operations.md", () => {
  const unprotected = { "drawbridge:deletionProtection": false };

  it("names every rule that stops whoever takes the protection away, and no other", async () => {
    expect((await planWith(unprotected, levelsOfDestroy())).code).toBe(0);
    for (const rule of Object.keys(levelsOfDestroy())) {
      const { [rule]: _left, ...others } = levelsOfDestroy();
      expect([rule, (await planWith(unprotected, others)).code]).toEqual([rule, 1]);
    }
  });

  it("has people say what lets a public bastion and a VPN pass", () => {
    expect(documentedFile("public-bastion.json")).toEqual(publicBastion);
    expect(documentedFile("public-vpn.json")).toEqual(publicVpn);
  });

  it("has the ways by which AWS upgrades a log store", () => {
    expect(documentedTable("Upgrade the log store")).toEqual(
      logEngineVersions
        .filter((engine) => upgradesOf(engine).length > 0)
        .map((engine) => [[engine], upgradesOf(engine)]),
    );
  });
});
