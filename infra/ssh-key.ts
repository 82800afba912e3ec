import { decodePoint, isOfSmallOrder } from "./ed25519";

/** A public key of a person, read from the line that OpenSSH writes into a `.pub` file. */
export interface PublicKey {
  /** Name of the algorithm. */
  type: string;
  /** The key in wire format, base64: the same for the same key, whatever comment it has. */
  blob: string;
}

const leastRsaBits = 4096;
/** The server takes no larger ones: SSHBUF_MAX_BIGNUM of github.com/openssh/openssh-portable, sshbuf.h. */
const mostRsaBits = 16_384;

const wanted =
  "must be one line of a .pub file with an Ed25519 key, of a security key or not, or an RSA key of at least 4096 bits";
const broken = `${wanted}; its parts do not make a key of its type`;

/** The key type whose private half cannot leave a security key: PROTOCOL.u2f of github.com/openssh/openssh-portable. */
export const securityKeyType = "sk-ssh-ed25519@openssh.com";

/**
 * Reads a public key and what it says of itself. Throws an error whose message continues "the key …". The parser is
 * our own: sshpk 1.18 refuses keys of security keys, and what is needed of the format is small (RFC 4251, section 5;
 * RFC 4253, section 6.6; RFC 8709, section 4).
 */
export function readPublicKey(line: string): PublicKey {
  const match = /^(\S+) ([A-Za-z0-9+/]+={0,2})( [^\r\n']*)?$/.exec(line.trim());
  if (line.includes("PRIVATE KEY")) {
    throw new Error(
      "must be a public key: this is a private one, which nobody should use any more",
    );
  }
  if (!match) throw new Error(wanted);
  const [, type = "", blob = ""] = match;
  const bytes = Buffer.from(blob, "base64");
  if (bytes.toString("base64") !== blob) throw new Error(wanted);
  const fields = fieldsOf(bytes);
  const own = fields?.shift()?.toString("latin1");
  if (!fields || own !== type) throw new Error(broken);
  const fault = faultOf(type, fields);
  if (fault) throw new Error(fault);
  return { type, blob };
}

/** The length-prefixed fields that the bytes consist of, or nothing when they do not add up. */
function fieldsOf(bytes: Buffer): Buffer[] | undefined {
  const fields: Buffer[] = [];
  let place = 0;
  while (place < bytes.length) {
    if (place + 4 > bytes.length) return undefined;
    const end = place + 4 + bytes.readUInt32BE(place);
    if (end > bytes.length) return undefined;
    fields.push(bytes.subarray(place + 4, end));
    place = end;
  }
  return fields;
}

function faultOf(type: string, fields: Buffer[]): string | undefined {
  switch (type) {
    case "ssh-ed25519":
      return fields.length === 1 ? pointFault(fields[0]) : broken;
    case securityKeyType:
      return fields.length === 2 && isApplication(fields[1]) ? pointFault(fields[0]) : broken;
    case "ssh-rsa":
      return rsaFault(fields);
    default:
      return `${wanted}, and not ${type}`;
  }
}

function pointFault(field: Buffer | undefined): string | undefined {
  const point = field && decodePoint(field);
  if (!point) return broken;
  return isOfSmallOrder(point)
    ? "must not be a point of small order, for which anybody can sign"
    : undefined;
}

/** FIDO keys are bound to an application; those for SSH start like this. */
function isApplication(field: Buffer | undefined): boolean {
  return field?.toString("latin1").startsWith("ssh:") ?? false;
}

function rsaFault(fields: Buffer[]): string | undefined {
  const [exponent, modulus] = fields.map(positive);
  if (fields.length !== 2 || !exponent || !modulus) return broken;
  const bits = modulus.toString(2).length;
  if (bits < leastRsaBits)
    return `must have at least ${leastRsaBits} bits, this RSA key has ${bits}`;
  if (bits > mostRsaBits) return `must have at most ${mostRsaBits} bits, this RSA key has ${bits}`;
  // FIPS 186-5, section A.1.1: odd, above 2^16 and below 2^256.
  const isOdd = (value: bigint) => value % 2n === 1n;
  if (!isOdd(modulus) || !isOdd(exponent) || exponent <= 65_536n || exponent >= 2n ** 256n) {
    return `must have an odd modulus and an odd exponent from 65537, this RSA key has the exponent ${exponent}`;
  }
  return undefined;
}

/** A positive number in the shortest form, or nothing. */
function positive(field: Buffer): bigint | undefined {
  const [first = 0, second = 0] = field;
  const isShortest = first !== 0 || second >= 0x80;
  if (field.length === 0 || first >= 0x80 || !isShortest) return undefined;
  return BigInt(`0x${field.toString("hex")}`);
}
