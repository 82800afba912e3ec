import { isEmpty, isNot } from "./conditions";
import { kinds, objectsIn, typesOf } from "./kubernetes";
import { resourceRule } from "./rule";

const serviceTypes = typesOf(kinds.service);

export const noLoadBalancerService = resourceRule({
  id: "exp-no-loadbalancer-service",
  title: "No Service makes a load balancer of its own: there is one way in",
  severity: "high",
  level: "mandatory",
  requirements: ["C9"],
  controls: [],
  fix: "Leave type at ClusterIP, and lead a host or a path of the one way in to the Service.",
  url: "https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer",
  types: serviceTypes,
  *check(resource) {
    for (const service of objectsIn(resource, kinds.service)) {
      yield* service.at("spec.type").must(isNot("LoadBalancer"));
    }
  },
});

export const noNodePortService = resourceRule<{ ingressControllers: string[] }>({
  id: "exp-no-nodeport-service",
  title: "No Service opens a port on every node, except that of the ingress controller",
  severity: "high",
  level: "mandatory",
  requirements: ["C9"],
  controls: [],
  fix: "Leave type at ClusterIP. A load balancer reaches pods by their addresses (target type ip).",
  url: "https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport",
  types: serviceTypes,
  config: {
    ingressControllers: {
      type: "array",
      items: { type: "string" },
      default: [],
      description: "Services of the one ingress controller that need node ports, namespace/name.",
    },
  },
  *check(resource, { ingressControllers }) {
    for (const service of objectsIn(resource, kinds.service)) {
      const [type, { fullName }] = [service.at("spec.type"), service];
      if (fullName !== undefined && ingressControllers.includes(fullName)) continue;
      const name = ["name", "namespace"]
        .map((key) => service.at(`metadata.${key}`))
        .find(({ unknown }) => unknown);
      if (type.value === "NodePort" && name && ingressControllers.length > 0) {
        yield name.undecided();
      } else yield* type.must(isNot("NodePort"));
    }
  },
});

export const noExternalIps = resourceRule({
  id: "exp-no-external-ips",
  title: "No Service claims addresses that Kubernetes does not manage",
  severity: "high",
  level: "mandatory",
  requirements: ["C9"],
  controls: ["avd:KSV-0108"],
  fix: "Leave externalIPs out: whoever may set them can take traffic for any address.",
  url: "https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#denyserviceexternalips",
  types: serviceTypes,
  *check(resource) {
    for (const service of objectsIn(resource, kinds.service)) {
      yield* service.at("spec.externalIPs").must(isEmpty);
    }
  },
});
