import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import * as fc from "fast-check";
import type { PropertyMap } from "../../plan/property-values";
import {
  decoded,
  encoded,
  flag,
  many,
  map,
  maybe,
  message,
  one,
  real,
  struct,
  text,
} from "../../plan/wire";

const property = fc.letrec<{
  value: JavaScriptValue;
  list: JavaScriptValue[];
  object: PropertyMap;
}>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constant(null),
    fc.boolean(),
    fc.double(),
    fc.string({ unit: "binary" }),
    tie("list"),
    tie("object") as fc.Arbitrary<Record<string, JavaScriptValue>>,
  ),
  list: fc.array(tie("value")),
  object: fc.dictionary(fc.string({ unit: "binary" }), tie("value"), { noNullPrototype: true }),
})).object as fc.Arbitrary<Record<string, JavaScriptValue>>;

/** The text of JSON tells the order of keys, which rules see. */
const shown = (value: unknown) => JSON.stringify(value);

describe("struct", () => {
  it("is read as google-protobuf reads it", () => {
    fc.assert(
      fc.property(property, (value) => {
        const theirs = Struct.fromJavaScript(value);
        const ours = decoded(struct, theirs.serializeBinary());
        expect(ours).toStrictEqual(theirs.toJavaScript());
        expect(shown(ours)).toBe(
          shown(Struct.deserializeBinary(theirs.serializeBinary()).toJavaScript()),
        );
      }),
    );
  });

  it("is written as google-protobuf can read it", () => {
    fc.assert(
      fc.property(property, (value) => {
        const theirs = Struct.deserializeBinary(encoded(struct, value)).toJavaScript();
        expect(theirs).toStrictEqual(Struct.fromJavaScript(value).toJavaScript());
      }),
    );
  });

  it("grows as large as it must", () => {
    const value = {
      a: "x".repeat(5000),
      b: Array.from({ length: 3000 }, (_, index) => `${index}`),
    };
    expect(decoded(struct, encoded(struct, value))).toStrictEqual(value);
  });

  it("refuses what is no JSON", () => {
    expect(() => encoded(struct, { a: undefined })).toThrow(
      "a property must be of JSON, got undefined",
    );
  });
});

describe("message", () => {
  const known = message({
    name: one(1, text),
    on: one(2, flag),
    size: maybe(3, message({ by: one(1, real) })),
  });
  const more = message({
    name: one(1, text),
    on: one(2, flag),
    other: many(200, text),
    rate: one(5, real),
    tags: map(6, one(2, text)),
  });

  it("lacks what it does not say", () => {
    expect(encoded(known, { name: "", on: false, size: undefined })).toHaveLength(0);
    expect(decoded(known, new Uint8Array())).toEqual({ name: "", on: false, size: undefined });
  });

  it("passes over fields that it does not know", () => {
    const said = {
      name: "ü",
      on: true,
      other: ["x", "", "y".repeat(300)],
      rate: 0.5,
      tags: [{ key: "k", value: "" }],
    };
    expect(decoded(more, encoded(more, said))).toEqual(said);
    expect(decoded(known, encoded(more, said))).toEqual({ name: "ü", on: true, size: undefined });
  });

  it("is refused when it is cut short, or nothing of the kind", () => {
    const bytes = encoded(known, { name: "name", on: false, size: { by: 2 } });
    for (const length of [1, 4, bytes.length - 1])
      expect(() => decoded(known, bytes.subarray(0, length))).toThrow(RangeError);
    expect(() => decoded(known, Buffer.from([0x0b]))).toThrow(
      "a message has the unknown wire type 3",
    );
  });
});
