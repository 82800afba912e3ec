import { casesFor } from "../support/rule-cases";
import { document, logWriterStatement, platform, resource } from "../support/rule-platform";
import type { Change } from "../support/rule-stack";
import { gone, ref, unknown } from "../support/rule-stack";
import { namedSources, openSources } from "../support/source-conditions";
import { token } from "../../policies/tokens";

const search = "delivery.opensearchConfiguration";

casesFor("log-delivery-encrypted [S1] [M1]", {
  base: platform,
  passes: [
    ["own keys, inside the VPC", {}],
    [
      "another stream as the source, which is encrypted by itself",
      {
        "delivery.serverSideEncryption": gone,
        "delivery.kinesisSourceConfiguration": { kinesisStreamArn: "arn:aws:kinesis:x" },
      },
    ],
    ["a bucket as the destination", { [search]: gone }],
  ],
  fails: [
    [
      "records in the clear",
      { "delivery.serverSideEncryption": gone },
      [
        "delivery: serverSideEncryption.enabled must be true, got nothing",
        "delivery: serverSideEncryption.keyType must be one of CUSTOMER_MANAGED_CMK, got nothing",
        "delivery: serverSideEncryption.keyArn must name a KMS key that you manage, got nothing",
      ],
    ],
    [
      "AWS' key",
      { "delivery.serverSideEncryption": { enabled: true, keyType: "AWS_OWNED_CMK" } },
      [
        'delivery: serverSideEncryption.keyType must be one of CUSTOMER_MANAGED_CMK, got "AWS_OWNED_CMK"',
        "delivery: serverSideEncryption.keyArn must name a KMS key that you manage, got nothing",
      ],
    ],
    [
      "failed records without a key",
      { [`${search}.s3Configuration.kmsKeyArn`]: gone },
      [
        "delivery: opensearchConfiguration.s3Configuration.kmsKeyArn must name a KMS key that you manage, got nothing",
      ],
    ],
    [
      "a way outside of the VPC",
      { [`${search}.vpcConfig`]: gone },
      ["delivery: opensearchConfiguration.vpcConfig must be set, got nothing"],
    ],
  ],
  undecided: [
    [
      "unknown encryption",
      { "delivery.serverSideEncryption.enabled": unknown },
      ["delivery: undecided: serverSideEncryption.enabled of delivery is unknown until up"],
    ],
  ],
});

const buffer = resource(token.dataStream, { name: "buffer" });
/** The filter leads to a data stream, which the delivery stream reads. */
const buffered = {
  buffer,
  "log-filter.destinationArn": ref("buffer", "arn"),
  "delivery.kinesisSourceConfiguration": { kinesisStreamArn: ref("buffer", "arn") },
};
/** The filter leads to a destination, as those of other accounts do. */
const collected = (targetArn: unknown) => ({
  collector: resource(token.logDestination, { targetArn }),
  "log-filter.destinationArn": ref("collector", "arn"),
});
const another = (inputs: Record<string, unknown>) =>
  resource(token.logSubscriptionFilter, {
    logGroup: "/aws/eks/dev/cluster",
    destinationArn: ref("delivery", "arn"),
    filterPattern: "",
    ...inputs,
  });
const code = resource(token.lambdaFunction, { name: "code" });
const toStrangers = "arn:aws:lambda:eu-west-1:999988887777:function:x";
const byStream = "log-filter: destinationArn must lead to a log store by a delivery stream, got";
const notAll = (got: string) =>
  `log-filter: filterPattern must be empty, so that everything goes on, got ${got}`;

