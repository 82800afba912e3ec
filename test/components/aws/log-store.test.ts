import * as pulumi from "@pulumi/pulumi";
import {
  adviceOnChange,
  fluentdImages,
  logEngineVersions,
  upgradesOf,
} from "../../../components/aws/log-engines";
import {
  largestVolumeGiB,
  logInstanceFamilies,
  logInstanceTypes,
  logInstanceTypesOf,
} from "../../../components/aws/log-instances";
import type { LogStoreArgs } from "../../../components/aws/log-store";
import { LogStore } from "../../../components/aws/log-store";
import type { desiredState } from "../../../components/aws/log-store-state";
import { created, ofType } from "../../support/created";
import { keptWarnings, program } from "../../support/warnings";

const account = "111122223333";
const domain = `arn:aws:es:eu-west-1:${account}:domain/drawbridge-dev`;
const base: Omit<LogStoreArgs, "securityGroupRules"> = {
  prefix: "drawbridge-dev",
  accountId: account,
  region: "eu-west-1",
  engineVersion: "OpenSearch_2.19",
  instanceType: "r7g.large.search",
  volumeGiB: 100,
  subnetIds: ["subnet-a", "subnet-b", "subnet-c"],
  securityGroupId: "sg-store",
  keyArn: "arn:key",
  functionKeyArn: "arn:functions",
  logKeyArn: "arn:logs",
  logRetentionDays: 365,
  setupSecurityGroupId: "sg-setup",
  indexRetentionDays: 90,
  writers: [{ name: "w", roleArn: "arn:writer", indexPrefix: "control-plane", kind: "firehose" }],
  createServiceLinkedRole: false,
};
const build = (more: Partial<LogStoreArgs> = {}, opts: pulumi.ComponentResourceOptions = {}) =>
  created(() => {
    const securityGroupRules = new pulumi.ComponentResource("test:Rules", "rules");
    return new LogStore("log-store", { ...base, securityGroupRules, ...more }, opts);
  });
const domainOf = async (more: Partial<LogStoreArgs> = {}) =>
  ofType(await build(more), "aws:opensearch/domain:Domain")["log-store"] ?? {};
const invocationOf = async (more: Partial<LogStoreArgs> = {}) =>
  ofType(await build(more), "aws:lambda/invocation:Invocation")["log-store-setup"] ?? {};
const functionOf = async (more: Partial<LogStoreArgs> = {}) =>
  ofType(await build(more), "aws:lambda/function:Function")["log-store-admin"] ?? {};
const setUpOf = async (more: Partial<LogStoreArgs> = {}) => {
  const { assets } = (await functionOf(more))["code"] as pulumi.asset.AssetArchive;
  const state = (await assets)["state.json"] as pulumi.asset.StringAsset;
  return JSON.parse(await state.text) as ReturnType<typeof desiredState>;
};
const parsed = (text: unknown) => JSON.parse(text as string) as { Statement: unknown[] };

