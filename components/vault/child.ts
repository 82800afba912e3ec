import type * as pulumi from "@pulumi/pulumi";

/**
 * Options of what a component of Vault's configuration makes. Unlike providers, `deletedWith` is not inherited: with the
 * servers that it names all of it is gone, and a `destroy` need not reach Vault to take it away.
 */
export function childOf(
  parent: pulumi.Resource,
  { deletedWith }: pulumi.ComponentResourceOptions = {},
): pulumi.CustomResourceOptions {
  return { parent, ...(deletedWith && { deletedWith }) };
}
