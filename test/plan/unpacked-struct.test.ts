import { property, assert, dictionary, jsonValue, string } from "fast-check";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { unpackedStruct } from "../../plan/unpacked-struct";

describe("a Struct that is never packed", () => {
  it("reads as the one of google-protobuf does, in the order of its keys too", () => {
    assert(
      property(dictionary(string(), jsonValue()), (value) => {
        const theirs = Struct.fromJavaScript(value).toJavaScript();
        const ours = unpackedStruct(value).toJavaScript();
        expect(ours).toEqual(theirs);
        expect(JSON.stringify(ours)).toBe(JSON.stringify(theirs));
      }),
    );
  });

  it("gives each reader a copy", () => {
    const given = { list: [{ a: 1 }] };
    const struct = unpackedStruct(given);
    const [first, second] = [struct.toJavaScript(), struct.toJavaScript()];
    (first["list"] as unknown[]).push(2);
    expect([given, second]).toEqual([{ list: [{ a: 1 }] }, { list: [{ a: 1 }] }]);
  });

  it.each([[undefined], [() => 1]])("refuses %p as google-protobuf does", (value) => {
    const theirs = () => Struct.fromJavaScript({ value } as never);
    expect(theirs).toThrow("Unexpected struct type");
    expect(() => unpackedStruct({ value }).toJavaScript()).toThrow("Unexpected struct type");
  });
});
