import type { Kind, KubernetesObject } from "./kubernetes";
import { kinds, objectsIn, typesOf } from "./kubernetes";
import type { Field, Resource, Stack } from "./model";
import { token } from "./tokens";

const { cronJob, daemonSet, deployment, job, pod, replicaSet, replicationController, statefulSet } =
  kinds;

/** What runs pods. */
const workloadKinds: readonly Kind[] = [
  deployment,
  statefulSet,
  daemonSet,
  job,
  cronJob,
  pod,
  replicaSet,
  replicationController,
];

export const workloadTypes: readonly string[] = typesOf(...workloadKinds);

/** Where a kind says what its pods are like. */
function specPath({ name }: Kind): string {
  if (name === "Pod") return "spec";
  return name === "CronJob" ? "spec.jobTemplate.spec.template.spec" : "spec.template.spec";
}

/** A workload, and what its pods are like. */
export interface PodSpec {
  workload: KubernetesObject;
  spec: Field;
}

/** What the pods of a resource are like; several when it is a list of workloads. */
export function podSpecs(resource: Resource, ...wanted: readonly Kind[]): PodSpec[] {
  return objectsIn(resource, ...(wanted.length > 0 ? wanted : workloadKinds)).map((workload) => {
    return { workload, spec: workload.at(specPath(workload.kind)) };
  });
}

/** What the pods of a stack are like. */
export function podSpecsOf(stack: Stack, ...wanted: readonly Kind[]): PodSpec[] {
  const types = wanted.length > 0 ? typesOf(...wanted) : workloadTypes;
  return stack.all(...types).flatMap((resource) => podSpecs(resource, ...wanted));
}

/** Every container of a pod, those that come before and those that debug it included. */
export function containersOf(spec: Field): Field[] {
  return ["initContainers", "containers", "ephemeralContainers"].flatMap((key) =>
    spec.at(key).each(),
  );
}

/** Pack configuration of rules that ask for what a cluster has once. */
export const platformConfig = {
  platform: {
    type: "boolean",
    default: false,
    description:
      "Whether what the stack, or the manifests, have is all that the platform of the cluster is. A stack that makes the cluster and has workloads is taken for it.",
  },
} as const;

/** A workload of the stack that is to have the whole platform beside it; undefined where another stack may have it. */
export function platformWorkload(stack: Stack, isPlatform: boolean): Resource | undefined {
  const [first] = podSpecsOf(stack);
  const makesCluster = stack.all(token.cluster).length > 0;
  return isPlatform || makesCluster ? first?.workload.resource : undefined;
}
