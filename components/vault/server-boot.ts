import { rsyslogFiles, shipLog, writeLogSettings } from "../aws/instance-log";
import { auditCalls } from "./first-boot";
import { apiPort } from "./server-config";
import { serverFiles, settingsFolder } from "./server-files";

/** HashiCorp's key of Linux packages, as www.hashicorp.com/trust/security publishes its fingerprint. */
const vendorKey = {
  url: "https://rpm.releases.hashicorp.com/gpg",
  fingerprint: "798AEC654E5C15428C8E42EEAA16FCBCA621E701",
  /** Where the instance keeps it, and it alone of what the address gives. */
  file: "/etc/pki/rpm-gpg/RPM-GPG-KEY-hashicorp",
};

/**
 * Release of Vault's package. Raise it here: a server has it from its next generation on (`vault.serverGenerations`). Of
 * 1.21 this is the last one outside Enterprise: pkg.go.dev/github.com/hashicorp/vault?tab=versions has no later one, and
 * what it does not mend is in docs/vault.md, "Who begins a root token". What `npm run verify:vault` runs is 1.21.0, built
 * from its source; the package itself was not installed here.
 */
const vaultVersion = "1.21.4-1";

/** Folder of what must outlive an instance, on a volume of its own. */
export const dataFolder = "/var/lib/vault";

const auditFolder = `${dataFolder}/audit`;

/** Where the volume is to be attached. Amazon Linux links the name to the disk: docs.aws.amazon.com/ebs/latest/userguide/nvme-ebs-volumes.html */
export const dataDevice = "/dev/sdf";

/** Files of the two audit devices, by the device, on two volumes: Vault refuses all requests when it can write to neither. */
const auditFiles = {
  "file-data": `${auditFolder}/audit.log`,
  "file-root": "/var/log/vault/audit.log",
};

/** What the first boot turns them on by. It stands beside what ships the files, so that a plan shows both. */
export const auditCallsFile = "/etc/drawbridge-vault-audit.json";

/**
 * A volume that is full would stop Vault, which answers nobody when it can write to no audit device. Old logs are in
 * their log group by then. When it reloads, Vault opens its files anew: developer.hashicorp.com/vault/docs/audit/file
 *
 * The folders are of the user vault, who could lead root elsewhere: `su` has his files rotated by himself, and what is to
 * be run after that by root all the same (`switch_user_back_permanently` in logrotate's source).
 */
const rotation = `${Object.values(auditFiles).join(" ")} {
  su vault vault
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
${rsyslogFiles.messages} {
  missingok
  notifempty
  size 64M
  rotate 4
  compress
  delaycompress
  postrotate
    systemctl kill --signal=HUP rsyslog.service
  endscript
}
`;

/** What servers say of themselves, by which alarms know them. */
export const serverSays = {
  inService: (hostname: string) => `Vault of ${hostname} is in service`,
  snapshotStored: "Vault snapshot stored",
  certificateEnds: "Vault must get another certificate",
};

/** How long before its end a server's certificate is said to need another one. */
export const renewalDays = 90;

