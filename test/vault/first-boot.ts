import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { vaultWords } from "../../components/vault/alarms";
import { activePath } from "../../components/vault/server-config";
import type { Check } from "../support/checks";
import { expected } from "../support/checks";
import { matchesPattern } from "../support/filter-pattern";
import { Cluster } from "./nodes";
import type { Node, RecoveryKey } from "./nodes";
import { ProcessWatch } from "./process-watch";
import { region } from "./site";
import type { Site } from "./site";

/** Roles of the account: who configures Vault, what its nodes are, and somebody else. */
type RoleArns = Record<"deployer" | "servers" | "stranger", string>;

/** The first boot on a real Vault: three servers, a KMS and a Secrets Manager that answer as AWS does, and people with PGP keys. */
export async function* firstBootChecks(site: Site, vault: string): AsyncGenerator<Check> {
  const roles: RoleArns = {
    deployer: await site.createRole("deployer"),
    servers: await site.createRole("vault-servers"),
    stranger: await site.createRole("stranger"),
  };
  const cluster = (name: string) => Cluster.create(site, vault, roles, name);
  const together = await cluster("together");
  let setUp = "";
  try {
    yield* startedTogether(site, together, roles, cluster, (found) => (setUp = found));
  } finally {
    together.close();
  }
  yield* inCluster("killed", cluster, (killed) => killedEverywhere(site, killed, () => setUp));
  yield* inCluster("one-node", cluster, (one) => onOneNode(site, one));
  yield* inCluster("rekeyed", cluster, (one) => rekeyed(site, one));
  yield* inCluster("without-key", cluster, (one) => withoutKey(site, one));
  yield* inCluster("overtaken", cluster, (one) => overtaken(one));
  yield* inCluster("refused", cluster, (one) => refused(site, one));
}

const inRegion = ["--create-bucket-configuration", `LocationConstraint=${region}`];

/** As a policy of the deployer's reads. */
const workerPolicy = 'path "pki/kubernetes/issue/worker" { capabilities = ["update"] }';

/** A recovery key in each form in which it may lie somewhere. */
function spellings(hexadecimal: string): (string | Buffer)[] {
  const raw = Buffer.from(hexadecimal, "hex");
  return [hexadecimal, raw, raw.toString("base64")];
}

async function* inCluster(
  name: string,
  create: (name: string) => Promise<Cluster>,
  checks: (cluster: Cluster) => Iterable<Check>,
): AsyncGenerator<Check> {
  const cluster = await create(name);
  try {
    yield* checks(cluster);
  } finally {
    cluster.close();
  }
}

