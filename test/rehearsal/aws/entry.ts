import { internetGatewayOf, securityGroupsAreOf, vpcOfSubnet } from "./network";
import { allowsService } from "./policy-document";
import {
  AwsError,
  allWith,
  byId,
  numberAt,
  textAt,
  textsAt,
  valuesAt,
  type Claim,
  type Draft,
  type ResourceRow,
} from "./row";
import type { CloudResource, World } from "./world";

const loadBalancerType = "aws:lb/loadBalancer:LoadBalancer";
const certificateType = "aws:acm/certificate:Certificate";
const recordType = "aws:route53/record:Record";
const webAclType = "aws:wafv2/webAcl:WebAcl";

/** The zones that hold the names of load balancers, as eu-west-1 has them: docs.aws.amazon.com/general/latest/gr/elb.html */
const aliasZones = { application: "Z32O12XQLNTSW2", network: "Z2IFOLAFXWLO4F" };

const isNetwork = (inputs: unknown): boolean => textAt(inputs, "loadBalancerType") === "network";

const aliasZone = (inputs: unknown): string =>
  aliasZones[isNetwork(inputs) ? "network" : "application"];

const claim = (key: string, code: string, message: string): Claim => ({
  key,
  refusal: new AwsError(code, message),
});

const arn = (service: string, { scope, world }: Draft, resource: string) =>
  `arn:aws:${service}:${scope.region}:${world.accountId}:${resource}`;

const name = ({ inputs }: Draft): string => textAt(inputs, "name") ?? "";

/** Load balancers and target groups: at most 32 letters, digits and hyphens, no hyphen at either end. */
function nameIsShort(draft: Draft): AwsError | undefined {
  const given = name(draft);
  if (given.length > 32) {
    return new AwsError(
      "ValidationError",
      `The name '${given}' cannot be longer than '32' characters`,
    );
  }
  if (/^(?!internal-)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/.test(given)) return undefined;
  return new AwsError(
    "ValidationError",
    `The name '${given}' must be letters, digits and hyphens, without a hyphen at either end or internal- at its start`,
  );
}

const zoneOf = (world: World, subnet: string): string | undefined =>
  textAt(byId(world, "aws:ec2/subnet:Subnet", subnet)?.inputs, "availabilityZone");

function subnetsAreInTwoZones({ inputs, world }: Draft): AwsError | undefined {
  const subnets = textsAt(inputs, "subnets[*]");
  const zones = new Set(subnets.map((subnet) => zoneOf(world, subnet)));
  if (zones.size < subnets.length) {
    return new AwsError(
      "InvalidConfigurationRequest",
      `A load balancer cannot be attached to multiple subnets in the same Availability Zone, got ${subnets.join(", ")}`,
    );
  }
  if (zones.size >= 2 || isNetwork(inputs)) return undefined;
  return new AwsError(
    "ValidationError",
    `At least two subnets in two different Availability Zones must be specified, got ${subnets.join(", ")}`,
  );
}

const balancerVpc = (world: World, inputs: unknown): string | undefined =>
  vpcOfSubnet(world, textsAt(inputs, "subnets[*]")[0]);

const isInternetFacing = (inputs: unknown): boolean => valuesAt(inputs, "internal")[0] !== true;

function internetFacingNeedsAGateway({ inputs, world }: Draft): AwsError | undefined {
  const vpc = balancerVpc(world, inputs);
  if (!isInternetFacing(inputs) || internetGatewayOf(world, vpc)) return undefined;
  return new AwsError("InvalidSubnet", `VPC ${vpc ?? ""} has no internet gateway`);
}

/** Elastic Load Balancing writes a test object before it takes the bucket, under S3's own key. */
function logsCanBeDelivered(draft: Draft): AwsError | undefined {
  const { inputs, world } = draft;
  for (const kind of ["accessLogs", "connectionLogs"]) {
    const bucket = textAt(inputs, `${kind}.bucket`);
    if (bucket === undefined || valuesAt(inputs, `${kind}.enabled`)[0] !== true) continue;
    const [policy] = allWith(world, "aws:s3/bucketPolicy:BucketPolicy", "bucket", bucket);
    const allowed = allowsService(
      policy?.inputs["policy"],
      ["logdelivery.elasticloadbalancing.amazonaws.com"],
      ["s3:PutObject"],
      {
        "aws:SourceAccount": world.accountId,
        "aws:SourceArn": arn("elasticloadbalancing", draft, `loadbalancer/app/${name(draft)}/0`),
      },
    );
    if (!allowed || isUnderKms(world, bucket)) {
      return new AwsError(
        "InvalidConfigurationRequest",
        `Access Denied for bucket: ${bucket}. Please check S3bucket permission (${kind})`,
      );
    }
  }
  return undefined;
}

