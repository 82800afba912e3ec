import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isObject, type PropertyMap } from "../../plan/property-values";
import { argumentOf, argumentsOf, plural, pulumiName, terraformType } from "./names";
import type { Attribute, Block, NestedBlock, ProviderSchema, ValueType } from "./provider-schema";
import type { ResourceChange } from "./terraform";
import { Translator } from "./translate";

/** The file that the stand-in of the rehearsal reads: what the provider replaces a resource for. */
export interface Replacements {
  /** Release of the provider that told. */
  provider: string;
  /** Paths of the arguments of which every change replaces a resource, by Pulumi type token. */
  replacedBy: Record<string, string[]>;
  /** Changes of which the provider decides by their values, and what it decided. */
  cases: ReplacementCase[];
}

/** A change whose outcome depends on its values, in Pulumi's terms. */
export interface ReplacementInputs {
  type: string;
  olds: PropertyMap;
  news: PropertyMap;
}

export interface ReplacementCase extends ReplacementInputs {
  /** Arguments for which the provider replaces the resource; none when it changes in place. */
  replaces: string[];
}

/** A configuration and the state that it would change. */
export interface Probe {
  configuration: unknown;
  state: unknown;
}

// The value of an argument before, and how it is not known afterwards.
const before = "old";
const after = "${terraform_data.unknown.id}";

/** What an argument of a probe is instead: one value before, and the other afterwards, or not known when there is none. */
interface ProbedValue {
  before: unknown;
  after?: unknown;
}

/** Arguments that the provider looks into while it plans, by type: of these it must be given what it can take. */
const probedValues: Record<string, Record<string, ProbedValue>> = {
  // A plan keeps the old value of these three and of the one for S3 when the new one is unknown, and reads it.
  aws_ec2_instance_metadata_defaults: {
    http_endpoint: { before: "enabled" },
    http_tokens: { before: "required" },
    instance_metadata_tags: { before: "disabled" },
  },
  aws_s3_bucket_lifecycle_configuration: {
    transition_default_minimum_object_size: { before: "all_storage_classes_128K" },
  },
  // What is required follows from these values, and an unknown one counts as an empty one.
  aws_ecr_repository: {
    image_tag_mutability: { before: "MUTABLE_WITH_EXCLUSION", after: "IMMUTABLE_WITH_EXCLUSION" },
  },
  aws_kinesis_firehose_delivery_stream: {
    destination: { before: "extended_s3", after: "opensearch" },
  },
  // The version of the protocol counts for these two alone.
  aws_lb_target_group: { protocol: { before: "HTTP", after: "HTTPS" } },
  aws_sns_topic_subscription: {
    filter_policy: { before: '{"a":["b"]}', after: '{"a":["c"]}' },
  },
  // The provider crashes at an unknown member: resourceFunction in internal/service/lambda/function.go.
  aws_lambda_function: {
    image_config: {
      before: [{ command: ["a"], entry_point: ["a"], working_directory: "a" }],
      after: [{ command: ["b"], entry_point: ["b"], working_directory: "b" }],
    },
  },
};

/** How deep the blocks of a probe are: no type of the program is replaced for what is deeper. */
const deepest = 3;

/**
 * A resource of each type with every argument set, and a configuration in which every argument is unknown: no validator
 * refuses an unknown value, and a plan names all the arguments that the provider would replace the resource for.
 */
export function probeOf(tokens: readonly string[], schema: ProviderSchema): Probe {
  const probes = tokens.map((token, i) => {
    const type = requireType(token, schema);
    const { version, ...resource } = resourceSchema(schema, type);
    const block = ownBlock(resource.block);
    const name = `probe-${i}`;
    const attributes = { ...oldBlock(type, block), id: before };
    return { type, name, body: newBlock(type, block), attributes, version };
  });
  return {
    configuration: {
      terraform: { required_providers: { aws: { source: "hashicorp/aws" } } },
      provider: { aws: { region: "eu-west-1", skip_requesting_account_id: true } },
      resource: { terraform_data: { unknown: {} }, ...grouped(probes) },
    },
    state: stateOf(probes, schema),
  };
}

