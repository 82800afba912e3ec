import { readFileSync } from "node:fs";
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Alias, Node, YAMLParseError } from "yaml";
import { InputError, systemReason } from "./input-error";

/** One value of a YAML file, with the line that it stands on. */
export interface YamlValue {
  /** Text, number (an integer is a bigint, so that none loses digits), truth value, null, list or map. */
  value: string | number | bigint | boolean | null | YamlValue[] | Map<string, YamlValue>;
  /** Line in the file, from 1. */
  line: number;
  /** True where the file does not say a value, which is a fault of its own. @default false */
  unreadable?: boolean;
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

/**
 * How many values the aliases of a file may repeat in all. A stack file repeats a few dozen; a file of a hundred lines
 * can be made to repeat billions.
 */
const mostRepeated = 10_000;

/** Turns the nodes of a document into values, and notes what a value cannot be made of. */
class Reader {
  readonly faults: string[] = [];
  private repeated = 0;
  /** The nodes that names stand for, up to the node that is being read. */
  private readonly anchors = new Map<string, Node>();
  /** What each alias stands for where the file has it: a later anchor may take its name. */
  private readonly targets = new Map<Alias, Node | undefined>();
  /** The alias that is being followed, the first where one leads to another. */
  private followed: Alias | undefined;

  constructor(
    private readonly lines: LineCounter,
    private readonly shown: string,
  ) {}

  /** The value of a node; `open` are the nodes that it stands in. */
  read(node: Node | null | undefined, open: readonly Node[] = []): YamlValue {
    const line = this.lineOf(node);
    if (this.followed !== undefined && ++this.repeated > mostRepeated) {
      throw new InputError(
        `${this.shown}:${this.lineOf(this.followed)}: *${this.followed.source} and the aliases before it must repeat at most ${mostRepeated} values`,
      );
    }
    if (isAlias(node)) return { ...this.target(node, open), line };
    this.remember(node);
    if (isSeq<Node>(node)) {
      return { value: node.items.map((item) => this.read(item, [...open, node])), line };
    }
    if (isMap<Node, Node | null>(node)) {
      const members = node.items.map(({ key, value }): [string, YamlValue] => [
        this.nameOf(key),
        { ...this.read(value, [...open, node]), line: this.lineOf(key) },
      ]);
      return { value: new Map(members), line };
    }
    if (!isScalar(node)) return { value: null, line };
    const plain = node.type === "PLAIN" ? node.source : undefined;
    return { value: scalarOf(node.value, plain), line };
  }

  private remember(node: Exclude<Node, Alias> | null | undefined): void {
    if (node?.anchor === undefined || this.followed !== undefined) return;
    this.anchors.set(node.anchor, node);
  }

  private target(alias: Alias, open: readonly Node[]): YamlValue {
    if (!this.targets.has(alias)) this.targets.set(alias, this.anchors.get(alias.source));
    const target = this.targets.get(alias);
    if (target === undefined) {
      return this.unreadable(alias, `*${alias.source} must name an anchor that stands before it`);
    }
    if (open.includes(target)) {
      return this.unreadable(alias, `*${alias.source} must not stand inside of its own anchor`);
    }
    const before = this.followed;
    this.followed ??= alias;
    const value = this.read(target, open);
    this.followed = before;
    return value;
  }

  private nameOf(key: Node): string {
    if (isScalar(key)) {
      this.remember(key);
      return String(key.value);
    }
    const { value } = this.read(key);
    if (typeof value === "string") return value;
    this.unreadable(key, "a key must be a text");
    return "";
  }

  private unreadable(node: Node, rule: string): YamlValue {
    const line = this.lineOf(node);
    this.faults.push(`${this.shown}:${line}: ${rule}`);
    return { value: null, line, unreadable: true };
  }

  private lineOf(node: Node | null | undefined): number {
    return this.lines.linePos(node?.range?.[0] ?? 0).line;
  }
}

const tooDeep = "lists and maps are nested too deeply to be read";

/** A YAML document, with what is wrong in it although its syntax is right. */
export interface YamlFile {
  root: YamlValue;
  /** One line for each value that cannot be read; it is null and marked `unreadable`. */
  faults: string[];
}

/** Parses one YAML document; each syntax error is one line that names the file and its line. */
export function parseYaml(text: string, shown: string): YamlFile {
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      intAsBigInt: true,
    });
    if (document.errors.length > 0) {
      throw new InputError(document.errors.map((error) => syntaxFault(error, lines, shown)));
    }
    const reader = new Reader(lines, shown);
    return { root: reader.read(document.contents), faults: reader.faults };
  } catch (error) {
    // The reader calls itself for every level, and aliases nest what the file does not.
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(`${shown}: ${tooDeep}`);
  }
}

function syntaxFault({ code, pos, message }: YAMLParseError, lines: LineCounter, shown: string) {
  const { line, col } = lines.linePos(pos[0]);
  if (code === "RESOURCE_EXHAUSTION") return `${shown}:${line}: ${tooDeep}`;
  const said =
    code === "MULTIPLE_DOCS"
      ? "the file must hold one document, got another one here"
      : message.replaceAll(/\s*\n\s*/g, " ");
  return `${shown}:${line}:${col}: ${said}`;
}
