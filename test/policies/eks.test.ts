import { token } from "../../policies/tokens";
import {
  association,
  document,
  nodeSubnets,
  platform,
  resource,
  statement,
} from "../support/rule-platform";
import { casesFor } from "../support/rule-cases";
import type { Change, StackSpec } from "../support/rule-stack";
import { changed, gone, ref, unknown } from "../support/rule-stack";

const withVpcConfig = (vpcConfig: Record<string, unknown>): StackSpec => ({
  cluster: resource(token.cluster, { vpcConfig }),
});

casesFor("eks-private-endpoint [J1] [S13]", {
  base: withVpcConfig({ endpointPrivateAccess: true, endpointPublicAccess: false }),
  passes: [
    ["private only", {}],
    [
      "flags as texts",
      withVpcConfig({ endpointPrivateAccess: "true", endpointPublicAccess: "false" }),
    ],
  ],
  fails: [
    [
      "public",
      { "cluster.vpcConfig.endpointPublicAccess": true },
      ["cluster: vpcConfig.endpointPublicAccess must be false, got true"],
    ],
    [
      "the defaults of EKS",
      withVpcConfig({}),
      [
        "cluster: vpcConfig.endpointPublicAccess must be false, got nothing",
        "cluster: vpcConfig.endpointPrivateAccess must be true, got nothing",
      ],
    ],
    [
      "public as a text",
      { "cluster.vpcConfig.endpointPublicAccess": "true" },
      ['cluster: vpcConfig.endpointPublicAccess must be false, got "true"'],
    ],
    [
      "neither",
      { "cluster.vpcConfig.endpointPrivateAccess": false },
      ["cluster: vpcConfig.endpointPrivateAccess must be true, got false"],
    ],
    [
      "public beside something unknown",
      withVpcConfig({ endpointPrivateAccess: unknown, endpointPublicAccess: true }),
      [
        "cluster: vpcConfig.endpointPublicAccess must be false, got true",
        "cluster: undecided: vpcConfig.endpointPrivateAccess of cluster is unknown until up",
      ],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "cluster.vpcConfig.endpointPublicAccess": unknown },
      ["cluster: undecided: vpcConfig.endpointPublicAccess of cluster is unknown until up"],
    ],
    [
      "an unknown map",
      { "cluster.vpcConfig": unknown },
      ["cluster: undecided: vpcConfig of cluster is unknown until up"],
    ],
  ],
});

const open = (publicAccessCidrs?: unknown) =>
  withVpcConfig({ endpointPublicAccess: true, publicAccessCidrs });

casesFor("eks-public-cidrs-never-world [J17] [S13]", {
  base: withVpcConfig({ endpointPublicAccess: false }),
  passes: [
    ["not public", {}],
    ["public to one network", open(["203.0.113.0/24"])],
  ],
  fails: [
    [
      "public by default",
      withVpcConfig({}),
      [
        "cluster: vpcConfig.publicAccessCidrs must be trusted networks: the endpoint is public, got nothing",
      ],
    ],
    [
      "public to everybody by default",
      open(),
      [
        "cluster: vpcConfig.publicAccessCidrs must be trusted networks: the endpoint is public, got nothing",
      ],
    ],
    [
      "the internet",
      open(["0.0.0.0/0"]),
      [
        'cluster: vpcConfig.publicAccessCidrs must be trusted networks, not the internet, got ["0.0.0.0/0"]',
      ],
    ],
    [
      "the internet in two halves",
      open(["0.0.0.0/1", "128.0.0.0/1"]),
      [
        'cluster: vpcConfig.publicAccessCidrs must be trusted networks, not the internet, got ["0.0.0.0/1", "128.0.0.0/1"]',
      ],
    ],
    [
      "the internet, ready for the day when it is public",
      withVpcConfig({ endpointPublicAccess: false, publicAccessCidrs: ["0.0.0.0/0"] }),
      [
        'cluster: vpcConfig.publicAccessCidrs must be trusted networks, not the internet, got ["0.0.0.0/0"]',
      ],
    ],
    [
      "the internet beside something unknown",
      open([unknown, "0.0.0.0/0"]),
      [
        'cluster: vpcConfig.publicAccessCidrs must be trusted networks, not the internet, got ["(unknown)", "0.0.0.0/0"]',
      ],
    ],
  ],
  undecided: [
    [
      "a network that nobody knows yet",
      open([unknown]),
      ["cluster: undecided: vpcConfig.publicAccessCidrs[0] of cluster is unknown until up"],
    ],
    [
      "public or not",
      withVpcConfig({ endpointPublicAccess: unknown }),
      ["cluster: undecided: vpcConfig.endpointPublicAccess of cluster is unknown until up"],
    ],
  ],
});

