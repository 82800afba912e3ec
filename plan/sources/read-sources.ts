import { InputError } from "../input-error";
import { isObject } from "../property-values";
import type { Place } from "../report/result";
import type { StackResource } from "../stack-resource";
import { stackType, stackUrn } from "../urn";
import { readText } from "../yaml-file";
import { kubernetesManifests, manifestIdentity } from "./kubernetes-manifests";
import type { GeneratedNames } from "./kubernetes-manifests";
import { planFile } from "./plan-file";
import type { Source } from "./source";
import { stackExport } from "./stack-export";

/** Several files as one stack. */
export interface JudgedFiles {
  project: string;
  stack: string;
  resources: StackResource[];
  places: Map<string, Place>;
}

/** The content of a JSON file; the fault quotes nothing of it, since it may hold secrets. */
function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const position = /position (\d+)/.exec((error as SyntaxError).message)?.[1];
    const before = text.slice(0, Number(position ?? text.length)).split("\n");
    const column = (before.at(-1) ?? "").length + 1;
    throw new InputError(`${file}:${before.length}:${column}: is not valid JSON`);
  }
}

function readSource(file: string, generated: GeneratedNames): Source {
  const text = readText(file, file, "");
  if (!text.trimStart().startsWith("{")) return kubernetesManifests(text, file, generated);
  const content = parseJson(text, file);
  if (isObject(content)) {
    if ("formatVersion" in content) return planFile(content, file);
    if ("deployment" in content) return stackExport(content, file);
    if ("kind" in content) return kubernetesManifests(text, file, generated);
  }
  throw new InputError(
    `${file}: must be a plan file, a stack export (pulumi stack export) or Kubernetes manifests`,
  );
}

function stackResource(project: string, stack: string): StackResource {
  return {
    urn: stackUrn(stack, project),
    type: stackType,
    name: `${project}-${stack}`,
    custom: false,
    inputs: {},
    outputs: {},
    dependencies: [],
    propertyDependencies: {},
    options: {},
  };
}

/** Reads all files as one stack; every file's faults are reported, and a URN may occur only once. */
export function readSources(files: readonly string[]): JudgedFiles {
  const faults: string[] = [];
  const resources = new Map<string, StackResource>();
  const places = new Map<string, Place>();
  const generated: GeneratedNames = new Map();
  let identity: Source["identity"];
  for (const file of files) {
    try {
      const source = readSource(file, generated);
      identity ??= source.identity;
      for (const resource of source.resources) {
        const before = places.get(resource.urn);
        if (before !== undefined) {
          faults.push(
            `${file}: ${resource.urn} must occur once, but ${before.file} has it as well`,
          );
        }
        resources.set(resource.urn, resource);
        places.set(resource.urn, source.places.get(resource.urn) ?? { file, line: 1 });
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      faults.push(...error.lines);
    }
  }
  if (faults.length > 0) throw new InputError(faults);
  const { project, stack } = identity ?? manifestIdentity;
  const own = stackResource(project, stack);
  // Packs expect the stack itself among the resources, as the engine always sends it.
  if (!resources.has(own.urn)) resources.set(own.urn, own);
  return { project, stack, resources: [...resources.values()], places };
}
