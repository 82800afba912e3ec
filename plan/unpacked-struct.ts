import { Struct } from "google-protobuf/google/protobuf/struct_pb";

function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  if (typeof value === "object" && value !== null) return copiedObject(value);
  if (value === undefined || typeof value === "function")
    throw new Error("Unexpected struct type.");
  return value;
}

/** Keys are sorted, as google-protobuf reads them. */
function copiedObject(value: object): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value).toSorted()) {
    copy[key] = copied((value as Record<string, unknown>)[key]);
  }
  return copy;
}

/** A Struct of a message that stays in this process: nothing is packed, and who reads it gets a copy. */
export function unpackedStruct(value: object): Struct {
  return Object.assign(new Struct(), { toJavaScript: () => copiedObject(value) });
}