casesFor("eks-secrets-kms [M1]", {
  base: platform,
  passes: [
    ["a key of the stack", {}],
    [
      "a key of another stack",
      { "cluster.encryptionConfig.provider.keyArn": "arn:aws:kms:eu-west-1:111122223333:key/1" },
    ],
  ],
  fails: [
    [
      "nothing",
      { "cluster.encryptionConfig": gone },
      [
        "cluster: encryptionConfig.resources must contain secrets, got nothing",
        "cluster: encryptionConfig.provider.keyArn must name a KMS key that you manage, got nothing",
      ],
    ],
    [
      "no resources",
      { "cluster.encryptionConfig.resources": [] },
      ["cluster: encryptionConfig.resources must contain secrets, got []"],
    ],
    [
      "no key",
      { "cluster.encryptionConfig.provider": gone },
      [
        "cluster: encryptionConfig.provider.keyArn must name a KMS key that you manage, got nothing",
      ],
    ],
    [
      "no resources and a key that nobody knows yet",
      { "cluster.encryptionConfig": { resources: [], provider: { keyArn: unknown } } },
      [
        "cluster: encryptionConfig.resources must contain secrets, got []",
        "cluster: undecided: encryptionConfig.provider.keyArn of cluster is unknown until up",
      ],
      "preview",
    ],
  ],
  undecided: [
    [
      "a key that nobody knows yet",
      { "cluster.encryptionConfig.provider.keyArn": unknown },
      ["cluster: undecided: encryptionConfig.provider.keyArn of cluster is unknown until up"],
    ],
    [
      "resources that nobody knows yet",
      { "cluster.encryptionConfig.resources": [unknown] },
      ["cluster: undecided: encryptionConfig.resources of cluster is unknown until up"],
    ],
  ],
});

const types = ["api", "audit", "authenticator", "controllerManager", "scheduler"];
const logging = (enabledClusterLogTypes?: unknown) => ({
  cluster: resource(token.cluster, { enabledClusterLogTypes }),
});
const allTypes = `cluster: enabledClusterLogTypes must contain ${types.join(", ")}`;

casesFor("eks-control-plane-logs [S1]", {
  base: logging(types),
  passes: [
    ["all five", {}],
    ["all five in another order, beside an unknown", logging([unknown, ...types.toReversed()])],
  ],
  fails: [
    ["nothing", logging(), [`${allTypes}, got nothing`]],
    [
      "no audit log",
      logging(types.filter((type) => type !== "audit")),
      [`${allTypes}, got ["api", "authenticator", "controllerManager", "scheduler"]`],
    ],
  ],
  undecided: [
    [
      "unknown",
      logging(unknown),
      ["cluster: undecided: enabledClusterLogTypes of cluster is unknown until up"],
    ],
    [
      "one that may be the missing one",
      logging([...types.slice(1), unknown]),
      ["cluster: undecided: enabledClusterLogTypes of cluster is unknown until up"],
    ],
  ],
});

const supported = "must be one of 1.34, 1.35";

casesFor("eks-supported-version [M1]", {
  base: platform,
  passes: [
    ["the newest", {}],
    ["nodes one behind", { "nodes.version": "1.34" }],
    ["nodes without a version, which is the control plane's", { "nodes.version": gone }],
  ],
  fails: [
    [
      "an old control plane",
      { "cluster.version": "1.33", "nodes.version": gone },
      [`cluster: version ${supported}, got "1.33"`],
    ],
    ["no version", { "cluster.version": gone }, [`cluster: version ${supported}, got nothing`]],
    [
      "old nodes",
      { "nodes.version": "1.33" },
      [
        `nodes: version ${supported}, got "1.33"`,
        `nodes: version must be the control plane's 1.35 or at most 1 minor version behind, got "1.33"`,
      ],
    ],
    [
      "nodes ahead",
      { "cluster.version": "1.34" },
      [
        `nodes: version must be the control plane's 1.34 or at most 1 minor version behind, got "1.35"`,
      ],
    ],
    [
      "a number",
      { "cluster.version": 1.35, "nodes.version": gone },
      [`cluster: version ${supported}, got 1.35`],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "cluster.version": unknown },
      ["cluster: undecided: version of cluster is unknown until up"],
    ],
    [
      "unknown nodes",
      { "nodes.version": unknown },
      ["nodes: undecided: version of nodes is unknown until up"],
    ],
  ],
});

