import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import { resource } from "../support/rule-platform";
import type { Change, StackSpec } from "../support/rule-stack";
import { gone, ref, unknown } from "../support/rule-stack";

const encoded = (text: string) => Buffer.from(text).toString("base64");

const agent = (file: string) =>
  `#!/bin/sh
cat > agent.json <<'END'
{"logs":{"logs_collected":{"files":{"collect_list":[{"file_path":"${file}","log_group_name":"vault"}]}}}}
END
exec vault server -config=/etc/vault.d
`;

/** A secret with a call of the first boot. */
const calling = (path: string, body: object) =>
  JSON.stringify({ "first-boot.json": JSON.stringify({ calls: [[path, body]] }) });
const turningOn = (file_path: string, more = {}) =>
  calling("sys/audit/one", { type: "file", options: { file_path, ...more } });

const servers: StackSpec = {
  balancer: resource(token.loadBalancer, { loadBalancerType: "network", internal: true }),
  listener: resource(token.listener, {
    loadBalancerArn: ref("balancer", "arn"),
    port: 8200,
    protocol: "TCP",
    defaultActions: [{ type: "forward", targetGroupArn: ref("targets", "arn") }],
  }),
  targets: resource(token.targetGroup, {
    port: 8200,
    protocol: "TCP",
    healthCheck: { protocol: "HTTPS" },
  }),
  template: resource(token.launchTemplate, {
    userData: encoded(agent("/var/log/vault/audit.log")),
  }),
  files: resource(token.secretVersion, { secretString: turningOn("/var/log/vault/audit.log") }),
  service: resource(token.service, {
    metadata: {
      name: "vault",
      annotations: { "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal" },
    },
    spec: { type: "LoadBalancer", ports: [{ port: 443, targetPort: 8200 }] },
  }),
};

const byRule: Change = {
  "listener.defaultActions": [{ type: "fixed-response" }],
  rule: resource(token.listenerRule, {
    listenerArn: ref("listener", "arn"),
    actions: [
      { type: "forward", forward: { targetGroups: [{ arn: ref("targets", "arn"), weight: 1 }] } },
    ],
  }),
};

casesFor("vault-not-public [J7] [M2]", {
  base: servers,
  passes: [
    ["TCP that is passed on, inside", {}],
    ["TLS that is ended and begun anew", { "listener.protocol": "TLS", "targets.protocol": "TLS" }],
    ["a public way to something else", { "targets.port": 8443, "balancer.internal": false }],
    ["a service inside the cluster", { "service.spec.type": "ClusterIP", "service.metadata": {} }],
    [
      "another service outside",
      { "service.spec.ports": [{ port: 443 }], "service.metadata.annotations": {} },
    ],
    ["a secret that is unknown until up", { "files.secretString": unknown }],
    ["TLS that is left on", { "files.secretString": '{"listener":{"tls_disable":false}}' }],
  ],
  fails: [
    [
      "a public load balancer, as by default",
      { "balancer.internal": gone },
      ["balancer: internal must be true, got nothing"],
    ],
    [
      "a public load balancer, by a rule of its listener",
      { ...byRule, "balancer.internal": false },
      ["balancer: internal must be true, got false"],
    ],
    [
      "no TLS for clients",
      { "listener.protocol": "HTTP" },
      ['listener: protocol must be one of TCP, TLS, HTTPS, got "HTTP"'],
    ],
    [
      "no TLS to the servers",
      { "targets.protocol": "HTTP", "targets.healthCheck.protocol": gone },
      [
        'targets: protocol must be one of TCP, TLS, HTTPS, got "HTTP"',
        "targets: healthCheck.protocol must be HTTPS, got nothing",
      ],
    ],
    [
      "servers that answer without TLS",
      { "targets.healthCheck.protocol": "HTTP" },
      ['targets: healthCheck.protocol must be HTTPS, got "HTTP"'],
    ],
    [
      "TLS that is off in a file of a secret",
      {
        "files.secretString": JSON.stringify({
          "open.json": JSON.stringify({ listener: { tcp: { tls_disable: "true" } } }),
        }),
      },
      ["files: secretString must not have tls_disable"],
    ],
    [
      "TLS that is off in user data",
      {
        "template.userData": encoded(
          `${agent("/var/log/vault/audit.log")}\nlistener "tcp" { tls_disable = 1 }\n`,
        ),
      },
      ["template: userData must not have tls_disable"],
    ],
    [
      "a service that a load balancer makes public",
      { "service.metadata.annotations": {} },
      [
        "service: metadata.annotations.service.beta.kubernetes.io/aws-load-balancer-scheme must be internal, got nothing",
      ],
    ],
    [
      "a service on every node",
      { "service.spec.type": "NodePort" },
      ['service: spec.type must not be NodePort, got "NodePort"'],
    ],
  ],
  undecided: [
    [
      "a load balancer",
      { "balancer.internal": unknown },
      ["balancer: undecided: internal of balancer is unknown until up"],
    ],
    [
      "where a listener leads",
      { "listener.defaultActions": [{ type: "forward", targetGroupArn: unknown }] },
      ["listener: undecided: defaultActions[0].targetGroupArn of listener is unknown until up"],
    ],
    [
      "whose listener it is",
      { "listener.loadBalancerArn": unknown },
      ["listener: undecided: loadBalancerArn of listener is unknown until up"],
    ],
  ],
});

