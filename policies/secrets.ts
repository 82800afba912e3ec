import type { Field, Finding, Resource, Stack } from "./model";
import { conditionsOf, denies, isForAnybody, statements } from "./policy-documents";
import { stackRule } from "./rule";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any } from "./truth";

const url =
  "https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_resource-policies.html";

export const secretReaders = stackRule({
  id: "iam-secret-readers-named",
  title: "Every secret says who may read it: rights by IAM alone are not enough",
  severity: "high",
  level: "mandatory",
  requirements: ["J7", "M1"],
  controls: [],
  fix: "Set a policy of the secret that denies secretsmanager:GetSecretValue to everybody unless aws:PrincipalArn is one of named ARNs.",
  url,
  types: [token.secret],
  *checkStack(stack) {
    yield* namesPrincipals(stack, ["secretsmanager:GetSecretValue"]);
  },
});

/**
 * What decides what readers get: the value, which of its versions counts, the policy, and that there is another secret
 * under the name, which has no policy.
 */
const changes = [
  "secretsmanager:PutSecretValue",
  "secretsmanager:UpdateSecret",
  "secretsmanager:UpdateSecretVersionStage",
  "secretsmanager:PutResourcePolicy",
  "secretsmanager:DeleteResourcePolicy",
  "secretsmanager:DeleteSecret",
];

export const secretWriters = stackRule({
  id: "iam-secret-writers-named",
  title: "Every secret says who may change it and its policy: rights by IAM alone are not enough",
  severity: "high",
  level: "mandatory",
  requirements: ["J7", "M1"],
  controls: [],
  fix: `Set a policy of the secret that denies ${changes.join(", ")} to everybody unless aws:PrincipalArn is one of named ARNs; the role that deploys the stack is one of them.`,
  url,
  types: [token.secret],
  *checkStack(stack) {
    yield* namesPrincipals(stack, changes);
  },
});

function* namesPrincipals(stack: Stack, actions: readonly string[]): Iterable<Finding> {
  for (const secret of stack.all(token.secret)) {
    const documents = policiesOf(secret, stack);
    if (documents.length === 0) yield secret.fail(`policy must ${denial(actions)}, got nothing`);
    for (const document of documents) yield* sparesTheNamed(document, actions);
  }
}

/** The policy of a secret, in the secret or beside it. */
function policiesOf(secret: Resource, stack: Stack): Field[] {
  const beside = stack.users(secret, [token.secretPolicy], "secretArn");
  const owners = [...beside, secret].map((one) => one.at("policy"));
  return owners.filter(({ present }) => present).map((policy) => policy.json());
}

const denial = (actions: readonly string[]) =>
  `deny ${actions.join(", ")} to everybody but principals named by aws:PrincipalArn`;

function sparesTheNamed(document: Field, actions: readonly string[]): Finding[] {
  const spared = actions.map((action) =>
    any(statements(document).map((one) => deniesAllButTheNamed(one, action))),
  );
  const allowed = actions.filter((_, i) => spared[i] === false);
  return document.judge(all(spared), denial(allowed));
}

/** Operators that spare the named and meet everybody else. */
const sparing = ["arnnotequals", "arnnotlike", "stringnotequals", "stringnotlike"];

function deniesAllButTheNamed(statement: Field, action: string): Truth {
  const conditions = conditionsOf(statement);
  const isNamed = ({ unknown, text }: Field) => (unknown ? undefined : !/[*?]/.test(text));
  return all([
    denies(statement, action),
    isForAnybody(statement),
    any(
      statement
        .at("Resource")
        .each()
        .map(({ unknown, text }) => (unknown ? undefined : text === "*")),
    ),
    // Each condition more would spare others as well.
    conditions.length === 1,
    ...conditions.map((only): Truth => {
      if (!only) return undefined;
      const { operator, key, values } = only;
      if (!sparing.includes(operator) || key !== "aws:principalarn") return false;
      return all([values.length > 0, ...values.map(isNamed)]);
    }),
  ]);
}
