import { AwsError } from "./aws/row";
import { create, diff, read, remove, update, type Difference } from "./aws/cloud";
import { emptyWorld, type Properties, type World } from "./aws/world";

export const accountId = "111122223333";
const scope = { region: "eu-west-1", defaultTags: { Owner: "platform" } };

/** Short names of the types that tests speak of. */
const types = {
  vpc: "aws:ec2/vpc:Vpc",
  subnet: "aws:ec2/subnet:Subnet",
  internetGateway: "aws:ec2/internetGateway:InternetGateway",
  eip: "aws:ec2/eip:Eip",
  natGateway: "aws:ec2/natGateway:NatGateway",
  routeTable: "aws:ec2/routeTable:RouteTable",
  route: "aws:ec2/route:Route",
  routeTableAssociation: "aws:ec2/routeTableAssociation:RouteTableAssociation",
  networkAcl: "aws:ec2/networkAcl:NetworkAcl",
  defaultSecurityGroup: "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
  flowLog: "aws:ec2/flowLog:FlowLog",
  endpoint: "aws:ec2/vpcEndpoint:VpcEndpoint",
  securityGroup: "aws:ec2/securityGroup:SecurityGroup",
  ingressRule: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
  launchTemplate: "aws:ec2/launchTemplate:LaunchTemplate",
  autoScalingGroup: "aws:autoscaling/group:Group",
  document: "aws:ssm/document:Document",
  parameter: "aws:ssm/parameter:Parameter",
  role: "aws:iam/role:Role",
  rolePolicy: "aws:iam/rolePolicy:RolePolicy",
  attachment: "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
  policy: "aws:iam/policy:Policy",
  instanceProfile: "aws:iam/instanceProfile:InstanceProfile",
  oidcProvider: "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
  serviceLinkedRole: "aws:iam/serviceLinkedRole:ServiceLinkedRole",
  key: "aws:kms/key:Key",
  alias: "aws:kms/alias:Alias",
  logGroup: "aws:cloudwatch/logGroup:LogGroup",
  cluster: "aws:eks/cluster:Cluster",
  accessEntry: "aws:eks/accessEntry:AccessEntry",
  accessPolicyAssociation: "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
  addon: "aws:eks/addon:Addon",
  nodeGroup: "aws:eks/nodeGroup:NodeGroup",
  loadBalancer: "aws:lb/loadBalancer:LoadBalancer",
  targetGroup: "aws:lb/targetGroup:TargetGroup",
  listener: "aws:lb/listener:Listener",
  certificate: "aws:acm/certificate:Certificate",
  certificateValidation: "aws:acm/certificateValidation:CertificateValidation",
  record: "aws:route53/record:Record",
  webAcl: "aws:wafv2/webAcl:WebAcl",
  webAclAssociation: "aws:wafv2/webAclAssociation:WebAclAssociation",
  webAclLogging: "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
  logResourcePolicy: "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
  bucket: "aws:s3/bucket:Bucket",
  bucketEncryption:
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
  bucketLifecycle: "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
  bucketLock: "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
  bucketLogging: "aws:s3/bucketLogging:BucketLogging",
  bucketPolicy: "aws:s3/bucketPolicy:BucketPolicy",
  bucketPrivacy: "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
  bucketVersioning: "aws:s3/bucketVersioning:BucketVersioning",
  trail: "aws:cloudtrail/trail:Trail",
  topic: "aws:sns/topic:Topic",
  subscription: "aws:sns/topicSubscription:TopicSubscription",
  metricFilter: "aws:cloudwatch/logMetricFilter:LogMetricFilter",
  metricAlarm: "aws:cloudwatch/metricAlarm:MetricAlarm",
  detector: "aws:guardduty/detector:Detector",
  eventRule: "aws:cloudwatch/eventRule:EventRule",
  eventTarget: "aws:cloudwatch/eventTarget:EventTarget",
  detectorFeature: "aws:guardduty/detectorFeature:DetectorFeature",
  encryptionByDefault: "aws:ebs/encryptionByDefault:EncryptionByDefault",
  defaultKey: "aws:ebs/defaultKmsKey:DefaultKmsKey",
  domain: "aws:opensearch/domain:Domain",
  logStream: "aws:cloudwatch/logStream:LogStream",
  logFilter: "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter",
  deliveryStream: "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
  function: "aws:lambda/function:Function",
  invocation: "aws:lambda/invocation:Invocation",
  repository: "aws:ecr/repository:Repository",
  lifecyclePolicy: "aws:ecr/lifecyclePolicy:LifecyclePolicy",
  cacheRule: "aws:ecr/pullThroughCacheRule:PullThroughCacheRule",
  creationTemplate: "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate",
  scanning: "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration",
  networkInterface: "aws:ec2/networkInterface:NetworkInterface",
  volume: "aws:ebs/volume:Volume",
  instance: "aws:ec2/instance:Instance",
  volumeAttachment: "aws:ec2/volumeAttachment:VolumeAttachment",
  target: "aws:lb/targetGroupAttachment:TargetGroupAttachment",
  zone: "aws:route53/zone:Zone",
  secret: "aws:secretsmanager/secret:Secret",
  secretVersion: "aws:secretsmanager/secretVersion:SecretVersion",
  vpnEndpoint: "aws:ec2clientvpn/endpoint:Endpoint",
  vpnAssociation: "aws:ec2clientvpn/networkAssociation:NetworkAssociation",
  vpnRule: "aws:ec2clientvpn/authorizationRule:AuthorizationRule",
} as const;

