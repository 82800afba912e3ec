import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { logEngineVersions, upgradesOf } from "../../components/aws/log-engines";
import { folderOf } from "../plan/files";
import {
  documentedCommands,
  documentedFile,
  documentedTable,
  levelsOfDestroy,
} from "../support/documented-files";
import { planCommand } from "../support/node-command";
import { planned, projectWith, sshMode, stackFile } from "../support/planned";
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

/** vCPUs of the machines of the repository's stacks: docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html */
const vcpusOf: Record<string, number> = {
  "t4g.micro": 2,
  "t4g.medium": 2,
  "m7g.large": 2,
  "m6g.xlarge": 4,
  "m7g.xlarge": 4,
  "r7g.xlarge": 4,
};

/** What a stack takes of the quotas of its account; of vCPUs the fewest and the most. */
async function quotasOf(stack: string, change: Record<string, unknown> = {}) {
  const resources = await planned(stack, change);
  const inputsOf = (type: string) =>
    resources.filter((one) => one.type === type).map(({ inputs }) => inputs);
  const vcpus = (type: unknown) => vcpusOf[String(type)] ?? NaN;
  // The templates of node groups name no type. Those that do are for one machine each: the bastion, and Vault's servers.
  const machines = inputsOf("aws:ec2/launchTemplate:LaunchTemplate")
    .map(({ instanceType }) => instanceType)
    .filter((type) => type !== undefined);
  const groups = inputsOf("aws:eks/nodeGroup:NodeGroup") as {
    instanceTypes: string[];
    scalingConfig: { minSize: number; maxSize: number };
  }[];
  const total = (size: "minSize" | "maxSize") =>
    sum(machines.map(vcpus)) +
    sum(
      groups.map(
        ({ instanceTypes, scalingConfig }) =>
          scalingConfig[size] * Math.max(...instanceTypes.map(vcpus)),
      ),
    );
  return {
    vpcs: inputsOf("aws:ec2/vpc:Vpc").length,
    addresses: inputsOf("aws:ec2/eip:Eip").length,
    vcpus: [`${total("minSize")}`, `${total("maxSize")}`],
  };
}

const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0);

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

  it("has what the stacks take of an account's quotas", async () => {
    const [dev, prod] = [await quotasOf("dev"), await quotasOf("prod")];
    expect(documentedTable("Quotas of a new account").map((cells) => cells.slice(3))).toEqual([
      [[`${dev.vpcs}`], [`${prod.vpcs}`]],
      [[`${dev.addresses}`], [`${prod.addresses}`]],
      [dev.vcpus, prod.vcpus],
    ]);
  });

  it.each([
    ["zonal", {}, 3],
    ["single", {}, 1],
    ["regional", {}, 0],
    ["regional", sshMode, 1],
  ])("has how many addresses a stack takes: %s, %#", async (natMode, mode, addresses) => {
    const change = { "drawbridge:natMode": natMode, ...mode };
    expect((await quotasOf("dev", change)).addresses).toBe(addresses);
  });

  it("has the ways by which AWS upgrades a log store", () => {
    expect(documentedTable("Upgrade the log store")).toEqual(
      logEngineVersions
        .filter((engine) => upgradesOf(engine).length > 0)
        .map((engine) => [[engine], upgradesOf(engine)]),
    );
  });
});

/** S3 in place of the AWS CLI: a page of a thousand versions and markers, and no more in a request to delete. */
const s3 = `#!${process.execPath}
const { appendFileSync, readFileSync, writeFileSync } = require("node:fs");
const [, call, ...words] = process.argv.slice(2);
const after = (option) => words[words.indexOf(option) + 1];
appendFileSync("calls", call + "\\n");
const kept = JSON.parse(readFileSync("kept.json", "utf8"));
const same = (one) => (other) => one.Key === other.Key && one.VersionId === other.VersionId;
if (after("--bucket") !== "drawbridge-dev-audit-111122223333-eu-west-1") process.exit(254);
if (call === "list-object-versions") {
  if (!words.includes("--no-paginate")) process.exit(254);
  console.log(JSON.stringify({ Objects: kept.slice(0, 1000), Quiet: true }, null, 4));
}
if (call === "delete-objects") {
  const { Objects } = JSON.parse(readFileSync(after("--delete").replace("file://", ""), "utf8"));
  if (Objects.length === 0 || Objects.length > 1000) process.exit(254);
  if (!words.includes("--bypass-governance-retention")) process.exit(254);
  const locked = Objects.filter(({ Key }) => Key.startsWith("locked/"));
  const gone = Objects.filter((one) => !locked.includes(one)).map(({ Key, VersionId }) => Key + " " + VersionId);
  const names = new Set(gone);
  writeFileSync("kept.json", JSON.stringify(kept.filter(({ Key, VersionId }) => !names.has(Key + " " + VersionId))));
  const Errors = locked.map((one) => ({ ...one, Code: "AccessDenied", Message: "object protected by object lock" }));
  if (Errors.length > 0) console.log(JSON.stringify({ Errors }, null, 4));
}
`;

/** What is left of a bucket's versions by the commands that empty it, in a shell. */
function emptied(shell: string, versions: { Key: string; VersionId: string }[]) {
  const dir = folderOf({ aws: s3, "kept.json": JSON.stringify(versions), calls: "" });
  chmodSync(join(dir, "aws"), 0o755);
  const commands = documentedCommands("bucket=drawbridge-dev-audit-")
    .replace("<account>", "111122223333")
    .replace("<region>", "eu-west-1");
  const env = { ...process.env, PATH: [dir, process.env["PATH"]].join(delimiter) };
  const { stdout, stderr } = spawnSync(shell, ["-c", commands], {
    cwd: dir,
    env,
    encoding: "utf8",
  });
  const left = JSON.parse(readFileSync(join(dir, "kept.json"), "utf8")) as unknown[];
  const calls = readFileSync(join(dir, "calls"), "utf8").trim().split("\n");
  return { left: left.length, calls: calls.length, stdout, stderr };
}

describe.each(["bash", "sh"])("the commands that empty a bucket, in %s", (shell) => {
  const versions = (count: number, folder = "AWSLogs") =>
    Array.from({ length: count }, (_, i) => ({ Key: `${folder}/${i}`, VersionId: `v${i}` }));

  it("delete every version, a thousand at a time, and end", () => {
    expect(emptied(shell, versions(2500))).toEqual({ left: 0, calls: 7, stdout: "", stderr: "" });
  });

  it("ask for nothing to be deleted in an empty bucket", () => {
    expect(emptied(shell, [])).toEqual({ left: 0, calls: 1, stdout: "", stderr: "" });
  });

  it("end where AWS keeps what is locked, and say so", () => {
    const { left, calls, stdout } = emptied(shell, [...versions(1200), ...versions(1, "locked")]);
    expect([left, calls]).toEqual([1, 4]);
    expect(stdout).toContain("AccessDenied");
  });
});
