import {
  bucketTypes,
  holdsFor,
  lifecycleTypes,
  lockTypes,
  loggingTypes,
  mustHave,
  receivesAccessLogs,
} from "./buckets";
import { isAtLeast } from "./conditions";
import type { Field, Finding, Resource, Stack } from "./model";
import { deniesEverybody, statements } from "./policy-documents";
import { stackRule } from "./rule";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any } from "./truth";

/** What PCI DSS 4.0 (10.5.1) wants at hand at once, in days. */
export const atHandDays = 90;

export const recordsKept = stackRule({
  id: "log-records-kept",
  title: "Buckets keep records of trails and access logs for 90 days at least",
  severity: "medium",
  level: "mandatory",
  requirements: ["M1", "M10"],
  controls: [],
  fix: "Let the lifecycle of the bucket expire objects after 90 days or more, or never.",
  url: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html",
  types: lifecycleTypes,
  *checkStack(stack) {
    for (const lifecycle of stack.all(...lifecycleTypes)) {
      const [bucket] = stack.refs(lifecycle.at("bucket"), bucketTypes).found;
      if (!bucket || !keepsRecords(bucket, stack)) continue;
      for (const rule of lifecycle.each("rules")) {
        const days = rule.at("expiration.days");
        if (rule.at("status").value === "Disabled" || !days.present) continue;
        yield* days.must(isAtLeast(atHandDays, "days"));
      }
    }
  },
});

function keepsRecords(bucket: Resource, stack: Stack): boolean {
  const isOfTrail = stack.users(bucket, [token.trail], "s3BucketName").length > 0;
  return isOfTrail || receivesAccessLogs(bucket, stack);
}

export const accessLogged = stackRule({
  id: "s3-access-logged",
  title: "Buckets log who reads and writes what is in them",
  severity: "medium",
  level: "advisory",
  requirements: ["M1", "M10"],
  controls: ["ckv:CKV_AWS_18", "avd:AWS-0089"],
  fix: "Add aws.s3.BucketLogging with a bucket of the stack for access logs.",
  url: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html",
  types: bucketTypes,
  *checkStack(stack) {
    for (const bucket of stack.all(...bucketTypes)) {
      // A bucket of logs that logs its own would never be done.
      if (receivesAccessLogs(bucket, stack)) continue;
      yield* mustHave(bucket, stack, loggingTypes, "access logs", () => []);
    }
  },
});

export const locksHold = stackRule({
  id: "s3-lock-retention",
  title: "A bucket with a lock has a time for which it holds, and nobody bypasses it",
  severity: "medium",
  level: "advisory",
  requirements: ["M1"],
  controls: [],
  fix: "Add aws.s3.BucketObjectLockConfiguration with a mode and days or years of default retention. In GOVERNANCE mode, deny s3:BypassGovernanceRetention to everybody in the bucket's policy.",
  url: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html",
  types: bucketTypes,
  *checkStack(stack) {
    for (const bucket of stack.all(...bucketTypes)) {
      if (bucket.at("objectLockEnabled").value === true) {
        yield* mustHave(bucket, stack, lockTypes, "a default retention", (lock) => [
          ...holdsFor(lock),
          ...holdsForEverybody(lock, bucket, stack),
        ]);
      }
    }
  },
});

/** Nothing when the mode lets nobody end a lock early, or the bucket's policy does not. */
function* holdsForEverybody(lock: Resource, bucket: Resource, stack: Stack): Iterable<Finding> {
  if (lock.at("rule.defaultRetention.mode").value !== "GOVERNANCE") return;
  yield* mustHave(bucket, stack, [token.bucketPolicy], "a policy", (policy) => {
    const document = policy.at("policy").json();
    const isDenied = any(
      statements(document).map((statement) =>
        deniesEverybody(statement, "s3:BypassGovernanceRetention"),
      ),
    );
    return document.judge(isDenied, "deny s3:BypassGovernanceRetention to everybody");
  });
}

export const trailObjects = stackRule({
  id: "log-trail-objects",
  title: "Trails record who reads and writes objects of the platform's buckets",
  severity: "low",
  level: "advisory",
  requirements: ["M1"],
  controls: [],
  fix: "Add a selector of data events for AWS::S3::Object to advancedEventSelectors.",
  url: "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html",
  types: [token.trail],
  *checkStack(stack) {
    for (const trail of stack.all(token.trail)) {
      const selectors = ["advancedEventSelectors", "eventSelectors"].map((path) => trail.at(path));
      const recorded = any(
        selectors.flatMap((field) => field.each()).map((selector) => isOfObjects(selector)),
      );
      yield* trail
        .at("advancedEventSelectors")
        .judge(recorded, "have a selector of data events of AWS::S3::Object");
    }
  },
});

function isOfObjects(selector: Field): Truth {
  const fields = selector.at("fieldSelectors").each();
  const wanted = (name: string, value: string) =>
    any(
      fields.map((field): Truth => {
        if (field.at("field").unknown) return undefined;
        return field.at("field").value === name && isAmong(field.at("equals"), value);
      }),
    );
  return any([
    all([wanted("eventCategory", "Data"), wanted("resources.type", "AWS::S3::Object")]),
    ...selector
      .at("dataResources")
      .each()
      .map((resource) => resource.at("type").value === "AWS::S3::Object"),
  ]);
}

function isAmong(list: Field, wanted: string): boolean {
  return list.each().some(({ value }) => value === wanted);
}
