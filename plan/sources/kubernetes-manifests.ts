import { isCollection, isMap, isScalar, LineCounter, parseAllDocuments, visit } from "yaml";
import type { Document, Node, YAMLParseError } from "yaml";
import { InputError } from "../input-error";
import { isObject, makeSecret } from "../property-values";
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

/** What to say instead where the parser's message is a quotation with a few words around it. */
const quotingCodes: Partial<Record<YAMLParseError["code"], string>> = {
  BAD_DQ_ESCAPE: "a backslash in double quotes must begin an escape sequence of YAML",
  BAD_DIRECTIVE: "the directive must be one of YAML",
  TAG_RESOLVE_FAILED: "the tag must be one of YAML",
};

/** What is wrong, on one line and without what the file says there: it may be a part of a Secret. */
function syntaxFault({ code, message }: YAMLParseError): string {
  const said = message.replaceAll(/\s*\n\s*/g, " ");
  const quoting =
    /^(Unexpected [\w-]+ token in YAML \w+|Not a YAML token|[\w ]+ extra characters): /;
  return quotingCodes[code] ?? quoting.exec(said)?.[1] ?? said;
}

function parse(text: string, file: string, lines: LineCounter): Document.Parsed[] {
  const documents = parseAllDocuments(text, {
    version: "1.1",
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    customTags: (tags) => tags.filter((tag) => typeof tag === "string" || !isIgnored(tag.tag, tag)),
  });
  if (!Array.isArray(documents)) return [];
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const faults = documents.flatMap((document) =>
    document.errors.length > 0
      ? document.errors.map((error) => `${place(error.pos[0])}: ${syntaxFault(error)}`)
      : shapeFaults(document).map(
          ([node, message]) => `${place(node.range?.[0] ?? 0)}: ${message}`,
        ),
  );
  if (faults.length > 0) throw new InputError(faults);
  return documents;
}

/** What is valid YAML, and yet no value that Kubernetes could read. */
function shapeFaults(document: Document.Parsed): [Node, string][] {
  const faults: [Node, string][] = [];
  visit(document, {
    Pair: (_, { key }) => {
      if (!isCollection(key)) return undefined;
      faults.push([key, "a key must be a text; render a Helm template first (helm template)"]);
      return visit.SKIP;
    },
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return;
      faults.push([
        alias,
        "an alias must name an anchor that stands before it; a text that begins with * needs quotes",
      ]);
    },
  });
  return faults;
}

/** The value of a document; aliases that multiply beyond all measure are a fault. */
function valueOf(document: Document.Parsed, place: string): unknown {
  try {
    return document.toJS();
  } catch {
    // Everything else that could fail was found before; the reason may quote the content.
    throw new InputError(
      `${place}: aliases must not multiply: the document is too large with them`,
    );
  }
}

/** Base 60, as in `12:30`, is a number in YAML 1.1 and a text in Kubernetes. */
function isIgnored(tag: string, definition: object): boolean {
  return ignoredTags.has(tag) || ("format" in definition && definition.format === "TIME");
}

type Manifest = Record<string, unknown>;

function requireText(object: Manifest, key: string, place: string): string {
  const value = object[key];
  if (typeof value === "string" && value !== "") return value;
  const got = value === undefined ? "nothing" : JSON.stringify(value);
  throw new InputError(`${place}: ${key} must be set in every Kubernetes object, got ${got}`);
}

/** Pulumi's type of a Kubernetes object; the core group has no name in Kubernetes. */
function typeOf(apiVersion: string, kind: string): string {
  return `kubernetes:${apiVersion === "v1" ? "core/v1" : apiVersion}:${kind}`;
}

/** How often a type and a generated name have occurred, over all files. */
export type GeneratedNames = Map<string, number>;

