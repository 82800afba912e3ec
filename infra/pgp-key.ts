import { createHash } from "node:crypto";

/** A public PGP key of a person. */
export interface PgpKey {
  /** Fingerprint in capitals, 40 hexadecimal digits. */
  fingerprint: string;
  /** The key, binary, in base64. */
  binary: string;
}

const wanted =
  "must be a public PGP key as gpg --export --armor writes it, of version 4, with a key for encryption";

/** Packets of a transferable public key: RFC 9580, section 5. */
const tag = { signature: 2, secretKey: 5, publicKey: 6, secretSubkey: 7, userId: 13, publicSubkey: 14 };

/** Kinds of signatures and of what they hold: RFC 9580, sections 5.2.1 and 5.2.3.7. */
const revocations = [0x20, 0x28];
const subkeyBinding = 0x18;
const keyFlags = 27;
const forEncryption = 0x04 | 0x08;

/** Algorithms that encrypt: RSA, ElGamal, ECDH, X25519 and X448. RFC 9580, section 9.1. */
const encrypting = new Set([1, 2, 16, 18, 25, 26]);

/** Longest key that is taken, in bytes: the certificates of strangers have no place in a stack file. */
const mostBytes = 8192;

/**
 * Reads an armored public key. Throws an error whose message continues "the key …". Vault looks at the signatures inside
 * and at the day on which a key expires, when it encrypts to the key: this program knows no day.
 */
export function readPgpKey(armored: string): PgpKey {
  if (armored.includes("PRIVATE KEY BLOCK")) {
    throw new Error("must be a public key: this is a private one, which nobody should use any more");
  }
  const bytes = unarmored(armored);
  if (bytes.length > mostBytes) {
    throw new Error(
      `must be at most ${mostBytes} bytes, got ${bytes.length}: export it with --export-options export-minimal`,
    );
  }
  const packets = packetsOf(bytes);
  const [primary] = packets;
  if (primary?.tag !== tag.publicKey || primary.body[0] !== 4) throw new Error(wanted);
  if (packets.some((packet) => packet.tag === tag.secretKey || packet.tag === tag.secretSubkey)) {
    throw new Error(wanted);
  }
  if (packets.slice(1).some((packet) => packet.tag === tag.publicKey)) {
    throw new Error("must be one public key, got several");
  }
  if (!packets.some((packet) => packet.tag === tag.userId)) throw new Error(wanted);
  if (packets.some((packet) => isSignature(packet, 0x20))) throw new Error("must not be revoked");
  if (!encrypts(packets)) throw new Error(`${wanted}; nobody can encrypt to this one`);
  return { fingerprint: fingerprintOf(primary.body), binary: bytes.toString("base64") };
}

interface Packet {
  tag: number;
  body: Buffer;
}

/** Whether a subkey is bound for encryption and not revoked, or the primary key is for it. */
function encrypts(packets: Packet[]): boolean {
  const starts = packets.flatMap((packet, i) =>
    packet.tag === tag.publicKey || packet.tag === tag.publicSubkey ? [i] : [],
  );
  return starts.some((start, i) => {
    const key = packets[start];
    const own = packets.slice(start + 1, starts[i + 1]).filter((one) => one.tag === tag.signature);
    const algorithm = key?.body[5] ?? 0;
    if (!encrypting.has(algorithm) || own.some((one) => revocations.includes(one.body[1] ?? 0))) {
      return false;
    }
    const binding = key?.tag === tag.publicSubkey ? own.filter((one) => isSignature(one, subkeyBinding)) : own;
    return binding.some((one) => ((subpacket(one.body, keyFlags)?.[0] ?? 0) & forEncryption) !== 0);
  });
}

function isSignature({ tag: of, body }: Packet, kind: number): boolean {
  return of === tag.signature && body[0] === 4 && body[1] === kind;
}

/** The contents of a hashed subpacket of a signature of version 4. */
function subpacket(body: Buffer, kind: number): Buffer | undefined {
  const end = 6 + body.readUInt16BE(4);
  for (let place = 6; place < end; ) {
    const { length, next } = lengthAt(body, place);
    const found = body[next] ?? 0;
    if ((found & 0x7f) === kind) return body.subarray(next + 1, next + length);
    place = next + length;
  }
  return undefined;
}

/** RFC 9580, section 5.5.4.2. */
function fingerprintOf(body: Buffer): string {
  const head = Buffer.from([0x99, body.length >> 8, body.length & 0xff]);
  return createHash("sha1").update(head).update(body).digest("hex").toUpperCase();
}

/** RFC 9580, section 6: headers end with an empty line; the checksum is optional. */
function unarmored(text: string): Buffer {
  const block =
    /-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[A-Za-z]+: .*\r?\n)*\r?\n([A-Za-z0-9+/=\r\n]+?)(?:\r?\n=[A-Za-z0-9+/]{4})?\r?\n-----END PGP PUBLIC KEY BLOCK-----/.exec(
      text,
    );
  const base64 = block?.[1]?.replace(/\s/g, "") ?? "";
  const bytes = Buffer.from(base64, "base64");
  if (base64 === "" || bytes.toString("base64") !== base64) throw new Error(wanted);
  return bytes;
}

function packetsOf(bytes: Buffer): Packet[] {
  const packets: Packet[] = [];
  for (let place = 0; place < bytes.length; ) {
    const head = bytes[place] ?? 0;
    if ((head & 0x80) === 0) throw new Error(wanted);
    const isNew = (head & 0x40) !== 0;
    const { length, next } = isNew ? lengthAt(bytes, place + 1) : oldLength(bytes, place);
    if (length < 1 || next + length > bytes.length) throw new Error(wanted);
    const body = bytes.subarray(next, next + length);
    packets.push({ tag: isNew ? head & 0x3f : (head & 0x3c) >> 2, body });
    place = next + length;
  }
  return packets;
}

interface Length {
  length: number;
  /** Where what has this length begins. */
  next: number;
}

/** RFC 9580, section 4.2.1; lengths in parts are for data only. */
function lengthAt(bytes: Buffer, place: number): Length {
  const first = bytes[place] ?? 0;
  if (first < 192) return { length: first, next: place + 1 };
  if (first < 224) {
    return { length: ((first - 192) << 8) + (bytes[place + 1] ?? 0) + 192, next: place + 2 };
  }
  if (first !== 255 || place + 5 > bytes.length) throw new Error(wanted);
  return { length: bytes.readUInt32BE(place + 1), next: place + 5 };
}

/** RFC 9580, section 4.2.2. */
function oldLength(bytes: Buffer, place: number): Length {
  const octets = [1, 2, 4][(bytes[place] ?? 0) & 0x03];
  if (octets === undefined || place + 1 + octets > bytes.length) throw new Error(wanted);
  return { length: bytes.readUIntBE(place + 1, octets), next: place + 1 + octets };
}
