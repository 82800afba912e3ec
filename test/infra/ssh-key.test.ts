import { generateKeyPairSync } from "node:crypto";
import { readPublicKey } from "../../infra/ssh-key";
import {
  ed25519,
  odd,
  pointOf,
  publicKey,
  rsa,
  securityKey,
  usualExponent,
} from "../support/public-keys";

/** What is wrong with a line, or nothing. */
function faultOf(line: string): string | undefined {
  try {
    readPublicKey(line);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const wanted =
  "must be one line of a .pub file with an Ed25519 key, of a security key or not, or an RSA key of at least 4096 bits";
const broken = `${wanted}; its parts do not make a key of its type`;
const smallOrder = "must not be a point of small order, for which anybody can sign";
const point = pointOf(1);
/** y = 1: of order 1. With y = 2 there is no point. */
const neutral = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]);
const offTheCurve = Buffer.concat([Buffer.from([2]), Buffer.alloc(31)]);
const inSecurityKey = (bytes: Buffer) => publicKey("sk-ssh-ed25519@openssh.com", bytes, "ssh:");

describe("readPublicKey", () => {
  it.each([
    ["Ed25519", ed25519()],
    ["Ed25519 with a comment", `${ed25519()} alice@laptop of hers`],
    ["Ed25519 of a security key", securityKey()],
    ["RSA of 4096 bits", rsa(4096)],
    ["RSA of 16384 bits", rsa(16_384)],
  ])("takes %s [M6]", (_what, line) => {
    expect(faultOf(line)).toBeUndefined();
    expect(readPublicKey(line)).toEqual({
      type: line.split(" ")[0],
      blob: line.split(" ")[1],
    });
  });

  it("takes keys as Node makes them", () => {
    const { x = "" } = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
    expect(faultOf(publicKey("ssh-ed25519", Buffer.from(x, "base64url")))).toBeUndefined();
    const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const { e = "", n = "" } = pair.publicKey.export({ format: "jwk" });
    const modulus = Buffer.concat([Buffer.alloc(1), Buffer.from(n, "base64url")]);
    expect(faultOf(publicKey("ssh-rsa", Buffer.from(e, "base64url"), modulus))).toBe(
      "must have at least 4096 bits, this RSA key has 2048",
    );
  });

  it.each([
    ["nothing", "", wanted],
    ["a name", "alice", wanted],
    ["a type alone", "ssh-ed25519", wanted],
    ["options before the key", `no-pty ${ed25519()}`, wanted],
    ["two lines", `${ed25519()} a\n${ed25519(2)} b`, wanted],
    ["a quote in the comment", `${ed25519()} '; reboot`, wanted],
    ["bits beyond the end of base64", "ssh-ed25519 AAB=", wanted],
    ["base64 of no key", "ssh-ed25519 AAAA", broken],
    ["a key cut short", ed25519().slice(0, -8), broken],
    ["another type inside", ed25519().replace("ssh-ed25519", "ssh-rsa"), broken],
    ["a point of 31 bytes", publicKey("ssh-ed25519", point.subarray(1)), broken],
    ["a point of zeros", publicKey("ssh-ed25519", Buffer.alloc(32)), smallOrder],
    ["the neutral point", publicKey("ssh-ed25519", neutral), smallOrder],
    ["the neutral point in a security key", inSecurityKey(neutral), smallOrder],
    ["another form of a point", publicKey("ssh-ed25519", Buffer.alloc(32, 255)), broken],
    ["what is not on the curve", publicKey("ssh-ed25519", offTheCurve), broken],
    ["what is not on the curve in a security key", inSecurityKey(offTheCurve), broken],
    ["a field too many", publicKey("ssh-ed25519", point, "more"), broken],
    [
      "a security key for a web site",
      publicKey("sk-ssh-ed25519@openssh.com", point, "example.com"),
      broken,
    ],
    ["a curve of NIST", publicKey("ecdsa-sha2-nistp256", "nistp256", point), undefined],
    ["DSA", publicKey("ssh-dss", odd(1024)), undefined],
    ["a certificate", publicKey("ssh-ed25519-cert-v01@openssh.com", point), undefined],
    ["RSA of 4095 bits", rsa(4095), "must have at least 4096 bits, this RSA key has 4095"],
    ["RSA of 16385 bits", rsa(16_385), "must have at most 16384 bits, this RSA key has 16385"],
    [
      "RSA with the exponent 3",
      rsa(4096, Buffer.from([3])),
      "must have an odd modulus and an odd exponent from 65537, this RSA key has the exponent 3",
    ],
    [
      "RSA with an even exponent",
      rsa(4096, Buffer.from("010002", "hex")),
      "must have an odd modulus and an odd exponent from 65537, this RSA key has the exponent 65538",
    ],
    ["a negative modulus", publicKey("ssh-rsa", usualExponent, odd(4096).subarray(1)), broken],
    [
      "a modulus with zeros before it",
      publicKey("ssh-rsa", usualExponent, Buffer.concat([Buffer.alloc(1), odd(4097)])),
      broken,
    ],
    [
      "a private key",
      "-----BEGIN OPENSSH PRIVATE KEY-----",
      "must be a public key: this is a private one, which nobody should use any more",
    ],
  ])("refuses %s [M6]", (_what, line, expected) => {
    expect(faultOf(line)).toBe(expected ?? `${wanted}, and not ${line.split(" ")[0] ?? ""}`);
  });
});
