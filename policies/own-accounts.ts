import { inputsOf, isDocument, isWho, keyOf, mayBeEverybody, saysWho } from "./account-inputs";
import { isNumber, partsOf } from "./arns";
import { bucketTypes } from "./buckets";
import { keyTypes } from "./kms";
import type { Field, Finding, Resource, Stack } from "./model";
import { isRecord } from "./model";
import { permissionTypes, statements } from "./policy-documents";
import { stackRule } from "./rule";
import { isRegistry, ofStatement, rule } from "./statement-accounts";
import type { Ownership } from "./statement-accounts";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any } from "./truth";
import { isUnknown } from "./unknown";

export const ownAccounts = stackRule({
  id: "iam-own-accounts",
  title: "Policies and settings let in, and lead to, accounts of the stack only",
  severity: "critical",
  level: "mandatory",
  requirements: ["M1", "S3"],
  controls: [],
  fix: "Name accounts of the provider's allowedAccountIds, or the account in the configuration of the rule; limit a policy for everybody by aws:PrincipalOrgID, aws:SourceAccount or the like.",
  url: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html",
  // Whatever a stack has of AWS may name an account.
  types: [token.awsProvider, ...permissionTypes, ...keyTypes],
  config: {
    accounts: {
      type: "array",
      items: { type: "string" },
      default: [] as string[],
      description:
        "Ids of accounts that policies and settings may name besides those of the provider.",
    },
  },
  *checkStack(stack, { accounts }) {
    const isOwn = ownership(stack, accounts);
    if (!isOwn) {
      yield { verdict: "notApplicable", message: "no provider names the accounts of the stack" };
      return;
    }
    for (const resource of stack.resources.filter(({ type }) => type.startsWith("aws:"))) {
      const inputs = inputsOf(resource);
      for (const field of inputs) {
        if (!isRecord(field.value)) yield* ofText(field, stack, isOwn);
        else for (const statement of statements(field)) yield* ofStatement(statement, isOwn);
      }
      yield* ofReplicas(inputs, stack);
    }
  },
});

/** Nothing when nobody says which accounts are the stack's. */
function ownership(stack: Stack, more: readonly string[]): Ownership | undefined {
  const ids = stack
    .all(token.awsProvider)
    // Pulumi hands lists to providers as JSON texts.
    .flatMap((provider) => provider.at("allowedAccountIds").json().each());
  const own = [...ids.map(({ text }) => text), ...more];
  const isOpen = ids.some(({ unknown }) => unknown);
  if (own.length === 0) return undefined;
  return (account) => {
    if (own.includes(account)) return true;
    return isOpen || isUnknown(account) ? undefined : false;
  };
}

/** ARNs with the number of an account in them, wherever they stand in a text. */
const arns = /\barn:[\w-]+:([\w*-]+):[^:\s"]*:(\d{12}):/g;

/** Code, models and products that others publish: who uses them gives nobody a right. */
const published =
  /^(layers|productArn|applicationId|modelPackageName|sagemakerPublicHubContentArn)$/;

function ofText(field: Field, stack: Stack, isOwn: Ownership): Finding[] {
  const named = published.test(keyOf(field)) ? [] : [...field.text.matchAll(arns)];
  const own = named.map(([, service = "", account = ""]) =>
    any([isRegistry(service, account), isOwn(account)]),
  );
  return field.judge(all([...own, ...whoIs(field, isOwn), isTold(field, stack)]), rule);
}

function whoIs(field: Field, isOwn: Ownership): Truth[] {
  const { text, resource } = field;
  if (mayBeEverybody(field) && /^(\*|all)$/i.test(text)) {
    return [any(limits.map((path) => isLimit(resource.at(path), resource)))];
  }
  const isNumbers = isWho(field) && /^\d{12}(\s*,\s*\d{12})*$/.test(text);
  return isNumbers ? text.split(/[\s,]+/).map(isOwn) : [];
}

/** Inputs that let everybody in only as far as another one says. */
const limits = [
  "principalOrgId",
  "organizationId",
  "sourceAccount",
  "sourceArn",
  "condition.value",
];

/** An ARN without an account, such as a bucket's, may be anybody's, and so is what begins as all ids do. */
function isLimit(field: Field, resource: Resource): Truth {
  if (!field.present) return false;
  if (field.unknown) return true;
  if (!field.text.startsWith("arn:")) return /^[^*?]*[a-z0-9][^*?]*$/i.test(field.text);
  return isNumber(partsOf(field.text)?.account ?? "") || resource.at("sourceAccount").text !== "";
}

/** Whether nothing that matters of a text is left for `up` to tell: what a resource of the stack is called is its own. */
function isTold(field: Field, stack: Stack): Truth {
  if (!field.unknown || !saysWho(field)) return true;
  return isDocument(field) ? undefined : isMadeHere(field, stack);
}

function isMadeHere({ resource, path }: Field, stack: Stack): Truth {
  const input = /^[^.[]+/.exec(path)?.[0] ?? "";
  const sources = resource.propertyDependencies[input] ?? [];
  return sources.some((urn) => stack.get(urn)?.type.startsWith("aws:")) || undefined;
}

/** Where objects are copied to. ARNs of buckets have no account. */
function* ofReplicas(inputs: readonly Field[], stack: Stack): Iterable<Finding> {
  for (const bucket of inputs.filter(({ path }) =>
    /(^|\.)destinations?(\[\d+\])?\.bucket$/.test(path),
  )) {
    const account = bucket.path.replace(/bucket$/, "account");
    if (inputs.some(({ path }) => path === account)) continue;
    if (stack.refs(bucket, bucketTypes).found.length > 0) continue;
    yield bucket.unknown
      ? bucket.undecided()
      : bucket.resource.undecided(
          `the account of ${bucket.text} is unknown: the stack does not manage it`,
        );
  }
}
