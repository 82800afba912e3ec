import { is } from "./conditions";
import type { Field, Finding, Resource, Stack } from "./model";
import { stackRule } from "./rule";
import { token } from "./tokens";

export const logGroupsMade = stackRule({
  id: "log-groups-made",
  title:
    "What functions, sessions, streams and instances say of themselves goes to log groups of the stack",
  severity: "medium",
  level: "advisory",
  requirements: ["S1", "M10"],
  controls: [],
  fix: "Make the log group with a key and a retention, and name it in loggingConfig, in cloudWatchLogGroupName, in cloudwatchLoggingOptions or in the settings of the agent.",
  url: "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html",
  types: [token.lambdaFunction, token.document, token.deliveryStream, token.launchTemplate],
  *checkStack(stack) {
    for (const lambda of stack.all(token.lambdaFunction)) {
      const group = lambda.at("loggingConfig.logGroup");
      if (group.present) yield* isMade(group, group.text, stack);
      // Lambda makes this one by itself, with no key and for ever.
      else yield* isMade(lambda.at("name"), `/aws/lambda/${lambda.at("name").text}`, stack);
    }
    for (const document of stack.all(token.document)) {
      if (document.at("documentType").value !== "Session") continue;
      if (document.at("documentFormat").value === "YAML") continue;
      const group = document.at("content").json().at("inputs.cloudWatchLogGroupName");
      if (group.present) yield* isMade(group, group.text, stack);
    }
    for (const template of stack.all(token.launchTemplate)) {
      for (const name of agentsGroups(template)) yield* mustHaveLogGroup(template, name, stack);
    }
    for (const stream of stack.all(token.deliveryStream)) {
      for (const destination of destinations) {
        if (!stream.at(destination).present) continue;
        yield* reportsErrors(stream.at(`${destination}.cloudwatchLoggingOptions`), stack);
      }
    }
  },
});

/** Log groups in settings of CloudWatch's agent: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Agent-Configuration-File-Details.html */
function agentsGroups(template: Resource): Set<string> {
  const text = Buffer.from(template.at("userData").text, "base64").toString();
  const named = text.matchAll(/"log_group_name"\s*:\s*"([^"{]+)"/g);
  return new Set([...named].map(([, name = ""]) => name));
}

/** Where streams to log stores say what they could not deliver, and what they could not keep aside. */
const destinations = [
  "opensearchConfiguration",
  "opensearchConfiguration.s3Configuration",
  "elasticsearchConfiguration",
  "elasticsearchConfiguration.s3Configuration",
];

function* reportsErrors(options: Field, stack: Stack): Iterable<Finding> {
  yield* options.at("enabled").must(is(true));
  const group = options.at("logGroupName");
  if (group.present) yield* isMade(group, group.text, stack);
}

function isMade(field: Field, name: string, stack: Stack): Finding[] {
  if (stack.refs(field, [token.logGroup]).found.length > 0) return [];
  if (field.unknown) return [field.undecided()];
  return mustHaveLogGroup(field.resource, name, stack);
}

/** What is found when the stack has no log group of that name, which the resource writes to. */
export function mustHaveLogGroup(writer: Resource, name: string, stack: Stack): Finding[] {
  const names = stack.all(token.logGroup).map((group) => group.at("name"));
  if (names.some(({ value }) => value === name)) return [];
  const open = names.filter(({ unknown }) => unknown);
  return open.length > 0
    ? open.map((one) => one.undecided())
    : [writer.fail(`${writer.name} must have its log group ${name} in the stack`)];
}
