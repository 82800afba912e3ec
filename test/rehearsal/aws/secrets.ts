import { AwsError, numberAt, textAt, type Draft, type ResourceRow } from "./row";

/** docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html */
const mostBytes = 65_536;

function fits({ inputs }: Draft): AwsError | undefined {
  const bytes = Buffer.byteLength(textAt(inputs, "secretString") ?? "");
  if (bytes >= 1 && bytes <= mostBytes) return undefined;
  return new AwsError(
    "ValidationException",
    `Value at 'secretString' must have 1 to ${mostBytes} bytes, got ${bytes}`,
  );
}

function recoveryIsOffered({ inputs }: Draft): AwsError | undefined {
  const days = numberAt(inputs, "recoveryWindowInDays") ?? 30;
  if (days === 0 || (days >= 7 && days <= 30)) return undefined;
  return new AwsError(
    "InvalidParameterException",
    `RecoveryWindowInDays must be 7 to 30, or 0 for none, got ${days}`,
  );
}

const nameOf = ({ inputs, digits }: Draft): string =>
  textAt(inputs, "name") ?? `${textAt(inputs, "namePrefix") ?? ""}${digits(26, "name")}`;

export const secretRows: Record<string, ResourceRow> = {
  "aws:secretsmanager/secret:Secret": {
    noun: "secret",
    id: (draft) => {
      const { scope, world, digits } = draft;
      return `arn:aws:secretsmanager:${scope.region}:${world.accountId}:secret:${nameOf(draft)}-${digits(6)}`;
    },
    tagged: true,
    required: [],
    references: [{ path: "kmsKeyId", to: "key", onDelete: "dangle" }],
    identifiers: ({ id }) => ({ secret: [id] }),
    computed: (draft) => ({ arn: draft.id, name: nameOf(draft) }),
    claims: (draft) => {
      const name = textAt(draft.inputs, "name");
      if (name === undefined) return [];
      const message = `The operation failed because the secret ${name} already exists.`;
      return [{ key: `secret ${name}`, refusal: new AwsError("ResourceExistsException", message) }];
    },
    rules: [recoveryIsOffered],
  },
  "aws:secretsmanager/secretVersion:SecretVersion": {
    noun: "version of a secret",
    id: ({ inputs, digits }) => `${textAt(inputs, "secretId") ?? ""}|terraform-${digits(26)}`,
    tagged: false,
    required: ["secretId"],
    references: [{ path: "secretId", to: "secret", onDelete: "cascade" }],
    computed: ({ id, inputs }) => ({
      arn: textAt(inputs, "secretId") ?? "",
      versionId: id.split("|")[1] ?? "",
      versionStages: ["AWSCURRENT"],
    }),
    rules: [fits],
  },
};
