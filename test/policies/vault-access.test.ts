import { accessOn, mayHave, reaching } from "../../policies/vault-access";
import { grantsOf } from "../../policies/vault-policy";
import { toldRequests, toldRights } from "./told-by-vault";

const granted = (policies: readonly object[]) =>
  policies.flatMap((policy) => grantsOf(JSON.stringify(policy)));

describe("accessOn", () => {
  const told = toldRights.flatMap(([policies, rights]) =>
    Object.entries(rights).map(([path, capabilities]) => ({ policies, path, capabilities })),
  );

  it.each(told)(
    "is what Vault 1.21 says: $policies on $path",
    ({ policies, path, capabilities }) => {
      const found = accessOn(granted(policies), path)?.capabilities ?? [];
      expect(found.length === 0 ? ["deny"] : found.toSorted()).toEqual(capabilities);
    },
  );

  it("does not depend on the order of grants", () => {
    const backwards = told.filter(({ policies, path, capabilities }) => {
      const found = accessOn(granted(policies).toReversed(), path)?.capabilities ?? [];
      return (found.length === 0 ? "deny" : found.toSorted().join()) !== capabilities.join();
    });
    expect(backwards).toEqual([]);
  });

  it("takes a template for any name", () => {
    const own = granted([{ path: { "pki/a/{{identity.entity.name}}/b": { policy: "write" } } }]);
    expect(accessOn(own, "pki/a/issue/b")?.capabilities).toContain("update");
  });
});

describe("mayHave", () => {
  it.each(toldRequests)("is what Vault 1.21 says: %j with %j: %s", (limits, parameters, passes) => {
    const grants = granted(limits.map((one) => ({ path: { "pki/mesh/issue/a": one } })));
    const found = accessOn(grants, "pki/mesh/issue/a");
    const [asked = ""] = parameters.filter(
      (name) => name === "not_after" || parameters.length === 1,
    );
    // It gives what is required; a request of the table may leave it out.
    const given = found?.required.every((name) => parameters.includes(name)) ?? false;
    expect(given && found !== undefined && mayHave(found, asked)).toBe(passes);
  });
});

describe("reaching", () => {
  const paths = (policy: Record<string, string>, call: string) =>
    reaching(
      granted([
        {
          path: Object.fromEntries(
            Object.entries(policy).map(([path, right]) => [path, { capabilities: [right] }]),
          ),
        },
      ]),
      call,
      ["update"],
    ).map(({ path }) => path);

  it.each([
    "*",
    "pki/*",
    "pki/a/iss*",
    "pki/a/issue/*",
    "pki/a/issue/kube*",
    "pki/a/issue/kubelet",
    "pki/a/issue/+",
    "pki/+/issue/+",
    "pki/+/issue/k*",
    "+/+/+/+",
  ])("finds a role that %s covers", (pattern) => {
    expect(paths({ [pattern]: "update" }, "pki/a/issue/+")).toEqual([pattern]);
  });

  it.each(["pki", "pki/b/*", "pki/a/issue", "pki/a/sign/*", "pki/a/issue/a/b", "pki/+/issue/+/+"])(
    "finds none that %s covers",
    (pattern) => {
      expect(paths({ [pattern]: "update" }, "pki/a/issue/+")).toEqual([]);
    },
  );

  it.each(["a/users/*", "a/users/+", "a/users/b/c/d", "a/+/+/+", "a/users/b/*", "+/*"])(
    "finds names of several parts that %s covers",
    (pattern) => {
      expect(paths({ [pattern]: "update" }, "a/users/*")).toEqual([pattern]);
    },
  );

  it("finds none of several parts where there is no name", () => {
    expect(paths({ "a/users": "update", "a/+": "update" }, "a/users/*")).toEqual([]);
  });

  it("finds longer names than those that are refused", () => {
    const refusals = { "a/+": "deny", "a/+/+": "deny" };
    expect(paths({ "a/*": "update", ...refusals }, "a/*")).toEqual(["a/*"]);
    expect(paths({ "a/+": "deny", "a/b": "update" }, "a/*")).toEqual(["a/b"]);
  });

  it("goes by the refusal of one role for that role only", () => {
    expect(paths({ "pki/*": "update", "pki/a/issue/k": "deny" }, "pki/a/issue/+")).toEqual([
      "pki/*",
    ]);
    expect(paths({ "pki/*": "update", "pki/a/issue/+": "deny" }, "pki/a/issue/+")).toEqual([]);
    expect(paths({ "pki/*": "deny", "pki/a/issue/k*": "update" }, "pki/a/issue/+")).toEqual([
      "pki/a/issue/k*",
    ]);
  });
});
