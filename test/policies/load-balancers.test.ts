import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import { managedGroup, platform, resource } from "../support/rule-platform";
import { gone, ref, unknown } from "../support/rule-stack";

const one = {
  balancer: resource(token.loadBalancer, {
    ...platform["balancer"]?.inputs,
    subnets: ["subnet-1", "subnet-2"],
    securityGroups: ["sg-1"],
  }),
};
const certificate = {
  certificate: resource(token.certificate, { ...platform["certificate"]?.inputs }),
};
const internal = resource(token.loadBalancer, { internal: true });
const secondOf = (type: string) => ({ other: resource(type, {}) });
const both = ["balancer", "other"].map(
  (balancer) =>
    `${balancer}: internal must be true on all load balancers but one, got balancer, other`,
);

casesFor("exp-single-public-alb [C10] [J16]", {
  base: platform,
  passes: [
    ["one", {}],
    ["one, and an internal one", { internal }],
    ["none", { "balancer.internal": true }],
  ],
  fails: [
    ["two", secondOf(token.loadBalancer), both],
    ["two of the other token", secondOf(token.loadBalancerAlb), both],
    ["two, one classic", secondOf(token.loadBalancerClassic), both],
    [
      "two, one a network load balancer",
      { other: resource(token.loadBalancer, { loadBalancerType: "network", internal: false }) },
      both,
    ],
  ],
  undecided: [
    [
      "a second one of which nobody knows yet",
      { other: resource(token.loadBalancer, { internal: unknown }) },
      ["other: undecided: internal of other is unknown until up"],
    ],
  ],
});

const ofTwo = (more: string) => [
  `balancer: balancer must be one of 1 at most, got 2: balancer, ${more}`,
  `${more}: ${more} must be one of 1 at most, got 2: balancer, ${more}`,
];

casesFor("cost-lb-count [C10]", {
  base: platform,
  passes: [
    ["one", {}],
    ["one inside", { "balancer.internal": true }],
    ["two, one internal", { internal }],
  ],
  fails: [
    [
      "three",
      { internal, ...secondOf(token.loadBalancerClassic) },
      ["balancer", "internal", "other"].map(
        (name) => `${name}: ${name} must be one of 2 at most, got 3: balancer, internal, other`,
      ),
    ],
  ],
  undecided: [],
  decided: "how many there are is known",
});

describe("with a budget for one", () => {
  casesFor("cost-lb-count [C10]", {
    base: platform,
    config: { maxLoadBalancers: 1 },
    passes: [["one", {}]],
    fails: [
      ["two", secondOf(token.loadBalancer), ofTwo("other")],
      ["two, one internal", { internal }, ofTwo("internal")],
      ["two, one classic", secondOf(token.loadBalancerClassic), ofTwo("other")],
    ],
    undecided: [],
    decided: "how many there are is known",
  });
});

casesFor("exp-alb-drop-invalid-headers [C10]", {
  base: one,
  passes: [
    ["the strictest", {}],
    ["what AWS does when nothing is said", { "balancer.desyncMitigationMode": gone }],
  ],
  fails: [
    [
      "headers passed on",
      { "balancer.dropInvalidHeaderFields": false },
      ["balancer: dropInvalidHeaderFields must be true, got false"],
    ],
    [
      "headers left to AWS",
      { "balancer.dropInvalidHeaderFields": gone },
      ["balancer: dropInvalidHeaderFields must be true, got nothing"],
    ],
    [
      "smuggled requests only watched",
      { "balancer.desyncMitigationMode": "monitor" },
      ['balancer: desyncMitigationMode must not be monitor, got "monitor"'],
    ],
    [
      "addresses that callers write",
      { "balancer.xffHeaderProcessingMode": "preserve" },
      ['balancer: xffHeaderProcessingMode must not be preserve, got "preserve"'],
    ],
  ],
  undecided: [
    [
      "a mode that nobody knows yet",
      { "balancer.desyncMitigationMode": unknown },
      ["balancer: undecided: desyncMitigationMode of balancer is unknown until up"],
    ],
  ],
  notApplicable: [
    [
      "a network load balancer",
      { "balancer.loadBalancerType": "network" },
      "it speaks of application load balancers",
    ],
  ],
});