const rule = (more: Record<string, unknown>, type: string = token.securityGroupIngressRule) => ({
  rule: resource(type, {
    securityGroupId: ref("api-group"),
    ipProtocol: "tcp",
    fromPort: 443,
    toPort: 443,
    description: "API",
    ...more,
  }),
});
const opensApi = "must be a private or trusted network: the rule opens the control plane";

casesFor("eks-api-reachable-only-internal [J1] [J17] [S13]", {
  base: platform,
  passes: [
    ["security groups", {}],
    ["a private network", rule({ cidrIpv4: "10.99.0.0/16" })],
    ["another group", rule({ cidrIpv4: "203.0.113.0/24", securityGroupId: ref("nodes-group") })],
    ["egress", rule({ cidrIpv4: "203.0.113.0/24" }, token.securityGroupEgressRule)],
  ],
  fails: [
    [
      "a public network",
      rule({ cidrIpv4: "203.0.113.0/24" }),
      [`rule: cidrIpv4 ${opensApi}, got "203.0.113.0/24"`],
    ],
    [
      "a public network on another port",
      rule({ cidrIpv4: "203.0.113.0/24", fromPort: 8080, toPort: 8080 }),
      [`rule: cidrIpv4 ${opensApi}, got "203.0.113.0/24"`],
    ],
    ["the internet", rule({ cidrIpv6: "::/0" }), [`rule: cidrIpv6 ${opensApi}, got "::/0"`]],
    [
      "every protocol",
      rule({ cidrIpv4: "0.0.0.0/0", ipProtocol: "-1" }),
      [`rule: cidrIpv4 ${opensApi}, got "0.0.0.0/0"`],
    ],
    [
      "an inline rule",
      {
        "api-group.ingress": [
          { protocol: "tcp", fromPort: 0, toPort: 65535, cidrBlocks: ["8.8.8.0/24"] },
        ],
      },
      [`api-group: ingress[0].cidrBlocks[0] ${opensApi}, got "8.8.8.0/24"`],
    ],
    [
      "a rule on the group that EKS makes",
      rule({ securityGroupId: ref("cluster", "vpcConfig"), cidrIpv4: "203.0.113.0/24" }),
      [`rule: cidrIpv4 ${opensApi}, got "203.0.113.0/24"`],
      "preview",
    ],
  ],
  undecided: [
    [
      "a network that nobody knows yet",
      rule({ cidrIpv4: unknown }),
      ["rule: undecided: cidrIpv4 of rule is unknown until up"],
    ],
    [
      "groups that nobody knows yet",
      {
        "cluster.vpcConfig": {
          subnetIds: nodeSubnets.map(() => "subnet-1"),
          securityGroupIds: unknown,
        },
      },
      ["cluster: undecided: vpcConfig.securityGroupIds of cluster is unknown until up"],
    ],
  ],
});

describe("with trusted networks", () => {
  casesFor("eks-api-reachable-only-internal [J1] [J17] [S13]", {
    base: platform,
    config: { trustedCidrs: ["203.0.113.0/24", "0.0.0.0/0"] },
    passes: [["one of them", rule({ cidrIpv4: "203.0.113.0/24" })]],
    fails: [
      [
        "the internet, whatever configuration says",
        rule({ cidrIpv4: "0.0.0.0/0" }),
        [`rule: cidrIpv4 ${opensApi}, got "0.0.0.0/0"`],
      ],
    ],
    undecided: [],
    decided: "the table above has them",
  });
});

