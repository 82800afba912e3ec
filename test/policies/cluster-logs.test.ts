import { token } from "../../policies/tokens";
import { object, workload } from "../support/kubernetes-objects";
import { casesFor } from "../support/rule-cases";
import { platform, resource } from "../support/rule-platform";
import { gone, json, ref, unknown } from "../support/rule-stack";

const image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/fluent/fluentd-kubernetes-daemonset:v1";
const endpoint = "vpc-dev-abc123.eu-west-1.es.amazonaws.com";
const env = (values: Record<string, unknown>) =>
  Object.entries(values).map(([name, value]) => ({ name, value }));
const toStore = {
  FLUENT_OPENSEARCH_HOST: endpoint,
  FLUENT_OPENSEARCH_SCHEME: "https",
};
const fluentd = (container: Record<string, unknown> = {}, pod: Record<string, unknown> = {}) =>
  workload(
    "apps/v1:DaemonSet",
    {
      image,
      env: env(toStore),
      volumeMounts: [{ name: "logs", mountPath: "/var/log" }],
      ...container,
    },
    {
      tolerations: [{ operator: "Exists" }],
      volumes: [{ name: "logs", hostPath: { path: "/var/log" } }],
      ...pod,
    },
  );
const app = workload("apps/v1:Deployment", { image: "app:1" });
const spec = "spec.template.spec";
const misses = (path: string, got: string) =>
  `agent: ${spec}.volumes must give fluentd ${path} of the node, got ${got}`;

casesFor("log-fluentd-daemonset [S1]", {
  base: { app, agent: fluentd(), cluster: resource(token.cluster, { name: "dev" }) },
  passes: [
    ["on every node", {}],
    [
      "none beside an application, whose cluster another stack makes",
      { agent: gone, cluster: gone },
    ],
    [
      "on nodes of Linux",
      { agent: fluentd({}, { nodeSelector: { "kubernetes.io/os": "linux" } }) },
    ],
    [
      "with folders of their own",
      {
        agent: fluentd(
          { volumeMounts: [{ name: "pods" }, { name: "journal" }] },
          {
            volumes: [
              { name: "pods", hostPath: { path: "/var/log/pods/" } },
              { name: "journal", hostPath: { path: "/var/log/journal" } },
            ],
          },
        ),
      },
    ],
  ],
  fails: [
    ["none", { agent: gone }, ["app: app must have a DaemonSet of fluentd beside it, got none"]],
    [
      "another agent",
      { agent: fluentd({ image: "acme/fluentd-exporters/agent:1" }) },
      ["app: app must have a DaemonSet of fluentd beside it, got none"],
    ],
    [
      "a Deployment of it",
      { agent: workload("apps/v1:Deployment", { image }) },
      ["agent: agent must have a DaemonSet of fluentd beside it, got none"],
    ],
    [
      "pods only",
      { agent: fluentd({}, { volumes: [{ name: "logs", hostPath: { path: "/var/log/pods" } }] }) },
      [misses("/var/log/journal", "[a map]")],
    ],
    [
      "a volume that it does not mount",
      { agent: fluentd({ volumeMounts: [] }) },
      [misses("/var/log/pods", "[a map]"), misses("/var/log/journal", "[a map]")],
    ],
    [
      "a taint",
      { agent: fluentd({}, { tolerations: [{ operator: "Exists", effect: "NoSchedule" }] }) },
      [`agent: ${spec}.tolerations must tolerate every taint, got [a map]`],
    ],
    [
      "some nodes",
      { agent: fluentd({}, { nodeSelector: { pool: "a" } }) },
      [`agent: ${spec}.nodeSelector must leave no node out, got a map`],
    ],
  ],
  undecided: [
    [
      "a DaemonSet of an unknown image",
      { agent: fluentd({ image: unknown }) },
      ["agent: undecided: the images of agent are unknown until up"],
    ],
    [
      "unknown tolerations",
      { agent: fluentd({}, { tolerations: unknown }) },
      [`agent: undecided: ${spec}.tolerations of agent is unknown until up`],
    ],
    [
      "an unknown folder",
      { agent: fluentd({}, { volumes: [{ name: "logs", hostPath: { path: unknown } }] }) },
      [`agent: undecided: ${spec}.volumes of agent is unknown until up`],
    ],
  ],
});

const conf = (...lines: string[]) =>
  ["<match **>", "  @type opensearch", ...lines, "</match>"].join("\n");