/** The life of a cluster, in this order. */
function* startedTogether(
  site: Site,
  cluster: Cluster,
  roles: RoleArns,
  create: (name: string) => Promise<Cluster>,
  tell: (setUp: string) => void,
): Iterable<Check> {
  let setUp = "";
  const { nodes, first } = cluster;
  let keys: RecoveryKey[] = [];
  let rootToken = "";
  let deployer = "";
  let shown = "";
  const told = join(site.folder, "told");
  /** What first boot had in its hands and nobody shall find. */
  const secrets = () => {
    const decrypted = keys.map(({ encryptedKey }) => site.decrypt(encryptedKey));
    return [readFileSync(told, "utf8"), ...decrypted.flatMap(spellings)];
  };

  yield [
    "three nodes that start together make one cluster",
    async () => {
      const watch = new ProcessWatch(() => nodes.flatMap(({ processGroups }) => processGroups));
      const boots = await Promise.all(
        nodes.map(async (node) => {
          const { status } = await (node === first ? node.toldBoot(told) : node.firstBoot());
          await node.open();
          return status;
        }),
      );
      shown = watch.stop();
      const initialised = nodes.map(initialisations);
      return [
        ...expected("exit codes", boots.join(), "0,0,0"),
        ...expected("initialisations by node", initialised.join(), "1,0,0"),
        ...expected("journals", nodes.map(({ state }) => state).join(), "member,member,member"),
      ];
    },
  ];
  yield [
    "the recovery keys are stored once, one for each person",
    async () => {
      const recorded = await cluster.recorded();
      keys = recorded.keys;
      const people = site.holders.map(({ name, publicKey }) => `${name} ${publicKey.fingerprint}`);
      return [
        ...expected("versions", recorded.versions, "1"),
        ...expected("threshold", `${recorded.threshold}`, "2"),
        ...expected(
          "holders",
          keys.map(({ holder, fingerprint }) => `${holder} ${fingerprint}`).join(),
          people.join(),
        ),
      ];
    },
  ];
  yield [
    "each recovery key is encrypted to its holder alone",
    () =>
      keys.flatMap(({ holder, fingerprint, encryptedKey }) =>
        expected(`recipient of ${holder}'s key`, site.recipientOf(encryptedKey), fingerprint),
      ),
  ];
  yield [
    "one recovery key makes no root token, as many as the threshold do",
    async () => {
      const [one = "", two = ""] = keys.map(({ encryptedKey }) => site.decrypt(encryptedKey));
      const alone = await first.rootToken([one]).catch((error: Error) => error.message);
      rootToken = await first.rootToken([one, two]);
      return alone.startsWith("recovery keys must make") ? [] : [`one key made ${alone}`];
    },
  ];
  yield [
    "all three are voters of one cluster",
    async () => expected("voters", await votersOf(first, rootToken), allVoters),
  ];
  yield [
    "what is set up: two audit devices, one auth method, two policies and two logins",
    async () => {
      const found = await first.setUp(rootToken);
      setUp = found;
      tell(found);
      const { audit, auth, policies, roles: logins } = JSON.parse(found) as SetUp;
      const names = (entries: Record<string, unknown>[], field: string) =>
        entries
          .map((entry) => entry[field] as string)
          .toSorted()
          .join();
      return [
        ...expected("audit devices", names(audit, "path"), "file-data/,file-root/"),
        ...expected("auth methods", names(auth, "path"), "aws/,token/"),
        ...expected("policies", names(policies, "name"), "default,deployer,root,snapshots"),
        ...expected("logins", names(logins, "name"), "deployer,vault-server"),
      ];
    },
  ];
  yield [
    "no root token but the one just made is left",
    async () => {
      const listed = await first.call("GET", "auth/token/accessors?list=true", {
        token: rootToken,
      });
      const accessors = (listed.body.data?.["keys"] ?? []) as string[];
      const found = await Promise.all(
        accessors.map((accessor) =>
          first.call("POST", "auth/token/lookup-accessor", {
            token: rootToken,
            body: { accessor },
          }),
        ),
      );
      const roots = found.filter(({ body }) =>
        ((body.data?.["policies"] ?? []) as string[]).includes("root"),
      );
      return expected("root tokens", roots.length, "1");
    },
  ];
  yield [
    "each audit device has every request since it was there, and no token in clear",
    () => {
      const paths = [
        "sys/policies/acl/deployer",
        "auth/aws/role/deployer",
        "auth/token/revoke-self",
      ];
      return first.audited.flatMap((text, i) => [
        ...paths.filter((path) => !text.includes(path)).map((path) => `device ${i} lacks ${path}`),
        ...(/hvs\.[A-Za-z0-9]{20}/.test(text) ? [`device ${i} has a token in clear`] : []),
      ]);
    },
  ];
  yield [
    "the root token of the first boot is revoked: Vault knows it no more",
    async () => {
      const token = readFileSync(told, "utf8");
      const { status } = await first.call("GET", "auth/token/lookup-self", { token });
      return [
        ...(token.startsWith("hvs.") ? [] : ["the first boot must have used a token"]),
        ...expected("status", status, "403"),
      ];
    },
  ];
  yield [
    "no process shows the root token or a recovery key in its arguments or its environment",
    () => [
      ...secrets()
        .filter((secret) => shown.includes(secret.toString()))
        .map(() => "a process has shown a secret"),
      // What was looked for in the wrong place cannot be found.
      ...["put-secret-value", "server -config", "AWS_KMS_ENDPOINT="]
        .filter((text) => !shown.includes(text))
        .map((text) => `must have seen ${text}`),
    ],
  ];
  yield [
    "no file of a node holds the root token or a recovery key, and nobody has said one",
    () => [
      ...nodes.flatMap((node) =>
        node
          .filesWith(secrets().map((secret) => Buffer.from(secret)))
          .map((file) => `found in ${file}`),
      ),
      ...nodes.flatMap(({ said }, i) => [
        ...secrets()
          .filter((secret) => said.includes(secret.toString()))
          .map(() => `node ${i} has said a secret`),
        ...(/hvs\.[A-Za-z0-9]{20}/.test(said) ? [`node ${i} has said a token`] : []),
      ]),
      // The encrypted keys are there to be found.
      ...expected(
        "files with an encrypted key",
        first.filesWith(keys.slice(0, 1).map(({ encryptedKey }) => Buffer.from(encryptedKey)))
          .length,
        "1",
      ),
    ],
  ];
  yield [
    "the deployer's role logs in",
    async () => {
      const { token, log } = await first.login("deployer", await site.assume(roles.deployer));
      deployer = token ?? "";
      return token === undefined ? [log] : [];
    },
  ];
  yield [
    "the deployer does its own work",
    async () => {
      const answers = await inOrder(await activeOf(nodes), deployer, [
        ["POST", "sys/mounts/pki/kubernetes", { type: "pki" }],
        ["POST", "pki/kubernetes/issuers/generate/root/internal", { common_name: "Kubernetes" }],
        ["POST", "pki/kubernetes/config/crl", { auto_rebuild: true }],
        ["POST", "pki/kubernetes/roles/worker", { allowed_domains: ["worker"] }],
        ["PUT", "sys/policies/acl/pki-worker", { policy: workerPolicy }],
        ["POST", "sys/auth/nodes", { type: "aws" }],
        ["DELETE", "sys/auth/nodes"],
        ["DELETE", "sys/policies/acl/pki-worker"],
        ["DELETE", "sys/mounts/pki/kubernetes"],
      ]);
      return answers.filter(({ status }) => status >= 300).map(({ call }) => `${call} is refused`);
    },
  ];
  yield [
    "the deployer changes nothing of what first boot made, and takes nothing away",
    async () => {
      const answers = await inOrder(await activeOf(nodes), deployer, [
        ["PUT", "sys/policies/acl/deployer", { policy: 'path "*" { capabilities = ["sudo"] }' }],
        ["POST", "auth/aws/role/deployer", { token_policies: ["root"] }],
        ["POST", "auth/aws/config/client", { sts_endpoint: "https://sts.example.com" }],
        ["DELETE", "sys/auth/aws"],
        ["DELETE", "sys/audit/file-data"],
        ["POST", "sys/audit/another", { type: "file", options: { file_path: "discard" } }],
        ["GET", "sys/storage/raft/snapshot"],
        ["POST", "sys/storage/raft/snapshot-force"],
        ["PUT", "sys/seal"],
        ["PUT", "sys/step-down"],
        ["POST", "auth/token/create", { policies: ["root"] }],
        ["POST", "auth/token/create-orphan"],
        ["POST", "sys/mounts/secret", { type: "kv" }],
        ["POST", "pki/kubernetes/issue/worker", { common_name: "worker" }],
        ["POST", "pki/kubernetes/sign-verbatim", { csr: "" }],
        ["POST", "pki/kubernetes/issuers/generate/root/exported", { common_name: "Kubernetes" }],
      ]);
      return answers
        .filter(({ status }) => status !== 403)
        .map(({ call }) => `${call} is let through`);
    },
  ];
  yield [
    "another role, a login meant for another Vault, and one without the header are not let in",
    async () => {
      const [stranger, own] = [
        await site.assume(roles.stranger),
        await site.assume(roles.deployer),
      ];
      const attempts = {
        "another role": await first.login("deployer", stranger),
        "the deployer as a node": await first.login("vault-server", own),
        "a login for another Vault": await first.login("deployer", own, "vault.other.internal"),
        "a login without the header": await first.login("deployer", own, ""),
      };
      return Object.entries(attempts)
        .filter(([, { token }]) => token !== undefined)
        .map(([who]) => `${who} is let in`);
    },
  ];
  yield [
    "a node takes a snapshot, and does nothing else",
    async () => {
      const { token = "", log } = await first.login(
        "vault-server",
        await site.assume(roles.servers),
      );
      if (token === "") return [log];
      const leader = await activeOf(nodes);
      const taken = await leader.call("GET", "sys/storage/raft/snapshot", { token });
      const other = await leader.call("GET", "sys/mounts", { token });
      return [
        ...expected("snapshot", taken.status, "200"),
        ...expected("reading mounts", other.status, "403"),
      ];
    },
  ];
  yield [
    "the active server stores a snapshot, a standby stores none, and one without Vault fails",
    async () => {
      await site.aws("s3api", "create-bucket", "--bucket", "snapshots", ...inRegion);
      const own = await site.assume(roles.servers);
      const leader = await activeOf(nodes);
      const ended = await Promise.all(nodes.map((node) => node.takeSnapshot("snapshots", own)));
      const stored = await site.aws<{ Contents: { Key: string; Size: number }[] }>(
        "s3api",
        "list-objects-v2",
        "--bucket",
        "snapshots",
      );
      const said = ended.filter(({ log }) => log.includes("Vault snapshot stored: s3://"));
      // Nobody listens there any more.
      const away = await leader.takeSnapshot("snapshots", own, leader.closedAddress);
      return [
        ...expected("exit codes", ended.map(({ status }) => status).join(), "0,0,0"),
        ...expected("who said so", ended.indexOf(said[0]!), `${nodes.indexOf(leader)}`),
        ...expected("how many said so", said.length, "1"),
        ...expected("snapshots stored", stored.Contents.length, "1"),
        ...((stored.Contents[0]?.Size ?? 0) > 1000 ? [] : ["it must hold something"]),
        ...(away.status === 0 ? ["a server without Vault must fail"] : []),
      ];
    },
  ];
  yield [
    "the health check of the load balancer finds the active server alone",
    async () => {
      return expected("statuses", (await healthOf(nodes)).toSorted(byNumber).join(), "200,429,429");
    },
  ];
  yield [
    "a standby sends who takes or restores a snapshot to another address",
    async () => {
      const statuses = await healthOf(nodes);
      const standby = nodes[statuses.indexOf(429)]!;
      const token = rootToken;
      const taken = await standby.call("GET", "sys/storage/raft/snapshot", { token });
      const restored = await standby.call("POST", "sys/storage/raft/snapshot", { token });
      return expected("statuses", [taken.status, restored.status].join(), "307,307");
    },
  ];
  yield [
    "a snapshot is restored at the address that the health check finds, and all three go on",
    async () => {
      const file = join(site.folder, "before-the-slip");
      const raft = ["operator", "raft", "snapshot"];
      const found = async () => nodes[(await healthOf(nodes)).indexOf(200)]!;
      const slip = "sys/policies/acl/slip";
      const saved = await (await found()).command(rootToken, ...raft, "save", file);
      const token = rootToken;
      await (await found()).call("PUT", slip, { token, body: { policy: workerPolicy } });
      const restored = await (await found()).command(rootToken, ...raft, "restore", file);
      const isBack = async () => {
        const statuses = (await healthOf(nodes)).toSorted(byNumber).join();
        if (statuses !== "200,429,429") return statuses;
        const { status } = await (await found()).call("GET", slip, { token });
        return `${statuses}, the slip ${status}`;
      };
      const wanted = "200,429,429, the slip 404";
      for (let tries = 0; tries < 120 && (await isBack()) !== wanted; tries++) {
        await new Promise((done) => setTimeout(done, 500));
      }
      return [
        ...expected("exit code of the snapshot", saved.status, "0"),
        ...expected("exit code of the restore", restored.status, "0"),
        ...(restored.status === 0 ? [] : [restored.log]),
        ...expected("afterwards", await isBack(), wanted),
      ];
    },
  ];
  yield [
    "a second run changes nothing and calls nobody",
    async () => {
      const before = await cluster.recorded();
      // Nothing answers there: a call would end the run with 1.
      const ended = await Promise.all(
        nodes.map((node) => node.firstBoot({ AWS_ENDPOINT_URL: "http://127.0.0.1:1" })),
      );
      const after = await cluster.recorded();
      return [
        ...expected("exit codes", ended.map(({ status }) => status).join(), "0,0,0"),
        ...expected("what is said", ended.map(({ log }) => log).join(""), ""),
        ...expected("the secret", JSON.stringify(after), JSON.stringify(before)),
        ...expected("what is set up", await first.setUp(rootToken), setUp),
      ];
    },
  ];
  yield [
    "the first node with an empty volume joins what is there, and does not begin anew",
    async () => {
      first.loseVolume();
      const before = await cluster.recorded();
      const { status, log } = await first.firstBoot();
      await first.open();
      const { body } = await first.call("GET", "sys/mounts", { token: rootToken });
      const after = await cluster.recorded();
      return [
        ...expected("exit code", status, "0"),
        ...expected("journal", first.state, "member"),
        ...(log.includes("security barrier initialized") ? ["it was initialised again"] : []),
        ...expected("the secret", JSON.stringify(after), JSON.stringify(before)),
        ...(body.data ? [] : ["it must know the root token of the cluster"]),
      ];
    },
  ];
  yield [
    "a snapshot brings all back into three servers that began anew with the same KMS key, and its recovery keys with it",
    async () => {
      const file = join(site.folder, "snapshot");
      const kept = "sys/policies/acl/kept";
      const decrypted = (all: RecoveryKey[]) =>
        all.slice(0, 2).map(({ encryptedKey }) => site.decrypt(encryptedKey));
      const raft = ["operator", "raft", "snapshot"];
      const last = await activeOf(nodes);
      await last.call("PUT", kept, { token: rootToken, body: { policy: workerPolicy } });
      const saved = await last.command(rootToken, ...raft, "save", file);
      // The other Vault has the same addresses.
      cluster.close();
      const other = await create("anew");
      const { nodes: servers } = other;
      const status = async (path: string) =>
        (await (await activeOf(servers)).call("GET", path, { token: rootToken })).status;
      try {
        await Promise.all(servers.map(booted));
        const anew = await activeOf(servers);
        const token = await anew.rootToken(decrypted((await other.recorded()).keys));
        const joined = await votersOf(anew, token);
        const before = [await status("auth/token/lookup-self"), await status(kept)];
        const words = servers.map(({ said }) => said.length);
        const restored = await anew.command(token, ...raft, "restore", "-force", file);
        const haveIt = await within(60, () =>
          servers.every(({ said }, i) => said.slice(words[i]).includes(snapshotApplied)),
        );
        const statuses = await rebooted(servers);
        const made = await (await activeOf(servers)).rootToken(decrypted(keys));
        return [
          ...expected("exit code of the snapshot", saved.status, "0"),
          ...expected("voters", joined, allVoters),
          ...expected("the old root token and the policy before", before.join(), "403,403"),
          ...expected("exit code of the restore", restored.status, "0"),
          ...(haveIt ? [] : [`each server must say "${snapshotApplied}"`]),
          ...expected("statuses", statuses, "200,429,429"),
          ...expected("the old root token", await status("auth/token/lookup-self"), "200"),
          ...expected("the policy", await status(kept), "200"),
          ...expected(
            "voters afterwards",
            await votersOf(await activeOf(servers), rootToken),
            allVoters,
          ),
          ...(await followed(servers, rootToken)),
          ...(made.startsWith("hvs.") ? [] : ["the old recovery keys must make a root token"]),
        ];
      } finally {
        other.close();
      }
    },
  ];
}

