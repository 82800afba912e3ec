import { InputError } from "../input-error";
import { redacted, unknownValue } from "../property-values";
import type { PropertyMap } from "../property-values";
import { planSchema } from "../schema";
import type { PlannedResource } from "../schema";
import type { StackResource } from "../stack-resource";
import { isProviderType } from "../urn";
import { contentFaults } from "./source";
import type { Source } from "./source";

/** A redacted value is not known any more, so it must count as unknown and never as its own text. */
function withoutRedactions(value: unknown): unknown {
  if (value === redacted) return unknownValue;
  if (Array.isArray(value)) return value.map(withoutRedactions);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, withoutRedactions(member)]),
  );
}

function stackResource(planned: PlannedResource): StackResource {
  const { parent, provider, custom, type, ...rest } = planned;
  const inputs = withoutRedactions(planned.inputs) as PropertyMap;
  const { __internal: _, ...outputs } = inputs;
  return {
    ...rest,
    custom,
    type,
    inputs,
    outputs: custom ? (isProviderType(type) ? outputs : inputs) : {},
    ...(parent !== undefined && { parent }),
    ...(provider !== undefined && { provider }),
  };
}

/** Reads a plan file; its verdicts are left out, since the pack judges anew. */
export function planFile(content: Record<string, unknown>, file: string): Source {
  const { formatVersion } = content;
  if (formatVersion !== 1) {
    throw new InputError(
      `${file}: formatVersion must be 1, got ${JSON.stringify(formatVersion)}; write the file with this version of plan`,
    );
  }
  const parsed = planSchema.safeParse(content);
  if (!parsed.success) throw contentFaults(file, parsed.error);
  const { project, stack, resources } = parsed.data;
  return {
    identity: { project, stack },
    resources: resources.map(stackResource),
    places: new Map(),
  };
}
