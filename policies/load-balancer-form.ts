import { is, isNot, isSet } from "./conditions";
import { inboundOfIngress } from "./ingress-tls";
import { kinds, objectsIn, typesOf } from "./kubernetes";
import { facesInternet, loadBalancerTypes } from "./load-balancers";
import { listenerTypes } from "./listeners";
import type { Finding, Resource, Stack } from "./model";
import { resourceRule, stackRule } from "./rule";
import { token } from "./tokens";

const applicationTypes = [token.loadBalancer, token.loadBalancerAlb];

/** Load balancers are application load balancers unless they say otherwise. */
export function isApplication(balancer: Resource): boolean {
  return (
    applicationTypes.some((type) => type === balancer.type) &&
    (balancer.at("loadBalancerType").text || "application") === "application"
  );
}

export const singlePublicBalancer = stackRule({
  id: "exp-single-public-alb",
  title: "At most one load balancer faces the internet",
  severity: "high",
  level: "mandatory",
  requirements: ["C10", "J16"],
  controls: ["avd:AWS-0053"],
  fix: "Set internal to true on all load balancers but the one way in.",
  url: "https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html#load-balancer-scheme",
  types: loadBalancerTypes,
  *checkStack(stack) {
    const balancers = stack.all(...loadBalancerTypes);
    const facing = balancers.filter((balancer) => facesInternet(balancer));
    if (facing.length > 1) {
      const names = facing.map(({ name }) => name).join(", ");
      for (const balancer of facing) {
        yield balancer.fail(`internal must be true on all load balancers but one, got ${names}`);
      }
    }
    const open = balancers.map((balancer) => balancer.at("internal"));
    // One that is unknown changes nothing as long as all of them together are one.
    if (balancers.length > 1) {
      yield* open.filter(({ unknown }) => unknown).map((field) => field.undecided());
    }
  },
});

export const invalidHeadersDropped = resourceRule({
  id: "exp-alb-drop-invalid-headers",
  title:
    "Application load balancers drop malformed headers and requests that two servers would read differently",
  severity: "high",
  level: "remediate",
  requirements: ["C10"],
  controls: ["ckv:CKV_AWS_131", "ckv:CKV_AWS_328", "avd:AWS-0052"],
  fix: "Set dropInvalidHeaderFields to true, desyncMitigationMode to strictest or defensive, and xffHeaderProcessingMode to append or remove.",
  url: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html",
  types: applicationTypes,
  *check(balancer) {
    if (!isApplication(balancer)) {
      yield { verdict: "notApplicable", message: "it speaks of application load balancers" };
      return;
    }
    yield* balancer.must("dropInvalidHeaderFields", is(true));
    // AWS takes defensive when nothing is said.
    yield* balancer.must("desyncMitigationMode", isNot("monitor"));
    // It appends when nothing is said; else whoever calls writes the address that programs believe.
    yield* balancer.must("xffHeaderProcessingMode", isNot("preserve"));
  },
  *correct(balancer) {
    const type = balancer.at("loadBalancerType");
    if (
      !type.unknown &&
      isApplication(balancer) &&
      !balancer.at("dropInvalidHeaderFields").present
    ) {
      yield { path: ["dropInvalidHeaderFields"], value: true };
    }
  },
});

export const balancerDeletionProtection = resourceRule({
  id: "exp-alb-deletion-protection",
  title: "Load balancers cannot be deleted by mistake",
  severity: "low",
  level: "mandatory",
  requirements: ["C10"],
  controls: ["ckv:CKV_AWS_150"],
  fix: "Set enableDeletionProtection to true.",
  url: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#deletion-protection",
  types: applicationTypes,
  *check(balancer) {
    yield* balancer.must("enableDeletionProtection", is(true));
  },
});

/** Of connections that it passes on a load balancer logs nothing: it knows requests of TLS alone that it ends itself. */
function onlyPassesOn(balancer: Resource, stack: Stack): boolean {
  return (
    balancer.at("loadBalancerType").value === "network" &&
    stack
      .users(balancer, listenerTypes, "loadBalancerArn")
      .map((listener) => listener.at("protocol"))
      .every(({ unknown, text }) => !unknown && text !== "TLS")
  );
}

