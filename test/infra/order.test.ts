import { planned } from "../support/planned";

// The whole program runs, beside other tests.
jest.setTimeout(60_000);

describe("the load balancer", () => {
  it("waits for the policy of its bucket, and not for what settles slowly", async () => {
    const resources = await planned("dev");
    const byUrn = new Map(resources.map((one) => [one.urn, one]));
    const balancer = resources.find(
      ({ type, name }) => type === "aws:lb/loadBalancer:LoadBalancer" && name === "entry",
    );
    const awaited = (balancer?.dependencies ?? [])
      .flatMap((urn) => byUrn.get(urn) ?? [])
      .filter(({ type }) => type.startsWith("aws:s3/"))
      .map(({ type, name }) => `${type} ${name}`);
    expect(awaited.toSorted()).toEqual([
      "aws:s3/bucket:Bucket entry-logs",
      "aws:s3/bucketPolicy:BucketPolicy entry-logs",
    ]);
  });
});
