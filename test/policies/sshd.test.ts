import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import { platform, resource } from "../support/rule-platform";
import { changed, gone, ref, unknown, type Change } from "../support/rule-stack";

/** A file that every rule of the SSH server takes, and before it the filter of moduli and what ships the log. */
const config = `awk '$5 >= 3071' /etc/ssh/moduli > /etc/ssh/moduli.strong
cat > /etc/agent.json <<'END'
{"collect_list": [{"file_path": "/var/log/secure", "log_group_name": "/bastion"}]}
END
cat > /etc/ssh/sshd_config <<'END'
HostKey /etc/ssh/ssh_host_ed25519_key
HostKey /etc/ssh/ssh_host_rsa_key
KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org,diffie-hellman-group-exchange-sha256
Ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com
MACs hmac-sha2-512-etm@openssh.com
AuthenticationMethods publickey
LogLevel VERBOSE
Subsystem sftp /usr/libexec/openssh/sftp-server -f AUTHPRIV -l INFO
PermitRootLogin no
PubkeyAcceptedAlgorithms sk-ssh-ed25519@openssh.com
PubkeyAuthOptions touch-required,verify-required
PasswordAuthentication no
UsePAM yes
AllowUsers alice bob
AllowAgentForwarding no
X11Forwarding no
PermitTunnel no
AllowTcpForwarding local
AllowStreamLocalForwarding no
ForceCommand /sbin/nologin
PermitOpen 0123456789abcdef.gr7.eu-west-1.eks.amazonaws.com:443
END
`;

const encoded = (text: string) => Buffer.from(text).toString("base64");
const userData = (text: unknown): Change => ({ "bastion-template.userData": text });
/** The file with one text in place of another. */
const where = (from: string, to: string): Change => {
  if (!config.includes(from)) throw new Error(`the file must have ${from}`);
  return userData(encoded(config.replace(from, to)));
};

/** The file and a file of PAM that ask for codes, with one text in place of another. */
const withCodes = (from = "", to = ""): Change => {
  const pam = `cat > /etc/pam.d/sshd <<'END'
auth required pam_faillock.so preauth
auth [success=1 default=ignore] pam_oath.so usersfile=/keys
auth [default=die] pam_faillock.so authfail
END
`;
  const asking = config.replace("Methods publickey", "Methods publickey,keyboard-interactive:pam");
  const text = `${pam}${asking}`;
  if (!text.includes(from)) throw new Error(`the files must have ${from}`);
  return userData(encoded(text.replace(from, to)));
};

const base = changed(platform, {
  ...userData(encoded(config)),
  "ssh-in": resource(token.securityGroupIngressRule, {
    securityGroupId: ref("bastion-group"),
    ipProtocol: "tcp",
    fromPort: 22,
    toPort: 22,
    cidrIpv4: "203.0.113.0/24",
    description: "people",
  }),
  "bastion-log": resource(token.logGroup, { name: "/bastion", retentionInDays: 365 }),
});

const common = {
  base,
  undecided: [
    [
      "user data that nobody knows yet",
      userData(unknown),
      ["bastion-template: undecided: userData of bastion-template is unknown until up"],
    ],
  ] satisfies [string, Change, string[]][],
  notApplicable: [
    ["no SSH", { "ssh-in": gone }, "no bastion is open to SSH"],
    [
      "SSH of another group",
      { "ssh-in.securityGroupId": ref("api-group") },
      "no bastion is open to SSH",
    ],
    ["another port", { "ssh-in.fromPort": 443, "ssh-in.toPort": 443 }, "no bastion is open to SSH"],
  ] satisfies [string, Change, string][],
};
const found = (message: string) => [`bastion-template: ${message}`];

