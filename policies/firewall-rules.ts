import { isAbsent, known, numeric } from "./conditions";
import type { Finding, Resource, Stack } from "./model";
import { Field } from "./model";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any, not } from "./truth";
import { oneOfWays } from "./ways";

export interface FirewallConfig {
  managedGroups: string[];
  mayCount: string[];
  mostRequests: number;
}

/** What keeps a web ACL from blocking what it must. */
export function* blocks(acl: Resource, stack: Stack, config: FirewallConfig): Iterable<Finding> {
  const { managedGroups: groups, mayCount, mostRequests } = config;
  const inside = acl.at("rules");
  if (inside.unknown || acl.at("ruleJson").present) {
    yield (inside.unknown ? inside : acl.at("ruleJson")).undecided();
    return;
  }
  const rules = rulesOf(acl, stack);
  const asking = groups.map((group) =>
    rules.filter((rule) => managedGroup(rule).at("name").text === group && !onlyCounts(rule)),
  );
  const missing = groups.filter((_, i) => asking[i]?.length === 0);
  if (missing.length > 0) {
    const open = rules.map((rule) => managedGroup(rule).at("name")).filter((name) => name.unknown);
    yield* open.length > 0
      ? open.map((name) => name.undecided())
      : [acl.fail(`rules must ask ${missing.join(", ")} and not only count`)];
  }
  const limiting = rules.filter(
    (rule) => rule.at("statement.rateBasedStatement").present && rule.at("action.block").present,
  );
  if (limiting.length === 0) {
    yield acl.fail("rules must block an address that sends too many requests");
  }
  // What a rule allows that is alone in what it asks for is found of the rule itself.
  const alone = [...asking, limiting].filter((ways) => ways.length === 1).flat();
  const others = rules.filter((rule) => !alone.includes(rule));
  // Of rules that ask for the same, one is enough that leaves nothing out and sees every request.
  const found = [
    ...asking.map((ways) => ways.map((rule) => [rule, asksAll(rule, mayCount)] as const)),
    limiting.map((rule) => [rule, limits(rule, mostRequests)] as const),
  ].flatMap((ways) =>
    oneOfWays(ways.map(([rule, lacks]) => [...lacks, ...allowedBefore(rule, others, stack)])),
  );
  // One that allows too early does so before many.
  yield* new Map(found.map((one) => [`${one.urn ?? ""} ${one.message}`, one])).values();
  yield* stack.danglers(typesBeside, "webAclArn", [token.webAcl]).map((field) => field.undecided());
}

const typesBeside = [token.webAclRule, token.webAclRuleGroup];

/** The rules of a web ACL, in it and beside it. */
function rulesOf(acl: Resource, stack: Stack): Field[] {
  const beside = stack.users(acl, typesBeside, "webAclArn");
  return [...acl.each("rules"), ...beside.map((one) => new Field(one, "", one.inputs))];
}

/** What the field at the first of the paths that is there holds: an association of a group has at its top what a rule has in its statement. */
function firstOf(rule: Field, ...paths: [string, string]): Field {
  const [inStatement, atTop] = paths.map((path) => rule.at(path)) as [Field, Field];
  return atTop.present ? atTop : inStatement;
}

function managedGroup(rule: Field): Field {
  return firstOf(rule, "statement.managedRuleGroupStatement", "managedRuleGroup");
}

function ownGroup(rule: Field): Field {
  return firstOf(rule, "statement.ruleGroupReferenceStatement", "ruleGroupReference");
}

function onlyCounts(rule: Field): boolean {
  const count = rule.at("overrideAction.count");
  return (count.present && !count.unknown) || rule.at("overrideAction").value === "count";
}

function isSet(field: Field): Truth {
  return field.unknown ? undefined : field.present;
}

const judgesAll = { ...isAbsent, rule: "be left out, so that every request is judged" };
const keepsAction = "be of a rule that keeps its action";

