import { stackRule } from "./rule";
import { token } from "./tokens";

/** Inputs by which a role has its policies all by itself, and the resources that would give it more, by their role. */
const ways: [own: string, types: string[], path: string][] = [
  ["inlinePolicies", [token.rolePolicy], "role"],
  ["managedPolicyArns", [token.rolePolicyAttachment], "role"],
  ["managedPolicyArns", [token.policyAttachment], "roles"],
];

export const oneManager = stackRule({
  id: "iam-role-one-manager",
  title: "A role has its policies from its own inputs or from other resources, not from both",
  severity: "medium",
  level: "mandatory",
  requirements: ["S3", "M1"],
  controls: [],
  fix: "Leave inlinePolicies and managedPolicyArns out of the role: with them the provider takes away what others gave.",
  url: "https://www.pulumi.com/registry/packages/aws/api-docs/iam/role/",
  types: [token.role],
  *checkStack(stack) {
    for (const [own, types, path] of ways) {
      const alone = stack.all(token.role).filter((role) => role.at(own).present);
      if (alone.length === 0) continue;
      for (const role of alone) {
        for (const { name } of stack.users(role, types, path)) {
          yield role.at(own).fail(`be left out beside ${name}`);
        }
      }
      // Nobody knows whose they are.
      yield* stack.danglers(types, path, [token.role]).map((field) => field.undecided());
    }
  },
});
