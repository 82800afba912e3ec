import { readFileSync } from "node:fs";
import { join } from "node:path";
import { groupsOnInstances, sizesAreInOrder, templateOf, templateVersionExists } from "./compute";
import { policiesOf, trusts } from "./iam";
import { securityGroupsAreOf, subnetsAreOf, vpcOfSubnet } from "./network";
import {
  AwsError,
  allWith,
  byId,
  digest,
  numberAt,
  textAt,
  textsAt,
  valuesAt,
  type Claim,
  type Draft,
  type ResourceRow,
} from "./row";
import type { CloudResource, World } from "./world";

/** A certificate that is nobody's any more: Vault takes no text that is none. */
const authority = readFileSync(join(__dirname, "cluster-authority.pem"));

const clusterType = "aws:eks/cluster:Cluster";
const nodeGroupType = "aws:eks/nodeGroup:NodeGroup";
const addonType = "aws:eks/addon:Addon";
const entryType = "aws:eks/accessEntry:AccessEntry";
const logGroupType = "aws:cloudwatch/logGroup:LogGroup";
const interfaceType = "aws:ec2/networkInterface:NetworkInterface";

const clusterNamed = (world: World, name: string | undefined) => byId(world, clusterType, name);
const clusterOf = ({ inputs, world }: Draft) => clusterNamed(world, textAt(inputs, "clusterName"));
const clusterVpc = (cluster: CloudResource | undefined) =>
  textAt(cluster?.computed, "vpcConfig.vpcId");
const clusterGroup = (cluster: CloudResource) =>
  textAt(cluster.computed, "vpcConfig.clusterSecurityGroupId") ?? "";

const arn = ({ scope, world }: Draft, resource: string) =>
  `arn:aws:eks:${scope.region}:${world.accountId}:${resource}`;

const claim = (key: string, code: string, message: string): Claim => ({
  key,
  refusal: new AwsError(code, message),
});

function subnetsAreInTwoZones({ inputs, world }: Draft): AwsError | undefined {
  const zones = textsAt(inputs, "vpcConfig.subnetIds[*]").map((id) =>
    textAt(byId(world, "aws:ec2/subnet:Subnet", id)?.inputs, "availabilityZone"),
  );
  if (new Set(zones).size >= 2) return undefined;
  return new AwsError(
    "InvalidParameterException",
    `Subnets specified must be in at least two different AZs, got ${zones.join(", ") || "none"}`,
  );
}

function roleIsTrusting(path: string, service: string): (draft: Draft) => AwsError | undefined {
  return ({ inputs, world }) => {
    const role = textAt(inputs, path);
    if (role === undefined || trusts(world, role, service)) return undefined;
    return new AwsError(
      "InvalidParameterException",
      `Role with arn: ${role}, could not be assumed because the trusted entity is not correct: it must trust ${service}`,
    );
  };
}

const minor = (version: string | undefined): number => Number(version?.split(".")[1]);

/** A control plane goes one minor version up at a time, and never down. */
function versionStepIsOne({ inputs, previous }: Draft): AwsError | undefined {
  const [from, to] = [textAt(previous?.inputs, "version"), textAt(inputs, "version")];
  if (from === undefined || to === undefined) return undefined;
  if (minor(to) === minor(from) || minor(to) === minor(from) + 1) return undefined;
  return new AwsError(
    "InvalidParameterException",
    `Unsupported Kubernetes minor version update from ${from} to ${to}`,
  );
}

const authenticationModes = ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"];

/** The authentication mode moves towards API and never back. */
function authenticationModeMovesOn({ inputs, previous }: Draft): AwsError | undefined {
  const path = "accessConfig.authenticationMode";
  const [from, to] = [textAt(previous?.inputs, path), textAt(inputs, path)];
  if (from === undefined || to === undefined) return undefined;
  if (authenticationModes.indexOf(to) >= authenticationModes.indexOf(from)) return undefined;
  return new AwsError(
    "InvalidParameterException",
    `Unsupported authentication mode update from ${from} to ${to}`,
  );
}

