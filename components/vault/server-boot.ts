/** HashiCorp's key of Linux packages, as www.hashicorp.com/trust/security publishes its fingerprint. */
const vendorKey = {
  url: "https://rpm.releases.hashicorp.com/gpg",
  fingerprint: "798AEC654E5C15428C8E42EEAA16FCBCA621E701",
  /** Where the instance keeps it, and it alone of what the address gives. */
  file: "/etc/pki/rpm-gpg/RPM-GPG-KEY-hashicorp",
};

/**
 * Release of Vault's package. Raise it here: instances that exist keep theirs until they are replaced, one by one. What
 * `npm run verify:vault` runs is 1.21.0, built from its source; the package itself was not installed here.
 */
const vaultVersion = "1.21.4-1";

/** Folder of what must outlive an instance, on a volume of its own. */
export const dataFolder = "/var/lib/vault";

/** Folder of the server's settings and certificates, which come from its secret. */
export const settingsFolder = "/etc/vault.d";

/** Where the volume is to be attached. Amazon Linux links the name to the disk: docs.aws.amazon.com/ebs/latest/userguide/nvme-ebs-volumes.html */
export const dataDevice = "/dev/sdf";

/** Files of the two audit devices, by the device: on the volume of the data and on the instance's own. */
export const auditFiles = {
  "file-data": `${dataFolder}/audit/audit.log`,
  "file-root": "/var/log/vault/audit.log",
};

/**
 * A volume that is full would stop Vault, which answers nobody when it can write to no audit device. Old logs are in
 * their log group by then. When it reloads, Vault opens its files anew: developer.hashicorp.com/vault/docs/audit/file
 */
const rotation = `${Object.values(auditFiles).join(" ")} {
  missingok
  notifempty
  size 64M
  rotate 8
  compress
  delaycompress
  create 0600 vault vault
  sharedscripts
  postrotate
    systemctl try-reload-or-restart vault.service
  endscript
}
`;

export interface ServerUserDataArgs {
  /** AWS region of the stack. */
  region: string;
  /** Name of the secret with the node's files. */
  filesSecret: string;
  /** Name of the log group of the audit devices and of the server's own words. */
  logGroupName: string;
  /** Where snapshots go: `s3://bucket/folder`. */
  snapshots: string;
  /** Value of the header that binds a login to this Vault. */
  serverId: string;
}

/**
 * What makes a fresh instance of Amazon Linux 2023 a node of Vault. It holds no secret: what is secret the instance
 * fetches with its role. It brings a unit for each thing that needs the network, which tries again until it succeeds.
 *
 * The form is tested; no instance has run it here.
 */
export function serverUserData(args: ServerUserDataArgs): string {
  return `#cloud-boothook
#!/bin/sh
set -eu
umask 022
swapoff --all
cat > /usr/local/sbin/drawbridge-vault-install <<'END'
${installScript(args)}END
cat > /usr/local/sbin/drawbridge-vault-files <<'END'
${filesScript(args)}END
cat > /usr/local/sbin/drawbridge-vault-snapshot <<'END'
${snapshotScript(args)}END
chmod 0755 /usr/local/sbin/drawbridge-vault-*
${unit("drawbridge-vault-install.service", {
  Unit: {
    Description: "Install Vault and bring it up",
    After: "network-online.target",
    Wants: "network-online.target",
    StartLimitIntervalSec: "0",
  },
  Service: {
    Type: "oneshot",
    ExecStart: "/usr/local/sbin/drawbridge-vault-install",
    Restart: "on-failure",
    RestartSec: "15",
  },
})}${timer("drawbridge-vault-files", "Fetch the files of Vault, certificates among them", "daily", "/usr/local/sbin/drawbridge-vault-files")}${timer("drawbridge-vault-snapshot", "Take a snapshot of Vault", "hourly", "/usr/local/sbin/drawbridge-vault-snapshot")}${timer("drawbridge-vault-rotate", "Begin new audit logs of Vault", "hourly", "/usr/sbin/logrotate --state /var/lib/drawbridge-vault-rotate.state /etc/drawbridge-vault-rotate.conf")}install -d /etc/systemd/system/vault.service.d
cat > /etc/systemd/system/vault.service.d/drawbridge.conf <<'END'
[Unit]
ConditionFileNotEmpty=
ConditionPathIsMountPoint=${dataFolder}
StartLimitIntervalSec=0
[Service]
ExecStartPre=/usr/local/sbin/vault-first-boot ${settingsFolder}/first-boot.json
ExecStart=
ExecStart=/usr/bin/vault server -config=${settingsFolder}/server.json -config=${settingsFolder}/open.json
TimeoutStartSec=infinity
KillMode=control-group
LimitCORE=0
Restart=on-failure
RestartSec=15
END
systemctl daemon-reload
systemctl start --no-block drawbridge-vault-install.service
`;
}

