import { stackFaults } from "../../plan/stack-faults";
import { readStackConfig } from "../../plan/stack-file";
import { folderOf } from "./files";

const stackFile = `# a comment
config:
  demo:zones:
    - a
    - *nope
  groups:
    - name: one
      size: 3
    - name: two
      labels: { team: x, team.b/c: y, "team.b": z }
  aws:region: eu-west-1
  demo:broken: *nope
  demo:names: [a]
foo: bar
`;

function faults(...said: string[]): string[] {
  const dir = folderOf({
    "Pulumi.yaml": "name: demo\nruntime: nodejs\nstackConfigDir: stacks\n",
    "stacks/Pulumi.dev.yaml": stackFile,
  });
  const form = /stacks\/Pulumi\.dev\.yaml:(5|12|14): (\*nope|foo)/;
  const all = stackFaults(readStackConfig(dir, "dev"), said);
  expect(all.filter((fault) => form.test(fault))).toHaveLength(3);
  return all.filter((fault) => !form.test(fault));
}

describe("stackFaults", () => {
  it.each([
    ["a key of the project", "names must be", 13],
    ["a key with its namespace", "demo:names must be", 13],
    ["a key that the file writes without it", "demo:groups must be", 6],
    ["a key of another namespace", "aws:region is not a key", 11],
    ["a member of a list", "zones[0] must be", 4],
    ["a member of a map in a list", "groups[0].size must be", 8],
    ["a key that holds a period", "groups[1].labels.team.b/c must be", 10],
    ["a member that is missing", "groups[0].max is required", 7],
    ["a member of a list that is too short", "names[7] must be", 13],
  ])("gives %s its line", (_what, said, line) => {
    expect(faults(`Pulumi.dev.yaml: ${said}`)).toEqual([`stacks/Pulumi.dev.yaml:${line}: ${said}`]);
  });

  it("gives no line to what the file does not have", () => {
    expect(faults("Pulumi.dev.yaml: zone must be", "the program failed")).toEqual([
      "stacks/Pulumi.dev.yaml: zone must be",
      "the program failed",
    ]);
  });

  it("says once that a value cannot be read", () => {
    expect(
      faults(
        "Pulumi.dev.yaml: broken is required",
        "Pulumi.dev.yaml: zones[1] must be a zone",
        "Pulumi.dev.yaml: zones must be a text",
      ),
    ).toEqual([]);
  });

  it("keeps to the order of the file", () => {
    const all = faults(
      "Pulumi.dev.yaml: aws:region is not a key",
      "Pulumi.dev.yaml: groups[0].size must be 1",
      "Pulumi.dev.yaml: missing is required",
      "Pulumi.dev.yaml: zones[0] must be x",
    );
    expect(all.map((fault) => /:(\d+):/.exec(fault)?.[1])).toEqual([undefined, "4", "8", "11"]);
  });
});