casesFor("bastion-sshd-modern [M5]", {
  ...common,
  passes: [
    ["modern algorithms", {}],
    ["a file that is not encoded", userData(config)],
    ["keywords in other letters", where("KexAlgorithms ", "  kexalgorithms\t")],
  ],
  fails: [
    [
      "an exchange with SHA-1",
      where("curve25519-sha256,", "diffie-hellman-group14-sha1,"),
      found(
        "KexAlgorithms must name algorithms of Mozilla's modern profile alone, got diffie-hellman-group14-sha1,curve25519-sha256@libssh.org,diffie-hellman-group-exchange-sha256",
      ),
    ],
    [
      "the server's own ciphers and more",
      where("Ciphers ", "Ciphers +"),
      found(
        "Ciphers must name algorithms of Mozilla's modern profile alone, got +chacha20-poly1305@openssh.com,aes256-gcm@openssh.com",
      ),
    ],
    [
      "MACs left to the server",
      where("MACs ", "# MACs "),
      found("MACs must name algorithms of Mozilla's modern profile alone, got nothing"),
    ],
    [
      "an earlier line that holds",
      where("Ciphers ", "Ciphers 3des-cbc\nCiphers "),
      found("Ciphers must name algorithms of Mozilla's modern profile alone, got 3des-cbc"),
    ],
    [
      "a DSA host key",
      where("ssh_host_rsa_key", "ssh_host_dsa_key"),
      found("HostKey must be an Ed25519, RSA or ECDSA key, got /etc/ssh/ssh_host_dsa_key"),
    ],
    [
      "host keys left to the server",
      where("HostKey /etc/ssh/ssh_host_ed25519_key\nHostKey /etc/ssh/ssh_host_rsa_key\n", ""),
      found("HostKey must be set, got nothing"),
    ],
    [
      "no user data",
      userData(gone),
      [
        "bastion: KexAlgorithms must name algorithms of Mozilla's modern profile alone, got nothing",
        "bastion: Ciphers must name algorithms of Mozilla's modern profile alone, got nothing",
        "bastion: MACs must name algorithms of Mozilla's modern profile alone, got nothing",
        "bastion: HostKey must be set, got nothing",
      ],
    ],
  ],
});

