import { coversWorld, isNetwork } from "./addresses";
import { known } from "./conditions";
import type { KubernetesObject } from "./kubernetes";
import { kinds, objectsIn, typesOf } from "./kubernetes";
import type { Field, Finding } from "./model";
import { isRecord } from "./model";
import { resourceRule } from "./rule";
import type { Truth } from "./truth";
import { all, any, not } from "./truth";

/** Annotations that the AWS Load Balancer Controller reads: kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations */
const alb = "alb.ingress.kubernetes.io/";

/** The AWS Load Balancer Controller makes a load balancer for what names its class, or speaks to it. */
function isForAlb(ingress: KubernetesObject): Truth {
  const annotations = ingress.at("metadata.annotations");
  const classes = [
    ingress.at("spec.ingressClassName"),
    annotations.child("kubernetes.io/ingress.class"),
  ];
  return any([
    ...classes.map(({ unknown, value }) => (unknown ? undefined : value === "alb")),
    isRecord(annotations.value) &&
      Object.keys(annotations.value).some((key) => key.startsWith(alb)),
  ]);
}

export const ingressTls = resourceRule({
  id: "exp-ingress-tls",
  title: "Every Ingress and gateway speaks TLS; without it they do no more than redirect",
  severity: "high",
  level: "mandatory",
  requirements: ["M2", "C10"],
  controls: ["cis-eks-1.8.0:5.4.5"],
  fix: "Set spec.tls for every host, or certificate-arn and ssl-redirect for the AWS Load Balancer Controller; on gateways of Istio protocol HTTPS, or tls.httpsRedirect.",
  url: "https://kubernetes.io/docs/concepts/services-networking/ingress/#tls",
  types: typesOf(kinds.ingress, kinds.meshGateway),
  *check(resource) {
    for (const gateway of objectsIn(resource, kinds.meshGateway)) {
      for (const server of gateway.at("spec.servers").each()) yield* serverSpeaksTls(server);
    }
    for (const ingress of objectsIn(resource, kinds.ingress)) {
      if (ingress.root.unknown) yield ingress.root.undecided();
      else yield* ingressSpeaksTls(ingress);
    }
  },
});

/** istio.io/latest/docs/reference/config/networking/gateway */
function serverSpeaksTls(server: Field): Finding[] {
  const [protocol, redirect] = [server.at("port.protocol"), server.at("tls.httpsRedirect")];
  const encrypted = protocol.unknown
    ? undefined
    : ["HTTPS", "TLS"].includes(protocol.text.toUpperCase());
  const redirects = redirect.unknown ? undefined : redirect.text === "true";
  return protocol.judge(
    any([encrypted, redirects]),
    "be HTTPS or TLS, or the server redirect with tls.httpsRedirect",
  );
}

function ingressSpeaksTls(ingress: KubernetesObject): Finding[] {
  const annotations = ingress.at("metadata.annotations");
  if (annotations.unknown) return [annotations.undecided()];
  const forAlb = isForAlb(ingress);
  if (forAlb === undefined) return [ingress.at("spec.ingressClassName").undecided()];
  return forAlb ? albSpeaksTls(ingress) : [...hostsHaveTls(ingress), ...redirectsToTls(ingress)];
}

/** Without listen-ports it listens on HTTPS when it has a certificate, else on HTTP. */
function albSpeaksTls(ingress: KubernetesObject): Finding[] {
  const [ports, certificate, redirect] = ["listen-ports", "certificate-arn", "ssl-redirect"].map(
    (key) => ingress.annotation(`${alb}${key}`),
  ) as [Field, Field, Field];
  if (!ports.present) {
    if (ingress.isPatch) return [];
    return certificate.judge(certificate.unknown || certificate.present, "be set");
  }
  return ports.judge(
    any([redirect.present, ports.unknown ? undefined : onlyHttps(ports.text)]),
    `name HTTPS only, or ${alb}ssl-redirect be set`,
  );
}

function onlyHttps(text: string): boolean {
  try {
    const ports = JSON.parse(text) as unknown;
    return (
      Array.isArray(ports) &&
      ports.length > 0 &&
      ports.every((port) => isRecord(port) && Object.keys(port).every((key) => key === "HTTPS"))
    );
  } catch {
    return false;
  }
}

/** Every host of the rules is one of a certificate's; a certificate without hosts is for all of them. */
function hostsHaveTls(ingress: KubernetesObject): Finding[] {
  const tls = ingress.at("spec.tls");
  const rules = ingress.at("spec.rules");
  if (ingress.isPatch && !tls.present) return [];
  if (!tls.present || tls.each().length === 0) return [tls.fail("be set")];
  const covers = tls.each().map((entry) => entry.at("hosts"));
  return rules.each().flatMap((rule) => {
    const host = rule.at("host");
    const covered = any(covers.map((hosts) => coversHost(hosts, host)));
    return host.judge(covered, "be one of the hosts of spec.tls");
  });
}

function coversHost(hosts: Field, host: Field): Truth {
  if (hosts.unknown) return undefined;
  if (!hosts.present) return true;
  const names = hosts.each();
  return any(
    names.map((name) => {
      if (name.unknown || host.unknown) return undefined;
      return [host.text, host.text.replace(/^[^.]+/, "*")].includes(name.text);
    }),
  );
}

/** kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations: it redirects unless it is told not to. */
function redirectsToTls(ingress: KubernetesObject): Finding[] {
  const redirect = ingress.annotation("nginx.ingress.kubernetes.io/ssl-redirect");
  return redirect.must(known("not be false", (value) => String(value) !== "false"));
}

/** What limits who may come, for a load balancer that the controller makes. */
export function* inboundOfIngress(ingress: KubernetesObject): Iterable<Finding> {
  const annotations = ingress.at("metadata.annotations");
  const forAlb = annotations.unknown ? undefined : isForAlb(ingress);
  if (forAlb === undefined) {
    yield (annotations.unknown ? annotations : ingress.at("spec.ingressClassName")).undecided();
  }
  if (!forAlb || ingress.isPatch) return;
  const [cidrs, groups, lists] = [
    "inbound-cidrs",
    "security-groups",
    "security-group-prefix-lists",
  ].map((key) => ingress.annotation(`${alb}${key}`)) as [Field, Field, Field];
  // Groups of its own take the place of the one that the controller makes for the networks.
  if (groups.present) return;
  const named = cidrs.present || lists.present;
  yield* cidrs.judge(
    all([named, cidrs.present ? not(isOpen(cidrs)) : true]),
    "name the networks that may come",
  );
}

function isOpen(cidrs: Field): Truth {
  if (cidrs.unknown) return undefined;
  const networks = cidrs.text.split(",").map((cidr) => cidr.trim());
  return !networks.every(isNetwork) || coversWorld(networks);
}
