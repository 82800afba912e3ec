import * as aws from "@pulumi/aws";
import type { Config } from "./config/config";

/** Tags of every resource: what the configuration says, the project and the environment. */
export function stackTags(config: Config): Record<string, string> {
  return { ...config.tags, Project: "drawbridge", Environment: config.environment };
}

/** The only AWS provider of a stack. It refuses every account but the allowed ones before it does anything. */
export function accountProvider(config: Config): aws.Provider {
  return new aws.Provider("aws", {
    region: config.region,
    allowedAccountIds: config.allowedAccountIds,
    defaultTags: { tags: stackTags(config) },
  });
}
