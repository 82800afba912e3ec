import { spawnSync } from "node:child_process";
import { mostUserData } from "../../../components/aws/ssh-user-data";
import { serverUserData } from "../../../components/vault/server-boot";

const script = serverUserData({
  region: "eu-west-1",
  filesSecret: "p-vault-0",
  logGroupName: "/drawbridge/p/vault",
  snapshots: "s3://p-snapshots/vault",
  serverId: "vault.p.internal",
});

/** What the script writes into a file. */
function written(path: string): string {
  const start = script.indexOf(`cat > ${path} <<'END'\n`);
  const body = script.slice(script.indexOf("\n", start) + 1);
  return start < 0 ? "" : body.slice(0, body.indexOf("\nEND\n") + 1);
}

const install = written("/usr/local/sbin/drawbridge-vault-install");
const snapshot = written("/usr/local/sbin/drawbridge-vault-snapshot");

function complaintsOf(command: string, args: string[], input: string): string {
  const { status, stderr, error } = spawnSync(command, args, { input, encoding: "utf8" });
  return error?.message ?? (status === 0 ? "" : `ended with ${status ?? "a signal"}: ${stderr}`);
}

describe("serverUserData", () => {
  it("fits into user data, and is sound shell", () => {
    expect(Buffer.byteLength(script)).toBeLessThan(mostUserData);
    expect(complaintsOf("sh", ["-n"], script)).toBe("");
    expect(complaintsOf("sh", ["-n"], install)).toBe("");
    expect(complaintsOf("sh", ["-n"], snapshot)).toBe("");
  });

  it("trusts one key of the vendor's, and installs a pinned package signed by it", () => {
    const fingerprint = "798AEC654E5C15428C8E42EEAA16FCBCA621E701";
    const file = "/etc/pki/rpm-gpg/RPM-GPG-KEY-hashicorp";
    expect(install).toContain(`--export ${fingerprint} > ${file}.new\n`);
    expect(install).toContain(`gpgcheck=1\ngpgkey=file://${file}\n`);
    expect(install.match(/rpm --import \S+/g)).toEqual([`rpm --import ${file}`]);
    expect(install).toMatch(/--enablerepo=hashicorp install vault-\d+\.\d+\.\d+-\d+\n/);
    expect(install).not.toMatch(/nogpgcheck|--insecure|http:/);
  });

  it("formats an empty volume only", () => {
    expect(install).toContain("blkid /dev/sdf > /dev/null || mkfs.xfs /dev/sdf\n");
    expect(script).not.toContain("mkfs.xfs -f");
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

  it("ships both audit logs and keeps them short", () => {
    const agent = /<<'AGENT'\n(.*)\nAGENT/.exec(install)?.[1] ?? "{}";
    const { logs } = JSON.parse(agent) as {
      logs: { logs_collected: { files: { collect_list: Record<string, string>[] } } };
    };
    const collected = logs.logs_collected.files.collect_list;
    expect(collected.map(({ file_path: path }) => path)).toEqual([
      "/var/lib/vault/audit/audit.log",
      "/var/log/vault/audit.log",
    ]);
    expect(new Set(collected.map(({ log_group_name: name }) => name))).toEqual(
      new Set(["/drawbridge/p/vault"]),
    );
    expect(install).toContain("/var/lib/vault/audit/audit.log /var/log/vault/audit.log {\n");
  });

  it("takes a snapshot each hour, on the active node, with a token that it gives back", () => {
    expect(written("/etc/systemd/system/drawbridge-vault-snapshot.timer")).toContain(
      "OnCalendar=hourly\n",
    );
    expect(snapshot).toContain("is_self sys/leader");
    expect(snapshot).toContain("vault token revoke -self");
    expect(snapshot).toContain('"s3://p-snapshots/vault/$(date');
  });

  it("has units without a section or a setting that systemd would not know", () => {
    for (const name of ["install", "files", "snapshot", "rotate"]) {
      const unit = written(`/etc/systemd/system/drawbridge-vault-${name}.service`);
      expect(unit).toMatch(/^\[Unit\]\nDescription=[^]*\n\[Service\]\nType=oneshot\nExecStart=\//);
    }
  });
});