/** What a rule leaves out of a group that it asks. */
function asksAll(rule: Field, mayCount: readonly string[]): Finding[] {
  const group = managedGroup(rule);
  const counts = rule.at("overrideAction.count");
  return [
    ...(counts.unknown ? [counts.undecided()] : []),
    ...group.at("scopeDownStatement").must(judgesAll),
    ...group
      .at("ruleActionOverrides")
      .each()
      .flatMap((one) => {
        const [name, allows, onlyCounted] = [
          one.at("name"),
          isSet(one.at("actionToUse.allow")),
          mayCount.includes(one.at("name").text) ? false : isSet(one.at("actionToUse.count")),
        ];
        return name.judge(all([not(allows), not(onlyCounted)]), keepsAction);
      }),
    // What older providers call an override to count.
    ...group
      .at("excludedRules")
      .each()
      .map((one) => one.at("name"))
      .flatMap((name) =>
        mayCount.includes(name.text)
          ? []
          : name.judge(name.unknown ? undefined : false, keepsAction),
      ),
  ];
}

const fiveMinutes = 300;

/** What a rate-based rule leaves out: docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html */
function limits(rule: Field, most: number): Finding[] {
  const rate = rule.at("statement.rateBasedStatement");
  const window = rate.at("evaluationWindowSec");
  const limit = rate.at("limit");
  const seconds = window.present ? numeric(window.value) : fiveMinutes;
  const few = known(
    `be at most ${most} in five minutes`,
    (value) => (numeric(value) * fiveMinutes) / seconds <= most,
  );
  const block = rule.at("action.block");
  return [
    ...(block.unknown ? [block.undecided()] : []),
    ...rate.at("scopeDownStatement").must(judgesAll),
    ...(window.unknown ? [window.undecided()] : limit.must(few)),
    ...ofAddresses(rate.at("aggregateKeyType")),
  ];
}

/** Whoever sends requests chooses what else they are told apart by, so that no two of them are of the same. */
function ofAddresses(key: Field): Finding[] {
  if (key.value === "FORWARDED_IP") {
    return [
      key.resource.undecided(
        `who sets X-Forwarded-For is unknown: ${key.path} is FORWARDED_IP, for which a proxy must stand before`,
      ),
    ];
  }
  return key.present ? key.must(known("be IP", (value) => value === "IP")) : [];
}

/** What a rule allows no later rule sees. */
function allowedBefore(blocking: Field, rules: readonly Field[], stack: Stack): Finding[] {
  return rules.flatMap((rule) => (rule === blocking ? [] : allowsFirst(rule, blocking, stack)));
}

function allowsFirst(rule: Field, blocking: Field, stack: Stack): Finding[] {
  const allows = mayAllow(rule, stack);
  const [priority, other] = [rule.at("priority"), blocking.at("priority")];
  const open = [priority, other].filter(({ unknown }) => unknown);
  const isAfter = open.length === 0 && numeric(priority.value) > numeric(other.value);
  if (allows === false || isAfter) return [];
  if (allows === undefined) {
    return [
      rule.resource.undecided(
        `whether ${rule.path || rule.resource.name} allows requests before others judge them is unknown`,
      ),
    ];
  }
  if (open.length > 0) return open.map((field) => field.undecided());
  return [
    priority.fail(
      "be above those of the rules that block, which do not see what was allowed before",
    ),
  ];
}

/** Whether a rule, or one of a group that it asks, may end the evaluation by letting a request through. */
function mayAllow(rule: Field, stack: Stack): Truth {
  if (onlyCounts(rule)) return false;
  const overrides = [managedGroup(rule), ownGroup(rule)].flatMap((group) =>
    group.at("ruleActionOverrides").each(),
  );
  return any([
    isSet(rule.at("action.allow")),
    ...overrides.map((one) => isSet(one.at("actionToUse.allow"))),
    ...groupsAllow(ownGroup(rule).at("arn"), stack),
  ]);
}

function groupsAllow(arn: Field, stack: Stack): Truth[] {
  const { found, outside, unknown } = stack.refs(arn, [token.ruleGroup]);
  return [
    ...found.flatMap((group) => [
      group.at("rulesJson").present ? undefined : false,
      ...group.each("rules").map((rule) => isSet(rule.at("action.allow"))),
    ]),
    ...[...outside, ...unknown].map(() => undefined),
  ];
}