/** Killed at one step after the other, on the node that initialises and on one that joins. */
function* killedEverywhere(site: Site, cluster: Cluster, setUp: () => string): Iterable<Check> {
  const [first, second] = cluster.nodes as [Node, Node];
  yield [
    "killed before and after each of its steps and started again, the first node ends where an undisturbed one does",
    async () => {
      const status = await killedToTheEnd(first);
      const { versions, keys } = await cluster.recorded();
      await first.open();
      const rootToken = await first.rootToken(
        keys.slice(1).map(({ encryptedKey }) => site.decrypt(encryptedKey)),
      );
      return [
        ...expected("exit code", status, "0"),
        ...expected("journal", first.state, "member"),
        ...expected("versions of the secret", versions, "1"),
        ...expected("what is set up", await first.setUp(rootToken), setUp()),
      ];
    },
  ];
  yield [
    "it was killed around every call that changes something",
    () => {
      const changes = [
        "empty_data",
        "start_server",
        "PUT sys/init",
        "POST sys/audit/file-data",
        "POST sys/audit/file-root",
        "POST sys/policies/acl/deployer",
        "POST sys/policies/acl/snapshots",
        "POST sys/auth/aws",
        "POST auth/aws/config/client",
        "POST auth/aws/role/deployer",
        "POST auth/aws/role/vault-server",
        "POST auth/token/revoke-self",
        "stop_server",
        "journal: offered",
        "put-secret-value",
        "journal: member",
      ];
      const killed = first.killedAt;
      return ["before", "after"]
        .flatMap((when) => changes.map((change) => `${when} ${change}`))
        .filter((step) => !killed.includes(step))
        .map((step) => `not killed ${step}`);
    },
  ];
  yield [
    "killed in the same way, a node that joins becomes a member",
    async () => {
      const status = await killedToTheEnd(second);
      await second.open();
      return [
        ...expected("exit code", status, "0"),
        ...expected("journal", second.state, "member"),
        ...(second.killedAt.includes("after journal: joining") ? [] : ["not killed when joining"]),
      ];
    },
  ];
}

