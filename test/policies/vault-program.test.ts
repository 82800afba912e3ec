import { authoritiesTable, type ControlPlane } from "../../components/vault/authorities";
import { Pki } from "../../components/vault/pki";
import { serverUserData } from "../../components/vault/server-boot";
import { serverConfig } from "../../components/vault/server-config";
import { Stack, type Finding, type Registration } from "../../policies/model";
import { configured } from "../../policies/rule";
import { rules } from "../../policies/rules";
import { token } from "../../policies/tokens";
import { created } from "../support/created";
import { urnOf } from "../support/rule-stack";

/** What the components of Vault register, judged by the pack; and each hardened input of theirs made weaker. */

const ofVault = rules.filter(({ id }) => /^(pki|vault)-/.test(id));

async function program(controlPlane: ControlPlane): Promise<Registration[]> {
  const node = (kind: string) => ({
    roleArns: [`arn:aws:iam::111122223333:role/nodes/dev-${kind}`],
    instanceProfileArns: [`arn:aws:iam::111122223333:instance-profile/nodes/dev-${kind}`],
  });
  const resources = await created(
    () =>
      new Pki("pki", {
        table: authoritiesTable,
        controlPlane,
        accountId: "111122223333",
        region: "eu-west-1",
        vpcId: "vpc-1",
        domain: "dev.internal",
        vaultName: "vault",
        nodes: {
          etcd: node("etcd"),
          "control-plane": node("control-plane"),
          worker: node("worker"),
        },
        cluster: { host: "https://api", caCertificate: "PEM" },
        deletionProtection: true,
      }),
  );
  return resources.map(({ type, name, inputs }) => ({
    urn: urnOf(type, name),
    type,
    name,
    inputs,
    outputs: inputs,
    // Mocks do not tell options; the sweep of every input sees them.
    protect: true,
  }));
}

function judged(resources: readonly Registration[]): [id: string, finding: Finding][] {
  const stack = new Stack(resources);
  return ofVault.flatMap((rule) => {
    const config = configured(rule, {});
    const findings =
      "check" in rule
        ? stack.all(...rule.types).flatMap((one) => [...rule.check(one, config)])
        : [...rule.checkStack(stack, config)];
    return findings.map((finding): [string, Finding] => [rule.id, finding]);
  });
}

const failing = (resources: readonly Registration[]) => [
  ...new Set(
    judged(resources)
      .filter(([, { verdict }]) => verdict === "fail")
      .map(([id]) => id),
  ),
];

