import { join } from "node:path";
import { makeSecret, unknownValue } from "../../../plan/property-values";
import { readSources } from "../../../plan/sources/read-sources";
import { faultsOf, folderOf } from "../files";

const secretKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** Reads files of a new folder; faults show their paths without it. */
function read(files: Record<string, string>) {
  const dir = folderOf(files);
  return { dir, run: () => readSources(Object.keys(files).map((name) => join(dir, name))) };
}

function faults(files: Record<string, string>): string[] {
  const { dir, run } = read(files);
  return faultsOf(run).map((fault) => fault.replaceAll(`${dir}/`, ""));
}

const manifest = (text: string) => ({ "manifests.yaml": text });
const urnOf = (type: string, name: string) => `urn:pulumi:manifests::kubernetes::${type}::${name}`;

const plan = {
  formatVersion: 1,
  project: "demo",
  stack: "dev",
  resources: [
    {
      urn: "urn:pulumi:dev::demo::aws:s3/bucket:Bucket::logs",
      type: "aws:s3/bucket:Bucket",
      name: "logs",
      custom: true,
      inputs: { bucket: "logs", policy: "[secret]", tags: { owner: ["[secret]"] } },
      dependencies: [],
      propertyDependencies: {},
      options: { protect: true },
    },
  ],
  verdicts: [],
};

describe("plan files", () => {
  it("counts a redacted value as unknown", () => {
    const { project, stack, resources } = read({ "plan.json": JSON.stringify(plan) }).run();
    expect({ project, stack }).toEqual({ project: "demo", stack: "dev" });
    const inputs = { bucket: "logs", policy: unknownValue, tags: { owner: [unknownValue] } };
    expect(resources[0]).toEqual({ ...plan.resources[0], inputs, outputs: inputs });
  });

  it("adds the stack itself", () => {
    const { resources } = read({ "plan.json": JSON.stringify(plan) }).run();
    expect(resources.map(({ urn }) => urn)).toEqual([
      "urn:pulumi:dev::demo::aws:s3/bucket:Bucket::logs",
      "urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev",
    ]);
  });

  it.each([
    [
      "another format version",
      { ...plan, formatVersion: 2 },
      ["plan.json: formatVersion must be 1, got 2; write the file with this version of plan"],
    ],
    [
      "a member of the wrong type",
      { ...plan, stack: 5 },
      ["plan.json: stack: Invalid input: expected string, received number"],
    ],
    ["an unknown member", { ...plan, more: 1 }, ['plan.json: Unrecognized key: "more"']],
  ])("fails %s", (_name, content, expected) => {
    expect(faults({ "plan.json": JSON.stringify(content) })).toEqual(expected);
  });
});

describe("stack exports", () => {
  const bucket = {
    urn: "urn:pulumi:prod::demo::demo:index:Store$aws:s3/bucket:Bucket::logs",
    custom: true,
    id: "logs-1",
    type: "aws:s3/bucket:Bucket",
    inputs: {
      bucket: "logs",
      hidden: { [secretKey]: secretSignature, ciphertext: "v1:abc" },
      shown: { [secretKey]: secretSignature, plaintext: '"open sesame"' },
    },
    outputs: { arn: "arn:aws:s3:::logs", bucket: "logs" },
    parent: "urn:pulumi:prod::demo::demo:index:Store::store",
    provider: "urn:pulumi:prod::demo::pulumi:providers:aws::default_7_48_0::11111111-2222",
    dependencies: ["urn:pulumi:prod::demo::aws:kms/key:Key::key"],
    propertyDependencies: { hidden: ["urn:pulumi:prod::demo::aws:kms/key:Key::key"], bucket: null },
    protect: true,
    customTimeouts: { create: 600 },
  };
  const state = (resources: unknown[], version = 3) => ({
    "state.json": JSON.stringify({ version, deployment: { manifest: {}, resources } }),
  });

  it("takes inputs for resource rules and outputs for stack rules", () => {
    const { project, stack, resources } = read(state([bucket])).run();
    expect({ project, stack }).toEqual({ project: "demo", stack: "prod" });
    expect(resources[0]).toEqual({
      urn: bucket.urn,
      type: "aws:s3/bucket:Bucket",
      name: "logs",
      custom: true,
      inputs: {
        bucket: "logs",
        hidden: unknownValue,
        shown: { [secretKey]: secretSignature, value: "open sesame" },
      },
      outputs: bucket.outputs,
      parent: bucket.parent,
      dependencies: bucket.dependencies,
      propertyDependencies: { ...bucket.propertyDependencies, bucket: [] },
      provider: "urn:pulumi:prod::demo::pulumi:providers:aws::default_7_48_0",
      options: { protect: true, customTimeouts: { create: 600 } },
    });
  });

  it("leaves out what waits for its deletion", () => {
    const old = { ...bucket, urn: `${bucket.urn}-old`, delete: true };
    const { resources } = read(state([old, bucket])).run();
    expect(resources.map(({ name }) => name)).toEqual(["logs", "demo-prod"]);
  });

  it("accepts an empty stack", () => {
    const { resources } = read({ "state.json": '{"version":3,"deployment":{}}' }).run();
    expect(resources).toHaveLength(1);
  });

  it.each([
    [
      "an old version",
      state([], 1),
      "state.json: version of the deployment must be 3 or 4, got 1; export the stack again with pulumi stack export",
    ],
    [
      "a resource without a URN",
      state([{ type: "a:b:C" }]),
      "state.json: deployment.resources.0.urn: Invalid input: expected string, received undefined",
    ],
    [
      "a plaintext that is no JSON",
      state([{ ...bucket, inputs: { a: { [secretKey]: secretSignature, plaintext: "{" } } }]),
      "state.json: the plaintext of a secret must be JSON",
    ],
  ])("fails %s", (_name, files, fault) => {
    expect(faults(files)).toEqual([fault]);
  });
});

