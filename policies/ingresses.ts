import type { Condition } from "./conditions";
import { isAbsent, known } from "./conditions";
import type { KubernetesObject } from "./kubernetes";
import { kinds, objectsIn, objectsOf, typesOf } from "./kubernetes";
import type { Field, Finding } from "./model";
import { resourceRule, stackRule } from "./rule";

const { ingress: ingressKind, ingressClass, meshGateway, service } = kinds;
const entryTypes = typesOf(ingressKind, meshGateway);

/** More names of an Ingress: kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#server-alias */
const aliases = "nginx.ingress.kubernetes.io/server-alias";

export const singleIngressController = stackRule({
  id: "exp-single-ingress-controller",
  title: "One ingress controller lets requests in, and it alone may have a port on the nodes",
  severity: "medium",
  level: "mandatory",
  requirements: ["C10", "C9"],
  controls: [],
  fix: "Keep one IngressClass, name it in every Ingress, and leave at most one Service at type NodePort.",
  url: "https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-class",
  types: typesOf(ingressClass, service),
  *checkStack(stack) {
    const classes = objectsOf(stack, ingressClass);
    const services = objectsOf(stack, service);
    yield* oneOf(
      classes.map((one) => ({ one, counts: true })),
      "the one IngressClass",
    );
    yield* oneOf(
      services.map((one) => {
        const type = one.at("spec.type");
        return { one, counts: type.unknown ? type : type.value === "NodePort" };
      }),
      "the one Service of type NodePort",
    );
  },
});

/** An object, and whether it counts: the field on which that depends where it is unknown. */
interface Counted {
  one: KubernetesObject;
  counts: boolean | Field;
}

/** Objects of which there may be one; patches of it are none of their own. */
function* oneOf(objects: readonly Counted[], what: string): Iterable<Finding> {
  const certain = objects.filter(({ counts }) => counts === true).map(({ one }) => one);
  const open = objects.flatMap(({ counts }) => (typeof counts === "object" ? [counts] : []));
  const distinct = new Map(certain.map((one) => [one.identity, one]));
  if (distinct.size > 1) {
    const names = [...distinct.values()].map(({ resource }) => resource.name).join(", ");
    for (const one of certain) yield one.fail(`${one.resource.name} must be ${what}, got ${names}`);
  }
  if (distinct.size + open.length > 1) yield* open.map((field) => field.undecided());
}

/** The names under which an Ingress or a gateway of the mesh answers; absent where it answers for all. */
function hostsOf(entry: KubernetesObject): Field[] {
  if (entry.kind === meshGateway) {
    return entry
      .at("spec.servers")
      .each()
      .flatMap((server) => {
        const hosts = server.at("hosts");
        return hosts.present ? hosts.each() : [hosts];
      });
  }
  const rules = entry.at("spec.rules").each();
  const alias = entry.annotation(aliases);
  return [...rules.map((rule) => rule.at("host")), ...(alias.present ? [alias] : [])];
}

