import type { ResourceHookArgs } from "@pulumi/pulumi";
import { Bucket } from "../../../components/aws/bucket";
import { serverFiles } from "../../../components/vault/server-files";
import { serverRoleArns } from "../../../components/vault/server-profile";
import { VaultServers, vaultServerCalls } from "../../../components/vault/servers";
import type { VaultServersArgs } from "../../../components/vault/servers";
import { holdersFitIntoTheFiles } from "../../../infra/config/vault";
import { created, hooks, ofType, secretly, type Created } from "../../support/created";

const place = { prefix: "p", accountId: "111122223333", region: "eu-west-1" };
const holder = (name: string) => ({
  name,
  publicKey: { fingerprint: `F${name}`, binary: "a2V5" },
});

function args(change: Partial<VaultServersArgs> = {}): VaultServersArgs {
  const accessLogs = new Bucket("access-logs", {
    ...place,
    purpose: "access-logs",
    encryption: { s3ManagedFor: "access-logs" },
    retentionDays: 30,
  });
  const snapshots = new Bucket("snapshots", {
    ...place,
    purpose: "snapshots",
    encryption: { keyArn: "arn:key" },
    retentionDays: 35,
    accessLogs,
  });
  return {
    ...place,
    vpcId: "vpc",
    zones: ["a", "b", "c"].map((zone) => ({ zone, subnetId: `subnet-${zone}` })),
    securityGroupId: "sg-vault",
    balancerGroupId: "sg-door",
    deployerRoleArn: "arn:aws:iam::111122223333:role/deployer",
    nodes: {},
    recoveryHolders: [holder("alice"), holder("bruno"), holder("chandra")],
    recoveryThreshold: 2,
    instanceType: "t4g.medium",
    volumeGiB: 20,
    serverCertificates: 1,
    serverGenerations: [1, 1, 1],
    volumeKeyArn: "arn:volumes",
    logKeyArn: "arn:logs",
    logRetentionDays: 365,
    snapshots,
    snapshotsKeyAlias: "alias/snapshots",
    tags: { Owner: "team" },
    prerequisites: [],
    ...change,
  };
}

const build = (change?: Partial<VaultServersArgs>) =>
  created(() => new VaultServers("vault", args(change)));
/** What most tests look at: it takes a second to make. */
let resources: Created[];
beforeAll(async () => {
  resources = await build();
}, 60_000);
const deployer = "arn:aws:iam::111122223333:role/deployer";
const secretOf = (end: string) =>
  `arn:aws:secretsmanager:eu-west-1:111122223333:secret:p-vault-${end}`;
const three = ["vault-0", "vault-1", "vault-2"];
const instanceType = "aws:ec2/instance:Instance";

/** What the secret of a node's files holds, which must be secret. */
const filesOf = (node: string) => {
  const versions = ofType(resources, "aws:secretsmanager/secretVersion:SecretVersion");
  const text = versions[`${node}-files`]?.["secretString"];
  const { value } = (text ?? {}) as { value: string };
  expect(text).toEqual(secretly(value));
  return JSON.parse(value) as Record<string, string>;
};

interface Statement {
  Sid: string;
  Effect: string;
  Action: string | string[];
  Resource: string | string[];
  Condition?: object;
}

const statements = (text: unknown) =>
  (JSON.parse(String(text)) as { Statement: Statement[] }).Statement;