const noDevice = "userData, or a secret, must turn on an audit device of Vault";
const notHandedOn = "userData must hand an audit log of Vault to CloudWatch's agent";

const device = (options: unknown): Change => ({
  device: resource(token.vaultAudit, { type: "file", options }),
});

casesFor("pki-audit-enabled [J6]", {
  base: servers,
  passes: [
    ["servers whose agent takes the log", {}],
    [
      "a device of the stack",
      {
        ...device({ file_path: "/var/log/vault/audit.log" }),
        "template.userData": encoded("vault server"),
      },
    ],
    ["instances of something else", { "template.userData": encoded("dnf -y install httpd") }],
    [
      "a call of a server's own, while its secret is unknown",
      {
        "files.secretString": unknown,
        "template.userData": encoded(
          `${agent("/srv/vault.log")}vault audit enable file file_path=/srv/vault.log\n`,
        ),
      },
    ],
    ...[
      "vault audit enable -path=one file file_path=/srv/vault.log",
      "curl --request POST --data @one.json https://127.0.0.1:8200/v1/sys/audit/one # file_path=/srv/vault.log",
    ].map((call): [string, Change] => [
      `a device of any name by ${call}`,
      { files: gone, "template.userData": encoded(`${agent("/srv/vault.log")}${call}\n`) },
    ]),
    [
      "a device that writes no file",
      {
        files: gone,
        "template.userData": encoded(
          `${agent("/var/log/audit.log")}vault audit enable syslog tag=vault\n`,
        ),
      },
    ],
  ],
  fails: [
    [
      "servers whose log stays with them",
      { "template.userData": encoded("vault server -config=/etc/vault.d") },
      [`template: ${notHandedOn}`],
    ],
    [
      "a log of the name that nobody turns on",
      { "files.secretString": "{}" },
      [`template: ${noDevice}`],
    ],
    [
      "who may turn one on, and who reads of it",
      {
        "files.secretString": JSON.stringify({
          policy: 'path "sys/audit/*" { capabilities = ["update"] }',
          note: "vault read sys/audit/one",
        }),
      },
      [`template: ${noDevice}`],
    ],
    [
      "something else that is turned on",
      { "files.secretString": calling("sys/auth/aws", { type: "aws" }) },
      [`template: ${noDevice}`],
    ],
    [
      "another file than that of the device",
      { "files.secretString": turningOn("/var/log/vault/other.log") },
      [`template: ${notHandedOn}`],
    ],
    [
      "secrets in the log, by a call",
      { "files.secretString": turningOn("/var/log/vault/audit.log", { log_raw: "true" }) },
      ["files: secretString must not have log_raw"],
    ],
    [
      "an instance without a template, whose log stays with it",
      {
        template: gone,
        machine: resource(token.instance, {
          userData: encoded("vault server -config=/etc/vault.d"),
        }),
      },
      [`machine: ${notHandedOn}`],
    ],
    [
      "servers that tell other things alone",
      { "template.userData": encoded(agent("/var/log/vault/server.log")) },
      [`template: ${notHandedOn}`],
    ],
    [
      "secrets in the log",
      device({ file_path: "/var/log/vault/audit.log", log_raw: "true" }),
      ['device: options.log_raw must not be true, got "true"'],
    ],
  ],
  undecided: [
    [
      "how a device writes",
      device(unknown),
      ["device: undecided: options of device is unknown until up"],
    ],
    [
      "what a first boot turns on",
      { "files.secretString": unknown },
      ["files: undecided: secretString of files is unknown until up"],
    ],
    [
      "what an agent takes",
      { "template.userData": `exec vault server\n${unknown}` },
      ["template: undecided: userData of template is unknown until up"],
    ],
    [
      "what a machine runs",
      { "template.userData": unknown },
      ["template: undecided: userData of template is unknown until up"],
    ],
  ],
});

