import {
  logEngineVersions,
  upgradesOf,
  type LogEngineVersion,
} from "../../components/aws/log-engines";
import { kubernetesVersions } from "../../infra/config/cluster";
import { parseConfig } from "../../infra/config/config";
import { securityKey } from "../support/public-keys";
import { placedArn, type Values } from "./stack-config";

type Map = Record<string, unknown>;
type Change = (value: never, config: Values) => unknown;

const other =
  <T>(a: T, b: T) =>
  (value: T): T =>
    value === a ? b : a;
const roleOf = ({ deployerRoleArn }: Values, name: string): string =>
  `${String(deployerRoleArn).split("/")[0] ?? ""}/${name}`;

const cacheSecret = "secret:ecr-pullthroughcache/hub-AbCdEf";

/**
 * What each key is changed to while the stack is up. Lists grow, and the first item of those that hold maps changes in
 * all that an item may change in; a key that the stack file leaves out comes with its default.
 */
const changes: Record<string, Change> = {
  allowedAccountIds: (ids: string[]) => [...ids, "999999999999"],
  environment: (name: string) => `${name.slice(0, 11)}-next`,
  // The stand-in takes any letter; which zones a region has is for AWS to say.
  zones: (zones: string[]) => [...zones, nextZone(zones.at(-1) ?? "")].slice(0, 4),
  natMode: other("zonal", "single"),
  accessMode: () => "ssh",
  ssh: (_, config) => ({
    people: [
      {
        name: "alice",
        publicKey: securityKey(),
        totpSecretArn: placedArn(config, "secretsmanager", "secret:totp/alice-a1B2c3"),
      },
    ],
    securityKeys: true,
    mfa: "totp",
  }),
  trustedCidrs: () => ["198.51.100.64/26"],
  entry: ({ domains, zone, cidrs: _cidrs, public: isPublic, ...entry }: EntryValues) => ({
    ...entry,
    ...(zone && changedNames(domains, zone)),
    ...(isPublic ? { cidrs: ["198.51.100.0/24"], public: false } : { cidrs: [], public: true }),
    tlsProfile: other("intermediate", "modern")(entry.tlsProfile),
    postQuantum: !entry.postQuantum,
    requestLimit: entry.requestLimit + 1000,
  }),
  deployerRoleArn: (_arn: string, config) => roleOf(config, "deployer-next"),
  accessEntries: ([first, ...others]: Map[], config) => [
    ...(first
      ? [{ ...first, access: other("view", "edit")(String(first["access"])), namespaces: ["next"] }]
      : []),
    ...others,
    { principalArn: roleOf(config, "auditors"), access: "view", namespaces: ["audit"] },
  ],
  nodeGroups: ([first, ...others]: GroupValues[]) => {
    if (!first) throw new Error("the stack must have a node group");
    return [changedGroup(first), ...others, { ...first, name: "next" }];
  },
  logRetentionDays: other(365, 400),
  audit: ({ alarmEmails, owns, runtimeAgent, lockMode, objectEvents }: AuditValues) => ({
    alarmEmails: [...alarmEmails, "next@example.com"],
    owns: owns.filter((part) => part !== "threatDetection"),
    runtimeAgent: !runtimeAgent,
    lockMode: other("GOVERNANCE", "COMPLIANCE")(lockMode),
    objectEvents: !objectEvents,
  }),
  logStore: (store: StoreValues, config) => ({
    ...store,
    instanceType: other("m7g.large.search", "r7g.large.search")(store.instanceType),
    instancesPerZone: store.instancesPerZone + 1,
    volumeGiB: store.volumeGiB + 10,
    dedicatedMasterType: other(
      "m7g.large.search",
      "r7g.large.search",
    )(store.dedicatedMasterType ?? ""),
    indexRetentionDays: store.indexRetentionDays + 1,
    readerRoleArns: [...store.readerRoleArns, roleOf(config, "auditors")],
  }),
  registry: (images: RegistryValues, config) => ({
    repositories: [...images.repositories, "next/app"],
    pullThroughCaches: [
      ...images.pullThroughCaches,
      {
        name: "hub",
        upstream: "registry-1.docker.io",
        credentialArn: placedArn(config, "secretsmanager", cacheSecret),
      },
    ],
    accountScanning: other("basic", "enhanced")(images.accountScanning),
  }),
  vault: (vault: VaultValues) => ({
    ...vault,
    recoveryHolders: vault.recoveryHolders.toReversed(),
    recoveryThreshold: other(2, 3)(vault.recoveryThreshold),
    instanceType: other("t4g.medium", "m7g.large")(vault.instanceType),
    volumeGiB: vault.volumeGiB + 10,
    serverCertificates: vault.serverCertificates + 1,
  }),
  tags: (tags: Map) => ({ ...tags, CostCenter: "next", Team: "next" }),
};

const inVpnMode = "is changed by the rehearsal in vpn mode";