describe("Kubernetes manifests", () => {
  it("gives each object Pulumi's type and a name with its namespace", () => {
    const { dir, run } = read(
      manifest(`# the first
apiVersion: v1
kind: Namespace
metadata: { name: web }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: api, namespace: web }
spec: { replicas: 2 }
---
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { generateName: edge- }
`),
    );
    const { resources, places, project, stack } = run();
    expect({ project, stack }).toEqual({ project: "kubernetes", stack: "manifests" });
    const file = join(dir, "manifests.yaml");
    expect(resources.map(({ urn }) => [urn, places.get(urn)])).toEqual([
      [urnOf("kubernetes:core/v1:Namespace", "web"), { file, line: 2 }],
      [urnOf("kubernetes:apps/v1:Deployment", "web/api"), { file, line: 6 }],
      [urnOf("kubernetes:networking.istio.io/v1:Gateway", "edge-"), { file, line: 12 }],
      ["urn:pulumi:manifests::kubernetes::pulumi:pulumi:Stack::kubernetes-manifests", undefined],
    ]);
    expect(resources[1]?.inputs).toEqual({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "api", namespace: "web" },
      spec: { replicas: 2 },
    });
  });

  it("takes the members of Lists one by one", () => {
    const { resources } = read(
      manifest(`apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: Pod, metadata: { name: a } }
  - apiVersion: v1
    kind: ConfigMapList
    items: [{ apiVersion: v1, kind: ConfigMap, metadata: { name: b } }]
`),
    ).run();
    expect(resources.slice(0, 2).map(({ urn }) => urn)).toEqual([
      urnOf("kubernetes:core/v1:Pod", "a"),
      urnOf("kubernetes:core/v1:ConfigMap", "b"),
    ]);
  });

  it("reads values as Kubernetes does", () => {
    const { resources } = read(
      manifest(`apiVersion: v1
kind: ConfigMap
metadata: { name: a }
data: { old: yes, mode: 0644, time: 12:30, day: 2026-01-02, text: "yes" }
`),
    ).run();
    expect(resources[0]?.inputs["data"]).toEqual({
      old: true,
      mode: 420,
      time: "12:30",
      day: "2026-01-02",
      text: "yes",
    });
  });

  it("reads JSON too", () => {
    const content = '{ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a" } }';
    const { resources } = read({ "pod.json": content }).run();
    expect(resources[0]?.urn).toBe(urnOf("kubernetes:core/v1:Pod", "a"));
  });

  it("takes objects whose names Kubernetes makes for different ones", () => {
    const job = "apiVersion: batch/v1\nkind: Job\nmetadata: { generateName: run-, namespace: a }\n";
    const { resources } = read({ "a.yaml": `${job}---\n${job}`, "b.yaml": job }).run();
    expect(resources.slice(0, 3).map(({ name }) => name)).toEqual([
      "a/run-",
      "a/run-(2)",
      "a/run-(3)",
    ]);
  });

  it("knows what the members of a typed list are", () => {
    const { resources } = read(
      manifest(`apiVersion: apps/v1
kind: DeploymentList
items:
  - metadata: { name: a }
  - { apiVersion: v1, kind: Pod, metadata: { name: b } }
`),
    ).run();
    expect(resources.slice(0, 2).map(({ urn }) => urn)).toEqual([
      urnOf("kubernetes:apps/v1:Deployment", "a"),
      urnOf("kubernetes:core/v1:Pod", "b"),
    ]);
  });

  it("reads a JSON list of objects", () => {
    const pod = (name: string) => ({ apiVersion: "v1", kind: "Pod", metadata: { name } });
    const { resources } = read({ "pods.json": JSON.stringify([pod("a"), pod("b")]) }).run();
    expect(resources.slice(0, 2).map(({ name }) => name)).toEqual(["a", "b"]);
  });

  it("marks the content of a Secret as secret, also in a List", () => {
    const secret = (fields: string) => `{ apiVersion: v1, kind: Secret, ${fields} }`;
    const last = "kubectl.kubernetes.io/last-applied-configuration";
    const { resources } = read(
      manifest(`apiVersion: v1
kind: List
items:
  - ${secret("metadata: { name: a }, data: { pin: NDcxMQ== }, stringData: { word: open }")}
  - ${secret(`metadata: { name: b, annotations: { x: z, ${last}: '{"data":{}}' } }, data: odd`)}
`),
    ).run();
    expect(resources.slice(0, 2).map(({ inputs }) => inputs)).toEqual([
      {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "a" },
        data: { pin: makeSecret("NDcxMQ==") },
        stringData: { word: makeSecret("open") },
      },
      {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "b", annotations: { x: "z", [last]: makeSecret('{"data":{}}') } },
        data: makeSecret("odd"),
      },
    ]);
    expect(resources[0]?.outputs).toBe(resources[0]?.inputs);
  });

  it.each([
    [
      "a Helm template",
      "kind: Pod\nmetadata:\n  name: {{ .Values.name }}\n---\nspec: *absent\n",
      [
        "manifests.yaml:3:10: a key must be a text; render a Helm template first (helm template)",
        "manifests.yaml:5:7: an alias must name an anchor that stands before it; a text that begins with * needs quotes",
      ],
    ],
    [
      "aliases that multiply",
      `# bomb\na: &a [x,x,x,x,x,x,x,x,x]\n${["ab", "bc", "cd", "de", "ef", "fg", "gh"]
        .map(([from = "", to = ""]) => `${to}: &${to} [${Array(9).fill(`*${from}`).join()}]\n`)
        .join("")}`,
      ["manifests.yaml:2: aliases must not multiply: the document is too large with them"],
    ],
    [
      "a syntax error",
      "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n   labels: x\n",
      [
        "manifests.yaml:4:9: Nested mappings are not allowed in compact mappings",
        "manifests.yaml:4:9: Implicit keys need to be on a single line",
      ],
    ],
    [
      "objects without what every object has",
      "kind: Pod\n---\napiVersion: v1\n---\napiVersion: v1\nkind: Pod\n---\n- a\n",
      [
        "manifests.yaml:1: apiVersion must be set in every Kubernetes object, got nothing",
        "manifests.yaml:3: kind must be set in every Kubernetes object, got nothing",
        "manifests.yaml:5: metadata.name must be set in every Kubernetes object",
        "manifests.yaml:8: must be a Kubernetes object with apiVersion and kind",
      ],
    ],
    ["an empty file", "# nothing\n", ["manifests.yaml: must hold a Kubernetes object"]],
  ])("fails %s with its line", (_name, text, expected) => {
    expect(faults(manifest(text))).toEqual(expected);
  });
});

