import type { Condition } from "./conditions";
import { show } from "./show";
import type { Truth } from "./truth";
import { isUnknown } from "./unknown";

/**
 * What a rule found out about one resource. A rule that finds nothing passes, also when it has notes: what people
 * should know, each `<section>: <text>`.
 */
export interface Finding {
  verdict: "fail" | "undecided" | "notApplicable" | "note";
  message: string;
  urn?: string;
}

/** A resource as its program registers it. */
export interface Registration {
  urn: string;
  type: string;
  name: string;
  inputs: Record<string, unknown>;
  /** What the provider says of it, ids included; in a first preview no more than the inputs. @default - none */
  outputs?: Record<string, unknown>;
  /** Whether Pulumi refuses to delete it. @default false */
  protect?: boolean;
  /** URNs. @default - none */
  dependencies?: readonly string[];
  /** URNs of the resources that each input was made from. @default - none */
  propertyDependencies?: Readonly<Record<string, readonly string[]>>;
}

/** A resource under judgement: its inputs by path, three-valued. */
export class Resource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
  readonly outputs: Record<string, unknown>;
  readonly protect: boolean;
  readonly dependencies: readonly string[];
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;

  constructor(registration: Registration) {
    this.urn = registration.urn;
    this.type = registration.type;
    this.name = registration.name;
    this.inputs = registration.inputs;
    this.outputs = registration.outputs ?? {};
    this.protect = registration.protect ?? false;
    this.dependencies = registration.dependencies ?? [];
    this.propertyDependencies = registration.propertyDependencies ?? {};
  }

  /** The input at a path such as `vpcConfig.subnetIds`. */
  at(path: string): Field {
    return new Field(this, "", this.inputs).at(path);
  }

  /** The items of a list of inputs; see `Field.each`. */
  each(path: string): Field[] {
    return this.at(path).each();
  }

  /** What is found when the condition does not hold of the input at the path. */
  must(path: string, condition: Condition): Finding[] {
    return this.at(path).must(condition);
  }

  fail(message: string): Finding {
    return { verdict: "fail", message, urn: this.urn };
  }

  undecided(message: string): Finding {
    return { verdict: "undecided", message, urn: this.urn };
  }
}

/** A place in a resource's inputs, present or not. Below an unknown value there is only the unknown value itself. */
export class Field {
  constructor(
    readonly resource: Resource,
    readonly path: string,
    readonly value: unknown,
  ) {}

  get unknown(): boolean {
    return isUnknown(this.value);
  }

  get present(): boolean {
    return this.value !== undefined && this.value !== null && this.value !== "";
  }

  /** Whether it is this value, which may not be known yet. */
  equals(value: unknown): Truth {
    return this.unknown ? undefined : this.value === value;
  }

  /** The value as a text; empty when it is missing, a list or a map. */
  get text(): string {
    const { value } = this;
    if (typeof value === "string") return value;
    return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
  }

  at(path: string): Field {
    if (!path.includes(".")) return this.child(path);
    return path.split(".").reduce<Field>((field, key) => field.child(key), this);
  }

  /** What stands under a key, which may contain dots. */
  child(key: string): Field {
    if (this.unknown) return this;
    const value =
      isRecord(this.value) && Object.hasOwn(this.value, key) ? this.value[key] : undefined;
    return new Field(this.resource, this.path === "" ? key : `${this.path}.${key}`, value);
  }

  /**
   * The items of a list. A value that is no list is a list of one, as IAM allows; what is missing has no items;
   * an unknown list is one unknown item, so that whatever is asked of its items stays undecided.
   */
  each(): Field[] {
    if (!this.present) return [];
    if (!Array.isArray(this.value)) return [this];
    const { resource, path } = this;
    return this.value.map((item, i) => new Field(resource, `${path}[${i}]`, item));
  }

  /** The values of a map, or the unknown itself. */
  values(): Field[] {
    if (this.unknown) return [this];
    return isRecord(this.value) ? Object.keys(this.value).map((key) => this.child(key)) : [];
  }

  /** The value that a JSON text holds; a value that is none already is itself. */
  json(): Field {
    if (this.unknown && !this.text.trimStart().startsWith("{")) return this;
    if (typeof this.value !== "string" || this.value === "") return this;
    try {
      return new Field(this.resource, this.path, JSON.parse(this.value) as unknown);
    } catch {
      if (this.unknown) return this;
      throw new Error(`${this.path} of ${this.resource.name} must be a JSON document`);
    }
  }

  must(condition: Condition): Finding[] {
    return this.judge(condition.holds(this.value), condition.rule);
  }

