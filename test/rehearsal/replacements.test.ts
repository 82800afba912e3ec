import { diff, rows } from "./aws/cloud";
import replacements from "./aws/replacements.json";

describe("the provider's table of replacements", () => {
  it("has every type that the stand-in knows, and no other", () => {
    expect(Object.keys(replacements.replacedBy).toSorted()).toEqual(Object.keys(rows).toSorted());
  });

  const cases = replacements.cases.map((each) => ({ ...each, json: JSON.stringify(each.news) }));

  it.each(cases)("$type to $json replaces by $replaces", ({ type, olds, news, replaces }) => {
    expect(diff(type, olds, news).replaces.toSorted()).toEqual(replaces);
  });
});
