import type { Field, Finding, Stack } from "./model";
import { token } from "./tokens";

/** Types that a field for a KMS key may refer to. */
const keyTypes = [
  token.key,
  token.keyAlias,
  token.externalKey,
  token.replicaKey,
  token.replicaExternalKey,
];

/** AWS' own keys: their policy and rotation are not the owner's to set. */
const awsManaged = /(^|:)alias\/aws\//;

/** Nothing when the field names a KMS key that its owner manages, here or in another stack. */
export function mustNameKey(field: Field, stack: Stack): Finding[] {
  const rule = "name a KMS key that you manage";
  if (!field.present) return [field.fail(rule)];
  const { found, outside, unknown } = stack.refs(field, keyTypes);
  if (found.length > 0) return [];
  if (outside.some(({ value }) => awsManaged.test(String(value)))) return [field.fail(rule)];
  return unknown.map((reference) => reference.undecided());
}