casesFor("log-control-plane-central [S1]", {
  base: platform,
  passes: [
    ["a subscription", {}],
    ["a subscription by name", { "log-filter.logGroup": "/aws/eks/dev/cluster" }],
    [
      "a domain by its name",
      { [`${search}.domainArn`]: "arn:aws:es:eu-west-1:111122223333:domain/dev" },
    ],
    [
      "a domain of Elasticsearch",
      {
        "delivery.destination": "elasticsearch",
        [search]: gone,
        "delivery.elasticsearchConfiguration": {
          domainArn: ref("store", "arn"),
          processingConfiguration: { enabled: true, processors: [{ type: "Lambda" }] },
        },
      },
    ],
    ["a data stream between", buffered],
    ["a destination between", collected(ref("delivery", "arn"))],
    [
      "some of it to other places as well",
      { code, beside: another({ filterPattern: "ERROR", destinationArn: ref("code", "arn") }) },
    ],
    [
      "something of which nobody knows yet beside",
      { beside: another({ logGroup: unknown, destinationArn: unknown }) },
    ],
  ],
  fails: [
    [
      "none",
      { "log-filter": gone },
      ["cluster: cluster must have a subscription filter on /aws/eks/dev/cluster, got none"],
    ],
    [
      "one of another group",
      { "log-filter.logGroup": "/elsewhere" },
      ["cluster: cluster must have a subscription filter on /aws/eks/dev/cluster, got none"],
    ],
    [
      "one that takes something else",
      { "log-filter.filterPattern": "{ $.nothing = 1 }" },
      [notAll('"{ $.nothing = 1 }"')],
    ],
    [
      "one to a function of strangers",
      { "log-filter.destinationArn": toStrangers },
      [`${byStream} "${toStrangers}"`],
    ],
    [
      "one that takes something else to strangers",
      { "log-filter.filterPattern": "ERROR", "log-filter.destinationArn": toStrangers },
      [notAll('"ERROR"'), `${byStream} "${toStrangers}"`],
    ],
    [
      "one to a function",
      { code, "log-filter.destinationArn": ref("code", "arn") },
      [`${byStream} code`],
    ],
    ["one to nothing", { "log-filter.destinationArn": gone }, [`${byStream} nothing`]],
    [
      "a stream to a bucket",
      { "delivery.destination": "extended_s3" },
      ['delivery: destination must be one of opensearch, elasticsearch, got "extended_s3"'],
    ],
    [
      "a stream with its function off, of which the store takes nothing",
      { [`${search}.processingConfiguration.enabled`]: false },
      ["delivery: opensearchConfiguration.processingConfiguration.enabled must be true, got false"],
    ],
    [
      "a stream without a function",
      { [`${search}.processingConfiguration`]: gone },
      [
        "delivery: opensearchConfiguration.processingConfiguration.enabled must be true, got nothing",
      ],
    ],
    [
      "a stream that leaves the events of a batch in one record",
      { [`${search}.processingConfiguration.processors`]: [{ type: "Decompression" }] },
      [
        "delivery: opensearchConfiguration.processingConfiguration.processors must have one of type Lambda, which makes a record of each event, got [a map]",
      ],
    ],
    [
      "a data stream that nothing reads",
      { ...buffered, "delivery.kinesisSourceConfiguration": { kinesisStreamArn: "arn:x" } },
      ["buffer: buffer must have a delivery stream to a log store, got none"],
    ],
    [
      "a data stream whose reader delivers to a bucket",
      { ...buffered, "delivery.destination": "extended_s3" },
      ['delivery: destination must be one of opensearch, elasticsearch, got "extended_s3"'],
    ],
    [
      "a destination of a data stream that nothing reads",
      { buffer, ...collected(ref("buffer", "arn")) },
      ["buffer: buffer must have a delivery stream to a log store, got none"],
    ],
    [
      "two of which neither will do",
      { "log-filter.filterPattern": "ERROR", beside: another({ filterPattern: "WARN" }) },
      [
        'beside: filterPattern must be empty, so that everything goes on, got "WARN"',
        notAll('"ERROR"'),
      ],
    ],
    [
      "one that would not do whatever group it is of",
      { "log-filter.logGroup": unknown, "log-filter.filterPattern": "ERROR" },
      ["cluster: cluster must have a subscription filter on /aws/eks/dev/cluster, got none"],
    ],
  ],
  undecided: [
    [
      "a subscription of something unknown",
      { "log-filter.logGroup": unknown },
      ["log-filter: undecided: logGroup of log-filter is unknown until up"],
    ],
    [
      "an unknown name of the cluster",
      { "cluster.name": unknown },
      ["cluster: undecided: name of cluster is unknown until up"],
    ],
    [
      "an unknown pattern",
      { "log-filter.filterPattern": unknown },
      ["log-filter: undecided: filterPattern of log-filter is unknown until up"],
    ],
    [
      "an unknown destination",
      { "log-filter.destinationArn": unknown },
      ["log-filter: undecided: destinationArn of log-filter is unknown until up"],
    ],
    ...[
      "arn:aws:firehose:eu-west-1:111122223333:deliverystream/central",
      "arn:aws:kinesis:eu-west-1:111122223333:stream/central",
      "arn:aws:logs:eu-west-1:111122223333:destination:central",
    ].map((arn): [string, Change, string[]] => [
      `a destination of another stack, ${arn}`,
      { "log-filter.destinationArn": arn },
      [`log-filter: undecided: where ${arn} leads is unknown: the stack does not manage it`],
    ]),
    [
      "what a stream delivers to",
      { "delivery.destination": unknown },
      ["delivery: undecided: destination of delivery is unknown until up"],
    ],
    [
      "a domain of another stack",
      { [`${search}.domainArn`]: "arn:aws:es:eu-west-1:111122223333:domain/central" },
      [
        "delivery: undecided: the log store to which delivery delivers is unknown: the stack does not manage it",
      ],
    ],
    [
      "a domain by its address",
      {
        [`${search}.domainArn`]: gone,
        [`${search}.clusterEndpoint`]: "https://search.example.com",
      },
      [
        "delivery: undecided: the log store to which delivery delivers is unknown: the stack does not manage it",
      ],
    ],
    [
      "whether a function is on",
      { [`${search}.processingConfiguration.enabled`]: unknown },
      [
        "delivery: undecided: opensearchConfiguration.processingConfiguration.enabled of delivery is unknown until up",
      ],
    ],
    [
      "what a processor is",
      { [`${search}.processingConfiguration.processors[0].type`]: unknown },
      [
        "delivery: undecided: opensearchConfiguration.processingConfiguration.processors of delivery is unknown until up",
      ],
    ],
    [
      "an unknown domain",
      { [`${search}.domainArn`]: unknown },
      ["delivery: undecided: opensearchConfiguration.domainArn of delivery is unknown until up"],
    ],
    [
      "a reader of something unknown",
      { ...buffered, "delivery.kinesisSourceConfiguration": unknown },
      ["delivery: undecided: kinesisSourceConfiguration of delivery is unknown until up"],
    ],
    [
      "a destination of something unknown",
      collected(unknown),
      ["collector: undecided: targetArn of collector is unknown until up"],
    ],
    [
      "one that will not do, and one of which nobody knows",
      { "log-filter.filterPattern": "ERROR", beside: another({ filterPattern: unknown }) },
      ["beside: undecided: filterPattern of beside is unknown until up"],
    ],
  ],
});