describe("readSources", () => {
  const pod = "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\n";

  it("judges files of all kinds together", () => {
    const { resources, project } = read({
      "plan.json": JSON.stringify(plan),
      "pod.yaml": pod,
    }).run();
    expect(project).toBe("demo");
    expect(resources.map(({ name }) => name)).toEqual(["logs", "a", "demo-dev"]);
  });

  it("fails a URN that occurs twice", () => {
    expect(faults({ "a.yaml": pod, "b.yaml": pod })).toEqual([
      `b.yaml: ${urnOf("kubernetes:core/v1:Pod", "a")} must occur once, but a.yaml has it as well`,
    ]);
  });

  it("quotes nothing of a broken JSON file", () => {
    expect(faults({ "state.json": '{\n  "password": "hunter2" "x"\n}' })).toEqual([
      "state.json:2:25: is not valid JSON",
    ]);
  });

  it.each([
    ["an alias", "word: *hunter2", /alias must name an anchor/],
    ["an escape sequence", String.raw`word: "C:\Uhunter2"`, /backslash in double quotes/],
    ["the head of a block", "word: |hunter2\n    x", /extra characters$/],
    ["a tag", "word: !<hunter2 x", /tag must be one of YAML$/],
    ["what nothing expects", "word: {a: b}}hunter2", /Unexpected scalar token in YAML stream$/],
  ])("quotes nothing of a broken Secret: %s", (_what, line, rule) => {
    const secret = `apiVersion: v1\nkind: Secret\nmetadata: { name: a }\nstringData:\n  ${line}\n`;
    const found = faults(manifest(secret));
    expect(found.at(-1)).toMatch(rule);
    expect(found.join("\n")).not.toContain("hunter2");
  });

  it("reports the faults of all files at once", () => {
    expect(faults({ "a.json": "{}", "b.yaml": "text" })).toEqual([
      "a.json: must be a plan file, a stack export (pulumi stack export) or Kubernetes manifests",
      "b.yaml:1: must be a Kubernetes object with apiVersion and kind",
    ]);
    expect(faultsOf(() => readSources(["/absent/plan.json"]))).toEqual([
      "/absent/plan.json: cannot be read: no such file or directory",
    ]);
  });
});
