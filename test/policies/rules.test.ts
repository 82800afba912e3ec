import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as aws from "@pulumi/aws";
import { kubernetesTypes } from "../../policies/kubernetes";
import { nativePolicy } from "../../policies/native";
import { rules } from "../../policies/rules";
import { rulesTable } from "../../policies/table";
import { token } from "../../policies/tokens";

const knownTypes = [...Object.values(token), ...kubernetesTypes];
const root = join(__dirname, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const cases = readdirSync(__dirname)
  .filter((file) => file.endsWith(".test.ts"))
  .map((file) => readFileSync(join(__dirname, file), "utf8"))
  .join("\n");

describe("the rules", () => {
  it("have ids of their own", () => {
    const ids = rules.map(({ id }) => id);
    expect([...new Set(ids)]).toEqual(ids);
  });

  it.each(rules.map((rule) => [rule.id, rule] as const))("%s says all about itself", (id, rule) => {
    expect(id).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)+$/);
    expect(rule.title).toMatch(/^[A-Z].*[^.]$/);
    expect(rule.fix).toMatch(/^[A-Z].*\.$/);
    expect(rule.url).toMatch(/^https:\/\/[^ ]+$/);
    expect(["low", "medium", "high", "critical"]).toContain(rule.severity);
    expect(["advisory", "mandatory", "remediate"]).toContain(rule.level);
    expect("correct" in rule).toBe(rule.level === "remediate");
    expect(rule.requirements).not.toEqual([]);
    for (const requirement of rule.requirements) expect(requirement).toMatch(/^[MJCS][1-9]\d?$/);
    for (const control of rule.controls) {
      expect(control).toMatch(
        /^(cis-eks-1\.8\.0:\d+\.\d+\.\d+|ckv:CKV2?_(AWS|K8S)_\d+|avd:(AWS|KSV)-\d{4})$/,
      );
    }
    expect(rule.types).not.toEqual([]);
    expect(knownTypes).toEqual(expect.arrayContaining([...rule.types]));
  });

  it("name in their fix the setting by which a way of people stays open", () => {
    const settings = rules.flatMap(({ id, fix, config = {} }) =>
      ["publicBastion", "publicVpn"]
        .filter((setting) => setting in config)
        .map((setting) => ({ id, setting, isNamed: fix.includes(setting) })),
    );
    expect(settings.length).toBeGreaterThan(5);
    expect(settings.filter(({ isNamed }) => !isNamed)).toEqual([]);
  });

  it.each(rules.map(({ id }) => [id]))("%s has cases", (id) => {
    expect(cases.includes(`casesFor("${id} [`) || cases.includes(`describe("${id} [`)).toBe(true);
  });

  it.each(rules.map((rule) => [rule.id, rule] as const))(
    "%s takes the SDK's fast path when it judges one type",
    (_id, rule) => {
      const policy = nativePolicy(rule);
      const validate = "validateStack" in policy ? policy.validateStack : policy.validateResource;
      expect(typed(validate)).toBe(rule.types.length === 1 ? rule.types[0] : undefined);
    },
  );
});

/** The type by which the SDK selects, of a function or of a resource class. */
function typed(target: unknown): unknown {
  return (target as Record<string, unknown> | undefined)?.["__pulumiType"];
}

describe("the tokens", () => {
  it.each(Object.values(token).filter((type) => type.startsWith("aws:")))(
    "%s is one of @pulumi/aws",
    (type) => {
      const [, module = "", name = ""] = /^aws:(\w+)\/\w+:(\w+)$/.exec(type) ?? [];
      const modules = aws as unknown as Record<string, Record<string, unknown>>;
      expect(typed(modules[module]?.[name])).toBe(type);
    },
  );
});

describe("the pack's files", () => {
  it("list the rules as they are (npm run docs)", () => {
    expect(read("policies/README.md")).toBe(rulesTable());
  });

  it("carry the version of the repository, whichever of the two the SDK reads", () => {
    const version = (path: string) => (JSON.parse(read(path)) as { version: string }).version;
    expect(version("policies/package.json")).toBe(version("package.json"));
  });
});
