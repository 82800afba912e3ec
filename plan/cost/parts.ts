import type { PlannedResource } from "../schema";
import { packageOf } from "../urn";
import { isFree } from "./free-types";
import type { Meter, Unit } from "./price-list";
import { isTrue, listOf, mapOf, numberOf, textOf } from "./resources";
import type { Resources } from "./resources";

/** Something of a resource that AWS bills as long as it exists; without a meter, or a size, it has no price. */
export interface Part {
  /** What people call it. */
  part: string;
  /** How many of them, or how many GiB. */
  amount?: number;
  meter?: Meter;
  /** Why it has no price. */
  reason?: string;
}

const meter = (service: string, usage: string, unit: Unit, operation?: string): Meter => ({
  service,
  usage,
  unit,
  ...(operation !== undefined && { operation }),
});
const hourly = (service: string, usage: string, operation?: string) =>
  meter(service, usage, "hour", operation);
const monthly = (service: string, usage: string) => meter(service, usage, "month");
const held = (service: string, usage: string) => meter(service, usage, "GB-month");

const publicAddress = hourly("AmazonVPC", "PublicIPv4:InUseAddress");
const byUse = "billed by use";

function priced(part: string, amount: number, by: Meter): Part {
  return { part, amount, meter: by };
}

function unpriced(part: string, reason: string): Part {
  return { part, reason };
}

function count(part: string, amount: number | undefined, by: Meter, missing: string): Part {
  return amount === undefined ? unpriced(part, missing) : priced(part, amount, by);
}

/** On-demand Linux of shared tenancy: what `RunInstances` without a number stands for. */
function instances(part: string, type: string | undefined, amount: number | undefined): Part {
  if (type === undefined) return unpriced(part, "the plan does not know the instance type");
  const by = hourly("AmazonEC2", `BoxUsage:${type}`, "RunInstances");
  return count(`${part}: ${type}`, amount, by, "the plan does not know how many");
}

function volume(part: string, ebs: Record<string, unknown>, amount: number | undefined): Part {
  const type = textOf(ebs["volumeType"] ?? ebs["type"]);
  const size = numberOf(ebs["volumeSize"] ?? ebs["size"]);
  if (type === undefined) return unpriced(part, "the plan does not know the type of the volume");
  if (size === undefined) return unpriced(part, "the image decides the size");
  const total = amount === undefined ? undefined : size * amount;
  const by = held("AmazonEC2", `EBS:VolumeUsage.${type}`);
  return count(`${part}: ${type}`, total, by, "the plan does not know how many");
}

/** The volumes of instances that a launch template describes, and what watches them. */
function templateParts(
  name: string,
  template: PlannedResource | undefined,
  amount: number | undefined,
): Part[] {
  if (!template) return [unpriced(`volumes of ${name}`, "the plan has no launch template")];
  const { blockDeviceMappings, monitoring } = template.inputs;
  const disks = listOf(blockDeviceMappings) ?? [];
  return [
    ...disks.map((disk) => {
      const { deviceName, ebs } = mapOf(disk);
      return volume(`volumes of ${name}, ${textOf(deviceName) ?? "?"}`, mapOf(ebs), amount);
    }),
    ...(disks.length === 0 ? [unpriced(`volumes of ${name}`, "the image decides the size")] : []),
    ...(isTrue(mapOf(monitoring)["enabled"])
      ? [unpriced(`detailed monitoring of ${name}`, "CloudWatch bills by metric")]
      : []),
  ];
}

/**
 * A node group at its smallest. Of several instance types EKS takes the first that is to be had:
 * docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html
 */
function nodeGroup(resource: PlannedResource, resources: Resources): Part[] {
  const { inputs, name } = resource;
  const template = resources.source(resource, "launchTemplate", launchTemplate);
  const amount = numberOf(mapOf(inputs["scalingConfig"])["minSize"]);
  const type = textOf(listOf(inputs["instanceTypes"])?.[0] ?? template?.inputs["instanceType"]);
  const capacity = inputs["capacityType"] ?? "ON_DEMAND";
  const nodes =
    capacity === "ON_DEMAND"
      ? instances(`nodes of ${name}`, type, amount)
      : unpriced(`nodes of ${name}`, "Spot has a price of the market");
  return [nodes, ...templateParts(name, template, amount)];
}

const launchTemplate = "aws:ec2/launchTemplate:LaunchTemplate";

