import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import {
  askName,
  askRest,
  checked,
  configuration,
  flagOf,
  isRequired,
  keys,
  suggestion,
} from "../../init/answers";
import type { Texts } from "../../init/answers";

const role = "arn:aws:iam::011122223333:role/deployer";
const given: Texts = {
  region: "eu-west-1",
  deployerRoleArn: role,
  trustedCidrs: "203.0.113.0/24, 198.51.100.0/28",
  tags: '{Owner: me@example.com, CostCenter: "42"}',
};
/** Those, and what stack dev says to all else that is required and that nobody can propose. */
const complete: Texts = { ...given };
const dev = parse(readFileSync(join(__dirname, "../../Pulumi.dev.yaml"), "utf8")) as {
  config: Record<string, unknown>;
};
for (const key of keys.filter(isRequired)) {
  const isOpen = complete[key] === undefined && suggestion(key, "dev", given) === undefined;
  if (isOpen) complete[key] = JSON.stringify(dev.config[`drawbridge:${key}`]);
}

/** Answers questions one after the other, and keeps what was asked. */
function people(...answers: string[]) {
  const questions: string[] = [];
  const ask = (question: string) => {
    questions.push(question);
    const answer = answers.shift();
    return answer === undefined ? Promise.reject(new Error(question)) : Promise.resolve(answer);
  };
  return { ask, questions };
}

describe("flagOf", () => {
  it("makes a flag of every key", () => {
    expect(keys.map(flagOf)).toContain("--deployer-role-arn");
    expect(new Set(keys.map(flagOf)).size).toBe(keys.length);
  });
});

describe("checked", () => {
  it("gives what was said, and what follows from it", async () => {
    expect(await checked("dev", complete)).toMatchObject({
      region: "eu-west-1",
      deployerRoleArn: role,
      trustedCidrs: ["203.0.113.0/24", "198.51.100.0/28"],
      tags: { Owner: "me@example.com", CostCenter: "42" },
      environment: "dev",
      zones: ["eu-west-1a", "eu-west-1b", "eu-west-1c"],
      // A text, with its zero.
      allowedAccountIds: ["011122223333"],
    });
  });

  it.each([
    ["a text that looks like a number", { kubernetesVersion: "1.35" }, "1.35"],
    ["a number", { logRetentionDays: "400" }, 400],
    ["a truth value", { deletionProtection: "false" }, false],
    ["a list in YAML", { allowedAccountIds: "[011122223333]" }, ["011122223333"]],
    [
      "a list of words with commas",
      { createServiceLinkedRoles: "autoscaling, opensearch" },
      ["autoscaling", "opensearch"],
    ],
    [
      "a list in YAML of one text",
      { zones: "[eu-west-1a, eu-west-1b, eu-west-1c]" },
      ["eu-west-1a", "eu-west-1b", "eu-west-1c"],
    ],
  ])("takes %s", async (_name, more: Texts, value) => {
    const [key = ""] = Object.keys(more);
    expect(await checked("dev", { ...complete, ...more })).toMatchObject({ [key]: value });
  });

  it("leaves out what has a default", async () => {
    expect(await checked("dev", complete)).not.toHaveProperty("natMode");
  });

  it("says everything that is wrong at once, and how to give what is missing", async () => {
    const { region: _r, tags: _t, ...rest } = complete;
    const wrong: Texts = { ...rest, cidr: "10.0.0.0/8", natMode: "none", nodeGroups: "{" };
    await expect(checked("dev", wrong)).rejects.toHaveProperty("lines", [
      "Pulumi.dev.yaml: region is required; give it with --region",
      "Pulumi.dev.yaml: zones is required; give it with --zones",
      'Pulumi.dev.yaml: cidr must be from /16 to /19, got "10.0.0.0/8"',
      'Pulumi.dev.yaml: natMode must be one of zonal, single, regional, got "none"',
      "Pulumi.dev.yaml: nodeGroups must be YAML: Flow map must end with a } at line 1, column 2",
      "Pulumi.dev.yaml: tags is required; give it with --tags",
    ]);
  });

  it.each([
    [
      "what is no YAML",
      { entry: "{cidrs: [" },
      "entry must be YAML: Flow sequence in block collection must be sufficiently indented and end with a ] at line 1, column 10",
    ],
    [
      "a file that is not there",
      { vault: "{recoveryHolders: [{name: alice, publicKey: 'file:/nope'}]}" },
      'vault must name files that can be read, got "file:/nope": no such file or directory',
    ],
    [
      "a folder in the place of a file",
      { vault: "{recoveryHolders: [{name: alice, publicKey: 'file:/'}]}" },
      'vault must name files that can be read, got "file:/": it is a directory',
    ],
    [
      "a character that tags cannot have",
      { tags: '{Owner: "a: b # c", CostCenter: "42"}' },
      'tags.Owner must be a tag value of 1 to 256 letters, digits, spaces and _.:/=+-@, got "a: b # c"',
    ],
  ])("says of %s what it is, and nothing else", async (_what, more: Texts, fault) => {
    await expect(checked("dev", { ...complete, ...more })).rejects.toHaveProperty("lines", [
      `Pulumi.dev.yaml: ${fault}`,
    ]);
  });

  it("names no file after a stack that has no name", async () => {
    await expect(
      checked("../x", { ...complete, environment: "dev", cidr: "10.0.0.0/8" }),
    ).rejects.toHaveProperty("lines", [
      expect.stringMatching(/^stack must have a name of 1 to .*, got "\.\.\/x"$/),
      'cidr must be from /16 to /19, got "10.0.0.0/8"',
    ]);
  });

  it("proposes no network that people come from, and nothing for who they are", () => {
    expect(configuration("dev", { region: "eu-west-1" })).not.toHaveProperty("trustedCidrs");
    expect(configuration("dev", { region: "eu-west-1" })).not.toHaveProperty("deployerRoleArn");
  });
});

