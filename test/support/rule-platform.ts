import { token } from "../../policies/tokens";
import type { ResourceSpec, StackSpec } from "./rule-stack";
import { json, ref } from "./rule-stack";

const retention = {
  transitions: [{ conditions: { min_index_age: "90d" } }],
  actions: [{ delete: {} }],
};

const account = "111122223333";
const region = "eu-west-1";
const zones = ["a", "b"];

const metadataOptions = {
  httpEndpoint: "enabled",
  httpTokens: "required",
  httpPutResponseHopLimit: 1,
};

export function statement(more: Record<string, unknown>): Record<string, unknown> {
  return { Effect: "Allow", ...more };
}

/** A policy document; with a reference in it, it is known only after `up`. */
export function document(...statements: Record<string, unknown>[]) {
  return json({ Version: "2012-10-17", Statement: statements });
}

export function resource(
  type: string,
  inputs: Record<string, unknown>,
  dependsOn?: string[],
): ResourceSpec {
  return { type, inputs, ...(dependsOn ? { dependsOn } : {}) };
}

function protectedResource(...args: Parameters<typeof resource>): ResourceSpec {
  return { ...resource(...args), protect: true };
}

function network(): StackSpec {
  return {
    vpc: resource(token.vpc, { cidrBlock: "10.10.0.0/16", enableDnsHostnames: true }),
    "default-group": resource(token.defaultSecurityGroup, {
      vpcId: ref("vpc"),
      ingress: [],
      egress: [],
    }),
    "default-acl": resource(token.defaultNetworkAcl, {
      defaultNetworkAclId: ref("vpc", "defaultNetworkAclId"),
      ingress: [],
      egress: [],
    }),
    "default-table": resource(token.defaultRouteTable, {
      defaultRouteTableId: ref("vpc", "defaultRouteTableId"),
      routes: [],
    }),
    internet: resource(token.internetGateway, { vpcId: ref("vpc") }),
    acl: resource(token.networkAcl, {
      vpcId: ref("vpc"),
      ingress: [aclEntry(10, 443, 443), aclEntry(20, 1024, 65535)],
      egress: [],
    }),
    "flow-group": resource(token.logGroup, {
      name: "/platform/flow-logs",
      kmsKeyId: ref("key", "arn"),
      retentionInDays: 365,
    }),
    "flow-log": resource(token.flowLog, {
      vpcId: ref("vpc"),
      trafficType: "ALL",
      logDestinationType: "cloud-watch-logs",
      logDestination: ref("flow-group", "arn"),
    }),
    "public-table": resource(token.routeTable, { vpcId: ref("vpc") }),
    "public-route": resource(token.route, {
      routeTableId: ref("public-table"),
      destinationCidrBlock: "0.0.0.0/0",
      gatewayId: ref("internet"),
    }),
    ...Object.assign({}, ...zones.map(zone)),
  };
}

export function aclEntry(ruleNo: number, fromPort: number, toPort: number, more = {}) {
  return {
    ruleNo,
    action: "allow",
    protocol: "tcp",
    cidrBlock: "0.0.0.0/0",
    fromPort,
    toPort,
    ...more,
  };
}

function zone(letter: string): StackSpec {
  const subnet = (cidrBlock: string, tags: Record<string, string>) =>
    resource(token.subnet, {
      vpcId: ref("vpc"),
      cidrBlock,
      availabilityZone: `${region}${letter}`,
      mapPublicIpOnLaunch: false,
      tags,
    });
  const third = zones.indexOf(letter);
  return {
    [`public-${letter}`]: subnet(`10.10.${third}.0/24`, { Name: `dev-public-${letter}` }),
    [`nodes-${letter}`]: subnet(`10.10.${third + 10}.0/24`, {
      Name: `dev-nodes-${letter}`,
      "kubernetes.io/role/internal-elb": "1",
    }),
    [`public-${letter}-table`]: resource(token.routeTableAssociation, {
      subnetId: ref(`public-${letter}`),
      routeTableId: ref("public-table"),
    }),
    [`address-${letter}`]: resource(token.eip, { domain: "vpc" }),
    [`nat-${letter}`]: resource(token.natGateway, {
      subnetId: ref(`public-${letter}`),
      allocationId: ref(`address-${letter}`),
      connectivityType: "public",
    }),
    [`private-table-${letter}`]: resource(token.routeTable, { vpcId: ref("vpc") }),
    [`private-route-${letter}`]: resource(token.route, {
      routeTableId: ref(`private-table-${letter}`),
      destinationCidrBlock: "0.0.0.0/0",
      natGatewayId: ref(`nat-${letter}`),
    }),
    [`nodes-${letter}-table`]: resource(token.routeTableAssociation, {
      subnetId: ref(`nodes-${letter}`),
      routeTableId: ref(`private-table-${letter}`),
    }),
  };
}

