/** User data of a server of Vault. */
export const runsVault = /\bvault server\b/;

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
