import { isNot } from "./conditions";
import { blocks, type FirewallConfig } from "./firewall-rules";
import { facesInternet } from "./load-balancers";
import { isApplication } from "./load-balancer-form";
import type { Field, Finding, Resource, Stack } from "./model";
import { stackRule } from "./rule";
import { token } from "./tokens";

const balancerTypes = [token.loadBalancer, token.loadBalancerAlb];

function publicBalancers(stack: Stack): Resource[] {
  return stack
    .all(...balancerTypes)
    .filter((balancer) => isApplication(balancer) && facesInternet(balancer));
}

/** What is in front of a load balancer. */
function firewallsOf(balancer: Resource, stack: Stack) {
  const associations = stack.users(balancer, [token.webAclAssociation], "resourceArn");
  const refs = associations.map((one) => stack.refs(one.at("webAclArn"), [token.webAcl]));
  return {
    associations,
    acls: refs.flatMap(({ found }) => found),
    elsewhere: refs.flatMap(({ outside, unknown }) => [...outside, ...unknown]),
    unknown: stack.danglers([token.webAclAssociation], "resourceArn", balancerTypes),
  };
}

export const firewall = stackRule({
  id: "exp-alb-waf",
  title: "A web application firewall that blocks stands before every public load balancer",
  severity: "high",
  level: "mandatory",
  requirements: ["C10"],
  controls: ["ckv:CKV2_AWS_28", "ckv:CKV_AWS_175", "ckv:CKV_AWS_192"],
  fix: "Associate a regional web ACL with the managed rule groups, overrideAction none, and a rate-based rule that blocks, all of them for every request; allow nothing by a rule of a lower priority.",
  url: "https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html",
  types: balancerTypes,
  config: {
    managedGroups: {
      type: "array",
      items: { type: "string" },
      default: [
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesCommonRuleSet",
      ],
      description: "Rule groups of AWS that must be asked and must block.",
    },
    mayCount: {
      type: "array",
      items: { type: "string" },
      default: [],
      description: "Rules of these groups that may count only, such as SizeRestrictions_BODY.",
    },
    mostRequests: {
      type: "integer",
      // WAF takes as many from everybody in a second: docs.aws.amazon.com/waf/latest/developerguide/limits.html
      default: 100_000,
      description: "Requests in five minutes above which one address must be blocked, at most.",
    },
  },
  *checkStack(stack, config: FirewallConfig) {
    const balancers = publicBalancers(stack);
    if (balancers.length === 0) {
      yield {
        verdict: "notApplicable",
        message: "no application load balancer faces the internet",
      };
    }
    for (const balancer of balancers) {
      const { associations, acls, elsewhere, unknown } = firewallsOf(balancer, stack);
      if (associations.length === 0) {
        yield* unknown.length > 0
          ? unknown.map((field) => field.undecided())
          : [balancer.fail(`${balancer.name} must have a web ACL, got none`)];
      }
      yield* elsewhere.map((field) => hidden(field));
      // A firewall that does not answer must not mean that there is none.
      yield* balancer.must("enableWafFailOpen", isNot(true));
      for (const acl of acls) yield* blocks(acl, stack, config);
    }
  },
});

function hidden(field: Field): Finding {
  if (field.unknown) return field.undecided();
  return field.resource.undecided(
    `the rules of ${field.text} are unknown: the stack does not manage the web ACL`,
  );
}

/** What lets somebody act as the user who sent it. */
const credentialHeaders = ["authorization", "cookie"];

export const firewallLog = stackRule({
  id: "exp-alb-waf-log",
  title:
    "The firewall of a public load balancer logs and counts, and its records hold no credentials",
  severity: "medium",
  level: "mandatory",
  requirements: ["M10"],
  controls: ["ckv:CKV2_AWS_31", "ckv:CKV_AWS_176"],
  fix: "Set cloudwatchMetricsEnabled, make a WebAclLoggingConfiguration whose redactedFields name authorization and cookie, and protect both headers in dataProtectionConfig.",
  url: "https://docs.aws.amazon.com/waf/latest/developerguide/logging.html",
  types: balancerTypes,
  *checkStack(stack) {
    const acls = publicBalancers(stack).flatMap((balancer) => firewallsOf(balancer, stack).acls);
    if (acls.length === 0) {
      yield {
        verdict: "notApplicable",
        message: "the stack has no firewall of a public load balancer",
      };
    }
    for (const acl of acls) {
      yield* hasLog(acl, stack);
      // Both are asked of every ACL and rule, and what is not counted raises no alarm.
      for (const counted of [acl.at("visibilityConfig"), ...visibilities(acl)]) {
        yield* counted.at("cloudwatchMetricsEnabled").must(isNot(false));
      }
      const samples = acl.at("dataProtectionConfig");
      yield* covers(
        samples,
        samples
          .at("dataProtections")
          .each()
          .flatMap((protection) => protection.at("field.fieldKeys").each()),
      );
    }
  },
});

function visibilities(acl: Resource): Field[] {
  return acl.each("rules").map((rule) => rule.at("visibilityConfig"));
}

function* hasLog(acl: Resource, stack: Stack): Iterable<Finding> {
  const logs = stack.users(acl, [token.webAclLogging], "resourceArn");
  if (logs.length === 0) {
    const unknown = stack.danglers([token.webAclLogging], "resourceArn", [token.webAcl]);
    yield* unknown.length > 0
      ? unknown.map((field) => field.undecided())
      : [acl.fail(`${acl.name} must have a WebAclLoggingConfiguration, got none`)];
  }
  for (const log of logs) {
    const redacted = log.at("redactedFields");
    yield* covers(
      redacted,
      redacted.each().map((field) => field.at("singleHeader.name")),
    );
  }
}

/** Whether the headers that carry credentials are among the protected ones. */
function covers(place: Field, headers: readonly Field[]): Finding[] {
  const names = headers.map(({ text }) => text.toLowerCase());
  const missing = credentialHeaders.filter((header) => !names.includes(header));
  if (missing.length === 0) return [];
  if (place.unknown || headers.some(({ unknown }) => unknown)) return [place.undecided()];
  return [place.resource.fail(`${place.path} must cover the headers ${missing.join(" and ")}`)];
}
