import type { Condition } from "./conditions";
import { is, isBetween, isNot, isOneOf } from "./conditions";
import { mustNameKey } from "./keys";
import type { Field, Finding, Resource, Stack } from "./model";
import { resourceRule, stackRule } from "./rule";
import { token } from "./tokens";

/** Both names that @pulumi/aws has for a bucket; the settings have two as well. */
export const bucketTypes = [token.bucket, token.bucketV2];
const encryptionTypes = [token.bucketEncryption, token.bucketEncryptionV2];
const versioningTypes = [token.bucketVersioning, token.bucketVersioningV2];
export const lifecycleTypes = [token.bucketLifecycle, token.bucketLifecycleV2];
export const loggingTypes = [token.bucketLogging, token.bucketLoggingV2];
export const lockTypes = [token.bucketLock, token.bucketLockV2];

/** What is found of a setting that every bucket must have as a resource of its own. */
export function* mustHave(
  bucket: Resource,
  stack: Stack,
  types: readonly string[],
  what: string,
  check: (setting: Resource) => Iterable<Finding>,
): Iterable<Finding> {
  const settings = stack.users(bucket, types, "bucket");
  if (settings.length === 0) {
    const open = stack.danglers(types, "bucket", bucketTypes);
    yield* open.length > 0
      ? open.map((field) => field.undecided())
      : [bucket.fail(`${bucket.name} must have ${what}, got none`)];
  }
  for (const setting of settings) yield* check(setting);
}

const publicAccess = [
  "blockPublicAcls",
  "blockPublicPolicy",
  "ignorePublicAcls",
  "restrictPublicBuckets",
];

export const privateBuckets = stackRule({
  id: "s3-private",
  title: "Every bucket blocks public access of every kind and belongs to its account alone",
  severity: "critical",
  level: "mandatory",
  requirements: ["M1"],
  controls: [
    "ckv:CKV_AWS_53",
    "ckv:CKV_AWS_54",
    "ckv:CKV_AWS_55",
    "ckv:CKV_AWS_56",
    "ckv:CKV2_AWS_6",
    "ckv:CKV2_AWS_65",
    "avd:AWS-0086",
    "avd:AWS-0087",
    "avd:AWS-0091",
    "avd:AWS-0093",
  ],
  fix: "Add aws.s3.BucketPublicAccessBlock with all four settings true, and aws.s3.BucketOwnershipControls with BucketOwnerEnforced.",
  url: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
  types: bucketTypes,
  *checkStack(stack) {
    for (const bucket of stack.all(...bucketTypes)) {
      yield* mustHave(bucket, stack, [token.bucketPrivacy], "a public access block", (block) =>
        publicAccess.flatMap((field) => block.must(field, is(true))),
      );
      const owner = isOneOf(["BucketOwnerEnforced"]);
      for (const controls of stack.users(bucket, [token.bucketOwnership], "bucket")) {
        yield* controls.must("rule.objectOwnership", owner);
      }
      // Access lists are off in new buckets: what turns them on again is an access list.
      for (const field of ["acl", "grants"]) {
        const list = bucket.at(field);
        if (list.present) yield list.fail("be left out: access is given by policies");
      }
    }
  },
});

export const encryptedBuckets = stackRule({
  id: "s3-encrypted",
  title: "Every bucket encrypts with a key that the account manages, but for those of access logs",
  severity: "high",
  level: "mandatory",
  requirements: ["M1"],
  controls: ["ckv:CKV_AWS_19", "ckv:CKV_AWS_145", "avd:AWS-0088", "avd:AWS-0132"],
  fix: 'Add aws.s3.BucketServerSideEncryptionConfiguration with sseAlgorithm "aws:kms", a key and bucketKeyEnabled.',
  url: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",
  types: bucketTypes,
  *checkStack(stack) {
    for (const bucket of stack.all(...bucketTypes)) {
      const kind = receivesAccessLogs(bucket, stack)
        ? isOneOf(["AES256"])
        : isOneOf(["aws:kms", "aws:kms:dsse"]);
      yield* mustHave(bucket, stack, encryptionTypes, "a default encryption", (setting) =>
        encryptions(setting).flatMap((rule) => [...encryption(rule, kind, stack)]),
      );
    }
  },
});

/** The rules of the setting; none at all is one that says nothing. */
function encryptions(setting: Resource): Field[] {
  const rules = setting.each("rules");
  return rules.length > 0 ? rules : [setting.at("rules[0]")];
}

