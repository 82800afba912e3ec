import { Account, accountId, network, refusalOf } from "./account";
import type { Properties } from "./aws/world";
import { missingDependencies } from "./order";

const policyOf = (service: string) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: service },
        Action: "s3:PutObject",
        Resource: `arn:aws:s3:::logs/access/AWSLogs/${accountId}/*`,
        Condition: { StringEquals: { "aws:SourceAccount": accountId } },
      },
    ],
  });

const delivery = "logdelivery.elasticloadbalancing.amazonaws.com";

function withNetwork(): Account {
  const account = new Account();
  network(account);
  return account;
}

function withBucket(service = delivery): Account {
  const account = withNetwork();
  account.make("bucket", "bucket", { bucket: "logs" });
  account.make("bucket-policy", "bucketPolicy", { bucket: "logs", policy: policyOf(service) });
  return account;
}

const balancerInputs = (account: Account, inputs: Properties = {}): Properties => ({
  loadBalancerType: "application",
  internal: false,
  subnets: [account.id("subnet-a"), account.id("subnet-b")],
  securityGroups: [account.id("group")],
  ...inputs,
});
const makeBalancer = (account: Account, inputs: Properties = {}) =>
  account.make("balancer", "loadBalancer", balancerInputs(account, inputs));

function withBalancer(inputs: Properties = {}): Account {
  const account = withNetwork();
  makeBalancer(account, inputs);
  return account;
}

/** A certificate and the record that proves it. */
function withCertificate(proven = true): Account {
  const account = withBalancer();
  account.make("certificate", "certificate", { domainName: "apps.example.com" });
  if (proven) {
    const [option] = account.output("certificate", "domainValidationOptions") as Properties[];
    account.make("proof", "record", {
      zoneId: "Z1",
      name: option?.["resourceRecordName"],
      type: "CNAME",
      ttl: 300,
      records: [option?.["resourceRecordValue"]],
    });
  }
  return account;
}

const listen = (account: Account, inputs: Properties = {}, name = "listener") =>
  account.make(name, "listener", {
    loadBalancerArn: account.id("balancer"),
    port: 80,
    protocol: "HTTP",
    defaultActions: [{ type: "redirect" }],
    ...inputs,
  });
const https = (account: Account, inputs: Properties = {}) =>
  listen(account, {
    port: 443,
    protocol: "HTTPS",
    certificateArn: account.id("certificate"),
    ...inputs,
  });

const target = (account: Account, inputs: Properties = {}) =>
  account.make("targets", "targetGroup", {
    vpcId: account.id("vpc"),
    targetType: "ip",
    protocol: "HTTPS",
    port: 8443,
    ...inputs,
  });

function withFirewall(): Account {
  const account = withBalancer();
  account.make("acl", "webAcl", { scope: "REGIONAL", defaultAction: {}, visibilityConfig: {} });
  account.make("group-of-acl", "logGroup", { name: "aws-waf-logs-dev" });
  return account;
}
const associate = (account: Account, name = "association") =>
  account.make(name, "webAclAssociation", {
    resourceArn: account.id("balancer"),
    webAclArn: account.output("acl", "arn"),
  });

interface Case {
  title: string;
  account: () => Account;
  action: (account: Account) => unknown;
  code: string;
}

function checkAll(cases: Case[]): void {
  it.each(cases)("$title", ({ account: make, action, code }) => {
    const account = make();
    expect(refusalOf(() => action(account)).code).toBe(code);
  });
}

