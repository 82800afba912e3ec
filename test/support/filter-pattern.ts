/**
 * Whether an event matches a pattern of a metric filter, of the forms that this project uses: a text in quotes, or
 * comparisons of fields of JSON that hold together.
 * docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function matchesPattern(pattern: string, event: string): boolean {
  const quoted = /^"([^"]+)"$/.exec(pattern)?.[1];
  if (quoted !== undefined) return event.includes(quoted);
  const terms = /^\{ (.+) \}$/.exec(pattern)?.[1]?.split(" && ") ?? [];
  if (terms.length === 0) throw new Error(`a pattern must be of a known form, got ${pattern}`);
  const fields = parsed(event);
  return fields !== undefined && terms.every((term) => holds(term, fields));
}

function parsed(event: string): unknown {
  try {
    return JSON.parse(event) as unknown;
  } catch {
    return undefined;
  }
}

function holds(term: string, event: unknown): boolean {
  const [, path, operator, value] = /^\(?\$\.([\w.]+) (=|!=) "([^"]*)"\)?$/.exec(term) ?? [];
  if (path === undefined) throw new Error(`a term must be of a known form, got ${term}`);
  const found = path
    .split(".")
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], event);
  return (found === value) === (operator === "=");
}