/** Starts a node until a run ends by itself. */
async function killedToTheEnd(node: Node): Promise<number> {
  for (;;) {
    const { status } = await node.killedBoot();
    if (status !== null) return status;
  }
}

function* onOneNode(site: Site, cluster: Cluster): Iterable<Check> {
  const { first, nodes } = cluster;
  yield [
    "nobody but itself reaches a node that does not belong to the cluster yet",
    async () => {
      const waiting = nodes[1] as Node;
      const boot = waiting.firstBoot();
      await waiting.untilClosed(501);
      const { status } = await waiting.call("GET", "sys/health");
      await waiting.untilSaid("Vault is not initialised");
      waiting.close();
      await boot;
      return [
        ...expected("status for others", status, "0"),
        ...expected("journal", waiting.state, "joining"),
      ];
    },
  ];
  yield [
    "two runs at the same moment initialise Vault once, and nobody else reaches it meanwhile",
    async () => {
      const boots = Promise.all([first.firstBoot(), first.firstBoot()]);
      const { itself, others } = await first.answersDuring(boots);
      const ended = await boots;
      const { versions, keys } = await cluster.recorded();
      await first.open();
      await first.rootToken(keys.slice(0, 2).map(({ encryptedKey }) => site.decrypt(encryptedKey)));
      return [
        ...expected("exit codes", ended.map(({ status }) => status).join(), "0,0"),
        ...expected("statuses for others", [...others].join(), "0"),
        ...(itself.has(501) || itself.has(200) ? [] : ["it must answer itself"]),
        ...expected("versions of the secret", versions, "1"),
        ...expected("initialisations", initialisations(first), "1"),
      ];
    },
  ];
}

