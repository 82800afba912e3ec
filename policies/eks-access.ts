import { is } from "./conditions";
import type { Finding, Resource } from "./model";
import { allows, principals, statements } from "./policy-documents";
import { resourceRule, stackRule } from "./rule";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any, not } from "./truth";

export const accessApiMode = resourceRule({
  id: "eks-access-api-mode",
  title: "Access entries alone decide who may use the Kubernetes API",
  severity: "high",
  level: "mandatory",
  requirements: ["J2", "J3"],
  controls: ["cis-eks-1.8.0:4.1.7", "avd:KSV-0115"],
  fix: "Set accessConfig.authenticationMode to API and leave the aws-auth config map alone.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html",
  types: [token.cluster, token.configMap, token.configMapPatch],
  *check(resource) {
    if (resource.type === token.cluster) {
      // Without a mode EKS takes CONFIG_MAP, which anybody who can edit the map can widen.
      yield* resource.must("accessConfig.authenticationMode", is("API"));
      return;
    }
    const named = ["name", "namespace"].map((key) => resource.at(`metadata.${key}`));
    const isMap = all(named.map((field, i) => field.equals(["aws-auth", "kube-system"][i])));
    if (isMap)
      yield resource.fail(
        "metadata must not name kube-system/aws-auth: access entries take its place",
      );
    if (isMap === undefined)
      yield* named.filter(({ unknown }) => unknown).map((field) => field.undecided());
  },
});

export const noCreatorAdmin = resourceRule({
  id: "eks-no-creator-admin",
  title: "Whoever creates a cluster does not become its administrator in silence",
  severity: "medium",
  level: "mandatory",
  requirements: ["J3", "S3"],
  controls: ["cis-eks-1.8.0:4.1.7"],
  fix: "Set accessConfig.bootstrapClusterCreatorAdminPermissions to false and make an access entry.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html",
  types: [token.cluster],
  *check(cluster) {
    yield* cluster.must("accessConfig.bootstrapClusterCreatorAdminPermissions", is(false));
  },
});

export const noClusterAdminEntry = stackRule({
  id: "eks-no-cluster-admin-entry",
  title: "One principal has access to the whole cluster; all others are limited to namespaces",
  severity: "high",
  level: "mandatory",
  requirements: ["J3", "S3", "S5"],
  controls: ["cis-eks-1.8.0:4.1.1"],
  fix: "Give other principals an access scope of type namespace with the names of their own namespaces.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/access-policies.html",
  types: [token.accessPolicyAssociation, token.accessEntry],
  config: {
    maxClusterAdmins: {
      type: "integer",
      minimum: 0,
      default: 1,
      description:
        "How many principals may have access to a whole cluster: the deployer, and break-glass roles.",
    },
  },
  *checkStack(stack, { maxClusterAdmins }) {
    for (const entry of stack.all(token.accessEntry)) yield* noMasters(entry);
    const associations = stack.all(token.accessPolicyAssociation);
    for (const association of associations) yield* noSystemNamespaces(association);
    // Whoever only looks looks into every namespace too.
    const wide = associations.filter((association) => isClusterWide(association) === true);
    const holders = new Set(wide.map((association) => principalOf(association)));
    if (holders.size > maxClusterAdmins) {
      for (const association of wide) {
        yield association.fail(
          `accessScope must name namespaces for all but ${maxClusterAdmins} of the principals, got the whole cluster for ${wide.map(({ name }) => name).join(", ")}`,
        );
      }
    }
    const open = associations.filter((association) => isClusterWide(association) === undefined);
    yield* open.flatMap((association) =>
      [association.at("accessScope.type"), ...association.each("accessScope.namespaces")]
        .filter(({ unknown }) => unknown)
        .map((field) => field.undecided()),
    );
  },
});

/** EKS takes wildcards in the names of namespaces. */
function isClusterWide(association: Resource): Truth {
  return any([
    association.at("accessScope.type").equals("cluster"),
    ...association
      .each("accessScope.namespaces")
      .map(({ unknown, text }): Truth => (unknown ? undefined : /[*?]/.test(text))),
  ]);
}

/** Who may write here is soon administrator of the whole cluster, and who may read sees how it is run. */
const systemNamespaces = ["kube-system", "kube-public", "kube-node-lease"];

function* noSystemNamespaces(association: Resource): Iterable<Finding> {
  for (const namespace of association.each("accessScope.namespaces")) {
    if (systemNamespaces.includes(namespace.text)) {
      yield namespace.fail("be a namespace of one's own and not of the system");
    }
  }
}

/** Unknown principals count one by one. */
function principalOf(association: Resource): string {
  const principal = association.at("principalArn");
  return principal.unknown ? association.urn : principal.text;
}

function* noMasters(entry: Resource): Iterable<Finding> {
  for (const group of entry.each("kubernetesGroups")) {
    if (group.unknown) yield group.undecided();
    else if (group.text.startsWith("system:")) {
      yield group.fail("be a group of your own: those of the system bypass RBAC");
    }
  }
}

export const peopleAreStandard = stackRule({
  id: "eks-access-entry-type",
  title: "Only roles of machines have access entries of types for nodes",
  severity: "high",
  level: "mandatory",
  requirements: ["J3", "S3"],
  controls: [],
  fix: "Leave the type of the access entry at STANDARD and associate an access policy.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html",
  types: [token.accessEntry],
  *checkStack(stack) {
    for (const entry of stack.all(token.accessEntry)) {
      const type = entry.at("type");
      if (!type.present || type.value === "STANDARD") continue;
      const { found, outside } = stack.refs(entry.at("principalArn"), [token.role]);
      // The other types make the principal a node: docs.aws.amazon.com/eks/latest/userguide/access-entries.html
      const isMachine: Truth =
        found.length > 0 ? all(found.map(isForServices)) : outside.length > 0 ? false : undefined;
      yield* type.judge(
        type.unknown ? undefined : isMachine,
        "be STANDARD for a principal that is no role of the stack for nodes",
      );
    }
  },
});

/** Whether services alone take on the role. */
function isForServices(role: Resource): Truth {
  return all(
    statements(role.at("assumeRolePolicy")).map((statement): Truth => {
      if (statement.unknown) return undefined;
      const people = [...principals(statement, "AWS"), ...principals(statement, "Federated")];
      const services = principals(statement, "Service");
      return any([not(allows(statement)), services.length > 0 && people.length === 0]);
    }),
  );
}
