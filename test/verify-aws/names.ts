import type { Attribute, Block, NestedBlock, ProviderSchema } from "./provider-schema";

/**
 * Types whose Terraform name does not follow from Pulumi's token, by token. Everything else is `aws_<module>_<name>`
 * or `aws_<name>`.
 */
const irregularTypes: Record<string, string> = {
  "aws:cloudtrail/trail:Trail": "aws_cloudtrail",
  "aws:lb/loadBalancer:LoadBalancer": "aws_lb",
};

/** Arguments to which Pulumi gives a name of its own: by Terraform type, then by Pulumi's name. */
const irregularArguments: Record<string, Record<string, string>> = {
  aws_cloudwatch_log_subscription_filter: { logGroup: "log_group_name" },
  aws_cloudwatch_metric_alarm: { name: "alarm_name" },
  aws_lambda_function: { code: "filename", name: "function_name" },
  aws_sns_topic_subscription: { topic: "topic_arn" },
};

/** What Pulumi calls `property` of a type, in a name from which that of Terraform follows. */
export function regularName(type: string, property: string): string {
  return irregularArguments[type]?.[property] ?? property;
}

/** Pulumi's name for an argument of a type, in the singular. */
export function pulumiName(type: string, argument: string): string {
  const irregular = Object.entries(irregularArguments[type] ?? {});
  return irregular.find(([, name]) => name === argument)?.[0] ?? camelCase(argument);
}

/** Without what Pulumi and Terraform write differently: `openIdConnectProvider` and `openid_connect_provider`. */
const squeezed = (name: string): string => name.replaceAll("_", "").toLowerCase();

/** The Terraform type of a Pulumi type token such as `aws:ec2/vpc:Vpc`; undefined when the provider has none. */
export function terraformType(token: string, schema: ProviderSchema): string | undefined {
  const irregular = irregularTypes[token];
  if (irregular !== undefined) return irregular in schema.resource_schemas ? irregular : undefined;
  const [, path = ""] = token.split(":");
  const [module = "", name = ""] = path.split("/");
  const types = typesOf(schema);
  return types.get(squeezed(`aws${module}${name}`)) ?? types.get(squeezed(`aws${name}`));
}

const knownTypes = new WeakMap<ProviderSchema, Map<string, string>>();

function typesOf(schema: ProviderSchema): Map<string, string> {
  const known = knownTypes.get(schema);
  if (known) return known;
  const types = new Map(Object.keys(schema.resource_schemas).map((type) => [squeezed(type), type]));
  knownTypes.set(schema, types);
  return types;
}

/** What one of Pulumi's names stands for in a block of Terraform. */
export type Argument =
  | { kind: "attribute"; name: string; attribute: Attribute }
  | { kind: "block"; name: string; nested: NestedBlock };

/** The argument of `block` that Pulumi calls `property`; undefined when there is none. */
export function argumentOf(block: Block, property: string): Argument | undefined {
  const wanted = squeezed(property);
  const candidates = argumentsOf(block);
  return (
    candidates.find(({ name }) => squeezed(name) === wanted) ??
    candidates.find((argument) => isMany(argument) && plurals(argument.name).includes(wanted))
  );
}

/** Every argument of a block. */
export function argumentsOf({ attributes = {}, block_types: blocks = {} }: Block): Argument[] {
  return [
    ...Object.entries(attributes).map(([name, attribute]) => ({
      kind: "attribute" as const,
      name,
      attribute,
    })),
    ...Object.entries(blocks).map(([name, nested]) => ({ kind: "block" as const, name, nested })),
  ];
}

/** Whether an argument is a list or set, which Pulumi names in the plural. */
function isMany(argument: Argument): boolean {
  if (argument.kind === "block") return ["list", "set"].includes(argument.nested.nesting_mode);
  const { type } = argument.attribute;
  return Array.isArray(type) && (type[0] === "list" || type[0] === "set");
}

/** How Pulumi may write a Terraform name in the plural, squeezed. */
function plurals(name: string): string[] {
  const one = squeezed(name);
  return [`${one}s`, `${one}es`, one.replace(/y$/, "ies")];
}

/** `certificate_authority` as Pulumi writes it: `certificateAuthority`. */
export function camelCase(name: string): string {
  return name.replaceAll(/_(\w)/g, (_match, letter: string) => letter.toUpperCase());
}

/** A camel-cased name in the plural: `certificateAuthorities`. */
export function plural(name: string): string {
  if (/[^aeiou]y$/.test(name)) return name.replace(/y$/, "ies");
  if (/(s|x|z|ch|sh)$/.test(name)) return name.endsWith("s") ? name : `${name}es`;
  return `${name}s`;
}