function* encryption(rule: Field, kind: Condition, stack: Stack): Iterable<Finding> {
  const byDefault = rule.at("applyServerSideEncryptionByDefault");
  const algorithm = byDefault.at("sseAlgorithm");
  yield* algorithm.must(kind);
  // Who alone has the key of an object can keep it from its owner.
  const blocked = rule.at("blockedEncryptionTypes");
  if (blocked.each().some(({ value }) => value === "NONE")) yield blocked.fail("hold SSE-C");
  if (algorithm.unknown || algorithm.value === "AES256") return;
  yield* mustNameKey(byDefault.at("kmsMasterKeyId"), stack);
  if (algorithm.value === "aws:kms") yield* rule.at("bucketKeyEnabled").must(is(true));
}

/** Load balancers and S3 itself write access logs under S3's own keys only. */
export function receivesAccessLogs(bucket: Resource, stack: Stack): boolean {
  const balancers = [token.loadBalancer, token.loadBalancerAlb, token.loadBalancerClassic];
  return (
    stack.users(bucket, loggingTypes, "targetBucket").length > 0 ||
    ["accessLogs.bucket", "connectionLogs.bucket"].some(
      (path) => stack.users(bucket, balancers, path).length > 0,
    )
  );
}

export const versionedBuckets = stackRule({
  id: "s3-versioned",
  title: "Every bucket keeps what is overwritten or deleted, and forgets it in time",
  severity: "medium",
  level: "mandatory",
  requirements: ["M1"],
  controls: ["ckv:CKV_AWS_21", "ckv:CKV2_AWS_61", "ckv:CKV_AWS_300", "avd:AWS-0090"],
  fix: "Add aws.s3.BucketVersioning, and aws.s3.BucketLifecycleConfiguration that expires noncurrent versions and aborts incomplete uploads.",
  url: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html",
  types: bucketTypes,
  *checkStack(stack) {
    for (const bucket of stack.all(...bucketTypes)) {
      yield* mustHave(bucket, stack, versioningTypes, "versioning", (versioning) =>
        versioning.must("versioningConfiguration.status", is("Enabled")),
      );
      yield* mustHave(bucket, stack, lifecycleTypes, "a lifecycle", (lifecycle) => [
        ...forgets(lifecycle, "noncurrentVersionExpiration.noncurrentDays"),
        ...forgets(lifecycle, "abortIncompleteMultipartUpload.daysAfterInitiation"),
      ]);
    }
  },
});

/** Nothing when a rule that is on says after how many days. */
function* forgets(lifecycle: Resource, path: string): Iterable<Finding> {
  const rules = lifecycle.each("rules");
  const open = rules.find((rule) => rule.unknown || rule.at("status").unknown);
  const days = isBetween(1, 36_500);
  const on = rules.filter((rule) => rule.at("status").value === "Enabled");
  const judged = on.map((rule) => rule.at(path).must(days));
  if (judged.some((findings) => findings.length === 0)) return;
  const undecided = judged.flat().filter(({ verdict }) => verdict === "undecided");
  if (open) yield open.undecided();
  else if (undecided.length > 0) yield* undecided;
  else yield lifecycle.fail(`rules must set ${path} in a rule that is on, got none`);
}

export const keptBuckets = resourceRule({
  id: "s3-no-force-destroy",
  title: "No bucket is emptied by its own deletion",
  severity: "high",
  level: "mandatory",
  requirements: ["M1"],
  controls: [],
  fix: "Leave forceDestroy false: who deletes a bucket empties it before, and knows what is lost.",
  url: "https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucket/",
  types: bucketTypes,
  *check(bucket) {
    yield* bucket.must("forceDestroy", isNot(true));
  },
});

/** Nothing when nobody can delete what is in the bucket, for so many days at least. */
export function* mustBeLocked(
  bucket: Resource,
  stack: Stack,
  leastDays: number,
): Iterable<Finding> {
  yield* bucket.must("objectLockEnabled", is(true));
  yield* mustHave(bucket, stack, lockTypes, "a default retention", (lock) =>
    holdsFor(lock, leastDays),
  );
}

/** What is found of a lock that holds for too short a time, or that nobody set. */
export function holdsFor(lock: Resource, leastDays = 1): Finding[] {
  const retention = lock.at("rule.defaultRetention");
  const years = retention.at("years");
  return [
    ...retention.at("mode").must(isOneOf(["GOVERNANCE", "COMPLIANCE"])),
    ...(years.present
      ? years.must(isBetween(1, 100))
      : retention.at("days").must(isBetween(leastDays, 36_500))),
  ];
}
