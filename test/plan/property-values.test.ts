import { createHash } from "node:crypto";
import {
  makeSecret,
  outputDependencies,
  recorded,
  redactedValue,
  secretsKept,
  unknownValue,
  withoutInternalKeys,
} from "../../plan/property-values";
import { folderOf } from "./files";

const key = "4dabf18193072939515e22adb298388d";
const output = (fields: object) => ({ [key]: "d0e6a833031e9bbcd3f4e8bde6ca49a4", ...fields });
const reference = (fields: object) => ({ [key]: "5cf8f73096256a8f31e491e813e4eb8e", ...fields });
const asset = (fields: object) => ({ [key]: "c44067f5952c0a294b673a41bacd8c17", ...fields });

describe("recorded", () => {
  it.each([
    ["a plain value", { a: [1, null, "b", true] }, { a: [1, null, "b", true] }],
    ["an unknown of another type", "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", unknownValue],
    ["a secret", makeSecret({ a: "b" }), makeSecret({ a: "b" })],
    ["an output value", output({ value: "a" }), "a"],
    ["an output value without a value", output({}), unknownValue],
    ["a secret output value", output({ value: 1, secret: true }), makeSecret(1)],
    ["a secret output value without a value", output({ secret: true }), makeSecret(unknownValue)],
    ["a reference to what has no id yet", reference({ urn: "u", id: "" }), unknownValue],
    ["a reference to what has an id", reference({ urn: "u", id: "i" }), "i"],
    ["a reference to a component", reference({ urn: "u" }), "u"],
  ])("gives %s as the engine records it", (_name, value, expected) => {
    expect(recorded({ list: [value] }, "/")).toEqual({ list: [expected] });
  });

  it("gives assets the hash of their content", () => {
    const dir = folderOf({ "file.txt": "content" });
    const hash = createHash("sha256").update("content").digest("hex");
    expect(recorded(asset({ text: "content" }), dir)).toEqual(asset({ text: "content", hash }));
    expect(recorded(asset({ path: "file.txt" }), dir)).toEqual(asset({ path: "file.txt", hash }));
  });

  it("drops the marks that the SDK leaves on assets and archives", () => {
    const marked = asset({ text: "content", __pulumiAsset: true });
    const archive = { [key]: "0def7320c3a5731c473e5ecbe6d01bc7" };
    expect(recorded({ ...archive, assets: { a: marked }, __pulumiArchive: true })).toEqual({
      ...archive,
      assets: { a: asset({ text: "content" }) },
    });
  });

  it("fails a signature that it does not know", () => {
    expect(() => recorded({ [key]: "other" }, "/")).toThrow(
      "a property has the unrecognized signature other",
    );
  });
});

describe("outputDependencies", () => {
  it("finds the dependencies of nested output values", () => {
    const inner = output({ value: "a", dependencies: ["u2"] });
    expect(outputDependencies([{ a: output({ value: [inner], dependencies: ["u1"] }) }])).toEqual([
      "u1",
      "u2",
    ]);
  });
});

describe("redactedValue", () => {
  it("replaces secrets as a whole and sorts keys", () => {
    const value = { b: [makeSecret({ x: "y" })], a: { d: 1, c: makeSecret("z") } };
    expect(JSON.stringify(redactedValue(value))).toBe(
      '{"a":{"c":"[secret]","d":1},"b":["[secret]"]}',
    );
  });
});

describe("withoutInternalKeys", () => {
  it("leaves out the bookkeeping of providers at every depth", () => {
    expect(withoutInternalKeys({ __defaults: [], a: [{ __internal: {}, b: 1 }] })).toEqual({
      a: [{ b: 1 }],
    });
  });
});

describe("secretsKept", () => {
  const before = {
    password: makeSecret("hunter2-hunter2"),
    list: ["a", makeSecret("pin-4711")],
    engine: "postgres",
  };
  const known = (text: string) => /hunter2-hunter2|pin-4711|postgres/.test(text);

  it.each<[string, unknown, unknown]>([
    [
      "what was secret",
      { ...before, password: "hunter2-hunter2", list: ["a", "pin-4711"] },
      before,
    ],
    ["what took its place", { password: "other" }, { password: makeSecret("other") }],
    [
      "what was copied elsewhere, also as a part",
      { url: "db://root:hunter2-hunter2@db", pins: [["pin-4711"]] },
      { url: makeSecret("db://root:hunter2-hunter2@db"), pins: [[makeSecret("pin-4711")]] },
    ],
    [
      "nothing that was open before",
      { engine: "postgres", size: 3 },
      { engine: "postgres", size: 3 },
    ],
  ])("marks %s", (_name, after, expected) => {
    expect(secretsKept(before, after, known)).toEqual(expected);
  });
});
