import { readFileSync } from "node:fs";
import { join } from "node:path";
import { generateKey, readKey } from "openpgp";
import { armorFault, readPgpKey } from "../../infra/pgp-key";

const armored = (name: string) => readFileSync(join(__dirname, "pgp-keys", `${name}.asc`), "utf8");

/** What is wrong with a key, or nothing. */
async function faultOf(text: string): Promise<string | undefined> {
  try {
    await readPgpKey(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const wanted =
  "must be a public PGP key as gpg --export --armor writes it, of version 4, with a key for encryption";
const weak = "must have RSA of at least 3072 bits or an elliptic curve of OpenPGP, its";
const privateKey = "must be a public key: this is a private one, which nobody should use any more";
const spoilt = "must be whole: its checksum says that it was changed or cut";

/** The base64 of a block, with its lines. */
const bodyOf = (name: string) => /\n\n([^]*?)\n=/.exec(armored(name))?.[1] ?? "";

/** Armor around bytes, without a checksum. */
function around(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${lines.join("\n")}\n-----END PGP PUBLIC KEY BLOCK-----\n`;
}

const changed = (name: string, change: (bytes: Buffer) => Buffer) =>
  around(change(Buffer.from(bodyOf(name), "base64")));

/** A text with another character in each place of a part of it, one after the other. */
function flipped(text: string, part: string): string[] {
  const start = text.indexOf(part);
  return part
    .split("")
    .flatMap((character, i) =>
      /[A-Za-z0-9+/]/.test(character)
        ? [
            `${text.slice(0, start + i)}${character === "A" ? "B" : "A"}${text.slice(start + i + 1)}`,
          ]
        : [],
    );
}

/** Key and subkeys of what Vault gets. */
async function takenOf(name: string): Promise<string[]> {
  const { binary } = await readPgpKey(armored(name));
  const key = await readKey({ binaryKey: Buffer.from(binary, "base64") });
  return [key, ...key.subkeys].map((one) => one.getFingerprint().toUpperCase());
}

describe("readPgpKey", () => {
  // As `gpg --show-keys --with-subkey-fingerprint` says.
  it.each([
    ["alice", "8AC2F4993AC360A24E95E8B40715F00D4F39D89F", undefined],
    ["bruno", "C82A628991D6C63F56FF39C03761B31A6973AC27", undefined],
    ["rsa-3072", "92CD18D4903726EB6EC00904E6D37CBD4347637A", undefined],
    ["primary-only", "16C650CEB7210CAF1A94E73198A50FD7646CAC09", undefined],
    ["ending", "02F4F86DFFFFCFF3E4D5FC1200ACC5ED438E0122", "2045-12-27T00:00:00.000Z"],
    ["expired", "DEF8C014914C407289F55D4FB43637D8684555FD", "2020-06-29T00:00:00.000Z"],
  ])("takes %s, and when it ends", async (name, fingerprint, expires) => {
    const key = await readPgpKey(armored(name));
    expect([key.fingerprint, key.expires]).toEqual([fingerprint, expires]);
  });

  it("takes the strong subkey that lasts longest, beside a weak one and one that has ended", async () => {
    const all = await readKey({ armoredKey: armored("renewed") });
    expect(all.subkeys).toHaveLength(3);
    expect(await takenOf("renewed")).toEqual([
      "75789FB0944F9C23258D4743765D198FBA400964",
      "AD691C78E3AB6C750858F4F072D320964694EA5A",
    ]);
    expect(await readPgpKey(armored("renewed"))).not.toHaveProperty("expires");
  });

  it("takes a primary key that encrypts where there is no subkey", async () => {
    expect(await takenOf("primary-only")).toEqual(["16C650CEB7210CAF1A94E73198A50FD7646CAC09"]);
  });

  it("says the same whatever day it is", async () => {
    jest.useFakeTimers({ now: new Date("1999-01-01"), doNotFake: ["nextTick", "setImmediate"] });
    try {
      await expect(faultOf(armored("alice"))).resolves.toBeUndefined();
    } finally {
      jest.useRealTimers();
    }
  });

  it("takes the same key without its checksum, and with the line ends of Windows", async () => {
    const key = await readPgpKey(armored("alice"));
    expect(await readPgpKey(changed("alice", (bytes) => bytes))).toEqual(key);
    expect(await readPgpKey(armored("alice").replaceAll("\n", "\r\n"))).toEqual(key);
  });

  it.each([
    ["nothing", ""],
    ["a fingerprint", "8AC2F4993AC360A24E95E8B40715F00D4F39D89F"],
    ["half a key", changed("alice", (bytes) => bytes.subarray(0, bytes.length / 2))],
    ["a length that leads out", changed("alice", (bytes) => bytes.fill(0xff, 1, 2))],
    ["bytes of no packet", changed("alice", () => Buffer.alloc(64, 1))],
    ["an empty block", around(Buffer.alloc(0))],
    ["text before a block", `This is my key:\n${armored("alice")}`],
    ["text after a block", `${armored("alice")}Yours, Alice\n`],
  ])("fails %s", async (_what, text) => {
    expect(await faultOf(text)).toBe(wanted);
  });

  it.each([
    ["two keys", armored("two"), "must be one public key, got several"],
    ["two blocks", armored("alice") + armored("bruno"), "must be one public key, got several"],
    ["a revoked key", armored("revoked"), "must not be revoked"],
    ["a key that signs only", armored("sign-only"), `${wanted}; nobody can encrypt to this one`],
    [
      "a key whose subkey is revoked",
      armored("subkey-revoked"),
      `${wanted}; nobody can encrypt to this one`,
    ],
    ["short RSA", armored("rsa-2048"), `${weak} primary key is RSA of 2048 bits`],
    ["DSA", armored("dsa"), `${weak} primary key is DSA of 2048 bits`],
    ["ElGamal", armored("elgamal"), `${weak} key for encryption is ELGAMAL of 3072 bits`],
    ["a curve for coins", armored("secp256k1"), `${weak} key for encryption is ECDH of secp256k1`],
    [
      "more than a key",
      changed("alice", (bytes) => Buffer.concat([bytes, Buffer.alloc(8192)])),
      "must be at most 8192 bytes, got 8590: export it with --export-options export-minimal",
    ],
  ])("fails %s", async (_what, text, fault) => {
    expect(await faultOf(text)).toBe(fault);
  });

  it.each(["alice", "rsa-3072"])("fails %s with one wrong character", (name) => {
    const text = armored(name);
    const sum = /\n=(.{4})\n/.exec(text)?.[1] ?? "";
    const wrong = [
      ...flipped(text, bodyOf(name)),
      ...flipped(text, `=${sum}\n-----END`.slice(0, 5)),
    ];
    expect(wrong.length).toBeGreaterThan(500);
    expect(new Set(wrong.map(armorFault))).toEqual(new Set([spoilt]));
  });

  it("fails one wrong character also where no checksum tells of it", async () => {
    const whole = changed("alice", (bytes) => bytes);
    const faults = await Promise.all(flipped(whole, bodyOf("alice")).map(faultOf));
    expect(faults.filter((fault) => fault === undefined)).toEqual([]);
  });

  describe("of a private key", () => {
    let secret = "";
    let bytes = Buffer.alloc(0);
    beforeAll(async () => {
      const { privateKey: made } = await generateKey({
        type: "ecc",
        userIDs: [{ name: "alice" }],
      });
      secret = made;
      bytes = Buffer.from(/\n\n([^]*?)\n=/.exec(made)?.[1] ?? "", "base64");
    });

    it("fails it in its armor, in that of a public one and in none", async () => {
      const body = bytes.toString("base64");
      expect(body.length).toBeGreaterThan(400);
      const lines = (body.match(/.{1,64}/g) ?? []).join("\n");
      const texts = [secret, `${armored("alice")}${secret}`, around(bytes), body, lines];
      const faults = await Promise.all(texts.map(faultOf));
      expect(faults).toEqual(texts.map(() => privateKey));
    });

    it("fails a secret packet behind a public key, also one that nobody can read", async () => {
      const secretSubkey = Buffer.from([0xc7, 0x04, 0x04, 0x00, 0x00, 0x63]);
      const behind = changed("alice", (key) => Buffer.concat([key, bytes]));
      const broken = changed("alice", (key) => Buffer.concat([key, secretSubkey]));
      expect(await faultOf(behind)).toBe(privateKey);
      expect(await faultOf(broken)).toBe(privateKey);
    });
  });
});
