import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { Command } from "commander";
import { main, parseArguments, userPath } from "../command-line";
import { InputError, systemReason } from "../input-error";
import { writeAll } from "../report/write";
import { planSchema } from "../schema";
import { byCodePoint } from "../urn";
import { offerPath, priceListHost, readOffer } from "./offer-file";
import type { Answer, Lookup } from "./offer-file";
import { priceFile, priceKey, readPrices } from "./price-list";
import type { Price } from "./price-list";

/** Gives the lines of a file that AWS publishes; a test has its own. */
export type Download = (path: string) => Promise<AsyncIterable<string>>;

/** Longest time for one file, in milliseconds: that of EC2 has several hundred megabytes. */
const patience = 30 * 60_000;

async function download(path: string): Promise<AsyncIterable<string>> {
  const response = await fetch(priceListHost + path, {
    redirect: "error",
    signal: AbortSignal.timeout(patience),
  });
  if (!response.ok || !response.body) throw new Error(`got HTTP status ${response.status}`);
  const input = Readable.fromWeb(response.body);
  const lines = createInterface({ input, crlfDelay: Infinity });
  // The reader of lines does not pass on what goes wrong below it.
  input.on("error", (error) => {
    lines.close();
    failure = error;
  });
  let failure: Error | undefined;
  return (async function* () {
    yield* lines;
    if (failure) throw failure;
  })();
}

/** The meters of a plan that had no price. */
function missingIn(file: string): Price[] {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new InputError(`${file}: cannot be read: ${systemReason(error)}`);
  }
  const plan = planSchema.safeParse(content);
  if (!plan.success || !plan.data.cost) {
    throw new InputError(
      `${file}: must be a plan file with a section cost; write it with npm run plan -- --json`,
    );
  }
  return plan.data.cost.unpriced.flatMap(({ region, service, usage, operation, unit }) =>
    region === undefined || service === undefined || usage === undefined || unit === undefined
      ? []
      : [{ service, region, usage, ...(operation !== undefined && { operation }), unit }],
  );
}

function lookups(wanted: readonly Price[]): Lookup[] {
  const byOffer = new Map<string, Price[]>();
  for (const price of wanted) {
    const key = `${price.service} ${price.region}`;
    byOffer.set(key, [...(byOffer.get(key) ?? []), price]);
  }
  return [...byOffer.values()].flatMap((meters) => {
    const [first] = meters;
    if (!first) return [];
    const { service, region } = first;
    return [{ service, region, meters: meters.map(meterOf) }];
  });
}

function meterOf({ service, usage, operation, unit }: Price) {
  return { service, usage, ...(operation !== undefined && { operation }), unit };
}

async function ask(lookup: Lookup, get: Download): Promise<Answer> {
  const path = offerPath(lookup);
  try {
    return await readOffer(lookup, await get(path));
  } catch (error) {
    const { cause } = error as { cause?: unknown };
    const reason = systemReason(cause ?? error);
    return { prices: [], faults: [`${priceListHost}${path}: cannot be read: ${reason}`] };
  }
}

/** Asks AWS' price lists for every row; when one cannot be had, none is changed. */
export async function refreshed(known: readonly Price[], more: readonly Price[], get: Download) {
  const wanted = new Map([...more, ...known].map((price) => [priceKey(price), price]));
  const prices: Price[] = [];
  const faults: string[] = [];
  // One after the other: the files are large, and AWS' host is nobody's to press.
  for (const lookup of lookups([...wanted.values()])) {
    // oxlint-disable-next-line no-await-in-loop
    const answer = await ask(lookup, get);
    prices.push(...answer.prices);
    faults.push(...answer.faults);
  }
  if (faults.length > 0) throw new InputError(faults);
  return prices.toSorted((a, b) => byCodePoint(priceKey(a), priceKey(b)));
}

/** One line for each price that is new or another. */
export function changes(before: readonly Price[], after: readonly Price[]): string[] {
  const old = new Map(before.map((price) => [priceKey(price), price.price]));
  return after.flatMap((price) => {
    const was = old.get(priceKey(price));
    const now = price.price ?? 0;
    return was === now ? [] : [`${priceKey(price)}: ${now} USD, was ${was ?? "unpriced"}`];
  });
}

/** The price file as it is written. */
export function priceFileText(prices: readonly Price[]): string {
  const rows = prices.map(
    ({ service, region, usage, operation, unit, price, currency, source, date }) => ({
      service,
      region,
      usage,
      operation,
      unit,
      price,
      currency,
      source,
      date,
    }),
  );
  return `${JSON.stringify({ prices: rows }, undefined, 2)}\n`;
}

async function refresh(): Promise<number> {
  const command = new Command("prices")
    .description("Reads every price of plan/cost/prices.json anew from AWS' public price lists.")
    .argument("[plans...]", "plan files whose unpriced parts are looked up as well")
    .option("--verbose", "show stack traces")
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  if (!parseArguments(command, process.argv.slice(2))) return 0;
  const known = readPrices();
  const more = (command.processedArgs[0] as string[]).map(userPath).flatMap(missingIn);
  const fresh = await refreshed(known, more, download);
  writeAll([{ path: priceFile, content: priceFileText(fresh) }]);
  const lines = changes(known, fresh);
  const shown = [...lines, `wrote ${relative(process.cwd(), priceFile)}: ${fresh.length} prices`];
  process.stdout.write(`${shown.join("\n")}\n`);
  return 0;
}

if (require.main === module) void main(refresh);
