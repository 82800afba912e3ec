/** Type of a value, in the JSON form of Terraform's type expressions. */
export type ValueType =
  | "string"
  | "number"
  | "bool"
  | "dynamic"
  | ["list" | "set" | "map", ValueType]
  | ["object", Record<string, ValueType>];

export interface Attribute {
  type: ValueType;
  required?: boolean;
  optional?: boolean;
  computed?: boolean;
}

export interface NestedBlock {
  nesting_mode: "single" | "group" | "list" | "set" | "map";
  block: Block;
  min_items?: number;
  max_items?: number;
}

export interface Block {
  attributes?: Record<string, Attribute>;
  block_types?: Record<string, NestedBlock>;
}

/** What `providers schema -json` says of one provider, as far as it is read here. */
export interface ProviderSchema {
  /** Where the provider comes from, such as `registry.opentofu.org/hashicorp/aws`. */
  address: string;
  /** The provider's own settings. */
  provider: { block: Block };
  resource_schemas: Record<string, { version?: number; block: Block }>;
}
