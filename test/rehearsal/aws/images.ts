import { trusts } from "./iam";
import {
  AwsError,
  textAt,
  textsAt,
  valuesAt,
  type Claim,
  type Draft,
  type ResourceRow,
} from "./row";

const repositoryType = "aws:ecr/repository:Repository";

const text = (inputs: unknown, path: string) => textAt(inputs, path) ?? "";

const claim =
  (what: string, path: string, code: string) =>
  ({ inputs }: Draft): Claim[] => {
    const name = text(inputs, path);
    const message = `The ${what} with the name '${name}' already exists in the registry`;
    return [{ key: `${what} ${name}`, refusal: new AwsError(code, message) }];
  };

// docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
function repositoryNameFits({ inputs }: Draft): AwsError | undefined {
  const name = text(inputs, "name");
  const pattern = /^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/;
  if (pattern.test(name) && name.length >= 2 && name.length <= 256) return undefined;
  return new AwsError(
    "InvalidParameterException",
    `Invalid parameter at 'repositoryName' failed to satisfy constraint: '${name}'`,
  );
}

// docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html
const upstreams = {
  open: ["public.ecr.aws", "registry.k8s.io", "quay.io"],
  closed: ["registry-1.docker.io", "ghcr.io", "registry.gitlab.com"],
};

function upstreamIsKnown({ inputs }: Draft): AwsError | undefined {
  const url = text(inputs, "upstreamRegistryUrl");
  if ([...upstreams.open, ...upstreams.closed].includes(url)) return undefined;
  return new AwsError(
    "UnsupportedUpstreamRegistryException",
    `The specified upstream registry isn't supported: ${url}`,
  );
}

function upstreamLetsIn({ inputs }: Draft): AwsError | undefined {
  const url = text(inputs, "upstreamRegistryUrl");
  const secret = text(inputs, "credentialArn");
  if (!upstreams.closed.includes(url) || secret.includes(":secret:ecr-pullthroughcache/")) {
    return undefined;
  }
  return new AwsError(
    "InvalidParameterException",
    `${url} needs the ARN of a secret whose name starts with ecr-pullthroughcache/, got '${secret}'`,
  );
}

function cachePrefixFits({ inputs }: Draft): AwsError | undefined {
  const prefix = text(inputs, "ecrRepositoryPrefix");
  if (prefix.length >= 2 && prefix.length <= 30) return undefined;
  return new AwsError(
    "InvalidParameterException",
    `'ecrRepositoryPrefix' must have 2 to 30 characters, got '${prefix}'`,
  );
}

// docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-create.html
function templateHasItsRole({ inputs, world }: Draft): AwsError | undefined {
  const types = textsAt(inputs, "encryptionConfigurations[*].encryptionType");
  const role = textAt(inputs, "customRoleArn");
  if (types.every((type) => type === "AES256") && inputs["resourceTags"] === undefined) {
    return undefined;
  }
  if (trusts(world, role, "ecr.amazonaws.com")) return undefined;
  return new AwsError(
    "ValidationException",
    `A template with a KMS key or tags needs a role that ecr.amazonaws.com can assume, got '${role ?? ""}'`,
  );
}

function policyIsJson(property: string) {
  return ({ inputs }: Draft): AwsError | undefined => {
    const policy = textAt(inputs, property);
    if (policy === undefined) return undefined;
    try {
      if (valuesAt(JSON.parse(policy), "rules[*].rulePriority").length > 0) return undefined;
    } catch {
      // What is no JSON has no rules either.
    }
    return new AwsError(
      "InvalidParameterException",
      `Invalid parameter at '${property}': no lifecycle policy in JSON`,
    );
  };
}

const frequencies: Record<string, string[]> = {
  BASIC: ["SCAN_ON_PUSH", "MANUAL"],
  ENHANCED: ["SCAN_ON_PUSH", "CONTINUOUS_SCAN"],
};

function frequencyIsOffered({ inputs }: Draft): AwsError | undefined {
  const type = text(inputs, "scanType");
  const offered = frequencies[type] ?? [];
  const wrong = textsAt(inputs, "rules[*].scanFrequency").find((one) => !offered.includes(one));
  if (offered.length > 0 && wrong === undefined) return undefined;
  return new AwsError(
    "InvalidParameterException",
    `scanning of type '${type}' does not offer '${wrong ?? ""}'`,
  );
}

const byKey = {
  path: "encryptionConfigurations[*].kmsKey",
  to: "key",
  onDelete: "dangle",
} as const;

export const imageRows: Record<string, ResourceRow> = {
  [repositoryType]: {
    noun: "repository",
    id: ({ inputs }) => text(inputs, "name"),
    name: "name",
    tagged: true,
    required: [],
    references: [byKey],
    identifiers: ({ id }) => ({ repository: [id] }),
    computed: ({ inputs, scope, world }) => {
      const name = text(inputs, "name");
      const { accountId } = world;
      return {
        arn: `arn:aws:ecr:${scope.region}:${accountId}:repository/${name}`,
        registryId: accountId,
        repositoryUrl: `${accountId}.dkr.ecr.${scope.region}.amazonaws.com/${name}`,
      };
    },
    claims: claim("repository", "name", "RepositoryAlreadyExistsException"),
    rules: [repositoryNameFits],
  },
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": {
    noun: "lifecycle policy",
    id: ({ inputs }) => text(inputs, "repository"),
    tagged: false,
    required: ["repository", "policy"],
    references: [{ path: "repository", to: "repository", onDelete: "cascade" }],
    computed: ({ world }) => ({ registryId: world.accountId }),
    rules: [policyIsJson("policy")],
  },
  "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": {
    noun: "pull-through cache rule",
    id: ({ inputs }) => text(inputs, "ecrRepositoryPrefix"),
    tagged: false,
    required: ["ecrRepositoryPrefix", "upstreamRegistryUrl"],
    references: [],
    computed: ({ world }) => ({ registryId: world.accountId }),
    claims: claim(
      "pull through cache rule",
      "ecrRepositoryPrefix",
      "PullThroughCacheRuleAlreadyExistsException",
    ),
    rules: [cachePrefixFits, upstreamIsKnown, upstreamLetsIn],
  },
  "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate": {
    noun: "repository creation template",
    id: ({ inputs }) => text(inputs, "prefix"),
    tagged: false,
    required: ["prefix", "appliedFors"],
    references: [byKey, { path: "customRoleArn", to: "roleArn", onDelete: "dangle" }],
    computed: ({ world }) => ({ registryId: world.accountId }),
    claims: claim("repository creation template", "prefix", "TemplateAlreadyExistsException"),
    rules: [templateHasItsRole, policyIsJson("lifecyclePolicy")],
  },
  "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration": {
    noun: "scanning configuration",
    id: ({ world }) => world.accountId,
    tagged: false,
    required: ["scanType"],
    references: [],
    computed: ({ world }) => ({ registryId: world.accountId }),
    rules: [frequencyIsOffered],
  },
};