/** What an instance does not say itself it has from its launch template. */
function instance(resource: PlannedResource, resources: Resources): Part[] {
  const { inputs, name } = resource;
  const template = resources.source(resource, "launchTemplate", launchTemplate);
  const type = textOf(inputs["instanceType"] ?? template?.inputs["instanceType"]);
  const volumes =
    template && inputs["rootBlockDevice"] === undefined
      ? templateParts(name, template, 1)
      : [volume(`volumes of ${name}`, mapOf(inputs["rootBlockDevice"]), 1)];
  return [instances("instances", type, 1), ...volumes];
}

function scalingGroup(resource: PlannedResource, resources: Resources): Part[] {
  const { inputs, name } = resource;
  const template = resources.source(resource, "launchTemplate", launchTemplate);
  const amount = numberOf(inputs["minSize"]);
  const type = textOf(template?.inputs["instanceType"]);
  return [
    instances(`instances of ${name}`, type, amount),
    ...templateParts(name, template, amount),
  ];
}

function natGateway({ inputs }: PlannedResource, resources: Resources): Part[] {
  if (inputs["availabilityMode"] !== "regional") {
    return [priced("NAT gateways", 1, hourly("AmazonEC2", "NatGateway-Hours"))];
  }
  // Billed in each zone that it is active in, and its addresses with it: aws.amazon.com/vpc/pricing
  const zones = resources.zones().length;
  return [
    priced("NAT gateway, in each zone", zones, hourly("AmazonEC2", "RegionalNatGateway-Hours")),
    // Without addresses of the plan AWS gives it its own.
    ...(inputs["availabilityZoneAddresses"] === undefined
      ? [priced("public IPv4 addresses", zones, publicAddress)]
      : []),
  ];
}

function endpoint({ inputs }: PlannedResource): Part[] {
  const type = inputs["vpcEndpointType"] ?? "Gateway";
  // A gateway endpoint costs nothing: docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
  if (type === "Gateway") return [];
  const subnets = type === "Interface" ? listOf(inputs["subnetIds"])?.length : undefined;
  const by = hourly("AmazonVPC", "VpcEndpoint-Hours");
  return [count("VPC endpoints, in each zone", subnets, by, "the plan does not know its zones")];
}

function loadBalancer({ inputs }: PlannedResource): Part[] {
  const type = textOf(inputs["loadBalancerType"]) ?? "application";
  const operations: Record<string, string> = {
    application: "LoadBalancing:Application",
    network: "LoadBalancing:Network",
  };
  const operation = operations[type];
  if (operation === undefined) {
    return [unpriced(`load balancers, ${type}`, "the estimate does not know the kind")];
  }
  const subnets = listOf(inputs["subnets"])?.length;
  return [
    priced(`load balancers, ${type}`, 1, hourly("AWSELB", "LoadBalancerUsage", operation)),
    // One in each zone at least; addresses of the plan are counted by themselves.
    ...(isTrue(inputs["internal"]) || inputs["subnetMappings"] !== undefined
      ? []
      : [
          count(
            "public IPv4 addresses",
            subnets,
            publicAddress,
            "the plan does not know its zones",
          ),
        ]),
  ];
}

function searchDomain({ inputs }: PlannedResource): Part[] {
  const config = mapOf(inputs["clusterConfig"]);
  const disks = mapOf(inputs["ebsOptions"]);
  const nodes = numberOf(config["instanceCount"]) ?? 1;
  const ofType = (part: string, type: unknown, amount: number | undefined) => {
    const name = textOf(type)?.replace(/\.(search|elasticsearch)$/, "");
    if (name === undefined) return unpriced(part, "the plan does not know the instance type");
    const by = hourly("AmazonES", `ESInstance:${name}`);
    return count(`${part}: ${name}`, amount, by, "the plan does not know how many");
  };
  const size = numberOf(disks["volumeSize"]);
  const gp3 = disks["volumeType"] === "gp3" && size !== undefined;
  return [
    ofType("log store, data nodes", config["instanceType"], nodes),
    ...(isTrue(config["dedicatedMasterEnabled"])
      ? [
          ofType(
            "log store, dedicated masters",
            config["dedicatedMasterType"],
            numberOf(config["dedicatedMasterCount"]),
          ),
        ]
      : []),
    ...(isTrue(config["warmEnabled"])
      ? [unpriced("log store, UltraWarm", "the estimate does not know it")]
      : []),
    ...(isTrue(disks["ebsEnabled"])
      ? [
          gp3
            ? priced("log store, volumes: gp3", nodes * size, held("AmazonES", "ES:GP3-Storage"))
            : unpriced("log store, volumes", "the plan does not know a size of type gp3"),
        ]
      : []),
  ];
}

