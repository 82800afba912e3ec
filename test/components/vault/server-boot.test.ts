import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { mostUserData } from "../../../components/aws/ssh-user-data";
import { serverUserData } from "../../../components/vault/server-boot";
import { serverFiles } from "../../../components/vault/server-files";
import { Instance, serverArgs, serverScript, written } from "../../support/server-scripts";

const script = serverUserData(serverArgs);
const install = serverScript("install");
const log = serverScript("log");
const snapshot = serverScript("snapshot");

function complaintsOf(command: string, args: string[], input: string): string {
  const { status, stderr, error } = spawnSync(command, args, { input, encoding: "utf8" });
  return error?.message ?? (status === 0 ? "" : `ended with ${status ?? "a signal"}: ${stderr}`);
}

describe("serverUserData", () => {
  it("fits into user data, and is sound shell", () => {
    expect(Buffer.byteLength(script)).toBeLessThan(mostUserData);
    expect(complaintsOf("sh", ["-n"], script)).toBe("");
    expect(complaintsOf("sh", ["-n"], install)).toBe("");
    expect(complaintsOf("sh", ["-n"], log)).toBe("");
    expect(complaintsOf("sh", ["-n"], snapshot)).toBe("");
    expect(complaintsOf("sh", ["-n"], serverScript("watch"))).toBe("");
  });

  it("trusts one key of the vendor's, and installs a pinned package signed by it", () => {
    const fingerprint = "798AEC654E5C15428C8E42EEAA16FCBCA621E701";
    const file = "/etc/pki/rpm-gpg/RPM-GPG-KEY-hashicorp";
    expect(install).toContain(`--export ${fingerprint} > ${file}.new\n`);
    expect(install).toContain(`gpgcheck=1\ngpgkey=file://${file}\n`);
    expect(install.match(/rpm --import \S+/g)).toEqual([`rpm --import ${file}`]);
    expect(install).toMatch(/--enablerepo=hashicorp install vault-\d+\.\d+\.\d+-\d+\n/);
    expect(install).not.toMatch(/nogpgcheck|--insecure|http:/);
    // The vendor's repository has no package that it depends on.
    expect(log).toMatch(/ --enablerepo=amazonlinux .* openssl\n/);
  });

  it("ships the log before it waits for the volume, and says so on the console", () => {
    const lines = install.split("\n");
    expect(lines.slice(0, 3)).toEqual(["#!/bin/sh", "set -eu", "umask 022"]);
    expect(lines[4]).toBe("/usr/local/sbin/drawbridge-vault-log || ships=false");
    expect(lines.slice(5, 7)).toEqual([
      "until test -b /dev/sdf; do",
      "echo 'waits for the volume /dev/sdf'",
    ]);
    const shipping = log.split("\n");
    expect(shipping.slice(0, 3)).toEqual(lines.slice(0, 3));
    expect(shipping[3]).toMatch(/ install amazon-cloudwatch-agent rsyslog /);
    expect(shipping[4]).toBe("systemctl enable --now rsyslog.service");
    expect(shipping[5]).toMatch(/amazon-cloudwatch-agent-ctl -a fetch-config /);
    for (const unit of ["drawbridge-vault-install.service", "vault.service.d/drawbridge.conf"]) {
      expect(written(`/etc/systemd/system/${unit}`)).toContain("StandardOutput=journal+console\n");
    }
  });

  it("turns on audit devices on two volumes, whose files it ships", () => {
    const calls = JSON.parse(written("/etc/drawbridge-vault-audit.json")) as Record<
      string,
      { options: { file_path: string } }
    >;
    const files = Object.values(calls).map(({ options }) => options.file_path);
    expect(Object.keys(calls)).toEqual(["sys/audit/file-data", "sys/audit/file-root"]);
    expect(files).toEqual(["/var/lib/vault/audit/audit.log", "/var/log/vault/audit.log"]);
    for (const file of files) {
      expect(written("/etc/drawbridge-agent.json")).toContain(`"file_path":"${file}"`);
    }
  });

  it("fetches files before each try of the first boot, and often", () => {
    const unit = written("/etc/systemd/system/vault.service.d/drawbridge.conf");
    const first = unit.indexOf(
      "ExecStartPre=-+/usr/local/sbin/drawbridge-vault-files before-start\n",
    );
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(unit.indexOf("vault-first-boot"));
    expect(written("/etc/systemd/system/drawbridge-vault-files.timer")).toContain(
      "OnCalendar=*:0/15\n",
    );
  });

  it("formats an empty volume only", () => {
    expect(install).toContain("blkid /dev/sdf > /dev/null || mkfs.xfs /dev/sdf\n");
    expect(script).not.toContain("mkfs.xfs -f");
  });

  it("gives the volume to Vault's user before each start, and has him make all that is on it", () => {
    const unit = written("/etc/systemd/system/vault.service.d/drawbridge.conf");
    expect(unit.match(/^ExecStartPre=.*$/gm)).toEqual([
      "ExecStartPre=-+/usr/local/sbin/drawbridge-vault-files before-start",
      "ExecStartPre=+/usr/bin/chown --recursive vault:vault /var/lib/vault",
      "ExecStartPre=/usr/bin/mkdir --parents --mode=0700 /var/lib/vault/audit",
      "ExecStartPre=/usr/local/sbin/vault-first-boot /etc/vault.d/first-boot.json",
    ]);
  });

  it("rotates the files of Vault's user as he, and those of root as root", () => {
    const [ofVault, ofRoot] = [...install.matchAll(/^\/\S+.* \{\n([^}]*)^\}/gm)].map(([, s]) => s);
    expect(ofVault).toContain("  su vault vault\n");
    expect(ofVault).toContain("  create 0600 vault vault\n");
    expect(ofRoot).toContain("rsyslog");
    expect(ofRoot).not.toMatch(/vault| su /);
  });

  it("lets the server start after the first boot, on its own volume alone", () => {
    const unit = written("/etc/systemd/system/vault.service.d/drawbridge.conf");
    expect(unit).toContain("ConditionPathIsMountPoint=/var/lib/vault\n");
    expect(unit).toContain(
      "ExecStartPre=/usr/local/sbin/vault-first-boot /etc/vault.d/first-boot.json\n",
    );
    expect(unit).toContain(
      "ExecStart=/usr/bin/vault server -config=/etc/vault.d/server.json -config=/etc/vault.d/open.json\n",
    );
    // What the first boot starts must not outlive it.
    expect(unit).toContain("KillMode=control-group\nLimitCORE=0\n");
  });

  it("has no swap, in which keys could be found", () => {
    expect(script).toContain("swapoff --all\n");
  });

  it("ships both audit logs and all that servers say, and keeps them short", () => {
    const { logs } = JSON.parse(written("/etc/drawbridge-agent.json")) as {
      logs: { logs_collected: { files: { collect_list: Record<string, string>[] } } };
    };
    const collected = logs.logs_collected.files.collect_list;
    expect(collected.map(({ file_path: path }) => path)).toEqual([
      "/var/lib/vault/audit/audit.log",
      "/var/log/vault/audit.log",
      "/var/log/messages",
    ]);
    expect(collected.map(({ log_stream_name: name }) => name)).toEqual([
      "{instance_id}/file-data",
      "{instance_id}/file-root",
      "{instance_id}/messages",
    ]);
    expect(new Set(collected.map(({ log_group_name: name }) => name))).toEqual(
      new Set(["/drawbridge/p/vault"]),
    );
    expect(install).toContain("/var/lib/vault/audit/audit.log /var/log/vault/audit.log {\n");
    expect(install).toContain("/var/log/messages {\n");
  });

  it("takes a snapshot each hour, on the active node, with a token that it gives back", () => {
    expect(written("/etc/systemd/system/drawbridge-vault-snapshot.timer")).toContain(
      "OnCalendar=hourly\n",
    );
  });

  it("has units without a section or a setting that systemd would not know", () => {
    for (const name of ["install", "files", "snapshot", "watch", "rotate"]) {
      const unit = written(`/etc/systemd/system/drawbridge-vault-${name}.service`);
      expect(unit).toMatch(/^\[Unit\]\nDescription=[^]*\n\[Service\]\nType=oneshot\nExecStart=\//);
    }
  });
});