const configured = (text: unknown) => ({
  type: "kubernetes:core/v1:ConfigMap",
  inputs: { metadata: { name: "fluentd" }, data: { "fluent.conf": text } },
});
const byFile = (text: unknown, values: Record<string, unknown> = {}) => ({
  agent: fluentd({ env: env(values) }),
  conf: configured(text),
});
const inConf = "conf: the output in data.fluent.conf of conf";
const good = conf(`host ${endpoint}`, "scheme https");
const fromEnv = conf(
  "host \"#{ENV['STORE']}\"",
  "scheme \"#{ENV['STORE_SCHEME'] || 'https'}\"",
  "ssl_verify true",
);
const store = platform["store"];
if (!store) throw new Error("the platform must have a store");

casesFor("log-to-elasticsearch-tls [S1] [M2]", {
  base: { app, agent: fluentd() },
  passes: [
    ["by the environment", {}],
    ["by a file", byFile(good)],
    ["by a file that reads the environment", byFile(fromEnv, { STORE: endpoint })],
    ["hosts with their scheme", byFile(conf(`hosts https://${endpoint}:443`))],
    ["no fluentd", { agent: gone }],
    [
      "the domain of the stack",
      {
        store: { ...store, inputs: { domainName: "dev" } },
        agent: fluentd({
          env: env({ ...toStore, FLUENT_OPENSEARCH_HOST: ref("store", "endpoint") }),
        }),
      },
    ],
  ],
  fails: [
    [
      "no scheme",
      { agent: fluentd({ env: env({ FLUENT_OPENSEARCH_HOST: endpoint }) }) },
      ['agent: fluentd of agent must use scheme https, got "http"'],
    ],
    [
      "no verification",
      { agent: fluentd({ env: env({ ...toStore, FLUENT_OPENSEARCH_SSL_VERIFY: "false" }) }) },
      ['agent: fluentd of agent must verify the certificate with ssl_verify, got "false"'],
    ],
    [
      "another host",
      { agent: fluentd({ env: env({ ...toStore, FLUENT_OPENSEARCH_HOST: "logs.acme.io" }) }) },
      ['agent: fluentd of agent must name the log store as host, got "logs.acme.io"'],
    ],
    [
      "in the clear, by a file",
      byFile(conf(`host ${endpoint}`)),
      [`${inConf} must use scheme https, got "http"`],
    ],
    [
      "no verification, by a file",
      byFile(conf(`host ${endpoint}`, "scheme https", "ssl_verify false")),
      [`${inConf} must verify the certificate with ssl_verify, got "false"`],
    ],
    [
      "no output",
      byFile("<match **>\n  @type stdout\n</match>"),
      ["agent: fluentd of agent must have an output to OpenSearch or Elasticsearch, got none"],
    ],
  ],
  undecided: [
    [
      "an unknown file",
      byFile(unknown),
      ["conf: undecided: data.fluent.conf of conf is unknown until up"],
    ],
    [
      "an unknown host of no domain",
      { agent: fluentd({ env: env({ ...toStore, FLUENT_OPENSEARCH_HOST: unknown }) }) },
      [`agent: undecided: ${spec}.containers[0].env[0].value of agent is unknown until up`],
    ],
    [
      "a host that the environment does not tell",
      byFile(fromEnv),
      ["conf: undecided: data.fluent.conf of conf is unknown until up"],
    ],
    [
      "a host while the domain's is unknown",
      { store: { ...store, inputs: { domainName: "dev" } } },
      [`agent: undecided: fluentd of agent must name the log store as host, got "${endpoint}"`],
    ],
  ],
});

const policy = (text: string) => ({
  states: [
    { transitions: [{ conditions: { min_index_age: text } }] },
    { actions: [{ delete: {} }] },
  ],
});
const call = (input: unknown, triggers: Record<string, unknown> = {}) =>
  resource(token.lambdaInvocation, { functionName: "setup", input, triggers });

casesFor("log-retention-policy [S1]", {
  base: {
    store: { ...store, inputs: { domainName: "dev" } },
    setup: call(json({ endpoint: ref("store", "endpoint"), retention: policy("90d") }), {
      retention: JSON.stringify(policy("90d")),
    }),
  },
  passes: [
    ["what a function is called with", {}],
    ["a ConfigMap", { setup: gone, conf: configured(JSON.stringify(policy("30d"))) }],
  ],
  fails: [
    ["none", { setup: gone }, ["store: store must have a policy of retention beside it, got none"]],
    [
      "another call",
      { setup: call("{}") },
      ["store: store must have a policy of retention beside it, got none"],
    ],
  ],
  undecided: [
    [
      "an unknown input",
      { setup: call(unknown) },
      ["setup: undecided: input of setup is unknown until up"],
    ],
  ],
  notApplicable: [
    [
      "no log store",
      { store: gone, setup: object("core/v1:ConfigMap", {}) },
      `the stack has no ${token.searchDomain}, ${token.searchDomainElasticsearch}`,
    ],
  ],
});
