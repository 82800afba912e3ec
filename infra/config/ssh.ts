import { z } from "zod";
import { mostUserData, sshUserData } from "../../components/aws/ssh-user-data";
import { readPublicKey, securityKeyType } from "../ssh-key";
import { repeats, type Fault } from "./faults";
import type { Fields } from "./fields";
import { list, text } from "./forms";

/**
 * Accounts that Amazon Linux 2023 has or makes with a package. The instance looks again: an account of the system is
 * nobody's, whatever its name.
 */
const systemAccounts =
  "root|bin|daemon|adm|lp|sync|shutdown|halt|mail|operator|games|ftp|nobody|dbus|tss|sshd|chrony|rpc|rpcuser|ec2-user|ec2-instance-connect|ssm-user|cwagent|people|systemd-[a-z0-9-]*";
const person = z.strictObject(
  {
    name: text(
      new RegExp(`^(?!(${systemAccounts})$)[a-z][a-z0-9-]{0,30}$`),
      "must be 1 to 31 lower-case letters, digits and hyphens, starting with a letter, and not an account of the system",
    ).describe("Name of the person's account."),
    publicKey: z
      .string("must be the line of a .pub file")
      .superRefine((line, issues) => {
        const rule = publicKeyFault(line);
        if (rule !== undefined) issues.addIssue({ code: "custom", message: rule });
      })
      .transform((line) => {
        const { type, blob } = readPublicKey(line);
        return `${type} ${blob}`;
      })
      .meta({
        pattern: String.raw`^(ssh-ed25519|sk-ssh-ed25519@openssh\.com|ssh-rsa) [A-Za-z0-9+/]+={0,2}( .*)?$`,
      })
      .describe(
        "The person's public key: Ed25519, of a security key or not, or RSA of at least 4096 bits.",
      ),
  },
  "must be a map with name and publicKey",
);

function publicKeyFault(line: string): string | undefined {
  try {
    readPublicKey(line);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

export const sshSchema = z
  .strictObject(
    {
      people: list(person, 1, "must be a list of at least one person").describe(
        "Who may come in, each with an account and a key.",
      ),
      securityKeys: z
        .boolean("must be true or false")
        .default(false)
        .describe(
          "Whether every login takes a security key (FIDO2) and its PIN or fingerprint: two factors, without a secret on the bastion.",
        ),
    },
    "must be a map with people",
  )
  .optional()
  .describe("The bastion of ssh mode, and of no other mode.");

export function sshFitsTheMode(config: Partial<Fields>): Fault[] {
  const { accessMode, ssh, region } = config;
  // What is there but malformed is not missing.
  if (!accessMode || !Object.hasOwn(config, "ssh")) return [];
  if (accessMode !== "ssh") {
    return ssh ? [{ path: "ssh", rule: `must be left out in ${accessMode} mode`, value: ssh }] : [];
  }
  if (!ssh) return [{ path: "ssh", rule: "is required in ssh mode" }];
  const longest = "drawbridge-".padEnd(27, "x");
  const userData = sshUserData({
    ...ssh,
    region: region ?? "",
    clusterName: longest,
    tag: `${longest}-bastion`,
    hostKeysParameter: `/drawbridge/${longest}/bastion/host-keys`,
    logGroupName: `/drawbridge/${longest}/bastion`,
  });
  const bytes = Buffer.byteLength(userData);
  if (bytes <= mostUserData) return [];
  const rule = `must fit the user data of an instance, ${mostUserData} bytes with all that is around them (Ed25519 keys are the shortest)`;
  return [{ path: "ssh.people", rule, value: `${ssh.people.length} people, ${bytes} bytes` }];
}

export function peopleHaveKeysOfTheirOwn({ ssh }: Partial<Fields>): Fault[] {
  if (!ssh) return [];
  const keys = ssh.people.map(({ publicKey }) => readPublicKey(publicKey));
  const at = (i: number) => `ssh.people[${i}].publicKey`;
  return [
    ...repeats(
      "ssh.people",
      ssh.people.map(({ name }) => name),
      ".name",
    ),
    ...repeats(
      "ssh.people",
      keys.map(({ type, blob }) => `${type} ${blob}`),
      ".publicKey",
    ),
    ...keys.flatMap(({ type }, i) =>
      ssh.securityKeys && type !== securityKeyType
        ? [
            {
              path: at(i),
              rule: `must be of type ${securityKeyType} with securityKeys`,
              value: type,
            },
          ]
        : [],
    ),
  ];
}