export const nodeSubnets = zones.map((letter) => ref(`nodes-${letter}`));

function securityGroups(): StackSpec {
  const group = (description: string) =>
    resource(token.securityGroup, { vpcId: ref("vpc"), description });
  const rule = (type: string, on: string, peer: Record<string, unknown>, description: string) =>
    resource(type, {
      securityGroupId: ref(on),
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
      ...peer,
      description,
    });
  return {
    "api-group": group("Kubernetes API"),
    "nodes-group": group("nodes and pods"),
    "endpoints-group": group("VPC endpoints"),
    "bastion-group": group("bastion"),
    "api-from-nodes": rule(
      token.securityGroupIngressRule,
      "api-group",
      { referencedSecurityGroupId: ref("nodes-group") },
      "nodes call the API",
    ),
    "endpoints-from-nodes": rule(
      token.securityGroupIngressRule,
      "endpoints-group",
      { referencedSecurityGroupId: ref("nodes-group") },
      "nodes call AWS",
    ),
    "bastion-to-endpoints": rule(
      token.securityGroupEgressRule,
      "bastion-group",
      { referencedSecurityGroupId: ref("endpoints-group") },
      "sessions",
    ),
    "nodes-from-nodes": resource(token.securityGroupIngressRule, {
      securityGroupId: ref("nodes-group"),
      referencedSecurityGroupId: ref("nodes-group"),
      ipProtocol: "-1",
      description: "pods of different nodes",
    }),
    "nodes-to-internet": rule(
      token.securityGroupEgressRule,
      "nodes-group",
      { cidrIpv4: "0.0.0.0/0" },
      "images",
    ),
    "nodes-to-s3": rule(
      token.securityGroupEgressRule,
      "nodes-group",
      { prefixListId: ref("endpoint-s3", "prefixListId") },
      "layers of images",
    ),
  };
}

function endpoints(): StackSpec {
  const own = (Action: string[]) =>
    document(
      statement({
        Sid: "Own",
        Principal: "*",
        Action,
        Resource: "*",
        Condition: {
          StringEquals: { "aws:PrincipalAccount": account, "aws:ResourceAccount": account },
        },
      }),
    );
  const service = (name: string, more: Record<string, unknown>) =>
    resource(token.vpcEndpoint, {
      vpcId: ref("vpc"),
      serviceName: `com.amazonaws.${region}.${name}`,
      ...more,
    });
  const inside = (name: string, Action: string[]) =>
    service(name, {
      vpcEndpointType: "Interface",
      privateDnsEnabled: true,
      subnetIds: nodeSubnets,
      securityGroupIds: [ref("endpoints-group")],
      policy: own(Action),
    });
  return {
    "endpoint-s3": service("s3", {
      vpcEndpointType: "Gateway",
      routeTableIds: zones.map((letter) => ref(`private-table-${letter}`)),
      policy: own(["s3:GetObject"]),
    }),
    "endpoint-ec2": inside("ec2", ["ec2:DescribeInstances"]),
    "endpoint-kms": inside("kms", ["kms:DescribeKey"]),
    "endpoint-ssm": inside("ssm", ["ssm:UpdateInstanceInformation"]),
    "endpoint-ssmmessages": inside("ssmmessages", ["ssmmessages:OpenDataChannel"]),
    "endpoint-ecr-api": inside("ecr.api", ["ecr:BatchGetImage"]),
    "endpoint-ecr-dkr": inside("ecr.dkr", ["ecr:BatchGetImage"]),
    "endpoint-sts": inside("sts", ["sts:AssumeRole"]),
    "endpoint-logs": inside("logs", ["logs:PutLogEvents"]),
  };
}

function trust(service: string, more: Record<string, unknown> = {}) {
  return document(
    statement({
      Sid: "Service",
      Principal: { Service: service },
      Action: "sts:AssumeRole",
      ...more,
    }),
  );
}

