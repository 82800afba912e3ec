/**
 * Packages that take the log of the SSH server to CloudWatch, both from the repository of Amazon Linux 2023 itself: the
 * agent, also for arm64 (docs.aws.amazon.com/linux/al2023/release-notes/vercmp-AL2023.2-AL2023.3.html), and rsyslog, as
 * the journal is all that Amazon Linux 2023 writes (repost.aws/knowledge-center/ec2-linux-al2023-find-log-files). The
 * agent reads the journal itself from release 1.300070 on (github.com/aws/amazon-cloudwatch-agent/pull/2121); that the
 * repository has it is not verified, and any release reads the file that rsyslog writes.
 */
export const logPackages = ["amazon-cloudwatch-agent", "rsyslog"];

export interface AgentConfigArgs {
  /** AWS region of the stack. */
  region: string;
  /** Log group that takes the log. */
  logGroupName: string;
}

/**
 * What the CloudWatch agent reads, as its file says it: the facility AUTHPRIV and nothing else, to a stream for each
 * instance, so that the log of one that is gone stays. Lines carry their own time; events have that of the reading.
 *
 * docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Agent-Configuration-File-Details.html
 */
export function agentConfig({ region, logGroupName }: AgentConfigArgs): object {
  return {
    // No other account may ask the metadata service for credentials, or read the file.
    agent: { region, run_as_user: "root" },
    logs: {
      logs_collected: {
        files: {
          collect_list: [
            {
              file_path: "/var/log/secure",
              log_group_name: logGroupName,
              log_stream_name: "{instance_id}",
            },
          ],
        },
      },
    },
  };
}
