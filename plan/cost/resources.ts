import { isObject, unknownValue } from "../property-values";
import type { PlannedResource } from "../schema";

type Inputs = Record<string, unknown>;

/** The resources of a plan, and how they refer to each other. */
export class Resources {
  readonly all: readonly PlannedResource[];
  private readonly byUrn: ReadonlyMap<string, PlannedResource>;

  constructor(all: readonly PlannedResource[]) {
    this.all = all;
    this.byUrn = new Map(all.map((resource) => [resource.urn, resource]));
  }

  ofType(type: string): PlannedResource[] {
    return this.all.filter((resource) => resource.type === type);
  }

  /** The resource of a type that an input of another comes from. */
  source(resource: PlannedResource, input: string, type: string): PlannedResource | undefined {
    const urns = resource.propertyDependencies[input] ?? [];
    return urns.map((urn) => this.byUrn.get(urn)).find((one) => one?.type === type);
  }

  /** Region of a resource: its own, else its provider's; undefined when the plan does not know it. */
  regionOf({ inputs, provider }: PlannedResource): string | undefined {
    const own = textOf(inputs["region"]);
    return own ?? textOf(this.byUrn.get(provider ?? "")?.inputs["region"]);
  }

  /** Availability zones that the subnets of the plan are in. */
  zones(): string[] {
    const zones = this.ofType("aws:ec2/subnet:Subnet").map(({ inputs }) =>
      textOf(inputs["availabilityZone"]),
    );
    return [...new Set(zones.filter((zone) => zone !== undefined))];
  }
}

/** A text that is known. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== unknownValue && value !== "" ? value : undefined;
}

/** A number that is known; providers take it as a text too. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^\d+$/.test(value) ? Number(value) : undefined;
}

/** True for a truth value of true; providers take it as a text too. */
export function isTrue(value: unknown): boolean {
  return value === true || value === "true";
}

/** The members of a list that is known as a list; its members may be unknown. */
export function listOf(value: unknown): unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

/** A map, or an empty one for what is no map. */
export function mapOf(value: unknown): Inputs {
  return isObject(value) ? value : {};
}
