import type { SecondFactor } from "../../../components/aws/sshd-config";
import { sshdConfig } from "../../../components/aws/sshd-config";

const lines = (securityKeys: boolean, mfa: SecondFactor = "none") =>
  sshdConfig({ accounts: ["alice", "bob"], securityKeys, mfa })
    .trimEnd()
    .split("\n");

describe("sshdConfig", () => {
  it("says what Mozilla's modern profile says [M5]", () => {
    expect(lines(false)).toEqual(
      expect.arrayContaining([
        "KexAlgorithms curve25519-sha256@libssh.org,ecdh-sha2-nistp521,ecdh-sha2-nistp384,ecdh-sha2-nistp256,diffie-hellman-group-exchange-sha256",
        "Ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr",
        "MACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-512,hmac-sha2-256,umac-128@openssh.com",
        "AuthenticationMethods publickey",
        "LogLevel VERBOSE",
        "PermitRootLogin no",
        "Subsystem sftp internal-sftp -f AUTHPRIV -l INFO",
        "ForceCommand /sbin/nologin",
      ]),
    );
    expect(lines(false).filter((line) => line.startsWith("HostKey "))).toEqual([
      "HostKey /etc/ssh/host-keys/ed25519",
      "HostKey /etc/ssh/host-keys/rsa",
      "HostKey /etc/ssh/host-keys/ecdsa",
    ]);
  });

  it("lets in the named accounts by keys that root keeps [M6]", () => {
    expect(lines(false)).toEqual(
      expect.arrayContaining([
        "AllowUsers alice bob",
        "AuthorizedKeysFile /etc/ssh/people/%u",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
      ]),
    );
  });

  it("takes verified security keys alone where it is asked to [M7]", () => {
    const only = (securityKeys: boolean) =>
      lines(securityKeys).filter((line) => line.startsWith("Pubkey"));
    expect(only(true)).toEqual([
      "PubkeyAcceptedAlgorithms sk-ssh-ed25519@openssh.com",
      "PubkeyAuthOptions verify-required",
    ]);
    expect(only(false)).toEqual([
      "PubkeyAcceptedAlgorithms ssh-ed25519,sk-ssh-ed25519@openssh.com,rsa-sha2-512,rsa-sha2-256",
    ]);
  });

  it("asks for a code after the key where it is asked to, and changes nothing else [M7]", () => {
    const changed = (mfa: SecondFactor, other: SecondFactor) =>
      lines(true, mfa).filter((line) => !lines(true, other).includes(line));
    expect(changed("none", "totp")).toEqual([
      "AuthenticationMethods publickey",
      "KbdInteractiveAuthentication no",
      "LoginGraceTime 20",
    ]);
    expect(changed("totp", "none")).toEqual([
      "AuthenticationMethods publickey,keyboard-interactive:pam",
      "KbdInteractiveAuthentication yes",
      "LoginGraceTime 60",
    ]);
    expect(lines(true, "totp")).toEqual(expect.arrayContaining(["UsePAM yes"]));
  });

  it("says each thing once, and where tunnels lead last, when nobody else has said it", () => {
    const keywords = lines(true).map((line) => line.split(" ")[0] ?? "");
    const again = keywords.filter((one, i) => keywords.indexOf(one) < i);
    expect(again).toEqual(["HostKey", "HostKey"]);
    expect(lines(true).slice(-3)).toEqual([
      "Include /etc/ssh/permit-open.conf",
      "PermitOpen none",
      "PermitListen none",
    ]);
  });
});
