import type { Cost, PlannedResource } from "../schema";
import { byCodePoint } from "../urn";
import { alternatives } from "./alternatives";
import { partsOf } from "./parts";
import type { Part } from "./parts";
import { priceKey, sourced } from "./price-list";
import type { Meter, Price } from "./price-list";
import { Resources } from "./resources";

/** Hours of a month, as AWS' Pricing Calculator counts them (calculator.aws): the 8,760 of a year by twelve. */
const hoursPerMonth = 730;

/** Equal parts of all resources in a region. */
interface Line extends Part {
  region?: string;
  /** How many resources have it. */
  resources: number;
}

const lineKey = ({ part, region = "", meter, reason = "" }: Omit<Line, "resources">) =>
  JSON.stringify([part, region, meter?.service, meter?.usage, meter?.operation, reason]);

function linesOf(resources: Resources): Line[] {
  const lines = new Map<string, Line>();
  for (const resource of resources.all) {
    const region = resources.regionOf(resource);
    for (const part of partsOf(resource, resources)) {
      const line = { ...part, ...(region !== undefined && { region }), resources: 1 };
      const key = lineKey(line);
      const same = lines.get(key);
      lines.set(key, {
        ...line,
        ...(line.amount !== undefined && { amount: (same?.amount ?? 0) + line.amount }),
        resources: (same?.resources ?? 0) + 1,
      });
    }
  }
  return [...lines].toSorted(([a], [b]) => byCodePoint(a, b)).map(([, line]) => line);
}

/** In whole cents, so that the sum of the lines is the sum that is shown, and no sum depends on its order. */
function cents(amount: number, { unit }: Meter, price: number): number {
  return Math.round(amount * price * (unit === "hour" ? hoursPerMonth : 1) * 100);
}

const inUnits = (amount: number) => amount / 100;

interface Priced {
  parts: Cost["parts"];
  unpriced: Cost["unpriced"];
  cents: number;
}

function withPrices(resources: Resources, prices: readonly Price[]): Priced {
  const byKey = new Map(prices.map((price) => [priceKey(price), price]));
  const result: Priced = { parts: [], unpriced: [], cents: 0 };
  for (const { part, amount, meter, reason, region, resources: count } of linesOf(resources)) {
    const key = meter && region !== undefined ? priceKey({ ...meter, region }) : "";
    const found = sourced(byKey.get(key));
    const what = { part, ...(region !== undefined && { region }), ...meter };
    if (amount === undefined || !meter || !found || region === undefined) {
      result.unpriced.push({
        ...what,
        ...(amount !== undefined && { amount }),
        resources: count,
        reason: reason ?? missing(region, meter),
      });
      continue;
    }
    const { price, source, date } = found;
    const ownCents = cents(amount, meter, price);
    result.cents += ownCents;
    const monthly = inUnits(ownCents);
    result.parts.push({
      ...what,
      ...meter,
      region,
      amount,
      resources: count,
      price,
      monthly,
      source,
      date,
    });
  }
  return result;
}

function missing(region: string | undefined, meter: Meter | undefined): string {
  if (region === undefined) return "the plan does not know the region";
  return `no price with a source for ${meter?.usage ?? "it"} in ${region}`;
}

const partKey = ({ part, region = "" }: { part: string; region?: string | undefined }) =>
  `${part} ${region}`;

/** Parts without a price of which an alternative has more than the plan. */
function moreUnpriced(plan: Priced, other: Priced): string[] {
  const amounts = new Map(
    plan.unpriced.map((line) => [partKey(line), line.amount ?? line.resources]),
  );
  return other.unpriced
    .filter((line) => (line.amount ?? line.resources) > (amounts.get(partKey(line)) ?? 0))
    .map(({ part }) => part);
}

/** What the always-on parts of a plan cost each month at list prices; a pure function of both. */
export function estimate(planned: readonly PlannedResource[], prices: readonly Price[]): Cost {
  const plan = withPrices(new Resources(planned), prices);
  const savings = alternatives(new Resources(planned)).map(({ setting, resources }) => {
    const other = withPrices(new Resources(resources), prices);
    const unpriced = moreUnpriced(plan, other);
    return { setting, monthly: inUnits(other.cents - plan.cents), unpriced };
  });
  return {
    currency: "USD",
    hoursPerMonth,
    monthly: inUnits(plan.cents),
    parts: plan.parts,
    unpriced: plan.unpriced,
    savings,
  };
}
