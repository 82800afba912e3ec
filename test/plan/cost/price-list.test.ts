import { join } from "node:path";
import { parsePrices, readPrices, sourced } from "../../../plan/cost/price-list";
import type { Price } from "../../../plan/cost/price-list";

const row: Price = {
  service: "AmazonEC2",
  region: "eu-west-1",
  usage: "NatGateway-Hours",
  unit: "hour",
  price: 0.048,
  currency: "USD",
  source: "https://example.com/index.csv",
  date: "2026-09-25",
};

/** Sources that nobody can open. */
const noAddress = [
  "",
  "Cost Explorer, eu-west-1, July 2026 in a public cost review: 15.00 for 595 h",
  "see https://example.com/index.csv",
  "http://example.com/index.csv",
  "https://",
  "https://api.pricing.us-east-1.amazonaws.com (AWS Price List Query API)",
  "https://api.pricing.us-east-1.amazonaws.com/products",
];

function faults(rows: unknown): readonly string[] {
  try {
    parsePrices(JSON.stringify({ prices: rows }), "prices.json");
    return [];
  } catch (error) {
    return (error as { lines: readonly string[] }).lines;
  }
}

describe("the price file of the repository", () => {
  const prices = readPrices();

  it("gives each price a source and a date, and every other row no price at all", () => {
    const half = prices.filter(
      (price) =>
        sourced(price) === undefined &&
        [price.price, price.currency, price.source, price.date].some(
          (value) => value !== undefined,
        ),
    );
    expect(half).toEqual([]);
    expect(prices.filter((price) => sourced(price)).length).toBeGreaterThan(30);
  });

  it("has the instances of the repository's stacks and of Vault, in both regions that it knows", () => {
    const types = ["m7g.large", "m7g.xlarge", "r7g.xlarge", "t4g.medium"];
    const unpriced = ["eu-west-1", "us-east-1"].flatMap((region) =>
      types.filter(
        (type) =>
          !prices.some(
            (price) =>
              price.region === region && price.usage === `BoxUsage:${type}` && sourced(price),
          ),
      ),
    );
    expect(unpriced).toEqual([]);
  });
});

describe("parsePrices", () => {
  it("takes a row with a price and one without", () => {
    const { service, region, usage, unit } = row;
    expect(faults([row, { service, region, usage: `${usage}2`, unit }])).toEqual([]);
  });

  it("says every fault at once", () => {
    expect(faults([{ ...row, region: "Ireland", price: -1, cost: 3 }, 7])).toEqual([
      "prices.json: prices[0].cost is not a known key",
      'prices.json: prices[0].region must be a region such as eu-west-1, got "Ireland"',
      "prices.json: prices[0].price must be a number of 0 or more, got -1",
      "prices.json: prices[1] must be a map, got 7",
    ]);
  });

  it.each([
    ["price", "0.048", "must be a number of 0 or more"],
    ["currency", "EUR", "must be USD"],
    ["unit", "day", "must be one of hour, month, GB-month"],
    ["date", "yesterday", "must be a date such as 2026-11-01"],
    ["usage", "two words", "must be a usage type"],
    ...noAddress.map((source): [string, string, string] => [
      "source",
      source,
      "must begin with an https address that opens without credentials",
    ]),
  ])("refuses a %s of %s", (key, value, rule) => {
    expect(faults([{ ...row, [key]: value }])).toEqual([
      `prices.json: prices[0].${key} ${rule}, got ${JSON.stringify(value)}`,
    ]);
  });

  it("refuses two prices for one thing", () => {
    expect(faults([row, { ...row, price: 1 }])).toEqual([
      "prices.json: prices[1] must be unique, got AmazonEC2 eu-west-1 NatGateway-Hours  again",
    ]);
  });

  it.each([
    ["{", /^prices\.json: must be JSON/],
    ["null", /^prices\.json: prices must be a list$/],
  ])("refuses a file that is %s", (text, message) => {
    expect(() => parsePrices(text, "prices.json")).toThrow(message);
  });
});

describe("readPrices", () => {
  it("names the file that it cannot read", () => {
    const file = join(__dirname, "no-prices.json");
    expect(() => readPrices(file)).toThrow(`${file}: cannot be read: no such file or directory`);
  });
});

describe("sourced", () => {
  it.each(["price", "currency", "source", "date"] as const)("needs a %s", (key) => {
    const { [key]: _, ...rest } = row;
    expect(sourced(row)).toEqual(row);
    expect(sourced(rest)).toBeUndefined();
  });

  it.each(noAddress)("takes no source that nobody can open: %s", (source) => {
    expect(sourced({ ...row, source })).toBeUndefined();
  });

  it("takes an address with what is to be said of it", () => {
    const source = "https://example.com/index.csv (SKU A1, as of 2026-09-14)";
    expect(sourced({ ...row, source })).toEqual({ ...row, source });
  });
});
