import { z } from "zod";
import { authoritiesTable } from "../../components/vault/authorities";
import type { RecoveryHolder } from "../../components/vault/first-boot";
import { phases, rotationFaults, stepOf } from "../../components/vault/rotation";
import { memberCount } from "../../components/vault/server-config";
import { armorFault, readPgpKey } from "../pgp-key";
import { repeats, withheld, type Fault } from "./faults";
import { integer, list, text } from "./forms";

const holder = z.strictObject(
  {
    name: text(
      /^[A-Za-z0-9][A-Za-z0-9 ._@+-]{0,63}$/,
      "must be 1 to 64 letters, digits, blanks and any of . _ @ + -, starting with a letter or digit",
    ).describe("Name of the person."),
    publicKey: z
      .string("must be a public PGP key as gpg --export --armor writes it")
      .superRefine((armored, issues) => {
        const rule = armorFault(armored);
        if (rule !== undefined) issues.addIssue({ code: "custom", message: rule });
      })
      .describe("The person's public PGP key, armored, with a key for encryption."),
  },
  "must be a map with name and publicKey",
);

const stepRule = `must be a phase, ${phases.join(", ")}, and a day, such as stage 2026-11-01`;
const step = text(new RegExp(`^(${phases.join("|")}) \\d{4}-\\d{2}-\\d{2}$`), stepRule).transform(
  (written, issues) => {
    const read = stepOf(written);
    if (read) return read;
    issues.addIssue({ code: "custom", message: stepRule });
    return z.NEVER;
  },
);

const generationsRule = `must be a list of ${memberCount} integers, one for each server`;

export const vaultSchema = z
  .strictObject(
    {
      recoveryHolders: list(holder, 2, "must be a list of at least two persons").describe(
        "Who gets one of the recovery keys, encrypted to the person's PGP key. Read at the first boot; later changes are made in Vault.",
      ),
      recoveryThreshold: integer(2, 255).describe(
        "How many of them it takes to make a root token, 2 at least: nobody can alone.",
      ),
      address: text(
        /^https:\/\/[A-Za-z0-9.-]+(:[0-9]{1,5})?$/,
        "must be an https URL of a host, with a port and nothing else, such as https://localhost:8200",
      )
        .optional()
        .describe(
          "URL by which the machine that runs Pulumi reaches Vault, such as the end of a tunnel. Its certificate must be that of Vault all the same. By default the name of Vault in the private zone of the stack, which a joined network or the VPN resolves.",
        ),
      instanceType: text(
        /^(t4g|m[6-9]g|c[6-9]g|r[6-9]g)[a-z]*\.[a-z0-9]+$/,
        "must be an EC2 type with an arm64 processor such as t4g.medium",
      )
        .default("t4g.medium")
        .describe("EC2 type of each server, arm64. A server has it from its next generation on."),
      volumeGiB: integer(10, 16_384)
        .default(20)
        .describe("Size of each volume of Vault's data, in GiB."),
      serverCertificates: integer(1, 1000)
        .default(1)
        .describe(
          "Which certificates the servers show, from 1 on. Each lasts a year: raise it by one in the last three months, when the alarm vault-certificate-ends says so; see Certificates of the servers in docs/vault.md.",
        ),
      serverGenerations: z
        .array(integer(1, 1000), generationsRule)
        .length(memberCount, generationsRule)
        .default(Array.from({ length: memberCount }, () => 1))
        .describe(
          "Which one each of the three servers is, 0 first, from 1 on. A number more replaces that server with one that has what was changed since it was made, a release of Vault or `instanceType` above all; one server in an `up`. See Replace a server in docs/vault.md.",
        ),
      rotations: z
        .record(
          z.string(),
          z.array(step, "must be a list of phases"),
          "must be a map of authorities, each with its phases",
        )
        .default({})
        .describe(
          "What certificate authorities went through since they were made, by their names: a phase and the UTC day of the `up` that enters it, the oldest first. One more for each `up`; see Rotate an authority in docs/vault.md.",
        ),
    },
    "must be a map with recoveryHolders and recoveryThreshold",
  )
  .describe("The servers of Vault, and who can recover it.");

type VaultConfig = z.output<typeof vaultSchema>;

/** What it takes to read keys, also of a block of which other values are wrong. */
const heldKeys = z.object({ recoveryHolders: z.array(z.unknown()) });
const heldKey = z.object({ name: z.string().catch(""), publicKey: z.string() });

/**
 * Who gets a recovery key, with the key as Vault takes it, and what is wrong with keys of the right form. Reading a key
 * takes its signatures into account, which is done once.
 */
export async function readHolders(
  vault: unknown,
): Promise<{ holders: RecoveryHolder[]; faults: Fault[] }> {
  const holders: RecoveryHolder[] = [];
  const faults: Fault[] = [];
  const written = heldKeys.safeParse(vault).data?.recoveryHolders ?? [];
  const read = await Promise.all(written.map((one, i) => readHolder(one, i)));
  for (const one of read) {
    if (one === undefined) continue;
    if ("rule" in one) faults.push(one);
    else holders.push(one);
  }
  return { holders, faults };
}

async function readHolder(
  written: unknown,
  i: number,
): Promise<RecoveryHolder | Fault | undefined> {
  const { data } = heldKey.safeParse(written);
  if (!data || armorFault(data.publicKey) !== undefined) return undefined;
  try {
    return { name: data.name, publicKey: await readPgpKey(data.publicKey) };
  } catch (error) {
    const path = `vault.recoveryHolders[${i}].publicKey`;
    return { path, rule: (error as Error).message, ...withheld(data.publicKey) };
  }
}

/** What the checks look at, each absent when it is wrong by itself. */
interface Known {
  vault?: VaultConfig;
  recoveryHolders?: RecoveryHolder[];
}

/**
 * Of the 64 KiB that a secret of Secrets Manager holds, what is left for the holders in a node's files:
 * docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
 */
const mostCharacters = 32_768;

export function thresholdIsInReach({ vault }: Known): Fault[] {
  if (!vault || vault.recoveryThreshold <= vault.recoveryHolders.length) return [];
  const rule = `must be at most the number of recoveryHolders, ${vault.recoveryHolders.length}`;
  return [{ path: "vault.recoveryThreshold", rule, value: vault.recoveryThreshold }];
}

export function holdersAreDistinct({ recoveryHolders: holders = [] }: Known): Fault[] {
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

export function holdersFitIntoTheFiles({ recoveryHolders: holders = [] }: Known): Fault[] {
  // As they stand in a file of JSON within the secret's own.
  const characters = JSON.stringify(JSON.stringify(holders)).length;
  if (characters <= mostCharacters) return [];
  const rule = `must take at most ${mostCharacters} characters with their keys: keys on an elliptic curve take few`;
  return [{ path: "vault.recoveryHolders", rule, value: characters }];
}

/** What a rotation may not skip, and how long each phase has to last, is known from the table of authorities. */
export function rotationsAreWalkable({ vault }: Known): Fault[] {
  return rotationFaults(authoritiesTable, vault?.rotations ?? {}).map(({ path, rule, value }) => ({
    path: `vault.rotations.${path}`,
    rule,
    value,
  }));
}
