import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as aws from "@pulumi/aws";
import Ajv from "ajv";
import {
  array,
  assert,
  asyncProperty,
  constantFrom,
  integer,
  nat,
  oneof,
  tuple,
  uniqueArray,
} from "fast-check";
import { parse } from "yaml";
import { parseConfig } from "../../infra/config/config";
import { clientCidrs } from "../../infra/config/entry";
import { fields } from "../../infra/config/fields";
import { architectureOf } from "../../infra/config/node-groups";
import { stackFileSchema } from "../../infra/schema";
import { secretOf } from "../support/fetched-codes";
import { ed25519, rsa, securityKey } from "../support/public-keys";
import { coversWorld } from "../../policies/addresses";

const root = join(__dirname, "../..");
type Values = Record<string, unknown>;
type Case = [what: string, change: Values, expected: string[]];

const certificate = (place: string) =>
  `arn:aws:acm:${place}:certificate/12345678-1234-1234-1234-123456789012`;
const ownCertificate = certificate("eu-west-1:111122223333");
const ofZone = { zone: { id: "Z0EXAMPLE", name: "example.com" }, public: true };

const holder = (name: string) => ({
  name,
  publicKey: readFileSync(join(__dirname, "pgp-keys", `${name}.asc`), "utf8"),
});

const base: Values = {
  environment: "dev",
  region: "eu-west-1",
  allowedAccountIds: ["111122223333"],
  deployerRoleArn: "arn:aws:iam::111122223333:role/deployer",
  trustedCidrs: ["203.0.113.0/24"],
  cidr: "10.10.0.0/16",
  zones: ["eu-west-1a", "eu-west-1b", "eu-west-1c"],
  entry: {
    domains: ["apps.example.com"],
    zone: { id: "Z0EXAMPLE", name: "example.com" },
    cidrs: ["203.0.113.0/24"],
  },
  nodeGroups: [{ name: "general", instanceTypes: ["m7g.large"], minSize: 1, maxSize: 3 }],
  audit: { alarmEmails: ["security@example.com"] },
  vault: { recoveryHolders: [holder("alice"), holder("bruno")], recoveryThreshold: 2 },
  tags: { Owner: "team", CostCenter: "42" },
};
/** For cases that are many: the keys of people take some milliseconds each. */
const withoutKeys: Values = { vault: undefined };
const group = { name: "general", instanceTypes: ["m7g.large"], minSize: 1, maxSize: 3 };

const alice = { name: "alice", publicKey: ed25519() };
const totpSecretArn = secretOf("alice");

const vpn = {
  clientCidr: "192.168.0.0/22",
  serverCertificateArn: ownCertificate,
  samlProviderArn: "arn:aws:iam::111122223333:saml-provider/people",
  groups: ["platform", "S-1-5-21-1", "/team/On call (24x7)"],
};

