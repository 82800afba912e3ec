import type { EncryptionKeyArgs } from "../../../components/aws/encryption-key";
import {
  EncryptionKey,
  autoScalingGrants,
  functionsGrant,
  logsGrant,
} from "../../../components/aws/encryption-key";
import { created, ofType } from "../../support/created";

const base = { description: "Log groups", accountId: "111122223333" };
const key = (more: Partial<EncryptionKeyArgs> = {}) =>
  created(() => new EncryptionKey("logs", { ...base, ...more }));
const administration = {
  Effect: "Allow",
  Sid: "AccountAdministersByIam",
  Principal: { AWS: "arn:aws:iam::111122223333:root" },
  Action: "kms:*",
  Resource: "*",
};
const statementsOf = async (more: Partial<EncryptionKeyArgs>) => {
  const { logs } = ofType(await key(more), "aws:kms/key:Key");
  return (JSON.parse(logs?.["policy"] as string) as { Statement: unknown[] }).Statement;
};

describe("EncryptionKey", () => {
  it("creates a key that rotates, and the alias people find it by", async () => {
    const resources = await key();
    expect(ofType(resources, "aws:kms/key:Key")).toEqual({
      logs: {
        description: "Log groups",
        enableKeyRotation: true,
        rotationPeriodInDays: 365,
        deletionWindowInDays: 30,
        policy: JSON.stringify({ Version: "2012-10-17", Statement: [administration] }),
      },
    });
    expect(ofType(resources, "aws:kms/alias:Alias")["logs-alias"]?.["name"]).toBe(
      "alias/drawbridge/dev/logs",
    );
  });

  it("limits Lambda to the account's functions", async () => {
    expect(await statementsOf({ grants: [functionsGrant("eu-west-1", "111122223333")] })).toEqual([
      administration,
      {
        Effect: "Allow",
        Sid: "LambdaEncryptsFunctions",
        Principal: { Service: "lambda.amazonaws.com" },
        Action: ["kms:Decrypt", "kms:GenerateDataKey"],
        Resource: "*",
        Condition: {
          StringLike: {
            "kms:EncryptionContext:aws:lambda:FunctionArn":
              "arn:aws:lambda:eu-west-1:111122223333:function:*",
          },
        },
      },
    ]);
  });

  it("limits CloudWatch Logs to the account's log groups", async () => {
    expect(await statementsOf({ grants: [logsGrant("eu-west-1", "111122223333")] })).toEqual([
      administration,
      {
        Effect: "Allow",
        Sid: "CloudWatchLogsEncryptsLogGroups",
        Principal: { Service: "logs.eu-west-1.amazonaws.com" },
        Action: [
          "kms:Encrypt",
          "kms:Decrypt",
          "kms:ReEncrypt*",
          "kms:GenerateDataKey*",
          "kms:Describe*",
        ],
        Resource: "*",
        Condition: {
          ArnLike: {
            "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-west-1:111122223333:log-group:*",
          },
        },
      },
    ]);
  });

  it("lets Auto Scaling attach volumes, and pass the right to AWS only", async () => {
    const [, use, grant] = (await statementsOf({ grants: autoScalingGrants("111122223333") })) as {
      Action: unknown;
      Condition?: unknown;
    }[];
    expect(use?.Action).not.toContain("kms:CreateGrant");
    expect(grant?.Action).toBe("kms:CreateGrant");
    expect(grant?.Condition).toEqual({ Bool: { "kms:GrantIsForAWSResource": "true" } });
  });

  it.each([
    ["rotationPeriodDays", 89, "rotationPeriodDays must be an integer from 90 to 2560, got 89"],
    ["deletionWindowDays", 31, "deletionWindowDays must be an integer from 7 to 30, got 31"],
    ["deletionWindowDays", 7.5, "deletionWindowDays must be an integer from 7 to 30, got 7.5"],
  ])("fails when %s is %d", (field, value, message) => {
    expect(() => new EncryptionKey("logs", { ...base, [field]: value })).toThrow(message);
  });
});