casesFor("bastion-sshd-no-root-no-password [M5] [M6] [M7]", {
  ...common,
  passes: [
    ["keys of named accounts", {}],
    ["keys without anything else said of codes", where("UsePAM yes\n", "")],
    ["a key and a code", withCodes()],
    ["a module that refuses by itself", withCodes("[success=1 default=ignore]", "requisite")],
    ["Google's module", withCodes("pam_oath.so usersfile=/keys", "pam_google_authenticator.so")],
    [
      "a denial for who has no right code",
      withCodes("[default=die] pam_faillock.so authfail", "requisite pam_deny.so"),
    ],
  ],
  fails: [
    [
      "a way with a password",
      where("Methods publickey", "Methods publickey password"),
      found(
        "AuthenticationMethods must be publickey or publickey,keyboard-interactive:pam, got publickey password",
      ),
    ],
    [
      "a key and a password",
      where("Methods publickey", "Methods publickey,password"),
      found(
        "AuthenticationMethods must be publickey or publickey,keyboard-interactive:pam, got publickey,password",
      ),
    ],
    [
      "codes without a key",
      where("Methods publickey", "Methods keyboard-interactive:pam"),
      found(
        "AuthenticationMethods must be publickey or publickey,keyboard-interactive:pam, got keyboard-interactive:pam",
      ),
    ],
    [
      "questions that no code is asked in",
      where("UsePAM yes", "KbdInteractiveAuthentication yes"),
      found("KbdInteractiveAuthentication must be no without codes, got yes"),
    ],
    [
      "codes that the server does not ask for",
      withCodes("publickey,keyboard-interactive:pam", "publickey"),
      found(
        "AuthenticationMethods must be publickey,keyboard-interactive:pam in every way, got publickey",
      ),
    ],
    [
      "codes that one way leaves out",
      withCodes("keyboard-interactive:pam", "keyboard-interactive:pam publickey"),
      found(
        "AuthenticationMethods must be publickey,keyboard-interactive:pam in every way, got publickey,keyboard-interactive:pam publickey",
      ),
    ],
    [
      "codes past PAM",
      withCodes("UsePAM yes", "UsePAM no"),
      found("UsePAM must be yes for codes, got no"),
    ],
    [
      "whatever the distribution's file of PAM asks for",
      where("Methods publickey", "Methods publickey,keyboard-interactive:pam"),
      found(
        "the user data must write a line of auth with pam_duo.so or pam_google_authenticator.so or pam_oath.so into /etc/pam.d/sshd, got none",
      ),
    ],
    [
      "codes that may be wrong",
      withCodes("[default=die]", "optional"),
      found(
        "the user data must refuse who has no right code, got auth [success=1 default=ignore] pam_oath.so usersfile=/keys",
      ),
    ],
    [
      "codes that are one of two ways",
      withCodes("[success=1 default=ignore]", "sufficient"),
      found(
        "the user data must refuse who has no right code, got auth sufficient pam_oath.so usersfile=/keys",
      ),
    ],
    [
      "codes for those who have a key for them",
      withCodes("pam_oath.so usersfile=/keys", "pam_google_authenticator.so nullok"),
      found(
        "the user data must have a code from everybody, without alwaysok or nullok, got auth [success=1 default=ignore] pam_google_authenticator.so nullok",
      ),
    ],
    [
      "a password beside the code",
      withCodes("auth required pam_faillock.so preauth", "auth substack password-auth"),
      found(
        "the user data must have PAM ask for codes and nothing else, got auth substack password-auth",
      ),
    ],
    [
      "a way in before the code",
      withCodes("auth required pam_faillock.so preauth", "auth [success=done] pam_faillock.so"),
      found(
        "the user data must let nobody in before the code, got auth [success=done] pam_faillock.so",
      ),
    ],
    [
      "root by key",
      where("PermitRootLogin no", "PermitRootLogin prohibit-password"),
      found("PermitRootLogin must be no, got prohibit-password"),
    ],
    [
      "passwords",
      where("PasswordAuthentication no", "PasswordAuthentication yes"),
      found("PasswordAuthentication must be no, got yes"),
    ],
    [
      "every account",
      where("AllowUsers alice bob", "AllowUsers *"),
      found("AllowUsers must name the accounts of people, got *"),
    ],
    [
      "whatever accounts there are",
      where("AllowUsers alice bob\n", ""),
      found("AllowUsers must name the accounts of people, got nothing"),
    ],
  ],
});

const shipping =
  "the user data must let the CloudWatch agent take /var/log/secure or the journal to a log group, got no such configuration";

casesFor("bastion-sshd-audit [M5] [M10]", {
  ...common,
  passes: [
    ["a log of keys and files", {}],
    ["no file transfer", where("Subsystem sftp", "# sftp")],
    ["moduli from 4096 bits", where("3071", "4095")],
    ["the journal", where('"file_path": "/var/log/secure"', '"journald": {}')],
  ],
  fails: [
    [
      "a log without keys",
      where("LogLevel VERBOSE", "LogLevel INFO"),
      found("LogLevel must be VERBOSE, got INFO"),
    ],
    [
      "file transfer without a log",
      where(" -f AUTHPRIV -l INFO", ""),
      found(
        "Subsystem sftp must log with -f AUTHPRIV -l INFO, got /usr/libexec/openssh/sftp-server",
      ),
    ],
    [
      "moduli of 2048 bits",
      where("3071", "2047"),
      found("the user data must keep moduli from 3071 in the list and no others, got 2047"),
    ],
    ["a log that stays on the instance", where('"log_group_name"', '"name"'), found(shipping)],
    [
      "another log than the server's",
      where("/var/log/secure", "/var/log/dnf.log"),
      found(shipping),
    ],
    [
      "a log group that nobody made",
      { "bastion-log": gone },
      found("bastion-template must have its log group /bastion in the stack"),
    ],
    [
      "the moduli of the package",
      where("awk '$5 >= 3071' ", "cat "),
      found("the user data must keep moduli from 3071 in the list and no others, got no filter"),
    ],
  ],
});

