import { join } from "node:path";
import { Judge, packDefaults } from "../../plan/judge";
import { packFolder } from "../../plan/pack-process";
import { makeSecret } from "../../plan/property-values";
import { Redactor } from "../../plan/redactor";
import { token } from "../../policies/tokens";
import { listOf, object, service } from "../support/kubernetes-objects";
import { registered } from "../support/registered";
import { casesFor } from "../support/rule-cases";
import { resource } from "../support/rule-platform";
import { gone, unknown } from "../support/rule-stack";

const prefix = "service.beta.kubernetes.io/aws-load-balancer-";
const annotation = (key: string) => `metadata.annotations.${prefix}${key}`;
const exposed = (annotations: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  service(
    { type: "LoadBalancer", ...more },
    Object.fromEntries(
      Object.entries(annotations).map(([key, value]) => [`${prefix}${key}`, value]),
    ),
  );
const base = {
  balancer: resource(token.loadBalancer, { internal: true }),
  web: exposed({ internal: "true" }),
};
const open = (name: string) => [`${name}: internal must be true, got false`];

casesFor("exp-lb-internal [S19] [J16]", {
  base,
  passes: [
    ["both internal", {}],
    ["the application load balancer that says otherwise", { "balancer.internal": false }],
    [
      "one for gateways",
      { balancer: resource(token.loadBalancer, { loadBalancerType: "gateway" }) },
    ],
    ["a Service without a load balancer", { web: service({ type: "ClusterIP" }) }],
    [
      "the scheme, by the type of AWS' controller",
      { web: exposed({ scheme: "internal", type: "external" }) },
    ],
    [
      "the scheme, by the class of AWS' controller",
      { web: exposed({ scheme: "internal" }, { loadBalancerClass: "service.k8s.aws/nlb" }) },
    ],
    ["a patch of something else", { web: object("core/v1:ServicePatch", {}) }],
  ],
  fails: [
    [
      "nothing said",
      { "balancer.internal": gone },
      ["balancer: internal must be true, got nothing"],
    ],
    [
      "a public network load balancer",
      { "balancer.internal": false, "balancer.loadBalancerType": "network" },
      open("balancer"),
    ],
    [
      "a public classic one",
      { balancer: resource(token.loadBalancerClassic, { internal: false }) },
      open("balancer"),
    ],
    [
      "a Service that says nothing",
      { web: exposed({}) },
      [`web: ${annotation("internal")} must be true, got nothing`],
    ],
    [
      "a scheme that the controller of Kubernetes does not read",
      { web: exposed({ scheme: "internal" }) },
      [`web: ${annotation("internal")} must be true, got nothing`],
    ],
    [
      "a public scheme beside the older annotation",
      { web: exposed({ internal: "true", scheme: "internet-facing" }) },
      [`web: ${annotation("scheme")} must be internal, got "internet-facing"`],
    ],
    [
      "a patch that makes one",
      { web: object("core/v1:ServicePatch", { type: "LoadBalancer" }) },
      [`web: ${annotation("internal")} must be true, got nothing`],
    ],
    [
      "a member of a list",
      { web: listOf("core/v1:ServiceList", exposed({})) },
      [`web: items[0].${annotation("internal")} must be true, got nothing`],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "balancer.internal": unknown },
      ["balancer: undecided: internal of balancer is unknown until up"],
    ],
    [
      "public, of an unknown type",
      { "balancer.internal": false, "balancer.loadBalancerType": unknown },
      ["balancer: undecided: loadBalancerType of balancer is unknown until up"],
    ],
    [
      "a Service of an unknown type",
      { web: service({ type: unknown }) },
      ["web: undecided: spec.type of web is unknown until up"],
    ],
    [
      "unknown annotations",
      { web: service({ type: "LoadBalancer" }), "web.metadata.annotations": unknown },
      ["web: undecided: metadata.annotations of web is unknown until up"],
    ],
    [
      "an unknown scheme",
      { web: exposed({ internal: "true", scheme: unknown }) },
      [`web: undecided: ${annotation("scheme")} of web is unknown until up`],
    ],
  ],
  notApplicable: [
    [
      "neither",
      { balancer: gone, web: object("core/v1:ConfigMap", {}) },
      "no resource of its types",
    ],
  ],
});

describe("the pack at a preview", () => {
  const stack = { project: "drawbridge", stack: "dev", values: {}, secretKeys: [] };
  const internal = { [`${prefix}internal`]: "true", [`${prefix}scheme`]: "internal" };
  let judge: Judge;

  beforeAll(() => {
    judge = new Judge(packFolder(join(__dirname, "../../policies")), stack, packDefaults);
  });
  afterAll(() => judge.stop());

  const admitted = (name: string, type: string, inputs: Record<string, unknown>) =>
    judge.admit(
      registered({ urn: `urn:pulumi:dev::drawbridge::${type}::${name}`, type, name, inputs }),
    );

  it.each([
    [
      "a load balancer internal, which drops malformed headers [S19]",
      token.loadBalancer,
      { name: "a" },
      { name: "a", internal: true, dropInvalidHeaderFields: true },
    ],
    [
      "a Service internal [S19]",
      "kubernetes:core/v1:Service",
      { spec: { type: "LoadBalancer" } },
      { spec: { type: "LoadBalancer" }, metadata: { annotations: internal } },
    ],
    [
      "a member of a list internal, and what is secret stays so",
      "kubernetes:core/v1:ServiceList",
      {
        items: [
          { spec: {} },
          {
            spec: { type: "LoadBalancer" },
            metadata: { annotations: { token: makeSecret("hunter2-hunter2") } },
          },
        ],
      },
      {
        items: [
          { spec: {} },
          {
            spec: { type: "LoadBalancer" },
            metadata: { annotations: { token: makeSecret("hunter2-hunter2"), ...internal } },
          },
        ],
      },
    ],
  ])("makes %s", async (name, type, inputs, corrected) => {
    expect(await admitted(name, type, inputs)).toEqual(corrected);
  });

  it.each([
    [
      "a load balancer that is public by its own words",
      token.loadBalancer,
      { internal: false, dropInvalidHeaderFields: false },
    ],
    ["a Service of an unknown type", "kubernetes:core/v1:Service", { spec: { type: unknown } }],
    [
      "a Service with unknown annotations",
      "kubernetes:core/v1:Service",
      { spec: { type: "LoadBalancer" }, metadata: { annotations: unknown } },
    ],
    [
      "a Service that is public by its own words",
      "kubernetes:core/v1:Service",
      {
        spec: { type: "LoadBalancer" },
        metadata: { annotations: { [`${prefix}scheme`]: "internet-facing" } },
      },
    ],
    ["another resource", token.vpc, { cidrBlock: "10.0.0.0/16" }],
  ])("leaves %s as it is", async (name, type, inputs) => {
    expect(await admitted(name, type, inputs)).toBeUndefined();
  });

  it("judges what it corrected, and says so", async () => {
    const { verdicts, remediated } = await judge.finish([], new Redactor());
    const of = (verdict: string) =>
      verdicts
        .filter((one) => one.rule === "exp-lb-internal" && one.verdict === verdict)
        .map(({ urn }) => urn.split("::").at(-1));
    expect(of("fail")).toEqual(["a Service that is public by its own words"]);
    expect(of("pass")).toHaveLength(4);
    expect(remediated.map(({ rule }) => rule)).toEqual([
      "exp-alb-drop-invalid-headers",
      "exp-lb-internal",
      "exp-lb-internal",
      "exp-lb-internal",
    ]);
  });
});