/** The recovery keys go to other people, by as many of the former holders as the threshold. */
function* rekeyed(site: Site, cluster: Cluster): Iterable<Check> {
  const { first } = cluster;
  yield [
    "as many holders as the threshold make new recovery keys, and the former ones are worth nothing",
    async () => {
      await first.firstBoot();
      await first.open();
      const before = heard(first);
      const former = (await cluster.recorded()).keys.map((key) => site.decrypt(key.encryptedKey));
      const files = site.holders.slice(1).map(({ name, publicKey }) => {
        const file = join(site.folder, `${name}.pgp`);
        writeFileSync(file, Buffer.from(publicKey.binary, "base64"));
        return file;
      });
      const rekey = ["operator", "rekey", "-target=recovery", "-format=json"];
      const begun = await first.command(
        "",
        ...rekey,
        "-init",
        "-key-shares=2",
        "-key-threshold=2",
        `-pgp-keys=${files.join()}`,
      );
      const { nonce } = JSON.parse(begun.log) as { nonce: string };
      const answers = [];
      for (const key of former.slice(0, 2)) {
        answers.push(await first.command("", ...rekey, `-nonce=${nonce}`, key));
      }
      const during = heard(first);
      const made = JSON.parse(answers.at(-1)?.log ?? "{}") as { keys_base64?: string[] };
      const next = (made.keys_base64 ?? []).map((key) => site.decrypt(key));
      const withFormer = await first.rootToken(former.slice(0, 2)).catch(() => "none");
      const token = await first.rootToken(next);
      return [
        ...expected("keys", next.length, "2"),
        ...expected("what the former keys make", withFormer, "none"),
        ...expected("alarms before", before, ""),
        ...expected("alarms of a rekey", during, "vault-rekey"),
        ...expected("alarms of a root token too", heard(first), "vault-root-token,vault-rekey"),
        ...(token.startsWith("hvs.") ? [] : ["the new keys must make a root token"]),
      ];
    },
  ];
}

