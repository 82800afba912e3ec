import { is, isBetween, isNot, known, numeric } from "./conditions";
import type { Field, Finding, Resource } from "./model";
import { allows, isForAnybody, isLimitedBy, principals, statements } from "./policy-documents";
import { resourceRule } from "./rule";
import { token } from "./tokens";
import { any, not } from "./truth";

/** Days for which AWS keeps one version of the material at most, by default. */
const longestPeriod = 365;

export const rotation = resourceRule({
  id: "kms-rotation",
  title: "KMS keys rotate their material every year at least",
  severity: "medium",
  level: "mandatory",
  requirements: ["M1"],
  controls: ["ckv:CKV_AWS_7", "avd:AWS-0065"],
  fix: "Set enableKeyRotation to true and leave rotationPeriodInDays at 365 or less.",
  url: "https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html",
  types: [token.key],
  *check(key) {
    const cannotRotate = reasonAgainstRotation(key);
    if (cannotRotate) {
      yield { verdict: "notApplicable", message: cannotRotate };
      return;
    }
    yield* key.must("enableKeyRotation", is(true));
    const period = key.at("rotationPeriodInDays");
    if (period.present) {
      yield* period.must(
        known(`be at most ${longestPeriod} days`, (value) => numeric(value) <= longestPeriod),
      );
    }
  },
});

/** AWS rotates symmetric encryption keys with material of its own only. */
function reasonAgainstRotation(key: Resource): string | undefined {
  const [spec, store] = ["customerMasterKeySpec", "customKeyStoreId"].map((path) => key.at(path));
  if (spec?.present && !spec.unknown && spec.value !== "SYMMETRIC_DEFAULT") {
    return "AWS rotates symmetric keys only";
  }
  return store?.present && !store.unknown
    ? "AWS does not rotate keys of a custom key store"
    : undefined;
}

/** Two weeks: time for somebody to come back from leave and miss the key. AWS takes 7 to 30, and 30 by default. */
const shortestWindow = 14;

export const deletionWindow = resourceRule({
  id: "kms-deletion-window",
  title: "A deleted KMS key can be recovered for two weeks at least",
  severity: "medium",
  level: "mandatory",
  requirements: ["M1"],
  controls: [],
  fix: "Leave deletionWindowInDays at its default of 30.",
  url: "https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html",
  types: [token.key, token.externalKey, token.replicaKey, token.replicaExternalKey],
  *check(key) {
    const window = key.at("deletionWindowInDays");
    if (window.present) yield* window.must(isBetween(shortestWindow, 30));
  },
});

/** Conditions by which a service acts for one account, resource or use only. */
const sourceKeys = [
  "aws:SourceAccount",
  "aws:SourceArn",
  "aws:SourceOrgID",
  "kms:CallerAccount",
  "kms:ViaService",
  "kms:EncryptionContext:",
];

export const noWildcardPrincipal = resourceRule({
  id: "kms-no-wildcard-principal",
  title: "Key policies name who may use the key, and what for when it is a service",
  severity: "critical",
  level: "mandatory",
  requirements: ["M1"],
  controls: ["ckv:CKV_AWS_33"],
  fix: "Name roles and accounts; limit service principals by aws:SourceAccount, aws:SourceArn or the encryption context.",
  url: "https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html",
  types: [
    token.key,
    token.keyPolicy,
    token.externalKey,
    token.replicaKey,
    token.replicaExternalKey,
  ],
  *check(key) {
    yield* key.must("bypassPolicyLockoutSafetyCheck", isNot(true));
    // Without a policy AWS lets the account's IAM policies decide.
    const policy = key.at("policy");
    if (policy.present) {
      for (const statement of statements(policy)) yield* named(statement);
    }
  },
});

function* named(statement: Field): Iterable<Finding> {
  const refused = not(allows(statement));
  if (refused) return;
  yield* statement.judge(
    any([refused, not(isForAnybody(statement))]),
    "name the principals that use the key",
  );
  if (principals(statement, "Service").length > 0) {
    yield* statement.judge(
      any([refused, isLimitedBy(statement, sourceKeys)]),
      "limit the service by aws:SourceAccount, aws:SourceArn or the encryption context",
    );
  }
}
