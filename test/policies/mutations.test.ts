import { join } from "node:path";
import { planStack } from "../../plan/host";
import { judgeResources, packDefaults } from "../../plan/judge";
import type { StackResource } from "../../plan/stack-resource";
import { kubernetesTypes } from "../../policies/kubernetes";
import type { Finding, Registration } from "../../policies/model";
import { Stack } from "../../policies/model";
import type { Rule } from "../../policies/rule";
import { configured } from "../../policies/rule";
import { rules } from "../../policies/rules";
import { planWithSsh, planWithVpn } from "../support/access-plan";
import { publicBastion, publicVpn } from "../support/public-access";

/**
 * Weakens one hardened input of the real program at a time: some rule must notice, and the table says which. What no
 * rule notices is a hole in the pack.
 */

type Inputs = Record<string, unknown>;
type Change = (inputs: Inputs, one: StackResource) => void;

/** What stands for an id that only `up` knows. */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const root = join(__dirname, "../..");

/** What rules see of a resource; `agrees with the judge of a plan` holds it to that. */
function registrationOf(resource: StackResource): Registration {
  const { urn, type, name, inputs, outputs, dependencies, propertyDependencies } = resource;
  const { protect = false } = resource.options;
  return { urn, type, name, inputs, outputs, protect, dependencies, propertyDependencies };
}

/** What each rule finds, with some configured. */
function findingsOf(
  resources: readonly StackResource[],
  config: Record<string, Record<string, unknown>> = {},
): [id: string, findings: Finding[]][] {
  const stack = new Stack(resources.map(registrationOf));
  return rules.map((rule) => {
    const given = configured(rule, config[rule.id] ?? {});
    const findings =
      "check" in rule
        ? stack.all(...rule.types).flatMap((one) => [...rule.check(one, given)])
        : [...rule.checkStack(stack, given)];
    return [rule.id, findings];
  });
}

/** The ids of the rules that fail, with some configured. */
function failing(...given: Parameters<typeof findingsOf>): string[] {
  return findingsOf(...given)
    .filter(([, findings]) => findings.some(({ verdict }) => verdict === "fail"))
    .map(([id]) => id);
}

/** Sets an input by its path, `a.b[0].c`; undefined removes it. */
const set =
  (path: string, value: unknown): Change =>
  (inputs) => {
    const steps = path.replaceAll(/\[(\d+)\]/g, ".$1").split(".");
    const last = steps.pop() ?? "";
    const parent = steps.reduce<Inputs>((current, step) => current[step] as Inputs, inputs);
    if (!(last in parent) && value === undefined)
      throw new Error(`${path} must be set, got nothing`);
    if (value === undefined && Array.isArray(parent)) parent.splice(Number(last), 1);
    else if (value === undefined) delete parent[last];
    else parent[last] = value;
  };
const remove = (path: string) => set(path, undefined);

/** Lets requests of a country through before the rules of a firewall see them. */
const allowFirst: Change = (inputs) => {
  const statement = { geoMatchStatement: { countryCodes: ["DE"] } };
  const later = (inputs["rules"] as Inputs[]).map((rule) => ({
    ...rule,
    priority: Number(rule["priority"]) + 1,
  }));
  inputs["rules"] = [...later, { name: "all", priority: 0, action: { allow: {} }, statement }];
};

const allowAfterCopies: Change = (inputs, acl) => {
  const wanted = inputs["rules"] as (Inputs & { statement: Record<string, Inputs> })[];
  const scopeDownStatement = { geoMatchStatement: { countryCodes: ["AQ"] } };
  const copies = wanted.map((rule) => {
    const copied = Object.entries(rule.statement).map(([kind, it]) => [
      kind,
      { ...it, scopeDownStatement },
    ]);
    return { ...rule, statement: Object.fromEntries(copied) as Inputs };
  });
  allowFirst(inputs, acl);
  const rest = (inputs["rules"] as Inputs[]).map((rule) => ({
    ...rule,
    priority: Number(rule["priority"]) + wanted.length,
  }));
  inputs["rules"] = [...copies, ...rest];
};

/** Makes an input refer to other subnets. */
function dependOn(one: StackResource, property: string, subnets: string[]): void {
  const prefix = "urn:pulumi:prod::drawbridge::drawbridge:aws:Network$aws:ec2/subnet:Subnet::";
  one.propertyDependencies = {
    ...one.propertyDependencies,
    [property]: subnets.map((name) => `${prefix}${name}`),
  };
}

/** Changes a JSON text: a policy or a document. */
const inJson =
  (field: string, change: (document: Document) => void): Change =>
  (inputs) => {
    const document = JSON.parse(inputs[field] as string) as Document;
    change(document);
    inputs[field] = JSON.stringify(document);
  };
interface Document {
  Statement: {
    Sid: string;
    Effect?: string;
    Principal?: unknown;
    Action: unknown;
    Resource: unknown;
    Condition?: Record<string, Record<string, unknown>>;
  }[];
  inputs: Record<string, unknown>;
  path?: Record<string, unknown>;
  parameters?: Record<string, Inputs>;
  properties?: Inputs;
}
const statement = (document: Document, sid: string) => {
  const found = document.Statement.find(({ Sid }) => Sid === sid);
  if (!found) throw new Error(`the policy must have a statement ${sid}`);
  return found;
};
const withoutCondition = (field: string, sid: string) =>
  inJson(field, (document) => delete statement(document, sid).Condition);

/** Changes a text of the user data. */
const inUserData =
  (from: string, to: string): Change =>
  (inputs) => {
    const text = Buffer.from(inputs["userData"] as string, "base64").toString();
    if (!text.includes(from)) throw new Error(`the user data must have ${from}`);
    inputs["userData"] = Buffer.from(text.replace(from, to)).toString("base64");
  };

/** Takes a statement out of a policy. */
const without = (field: string, sid: string) =>
  inJson(field, (document) => {
    statement(document, sid);
    document.Statement = document.Statement.filter(({ Sid }) => Sid !== sid);
  });

/** What happens to a resource: it is changed, it goes, or a changed copy of it comes. */
type Mutation = Change | "drop" | { beside: Change };
type Row = [what: string, type: string, name: string, mutation: Mutation, rule: string];

const vpc = "aws:ec2/vpc:Vpc";
const subnet = "aws:ec2/subnet:Subnet";
const route = "aws:ec2/route:Route";
const endpoint = "aws:ec2/vpcEndpoint:VpcEndpoint";
const acl = "aws:ec2/networkAcl:NetworkAcl";
const flowLog = "aws:ec2/flowLog:FlowLog";
const ingress = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const egress = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule";
const group = "aws:ec2/securityGroup:SecurityGroup";
const template = "aws:ec2/launchTemplate:LaunchTemplate";
const cluster = "aws:eks/cluster:Cluster";
const nodeGroup = "aws:eks/nodeGroup:NodeGroup";
const key = "aws:kms/key:Key";
const logGroup = "aws:cloudwatch/logGroup:LogGroup";
const role = "aws:iam/role:Role";
const rolePolicy = "aws:iam/rolePolicy:RolePolicy";
const attachment = "aws:iam/rolePolicyAttachment:RolePolicyAttachment";
const association = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation";
const autoScaling = "aws:autoscaling/group:Group";
const document = "aws:ssm/document:Document";
const policy = "aws:iam/policy:Policy";
const bucketEncryption =
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";
const bucketPolicy = "aws:s3/bucketPolicy:BucketPolicy";
const trail = "aws:cloudtrail/trail:Trail";
const topic = "aws:sns/topic:Topic";
const balancer = "aws:lb/loadBalancer:LoadBalancer";
const listener = "aws:lb/listener:Listener";
const webAcl = "aws:wafv2/webAcl:WebAcl";
const webAclLogging = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration";
const zone = "eu-west-1a";
const team = "cluster-access-444455556666-role/payments-team";
const domain = "aws:opensearch/domain:Domain";
const eventRule = "aws:cloudwatch/eventRule:EventRule";
const eventTarget = "aws:cloudwatch/eventTarget:EventTarget";
const logPolicy = "aws:cloudwatch/logResourcePolicy:LogResourcePolicy";
const delivery = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream";
const logFilter = "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter";
const aFunction = "arn:aws:lambda:eu-west-1:444455556666:function:x";
const repository = "aws:ecr/repository:Repository";
const rootCert = "vault:pkiSecret/secretBackendRootCert:SecretBackendRootCert";
const pkiRole = "vault:pkiSecret/secretBackendRole:SecretBackendRole";
const kubernetesLogin = "vault:kubernetes/authBackendRole:AuthBackendRole";
const vaultPolicy = "vault:index/policy:Policy";
const scanning = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration";
const creationTemplate = "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate";

const world = "0.0.0.0/0";
const openWorld: Change = (inputs) => {
  delete inputs["referencedSecurityGroupId"];
  inputs["cidrIpv4"] = world;
};

const sshFromTrusted: Change = (inputs) => {
  delete inputs["referencedSecurityGroupId"];
  Object.assign(inputs, { cidrIpv4: "203.0.113.0/24", fromPort: 22, toPort: 22 });
};

/** Makes the other end of a security group rule another group, on another port. */
const peer =
  (name: string, port: number): Change =>
  (inputs, one) => {
    const urn = `urn:pulumi:prod::drawbridge::drawbridge:aws:SecurityGroups$${group}::groups-${name}`;
    one.propertyDependencies = { ...one.propertyDependencies, referencedSecurityGroupId: [urn] };
    Object.assign(inputs, { fromPort: port, toPort: port });
  };

/** Makes a copy a resource of another type. */
const as =
  (type: string): Change =>
  (_inputs, one) => {
    one.type = type;
  };

/** Makes a copy something else altogether. */
const insteadOf =
  (type: string, inputs: Inputs): Change =>
  (_inputs, one) => {
    Object.assign(one, { type, inputs, outputs: inputs, propertyDependencies: {} });
  };
const forEverybody = JSON.stringify({
  Statement: [{ Sid: "It", Effect: "Allow", Principal: "*", Action: "sqs:Get", Resource: "*" }],
});
const forServices = JSON.stringify({
  Statement: [
    {
      Sid: "It",
      Effect: "Allow",
      Principal: { Service: "sns.amazonaws.com" },
      Action: "sqs:SendMessage",
      Resource: "*",
    },
  ],
});
const other = "999999999999";

const unprotected: Change = (_inputs, one) => {
  one.options = { ...one.options, protect: false };
};

