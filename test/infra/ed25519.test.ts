import { generateKeyPairSync } from "node:crypto";
import { decodePoint, isOfSmallOrder } from "../../infra/ed25519";

const p = 2n ** 255n - 19n;
const signBit = 2n ** 255n;

function encoded(value: bigint): Buffer {
  return Buffer.from([...Buffer.from(value.toString(16).padStart(64, "0"), "hex")].toReversed());
}

/** The two of order 8: cr.yp.to/ecdh.html lists their images on Curve25519, and eight times each is the neutral element. */
const ofOrderEight = [
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
].map((hex) => Buffer.from(hex, "hex"));

const withSign = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, 31), Buffer.from([(bytes[31] ?? 0) | 0x80])]);

describe("decodePoint", () => {
  it("finds the base point by its encoding", () => {
    // RFC 8032, section 5.1, table 1.
    expect(decodePoint(Buffer.concat([Buffer.from([0x58]), Buffer.alloc(31, 0x66)]))).toEqual({
      x: 15112221349535400772501151409588531511454012693041857206046113283949847762202n,
      y: 46316835694926478169428394003475163141307993866256225615783033603165251855960n,
    });
  });

  // RFC 8032, section 7.1, TEST 1 to 3.
  it.each([
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
  ])("takes %s, which is not of small order", (hex) => {
    const point = decodePoint(Buffer.from(hex, "hex"));
    expect(point && isOfSmallOrder(point)).toBe(false);
  });

  it("takes every key that Node makes", () => {
    for (let i = 0; i < 20; i++) {
      const { x = "" } = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
      const point = decodePoint(Buffer.from(x, "base64url"));
      expect(point && isOfSmallOrder(point)).toBe(false);
    }
  });

  it.each([
    ["31 bytes", Buffer.alloc(31, 1)],
    ["33 bytes", Buffer.alloc(33, 1)],
    ["y = 2, for which there is no x", encoded(2n)],
    ["y = 7, for which there is no x", encoded(7n)],
    ["y = p, another form of 0", encoded(p)],
    ["y = p with the sign", encoded(p + signBit)],
    ["y = p + 1, another form of 1", encoded(p + 1n)],
    ["y = p + 1 with the sign", encoded(p + 1n + signBit)],
    ["the last of the other forms", encoded(2n ** 255n - 1n)],
    ["y = 1 with the sign of an x that is 0", encoded(1n + signBit)],
    ["y = p - 1 with the sign of an x that is 0", encoded(p - 1n + signBit)],
  ])("refuses %s", (_what, bytes) => {
    expect(decodePoint(bytes)).toBeUndefined();
  });
});

describe("isOfSmallOrder", () => {
  it.each([
    ["1, y = 1", encoded(1n)],
    ["2, y = -1", encoded(p - 1n)],
    ["4, y = 0", encoded(0n)],
    ["4, y = 0 with the sign", encoded(signBit)],
    ...ofOrderEight.flatMap((bytes): [string, Buffer][] => [
      ["8", bytes],
      ["8, with the sign", withSign(bytes)],
    ]),
  ])("finds the points of order %s", (_order, bytes) => {
    const point = decodePoint(bytes);
    expect(point && isOfSmallOrder(point)).toBe(true);
  });
});
