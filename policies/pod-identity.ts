import type { Field, Resource, Stack } from "./model";
import { allows, isLimitedBy, principals, statements } from "./policy-documents";
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
  const named = [
    ...stack.all(token.podIdentityAssociation).map((one) => one.at("roleArn")),
    ...stack
      .all(token.addon)
      .flatMap((addon) => addon.each("podIdentityAssociations"))
      .map((one) => one.at("roleArn")),
  ].map((field) => stack.refs(field, [token.role]));
  return {
    roles: new Set(named.flatMap(({ found }) => found)),
    open: named.some(({ unknown }) => unknown.length > 0),
  };
}
