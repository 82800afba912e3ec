import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  holdersAreDistinct,
  holdersFitIntoTheFiles,
  readHolders,
  rotationsAreWalkable,
  thresholdIsInReach,
  vaultSchema,
} from "../../infra/config/vault";

const armored = (name: string) => readFileSync(join(__dirname, "pgp-keys", `${name}.asc`), "utf8");
const alice = { name: "alice", publicKey: armored("alice") };
const bruno = { name: "bruno", publicKey: armored("bruno") };
const rita = { name: "rita", publicKey: armored("rsa-3072") };
const valid = { recoveryHolders: [alice, bruno], recoveryThreshold: 2 };

/** What a block is refused for, a line each. */
function faultsOf(block: unknown): string[] {
  const { error } = vaultSchema.safeParse(block);
  return error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`) ?? [];
}

describe("vault", () => {
  it("has servers of a small size unless it says otherwise", () => {
    const { recoveryHolders: _holders, ...rest } = vaultSchema.parse(valid);
    expect(rest).toEqual({
      recoveryThreshold: 2,
      instanceType: "t4g.medium",
      volumeGiB: 20,
      serverCertificates: 1,
      serverGenerations: [1, 1, 1],
      rotations: {},
    });
  });

  it.each([
    ["one holder", { ...valid, recoveryHolders: [alice] }, "must be a list of at least two"],
    ["a threshold of one", { ...valid, recoveryThreshold: 1 }, "must be an integer from 2 to 255"],
    ["no threshold", { recoveryHolders: [alice, bruno] }, "must be an integer from 2 to 255"],
    ["a processor of Intel", { ...valid, instanceType: "m7i.large" }, "with an arm64 processor"],
    [
      "certificates of no generation",
      { ...valid, serverCertificates: 0 },
      "must be an integer from 1 to 1000",
    ],
    [
      "a server without a generation",
      { ...valid, serverGenerations: [2, 1] },
      "serverGenerations must be a list of 3 integers, one for each server",
    ],
    [
      "a generation of nothing",
      { ...valid, serverGenerations: [1, 0, 1] },
      "serverGenerations.1 must be an integer from 1 to 1000",
    ],
    [
      "one number for all servers",
      { ...valid, serverGenerations: 2 },
      "serverGenerations must be a list of 3 integers, one for each server",
    ],
    ["a small volume", { ...valid, volumeGiB: 9 }, "must be an integer from 10 to 16384"],
    [
      "a phase that is none",
      { ...valid, rotations: { kubernetes: ["revoke 2027-01-01"] } },
      "rotations.kubernetes.0 must be a phase, stage, trust, promote, distrust, and a day",
    ],
    [
      "a day that is none",
      { ...valid, rotations: { kubernetes: ["stage 2027-02-30"] } },
      "rotations.kubernetes.0 must be a phase, stage, trust, promote, distrust, and a day",
    ],
    [
      "one phase in the place of a list",
      { ...valid, rotations: { kubernetes: "stage 2027-01-01" } },
      "rotations.kubernetes must be a list of phases",
    ],
    [
      "a list in the place of a map",
      { ...valid, rotations: ["stage 2027-01-01"] },
      "rotations must be a map of authorities",
    ],
    ["an unknown key", { ...valid, size: 3 }, "recoveryHolders and recoveryThreshold"],
    [
      "a key that does not parse",
      { ...valid, recoveryHolders: [alice, { name: "bruno", publicKey: "key" }] },
      "recoveryHolders.1.publicKey must be a public PGP key",
    ],
    [
      "a key that is no text",
      { ...valid, recoveryHolders: [alice, { name: "bruno", publicKey: 1 }] },
      "recoveryHolders.1.publicKey must be a public PGP key",
    ],
    [
      "a name that is none",
      { ...valid, recoveryHolders: [alice, { ...bruno, name: "\n" }] },
      "recoveryHolders.1.name must be 1 to 64",
    ],
  ])("fails %s", (_what, block, fault) => {
    expect(faultsOf(block)).toEqual([expect.stringContaining(fault)]);
  });
});

const parsed = (holders: object[], recoveryThreshold = 2) => ({
  vault: vaultSchema.parse({ recoveryHolders: holders, recoveryThreshold }),
});

/** Holders whose keys were read. */
const held = async (...recoveryHolders: unknown[]) => ({
  recoveryHolders: (await readHolders({ recoveryHolders })).holders,
});

describe("readHolders", () => {
  it("gives holders with their keys", async () => {
    const { recoveryHolders } = await held(alice, bruno);
    expect(recoveryHolders.map(({ name, publicKey }) => [name, publicKey.fingerprint])).toEqual([
      ["alice", "8AC2F4993AC360A24E95E8B40715F00D4F39D89F"],
      ["bruno", "C82A628991D6C63F56FF39C03761B31A6973AC27"],
    ]);
  });

  it("says what is wrong with keys that are well-formed, and leaves the others to the form", async () => {
    const others = [1, { name: "x" }, { name: "x", publicKey: "key" }];
    const revoked = { name: "rosa", publicKey: armored("revoked") };
    const { holders, faults } = await readHolders({ recoveryHolders: [...others, revoked, rita] });
    expect(holders.map(({ name }) => name)).toEqual(["rita"]);
    expect(faults.map(({ path, rule }) => `${path} ${rule}`)).toEqual([
      "vault.recoveryHolders[3].publicKey must not be revoked",
    ]);
  });

  it.each([undefined, "x", {}, { recoveryHolders: "x" }])("finds no key in %j", async (block) => {
    expect(await readHolders(block)).toEqual({ holders: [], faults: [] });
  });
});

describe("thresholdIsInReach", () => {
  it("fails a threshold that all holders together do not reach", () => {
    expect(thresholdIsInReach(parsed([alice, bruno]))).toEqual([]);
    expect(thresholdIsInReach(parsed([alice, bruno], 3))).toEqual([
      {
        path: "vault.recoveryThreshold",
        rule: "must be at most the number of recoveryHolders, 2",
        value: 3,
      },
    ]);
  });
});

describe("holdersAreDistinct", () => {
  it("fails a person, and a key, that stands twice", async () => {
    const again = { ...rita, name: "alice" };
    const twice = await held(alice, bruno, again, { ...alice, name: "anna" });
    expect(holdersAreDistinct(twice).map(({ path }) => path)).toEqual([
      "vault.recoveryHolders[2].name",
      "vault.recoveryHolders[3].publicKey",
    ]);
    expect(holdersAreDistinct(await held(alice, bruno, rita))).toEqual([]);
  });
});

describe("holdersFitIntoTheFiles", () => {
  it("fails holders that take too much room together", async () => {
    const many = await held(...Array.from({ length: 20 }, (_, i) => ({ ...rita, name: `r${i}` })));
    expect(holdersFitIntoTheFiles(many)[0]?.rule).toMatch(/^must take at most 32768/);
    expect(holdersFitIntoTheFiles(await held(alice, bruno, rita))).toEqual([]);
  });
});

describe("rotationsAreWalkable", () => {
  const rotated = (kubernetes: string[]) => ({
    vault: vaultSchema.parse({ ...valid, rotations: { kubernetes } }),
  });

  it("fails a phase that skips another, where it stands", () => {
    expect(rotationsAreWalkable({})).toEqual([]);
    expect(rotationsAreWalkable(rotated(["stage 2027-01-01", "trust 2027-01-02"]))).toEqual([]);
    expect(rotationsAreWalkable(rotated(["stage 2027-01-01", "promote 2027-02-01"]))).toEqual([
      {
        path: "vault.rotations.kubernetes[1]",
        rule: "must be of the phase trust: a rotation goes through stage, trust, promote, distrust and skips none",
        value: "promote 2027-02-01",
      },
    ]);
  });
});
