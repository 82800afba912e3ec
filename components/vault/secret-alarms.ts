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

/**
 * What nobody but the deployer does unseen to what servers of Vault run: their secrets, whose policies refuse most of it to
 * everybody else, and their user data, which cloud-init runs as root at each boot.
 */
export function secretAlarms({ prefix, deployerRoleArn }: SecretAlarmsArgs): Record<string, Alarm> {
  const byAnother = `($.userIdentity.arn != "${sessionsOf(deployerRoleArn)}")`;
  // A secret is named by its name, its ARN or the start of it.
  const ofVault = `(($.requestParameters.secretId = "*${prefix}-vault-*") || ($.requestParameters.name = "${prefix}-vault-*"))`;
  return {
    "vault-secrets-changed": {
      what: "Somebody other than the deployer changed a secret of Vault",
      why: "Servers of Vault run what is in their secrets. The first server sets it off once, when it stores the recovery keys of a new Vault.",
      pattern: `{ ${source("secretsmanager")} && ${writing} && ${ofVault} && ${byAnother} }`,
    },
    "user-data-changed": {
      what: "Somebody other than the deployer changed the user data of an instance",
      why: "Servers of Vault run it as root at each boot, with the right to the key of Vault's seal. A trail tells which instance by its id alone, so this is about every instance of the account.",
      pattern: `{ ${source("ec2")} && ${calls("ModifyInstanceAttribute")} && ${ofUserData} && ${byAnother} }`,
    },
  };
}

/**
 * The request in either of its forms: docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html.
 * A trail has `<sensitiveDataRemoved>` in place of the text, as in panther-labs/panther-analysis,
 * rules/aws_cloudtrail_rules/aws_ec2_startup_script_change.py.
 */
const ofUserData =
  '(($.requestParameters.userData = "*") || ($.requestParameters.attribute = "userData"))';

/** How a trail names whoever has taken on a role: by its account and its name, without its path. */
function sessionsOf(roleArn: string): string {
  const [, , , , accountId = "", path = ""] = roleArn.split(":");
  return `arn:aws:sts::${accountId}:assumed-role/${path.split("/").at(-1) ?? ""}/*`;
}
