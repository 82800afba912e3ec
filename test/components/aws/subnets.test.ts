import { containsCidr, overlapCidr, parseCidr } from "cidr-tools";
import * as fc from "fast-check";
import { planSubnets } from "../../../components/aws/subnets";

const zones = ["a", "b", "c", "d"];
const vpcs = fc
  .record({ prefix: fc.integer({ min: 16, max: 19 }), block: fc.nat(255) })
  .map(({ prefix, block }) => `10.${block}.0.0/${prefix}`);
const zoneCounts = fc.integer({ min: 1, max: 4 });

const cidrs = (cidr: string, count: number) =>
  planSubnets(cidr, zones.slice(0, count)).flatMap((zone) => [zone.public, zone.nodes, zone.data]);

describe("planSubnets", () => {
  it("cuts a /16 for three zones", () => {
    expect(planSubnets("10.10.0.0/16", ["a", "b", "c"])).toEqual([
      { zone: "a", public: "10.10.224.0/24", nodes: "10.10.0.0/19", data: "10.10.240.0/24" },
      { zone: "b", public: "10.10.225.0/24", nodes: "10.10.32.0/19", data: "10.10.241.0/24" },
      { zone: "c", public: "10.10.226.0/24", nodes: "10.10.64.0/19", data: "10.10.242.0/24" },
    ]);
  });

  it("stays inside the VPC", () => {
    fc.assert(
      fc.property(vpcs, zoneCounts, (cidr, count) => {
        expect(cidrs(cidr, count).filter((subnet) => !containsCidr(cidr, subnet))).toEqual([]);
      }),
    );
  });

  it("never overlaps", () => {
    fc.assert(
      fc.property(vpcs, zoneCounts, (cidr, count) => {
        const all = cidrs(cidr, count);
        const pairs = all.flatMap((one, i) =>
          all.slice(i + 1).map((other) => [one, other] as const),
        );
        expect(pairs.filter(([one, other]) => overlapCidr(one, other))).toEqual([]);
      }),
    );
  });

  it("starts every subnet at its network address", () => {
    fc.assert(
      fc.property(vpcs, zoneCounts, (cidr, count) => {
        const shifted = cidrs(cidr, count).filter((subnet) => {
          const { start, prefix } = parseCidr(subnet);
          return start % (1n << BigInt(32 - Number(prefix))) !== 0n;
        });
        expect(shifted).toEqual([]);
      }),
    );
  });

  it("leaves the other zones where they are when one is appended", () => {
    fc.assert(
      fc.property(vpcs, fc.integer({ min: 1, max: 3 }), (cidr, count) => {
        expect(planSubnets(cidr, zones.slice(0, count + 1)).slice(0, count)).toEqual(
          planSubnets(cidr, zones.slice(0, count)),
        );
      }),
    );
  });

  it("gives no subnet less than the /27 of a load balancer", () => {
    fc.assert(
      fc.property(vpcs, zoneCounts, (cidr, count) => {
        expect(
          cidrs(cidr, count).filter((subnet) => Number(parseCidr(subnet).prefix) > 27),
        ).toEqual([]);
      }),
    );
  });

  it.each([
    ["10.0.0.0/15", ["a"], "must be from /16 to /19"],
    ["10.0.0.0/20", ["a"], "must be from /16 to /19"],
    ["10.0.0.0/16", ["a", "b", "c", "d", "e"], "must be shared by at most 4 zones"],
  ])("fails for %s and %j", (cidr, names, message) => {
    expect(() => planSubnets(cidr, names)).toThrow(message);
  });
});
