import { X509Certificate, generateKeyPairSync } from "node:crypto";
import { authoritiesTable as table, type ControlPlane } from "../../components/vault/authorities";
import { issuances, mountPath } from "../../components/vault/issuance";
import type { KubernetesObject } from "../../components/vault/issuers";
import { call, said, type Answer } from "../rehearsal/vault/client";
import type { Check } from "../support/checks";
import { forbidden, identities, post, refused, type Scene } from "./cases";
import { signingRequest, verifies } from "./certificates";
import { apiAudience, type Account, type ClusterApi } from "./cluster";
import { loginByIam, person, terminate, type Login, type People } from "./place";

/** What holds of the authorities themselves, and what the deployer who made them cannot do. */
export function handChecks(scene: Scene, deployer: string): Check[] {
  const { server, authorities } = scene;
  const asDeployer = (method: "POST" | "GET", path: string, body?: object) =>
    call(server.address, deployer, method, path, body);
  return [
    ...table.authorities.flatMap(({ name, parent, days }): Check[] => [
      [
        `${name} verifies with ${parent ?? "itself"} alone, and lives as long as the table says`,
        async () => {
          const pem = authorities[name] ?? "";
          const problems: string[] = [];
          for (const [other, anchor] of Object.entries(authorities)) {
            const right = other === name || other === parent;
            if ((await verifies(pem, [], anchor)) !== right) {
              problems.push(`must ${right ? "" : "not "}verify with ${other}`);
            }
          }
          const { ca, validTo, publicKey } = new X509Certificate(pem);
          const life = (Date.parse(validTo) - Date.now()) / 86_400_000;
          if (!ca) problems.push("must be an authority");
          if (life > days || life < days - 1) problems.push(`must live ${days} days, got ${life}`);
          const curve = publicKey.asymmetricKeyDetails?.namedCurve ?? "none";
          if (curve !== "secp384r1") problems.push(`must have a key on P-384, got ${curve}`);
          return problems;
        },
      ],
      [
        `${name} tells anybody what it has revoked`,
        async () => {
          const path = `pki/${name}/issuer/default/crl`;
          const given = await call(server.address, undefined, "GET", path);
          return String(given.data["crl"]).includes("BEGIN X509 CRL") ? [] : [said(given)];
        },
      ],
      [
        `${name} signs no authority and nothing unseen for those who may ask it`,
        async () => {
          const csr = await signingRequest("authority", []);
          const mount = mountPath(name);
          // With a life that the authority could grant: what is refused must be refused for want of the right.
          const ttl = "1h";
          const calls: [string, object][] = [
            [`${mount}/root/sign-intermediate`, { csr, common_name: "authority", ttl }],
            [`${mount}/sign-verbatim`, { csr, ttl }],
            [`${mount}/root/generate/exported`, { common_name: "authority" }],
            [`${mount}/intermediate/generate/exported`, { common_name: "authority" }],
            [`${mount}/roles/any`, { allow_any_name: true }],
          ];
          const users = Object.keys(scene.visitors);
          const answers = users.flatMap((user) =>
            calls.map(([path, body]) => post(scene, user, path, body)),
          );
          return (await Promise.all(answers)).flatMap(forbidden);
        },
      ],
    ]),
    [
      "nobody gets anything of any role without a token",
      async () => {
        const csr = await signingRequest("one", []);
        const paths = issuances(table, scene.controlPlane).flatMap(({ authority, role }) =>
          ["issue", "sign"].map((verb) => `${mountPath(authority.name)}/${verb}/${role.name}`),
        );
        const answers = paths.map((path) =>
          call(server.address, undefined, "POST", path, { common_name: "one", csr }),
        );
        return (await Promise.all(answers)).flatMap(forbidden);
      },
    ],
    [
      "the deployer is refused certificates, keys, tokens and what is not of the authorities",
      async () => {
        const csr = await signingRequest("one", []);
        const answers: Answer[] = [
          await asDeployer("POST", "pki/mesh/issue/workload", { uri_sans: "spiffe://one/ns/a" }),
          await asDeployer("POST", "pki/mesh/sign/workload", { csr, ttl: "1h" }),
          await asDeployer("POST", "pki/kubernetes/sign-verbatim", { csr, ttl: "1h" }),
          await asDeployer("POST", "pki/kubernetes/root/generate/exported", { common_name: "x" }),
          await asDeployer("POST", "pki/mesh/issuers/generate/root/exported", { common_name: "x" }),
          await asDeployer("POST", "pki/mesh/keys/generate/exported", {}),
          await asDeployer("POST", "pki/mesh/issuer/default", {
            leaf_not_after_behavior: "permit",
          }),
          await asDeployer("POST", "auth/token/create", { policies: ["pki-worker"] }),
          await asDeployer("POST", "sys/policies/acl/deployer", { policy: "{}" }),
          await asDeployer("POST", "sys/policies/acl/other", { policy: "{}" }),
          await asDeployer("POST", "auth/aws/role/deployer", { token_policies: ["other"] }),
          await asDeployer("POST", "sys/mounts/other", { type: "kv" }),
          await asDeployer("GET", "sys/storage/raft/snapshot"),
        ];
        return answers.flatMap((given, i) => forbidden(given).map((text) => `call ${i}: ${text}`));
      },
    ],
  ];
}

