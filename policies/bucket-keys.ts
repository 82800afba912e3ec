import { bucketTypes } from "./buckets";
import type { Field, Finding } from "./model";
import type { ConditionOn } from "./policy-documents";
import {
  conditionsOf,
  denies,
  deniesEverybody,
  isForAnybody,
  statements,
} from "./policy-documents";
import { stackRule } from "./rule";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any, not } from "./truth";

export const ownKeysOnly = stackRule({
  id: "s3-kms-only",
  title: "Nobody puts objects under another key than the bucket's own, or changes the key of one",
  severity: "medium",
  level: "mandatory",
  requirements: ["M1"],
  controls: [],
  fix: "Deny s3:PutObject and s3:ReplicateObject to everybody in the bucket's policy when s3:x-amz-server-side-encryption or s3:x-amz-server-side-encryption-aws-kms-key-id is given, and s3:UpdateObjectEncryption. A role that must name a key may do so for keys of the account.",
  url: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#require-sse-kms",
  types: bucketTypes,
  *checkStack(stack) {
    for (const bucket of stack.all(...bucketTypes)) {
      for (const policy of stack.users(bucket, [token.bucketPolicy], "bucket")) {
        yield* keepsKeys(policy.at("policy").json());
      }
    }
  },
});

function* keepsKeys(document: Field): Iterable<Finding> {
  const some = (holds: (statement: Field) => Truth) => any(statements(document).map(holds));
  yield* document.judge(some(deniesOtherKinds), "deny objects under other kinds of keys");
  const closed = some((statement) => deniesKeys(statement, []));
  const open = some((statement) => deniesKeys(statement, [isException]));
  yield* document.judge(any([closed, open]), "deny objects under a key that the request names");
  yield* document.judge(
    any([closed, not(open), some(holdsToOwnKeys)]),
    "hold those who may name a key to keys of the account",
  );
  const keyStays = some((statement) => deniesEverybody(statement, "s3:UpdateObjectEncryption"));
  yield* document.judge(keyStays, "deny s3:UpdateObjectEncryption");
}

type Condition = NonNullable<ConditionOn>;
type Test = (condition: Condition) => Truth;

const kindKey = "s3:x-amz-server-side-encryption";
const idKey = `${kindKey}-aws-kms-key-id`;

const isNot = ["stringnotequals", "stringnotlike", "arnnotequals", "arnnotlike"];

function on(operators: readonly string[], key: string, accepted: (value: string) => boolean): Test {
  return ({ operator, key: actual, values }) => {
    if (!operators.includes(operator) || actual !== key.toLowerCase()) return false;
    return all([
      values.length > 0,
      ...values.map((value) => (value.unknown ? undefined : accepted(value.text))),
    ]);
  };
}

const isFalse = (value: string) => value === "false";
const hasNoWildcard = (value: string) => !/[*?]/.test(value);

/** Services write as their own settings say. */
const forPeople = on(["bool"], "aws:PrincipalIsAWSService", isFalse);
const kindIsGiven = on(["null"], kindKey, isFalse);
const kindIsNotKms = on(isNot, kindKey, (value) => value.startsWith("aws:kms"));
const keyIsGiven = on(["null"], idKey, isFalse);
const keyIsNot = on(isNot, idKey, hasNoWildcard);
const isException = on(isNot, "aws:PrincipalArn", hasNoWildcard);
const keyIsForeign = on(isNot, idKey, (value) =>
  /^arn:[^:]+:kms:[^:*?]+:\d{12}:key\/./.test(value),
);

/** Whether a statement denies everybody to put objects, on one of some conditions at least and no others than allowed. */
function deniesPuts(statement: Field, wanted: readonly Test[], allowed: readonly Test[]): Truth {
  const conditions = conditionsOf(statement);
  const meets = (condition: ConditionOn, tests: readonly Test[]): Truth =>
    condition && any(tests.map((test) => test(condition)));
  return all([
    denies(statement, "s3:PutObject"),
    denies(statement, "s3:ReplicateObject"),
    isForAnybody(statement),
    any(conditions.map((condition) => meets(condition, wanted))),
    all(conditions.map((condition) => meets(condition, [...wanted, ...allowed]))),
  ]);
}

function deniesOtherKinds(statement: Field): Truth {
  return deniesPuts(statement, [kindIsGiven, kindIsNotKms], [forPeople]);
}

function deniesKeys(statement: Field, exceptions: readonly Test[]): Truth {
  return deniesPuts(statement, [keyIsGiven, keyIsNot], [forPeople, ...exceptions]);
}

/** A request that names a kind and no key is not of the bucket's own key: its key is none of the account's either. */
function holdsToOwnKeys(statement: Field): Truth {
  return deniesPuts(statement, [keyIsForeign], [forPeople, kindIsGiven]);
}