describe("VaultServers", () => {
  it("is three servers, one in each zone, with an address that stays", () => {
    expect(Object.keys(ofType(resources, instanceType))).toEqual(three);
    const cards = ofType(resources, "aws:ec2/networkInterface:NetworkInterface");
    expect(three.map((name) => cards[name]?.["subnetId"])).toEqual([
      "subnet-a",
      "subnet-b",
      "subnet-c",
    ]);
    expect(three.map((name) => cards[name]?.["securityGroups"])).toEqual(
      three.map(() => ["sg-vault"]),
    );
    const records = ofType(resources, "aws:route53/record:Record");
    expect(three.map((name) => records[name]?.["records"])).toEqual(
      three.map((name) => [`address of ${name}`]),
    );
  });

  it.each([0, 2, 4])("fails %d zones", async (count) => {
    const zones = Array.from({ length: count }, (_, i) => ({ zone: `${i}`, subnetId: `${i}` }));
    await created(() =>
      expect(() => new VaultServers("vault", args({ zones }))).toThrow(
        `zones must be 3 for Vault, got ${count}`,
      ),
    );
  });

  it.each([[[]], [[1, 1]], [[1, 1, 1, 1]]])("fails generations %j", async (serverGenerations) => {
    await created(() =>
      expect(() => new VaultServers("vault", args({ serverGenerations }))).toThrow(
        `serverGenerations must be 3, got ${serverGenerations.length}`,
      ),
    );
  });

  it("starts each server from the first version of the template of its generation", async () => {
    const instances = ofType(await build({ serverGenerations: [1, 3, 1] }), instanceType);
    expect(three.map((name) => instances[name])).toEqual([
      {
        launchTemplate: { id: "vault-0-id", version: "1" },
        tags: { Owner: "team", Name: "0.vault.p.internal", Generation: "1" },
      },
      {
        launchTemplate: { id: "vault-1-generation-3-id", version: "1" },
        tags: { Owner: "team", Name: "1.vault.p.internal", Generation: "3" },
      },
      {
        launchTemplate: { id: "vault-2-id", version: "1" },
        tags: { Owner: "team", Name: "2.vault.p.internal", Generation: "1" },
      },
    ]);
  });

  it("has one server replaced in an up, by what the comment of the zone tells", async () => {
    const zones = ofType(await build({ serverGenerations: [1, 2, 1] }), "aws:route53/zone:Zone");
    expect(zones["vault"]).toMatchObject({ comment: "Vault, servers of generations 1, 2, 1" });
    const hook = hooks.get("vault-servers-one-by-one");
    expect(hook?.opts).toEqual({ onDryRun: true });
    const from = (comment: string) => () =>
      hook?.callback({ oldInputs: { comment } } as unknown as ResourceHookArgs);
    expect(from("Vault, servers of generations 1, 1, 1")).not.toThrow();
    expect(from("Vault, servers of generations 1, 1, 2")).toThrow("must change by one number");
  });

  it("keeps data on encrypted volumes of their own", () => {
    const volumes = ofType(resources, "aws:ebs/volume:Volume");
    expect(three.map((name) => volumes[name]?.["availabilityZone"])).toEqual(["a", "b", "c"]);
    for (const name of three) {
      expect(volumes[name]).toMatchObject({ encrypted: true, kmsKeyId: "arn:volumes", size: 20 });
    }
    expect(ofType(resources, "aws:ec2/volumeAttachment:VolumeAttachment")["vault-1"]).toEqual({
      deviceName: "/dev/sdf",
      instanceId: "vault-1-id",
      volumeId: "vault-1-id",
      stopInstanceBeforeDetaching: true,
    });
  });

  it("asks for IMDSv2 without a hop, and has no public address", () => {
    const templates = ofType(resources, "aws:ec2/launchTemplate:LaunchTemplate");
    for (const name of three) {
      expect(templates[name]?.["metadataOptions"]).toEqual({
        httpEndpoint: "enabled",
        httpProtocolIpv6: "disabled",
        httpTokens: "required",
        httpPutResponseHopLimit: 1,
      });
      expect(templates[name]?.["networkInterfaces"]).toEqual([
        { deviceIndex: 0, networkInterfaceId: `${name}-id`, deleteOnTermination: "false" },
      ]);
      expect(templates[name]).not.toHaveProperty("keyName");
    }
  });

  it("has no secret in user data", () => {
    const templates = ofType(resources, "aws:ec2/launchTemplate:LaunchTemplate");
    for (const name of three) {
      const text = Buffer.from(String(templates[name]?.["userData"]), "base64").toString();
      expect(text).toMatch(/^#cloud-boothook\n/);
      expect(text).not.toMatch(/key of|PRIVATE KEY|hvs\.|certificate of/);
    }
  });

  it("gives each server its own key, and the first alone initialises", () => {
    for (const [index, name] of three.entries()) {
      const files = filesOf(name);
      expect(files["/etc/vault.d/tls/server.key"]).toBe(`key of vault-ca-${index}`);
      expect(files["/etc/vault.d/tls/server.crt"]).toBe(`certificate of vault-ca-${index}`);
      expect(files["/etc/vault.d/tls/ca.crt"]).toBe("certificate of vault-ca");
      const settings = JSON.parse(files["/etc/vault.d/first-boot.json"] ?? "{}") as {
        initialises: boolean;
        recoverySecret: string;
      };
      expect(settings.initialises).toBe(index === 0);
      expect(settings.recoverySecret).toBe("arn:vault-recovery");
      expect(JSON.stringify(files)).not.toContain('key of vault-ca"');
    }
  });

  it("unseals by a key that nobody takes away, while deletion is protected", async () => {
    const key = (from: Created[]) =>
      statements(ofType(from, "aws:kms/key:Key")["vault-seal"]?.["policy"]);
    const denied = expect.objectContaining({
      Effect: "Deny",
      Action: ["kms:DeleteAlias", "kms:DisableKey", "kms:ScheduleKeyDeletion", "kms:UpdateAlias"],
    }) as object;
    expect(key(resources)).toContainEqual(denied);
    expect(key(await build({ deletionProtection: false }))).not.toContainEqual(denied);
    const server = JSON.parse(filesOf("vault-2")["/etc/vault.d/server.json"] ?? "{}") as object;
    expect(server).toMatchObject({
      seal: { awskms: { region: "eu-west-1", kms_key_id: "alias/drawbridge/dev/vault-seal" } },
      storage: { raft: { path: "/var/lib/vault/raft", node_id: "vault-2" } },
      disable_mlock: true,
      ui: false,
    });
  });

  it("is reached by an internal load balancer that passes TLS on, to the active server alone", () => {
    expect(ofType(resources, "aws:lb/loadBalancer:LoadBalancer")["vault"]).toMatchObject({
      loadBalancerType: "network",
      internal: true,
      securityGroups: ["sg-door"],
      enableDeletionProtection: true,
    });
    expect(ofType(resources, "aws:lb/listener:Listener")["vault"]).toMatchObject({
      port: 8200,
      protocol: "TCP",
    });
    expect(ofType(resources, "aws:lb/targetGroup:TargetGroup")["vault"]).toMatchObject({
      port: 8200,
      protocol: "TCP",
      preserveClientIp: "true",
      healthCheck: {
        protocol: "HTTPS",
        path: "/v1/sys/health",
        matcher: "200",
      },
    });
    expect(
      Object.keys(ofType(resources, "aws:lb/targetGroupAttachment:TargetGroupAttachment")),
    ).toEqual(three);
  });

  it("lets the first server store the recovery keys and never read them, and each read its own files alone", () => {
    const policies = ofType(resources, "aws:iam/rolePolicy:RolePolicy");
    for (const [index, name] of three.entries()) {
      const found = statements(policies[name]?.["policy"]);
      expect(found.map(({ Sid }) => Sid)).toEqual([
        "Seal",
        "OpenAndCloseSecrets",
        "FetchFiles",
        ...(index === 0 ? ["StoreRecoveryKeys"] : []),
        "KeepSnapshots",
        "EncryptSnapshots",
        "WriteLogs",
        "KnowRoles",
      ]);
      const readers = found.filter(({ Action }) =>
        Action.includes("secretsmanager:GetSecretValue"),
      );
      expect(readers.map(({ Resource }) => Resource)).toEqual([secretOf(`${index}-??????`)]);
      expect(found.find(({ Sid }) => Sid === "KnowRoles")?.Resource).toEqual([
        deployer,
        ...serverRoleArns(place),
      ]);
      expect(found.every(({ Effect }) => Effect === "Allow")).toBe(true);
      expect(
        found.flatMap(({ Action }) => Action).filter((action) => action.includes("*")),
      ).toEqual([]);
    }
  });

  it("lets every server ask AWS about the nodes that log in", async () => {
    const nodes = { worker: { roleArns: ["arn:worker"], instanceProfileArns: ["arn:profile"] } };
    const policies = ofType(await build({ nodes }), "aws:iam/rolePolicy:RolePolicy");
    for (const name of three) {
      const found = statements(policies[name]?.["policy"]);
      expect(found.find(({ Sid }) => Sid === "KnowRoles")?.Resource).toContain("arn:worker");
      expect(found.find(({ Sid }) => Sid === "KnowNodes")?.Action).toBe("ec2:DescribeInstances");
    }
  });

  it("denies its secrets to all but who needs them", () => {
    const secrets = ofType(resources, "aws:secretsmanager/secret:Secret");
    const spared = (name: string) =>
      Object.fromEntries(
        statements(secrets[name]?.["policy"]).map(({ Sid, Condition }) => [
          Sid,
          (Condition as { ArnNotEquals: { "aws:PrincipalArn": string[] } }).ArnNotEquals[
            "aws:PrincipalArn"
          ],
        ]),
      );
    const [first] = serverRoleArns(place);
    const byTheDeployer = {
      WrittenByNobodyElse: [deployer],
      ChangedByNobodyElse: [deployer],
      OpenedByNobodyElse: [deployer, "arn:aws:iam::111122223333:root"],
    };
    for (const [index, name] of three.entries()) {
      expect(spared(`${name}-files`)).toEqual({
        ...byTheDeployer,
        ReadByNobodyElse: [serverRoleArns(place)[index], deployer],
      });
    }
    expect(spared("vault-recovery")).toEqual({
      ...byTheDeployer,
      ReadByNobodyElse: [deployer],
      WrittenByNobodyElse: [deployer, first],
    });
  });

  it("puts into a server's secret what the server takes from it, and nothing else", () => {
    for (const name of three) {
      expect(Object.keys(filesOf(name)).toSorted()).toEqual(Object.keys(serverFiles).toSorted());
    }
  });

  it("gives each server a role of its own", () => {
    const profiles = ofType(resources, "aws:iam/instanceProfile:InstanceProfile");
    expect(three.map((name) => profiles[name]?.["role"])).toEqual(three.map((name) => `p-${name}`));
    const templates = ofType(resources, "aws:ec2/launchTemplate:LaunchTemplate");
    expect(three.map((name) => templates[name]?.["iamInstanceProfile"])).toEqual(
      three.map((name) => ({ arn: `arn:${name}` })),
    );
    expect(serverRoleArns(place)).toEqual(
      three.map((name) => `arn:aws:iam::111122223333:role/p-${name}`),
    );
  });

  it("has alarms where somebody hears them", async () => {
    const alarm = "aws:cloudwatch/metricAlarm:MetricAlarm";
    expect(ofType(resources, alarm)).toEqual({});
    const heard = ofType(await build({ alarmTopicArn: "arn:topic" }), alarm);
    expect(Object.keys(heard)).toHaveLength(9);
  });

  it("makes no secret for recovery keys while a holder's key has ended", async () => {
    const call = () => hooks.get("vault-recovery-holders")?.callback({} as ResourceHookArgs);
    expect(call).not.toThrow();
    const late = { ...holder("alice").publicKey, expires: "2020-06-29T00:00:00.000Z" };
    await build({ recoveryHolders: [{ name: "alice", publicKey: late }, holder("bruno")] });
    expect(call).toThrow("vault.recoveryHolders[0].publicKey must last until Vault is set up");
  });

  it("has room in a node's secret for as many holders as configuration takes", async () => {
    // Names as long as can be, and as many keys as there is room for when each is short.
    const recoveryHolders = [];
    while (holdersFitIntoTheFiles({ recoveryHolders }).length === 0) {
      const name = `${recoveryHolders.length}`.padEnd(64, "x");
      const publicKey = { fingerprint: "F".repeat(40), binary: "a".repeat(360) };
      recoveryHolders.push({ name, publicKey });
    }
    recoveryHolders.pop();
    expect(recoveryHolders.length).toBeGreaterThan(50);
    const most = await build({ recoveryHolders });
    const versions = ofType(most, "aws:secretsmanager/secretVersion:SecretVersion");
    const { value } = versions["vault-0-files"]!["secretString"] as { value: string };
    // Mocks make neither the certificates of the CA and of the server nor a key: on P-384 less than a KiB each, as PEM.
    expect(Buffer.byteLength(value) + 3 * 1024).toBeLessThan(64 * 1024);
  });

  it("binds the logins to the roles of the deployer and of the servers", () => {
    const text = filesOf("vault-0")["/etc/vault.d/first-boot.json"] ?? "{}";
    const { calls } = JSON.parse(text) as { calls: Record<string, object> };
    expect(calls["auth/aws/role/deployer"]).toMatchObject({
      bound_iam_principal_arn: ["arn:aws:iam::111122223333:role/deployer"],
      resolve_aws_unique_ids: true,
    });
    expect(calls["auth/aws/role/vault-server"]).toMatchObject({
      bound_iam_principal_arn: serverRoleArns(place),
    });
  });

  it("says what must stand before a server can answer", async () => {
    let attachments = 0;
    await created(() => {
      attachments = new VaultServers("vault", args()).attachments.length;
    });
    expect(attachments).toBe(6);
    expect(Object.keys(vaultServerCalls)).toEqual(["kms", "secretsmanager"]);
  });
});