export const balancerLogs = stackRule({
  id: "log-lb-access",
  title: "Load balancers log every request, and those that face the internet every connection",
  severity: "medium",
  level: "mandatory",
  requirements: ["M10"],
  controls: ["ckv:CKV_AWS_91", "ckv:CKV_AWS_92"],
  fix: "Set accessLogs, and connectionLogs, with enabled true and a private bucket.",
  url: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html",
  types: loadBalancerTypes,
  // No rule can correct it: which bucket takes the logs only the program knows.
  *checkStack(stack) {
    // docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-access-logs.html
    for (const balancer of stack.all(...loadBalancerTypes)) {
      if (!onlyPassesOn(balancer, stack)) yield* keepsLogs(balancer);
    }
  },
});

function* keepsLogs(balancer: Resource): Iterable<Finding> {
  yield* balancer.must("accessLogs.bucket", isSet);
  // A classic load balancer with a bucket logs unless it is told not to; the others when they are told to.
  const classic = balancer.type === token.loadBalancerClassic;
  yield* balancer.must("accessLogs.enabled", classic ? isNot(false) : is(true));
  if (isApplication(balancer) && facesInternet(balancer)) {
    yield* balancer.must("connectionLogs.bucket", isSet);
    yield* balancer.must("connectionLogs.enabled", is(true));
  }
}

export const inboundNamed = resourceRule({
  id: "exp-alb-inbound-cidrs",
  title: "Load balancers say who may come, also those that an Ingress makes",
  severity: "medium",
  level: "mandatory",
  requirements: ["J17"],
  controls: ["avd:AWS-0107"],
  fix: "Set securityGroups: without them AWS takes the VPC's default group, or lets everybody in. On an Ingress set the annotation inbound-cidrs, whose default is everybody, or security-groups.",
  url: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-update-security-groups.html",
  types: [...loadBalancerTypes, ...typesOf(kinds.ingress)],
  *check(balancer) {
    for (const ingress of objectsIn(balancer, kinds.ingress)) yield* inboundOfIngress(ingress);
    if (!loadBalancerTypes.some((type) => type === balancer.type)) return;
    yield* balancer.must("securityGroups", {
      rule: "name at least one security group",
      holds: (value) => {
        if (typeof value === "string") return undefined;
        return Array.isArray(value) && value.length > 0;
      },
    });
  },
});

export const balancerBudget = stackRule({
  id: "cost-lb-count",
  title: "A stack has as many load balancers as its budget says",
  severity: "low",
  level: "advisory",
  requirements: ["C10"],
  controls: [],
  fix: "Lead names and paths to the load balancer that there is, or raise maxLoadBalancers: each has its price for every hour.",
  url: "https://aws.amazon.com/elasticloadbalancing/pricing/",
  types: loadBalancerTypes,
  config: {
    maxLoadBalancers: {
      type: "integer",
      minimum: 0,
      default: 2,
      description:
        "How many load balancers a stack may have, public and internal: one for names and paths, one for Vault.",
    },
  },
  *checkStack(stack, { maxLoadBalancers }) {
    const balancers = stack.all(...loadBalancerTypes);
    if (balancers.length <= maxLoadBalancers) return;
    const names = balancers.map(({ name }) => name).join(", ");
    for (const balancer of balancers) {
      yield balancer.fail(
        `${balancer.name} must be one of ${maxLoadBalancers} at most, got ${balancers.length}: ${names}`,
      );
    }
  },
});

export const targetGroupTypes = [token.targetGroup, token.targetGroupAlb];

export const tlsToTargets = resourceRule({
  id: "exp-alb-tls-to-targets",
  title: "Load balancers speak TLS to what is behind them, too",
  severity: "medium",
  level: "advisory",
  requirements: ["M2", "C8"],
  controls: ["ckv:CKV_AWS_378"],
  fix: "Set protocol to HTTPS, and let the targets serve TLS.",
  url: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html",
  types: targetGroupTypes,
  *check(group) {
    // Functions are called by the API of Lambda, which is TLS.
    if (group.at("targetType").value === "lambda") {
      yield { verdict: "notApplicable", message: "functions are not called over HTTP" };
      return;
    }
    yield* group.must("protocol", isNot("HTTP"));
  },
});