function installScript(args: ServerUserDataArgs): string {
  return `#!/bin/sh
set -eu
umask 022
until test -b ${dataDevice}; do sleep 5; done
blkid ${dataDevice} > /dev/null || mkfs.xfs ${dataDevice}
install -d ${dataFolder}
mountpoint -q ${dataFolder} || mount -o nodev,nosuid,noexec ${dataDevice} ${dataFolder}
keys=$(mktemp -d)
curl --fail --silent --show-error --proto '=https' --tlsv1.2 --output "$keys/vendor" ${vendorKey.url}
gpg --homedir "$keys" --batch --quiet --import "$keys/vendor"
gpg --homedir "$keys" --batch --armor --export ${vendorKey.fingerprint} > ${vendorKey.file}.new
rm -rf "$keys"
test -s ${vendorKey.file}.new
mv ${vendorKey.file}.new ${vendorKey.file}
rpm --import ${vendorKey.file}
cat > /etc/yum.repos.d/hashicorp.repo <<'REPO'
[hashicorp]
name=HashiCorp
baseurl=https://rpm.releases.hashicorp.com/AmazonLinux/latest/$basearch/stable
enabled=0
gpgcheck=1
gpgkey=file://${vendorKey.file}
REPO
rpm -q vault-${vaultVersion} > /dev/null || dnf -y --disablerepo='*' --enablerepo=hashicorp install vault-${vaultVersion}
dnf -y install amazon-cloudwatch-agent logrotate
chown vault:vault ${dataFolder}
install -d -o vault -g vault -m 0700 ${dataFolder}/audit /var/log/vault
/usr/local/sbin/drawbridge-vault-files
cat > /etc/drawbridge-vault-rotate.conf <<'ROTATE'
${rotation}ROTATE
cat > /opt/aws/amazon-cloudwatch-agent/etc/drawbridge.json <<'AGENT'
${JSON.stringify(agentSettings(args))}
AGENT
/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c file:/opt/aws/amazon-cloudwatch-agent/etc/drawbridge.json
systemctl enable --now drawbridge-vault-files.timer drawbridge-vault-rotate.timer drawbridge-vault-snapshot.timer
systemctl enable vault.service
systemctl start --no-block vault.service
`;
}

/** What of the instance's files becomes events of its log group. */
function agentSettings({ logGroupName }: ServerUserDataArgs) {
  return {
    agent: { run_as_user: "root" },
    logs: {
      logs_collected: {
        files: {
          collect_list: Object.entries(auditFiles).map(([device, file]) => ({
            file_path: file,
            log_group_name: logGroupName,
            log_stream_name: `{instance_id}/${device}`,
          })),
        },
      },
    },
  };
}

/** Writes the files of the node's secret, and lets Vault read its certificate again when something has changed. */
function filesScript({ region, filesSecret }: ServerUserDataArgs): string {
  return `#!/usr/bin/python3
import json, os, shutil, subprocess
answer = subprocess.run(
    ["aws", "--region", "${region}", "secretsmanager", "get-secret-value", "--secret-id", "${filesSecret}",
     "--query", "SecretString", "--output", "text"], check=True, stdout=subprocess.PIPE, text=True).stdout
changed = False
for path, text in json.loads(answer).items():
    if os.path.exists(path) and open(path, encoding="utf-8").read() == text:
        continue
    os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
    mode = 0o755 if path.startswith("/usr/local/sbin/") else 0o400
    with open(os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
        file.write(text)
    if mode == 0o400:
        shutil.chown(path + ".new", "vault", "vault")
    os.rename(path + ".new", path)
    changed = True
if changed:
    subprocess.run(["systemctl", "try-reload-or-restart", "vault.service"], check=True)
`;
}

/** Only the active node takes snapshots: a standby would send the request to its address. */
function snapshotScript({ region, serverId, snapshots }: ServerUserDataArgs): string {
  return `#!/bin/sh
set -eu
umask 077
export VAULT_ADDR=https://127.0.0.1:8200 VAULT_CACERT=${settingsFolder}/tls/ca.crt
test "$(vault read -field=is_self sys/leader)" = true || exit 0
VAULT_TOKEN=$(vault login -no-store -token-only -method=aws role=vault-server header_value=${serverId} region=${region})
export VAULT_TOKEN
file=$(mktemp --tmpdir=/var/tmp)
trap 'rm -f "$file"; vault token revoke -self > /dev/null' EXIT
vault operator raft snapshot save "$file"
aws --region ${region} s3 cp --only-show-errors "$file" "${snapshots}/$(date -u +%Y/%m/%d/%H%M%S).snap"
`;
}

function timer(name: string, description: string, when: string, command: string): string {
  return (
    unit(`${name}.service`, {
      Unit: { Description: description },
      Service: { Type: "oneshot", ExecStart: command },
    }) +
    unit(`${name}.timer`, {
      Unit: { Description: description },
      Timer: { OnCalendar: when, RandomizedDelaySec: "300", Persistent: "true" },
      Install: { WantedBy: "timers.target" },
    })
  );
}

function unit(name: string, sections: Record<string, Record<string, string>>): string {
  const lines = Object.entries(sections).flatMap(([section, settings]) => [
    `[${section}]`,
    ...Object.entries(settings).map(([key, value]) => `${key}=${value}`),
  ]);
  return `cat > /etc/systemd/system/${name} <<'END'\n${lines.join("\n")}\nEND\n`;
}
