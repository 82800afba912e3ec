import type { z } from "zod";
import { accessFields } from "./access";
import { auditSchema } from "./audit";
import { clusterFields } from "./cluster";
import { entrySchema } from "./entry";
import { logFields } from "./logs";
import { networkFields } from "./network";
import { nodeGroupsSchema } from "./node-groups";
import { registrySchema } from "./registry";
import { sshSchema } from "./ssh";
import { stackFields } from "./stack";
import { tagsSchema } from "./tags";
import { vaultSchema } from "./vault";
import { vpnSchema } from "./vpn";

/** Namespace of the project in a stack file. */
export const namespace = "drawbridge";

/** Every key of a stack file: its rule, its meaning and its default. */
export const fields = {
  region: stackFields.region,
  allowedAccountIds: stackFields.allowedAccountIds,
  environment: stackFields.environment,
  zones: networkFields.zones,
  cidr: networkFields.cidr,
  natMode: networkFields.natMode,
  accessMode: accessFields.accessMode,
  trustedCidrs: accessFields.trustedCidrs,
  entry: entrySchema,
  ssh: sshSchema,
  vpn: vpnSchema,
  kubernetesVersion: clusterFields.kubernetesVersion,
  deployerRoleArn: clusterFields.deployerRoleArn,
  accessEntries: clusterFields.accessEntries,
  nodeGroups: nodeGroupsSchema,
  logRetentionDays: logFields.logRetentionDays,
  audit: auditSchema,
  logStore: logFields.logStore,
  registry: registrySchema,
  vault: vaultSchema,
  deletionProtection: stackFields.deletionProtection,
  createServiceLinkedRoles: stackFields.createServiceLinkedRoles,
  tags: tagsSchema,
};

/** The values of a stack file, each of the form that its key asks for. */
export type Fields = z.output<z.ZodObject<typeof fields>>;