/** As the engine hands a stack file to a program. */
function raw(values: Values): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [
        key.includes(":") ? key : `drawbridge:${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
  );
}

/** The faults of the base with some changes, without the file's name. */
async function faults(change: Values): Promise<string[]> {
  try {
    await parseConfig("dev", raw({ ...base, ...change }));
  } catch (error) {
    return (error as Error).message
      .split("\n")
      .map((line) => line.replace(/^Pulumi\.dev\.yaml: /, ""));
  }
  return [];
}

const secret = (region: string) =>
  `arn:aws:secretsmanager:${region}:111122223333:secret:ecr-pullthroughcache/it-AbCdEf`;

describe("parseConfig", () => {
  it("takes a stack file and adds the defaults", async () => {
    const { recoveryHolders, ...config } = await parseConfig("dev", raw(base));
    expect(recoveryHolders.map(({ name }) => name)).toEqual(["alice", "bruno"]);
    expect(config).toEqual({
      ...base,
      stack: "dev",
      accountId: "111122223333",
      natMode: "zonal",
      accessMode: "ssm",
      kubernetesVersion: "1.35",
      accessEntries: [],
      entry: {
        domains: ["apps.example.com"],
        zone: { id: "Z0EXAMPLE", name: "example.com" },
        cidrs: ["203.0.113.0/24"],
        public: false,
        tlsProfile: "intermediate",
        postQuantum: true,
        requestLimit: 2000,
      },
      nodeGroups: [{ ...group, volumeGiB: 50, capacityType: "ON_DEMAND", labels: {}, taints: [] }],
      logRetentionDays: 365,
      audit: {
        alarmEmails: ["security@example.com"],
        owns: ["trail", "threatDetection", "accountGuards"],
        runtimeAgent: true,
        lockMode: "GOVERNANCE",
        objectEvents: true,
      },
      logStore: {
        engineVersion: "OpenSearch_2.19",
        instanceType: "r7g.large.search",
        instancesPerZone: 1,
        volumeGiB: 100,
        indexRetentionDays: 90,
        readerRoleArns: [],
      },
      registry: { repositories: [], pullThroughCaches: [], accountScanning: "off" },
      vault: {
        recoveryHolders: [holder("alice"), holder("bruno")],
        recoveryThreshold: 2,
        instanceType: "t4g.medium",
        volumeGiB: 20,
        rotations: {},
        serverCertificates: 1,
        serverGenerations: [1, 1, 1],
      },
      deletionProtection: true,
      createServiceLinkedRoles: [],
    });
  });

  it.each(["dev", "prod"])("takes the repository's %s stack", async (stack) => {
    const file = parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8")) as {
      config: Values;
    };
    expect((await parseConfig(stack, raw(file.config))).environment).toBe(stack);
  });

  it.each([
    { instanceType: "t3.medium.search", volumeGiB: 200, instancesPerZone: 3 },
    { dedicatedMasterType: "t3.small.search", instancesPerZone: 3 },
    { instanceType: "r7g.large.search", volumeGiB: 1024, instancesPerZone: 20 },
  ])("takes a log store of %j", async (logStore) => {
    expect((await parseConfig("dev", raw({ ...base, logStore }))).logStore).toMatchObject(logStore);
  });

  it.each<Case>([
    ["a missing key", { region: undefined }, ["region is required"]],
    [
      "an engine without a fluentd image",
      { logStore: { engineVersion: "Elasticsearch_7.9" } },
      [
        'logStore.engineVersion must be one of OpenSearch_2.19, OpenSearch_2.17, OpenSearch_1.3, Elasticsearch_7.10, got "Elasticsearch_7.9"',
      ],
    ],
    [
      "an unknown engine",
      { logStore: { engineVersion: "OpenSearch_9.9" } },
      [
        'logStore.engineVersion must be one of OpenSearch_2.19, OpenSearch_2.17, OpenSearch_1.3, Elasticsearch_7.10, got "OpenSearch_9.9"',
      ],
    ],
    [
      "instances that cannot encrypt, and a type that is not one of OpenSearch",
      { logStore: { instanceType: "t2.small.search", dedicatedMasterType: "m7g.large" } },
      [
        'logStore.instanceType must be an OpenSearch instance type of the families t3, c5, c6g, m5, m6g, m7g, r5, r6g, r7g such as r7g.large.search, got "t2.small.search"',
        'logStore.dedicatedMasterType must be one of m7g.medium.search, m7g.large.search, m7g.xlarge.search, m7g.2xlarge.search, m7g.4xlarge.search, m7g.8xlarge.search, m7g.12xlarge.search, m7g.16xlarge.search, got "m7g.large"',
      ],
    ],
    [
      "sizes out of range, and a key of the log store that nobody reads",
      { logStore: { instancesPerZone: 0, volumeGiB: 5, indexRetentionDays: 0, instances: 3 } },
      [
        "logStore.instancesPerZone must be an integer from 1 to 20, got 0",
        "logStore.volumeGiB must be an integer from 10 to 1024, got 5",
        "logStore.indexRetentionDays must be an integer from 1 to 3653, got 0",
        "logStore.instances is not a known key",
      ],
    ],
    [
      "sizes of an instance that AWS does not have, or of which nobody knows what volume they take",
      { logStore: { instanceType: "t3.nano.search", dedicatedMasterType: "m5.24xlarge.search" } },
      [
        'logStore.instanceType must be one of t3.small.search, t3.medium.search, got "t3.nano.search"',
        'logStore.dedicatedMasterType must be one of m5.large.search, m5.xlarge.search, m5.2xlarge.search, m5.4xlarge.search, m5.12xlarge.search, got "m5.24xlarge.search"',
      ],
    ],
    ...Object.entries({
      "t3.small.search": 100,
      "t3.medium.search": 200,
      "c5.large.search": 256,
      "c6g.xlarge.search": 512,
      "m7g.medium.search": 512,
      "m7g.large.search": 768,
      "r7g.medium.search": 768,
    }).map(([instanceType, most]): Case => [
      `a volume that ${instanceType} does not take`,
      { logStore: { instanceType, volumeGiB: most + 1 } },
      [
        `logStore.volumeGiB must be an integer from 10 to ${most} with ${instanceType}, got ${most + 1}`,
      ],
    ]),
    [
      "more nodes of T3 than AWS takes, with a volume that is too large",
      { logStore: { instanceType: "t3.medium.search", instancesPerZone: 4, volumeGiB: 1024 } },
      [
        "logStore.volumeGiB must be an integer from 10 to 200 with t3.medium.search, got 1024",
        "logStore.instancesPerZone must be an integer from 1 to 3 with t3.medium.search: AWS takes T3, for data or as dedicated masters, with 10 nodes for data at most, got 4",
      ],
    ],
    [
      "dedicated masters of T3 for more nodes than AWS takes",
      { logStore: { dedicatedMasterType: "t3.small.search", instancesPerZone: 4 } },
      [
        "logStore.instancesPerZone must be an integer from 1 to 3 with t3.small.search: AWS takes T3, for data or as dedicated masters, with 10 nodes for data at most, got 4",
      ],
    ],
    [
      "a reader of another account",
      { logStore: { readerRoleArns: ["arn:aws:iam::444455556666:role/reader"] } },
      [
        'logStore.readerRoleArns[0] must be in the account of the stack, 111122223333, got "arn:aws:iam::444455556666:role/reader"',
      ],
    ],
    [
      "a retention of logs that the pack would refuse",
      { logRetentionDays: 180 },
      [
        "logRetentionDays must be one of 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, got 180",
      ],
    ],
    [
      "repositories that ECR would not take, and one twice",
      { registry: { repositories: ["Payments", "a//b", "api", "api"] } },
      [
        'registry.repositories[0] must be the name of a repository such as payments/api: lower-case, at most 200 characters, got "Payments"',
        'registry.repositories[1] must be the name of a repository such as payments/api: lower-case, at most 200 characters, got "a//b"',
      ],
    ],
    [
      "a repository and a cache twice",
      {
        registry: {
          repositories: ["api", "api"],
          pullThroughCaches: [
            { name: "quay", upstream: "quay.io" },
            { name: "quay", upstream: "quay.io" },
          ],
        },
      },
      [
        'registry.repositories[1] must be unique, got "api"',
        'registry.pullThroughCaches[1].name must be unique, got "quay"',
      ],
    ],
    [
      "caches that cannot log in, need not, or would elsewhere",
      {
        registry: {
          pullThroughCaches: [
            { name: "hub", upstream: "registry-1.docker.io" },
            { name: "quay", upstream: "quay.io", credentialArn: secret("eu-west-1") },
            { name: "ghcr", upstream: "ghcr.io", credentialArn: secret("us-east-1") },
          ],
        },
      },
      [
        "registry.pullThroughCaches[0].credentialArn is required: registry-1.docker.io lets ECR in with a secret only",
        `registry.pullThroughCaches[1].credentialArn must not be set: quay.io takes no login, got "${secret("eu-west-1")}"`,
        `registry.pullThroughCaches[2].credentialArn must be in account and region of the stack, got "${secret("us-east-1")}"`,
      ],
    ],
    [
      "a cache of a registry that ECR does not know",
      {
        registry: {
          pullThroughCaches: [{ name: "x", upstream: "registry.example.com" }],
        },
      },
      [
        'registry.pullThroughCaches[0].upstream must be one of public.ecr.aws, registry.k8s.io, quay.io, registry-1.docker.io, ghcr.io, got "registry.example.com"',
      ],
    ],
    [
      "a cache whose name leaves no room",
      { registry: { pullThroughCaches: [{ name: "a-very-long-name", upstream: "quay.io" }] } },
      [
        'registry.pullThroughCaches[0].name must have at most 15 characters in this stack, got "a-very-long-name"',
      ],
    ],
    [
      "a key that nobody reads",
      { natmode: "single" },
      [
        `drawbridge:natmode is not a key of this project; the keys are ${Object.keys(fields).join(", ")}`,
      ],
    ],
    [
      "the region of the default provider",
      { "aws:region": "eu-west-1" },
      [
        "aws:region is not a key of this project; write drawbridge:region: the program makes its own AWS provider",
      ],
    ],
    [
      "nobody to tell",
      { audit: {} },
      [
        "audit.alarmEmails must have an address, because audit.owns has trail and threatDetection, of which alarms tell, got []",
      ],
    ],
    [
      "nobody to tell of findings",
      { audit: { owns: ["threatDetection"] } },
      [
        "audit.alarmEmails must have an address, because audit.owns has threatDetection, of which alarms tell, got []",
      ],
    ],
    [
      "nodes that nobody watches",
      { audit: { alarmEmails: ["a@example.com"], runtimeAgent: false } },
      [
        "audit.runtimeAgent must be true, because audit.owns has threatDetection, which manages no agents by itself, got false",
      ],
    ],
    [
      "what is no address",
      { audit: { alarmEmails: ["platform"] } },
      [
        'audit.alarmEmails[0] must be an e-mail address such as security@example.com, got "platform"',
      ],
    ],
    [
      "one address twice",
      { audit: { alarmEmails: ["a@example.com", "a@example.com"] } },
      ['audit.alarmEmails[1] must be unique, got "a@example.com"'],
    ],
    [
      "what no stack can own",
      { audit: { alarmEmails: ["a@example.com"], owns: ["trails"] } },
      ['audit.owns[0] must be one of trail, threatDetection, accountGuards, got "trails"'],
    ],
    [
      "a lock that S3 does not know",
      { audit: { alarmEmails: ["a@example.com"], lockMode: "NONE" } },
      ['audit.lockMode must be one of GOVERNANCE, COMPLIANCE, got "NONE"'],
    ],
    ["a stack that owns nothing", { audit: { owns: [] } }, []],
    ["a key of Pulumi itself", { "pulumi:tags": { a: "b" } }, []],
    [
      "a wrong type",
      { zones: "eu-west-1a" },
      ['zones must be a list of 3 or 4 availability zones, got "eu-west-1a"'],
    ],
    [
      "a truth value for the roles that the account lacks",
      { createServiceLinkedRoles: true },
      [
        "createServiceLinkedRoles must be a list of the roles that the account lacks, of autoscaling and opensearch, got true",
      ],
    ],
    [
      "a role that the stack does not need",
      { createServiceLinkedRoles: ["opensearch", "eks", "opensearch"] },
      ['createServiceLinkedRoles[1] must be one of autoscaling, opensearch, got "eks"'],
    ],
    [
      "a role that is named twice",
      { createServiceLinkedRoles: ["opensearch", "opensearch"] },
      ['createServiceLinkedRoles[1] must be unique, got "opensearch"'],
    ],
    [
      "a number where text belongs",
      { allowedAccountIds: [111122223333] },
      [
        'allowedAccountIds[0] must be a quoted AWS account id of 12 digits such as "111122223333", got 111122223333',
      ],
    ],
    [
      "one zone",
      { zones: ["eu-west-1a"] },
      ['zones must be a list of 3 or 4 availability zones, got ["eu-west-1a"]'],
    ],
    [
      "a zone of another region",
      { zones: ["eu-west-1a", "eu-central-1b", "eu-west-1c"] },
      ['zones[1] must be in the region eu-west-1, got "eu-central-1b"'],
    ],
    [
      "a zone twice",
      { zones: ["eu-west-1a", "eu-west-1a", "eu-west-1c"] },
      ['zones[1] must be unique, got "eu-west-1a"'],
    ],
    [
      "a region of another partition",
      { region: "cn-north-1", zones: undefined },
      [
        'region must be an AWS region of the aws partition such as eu-west-1, got "cn-north-1"',
        "zones is required",
      ],
    ],
    ["no entry", { entry: undefined }, ["entry is required"]],
    [
      "a certificate of another region",
      {
        entry: { certificateArn: certificate("us-east-1:111122223333"), public: true },
      },
      [
        `entry.certificateArn must be in the region eu-west-1, got "${certificate("us-east-1:111122223333")}"`,
      ],
    ],
    [
      "a certificate of another account",
      {
        entry: { certificateArn: certificate("eu-west-1:444455556666"), public: true },
      },
      [
        `entry.certificateArn must be in the account of the stack, 111122223333, got "${certificate("eu-west-1:444455556666")}"`,
      ],
    ],
    [
      "a certificate of IAM",
      {
        entry: { certificateArn: "arn:aws:iam::111122223333:server-certificate/a", public: true },
      },
      [
        'entry.certificateArn must be the ARN of an ACM certificate such as arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789012, got "arn:aws:iam::111122223333:server-certificate/a"',
      ],
    ],
    [
      "an entry without a certificate and without a zone",
      { entry: { public: true } },
      [
        "entry.certificateArn is required when there is no entry.zone in which ACM could validate a certificate",
      ],
    ],
    [
      "a domain that is not under the zone",
      { entry: { ...ofZone, domains: ["apps.example.com", "badexample.com", "*.example.org"] } },
      [
        'entry.domains[1] must be under the zone example.com, got "badexample.com"',
        'entry.domains[2] must be under the zone example.com, got "*.example.org"',
      ],
    ],
    [
      "the zone itself, and a wildcard of it",
      { entry: { ...ofZone, domains: ["example.com", "*.example.com"] } },
      [],
    ],
    [
      "a domain twice",
      { entry: { ...ofZone, domains: ["a.example.com", "a.example.com"] } },
      ['entry.domains[1] must be unique, got "a.example.com"'],
    ],
    [
      "domains without a zone",
      { entry: { certificateArn: ownCertificate, public: true, domains: ["a.example.com"] } },
      [
        'entry.domains must be left out without entry.zone: nothing could be written for them, got ["a.example.com"]',
      ],
    ],
    [
      "a zone without domains",
      { entry: ofZone },
      ["entry.domains must have a name for the records in entry.zone"],
    ],
    [
      "a name in capitals",
      { entry: { ...ofZone, domains: ["Apps.example.com"] } },
      [
        'entry.domains[0] must be a domain name in lower case such as apps.example.com or *.apps.example.com, got "Apps.example.com"',
      ],
    ],
    [
      "a first name that is too long for a certificate",
      { entry: { ...ofZone, domains: [`${"a".repeat(54)}.example.com`] } },
      [
        `entry.domains[0] must have at most 64 characters, as the first name of a certificate, got "${"a".repeat(54)}.example.com"`,
      ],
    ],
    [
      "nobody who may come",
      { entry: { certificateArn: ownCertificate } },
      [
        "entry.cidrs must name the networks that may come; write entry.public: true for the internet, got []",
      ],
    ],
    [
      "the world as a network",
      { entry: { certificateArn: ownCertificate, cidrs: ["0.0.0.0/0"] } },
      [
        'entry.cidrs must not add up to more than 16777216 public addresses, as many as a /8 has; write entry.public: true for the internet, got ["0.0.0.0/0"]',
      ],
    ],
    [
      "networks of a third of the world",
      { entry: { certificateArn: ownCertificate, cidrs: ["0.0.0.0/2", "64.0.0.0/3"] } },
      [
        'entry.cidrs must not add up to more than 16777216 public addresses, as many as a /8 has; write entry.public: true for the internet, got ["0.0.0.0/2","64.0.0.0/3"]',
      ],
    ],
    [
      "networks of strangers in pieces that are not wide",
      { entry: { certificateArn: ownCertificate, cidrs: ["8.0.0.0/8", "9.0.0.0/9"] } },
      [
        'entry.cidrs must not add up to more than 16777216 public addresses, as many as a /8 has; write entry.public: true for the internet, got ["8.0.0.0/8","9.0.0.0/9"]',
      ],
    ],
    [
      "networks beside the internet",
      { entry: { certificateArn: ownCertificate, cidrs: ["203.0.113.0/24"], public: true } },
      ['entry.cidrs must be left out when entry.public is true, got ["203.0.113.0/24"]'],
    ],
    [
      "more networks than a security group has rules for",
      {
        entry: {
          certificateArn: ownCertificate,
          cidrs: Array.from({ length: 31 }, (_, i) => `203.0.113.${i}/32`),
        },
      },
      [
        `entry.cidrs must be at most 30 CIDRs, because each takes two of the 60 rules of a security group, got ${JSON.stringify(Array.from({ length: 31 }, (_, i) => `203.0.113.${i}/32`))}`,
      ],
    ],
    [
      "a TLS profile that Mozilla gave up",
      { entry: { certificateArn: ownCertificate, public: true, tlsProfile: "old" } },
      ['entry.tlsProfile must be one of intermediate, modern, got "old"'],
    ],
    [
      "a key of the entry that nobody reads",
      { entry: { certificateArn: ownCertificate, public: true, http: true } },
      ["entry.http is not a known key"],
    ],
    [
      "a CIDR that is too small",
      { cidr: "10.10.0.0/20" },
      ['cidr must be from /16 to /19, got "10.10.0.0/20"'],
    ],
    [
      "a CIDR that is too large",
      { cidr: "10.0.0.0/8" },
      ['cidr must be from /16 to /19, got "10.0.0.0/8"'],
    ],
    [
      "a CIDR that does not start at its network",
      { cidr: "10.10.1.0/16" },
      ['cidr must start at its network address, 10.10.0.0/16, got "10.10.1.0/16"'],
    ],
    [
      "no CIDR at all",
      { cidr: "10.10.0.0" },
      ['cidr must be an IPv4 CIDR such as 203.0.113.0/24, got "10.10.0.0"'],
    ],
    [
      "octets over 255",
      { cidr: "10.310.0.0/16" },
      ['cidr must be an IPv4 CIDR such as 203.0.113.0/24, got "10.310.0.0/16"'],
    ],
    [
      "a public CIDR for the VPC",
      { cidr: "8.8.0.0/16" },
      [
        'cidr must be within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, got "8.8.0.0/16"',
      ],
    ],
    [
      "the Services' CIDR for the VPC",
      { cidr: "172.20.0.0/16" },
      ['cidr must not overlap 172.20.0.0/16, the addresses of Services, got "172.20.0.0/16"'],
    ],
    [
      "a joined network that overlaps the VPC",
      { accessMode: "direct", trustedCidrs: ["10.10.128.0/17"] },
      ['trustedCidrs[0] must not overlap the VPC\'s cidr 10.10.0.0/16, got "10.10.128.0/17"'],
    ],
    [
      "the world as trusted",
      { trustedCidrs: ["0.0.0.0/0"] },
      ['trustedCidrs[0] must not be wider than /8, got "0.0.0.0/0"'],
    ],
    [
      "a network that no organisation has",
      { trustedCidrs: ["203.0.113.0/24", "4.0.0.0/7"] },
      ['trustedCidrs[1] must not be wider than /8, got "4.0.0.0/7"'],
    ],
    ["the widest network that an organisation has", { trustedCidrs: ["17.0.0.0/8"] }, []],
    [
      "more than that in pieces",
      { trustedCidrs: ["17.0.0.0/8", "203.0.113.7/32"] },
      [
        'trustedCidrs must not add up to more than 16777216 public addresses, as many as a /8 has: name the networks that people come from, got "16777217 addresses"',
      ],
    ],
    [
      "every other /8",
      { trustedCidrs: Array.from({ length: 60 }, (_, i) => `${11 + 2 * i}.0.0.0/8`).slice(0, 58) },
      [
        'trustedCidrs must not add up to more than 16777216 public addresses, as many as a /8 has: name the networks that people come from, got "973078528 addresses"',
      ],
    ],
    [
      "octets with leading zeros",
      { trustedCidrs: ["203.000.113.0/24"] },
      ['trustedCidrs[0] must be an IPv4 CIDR such as 203.0.113.0/24, got "203.000.113.0/24"'],
    ],
    [
      "a prefix with a leading zero",
      { trustedCidrs: ["203.0.113.0/024"] },
      ['trustedCidrs[0] must be an IPv4 CIDR such as 203.0.113.0/24, got "203.0.113.0/024"'],
    ],
    ...[
      "10.0.0.0/8",
      "100.64.0.0/10",
      "127.0.0.1/32",
      "169.254.0.0/16",
      "198.18.0.0/15",
      "224.0.0.0/8",
    ].map((cidr): [string, Values, string[]] => [
      `${cidr} as a source of sessions`,
      { trustedCidrs: ["203.0.113.0/24", cidr] },
      [
        `trustedCidrs[1] must be public in ssm mode: nobody on the internet has an address of ${cidr === "127.0.0.1/32" ? "127.0.0.0/8" : cidr === "224.0.0.0/8" ? "224.0.0.0/4" : cidr}, got "${cidr}"`,
      ],
    ]),
    [
      "a network that is private in part",
      { trustedCidrs: ["192.128.0.0/9"] },
      [
        'trustedCidrs[0] must be public in ssm mode: nobody on the internet has an address of 192.168.0.0/16, got "192.128.0.0/9"',
      ],
    ],
    [
      "a public network that is joined",
      { accessMode: "direct" },
      [
        'trustedCidrs[0] must be within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10 in direct mode, got "203.0.113.0/24"',
      ],
    ],
    [
      "private networks that are joined",
      {
        accessMode: "direct",
        trustedCidrs: ["10.128.0.0/9", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"],
      },
      [],
    ],
    [
      "more sources of sessions than their policy can name",
      { trustedCidrs: Array.from({ length: 61 }, (_, i) => `203.0.113.${i}/32`) },
      ['trustedCidrs must be at most 60 networks in ssm mode, got "61 networks"'],
    ],
    [
      "more joined networks than a network ACL can name",
      {
        accessMode: "direct",
        trustedCidrs: Array.from({ length: 18 }, (_, i) => `192.168.${i}.0/24`),
      },
      ['trustedCidrs must be at most 8 networks in direct mode, got "18 networks"'],
    ],
    [
      "people by SSH",
      { accessMode: "ssh", ssh: { people: [alice, { name: "bob", publicKey: rsa(4096) }] } },
      [],
    ],
    [
      "people with security keys",
      {
        accessMode: "ssh",
        ssh: { people: [{ ...alice, publicKey: securityKey() }], securityKeys: true },
      },
      [],
    ],
    [
      "people with codes",
      { accessMode: "ssh", ssh: { people: [{ ...alice, totpSecretArn }], mfa: "totp" } },
      [],
    ],
    ["people by VPN", { accessMode: "vpn", vpn }, []],
    [
      "people by VPN, through some zones and for longer",
      { accessMode: "vpn", vpn: { ...vpn, zones: ["eu-west-1b"], sessionHours: 12 } },
      [],
    ],
    ["vpn mode without a VPN", { accessMode: "vpn" }, ["vpn is required in vpn mode"]],
    [
      "vpn mode with an empty VPN",
      { accessMode: "vpn", vpn: {} },
      [
        "vpn.clientCidr is required",
        "vpn.serverCertificateArn is required",
        "vpn.samlProviderArn is required",
        "vpn.groups is required",
      ],
    ],
    [
      "a VPN for a mode without one",
      { vpn },
      [`vpn must be left out in ssm mode, got ${JSON.stringify({ ...vpn, sessionHours: 8 })}`],
    ],
    [
      "private networks that come by VPN",
      { accessMode: "vpn", vpn, trustedCidrs: ["10.99.0.0/16"] },
      [
        'trustedCidrs[0] must be public in vpn mode: nobody on the internet has an address of 10.0.0.0/8, got "10.99.0.0/16"',
      ],
    ],
    ...[
      ["192.168.0.0/23", "must be from /12 to /22"],
      ["10.0.0.0/11", "must be from /12 to /22"],
      ["192.168.0.1/22", "must start at its network address, 192.168.0.0/22"],
      ["192.168.0.0", "must be an IPv4 CIDR such as 203.0.113.0/24"],
    ].map(([clientCidr = "", rule = ""]): Case => [
      `addresses of people's machines that are ${clientCidr}`,
      { accessMode: "vpn", vpn: { ...vpn, clientCidr } },
      [`vpn.clientCidr ${rule}, got "${clientCidr}"`],
    ]),
    [
      "public addresses for people's machines",
      { accessMode: "vpn", vpn: { ...vpn, clientCidr: "203.0.112.0/22" } },
      [
        'vpn.clientCidr must be within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, got "203.0.112.0/22"',
      ],
    ],
    [
      "addresses of the VPC for people's machines",
      { accessMode: "vpn", vpn: { ...vpn, clientCidr: "10.0.0.0/12" } },
      [`vpn.clientCidr must not overlap the VPC's cidr 10.10.0.0/16, got "10.0.0.0/12"`],
    ],
    [
      "addresses of Services for people's machines",
      { accessMode: "vpn", vpn: { ...vpn, clientCidr: "172.16.0.0/12" } },
      [
        'vpn.clientCidr must not overlap 172.20.0.0/16, the addresses of Services, got "172.16.0.0/12"',
      ],
    ],
    [
      "a VPN of another account and region, through a zone of neither",
      {
        accessMode: "vpn",
        vpn: {
          ...vpn,
          serverCertificateArn: certificate("us-east-1:444455556666"),
          samlProviderArn: "arn:aws:iam::444455556666:saml-provider/people",
          zones: ["eu-west-1d"],
        },
      },
      [
        `vpn.serverCertificateArn must be in the region eu-west-1, got "${certificate("us-east-1:444455556666")}"`,
        `vpn.serverCertificateArn must be in the account of the stack, 111122223333, got "${certificate("us-east-1:444455556666")}"`,
        'vpn.samlProviderArn must be in the account of the stack, 111122223333, got "arn:aws:iam::444455556666:saml-provider/people"',
        'vpn.zones[0] must be one of zones, eu-west-1a, eu-west-1b, eu-west-1c, got "eu-west-1d"',
      ],
    ],
    [
      "a role for an identity provider",
      {
        accessMode: "vpn",
        vpn: { ...vpn, samlProviderArn: "arn:aws:iam::111122223333:role/people" },
      },
      [
        'vpn.samlProviderArn must be the ARN of a SAML provider such as arn:aws:iam::111122223333:saml-provider/people, got "arn:aws:iam::111122223333:role/people"',
      ],
    ],
    [
      "a session of a day",
      { accessMode: "vpn", vpn: { ...vpn, sessionHours: 24 } },
      ["vpn.sessionHours must be one of 8, 10, 12, got 24"],
    ],
    [
      "a group and a zone that come twice",
      {
        accessMode: "vpn",
        vpn: { ...vpn, groups: ["a", "b", "a"], zones: ["eu-west-1a", "eu-west-1a"] },
      },
      ['vpn.groups[2] must be unique, got "a"', 'vpn.zones[1] must be unique, got "eu-west-1a"'],
    ],
    [
      "nobody",
      { accessMode: "vpn", vpn: { ...vpn, groups: [] } },
      ["vpn.groups must be a list of at least one group, got []"],
    ],
    ...["", " a", "a ", "*", "team*", "a,b", "a::b", "a\nb"].map((name): Case => [
      `a group called ${JSON.stringify(name).slice(0, 12)}`,
      { accessMode: "vpn", vpn: { ...vpn, groups: [name] } },
      [
        `vpn.groups[0] must be a group as the identity provider names it: 1 to 255 printable ASCII characters, without commas, asterisks, :: and outer spaces, got ${JSON.stringify(name)}`,
      ],
    ]),
    [
      "a group with a name that is too long to be quoted",
      { accessMode: "vpn", vpn: { ...vpn, groups: ["x".repeat(256)] } },
      [
        "vpn.groups[0] must be a group as the identity provider names it: 1 to 255 printable ASCII characters, without commas, asterisks, :: and outer spaces, got [a text of 256 characters]",
      ],
    ],
    ["ssh mode for nobody", { accessMode: "ssh" }, ["ssh is required in ssh mode"]],
    [
      "ssh mode for an empty list",
      { accessMode: "ssh", ssh: { people: [] } },
      ["ssh.people must be a list of at least one person, got []"],
    ],
    [
      "people for a mode without SSH",
      { ssh: { people: [alice] } },
      [
        'ssh must be left out in ssm mode, got {"people":[{"name":"alice","publicKey":"[a text of 80 characters]"}],"securityKeys":false,"mfa":"none"}',
      ],
    ],
    [
      "private networks that come by SSH",
      { accessMode: "ssh", ssh: { people: [alice] }, trustedCidrs: ["10.99.0.0/16"] },
      [
        'trustedCidrs[0] must be public in ssh mode: nobody on the internet has an address of 10.0.0.0/8, got "10.99.0.0/16"',
      ],
    ],
    [
      "more networks than the public ACL can name",
      {
        accessMode: "ssh",
        ssh: { people: [alice] },
        trustedCidrs: Array.from({ length: 16 }, (_, i) => `203.0.113.${i}/32`),
      },
      ['trustedCidrs must be at most 15 networks in ssh mode, got "16 networks"'],
    ],
    [
      "a weak key",
      { accessMode: "ssh", ssh: { people: [{ name: "alice", publicKey: rsa(2048) }] } },
      [
        `ssh.people[0].publicKey must have at least 4096 bits, this RSA key has 2048, got [a text of ${rsa(2048).length} characters]`,
      ],
    ],
    [
      "a private key, which no message repeats",
      {
        accessMode: "ssh",
        ssh: {
          people: [{ name: "alice", publicKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nhush" }],
        },
      },
      [
        "ssh.people[0].publicKey must be a public key: this is a private one, which nobody should use any more, got [a private key]",
      ],
    ],
    [
      "a key that two people share, and a name as well",
      {
        accessMode: "ssh",
        ssh: { people: [alice, { ...alice, publicKey: `${ed25519()} of the team` }] },
      },
      [
        'ssh.people[1].name must be unique, got "alice"',
        `ssh.people[1].publicKey must be unique, got "${ed25519()}"`,
      ],
    ],
    [
      "another key where security keys are asked for",
      { accessMode: "ssh", ssh: { people: [alice], securityKeys: true } },
      [
        'ssh.people[0].publicKey must be of type sk-ssh-ed25519@openssh.com with securityKeys, got "ssh-ed25519"',
      ],
    ],
    [
      "codes for people without a secret",
      { accessMode: "ssh", ssh: { people: [alice], mfa: "totp" } },
      ["ssh.people[0].totpSecretArn is required with mfa totp"],
    ],
    [
      "a secret without codes",
      { accessMode: "ssh", ssh: { people: [{ ...alice, totpSecretArn }] } },
      [`ssh.people[0].totpSecretArn must be left out unless mfa is totp, got "${totpSecretArn}"`],
    ],
    [
      "one secret for two people",
      {
        accessMode: "ssh",
        ssh: {
          people: [
            { ...alice, totpSecretArn },
            { name: "bob", publicKey: rsa(4096), totpSecretArn },
          ],
          mfa: "totp",
        },
      },
      [
        `ssh.people[1].totpSecretArn must be unique: each person has codes of their own, got "${totpSecretArn}"`,
      ],
    ],
    ...["eu-central-1:111122223333", "eu-west-1:999999999999"].map(
      (place): [string, Values, string[]] => {
        const elsewhere = totpSecretArn.replace("eu-west-1:111122223333", place);
        return [
          `the secret of ${place}`,
          {
            accessMode: "ssh",
            ssh: { people: [{ ...alice, totpSecretArn: elsewhere }], mfa: "totp" },
          },
          [
            `ssh.people[0].totpSecretArn must be in account and region of the stack, got "${elsewhere}"`,
          ],
        ];
      },
    ),
    [
      "codes of another kind",
      { accessMode: "ssh", ssh: { people: [alice], mfa: "hotp" } },
      ['ssh.mfa must be one of none, totp, got "hotp"'],
    ],
    ...["root", "ec2-user", "systemd-network", "Alice", "a;b"].map(
      (name): [string, Values, string[]] => [
        `the account ${name}`,
        { accessMode: "ssh", ssh: { people: [{ ...alice, name }] } },
        [
          `ssh.people[0].name must be 1 to 31 lower-case letters, digits and hyphens, starting with a letter, and not an account of the system, got "${name}"`,
        ],
      ],
    ),
    [
      "nobody trusted",
      { trustedCidrs: [] },
      ["trustedCidrs must be a list of at least one IPv4 CIDR, got []"],
    ],
    [
      "two node groups of one name",
      { nodeGroups: [group, group] },
      ['nodeGroups[1].name must be unique, got "general"'],
    ],
    [
      "a group of nodes that rules would take for a bastion",
      { nodeGroups: [{ ...group, name: "my-bastion" }] },
      [
        'nodeGroups[0].name must not be that of a bastion, such as bastion, jump-host or jumpbox, got "my-bastion"',
      ],
    ],
    [
      "an unknown key of a node group",
      { nodeGroups: [{ ...group, mx: 3 }] },
      ["nodeGroups[0].mx is not a known key"],
    ],
    [
      "more nodes at least than at most",
      { nodeGroups: [{ ...group, minSize: 5 }] },
      ["nodeGroups[0].minSize must be at most maxSize, 3, got 5"],
    ],
    [
      "a desired size out of range",
      { nodeGroups: [{ ...group, desiredSize: 9 }] },
      ["nodeGroups[0].desiredSize must be from minSize to maxSize, 1 to 3, got 9"],
    ],
    [
      "instance types of two architectures",
      { nodeGroups: [{ ...group, instanceTypes: ["m7g.large", "m7i.large"] }] },
      [
        'nodeGroups[0].instanceTypes must be of one processor architecture: arm64 (Graviton) or x86_64, got ["m7g.large","m7i.large"]',
      ],
    ],
    [
      "a size that is text",
      { nodeGroups: [{ ...group, minSize: "three" }] },
      ['nodeGroups[0].minSize must be an integer from 0 to 450, got "three"'],
    ],
    [
      "a limit of requests that stops nobody",
      { entry: { certificateArn: ownCertificate, public: true, requestLimit: 100_001 } },
      ["entry.requestLimit must be an integer from 10 to 100000, got 100001"],
    ],
    [
      "a node group without a size",
      { nodeGroups: [{ name: "general", instanceTypes: ["m7g.large"], maxSize: 3 }] },
      ["nodeGroups[0].minSize is required"],
    ],
    [
      "an unsupported Kubernetes version",
      { kubernetesVersion: "1.24" },
      ['kubernetesVersion must be one of 1.35, 1.34, got "1.24"'],
    ],
    [
      "a NAT mode that does not exist",
      { natMode: "none" },
      ['natMode must be one of zonal, single, regional, got "none"'],
    ],
    [
      "a deployer of an account that is not allowed",
      { deployerRoleArn: "arn:aws:iam::999988887777:role/deployer" },
      [
        'deployerRoleArn must be in one of allowedAccountIds (111122223333), got "arn:aws:iam::999988887777:role/deployer"',
      ],
    ],
    [
      "an IAM user as deployer",
      { deployerRoleArn: "arn:aws:iam::111122223333:user/root" },
      [
        'deployerRoleArn must be the ARN of an IAM role such as arn:aws:iam::111122223333:role/deployer, got "arn:aws:iam::111122223333:user/root"',
      ],
    ],
    [
      "cluster-wide access for others",
      {
        accessEntries: [
          { principalArn: "arn:aws:iam::111122223333:role/dev", access: "view", namespaces: [] },
        ],
      },
      [
        "accessEntries[0].namespaces must be a list of at least one namespace: cluster-wide access is not offered, got []",
      ],
    ],
    [
      "access entries for namespaces of the system and for all",
      {
        accessEntries: [
          {
            principalArn: "arn:aws:iam::111122223333:role/dev",
            access: "edit",
            namespaces: ["kube-system", "*"],
          },
        ],
      },
      ["kube-system", "*"].map(
        (namespace, i) =>
          `accessEntries[0].namespaces[${i}] must be the name of a namespace, and not kube-system, kube-public or kube-node-lease, got "${namespace}"`,
      ),
    ],
    [
      "a second entry of the deployer",
      {
        accessEntries: [
          { principalArn: base["deployerRoleArn"], access: "view", namespaces: ["a"] },
        ],
      },
      [
        'accessEntries[0].principalArn must differ from deployerRoleArn and from the other entries, got "arn:aws:iam::111122223333:role/deployer"',
      ],
    ],
    [
      "a retention that CloudWatch Logs does not offer",
      { logRetentionDays: 100 },
      [
        "logRetentionDays must be one of 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, got 100",
      ],
    ],
    ["tags without an owner", { tags: { CostCenter: "42" } }, ["tags.Owner is required"]],
    [
      "a tag that the program sets",
      { tags: { Owner: "a", CostCenter: "42", Environment: "prod" } },
      ['tags.Environment must not be set: the program sets it, got "prod"'],
    ],
    [
      "a tag that sessions are bound to",
      { tags: { Owner: "a", CostCenter: "42", Drawbridge: "drawbridge-bad-bastion" } },
      ['tags.Drawbridge must not be set: the program sets it, got "drawbridge-bad-bastion"'],
    ],
    [
      "tags that the program sets, in any case",
      { tags: { Owner: "a", CostCenter: "42", name: "x", PROJECT: "y", drawBridge: "z" } },
      [
        'tags.name must not be set: the program sets it, got "x"',
        'tags.PROJECT must not be set: the program sets it, got "y"',
        'tags.drawBridge must not be set: the program sets it, got "z"',
      ],
    ],
    ...[
      "aws:x",
      "AWS:x",
      "eks:cluster-name",
      "kubernetes.io/role/elb",
      "Kubernetes.io/cluster/a",
      "k8s.io/cluster-autoscaler/enabled",
      "node.kubernetes.io/a",
      "elbv2.k8s.aws/cluster",
      "karpenter.sh/discovery",
    ].map((key): [string, Values, string[]] => [
      `the tag ${key}`,
      { tags: { Owner: "a", CostCenter: "42", [key]: "1" } },
      [
        `tags.${key} must not start with aws:, eks:, kubernetes.io/, k8s.io/, k8s.aws/, eksctl.io/ or karpenter.sh/: AWS and controllers act on these, got "1"`,
      ],
    ]),
    [
      "tags that differ in case alone",
      { tags: { Owner: "a", CostCenter: "42", owner: "b" } },
      ['tags.owner must differ from Owner by more than case, got "b"'],
    ],
    [
      "several bad tags at once",
      { tags: { Owner: 7, "a;b": "c", Name: "x", Empty: "" } },
      [
        "tags.Owner must be a tag value of 1 to 256 letters, digits, spaces and _.:/=+-@, got 7",
        'tags.a;b must be a tag key of 1 to 128 letters, digits, spaces and _.:/=+-@, got "c"',
        'tags.Name must not be set: the program sets it, got "x"',
        'tags.Empty must be a tag value of 1 to 256 letters, digits, spaces and _.:/=+-@, got ""',
        "tags.CostCenter is required",
      ],
    ],
    [
      "as many tags as there may be",
      {
        tags: {
          Owner: "a",
          CostCenter: "42",
          ...Object.fromEntries(Array.from({ length: 38 }, (_, i) => [`t${i}`, "x"])),
        },
      },
      [],
    ],
    [
      "a region that does not exist",
      { region: "eu-nowhere-9", zones: ["a", "b", "c"].map((letter) => `eu-nowhere-9${letter}`) },
      ['region must be an AWS region of the aws partition such as eu-west-1, got "eu-nowhere-9"'],
    ],
    [
      "a zone that no region has",
      { zones: ["eu-west-1a", "eu-west-1z", "eu-west-1c"] },
      [
        'zones[1] must be an availability zone such as eu-west-1a: its region and a letter from a to f, got "eu-west-1z"',
      ],
    ],
    [
      "a version that lost its zero",
      { kubernetesVersion: "1.3" },
      [
        'kubernetesVersion must be one of 1.35, 1.34 (YAML reads an unquoted 1.30 as 1.3: quote it), got "1.3"',
      ],
    ],
    [
      "what is no instance type",
      { nodeGroups: [{ ...group, instanceTypes: ["potato.potato"] }] },
      [
        'nodeGroups[0].instanceTypes[0] must be an EC2 instance type such as m7g.large, got "potato.potato"',
      ],
    ],
    [
      "an instance type twice",
      { nodeGroups: [{ ...group, instanceTypes: ["m7g.large", "m7g.large"] }] },
      ['nodeGroups[0].instanceTypes[1] must be unique, got "m7g.large"'],
    ],
    [
      "faults of two node groups",
      {
        nodeGroups: [
          { ...group, minSize: 5 },
          { ...group, name: "other", desiredSize: 9 },
        ],
      },
      [
        "nodeGroups[0].minSize must be at most maxSize, 3, got 5",
        "nodeGroups[1].desiredSize must be from minSize to maxSize, 1 to 3, got 9",
      ],
    ],
    ...[
      "kubernetes.io/os",
      "node-role.kubernetes.io/worker",
      "k8s.io/a",
      "a.k8s.io/b",
      "eks.amazonaws.com/nodegroup",
    ].map((key): [string, Values, string[]] => [
      `the label ${key}`,
      { nodeGroups: [{ ...group, labels: { [key]: "x" } }] },
      [
        `nodeGroups[0].labels.${key} must not start with kubernetes.io/, k8s.io/ or eks.amazonaws.com/, nor a name below them: EKS keeps these, got "${key}"`,
      ],
    ]),
    [
      "labels that look like reserved ones",
      { nodeGroups: [{ ...group, labels: { "mykubernetes.io/a": "x", "kubernetes.io": "y" } }] },
      [],
    ],
    [
      "a label without a value",
      { nodeGroups: [{ ...group, labels: { a: "" } }] },
      ['nodeGroups[0].labels.a must be a Kubernetes label value of 1 to 63 characters, got ""'],
    ],
    [
      "a label key that is too long for EKS",
      { nodeGroups: [{ ...group, labels: { [`example.com/${"a".repeat(52)}`]: "x" } }] },
      [
        `nodeGroups[0].labels.example.com/${"a".repeat(52)} must be a Kubernetes label key of at most 63 characters, got "example.com/${"a".repeat(52)}"`,
      ],
    ],
    [
      "a taint twice",
      {
        nodeGroups: [
          {
            ...group,
            taints: [
              { key: "a", value: "x", effect: "NO_SCHEDULE" },
              { key: "a", value: "x", effect: "NO_EXECUTE" },
              { key: "a", value: "y", effect: "NO_SCHEDULE" },
            ],
          },
        ],
      },
      [
        'nodeGroups[0].taints[2] must be unique by key and effect, got {"key":"a","value":"y","effect":"NO_SCHEDULE"}',
      ],
    ],
    ...["role//", "role/", "role//a", "role/a/", `role/${"a".repeat(65)}`].map(
      (name): [string, Values, string[]] => [
        `${name} as deployer`,
        { deployerRoleArn: `arn:aws:iam::111122223333:${name}` },
        [
          `deployerRoleArn must be the ARN of an IAM role such as arn:aws:iam::111122223333:role/deployer, got "arn:aws:iam::111122223333:${name}"`,
        ],
      ],
    ),
    [
      "a role of a service as deployer",
      {
        deployerRoleArn:
          "arn:aws:iam::111122223333:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS",
      },
      [
        'deployerRoleArn must not be a service-linked role, which only a service of AWS can assume, got "arn:aws:iam::111122223333:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"',
      ],
    ],
    [
      "a role of single sign-on as deployer",
      {
        deployerRoleArn:
          "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef",
      },
      [],
    ],
  ])("judges %s", async (_what, change, expected) => {
    expect(await faults(change)).toEqual(expected);
  });

  it("reports every fault of a file at once, in the order of the keys", async () => {
    const change = { natMode: "none", cidr: "10.0.0.0/24", region: "mars", stray: 1 };
    expect((await faults(change)).map((fault) => fault.split(" ")[0])).toEqual([
      "drawbridge:stray",
      "region",
      "cidr",
      "natMode",
    ]);
  });

  it.each([
    ["tags", { tags: Object.fromEntries(Array.from({ length: 41 }, (_, i) => [`t${i}`, "x"])) }],
    [
      "nodeGroups",
      { nodeGroups: Array.from({ length: 31 }, (_, i) => ({ ...group, name: `g${i}` })) },
    ],
    [
      "nodeGroups[0].instanceTypes",
      {
        nodeGroups: [
          { ...group, instanceTypes: Array.from({ length: 41 }, (_, i) => `m${i}g.large`) },
        ],
      },
    ],
  ])("limits the length of %s", async (path, change) => {
    expect(
      (await faults(change)).filter((fault) => fault.startsWith(`${path} must be`)),
    ).toHaveLength(1);
  });

  it("says one thing of a name that is too long, whatever else would hold it", async () => {
    const pullThroughCaches = [{ name: "quay", upstream: "quay.io" }];
    await expect(
      parseConfig("a".repeat(36), raw({ ...base, registry: { pullThroughCaches } })),
    ).rejects.toThrow(/^[^\n]*stack must have a name of 1 to 16 [^\n]*$/);
  });

  it.each(["eu.prod", "Prod", "a_b", "-a", "a-", "a--b", "1a", "a".repeat(17)])(
    "refuses to name things after a stack %s",
    async (stack) => {
      await expect(parseConfig(stack, raw(base))).rejects.toThrow(
        `Pulumi.${stack}.yaml: stack must have a name of 1 to 16 lower-case letters, digits and single hyphens, starting with a letter, because names of buckets and of the log store hold it, got "${stack}"`,
      );
    },
  );

  it.each(["a", "dev", "eu-prod-2", "a".repeat(16)])("takes the stack %s", async (stack) => {
    expect((await parseConfig(stack, raw(base))).stack).toBe(stack);
  });

  it("takes every instance type that the AWS provider knows", async () => {
    const said = await Promise.all(
      Object.values(aws.ec2.InstanceType).map((type) =>
        faults({ ...withoutKeys, nodeGroups: [{ ...group, instanceTypes: [type] }] }),
      ),
    );
    expect(new Set(said.flat())).toEqual(new Set(["vault is required"]));
  });

  it("takes no network that the pack takes for the internet", async () => {
    const cidr = tuple(nat({ max: 2 ** 32 - 1 }), integer({ min: 6, max: 26 })).map(
      ([address, prefix]) => {
        const start = Math.floor(address / 2 ** (32 - prefix)) * 2 ** (32 - prefix);
        const octets = [24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256);
        return `${octets.join(".")}/${prefix}`;
      },
    );
    /** All parts of a network, so that the list is as wide as the network. */
    const parts = tuple(
      nat({ max: 255 }),
      integer({ min: 7, max: 9 }),
      integer({ min: 1, max: 3 }),
    ).map(([octet, prefix, cuts]) =>
      Array.from({ length: 2 ** cuts }, (_, i) => {
        const start = Math.floor((octet * 2 ** 24) / 2 ** (32 - prefix)) * 2 ** (32 - prefix);
        const address = start + i * 2 ** (32 - prefix - cuts);
        return `${[24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".")}/${prefix + cuts}`;
      }),
    );
    const seen = { taken: 0, refused: 0 };
    await assert(
      asyncProperty(
        oneof(array(cidr, { minLength: 1, maxLength: 12 }), parts),
        constantFrom("ssm", "direct"),
        async (trustedCidrs, accessMode) => {
          const said = await faults({ ...withoutKeys, trustedCidrs, accessMode });
          const taken = said.join() === "vault is required";
          seen[taken ? "taken" : "refused"] += 1;
          expect(taken && coversWorld(trustedCidrs)).toBe(false);
        },
      ),
      { numRuns: 2000, seed: 1 },
    );
    expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(100);
  });

  it("refuses more people than fit into the user data of an instance", async () => {
    const people = (length: number) =>
      Array.from({ length }, (_, i) => ({ name: `p${i}`, publicKey: ed25519(i + 1) }));
    const of = (length: number) => faults({ accessMode: "ssh", ssh: { people: people(length) } });
    expect(await of(100)).toEqual([]);
    expect(await of(150)).toEqual([
      expect.stringMatching(
        /^ssh\.people must fit the user data of an instance, 16384 bytes .*, got "150 people, \d{5} bytes"$/,
      ),
    ]);
  });

  it("says what is wrong with keys beside all else that is wrong in their block", async () => {
    const holders = [holder("rsa-2048"), holder("bruno"), holder("revoked"), { name: "\n" }];
    const vault = { recoveryHolders: holders, recoveryThreshold: 1 };
    const said = await faults({ natMode: "none", vault });
    expect(said.map((fault) => fault.replace(/, got .*/, ""))).toEqual([
      "natMode must be one of zonal, single, regional",
      expect.stringMatching(/^vault\.recoveryHolders\[3\]\.name must be 1 to 64/),
      "vault.recoveryHolders[3].publicKey is required",
      "vault.recoveryThreshold must be an integer from 2 to 255",
      "vault.recoveryHolders[0].publicKey must have RSA of at least 3072 bits or an elliptic curve of OpenPGP, its primary key is RSA of 2048 bits",
      "vault.recoveryHolders[2].publicKey must not be revoked",
    ]);
  });

  describe("where a private key stands", () => {
    // Nobody's: what looks like the private key of alice, of which every piece can be told.
    const line = (i: number) => `lQOYBF${i}${"hush".repeat(14)}`;
    const body = Array.from({ length: 12 }, (_, i) => line(i)).join("\n");
    const block = (kind: string) =>
      `-----BEGIN PGP ${kind} KEY BLOCK-----\n\n${body}\n-----END PGP ${kind} KEY BLOCK-----`;
    const key = (publicKey: unknown) => ({
      vault: { recoveryHolders: [holder("alice"), { name: "bruno", publicKey }] },
    });
    const isPrivate =
      "vault.recoveryHolders[1].publicKey must be a public key: this is a private one, which nobody should use any more, got";

    it.each<[string, Values, RegExp | string]>([
      ["in armor", key(block("PRIVATE")), `${isPrivate} [a private key]`],
      ["in that of a public one", key(block("PUBLIC")), `${isPrivate} [a text of`],
      ["without armor", key(body), `${isPrivate} [a text of`],
      ["in one line", key(body.replaceAll("\n", "")), `${isPrivate} [a text of`],
      ["behind a public one", key(`${holder("bruno").publicKey}${block("PRIVATE")}`), isPrivate],
      ["as lines", key(body.split("\n")), "got [a list of 12]"],
      ["in place of a holder", { vault: { recoveryHolders: [body] } }, "got [a text of"],
      ["in pieces", { vault: { recoveryHolders: body.split("\n") } }, "got [a text of"],
      ["in place of holders", { vault: { recoveryHolders: body } }, "got [a text of"],
      ["in place of a block", { vault: body }, "got [a text of"],
      ["as a name", { vault: { recoveryHolders: [{ name: body }] } }, "got [a text of"],
      [
        "as a key",
        { vault: { [block("PRIVATE")]: 1 } },
        "vault [a private key] is not a known key",
      ],
      ["as a key without armor", { vault: { [body]: 1 } }, "is not a known key"],
      ["as a key of the file", { [body]: 1 }, "is not a key of this project"],
      [
        "by SSH",
        { accessMode: "ssh", ssh: { people: [{ name: "a", publicKey: body }] } },
        "got [a",
      ],
      ["elsewhere", { natMode: body }, "got [a text of"],
    ])("%s, quotes nothing of it", async (_what, change, expected) => {
      const said = (await faults(change)).join("\n");
      expect(said).toContain(expected);
      expect(said).not.toMatch(/hush|lQOYBF/);
    });
  });

  it("keeps a secret value out of the message", async () => {
    await expect(
      parseConfig("dev", raw({ ...base, natMode: "hush" }), (key) => key === "drawbridge:natMode"),
    ).rejects.toThrow("natMode must be one of zonal, single, regional, got [secret]");
  });

  it("never takes as clients what the pack calls as good as the internet", async () => {
    const cidr = tuple(nat({ max: 255 }), integer({ min: 6, max: 12 })).map(
      ([octet, bits]) => `${bits < 8 ? octet - (octet % 2 ** (8 - bits)) : octet}.0.0.0/${bits}`,
    );
    const seen = { taken: 0, refused: 0 };
    await assert(
      asyncProperty(uniqueArray(cidr, { minLength: 1, maxLength: 30 }), async (cidrs) => {
        const found = await faults({ entry: { certificateArn: ownCertificate, cidrs } });
        const taken = found.length === 0;
        seen[taken ? "taken" : "refused"] += 1;
        expect(taken && coversWorld(cidrs)).toBe(false);
      }),
      { numRuns: 1000, seed: 1 },
    );
    expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(50);
  });
});