const subscribed: StackSpec = {
  ...servers,
  group: resource(token.logGroup, { name: "vault" }),
  store: resource(token.searchDomain, { domainName: "store" }),
  delivery: resource(token.deliveryStream, {
    destination: "opensearch",
    opensearchConfiguration: {
      domainArn: ref("store", "arn"),
      processingConfiguration: { enabled: true, processors: [{ type: "Lambda" }] },
    },
  }),
  filter: resource(token.logSubscriptionFilter, {
    logGroup: ref("group", "name"),
    destinationArn: ref("delivery", "arn"),
    filterPattern: "",
  }),
};
const audited = agent("/var/log/vault/audit.log");
/** The server as a machine of its own. */
const alone = (type: string, inputs: Record<string, unknown>): Change => ({
  template: gone,
  machine: resource(type, inputs),
});

casesFor("log-vault-central [J6] [S1]", {
  base: subscribed,
  passes: [
    ["a subscription", {}],
    ["a subscription by name", { "filter.logGroup": "vault" }],
    ["an instance without a template", alone(token.instance, { userData: audited })],
    ["instances of something else", { "template.userData": encoded("dnf -y install httpd") }],
  ],
  fails: [
    [
      "none",
      { filter: gone },
      ["template: template must have a subscription filter on vault, got none"],
    ],
    [
      "one of another group",
      { "filter.logGroup": "/elsewhere" },
      ["template: template must have a subscription filter on vault, got none"],
    ],
    [
      "one that takes something else",
      { "filter.filterPattern": "{ $.nothing = 1 }" },
      ['filter: filterPattern must be empty, so that everything goes on, got "{ $.nothing = 1 }"'],
    ],
    [
      "one to a function",
      { "filter.destinationArn": "arn:aws:lambda:eu-west-1:111122223333:function:x" },
      [
        'filter: destinationArn must lead to a log store by a delivery stream, got "arn:aws:lambda:eu-west-1:111122223333:function:x"',
      ],
    ],
    ...(
      [
        [token.instance, { userData: audited }],
        [token.instance, { userDataBase64: encoded(audited) }],
        [token.spotInstanceRequest, { userData: audited }],
        [token.launchConfiguration, { userDataBase64: encoded(audited) }],
      ] as const
    ).map(([type, inputs]): [string, Change, string[]] => [
      `none for ${Object.keys(inputs).join()} of ${type}`,
      { filter: gone, ...alone(type, inputs) },
      ["machine: machine must have a subscription filter on vault, got none"],
    ]),
    [
      "none, beside what nobody knows yet",
      { filter: gone, machine: resource(token.instance, { userData: unknown }) },
      [
        "machine: undecided: userData of machine is unknown until up",
        "template: template must have a subscription filter on vault, got none",
      ],
    ],
  ],
  undecided: [
    [
      "a subscription of something unknown",
      { "filter.logGroup": unknown },
      ["filter: undecided: logGroup of filter is unknown until up"],
    ],
    [
      "user data of a template",
      { "template.userData": unknown },
      ["template: undecided: userData of template is unknown until up"],
    ],
    [
      "user data of an instance",
      alone(token.instance, { userDataBase64: unknown }),
      ["machine: undecided: userDataBase64 of machine is unknown until up"],
    ],
    [
      "the group that an agent names",
      { "template.userData": audited.replace('"vault"', `"${unknown}"`) },
      ["template: undecided: userData of template is unknown until up"],
    ],
  ],
});
