import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { RecoveryHolder } from "../../components/vault/first-boot";
import { trustedNetworksFitTheMode } from "./access";
import { alarmsReachSomebody, nodesAreWatched } from "./audit";
import { deployerIsInAnAllowedAccount, principalsAreDistinct } from "./cluster";
import { entryHasItsCertificate, entryNamesAreInItsZone, entrySaysWhoMayCome } from "./entry";
import { described, isQuotable, repeats, withheld, type Fault } from "./faults";
import { fields, namespace, type Fields } from "./fields";
import { accountOf } from "./forms";
import { nodesAreFewBesideT3, readersAreOfTheAccount, volumesFitTheInstances } from "./logs";
import { vpcHasRoom, zonesAreOfTheRegion } from "./network";
import { cachesCanLogIn, cachesHaveRoom } from "./registry";
import { codesHaveKeys, peopleHaveKeysOfTheirOwn, sshFitsTheMode } from "./ssh";
import { rolesAreNamedOnce, stackNameFits } from "./stack";
import {
  holdersAreDistinct,
  holdersFitIntoTheFiles,
  readHolders,
  rotationsAreWalkable,
  thresholdIsInReach,
} from "./vault";
import { vpnFitsTheMode, vpnHasItsOwnNetwork, vpnIsOfTheStack, vpnNamesAreUnique } from "./vpn";

/** What the fields hold, and what was read of the keys in them. */
type Values = Fields & {
  /** Who gets a recovery key of Vault, with the key as Vault takes it. */
  recoveryHolders: RecoveryHolder[];
};

/** The configuration of one stack, checked. */
export interface Config extends Values {
  /** Name of the stack. */
  stack: string;
  /** AWS account of the stack: the account of `deployerRoleArn`. */
  accountId: string;
}

/** Rules over several fields. Each runs as soon as the fields that it reads are well-formed. */
const crossChecks: ((config: Partial<Values>) => Fault[])[] = [
  zonesAreOfTheRegion,
  namesAreUnique,
  rolesAreNamedOnce,
  alarmsReachSomebody,
  nodesAreWatched,
  vpcHasRoom,
  trustedNetworksFitTheMode,
  entryHasItsCertificate,
  entryNamesAreInItsZone,
  entrySaysWhoMayCome,
  sshFitsTheMode,
  peopleHaveKeysOfTheirOwn,
  codesHaveKeys,
  vpnFitsTheMode,
  vpnHasItsOwnNetwork,
  vpnIsOfTheStack,
  vpnNamesAreUnique,
  deployerIsInAnAllowedAccount,
  principalsAreDistinct,
  cachesCanLogIn,
  volumesFitTheInstances,
  nodesAreFewBesideT3,
  readersAreOfTheAccount,
  thresholdIsInReach,
  holdersAreDistinct,
  holdersFitIntoTheFiles,
  rotationsAreWalkable,
];

/**
 * Checks the raw configuration of a stack, keyed by full name (`drawbridge:region`), values as the engine hands
 * them to a program: strings, structured ones as JSON. Throws one `pulumi.RunError` with a line for every fault.
 */
export async function parseConfig(
  stack: string,
  raw: Record<string, string>,
  isSecret: (key: string) => boolean = () => false,
): Promise<Config> {
  const { values, faults } = readValues(raw);
  const config: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(fields)) {
    const result = schema.safeParse(values[key]);
    if (result.success) config[key] = result.data;
    else faults.push(...result.error.issues.flatMap((issue) => fromIssue(issue, key, values[key])));
  }
  const { holders, faults: ofKeys } = await readHolders(values["vault"]);
  faults.push(...ofKeys);
  if (config["vault"] !== undefined && ofKeys.length === 0) config["recoveryHolders"] = holders;
  faults.push(...crossChecks.flatMap((check) => check(config)));
  const ofName = stackNameFits(stack, config);
  faults.unshift(...ofName);
  // Names that hold the name of the stack are as long as they should be only when that is.
  if (ofName.length === 0) faults.push(...cachesHaveRoom(stack, config));
  if (faults.length > 0) {
    throw new pulumi.RunError(describeFaults(stack, inFieldOrder(faults), isSecret));
  }
  const checked = config as Values;
  return { ...checked, stack, accountId: accountOf(checked.deployerRoleArn) };
}

/** Reads and checks the configuration of the running stack. */
export function loadConfig(): Promise<Config> {
  // The SDK exports this function but leaves it out of its types.
  const runtime = pulumi.runtime as unknown as { isConfigSecret(key: string): boolean };
  return parseConfig(pulumi.getStack(), pulumi.runtime.allConfig(), (key) =>
    runtime.isConfigSecret(key),
  );
}