function isUnderKms(world: World, bucket: string): boolean {
  const type =
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";
  return allWith(world, type, "bucket", bucket).some((encryption) =>
    textsAt(encryption.inputs, "rules[*].applyServerSideEncryptionByDefault.sseAlgorithm").some(
      (algorithm) => algorithm !== "AES256",
    ),
  );
}

function isProtected({ id, inputs }: CloudResource): AwsError | undefined {
  if (inputs["enableDeletionProtection"] !== true) return undefined;
  return new AwsError(
    "OperationNotPermitted",
    `Load balancer '${id}' cannot be deleted because deletion protection is enabled`,
  );
}

/** What Elastic Load Balancing offers of the policies that this program may name. */
const sslPolicies = [
  "ELBSecurityPolicy-2016-08",
  "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
  "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
  "ELBSecurityPolicy-TLS13-1-3-2021-06",
  "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
];

function listenerSpeaksItsProtocol({ inputs, scope, world }: Draft): AwsError | undefined {
  const [protocol, certificateArn] = [textAt(inputs, "protocol"), textAt(inputs, "certificateArn")];
  const policy = textAt(inputs, "sslPolicy");
  if (protocol !== "HTTPS") {
    return certificateArn === undefined && policy === undefined
      ? undefined
      : new AwsError(
          "InvalidConfigurationRequest",
          "The protocol of the listener must be HTTPS for a certificate or a security policy",
        );
  }
  if (certificateArn === undefined) {
    return new AwsError("ValidationError", "A certificate must be specified for HTTPS listeners");
  }
  if (certificateArn.split(":")[3] !== scope.region) {
    return new AwsError("ValidationError", `Certificate ARN '${certificateArn}' is not valid`);
  }
  const certificate = byId(world, certificateType, certificateArn);
  if (certificate && unvalidated(certificate, world).length > 0) {
    return new AwsError(
      "UnsupportedCertificate",
      `The certificate '${certificateArn}' must have a fully-qualified domain name, a supported signature, and a supported key size`,
    );
  }
  if (policy === undefined || sslPolicies.includes(policy)) return undefined;
  return new AwsError("SSLPolicyNotFound", `SSL policy '${policy}' not found`);
}

function targetsSpeakAProtocol({ inputs }: Draft): AwsError | undefined {
  if (textAt(inputs, "targetType") === "lambda") return undefined;
  const missing = ["port", "protocol", "vpcId"].find((key) => inputs[key] === undefined);
  if (missing === undefined) return undefined;
  return new AwsError("ValidationError", `A ${missing} must be specified`);
}

const bare = (domain: string) => domain.replace(/^\*\./, "");

/** The names of a certificate, with the record that ACM wants to see for each. */
function validationOptions({ inputs, digits }: Draft) {
  const names = [
    textAt(inputs, "domainName") ?? "",
    ...textsAt(inputs, "subjectAlternativeNames[*]"),
  ];
  return names.map((domainName) => ({
    domainName,
    resourceRecordName: `_${digits(32, bare(domainName))}.${bare(domainName)}.`,
    resourceRecordType: "CNAME",
    resourceRecordValue: `_${digits(32, `value of ${bare(domainName)}`)}.acm-validations.aws.`,
  }));
}

/** Names of a certificate whose record does not stand. */
function unvalidated(certificate: CloudResource, world: World): string[] {
  return valuesAt(certificate.computed, "domainValidationOptions[*]").flatMap((option) => {
    const records = allWith(world, recordType, "name", textAt(option, "resourceRecordName"));
    const value = textAt(option, "resourceRecordValue");
    const stands = records.some(({ inputs }) =>
      textsAt(inputs, "records[*]").includes(value ?? ""),
    );
    return stands ? [] : [textAt(option, "domainName") ?? ""];
  });
}

