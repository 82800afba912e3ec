import { listOf, object, workload } from "../support/kubernetes-objects";
import { casesFor } from "../support/rule-cases";
import { unknown } from "../support/rule-stack";

const http = { ports: [{ containerPort: 8080 }] };
const hostPort = { ports: [{ containerPort: 8080, hostPort: 80 }] };
const template = "spec.template.spec";
const left = (path: string) => `web: ${path}.ports[0].hostPort must be left out, got 80`;

/** Each kind with the place where it says what its pods are like. */
const workloads: [type: string, path: string][] = [
  ...["apps/v1", "apps/v1beta1", "apps/v1beta2", "extensions/v1beta1"].map(
    (api): [string, string] => [`${api}:Deployment`, template],
  ),
  ["apps/v1:DeploymentPatch", template],
  ["apps/v1:StatefulSet", template],
  ["apps/v1:DaemonSet", template],
  ["apps/v1:ReplicaSet", template],
  ["core/v1:ReplicationController", template],
  ["batch/v1:Job", template],
  ["batch/v1:CronJob", "spec.jobTemplate.spec.template.spec"],
  ["batch/v1beta1:CronJob", "spec.jobTemplate.spec.template.spec"],
  ["core/v1:Pod", "spec"],
];

casesFor("exp-no-hostport-hostnet-ssh [C10] [J16]", {
  base: { web: workload("apps/v1:Deployment", http) },
  passes: [
    ["ports of the pod", {}],
    ["no ports", { web: workload("core/v1:Pod", {}) }],
    ["flags that say no", { web: workload("core/v1:Pod", http, { hostNetwork: false }) }],
    [
      "a port of the node that is none",
      { web: workload("core/v1:Pod", { ports: [{ containerPort: 80, hostPort: 0 }] }) },
    ],
    ["a patch of something else", { web: object("apps/v1:DeploymentPatch", { replicas: 2 }) }],
  ],
  fails: [
    ...workloads.map(([type, path]): [string, Record<string, unknown>, string[]] => [
      `a port of the node in ${type}`,
      { web: workload(type, hostPort) },
      [left(`${path}.containers[0]`)],
    ]),
    [
      "a port of the node in a list",
      { web: listOf("core/v1:PodList", workload("core/v1:Pod", hostPort)) },
      [left("items[0].spec.containers[0]")],
    ],
    [
      "a container that comes before the others",
      { web: workload("core/v1:Pod", http, { initContainers: [hostPort] }) },
      [left("spec.initContainers[0]")],
    ],
    [
      "the network of the node",
      { web: workload("core/v1:Pod", http, { hostNetwork: true }) },
      ["web: spec.hostNetwork must not be true, got true"],
    ],
    [
      "SSH",
      { web: workload("core/v1:Pod", { ports: [{ containerPort: 22 }] }) },
      ["web: spec.containers[0].ports[0].containerPort must not be 22, got 22"],
    ],
  ],
  undecided: [
    [
      "unknown ports",
      { web: workload("core/v1:Pod", { ports: unknown }) },
      ["web: undecided: spec.containers[0].ports of web is unknown until up"],
    ],
    [
      "an unknown port of the node",
      { web: workload("core/v1:Pod", { ports: [{ containerPort: 80, hostPort: unknown }] }) },
      ["web: undecided: spec.containers[0].ports[0].hostPort of web is unknown until up"],
    ],
    [
      "pods of which nothing is known",
      { web: object("apps/v1:Deployment", { template: unknown }) },
      ["web: undecided: spec.template of web is unknown until up"],
    ],
  ],
  notApplicable: [
    ["no workload", { web: object("core/v1:Service", {}) }, "no resource of its types"],
  ],
});

describe("with a workload of the nodes' network", () => {
  casesFor("exp-no-hostport-hostnet-ssh [C10] [J16]", {
    base: { web: workload("apps/v1:DaemonSet", hostPort, { hostNetwork: true }) },
    config: { infrastructure: ["shop/web"] },
    passes: [["its ports on nodes", {}]],
    fails: [
      [
        "SSH",
        { web: workload("apps/v1:DaemonSet", { ports: [{ containerPort: 22 }] }) },
        [`web: ${template}.containers[0].ports[0].containerPort must not be 22, got 22`],
      ],
      [
        "another workload",
        { "web.metadata.name": "api" },
        [
          `web: ${template}.hostNetwork must not be true, got true`,
          left(`${template}.containers[0]`),
        ],
      ],
    ],
    undecided: [
      [
        "a workload whose name is unknown",
        {
          web: workload("apps/v1:DaemonSet", { ports: unknown }),
          "web.metadata.name": unknown,
        },
        [`web: undecided: ${template}.containers[0].ports of web is unknown until up`],
      ],
    ],
  });
});