casesFor("exp-alb-deletion-protection [C10]", {
  base: one,
  passes: [["protected", {}]],
  fails: [
    [
      "not protected",
      { "balancer.enableDeletionProtection": false },
      ["balancer: enableDeletionProtection must be true, got false"],
    ],
    [
      "left to AWS",
      { "balancer.enableDeletionProtection": gone },
      ["balancer: enableDeletionProtection must be true, got nothing"],
    ],
  ],
  undecided: [
    [
      "a setting that nobody knows yet",
      { "balancer.enableDeletionProtection": unknown },
      ["balancer: undecided: enableDeletionProtection of balancer is unknown until up"],
    ],
  ],
});

casesFor("log-lb-access [M10]", {
  base: one,
  passes: [
    ["requests and connections", {}],
    [
      "an internal one without connections",
      { "balancer.internal": true, "balancer.connectionLogs": gone },
    ],
    [
      "a classic one with a bucket",
      {
        balancer: resource(token.loadBalancerClassic, { accessLogs: { bucket: "logs" } }),
      },
    ],
  ],
  fails: [
    [
      "no logs",
      { "balancer.accessLogs": gone },
      [
        "balancer: accessLogs.bucket must be set, got nothing",
        "balancer: accessLogs.enabled must be true, got nothing",
      ],
    ],
    [
      "logs not switched on",
      { "balancer.accessLogs.enabled": gone },
      ["balancer: accessLogs.enabled must be true, got nothing"],
    ],
    [
      "connections not logged",
      { "balancer.connectionLogs.enabled": false },
      ["balancer: connectionLogs.enabled must be true, got false"],
    ],
    [
      "a classic one with its logs switched off",
      {
        balancer: resource(token.loadBalancerClassic, {
          accessLogs: { bucket: "logs", enabled: false },
        }),
      },
      ["balancer: accessLogs.enabled must not be false, got false"],
    ],
  ],
  undecided: [
    [
      "a setting that nobody knows yet",
      { "balancer.accessLogs.enabled": unknown },
      ["balancer: undecided: accessLogs.enabled of balancer is unknown until up"],
    ],
  ],
});

casesFor("exp-alb-inbound-cidrs [J17]", {
  base: one,
  passes: [["a group", {}]],
  fails: [
    [
      "no group",
      { "balancer.securityGroups": gone },
      ["balancer: securityGroups must name at least one security group, got nothing"],
    ],
    [
      "an empty list",
      { "balancer.securityGroups": [] },
      ["balancer: securityGroups must name at least one security group, got []"],
    ],
  ],
  undecided: [
    [
      "a list that nobody knows yet",
      { "balancer.securityGroups": unknown },
      ["balancer: undecided: securityGroups of balancer is unknown until up"],
    ],
  ],
});

const firewallRules = [platform["firewall"]?.inputs["rules"]]
  .flat()
  .map((rule, i) => ({ ...(rule as object), priority: i + 10 }));
const groupAt = "firewall.rules[3].statement.managedRuleGroupStatement";
const rateAt = "firewall.rules[0].statement.rateBasedStatement";
const searched = { byteMatchStatement: { searchString: "x" } };
const allowing = (priority: unknown, more: Record<string, unknown> = {}) => ({
  name: "partners",
  priority,
  action: { allow: {} },
  statement: { geoMatchStatement: { countryCodes: ["DE"] } },
  ...more,
});
const before = (...rules: unknown[]) => ({ "firewall.rules": [...rules, ...firewallRules] });
const ownGroup = (priority: number, arn: unknown = ref("own-rules", "arn")) => ({
  priority,
  overrideAction: { none: {} },
  statement: { ruleGroupReferenceStatement: { arn } },
});
const ownRules = (...rules: unknown[]) => ({ "own-rules": resource(token.ruleGroup, { rules }) });
const tooEarly = (path: string, priority: string) =>
  `${path} must be above those of the rules that block, which do not see what was allowed before, got ${priority}`;
