import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv";
import { parse } from "yaml";
import { parseConfig } from "../../infra/config/config";
import { stackFileSchema } from "../../infra/schema";
import { isObject } from "../../plan/property-values";
import { ed25519, securityKey } from "../support/public-keys";
import { toldValues, type ToldValues } from "../support/told-values";

/** What the pages tell people to write into a stack file is what a stack file may say. */

type Values = Record<string, unknown>;

const root = join(__dirname, "../..");
const docs = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
const pages = ["README.md", ...docs.map((name) => `docs/${name}`)];
const read = (page: string) => readFileSync(join(root, page), "utf8");

const project = "drawbridge:";
const stack = (parse(read("Pulumi.dev.yaml")) as { config: Values }).config;

/** What pages cut short by `…`, whole. */
const cutShort: Record<string, string> = {
  "arn:aws:acm:eu-west-1:111122223333:certificate/…":
    "arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789012",
  "sk-ssh-ed25519@openssh.com AAAA…": securityKey(),
  "ssh-ed25519 AAAA…": ed25519(),
};
function whole(values: Values): Values {
  const text = Object.entries(cutShort).reduce(
    (so, [start, all]) => so.replaceAll(`"${start}"`, `"${all}"`),
    JSON.stringify(values),
  );
  return JSON.parse(text) as Values;
}

/** A block of one mode is for stacks of that mode, whether it says so or not. */
function ofItsMode(values: Values): Values {
  const mode = ["ssh", "vpn"].find((block) => `${project}${block}` in values);
  return mode === undefined ? values : { [`${project}accessMode`]: mode, ...values };
}

function merged(base: Values, change: Values): Values {
  const members = Object.entries(change).map(([key, value]) => {
    const old = base[key];
    return [key, isObject(value) && isObject(old) ? merged(old, value) : value];
  });
  return { ...base, ...(Object.fromEntries(members) as Values) };
}

/** What the program says of stack dev with some values in its file. */
async function faultsOfFile(values: Values): Promise<string[]> {
  const raw = Object.entries(merged(stack, ofItsMode(whole(values)))).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return parseConfig("dev", Object.fromEntries(raw) as Record<string, string>).then(
    () => [],
    (error: Error) => error.message.split("\n"),
  );
}

/** The schemas of a key, at whatever place a stack file has it. */
function schemasOf(key: string, schema: unknown): object[] {
  if (Array.isArray(schema)) return schema.flatMap((one) => schemasOf(key, one));
  if (!isObject(schema)) return [];
  const { properties } = schema;
  const own = isObject(properties)
    ? (properties[`${project}${key}`] ?? properties[key])
    : undefined;
  return [
    ...(isObject(own) ? [own] : []),
    ...Object.values(schema).flatMap((one) => schemasOf(key, one)),
  ];
}

const schema: unknown = JSON.parse(stackFileSchema());
const ajv = new Ajv({ strict: false });

/** What no place of a stack file takes that has the key. */
function faultsInside(values: Values): string[] {
  return Object.entries(values)
    .filter(([key, value]) => !schemasOf(key, schema).some((one) => ajv.validate(one, value)))
    .map(([key, value]) => `${key} must not be ${JSON.stringify(value)}`);
}

const isOfFile = ({ values }: ToldValues) =>
  Object.keys(values).every((key) => key.startsWith(project));
const concernsFile = (told: ToldValues) =>
  isOfFile(told) || Object.keys(told.values).some((key) => schemasOf(key, schema).length > 0);
const faults = async (told: ToldValues) =>
  isOfFile(told) ? await faultsOfFile(told.values) : faultsInside(told.values);

describe("values of a stack file in the pages", () => {
  const told = pages.flatMap((page) =>
    toldValues(read(page))
      .filter(concernsFile)
      .map((one) => ({ ...one, title: `${page}: ${one.text.replace(/\n.*/s, "")}` })),
  );

  it.each(told)("are taken: $title", async (one) => {
    expect(await faults(one)).toEqual([]);
  });

  it("are found in blocks, in spans and in commands", () => {
    const page = [
      "Set `drawbridge:natMode: none`, or `mfa: sms`; `a: b: c` and `ssh` say nothing.",
      "1. So:\n\n   ```yaml\n   drawbridge:ssh:\n     mfa: totp\n   ```",
      "```sh\npulumi config set --path drawbridge:vault.address x --stack dev\n```",
      '```json\n{ "natMode": "none" }\n```',
    ].join("\n\n");
    expect(toldValues(page).map(({ values }) => values)).toEqual([
      { "drawbridge:ssh": { mfa: "totp" } },
      { "drawbridge:natMode": "none" },
      { mfa: "sms" },
      { "drawbridge:vault": { address: "x" } },
    ]);
  });

  it.each([
    [
      "`drawbridge:createServiceLinkedRoles: true`",
      "Pulumi.dev.yaml: createServiceLinkedRoles must be a list of the roles that the account lacks, of autoscaling and opensearch, got true",
    ],
    ["`natMode: none`", 'natMode must not be "none"'],
    ["`mfa: sms`", 'mfa must not be "sms"'],
  ])("are refused as the program refuses them: %s", async (text, fault) => {
    expect(await Promise.all(toldValues(text).map(faults))).toEqual([[fault]]);
  });
});
