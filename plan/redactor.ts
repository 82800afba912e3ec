import { isObject, isSecret, isUnknown, redacted } from "./property-values";
import { urnName } from "./urn";

/** Shorter lines of a secret, and shorter keys, are often words of the language. */
const shortestLine = 8;
/** Shorter parts, such as members of a JSON text, are often numbers and words that anybody may use. */
const shortestPart = 4;
/** Shorter secrets are inside of many words, so only the whole word is taken. */
const shortestAnywhere = 3;
/** Shorter secrets are not looked for in names and inputs that are not secret, which must stay readable. */
const shortestWritten = 6;
/** A secret may hold others: JSON in base64 in JSON. Deeper ones are not looked for. */
const deepestPart = 4;

/** The texts of secrets inside of `value`, and the keys of secret maps that look like secrets themselves. */
function secretTexts(value: unknown, secret: boolean): string[] {
  if (isSecret(value)) return secretTexts(value["value"], true);
  if (Array.isArray(value)) return value.flatMap((member) => secretTexts(member, secret));
  if (isObject(value)) {
    const keys = secret ? Object.keys(value).filter(isKeySecret) : [];
    return [...keys, ...Object.values(value).flatMap((member) => secretTexts(member, secret))];
  }
  if (!secret || isUnknown(value)) return [];
  return typeof value === "string" || typeof value === "number" ? [String(value)] : [];
}

/** A name is made of letters; a token has digits as well. */
function isKeySecret(key: string): boolean {
  return key.length >= shortestLine && /\d/.test(key) && /[A-Za-z]/.test(key);
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines.length > 1 ? lines.filter((line) => line.length >= shortestLine) : [];
}

/** Texts and numbers inside of a secret that is JSON. */
function jsonParts(text: string): string[] {
  if (!/^\s*[[{"]/.test(text)) return [];
  try {
    return secretTexts(JSON.parse(text), true);
  } catch {
    return [];
  }
}

/** What base64 hides, when it is a text that people can read. */
function decodedParts(text: string): string[] {
  const compact = text.replaceAll(/\s/g, "");
  if (compact.length < 8 || !/^[\w+/-]+={0,2}$/.test(compact)) return [];
  const decoded = Buffer.from(compact, "base64").toString("utf8");
  return /^[\t\n\r\P{C}]+$/u.test(decoded) && !decoded.includes("\uFFFD") ? [decoded] : [];
}

/** Passwords of URLs, and the values of what calls itself a password, secret, token or key. */
function credentialParts(text: string): string[] {
  const inUrls = [...text.matchAll(/:\/\/[^\s/:@]*:([^\s/@]+)@/g)].flatMap(([, part = ""]) => [
    part,
    unescaped(part),
  ]);
  const named =
    /(?:passw(?:or)?d|pwd|secret|token|key|credentials?)["']?\s*[:=]\s*(?:"([^"\n]+)"|'([^'\n]+)'|([^\s"',;&]+))/gi;
  const byName = [...text.matchAll(named)].map(([, a, b, c]) => a ?? b ?? c ?? "");
  return [...inUrls, ...byName];
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function partsOf(text: string): string[] {
  return [
    ...linesOf(text),
    ...[...jsonParts(text), ...decodedParts(text), ...credentialParts(text)].filter(
      (part) => part.length >= shortestPart,
    ),
  ];
}

function forUrl(text: string): string[] {
  try {
    return [encodeURIComponent(text)];
  } catch {
    // Half of a character has no such form.
    return [];
  }
}

/** The forms in which a text may stand in another one. */
function spellings(text: string): string[] {
  const plain = [text, JSON.stringify(text).slice(1, -1)];
  if (text.length < shortestPart) return plain;
  return [...plain, ...forUrl(text), Buffer.from(text).toString("base64")];
}

/** The longest first, so that a secret that contains another one disappears as a whole. */
function longestFirst(texts: Iterable<string>): string[] {
  return [...texts].toSorted((a, b) => b.length - a.length);
}

function without(text: string, secret: string): string {
  if (!text.includes(secret)) return text;
  if (secret.length >= shortestAnywhere) return text.replaceAll(secret, redacted);
  const word = secret.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
  return text.replaceAll(new RegExp(`(?<![\\w-])${word}(?![\\w-])`, "g"), redacted);
}

/** Collects the secrets that pass by and takes them out of texts. */
export class Redactor {
  /** Secrets as they were given. */
  private readonly whole = new Set<string>();
  /** Their spellings and parts as well. */
  private readonly all = new Set<string>();
  /** Both in the order in which they are looked for; absent when something was learnt since. */
  private ordered: { all: string[]; written: string[] } | undefined;

  /** Remembers every secret inside `value`, and what can be read out of each. */
  learn(value: unknown): void {
    for (const text of secretTexts(value, false)) {
      if (text === "" || text === redacted || this.whole.has(text)) continue;
      this.whole.add(text);
      this.learnParts(text, 0);
      this.ordered = undefined;
    }
  }

  /** Remembers what another one knows. */
  learnFrom(other: Redactor): void {
    for (const text of other.whole) this.whole.add(text);
    for (const text of other.all) this.all.add(text);
    this.ordered = undefined;
  }

  private learnParts(text: string, depth: number): void {
    for (const spelling of spellings(text)) this.all.add(spelling);
    if (depth === deepestPart) return;
    for (const part of partsOf(text)) {
      if (part !== redacted && !isUnknown(part) && part !== text) this.learnParts(part, depth + 1);
    }
  }

  private get order(): { all: string[]; written: string[] } {
    this.ordered ??= {
      all: longestFirst(this.all),
      written: longestFirst(this.whole).filter(({ length }) => length >= shortestWritten),
    };
    return this.ordered;
  }

  /** `text` with every secret that was learnt, and every part of one, replaced by `[secret]`. */
  redact(text: string): string {
    return this.order.all.reduce(without, text);
  }

  /** True when a secret, or a part of one, stands in `text`. */
  knows(text: string): boolean {
    return this.redact(text) !== text;
  }

  /** True when `text`, which nobody marked as secret, holds a whole secret that no accident explains. */
  isIn(text: string): boolean {
    return this.order.written.some((secret) => text.includes(secret));
  }

  /** A name without the whole secrets in it. */
  name(name: string): string {
    return this.order.written.reduce(without, name);
  }

  /** A URN without the whole secrets in its resource's name; every mention of the resource changes alike. */
  urn(urn: string): string {
    const name = urnName(urn);
    return name === "" ? urn : urn.slice(0, urn.length - name.length) + this.name(name);
  }
}
