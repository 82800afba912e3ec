import { z } from "zod";
import { InputError } from "../input-error";
import { isObject, isSecret, makeSecret, recorded, unknownValue } from "../property-values";
import type { PropertyMap } from "../property-values";
import type { StackResource } from "../stack-resource";
import { urnName } from "../urn";
import { contentFaults } from "./source";
import type { Source } from "./source";

const text = z.string().optional();
const texts = z.array(z.string()).nullish();
const properties = z.record(z.string(), z.unknown()).nullish();

/** What judging needs of a resource in a state file; the state holds more. */
const stateResource = z.object({
  urn: z.string(),
  type: z.string(),
  custom: z.boolean().optional(),
  delete: z.boolean().optional(),
  inputs: properties,
  outputs: properties,
  parent: text,
  provider: text,
  dependencies: texts,
  propertyDependencies: z.record(z.string(), z.array(z.string()).nullable()).nullish(),
  protect: z.boolean().optional(),
  retainOnDelete: z.boolean().optional(),
  deletedWith: text,
  ignoreChanges: texts,
  additionalSecretOutputs: texts,
  aliases: texts,
  customTimeouts: z
    .object({
      create: z.number().optional(),
      update: z.number().optional(),
      delete: z.number().optional(),
    })
    .nullish(),
});

const stateFile = z.object({
  version: z.number(),
  deployment: z.object({ resources: z.array(stateResource).nullish() }),
});

const versions = [3, 4];

/** A ciphertext counts as unknown; `pulumi stack export --show-secrets` gives the value itself. */
function withoutCiphertext(value: unknown, file: string): unknown {
  const again = (member: unknown) => withoutCiphertext(member, file);
  if (Array.isArray(value)) return value.map(again);
  if (!isObject(value)) return value;
  if (!isSecret(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, again(member)]));
  }
  const { plaintext } = value;
  if (typeof plaintext !== "string") return unknownValue;
  try {
    return makeSecret(again(JSON.parse(plaintext)));
  } catch {
    throw new InputError(`${file}: the plaintext of a secret must be JSON`);
  }
}

function optionsOf(state: z.infer<typeof stateResource>): StackResource["options"] {
  const { protect, retainOnDelete, deletedWith, customTimeouts } = state;
  const { ignoreChanges, additionalSecretOutputs, aliases } = state;
  return {
    ...(protect === true && { protect }),
    ...(ignoreChanges?.length && { ignoreChanges }),
    ...(deletedWith !== undefined && { deletedWith }),
    ...(aliases?.length && { aliases }),
    ...(additionalSecretOutputs?.length && { additionalSecretOutputs }),
    ...(retainOnDelete === true && { retainOnDelete }),
    ...(customTimeouts != null && { customTimeouts: customTimeouts }),
  };
}

function stackResource(state: z.infer<typeof stateResource>, file: string): StackResource {
  const known = (values: PropertyMap | null | undefined) =>
    recorded(withoutCiphertext(values ?? {}, file)) as PropertyMap;
  const { parent, provider } = state;
  const dependencies = Object.entries(state.propertyDependencies ?? {});
  return {
    urn: state.urn,
    type: state.type,
    name: urnName(state.urn),
    custom: state.custom ?? false,
    inputs: known(state.inputs),
    outputs: known(state.outputs),
    ...(parent !== undefined && { parent }),
    dependencies: state.dependencies ?? [],
    propertyDependencies: Object.fromEntries(dependencies.map(([key, urns]) => [key, urns ?? []])),
    ...(provider !== undefined && { provider: provider.slice(0, provider.lastIndexOf("::")) }),
    options: optionsOf(state),
  };
}

/** Reads what `pulumi stack export` writes. */
export function stackExport(content: Record<string, unknown>, file: string): Source {
  const { version } = content;
  if (typeof version !== "number" || !versions.includes(version)) {
    throw new InputError(
      `${file}: version of the deployment must be ${versions.join(" or ")}, got ${JSON.stringify(version)}; export the stack again with pulumi stack export`,
    );
  }
  const parsed = stateFile.safeParse(content);
  if (!parsed.success) throw contentFaults(file, parsed.error);
  const resources = (parsed.data.deployment.resources ?? [])
    // What waits for its deletion is no longer part of the stack.
    .filter((state) => state.delete !== true)
    .map((state) => stackResource(state, file));
  const [stack, project] = resources[0]?.urn.replace("urn:pulumi:", "").split("::") ?? [];
  return {
    ...(stack !== undefined && project !== undefined && { identity: { project, stack } }),
    resources,
    places: new Map(),
  };
}