function nameOf(object: Manifest, type: string, place: string, generated: GeneratedNames): string {
  const { metadata } = object;
  const fields = isObject(metadata) ? metadata : {};
  const given = fields["name"] ?? fields["generateName"];
  if (typeof given !== "string" || given === "") {
    throw new InputError(`${place}: metadata.name must be set in every Kubernetes object`);
  }
  const { namespace } = fields;
  const name = typeof namespace === "string" ? `${namespace}/${given}` : given;
  if (fields["name"] !== undefined) return name;
  // Kubernetes makes a new name for each, so these are different objects.
  const key = `${type} ${name}`;
  const occurrence = (generated.get(key) ?? 0) + 1;
  generated.set(key, occurrence);
  return occurrence === 1 ? name : `${name}(${occurrence})`;
}

// kubectl apply keeps the whole object in this annotation, and kubectl get shows it.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

function secretMembers(value: unknown): unknown {
  if (!isObject(value)) return makeSecret(value);
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, makeSecret(member)]),
  );
}

/** The object with the content of a Secret marked as secret; its keys stay visible. */
function withSecrets(object: Manifest, type: string): Manifest {
  if (type !== "kubernetes:core/v1:Secret") return object;
  const result = { ...object };
  for (const key of ["data", "stringData"]) {
    if (result[key] !== undefined) result[key] = secretMembers(result[key]);
  }
  const { metadata } = object;
  if (!isObject(metadata) || !isObject(metadata["annotations"])) return result;
  const { [lastApplied]: before, ...annotations } = metadata["annotations"];
  if (before === undefined) return result;
  const hidden = { ...annotations, [lastApplied]: makeSecret(before) };
  return { ...result, metadata: { ...metadata, annotations: hidden } };
}

function stackResource(given: Manifest, place: string, generated: GeneratedNames): StackResource {
  const kind = requireText(given, "kind", place);
  const type = typeOf(requireText(given, "apiVersion", place), kind);
  const name = nameOf(given, type, place, generated);
  const object = withSecrets(given, type);
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

/** The members of a typed list, such as a PodList, need not say again what they are. */
function membersOf(list: Manifest, items: unknown[], kind: string): unknown[] {
  const memberKind = kind.slice(0, -"List".length);
  if (memberKind === "") return items;
  return items.map((item) =>
    isObject(item) && item["kind"] === undefined && item["apiVersion"] === undefined
      ? { apiVersion: list["apiVersion"], kind: memberKind, ...item }
      : item,
  );
}

/** The objects of a document: itself, or the members of a List or of a plain list. */
function objectsOf(value: unknown, place: string): Manifest[] {
  if (Array.isArray(value)) return value.flatMap((item) => objectsOf(item, place));
  if (!isObject(value)) {
    throw new InputError(`${place}: must be a Kubernetes object with apiVersion and kind`);
  }
  const kind = requireText(value, "kind", place);
  const { items } = value;
  if (!kind.endsWith("List") || !Array.isArray(items)) return [value];
  return membersOf(value, items, kind).flatMap((item) => objectsOf(item, place));
}

function lineOf(document: Document.Parsed, lines: LineCounter): number {
  const { contents } = document;
  const first = isMap(contents) ? contents.items[0]?.key : contents;
  const start = isScalar(first) ? first.range?.[0] : contents?.range[0];
  return lines.linePos(start ?? 0).line;
}

/** Reads Kubernetes objects from YAML or JSON, with any number of documents and Lists. */
export function kubernetesManifests(
  text: string,
  file: string,
  generated: GeneratedNames = new Map(),
): Source {
  const lines = new LineCounter();
  const resources: StackResource[] = [];
  const places = new Map<string, Place>();
  const faults: string[] = [];
  for (const document of parse(text, file, lines)) {
    const line = lineOf(document, lines);
    try {
      const value = valueOf(document, `${file}:${line}`);
      // A comment between two separators is an empty document.
      if (value === null || value === undefined) continue;
      for (const object of objectsOf(value, `${file}:${line}`)) {
        const resource = stackResource(object, `${file}:${line}`, generated);
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
