import { isObject, isSecret, unknownValue } from "../../plan/property-values";
import type { PropertyMap } from "../../plan/property-values";
import type { StackResource } from "../../plan/stack-resource";
import { template } from "./expressions";
import { argumentOf, regularName, terraformType } from "./names";
import type { Block, ProviderSchema, ValueType } from "./provider-schema";

/** A module in Terraform's JSON syntax. */
export interface Configuration {
  terraform: { required_providers: Record<string, { source: string; version?: string }> };
  provider: { aws: PropertyMap[] };
  resource: Record<string, Record<string, PropertyMap>>;
}

/** Texts of the files in an archive, by their path in it. */
export type Archive = Record<string, string>;

/** What the translation of a stack gives. */
export interface Translation {
  configuration: Configuration;
  /** Archives of which the configuration has the name. */
  archives: Record<string, Archive>;
  /** What has no counterpart in the provider, a line each. */
  faults: string[];
}

const providerToken = "pulumi:providers:aws";

/** Whether the AWS provider manages a resource. */
export const isAws = ({ type }: { type: string }): boolean => type.startsWith("aws:");

/** Where each AWS resource of a stack stands in Terraform, as `aws_vpc.main`. */
export class Addresses {
  private readonly byUrn = new Map<string, string>();
  private readonly taken = new Set<string>();

  constructor(private readonly schema: ProviderSchema) {}

  /** Gives a resource its address; undefined when the provider does not know its type. */
  add({
    urn,
    type: token,
    name,
  }: Pick<StackResource, "urn" | "type" | "name">): string | undefined {
    const type = terraformType(token, this.schema);
    if (type === undefined) return undefined;
    const base = `${type}.${name.replaceAll(/[^\w-]/g, "-").replace(/^(?=[^A-Za-z_])/, "_")}`;
    let address = base;
    for (let count = 2; this.taken.has(address); count++) address = `${base}-${count}`;
    this.taken.add(address);
    this.byUrn.set(urn, address);
    return address;
  }

  of(urn: string): string | undefined {
    return this.byUrn.get(urn);
  }
}

/** Translates the AWS resources of a stack, with the settings of their providers. */
export function translated(
  resources: readonly StackResource[],
  addresses: Addresses,
  schema: ProviderSchema,
): Translation {
  const faults: string[] = [];
  const translator = new Translator(schema, faults, addresses);
  const provider = resources
    .filter(({ type }) => type === providerToken)
    .map((resource) => translator.provider(resource));
  const resource: Configuration["resource"] = {};
  for (const each of resources.filter(isAws)) {
    const address = addresses.of(each.urn);
    if (address === undefined) {
      faults.push(`${each.urn}: the AWS provider has no type for ${each.type}`);
      continue;
    }
    const [type = "", name = ""] = address.split(".");
    resource[type] = { ...resource[type], [name]: translator.resource(each, type) };
  }
  const terraform = { required_providers: { aws: { source: "hashicorp/aws" } } };
  const configuration = { terraform, provider: { aws: provider }, resource };
  return { configuration, archives: translator.archives, faults };
}

/** Translates what one block of Pulumi's values says; what has no counterpart is noted among the faults. */
export class Translator {
  readonly archives: Record<string, Archive> = {};

  constructor(
    private readonly schema: ProviderSchema,
    private readonly faults: string[],
    private readonly addresses: Addresses = new Addresses(schema),
  ) {}

  provider({ urn, name, inputs }: StackResource): PropertyMap {
    const { __internal: _internal, version: _version, ...settings } = inputs;
    const parsed = Object.entries(settings).map(([key, value]) => [key, decoded(value)]);
    const body = this.block(this.schema.provider.block, Object.fromEntries(parsed), urn);
    return { alias: name, ...body, ...onThisMachine };
  }

  resource(resource: StackResource, type: string): PropertyMap {
    const { urn, inputs, dependencies, options, provider } = resource;
    const block = this.schema.resource_schemas[type]?.block ?? {};
    const dependsOn = dependencies.map((each) => this.addresses.of(each)).filter(isGiven);
    const ignored = (options.ignoreChanges ?? []).map((path) =>
      this.argumentName(type, block, path, urn),
    );
    return {
      ...madeUpName(block, resource),
      ...this.arguments(type, inputs, urn),
      ...(dependsOn.length > 0 && { depends_on: dependsOn }),
      ...(ignored.length > 0 && { lifecycle: { ignore_changes: ignored } }),
      ...(provider !== undefined && { provider: `aws.${provider.split("::").at(-1) ?? ""}` }),
    };
  }

