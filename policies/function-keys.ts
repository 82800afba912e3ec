import { is } from "./conditions";
import { mustNameKey } from "./keys";
import type { Finding, Resource, Stack } from "./model";
import { stackRule } from "./rule";
import { token } from "./tokens";

export const functionsEncrypted = stackRule({
  id: "kms-functions-encrypted",
  title: "Code and environment of functions are encrypted with keys that the account manages",
  severity: "medium",
  level: "mandatory",
  requirements: ["M1"],
  controls: ["ckv:CKV_AWS_173"],
  fix: "Set sourceKmsKeyArn, and kmsKeyArn where the function has environment variables. Let lambda.amazonaws.com call kms:Decrypt and kms:GenerateDataKey in the key's policy, for functions of the account by kms:EncryptionContext:aws:lambda:FunctionArn.",
  url: "https://docs.aws.amazon.com/lambda/latest/dg/encrypt-zip-package.html",
  types: [token.lambdaFunction],
  *checkStack(stack) {
    for (const lambda of stack.all(token.lambdaFunction)) {
      yield* sealedCode(lambda, stack);
      const variables = lambda.at("environment.variables");
      // Without variables there is nothing to encrypt, and Lambda keeps no key.
      if (variables.unknown || variables.values().length > 0) {
        yield* mustNameKey(lambda.at("kmsKeyArn"), stack);
      }
    }
  },
});

/** An image is under the key of its repository; Lambda takes none for it here. */
function sealedCode(lambda: Resource, stack: Stack): Finding[] {
  const [kind, key] = [lambda.at("packageType"), lambda.at("sourceKmsKeyArn")];
  if (is("Image").holds(kind.value)) return [];
  return kind.unknown && !key.present ? [kind.undecided()] : mustNameKey(key, stack);
}
