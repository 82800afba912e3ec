import { bastionTypes } from "./bastion";
import { instances, templatesOf } from "./launch-templates";
import { mustHaveLogGroup } from "./log-writers";
import type { Field, Finding, Resource, Stack } from "./model";
import { stackRule } from "./rule";
import { opens, securityGroupRules } from "./security-group-rules";
import { groupsOf } from "./ssh";
import { faultsOfCodes, hasCodes, keyThenCode } from "./ssh-codes";
import { token } from "./tokens";
import { isBastion } from "./topology";
import { readings } from "./user-data";

const ssh = 22;

/** The bastions that a security group lets people reach by SSH, or may. */
function sshBastions(stack: Stack): Resource[] {
  const rules = securityGroupRules(stack).filter(
    (rule) => rule.direction === "ingress" && opens(rule, ssh) !== false,
  );
  return stack
    .all(...bastionTypes)
    .filter(isBastion)
    .filter((bastion) => {
      const guards = groupsOf([bastion], stack);
      return rules.some(({ groups }) => groups.some((group) => guards.includes(group)));
    });
}

/** What the user data of a bastion says to its SSH server. */
class Sshd {
  constructor(
    readonly owner: Resource,
    readonly text: string,
  ) {}

  /** What the group of a pattern finds in the user data. */
  capture(pattern: RegExp): string | undefined {
    return pattern.exec(this.text)?.[1];
  }

  /** The first value of a keyword of sshd_config, which is the one that holds; nothing where there is none. */
  first(keyword: string): string | undefined {
    return this.capture(new RegExp(String.raw`^[ \t]*${keyword}[ \t=]+(.*\S)`, "im"));
  }

  /** Ways to log in, each a list of methods that follow each other; none where the server decides. */
  ways(): string[] {
    return this.first("AuthenticationMethods")?.split(/\s+/) ?? [];
  }

  /** Every value of a keyword that adds up. */
  all(keyword: string): string[] {
    const lines = new RegExp(String.raw`^[ \t]*${keyword}[ \t=]+(.*\S)`, "gim");
    return [...this.text.matchAll(lines)].map(([, value = ""]) => value);
  }

  *must(keyword: string, holds: (value: string) => boolean, rule: string): Iterable<Finding> {
    const value = this.first(keyword);
    if (value !== undefined && holds(value)) return;
    yield this.fail(`${keyword} must ${rule}, got ${value ?? "nothing"}`);
  }

  fail(message: string): Finding {
    return this.owner.fail(message);
  }
}

/** Judges the settings of each bastion that is open to SSH. */
function* settings(stack: Stack, judged: (sshd: Sshd) => Iterable<Finding>): Iterable<Finding> {
  const bastions = sshBastions(stack);
  if (bastions.length === 0) {
    yield { verdict: "notApplicable", message: "no bastion is open to SSH" };
  }
  for (const bastion of bastions) {
    const owners = [bastion, ...templatesOf(bastion, stack)];
    const fields = owners
      .flatMap((owner) => ["userData", "userDataBase64"].map((path) => owner.at(path)))
      .filter(({ present }) => present);
    const open = fields.filter(({ unknown }) => unknown);
    if (open.length > 0) {
      yield* open.map((field) => field.undecided());
      continue;
    }
    yield* judged(new Sshd(ownerOf(fields) ?? bastion, textOf(fields)));
  }
}

function ownerOf([first]: Field[]): Resource | undefined {
  return first?.resource;
}

function textOf(fields: Field[]): string {
  return fields.flatMap(({ text }) => readings(text)).join("\n");
}

const types = [token.autoScalingGroup, ...instances];