/** Who comes to a node's token, and who does not. */
export function nodeChecks(scene: Scene, people: People, command: string, aws: string): Check[] {
  const { server } = scene;
  const worker: Login = { method: "nodes", role: "worker" };
  const refusals: [who: string, name: string, login: Login][] = [
    ["an instance of another role", "stranger", worker],
    ["an instance of another VPC", "elsewhere", worker],
    ["a session that is no instance's", "no-instance", worker],
    ["a session in the name of an instance of another role", "false-session", worker],
    ["an instance that is gone", "gone", worker],
    ["the deployer", "deployer", worker],
    [
      "a worker that says it is a node of the control plane",
      "worker",
      { ...worker, role: "control-plane" },
    ],
    ["a worker that says it is a member of etcd", "worker", { ...worker, role: "etcd" }],
    ["a member of etcd that says it is a worker", "etcd", worker],
    ["a worker in the deployer's place", "worker", { method: "aws", role: "deployer" }],
    ["a login that names no Vault", "worker", { ...worker, header: "" }],
    ["a login that names another Vault", "worker", { ...worker, header: "vault.prod.internal" }],
  ];
  return [
    ...refusals.map(([who, name, login]): Check => [
      `${who} gets no token`,
      async () => {
        try {
          await loginByIam(command, server, login, person(people, name));
          return ["must be refused, got a token"];
        } catch (error) {
          // Vault's own words: what was not asked at all is no refusal.
          const { stderr = "" } = error as { stderr?: string };
          return /Code: 40[03]/.test(stderr) ? [] : [`must be refused by Vault, got ${stderr}`];
        }
      },
    ]),
    [
      "two instances of one role keep their own names, whoever logged in last",
      async () => {
        const names = ["worker", "other-worker"].map((name) => person(people, name));
        const tokens = [];
        for (const one of names) tokens.push(await loginByIam(command, server, worker, one));
        const problems: string[] = [];
        for (const [i, token] of tokens.entries()) {
          for (const [j, { hostname = "" }] of names.entries()) {
            const body = { common_name: `system:node:${hostname}` };
            const path = "pki/kubernetes/issue/kubelet";
            const given = await call(server.address, token, "POST", path, body);
            const right = given.status === (i === j ? 200 : 400);
            if (!right) problems.push(`${i} asks for the name of ${j}: got ${said(given)}`);
          }
        }
        return problems;
      },
    ],
    ...identities(scene.controlPlane).nodes.map((user): Check => [
      `the token of ${user} has one policy and ends within the hour`,
      async () => tokenFaults(scene, user),
    ]),
    [
      "a token is renewed while its instance runs, and neither renewed nor had anew when it is gone",
      async () => {
        const leaving = person(people, "leaving");
        const token = await loginByIam(command, server, worker, leaving);
        const renew = () => call(server.address, token, "POST", "auth/token/renew-self", {});
        const running = await renew();
        await terminate(aws, leaving.instance ?? "");
        const gone = await renew();
        const again = await loginByIam(command, server, worker, leaving).then(
          () => ["must get no token when its instance is gone"],
          () => [],
        );
        // Vault tells it as an error of its own: 500.
        const stopped = gone.errors.some((text) => text.includes("not in 'running' state"));
        return [
          ...(running.status === 200 ? [] : [`must be renewed, got ${said(running)}`]),
          ...(stopped ? [] : [`must not be renewed, got ${said(gone)}`]),
          ...again,
        ];
      },
    ],
    [
      "nodes have nothing signed that they bring themselves",
      async () => {
        const csr = await signingRequest(ownName(scene), []);
        return [
          ...forbidden(await post(scene, "worker", "pki/kubernetes/sign/kubelet", { csr })),
          ...(await issuedToItself(scene)),
        ];
      },
    ],
    [
      "no other path of a role leads around its limits",
      async () => {
        const body = { common_name: ownName(scene), not_after: "2035-01-01T00:00:00Z" };
        const paths = ["issuer/default/issue/kubelet", "issue/Kubelet", "issue//kubelet"];
        const answers = paths.map((path) => post(scene, "worker", `pki/kubernetes/${path}`, body));
        const stray = (await Promise.all(answers)).filter(({ status }) => status < 300);
        return [...stray.map(said), ...(await issuedToItself(scene))];
      },
    ],
  ];
}

/** The name that a worker may have a certificate for. */
function ownName({ visitors }: Scene): string {
  return `system:node:${visitors["worker"]?.hostname ?? ""}`;
}

/** What the worker's token is still worth: one that has ended is refused everything. */
async function issuedToItself(scene: Scene): Promise<string[]> {
  const body = { common_name: ownName(scene) };
  const given = await post(scene, "worker", "pki/kubernetes/issue/kubelet", body);
  return given.status === 200 ? [] : [`its own name must be issued, got ${said(given)}`];
}

