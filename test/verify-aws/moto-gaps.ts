import type { PropertyMap } from "../../plan/property-values";
import type { Configuration } from "./translate";

/** Types that moto 5.2 cannot create, by the call of AWS that it does not answer. */
export const motoGaps: Record<string, string> = {
  // A call in the protocol Smithy RPC v2 CBOR, which the provider speaks to CloudWatch, has a path.
  aws_cloudwatch_metric_alarm:
    "cloudwatch:/service/GraniteServiceVersion20100801/operation/PutMetricAlarm",
  aws_ebs_default_kms_key: "ec2:GetEbsDefaultKmsKeyId",
  aws_ebs_snapshot_block_public_access: "ec2:EnableSnapshotBlockPublicAccess",
  aws_ec2_client_vpn_authorization_rule: "ec2:AuthorizeClientVpnIngress",
  aws_ec2_client_vpn_endpoint: "ec2:CreateClientVpnEndpoint",
  aws_ec2_client_vpn_network_association: "ec2:AssociateClientVpnTargetNetwork",
  aws_ec2_image_block_public_access: "ec2:EnableImageBlockPublicAccess",
  aws_ec2_instance_metadata_defaults: "ec2:ModifyInstanceMetadataDefaults",
  aws_ecr_pull_through_cache_rule: "ecr:CreatePullThroughCacheRule",
  aws_ecr_repository_creation_template: "ecr:CreateRepositoryCreationTemplate",
  aws_eks_access_entry: "eks:CreateAccessEntry",
  aws_eks_access_policy_association: "eks:AssociateAccessPolicy",
  aws_eks_addon: "eks:CreateAddon",
};

/** Why moto 5.2 cannot be given a type. */
interface Unfit {
  reason: string;
  /** Argument without which it can. @default - none */
  argument?: string;
}

/** Types that cannot be applied to moto 5.2 for another reason. */
const notForMoto: Record<string, Unfit> = {
  // put_resource_policy of moto/logs/responses.py reads the name alone.
  aws_cloudwatch_log_resource_policy: {
    reason: "moto knows policies of a region by name, and none of a log group",
    argument: "resource_arn",
  },
  // update of moto/guardduty/models.py.
  aws_guardduty_detector_feature: {
    reason: "moto keeps the features of the last call alone, and each is a call",
    argument: "additional_configuration",
  },
  // find_destination_config_in_args of moto/firehose/models.py.
  aws_kinesis_firehose_delivery_stream: {
    reason: "moto knows no delivery to OpenSearch",
    argument: "opensearch_configuration",
  },
  // invoke_function of moto/awslambda/models.py; the function's log store is not applied either, and the name says no more.
  aws_lambda_invocation: {
    reason: "moto runs functions in Docker, and this one would look for a log store",
  },
  // _log_permissions_enabled_policy of moto/s3/models.py takes every principal for an object.
  aws_s3_bucket_logging: {
    reason: 'moto fails at the statements for "*" in the policy of the bucket for logs',
  },
};

/**
 * Types that moto knows and the provider is slow with, and why: internal/service/opensearch/wait.go of the provider waits
 * ten minutes before it looks whether a domain has come, and ten before it looks whether it has gone.
 */
const slow: Record<string, string> = {
  aws_opensearch_domain:
    "the provider waits twenty minutes for a domain to come and go, and does with --log-store",
};

export interface Applicable {
  configuration: Configuration;
  /** What is left out and why, by address. */
  omitted: Record<string, string>;
}

/**
 * A configuration without what moto cannot create, and without what needs a value of that.
 *
 * @param patient whether what the provider is slow with stays
 */
export function withoutGaps(configuration: Configuration, patient = false): Applicable {
  const bodies = Object.entries(configuration.resource).flatMap(([type, named]) =>
    Object.entries(named).map(([name, body]) => ({ type, address: `${type}.${name}`, body })),
  );
  const texts = new Map(bodies.map(({ address, body }) => [address, expressionsOf(body)]));
  const omitted = new Map<string, string>();
  for (const { type, address, body } of bodies) {
    const reason = refusalOf(type, body) ?? (patient ? undefined : slow[type]);
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

/** Why moto cannot be given a resource; undefined when it can. */
function refusalOf(type: string, body: PropertyMap): string | undefined {
  const call = motoGaps[type];
  if (call !== undefined) return `moto does not answer ${call}`;
  const unfit = notForMoto[type];
  if (unfit?.argument !== undefined && !(unfit.argument in body)) return undefined;
  return unfit?.reason;
}

/** A hosted zone that a stack is given by its configuration. */
export interface Zone {
  id: string;
  name: string;
}

/** The configuration with the zone as a resource of its own: moto begins without any. */
export function withZone(configuration: Configuration, zone: Zone | undefined): Configuration {
  const {
    aws_route53_record: records,
    aws_route53_zone: zones,
    ...others
  } = configuration.resource;
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
    aws_route53_zone: { ...zones, given },
  };
  return { ...configuration, resource };
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
