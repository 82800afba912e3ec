import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { fields, namespace } from "./config/fields";

/** Keys that Pulumi itself keeps in a stack file: www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/ */
const pulumiKeys = {
  secretsprovider: { type: "string" },
  encryptedkey: { type: "string" },
  encryptionsalt: { type: "string" },
  environment: {},
};

type Schema = z.core.JSONSchema.BaseSchema;

/**
 * What a stack file may say for a scalar. Pulumi hands texts to a program, so a number or truth value may be quoted,
 * as `pulumi config set` does it, and a text that spells a number need not be.
 */
function asWritten(schema: Schema): Schema {
  const { type, enum: values, ...others } = schema;
  if (type === "boolean") return { ...others, enum: [true, false, "true", "false"] };
  if (values === undefined) return schema;
  const spelled = values.flatMap((value) => {
    const text = String(value);
    return text === String(Number(text)) ? [text, Number(text)] : [value];
  });
  return { ...others, enum: spelled };
}

/** JSON schema of a stack file, with which an editor completes and checks `Pulumi.<stack>.yaml`. */
export function stackFileSchema(): string {
  const { properties = {}, required = [] } = z.toJSONSchema(z.strictObject(fields), {
    io: "input",
    target: "draft-7",
  });
  // A key without a namespace is the project's.
  const names = (key: string) => [`${namespace}:${key}`, key];
  return `${JSON.stringify(
    {
      $schema: "http://json-schema.org/draft-07/schema#",
      title: "Stack file of Drawbridge (Pulumi.<stack>.yaml)",
      type: "object",
      properties: {
        ...pulumiKeys,
        config: {
          type: "object",
          properties: Object.fromEntries(
            Object.entries(properties).flatMap(([key, schema]) => [
              [`${namespace}:${key}`, asWritten(schema as Schema)],
              [key, { $ref: `#/properties/config/properties/${namespace}:${key}` }],
            ]),
          ),
          allOf: required.map((key) => ({
            anyOf: names(key).map((name) => ({ required: [name] })),
          })),
          patternProperties: { "^pulumi:": {} },
          additionalProperties: false,
        },
      },
      required: ["config"],
      additionalProperties: false,
    },
    null,
    2,
  )}\n`;
}

if (require.main === module) {
  const file = join(__dirname, "../docs/stack-file.schema.json");
  writeFileSync(file, stackFileSchema());
  console.log("wrote docs/stack-file.schema.json");
}
