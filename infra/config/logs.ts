import { z } from "zod";
import { logEngineVersions } from "../../components/aws/log-engines";
import {
  isT3,
  largestVolumeGiB,
  logInstanceFamilies,
  logInstanceTypes,
  logInstanceTypesOf,
  mostInZone,
  mostInstancesPerZone,
  smallestVolumeGiB,
} from "../../components/aws/log-instances";
import type { Fault } from "./faults";
import type { Fields } from "./fields";
import { accountOf, integer, oneOf, roleArn } from "./forms";

/**
 * Retention periods that CloudWatch Logs offers, in days (PutRetentionPolicy of its API reference). Shorter ones would be
 * refused by `log-control-plane-group-kept`, which wants a year.
 */
const retentionDays = [365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653] as const;

const searchInstance = z.enum(logInstanceTypes, { error: ({ input }) => instanceRule(input) });

/** The families, or the types of the one that is named. */
function instanceRule(got: unknown): string {
  const types = typeof got === "string" ? logInstanceTypesOf(got.split(".")[0] ?? "") : [];
  if (types.length > 0) return `must be one of ${types.join(", ")}`;
  return `must be an OpenSearch instance type of the families ${logInstanceFamilies.join(", ")} such as r7g.large.search`;
}

/** Zones of the log store: OpenSearch spreads over three at most, and a stack has three at least. */
const zones = 3;
const mostGiB = 1024;

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
      instancesPerZone: integer(1, mostInZone)
        .default(1)
        .describe("Nodes in each of the first three zones, 1 to 20; beside T3, 1 to 3."),
      volumeGiB: integer(smallestVolumeGiB, mostGiB)
        .default(100)
        .describe(
          "Size of each node's volume, in GiB, 10 to 1024; small instance types take less: t3.small 100, t3.medium 200.",
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

export function volumesFitTheInstances({ logStore: store }: Partial<Fields>): Fault[] {
  if (store === undefined) return [];
  const { instanceType, volumeGiB } = store;
  const most = largestVolumeGiB(instanceType);
  if (volumeGiB <= most) return [];
  const rule = `must be an integer from ${smallestVolumeGiB} to ${most} with ${instanceType}`;
  return [{ path: "logStore.volumeGiB", rule, value: volumeGiB }];
}

export function nodesAreFewBesideT3({ logStore: store }: Partial<Fields>): Fault[] {
  if (store === undefined) return [];
  const { instanceType, dedicatedMasterType, instancesPerZone } = store;
  const types = dedicatedMasterType ? [instanceType, dedicatedMasterType] : [instanceType];
  const most = mostInstancesPerZone(types, zones);
  if (instancesPerZone <= most) return [];
  const rule = `must be an integer from 1 to ${most} with ${types.filter(isT3).join(" and ")}: AWS takes T3, for data or as dedicated masters, with 10 nodes for data at most`;
  return [{ path: "logStore.instancesPerZone", rule, value: instancesPerZone }];
}
