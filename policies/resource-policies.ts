import { bucketTypes, mustHave } from "./buckets";
import { numeric } from "./conditions";
import { mustNameKey } from "./keys";
import type { Field, Finding, Resource, Stack } from "./model";
import { allows, isForAnybody, isLimitedBy, principals, statements } from "./policy-documents";
import { stackRule } from "./rule";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any, not } from "./truth";

/** Conditions by which a service acts for one account or one resource only. */
const sourceKeys = ["aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID"];
/** Conditions that make of everybody somebody. */
const whoKeys = [...sourceKeys, "aws:PrincipalOrgID", "aws:PrincipalAccount", "aws:PrincipalArn"];

export const bucketPolicies = stackRule({
  id: "s3-tls-only",
  title: "Every bucket is spoken to over TLS 1.2 or later only, and names whom it serves",
  severity: "high",
  level: "mandatory",
  requirements: ["M1", "M2"],
  controls: ["ckv:CKV_AWS_70", "ckv:CKV_AWS_379"],
  fix: "Add aws.s3.BucketPolicy that denies s3:* when aws:SecureTransport is false or s3:TlsVersion is less than 1.2, and limit services by aws:SourceAccount or aws:SourceArn.",
  url: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html",
  types: bucketTypes,
  *checkStack(stack) {
    for (const bucket of stack.all(...bucketTypes)) {
      yield* mustHave(bucket, stack, [token.bucketPolicy], "a policy", (policy) => {
        const document = policy.at("policy").json();
        return [
          ...deniesPlainText(document, ["s3:*", "*"], coversBucket),
          ...document.judge(
            any(statements(document).map((one) => refusesOldTls(one))),
            "deny s3:* to everybody when s3:TlsVersion is less than 1.2",
          ),
          ...namesWhom(document),
        ];
      });
    }
  },
});

export const topicPolicies = stackRule({
  id: "mon-topic-encrypted",
  title: "Every topic is encrypted with a key that the account manages and names who publishes",
  severity: "medium",
  level: "mandatory",
  requirements: ["M1", "M10"],
  controls: ["ckv:CKV_AWS_26", "ckv:CKV_AWS_169", "avd:AWS-0095", "avd:AWS-0136"],
  fix: "Set kmsMasterKeyId, and a policy that limits services by aws:SourceAccount or aws:SourceArn and denies sns:Publish when aws:SecureTransport is false.",
  url: "https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html",
  types: [token.topic],
  *checkStack(stack) {
    for (const topic of stack.all(token.topic)) {
      yield* mustNameKey(topic.at("kmsMasterKeyId"), stack);
      for (const document of topicDocuments(topic, stack)) {
        yield* deniesPlainText(document, ["sns:publish", "sns:*", "*"]);
        yield* namesWhom(document);
      }
    }
  },
});

/** The policy of a topic, in the topic or beside it; without one the account's own may publish, in plain text too. */
function topicDocuments(topic: Resource, stack: Stack): Field[] {
  const beside = stack.users(topic, [token.topicPolicy], "arn").map((one) => one.at("policy"));
  const documents = beside.length > 0 ? beside : [topic.at("policy")];
  return documents.map((document) => document.json());
}

/** Whether the statement is about the bucket and about what is in it: IAM sees two kinds of resources. */
function coversBucket(statement: Field): Truth {
  const resources = statement.at("Resource").each();
  const some = (fits: (text: string) => boolean) =>
    any(resources.map(({ unknown, text }) => fits(text) || (unknown ? undefined : false)));
  return all([
    some((text) => text === "*" || /^[^/]+$/.test(text)),
    some((text) => text === "*" || text.endsWith("/*")),
  ]);
}

function deniesPlainText(
  document: Field,
  actions: readonly string[],
  covers: (statement: Field) => Truth = () => true,
): Finding[] {
  const denial = any(
    statements(document).map((one) =>
      all([
        deniesEverybody(one, actions),
        covers(one),
        condition(one, "Bool", "aws:SecureTransport", (text) => text === "false"),
      ]),
    ),
  );
  return document.judge(denial, `deny ${actions[0] ?? ""} to everybody without TLS`);
}

function refusesOldTls(statement: Field): Truth {
  return all([
    deniesEverybody(statement, ["s3:*", "*"]),
    coversBucket(statement),
    condition(statement, "NumericLessThan", "s3:TlsVersion", (text) => numeric(text) >= 1.2),
  ]);
}

function deniesEverybody(statement: Field, actions: readonly string[]): Truth {
  const effect = statement.at("Effect");
  const named = statement.at("Action").each();
  return all([
    effect.unknown ? undefined : effect.value === "Deny",
    isForAnybody(statement),
    any(named.map((one) => (one.unknown ? undefined : actions.includes(one.text.toLowerCase())))),
  ]);
}

function condition(
  statement: Field,
  operator: string,
  key: string,
  holds: (text: string) => boolean,
): Truth {
  const values = statement.at("Condition").child(operator).child(key).each();
  return any(values.map((value) => (value.unknown ? undefined : holds(value.text))));
}

function* namesWhom(document: Field): Iterable<Finding> {
  for (const statement of statements(document)) {
    const refused = not(allows(statement));
    if (refused) continue;
    yield* statement.judge(
      any([refused, not(isForAnybody(statement)), isLimitedBy(statement, whoKeys)]),
      "name the principals that it allows",
    );
    if (principals(statement, "Service").length > 0) {
      yield* statement.judge(
        any([refused, isLimitedBy(statement, sourceKeys)]),
        "limit the service by aws:SourceAccount or aws:SourceArn",
      );
    }
  }
}
