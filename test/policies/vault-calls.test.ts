import { token } from "../../policies/tokens";
import { ofAuthorities, ofMethods, ofRoles, ofVault, unseen } from "../../policies/vault-calls";
import { judge, ruleById } from "../support/rule-cases";
import { resource } from "../support/rule-platform";
import { registrations } from "../support/rule-stack";
import { harmlessCalls } from "./harmless-calls";
import { calls } from "./write-calls.json";

/** Every call that writes, as a real Vault tells them, with each of its rights. */
const writes = Object.entries(calls).flatMap(([path, rights]) =>
  rights.split(", ").map((right) => ({ path, right })),
);
const harmless = harmlessCalls.flatMap((row) => row.calls);

/** Paths that a policy may name: for a parameter that takes slashes with one name, and with two. */
const namedIn = (path: string) => ["+", "+/+"].map((names) => path.replaceAll("*", names));

/** Whether the pack refuses a policy that has one right on one path. */
function isRefused(path: string, right: string): boolean {
  const policy = JSON.stringify({ path: { [path]: { capabilities: [right] } } });
  const stack = {
    mount: resource(token.vaultMount, { path: "pki", type: "pki" }),
    policy: resource(token.vaultPolicy, { name: "one", policy }),
  };
  const rule = ruleById("pki-token-policy-least");
  return judge(rule, registrations(stack, "finished")).reports.length > 0;
}

describe("the calls that write", () => {
  it("are hundreds", () => {
    expect(writes.length).toBeGreaterThan(400);
  });

  it("are refused by a rule unless they take nothing over", () => {
    const open = writes.filter(
      ({ path, right }) =>
        !harmless.includes(path) && !namedIn(path).every((one) => isRefused(one, right)),
    );
    expect(open).toEqual([]);
  });
});

describe("what a role issues", () => {
  it.each(ofRoles.paths)("is for whoever names mount and role, of any issuer: %s", (path) => {
    const named = `pki/${path.replace(/\+(?!.*\+)/, "kubelet")}`;
    const open = [`pki/${path}`, named.replace("pki", "+"), named.replace(/kubelet.*/, "kube*")];
    expect([named, ...open].filter((one) => isRefused(one, "update"))).toEqual(open);
  });
});

describe("what takes nothing over", () => {
  it.each(harmless)("is a call, and no rule refuses it: %s", (path) => {
    const rights = writes.filter((one) => one.path === path).map(({ right }) => right);
    expect(rights).not.toEqual([]);
    const refused = rights.filter((right) => namedIn(path).some((one) => isRefused(one, right)));
    expect(refused).toEqual([]);
  });

  it("is named once", () => {
    expect(harmless).toEqual([...new Set(harmless)]);
  });
});

describe("the table of the rules", () => {
  const rows = [
    ...[unseen, ofRoles, ...ofAuthorities].flatMap(({ paths }) =>
      paths.map((path) => `pki/${path}`),
    ),
    ...ofMethods.paths.map((path) => `auth/+/${path}`),
    ...ofVault.flatMap(({ paths }) => paths),
  ];
  const asPattern = (path: string) =>
    new RegExp(`^${path.replaceAll("+", "[^/]+").replaceAll("*", ".+")}$`);

  it.each([...new Set(rows)])("has calls that there are: %s", (path) => {
    const told = writes.flatMap((one) => namedIn(one.path));
    expect(told.some((one) => asPattern(path).test(one))).toBe(true);
  });
});
