import type { PropertyMap } from "../../plan/property-values";
import type { Configuration } from "./translate";

/** Types that moto 5.2 cannot create, by the call of AWS that it does not answer. */
export const motoGaps: Record<string, string> = {
  aws_ebs_default_kms_key: "ec2:GetEbsDefaultKmsKeyId",
  aws_ebs_snapshot_block_public_access: "ec2:EnableSnapshotBlockPublicAccess",
  aws_ec2_image_block_public_access: "ec2:EnableImageBlockPublicAccess",
  aws_ec2_instance_metadata_defaults: "ec2:ModifyInstanceMetadataDefaults",
  aws_ecr_pull_through_cache_rule: "ecr:CreatePullThroughCacheRule",
  aws_ecr_repository_creation_template: "ecr:CreateRepositoryCreationTemplate",
  aws_eks_access_entry: "eks:CreateAccessEntry",
  aws_eks_access_policy_association: "eks:AssociateAccessPolicy",
  aws_eks_addon: "eks:CreateAddon",
};

/** Types that cannot be applied to moto 5.2 for another reason. */
const notForMoto: Record<string, string> = {
  // internal/service/opensearch/wait.go of the provider.
  aws_opensearch_domain: "the provider waits ten minutes before it looks for a new domain",
  aws_s3_account_public_access_block:
    "its address begins with the account, and this machine has no such name",
  // _log_permissions_enabled_policy of moto/s3/models.py takes every principal for an object.
  aws_s3_bucket_logging:
    'moto fails at the statements for "*" in the policy of the bucket for logs',
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
  const texts = new Map(bodies.map(({ address, body }) => [address, expressionsOf(body)]));
  const omitted = new Map<string, string>();
  for (const { type, address } of bodies) {
    const call = motoGaps[type];
    const reason = call === undefined ? notForMoto[type] : `moto does not answer ${call}`;
    if (reason !== undefined) omitted.set(address, reason);
  }
  for (let before = -1; before !== omitted.size;) {
    before = omitted.size;
    for (const { address } of bodies) {
      const text = texts.get(address) ?? "";
      const missing = [...omitted.keys()].find((each) => names(text, each));
      if (missing !== undefined && !omitted.has(address)) omitted.set(address, `needs ${missing}`);
    }
  }
  const resource: Configuration["resource"] = {};
  for (const { type, address, body } of bodies.filter((each) => !omitted.has(each.address))) {
    resource[type] = { ...resource[type], [address.slice(type.length + 1)]: after(body, omitted) };
  }
  return { configuration: { ...configuration, resource }, omitted: Object.fromEntries(omitted) };
}

/** A hosted zone that a stack is given by its configuration. */
export interface Zone {
  id: string;
  name: string;
}

/** The configuration with the zone as a resource of its own: moto begins without any. */
export function withZone(configuration: Configuration, zone: Zone | undefined): Configuration {
  const { aws_route53_record: records, ...others } = configuration.resource;
  if (zone === undefined || records === undefined) return configuration;
  const moved = Object.entries(records).map(([name, record]) => [
    name,
    record["zone_id"] === zone.id
      ? { ...record, zone_id: "${aws_route53_zone.given.zone_id}" }
      : record,
  ]);
  const given = { name: zone.name, provider: Object.values(records)[0]?.["provider"] };
  const resource = {
    ...others,
    aws_route53_record: Object.fromEntries(moved) as Record<string, PropertyMap>,
    aws_route53_zone: { given },
  };
  return { ...configuration, resource };
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

/** What a body says, but for its order alone, which needs no value. */
function expressionsOf({ depends_on: _order, ...body }: PropertyMap): string {
  return JSON.stringify(body);
}

/** Whether an expression names the address; another may end or begin like it. */
function names(text: string, address: string): boolean {
  const at = text.indexOf(`${address}.`);
  if (at < 0) return false;
  return !/[\w.-]/.test(text[at - 1] ?? "") || names(text.slice(at + 1), address);
}

function after(body: PropertyMap, omitted: ReadonlyMap<string, string>): PropertyMap {
  const { depends_on: order, ...rest } = body;
  const kept = Array.isArray(order) ? order.filter((address) => !omitted.has(String(address))) : [];
  return kept.length === 0 ? rest : { ...rest, depends_on: kept };
}
