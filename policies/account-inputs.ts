import type { Field, Resource } from "./model";
import { isRecord } from "./model";
import { token } from "./tokens";

/**
 * What the inputs of a resource say, each text and number by itself; a policy document stays whole, in a text as in a
 * map. What is for people, or is a file, says nothing of who may do what.
 */
export function inputsOf(resource: Resource): Field[] {
  return Object.keys(resource.inputs)
    .filter((key) => !forPeople.test(key))
    .flatMap((key) => said(resource.at(key)));
}

const forPeople = /^(tags|tagsAll|defaultTags|description|comment|__\w+)$/;

/** Assets and archives have a signature of their own (sdk/go/common/resource/sig/sig.go of pulumi/pulumi). */
const assetKey = "4dabf18193072939515e22adb298388d";

function said(field: Field): Field[] {
  const { value } = field;
  if (Array.isArray(value)) return field.each().flatMap(said);
  if (isRecord(value)) {
    if (Object.hasOwn(value, assetKey)) return [];
    if (Object.hasOwn(value, "Statement")) return [field];
    return field
      .values()
      .filter((one) => !forPeople.test(keyOf(one)))
      .flatMap(said);
  }
  const document = inText(field);
  if (document) return said(document);
  return field.present ? [field] : [];
}

/** The map or list that a text is, if it is one. */
function inText(field: Field): Field | undefined {
  if (!/^\s*[[{]/.test(field.text)) return undefined;
  try {
    const parsed = field.json();
    return parsed === field ? undefined : parsed;
  } catch {
    // Patterns of filters and templates start like that, too.
    return undefined;
  }
}

/** The key under which a field stands, whichever item of a list it is. */
export function keyOf({ path }: Field): string {
  return /([^.[\]]*)(\[\d+\])*$/.exec(path)?.[1] ?? "";
}

/** Whether a text without a document in it may be an account's number: of an owner, a member, whom something is shared with. */
export function isWho(field: Field): boolean {
  return who.test(keyOf(field)) && !notWho.test(field.path);
}

const who =
  /account|principal|owner|grantee|member|consumer|receiver|shared|(registry|catalog|master|user|target)ids?$|identifiers?$|^(sources|imageProviders|externalDataFilteringAllowLists)$/i;
/** Service accounts of Kubernetes and of Grafana, and accounts to which something does not apply. */
const notWho = /serviceAccount|exclu/i;

/** Whether `*` or `all` stands for everybody in an input. */
export function mayBeEverybody(field: Field): boolean {
  return (
    /(accounts?|account_?ids?|principals?|principalArn|userIds|userGroups)$/i.test(keyOf(field)) ||
    (field.resource.type === token.amiLaunchPermission && keyOf(field) === "group")
  );
}

/** Whether an input says who may do what, or where something goes. */
export function saysWho(field: Field): boolean {
  return (
    isDocument(field) ||
    /(accounts?|account_?ids?|principals?|owners?|grantee|arns?)$/i.test(keyOf(field))
  );
}

const documents =
  /^(policy|policyDocument|accessPolic(y|ies)|assumeRolePolicy|inlinePolicy|resourcePolicy|repositoryPolicy|deliveryDestinationPolicy|(kms|s3|sts)PolicyDocument)$/;

/** Whether an input holds a policy document; that of an organization is its content. */
export function isDocument(field: Field): boolean {
  const key = keyOf(field);
  return documents.test(key) || (key === "content" && field.resource.type.endsWith("Policy"));
}