/** Alarms that hear of who begins to make a root token or other recovery keys, by what Vault has written. */
function heard({ audited: [audit = ""], said }: Node): string {
  const words = vaultWords([]);
  const events = [...audit.split("\n"), ...said.split("\n")];
  return ["vault-root-token", "vault-rekey"]
    .filter((id) => events.some((event) => matchesPattern(words[id]?.pattern ?? "", event)))
    .join();
}

/** What is wrong with the KMS key, and what the node says and does then. */
function* withoutKey(site: Site, cluster: Cluster): Iterable<Check> {
  const [first, second] = cluster.nodes as [Node, Node];
  const unprepared = async (endpoint: string, reason: string) => {
    const { status, log } = await first.firstBoot({ AWS_KMS_ENDPOINT: endpoint });
    const { versions } = await cluster.recorded();
    return [
      ...expected("exit code", status, "1"),
      ...expected("journal", first.state, "nothing"),
      ...expected("versions of the secret", versions, "0"),
      ...(log.includes(reason) ? [] : [`must say ${reason}, got ${log}`]),
      ...(log.includes("Traceback") ? [log] : []),
    ];
  };
  yield [
    "when KMS does not answer, the server is said to be unreachable, and nothing is stored",
    () => unprepared("http://127.0.0.1:1", "Vault is unreachable"),
  ];
  yield [
    "when the key must not encrypt, Vault is not initialised, and nothing is stored",
    () => site.withoutKms("Encrypt", (endpoint) => unprepared(endpoint, "Vault must PUT sys/init")),
  ];
  yield [
    "the first boot after that succeeds",
    async () => {
      const { status } = await first.firstBoot();
      await first.open();
      return [...expected("exit code", status, "0"), ...expected("journal", first.state, "member")];
    },
  ];
  yield [
    "a node whose key must not decrypt says that it is sealed, and becomes a member when it may",
    async () => {
      await second.killedBoot("before journal: member");
      await site.withoutKms("Decrypt", async (endpoint) => {
        const boot = second.firstBoot({ AWS_KMS_ENDPOINT: endpoint });
        await second.untilSaid("Vault is sealed");
        second.close();
        await boot;
      });
      const before = second.state;
      const { status } = await second.firstBoot();
      return [
        ...expected("journal of the sealed node", before, "joining"),
        ...expected("exit code", status, "0"),
        ...expected("journal", second.state, "member"),
      ];
    },
  ];
}

