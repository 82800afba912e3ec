import { isObject, isUnknown, unknownValue } from "../../plan/property-values";
import type { StackResource } from "../../plan/stack-resource";
import { planned, sshMode, vpnMode } from "../support/planned";
import { inputPaths } from "../support/provider-inputs";

// The whole program runs, beside other tests.
jest.setTimeout(300_000);

/** Every resource of the real program that can be encrypted is, with a key of the stack. */

const keyType = "aws:kms/key:Key";

/**
 * Types whose keys the provider's SDK names by inputs that are not asked for, and why. Of any other type, whatever
 * names a key is in use and names one of the stack.
 */
const otherwise: Record<string, string> = {
  "aws:ec2/instance:Instance":
    "has its volumes in a launch template and beside it, which are judged",
  "aws:kms/alias:Alias": "is the name of a key",
  "aws:kms/key:Key": "is a key; the input is for keys outside AWS",
  "aws:s3/bucket:Bucket": "has its key in a resource beside it, which is judged",
  "aws:ssm/parameter:Parameter": "has public keys, which people are to read",
};

/** What AWS writes with keys of S3 only, by the resource that says so. */
const byS3 = {
  // docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
  "access-logs": "the log of accesses to buckets",
  // docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
  "entry-logs": "the log of a load balancer",
};

/** Types that take no key, by the reason. */
const keyless: Record<string, string[]> = {
  "says who may do what, or how things are wired, and holds no data": [
    "aws:acm/certificateValidation:CertificateValidation",
    "aws:cloudwatch/eventRule:EventRule",
    "aws:cloudwatch/eventTarget:EventTarget",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:ebs/encryptionByDefault:EncryptionByDefault",
    "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess",
    "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
    "aws:ec2/defaultRouteTable:DefaultRouteTable",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:ec2/eip:Eip",
    "aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess",
    "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults",
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/networkAcl:NetworkAcl",
    "aws:ec2/networkInterface:NetworkInterface",
    "aws:ec2/route:Route",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/volumeAttachment:VolumeAttachment",
    "aws:ec2/vpc:Vpc",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "aws:ec2clientvpn/authorizationRule:AuthorizationRule",
    "aws:ec2clientvpn/networkAssociation:NetworkAssociation",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule",
    "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration",
    "aws:eks/accessEntry:AccessEntry",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    "aws:eks/addon:Addon",
    "aws:iam/instanceProfile:InstanceProfile",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    "aws:iam/policy:Policy",
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:lambda/invocation:Invocation",
    "aws:lb/listener:Listener",
    "aws:lb/targetGroup:TargetGroup",
    "aws:lb/targetGroupAttachment:TargetGroupAttachment",
    "aws:route53/record:Record",
    "aws:route53/zone:Zone",
    "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:sns/topicSubscription:TopicSubscription",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:wafv2/webAcl:WebAcl",
    "aws:wafv2/webAclAssociation:WebAclAssociation",
  ],
  "keeps its data in another resource, which is judged": [
    "aws:autoscaling/group:Group",
    "aws:cloudwatch/logStream:LogStream",
    "aws:ec2/flowLog:FlowLog",
    "aws:ec2clientvpn/endpoint:Endpoint",
    "aws:eks/nodeGroup:NodeGroup",
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:s3/bucketLogging:BucketLogging",
    "aws:secretsmanager/secretVersion:SecretVersion",
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
  ],
  "lets AWS alone choose the key": [
    // docs.aws.amazon.com/acm/latest/userguide/data-protection.html
    "aws:acm/certificate:Certificate",
    // docs.aws.amazon.com/guardduty/latest/ug/encryption-rest.html
    "aws:guardduty/detector:Detector",
    "aws:guardduty/detectorFeature:DetectorFeature",
  ],
  "names the key of sessions in its text, which is judged": ["aws:ssm/document:Document"],
};

/** The inputs that name keys, by type. */
const known = new Map<string, string[]>();
function keyPaths(type: string): string[] {
  const found =
    known.get(type) ?? inputPaths(type).filter((path) => /(kmsKey|key(Arn|Id))$/i.test(path));
  known.set(type, found);
  return found;
}

/** What is on with a key beside it. */
const isOn = new Set<unknown>([true, "true", "KMS", "aws:kms", "CUSTOMER_MANAGED_CMK"]);
const switches = ["enabled", "encrypted", "encryptionType", "keyType", "sseAlgorithm"];

/** What is not encrypted of a resource, or not by a key of the stack. */
function faults(resource: StackResource): string[] {
  const { type, name, inputs } = resource;
  const used = keyPaths(type).flatMap((path) =>
    holders(inputs, path.split(".")).map((it) => ({ path, it })),
  );
  if (used.length === 0) return [`${type} ${name} names no key`];
  return used.flatMap(({ path, it }) => {
    const [leaf = "", ...before] = path.split(".").toReversed();
    const [top = ""] = path.split(".");
    const ofStack = resource.propertyDependencies[top]?.some((urn) =>
      urn.split("::")[2]?.endsWith(keyType),
    );
    const off = switches.filter((key) => key in it && !isOn.has(it[key]));
    return [
      ...(ofStack && isUnknown(it[leaf])
        ? []
        : [`${type} ${name}.${path} must be a key of the stack`]),
      ...off.map((key) => `${type} ${name}.${[...before.toReversed(), key].join(".")} must be on`),
    ];
  });
}

/** The maps that have, or should have, the last key of a path; those of settings that are not in use are left out. */
function holders(value: unknown, path: string[]): Record<string, unknown>[] {
  if (Array.isArray(value)) return value.flatMap((item) => holders(item, path));
  if (!isObject(value)) return [];
  const [first = "", ...rest] = path;
  return rest.length === 0 ? [value] : holders(value[first], rest);
}

