import { listOf, mixedList, object, service } from "../support/kubernetes-objects";
import { casesFor } from "../support/rule-cases";
import { unknown } from "../support/rule-stack";

const base = { web: service({ type: "ClusterIP", ports: [{ port: 80 }] }) };
const member = (more: Record<string, unknown>) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web" },
  spec: { type: "LoadBalancer" },
  ...more,
});
const other = object("core/v1:ConfigMap", {});

casesFor("exp-no-loadbalancer-service [C9]", {
  base,
  passes: [
    ["ClusterIP", {}],
    ["the default", { web: service({}) }],
    ["a patch of something else", { web: object("core/v1:ServicePatch", { ports: [] }) }],
    ["a List without a Service", { web: mixedList(member({ kind: "ConfigMap", spec: {} })) }],
  ],
  fails: [
    [
      "LoadBalancer",
      { "web.spec.type": "LoadBalancer" },
      ['web: spec.type must not be LoadBalancer, got "LoadBalancer"'],
    ],
    [
      "a patch",
      { web: object("core/v1:ServicePatch", { type: "LoadBalancer" }) },
      ['web: spec.type must not be LoadBalancer, got "LoadBalancer"'],
    ],
    [
      "by way of CustomResource",
      { web: object("v1:Service", { type: "LoadBalancer" }) },
      ['web: spec.type must not be LoadBalancer, got "LoadBalancer"'],
    ],
    [
      "a member of a ServiceList",
      { web: listOf("core/v1:ServiceList", service({}), service({ type: "LoadBalancer" })) },
      ['web: items[1].spec.type must not be LoadBalancer, got "LoadBalancer"'],
    ],
    [
      "a member of a List",
      { web: mixedList(member({})) },
      ['web: items[0].spec.type must not be LoadBalancer, got "LoadBalancer"'],
    ],
  ],
  undecided: [
    [
      "an unknown type",
      { "web.spec.type": unknown },
      ["web: undecided: spec.type of web is unknown until up"],
    ],
    [
      "an unknown spec",
      { "web.spec": unknown },
      ["web: undecided: spec of web is unknown until up"],
    ],
    [
      "unknown members",
      { web: listOf("core/v1:ServiceList", unknown) },
      ["web: undecided: items[0] of web is unknown until up"],
    ],
    [
      "a member of unknown kind",
      { web: mixedList(member({ kind: unknown })) },
      ["web: undecided: items[0].kind of web is unknown until up"],
    ],
  ],
  notApplicable: [["no Service", { web: other }, "no resource of its types"]],
});

const nodePort = ['web: spec.type must not be NodePort, got "NodePort"'];

casesFor("exp-no-nodeport-service [C9]", {
  base,
  passes: [
    ["ClusterIP", {}],
    ["the default", { web: service({}) }],
  ],
  fails: [
    ["NodePort", { "web.spec.type": "NodePort" }, nodePort],
    ["a patch", { web: object("core/v1:ServicePatch", { type: "NodePort" }) }, nodePort],
  ],
  undecided: [
    [
      "an unknown type",
      { "web.spec.type": unknown },
      ["web: undecided: spec.type of web is unknown until up"],
    ],
  ],
  notApplicable: [["no Service", { web: other }, "no resource of its types"]],
});

describe("with a controller that needs node ports", () => {
  casesFor("exp-no-nodeport-service [C9]", {
    base,
    config: { ingressControllers: ["shop/web"] },
    passes: [["its Service", { "web.spec.type": "NodePort" }]],
    fails: [
      [
        "a Service of the same name elsewhere",
        { "web.spec.type": "NodePort", "web.metadata.namespace": "blog" },
        nodePort,
      ],
      [
        "a Service whose name Pulumi makes",
        { web: object("core/v1:Service", { type: "NodePort" }) },
        nodePort,
      ],
    ],
    undecided: [
      [
        "a Service in an unknown namespace",
        { "web.spec.type": "NodePort", "web.metadata.namespace": unknown },
        ["web: undecided: metadata.namespace of web is unknown until up"],
      ],
    ],
  });
});

casesFor("exp-no-external-ips [C9]", {
  base,
  passes: [
    ["none", {}],
    ["an empty list", { "web.spec.externalIPs": [] }],
  ],
  fails: [
    [
      "one",
      { "web.spec.externalIPs": ["203.0.113.7"] },
      ['web: spec.externalIPs must be empty, got ["203.0.113.7"]'],
    ],
    [
      "one that is unknown",
      { "web.spec.externalIPs": [unknown] },
      ['web: spec.externalIPs must be empty, got ["(unknown)"]'],
    ],
  ],
  undecided: [
    [
      "an unknown list",
      { "web.spec.externalIPs": unknown },
      ["web: undecided: spec.externalIPs of web is unknown until up"],
    ],
  ],
  notApplicable: [["no Service", { web: other }, "no resource of its types"]],
});