async function tokenFaults({ server, visitors }: Scene, user: string): Promise<string[]> {
  const { data } = await server.must(visitors[user]?.token, "GET", "auth/token/lookup-self");
  const policies = JSON.stringify(data["policies"]);
  const problems: string[] = [];
  if (policies !== JSON.stringify([`pki-${user}`])) problems.push(`policies: got ${policies}`);
  if (!(Number(data["explicit_max_ttl"]) <= 3600 && Number(data["explicit_max_ttl"]) > 0)) {
    problems.push(`explicit_max_ttl: got ${String(data["explicit_max_ttl"])}`);
  }
  return problems;
}

/** Accounts beside those of the table that may have tokens reviewed, as other programs do: Vault has to keep them out. */
export function neighbours(controlPlane: ControlPlane): KubernetesObject[] {
  const accounts = identities(controlPlane)
    .accounts.flatMap(([, { namespace, name }]) => [
      { namespace, name: "default" },
      { namespace: "default", name },
    ])
    .map((metadata) => ({ apiVersion: "v1", kind: "ServiceAccount", metadata }));
  return [
    ...accounts,
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "neighbours" },
      roleRef: { kind: "ClusterRole", name: "vault-issuer-reviews" },
      subjects: accounts.map(({ kind, metadata }) => ({ kind, ...metadata })),
    },
  ];
}

/** Which tokens of the cluster are worth one of Vault's, and what a request may not bring. */
export function accountChecks(scene: Scene, cluster: ClusterApi): Check[] {
  const { server, controlPlane } = scene;
  const login = (role: string, account: Account, stranger = false): Promise<Answer> => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const jwt = stranger ? cluster.token(account, privateKey) : cluster.token(account);
    return call(server.address, undefined, "POST", "auth/cluster/login", { role, jwt });
  };
  return identities(controlPlane).accounts.flatMap(([user, identity]): Check[] => {
    const { audience } = identity;
    const own: Account = { ...identity, audience: [audience, apiAudience], seconds: 600 };
    const refusals: [string, () => Promise<Answer>][] = [
      ["another account of its namespace", () => login(user, { ...own, name: "default" })],
      ["its name in another namespace", () => login(user, { ...own, namespace: "default" })],
      [
        "a token for another audience",
        () => login(user, { ...own, audience: ["vault://other", apiAudience] }),
      ],
      ["a token for the API", () => login(user, { ...own, audience: apiAudience })],
      ["a token that has ended", () => login(user, { ...own, seconds: -60 })],
      ["a token of another cluster", () => login(user, own, true)],
    ];
    const isOwn = ({ metadata }: KubernetesObject) =>
      metadata.namespace === own.namespace && metadata.name === own.name;
    const unreviewed: [string, number, Account, (object: KubernetesObject) => boolean][] = [
      ["a token that is not for the API", 401, { ...own, audience }, () => true],
      [
        "a token whose account may not ask the API",
        403,
        own,
        ({ kind }) => kind !== "ClusterRoleBinding",
      ],
      [
        "a token whose account is gone",
        401,
        own,
        (object) => object.kind !== "ServiceAccount" || !isOwn(object),
      ],
    ];
    return [
      ...refusals.map(([what, run]): Check => [
        `${user}: ${what} is worth nothing`,
        async () => refused(await run()),
      ]),
      ...unreviewed.map(([what, code, account, stays]): Check => [
        `${user}: ${what} is worth nothing: the API says so itself`,
        async () => {
          const { objects, answers } = cluster;
          const before = answers.length;
          cluster.objects = objects.filter(stays);
          const given = await login(user, account).finally(() => (cluster.objects = objects));
          const codes = answers.slice(before).join();
          return [
            ...refused(given),
            ...(codes === String(code)
              ? []
              : [`the API must answer ${code}, got ${codes || "none"}`]),
          ];
        },
      ]),
      [
        `the token of ${user} has one policy and ends within the hour`,
        () => tokenFaults(scene, user),
      ],
      [
        `${user}: a request with an RSA key or a stranger's name in it is not signed`,
        async () => {
          const grant = table.authorities.flatMap((authority) =>
            authority.roles
              .filter((role) => role.users.includes(user))
              .map((role) => ({ path: `pki/${authority.name}/sign/${role.name}`, role })),
          )[0];
          if (!grant) throw new Error(`${user} must have a role`);
          const name = (grant.role.names?.[0] ?? "").replace(/^\*\./, "one.");
          const rsa = await signingRequest(name, [], ["rsa:2048"]);
          const other = await signingRequest(name, ["DNS:kubernetes.default"]);
          const address = await signingRequest(name, ["IP:10.0.0.1"]);
          const answers = [rsa, other, address].map((csr) =>
            post(scene, user, grant.path, { common_name: name, csr }),
          );
          return (await Promise.all(answers)).flatMap(refused);
        },
      ],
    ];
  });
}
