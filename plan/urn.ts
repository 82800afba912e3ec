/** Type of the resource that stands for the whole stack; it is left out of its children's URNs. */
export const stackType = "pulumi:pulumi:Stack";

const providerPrefix = "pulumi:providers:";
/** Orders strings by their characters' codes, so that no locale can change what is written. */
export function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The types of a resource's ancestors below the stack and its own, joined by `$`. */
function qualifiedType(urn: string): string {
  return urn.split("::")[2] ?? "";
}

/** Type token of the resource that a URN names. */
export function urnType(urn: string): string {
  const types = qualifiedType(urn).split("$");
  return types[types.length - 1] ?? "";
}

/** Logical name of the resource that a URN names; a name may itself contain `::`. */
export function urnName(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/** Package of a type token: `aws` of `aws:ec2/vpc:Vpc`. */
export function packageOf(type: string): string {
  return type.split(":")[0] ?? "";
}

/** True for the resources that stand for a configured provider. */
export function isProviderType(type: string): boolean {
  return type.startsWith(providerPrefix);
}

/** Type token of a package's provider. */
export function providerType(pkg: string): string {
  return providerPrefix + pkg;
}

/** The URN that the engine gives a resource: the parent's types come before its own, the stack's does not. */
export function newUrn(
  stack: string,
  project: string,
  parent: string | undefined,
  type: string,
  name: string,
): string {
  const parentType = parent === undefined ? "" : qualifiedType(parent);
  const types = parentType === "" || parentType === stackType ? type : `${parentType}$${type}`;
  return `urn:pulumi:${stack}::${project}::${types}::${name}`;
}

/** URN of the resource that stands for the whole stack. */
export function stackUrn(stack: string, project: string): string {
  return newUrn(stack, project, undefined, stackType, `${project}-${stack}`);
}