const policy = (more: Record<string, unknown>) => ({
  "store-log-policy.policyDocument": document(logWriterStatement(more)),
});

const streams = {
  Principal: { Service: ["delivery.logs.amazonaws.com", "events.amazonaws.com"] },
  Action: "logs:CreateLogStream",
  Condition: undefined,
};

casesFor("log-resource-policy-narrow [M1] [S1]", {
  base: platform,
  passes: [
    ["one account and one group", {}],
    [
      "a source",
      policy({
        Condition: {
          ArnLike: { "aws:SourceArn": "arn:aws:es:eu-west-1:111122223333:domain/dev" },
        },
      }),
    ],
    ...namedSources.map(([what, Condition]): [string, Record<string, unknown>] => [
      what,
      policy({ Condition }),
    ]),
    ["streams for events", policy(streams)],
  ],
  fails: [
    [
      "streams of another service",
      policy({ ...streams, Principal: { Service: ["events.amazonaws.com", "es.amazonaws.com"] } }),
      [
        "store-log-policy: policyDocument.Statement[0] must limit the service by aws:SourceAccount, or by aws:SourceArn with an account, got statement Domain",
      ],
    ],
    [
      "events of every rule",
      policy({ ...streams, Action: ["logs:CreateLogStream", "logs:PutLogEvents"] }),
      [
        "store-log-policy: policyDocument.Statement[0] must limit the service by aws:SourceAccount, or by aws:SourceArn with an account, got statement Domain",
      ],
    ],
    ...openSources.map(([what, Condition]): [string, Record<string, unknown>, string[]] => [
      what,
      policy({ Condition }),
      [
        "store-log-policy: policyDocument.Statement[0] must limit the service by aws:SourceAccount, or by aws:SourceArn with an account, got statement Domain",
      ],
    ]),
    [
      "the service of every account",
      policy({ Condition: undefined }),
      [
        "store-log-policy: policyDocument.Statement[0] must limit the service by aws:SourceAccount, or by aws:SourceArn with an account, got statement Domain",
      ],
    ],
    [
      "every group",
      policy({ Resource: "*" }),
      ["store-log-policy: policyDocument.Statement[0] must name log groups, got statement Domain"],
    ],
    [
      "every group of the account",
      policy({ Resource: "arn:aws:logs:eu-west-1:111122223333:log-group:*" }),
      ["store-log-policy: policyDocument.Statement[0] must name log groups, got statement Domain"],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "store-log-policy.policyDocument": unknown },
      ["store-log-policy: undecided: policyDocument of store-log-policy is unknown until up"],
    ],
  ],
});