/** The old inputs of each case as a state, and the new ones as a configuration. */
export function probeOfCases(cases: readonly ReplacementCase[], schema: ProviderSchema): Probe {
  const faults: string[] = [];
  const translator = new Translator(schema, faults);
  const probes = cases.map(({ type: token, olds, news }, i) => {
    const type = requireType(token, schema);
    const { block, version } = resourceSchema(schema, type);
    const name = `case-${i}`;
    const translate = (values: PropertyMap) =>
      translator.arguments(type, values, `${token} of a case`);
    const attributes = { ...empty(block), ...translate(olds), id: before };
    return { type, name, body: translate(news), attributes, version };
  });
  if (faults.length > 0) throw new Error(faults.join("\n"));
  return {
    configuration: {
      terraform: { required_providers: { aws: { source: "hashicorp/aws" } } },
      provider: { aws: { region: "eu-west-1", skip_requesting_account_id: true } },
      resource: grouped(probes),
    },
    state: stateOf(probes, schema),
  };
}

interface ProbedResource {
  type: string;
  name: string;
  body: PropertyMap;
  attributes: PropertyMap;
  version: number;
}

function grouped(probes: ProbedResource[]): Record<string, PropertyMap> {
  const types: Record<string, PropertyMap> = {};
  for (const { type, name, body } of probes) types[type] = { ...types[type], [name]: body };
  return types;
}

function stateOf(probes: ProbedResource[], { address }: ProviderSchema): unknown {
  return {
    version: 4,
    terraform_version: "1.11.4",
    serial: 1,
    lineage: "00000000-0000-4000-8000-000000000000",
    outputs: {},
    resources: probes.map(({ type, name, attributes, version }) => ({
      mode: "managed",
      type,
      name,
      provider: `provider["${address}"]`,
      instances: [{ schema_version: version, attributes, sensitive_attributes: [] }],
    })),
  };
}

function requireType(token: string, schema: ProviderSchema): string {
  const type = terraformType(token, schema);
  if (type === undefined) throw new Error(`the AWS provider has no type for ${token}`);
  return type;
}

function resourceSchema(schema: ProviderSchema, type: string) {
  const { block, version = 0 } = schema.resource_schemas[type] ?? { block: {} };
  return { block, version };
}

/** A block in which everything that can be set is unknown, but for the values that the provider must know. */
function newBlock(type: string, block: Block, depth = 0): PropertyMap {
  const entries = argumentsOf(block).flatMap((argument): [string, unknown][] => {
    const { name } = argument;
    const known = depth === 0 ? probedValues[type]?.[name]?.after : undefined;
    if (known !== undefined) return [[name, known]];
    if (argument.kind === "attribute") {
      return isSettable(argument.attribute) ? [[name, unknownOf(argument.attribute.type)]] : [];
    }
    if (isLeftOut(argument.nested, depth)) return [];
    return [[name, [newBlock(type, argument.nested.block, depth + 1)]]];
  });
  return Object.fromEntries(entries);
}

/** The same block in a state, where everything that can be set has a value. */
function oldBlock(type: string, block: Block, depth = 0): PropertyMap {
  const entries = argumentsOf(block).map((argument): [string, unknown] => {
    const { name } = argument;
    const known = depth === 0 ? probedValues[type]?.[name]?.before : undefined;
    if (known !== undefined) return [name, known];
    if (argument.kind === "attribute") {
      const { attribute } = argument;
      return [name, isSettable(attribute) ? oldOf(attribute.type) : null];
    }
    const { nested } = argument;
    if (isLeftOut(nested, depth)) return [name, nested.nesting_mode === "single" ? null : []];
    const inner = oldBlock(type, nested.block, depth + 1);
    return [name, nested.nesting_mode === "single" ? inner : [inner]];
  });
  return Object.fromEntries(entries);
}

