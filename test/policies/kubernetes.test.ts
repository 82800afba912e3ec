import * as kubernetes from "@pulumi/kubernetes";
import { kinds } from "../../policies/kubernetes";

/** The types of all resources of a module and of those below it. */
function typesIn(module: unknown, seen = new Set<unknown>()): string[] {
  if ((typeof module !== "object" && typeof module !== "function") || module === null) return [];
  if (seen.has(module)) return [];
  seen.add(module);
  const { __pulumiType: type } = module as { __pulumiType?: unknown };
  if (typeof type === "string") return [type];
  return typeof module === "function"
    ? []
    : Object.values(module).flatMap((member) => typesIn(member, seen));
}

const registered = new Set(typesIn(kubernetes));
/** Kinds of others than Kubernetes itself, which register as CustomResource does. */
const custom = ["Alertmanager", "Gateway", "Prometheus"];

describe("the kinds of Kubernetes", () => {
  it.each(Object.values(kinds).filter(({ name }) => !custom.includes(name)))(
    "$name has every type that @pulumi/kubernetes registers",
    ({ name, types }) => {
      const wanted = [...registered].filter((type) =>
        ["", "Patch", "List"].some((form) => type.endsWith(`:${name}${form}`)),
      );
      expect(wanted.length).toBeGreaterThan(2);
      expect(types).toEqual(expect.arrayContaining(wanted));
      const byCustomResource = types.filter((type) => type.startsWith("kubernetes:v1:"));
      expect(types.filter((type) => !registered.has(type))).toEqual(byCustomResource);
    },
  );
});
