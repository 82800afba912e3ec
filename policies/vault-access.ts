import type { Grant } from "./vault-policy";

/**
 * How Vault decides which of a token's grants is about a path, and what a request may then have: acl.go of
 * github.com/hashicorp/vault 1.21, `AllowOperation` and `CheckAllowedFromNonExactPaths`. For each path there is one: of
 * all that cover it the most exact, even if that gives less.
 */

/** What stands for a name that is anybody's choice. */
const anyName = "any-name";

/** The grant that is about a path, with what others for the same pattern add to it. */
export function accessOn(grants: readonly Grant[], path: string): Grant | undefined {
  const [strongest] = grants
    .map(({ path: pattern }) => pattern)
    .filter((pattern) => covers(pattern, path))
    .toSorted((a, b) => (isAbove(a, b) ? -1 : 1));
  return grants
    .filter(({ path: pattern }) => pattern === strongest)
    .reduce<Grant | undefined>((sum, one) => (sum ? together(sum, one) : one), undefined);
}

/**
 * The grants by which one of the rights is had on a call, in which `+` stands for any name, and `*` for one or more of
 * them. Each pattern that has paths in common with the call is asked for one of each length, so no path of the call stays
 * unseen for being unlike the others.
 */
export function reaching(
  grants: readonly Grant[],
  call: string,
  rights: readonly string[],
): Grant[] {
  // What is longer than every pattern is covered by those that end in a star, whatever its length.
  const longest = Math.max(...grants.map(({ path }) => path.split("/").length)) + 1;
  const calls = ofLengths(call, longest);
  const paths = new Set(
    grants.flatMap(({ path }) => calls.flatMap((one) => inCommon(path, one) ?? [])),
  );
  const found = [...paths]
    .flatMap((path) => accessOn(grants, path) ?? [])
    .filter(({ capabilities }) => capabilities.some((one) => rights.includes(one)));
  return [...new Map(found.map((grant) => [grant.path, grant])).values()];
}

/** Whether a request may have a parameter, with those that it must have. */
export function mayHave({ allowed, denied, required }: Grant, parameter: string): boolean {
  const all = [...required, parameter];
  if (denied.includes("*") || all.some((name) => denied.includes(name))) return false;
  return (
    allowed === undefined || allowed.includes("*") || all.every((name) => allowed.includes(name))
  );
}

/** The call with one name in the place of a `*`, with two, and so on up to a length. */
function ofLengths(call: string, longest: number): string[] {
  if (!call.includes("*")) return [call];
  const others = call.split("/").length - 1;
  return Array.from({ length: Math.max(1, longest - others) }, (_, more) =>
    call.replace("*", `+${"/+".repeat(more)}`),
  );
}

/** A path of a call that a pattern covers. */
function inCommon(pattern: string, call: string): string | undefined {
  const { parts, isPrefix } = partsOf(pattern);
  const asked = call.split("/");
  if (isPrefix ? asked.length < parts.length : asked.length !== parts.length) return undefined;
  const path: string[] = [];
  for (const [i, name] of asked.entries()) {
    const part = parts[i] ?? "+";
    const isStart = isPrefix && i === parts.length - 1 && part !== "+";
    if (isStart && name === "+") path.push(part + anyName);
    else if (isStart ? name.startsWith(part) : part === "+" || part === name) {
      path.push(name === "+" ? anyName : name);
    } else if (name === "+") path.push(part);
    else return undefined;
  }
  return path.join("/");
}

function covers(pattern: string, path: string): boolean {
  const { parts, isPrefix } = partsOf(pattern);
  const asked = path.split("/");
  if (isPrefix ? asked.length < parts.length : asked.length !== parts.length) return false;
  return parts.every((part, i) => {
    const name = asked[i] ?? "";
    const isStart = isPrefix && i === parts.length - 1;
    return part === "+" || part === name || (isStart && name.startsWith(part));
  });
}

/** A part with a template is read as any: what Vault puts there is known to it alone. */
function partsOf(pattern: string): { parts: string[]; isPrefix: boolean } {
  const isPrefix = pattern.endsWith("*");
  const parts = (isPrefix ? pattern.slice(0, -1) : pattern).split("/");
  return { parts: parts.map((part) => (part.includes("{{") ? "+" : part)), isPrefix };
}

/** Whether Vault goes by one pattern rather than by another one that covers the path too. */
function isAbove(one: string, other: string): boolean {
  const [mine, theirs] = [rank(one), rank(other)];
  const i = mine.findIndex((value, place) => value !== theirs[place]);
  return i < 0 ? one > other : (mine[i] ?? 0) > (theirs[i] ?? 0);
}

/** Whole paths first, then by how much comes before the first wildcard, then patterns that end, then fewer wildcards, then length. */
function rank(pattern: string): number[] {
  const { parts, isPrefix } = partsOf(pattern);
  const wildcards = parts.filter((part) => part === "+").length;
  const length = isPrefix ? pattern.length - 1 : pattern.length;
  if (wildcards === 0 && !isPrefix) return [1];
  const first = parts.indexOf("+");
  const before =
    first < 0 ? length : parts.slice(0, first).reduce((sum, part) => sum + part.length + 1, 0);
  return [0, before, isPrefix ? 0 : 1, -wildcards, length];
}

/** A refusal wins; else rights and limits add up, and a list of what is allowed is a limit for both. */
function together(one: Grant, other: Grant): Grant {
  if ([one, other].some(({ capabilities }) => capabilities.includes("deny"))) {
    return { path: one.path, capabilities: ["deny"], denied: [], required: [] };
  }
  const allowed = [...(one.allowed ?? []), ...(other.allowed ?? [])];
  return {
    path: one.path,
    capabilities: [...new Set([...one.capabilities, ...other.capabilities])],
    ...(allowed.length > 0 && { allowed }),
    denied: [...one.denied, ...other.denied],
    required: [...one.required, ...other.required],
  };
}
