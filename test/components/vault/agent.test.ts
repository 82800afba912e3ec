import { spawnSync } from "node:child_process";
import {
  agentConfig,
  agentFiles,
  longestRunSeconds,
  nodeCertificate,
  renewalFraction,
  runEverySeconds,
  type AgentArgs,
} from "../../../components/vault/agent";
import { authoritiesTable as table } from "../../../components/vault/authorities";
import { issuances, lifetime, usersOf } from "../../../components/vault/issuance";
import { Instance } from "../../support/server-scripts";

const base: AgentArgs = {
  table,
  controlPlane: "self-managed",
  kind: "worker",
  domain: "dev.internal",
  vaultName: "vault",
  region: "eu-west-1",
  vaultCa: "CA\n",
  user: "root",
};
const controlPlane = { kind: "control-plane", addresses: ["10.96.0.1"] };

const nodeLives = issuances(table, "self-managed")
  .filter(({ role }) => role.users.some((user) => table.identities[user]?.kind === "node"))
  .map(({ role }) => lifetime(role) / 86_400);

interface Settings {
  template: { contents: string; destination: string; perms: string }[];
}

const settingsOf = (changes: Partial<AgentArgs> = {}) =>
  JSON.parse(agentConfig({ ...base, ...changes })) as Settings;
const destinations = (changes: Partial<AgentArgs>) =>
  settingsOf(changes).template.map(({ destination, perms }) => [
    destination.replace("/var/lib/drawbridge-pki/", ""),
    perms,
  ]);
const contentsOf = (name: string, changes: Partial<AgentArgs> = {}) =>
  settingsOf(changes).template.find(({ destination }) => destination.endsWith(`/${name}`))
    ?.contents;

