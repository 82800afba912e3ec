import { groupsOnInstances, templateOf } from "./compute";
import { principalsOf } from "./policy-document";
import { allWith, byId, textAt, textsAt } from "./row";
import type { CloudResource, World } from "./world";

type Needs = (resource: CloudResource, world: World) => (CloudResource | undefined)[];

const bucketPolicyType = "aws:s3/bucketPolicy:BucketPolicy";

/**
 * What resources of a type need without naming it in their arguments. The stand-in refuses what comes before its
 * needs, but only if it does come before them, which is a matter of luck when no dependency puts them in order.
 */
const needsByType: Record<string, Needs> = {
  "aws:ec2/natGateway:NatGateway": ({ inputs }, world) => {
    const subnet = byId(world, "aws:ec2/subnet:Subnet", textAt(inputs, "subnetId"));
    const vpc = textAt(inputs, "vpcId") ?? textAt(subnet?.inputs, "vpcId");
    return allWith(world, "aws:ec2/internetGateway:InternetGateway", "vpcId", vpc);
  },
  "aws:lb/loadBalancer:LoadBalancer": ({ inputs, computed }, world) => [
    ...(inputs["internal"] === true
      ? []
      : [
          ...allWith(world, "aws:ec2/internetGateway:InternetGateway", "vpcId", computed["vpcId"]),
          ...textsAt(inputs, "subnets[*]").flatMap((subnet) => waysOut(subnet, world)),
        ]),
    ...["accessLogs.bucket", "connectionLogs.bucket"].flatMap((path) =>
      allWith(world, "aws:s3/bucketPolicy:BucketPolicy", "bucket", textAt(inputs, path)),
    ),
  ],
  "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": ({ inputs }, world) =>
    textsAt(inputs, "logDestinationConfigs[*]").flatMap((group) =>
      allWith(world, "aws:cloudwatch/logResourcePolicy:LogResourcePolicy", "resourceArn", group),
    ),
  // What it names by its name or its ARN, which are known before.
  "aws:ec2clientvpn/endpoint:Endpoint": ({ inputs }, world) => [
    logStream(
      inputs,
      "connectionLogOptions.cloudwatchLogGroup",
      "connectionLogOptions.cloudwatchLogStream",
      world,
    ),
    ...world.resources.filter(
      ({ type, computed }) =>
        type === "aws:lambda/function:Function" &&
        computed["arn"] === textAt(inputs, "clientConnectOptions.lambdaFunctionArn"),
    ),
  ],
  // Without the firewall in front, requests come in unfiltered.
  "aws:lb/listener:Listener": ({ inputs }, world) =>
    allWith(
      world,
      "aws:wafv2/webAclAssociation:WebAclAssociation",
      "resourceArn",
      inputs["loadBalancerArn"],
    ),
  "aws:ec2/flowLog:FlowLog": ({ inputs }, world) => rightsOf(world, textAt(inputs, "iamRoleArn")),
  "aws:cloudtrail/trail:Trail": ({ inputs }, world) => [
    ...rightsOf(world, textAt(inputs, "cloudWatchLogsRoleArn")),
    ...allWith(world, bucketPolicyType, "bucket", inputs["s3BucketName"]),
  ],
  "aws:s3/bucketLogging:BucketLogging": ({ inputs }, world) =>
    allWith(world, bucketPolicyType, "bucket", inputs["targetBucket"]),
  "aws:opensearch/domain:Domain": ({ inputs }, world) => [
    ...allWith(
      world,
      "aws:iam/serviceLinkedRole:ServiceLinkedRole",
      "awsServiceName",
      "opensearchservice.amazonaws.com",
    ),
    ...logWriters(textsAt(inputs, "logPublishingOptions[*].cloudwatchLogGroupArn"), world),
  ],
  "aws:lambda/function:Function": ({ inputs }, world) => [
    ...rightsOf(world, textAt(inputs, "role")),
    byId(world, "aws:cloudwatch/logGroup:LogGroup", textAt(inputs, "loggingConfig.logGroup")),
  ],
  // A function that cannot reach the store's network yet fails.
  "aws:lambda/invocation:Invocation": ({ inputs }, world) => {
    const called = byId(world, "aws:lambda/function:Function", textAt(inputs, "functionName"));
    return textsAt(called?.inputs, "vpcConfig.securityGroupIds[*]").flatMap((group) =>
      rulesOf(group, world),
    );
  },
  "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": ({ inputs }, world) => [
    ...rightsOf(world, textAt(inputs, "opensearchConfiguration.roleArn")),
    ...reportStreams(inputs, world),
    ...textsAt(inputs, "opensearchConfiguration.vpcConfig.securityGroupIds[*]").flatMap((group) =>
      rulesOf(group, world),
    ),
  ],
  // EventBridge takes a target into which it may not write, and what it sends there is lost.
  "aws:cloudwatch/eventTarget:EventTarget": ({ inputs }, world) =>
    logWriters(textsAt(inputs, "arn"), world),
  "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": ({ inputs }, world) =>
    rightsOf(world, textAt(inputs, "roleArn")),
  "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate": ({ inputs }, world) =>
    rightsOf(world, textAt(inputs, "customRoleArn")),
  "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": ({ inputs }, world) => [
    byId(
      world,
      "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate",
      textAt(inputs, "ecrRepositoryPrefix"),
    ),
  ],
  "aws:kms/key:Key": ({ inputs }, world) =>
    principalsOf(inputs["policy"]).flatMap((arn) =>
      world.resources.filter(({ computed }) => computed["arn"] === arn),
    ),
  "aws:eks/cluster:Cluster": ({ id, inputs }, world) => [
    ...rightsOf(world, textAt(inputs, "roleArn")),
    byId(world, "aws:cloudwatch/logGroup:LogGroup", `/aws/eks/${id}/cluster`),
  ],
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": ({ inputs }, world) => [
    byId(
      world,
      "aws:eks/accessEntry:AccessEntry",
      `${textAt(inputs, "clusterName") ?? ""}:${textAt(inputs, "principalArn") ?? ""}`,
    ),
  ],
  "aws:eks/addon:Addon": ({ inputs }, world) => [
    ...rightsOf(world, textAt(inputs, "serviceAccountRoleArn")),
    ...textsAt(inputs, "podIdentityAssociations[*].roleArn").flatMap((arn) => rightsOf(world, arn)),
    ...(inputs["addonName"] === "coredns"
      ? allWith(world, "aws:eks/nodeGroup:NodeGroup", "clusterName", inputs["clusterName"])
      : []),
  ],
  // A server of Vault comes up with its rights, its files and a way out.
  "aws:ec2/instance:Instance": ({ inputs }, world) => {
    const template = templateOf(world, inputs);
    const cards = textsAt(template?.inputs, "networkInterfaces[*].networkInterfaceId").map((card) =>
      byId(world, "aws:ec2/networkInterface:NetworkInterface", card),
    );
    return [
      ...cards.flatMap((card) => waysOut(textAt(card?.inputs, "subnetId") ?? "", world)),
      ...cards.flatMap((card) =>
        textsAt(card?.inputs, "securityGroups[*]").flatMap((group) => rulesOf(group, world)),
      ),
      ...rightsOfProfile(textAt(template?.inputs, "iamInstanceProfile.arn"), world),
    ];
  },
  // An agent or a script that cannot call AWS at its first start gives up for a while.
  "aws:autoscaling/group:Group": ({ inputs }, world) => {
    const template = templateOf(world, inputs);
    const groups = textsAt(template?.inputs, "networkInterfaces[*].securityGroups[*]");
    return [
      ...rightsOfProfile(textAt(template?.inputs, "iamInstanceProfile.arn"), world),
      ...groups.flatMap((group) => rulesOf(group, world)),
      ...textsAt(inputs, "vpcZoneIdentifiers[*]").flatMap((subnet) => waysToSsm(subnet, world)),
    ];
  },
  "aws:eks/nodeGroup:NodeGroup": (nodeGroup, world) => [
    ...rightsOf(world, textAt(nodeGroup.inputs, "nodeRoleArn")),
    ...networkAddons(nodeGroup, world),
    ...textsAt(nodeGroup.inputs, "subnetIds[*]").flatMap((subnet) => waysOut(subnet, world)),
    ...firewallRules(nodeGroup, world),
  ],
};

