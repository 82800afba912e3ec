import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  auditCalls,
  expiryFault,
  firstBootScript,
  firstBootSettings,
} from "../../../components/vault/first-boot";

const holders = ["alice", "bruno"].map((name) => ({
  name,
  publicKey: { fingerprint: `F${name}`, binary: "a2V5" },
}));

const itself = ["lookup", "renew", "revoke"].map((what) => `auth/token/${what}-self`);

interface Settings {
  initialises: boolean;
  recovery: { threshold: number; holders: object[] };
  calls: Record<string, Record<string, unknown>>;
}

const settings = JSON.parse(
  firstBootSettings({
    initialises: true,
    region: "eu-west-1",
    dataFolder: "/data",
    vault: "/usr/bin/vault",
    serverConfigs: ["/server.json", "/closed.json"],
    address: "https://127.0.0.1:8200",
    caFile: "/ca.crt",
    auditCalls: "/audit.json",
    recoverySecret: "arn:recovery",
    recoveryThreshold: 2,
    recoveryHolders: holders,
    serverId: "vault.internal",
    deployerRoleArn: "arn:aws:iam::111122223333:role/deployer",
    serverRoleArns: ["arn:aws:iam::111122223333:role/vault-0"],
  }),
) as Settings;

const policy = (name: string) => String(settings.calls[`sys/policies/acl/${name}`]?.["policy"]);

describe("firstBootSettings", () => {
  it("names who gets a recovery key", () => {
    const listed = ["alice", "bruno"].map((name) => ({
      name,
      fingerprint: `F${name}`,
      publicKey: "a2V5",
    }));
    expect(settings.recovery).toEqual({ threshold: 2, holders: listed });
  });

  it("binds logins to this Vault and to the region's STS", () => {
    expect(settings.calls["auth/aws/config/client"]).toEqual({
      iam_server_id_header_value: "vault.internal",
      sts_endpoint: "https://sts.eu-west-1.amazonaws.com",
      sts_region: "eu-west-1",
    });
  });

  it("lets in two roles, each with a policy of its own and for a time that ends", () => {
    const rest = {
      auth_type: "iam",
      resolve_aws_unique_ids: true,
      token_no_default_policy: true,
    };
    const logins = Object.entries(settings.calls).filter(([path]) => path.includes("/role/"));
    expect(Object.fromEntries(logins)).toEqual({
      "auth/aws/role/deployer": {
        ...rest,
        bound_iam_principal_arn: ["arn:aws:iam::111122223333:role/deployer"],
        token_policies: ["deployer"],
        token_ttl: 7200,
        token_explicit_max_ttl: 7200,
      },
      "auth/aws/role/vault-server": {
        ...rest,
        bound_iam_principal_arn: ["arn:aws:iam::111122223333:role/vault-0"],
        token_policies: ["snapshots"],
        token_ttl: 300,
        token_explicit_max_ttl: 300,
      },
    });
  });

  it("gives the deployer no path of what first boot makes", () => {
    const paths = (name: string) =>
      Object.keys((JSON.parse(policy(name)) as { path: Record<string, object> }).path);
    expect(paths("snapshots")).toEqual([...itself, "sys/storage/raft/snapshot"]);
    const deployer = paths("deployer").filter((path) => !itself.includes(path));
    expect(deployer.length).toBeGreaterThan(5);
    for (const path of deployer) {
      expect(path).not.toMatch(
        /^(\*|\+|sys\/\*|auth\/(\*|\+|aws|token)|sys\/(auth|audit)\/(\*|aws))/,
      );
      // Whoever may write to all of an authority may have certificates of it.
      expect(path).not.toMatch(/^pki\/(.*\*|.*(issue|sign|exported)(\/|$))/);
    }
  });
});

describe("auditCalls", () => {
  it("turn on a device for each file, which nobody but Vault may read", () => {
    const device = (file_path: string) => ({ type: "file", options: { file_path, mode: "0600" } });
    expect(JSON.parse(auditCalls({ one: "/data/audit.log", two: "/log/audit.log" }))).toEqual({
      "sys/audit/one": device("/data/audit.log"),
      "sys/audit/two": device("/log/audit.log"),
    });
  });
});

describe("the page that tells people what to do with a root token", () => {
  const page = readFileSync(join(__dirname, "../../../docs/vault.md"), "utf8");

  it("takes out of the settings what is in there", () => {
    const taken = [...page.matchAll(/jq (?:-r )?'\.calls\."([^"]+)"(?:\.(\w+))?'/g)];
    expect(taken.map(([, path]) => path)).toEqual([
      "sys/policies/acl/deployer",
      "auth/aws/role/deployer",
    ]);
    for (const [, path = "", key] of taken) {
      const call = settings.calls[path];
      expect(key === undefined ? call : call?.[key]).toBeDefined();
    }
  });
});

describe("firstBootScript", () => {
  it("is a script of the Python that Amazon Linux brings", () => {
    expect(firstBootScript).toMatch(/^#!\/usr\/bin\/python3\n/);
  });
});

describe("expiryFault", () => {
  const now = new Date("2027-03-01T12:00:00Z");
  const ending = (expires: string) => ({
    name: "alice",
    publicKey: { fingerprint: "F", binary: "a2V5", expires },
  });

  it("names every key that ends before Vault is set up", () => {
    expect(expiryFault(holders, now)).toBeUndefined();
    expect(expiryFault([ending("2027-03-02T12:00:00.000Z")], now)).toBeUndefined();
    const others = ["2027-03-02T11:59:59.000Z", "2020-06-29T00:00:00.000Z"].map(ending);
    expect(expiryFault([...holders.slice(0, 1), ...others], now)).toBe(
      "vault.recoveryHolders[1].publicKey must last until Vault is set up, 24 hours from now, got one that expires at 2027-03-02T11:59:59.000Z; vault.recoveryHolders[2].publicKey must last until Vault is set up, 24 hours from now, got one that expires at 2020-06-29T00:00:00.000Z: its holder gives it a later end with gpg --edit-key, command expire, or makes another one",
    );
  });
});
