import { spawnSync } from "node:child_process";
import {
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { serverUserData } from "../../components/vault/server-boot";
import type { Check } from "../support/checks";
import { expected } from "../support/checks";
import { Instance, serverArgs, serverScript, written } from "../support/server-scripts";

/** What of a server's user data can be looked at without an instance, beside the unit tests: its Python and its units. */
export function serverBootChecks(): Check[] {
  return [
    ["a server fetches its files once, and Vault reads them when it runs", filesAreFetched],
    ["a first boot that waits begins anew with files that changed", () => told("activating")],
    ["nobody tells a Vault that is not there, or that is about to start", nobodyIsTold],
    ["files stay as they are when Secrets Manager does not answer", filesStay],
    ["a server writes through no link, and into no file that somebody else has begun", noLinks],
    ["a secret with another file than those of Vault brings none at all", othersRefused],
    ["systemd takes the units of a server as they are", units],
  ];
}

/** What only root can look at: files that belong to others. */
export function volumeChecks(): Check[] {
  return [
    [
      "a server takes over what is on a volume of another one's user, and nothing beside it",
      () => takenOver(`${volume}/link`, allIsHis),
    ],
    [
      "a link at the folder of the audit log leads root nowhere",
      () => takenOver(auditFolder, () => []),
    ],
  ];
}

const certificate = "/etc/vault.d/tls/server.crt";
const firstBoot = "/usr/local/sbin/vault-first-boot";

/** Does something on an instance whose secret holds two files and others, in whichever state Vault is. */
function onInstance(
  state: string,
  something: (instance: Instance) => string[],
  others: Record<string, string> = {},
): string[] {
  const instance = new Instance();
  try {
    const files = { ...others, [firstBoot]: "#!/bin/sh\n", [certificate]: "new" };
    const placed = Object.entries(files).map(([path, text]) => [instance.at(path), text]);
    instance.command("aws", `cat <<'END'\n${JSON.stringify(Object.fromEntries(placed))}\nEND`);
    instance.command("systemctl", `test "$1" != show || echo ${state}`);
    return something(instance);
  } finally {
    instance.remove();
  }
}

const fetchFiles = (instance: Instance, ...args: string[]) =>
  instance.run(serverScript("files"), ...args);
const systemctl = (calls: string[]) =>
  calls.filter((call) => call.startsWith("systemctl ") && !call.includes(" show ")).join();
const mode = (instance: Instance, path: string) =>
  (statSync(instance.at(path)).mode & 0o777).toString(8);

function filesAreFetched(): string[] {
  return onInstance("active", (instance) => {
    const first = fetchFiles(instance);
    const second = fetchFiles(instance);
    return [
      ...expected("exit codes", [first.status, second.status].join(), "0,0"),
      ...expected("the certificate", instance.read(certificate) ?? "", "new"),
      ...expected("who reads it", mode(instance, certificate), "440"),
      ...expected("who runs the script", mode(instance, firstBoot), "755"),
      ...expected("files named", first.said.split("wrote ").length - 1, "2"),
      ...expected("what Vault is told", systemctl(first.calls), reload),
      ...expected("what is said the second time", second.said, ""),
      ...expected("calls the second time", second.calls.length, "1"),
    ];
  });
}

const reload = "systemctl --no-block reload vault.service";

function told(state: string): string[] {
  return onInstance(state, (instance) => {
    const { status, calls } = fetchFiles(instance);
    return [
      ...expected("exit code", status, "0"),
      ...expected("what Vault is told", systemctl(calls), reload.replace("reload", "restart")),
    ];
  });
}

function nobodyIsTold(): string[] {
  const calls = [
    onInstance("inactive", (instance) => fetchFiles(instance).calls),
    onInstance("activating", (instance) => fetchFiles(instance, "before-start").calls),
  ];
  return calls.flatMap((made, i) => expected(`calls of case ${i}`, systemctl(made), ""));
}

function filesStay(): string[] {
  return onInstance("active", (instance) => {
    instance.write(certificate, "old");
    instance.command("aws", "echo 'Could not connect' >&2; exit 255");
    const { status, said, calls } = fetchFiles(instance);
    return [
      ...expected("exit code", status, "1"),
      ...expected("the certificate", instance.read(certificate) ?? "", "old"),
      ...expected("what Vault is told", systemctl(calls), ""),
      ...(said.includes("Could not connect") ? [] : [`must say why, got ${said}`]),
    ];
  });
}

function noLinks(): string[] {
  return onInstance("inactive", (instance) => {
    const elsewhere = "/var/tmp/elsewhere";
    // With the text of the secret, so that nothing seems to have changed.
    instance.write(elsewhere, "new");
    instance.write("/etc/vault.d/tls/begun", "of somebody else");
    symlinkSync(instance.at(elsewhere), instance.at(certificate));
    symlinkSync(instance.at(elsewhere), instance.at(`${firstBoot}.new`));
    linkSync(instance.at("/etc/vault.d/tls/begun"), instance.at(`${certificate}.new`));
    const { status } = fetchFiles(instance);
    const links = [certificate, firstBoot].filter((path) =>
      lstatSync(instance.at(path)).isSymbolicLink(),
    );
    return [
      ...expected("exit code", status, "0"),
      ...expected("links", links.join(), ""),
      ...expected("the certificate", instance.read(certificate) ?? "", "new"),
      ...expected("who reads it", mode(instance, certificate), "440"),
      ...expected("what a link led to", instance.read(elsewhere) ?? "", "new"),
      ...expected(
        "what was begun",
        instance.read("/etc/vault.d/tls/begun") ?? "",
        "of somebody else",
      ),
    ];
  });
}

function othersRefused(): string[] {
  const timers = "/usr/local/sbin/drawbridge-vault-watch";
  const refusing = (instance: Instance): string[] => {
    const { status, said, calls } = fetchFiles(instance);
    const wanted = `the secret must hold files of Vault alone, got ${instance.at(timers)}\n`;
    return [
      ...expected("exit code", status, "1"),
      ...expected("what is said", said, wanted),
      ...expected("the other file", instance.read(timers) ?? "none", "none"),
      ...expected("the certificate", instance.read(certificate) ?? "none", "none"),
      ...expected("what Vault is told", systemctl(calls), ""),
    ];
  };
  return onInstance("active", refusing, { [timers]: "#!/bin/sh\nid > /root/ran\n" });
}

/** Vault's user as this machine has one, and the one of an instance before. */
const [vault, former] = [65_534, 4_242];

const volume = "/var/lib/vault";
const auditFolder = `${volume}/audit`;
const filesBefore = [`${volume}/raft/vault.db`, `${volume}/first-boot.json`];
const ofRoot = "/var/lib/of-root";

/**
 * What is so after Vault's unit has prepared a start on a volume that an instance with another number for Vault's user has
 * left, with a link to a folder of root that the user then made.
 */
function takenOver(link: string, holds: (instance: Instance) => string[]): string[] {
  const instance = new Instance();
  try {
    chmodSync(instance.at("/"), 0o755);
    for (const file of filesBefore) instance.write(file, "of a server before");
    instance.write(`${ofRoot}/agent`, "of root");
    symlinkSync(instance.at(ofRoot), instance.at(link));
    for (const path of [...filesBefore, volume, `${volume}/raft`, link]) {
      lchownSync(instance.at(path), former, former);
    }
    instance.ownCommand("chown", { uid: vault, gid: vault });
    const said = startSteps().map((step) => instance.run(step).said);
    return [
      ...expected("what is said", said.join(""), ""),
      ...expected("owner of the link", owner(instance, link), String(vault)),
      ...expected("owner of what it leads to", owner(instance, ofRoot), "0"),
      ...expected("who reads that", mode(instance, ofRoot), "755"),
      ...expected("owner of a file there", owner(instance, `${ofRoot}/agent`), "0"),
      ...holds(instance),
    ];
  } finally {
    instance.remove();
  }
}

const owner = (instance: Instance, path: string) => lstatSync(instance.at(path)).uid;

function allIsHis(instance: Instance): string[] {
  const paths = [volume, `${volume}/raft`, ...filesBefore, auditFolder];
  return [
    ...paths.flatMap((path) => expected(`owner of ${path}`, owner(instance, path), String(vault))),
    ...expected("who reads the audit log", mode(instance, auditFolder), "700"),
  ];
}

/** The commands of Amazon Linux that Vault's unit runs before Vault: with a plus by root, else by Vault's user. */
function startSteps(): string[] {
  const unit = written("/etc/systemd/system/vault.service.d/drawbridge.conf");
  const asVault = `setpriv --reuid=${vault} --regid=${vault} --clear-groups `;
  return [...unit.matchAll(/^ExecStartPre=(\+?)\/usr\/bin\/(.*)$/gm)].map(
    ([, plus, command = ""]) => `#!/bin/sh\n${plus === "+" ? "" : asVault}${command}\n`,
  );
}

/** What `systemd-analyze` says, with commands in place of those that this machine has not. */
function units(): string[] {
  const folder = mkdtempSync(join(tmpdir(), "drawbridge-units-"));
  try {
    const userData = serverUserData(serverArgs);
    const files = [
      ...userData.matchAll(/^cat > \/etc\/systemd\/system\/(\S+) <<'END'\n(.*?)^END$/gms),
    ].map(([, name = "", text = ""]): [string, string] => [
      name,
      text.replaceAll(/^(Exec\w+=[-+]*)\/.*$/gm, "$1/bin/true"),
    ]);
    // Of the vendor's unit what the drop-in replaces.
    const vendors = "[Service]\nType=notify\nExecStart=/bin/true\n";
    for (const [name, text] of [["vault.service", vendors] as const, ...files]) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const names = ["vault.service", ...files.map(([name]) => name)].filter(
      (name) => !name.includes("/"),
    );
    const { status, stderr, error } = spawnSync(
      "systemd-analyze",
      ["verify", "--man=no", ...names.map((name) => join(folder, name))],
      { encoding: "utf8", env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` } },
    );
    return [
      ...(names.length === 10 ? [] : [`must be ten units, got ${names.join()}`]),
      ...(status === 0 ? [] : ["must be taken"]),
      ...[stderr, error?.message ?? ""].filter((line) => line !== ""),
      // It must read the drop-in as well.
      ...(readFileSync(join(folder, "vault.service.d/drawbridge.conf"), "utf8").includes("[Unit]")
        ? []
        : ["the drop-in must be there"]),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
