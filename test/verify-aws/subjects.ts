import { readStackConfig, type StackConfig } from "../../plan/stack-file";
import { modeNamed } from "../rehearsal/access-modes";
import { readStackConfig as valuesOf, repository, type Values } from "../rehearsal/stack-config";

/** What is verified: a stack of the repository, as it is or in another access mode. */
export interface Subject {
  /** What its lines begin with. */
  title: string;
  config: StackConfig;
}

/** The stacks, and the first of them in each of the access modes: what a mode adds is the same in all of them. */
export function subjectsOf(stacks: readonly string[], modes: readonly string[]): Subject[] {
  const own = stacks.map((stack) => ({ title: stack, config: readStackConfig(repository, stack) }));
  const [first] = own;
  if (!first) return [];
  return [...own, ...modes.map((mode) => inMode(first, mode))];
}

function inMode({ title, config }: Subject, mode: string): Subject {
  const { changes } = modeNamed(mode);
  return {
    title: `${title} by ${mode}`,
    config: changedBy(config, changes(valuesOf(config.stack))),
  };
}

/** A stack with other values, by key without the project's name. */
function changedBy(config: StackConfig, values: Values): StackConfig {
  const texts = Object.entries(values).map(([key, value]) => [
    `drawbridge:${key}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return { ...config, values: { ...config.values, ...Object.fromEntries(texts) } };
}

/**
 * The stack with values that change in place: how long logs are kept, which networks are trusted, how many nodes there
 * may be, and for how long people come by VPN. By SSH a trusted network is a rule of its own, and a new one no change in
 * place. Not what the bastion's machine reads, as the keys that come by SSH: moto answers no autoscaling:StartInstanceRefresh.
 * Not its tags: moto answers eks:TagResource for clusters only.
 */
export function changedInPlace(config: StackConfig): StackConfig {
  const parsed = (key: string) =>
    JSON.parse(config.values[`drawbridge:${key}`] ?? "null") as unknown;
  const bySsh = config.values["drawbridge:accessMode"] === "ssh";
  const vpn = parsed("vpn") as object | null;
  return changedBy(config, {
    logRetentionDays: 731,
    ...(!bySsh && { trustedCidrs: [...(parsed("trustedCidrs") as string[]), "198.51.100.0/24"] }),
    nodeGroups: (parsed("nodeGroups") as { maxSize: number }[]).map((group) => ({
      ...group,
      maxSize: group.maxSize + 1,
    })),
    ...(vpn && { vpn: { ...vpn, sessionHours: 10 } }),
  });
}
