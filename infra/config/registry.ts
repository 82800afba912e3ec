import { z } from "zod";
import { longestCachePrefix } from "../../components/aws/registry";
import type { Fault } from "./faults";
import type { Fields } from "./fields";
import { accountOf, oneOf, text } from "./forms";
import { prefixOf } from "./stack";

/** Registries that ECR caches, as it spells them: docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html */
const openUpstreams = ["public.ecr.aws", "registry.k8s.io", "quay.io"] as const;
const closedUpstreams = ["registry-1.docker.io", "ghcr.io"] as const;

const pathPart = "[a-z0-9]+([._-][a-z0-9]+)*";
const pullThroughCache = z.strictObject(
  {
    name: text(
      new RegExp(`^${pathPart}$`),
      "must be lower-case letters and digits, with single dots, hyphens and underscores between them",
    ).describe("Name under which the images appear: <registry>/drawbridge-<stack>/<name>/…"),
    upstream: oneOf([...openUpstreams, ...closedUpstreams]).describe("Registry that is cached."),
    credentialArn: text(
      /^arn:aws:secretsmanager:[a-z0-9-]+:\d{12}:secret:ecr-pullthroughcache\/[\w/+=.@-]+$/,
      "must be the ARN of a secret whose name starts with ecr-pullthroughcache/",
    )
      .optional()
      .describe(
        `Secret with which to log in, in account and region of the stack: for ${closedUpstreams.join(" and ")} only.`,
      ),
  },
  "must be a map with name and upstream",
);

export const registrySchema = z
  .strictObject(
    {
      repositories: z
        .array(
          text(
            new RegExp(`^(?=.{1,200}$)${pathPart}(/${pathPart})*$`),
            "must be the name of a repository such as payments/api: lower-case, at most 200 characters",
          ),
          "must be a list of names of repositories",
        )
        .default([])
        .describe("Repositories for the images of teams; drawbridge-<stack>/ stands before each."),
      pullThroughCaches: z
        .array(pullThroughCache, "must be a list of pull-through caches")
        .default([])
        .describe("Registries on the internet whose images are pulled once and kept."),
      accountScanning: oneOf(["off", "basic", "enhanced"])
        .default("off")
        .describe(
          "Scanning of every repository of the account and region, cached ones too: basic (when an image comes in), enhanced (Amazon Inspector, ever after) or off (the account's setting is left alone; the stack's own repositories scan what is pushed, cached ones nothing). It replaces the whole setting of the account.",
        ),
    },
    "must be a map with repositories, pullThroughCaches and accountScanning",
  )
  .prefault({})
  .describe("The account's registry of images: repositories and caches.");

export function cachesHaveRoom(stack: string, { registry: images }: Partial<Fields>): Fault[] {
  const most = longestCachePrefix - prefixOf(stack).length - 1;
  return (images?.pullThroughCaches ?? []).flatMap(({ name }, i) => {
    if (name.length <= most) return [];
    const path = `registry.pullThroughCaches[${i}].name`;
    return [{ path, rule: `must have at most ${most} characters in this stack`, value: name }];
  });
}

export function cachesCanLogIn({
  registry: images,
  region,
  deployerRoleArn,
}: Partial<Fields>): Fault[] {
  return (images?.pullThroughCaches ?? []).flatMap(({ upstream, credentialArn }, i) => {
    const path = `registry.pullThroughCaches[${i}].credentialArn`;
    const closed = closedUpstreams.some((one) => one === upstream);
    if (credentialArn === undefined) {
      return closed
        ? [{ path, rule: `is required: ${upstream} lets ECR in with a secret only` }]
        : [];
    }
    if (!closed) {
      return [{ path, rule: `must not be set: ${upstream} takes no login`, value: credentialArn }];
    }
    if (region === undefined || deployerRoleArn === undefined) return [];
    const place = `:${region}:${accountOf(deployerRoleArn)}:`;
    if (credentialArn.includes(place)) return [];
    return [{ path, rule: "must be in account and region of the stack", value: credentialArn }];
  });
}
