import { keyTypes } from "./kms";
import type { Field, Finding, Resource, Stack } from "./model";
import {
  allows,
  conditionsOf,
  permissionsOf,
  permissionTypes,
  principals,
  statements,
} from "./policy-documents";
import { stackRule } from "./rule";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { any } from "./truth";

const accessTypes = [token.accessEntry, token.accessPolicyAssociation];

/** Types whose `policy` says who may use the resource. */
const resourcePolicyTypes: readonly string[] = [
  ...keyTypes,
  token.vpcEndpoint,
  token.vpcEndpointPolicy,
];

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

/** Configuration of a rule that takes accounts besides those of the provider. */
export function accountsConfig(description: string) {
  return {
    type: "array" as const,
    items: { type: "string" as const },
    default: [] as string[],
    description,
  };
}

export const ownAccounts = stackRule({
  id: "iam-own-accounts",
  title: "Policies let in, and lead to, accounts of the stack only",
  severity: "critical",
  level: "mandatory",
  requirements: ["M1", "S3"],
  controls: [],
  fix: "Name accounts of the provider's allowedAccountIds, or the account in the configuration of the rule.",
  url: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html",
  types: [...permissionTypes, ...resourcePolicyTypes, ...accessTypes],
  config: {
    accounts: accountsConfig(
      "Ids of accounts that policies may name besides those of the provider.",
    ),
  },
  *checkStack(stack, { accounts }) {
    const isOwn = ownership(stack, accounts);
    if (!isOwn) {
      yield { verdict: "notApplicable", message: "no provider names the accounts of the stack" };
      return;
    }
    for (const entry of stack.all(...accessTypes)) {
      yield* ofPrincipal(entry.at("principalArn"), isOwn);
    }
    for (const resource of stack.all(...permissionTypes, ...resourcePolicyTypes)) {
      for (const statement of documentsOf(resource).flatMap(statements)) {
        yield* accountsOf(statement, isOwn);
      }
    }
  },
});

type Ownership = (account: string) => Truth;

/** Nothing when nobody says which accounts are the stack's. */
export function ownership(stack: Stack, more: readonly string[]): Ownership | undefined {
  const ids = stack
    .all(token.awsProvider)
    // Pulumi hands lists to providers as JSON texts.
    .flatMap((provider) => provider.at("allowedAccountIds").json().each());
  const own = [...ids.map(({ text }) => text), ...more];
  const isOpen = ids.some(({ unknown }) => unknown);
  if (own.length === 0) return undefined;
  return (account) => own.includes(account) || (isOpen ? undefined : false);
}

function documentsOf(resource: Resource): Field[] {
  const trust = resource.type === token.role ? [resource.at("assumeRolePolicy")] : [];
  return [...trust, ...permissionsOf(resource)].filter(({ present }) => present);
}

function* accountsOf(statement: Field, isOwn: Ownership): Iterable<Finding> {
  const allowed = allows(statement);
  if (allowed === false) return;
  if (statement.unknown) {
    yield statement.undecided();
    return;
  }
  const found = [
    ...[...principals(statement, "AWS"), ...principals(statement, "Federated")].flatMap((field) =>
      ofPrincipal(field, isOwn),
    ),
    ...statement
      .at("Resource")
      .each()
      .flatMap((field) => ofRole(field, isOwn)),
    ...ofConditions(statement, isOwn),
  ];
  yield* allowed ? found : found.map(({ message }) => statement.resource.undecided(message));
}

const rule = "name accounts of the stack";

/** The account of an ARN, empty where it has none; nothing of another text. */
export function accountIn(arn: string): string | undefined {
  return /^arn:[^:]*:[^:]*:[^:]*:([^:]*):/.exec(arn)?.[1];
}

/** Wildcards are what other rules speak of; names of services, unique ids and `*` have no account. */
function ofPrincipal(field: Field, isOwn: Ownership): Finding[] {
  const account = /^\d{12}$/.test(field.text) ? field.text : accountIn(field.text);
  if (account === undefined) return field.unknown ? [field.undecided()] : [];
  return /^\d{12}$/.test(account) ? field.judge(isOwn(account), rule) : [];
}

/** Roles and users of any account are nobody's in particular; AWS' own policies have the account `aws`. */
function ofRole(field: Field, isOwn: Ownership): Finding[] {
  if (!/^arn:[^:]*:(iam|sts):/.test(field.text)) return [];
  const account = accountIn(field.text) ?? "";
  return account === "aws" ? [] : field.judge(isOwn(account), rule);
}

/** Keys that hold an account, such as aws:PrincipalAccount, aws:SourceAccount and kms:CallerAccount; tags do not. */
const accountKey = /^[a-z0-9-]+:[a-z]*(account|sourceowner)$/;

function ofConditions(statement: Field, isOwn: Ownership): Finding[] {
  return conditionsOf(statement).flatMap((condition) => {
    if (!condition) return [statement.undecided()];
    const { key, values } = condition;
    return values.flatMap((value) => {
      if (accountKey.test(key)) {
        const isRegistry = key === "aws:resourceaccount" && registryAccounts.includes(value.text);
        return value.judge(value.unknown ? undefined : any([isRegistry, isOwn(value.text)]), rule);
      }
      const account = accountIn(value.text) ?? "";
      return /^\d{12}$/.test(account) ? value.judge(isOwn(account), rule) : ofRole(value, isOwn);
    });
  });
}
