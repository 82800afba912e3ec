import * as pulumi from "@pulumi/pulumi";
import type { Place } from "./arns";

/** One statement. Components give rights; what they deny is said in the policies of the resources that they own. */
export interface PolicyStatement {
  Sid: string;
  /** @default "Allow" */
  Effect?: "Allow" | "Deny";
  Principal?: Record<string, pulumi.Input<string> | string[]> | "*";
  Action: string | string[];
  Resource?: pulumi.Input<string> | pulumi.Input<string>[];
  Condition?: Record<string, Record<string, pulumi.Input<string> | pulumi.Input<string>[]>>;
}

/** The JSON text of an IAM policy of the current version, 2012-10-17. */
export function policyDocument(statements: PolicyStatement[]): pulumi.Output<string> {
  return pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: statements.map((statement) => ({ Effect: "Allow", ...statement })),
  });
}

/**
 * Limits a statement to the key of an alias. The key's own ARN is unknown until it exists; its alias is not:
 * docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
 */
export function keyByAlias({ region, accountId }: Place, alias: string) {
  return {
    Resource: `arn:aws:kms:${region}:${accountId}:key/*`,
    Condition: { "ForAnyValue:StringEquals": { "kms:ResourceAliases": alias } },
  };
}

/** Trust policy of an instance role. EC2 sends no source account when it hands credentials to an instance, so none can be asked for. */
export function instanceTrust(): pulumi.Output<string> {
  return policyDocument([
    {
      Sid: "InstancesOfThisAccount",
      Principal: { Service: "ec2.amazonaws.com" },
      Action: "sts:AssumeRole",
    },
  ]);
}
