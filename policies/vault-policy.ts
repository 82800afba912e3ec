/** What a policy of Vault's grants on one path. */
export interface Grant {
  /** Path, in which `+` stands for one part and a closing `*` for any text. */
  path: string;
  capabilities: string[];
  /** Names of parameters that a request may have. @default - any */
  allowed?: string[];
  /** Names of parameters that it may not have, whatever their value. */
  denied: string[];
  /** Names of parameters that it must have. */
  required: string[];
}

type Value = string | Value[] | Body;
interface Body {
  [key: string]: Value;
}

/** What a policy grants, in either of its forms, HCL and JSON; throws when it is neither. */
export function grantsOf(text: string): Grant[] {
  const document = text.trimStart().startsWith("{") ? (JSON.parse(text) as Body) : parse(text);
  return bodies(document["path"]).flatMap((paths) =>
    Object.entries(paths).flatMap(([path, given]) =>
      bodies(given).map((body) => grant(path, body)),
    ),
  );
}

function grant(path: string, body: Body): Grant {
  const [allowed = {}] = bodies(body["allowed_parameters"]);
  const [denied = {}] = bodies(body["denied_parameters"]);
  const capabilities = [
    ...texts(body["capabilities"]),
    ...(oldForms[texts(body["policy"])[0] ?? ""] ?? []),
  ];
  const names = Object.keys(allowed).map((name) => name.toLowerCase());
  return {
    path: path.replace(/^\//, ""),
    capabilities: capabilities.includes("deny") ? ["deny"] : capabilities,
    // An empty map is no limit.
    ...(names.length > 0 && { allowed: names }),
    // With values only these are denied, and `*` is one of them; with the name `*` values are not looked at.
    denied: Object.entries(denied)
      .filter(([name, values]) => name === "*" || (Array.isArray(values) && values.length === 0))
      .map(([name]) => name.toLowerCase()),
    required: texts(body["required_parameters"]).map((name) => name.toLowerCase()),
  };
}

/** The one word that stood for a list of rights, and still may. */
const oldForms: Record<string, string[]> = {
  deny: ["deny"],
  read: ["read", "list"],
  write: ["create", "read", "update", "delete", "list"],
  sudo: ["create", "read", "update", "delete", "list", "sudo"],
};

/** JSON has one block as a map and several as a list of maps. */
function bodies(value: Value | undefined): Body[] {
  if (value === undefined || typeof value === "string") return [];
  return Array.isArray(value) ? value.flatMap(bodies) : [value];
}

function texts(value: Value | undefined): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

const pattern = /\s+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/|("(?:[^"\\]|\\.)*"|[\w.-]+|[{}[\]=,])/gy;

/** The part of HCL in which policies are written: blocks, lists, texts and words. */
function parse(text: string): Body {
  const words = tokens(text);
  const body = readBody(words);
  if (words.length > 0) throw new Error(`policy must end with a block, got ${words[0] ?? ""}`);
  return body;
}

function tokens(text: string): string[] {
  const words: string[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    end = match.index + match[0].length;
    if (match[1] !== undefined) words.push(match[1]);
  }
  if (end < text.length)
    throw new Error(`policy must be HCL or JSON, got ${text.slice(end, end + 20)}`);
  return words;
}

/** Blocks of one kind are collected, as in `path "a" {…} path "b" {…}`. */
function readBody(words: string[]): Body {
  const body: Body = {};
  while (words.length > 0 && nextOf(words) !== "}") {
    const key = unquoted(words.shift() ?? "");
    if (nextOf(words)?.startsWith('"')) {
      const label = unquoted(words.shift() ?? "");
      const labelled = { [label]: readBlock(words) };
      body[key] = [...bodies(body[key]), labelled];
    } else if (nextOf(words) === "{") {
      body[key] = readBlock(words);
    } else {
      take(words, "=");
      body[key] = readValue(words);
    }
    if (nextOf(words) === ",") words.shift();
  }
  return body;
}

function readBlock(words: string[]): Body {
  take(words, "{");
  const body = readBody(words);
  take(words, "}");
  return body;
}

function readValue(words: string[]): Value {
  if (nextOf(words) === "{") return readBlock(words);
  if (nextOf(words) !== "[") return unquoted(words.shift() ?? "");
  words.shift();
  const items: Value[] = [];
  while (words.length > 0 && nextOf(words) !== "]") {
    items.push(readValue(words));
    if (nextOf(words) === ",") words.shift();
  }
  take(words, "]");
  return items;
}

/** A function, since what is at the front changes with every word that is taken. */
function nextOf(words: string[]): string | undefined {
  return words[0];
}

function take(words: string[], wanted: string): void {
  const word = words.shift();
  if (word !== wanted) throw new Error(`policy must have ${wanted}, got ${word ?? "its end"}`);
}

function unquoted(word: string): string {
  return word.startsWith('"') ? (JSON.parse(word) as string) : word;
}
