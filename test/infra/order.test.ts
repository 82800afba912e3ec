import type { StackResource } from "../../plan/stack-resource";
import { planned, sshMode } from "../support/planned";

// Whole programs run, beside other tests.
jest.setTimeout(60_000);

/** What a resource waits for, as type and name. */
function awaitedBy(resources: StackResource[], type: string, name: string): string[] {
  const byUrn = new Map(resources.map((one) => [one.urn, one]));
  const found = resources.find((one) => one.type === type && one.name === name);
  return (found?.dependencies ?? [])
    .flatMap((urn) => byUrn.get(urn) ?? [])
    .map((one) => `${one.type} ${one.name}`)
    .toSorted();
}

describe("the load balancer", () => {
  it("waits for the policy of its bucket, and not for what settles slowly", async () => {
    const awaited = awaitedBy(await planned("dev"), "aws:lb/loadBalancer:LoadBalancer", "entry");
    expect(awaited.filter((one) => one.startsWith("aws:s3/"))).toEqual([
      "aws:s3/bucket:Bucket entry-logs",
      "aws:s3/bucketPolicy:BucketPolicy entry-logs",
    ]);
  });
});

describe("the bastion", () => {
  it.each([
    ["ssm", {}],
    ["ssh", sshMode],
  ])("waits in %s mode for its rights, its rules and the endpoints", async (_mode, change) => {
    const resources = await planned("dev", change);
    const awaited = awaitedBy(resources, "aws:autoscaling/group:Group", "bastion");
    expect(awaited).toContain("aws:iam/rolePolicy:RolePolicy bastion");
    const needed = resources
      .filter(
        ({ type, parent }) =>
          /^aws:(vpc|ec2)\/(securityGroup(In|E)gressRule|vpcEndpoint):/.test(type) &&
          /::(endpoints|rules)$/.test(parent ?? ""),
      )
      .map(({ type, name }) => `${type} ${name}`);
    expect(needed).toEqual(
      expect.arrayContaining(["aws:ec2/vpcEndpoint:VpcEndpoint endpoints-ssm"]),
    );
    expect(awaited).toEqual(expect.arrayContaining(needed));
  });
});
