import { readFileSync } from "node:fs";
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Document, Node } from "yaml";
import { InputError, systemReason } from "./input-error";

/** One value of a YAML file, with the line that it stands on. */
export interface YamlValue {
  /** Text, number (an integer is a bigint, so that none loses digits), truth value, null, list or map. */
  value: string | number | bigint | boolean | null | YamlValue[] | Map<string, YamlValue>;
  /** Line in the file, from 1. */
  line: number;
}

/** Reads a text file; a fault names the file and what to do. */
export function readText(path: string, shown: string, advice: string): string {
  try {
    return readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    throw new InputError(`${shown}: cannot be read: ${systemReason(error)}${advice}`);
  }
}

/** Integers as the engine's YAML reader takes them: `0644` is octal, `1_000` is a thousand. */
function integerOf(source: string): bigint | undefined {
  const plain = source.replaceAll("_", "");
  if (/^[-+]?0[0-7]+$/.test(plain)) {
    const octal = BigInt(`0o${plain.replace(/^[-+]?0/, "")}`);
    return plain.startsWith("-") ? -octal : octal;
  }
  if (source !== plain && /^[-+]?\d+$/.test(plain)) return BigInt(plain.replace(/^\+/, ""));
  return undefined;
}

function scalarOf(value: unknown, source: string | undefined): YamlValue["value"] {
  const integer = source === undefined ? undefined : integerOf(source);
  if (integer !== undefined) return integer;
  if (typeof value === "string" || typeof value === "number" || typeof value === "bigint") {
    return value;
  }
  return typeof value === "boolean" ? value : null;
}

function convert(node: Node | null | undefined, document: Document, lines: LineCounter): YamlValue {
  const line = lines.linePos(node?.range?.[0] ?? 0).line;
  if (isAlias(node)) return { ...convert(node.resolve(document), document, lines), line };
  if (isSeq<Node>(node)) {
    return { value: node.items.map((item) => convert(item, document, lines)), line };
  }
  if (isMap<Node, Node | null>(node)) {
    const members = node.items.map(({ key, value }): [string, YamlValue] => {
      const name = isScalar(key) ? String(key.value) : "";
      return [name, { ...convert(value, document, lines), line: lineOf(key, lines) }];
    });
    return { value: new Map(members), line };
  }
  if (!isScalar(node)) return { value: null, line };
  const plain = node.type === "PLAIN" ? node.source : undefined;
  return { value: scalarOf(node.value, plain), line };
}

function lineOf(node: Node, lines: LineCounter): number {
  return lines.linePos(node.range?.[0] ?? 0).line;
}

/** Parses one YAML document; each syntax error is one line that names the file and its line. */
export function parseYaml(text: string, shown: string): YamlValue {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    intAsBigInt: true,
  });
  if (document.errors.length > 0) {
    throw new InputError(
      document.errors.map(({ pos, message }) => {
        const { line, col } = lines.linePos(pos[0]);
        return `${shown}:${line}:${col}: ${message.replaceAll(/\s*\n\s*/g, " ")}`;
      }),
    );
  }
  return convert(document.contents, document, lines);
}
