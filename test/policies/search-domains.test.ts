import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import { document, platform, resource, storeStatement } from "../support/rule-platform";
import { gone, ref, unknown } from "../support/rule-stack";

const store = (path: string) => `store.${path}`;

casesFor("es-encrypted [S1] [M1]", {
  base: platform,
  passes: [
    ["keys, TLS with forward secrecy, a VPC", {}],
    [
      "the policy for TLS of FIPS",
      {
        [store("domainEndpointOptions.tlsSecurityPolicy")]:
          "Policy-Min-TLS-1-2-RFC9151-FIPS-2024-08",
      },
    ],
  ],
  fails: [
    [
      "a domain on the internet",
      { [store("vpcOptions")]: gone },
      ["store: vpcOptions.subnetIds must be set, got nothing"],
    ],
    [
      "data in the clear",
      { [store("encryptAtRest.enabled")]: false },
      ["store: encryptAtRest.enabled must be true, got false"],
    ],
    [
      "encryption left to AWS",
      { [store("encryptAtRest")]: gone },
      [
        "store: encryptAtRest.enabled must be true, got nothing",
        "store: encryptAtRest.kmsKeyId must name a KMS key that you manage, got nothing",
      ],
    ],
    [
      "AWS' key",
      { [store("encryptAtRest.kmsKeyId")]: "arn:aws:kms:eu-west-1:111122223333:alias/aws/es" },
      [
        'store: encryptAtRest.kmsKeyId must name a KMS key that you manage, got "arn:aws:kms:eu-west-1:111122223333:alias/aws/es"',
      ],
    ],
    [
      "nodes that talk in the clear",
      { [store("nodeToNodeEncryption")]: gone },
      ["store: nodeToNodeEncryption.enabled must be true, got nothing"],
    ],
    [
      "HTTP",
      { [store("domainEndpointOptions.enforceHttps")]: false },
      ["store: domainEndpointOptions.enforceHttps must be true, got false"],
    ],
    [
      "TLS without forward secrecy",
      { [store("domainEndpointOptions.tlsSecurityPolicy")]: "Policy-Min-TLS-1-2-2019-07" },
      [
        'store: domainEndpointOptions.tlsSecurityPolicy must be one of Policy-Min-TLS-1-2-PFS-2023-10, Policy-Min-TLS-1-2-RFC9151-FIPS-2024-08, got "Policy-Min-TLS-1-2-2019-07"',
      ],
    ],
    [
      "a domain of the older type",
      {
        old: resource(token.searchDomainElasticsearch, {
          vpcOptions: { subnetIds: [ref("nodes-a")] },
          encryptAtRest: { enabled: true, kmsKeyId: ref("key", "arn") },
          nodeToNodeEncryption: { enabled: true },
        }),
      },
      [
        "old: domainEndpointOptions.enforceHttps must be true, got nothing",
        "old: domainEndpointOptions.tlsSecurityPolicy must be one of Policy-Min-TLS-1-2-PFS-2023-10, Policy-Min-TLS-1-2-RFC9151-FIPS-2024-08, got nothing",
      ],
    ],
  ],
  undecided: [
    [
      "unknown encryption",
      { [store("encryptAtRest.enabled")]: unknown },
      ["store: undecided: encryptAtRest.enabled of store is unknown until up"],
    ],
  ],
});

