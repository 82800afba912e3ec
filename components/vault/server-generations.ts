/** The comment of the servers' zone, from which the next `up` knows which servers there are. */
export function describeServers(generations: readonly number[]): string {
  return `Vault, servers of generations ${generations.join(", ")}`;
}

/** The generations that a comment tells; undefined when it tells none. */
function described(comment: unknown): number[] | undefined {
  const found = /^Vault, servers of generations (\d+(?:, \d+)*)$/.exec(String(comment));
  return found?.[1]?.split(", ").map(Number);
}

/**
 * Why servers cannot go from the generations that the comment of their zone tells to others; undefined when they can: one
 * of them, which is replaced while the others are the majority.
 */
export function refusalOfServers(
  comment: unknown,
  generations: readonly number[],
): string | undefined {
  const before = described(comment);
  if (before === undefined) {
    return `the comment of Vault's zone must tell the generations of the servers that there are, such as "${describeServers(generations)}", got "${String(comment)}"; put it right with aws route53 update-hosted-zone-comment, then pulumi refresh`;
  }
  const [raised, ...more] = generations.filter((generation, i) => generation !== before[i]);
  if (raised === undefined) return undefined;
  const got = `got ${generations.join(", ")} after ${before.join(", ")}`;
  if (more.length > 0) {
    return `vault.serverGenerations must change by one number in an up, ${got}: without two of three servers there is no Vault, see Replace a server in docs/vault.md`;
  }
  return generations.every((generation, i) => generation >= (before[i] ?? 0))
    ? undefined
    : `vault.serverGenerations must not fall, ${got}: a generation that is gone does not come back as it was`;
}