const rows: Row[] = [
  // The control plane.
  [
    "public endpoint on",
    cluster,
    "cluster",
    set("vpcConfig.endpointPublicAccess", true),
    "eks-private-endpoint",
  ],
  [
    "public endpoint left to AWS",
    cluster,
    "cluster",
    remove("vpcConfig.endpointPublicAccess"),
    "eks-private-endpoint",
  ],
  [
    "private endpoint off",
    cluster,
    "cluster",
    set("vpcConfig.endpointPrivateAccess", false),
    "eks-private-endpoint",
  ],
  ["secrets not encrypted", cluster, "cluster", remove("encryptionConfig"), "eks-secrets-kms"],
  [
    "encryption of something else",
    cluster,
    "cluster",
    set("encryptionConfig.resources", []),
    "eks-secrets-kms",
  ],
  [
    "audit log off",
    cluster,
    "cluster",
    set("enabledClusterLogTypes", ["api"]),
    "eks-control-plane-logs",
  ],
  ["no logs", cluster, "cluster", remove("enabledClusterLogTypes"), "eks-control-plane-logs"],
  [
    "authentication by ConfigMap",
    cluster,
    "cluster",
    set("accessConfig.authenticationMode", "CONFIG_MAP"),
    "eks-access-api-mode",
  ],
  [
    "authentication by both",
    cluster,
    "cluster",
    set("accessConfig.authenticationMode", "API_AND_CONFIG_MAP"),
    "eks-access-api-mode",
  ],
  ["authentication left to AWS", cluster, "cluster", remove("accessConfig"), "eks-access-api-mode"],
  [
    "creator is administrator",
    cluster,
    "cluster",
    set("accessConfig.bootstrapClusterCreatorAdminPermissions", true),
    "eks-no-creator-admin",
  ],
  [
    "creator left to AWS",
    cluster,
    "cluster",
    remove("accessConfig.bootstrapClusterCreatorAdminPermissions"),
    "eks-no-creator-admin",
  ],
  [
    "no deletion protection",
    cluster,
    "cluster",
    set("deletionProtection", false),
    "eks-deletion-protection",
  ],
  ["no protection by Pulumi", cluster, "cluster", unprotected, "eks-deletion-protection"],
  ["an old version", cluster, "cluster", set("version", "1.28"), "eks-supported-version"],
  [
    "extended support",
    cluster,
    "cluster",
    set("upgradePolicy.supportType", "EXTENDED"),
    "eks-upgrade-policy-standard",
  ],
  [
    "one subnet",
    cluster,
    "cluster",
    (inputs, one) => {
      inputs["vpcConfig"] = { ...(inputs["vpcConfig"] as Inputs), subnetIds: [unknown] };
      dependOn(one, "vpcConfig", [`network-data-${zone}`]);
    },
    "net-subnets-multi-az",
  ],
  ["cluster log group dropped", logGroup, "cluster", "drop", "log-control-plane-group-kept"],
  [
    "cluster log group of another name",
    logGroup,
    "cluster",
    set("name", "/elsewhere"),
    "log-control-plane-group-kept",
  ],
  [
    "cluster logs kept for a month",
    logGroup,
    "cluster",
    set("retentionInDays", 30),
    "log-control-plane-group-kept",
  ],
  [
    "cluster logs not encrypted",
    logGroup,
    "cluster",
    remove("kmsKeyId"),
    "log-control-plane-group-kept",
  ],
  [
    "another cluster administrator",
    association,
    team,
    (inputs) => {
      inputs["policyArn"] = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
      inputs["accessScope"] = { type: "cluster" };
    },
    "eks-no-cluster-admin-entry",
  ],
  [
    "an editor of the whole cluster",
    association,
    team,
    (inputs) => {
      inputs["policyArn"] = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy";
      inputs["accessScope"] = { type: "cluster" };
    },
    "eks-no-cluster-admin-entry",
  ],
  [
    "an administrator of every namespace",
    association,
    team,
    (inputs) => {
      inputs["policyArn"] = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminPolicy";
      inputs["accessScope"] = { type: "namespace", namespaces: ["*"] };
    },
    "eks-no-cluster-admin-entry",
  ],
  [
    "a team in kube-system",
    association,
    team,
    set("accessScope.namespaces", ["kube-system"]),
    "eks-no-cluster-admin-entry",
  ],
  [
    "a team that is a node",
    "aws:eks/accessEntry:AccessEntry",
    team,
    set("type", "EC2_LINUX"),
    "eks-access-entry-type",
  ],
  [
    "the API open to the world",
    ingress,
    "rules-api-ingress-bastion-443",
    openWorld,
    "eks-api-reachable-only-internal",
  ],

  // Nodes.
  [
    "nodes with IMDSv1",
    template,
    "general",
    set("metadataOptions.httpTokens", "optional"),
    "compute-imdsv2",
  ],
  [
    "nodes with the default of IMDS",
    template,
    "general",
    remove("metadataOptions"),
    "compute-imdsv2",
  ],
  [
    "nodes with hop limit 2",
    template,
    "general",
    set("metadataOptions.httpPutResponseHopLimit", 2),
    "compute-imds-hop-limit-1",
  ],
  [
    "a system volume in the clear",
    template,
    "general",
    set("blockDeviceMappings[0].ebs.encrypted", "false"),
    "compute-ebs-encrypted",
  ],
  [
    "a data volume in the clear",
    template,
    "general",
    set("blockDeviceMappings[1].ebs.encrypted", "false"),
    "compute-ebs-encrypted",
  ],
  [
    "a data volume with the account's key",
    template,
    "general",
    remove("blockDeviceMappings[1].ebs.kmsKeyId"),
    "compute-ebs-encrypted",
  ],
  [
    "a data volume left to the image",
    template,
    "general",
    remove("blockDeviceMappings[1]"),
    "compute-ebs-encrypted",
  ],
  ["nodes with a key pair", template, "general", set("keyName", "shared"), "ssh-per-user-keys"],
  [
    "nodes with remote access",
    nodeGroup,
    "general",
    set("remoteAccess", { ec2SshKey: "shared" }),
    "ssh-per-user-keys",
  ],
  [
    "nodes with a public address",
    template,
    "general",
    set("networkInterfaces", [{ associatePublicIpAddress: "true" }]),
    "compute-no-public-ip",
  ],
  [
    "a secret in the user data",
    template,
    "general",
    set(
      "userData",
      Buffer.from("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY").toString(
        "base64",
      ),
    ),
    "compute-no-userdata-secrets",
  ],
  ...[
    "git clone https://deploy:corr3ct@git.example.com/a.git",
    "mysql -uroot -ph0rse",
    `SLACK=xoxb-${"1".repeat(12)}-${"a".repeat(24)}`,
  ].map((line): Row => [
    `user data with ${line}`,
    template,
    "bastion",
    inUserData("chmod 0440", `${line}\nchmod 0440`),
    "compute-no-userdata-secrets",
  ]),
  ["nodes unobserved", template, "general", remove("monitoring"), "compute-detailed-monitoring"],
  [
    "nodes without enforcing SELinux",
    nodeGroup,
    "general",
    set("amiType", "AL2023_ARM_64_STANDARD"),
    "node-selinux-enabled",
  ],
  [
    "nodes without a template",
    nodeGroup,
    "general",
    remove("launchTemplate"),
    "node-patch-launch-template",
  ],
  [
    "nodes with administrator rights",
    attachment,
    "general-AmazonEKSWorkerNodeMinimalPolicy",
    set("policyArn", "arn:aws:iam::aws:policy/AdministratorAccess"),
    "iam-no-admin-managed",
  ],
  ...(
    [
      ["a group", "aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive"],
      ["a user", "aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive"],
      [
        "a permission set",
        "aws:ssoadmin/managedPolicyAttachmentsExclusive:ManagedPolicyAttachmentsExclusive",
      ],
    ] as const
  ).map(([who, type]): Row => [
    `${who} with administrator rights`,
    attachment,
    "general-AmazonEKSWorkerNodeMinimalPolicy",
    {
      beside: insteadOf(type, {
        [type.startsWith("aws:iam") ? "policyArns" : "managedPolicyArns"]: [
          "arn:aws:iam::aws:policy/AdministratorAccess",
        ],
      }),
    },
    "iam-no-admin-managed",
  ]),
  [
    "a permission set with all rights",
    attachment,
    "general-AmazonEKSWorkerNodeMinimalPolicy",
    {
      beside: insteadOf("aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy", {
        inlinePolicy: JSON.stringify({
          Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
        }),
      }),
    },
    "iam-no-star-star",
  ],
  [
    "nodes with the CNI's rights",
    attachment,
    "general-AmazonEC2ContainerRegistryPullOnly",
    set("policyArn", "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"),
    "iam-node-role-minimal",
  ],

  ["nodes without settings", template, "general", remove("userData"), "node-bottlerocket-hardened"],
  [
    "nodes with a shell",
    template,
    "general",
    inUserData("enabled = false", "enabled = true"),
    "node-bottlerocket-hardened",
  ],
  [
    "nodes without lockdown",
    template,
    "general",
    inUserData('lockdown = "integrity"', 'lockdown = "none"'),
    "node-bottlerocket-hardened",
  ],
  [
    "nodes in EKS' own group",
    template,
    "general",
    remove("vpcSecurityGroupIds"),
    "compute-own-security-groups",
  ],
  [
    "nodes with metadata by IPv6",
    template,
    "general",
    set("metadataOptions.httpProtocolIpv6", "enabled"),
    "compute-imds-narrow",
  ],
  [
    "nodes with tags in the metadata",
    template,
    "general",
    set("metadataOptions.instanceMetadataTags", "enabled"),
    "compute-imds-narrow",
  ],

  // The network.
  [
    "public addresses in private subnets",
    subnet,
    `network-nodes-${zone}`,
    set("mapPublicIpOnLaunch", true),
    "net-private-subnet-no-public-ip",
  ],
  [
    "public addresses beside data",
    subnet,
    `network-data-${zone}`,
    set("mapPublicIpOnLaunch", true),
    "net-private-subnet-no-public-ip",
  ],
  [
    "load balancers invited to public subnets",
    subnet,
    `network-data-${zone}`,
    set("tags", { "kubernetes.io/role/elb": "1" }),
    "net-subnet-elb-tags",
  ],
  [
    "load balancers invited everywhere by the tags of the provider",
    "pulumi:providers:aws",
    "aws",
    (inputs) => {
      inputs["defaultTags"] = JSON.stringify({ tags: { "kubernetes.io/role/elb": "1" } });
    },
    "net-subnet-elb-tags",
  ],
  [
    "a private default route to the internet",
    route,
    `network-nat-private-${zone}`,
    (inputs) => {
      inputs["gatewayId"] = "igw-0123456789abcdef0";
      delete inputs["natGatewayId"];
    },
    "net-private-default-route-nat",
  ],
  [
    "a gateway in a private subnet",
    "aws:ec2/natGateway:NatGateway",
    `network-nat-${zone}`,
    (_inputs, one) => dependOn(one, "subnetId", [`network-data-${zone}`]),
    "net-nat-in-public-subnet",
  ],
  [
    "nodes in public subnets",
    nodeGroup,
    "general",
    (_inputs, one) => dependOn(one, "subnetIds", [`network-public-${zone}`]),
    "net-nodes-private-subnets",
  ],
  [
    "the bastion in a public subnet",
    autoScaling,
    "bastion",
    (_inputs, one) => dependOn(one, "vpcZoneIdentifiers", [`network-public-${zone}`]),
    "net-nodes-private-subnets",
  ],
  [
    "the control plane in public subnets",
    cluster,
    "cluster",
    (_inputs, one) =>
      dependOn(one, "vpcConfig", [`network-public-${zone}`, "network-public-eu-west-1b"]),
    "net-nodes-private-subnets",
  ],
  [
    "ingress in the default group",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "network-default",
    set("ingress", [{ protocol: "-1", fromPort: 0, toPort: 0, self: true }]),
    "net-default-sg-locked",
  ],
  [
    "egress in the default group",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "network-default",
    set("egress", [{ protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: [world] }]),
    "net-default-sg-locked",
  ],
  [
    "the default group forgotten",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "network-default",
    "drop",
    "net-default-sg-locked",
  ],
  [
    "the default list open",
    "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
    "network-default",
    set("ingress", [
      { ruleNo: 10, action: "allow", protocol: "-1", cidrBlock: world, fromPort: 0, toPort: 0 },
    ]),
    "net-default-nacl-and-route-table-locked",
  ],
  [
    "the default table with a route",
    "aws:ec2/defaultRouteTable:DefaultRouteTable",
    "network-default",
    set("routes", [{ cidrBlock: world, gatewayId: "igw-0123456789abcdef0" }]),
    "net-default-nacl-and-route-table-locked",
  ],
  [
    "SSH through the public list",
    acl,
    "network-public",
    set("ingress[2]", {
      ruleNo: 30,
      action: "allow",
      protocol: "tcp",
      cidrBlock: world,
      fromPort: 22,
      toPort: 22,
    }),
    "net-nacl-no-open-admin",
  ],
  [
    "everything through the nodes' list",
    acl,
    "network-nodes",
    set("ingress[1]", {
      ruleNo: 20,
      action: "allow",
      protocol: "-1",
      cidrBlock: world,
      fromPort: 0,
      toPort: 0,
    }),
    "net-nacl-no-open-admin",
  ],
  [
    "more than answers through the nodes' list",
    acl,
    "network-nodes",
    set("ingress[1].fromPort", 3390),
    "net-nacl-named-ports",
  ],
  [
    "ports between SSH and RDP through the data list",
    acl,
    "network-data",
    (inputs) =>
      Object.assign((inputs["ingress"] as Inputs[])[1] ?? {}, { fromPort: 23, toPort: 3388 }),
    "net-nacl-named-ports",
  ],
  [
    "everything out of the nodes' list",
    acl,
    "network-nodes",
    set("egress[1].protocol", "-1"),
    "net-nacl-named-ports",
  ],
  [
    "everything out of the public list",
    acl,
    "network-public",
    set("egress[1].protocol", "-1"),
    "net-nacl-named-ports",
  ],
  ["a VPC without DNS", vpc, "network", set("enableDnsSupport", false), "net-vpc-dns"],
  ["a VPC without host names", vpc, "network", set("enableDnsHostnames", false), "net-vpc-dns"],
  ["no flow logs", flowLog, "network-flow-logs", "drop", "net-flow-logs"],
  [
    "rejected flows only",
    flowLog,
    "network-flow-logs",
    set("trafficType", "REJECT"),
    "net-flow-logs",
  ],
  [
    "flow logs in the clear",
    logGroup,
    "network-flow-logs",
    remove("kmsKeyId"),
    "log-group-encrypted",
  ],
  [
    "flow logs forever",
    logGroup,
    "network-flow-logs",
    remove("retentionInDays"),
    "log-group-encrypted",
  ],
  [
    "an endpoint with the open default policy",
    endpoint,
    "endpoints-ecr.api",
    remove("policy"),
    "net-endpoint-policy",
  ],
  [
    "an endpoint for everybody",
    endpoint,
    "endpoints-sts",
    withoutCondition("policy", "OwnPrincipalsAtLarge"),
    "net-endpoint-policy",
  ],
  [
    "an endpoint for every call",
    endpoint,
    "endpoints-kms",
    inJson("policy", (doc) => (statement(doc, "OwnPrincipals").Action = "*")),
    "net-endpoint-policy",
  ],
  [
    "an endpoint beside its public name",
    endpoint,
    "endpoints-logs",
    set("privateDnsEnabled", false),
    "net-endpoint-policy",
  ],
  [
    "S3 for everybody",
    endpoint,
    "endpoints-s3",
    withoutCondition("policy", "OwnPrincipalsInOwnBuckets"),
    "net-endpoint-policy",
  ],
  [
    "S3 buckets of every account",
    endpoint,
    "endpoints-s3",
    inJson("policy", (doc) => {
      delete statement(doc, "OwnPrincipalsInOwnBuckets").Condition?.["StringEquals"]?.[
        "aws:ResourceAccount"
      ];
    }),
    "net-endpoint-policy",
  ],
  [
    "S3 calls by patterns",
    endpoint,
    "endpoints-s3",
    inJson("policy", (doc) => {
      statement(doc, "OwnPrincipalsInOwnBuckets").Action = ["s3:Get*", "s3:Put*", "s3:Delete*"];
    }),
    "net-endpoint-policy",
  ],
  [
    "image layers from any bucket",
    endpoint,
    "endpoints-s3",
    inJson("policy", (doc) => (statement(doc, "ImageLayers").Resource = "arn:aws:s3:::*/*")),
    "net-endpoint-policy",
  ],
  [
    "keys of every account",
    endpoint,
    "endpoints-kms",
    inJson("policy", (doc) => (statement(doc, "OwnPrincipals").Resource = "*")),
    "net-endpoint-policy",
  ],
  [
    "log groups of every account",
    endpoint,
    "endpoints-logs",
    inJson("policy", (doc) => (statement(doc, "OwnPrincipals").Resource = "*")),
    "net-endpoint-policy",
  ],
  [
    "roles of every account",
    endpoint,
    "endpoints-sts",
    inJson("policy", (doc) => (statement(doc, "OwnRoles").Resource = "*")),
    "net-endpoint-policy",
  ],
  [
    "S3 buckets of another account",
    endpoint,
    "endpoints-s3",
    inJson("policy", (doc) => {
      const { Condition } = statement(doc, "OwnPrincipalsInOwnBuckets");
      Object.assign(Condition?.["StringEquals"] ?? {}, { "aws:ResourceAccount": "999999999999" });
    }),
    "net-endpoint-policy",
  ],
  [
    "own keys for everybody",
    endpoint,
    "endpoints-kms",
    withoutCondition("policy", "OwnPrincipals"),
    "net-endpoint-policy",
  ],
  [
    "S3 around its endpoint",
    endpoint,
    "endpoints-s3",
    (inputs, one) => {
      inputs["routeTableIds"] = [];
      delete one.propertyDependencies["routeTableIds"];
    },
    "net-endpoint-policy",
  ],
  ["no endpoint for images", endpoint, "endpoints-ecr.dkr", "drop", "net-vpc-endpoints"],
  [
    "nodes open to the world",
    ingress,
    "rules-nodes-ingress-api-10250",
    openWorld,
    "net-sg-no-world-ingress",
  ],
  [
    "nodes open to the world by IPv6",
    ingress,
    "rules-nodes-ingress-api-10250",
    (inputs) => {
      delete inputs["referencedSecurityGroupId"];
      inputs["cidrIpv6"] = "::/0";
    },
    "net-sg-no-world-ingress",
  ],
  [
    "every port for a network",
    ingress,
    "rules-nodes-ingress-api-10250",
    (inputs) => {
      delete inputs["referencedSecurityGroupId"];
      delete inputs["fromPort"];
      delete inputs["toPort"];
      inputs["cidrIpv4"] = "10.0.0.0/8";
      inputs["ipProtocol"] = "-1";
    },
    "net-sg-no-all-ports",
  ],
  [
    "nodes talk to the world on every port",
    egress,
    "rules-nodes-egress-internet-443",
    (inputs) => {
      delete inputs["fromPort"];
      delete inputs["toPort"];
      inputs["ipProtocol"] = "-1";
    },
    "net-sg-restrict-egress",
  ],
  ...["api-ingress-nodes-443", "nodes-ingress-api-10250", "endpoints-ingress-bastion-443"].map(
    (name): Row => [
      `every lower port of ${name}`,
      ingress,
      `rules-${name}`,
      set("fromPort", 0),
      "net-sg-no-all-ports",
    ],
  ),
  ...["api-egress-nodes-10250", "nodes-egress-s3-443", "nodes-egress-internet-443"].map(
    (name): Row => [
      `every lower port of ${name}`,
      egress,
      `rules-${name}`,
      set("fromPort", 0),
      "net-sg-restrict-egress",
    ],
  ),
  [
    "SSH from the bastion to the nodes",
    ingress,
    "rules-nodes-ingress-api-10250",
    { beside: peer("bastion", 22) },
    "net-sg-no-ssh-inside",
  ],
  [
    "SSH to the control plane from a trusted network",
    ingress,
    "rules-api-ingress-bastion-443",
    { beside: sshFromTrusted },
    "net-sg-no-ssh-inside",
  ],
  [
    "the control plane for a trusted network",
    ingress,
    "rules-api-ingress-bastion-443",
    { beside: sshFromTrusted },
    "eks-api-reachable-only-internal",
  ],
  [
    "a rule without a reason",
    ingress,
    "rules-nodes-ingress-api-10250",
    remove("description"),
    "net-sg-description",
  ],
  [
    "inline rules beside the table",
    group,
    "groups-nodes",
    set("ingress", [{ protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: ["10.0.0.0/8"] }]),
    "net-sg-no-mixed-rules",
  ],

  // The bastion.
  ["two bastions", autoScaling, "bastion", set("maxSize", 2), "bastion-single"],
  ["a bastion for good", autoScaling, "bastion", remove("maxInstanceLifetime"), "bastion-single"],
  [
    "a bastion with a public address",
    template,
    "bastion",
    set("networkInterfaces[0].associatePublicIpAddress", "true"),
    "compute-no-public-ip",
  ],
  ["a bastion with a key pair", template, "bastion", set("keyName", "shared"), "ssh-per-user-keys"],
  [
    "a bastion with IMDSv1",
    template,
    "bastion",
    set("metadataOptions.httpTokens", "optional"),
    "compute-imdsv2",
  ],
  [
    "a bastion with hop limit 2",
    template,
    "bastion",
    set("metadataOptions.httpPutResponseHopLimit", 2),
    "compute-imds-hop-limit-1",
  ],
  [
    "a bastion's volume in the clear",
    template,
    "bastion",
    remove("blockDeviceMappings[0].ebs.encrypted"),
    "compute-ebs-encrypted",
  ],
  [
    "the bastion on the internet",
    egress,
    "rules-bastion-egress-endpoints-443",
    { beside: openWorld },
    "bastion-egress-named",
  ],
  [
    "SSH from the bastion",
    egress,
    "rules-bastion-egress-api-443",
    { beside: peer("nodes", 22) },
    "bastion-egress-named",
  ],
  [
    "a bastion's volumes left to the image",
    template,
    "bastion",
    set("blockDeviceMappings", []),
    "compute-ebs-encrypted",
  ],
  [
    "a bastion's volume on another device",
    template,
    "bastion",
    set("blockDeviceMappings[0].deviceName", "/dev/xvdz"),
    "compute-ebs-encrypted",
  ],
  [
    "a bastion in the default group",
    template,
    "bastion",
    remove("networkInterfaces[0].securityGroups"),
    "compute-own-security-groups",
  ],
  [
    "SSH to the bastion for the world",
    ingress,
    "rules-api-ingress-bastion-443",
    (inputs, one) => {
      openWorld(inputs, one);
      inputs["fromPort"] = 22;
      inputs["toPort"] = 22;
    },
    "bastion-ssh-trusted-cidrs",
  ],
  [
    "sessions without a key",
    document,
    "bastion-sessions",
    inJson("content", (doc) => delete doc.inputs["kmsKeyId"]),
    "bastion-session-logged",
  ],
  [
    "sessions without a log",
    document,
    "bastion-sessions",
    inJson("content", (doc) => (doc.inputs["cloudWatchLogGroupName"] = "")),
    "bastion-session-logged",
  ],
  [
    "session logs in the clear",
    document,
    "bastion-sessions",
    inJson("content", (doc) => (doc.inputs["cloudWatchEncryptionEnabled"] = false)),
    "bastion-session-logged",
  ],
  [
    "sessions without an end",
    document,
    "bastion-sessions",
    inJson("content", (doc) => delete doc.inputs["maxSessionDuration"]),
    "bastion-session-logged",
  ],
  [
    "sessions that stay open when nobody types",
    document,
    "bastion-sessions",
    inJson("content", (doc) => delete doc.inputs["idleSessionTimeout"]),
    "bastion-session-logged",
  ],
  [
    "sessions of root",
    document,
    "bastion-sessions",
    inJson("content", (doc) => {
      doc.inputs["runAsEnabled"] = true;
      doc.inputs["runAsDefaultUser"] = "root";
    }),
    "bastion-session-logged",
  ],
  [
    "sessions without MFA",
    policy,
    "bastion-sessions",
    inJson("policy", (doc) => delete statement(doc, "OnTheBastion").Condition?.["Bool"]),
    "bastion-session-mfa",
  ],
  [
    "sessions that no document is checked for, on the bastion",
    policy,
    "bastion-sessions",
    inJson("policy", (doc) => delete statement(doc, "OnTheBastion").Condition?.["BoolIfExists"]),
    "bastion-session-mfa",
  ],
  [
    "sessions that no document is checked for, with documents",
    policy,
    "bastion-sessions",
    inJson(
      "policy",
      (doc) => delete statement(doc, "WithTheseDocuments").Condition?.["BoolIfExists"],
    ),
    "bastion-session-mfa",
  ],
  ...["AWS-StartSSHSession", "AWS-StartInteractiveCommand"].map((name): Row => [
    `sessions with ${name}`,
    policy,
    "bastion-sessions",
    inJson("policy", (doc) => {
      const documents = statement(doc, "WithTheseDocuments");
      documents.Resource = [
        ...(documents.Resource as string[]),
        `arn:aws:ssm:eu-west-1::document/${name}`,
      ];
    }),
    "bastion-session-mfa",
  ]),
  [
    "sessions of others, to resume and to end",
    policy,
    "bastion-sessions",
    inJson("policy", (doc) => {
      delete statement(doc, "OwnSessionsOnly").Condition;
    }),
    "bastion-session-own",
  ],
  ["people with sudo", template, "bastion", remove("userData"), "bastion-session-no-sudo"],
  [
    "people with sudo again",
    template,
    "bastion",
    inUserData(
      "chmod 0440 /etc/sudoers.d/ssm-agent-users\n",
      "chmod 0440 /etc/sudoers.d/ssm-agent-users\nrm -f /etc/sudoers.d/ssm-agent-users\n",
    ),
    "bastion-session-no-sudo",
  ],
  [
    "people with the rights of the bastion",
    template,
    "bastion",
    (inputs) => {
      const script = Buffer.from(inputs["userData"] as string, "base64").toString();
      inputs["userData"] = Buffer.from(script.replace(/^ip rule.*$/m, "")).toString("base64");
    },
    "bastion-session-no-sudo",
  ],
  [
    "a tunnel to any host",
    document,
    "bastion-sessions-tunnel",
    inJson("content", (doc) => delete doc.parameters?.["host"]?.["allowedPattern"]),
    "bastion-tunnel-narrow",
  ],
  [
    "a tunnel to the metadata service",
    document,
    "bastion-sessions-tunnel",
    inJson("content", (doc) => {
      (doc.properties as Inputs)["host"] = "{{ target }}";
      (doc.parameters as Record<string, Inputs>)["target"] = { allowedPattern: "^[0-9.]+$" };
    }),
    "bastion-tunnel-narrow",
  ],
  [
    "a tunnel to the metadata service alone",
    document,
    "bastion-sessions-tunnel",
    inJson("content", (doc) => {
      (doc.properties as Inputs)["host"] = "169.254.169.254";
      delete doc.parameters?.["host"];
    }),
    "bastion-tunnel-narrow",
  ],
  ...["^10\\.20\\.[0-9.]+$", "^ip-10-20-.*$", "^(?!169\\.|127\\.|localhost|ip-).*:443$"].map(
    (allowedPattern): Row => [
      `tunnels to ${allowedPattern}`,
      document,
      "bastion-sessions-tunnel",
      inJson("content", (doc) => {
        Object.assign(doc.parameters?.["host"] ?? {}, { allowedPattern });
      }),
      "bastion-tunnel-narrow",
    ],
  ),
  [
    "a tunnel to any port",
    document,
    "bastion-sessions-tunnel",
    inJson("content", (doc) => {
      (doc.parameters as Record<string, Inputs>)["portNumber"] = { allowedPattern: "^[0-9]+$" };
    }),
    "bastion-tunnel-narrow",
  ],
  [
    "sessions on every instance",
    policy,
    "bastion-sessions",
    inJson("policy", (doc) => (statement(doc, "OnTheBastion").Resource = "*")),
    "bastion-session-mfa",
  ],

  // The log store and the way to it.
  [
    "logs that nobody deletes",
    "aws:lambda/invocation:Invocation",
    "log-store-setup",
    set("triggers.retention", "{}"),
    "log-retention-policy",
  ],
  ["a log store on the internet", domain, "log-store", remove("vpcOptions"), "es-encrypted"],
  ["logs in the clear", domain, "log-store", set("encryptAtRest.enabled", false), "es-encrypted"],
  ["logs under AWS' key", domain, "log-store", remove("encryptAtRest.kmsKeyId"), "es-encrypted"],
  [
    "nodes of the store that talk in the clear",
    domain,
    "log-store",
    set("nodeToNodeEncryption.enabled", false),
    "es-encrypted",
  ],
  [
    "HTTP to the store",
    domain,
    "log-store",
    set("domainEndpointOptions.enforceHttps", false),
    "es-encrypted",
  ],
  [
    "TLS of the store left to AWS",
    domain,
    "log-store",
    remove("domainEndpointOptions.tlsSecurityPolicy"),
    "es-encrypted",
  ],
  [
    "TLS 1.0 to the store",
    domain,
    "log-store",
    set("domainEndpointOptions.tlsSecurityPolicy", "Policy-Min-TLS-1-0-2019-07"),
    "es-encrypted",
  ],
  [
    "a store without rights of its own",
    domain,
    "log-store",
    set("advancedSecurityOptions.enabled", false),
    "es-access-by-roles",
  ],
  [
    "passwords in the store",
    domain,
    "log-store",
    set("advancedSecurityOptions.internalUserDatabaseEnabled", true),
    "es-access-by-roles",
  ],
  [
    "a store without an administrator",
    domain,
    "log-store",
    remove("advancedSecurityOptions.masterUserOptions"),
    "es-access-by-roles",
  ],
  [
    "a store for every role of the account",
    domain,
    "log-store",
    withoutCondition("accessPolicies", "WritersIndex"),
    "es-access-by-roles",
  ],
  [
    "a store for everybody",
    domain,
    "log-store",
    inJson("accessPolicies", (doc) => {
      statement(doc, "WritersIndex").Principal = "*";
      delete statement(doc, "WritersIndex").Condition;
    }),
    "es-access-by-roles",
  ],
  [
    "every action in the store",
    domain,
    "log-store",
    inJson("accessPolicies", (doc) => (statement(doc, "AdministratorSetsUp").Action = "es:*")),
    "es-access-by-roles",
  ],
  [
    "a store in one zone",
    domain,
    "log-store",
    set("clusterConfig.zoneAwarenessEnabled", false),
    "es-multi-zone",
  ],
  [
    "a store of one node",
    domain,
    "log-store",
    set("clusterConfig.instanceCount", 1),
    "es-multi-zone",
  ],
  [
    "no audit of the store",
    domain,
    "log-store",
    set("logPublishingOptions[0].enabled", false),
    "log-es-domain-logs",
  ],
  [
    "no logs of the store",
    domain,
    "log-store",
    remove("logPublishingOptions"),
    "log-es-domain-logs",
  ],
  [
    "the store's logs for the service of every account",
    logPolicy,
    "log-store",
    withoutCondition("policyDocument", "DomainWritesItsLogs"),
    "log-resource-policy-narrow",
  ],
  [
    "every log group for the store",
    logPolicy,
    "log-store",
    inJson("policyDocument", (doc) => (statement(doc, "DomainWritesItsLogs").Resource = "*")),
    "log-resource-policy-narrow",
  ],
  [
    "the store's own logs in the clear",
    logGroup,
    "log-store-audit",
    remove("kmsKeyId"),
    "log-group-encrypted",
  ],
  [
    "the administrator of the store for everybody",
    role,
    "log-store-admin",
    inJson("assumeRolePolicy", (doc) => {
      statement(doc, "FunctionsOfThisAccount").Principal = { AWS: "*" };
    }),
    "iam-trust-narrow",
  ],
  [
    "the store open to the world",
    ingress,
    "rules-log-store-ingress-nodes-443",
    openWorld,
    "net-sg-no-world-ingress",
  ],
  [
    "records on their way in the clear",
    delivery,
    "log-delivery",
    remove("serverSideEncryption"),
    "log-delivery-encrypted",
  ],
  [
    "records on their way under AWS' key",
    delivery,
    "log-delivery",
    remove("serverSideEncryption.keyArn"),
    "log-delivery-encrypted",
  ],
  [
    "failed records under S3's key",
    delivery,
    "log-delivery",
    remove("opensearchConfiguration.s3Configuration.kmsKeyArn"),
    "log-delivery-encrypted",
  ],
  [
    "delivery outside of the VPC",
    delivery,
    "log-delivery",
    remove("opensearchConfiguration.vpcConfig"),
    "log-delivery-encrypted",
  ],
  ["no delivery", logFilter, "log-delivery-cluster", "drop", "log-control-plane-central"],
  [
    "batches that the log store refuses",
    delivery,
    "log-delivery",
    set("opensearchConfiguration.processingConfiguration.enabled", false),
    "log-control-plane-central",
  ],
  ["no delivery of Vault's log", logFilter, "log-delivery-vault", "drop", "log-vault-central"],
  [
    "delivery of another group",
    logFilter,
    "log-delivery-cluster",
    set("logGroup", "/elsewhere"),
    "log-control-plane-central",
  ],
  ...(
    [
      ["log-delivery-cluster", "log-control-plane-central"],
      ["log-delivery-vault", "log-vault-central"],
    ] as const
  ).flatMap(([name, rule]): Row[] => [
    [`delivery of some events by ${name}`, logFilter, name, set("filterPattern", "ERROR"), rule],
    [`delivery to a function by ${name}`, logFilter, name, set("destinationArn", aFunction), rule],
    [
      `delivery to strangers by ${name}`,
      logFilter,
      name,
      set("destinationArn", aFunction.replace("444455556666", "999988887777")),
      "iam-own-accounts",
    ],
  ]),
  [
    "delivery to a bucket",
    delivery,
    "log-delivery",
    set("destination", "extended_s3"),
    "log-control-plane-central",
  ],
  [
    "Vault's log to a bucket",
    delivery,
    "log-delivery",
    set("destination", "extended_s3"),
    "log-vault-central",
  ],
  [
    "delivery to a store of strangers",
    delivery,
    "log-delivery",
    set(
      "opensearchConfiguration.domainArn",
      "arn:aws:es:eu-west-1:999988887777:domain/drawbridge-prod",
    ),
    "iam-own-accounts",
  ],
  ...[
    ["anybody's repositories", "repo:*"],
    ["anybody's main branch", "*:ref:refs/heads/main"],
  ].map(([what = "", subject = ""]): Row => [
    `the administrator of the store for ${what}`,
    role,
    "log-store-admin",
    inJson("assumeRolePolicy", (doc) => {
      const issuer = "token.actions.githubusercontent.com";
      Object.assign(statement(doc, "FunctionsOfThisAccount"), {
        Principal: { Federated: `arn:aws:iam::444455556666:oidc-provider/${issuer}` },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: { [`${issuer}:aud`]: "sts.amazonaws.com" },
          StringLike: { [`${issuer}:sub`]: subject },
        },
      });
    }),
    "iam-trust-narrow",
  ]),
  [
    "the administrator of the store for the whole account, by TLS",
    role,
    "log-store-admin",
    inJson("assumeRolePolicy", (doc) => {
      Object.assign(statement(doc, "FunctionsOfThisAccount"), {
        Principal: { AWS: "arn:aws:iam::444455556666:root" },
        Condition: { Bool: { "aws:SecureTransport": "true" } },
      });
    }),
    "iam-trust-narrow",
  ],
  [
    "delivery by the service of every account",
    role,
    "log-delivery",
    withoutCondition("assumeRolePolicy", "StreamOfThisAccount"),
    "iam-trust-narrow",
  ],
  [
    "subscriptions of every account",
    role,
    "log-delivery-subscription",
    withoutCondition("assumeRolePolicy", "LogGroupsOfThisAccount"),
    "iam-trust-narrow",
  ],

  // Images.
  [
    "tags that move",
    repository,
    "registry-payments/api",
    set("imageTagMutability", "MUTABLE"),
    "ecr-private-immutable-scanned",
  ],
  ["cached images that nobody scans", scanning, "registry", "drop", "ecr-cache-scanned"],
  [
    "cached images scanned by hand",
    scanning,
    "registry",
    set("rules[0].scanFrequency", "MANUAL"),
    "ecr-cache-scanned",
  ],
  [
    "cached images of which some are scanned",
    scanning,
    "registry",
    set("rules[0].repositoryFilters[0].filter", "elsewhere/*"),
    "ecr-cache-scanned",
  ],

  [
    "images under ECR's key",
    repository,
    "registry-payments/api",
    remove("encryptionConfigurations"),
    "ecr-private-immutable-scanned",
  ],
  [
    "cached tags that move",
    creationTemplate,
    "registry-quay",
    remove("imageTagMutability"),
    "ecr-private-immutable-scanned",
  ],
  [
    "cached images under ECR's key",
    creationTemplate,
    "registry-quay",
    remove("encryptionConfigurations"),
    "ecr-private-immutable-scanned",
  ],
  [
    "cached images that no template hardens",
    creationTemplate,
    "registry-quay",
    "drop",
    "ecr-private-immutable-scanned",
  ],

  // Keys and roles.
  ["a key that stays the same", key, "secrets", set("enableKeyRotation", false), "kms-rotation"],
  [
    "a key that rotates every seven years",
    key,
    "secrets",
    set("rotationPeriodInDays", 2560),
    "kms-rotation",
  ],
  [
    "a key for everybody",
    key,
    "volumes",
    inJson("policy", (doc) => (statement(doc, "AccountAdministersByIam").Principal = "*")),
    "kms-no-wildcard-principal",
  ],
  [
    "a key for the service of every account",
    key,
    "logs",
    withoutCondition("policy", "CloudWatchLogsEncryptsLogGroups"),
    "kms-no-wildcard-principal",
  ],
  [
    "a key that is gone in a week",
    key,
    "secrets",
    set("deletionWindowInDays", 7),
    "kms-deletion-window",
  ],
  [
    "a role for everybody",
    role,
    "cluster",
    inJson(
      "assumeRolePolicy",
      (doc) => (statement(doc, "ControlPlaneOfTheCluster").Principal = "*"),
    ),
    "iam-trust-narrow",
  ],
  [
    "a role for the service of every account",
    role,
    "cluster",
    withoutCondition("assumeRolePolicy", "ControlPlaneOfTheCluster"),
    "iam-trust-narrow",
  ],
  [
    "the CNI's role for every account",
    role,
    "cluster-addons-vpc-cni",
    withoutCondition("assumeRolePolicy", "PodsOfTheCluster"),
    "iam-trust-narrow",
  ],
  [
    "a policy for everything",
    rolePolicy,
    "bastion",
    inJson("policy", (doc) => {
      statement(doc, "SessionChannels").Action = "*";
      statement(doc, "SessionChannels").Resource = "*";
    }),
    "iam-no-star-star",
  ],
  [
    "a statement for all of IAM",
    rolePolicy,
    "bastion",
    inJson("policy", (doc) =>
      doc.Statement.push({ Sid: "More", Effect: "Allow", Action: "iam:*", Resource: "*" }),
    ),
    "iam-no-priv-escalation",
  ],
  [
    "a statement to pass any role",
    rolePolicy,
    "bastion",
    inJson("policy", (doc) =>
      doc.Statement.push({ Sid: "More", Effect: "Allow", Action: "iam:PassRole", Resource: "*" }),
    ),
    "iam-no-priv-escalation",
  ],
  ...[
    ["iam:PassRole", "arn:aws:iam::444455556666:role/?*", "iam-no-priv-escalation"],
    ["iam:PassRole", "arn:aws:*", "iam-no-priv-escalation"],
    ["s3:DeleteObject", "arn:aws:s3:::?*", "iam-resources-named"],
    [
      "secretsmanager:GetSecretValue",
      "arn:aws:secretsmanager:eu-west-1:444455556666:secret:?*",
      "iam-resources-named",
    ],
  ].map(([Action = "", Resource = "", id = ""]): Row => [
    `a statement for ${Action} on ${Resource}`,
    rolePolicy,
    "bastion",
    inJson("policy", (doc) =>
      doc.Statement.push({ Sid: "More", Effect: "Allow", Action, Resource }),
    ),
    id,
  ]),
  [
    "a bastion that decrypts with every key",
    rolePolicy,
    "bastion",
    inJson("policy", (doc) => {
      statement(doc, "DecryptSessions").Resource = "*";
      delete statement(doc, "DecryptSessions").Condition;
    }),
    "kms-decrypt-named-keys",
  ],
  ...["PowerUserAccess", "AmazonEC2FullAccess"].flatMap((name): Row[] =>
    ["cluster", "cluster-addons-vpc-cni", "general-AmazonEC2ContainerRegistryPullOnly"].map(
      (on) => [
        `${name} for ${on}`,
        attachment,
        on,
        set("policyArn", `arn:aws:iam::aws:policy/${name}`),
        "iam-managed-policies",
      ],
    ),
  ),
  [
    "a key for another account",
    key,
    "secrets",
    inJson("policy", (doc) => {
      statement(doc, "AccountAdministersByIam").Principal = {
        AWS: "arn:aws:iam::999999999999:root",
      };
    }),
    "iam-own-accounts",
  ],
  ...(
    [
      [bucketPolicy, "snapshots", "policy"],
      [topic, "alarms", "policy"],
      [logPolicy, "log-store", "policyDocument"],
      [domain, "log-store", "accessPolicies"],
      ["aws:secretsmanager/secret:Secret", "vault-0-files", "policy"],
    ] as const
  ).map(([type, name, field]): Row => [
    `${type} ${name} for another account`,
    type,
    name,
    inJson(field, (doc) =>
      doc.Statement.push({
        Sid: "More",
        Effect: "Allow",
        Principal: { AWS: "arn:aws:iam::999999999999:role/other" },
        Action: "s3:GetObject",
        Resource: "*",
      }),
    ),
    "iam-own-accounts",
  ]),
  [
    "delivery to another account",
    logFilter,
    "log-delivery-cluster",
    set("destinationArn", "arn:aws:logs:eu-west-1:999999999999:destination:x"),
    "iam-own-accounts",
  ],
  [
    "mail of alarms and a queue of another account",
    "aws:sns/topicSubscription:TopicSubscription",
    "alarms-platform@example.com",
    {
      beside: (inputs) => {
        inputs["protocol"] = "sqs";
        inputs["endpoint"] = "arn:aws:sqs:eu-west-1:999999999999:x";
      },
    },
    "iam-own-accounts",
  ],
  ...(
    [
      ["a bus", "aws:cloudwatch/eventBusPolicy:EventBusPolicy", { policy: forEverybody }],
      ["a repository", "aws:ecr/repositoryPolicy:RepositoryPolicy", { policy: forEverybody }],
      ["files", "aws:efs/fileSystemPolicy:FileSystemPolicy", { policy: forEverybody }],
      ["a queue", "aws:sqs/queuePolicy:QueuePolicy", { policy: forEverybody }],
      ["a function", "aws:lambda/permission:Permission", { principal: "*" }],
    ] as [what: string, type: string, inputs: Inputs][]
  ).map(([what, type, inputs]): Row => [
    `${what} for everybody`,
    topic,
    "alarms",
    { beside: insteadOf(type, inputs) },
    "iam-own-accounts",
  ]),
  ...(
    [
      ["a queue", "aws:sqs/queuePolicy:QueuePolicy", { policy: forServices }],
      ["a repository", "aws:ecr/repositoryPolicy:RepositoryPolicy", { policy: forServices }],
      ["a secret", "aws:secretsmanager/secretPolicy:SecretPolicy", { policy: forServices }],
      ["a function", "aws:lambda/permission:Permission", { principal: "s3.amazonaws.com" }],
    ] as [what: string, type: string, inputs: Inputs][]
  ).map(([what, type, inputs]): Row => [
    `${what} for a service on whosever behalf`,
    topic,
    "alarms",
    { beside: insteadOf(type, inputs) },
    "iam-service-source-named",
  ]),
  ...(
    [
      [
        "a snapshot",
        "aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission",
        { accountId: other },
      ],
      ["a grant", "aws:kms/grant:Grant", { granteePrincipal: `arn:aws:iam::${other}:role/x` }],
      ["a function", "aws:lambda/permission:Permission", { principal: other }],
      ["a share", "aws:ram/principalAssociation:PrincipalAssociation", { principal: other }],
      [
        "copies",
        "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
        { rules: [{ destination: { bucket: "arn:aws:s3:::x", account: other } }] },
      ],
    ] as [what: string, type: string, inputs: Inputs][]
  ).map(([what, type, inputs]): Row => [
    `${what} for another account`,
    topic,
    "alarms",
    { beside: insteadOf(type, inputs) },
    "iam-own-accounts",
  ]),
  ...[
    ["bastion", "InstancesOfThisAccount"],
    ["cluster", "ControlPlaneOfTheCluster"],
    ["cluster-addons-vpc-cni", "PodsOfTheCluster"],
  ].map(([name = "", sid = ""]): Row => [
    `the role ${name} for a role of another account`,
    role,
    name,
    inJson("assumeRolePolicy", (doc) => {
      const trust = statement(doc, sid);
      trust.Principal = {
        ...(trust.Principal as object),
        AWS: "arn:aws:iam::999999999999:role/other",
      };
    }),
    "iam-own-accounts",
  ]),
  ...[
    ["endpoints-ecr.api", "OwnPrincipals"],
    ["endpoints-s3", "OwnPrincipalsInOwnBuckets"],
  ].map(([name = "", sid = ""]): Row => [
    `${name} for another account`,
    endpoint,
    name,
    inJson("policy", (doc) => {
      const own = statement(doc, sid).Condition?.["StringEquals"];
      if (own) own["aws:PrincipalAccount"] = "999999999999";
    }),
    "iam-own-accounts",
  ]),
  [
    "roles of every account by way of STS",
    endpoint,
    "endpoints-sts",
    inJson("policy", (doc) => {
      statement(doc, "ServiceAccountsTakeOwnRoles").Resource = "arn:aws:iam::*:role/*";
    }),
    "iam-own-accounts",
  ],
  [
    "a team of another account",
    association,
    team,
    set("principalArn", "arn:aws:iam::999999999999:role/other"),
    "iam-own-accounts",
  ],
  [
    "grants for anybody",
    key,
    "volumes",
    withoutCondition("policy", "AutoScalingAttachesVolumes"),
    "kms-grants-limited",
  ],
  [
    "grants for no AWS service",
    key,
    "volumes",
    inJson("policy", (doc) => {
      statement(doc, "AutoScalingAttachesVolumes").Condition = {
        Bool: { "kms:GrantIsForAWSResource": "false" },
      };
    }),
    "kms-grants-limited",
  ],

  // Buckets.
  [
    "a public policy let through",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "audit",
    set("blockPublicPolicy", false),
    "s3-private",
  ],
  [
    "public access lists let through",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "snapshots",
    set("blockPublicAcls", false),
    "s3-private",
  ],
  [
    "public access lists that hold",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "snapshots",
    set("ignorePublicAcls", false),
    "s3-private",
  ],
  [
    "a public bucket for other accounts",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "snapshots",
    set("restrictPublicBuckets", false),
    "s3-private",
  ],
  [
    "a bucket that blocks nothing",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "access-logs",
    "drop",
    "s3-private",
  ],
  [
    "objects that belong to who wrote them",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "audit",
    set("rule.objectOwnership", "ObjectWriter"),
    "s3-private",
  ],
  [
    "a bucket under S3's own key",
    bucketEncryption,
    "snapshots",
    set("rules[0].applyServerSideEncryptionByDefault", { sseAlgorithm: "AES256" }),
    "s3-encrypted",
  ],
  [
    "a bucket under the key of AWS",
    bucketEncryption,
    "audit",
    remove("rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId"),
    "s3-encrypted",
  ],
  [
    "a bucket that calls KMS for each object",
    bucketEncryption,
    "audit",
    remove("rules[0].bucketKeyEnabled"),
    "s3-encrypted",
  ],
  [
    "a bucket for keys of clients",
    bucketEncryption,
    "audit",
    set("rules[0].blockedEncryptionTypes", ["NONE"]),
    "s3-encrypted",
  ],
  ["a bucket that says nothing of keys", bucketEncryption, "access-logs", "drop", "s3-encrypted"],
  [
    "a bucket without versions",
    "aws:s3/bucketVersioning:BucketVersioning",
    "snapshots",
    set("versioningConfiguration.status", "Suspended"),
    "s3-versioned",
  ],
  [
    "old versions for ever",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "snapshots",
    (inputs: Inputs) => {
      inputs["rules"] = (inputs["rules"] as Inputs[]).filter(
        ({ id }) => id !== "forget-old-versions",
      );
    },
    "s3-versioned",
  ],
  [
    "plain HTTP to a bucket",
    bucketPolicy,
    "audit",
    without("policy", "OverTlsOnly"),
    "s3-tls-only",
  ],
  [
    "TLS 1.1 to a bucket",
    bucketPolicy,
    "audit",
    without("policy", "OverTls12AtLeast"),
    "s3-tls-only",
  ],
  [
    "the trail of every account",
    bucketPolicy,
    "audit",
    withoutCondition("policy", "TrailDeliversRecords"),
    "s3-tls-only",
  ],
  [
    "access logs of every account",
    bucketPolicy,
    "access-logs",
    withoutCondition("policy", "S3DeliversAccessLogs"),
    "s3-tls-only",
  ],
  [
    "a bucket for anybody",
    bucketPolicy,
    "access-logs",
    inJson("policy", (doc) => {
      statement(doc, "S3DeliversAccessLogs").Principal = "*";
      delete statement(doc, "S3DeliversAccessLogs").Condition;
    }),
    "s3-tls-only",
  ],
  [
    "a bucket that is emptied when it goes",
    "aws:s3/bucket:Bucket",
    "audit",
    set("forceDestroy", true),
    "s3-no-force-destroy",
  ],

  // The audit of the account.
  ["a trail of one region", trail, "audit", set("isMultiRegionTrail", false), "log-cloudtrail"],
  [
    "a trail without digests",
    trail,
    "audit",
    set("enableLogFileValidation", false),
    "log-cloudtrail",
  ],
  ["a trail that is off", trail, "audit", set("enableLogging", false), "log-cloudtrail"],
  [
    "a trail without global services",
    trail,
    "audit",
    set("includeGlobalServiceEvents", false),
    "log-cloudtrail",
  ],
  ["a trail under S3's own key", trail, "audit", remove("kmsKeyId"), "log-cloudtrail"],
  [
    "a trail that nobody watches",
    trail,
    "audit",
    remove("cloudWatchLogsGroupArn"),
    "log-cloudtrail",
  ],
  ["a trail that cannot write", trail, "audit", remove("cloudWatchLogsRoleArn"), "log-cloudtrail"],
  ["a trail of data alone", trail, "audit", remove("advancedEventSelectors[0]"), "log-cloudtrail"],
  [
    "evidence that can be deleted",
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    "audit",
    "drop",
    "log-trail-locked",
  ],
  [
    "evidence that is locked for no time",
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    "audit",
    set("rule.defaultRetention.days", 0),
    "log-trail-locked",
  ],
  [
    "evidence that is locked for a day",
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    "audit",
    set("rule.defaultRetention.days", 1),
    "log-trail-locked",
  ],
  [
    "a bucket of evidence that cannot be locked",
    "aws:s3/bucket:Bucket",
    "audit",
    set("objectLockEnabled", false),
    "log-trail-locked",
  ],
  [
    "a key for the trails of every account",
    key,
    "audit",
    withoutCondition("policy", "TrailEncryptsRecords"),
    "kms-no-wildcard-principal",
  ],
  [
    "a key that trails of every account open",
    key,
    "audit",
    withoutCondition("policy", "TrailChecksTheKey"),
    "kms-no-wildcard-principal",
  ],
  [
    "a key for the alarms of every account",
    key,
    "alarms",
    withoutCondition("policy", "AlarmsEncryptMessages"),
    "kms-no-wildcard-principal",
  ],
  [
    "a role for trails, and for a service of every account",
    role,
    "audit",
    inJson(
      "assumeRolePolicy",
      (doc) =>
        (statement(doc, "TrailsOfThisAccount").Principal = {
          Service: ["cloudtrail.amazonaws.com", "s3.amazonaws.com"],
        }),
    ),
    "iam-trust-narrow",
  ],
  ["audit records in the clear", logGroup, "audit", remove("kmsKeyId"), "log-group-encrypted"],
  [
    "a detector that is off",
    "aws:guardduty/detector:Detector",
    "threats",
    set("enable", false),
    "mon-guardduty",
  ],
  ...["threats-eks-audit-logs", "threats-runtime-monitoring"].map((name): Row => [
    `${name} off`,
    "aws:guardduty/detectorFeature:DetectorFeature",
    name,
    set("status", "DISABLED"),
    "mon-guardduty",
  ]),
  ["findings that nobody takes", eventRule, "threats-findings", "drop", "mon-findings-told"],
  ["findings that go nowhere", eventTarget, "threats-findings", "drop", "mon-findings-told"],
  [
    "findings of one kind",
    eventRule,
    "threats-findings",
    inJson("eventPattern", (doc) =>
      Object.assign(doc, { detail: { type: ["Recon:EC2/Portscan"] } }),
    ),
    "mon-findings-told",
  ],
  [
    "an agent that somebody takes away unseen",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    "alarms-agent-removed",
    "drop",
    "mon-trail-watched",
  ],
  [
    "user data that somebody changes unseen",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    "alarms-user-data-changed",
    "drop",
    "mon-trail-watched",
  ],
  [
    "findings that raise no alarm",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    "threats-found",
    "drop",
    "mon-findings-told",
  ],
  [
    "findings' log for everybody's events",
    logPolicy,
    "threats-findings",
    withoutCondition("policyDocument", "FindingsAreWritten"),
    "log-resource-policy-narrow",
  ],
  ["nodes without an agent", "aws:eks/addon:Addon", "runtime-agent", "drop", "mon-guardduty"],
  [
    "an agent's endpoint for every account",
    endpoint,
    "runtime-agent",
    withoutCondition("policy", "OwnPrincipals"),
    "net-endpoint-policy",
  ],
  ["alarms in the clear", topic, "alarms", remove("kmsMasterKeyId"), "mon-topic-encrypted"],
  [
    "alarms of every account",
    topic,
    "alarms",
    withoutCondition("policy", "AlarmsOfTheStack"),
    "mon-topic-encrypted",
  ],
  ["alarms over HTTP", topic, "alarms", without("policy", "OverTlsOnly"), "mon-topic-encrypted"],
  [
    "alarms that nobody reads",
    "aws:sns/topicSubscription:TopicSubscription",
    "alarms-platform@example.com",
    "drop",
    "mon-alarms-tell",
  ],
  [
    "alarms that a filter keeps from people",
    "aws:sns/topicSubscription:TopicSubscription",
    "alarms-platform@example.com",
    set("filterPolicy", '{"x":["y"]}'),
    "mon-alarms-tell",
  ],
  [
    "an alarm without its topic",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "alarms-root-user",
    remove("alarmActions"),
    "mon-alarms-tell",
  ],
  [
    "a metric without its alarm",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "alarms-trail-stopped",
    "drop",
    "mon-alarms-tell",
  ],
  [
    "volumes in the clear by default",
    "aws:ebs/encryptionByDefault:EncryptionByDefault",
    "guards",
    set("enabled", false),
    "ebs-default-encryption",
  ],
  [
    "volumes under the key of AWS by default",
    "aws:ebs/defaultKmsKey:DefaultKmsKey",
    "guards",
    "drop",
    "ebs-default-encryption",
  ],
  [
    "public buckets in the account",
    "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock",
    "guards",
    set("restrictPublicBuckets", false),
    "aws-account-guards",
  ],
  [
    "public snapshots in the account",
    "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess",
    "guards",
    set("state", "unblocked"),
    "aws-account-guards",
  ],
  [
    "public images in the account",
    "aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess",
    "guards",
    set("state", "unblocked"),
    "aws-account-guards",
  ],
  [
    "IMDSv1 in the account",
    "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults",
    "guards",
    set("httpTokens", "optional"),
    "aws-account-guards",
  ],
  [
    "metadata for containers in the account",
    "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults",
    "guards",
    set("httpPutResponseHopLimit", 2),
    "aws-account-guards",
  ],
  [
    "resources of nobody",
    "pulumi:providers:aws",
    "aws",
    set("defaultTags", JSON.stringify({ tags: {} })),
    "aws-required-tags",
  ],

  // The entry.
  [
    "an entry that does not say whom it faces",
    balancer,
    "entry",
    remove("internal"),
    "exp-lb-internal",
  ],
  [
    "malformed headers passed on",
    balancer,
    "entry",
    remove("dropInvalidHeaderFields"),
    "exp-alb-drop-invalid-headers",
  ],
  [
    "smuggled requests only watched",
    balancer,
    "entry",
    set("desyncMitigationMode", "monitor"),
    "exp-alb-drop-invalid-headers",
  ],
  [
    "an entry that can be deleted",
    balancer,
    "entry",
    set("enableDeletionProtection", false),
    "exp-alb-deletion-protection",
  ],
  ["requests unlogged", balancer, "entry", remove("accessLogs"), "log-lb-access"],
  [
    "connections unlogged",
    balancer,
    "entry",
    set("connectionLogs.enabled", false),
    "log-lb-access",
  ],
  [
    "requests around a firewall that is down",
    balancer,
    "entry",
    set("enableWafFailOpen", true),
    "exp-alb-waf",
  ],
  [
    "an entry in the default group",
    balancer,
    "entry",
    remove("securityGroups"),
    "exp-alb-inbound-cidrs",
  ],
  ["TLS 1.0", listener, "entry-https", remove("sslPolicy"), "exp-alb-tls-policy"],
  [
    "TLS with CBC",
    listener,
    "entry-https",
    set("sslPolicy", "ELBSecurityPolicy-TLS13-1-2-2021-06"),
    "exp-alb-tls-policy",
  ],
  [
    "no strict transport",
    listener,
    "entry-https",
    remove("routingHttpResponseStrictTransportSecurityHeaderValue"),
    "exp-alb-hsts",
  ],
  [
    "the server's name in answers",
    listener,
    "entry-https",
    remove("routingHttpResponseServerEnabled"),
    "exp-alb-no-server-header",
  ],
  [
    "requests in the clear",
    listener,
    "entry-https",
    set("protocol", "HTTP"),
    "exp-alb-https-redirect",
  ],
  [
    "a redirect for now",
    listener,
    "entry-http",
    set("defaultActions[0].redirect.statusCode", "HTTP_302"),
    "exp-alb-https-redirect",
  ],
  [
    "an HTTP listener that forwards",
    listener,
    "entry-http",
    set("defaultActions[0].type", "forward"),
    "exp-alb-https-redirect",
  ],
  [
    "no firewall",
    "aws:wafv2/webAclAssociation:WebAclAssociation",
    "entry-firewall",
    "drop",
    "exp-alb-waf",
  ],
  ["no limit of requests", webAcl, "entry-firewall", remove("rules[0]"), "exp-alb-waf"],
  ["no list of bad addresses", webAcl, "entry-firewall", remove("rules[1]"), "exp-alb-waf"],
  ["no known bad inputs", webAcl, "entry-firewall", remove("rules[2]"), "exp-alb-waf"],
  [
    "common attacks only counted",
    webAcl,
    "entry-firewall",
    set("rules[3].overrideAction", { count: {} }),
    "exp-alb-waf",
  ],
  [
    "common attacks looked for in some requests",
    webAcl,
    "entry-firewall",
    set("rules[3].statement.managedRuleGroupStatement.scopeDownStatement", {
      geoMatchStatement: { countryCodes: ["AQ"] },
    }),
    "exp-alb-waf",
  ],
  [
    "an attack only counted",
    webAcl,
    "entry-firewall",
    set("rules[3].statement.managedRuleGroupStatement.ruleActionOverrides", [
      { name: "CrossSiteScripting_BODY", actionToUse: { count: {} } },
    ]),
    "exp-alb-waf",
  ],
  [
    "a limit for some requests",
    webAcl,
    "entry-firewall",
    set("rules[0].statement.rateBasedStatement.scopeDownStatement", {
      geoMatchStatement: { countryCodes: ["AQ"] },
    }),
    "exp-alb-waf",
  ],
  [
    "a limit that stops nobody",
    webAcl,
    "entry-firewall",
    set("rules[0].statement.rateBasedStatement.limit", 2_000_000_000),
    "exp-alb-waf",
  ],
  [
    "requests allowed before the firewall judges them",
    webAcl,
    "entry-firewall",
    allowFirst,
    "exp-alb-waf",
  ],
  [
    "requests allowed after copies of the rules that see none of them",
    webAcl,
    "entry-firewall",
    allowAfterCopies,
    "exp-alb-waf",
  ],
  [
    "credentials in samples",
    webAcl,
    "entry-firewall",
    remove("dataProtectionConfig"),
    "exp-alb-waf-log",
  ],
  ["no log of the firewall", webAclLogging, "entry-firewall", "drop", "exp-alb-waf-log"],
  [
    "credentials in the firewall's log",
    webAclLogging,
    "entry-firewall",
    remove("redactedFields"),
    "exp-alb-waf-log",
  ],
  [
    "cookies in the firewall's log",
    webAclLogging,
    "entry-firewall",
    remove("redactedFields[1]"),
    "exp-alb-waf-log",
  ],
  [
    "the firewall's log in the clear",
    logGroup,
    "entry-firewall",
    remove("kmsKeyId"),
    "log-group-encrypted",
  ],
  [
    "a certificate that somebody must renew",
    "aws:acm/certificate:Certificate",
    "entry-certificate",
    set("validationMethod", "EMAIL"),
    "tls-cert-lifetime",
  ],
  [
    "a name that leads elsewhere",
    "aws:route53/record:Record",
    "entry-apps.example.com",
    (inputs: Inputs) => {
      delete inputs["aliases"];
      inputs["records"] = ["203.0.113.7"];
    },
    "exp-dns-to-known-lb",
  ],
  [
    "the API's public endpoint",
    cluster,
    "cluster",
    set("vpcConfig.endpointPublicAccess", true),
    "net-only-bastion-and-alb-public",
  ],
  [
    "the mesh gateway open to the world",
    ingress,
    "rules-nodes-ingress-entry-8443",
    openWorld,
    "net-sg-no-world-ingress",
  ],
  [
    "another port of the entry",
    ingress,
    "rules-entry-ingress-clients-443-0.0.0.0/0",
    set("toPort", 8443),
    "net-sg-no-world-ingress",
  ],

  // The account and what it keeps.
  [
    "a provider for any account",
    "pulumi:providers:aws",
    "aws",
    remove("allowedAccountIds"),
    "aws-allowed-accounts",
  ],
  [
    "snapshots that anybody may share",
    "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess",
    "guards",
    "drop",
    "aws-account-guards-whole",
  ],
  [
    "a trail that sees no objects",
    trail,
    "audit",
    remove("advancedEventSelectors[1]"),
    "log-trail-objects",
  ],
  [
    "a trail that stops unheard",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    "alarms-trail-stopped",
    "drop",
    "mon-trail-watched",
  ],
  [
    "alarms that are deleted unheard",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    "alarms-alarms-silenced",
    "drop",
    "mon-trail-watched",
  ],
  [
    "an alarm at the fifth use of the root user",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "alarms-root-user",
    set("threshold", 5),
    "mon-alarms-at-once",
  ],
  [
    "a lock that holds for no time",
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    "audit",
    "drop",
    "s3-lock-retention",
  ],
  [
    "snapshots that administrators delete at once",
    bucketPolicy,
    "snapshots",
    without("policy", "NobodyBypassesTheLock"),
    "s3-lock-retention",
  ],
  [
    "objects under any kind of key",
    bucketPolicy,
    "snapshots",
    without("policy", "NobodyNamesAKind"),
    "s3-kms-only",
  ],
  [
    "objects under a key of another account",
    bucketPolicy,
    "snapshots",
    without("policy", "NobodyNamesAKey"),
    "s3-kms-only",
  ],
  [
    "access logs under a key of another account",
    bucketPolicy,
    "access-logs",
    without("policy", "NobodyNamesAKey"),
    "s3-kms-only",
  ],
  [
    "evidence under another key than it was",
    bucketPolicy,
    "audit",
    without("policy", "NobodyChangesTheKey"),
    "s3-kms-only",
  ],
  [
    "failed records under a key of any account",
    bucketPolicy,
    "failed-logs",
    without("policy", "UnderAKeyOfTheAccountOnly"),
    "s3-kms-only",
  ],
  [
    "a bucket whose readers nobody knows",
    "aws:s3/bucketLogging:BucketLogging",
    "snapshots",
    "drop",
    "s3-access-logged",
  ],
  [
    "records of a month",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "audit",
    set("rules[0].expiration.days", 30),
    "log-records-kept",
  ],
  ["a log store to delete", domain, "log-store", unprotected, "es-kept"],
  [
    "a function that writes to a log group of its own",
    "aws:lambda/function:Function",
    "log-delivery-events",
    remove("loggingConfig"),
    "log-groups-made",
  ],
  [
    "code of a function under AWS' key",
    "aws:lambda/function:Function",
    "log-delivery-events",
    remove("sourceKmsKeyArn"),
    "kms-functions-encrypted",
  ],
  [
    "the environment of a function under AWS' key",
    "aws:lambda/function:Function",
    "log-store-admin",
    remove("kmsKeyArn"),
    "kms-functions-encrypted",
  ],
  [
    "the functions' key for functions of every account",
    key,
    "functions",
    inJson("policy", (doc) => delete statement(doc, "LambdaEncryptsFunctions").Condition),
    "kms-no-wildcard-principal",
  ],
  ...(
    [
      [
        "the functions' key for whose bucket it may be",
        key,
        "functions",
        "policy",
        "LambdaEncryptsFunctions",
        "kms-no-wildcard-principal",
      ],
      [
        "the control plane's role for whose bucket it may be",
        role,
        "cluster",
        "assumeRolePolicy",
        "ControlPlaneOfTheCluster",
        "iam-trust-narrow",
      ],
      [
        "the store's log groups for whose bucket it may be",
        logPolicy,
        "log-store",
        "policyDocument",
        "DomainWritesItsLogs",
        "log-resource-policy-narrow",
      ],
    ] as [what: string, type: string, name: string, input: string, sid: string, rule: string][]
  ).map(([what, type, name, input, sid, rule]): Row => [
    what,
    type,
    name,
    inJson(input, (doc) => {
      statement(doc, sid).Condition = { ArnLike: { "aws:SourceArn": "arn:aws:s3:::uploads" } };
    }),
    rule,
  ]),
  [
    "volumes' key for all that a service can do",
    key,
    "volumes",
    inJson("policy", (doc) => (statement(doc, "AutoScalingUsesVolumes").Action = "kms:*")),
    "kms-actions-named",
  ],
  [
    "a role for all pods of the cluster",
    role,
    "log-store-admin",
    inJson("assumeRolePolicy", (doc) => {
      const trust = statement(doc, "FunctionsOfThisAccount");
      trust.Principal = { Service: "pods.eks.amazonaws.com" };
      trust.Action = ["sts:AssumeRole", "sts:TagSession"];
      trust.Condition = {
        StringEquals: {
          "aws:SourceAccount": "111122223333",
          "aws:RequestTag/kubernetes-namespace": "logging",
        },
      };
    }),
    "iam-pod-identity-named",
  ],
  ...[
    ["all pods that name no account", "serviceAccount", "default"],
    ["the deployer", "roleArn", "arn:aws:iam::444455556666:role/drawbridge-deployer"],
  ].map(([whom = "", input = "", value = ""]): Row => [
    `the add-on with the role of ${whom}`,
    "aws:eks/addon:Addon",
    "cluster-addons-vpc-cni",
    set(`podIdentityAssociations[0].${input}`, value),
    "iam-pods-own-roles",
  ]),
  [
    "the CNI's role for machines, too",
    role,
    "cluster-addons-vpc-cni",
    inJson("assumeRolePolicy", (doc) => {
      statement(doc, "PodsOfTheCluster").Principal = {
        Service: ["pods.eks.amazonaws.com", "ec2.amazonaws.com"],
      };
    }),
    "iam-pods-own-roles",
  ],
  [
    "all that the store's service can do for its administrator",
    rolePolicy,
    "log-store-admin",
    inJson("policy", (doc) => (statement(doc, "AdministerTheStore").Action = "es:*")),
    "iam-no-service-wildcard",
  ],
  [
    "all that the log store's service can do",
    rolePolicy,
    "log-delivery",
    inJson("policy", (doc) => (statement(doc, "IndexInTheStore").Action = "es:*")),
    "iam-no-service-wildcard",
  ],
  [
    "requests to the log store by a pattern",
    rolePolicy,
    "log-delivery",
    inJson("policy", (doc) => (statement(doc, "IndexInTheStore").Action = "es:ESHttp*")),
    "iam-actions-named",
  ],
  [
    "objects of every bucket",
    rolePolicy,
    "log-delivery",
    inJson("policy", (doc) => (statement(doc, "KeepFailedRecords").Resource = "*")),
    "iam-resources-named",
  ],
  [
    "a role that throws away what others give it",
    role,
    "log-delivery",
    (inputs) => {
      inputs["inlinePolicies"] = [];
    },
    "iam-role-one-manager",
  ],
  [
    "a person in IAM",
    role,
    "log-store-admin",
    { beside: as("aws:iam/user:User") },
    "iam-no-users-keys",
  ],
  [
    "a provider of identities for any audience",
    role,
    "log-store-admin",
    {
      beside: (inputs, one) => {
        as("aws:iam/openIdConnectProvider:OpenIdConnectProvider")(inputs, one);
        Object.assign(inputs, {
          url: "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF",
          clientIdLists: ["everybody"],
        });
      },
    },
    "iam-oidc-audience",
  ],

  // One of each, and one for each zone.
  [
    "a zone that goes out through another",
    route,
    "network-nat-private-eu-west-1b",
    (_inputs, one) => {
      const [own = ""] = one.propertyDependencies["natGatewayId"] ?? [];
      one.propertyDependencies = {
        ...one.propertyDependencies,
        natGatewayId: [own.replace("eu-west-1b", "eu-west-1a")],
      };
    },
    "net-nat-per-az",
  ],
  [
    "addresses instead of a group",
    ingress,
    "rules-nodes-ingress-api-10250",
    (inputs) => {
      delete inputs["referencedSecurityGroupId"];
      inputs["cidrIpv4"] = "10.20.240.0/24";
    },
    "net-sg-reference-over-cidr",
  ],
  [
    "the default VPC",
    vpc,
    "network",
    { beside: as("aws:ec2/defaultVpc:DefaultVpc") },
    "net-no-default-vpc",
  ],
  [
    "a second way to the internet",
    "aws:ec2/internetGateway:InternetGateway",
    "network-internet",
    { beside: () => undefined },
    "net-igw-single",
  ],
  ["a second entry", balancer, "entry", { beside: () => undefined }, "exp-single-public-alb"],
  [
    "another load balancer, inside",
    balancer,
    "entry",
    { beside: set("internal", true) },
    "cost-lb-count",
  ],
  [
    "plain text behind the entry",
    "aws:lb/targetGroup:TargetGroup",
    "entry",
    set("protocol", "HTTP"),
    "exp-alb-tls-to-targets",
  ],
  [
    "a bastion without a role",
    template,
    "bastion",
    remove("iamInstanceProfile"),
    "compute-instance-profile",
  ],
  [
    "sessions from everywhere",
    policy,
    "bastion-sessions",
    inJson("policy", (doc) => delete statement(doc, "OnTheBastion").Condition?.["IpAddress"]),
    "bastion-session-trusted-cidrs",
  ],
  [
    "the API's public endpoint for the world",
    cluster,
    "cluster",
    (inputs) =>
      Object.assign(inputs["vpcConfig"] as Inputs, {
        endpointPublicAccess: true,
        publicAccessCidrs: [world],
      }),
    "eks-public-cidrs-never-world",
  ],
  // Vault's servers.
  ["a public way to Vault", balancer, "vault", set("internal", false), "exp-single-public-alb"],
  ["Vault itself in public", balancer, "vault", set("internal", false), "vault-not-public"],
  [
    "servers of Vault without TLS",
    "aws:lb/targetGroup:TargetGroup",
    "vault",
    set("healthCheck.protocol", "HTTP"),
    "vault-not-public",
  ],
  [
    "an audit log of which another file leaves its server",
    template,
    "vault-1",
    (inputs) => {
      const text = Buffer.from(String(inputs["userData"]), "base64").toString();
      const elsewhere = text.replaceAll(/"options":{"file_path":"[^"]*"/g, (options) =>
        options.replace("audit.log", "other.log"),
      );
      inputs["userData"] = Buffer.from(elsewhere).toString("base64");
    },
    "pki-audit-enabled",
  ],
  [
    "secrets in an audit log",
    template,
    "vault-1",
    (inputs) => {
      const text = Buffer.from(String(inputs["userData"]), "base64").toString();
      const withSecrets = text.replaceAll('"mode":"0600"', '"log_raw":"true"');
      inputs["userData"] = Buffer.from(withSecrets).toString("base64");
    },
    "pki-audit-enabled",
  ],
  [
    "an audit log that stays on its server",
    template,
    "vault-1",
    (inputs) => {
      const text = Buffer.from(String(inputs["userData"]), "base64").toString();
      inputs["userData"] = Buffer.from(text.replaceAll("audit", "other")).toString("base64");
    },
    "pki-audit-enabled",
  ],
  [
    "a load balancer of Vault that ends TLS and logs nothing",
    listener,
    "vault",
    set("protocol", "TLS"),
    "log-lb-access",
  ],
  [
    "a server of Vault with old metadata",
    template,
    "vault-0",
    set("metadataOptions.httpTokens", "optional"),
    "compute-imdsv2",
  ],
  [
    "a server of Vault that says otherwise than its template",
    "aws:ec2/instance:Instance",
    "vault-0",
    set("metadataOptions", { httpTokens: "optional" }),
    "compute-imdsv2",
  ],
  [
    "a server of Vault that lets its metadata leave",
    "aws:ec2/instance:Instance",
    "vault-1",
    set("metadataOptions", { httpTokens: "required", httpPutResponseHopLimit: 2 }),
    "compute-imds-hop-limit-1",
  ],
  [
    "an open disk of a server of Vault",
    "aws:ec2/instance:Instance",
    "vault-1",
    set("rootBlockDevice", { encrypted: false }),
    "compute-ebs-encrypted",
  ],
  [
    "an open volume of Vault",
    "aws:ebs/volume:Volume",
    "vault-2",
    set("encrypted", false),
    "compute-ebs-encrypted",
  ],
  [
    "the default group for Vault",
    "aws:ec2/networkInterface:NetworkInterface",
    "vault-0",
    (_inputs, one) => {
      const network = "urn:pulumi:prod::drawbridge::drawbridge:aws:Network";
      one.propertyDependencies = {
        ...one.propertyDependencies,
        securityGroups: [
          `${network}$aws:ec2/defaultSecurityGroup:DefaultSecurityGroup::network-default`,
        ],
      };
    },
    "compute-own-security-groups",
  ],
  // Authorities, and who may ask them.
  [
    "etcd under the authority of Kubernetes",
    rootCert,
    "pki-etcd-k8s-root",
    "drop",
    "pki-three-cas",
  ],
  [
    "an authority that signs itself and is nobody's",
    rootCert,
    "pki-etcd-k8s-root",
    { beside: set("backend", "pki/shadow") },
    "pki-three-cas",
  ],
  [
    "a second authority of Kubernetes",
    rootCert,
    "pki-kubernetes-root",
    { beside: set("backend", "other/kubernetes") },
    "pki-three-cas",
  ],
  [
    "a key that leaves its mount",
    rootCert,
    "pki-kubernetes-root",
    set("type", "exported"),
    "pki-no-shared-ca",
  ],
  [
    "the key of a certificate in the state",
    pkiRole,
    "pki-kubernetes-services",
    {
      beside: insteadOf("vault:pkiSecret/secretBackendCert:SecretBackendCert", {
        backend: "pki/kubernetes",
        name: "services",
        commonName: "istiod.istio-system.svc",
      }),
    },
    "pki-no-shared-ca",
  ],
  [
    "certificates of a year",
    pkiRole,
    "pki-kubernetes-services",
    set("maxTtl", "31536000"),
    "pki-short-ttl",
  ],
  [
    "any name",
    pkiRole,
    "pki-kubernetes-services",
    set("allowAnyName", true),
    "pki-role-restricted",
  ],
  [
    "certificates for whoever asks by ACME",
    pkiRole,
    "pki-kubernetes-services",
    {
      beside: insteadOf("vault:pkiSecret/backendConfigAcme:BackendConfigAcme", {
        backend: "pki/kubernetes",
        enabled: true,
        eabPolicy: "not-required",
        defaultDirectoryPolicy: "sign-verbatim",
      }),
    },
    "pki-acme-restricted",
  ],
  [
    "workloads of any mesh",
    pkiRole,
    "pki-mesh-workload",
    set("allowedUriSans", ["spiffe://*"]),
    "pki-role-restricted",
  ],
  [
    "services that are nodes",
    pkiRole,
    "pki-kubernetes-services",
    set("organizations", ["system:nodes"]),
    "pki-role-restricted",
  ],
  [
    "packages without a signature",
    "aws:ec2/launchTemplate:LaunchTemplate",
    "vault-0",
    set("userData", Buffer.from("dnf -y --nogpgcheck install vault\n").toString("base64")),
    "compute-userdata-verified",
  ],
  [
    "a key for all secrets as the seal",
    template,
    "vault-0",
    (inputs) => {
      const text = Buffer.from(String(inputs["userData"]), "base64").toString();
      const sealed = `${text}export VAULT_AWSKMS_SEAL_KEY_ID=alias/drawbridge/prod/vault-secrets\n`;
      inputs["userData"] = Buffer.from(sealed).toString("base64");
    },
    "vault-kept",
  ],
  [
    "a seal's key that anybody may disable",
    "aws:kms/key:Key",
    "vault-seal",
    set("policy", JSON.stringify({ Version: "2012-10-17", Statement: [] })),
    "vault-kept",
  ],
  [
    "files of a server of Vault that everybody with rights by IAM may read",
    "aws:secretsmanager/secret:Secret",
    "vault-1-files",
    without("policy", "ReadByNobodyElse"),
    "iam-secret-readers-named",
  ],
  [
    "files of a server of Vault that everybody with rights by IAM may write",
    "aws:secretsmanager/secret:Secret",
    "vault-1-files",
    without("policy", "WrittenByNobodyElse"),
    "iam-secret-writers-named",
  ],
  [
    "a secret of Vault whose policy everybody with rights by IAM may change",
    "aws:secretsmanager/secret:Secret",
    "vault-0-files",
    without("policy", "OpenedByNobodyElse"),
    "iam-secret-writers-named",
  ],
  [
    "recovery keys without a policy",
    "aws:secretsmanager/secret:Secret",
    "vault-recovery",
    remove("policy"),
    "iam-secret-readers-named",
  ],
  ["short keys", pkiRole, "pki-mesh-workload", set("keyBits", 224), "pki-key-strength"],
  [
    "an authority of a hundred years",
    rootCert,
    "pki-kubernetes-root",
    set("ttl", "3153600000"),
    "pki-ca-max-lease",
  ],
  [
    "no lists of what is revoked",
    "vault:pkiSecret/secretBackendConfigUrls:SecretBackendConfigUrls",
    "pki-kubernetes-urls",
    "drop",
    "pki-crl-urls",
  ],
  [
    "certificates that outlive their authority",
    "vault:pkiSecret/secretBackendIssuer:SecretBackendIssuer",
    "pki-kubernetes-issuer",
    set("leafNotAfterBehavior", "permit"),
    "pki-issuer-in-force",
  ],
  [
    "any service account of a name",
    kubernetesLogin,
    "pki-logins-mesh",
    set("boundServiceAccountNamespaces", ["*"]),
    "vault-k8s-auth-bound",
  ],
  [
    "tokens that live for a quarter",
    kubernetesLogin,
    "pki-logins-services",
    set("tokenExplicitMaxTtl", 90 * 24 * 60 * 60),
    "pki-outlives-instance",
  ],
  [
    "a policy over everything",
    vaultPolicy,
    "pki-logins-mesh",
    set("policy", JSON.stringify({ path: { "*": { capabilities: ["update"] } } })),
    "pki-token-policy-least",
  ],
  [
    "all calls of an authority",
    vaultPolicy,
    "pki-logins-mesh",
    set("policy", JSON.stringify({ path: { "pki/mesh/*": { capabilities: ["update"] } } })),
    "pki-token-policy-least",
  ],
  [
    "the deployer's rights for an account",
    kubernetesLogin,
    "pki-logins-mesh",
    set("tokenPolicies", ["pki-mesh", "deployer"]),
    "pki-token-policy-least",
  ],
  [
    "all rights for whoever an entity is",
    kubernetesLogin,
    "pki-logins-mesh",
    { beside: insteadOf("vault:identity/entity:Entity", { name: "x", policies: ["root"] }) },
    "pki-token-policy-least",
  ],
  [
    "a policy by a path of Vault",
    kubernetesLogin,
    "pki-logins-mesh",
    {
      beside: insteadOf("vault:generic/endpoint:Endpoint", {
        path: "sys/policies/acl/pki-mesh",
        dataJson: JSON.stringify({ policy: 'path "*" { capabilities = ["sudo"] }' }),
      }),
    },
    "vault-types-known",
  ],
  ...["pki/+/sign/+", "pki/kubernetes/issue/*", "pki/mesh/sign/wor*"].map((path): Row => [
    `roles of others by ${path}`,
    vaultPolicy,
    "pki-logins-mesh",
    inJson("policy", ({ path: grants = {} }) => {
      // Its limits stay, so what a request may choose is no more than before.
      grants[path] = grants["pki/mesh/sign/workload"];
      delete grants["pki/mesh/sign/workload"];
    }),
    "pki-token-policy-least",
  ]),
  [
    "a role that the table does not have",
    vaultPolicy,
    "pki-logins-mesh",
    set("policy", JSON.stringify({ path: { "pki/+/roles/+": { capabilities: ["update"] } } })),
    "pki-token-policy-least",
  ],
  [
    "another API that says who an account is",
    vaultPolicy,
    "pki-logins-mesh",
    set(
      "policy",
      JSON.stringify({ path: { "auth/cluster/config": { capabilities: ["update"] } } }),
    ),
    "pki-token-policy-least",
  ],
  [
    "an end of one's own choice, by an issuer of one's own choice",
    vaultPolicy,
    "pki-logins-mesh",
    set(
      "policy",
      JSON.stringify({ path: { "pki/+/issuer/+/sign/+": { capabilities: ["update"] } } }),
    ),
    "pki-no-chosen-end",
  ],
  [
    "an end of one's own choice",
    vaultPolicy,
    "pki-logins-mesh",
    set(
      "policy",
      JSON.stringify({ path: { "pki/mesh/sign/workload": { capabilities: ["update"] } } }),
    ),
    "pki-no-chosen-end",
  ],
  [
    "a token of Vault in the state",
    "pulumi:providers:vault",
    "vault",
    set("token", "hvs.token"),
    "vault-provider-login",
  ],
];

