import { isForgotten, remembered, tolerant } from "./moto-memory";
import type { ResourceChange } from "./terraform";
import type { Configuration } from "./translate";

const configuration = (resource: Configuration["resource"]): Configuration => ({
  terraform: { required_providers: {} },
  provider: { aws: [] },
  resource,
});

const update = (type: string, before: unknown, after: unknown, unknown = {}): ResourceChange => ({
  address: `${type}.a`,
  type,
  name: "a",
  change: { actions: ["update"], before, after, after_unknown: unknown },
});

describe("tolerant", () => {
  it("leaves out of the comparison what moto forgets, beside what the program ignores", () => {
    const whole = configuration({
      aws_kms_key: {
        a: { rotation_period_in_days: 365 },
        b: { rotation_period_in_days: 365, lifecycle: { ignore_changes: ["tags"] } },
      },
      aws_vpc: { main: {} },
    });
    expect(tolerant(whole).resource).toEqual({
      aws_kms_key: {
        a: {
          rotation_period_in_days: 365,
          lifecycle: { ignore_changes: ["rotation_period_in_days"] },
        },
        b: {
          rotation_period_in_days: 365,
          lifecycle: { ignore_changes: ["tags", "rotation_period_in_days"] },
        },
      },
      aws_vpc: { main: {} },
    });
  });

  it("does not ignore an argument of which moto forgets a member", () => {
    const whole = configuration({
      aws_s3_bucket_server_side_encryption_configuration: { a: { rule: [] } },
    });
    expect(tolerant(whole)).toEqual(whole);
  });
});

describe("isForgotten", () => {
  const type = "aws_s3_bucket_server_side_encryption_configuration";
  const rule = (algorithm: string, blocked: string[], key?: string) => [
    {
      apply_server_side_encryption_by_default: [
        { sse_algorithm: algorithm, ...(key !== undefined && { kms_master_key_id: key }) },
      ],
      blocked_encryption_types: blocked,
    },
  ];

  it("is a change of what moto forgets alone", () => {
    const before = { bucket: "a", rule: rule("AES256", [], "") };
    const after = { bucket: "a", rule: rule("AES256", ["SSE-C"]) };
    expect(isForgotten(update(type, before, after, { rule: [{}] }))).toBe(true);
    const tags = update("aws_s3_bucket", { tags_all: {} }, { tags_all: { a: "b" } });
    expect(isForgotten(tags)).toBe(true);
  });

  it.each([
    ["another member", { rule: rule("aws:kms", ["SSE-C"]) }, {}],
    ["a member that is taken away", { rule: rule("AES256", ["SSE-C"]).concat(rule("a", [])) }, {}],
    ["another argument", { rule: rule("AES256", ["SSE-C"]), bucket: "b" }, {}],
    ["an argument that is not known", { rule: rule("AES256", ["SSE-C"]) }, { bucket: true }],
  ])("is not with %s", (_what, after, unknown) => {
    const before = { rule: rule("AES256", []) };
    expect(isForgotten(update(type, before, after, unknown))).toBe(false);
  });

  it("is nothing but an update", () => {
    const { change, ...rest } = update("aws_s3_bucket", {}, { tags_all: {} });
    const replaced = { ...rest, change: { ...change, actions: ["delete", "create"] } };
    expect(isForgotten(replaced)).toBe(false);
  });

  it("is not of a type of which moto forgets nothing", () => {
    expect(isForgotten(update("aws_vpc", { cidr_block: "a" }, { cidr_block: "b" }))).toBe(false);
  });
});

describe("remembered", () => {
  const whole = configuration({ aws_kms_key: { a: {} } });
  const line = "moto keeps rotation_period_in_days of aws_kms_key now: take it off";

  it("names what no change wants to set", () => {
    expect(remembered(whole, [update("aws_kms_key", { tags: {} }, { tags: { a: "b" } })])).toEqual([
      line,
    ]);
  });

  it("is silent about what a change wants to set, and about types that the stack has not", () => {
    const days = { rotation_period_in_days: 90 };
    expect(remembered(whole, [update("aws_kms_key", {}, days)])).toEqual([]);
    expect(remembered(configuration({}), [])).toEqual([]);
  });
});
