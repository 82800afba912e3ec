import type { Registration } from "../../policies/model";
import { sentinels } from "../../policies/unknown";

/** A resource of a described stack. Its inputs may hold references, JSON documents and unknowns. */
export interface ResourceSpec {
  type: string;
  inputs: Record<string, unknown>;
  /** Names of resources. */
  dependsOn?: string[];
  protect?: boolean;
}

/** Resources by name. */
export type StackSpec = Record<string, ResourceSpec>;

/** A first preview knows no ids and has property dependencies; a finished stack has ids and, exported, nothing else. */
export type Phase = "preview" | "finished";

class Ref {
  constructor(
    readonly target: string,
    readonly output: string,
  ) {}
}

class Json {
  constructor(readonly value: unknown) {}
}

/** What another resource says of itself: its id, unless another output is named. */
export function ref(target: string, output = "id"): Ref {
  return new Ref(target, output);
}

/** A JSON text; with a reference in it, Pulumi knows it only after `up`. */
export function json(value: unknown): Json {
  return new Json(value);
}

/** A text that is known only after `up` and comes from no resource. */
export const unknown = sentinels[2];
/** Removes what a change names. */
export const gone = Symbol("gone");

export function urnOf(type: string, name: string): string {
  return `urn:pulumi:dev::drawbridge::${type}::${name}`;
}

export function registrations(spec: StackSpec, phase: Phase): Registration[] {
  return Object.entries(spec).map(([name, { type, inputs, dependsOn = [], protect = false }]) => {
    const dependencies = dependsOn.map((other) => urnIn(spec, other));
    const rendered = render(inputs, spec, phase) as Record<string, unknown>;
    return {
      urn: urnOf(type, name),
      type,
      name,
      protect,
      inputs: rendered,
      outputs: phase === "preview" ? rendered : { ...outputsOf(name, spec), ...rendered },
      dependencies,
      propertyDependencies: phase === "preview" ? madeFrom(inputs, spec) : {},
    };
  });
}

/** What every AWS resource says of itself, and what others ask of it. */
function outputsOf(name: string, spec: StackSpec): Record<string, string> {
  const asked = refsIn(Object.values(spec).map(({ inputs }) => inputs))
    .filter(({ target }) => target === name)
    .map(({ output }) => output);
  return Object.fromEntries(["id", "arn", ...asked].map((output) => [output, `${name}-${output}`]));
}

function urnIn(spec: StackSpec, name: string): string {
  const resource = spec[name];
  if (!resource) throw new Error(`the stack must have ${name}`);
  return urnOf(resource.type, name);
}

function render(value: unknown, spec: StackSpec, phase: Phase): unknown {
  if (value instanceof Ref) {
    const given = spec[value.target]?.inputs[value.output];
    if (typeof given === "string") return given;
    return phase === "preview" ? unknown : `${value.target}-${value.output}`;
  }
  if (value instanceof Json) {
    const text = JSON.stringify(render(value.value, spec, phase));
    return phase === "preview" && text.includes(unknown) && refsIn(value).length > 0
      ? unknown
      : text;
  }
  if (Array.isArray(value)) return value.map((item) => render(item, spec, phase));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, render(item, spec, phase)]),
  );
}

function madeFrom(inputs: object, spec: StackSpec): Record<string, string[]> {
  const made = Object.entries(inputs).map(([key, value]): [string, string[]] => [
    key,
    [...new Set(refsIn(value).map(({ target }) => urnIn(spec, target)))],
  ]);
  return Object.fromEntries(made.filter(([, urns]) => urns.length > 0));
}

function refsIn(value: unknown): Ref[] {
  if (value instanceof Ref) return [value];
  if (value instanceof Json) return refsIn(value.value);
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(refsIn) : [];
}

/** What to change: `name` replaces, adds or removes a resource, `name.path[0].key` an input. */
export type Change = Record<string, unknown>;

export function changed(spec: StackSpec, change: Change): StackSpec {
  const result: Record<string, unknown> = copy(spec);
  for (const [path, value] of Object.entries(change)) {
    const [name = "", ...keys] = path.split(/[.[\]]+/).filter((key) => key !== "");
    if (keys.length === 0) {
      set(result, name, value);
      continue;
    }
    let place = (result as StackSpec)[name]?.inputs;
    for (const key of keys.slice(0, -1)) {
      place = place?.[key] as Record<string, unknown> | undefined;
    }
    if (!place) throw new Error(`the stack must have ${path}`);
    set(place, keys.at(-1) ?? "", value);
  }
  return result as StackSpec;
}

function set(place: Record<string, unknown>, key: string, value: unknown): void {
  if (value === gone) {
    if (!(key in place)) throw new Error(`${key} must be there to be removed`);
    delete place[key];
  } else {
    place[key] = value;
  }
}

function copy<T>(value: T): T {
  if (value instanceof Ref || typeof value !== "object" || value === null) return value;
  if (value instanceof Json) return new Json(copy(value.value)) as T;
  if (Array.isArray(value)) return value.map(copy) as T;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item)])) as T;
}