describe("encryption of the program's resources", () => {
  const stacks: Record<string, StackResource[]> = {};
  const titles = ["prod", "dev by SSH", "dev by VPN"];

  beforeAll(async () => {
    stacks["prod"] = await planned("prod");
    stacks["dev by SSH"] = await planned("dev", sshMode);
    stacks["dev by VPN"] = await planned("dev", vpnMode("111122223333"));
  });

  const own = (title: string) =>
    (stacks[title] ?? []).filter(({ type }) => type.startsWith("aws:"));

  it("has a word on every type that takes no key", () => {
    const types = new Set(titles.flatMap((title) => own(title).map(({ type }) => type)));
    const without = [...types].filter((type) => keyPaths(type).length === 0);
    expect(without.toSorted()).toEqual(Object.values(keyless).flat().toSorted());
  });

  it("excepts only types that are there and that take a key", () => {
    const types = new Set(titles.flatMap((title) => own(title).map(({ type }) => type)));
    const stale = Object.keys(otherwise).filter(
      (type) => !types.has(type) || keyPaths(type).length === 0,
    );
    expect(stale).toEqual([]);
  });

  it.each(titles)("uses a key of the stack wherever one is taken in %s", (title) => {
    const judged = own(title).filter(
      ({ type, name }) =>
        keyPaths(type).length > 0 && !(type in otherwise) && !Object.hasOwn(byS3, name),
    );
    expect(judged.length).toBeGreaterThan(15);
    expect(judged.flatMap(faults)).toEqual([]);
  });

  it.each(titles)("has S3's keys for what S3 and load balancers write only in %s", (title) => {
    const excepted = own(title).filter(
      ({ type, name }) => keyPaths(type).length > 0 && Object.hasOwn(byS3, name),
    );
    const type =
      "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";
    expect(
      excepted
        .filter((one) => !(one.type in otherwise))
        .map((one) => `${one.type} ${one.name}`)
        .toSorted(),
    ).toEqual(Object.keys(byS3).map((name) => `${type} ${name}`));
    for (const { inputs } of excepted.filter((one) => one.type === type)) {
      expect(inputs["rules"]).toMatchObject([
        { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } },
      ]);
    }
  });

  it.each(titles)("has a key, or S3's, for every bucket in %s", (title) => {
    const names = (type: string) =>
      own(title)
        .filter((one) => one.type === type)
        .map(({ name }) => name)
        .toSorted();
    expect(
      names(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
      ),
    ).toEqual(names("aws:s3/bucket:Bucket"));
  });

  it.each(titles)("has no secret where no key is asked for in %s", (title) => {
    const parameters = own(title).filter((one) => one.type === "aws:ssm/parameter:Parameter");
    for (const { inputs } of parameters) {
      expect(inputs).toMatchObject({ type: "String", insecureValue: expect.any(String) as string });
    }
  });

  // Who may look at a function reads them; and Lambda keeps no key for a function without any.
  it.each(titles)("has variables, and no secrets, for every function in %s", (title) => {
    const functions = own(title).filter((one) => one.type === "aws:lambda/function:Function");
    const prefix = title === "prod" ? "drawbridge-prod" : "drawbridge-dev";
    const variables: Record<string, Record<string, unknown>> = {
      // A name that people look up.
      "log-delivery-events": { DELIVERY_STREAM: `${prefix}-control-plane` },
      // Trusted networks, as rules and policies of other modes name them.
      "vpn-networks": { TRUSTED_CIDRS: "203.0.113.0/24" },
      // A name that AWS makes.
      "log-store-admin": { STORE_ENDPOINT: unknownValue },
    };
    expect(functions.length).toBeGreaterThan(1);
    for (const { name, inputs } of functions) {
      expect([name, inputs["environment"]]).toEqual([name, { variables: variables[name] }]);
    }
  });

  it("encrypts sessions with a key of the stack", () => {
    const aliases = own("prod").filter(({ type }) => type === "aws:kms/alias:Alias");
    const documents = own("prod").filter(({ type }) => type === "aws:ssm/document:Document");
    expect(documents).toHaveLength(2);
    for (const { inputs } of documents) {
      const { inputs: preferences } = JSON.parse(String(inputs["content"])) as {
        inputs: { kmsKeyId: string };
      };
      expect(aliases.map((alias) => alias.inputs["name"])).toContain(preferences.kmsKeyId);
    }
  });

  it("notices a key that is missing, foreign, or switched off", () => {
    const copyOf = (type: string): StackResource => {
      const found = own("prod").find((one) => one.type === type);
      if (!found) throw new Error(`the stack must have ${type}`);
      return structuredClone(found);
    };
    const trail = copyOf("aws:cloudtrail/trail:Trail");
    delete trail.inputs["kmsKeyId"];
    const group = copyOf("aws:cloudwatch/logGroup:LogGroup");
    group.inputs["kmsKeyId"] = "alias/aws/logs";
    const cluster = copyOf("aws:eks/cluster:Cluster");
    delete cluster.inputs["encryptionConfig"];
    const domain = copyOf("aws:opensearch/domain:Domain");
    domain.inputs["encryptAtRest"] = {
      ...(domain.inputs["encryptAtRest"] as object),
      enabled: false,
    };
    expect([trail, group, cluster, domain].flatMap(faults)).toEqual([
      `${trail.type} ${trail.name}.kmsKeyId must be a key of the stack`,
      `${group.type} ${group.name}.kmsKeyId must be a key of the stack`,
      `${cluster.type} ${cluster.name} names no key`,
      `${domain.type} ${domain.name}.encryptAtRest.enabled must be on`,
    ]);
  });
});
