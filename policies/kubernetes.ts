import type { Finding, Resource, Stack } from "./model";
import { Field } from "./model";
import type { Correction } from "./rule";

/** A kind of Kubernetes objects. */
export interface Kind {
  readonly name: string;
  /** Pulumi's types: in every API version, whole, as a patch of what others manage, and as a list. */
  readonly types: readonly string[];
}

/** What registers a List of objects of any kinds. */
const mixedLists = ["kubernetes:core/v1:List", "kubernetes:v1:List"];

/** The core group, which has no name in Kubernetes, is `core/v1` in Pulumi, and `v1` by way of CustomResource. */
function apisOf(version: string): string[] {
  return version === "core/v1" ? ["core/v1", "v1"] : [version];
}

function kindOf(name: string, ...versions: string[]): Kind {
  const types = versions
    .flatMap(apisOf)
    .flatMap((api) => ["", "Patch", "List"].map((form) => `kubernetes:${api}:${name}${form}`));
  return { name, types };
}

const apps = ["apps/v1", "apps/v1beta2", "apps/v1beta1", "extensions/v1beta1"];

/** The kinds that the rules know, in every API version that @pulumi/kubernetes 4 has. */
export const kinds = {
  alertmanager: kindOf("Alertmanager", "monitoring.coreos.com/v1"),
  configMap: kindOf("ConfigMap", "core/v1"),
  cronJob: kindOf("CronJob", "batch/v1", "batch/v1beta1", "batch/v2alpha1"),
  daemonSet: kindOf("DaemonSet", "apps/v1", "apps/v1beta2", "extensions/v1beta1"),
  deployment: kindOf("Deployment", ...apps),
  ingress: kindOf(
    "Ingress",
    "networking.k8s.io/v1",
    "networking.k8s.io/v1beta1",
    "extensions/v1beta1",
  ),
  ingressClass: kindOf("IngressClass", "networking.k8s.io/v1", "networking.k8s.io/v1beta1"),
  job: kindOf("Job", "batch/v1"),
  meshGateway: kindOf(
    "Gateway",
    "networking.istio.io/v1",
    "networking.istio.io/v1beta1",
    "networking.istio.io/v1alpha3",
  ),
  pod: kindOf("Pod", "core/v1"),
  prometheus: kindOf("Prometheus", "monitoring.coreos.com/v1"),
  replicaSet: kindOf("ReplicaSet", "apps/v1", "apps/v1beta2", "extensions/v1beta1"),
  replicationController: kindOf("ReplicationController", "core/v1"),
  service: kindOf("Service", "core/v1"),
  statefulSet: kindOf("StatefulSet", "apps/v1", "apps/v1beta2", "apps/v1beta1"),
} as const;

/** The types that hold objects of some kinds. */
export function typesOf(...wanted: readonly Kind[]): string[] {
  return [...wanted.flatMap(({ types }) => types), ...mixedLists];
}

/** Every type that holds an object of a known kind. */
export const kubernetesTypes: readonly string[] = typesOf(...Object.values(kinds));

/** An object of a kind: a resource, or a member of one that is a list. */
export class KubernetesObject {
  constructor(
    readonly kind: Kind,
    /** All of it; unknown when it is not known whether it is of the kind. */
    readonly root: Field,
  ) {}

  get resource(): Resource {
    return this.root.resource;
  }

  /** Whether it only says what changes of an object that somebody else manages. */
  get isPatch(): boolean {
    return this.resource.type.endsWith("Patch");
  }

  at(path: string): Field {
    return this.root.at(path);
  }

  annotation(key: string): Field {
    return this.at("metadata.annotations").child(key);
  }

  /** Gives the object an annotation. */
  annotate(key: string, value: string): Correction {
    const steps = this.root.path.split(/[.[\]]+/).filter((step) => step !== "");
    return { path: [...steps, "metadata", "annotations", key], value };
  }

  get namespace(): Field {
    return this.at("metadata.namespace");
  }

  /** `namespace/name`, unknown when one of them is; Kubernetes takes `default` where none is given. */
  get fullName(): string | undefined {
    const name = this.at("metadata.name");
    if (name.unknown || !name.present || this.namespace.unknown) return undefined;
    return `${this.namespace.text || "default"}/${name.text}`;
  }

  /** The same for an object and for the patches of it, and another for each of those whose name is made by Pulumi. */
  get identity(): string {
    return this.fullName ?? `${this.resource.urn} ${this.root.path}`;
  }

  fail(message: string): Finding {
    return this.resource.fail(message);
  }
}

/** The objects of some kinds that a resource holds. */
export function objectsIn(resource: Resource, ...wanted: readonly Kind[]): KubernetesObject[] {
  const whole = new Field(resource, "", resource.inputs);
  if (mixedLists.includes(resource.type)) {
    return whole
      .at("items")
      .each()
      .flatMap((item) => ofMixedList(item, wanted));
  }
  const own = wanted.find(({ types }) => types.includes(resource.type));
  if (!own) return [];
  const members = resource.type.endsWith("List") ? whole.at("items").each() : [whole];
  return members.map((member) => new KubernetesObject(own, member));
}

/** The objects of some kinds in a stack. */
export function objectsOf(stack: Stack, ...wanted: readonly Kind[]): KubernetesObject[] {
  return stack.all(...typesOf(...wanted)).flatMap((resource) => objectsIn(resource, ...wanted));
}

/** A member of a List says itself what it is; where that is unknown it may be of any of the kinds. */
function ofMixedList(item: Field, wanted: readonly Kind[]): KubernetesObject[] {
  const [version, name] = [item.at("apiVersion"), item.at("kind")];
  const unclear = [version, name].find(({ unknown }) => unknown);
  if (unclear) return wanted.map((one) => new KubernetesObject(one, unclear));
  const own = wanted.find(({ types }) => types.includes(`kubernetes:${version.text}:${name.text}`));
  return own ? [new KubernetesObject(own, item)] : [];
}
