import type { Alias as AliasMessage } from "@pulumi/pulumi/proto/alias_pb";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import type { Alias, ResourceOptions } from "./schema";

const unitSeconds: Record<string, number> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/** Seconds of a duration as Go writes it, such as `1h30m`. */
export function durationSeconds(duration: string): number {
  const parts = [...duration.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g)];
  if (duration === "" || parts.map(([part]) => part).join("") !== duration) {
    throw new Error(
      `customTimeouts must be a number with a unit such as 30m, got ${JSON.stringify(duration)}`,
    );
  }
  return parts.reduce(
    (sum, [, count, unit]) => sum + Number(count) * (unitSeconds[unit ?? ""] ?? 0),
    0,
  );
}

function aliasOf(message: AliasMessage): Alias {
  const spec = message.getSpec();
  if (spec === undefined) return message.getUrn();
  const name = spec.getName();
  const type = spec.getType();
  const stack = spec.getStack();
  const project = spec.getProject();
  const parent = spec.getParenturn();
  return {
    ...(name !== "" && { name }),
    ...(type !== "" && { type }),
    ...(stack !== "" && { stack }),
    ...(project !== "" && { project }),
    ...(parent !== "" && { parent }),
    ...(spec.getNoparent() && { noParent: true }),
  };
}

function customTimeouts(request: RegisterResourceRequest): ResourceOptions["customTimeouts"] {
  const timeouts = request.getCustomtimeouts();
  const given = {
    create: timeouts?.getCreate() ?? "",
    update: timeouts?.getUpdate() ?? "",
    delete: timeouts?.getDelete() ?? "",
  };
  const set = Object.entries(given).filter(([, duration]) => duration !== "");
  if (set.length === 0) return undefined;
  return Object.fromEntries(set.map(([step, duration]) => [step, durationSeconds(duration)]));
}

/** Options that a resource takes over from its parent when it does not set them itself. */
export type Inherited = Pick<ResourceOptions, "protect" | "retainOnDelete" | "deletedWith">;

/** The options of a registration, those of its parent included; only those that are set. */
export function optionsOf(request: RegisterResourceRequest, parent: Inherited): ResourceOptions {
  const protect = request.hasProtect() ? request.getProtect() : parent.protect;
  const retainOnDelete = request.hasRetainondelete()
    ? request.getRetainondelete()
    : parent.retainOnDelete;
  const deletedWith = request.getDeletedwith() || parent.deletedWith;
  const deleteBeforeReplace =
    request.getDeletebeforereplacedefined() || request.getDeletebeforereplace()
      ? request.getDeletebeforereplace()
      : undefined;
  const timeouts = customTimeouts(request);
  const importId = request.getImportid();
  const aliases = [...request.getAliasurnsList(), ...request.getAliasesList().map(aliasOf)];
  const ignoreChanges = request.getIgnorechangesList();
  const replaceOnChanges = request.getReplaceonchangesList();
  const replaceWith = request.getReplaceWithList();
  const hideDiffs = request.getHidediffsList();
  const additionalSecretOutputs = request.getAdditionalsecretoutputsList();
  return {
    ...(protect !== undefined && { protect }),
    ...(ignoreChanges.length > 0 && { ignoreChanges }),
    ...(deletedWith !== undefined && { deletedWith }),
    ...(aliases.length > 0 && { aliases }),
    ...(additionalSecretOutputs.length > 0 && { additionalSecretOutputs }),
    ...(deleteBeforeReplace !== undefined && { deleteBeforeReplace }),
    ...(retainOnDelete !== undefined && { retainOnDelete }),
    ...(replaceOnChanges.length > 0 && { replaceOnChanges }),
    ...(replaceWith.length > 0 && { replaceWith }),
    ...(hideDiffs.length > 0 && { hideDiffs }),
    ...(importId !== "" && { import: importId }),
    ...(timeouts !== undefined && { customTimeouts: timeouts }),
  };
}
