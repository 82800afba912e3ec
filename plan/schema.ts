import { z } from "zod";

const urn = z.string().describe("URN of a resource.");
const urns = z.array(urn);

const alias = z.union([
  z.string().describe("URN that the resource had before."),
  z
    .strictObject({
      name: z.string().optional(),
      type: z.string().optional(),
      stack: z.string().optional(),
      project: z.string().optional(),
      parent: urn.optional(),
      noParent: z.boolean().optional(),
    })
    .describe("What differed in the URN that the resource had before."),
]);

const customTimeouts = z
  .strictObject({
    create: z.number().optional(),
    update: z.number().optional(),
    delete: z.number().optional(),
  })
  .describe("Longest time that the provider waits, in seconds.");

const options = z
  .strictObject({
    protect: z.boolean().optional(),
    ignoreChanges: z.array(z.string()).optional(),
    deletedWith: urn.optional(),
    aliases: z.array(alias).optional(),
    additionalSecretOutputs: z.array(z.string()).optional(),
    deleteBeforeReplace: z.boolean().optional(),
    retainOnDelete: z.boolean().optional(),
    replaceOnChanges: z.array(z.string()).optional(),
    replaceWith: urns.optional(),
    hideDiffs: z.array(z.string()).optional(),
    import: z.string().optional().describe("Identifier of the existing resource to take over."),
    customTimeouts: customTimeouts.optional(),
  })
  .describe("Resource options; only those that the program set or that the resource inherited.");

const plannedResource = z.strictObject({
  urn,
  type: z.string().describe("Type token, such as aws:ec2/vpc:Vpc."),
  name: z.string().describe("Logical name."),
  custom: z.boolean().describe("False for a component and for the stack itself."),
  inputs: z
    .record(z.string(), z.unknown())
    .describe(
      'Inputs with sorted keys. An unknown keeps the sentinel string of the Pulumi SDK, a secret is "[secret]".',
    ),
  parent: urn.optional().describe("URN of the parent; absent for the stack and default providers."),
  dependencies: urns.describe("Sorted URNs of all resources that must exist before this one."),
  propertyDependencies: z
    .record(z.string(), urns)
    .describe("For each input, the sorted URNs of the resources that its value comes from."),
  provider: urn.optional().describe("URN of the provider that manages a custom resource."),
  options,
});

const verdict = z.strictObject({
  rule: z.string().describe("Identifier of the rule."),
  urn: urn.describe(
    "The judged resource; the stack for a stack rule that passes and for a rule that applied to nothing.",
  ),
  verdict: z.enum(["pass", "fail", "undecided", "notApplicable"]),
  severity: z.enum(["low", "medium", "high", "critical"]),
  level: z.enum(["advisory", "mandatory", "remediate"]),
  message: z.string().optional().describe("Present unless the verdict is pass."),
});

const note = z.strictObject({
  section: z.string().describe("Title of the section in which the plan shows it."),
  rule: z.string().describe("Identifier of the rule that tells it."),
  urn: urn.describe("The resource that it is about; the stack when it is about none."),
  message: z.string(),
});

const meter = {
  region: z.string().optional().describe("Region of the price."),
  service: z.string().optional().describe("Code of the offer in AWS' price lists."),
  usage: z.string().optional().describe("Usage type without the prefix of its region."),
  operation: z.string().optional().describe("Operation, where the usage type is not enough."),
  unit: z.enum(["hour", "month", "GB-month"]).optional().describe("What the price is paid for."),
};
const part = z.string().describe("What is billed, in words.");
const count = z.number().describe("How many resources have the part.");
const money = z.number().describe("In currency, each month, in whole cents.");

const cost = z
  .strictObject({
    currency: z.literal("USD"),
    hoursPerMonth: z.number().describe("Hours that a month is counted with."),
    monthly: money.describe("Sum of parts."),
    parts: z
      .array(
        z.strictObject({
          part,
          region: z.string(),
          service: z.string(),
          usage: z.string(),
          operation: meter.operation,
          unit: z.enum(["hour", "month", "GB-month"]),
          amount: z.number().describe("How many are paid for, or how many GB."),
          resources: count,
          price: z.number().describe("In currency, for one unit."),
          monthly: money,
          source: z.string().describe("Where the price is from."),
          date: z.string().describe("When AWS published the price, or when it was read."),
        }),
      )
      .describe("What has a price, sorted by part."),
    unpriced: z
      .array(
        z.strictObject({
          part,
          ...meter,
          amount: z.number().optional().describe("How many are paid for, or how many GB."),
          resources: count,
          reason: z.string().describe("Why there is no price."),
        }),
      )
      .describe("What costs money, or may, and has no price; not in the sum. Sorted by part."),
    savings: z
      .array(
        z.strictObject({
          setting: z
            .string()
            .describe("What a stack that outlives the loss of a zone has instead."),
          monthly: money.describe("What it would cost more each month."),
          unpriced: z.array(part).describe("What it would have more of, without a price."),
        }),
      )
      .describe("Settings by which the plan is cheaper, each on its own."),
  })
  .describe("Estimate of what the always-on parts cost; absent in files of older versions.");

/** The plan file, format version 1. */
export const planSchema = z.strictObject({
  formatVersion: z.literal(1),
  project: z.string(),
  stack: z.string(),
  resources: z.array(plannedResource).describe("Sorted by urn."),
  verdicts: z.array(verdict).describe("Sorted by rule, urn and message."),
  notes: z
    .array(note)
    .optional()
    .describe("What rules tell without finding fault, sorted by section, rule, urn and message."),
  cost: cost.optional(),
});

export type Plan = z.infer<typeof planSchema>;
export type PlannedResource = z.infer<typeof plannedResource>;
export type Cost = z.infer<typeof cost>;
export type ResourceOptions = z.infer<typeof options>;
export type Alias = z.infer<typeof alias>;
export type Note = z.infer<typeof note>;
export type Verdict = z.infer<typeof verdict>;
export type Severity = Verdict["severity"];
export type Level = Verdict["level"];

/** The JSON schema of the plan file, as `docs/plan.schema.json` holds it. */
export function planJsonSchema(): string {
  const schema = z.toJSONSchema(planSchema, { target: "draft-2020-12" });
  const titled = { title: "Drawbridge plan file, format version 1", ...schema };
  return `${JSON.stringify(titled, undefined, 2)}\n`;
}