function cluster(): StackSpec {
  return {
    "cluster-role": resource(token.role, {
      assumeRolePolicy: trust("eks.amazonaws.com", {
        Condition: { StringEquals: { "aws:SourceAccount": account } },
      }),
    }),
    "cluster-policy": resource(token.rolePolicyAttachment, {
      role: ref("cluster-role", "name"),
      policyArn: "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy",
    }),
    "cluster-logs": resource(token.logGroup, {
      name: "/aws/eks/dev/cluster",
      kmsKeyId: ref("key", "arn"),
      retentionInDays: 365,
    }),
    cluster: protectedResource(
      token.cluster,
      {
        name: "dev",
        version: "1.35",
        roleArn: ref("cluster-role", "arn"),
        deletionProtection: true,
        enabledClusterLogTypes: ["api", "audit", "authenticator", "controllerManager", "scheduler"],
        accessConfig: {
          authenticationMode: "API",
          bootstrapClusterCreatorAdminPermissions: false,
        },
        encryptionConfig: { provider: { keyArn: ref("key", "arn") }, resources: ["secrets"] },
        upgradePolicy: { supportType: "STANDARD" },
        vpcConfig: {
          subnetIds: nodeSubnets,
          securityGroupIds: [ref("api-group")],
          endpointPrivateAccess: true,
          endpointPublicAccess: false,
        },
      },
      ["cluster-logs", "cluster-policy"],
    ),
    deployer: resource(token.accessEntry, {
      clusterName: ref("cluster", "name"),
      principalArn: `arn:aws:iam::${account}:role/deployer`,
    }),
    "deployer-admin": association("deployer", "AmazonEKSClusterAdminPolicy", { type: "cluster" }),
    "team-edit": association("team", "AmazonEKSEditPolicy", {
      type: "namespace",
      namespaces: ["team"],
    }),
    oidc: resource(token.openIdConnectProvider, {
      url: "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE",
      clientIdLists: ["sts.amazonaws.com"],
    }),
  };
}

export function association(role: string, policy: string, accessScope: object): ResourceSpec {
  return resource(token.accessPolicyAssociation, {
    clusterName: ref("cluster", "name"),
    principalArn: `arn:aws:iam::${account}:role/${role}`,
    policyArn: `arn:aws:eks::aws:cluster-access-policy/${policy}`,
    accessScope,
  });
}

export function volume(deviceName: string) {
  return { deviceName, ebs: { encrypted: "true", kmsKeyId: ref("key", "arn"), volumeType: "gp3" } };
}

export function base64(text: string | Buffer): string {
  return Buffer.from(text).toString("base64");
}

function nodes(): StackSpec {
  return {
    "nodes-role": resource(token.role, { assumeRolePolicy: trust("ec2.amazonaws.com") }),
    "nodes-policy": resource(token.rolePolicyAttachment, {
      role: ref("nodes-role", "name"),
      policyArn: "arn:aws:iam::aws:policy/AmazonEKSWorkerNodeMinimalPolicy",
    }),
    "nodes-template": resource(token.launchTemplate, {
      userData: base64(
        "[settings.host-containers.admin]\nenabled = false\n[settings.kernel]\nlockdown = 'integrity'\n",
      ),
      vpcSecurityGroupIds: [ref("nodes-group")],
      metadataOptions,
      blockDeviceMappings: [volume("/dev/xvda"), volume("/dev/xvdb")],
      monitoring: { enabled: true },
    }),
    nodes: resource(token.nodeGroup, {
      clusterName: ref("cluster", "name"),
      nodeRoleArn: ref("nodes-role", "arn"),
      subnetIds: nodeSubnets,
      version: "1.35",
      amiType: "BOTTLEROCKET_ARM_64",
      launchTemplate: {
        id: ref("nodes-template"),
        version: ref("nodes-template", "latestVersion"),
      },
      scalingConfig: { minSize: 1, maxSize: 3, desiredSize: 1 },
    }),
  };
}

/** Who may start a session, and on what. */
export function sessionStatement(more: Record<string, unknown> = {}) {
  return statement({
    Sid: "OnTheBastion",
    Action: "ssm:StartSession",
    Resource: [
      `arn:aws:ec2:${region}:${account}:instance/*`,
      `arn:aws:ssm:${region}:${account}:document/dev-session`,
    ],
    Condition: {
      Bool: { "aws:MultiFactorAuthPresent": "true" },
      BoolIfExists: { "ssm:SessionDocumentAccessCheck": "true" },
      IpAddress: { "aws:SourceIp": ["203.0.113.0/24"] },
      StringEquals: { "ssm:resourceTag/Role": "bastion" },
    },
    ...more,
  });
}

