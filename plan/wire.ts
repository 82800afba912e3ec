import type { PropertyMap } from "./property-values";

// How values stand in messages of Protocol Buffers: protobuf.dev/programming-guides/encoding. google-protobuf makes an
// object for each value of a message, which takes longer than all that a pack says about it.

const varintKind = 0;
const fixed64Kind = 1;
const lengthKind = 2;
const fixed32Kind = 5;

/** Bytes that are written from their end, so that the length of each part is known when its turn comes. */
class Writer {
  private buffer = Buffer.allocUnsafe(4096);
  private start = this.buffer.length;

  /** How many bytes are written. */
  get length(): number {
    return this.buffer.length - this.start;
  }

  get bytes(): Buffer {
    return this.buffer.subarray(this.start);
  }

  /** Where the next bytes begin; they may be in another buffer than those before. */
  private reserve(size: number): number {
    if (this.start < size) {
      const larger = Buffer.allocUnsafe(2 * this.buffer.length + size);
      larger.set(this.bytes, larger.length - this.length);
      this.start = larger.length - this.length;
      this.buffer = larger;
    }
    return (this.start -= size);
  }

  varint(value: number): void {
    let size = 1;
    for (let rest = value; rest > 0x7f; rest >>>= 7) size += 1;
    let at = this.reserve(size);
    for (; value > 0x7f; value >>>= 7) this.buffer[at++] = (value & 0x7f) | 0x80;
    this.buffer[at] = value;
  }

  double(value: number): void {
    const at = this.reserve(8);
    this.buffer.writeDoubleLE(value, at);
  }

  text(value: string): void {
    const size = Buffer.byteLength(value);
    const at = this.reserve(size);
    this.buffer.write(value, at, size);
  }

  raw(value: Uint8Array): void {
    const at = this.reserve(value.length);
    this.buffer.set(value, at);
  }

  tag(id: number, kind: number): void {
    this.varint(id * 8 + kind);
  }
}

/** Bytes that are read from their start. */
class Reader {
  constructor(
    readonly bytes: Buffer,
    public at = 0,
  ) {}

  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new RangeError("a message is cut short");
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  double(): number {
    this.at += 8;
    return this.bytes.readDoubleLE(this.at - 8);
  }

  /** Where the value ends that begins here. */
  end(kind: number): number {
    const length = kind === lengthKind ? this.varint() : kind === fixed64Kind ? 8 : 4;
    if (kind === varintKind) {
      const { at } = this;
      this.varint();
      const end = this.at;
      this.at = at;
      return end;
    }
    if (kind !== lengthKind && kind !== fixed64Kind && kind !== fixed32Kind)
      throw new RangeError(`a message has the unknown wire type ${kind}`);
    if (this.at + length > this.bytes.length) throw new RangeError("a message is cut short");
    return this.at + length;
  }
}

/** How values of a type are written and read. */
export interface Wire<Value> {
  readonly kind: number;
  /** Without the length. */
  write(value: Value, to: Writer): void;
  read(from: Reader, end: number): Value;
}

/** A type whose value is left out of a message when it is the one that all begin with. */
interface Scalar<Value> extends Wire<Value> {
  readonly zero: Value;
}

export const text: Scalar<string> = {
  kind: lengthKind,
  zero: "",
  write: (value, to) => to.text(value),
  read: ({ bytes, at }, end) => bytes.toString("utf8", at, end),
};

/** A number of an enumeration. */
export const code: Scalar<number> = {
  kind: varintKind,
  zero: 0,
  write: (value, to) => to.varint(value),
  read: (from) => from.varint(),
};

export const flag: Scalar<boolean> = {
  kind: varintKind,
  zero: false,
  write: (value, to) => to.varint(value ? 1 : 0),
  read: (from) => from.varint() !== 0,
};

export const real: Scalar<number> = {
  kind: fixed64Kind,
  zero: 0,
  write: (value, to) => to.double(value),
  read: (from) => from.double(),
};

/** A message as its bytes. */
export const raw: Wire<Uint8Array> = {
  kind: lengthKind,
  write: (value, to) => to.raw(value),
  read: ({ bytes, at }, end) => bytes.subarray(at, end),
};

/** One field of a message. */
export interface Field<Value> {
  readonly id: number;
  readonly kind: number;
  /** What the field is where a message lacks it. */
  empty(): Value;
  write(value: Value, to: Writer): void;
  /** The field with what the message says next of it. */
  read(before: Value, from: Reader, end: number): Value;
}

function writeField<Value>(id: number, type: Wire<Value>, value: Value, to: Writer): void {
  const before = to.length;
  type.write(value, to);
  if (type.kind === lengthKind) to.varint(to.length - before);
  to.tag(id, type.kind);
}

export function one<Value>(id: number, type: Scalar<Value>): Field<Value> {
  return {
    id,
    kind: type.kind,
    empty: () => type.zero,
    write: (value, to) => {
      if (value !== type.zero) writeField(id, type, value, to);
    },
    read: (_, from, end) => type.read(from, end),
  };
}

