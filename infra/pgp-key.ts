import type { AlgorithmInfo, AnyPacket, Key, SignaturePacket, Subkey } from "openpgp";

/** What is taken of the public PGP key of a person: what it takes to encrypt to it, and nothing else. */
export interface PgpKey {
  /** Fingerprint in capitals, 40 hexadecimal digits. */
  fingerprint: string;
  /** The primary key, a name and the key that is encrypted to, binary, in base64. */
  binary: string;
  /** When it ends, in the form of ISO 8601. @default - never */
  expires?: string;
}

const wanted =
  "must be a public PGP key as gpg --export --armor writes it, of version 4, with a key for encryption";
const privateKey = "must be a public key: this is a private one, which nobody should use any more";

/** As strong as 128 bits: NIST SP 800-57 part 1, section 5.6.1. */
const leastRsaBits = 3072;

/** Longest key that is taken, in bytes: the certificates of strangers have no place in a stack file. */
const mostBytes = 8192;

/** Only who reads a key waits for the library, which is as large as the rest of a plan. */
const library = () => require("openpgp") as typeof import("openpgp");

/** In place of a day: no key has ended, so that a plan says the same on each day. Some types of the library leave it out. */
const noDay = null as unknown as Date;

/** What is wrong with the form of an armored public key, which continues "the key …". Its signatures are another matter. */
export function armorFault(armored: string): string | undefined {
  try {
    unarmored(armored);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * Reads an armored public key, verifies its signatures and takes of it what Vault shall encrypt to. Throws an error whose
 * message continues "the key …" and quotes nothing of the key.
 */
export async function readPgpKey(armored: string): Promise<PgpKey> {
  const key = await parsed(unarmored(armored));
  if (key.revocationSignatures.length > 0) throw new Error("must not be revoked");
  const { user, selfCertification } = await key.getPrimaryUser(noDay).catch(refused);
  if (!user.userID) throw new Error(wanted);
  requireStrength("primary key", key.getAlgorithmInfo());
  const { encrypts, binding, ends } = await recipientOf(key, selfCertification);

  const { PacketList } = library();
  const taken = new PacketList<AnyPacket>();
  taken.push(key.keyPacket, user.userID, selfCertification);
  if (binding) taken.push(encrypts.keyPacket, binding);
  return {
    fingerprint: key.getFingerprint().toUpperCase(),
    binary: Buffer.from(taken.write()).toString("base64"),
    ...(ends < Infinity && { expires: new Date(ends).toISOString() }),
  };
}

function refused(): never {
  throw new Error(wanted);
}

/** Reads the packets of one key: RFC 9580, section 10.1.1. */
async function parsed(bytes: Buffer): Promise<Key> {
  const pgp = library();
  const { PublicKeyPacket, PublicSubkeyPacket, SecretKeyPacket, SecretSubkeyPacket } = pgp;
  const known = [
    PublicKeyPacket,
    PublicSubkeyPacket,
    SecretKeyPacket,
    SecretSubkeyPacket,
    pgp.UserIDPacket,
    pgp.UserAttributePacket,
    pgp.SignaturePacket,
  ];
  const byTag = Object.fromEntries(known.map((one) => [one.tag, one]));
  type Known = Parameters<typeof pgp.PacketList.fromBinary>[1];
  const packets = await pgp.PacketList.fromBinary(bytes, byTag as unknown as Known).catch(refused);
  const tags = packets.map((packet) =>
    packet instanceof pgp.UnparseablePacket
      ? packet.tag
      : (packet.constructor as typeof PublicKeyPacket).tag,
  );
  const count = (...of: number[]) => tags.filter((tag) => of.includes(tag)).length;
  if (count(SecretKeyPacket.tag, SecretSubkeyPacket.tag) > 0) throw new Error(privateKey);
  if (count(PublicKeyPacket.tag) > 1) throw new Error("must be one public key, got several");
  const [primary] = packets;
  // Vault reads keys of version 6 as well, GnuPG does not.
  if (!(primary instanceof PublicKeyPacket) || primary.version !== 4) throw new Error(wanted);
  return new pgp.PublicKey(packets);
}

/** A key that others may encrypt to. */
interface Recipient {
  encrypts: Key | Subkey;
  /** What binds a subkey to its primary key. */
  binding?: SignaturePacket;
  /** When it ends, in milliseconds of the epoch. */
  ends: number;
}

/**
 * The key that others shall encrypt to: of the strong ones that which lasts longest, of several the newest subkey. Vault
 * gets no other one, as it would take the newest that has not ended, whatever its strength
 * (github.com/ProtonMail/go-crypto v1.2.0, openpgp/keys.go, EncryptionKey).
 */
async function recipientOf(key: Key, own: SignaturePacket): Promise<Recipient> {
  const ends = Number((await key.getExpirationTime()) ?? 0);
  const subkeys = await Promise.all(key.subkeys.map((subkey) => bound(subkey, ends)));
  const all: Recipient[] = subkeys
    .flatMap((one) => one ?? [])
    .toSorted((a, b) => created(b) - created(a));
  if (isForEncryption(own)) all.push({ encrypts: key, ends });
  const able = all.filter(({ encrypts }) => encrypting.has(encrypts.getAlgorithmInfo().algorithm));
  const [newest] = able;
  if (!newest) throw new Error(`${wanted}; nobody can encrypt to this one`);
  const [best = newest] = able
    .filter(({ encrypts }) => isStrong(encrypts.getAlgorithmInfo()))
    .toSorted((a, b) => (a.ends === b.ends ? 0 : b.ends - a.ends));
  requireStrength("key for encryption", best.encrypts.getAlgorithmInfo());
  return best;
}

/** A subkey, unless it is revoked, not bound to its primary key or not for encryption. */
async function bound(subkey: Subkey, most: number): Promise<Recipient | undefined> {
  if (subkey.revocationSignatures.length > 0) return undefined;
  const binding = await subkey.verify(noDay).catch(() => undefined);
  if (!binding || !isForEncryption(binding)) return undefined;
  const ends = Number((await subkey.getExpirationTime(noDay)) ?? 0);
  return { encrypts: subkey, binding, ends: Math.min(ends, most) };
}

function created({ encrypts }: Recipient): number {
  return encrypts.getCreationTime().getTime();
}

/** Vault takes no key that is for encrypting what is stored alone. */
function isForEncryption({ keyFlags }: SignaturePacket): boolean {
  return ((keyFlags?.[0] ?? 0) & library().enums.keyFlags.encryptCommunication) !== 0;
}

/** Algorithms that encrypt: RFC 9580, section 9.1. */
const encrypting = new Set(["rsaEncryptSign", "rsaEncrypt", "elgamal", "ecdh", "x25519", "x448"]);

function isStrong({ algorithm, bits = 0, curve }: AlgorithmInfo): boolean {
  if (algorithm.startsWith("rsa")) return bits >= leastRsaBits;
  // NIST and the RFC have none of 128 bits that they advise against but this one, which is for coins.
  return algorithm !== "dsa" && algorithm !== "elgamal" && curve !== "secp256k1";
}

function requireStrength(part: string, info: AlgorithmInfo): void {
  if (isStrong(info)) return;
  const { algorithm, bits, curve } = info;
  const name = algorithm.startsWith("rsa") ? "RSA" : algorithm.toUpperCase();
  const size = curve ?? `${bits ?? 0} bits`;
  throw new Error(
    `must have RSA of at least ${leastRsaBits} bits or an elliptic curve of OpenPGP, its ${part} is ${name} of ${size}`,
  );
}

/** RFC 9580, section 6: headers end with an empty line; the checksum is optional, and the library leaves it aside. */
function unarmored(text: string): Buffer {
  if (isPrivate(text)) throw new Error(privateKey);
  if (text.split("-----BEGIN ").length > 2) throw new Error("must be one public key, got several");
  const [, written = "", checksum] =
    /^-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[A-Za-z]+: .*\r?\n)*\r?\n([A-Za-z0-9+/=\r\n]+?)(?:\r?\n=([A-Za-z0-9+/]{4}))?\r?\n-----END PGP PUBLIC KEY BLOCK-----$/.exec(
      text.trim(),
    ) ?? [];
  const base64 = written.replaceAll(/\s/g, "");
  const bytes = Buffer.from(base64, "base64");
  if (base64 === "" || bytes.toString("base64") !== base64) throw new Error(wanted);
  if (checksum !== undefined && Buffer.from(checksum, "base64").readUIntBE(0, 3) !== crc24(bytes)) {
    throw new Error("must be whole: its checksum says that it was changed or cut");
  }
  if (bytes.length > mostBytes) {
    throw new Error(
      `must be at most ${mostBytes} bytes, got ${bytes.length}: export it with --export-options export-minimal`,
    );
  }
  return bytes;
}

/** RFC 9580, section 6.1.1. */
function crc24(bytes: Buffer): number {
  let sum = 0xb704ce;
  for (const byte of bytes) {
    sum ^= byte << 16;
    for (let bit = 0; bit < 8; bit++) sum = (sum << 1) ^ (sum & 0x800000 ? 0x1864cfb : 0);
  }
  return sum;
}

/** Shorter than any private key. */
const fewestPrivateBytes = 64;

/** True for a private key, also under the wrong armor or without one: it must be said that others may have it. */
function isPrivate(text: string): boolean {
  if (text.includes("PRIVATE KEY")) return true;
  const body = text.replaceAll(/^(?:-----.*|[A-Za-z]+: .*)$/gm, "");
  const bytes = Buffer.from(body, "base64");
  // The kind of the first packet: RFC 9580, section 4.2.
  const [head = 0] = bytes;
  const kind = (head & 0x40) === 0 ? (head & 0x3c) >> 2 : head & 0x3f;
  return bytes.length >= fewestPrivateBytes && (head & 0x80) !== 0 && (kind === 5 || kind === 7);
}