describe("LogStore", () => {
  it("creates a domain inside the VPC that encrypts everything and knows roles only [S1]", async () => {
    const { accessPolicies, logPublishingOptions, ...inputs } = await domainOf();
    expect(inputs).toEqual({
      domainName: "drawbridge-dev",
      engineVersion: "OpenSearch_2.19",
      clusterConfig: {
        instanceType: "r7g.large.search",
        instanceCount: 3,
        zoneAwarenessEnabled: true,
        zoneAwarenessConfig: { availabilityZoneCount: 3 },
      },
      ebsOptions: {
        ebsEnabled: true,
        volumeType: "gp3",
        volumeSize: 100,
        iops: 3000,
        throughput: 125,
      },
      vpcOptions: {
        subnetIds: ["subnet-a", "subnet-b", "subnet-c"],
        securityGroupIds: ["sg-store"],
      },
      encryptAtRest: { enabled: true, kmsKeyId: "arn:key" },
      nodeToNodeEncryption: { enabled: true },
      domainEndpointOptions: {
        enforceHttps: true,
        tlsSecurityPolicy: "Policy-Min-TLS-1-2-PFS-2023-10",
      },
      advancedSecurityOptions: {
        enabled: true,
        internalUserDatabaseEnabled: false,
        masterUserOptions: { masterUserArn: "arn:log-store-admin" },
      },
      softwareUpdateOptions: { autoSoftwareUpdateEnabled: true },
      offPeakWindowOptions: {
        enabled: true,
        offPeakWindow: { windowStartTime: { hours: 22, minutes: 0 } },
      },
    });
    expect(logPublishingOptions).toEqual(
      Object.entries({
        AUDIT_LOGS: "audit",
        ES_APPLICATION_LOGS: "application",
        INDEX_SLOW_LOGS: "index-slow",
        SEARCH_SLOW_LOGS: "search-slow",
      }).map(([logType, group]) => ({
        logType,
        enabled: true,
        cloudwatchLogGroupArn: `arn:log-store-${group}`,
      })),
    );
    expect(parsed(accessPolicies).Statement).toEqual([
      {
        Effect: "Allow",
        Sid: "AdministratorSetsUp",
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: ["es:ESHttpGet", "es:ESHttpPost", "es:ESHttpPut"],
        Resource: `${domain}/*`,
        Condition: {
          ArnEquals: {
            "aws:PrincipalArn": [`arn:aws:iam::${account}:role/drawbridge-dev-log-store-admin`],
          },
        },
      },
      {
        Effect: "Allow",
        Sid: "WritersIndex",
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: ["es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost", "es:ESHttpPut"],
        Resource: `${domain}/*`,
        Condition: { ArnEquals: { "aws:PrincipalArn": ["arn:writer"] } },
      },
    ]);
  });

  it("adds readers, who change nothing by PUT or DELETE", async () => {
    const { accessPolicies } = await domainOf({ readerRoleArns: ["arn:reader"] });
    expect(parsed(accessPolicies).Statement[2]).toMatchObject({
      Action: ["es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost"],
      Condition: { ArnEquals: { "aws:PrincipalArn": ["arn:reader"] } },
    });
  });

  it.each([
    [2, 1, 2],
    [3, 2, 6],
  ])("puts the nodes of %d zones, %d each", async (zones, instancesPerZone, instanceCount) => {
    const subnetIds = base.subnetIds.slice(0, zones);
    expect((await domainOf({ subnetIds, instancesPerZone }))["clusterConfig"]).toMatchObject({
      instanceCount,
      zoneAwarenessConfig: { availabilityZoneCount: zones },
    });
  });

  it.each([
    [10, 3000, 125],
    [128, 3000, 125],
    [129, 3000, 250],
    [1000, 3000, 250],
    [1024, 3072, 250],
  ])(
    "has of volumes of %d GiB the performance that AWS asks for",
    async (size, iops, throughput) => {
      const { ebsOptions } = await domainOf({ volumeGiB: size });
      expect(ebsOptions).toMatchObject({ volumeSize: size, iops, throughput });
    },
  );

  it("adds three dedicated masters where their type is given", async () => {
    const { clusterConfig } = await domainOf({ dedicatedMasterType: "m7g.large.search" });
    expect(clusterConfig).toMatchObject({
      dedicatedMasterEnabled: true,
      dedicatedMasterType: "m7g.large.search",
      dedicatedMasterCount: 3,
    });
  });

  it("lets one function administer it, in the network, and nobody else", async () => {
    const resources = await build();
    const role = ofType(resources, "aws:iam/role:Role")["log-store-admin"];
    expect(role?.["name"]).toBe("drawbridge-dev-log-store-admin");
    expect(parsed(role?.["assumeRolePolicy"]).Statement).toEqual([
      {
        Effect: "Allow",
        Sid: "FunctionsOfThisAccount",
        Principal: { Service: "lambda.amazonaws.com" },
        Condition: { StringEquals: { "aws:SourceAccount": "111122223333" } },
        Action: "sts:AssumeRole",
      },
    ]);
    const rights = ofType(resources, "aws:iam/rolePolicy:RolePolicy")["log-store-admin"];
    expect(parsed(rights?.["policy"]).Statement[0]).toEqual({
      Effect: "Allow",
      Sid: "AdministerTheStore",
      Action: ["es:ESHttpGet", "es:ESHttpPost", "es:ESHttpPut"],
      Resource: `${domain}/*`,
    });
    expect(ofType(resources, "aws:lambda/function:Function")["log-store-admin"]).toMatchObject({
      name: "drawbridge-dev-log-store-admin",
      role: "arn:log-store-admin",
      vpcConfig: {
        subnetIds: ["subnet-a", "subnet-b", "subnet-c"],
        securityGroupIds: ["sg-setup"],
      },
      loggingConfig: { logGroup: "/drawbridge/drawbridge-dev/log-store-setup" },
      environment: { variables: { STORE_ENDPOINT: "log-store.es" } },
    });
  });

  it("sets itself up: a role for each writer, one for readers, audit, retention [S1]", async () => {
    const { settings, retention } = await setUpOf({ readerRoleArns: ["arn:reader"] });
    const security = "_plugins/_security/api";
    expect(settings.slice(0, 4)).toEqual([
      {
        path: `${security}/roles/writer-w`,
        body: {
          cluster_permissions: ["cluster_composite_ops", "cluster_monitor"],
          index_permissions: [
            {
              index_patterns: ["control-plane-*"],
              allowed_actions: ["create_index", "crud", "manage"],
            },
          ],
        },
      },
      { path: `${security}/rolesmapping/writer-w`, body: { backend_roles: ["arn:writer"] } },
      {
        path: `${security}/roles/reader`,
        body: {
          cluster_permissions: ["cluster_composite_ops_ro"],
          index_permissions: [{ index_patterns: ["control-plane-*"], allowed_actions: ["read"] }],
        },
      },
      { path: `${security}/rolesmapping/reader`, body: { backend_roles: ["arn:reader"] } },
    ]);
    expect(retention).toMatchObject({
      api: "_plugins/_ism",
      policyId: "log-retention",
      policy: {
        description: expect.stringMatching(
          /^Deletes indices of logs after 90 days \([0-9a-f]{12}\)$/,
        ) as string,
        states: [
          { transitions: [{ state_name: "deleted", conditions: { min_index_age: "90d" } }] },
          { name: "deleted", actions: [{ delete: {} }] },
        ],
        ism_template: { index_patterns: ["control-plane-*"] },
      },
    });
  });

  it("records every request with who made it, refusals once more, and no documents", async () => {
    const { settings } = await setUpOf();
    expect(settings[4]).toMatchObject({
      path: "_plugins/_security/api/audit/config",
      body: {
        enabled: true,
        audit: {
          enable_rest: true,
          // The REST layer records an ordinary request as this, and as nothing else: SecurityRestFilter of
          // github.com/opensearch-project/security.
          disabled_rest_categories: [],
          enable_transport: true,
          disabled_transport_categories: ["AUTHENTICATED", "GRANTED_PRIVILEGES"],
          log_request_body: false,
        },
        compliance: { enabled: true, internal_config: true },
      },
    });
  });

  it("lets indices report what is slow: new ones, and those that are there", async () => {
    const slow = {
      search: { slowlog: { threshold: { query: { warn: "10s" }, fetch: { warn: "1s" } } } },
      indexing: { slowlog: { threshold: { index: { warn: "10s" } }, source: "false" } },
    };
    const { settings, indices } = await setUpOf();
    expect(settings[5]).toEqual({
      path: "_index_template/logs",
      body: {
        index_patterns: ["control-plane-*"],
        template: {
          settings: { index: { number_of_shards: 1, number_of_replicas: 1, ...slow } },
        },
      },
    });
    expect(indices).toEqual({ patterns: ["control-plane-*"], settings: { index: slow } });
  });

  it("lets an agent add documents, and neither delete them nor close what they are in", async () => {
    const { settings } = await setUpOf({
      writers: [{ name: "fluentd", roleArn: "arn:fluentd", indexPrefix: "pods", kind: "agent" }],
    });
    expect(settings[0]).toEqual({
      path: "_plugins/_security/api/roles/writer-fluentd",
      body: {
        cluster_permissions: ["cluster_monitor", "indices:data/write/bulk"],
        index_permissions: [
          { index_patterns: ["pods-*"], allowed_actions: ["create_index", "index"] },
        ],
      },
    });
  });

  it("tells apart what it asks of its indices, which the store does not", async () => {
    const policyOf = async (indexRetentionDays: number, ...more: LogStoreArgs["writers"]) =>
      (await setUpOf({ indexRetentionDays, writers: [...base.writers, ...more] })).retention.policy;
    const pods = {
      name: "fluentd",
      roleArn: "arn:fluentd",
      indexPrefix: "pods",
      kind: "agent",
    } as const;
    const descriptions = [await policyOf(90), await policyOf(91), await policyOf(90, pods)].map(
      ({ description }) => description,
    );
    expect(new Set(descriptions).size).toBe(3);
    expect(await policyOf(90)).toMatchObject({ description: descriptions[0] });
  });

  it("takes the role from who is no longer a reader", async () => {
    const { settings } = await setUpOf();
    expect(settings[3]).toEqual({
      path: "_plugins/_security/api/rolesmapping/reader",
      body: { backend_roles: [] },
    });
  });

  it("speaks to Elasticsearch by its older names", async () => {
    const { settings, retention } = await setUpOf({ engineVersion: "Elasticsearch_7.10" });
    expect(retention.api).toBe("_opendistro/_ism");
    expect(settings.map(({ path }) => path.split("/")[0])).toEqual([
      ...Array<string>(5).fill("_opendistro"),
      "_index_template",
    ]);
  });

  it("runs its set-up once for each state, and tells it nothing but that there is one", async () => {
    const { input, ...invocation } = await invocationOf();
    expect(invocation).toEqual({
      functionName: "drawbridge-dev-log-store-admin",
      lifecycleScope: "CREATE_ONLY",
      triggers: { retention: expect.stringContaining('"min_index_age":"') as string },
    });
    const digest = /^\{"digest":"[0-9a-f]{64}"\}$/;
    expect(input).toMatch(digest);
    expect((await invocationOf())["input"]).toBe(input);
    const { input: other } = await invocationOf({ indexRetentionDays: 91 });
    expect(other).toMatch(digest);
    expect(other).not.toBe(input);
  });

  it("keeps its own logs encrypted, and lets this domain only write them", async () => {
    const resources = await build();
    const groups = ofType(resources, "aws:cloudwatch/logGroup:LogGroup");
    expect(Object.values(groups)).toEqual(
      [
        "store-setup",
        "store/application",
        "store/audit",
        "store/index-slow",
        "store/search-slow",
      ].map((kind) => ({
        name: `/drawbridge/drawbridge-dev/log-${kind}`,
        kmsKeyId: "arn:logs",
        retentionInDays: 365,
      })),
    );
    const policies = ofType(resources, "aws:cloudwatch/logResourcePolicy:LogResourcePolicy");
    expect(parsed(policies["log-store"]?.["policyDocument"]).Statement).toMatchObject([
      {
        Principal: { Service: "es.amazonaws.com" },
        Action: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:PutLogEventsBatch"],
        Condition: {
          StringEquals: { "aws:SourceAccount": account },
          ArnEquals: { "aws:SourceArn": domain },
        },
      },
    ]);
  });

  it.each([
    [false, {}],
    [true, { "log-store-vpc": { awsServiceName: "opensearchservice.amazonaws.com" } }],
  ])("creates the role of the service only when told to (%s)", async (told, expected) => {
    const resources = await build({ createServiceLinkedRole: told });
    expect(ofType(resources, "aws:iam/serviceLinkedRole:ServiceLinkedRole")).toEqual(expected);
  });

  describe("with another engine than before", () => {
    const { told, programs } = keptWarnings();

    /** What people are told when the state has these outputs of the component, and the hook by which they are. */
    const toldAfter = async (
      oldOutputs: object | undefined,
      engineVersion: LogStoreArgs["engineVersion"],
    ) => {
      const attached: unknown[] = [];
      const noted: pulumi.ResourceTransformation = ({ type, opts }) => {
        if (type === "drawbridge:aws:LogStore") attached.push(...(opts.hooks?.beforeUpdate ?? []));
        return undefined;
      };
      await build({ engineVersion }, { transformations: [noted] });
      const [hook] = attached as pulumi.ResourceHook[];
      await hook?.callback({ oldOutputs } as pulumi.ResourceHookArgs);
      return { told, hook };
    };

    it.each([
      ["Elasticsearch_7.10", "OpenSearch_1.3"],
      ["OpenSearch_1.3", "OpenSearch_2.19"],
      ["OpenSearch_2.17", "OpenSearch_2.19"],
      ["OpenSearch_2.19", "OpenSearch_2.19"],
    ] as const)("goes from %s to %s without a word", async (from, to) => {
      expect((await toldAfter({ engineInForce: from }, to)).told).toEqual([]);
    });

    it("says so where AWS does not upgrade, in a preview already", async () => {
      const outputs = { engineInForce: "Elasticsearch_7.10" };
      const { hook } = await program.run("the program", () =>
        toldAfter(undefined, "OpenSearch_2.19"),
      );
      await hook?.callback({ oldOutputs: outputs } as unknown as pulumi.ResourceHookArgs);
      expect(programs).toEqual(["the program"]);
      expect(hook?.opts).toEqual({ onDryRun: true });
      expect(told).toEqual([
        "AWS upgrades a log store of Elasticsearch_7.10 to OpenSearch_1.3, not to OpenSearch_2.19: Pulumi would replace it, and every log in it would be gone (docs/operations.md, Upgrade the log store)",
      ]);
    });

    // As it is after an upgrade that AWS has refused: the domain's own output never came.
    it.each([[{}], [undefined]])("says nothing of a state with outputs %j", async (oldOutputs) => {
      expect((await toldAfter(oldOutputs, "OpenSearch_2.19")).told).toEqual([]);
    });

    it("changes with its engine, and tells the one that AWS has upgraded to", async () => {
      interface Registers {
        registerOutputs(outputs: { engineInForce: pulumi.Output<string> }): void;
      }
      const registered = jest.spyOn(LogStore.prototype as unknown as Registers, "registerOutputs");
      const resources = await build({ engineVersion: "OpenSearch_2.17" });
      const stores = ofType(resources, "drawbridge:aws:LogStore");
      expect(stores["log-store"]).toEqual({ engineVersion: "OpenSearch_2.17" });
      const [outputs] = registered.mock.calls[0] ?? [];
      const inForce = new Promise((resolve) => outputs?.engineInForce.apply(resolve));
      expect(await inForce).toBe("OpenSearch_2.17");
    });
  });

  it.each<[Partial<LogStoreArgs>, string]>([
    [
      { prefix: "drawbridge-a-stack-of-long-name" },
      "prefix must be 3 to 28 lower-case letters, digits and hyphens that start with a letter, got drawbridge-a-stack-of-long-name (31)",
    ],
    [{ subnetIds: ["a"] }, "subnetIds.length must be an integer from 2 to 3, got 1"],
    [{ instancesPerZone: 0 }, "instancesPerZone must be an integer from 1 to 20, got 0"],
    [{ indexRetentionDays: 0 }, "indexRetentionDays must be an integer from 1 to 3653, got 0"],
    [{ volumeGiB: 9 }, "volumeGiB must be an integer from 10 to 1024, got 9"],
    [{ volumeGiB: 1025 }, "volumeGiB must be an integer from 10 to 1024, got 1025"],
    [
      { instanceType: "t3.small.search", volumeGiB: 101 },
      "volumeGiB must be an integer from 10 to 100, got 101",
    ],
    [
      { instanceType: "t3.small.search", instancesPerZone: 4 },
      "instancesPerZone must be an integer from 1 to 3, got 4",
    ],
    [
      { dedicatedMasterType: "t3.medium.search", subnetIds: ["a", "b"], instancesPerZone: 6 },
      "instancesPerZone must be an integer from 1 to 5, got 6",
    ],
  ])("fails for %o", async (change, message) => {
    await expect(build(change)).rejects.toThrow(message);
  });
});