const noFiles =
  "ForceCommand must be a command that ends at once, such as /sbin/nologin, beside Subsystem sftp";

casesFor("bastion-sshd-forwarding [M5] [J16]", {
  ...common,
  passes: [
    ["a named host", {}],
    [
      "nowhere",
      where("PermitOpen 0123456789abcdef.gr7.eu-west-1.eks.amazonaws.com:443", "PermitOpen none"),
    ],
    ["another command that does nothing", where("/sbin/nologin", "/usr/bin/false")],
    [
      "commands where there is no file transfer",
      userData(encoded(config.replaceAll(/^(Subsystem|ForceCommand) .*\n/gm, ""))),
    ],
  ],
  fails: [
    [
      "agents",
      where("AllowAgentForwarding no", "AllowAgentForwarding yes"),
      found("AllowAgentForwarding must be no, got yes"),
    ],
    [
      "displays",
      where("X11Forwarding no", "X11Forwarding yes"),
      found("X11Forwarding must be no, got yes"),
    ],
    [
      "a network device",
      where("PermitTunnel no", "PermitTunnel point-to-point"),
      found("PermitTunnel must be no, got point-to-point"),
    ],
    [
      "sockets of programs",
      where("AllowStreamLocalForwarding no", "AllowStreamLocalForwarding yes"),
      found("AllowStreamLocalForwarding must be no, got yes"),
    ],
    [
      "tunnels back to the caller",
      where("AllowTcpForwarding local", "AllowTcpForwarding yes"),
      found("AllowTcpForwarding must be local or no, got yes"),
    ],
    [
      "tunnels for others",
      where("PermitTunnel no\n", "PermitTunnel no\nGatewayPorts yes\n"),
      found("GatewayPorts must be no, got yes"),
    ],
    [
      "variables of the caller",
      where("PermitTunnel no\n", "PermitTunnel no\nPermitUserEnvironment yes\n"),
      found("PermitUserEnvironment must be no, got yes"),
    ],
    [
      "tunnels to any host",
      where("PermitOpen 0123456789abcdef.gr7.eu-west-1.eks.amazonaws.com", "PermitOpen *"),
      found("PermitOpen must be none or name hosts and ports, got *:443"),
    ],
    ["file transfer", where("ForceCommand /sbin/nologin\n", ""), found(`${noFiles}, got nothing`)],
    [
      "nothing but file transfer",
      where("ForceCommand /sbin/nologin", "ForceCommand internal-sftp"),
      found(`${noFiles}, got internal-sftp`),
    ],
    [
      "tunnels left to the server",
      where("PermitOpen ", "# "),
      found("PermitOpen must be none or name hosts and ports, got nothing"),
    ],
  ],
});

const second = found(
  "sshd_config must ask for a code after the key or accept verified security keys alone",
);

casesFor("bastion-ssh-mfa [M7]", {
  ...common,
  passes: [
    ["verified security keys", {}],
    [
      "a code after the key",
      where("Methods publickey\nLogLevel", "Methods publickey,keyboard-interactive:pam\nLogLevel"),
    ],
  ],
  fails: [
    ["security keys without a PIN", where(",verify-required", ""), second],
    ["other keys beside them", where("sk-ssh-ed25519", "ssh-ed25519,sk-ssh-ed25519"), second],
    ["whatever keys the server takes", where("PubkeyAcceptedAlgorithms", "# "), second],
    [
      "a code that may be left out",
      where(
        "Methods publickey\nLogLevel VERBOSE",
        "Methods publickey,keyboard-interactive:pam publickey\nPubkeyAuthOptions none",
      ),
      second,
    ],
  ],
});
