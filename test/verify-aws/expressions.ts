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
 * The outputs that AWS computes for a resource, as expressions that name them. A block that may be there once is its
 * element in Pulumi; where the schema does not say how many there may be, both forms are there, and a program takes the
 * one that its types have.
 */
export function computedOutputs(address: string, block: Block, inputs: PropertyMap): PropertyMap {
  const [type = ""] = address.split(".");
  return { ...members(address, block), ...outputsByInputs[type]?.(address, inputs) };
}

/** Outputs with a part that follows from the arguments, by which the program looks for the rest. */
const outputsByInputs: Record<string, (address: string, inputs: PropertyMap) => PropertyMap> = {
  aws_acm_certificate: (address, { domainName, subjectAlternativeNames = [] }) => ({
    domainValidationOptions: [domainName, ...(subjectAlternativeNames as unknown[])].map((domain) =>
      validationOption(address, String(domain)),
    ),
  }),
};

function validationOption(address: string, domainName: string): PropertyMap {
  const member = (name: string): string => {
    const options = `${address}.domain_validation_options`;
    return mark(`one([for o in ${options} : o.${name} if o.domain_name == "${domainName}"])`);
  };
  return {
    domainName,
    resourceRecordName: member("resource_record_name"),
    resourceRecordType: member("resource_record_type"),
    resourceRecordValue: member("resource_record_value"),
  };
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
  const single = mode === "single" || mode === "group";
  const inner = members(single ? path : first(path, mode), block);
  // A web ACL has statements in statements: with every empty one, in two forms, its outputs would fill the memory.
  if (Object.keys(inner).length === 0) return [];
  return single || nested.max_items === 1 ? [[own, inner]] : both(own, inner);
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