/** Envelope encryption is switched on once, with one key: a change of the key would be taken for done, and not be. */
function encryptionKeyStays({ inputs, previous }: Draft): AwsError | undefined {
  const path = "encryptionConfig.provider.keyArn";
  const [from, to] = [textAt(previous?.inputs, path), textAt(inputs, path)];
  if (from === undefined || to === undefined || from === to) return undefined;
  return new AwsError(
    "InvalidRequestException",
    `Cluster is already encrypted with ${from}: it cannot be changed to ${to}`,
  );
}

function isProtected(cluster: CloudResource): AwsError | undefined {
  if (cluster.inputs["deletionProtection"] !== true) return undefined;
  return new AwsError(
    "InvalidRequestException",
    `Cluster ${cluster.id} cannot be deleted because deletion protection is enabled: set deletionProtection to false first`,
  );
}

/** EKS makes the log group itself, unencrypted and without an end, when the program has not. */
function missingLogGroup(cluster: CloudResource, world: World): CloudResource[] {
  const name = `/aws/eks/${cluster.id}/cluster`;
  const logs = textsAt(cluster.inputs, "enabledClusterLogTypes[*]");
  if (logs.length === 0 || byId(world, logGroupType, name)) return [];
  return [{ type: logGroupType, id: name, urn: "", inputs: { name }, computed: {} }];
}

/**
 * Without the rights of its role, or while rules of other groups name it, EKS cannot take its security group
 * away, and the VPC cannot be deleted afterwards.
 */
function clusterGroupThatStays(cluster: CloudResource, world: World): CloudResource[] {
  const group = clusterGroup(cluster);
  const named = world.resources.some(
    ({ inputs }) => textAt(inputs, "referencedSecurityGroupId") === group,
  );
  const able = policiesOf({ world }, textAt(cluster.inputs, "roleArn")).includes(
    "AmazonEKSClusterPolicy",
  );
  if (able && !named) return [];
  const inputs = { vpcId: clusterVpc(cluster) ?? "", name: `eks-cluster-sg-${cluster.id}` };
  return [
    { type: "aws:ec2/securityGroup:SecurityGroup", id: group, urn: "", inputs, computed: {} },
  ];
}

const workerPolicies = ["AmazonEKSWorkerNodePolicy", "AmazonEKSWorkerNodeMinimalPolicy"];
const pullPolicies = ["AmazonEC2ContainerRegistryPullOnly", "AmazonEC2ContainerRegistryReadOnly"];

const addonsOf = (world: World, cluster: CloudResource) =>
  allWith(world, addonType, "clusterName", cluster.id);

const addonNamed = (world: World, cluster: CloudResource, name: string) =>
  addonsOf(world, cluster).find(({ inputs }) => inputs["addonName"] === name);

/** Nodes report ready only with a network plugin and a proxy, which EKS installs by itself unless told not to. */
function hasNetwork(world: World, cluster: CloudResource): string | undefined {
  if (cluster.inputs["bootstrapSelfManagedAddons"] !== false) return undefined;
  const missing = ["vpc-cni", "kube-proxy"].find((name) => !addonNamed(world, cluster, name));
  return missing && `the add-on ${missing} is not there yet`;
}

function networkPluginHasRights(
  world: World,
  cluster: CloudResource,
  policies: string[],
): string | undefined {
  if (policies.includes("AmazonEKS_CNI_Policy")) return undefined;
  const plugin = addonNamed(world, cluster, "vpc-cni");
  if (textAt(plugin?.inputs, "serviceAccountRoleArn") !== undefined) return undefined;
  if (textsAt(plugin?.inputs, "podIdentityAssociations[*].roleArn").length === 0) {
    return "the network plugin has no role with AmazonEKS_CNI_Policy";
  }
  return addonNamed(world, cluster, "eks-pod-identity-agent")
    ? undefined
    : "the network plugin gets no credentials without the add-on eks-pod-identity-agent";
}

/** Services that a node without a way to the internet must reach inside the VPC: docs.aws.amazon.com/eks/latest/userguide/private-clusters.html */
const privateServices = ["ec2", "ecr.api", "ecr.dkr", "s3", "sts"];

