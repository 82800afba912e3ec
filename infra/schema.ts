import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { fields, namespace } from "./config";

/** Keys that Pulumi itself keeps in a stack file: www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/ */
const pulumiKeys = {
  secretsprovider: { type: "string" },
  encryptedkey: { type: "string" },
  encryptionsalt: { type: "string" },
  environment: {},
};

/** JSON schema of a stack file, with which an editor completes and checks `Pulumi.<stack>.yaml`. */
export function stackFileSchema(): string {
  const { properties = {}, required = [] } = z.toJSONSchema(z.strictObject(fields), {
    io: "input",
    target: "draft-7",
  });
  const keyed = (key: string) => `${namespace}:${key}`;
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
            Object.entries(properties).map(([key, schema]) => [keyed(key), schema]),
          ),
          required: required.map(keyed),
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