casesFor("eks-deletion-protection [M1]", {
  base: {
    cluster: { ...resource(token.cluster, { deletionProtection: true }), protect: true },
  },
  passes: [
    ["both refuse", {}],
    ["AWS' flag as a text", { "cluster.deletionProtection": "true" }],
  ],
  fails: [
    [
      "AWS alone refuses",
      { cluster: resource(token.cluster, { deletionProtection: true }) },
      ["cluster: cluster must have the resource option protect, got none"],
    ],
    [
      "neither refuses",
      { cluster: resource(token.cluster, { deletionProtection: false }) },
      [
        "cluster: deletionProtection must be true, got false",
        "cluster: cluster must have the resource option protect, got none",
      ],
    ],
    [
      "Pulumi alone refuses",
      { "cluster.deletionProtection": false },
      ["cluster: deletionProtection must be true, got false"],
    ],
    [
      "nothing",
      { "cluster.deletionProtection": gone },
      ["cluster: deletionProtection must be true, got nothing"],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "cluster.deletionProtection": unknown },
      ["cluster: undecided: deletionProtection of cluster is unknown until up"],
    ],
  ],
});

casesFor("eks-upgrade-policy-standard [M1]", {
  base: { cluster: resource(token.cluster, { upgradePolicy: { supportType: "STANDARD" } }) },
  passes: [["standard", {}]],
  fails: [
    [
      "extended",
      { "cluster.upgradePolicy.supportType": "EXTENDED" },
      ['cluster: upgradePolicy.supportType must be STANDARD, got "EXTENDED"'],
    ],
    [
      "nothing",
      { "cluster.upgradePolicy": gone },
      ["cluster: upgradePolicy.supportType must be STANDARD, got nothing"],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "cluster.upgradePolicy": unknown },
      ["cluster: undecided: upgradePolicy of cluster is unknown until up"],
    ],
  ],
});

casesFor("log-control-plane-group-kept [S1]", {
  base: platform,
  passes: [
    ["made before, encrypted, kept", {}],
    ["kept for longer", { "cluster-logs.retentionInDays": 3653 }],
  ],
  fails: [
    [
      "no group",
      { cluster: changed(platform, { "cluster.name": "prod" })["cluster"] },
      ["cluster: cluster must have its log group /aws/eks/prod/cluster in the stack, got none"],
    ],
    [
      "kept too short",
      { "cluster-logs.retentionInDays": 90 },
      ["cluster-logs: retentionInDays must be at least 365 days, got 90"],
    ],
    [
      "kept for ever by nobody's decision",
      { "cluster-logs.retentionInDays": gone },
      ["cluster-logs: retentionInDays must be at least 365 days, got nothing"],
    ],
    [
      "not encrypted",
      { "cluster-logs.kmsKeyId": gone },
      ["cluster-logs: kmsKeyId must name a KMS key that you manage, got nothing"],
    ],
    [
      "not made before",
      { cluster: { ...platform["cluster"], dependsOn: [] } },
      ["cluster: dependsOn must contain cluster-logs: EKS would make the group first"],
    ],
    [
      "a name that Pulumi makes up",
      { "cluster.name": gone },
      ["cluster: name must be set: its log group has to be made before, got nothing"],
      "preview",
    ],
  ],
  undecided: [
    [
      "a name that nobody knows yet",
      { "cluster.name": unknown },
      ["cluster: undecided: name of cluster is unknown until up"],
    ],
    [
      "a group whose name nobody knows yet",
      { "cluster-logs.name": unknown },
      ["cluster-logs: undecided: name of cluster-logs is unknown until up"],
    ],
    [
      "a key that nobody knows yet",
      { "cluster-logs.kmsKeyId": unknown },
      ["cluster-logs: undecided: kmsKeyId of cluster-logs is unknown until up"],
    ],
  ],
});

