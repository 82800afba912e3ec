import { flows } from "../../../components/aws/flows";
import type { AclRule } from "../../../components/aws/network-acls";
import { privateAclRules, publicAclRules } from "../../../components/aws/network-acls";

const vpc = "10.10.0.0/16";
const world = "0.0.0.0/0";
const rows = (rules: AclRule[]) =>
  rules.map(({ ruleNo, protocol, cidrBlock, fromPort, toPort }) => [
    ruleNo,
    protocol,
    cidrBlock,
    fromPort,
    toPort,
  ]);

describe("network ACLs", () => {
  it("open public subnets to HTTPS, its redirect and answers", () => {
    const { ingress, egress } = publicAclRules(vpc, []);
    expect(rows(ingress)).toEqual([
      [10, "-1", vpc, 0, 0],
      [20, "tcp", world, 443, 443],
      [30, "tcp", world, 80, 80],
      [40, "tcp", world, 1024, 65535],
    ]);
    expect(rows(egress)).toEqual([
      [10, "-1", vpc, 0, 0],
      [20, "tcp", world, 443, 443],
      [30, "tcp", world, 1024, 65535],
    ]);
  });

  it("open public subnets to SSH from named networks, whose answers may leave", () => {
    const { ingress, egress } = publicAclRules(vpc, ["203.0.113.0/24"]);
    expect(rows(ingress).slice(4)).toEqual([[50, "tcp", "203.0.113.0/24", 22, 22]]);
    expect(egress).toEqual(publicAclRules(vpc, []).egress);
  });

  it("open private subnets to answers only", () => {
    const { ingress, egress } = privateAclRules(vpc, []);
    expect(rows(ingress)).toEqual([
      [10, "-1", vpc, 0, 0],
      [20, "tcp", world, 32768, 60999],
    ]);
    expect(rows(egress)).toEqual([
      [10, "-1", vpc, 0, 0],
      [20, "tcp", world, 443, 443],
    ]);
  });

  it("let joined networks reach HTTPS and Vault and get their answers", () => {
    const { ingress, egress } = privateAclRules(vpc, ["10.99.0.0/16"]);
    expect(rows(ingress).slice(2)).toEqual([
      [30, "tcp", "10.99.0.0/16", 443, 443],
      [40, "tcp", "10.99.0.0/16", 8200, 8200],
    ]);
    expect(rows(egress).slice(2)).toEqual([[30, "tcp", "10.99.0.0/16", 1024, 65535]]);
  });

  it.each(["ssm", "ssh", "vpn", "direct"] as const)(
    "let through what security groups let trusted networks do in %s mode",
    (mode) => {
      const people = "203.0.113.0/24";
      const lists = [publicAclRules(vpc, [people]), privateAclRules(vpc, [people])];
      const open = lists.flatMap(({ ingress }) =>
        ingress.filter(({ cidrBlock }) => cidrBlock === people).map(({ fromPort }) => fromPort),
      );
      const wanted = flows(mode).filter(({ peer }) => peer === "trusted");
      expect(open).toEqual(expect.arrayContaining(wanted.map(({ port }) => port)));
    },
  );
});
