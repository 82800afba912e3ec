/** One thing that is wrong with a stack file: `path` must `rule`, got `value`. */
export interface Fault {
  path: string;
  rule: string;
  /** The value that was got; absent where there is none. */
  value?: unknown;
  /** What is said in place of the value. */
  instead?: string;
}

/** One thing that is wrong within a value of a stack file, at a path that starts in it. */
export interface PlacedFault {
  path: (string | number)[];
  rule: string;
  input: unknown;
}

/** Longer than what people look for in a message, and shorter than any private key; a line of a key has 64 characters. */
const mostQuoted = 200;
const mostQuotedLines = 60;

/**
 * True for a text that may be quoted. A private key goes into no log, wherever it was put in place of something else: it
 * may have lost the lines that tell what it is, but it is long or has several lines.
 */
export function isQuotable(text: string): boolean {
  const most = text.includes("\n") ? mostQuotedLines : mostQuoted;
  return text.length <= most && !text.includes("PRIVATE KEY");
}

/** What is said in place of a text that is not quoted. */
export function described(text: string): string {
  return text.includes("PRIVATE KEY") ? "[a private key]" : `[a text of ${text.length} characters]`;
}

/** A value that is quoted in no message, as people put private keys in its place. */
export function withheld(value: unknown): Pick<Fault, "value" | "instead"> {
  const list = Array.isArray(value) ? value.length : 0;
  const kind = list > 0 ? `[a list of ${list}]` : "[a map]";
  if (typeof value === "string") return { value, instead: described(value) };
  const isEmpty = typeof value !== "object" || Object.keys(value ?? {}).length === 0;
  return { value, instead: isEmpty ? JSON.stringify(value) : kind };
}

/** A fault for every name that stood in the list before. */
export function repeats(field: string, names: string[], suffix = ""): Fault[] {
  return names.flatMap((name, i) =>
    names.indexOf(name) < i
      ? [{ path: `${field}[${i}]${suffix}`, rule: "must be unique", value: name }]
      : [],
  );
}
