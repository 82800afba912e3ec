import { allowsService, canBeChanged, principalsExist, wellFormed } from "./policy-document";
import { trusts } from "./iam";
import { AwsError, numberAt, textAt, type Draft, type ResourceRow } from "./row";
import type { CloudResource, World } from "./world";

const keyType = "aws:kms/key:Key";

const keyArn = ({ scope, world }: Draft, id: string) =>
  `arn:aws:kms:${scope.region}:${world.accountId}:key/${id}`;

const logGroupArn = ({ inputs, scope, world }: Draft): string =>
  `arn:aws:logs:${scope.region}:${world.accountId}:log-group:${textAt(inputs, "name") ?? ""}`;

/** The key of an id or an ARN. */
export function keyNamed(world: World, value: string | undefined): CloudResource | undefined {
  return world.resources.find(
    ({ type, id, computed }) => type === keyType && (id === value || computed["arn"] === value),
  );
}

function uuid(digits: Draft["digits"]): string {
  const hex = digits(32, "key id");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}

function keyPolicyKeepsAnOwner({ inputs }: Draft): AwsError | undefined {
  if (inputs["policy"] === undefined || canBeChanged(inputs["policy"])) return undefined;
  return new AwsError(
    "MalformedPolicyDocumentException",
    "The new key policy will not allow you to update the key policy in the future.",
  );
}

/** CloudWatch Logs checks at once that it may use the key for the group. */
function logsMayUseTheKey(draft: Draft): AwsError | undefined {
  const { inputs, scope, world } = draft;
  const key = textAt(inputs, "kmsKeyId");
  if (key === undefined) return undefined;
  const allowed = allowsService(
    keyNamed(world, key)?.inputs["policy"],
    [`logs.${scope.region}.amazonaws.com`, "logs.amazonaws.com"],
    ["kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"],
    { "kms:EncryptionContext:aws:logs:arn": logGroupArn(draft) },
  );
  if (allowed) return undefined;
  return new AwsError(
    "AccessDeniedException",
    `The specified KMS key ${key} does not exist or is not allowed to be used with ${logGroupArn(draft)}`,
  );
}

// PutRetentionPolicy takes these and no other; 0 means never to expire.
const retentions = [
  0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
  3288, 3653,
];

function retentionIsOffered({ inputs }: Draft): AwsError | undefined {
  const days = numberAt(inputs, "retentionInDays") ?? 0;
  if (retentions.includes(days)) return undefined;
  return new AwsError(
    "InvalidParameterException",
    `retentionInDays ${days} is not one of ${retentions.join(", ")}`,
  );
}

function flowLogsMayWrite({ inputs, world }: Draft): AwsError | undefined {
  const role = textAt(inputs, "iamRoleArn");
  if (role === undefined || trusts(world, role, "vpc-flow-logs.amazonaws.com")) return undefined;
  return new AwsError(
    "InvalidParameter",
    `Access Denied for LogDestination: vpc-flow-logs.amazonaws.com cannot assume ${role}`,
  );
}

function documentIsJson({ inputs }: Draft): AwsError | undefined {
  const format = textAt(inputs, "documentFormat") ?? "JSON";
  if (format !== "JSON") return undefined;
  try {
    JSON.parse(textAt(inputs, "content") ?? "");
    return undefined;
  } catch {
    return new AwsError("InvalidDocumentContent", "JSON not well-formed.");
  }
}

function parameterIsWhole({ inputs }: Draft): AwsError | undefined {
  const name = textAt(inputs, "name") ?? "";
  if (!/^(\/[\w.-]+){1,15}$/.test(name) || /^\/?(aws|ssm)/i.test(name)) {
    return new AwsError(
      "ValidationException",
      `Parameter name '${name}' must be a path of at most 15 parts of a-zA-Z0-9_.- and must not begin with aws or ssm`,
    );
  }
  const value = textAt(inputs, "value") ?? textAt(inputs, "insecureValue") ?? "";
  const most = textAt(inputs, "tier") === "Advanced" ? 8192 : 4096;
  if (value !== "" && value.length <= most) return undefined;
  return new AwsError(
    "ValidationException",
    `the value of ${name} must have 1 to ${most} characters, got ${value.length}`,
  );
}

function documentNameIsFree({ inputs }: Draft): AwsError | undefined {
  const name = textAt(inputs, "name") ?? "";
  if (/^[\w.-]{3,128}$/.test(name) && !/^(aws|amazon|amzn)/i.test(name)) return undefined;
  return new AwsError(
    "ValidationException",
    `document name '${name}' must have 3 to 128 characters of a-zA-Z0-9_.- and must not begin with aws, amazon or amzn`,
  );
}

