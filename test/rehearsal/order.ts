import { needsOf } from "./aws/needs";
import type { World } from "./aws/world";
import type { StateResource } from "./engine";

/** A resource that needs another one which nothing makes it wait for. */
export interface MissingDependency {
  urn: string;
  /** URN of what it needs. */
  needs: string;
}

/**
 * Where the order of a stack is luck: resources that need another without naming it and do not depend on it, directly
 * or through others. They may be made before it, and outlive it when the stack is destroyed.
 */
export function missingDependencies(world: World, state: StateResource[]): MissingDependency[] {
  const direct = new Map(state.map(({ urn, dependencies = [] }) => [urn, dependencies]));
  return world.resources
    .filter(({ urn }) => urn !== "")
    .flatMap((resource) => {
      const reached = reachable(direct, resource.urn);
      return needsOf(resource, world)
        .filter((need) => !reached.has(need.urn))
        .map((need) => ({ urn: resource.urn, needs: need.urn }));
    })
    .toSorted((a, b) => (a.urn + a.needs < b.urn + b.needs ? -1 : 1));
}

function reachable(direct: Map<string, string[]>, from: string): Set<string> {
  const reached = new Set([from]);
  // A set also gives the members that are added while it is walked.
  for (const urn of reached) for (const next of direct.get(urn) ?? []) reached.add(next);
  return reached;
}