function recordsStand({ inputs, world }: Draft): AwsError | undefined {
  const certificate = byId(world, certificateType, textAt(inputs, "certificateArn"));
  const missing = certificate ? unvalidated(certificate, world) : [];
  if (missing.length === 0) return undefined;
  return new AwsError(
    "Timeout",
    `waiting for ${certificate?.id ?? ""} to be issued: no validation record for ${missing.join(", ")}`,
  );
}

function recordSaysOneThing({ inputs, world }: Draft): AwsError | undefined {
  const aliases = valuesAt(inputs, "aliases[*]");
  const records = textsAt(inputs, "records[*]");
  const invalid = (message: string) => new AwsError("InvalidChangeBatch", message);
  if (aliases.length + (records.length > 0 ? 1 : 0) !== 1) {
    return invalid("a record must have either one alias or values");
  }
  if (aliases.length === 0) {
    return numberAt(inputs, "ttl") === undefined
      ? invalid("a record with values must have a ttl")
      : undefined;
  }
  const target = textAt(inputs, "aliases[*].name");
  const balancer = world.resources.find(({ computed }) => computed["dnsName"] === target);
  if (balancer && textAt(inputs, "aliases[*].zoneId") === aliasZone(balancer.inputs)) {
    return undefined;
  }
  return invalid(
    `[Tried to create an alias that targets ${target ?? ""}, type A in zone ${textAt(inputs, "aliases[*].zoneId") ?? ""}, but the alias target name does not lie within the target zone]`,
  );
}

/** Of the rule groups that AWS manages: docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html */
const managedGroups = [
  "AWSManagedRulesAmazonIpReputationList",
  "AWSManagedRulesCommonRuleSet",
  "AWSManagedRulesKnownBadInputsRuleSet",
];

function aclRulesAreValid({ inputs }: Draft): AwsError | undefined {
  const priorities = valuesAt(inputs, "rules[*].priority");
  const invalid = (message: string) => new AwsError("WAFInvalidParameterException", message);
  if (new Set(priorities).size < priorities.length) {
    return invalid(`rules must have different priorities, got ${priorities.join(", ")}`);
  }
  const limit = numberAt(inputs, "rules[*].statement.rateBasedStatement.limit");
  if (limit !== undefined && (limit < 10 || limit > 2_000_000_000)) {
    return invalid(`the limit of a rate-based rule must be 10 to 2000000000, got ${limit}`);
  }
  const unknown = textsAt(inputs, "rules[*].statement.managedRuleGroupStatement.name").find(
    (group) => !managedGroups.includes(group),
  );
  if (unknown === undefined) return undefined;
  return new AwsError(
    "WAFNonexistentItemException",
    `the managed rule group ${unknown} does not exist`,
  );
}

/** WAF delivers to log groups of one prefix only. */
function logGroupIsForWaf({ inputs }: Draft): AwsError | undefined {
  const wrong = textsAt(inputs, "logDestinationConfigs[*]").find(
    (destination) => !/:log-group:aws-waf-logs-/.test(destination),
  );
  if (wrong === undefined) return undefined;
  return new AwsError(
    "WAFInvalidParameterException",
    `The ARN isn't valid for logging: a log group must be named aws-waf-logs-…, got ${wrong}`,
  );
}

const digitsOfId = ({ digits }: Draft) => digits(16);

