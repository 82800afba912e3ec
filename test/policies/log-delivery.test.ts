import { casesFor } from "../support/rule-cases";
import { document, logWriterStatement, platform } from "../support/rule-platform";
import { gone, unknown } from "../support/rule-stack";

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

casesFor("log-control-plane-central [S1]", {
  base: platform,
  passes: [
    ["a subscription", {}],
    ["a subscription by name", { "log-filter.logGroup": "/aws/eks/dev/cluster" }],
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
  ],
});

const policy = (more: Record<string, unknown>) => ({
  "store-log-policy.policyDocument": document(logWriterStatement(more)),
});

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
  ],
  fails: [
    [
      "the service of every account",
      policy({ Condition: undefined }),
      [
        "store-log-policy: policyDocument.Statement[0] must limit the service by aws:SourceAccount or aws:SourceArn, got statement Domain",
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