/** With a bastion for SSH, whose user data has the rules of its server. */
const sshRows: Row[] = [
  ...(
    [
      [
        "an exchange with SHA-1",
        "curve25519-sha256@libssh.org",
        "diffie-hellman-group14-sha1",
        "modern",
      ],
      ["a cipher without authentication", "aes128-ctr", "aes128-cbc", "modern"],
      ["a MAC of 64 bits", "umac-128@openssh.com", "umac-64@openssh.com", "modern"],
      ["a DSA host key", "host-keys/rsa\n", "host-keys/dsa\n", "modern"],
      ["passwords instead of keys", "Methods publickey", "Methods password", "no-root-no-password"],
      ["root", "PermitRootLogin no", "PermitRootLogin yes", "no-root-no-password"],
      ["codes alone", "Methods publickey,", "Methods ", "no-root-no-password"],
      ["codes nobody asks for", ",keyboard-interactive:pam", "", "no-root-no-password"],
      ["codes past PAM", "UsePAM yes", "UsePAM no", "no-root-no-password"],
      ["codes that may be wrong", "[default=die]", "optional", "no-root-no-password"],
      ["codes from who has them", "usersfile=", "alwaysok usersfile=", "no-root-no-password"],
      ["passwords for codes", "pam_oath.so", "pam_unix.so", "no-root-no-password"],
      ["every account", "AllowUsers alice", "AllowUsers *", "no-root-no-password"],
      ["a log without keys", "LogLevel VERBOSE", "LogLevel INFO", "audit"],
      ["file transfer without a log", " -f AUTHPRIV -l INFO", "", "audit"],
      ["weak moduli", "$5 >= 3071", "$5 >= 2047", "audit"],
      ["a log that stays behind", '"log_group_name"', '"log_name"', "audit"],
      ["another log than its own", "/var/log/secure", "/var/log/cron", "audit"],
      ["agents", "AllowAgentForwarding no", "AllowAgentForwarding yes", "forwarding"],
      ["displays", "X11Forwarding no", "X11Forwarding yes", "forwarding"],
      ["a network device", "PermitTunnel no", "PermitTunnel yes", "forwarding"],
      ["tunnels to anywhere", "PermitOpen none", "PermitOpen any", "forwarding"],
      ["file transfer", "ForceCommand /sbin/nologin\n", "", "forwarding"],
    ] as const
  ).map(([what, from, to, rule]): Row => [
    `SSH with ${what}`,
    template,
    "bastion",
    inUserData(from, to),
    `bastion-sshd-${rule}`,
  ]),
  [
    "a bastion that reads every secret",
    rolePolicy,
    "bastion",
    inJson("policy", (doc) => (statement(doc, "ReadKeysOfCodes").Resource = "*")),
    "iam-resources-named",
  ],
  [
    "a bastion that decrypts everything",
    rolePolicy,
    "bastion",
    withoutCondition("policy", "DecryptKeysOfCodes"),
    "kms-decrypt-named-keys",
  ],
  ["no endpoint for secrets", endpoint, "endpoints-secretsmanager", "drop", "net-vpc-endpoints"],
  [
    "an endpoint to everybody's secrets",
    endpoint,
    "endpoints-secretsmanager",
    inJson("policy", (doc) => {
      const [own] = doc.Statement;
      if (own) own.Resource = "*";
    }),
    "net-endpoint-policy",
  ],
  ["no log group of SSH", logGroup, "bastion", "drop", "bastion-sshd-audit"],
  ["a log of SSH without a key", logGroup, "bastion", remove("kmsKeyId"), "log-group-encrypted"],
  ["a log of SSH for a day", logGroup, "bastion", set("retentionInDays", 1), "log-group-encrypted"],
  [
    "a bastion that writes every log",
    rolePolicy,
    "bastion",
    inJson("policy", (doc) => (statement(doc, "WriteTheLog").Resource = "*")),
    "iam-resources-named",
  ],
  [
    "packages from any bucket",
    endpoint,
    "endpoints-s3",
    inJson("policy", (doc) => (statement(doc, "AmazonLinuxPackages").Resource = "arn:aws:s3:::*")),
    "net-endpoint-policy",
  ],
  [
    "packages past the gateway of S3",
    endpoint,
    "endpoints-s3",
    (inputs, one) => {
      inputs["routeTableIds"] = (inputs["routeTableIds"] as unknown[]).slice(0, -1);
      const tables = one.propertyDependencies["routeTableIds"] ?? [];
      one.propertyDependencies = {
        ...one.propertyDependencies,
        routeTableIds: tables.filter((urn) => !urn.endsWith("network-public")),
      };
    },
    "net-endpoint-policy",
  ],
  [
    "a way out for packages to the internet",
    egress,
    "rules-bastion-egress-s3-443",
    (inputs) => {
      delete inputs["prefixListId"];
      inputs["cidrIpv4"] = world;
    },
    "bastion-egress-named",
  ],
  [
    "SSH open to the world",
    ingress,
    "rules-bastion-ingress-trusted-22-203.0.113.0/24",
    set("cidrIpv4", world),
    "bastion-ssh-trusted-cidrs",
  ],
  [
    "SSH of the public ACL open to the world",
    acl,
    "network-public",
    set("ingress[4].cidrBlock", world),
    "net-nacl-no-open-admin",
  ],
  [
    "an address that is nobody's",
    "aws:ec2/eip:Eip",
    "bastion",
    (inputs, one) => {
      delete inputs["tags"];
      one.name = "spare";
    },
    "net-eip-only-nat-bastion",
  ],
  [
    "the bastion's address on a server of Vault",
    "aws:ec2/eip:Eip",
    "bastion",
    (inputs, one) => {
      inputs["instance"] = unknown;
      const server =
        "urn:pulumi:prod::drawbridge::drawbridge:vault:VaultServers$aws:ec2/instance:Instance::vault-0";
      one.propertyDependencies = { ...one.propertyDependencies, instance: [server] };
    },
    "net-eip-only-nat-bastion",
  ],
  [
    "host keys for everybody to write",
    rolePolicy,
    "bastion",
    inJson("policy", (doc) => {
      statement(doc, "TellHostKeys").Action = "*";
      statement(doc, "TellHostKeys").Resource = "*";
    }),
    "iam-no-star-star",
  ],
];

