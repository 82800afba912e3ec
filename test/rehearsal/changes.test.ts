import { stackFileSchema } from "../../infra/schema";
import { changedConfig, completed, unchanged, upgradedConfig, versionsBefore } from "./changes";
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
  let upgraded: Values = {};
  beforeAll(async () => {
    const own = readStackConfig(stack);
    before = await completed(stack, { ...own, ...versionsBefore(own) });
    after = changedConfig(before);
    upgraded = upgradedConfig(after);
  });
  const changedPaths = (one: Values, other: Values) =>
    paths()
      .filter((path) => said(one, path) !== said(other, path))
      .toSorted();
  const byThemselves = ["entry.certificateArn", "kubernetesVersion", "logStore.engineVersion"];

  it("are of every value that may change", () => {
    const changed = changedPaths(before, after);
    expect(
      paths()
        .filter((path) => ![...changed, ...byThemselves].includes(path))
        .toSorted(),
    ).toEqual(Object.keys(unchanged).toSorted());
  });

  it("make a configuration that is taken", async () => {
    expect(await completed(stack, after)).toEqual(after);
  });

  it("are followed by a certificate of one's own and newer versions, and by nothing else", async () => {
    expect(await completed(stack, upgraded)).toEqual(upgraded);
    expect(changedPaths(after, upgraded)).toEqual(byThemselves);
  });

  it("begin with versions to which there are newer ones, and with nothing else", async () => {
    const own = await completed(stack, readStackConfig(stack));
    expect(changedPaths(own, before)).toEqual(["kubernetesVersion", "logStore.engineVersion"]);
  });
});

describe("versionsBefore", () => {
  it.each([
    [{}, "1.34", "OpenSearch_2.17"],
    [
      { kubernetesVersion: "1.35", logStore: { engineVersion: "OpenSearch_2.19" } },
      "1.34",
      "OpenSearch_2.17",
    ],
    [
      { kubernetesVersion: "1.34", logStore: { engineVersion: "Elasticsearch_7.10" } },
      "1.34",
      "Elasticsearch_7.10",
    ],
  ])("of %j are %s and %s", (own, kubernetesVersion, engineVersion) => {
    expect(versionsBefore(own)).toEqual({ kubernetesVersion, logStore: { engineVersion } });
  });

  it("leaves what else the stack says of its log store", () => {
    const logStore = { volumeGiB: 20 };
    expect(versionsBefore({ logStore })["logStore"]).toEqual({
      volumeGiB: 20,
      engineVersion: "OpenSearch_2.17",
    });
  });
});

describe("upgradedConfig", () => {
  it("takes a store of Elasticsearch the one way up that there is", async () => {
    const logStore = { engineVersion: "Elasticsearch_7.10" };
    const own = await completed("dev", { ...readStackConfig("dev"), logStore });
    expect(upgradedConfig({ ...own, kubernetesVersion: "1.34" })).toMatchObject({
      kubernetesVersion: "1.35",
      logStore: { engineVersion: "OpenSearch_1.3" },
    });
  });
});
