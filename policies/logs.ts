import { isAtLeast } from "./conditions";
import { mustNameKey } from "./keys";
import { stackRule } from "./rule";
import { token } from "./tokens";

/** What PCI DSS 4.0 (10.5.1) wants at hand at once, in days. */
const atHandDays = 90;

export const logGroupEncrypted = stackRule({
  id: "log-group-encrypted",
  title:
    "Log groups are encrypted with a key that the account manages and kept for 90 days at least",
  severity: "medium",
  level: "mandatory",
  requirements: ["S1", "M1"],
  controls: ["ckv:CKV_AWS_158", "ckv:CKV_AWS_66", "avd:AWS-0017"],
  fix: "Set kmsKeyId and retentionInDays.",
  url: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
  types: [token.logGroup],
  *checkStack(stack) {
    for (const group of stack.all(token.logGroup)) {
      yield* mustNameKey(group.at("kmsKeyId"), stack);
      // 0 and nothing mean for ever: nobody decided when records go.
      yield* group.must("retentionInDays", isAtLeast(atHandDays, "days"));
    }
  },
});
