/** A person who comes in by SSH. */
export interface Person {
  /** Name of the account. */
  name: string;
  /** Public key in OpenSSH's form: type and base64. */
  publicKey: string;
  /** ARN of the secret with the key of the person's one-time codes, in base32. @default - no codes */
  totpSecretArn?: string | undefined;
}

/** What is asked for after the public key: nothing, or a one-time code (TOTP). */
export type SecondFactor = "none" | "totp";

export interface SshdConfigArgs {
  /** Names of the accounts that may log in. */
  accounts: string[];
  /** Whether every login takes a security key and what it asks of its owner: PIN or fingerprint. */
  securityKeys: boolean;
  /** What is asked for after the key. */
  mfa: SecondFactor;
  /** Folder of what the server reads. @default "/etc/ssh" */
  folder?: string;
}

/** Host key types of Mozilla's guidelines, the preferred one first. */
export const hostKeyTypes = ["ed25519", "rsa", "ecdsa"] as const;

/** "Modern (OpenSSH 6.7+)" of infosec.mozilla.org/guidelines/openssh, as the server itself spells it in `sshd -T`. */
export const mozillaModern = {
  KexAlgorithms: [
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp521",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp256",
    "diffie-hellman-group-exchange-sha256",
  ],
  Ciphers: [
    "chacha20-poly1305@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-gcm@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
  ],
  MACs: [
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256-etm@openssh.com",
    "umac-128-etm@openssh.com",
    "hmac-sha2-512",
    "hmac-sha2-256",
    "umac-128@openssh.com",
  ],
} as const;

/** Signatures of the host keys. OpenSSH 8.7 would still make one with SHA-1 by the RSA key. */
export const hostKeyAlgorithms = [
  "ssh-ed25519",
  "rsa-sha2-512",
  "rsa-sha2-256",
  "ecdsa-sha2-nistp256",
] as const;

/** Signatures that people's keys may make: SHA-1 and curves of unknown origin are out. */
const signatures = {
  any: ["ssh-ed25519", "sk-ssh-ed25519@openssh.com", "rsa-sha2-512", "rsa-sha2-256"],
  securityKey: ["sk-ssh-ed25519@openssh.com"],
};

/**
 * The whole `sshd_config` of a bastion: Mozilla's modern values, tunnels and nothing else. It is for OpenSSH 8.7, which
 * Amazon Linux 2023 has, and later. It includes no other file but the list of hosts that tunnels may lead to; while
 * that file is missing, they lead nowhere.
 */
export function sshdConfig({
  accounts,
  securityKeys,
  mfa,
  folder = "/etc/ssh",
}: SshdConfigArgs): string {
  const asksForCode = mfa === "totp";
  const accepted = securityKeys ? signatures.securityKey : signatures.any;
  return [
    ...hostKeyTypes.map((type) => `HostKey ${folder}/host-keys/${type}`),
    `HostKeyAlgorithms ${hostKeyAlgorithms.join(",")}`,
    ...Object.entries(mozillaModern).map(([keyword, names]) => `${keyword} ${names.join(",")}`),
    `AuthenticationMethods publickey${asksForCode ? ",keyboard-interactive:pam" : ""}`,
    "LogLevel VERBOSE",
    "SyslogFacility AUTHPRIV",
    "Subsystem sftp internal-sftp -f AUTHPRIV -l INFO",
    "PermitRootLogin no",
    `PubkeyAcceptedAlgorithms ${accepted.join(",")}`,
    ...(securityKeys ? ["PubkeyAuthOptions verify-required"] : []),
    // Below a folder of root's: nobody adds a key to an account, not even its owner.
    `AuthorizedKeysFile ${folder}/people/%u`,
    `AllowUsers ${accounts.join(" ")}`,
    "PasswordAuthentication no",
    `KbdInteractiveAuthentication ${asksForCode ? "yes" : "no"}`,
    "HostbasedAuthentication no",
    "UsePAM yes",
    // Codes are typed from another device, and a new one comes every 30 seconds.
    `LoginGraceTime ${asksForCode ? 60 : 20}`,
    "MaxAuthTries 3",
    "ClientAliveInterval 300",
    "ClientAliveCountMax 2",
    "Compression no",
    "AllowAgentForwarding no",
    "AllowStreamLocalForwarding no",
    "AllowTcpForwarding local",
    "GatewayPorts no",
    "PermitTunnel no",
    "PermitTTY no",
    "PermitUserEnvironment no",
    "PermitUserRC no",
    "X11Forwarding no",
    // In place of whatever is asked for, file transfer too, which needs no shell. Tunnels take no command.
    "ForceCommand /sbin/nologin",
    // The first value holds: the second is for the time before the hosts are known.
    `Include ${folder}/permit-open.conf`,
    "PermitOpen none",
    "PermitListen none",
    "",
  ].join("\n");
}
