import { z } from "zod";
import { mostTags } from "../limits";
import type { PlacedFault } from "./faults";

/** Letters in both cases, for an editor: JSON schemas know no flags. */
const anyCase = (word: string) =>
  word.replaceAll(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
// What AWS and EKS keep to themselves, and what controllers in the cluster find subnets, groups and volumes by.
const reservedTags = String.raw`aws:|eks:|([^/]*\.)?(kubernetes\.io|k8s\.io|k8s\.aws|eksctl\.io)\/|karpenter\.sh\/`;
const ownTags = ["Name", "Project", "Environment", "Drawbridge"];
const requiredTags = ["Owner", "CostCenter"];
// What every service takes: docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
const tagKey = String.raw`[\w .:\/=+@-]{1,128}`;
const tagValue = String.raw`^[\w .:\/=+@-]{1,256}$`;
const tagsForEditors = {
  required: requiredTags,
  maxProperties: mostTags,
  propertyNames: {
    pattern: `^(?!${anyCase(reservedTags)})(?!(${anyCase(ownTags.join("|").toLowerCase())})$)${tagKey}$`,
  },
  additionalProperties: { type: "string", pattern: tagValue },
} as const;

function tagKeyFault(key: string, earlier: readonly string[]): string | undefined {
  if (!new RegExp(`^${tagKey}$`).test(key)) {
    return "must be a tag key of 1 to 128 letters, digits, spaces and _.:/=+-@";
  }
  if (new RegExp(`^(${reservedTags})`, "i").test(key)) {
    return "must not start with aws:, eks:, kubernetes.io/, k8s.io/, k8s.aws/, eksctl.io/ or karpenter.sh/: AWS and controllers act on these";
  }
  const isSame = (other: string) => other.toLowerCase() === key.toLowerCase();
  if (ownTags.some(isSame)) return "must not be set: the program sets it";
  // docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html: IAM does not tell them apart.
  const twin = earlier.find(isSame);
  return twin === undefined ? undefined : `must differ from ${twin} by more than case`;
}

function tagFaults(tags: Record<string, unknown>): PlacedFault[] {
  const keys = Object.keys(tags);
  const faults = keys.flatMap((key, i): PlacedFault[] => {
    const value = tags[key];
    const keyFault = tagKeyFault(key, keys.slice(0, i));
    if (keyFault !== undefined) return [{ path: [key], rule: keyFault, input: value }];
    if (typeof value === "string" && new RegExp(tagValue).test(value)) return [];
    return [
      {
        path: [key],
        rule: "must be a tag value of 1 to 256 letters, digits, spaces and _.:/=+-@",
        input: value,
      },
    ];
  });
  for (const key of requiredTags) {
    if (!Object.hasOwn(tags, key))
      faults.push({ path: [key], rule: "is required", input: undefined });
  }
  if (keys.length > mostTags) {
    faults.push({ path: [], rule: `must be at most ${mostTags} tags`, input: tags });
  }
  return faults;
}

export const tagsSchema = z
  // Every key and value is looked at, however many are wrong.
  .record(z.string(), z.unknown(), "must be a map of tags with Owner and CostCenter")
  .superRefine((tags, issues) => {
    for (const { path, rule, input } of tagFaults(tags)) {
      issues.addIssue({ code: "custom", path, message: rule, input });
    }
  })
  .transform((tags) => tags as Record<string, string>)
  .meta(tagsForEditors)
  .describe(
    `Tags of every resource, at most ${mostTags}: Owner and CostCenter at least; Project and Environment are added.`,
  );