export function maybe<Value>(id: number, type: Wire<Value>): Field<Value | undefined> {
  return {
    id,
    kind: type.kind,
    empty: () => undefined,
    write: (value, to) => {
      if (value !== undefined) writeField(id, type, value, to);
    },
    read: (_, from, end) => type.read(from, end),
  };
}

export function many<Value>(id: number, type: Wire<Value>): Field<readonly Value[]> {
  return {
    id,
    kind: type.kind,
    empty: () => [],
    write: (values, to) => {
      for (let index = values.length - 1; index >= 0; index -= 1)
        writeField(id, type, values[index] as Value, to);
    },
    read: (before, from, end) => {
      const all = before as Value[];
      all.push(type.read(from, end));
      return all;
    },
  };
}

/** What a message of a type says. */
export type Message<Type> = Type extends Wire<infer Value> ? Value : never;

/** Calls `take` with each field from where the reader is to `end`; it must not move beyond the field. */
function eachField(
  from: Reader,
  end: number,
  take: (id: number, kind: number, end: number) => void,
): void {
  while (from.at < end) {
    const tag = from.varint();
    const last = from.end(tag & 7);
    take(tag >>> 3, tag & 7, last);
    from.at = last;
  }
}

/** A message of these fields; others are passed over. */
export function message<Values extends object>(fields: {
  [Name in keyof Values]: Field<Values[Name]>;
}): Wire<Values> {
  const named = Object.entries(fields) as [keyof Values, Field<Values[keyof Values]>][];
  const byId = new Map(named.map((entry) => [entry[1].id, entry]));
  const backwards = named.toReversed();
  return {
    kind: lengthKind,
    write: (values, to) => {
      for (const [name, field] of backwards) field.write(values[name], to);
    },
    read: (from, end) => {
      const values = {} as Values;
      for (const [name, field] of named) values[name] = field.empty();
      eachField(from, end, (id, kind, last) => {
        const entry = byId.get(id);
        if (entry === undefined || entry[1].kind !== kind) return;
        const [name, field] = entry;
        values[name] = field.read(values[name], from, last);
      });
      return values;
    },
  };
}

interface Entry<Value> {
  key: string;
  value: Value;
}

/** A map, as its entries. */
export function map<Value>(id: number, value: Field<Value>): Field<readonly Entry<Value>[]> {
  return many(id, message<Entry<Value>>({ key: one(1, text), value }));
}

/** google.protobuf.Value as what it stands for. */
const jsonValue: Wire<unknown> = {
  kind: lengthKind,
  write: (value, to) => {
    if (typeof value === "string") writeField(3, text, value, to);
    else if (typeof value === "number") writeField(2, real, value, to);
    else if (typeof value === "boolean") writeField(4, flag, value, to);
    else if (value === null) writeField(1, code, 0, to);
    else if (Array.isArray(value)) writeField(6, list, value, to);
    else if (typeof value === "object") writeField(5, struct, value as PropertyMap, to);
    else throw new TypeError(`a property must be of JSON, got ${typeof value}`);
  },
  read: (from, end) => {
    let value: unknown;
    eachField(from, end, (id, _kind, last) => {
      if (id === 3) value = text.read(from, last);
      else if (id === 2) value = from.double();
      else if (id === 4) value = flag.read(from, last);
      else if (id === 1) value = null;
      else if (id === 6) value = list.read(from, last);
      else if (id === 5) value = struct.read(from, last);
    });
    if (value === undefined) throw new TypeError("a property has no value");
    return value;
  },
};

/** google.protobuf.ListValue as what it stands for. */
const list: Wire<unknown[]> = {
  kind: lengthKind,
  write: (values, to) => {
    for (let index = values.length - 1; index >= 0; index -= 1)
      writeField(1, jsonValue, values[index], to);
  },
  read: (from, end) => {
    const values: unknown[] = [];
    eachField(from, end, (id, _kind, last) => {
      if (id === 1) values.push(jsonValue.read(from, last));
    });
    return values;
  },
};

const member = message<Entry<unknown>>({
  key: one(1, text),
  value: {
    ...maybe<unknown>(2, jsonValue),
    write: (value, to) => writeField(2, jsonValue, value, to),
  },
});

/** google.protobuf.Struct as what it stands for: its keys have no order, so they are read sorted, as google-protobuf does. */
export const struct: Wire<PropertyMap> = {
  kind: lengthKind,
  write: (value, to) => {
    for (const key of Object.keys(value)) writeField(1, member, { key, value: value[key] }, to);
  },
  read: (from, end) => {
    const members: Entry<unknown>[] = [];
    eachField(from, end, (id, _kind, last) => {
      if (id === 1) members.push(member.read(from, last));
    });
    members.sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
    const result: PropertyMap = {};
    for (const { key, value } of members) result[key] = value;
    return result;
  },
};

/** The bytes of a message. */
export function encoded<Value>(type: Wire<Value>, value: Value): Buffer {
  const writer = new Writer();
  type.write(value, writer);
  return writer.bytes;
}

/** The message in bytes. Fails with `RangeError` for bytes that are none. */
export function decoded<Value>(type: Wire<Value>, bytes: Uint8Array): Value {
  const { buffer, byteOffset, byteLength } = bytes;
  return type.read(new Reader(Buffer.from(buffer, byteOffset, byteLength)), byteLength);
}
