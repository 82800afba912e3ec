import type { ResourceSpec } from "./rule-stack";

type Values = Record<string, unknown>;

/** An object as a program of @pulumi/kubernetes or a manifest registers it, in the namespace `shop`. */
export function object(
  type: string,
  spec: Values,
  annotations: Values = {},
  metadata: Values = {},
): ResourceSpec {
  const inputs = { metadata: { namespace: "shop", annotations, ...metadata }, spec };
  return { type: `kubernetes:${type}`, inputs };
}

export function service(spec: Values, annotations: Values = {}): ResourceSpec {
  return object("core/v1:Service", spec, annotations, { name: "web" });
}

/** An Ingress that leads one host to the Service of its name. */
export function ingress(host: unknown, path = "/", name = "web"): ResourceSpec {
  const backend = { service: { name, port: { number: 8080 } } };
  return object(
    "networking.k8s.io/v1:Ingress",
    {
      tls: [{ hosts: [host], secretName: "web-tls" }],
      rules: [{ host, http: { paths: [{ path, pathType: "Prefix", backend }] } }],
    },
    {},
    { name },
  );
}

export function gateway(name: string, server: Values, spec: Values = {}): ResourceSpec {
  return object(
    "networking.istio.io/v1:Gateway",
    { selector: { istio: "entry" }, servers: [server], ...spec },
    {},
    { name },
  );
}

/** A workload of pods with one container. */
export function workload(type: string, container: Values, pod: Values = {}): ResourceSpec {
  const spec = { containers: [{ name: "app", ...container }], ...pod };
  if (type.endsWith(":Pod")) return object(type, spec, {}, { name: "web" });
  const template = { spec };
  return object(
    type,
    type.includes(":CronJob") ? { jobTemplate: { spec: { template } } } : { template },
    {},
    { name: "web" },
  );
}

/** Objects as members of a list. */
export function listOf(type: string, ...members: (ResourceSpec | string)[]): ResourceSpec {
  const items = members.map((member) => (typeof member === "string" ? member : member.inputs));
  return { type: `kubernetes:${type}`, inputs: { items } };
}

/** A List whose members say themselves what they are. */
export function mixedList(...members: Record<string, unknown>[]): ResourceSpec {
  return { type: "kubernetes:core/v1:List", inputs: { items: members } };
}
