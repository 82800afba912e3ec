import { z } from "zod";
import { readPgpKey } from "../pgp-key";
import { repeats, type Fault } from "./faults";
import { integer, list, text } from "./forms";

const holder = z.strictObject(
  {
    name: text(
      /^[A-Za-z0-9][A-Za-z0-9 ._@+-]{0,63}$/,
      "must be 1 to 64 letters, digits, blanks and any of . _ @ + -, starting with a letter or digit",
    ).describe("Name of the person."),
    publicKey: z
      .string("must be a public PGP key as gpg --export --armor writes it")
      .transform((armored, issues) => {
        try {
          return readPgpKey(armored);
        } catch (error) {
          issues.addIssue({ code: "custom", message: (error as Error).message });
          return z.NEVER;
        }
      })
      .describe("The person's public PGP key, armored, with a key for encryption."),
  },
  "must be a map with name and publicKey",
);

export const vaultSchema = z
  .strictObject(
    {
      recoveryHolders: list(holder, 2, "must be a list of at least two persons").describe(
        "Who gets one of the recovery keys, encrypted to the person's PGP key. Read at the first boot; later changes are made in Vault.",
      ),
      recoveryThreshold: integer(2, 255).describe(
        "How many of them it takes to make a root token, 2 at least: nobody can alone.",
      ),
      instanceType: text(
        /^(t4g|m[6-9]g|c[6-9]g|r[6-9]g)[a-z]*\.[a-z0-9]+$/,
        "must be an EC2 type with an arm64 processor such as t4g.medium",
      )
        .default("t4g.medium")
        .describe("EC2 type of each server, arm64."),
      volumeGiB: integer(10, 16_384)
        .default(20)
        .describe("Size of each volume of Vault's data, in GiB."),
    },
    "must be a map with recoveryHolders and recoveryThreshold",
  )
  .describe("The servers of Vault, and who can recover it.");

/** What the checks look at, each absent when it is wrong by itself. */
interface Known {
  vault?: z.output<typeof vaultSchema>;
  zones?: string[];
}

/**
 * Of the 64 KiB that a secret of Secrets Manager holds, what is left for the keys in a node's files:
 * docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
 */
const mostKeyCharacters = 32_768;

export function thresholdIsInReach({ vault }: Known): Fault[] {
  if (!vault || vault.recoveryThreshold <= vault.recoveryHolders.length) return [];
  const rule = `must be at most the number of recoveryHolders, ${vault.recoveryHolders.length}`;
  return [{ path: "vault.recoveryThreshold", rule, value: vault.recoveryThreshold }];
}

export function holdersAreDistinct({ vault }: Known): Fault[] {
  const holders = vault?.recoveryHolders ?? [];
  return [
    ...repeats(
      "vault.recoveryHolders",
      holders.map(({ name }) => name),
      ".name",
    ),
    ...repeats(
      "vault.recoveryHolders",
      holders.map(({ publicKey }) => publicKey.fingerprint),
      ".publicKey",
    ),
  ];
}

export function keysFitIntoTheFiles({ vault }: Known): Fault[] {
  const holders = vault?.recoveryHolders ?? [];
  const characters = holders.reduce((sum, { publicKey }) => sum + publicKey.binary.length, 0);
  if (characters <= mostKeyCharacters) return [];
  const rule = `must hold at most ${mostKeyCharacters} characters of keys in all, which gpg --export-options export-minimal makes short`;
  return [{ path: "vault.recoveryHolders", rule, value: characters }];
}

/** A majority of three stands when a zone is gone; of two none does. */
export function vaultHasThreeZones({ zones }: Known): Fault[] {
  if (!zones || zones.length >= 3) return [];
  return [
    {
      path: "zones",
      rule: "must be at least three, because Vault has a server in each of three",
      value: zones,
    },
  ];
}
