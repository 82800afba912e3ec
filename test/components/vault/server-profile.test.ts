import { rightsForLogins, serverRoleArns } from "../../../components/vault/server-profile";
import { faultsOf, type Policy } from "../../support/policy-judge";
import { allows } from "../../vault/iam";

const place = { accountId: "111122223333", region: "eu-west-1" };
const role = (name: string) => `arn:aws:iam::111122223333:role/${name}`;
const deployerRoleArn = role("deployer");
const worker = {
  roleArns: [role("nodes/worker")],
  instanceProfileArns: ["arn:aws:iam::111122223333:instance-profile/nodes/worker"],
};
const rights = (nodes: Parameters<typeof rightsForLogins>[0]["nodes"]) =>
  rightsForLogins({ ...place, prefix: "p", deployerRoleArn, nodes });

/** What Vault asks AWS as a server when a login of nodes is written, and when a node logs in: test/vault/authorities.ts sees it do so. */
const ofNodes = [
  { action: "iam:GetRole", resource: role("nodes/worker"), region: "us-east-1" },
  { action: "ec2:DescribeInstances", resource: "*", region: "eu-west-1" },
];
const ofOthers = [deployerRoleArn, ...serverRoleArns({ ...place, prefix: "p" })].map(
  (resource) => ({ action: "iam:GetRole", resource, region: "us-east-1" }),
);

describe("the rights of a server of Vault for logins", () => {
  it.each([...ofNodes, ...ofOthers])("allow $action of $resource", (call) => {
    expect(allows(rights({ worker }), call)).toBe(true);
  });

  it.each([
    { action: "iam:GetRole", resource: role("nodes/other"), region: "us-east-1" },
    { action: "ec2:DescribeInstances", resource: "*", region: "eu-central-1" },
    { action: "iam:GetInstanceProfile", resource: "*", region: "us-east-1" },
    { action: "ec2:RunInstances", resource: "*", region: "eu-west-1" },
  ])("do not allow $action of $resource in $region", (call) => {
    expect(allows(rights({ worker }), call)).toBe(false);
  });

  it("are fewer where no node logs in", () => {
    expect(ofOthers.every((call) => allows(rights({}), call))).toBe(true);
    expect(ofNodes.filter((call) => allows(rights({}), call))).toEqual([]);
  });

  it("are as narrow as AWS lets them be", async () => {
    const Statement = rights({ worker }).map((one) => ({ Effect: "Allow", ...one }));
    const document = { Version: "2012-10-17", Statement } as Policy["document"];
    expect(await faultsOf({ kind: "identity", document }, place)).toEqual([]);
  });
});