const managed = (name: string, more: Record<string, unknown>) => ({
  ...managedGroup(name),
  priority: 0,
  statement: { managedRuleGroupStatement: { name, ...more } },
});
const unseen = { scopeDownStatement: { geoMatchStatement: { countryCodes: ["AQ"] } } };
/** The rules of the firewall again, before them, each with more in its statement. */
const copies = (more: Record<string, unknown>) =>
  firewallRules.map((rule, i) => {
    const { statement: asked } = rule as unknown as { statement: Record<string, object> };
    const copied = Object.entries(asked).map(([kind, it]) => [kind, { ...it, ...more }]);
    return { ...rule, priority: i, statement: Object.fromEntries(copied) as object };
  });
const leftOut = (path: string) =>
  `${path}.scopeDownStatement must be left out, so that every request is judged, got a map`;
const keptActions = (path: string, name: string) =>
  `firewall: ${path} must be of a rule that keeps its action, got "${name}"`;
const beside = (type: string, inputs: Record<string, unknown>) =>
  resource(type, { webAclArn: ref("firewall", "arn"), ...inputs });

casesFor("exp-alb-waf [C10]", {
  base: platform,
  passes: [
    ["groups that block, and a limit", {}],
    [
      "own rules that block before",
      before({ priority: 1, action: { block: {} }, statement: searched }),
    ],
    ["what is allowed after all have judged", before(allowing(20))],
    ["what is allowed after copies that judge all of it", before(...copies({}), allowing(5))],
    ["copies that see no request", before(...copies(unseen))],
    [
      "own groups that block before",
      { ...before(ownGroup(1)), ...ownRules({ action: { block: {} } }) },
    ],
    [
      "own groups that only count before",
      { ...before({ ...ownGroup(1), overrideAction: { count: {} } }), ...ownRules(allowing(1)) },
    ],
    [
      "the same group again for some requests",
      {
        "firewall.rules": [
          ...firewallRules,
          {
            ...managedGroup("AWSManagedRulesCommonRuleSet"),
            priority: 30,
            statement: {
              managedRuleGroupStatement: {
                name: "AWSManagedRulesCommonRuleSet",
                scopeDownStatement: searched,
              },
            },
          },
        ],
      },
    ],
    [
      "a rule that asks more of people",
      {
        [`${groupAt}.ruleActionOverrides`]: [
          { name: "NoUserAgent_HEADER", actionToUse: { challenge: {} } },
        ],
      },
    ],
    [
      "a window of a minute",
      { [`${rateAt}.limit`]: 20_000, [`${rateAt}.evaluationWindowSec`]: 60 },
    ],
    [
      "a group that a resource beside the firewall asks",
      {
        "firewall.rules": firewallRules.slice(0, 3),
        last: beside(token.webAclRuleGroup, {
          priority: 13,
          overrideAction: "none",
          managedRuleGroup: { name: "AWSManagedRulesCommonRuleSet", vendorName: "AWS" },
        }),
      },
    ],
    [
      "an internal load balancer without one",
      { other: resource(token.loadBalancer, { internal: true }) },
    ],
  ],
  fails: [
    [
      "no firewall",
      { "acl-before-balancer": gone },
      ["balancer: balancer must have a web ACL, got none"],
    ],
    [
      "a firewall of something else",
      { "acl-before-balancer.resourceArn": "arn:other" },
      ["balancer: balancer must have a web ACL, got none"],
    ],
    [
      "a group that only counts",
      { "firewall.rules[3].overrideAction": { count: {} } },
      ["firewall: rules must ask AWSManagedRulesCommonRuleSet and not only count"],
    ],
    [
      "groups forgotten",
      { "firewall.rules": [platform["firewall"]?.inputs["rules"]].flat().slice(0, 2) },
      [
        "firewall: rules must ask AWSManagedRulesKnownBadInputsRuleSet, AWSManagedRulesCommonRuleSet and not only count",
      ],
    ],
    [
      "no limit",
      { "firewall.rules": [platform["firewall"]?.inputs["rules"]].flat().slice(1) },
      ["firewall: rules must block an address that sends too many requests"],
    ],
    [
      "a limit that only counts",
      { "firewall.rules[0].action": { count: {} } },
      ["firewall: rules must block an address that sends too many requests"],
    ],
    [
      "a limit that stops nobody",
      { [`${rateAt}.limit`]: 2_000_000_000 },
      [
        "firewall: rules[0].statement.rateBasedStatement.limit must be at most 100000 in five minutes, got 2000000000",
      ],
    ],
    [
      "a limit that is short in its window and not in five minutes",
      { [`${rateAt}.limit`]: 20_001, [`${rateAt}.evaluationWindowSec`]: 60 },
      [
        "firewall: rules[0].statement.rateBasedStatement.limit must be at most 100000 in five minutes, got 20001",
      ],
    ],
    [
      "a limit for some requests",
      { [`${rateAt}.scopeDownStatement`]: searched },
      [
        "firewall: rules[0].statement.rateBasedStatement.scopeDownStatement must be left out, so that every request is judged, got a map",
      ],
    ],
    [
      "a limit on what a client chooses",
      { [`${rateAt}.aggregateKeyType`]: "CUSTOM_KEYS" },
      [
        'firewall: rules[0].statement.rateBasedStatement.aggregateKeyType must be IP, got "CUSTOM_KEYS"',
      ],
    ],
    [
      "a group for some requests",
      { [`${groupAt}.scopeDownStatement`]: searched },
      [
        "firewall: rules[3].statement.managedRuleGroupStatement.scopeDownStatement must be left out, so that every request is judged, got a map",
      ],
    ],
    ...["count", "allow"].map((action): [string, Record<string, unknown>, string[]] => [
      `a rule of a group at ${action}`,
      {
        [`${groupAt}.ruleActionOverrides`]: [
          { name: "CrossSiteScripting_BODY", actionToUse: { [action]: {} } },
        ],
      },
      [
        keptActions(
          "rules[3].statement.managedRuleGroupStatement.ruleActionOverrides[0].name",
          "CrossSiteScripting_BODY",
        ),
      ],
    ]),
    [
      "a rule left out of a group",
      { [`${groupAt}.excludedRules`]: [{ name: "NoUserAgent_HEADER" }] },
      [
        keptActions(
          "rules[3].statement.managedRuleGroupStatement.excludedRules[0].name",
          "NoUserAgent_HEADER",
        ),
      ],
    ],
    [
      "everything allowed before",
      before(allowing(0)),
      [`firewall: ${tooEarly("rules[0].priority", "0")}`],
    ],
    [
      "some allowed before the last of them",
      before(allowing(13)),
      [`firewall: ${tooEarly("rules[0].priority", "13")}`],
    ],
    [
      "an own group that allows before",
      { ...before(ownGroup(1)), ...ownRules(allowing(1)) },
      [`firewall: ${tooEarly("rules[0].priority", "1")}`],
    ],
    [
      "another group with a rule that allows before",
      before({
        priority: 1,
        overrideAction: { none: {} },
        statement: {
          managedRuleGroupStatement: {
            name: "AWSManagedRulesBotControlRuleSet",
            ruleActionOverrides: [{ name: "CategorySearchEngine", actionToUse: { allow: {} } }],
          },
        },
      }),
      [`firewall: ${tooEarly("rules[0].priority", "1")}`],
    ],
    [
      "everything allowed after copies of the groups that see no request",
      before(...copies(unseen), allowing(5)),
      [
        `firewall: ${leftOut("rules[1].statement.managedRuleGroupStatement")}`,
        `firewall: ${tooEarly("rules[4].priority", "5")}`,
        `firewall: ${leftOut("rules[2].statement.managedRuleGroupStatement")}`,
        `firewall: ${leftOut("rules[3].statement.managedRuleGroupStatement")}`,
        `firewall: ${leftOut("rules[0].statement.rateBasedStatement")}`,
      ],
    ],
    [
      "a copy of a group before the others, of which a rule allows",
      before(
        managed("AWSManagedRulesCommonRuleSet", {
          ruleActionOverrides: [{ name: "NoUserAgent_HEADER", actionToUse: { allow: {} } }],
        }),
      ),
      [
        `firewall: ${tooEarly("rules[0].priority", "0")}`,
        keptActions(
          "rules[0].statement.managedRuleGroupStatement.ruleActionOverrides[0].name",
          "NoUserAgent_HEADER",
        ),
      ],
    ],
    [
      "a rule beside the firewall that allows before",
      { ...before(), first: beside(token.webAclRule, allowing(1)) },
      [`first: ${tooEarly("priority", "1")}`],
    ],
    [
      "a group that a resource beside the firewall only counts",
      {
        "firewall.rules": firewallRules.slice(0, 3),
        last: beside(token.webAclRuleGroup, {
          priority: 13,
          overrideAction: "count",
          managedRuleGroup: { name: "AWSManagedRulesCommonRuleSet", vendorName: "AWS" },
        }),
      },
      ["firewall: rules must ask AWSManagedRulesCommonRuleSet and not only count"],
    ],
    [
      "requests that go around a firewall which does not answer",
      { "balancer.enableWafFailOpen": true },
      ["balancer: enableWafFailOpen must not be true, got true"],
    ],
  ],
  undecided: [
    [
      "rules that nobody knows yet",
      { "firewall.rules": unknown },
      ["firewall: undecided: rules of firewall is unknown until up"],
    ],
    [
      "rules as one text",
      { "firewall.ruleJson": "[]" },
      ["firewall: undecided: ruleJson of firewall is unknown until up"],
    ],
    [
      "what nobody knows yet of a limit",
      { [`${rateAt}.limit`]: unknown },
      [
        "firewall: undecided: rules[0].statement.rateBasedStatement.limit of firewall is unknown until up",
      ],
    ],
    [
      "a limit on what a proxy says",
      { [`${rateAt}.aggregateKeyType`]: "FORWARDED_IP" },
      [
        "firewall: undecided: who sets X-Forwarded-For is unknown: rules[0].statement.rateBasedStatement.aggregateKeyType is FORWARDED_IP, for which a proxy must stand before",
      ],
    ],
    [
      "a group that nobody knows yet",
      { [`${groupAt}.name`]: unknown },
      [
        "firewall: undecided: rules[3].statement.managedRuleGroupStatement.name of firewall is unknown until up",
      ],
    ],
    [
      "whether a group counts is unknown",
      { "firewall.rules[3].overrideAction": unknown },
      ["firewall: undecided: rules[3].overrideAction of firewall is unknown until up"],
    ],
    [
      "whether a copy before what is allowed sees every request",
      before(
        managed("AWSManagedRulesCommonRuleSet", { scopeDownStatement: unknown }),
        ...copies({}).slice(0, 3),
        allowing(5),
      ),
      [
        "firewall: undecided: rules[0].statement.managedRuleGroupStatement.scopeDownStatement of firewall is unknown until up",
      ],
    ],
    [
      "when a group is asked beside what is allowed",
      {
        "firewall.rules": [
          allowing(13),
          ...firewallRules.slice(0, 3),
          { ...firewallRules[3], priority: unknown },
        ],
      },
      ["firewall: undecided: rules[4].priority of firewall is unknown until up"],
    ],
    [
      "when something is allowed",
      before(allowing(unknown)),
      ["firewall: undecided: rules[0].priority of firewall is unknown until up"],
    ],
    [
      "what a rule does",
      before(allowing(1, { action: unknown })),
      ["firewall: undecided: whether rules[0] allows requests before others judge them is unknown"],
    ],
    [
      "an own group of another stack",
      before(ownGroup(1, "arn:aws:wafv2:eu-west-1:111122223333:regional/rulegroup/own/1")),
      ["firewall: undecided: whether rules[0] allows requests before others judge them is unknown"],
    ],
    [
      "an own group in one text",
      { ...before(ownGroup(1)), "own-rules": resource(token.ruleGroup, { rulesJson: "[]" }) },
      ["firewall: undecided: whether rules[0] allows requests before others judge them is unknown"],
    ],
    [
      "a rule of a firewall that nobody knows yet",
      { first: resource(token.webAclRule, { ...allowing(1), webAclArn: unknown }) },
      ["first: undecided: webAclArn of first is unknown until up"],
    ],
    [
      "an association with something that nobody knows yet",
      { "acl-before-balancer.resourceArn": unknown },
      ["acl-before-balancer: undecided: resourceArn of acl-before-balancer is unknown until up"],
    ],
    [
      "a firewall of another stack",
      { "acl-before-balancer.webAclArn": "arn:acl" },
      [
        "acl-before-balancer: undecided: the rules of arn:acl are unknown: the stack does not manage the web ACL",
      ],
    ],
  ],
  notApplicable: [
    [
      "nothing faces the internet",
      { "balancer.internal": true },
      "no application load balancer faces the internet",
    ],
  ],
});

