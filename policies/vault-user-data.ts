import type { Field, Stack } from "./model";
import { token } from "./tokens";
import { readings, userDataIn } from "./user-data";

/** User data of a server of Vault. */
export const runsVault = /\bvault server\b/;

export function isOfServer(userData: Field): boolean {
  return readings(userData.text).some((text) => runsVault.test(text));
}

export function secretsIn(stack: Stack): Field[] {
  return stack
    .all(token.secretVersion)
    .map((secret) => secret.at("secretString"))
    .filter(({ present }) => present);
}

/** Fields that may tell a server of Vault what to do: user data, and secrets, which it may fetch. */
export function settingsIn(stack: Stack): Field[] {
  return [...userDataIn(stack), ...secretsIn(stack)];
}

/** Calls that turn on an audit device: developer.hashicorp.com/vault/docs/commands/audit/enable and …/vault/api-docs/system/audit */
const turningOn = [
  /\bvault audit enable\b/,
  /\bsys\/audit\/[\w-]+[^]{0,80}?\btype\W{1,8}(file|socket|syslog)\b/,
  /\b(POST|PUT)\b.{0,200}\bsys\/audit\/[\w-]+/,
];

export function turnsAuditOn(settings: Field): boolean {
  return readings(settings.text).some((text) => turningOn.some((call) => call.test(text)));
}

const deviceFile =
  /(?:\bvault audit enable\b|\bsys\/audit\/[\w-]+)[^]{0,400}?\bfile_path\W{1,8}(\/[\w./-]+)/g;

/** Files of the audit devices that are turned on there. */
export function deviceFiles(settings: Field): string[] {
  return readings(settings.text).flatMap((text) =>
    [...text.matchAll(deviceFile)].map(([, file = ""]) => file),
  );
}

/** The seal of a server's settings, and what takes its place: developer.hashicorp.com/vault/docs/configuration/seal/awskms */
const seal =
  /\bawskms\b[^}]{0,400}?\bkms_key_id\W{1,8}([\w:/-]+)|\bVAULT_AWSKMS_SEAL_KEY_ID\W{1,8}([\w:/-]+)/g;

/** IDs, ARNs and aliases of the keys that unseal by these settings. */
export function sealKeys(settings: Field): string[] {
  return readings(settings.text).flatMap((text) =>
    [...text.matchAll(seal)].map(([, inBlock, inEnvironment]) => inBlock ?? inEnvironment ?? ""),
  );
}

/** A file that CloudWatch's agent collects, with the group that takes it. */
const collected =
  /"file_path"\s*:\s*"([^"]*)"(?:(?!"file_path")[^])*?"log_group_name"\s*:\s*"([^"]+)"/g;

/**
 * Log groups that take an audit log, as the settings of CloudWatch's agent name them:
 * docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Agent-Configuration-File-Details.html
 */
export function auditGroups(text: string): string[] {
  return [...text.matchAll(collected)].flatMap(([, file = "", group = ""]) =>
    file.includes("audit") ? [group] : [],
  );
}

/** Whether CloudWatch's agent is told to collect one of the files. */
export function collects(text: string, files: readonly string[]): boolean {
  return [...text.matchAll(collected)].some(([, file = ""]) => files.includes(file));
}
