import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InputError, systemReason } from "../input-error";

/** What a price is paid for: each hour, each month, or each GiB that is held for a month. */
export type Unit = "hour" | "month" | "GB-month";

/** What AWS counts, in the words of its price lists. */
export interface Meter {
  /** Code of the offer, such as `AmazonEC2`. */
  service: string;
  /** Usage type without the prefix of its region: `NatGateway-Hours` for `EU-NatGateway-Hours`. */
  usage: string;
  /** Operation, where the usage type alone stands for several things. */
  operation?: string;
  unit: Unit;
}

/** A meter in a region, and what it costs there. Without a source it has no price. */
export interface Price extends Meter {
  region: string;
  /** In `currency` for one unit. */
  price?: number;
  currency?: "USD";
  /** Address of the offer file or of the page that says so, and how it was read. */
  source?: string;
  /** When AWS published it, or when it was read: YYYY-MM-DD, or YYYY-MM. */
  date?: string;
}

/** A price that says where it comes from. */
export type SourcedPrice = Required<Omit<Price, "operation">> & Pick<Price, "operation">;

/** The price list of this repository; `npm run prices` refreshes it. */
export const priceFile = join(__dirname, "prices.json");

/**
 * An address that everybody can open, and what is to be said of it. AWS' Price List Query API is none, as it answers
 * signed requests only: docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html
 */
const opened = /^https:\/\/(?!api\.pricing\.)[a-z0-9.-]+\.[a-z]+\/\S*( .+)?$/;

const units: readonly string[] = ["hour", "month", "GB-month"] satisfies Unit[];
const rules: Record<string, [rule: string, holds: (value: unknown) => boolean]> = {
  service: ["must be the code of an offer", (value) => isText(value, /^[A-Za-z0-9]+$/)],
  region: [
    "must be a region such as eu-west-1",
    (value) => isText(value, /^[a-z]{2}(-[a-z]+)+-\d$/),
  ],
  usage: ["must be a usage type", (value) => isText(value, /^\S+$/)],
  operation: ["must be an operation", (value) => value === undefined || isText(value, /^\S+$/)],
  unit: [`must be one of ${units.join(", ")}`, (value) => units.includes(String(value))],
  price: ["must be a number of 0 or more", (value) => value === undefined || isAmount(value)],
  currency: ["must be USD", (value) => value === undefined || value === "USD"],
  source: [
    "must begin with an https address that opens without credentials",
    (value) => value === undefined || isText(value, opened),
  ],
  date: [
    "must be a date such as 2026-11-01",
    (value) => value === undefined || isText(value, /^\d{4}-\d\d(-\d\d)?$/),
  ],
};

function isText(value: unknown, pattern: RegExp): boolean {
  return typeof value === "string" && pattern.test(value);
}

function isAmount(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

/** What tells one row from another. */
export function priceKey({ service, region, usage, operation = "" }: Omit<Price, "unit">): string {
  return [service, region, usage, operation].join(" ");
}

function rowFaults(row: unknown, place: string): string[] {
  if (typeof row !== "object" || row === null || Array.isArray(row)) {
    return [`${place} must be a map, got ${JSON.stringify(row)}`];
  }
  const values = row as Record<string, unknown>;
  const unknown = Object.keys(values).filter((key) => !Object.hasOwn(rules, key));
  return [
    ...unknown.map((key) => `${place}.${key} is not a known key`),
    ...Object.entries(rules).flatMap(([key, [rule, holds]]) =>
      holds(values[key]) ? [] : [`${place}.${key} ${rule}, got ${JSON.stringify(values[key])}`],
    ),
  ];
}

/** Checks the text of a price file; every fault is reported at once. */
export function parsePrices(text: string, file: string): Price[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${file}: must be JSON: ${systemReason(error)}`);
  }
  const { prices } = (content ?? {}) as { prices?: unknown };
  if (!Array.isArray(prices)) throw new InputError(`${file}: prices must be a list`);
  const faults = prices.flatMap((row, i) => rowFaults(row, `${file}: prices[${i}]`));
  if (faults.length > 0) throw new InputError(faults);
  const rows = prices as Price[];
  const keys = rows.map(priceKey);
  const repeated = keys.flatMap((key, i) =>
    keys.indexOf(key) < i ? [`${file}: prices[${i}] must be unique, got ${key} again`] : [],
  );
  if (repeated.length > 0) throw new InputError(repeated);
  return rows;
}

/** Reads the price list of this repository. */
export function readPrices(file = priceFile): Price[] {
  let text;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new InputError(`${file}: cannot be read: ${systemReason(error)}`);
  }
  return parsePrices(text, file);
}

/** The price, when it is complete: an amount without a source that can be opened is a rumour. */
export function sourced(row: Price | undefined): SourcedPrice | undefined {
  if (row?.price === undefined || !row.currency || !row.date) return undefined;
  return isText(row.source, opened) ? (row as SourcedPrice) : undefined;
}