/** How many times Vault was initialised on a node. */
function initialisations({ said }: Node): number {
  return said.split("security barrier initialized").length - 1;
}

function* overtaken(cluster: Cluster): Iterable<Check> {
  const { first } = cluster;
  yield [
    "a node whose offer comes second gives up what it holds and joins the other Vault",
    async () => {
      await first.killedBoot("after journal: offered");
      const own = first.stored;
      await cluster.recordAnother();
      const boot = first.firstBoot();
      await first.untilClosed(501);
      first.close();
      await boot;
      const { keys } = await cluster.recorded();
      return [
        ...expected("journal", first.state, "joining"),
        ...(own.includes("vault.db") ? [] : ["it must have had storage of its own"]),
        ...expected("keys stored", JSON.stringify(keys), "[]"),
      ];
    },
  ];
}

function* refused(site: Site, cluster: Cluster): Iterable<Check> {
  const { first } = cluster;
  const untouched = async (
    prepare: () => Promise<void> | void,
    reason: string,
    env: NodeJS.ProcessEnv = {},
  ) => {
    await prepare();
    const { status, log } = await first.firstBoot(env);
    return [
      ...expected("exit code", status, "1"),
      ...expected("journal", first.state, "nothing"),
      ...expected("storage", first.stored.join(), "of-an-earlier-life"),
      ...(log.includes(reason) ? [] : [`must say ${reason}, got ${log}`]),
      ...(log.includes("Traceback") ? [log] : []),
    ];
  };
  yield [
    "when Secrets Manager does not answer, nothing is touched",
    () =>
      untouched(() => first.leaveBehind("of-an-earlier-life"), "Could not connect", {
        AWS_ENDPOINT_URL: "http://127.0.0.1:1",
        AWS_MAX_ATTEMPTS: "1",
      }),
  ];
  yield [
    "when the recovery keys of a Vault are stored, data of unknown origin is not touched",
    () => untouched(() => cluster.recordAnother(), "a Vault is set up already"),
  ];
  yield [
    "when the secret is to be deleted, nothing is touched",
    () =>
      untouched(async () => {
        await site.aws("secretsmanager", "delete-secret", "--secret-id", cluster.recoverySecret);
      }, "to be deleted"),
  ];
  yield [
    "when the secret is gone, nothing is touched",
    () =>
      untouched(async () => {
        await site.aws(
          "secretsmanager",
          "delete-secret",
          "--force-delete-without-recovery",
          "--secret-id",
          cluster.recoverySecret,
        );
      }, "ResourceNotFoundException"),
  ];
}

