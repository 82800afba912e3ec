import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { InputError } from "./input-error";
import { redacted } from "./property-values";
import { byCodePoint } from "./urn";
import { parseYaml, readText } from "./yaml-file";
import type { YamlValue } from "./yaml-file";

/** What the engine would hand to a program of this project in this stack. */
export interface StackConfig {
  project: string;
  stack: string;
  /** Folder of `Pulumi.yaml`; the program runs there. */
  projectDir: string;
  /** Program file or folder: `main` of `Pulumi.yaml`, else `.`, which means `main` of package.json. */
  program: string;
  /** Values by `namespace:key`; a structured value is its JSON text. */
  values: Record<string, string>;
  /** Keys of `values` that are secret, sorted. */
  secretKeys: string[];
  /** The stack file, relative to the project's folder. */
  file: string;
  /** What the stack file says, by `namespace:key`. */
  entries: ReadonlyMap<string, YamlValue>;
  /** What is wrong with the form of the stack file; the program may find more in its values. */
  faults: readonly string[];
}

/** A configuration value and what the engine remembers about it. */
interface ConfigValue {
  text: string;
  secret: boolean;
  /** True when `text` is the JSON of a list or map. */
  structured: boolean;
  /** Where a fault of this value is reported: file and line. */
  place: string;
}

/** A type that `Pulumi.yaml` declares for a value. */
interface DeclaredType {
  name: string;
  items: DeclaredType | undefined;
}

interface Declaration {
  key: string;
  type: DeclaredType | undefined;
  secret: boolean;
  fallback: YamlValue | undefined;
  place: string;
}

const projectFile = "Pulumi.yaml";
const typeNames = ["string", "integer", "boolean", "array", "object"];
const stackNames = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;

/** Names of the stacks that have a file in `dir`, sorted. A stack file ends as the project's does, in `.yaml`. */
function stacksIn(dir: string): string[] {
  return readdirSync(dir)
    .flatMap((file) => /^Pulumi\.(.+)(?<!\.deploy)\.yaml$/.exec(file)?.[1] ?? [])
    .toSorted(byCodePoint);
}

function requireMap(value: YamlValue, what: string, file: string): Map<string, YamlValue> {
  if (value.value === null) return new Map();
  if (value.value instanceof Map) return value.value;
  throw new InputError(`${file}:${value.line}: ${what} must be a map of keys and values`);
}

function textOf(members: Map<string, YamlValue>, key: string, file: string): string | undefined {
  const member = members.get(key);
  if (member === undefined) return undefined;
  if (typeof member.value === "string" && member.value !== "") return member.value;
  throw new InputError(`${file}:${member.line}: ${key} must be a text that is not empty`);
}

/** A key without a namespace belongs to the project; `ns:config:key` is an old spelling of `ns:key`. */
function configKey(key: string, project: string, place: string): string {
  const [namespace = "", middle, name, ...rest] = key.split(":");
  if (middle === undefined) return `${project}:${key}`;
  if (name === undefined) return key;
  if (middle === "config" && rest.length === 0) return `${namespace}:${name}`;
  throw new InputError(`${place}: configuration key must be <namespace>:<name>, got ${key}`);
}

/** JSON as the engine writes it: sorted keys, and no character that could end an HTML script. */
function jsonText(value: unknown): string {
  const written = (part: unknown): string => {
    if (typeof part === "bigint") return part.toString();
    if (Array.isArray(part)) return `[${part.map(written).join(",")}]`;
    if (typeof part === "object" && part !== null) {
      const members = Object.entries(part).toSorted(([a], [b]) => byCodePoint(a, b));
      return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${written(member)}`).join(",")}}`;
    }
    return JSON.stringify(part);
  };
  const escapes: Record<string, string> = { "<": "003c", ">": "003e", "&": "0026" };
  return written(value).replaceAll(/[<>&\u2028\u2029]/g, (character) => {
    return `\\u${escapes[character] ?? character.charCodeAt(0).toString(16)}`;
  });
}