/** A web ACL has statements in statements: all of them at once are more than a plan can take. */
function isLeftOut({ min_items: least = 0 }: NestedBlock, depth: number): boolean {
  return depth >= deepest && least === 0;
}

/**
 * Without what every type has for Terraform's own sake, which no resource is replaced for, and without the region, which
 * some types know before they plan: the program leaves it to the provider's settings.
 */
function ownBlock({ attributes = {}, block_types: blocks = {} }: Block): Block {
  const { id: _id, region: _region, tags_all: _tagsAll, ...ownAttributes } = attributes;
  const { timeouts: _timeouts, ...ownBlocks } = blocks;
  return { attributes: ownAttributes, block_types: ownBlocks };
}

const isSettable = ({ optional, required }: Attribute): boolean =>
  optional === true || required === true;

function unknownOf(type: ValueType): unknown {
  if (!Array.isArray(type)) return after;
  const [kind, inner] = type;
  if (kind === "object") return mapped(inner, unknownOf);
  return kind === "map" ? { key: unknownOf(inner) } : [unknownOf(inner)];
}

function oldOf(type: ValueType): unknown {
  if (type === "number") return 1;
  if (type === "bool") return true;
  if (!Array.isArray(type)) return before;
  const [kind, inner] = type;
  if (kind === "object") return mapped(inner, oldOf);
  return kind === "map" ? { key: oldOf(inner) } : [oldOf(inner)];
}

function mapped(
  types: Record<string, ValueType>,
  value: (type: ValueType) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(types).map(([name, type]) => [name, value(type)]));
}

/** A block of which nothing is set. */
function empty(block: Block): PropertyMap {
  const entries = argumentsOf(block).map((argument) => {
    const many = argument.kind === "block" && argument.nested.nesting_mode !== "single";
    return [argument.name, many ? [] : null];
  });
  return Object.fromEntries(entries);
}

/** What a plan of the probe tells, by token: paths as the stand-in writes them. */
export function replacedBy(
  tokens: readonly string[],
  changes: readonly ResourceChange[],
  schema: ProviderSchema,
): Record<string, string[]> {
  const byName = new Map(changes.map((change) => [change.name, change]));
  return Object.fromEntries(
    tokens.map((token, i) => {
      const type = requireType(token, schema);
      const { block } = resourceSchema(schema, type);
      return [token, pulumiPaths(token, type, block, plannedPaths(byName, `probe-${i}`, token))];
    }),
  );
}

