import { isAbsent } from "./conditions";
import { isFluentd, runsFluentd, shippingOf } from "./fluentd";
import type { LogOutput } from "./fluentd";
import { kinds } from "./kubernetes";
import type { Field, Finding, Stack } from "./model";
import { stackRule } from "./rule";
import { show } from "./show";
import { domainTypes } from "./search-domains";
import type { Truth } from "./truth";
import { any } from "./truth";
import {
  containersOf,
  platformConfig,
  platformWorkload,
  podSpecsOf,
  workloadTypes,
} from "./workloads";
import type { PodSpec } from "./workloads";

export const fluentdEverywhere = stackRule<{ platform: boolean }>({
  id: "log-fluentd-daemonset",
  title: "Fluentd takes the logs of pods and nodes on every node of a cluster",
  severity: "high",
  level: "mandatory",
  requirements: ["S1"],
  controls: [],
  fix: "Add a DaemonSet of fluentd that mounts /var/log of the node and tolerates every taint.",
  url: "https://docs.fluentd.org/container-deployment/kubernetes",
  types: workloadTypes,
  config: platformConfig,
  *checkStack(stack, { platform }) {
    const agents = podSpecsOf(stack, kinds.daemonSet).filter(({ workload }) => !workload.isPatch);
    const certain = agents.filter((agent) => runsFluentd(agent));
    for (const agent of certain) yield* everywhere(agent);
    if (certain.length > 0) return;
    const open = agents.filter((agent) => runsFluentd(agent) === undefined);
    const without = platformWorkload(stack, platform);
    if (open.length > 0) {
      yield* open.map(({ workload: { resource } }) =>
        resource.undecided(`the images of ${resource.name} are unknown until up`),
      );
    } else if (without) {
      yield without.fail(`${without.name} must have a DaemonSet of fluentd beside it, got none`);
    }
  },
});

/** Where the kubelet keeps the logs of pods, and where the journal of a node is. */
const wanted = ["/var/log/pods", "/var/log/journal"];

function* everywhere({ spec }: PodSpec): Iterable<Finding> {
  const paths = mounted(spec);
  for (const path of wanted) {
    yield* spec
      .at("volumes")
      .judge(any(paths.map((field) => holds(field, path))), `give fluentd ${path} of the node`);
  }
  yield* spec.at("tolerations").judge(toleratesAll(spec), "tolerate every taint");
  yield* spec.at("nodeSelector").judge(selectsAll(spec), "leave no node out");
  yield* spec
    .at("affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution")
    .must(isAbsent);
}

/** Folders of the node that containers of fluentd mount. */
function mounted(spec: Field): Field[] {
  const mounts = containersOf(spec)
    .filter((container) => isFluentd(container) !== false)
    .flatMap((container) => container.at("volumeMounts").each());
  const names = mounts.map((mount) => mount.at("name"));
  return spec
    .at("volumes")
    .each()
    .filter(
      (volume) =>
        volume.unknown ||
        names.some(({ unknown, text }) => unknown || text === volume.at("name").text),
    )
    .map((volume) => volume.at("hostPath.path"));
}

function holds({ unknown, text }: Field, path: string): Truth {
  if (unknown) return undefined;
  const folder = text.replace(/\/+$/, "");
  return text !== "" && `${path}/`.startsWith(`${folder}/`);
}

function toleratesAll(spec: Field): Truth {
  return any(
    spec
      .at("tolerations")
      .each()
      .map((toleration) => {
        const parts = ["operator", "key", "effect"].map((key) => toleration.at(key));
        if (parts.some(({ unknown }) => unknown)) return undefined;
        return parts[0]?.text === "Exists" && !parts[1]?.present && !parts[2]?.present;
      }),
  );
}

function selectsAll(spec: Field): Truth {
  const selector = spec.at("nodeSelector");
  if (selector.unknown) return undefined;
  return selector.values().every(({ path }) => path.endsWith("kubernetes.io/os"));
}

/** Names of domains of OpenSearch Service inside a VPC: docs.aws.amazon.com/opensearch-service/latest/developerguide/vpc.html */
const insideVpc = /^vpc-[a-z0-9-]+\.[a-z0-9-]+\.es\.amazonaws\.com(\.cn)?$/;

export const fluentdToStore = stackRule<{ hosts: string[] }>({
  id: "log-to-elasticsearch-tls",
  title: "Logs go from fluentd to the log store, over TLS that it verifies",
  severity: "high",
  level: "mandatory",
  requirements: ["S1", "M2"],
  controls: [],
  fix: "Set scheme https and leave ssl_verify true in the output, or FLUENT_OPENSEARCH_SCHEME and _SSL_VERIFY; take the host from the domain's endpoint.",
  url: "https://docs.fluentd.org/output/opensearch",
  types: [...workloadTypes, ...kinds.configMap.types],
  config: {
    hosts: {
      type: "array",
      items: { type: "string" },
      default: [],
      description: "Names of the log store that the stack itself does not tell.",
    },
  },
  *checkStack(stack, { hosts }) {
    const { agents, outputs, unknown } = shippingOf(stack);
    for (const output of outputs) yield* safely(output, stack, hosts);
    if (agents.length === 0 || outputs.length > 0) return;
    if (unknown.length > 0) yield* unknown.map((field) => field.undecided());
    else {
      yield* agents.map(({ workload: { resource } }) =>
        resource.fail(
          `fluentd of ${resource.name} must have an output to OpenSearch or Elasticsearch, got none`,
        ),
      );
    }
  },
});

function safely(output: LogOutput, stack: Stack, hosts: readonly string[]): Finding[] {
  const { resource, shown, host, scheme, verify } = output;
  const checks: [truth: Truth, rule: string, field: Field][] = [
    [textIs(scheme, "https"), "use scheme https", scheme],
    [textIs(verify, "true"), "verify the certificate with ssl_verify", verify],
    [isStore(host, stack, hosts), "name the log store as host", host],
  ];
  return checks.flatMap(([truth, rule, field]) => {
    if (truth) return [];
    if (truth === undefined && field.unknown) return [field.undecided()];
    const message = `${shown} must ${rule}, got ${show(field.value)}`;
    return [truth === undefined ? resource.undecided(message) : resource.fail(message)];
  });
}

function textIs({ unknown, text }: Field, wantedText: string): Truth {
  return unknown ? undefined : text.toLowerCase() === wantedText;
}

/** Whether a host is the store: of a domain in the stack, or by name. */
function isStore(host: Field, stack: Stack, hosts: readonly string[]): Truth {
  const domains = stack.all(...domainTypes);
  if (host.unknown) return stack.refs(host, domainTypes).found.length > 0 || undefined;
  const name = host.text.replace(/^https:\/\//, "").replace(/:\d+$/, "");
  if (hosts.includes(name)) return true;
  if (domains.length === 0) return insideVpc.test(name);
  const names = domains.flatMap(({ outputs, inputs }) => [outputs["endpoint"], inputs["endpoint"]]);
  return names.includes(name) || (names.every((one) => one === undefined) ? undefined : false);
}