/** Who may go on with a session, and with which. */
export function ownSessionStatement(more: Record<string, unknown> = {}) {
  return statement({
    Sid: "OwnSessions",
    Action: ["ssm:ResumeSession", "ssm:TerminateSession"],
    Resource: `arn:aws:ssm:${region}:${account}:session/\${aws:userid}-*`,
    ...more,
  });
}

/** What keeps people on the bastion from being root, as user data. */
export const bastionScript = `#cloud-boothook
#!/bin/sh
echo '# ssm-user may not use sudo' > /etc/sudoers.d/ssm-agent-users
ip rule add to 169.254.169.254 uidrange 1-4294967294 prohibit
`;

export const sessionInputs = {
  kmsKeyId: "alias/platform/sessions",
  cloudWatchLogGroupName: "/platform/sessions",
  cloudWatchEncryptionEnabled: true,
  cloudWatchStreamingEnabled: true,
  idleSessionTimeout: "15",
  maxSessionDuration: "480",
};

function bastion(): StackSpec {
  return {
    "bastion-role": resource(token.role, { assumeRolePolicy: trust("ec2.amazonaws.com") }),
    "bastion-profile": resource("aws:iam/instanceProfile:InstanceProfile", {
      role: ref("bastion-role", "name"),
    }),
    "bastion-template": resource(token.launchTemplate, {
      imageId: "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
      iamInstanceProfile: { arn: ref("bastion-profile", "arn") },
      userData: Buffer.from(bastionScript).toString("base64"),
      metadataOptions,
      networkInterfaces: [
        { associatePublicIpAddress: "false", securityGroups: [ref("bastion-group")] },
      ],
      blockDeviceMappings: [volume("/dev/xvda")],
      monitoring: { enabled: true },
    }),
    bastion: resource(token.autoScalingGroup, {
      minSize: 1,
      maxSize: 1,
      maxInstanceLifetime: 604_800,
      vpcZoneIdentifiers: nodeSubnets,
      launchTemplate: {
        id: ref("bastion-template"),
        version: ref("bastion-template", "latestVersion"),
      },
    }),
    sessions: resource(token.document, {
      name: "dev-session",
      documentType: "Session",
      documentFormat: "JSON",
      content: json({
        schemaVersion: "1.0",
        sessionType: "Standard_Stream",
        inputs: sessionInputs,
      }),
    }),
    "session-logs": resource(token.logGroup, {
      name: sessionInputs.cloudWatchLogGroupName,
      kmsKeyId: ref("key", "arn"),
      retentionInDays: 365,
    }),
    "session-policy": resource(token.policy, { policy: document(sessionStatement()) }),
    "own-session-policy": resource(token.policy, { policy: document(ownSessionStatement()) }),
  };
}