describe("a firewall with rules that may count, and a lower limit", () => {
  const name = "SizeRestrictions_BODY";
  const overrides = (actionToUse: object) => ({
    [`${groupAt}.ruleActionOverrides`]: [{ name, actionToUse }],
  });
  casesFor("exp-alb-waf [C10]", {
    base: platform,
    config: { mayCount: [name], mostRequests: 2000 },
    passes: [
      ["one that counts", overrides({ count: {} })],
      ["one that is left out", { [`${groupAt}.excludedRules`]: [{ name }] }],
    ],
    fails: [
      [
        "one that allows",
        overrides({ allow: {} }),
        [
          keptActions(
            "rules[3].statement.managedRuleGroupStatement.ruleActionOverrides[0].name",
            name,
          ),
        ],
      ],
      [
        "a limit above",
        { [`${rateAt}.limit`]: 2001 },
        [
          "firewall: rules[0].statement.rateBasedStatement.limit must be at most 2000 in five minutes, got 2001",
        ],
      ],
    ],
    undecided: [],
    decided: "the table above has them",
  });
});

describe("a firewall with other groups", () => {
  casesFor("exp-alb-waf [C10]", {
    base: platform,
    config: { managedGroups: ["AWSManagedRulesSQLiRuleSet"] },
    passes: [
      [
        "the configured group",
        {
          "firewall.rules": [
            ...[platform["firewall"]?.inputs["rules"]].flat().slice(0, 1),
            managedGroup("AWSManagedRulesSQLiRuleSet"),
          ],
        },
      ],
    ],
    fails: [
      [
        "the default ones",
        {},
        ["firewall: rules must ask AWSManagedRulesSQLiRuleSet and not only count"],
      ],
    ],
    undecided: [],
    decided: "the table above has them",
  });
});

