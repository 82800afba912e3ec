import type { ClusterArgs } from "../../../components/aws/cluster";
import { Cluster } from "../../../components/aws/cluster";
import { ClusterDns } from "../../../components/aws/cluster-dns";
import { created, ofType } from "../../support/created";

const base: ClusterArgs = {
  clusterName: "p",
  accountId: "111122223333",
  region: "eu-west-1",
  version: "1.35",
  subnetIds: ["subnet-a", "subnet-b"],
  securityGroupId: "sg-api",
  secretsKeyArn: "arn:secrets",
  logKeyArn: "arn:logs",
  logRetentionDays: 365,
  deployerRoleArn: "arn:aws:iam::111122223333:role/deployer",
};
const build = (more: Partial<ClusterArgs> = {}) =>
  created(() => new Cluster("cluster", { ...base, ...more }));
const trustOf = (inputs: Record<string, unknown> | undefined) =>
  (JSON.parse(inputs?.["assumeRolePolicy"] as string) as { Statement: unknown[] }).Statement;

describe("Cluster", () => {
  it("creates a private, encrypted, logged and protected control plane [J1] [S13]", async () => {
    expect(ofType(await build(), "aws:eks/cluster:Cluster")).toEqual({
      cluster: {
        name: "p",
        roleArn: "arn:cluster",
        version: "1.35",
        deletionProtection: true,
        enabledClusterLogTypes: ["api", "audit", "authenticator", "controllerManager", "scheduler"],
        accessConfig: {
          authenticationMode: "API",
          bootstrapClusterCreatorAdminPermissions: false,
        },
        bootstrapSelfManagedAddons: false,
        encryptionConfig: { provider: { keyArn: "arn:secrets" }, resources: ["secrets"] },
        kubernetesNetworkConfig: { serviceIpv4Cidr: "172.20.0.0/16", ipFamily: "ipv4" },
        upgradePolicy: { supportType: "STANDARD" },
        zonalShiftConfig: { enabled: true },
        vpcConfig: {
          subnetIds: ["subnet-a", "subnet-b"],
          securityGroupIds: ["sg-api"],
          endpointPrivateAccess: true,
          endpointPublicAccess: false,
        },
      },
    });
  });

  it("keeps the control plane's logs encrypted for the time that is asked for", async () => {
    expect(ofType(await build(), "aws:cloudwatch/logGroup:LogGroup")).toEqual({
      cluster: { name: "/aws/eks/p/cluster", kmsKeyId: "arn:logs", retentionInDays: 365 },
    });
  });

  it("makes the deployer the only administrator [J2] [J3]", async () => {
    const resources = await build();
    expect(ofType(resources, "aws:eks/accessEntry:AccessEntry")).toEqual({
      "cluster-access-deployer": {
        clusterName: "p",
        principalArn: base.deployerRoleArn,
        type: "STANDARD",
      },
    });
    expect(ofType(resources, "aws:eks/accessPolicyAssociation:AccessPolicyAssociation")).toEqual({
      "cluster-access-deployer": {
        clusterName: "p",
        principalArn: base.deployerRoleArn,
        policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        accessScope: { type: "cluster" },
      },
    });
  });

  it("limits everybody else to namespaces, also with roles of one name [S3]", async () => {
    const entry = (path: string) => ({
      principalArn: `arn:aws:iam::111122223333:role/${path}/dev`,
      access: "edit" as const,
      namespaces: [path],
    });
    const resources = await build({ accessEntries: [entry("a"), entry("b")] });
    const scopes = Object.entries(
      ofType(resources, "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"),
    ).map(([name, { policyArn, accessScope }]) => [name, policyArn, accessScope]);
    expect(scopes.slice(0, 2)).toEqual(
      ["a", "b"].map((path) => [
        `cluster-access-111122223333-role/${path}/dev`,
        "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",
        { type: "namespace", namespaces: [path] },
      ]),
    );
  });

  it("leaves network policies to Calico, with the CNI's rights on its pods [S8]", async () => {
    const resources = await build();
    const addon = (addonName: string, more = {}) => ({
      clusterName: "p",
      addonName,
      resolveConflictsOnCreate: "OVERWRITE",
      resolveConflictsOnUpdate: "OVERWRITE",
      ...more,
    });
    expect(ofType(resources, "aws:eks/addon:Addon")).toEqual({
      "cluster-addons-kube-proxy": addon("kube-proxy"),
      "cluster-addons-eks-pod-identity-agent": addon("eks-pod-identity-agent"),
      "cluster-addons-vpc-cni": addon("vpc-cni", {
        configurationValues: '{"enableNetworkPolicy":"false","env":{"ANNOTATE_POD_IP":"true"}}',
        podIdentityAssociations: [
          { serviceAccount: "aws-node", roleArn: "arn:cluster-addons-vpc-cni" },
        ],
      }),
    });
    expect(trustOf(ofType(resources, "aws:iam/role:Role")["cluster-addons-vpc-cni"])).toEqual([
      {
        Effect: "Allow",
        Sid: "PodsOfTheCluster",
        Principal: { Service: "pods.eks.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession"],
        Condition: {
          StringEquals: { "aws:SourceAccount": "111122223333" },
          ArnEquals: { "aws:SourceArn": "arn:aws:eks:eu-west-1:111122223333:cluster/p" },
        },
      },
    ]);
  });

  it("trusts EKS for this cluster only", async () => {
    expect(trustOf(ofType(await build(), "aws:iam/role:Role")["cluster"])).toEqual([
      {
        Effect: "Allow",
        Sid: "ControlPlaneOfTheCluster",
        Principal: { Service: "eks.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: {
          ArnLike: { "aws:SourceArn": "arn:aws:eks:eu-west-1:111122223333:cluster/p" },
        },
      },
    ]);
  });

  it("registers its issuer of service account tokens", async () => {
    expect(ofType(await build(), "aws:iam/openIdConnectProvider:OpenIdConnectProvider")).toEqual({
      cluster: { url: "https://issuer", clientIdLists: ["sts.amazonaws.com"] },
    });
  });

  it("drops the protection only when told to", async () => {
    const { cluster } = ofType(
      await build({ deletionProtection: false }),
      "aws:eks/cluster:Cluster",
    );
    expect(cluster?.["deletionProtection"]).toBe(false);
  });
});

describe("ClusterDns", () => {
  it("creates CoreDNS", async () => {
    const resources = await created(
      () => new ClusterDns("dns", { clusterName: "p", nodeGroups: [] }),
    );
    expect(ofType(resources, "aws:eks/addon:Addon")).toEqual({
      dns: {
        clusterName: "p",
        addonName: "coredns",
        resolveConflictsOnCreate: "OVERWRITE",
        resolveConflictsOnUpdate: "OVERWRITE",
      },
    });
  });
});