/** What is left as it is, and why. */
export const unchanged: Record<string, string> = {
  cidr: "AWS makes another VPC for it, and with it another of everything inside",
  createServiceLinkedRoles: "says what the account lacked before the stack, and the roles stay",
  deletionProtection: "is taken away by a step of its own, before the stack is destroyed",
  "vault.address": "is where the Vault of the rehearsal listens",
  "vault.serverGenerations": "are raised by a step of their own, one after the other",
  "vault.rotations": "are entered by steps of their own, a phase each",
  "vpn.clientCidr": "replaces the VPN, as does the identity provider",
  "vpn.groups": inVpnMode,
  "vpn.samlProviderArn": "replaces the VPN, as do the addresses of people's machines",
  "vpn.serverCertificateArn": inVpnMode,
  "vpn.sessionHours": inVpnMode,
  "vpn.zones": inVpnMode,
  region: "AWS knows no move to another region: everything would be made anew",
};

/** The configuration of a stack with its defaults. */
export async function completed(stack: string, config: Values): Promise<Values> {
  const raw = Object.entries(config).map(([key, value]) => [
    `drawbridge:${key}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  const {
    stack: _name,
    accountId: _id,
    recoveryHolders: _holders,
    ...values
  } = await parseConfig(stack, Object.fromEntries(raw) as Record<string, string>);
  return values;
}

/** A configuration, with its defaults, with every value changed that may change while the stack is up. */
export function changedConfig(config: Values): Values {
  const changed = Object.entries(changes).map(([key, change]): [string, unknown] => [
    key,
    change(config[key] as never, config),
  ]);
  return { ...config, ...Object.fromEntries(changed) };
}

/** What is changed by a step of its own: a certificate takes the place of the one that the stack made, and versions go up. */
export function upgradedConfig(config: Values): Values {
  const entry = config["entry"] as Map;
  const logStore = config["logStore"] as StoreValues;
  const certificateArn = placedArn(
    config,
    "acm",
    "certificate/12345678-1234-1234-1234-123456789012",
  );
  const minor = kubernetesVersions.findIndex((version) => version === config["kubernetesVersion"]);
  return {
    ...config,
    entry: { ...entry, certificateArn },
    // EKS goes up one minor version at a time.
    kubernetesVersion: kubernetesVersions[minor - 1],
    logStore: { ...logStore, engineVersion: upgradesOf(logStore.engineVersion)[0] },
  };
}

/** The versions with which a stack begins that is to go up: its own, or the ones before where there is nothing newer. */
export function versionsBefore({ kubernetesVersion, logStore }: Values): Values {
  const { engineVersion, ...store } = (logStore ?? {}) as Partial<StoreValues>;
  return {
    kubernetesVersion: beforeNewest(kubernetesVersions, kubernetesVersion),
    logStore: { ...store, engineVersion: beforeNewest(logEngineVersions, engineVersion) },
  };
}

/** A stack that does not say has the newest version, the first one. */
function beforeNewest([newest, before]: readonly string[], own: unknown = newest): unknown {
  return own === newest ? before : own;
}

/** Another name, in another zone that has them all. */
function changedNames(domains: string[], zone: { id: string }) {
  const first = (domains[0] ?? "").replace(/^\*\./, "");
  return { domains: [...domains, `next.${first}`], zone: { id: `${zone.id}X`, name: first } };
}

function nextZone(zone: string): string {
  return zone.slice(0, -1) + String.fromCharCode(zone.charCodeAt(zone.length - 1) + 1);
}

/** Its fewest nodes become fewer: there are as many as it started with, and EKS takes no minimum above them. */
function changedGroup(group: GroupValues): GroupValues {
  return {
    ...group,
    instanceTypes: group.instanceTypes.map((type) => type.replace(/\.\w+$/, ".2xlarge")),
    minSize: Math.max(group.minSize - 1, 0),
    maxSize: group.maxSize + 1,
    desiredSize: group.maxSize,
    volumeGiB: group.volumeGiB + 10,
    capacityType: other("ON_DEMAND", "SPOT")(group.capacityType),
    labels: { ...group.labels, next: "true" },
    taints: [...group.taints, { key: "next", value: "true", effect: "PREFER_NO_SCHEDULE" }],
  };
}

interface EntryValues {
  domains: string[];
  zone?: { id: string; name: string };
  cidrs: string[];
  public: boolean;
  tlsProfile: string;
  postQuantum: boolean;
  requestLimit: number;
}
interface GroupValues {
  instanceTypes: string[];
  minSize: number;
  maxSize: number;
  desiredSize?: number;
  volumeGiB: number;
  capacityType: string;
  labels: Map;
  taints: unknown[];
}
interface AuditValues {
  alarmEmails: string[];
  owns: string[];
  runtimeAgent: boolean;
  lockMode: string;
  objectEvents: boolean;
}
interface StoreValues {
  engineVersion: LogEngineVersion;
  instanceType: string;
  instancesPerZone: number;
  volumeGiB: number;
  dedicatedMasterType?: string;
  indexRetentionDays: number;
  readerRoleArns: string[];
}
interface VaultValues {
  recoveryHolders: unknown[];
  recoveryThreshold: number;
  instanceType: string;
  volumeGiB: number;
  serverCertificates: number;
}
interface RegistryValues {
  repositories: string[];
  pullThroughCaches: unknown[];
  accountScanning: string;
}