/** "Modern (OpenSSH 6.7+)" of the guidelines, with the second name that OpenSSH gives the first exchange. */
const modern: Record<string, readonly string[]> = {
  KexAlgorithms: [
    "curve25519-sha256@libssh.org",
    "curve25519-sha256",
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
};

export const sshdModern = stackRule({
  id: "bastion-sshd-modern",
  title: "The SSH server of a bastion speaks Mozilla's modern algorithms and no others",
  severity: "high",
  level: "mandatory",
  requirements: ["M5"],
  controls: [],
  fix: "Write KexAlgorithms, Ciphers and MACs of the guidelines into sshd_config in the user data, and HostKey lines for Ed25519, RSA or ECDSA.",
  url: "https://infosec.mozilla.org/guidelines/openssh",
  types,
  *checkStack(stack) {
    yield* settings(stack, function* (sshd) {
      for (const [keyword, names] of Object.entries(modern)) {
        // A list that starts with a sign changes the server's own one, which nobody sees here.
        const allowed = (value: string) => value.split(",").every((name) => names.includes(name));
        yield* sshd.must(keyword, allowed, "name algorithms of Mozilla's modern profile alone");
      }
      const keys = sshd.all("HostKey");
      if (keys.length === 0) yield sshd.fail("HostKey must be set, got nothing");
      for (const key of keys.filter((path) => !/(ed25519|rsa|ecdsa)(_key)?$/.test(path))) {
        yield sshd.fail(`HostKey must be an Ed25519, RSA or ECDSA key, got ${key}`);
      }
    });
  },
});

const no = (value: string) => value.toLowerCase() === "no";

export const sshdKeysOnly = stackRule({
  id: "bastion-sshd-no-root-no-password",
  title:
    "The SSH server of a bastion takes keys, and codes after them where it asks, of named accounts, and never root",
  severity: "critical",
  level: "mandatory",
  requirements: ["M5", "M6", "M7"],
  controls: [],
  fix: "Set AuthenticationMethods publickey, PermitRootLogin no, PasswordAuthentication no and AllowUsers in sshd_config in the user data. For codes set AuthenticationMethods publickey,keyboard-interactive:pam and UsePAM yes, and write an /etc/pam.d/sshd that asks for them and refuses everything else.",
  url: "https://infosec.mozilla.org/guidelines/openssh",
  types,
  *checkStack(stack) {
    yield* settings(stack, function* (sshd) {
      yield* methods(sshd);
      yield* sshd.must("PermitRootLogin", no, "be no");
      yield* sshd.must("PasswordAuthentication", no, "be no");
      yield* sshd.must(
        "AllowUsers",
        (value) => !/[*?!]/.test(value),
        "name the accounts of people",
      );
    });
  },
});

/** Keys alone, or keys and codes: what asks for codes asks for them in every way, and lets nobody in without. */
function* methods(sshd: Sshd): Iterable<Finding> {
  const every = (form: string) => (value: string) =>
    value.split(/\s+/).every((way) => way === form);
  const asksForCodes =
    hasCodes(sshd.text) || sshd.ways().some((way) => way.startsWith("publickey,keyboard"));
  if (!asksForCodes) {
    yield* sshd.must("AuthenticationMethods", every("publickey"), `be publickey or ${keyThenCode}`);
    const keyword = "KbdInteractiveAuthentication";
    if (sshd.first(keyword) !== undefined) yield* sshd.must(keyword, no, "be no without codes");
    return;
  }
  yield* sshd.must("AuthenticationMethods", every(keyThenCode), `be ${keyThenCode} in every way`);
  yield* sshd.must("UsePAM", (value) => value.toLowerCase() === "yes", "be yes for codes");
  yield* faultsOfCodes(sshd.text).map((fault) => sshd.fail(`the user data must ${fault}`));
}

export const sshdAudit = stackRule({
  id: "bastion-sshd-audit",
  title:
    "The SSH server of a bastion logs keys and files to CloudWatch, and has no moduli below 3072 bits",
  severity: "medium",
  level: "mandatory",
  requirements: ["M5", "M10"],
  controls: [],
  fix: "Set LogLevel VERBOSE and Subsystem sftp with -f AUTHPRIV -l INFO in sshd_config, let the CloudWatch agent take /var/log/secure to a log group of the stack, and filter /etc/ssh/moduli with awk '$5 >= 3071'.",
  url: "https://infosec.mozilla.org/guidelines/openssh",
  types,
  *checkStack(stack) {
    yield* settings(stack, function* (sshd) {
      yield* sshd.must("LogLevel", (value) => value.toUpperCase() === "VERBOSE", "be VERBOSE");
      const sftp = sshd.first("Subsystem[ \\t]+sftp");
      if (sftp !== undefined && !/ -f AUTHPRIV\b.* -l (INFO|VERBOSE)\b/.test(sftp)) {
        yield sshd.fail(`Subsystem sftp must log with -f AUTHPRIV -l INFO, got ${sftp}`);
      }
      // A prime of n bits is listed as n - 1.
      const least = sshd.capture(/\$5 *>= *(\d+)[^\n]*moduli/);
      if (Number(least ?? 0) < 3071) {
        yield sshd.fail(
          `the user data must keep moduli from 3071 in the list and no others, got ${least ?? "no filter"}`,
        );
      }
      yield* shipped(sshd, stack);
    });
  },
});

/** The log outlives the instance: the configuration of the CloudWatch agent takes it to a log group of the stack. */
function shipped(sshd: Sshd, stack: Stack): Finding[] {
  const group = sshd.capture(/"log_group_name"\s*:\s*"([^"]+)"/);
  const source = sshd.capture(/("file_path"\s*:\s*"\/var\/log\/secure"|"journald"\s*:)/);
  if (group !== undefined && source !== undefined) {
    return mustHaveLogGroup(sshd.owner, group, stack);
  }
  return [
    sshd.fail(
      "the user data must let the CloudWatch agent take /var/log/secure or the journal to a log group, got no such configuration",
    ),
  ];
}

