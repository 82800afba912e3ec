import type { Field, Finding } from "./model";
import { allows, isForAnybody, isLimitedBy, limits } from "./policy-documents";
import type { Truth } from "./truth";
import { all, any, not } from "./truth";

/** Keys that tie a call to accounts of one's own, its callers' and its resources'. */
const ownPrincipals = ["aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"];
const ownResources = ["aws:ResourceAccount", "aws:ResourceOrgID", "aws:ResourceOrgPaths"];

/** What is wrong with a statement of an endpoint: who passes, with which calls, to whose resources. */
export function* narrow(statement: Field): Iterable<Finding> {
  const allowed = allows(statement);
  if (allowed === false) return;
  const named = namesResources(statement);
  yield* statement.judge(any([not(allowed), namesActions(statement)]), "name the actions in use");
  const anonymous = all([named, hasNoIdentity(statement)]);
  yield* statement.judge(
    any([not(allowed), not(isForAnybody(statement)), isOfOwnPrincipals(statement), anonymous]),
    "be limited to own principals",
  );
  // Credentials of one's own can be used to carry data into a stranger's bucket.
  yield* statement.judge(
    any([not(allowed), not(carriesData(statement)), isLimitedBy(statement, ownResources), named]),
    "be limited to own resources or to named ones",
  );
}

function namesActions(statement: Field): Truth {
  const actions = statement.at("Action").each();
  return all([
    actions.length > 0,
    ...actions.map((action): Truth => {
      if (/[*?]/.test(action.text)) return false;
      return action.unknown ? undefined : true;
    }),
  ]);
}

function isOfOwnPrincipals(statement: Field): Truth {
  const arns = limits(statement, ["aws:PrincipalArn"]);
  return any([
    isLimitedBy(statement, ownPrincipals),
    ...arns.map((values) => all(values.map(isNamed))),
  ]);
}

/** Calls that are made before there is an identity, or with one of AWS: only their resource can limit them. */
const withoutIdentity = ["s3:GetObject", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];

function hasNoIdentity(statement: Field): Truth {
  const actions = statement.at("Action").each();
  return all([
    !statement.at("NotAction").present,
    ...actions.map(({ unknown, text }) => (unknown ? undefined : withoutIdentity.includes(text))),
  ]);
}

/** Whether the accounts in conditions and ARNs of a statement are among those. */
export function namesOnly(statement: Field, accounts: ReadonlySet<string>): boolean {
  const conditions = limits(statement, ["aws:PrincipalAccount", "aws:ResourceAccount"]).flat();
  const ids = [
    ...conditions.map(({ text }) => text),
    ...statement
      .at("Resource")
      .each()
      .map(({ text }) => text.split(":")[4] ?? ""),
  ];
  return ids.filter((id) => /^\d+$/.test(id)).every((id) => accounts.has(id));
}

function namesResources(statement: Field): Truth {
  const resources = statement.at("Resource");
  return all([resources.present, ...resources.each().map(isNamed)]);
}

/** Whether an ARN says whose thing it is: by the account or, as ARNs of buckets have none, by the name. */
function isNamed({ unknown, text }: Field): Truth {
  const [start, , , , account = "", ...resource] = text.split(":");
  if (start !== "arn") return unknown ? undefined : false;
  const owner = account === "" ? (resource.join(":").split("/")[0] ?? "") : account;
  return owner !== "" && !/[*?]/.test(owner);
}

/** Services whose calls name a bucket, a key, a role, a queue that may be another account's. */
const dataServices = new Set([
  "dynamodb",
  "ecr",
  "events",
  "kinesis",
  "kms",
  "lambda",
  "logs",
  "s3",
  "s3express",
  "secretsmanager",
  "sns",
  "sqs",
  "sts",
]);

/**
 * Calls of these services that carry nothing away. EKS' own images lie in accounts that differ by region:
 * docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html
 */
const harmless = new Set([
  "ecr:BatchCheckLayerAvailability",
  "ecr:BatchGetImage",
  "ecr:BatchImportUpstreamImage",
  "ecr:GetAuthorizationToken",
  "ecr:GetDownloadUrlForLayer",
  "logs:DescribeLogGroups",
  "sts:GetCallerIdentity",
]);

function carriesData(statement: Field): Truth {
  return any([
    statement.at("NotAction").present,
    ...statement
      .at("Action")
      .each()
      .map((action): Truth => {
        if (action.unknown) return undefined;
        const [service = ""] = action.text.split(":");
        return (
          (dataServices.has(service.toLowerCase()) && !harmless.has(action.text)) ||
          /[*?]/.test(service)
        );
      }),
  ]);
}