/** What a resource needs without naming it, of what programs made: AWS looks after its own. */
export function needsOf(resource: CloudResource, world: World): CloudResource[] {
  const needs = needsByType[resource.type]?.(resource, world) ?? [];
  return [...new Set(needs)].filter(
    (need) => need !== undefined && need.urn !== "",
  ) as CloudResource[];
}

function rightsOfProfile(profileArn: string | undefined, world: World): CloudResource[] {
  const profile = world.resources.find(
    ({ type, computed }) =>
      type === "aws:iam/instanceProfile:InstanceProfile" && computed["arn"] === profileArn,
  );
  const role = byId(world, "aws:iam/role:Role", textAt(profile?.inputs, "role"));
  return rightsOf(world, textAt(role?.computed, "arn"));
}

/** The policies that give a role of the stack its rights. */
function rightsOf(world: World, roleArn: string | undefined): CloudResource[] {
  const role = world.resources.find(
    ({ type, computed }) => type === "aws:iam/role:Role" && computed["arn"] === roleArn,
  );
  const policies = ["rolePolicyAttachment:RolePolicyAttachment", "rolePolicy:RolePolicy"];
  return policies.flatMap((type) => allWith(world, `aws:iam/${type}`, "role", role?.id ?? ""));
}

// Nodes become ready with these: the network plugin, what gives it its credentials, and the proxy.
const addonsOfNodes = ["vpc-cni", "kube-proxy", "eks-pod-identity-agent"];

