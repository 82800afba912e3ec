import { Certificate } from "../../../components/aws/certificate";
import type { EntryArgs } from "../../../components/aws/entry";
import { Entry } from "../../../components/aws/entry";
import { tlsPolicy } from "../../../components/aws/tls-policy";
import { created, ofType } from "../../support/created";

const base: EntryArgs = {
  prefix: "drawbridge-dev",
  accountId: "111122223333",
  region: "eu-west-1",
  vpcId: "vpc-id",
  subnetIds: ["subnet-a", "subnet-b"],
  securityGroupId: "sg-entry",
  internet: [],
  domains: ["apps.example.com", "*.apps.example.com"],
  zone: { id: "Z0EXAMPLE" },
  logKeyArn: "arn:key",
  logRetentionDays: 365,
};
const entry = (change: Partial<EntryArgs> = {}) =>
  created(() => new Entry("entry", { ...base, ...change }));

const listeners = async (change: Partial<EntryArgs> = {}) =>
  ofType(await entry(change), "aws:lb/listener:Listener");
const certificateArn = "arn:aws:acm:eu-west-1:111122223333:certificate/own";

describe("Entry", () => {
  it("creates one load balancer, hardened, with its logs [C10]", async () => {
    const logTo = (prefix: string) => ({
      bucket: "drawbridge-dev-entry-logs-111122223333-eu-west-1",
      prefix,
      enabled: true,
    });
    expect(ofType(await entry(), "aws:lb/loadBalancer:LoadBalancer")).toEqual({
      entry: {
        loadBalancerType: "application",
        internal: false,
        ipAddressType: "ipv4",
        subnets: ["subnet-a", "subnet-b"],
        securityGroups: ["sg-entry"],
        dropInvalidHeaderFields: true,
        desyncMitigationMode: "strictest",
        xffHeaderProcessingMode: "append",
        enableWafFailOpen: false,
        enableDeletionProtection: true,
        accessLogs: logTo("access"),
        connectionLogs: logTo("connections"),
        tags: { Name: "drawbridge-dev-entry" },
      },
    });
  });

  it("gives up its protection only when it is told to", async () => {
    const [balancer] = Object.values(
      ofType(await entry({ deletionProtection: false }), "aws:lb/loadBalancer:LoadBalancer"),
    );
    expect(balancer?.["enableDeletionProtection"]).toBe(false);
  });

  it("listens on HTTPS, and on HTTP to send clients there for good [M2]", async () => {
    expect(await listeners()).toEqual({
      "entry-https": {
        loadBalancerArn: "arn:entry",
        port: 443,
        protocol: "HTTPS",
        sslPolicy: "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
        certificateArn: "arn:entry-certificate",
        defaultActions: [{ type: "forward", targetGroupArn: "arn:entry" }],
        routingHttpResponseStrictTransportSecurityHeaderValue:
          "max-age=63072000; includeSubDomains; preload",
        routingHttpResponseServerEnabled: false,
      },
      "entry-http": {
        loadBalancerArn: "arn:entry",
        port: 80,
        protocol: "HTTP",
        defaultActions: [
          {
            type: "redirect",
            redirect: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" },
          },
        ],
      },
    });
  });

  it.each([
    ["intermediate", true, "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"],
    ["intermediate", false, "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"],
    ["modern", true, "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09"],
    ["modern", false, "ELBSecurityPolicy-TLS13-1-3-2021-06"],
  ] as const)(
    "takes the policy of %s, post-quantum %s [M2]",
    async (profile, postQuantum, policy) => {
      expect(tlsPolicy(profile, postQuantum)).toBe(policy);
      const { "entry-https": https } = await listeners({ tlsProfile: profile, postQuantum });
      expect(https?.["sslPolicy"]).toBe(policy);
    },
  );

  it("forwards to pods of the mesh gateway", async () => {
    expect(ofType(await entry(), "aws:lb/targetGroup:TargetGroup")).toEqual({
      entry: {
        vpcId: "vpc-id",
        targetType: "ip",
        protocol: "HTTPS",
        port: 8443,
        deregistrationDelay: 30,
        healthCheck: { protocol: "HTTP", port: "15021", path: "/healthz/ready", matcher: "200" },
        tags: { Name: "drawbridge-dev-gateway" },
      },
    });
  });

  it("lets load balancers of the account and region write their logs, and nobody else", async () => {
    const [bucketPolicy] = Object.values(ofType(await entry(), "aws:s3/bucketPolicy:BucketPolicy"));
    const { Statement } = JSON.parse(bucketPolicy?.["policy"] as string) as {
      Statement: Record<string, unknown>[];
    };
    const bucket = "arn:aws:s3:::drawbridge-dev-entry-logs-111122223333-eu-west-1";
    expect(Statement.filter((statement) => statement["Effect"] === "Allow")).toEqual([
      {
        Effect: "Allow",
        Sid: "LoadBalancersDeliverLogs",
        Principal: { Service: "logdelivery.elasticloadbalancing.amazonaws.com" },
        Action: "s3:PutObject",
        Resource: [
          `${bucket}/access/AWSLogs/111122223333/*`,
          `${bucket}/connections/AWSLogs/111122223333/*`,
        ],
        Condition: {
          StringEquals: { "aws:SourceAccount": "111122223333" },
          ArnLike: {
            "aws:SourceArn": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/*",
          },
        },
      },
    ]);
  });

  it("has ACM issue a certificate that it proves by one record for a name and its wildcard [M3]", async () => {
    const resources = await entry();
    expect(ofType(resources, "aws:acm/certificate:Certificate")).toEqual({
      "entry-certificate": {
        domainName: "apps.example.com",
        subjectAlternativeNames: ["*.apps.example.com"],
        validationMethod: "DNS",
        keyAlgorithm: "EC_prime256v1",
      },
    });
    expect(ofType(resources, "aws:route53/record:Record")).toEqual({
      "entry-certificate-apps.example.com": {
        zoneId: "Z0EXAMPLE",
        name: "_proof.apps.example.com.",
        type: "CNAME",
        ttl: 300,
        records: ["_value.acm-validations.aws."],
      },
      ...Object.fromEntries(
        ["apps.example.com", "*.apps.example.com"].map((name) => [
          `entry-${name}`,
          {
            zoneId: "Z0EXAMPLE",
            name,
            type: "A",
            aliases: [
              { name: "entry.elb.amazonaws.com", zoneId: "ZELB", evaluateTargetHealth: true },
            ],
          },
        ]),
      ),
    });
  });

  it("takes a certificate that exists, and writes no records without a zone [M3]", async () => {
    const resources = await entry({ certificateArn, domains: [], zone: undefined });
    const types = new Set(resources.map(({ type }) => type));
    expect(types).not.toContain("aws:acm/certificate:Certificate");
    expect(types).not.toContain("aws:route53/record:Record");
    expect(ofType(resources, "aws:lb/listener:Listener")["entry-https"]?.["certificateArn"]).toBe(
      certificateArn,
    );
  });

  it.each<[string, Partial<EntryArgs>]>([
    ["zone", { zone: undefined }],
    ["name", { domains: [] }],
  ])("fails without a certificate and without a %s", async (_what, change) => {
    await created(() => {
      expect(() => new Entry("entry", { ...base, ...change })).toThrow(
        "certificateArn must be set, or zone and domains, got none",
      );
    });
  });
});

describe("WebAcl", () => {
  it("limits each address, and asks the rule groups of AWS", async () => {
    const resources = await entry({ requestLimit: 500 });
    const { "entry-firewall": acl } = ofType(resources, "aws:wafv2/webAcl:WebAcl");
    const group = (name: string, priority: number) => ({
      name,
      priority,
      overrideAction: { none: {} },
      statement: { managedRuleGroupStatement: { vendorName: "AWS", name } },
      visibilityConfig: {
        metricName: name,
        cloudwatchMetricsEnabled: true,
        sampledRequestsEnabled: true,
      },
    });
    expect(acl?.["rules"]).toEqual([
      {
        name: "requests-of-one-address",
        priority: 0,
        action: { block: {} },
        statement: {
          rateBasedStatement: { limit: 500, aggregateKeyType: "IP", evaluationWindowSec: 300 },
        },
        visibilityConfig: {
          metricName: "requests-of-one-address",
          cloudwatchMetricsEnabled: true,
          sampledRequestsEnabled: true,
        },
      },
      group("AWSManagedRulesAmazonIpReputationList", 1),
      group("AWSManagedRulesKnownBadInputsRuleSet", 2),
      group("AWSManagedRulesCommonRuleSet", 3),
    ]);
    expect(acl?.["scope"]).toBe("REGIONAL");
    expect(acl?.["defaultAction"]).toEqual({ allow: {} });
  });

  it("stands in front of the load balancer", async () => {
    expect(ofType(await entry(), "aws:wafv2/webAclAssociation:WebAclAssociation")).toEqual({
      "entry-firewall": { resourceArn: "arn:entry", webAclArn: "arn:entry-firewall" },
    });
  });

  it("logs to an encrypted group of its own, and no credentials", async () => {
    const resources = await entry();
    expect(
      ofType(resources, "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"),
    ).toEqual({
      "entry-firewall": {
        resourceArn: "arn:entry-firewall",
        logDestinationConfigs: ["arn:entry-firewall"],
        redactedFields: [
          { singleHeader: { name: "authorization" } },
          { singleHeader: { name: "cookie" } },
        ],
      },
    });
    expect(ofType(resources, "aws:cloudwatch/logGroup:LogGroup")).toEqual({
      "entry-firewall": {
        name: "aws-waf-logs-drawbridge-dev",
        kmsKeyId: "arn:key",
        retentionInDays: 365,
      },
    });
    const { "entry-firewall": acl } = ofType(resources, "aws:wafv2/webAcl:WebAcl");
    expect(acl?.["dataProtectionConfig"]).toEqual({
      dataProtections: [
        {
          action: "SUBSTITUTION",
          field: { fieldType: "SINGLE_HEADER", fieldKeys: ["authorization", "cookie"] },
        },
      ],
    });
  });

  it("lets the delivery service of the account write to that group only", async () => {
    const { "entry-firewall": delivery } = ofType(
      await entry(),
      "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
    );
    const { Statement } = JSON.parse(delivery?.["policyDocument"] as string) as {
      Statement: unknown[];
    };
    expect(Statement).toEqual([
      {
        Effect: "Allow",
        Sid: "WafWritesToItsLogGroup",
        Principal: { Service: "delivery.logs.amazonaws.com" },
        Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
        Resource:
          "arn:aws:logs:eu-west-1:111122223333:log-group:aws-waf-logs-drawbridge-dev:log-stream:*",
        Condition: {
          StringEquals: { "aws:SourceAccount": "111122223333" },
          ArnLike: { "aws:SourceArn": "arn:aws:logs:eu-west-1:111122223333:*" },
        },
      },
    ]);
  });
});

describe("Certificate", () => {
  it("fails without a name", async () => {
    await created(() => {
      expect(() => new Certificate("certificate", { domains: [], zoneId: "Z0EXAMPLE" })).toThrow(
        "domains must not be empty, got []",
      );
    });
  });
});
