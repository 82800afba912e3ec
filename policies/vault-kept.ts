import { mustNameKey } from "./keys";
import { instances, templates } from "./launch-templates";
import type { Field, Finding, Resource, Stack } from "./model";
import { isForAnybody, statements } from "./policy-documents";
import { stackRule } from "./rule";
import { token } from "./tokens";
import { all, any } from "./truth";
import { userDataIn } from "./user-data";
import { isOfServer, sealKeys, settingsIn } from "./vault-user-data";

/** Of each of these an authority has one in force, and while it is rotated another one. */
const parts = [
  token.vaultRootCert,
  token.vaultIntermediateRequest,
  token.vaultSignedIntermediate,
  token.vaultSetSigned,
  token.vaultIssuer,
];

export const vaultKept = stackRule<{ sealAliases: string[] }>({
  id: "vault-kept",
  title:
    "Vault's data, seal, secrets and authorities are under keys of the account, and no slip deletes them",
  severity: "high",
  level: "mandatory",
  requirements: ["J5", "M1"],
  controls: [],
  fix: "Set the resource option protect, kmsKeyId of each secret, and deny kms:DisableKey, kms:ScheduleKeyDeletion, kms:DeleteAlias and kms:UpdateAlias to everybody in the policy of the seal's key.",
  url: "https://developer.hashicorp.com/vault/docs/concepts/seal#recovery-key",
  types: [
    token.volume,
    token.secret,
    token.secretVersion,
    token.keyAlias,
    token.vaultMount,
    ...instances,
    ...templates,
    ...parts,
  ],
  config: {
    sealAliases: {
      type: "array",
      items: { type: "string" },
      description:
        "Last parts of the aliases of keys without which data is lost for good, besides those that settings of Vault name as its seal.",
      default: ["vault-seal"],
    },
  },
  *checkStack(stack, { sealAliases }) {
    for (const mount of stack.all(token.vaultMount)) {
      if (mount.at("type").value === "pki") yield* kept(mount);
    }
    for (const type of parts) yield* keptInForce(stack, type);
    // A volume by itself holds what is to outlive its instance.
    for (const volume of stack.all(token.volume)) yield* kept(volume);
    for (const secret of stack.all(token.secret)) {
      yield* mustNameKey(secret.at("kmsKeyId"), stack);
      // What is deleted at once can be made again.
      if (secret.at("recoveryWindowInDays").value !== 0) yield* kept(secret);
    }
    yield* seals(stack, sealAliases);
  },
});

/** Keys that the settings of a server name as its seal, and those that are known as one. */
function* seals(stack: Stack, sealAliases: readonly string[]): Iterable<Finding> {
  const settings = settingsIn(stack);
  const told = settings.flatMap(sealKeys);
  const isTold = ({ inputs, outputs }: Resource) =>
    [inputs["name"], ...["id", "arn", "keyId"].map((id) => outputs[id])].some((one) =>
      told.includes(String(one)),
    );
  const aliases = stack.all(token.keyAlias).filter((alias) => {
    const name = alias.at("name").text.split("/").at(-1) ?? "";
    return sealAliases.includes(name) || isTold(alias);
  });
  const behind = aliases.flatMap((alias) => stack.refs(alias.at("targetKeyId"), [token.key]).found);
  const keys = new Set([...behind, ...stack.all(token.key).filter(isTold)]);
  for (const alias of aliases) yield* kept(alias);
  for (const key of keys) yield* sealKept(key);
  if (keys.size > 0 || !userDataIn(stack).some(isOfServer)) return;
  const names = stack.all(token.keyAlias).map((alias) => alias.at("name"));
  for (const field of [...settings, ...names]) if (field.unknown) yield field.undecided();
}

function* kept(resource: Resource): Iterable<Finding> {
  if (!resource.protect) {
    yield resource.fail(`${resource.name} must have the resource option protect, got none`);
  }
}

/** The next generation can be taken back and the former one goes; the one in force stays. */
function* keptInForce(stack: Stack, type: string): Iterable<Finding> {
  // What is signed is on the mount above.
  const placed = type === token.vaultSignedIntermediate ? token.vaultSetSigned : type;
  const places = new Set(stack.all(placed).map((one) => mountOf(stack, one)));
  const made = stack.all(type);
  const open = made.filter(({ protect }) => !protect);
  if (made.length - open.length < places.size) for (const one of open) yield* kept(one);
}

function mountOf(stack: Stack, resource: Resource): string {
  const backend = resource.at("backend");
  const [mount] = stack.refs(backend, [token.vaultMount]).found;
  return mount?.at("path").text ?? backend.text;
}

/** The last two take the key's name away, by which the seal finds it. */
const endings = ["kms:DisableKey", "kms:ScheduleKeyDeletion", "kms:DeleteAlias", "kms:UpdateAlias"];

function* sealKept(key: Resource): Iterable<Finding> {
  yield* kept(key);
  const policy = key.at("policy");
  for (const action of endings) {
    yield* policy.judge(
      any(statements(policy).map((statement) => denies(statement, action))),
      `deny ${action} to everybody`,
    );
  }
}

function denies(statement: Field, action: string) {
  if (statement.unknown) return undefined;
  const named = statement.at("Action").each();
  return all([
    statement.at("Effect").value === "Deny",
    !statement.at("Condition").present,
    isForAnybody(statement),
    any(named.map(({ unknown, value }) => (unknown ? undefined : value === action))),
  ]);
}
