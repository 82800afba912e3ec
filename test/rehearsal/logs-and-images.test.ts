import { logEngineVersions, upgradesOf } from "../../components/aws/log-engines";
import {
  largestVolumeGiB,
  logInstanceTypes,
  volumePerformance,
} from "../../components/aws/log-instances";
import { Account, accountId, network, refusalOf, trust } from "./account";
import { planned } from "../support/planned";
import { vpcRoleArn } from "./aws/log-store";
import type { Properties } from "./aws/world";
import { missingDependencies } from "./order";
import { serviceRolesOf } from "./stack-config";

// Whole programs run, beside other tests.
jest.setTimeout(60_000);

interface Case {
  title: string;
  account: () => Account;
  action: (account: Account) => unknown;
  code: string;
  names?: string[];
}

function checkAll(cases: Case[]): void {
  it.each(cases)("$title", ({ account, action, code, names = [] }) => {
    const made = account();
    const refusal = refusalOf(() => action(made));
    expect(refusal.code).toBe(code);
    for (const name of names) expect(refusal.message).toContain(name);
  });
}

const logWriters = (condition: Properties = {}) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "es.amazonaws.com" },
        Action: "logs:PutLogEvents",
        Resource: `arn:aws:logs:eu-west-1:${accountId}:log-group:/store:*`,
        Condition: condition,
      },
    ],
  });

/** An account with a network, the log group of a store, and the role of the service. */
const withNetwork = (principals = [vpcRoleArn(accountId)]): Account => {
  const account = new Account(principals);
  network(account);
  account.make("group-of-logs", "logGroup", { name: "/store" });
  return account;
};

const domainInputs = (account: Account): Properties => ({
  domainName: "logs",
  engineVersion: "OpenSearch_2.17",
  clusterConfig: {
    instanceCount: 2,
    zoneAwarenessEnabled: true,
    zoneAwarenessConfig: { availabilityZoneCount: 2 },
  },
  vpcOptions: {
    subnetIds: [account.id("subnet-a"), account.id("subnet-b")],
    securityGroupIds: [account.id("group")],
  },
  encryptAtRest: { enabled: true },
  nodeToNodeEncryption: { enabled: true },
  domainEndpointOptions: { enforceHttps: true },
  advancedSecurityOptions: { enabled: true },
});
const makeDomain = (account: Account, changes: Properties = {}, name = "domain") =>
  account.make(name, "domain", { ...domainInputs(account), ...changes });
const withDomain = (): Account => {
  const account = withNetwork();
  makeDomain(account);
  return account;
};

describe("service-linked roles of the program", () => {
  const roles = serviceRolesOf(accountId);
  const refused = "refused";

  /** What becomes of the roles that the program creates, of the key of volumes and of the domain, in an account. */
  async function made(existing: string[], named: string[]): Promise<string> {
    const resources = await planned("dev", { "drawbridge:createServiceLinkedRoles": named });
    const inputsOf = (type: string, name?: string) =>
      resources
        .filter((resource) => resource.type === type && (name ?? resource.name) === resource.name)
        .map(({ inputs }) => inputs);
    const principals = existing.map((role) => roles[role] ?? "");
    const account = withNetwork([`arn:aws:iam::${accountId}:role/deployer`, ...principals]);
    try {
      for (const [i, { awsServiceName }] of inputsOf(
        "aws:iam/serviceLinkedRole:ServiceLinkedRole",
      ).entries()) {
        account.make(`service-role-${i}`, "serviceLinkedRole", { awsServiceName });
      }
      for (const { policy } of inputsOf("aws:kms/key:Key", "volumes")) {
        account.make("volumes", "key", { policy, enableKeyRotation: true });
      }
      makeDomain(account);
    } catch (error) {
      return `${refused}: ${(error as Error).message}`;
    }
    return account.world.resources
      .map(({ computed }) => String(computed["name"]))
      .filter((name) => name.startsWith("AWSServiceRole"))
      .join(", ");
  }

  it.each([
    [["autoscaling", "opensearch"], [], ""],
    [["opensearch"], ["autoscaling"], "AWSServiceRoleForAutoScaling"],
    [["autoscaling"], ["opensearch"], "AWSServiceRoleForAmazonOpenSearchService"],
    [
      [],
      ["autoscaling", "opensearch"],
      "AWSServiceRoleForAutoScaling, AWSServiceRoleForAmazonOpenSearchService",
    ],
  ])("fill up what an account with %j lacks when told %j", async (existing, named, created) => {
    expect(await made(existing, named)).toBe(created);
  });

  it.each([
    [["opensearch"], [], /AWSServiceRoleForAutoScaling/],
    [["autoscaling"], [], /must enable a service-linked role/],
    [["autoscaling", "opensearch"], ["autoscaling"], /ForAutoScaling has been taken/],
    [["autoscaling", "opensearch"], ["opensearch"], /OpenSearchService has been taken/],
  ])("are refused in an account with %j when told %j", async (existing, named, message) => {
    const outcome = await made(existing, named);
    expect(outcome.startsWith(refused)).toBe(true);
    expect(outcome).toMatch(message);
  });
});