describe("the boot of a server", () => {
  let instance: Instance;
  beforeEach(() => {
    instance = new Instance();
    for (const name of ["log", "files"]) {
      instance.place(`/usr/local/sbin/drawbridge-vault-${name}`, serverScript(name));
    }
    for (const name of ["blkid", "is-attached", "mountpoint", "sleep", "systemctl"]) {
      instance.command(name, "");
    }
    for (const name of ["chown", "install"]) instance.ownCommand(name);
  });
  afterEach(() => instance.remove());

  const unreachable = "echo 'Could not resolve host' >&2; exit 6";
  const paths = Object.keys(serverFiles);
  const started = "systemctl start --no-block vault.service";
  const vendor = "https://rpm.releases.hashicorp.com/gpg";

  const nobodyAnswers = () => {
    for (const name of ["aws", "curl", "dnf"]) instance.command(name, unreachable);
  };
  const everybodyAnswers = () => {
    const secret = Object.fromEntries(paths.map((path) => [instance.at(path), "of the secret"]));
    instance.command("aws", `cat <<'END'\n${JSON.stringify(secret)}\nEND`);
    instance.command("rpm", 'test "$1" = --import');
    instance.command("gpg", "echo key");
    for (const name of ["curl", "dnf"]) instance.command(name, "");
  };
  /** An instance that was a server before: packages are installed, and files are there. */
  const wasUpBefore = () => {
    instance.command("rpm", "");
    for (const path of paths) instance.write(path, "of an earlier boot");
  };
  /** One whose agent is not up, and does not come up. */
  const noAgent = () => instance.command("systemctl", 'test "$1" != is-active');
  /** Shell that fails until it has run this often. */
  const nthTime = (file: string, times: number) =>
    `#!/bin/sh\nprintf x >> ${file}\ntest $(wc -c < ${file}) -ge ${times}\n`;
  const boot = () => instance.run(install);
  const callsOf = (name: string, calls: string[]) =>
    calls.filter((call) => call.startsWith(`${name} `));

  it("installs Vault by the vendor's key and starts it with the files of its secret", () => {
    everybodyAnswers();
    const { status, calls } = boot();
    expect(status).toBe(0);
    expect(callsOf("curl", calls).map((call) => call.split(" ").at(-1))).toEqual([vendor]);
    expect(callsOf("dnf", calls)).toEqual([
      expect.stringContaining(" install amazon-cloudwatch-agent rsyslog logrotate openssl"),
      expect.stringMatching(/ --enablerepo=hashicorp install vault-\d/),
    ]);
    expect(paths.map((path) => instance.read(path))).toEqual(paths.map(() => "of the secret"));
    expect(calls.at(-1)).toBe(started);
  });

  it("takes its settings from the package's user before it writes any, and lets Vault read them", () => {
    everybodyAnswers();
    const { calls } = boot();
    const taken = `chown --recursive root:vault ${instance.at("/etc/vault.d")}`;
    const order = [" install vault-", taken, " secretsmanager "];
    expect(calls.flatMap((call) => order.filter((part) => call.includes(part)))).toEqual(order);
    for (const [path, { group, mode }] of Object.entries(serverFiles)) {
      const isSetting = path.startsWith("/etc/vault.d/");
      expect([path, group, mode]).toEqual([
        path,
        ...(isSetting ? ["vault", "0440"] : ["root", "0755"]),
      ]);
    }
  });

  it("follows no link that is on the volume", () => {
    wasUpBefore();
    everybodyAnswers();
    const elsewhere = instance.at("/var/tmp/elsewhere");
    mkdirSync(elsewhere, { mode: 0o755 });
    mkdirSync(instance.at("/var/lib/vault"));
    symlinkSync(elsewhere, instance.at("/var/lib/vault/audit"));
    const { status } = boot();
    expect(status).toBe(0);
    expect(statSync(elsewhere).mode & 0o777).toBe(0o755);
    expect(statSync(instance.at("/var/log/vault")).mode & 0o777).toBe(0o700);
  });

  it("tries the log again while it waits for the volume, until it is shipped", () => {
    wasUpBefore();
    everybodyAnswers();
    const [tries, waits] = [instance.at("/tries"), instance.at("/waits")];
    instance.place("/usr/local/sbin/drawbridge-vault-log", nthTime(tries, 2));
    instance.command("is-attached", nthTime(waits, 4));
    const { status, said, calls } = boot();
    expect(readFileSync(tries, "utf8")).toBe("xx");
    expect(said.match(/waits for the volume/g)).toHaveLength(3);
    expect(calls.at(-1)).toBe(started);
    expect(status).toBe(0);
  });

  it("starts Vault again from what is on its disks when nobody answers", () => {
    wasUpBefore();
    nobodyAnswers();
    const { status, said, calls } = boot();
    expect(said).toContain("Could not resolve host");
    expect(["curl", "dnf", "gpg"].flatMap((name) => callsOf(name, calls))).toEqual([]);
    expect(calls.at(-1)).toBe(started);
    expect(status).toBe(0);
  });

  it("starts Vault again without its log, and fails then, so that the log is tried again", () => {
    wasUpBefore();
    nobodyAnswers();
    noAgent();
    const { status, calls } = boot();
    expect(calls.at(-1)).toBe(started);
    expect(status).not.toBe(0);
  });

  it.each(paths)("does not start Vault without %s", (path) => {
    for (const text of [undefined, ""]) {
      wasUpBefore();
      nobodyAnswers();
      if (text === undefined) instance.forget(path);
      else instance.write(path, text);
      const { status, said, calls } = boot();
      expect(said).toContain(`${instance.at(path)} must be there before Vault starts\n`);
      expect(calls).not.toContain(started);
      expect(status).toBe(1);
    }
  });

  it("does not start Vault at a first boot when Secrets Manager does not answer", () => {
    instance.command("rpm", "");
    nobodyAnswers();
    const { status, calls } = boot();
    expect([status, calls.includes(started)]).toEqual([1, false]);
  });

  it("installs no Vault whose vendor does not answer, or whose log is not shipped", () => {
    const ofTheLog = 'test "$2" = --quiet';
    instance.command("rpm", ofTheLog);
    nobodyAnswers();
    const withLog = boot();
    expect(withLog.status).toBe(6);
    expect(callsOf("curl", withLog.calls)).toHaveLength(1);
    noAgent();
    const withoutLog = boot();
    expect(withoutLog.status).not.toBe(0);
    expect(callsOf("curl", withoutLog.calls)).toEqual([]);
    for (const { calls } of [withLog, withoutLog]) {
      expect(callsOf("dnf", calls)).toEqual([]);
      expect(calls).not.toContain(started);
    }
  });
});

