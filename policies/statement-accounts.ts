import { isNumber, partsOf } from "./arns";
import { keyTypes } from "./kms";
import type { Field, Finding } from "./model";
import {
  allows,
  conditionsOf,
  isForAnybody,
  isLimitedBy,
  principals,
  wants,
} from "./policy-documents";
import { domainTypes } from "./search-domains";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { any, not } from "./truth";

/** Whether an account is one of the stack's. */
export type Ownership = (account: string) => Truth;

export const rule = "name accounts of the stack";

/** Registries of the images of EKS add-ons: docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html */
const registryAccounts = [
  "602401143452",
  "877085696533",
  "800184023465",
  "533267051163",
  "296578399912",
  "900889452093",
  "491585149902",
  "151610086707",
  "333609536671",
  "121268973566",
  "918309763551",
  "961992271922",
  "590381155156",
  "455263428931",
  "900612956339",
  "066635153087",
  "730335286997",
  "558608220178",
  "759879836304",
  "761377655185",
  "151742754352",
  "013241004608",
  "877088126301",
];

/** Whether an account keeps the images of EKS' own add-ons. */
export function isRegistry(service: string, account: string): boolean {
  return service === "ecr" && registryAccounts.includes(account);
}

/** What is found of the accounts that a statement lets in, or leads to. */
export function* ofStatement(statement: Field, isOwn: Ownership): Iterable<Finding> {
  const allowed = allows(statement);
  if (allowed === false) return;
  if (statement.unknown) {
    yield statement.undecided();
    return;
  }
  const people = [...principals(statement, "AWS"), ...principals(statement, "Federated")];
  const found = [
    ...people.flatMap((field) => ofPrincipal(field, isOwn)),
    // Nobody can tell from it which account it is.
    ...principals(statement, "CanonicalUser").flatMap((field) => field.judge(false, "be an ARN")),
    ...ofEverybody(statement),
    ...statement
      .at("Resource")
      .each()
      .flatMap((field) => ofResource(field, isOwn)),
    ...ofConditions(statement, isOwn),
  ];
  yield* allowed ? found : found.map(({ message }) => statement.resource.undecided(message));
}

/** Wildcards are what other rules speak of; names of services, unique ids and `*` have no account. */
function ofPrincipal(field: Field, isOwn: Ownership): Finding[] {
  const account = /^\d{12}$/.test(field.text) ? field.text : partsOf(field.text)?.account;
  if (account === undefined) return field.unknown ? [field.undecided()] : [];
  return isNumber(account) ? field.judge(isOwn(account), rule) : [];
}

/** Roles and users of any account are nobody's in particular; AWS' own policies have the account `aws`. */
function ofResource(field: Field, isOwn: Ownership): Finding[] {
  const { service = "", account = "" } = partsOf(field.text) ?? {};
  const isOfPeople = ["iam", "sts"].includes(service) && account !== "aws";
  if (!isOfPeople && !isNumber(account)) return [];
  return field.judge(any([isRegistry(service, account), isOwn(account)]), rule);
}

/**
 * Types in whose policies another mandatory rule asks who everybody is: iam-trust-narrow, kms-no-wildcard-principal,
 * net-endpoint-policy and es-access-by-roles.
 */
const judgedElsewhere: readonly string[] = [
  token.role,
  ...keyTypes,
  token.vpcEndpoint,
  token.vpcEndpointPolicy,
  ...domainTypes,
  token.searchDomainPolicy,
];

/** Conditions by which everybody is somebody of some account, network or organization. */
const whoKeys = [
  "aws:PrincipalAccount",
  "aws:PrincipalArn",
  "aws:PrincipalOrgID",
  "aws:PrincipalOrgPaths",
  "aws:SourceAccount",
  "aws:SourceArn",
  "aws:SourceOrgID",
  "aws:SourceOrgPaths",
  "aws:SourceOwner",
  "aws:SourceVpc",
  "aws:SourceVpce",
  "s3:DataAccessPointAccount",
  "s3:DataAccessPointArn",
];

function ofEverybody(statement: Field): Finding[] {
  if (judgedElsewhere.includes(statement.resource.type)) return [];
  return statement.judge(
    any([
      not(isForAnybody(statement)),
      isLimitedBy(statement, whoKeys),
      // Who has a way to a network interface in the VPC: docs.aws.amazon.com/efs/latest/ug/access-control-block-public-access.html
      wants(
        statement,
        ["bool"],
        "elasticfilesystem:AccessedViaMountTarget",
        (text) => text === "true",
      ),
    ]),
    "name the principals that it allows",
  );
}

/** Keys that hold an account, such as aws:PrincipalAccount, aws:SourceAccount and kms:CallerAccount; tags do not. */
const accountKey = /^[a-z0-9-]+:[a-z]*(account|sourceowner)$/;

function ofConditions(statement: Field, isOwn: Ownership): Finding[] {
  return conditionsOf(statement).flatMap((condition) => {
    if (!condition) return [statement.undecided()];
    const { operator, key, values } = condition;
    // It asks whether there is one.
    if (operator === "null") return [];
    if (!holdsAccount(key, statement)) {
      return values.flatMap((value) => ofSource(value, key, statement) ?? ofResource(value, isOwn));
    }
    return values.flatMap((value) => {
      const isOfAws = key === "aws:resourceaccount" && isRegistry("ecr", value.text);
      const known = any([isOfAws, isSameAccount(key, value.text), isOwn(value.text)]);
      return value.judge(value.unknown ? undefined : known, rule);
    });
  });
}

/** Who is let in is judged beside it, and a policy is on a resource of the stack: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html */
function isSameAccount(key: string, text: string): boolean {
  const variable =
    key === "aws:resourceaccount" ? "${aws:PrincipalAccount}" : "${aws:ResourceAccount}";
  return text.toLowerCase() === variable.toLowerCase();
}

/** Firehose tells the account of a stream by an external id: docs.aws.amazon.com/firehose/latest/dev/controlling-access.html */
function holdsAccount(key: string, statement: Field): boolean {
  const ofService = key === "sts:externalid" && principals(statement, "Service").length > 0;
  return ofService || accountKey.test(key);
}

/** Conditions that say whose a resource is when its ARN leaves that open. */
const tyingKeys = ["aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths", "aws:SourceOwner"];

/** A resource of any account has whatever name somebody gives it there. */
function ofSource(value: Field, key: string, statement: Field): Finding[] | undefined {
  const { account = "" } = partsOf(value.text) ?? {};
  if (key !== "aws:sourcearn" || !/[*?]/.test(account)) return undefined;
  return value.judge(isLimitedBy(statement, tyingKeys), rule);
}