  /** Nothing when it holds, else what is wrong or what is unknown. The rule continues "the field must …". */
  judge(truth: Truth, rule: string): Finding[] {
    if (truth) return [];
    return [truth === undefined ? this.undecided() : this.fail(rule)];
  }

  fail(rule: string): Finding {
    return this.resource.fail(`${this.path} must ${rule}, got ${show(this.value)}`);
  }

  undecided(): Finding {
    return this.resource.undecided(`${this.path} of ${this.resource.name} is unknown until up`);
  }
}

/** The resources that a field names. */
export interface References {
  /** Those of the stack. */
  found: Resource[];
  /** Known ids of things that the stack does not manage. */
  outside: Field[];
  /** What is unknown and comes from no resource of the wanted types. */
  unknown: Field[];
}

/** Outputs by which other resources refer to a resource. */
const identities = [
  "id",
  "arn",
  "name",
  "bucket",
  "keyId",
  "allocationId",
  "dnsName",
  "publicIp",
  "associationId",
  "prefixListId",
  "defaultNetworkAclId",
  "defaultRouteTableId",
  "defaultSecurityGroupId",
  "mainRouteTableId",
  "primaryNetworkInterfaceId",
] as const;

/** A stack as a graph. References hold by property dependencies in a first preview and by ids once these are known. */
export class Stack {
  readonly resources: readonly Resource[];
  private readonly byUrn = new Map<string, Resource>();
  private readonly byType = new Map<string, Resource[]>();
  private readonly byIdentity = new Map<string, Resource[]>();
  private readonly usersOf = new Map<string, Map<string, Resource[]>>();

  constructor(registrations: Iterable<Registration>) {
    this.resources = [...registrations]
      .map((registration) => new Resource(registration))
      .toSorted((a, b) => (a.urn < b.urn ? -1 : 1));
    for (const resource of this.resources) {
      this.byUrn.set(resource.urn, resource);
      push(this.byType, resource.type, resource);
      for (const identity of identitiesOf(resource)) push(this.byIdentity, identity, resource);
    }
  }

  /** The resources of some types, by URN within each type. */
  all(...types: readonly string[]): Resource[] {
    return types.flatMap((type) => this.byType.get(type) ?? []);
  }

  get(urn: string): Resource | undefined {
    return this.byUrn.get(urn);
  }

  /** What the field, an id or a list of ids, refers to among the resources of some types. */
  refs(field: Field, types: readonly string[]): References {
    const result: References = { found: [], outside: [], unknown: [] };
    for (const item of field.each()) {
      const found = item.unknown ? this.madeFrom(item, types) : this.named(item.value, types);
      if (found.length > 0) result.found.push(...found);
      else (item.unknown ? result.unknown : result.outside).push(item);
    }
    result.found = [...new Set(result.found)];
    return result;
  }

  /** The resources of some types that refer to the target at the path. */
  users(target: Resource, types: readonly string[], path: string): Resource[] {
    const key = `${target.type} ${types.join()} ${path}`;
    let index = this.usersOf.get(key);
    if (!index) {
      index = new Map();
      for (const user of this.all(...types)) {
        for (const { urn } of this.refs(user.at(path), [target.type]).found) push(index, urn, user);
      }
      this.usersOf.set(key, index);
    }
    return index.get(target.urn) ?? [];
  }

  /** The fields at a path, of resources of some types, of which nobody knows yet what they refer to. */
  danglers(types: readonly string[], path: string, targets: readonly string[]): Field[] {
    return this.all(...types).flatMap((user) => this.refs(user.at(path), targets).unknown);
  }

  private madeFrom(field: Field, types: readonly string[]): Resource[] {
    const property = /^[^.[]+/.exec(field.path)?.[0] ?? "";
    return (field.resource.propertyDependencies[property] ?? []).flatMap((urn) => {
      const resource = this.byUrn.get(urn);
      return resource && types.includes(resource.type) ? [resource] : [];
    });
  }

  private named(value: unknown, types: readonly string[]): Resource[] {
    if (typeof value !== "string") return [];
    // The ARN of a log group is also written with a wildcard for its streams.
    const resources = this.byIdentity.get(value.replace(/:\*$/, "")) ?? [];
    return resources.filter(({ type }) => types.includes(type));
  }
}

function identitiesOf({ inputs, outputs }: Resource): Set<string> {
  const values = identities.flatMap((key) => [outputs[key], inputs[key]]);
  return new Set(
    values.filter(
      (value): value is string => typeof value === "string" && value !== "" && !isUnknown(value),
    ),
  );
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