const vpnEndpoint = "aws:ec2clientvpn/endpoint:Endpoint";
const vpnRule = "aws:ec2clientvpn/authorizationRule:AuthorizationRule";
const oneVpnRule = "vpn-platform-10.20.240.0/24";

/** With a Client VPN. */
const vpnRows: Row[] = [
  [
    "a VPN for whoever has a certificate",
    vpnEndpoint,
    "vpn",
    set("authenticationOptions[0].type", "certificate-authentication"),
    "vpn-federated",
  ],
  [
    "a VPN without an identity provider",
    vpnEndpoint,
    "vpn",
    remove("authenticationOptions[0].samlProviderArn"),
    "vpn-federated",
  ],
  [
    "a VPN that logs nothing",
    vpnEndpoint,
    "vpn",
    set("connectionLogOptions.enabled", false),
    "vpn-connection-log",
  ],
  [
    "a VPN that logs to nowhere",
    vpnEndpoint,
    "vpn",
    remove("connectionLogOptions.cloudwatchLogGroup"),
    "vpn-connection-log",
  ],
  [
    "a log of connections that is not encrypted",
    logGroup,
    "vpn-connections",
    remove("kmsKeyId"),
    "log-group-encrypted",
  ],
  [
    "a log of refusals that is kept for a week",
    logGroup,
    "vpn-networks",
    set("retentionInDays", 7),
    "log-group-encrypted",
  ],
  ["sessions of a day", vpnEndpoint, "vpn", set("sessionTimeoutHours", 24), "vpn-session-ends"],
  [
    "sessions that go on by themselves",
    vpnEndpoint,
    "vpn",
    remove("disconnectOnSessionTimeout"),
    "vpn-session-ends",
  ],
  [
    "a VPN from everywhere",
    vpnEndpoint,
    "vpn",
    set("clientConnectOptions.enabled", false),
    "vpn-trusted-networks",
  ],
  [
    "a VPN that asks nobody",
    vpnEndpoint,
    "vpn",
    remove("clientConnectOptions.lambdaFunctionArn"),
    "vpn-trusted-networks",
  ],
  [
    "a function that lets the VPN's people come from everywhere",
    "aws:lambda/function:Function",
    "vpn-networks",
    set("environment.variables.TRUSTED_CIDRS", `203.0.113.0/24,${world}`),
    "vpn-trusted-networks",
  ],
  [
    "routes of the VPN that others may take over",
    vpnEndpoint,
    "vpn",
    set("clientRouteEnforcementOptions.enforced", false),
    "vpn-routes-enforced",
  ],
  [
    "all traffic through the VPN",
    vpnEndpoint,
    "vpn",
    set("splitTunnel", false),
    "vpn-own-traffic-only",
  ],
  [
    "the internet behind the VPN",
    vpnRule,
    oneVpnRule,
    set("targetNetworkCidr", world),
    "vpn-own-traffic-only",
  ],
  [
    "the VPN open to all who can sign in",
    vpnRule,
    oneVpnRule,
    (inputs) => {
      delete inputs["accessGroupId"];
      inputs["authorizeAllGroups"] = true;
    },
    "vpn-named-groups",
  ],
  [
    "the default group for the VPN",
    vpnEndpoint,
    "vpn",
    remove("securityGroupIds"),
    "vpn-own-security-group",
  ],
  [
    "the VPN's clients on a page of the internet",
    vpnEndpoint,
    "vpn",
    set("selfServicePortal", "enabled"),
    "vpn-no-self-service-portal",
  ],
  [
    "no words at sign-in",
    vpnEndpoint,
    "vpn",
    set("clientLoginBannerOptions.enabled", false),
    "vpn-login-banner",
  ],
  [
    "a function that may do everything",
    rolePolicy,
    "vpn-networks",
    inJson("policy", (doc) => {
      statement(doc, "WriteOwnLogs").Action = "*";
      statement(doc, "WriteOwnLogs").Resource = "*";
    }),
    "iam-no-star-star",
  ],
  [
    "the API open through the VPN's group",
    ingress,
    "rules-api-ingress-vpn-443",
    openWorld,
    "net-sg-no-world-ingress",
  ],
];