/** Route table of the subnet: its own, else the VPC's main one. */
function tableOf(world: World, subnetId: string): string | undefined {
  const type = "aws:ec2/routeTableAssociation:RouteTableAssociation";
  const [own] = allWith(world, type, "subnetId", subnetId);
  const vpc = byId(world, "aws:ec2/vpc:Vpc", vpcOfSubnet(world, subnetId));
  return textAt(own?.inputs, "routeTableId") ?? textAt(vpc?.computed, "mainRouteTableId");
}

function reachesItsServices(world: World, subnetId: string): boolean {
  const table = tableOf(world, subnetId);
  const routes = allWith(world, "aws:ec2/route:Route", "routeTableId", table);
  const out = routes.some(({ inputs }) => inputs["destinationCidrBlock"] === "0.0.0.0/0");
  const vpc = vpcOfSubnet(world, subnetId);
  const endpoints = allWith(world, "aws:ec2/vpcEndpoint:VpcEndpoint", "vpcId", vpc);
  const names = endpoints.map(({ inputs }) => textAt(inputs, "serviceName") ?? "");
  return out || privateServices.every((service) => names.some((n) => n.endsWith(`.${service}`)));
}

/** What keeps the nodes of a new group from becoming ready. */
function nodesCannotJoin(draft: Draft): string | undefined {
  const { inputs, world } = draft;
  const cluster = clusterOf(draft);
  if (cluster === undefined) return undefined;
  const role = textAt(inputs, "nodeRoleArn");
  const policies = policiesOf({ world }, role);
  const lacks = (wanted: string[]) => !wanted.some((policy) => policies.includes(policy));
  if (lacks(workerPolicies)) return `${role ?? ""} has none of ${workerPolicies.join(", ")}`;
  if (lacks(pullPolicies)) return `${role ?? ""} has none of ${pullPolicies.join(", ")}`;
  const cut = textsAt(inputs, "subnetIds[*]").find((id) => !reachesItsServices(world, id));
  if (cut !== undefined) return `${cut} has neither a default route nor endpoints for AWS APIs`;
  return hasNetwork(world, cluster) ?? networkPluginHasRights(world, cluster, policies);
}

function nodesJoin(draft: Draft): AwsError | undefined {
  const reason = draft.previous === undefined ? nodesCannotJoin(draft) : undefined;
  if (reason === undefined) return undefined;
  const name = textAt(draft.inputs, "nodeGroupName") ?? "";
  return new AwsError(
    "NodeCreationFailure",
    `Unhealthy nodes in the kubernetes cluster (node group ${name}): ${reason}`,
  );
}

/** What EKS does not take together with a launch template. */
function templateLeavesTheRestToEks({ inputs, world }: Draft): AwsError | undefined {
  const template = templateOf(world, inputs);
  if (template === undefined) return undefined;
  const refuse = (what: string) =>
    new AwsError("InvalidParameterException", `${what} (launch template ${template.id})`);
  for (const property of ["diskSize", "remoteAccess"]) {
    if (inputs[property] !== undefined) {
      return refuse(`${property} must not be given together with a launch template`);
    }
  }
  if (template.inputs["iamInstanceProfile"] !== undefined) {
    return refuse("the template of a node group must not have iamInstanceProfile");
  }
  if (template.inputs["instanceType"] !== undefined && inputs["instanceTypes"] !== undefined) {
    return refuse("instance types must be given in the node group or in its template, not in both");
  }
  return undefined;
}

function nodesAreNotNewerThanTheCluster(draft: Draft): AwsError | undefined {
  const [cluster, nodes] = [clusterOf(draft)?.inputs["version"], draft.inputs["version"]];
  if (typeof cluster !== "string" || typeof nodes !== "string") return undefined;
  if (minor(nodes) <= minor(cluster)) return undefined;
  return new AwsError(
    "InvalidParameterException",
    `Nodegroup Kubernetes version ${nodes} can't be newer than the cluster version ${cluster}`,
  );
}

/** EKS lets the nodes in by an access entry of their role, and keeps it when the group goes. */
function entryOfNodes(nodeGroup: CloudResource, world: World): CloudResource[] {
  const clusterName = textAt(nodeGroup.inputs, "clusterName") ?? "";
  const principalArn = textAt(nodeGroup.inputs, "nodeRoleArn") ?? "";
  const id = `${clusterName}:${principalArn}`;
  if (byId(world, entryType, id)) return [];
  const inputs = { clusterName, principalArn, type: "EC2_LINUX" };
  return [{ type: entryType, id, urn: "", inputs, computed: {} }];
}

