import { isNumber, partsOf } from "./arns";
import type { Field } from "./model";
import { isLimitedBy, limits } from "./policy-documents";
import type { Truth } from "./truth";
import { all, any } from "./truth";

/** Whether a service acts for whom one of the keys names, or for a source that an account has. */
export function isForNamedSource(statement: Field, keys: readonly string[]): Truth {
  return any([
    isLimitedBy(statement, keys),
    ...limits(statement, ["aws:SourceArn"]).map((arns) => all(arns.map(hasAccount))),
  ]);
}

/** Whose a bucket is, its ARN does not tell: docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html */
export function hasAccount({ unknown, text }: Field): Truth {
  const account = partsOf(text)?.account;
  if (account === undefined) return unknown ? undefined : false;
  return isNumber(account);
}