export const entryRows: Record<string, ResourceRow> = {
  [loadBalancerType]: {
    noun: "load balancer",
    id: (draft) =>
      arn(
        "elasticloadbalancing",
        draft,
        `loadbalancer/${isNetwork(draft.inputs) ? "net" : "app"}/${name(draft)}/${digitsOfId(draft)}`,
      ),
    name: "name",
    tagged: true,
    required: [],
    references: [
      { path: "subnets[*]", to: "subnet", onDelete: "refuse" },
      { path: "securityGroups[*]", to: "securityGroup", onDelete: "refuse" },
      { path: "accessLogs.bucket", to: "bucket", onDelete: "dangle" },
      { path: "connectionLogs.bucket", to: "bucket", onDelete: "dangle" },
    ],
    identifiers: ({ id }) => ({ loadBalancer: [id] }),
    computed: (draft) => ({
      arn: draft.id,
      arnSuffix: draft.id.split(":loadbalancer/")[1] ?? "",
      dnsName: `${name(draft)}-${draft.digits(9, "dns")}.${draft.scope.region}.elb.amazonaws.com`,
      vpcId: balancerVpc(draft.world, draft.inputs),
      zoneId: aliasZone(draft.inputs),
    }),
    claims: (draft) => [
      claim(
        `load balancer ${name(draft)}`,
        "DuplicateLoadBalancerName",
        `A load balancer with the same name '${name(draft)}' exists`,
      ),
    ],
    rules: [
      nameIsShort,
      subnetsAreInTwoZones,
      internetFacingNeedsAGateway,
      securityGroupsAreOf(["securityGroups[*]"], ({ inputs, world }) => balancerVpc(world, inputs)),
      logsCanBeDelivered,
    ],
    keeps: isProtected,
  },
  "aws:lb/targetGroup:TargetGroup": {
    noun: "target group",
    id: (draft) =>
      arn("elasticloadbalancing", draft, `targetgroup/${name(draft)}/${digitsOfId(draft)}`),
    name: "name",
    tagged: true,
    required: [],
    references: [{ path: "vpcId", to: "vpc", onDelete: "dangle" }],
    identifiers: ({ id }) => ({ targetGroup: [id] }),
    computed: ({ id }) => ({ arn: id, arnSuffix: id.split(":").at(-1) ?? "" }),
    claims: (draft) => [
      claim(
        `target group ${name(draft)}`,
        "DuplicateTargetGroupName",
        `A target group with the same name '${name(draft)}' exists`,
      ),
    ],
    rules: [nameIsShort, targetsSpeakAProtocol],
    inUse: "ResourceInUse",
  },
  "aws:lb/targetGroupAttachment:TargetGroupAttachment": {
    noun: "target",
    id: ({ inputs, digits }) => `${textAt(inputs, "targetGroupArn") ?? ""}-${digits(16)}`,
    tagged: false,
    required: ["targetGroupArn", "targetId"],
    references: [
      { path: "targetGroupArn", to: "targetGroup", onDelete: "cascade" },
      { path: "targetId", to: "instance", onDelete: "cascade" },
    ],
    computed: () => ({}),
  },
  "aws:route53/zone:Zone": {
    noun: "hosted zone",
    id: ({ digits }) => `Z${digits(20).toUpperCase()}`,
    name: "name",
    tagged: true,
    required: ["name"],
    references: [{ path: "vpcs[*].vpcId", to: "vpc", onDelete: "dangle" }],
    identifiers: ({ id }) => ({ hostedZone: [id] }),
    computed: ({ id }) => ({ zoneId: id, arn: `arn:aws:route53:::hostedzone/${id}` }),
    // Two zones of one name in one VPC: docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html
    claims: ({ inputs }) =>
      textsAt(inputs, "vpcs[*].vpcId").map((vpc) =>
        claim(
          `zone ${textAt(inputs, "name") ?? ""} ${vpc}`,
          "ConflictingDomainExists",
          `The VPC ${vpc} is already associated with a hosted zone named ${textAt(inputs, "name") ?? ""}`,
        ),
      ),
    inUse: "HostedZoneNotEmpty",
  },
  "aws:lb/listener:Listener": {
    noun: "listener",
    id: ({ inputs, digits }) =>
      `${(textAt(inputs, "loadBalancerArn") ?? "").replace(":loadbalancer/", ":listener/")}/${digits(16)}`,
    tagged: true,
    required: ["loadBalancerArn", "defaultActions"],
    references: [
      { path: "loadBalancerArn", to: "loadBalancer", onDelete: "cascade" },
      { path: "certificateArn", to: "certificate", onDelete: "refuse" },
      { path: "defaultActions[*].targetGroupArn", to: "targetGroup", onDelete: "refuse" },
    ],
    computed: ({ id }) => ({ arn: id }),
    claims: ({ inputs }) => [
      claim(
        `listener ${textAt(inputs, "loadBalancerArn") ?? ""} ${numberAt(inputs, "port") ?? ""}`,
        "DuplicateListener",
        `A listener already exists on this port for this load balancer: ${numberAt(inputs, "port") ?? ""}`,
      ),
    ],
    rules: [listenerSpeaksItsProtocol],
  },
  [certificateType]: {
    noun: "certificate",
    id: (draft) => arn("acm", draft, `certificate/${draft.digits(32)}`),
    tagged: true,
    required: ["domainName"],
    references: [],
    identifiers: ({ id }) => ({ certificate: [id] }),
    computed: (draft) => ({ arn: draft.id, domainValidationOptions: validationOptions(draft) }),
    rules: [
      ({ inputs }) =>
        (textAt(inputs, "domainName") ?? "").length <= 64
          ? undefined
          : new AwsError(
              "InvalidDomainValidationOptionsException",
              "domainName must have at most 64 characters",
            ),
    ],
    inUse: "ResourceInUseException",
  },
  "aws:acm/certificateValidation:CertificateValidation": {
    noun: "certificate validation",
    id: ({ digits }) => digits(12),
    tagged: false,
    required: ["certificateArn"],
    references: [{ path: "certificateArn", to: "certificate", onDelete: "dangle" }],
    computed: () => ({}),
    rules: [recordsStand],
  },
  [recordType]: {
    noun: "record",
    id: ({ inputs }) => ["zoneId", "name", "type"].map((key) => textAt(inputs, key)).join("_"),
    tagged: false,
    required: ["name", "type", "zoneId"],
    references: [],
    computed: ({ inputs }) => ({ fqdn: (textAt(inputs, "name") ?? "").replace(/\.$/, "") }),
    // A zone may be another stack's; one of this stack stays until its records are gone.
    holds: ({ inputs }) => [`hostedZone:${textAt(inputs, "zoneId") ?? ""}`],
    claims: ({ inputs }) => {
      const { zone, record, type } = {
        zone: textAt(inputs, "zoneId") ?? "",
        record: textAt(inputs, "name") ?? "",
        type: textAt(inputs, "type") ?? "",
      };
      const message = `[Tried to create resource record set [name='${record}', type='${type}'] but it already exists]`;
      return [claim(`record ${zone} ${record} ${type}`, "InvalidChangeBatch", message)];
    },
    rules: [recordSaysOneThing],
  },
  [webAclType]: {
    noun: "web ACL",
    id: ({ digits }) => digits(32),
    name: "name",
    tagged: true,
    required: ["defaultAction", "scope", "visibilityConfig"],
    references: [],
    identifiers: ({ computed }) => ({ webAcl: [computed["arn"]] }),
    computed: (draft) => ({
      arn: arn("wafv2", draft, `regional/webacl/${name(draft)}/${draft.id}`),
    }),
    rules: [aclRulesAreValid],
    inUse: "WAFAssociatedItemException",
  },
  "aws:wafv2/webAclAssociation:WebAclAssociation": {
    noun: "web ACL association",
    id: ({ inputs }) =>
      `${textAt(inputs, "webAclArn") ?? ""},${textAt(inputs, "resourceArn") ?? ""}`,
    tagged: false,
    required: ["resourceArn", "webAclArn"],
    references: [
      { path: "webAclArn", to: "webAcl", onDelete: "refuse" },
      { path: "resourceArn", to: "loadBalancer", onDelete: "cascade" },
    ],
    computed: () => ({}),
    // AWS would move the load balancer to the other web ACL in silence.
    claims: ({ inputs }) => {
      const resource = textAt(inputs, "resourceArn") ?? "";
      const message = `${resource} is already associated with a web ACL`;
      return [claim(`web ACL of ${resource}`, "WAFAssociatedItemException", message)];
    },
  },
  "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": {
    noun: "logging of a web ACL",
    id: ({ inputs }) => textAt(inputs, "resourceArn") ?? "",
    tagged: false,
    required: ["logDestinationConfigs", "resourceArn"],
    references: [
      { path: "resourceArn", to: "webAcl", onDelete: "cascade" },
      { path: "logDestinationConfigs[*]", to: "logGroupArn", onDelete: "dangle" },
    ],
    computed: () => ({}),
    rules: [logGroupIsForWaf],
  },
};
