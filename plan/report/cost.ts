import type { Cost } from "../schema";

const units = { hour: "hour", month: "month", "GB-month": "GB, month" } as const;

/** Columns as wide as they must be; all but the first are aligned to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const widths = (rows[0] ?? []).map((_, column) => width(column));
  return rows.map((row) => {
    const cells = row.map((cell, i) =>
      i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
    );
    return `  ${cells.join("  ").trimEnd()}`;
  });
}

function regionsOf({ parts }: Cost): string {
  return [...new Set(parts.map(({ region }) => region))].join(", ");
}

function dates({ parts }: Cost): string {
  const all = parts.map(({ date }) => date).toSorted();
  const [first, last] = [all[0] ?? "", all.at(-1) ?? ""];
  return first === last ? first : `${first} to ${last}`;
}

/** Cents at least, and whatever more the price has. */
function decimal(price: number): string {
  const digits = `${price}`.split(".")[1]?.length ?? 0;
  return price.toFixed(Math.max(2, digits));
}

function pricedLines(cost: Cost): string[] {
  if (cost.parts.length === 0) return [];
  const rows = cost.parts.map(({ part, amount, price, unit, monthly }) => [
    part,
    unit === "GB-month" ? `${amount} GB` : `${amount}`,
    `${decimal(price)} per ${units[unit]}`,
    monthly.toFixed(2),
  ]);
  const others = cost.unpriced.length;
  const sum = others === 0 ? "sum" : `sum, without the ${others} unpriced below`;
  return [
    ...table([...rows, [sum, "", "", cost.monthly.toFixed(2)]]),
    ...missingLines(cost),
    `  (${regionsOf(cost)}; prices of ${dates(cost)}; ${cost.hoursPerMonth} hours a month; without traffic, use and tax)`,
  ];
}

/** What would be in the sum, had its row of the price file a price: the sum is of less than what is always on. */
function missingLines({ unpriced }: Cost): string[] {
  const parts = unpriced.flatMap(({ part, usage }) => (usage === undefined ? [] : [part]));
  return parts.length === 0 ? [] : [`  (not in the sum, for want of a price: ${parts.join("; ")})`];
}

/** Equal reasons together: who reads them looks for what is missing. */
function unpricedLines({ unpriced }: Cost): string[] {
  if (unpriced.length === 0) return [];
  const rows = unpriced.map(({ part, amount, resources, reason }) => {
    return `    ${part}${(amount ?? resources) === 1 ? "" : ` (${amount ?? resources})`}: ${reason}`;
  });
  return ["", "  Unpriced:", ...rows];
}

/** What has no price is not nothing. */
function savedOf({ monthly, unpriced }: Cost["savings"][number]): string {
  const amount = monthly.toFixed(2);
  if (unpriced.length === 0) return amount;
  const more = `unpriced ${unpriced.join("; ")}`;
  return monthly === 0 ? more : `${amount}, and ${more}`;
}

function savingLines({ savings }: Cost, stack: string): string[] {
  if (savings.length === 0) return [];
  const rows = savings.map(
    (saving) => `    ${savedOf(saving)}, by doing without ${saving.setting}`,
  );
  return [
    "",
    `  ${stack} saves each month against a stack that outlives the loss of a zone:`,
    ...rows,
  ];
}

/** The estimate as people read it: a title and its lines. */
export function costLines(cost: Cost, stack: string): [title: string, lines: string[]] {
  const lines = [...pricedLines(cost), ...unpricedLines(cost), ...savingLines(cost, stack)];
  // Without prices the first block has nothing above it.
  const from = lines[0] === "" ? 1 : 0;
  return [`Monthly estimate in ${cost.currency}, by list prices`, lines.slice(from)];
}
