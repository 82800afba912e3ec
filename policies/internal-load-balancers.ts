import { is } from "./conditions";
import type { KubernetesObject } from "./kubernetes";
import { kinds, objectsIn, typesOf } from "./kubernetes";
import { loadBalancerTypes } from "./load-balancers";
import type { Field, Finding, Resource } from "./model";
import type { Correction } from "./rule";
import { resourceRule } from "./rule";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any, not } from "./truth";

const prefix = "service.beta.kubernetes.io/aws-load-balancer-";

export const balancersInternal = resourceRule({
  id: "exp-lb-internal",
  title:
    "A load balancer is internal unless it is the application load balancer that says otherwise",
  severity: "high",
  level: "remediate",
  requirements: ["S19", "J16"],
  controls: ["avd:AWS-0053"],
  fix: `Set internal to true, or on a Service the annotations ${prefix}internal and ${prefix}scheme.`,
  url: "https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/nlb/",
  types: [...loadBalancerTypes, ...typesOf(kinds.service)],
  *check(resource) {
    for (const service of objectsIn(resource, kinds.service)) yield* serviceInternal(service);
    if (isBalancer(resource)) yield* balancerInternal(resource);
  },
  *correct(resource) {
    for (const service of objectsIn(resource, kinds.service)) yield* annotated(service);
    const internal = resource.at("internal");
    if (isBalancer(resource) && hasScheme(resource) && !internal.present) {
      yield { path: ["internal"], value: true };
    }
  },
});

function isBalancer({ type }: Resource): boolean {
  return loadBalancerTypes.some((one) => one === type);
}

/** One for gateways stands in the path of packets and has no addresses to be reached at. */
function hasScheme(balancer: Resource): boolean {
  return balancer.at("loadBalancerType").value !== "gateway";
}

/** Which application load balancer may face the internet, and that it is one, others say: exp-single-public-alb. */
function balancerInternal(balancer: Resource): Finding[] {
  if (!hasScheme(balancer)) return [];
  const [internal, type] = [balancer.at("internal"), balancer.at("loadBalancerType")];
  if (internal.text !== "false" || balancer.type === token.loadBalancerClassic) {
    return internal.must(is(true));
  }
  if (type.unknown) return [type.undecided()];
  return (type.text || "application") === "application" ? [] : internal.must(is(true));
}

/** What a Service says of its load balancer. */
function schemeOf(service: KubernetesObject) {
  const [internal, scheme, type] = ["internal", "scheme", "type"].map((key) =>
    service.annotation(`${prefix}${key}`),
  ) as [Field, Field, Field];
  return { internal, scheme, type, of: service.at("spec.loadBalancerClass") };
}

function equals({ unknown, text }: Field, ...values: string[]): Truth {
  return unknown ? undefined : values.includes(text);
}

/**
 * The controller of AWS makes internal ones unless the scheme says otherwise, the one inside Kubernetes public ones unless
 * the older annotation does; which of them it is the class or the type says.
 */
function isInternal(service: KubernetesObject): Truth {
  const { internal, scheme, type, of } = schemeOf(service);
  return all([
    not(equals(scheme, "internet-facing")),
    any([
      equals(internal, "true"),
      all([
        equals(scheme, "internal"),
        any([equals(type, "external", "nlb-ip"), equals(of, "service.k8s.aws/nlb")]),
      ]),
    ]),
  ]);
}

function makesBalancer(service: KubernetesObject): Truth {
  return equals(service.at("spec.type"), "LoadBalancer");
}

function serviceInternal(service: KubernetesObject): Finding[] {
  const makes = makesBalancer(service);
  if (makes === undefined) return [service.at("spec.type").undecided()];
  if (!makes || isInternal(service)) return [];
  const { internal, scheme, type, of } = schemeOf(service);
  if (equals(scheme, "internet-facing")) return [scheme.fail("be internal")];
  const open = [internal, scheme, type, of].find(({ unknown }) => unknown);
  return [open && isInternal(service) === undefined ? open.undecided() : internal.fail("be true")];
}

/** The annotations that a Service lacks. What it says itself stays: it fails then. */
function* annotated(service: KubernetesObject): Iterable<Correction> {
  if (!makesBalancer(service) || isInternal(service) !== false) return;
  const { internal, scheme } = schemeOf(service);
  if (internal.present || (scheme.present && scheme.text !== "internal")) return;
  yield service.annotate(`${prefix}internal`, "true");
  if (!scheme.present) yield service.annotate(`${prefix}scheme`, "internal");
}