/** Rules that may only advise: all others stop an update. */
const advice: readonly string[] = [
  "aws-account-guards-whole",
  "cost-lb-count",
  "es-kept",
  "exp-alb-tls-to-targets",
  "iam-actions-named",
  "iam-pod-identity-named",
  "log-groups-made",
  "log-trail-objects",
  "mon-alarms-at-once",
  "mon-trail-watched",
  "net-igw-single",
  "net-nat-per-az",
  "net-sg-reference-over-cidr",
  "s3-access-logged",
  "s3-lock-retention",
  "vpn-login-banner",
  "compute-detailed-monitoring",
  "exp-alb-no-server-header",
  "exp-dns-to-known-lb",
  "tls-cert-lifetime",
  "eks-upgrade-policy-standard",
  "net-sg-description",
  "net-vpc-endpoints",
  "node-patch-launch-template",
  "pki-ca-max-lease",
  "pki-crl-urls",
];

const byNodes = "no instance logs in to Vault in eks; vault-program.test.ts changes those that do";

/** Rules that no change of the program could make fail, and why. */
const withoutRow: Readonly<Record<string, string>> = {
  "bastion-ssh-mfa": "a bastion for SSH fails it as it is",
  "pki-init-token-bound": byNodes,
  "vault-login-names-vault": byNodes,
  "pki-identity-per-instance": byNodes,
};

