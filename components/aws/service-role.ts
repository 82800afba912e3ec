import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { PolicyStatement } from "./policy-document";
import { policyDocument } from "./policy-document";

/** A role for one service, with its rights. */
export function serviceRole(
  name: string,
  roleName: string,
  description: string,
  trust: PolicyStatement,
  rights: PolicyStatement[],
  child: pulumi.CustomResourceOptions,
): { arn: pulumi.Output<string>; rights: pulumi.Resource[] } {
  const role = new aws.iam.Role(
    name,
    { name: roleName, description, assumeRolePolicy: policyDocument([trust]) },
    child,
  );
  const policy = new aws.iam.RolePolicy(
    name,
    { role: role.id, policy: policyDocument(rights) },
    child,
  );
  return { arn: role.arn, rights: [policy] };
}