export const keyAndLogRows: Record<string, ResourceRow> = {
  [keyType]: {
    noun: "key",
    id: ({ digits }) => uuid(digits),
    tagged: true,
    required: [],
    references: [],
    identifiers: ({ id, computed }) => ({ key: [id, computed["arn"]] }),
    computed: (draft) => ({ arn: keyArn(draft, draft.id), keyId: draft.id }),
    rules: [
      wellFormed("policy", "MalformedPolicyDocumentException"),
      principalsExist("policy", "MalformedPolicyDocumentException"),
      keyPolicyKeepsAnOwner,
    ],
  },
  "aws:kms/alias:Alias": {
    noun: "alias",
    id: ({ inputs }) => textAt(inputs, "name") ?? "",
    name: "name",
    tagged: false,
    required: ["targetKeyId"],
    // KMS deletes the aliases of a key when the key itself is gone, after its waiting time.
    references: [{ path: "targetKeyId", to: "key", onDelete: "cascade" }],
    identifiers: ({ id, computed }) => ({ key: [id, computed["arn"]] }),
    computed: ({ inputs, scope, world }) => ({
      arn: `arn:aws:kms:${scope.region}:${world.accountId}:${textAt(inputs, "name") ?? ""}`,
      targetKeyArn: keyNamed(world, textAt(inputs, "targetKeyId"))?.computed["arn"] ?? "",
    }),
    moving: ["targetKeyArn"],
    claims: ({ inputs }) => {
      const name = textAt(inputs, "name") ?? "";
      const message = `An alias with the name ${name} already exists`;
      return [{ key: `alias ${name}`, refusal: new AwsError("AlreadyExistsException", message) }];
    },
    rules: [
      ({ inputs }) =>
        /^alias\/(?!aws\/)[\w/-]{1,250}$/.test(textAt(inputs, "name") ?? "")
          ? undefined
          : new AwsError(
              "InvalidAliasNameException",
              `'${textAt(inputs, "name") ?? ""}' must begin with alias/, and not with alias/aws/`,
            ),
    ],
  },
  "aws:cloudwatch/logGroup:LogGroup": {
    noun: "log group",
    id: ({ inputs }) => textAt(inputs, "name") ?? "",
    name: "name",
    tagged: true,
    required: [],
    references: [{ path: "kmsKeyId", to: "key", onDelete: "dangle" }],
    identifiers: ({ id, computed }) => ({
      logGroupName: [id],
      logGroupArn: [computed["arn"], `${String(computed["arn"])}:*`],
    }),
    computed: (draft) => ({ arn: logGroupArn(draft) }),
    claims: ({ inputs }) => {
      const name = textAt(inputs, "name") ?? "";
      const message = `The specified log group already exists: ${name}`;
      return [
        {
          key: `log group ${name}`,
          refusal: new AwsError("ResourceAlreadyExistsException", message),
        },
      ];
    },
    rules: [retentionIsOffered, logsMayUseTheKey],
  },
  "aws:ec2/flowLog:FlowLog": {
    noun: "flow log",
    id: ({ digits }) => `fl-0${digits(16)}`,
    tagged: true,
    required: [],
    references: [
      { path: "vpcId", to: "vpc", onDelete: "dangle" },
      { path: "subnetId", to: "subnet", onDelete: "dangle" },
      { path: "logDestination", to: "logGroupArn", onDelete: "dangle" },
      { path: "iamRoleArn", to: "roleArn", onDelete: "dangle" },
    ],
    computed: ({ id, scope, world }) => ({
      arn: `arn:aws:ec2:${scope.region}:${world.accountId}:vpc-flow-log/${id}`,
    }),
    claims: ({ inputs }) => {
      const parts = ["vpcId", "subnetId", "logDestination", "trafficType"];
      const key = parts.map((part) => textAt(inputs, part) ?? "").join(" ");
      const message = `There is an existing Flow Log with the same configuration and log destination: ${key}`;
      return [{ key: `flow log ${key}`, refusal: new AwsError("FlowLogAlreadyExists", message) }];
    },
    rules: [flowLogsMayWrite],
  },
  "aws:ssm/parameter:Parameter": {
    noun: "parameter",
    id: ({ inputs }) => textAt(inputs, "name") ?? "",
    name: "name",
    tagged: true,
    required: ["type"],
    references: [{ path: "keyId", to: "key", onDelete: "dangle" }],
    computed: ({ inputs, previous, scope, world }) => ({
      arn: `arn:aws:ssm:${scope.region}:${world.accountId}:parameter${textAt(inputs, "name") ?? ""}`,
      dataType: textAt(inputs, "dataType") ?? "text",
      tier: textAt(inputs, "tier") ?? "Standard",
      version: Number(previous?.computed["version"] ?? 0) + 1,
    }),
    moving: ["version"],
    claims: ({ inputs }) => {
      const name = textAt(inputs, "name") ?? "";
      const message = `The parameter already exists: ${name}`;
      return [
        { key: `parameter ${name}`, refusal: new AwsError("ParameterAlreadyExists", message) },
      ];
    },
    // An advanced parameter does not become a standard one again.
    replacedWhen: (olds, news) =>
      textAt(olds, "tier") === "Advanced" && textAt(news, "tier") === "Standard" ? ["tier"] : [],
    rules: [parameterIsWhole],
  },
  "aws:ssm/document:Document": {
    noun: "document",
    id: ({ inputs }) => textAt(inputs, "name") ?? "",
    name: "name",
    tagged: true,
    required: ["content", "documentType"],
    references: [],
    computed: ({ inputs, previous, scope, world }) => {
      const version = String(Number(previous?.computed["latestVersion"] ?? 0) + 1);
      return {
        arn: `arn:aws:ssm:${scope.region}:${world.accountId}:document/${textAt(inputs, "name") ?? ""}`,
        defaultVersion: version,
        latestVersion: version,
        status: "Active",
      };
    },
    moving: ["defaultVersion", "latestVersion"],
    claims: ({ inputs }) => {
      const name = textAt(inputs, "name") ?? "";
      const message = `Document with name ${name} already exists`;
      return [{ key: `document ${name}`, refusal: new AwsError("DocumentAlreadyExists", message) }];
    },
    rules: [documentIsJson, documentNameIsFree],
  },
};