describe("load balancers", () => {
  checkAll([
    {
      title: "need two zones",
      account: withNetwork,
      action: (account) => makeBalancer(account, { subnets: [account.id("subnet-a")] }),
      code: "ValidationError",
    },
    {
      title: "take one subnet of a zone",
      account: withNetwork,
      action: (account) =>
        makeBalancer(account, { subnets: [account.id("subnet-a"), account.id("subnet-public")] }),
      code: "InvalidConfigurationRequest",
    },
    {
      title: "have names of 32 characters at most",
      account: withNetwork,
      action: (account) => makeBalancer(account, { name: "x".repeat(33) }),
      code: "ValidationError",
    },
    {
      title: "are not named as internal ones",
      account: withNetwork,
      action: (account) => makeBalancer(account, { name: "internal-entry" }),
      code: "ValidationError",
    },
    {
      title: "have a name of their own",
      account: () => withBalancer({ name: "entry" }),
      action: (account) =>
        account.make("other", "loadBalancer", balancerInputs(account, { name: "entry" })),
      code: "DuplicateLoadBalancerName",
    },
    {
      title: "face the internet only behind a gateway",
      account: () => {
        const account = new Account();
        const vpcId = account.make("vpc", "vpc", { cidrBlock: "10.0.0.0/16" });
        for (const [i, zone] of ["a", "b"].entries()) {
          account.make(`subnet-${zone}`, "subnet", {
            vpcId,
            cidrBlock: `10.0.${i}.0/24`,
            availabilityZone: `eu-west-1${zone}`,
          });
        }
        account.make("group", "securityGroup", { vpcId, description: "Entry" });
        return account;
      },
      action: makeBalancer,
      code: "InvalidSubnet",
    },
    {
      title: "log to a bucket that exists",
      account: withNetwork,
      action: (account) => makeBalancer(account, { accessLogs: { bucket: "logs", enabled: true } }),
      code: "NoSuchBucket",
    },
    {
      title: "log to a bucket that lets them",
      account: () => withBucket("delivery.logs.amazonaws.com"),
      action: (account) => makeBalancer(account, { accessLogs: { bucket: "logs", enabled: true } }),
      code: "InvalidConfigurationRequest",
    },
    {
      title: "log connections to a bucket without KMS",
      account: () => {
        const account = withBucket();
        account.make("encryption", "bucketEncryption", {
          bucket: "logs",
          rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms" } }],
        });
        return account;
      },
      action: (account) =>
        makeBalancer(account, { connectionLogs: { bucket: "logs", enabled: true } }),
      code: "InvalidConfigurationRequest",
    },
    {
      title: "stay while they are protected",
      account: () => withBalancer({ enableDeletionProtection: true }),
      action: (account) => account.delete("balancer"),
      code: "OperationNotPermitted",
    },
    {
      title: "keep their subnets",
      account: withBalancer,
      action: (account) => account.delete("subnet-b"),
      code: "DependencyViolation",
    },
    {
      title: "keep the internet gateway attached",
      account: () => {
        const account = withBalancer();
        account.delete("nat");
        return account;
      },
      action: (account) => account.delete("igw"),
      code: "DependencyViolation",
    },
  ]);

  it("log to a bucket that lets them write under its own key", () => {
    const account = withBucket();
    makeBalancer(account, { accessLogs: { bucket: "logs", enabled: true } });
    expect(account.output("balancer", "dnsName")).toMatch(/\.eu-west-1\.elb\.amazonaws\.com$/);
  });

  it("are replaced for another scheme, and changed in place otherwise", () => {
    const account = withBalancer();
    expect(account.diff("balancer", { internal: true }).replaces).toEqual(["internal"]);
    expect(account.diff("balancer", { enableDeletionProtection: true }).replaces).toEqual([]);
  });
});

describe("target groups", () => {
  checkAll([
    {
      title: "say where targets listen",
      account: withNetwork,
      action: (account) => target(account, { port: undefined }),
      code: "ValidationError",
    },
    {
      title: "have names of 32 characters at most",
      account: withNetwork,
      action: (account) => target(account, { name: "x".repeat(33) }),
      code: "ValidationError",
    },
    {
      title: "stay while a listener forwards to them",
      account: () => {
        const account = withBalancer();
        const targetGroupArn = target(account);
        listen(account, { defaultActions: [{ type: "forward", targetGroupArn }] });
        return account;
      },
      action: (account) => account.delete("targets"),
      code: "ResourceInUse",
    },
  ]);

  it.each(["protocol", "port", "targetType", "vpcId"])("are replaced for another %s", (key) => {
    const account = withNetwork();
    target(account);
    expect(account.diff("targets", { [key]: "other" }).replaces).toEqual([key]);
  });
});

