import { readFileSync } from "node:fs";
import { RunError } from "@pulumi/pulumi";
import { parse } from "yaml";
import { z } from "zod";
import { parseConfig } from "../infra/config/config";
import { fields, namespace } from "../infra/config/fields";
import { InputError, systemReason } from "../plan/input-error";

/** A key of the configuration. */
export type Key = keyof typeof fields;

/** What people gave for keys, as they typed it. */
export type Texts = Partial<Record<Key, string>>;

/** Every key, in the order in which people are asked. */
export const keys = Object.keys(fields) as Key[];

/** True for a key that has no default. */
export function isRequired(key: Key): boolean {
  return !fields[key].safeParse(undefined).success;
}

/** The flag of a key: `--trusted-cidrs` for `trustedCidrs`. */
export function flagOf(key: Key): string {
  return `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function plainSchema(key: Key): z.ZodType {
  let schema: z.ZodType = fields[key];
  while (schema instanceof z.ZodDefault) schema = schema.unwrap() as z.ZodType;
  return schema;
}

/** True for a list of texts, which people may write with commas: `eu-west-1a, eu-west-1b`. */
export function isTextList(key: Key): boolean {
  const schema = plainSchema(key);
  if (!(schema instanceof z.ZodArray)) return false;
  return schema.element instanceof z.ZodString || schema.element instanceof z.ZodEnum;
}

/** The value that a text stands for, or the text where it stands for none. */
function valueOf(key: Key, text: string): unknown {
  try {
    return readValue(key, text);
  } catch {
    return text;
  }
}

/** Why a text stands for no value, continuing the name of its key. */
function readFault(key: Key, text: string): string | undefined {
  try {
    readValue(key, text);
    return undefined;
  } catch (error) {
    // What follows the first line is the text itself.
    return (error as Error).message.split("\n")[0]?.replace(/:$/, "");
  }
}

/** The value that a text stands for: itself, a list with commas, or YAML. */
function readValue(key: Key, text: string): unknown {
  if (fields[key].safeParse(text).success) return text;
  if (isTextList(key) && !text.trimStart().startsWith("[")) {
    return text.split(",").map((item) => item.trim());
  }
  return withFiles(fromYaml(text, isTextList(key)));
}

function fromYaml(text: string, isOfTexts: boolean): unknown {
  try {
    // Texts stay texts in a list of them: an account id is no number.
    return parse(text, isOfTexts ? { schema: "failsafe" } : {});
  } catch (error) {
    throw new Error(`must be YAML: ${(error as Error).message}`, { cause: error });
  }
}

/** A key of many lines is not typed: `file:alice.asc` stands for what the file holds. */
function withFiles(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withFiles);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, withFiles(member)]),
    );
  }
  const [, file] = /^file:(.+)$/.exec(typeof value === "string" ? value : "") ?? [];
  return file === undefined ? value : fileText(file);
}

function fileText(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    const got = JSON.stringify(`file:${file}`);
    throw new Error(`must name files that can be read, got ${got}: ${systemReason(error)}`, {
      cause: error,
    });
  }
}

/** True for a text, which stands for itself. */
function isText(key: Key): boolean {
  const schema = plainSchema(key);
  return schema instanceof z.ZodString || schema instanceof z.ZodEnum;
}

/** What the program can propose, if that is well-formed; who gets in is never proposed. */
export function suggestion(key: Key, stack: string, texts: Texts): string | undefined {
  const text = proposed(key, stack, texts);
  if (text === undefined) return undefined;
  return fields[key].safeParse(valueOf(key, text)).success ? text : undefined;
}

function proposed(key: Key, stack: string, texts: Texts): string | undefined {
  const { region = "", deployerRoleArn = "" } = texts;
  const account = /^arn:aws:iam::(\d{12}):/.exec(deployerRoleArn)?.[1];
  const suggestions: Texts = {
    environment: stack,
    cidr: "10.10.0.0/16",
    nodeGroups: "[{name: general, instanceTypes: [m7g.large], minSize: 3, maxSize: 6}]",
    ...(region !== "" && { zones: ["a", "b", "c"].map((letter) => region + letter).join(", ") }),
    ...(account !== undefined && { allowedAccountIds: account }),
  };
  return suggestions[key];
}

/** The configuration that texts stand for: what was given, and what is proposed for the rest that is required. */
export function configuration(stack: string, texts: Texts): Partial<Record<Key, unknown>> {
  const values: Partial<Record<Key, unknown>> = {};
  for (const key of keys) {
    const text = texts[key] ?? (isRequired(key) ? suggestion(key, stack, texts) : undefined);
    if (text !== undefined) values[key] = valueOf(key, text);
  }
  return values;
}

interface KeyFault {
  /** What is wrong, which starts with the name of a key. */
  text: string;
  key: string | undefined;
}

/** Everything that the program would say of a configuration. */
async function faultsOf(stack: string, values: Partial<Record<Key, unknown>>): Promise<KeyFault[]> {
  const raw = Object.entries(values).map(([key, value]) => [
    `${namespace}:${key}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  try {
    await parseConfig(stack, Object.fromEntries(raw) as Record<string, string>);
    return [];
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    const texts = error.message.split("\n").map((line) => line.slice(placeOf(stack).length));
    return texts.map((text) => ({ text, key: /^[A-Za-z]+/.exec(text)?.[0] }));
  }
}