/** The names in a field: gateways of Istio prefix them with the namespace that may use them, aliases are a list. */
function namesIn(text: string): string[] {
  return text.split(",").map((name) =>
    name
      .trim()
      .toLowerCase()
      .replace(/^[^/]*\//, ""),
  );
}

function isUnder(domains: readonly string[]): Condition {
  const wanted = domains.map((domain) => domain.toLowerCase());
  return known(`be under ${domains.join(" or ")}, without a wildcard`, (value) =>
    namesIn(typeof value === "string" ? value : "").every((name) =>
      wanted.some((domain) => !name.includes("*") && `.${name}`.endsWith(`.${domain}`)),
    ),
  );
}

const isExact = known(
  "be a name without a wildcard",
  (value) => typeof value === "string" && value !== "" && !value.includes("*"),
);

export const ingressHostMatches = resourceRule<{ domains: string[] }>({
  id: "exp-ingress-host-matches",
  title: "Every Ingress and gateway answers for named hosts under the domains of the cluster",
  severity: "high",
  level: "mandatory",
  requirements: ["S15"],
  controls: [],
  fix: "Set the host of every rule to a name under a domain of the cluster, leave defaultBackend out, and tell the rule the domains.",
  url: "https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-rules",
  types: entryTypes,
  config: {
    domains: {
      type: "array",
      items: { type: "string" },
      default: [],
      description:
        "Domains that the cluster answers for. Without any, a name that is exact is undecided and all others fail.",
    },
  },
  *check(resource, { domains }) {
    for (const entry of objectsIn(resource, ingressKind, meshGateway)) {
      if (entry.root.unknown) yield entry.root.undecided();
      else yield* answersFor(entry, domains);
    }
  },
});

function* answersFor(entry: KubernetesObject, domains: readonly string[]): Iterable<Finding> {
  const hosts = hostsOf(entry);
  if (entry.kind === ingressKind) {
    for (const key of ["defaultBackend", "backend"]) yield* entry.at(`spec.${key}`).must(isAbsent);
    if (hosts.length === 0 && !entry.isPatch) yield entry.at("spec.rules").fail("name hosts");
  }
  for (const host of hosts) {
    const findings = host.must(domains.length > 0 ? isUnder(domains) : isExact);
    yield* findings;
    if (findings.length === 0 && domains.length === 0) {
      yield entry.resource.undecided(
        `${host.path} of ${entry.resource.name} must be under a domain of the cluster, and domains names none`,
      );
    }
  }
}

/** A place that requests are sent to, and who claims it. */
interface Claim {
  entry: KubernetesObject;
  field: Field;
  /** Undefined when it is unknown. */
  place: string | undefined;
  shown: string;
}

function claimsOf(entry: KubernetesObject): Claim[] {
  if (entry.root.unknown) return [{ entry, field: entry.root, place: undefined, shown: "" }];
  return entry.kind === meshGateway ? gatewayClaims(entry) : ingressClaims(entry);
}

function claim(entry: KubernetesObject, host: Field, where: Field[], key: string): Claim[] {
  const field = [host, ...where].find(({ unknown }) => unknown);
  if (field) return [{ entry, field, place: undefined, shown: "" }];
  return namesIn(host.text).map((name) => {
    const shown = `${name || "*"}${key}`;
    return { entry, field: host, place: `${entry.kind.name} ${shown}`, shown };
  });
}

function ingressClaims(entry: KubernetesObject): Claim[] {
  const rules = entry.at("spec.rules").each();
  const claims = rules.flatMap((rule) => {
    const paths = rule
      .at("http.paths")
      .each()
      .map((path) => path.at("path"));
    const host = rule.at("host");
    if (paths.length === 0) return claim(entry, host, [], "/");
    return paths.flatMap((path) =>
      claim(entry, host, [path], `/${path.text.replaceAll(/^\/+|\/+$/g, "")}`),
    );
  });
  const alias = entry.annotation(aliases);
  return alias.present ? [...claims, ...claim(entry, alias, [], "/")] : claims;
}

/** Gateways of the same pods: istio.io/latest/docs/reference/config/analysis/ist0145 */
function gatewayClaims(entry: KubernetesObject): Claim[] {
  const selector = entry.at("spec.selector");
  const labels = selector.unknown ? "" : JSON.stringify(selector.value);
  return entry
    .at("spec.servers")
    .each()
    .flatMap((server) => {
      const port = server.at("port.number");
      return server
        .at("hosts")
        .each()
        .flatMap((host) => claim(entry, host, [port, selector], `:${port.text} ${labels}`));
    });
}

export const ingressUniqueHost = stackRule({
  id: "exp-ingress-unique-host",
  title: "No two Ingresses or gateways answer for the same host and path",
  severity: "high",
  level: "mandatory",
  requirements: ["S15"],
  controls: [],
  fix: "Give each Ingress hosts or paths of its own: of two that claim the same, either may get the requests.",
  url: "https://istio.io/latest/docs/reference/config/analysis/ist0145/",
  types: entryTypes,
  *checkStack(stack) {
    const entries = objectsOf(stack, ingressKind, meshGateway);
    const claims = entries.flatMap(claimsOf);
    const byPlace = new Map<string, Claim[]>();
    for (const one of claims) {
      if (one.place !== undefined) byPlace.set(one.place, [...(byPlace.get(one.place) ?? []), one]);
    }
    for (const same of byPlace.values()) yield* conflicts(same);
    const holders = new Set(entries.map(({ kind, identity }) => `${kind.name} ${identity}`));
    if (holders.size < 2) return;
    for (const { place, field } of claims) if (place === undefined) yield field.undecided();
  },
});

function* conflicts(claims: readonly Claim[]): Iterable<Finding> {
  if (new Set(claims.map(({ entry }) => entry.identity)).size < 2) return;
  const names = [...new Set(claims.map(({ entry }) => entry.resource.name))].join(", ");
  for (const { entry, shown } of claims) {
    yield entry.fail(`${shown} must be claimed once, got ${names}`);
  }
}

export const ingressNoSnippets = resourceRule({
  id: "exp-ingress-no-snippets",
  title: "No Ingress writes into the configuration of its controller",
  severity: "high",
  level: "mandatory",
  requirements: ["C10"],
  controls: ["ckv:CKV_K8S_152", "ckv:CKV_K8S_153", "ckv:CKV_K8S_154"],
  fix: "Remove the annotations that end in snippet: whoever may set them reads every secret of the controller (CVE-2021-25742).",
  url: "https://github.com/kubernetes/kubernetes/issues/126811",
  types: typesOf(ingressKind),
  *check(resource) {
    for (const ingress of objectsIn(resource, ingressKind)) {
      const annotations = ingress.at("metadata.annotations");
      if (annotations.unknown) yield annotations.undecided();
      for (const annotation of annotations.unknown ? [] : annotations.values()) {
        if (/snippets?$/.test(annotation.path)) {
          yield ingress.fail(`${annotation.path} must be left out, got a snippet`);
        }
      }
    }
  },
});
