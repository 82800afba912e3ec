import * as pulumi from "@pulumi/pulumi";
import { authoritiesTable, type ControlPlane } from "../../../components/vault/authorities";
import { Pki, type PkiArgs } from "../../../components/vault/pki";
import { describe as describeAuthority, stepOf } from "../../../components/vault/rotation";
import { created, hooks, ofType, ownersOf, type Created } from "../../support/created";
import { keptWarnings, program } from "../../support/warnings";

const node = (kind: string) => ({
  roleArns: [`arn:aws:iam::111122223333:role/dev-${kind}`],
  instanceProfileArns: [`arn:aws:iam::111122223333:instance-profile/dev-${kind}`],
});
const args: PkiArgs = {
  table: authoritiesTable,
  controlPlane: "self-managed",
  accountId: "111122223333",
  region: "eu-west-1",
  vpcId: "vpc-1",
  domain: "dev.internal",
  vaultName: "vault",
  nodes: { etcd: node("etcd"), "control-plane": node("control-plane"), worker: node("worker") },
  cluster: { host: "https://api", caCertificate: "PEM" },
  deletionProtection: true,
};
const build = (controlPlane: ControlPlane) =>
  created(() => new Pki("pki", { ...args, controlPlane }));

const namesOf = (resources: Created[], type: string) => Object.keys(ofType(resources, type));

