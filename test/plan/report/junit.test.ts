import { junitReport, xmlText } from "../../../plan/report/junit";
import { result } from "./result-fixture";

/** The tags of an XML text with their attributes; fails when tags do not match up. */
function tagsOf(xml: string): { name: string; attributes: Record<string, string>; text: string }[] {
  const tags: { name: string; attributes: Record<string, string>; text: string }[] = [];
  const open: number[] = [];
  const unescaped = (text: string) =>
    text
      .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
      .replaceAll("&lt;", "<")
      .replaceAll("&gt;", ">")
      .replaceAll("&quot;", '"')
      .replaceAll("&apos;", "'")
      .replaceAll("&amp;", "&");
  for (const [, closing, name = "", written = "", single, text = ""] of xml.matchAll(
    /<(\/?)([\w-]+)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>([^<]*)/g,
  )) {
    if (closing === "/") {
      const index = open.pop();
      if (index === undefined || tags[index]?.name !== name) throw new Error(`stray </${name}>`);
      continue;
    }
    const attributes = Object.fromEntries(
      [...written.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [
        key,
        unescaped(value),
      ]),
    );
    tags.push({ name, attributes, text: unescaped(text).trim() });
    if (single !== "/") open.push(tags.length - 1);
  }
  if (open.length > 0) throw new Error("a tag is not closed");
  return tags;
}

describe("junitReport", () => {
  const tags = tagsOf(junitReport(result));

  it("counts one case per rule and resource", () => {
    expect(tags[0]).toMatchObject({
      name: "testsuites",
      attributes: { name: "demo/dev", tests: "5", failures: "1", skipped: "2", errors: "0" },
    });
    const suites = tags.filter(({ name }) => name === "testsuite");
    expect(suites.map(({ attributes }) => attributes)).toEqual([
      { name: "absent", tests: "1", failures: "0", skipped: "1", errors: "0" },
      { name: "encrypted", tests: "2", failures: "1", skipped: "1", errors: "0" },
      { name: "private", tests: "1", failures: "0", skipped: "0", errors: "0" },
      { name: "tagged", tests: "1", failures: "0", skipped: "0", errors: "0" },
    ]);
  });

  it("fails what blocks, skips what is undecided or not applicable, notes the rest", () => {
    const outcomes = tags.filter(({ name }) => /failure|skipped|system-out/.test(name));
    expect(
      outcomes.map(({ name, attributes, text }) => [name, attributes["message"] ?? text]),
    ).toEqual([
      ["skipped", "there is no queue"],
      ["failure", 'must be "kms", got <none>\nsecond line'],
      ["skipped", "kmsMasterKeyId of news is unknown until up"],
      ["system-out", "advisory: owner is missing"],
    ]);
  });

  it("names cases by resource and rule", () => {
    const cases = tags.filter(({ name }) => name === "testcase");
    expect(cases.map(({ attributes }) => [attributes["classname"], attributes["name"]])).toEqual([
      ["absent", "pulumi:pulumi:Stack demo-dev"],
      ["encrypted", "aws:s3/bucket:Bucket logs"],
      ["encrypted", "aws:sns/topic:Topic news"],
      ["private", "aws:s3/bucket:Bucket logs"],
      ["tagged", "aws:sns/topic:Topic news"],
    ]);
  });
});

describe("xmlText", () => {
  it.each([
    ["markup", `<a b="c">&'`, "&lt;a b=&quot;c&quot;&gt;&amp;&apos;"],
    ["line ends and tabs", "a\tb\r\nc", "a&#9;b&#13;&#10;c"],
    ["control characters", "a\u0000b\u001Bc\u007F\uFFFE", "a\uFFFDb\uFFFDc\uFFFD\uFFFD"],
    ["half of a character pair", "a\uD800b", "a\uFFFDb"],
    ["a whole character pair", "\u{1F511}", "\u{1F511}"],
    ["the end of a CDATA section", "]]>", "]]&gt;"],
  ])("escapes %s", (_name, text, expected) => {
    expect(xmlText(text)).toBe(expected);
  });
});
