import type { Result } from "../../../plan/report/result";
import type { PlannedResource, Verdict } from "../../../plan/schema";
import type { Rule } from "../../../plan/verdicts";

const base = "urn:pulumi:dev::demo::";
const stackUrn = `${base}pulumi:pulumi:Stack::demo-dev`;
const storeUrn = `${base}demo:index:Store::store`;
export const bucketUrn = `${base}demo:index:Store$aws:s3/bucket:Bucket::logs`;
export const topicUrn = `${base}aws:sns/topic:Topic::news`;

function resource(urn: string, type: string, name: string, parent?: string): PlannedResource {
  return {
    urn,
    type,
    name,
    custom: type.startsWith("aws:"),
    inputs: {},
    ...(parent !== undefined && { parent }),
    dependencies: [],
    propertyDependencies: {},
    options: {},
  };
}

function rule(name: string, more: Partial<Rule> = {}): Rule {
  return {
    name,
    description: `Title of ${name}`,
    scope: "resource",
    level: "mandatory",
    severity: "high",
    tags: ["S1", "CIS-2.1"],
    fix: `Fix of ${name}`,
    url: `https://example.com/${name}`,
    ...more,
  };
}

function verdict(name: string, urn: string, more: Partial<Verdict>): Verdict {
  return { rule: name, urn, verdict: "pass", severity: "high", level: "mandatory", ...more };
}

const mandatory = verdict("encrypted", bucketUrn, {
  verdict: "fail",
  message: 'must be "kms", got <none>\nsecond line',
});
const advisory = verdict("tagged", topicUrn, {
  verdict: "fail",
  severity: "low",
  level: "advisory",
  message: "owner is missing",
});
const undecided = verdict("encrypted", topicUrn, {
  verdict: "undecided",
  message: "kmsMasterKeyId of news is unknown until up",
});

/** One finding of each kind. */
export const result: Result = {
  project: "demo",
  stack: "dev",
  resources: [
    resource(topicUrn, "aws:sns/topic:Topic", "news", stackUrn),
    resource(bucketUrn, "aws:s3/bucket:Bucket", "logs", storeUrn),
    resource(storeUrn, "demo:index:Store", "store", stackUrn),
    resource(stackUrn, "pulumi:pulumi:Stack", "demo-dev"),
  ],
  judgement: {
    pack: { name: "demo-pack", version: "1.2.3" },
    rules: [
      rule("absent", { tags: [], fix: "", url: "" }),
      rule("encrypted"),
      rule("private", { severity: "critical" }),
      rule("tagged", { level: "advisory", severity: "low" }),
    ],
    verdicts: [
      verdict("absent", stackUrn, { verdict: "notApplicable", message: "there is no queue" }),
      mandatory,
      undecided,
      verdict("private", bucketUrn, { severity: "critical" }),
      advisory,
    ],
    notes: [
      { section: "Exposure", rule: "private", urn: bucketUrn, message: "HTTPS 443" },
      { section: "Exposure", rule: "private", urn: bucketUrn, message: "HTTPS 8443" },
      { section: "Exposure", rule: "private", urn: stackUrn, message: "nothing else" },
    ],
    remediated: [{ rule: "tagged", urn: bucketUrn }],
  },
  existing: false,
  warnings: ["zones will be required"],
  places: new Map([[topicUrn, { file: "manifests/news topic.yaml", line: 7 }]]),
  place: { file: "Pulumi.dev.yaml", line: 1 },
};