/** Where the program says that a fault is. */
const placeOf = (stack: string) => `Pulumi.${stack}.yaml: `;

/** What is wrong with the name of a stack, which then names no file. */
export async function nameFault(stack: string): Promise<string | undefined> {
  return (await faultsOf(stack, {})).find(({ key }) => key === "stack")?.text;
}

/** What is wrong with one answer, beside those that were given before it. */
async function answerFaults(stack: string, key: Key, texts: Texts): Promise<string[]> {
  const unread = readFault(key, texts[key] ?? "");
  if (unread !== undefined) return [`${placeOf(stack)}${key} ${unread}`];
  const given = Object.fromEntries(
    Object.entries(texts).map(([other, text]) => [other, valueOf(other as Key, text)]),
  );
  return (await faultsOf(stack, given)).flatMap((fault) =>
    fault.key === key ? [placeOf(stack) + fault.text] : [],
  );
}

/** Asks for a text and gives what was typed. */
export type Ask = (question: string) => Promise<string>;

/** Asks until the answer holds; a fault is shown with the next question. */
async function answered(
  ask: Ask,
  question: string,
  suggested: string | undefined,
  faults: (text: string) => Promise<readonly string[]>,
): Promise<string> {
  const hint = suggested === undefined ? "" : ` [${suggested}]`;
  let said: readonly string[] = [];
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- people answer one question after the other.
    const typed = await ask([...said, `${question}${hint}: `].join("\n"));
    const text = typed.trim() === "" ? (suggested ?? "") : typed.trim();
    said = text === "" ? ["an answer is required"] : await faults(text);
    if (said.length === 0) return text;
  }
}

/** The name of the stack, from people. */
export function askName(ask: Ask): Promise<string> {
  return answered(ask, "Name of the stack", undefined, async (name) => {
    const fault = await nameFault(name);
    return fault === undefined ? [] : [fault];
  });
}

function questionOf(key: Key): string {
  const others = isText(key)
    ? ""
    : " As YAML in one line; docs/stack-file.schema.json has what belongs in it. file:<path> stands for what a file holds.";
  const form = isTextList(key) ? " With commas between them." : others;
  return `\n${fields[key].description ?? ""}${form}\n${key}`;
}

/** Asks for every required key that has no text yet. The role comes first: it says the account. */
export async function askRest(ask: Ask, stack: string, given: Texts): Promise<Texts> {
  const texts = { ...given };
  const first: Key[] = ["region", "deployerRoleArn"];
  for (const key of [...first, ...keys.filter((one) => !first.includes(one))]) {
    if (texts[key] !== undefined || !isRequired(key)) continue;
    const suggested = suggestion(key, stack, texts);
    // oxlint-disable-next-line no-await-in-loop -- people answer one question after the other.
    texts[key] = await answered(ask, questionOf(key), suggested, (text) =>
      answerFaults(stack, key, { ...texts, [key]: text }),
    );
  }
  return texts;
}

/** The configuration of a stack that the program takes; all faults are thrown together. */
export async function checked(stack: string, texts: Texts): Promise<Partial<Record<Key, unknown>>> {
  const values = configuration(stack, texts);
  const place = (await nameFault(stack)) === undefined ? placeOf(stack) : "";
  const faults = (await faultsOf(stack, values)).map(({ key: name, text }) => {
    const key = keys.find((one) => one === name);
    if (key === undefined) return place + text;
    if (values[key] === undefined) return `${place}${text}; give it with ${flagOf(key)}`;
    const unread = readFault(key, texts[key] ?? "");
    return place + (unread === undefined ? text : `${key} ${unread}`);
  });
  if (faults.length > 0) throw new InputError([...new Set(faults)]);
  return values;
}