describe("domains", () => {
  const zones = (account: Account, subnets: string[], instanceCount = 2) => ({
    clusterConfig: {
      instanceCount,
      zoneAwarenessEnabled: true,
      zoneAwarenessConfig: { availabilityZoneCount: 2 },
    },
    vpcOptions: { subnetIds: subnets.map((name) => account.id(name)) },
  });
  const nodes = (account: Account, changes: Properties) => ({
    clusterConfig: { ...(domainInputs(account)["clusterConfig"] as Properties), ...changes },
  });

  it.each(logInstanceTypes)(
    "have nodes of %s with the largest volume that a stack may ask for",
    (instanceType) => {
      const volumeSize = Math.min(1024, largestVolumeGiB(instanceType));
      const account = withNetwork();
      makeDomain(account, {
        ...nodes(account, { instanceType }),
        ebsOptions: { volumeSize, ...volumePerformance(volumeSize) },
      });
      expect(account.id("domain")).toContain("domain/logs");
    },
  );

  checkAll([
    {
      title: "enter a VPC by the role of the service only",
      account: () => withNetwork([]),
      action: makeDomain,
      code: "ValidationException",
      names: ["service-linked role"],
    },
    {
      title: "are named once",
      account: withDomain,
      action: (account) => makeDomain(account, {}, "other"),
      code: "ResourceAlreadyExistsException",
      names: ["logs"],
    },
    ...["ab", "Logs", "1logs", "x".repeat(29)].map((domainName) => ({
      title: `are not named ${domainName}`,
      account: withNetwork,
      action: (account: Account) => makeDomain(account, { domainName }),
      code: "ValidationException",
      names: [domainName],
    })),
    {
      title: "run an engine",
      account: withNetwork,
      action: (account) => makeDomain(account, { engineVersion: "7.10" }),
      code: "ValidationException",
      names: ["7.10"],
    },
    {
      title: "have a subnet for each zone",
      account: withNetwork,
      action: (account) => makeDomain(account, zones(account, ["subnet-a"])),
      code: "ValidationException",
      names: ["exactly 2"],
    },
    {
      title: "have each subnet in a zone of its own",
      account: withNetwork,
      action: (account) => makeDomain(account, zones(account, ["subnet-a", "subnet-public"])),
      code: "ValidationException",
      names: ["exactly 2"],
    },
    {
      title: "have a node in each zone",
      account: withNetwork,
      action: (account) => makeDomain(account, zones(account, ["subnet-a", "subnet-b"], 1)),
      code: "ValidationException",
      names: ["minimum of 2"],
    },
    {
      title: "have three masters or five",
      account: withNetwork,
      action: (account) =>
        makeDomain(account, {
          clusterConfig: {
            ...(domainInputs(account)["clusterConfig"] as Properties),
            dedicatedMasterEnabled: true,
            dedicatedMasterCount: 2,
          },
        }),
      code: "ValidationException",
      names: ["3 or 5"],
    },
    ...["t3.nano.search", "t3.large.search", "m5.24xlarge.search", "r7g.9xlarge.search"].flatMap(
      (type) =>
        ["instanceType", "dedicatedMasterType"].map((field) => ({
          title: `have no ${field} ${type}`,
          account: withNetwork,
          action: (account: Account) => makeDomain(account, nodes(account, { [field]: type })),
          code: "InvalidTypeException",
          names: [type],
        })),
    ),
    ...(
      [
        ["t3.small.search", 101, "between 10 and 100"],
        ["t3.medium.search", 9, "between 10 and 200"],
        ["t3.medium.search", 201, "between 10 and 200"],
        ["c5.large.search", 257, "between 10 and 256"],
        ["m7g.large.search", 1024, "between 10 and 768"],
      ] as const
    ).map(([instanceType, volumeSize, words]) => ({
      title: `have no volume of ${volumeSize} GiB with ${instanceType}`,
      account: withNetwork,
      action: (account: Account) =>
        makeDomain(account, { ...nodes(account, { instanceType }), ebsOptions: { volumeSize } }),
      code: "LimitExceededException",
      names: [words, instanceType],
    })),
    ...(
      [
        [{ volumeSize: 256, iops: 3000, throughput: 125 }, "Throughput must be at least 250"],
        [{ volumeSize: 1024, iops: 3000, throughput: 250 }, "IOPS must be at least 3072"],
      ] as const
    ).map(([ebsOptions, words]) => ({
      title: `are not slower than their size asks for: ${words}`,
      account: withNetwork,
      action: (account: Account) => makeDomain(account, { ebsOptions }),
      code: "LimitExceededException",
      names: [words],
    })),
    ...["instanceType", "dedicatedMasterType"].map((field) => ({
      title: `have ten nodes beside a T3 as ${field}`,
      account: withNetwork,
      action: (account: Account) =>
        makeDomain(account, nodes(account, { [field]: "t3.small.search", instanceCount: 12 })),
      code: "LimitExceededException",
      names: ["10 data nodes with t3.small.search"],
    })),
    ...["encryptAtRest", "nodeToNodeEncryption", "domainEndpointOptions"].map((block) => ({
      title: `know rights only with ${block}`,
      account: withNetwork,
      action: (account: Account) =>
        makeDomain(account, { [block]: { enabled: false, enforceHttps: false } }),
      code: "ValidationException",
      names: [block],
    })),
    {
      title: "write logs only where a policy lets them",
      account: withNetwork,
      action: (account) => publish(account),
      code: "ValidationException",
      names: [":log-group:/store"],
    },
    {
      title: "write logs only where a policy lets this one",
      account: () => {
        const account = withNetwork();
        const other = { ArnEquals: { "aws:SourceArn": "arn:aws:es:x:y:domain/other" } };
        account.make("policy", "logResourcePolicy", {
          policyName: "policy",
          policyDocument: logWriters(other),
        });
        return account;
      },
      action: (account) => publish(account),
      code: "ValidationException",
      names: [":log-group:/store"],
    },
    {
      title: "keep the security group that they wear",
      account: withDomain,
      action: (account) => account.delete("group"),
      code: "DependencyViolation",
    },
  ]);

  const publish = (account: Account, name = "domain") =>
    makeDomain(
      account,
      {
        logPublishingOptions: [
          {
            logType: "AUDIT_LOGS",
            cloudwatchLogGroupArn: account.output("group-of-logs", "arn"),
          },
        ],
      },
      name,
    );

  it("write logs where a policy lets them, and need it before", () => {
    const account = withNetwork();
    account.make("policy", "logResourcePolicy", {
      policyName: "policy",
      policyDocument: logWriters(),
    });
    publish(account);
    const state = account.names.map((name) => ({
      urn: account.urn(name),
      type: "",
      dependencies: [],
    }));
    const missing = missingDependencies(account.world, state).filter(
      ({ urn }) => urn === account.urn("domain"),
    );
    expect(missing.map(({ needs }) => needs)).toEqual([account.urn("policy")]);
  });

  it.each<[Properties, string[]]>([
    [{ domainName: "other" }, ["domainName"]],
    [{ encryptAtRest: { enabled: true, kmsKeyId: "arn:other" } }, ["encryptAtRest"]],
    [{ encryptAtRest: { enabled: false } }, ["encryptAtRest"]],
    [{ nodeToNodeEncryption: { enabled: false } }, ["nodeToNodeEncryption"]],
    [{ advancedSecurityOptions: { enabled: false } }, ["advancedSecurityOptions"]],
    [{ vpcOptions: undefined }, ["vpcOptions"]],
    [{ vpcOptions: { subnetIds: ["a", "b", "c"] } }, []],
    [{ accessPolicies: "{}" }, []],
  ])("changed by %j are replaced by %j", (changes, replaces) => {
    expect(withDomain().diff("domain", changes).replaces).toEqual(replaces);
  });

  const replacedBy = (from: string, to: string): boolean => {
    const account = withNetwork();
    makeDomain(account, { engineVersion: from });
    return account.diff("domain", { engineVersion: to }).replaces.includes("engineVersion");
  };

  it.each([
    ["OpenSearch_2.17", "OpenSearch_2.19"],
    ["OpenSearch_2.9", "OpenSearch_2.19"],
    ["OpenSearch_1.3", "OpenSearch_2.19"],
    ["OpenSearch_1.2", "OpenSearch_1.3"],
    ["OpenSearch_2.19", "OpenSearch_3.1"],
    ["OpenSearch_3.1", "OpenSearch_3.3"],
    ["Elasticsearch_7.10", "OpenSearch_1.3"],
    ["Elasticsearch_7.9", "Elasticsearch_7.10"],
    ["Elasticsearch_6.8", "OpenSearch_1.3"],
    ["Elasticsearch_5.6", "Elasticsearch_6.8"],
  ])("go from %s to %s in place", (from, to) => {
    expect(replacedBy(from, to)).toBe(false);
  });

  it.each([
    ["Elasticsearch_7.10", "OpenSearch_2.17"],
    ["Elasticsearch_7.10", "OpenSearch_2.19"],
    ["Elasticsearch_6.7", "Elasticsearch_7.10"],
    ["OpenSearch_1.2", "OpenSearch_2.17"],
    ["OpenSearch_2.17", "OpenSearch_3.1"],
    ["OpenSearch_2.19", "OpenSearch_2.9"],
    ["OpenSearch_2.17", "OpenSearch_1.3"],
    ["OpenSearch_1.3", "Elasticsearch_7.10"],
  ])("are replaced on the way from %s to %s", (from, to) => {
    expect(replacedBy(from, to)).toBe(true);
  });

  it("go where the program says that AWS upgrades them, and nowhere else", () => {
    const changes = logEngineVersions.flatMap((from) => logEngineVersions.map((to) => [from, to]));
    expect(changes.filter(([from = "", to = ""]) => !replacedBy(from, to))).toEqual(
      logEngineVersions.flatMap((from) =>
        logEngineVersions
          .filter((to) => to === from || upgradesOf(from).includes(to))
          .map((to) => [from, to]),
      ),
    );
  });
});

