import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020";
import { estimate } from "../../plan/cost/estimate";
import { readPrices } from "../../plan/cost/price-list";
import { jsonReport } from "../../plan/report/json";
import { planJsonSchema } from "../../plan/schema";
import { result } from "./report/result-fixture";

const file = join(__dirname, "..", "..", "docs", "plan.schema.json");

describe("planJsonSchema", () => {
  const validate = new Ajv2020({ strict: false }).compile(
    JSON.parse(planJsonSchema()) as Record<string, unknown>,
  );

  it("is the schema in docs; npm run docs writes it", () => {
    expect(readFileSync(file, "utf8")).toBe(planJsonSchema());
  });

  it("accepts what plan writes", () => {
    expect(validate(JSON.parse(jsonReport(result)))).toBe(true);
  });

  it("accepts what plan writes of costs", () => {
    const cost = estimate(result.resources, readPrices());
    const written = JSON.parse(jsonReport({ ...result, cost })) as { cost: unknown };
    expect(validate(written)).toBe(true);
    expect(written.cost).toMatchObject({ monthly: 0, unpriced: [{ part: "S3 buckets" }, {}] });
    expect(validate({ ...written, cost: { ...cost, monthly: "0" } })).toBe(false);
  });

  it.each([
    ["another format version", { formatVersion: 2 }],
    ["an unknown verdict", { verdicts: [{ ...result.judgement.verdicts[0], verdict: "maybe" }] }],
    ["a member that the format does not have", { more: true }],
  ])("refuses %s", (_name, change) => {
    const plan = JSON.parse(jsonReport(result)) as Record<string, unknown>;
    expect(validate({ ...plan, ...change })).toBe(false);
  });
});
