import { Stack } from "../../policies/model";
import { configured } from "../../policies/rule";
import { token } from "../../policies/tokens";
import { casesFor, ruleById } from "../support/rule-cases";
import { resource } from "../support/rule-platform";
import type { Change, Phase, StackSpec } from "../support/rule-stack";
import { changed, gone, ref, registrations, unknown } from "../support/rule-stack";

const id = "pki-outlives-instance";
const allowing = (path: string, capability = "update") =>
  JSON.stringify({ path: { [path]: { capabilities: [capability] } } });

const authority: StackSpec = {
  mount: resource(token.vaultMount, { path: "pki/kubernetes", type: "pki" }),
  kubelet: resource(token.vaultPkiRole, {
    backend: ref("mount", "path"),
    name: "kubelet",
    maxTtl: "604800",
  }),
  policy: resource(token.vaultPolicy, {
    name: "pki-worker",
    policy: allowing("pki/kubernetes/issue/kubelet"),
  }),
  worker: resource(token.vaultAwsRole, {
    backend: "nodes",
    role: "worker",
    tokenPolicies: ["default", "pki-worker"],
    tokenExplicitMaxTtl: 3600,
  }),
  mesh: resource(token.vaultKubernetesRole, {
    backend: "cluster",
    roleName: "mesh",
    tokenPolicies: ["default"],
    tokenExplicitMaxTtl: "2h",
  }),
};

casesFor("pki-outlives-instance [J8]", {
  base: authority,
  passes: [
    ["an hour and a week", {}],
    ["thirty days and a day", { "kubelet.maxTtl": "720h", "worker.tokenExplicitMaxTtl": 86_400 }],
    [
      "a login without end that asks for nothing",
      { "mesh.tokenExplicitMaxTtl": gone, "mesh.tokenPolicies": [] },
    ],
    ["another role's year", { "policy.policy": allowing("pki/kubernetes/issue/other") }],
  ],
  fails: [
    [
      "a certificate for a year",
      { "kubelet.maxTtl": "8760h" },
      [
        "kubelet: certificates for worker must have ended 31 d after it is gone, got 365 d 1 h, by Vault's token of 1 h and a certificate of 365 d",
      ],
    ],
    [
      "a token and a certificate that are too long together",
      { "kubelet.maxTtl": "720h", "worker.tokenExplicitMaxTtl": "24h1s" },
      [
        "kubelet: certificates for worker must have ended 31 d after it is gone, got 31 d 1 s, by Vault's token of 1 d 1 s and a certificate of 30 d",
      ],
    ],
    [
      "an account's token beside both",
      {
        "kubelet.maxTtl": "720h",
        "mesh.tokenPolicies": ["pki-worker"],
        "mesh.tokenExplicitMaxTtl": 86_400,
      },
      [
        "kubelet: certificates for mesh must have ended 31 d after it is gone, got 31 d 10 min, by an account's token of 10 min, Vault's token of 1 d and a certificate of 30 d",
      ],
    ],
    [
      "a token that renewals keep alive",
      { "worker.tokenExplicitMaxTtl": gone },
      ["worker: tokenExplicitMaxTtl must be a lifetime, got nothing"],
    ],
    [
      "a certificate with the mount's own lifetime",
      { "kubelet.maxTtl": "0" },
      ['kubelet: maxTtl must be a lifetime, got "0"'],
    ],
    [
      "a second login that may ask by a pattern",
      {
        wide: resource(token.vaultPolicy, { name: "wide", policy: allowing("pki/+/sign/*") }),
        "mesh.tokenPolicies": ["wide"],
        "mesh.tokenExplicitMaxTtl": 0,
      },
      ["mesh: tokenExplicitMaxTtl must be a lifetime, got 0"],
    ],
    [
      "a second login that may ask another issuer than the default one",
      {
        former: resource(token.vaultPolicy, {
          name: "former",
          policy: allowing("pki/kubernetes/issuer/former/issue/kubelet"),
        }),
        "mesh.tokenPolicies": ["former"],
        "mesh.tokenExplicitMaxTtl": 0,
      },
      ["mesh: tokenExplicitMaxTtl must be a lifetime, got 0"],
    ],
  ],
  undecided: [
    [
      "a lifetime",
      { "kubelet.maxTtl": unknown },
      ["kubelet: undecided: maxTtl of kubelet is unknown until up"],
    ],
    [
      "a policy",
      { "policy.policy": unknown },
      ["kubelet: undecided: whether worker may ask for it is unknown until up"],
    ],
    [
      "a policy of somebody else's",
      { policy: gone },
      ["kubelet: undecided: whether worker may ask for it is unknown until up"],
    ],
    [
      "a mount",
      { "kubelet.backend": unknown },
      [
        "kubelet: undecided: whether worker may ask for it is unknown until up",
        "kubelet: undecided: whether mesh may ask for it is unknown until up",
      ],
    ],
  ],
});

describe("the lifetimes that a plan shows", () => {
  const notes = (change: Change, phase: Phase) => {
    const rule = ruleById(id);
    if (!("checkStack" in rule)) throw new Error("expected a rule of stacks");
    const stack = new Stack(registrations(changed(authority, change), phase));
    return [...rule.checkStack(stack, configured(rule, {}))]
      .filter(({ verdict }) => verdict === "note")
      .map(({ message }) => message);
  };

  it.each<Phase>(["preview", "finished"])("are those of the longest case (%s) [J8]", (phase) => {
    expect(notes({ "mesh.tokenPolicies": ["pki-worker"] }, phase)).toEqual([
      "Longest life after an instance is gone: 7 d 2 h 10 min, by an account's token of 10 min, Vault's token of 2 h and a certificate of 7 d; asked for by mesh, worker",
    ]);
  });

  it("count the token of an account for accounts alone", () => {
    const week = "7 d 1 h, by Vault's token of 1 h and a certificate of 7 d; asked for by worker";
    expect(notes({}, "preview")).toEqual([`Longest life after an instance is gone: ${week}`]);
  });

  it("are none for a role that nobody may ask", () => {
    expect(notes({ "worker.tokenPolicies": ["default"] }, "preview")).toEqual([]);
  });
});
