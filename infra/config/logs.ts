import { z } from "zod";
import { logEngineVersions } from "../../components/aws/log-engines";
import type { Fault } from "./faults";
import type { Fields } from "./fields";
import { accountOf, integer, oneOf, roleArn, text } from "./forms";

/**
 * Retention periods that CloudWatch Logs offers, in days (PutRetentionPolicy of its API reference). Shorter ones would be
 * refused by `log-control-plane-group-kept`, which wants a year.
 */
const retentionDays = [365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653] as const;

/**
 * Families that take gp3 volumes and encrypt at rest, as fine-grained access control asks for; Graviton takes
 * Elasticsearch 7.9 and later: docs.aws.amazon.com/opensearch-service/latest/developerguide/supported-instance-types.html
 */
const searchInstance = text(
  /^(t3|c5|c6g|m5|m6g|m7g|r5|r6g|r7g)\.[a-z0-9]+\.search$/,
  "must be an OpenSearch instance type of the families t3, c5, c6g, m5, m6g, m7g, r5, r6g, r7g such as r7g.large.search",
);

const logStore = z
  .strictObject(
    {
      engineVersion: oneOf(logEngineVersions)
        .default(logEngineVersions[0])
        .describe(
          "Engine of the log store: one that a fluentd image can write to. OpenSearch_1.3 is the step up from Elasticsearch.",
        ),
      instanceType: searchInstance
        .default("r7g.large.search")
        .describe("Instance type of the nodes that hold the data."),
      instancesPerZone: integer(1, 20)
        .default(1)
        .describe("Nodes in each of the first three zones, 1 to 20."),
      volumeGiB: integer(10, 1024)
        .default(100)
        .describe(
          "Size of each node's volume, in GiB, 10 to 1024. AWS has a lower limit for small instance types.",
        ),
      dedicatedMasterType: searchInstance
        .optional()
        .describe(
          "Instance type of three nodes that only keep the cluster together. Default: the data nodes do that too.",
        ),
      indexRetentionDays: integer(1, 3653)
        .default(90)
        .describe(
          "Days for which indices are kept, 1 to 3653; a change of it is for those that are there already, too.",
        ),
      readerRoleArns: z
        .array(roleArn, "must be a list of ARNs of IAM roles")
        .default([])
        .describe("IAM roles of the account that may search in logs."),
    },
    "must be a map with engineVersion, instanceType and more",
  )
  .prefault({});

/** How long logs are kept, and the store in which people search them. */
export const logFields = {
  logRetentionDays: z
    .literal(retentionDays, `must be one of ${retentionDays.join(", ")}`)
    .default(365)
    .describe(
      "Days for which logs are kept: a year at least, of the periods that CloudWatch Logs offers.",
    ),
  logStore: logStore.describe("The central log store: an OpenSearch domain."),
};

export function readersAreOfTheAccount({
  logStore: store,
  deployerRoleArn,
}: Partial<Fields>): Fault[] {
  if (deployerRoleArn === undefined) return [];
  const account = accountOf(deployerRoleArn);
  return (store?.readerRoleArns ?? []).flatMap((arn, i) =>
    accountOf(arn) === account
      ? []
      : [
          {
            path: `logStore.readerRoleArns[${i}]`,
            rule: `must be in the account of the stack, ${account}`,
            value: arn,
          },
        ],
  );
}
