import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { CannotRun } from "../tools/build";
import { vpcRoleArn } from "./aws/log-store";
import { isObject } from "./aws/row";

export const repository = resolve(__dirname, "../..");

/** Configuration of a stack of this repository, by key without the project's name. */
export function readStackConfig(stack: string): Record<string, unknown> {
  const file = join(repository, `Pulumi.${stack}.yaml`);
  if (!existsSync(file)) {
    const stacks = readdirSync(repository)
      .map((name) => /^Pulumi\.([\w-]+)\.yaml$/.exec(name)?.[1])
      .filter((name) => name !== undefined);
    throw new CannotRun(`--stack must be one of ${stacks.toSorted().join(", ")}, got ${stack}`);
  }
  const { config } = parse(readFileSync(file, "utf8")) as { config?: Record<string, unknown> };
  const entries = Object.entries(config ?? {});
  const secure = entries.find(([, value]) => isObject(value) && "secure" in value);
  if (secure) {
    throw new CannotRun(
      `Pulumi.${stack}.yaml: ${secure[0]} is encrypted, and a rehearsal has no access to its key: rehearse a stack without secure values`,
    );
  }
  return Object.fromEntries(
    entries.map(([key, value]) => [key.slice(key.indexOf(":") + 1), value]),
  );
}

/** The account that a stack is meant for, with the principals that must be in it before. */
export function accountOf(config: Record<string, unknown>): {
  accountId: string;
  principals: string[];
} {
  const deployer = String(config["deployerRoleArn"]);
  const accountId = deployer.split(":")[4] ?? "";
  const entries = Array.isArray(config["accessEntries"]) ? config["accessEntries"] : [];
  const others = entries.map((entry) => String(isObject(entry) ? entry["principalArn"] : ""));
  const { vpn } = config;
  const identityProvider = isObject(vpn) ? [String(vpn["samlProviderArn"])] : [];
  const autoScaling = `arn:aws:iam::${accountId}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`;
  const serviceRoles = [autoScaling, vpcRoleArn(accountId)];
  const existing = config["createServiceLinkedRoles"] === true ? [] : serviceRoles;
  return { accountId, principals: [deployer, ...others, ...identityProvider, ...existing] };
}
