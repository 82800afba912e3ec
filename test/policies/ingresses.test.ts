import { gateway, ingress, listOf, object, service } from "../support/kubernetes-objects";
import { casesFor } from "../support/rule-cases";
import { gone, unknown } from "../support/rule-stack";

const ingressClass = (name: string) =>
  object("networking.k8s.io/v1:IngressClass", { controller: `acme.io/${name}` }, {}, { name });
const claimed = (what: string, ...names: string[]) =>
  names.map((name) => `${name}: ${name} must be the one ${what}, got ${names.join(", ")}`);
const nodePort = (name: string) => object("core/v1:Service", { type: "NodePort" }, {}, { name });
const noEntry = { web: object("core/v1:ConfigMap", {}) };
const notThere = "no resource of its types";

casesFor("exp-single-ingress-controller [C10] [C9]", {
  base: { alb: ingressClass("alb"), web: service({}) },
  passes: [
    ["one", {}],
    ["none", { alb: gone }],
    [
      "a patch of the same class",
      {
        patch: {
          ...ingressClass("alb"),
          type: "kubernetes:networking.k8s.io/v1:IngressClassPatch",
        },
      },
    ],
    ["one Service with node ports", { web: nodePort("web") }],
    ["one Service of which nobody knows yet", { web: service({ type: unknown }) }],
  ],
  fails: [
    ["two classes", { nginx: ingressClass("nginx") }, claimed("IngressClass", "alb", "nginx")],
    [
      "two classes in a list",
      {
        alb: listOf(
          "networking.k8s.io/v1:IngressClassList",
          ingressClass("alb"),
          ingressClass("nginx"),
        ),
      },
      ["alb: alb must be the one IngressClass, got alb, alb"],
    ],
    [
      "two Services with node ports",
      { api: nodePort("api"), web: nodePort("web") },
      claimed("Service of type NodePort", "api", "web"),
    ],
  ],
  undecided: [
    [
      "a second Service of which nobody knows yet",
      { api: nodePort("api"), "web.spec.type": unknown },
      ["web: undecided: spec.type of web is unknown until up"],
    ],
  ],
});

const host = "shop.acme.io";
const server = (hosts: unknown, port: Record<string, unknown> = {}) => ({
  port: { number: 443, name: "https", protocol: "HTTPS", ...port },
  hosts,
  tls: { mode: "SIMPLE", credentialName: "web" },
});
const other = "rules[0].host";

