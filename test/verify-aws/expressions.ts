import type { PropertyMap } from "../../plan/property-values";
import { isObject } from "../../plan/property-values";
import { camelCase, plural } from "./names";
import type { Attribute, Block, NestedBlock, ValueType } from "./provider-schema";

// Not `${…}`: policies have variables of that form, and these must stay apart from them.
const marked = /<tf:([^>]+)>/g;

/** A Terraform expression, as it stands in the values of a program until they are translated. */
function mark(expression: string): string {
  return `<tf:${expression}>`;
}

/** A text in Terraform's template language: what was marked becomes an expression, all else stays as it is. */
export function template(text: string): string {
  const literal = text.replaceAll(/[$%](?=\{)/g, (sign) => sign + sign);
  return literal.replaceAll(marked, (_match, expression: string) => `\${${expression}}`);
}

/**
 * The outputs that AWS computes for a resource, as expressions that name them. Whether Pulumi shows a list of one as
 * its element cannot be seen in the schema, so both forms are there; a program takes the one that its types have.
 */
export function computedOutputs(address: string, block: Block): PropertyMap {
  return members(address, block);
}

/** `inputs` with what only the computed outputs have. */
export function completed(inputs: PropertyMap, computed: PropertyMap): PropertyMap {
  const entries = Object.entries(computed).map(([key, value]) => {
    const given = inputs[key];
    if (given === undefined) return [key, value] as const;
    return [key, isObject(given) && isObject(value) ? completed(given, value) : given] as const;
  });
  return { ...inputs, ...Object.fromEntries(entries) };
}

function members(path: string, { attributes = {}, block_types: blocks = {} }: Block): PropertyMap {
  const ofAttributes = Object.entries(attributes)
    .filter(([, attribute]) => attribute.computed === true)
    .flatMap(([name, attribute]) => ofAttribute(`${path}.${name}`, name, attribute));
  const ofBlocks = Object.entries(blocks).flatMap(([name, nested]) =>
    ofBlock(`${path}.${name}`, name, nested),
  );
  return Object.fromEntries([...ofAttributes, ...ofBlocks]);
}

function ofAttribute(path: string, name: string, { type }: Attribute): [string, unknown][] {
  const own = camelCase(name);
  if (!Array.isArray(type)) return [[own, mark(path)]];
  const [kind, inner] = type;
  if (kind === "map") return [];
  if (kind === "object") return [[own, fields(path, type[1])]];
  const element = valueOf(first(path, kind), inner);
  return Array.isArray(inner) ? both(own, element) : [[plural(own), [element]]];
}

function ofBlock(path: string, name: string, nested: NestedBlock): [string, unknown][] {
  const { nesting_mode: mode, block } = nested;
  const own = camelCase(name);
  if (mode === "map") return [];
  if (mode === "single" || mode === "group") return [[own, members(path, block)]];
  return both(own, members(first(path, mode), block));
}

const both = (name: string, element: unknown): [string, unknown][] => [
  [plural(name), [element]],
  ...(plural(name) === name ? [] : [[name, element] as [string, unknown]]),
];

/** A set has no order of its own. */
function first(path: string, kind: "list" | "set"): string {
  return kind === "set" ? `tolist(${path})[0]` : `${path}[0]`;
}

function valueOf(path: string, type: ValueType): unknown {
  if (!Array.isArray(type)) return mark(path);
  const [kind, inner] = type;
  if (kind === "map") return {};
  if (kind === "object") return fields(path, inner);
  return [valueOf(first(path, kind), inner)];
}

function fields(path: string, types: Record<string, ValueType>): PropertyMap {
  return Object.fromEntries(
    Object.entries(types).flatMap(([name, type]) =>
      ofAttribute(`${path}.${name}`, name, { type, computed: true }),
    ),
  );
}
