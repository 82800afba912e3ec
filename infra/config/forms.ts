import { z } from "zod";
import { cidrFault } from "../cidr";

/** Forms that values of several blocks have. */
export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, `must be one of ${values.join(", ")}`);
export const text = (pattern: RegExp, rule: string) => z.string(rule).regex(pattern, rule);
export const integer = (min: number, max: number) => {
  const rule = `must be an integer from ${min} to ${max}`;
  return z.int(rule).min(min, rule).max(max, rule);
};
export const list = <T extends z.ZodType>(item: T, min: number, rule: string) =>
  z.array(item, rule).min(min, rule);
/** For editors, which know no rule that is written in code. */
export const unique = { uniqueItems: true };

export const ipv4Cidr = (widest?: number) =>
  z.string("must be an IPv4 CIDR such as 203.0.113.0/24").superRefine((value, issues) => {
    const rule = cidrFault(value);
    if (rule) issues.addIssue({ code: "custom", message: rule });
    if (!rule && widest !== undefined && Number(value.split("/")[1]) < widest) {
      issues.addIssue({ code: "custom", message: `must not be wider than /${widest}` });
    }
  });
export const roleArn = text(
  // Path and name of a role: docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  /^arn:aws:iam::\d{12}:role\/([\w+=,.@-]+\/)*[\w+=,.@-]{1,64}$/,
  "must be the ARN of an IAM role such as arn:aws:iam::111122223333:role/deployer",
).regex(
  /^(?!arn:aws:iam::\d{12}:role\/aws-service-role\/)/,
  "must not be a service-linked role, which only a service of AWS can assume",
);

export function accountOf(arn: string): string {
  return arn.split(":")[4] ?? "";
}