describe("with the domains of the cluster", () => {
  casesFor("exp-ingress-host-matches [S15]", {
    base: { web: ingress(host), entry: gateway("entry", server([host, "shop/api.acme.io"])) },
    config: { domains: ["acme.io", "acme.dev"] },
    passes: [
      ["names under a domain", {}],
      ["the domain itself", { web: ingress("acme.io") }],
      ["capitals", { web: ingress("Shop.ACME.io") }],
      ["the other domain", { web: ingress("shop.acme.dev") }],
      [
        "a patch of something else",
        { web: object("networking.k8s.io/v1:IngressPatch", { ingressClassName: "alb" }) },
      ],
    ],
    fails: [
      [
        "another domain",
        { web: ingress("shop.evilacme.io") },
        [
          `web: spec.${other} must be under acme.io or acme.dev, without a wildcard, got "shop.evilacme.io"`,
        ],
      ],
      [
        "a wildcard",
        { web: ingress("*.acme.io") },
        [
          `web: spec.${other} must be under acme.io or acme.dev, without a wildcard, got "*.acme.io"`,
        ],
      ],
      [
        "no host",
        { "web.spec.rules[0].host": gone },
        [`web: spec.${other} must be under acme.io or acme.dev, without a wildcard, got nothing`],
      ],
      [
        "no rules",
        { "web.spec.rules": gone, "web.spec.defaultBackend": { service: {} } },
        [
          "web: spec.defaultBackend must be left out, got a map",
          "web: spec.rules must name hosts, got nothing",
        ],
      ],
      [
        "an alias elsewhere",
        {
          "web.metadata.annotations": {
            "nginx.ingress.kubernetes.io/server-alias": "a.acme.io, b.other.io",
          },
        },
        [
          'web: metadata.annotations.nginx.ingress.kubernetes.io/server-alias must be under acme.io or acme.dev, without a wildcard, got "a.acme.io, b.other.io"',
        ],
      ],
      [
        "an old API version, in a list",
        {
          web: listOf("extensions/v1beta1:IngressList", ingress("shop.other.io")),
        },
        [
          `web: items[0].spec.${other} must be under acme.io or acme.dev, without a wildcard, got "shop.other.io"`,
        ],
      ],
      [
        "a gateway for everything",
        { entry: gateway("entry", server(["*"])) },
        [
          'entry: spec.servers[0].hosts[0] must be under acme.io or acme.dev, without a wildcard, got "*"',
        ],
      ],
      [
        "a gateway for everything in a namespace",
        { entry: gateway("entry", server(["shop/*"])) },
        [
          'entry: spec.servers[0].hosts[0] must be under acme.io or acme.dev, without a wildcard, got "shop/*"',
        ],
      ],
    ],
    undecided: [
      [
        "an unknown host",
        { "web.spec.rules[0].host": unknown },
        [`web: undecided: spec.${other} of web is unknown until up`],
      ],
      [
        "unknown hosts of a gateway",
        { entry: gateway("entry", server(unknown)) },
        ["entry: undecided: spec.servers[0].hosts of entry is unknown until up"],
      ],
      [
        "unknown rules",
        { "web.spec.rules": unknown },
        ["web: undecided: spec.rules of web is unknown until up"],
      ],
    ],
    notApplicable: [["neither", { entry: gone, ...noEntry }, notThere]],
  });
});

const domainless = `web: undecided: spec.${other} of web must be under a domain of the cluster, and domains names none`;

describe("without the domains of the cluster", () => {
  casesFor("exp-ingress-host-matches [S15]", {
    base: { web: ingress(host) },
    passes: [
      ["no Ingress that says anything", { web: object("networking.k8s.io/v1:IngressPatch", {}) }],
    ],
    fails: [
      [
        "a wildcard",
        { web: ingress("*.acme.io") },
        [`web: spec.${other} must be a name without a wildcard, got "*.acme.io"`],
      ],
    ],
    undecided: [["a name", {}, [domainless]]],
  });
});

const twice = (place: string, ...names: string[]) =>
  names.map((name) => `${name}: ${place} must be claimed once, got ${names.join(", ")}`);
const inBlog = (path?: string) => {
  const one = ingress(host, path, "blog");
  return { ...one, inputs: { ...one.inputs, metadata: { name: "blog", namespace: "blog" } } };
};

casesFor("exp-ingress-unique-host [S15]", {
  base: { web: ingress(host), entry: gateway("entry", server([host])) },
  passes: [
    ["one Ingress and the gateway before it", {}],
    ["other paths", { "web.spec.rules[0].http.paths[0].path": "/shop", blog: inBlog("/blog") }],
    ["other hosts", { blog: ingress("blog.acme.io", "/", "blog") }],
    [
      "a patch of the same",
      { patch: { ...ingress(host), type: "kubernetes:networking.k8s.io/v1:IngressPatch" } },
    ],
    [
      "a gateway of other pods",
      { second: gateway("second", server([host]), { selector: { istio: "b" } }) },
    ],
    ["a gateway on another port", { second: gateway("second", server([host], { number: 80 })) }],
    ["one Ingress with an unknown host", { entry: gone, "web.spec.rules[0].host": unknown }],
  ],
  fails: [
    ["two namespaces", { blog: inBlog() }, twice("shop.acme.io/", "blog", "web")],
    [
      "the same path written otherwise",
      { "web.spec.rules[0].http.paths[0].path": "/shop/", blog: inBlog("/shop") },
      twice("shop.acme.io/shop", "blog", "web"),
    ],
    [
      "an alias",
      {
        blog: ingress("blog.acme.io", "/", "blog"),
        "blog.metadata.annotations": { "nginx.ingress.kubernetes.io/server-alias": host },
      },
      twice("shop.acme.io/", "blog", "web"),
    ],
    [
      "gateways of the same pods",
      { second: gateway("second", server([`blog/${host}`])) },
      twice('shop.acme.io:443 {"istio":"entry"}', "entry", "second"),
    ],
  ],
  undecided: [
    [
      "a second Ingress with an unknown host",
      { blog: ingress(unknown, "/", "blog") },
      ["blog: undecided: spec.rules[0].host of blog is unknown until up"],
    ],
    [
      "a second Ingress with an unknown path",
      { blog: inBlog(unknown) },
      ["blog: undecided: spec.rules[0].http.paths[0].path of blog is unknown until up"],
    ],
  ],
});

