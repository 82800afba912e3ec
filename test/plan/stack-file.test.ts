import { readStackConfig } from "../../plan/stack-file";
import { faultsOf, folderOf } from "./files";

const project = `name: demo
runtime: nodejs
config:
  replicas: { type: integer, default: 2 }
`;

function config(projectFile: string, stackFile: string) {
  const dir = folderOf({ "Pulumi.yaml": projectFile, "Pulumi.dev.yaml": stackFile });
  return readStackConfig(dir, "dev");
}

function values(projectFile: string, stackFile: string): Record<string, string> {
  return config(projectFile, stackFile).values;
}

describe("readStackConfig", () => {
  it("puts the stack's values before the project's", () => {
    expect(values(project, "config:\n  demo:replicas: 5\n")).toEqual({ "demo:replicas": "5" });
    expect(values(project, "")).toEqual({ "demo:replicas": "2" });
  });

  it.each([
    ["a text", "a", "a"],
    ["an integer", "5", "5"],
    ["an integer beyond the safe range", "12345678901234567890", "12345678901234567890"],
    ["an octal integer", "0644", "420"],
    ["an account id that begins with zero", "012345678901", "12345678901"],
    ["an integer with separators", "1_000", "1000"],
    ["a quoted number", '"0644"', "0644"],
    ["a fraction", "1.50", "1.5"],
    ["a truth value", "true", "true"],
    ["a word that older YAML read as a truth value", "yes", "yes"],
    ["nothing", "", ""],
    ["a list", "[b, 1, null]", '["b",1,null]'],
    ["a map, sorted", "{ b: 1, a: [x] }", '{"a":["x"],"b":1}'],
    ["characters of HTML", '{ a: "<&>" }', '{"a":"\\u003c\\u0026\\u003e"}'],
  ])("gives %s as the engine does", (_name, written, expected) => {
    const stackFile = `config:\n  demo:value: ${written}\n`;
    expect(values(project, stackFile)["demo:value"]).toBe(expected);
  });

  it.each([
    ["a typed key", "key: { type: string, default: a }", "demo:key", "a"],
    ["a key with only a default", "key: { default: [1] }", "demo:key", "[1]"],
    ["a bare value", "key: 5", "demo:key", "5"],
    ["a bare list", "key: [a]", "demo:key", '["a"]'],
    ["a key of another namespace", "aws:region: { value: eu-west-1 }", "aws:region", "eu-west-1"],
    ["a bare value of another namespace", "aws:region: eu-west-1", "aws:region", "eu-west-1"],
    ["the old spelling of a key", "aws:config:region: eu-west-1", "aws:region", "eu-west-1"],
  ])("takes %s of the project", (_name, entry, key, expected) => {
    const projectFile = `name: demo\nruntime: nodejs\nconfig:\n  ${entry}\n`;
    expect(values(projectFile, "")).toEqual({ [key]: expected });
  });

  it("shows ciphertexts as secrets, also inside of structured values", () => {
    const stackFile = `config:
  demo:token: { secure: "v1:abc" }
  demo:users:
    - name: a
      password: { secure: "v1:def" }
`;
    const { values: given, secretKeys } = config(project, stackFile);
    expect(given).toEqual({
      "demo:replicas": "2",
      "demo:token": "[secret]",
      "demo:users": '[{"name":"a","password":"[secret]"}]',
    });
    expect(secretKeys).toEqual(["demo:token", "demo:users"]);
  });

  it("follows main and stackConfigDir of the project", () => {
    const dir = folderOf({
      "Pulumi.yaml": "name: demo\nruntime: { name: nodejs }\nmain: src\nstackConfigDir: stacks\n",
      "stacks/Pulumi.dev.yaml": "config: { demo:a: b }",
    });
    const { program, file, values: given } = readStackConfig(dir, "dev");
    expect({ program, file, given }).toEqual({
      program: "src",
      file: "stacks/Pulumi.dev.yaml",
      given: { "demo:a": "b" },
    });
  });

  const typed = (type: string) => `name: demo\nruntime: nodejs\nconfig:\n  key: ${type}\n`;

  it.each([
    ["{ type: string }", "text"],
    ["{ type: string }", "5"],
    ["{ type: integer }", "5"],
    ["{ type: integer }", '"5"'],
    ["{ type: boolean }", "true"],
    ["{ type: boolean }", '"false"'],
    ["{ type: object }", "{ a: 1 }"],
    ["{ type: array, items: { type: string } }", "[a, b]"],
    ["{ type: array, items: { type: array, items: { type: integer } } }", "[[1], [2]]"],
    ["{ type: integer }", '{ secure: "v1:abc" }'],
  ])("accepts for %s the value %s", (type, written) => {
    expect(() => config(typed(type), `config:\n  demo:key: ${written}\n`)).not.toThrow();
  });

  it.each([
    ["{ type: integer }", "five", "integer", '"five"'],
    ["{ type: integer }", "1.5", "integer", '"1.5"'],
    ["{ type: boolean }", "yes", "boolean", '"yes"'],
    ["{ type: string }", "[a]", "string", '["a"]'],
    ["{ type: object }", "text", "object", '"text"'],
    ["{ type: array, items: { type: string } }", "a", "array<string>", '"a"'],
    ["{ type: array, items: { type: integer } }", "[a]", "array<integer>", '["a"]'],
  ])("fails for %s the value %s", (type, written, full, got) => {
    expect(faultsOf(() => config(typed(type), `config:\n  demo:key: ${written}\n`))).toEqual([
      `Pulumi.dev.yaml:2: demo:key must be of type ${full}, got ${got}`,
    ]);
  });

  it("reports every fault of a stack at once", () => {
    const projectFile = `name: demo
runtime: nodejs
config:
  a: { type: integer }
  b: { type: boolean }
  c: { type: string, secret: true }
  d: { type: string }
`;
    const stackFile = "config:\n  demo:a: x\n  demo:b: y\n  demo:c: plain\n";
    expect(faultsOf(() => config(projectFile, stackFile))).toEqual([
      'Pulumi.dev.yaml:2: demo:a must be of type integer, got "x"',
      'Pulumi.dev.yaml:3: demo:b must be of type boolean, got "y"',
      "Pulumi.dev.yaml:4: demo:c must be encrypted, because Pulumi.yaml:6 declares it secret; use pulumi config set --secret",
      "Pulumi.dev.yaml: demo:d must be set, because Pulumi.yaml:7 has no default",
    ]);
  });

  it.each([
    [
      "a text where a map belongs",
      "config: text",
      "Pulumi.dev.yaml:1: config must be a map of keys and values",
    ],
    [
      "an imported environment",
      "environment: [a]",
      "Pulumi.dev.yaml:1: environment imports values from Pulumi Cloud, which a plan without credentials cannot read; write them under config",
    ],
    [
      "a key with too many parts",
      "config:\n  a:b:c: 1",
      "Pulumi.dev.yaml:2: configuration key must be <namespace>:<name>, got a:b:c",
    ],
    ["a repeated key", "config:\n  a: 1\n  a: 2", "Pulumi.dev.yaml:3:3: Map keys must be unique"],
    [
      "broken YAML",
      "config:\n  a: [1\n",
      "Pulumi.dev.yaml:3:1: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
  ])("fails %s in the stack file", (_name, stackFile, fault) => {
    expect(faultsOf(() => config(project, stackFile))[0]).toBe(fault);
  });

  it.each([
    ["no name", "runtime: nodejs", "Pulumi.yaml: name must be set"],
    [
      "another language",
      "name: demo\nruntime: python",
      "Pulumi.yaml: runtime must be nodejs, got python",
    ],
    [
      "an unknown type",
      typed("{ type: number }"),
      "Pulumi.yaml:4: type must be one of string, integer, boolean, array, object, got number",
    ],
    [
      "an array without items",
      typed("{ type: array }"),
      "Pulumi.yaml:4: items must say the type of the array's members",
    ],
    [
      "default and value",
      typed("{ default: 1, value: 2 }"),
      "Pulumi.yaml:4: key must have default or value, got both",
    ],
    [
      "a misspelt attribute",
      typed("{ typ: string }"),
      "Pulumi.yaml:4: key must only have type, description, items, default, value, secret, got typ",
    ],
    [
      "a type in another namespace",
      "name: demo\nruntime: nodejs\nconfig:\n  aws:region: { type: string }",
      "Pulumi.yaml:4: aws:region belongs to another namespace, so it must have only value, got type",
    ],
  ])("fails %s in the project", (_name, projectFile, fault) => {
    expect(faultsOf(() => config(projectFile, ""))).toEqual([fault]);
  });

  it("names the stacks that there are", () => {
    const dir = folderOf({ "Pulumi.yaml": project, "Pulumi.prod.yaml": "", "Pulumi.dev.yaml": "" });
    expect(faultsOf(() => readStackConfig(dir, "test"))).toEqual([
      "stack must have a file Pulumi.test.yaml, got test; the stacks are dev, prod",
    ]);
    expect(faultsOf(() => readStackConfig(dir, "../dev"))).toEqual([
      "stack must be 1 to 100 letters, digits, hyphens, underscores and periods, got ../dev",
    ]);
  });

  it("says where to run when there is no project", () => {
    expect(faultsOf(() => readStackConfig(folderOf({}), "dev"))).toEqual([
      "Pulumi.yaml: cannot be read: no such file or directory; run this in the folder of Pulumi.yaml",
    ]);
  });
});
