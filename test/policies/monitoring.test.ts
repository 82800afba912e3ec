import { object, workload } from "../support/kubernetes-objects";
import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import { resource } from "../support/rule-platform";
import { gone, unknown } from "../support/rule-stack";

const running = (image: unknown, name = "web") => {
  const one = workload("apps/v1:StatefulSet", { image });
  return { ...one, inputs: { ...one.inputs, metadata: { name, namespace: "monitoring" } } };
};
const own = (kind: string, name = "main") =>
  object(`monitoring.coreos.com/v1:${kind}`, {}, {}, { name });
const none = (what: string) => `app: app must have ${what} beside it, got none`;

casesFor("mon-alerting-baseline [M10]", {
  base: {
    app: workload("apps/v1:Deployment", { image: "acme/app:1" }),
    alerts: running("quay.io/prometheus/alertmanager:v0.28", "alerts"),
    metrics: running("quay.io/prometheus/prometheus@sha256:0", "metrics"),
    cluster: resource(token.cluster, { name: "dev" }),
  },
  passes: [
    ["as workloads", {}],
    ["none beside an application", { alerts: gone, metrics: gone, cluster: gone }],
    ["by the operator", { alerts: own("Alertmanager"), metrics: own("Prometheus") }],
  ],
  fails: [
    ["nothing", { alerts: gone, metrics: gone }, [none("Prometheus"), none("Alertmanager")]],
    [
      "something that is only called so",
      { alerts: running("acme/alertmanager-bot:1", "alerts") },
      [none("Alertmanager")],
    ],
    [
      "two of one",
      { alerts: own("Alertmanager", "a"), more: own("Alertmanager", "b") },
      ["alerts", "more"].map(
        (name) => `${name}: ${name} must be the one Alertmanager, got alerts, more`,
      ),
    ],
  ],
  undecided: [
    [
      "unknown images",
      { alerts: running(unknown, "alerts") },
      ["alerts: undecided: spec.template.spec.containers[0].image of alerts is unknown until up"],
    ],
  ],
});