const snippet = "metadata.annotations.nginx.ingress.kubernetes.io/configuration-snippet";

casesFor("exp-ingress-no-snippets [C10]", {
  base: { web: ingress(host) },
  passes: [
    ["none", {}],
    ["other annotations", { "web.metadata.annotations": { "acme.io/contact": "a@acme.io" } }],
  ],
  fails: [
    [
      "of the community's controller",
      {
        "web.metadata.annotations": {
          "nginx.ingress.kubernetes.io/configuration-snippet": "more_set_headers 'a: b';",
        },
      },
      [`web: ${snippet} must be left out, got a snippet`],
    ],
    [
      "of F5's controller",
      { "web.metadata.annotations": { "nginx.org/location-snippets": unknown } },
      ["web: metadata.annotations.nginx.org/location-snippets must be left out, got a snippet"],
    ],
  ],
  undecided: [
    [
      "unknown annotations",
      { "web.metadata.annotations": unknown },
      ["web: undecided: metadata.annotations of web is unknown until up"],
    ],
  ],
  notApplicable: [["no Ingress", noEntry, notThere]],
});

const alb = "alb.ingress.kubernetes.io/";
const forAlb = (annotations: Record<string, unknown>) => ({
  web: object(
    "networking.k8s.io/v1:Ingress",
    { ingressClassName: "alb", rules: [{ host }] },
    Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`${alb}${key}`, value])),
  ),
});
const certificate = { "certificate-arn": "arn:aws:acm:eu-west-1:111122223333:certificate/1" };

