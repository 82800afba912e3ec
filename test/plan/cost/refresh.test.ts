import { parsePrices } from "../../../plan/cost/price-list";
import type { Price } from "../../../plan/cost/price-list";
import { changes, priceFileText, refreshed } from "../../../plan/cost/refresh";

const hour = (service: string, usage: string, price?: number): Price => ({
  service,
  region: "eu-west-1",
  usage,
  unit: "hour",
  ...(price !== undefined && { price, currency: "USD", source: "a page", date: "2026-01-31" }),
});

/** Offer files that hold these prices, by usage type. */
function files(prices: Record<string, Record<string, string>>) {
  const asked: string[] = [];
  const get = (path: string): Promise<AsyncIterable<string>> => {
    asked.push(path);
    const service = path.split("/")[4] ?? "";
    const rows = prices[service];
    if (!rows) return Promise.reject(new Error("got HTTP status 403"));
    return Promise.resolve(
      (async function* () {
        yield* [
          '"FormatVersion","v1.0"',
          '"Disclaimer","None"',
          '"Publication Date","2026-11-02T10:00:00Z"',
          '"Version","20261102100000"',
          `"OfferCode","${service}"`,
          "TermType,StartingRange,Unit,PricePerUnit,Currency,usageType,operation,Region Code",
          ...Object.entries(rows).map(
            ([usage, price]) => `OnDemand,0,Hrs,${price},USD,EU-${usage},Run,eu-west-1`,
          ),
        ];
      })(),
    );
  };
  return { asked, get };
}

const known = [hour("AmazonVPC", "Endpoint", 0.01), hour("AmazonEC2", "Nat")];

describe("refreshed", () => {
  it("reads each offer once, for what is known and what a plan lacks", async () => {
    const { asked, get } = files({
      AmazonEC2: { Nat: "0.048", Box: "0.1" },
      AmazonVPC: { Endpoint: "0.011" },
    });
    const prices = await refreshed(known, [hour("AmazonEC2", "Box")], get);
    expect(asked).toEqual([
      "/offers/v1.0/aws/AmazonEC2/current/eu-west-1/index.csv",
      "/offers/v1.0/aws/AmazonVPC/current/eu-west-1/index.csv",
    ]);
    expect(prices.map(({ usage, price, date }) => [usage, price, date])).toEqual([
      ["Box", 0.1, "2026-11-02"],
      ["Nat", 0.048, "2026-11-02"],
      ["Endpoint", 0.011, "2026-11-02"],
    ]);
    expect(changes(known, prices)).toEqual([
      "AmazonEC2 eu-west-1 Box : 0.1 USD, was unpriced",
      "AmazonEC2 eu-west-1 Nat : 0.048 USD, was unpriced",
      "AmazonVPC eu-west-1 Endpoint : 0.011 USD, was 0.01",
    ]);
    expect(parsePrices(priceFileText(prices), "prices.json")).toEqual(prices);
  });

  it("gives nothing when one price cannot be had, and says what of all", async () => {
    const { get } = files({ AmazonVPC: { Other: "1" } });
    await expect(refreshed(known, [], get)).rejects.toMatchObject({
      lines: [
        "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonVPC/20261102100000/eu-west-1/index.csv: Endpoint must be in the file, found nothing",
        "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonEC2/current/eu-west-1/index.csv: cannot be read: got HTTP status 403",
      ],
    });
  });

  it("gives nothing of a file that breaks off", async () => {
    const get = () =>
      Promise.resolve(
        (async function* () {
          yield '"FormatVersion","v1.0"';
          throw new Error("terminated");
        })(),
      );
    await expect(refreshed(known.slice(0, 1), [], get)).rejects.toThrow(
      /cannot be read: terminated$/,
    );
  });
});
