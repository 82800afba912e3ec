/** One thing that is wrong with a stack file: `path` must `rule`, got `value`. */
export interface Fault {
  path: string;
  rule: string;
  /** The value that was got; absent where there is none. */
  value?: unknown;
}

/** One thing that is wrong within a value of a stack file, at a path that starts in it. */
export interface PlacedFault {
  path: (string | number)[];
  rule: string;
  input: unknown;
}

/** A fault for every name that stood in the list before. */
export function repeats(field: string, names: string[], suffix = ""): Fault[] {
  return names.flatMap((name, i) =>
    names.indexOf(name) < i
      ? [{ path: `${field}[${i}]${suffix}`, rule: "must be unique", value: name }]
      : [],
  );
}
