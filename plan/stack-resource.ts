import { redactedValue } from "./property-values";
import type { PropertyMap } from "./property-values";
import type { Redactor } from "./redactor";
import type { Alias, PlannedResource, ResourceOptions } from "./schema";
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
  /** Id, where something stands for it before the resource exists; a plan has none. */
  id?: string;
  parent?: string;
  dependencies: string[];
  propertyDependencies: Record<string, string[]>;
  /** URN of the provider that manages a custom resource. */
  provider?: string;
  options: ResourceOptions;
}

function writtenAlias(alias: Alias, redactor: Redactor): Alias {
  if (typeof alias === "string") return redactor.urn(alias);
  const { name, parent } = alias;
  return {
    ...alias,
    ...(name !== undefined && { name: redactor.name(name) }),
    ...(parent !== undefined && { parent: redactor.urn(parent) }),
  };
}

function writtenOptions(options: ResourceOptions, redactor: Redactor): ResourceOptions {
  const { deletedWith, aliases, replaceWith, import: imported } = options;
  return {
    ...options,
    ...(deletedWith !== undefined && { deletedWith: redactor.urn(deletedWith) }),
    ...(aliases !== undefined && {
      aliases: aliases.map((alias) => writtenAlias(alias, redactor)),
    }),
    ...(replaceWith !== undefined && { replaceWith: replaceWith.map((urn) => redactor.urn(urn)) }),
    ...(imported !== undefined && { import: redactor.name(imported) }),
  };
}

/**
 * The resource as the plan file shows it: secrets redacted, also where the program did not mark
 * them, and everything in a fixed order.
 */
export function plannedResource(resource: StackResource, redactor: Redactor): PlannedResource {
  const { urn, type, name, custom, inputs, parent, dependencies, provider, options } = resource;
  const urns = (list: readonly string[]) =>
    list.map((each) => redactor.urn(each)).toSorted(byCodePoint);
  const dependenciesOf = Object.entries(resource.propertyDependencies)
    .toSorted(([a], [b]) => byCodePoint(a, b))
    .map(([property, list]): [string, string[]] => [property, urns(list)]);
  return {
    urn: redactor.urn(urn),
    type,
    name: redactor.name(name),
    custom,
    inputs: redactedValue(inputs, (text) => redactor.isIn(text)) as PropertyMap,
    ...(parent !== undefined && { parent: redactor.urn(parent) }),
    dependencies: urns(dependencies),
    propertyDependencies: Object.fromEntries(dependenciesOf),
    ...(provider !== undefined && { provider: redactor.urn(provider) }),
    options: writtenOptions(options, redactor),
  };
}
