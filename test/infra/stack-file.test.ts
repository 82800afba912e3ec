import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { planStack } from "../../plan/host";
import { folderOf } from "../plan/files";

// The whole program runs, beside other tests.
jest.setTimeout(60_000);

const root = join(__dirname, "../..");
const read = (file: string) => readFileSync(join(root, file), "utf8");

/** What a plan says of stack dev after some changes to its file, each a text and what stands in its place. */
async function faults(...changes: [from: string, to: string][]): Promise<readonly string[]> {
  const stackFile = changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`Pulumi.dev.yaml must have ${from}`);
    return text.replace(from, to);
  }, read("Pulumi.dev.yaml"));
  const dir = folderOf({
    "Pulumi.yaml": read("Pulumi.yaml"),
    "Pulumi.dev.yaml": stackFile,
    "package.json": "{}",
  });
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  const run = planStack({ projectDir: dir, stack: "dev", program: join(root, "infra") });
  return run.then(
    () => [],
    (error: { lines: readonly string[] }) => error.lines,
  );
}

const small: [string, string] = ["10.10.0.0/16", "10.10.0.0/24"];
const noNat: [string, string] = ["natMode: single", "natMode: none"];

describe("a stack file", () => {
  it("has no fault in the repository", async () => {
    expect(await faults()).toEqual([]);
  });

  it("has the faults that the README shows", async () => {
    const sample = (await faults(small, noNat)).map((line) => `error: ${line}\n`).join("");
    expect(sample).not.toBe("");
    expect(read("README.md")).toContain(`\`\`\`text\n${sample}\`\`\``);
  });

  it("shows a missing key, a wrong value and an unknown key at once", async () => {
    expect(
      await faults(
        ["  drawbridge:environment: dev\n", ""],
        small,
        ["  drawbridge:natMode", "  drawbridge:natmode: x\n  drawbridge:natMode"],
        ["config:", "foo: bar\nconfig:"],
      ),
    ).toEqual([
      "Pulumi.dev.yaml: environment is required",
      "Pulumi.dev.yaml:2: foo is not a key of a stack file; the keys are config, environment, secretsprovider, encryptedkey, encryptionsalt",
      'Pulumi.dev.yaml:11: cidr must be from /16 to /19, got "10.10.0.0/24"',
      expect.stringMatching(/^Pulumi\.dev\.yaml:17: drawbridge:natmode is not a key/),
    ]);
  });

  it("shows a wrong type and wrong values at once", async () => {
    const zones = "drawbridge:zones:\n    - eu-west-1a\n    - eu-west-1b\n    - eu-west-1c\n";
    expect(await faults([zones, "drawbridge:zones: x\n"], small, noNat)).toEqual([
      'Pulumi.dev.yaml:11: cidr must be from /16 to /19, got "10.10.0.0/24"',
      'Pulumi.dev.yaml:12: zones must be a list of 3 or 4 availability zones, got "x"',
      'Pulumi.dev.yaml:14: natMode must be one of zonal, single, regional, got "none"',
    ]);
  });

  it("shows an alias of nothing beside wrong values", async () => {
    expect(await faults(small, ["natMode: single", "natMode: *nope"])).toEqual([
      'Pulumi.dev.yaml:11: cidr must be from /16 to /19, got "10.10.0.0/24"',
      "Pulumi.dev.yaml:17: *nope must name an anchor that stands before it",
    ]);
  });

  it("has a line for what is deep inside", async () => {
    expect(
      await faults(
        ["- m7g.large", "- potato.potato"],
        ["CostCenter: platform-dev", "CostCenter: platform-dev\n    kubernetes.io/role/elb: '1'"],
      ),
    ).toEqual([
      'Pulumi.dev.yaml:21: nodeGroups[0].instanceTypes[0] must be an EC2 instance type such as m7g.large, got "potato.potato"',
      expect.stringMatching(/^Pulumi\.dev\.yaml:100: tags\.kubernetes\.io\/role\/elb must not/),
    ]);
  });
});
