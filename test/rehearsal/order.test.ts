import { Account, keyPolicy, network, trust, wholeStack } from "./account";
import { missingDependencies } from "./order";

const stateOf = (account: Account, dependencies: Record<string, string[]> = {}) =>
  account.names.map((name) => ({
    urn: account.urn(name),
    type: "",
    dependencies: (dependencies[name] ?? []).map((other) => account.urn(other)),
  }));

/** Names of what a resource needs and nothing makes it wait for. */
const missing = (account: Account, name: string, dependencies: Record<string, string[]> = {}) =>
  missingDependencies(account.world, stateOf(account, dependencies))
    .filter(({ urn }) => urn === account.urn(name))
    .map(({ needs }) => needs.split("::").at(-1));

describe("missingDependencies", () => {
  it("finds what every resource needs without naming it", () => {
    const account = wholeStack();
    expect(missing(account, "nat")).toEqual(["igw"]);
    expect(missing(account, "cluster")).toEqual([
      "cluster-role AmazonEKSClusterPolicy",
      "log-group",
    ]);
    expect(missing(account, "nodes")).toEqual([
      "association-a",
      "association-b",
      "kube-proxy",
      "node-role AmazonEC2ContainerRegistryPullOnly",
      "node-role AmazonEKSWorkerNodePolicy",
      "node-role AmazonEKS_CNI_Policy",
      "route",
      "vpc-cni",
    ]);
  });

  it("finds rules of the groups that nodes and control plane wear", () => {
    const account = wholeStack();
    const securityGroupId = account.id("group");
    account.make("rule", "ingressRule", {
      securityGroupId,
      ipProtocol: "-1",
      cidrIpv4: "10.0.0.0/16",
    });
    expect(missing(account, "nodes")).toContain("rule");
  });

  it("finds the nodes that CoreDNS runs on, and the entry of an access policy", () => {
    const account = wholeStack();
    account.make("dns", "addon", { clusterName: "main", addonName: "coredns" });
    const principalArn = account.output("cluster-role", "arn");
    account.make("entry", "accessEntry", { clusterName: "main", principalArn });
    account.make("association", "accessPolicyAssociation", {
      clusterName: "main",
      principalArn,
      policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
      accessScope: { type: "cluster" },
    });
    expect([missing(account, "dns"), missing(account, "association")]).toEqual([
      ["nodes"],
      ["entry"],
    ]);
  });

  it("finds the role that a key's policy names, and the rights of the role of flow logs", () => {
    const account = new Account();
    network(account);
    account.make("role", "role", { assumeRolePolicy: trust("vpc-flow-logs.amazonaws.com") });
    account.make("rights", "rolePolicy", { role: account.id("role"), policy: keyPolicy() });
    account.make("logs", "logGroup", { name: "/flows" });
    const iamRoleArn = account.output("role", "arn");
    account.make("flows", "flowLog", {
      vpcId: account.id("vpc"),
      logDestination: account.output("logs", "arn"),
      iamRoleArn,
    });
    const grant = { Effect: "Allow", Principal: { AWS: iamRoleArn }, Action: "kms:Decrypt" };
    account.make("key", "key", { policy: keyPolicy(grant) });
    expect([missing(account, "flows"), missing(account, "key")]).toEqual([["rights"], ["role"]]);
  });

  it("finds the rights of a group of instances, its rules and the endpoints of its agent", () => {
    const account = wholeStack();
    const { group, vpc } = { group: account.id("group"), vpc: account.id("vpc") };
    account.make("role", "role", { assumeRolePolicy: trust("ec2.amazonaws.com") });
    account.make("rights", "rolePolicy", { role: account.id("role"), policy: keyPolicy() });
    account.make("profile", "instanceProfile", { role: account.id("role") });
    for (const service of ["ssm", "ssmmessages", "guardduty-data"]) {
      account.make(service, "endpoint", {
        vpcId: vpc,
        vpcEndpointType: "Interface",
        serviceName: `com.amazonaws.eu-west-1.${service}`,
        subnetIds: [account.id("subnet-a")],
        securityGroupIds: [group],
      });
    }
    account.make("rule", "ingressRule", {
      securityGroupId: group,
      ipProtocol: "-1",
      cidrIpv4: "10.0.0.0/16",
    });
    account.make("template", "launchTemplate", {
      iamInstanceProfile: { arn: account.output("profile", "arn") },
      networkInterfaces: [{ deviceIndex: 0, securityGroups: [group] }],
    });
    account.make("bastion", "autoScalingGroup", {
      minSize: 1,
      maxSize: 1,
      vpcZoneIdentifiers: [account.id("subnet-a")],
      launchTemplate: { id: account.id("template"), version: "1" },
    });
    expect(missing(account, "bastion")).toEqual(["rights", "rule", "ssm", "ssmmessages"]);
  });

  it("finds nothing where the dependency is direct, or goes through others", () => {
    const account = wholeStack();
    expect(missing(account, "nat", { nat: ["igw"] })).toEqual([]);
    expect(
      missing(account, "nat", { nat: ["eip"], eip: ["route-public"], "route-public": ["igw"] }),
    ).toEqual([]);
    expect(missing(account, "nat", { nat: ["eip"], eip: ["vpc"], igw: ["nat"] })).toEqual(["igw"]);
  });
});
