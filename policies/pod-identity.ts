import { known } from "./conditions";
import type { Field, Finding, Resource, Stack } from "./model";
import { allows, isLimitedBy, limits, principals, statements } from "./policy-documents";
import { stackRule } from "./rule";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any, not } from "./truth";

export const podRolesNamed = stackRule({
  id: "iam-pod-identity-named",
  title: "Roles for pods are for a service account that the stack names",
  severity: "medium",
  level: "advisory",
  requirements: ["S4", "C3"],
  controls: [],
  fix: "Limit the trust by aws:RequestTag/kubernetes-namespace and aws:RequestTag/kubernetes-service-account, or associate the role in the stack.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html",
  types: [token.role],
  *checkStack(stack) {
    const associated = associatedRoles(stack);
    for (const role of stack.all(token.role)) {
      for (const statement of statements(role.at("assumeRolePolicy"))) {
        yield* statement.judge(
          any([
            not(all([allows(statement), isForPods(statement)])),
            namesServiceAccount(statement),
            associated.roles.has(role),
            associated.open ? undefined : false,
          ]),
          "name the namespace and the service account of the pods",
        );
      }
    }
  },
});

function isForPods(statement: Field): Truth {
  return any(
    principals(statement, "Service").map(({ unknown, text }): Truth => {
      return unknown ? undefined : text.startsWith("pods.eks.amazonaws.com");
    }),
  );
}

function namesServiceAccount(statement: Field): Truth {
  return all(
    ["kubernetes-namespace", "kubernetes-service-account"].map((tag) =>
      isLimitedBy(statement, [`aws:RequestTag/${tag}`]),
    ),
  );
}

/** The roles that add-ons and associations give to service accounts, and whether any may be among them. */
function associatedRoles(stack: Stack): { roles: ReadonlySet<Resource>; open: boolean } {
  const named = associations(stack).map(({ role }) => stack.refs(role, [token.role]));
  return {
    roles: new Set(named.flatMap(({ found }) => found)),
    open: named.some(({ unknown }) => unknown.length > 0),
  };
}

/** Who gets a role, and which. */
interface Association {
  account: Field;
  role: Field;
}

function associations(stack: Stack): Association[] {
  const places = [
    ...stack.all(token.podIdentityAssociation),
    ...stack.all(token.addon).flatMap((addon) => addon.each("podIdentityAssociations")),
  ];
  return places.map((place) => ({
    account: place.at("serviceAccount"),
    role: place.at("roleArn"),
  }));
}

export const podsOwnRoles = stackRule({
  id: "iam-pods-own-roles",
  title: "Pods have roles of their own, by service accounts of their own",
  severity: "high",
  level: "mandatory",
  requirements: ["S4", "C3"],
  controls: ["cis-eks-1.8.0:4.1.5"],
  fix: "Make a service account for the application and a role that trusts pods.eks.amazonaws.com alone, and associate the two.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html",
  types: [token.podIdentityAssociation, token.addon, token.role],
  *checkStack(stack) {
    const given = associations(stack);
    const subjects = stack.all(token.role).flatMap(subjectsOf);
    if (given.length === 0 && subjects.length === 0) {
      yield { verdict: "notApplicable", message: "the stack gives no role to pods" };
    }
    for (const { account, role } of given) {
      yield* account.must(ownAccount);
      yield* ofPods(role, stack);
    }
    for (const subject of subjects) yield* subject.must(ownAccount);
  },
});

/** A pod that names no account has the one that is called default. */
const ownAccount = known("name an account of the application's own", (text) => {
  const name = String(text).split(":").at(-1) ?? "";
  return name !== "default" && !/[*?]/.test(name);
});

/** Service accounts that take on a role by OpenID Connect. */
function subjectsOf(role: Resource): Field[] {
  return statements(role.at("assumeRolePolicy"))
    .filter((statement) => allows(statement))
    .flatMap((statement) => limits(statement, [":sub"]).flat())
    .filter(({ text }) => text.startsWith("system:serviceaccount:"));
}

/** Where stacks name the roles of those who deploy, of people and of nodes. */
function* rolesOfOthers(stack: Stack): Iterable<Field> {
  for (const provider of stack.all(token.awsProvider)) {
    yield* provider
      .at("assumeRoles")
      .json()
      .each()
      .map((one) => one.at("roleArn"));
  }
  for (const entry of stack.all(token.accessEntry, token.accessPolicyAssociation)) {
    yield entry.at("principalArn");
  }
}

function* ofPods(role: Field, stack: Stack): Iterable<Finding> {
  const { found, outside, unknown } = stack.refs(role, [token.role]);
  const other = [...rolesOfOthers(stack)].find(
    (one) =>
      outside.some(({ text }) => text === one.text) ||
      stack.refs(one, [token.role]).found.some((own) => found.includes(own)),
  );
  if (other) {
    yield role.fail(`be a role for pods alone: ${other.resource.name} gives it more`);
    return;
  }
  yield* unknown.map((field) => field.undecided());
  yield* outside.map((field) =>
    field.resource.undecided(
      `who else takes on ${field.text} is unknown: the stack does not manage the role`,
    ),
  );
  for (const own of found) {
    for (const statement of statements(own.at("assumeRolePolicy"))) {
      yield* statement.judge(
        any([not(allows(statement)), not(any(strangersIn(statement)))]),
        `let in nobody but the pods to which ${role.resource.name} gives the role`,
      );
    }
  }
}

/** Service accounts may come by OpenID Connect as well. */
function strangersIn(statement: Field): Truth[] {
  const others = [...principals(statement, "AWS"), ...principals(statement, "Service")];
  return others.map(({ unknown, text }) =>
    unknown ? undefined : !text.startsWith("pods.eks.amazonaws.com"),
  );
}