type TypeName = keyof typeof types;

interface Made {
  type: string;
  id: string;
  inputs: Properties;
  outputs: Properties;
}

/** An account of the stand-in that a test builds up, resource by resource, each under a name of its own. */
export class Account {
  world: World;
  private readonly made = new Map<string, Made>();

  constructor(principals: string[] = []) {
    this.world = emptyWorld(accountId, principals);
  }

  make(name: string, typeName: TypeName, inputs: Properties): string {
    const type = types[typeName];
    const [world, { id, outputs }] = create(this.world, scope, { type, urn: urnOf(name), inputs });
    this.world = world;
    this.made.set(name, { type, id, inputs, outputs });
    return id;
  }

  /** Changes inputs in place, as the engine does when nothing replaces the resource. */
  change(name: string, changes: Properties): Properties {
    const { type, id, inputs } = this.find(name);
    const request = { type, urn: urnOf(name), id, inputs: { ...inputs, ...changes } };
    const [world, outputs] = update(this.world, scope, request);
    this.world = world;
    return outputs;
  }

  /** What changing inputs would mean. */
  diff(name: string, changes: Properties): Difference {
    const { type, inputs } = this.find(name);
    return diff(type, inputs, { ...inputs, ...changes });
  }

  delete(name: string): void {
    const { type, id } = this.find(name);
    this.world = remove(this.world, type, id);
  }

  id(name: string): string {
    return this.find(name).id;
  }

  urn(name: string): string {
    return urnOf(name);
  }

  output(name: string, property: string): unknown {
    return this.find(name).outputs[property];
  }

  /** What AWS holds of the resource; undefined when it is gone. */
  read(name: string): Properties | undefined {
    const { type, id } = this.find(name);
    return read(this.world, scope, type, id)?.outputs;
  }

  /** Takes changed inputs for the ones that the next change starts from. */
  remember(name: string, changes: Properties): void {
    const made = this.find(name);
    this.made.set(name, { ...made, inputs: { ...made.inputs, ...changes } });
  }

  /** Names of everything that was made, in its order. */
  get names(): string[] {
    return [...this.made.keys()];
  }

  private find(name: string): Made {
    const made = this.made.get(name);
    if (made === undefined) throw new Error(`nothing was made under the name ${name}`);
    return made;
  }
}

function urnOf(name: string): string {
  return `urn:pulumi:test::drawbridge::type::${name}`;
}

/** The refusal of an action; a test fails when AWS would not refuse it. */
export function refusalOf(action: () => unknown): AwsError {
  try {
    action();
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
  throw new Error("the stand-in refused nothing");
}

/** A trust policy for one service. */
export function trust(service: string, Condition: Properties = {}): string {
  const principal = { Service: service };
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: principal, Action: "sts:AssumeRole", Condition }],
  });
}

