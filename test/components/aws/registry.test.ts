import type { RegistryArgs } from "../../../components/aws/registry";
import { Registry } from "../../../components/aws/registry";
import { created, ofType } from "../../support/created";

const place = "eu-west-1:111122223333";
const base: RegistryArgs = {
  prefix: "p",
  accountId: "111122223333",
  region: "eu-west-1",
  repositories: ["payments/api"],
  pullThroughCaches: [
    { name: "quay", upstream: "quay.io" },
    { name: "hub", upstream: "registry-1.docker.io", credentialArn: "arn:secret" },
  ],
  accountScanning: "off",
  key: { arn: "arn:images", alias: "alias/images" },
};
const build = (more: Partial<RegistryArgs> = {}) =>
  created(() => new Registry("registry", { ...base, ...more }));

const sealed = {
  imageTagMutability: "IMMUTABLE",
  encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: "arn:images" }],
};

describe("Registry", () => {
  it("creates repositories whose tags stay, which are scanned and encrypted [C6]", async () => {
    expect(ofType(await build(), "aws:ecr/repository:Repository")).toEqual({
      "registry-payments/api": {
        name: "p/payments/api",
        ...sealed,
        imageScanningConfiguration: { scanOnPush: true },
        forceDelete: false,
      },
    });
  });

  it("lets nothing go but what has no tag", async () => {
    const policies = ofType(await build(), "aws:ecr/lifecyclePolicy:LifecyclePolicy");
    const { rules } = JSON.parse(policies["registry-payments/api"]?.["policy"] as string) as {
      rules: object[];
    };
    expect(rules).toMatchObject([
      { selection: { tagStatus: "untagged", countNumber: 14 }, action: { type: "expire" } },
    ]);
  });

  it("caches registries into repositories that are as hard as the others", async () => {
    const resources = await build();
    expect(ofType(resources, "aws:ecr/pullThroughCacheRule:PullThroughCacheRule")).toEqual({
      "registry-quay": { ecrRepositoryPrefix: "p/quay", upstreamRegistryUrl: "quay.io" },
      "registry-hub": {
        ecrRepositoryPrefix: "p/hub",
        upstreamRegistryUrl: "registry-1.docker.io",
        credentialArn: "arn:secret",
      },
    });
    const templates = ofType(
      resources,
      "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate",
    );
    expect(templates["registry-quay"]).toMatchObject({
      prefix: "p/quay",
      appliedFors: ["PULL_THROUGH_CACHE"],
      ...sealed,
      customRoleArn: "arn:registry-templates",
    });
    expect(Object.keys(templates)).toEqual(["registry-hub", "registry-quay"]);
  });

  it("lets ECR make cached repositories and encrypt them, and nothing else", async () => {
    const policies = ofType(await build(), "aws:iam/rolePolicy:RolePolicy");
    const ofTheKey = {
      "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/images" },
      StringEquals: { "kms:ViaService": "ecr.eu-west-1.amazonaws.com" },
    };
    expect(JSON.parse(policies["registry-templates"]?.["policy"] as string)).toMatchObject({
      Statement: [
        {
          Action: "ecr:CreateRepository",
          Resource: [
            `arn:aws:ecr:${place}:repository/p/quay/*`,
            `arn:aws:ecr:${place}:repository/p/hub/*`,
          ],
        },
        { Action: ["kms:DescribeKey", "kms:RetireGrant"], Condition: ofTheKey },
        {
          Action: "kms:CreateGrant",
          Condition: {
            ...ofTheKey,
            "ForAllValues:StringEquals": {
              "kms:GrantOperations": expect.not.arrayContaining(["CreateGrant"]) as string[],
            },
          },
        },
      ],
    });
  });

  it.each([
    ["off", {}],
    ["basic", { scanType: "BASIC", scanFrequency: "SCAN_ON_PUSH" }],
    ["enhanced", { scanType: "ENHANCED", scanFrequency: "CONTINUOUS_SCAN" }],
  ] as const)("sets the account's scanning when told to (%s)", async (accountScanning, wanted) => {
    const found = ofType(
      await build({ accountScanning }),
      "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration",
    );
    const { scanType, scanFrequency } = { scanType: "", scanFrequency: "", ...wanted };
    const repositoryFilters = [{ filter: "*", filterType: "WILDCARD" }];
    expect(found).toEqual(
      accountScanning === "off"
        ? {}
        : { registry: { scanType, rules: [{ scanFrequency, repositoryFilters }] } },
    );
  });

  it("says where images may come from", async () => {
    let registry: Registry | undefined;
    await created(() => (registry = new Registry("registry", base)));
    const host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
    expect(registry?.allowedImages).toEqual([
      `${host}/p/payments/api`,
      `${host}/p/quay/`,
      `${host}/p/hub/`,
    ]);
    expect(registry?.cacheArns).toEqual([
      `arn:aws:ecr:${place}:repository/p/quay/*`,
      `arn:aws:ecr:${place}:repository/p/hub/*`,
    ]);
  });

  it("creates nothing for an empty configuration", async () => {
    const resources = await build({ repositories: [], pullThroughCaches: [] });
    expect(resources.map(({ type }) => type)).toEqual(["drawbridge:aws:Registry"]);
  });

  it("fails for a cache whose name leaves ECR no room", () => {
    const name = "n".repeat(29);
    const pullThroughCaches = [{ name, upstream: "quay.io" }];
    expect(() => new Registry("registry", { ...base, pullThroughCaches })).toThrow(
      `the prefix of cached repositories must have at most 30 characters, got p/${name} (31)`,
    );
  });
});
