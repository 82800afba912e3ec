import { known } from "./conditions";
import type { Field, Finding, Resource, Stack } from "./model";
import { resourceRule, stackRule } from "./rule";
import { token } from "./tokens";

export const listenerTypes = [token.listener, token.listenerAlb];
export const listenerRuleTypes = [token.listenerRule, token.listenerRuleAlb];

const encrypted = ["HTTPS", "TLS"];

/** The protocol of a listener; AWS takes HTTP where nothing is said. */
function protocolOf(listener: Resource): Field {
  return listener.at("protocol");
}

function speaks(listener: Resource, protocols: readonly string[]): boolean | undefined {
  const protocol = protocolOf(listener);
  if (protocol.unknown) return undefined;
  return protocols.includes((protocol.text || "HTTP").toUpperCase());
}

/** The findings about a listener that speaks one of the protocols; `otherwise` says why there are none. */
function* where(
  listener: Resource,
  protocols: readonly string[],
  findings: () => Iterable<Finding>,
  otherwise: string,
): Iterable<Finding> {
  const does = speaks(listener, protocols);
  if (does) yield* findings();
  else if (does === undefined) yield protocolOf(listener).undecided();
  else yield { verdict: "notApplicable", message: otherwise };
}

/**
 * Policies that keep to Mozilla's profiles modern (TLS 1.3) and intermediate (and TLS 1.2 with forward secrecy and
 * authenticated encryption), with classical or post-quantum key exchange.
 */
const allowedPolicies = ["TLS13-1-3", "TLS13-1-2-Res"].flatMap((profile) =>
  ["2021-06", "PQ-2025-09", "FIPS-2023-04", "FIPS-PQ-2025-09"].map(
    (variant) => `ELBSecurityPolicy-${profile}-${variant}`,
  ),
);

const keepsToMozilla = known(
  `be one of ${allowedPolicies.join(", ")}`,
  (value) => typeof value === "string" && allowedPolicies.includes(value),
);

export const tlsPolicy = resourceRule({
  id: "exp-alb-tls-policy",
  title: "Listeners keep to Mozilla's TLS profiles intermediate or modern",
  severity: "high",
  level: "mandatory",
  requirements: ["M2"],
  controls: ["ckv:CKV_AWS_103", "ckv:CKV2_AWS_74", "avd:AWS-0047"],
  fix: "Set sslPolicy to ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09, or to ELBSecurityPolicy-TLS13-1-3-PQ-2025-09 for TLS 1.3 only.",
  url: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html",
  types: listenerTypes,
  *check(listener) {
    // Without a policy AWS takes ELBSecurityPolicy-2016-08, which offers TLS 1.0.
    yield* where(
      listener,
      encrypted,
      () => listener.must("sslPolicy", keepsToMozilla),
      "the listener does not speak TLS",
    );
  },
});

export const httpsRedirect = stackRule({
  id: "exp-alb-https-redirect",
  title: "HTTP listeners do nothing but send clients to HTTPS, for good and on the same host",
  severity: "high",
  level: "mandatory",
  requirements: ["M2"],
  controls: ["ckv:CKV2_AWS_20", "ckv:CKV_AWS_2", "avd:AWS-0054"],
  fix: "Give the listener one default action: redirect to protocol HTTPS, port 443, statusCode HTTP_301.",
  url: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html#redirect-actions",
  types: listenerTypes,
  *checkStack(stack) {
    const http = stack.all(...listenerTypes).filter((listener) => speaks(listener, ["HTTP"]));
    for (const listener of stack.all(...listenerTypes)) {
      if (protocolOf(listener).unknown) yield protocolOf(listener).undecided();
    }
    for (const listener of http) {
      yield* redirects(listener.at("defaultActions"));
      for (const rule of stack.users(listener, listenerRuleTypes, "listenerArn")) {
        yield* redirects(rule.at("actions"));
      }
    }
    yield* unknownListeners(http, stack);
  },
});

/** Rules of listeners that nobody knows yet may belong to one that speaks HTTP. */
function unknownListeners(http: readonly Resource[], stack: Stack): Finding[] {
  if (http.length === 0) return [];
  return stack
    .danglers(listenerRuleTypes, "listenerArn", listenerTypes)
    .map((field) => field.undecided());
}

/** What a redirect must say; `#{…}` stands for what the client asked for, and is what AWS takes when nothing is said. */
const redirect: [key: string, rule: string, allowed: string[]][] = [
  ["protocol", "be HTTPS", ["HTTPS"]],
  ["port", "be 443", ["443"]],
  ["statusCode", "be HTTP_301", ["HTTP_301"]],
  ["host", "be left out", ["", "#{host}"]],
];

function* redirects(actions: Field): Iterable<Finding> {
  if (actions.unknown) {
    yield actions.undecided();
    return;
  }
  for (const action of actions.each()) {
    const type = action.at("type");
    if (type.unknown) yield type.undecided();
    else if (type.text !== "redirect") yield type.fail("be redirect");
    else {
      for (const [key, rule, allowed] of redirect) {
        const field = action.at(`redirect.${key}`);
        yield* field.must(known(rule, () => allowed.includes(field.text)));
      }
    }
  }
}

/** Two years in seconds, as Mozilla asks for: wiki.mozilla.org/Security/Server_Side_TLS */
const twoYears = 63_072_000;

const lasts = known(
  `hold max-age of at least ${twoYears} seconds and includeSubDomains`,
  (value) => {
    const directives = typeof value === "string" ? value.toLowerCase().split(/\s*;\s*/) : [];
    const age = directives.find((directive) => directive.startsWith("max-age="))?.slice(8) ?? "";
    return Number(age.replaceAll('"', "")) >= twoYears && directives.includes("includesubdomains");
  },
);

export const strictTransport = resourceRule({
  id: "exp-alb-hsts",
  title: "HTTPS listeners tell browsers to come by HTTPS only, for two years",
  severity: "medium",
  level: "mandatory",
  requirements: ["M2"],
  controls: [],
  fix: 'Set routingHttpResponseStrictTransportSecurityHeaderValue to "max-age=63072000; includeSubDomains; preload".',
  url: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/header-modification.html",
  types: listenerTypes,
  *check(listener) {
    yield* where(
      listener,
      ["HTTPS"],
      () => listener.must("routingHttpResponseStrictTransportSecurityHeaderValue", lasts),
      "browsers heed the header over HTTPS only",
    );
  },
});

export const noServerHeader = resourceRule({
  id: "exp-alb-no-server-header",
  title: "HTTPS listeners do not say what software answers",
  severity: "low",
  level: "advisory",
  requirements: ["M2"],
  controls: [],
  fix: "Set routingHttpResponseServerEnabled to false.",
  url: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/header-modification.html",
  types: listenerTypes,
  *check(listener) {
    const said = known("be false", (value) => value === false);
    yield* where(
      listener,
      ["HTTPS"],
      () => listener.must("routingHttpResponseServerEnabled", said),
      "the listener does not speak HTTPS",
    );
  },
});