describe("listeners", () => {
  checkAll([
    {
      title: "have a port of their own",
      account: () => {
        const account = withBalancer();
        listen(account);
        return account;
      },
      action: (account) => listen(account, {}, "other"),
      code: "DuplicateListener",
    },
    {
      title: "speak HTTPS with a certificate",
      account: withCertificate,
      action: (account) => https(account, { certificateArn: undefined }),
      code: "ValidationError",
    },
    {
      title: "take certificates that exist",
      account: withBalancer,
      action: (account) =>
        listen(account, {
          protocol: "HTTPS",
          certificateArn: "arn:aws:acm:eu-west-1:1:certificate/x",
        }),
      code: "CertificateNotFound",
    },
    {
      title: "take certificates that are issued",
      account: () => withCertificate(false),
      action: https,
      code: "UnsupportedCertificate",
    },
    {
      title: "have no certificate when they speak HTTP",
      account: withCertificate,
      action: (account) => listen(account, { certificateArn: account.id("certificate") }),
      code: "InvalidConfigurationRequest",
    },
    {
      title: "take policies that exist",
      account: withCertificate,
      action: (account) => https(account, { sslPolicy: "ELBSecurityPolicy-TLS14" }),
      code: "SSLPolicyNotFound",
    },
    {
      title: "keep their certificate",
      account: () => {
        const account = withCertificate();
        https(account);
        return account;
      },
      action: (account) => account.delete("certificate"),
      code: "ResourceInUseException",
    },
  ]);

  it("go with their load balancer", () => {
    const account = withBalancer();
    listen(account);
    account.delete("balancer");
    expect(account.read("listener")).toBeUndefined();
  });
});

describe("certificates and names", () => {
  checkAll([
    {
      title: "are issued once their records stand",
      account: () => withCertificate(false),
      action: (account) =>
        account.make("issued", "certificateValidation", {
          certificateArn: account.id("certificate"),
        }),
      code: "Timeout",
    },
    {
      title: "have a first name of 64 characters at most",
      account: () => new Account(),
      action: (account) =>
        account.make("long", "certificate", { domainName: `${"x".repeat(60)}.example.com` }),
      code: "InvalidDomainValidationOptionsException",
    },
    {
      title: "are written once",
      account: withCertificate,
      action: (account) =>
        account.make("again", "record", {
          zoneId: "Z1",
          name: account.output("proof", "name"),
          type: "CNAME",
          ttl: 300,
          records: ["elsewhere"],
        }),
      code: "InvalidChangeBatch",
    },
    {
      title: "say one thing",
      account: () => new Account(),
      action: (account) => account.make("name", "record", { zoneId: "Z1", name: "a", type: "A" }),
      code: "InvalidChangeBatch",
    },
    {
      title: "have a time to live with their values",
      account: () => new Account(),
      action: (account) =>
        account.make("name", "record", {
          zoneId: "Z1",
          name: "a",
          type: "A",
          records: ["203.0.113.1"],
        }),
      code: "InvalidChangeBatch",
    },
    {
      title: "are aliases of what exists",
      account: () => new Account(),
      action: (account) =>
        account.make("name", "record", {
          zoneId: "Z1",
          name: "a",
          type: "A",
          aliases: [{ name: "gone.elb.amazonaws.com", zoneId: "Z2" }],
        }),
      code: "InvalidChangeBatch",
    },
  ]);

  it("lead to a load balancer, and are proven by one record for a name and its wildcard", () => {
    const account = withCertificate();
    account.make("wide", "certificate", {
      domainName: "apps.example.com",
      subjectAlternativeNames: ["*.apps.example.com"],
    });
    const options = account.output("wide", "domainValidationOptions") as Properties[];
    expect(new Set(options.map((option) => option["resourceRecordName"])).size).toBe(1);
    account.make("name", "record", {
      zoneId: "Z1",
      name: "apps.example.com",
      type: "A",
      aliases: [
        {
          name: account.output("balancer", "dnsName"),
          zoneId: account.output("balancer", "zoneId"),
        },
      ],
    });
    expect(account.output("name", "fqdn")).toBe("apps.example.com");
  });
});

