import { isObject } from "./aws/row";
import type { Outcome } from "./engine";

/** What went wrong in an operation, a line each. */
export const failureOf = ({ failure }: Outcome): string[] => failure?.split("\n") ?? [];

/** Nothing when two values are the same but for the order of their keys. */
export function unlessEqual(what: string, got: unknown, wanted: unknown): string[] {
  const [left, right] = [sorted(got), sorted(wanted)];
  return left === right ? [] : [`${what}: got ${left}`, `expected ${right}`];
}

function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    isObject(item)
      ? Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}
