import {
  contains,
  is,
  isAbsent,
  isAtLeast,
  isBetween,
  isOneOf,
  isSet,
} from "../../policies/conditions";
import { Resource, Stack } from "../../policies/model";
import type { Registration } from "../../policies/model";
import { show } from "../../policies/show";
import { all, any, not } from "../../policies/truth";
import { isUnknown, replaceUnknown, sentinels } from "../../policies/unknown";

const registration = (more: Partial<Registration> = {}): Registration => ({
  urn: "urn:it",
  type: "a:b:C",
  name: "it",
  inputs: {},
  ...more,
});
const resourceOf = (inputs: Record<string, unknown>) => new Resource(registration({ inputs }));

describe("isUnknown", () => {
  it.each(sentinels.map((sentinel) => [sentinel]))(
    "knows %s, alone and inside a text",
    (sentinel) => {
      expect(isUnknown(sentinel)).toBe(true);
      expect(isUnknown(`arn:aws:kms:eu-west-1:111122223333:key/${sentinel}`)).toBe(true);
      expect(isUnknown(JSON.stringify({ deep: [{ Resource: sentinel }] }))).toBe(true);
      expect(replaceUnknown(`a ${sentinel} b ${sentinel}`, "?")).toBe("a ? b ?");
    },
  );

  it.each([
    [""],
    ["text"],
    [undefined],
    [null],
    [1],
    [["04da6b54"]],
    ["00000000-0000-0000-0000-000000000000"],
  ])("takes %j for known", (value) => {
    expect(isUnknown(value)).toBe(false);
  });

  it("knows what the SDK knows", () => {
    const proxy = jest.requireActual<Record<string, unknown>>("@pulumi/policy/proxy");
    const kinds = ["Boolean", "Number", "String", "Array", "Asset", "Archive", "Object"];
    expect([...sentinels]).toEqual(kinds.map((kind) => proxy[`unknown${kind}Value`]));
  });
});

describe("the logic of unknowns", () => {
  it.each([
    [[], false, true],
    [[true, undefined], true, undefined],
    [[false, undefined], undefined, false],
    [[true, false], true, false],
    [[undefined], undefined, undefined],
  ])("%j: any %s, all %s", (truths, some, every) => {
    expect(any(truths)).toBe(some);
    expect(all(truths)).toBe(every);
  });

  it.each([
    [true, false],
    [false, true],
    [undefined, undefined],
  ])("not %s is %s", (truth, expected) => {
    expect(not(truth)).toBe(expected);
  });
});

describe("conditions", () => {
  it.each([
    [is(true), "true", true],
    [is(false), undefined, false],
    [is("x"), sentinels[0], undefined],
    [isOneOf(["a"]), "b", false],
    [isBetween(1, 3), "2", true],
    [isBetween(1, 3), 2.5, false],
    [isBetween(1, 3), "", false],
    [isBetween(1, 3), true, false],
    [isAtLeast(90, "days"), null, false],
    [isSet, "", false],
    [isSet, 0, true],
    [isAbsent, "", true],
    [contains(["a"]), ["a", sentinels[2]], true],
    [contains(["a"]), ["b", sentinels[2]], undefined],
    [contains(["a"]), "a", false],
  ])("%#: %j", (condition, value, expected) => {
    expect(condition.holds(value)).toBe(expected);
  });
});

describe("Field", () => {
  it("names the nearest place that is unknown", () => {
    const [finding] = resourceOf({ config: sentinels[6] }).must("config.deep.flag", is(true));
    expect(finding).toEqual({
      verdict: "undecided",
      message: "config of it is unknown until up",
      urn: "urn:it",
    });
  });

  it("takes an unknown list for a list of one unknown", () => {
    expect(
      resourceOf({ list: sentinels[3] })
        .each("list")
        .map(({ path, unknown }) => [path, unknown]),
    ).toEqual([["list", true]]);
  });

  it.each([
    ["missing", undefined, []],
    ["a list", ["a", "b"], ["list[0]", "list[1]"]],
    ["one value", "a", ["list"]],
  ])("has the items of %s", (_title, list, paths) => {
    expect(
      resourceOf({ list })
        .each("list")
        .map(({ path }) => path),
    ).toEqual(paths);
  });

  it("reads what is known of a JSON text with unknown parts", () => {
    const text = JSON.stringify({ a: "known", b: sentinels[2] });
    const field = resourceOf({ text }).at("text").json();
    expect([field.at("a").value, field.at("b").unknown]).toEqual(["known", true]);
  });

  it("does not reach into what every object has", () => {
    expect(resourceOf({}).at("constructor.name").present).toBe(false);
  });
});

