import type { Meter, Price, Unit } from "./price-list";

/** Where AWS publishes its price lists without credentials: docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html */
export const priceListHost = "https://pricing.us-east-1.amazonaws.com";

/** What is looked up in one offer file: the prices of a service in a region. */
export interface Lookup {
  service: string;
  region: string;
  meters: readonly Meter[];
}

/** Path of a region's newest offer file. */
export function offerPath({ service, region }: Lookup, version = "current"): string {
  return `/offers/v1.0/aws/${service}/${version}/${region}/index.csv`;
}

/** The units of the price lists for ours, in lower case; whatever else turns up is refused. */
const unitsOf: Record<Unit, readonly string[]> = {
  hour: ["hrs", "hours", "hour"],
  month: ["month", "months", "keys", "key", "secrets"],
  "GB-month": ["gb-mo", "gb-month"],
};

const columns = [
  "TermType",
  "StartingRange",
  "Unit",
  "PricePerUnit",
  "Currency",
  "usageType",
  "operation",
  "Region Code",
] as const;
type Row = Record<(typeof columns)[number], string>;

/** The cells of a line of CSV; undefined when a quote does not end, as in a file that was cut off. */
function cellsOf(line: string): string[] | undefined {
  const cells: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/gy;
  for (;;) {
    const match = cell.exec(line);
    if (!match) return undefined;
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] === "") return cells;
  }
}

/** A usage type without its region: `EU-NatGateway-Hours`, `eu-west-1-KMS-Keys` and `NatGateway-Hours` in us-east-1. */
function isUsage(given: string, usage: string, region: string): boolean {
  if (!given.endsWith(usage)) return false;
  const prefix = given.slice(0, -usage.length);
  return prefix === "" || prefix === `${region}-` || /^[A-Z]{2,4}\d{0,2}-$/.test(prefix);
}

function isMeter(row: Row, { usage, operation }: Meter, region: string): boolean {
  return (
    isUsage(row.usageType, usage, region) &&
    (operation === undefined || row.operation === operation)
  );
}

/** What the first five lines say of the file. */
interface Head {
  version: string;
  date: string;
}

// Five lines about the file, then the names of the columns:
// docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file-for-services.html
const headLines = 5;

function headOf(lines: readonly (readonly string[])[], service: string): Head | string {
  const values = new Map(lines.map(([key = "", value = ""]) => [key, value]));
  const version = values.get("Version") ?? "";
  const published = values.get("Publication Date") ?? "";
  if (values.get("FormatVersion") !== "v1.0") return "must be of FormatVersion v1.0";
  if (values.get("OfferCode") !== service) return `must be of the offer ${service}`;
  if (!/^\d{14}$/.test(version)) return "must have a Version of 14 digits";
  if (!/^\d{4}-\d\d-\d\dT/.test(published)) return "must have a Publication Date";
  return { version, date: published.slice(0, 10) };
}

function priceOf(rows: readonly Row[], meter: Meter): number | string {
  const [row, other] = rows;
  if (!row) return "must be in the file, found nothing";
  if (other) return `must be in the file once, found ${rows.length} rows`;
  if (row.Currency !== "USD") return `must be in USD, got ${row.Currency}`;
  if (!unitsOf[meter.unit].includes(row.Unit.toLowerCase())) {
    return `must be for each ${meter.unit}, got ${row.Unit}`;
  }
  // Nothing that is looked up is free: a price of nothing is that of a free tier, or of another place.
  if (!/^\d+(\.\d+)?$/.test(row.PricePerUnit) || Number(row.PricePerUnit) === 0) {
    return `must have a price, got ${JSON.stringify(row.PricePerUnit)}`;
  }
  return Number(row.PricePerUnit);
}

/** What an offer file says, or what is wrong with it: no price of a file with a fault is used. */
export interface Answer {
  prices: Price[];
  faults: string[];
}

function answerOf(lookup: Lookup, head: Head, found: readonly Row[][]): Answer {
  const { service, region, meters } = lookup;
  const source = priceListHost + offerPath(lookup, head.version);
  const answer: Answer = { prices: [], faults: [] };
  for (const [i, meter] of meters.entries()) {
    const price = priceOf(found[i] ?? [], meter);
    if (typeof price === "string") {
      const name = [meter.usage, meter.operation].filter((word) => word !== undefined).join(" ");
      answer.faults.push(`${source}: ${name} ${price}`);
    } else {
      answer.prices.push({
        ...meter,
        service,
        region,
        price,
        currency: "USD",
        source,
        date: head.date,
      });
    }
  }
  return answer;
}

/**
 * Looks meters up in the lines of an offer file, in CSV: that of EC2 has several hundred megabytes, of which only what
 * matches is kept. Each must be in it exactly once, on demand, in its first tier.
 */
export async function readOffer(lookup: Lookup, lines: AsyncIterable<string>): Promise<Answer> {
  const { service, region, meters } = lookup;
  const failed = (rule: string): Answer => ({
    prices: [],
    faults: [`${priceListHost}${offerPath(lookup)}: ${rule}`],
  });
  const head: string[][] = [];
  const found: Row[][] = meters.map(() => []);
  let names: string[] | undefined;
  let number = 0;
  for await (const line of lines) {
    number += 1;
    const cells = cellsOf(line);
    if (!cells || (names && cells.length !== names.length)) {
      return failed(`line ${number} must be complete, got ${JSON.stringify(line.slice(0, 60))}`);
    }
    if (number <= headLines) {
      head.push(cells);
    } else if (!names) {
      names = cells;
      const missing = columns.filter((column) => !cells.includes(column));
      if (missing.length > 0) return failed(`must have the columns ${missing.join(", ")}`);
    } else {
      const own = names;
      const row = Object.fromEntries(columns.map((name) => [name, cells[own.indexOf(name)] ?? ""]));
      keep(row as Row);
    }
  }
  if (!names) return failed("must have columns, found none");
  const about = headOf(head, service);
  return typeof about === "string" ? failed(about) : answerOf(lookup, about, found);

  function keep(row: Row): void {
    if (row.TermType !== "OnDemand" || row["Region Code"] !== region) return;
    if (Number(row.StartingRange || 0) !== 0) return;
    for (const [i, meter] of meters.entries()) {
      if (isMeter(row, meter, region)) found[i]?.push(row);
    }
  }
}