/** Without the rights of the nodes' role EKS cannot take their network interfaces away. */
function interfacesThatStay(nodeGroup: CloudResource, world: World): CloudResource[] {
  const policies = policiesOf({ world }, textAt(nodeGroup.inputs, "nodeRoleArn"));
  if (workerPolicies.some((policy) => policies.includes(policy))) return [];
  const [subnetId] = textsAt(nodeGroup.inputs, "subnetIds[*]");
  const id = `eni-0${digest(nodeGroup.id, 16)}`;
  const securityGroups = groupsOnInstances(nodeGroup, world).map(
    (name) => name.split(":")[1] ?? "",
  );
  return [{ type: interfaceType, id, urn: "", inputs: { subnetId, securityGroups }, computed: {} }];
}

// Deployments among the add-ons: their pods wait for a node, and the add-on is not active before they run.
const addonsOnNodes = ["coredns", "aws-ebs-csi-driver", "metrics-server", "snapshot-controller"];

function addonFindsNodes({ inputs, world, previous }: Draft): AwsError | undefined {
  const name = textAt(inputs, "addonName") ?? "";
  const groups = allWith(world, nodeGroupType, "clusterName", textAt(inputs, "clusterName"));
  const sizes = groups.map(
    ({ inputs: group }) => numberAt(group, "scalingConfig.desiredSize") ?? 0,
  );
  if (previous || !addonsOnNodes.includes(name) || sizes.some((size) => size > 0)) return undefined;
  return new AwsError(
    "InsufficientNumberOfReplicas",
    `The add-on ${name} is unhealthy because it doesn't have the desired number of replicas: the cluster has no nodes`,
  );
}

function podsMayTakeTheRole({ inputs, world }: Draft): AwsError | undefined {
  const role = textsAt(inputs, "podIdentityAssociations[*].roleArn").find(
    (arnOfRole) => !trusts(world, arnOfRole, "pods.eks.amazonaws.com"),
  );
  if (role === undefined) return undefined;
  return new AwsError(
    "InvalidParameterException",
    `Trust policy for ${role} is invalid: it must trust pods.eks.amazonaws.com`,
  );
}

function accessIsByApi(draft: Draft): AwsError | undefined {
  const mode = textAt(clusterOf(draft)?.inputs, "accessConfig.authenticationMode") ?? "CONFIG_MAP";
  if (mode !== "CONFIG_MAP") return undefined;
  return new AwsError(
    "InvalidRequestException",
    "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
  );
}

function groupsAreNotTheSystems({ inputs }: Draft): AwsError | undefined {
  const bad = textsAt(inputs, "kubernetesGroups[*]").find((group) => group.startsWith("system:"));
  if (bad === undefined) return undefined;
  return new AwsError(
    "InvalidParameterException",
    `The kubernetes group name ${bad} is invalid, it cannot start with system:`,
  );
}

function principalExists({ inputs, world }: Draft): AwsError | undefined {
  const principal = textAt(inputs, "principalArn") ?? "";
  const known = [...world.principals, ...world.resources.map(({ computed }) => computed["arn"])];
  if (known.includes(principal)) return undefined;
  return new AwsError(
    "InvalidParameterException",
    `The specified principalArn is invalid: ${principal} does not exist`,
  );
}

const accessPolicies = [
  "AmazonEKSAdminPolicy",
  "AmazonEKSAdminViewPolicy",
  "AmazonEKSClusterAdminPolicy",
  "AmazonEKSEditPolicy",
  "AmazonEKSViewPolicy",
].map((name) => `arn:aws:eks::aws:cluster-access-policy/${name}`);

function accessPolicyExists({ inputs }: Draft): AwsError | undefined {
  const policy = textAt(inputs, "policyArn") ?? "";
  if (accessPolicies.includes(policy)) return undefined;
  return new AwsError("InvalidParameterException", `The policyArn ${policy} does not exist`);
}