casesFor("log-group-encrypted [S1] [M1]", {
  base: platform,
  passes: [
    ["a key and a year", {}],
    ["90 days", { "flow-group.retentionInDays": "90" }],
  ],
  fails: [
    [
      "no key",
      { "flow-group.kmsKeyId": gone },
      ["flow-group: kmsKeyId must name a KMS key that you manage, got nothing"],
    ],
    [
      "a month",
      { "flow-group.retentionInDays": 30 },
      ["flow-group: retentionInDays must be at least 90 days, got 30"],
    ],
    [
      "for ever",
      { "flow-group.retentionInDays": gone },
      ["flow-group: retentionInDays must be at least 90 days, got nothing"],
    ],
  ],
  undecided: [
    [
      "a key that nobody knows yet",
      { "flow-group.kmsKeyId": unknown },
      ["flow-group: undecided: kmsKeyId of flow-group is unknown until up"],
    ],
    [
      "a time that nobody knows yet",
      { "flow-group.retentionInDays": unknown },
      ["flow-group: undecided: retentionInDays of flow-group is unknown until up"],
    ],
  ],
});

const mode = (authenticationMode?: unknown) => ({
  it: resource(token.cluster, { accessConfig: { authenticationMode } }),
});
const map = (type: string, metadata: unknown) => ({ it: resource(type, { metadata }) });
const awsAuth = { name: "aws-auth", namespace: "kube-system" };
const notMap = "it: metadata must not name kube-system/aws-auth: access entries take its place";

casesFor("eks-access-api-mode [J2] [J3]", {
  base: mode("API"),
  passes: [
    ["the API", {}],
    ["another map", map(token.configMap, { ...awsAuth, name: "coredns" })],
    ["a map of that name elsewhere", map(token.configMap, { ...awsAuth, namespace: "team" })],
    [
      "a map without a name beside an unknown namespace",
      map(token.configMap, { namespace: unknown }),
    ],
  ],
  fails: [
    [
      "the map",
      mode("CONFIG_MAP"),
      ['it: accessConfig.authenticationMode must be API, got "CONFIG_MAP"'],
    ],
    [
      "both",
      mode("API_AND_CONFIG_MAP"),
      ['it: accessConfig.authenticationMode must be API, got "API_AND_CONFIG_MAP"'],
    ],
    ["nothing", mode(), ["it: accessConfig.authenticationMode must be API, got nothing"]],
    ["the map itself", map(token.configMap, awsAuth), [notMap]],
    ["a patch of the map", map(token.configMapPatch, awsAuth), [notMap]],
  ],
  undecided: [
    [
      "unknown",
      mode(unknown),
      ["it: undecided: accessConfig.authenticationMode of it is unknown until up"],
    ],
    [
      "a map whose namespace nobody knows yet",
      map(token.configMap, { ...awsAuth, namespace: unknown }),
      ["it: undecided: metadata.namespace of it is unknown until up"],
    ],
  ],
});

const creator = (bootstrapClusterCreatorAdminPermissions?: unknown) => ({
  it: resource(token.cluster, { accessConfig: { bootstrapClusterCreatorAdminPermissions } }),
});
const noAdmin = "it: accessConfig.bootstrapClusterCreatorAdminPermissions must be false";

casesFor("eks-no-creator-admin [J3] [S3]", {
  base: creator(false),
  passes: [["no", {}]],
  fails: [
    ["yes", creator(true), [`${noAdmin}, got true`]],
    ["nothing, which is yes", creator(), [`${noAdmin}, got nothing`]],
  ],
  undecided: [
    [
      "unknown",
      creator(unknown),
      [
        "it: undecided: accessConfig.bootstrapClusterCreatorAdminPermissions of it is unknown until up",
      ],
    ],
  ],
});

const second = association("ops", "AmazonEKSAdminPolicy", { type: "cluster" });
const tooMany = (name: string, names: string, max = 1) =>
  `${name}: accessScope must name namespaces for all but ${max} of the principals, got the whole cluster for ${names}`;
const wide = (policy: string, scope: Record<string, unknown>) =>
  [
    { more: association("ops", policy, scope) },
    ["deployer-admin", "more"].map((name) => tooMany(name, "deployer-admin, more")),
  ] as const;

