import { isPrivate, overlap } from "./addresses";
import { known } from "./conditions";
import type { Finding, Resource, Stack } from "./model";
import { stackRule } from "./rule";
import { knownNetworks, ruleTypes, securityGroupRules } from "./security-group-rules";
import { token } from "./tokens";

/** What Pulumi writes when a program says nothing. */
const defaultDescriptions = ["", "Managed by Pulumi", "Managed by Terraform"];

const says = known(
  "say what it is for",
  (value) => typeof value === "string" && !defaultDescriptions.includes(value.trim()),
);

export const described = stackRule({
  id: "net-sg-description",
  title: "Security groups and their rules say what they are for",
  severity: "low",
  level: "advisory",
  requirements: ["J16"],
  controls: ["ckv:CKV_AWS_23", "avd:AWS-0099", "avd:AWS-0124"],
  fix: "Describe each security group and each rule.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
  types: [...ruleTypes],
  *checkStack(stack) {
    for (const group of stack.all(token.securityGroup)) yield* group.must("description", says);
    for (const { description } of securityGroupRules(stack)) yield* description.must(says);
  },
});

const standaloneTypes = [
  token.securityGroupRule,
  token.securityGroupIngressRule,
  token.securityGroupEgressRule,
];

export const noMixedRules = stackRule({
  id: "net-sg-no-mixed-rules",
  title: "The rules of a security group are written in one way, so that none removes another",
  severity: "medium",
  level: "mandatory",
  requirements: ["J16"],
  controls: [],
  fix: "Write all rules of a group as aws.vpc.SecurityGroupIngressRule and SecurityGroupEgressRule.",
  url: "https://www.pulumi.com/registry/packages/aws/api-docs/ec2/securitygroup/",
  types: [...ruleTypes],
  *checkStack(stack) {
    const groups = stack.all(token.securityGroup, token.defaultSecurityGroup);
    for (const group of groups) yield* oneWay(group, stack);
    for (const type of standaloneTypes) {
      yield* stack
        .danglers([type], "securityGroupId", [token.securityGroup, token.defaultSecurityGroup])
        .map((field) => field.undecided());
    }
  },
});

function* oneWay(group: Resource, stack: Stack): Iterable<Finding> {
  // An empty list counts: it makes the provider remove every rule that is not in it.
  const inline = ["ingress", "egress"].filter((list) => group.at(list).present);
  const [legacy = [], ...single] = standaloneTypes.map((type) =>
    stack.users(group, [type], "securityGroupId"),
  );
  const modern = single.flat();
  const standalone = [...legacy, ...modern].map(({ name }) => name).join(", ");
  if (inline.length > 0 && standalone !== "") {
    yield group.fail(
      `${inline.join(" and ")} must be left out: the group also has rules of their own, got ${standalone}`,
    );
  }
  if (legacy.length > 0 && modern.length > 0) {
    yield group.fail(
      `${group.name} must have rules of one type, got SecurityGroupRule and ${kindOf(modern[0])}`,
    );
  }
}

function kindOf(resource: Resource | undefined): string {
  return resource?.type.split(":").at(-1) ?? "none";
}

export const referenceOverCidr = stackRule({
  id: "net-sg-reference-over-cidr",
  title: "Rules inside the VPC name security groups and not addresses",
  severity: "low",
  level: "advisory",
  requirements: ["J16"],
  controls: [],
  fix: "Refer to the security group of the peer instead of its network.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-referencing.html",
  types: [...ruleTypes],
  *checkStack(stack) {
    const own = knownNetworks(
      stack
        .all(token.vpc)
        .map((vpc) => vpc.at("cidrBlock"))
        .filter(({ present }) => present),
    );
    for (const rule of securityGroupRules(stack)) {
      for (const cidr of rule.cidrs) {
        if (cidr.unknown) yield cidr.undecided();
        else if (isPrivate(cidr.text) && overlap(own, [cidr.text])) {
          yield cidr.fail(`be a security group: ${own.join(", ")} is the VPC itself`);
        }
      }
    }
  },
});
