import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import { document, platform, resource, statement } from "../support/rule-platform";
import { gone, ref, unknown } from "../support/rule-stack";

const scansCaches = (scanFrequency: unknown, filter: unknown = "*") => ({
  scanning: resource(token.registryScanningConfiguration, {
    scanType: "BASIC",
    rules: [{ scanFrequency, repositoryFilters: [{ filter, filterType: "WILDCARD" }] }],
  }),
});

const scanning = (scanFrequency: string, filter = "*") => ({
  "repository.imageScanningConfiguration": gone,
  ...scansCaches(scanFrequency, filter),
});
const cacheNotScanned =
  'cache: ecrRepositoryPrefix must be in a filter of aws.ecr.RegistryScanningConfiguration that scans on push or continuously, got "dev/quay"';

const shared = (more: Record<string, unknown>) => ({
  policy: resource(token.repositoryPolicy, {
    repository: ref("repository", "name"),
    policy: document(
      statement({ Sid: "Pull", Action: "ecr:BatchGetImage", Principal: "*", ...more }),
    ),
  }),
});

casesFor("ecr-private-immutable-scanned [C6] [M1]", {
  base: platform,
  passes: [
    ["immutable, scanned, with an own key", {}],
    ["scanned by a setting of the account", scanning("SCAN_ON_PUSH")],
    ["scanned ever after", scanning("CONTINUOUS_SCAN")],
    ["a cache that another stack may scan", { scanning: gone }],
    ["a template for a namespace above", { "template.prefix": "dev" }],
    ["a template for everything", { "template.prefix": "ROOT" }],
    [
      "shared with the organization",
      shared({ Condition: { StringEquals: { "aws:PrincipalOrgID": "o-abc1234567" } } }),
    ],
  ],
  fails: [
    [
      "tags that move",
      { "repository.imageTagMutability": "MUTABLE" },
      ['repository: imageTagMutability must be one of IMMUTABLE, got "MUTABLE"'],
    ],
    [
      "a repository that takes its images with it",
      { "repository.forceDelete": true },
      ["repository: forceDelete must not be true, got true"],
    ],
    [
      "encryption by nothing",
      { "template.encryptionConfigurations": [] },
      ["template: encryptionConfigurations must name a KMS key that you manage, got []"],
    ],
    [
      "tags left to AWS",
      { "repository.imageTagMutability": gone },
      ["repository: imageTagMutability must be one of IMMUTABLE, got nothing"],
    ],
    [
      "no scan",
      { "repository.imageScanningConfiguration": gone },
      ["repository: imageScanningConfiguration.scanOnPush must be true, got nothing"],
    ],
    [
      "a scan by hand",
      scanning("MANUAL"),
      ["repository: imageScanningConfiguration.scanOnPush must be true, got nothing"],
    ],
    [
      "a scan of some",
      scanning("SCAN_ON_PUSH", "prod*"),
      ["repository: imageScanningConfiguration.scanOnPush must be true, got nothing"],
    ],
    [
      "ECR's own key",
      { "repository.encryptionConfigurations": gone },
      ["repository: encryptionConfigurations must name a KMS key that you manage, got nothing"],
    ],
    [
      "AES",
      { "repository.encryptionConfigurations": [{ encryptionType: "AES256" }] },
      [
        'repository: encryptionConfigurations[0].encryptionType must be one of KMS, KMS_DSSE, got "AES256"',
        "repository: encryptionConfigurations[0].kmsKey must name a KMS key that you manage, got nothing",
      ],
    ],
    [
      "cached tags that move",
      { "template.imageTagMutability": gone },
      ["template: imageTagMutability must be one of IMMUTABLE, got nothing"],
    ],
    [
      "a cache without a template",
      { template: gone },
      ['cache: ecrRepositoryPrefix must have a repository creation template, got "dev/quay"'],
    ],
    [
      "a template of another namespace",
      { "template.prefix": "dev/qu" },
      ['cache: ecrRepositoryPrefix must have a repository creation template, got "dev/quay"'],
    ],
    [
      "a template for replication",
      { "template.appliedFors": ["REPLICATION"] },
      ['cache: ecrRepositoryPrefix must have a repository creation template, got "dev/quay"'],
    ],
    [
      "everybody may pull",
      shared({}),
      ["policy: policy.Statement[0] must not be for everybody, got statement Pull"],
    ],
    [
      "every organization may pull",
      shared({ Condition: { StringLike: { "aws:PrincipalOrgID": "o-*" } } }),
      ["policy: policy.Statement[0] must not be for everybody, got statement Pull"],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "repository.imageTagMutability": unknown },
      ["repository: undecided: imageTagMutability of repository is unknown until up"],
    ],
    [
      "an unknown template",
      { "template.prefix": unknown },
      ["cache: undecided: ecrRepositoryPrefix of cache is unknown until up"],
    ],
  ],
});

casesFor("ecr-cache-scanned [C6] [M1]", {
  base: platform,
  passes: [
    ["on push, by the namespace of the cache", {}],
    ["ever after", scansCaches("CONTINUOUS_SCAN", "dev/quay/*")],
    ["with the namespace above", scansCaches("SCAN_ON_PUSH", "d*/*")],
    ["with everything", scansCaches("SCAN_ON_PUSH")],
  ],
  fails: [
    ["nothing that scans", { scanning: gone }, [cacheNotScanned]],
    ["a scan by hand", scansCaches("MANUAL"), [cacheNotScanned]],
    ["a scan of some", scansCaches("SCAN_ON_PUSH", "dev/quay/prod*"), [cacheNotScanned]],
    ["a scan of one repository", scansCaches("SCAN_ON_PUSH", "*/app"), [cacheNotScanned]],
  ],
  undecided: [
    [
      "an unknown filter",
      scansCaches("SCAN_ON_PUSH", unknown),
      ["cache: undecided: ecrRepositoryPrefix of cache is unknown until up"],
    ],
    [
      "an unknown frequency",
      scansCaches(unknown),
      ["cache: undecided: ecrRepositoryPrefix of cache is unknown until up"],
    ],
    [
      "an unknown namespace",
      { "cache.ecrRepositoryPrefix": unknown },
      ["cache: undecided: ecrRepositoryPrefix of cache is unknown until up"],
    ],
  ],
});
