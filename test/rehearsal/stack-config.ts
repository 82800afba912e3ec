import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { CannotRun } from "../tools/build";
import { vpcRoleArn } from "./aws/log-store";
import { isObject } from "./aws/row";

/** Values of a stack file by key, without the project's name. */
export type Values = Record<string, unknown>;

export const repository = resolve(__dirname, "../..");

/** Configuration of a stack of this repository, by key without the project's name. */
export function readStackConfig(stack: string): Values {
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

/** What must be in the account of a stack before it is. */
interface AccountBefore {
  accountId: string;
  /** ARNs of IAM principals and SAML providers. */
  principals: string[];
  /** ARNs of ACM certificates. */
  certificates: string[];
}

/** The account that a stack is meant for, as its configuration, and what becomes of it, ask for. */
export function accountOf(...configs: Values[]): AccountBefore {
  const accountId = String(configs[0]?.["deployerRoleArn"]).split(":")[4] ?? "";
  return {
    accountId,
    principals: [...new Set(configs.flatMap((config) => principalsOf(config, accountId)))],
    certificates: [...new Set(configs.flatMap(certificatesOf))],
  };
}

/** The ARN of something in the account and the region of a stack. */
export function placedArn(config: Values, service: string, name: string): string {
  return ["arn:aws", service, String(config["region"]), accountOf(config).accountId, name].join(
    ":",
  );
}

function principalsOf(config: Values, accountId: string): string[] {
  const entries = Array.isArray(config["accessEntries"]) ? config["accessEntries"] : [];
  const others = entries.map((entry) => String(isObject(entry) ? entry["principalArn"] : ""));
  const identityProvider = textsOf(config, "vpn", "samlProviderArn");
  const created = config["createServiceLinkedRoles"] ?? [];
  const existing = Object.entries(serviceRolesOf(accountId))
    .filter(([role]) => !(Array.isArray(created) && created.includes(role)))
    .map(([, arn]) => arn);
  return [String(config["deployerRoleArn"]), ...others, ...identityProvider, ...existing];
}

/** The service-linked roles without which AWS makes no stack, by their names in a stack file. */
export function serviceRolesOf(accountId: string): Record<string, string> {
  return {
    autoscaling: `arn:aws:iam::${accountId}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`,
    opensearch: vpcRoleArn(accountId),
  };
}

function certificatesOf(config: Values): string[] {
  return [
    ...textsOf(config, "entry", "certificateArn"),
    ...textsOf(config, "vpn", "serverCertificateArn"),
  ];
}

function textsOf(config: Values, block: string, key: string): string[] {
  const values = config[block];
  return isObject(values) && typeof values[key] === "string" ? [values[key]] : [];
}
