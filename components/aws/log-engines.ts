/** The image by which fluentd writes to an engine, as the chart `fluent/fluentd` names it: `debian-<variant>-<variantVersion>`. */
interface FluentdImage {
  variant: string;
  variantVersion: string;
}

/**
 * The variant with fluent-plugin-opensearch (docker-image/v1.19/debian-opensearch/Gemfile of
 * fluent/fluentd-kubernetes-daemonset), which signs its requests with the pod's role.
 */
const opensearch: FluentdImage = { variant: "opensearch", variantVersion: "1.1" };

/**
 * The engines of the log store, newest first, each with the fluentd image that can write to it.
 *
 * Elasticsearch 7.10 is the last one that AWS runs. Its image is not the variant `elasticsearch7`: the client in there
 * (elasticsearch 7.17.11 in its Gemfile.lock) refuses AWS' distribution, and it signs nothing:
 * github.com/uken/fluent-plugin-elasticsearch/issues/952. The client of the variant `opensearch` takes Elasticsearch
 * from 6 to below 8 (verify_version_and_distribution in lib/opensearch.rb of opensearch-project/opensearch-ruby).
 *
 * OpenSearch 1.3 is the step from Elasticsearch to OpenSearch 2. The client's own tests run on it (1.3.3 in
 * .github/workflows/compatibility.yml), those of the plugin speak as to OpenSearch 1 (test/plugin/test_out_opensearch.rb).
 *
 * OpenSearch 3 is left out: nobody has published that the plugin writes to it, and it was not tried.
 */
export const fluentdImages = {
  "OpenSearch_2.19": opensearch,
  "OpenSearch_2.17": opensearch,
  "OpenSearch_1.3": opensearch,
  "Elasticsearch_7.10": opensearch,
} as const;

/** Version of the log store's engine, as AWS writes it. */
export type LogEngineVersion = keyof typeof fluentdImages;

export const logEngineVersions = Object.keys(fluentdImages) as [
  LogEngineVersion,
  ...LogEngineVersion[],
];

/**
 * To which of these AWS upgrades a store in place, newest first: "Supported upgrade paths" of
 * docs.aws.amazon.com/opensearch-service/latest/developerguide/version-migration.html
 */
const upgrades = {
  "OpenSearch_2.19": [],
  "OpenSearch_2.17": ["OpenSearch_2.19"],
  "OpenSearch_1.3": ["OpenSearch_2.19", "OpenSearch_2.17"],
  "Elasticsearch_7.10": ["OpenSearch_1.3"],
} satisfies Record<LogEngineVersion, LogEngineVersion[]>;

/** To which engines AWS upgrades a store in place, newest first. */
export function upgradesOf(engine: LogEngineVersion): readonly LogEngineVersion[] {
  return upgrades[engine];
}

/** What people must know of a change to which AWS does not upgrade; nothing of one to which it does. */
export function adviceOnChange(from: LogEngineVersion, to: LogEngineVersion): string | undefined {
  const ways = upgradesOf(from);
  if (from === to || ways.includes(to)) return undefined;
  const offered = ways.length === 0 ? "to nothing that is offered" : `to ${ways.join(" or ")}`;
  return `AWS upgrades a log store of ${from} ${offered}, not to ${to}: Pulumi would replace it, and every log in it would be gone (docs/operations.md, Upgrade the log store)`;
}
