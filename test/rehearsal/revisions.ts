import { accessModes, type AccessMode } from "./access-modes";
import { changedConfig, completed, upgradedConfig } from "./changes";
import type { Values } from "./stack-config";

/** A change of a stack's configuration while the stack is up. */
export interface Revision {
  title: string;
  /** The configuration from then on. */
  config: Values;
  /** What the pack is told from then on, by rule. */
  packConfig: Values;
  /** Types of which something is replaced, in order. */
  replaced: string[];
}

/** What AWS replaces when all values change at once: it makes the new one first. */
const replaced = [
  "aws:acm/certificate:Certificate",
  "aws:acm/certificateValidation:CertificateValidation",
  "aws:eks/accessEntry:AccessEntry",
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
  "aws:eks/nodeGroup:NodeGroup",
  "aws:lambda/invocation:Invocation",
  "aws:route53/record:Record",
];

/** What becomes of the configuration of a stack of the repository. */
export async function revisionsOf(stack: string, config: Values): Promise<Revision[]> {
  const changed = changedConfig(await completed(stack, config));
  // People come in another way from then on, of which the pack has to be told.
  const packConfig = accessModes["ssh"]?.packConfig ?? {};
  return [
    {
      title: "every value that may change changes, and little is replaced by it",
      config: changed,
      packConfig,
      replaced,
    },
    {
      title: "a certificate of one's own, another Kubernetes and another engine come in place",
      config: upgradedConfig(changed),
      packConfig,
      replaced: [],
    },
  ];
}

/** What becomes of a stack in an access mode: only what the mode adds. */
export function revisionsInMode(
  config: Values,
  { later, packConfig }: Pick<AccessMode, "later" | "packConfig">,
): Revision[] {
  const blocks = Object.entries(later(config)).map(([key, values]) => [
    key,
    { ...(config[key] as Values), ...values },
  ]);
  return [
    {
      title: "how people come in changes, and nothing is replaced by it",
      config: { ...config, ...(Object.fromEntries(blocks) as Values) },
      packConfig,
      replaced: [],
    },
  ];
}