const ofTheAccount = { StringEquals: { "sts:ExternalId": accountId } };
/** A domain, a bucket, and roles for what stands between a log group and them. */
const withDelivery = (condition: Properties = ofTheAccount, account = withDomain()): Account => {
  account.make("bucket", "bucket", { bucket: "failed" });
  for (const service of ["firehose", "lambda", "logs"]) {
    const assumeRolePolicy = trust(
      `${service}.amazonaws.com`,
      service === "firehose" ? condition : {},
    );
    account.make(service, "role", { assumeRolePolicy });
  }
  account.make("function", "function", { name: "split", role: account.output("lambda", "arn") });
  return account;
};
const makeStream = (account: Account, changes: Properties = {}) =>
  account.make("stream", "deliveryStream", {
    name: "logs",
    destination: "opensearch",
    opensearchConfiguration: {
      domainArn: account.output("domain", "arn"),
      roleArn: account.output("firehose", "arn"),
      s3BackupMode: "FailedDocumentsOnly",
      s3Configuration: {
        bucketArn: "arn:aws:s3:::failed",
        roleArn: account.output("firehose", "arn"),
      },
      vpcConfig: {
        roleArn: account.output("firehose", "arn"),
        subnetIds: [account.id("subnet-a")],
        securityGroupIds: [account.id("group")],
      },
      processingConfiguration: {
        enabled: true,
        processors: [
          {
            type: "Lambda",
            parameters: [
              {
                parameterName: "LambdaArn",
                parameterValue: `${String(account.output("function", "arn"))}:$LATEST`,
              },
            ],
          },
        ],
      },
      ...changes,
    },
  });