describe("the components of Vault", () => {
  const stacks: Record<ControlPlane, Registration[]> = { eks: [], "self-managed": [] };

  beforeAll(async () => {
    stacks["self-managed"] = await program("self-managed");
    stacks.eks = await program("eks");
  });

  it.each<ControlPlane>(["eks", "self-managed"])("pass every rule (%s)", (controlPlane) => {
    const findings = judged(stacks[controlPlane]);
    expect([...new Set(findings.map(([, { verdict }]) => verdict))]).toEqual(["note"]);
  });

  it("prove how long anything lives after its instance is gone [J8]", () => {
    const notes = (controlPlane: ControlPlane) =>
      judged(stacks[controlPlane])
        .filter(([, { verdict }]) => verdict === "note")
        .map(([, { message }]) => message.replace("Longest life after an instance is gone: ", ""));
    const week = "7 d 1 h, by Vault's token of 1 h and a certificate of 7 d; asked for by";
    const byAccount = "by an account's token of 10 min, Vault's token of 1 h and a certificate of";
    const today = `1 d 1 h 10 min, ${byAccount} 1 d; asked for by pki-logins-mesh`;
    const master = `${week} pki-logins-control-plane`;
    const both = `${week} pki-logins-control-plane, pki-logins-worker`;
    const etcd = `${week} pki-logins-etcd`;
    expect(notes("self-managed")).toEqual([
      master,
      etcd,
      both,
      etcd,
      master,
      master,
      master,
      master,
      both,
      master,
      both,
      both,
      today,
    ]);
    const account = `7 d 1 h 10 min, ${byAccount} 7 d; asked for by`;
    const calico = `${account} pki-logins-calico`;
    expect(notes("eks")).toEqual([calico, calico, `${account} pki-logins-services`, today]);
  });

  const role = "pki-kubernetes-kubelet";
  const weakened: [resource: string, inputs: Record<string, unknown>, noticed: string[]][] = [
    ["pki-kubernetes-root", { type: "exported" }, ["pki-no-shared-ca"]],
    ["pki-kubernetes-root", { ttl: "630720000" }, ["pki-ca-max-lease"]],
    ["pki-kubernetes-root", { keyBits: 224 }, ["pki-key-strength"]],
    ["pki-etcd-overlay-root", { backend: "pki/kubernetes" }, ["pki-three-cas"]],
    ["pki-etcd-overlay-root", { backend: "pki/shadow" }, ["pki-three-cas", "pki-crl-urls"]],
    ["pki-mesh-request", { type: "exported" }, ["pki-no-shared-ca"]],
    ["pki-mesh-request", { keyType: "rsa", keyBits: 2048 }, ["pki-key-strength"]],
    ["pki-mesh-signed", { ttl: "630720000" }, ["pki-ca-max-lease"]],
    ["pki-kubernetes", { maxLeaseTtlSeconds: 630_720_000 }, ["pki-ca-max-lease"]],
    ["pki-kubernetes-urls", { crlDistributionPoints: [], ocspServers: [] }, ["pki-crl-urls"]],
    ["pki-kubernetes-crl", { disable: true }, ["pki-crl-urls"]],
    ["pki-mesh-issuer", { leafNotAfterBehavior: "permit" }, ["pki-issuer-in-force"]],
    ["pki-mesh-default", { defaultFollowsLatestIssuer: true }, ["pki-issuer-in-force"]],
    [role, { allowAnyName: true }, ["pki-role-restricted"]],
    [role, { allowWildcardCertificates: true }, ["pki-role-restricted"]],
    [role, { allowGlobDomains: true, allowedDomains: ["system:node:*"] }, ["pki-role-restricted"]],
    [role, { allowSubdomains: true }, ["pki-role-restricted"]],
    [role, { organizations: ["system:masters"] }, ["pki-role-restricted"]],
    [role, { cnValidations: ["disabled"] }, ["pki-role-restricted"]],
    [role, { allowedUriSans: ["*"] }, ["pki-role-restricted"]],
    [role, { keyBits: 224 }, ["pki-key-strength"]],
    [role, { keyType: "any" }, ["pki-key-strength"]],
    [role, { maxTtl: "8760h" }, ["pki-short-ttl", "pki-outlives-instance"]],
    [role, { ttl: "8760h" }, ["pki-short-ttl"]],
    [role, { notAfter: "2035-01-01T00:00:00Z" }, ["pki-short-ttl"]],
    [role, { noStore: true }, ["pki-crl-urls"]],
    ["pki-logins-nodes-client", { iamServerIdHeaderValue: "" }, ["vault-login-names-vault"]],
    ["pki-logins-nodes-identity", { iamAlias: "role_id" }, ["pki-identity-per-instance"]],
    ["pki-logins-worker", { boundIamPrincipalArns: ["*"] }, ["pki-init-token-bound"]],
    ["pki-logins-worker", { boundIamInstanceProfileArns: [] }, ["pki-init-token-bound"]],
    ["pki-logins-worker", { boundVpcIds: [] }, ["pki-init-token-bound"]],
    ["pki-logins-worker", { resolveAwsUniqueIds: false }, ["pki-init-token-bound"]],
    ["pki-logins-worker", { tokenMaxTtl: 2_764_800 }, ["pki-init-token-bound"]],
    ["pki-logins-worker", { tokenExplicitMaxTtl: 0 }, ["pki-outlives-instance"]],
    ["pki-logins-worker", { tokenPolicies: ["pki-worker", "root"] }, ["pki-token-policy-least"]],
    ["pki-logins-mesh", { boundServiceAccountNames: ["*"] }, ["vault-k8s-auth-bound"]],
    ["pki-logins-mesh", { boundServiceAccountNamespaces: ["*"] }, ["vault-k8s-auth-bound"]],
    ["pki-logins-mesh", { audience: "" }, ["vault-k8s-auth-bound"]],
    [
      "pki-logins-worker",
      { policy: 'path "pki/kubernetes/issue/kubelet" { capabilities = ["update"] }' },
      ["pki-no-chosen-end"],
    ],
    [
      "pki-logins-worker",
      { policy: 'path "*" { capabilities = ["sudo"] }' },
      ["pki-token-policy-least"],
    ],
    [
      "pki-logins-worker",
      { policy: 'path "pki/kubernetes/sign*" { capabilities = ["update"] }' },
      ["pki-no-chosen-end", "pki-token-policy-least"],
    ],
  ];

  it.each(weakened)("are not weakened unseen: %s %j", (name, inputs, noticed) => {
    const stack = stacks["self-managed"];
    const isChanged = (one: Registration) =>
      one.name === name &&
      Object.keys(inputs).every((key) => key in one.inputs || key === "notAfter");
    expect(stack.filter(isChanged)).toHaveLength(1);
    const changed = stack.map((one) =>
      isChanged(one) ? { ...one, inputs: { ...one.inputs, ...inputs } } : one,
    );
    expect(failing(changed)).toEqual(noticed);
  });
});

