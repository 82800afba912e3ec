import type { Finding } from "./model";

/** Of ways of which one is enough, what stands in the way: nothing when one is clear. */
export function oneOfWays(ways: readonly Finding[][]): Finding[] {
  if (ways.some((way) => way.length === 0)) return [];
  const open = ways.filter((way) => way.every(({ verdict }) => verdict !== "fail"));
  return (open.length > 0 ? open : ways).flat();
}
