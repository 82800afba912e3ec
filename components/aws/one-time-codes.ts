import type { Place } from "./arns";
import { secretArn } from "./arns";
import type { Person } from "./sshd-config";

/**
 * The PAM module that asks for codes. It is in the repository of Amazon Linux 2023 itself, for arm64 as well
 * (github.com/amazonlinux/amazon-linux-2023/issues/310), where google-authenticator and Duo's module were not found.
 */
export const codePackages = ["pam_oath"];

export interface CodeFilesArgs {
  /** Folder of what the server reads. @default "/etc/ssh" */
  folder?: string;
  /** The module, by its name or its path. @default "pam_oath.so" */
  module?: string;
  /** Folder in which wrong codes are counted. @default "/run/faillock" */
  counts?: string;
}

/** Wrong codes in a row, and the seconds for which an account takes no more of them then. */
const lockout = "deny=5 fail_interval=900 unlock_time=900";

/**
 * The whole `/etc/pam.d/sshd` of a bastion that asks for one-time codes (TOTP: RFC 6238 with SHA-1, 30 seconds and 6
 * digits, as every app has it). It takes the code of now, of the step before or the one after, each once, and nothing
 * else: no line takes a password. Who has no key for codes is refused, and so is everybody while a module is missing.
 * OpenSSH comes here only after the public key was right, so that nobody else can lock an account.
 *
 * The module notes used codes in the file of keys, for which it writes in its folder. SELinux lets it, as Amazon Linux
 * 2023 has it permissive (docs.aws.amazon.com/linux/al2023/ug/selinux-modes.html); that an enforcing policy would is not
 * verified, and everybody would be refused then. The files are verified with Debian's pam_oath 2.6.7, the instance is not.
 */
export function pamFile({
  folder = "/etc/ssh",
  module = "pam_oath.so",
  counts = "/run/faillock",
}: CodeFilesArgs = {}): string {
  const tally = `dir=${counts} ${lockout}`;
  return [
    `auth required pam_faillock.so preauth ${tally}`,
    // A right code jumps over the line that counts a wrong one and ends.
    `auth [success=1 default=ignore] ${module} usersfile=${folder}/codes/keys window=1 digits=6`,
    `auth [default=die] pam_faillock.so authfail ${tally}`,
    `auth required pam_faillock.so authsucc ${tally}`,
    "account required pam_nologin.so",
    "account required pam_unix.so",
    "password required pam_deny.so",
    "session required pam_loginuid.so",
    "session required pam_limits.so",
    "session required pam_unix.so",
    "",
  ].join("\n");
}

export interface FetchCodesArgs extends Place {
  /** Who may come in, each with a secret. */
  people: Person[];
  /** Folder of what the server reads. @default "/etc/ssh" */
  folder?: string;
}

/**
 * The script that fetches people's keys for codes by the role of the instance, and writes the file of the module, which
 * root alone reads. A secret that is gone, or that holds no key, leaves its person out, and the log says so. After any
 * other answer, which may be another the next time, nothing is written and the script fails. The module notes in the
 * same file which codes were used, so it is written once.
 */
export function fetchCodes(args: FetchCodesArgs): string {
  const { people, region, folder = "/etc/ssh" } = args;
  // How the ARN of every secret in the place of the stack starts.
  const prefix = secretArn(args, "");
  const calls = people.flatMap(({ name, totpSecretArn }) =>
    totpSecretArn === undefined ? [] : [`key ${name} '${totpSecretArn.slice(prefix.length)}'`],
  );
  return `#!/bin/sh
set -eu
umask 077
cd ${folder}/codes
test ! -e keys || exit 0
export AWS_DEFAULT_REGION=${region}
refuse() { logger -p authpriv.warning -t drawbridge "$1 cannot log in: the secret $2"; }
key() {
  if ! text=$(aws secretsmanager get-secret-value --secret-id '${prefix}'"$2" --query SecretString --output text 2> error); then
    grep -Eq '\\((ResourceNotFoundException|InvalidRequestException)\\)' error || { logger -p authpriv.err -t drawbridge -f error; exit 1; }
    refuse "$1" 'is gone'
    return
  fi
  text=$(printf %s "$text" | tr -d '[:space:]' | tr a-z A-Z)
  while test $((\${#text} % 8)) -ne 0; do text="$text="; done
  hex=
  if printf %s "$text" | base32 -d > bytes 2> error; then hex=$(od -An -v -tx1 bytes | tr -d ' \\n'); fi
  rm -f bytes
  if test \${#hex} -lt 32 || test \${#hex} -gt 64; then
    refuse "$1" 'is no base32 of 16 to 32 bytes'
    return
  fi
  printf 'HOTP/T30/6 %s - %s\\n' "$1" "$hex" >> new
}
: > new
${calls.join("\n")}
rm -f error
mv new keys
`;
}
