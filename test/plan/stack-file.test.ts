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

/** What is wrong with the form of a stack file, which does not keep its program from running. */
function formFaults(stackFile: string): readonly string[] {
  return config("name: demo\nruntime: nodejs\n", stackFile).faults;
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
      "Pulumi.dev.yaml: demo:d must be set, because Pulumi.yaml:7 has no default",
      'Pulumi.dev.yaml:2: demo:a must be of type integer, got "x"',
      'Pulumi.dev.yaml:3: demo:b must be of type boolean, got "y"',
      "Pulumi.dev.yaml:4: demo:c must be encrypted, because Pulumi.yaml:6 declares it secret; use pulumi config set --secret",
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
    ["a repeated key", "config:\n  a: 1\n  a: 2", "Pulumi.dev.yaml:3:3: Map keys must be unique"],
    [
      "broken YAML",
      "config:\n  a: [1\n",
      "Pulumi.dev.yaml:3:1: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
    [
      "two documents",
      "config:\n  a: 1\n---\nconfig:\n  a: 2\n",
      "Pulumi.dev.yaml:3:1: the file must hold one document, got another one here",
    ],
    [
      "an alias bomb",
      `config:\n  a0: &a0 [x]\n${Array.from({ length: 9 }, (_, i) => `  a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(", ")}]\n`).join("")}`,
      "Pulumi.dev.yaml:6: *a3 and the aliases before it must repeat at most 10000 values",
    ],
    [
      "lists without an end",
      `config:\n  a: ${"[".repeat(20_000)}${"]".repeat(20_000)}\n`,
      "Pulumi.dev.yaml:2: lists and maps are nested too deeply to be read",
    ],
  ])("fails %s in the stack file", (_name, stackFile, fault) => {
    expect(faultsOf(() => config(project, stackFile))[0]).toBe(fault);
  });

  it.each([
    [
      "a key with too many parts",
      "config:\n  a:b:c: 1",
      ["Pulumi.dev.yaml:2: configuration key must be <namespace>:<name>, got a:b:c"],
    ],
    [
      "a key with and without its namespace",
      "config:\n  a: 1\n  demo:a: 2",
      ["Pulumi.dev.yaml:3: demo:a must stand once, got it in line 2"],
    ],
    [
      "a key beside those of Pulumi",
      'encryptionsalt: "v1:x"\nconfig: {}\nfoo: bar\n',
      [
        "Pulumi.dev.yaml:3: foo is not a key of a stack file; the keys are config, environment, secretsprovider, encryptedkey, encryptionsalt",
      ],
    ],
    [
      "an alias of nothing",
      "config:\n  a: *nope\n  b: [x, *nope]\n",
      [
        "Pulumi.dev.yaml:2: *nope must name an anchor that stands before it",
        "Pulumi.dev.yaml:3: *nope must name an anchor that stands before it",
      ],
    ],
    [
      "an alias in its own list",
      "config:\n  a: &z [*z]\n  b: &t\n    - *t\n",
      [
        "Pulumi.dev.yaml:2: *z must not stand inside of its own anchor",
        "Pulumi.dev.yaml:4: *t must not stand inside of its own anchor",
      ],
    ],
    [
      "an alias in its own map",
      "config:\n  a: &m { b: { c: *m } }\n",
      ["Pulumi.dev.yaml:2: *m must not stand inside of its own anchor"],
    ],
    ["a list as a key", "config:\n  ? [a]\n  : 1\n", ["Pulumi.dev.yaml:2: a key must be a text"]],
  ])("notes %s in the stack file, and lets the program say more", (_name, stackFile, faults) => {
    expect(formFaults(stackFile)).toEqual(faults);
  });

  it("takes an alias for what it names", () => {
    const stackFile = "config:\n  a: &zones [a, b]\n  b: *zones\n  c: { d: *zones }\n";
    expect(values("name: demo\nruntime: nodejs\n", stackFile)).toEqual({
      "demo:a": '["a","b"]',
      "demo:b": '["a","b"]',
      "demo:c": '{"d":["a","b"]}',
    });
    expect(formFaults(stackFile)).toEqual([]);
  });

  it("takes the anchor that stands last before an alias", () => {
    const stackFile = "config:\n  a: &x 1\n  b: &l [*x]\n  &x c: 3\n  d: [*x, *l]\n";
    expect(values("name: demo\nruntime: nodejs\n", stackFile)).toMatchObject({
      "demo:b": "[1]",
      "demo:d": '["c",[1]]',
    });
  });

  it("does not hand a program what the file does not say", () => {
    const { values: given } = config(project, "config:\n  demo:replicas: *nope\n  demo:a: b\n");
    expect(given).toEqual({ "demo:a": "b" });
  });

  it("reports the form and the declared types together, in the order of the file", () => {
    const stackFile = "config:\n  demo:replicas: x\nfoo: bar\n";
    expect(faultsOf(() => config(project, stackFile))).toEqual([
      'Pulumi.dev.yaml:2: demo:replicas must be of type integer, got "x"',
      "Pulumi.dev.yaml:3: foo is not a key of a stack file; the keys are config, environment, secretsprovider, encryptedkey, encryptionsalt",
    ]);
  });

  it("reports every fault of the declarations at once", () => {
    const projectFile = `name: demo
runtime: nodejs
config:
  a: { typ: string }
  b: { default: 1, value: 2 }
`;
    expect(faultsOf(() => config(projectFile, ""))).toEqual([
      "Pulumi.yaml:4: a must only have type, description, items, default, value, secret, got typ",
      "Pulumi.yaml:5: b must have default or value, got both",
    ]);
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

  it("takes only files that the engine would read for stacks", () => {
    const dir = folderOf({
      "Pulumi.yaml": project,
      "Pulumi.dev.yaml": "",
      "Pulumi.dev.deploy.yaml": "",
      "Pulumi.test.yml": "",
    });
    expect(faultsOf(() => readStackConfig(dir, "prod"))).toEqual([
      "stack must have a file Pulumi.prod.yaml, got prod; the stacks are dev",
    ]);
    expect(faultsOf(() => readStackConfig(dir, "test"))).toEqual([
      "stack must have a file Pulumi.test.yaml, got test; rename Pulumi.test.yml",
    ]);
  });

  it("says where to run when there is no project", () => {
    expect(faultsOf(() => readStackConfig(folderOf({}), "dev"))).toEqual([
      "Pulumi.yaml: cannot be read: no such file or directory; run this in the folder of Pulumi.yaml",
    ]);
  });
});
