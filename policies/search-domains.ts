import { is, isBetween, isGiven, isNot, isOneOf, isSet } from "./conditions";
import { mustNameKey } from "./keys";
import type { Field, Finding, Resource, Stack } from "./model";
import {
  allows,
  isEveryActionOfAService,
  isForAnybody,
  isLimitedBy,
  principals,
  statements,
} from "./policy-documents";
import { resourceRule, stackRule } from "./rule";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any, not } from "./truth";

export const domainTypes = [token.searchDomain, token.searchDomainElasticsearch];

/** Those that take TLS 1.2 with forward secrecy at least: docs.aws.amazon.com/opensearch-service/latest/APIReference/API_DomainEndpointOptions.html */
const tlsPolicies = ["Policy-Min-TLS-1-2-PFS-2023-10", "Policy-Min-TLS-1-2-RFC9151-FIPS-2024-08"];

export const searchEncrypted = stackRule({
  id: "es-encrypted",
  title: "Log stores are inside a VPC and encrypt what they keep and what they send",
  severity: "high",
  level: "mandatory",
  requirements: ["S1", "M1"],
  controls: [
    "ckv:CKV_AWS_5",
    "ckv:CKV_AWS_6",
    "ckv:CKV_AWS_83",
    "ckv:CKV_AWS_137",
    "ckv:CKV_AWS_228",
    "avd:AWS-0043",
    "avd:AWS-0046",
    "avd:AWS-0048",
  ],
  fix: `Set vpcOptions, encryptAtRest with a KMS key, nodeToNodeEncryption, enforceHttps and a TLS policy of ${tlsPolicies.join(", ")}.`,
  url: "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/security.html",
  types: domainTypes,
  *checkStack(stack) {
    for (const domain of stack.all(...domainTypes)) {
      yield* domain.must("vpcOptions.subnetIds", isSet);
      yield* domain.must("encryptAtRest.enabled", is(true));
      yield* mustNameKey(domain.at("encryptAtRest.kmsKeyId"), stack);
      yield* domain.must("nodeToNodeEncryption.enabled", is(true));
      yield* domain.must("domainEndpointOptions.enforceHttps", is(true));
      yield* domain.must("domainEndpointOptions.tlsSecurityPolicy", isOneOf(tlsPolicies));
    }
  },
});

export const searchByRoles = stackRule({
  id: "es-access-by-roles",
  title: "Log stores know people and programs by IAM roles, and each policy names them",
  severity: "high",
  level: "mandatory",
  requirements: ["S1", "S3"],
  controls: [],
  fix: "Set advancedSecurityOptions with a masterUserArn and without the internal user database, and name roles and actions in accessPolicies.",
  url: "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/fgac.html",
  types: [...domainTypes, token.searchDomainPolicy],
  *checkStack(stack) {
    for (const domain of stack.all(...domainTypes)) {
      yield* domain.must("advancedSecurityOptions.enabled", is(true));
      yield* domain.must("advancedSecurityOptions.internalUserDatabaseEnabled", isNot(true));
      yield* domain.must("advancedSecurityOptions.anonymousAuthEnabled", isNot(true));
      yield* domain.must("advancedSecurityOptions.masterUserOptions.masterUserArn", isGiven);
    }
    for (const policy of accessPolicies(stack)) {
      for (const statement of statements(policy)) yield* named(statement);
    }
  },
});

function accessPolicies(stack: Stack): Field[] {
  return stack
    .all(...domainTypes, token.searchDomainPolicy)
    .map((resource) => resource.at("accessPolicies"))
    .filter(({ present }) => present);
}

function* named(statement: Field): Iterable<Finding> {
  const refused = not(allows(statement));
  const wholeAccount = any(
    principals(statement, "AWS").map(({ unknown, text }): Truth => {
      return unknown ? undefined : /^(\d{12}|arn:[^:]*:iam::\d{12}:root)$/.test(text);
    }),
  );
  yield* statement.judge(
    any([
      refused,
      all([not(isForAnybody(statement)), not(wholeAccount)]),
      isLimitedBy(statement, ["aws:PrincipalArn"]),
    ]),
    "name roles as principals or by aws:PrincipalArn",
  );
  yield* statement.judge(
    any([refused, not(isEveryActionOfAService(statement))]),
    "name the actions in use",
  );
}

export const searchKept = resourceRule({
  id: "es-kept",
  title: "Log stores get the updates of their software and are not deleted by mistake",
  severity: "medium",
  level: "advisory",
  requirements: ["S1", "M1"],
  controls: [],
  fix: "Set softwareUpdateOptions.autoSoftwareUpdateEnabled to true, and the resource option protect.",
  url: "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/service-software.html",
  types: domainTypes,
  *check(domain) {
    yield* domain.must("softwareUpdateOptions.autoSoftwareUpdateEnabled", is(true));
    // Its snapshots go with it.
    if (!domain.protect) {
      yield domain.fail(`${domain.name} must have the resource option protect, got none`);
    }
  },
});

export const searchZones = resourceRule({
  id: "es-multi-zone",
  title: "Log stores outlive the loss of a zone",
  severity: "medium",
  level: "mandatory",
  requirements: ["S1"],
  controls: [],
  fix: "Set clusterConfig.zoneAwarenessEnabled to true, with two instances at least.",
  url: "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-multiaz.html",
  types: domainTypes,
  *check(domain) {
    yield* domain.must("clusterConfig.zoneAwarenessEnabled", is(true));
    yield* domain.must("clusterConfig.instanceCount", isBetween(2, 1000));
  },
});

/** What a domain can say of itself: docs.aws.amazon.com/opensearch-service/latest/APIReference/API_LogPublishingOption.html */
const logTypes = ["AUDIT_LOGS", "ES_APPLICATION_LOGS", "INDEX_SLOW_LOGS", "SEARCH_SLOW_LOGS"];

export const searchDomainLogs = resourceRule({
  id: "log-es-domain-logs",
  title: "Log stores publish who did what in them, what went wrong and what was slow",
  severity: "medium",
  level: "mandatory",
  requirements: ["S1"],
  controls: ["ckv:CKV_AWS_84", "ckv:CKV_AWS_317"],
  fix: `Set logPublishingOptions for ${logTypes.join(", ")}.`,
  url: "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/audit-logs.html",
  types: domainTypes,
  *check(domain) {
    for (const logType of logTypes) yield* published(domain, logType);
  },
});

function published(domain: Resource, logType: string): Finding[] {
  const options = domain.at("logPublishingOptions");
  const publishes = options.each().map((option): Truth => {
    const type = option.at("logType");
    return all([
      type.unknown ? undefined : type.value === logType,
      isNot(false).holds(option.at("enabled").value),
    ]);
  });
  return options.judge(any(publishes), `contain ${logType}`);
}
