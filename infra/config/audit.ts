import { z } from "zod";
import type { Fault } from "./faults";
import type { Fields } from "./fields";
import { oneOf, text } from "./forms";

/** What exists once in an account and region, so that one stack alone can have it. */
const accountWide = ["trail", "threatDetection", "accountGuards"] as const;

export const auditSchema = z
  .strictObject(
    {
      alarmEmails: z
        .array(
          text(
            /^[^\s@]+@[^\s@]+\.[^\s@.]+$/,
            "must be an e-mail address such as security@example.com",
          ),
          "must be a list of e-mail addresses",
        )
        .default([])
        .describe(
          "Who is told of what must never happen unseen, at least one for a stack that owns the trail or threatDetection; each address confirms once by a mail from AWS. A stack that owns neither tells of its Vault alone.",
        ),
      owns: z
        .array(oneOf(accountWide), "must be a list")
        .default([...accountWide])
        .describe(
          "What this stack has for its whole account and region: trail (CloudTrail and its alarms), threatDetection (GuardDuty, and who is told of its findings) and accountGuards (defaults of EBS, S3 and EC2). Default: all. Leave out what another stack or the organization has: AWS takes one detector for an account and region, and a second trail costs money.",
        ),
      runtimeAgent: z
        .boolean("must be true or false")
        .default(true)
        .describe(
          "Whether the stack puts GuardDuty's agent onto the nodes of its cluster. Say false where GuardDuty of the organization manages agents itself: one add-on cannot be made twice.",
        ),
      lockMode: oneOf(["GOVERNANCE", "COMPLIANCE"])
        .default("GOVERNANCE")
        .describe(
          "Who may delete audit records before logRetentionDays are over: GOVERNANCE (holders of s3:BypassGovernanceRetention, once deletionProtection is false) or COMPLIANCE (nobody; the bucket cannot be deleted until then either).",
        ),
      objectEvents: z
        .boolean("must be true or false")
        .default(true)
        .describe(
          "Whether the trail records every use of an object in the stack's bucket of snapshots.",
        ),
    },
    "must be a map with alarmEmails or owns",
  )
  .describe("Audit of the account: who is told, and what this stack has of it.");

/** What raises alarms, and an alarm that nobody hears is none. */
const raisesAlarms = ["trail", "threatDetection"] as const;

export function alarmsReachSomebody({ audit }: Partial<Fields>): Fault[] {
  if (!audit || audit.alarmEmails.length > 0) return [];
  const owned = raisesAlarms.filter((part) => audit.owns.includes(part));
  if (owned.length === 0) return [];
  const rule = `must have an address, because audit.owns has ${owned.join(" and ")}, of which alarms tell`;
  return [{ path: "audit.alarmEmails", rule, value: audit.alarmEmails }];
}

/** The program's own GuardDuty leaves agents to the program. */
export function nodesAreWatched({ audit }: Partial<Fields>): Fault[] {
  if (!audit || audit.runtimeAgent || !audit.owns.includes("threatDetection")) return [];
  const rule =
    "must be true, because audit.owns has threatDetection, which manages no agents by itself";
  return [{ path: "audit.runtimeAgent", rule, value: audit.runtimeAgent }];
}
