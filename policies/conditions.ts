import type { Truth } from "./truth";
import { isUnknown } from "./unknown";

/** What must hold of a value. */
export interface Condition {
  /** Continues "the field must …". */
  readonly rule: string;
  /** Undefined when it depends on what is known only after `up`. */
  holds(value: unknown): Truth;
}

/** A condition on a value that is known as a whole. */
export function known(rule: string, holds: (value: unknown) => boolean): Condition {
  return { rule, holds: (value) => (isUnknown(value) ? undefined : holds(value)) };
}

/** AWS and Pulumi write flags as booleans and as texts, depending on the resource. */
function plain(value: unknown): unknown {
  if (value === "true") return true;
  if (value === "false") return false;
  return value;
}

/** The number that a value is, also when it is written as text; NaN when it is none. */
export function numeric(value: unknown): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
}

export const isSet = known(
  "be set",
  (value) => value !== undefined && value !== null && value !== "",
);
/** That something is set, be it known only after `up`: for what is never empty, such as an ARN or a certificate. */
export const isGiven: Condition = {
  rule: isSet.rule,
  holds: (value) => isSet.holds(value) ?? true,
};
export const isAbsent = known(
  "be left out",
  (value) => value === undefined || value === null || value === "",
);

export const noPattern = known("hold no pattern", (value) => !String(value).includes("*"));

export function is(expected: boolean | string): Condition {
  return known(`be ${String(expected)}`, (value) => plain(value) === expected);
}

export function isNot(refused: boolean | string): Condition {
  return known(`not be ${String(refused)}`, (value) => plain(value) !== refused);
}

export function isOneOf(expected: readonly string[]): Condition {
  return known(
    `be one of ${expected.join(", ")}`,
    (value) => typeof value === "string" && expected.includes(value),
  );
}

/** A whole number in a range; what is missing fails. */
export function isBetween(min: number, max: number): Condition {
  return known(`be an integer from ${min} to ${max}`, (value) => {
    const number = numeric(value);
    return Number.isInteger(number) && number >= min && number <= max;
  });
}

export function isAtLeast(min: number, unit: string): Condition {
  return known(`be at least ${min} ${unit}`, (value) => numeric(value) >= min);
}

/** A list that holds each of the items. An unknown item may be the one that is missing. */
export function contains(items: readonly string[]): Condition {
  return {
    rule: `contain ${items.join(", ")}`,
    holds(value) {
      if (isUnknown(value)) return undefined;
      const list: unknown[] = Array.isArray(value) ? value : [];
      if (items.every((item) => list.includes(item))) return true;
      return list.some(isUnknown) ? undefined : false;
    },
  };
}

export const isEmpty = known(
  "be empty",
  (value) => value === undefined || value === null || (Array.isArray(value) && value.length === 0),
);
