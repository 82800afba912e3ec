import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import { platform, resource } from "../support/rule-platform";
import { gone, ref, unknown } from "../support/rule-stack";

const policies = [
  "TLS13-1-3-2021-06",
  "TLS13-1-3-PQ-2025-09",
  "TLS13-1-3-FIPS-2023-04",
  "TLS13-1-3-FIPS-PQ-2025-09",
  "TLS13-1-2-Res-2021-06",
  "TLS13-1-2-Res-PQ-2025-09",
  "TLS13-1-2-Res-FIPS-2023-04",
  "TLS13-1-2-Res-FIPS-PQ-2025-09",
].map((name) => `ELBSecurityPolicy-${name}`);
const allowed = policies.join(", ");

const tlsOnly = { http: gone };
const alone = {
  https: resource(token.listener, {
    ...platform["https"]?.inputs,
    loadBalancerArn: "arn:balancer",
    certificateArn: "arn:certificate",
  }),
};

casesFor("exp-alb-tls-policy [M2]", {
  base: alone,
  passes: policies.map((policy) => [policy, { "https.sslPolicy": policy }]),
  fails: [
    [
      "no policy: AWS would take TLS 1.0",
      { "https.sslPolicy": gone },
      [`https: sslPolicy must be one of ${allowed}, got nothing`],
    ],
    [
      "TLS 1.0",
      { "https.sslPolicy": "ELBSecurityPolicy-2016-08" },
      [`https: sslPolicy must be one of ${allowed}, got "ELBSecurityPolicy-2016-08"`],
    ],
    [
      "TLS 1.2 with CBC",
      { "https.sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06" },
      [`https: sslPolicy must be one of ${allowed}, got "ELBSecurityPolicy-TLS13-1-2-2021-06"`],
    ],
    [
      "a network load balancer's TLS",
      { "https.protocol": "TLS", "https.sslPolicy": gone },
      [`https: sslPolicy must be one of ${allowed}, got nothing`],
    ],
  ],
  undecided: [
    [
      "a policy that nobody knows yet",
      { "https.sslPolicy": unknown },
      ["https: undecided: sslPolicy of https is unknown until up"],
    ],
    [
      "a protocol that nobody knows yet",
      { "https.protocol": unknown },
      ["https: undecided: protocol of https is unknown until up"],
    ],
  ],
  notApplicable: [["HTTP", { "https.protocol": "HTTP" }, "the listener does not speak TLS"]],
});

const forwarding = { type: "forward", targetGroupArn: "arn:target" };

casesFor("exp-alb-https-redirect [M2]", {
  base: platform,
  passes: [
    ["a redirect for good", {}],
    ["no HTTP at all", tlsOnly],
    ["the host that was asked for", { "http.defaultActions[0].redirect.host": "#{host}" }],
    [
      "a rule that redirects",
      {
        rule: resource(token.listenerRule, {
          listenerArn: ref("http", "arn"),
          actions: [
            {
              type: "redirect",
              redirect: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" },
            },
          ],
        }),
      },
    ],
    [
      "a rule of the HTTPS listener that forwards",
      {
        rule: resource(token.listenerRule, {
          listenerArn: ref("https", "arn"),
          actions: [forwarding],
        }),
      },
    ],
  ],
  fails: [
    [
      "requests forwarded in the clear",
      { "http.defaultActions": [forwarding] },
      ['http: defaultActions[0].type must be redirect, got "forward"'],
    ],
    [
      "no protocol, which means HTTP",
      { "http.protocol": gone, "http.defaultActions": [forwarding] },
      ['http: defaultActions[0].type must be redirect, got "forward"'],
    ],
    [
      "a redirect to HTTP",
      { "http.defaultActions[0].redirect.protocol": gone },
      ["http: defaultActions[0].redirect.protocol must be HTTPS, got nothing"],
    ],
    [
      "a redirect to another port",
      { "http.defaultActions[0].redirect.port": "8443" },
      ['http: defaultActions[0].redirect.port must be 443, got "8443"'],
    ],
    [
      "a redirect for now",
      { "http.defaultActions[0].redirect.statusCode": "HTTP_302" },
      ['http: defaultActions[0].redirect.statusCode must be HTTP_301, got "HTTP_302"'],
    ],
    [
      "a redirect to another host",
      { "http.defaultActions[0].redirect.host": "evil.example.net" },
      ['http: defaultActions[0].redirect.host must be left out, got "evil.example.net"'],
    ],
    [
      "a rule that forwards around the redirect",
      {
        rule: resource(token.listenerRule, {
          listenerArn: ref("http", "arn"),
          actions: [forwarding],
        }),
      },
      ['rule: actions[0].type must be redirect, got "forward"'],
    ],
  ],
  undecided: [
    [
      "a protocol that nobody knows yet",
      { "http.protocol": unknown },
      ["http: undecided: protocol of http is unknown until up"],
    ],
    [
      "an action that nobody knows yet",
      { "http.defaultActions": unknown },
      ["http: undecided: defaultActions of http is unknown until up"],
    ],
    [
      "a rule of a listener that nobody knows yet",
      {
        rule: resource(token.listenerRule, { listenerArn: unknown, actions: [forwarding] }),
      },
      ["rule: undecided: listenerArn of rule is unknown until up"],
    ],
  ],
});

const hsts = "routingHttpResponseStrictTransportSecurityHeaderValue";
const rule = "hold max-age of at least 63072000 seconds and includeSubDomains";

casesFor("exp-alb-hsts [M2]", {
  base: alone,
  passes: [
    ["two years, preloaded", {}],
    ["longer, in other letters", { [`https.${hsts}`]: "Max-Age=94608000;includesubdomains" }],
  ],
  fails: [
    ["no header", { [`https.${hsts}`]: gone }, [`https: ${hsts} must ${rule}, got nothing`]],
    [
      "a year",
      { [`https.${hsts}`]: "max-age=31536000; includeSubDomains" },
      [`https: ${hsts} must ${rule}, got "max-age=31536000; includeSubDomains"`],
    ],
    [
      "one name only",
      { [`https.${hsts}`]: "max-age=63072000" },
      [`https: ${hsts} must ${rule}, got "max-age=63072000"`],
    ],
  ],
  undecided: [
    [
      "a header that nobody knows yet",
      { [`https.${hsts}`]: unknown },
      [`https: undecided: ${hsts} of https is unknown until up`],
    ],
    [
      "a protocol that nobody knows yet",
      { "https.protocol": unknown },
      ["https: undecided: protocol of https is unknown until up"],
    ],
  ],
  notApplicable: [
    ["HTTP", { "https.protocol": "HTTP" }, "browsers heed the header over HTTPS only"],
  ],
});

casesFor("exp-alb-no-server-header [M2]", {
  base: alone,
  passes: [["no header", {}]],
  fails: [
    [
      "the header that AWS sends when nothing is said",
      { "https.routingHttpResponseServerEnabled": gone },
      ["https: routingHttpResponseServerEnabled must be false, got nothing"],
    ],
  ],
  undecided: [
    [
      "a setting that nobody knows yet",
      { "https.routingHttpResponseServerEnabled": unknown },
      ["https: undecided: routingHttpResponseServerEnabled of https is unknown until up"],
    ],
    [
      "a protocol that nobody knows yet",
      { "https.protocol": unknown },
      ["https: undecided: protocol of https is unknown until up"],
    ],
  ],
  notApplicable: [["HTTP", { "https.protocol": "HTTP" }, "the listener does not speak HTTPS"]],
});
