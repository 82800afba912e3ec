import { kinds, objectsOf } from "./kubernetes";
import { Field, isRecord } from "./model";
import type { Resource, Stack } from "./model";
import type { Truth } from "./truth";
import { any } from "./truth";
import { sentinels } from "./unknown";
import { containersOf, podSpecsOf } from "./workloads";
import type { PodSpec } from "./workloads";

/** Where fluentd sends logs, by its configuration or by the environment that its images read. */
export interface LogOutput {
  resource: Resource;
  /** How a message names it. */
  shown: string;
  host: Field;
  scheme: Field;
  verify: Field;
}

/** Whether the image of a container is one of fluentd. */
export function isFluentd(container: Field): Truth {
  const image = container.at("image");
  return image.unknown ? undefined : /fluentd[^/]*$/.test(image.text);
}

export function runsFluentd({ spec }: PodSpec): Truth {
  return any(containersOf(spec).map(isFluentd));
}

/** The values of the environment of a container; one that comes from elsewhere is as good as unknown. */
function environmentOf(container: Field): Map<string, Field> {
  const entries = container.at("env").each();
  return new Map(
    entries.map((entry) => {
      const { resource, path } = entry.at("value");
      const elsewhere = entry.at("valueFrom").present;
      return [
        entry.at("name").text,
        elsewhere ? new Field(resource, path, sentinels[2]) : entry.at("value"),
      ];
    }),
  );
}

/** github.com/fluent/fluentd-kubernetes-daemonset: what its images for each kind of store read. */
const stores = ["OPENSEARCH", "ELASTICSEARCH"];

function outputsOfContainer(container: Field): LogOutput[] {
  const environment = environmentOf(container);
  const { resource } = container;
  return stores.flatMap((store): LogOutput[] => {
    const prefix = `FLUENT_${store}_`;
    const host = environment.get(`${prefix}HOST`);
    if (!host) return [];
    const value = (name: string, fallback: string) =>
      environment.get(`${prefix}${name}`) ?? new Field(resource, `${prefix}${name}`, fallback);
    return [
      {
        resource,
        shown: `fluentd of ${resource.name}`,
        host,
        scheme: value("SCHEME", "http"),
        verify: value("SSL_VERIFY", "true"),
      },
    ];
  });
}

/** A section of a configuration: docs.fluentd.org/configuration/config-file */
interface Section {
  name: string;
  parameters: Map<string, string>;
}

function sectionsOf(text: string): Section[] {
  const sections: Section[] = [];
  const open: Section[] = [];
  for (const line of text.split("\n").map((one) => one.trim())) {
    const [, name] = /^<(\w+)[^/]*>$/.exec(line) ?? [];
    const [, key, value = ""] = /^(@?\w+)\s+(.*)$/.exec(line) ?? [];
    if (name !== undefined) {
      const section = { name, parameters: new Map<string, string>() };
      sections.push(section);
      open.push(section);
    } else if (/^<\/\w+>$/.test(line)) open.pop();
    else if (key !== undefined)
      open.at(-1)?.parameters.set(key, value.replaceAll(/^["']|["']$/g, ""));
  }
  return sections;
}

/** fluent-plugin-opensearch and fluent-plugin-elasticsearch, with their variants for data streams. */
const storePlugin = /^(opensearch|elasticsearch)/;

const fromEnvironment = /#\{ENV\[['"](\w+)['"]\](?:\s*\|\|\s*['"]?([^'"}]*)['"]?)?\}/;

function outputsOfText(data: Field, environment: ReadonlyMap<string, Field>): LogOutput[] {
  const { resource, path } = data;
  const outputs = sectionsOf(data.text).filter(
    ({ name, parameters }) =>
      ["match", "store", "secondary"].includes(name) &&
      storePlugin.test(parameters.get("@type") ?? ""),
  );
  return outputs.map(({ parameters }) => {
    const value = (key: string, fallback: string) => {
      const text = parameters.get(key) ?? fallback;
      const [, name = "", otherwise] = fromEnvironment.exec(text) ?? [];
      if (name === "") return new Field(resource, path, text);
      return environment.get(name) ?? new Field(resource, path, otherwise ?? sentinels[2]);
    };
    return {
      resource,
      shown: `the output in ${path} of ${resource.name}`,
      // What is in hosts takes the place of host.
      host: value(parameters.has("hosts") ? "hosts" : "host", "localhost"),
      scheme: value("scheme", parameters.get("hosts")?.startsWith("https:") ? "https" : "http"),
      verify: value("ssl_verify", "true"),
    };
  });
}

/** What a stack shows of where its fluentd sends logs. */
export interface Shipping {
  /** What runs fluentd. */
  agents: PodSpec[];
  outputs: LogOutput[];
  /** What may hold an output, or be one of fluentd. */
  unknown: Field[];
}

export function shippingOf(stack: Stack): Shipping {
  const pods = podSpecsOf(stack);
  const agents = pods.filter((pod) => runsFluentd(pod));
  const containers = agents.flatMap(({ spec }) => containersOf(spec)).filter(isFluentd);
  const environment = new Map(containers.flatMap((container) => [...environmentOf(container)]));
  const data = objectsOf(stack, kinds.configMap).map((map) => map.at("data"));
  const texts = data.flatMap((field) => (isRecord(field.value) ? field.values() : [field]));
  return {
    agents,
    outputs: [
      ...containers.flatMap(outputsOfContainer),
      ...texts.flatMap((text) => outputsOfText(text, environment)),
    ],
    unknown: [
      ...texts,
      ...containers.flatMap((one) => [one.at("env"), ...one.at("envFrom").each()]),
    ].filter(({ unknown }) => unknown),
  };
}
