import {
  AnalyzeRequest,
  AnalyzerPropertyDependencies,
  AnalyzerProviderResource,
  AnalyzerResource,
  AnalyzerResourceOptions,
  EnforcementLevel as LevelCode,
  PolicySeverity,
  PolicyType,
} from "@pulumi/pulumi/proto/analyzer_pb";
import type { AnalyzeDiagnostic, PolicyConfig, PolicyInfo } from "@pulumi/pulumi/proto/analyzer_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import type { ConfigurableRule, EnforcementLevel, RuleConfig } from "./pack-config";
import { isObject, withoutInternalKeys } from "./property-values";
import type { PropertyMap } from "./property-values";
import type { Severity } from "./schema";
import type { StackResource } from "./stack-resource";
import { urnName } from "./urn";
import { defaultSeverity } from "./verdicts";
import type { Diagnostic, Rule } from "./verdicts";

const levelNames: Record<LevelCode, EnforcementLevel> = {
  [LevelCode.ADVISORY]: "advisory",
  [LevelCode.MANDATORY]: "mandatory",
  [LevelCode.REMEDIATE]: "remediate",
  [LevelCode.DISABLED]: "disabled",
};

const severityNames: Record<number, Severity> = {
  [PolicySeverity.POLICY_SEVERITY_LOW]: "low",
  [PolicySeverity.POLICY_SEVERITY_MEDIUM]: "medium",
  [PolicySeverity.POLICY_SEVERITY_HIGH]: "high",
  [PolicySeverity.POLICY_SEVERITY_CRITICAL]: "critical",
};

/** The protocol's number of an enforcement level. */
export function levelCode(level: EnforcementLevel): LevelCode {
  return {
    advisory: LevelCode.ADVISORY,
    mandatory: LevelCode.MANDATORY,
    remediate: LevelCode.REMEDIATE,
    disabled: LevelCode.DISABLED,
  }[level];
}

/** A JSON object as the protocol carries it. */
export function structOf(value: PropertyMap): Struct {
  return Struct.fromJavaScript(value as Record<string, JavaScriptValue>);
}

const packed = new WeakMap<PropertyMap, Struct>();

/** The same properties go to the pack more than once: with their resource, as a provider, with the stack. */
function propertiesOf(value: PropertyMap): Struct {
  const known = packed.get(value);
  if (known !== undefined) return known;
  const properties = structOf(withoutInternalKeys(value) as PropertyMap);
  packed.set(value, properties);
  return properties;
}

function analyzerOptions({ options, parent }: StackResource): AnalyzerResourceOptions {
  const message = new AnalyzerResourceOptions();
  message.setProtect(options.protect ?? false);
  message.setIgnorechangesList(options.ignoreChanges ?? []);
  message.setDeletebeforereplace(options.deleteBeforeReplace ?? false);
  message.setDeletebeforereplacedefined(options.deleteBeforeReplace !== undefined);
  message.setAdditionalsecretoutputsList(options.additionalSecretOutputs ?? []);
  const timeouts = new AnalyzerResourceOptions.CustomTimeouts();
  timeouts.setCreate(options.customTimeouts?.create ?? 0);
  timeouts.setUpdate(options.customTimeouts?.update ?? 0);
  timeouts.setDelete(options.customTimeouts?.delete ?? 0);
  message.setCustomtimeouts(timeouts);
  message.setParent(parent ?? "");
  return message;
}

function analyzerProvider(
  resource: StackResource,
  providers: ReadonlyMap<string, StackResource>,
): AnalyzerProviderResource | undefined {
  const provider = resource.provider === undefined ? undefined : providers.get(resource.provider);
  if (provider === undefined) return undefined;
  const message = new AnalyzerProviderResource();
  message.setUrn(provider.urn);
  message.setType(provider.type);
  message.setName(urnName(provider.urn));
  message.setProperties(propertiesOf(provider.inputs));
  return message;
}

/** The request to judge, or to remediate, one resource by its inputs. */
export function analyzeRequest(
  resource: StackResource,
  providers: ReadonlyMap<string, StackResource>,
): AnalyzeRequest {
  const request = new AnalyzeRequest();
  request.setUrn(resource.urn);
  request.setType(resource.type);
  request.setName(urnName(resource.urn));
  request.setProperties(propertiesOf(resource.inputs));
  request.setOptions(analyzerOptions(resource));
  const provider = analyzerProvider(resource, providers);
  if (provider !== undefined) request.setProvider(provider);
  return request;
}

/** One resource of the request to judge the stack, by its outputs. */
export function analyzerResource(
  resource: StackResource,
  providers: ReadonlyMap<string, StackResource>,
): AnalyzerResource {
  const message = new AnalyzerResource();
  message.setUrn(resource.urn);
  message.setType(resource.type);
  message.setName(urnName(resource.urn));
  message.setProperties(propertiesOf(resource.outputs));
  message.setOptions(analyzerOptions(resource));
  const provider = analyzerProvider(resource, providers);
  if (provider !== undefined) message.setProvider(provider);
  message.setParent(resource.parent ?? "");
  message.setDependenciesList(resource.dependencies);
  const dependencies = message.getPropertydependenciesMap();
  for (const [property, urns] of Object.entries(resource.propertyDependencies)) {
    if (urns.length === 0) continue;
    dependencies.set(property, new AnalyzerPropertyDependencies().setUrnsList(urns));
  }
  return message;
}

/** What a pack says about the configuration of one of its rules. */
export function configurableRule(info: PolicyInfo): ConfigurableRule {
  const schema = info.getConfigschema();
  const properties = schema?.getProperties()?.toJavaScript() ?? {};
  return {
    name: info.getName(),
    level: levelNames[info.getEnforcementlevel()],
    properties: isObject(properties) ? properties : {},
    required: schema?.getRequiredList() ?? [],
  };
}

/** A rule of the pack at its own level. */
export function ruleOf(info: PolicyInfo): Rule {
  return {
    name: info.getName(),
    description: info.getDescription(),
    scope: info.getPolicyType() === PolicyType.POLICY_TYPE_STACK ? "stack" : "resource",
    level: levelNames[info.getEnforcementlevel()],
    severity: severityNames[info.getSeverity()] ?? defaultSeverity,
    tags: info.getTagsList(),
    fix: info.getRemediationSteps(),
    url: info.getUrl(),
  };
}

/** The configuration that a pack's own program gives one of its rules. */
export function initialConfig(config: PolicyConfig): RuleConfig {
  const properties = config.getProperties()?.toJavaScript();
  return {
    level: levelNames[config.getEnforcementlevel()],
    ...(isObject(properties) && { properties }),
  };
}

/** What a pack reported; a report without a resource is about `urn`. */
export function diagnosticOf(message: AnalyzeDiagnostic, urn: string): Diagnostic {
  const severity = severityNames[message.getSeverity()];
  return {
    rule: message.getPolicyname(),
    urn: message.getUrn() || urn,
    message: message.getMessage(),
    description: message.getDescription(),
    level: levelNames[message.getEnforcementlevel()],
    ...(severity !== undefined && { severity }),
  };
}
