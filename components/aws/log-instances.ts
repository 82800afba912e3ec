/**
 * The sizes of the log store's nodes by family, each with the largest gp3 volume that it takes, in GiB: "EBS volume size
 * quotas" of docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html
 *
 * All encrypt at rest, as fine-grained access control asks for, and Graviton takes Elasticsearch 7.9 and later:
 * docs.aws.amazon.com/opensearch-service/latest/developerguide/supported-instance-types.html
 *
 * A type that is not here is refused. It has no gp3 volumes, or nobody looked up which, as of `m5.24xlarge.search` and
 * `t3.large.search`, which the API lists and that page does not: AWS would say so only after the trail, the network and
 * the cluster are there. Not every region has all types.
 */
const largestVolumes = {
  t3: { small: 100, medium: 200 },
  c5: {
    large: 256,
    xlarge: 512,
    "2xlarge": 1024,
    "4xlarge": 1536,
    "9xlarge": 3584,
    "18xlarge": 7168,
  },
  c6g: {
    large: 256,
    xlarge: 512,
    "2xlarge": 1024,
    "4xlarge": 1536,
    "8xlarge": 3072,
    "12xlarge": 4608,
  },
  m5: { large: 1024, xlarge: 2048, "2xlarge": 3072, "4xlarge": 6144, "12xlarge": 18_432 },
  m6g: {
    large: 1024,
    xlarge: 2048,
    "2xlarge": 3072,
    "4xlarge": 6144,
    "8xlarge": 12_288,
    "12xlarge": 18_432,
  },
  m7g: {
    medium: 512,
    large: 768,
    xlarge: 2048,
    "2xlarge": 3072,
    "4xlarge": 6144,
    "8xlarge": 12_288,
    "12xlarge": 18_432,
    "16xlarge": 24_576,
  },
  r5: { large: 2048, xlarge: 3072, "2xlarge": 6144, "4xlarge": 12_288, "12xlarge": 24_576 },
  r6g: {
    large: 2048,
    xlarge: 3072,
    "2xlarge": 6144,
    "4xlarge": 12_288,
    "8xlarge": 16_384,
    "12xlarge": 24_576,
  },
  r7g: {
    medium: 768,
    large: 1536,
    xlarge: 3072,
    "2xlarge": 6144,
    "4xlarge": 12_288,
    "8xlarge": 16_384,
    "12xlarge": 24_576,
    "16xlarge": 36_864,
  },
} as const;

type Family = keyof typeof largestVolumes;

/** Instance type of a node of the log store, for example r7g.large.search. */
export type LogInstanceType = {
  [F in Family]: `${F}.${keyof (typeof largestVolumes)[F] & string}.search`;
}[Family];

const typesByFamily = new Map(
  Object.entries(largestVolumes).map(([family, sizes]) => [
    family,
    Object.keys(sizes).map((size) => `${family}.${size}.search` as LogInstanceType),
  ]),
);

export const logInstanceFamilies = [...typesByFamily.keys()];

export const logInstanceTypes = [...typesByFamily.values()].flat() as [
  LogInstanceType,
  ...LogInstanceType[],
];

/** The types of a family; none of one that is not offered. */
export function logInstanceTypesOf(family: string): LogInstanceType[] {
  return typesByFamily.get(family) ?? [];
}

/** The smallest volume that AWS gives a node of any of these types, in GiB: the same table. */
export const smallestVolumeGiB = 10;

/** The largest volume that a node of a type takes, in GiB. */
export function largestVolumeGiB(type: LogInstanceType): number {
  const [family = "", size = ""] = type.split(".");
  const sizes: Record<string, number> = largestVolumes[family as Family];
  return sizes[size] ?? smallestVolumeGiB;
}

/** Nodes for the data that a domain may have beside T3. */
const mostBesideT3 = 10;

/** Nodes in a zone that a log store may have: of three zones, below the 80 that AWS takes by default. */
export const mostInZone = 20;

export function isT3(type: LogInstanceType): boolean {
  return type.startsWith("t3.");
}

/**
 * The most nodes for the data that each of some zones takes. AWS takes T3 with ten of them at most, for the data ("Total
 * node limit by instance family" of the page of limits) as for dedicated masters
 * (awsdocs/amazon-opensearch-service-developer-guide, doc_source/limits.md).
 *
 * The row of C5, M5 and R5 says ten, too, for engines before OpenSearch 2.17, and beside it that 80 is the default: both
 * cannot hold, so that it is not taken for a limit.
 */
export function mostInstancesPerZone(types: LogInstanceType[], zones: number): number {
  return types.some(isT3) ? Math.floor(mostBesideT3 / zones) : mostInZone;
}

/**
 * The least performance that a gp3 volume of a size must have, which is what its price includes: OpenSearch Service asks
 * for more of large volumes than EBS does, and refuses an `up` that says less, or lets it wait until it times out.
 *
 * 3 IOPS for a GiB, 3000 at least, and 250 MiB/s: AWS' calculator, as quoted in
 * github.com/hashicorp/terraform-provider-aws/issues/39136. With 125 MiB/s it took 100 GiB (its own example in
 * docs.aws.amazon.com/opensearch-service/latest/developerguide/createupdatedomains.html) and 128 GiB
 * (github.com/ministryofjustice/cloud-platform-environments/pull/11233), and did not take 256 GiB
 * (github.com/terraform-aws-modules/terraform-aws-opensearch/issues/25); between these nobody has told, so that more than
 * 128 GiB get 250.
 */
export function volumePerformance(volumeGiB: number): { iops: number; throughput: number } {
  return { iops: Math.max(3000, 3 * volumeGiB), throughput: volumeGiB > 128 ? 250 : 125 };
}
