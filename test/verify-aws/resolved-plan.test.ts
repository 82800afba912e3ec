import { resolve } from "node:path";
import { readStackConfig } from "../../plan/stack-file";
import { unknownValue } from "../../plan/property-values";
import type { StackResource } from "../../plan/stack-resource";
import { registered } from "../support/registered";
import schema from "./fixtures/schema.json";
import type { ProviderSchema } from "./provider-schema";
import { deviations, firstPlan, resolvedPlan } from "./resolved-plan";

const provider = schema as unknown as ProviderSchema;

function resource(name: string, inputs: Record<string, unknown>): StackResource {
  return registered({ urn: `urn::${name}`, type: "aws:ec2/vpc:Vpc", name, inputs });
}

describe("deviations", () => {
  it.each([
    ["what was unknown", { a: unknownValue }, { a: "x" }, []],
    ["what was unknown in a list", { a: ["b", unknownValue] }, { a: ["b", "x"] }, []],
    ["another value", { a: 1 }, { a: 2 }, ["urn::it: a is 1 in the plan, and 2 here"]],
    [
      "a value that was not there",
      { a: {} },
      { a: { b: true } },
      ["urn::it: a: b is undefined in the plan, and true here"],
    ],
    [
      "what was unknown and is gone",
      { a: unknownValue },
      {},
      [`urn::it: a is "${unknownValue}" in the plan, and undefined here`],
    ],
    ["a longer list", { a: [1] }, { a: [1, 2] }, ["urn::it: a is [1] in the plan, and [1,2] here"]],
  ])("%s", (_what, plan, resolved, expected) => {
    expect(deviations([resource("it", plan)], [resource("it", resolved)])).toEqual(expected);
  });

  it("names what is on one side only", () => {
    expect(deviations([resource("a", {})], [resource("b", {})])).toEqual([
      "urn::a is in the plan only",
      "urn::b is not in the plan",
    ]);
  });
});

// The program runs twice.
jest.setTimeout(60_000);

describe("resolvedPlan", () => {
  it("fills in what the plan does not know, and nothing else", async () => {
    const config = readStackConfig(resolve(__dirname, "../.."), "dev");
    const [plan, { resources, addresses }] = [
      await firstPlan(config),
      await resolvedPlan(config, provider),
    ];
    expect(deviations(plan, resources)).toEqual([]);
    const subnets = resources.filter(({ type }) => type === "aws:ec2/subnet:Subnet");
    expect(subnets.map(({ inputs }) => inputs["vpcId"])).toEqual(
      subnets.map(() => "<tf:aws_vpc.network.id>"),
    );
    expect(subnets.length).toBeGreaterThan(0);
    const vpc = plan.find(({ type }) => type === "aws:ec2/vpc:Vpc");
    expect(addresses.of(vpc?.urn ?? "")).toBe("aws_vpc.network");
    // What the program computes of an output has the expression in its place.
    const versions = (of: StackResource[]) =>
      of
        .filter(({ type }) => type === "aws:eks/nodeGroup:NodeGroup")
        .map(({ inputs }) => (inputs["launchTemplate"] as Record<string, unknown>)["version"]);
    expect(versions(plan)).toEqual([unknownValue]);
    expect(versions(resources)).toEqual(["<tf:aws_launch_template.general.latest_version>"]);
  });
});
