import { X509Certificate, createPrivateKey } from "node:crypto";
import { execFile, spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import {
  agentFiles,
  certificatesFolder,
  nodeCertificate,
  renewalFraction,
  type AgentArgs,
} from "../../components/vault/agent";
import { authoritiesTable as table } from "../../components/vault/authorities";
import { issuances, type Issuance } from "../../components/vault/issuance";
import type { Check } from "../support/checks";
import { region } from "./account";
import type { Scene } from "./cases";
import { verifies } from "./certificates";
import { Etcd } from "./etcd";
import { domain, person, type People, type Person } from "./place";
import { selfSigned } from "./server";

/** What the checks of Vault Agent are run with. */
export interface AgentTools {
  /** The `vault` command. */
  vault: string;
  /** The `etcd` command. */
  etcd: string;
  /** Folder for what they write. */
  folder: string;
}

const vaultName = "vault";
const nodeAddress = "10.0.0.10";
const serviceAddress = "10.96.0.1";
const longestRunMilliseconds = 120_000;
const script = "/usr/local/sbin/drawbridge-pki";

/** The agent of each kind of node, as instances would run it, against the real Vault. */
export function agentChecks(
  scene: Scene,
  kinds: string[],
  people: People,
  tools: AgentTools,
  deployer: string,
): Check[] {
  const node = (kind: string, name = kind) =>
    new Node(scene, tools, kind, person(people, name), readFileSync(scene.server.caFile, "utf8"));
  return [
    ...kinds.flatMap((kind): Check[] => {
      const one = node(kind);
      return [
        [`the agent of ${kind} gets every certificate of its kind and no other`, () => all(one)],
        [`the agent of ${kind} asks for nothing that it has`, () => keeps(one)],
        [
          `the agent of ${kind} on an instance of another kind gets nothing`,
          () => nothing(node(kind, kinds.find((other) => other !== kind) ?? "")),
        ],
      ];
    }),
    [
      "systemd takes the units of the agent, and finds little to object to",
      () => units(node("etcd")),
    ],
    [
      "the agent gives nothing away to who is not Vault",
      async () => {
        const { certificate } = await selfSigned(tools.folder, "false-vault");
        const deceived = new Node(scene, tools, "etcd", person(people, "etcd"), certificate);
        return nothing(deceived, /certificate signed by unknown authority/);
      },
    ],
    [
      "the agent writes down when Vault has a new authority, and no more when the old one is gone",
      () => trusts(scene, node("etcd"), deployer),
    ],
    [
      `the agent renews after ${renewalFraction} of a life and not before, and a member of etcd shows the new certificate without a restart`,
      () => renews(scene, node("etcd"), deployer, tools),
    ],
  ];
}

/** A machine as far as the agent sees it: its files below a folder of their own, and what EC2 tells it. */
class Node {
  private readonly folder: string;
  private readonly tools: string;
  readonly granted: Issuance[];

  constructor(
    readonly scene: Scene,
    { vault, folder }: AgentTools,
    readonly kind: string,
    private readonly instance: Person,
    vaultCa: string,
  ) {
    this.folder = mkdtempSync(join(folder, `agent-${kind}-`));
    this.tools = join(this.folder, "tools");
    this.granted = issuances(table, scene.controlPlane).filter(({ role }) =>
      role.users.includes(kind),
    );
    const args: AgentArgs = {
      table,
      controlPlane: scene.controlPlane,
      kind,
      domain,
      vaultName,
      region,
      vaultCa,
      user: userInfo().username,
      restarts: ["kubelet.service"],
      addresses: this.granted.some(({ role }) => role.ipAddresses) ? [serviceAddress] : [],
    };
    for (const [path, { text, mode }] of Object.entries(agentFiles(args))) {
      this.write(this.at(path), this.placed(text), mode);
    }
    mkdirSync(this.at(certificatesFolder), { recursive: true, mode: 0o700 });
    mkdirSync(this.tools);
    symlinkSync(vault, join(this.tools, "vault"));
    this.write(join(this.tools, "curl"), this.metadata(), "0755");
  }

  /** Where a file of the node is. */
  at(path: string): string {
    return join(this.folder, path);
  }

  /** One run of what the unit starts: what it said, and whether it ended well. */
  run(): Promise<{ ended: boolean; said: string }> {
    const env = {
      PATH: `${this.tools}:/usr/bin:/bin`,
      HOME: "/nonexistent",
      ...this.instance.credentials,
    };
    const options = { env, timeout: longestRunMilliseconds };
    return new Promise((resolve) => {
      execFile(this.at(script), [], options, (error, stdout, stderr) =>
        resolve({ ended: error === null, said: stdout + stderr }),
      );
    });
  }

  /** Files of the agent, by name. */
  written(): Record<string, string> {
    const folder = this.at(certificatesFolder);
    const names = readdirSync(folder).toSorted();
    return Object.fromEntries(
      names.map((name) => [name, readFileSync(join(folder, name), "utf8")]),
    );
  }

  /** Names of a role as this instance has them. */
  names({ role }: Issuance): string[] {
    const { hostname = "" } = this.instance;
    return (role.names ?? []).map((name) =>
      name.replace("{domain}", domain).replace("{node}", hostname),
    );
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The same text for another place: files are below a folder, and Vault has another address. */
  private placed(text: string): string {
    const { host, port } = this.scene.server.address;
    return text
      .replaceAll(certificatesFolder, this.at(certificatesFolder))
      .replaceAll("/etc/drawbridge-pki", this.at("/etc/drawbridge-pki"))
      .replaceAll(`https://${vaultName}.${domain}:8200`, `https://${host}:${port}`);
  }

  /** In place of the metadata of an instance, which answers nobody without a session. */
  private metadata(): string {
    const { hostname = "" } = this.instance;
    return `#!/bin/sh
case "$*" in
  *"--request PUT"*"-aws-ec2-metadata-token-ttl-seconds: "*http://169.254.169.254/latest/api/token) echo session ;;
  *"X-aws-ec2-metadata-token: session "*/latest/meta-data/local-hostname) echo ${hostname} ;;
  *"X-aws-ec2-metadata-token: session "*/latest/meta-data/local-ipv4) echo ${nodeAddress} ;;
  *) exit 22 ;;
esac
`;
  }

  private write(file: string, text: string, mode: string): void {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, Number.parseInt(mode, 8));
  }
}

async function all(node: Node): Promise<string[]> {
  const { ended, said } = await node.run();
  if (!ended) return [`must end well, got ${said}`];
  const roles = node.granted.map(({ authority, role }) => `${authority.name}-${role.name}.pem`);
  const authorities = [...new Set(node.granted.map(({ authority }) => authority.name))];
  const wanted = [...roles, ...authorities.map((name) => `${name}-ca.crt`)].toSorted();
  const got = Object.keys(node.written());
  const problems =
    got.join() === wanted.join() ? [] : [`must write ${wanted.join()}, got ${got.join()}`];
  for (const issuance of node.granted) problems.push(...(await faultsOf(node, issuance)));
  for (const name of authorities) {
    const text = readFileSync(node.at(nodeCertificate(name, "").caFile), "utf8");
    const right = text.trim() === node.scene.authorities[name]?.trim();
    if (!right) problems.push(`must trust ${name} and no other, got ${text}`);
  }
  return [...problems, ...modes(node), ...tokens(node)];
}

async function faultsOf(node: Node, issuance: Issuance): Promise<string[]> {
  const { authority, role } = issuance;
  const { file, caFile } = nodeCertificate(authority.name, role.name);
  const pem = readFileSync(node.at(file), "utf8");
  const anchor = readFileSync(node.at(caFile), "utf8");
  const certificate = new X509Certificate(pem);
  const problems: string[] = [];
  const must = (holds: boolean, rule: string) => {
    if (!holds) problems.push(`${authority.name}-${role.name} ${rule}`);
  };
  const names = node.names(issuance);
  const [first = ""] = names;
  for (const purpose of ["sslclient", "sslserver"] as const) {
    const right = role.usage === "peer" || purpose === `ssl${role.usage}`;
    must(
      (await verifies(pem, [], anchor, purpose)) === right,
      `${right ? "must" : "must not"} verify as ${purpose}`,
    );
  }
  must(certificate.checkPrivateKey(createPrivateKey(pem)), "must have its key beside it");
  must(
    certificate.subject.endsWith(`CN=${first}`),
    `must be of ${first}, got ${certificate.subject}`,
  );
  const others = certificate.subjectAltName ?? "";
  if (role.usage !== "client") {
    for (const name of names)
      must(others.includes(`DNS:${name}`), `must be for ${name}, got ${others}`);
  }
  for (const address of [serviceAddress, nodeAddress]) {
    const right = role.ipAddresses === true;
    must(
      others.includes(`IP Address:${address}`) === right,
      `${right ? "must" : "must not"} be for ${address}, got ${others}`,
    );
  }
  return problems;
}

function modes(node: Node): string[] {
  return Object.keys(node.written()).flatMap((name) => {
    const mode = (statSync(node.at(join(certificatesFolder, name))).mode & 0o7777).toString(8);
    const wanted = name.endsWith(".pem") ? "400" : "444";
    return mode === wanted ? [] : [`${name} must have the mode ${wanted}, got ${mode}`];
  });
}

/** Vault's tokens are known by how they begin. */
function tokens(node: Node): string[] {
  const files = readdirSync(node.at("."), { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name))
    .filter((file) => readFileSync(file, "utf8").includes("hvs."))
    .map((file) => `no token must be written down, got one in ${file}`);
}

async function keeps(node: Node): Promise<string[]> {
  const before = node.written();
  const { ended, said } = await node.run();
  const after = node.written();
  node.remove();
  return [
    ...(ended ? [] : [`must end well, got ${said}`]),
    ...Object.keys(after)
      .filter((name) => after[name] !== before[name])
      .map((name) => `${name} must be as it was`),
  ];
}

async function nothing(node: Node, reason = /error authenticating/): Promise<string[]> {
  const { ended, said } = await node.run();
  const got = Object.keys(node.written());
  node.remove();
  return [
    ...(ended ? ["must end as a failure, which systemd tries again"] : []),
    ...(reason.test(said) ? [] : [`must be refused for ${reason.source}, got ${said}`]),
    ...(got.length === 0 ? [] : [`must write nothing, got ${got.join()}`]),
  ];
}

/** What `systemd-analyze` says of the units; the exposure that it rates goes from 0 to 100. */
function units(node: Node): string[] {
  const folder = node.at("/etc/systemd/system");
  const service = join(folder, "drawbridge-pki.service");
  const text = readFileSync(service, "utf8").replace(script, node.at(script));
  writeFileSync(service, text);
  const files = readdirSync(folder).map((name) => join(folder, name));
  const ask = (what: string, ...args: string[]) => {
    const { status, stderr, error } = spawnSync("systemd-analyze", [what, ...args], {
      encoding: "utf8",
    });
    return [...(status === 0 ? [] : [`${what} must end well`]), stderr, error?.message ?? ""];
  };
  const said = [
    ...ask("verify", "--man=no", ...files),
    ...ask("security", "--offline=yes", "--threshold=25", service),
  ];
  node.remove();
  return said.filter((line) => line !== "");
}

/** A second authority in a mount is trusted beside the first, until it is taken away. */
async function trusts({ server }: Scene, node: Node, deployer: string): Promise<string[]> {
  const trusted = async () => {
    const { ended, said } = await node.run();
    if (!ended) throw new Error(said);
    const file = node.at(nodeCertificate("etcd-k8s", "member").caFile);
    return readFileSync(file, "utf8").match(/BEGIN CERTIFICATE/g)?.length ?? 0;
  };
  const before = await trusted();
  const made = await server.must(deployer, "POST", "pki/etcd-k8s/issuers/generate/root/internal", {
    common_name: "next",
    key_type: "ec",
    key_bits: 384,
    ttl: "24h",
  });
  const both = await trusted();
  await server.must(deployer, "DELETE", `pki/etcd-k8s/issuer/${String(made.data["issuer_id"])}`);
  const counts = [before, both, await trusted()].join();
  node.remove();
  return counts === "1,2,1" ? [] : [`must trust 1, 2 and 1 authorities, got ${counts}`];
}

/** A role whose certificates live for seconds; the agent is the shipped one. */
async function renews(
  { server }: Scene,
  node: Node,
  deployer: string,
  tools: AgentTools,
): Promise<string[]> {
  const path = "pki/etcd-k8s/roles/member";
  const { data } = await server.must(deployer, "GET", path);
  const short = { ttl: "20s", max_ttl: "20s", not_before_duration: "1s" };
  await server.must(deployer, "POST", path, { ...data, ...short });
  const paths = nodeCertificate("etcd-k8s", "member");
  const file = node.at(paths.file);
  const first = await node.run();
  if (!first.ended) return [`must end well, got ${first.said}`];
  const old = new X509Certificate(readFileSync(file));
  const passed = () => {
    const [start, end] = [Date.parse(old.validFrom), Date.parse(old.validTo)];
    return (Date.now() - start) / (end - start);
  };
  const member = await Etcd.open(tools.etcd, node.at("."), file, node.at(paths.caFile));
  try {
    const problems = await serves(member, old);
    let began: number;
    let now = old;
    do {
      await wait(500);
      began = passed();
      const { ended, said } = await node.run();
      if (!ended) return [`must end well, got ${said}`];
      now = new X509Certificate(readFileSync(file));
      const early = now.serialNumber !== old.serialNumber && passed() < renewalFraction;
      if (early) problems.push(`must not be renewed after ${passed()} of its life`);
    } while (now.serialNumber === old.serialNumber && began < renewalFraction);
    if (now.serialNumber === old.serialNumber) {
      problems.push(`must be renewed by a run after ${began} of its life`);
    }
    return [...problems, ...(await serves(member, now))];
  } finally {
    await member.close();
    await server.must(deployer, "POST", path, data);
    node.remove();
  }
}

async function serves(member: Etcd, { serialNumber }: X509Certificate): Promise<string[]> {
  const shown = await member.shown();
  return shown === serialNumber ? [] : [`etcd must show ${serialNumber}, got ${shown}`];
}
