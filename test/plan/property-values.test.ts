import { createHash } from "node:crypto";
import {
  makeSecret,
  outputDependencies,
  recorded,
  redactedValue,
  Redactor,
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

describe("Redactor", () => {
  const redact = (secret: unknown, text: string) => {
    const redactor = new Redactor();
    redactor.learn({ a: makeSecret(secret) });
    return redactor.redact(text);
  };

  it.each([
    ["a text", "hunter2", "got hunter2!", "got [secret]!"],
    ["a number", 471100, "pin 471100", "pin [secret]"],
    [
      "a member of a secret",
      { user: "root", password: "pass word" },
      "root: pass word",
      "[secret]: [secret]",
    ],
    ["a longer secret before a shorter one", ["abc", "abcdef"], "abcdef abc", "[secret] [secret]"],
    ["the JSON form of a text", 'a"b\nc', String.raw`got "a\"b\nc"`, 'got "[secret]"'],
    [
      "a line of a longer text",
      "-----BEGIN-----\nMIIEowIBAAKC\n",
      "MIIEowIBAAKC is short",
      "[secret] is short",
    ],
    ["a short text as a word", "ab", "ab is in abbey", "[secret] is in abbey"],
  ])("takes out %s", (_name, secret, text, expected) => {
    expect(redact(secret, text)).toBe(expected);
  });

  it.each([
    ["what is not secret", "open"],
    ["truth values", "must be true"],
    ["unknown values", unknownValue],
  ])("leaves %s alone", (_name, text) => {
    const redactor = new Redactor();
    redactor.learn({
      a: "open",
      b: makeSecret(true),
      c: makeSecret(unknownValue),
      d: makeSecret(""),
    });
    expect(redactor.redact(text)).toBe(text);
  });
});