casesFor("exp-ingress-tls [M2] [C10]", {
  base: { web: ingress(host), entry: gateway("entry", server([host])) },
  passes: [
    ["a certificate for the host", {}],
    ["a certificate for its domain", { "web.spec.tls[0].hosts": ["*.acme.io"] }],
    ["a certificate for all", { "web.spec.tls[0].hosts": gone }],
    ["a load balancer with a certificate", forAlb(certificate)],
    ["a certificate that is unknown", forAlb({ "certificate-arn": unknown })],
    ["HTTPS only", forAlb({ ...certificate, "listen-ports": '[{"HTTPS": 443}]' })],
    [
      "HTTP that redirects",
      forAlb({ "listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]', "ssl-redirect": "443" }),
    ],
    [
      "a gateway that redirects",
      { entry: gateway("entry", { port: { protocol: "HTTP" }, tls: { httpsRedirect: true } }) },
    ],
    ["a patch of something else", { web: object("networking.k8s.io/v1:IngressPatch", {}) }],
  ],
  fails: [
    ["no TLS", { "web.spec.tls": gone }, ["web: spec.tls must be set, got nothing"]],
    ["no TLS either", { "web.spec.tls": [] }, ["web: spec.tls must be set, got []"]],
    [
      "TLS for another host",
      { "web.spec.tls[0].hosts": ["blog.acme.io"] },
      ['web: spec.rules[0].host must be one of the hosts of spec.tls, got "shop.acme.io"'],
    ],
    [
      "no redirect",
      { "web.metadata.annotations": { "nginx.ingress.kubernetes.io/ssl-redirect": "false" } },
      [
        'web: metadata.annotations.nginx.ingress.kubernetes.io/ssl-redirect must not be false, got "false"',
      ],
    ],
    [
      "a load balancer without a certificate",
      forAlb({}),
      [`web: metadata.annotations.${alb}certificate-arn must be set, got nothing`],
    ],
    [
      "HTTP beside HTTPS",
      forAlb({ ...certificate, "listen-ports": '[{"HTTP":80},{"HTTPS":443}]' }),
      [
        `web: metadata.annotations.${alb}listen-ports must name HTTPS only, or ${alb}ssl-redirect be set, got "[{\\"HTTP\\":80},{\\"HTTPS\\":443}]"`,
      ],
    ],
    [
      "ports that nobody can read",
      forAlb({ ...certificate, "listen-ports": "HTTPS" }),
      [
        `web: metadata.annotations.${alb}listen-ports must name HTTPS only, or ${alb}ssl-redirect be set, got "HTTPS"`,
      ],
    ],
    [
      "a gateway in the clear",
      { entry: gateway("entry", server([host], { protocol: "HTTP" })) },
      [
        'entry: spec.servers[0].port.protocol must be HTTPS or TLS, or the server redirect with tls.httpsRedirect, got "HTTP"',
      ],
    ],
  ],
  undecided: [
    [
      "unknown hosts of the certificate",
      { "web.spec.tls[0].hosts": unknown },
      ["web: undecided: spec.rules[0].host of web is unknown until up"],
    ],
    [
      "unknown annotations",
      { "web.metadata.annotations": unknown },
      ["web: undecided: metadata.annotations of web is unknown until up"],
    ],
    [
      "an unknown class",
      { "web.spec.ingressClassName": unknown },
      ["web: undecided: spec.ingressClassName of web is unknown until up"],
    ],
    [
      "unknown ports",
      forAlb({ "listen-ports": unknown }),
      [`web: undecided: metadata.annotations.${alb}listen-ports of web is unknown until up`],
    ],
    [
      "an unknown protocol",
      { entry: gateway("entry", server([host], { protocol: unknown })) },
      ["entry: undecided: spec.servers[0].port.protocol of entry is unknown until up"],
    ],
  ],
  notApplicable: [["neither", { entry: gone, ...noEntry }, notThere]],
});

const unknownClass = { "web.spec.ingressClassName": unknown };
const networks = `web: metadata.annotations.${alb}inbound-cidrs must name the networks that may come`;

describe("of a load balancer that an Ingress makes", () => {
  casesFor("exp-alb-inbound-cidrs [J17]", {
    base: forAlb({ "inbound-cidrs": "203.0.113.0/24, 2001:db8::/48" }),
    passes: [
      ["named networks", {}],
      ["groups of its own", forAlb({ "security-groups": unknown })],
      ["prefix lists", forAlb({ "security-group-prefix-lists": "pl-1" })],
      ["another controller", { web: ingress(host) }],
    ],
    fails: [
      ["the default", forAlb({}), [`${networks}, got nothing`]],
      ["the world", forAlb({ "inbound-cidrs": "0.0.0.0/0" }), [`${networks}, got "0.0.0.0/0"`]],
      [
        "the world in two halves",
        forAlb({ "inbound-cidrs": "0.0.0.0/1,128.0.0.0/1" }),
        [`${networks}, got "0.0.0.0/1,128.0.0.0/1"`],
      ],
      ["no network", forAlb({ "inbound-cidrs": "all" }), [`${networks}, got "all"`]],
    ],
    undecided: [
      [
        "unknown networks",
        forAlb({ "inbound-cidrs": unknown }),
        [`web: undecided: metadata.annotations.${alb}inbound-cidrs of web is unknown until up`],
      ],
      [
        "an unknown class",
        { web: ingress(host), ...unknownClass },
        ["web: undecided: spec.ingressClassName of web is unknown until up"],
      ],
    ],
  });
});