/** A key policy that the account administers, with more statements. */
export function keyPolicy(...statements: Properties[]): string {
  const principal = { AWS: `arn:aws:iam::${accountId}:root` };
  const owner = { Effect: "Allow", Principal: principal, Action: "kms:*", Resource: "*" };
  return JSON.stringify({ Version: "2012-10-17", Statement: [owner, ...statements] });
}

/** A VPC with two private subnets, a public one, and the ways between them. */
export function network(account: Account): void {
  const vpcId = account.make("vpc", "vpc", { cidrBlock: "10.0.0.0/16", enableDnsHostnames: true });
  for (const [i, zone] of ["a", "b", "public"].entries()) {
    const availabilityZone = zone === "public" ? "eu-west-1a" : `eu-west-1${zone}`;
    const cidrBlock = `10.0.${i}.0/24`;
    account.make(`subnet-${zone}`, "subnet", { vpcId, cidrBlock, availabilityZone });
  }
  const gatewayId = account.make("igw", "internetGateway", { vpcId });
  const allocationId = account.make("eip", "eip", { domain: "vpc" });
  const subnetId = account.id("subnet-public");
  const natGatewayId = account.make("nat", "natGateway", { subnetId, allocationId });
  const destinationCidrBlock = "0.0.0.0/0";
  const publicTable = account.make("table-public", "routeTable", { vpcId });
  account.make("route-public", "route", {
    routeTableId: publicTable,
    destinationCidrBlock,
    gatewayId,
  });
  account.make("association-public", "routeTableAssociation", {
    routeTableId: publicTable,
    subnetId,
  });
  const routeTableId = account.make("table", "routeTable", { vpcId });
  account.make("route", "route", { routeTableId, destinationCidrBlock, natGatewayId });
  for (const zone of ["a", "b"]) {
    const subnet = account.id(`subnet-${zone}`);
    account.make(`association-${zone}`, "routeTableAssociation", {
      routeTableId,
      subnetId: subnet,
    });
  }
  account.make("group", "securityGroup", { vpcId, description: "Nodes" });
}

/** A private cluster with its add-ons, in the network. */
export function cluster(account: Account): void {
  account.make("log-group", "logGroup", { name: "/aws/eks/main/cluster" });
  account.make("cluster-role", "role", { assumeRolePolicy: trust("eks.amazonaws.com") });
  attach(account, "cluster-role", "AmazonEKSClusterPolicy");
  account.make("cluster", "cluster", {
    name: "main",
    roleArn: account.output("cluster-role", "arn"),
    version: "1.34",
    accessConfig: { authenticationMode: "API" },
    bootstrapSelfManagedAddons: false,
    enabledClusterLogTypes: ["api"],
    vpcConfig: {
      subnetIds: [account.id("subnet-a"), account.id("subnet-b")],
      securityGroupIds: [account.id("group")],
    },
  });
  for (const addonName of ["vpc-cni", "kube-proxy"]) {
    account.make(addonName, "addon", { clusterName: "main", addonName });
  }
}

/** What a node group takes, with a role that may join and a launch template. */
export function nodeGroupInputs(account: Account): Properties {
  account.make("node-role", "role", { assumeRolePolicy: trust("ec2.amazonaws.com") });
  for (const policy of [
    "AmazonEKSWorkerNodePolicy",
    "AmazonEKS_CNI_Policy",
    "AmazonEC2ContainerRegistryPullOnly",
  ]) {
    attach(account, "node-role", policy);
  }
  account.make("template", "launchTemplate", { vpcSecurityGroupIds: [account.id("group")] });
  return {
    clusterName: "main",
    nodeRoleArn: account.output("node-role", "arn"),
    subnetIds: [account.id("subnet-a"), account.id("subnet-b")],
    launchTemplate: { id: account.id("template"), version: "1" },
    scalingConfig: { minSize: 1, desiredSize: 1, maxSize: 2 },
  };
}

export function attach(account: Account, role: string, policy: string): void {
  account.make(`${role} ${policy}`, "attachment", {
    role: account.id(role),
    policyArn: `arn:aws:iam::aws:policy/${policy}`,
  });
}

/** Network, cluster and a node group. */
export function wholeStack(): Account {
  const account = new Account();
  network(account);
  cluster(account);
  account.make("nodes", "nodeGroup", nodeGroupInputs(account));
  return account;
}