casesFor("exp-alb-waf-log [M10]", {
  base: platform,
  passes: [
    ["a log without credentials", {}],
    [
      "in other letters",
      {
        "acl-log.redactedFields": [
          { singleHeader: { name: "Authorization" } },
          { singleHeader: { name: "Cookie" } },
        ],
      },
    ],
  ],
  fails: [
    [
      "no log",
      { "acl-log": gone },
      ["firewall: firewall must have a WebAclLoggingConfiguration, got none"],
    ],
    [
      "credentials in the log",
      { "acl-log.redactedFields": gone },
      ["acl-log: redactedFields must cover the headers authorization and cookie"],
    ],
    [
      "cookies in the log",
      { "acl-log.redactedFields": [{ singleHeader: { name: "authorization" } }] },
      ["acl-log: redactedFields must cover the headers cookie"],
    ],
    [
      "requests that nobody counts",
      { "firewall.visibilityConfig": { cloudwatchMetricsEnabled: false } },
      ["firewall: visibilityConfig.cloudwatchMetricsEnabled must not be false, got false"],
    ],
    [
      "credentials in the samples",
      { "firewall.dataProtectionConfig": gone },
      ["firewall: dataProtectionConfig must cover the headers authorization and cookie"],
    ],
  ],
  undecided: [
    [
      "fields that nobody knows yet",
      { "acl-log.redactedFields": unknown },
      ["acl-log: undecided: redactedFields of acl-log is unknown until up"],
    ],
    [
      "a log of something that nobody knows yet",
      { "acl-log.resourceArn": unknown },
      ["acl-log: undecided: resourceArn of acl-log is unknown until up"],
    ],
  ],
  notApplicable: [
    [
      "no firewall",
      { "acl-before-balancer": gone },
      "the stack has no firewall of a public load balancer",
    ],
  ],
});

