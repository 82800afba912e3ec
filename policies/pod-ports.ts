import { isNot, known, numeric } from "./conditions";
import type { Field, Finding } from "./model";
import { resourceRule } from "./rule";
import { containersOf, podSpecs, workloadTypes } from "./workloads";

const isClosed = known("be left out", (value) => !isGiven(value) || numeric(value) === 0);

const noSsh = known("not be 22", (value) => numeric(value) !== 22);

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

export const noHostPorts = resourceRule<{ infrastructure: string[] }>({
  id: "exp-no-hostport-hostnet-ssh",
  title: "Pods open no port on their node and run no SSH server",
  severity: "high",
  level: "mandatory",
  requirements: ["C10", "J16"],
  controls: ["avd:KSV-0024", "cis-eks-1.8.0:4.2.4"],
  fix: "Leave hostNetwork and hostPort out and make a Service. For a shell in a pod there is kubectl debug.",
  url: "https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline",
  types: workloadTypes,
  config: {
    infrastructure: {
      type: "array",
      items: { type: "string" },
      default: [],
      description:
        "Workloads that are part of the nodes' network themselves, namespace/name: they may open ports on nodes, but not SSH.",
    },
  },
  *check(resource, { infrastructure }) {
    for (const { workload, spec } of podSpecs(resource)) {
      const ports = containersOf(spec).flatMap((container) => container.at("ports").each());
      for (const port of ports) yield* port.at("containerPort").must(noSsh);
      if (workload.fullName === undefined || !infrastructure.includes(workload.fullName)) {
        yield* onlyInThePod(spec, ports);
      }
    }
  },
});

function* onlyInThePod(spec: Field, ports: readonly Field[]): Iterable<Finding> {
  yield* spec.at("hostNetwork").must(isNot(true));
  for (const port of ports) yield* port.at("hostPort").must(isClosed);
}
