import { createPrivateKey, createPublicKey } from "node:crypto";

/** A field of OpenSSH's wire format: its length and its bytes (RFC 4251, section 5). */
function field(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** A line of a `.pub` file from the fields after the type. */
export function publicKey(type: string, ...fields: (string | Buffer)[]): string {
  return `${type} ${Buffer.concat([type, ...fields].map(field)).toString("base64")}`;
}

/** Before the seed in the PKCS #8 form of a private key: RFC 8410, section 10.3. */
const beforeTheSeed = Buffer.from("302e020100300506032b657004220420", "hex");

/** The point of the private key whose 32 bytes are all the same. */
export function pointOf(seed: number): Buffer {
  const key = createPrivateKey({
    key: Buffer.concat([beforeTheSeed, Buffer.alloc(32, seed)]),
    format: "der",
    type: "pkcs8",
  });
  const { x = "" } = createPublicKey(key).export({ format: "jwk" });
  return Buffer.from(x, "base64url");
}

export const ed25519 = (seed = 1) => publicKey("ssh-ed25519", pointOf(seed));
export const securityKey = (seed = 1) =>
  publicKey("sk-ssh-ed25519@openssh.com", pointOf(seed), "ssh:");

/** An odd number of so many bits, with the sign that the format asks for. */
export function odd(bits: number): Buffer {
  const hex = ((1n << BigInt(bits - 1)) + 1n).toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
}

export const usualExponent = Buffer.from("010001", "hex");
export const rsa = (bits: number, exponent = usualExponent) =>
  publicKey("ssh-rsa", exponent, odd(bits));