describe("clientCidrs", () => {
  it("is the internet for a public entry, and the networks of the others", async () => {
    const { entry } = await parseConfig("dev", raw(base));
    expect(clientCidrs({ entry })).toEqual(["203.0.113.0/24"]);
    expect(clientCidrs({ entry: { ...entry, cidrs: [], public: true } })).toEqual(["0.0.0.0/0"]);
  });
});

describe("architectureOf", () => {
  it.each([
    ["m7g.large", "arm64"],
    ["c6gn.xlarge", "arm64"],
    ["t4g.micro", "arm64"],
    ["im4gn.large", "arm64"],
    ["a1.large", "arm64"],
    ["m7i.large", "x86_64"],
    ["m7i-flex.large", "x86_64"],
    ["g5.xlarge", "x86_64"],
    ["g5g.xlarge", "arm64"],
    ["x8g.large", "arm64"],
    ["u-6tb1.metal", "x86_64"],
  ])("%s is %s", (type, architecture) => {
    expect(architectureOf(type)).toBe(architecture);
  });
});

describe("Pulumi.yaml", () => {
  const { config } = parse(readFileSync(join(root, "Pulumi.yaml"), "utf8")) as {
    config: Record<string, { default: unknown; description: string }>;
  };

  it("declares the default of every key that has one, and nothing that the engine would check first", () => {
    const defaults = Object.entries(fields).flatMap(([key, schema]) => {
      const { success, data } = schema.safeParse(undefined);
      return success ? [[key, data]] : [];
    });
    const declared = Object.entries(config).map(([key, { default: value }]) => [key, value]);
    expect(Object.fromEntries(declared)).toEqual(Object.fromEntries(defaults));
    for (const declaration of Object.values(config)) {
      expect(Object.keys(declaration)).toEqual(["default", "description"]);
    }
  });
});

