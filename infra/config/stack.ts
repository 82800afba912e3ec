import { Region } from "@pulumi/aws";
import { z } from "zod";
import { longestStackName } from "../../components/aws/bucket";
import type { Fields } from "./fields";
import { repeats, type Fault } from "./faults";
import { list, oneOf, text, unique } from "./forms";

/** Regions of the aws partition; the others have ARNs and services of their own. */
const regions = Object.values(Region).filter((region) => !/^(cn|us-gov|eusc)-|-iso/.test(region));

/** Where the stack is, whose it is, and how it comes and goes. */
export const stackFields = {
  region: z
    .enum(regions, "must be an AWS region of the aws partition such as eu-west-1")
    .describe("AWS region of the stack."),
  allowedAccountIds: list(
    text(/^\d{12}$/, 'must be a quoted AWS account id of 12 digits such as "111122223333"'),
    1,
    "must be a list of at least one AWS account id",
  )
    .meta(unique)
    .describe(
      "AWS accounts in which this stack may ever be deployed; the provider refuses all others.",
    ),
  environment: text(
    /^[a-z][a-z0-9-]{1,15}$/,
    "must be 2 to 16 lower-case letters, digits and hyphens, starting with a letter",
  ).describe("Name of the environment; it becomes the Environment tag."),
  deletionProtection: z
    .boolean("must be true or false")
    .default(true)
    .describe(
      "Whether AWS refuses to delete the cluster, and Pulumi the cluster, the VPC, the buckets, the log store and the repositories. Set it to false, and run `pulumi up`, before `pulumi destroy`.",
    ),
  createServiceLinkedRoles: list(
    oneOf(["autoscaling", "opensearch"]),
    0,
    "must be a list of the roles that the account lacks, of autoscaling and opensearch",
  )
    .default([])
    .meta(unique)
    .describe(
      "Service-linked roles that the account lacks, each of which it has once: autoscaling (AWSServiceRoleForAutoScaling, which the key of the volumes names) and opensearch (AWSServiceRoleForAmazonOpenSearchService, by which the log store enters the VPC). The roles stay when the stack goes: docs/operations.md says how to find out which there are.",
    ),
};

export function rolesAreNamedOnce({ createServiceLinkedRoles: roles = [] }: Partial<Fields>) {
  return repeats("createServiceLinkedRoles", roles);
}

/** The most that the limits below leave to the name of a stack; in regions with a long name, names of buckets leave less. */
const longestName = 16;

/**
 * Names of stacks. What is named after one starts with `drawbridge-`, and the shortest limit is that of an OpenSearch
 * domain, 28 lower-case letters, digits and hyphens; EKS clusters, KMS aliases, log groups and SSM documents take
 * these too: docs.aws.amazon.com/opensearch-service/latest/APIReference/API_DomainInfo.html,
 * docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html, docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
 */
export function stackNameFits(stack: string, { region }: Partial<Fields>): Fault[] {
  const longest = Math.min(longestName, longestStackName(region ?? ""));
  if (/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(stack) && stack.length <= longest) return [];
  const rule = `must have a name of 1 to ${longest} lower-case letters, digits and single hyphens, starting with a letter, because names of buckets and of the log store hold it`;
  return [{ path: "stack", rule, value: stack }];
}

/** What stands before every name of the stack. */
export function prefixOf(stack: string): string {
  return `drawbridge-${stack}`;
}
