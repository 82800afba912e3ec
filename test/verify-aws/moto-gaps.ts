import type { PropertyMap } from "../../plan/property-values";
import type { Configuration } from "./translate";

/** Types that moto 5.2 cannot create, by the call of AWS that it does not answer. */
export const motoGaps: Record<string, string> = {
  aws_eks_access_entry: "eks:CreateAccessEntry",
  aws_eks_access_policy_association: "eks:AssociateAccessPolicy",
  aws_eks_addon: "eks:CreateAddon",
};

/** Arguments that moto 5.2 does not give back as it took them, by type: a plan would want to set them again and again. */
export const motoForgets: Record<string, string[]> = {
  aws_autoscaling_group: ["max_instance_lifetime"],
  aws_eks_cluster: ["access_config", "deletion_protection", "upgrade_policy", "zonal_shift_config"],
  // It makes up a key for remote access.
  aws_eks_node_group: ["node_repair_config", "remote_access", "update_config"],
  aws_kms_key: ["rotation_period_in_days"],
  // It gives back one more than it was given, for the template itself.
  aws_launch_template: ["tag_specifications"],
  aws_vpc_security_group_egress_rule: ["description"],
  aws_vpc_security_group_ingress_rule: ["description"],
};

export interface Applicable {
  configuration: Configuration;
  /** What is left out and why, by address. */
  omitted: Record<string, string>;
}

/** A configuration without what moto cannot create, and without what needs a value of that. */
export function withoutGaps(configuration: Configuration): Applicable {
  const bodies = Object.entries(configuration.resource).flatMap(([type, named]) =>
    Object.entries(named).map(([name, body]) => ({ type, address: `${type}.${name}`, body })),
  );
  const omitted = new Map<string, string>();
  for (const { type, address } of bodies) {
    const call = motoGaps[type];
    if (call !== undefined) omitted.set(address, `moto does not answer ${call}`);
  }
  for (let before = -1; before !== omitted.size;) {
    before = omitted.size;
    for (const { address, body } of bodies) {
      const missing = [...omitted.keys()].find((each) => names(body, each));
      if (missing !== undefined && !omitted.has(address)) omitted.set(address, `needs ${missing}`);
    }
  }
  const resource: Configuration["resource"] = {};
  for (const { type, address, body } of bodies.filter((each) => !omitted.has(each.address))) {
    resource[type] = { ...resource[type], [address.slice(type.length + 1)]: after(body, omitted) };
  }
  return { configuration: { ...configuration, resource }, omitted: Object.fromEntries(omitted) };
}

/** The configuration without a say in what moto forgets. */
export function tolerant(configuration: Configuration): Configuration {
  const resource = Object.entries(configuration.resource).map(([type, named]) => {
    const bodies = Object.entries(named).map(([name, body]) => [
      name,
      ignoring(body, motoForgets[type] ?? []),
    ]);
    return [type, Object.fromEntries(bodies)] as const;
  });
  return { ...configuration, resource: Object.fromEntries(resource) };
}

function ignoring(body: PropertyMap, forgotten: string[]): PropertyMap {
  if (forgotten.length === 0) return body;
  const { ignore_changes: own = [] } = (body["lifecycle"] ?? {}) as { ignore_changes?: string[] };
  return { ...body, lifecycle: { ignore_changes: [...new Set([...own, ...forgotten])] } };
}

/** Whether an expression in the body names the address; an order alone does not need it. */
function names({ depends_on: _order, ...body }: PropertyMap, address: string): boolean {
  return (
    JSON.stringify(body).includes(`{${address}.`) || JSON.stringify(body).includes(`(${address}.`)
  );
}

function after(body: PropertyMap, omitted: ReadonlyMap<string, string>): PropertyMap {
  const { depends_on: order, ...rest } = body;
  const kept = Array.isArray(order) ? order.filter((address) => !omitted.has(String(address))) : [];
  return kept.length === 0 ? rest : { ...rest, depends_on: kept };
}