describe("askName", () => {
  it("asks again until the name is one", async () => {
    const { ask, questions } = people("", "../dev", "dev");
    expect(await askName(ask)).toBe("dev");
    expect(questions).toEqual([
      "Name of the stack: ",
      "an answer is required\nName of the stack: ",
      expect.stringMatching(/stack must have a name of .*, got "\.\.\/dev"\nName of the stack: $/),
    ]);
  });
});

describe("askRest", () => {
  it("asks for nothing that was given", async () => {
    const all: Texts = { ...complete };
    for (const key of keys.filter(isRequired)) all[key] ??= "x";
    const { ask, questions } = people();
    expect(await askRest(ask, "dev", all)).toEqual(all);
    expect(questions).toEqual([]);
  });

  it("takes an empty answer for what it proposes", async () => {
    const missing = keys.filter((key) => isRequired(key) && complete[key] === undefined);
    const { ask, questions } = people(...missing.map(() => ""));
    const texts = await askRest(ask, "dev", complete);
    expect(questions).toHaveLength(missing.length);
    expect(questions.join("\n")).toContain("zones [eu-west-1a, eu-west-1b, eu-west-1c]: ");
    expect(await checked("dev", texts)).toEqual(await checked("dev", complete));
  });

  it("refuses an answer where it is given, also beside an earlier one", async () => {
    const filled: Texts = { ...complete };
    for (const key of keys.filter(isRequired)) if (key !== "zones") filled[key] ??= "x";
    const { ask, questions } = people(
      "eu-west-1a",
      "us-east-1a, us-east-1b, us-east-1c",
      "eu-west-1a,eu-west-1b,eu-west-1c",
    );
    const texts = await askRest(ask, "dev", filled);
    expect(texts.zones).toBe("eu-west-1a,eu-west-1b,eu-west-1c");
    expect(questions[1]).toContain("zones must be a list of 3 or 4 availability zones");
    expect(questions[2]).toContain("zones[0] must be in the region eu-west-1");
  });
});
