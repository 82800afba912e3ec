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

const point = (fill: number) => Buffer.alloc(32, fill);

export const ed25519 = (fill = 1) => publicKey("ssh-ed25519", point(fill));
export const securityKey = (fill = 1) =>
  publicKey("sk-ssh-ed25519@openssh.com", point(fill), "ssh:");

/** An odd number of so many bits, with the sign that the format asks for. */
export function odd(bits: number): Buffer {
  const hex = ((1n << BigInt(bits - 1)) + 1n).toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
}

export const usualExponent = Buffer.from("010001", "hex");
export const rsa = (bits: number, exponent = usualExponent) =>
  publicKey("ssh-rsa", exponent, odd(bits));
