import type { Alarm } from "../aws/alarms";
import { calls, source } from "../aws/alarms";
import { secretChanges } from "./secret-policy";

export interface SecretAlarmsArgs {
  /** Start of the names that people look up, those of the secrets among them. */
  prefix: string;
  /** IAM role that writes the secrets. */
  deployerRoleArn: string;
}

/** Every call that changes a secret or makes one, also as a copy of one of another region that takes its place. */
const writing = calls(
  "CreateSecret",
  ...secretChanges.map((action) => action.replace("secretsmanager:", "")),
);

/** What nobody but the deployer does to the secrets of Vault unseen. Their policies refuse most of it to everybody else. */
export function secretAlarms({ prefix, deployerRoleArn }: SecretAlarmsArgs): Record<string, Alarm> {
  // A secret is named by its name, its ARN or the start of it.
  const ofVault = `(($.requestParameters.secretId = "*${prefix}-vault-*") || ($.requestParameters.name = "${prefix}-vault-*"))`;
  return {
    "vault-secrets-changed": {
      what: "Somebody other than the deployer changed a secret of Vault",
      why: "Servers of Vault run what is in their secrets. The first server sets it off once, when it stores the recovery keys of a new Vault.",
      pattern: `{ ${source("secretsmanager")} && ${writing} && ${ofVault} && ($.userIdentity.arn != "${sessionsOf(deployerRoleArn)}") }`,
    },
  };
}

/** How a trail names whoever has taken on a role: by its account and its name, without its path. */
function sessionsOf(roleArn: string): string {
  const [, , , , accountId = "", path = ""] = roleArn.split(":");
  return `arn:aws:sts::${accountId}:assumed-role/${path.split("/").at(-1) ?? ""}/*`;
}
