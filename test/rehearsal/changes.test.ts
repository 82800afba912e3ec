import { stackFileSchema } from "../../infra/schema";
import { changedConfig, completed, unchanged, withOwnCertificate } from "./changes";
import { readStackConfig, type Values } from "./stack-config";

interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
}

/** Paths of the values that a schema knows: `entry.zone.id`, `nodeGroups[].minSize`; lists and maps of texts are values. */
function valuePaths({ properties, items }: Schema, path = ""): string[] {
  if (properties) {
    return Object.entries(properties).flatMap(([key, schema]) =>
      valuePaths(schema, path === "" ? key : `${path}.${key}`),
    );
  }
  return items?.properties ? valuePaths(items, `${path}[]`) : [path];
}

function paths(): string[] {
  const schema = JSON.parse(stackFileSchema()) as {
    properties: { config: { properties: Record<string, Schema> } };
  };
  const { properties } = schema.properties.config;
  return Object.entries(properties)
    .filter(([key]) => key.startsWith("drawbridge:"))
    .flatMap(([key, value]) => valuePaths(value, key.slice("drawbridge:".length)));
}

/** What a configuration says at a path, as a text; nothing where it says nothing. */
function said(config: Values, path: string): string {
  const values = path.split(".").reduce<unknown[]>(
    (all, step) =>
      all.flatMap((one) => {
        const member: unknown = (one as Values | undefined)?.[step.replace("[]", "")];
        if (!step.endsWith("[]")) return [member];
        return Array.isArray(member) ? (member as unknown[]) : [];
      }),
    [config],
  );
  return JSON.stringify(values);
}

describe.each(["dev", "prod"])("the changes of stack %s", (stack) => {
  let before: Values = {};
  let after: Values = {};
  beforeAll(async () => {
    before = await completed(stack, readStackConfig(stack));
    after = changedConfig(before);
  });
  const differs = (path: string) => said(before, path) !== said(after, path);

  it("are of every value that may change", () => {
    expect(
      paths()
        .filter((path) => !differs(path))
        .toSorted(),
    ).toEqual(Object.keys(unchanged).toSorted());
  });

  it("make a configuration that is taken", async () => {
    expect(await completed(stack, after)).toEqual(after);
  });

  it("are followed by a certificate of one's own, and by nothing else", async () => {
    const own = withOwnCertificate(after);
    expect(await completed(stack, own)).toEqual(own);
    expect(paths().filter((path) => said(after, path) !== said(own, path))).toEqual([
      "entry.certificateArn",
    ]);
  });
});
