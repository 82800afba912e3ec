import { secretArn } from "../../components/aws/arns";
import { z } from "zod";
import { mostUserData, sshUserData } from "../../components/aws/ssh-user-data";
import { readPublicKey, securityKeyType } from "../ssh-key";
import { repeats, type Fault } from "./faults";
import { vaultHost } from "../../components/vault/server-config";
import type { Fields } from "./fields";
import { accountOf, list, oneOf, text } from "./forms";

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
    totpSecretArn: text(
      // docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html: AWS adds the last seven characters.
      /^arn:aws:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]{1,512}-[A-Za-z0-9]{6}$/,
      "must be the whole ARN of a secret such as arn:aws:secretsmanager:eu-west-1:111122223333:secret:totp/alice-a1B2c3",
    )
      .optional()
      .describe(
        "With mfa: totp, the secret, in region and account of the stack, whose text is the key of the person's one-time codes: 16 to 32 bytes in base32.",
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
      mfa: oneOf(["none", "totp"])
        .default("none")
        .describe(
          "What every login asks for after the public key: totp (a one-time code of RFC 6238, whose keys the bastion reads from people's secrets) or none.",
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
    accountId: "111122223333",
    region: region ?? "",
    clusterName: longest,
    vaultHost: vaultHost(longest),
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

/** The bastion reads one secret for each person, with the rights of an instance of the stack. */
export function codesHaveKeys(config: Partial<Fields>): Fault[] {
  const { ssh, region, deployerRoleArn } = config;
  if (!ssh) return [];
  const place =
    region && deployerRoleArn && secretArn({ region, accountId: accountOf(deployerRoleArn) }, "");
  const secrets = ssh.people.map(({ totpSecretArn }) => totpSecretArn);
  return secrets.flatMap((value, i) => {
    const path = `ssh.people[${i}].totpSecretArn`;
    if (ssh.mfa === "none") {
      return value ? [{ path, rule: "must be left out unless mfa is totp", value }] : [];
    }
    if (!value) return [{ path, rule: "is required with mfa totp" }];
    if (place && !value.startsWith(place)) {
      return [{ path, rule: "must be in account and region of the stack", value }];
    }
    return secrets.indexOf(value) < i
      ? [{ path, rule: "must be unique: each person has codes of their own", value }]
      : [];
  });
}