casesFor("exp-dns-to-known-lb [C10] [J16]", {
  base: platform,
  passes: [
    ["the load balancer, and a proof", {}],
    ["mail", { mail: resource(token.record, { type: "MX", records: ["10 mail.example.com"] }) }],
    [
      "an address in a private zone",
      {
        zone: resource(token.zone, { name: "internal", vpcs: [{ vpcId: ref("vpc") }] }),
        inside: resource(token.record, {
          zoneId: ref("zone"),
          type: "A",
          records: ["10.10.1.1"],
        }),
      },
    ],
  ],
  fails: [
    [
      "an address",
      { other: resource(token.record, { zoneId: "Z1", type: "A", records: ["203.0.113.7"] }) },
      ['other: records[0] must be the public load balancer of the stack, got "203.0.113.7"'],
    ],
    [
      "another name",
      {
        other: resource(token.record, {
          zoneId: "Z1",
          type: "CNAME",
          records: ["elsewhere.example.net"],
        }),
      },
      [
        'other: records[0] must be the public load balancer of the stack, got "elsewhere.example.net"',
      ],
    ],
    [
      "an internal load balancer",
      { "balancer.internal": true },
      ["name: aliases[0].name must be a load balancer that faces the internet, got balancer"],
    ],
  ],
  undecided: [
    [
      "a target that nobody knows yet",
      { "name.aliases[0].name": unknown },
      ["name: undecided: aliases[0].name of name is unknown until up"],
    ],
    [
      "a scheme that nobody knows yet",
      { "balancer.internal": unknown },
      ["balancer: undecided: internal of balancer is unknown until up"],
    ],
  ],
  notApplicable: [
    [
      "records of other types only",
      { name: gone, "proof.type": "TXT" },
      "no public record leads anywhere",
    ],
  ],
});

