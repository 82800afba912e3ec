/** Throws unless `value` is an integer from `min` to `max`; the message names the caller's field. */
export function requireBetween(field: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new Error(`${field} must be an integer from ${min} to ${max}, got ${value}`);
  }
}
