import { makeSecret, unknownValue } from "../../plan/property-values";
import { Redactor } from "../../plan/redactor";
import { plannedResource } from "../../plan/stack-resource";

function knowing(secret: unknown): Redactor {
  const redactor = new Redactor();
  redactor.learn({ a: makeSecret(secret) });
  return redactor;
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("Redactor", () => {
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
    ["a member of JSON text", '{"login":{"pass":"s3cr"}}', "got s3cr", "got [secret]"],
    ["a number of JSON text", "[471100]", "pin 471100", "pin [secret]"],
    ["what base64 hides", base64("open sesame"), "got open sesame", "got [secret]"],
    [
      "what base64 hides in JSON text",
      JSON.stringify({ data: base64('{"pass":"open sesame"}') }),
      "got open sesame",
      "got [secret]",
    ],
    ["the base64 form of a text", "open sesame", base64("open sesame"), "[secret]"],
    ["the form of a text in a URL", "p@ss/word", "db://p%40ss%2Fword", "db://[secret]"],
    ["a key that looks like a token", { tok4711abcd: "root" }, "got tok4711abcd", "got [secret]"],
    [
      "the password of a URL",
      "postgres://root:s3cr%40t@db:5432/app",
      "got s3cr%40t, that is s3cr@t",
      "got [secret], that is [secret]",
    ],
    [
      "what calls itself a password",
      "Server=db;Password=open-sesame;Pooling=true",
      "open-sesame of Server",
      "[secret] of Server",
    ],
  ])("takes out %s", (_name, secret, text, expected) => {
    expect(knowing(secret).redact(text)).toBe(expected);
  });

  it.each([
    ["what is not secret", "open"],
    ["truth values", "must be true"],
    ["unknown values", unknownValue],
    ["short numbers of JSON text", "between 1 and 443"],
    ["keys that are words", "password must be set"],
  ])("leaves %s alone", (_name, text) => {
    const redactor = new Redactor();
    redactor.learn({
      a: "open",
      b: makeSecret(true),
      c: makeSecret(unknownValue),
      d: makeSecret(""),
      e: makeSecret('{"port":443,"tls":true}'),
      f: makeSecret({ password: "hunter2" }),
    });
    expect(redactor.redact(text)).toBe(text);
  });
});

describe("plannedResource", () => {
  const urn = (name: string) => `urn:pulumi:dev::demo::a:b:C::${name}`;
  const resource = {
    urn: urn("db-hunter2-x"),
    type: "a:b:C",
    name: "db-hunter2-x",
    custom: true,
    inputs: { engine: "post", url: "db://hunter2@db", list: ["pin"] },
    outputs: {},
    parent: urn("up-hunter2"),
    dependencies: [urn("z"), urn("hunter2")],
    propertyDependencies: { url: [urn("hunter2")] },
    provider: urn("p-hunter2"),
    options: {
      import: "hunter2-id",
      deletedWith: urn("hunter2"),
      aliases: [urn("hunter2"), { name: "old-hunter2", parent: urn("hunter2") }],
    },
  };

  it("shows a secret nowhere, and the same name in every place alike", () => {
    const redactor = knowing(["hunter2", "pin"]);
    expect(plannedResource(resource, redactor)).toEqual({
      urn: urn("db-[secret]-x"),
      type: "a:b:C",
      name: "db-[secret]-x",
      custom: true,
      // Text around a secret would be judged as if it were the value.
      inputs: { engine: "post", list: ["pin"], url: "[secret]" },
      parent: urn("up-[secret]"),
      dependencies: [urn("[secret]"), urn("z")],
      propertyDependencies: { url: [urn("[secret]")] },
      provider: urn("p-[secret]"),
      options: {
        import: "[secret]-id",
        deletedWith: urn("[secret]"),
        aliases: [urn("[secret]"), { name: "old-[secret]", parent: urn("[secret]") }],
      },
    });
  });
});