async function inOrder(
  node: Node,
  token: string,
  calls: [method: string, path: string, body?: object][],
): Promise<{ call: string; status: number }[]> {
  const answers: { call: string; status: number }[] = [];
  for (const [method, path, body] of calls) {
    const { status } = await node.call(method, path, { token, ...(body && { body }) });
    answers.push({ call: `${method} ${path} (${status})`, status });
  }
  return answers;
}

const byNumber = (a: number, b: number) => a - b;

/** What the load balancer's health check gets of each node. */
function healthOf(nodes: Node[]): Promise<number[]> {
  const path = activePath.replace(/^\/v1\//, "");
  return Promise.all(nodes.map(async (node) => (await node.call("GET", path)).status));
}

async function activeOf(nodes: Node[]): Promise<Node> {
  for (const node of nodes) {
    if ((await node.call("GET", "sys/health")).status === 200) return node;
  }
  throw new Error("one node must be active");
}

/** What Vault says on each server that has got a snapshot. */
const snapshotApplied = "running post snapshot restore invalidations";

const allVoters = "vault-0,vault-1,vault-2";

/** The members that vote, once there are three. */
async function votersOf(node: Node, token: string): Promise<string> {
  let voters: string[] = [];
  // Raft lets a node vote when it has kept up for ten seconds.
  await within(30, async () => {
    const { body } = await node.call("GET", "sys/storage/raft/configuration", { token });
    const { servers = [] } = (body.data?.["config"] ?? {}) as { servers?: Server[] };
    voters = servers.filter(({ voter }) => voter).map(({ node_id: id }) => id);
    return voters.length === 3;
  });
  return voters.toSorted().join();
}

/** What is wrong when not all of them get what the active one writes: its word that they are healthy is not enough. */
async function followed(nodes: Node[], token: string): Promise<string[]> {
  const applied = () =>
    Promise.all(
      nodes.map(async (node) =>
        Number((await node.call("GET", "sys/leader")).body["raft_applied_index"]),
      ),
    );
  const before = Math.max(...(await applied()));
  const written = await (
    await activeOf(nodes)
  ).call("PUT", "sys/policies/acl/followed", { token, body: { policy: workerPolicy } });
  const isThere = await within(10, async () => (await applied()).every((index) => index > before));
  return [
    ...expected("status of a write", written.status, "204"),
    ...(isThere ? [] : [`all must apply more than ${before}, got ${(await applied()).join()}`]),
  ];
}

/** A server goes through its first boot or past it, and lets clients in. */
async function booted(node: Node): Promise<void> {
  await node.firstBoot();
  await node.open();
}

/** What servers are that people boot, all of them at once, when one has become active. */
async function rebooted(servers: Node[]): Promise<string> {
  for (const server of servers) server.close();
  await Promise.all(servers.map(booted));
  let statuses = "";
  await within(60, async () => {
    statuses = (await healthOf(servers)).toSorted(byNumber).join();
    return statuses === "200,429,429";
  });
  return statuses;
}

/** Whether something comes to hold within some seconds. */
async function within(seconds: number, holds: () => boolean | Promise<boolean>): Promise<boolean> {
  for (const end = performance.now() + seconds * 1000; ;) {
    if (await holds()) return true;
    if (performance.now() > end) return false;
    await new Promise((done) => setTimeout(done, 500));
  }
}

interface Server {
  node_id: string;
  voter: boolean;
}

type SetUp = Record<"audit" | "auth" | "policies" | "roles", Record<string, unknown>[]>;