describe("types of a log store's nodes", () => {
  it("have a largest volume each, and are listed by their family", () => {
    expect(logInstanceTypes).toHaveLength(52);
    expect(logInstanceFamilies.flatMap(logInstanceTypesOf)).toEqual(logInstanceTypes);
    expect(logInstanceTypesOf("i3")).toEqual([]);
    for (const type of logInstanceTypes) expect(largestVolumeGiB(type)).toBeGreaterThanOrEqual(100);
    expect(largestVolumeGiB("r7g.16xlarge.search")).toBe(36_864);
  });
});

describe("fluentdImages", () => {
  it("pairs every engine with an image that signs its requests, the newest first", () => {
    expect(logEngineVersions[0]).toBe("OpenSearch_2.19");
    for (const image of Object.values(fluentdImages)) {
      expect(image).toEqual({ variant: "opensearch", variantVersion: "1.1" });
    }
  });
});

describe("the engines of the log store", () => {
  it("lead to the newest one by upgrades, each of them", () => {
    const upgraded = (engine: (typeof logEngineVersions)[number]): string => {
      const [newest] = upgradesOf(engine);
      return newest === undefined ? engine : upgraded(newest);
    };
    expect(logEngineVersions.map(upgraded)).toEqual(
      logEngineVersions.map(() => logEngineVersions[0]),
    );
  });

  it("say where AWS upgrades a store to, if anywhere", () => {
    expect(adviceOnChange("OpenSearch_1.3", "Elasticsearch_7.10")).toContain(
      "of OpenSearch_1.3 to OpenSearch_2.19 or OpenSearch_2.17, not to Elasticsearch_7.10:",
    );
    expect(adviceOnChange("OpenSearch_2.19", "OpenSearch_2.17")).toContain(
      "of OpenSearch_2.19 to nothing that is offered, not to OpenSearch_2.17:",
    );
  });
});
