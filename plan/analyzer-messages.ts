import { analyzeResponse } from "./analyzer-protocol";
import type { analyzeStackRequest, policyInfo } from "./analyzer-protocol";
import type { ConfigurableRule, EnforcementLevel } from "./pack-config";
import { withoutInternalKeys } from "./property-values";
import type { PropertyMap } from "./property-values";
import type { Severity } from "./schema";
import type { StackResource } from "./stack-resource";
import { urnName } from "./urn";
import { defaultSeverity } from "./verdicts";
import type { Diagnostic, NotApplicable, Rule } from "./verdicts";
import { decoded, encoded, struct } from "./wire";
import type { Message } from "./wire";

type Answer = Message<typeof analyzeResponse>;

/** What one call reported. */
export interface Report {
  diagnostics: readonly Diagnostic[];
  notApplicable: readonly NotApplicable[];
}

/** By the protocol's numbers. */
const levels: readonly EnforcementLevel[] = ["advisory", "mandatory", "disabled", "remediate"];
const severities: readonly (Severity | undefined)[] = [
  undefined,
  "low",
  "medium",
  "high",
  "critical",
];
const stackPolicy = 2;

/** The protocol's number of an enforcement level. */
export function levelCode(level: EnforcementLevel): number {
  return levels.indexOf(level);
}

/** The enforcement level of a number of the protocol. */
export function levelOf(code: number): EnforcementLevel {
  const level = levels[code];
  if (level === undefined) throw new RangeError(`no enforcement level has the number ${code}`);
  return level;
}

const packed = new WeakMap<PropertyMap, Uint8Array>();

/** The same properties go to the pack more than once: with their resource, as a provider, with the stack. */
function propertiesOf(value: PropertyMap): Uint8Array {
  const known = packed.get(value);
  if (known !== undefined) return known;
  const properties = encoded(struct, withoutInternalKeys(value) as PropertyMap);
  packed.set(value, properties);
  return properties;
}

function identityOf({ urn, type }: StackResource, properties: PropertyMap) {
  return { type, properties: propertiesOf(properties), urn, name: urnName(urn) };
}

/** What a pack is told of a resource, with its inputs or its outputs. */
export function resourceMessage(
  resource: StackResource,
  properties: PropertyMap,
  providers: ReadonlyMap<string, StackResource>,
) {
  const { options, parent = "" } = resource;
  const provider = resource.provider === undefined ? undefined : providers.get(resource.provider);
  const { create = 0, update = 0, delete: remove = 0 } = options.customTimeouts ?? {};
  return {
    ...identityOf(resource, properties),
    options: {
      protect: options.protect ?? false,
      ignoreChanges: options.ignoreChanges ?? [],
      deleteBeforeReplace: options.deleteBeforeReplace ?? false,
      deleteBeforeReplaceDefined: options.deleteBeforeReplace !== undefined,
      additionalSecretOutputs: options.additionalSecretOutputs ?? [],
      aliases: [],
      customTimeouts: { create, update, delete: remove },
      parent,
    },
    provider: provider && identityOf(provider, provider.inputs),
  };
}

/** One resource of the request to judge the stack, by its outputs. */
export function stackResourceMessage(
  resource: StackResource,
  providers: ReadonlyMap<string, StackResource>,
): Message<typeof analyzeStackRequest>["resources"][number] {
  const { outputs, parent = "", dependencies, propertyDependencies } = resource;
  return {
    ...resourceMessage(resource, outputs, providers),
    parent,
    dependencies,
    propertyDependencies: Object.entries(propertyDependencies)
      .filter(([, urns]) => urns.length > 0)
      .map(([key, urns]) => ({ key, value: { urns } })),
  };
}

/** What a pack says about the configuration of one of its rules. */
export function configurableRule(info: Message<typeof policyInfo>): ConfigurableRule {
  return {
    name: info.name,
    level: levelOf(info.level),
    properties: info.schema?.properties ?? {},
    required: [...(info.schema?.required ?? [])],
  };
}

/** A rule of the pack at its own level. */
export function ruleOf(info: Message<typeof policyInfo>): Rule {
  return {
    name: info.name,
    description: info.description,
    scope: info.policyType === stackPolicy ? "stack" : "resource",
    level: levelOf(info.level),
    severity: severities[info.severity] ?? defaultSeverity,
    tags: [...info.tags],
    fix: info.remediationSteps,
    url: info.url,
  };
}

/** What a pack reported; a report without a resource is about `urn`. */
function diagnosticOf(said: Answer["diagnostics"][number], urn: string): Diagnostic {
  const severity = severities[said.severity];
  return {
    rule: said.rule,
    urn: said.urn || urn,
    message: said.message,
    description: said.description,
    level: levelOf(said.level),
    ...(severity !== undefined && { severity }),
  };
}

const answers = new Map<string, Answer>();

/** What one call reported about `urn`. Resources of a type have the same answer as a rule, which is read once. */
export function reportOf(bytes: Uint8Array, urn: string): Report {
  const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  let answer = answers.get(key);
  if (answer === undefined) answers.set(key, (answer = decoded(analyzeResponse, bytes)));
  const { diagnostics, notApplicable } = answer;
  return { diagnostics: diagnostics.map((said) => diagnosticOf(said, urn)), notApplicable };
}