casesFor("eks-no-cluster-admin-entry [J3] [S3] [S5]", {
  base: platform,
  passes: [
    ["one", {}],
    [
      "two policies of one principal",
      { more: association("deployer", "AmazonEKSAdminPolicy", { type: "cluster" }) },
    ],
    [
      "an administrator of one namespace",
      {
        more: association("ops", "AmazonEKSAdminPolicy", {
          type: "namespace",
          namespaces: ["ops"],
        }),
      },
    ],
    ["a group of one's own", { "deployer.kubernetesGroups": ["platform"] }],
  ],
  fails: [
    [
      "two",
      { second },
      ["deployer-admin", "second"].map((name) => tooMany(name, "deployer-admin, second")),
    ],
    ["an editor of everything", ...wide("AmazonEKSEditPolicy", { type: "cluster" })],
    ["somebody who looks at everything", ...wide("AmazonEKSViewPolicy", { type: "cluster" })],
    [
      "every namespace",
      ...wide("AmazonEKSAdminPolicy", { type: "namespace", namespaces: ["ops", "*"] }),
    ],
    [
      "every namespace of a kind",
      ...wide("AmazonEKSEditPolicy", { type: "namespace", namespaces: ["dev-*"] }),
    ],
    ...["kube-system", "kube-public", "kube-node-lease"].map(
      (namespace): [string, Change, string[]] => [
        namespace,
        { "team-edit.accessScope.namespaces": ["team", namespace] },
        [
          `team-edit: accessScope.namespaces[1] must be a namespace of one's own and not of the system, got "${namespace}"`,
        ],
      ],
    ),
    [
      "a group of the system",
      { "deployer.kubernetesGroups": ["system:masters"] },
      [
        'deployer: kubernetesGroups[0] must be a group of your own: those of the system bypass RBAC, got "system:masters"',
      ],
    ],
  ],
  undecided: [
    [
      "a scope that nobody knows yet",
      {
        "team-edit.accessScope": unknown,
        "team-edit.policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminPolicy",
      },
      ["team-edit: undecided: accessScope of team-edit is unknown until up"],
    ],
    [
      "namespaces that nobody knows yet",
      { "team-edit.accessScope.namespaces": unknown },
      ["team-edit: undecided: accessScope.namespaces of team-edit is unknown until up"],
    ],
    [
      "groups that nobody knows yet",
      { "deployer.kubernetesGroups": unknown },
      ["deployer: undecided: kubernetesGroups of deployer is unknown until up"],
    ],
  ],
});

describe("with other numbers of administrators", () => {
  casesFor("eks-no-cluster-admin-entry [J3] [S3] [S5]", {
    base: { ...platform, second },
    config: { maxClusterAdmins: 2 },
    passes: [["two of two", {}]],
    fails: [
      [
        "three of two",
        { third: association("dba", "AmazonEKSClusterAdminPolicy", { type: "cluster" }) },
        ["deployer-admin", "second", "third"].map((name) =>
          tooMany(name, "deployer-admin, second, third", 2),
        ),
      ],
    ],
    undecided: [],
    decided: "the table above has them",
  });
});

const team = "arn:aws:iam::111122223333:role/team";
const entry = (type: unknown, principalArn: unknown = team) => ({
  entry: resource(token.accessEntry, { clusterName: "dev", principalArn, type }),
});
const standard = (got: string) =>
  `entry: type must be STANDARD for a principal that is no role of the stack for nodes, got "${got}"`;

casesFor("eks-access-entry-type [J3] [S3]", {
  base: { ...platform, ...entry("STANDARD") },
  passes: [
    ["a team", {}],
    ["no type, which is STANDARD", { "entry.type": gone }],
    ["nodes of the stack", entry("EC2_LINUX", ref("nodes-role", "arn"))],
  ],
  fails: [
    ["a team as a node", entry("EC2_LINUX"), [standard("EC2_LINUX")]],
    ["a team as a node of Auto Mode", entry("EC2"), [standard("EC2")]],
    [
      "a role that people take on",
      {
        people: resource(token.role, {
          assumeRolePolicy: document(
            statement({ Principal: { AWS: team }, Action: "sts:AssumeRole" }),
            statement({ Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }),
          ),
        }),
        ...entry("FARGATE_LINUX", ref("people", "arn")),
      },
      [standard("FARGATE_LINUX")],
    ],
  ],
  undecided: [
    [
      "a type that nobody knows yet",
      { "entry.type": unknown },
      ["entry: undecided: type of entry is unknown until up"],
    ],
    [
      "a principal that nobody knows yet",
      entry("EC2_LINUX", unknown),
      ["entry: undecided: type of entry is unknown until up"],
    ],
  ],
});