/** What a bucket policy starts with, of a bucket of some name. */
export function bucketDenials(name: string): Record<string, unknown>[] {
  const everything = {
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`],
  };
  return [
    { ...everything, Sid: "Tls", Condition: { Bool: { "aws:SecureTransport": "false" } } },
    { ...everything, Sid: "Tls12", Condition: { NumericLessThan: { "s3:TlsVersion": "1.2" } } },
  ];
}

const kindOfKey = "s3:x-amz-server-side-encryption";

/** What denies everybody to put objects into a bucket, on some condition. */
export function putsDenied(name: string, Sid: string, Condition: Record<string, unknown>) {
  return {
    Sid,
    Effect: "Deny",
    Principal: "*",
    Action: ["s3:PutObject", "s3:ReplicateObject"],
    Resource: `arn:aws:s3:::${name}/*`,
    Condition,
  };
}

export const otherKindsDenied = (name: string, condition?: Record<string, unknown>) =>
  putsDenied(
    name,
    "OtherKinds",
    condition ?? {
      StringNotEquals: { [kindOfKey]: "aws:kms" },
      Null: { [kindOfKey]: "false" },
    },
  );

export const otherKeysDenied = (name: string, condition?: Record<string, unknown>) =>
  putsDenied(
    name,
    "OtherKeys",
    condition ?? { Null: { [`${kindOfKey}-aws-kms-key-id`]: "false" } },
  );

export const newKeysDenied = (name: string) => ({
  Sid: "NewKeys",
  Effect: "Deny",
  Principal: "*",
  Action: "s3:UpdateObjectEncryption",
  Resource: `arn:aws:s3:::${name}/*`,
});

/** What denies everybody to end a lock early. */
export const bypassDenied = (name: string, condition?: Record<string, unknown>) => ({
  Sid: "Bypass",
  Effect: "Deny",
  Principal: "*",
  Action: "s3:BypassGovernanceRetention",
  Resource: `arn:aws:s3:::${name}/*`,
  ...(condition && { Condition: condition }),
});

function bucket(name: string, byDefault: Record<string, unknown>): StackSpec {
  const of = { bucket: ref(name) };
  return {
    [name]: resource(token.bucket, { bucket: name, objectLockEnabled: name === "evidence" }),
    [`${name}-privacy`]: resource(token.bucketPrivacy, {
      ...of,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    }),
    [`${name}-ownership`]: resource(token.bucketOwnership, {
      ...of,
      rule: { objectOwnership: "BucketOwnerEnforced" },
    }),
    [`${name}-encryption`]: resource(token.bucketEncryption, {
      ...of,
      rules: [{ applyServerSideEncryptionByDefault: byDefault, bucketKeyEnabled: true }],
    }),
    [`${name}-versioning`]: resource(token.bucketVersioning, {
      ...of,
      versioningConfiguration: { status: "Enabled" },
    }),
    [`${name}-lifecycle`]: resource(token.bucketLifecycle, {
      ...of,
      rules: [
        {
          id: "forget",
          status: "Enabled",
          noncurrentVersionExpiration: { noncurrentDays: 90 },
          abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
        },
      ],
    }),
    [`${name}-policy`]: resource(token.bucketPolicy, {
      ...of,
      policy: document(
        ...bucketDenials(name),
        otherKindsDenied(name),
        otherKeysDenied(name),
        newKeysDenied(name),
        bypassDenied(name),
        statement({
          Sid: "Service",
          Principal: { Service: "cloudtrail.amazonaws.com" },
          Action: "s3:PutObject",
          Resource: `arn:aws:s3:::${name}/*`,
          Condition: { StringEquals: { "aws:SourceAccount": account } },
        }),
      ),
    }),
  };
}

/** What the filter of the platform counts, in one pattern. */
export const trailEvents = [
  "Root",
  "MFAUsed",
  "DisableKey ScheduleKeyDeletion",
  "StopLogging DeleteTrail",
  "DeleteLogGroup",
  "DeleteFlowLogs",
  "DeleteDetector",
  "AuthorizeSecurityGroupIngress",
  "ModifySecurityGroupRules",
  "PutKeyPolicy",
  "DeleteAlarms DisableAlarmActions",
  "DeleteMetricFilter",
  "Unsubscribe DeleteTopic",
  "PutRetentionPolicy",
  "PutBucketPolicy PutBucketLifecycle",
  "PutBucketPublicAccessBlock DeleteBucketPublicAccessBlock",
  "PutBucketReplication",
  "CreateFilter",
  "DisableRule RemoveTargets",
  "ModifyInstanceAttribute",
  "DeleteAddon",
];

function audit(): StackSpec {
  const metric = { name: "root", namespace: "platform" };
  const publish = {
    Action: "sns:Publish",
    Resource: `arn:aws:sns:${region}:${account}:alarms`,
  };
  return {
    "audit-key": resource(token.key, {
      enableKeyRotation: true,
      policy: document(
        statement({
          Principal: { AWS: `arn:aws:iam::${account}:root` },
          Action: "kms:*",
          Resource: "*",
        }),
      ),
    }),
    ...bucket("evidence", { sseAlgorithm: "aws:kms", kmsMasterKeyId: ref("audit-key", "arn") }),
    ...bucket("access-logs", { sseAlgorithm: "AES256" }),
    "evidence-lock": resource(token.bucketLock, {
      bucket: ref("evidence"),
      rule: { defaultRetention: { mode: "GOVERNANCE", days: 365 } },
    }),
    "evidence-logging": resource(token.bucketLogging, {
      bucket: ref("evidence"),
      targetBucket: ref("access-logs"),
      targetPrefix: "evidence/",
    }),
    "audit-group": resource(token.logGroup, {
      name: "/platform/audit",
      kmsKeyId: ref("audit-key", "arn"),
      retentionInDays: 365,
    }),
    "audit-role": resource(token.role, {
      assumeRolePolicy: document(
        statement({
          Principal: { Service: "cloudtrail.amazonaws.com" },
          Action: "sts:AssumeRole",
          Condition: { StringEquals: { "aws:SourceAccount": account } },
        }),
      ),
    }),
    trail: resource(token.trail, {
      s3BucketName: ref("evidence"),
      isMultiRegionTrail: true,
      enableLogFileValidation: true,
      kmsKeyId: ref("audit-key", "arn"),
      cloudWatchLogsGroupArn: ref("audit-group", "arn"),
      cloudWatchLogsRoleArn: ref("audit-role", "arn"),
      advancedEventSelectors: [
        { fieldSelectors: [{ field: "eventCategory", equals: ["Management"] }] },
        {
          fieldSelectors: [
            { field: "eventCategory", equals: ["Data"] },
            { field: "resources.type", equals: ["AWS::S3::Object"] },
          ],
        },
      ],
    }),
    topic: resource(token.topic, {
      name: "alarms",
      kmsMasterKeyId: ref("audit-key", "arn"),
      policy: document(
        statement({
          Principal: { Service: "cloudwatch.amazonaws.com" },
          ...publish,
          Condition: { StringEquals: { "aws:SourceAccount": account } },
        }),
        {
          Effect: "Deny",
          Principal: "*",
          ...publish,
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ),
    }),
    subscription: resource(token.topicSubscription, {
      topic: ref("topic", "arn"),
      protocol: "email",
      endpoint: "security@example.com",
    }),
    filter: resource(token.logMetricFilter, {
      logGroupName: ref("audit-group", "name"),
      pattern: trailEvents.join(" "),
      metricTransformation: { ...metric, value: "1" },
    }),
    alarm: resource(token.metricAlarm, {
      metricName: metric.name,
      namespace: metric.namespace,
      statistic: "Sum",
      period: 300,
      evaluationPeriods: 1,
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      threshold: 1,
      alarmActions: [ref("topic", "arn")],
    }),
    detector: resource(token.detector, { enable: true }),
    "audit-logs": resource(token.detectorFeature, {
      detectorId: ref("detector"),
      name: "EKS_AUDIT_LOGS",
      status: "ENABLED",
    }),
    runtime: resource(token.detectorFeature, {
      detectorId: ref("detector"),
      name: "RUNTIME_MONITORING",
      status: "ENABLED",
      additionalConfigurations: [{ name: "EKS_ADDON_MANAGEMENT", status: "ENABLED" }],
    }),
    findings: resource(token.eventRule, {
      name: "findings",
      eventPattern: JSON.stringify(findingsPattern),
    }),
    "findings-target": resource(token.eventTarget, {
      rule: ref("findings", "name"),
      arn: "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/events/findings",
    }),
    "default-encryption": resource(token.encryptionByDefault, { enabled: true }),
    "default-key": resource(token.defaultKmsKey, { keyArn: ref("audit-key", "arn") }),
    "account-privacy": resource(token.accountPublicAccessBlock, {
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    }),
    snapshots: resource(token.snapshotBlockPublicAccess, { state: "block-all-sharing" }),
    images: resource(token.imageBlockPublicAccess, { state: "block-new-sharing" }),
    metadata: resource(token.instanceMetadataDefaults, {
      httpTokens: "required",
      httpPutResponseHopLimit: 1,
    }),
  };
}

/** What takes findings of GuardDuty from the account's bus. */
export const findingsPattern = {
  source: ["aws.guardduty"],
  "detail-type": ["GuardDuty Finding"],
};

/** The headers that carry credentials. */
const credentials = ["authorization", "cookie"];

export function managedGroup(name: string): Record<string, unknown> {
  return {
    name,
    overrideAction: { none: {} },
    statement: { managedRuleGroupStatement: { vendorName: "AWS", name } },
  };
}

function entry(): StackSpec {
  const opened = (port: number) =>
    resource(token.securityGroupIngressRule, {
      securityGroupId: ref("entry-group"),
      cidrIpv4: "203.0.113.0/24",
      ipProtocol: "tcp",
      fromPort: port,
      toPort: port,
      description: "requests",
    });
  const listener = (inputs: Record<string, unknown>) =>
    resource(token.listener, { loadBalancerArn: ref("balancer", "arn"), ...inputs });
  return {
    "entry-group": resource(token.securityGroup, { vpcId: ref("vpc"), description: "the way in" }),
    "entry-443": opened(443),
    "entry-80": opened(80),
    balancer: resource(token.loadBalancer, {
      loadBalancerType: "application",
      internal: false,
      subnets: zones.map((letter) => ref(`public-${letter}`)),
      securityGroups: [ref("entry-group")],
      dropInvalidHeaderFields: true,
      desyncMitigationMode: "strictest",
      enableDeletionProtection: true,
      accessLogs: { bucket: "logs", enabled: true },
      connectionLogs: { bucket: "logs", enabled: true },
    }),
    https: listener({
      port: 443,
      protocol: "HTTPS",
      sslPolicy: "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
      certificateArn: ref("certificate", "arn"),
      defaultActions: [{ type: "forward" }],
      routingHttpResponseStrictTransportSecurityHeaderValue:
        "max-age=63072000; includeSubDomains; preload",
      routingHttpResponseServerEnabled: false,
    }),
    http: listener({
      port: 80,
      protocol: "HTTP",
      defaultActions: [
        {
          type: "redirect",
          redirect: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" },
        },
      ],
    }),
    targets: resource(token.targetGroup, { protocol: "HTTPS", port: 8443, targetType: "ip" }),
    certificate: resource(token.certificate, {
      domainName: "apps.example.com",
      validationMethod: "DNS",
    }),
    proof: resource(token.record, {
      zoneId: "Z1",
      name: "_proof.apps.example.com",
      type: "CNAME",
      records: [ref("certificate", "value.acm-validations.aws")],
    }),
    name: resource(token.record, {
      zoneId: "Z1",
      name: "apps.example.com",
      type: "A",
      aliases: [{ name: ref("balancer", "dnsName"), zoneId: "Z2", evaluateTargetHealth: true }],
    }),
    firewall: resource(token.webAcl, {
      scope: "REGIONAL",
      rules: [
        { action: { block: {} }, statement: { rateBasedStatement: { limit: 2000 } } },
        managedGroup("AWSManagedRulesAmazonIpReputationList"),
        managedGroup("AWSManagedRulesKnownBadInputsRuleSet"),
        managedGroup("AWSManagedRulesCommonRuleSet"),
      ],
      dataProtectionConfig: {
        dataProtections: [
          { action: "SUBSTITUTION", field: { fieldType: "SINGLE_HEADER", fieldKeys: credentials } },
        ],
      },
    }),
    "acl-before-balancer": resource(token.webAclAssociation, {
      resourceArn: ref("balancer", "arn"),
      webAclArn: ref("firewall", "arn"),
    }),
    "acl-log": resource(token.webAclLogging, {
      resourceArn: ref("firewall", "arn"),
      logDestinationConfigs: [`arn:aws:logs:${region}:${account}:log-group:aws-waf-logs-dev`],
      redactedFields: credentials.map((header) => ({ singleHeader: { name: header } })),
    }),
  };
}

/** Who may call the API of the log store. */
export function storeStatement(more: Record<string, unknown> = {}) {
  return statement({
    Sid: "Writers",
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action: ["es:ESHttpPost", "es:ESHttpPut"],
    Resource: `arn:aws:es:${region}:${account}:domain/dev/*`,
    Condition: { ArnEquals: { "aws:PrincipalArn": `arn:aws:iam::${account}:role/writer` } },
    ...more,
  });
}

/** A service's right to write to the log group of the store. */
export function logWriterStatement(more: Record<string, unknown> = {}) {
  return statement({
    Sid: "Domain",
    Principal: { Service: "es.amazonaws.com" },
    Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
    Resource: `arn:aws:logs:${region}:${account}:log-group:/platform/store:*`,
    Condition: { StringEquals: { "aws:SourceAccount": account } },
    ...more,
  });
}

function logStore(): StackSpec {
  const errorLog = { enabled: true, logGroupName: "/platform/store", logStreamName: "errors" };
  const logTypes = ["AUDIT_LOGS", "ES_APPLICATION_LOGS", "INDEX_SLOW_LOGS", "SEARCH_SLOW_LOGS"];
  return {
    "store-key": resource(token.key, { description: "log store", enableKeyRotation: true }),
    "store-logs": resource(token.logGroup, {
      name: "/platform/store",
      kmsKeyId: ref("store-key", "arn"),
      retentionInDays: 365,
    }),
    "store-log-policy": resource(token.logResourcePolicy, {
      policyName: "store",
      policyDocument: document(logWriterStatement()),
    }),
    "setup-function": resource(token.lambdaFunction, {
      name: "store-setup",
      environment: { variables: { STORE: ref("store", "endpoint") } },
      kmsKeyArn: ref("store-key", "arn"),
      sourceKmsKeyArn: ref("store-key", "arn"),
      loggingConfig: { logGroup: "/platform/store" },
    }),
    "store-setup": resource(token.lambdaInvocation, {
      functionName: ref("setup-function", "name"),
      input: json({ endpoint: ref("store", "endpoint"), retention }),
      triggers: { retention: JSON.stringify(retention) },
    }),
    store: protectedResource(token.searchDomain, {
      domainName: "dev",
      engineVersion: "OpenSearch_2.19",
      softwareUpdateOptions: { autoSoftwareUpdateEnabled: true },
      clusterConfig: { instanceCount: 2, zoneAwarenessEnabled: true },
      vpcOptions: { subnetIds: nodeSubnets, securityGroupIds: [ref("endpoints-group")] },
      encryptAtRest: { enabled: true, kmsKeyId: ref("store-key", "arn") },
      nodeToNodeEncryption: { enabled: true },
      domainEndpointOptions: {
        enforceHttps: true,
        tlsSecurityPolicy: "Policy-Min-TLS-1-2-PFS-2023-10",
      },
      advancedSecurityOptions: {
        enabled: true,
        internalUserDatabaseEnabled: false,
        masterUserOptions: { masterUserArn: ref("cluster-role", "arn") },
      },
      accessPolicies: document(storeStatement()),
      logPublishingOptions: logTypes.map((logType) => ({
        logType,
        cloudwatchLogGroupArn: ref("store-logs", "arn"),
      })),
    }),
    delivery: resource(token.deliveryStream, {
      destination: "opensearch",
      serverSideEncryption: {
        enabled: true,
        keyType: "CUSTOMER_MANAGED_CMK",
        keyArn: ref("store-key", "arn"),
      },
      opensearchConfiguration: {
        domainArn: ref("store", "arn"),
        processingConfiguration: { enabled: true, processors: [{ type: "Lambda" }] },
        vpcConfig: { subnetIds: nodeSubnets, securityGroupIds: [ref("endpoints-group")] },
        cloudwatchLoggingOptions: errorLog,
        s3Configuration: {
          bucketArn: "arn:aws:s3:::failed",
          kmsKeyArn: ref("store-key", "arn"),
          cloudwatchLoggingOptions: errorLog,
        },
      },
    }),
    "log-filter": resource(token.logSubscriptionFilter, {
      logGroup: ref("cluster-logs", "name"),
      destinationArn: ref("delivery", "arn"),
      filterPattern: "",
    }),
  };
}

function images(): StackSpec {
  const sealed = {
    imageTagMutability: "IMMUTABLE",
    encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: ref("store-key", "arn") }],
  };
  return {
    repository: resource(token.repository, {
      name: "dev/api",
      ...sealed,
      imageScanningConfiguration: { scanOnPush: true },
    }),
    template: resource(token.repositoryCreationTemplate, {
      prefix: "dev/quay",
      appliedFors: ["PULL_THROUGH_CACHE"],
      ...sealed,
    }),
    cache: resource(token.pullThroughCacheRule, {
      ecrRepositoryPrefix: "dev/quay",
      upstreamRegistryUrl: "quay.io",
    }),
    scanning: resource(token.registryScanningConfiguration, {
      scanType: "BASIC",
      rules: [
        {
          scanFrequency: "SCAN_ON_PUSH",
          repositoryFilters: [{ filter: "dev/quay/*", filterType: "WILDCARD" }],
        },
      ],
    }),
  };
}

/** A small platform on which every rule passes: the base that cases change. */
export const platform: StackSpec = {
  provider: resource(token.awsProvider, {
    region,
    allowedAccountIds: JSON.stringify([account]),
    defaultTags: JSON.stringify({
      tags: { Owner: "team", Project: "platform", Environment: "dev", CostCenter: "42" },
    }),
  }),
  key: resource(token.key, {
    description: "everything",
    enableKeyRotation: true,
    policy: document(
      statement({
        Sid: "Account",
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: "kms:*",
        Resource: "*",
      }),
      statement({
        Sid: "Logs",
        Principal: { Service: `logs.${region}.amazonaws.com` },
        Action: ["kms:Encrypt", "kms:Decrypt"],
        Resource: "*",
        Condition: {
          ArnLike: { "kms:EncryptionContext:aws:logs:arn": `arn:aws:logs:${region}:${account}:*` },
        },
      }),
    ),
  }),
  ...network(),
  ...securityGroups(),
  ...endpoints(),
  ...cluster(),
  ...nodes(),
  ...bastion(),
  ...audit(),
  ...entry(),
  ...logStore(),
  ...images(),
};