describe("the snapshot of a server", () => {
  let instance: Instance;
  beforeEach(() => (instance = new Instance()));
  afterEach(() => instance.remove());

  const login = "vault login -no-store -token-only -method=aws role=vault-server";
  const revoked = "vault token revoke -self";
  /** Vault as it answers; the token, where the snapshot goes and how STS is found go along with each call. */
  const vault = (active: string, saved = "true") =>
    instance.command(
      "vault",
      `case "$1 $2" in
"read "*) ${active} ;;
"login "*) test "$AWS_STS_REGIONAL_ENDPOINTS" = regional && echo hvs.snapshots ;;
"operator raft") test "$VAULT_TOKEN" = hvs.snapshots && ${saved} && echo data > "$5" ;;
"token revoke") test "$VAULT_TOKEN" = hvs.snapshots ;;
esac`,
    );
  const take = () => instance.run(snapshot);

  it("is stored by the active server, which says so and gives its token back", () => {
    vault("echo true");
    instance.command("aws", 'test "$(cat "$6")" = data');
    const { status, said, calls } = take();
    expect(said).toMatch(
      /^Vault snapshot stored: s3:\/\/p-snapshots\/vault\/\d{4}\/\d\d\/\d\d\/\d{6}\.snap\n$/,
    );
    expect(status).toBe(0);
    expect(calls.map((call) => call.split(" ").slice(0, 2).join(" "))).toEqual([
      "vault read",
      "vault login",
      "vault operator",
      "aws --region",
      "vault token",
    ]);
    expect(calls[1]).toBe(`${login} header_value=vault.p.internal region=eu-west-1`);
  });

  it("is not for a standby, which fails nothing", () => {
    vault("echo false");
    const { status, said, calls } = take();
    expect([status, said, calls]).toEqual([0, "", ["vault read -field=is_self sys/leader"]]);
  });

  it.each([
    ["Vault does not answer", "echo 'connection refused' >&2; exit 2", "connection refused"],
    ["Vault says something else", "echo maybe", "Vault must say whether it is active, got maybe"],
  ])("fails when %s", (_case, answer, message) => {
    vault(answer);
    const { status, said } = take();
    expect(status).not.toBe(0);
    expect(said).toContain(message);
  });

  it.each([
    ["Vault gives none", "false", "true"],
    ["the bucket takes none", "true", "false"],
  ])("fails when %s, and gives the token back", (_case, saved, stored) => {
    vault("echo true", saved);
    instance.command("aws", stored);
    const { status, said, calls } = take();
    expect(status).not.toBe(0);
    expect(said).not.toContain("stored");
    expect(calls.at(-1)).toBe(revoked);
  });
});

describe("the watch of a server", () => {
  let instance: Instance;
  beforeEach(() => (instance = new Instance()));
  afterEach(() => instance.remove());
  const watch = (openssl: string, vault: string) => {
    instance.command("openssl", openssl);
    instance.command("vault", vault);
    return instance.run(serverScript("watch"));
  };

  it("says that Vault is in service while it is", () => {
    expect(watch("true", "true").said).toBe("Vault of 0.vault.p.internal is in service\n");
    const sealed = watch("true", "exit 2");
    expect([sealed.said, sealed.status]).toEqual(["", 2]);
  });

  it("says when the certificate ends within 90 days", () => {
    const { said, calls } = watch("exit 1", "true");
    expect(said).toContain("Vault must get another certificate: its own ends within 90 days\n");
    expect(calls[0]).toMatch(/^openssl x509 -noout -checkend 7776000 -in .*tls\/server\.crt$/);
  });
});