describe("mutations", () => {
  let base: StackResource[] = [];
  let withSsh: StackResource[] = [];
  let withVpn: StackResource[] = [];
  beforeAll(async () => {
    base = (await planStack({ projectDir: root, stack: "prod" })).resources;
    withSsh = await planWithSsh();
    withVpn = await planWithVpn();
  }, 60_000);

  /** The program with one resource changed. */
  function mutated(
    type: string,
    name: string,
    mutation: Mutation,
    from: StackResource[] = base,
  ): StackResource[] {
    const target = from.find((one) => one.type === type && one.name === name);
    if (!target) throw new Error(`the program must have ${type} ${name}`);
    const others = from.filter((one) => one !== target);
    if (mutation === "drop") return others;
    const inputs = structuredClone(target.inputs);
    const mutant = { ...target, inputs, outputs: inputs };
    if (typeof mutation === "function") {
      mutation(inputs, mutant);
      return [...others, mutant];
    }
    mutation.beside(inputs, mutant);
    return [...from, { ...mutant, name: `${name}-too`, urn: `${target.urn}-too` }];
  }

  it("starts from a program in which nothing fails", () => {
    expect(failing(base)).toEqual([]);
  });

  it("leaves undecided what a first preview cannot know, and nothing else", () => {
    const undecided = findingsOf(base).flatMap(([id, findings]) =>
      findings.filter(({ verdict }) => verdict === "undecided").map(({ message }) => [id, message]),
    );
    expect(undecided).toEqual([
      // Where the API of a cluster is, EKS says.
      ["vault-k8s-auth-bound", "kubernetesHost of pki-logins-cluster-config is unknown until up"],
    ]);
  });

  it.each([
    ["log-cloudtrail", trail, "audit"],
    ["mon-guardduty", "aws:guardduty/detector:Detector", "threats"],
  ])("notices by %s what is gone from a stack that audits its account", (id, type, name) => {
    const config = { [id]: { ownsAccount: true } };
    expect(failing(base, config)).toEqual([]);
    expect(failing(mutated(type, name, "drop"), config)).toContain(id);
    expect(failing(mutated(type, name, "drop"))).not.toContain(id);
  });

  it("starts from a bastion for SSH in which nothing fails, once it may be public", () => {
    expect(failing(withSsh, publicBastion)).toEqual([]);
    expect(failing(withSsh)).toEqual([
      "net-nodes-private-subnets",
      "net-eip-only-nat-bastion",
      "net-only-bastion-and-alb-public",
    ]);
  });

  it("starts from a VPN in which nothing fails, once it may be public [J16]", () => {
    expect(failing(withVpn, publicVpn)).toEqual([]);
    expect(failing(withVpn)).toEqual(["net-only-bastion-and-alb-public"]);
  });

  it.each(vpnRows)("notices %s", (_what, type, name, mutation, rule) => {
    expect(failing(mutated(type, name, mutation, withVpn), publicVpn)).toContain(rule);
  });

  it.each(sshRows)("notices %s", (_what, type, name, mutation, rule) => {
    expect(failing(mutated(type, name, mutation, withSsh), publicBastion)).toContain(rule);
  });

  it.each(rows)("notices %s", (_what, type, name, mutation, rule) => {
    expect(failing(mutated(type, name, mutation))).toContain(rule);
  });

  const noticing = new Set([...rows, ...sshRows, ...vpnRows].map(([, , , , rule]) => rule));

  it("has a row for every rule of the pack, or says why it has none", () => {
    const ids = rules.map(({ id }) => id);
    // The program registers no objects of Kubernetes.
    const judgesProgram = ({ types }: Rule) =>
      !types.every((type) => kubernetesTypes.includes(type));
    const wanted = rules.filter(judgesProgram).map(({ id }) => id);
    expect(wanted.filter((id) => !noticing.has(id))).toEqual(Object.keys(withoutRow));
    expect([...noticing].filter((id) => !ids.includes(id))).toEqual([]);
  });

  it("stops what weakens the program, and does not only speak of it", () => {
    const advisory = rules
      .filter(({ id, level }) => noticing.has(id) && level === "advisory")
      .map(({ id }) => id);
    expect(advisory.filter((id) => !advice.includes(id))).toEqual([]);
  });

  const judged = [
    "no deletion protection",
    "no protection by Pulumi",
    "the default list open",
    "nodes in public subnets",
    "S3 for everybody",
  ];
  it.each(rows.filter(([what]) => judged.includes(what)))(
    "agrees with the judge of a plan on %s",
    async (_what, type, name, mutation) => {
      const resources = mutated(type, name, mutation);
      const stack = { project: "drawbridge", stack: "prod", values: {}, secretKeys: [] };
      const pack = join(root, "policies");
      const { verdicts } = await judgeResources(pack, packDefaults, stack, resources);
      const failed = verdicts.filter(({ verdict }) => verdict === "fail").map(({ rule }) => rule);
      expect([...new Set(failed)].toSorted()).toEqual(failing(resources).toSorted());
    },
    60_000,
  );
});
