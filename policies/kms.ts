import { is, isBetween, isNot, known, numeric } from "./conditions";
import type { Field, Finding, Resource } from "./model";
import {
  allows,
  grants,
  isEveryActionOfAService,
  isForAnybody,
  isLimitedBy,
  isWholeAccount,
  ofPermissions,
  ofStatements,
  permissionsOf,
  permissionTypes,
  principals,
  statements,
  wants,
} from "./policy-documents";
import { resourceRule } from "./rule";
import { isForNamedSource } from "./sources";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any, not } from "./truth";

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

/** Types that carry the policy of a key. */
export const keyTypes: readonly string[] = [
  token.key,
  token.keyPolicy,
  token.externalKey,
  token.replicaKey,
  token.replicaExternalKey,
];

/** Conditions by which a service acts for one account, organization or use only. */
const sourceKeys = [
  "aws:SourceAccount",
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
  fix: "Name roles and accounts; limit service principals by aws:SourceAccount, by aws:SourceArn with an account, or by the encryption context.",
  url: "https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html",
  types: keyTypes,
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
      any([refused, isForNamedSource(statement, sourceKeys)]),
      "limit the service by aws:SourceAccount, by aws:SourceArn with an account, or by the encryption context",
    );
  }
}

export const grantsLimited = resourceRule({
  id: "kms-grants-limited",
  title:
    "Who may make grants on a key makes them for AWS services, or for named operations or grantees",
  severity: "high",
  level: "mandatory",
  requirements: ["M1"],
  controls: [],
  fix: "Name the actions in use, and limit kms:CreateGrant by Bool kms:GrantIsForAWSResource true, kms:GrantOperations or kms:GranteePrincipal.",
  url: "https://docs.aws.amazon.com/kms/latest/developerguide/grant-authorization.html",
  types: [...keyTypes, ...permissionTypes],
  *check(resource) {
    const isKey = keyTypes.includes(resource.type);
    const documents = permissionsOf(resource);
    yield* ofStatements(documents, `${resource.name} has no policy of its own`, (statement) =>
      statement.judge(
        any([
          not(grants(statement, "kms:CreateGrant")),
          isKey ? handsOver(statement) : false,
          limitsGrants(statement),
        ]),
        "limit kms:CreateGrant by kms:GrantIsForAWSResource, kms:GrantOperations or kms:GranteePrincipal",
      ),
    );
  },
});

/** A key policy that names the account leaves the decision to the account's IAM policies. */
function handsOver(statement: Field): Truth {
  const people = principals(statement, "AWS");
  return all([
    people.length > 0,
    principals(statement, "Service").length === 0,
    ...people.map(isWholeAccount),
  ]);
}

const listOperators = ["stringequals", "forallvalues:stringequals", "foranyvalue:stringequals"];

function limitsGrants(statement: Field): Truth {
  return any([
    wants(statement, ["bool"], "kms:GrantIsForAWSResource", (value) => value === "true"),
    // A grant has operations always, so a condition on all of them holds of some.
    wants(statement, listOperators, "kms:GrantOperations", (value) => /^[A-Za-z]+$/.test(value)),
    isLimitedBy(statement, ["kms:GranteePrincipal"]),
  ]);
}

export const decryptNamedKeys = resourceRule({
  id: "kms-decrypt-named-keys",
  title: "Who may decrypt, or let others do so, may do so with named keys",
  severity: "high",
  level: "mandatory",
  requirements: ["M1", "S3"],
  controls: [],
  fix: "Name the ARNs of keys, or limit kms:Decrypt and kms:CreateGrant by ForAnyValue:StringEquals kms:ResourceAliases, or by kms:ViaService and the encryption context.",
  url: "https://docs.aws.amazon.com/securityhub/latest/userguide/kms-controls.html",
  types: permissionTypes,
  *check(resource) {
    yield* ofPermissions(resource, (statement) => {
      const decrypts = ["kms:Decrypt", "kms:ReEncryptFrom", "kms:CreateGrant"].map((action) =>
        grants(statement, action),
      );
      return statement.judge(
        any([not(any(decrypts)), not(coversKeys(statement)), namesKeys(statement)]),
        "name the keys that it decrypts with",
      );
    });
  },
});

/** Whether a pattern of the statement stands for more than one key. KMS ignores ARNs of aliases here. */
function coversKeys(statement: Field): Truth {
  return any([
    statement.at("NotResource").present,
    ...statement
      .at("Resource")
      .each()
      .map(({ unknown, text }): Truth => {
        if (unknown) return undefined;
        const [, , service = text, , , ...name] = text.split(":");
        const resource = name.length > 0 ? name.join(":") : text;
        return (
          /[*?]|^kms$/.test(service) && /[*?]/.test(resource) && !resource.startsWith("alias/")
        );
      }),
  ]);
}

/** docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html: a key may have many aliases, a request one. */
function namesKeys(statement: Field): Truth {
  const isAlias = (value: string) => /^alias\/[^*?]/.test(value);
  const ofMany = ["foranyvalue:stringequals", "foranyvalue:stringlike"];
  return any([
    wants(statement, ofMany, "kms:ResourceAliases", isAlias),
    wants(statement, ["stringequals", "stringlike"], "kms:RequestAlias", isAlias),
    all([
      isLimitedBy(statement, ["kms:ViaService"]),
      isLimitedBy(statement, ["kms:EncryptionContext:"]),
    ]),
  ]);
}

export const keyActionsNamed = resourceRule({
  id: "kms-actions-named",
  title: "Of a key's policy nobody but the account itself gets every action",
  severity: "medium",
  level: "mandatory",
  requirements: ["M1", "S3"],
  controls: [],
  fix: "Name the actions of services, of their roles and of people; leave kms:* to the account, whose IAM policies decide then.",
  url: "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html",
  types: keyTypes,
  *check(key) {
    yield* ofStatements(permissionsOf(key), `${key.name} has no policy of its own`, (statement) =>
      statement.judge(
        any([
          not(all([allows(statement), isEveryActionOfAService(statement)])),
          handsOver(statement),
        ]),
        "name the actions in use",
      ),
    );
  },
});
