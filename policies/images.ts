import { is, isNot, isOneOf } from "./conditions";
import { mustNameKey } from "./keys";
import type { Field, Finding, Resource, Stack } from "./model";
import { allows, isForAnybody, isLimitedBy, statements } from "./policy-documents";
import { stackRule } from "./rule";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any, not } from "./truth";

export const imagesHardened = stackRule({
  id: "ecr-private-immutable-scanned",
  title:
    "Images are private, scanned and encrypted with an own key, and their tags stay what they are",
  severity: "high",
  level: "mandatory",
  requirements: ["C6", "M1"],
  controls: [
    "cis-eks-1.8.0:5.1.1",
    "ckv:CKV_AWS_32",
    "ckv:CKV_AWS_51",
    "ckv:CKV_AWS_136",
    "ckv:CKV_AWS_163",
    "avd:AWS-0030",
    "avd:AWS-0031",
    "avd:AWS-0032",
    "avd:AWS-0033",
  ],
  fix: "Set imageTagMutability to IMMUTABLE, scanOnPush, and encryptionConfigurations with a KMS key. Give pull-through caches a template with tags and key.",
  url: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-create.html",
  types: [
    token.repository,
    token.repositoryPolicy,
    token.repositoryCreationTemplate,
    token.pullThroughCacheRule,
  ],
  *checkStack(stack) {
    for (const repository of stack.all(token.repository)) {
      yield* sealed(repository, stack);
      yield* scanned(repository, stack);
      // Whoever deletes a repository deletes its images before, and knows what is lost.
      yield* repository.must("forceDelete", isNot(true));
    }
    for (const template of stack.all(token.repositoryCreationTemplate)) {
      yield* sealed(template, stack);
    }
    for (const cache of stack.all(token.pullThroughCacheRule)) {
      yield* hasTemplate(cache, stack);
    }
    for (const policy of stack.all(token.repositoryPolicy)) {
      for (const statement of statements(policy.at("policy"))) yield* isPrivate(statement);
    }
  },
});

/** A rule of its own: where another stack scans for the whole account, this one may only advise, and the other stays mandatory. */
export const cachesScanned = stackRule({
  id: "ecr-cache-scanned",
  title: "What pull-through caches bring is scanned, on push or continuously",
  severity: "high",
  level: "mandatory",
  requirements: ["C6", "M1"],
  controls: ["cis-eks-1.8.0:5.1.1"],
  fix: "Name the namespace of the cache in aws.ecr.RegistryScanningConfiguration, which is a setting of the whole account; where another stack sets it, make the rule advisory.",
  url: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html",
  types: [token.pullThroughCacheRule],
  *checkStack(stack) {
    for (const cache of stack.all(token.pullThroughCacheRule)) {
      yield* cacheIsScanned(cache, stack);
    }
  },
});

const immutable = isOneOf(["IMMUTABLE"]);
const byKms = isOneOf(["KMS", "KMS_DSSE"]);

function* sealed(repository: Resource, stack: Stack): Iterable<Finding> {
  yield* repository.must("imageTagMutability", immutable);
  const encryption = repository.at("encryptionConfigurations");
  if (!encryption.unknown && encryption.each().length === 0) {
    yield encryption.fail("name a KMS key that you manage");
  }
  for (const one of encryption.each()) {
    yield* one.at("encryptionType").must(byKms);
    yield* mustNameKey(one.at("kmsKey"), stack);
  }
}

/** A setting of the account is stronger than the repository's: docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html */
function scanned(repository: Resource, stack: Stack): Finding[] {
  const byAccount = stack
    .all(token.registryScanningConfiguration)
    .flatMap((configuration) => configuration.each("rules"))
    .map(scansAll);
  const own = repository.at("imageScanningConfiguration.scanOnPush");
  return own.judge(any([...byAccount, is(true).holds(own.value)]), "be true");
}

function scansAll(rule: Field): Truth {
  return scans(rule, (filter) => is("*").holds(filter.value));
}

/** Whether a rule scans by itself what one of its filters is about. */
function scans(rule: Field, isAbout: (filter: Field) => Truth): Truth {
  const filters = rule
    .at("repositoryFilters")
    .each()
    .map((filter) => filter.at("filter"));
  return all([
    isOneOf(["SCAN_ON_PUSH", "CONTINUOUS_SCAN"]).holds(rule.at("scanFrequency").value),
    any(filters.map(isAbout)),
  ]);
}

/** No template says that what it makes is scanned: docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RepositoryCreationTemplate.html */
function cacheIsScanned(cache: Resource, stack: Stack): Finding[] {
  const prefix = cache.at("ecrRepositoryPrefix");
  const covered = stack
    .all(token.registryScanningConfiguration)
    .flatMap((configuration) => configuration.each("rules"))
    .map((rule) =>
      scans(rule, (filter) =>
        filter.unknown || prefix.unknown ? undefined : coversAll(filter.text, `${prefix.text}/`),
      ),
    );
  return prefix.judge(
    any(covered),
    "be in a filter of aws.ecr.RegistryScanningConfiguration that scans on push or continuously",
  );
}

/** Whether a filter is about every repository whose name starts like that: docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html#image-scanning-filters */
function coversAll(filter: string, start: string): boolean {
  const parts = filter.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return filter.endsWith("*") && new RegExp(`^${parts.join(".*")}$`).test(start);
}

/** Without one, ECR makes cached repositories with mutable tags and under its own key. */
function hasTemplate(cache: Resource, stack: Stack): Finding[] {
  const prefix = cache.at("ecrRepositoryPrefix");
  const covered = stack.all(token.repositoryCreationTemplate).map((template): Truth => {
    const own = template.at("prefix");
    if (own.unknown || prefix.unknown) return undefined;
    const applies = template
      .each("appliedFors")
      .map(({ value }) => is("PULL_THROUGH_CACHE").holds(value));
    return all([
      own.value === "ROOT" || `${prefix.text}/`.startsWith(`${own.text}/`),
      any(applies),
    ]);
  });
  return prefix.judge(any(covered), "have a repository creation template");
}

/** Keys that keep strangers out of a statement that is for anybody. */
const limitingKeys = ["aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalOrgID"];

function isPrivate(statement: Field): Finding[] {
  return statement.judge(
    any([
      not(allows(statement)),
      not(isForAnybody(statement)),
      isLimitedBy(statement, limitingKeys),
    ]),
    "not be for everybody",
  );
}
