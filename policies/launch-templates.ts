import type { Finding, References, Resource, Stack } from "./model";
import { token } from "./tokens";

/** Types that are one instance each. */
export const instances = [token.instance, token.spotInstanceRequest];

/** Types that instances start from. */
export const templates = [token.launchTemplate, token.launchConfiguration];

/** Nothing when the node group starts from a launch template of the program, and not from one that EKS makes up. */
export function hasTemplate(group: Resource): Finding[] {
  const template = group.at("launchTemplate");
  if (template.unknown) return [template.undecided()];
  const isNamed = ["id", "name"].some((key) => template.at(key).present);
  return isNamed ? [] : [template.fail("name a launch template of your own")];
}

/** Whether an instance has a setting from its launch template, which is judged by itself: what it says itself wins. */
export function isLeftToTemplate(instance: Resource, path: string): boolean {
  const template = instance.at("launchTemplate");
  return (
    instances.some((type) => type === instance.type) &&
    ["id", "name"].some((key) => template.at(key).present) &&
    !instance.at(path).present
  );
}

/** The launch templates that a group of instances names. */
export function templatesOf(group: Resource, stack: Stack): Resource[] {
  return templateRefs(group, stack).flatMap(({ found }) => found);
}

/** What no rule can see of a group of instances: its template, where the stack does not manage it. */
export function foreignTemplates(group: Resource, stack: Stack): Finding[] {
  return templateRefs(group, stack).flatMap(({ outside, unknown }) => [
    ...unknown.map((field) => field.undecided()),
    ...outside.map(({ path, resource }) =>
      resource.undecided(
        `${path} of ${resource.name} is unknown inside: the stack does not manage the template`,
      ),
    ),
  ]);
}

function templateRefs(group: Resource, stack: Stack): References[] {
  return [
    "launchTemplate.id",
    "launchTemplate.name",
    "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.launchTemplateId",
    "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.launchTemplateName",
  ].map((path) => stack.refs(group.at(path), [token.launchTemplate]));
}