describe("Pki", () => {
  it("mounts every authority, and has those below another one signed by it [J5] [M4]", async () => {
    const resources = await build("self-managed");
    expect(namesOf(resources, "vault:index/mount:Mount")).toEqual([
      "pki-etcd-k8s",
      "pki-etcd-overlay",
      "pki-front-proxy",
      "pki-kubernetes",
      "pki-mesh",
    ]);
    const roots = ofType(resources, "vault:pkiSecret/secretBackendRootCert:SecretBackendRootCert");
    expect(
      Object.entries(roots).map(([name, { type, maxPathLength, ttl }]) => [
        name,
        type,
        maxPathLength,
        ttl,
      ]),
    ).toEqual([
      ["pki-etcd-k8s-root", "internal", 0, "315360000"],
      ["pki-etcd-overlay-root", "internal", 0, "315360000"],
      ["pki-kubernetes-root", "internal", 1, "315360000"],
    ]);
    const signed = ofType(
      resources,
      "vault:pkiSecret/secretBackendRootSignIntermediate:SecretBackendRootSignIntermediate",
    );
    expect(
      Object.values(signed).map(({ backend, maxPathLength }) => [backend, maxPathLength]),
    ).toEqual([
      ["pki/kubernetes", 0],
      ["pki/kubernetes", 0],
    ]);
  });

  it("publishes what is revoked for each authority, and tidies [J6]", async () => {
    const resources = await build("eks");
    for (const type of [
      "secretBackendConfigUrls:SecretBackendConfigUrls",
      "secretBackendCrlConfig:SecretBackendCrlConfig",
      "backendConfigAutoTidy:BackendConfigAutoTidy",
      "backendConfigCluster:BackendConfigCluster",
    ]) {
      expect(namesOf(resources, `vault:pkiSecret/${type}`)).toHaveLength(5);
    }
  });

  it("binds a node's login to role, profile, VPC, account and a running instance [J7] [J8]", async () => {
    const resources = await build("self-managed");
    const roles = ofType(resources, "vault:aws/authBackendRole:AuthBackendRole");
    expect(Object.keys(roles)).toEqual([
      "pki-logins-control-plane",
      "pki-logins-etcd",
      "pki-logins-worker",
    ]);
    expect(roles["pki-logins-worker"]).toEqual({
      backend: "nodes",
      role: "worker",
      authType: "iam",
      boundIamPrincipalArns: ["arn:aws:iam::111122223333:role/dev-worker"],
      resolveAwsUniqueIds: true,
      inferredEntityType: "ec2_instance",
      inferredAwsRegion: "eu-west-1",
      boundAccountIds: ["111122223333"],
      boundIamInstanceProfileArns: ["arn:aws:iam::111122223333:instance-profile/dev-worker"],
      boundVpcIds: ["vpc-1"],
      tokenPolicies: ["pki-worker"],
      tokenNoDefaultPolicy: true,
      tokenTtl: 1200,
      tokenMaxTtl: 3600,
      tokenExplicitMaxTtl: 3600,
      tokenType: "service",
    });
  });

  it("makes each instance an entity of its own, under the name that EC2 gave it [J7]", async () => {
    const resources = await build("self-managed");
    const identity = ofType(
      resources,
      "vault:aws/authBackendConfigIdentity:AuthBackendConfigIdentity",
    );
    expect(identity["pki-logins-nodes-identity"]).toMatchObject({ iamAlias: "full_arn" });
    const roles = ofType(resources, "vault:pkiSecret/secretBackendRole:SecretBackendRole");
    expect(roles["pki-kubernetes-kubelet"]).toMatchObject({
      allowedDomains: [
        "system:node:{{identity.entity.aliases.auth_aws_1.metadata.inferred_hostname}}",
      ],
      allowedDomainsTemplate: true,
      organizations: ["system:nodes"],
    });
  });

  it("lets in accounts of the cluster alone where no node asks", async () => {
    const resources = await build("eks");
    expect(namesOf(resources, "vault:index/authBackend:AuthBackend")).toEqual([
      "pki-logins-cluster",
    ]);
    const accounts = ofType(resources, "vault:kubernetes/authBackendRole:AuthBackendRole");
    expect(accounts["pki-logins-mesh"]).toMatchObject({
      boundServiceAccountNames: ["vault-issuer"],
      boundServiceAccountNamespaces: ["istio-system"],
      audience: "vault://istio-system/vault-issuer",
      tokenPolicies: ["pki-mesh"],
    });
  });

  it("has the cluster judge tokens, its issuer as well [J7]", async () => {
    const resources = await build("eks");
    const config = ofType(resources, "vault:kubernetes/authBackendConfig:AuthBackendConfig");
    expect(config["pki-logins-cluster-config"]).toEqual({
      backend: "cluster",
      kubernetesHost: args.cluster.host,
      kubernetesCaCert: args.cluster.caCertificate,
      disableLocalCaJwt: true,
      disableIssValidation: true,
    });
  });

  it("goes away with the servers, down to the last resource", async () => {
    const seen: [name: string, deletedWith: unknown][] = [];
    let servers: pulumi.Resource | undefined;
    await created(() => {
      servers = new pulumi.ComponentResource("drawbridge:aws:Servers", "servers");
      new Pki("pki", args, {
        deletedWith: servers,
        transformations: [
          ({ name, opts }) => {
            seen.push([name, opts.deletedWith]);
            return undefined;
          },
        ],
      });
    });
    expect(seen.length).toBeGreaterThan(60);
    expect(seen.filter(([, deletedWith]) => deletedWith !== servers)).toEqual([]);
  });

  describe("while authorities are rotated", () => {
    const days = [
      "stage 2027-01-01",
      "trust 2027-01-02",
      "promote 2027-01-09",
      "distrust 2027-02-01",
    ];
    const rotations = (phases: number) => ({
      kubernetes: days.slice(0, phases).flatMap((text) => stepOf(text) ?? []),
    });
    const descriptionOf = (phases: number) =>
      describeAuthority("kubernetes", rotations(phases).kubernetes);
    /** What the engine tells a hook of the authority before it updates a resource. */
    const change = async (hook: string, oldInputs: object = {}, newInputs: object = {}) => {
      const found = hooks.get(`pki-kubernetes-${hook}`);
      if (!found) throw new Error(`the authority must have a hook ${hook}`);
      await found.callback({ oldInputs, newInputs } as pulumi.ResourceHookArgs);
    };
    const { told, programs } = keptWarnings();

    const trusted = async (phases: number) => {
      const protectedOnes: string[] = [];
      let certificates: Promise<Record<string, string>> | undefined;
      const resources = await created(() => {
        const pki = new Pki(
          "pki",
          {
            ...args,
            rotations: rotations(phases),
          },
          {
            transformations: [
              ({ name, opts }) => {
                if (opts.protect) protectedOnes.push(name);
                return undefined;
              },
            ],
          },
        );
        const all = pulumi.output(pki.certificates);
        certificates = new Promise((resolve) => all.apply(resolve));
      });
      return { resources, protectedOnes, certificates: await certificates };
    };
    const root = "certificate of pki-kubernetes-root\n";
    const nextRoot = "certificate of pki-kubernetes-root-2\n";

    it.each([
      [0, root],
      [1, root],
      [2, root + nextRoot],
      [3, nextRoot + root],
    ])("has relying parties trust what may issue, after %d phases", async (phases, expected) => {
      const { certificates } = await trusted(phases);
      expect(ownersOf(certificates?.["kubernetes"])).toBe(expected);
      const etcd = "certificate of pki-etcd-k8s-root\n";
      expect(ownersOf(certificates?.["etcd-k8s"])).toBe(etcd);
    });

    it.each([
      [1, "pki-mesh-intermediate", "issuing-certificates", "issuing-certificates"],
      [2, "pki-mesh-intermediate", "issuing-certificates", "issuing-certificates"],
      [3, "pki-mesh-intermediate-2", "", "issuing-certificates"],
    ])("issues by one key, after %d phases by %s", async (phases, issuer, first, second) => {
      const { resources } = await trusted(phases);
      const kind = "vault:pkiSecret/secretBackend";
      const settings = ofType(resources, `${kind}ConfigIssuers:SecretBackendConfigIssuers`);
      expect(settings["pki-mesh-default"]).toEqual({
        backend: "pki/mesh",
        default: `issuer of ${issuer}`,
        defaultFollowsLatestIssuer: false,
      });
      const issuers = ofType(resources, `${kind}Issuer:SecretBackendIssuer`);
      const usages = ["pki-mesh-issuer", "pki-mesh-issuer-2"].map((name) =>
        String(issuers[name]?.["usage"])
          .split(",")
          .filter((one) => one.startsWith("issuing"))
          .join(),
      );
      expect(usages).toEqual([first, second]);
      const signed = ofType(
        resources,
        `${kind}RootSignIntermediate:SecretBackendRootSignIntermediate`,
      );
      expect(
        ["pki-mesh-signed", "pki-mesh-signed-2"].map((name) => signed[name]?.["issuerRef"]),
      ).toEqual(["issuer of pki-kubernetes-root", "issuer of pki-kubernetes-root-2"]);
    });

    it("protects what is trusted and may issue, so that only the others can go", async () => {
      const roots = async (phases: number) =>
        (await trusted(phases)).protectedOnes.filter((name) => name.startsWith("pki-kubernetes-"));
      const [first, second] = ["", "-2"].map((n) => [
        `pki-kubernetes-root${n}`,
        `pki-kubernetes-issuer${n}`,
      ]);
      expect(await roots(0)).toEqual(first);
      expect(await roots(1)).toEqual(first);
      expect((await roots(2)).toSorted()).toEqual([...(first ?? []), ...(second ?? [])].toSorted());
      expect(await roots(3)).toEqual(second);
    });

    it("tells who has to restart, of each authority that is rotated", async () => {
      await trusted(2);
      expect(told.map((text) => text.split(":")[0])).toEqual([
        "Authority kubernetes is at trust 2027-01-02",
        "Authority front-proxy is at trust 2027-01-02",
        "Authority mesh is at trust 2027-01-02",
      ]);
      // What is said of an authority waits for the provider, which has to say what keeps Vault away.
      const about = jest.mocked(pulumi.log.warn).mock.calls.map(([, resource]) => resource);
      expect(about).toEqual([undefined, undefined, undefined]);
      await trusted(0);
      expect(told).toHaveLength(3);
    });

    it("tells what follows from the last phase as the mount changes, in a preview already", async () => {
      await program.run("the program", () => trusted(4));
      expect(told.filter((text) => text.startsWith("Authority kubernetes "))).toEqual([]);
      expect(hooks.get("pki-kubernetes-advice")?.opts).toEqual({ onDryRun: true });
      const [before, after] = [3, 4].map((phases) => ({ description: descriptionOf(phases) }));
      await change("advice", before, after);
      expect(told.at(-1)).toMatch(/^Authority kubernetes is at distrust 2027-02-01/);
      expect(programs.at(-1)).toBe("the program");
    });

    it("says nothing more of it when something else of the mount changes, or the engine thinks so", async () => {
      await trusted(4);
      const before = told.length;
      const mount = { description: descriptionOf(4), maxLeaseTtlSeconds: 1 };
      await change("advice", mount, { ...mount, maxLeaseTtlSeconds: 2 });
      await change("advice", mount, mount);
      expect(told).toHaveLength(before);
    });

    it.each([
      [
        "enters one on another day",
        2,
        "kubernetes is at trust 2027-01-02: promote 2027-01-09 must be of the day",
      ],
      ["skips one", 1, "kubernetes is at stage 2027-01-01: an up enters one phase"],
    ])(
      "refuses whoever %s as the mount changes, in a preview already",
      async (_who, from, refused) => {
        await trusted(3);
        expect(hooks.get("pki-kubernetes-entered")?.opts).toEqual({ onDryRun: true });
        const [old, next] = [from, 3].map((phases) => ({ description: descriptionOf(phases) }));
        await expect(change("entered", old, next)).rejects.toThrow(refused);
        await expect(change("entered", next, next)).resolves.toBeUndefined();
      },
    );

    it("refuses a late promote where another key would issue by it, and nobody else's preview", async () => {
      await trusted(3);
      expect(hooks.get("pki-kubernetes-promoted")?.opts).toEqual({ onDryRun: true });
      const [former, current] = [{ default: "issuer of former" }, { default: "issuer of current" }];
      await expect(change("promoted", former, current)).rejects.toThrow(
        "kubernetes: promote 2027-01-09 was entered and not done: it must be of the day of the up that does it",
      );
      // So the engine shows what it knows nothing of: all that is in Vault, while the provider's CA gets another certificate.
      await expect(
        change("promoted", current, { default: pulumi.unknown }),
      ).resolves.toBeUndefined();
      await expect(change("promoted", current, { ...current })).resolves.toBeUndefined();
    });

    it("lets another key issue on the day of its promote", async () => {
      await trusted(3);
      const [former, current] = [{ default: "issuer of former" }, { default: "issuer of current" }];
      jest.useFakeTimers({ now: Date.parse("2027-01-09T12:00:00Z") });
      try {
        await expect(change("promoted", former, current)).resolves.toBeUndefined();
      } finally {
        jest.useRealTimers();
      }
    });

    it("says which authorities end within half a year, and none that ends later", async () => {
      await trusted(0);
      expect(told).toEqual([]);
      // The certificates of the test end on 2126-10-28.
      jest.spyOn(Date, "now").mockReturnValue(Date.parse("2126-06-01T00:00:00Z"));
      await trusted(0);
      expect(told).toHaveLength(authoritiesTable.authorities.length);
      expect(told[0]).toMatch(
        /^Authority kubernetes ends on 2126-10-28, in 149 days, and issues nothing that outlives it: rotate it/,
      );
    });

    it("refuses one that skips a phase", () => {
      const kubernetes = [{ phase: "promote", on: "2027-01-09" } as const];
      expect(() => new Pki("pki", { ...args, rotations: { kubernetes } })).toThrow(
        "rotations.kubernetes[0] must be of the phase stage: a rotation goes through stage, trust, promote, distrust and skips none, got promote 2027-01-09",
      );
    });
  });

  it("refuses a table with faults, a line for each", () => {
    const [first] = authoritiesTable.authorities;
    if (!first) throw new Error("the table must have an authority");
    const table = { ...authoritiesTable, authorities: [first, { ...first, days: 3651 }] };
    expect(() => new Pki("pki", { ...args, table, nodes: {} })).toThrow(
      [
        "authorities must have names of their own, got two kubernetes",
        "kubernetes: days must be an integer from 1 to 3650, got 3651",
        "nodes.control-plane must have roleArns and instanceProfileArns, got none",
        "nodes.worker must have roleArns and instanceProfileArns, got none",
      ].join("\n"),
    );
  });
});