/** True for `{ secure: <ciphertext> }`, which only the stack's secrets provider can read. */
function isCiphertext({ value }: YamlValue): boolean {
  return value instanceof Map && value.size === 1 && typeof value.get("secure")?.value === "string";
}

function holdsCiphertext(value: YamlValue): boolean {
  if (isCiphertext(value)) return true;
  const members = value.value instanceof Map ? [...value.value.values()] : value.value;
  return Array.isArray(members) && members.some(holdsCiphertext);
}

/** The value as JSON knows it, with `[secret]` in the place of every ciphertext. */
function readable(value: YamlValue): unknown {
  if (isCiphertext(value)) return redacted;
  if (Array.isArray(value.value)) return value.value.map(readable);
  if (value.value instanceof Map) {
    return Object.fromEntries([...value.value].map(([key, member]) => [key, readable(member)]));
  }
  return value.value;
}

/** A scalar as text; the engine still treats a key without a value as an empty text. */
function textForm(content: unknown): string {
  if (content === null) return "";
  return typeof content === "string" ? content : jsonText(content);
}

function configValue(value: YamlValue, file: string): ConfigValue {
  const place = `${file}:${value.line}`;
  if (isCiphertext(value)) return { text: redacted, secret: true, structured: false, place };
  const content = readable(value);
  if (typeof content === "object" && content !== null) {
    return { text: jsonText(content), secret: holdsCiphertext(value), structured: true, place };
  }
  const text = textForm(content);
  return { text, secret: false, structured: false, place };
}

function declaredType(members: Map<string, YamlValue>, file: string): DeclaredType | undefined {
  const name = textOf(members, "type", file);
  if (name === undefined) return undefined;
  const line = members.get("type")?.line ?? 1;
  if (!typeNames.includes(name)) {
    throw new InputError(
      `${file}:${line}: type must be one of ${typeNames.join(", ")}, got ${name}`,
    );
  }
  const items = members.get("items");
  if (name === "array" && items === undefined) {
    throw new InputError(`${file}:${line}: items must say the type of the array's members`);
  }
  if (items === undefined) return { name, items: undefined };
  return { name, items: declaredType(requireMap(items, "items", file), file) };
}

function fullTypeName({ name, items }: DeclaredType): string {
  return items === undefined ? name : `array<${fullTypeName(items)}>`;
}

/** Whether a value has the declared type, by the engine's rules: texts pass for what they spell. */
function hasType(value: unknown, { name, items }: DeclaredType): boolean {
  switch (name) {
    case "string":
      return typeof value === "string";
    case "integer":
      if (typeof value === "string") return /^[-+]?\d+$/.test(value);
      return typeof value === "number" && Number.isInteger(value);
    case "boolean":
      return typeof value === "boolean" || value === "true" || value === "false";
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    default:
      return (
        Array.isArray(value) && items !== undefined && value.every((item) => hasType(item, items))
      );
  }
}

const declarationKeys = new Set(["type", "description", "items", "default", "value", "secret"]);

/** One entry of the `config` block of `Pulumi.yaml`, in any of the forms that Pulumi allows. */
function declaration(key: string, entry: YamlValue, project: string): Declaration {
  const place = `${projectFile}:${entry.line}`;
  const full = configKey(key, project, place);
  if (!(entry.value instanceof Map)) {
    return { key: full, type: undefined, secret: false, fallback: entry, place };
  }
  const members = entry.value;
  for (const [name, { line }] of members) {
    if (declarationKeys.has(name)) continue;
    throw new InputError(
      `${projectFile}:${line}: ${key} must only have ${[...declarationKeys].join(", ")}, got ${name}`,
    );
  }
  const value = members.get("value");
  const fallback = members.get("default");
  const ownedByProject = full.startsWith(`${project}:`);
  if (value !== undefined && fallback !== undefined) {
    throw new InputError(`${place}: ${key} must have default or value, got both`);
  }
  if (!ownedByProject && (members.has("type") || fallback !== undefined || value === undefined)) {
    throw new InputError(
      `${place}: ${key} belongs to another namespace, so it must have only value, got ${[...members.keys()].join(", ")}`,
    );
  }
  return {
    key: full,
    type: declaredType(members, projectFile),
    secret: members.get("secret")?.value === true,
    fallback: value ?? fallback,
    place,
  };
}