const withStream = (): Account => {
  const account = withDelivery();
  makeStream(account);
  return account;
};
const subscribe = (account: Account, name: string, changes: Properties = {}) =>
  account.make(name, "logFilter", {
    name,
    logGroup: "/store",
    destinationArn: account.output("stream", "arn"),
    roleArn: account.output("logs", "arn"),
    filterPattern: "",
    ...changes,
  });

/** A domain whose administrator is a function inside its network, which is told of it. */
const withSetup = (administrator = "lambda"): Account => {
  const account = withNetwork();
  account.make("lambda", "role", { assumeRolePolicy: trust("lambda.amazonaws.com") });
  account.make("other", "role", { assumeRolePolicy: trust("lambda.amazonaws.com") });
  makeDomain(account, {
    advancedSecurityOptions: {
      enabled: true,
      masterUserOptions: {
        masterUserArn: account.output(administrator, "arn"),
      },
    },
  });
  account.make("admin", "function", {
    name: "admin",
    role: account.output("lambda", "arn"),
    vpcConfig: { subnetIds: [account.id("subnet-a")], securityGroupIds: [account.id("group")] },
    environment: { variables: { STORE_ENDPOINT: account.output("domain", "endpoint") } },
  });
  return account;
};
/** Puts what is said of roles into the function of the administrator. */
const knowing = (account: Account, role: unknown, pattern: string): Account => {
  const state = {
    settings: [
      {
        path: "_plugins/_security/api/roles/writer",
        body: { index_permissions: [{ index_patterns: [pattern] }] },
      },
      { path: "_plugins/_security/api/rolesmapping/writer", body: { backend_roles: [role] } },
    ],
  };
  account.change("admin", {
    code: { assets: { "state.json": { text: JSON.stringify(state) } } },
  });
  return account;
};
const invoke = (account: Account, changes: Properties = {}) =>
  account.make("setup", "invocation", {
    functionName: "admin",
    input: "{}",
    ...changes,
  });

