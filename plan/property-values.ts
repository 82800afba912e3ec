import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { byCodePoint } from "./urn";

/** A value as the Pulumi protocol carries it: JSON, with signed objects for secrets and assets. */
export type PropertyMap = Record<string, unknown>;

/** What a redacted value is shown as. */
export const redacted = "[secret]";

/** Stands for a string that is known only after `up`; see `unknownValue` of `@pulumi/pulumi/runtime/rpc`. */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

// The engine keeps one sentinel per type; a program only ever receives and sends the string's one.
const unknownSentinels: ReadonlySet<unknown> = new Set([
  unknownValue,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/** Key that marks an object as one of the protocol's special values. */
const signatureKey = "4dabf18193072939515e22adb298388d";
/** Signature of a secret: `{ value }`, or `{ ciphertext }` and `{ plaintext }` in a state file. */
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const outputSignature = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const resourceSignature = "5cf8f73096256a8f31e491e813e4eb8e";
const assetSignature = "c44067f5952c0a294b673a41bacd8c17";
const archiveSignature = "0def7320c3a5731c473e5ecbe6d01bc7";

/** True for a plain object: neither null nor a list. */
export function isObject(value: unknown): value is PropertyMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A secret as the protocol carries it. */
export function makeSecret(value: unknown): PropertyMap {
  return { [signatureKey]: secretSignature, value };
}

/** True for a secret as the protocol carries it. */
export function isSecret(value: unknown): value is PropertyMap {
  return isObject(value) && value[signatureKey] === secretSignature;
}

/** True for a sentinel: a value that is known only after `up`. */
export function isUnknown(value: unknown): boolean {
  return unknownSentinels.has(value);
}

/** Applies `change` to the members of a list or object. */
function mapMembers(value: unknown, change: (member: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(change);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, change(member)]));
}

/** The SDK marks assets and archives as such (`__pulumiAsset`), and the engine does not keep the mark. */
function unmarked(value: PropertyMap): PropertyMap {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith("__pulumi")));
}

/** A file or text asset carries the SHA-256 of its content, as the engine records it. */
function withHash(asset: PropertyMap, programDir: string): PropertyMap {
  const { path, text } = asset;
  const content =
    typeof text === "string"
      ? text
      : typeof path === "string"
        ? readFileSync(resolve(programDir, path))
        : undefined;
  if (content === undefined) return asset;
  return { ...asset, hash: createHash("sha256").update(content).digest("hex") };
}

/**
 * Brings what a program sends into the form that the engine records: an output value is its value,
 * the sentinel or a secret; a reference to a resource is its id (unknown before it exists), or its
 * URN when it has none. With the folder of the program, assets get the hash of their content.
 */
export function recorded(value: unknown, programDir?: string): unknown {
  const again = (member: unknown) => recorded(member, programDir);
  if (isUnknown(value)) return unknownValue;
  if (!isObject(value)) return mapMembers(value, again);
  switch (value[signatureKey]) {
    case undefined:
    case secretSignature:
      return mapMembers(value, again);
    case archiveSignature:
      return mapMembers(unmarked(value), again);
    case assetSignature:
      return programDir === undefined ? unmarked(value) : withHash(unmarked(value), programDir);
    case outputSignature: {
      const known = "value" in value ? again(value["value"]) : unknownValue;
      return value["secret"] === true ? makeSecret(known) : known;
    }
    case resourceSignature:
      if (!("id" in value)) return value["urn"];
      return value["id"] === "" ? unknownValue : again(value["id"]);
    default:
      throw new Error(`a property has the unrecognized signature ${String(value[signatureKey])}`);
  }
}

/** URNs of the resources that the output values inside `value` depend on. */
export function outputDependencies(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(outputDependencies);
  if (!isObject(value)) return [];
  const own =
    value[signatureKey] === outputSignature && Array.isArray(value["dependencies"])
      ? value["dependencies"].filter((urn) => typeof urn === "string")
      : [];
  return [...own, ...Object.values(value).flatMap(outputDependencies)];
}

/**
 * `value` with every secret replaced by `[secret]` and all keys sorted, as the plan file shows it. A
 * text in which `holdsSecret` finds one is replaced as a whole, so that nobody takes the rest for it.
 */
export function redactedValue(
  value: unknown,
  holdsSecret: (text: string) => boolean = () => false,
): unknown {
  const again = (member: unknown) => redactedValue(member, holdsSecret);
  if (isSecret(value)) return redacted;
  if (Array.isArray(value)) return value.map(again);
  if (typeof value === "string") return holdsSecret(value) ? redacted : value;
  if (!isObject(value)) return value;
  const sorted = Object.entries(value).toSorted(([a], [b]) => byCodePoint(a, b));
  return Object.fromEntries(sorted.map(([key, member]) => [key, again(member)]));
}

/** `value` without the keys that belong to a provider's bookkeeping, which policies never see. */
export function withoutInternalKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutInternalKeys);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !key.startsWith("__"))
      .map(([key, member]) => [key, withoutInternalKeys(member)]),
  );
}

/**
 * Marks in changed inputs what was secret before: every path that was, and every text that `isKnown`
 * finds a secret in. What did not change stays as it was.
 */
export function secretsKept(
  before: unknown,
  after: unknown,
  isKnown: (text: string) => boolean,
): unknown {
  if (isSecret(after)) return after;
  if (isSecret(before)) return makeSecret(after);
  if (Array.isArray(after)) {
    const old = Array.isArray(before) ? before : [];
    return after.map((member, index) => secretsKept(old[index], member, isKnown));
  }
  if (isObject(after)) {
    const old = isObject(before) ? before : {};
    return Object.fromEntries(
      Object.entries(after).map(([key, member]) => [key, secretsKept(old[key], member, isKnown)]),
    );
  }
  if (after === before || (typeof after !== "string" && typeof after !== "number")) return after;
  return isKnown(String(after)) ? makeSecret(after) : after;
}