/** A command that does nothing, in place of what people ask for. */
const endsAtOnce = /^(\/usr)?\/s?bin\/(nologin|false|true)$/;

/** Ways out of a session that are not to a named host and port. */
const closedWays = [
  "AllowAgentForwarding",
  "AllowStreamLocalForwarding",
  "X11Forwarding",
  "PermitTunnel",
];

export const sshdForwarding = stackRule({
  id: "bastion-sshd-forwarding",
  title:
    "The SSH server of a bastion forwards to named hosts, not agents or displays, and takes no files",
  severity: "high",
  level: "mandatory",
  requirements: ["M5", "J16"],
  controls: [],
  fix: "Set PermitOpen to the hosts in use or none, AllowTcpForwarding to local, and AllowAgentForwarding, AllowStreamLocalForwarding, X11Forwarding and PermitTunnel to no in sshd_config in the user data. Beside Subsystem sftp set ForceCommand to /sbin/nologin.",
  url: "https://man.openbsd.org/sshd_config",
  types,
  *checkStack(stack) {
    yield* settings(stack, function* (sshd) {
      for (const keyword of closedWays) yield* sshd.must(keyword, no, "be no");
      // Off unless it is said: environments load libraries, and gateways let others into a tunnel.
      for (const keyword of ["PermitUserEnvironment", "GatewayPorts"]) {
        if (sshd.first(keyword) !== undefined) yield* sshd.must(keyword, no, "be no");
      }
      yield* sshd.must(
        "AllowTcpForwarding",
        (value) => value === "local" || no(value),
        "be local or no",
      );
      yield* sshd.must(
        "PermitOpen",
        (value) => value.split(/\s+/).every((target) => target !== "any" && !target.includes("*")),
        "be none or name hosts and ports",
      );
      // A shell of nologin does not stop internal-sftp, which runs in the server itself.
      if (sshd.first("Subsystem[ \\t]+sftp") !== undefined) {
        yield* sshd.must(
          "ForceCommand",
          (value) => endsAtOnce.test(value),
          "be a command that ends at once, such as /sbin/nologin, beside Subsystem sftp",
        );
      }
    });
  },
});

export const sshMfa = stackRule({
  id: "bastion-ssh-mfa",
  title: "Who comes in by SSH shows two factors",
  severity: "medium",
  level: "advisory",
  requirements: ["M7"],
  controls: [],
  fix: "Take security keys only, with PubkeyAuthOptions verify-required, or ask for a code in AuthenticationMethods publickey,keyboard-interactive:pam.",
  url: "https://infosec.mozilla.org/guidelines/openssh",
  types,
  *checkStack(stack) {
    yield* settings(stack, function* (sshd) {
      const ways = sshd.ways();
      if (ways.length > 0 && ways.every((way) => way === keyThenCode)) return;
      // The option holds for security keys alone, so no other key may be accepted beside them.
      const accepted = sshd.first("PubkeyAccepted(?:Algorithms|KeyTypes)")?.split(",") ?? [];
      const onlyHardware = accepted.length > 0 && accepted.every((name) => name.startsWith("sk-"));
      const verifies = sshd.first("PubkeyAuthOptions")?.split(",").includes("verify-required");
      if (onlyHardware && verifies) return;
      yield sshd.fail(
        "sshd_config must ask for a code after the key or accept verified security keys alone",
      );
    });
  },
});
