import { isMap, isScalar, LineCounter, parseAllDocuments } from "yaml";
import type { Document } from "yaml";
import { InputError } from "../input-error";
import { isObject } from "../property-values";
import type { Place } from "../report/result";
import type { StackResource } from "../stack-resource";
import { newUrn } from "../urn";
import type { Source } from "./source";

/** Manifests name no Pulumi project or stack, so their URNs carry these. */
export const manifestIdentity = { project: "kubernetes", stack: "manifests" };

// Kubernetes reads YAML 1.1 for truth values and octal numbers, but not for these.
const ignoredTags = new Set([
  "tag:yaml.org,2002:timestamp",
  "tag:yaml.org,2002:binary",
  "tag:yaml.org,2002:set",
  "tag:yaml.org,2002:omap",
  "tag:yaml.org,2002:pairs",
]);

function parse(text: string, file: string, lines: LineCounter): Document.Parsed[] {
  const documents = parseAllDocuments(text, {
    version: "1.1",
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    customTags: (tags) => tags.filter((tag) => typeof tag === "string" || !isIgnored(tag.tag, tag)),
  });
  if (!Array.isArray(documents)) return [];
  const faults = documents.flatMap(({ errors }) =>
    errors.map(({ pos, message }) => {
      const { line, col } = lines.linePos(pos[0]);
      return `${file}:${line}:${col}: ${message.replaceAll(/\s*\n\s*/g, " ")}`;
    }),
  );
  if (faults.length > 0) throw new InputError(faults);
  return documents;
}

/** Base 60, as in `12:30`, is a number in YAML 1.1 and a text in Kubernetes. */
function isIgnored(tag: string, definition: object): boolean {
  return ignoredTags.has(tag) || ("format" in definition && definition.format === "TIME");
}

function requireText(object: Record<string, unknown>, key: string, place: string): string {
  const value = object[key];
  if (typeof value === "string" && value !== "") return value;
  const got = value === undefined ? "nothing" : JSON.stringify(value);
  throw new InputError(`${place}: ${key} must be set in every Kubernetes object, got ${got}`);
}

/** Pulumi's type of a Kubernetes object; the core group has no name in Kubernetes. */
function typeOf(apiVersion: string, kind: string): string {
  return `kubernetes:${apiVersion === "v1" ? "core/v1" : apiVersion}:${kind}`;
}

function nameOf(object: Record<string, unknown>, place: string): string {
  const { metadata } = object;
  const fields = isObject(metadata) ? metadata : {};
  const name = fields["name"] ?? fields["generateName"];
  if (typeof name !== "string" || name === "") {
    throw new InputError(`${place}: metadata.name must be set in every Kubernetes object`);
  }
  const { namespace } = fields;
  return typeof namespace === "string" ? `${namespace}/${name}` : name;
}

function stackResource(object: Record<string, unknown>, place: string): StackResource {
  const kind = requireText(object, "kind", place);
  const type = typeOf(requireText(object, "apiVersion", place), kind);
  const name = nameOf(object, place);
  const { project, stack } = manifestIdentity;
  return {
    urn: newUrn(stack, project, undefined, type, name),
    type,
    name,
    custom: true,
    inputs: object,
    outputs: object,
    dependencies: [],
    propertyDependencies: {},
    options: {},
  };
}

/** The objects of a document: itself, or the members of a List. */
function objectsOf(value: unknown, place: string): Record<string, unknown>[] {
  if (!isObject(value)) {
    throw new InputError(`${place}: must be a Kubernetes object with apiVersion and kind`);
  }
  const kind = requireText(value, "kind", place);
  const { items } = value;
  if (!kind.endsWith("List") || !Array.isArray(items)) return [value];
  return items.flatMap((item) => objectsOf(item, place));
}

function lineOf(document: Document.Parsed, lines: LineCounter): number {
  const { contents } = document;
  const first = isMap(contents) ? contents.items[0]?.key : contents;
  const start = isScalar(first) ? first.range?.[0] : contents?.range[0];
  return lines.linePos(start ?? 0).line;
}

/** Reads Kubernetes objects from YAML or JSON, with any number of documents and Lists. */
export function kubernetesManifests(text: string, file: string): Source {
  const lines = new LineCounter();
  const resources: StackResource[] = [];
  const places = new Map<string, Place>();
  const faults: string[] = [];
  for (const document of parse(text, file, lines)) {
    const value: unknown = document.toJS();
    // A comment between two separators is an empty document.
    if (value === null || value === undefined) continue;
    const line = lineOf(document, lines);
    try {
      for (const object of objectsOf(value, `${file}:${line}`)) {
        const resource = stackResource(object, `${file}:${line}`);
        resources.push(resource);
        places.set(resource.urn, { file, line });
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      faults.push(...error.lines);
    }
  }
  if (faults.length > 0) throw new InputError(faults);
  if (resources.length === 0) throw new InputError(`${file}: must hold a Kubernetes object`);
  return { identity: manifestIdentity, resources, places };
}