describe("the set-up of a domain", () => {
  checkAll([
    {
      title: "is done by a function that exists",
      account: () => withSetup(),
      action: (account) => invoke(account, { functionName: "none" }),
      code: "ResourceNotFoundException",
      names: ["none"],
    },
    {
      title: "is asked for in JSON",
      account: () => withSetup(),
      action: (account) => invoke(account, { input: "{" }),
      code: "InvalidRequestContentException",
    },
    {
      title: "needs the domain",
      account: () => withSetup(),
      action: (account) => {
        account.change("admin", { environment: { variables: { STORE_ENDPOINT: "none" } } });
        invoke(account);
      },
      code: "Unhandled",
      names: ["ENOTFOUND none"],
    },
    {
      title: "is for its administrator only",
      account: () => withSetup("other"),
      action: (account) => invoke(account),
      code: "Unhandled",
      names: ["no permissions for"],
    },
    {
      title: "keeps the subnets of the function's network interfaces",
      account: () => withSetup(),
      action: (account) => account.delete("subnet-a"),
      code: "DependencyViolation",
    },
  ]);

  it.each([
    [{ input: '{"digest":"b"}' }, ["input"]],
    [{ triggers: { code: "b" } }, ["triggers"]],
    [{ lifecycleScope: "CREATE_ONLY" }, []],
    [{ input: '{"digest":"b"}', lifecycleScope: "CRUD" }, []],
  ])("is done again for %j", (changes, replaces) => {
    const account = withSetup();
    invoke(account);
    expect(account.diff("setup", changes).replaces).toEqual(replaces);
  });
});