  /** Terraform cannot ignore a part of an argument of one block that Pulumi names by its path: the whole is. */
  private argumentName(type: string, block: Block, path: string, urn: string): string {
    const [property = ""] = path.split(/[.[]/);
    const argument = argumentOf(block, regularName(type, property));
    if (argument === undefined) this.faults.push(`${urn}: ignoreChanges names ${path}`);
    return argument?.name ?? property;
  }

  /** The inputs of a resource as the arguments of its type. */
  arguments(type: string, inputs: PropertyMap, urn: string): PropertyMap {
    const regular = Object.entries(inputs).map(([key, value]) => [regularName(type, key), value]);
    const block = this.schema.resource_schemas[type]?.block ?? {};
    return this.block(block, Object.fromEntries(regular) as PropertyMap, urn);
  }

  /** `values` as the arguments of `block`; `urn` and `path` say where they are. */
  block(block: Block, values: PropertyMap, urn: string, path = ""): PropertyMap {
    const body: PropertyMap = {};
    for (const [property, value] of Object.entries(values)) {
      const where = path === "" ? property : `${path}.${property}`;
      const argument = argumentOf(block, property);
      if (argument === undefined) {
        this.faults.push(`${urn}: the AWS provider has no argument for ${where}`);
      } else if (argument.kind === "attribute") {
        body[argument.name] = this.value(argument.attribute.type, value, urn, where);
      } else {
        const { nested } = argument;
        const items = Array.isArray(value) ? value : [value];
        body[argument.name] = items.map((item) =>
          this.block(nested.block, isObject(item) ? item : {}, urn, where),
        );
      }
    }
    return body;
  }

  private value(type: ValueType, value: unknown, urn: string, path: string): unknown {
    if (isSecret(value)) return this.value(type, value["value"], urn, path);
    if (value === unknownValue) {
      this.faults.push(`${urn}: ${path} is unknown, and no expression stands for it`);
      return null;
    }
    if (typeof value === "string") return template(value);
    if (isArchive(value)) return this.archive(value, urn, path);
    if (!Array.isArray(type)) return value;
    return this.collection(type, value, urn, path);
  }

  /** Where Pulumi takes an archive, Terraform takes the name of a file. */
  private archive({ assets }: { assets: PropertyMap }, urn: string, path: string): string {
    const texts = Object.entries(assets).map(([file, asset]) => {
      const text = isObject(asset) ? asset["text"] : undefined;
      if (typeof text !== "string") this.faults.push(`${urn}: ${path}.${file} has no text`);
      return [file, String(text)] as const;
    });
    const name = `${urn.split("::").at(-1) ?? ""}.zip`;
    this.archives[name] = Object.fromEntries(texts);
    return name;
  }

  private collection(
    [kind, inner]: Extract<ValueType, unknown[]>,
    value: unknown,
    urn: string,
    path: string,
  ): unknown {
    if (kind === "object") return isObject(value) ? this.object(inner, value, urn, path) : value;
    if (kind === "map") {
      const entries = isObject(value) ? Object.entries(value) : [];
      return Object.fromEntries(
        entries.map(([key, item]) => [
          template(key),
          this.value(inner, item, urn, `${path}.${key}`),
        ]),
      );
    }
    const items = Array.isArray(value) ? value : [value];
    return items.map((item, i) => this.value(inner, item, urn, `${path}[${i}]`));
  }

  /** Blocks that are written as attributes want every field, as null when it is absent. */
  private object(
    types: Record<string, ValueType>,
    value: PropertyMap,
    urn: string,
    path: string,
  ): PropertyMap {
    const attributes = Object.entries(types).map(([name, type]) => [name, { type }] as const);
    const given = this.block({ attributes: Object.fromEntries(attributes) }, value, urn, path);
    const absent = Object.keys(types).map((name) => [name, null]);
    return { ...Object.fromEntries(absent), ...given };
  }
}

/** A bucket has no host name of its own where every service is an address on the loopback. */
const onThisMachine = { s3_use_path_style: true };

/** Structured settings of a provider arrive as JSON text. */
function decoded(value: unknown): unknown {
  if (typeof value !== "string" || !/^[[{]|^(true|false)$/.test(value)) return value;
  return JSON.parse(value);
}

const isArchive = (value: unknown): value is { assets: PropertyMap } =>
  isObject(value) && isObject(value["assets"]);

/** Pulumi makes up a name that Terraform wants to be given. */
function madeUpName(block: Block, { name }: StackResource): PropertyMap {
  return block.attributes?.["name"]?.required === true ? { name } : {};
}

const isGiven = <T>(value: T | undefined): value is T => value !== undefined;