function readValues(raw: Record<string, string>): {
  values: Record<string, unknown>;
  faults: Fault[];
} {
  const values: Record<string, unknown> = {};
  const faults: Fault[] = [];
  for (const [name, value] of Object.entries(raw)) {
    const [keyNamespace, key] = split(name);
    if (keyNamespace === namespace && Object.hasOwn(fields, key)) {
      values[key] = decode(key as keyof typeof fields, value);
    } else if (keyNamespace !== "pulumi") {
      faults.push({ path: name, rule: `is not a key of this project; ${suggestion(name)}` });
    }
  }
  return { values, faults };
}

function split(name: string): [string, string] {
  const colon = name.indexOf(":");
  return [name.slice(0, colon), name.slice(colon + 1)];
}

function suggestion(name: string): string {
  if (name === "aws:region")
    return `write ${namespace}:region: the program makes its own AWS provider`;
  return `the keys are ${Object.keys(fields).join(", ")}`;
}

/** Strings stay as they are; all else arrives as JSON. What is not JSON stays a string, and the schema refuses it. */
function decode(key: keyof typeof fields, value: string): unknown {
  const sample = z.string().safeParse(value).success && isTextField(key);
  if (sample) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

function isTextField(key: keyof typeof fields): boolean {
  let schema: z.ZodType = fields[key];
  while (schema instanceof z.ZodDefault) schema = schema.unwrap() as z.ZodType;
  return schema instanceof z.ZodString || schema instanceof z.ZodEnum;
}

function fromIssue(issue: z.core.$ZodIssue, key: string, value: unknown): Fault[] {
  if (value === undefined) return [{ path: key, rule: "is required" }];
  const path = [key, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((name) => ({
      path: pathText([...path, name]),
      rule: "is not a known key",
    }));
  }
  const got = valueAt(value, issue.path);
  if (isOfKeys(pathText(path)) && got !== undefined) {
    return [{ path: pathText(path), rule: issue.message, ...withheld(got) }];
  }
  if (got === undefined) return [{ path: pathText(path), rule: "is required" }];
  // An invalid key of a map carries its own issues; the first says what a key must look like.
  const rule =
    issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  const shown = issue.code === "invalid_key" ? issue.path.at(-1) : got;
  return [{ path: pathText(path), rule, value: shown }];
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (current, step) =>
      current !== null && typeof current === "object"
        ? (current as Record<PropertyKey, unknown>)[step]
        : undefined,
    value,
  );
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`))
    .join("")
    .slice(1);
}

/** Faults by the place of their key in `fields`; what belongs to no key comes first. */
function inFieldOrder(faults: Fault[]): Fault[] {
  const keys = Object.keys(fields);
  const rank = ({ path }: Fault) => keys.indexOf(keyOf(path));
  return faults.toSorted((a, b) => rank(a) - rank(b));
}

function keyOf(path: string): string {
  return /^[A-Za-z]+/.exec(path)?.[0] ?? path;
}

/** True for a path at which a key stands, or what holds one. */
function isOfKeys(path: string): boolean {
  return /\.publicKey\b|^(vault\.recoveryHolders|ssh\.people)(\[\d+\])?$/.test(path);
}

/** A value as it is said, without what may be a private key in it. */
function quoted(value: unknown): string {
  if (typeof value === "string" && !isQuotable(value)) return described(value);
  return JSON.stringify(value, (name, member: unknown) =>
    typeof member === "string" && (name === "publicKey" || !isQuotable(member))
      ? described(member)
      : member,
  );
}

/** A path as it is said: the name of an unknown key may be any text. */
function placeOf(path: string): string {
  return isQuotable(path) ? path : `${keyOf(path)} ${described(path)}`;
}

function describeFaults(
  stack: string,
  faults: Fault[],
  isSecret: (key: string) => boolean,
): string {
  const lines = faults.map(({ path, rule, value, instead }) => {
    const start = `Pulumi.${stack}.yaml: ${placeOf(path)} ${rule}`;
    if (value === undefined) return start;
    const got = isSecret(`${namespace}:${keyOf(path)}`) ? "[secret]" : (instead ?? quoted(value));
    return `${start}, got ${got}`;
  });
  return [...new Set(lines)].join("\n");
}

function namesAreUnique({
  zones,
  nodeGroups,
  allowedAccountIds,
  trustedCidrs,
  audit,
  registry: images,
}: Partial<Fields>): Fault[] {
  const caches = images?.pullThroughCaches ?? [];
  return [
    ...repeats("audit.alarmEmails", audit?.alarmEmails ?? []),
    ...repeats("audit.owns", audit?.owns ?? []),
    ...repeats("zones", zones ?? []),
    ...repeats("allowedAccountIds", allowedAccountIds ?? []),
    ...repeats("trustedCidrs", trustedCidrs ?? []),
    ...repeats("nodeGroups", nodeGroups?.map(({ name }) => name) ?? [], ".name"),
    ...repeats("registry.repositories", images?.repositories ?? []),
    ...repeats(
      "registry.pullThroughCaches",
      caches.map(({ name }) => name),
      ".name",
    ),
  ];
}