interface Project {
  name: string;
  program: string;
  stackDir: string;
  declarations: Declaration[];
}

function readProject(projectDir: string): Project {
  const path = join(projectDir, projectFile);
  const advice = `; run this in the folder of ${projectFile}`;
  const { root, faults } = parseYaml(readText(path, projectFile, advice), projectFile);
  if (faults.length > 0) throw new InputError(faults);
  const members = requireMap(root, "the project", projectFile);
  const name = textOf(members, "name", projectFile);
  if (name === undefined) throw new InputError(`${projectFile}: name must be set`);
  const runtime = members.get("runtime") ?? { value: null, line: 1 };
  const { value: given } = runtime;
  if ((given instanceof Map ? given.get("name")?.value : given) !== "nodejs") {
    throw new InputError(
      `${projectFile}: runtime must be nodejs, got ${textForm(readable(runtime))}`,
    );
  }
  const config = members.get("config");
  // A text under `config` is the old spelling of `stackConfigDir`.
  const stackDir = typeof config?.value === "string" ? config.value : undefined;
  const entries =
    config === undefined || stackDir !== undefined
      ? []
      : [...requireMap(config, "config", projectFile)];
  return {
    name,
    program: textOf(members, "main", projectFile) ?? ".",
    stackDir: stackDir ?? textOf(members, "stackConfigDir", projectFile) ?? ".",
    declarations: allOf(
      entries.map(
        ([key, entry]) =>
          () =>
            declaration(key, entry, name),
      ),
    ),
  };
}

/** The results of all steps, or the faults of all that fail. */
function allOf<T>(steps: readonly (() => T)[]): T[] {
  const faults: string[] = [];
  const results = steps.flatMap((step) => attempt(faults, step) ?? []);
  if (faults.length > 0) throw new InputError(faults);
  return results;
}

/** The result of a step; when it fails, its faults join the others. */
function attempt<T>(faults: string[], step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    faults.push(...error.lines);
    return undefined;
  }
}

function requireStackName(stack: string): void {
  if (stackNames.test(stack)) return;
  throw new InputError(
    `stack must be 1 to 100 letters, digits, hyphens, underscores and periods, got ${stack}`,
  );
}

/** What Pulumi keeps in a stack file; it passes over other keys in silence: www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/ */
const stackFileKeys = [
  "config",
  "environment",
  "secretsprovider",
  "encryptedkey",
  "encryptionsalt",
];

/** The stack file by its path from the project's folder. */
function stackFile(project: Project, projectDir: string, stack: string): string {
  const file = join(project.stackDir, `Pulumi.${stack}.yaml`);
  const dir = resolve(projectDir, project.stackDir);
  const stacks = stacksIn(dir);
  if (stacks.includes(stack)) return file;
  const known =
    stacks.length > 0 ? `the stacks are ${stacks.join(", ")}` : "there is no stack file";
  const misnamed = `Pulumi.${stack}.yml`;
  const advice = existsSync(join(dir, misnamed)) ? `rename ${misnamed}` : known;
  throw new InputError(`stack must have a file ${file}, got ${stack}; ${advice}`);
}