/** An account with a role for functions, and a key that lets Lambda do something for some of them. */
const withKey = (actions: string[], functions = "*"): Account => {
  const account = new Account();
  account.make("lambda", "role", { assumeRolePolicy: trust("lambda.amazonaws.com") });
  const owner = { AWS: `arn:aws:iam::${accountId}:root` };
  const policy = {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Principal: owner, Action: "kms:*", Resource: "*" },
      {
        Effect: "Allow",
        Principal: { Service: "lambda.amazonaws.com" },
        Action: actions,
        Resource: "*",
        Condition: {
          StringLike: {
            "kms:EncryptionContext:aws:lambda:FunctionArn": `arn:aws:lambda:eu-west-1:${accountId}:function:${functions}`,
          },
        },
      },
    ],
  };
  account.make("key", "key", { policy: JSON.stringify(policy) });
  return account;
};
const makeFunction = (account: Account, changes: Properties = {}) =>
  account.make("split", "function", {
    name: "split",
    role: account.output("lambda", "arn"),
    kmsKeyArn: account.output("key", "arn"),
    sourceKmsKeyArn: account.output("key", "arn"),
    ...changes,
  });
const both = ["kms:GenerateDataKey", "kms:Decrypt"];

describe("functions under a key", () => {
  checkAll([
    {
      title: "are refused when Lambda may not encrypt with it",
      account: () => withKey(["kms:Decrypt"]),
      action: makeFunction,
      code: "InvalidParameterValueException",
      names: ["not authorized to perform kms:GenerateDataKey", "function:split"],
    },
    {
      title: "are refused when Lambda may not decrypt with it",
      account: () => withKey(["kms:GenerateDataKey"]),
      action: makeFunction,
      code: "InvalidParameterValueException",
      names: ["not authorized to perform kms:Decrypt"],
    },
    {
      title: "are refused when it is for other functions",
      account: () => withKey(both, "other"),
      action: makeFunction,
      code: "InvalidParameterValueException",
    },
    {
      title: "are refused when there is none for the code",
      account: () => withKey(both),
      action: (account) => makeFunction(account, { sourceKmsKeyArn: "arn:none" }),
      code: "NotFoundException",
      names: ["arn:none"],
    },
    {
      title: "are refused when there is none for the environment",
      account: () => withKey(both),
      action: (account) => makeFunction(account, { kmsKeyArn: "arn:none" }),
      code: "NotFoundException",
      names: ["arn:none"],
    },
  ]);

  it("are made when Lambda may use it, and take another one in place", () => {
    const account = withKey(both);
    makeFunction(account);
    expect(account.read("split")).toMatchObject({ name: "split" });
    const other = { kmsKeyArn: "arn:other", sourceKmsKeyArn: "arn:other" };
    expect(account.diff("split", other).replaces).toEqual([]);
  });
});

