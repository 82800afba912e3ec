import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Place } from "./arns";
import { keyByAlias, policyDocument } from "./policy-document";

/** A registry on the internet whose images are pulled once and then come from the account's own registry. */
interface PullThroughCacheArgs {
  /** Name under which its images appear: `<registry>/<prefix>/<name>/…`. */
  name: string;
  /** Host of the registry, as ECR spells it. */
  upstream: string;
  /** Secret with which to log in there; its name starts with `ecr-pullthroughcache/`. @default - none */
  credentialArn?: string | undefined;
}

export interface RegistryArgs extends Place {
  /** Start of every repository's name. */
  prefix: string;
  /** Names of the repositories, without the prefix. */
  repositories: string[];
  /** Registries whose images are cached. */
  pullThroughCaches: PullThroughCacheArgs[];
  /**
   * Scanning of every repository of the account and region, those of others and cached ones too: `basic` when an image
   * comes in, `enhanced` (Amazon Inspector) ever after. `off` leaves the account's setting alone, which alone scans
   * cached images: ECR's templates say nothing of it. What is set replaces all that the account had set.
   */
  accountScanning: "off" | "basic" | "enhanced";
  /** Key of the images. */
  key: { arn: pulumi.Input<string>; alias: string };
  /** Whether Pulumi refuses to delete the repositories. ECR refuses as long as there is an image. @default true */
  deletionProtection?: boolean;
}

const untaggedDays = 14;

/** Nothing that somebody named goes; what lost its name or never had one does. */
const lifecycle = JSON.stringify({
  rules: [
    {
      rulePriority: 1,
      description: `Untagged images go after ${untaggedDays} days`,
      selection: {
        tagStatus: "untagged",
        countType: "sinceImagePushed",
        countUnit: "days",
        countNumber: untaggedDays,
      },
      action: { type: "expire" },
    },
  ],
});

/** The account's own images and the cached ones: tags that stay what they are, encrypted, private, and scanned as the account says. */
export class Registry extends pulumi.ComponentResource {
  static readonly requirements = ["C6"];

  /** Host of the account's registry. */
  readonly host: string;
  /**
   * Where images may come from: repositories, and with a slash at the end namespaces of cached ones. Admission in the
   * cluster takes this list.
   */
  readonly allowedImages: string[];
  /** ARNs of the cached repositories, with a wildcard: nodes make them by their first pull. */
  readonly cacheArns: string[];

  constructor(name: string, args: RegistryArgs, opts?: pulumi.ComponentResourceOptions) {
    const { prefix, region, accountId } = args;
    for (const cache of args.pullThroughCaches) requireCachePrefix(`${prefix}/${cache.name}`);
    super("drawbridge:aws:Registry", name, {}, opts);
    const child = { parent: this };
    for (const repository of args.repositories) {
      makeRepository(`${name}-${repository}`, `${prefix}/${repository}`, args, child);
    }
    if (args.pullThroughCaches.length > 0) makeCaches(name, args, child);
    if (args.accountScanning !== "off") {
      const enhanced = args.accountScanning === "enhanced";
      new aws.ecr.RegistryScanningConfiguration(
        name,
        {
          scanType: enhanced ? "ENHANCED" : "BASIC",
          rules: [
            {
              scanFrequency: enhanced ? "CONTINUOUS_SCAN" : "SCAN_ON_PUSH",
              repositoryFilters: [{ filter: "*", filterType: "WILDCARD" }],
            },
          ],
        },
        child,
      );
    }

    this.host = `${accountId}.dkr.ecr.${region}.amazonaws.com`;
    this.allowedImages = [
      ...args.repositories.map((repository) => `${this.host}/${prefix}/${repository}`),
      ...args.pullThroughCaches.map((cache) => `${this.host}/${prefix}/${cache.name}/`),
    ];
    this.cacheArns = args.pullThroughCaches.map((cache) =>
      repositoryArn(args, `${prefix}/${cache.name}/*`),
    );
    this.registerOutputs({ host: this.host, allowedImages: this.allowedImages });
  }
}

/** docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html */
function requireCachePrefix(prefix: string): void {
  if (prefix.length > longestCachePrefix) {
    throw new Error(
      `the prefix of cached repositories must have at most ${longestCachePrefix} characters, got ${prefix} (${prefix.length})`,
    );
  }
}

export const longestCachePrefix = 30;

function repositoryArn({ region, accountId }: Place, name: string): string {
  return `arn:aws:ecr:${region}:${accountId}:repository/${name}`;
}