function readStackValues(project: Project, projectDir: string, stack: string) {
  const file = stackFile(project, projectDir, stack);
  const { root, faults } = parseYaml(readText(join(projectDir, file), file, ""), file);
  const members = requireMap(root, "the stack file", file);
  for (const [key, { line }] of members) {
    if (stackFileKeys.includes(key)) continue;
    faults.push(
      `${file}:${line}: ${key} is not a key of a stack file; the keys are ${stackFileKeys.join(", ")}`,
    );
  }
  const environment = members.get("environment");
  if (environment !== undefined) {
    faults.push(
      `${file}:${environment.line}: environment imports values from Pulumi Cloud, which a plan without credentials cannot read; write them under config`,
    );
  }
  const config = members.get("config");
  const given =
    config === undefined
      ? new Map<string, YamlValue>()
      : attempt(faults, () => requireMap(config, "config", file));
  // Without its values the program would only find that they are missing.
  if (environment !== undefined || given === undefined) throw new InputError(inFileOrder(faults));
  const entries = new Map<string, YamlValue>();
  for (const [name, value] of given) {
    const key = attempt(faults, () => configKey(name, project.name, `${file}:${value.line}`));
    if (key === undefined) continue;
    const twin = entries.get(key);
    if (twin === undefined) entries.set(key, value);
    else faults.push(`${file}:${value.line}: ${name} must stand once, got it in line ${twin.line}`);
  }
  return { file, entries, faults };
}

/** Faults by the lines that they name; a fault of no line comes first. */
export function inFileOrder(faults: readonly string[]): string[] {
  const lineOf = (fault: string) => Number(/^[^:]*:(\d+):/.exec(fault)?.[1] ?? 0);
  return faults.toSorted((a, b) => lineOf(a) - lineOf(b));
}

function shown({ text, structured }: ConfigValue): string {
  return structured ? text : JSON.stringify(text);
}

/** What the declarations of `Pulumi.yaml` say against a value. */
function faultOf(declared: Declaration, value: ConfigValue): string | undefined {
  if (declared.type === undefined) return undefined;
  if (declared.secret && !value.secret) {
    return `${value.place}: ${declared.key} must be encrypted, because ${declared.place} declares it secret; use pulumi config set --secret`;
  }
  // The content of a secret is not known here.
  if (value.secret) return undefined;
  const content: unknown = value.structured ? JSON.parse(value.text) : value.text;
  if (hasType(content, declared.type)) return undefined;
  return `${value.place}: ${declared.key} must be of type ${fullTypeName(declared.type)}, got ${shown(value)}`;
}

/**
 * Reads `Pulumi.yaml` and `Pulumi.<stack>.yaml` as the engine does: values of the stack first, then
 * the project's, then the check of the declared types. A ciphertext is shown to the program as
 * `[secret]`, since a plan holds no key. As with the engine, no program runs on values of a type
 * that was not declared.
 */
export function readStackConfig(projectDir: string, stack: string): StackConfig {
  requireStackName(stack);
  const project = readProject(projectDir);
  const { file, entries, faults } = readStackValues(project, projectDir, stack);
  const values = new Map(
    [...entries]
      .filter(([, { unreadable }]) => unreadable !== true)
      .map(([key, value]) => [key, configValue(value, file)]),
  );
  const untyped: string[] = [];
  for (const declared of project.declarations) {
    if (entries.get(declared.key)?.unreadable === true) continue;
    if (!values.has(declared.key) && declared.fallback !== undefined) {
      values.set(declared.key, configValue(declared.fallback, projectFile));
    }
    const value = values.get(declared.key);
    if (value === undefined) {
      untyped.push(
        `${file}: ${declared.key} must be set, because ${declared.place} has no default`,
      );
      continue;
    }
    const fault = faultOf(declared, value);
    if (fault !== undefined) untyped.push(fault);
  }
  if (untyped.length > 0) throw new InputError(inFileOrder([...faults, ...untyped]));
  const sorted = [...values].toSorted(([a], [b]) => byCodePoint(a, b));
  return {
    project: project.name,
    stack,
    projectDir,
    program: project.program,
    values: Object.fromEntries(sorted.map(([key, { text }]) => [key, text])),
    secretKeys: sorted.flatMap(([key, { secret }]) => (secret ? [key] : [])),
    file,
    entries,
    faults,
  };
}
