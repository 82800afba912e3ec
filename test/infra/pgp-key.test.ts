import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readPgpKey } from "../../infra/pgp-key";

const armored = (name: string) => readFileSync(join(__dirname, "pgp-keys", `${name}.asc`), "utf8");

/** What is wrong with a key, or nothing. */
function faultOf(text: string): string | undefined {
  try {
    readPgpKey(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const wanted =
  "must be a public PGP key as gpg --export --armor writes it, of version 4, with a key for encryption";

/** The same armor around other bytes. */
function changed(name: string, change: (bytes: Buffer) => Buffer): string {
  const body = armored(name)
    .split("\n\n")[1]!
    .replace(/\n=[^\n]*\n-----[^]*/, "");
  const bytes = change(Buffer.from(body, "base64"));
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${lines.join("\n")}\n-----END PGP PUBLIC KEY BLOCK-----\n`;
}

describe("readPgpKey", () => {
  // As `gpg --show-keys` says.
  it.each([
    ["alice", "8AC2F4993AC360A24E95E8B40715F00D4F39D89F"],
    ["bruno", "C82A628991D6C63F56FF39C03761B31A6973AC27"],
    ["rsa-3072", "92CD18D4903726EB6EC00904E6D37CBD4347637A"],
  ])("takes %s", (name, fingerprint) => {
    const key = readPgpKey(armored(name));
    expect(key.fingerprint).toBe(fingerprint);
    const body = armored(name).replace(/-----[^-]*-----|\n=.{4}\n|\s/g, "");
    expect(key.binary).toBe(body);
  });

  it("takes the same key without its checksum, and with the line ends of Windows", () => {
    const { fingerprint } = readPgpKey(armored("alice"));
    const whole = changed("alice", (bytes) => bytes);
    expect(readPgpKey(whole).fingerprint).toBe(fingerprint);
    expect(readPgpKey(armored("alice").replaceAll("\n", "\r\n")).fingerprint).toBe(fingerprint);
  });

  it.each([
    ["nothing", ""],
    ["a fingerprint", "8AC2F4993AC360A24E95E8B40715F00D4F39D89F"],
    ["half a key", changed("alice", (bytes) => bytes.subarray(0, bytes.length / 2))],
    ["a length that leads out", changed("alice", (bytes) => bytes.fill(0xff, 1, 2))],
    ["bytes of no packet", changed("alice", () => Buffer.alloc(64, 1))],
    ["an empty block", changed("alice", () => Buffer.alloc(0))],
  ])("fails %s", (_what, text) => {
    expect(faultOf(text)).toBe(wanted);
  });

  it.each([
    [
      "a private key",
      armored("alice").replaceAll("PUBLIC", "PRIVATE"),
      "must be a public key: this is a private one, which nobody should use any more",
    ],
    ["two keys", armored("two"), "must be one public key, got several"],
    ["a revoked key", armored("revoked"), "must not be revoked"],
    ["a key that signs only", armored("sign-only"), `${wanted}; nobody can encrypt to this one`],
    [
      "a weak key",
      armored("rsa-2048"),
      "must encrypt with at least 3072 bits, this RSA key has 2048",
    ],
    [
      "more than a key",
      changed("alice", (bytes) => Buffer.concat([bytes, Buffer.alloc(8192)])),
      "must be at most 8192 bytes, got 8590: export it with --export-options export-minimal",
    ],
  ])("fails %s", (_what, text, fault) => {
    expect(faultOf(text)).toBe(fault);
  });

  it("ends with an answer whatever byte is spoilt", () => {
    const { length } = Buffer.from(readPgpKey(armored("alice")).binary, "base64");
    for (let place = 0; place < length; place++) {
      for (const value of [0x00, 0x7f, 0xff]) {
        const spoilt = changed("alice", (bytes) => bytes.fill(value, place, place + 1));
        expect(faultOf(spoilt) ?? "must").toMatch(/^must/);
      }
    }
  });
});
