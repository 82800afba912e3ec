/**
 * Whether an event matches a pattern of a metric filter, of the forms that this project uses: a text in quotes, or
 * comparisons of fields of JSON that hold together, or one of which does.
 * docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function matchesPattern(pattern: string, event: string): boolean {
  const quoted = /^"([^"]+)"$/.exec(pattern)?.[1];
  if (quoted !== undefined) return event.includes(quoted);
  const expression = /^\{ (.+) \}$/.exec(pattern)?.[1];
  if (expression === undefined) {
    throw new Error(`a pattern must be of a known form, got ${pattern}`);
  }
  const fields = parsed(event);
  return fields !== undefined && holds(expression, fields);
}

function parsed(event: string): unknown {
  try {
    return JSON.parse(event) as unknown;
  } catch {
    return undefined;
  }
}

function holds(expression: string, event: unknown): boolean {
  const all = outside(expression, " && ");
  if (all.length > 1) return all.every((part) => holds(part, event));
  const any = outside(expression, " || ");
  if (any.length > 1) return any.some((part) => holds(part, event));
  const inner = /^\((.+)\)$/.exec(expression)?.[1];
  return inner === undefined ? compares(expression, event) : holds(inner, event);
}

/** The parts of an expression between operators that stand in no parentheses. */
function outside(expression: string, operator: string): string[] {
  const depth = (text: string) => text.split("(").length - text.split(")").length;
  return expression.split(operator).reduce<string[]>((parts, part) => {
    const last = parts.at(-1);
    if (last === undefined || depth(last) === 0) return [...parts, part];
    return [...parts.slice(0, -1), last + operator + part];
  }, []);
}

function compares(term: string, event: unknown): boolean {
  const [, path, operator, value = ""] = /^\$\.([\w.]+) (=|!=) "([^"]*)"$/.exec(term) ?? [];
  if (path === undefined) throw new Error(`a term must be of a known form, got ${term}`);
  const found = path
    .split(".")
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], event);
  const escaped = value.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);
  const wanted = new RegExp(`^${escaped.replaceAll("*", ".*")}$`);
  return (typeof found === "string" && wanted.test(found)) === (operator === "=");
}