function webAcl({ inputs }: PlannedResource): Part[] {
  const rules = listOf(inputs["rules"])?.length ?? 0;
  return [
    priced("WAF: web ACLs", 1, monthly("awswaf", "WebACLV2")),
    priced("WAF: rules", rules, monthly("awswaf", "RuleV2")),
  ];
}

function cluster({ inputs }: PlannedResource): Part[] {
  return [
    priced("EKS control plane", 1, hourly("AmazonEKS", "AmazonEKS-Hours:perCluster")),
    ...(isTrue(mapOf(inputs["computeConfig"])["enabled"])
      ? [unpriced("EKS Auto Mode", "billed by the instances that it starts")]
      : []),
  ];
}

type PartsOf = (resource: PlannedResource, resources: Resources) => Part[];

const usage =
  (part: string, reason = byUse): PartsOf =>
  () => [unpriced(part, reason)];

const partsByType: Record<string, PartsOf> = {
  "aws:autoscaling/group:Group": scalingGroup,
  "aws:cloudtrail/trail:Trail": usage(
    "CloudTrail",
    "a region's first copy of management events is free, all else is billed by use",
  ),
  "aws:cloudwatch/logGroup:LogGroup": usage("CloudWatch log groups"),
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": usage("CloudWatch metrics of log filters"),
  "aws:cloudwatch/metricAlarm:MetricAlarm": usage(
    "CloudWatch alarms",
    "no price with a source is known",
  ),
  "aws:ebs/volume:Volume": ({ inputs }) => [volume("volumes", inputs, 1)],
  "aws:ec2/eip:Eip": () => [priced("public IPv4 addresses", 1, publicAddress)],
  "aws:ec2/flowLog:FlowLog": usage("flow logs"),
  "aws:ec2/instance:Instance": instance,
  "aws:ec2/natGateway:NatGateway": natGateway,
  "aws:ec2/vpcEndpoint:VpcEndpoint": endpoint,
  "aws:ec2clientvpn/networkAssociation:NetworkAssociation": () => [
    priced("Client VPN associations", 1, hourly("AmazonVPC", "ClientVPN-EndpointHours")),
  ],
  "aws:ecr/repository:Repository": usage("ECR repositories"),
  "aws:eks/cluster:Cluster": cluster,
  "aws:eks/nodeGroup:NodeGroup": nodeGroup,
  "aws:elasticsearch/domain:Domain": searchDomain,
  "aws:guardduty/detector:Detector": usage("GuardDuty"),
  "aws:guardduty/detectorFeature:DetectorFeature": usage("GuardDuty features"),
  "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": usage("Firehose streams"),
  "aws:kms/key:Key": () => [priced("KMS keys", 1, monthly("awskms", "KMS-Keys"))],
  "aws:lambda/function:Function": usage("Lambda functions"),
  "aws:lambda/invocation:Invocation": usage("Lambda functions called by up"),
  "aws:lb/loadBalancer:LoadBalancer": loadBalancer,
  "aws:opensearch/domain:Domain": searchDomain,
  "aws:route53/zone:Zone": usage("Route 53 zones", "no price with a source is known"),
  "aws:s3/bucket:Bucket": usage("S3 buckets"),
  "aws:secretsmanager/secret:Secret": () => [
    priced("secrets", 1, monthly("AWSSecretsManager", "AWSSecretsManager-Secrets")),
  ],
  "aws:sns/topic:Topic": usage("SNS topics"),
  "aws:sns/topicSubscription:TopicSubscription": usage("SNS subscriptions"),
  "aws:wafv2/webAcl:WebAcl": webAcl,
};

/** Packages of which nothing is billed: keys are made here, and settings of Vault are on servers, which are counted. */
const unbilled = new Set(["pulumi", "tls", "vault"]);

/** What a resource costs as long as it exists. A type that the estimate does not know is a part without a price. */
export function partsOf(resource: PlannedResource, resources: Resources): Part[] {
  const { type, custom } = resource;
  const pkg = packageOf(type);
  if (!custom || unbilled.has(pkg) || isFree(type)) return [];
  const parts = partsByType[type];
  if (parts) return parts(resource, resources);
  return pkg === "aws"
    ? [unpriced(type, "the estimate does not know the type")]
    : [unpriced(`resources of ${pkg}`, "the estimate knows resources of aws only")];
}
