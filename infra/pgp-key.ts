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
const tag = {
  signature: 2,
  secretKey: 5,
  publicKey: 6,
  secretSubkey: 7,
  userId: 13,
  publicSubkey: 14,
};

/** Kinds of signatures and of what they hold: RFC 9580, sections 5.2.1 and 5.2.3.7. */
const revocations = [0x20, 0x28];
const subkeyBinding = 0x18;
const keyFlags = 27;
const forEncryption = 0x04 | 0x08;

/** Algorithms that encrypt, as GnuPG makes keys of today: RSA and ECDH. RFC 9580, section 9.1. */
const rsa = new Set([1, 2]);
const ecdh = 18;

/** As strong as 128 bits: NIST SP 800-57 part 1, section 5.6.1. */
const leastRsaBits = 3072;

/** Longest key that is taken, in bytes: the certificates of strangers have no place in a stack file. */
const mostBytes = 8192;

/**
 * Reads an armored public key. Throws an error whose message continues "the key …". Vault looks at the signatures inside
 * and at the day on which a key expires, when it encrypts to the key: this program knows no day.
 */
export function readPgpKey(armored: string): PgpKey {
  try {
    return parsed(armored);
  } catch (error) {
    // A length that leads out of the key.
    throw error instanceof RangeError ? new Error(wanted) : error;
  }
}

function parsed(armored: string): PgpKey {
  if (armored.includes("PRIVATE KEY BLOCK")) {
    throw new Error(
      "must be a public key: this is a private one, which nobody should use any more",
    );
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
  const keys = encryptionKeys(packets);
  if (keys.length === 0) throw new Error(`${wanted}; nobody can encrypt to this one`);
  const [fault] = keys.flatMap((key) => weakness(key) ?? []);
  if (fault !== undefined) throw new Error(fault);
  return { fingerprint: fingerprintOf(primary.body), binary: bytes.toString("base64") };
}

interface Packet {
  tag: number;
  body: Buffer;
}

/** The keys that others encrypt to: subkeys that are bound for it, and the primary key if it is for it. */
function encryptionKeys(packets: Packet[]): Buffer[] {
  const starts = packets.flatMap((packet, i) =>
    packet.tag === tag.publicKey || packet.tag === tag.publicSubkey ? [{ packet, i }] : [],
  );
  return starts.flatMap(({ packet: key, i: start }, index) => {
    const signatures = packets
      .slice(start + 1, starts[index + 1]?.i)
      .filter((one) => one.tag === tag.signature);
    const isRevoked = signatures.some((one) => revocations.includes(one.body[1] ?? 0));
    const binding =
      key.tag === tag.publicSubkey
        ? signatures.filter((one) => isSignature(one, subkeyBinding))
        : signatures;
    const isForIt = binding.some(
      (one) => ((subpacket(one.body, keyFlags)?.[0] ?? 0) & forEncryption) !== 0,
    );
    return isForIt && !isRevoked ? [key.body] : [];
  });
}

/** The parts of a key follow its version, the time of its creation and its algorithm: RFC 9580, section 5.5.2.2. */
const algorithmPlace = 5;

function weakness(key: Buffer): string | undefined {
  const algorithm = key[algorithmPlace] ?? 0;
  if (algorithm === ecdh) return undefined;
  if (!rsa.has(algorithm)) return `${wanted}, by RSA or ECDH`;
  // An integer starts with its length in bits: section 3.2.
  const bits = key.readUInt16BE(algorithmPlace + 1);
  return bits >= leastRsaBits
    ? undefined
    : `must encrypt with at least ${leastRsaBits} bits, this RSA key has ${bits}`;
}

function isSignature({ tag: of, body }: Packet, kind: number): boolean {
  return of === tag.signature && body[0] === 4 && body[1] === kind;
}

/** The contents of a hashed subpacket of a signature of version 4. */
function subpacket(body: Buffer, kind: number): Buffer | undefined {
  const end = 6 + body.readUInt16BE(4);
  for (let place = 6; place < end;) {
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
  for (let place = 0; place < bytes.length;) {
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