/** The cases with what a plan of their probe tells. */
export function decided(
  cases: readonly ReplacementCase[],
  changes: readonly ResourceChange[],
  schema: ProviderSchema,
): ReplacementCase[] {
  const byName = new Map(changes.map((change) => [change.name, change]));
  return cases.map(({ type, olds, news }, i) => {
    const own = requireType(type, schema);
    const { block } = resourceSchema(schema, own);
    const paths = plannedPaths(byName, `case-${i}`, type);
    const properties = pulumiPaths(type, own, block, paths).map(
      (path) => path.split(/[.[]/)[0] ?? path,
    );
    return { type, olds, news, replaces: [...new Set(properties)] };
  });
}

/**
 * `replacedBy` without the arguments of which a case shows that they may change in place: these are decided by their
 * values.
 */
export function unconditional(
  table: Replacements["replacedBy"],
  cases: readonly ReplacementCase[],
): Replacements["replacedBy"] {
  const entries = Object.entries(table).map(([token, paths]) => {
    const inPlace = cases
      .filter(({ type }) => type === token)
      .flatMap(({ olds, news, replaces }) =>
        changedPaths(olds, news).filter((path) => !replaces.includes(path.split(".")[0] ?? path)),
      );
    return [token, paths.filter((path) => !inPlace.includes(path))] as const;
  });
  return Object.fromEntries(entries);
}

/** Where two values differ, as deep as both have objects. */
function changedPaths(olds: PropertyMap, news: PropertyMap, at = ""): string[] {
  return Object.keys({ ...olds, ...news }).flatMap((key) => {
    const [old, now] = [olds[key], news[key]];
    if (same(old, now)) return [];
    const nested = isObject(old) && isObject(now);
    return nested ? changedPaths(old, now, `${at}${key}.`) : [`${at}${key}`];
  });
}

function plannedPaths(changes: Map<string, ResourceChange>, name: string, token: string) {
  const planned = changes.get(name);
  if (planned === undefined) throw new Error(`no change was planned for ${token}`);
  return planned.change.replace_paths ?? [];
}

function pulumiPaths(
  token: string,
  type: string,
  block: Block,
  paths: (string | number)[][],
): string[] {
  const inputs = pulumiInputs(token);
  const written = paths
    .map((path) => pulumiPath(type, block, path))
    // Such as `name_prefix` of what Pulumi names itself, or an id: nothing that a program can change.
    .filter((path) => inputs.has(path.split(/[.[]/)[0] ?? path));
  return [...new Set(written)].toSorted();
}

/** The inputs of a type, as Pulumi's SDK sends them. */
function pulumiInputs(token: string): Set<string> {
  const sdk = dirname(require.resolve("@pulumi/aws/package.json"));
  const [, path = ""] = token.split(":");
  const text = readFileSync(join(sdk, `${path}.js`), "utf8");
  return new Set([...text.matchAll(/resourceInputs\["(\w+)"\]/g)].map(([, name = ""]) => name));
}

/** A path in a block that is a type of resource, or in one inside it: then `type` is none. */
function pulumiPath(
  type: string,
  block: Block,
  [step, ...rest]: readonly (string | number)[],
): string {
  const argument = argumentOf(block, String(step));
  const name = pulumiName(type, String(step));
  if (argument === undefined) throw new Error(`no argument ${String(step)}`);
  if (argument.kind === "attribute") {
    const { type: of } = argument.attribute;
    return Array.isArray(of) && ["list", "set"].includes(of[0]) ? plural(name) : name;
  }
  const [own, inside] = ofBlock(name, argument.nested);
  const inner = rest.filter((each) => typeof each === "string");
  if (inner.length === 0) return own;
  return `${own}${inside}.${pulumiPath("", argument.nested.block, inner)}`;
}

/** A block that may be there once is its element in Pulumi. */
function ofBlock(name: string, { nesting_mode: mode, max_items: most }: NestedBlock) {
  const many = (mode === "list" || mode === "set") && most !== 1;
  return many ? ([plural(name), "[*]"] as const) : ([name, ""] as const);
}

/** Where two tables differ, a line each. */
export function outdated(committed: Replacements, told: Replacements): string[] {
  const tokens = [
    ...new Set([...Object.keys(committed.replacedBy), ...Object.keys(told.replacedBy)]),
  ];
  return [
    ...tokens.toSorted().flatMap((token) => {
      const [old, now] = [committed.replacedBy[token], told.replacedBy[token]];
      return same(old, now)
        ? []
        : [`${token}: the table has ${shown(old)}, expected ${shown(now)}`];
    }),
    ...told.cases.flatMap((now, i) => {
      const old = committed.cases[i];
      return same(old?.replaces, now.replaces)
        ? []
        : [
            `case ${i} (${now.type}): replaces ${shown(old?.replaces)}, expected ${shown(now.replaces)}`,
          ];
    }),
    ...(committed.provider === told.provider
      ? []
      : [`the table is of ${committed.provider}, expected ${told.provider}`]),
  ];
}

const same = (one: unknown, other: unknown): boolean => shown(one) === shown(other);

const shown = (value: unknown): string => JSON.stringify(value) ?? "nothing";