describe("the firewall", () => {
  const acl = (account: Account, rules: Properties[]) =>
    account.make("other", "webAcl", {
      scope: "REGIONAL",
      defaultAction: {},
      visibilityConfig: {},
      rules,
    });
  checkAll([
    {
      title: "asks its rules in an order",
      account: () => new Account(),
      action: (account) => acl(account, [{ priority: 1 }, { priority: 1 }]),
      code: "WAFInvalidParameterException",
    },
    {
      title: "limits to ten requests at least",
      account: () => new Account(),
      action: (account) => acl(account, [{ statement: { rateBasedStatement: { limit: 9 } } }]),
      code: "WAFInvalidParameterException",
    },
    {
      title: "asks rule groups that exist",
      account: () => new Account(),
      action: (account) =>
        acl(account, [{ statement: { managedRuleGroupStatement: { name: "AWSNone" } } }]),
      code: "WAFNonexistentItemException",
    },
    {
      title: "stays while it is before a load balancer",
      account: () => {
        const account = withFirewall();
        associate(account);
        return account;
      },
      action: (account) => account.delete("acl"),
      code: "WAFAssociatedItemException",
    },
    {
      title: "logs to groups of its prefix only",
      account: () => {
        const account = withFirewall();
        account.make("group-of-others", "logGroup", { name: "/waf" });
        return account;
      },
      action: (account) =>
        account.make("log", "webAclLogging", {
          resourceArn: account.output("acl", "arn"),
          logDestinationConfigs: [account.output("group-of-others", "arn")],
        }),
      code: "WAFInvalidParameterException",
    },
    {
      title: "has a policy of one group or of the account",
      account: withFirewall,
      action: (account) =>
        account.make("delivery", "logResourcePolicy", {
          policyDocument: policyOf("delivery.logs.amazonaws.com"),
        }),
      code: "InvalidParameterException",
    },
  ]);
});

describe("what comes first", () => {
  /** Names of what a resource needs and nothing makes it wait for. */
  const missing = (account: Account, name: string) =>
    missingDependencies(
      account.world,
      account.names.map((one) => ({ urn: account.urn(one), type: "", dependencies: [] })),
    )
      .filter(({ urn }) => urn === account.urn(name))
      .map(({ needs }) => needs.split("::").at(-1));

  it("is the gateway, the routes and the policy of the log bucket before a load balancer", () => {
    const account = withBucket();
    makeBalancer(account, { accessLogs: { bucket: "logs", enabled: true } });
    expect(missing(account, "balancer")).toEqual([
      "association-a",
      "association-b",
      "bucket-policy",
      "igw",
      "route",
    ]);
  });

  it("is the firewall before a listener, and the right to write before its log", () => {
    const account = withFirewall();
    account.make("delivery", "logResourcePolicy", {
      resourceArn: account.output("group-of-acl", "arn"),
      policyDocument: policyOf("delivery.logs.amazonaws.com"),
    });
    account.make("log", "webAclLogging", {
      resourceArn: account.output("acl", "arn"),
      logDestinationConfigs: [account.output("group-of-acl", "arn")],
    });
    associate(account);
    listen(account);
    expect(missing(account, "listener")).toEqual(["association"]);
    expect(missing(account, "log")).toEqual(["delivery"]);
  });
});
