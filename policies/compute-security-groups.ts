import { isClusterGroup } from "./eks-network";
import { foreignTemplates, instances, templatesOf } from "./launch-templates";
import type { Field, Finding, Resource, Stack } from "./model";
import { stackRule } from "./rule";
import { token } from "./tokens";

export const ownSecurityGroups = stackRule({
  id: "compute-own-security-groups",
  title:
    "Instances, endpoints and log stores name security groups of their own, not the VPC's default and not EKS' group",
  severity: "high",
  level: "mandatory",
  requirements: ["J16"],
  controls: [],
  fix: "Set vpcSecurityGroupIds of the instance or of the launch template, or securityGroupIds of the endpoint or of the domain, to groups of the program.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html",
  types: [
    ...instances,
    token.autoScalingGroup,
    token.nodeGroup,
    token.vpcEndpoint,
    token.searchDomain,
  ],
  *checkStack(stack) {
    for (const instance of stack.all(...instances)) {
      yield* foreignTemplates(instance, stack);
      yield* namesGroups([instance, ...templatesOf(instance, stack)], stack);
    }
    for (const group of stack.all(token.autoScalingGroup, token.nodeGroup)) {
      yield* foreignTemplates(group, stack);
      for (const template of templatesOf(group, stack)) yield* namesGroups([template], stack);
    }
    for (const endpoint of stack.all(token.vpcEndpoint)) {
      if (endpoint.at("vpcEndpointType").value !== "Interface") continue;
      yield* isInGroups(endpoint.at("securityGroupIds"), stack);
    }
    for (const domain of stack.all(token.searchDomain)) {
      // What is public has no groups, and another rule to stop it.
      if (!domain.at("vpcOptions").present) continue;
      yield* isInGroups(domain.at("vpcOptions.securityGroupIds"), stack);
    }
  },
});

/** AWS puts what names no group into the VPC's default one. */
function* isInGroups(field: Field, stack: Stack): Iterable<Finding> {
  if (!field.unknown && field.each().length === 0) yield field.fail("name a security group");
  for (const group of field.each()) {
    if (isDefault(group, stack)) yield group.fail("not be the VPC's default group");
  }
}

function* namesGroups(sources: readonly Resource[], stack: Stack): Iterable<Finding> {
  const [source] = sources;
  if (!source) return;
  const fields = sources.flatMap((one) => groupFields(one, stack));
  // Where a template names no group, EKS attaches the cluster's, which is open to itself on every port.
  if (fields.length === 0) yield source.at("vpcSecurityGroupIds").fail("name a security group");
  for (const field of fields) {
    if (isClusterGroup(field, stack)) yield field.fail("not be the group that EKS makes");
    else yield* ownGroup(field, stack);
  }
}

/** What is found of a field that must name a group of the program. */
export function ownGroup(field: Field, stack: Stack): Finding[] {
  if (isDefault(field, stack)) return [field.fail("not be the VPC's default group")];
  return stack.refs(field, [token.securityGroup]).unknown.map((open) => open.undecided());
}

/** The groups that a template or an instance names, by itself or by an interface that it takes. */
export function groupFields(resource: Resource, stack: Stack): Field[] {
  const cards = [...resource.each("networkInterfaces"), resource.at("primaryNetworkInterface")];
  return [
    ...resource.each("vpcSecurityGroupIds"),
    ...cards.flatMap((card) => card.at("securityGroups").each()),
    ...cards.flatMap((card) => cardGroups(card.at("networkInterfaceId"), stack)),
  ];
}

/** The groups of an interface of the program; of another one nobody knows them, so the field itself is what is left. */
function cardGroups(field: Field, stack: Stack): Field[] {
  if (!field.present) return [];
  const { found } = stack.refs(field, [token.networkInterface]);
  return found.length > 0 ? found.flatMap((card) => card.each("securityGroups")) : [field];
}

function isDefault(field: Field, stack: Stack): boolean {
  const own = stack.refs(field, [token.securityGroup]).found;
  const defaults = stack.refs(field, [token.defaultSecurityGroup, token.vpc]).found;
  return own.length === 0 && defaults.length > 0;
}
