import { isDeepStrictEqual } from "node:util";
import { isObject, type PropertyMap } from "../../plan/property-values";
import type { ResourceChange } from "./terraform";
import type { Configuration } from "./translate";

/**
 * Arguments that moto 5.2 does not give back as it took them, by type, or members of them: a plan would want to set them
 * again and again.
 */
const motoForgets: Record<string, string[]> = {
  // Every certificate has a key of RSA.
  aws_acm_certificate: ["key_algorithm"],
  aws_autoscaling_group: ["max_instance_lifetime"],
  aws_eks_cluster: ["access_config", "deletion_protection", "upgrade_policy", "zonal_shift_config"],
  // It makes up a key for remote access.
  aws_eks_node_group: ["node_repair_config", "remote_access", "update_config"],
  aws_kms_key: ["rotation_period_in_days"],
  aws_lambda_function: ["logging_config", "source_kms_key_arn"],
  // It gives back one more than it was given, for the template itself.
  aws_launch_template: ["tag_specifications"],
  // It keeps the network of a private zone, and does not tell it.
  aws_route53_zone: ["vpc"],
  // The tags that a bucket is created with; it keeps those that are set later.
  aws_s3_bucket: ["tags_all"],
  aws_s3_bucket_server_side_encryption_configuration: ["rule.blocked_encryption_types"],
  aws_sns_topic: ["signature_version"],
  aws_vpc_security_group_egress_rule: ["description"],
  aws_vpc_security_group_ingress_rule: ["description"],
  aws_wafv2_web_acl: ["data_protection_config"],
};

/** The configuration without a say in the arguments that moto forgets. */
export function tolerant(configuration: Configuration): Configuration {
  const resource = Object.entries(configuration.resource).map(([type, named]) => {
    const forgotten = motoForgets[type] ?? [];
    const whole = forgotten.filter((path) => !path.includes("."));
    const bodies = Object.entries(named).map(([name, body]) => [name, ignoring(body, whole)]);
    return [type, Object.fromEntries(bodies)] as const;
  });
  return { ...configuration, resource: Object.fromEntries(resource) };
}

function ignoring(body: PropertyMap, forgotten: string[]): PropertyMap {
  if (forgotten.length === 0) return body;
  const { ignore_changes: own = [] } = (body["lifecycle"] ?? {}) as { ignore_changes?: string[] };
  return { ...body, lifecycle: { ignore_changes: [...new Set([...own, ...forgotten])] } };
}

/** Whether a change wants to set nothing but what moto forgets. */
export function isForgotten({ type, change }: ResourceChange): boolean {
  if (change.actions.join() !== "update") return false;
  const forgotten = motoForgets[type] ?? [];
  const [before, after, unknown] = [change.before, change.after, change.after_unknown].map(asMap);
  const keys = Object.keys({ ...before, ...after, ...unknown });
  return keys.every((key) => {
    if (forgotten.includes(key)) return true;
    const members = forgotten.filter((path) => path.startsWith(`${key}.`));
    if (members.length === 0) {
      return unknown?.[key] !== true && isDeepStrictEqual(before?.[key], after?.[key]);
    }
    const [old, now] = [before, after].map((each) =>
      members.reduce<unknown>(without, { [key]: each?.[key] }),
    );
    return holds(old, now);
  });
}

/** Entries of the list that moto has come to remember, of the types that the configuration has. */
export function remembered(
  { resource }: Configuration,
  changes: readonly ResourceChange[],
): string[] {
  const listed = Object.entries(motoForgets).filter(([type]) => type in resource);
  return listed.flatMap(([type, forgotten]) => {
    const ofType = changes.filter((each) => each.type === type).map(({ change }) => change);
    return forgotten
      .filter((path) =>
        ofType.every(({ before, after }) => holds(at(before, path), at(after, path))),
      )
      .map((path) => `moto keeps ${path} of ${type} now: take it off`);
  });
}

/** Whether what is known of `after` is so before; what is empty may be absent. */
function holds(before: unknown, after: unknown): boolean {
  if (after === undefined || (isEmpty(before) && isEmpty(after))) return true;
  if (Array.isArray(before) && Array.isArray(after)) {
    return before.length === after.length && after.every((item, i) => holds(before[i], item));
  }
  if (isObject(before) && isObject(after)) {
    return Object.entries(after).every(([key, value]) => holds(before[key], value));
  }
  return before === after;
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === undefined || value === null || value === "";
}

/** `value` without what is at `path`, in each element of a list on the way. */
function without(value: unknown, path: string): unknown {
  if (Array.isArray(value)) return value.map((item) => without(item, path));
  if (!isObject(value)) return value;
  const [key = "", ...rest] = path.split(".");
  const { [key]: inner, ...others } = value;
  return rest.length === 0 ? others : { ...others, [key]: without(inner, rest.join(".")) };
}

/** What is at `path` in `value`, of each element of a list on the way. */
function at(value: unknown, path: string): unknown {
  const [key = "", ...rest] = path.split(".");
  if (Array.isArray(value)) return value.map((item) => at(item, path));
  const inner = isObject(value) ? value[key] : undefined;
  return rest.length === 0 ? inner : at(inner, rest.join("."));
}

const asMap = (value: unknown): PropertyMap => (isObject(value) ? value : {});
