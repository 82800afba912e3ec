import { is, isAbsent, isOneOf, isSet } from "./conditions";
import { mustNameKey } from "./keys";
import { instances, templates } from "./launch-templates";
import { storeKinds, wayToStore } from "./log-destinations";
import type { Field, Finding, Resource, Stack } from "./model";
import { allows, isEveryResourceOfAKind, principals, statements } from "./policy-documents";
import { resourceRule, stackRule } from "./rule";
import { isForNamedSource } from "./sources";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any, not } from "./truth";
import { isUnknown } from "./unknown";
import { readings, userDataIn } from "./user-data";
import { auditGroups, runsVault } from "./vault-user-data";
import { oneOfWays } from "./ways";

export const deliveryEncrypted = stackRule({
  id: "log-delivery-encrypted",
  title: "Streams to log stores are encrypted with a key that the account manages, inside a VPC",
  severity: "medium",
  level: "mandatory",
  requirements: ["S1", "M1"],
  controls: ["ckv:CKV_AWS_240", "ckv:CKV_AWS_241"],
  fix: "Set serverSideEncryption with keyType CUSTOMER_MANAGED_CMK and a KMS key, and vpcConfig and s3Configuration.kmsKeyArn of the destination.",
  url: "https://docs.aws.amazon.com/firehose/latest/dev/encryption.html",
  types: [token.deliveryStream],
  *checkStack(stack) {
    for (const stream of stack.all(token.deliveryStream)) {
      // What comes from another stream is encrypted by that one: Firehose takes no key for it.
      if (!stream.at("kinesisSourceConfiguration").present) {
        yield* stream.must("serverSideEncryption.enabled", is(true));
        yield* stream.must("serverSideEncryption.keyType", isOneOf(["CUSTOMER_MANAGED_CMK"]));
        yield* mustNameKey(stream.at("serverSideEncryption.keyArn"), stack);
      }
      for (const destination of storeKinds.map((kind) => `${kind}Configuration`)) {
        if (!stream.at(destination).present) continue;
        yield* stream.must(`${destination}.vpcConfig`, isSet);
        yield* mustNameKey(stream.at(`${destination}.s3Configuration.kmsKeyArn`), stack);
      }
    }
  },
});

export const controlPlaneDelivered = stackRule({
  id: "log-control-plane-central",
  title: "The control plane's logs go on from CloudWatch to the central log store, all of them",
  severity: "medium",
  level: "mandatory",
  requirements: ["S1"],
  controls: [],
  fix: "Add a subscription filter to the log group /aws/eks/<cluster name>/cluster, with an empty pattern and a delivery stream to the search domain, in which a Lambda function makes a record of each event.",
  url: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html",
  types: [token.cluster],
  *checkStack(stack) {
    for (const cluster of stack.all(token.cluster)) yield* delivered(cluster, stack);
  },
});

function delivered(cluster: Resource, stack: Stack): Finding[] {
  const name = cluster.at("name");
  if (name.unknown) return [name.undecided()];
  return subscribed(cluster, `/aws/eks/${name.text}/cluster`, stack);
}

export const vaultDelivered = stackRule({
  id: "log-vault-central",
  title: "The audit log of Vault goes on from CloudWatch to the central log store, all of it",
  severity: "medium",
  level: "mandatory",
  requirements: ["J6", "S1"],
  controls: [],
  fix: "Add a subscription filter to the log group that takes the file of Vault's audit device, with an empty pattern and a delivery stream to the search domain, in which a Lambda function makes a record of each event.",
  url: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html",
  types: [...instances, ...templates],
  *checkStack(stack) {
    const seen = new Set<string>();
    for (const userData of userDataIn(stack)) {
      // What is known of it is judged all the same.
      if (userData.unknown) yield userData.undecided();
      const texts = readings(userData.text).filter((text) => runsVault.test(text));
      for (const group of texts.flatMap(auditGroups)) {
        if (isUnknown(group) || seen.has(group)) continue;
        seen.add(group);
        yield* subscribed(userData.resource, group, stack);
      }
    }
  },
});

/** Use "" to match everything: www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/logsubscriptionfilter */
const takesAll = { ...isAbsent, rule: "be empty, so that everything goes on" };

/** What the resource writes to the log group must go on from there, all of it, to a log store. */
function subscribed(writer: Resource, wanted: string, stack: Stack): Finding[] {
  const ways = stack.all(token.logSubscriptionFilter).flatMap((filter) => {
    const names = groupsOf(filter, stack);
    const isOn = names.some(({ value }) => value === wanted);
    const open = isOn ? [] : names.filter(({ unknown }) => unknown);
    if (!isOn && open.length === 0) return [];
    const way = [
      ...filter.must("filterPattern", takesAll),
      ...wayToStore(filter.at("destinationArn"), stack),
    ];
    // What cannot be the subscription that is wanted has no faults of one.
    if (!isOn && way.some(({ verdict }) => verdict === "fail")) return [];
    return [[...open.map((field) => field.undecided()), ...way]];
  });
  return ways.length > 0
    ? oneOfWays(ways)
    : [writer.fail(`${writer.name} must have a subscription filter on ${wanted}, got none`)];
}

/** Names of the log groups that a filter is on. */
function groupsOf(filter: Resource, stack: Stack): Field[] {
  const { found, outside, unknown } = stack.refs(filter.at("logGroup"), [token.logGroup]);
  return [...found.map((group) => group.at("name")), ...outside, ...unknown];
}

export const logResourcePolicyNarrow = resourceRule({
  id: "log-resource-policy-narrow",
  title: "Services write to named log groups, for named resources of the account",
  severity: "medium",
  level: "mandatory",
  requirements: ["M1", "S1"],
  controls: [],
  fix: "Name log groups in Resource, and limit the service by aws:SourceAccount, or by aws:SourceArn with an account.",
  url: "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
  types: [token.logResourcePolicy],
  *check(policy) {
    for (const statement of statements(policy.at("policyDocument"))) {
      const refused = not(allows(statement));
      if (principals(statement, "Service").length > 0) {
        yield* statement.judge(
          any([
            refused,
            isForNamedSource(statement, ["aws:SourceAccount"]),
            makesStreamsForEvents(statement),
          ]),
          "limit the service by aws:SourceAccount, or by aws:SourceArn with an account",
        );
      }
      yield* statement.judge(
        any([refused, not(isEveryResourceOfAKind(statement))]),
        "name log groups",
      );
    }
  },
});

/**
 * EventBridge tells for which rule it puts events into a stream, and not for which it makes one; a stream alone holds nothing:
 * docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions
 */
function makesStreamsForEvents(statement: Field): Truth {
  const isIn = (values: readonly string[]) => (field: Field) =>
    field.unknown ? undefined : values.includes(field.text);
  return all([
    statement.at("Action").present,
    ...statement
      .at("Action")
      .each()
      .map(isIn(["logs:CreateLogStream"])),
    ...principals(statement, "Service").map(isIn(eventServices)),
  ]);
}

const eventServices = ["delivery.logs.amazonaws.com", "events.amazonaws.com"];
