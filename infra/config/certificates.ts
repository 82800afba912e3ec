import type { Fault } from "./faults";
import type { Fields } from "./fields";
import { accountOf, text } from "./forms";

export const certificateArn = text(
  /^arn:aws:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/,
  "must be the ARN of an ACM certificate such as arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789012",
);

/** Load balancers and VPNs take certificates of their own account and region only. */
export function certificateIsOfTheStack(
  path: string,
  value: string,
  { region, deployerRoleArn }: Partial<Fields>,
): Fault[] {
  const [, , , certificateRegion, certificateAccount] = value.split(":");
  const refuse = (rule: string) => ({ path, rule, value });
  return [
    ...(region && certificateRegion !== region ? [refuse(`must be in the region ${region}`)] : []),
    ...(deployerRoleArn && certificateAccount !== accountOf(deployerRoleArn)
      ? [refuse(`must be in the account of the stack, ${accountOf(deployerRoleArn)}`)]
      : []),
  ];
}
