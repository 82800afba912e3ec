import { readFileSync } from "node:fs";
import type { Registration } from "../../policies/model";
import { isUnknown } from "../../policies/unknown";
import { mutantsOf } from "./single-input-mutants";

/** A resource with one change. */
interface ResourceMutant {
  /** Path of the changed input, or `protect`, which is an option. */
  path: string;
  how: string;
  changed: Registration;
}

/**
 * Every mutant of a resource that its program could still be run with: what @pulumi/aws refuses when it is left out
 * is always there.
 */
export function* mutantsOfResource(resource: Registration): Iterable<ResourceMutant> {
  const required = requiredInputs(resource.type);
  if (resource.protect) {
    yield { path: "protect", how: "flip", changed: { ...resource, protect: false } };
  }
  for (const { path, how, value } of mutantsOf(resource.inputs, "")) {
    if (how === "drop" && required.has(path)) continue;
    const inputs = value as Registration["inputs"];
    const propertyDependencies = dependenciesWithout(resource, path, how);
    yield { path, how, changed: { ...resource, inputs, outputs: inputs, propertyDependencies } };
  }
}

/** The input that a path starts with. */
export function inputOf(path: string): string {
  return /^[^.[]+/.exec(path)?.[0] ?? path;
}

/** What is made from nothing depends on nothing; a list that is made from as many resources loses the one of its item. */
function dependenciesWithout(
  { inputs, propertyDependencies = {} }: Registration,
  path: string,
  how: string,
): Readonly<Record<string, readonly string[]>> {
  const input = inputOf(path);
  const [, index] = /^\w+\[(\d+)\]$/.exec(path) ?? [];
  const urns = propertyDependencies[input] ?? [];
  if (path === input && (how === "drop" || how === "empty")) {
    return { ...propertyDependencies, [input]: [] };
  }
  const list = inputs[input];
  const isOfReferences =
    Array.isArray(list) && list.length === urns.length && list.every(isUnknown);
  if (index === undefined || how !== "drop" || !isOfReferences) return propertyDependencies;
  return { ...propertyDependencies, [input]: urns.toSpliced(Number(index), 1) };
}

const sources = new Map<string, ReadonlySet<string>>();

/** The inputs without which the provider's class throws before anything is registered. */
function requiredInputs(type: string): ReadonlySet<string> {
  const [, file] = /^aws:([^:]+):/.exec(type) ?? [];
  if (file === undefined) return new Set();
  let required = sources.get(file);
  if (!required) {
    const source = readFileSync(require.resolve(`@pulumi/aws/${file}`), "utf8");
    const named = source.matchAll(/Missing required property '(\w+)'/g);
    required = new Set([...named].map(([, name = ""]) => name));
    sources.set(file, required);
  }
  return required;
}
