import { isAbsent, known } from "./conditions";
import type { Stack } from "./model";
import { stackRule } from "./rule";
import { token } from "./tokens";

export const allowedAccounts = stackRule({
  id: "aws-allowed-accounts",
  title: "The AWS provider refuses every account but those that the program names",
  severity: "high",
  level: "mandatory",
  requirements: ["M1"],
  controls: [],
  fix: "Make an aws.Provider with allowedAccountIds, and give it to all resources.",
  url: "https://www.pulumi.com/registry/packages/aws/installation-configuration/",
  types: [token.awsProvider],
  *checkStack(stack) {
    const named = known(
      "name the accounts of the stack",
      (value) => Array.isArray(value) && value.length > 0,
    );
    for (const provider of stack.all(token.awsProvider)) {
      // Pulumi hands lists to providers as JSON texts.
      yield* provider.at("allowedAccountIds").json().must(named);
      for (const key of ["accessKey", "secretKey"]) {
        const secret = provider.at(key);
        // The finding must not repeat the key.
        if (secret.present) yield provider.fail(`${key} must ${isAbsent.rule}: use a role`);
      }
    }
  },
});

/** The accounts that the providers of the stack name; none while nobody knows them. */
export function accountsOf(stack: Stack): string[] {
  return stack
    .all(token.awsProvider)
    .flatMap((provider) => provider.at("allowedAccountIds").json().each())
    .filter(({ unknown }) => !unknown)
    .map(({ text }) => text);
}