describe("delivery of logs", () => {
  checkAll([
    {
      title: "goes to a domain that exists",
      account: () => withDelivery(),
      action: (account) => makeStream(account, { domainArn: "arn:none" }),
      code: "ResourceNotFoundException",
      names: ["arn:none"],
    },
    {
      title: "goes by a role for Firehose",
      account: () => withDelivery(),
      action: (account) => makeStream(account, { roleArn: account.output("logs", "arn") }),
      code: "InvalidArgumentException",
      names: ["firehose.amazonaws.com"],
    },
    {
      title: "goes by a role that the domain knows",
      account: () => withDelivery(ofTheAccount, withSetup()),
      action: (account) =>
        makeStream(knowing(account, account.output("logs", "arn"), "logs-*"), {
          indexName: "logs",
        }),
      code: "security_exception",
      names: ["logs-*", "backend role"],
    },
    {
      title: "goes into indices of that role",
      account: () => withDelivery(ofTheAccount, withSetup()),
      action: (account) =>
        makeStream(knowing(account, account.output("firehose", "arn"), "other-*"), {
          indexName: "logs",
        }),
      code: "security_exception",
    },
    {
      title: "keeps what fails in a bucket that exists",
      account: () => withDelivery(),
      action: (account) =>
        makeStream(account, {
          s3Configuration: {
            bucketArn: "arn:aws:s3:::none",
            roleArn: account.output("firehose", "arn"),
          },
        }),
      code: "InvalidArgumentException",
      names: ["arn:aws:s3:::none"],
    },
    {
      title: "goes through a function that exists",
      account: () => {
        const account = withDelivery();
        account.delete("function");
        return account;
      },
      action: makeStream,
      code: "InvalidArgumentException",
      names: ["split"],
    },
    {
      title: "keeps the subnets of its network interfaces",
      account: withStream,
      action: (account) => account.delete("subnet-a"),
      code: "DependencyViolation",
    },
    {
      title: "of a name exists once",
      account: withStream,
      action: (account) => account.make("again", "deliveryStream", account.read("stream") ?? {}),
      code: "ResourceInUseException",
      names: ["logs"],
    },
    {
      title: "is subscribed to by a role for CloudWatch Logs",
      account: withStream,
      action: (account) =>
        subscribe(account, "filter", { roleArn: account.output("firehose", "arn") }),
      code: "InvalidParameterException",
      names: ["logs.amazonaws.com"],
    },
    {
      title: "is subscribed to for a group that exists",
      account: withStream,
      action: (account) => subscribe(account, "filter", { logGroup: "/none" }),
      code: "ResourceNotFoundException",
      names: ["/none"],
    },
    {
      title: "is subscribed to twice for a group at most",
      account: () => {
        const account = withStream();
        subscribe(account, "one");
        subscribe(account, "two");
        return account;
      },
      action: (account) => subscribe(account, "three"),
      code: "LimitExceededException",
      names: ["/store"],
    },
    {
      title: "takes on no role that asks for its source, which Firehose does not tell",
      account: () => withDelivery({ StringEquals: { "aws:SourceAccount": accountId } }),
      action: makeStream,
      code: "InvalidArgumentException",
      names: ["firehose.amazonaws.com cannot assume the role"],
    },
    {
      title: "takes on no role that asks for another account",
      account: () => withDelivery({ StringEquals: { "sts:ExternalId": "999999999999" } }),
      action: makeStream,
      code: "InvalidArgumentException",
      names: ["firehose.amazonaws.com cannot assume the role"],
    },
    {
      title: "goes through functions with a role for Lambda",
      account: () => withDelivery(),
      action: (account) =>
        account.make("other", "function", { role: account.output("logs", "arn") }),
      code: "InvalidParameterValueException",
      names: ["lambda.amazonaws.com"],
    },
    {
      title: "has a tenth resource policy of logs, and no eleventh",
      account: () => {
        const account = new Account();
        for (let i = 0; i < 10; i++) {
          account.make(`policy-${i}`, "logResourcePolicy", {
            policyName: `policy-${i}`,
            policyDocument: logWriters(),
          });
        }
        return account;
      },
      action: (account) =>
        account.make("more", "logResourcePolicy", {
          policyName: "more",
          policyDocument: logWriters(),
        }),
      code: "LimitExceededException",
    },
  ]);

  it("comes to a domain that knows its role", () => {
    const account = withDelivery(ofTheAccount, withSetup());
    knowing(account, account.output("firehose", "arn"), "logs-*");
    makeStream(account, { indexName: "logs" });
    expect(account.read("stream")).toMatchObject({ name: "logs" });
  });

  it.each<[string, Properties, string[]]>([
    ["stream", { name: "other" }, ["name"]],
    [
      "stream",
      { opensearchConfiguration: { s3BackupMode: "AllDocuments" } },
      ["opensearchConfiguration"],
    ],
    ["stream", { serverSideEncryption: { enabled: true } }, []],
    ["function", { memorySize: 512 }, []],
    ["function", { name: "other" }, ["name"]],
  ])("of %s changed by %j is replaced by %j", (name, changes, replaces) => {
    expect(withStream().diff(name, changes).replaces).toEqual(replaces);
  });

  it("takes streams and subscriptions away with their group", () => {
    const account = withStream();
    subscribe(account, "filter");
    account.make("report", "logStream", { name: "errors", logGroupName: "/store" });
    account.delete("group-of-logs");
    expect([account.read("filter"), account.read("report")]).toEqual([undefined, undefined]);
  });
});

