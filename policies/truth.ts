/** Yes, no, or not known until `up` (Kleene's logic: an unknown decides nothing that the rest does not decide). */
export type Truth = boolean | undefined;

export function any(truths: Iterable<Truth>): Truth {
  let result: Truth = false;
  for (const truth of truths) {
    if (truth) return true;
    if (truth === undefined) result = undefined;
  }
  return result;
}

export function all(truths: Iterable<Truth>): Truth {
  let result: Truth = true;
  for (const truth of truths) {
    if (truth === false) return false;
    if (truth === undefined) result = undefined;
  }
  return result;
}

export function not(truth: Truth): Truth {
  return truth === undefined ? undefined : !truth;
}