function encryption({ key }: RegistryArgs) {
  return [{ encryptionType: "KMS", kmsKey: key.arn }];
}

function makeRepository(
  name: string,
  repositoryName: string,
  args: RegistryArgs,
  child: pulumi.CustomResourceOptions,
): void {
  const repository = new aws.ecr.Repository(
    name,
    {
      name: repositoryName,
      imageTagMutability: "IMMUTABLE",
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfigurations: encryption(args),
      forceDelete: false,
    },
    { ...child, protect: args.deletionProtection ?? true },
  );
  new aws.ecr.LifecyclePolicy(name, { repository: repository.name, policy: lifecycle }, child);
}

/**
 * ECR makes a cached repository at its first pull, with mutable tags and under its own key unless a template of the
 * same prefix says otherwise. A tag that moves upstream then stays what it was at its first pull.
 */
function makeCaches(name: string, args: RegistryArgs, child: pulumi.CustomResourceOptions): void {
  const role = templateRole(name, args, child);
  for (const { name: cacheName, upstream, credentialArn } of args.pullThroughCaches) {
    const prefix = `${args.prefix}/${cacheName}`;
    const template = new aws.ecr.RepositoryCreationTemplate(
      `${name}-${cacheName}`,
      {
        prefix,
        description: `Images of ${upstream}`,
        appliedFors: ["PULL_THROUGH_CACHE"],
        imageTagMutability: "IMMUTABLE",
        encryptionConfigurations: encryption(args),
        lifecyclePolicy: lifecycle,
        customRoleArn: role.arn,
      },
      { ...child, dependsOn: role.rights },
    );
    new aws.ecr.PullThroughCacheRule(
      `${name}-${cacheName}`,
      {
        ecrRepositoryPrefix: prefix,
        upstreamRegistryUrl: upstream,
        ...(credentialArn ? { credentialArn } : {}),
      },
      // Before its template stands, a pull would make a repository that nothing hardens any more.
      { ...child, dependsOn: template },
    );
  }
}

/** Uses of a key that a grant may hand on: to encrypt, to decrypt, and to give the grant back. Making further grants is none. */
const grantOperations = [
  "Decrypt",
  "DescribeKey",
  "Encrypt",
  "GenerateDataKey",
  "GenerateDataKeyWithoutPlaintext",
  "ReEncryptFrom",
  "ReEncryptTo",
  "RetireGrant",
];

/** By which ECR makes encrypted repositories: docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-custom.html */
function templateRole(
  name: string,
  args: RegistryArgs,
  child: pulumi.CustomResourceOptions,
): { arn: pulumi.Output<string>; rights: pulumi.Resource } {
  const role = new aws.iam.Role(
    `${name}-templates`,
    {
      description: "ECR makes the repositories of cached images",
      assumeRolePolicy: policyDocument([
        {
          // ECR's guide asks for this trust and names no source that a policy could ask for. Whoever makes a template
          // has to be allowed to pass the role, which only principals of this account can be:
          // docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-create-iam.html
          Sid: "TemplatesOfThisAccount",
          Principal: { Service: "ecr.amazonaws.com" },
          Action: "sts:AssumeRole",
        },
      ]),
    },
    child,
  );
  const { Resource, Condition } = keyByAlias(args, args.key.alias);
  const viaEcr = { "kms:ViaService": `ecr.${args.region}.amazonaws.com` };
  const rights = new aws.iam.RolePolicy(
    `${name}-templates`,
    {
      role: role.id,
      policy: policyDocument([
        {
          Sid: "MakeCachedRepositories",
          Action: "ecr:CreateRepository",
          Resource: args.pullThroughCaches.map((cache) =>
            repositoryArn(args, `${args.prefix}/${cache.name}/*`),
          ),
        },
        {
          Sid: "FindTheKey",
          Action: ["kms:DescribeKey", "kms:RetireGrant"],
          Resource,
          Condition: { ...Condition, StringEquals: viaEcr },
        },
        {
          // ECR asks for two grants on the key of each repository: docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
          Sid: "LetEcrEncrypt",
          Action: "kms:CreateGrant",
          Resource,
          Condition: {
            ...Condition,
            StringEquals: viaEcr,
            "ForAllValues:StringEquals": { "kms:GrantOperations": grantOperations },
          },
        },
      ]),
    },
    child,
  );
  return { arn: role.arn, rights };
}
