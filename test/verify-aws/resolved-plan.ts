import { isDeepStrictEqual } from "node:util";
import { launchProgram, observeProgram } from "../../plan/host";
import { isObject, unknownValue } from "../../plan/property-values";
import type { StackConfig } from "../../plan/stack-file";
import type { StackResource } from "../../plan/stack-resource";
import { completed, computedOutputs } from "./expressions";
import type { ProviderSchema } from "./provider-schema";
import { Addresses, isAws } from "./translate";

export interface ResolvedPlan {
  resources: StackResource[];
  addresses: Addresses;
}

/**
 * Runs the program of a stack as a plan does, but that every value which AWS would compute is the Terraform expression
 * for it: a subnet's `vpcId` names `aws_vpc.network.id`, and a document that the program composes has it in its place.
 */
export async function resolvedPlan(
  config: StackConfig,
  schema: ProviderSchema,
): Promise<ResolvedPlan> {
  const addresses = new Addresses(schema);
  const launched = launchProgram(config);
  const { resources } = await observeProgram(launched, (resource) => {
    if (resource.type.startsWith("tls:")) return Promise.resolve({ outputs: madeByTls(resource) });
    const address = isAws(resource) ? addresses.add(resource) : undefined;
    const [type = ""] = address?.split(".") ?? [];
    const block = schema.resource_schemas[type]?.block;
    if (address === undefined || block === undefined) return Promise.resolve({});
    const { id, ...computed } = computedOutputs(address, block, resource.inputs);
    const outputs = completed(resource.outputs, computed);
    const isTold = typeof id === "string" && !lastOfVault.includes(resource.type);
    return Promise.resolve(isTold ? { outputs, id } : { outputs });
  });
  return { resources, addresses };
}

/** What a server of Vault has last, and nothing names. A preview asks a Vault whose servers have it, and none is here. */
const lastOfVault = [
  "aws:ec2/volumeAttachment:VolumeAttachment",
  "aws:lb/targetGroupAttachment:TargetGroupAttachment",
];

/** Keys and certificates, of which AWS sees no more than texts in a secret. */
function madeByTls({ urn, inputs }: StackResource): Record<string, unknown> {
  const made = ["privateKeyPem", "publicKeyPem", "certRequestPem", "certPem"];
  return { ...inputs, ...Object.fromEntries(made.map((name) => [name, `${name} of ${urn}`])) };
}

/** The plan as the user gets it: what AWS computes is unknown. */
export async function firstPlan(config: StackConfig): Promise<StackResource[]> {
  const launched = launchProgram(config);
  const { resources } = await observeProgram(launched, () => Promise.resolve({}));
  return resources;
}

/** Where a resolved plan is more than the plan with its unknown values known, a line each. */
export function deviations(
  plan: readonly StackResource[],
  resolved: readonly StackResource[],
): string[] {
  const inputsByUrn = new Map(resolved.map(({ urn, inputs }) => [urn, inputs]));
  const urns = new Set(plan.map(({ urn }) => urn));
  return [
    ...plan.flatMap(({ urn, inputs }) =>
      inputsByUrn.has(urn)
        ? differences(inputs, inputsByUrn.get(urn), urn)
        : [`${urn} is in the plan only`],
    ),
    ...resolved.filter(({ urn }) => !urns.has(urn)).map(({ urn }) => `${urn} is not in the plan`),
  ];
}

function differences(plan: unknown, resolved: unknown, path: string): string[] {
  if (plan === unknownValue && resolved !== undefined) return [];
  if (Array.isArray(plan) && Array.isArray(resolved) && plan.length === resolved.length) {
    return plan.flatMap((item, i) => differences(item, resolved[i], `${path}[${i}]`));
  }
  if (isObject(plan) && isObject(resolved)) {
    const keys = [...new Set([...Object.keys(plan), ...Object.keys(resolved)])].toSorted();
    return keys.flatMap((key) => differences(plan[key], resolved[key], `${path}: ${key}`));
  }
  if (isDeepStrictEqual(plan, resolved)) return [];
  return [`${path} is ${JSON.stringify(plan)} in the plan, and ${JSON.stringify(resolved)} here`];
}