const entryId = ({ inputs }: Draft) =>
  `${textAt(inputs, "clusterName") ?? ""}:${textAt(inputs, "principalArn") ?? ""}`;

export const eksRows: Record<string, ResourceRow> = {
  [clusterType]: {
    noun: "cluster",
    id: ({ inputs }) => textAt(inputs, "name") ?? "",
    name: "name",
    tagged: true,
    required: ["roleArn", "vpcConfig"],
    references: [
      { path: "roleArn", to: "roleArn", onDelete: "dangle" },
      { path: "encryptionConfig.provider.keyArn", to: "key", onDelete: "dangle" },
      { path: "vpcConfig.subnetIds[*]", to: "subnet", onDelete: "refuse" },
      { path: "vpcConfig.securityGroupIds[*]", to: "securityGroup", onDelete: "refuse" },
    ],
    identifiers: (cluster) => ({ cluster: [cluster.id], securityGroup: [clusterGroup(cluster)] }),
    computed: (draft) => {
      const { digits, inputs, scope, world } = draft;
      const id = digits(32, "issuer").toUpperCase();
      return {
        arn: arn(draft, `cluster/${textAt(inputs, "name") ?? ""}`),
        endpoint: `https://${id}.gr7.${scope.region}.eks.amazonaws.com`,
        certificateAuthority: { data: authority.toString("base64") },
        identities: [
          { oidcs: [{ issuer: `https://oidc.eks.${scope.region}.amazonaws.com/id/${id}` }] },
        ],
        platformVersion: "eks.1",
        status: "ACTIVE",
        vpcConfig: {
          clusterSecurityGroupId: `sg-0${digits(16, "cluster security group")}`,
          vpcId: vpcOfSubnet(world, textsAt(inputs, "vpcConfig.subnetIds[*]")[0]),
        },
      };
    },
    claims: ({ inputs }) => {
      const name = textAt(inputs, "name") ?? "";
      const message = `Cluster already exists with name: ${name}`;
      return [claim(`cluster ${name}`, "ResourceInUseException", message)];
    },
    replacedWhen: (olds, news) =>
      olds["encryptionConfig"] !== undefined && news["encryptionConfig"] === undefined
        ? ["encryptionConfig"]
        : [],
    rules: [
      subnetsAreInTwoZones,
      subnetsAreOf("vpcConfig.subnetIds[*]", ({ inputs, world }) =>
        vpcOfSubnet(world, textsAt(inputs, "vpcConfig.subnetIds[*]")[0]),
      ),
      securityGroupsAreOf(["vpcConfig.securityGroupIds[*]"], ({ inputs, world }) =>
        vpcOfSubnet(world, textsAt(inputs, "vpcConfig.subnetIds[*]")[0]),
      ),
      roleIsTrusting("roleArn", "eks.amazonaws.com"),
      versionStepIsOne,
      authenticationModeMovesOn,
      encryptionKeyStays,
    ],
    inUse: "ResourceInUseException",
    keeps: isProtected,
    brings: missingLogGroup,
    leaves: clusterGroupThatStays,
  },
  [nodeGroupType]: {
    noun: "node group",
    id: ({ inputs }) =>
      `${textAt(inputs, "clusterName") ?? ""}:${textAt(inputs, "nodeGroupName") ?? ""}`,
    name: "nodeGroupName",
    tagged: true,
    required: ["clusterName", "nodeRoleArn", "scalingConfig", "subnetIds"],
    references: [
      { path: "clusterName", to: "cluster", onDelete: "refuse" },
      { path: "nodeRoleArn", to: "roleArn", onDelete: "dangle" },
      { path: "subnetIds[*]", to: "subnet", onDelete: "refuse" },
      { path: "launchTemplate.id", to: "launchTemplate", onDelete: "dangle" },
    ],
    computed: (draft) => ({
      arn: arn(draft, `nodegroup/${draft.id.replace(":", "/")}/${draft.digits(8, "arn")}`),
      resources: [{ autoscalingGroups: [{ name: `eks-${draft.digits(8, "autoscaling")}` }] }],
      status: "ACTIVE",
    }),
    claims: ({ inputs }) => {
      const [cluster = "", name = ""] = [
        textAt(inputs, "clusterName"),
        textAt(inputs, "nodeGroupName"),
      ];
      const message = `NodeGroup already exists with name ${name} and cluster name ${cluster}`;
      return [claim(`node group ${cluster} ${name}`, "ResourceInUseException", message)];
    },
    rules: [
      sizesAreInOrder("InvalidParameterException", {
        min: "scalingConfig.minSize",
        desired: "scalingConfig.desiredSize",
        max: "scalingConfig.maxSize",
      }),
      subnetsAreOf("subnetIds[*]", (draft) => clusterVpc(clusterOf(draft))),
      roleIsTrusting("nodeRoleArn", "ec2.amazonaws.com"),
      templateVersionExists,
      templateLeavesTheRestToEks,
      nodesAreNotNewerThanTheCluster,
      nodesJoin,
    ],
    holds: groupsOnInstances,
    brings: entryOfNodes,
    leaves: interfacesThatStay,
  },
  [addonType]: {
    noun: "add-on",
    id: ({ inputs }) =>
      `${textAt(inputs, "clusterName") ?? ""}:${textAt(inputs, "addonName") ?? ""}`,
    tagged: true,
    required: ["clusterName", "addonName"],
    references: [
      { path: "clusterName", to: "cluster", onDelete: "cascade" },
      { path: "serviceAccountRoleArn", to: "roleArn", onDelete: "dangle" },
      { path: "podIdentityAssociations[*].roleArn", to: "roleArn", onDelete: "dangle" },
    ],
    computed: (draft) => ({
      arn: arn(draft, `addon/${draft.id.replace(":", "/")}/${draft.digits(8, "arn")}`),
    }),
    claims: ({ inputs }) => {
      const [cluster = "", name = ""] = [
        textAt(inputs, "clusterName"),
        textAt(inputs, "addonName"),
      ];
      const message = `Addon already exists: ${name} of ${cluster}`;
      return [claim(`addon ${cluster} ${name}`, "ResourceInUseException", message)];
    },
    rules: [addonFindsNodes, podsMayTakeTheRole],
  },
  [entryType]: {
    noun: "access entry",
    id: entryId,
    tagged: true,
    required: ["clusterName", "principalArn"],
    references: [{ path: "clusterName", to: "cluster", onDelete: "cascade" }],
    identifiers: ({ id }) => ({ accessEntry: [id] }),
    computed: (draft) => ({
      accessEntryArn: arn(draft, `access-entry/${draft.id.replace(":", "/")}`),
    }),
    claims: (draft) => {
      const message = `The specified access entry resource is already in use on this cluster: ${entryId(draft)}`;
      return [claim(`access entry ${entryId(draft)}`, "ResourceInUseException", message)];
    },
    rules: [accessIsByApi, groupsAreNotTheSystems, principalExists],
  },
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {
    noun: "access policy association",
    id: ({ inputs }) =>
      ["clusterName", "principalArn", "policyArn"].map((path) => textAt(inputs, path)).join("#"),
    tagged: false,
    required: ["clusterName", "principalArn", "policyArn", "accessScope"],
    references: [{ path: "clusterName", to: "cluster", onDelete: "cascade" }],
    computed: () => ({}),
    rules: [accessPolicyExists, principalHasAnEntry, scopeIsWhole],
    goesWith: ({ inputs }) => [
      `accessEntry:${textAt(inputs, "clusterName") ?? ""}:${textAt(inputs, "principalArn") ?? ""}`,
    ],
  },
};

function principalHasAnEntry(draft: Draft): AwsError | undefined {
  if (byId(draft.world, entryType, entryId(draft))) return undefined;
  return new AwsError(
    "ResourceNotFoundException",
    `The specified principalArn could not be found: ${entryId(draft)} has no access entry`,
  );
}

function scopeIsWhole({ inputs }: Draft): AwsError | undefined {
  const namespaces = valuesAt(inputs, "accessScope.namespaces[*]").length;
  const type = textAt(inputs, "accessScope.type");
  if (type === "namespace" ? namespaces > 0 : type === "cluster" && namespaces === 0) {
    return undefined;
  }
  return new AwsError(
    "InvalidParameterException",
    "accessScope must be of type cluster without namespaces or of type namespace with at least one",
  );
}