describe("agentConfig", () => {
  it("logs in as the instance to this Vault alone, and writes no token down [J7]", () => {
    const { template, ...settings } = settingsOf();
    expect(template).toHaveLength(6);
    expect(settings).toEqual({
      exit_after_auth: true,
      disable_mlock: true,
      vault: {
        address: "https://vault.dev.internal:8200",
        ca_cert: "/etc/drawbridge-pki/vault-ca.crt",
        retry: [{ num_retries: 3 }],
      },
      auto_auth: {
        method: [
          {
            type: "aws",
            mount_path: "auth/nodes",
            exit_on_err: true,
            config: [
              {
                type: "iam",
                role: "worker",
                region: "eu-west-1",
                header_value: "vault.dev.internal",
              },
            ],
          },
        ],
      },
      template_config: { exit_on_retry_failure: true, lease_renewal_threshold: 0.6 },
    });
  });

  it.each([1, ...new Set(nodeLives), 30])(
    "renews a certificate of %d days before a third of its life is left [J8]",
    (days) => {
      const life = days * 86_400;
      // A run that ends just before it is time, the next one as long as it may be, once in vain, and three hundredths astray.
      const latest = (renewalFraction + 0.03) * life + runEverySeconds + 2 * longestRunSeconds;
      expect(life - latest).toBeGreaterThan(life / 3);
    },
  );

  it.each([
    [
      { kind: "etcd" },
      [
        ["etcd-k8s-member.pem", "0400"],
        ["etcd-overlay-member.pem", "0400"],
        ["etcd-k8s-ca.crt", "0444"],
        ["etcd-overlay-ca.crt", "0444"],
      ],
    ],
    [
      { kind: "worker" },
      [
        ["kubernetes-kube-proxy.pem", "0400"],
        ["kubernetes-kubelet.pem", "0400"],
        ["kubernetes-kubelet-server.pem", "0400"],
        ["etcd-overlay-client.pem", "0400"],
        ["kubernetes-ca.crt", "0444"],
        ["etcd-overlay-ca.crt", "0444"],
      ],
    ],
    [
      controlPlane,
      [
        ["kubernetes-kube-apiserver.pem", "0400"],
        ["kubernetes-kube-apiserver-kubelet-client.pem", "0400"],
        ["kubernetes-kube-controller-manager.pem", "0400"],
        ["kubernetes-kube-scheduler.pem", "0400"],
        ["kubernetes-kube-proxy.pem", "0400"],
        ["kubernetes-kubelet.pem", "0400"],
        ["kubernetes-kubelet-server.pem", "0400"],
        ["front-proxy-front-proxy-client.pem", "0400"],
        ["etcd-k8s-client.pem", "0400"],
        ["etcd-overlay-client.pem", "0400"],
        ["kubernetes-ca.crt", "0444"],
        ["front-proxy-ca.crt", "0444"],
        ["etcd-k8s-ca.crt", "0444"],
        ["etcd-overlay-ca.crt", "0444"],
      ],
    ],
  ])("writes what %j is granted, for its user alone", (changes, expected) => {
    expect(destinations(changes)).toEqual(expected);
  });

  it("asks by the names of the table, the instance's own where they have its name", () => {
    expect(contentsOf("kubernetes-kubelet.pem")).toBe(
      '{{ with pkiCert "pki/kubernetes/issue/kubelet" (printf "common_name=system:node:%s" (mustEnv "NODE_NAME")) }}{{ .Key }}{{ .Cert }}{{ end }}',
    );
    expect(contentsOf("kubernetes-kube-apiserver.pem", controlPlane)).toBe(
      '{{ with pkiCert "pki/kubernetes/issue/kube-apiserver" "common_name=kubernetes" (printf "alt_names=kubernetes.default,kubernetes.default.svc,kubernetes.default.svc.cluster.local,api.dev.internal,%s,localhost" (mustEnv "NODE_NAME")) (printf "ip_sans=10.96.0.1,%s" (mustEnv "NODE_ADDRESS")) }}{{ .Key }}{{ .Cert }}{{ end }}',
    );
  });

  it("trusts every authority of a mount, and never the one that signed it", () => {
    expect(contentsOf("kubernetes-ca.crt")).toBe(
      '{{ range secrets "pki/kubernetes/issuers" }}{{ with secret (printf "pki/kubernetes/issuer/%s/json" .) }}{{ .Data.certificate }}\n{{ end }}{{ end }}',
    );
    expect(contentsOf("front-proxy-ca.crt", controlPlane)).toBe(
      '{{ range secrets "pki/front-proxy/issuers" }}{{ with secret (printf "pki/front-proxy/issuer/%s/json" .) }}{{ if gt (len .Data.ca_chain) 1 }}{{ .Data.certificate }}\n{{ end }}{{ end }}{{ end }}',
    );
  });

  it.each<[Partial<AgentArgs>, string]>([
    [{ kind: "bastion" }, "kind must be a node that has a role in self-managed, got bastion"],
    [{ kind: "calico" }, "kind must be a node that has a role in self-managed, got calico"],
    [{ controlPlane: "eks" }, "kind must be a node that has a role in eks, got worker"],
    [
      { kind: "control-plane" },
      "addresses must be given for kube-apiserver of control-plane, got none",
    ],
    [{ addresses: ["10.0.0.1"] }, "addresses must not be given: no role of worker takes any"],
  ])("fails for %j", (changes, message) => {
    expect(() => agentConfig({ ...base, ...changes })).toThrow(message);
  });
});

