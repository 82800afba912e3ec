import { existsSync } from "node:fs";
import { join } from "node:path";
import { fields } from "../../infra/config/fields";
import { planCommand } from "../support/node-command";
import { projectWith, sshWithCodes, stackFile, vpnMode } from "../support/planned";
import { ed25519, rsa } from "../support/public-keys";

// Each case is the whole command, which is several processes, beside other tests.
jest.setTimeout(120_000);

const group = { name: "general", instanceTypes: ["m7g.large"], minSize: 2, maxSize: 4 };
const entry = { domains: ["dev.example.com"], cidrs: ["203.0.113.0/24"] };
const zone = { id: "Z0EXAMPLE0DEV", name: "example.com" };
const elsewhere =
  "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012";
const ssh = (publicKey: string) => ({
  "drawbridge:accessMode": "ssh",
  "drawbridge:ssh": { people: [{ name: "alice", publicKey }] },
});

/** What a person may get wrong in a stack file, and every line that the command answers with. */
const changes: [what: string, change: Record<string, unknown>, errors: string[]][] = [
  [
    "a wrong type",
    { "drawbridge:zones": "eu-west-1a" },
    ['zones must be a list of 3 or 4 availability zones, got "eu-west-1a"'],
  ],
  [
    "an unknown key",
    { "drawbridge:zonse": [] },
    [
      `drawbridge:zonse is not a key of this project; the keys are ${Object.keys(fields).join(", ")}`,
    ],
  ],
  [
    "a CIDR that overlaps the addresses of Services",
    { "drawbridge:cidr": "172.20.0.0/16" },
    ['cidr must not overlap 172.20.0.0/16, the addresses of Services, got "172.20.0.0/16"'],
  ],
  [
    "a CIDR that is too small",
    { "drawbridge:cidr": "10.10.0.0/24" },
    ['cidr must be from /16 to /19, got "10.10.0.0/24"'],
  ],
  [
    "two node groups with one name",
    { "drawbridge:nodeGroups": [group, group] },
    ['nodeGroups[1].name must be unique, got "general"'],
  ],
  [
    "an unsupported version of Kubernetes",
    { "drawbridge:kubernetesVersion": "1.24" },
    ['kubernetesVersion must be one of 1.35, 1.34, got "1.24"'],
  ],
  [
    "one zone",
    { "drawbridge:zones": ["eu-west-1a"] },
    ['zones must be a list of 3 or 4 availability zones, got ["eu-west-1a"]'],
  ],
  [
    "a zone that is not in the region",
    { "drawbridge:zones": ["eu-west-1a", "eu-central-1b", "eu-west-1c"] },
    ['zones[1] must be in the region eu-west-1, got "eu-central-1b"'],
  ],
  [
    "two faults at once",
    { "drawbridge:zones": ["eu-west-1a"], "drawbridge:kubernetesVersion": "1.24" },
    [
      'zones must be a list of 3 or 4 availability zones, got ["eu-west-1a"]',
      'kubernetesVersion must be one of 1.35, 1.34, got "1.24"',
    ],
  ],
  [
    "a weak SSH key",
    ssh(rsa(2048)),
    [
      `ssh.people[0].publicKey must have at least 4096 bits, this RSA key has 2048, got [a text of ${rsa(2048).length} characters]`,
    ],
  ],
  [
    "a malformed SSH key",
    ssh("ssh-ed25519 AAAA"),
    [
      "ssh.people[0].publicKey must be one line of a .pub file with an Ed25519 key, of a security key or not, or an RSA key of at least 4096 bits; its parts do not make a key of its type, got [a text of 16 characters]",
    ],
  ],
  [
    "codes without the secret that they come from",
    {
      "drawbridge:accessMode": "ssh",
      "drawbridge:ssh": { people: [{ name: "alice", publicKey: ed25519() }], mfa: "totp" },
    },
    ["ssh.people[0].totpSecretArn is required with mfa totp"],
  ],
  [
    "the secret of another account",
    sshWithCodes("444455556666"),
    [
      'ssh.people[0].totpSecretArn must be in account and region of the stack, got "arn:aws:secretsmanager:eu-west-1:444455556666:secret:totp/alice-a1B2c3"',
    ],
  ],
  [
    "the name of a secret in place of its ARN",
    {
      "drawbridge:accessMode": "ssh",
      "drawbridge:ssh": {
        people: [{ name: "alice", publicKey: ed25519(), totpSecretArn: "totp/alice" }],
        mfa: "totp",
      },
    },
    [
      'ssh.people[0].totpSecretArn must be the whole ARN of a secret such as arn:aws:secretsmanager:eu-west-1:111122223333:secret:totp/alice-a1B2c3, got "totp/alice"',
    ],
  ],
  [
    "the world as trusted",
    { ...ssh(ed25519()), "drawbridge:trustedCidrs": ["0.0.0.0/0"] },
    ['trustedCidrs[0] must not be wider than /8, got "0.0.0.0/0"'],
  ],
  [
    "the world as trusted by a VPN",
    { ...vpnMode("111122223333"), "drawbridge:trustedCidrs": ["0.0.0.0/0"] },
    ['trustedCidrs[0] must not be wider than /8, got "0.0.0.0/0"'],
  ],
  [
    "the identity provider of another account",
    vpnMode("444455556666"),
    [
      'vpn.serverCertificateArn must be in the account of the stack, 111122223333, got "arn:aws:acm:eu-west-1:444455556666:certificate/12345678-1234-1234-1234-123456789012"',
      'vpn.samlProviderArn must be in the account of the stack, 111122223333, got "arn:aws:iam::444455556666:saml-provider/people"',
    ],
  ],
  [
    "the world as clients of the entry",
    { "drawbridge:entry": { ...entry, zone, cidrs: ["0.0.0.0/1", "128.0.0.0/1"] } },
    [
      'entry.cidrs must not add up to more than 16777216 public addresses, as many as a /8 has; write entry.public: true for the internet, got ["0.0.0.0/1","128.0.0.0/1"]',
    ],
  ],
  [
    "a certificate of another region",
    { "drawbridge:entry": { certificateArn: elsewhere, cidrs: entry.cidrs } },
    [`entry.certificateArn must be in the region eu-west-1, got "${elsewhere}"`],
  ],
  [
    "a domain that is not under the zone",
    { "drawbridge:entry": { ...entry, zone, domains: ["dev.example.org"] } },
    ['entry.domains[0] must be under the zone example.com, got "dev.example.org"'],
  ],
  [
    "an Elasticsearch without an image of fluentd",
    { "drawbridge:logStore": { engineVersion: "Elasticsearch_7.9" } },
    [
      'logStore.engineVersion must be one of OpenSearch_2.19, OpenSearch_2.17, OpenSearch_1.3, Elasticsearch_7.10, got "Elasticsearch_7.9"',
    ],
  ],
  [
    "a log store whose nodes and volumes AWS does not have",
    {
      "drawbridge:logStore": {
        instanceType: "t3.small.search",
        instancesPerZone: 20,
        volumeGiB: 1024,
        dedicatedMasterType: "t3.nano.search",
      },
    },
    [
      'logStore.dedicatedMasterType must be one of t3.small.search, t3.medium.search, got "t3.nano.search"',
    ],
  ],
  [
    "a log store that is larger than AWS makes it of such nodes",
    {
      "drawbridge:logStore": {
        instanceType: "t3.small.search",
        instancesPerZone: 20,
        volumeGiB: 1024,
      },
    },
    [
      "logStore.volumeGiB must be an integer from 10 to 100 with t3.small.search, got 1024",
      "logStore.instancesPerZone must be an integer from 1 to 3 with t3.small.search: AWS takes T3, for data or as dedicated masters, with 10 nodes for data at most, got 20",
    ],
  ],
  [
    "a retention that AWS does not offer",
    { "drawbridge:logRetentionDays": 100 },
    [
      "logRetentionDays must be one of 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, got 100",
    ],
  ],
];

