import type { StackResource } from "../../plan/stack-resource";

/** A custom resource as a plan knows it, which depends on nothing and whose outputs are its inputs unless given. */
export function registered(
  given: Pick<StackResource, "urn" | "type" | "name"> & Partial<StackResource>,
): StackResource {
  const { inputs = {} } = given;
  return {
    custom: true,
    inputs,
    outputs: inputs,
    dependencies: [],
    propertyDependencies: {},
    options: {},
    ...given,
  };
}
