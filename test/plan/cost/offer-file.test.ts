import { readOffer } from "../../../plan/cost/offer-file";
import type { Lookup } from "../../../plan/cost/offer-file";

const source =
  "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonEC2/20260925174521/eu-west-1/index.csv";
const current = source.replace("20260925174521", "current");

const head = [
  '"FormatVersion","v1.0"',
  '"Disclaimer","This pricing list is for informational purposes only."',
  '"Publication Date","2026-09-25T17:45:21Z"',
  '"Version","20260925174521"',
  '"OfferCode","AmazonEC2"',
];
const names =
  '"SKU","TermType","PriceDescription","StartingRange","EndingRange","Unit","PricePerUnit","Currency","usageType","operation","Region Code"';

/** A row of an offer file, with what is different about it. */
function row(more: Record<string, string> = {}): string {
  const cells = {
    SKU: "ABC",
    TermType: "OnDemand",
    PriceDescription: '$0.048 per NAT Gateway Hour, "zonal"',
    StartingRange: "0",
    EndingRange: "Inf",
    Unit: "Hrs",
    PricePerUnit: "0.0480000000",
    Currency: "USD",
    usageType: "EU-NatGateway-Hours",
    operation: "NatGateway",
    "Region Code": "eu-west-1",
    ...more,
  };
  return Object.values(cells)
    .map((cell) => `"${cell.replaceAll('"', '""')}"`)
    .join(",");
}

const nat = { service: "AmazonEC2", usage: "NatGateway-Hours", unit: "hour" } as const;
const lookup: Lookup = { service: "AmazonEC2", region: "eu-west-1", meters: [nat] };

async function* each(lines: readonly string[]) {
  yield* lines;
}

const answer = (rows: readonly string[], asked = lookup, start: readonly string[] = head) =>
  readOffer(asked, each([...start, names, ...rows]));

const found = (price: number) => ({
  prices: [{ ...nat, region: "eu-west-1", price, currency: "USD", source, date: "2026-09-25" }],
  faults: [],
});

describe("readOffer", () => {
  it("finds a price, and names the version of the file that it is from", async () => {
    expect(await answer([row()])).toEqual(found(0.048));
  });

  it.each([
    ["another kind that ends alike", { usageType: "EU-RegionalNatGateway-Hours" }],
    ["another region", { "Region Code": "eu-west-1-dub-1" }],
    ["a reservation", { TermType: "Reserved" }],
    ["a later tier", { StartingRange: "1000" }],
    ["bytes", { usageType: "EU-NatGateway-Bytes", Unit: "GB" }],
  ])("passes over %s", async (_name, other) => {
    expect(await answer([row({ ...other, PricePerUnit: "9" }), row()])).toEqual(found(0.048));
    expect((await answer([row(other)])).faults).toEqual([
      `${source}: NatGateway-Hours must be in the file, found nothing`,
    ]);
  });

  it.each(["NatGateway-Hours", "EUW2-NatGateway-Hours", "eu-west-1-NatGateway-Hours"])(
    "knows the meter as %s",
    async (usageType) => {
      expect(await answer([row({ usageType })])).toEqual(found(0.048));
    },
  );

  it("tells apart by the operation what has one usage type", async () => {
    const usage = "LoadBalancerUsage";
    const operation = "LoadBalancing:Network";
    const meters = [{ service: "AmazonEC2", usage, operation, unit: "hour" } as const];
    const both = ["LoadBalancing:Application", operation].map((one, i) =>
      row({ usageType: "EU-LoadBalancerUsage", operation: one, PricePerUnit: `${i}.5` }),
    );
    const { prices, faults } = await answer(both, { ...lookup, meters });
    expect([prices[0]?.price, faults]).toEqual([1.5, []]);
    expect((await answer(both, { ...lookup, meters: [{ ...nat, usage }] })).faults).toEqual([
      `${source}: LoadBalancerUsage must be in the file once, found 2 rows`,
    ]);
  });

  it.each([
    ["a currency", { Currency: "CNY" }, "must be in USD, got CNY"],
    ["a unit", { Unit: "GB-Mo" }, "must be for each hour, got GB-Mo"],
    ["a price", { PricePerUnit: "" }, 'must have a price, got ""'],
    [
      "a price of nothing",
      { PricePerUnit: "0.0000000000" },
      'must have a price, got "0.0000000000"',
    ],
    ["a price in words", { PricePerUnit: "1e-3" }, 'must have a price, got "1e-3"'],
  ])("refuses %s that it does not expect", async (_name, other, rule) => {
    expect(await answer([row(other)])).toEqual({
      prices: [],
      faults: [`${source}: NatGateway-Hours ${rule}`],
    });
  });

  it.each([
    ["a row that was cut off", [row().slice(0, 60)], /line 7 must be complete/],
    ["a row that lacks cells", ['"ABC","OnDemand"'], /line 7 must be complete, got "\\"ABC/],
  ])("refuses a file with %s", async (_name, rows, rule) => {
    const { prices, faults } = await answer(rows);
    expect(prices).toEqual([]);
    expect(faults).toEqual([expect.stringMatching(rule)]);
  });

  it.each([
    ["another format", 0, '"FormatVersion","v2.0"', "must be of FormatVersion v1.0"],
    ["another offer", 4, '"OfferCode","AmazonVPC"', "must be of the offer AmazonEC2"],
    ["no version", 3, '"Version",""', "must have a Version of 14 digits"],
    ["no date", 2, '"Publication Date","soon"', "must have a Publication Date"],
  ])("refuses a file of %s", async (_name, line, text, rule) => {
    const { prices, faults } = await answer([row()], lookup, head.with(line, text));
    expect([prices, faults]).toEqual([[], [`${current}: ${rule}`]]);
  });

  it("refuses a file without the columns, and an empty one", async () => {
    const { faults } = await readOffer(lookup, each([...head, '"SKU","TermType","Unit"']));
    expect(faults).toEqual([
      `${current}: must have the columns StartingRange, PricePerUnit, Currency, usageType, operation, Region Code`,
    ]);
    expect((await readOffer(lookup, each([]))).faults).toEqual([
      `${current}: must have columns, found none`,
    ]);
  });
});
