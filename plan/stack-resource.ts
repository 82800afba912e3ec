import { redactedValue } from "./property-values";
import type { PropertyMap } from "./property-values";
import type { PlannedResource, ResourceOptions } from "./schema";
import { byCodePoint } from "./urn";

/** A resource as the engine records it, with its secrets still in place. */
export interface StackResource {
  urn: string;
  type: string;
  name: string;
  /** False for a component and for the stack itself. */
  custom: boolean;
  inputs: PropertyMap;
  /** What stack rules see: the inputs in a first preview, the registered outputs of a component. */
  outputs: PropertyMap;
  parent?: string;
  dependencies: string[];
  propertyDependencies: Record<string, string[]>;
  /** URN of the provider that manages a custom resource. */
  provider?: string;
  options: ResourceOptions;
}

/** The resource as the plan file shows it: secrets redacted, everything in a fixed order. */
export function plannedResource(resource: StackResource): PlannedResource {
  const { urn, type, name, custom, inputs, parent, dependencies, provider, options } = resource;
  const dependenciesOf = Object.entries(resource.propertyDependencies)
    .toSorted(([a], [b]) => byCodePoint(a, b))
    .map(([property, urns]): [string, string[]] => [property, urns.toSorted(byCodePoint)]);
  return {
    urn,
    type,
    name,
    custom,
    inputs: redactedValue(inputs) as PropertyMap,
    ...(parent !== undefined && { parent }),
    dependencies: dependencies.toSorted(byCodePoint),
    propertyDependencies: Object.fromEntries(dependenciesOf),
    ...(provider !== undefined && { provider }),
    options,
  };
}
