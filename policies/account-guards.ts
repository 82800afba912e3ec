import type { Condition } from "./conditions";
import { is, isNot, isOneOf, isSet, known, numeric } from "./conditions";
import { mustNameKey } from "./keys";
import { resourceRule, stackRule } from "./rule";
import { token } from "./tokens";

export const defaultEncryption = stackRule({
  id: "ebs-default-encryption",
  title: "Volumes for which nobody asks are encrypted with a key that the account manages",
  severity: "medium",
  level: "mandatory",
  requirements: ["M1"],
  controls: ["ckv:CKV_AWS_106"],
  fix: "Leave enabled true, and add aws.ebs.DefaultKmsKey.",
  url: "https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html",
  types: [token.encryptionByDefault],
  *checkStack(stack) {
    for (const guard of stack.all(token.encryptionByDefault)) {
      yield* guard.must("enabled", isNot(false));
      const keys = stack.all(token.defaultKmsKey);
      if (keys.length === 0) {
        yield guard.fail(`${guard.name} must have aws.ebs.DefaultKmsKey beside it, got none`);
      }
      for (const key of keys) yield* mustNameKey(key.at("keyArn"), stack);
    }
  },
});

const blocked = is(true);

/** What each default of an account must be. */
const guards: Readonly<Record<string, Record<string, Condition>>> = {
  [token.accountPublicAccessBlock]: {
    blockPublicAcls: blocked,
    blockPublicPolicy: blocked,
    ignorePublicAcls: blocked,
    restrictPublicBuckets: blocked,
  },
  [token.snapshotBlockPublicAccess]: { state: is("block-all-sharing") },
  [token.imageBlockPublicAccess]: { state: is("block-new-sharing") },
  [token.instanceMetadataDefaults]: {
    httpTokens: isOneOf(["required"]),
    httpPutResponseHopLimit: known("be 1", (value) => numeric(value) === 1),
    instanceMetadataTags: isNot("enabled"),
  },
};

export const accountGuards = resourceRule({
  id: "aws-account-guards",
  title: "The defaults of an account make nothing public and ask for session tokens",
  severity: "high",
  level: "mandatory",
  requirements: ["M1"],
  controls: [],
  fix: "Block public access of buckets, snapshots and images whole; set httpTokens to required and httpPutResponseHopLimit to 1.",
  url: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-IMDS-new-instances.html",
  types: Object.keys(guards),
  *check(guard) {
    for (const [field, condition] of Object.entries(guards[guard.type] ?? {})) {
      yield* guard.must(field, condition);
    }
  },
});

const allGuards = [...Object.keys(guards), token.encryptionByDefault];

export const guardsTogether = stackRule({
  id: "aws-account-guards-whole",
  title: "A stack that sets defaults of its account sets all that keep things private",
  severity: "medium",
  level: "advisory",
  requirements: ["M1"],
  controls: [],
  fix: "Add what is missing of aws.s3.AccountPublicAccessBlock, aws.ebs.SnapshotBlockPublicAccess, aws.ec2.ImageBlockPublicAccess, aws.ec2.InstanceMetadataDefaults and aws.ebs.EncryptionByDefault.",
  url: "https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html",
  types: allGuards,
  *checkStack(stack) {
    const [first] = stack.all(...allGuards);
    const missing = allGuards.filter((type) => stack.all(type).length === 0);
    if (first && missing.length > 0) {
      yield first.fail(`${first.name} must have ${missing.join(", ")} beside it, got none`);
    }
  },
});

export const requiredTags = resourceRule<{ tags: string[] }>({
  id: "aws-required-tags",
  title: "The AWS provider tags every resource with who owns it, what it is part of and who pays",
  severity: "low",
  level: "mandatory",
  requirements: ["M1"],
  controls: [],
  fix: "Give the provider defaultTags with all of these keys.",
  url: "https://www.pulumi.com/registry/packages/aws/api-docs/provider/#default-tags",
  types: [token.awsProvider],
  config: {
    tags: {
      type: "array",
      items: { type: "string" },
      description: "Keys of the tags.",
      default: ["Owner", "Project", "Environment", "CostCenter"],
    },
  },
  // No rule can correct it: who owns a stack and who pays for it only the program knows.
  *check(provider, { tags }) {
    // Pulumi hands maps to providers as JSON texts.
    const given = provider.at("defaultTags").json().at("tags");
    for (const key of tags) yield* given.child(key).must(isSet);
  },
});
