import { is } from "./conditions";
import type { Field, Finding, Resource } from "./model";
import { resourceRule, stackRule } from "./rule";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all } from "./truth";

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
    const isMap = all(named.map((field, i) => equals(field, ["aws-auth", "kube-system"][i])));
    if (isMap)
      yield resource.fail(
        "metadata must not name kube-system/aws-auth: access entries take its place",
      );
    if (isMap === undefined)
      yield* named.filter(({ unknown }) => unknown).map((field) => field.undecided());
  },
});

function equals(field: Field, text: string | undefined): Truth {
  return field.unknown ? undefined : field.value === text;
}

export const noCreatorAdmin = resourceRule({
  id: "eks-no-creator-admin",
  title: "Whoever creates a cluster does not become its administrator in silence",
  severity: "medium",
  level: "advisory",
  requirements: ["J3", "S3"],
  controls: ["cis-eks-1.8.0:4.1.7"],
  fix: "Set accessConfig.bootstrapClusterCreatorAdminPermissions to false and make an access entry.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html",
  types: [token.cluster],
  *check(cluster) {
    yield* cluster.must("accessConfig.bootstrapClusterCreatorAdminPermissions", is(false));
  },
});

/** Access policies that make an administrator: docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html */
const adminPolicy = /\/(AmazonEKSClusterAdminPolicy|AmazonEKSAdminPolicy)$/;

export const noClusterAdminEntry = stackRule({
  id: "eks-no-cluster-admin-entry",
  title: "One principal administers the whole cluster; all others are limited to namespaces",
  severity: "high",
  level: "mandatory",
  requirements: ["J3", "S3", "S5"],
  controls: ["cis-eks-1.8.0:4.1.1"],
  fix: "Give other principals an access scope of type namespace.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/access-policies.html",
  types: [token.accessPolicyAssociation, token.accessEntry],
  config: {
    maxClusterAdmins: {
      type: "integer",
      minimum: 0,
      default: 1,
      description:
        "How many principals may administer a whole cluster: the deployer, and break-glass roles.",
    },
  },
  *checkStack(stack, { maxClusterAdmins }) {
    for (const entry of stack.all(token.accessEntry)) yield* noMasters(entry);
    const associations = stack.all(token.accessPolicyAssociation);
    const admins = associations.filter((association) => isClusterAdmin(association) === true);
    const principals = new Set(admins.map((admin) => principalOf(admin)));
    if (principals.size > maxClusterAdmins) {
      for (const admin of admins) {
        yield admin.fail(
          `accessScope.type must be namespace for all but ${maxClusterAdmins} of the administrators, got cluster for ${admins.map(({ name }) => name).join(", ")}`,
        );
      }
    }
    const open = associations.filter((association) => isClusterAdmin(association) === undefined);
    yield* open.flatMap((association) =>
      [association.at("policyArn"), association.at("accessScope.type")]
        .filter(({ unknown }) => unknown)
        .map((field) => field.undecided()),
    );
  },
});

function isClusterAdmin(association: Resource): Truth {
  const policy = association.at("policyArn");
  return all([
    equals(association.at("accessScope.type"), "cluster"),
    policy.unknown ? undefined : adminPolicy.test(policy.text),
  ]);
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