casesFor("es-access-by-roles [S1] [S3]", {
  base: platform,
  passes: [
    ["the account, limited to a role", {}],
    [
      "a role as principal",
      {
        [store("accessPolicies")]: document(
          storeStatement({
            Principal: { AWS: "arn:aws:iam::111122223333:role/writer" },
            Condition: undefined,
          }),
        ),
      },
    ],
    [
      "a denial for everybody",
      {
        [store("accessPolicies")]: document(
          storeStatement({ Effect: "Deny", Principal: "*", Action: "es:*", Condition: undefined }),
        ),
      },
    ],
    ["no policy: roles bring their own rights", { [store("accessPolicies")]: gone }],
  ],
  fails: [
    [
      "no fine-grained access",
      { [store("advancedSecurityOptions.enabled")]: false },
      ["store: advancedSecurityOptions.enabled must be true, got false"],
    ],
    [
      "users with passwords",
      { [store("advancedSecurityOptions.internalUserDatabaseEnabled")]: true },
      ["store: advancedSecurityOptions.internalUserDatabaseEnabled must not be true, got true"],
    ],
    [
      "users without a name",
      { [store("advancedSecurityOptions.anonymousAuthEnabled")]: true },
      ["store: advancedSecurityOptions.anonymousAuthEnabled must not be true, got true"],
    ],
    [
      "no administrator",
      { [store("advancedSecurityOptions.masterUserOptions")]: gone },
      ["store: advancedSecurityOptions.masterUserOptions.masterUserArn must be set, got nothing"],
    ],
    [
      "everybody",
      {
        [store("accessPolicies")]: document(
          storeStatement({ Principal: "*", Condition: undefined }),
        ),
      },
      [
        "store: accessPolicies.Statement[0] must name roles as principals or by aws:PrincipalArn, got statement Writers",
      ],
    ],
    [
      "every role of the account",
      { [store("accessPolicies")]: document(storeStatement({ Condition: undefined })) },
      [
        "store: accessPolicies.Statement[0] must name roles as principals or by aws:PrincipalArn, got statement Writers",
      ],
    ],
    [
      "every action",
      { [store("accessPolicies")]: document(storeStatement({ Action: "es:*" })) },
      ["store: accessPolicies.Statement[0] must name the actions in use, got statement Writers"],
    ],
    [
      "everybody, by a policy of its own",
      {
        policy: resource(token.searchDomainPolicy, {
          domainName: ref("store", "domainName"),
          accessPolicies: document(storeStatement({ Principal: "*", Condition: undefined })),
        }),
      },
      [
        "policy: accessPolicies.Statement[0] must name roles as principals or by aws:PrincipalArn, got statement Writers",
      ],
    ],
  ],
  undecided: [
    [
      "an unknown policy",
      { [store("accessPolicies")]: unknown },
      ["store: undecided: accessPolicies of store is unknown until up"],
    ],
  ],
});

casesFor("es-multi-zone [S1]", {
  base: platform,
  passes: [["two nodes in two zones", {}]],
  fails: [
    [
      "one zone",
      { [store("clusterConfig.zoneAwarenessEnabled")]: gone },
      ["store: clusterConfig.zoneAwarenessEnabled must be true, got nothing"],
    ],
    [
      "one node",
      { [store("clusterConfig.instanceCount")]: 1 },
      ["store: clusterConfig.instanceCount must be an integer from 2 to 1000, got 1"],
    ],
  ],
  undecided: [
    [
      "unknown",
      { [store("clusterConfig.zoneAwarenessEnabled")]: unknown },
      ["store: undecided: clusterConfig.zoneAwarenessEnabled of store is unknown until up"],
    ],
  ],
});

casesFor("log-es-domain-logs [S1]", {
  base: platform,
  passes: [
    ["all four", {}],
    ["said to be on", { [store("logPublishingOptions[0].enabled")]: true }],
  ],
  fails: [
    [
      "the first of them off",
      { [store("logPublishingOptions")]: [{ logType: "AUDIT_LOGS", enabled: false }] },
      ["AUDIT_LOGS", "ES_APPLICATION_LOGS", "INDEX_SLOW_LOGS", "SEARCH_SLOW_LOGS"].map(
        (logType) => `store: logPublishingOptions must contain ${logType}, got [a map]`,
      ),
    ],
    [
      "none",
      { [store("logPublishingOptions")]: gone },
      ["AUDIT_LOGS", "ES_APPLICATION_LOGS", "INDEX_SLOW_LOGS", "SEARCH_SLOW_LOGS"].map(
        (logType) => `store: logPublishingOptions must contain ${logType}, got nothing`,
      ),
    ],
  ],
  undecided: [
    [
      "an unknown type may be the one that is missing",
      { [store("logPublishingOptions[0].logType")]: unknown },
      ["store: undecided: logPublishingOptions of store is unknown until up"],
    ],
  ],
});
