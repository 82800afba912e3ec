import * as pulumi from "@pulumi/pulumi";
import { flows } from "../../../components/aws/flows";
import { SecurityGroupRules, SecurityGroups } from "../../../components/aws/security-groups";
import { created, ofType } from "../../support/created";

const rulesOf = (mode: "ssm" | "direct") =>
  created(() => {
    const firewall = {
      prefix: "p",
      vpcId: pulumi.output("vpc-id"),
      flows: flows(mode),
      trustedCidrs: ["10.99.0.0/16", "10.98.0.0/16"],
      clientCidrs: ["203.0.113.0/24"],
    };
    const groups = new SecurityGroups("groups", firewall);
    return new SecurityGroupRules("rules", { ...firewall, groups, s3PrefixListId: "pl-s3" });
  });

describe("SecurityGroups", () => {
  it("creates a described group for each end that has rules", async () => {
    expect(ofType(await rulesOf("direct"), "aws:ec2/securityGroup:SecurityGroup")).toEqual({
      "groups-api": {
        vpcId: "vpc-id",
        description: "Kubernetes API: network interfaces of the control plane",
        tags: { Name: "p-api" },
      },
      "groups-nodes": {
        vpcId: "vpc-id",
        description: "Nodes and their pods",
        tags: { Name: "p-nodes" },
      },
      "groups-endpoints": {
        vpcId: "vpc-id",
        description: "VPC endpoints of AWS APIs",
        tags: { Name: "p-endpoints" },
      },
      "groups-vault": {
        vpcId: "vpc-id",
        description: "Servers of Vault",
        tags: { Name: "p-vault" },
      },
      "groups-vault-door": {
        vpcId: "vpc-id",
        description: "Load balancer of Vault, inside the VPC",
        tags: { Name: "p-vault-door" },
      },
      "groups-entry": {
        vpcId: "vpc-id",
        description: "Load balancer: the way in from the internet",
        tags: { Name: "p-entry" },
      },
      "groups-log-store": {
        vpcId: "vpc-id",
        description: "Log store: nodes of the domain",
        tags: { Name: "p-log-store" },
      },
      "groups-log-delivery": {
        vpcId: "vpc-id",
        description: "Delivery of logs to the log store",
        tags: { Name: "p-log-delivery" },
      },
    });
  });

  it("fails for a group that no flow is on", async () => {
    await created(() => {
      const groups = new SecurityGroups("groups", {
        prefix: "p",
        vpcId: "vpc-id",
        flows: flows("direct"),
        trustedCidrs: [],
        clientCidrs: [],
      });
      expect(() => groups.id("bastion")).toThrow(
        "group must be one that a flow is on (api, nodes, endpoints, log-store, log-delivery, vault-door, vault, entry), got bastion",
      );
    });
  });
});

describe("SecurityGroupRules", () => {
  it("creates one rule for each flow", async () => {
    const resources = await rulesOf("ssm");
    const count = (type: string) => Object.keys(ofType(resources, type)).length;
    const wanted = (direction: string) =>
      flows("ssm").filter((flow) => flow.direction === direction).length;
    expect(count("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")).toBe(
      wanted("ingress"),
    );
    expect(count("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")).toBe(wanted("egress"));
  });

  it("names the other end by its group, by its prefix list or by its CIDR", async () => {
    const resources = await rulesOf("direct");
    const egress = ofType(resources, "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule");
    const ingress = ofType(resources, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule");
    expect(egress["rules-nodes-egress-s3-443"]).toEqual({
      securityGroupId: "groups-nodes-id",
      prefixListId: "pl-s3",
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
      description: "image layers come from S3",
    });
    expect(ingress["rules-nodes-ingress-nodes-all"]).toEqual({
      securityGroupId: "groups-nodes-id",
      referencedSecurityGroupId: "groups-nodes-id",
      ipProtocol: "-1",
      description: "pods of different nodes; network policies narrow it",
    });
    expect(ingress["rules-api-ingress-trusted-443-10.99.0.0/16"]).toEqual({
      securityGroupId: "groups-api-id",
      cidrIpv4: "10.99.0.0/16",
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
      description: "people reach the Kubernetes API from a joined network",
    });
  });

  it("opens API and log store to each trusted network in direct mode, and to nothing else outside [S13]", async () => {
    const ingress = ofType(
      await rulesOf("direct"),
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    );
    const cidrs = Object.values(ingress).flatMap((rule) =>
      rule["cidrIpv4"] && rule["securityGroupId"] !== "groups-entry-id"
        ? [[rule["securityGroupId"], rule["cidrIpv4"]]]
        : [],
    );
    expect(cidrs).toEqual([
      ["groups-api-id", "10.98.0.0/16"],
      ["groups-api-id", "10.99.0.0/16"],
      ["groups-log-store-id", "10.98.0.0/16"],
      ["groups-log-store-id", "10.99.0.0/16"],
      ["groups-vault-door-id", "10.98.0.0/16"],
      ["groups-vault-door-id", "10.99.0.0/16"],
    ]);
  });

  it("opens the entry to its clients on 443 and 80 only [J17]", async () => {
    const ingress = ofType(
      await rulesOf("ssm"),
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    );
    const open = Object.values(ingress)
      .filter((rule) => rule["securityGroupId"] === "groups-entry-id")
      .map((rule) => [rule["cidrIpv4"], rule["fromPort"], rule["toPort"]]);
    expect(open).toEqual([
      ["203.0.113.0/24", 443, 443],
      ["203.0.113.0/24", 80, 80],
    ]);
  });
});