describe("a bastion that people reach by SSH", () => {
  casesFor("exp-dns-to-known-lb [C10] [J16]", {
    base: platform,
    config: { publicBastion: true },
    passes: [
      [
        "the bastion's address",
        {
          address: resource(token.eip, { domain: "vpc" }),
          bastion: resource(token.record, {
            zoneId: "Z1",
            type: "A",
            records: [ref("address", "publicIp")],
          }),
        },
      ],
    ],
    fails: [
      [
        "another address",
        { other: resource(token.record, { zoneId: "Z1", type: "A", records: ["203.0.113.7"] }) },
        ['other: records[0] must be the public load balancer of the stack, got "203.0.113.7"'],
      ],
    ],
    undecided: [],
    decided: "the table above has them",
  });
});

const selfSigned = (validityPeriodHours: unknown, more: Record<string, unknown> = {}) => ({
  certificate: resource(token.tlsSelfSigned, { validityPeriodHours, ...more }),
});

casesFor("tls-cert-lifetime [M3]", {
  base: certificate,
  passes: [
    ["issued by ACM", {}],
    ["P-256", { "certificate.keyAlgorithm": "EC_prime256v1" }],
    ["366 days of a server's own", selfSigned(8784)],
  ],
  fails: [
    [
      "more than 366 days of a server's own",
      selfSigned(8785),
      ["certificate: validityPeriodHours must be an integer from 1 to 8784, got 8785"],
    ],
    [
      "proof by mail, which a person has to answer",
      { "certificate.validationMethod": "EMAIL" },
      ['certificate: validationMethod must be DNS, got "EMAIL"'],
    ],
    [
      "a short key",
      { "certificate.keyAlgorithm": "RSA_1024" },
      ['certificate: keyAlgorithm must not be RSA_1024, got "RSA_1024"'],
    ],
    [
      "imported",
      { "certificate.certificateBody": "…", "certificate.privateKey": "…" },
      ["certificate: certificateBody and privateKey must be left out: ACM renews what it issues"],
    ],
  ],
  undecided: [
    [
      "a method that nobody knows yet",
      { "certificate.validationMethod": unknown },
      ["certificate: undecided: validationMethod of certificate is unknown until up"],
    ],
    [
      "a life that nobody knows yet",
      selfSigned(unknown),
      ["certificate: undecided: validityPeriodHours of certificate is unknown until up"],
    ],
    [
      "a long life of what may be an authority",
      selfSigned(87_600, { isCaCertificate: unknown }),
      ["certificate: undecided: isCaCertificate of certificate is unknown until up"],
    ],
  ],
  notApplicable: [
    [
      "a private certificate",
      {
        "certificate.certificateAuthorityArn":
          "arn:aws:acm-pca:eu-west-1:1:certificate-authority/a",
      },
      "a private authority issues the certificate",
    ],
    [
      "an authority",
      selfSigned(87_600, { isCaCertificate: true }),
      "it is the certificate of an authority",
    ],
  ],
});