describe("agentFiles", () => {
  const files = agentFiles({ ...base, restarts: ["kubelet.service", "kube-proxy.service"] });
  const units = "/etc/systemd/system/drawbridge-pki";
  const lines = (path: string) => (files[path]?.text ?? "").split("\n");

  it("has nothing that others may write, and nothing that is secret", () => {
    expect(Object.entries(files).map(([path, { mode }]) => [path, mode])).toEqual([
      ["/etc/drawbridge-pki/agent.json", "0644"],
      ["/etc/drawbridge-pki/vault-ca.crt", "0644"],
      ["/usr/local/sbin/drawbridge-pki", "0755"],
      [`${units}.service`, "0644"],
      [`${units}.timer`, "0644"],
      [`${units}-trust.path`, "0644"],
      [`${units}-trust.service`, "0644"],
    ]);
    expect(files["/etc/drawbridge-pki/vault-ca.crt"]?.text).toBe("CA\n");
  });

  it("runs as the user that reads the certificates, with no right beyond that", () => {
    const etcd = agentFiles({ ...base, kind: "etcd", user: "etcd" })[`${units}.service`];
    expect(etcd?.text).toContain("\n[Service]\nUser=etcd\n");
    expect(lines(`${units}.service`)).toEqual(
      expect.arrayContaining([
        "StateDirectory=drawbridge-pki",
        "StateDirectoryMode=0700",
        "UMask=0077",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "CapabilityBoundingSet=CAP_IPC_LOCK",
      ]),
    );
  });

  it("runs again after a failure until it succeeds, and after a success when it is time", () => {
    expect(lines(`${units}.service`)).toEqual(
      expect.arrayContaining([
        "StartLimitIntervalSec=0",
        "Type=oneshot",
        "TimeoutStartSec=300",
        "Restart=on-failure",
        "RestartSec=15",
      ]),
    );
    expect(lines(`${units}.timer`)).toEqual(
      expect.arrayContaining(["OnActiveSec=0", "OnUnitInactiveSec=1800"]),
    );
  });

  it("restarts what must be, and only when authorities have changed", () => {
    expect(lines(`${units}-trust.path`).filter((line) => line.startsWith("Path"))).toEqual([
      "PathChanged=/var/lib/drawbridge-pki/kubernetes-ca.crt",
      "PathChanged=/var/lib/drawbridge-pki/etcd-overlay-ca.crt",
    ]);
    expect(lines(`${units}-trust.service`)).toContain(
      "ExecStart=/usr/bin/systemctl try-restart kubelet.service kube-proxy.service",
    );
    expect(Object.keys(agentFiles(base)).filter((path) => path.includes("trust"))).toEqual([]);
  });

  it("asks EC2 for the node's name and address with a session", () => {
    const script = files["/usr/local/sbin/drawbridge-pki"]?.text ?? "";
    expect(spawnSync("sh", ["-n"], { input: script, encoding: "utf8" })).toMatchObject({
      status: 0,
      stderr: "",
    });
    expect(script).toContain('--header "X-aws-ec2-metadata-token: $session"');
    expect(script).toContain("exec vault agent -config=/etc/drawbridge-pki/agent.json\n");
  });
});

describe("the script of the agent", () => {
  let instance: Instance;
  beforeEach(() => (instance = new Instance()));
  afterEach(() => instance.remove());

  const script = agentFiles(base)["/usr/local/sbin/drawbridge-pki"]?.text ?? "";

  it("gives the agent what the instance is called, and has logins signed for the host that Vault asks", () => {
    instance.command(
      "curl",
      `case "$*" in
*"--request PUT"*) echo session ;;
*/local-hostname) echo ip-10-0-0-10.eu-west-1.compute.internal ;;
*/local-ipv4) echo 10.0.0.10 ;;
esac`,
    );
    instance.command("vault", 'echo "$NODE_NAME $NODE_ADDRESS $AWS_STS_REGIONAL_ENDPOINTS"');
    const { status, said, calls } = instance.run(script);
    expect([status, said, calls.at(-1)]).toEqual([
      0,
      "ip-10-0-0-10.eu-west-1.compute.internal 10.0.0.10 regional\n",
      `vault agent -config=${instance.at("/etc/drawbridge-pki/agent.json")}`,
    ]);
  });

  it("starts no agent of which the instance's name is not known", () => {
    instance.command("curl", 'case "$*" in *"--request PUT"*) echo session ;; *) exit 22 ;; esac');
    instance.command("vault", "");
    const { status, calls } = instance.run(script);
    expect(status).toBe(22);
    expect(calls.filter((call) => call.startsWith("vault"))).toEqual([]);
  });
});

describe("nodeCertificate", () => {
  it("is where the agent of every kind writes it", () => {
    for (const [kind] of usersOf(table, "self-managed", "node")) {
      const changes = kind === "control-plane" ? controlPlane : { kind };
      const written = settingsOf(changes).template.map(({ destination }) => destination);
      for (const { authority, role } of issuances(table, "self-managed")) {
        if (!role.users.includes(kind)) continue;
        const { file, caFile } = nodeCertificate(authority.name, role.name);
        expect(written).toEqual(expect.arrayContaining([file, caFile]));
      }
    }
  });
});