export interface ServerUserDataArgs {
  /** AWS region of the stack. */
  region: string;
  /** Name by which peers and clients reach the node. */
  hostname: string;
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
 * fetches with its role. It brings a unit for each thing that needs the network, which tries again until it succeeds. What
 * ships the log comes first, so that whatever fails later is read where the audit log is; the console of the instance
 * has it as well, should the log not leave it.
 *
 * The volume is of the user vault, whose number the package takes from those that the image has free (`useradd --system` in
 * its .release/linux/preinst): on another instance it may be another one, so before each start of Vault all on the volume
 * is given to him. Vault does not run by then, and `chown --recursive` follows no link. What is made there he makes himself.
 *
 * The form is tested; no instance has run it here.
 */
export function serverUserData(args: ServerUserDataArgs): string {
  const files = { ...auditFiles, messages: rsyslogFiles.messages };
  return `#cloud-boothook
#!/bin/sh
set -eu
umask 022
swapoff --all
${writeLogSettings({ ...args, files })}cat > ${auditCallsFile} <<'END'
${auditCalls(auditFiles)}
END
cat > /usr/local/sbin/drawbridge-vault-log <<'END'
${logScript()}END
cat > /usr/local/sbin/drawbridge-vault-install <<'END'
${installScript()}END
cat > /usr/local/sbin/drawbridge-vault-files <<'END'
${filesScript(args)}END
cat > /usr/local/sbin/drawbridge-vault-snapshot <<'END'
${snapshotScript(args)}END
cat > /usr/local/sbin/drawbridge-vault-watch <<'END'
${watchScript(args)}END
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
    StandardOutput: "journal+console",
    Restart: "on-failure",
    RestartSec: "15",
  },
})}${timer("drawbridge-vault-files", "Fetch the files of Vault, certificates among them", "*:0/15", "/usr/local/sbin/drawbridge-vault-files")}${timer("drawbridge-vault-snapshot", "Take a snapshot of Vault", "hourly", "/usr/local/sbin/drawbridge-vault-snapshot")}${timer("drawbridge-vault-watch", "Tell whether Vault is in service", "*:0/5", "/usr/local/sbin/drawbridge-vault-watch")}${timer("drawbridge-vault-rotate", "Begin new logs", "hourly", "/usr/sbin/logrotate --state /var/lib/drawbridge-vault-rotate.state /etc/drawbridge-vault-rotate.conf")}install -d /etc/systemd/system/vault.service.d
cat > /etc/systemd/system/vault.service.d/drawbridge.conf <<'END'
[Unit]
ConditionFileNotEmpty=
ConditionPathIsMountPoint=${dataFolder}
StartLimitIntervalSec=0
[Service]
StandardOutput=journal+console
Environment=HOME=/run/drawbridge-vault
RuntimeDirectory=drawbridge-vault
ExecStartPre=-+/usr/local/sbin/drawbridge-vault-files before-start
ExecStartPre=+/usr/bin/chown --recursive vault:vault ${dataFolder}
ExecStartPre=/usr/bin/mkdir --parents --mode=0700 ${auditFolder}
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

/**
 * Runs at each boot. What is on the instance's own disks by then is enough to start Vault, whoever else does not answer:
 * the vendor is asked for what is not installed, and files of an earlier boot stand in for those of the secret when none
 * of them is missing. While the log is not shipped, it is tried again as long as the volume is not there; else the script
 * fails once Vault is on its way, and its unit begins anew: Vault may run by then, so it is told of files that changed.
 *
 * The package hands the folder of settings to the user vault (`chown --recursive` in its .release/linux/postinst), who could
 * then put others in their place, and variables for what its unit runs as root.
 */
function installScript(): string {
  return `#!/bin/sh
set -eu
umask 022
ships=true
/usr/local/sbin/drawbridge-vault-log || ships=false
until test -b ${dataDevice}; do
echo 'waits for the volume ${dataDevice}'
sleep 5
if ! $ships && /usr/local/sbin/drawbridge-vault-log; then ships=true; fi
done
blkid ${dataDevice} > /dev/null || mkfs.xfs ${dataDevice}
install -d ${dataFolder}
mountpoint -q ${dataFolder} || mount -o nodev,nosuid,noexec ${dataDevice} ${dataFolder}
if ! rpm -q vault-${vaultVersion} > /dev/null; then
$ships
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
dnf -y --disablerepo='*' --enablerepo=hashicorp install vault-${vaultVersion}
fi
chown --recursive root:vault ${settingsFolder}
install -d -o vault -g vault -m 0700 /var/log/vault
if ! /usr/local/sbin/drawbridge-vault-files; then
for file in ${Object.keys(serverFiles).join(" ")}; do
test -s $file || { echo "$file must be there before Vault starts"; exit 1; }
done
fi
cat > /etc/drawbridge-vault-rotate.conf <<'ROTATE'
${rotation}ROTATE
systemctl enable --now drawbridge-vault-files.timer drawbridge-vault-rotate.timer drawbridge-vault-snapshot.timer drawbridge-vault-watch.timer
systemctl enable vault.service
systemctl start --no-block vault.service
$ships
`;
}

/** Ships the log, and installs what the rest of a server needs of Amazon Linux. */
function logScript(): string {
  return `#!/bin/sh
set -eu
umask 022
${shipLog(["logrotate", "openssl"])}`;
}

/**
 * Writes the files of the node's secret: those of the list, and none at all when there are others. When something has
 * changed, Vault reads its certificate again; a first boot that waits begins anew with what is right by now, which it may
 * at any step. Before a start there is nothing to tell Vault. Each file is made anew: a link in its place leads nowhere, and
 * what was begun before has neither its owner nor its mode.
 */
function filesScript({ region, filesSecret }: ServerUserDataArgs): string {
  const allowed = Object.entries(serverFiles).map(
    ([path, { group, mode }]) => `    "${path}": ("${group}", 0o${mode}),\n`,
  );
  return `#!/usr/bin/python3
import fcntl, json, os, shutil, subprocess, sys
allowed = {
${allowed.join("")}}
def fetched():
    command = ["aws", "--region", "${region}", "--cli-connect-timeout", "5", "--cli-read-timeout", "20", "--output", "text"]
    command += ["secretsmanager", "get-secret-value", "--secret-id", "${filesSecret}", "--query", "SecretString"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
def write(path, text):
    if os.path.isfile(path) and not os.path.islink(path) and open(path, encoding="utf-8").read() == text:
        return False
    os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
    group, mode = allowed[path]
    new = path + ".new"
    if os.path.lexists(new):
        os.remove(new)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        shutil.chown(file.fileno(), "root", group)
        file.write(text)
    os.rename(new, path)
    print("wrote " + path, flush=True)
    return True
with open("/run/drawbridge-vault-files.lock", "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    files = fetched()
    others = sorted(set(files) - set(allowed))
    if others:
        sys.exit("the secret must hold files of Vault alone, got " + ", ".join(others))
    changed = [path for path, text in files.items() if write(path, text)]
if changed and sys.argv[1:] != ["before-start"]:
    asked = ["systemctl", "show", "--property=ActiveState", "--value", "vault.service"]
    state = subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    for told in {"active": ["reload"], "activating": ["restart"]}.get(state, []):
        subprocess.run(["systemctl", "--no-block", told, "vault.service"], check=True)
`;
}

/** What the commands of a server's own scripts need. */
const ownVault = `export VAULT_ADDR=https://127.0.0.1:${apiPort} VAULT_CACERT=${settingsFolder}/tls/ca.crt`;

/** Only the active node takes snapshots: a standby would send the request to its address. */
function snapshotScript({ region, serverId, snapshots }: ServerUserDataArgs): string {
  return `#!/bin/sh
set -eu
umask 077
${ownVault} AWS_STS_REGIONAL_ENDPOINTS=regional
active=$(vault read -field=is_self sys/leader)
case $active in true) ;; false) exit 0 ;; *) echo "Vault must say whether it is active, got $active"; exit 1 ;; esac
VAULT_TOKEN=$(vault login -no-store -token-only -method=aws role=vault-server header_value=${serverId} region=${region})
export VAULT_TOKEN
file=
trap 'rm -f "$file"; vault token revoke -self > /dev/null' EXIT
file=$(mktemp --tmpdir=/var/tmp)
vault operator raft snapshot save "$file"
to="${snapshots}/$(date -u +%Y/%m/%d/%H%M%S).snap"
aws --region ${region} s3 cp --only-show-errors "$file" "$to"
echo "${serverSays.snapshotStored}: $to"
`;
}

/** Tells what alarms wait for, and what they must not hear. */
function watchScript({ hostname }: ServerUserDataArgs): string {
  return `#!/bin/sh
${ownVault}
openssl x509 -noout -checkend ${renewalDays * 24 * 60 * 60} -in ${settingsFolder}/tls/server.crt > /dev/null ||
  echo '${serverSays.certificateEnds}: its own ends within ${renewalDays} days'
vault status > /dev/null && echo '${serverSays.inService(hostname)}'
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
      Timer: { OnCalendar: when, RandomizedDelaySec: "60", Persistent: "true" },
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