describe("images", () => {
  const lifecycle = JSON.stringify({ rules: [{ rulePriority: 1 }] });
  const withRepository = (): Account => {
    const account = new Account();
    account.make("repository", "repository", { name: "team/api" });
    return account;
  };
  const cache = (account: Account, changes: Properties) =>
    account.make("cache", "cacheRule", {
      ecrRepositoryPrefix: "quay",
      upstreamRegistryUrl: "quay.io",
      ...changes,
    });
  checkAll([
    {
      title: "are in repositories of a name each",
      account: withRepository,
      action: (account) => account.make("other", "repository", { name: "team/api" }),
      code: "RepositoryAlreadyExistsException",
    },
    ...["Team", "team//api", "a", "-team"].map((name) => ({
      title: `are not in ${name}`,
      account: () => new Account(),
      action: (account: Account) => account.make("repository", "repository", { name }),
      code: "InvalidParameterException",
    })),
    {
      title: "go by a policy of a repository that exists",
      account: () => new Account(),
      action: (account) =>
        account.make("policy", "lifecyclePolicy", { repository: "none", policy: lifecycle }),
      code: "RepositoryNotFoundException",
    },
    {
      title: "go by a policy with rules",
      account: withRepository,
      action: (account) =>
        account.make("policy", "lifecyclePolicy", { repository: "team/api", policy: "{}" }),
      code: "InvalidParameterException",
    },
    {
      title: "are cached of registries that ECR knows",
      account: () => new Account(),
      action: (account) => cache(account, { upstreamRegistryUrl: "registry.example.com" }),
      code: "UnsupportedUpstreamRegistryException",
    },
    {
      title: "are cached of closed registries with a secret",
      account: () => new Account(),
      action: (account) => cache(account, { upstreamRegistryUrl: "ghcr.io" }),
      code: "InvalidParameterException",
    },
    {
      title: "are cached under a short prefix",
      account: () => new Account(),
      action: (account) => cache(account, { ecrRepositoryPrefix: "q".repeat(31) }),
      code: "InvalidParameterException",
    },
    {
      title: "are cached with a key only by a role for ECR",
      account: () => new Account(),
      action: (account) =>
        account.make("template", "creationTemplate", {
          prefix: "quay",
          appliedFors: ["PULL_THROUGH_CACHE"],
          encryptionConfigurations: [{ encryptionType: "KMS" }],
        }),
      code: "ValidationException",
    },
    {
      title: "are scanned as often as the kind of scan offers",
      account: () => new Account(),
      action: (account) =>
        account.make("scanning", "scanning", {
          scanType: "BASIC",
          rules: [{ scanFrequency: "CONTINUOUS_SCAN" }],
        }),
      code: "InvalidParameterException",
    },
  ]);

  it("lose their policy with their repository", () => {
    const account = withRepository();
    account.make("policy", "lifecyclePolicy", { repository: "team/api", policy: lifecycle });
    account.delete("repository");
    expect(account.read("policy")).toBeUndefined();
  });

  it.each<[Properties, string[]]>([
    [{ name: "other" }, ["name"]],
    [{ encryptionConfigurations: [{ encryptionType: "AES256" }] }, ["encryptionConfigurations"]],
    [{ imageTagMutability: "IMMUTABLE" }, []],
  ])("in a repository changed by %j are replaced by %j", (changes, replaces) => {
    expect(withRepository().diff("repository", changes).replaces).toEqual(replaces);
  });
});