/** Runs the command so that it would write files if it came that far. */
async function refused(dir: string, stack: string) {
  const kinds = ["json", "sarif", "junit"];
  const files = kinds.flatMap((kind) => [`--${kind}`, join(dir, `plan.${kind}`)]);
  const outcome = await planCommand(dir, "--stack", stack, ...files);
  const written = kinds.filter((kind) => existsSync(join(dir, `plan.${kind}`)));
  return { ...outcome, written };
}

describe("npm run plan", () => {
  it.each(changes)(
    "refuses %s with exit code 2 and a line for each fault",
    async (_what, change, errors) => {
      const dir = projectWith("dev", stackFile("dev", change));
      const outcome = await refused(dir, "dev");
      const found = outcome.errors.map((line) => line.replace(/^error: Pulumi\.dev\.yaml:1: /, ""));
      expect({ ...outcome, errors: found }).toEqual({ code: 2, out: "", errors, written: [] });
    },
  );

  it("refuses a private key in place of a public one, and repeats nothing of it", async () => {
    const line = `lQOYBF${"hush".repeat(14)}`;
    const body = Array.from({ length: 12 }, () => line).join("\n");
    const block = `-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${body}\n-----END PGP PUBLIC KEY BLOCK-----`;
    const texts = [body, block, block.replaceAll("PUBLIC", "PRIVATE")];
    const vault = {
      recoveryThreshold: 2,
      recoveryHolders: texts.map((publicKey, i) => ({ name: `p${i}`, publicKey })),
    };
    const outcome = await refused(
      projectWith("dev", stackFile("dev", { "drawbridge:vault": vault })),
      "dev",
    );
    const got = [body, block].map(({ length }) => `[a text of ${length} characters]`);
    expect(outcome).toEqual({
      code: 2,
      out: "",
      errors: [...got, "[a private key]"].map(
        (what, i) =>
          `error: Pulumi.dev.yaml:1: vault.recoveryHolders[${i}].publicKey must be a public key: this is a private one, which nobody should use any more, got ${what}`,
      ),
      written: [],
    });
  });

  it("refuses an unknown stack", async () => {
    const outcome = await refused(projectWith("dev", stackFile("dev")), "staging");
    const error =
      "error: stack must have a file Pulumi.staging.yaml, got staging; the stacks are dev";
    expect(outcome).toEqual({ code: 2, out: "", errors: [error], written: [] });
  });

  it("refuses a stack file that is no YAML", async () => {
    const outcome = await refused(projectWith("dev", "config: [\n"), "dev");
    const error =
      "error: Pulumi.dev.yaml:2:1: Flow sequence in block collection must be sufficiently indented and end with a ]";
    expect(outcome).toEqual({ code: 2, out: "", errors: [error], written: [] });
  });
});