describe("docs/stack-file.schema.json", () => {
  it("is what `npm run config:schema` writes", () => {
    expect(readFileSync(join(root, "docs/stack-file.schema.json"), "utf8")).toBe(stackFileSchema());
  });

  const validate = new Ajv().compile(JSON.parse(stackFileSchema()) as object);
  it.each(["dev", "prod"])("takes the repository's %s stack", (stack) => {
    validate(parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8")));
    expect(validate.errors).toBeNull();
  });

  const dev = parse(readFileSync(join(root, "Pulumi.dev.yaml"), "utf8")) as { config: Values };
  const accepts = (change: Values) => validate({ ...dev, config: { ...dev.config, ...change } });

  it.each<[string, Values]>([
    ["an unknown key", { "drawbridge:natmode": "single" }],
    ["a wrong enum", { "drawbridge:natMode": "none" }],
    ["a text for a network", { "drawbridge:trustedCidrs": ["hello"] }],
    ["an IPv6 network", { "drawbridge:trustedCidrs": ["::/0"] }],
    ["the world", { "drawbridge:trustedCidrs": ["0.0.0.0/0"] }],
    ["a network twice", { "drawbridge:trustedCidrs": ["203.0.113.0/24", "203.0.113.0/24"] }],
    ["a VPC that is too small", { "drawbridge:cidr": "10.10.0.0/24" }],
    ["a VPC that is too large", { "drawbridge:cidr": "10.0.0.0/8" }],
    ["tags without an owner", { "drawbridge:tags": { CostCenter: "42" } }],
    ["a reserved tag", { "drawbridge:tags": { Owner: "a", CostCenter: "b", "AWS:c": "d" } }],
    ["a tag of the program", { "drawbridge:tags": { Owner: "a", CostCenter: "b", NAME: "d" } }],
    ["a version that is too old", { "drawbridge:kubernetesVersion": 1.2 }],
    ["a region that does not exist", { "drawbridge:region": "eu-nowhere-9" }],
    ["a missing key", { "drawbridge:region": undefined }],
    ["a wrong value without a namespace", { natMode: "none" }],
    ["a key of another namespace", { "aws:region": "eu-west-1" }],
  ])("refuses %s", (_what, change) => {
    const { config } = dev;
    const whole = Object.fromEntries(
      Object.entries({ ...config, ...change }).filter(([, value]) => value !== undefined),
    );
    expect(validate({ ...dev, config: whole })).toBe(false);
  });

  it.each<[string, Values]>([
    ["a version without quotes", { "drawbridge:kubernetesVersion": 1.35 }],
    ["a number in quotes", { "drawbridge:logRetentionDays": "365" }],
    ["a truth value in quotes", { "drawbridge:deletionProtection": "false" }],
    ["a key without its namespace", { kubernetesVersion: "1.35" }],
    ["a tag of the user's own", { tags: { Owner: "a", CostCenter: "b", "example.com/team": "c" } }],
    ["a key of Pulumi", { "pulumi:tags": { a: "b" } }],
  ])("takes %s, as the program does", async (_what, change) => {
    expect(accepts(change)).toBe(true);
    const given = Object.fromEntries(
      Object.entries(change).map(([key, value]) => [
        key.replace("drawbridge:", ""),
        typeof value === "number" ? String(value) : value,
      ]),
    );
    expect(await faults(given)).toEqual([]);
  });

  it("takes a required key without its namespace", () => {
    const { "drawbridge:region": region, ...others } = dev.config;
    expect(validate({ config: { ...others, region } })).toBe(true);
  });

  it("knows no key of a stack file beside Pulumi's", () => {
    expect(validate({ ...dev, foo: "bar" })).toBe(false);
  });
});