function networkAddons({ inputs }: CloudResource, world: World): CloudResource[] {
  const addons = allWith(world, "aws:eks/addon:Addon", "clusterName", inputs["clusterName"]);
  return addons.filter((addon) => addonsOfNodes.includes(textAt(addon.inputs, "addonName") ?? ""));
}

/** How a subnet reaches what is outside: its route table's routes. */
function waysOut(subnet: string, world: World): CloudResource[] {
  const type = "aws:ec2/routeTableAssociation:RouteTableAssociation";
  const associations = allWith(world, type, "subnetId", subnet);
  const routes = associations.flatMap((association) =>
    allWith(world, "aws:ec2/route:Route", "routeTableId", association.inputs["routeTableId"]),
  );
  return [...associations, ...routes];
}

/** The endpoints in the network of a subnet by which Systems Manager is reached. */
function waysToSsm(subnet: string, world: World): CloudResource[] {
  const vpc = byId(world, "aws:ec2/subnet:Subnet", subnet)?.inputs["vpcId"];
  return allWith(world, "aws:ec2/vpcEndpoint:VpcEndpoint", "vpcId", vpc).filter(({ inputs }) =>
    /\.(ssm|ssmmessages)$/.test(textAt(inputs, "serviceName") ?? ""),
  );
}

/** Rules of the groups on the nodes and on the control plane. */
function firewallRules(nodeGroup: CloudResource, world: World): CloudResource[] {
  const cluster = byId(world, "aws:eks/cluster:Cluster", textAt(nodeGroup.inputs, "clusterName"));
  const groups = [
    ...groupsOnInstances(nodeGroup, world).map((identifier) => identifier.split(":")[1]),
    ...textsAt(cluster?.inputs, "vpcConfig.securityGroupIds[*]"),
  ];
  return groups.flatMap((group) => rulesOf(group, world));
}

/** Rules of a security group. */
function rulesOf(group: string | undefined, world: World): CloudResource[] {
  const types = [
    "securityGroupIngressRule:SecurityGroupIngressRule",
    "securityGroupEgressRule:SecurityGroupEgressRule",
  ];
  return types.flatMap((type) => allWith(world, `aws:vpc/${type}`, "securityGroupId", group));
}

/** The resource policies that speak of log groups. */
function logWriters(groupArns: string[], world: World): CloudResource[] {
  return world.resources.filter(
    ({ type, inputs }) =>
      type === "aws:cloudwatch/logResourcePolicy:LogResourcePolicy" &&
      groupArns.some((arn) => textAt(inputs, "policyDocument")?.includes(`"${arn}:*"`)),
  );
}

/** The log streams in which Firehose reports errors. */
function reportStreams(inputs: unknown, world: World): (CloudResource | undefined)[] {
  const search = "opensearchConfiguration";
  return [search, `${search}.s3Configuration`].map((path) => {
    const options = `${path}.cloudwatchLoggingOptions`;
    return logStream(inputs, `${options}.logGroupName`, `${options}.logStreamName`, world);
  });
}

function logStream(
  inputs: unknown,
  groupPath: string,
  streamPath: string,
  world: World,
): CloudResource | undefined {
  const [group, stream] = [groupPath, streamPath].map((path) => textAt(inputs, path) ?? "");
  return byId(world, "aws:cloudwatch/logStream:LogStream", `${group ?? ""}:${stream ?? ""}`);
}
