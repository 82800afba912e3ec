import type { Field, Finding, Resource, Stack } from "./model";
import { isRecord } from "./model";
import { stackRule } from "./rule";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any, not } from "./truth";

/** From here on a finding is of high severity: docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html */
const high = 7;

export const findingsTold = stackRule({
  id: "mon-findings-told",
  title:
    "What GuardDuty finds goes where somebody sees it, and raises an alarm where there are any",
  severity: "medium",
  level: "mandatory",
  requirements: ["M1", "M10"],
  controls: [],
  fix: "Add aws.cloudwatch.EventRule for events of the source aws.guardduty and the detail-type GuardDuty Finding, and an aws.cloudwatch.EventTarget for the rule. To a log group that it goes to, add an aws.cloudwatch.LogMetricFilter with the pattern { $.detail.severity >= 7 }.",
  url: "https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html",
  types: [token.detector],
  *checkStack(stack) {
    const detectors = stack.all(token.detector);
    if (detectors.length === 0) return;
    for (const filter of stack.all(token.guardDutyFilter)) yield* keepsBack(filter);
    const rules = stack.all(token.eventRule);
    const told = any(rules.map((rule) => all([takesFindings(rule), isHeard(rule, stack)])));
    if (told) return;
    if (told === undefined) {
      yield* detectors.map((detector) =>
        detector.undecided(`whether findings of ${detector.name} are seen is unknown until up`),
      );
      return;
    }
    const taking = rules.filter((rule) => takesFindings(rule) !== false);
    yield* taking.length > 0
      ? taking.flatMap((rule) => missing(rule, stack))
      : detectors.map((detector) =>
          detector.fail(
            `${detector.name} must have an aws.cloudwatch.EventRule for its findings, got none`,
          ),
        );
  },
});

/** What is archived reaches nobody: docs.aws.amazon.com/guardduty/latest/ug/findings_suppression-rule.html */
function keepsBack(filter: Resource): Finding[] {
  const action = filter.at("action");
  if (!action.unknown && action.text !== "ARCHIVE") return [];
  return [
    filter.undecided(
      `${filter.name} may keep findings back (action ARCHIVE): whether severe ones, people have to judge`,
    ),
  ];
}

function takesFindings(rule: Resource): Truth {
  const pattern = rule.at("eventPattern").json();
  return all([
    pattern.present,
    not(isValue(rule.at("state"), "DISABLED")),
    not(isValue(rule.at("isEnabled"), "false")),
    // AWS' own events come on the account's own bus.
    any([!rule.at("eventBusName").present, isValue(rule.at("eventBusName"), "default")]),
    includes(pattern.at("source"), "aws.guardduty"),
    any([
      !pattern.at("detail-type").present,
      includes(pattern.at("detail-type"), "GuardDuty Finding"),
    ]),
    takesSevereOnes(pattern.at("detail")),
  ]);
}

/** Another limit than by severity may keep back whatever it does not name. */
function takesSevereOnes(detail: Field): Truth {
  if (detail.unknown) return undefined;
  return all(
    detail
      .values()
      .map((limit) =>
        limit.path.endsWith(".severity") ? any(limit.each().map(startsLowEnough)) : false,
      ),
  );
}

/** A matcher of EventBridge: docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html */
function startsLowEnough(matcher: Field): Truth {
  const [operator, number, ...more] = matcher.at("numeric").each();
  if (!operator || !number || more.length > 0) return undefined;
  return isFrom(operator.text, Number(number.text));
}

function isFrom(operator: string, least: number): Truth {
  if (operator === ">=") return least <= high;
  return operator === ">" ? least < high : undefined;
}

function targetsOf(rule: Resource, stack: Stack): Resource[] {
  return stack.users(rule, [token.eventTarget], "rule");
}

/** The log groups of the stack that a target writes to. */
function groupsOf(target: Resource, stack: Stack): Resource[] {
  return stack.refs(target.at("arn"), [token.logGroup]).found;
}

function isHeard(rule: Resource, stack: Stack): Truth {
  const dangling = stack.danglers([token.eventTarget], "rule", [token.eventRule]);
  return any([
    ...targetsOf(rule, stack).map((target) => isSeen(target, stack)),
    ...dangling.map(() => undefined),
  ]);
}

/** What is no log group of the stack is for others to read. */
function isSeen(target: Resource, stack: Stack): Truth {
  const groups = groupsOf(target, stack);
  return all([
    ...groups.map((group) => isWatched(group, stack)),
    ...(groups.length > 0 ? partial.map((path) => !target.at(path).present) : []),
  ]);
}

/** By these a target gets something else than the event, in which filters find nothing. */
const partial = ["input", "inputPath", "inputTransformer"];

/** A stack without any alarm has nobody to tell, and the log store has to do. */
function isWatched(group: Resource, stack: Stack): Truth {
  const isRead = (type: string, path: string, reads: (user: Resource) => Truth): Truth =>
    any([
      ...stack.users(group, [type], path).map(reads),
      ...stack.danglers([type], path, [token.logGroup]).map(() => undefined),
    ]);
  return any([
    isRead(token.logMetricFilter, "logGroupName", countsSevereOnes),
    all([
      stack.all(token.metricAlarm).length === 0,
      isRead(token.logSubscriptionFilter, "logGroup", () => true),
    ]),
  ]);
}

function countsSevereOnes(filter: Resource): Truth {
  const pattern = filter.at("pattern");
  if (pattern.unknown) return undefined;
  // Everything.
  if (pattern.text.trim() === "") return true;
  const [, operator = "", least] =
    /^\{\s*\(?\s*\$\.detail\.severity\s*([<>]?=?)\s*([\d.]+)\s*\)?\s*\}$/.exec(
      pattern.text.trim(),
    ) ?? [];
  return least === undefined ? undefined : isFrom(operator, Number(least));
}

/** Why nobody hears of what a rule takes. */
function missing(rule: Resource, stack: Stack): Finding[] {
  const targets = targetsOf(rule, stack);
  if (targets.length === 0)
    return [rule.fail(`${rule.name} must have an aws.cloudwatch.EventTarget, got none`)];
  return targets.flatMap((target) => [
    ...partial.flatMap((path) =>
      target.at(path).present
        ? [target.fail(`${path} must be left out: filters of the log group read whole findings`)]
        : [],
    ),
    ...groupsOf(target, stack)
      .filter((group) => isWatched(group, stack) === false)
      .map((group) =>
        group.fail(
          `${group.name} must have an aws.cloudwatch.LogMetricFilter that counts findings of severity ${high} and more, got none`,
        ),
      ),
  ]);
}

/** The log groups of the stack that findings go to. */
export function findingGroups(stack: Stack): Resource[] {
  return stack
    .all(token.eventRule)
    .filter((rule) => takesFindings(rule) !== false)
    .flatMap((rule) => targetsOf(rule, stack))
    .flatMap((target) => groupsOf(target, stack));
}

function includes(list: Field, value: string): Truth {
  return any(list.each().map((one) => isValue(one, value)));
}

/** Matchers that are no texts are not read here. */
function isValue(field: Field, value: string): Truth {
  return field.unknown || isRecord(field.value) ? undefined : field.text === value;
}
