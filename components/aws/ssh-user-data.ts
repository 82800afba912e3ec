import { rsyslogFiles, shipLog, writeLogSettings } from "./instance-log";
import { codePackages, fetchCodes, pamFile } from "./one-time-codes";
import type { Person, SecondFactor } from "./sshd-config";
import { hostKeyTypes, mozillaModern, sshdConfig } from "./sshd-config";

export interface SshUserDataArgs {
  /** AWS account of the stack. */
  accountId: string;
  /** AWS region of the stack. */
  region: string;
  /** Name of the cluster to whose API tunnels lead. */
  clusterName: string;
  /** Name of Vault, to which tunnels lead as well. */
  vaultHost: string;
  /** Value of the tag `Drawbridge` on the address of the bastion. */
  tag: string;
  /** Name of the SSM parameter that tells people the host keys. */
  hostKeysParameter: string;
  /** Log group that takes the server's log. */
  logGroupName: string;
  /** Who may come in. */
  people: Person[];
  /** Whether every login takes a security key. */
  securityKeys: boolean;
  /** What is asked for after the key. */
  mfa: SecondFactor;
}

/** Bytes that EC2 takes as user data, before base64: docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html */
export const mostUserData = 16_384;

/**
 * What makes a fresh instance of Amazon Linux 2023 a bastion for SSH. It holds no secret: host keys are made on the
 * instance, people's keys are public, and those of their codes are fetched.
 *
 * A boothook of cloud-init runs at each boot before the SSH server, and keeps it from starting when anything fails. What
 * needs the network is a unit of its own, which tries again until it succeeds: it installs what ships the log and asks
 * for codes, tells people the host keys, asks EKS for the host that tunnels may lead to, and takes the address. All of
 * it goes through VPC endpoints, for until then the instance has no way to the internet; nobody can connect before the
 * log is shipped.
 *
 * The server starts with this file alone. EC2 Instance Connect puts its own command line into a drop-in of the unit
 * (github.com/aws/aws-ec2-instance-connect-config), and the last drop-in by name wins; what crypto policies would change
 * shows in `sshd -T`, whose answer is held against what was asked for.
 *
 * The form of the file and the server's behaviour are verified on OpenSSH 9.2 (`npm run verify:ssh`), the instance itself
 * is not.
 */
export function sshUserData(args: SshUserDataArgs): string {
  const { people, securityKeys, mfa } = args;
  const config = sshdConfig({ accounts: people.map(({ name }) => name), securityKeys, mfa });
  return `#cloud-boothook
#!/bin/sh
set -eu
trap 'test $? -eq 0 || systemctl mask --now sshd.service' EXIT
umask 022
systemctl mask --now amazon-ssm-agent.service
ip rule add priority 100 to 169.254.169.254/32 uidrange 1-4294967294 prohibit protocol kernel
install -d -m 0755 /etc/ssh/people
install -d -m 0700 /etc/ssh/host-keys
for type in ${hostKeyTypes.join(" ")}; do
  test -s "/etc/ssh/host-keys/$type" || ssh-keygen -q -t "$type" ${keyBits} -N '' -C '' -f "/etc/ssh/host-keys/$type"
done
${filterModuli("/etc/ssh/moduli")}
groupadd --force people
account() {
  id -u "$1" > /dev/null 2>&1 || useradd --gid people --no-create-home --home-dir / --shell /sbin/nologin --password '*' "$1"
  test "$(id -u "$1")" -ge 1000
  printf '%s\\n' "$2" > "/etc/ssh/people/$1"
}
${people.map(({ name, publicKey }) => `account ${name} '${publicKey}'`).join("\n")}
cat > /etc/ssh/sshd_config <<'END'
${config}END
${mfa === "totp" ? asksForCodes(args) : ""}sshd -t -f /etc/ssh/sshd_config
sshd -T -f /etc/ssh/sshd_config > /run/sshd-effective
${Object.entries(mozillaModern)
  .map(
    ([keyword, names]) =>
      `grep -Fxq '${keyword.toLowerCase()} ${names.join(",")}' /run/sshd-effective`,
  )
  .join("\n")}
install -d /etc/systemd/system/sshd.service.d
cat > /etc/systemd/system/sshd.service.d/zz-drawbridge.conf <<'END'
[Service]
ExecStart=
ExecStart=/usr/sbin/sshd -D -f /etc/ssh/sshd_config
END
${writeLogSettings({ ...args, files: { "": rsyslogFiles.secure } })}cat > /usr/local/sbin/drawbridge-join <<'END'
${joinScript(args)}END
chmod 0755 /usr/local/sbin/drawbridge-join
cat > /etc/systemd/system/drawbridge-join.service <<'END'
[Unit]
Description=Ship the log, tell the host keys, learn the API's host, take the address
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/drawbridge-join
Restart=on-failure
RestartSec=15
END
systemctl daemon-reload
systemctl start --no-block drawbridge-join.service
`;
}

/** RSA as large as people's; the other types have one size, and ssh-keygen would take this for another curve. */
const keyBits = '$(test "$type" != rsa || echo -b 4096)';

/** Keeps the groups of 3072 bits and more, as Mozilla's guidelines do: a group of n bits is listed as n - 1. */
export function filterModuli(file: string): string {
  return `awk '$5 >= 3071' ${file} > ${file}.strong
test -s ${file}.strong
mv ${file}.strong ${file}`;
}

/** The folder of people's keys for codes, the script that fills it, and the file of PAM that needs it. */
function asksForCodes(args: SshUserDataArgs): string {
  return `install -d -m 0700 /etc/ssh/codes
cat > /etc/pam.d/sshd <<'END'
${pamFile()}END
cat > ${codesScript} <<'END'
${fetchCodes(args)}END
chmod 0700 ${codesScript}
`;
}

const codesScript = "/usr/local/sbin/drawbridge-codes";

function joinScript(args: SshUserDataArgs): string {
  const { region, clusterName, vaultHost, tag, hostKeysParameter, mfa } = args;
  const asksForCode = mfa === "totp";
  return `#!/bin/sh
set -eu
export AWS_DEFAULT_REGION=${region}
${shipLog(asksForCode ? codePackages : [])}${asksForCode ? `${codesScript}\n` : ""}found=$(aws ec2 describe-addresses --filters Name=tag:Drawbridge,Values=${tag} --query 'Addresses[0].[AllocationId,PublicIp]' --output text)
set -- $found
allocation=$1
address=$2
case $allocation in eipalloc-*) ;; *) exit 1 ;; esac
aws ssm put-parameter --name ${hostKeysParameter} --type String --overwrite --value "$(awk -v host="$address" '{ print host, $1, $2 }' /etc/ssh/host-keys/*.pub)"
endpoint=$(aws eks describe-cluster --name ${clusterName} --query cluster.endpoint --output text)
case $endpoint in https://*) ;; *) exit 1 ;; esac
printf 'PermitOpen %s:443 ${vaultHost}:8200\\n' "\${endpoint#https://}" > /etc/ssh/permit-open.conf
sshd -t -f /etc/ssh/sshd_config
systemctl try-restart sshd.service
aws ec2 associate-address --allocation-id "$allocation" --instance-id "$(cat /var/lib/cloud/data/instance-id)"
`;
}