describe("show", () => {
  it.each([
    [undefined, "nothing"],
    ["", "nothing"],
    [true, "true"],
    [7, "7"],
    ["a", '"a"'],
    [["a", 1], '["a", 1]'],
    [{ password: "x" }, "a map"],
    [{ Sid: "It", Secret: "x" }, "statement It"],
    [`arn:${sentinels[2]}`, '"arn:(unknown)"'],
    ["x".repeat(100), "a text of 100 characters"],
    [Array.from({ length: 50 }, () => "word"), "a list of 50"],
  ])("%#", (value, expected) => {
    expect(show(value)).toBe(expected);
  });
});

describe("Stack", () => {
  const key = registration({ urn: "urn:key", type: "key", name: "key" });
  const other = registration({ urn: "urn:other", type: "key", name: "other" });
  const user = (ref: unknown, made: string[] = []): Registration =>
    registration({ inputs: { ref }, propertyDependencies: { ref: made } });
  const refs = (...registrations: Registration[]) => {
    const stack = new Stack(registrations);
    const one = stack.get("urn:it");
    if (!one) throw new Error("expected it");
    const { found, outside, unknown } = stack.refs(one.at("ref"), ["key"]);
    return [found.map(({ name }) => name), outside.length, unknown.length];
  };

  it.each([
    ["an unknown id by its dependency", user(sentinels[2], ["urn:key"]), [["key"], 0, 0]],
    [
      "unknown ids in a list",
      user([sentinels[2], sentinels[2]], ["urn:key", "urn:other"]),
      [["key", "other"], 0, 0],
    ],
    ["an unknown list", user(sentinels[3], ["urn:key"]), [["key"], 0, 0]],
    ["an unknown part of a text", user(`${sentinels[2]}:*`, ["urn:key"]), [["key"], 0, 0]],
    ["an unknown of another type", user(sentinels[2], ["urn:it"]), [[], 0, 1]],
    ["an unknown of nobody", user(sentinels[2]), [[], 0, 1]],
    ["a known id", user("key-1"), [["key"], 0, 0]],
    ["a known ARN with a wildcard", user("arn:key:*"), [["key"], 0, 0]],
    [
      "a known id of another stack, whatever else the property was made from",
      user("key-2", ["urn:key"]),
      [[], 1, 0],
    ],
    ["nothing", user(undefined), [[], 0, 0]],
  ])("finds %s", (_title, one, expected) => {
    const known = { ...key, outputs: { id: "key-1", arn: "arn:key" } };
    expect(refs(one, known, other)).toEqual(expected);
  });

  it("finds who refers to a resource, and who may", () => {
    const stack = new Stack([
      key,
      user(sentinels[2], ["urn:key"]),
      { ...user(sentinels[2]), urn: "urn:it2" },
    ]);
    const target = stack.get("urn:key");
    if (!target) throw new Error("expected the key");
    expect(stack.users(target, ["a:b:C"], "ref").map(({ urn }) => urn)).toEqual(["urn:it"]);
    expect(stack.danglers(["a:b:C"], "ref", ["key"]).map(({ resource }) => resource.urn)).toEqual([
      "urn:it2",
    ]);
  });

  it("has the same order whatever the order of registration", () => {
    const forward = new Stack([key, other, user("x")]).resources.map(({ urn }) => urn);
    expect(new Stack([user("x"), other, key]).resources.map(({ urn }) => urn)).toEqual(forward);
  });
});