describe("a server of Vault", () => {
  const script = serverUserData({
    region: "eu-west-1",
    hostname: "0.vault.dev.internal",
    filesSecret: "dev-vault-0-files",
    logGroupName: "dev-vault",
    snapshots: "s3://dev-snapshots/vault",
    serverId: "vault.dev.internal",
  });
  const { server } = serverConfig({
    nodeId: "vault-0",
    hostname: "0.vault.dev.internal",
    listenAddress: "0.0.0.0",
    peers: ["0.vault.dev.internal"],
    dataFolder: "/data",
    tlsFolder: "/tls",
    region: "eu-west-1",
    sealKey: "alias/dev/unseal",
  });

  /** As it is when its secret is known. */
  const told = (userData: string): string[] => {
    const resources: [type: string, inputs: Record<string, unknown>][] = [
      [token.launchTemplate, { userData: Buffer.from(userData).toString("base64") }],
      [token.secretVersion, { secretString: JSON.stringify({ "/server.json": server }) }],
      [token.keyAlias, { name: "alias/dev/unseal" }],
    ];
    const registrations = resources.map(([type, inputs]) => {
      const name = type.split(":").at(-1) ?? "";
      return { urn: urnOf(type, name), type, name, inputs, outputs: inputs };
    });
    return judged(registrations).map(([id, { message }]) => `${id}: ${message}`);
  };
  const unkeptSeal = "vault-kept: Alias must have the resource option protect, got none";

  it("turns on the audit that it hands on, and has a seal by whatever name", () => {
    expect(told(script)).toEqual([unkeptSeal]);
  });

  it("is not left without audit unseen", () => {
    expect(told(script.replaceAll("sys/audit/", "sys/auth/"))).toEqual([
      unkeptSeal,
      "pki-audit-enabled: userData, or a secret, must turn on an audit device of Vault",
    ]);
  });

  it("writes no log unseen that nobody hands on", () => {
    const elsewhere = script.replaceAll(/"options":\{"file_path":"[^"]*"/g, (options) =>
      options.replace("audit.log", "other.log"),
    );
    expect(told(elsewhere)).toEqual([
      unkeptSeal,
      "pki-audit-enabled: userData must hand an audit log of Vault to CloudWatch's agent",
    ]);
  });
});
