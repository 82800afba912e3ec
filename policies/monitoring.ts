import { typesOf, kinds, objectsOf } from "./kubernetes";
import type { Kind, KubernetesObject } from "./kubernetes";
import type { Stack } from "./model";
import { stackRule } from "./rule";
import {
  containersOf,
  platformConfig,
  platformWorkload,
  podSpecsOf,
  workloadTypes,
} from "./workloads";

const { alertmanager, prometheus } = kinds;

/** What watches, and what tells people: by their own kinds (Prometheus Operator), or as workloads. */
const parts: [what: string, kind: Kind, image: RegExp][] = [
  ["Prometheus", prometheus, /(^|\/)prometheus(:|@|$)/],
  ["Alertmanager", alertmanager, /(^|\/)alertmanager(:|@|$)/],
];

export const alertingBaseline = stackRule<{ platform: boolean }>({
  id: "mon-alerting-baseline",
  title: "One Prometheus watches a cluster, and one Alertmanager tells people",
  severity: "medium",
  level: "advisory",
  requirements: ["M10"],
  controls: [],
  fix: "Deploy Prometheus and Alertmanager once for the cluster.",
  url: "https://prometheus.io/docs/alerting/latest/overview/",
  types: [...workloadTypes, ...typesOf(alertmanager, prometheus)],
  config: platformConfig,
  *checkStack(stack, { platform }) {
    const without = platformWorkload(stack, platform);
    const open = imagesIn(stack).filter(({ image }) => image.unknown);
    for (const [what, kind, pattern] of parts) {
      const found = instances(stack, kind, pattern);
      const names = found.map(({ resource }) => resource.name).join(", ");
      if (found.length > 1) {
        for (const one of found)
          yield one.fail(`${one.resource.name} must be the one ${what}, got ${names}`);
      }
      if (found.length > 0 || !without) continue;
      if (open.length === 0)
        yield without.fail(`${without.name} must have ${what} beside it, got none`);
      yield* open.map(({ image }) => image.undecided());
    }
  },
});

function imagesIn(stack: Stack) {
  return podSpecsOf(stack).flatMap(({ workload, spec }) =>
    containersOf(spec).map((container) => ({ workload, image: container.at("image") })),
  );
}

/** The objects of the kind; without any the workloads that run the image, as the operator's own are not in a program. */
function instances(stack: Stack, kind: Kind, pattern: RegExp): KubernetesObject[] {
  const named = objectsOf(stack, kind);
  const running = imagesIn(stack).filter(({ image }) => !image.unknown && pattern.test(image.text));
  const found = named.length > 0 ? named : running.map(({ workload }) => workload);
  return [...new Map(found.map((one) => [one.identity, one])).values()];
}
