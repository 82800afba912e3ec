import { is, isOneOf } from "./conditions";
import type { Field, Finding, Resource, Stack } from "./model";
import { domainTypes } from "./search-domains";
import { token } from "./tokens";
import { any } from "./truth";
import { oneOfWays } from "./ways";

/**
 * What a subscription may write to, and what a destination for subscriptions of other accounts may:
 * docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html
 */
const streamTypes = [token.deliveryStream, token.dataStream];
const carrierTypes = [...streamTypes, token.logDestination, token.lambdaFunction];

/** Destinations of a delivery stream that are log stores, each with settings of its own: `<kind>Configuration`. */
export const storeKinds = ["opensearch", "elasticsearch"] as const;

const byStream = "lead to a log store by a delivery stream";
const sourceOfStream = "kinesisSourceConfiguration.kinesisStreamArn";

/** What keeps events that are sent to a destination from a search domain of the stack. */
export function wayToStore(
  destination: Field,
  stack: Stack,
  types: readonly string[] = carrierTypes,
): Finding[] {
  if (!destination.present) return [destination.fail(byStream)];
  const { found, outside, unknown } = stack.refs(destination, types);
  return oneOfWays([
    ...found.map((carrier) => onward(carrier, destination, stack)),
    ...outside.map((arn) => [ofOthers(arn)]),
    ...unknown.map((field) => [field.undecided()]),
  ]);
}

function onward(carrier: Resource, destination: Field, stack: Stack): Finding[] {
  switch (carrier.type) {
    case token.deliveryStream:
      return intoStore(carrier, stack);
    case token.dataStream:
      return byReaders(carrier, stack);
    case token.logDestination:
      return wayToStore(carrier.at("targetArn"), stack, streamTypes);
    default:
      // Code is what no rule can read.
      return [
        destination.resource.fail(`${destination.path} must ${byStream}, got ${carrier.name}`),
      ];
  }
}

function ofOthers(arn: Field): Finding {
  return /^arn:[^:]*:(firehose|kinesis|logs):/.test(arn.text)
    ? arn.resource.undecided(`where ${arn.text} leads is unknown: the stack does not manage it`)
    : arn.fail(byStream);
}

function byReaders(stream: Resource, stack: Stack): Finding[] {
  const readers = [
    ...stack
      .users(stream, [token.deliveryStream], sourceOfStream)
      .map((reader) => intoStore(reader, stack)),
    ...stack
      .danglers([token.deliveryStream], sourceOfStream, [token.dataStream])
      .map((field) => [field.undecided()]),
  ];
  return readers.length > 0
    ? oneOfWays(readers)
    : [stream.fail(`${stream.name} must have a delivery stream to a log store, got none`)];
}

function intoStore(stream: Resource, stack: Stack): Finding[] {
  const destination = stream.at("destination");
  const elsewhere = destination.must(isOneOf(storeKinds));
  if (elsewhere.length > 0) return elsewhere;
  const store = stream.at(`${destination.text}Configuration`);
  return [
    ...ofStack(store.at("domainArn"), stack),
    ...takesBatchesApart(store.at("processingConfiguration")),
  ];
}

function ofStack(domain: Field, stack: Stack): Finding[] {
  if (isDomainOf(stack, domain)) return [];
  const { resource: stream } = domain;
  return [
    domain.unknown
      ? domain.undecided()
      : stream.undecided(
          `the log store to which ${stream.name} delivers is unknown: the stack does not manage it`,
        ),
  ];
}

/**
 * A log store takes one document from a record, and CloudWatch Logs puts many events into one:
 * docs.aws.amazon.com/firehose/latest/dev/writing-with-cloudwatch-logs.html. Firehose's own processors leave them there.
 */
function takesBatchesApart(processing: Field): Finding[] {
  const kinds = processing
    .at("processors")
    .each()
    .map((processor) => processor.at("type"));
  const isOn = processing.at("enabled").must(is(true));
  if (isOn.length > 0) return isOn;
  const bySplitter = any(kinds.map((kind) => kind.equals("Lambda")));
  return processing
    .at("processors")
    .judge(bySplitter, "have one of type Lambda, which makes a record of each event");
}

/** Also by its name, which a program knows before there is a domain. */
function isDomainOf(stack: Stack, arn: Field): boolean {
  const [, name] = /^arn:[^:]*:es:[^:]*:[^:]*:domain\/([^/]+)$/.exec(arn.text) ?? [];
  const domains = stack.all(...domainTypes);
  return (
    stack.refs(arn, domainTypes).found.length > 0 ||
    (name !== undefined && domains.some((domain) => domain.at("domainName").value === name))
  );
}
