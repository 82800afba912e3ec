/**
 * How an instance of Amazon Linux 2023 takes its log to CloudWatch. The packages are from the repository of Amazon Linux
 * itself: the agent, also for arm64 (docs.aws.amazon.com/linux/al2023/release-notes/vercmp-AL2023.2-AL2023.3.html), and
 * rsyslog, as the journal is all that Amazon Linux 2023 writes (repost.aws/knowledge-center/ec2-linux-al2023-find-log-files).
 * The agent reads the journal itself from release 1.300070 on (github.com/aws/amazon-cloudwatch-agent/pull/2121); that the
 * repository has it is not verified, and any release reads the files that rsyslog writes.
 */
const logPackages = ["amazon-cloudwatch-agent", "rsyslog"];

const agentSettings = "/etc/drawbridge-agent.json";

export interface InstanceLogArgs {
  /** AWS region of the stack. */
  region: string;
  /** Log group that takes the files. */
  logGroupName: string;
  /** Files, by what the names of their streams end with; empty for a stream that is named for the instance alone. */
  files: Record<string, string>;
}

/** The files of rsyslog, by its own rules: what the server of SSH says, and what all others say. */
export const rsyslogFiles = { secure: "/var/log/secure", messages: "/var/log/messages" };

/**
 * What the CloudWatch agent reads, as its file says it: to streams for each instance, so that the log of one that is gone
 * stays. Lines carry their own time; events have that of the reading.
 *
 * docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Agent-Configuration-File-Details.html
 */
function agentConfig({ region, logGroupName, files }: InstanceLogArgs): object {
  return {
    // No other account may ask the metadata service for credentials, or read the files.
    agent: { region, run_as_user: "root" },
    logs: {
      logs_collected: {
        files: {
          collect_list: Object.entries(files).map(([end, file]) => ({
            file_path: file,
            log_group_name: logGroupName,
            log_stream_name: end === "" ? "{instance_id}" : `{instance_id}/${end}`,
          })),
        },
      },
    },
  };
}

/** Shell that writes the settings of the agent. It needs no network. */
export function writeLogSettings(args: InstanceLogArgs): string {
  return `cat > ${agentSettings} <<'END'
${JSON.stringify(agentConfig(args))}
END
`;
}

/** Shell that installs what takes the log away, and what else is named, and starts it. */
export function shipLog(morePackages: string[] = []): string {
  return `${installSigned([...logPackages, ...morePackages])}
systemctl enable --now rsyslog.service
systemctl is-active --quiet amazon-cloudwatch-agent.service || /opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c file:${agentSettings}
`;
}

/** Installs packages that Amazon Linux has signed, of the release of the image, from its repository and no other. */
function installSigned(packages: string[]): string {
  const names = packages.join(" ");
  const trusted = "--disablerepo='*' --enablerepo=amazonlinux --setopt='*.gpgcheck=1'";
  return `rpm -q --quiet ${names} || dnf -y -q ${trusted} install ${names}`;
}
