import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import { resource } from "../support/rule-platform";
import { gone, json, ref, unknown } from "../support/rule-stack";

const server = "arn:aws:iam::111122223333:role/vault-0";
const deployer = "arn:aws:iam::111122223333:role/deployer";
const policyWith = (...statements: object[]) =>
  json({ Version: "2012-10-17", Statement: statements });
const denied = (Action: string | string[], ...principals: string[]) => ({
  Effect: "Deny",
  Principal: { AWS: "*" },
  Action,
  Resource: "*",
  Condition: { ArnNotEquals: { "aws:PrincipalArn": principals } },
});

/** A secret whose policy has one statement, in the secret or beside it. */
const withPolicy = (statement: object) => ({
  files: resource(token.secret, { name: "p-vault-0", policy: policyWith(statement) }),
});
const besideIt = (statement: object) => ({
  "files.policy": gone,
  beside: resource(token.secretPolicy, {
    secretArn: ref("files", "arn"),
    policy: policyWith(statement),
  }),
});
const unnamed = (...actions: string[]) =>
  `files: policy must deny ${actions.join(", ")} to everybody but principals named by aws:PrincipalArn`;

const unknownPolicy: [string, Record<string, unknown>, string[]] = [
  "a policy that is unknown",
  { "files.policy": unknown },
  ["files: undecided: policy of files is unknown until up"],
];

const readers = denied("secretsmanager:GetSecretValue", server, deployer);
const changedReaders = (change: object) => ({
  "files.policy": policyWith({ ...readers, ...change }),
});
const unread = unnamed("secretsmanager:GetSecretValue");
const weakened = (title: string, change: object): [string, Record<string, unknown>, string[]] => [
  title,
  changedReaders(change),
  [`${unread}, got a map`],
];

casesFor("iam-secret-readers-named [J7] [M1]", {
  base: withPolicy(readers),
  passes: [
    ["a policy beside the secret", besideIt(readers)],
    ["all of Secrets Manager denied", changedReaders({ Action: ["secretsmanager:*"] })],
    ["a bare wildcard", changedReaders({ Principal: "*" })],
  ],
  fails: [
    ["a secret without a policy", { "files.policy": gone }, [`${unread}, got nothing`]],
    weakened("one that allows", { Effect: "Allow" }),
    weakened("one against somebody", { Principal: { AWS: server } }),
    weakened("one against another call", { Action: "secretsmanager:PutSecretValue" }),
    weakened("one about something else", { Resource: "arn:aws:secretsmanager:x" }),
    weakened("one that spares all roles", {
      Condition: { ArnNotLike: { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/*" } },
    }),
    weakened("one that meets the named", {
      Condition: { ArnEquals: { "aws:PrincipalArn": [server] } },
    }),
    weakened("one that another condition opens", {
      Condition: { ...readers.Condition, Bool: { "aws:SecureTransport": "false" } },
    }),
    weakened("one that spares nobody", { Condition: {} }),
  ],
  undecided: [unknownPolicy],
});

const changes = [
  "secretsmanager:PutSecretValue",
  "secretsmanager:UpdateSecret",
  "secretsmanager:UpdateSecretVersionStage",
  "secretsmanager:PutResourcePolicy",
  "secretsmanager:DeleteResourcePolicy",
  "secretsmanager:DeleteSecret",
];
const writers = denied(changes, deployer);
const changedWriters = (...statements: object[]) => ({
  "files.policy": policyWith(...statements),
});

casesFor("iam-secret-writers-named [J7] [M1]", {
  base: withPolicy(writers),
  passes: [
    ["a policy beside the secret", besideIt(writers)],
    [
      "several who may write values, and one who may change the policy",
      changedWriters(
        denied("secretsmanager:PutSecretValue", server, deployer),
        denied(changes.slice(1), deployer),
      ),
    ],
    [
      "patterns",
      changedWriters(
        denied(
          ["secretsmanager:Put*", "secretsmanager:update*", "secretsmanager:Delete*"],
          deployer,
        ),
      ),
    ],
  ],
  fails: [
    [
      "a secret without a policy",
      { "files.policy": gone },
      [`${unnamed(...changes)}, got nothing`],
    ],
    [
      "a policy about readers alone",
      changedWriters(readers),
      [`${unnamed(...changes)}, got a map`],
    ],
    [
      "an account that may write, whoever else may not read",
      changedWriters(readers, {
        Effect: "Allow",
        Principal: { AWS: "arn:aws:iam::444455556666:root" },
        Action: ["secretsmanager:PutSecretValue", "secretsmanager:DeleteSecret"],
        Resource: "*",
      }),
      [`${unnamed(...changes)}, got a map`],
    ],
    ...changes.map((action): [string, Record<string, unknown>, string[]] => [
      `everything but ${action}`,
      changedWriters(
        denied(
          changes.filter((one) => one !== action),
          deployer,
        ),
      ),
      [`${unnamed(action)}, got a map`],
    ]),
    [
      "values of every role",
      changedWriters(
        denied("secretsmanager:PutSecretValue", "arn:aws:iam::111122223333:role/*"),
        denied(changes.slice(1), deployer),
      ),
      [`${unnamed("secretsmanager:PutSecretValue")}, got a map`],
    ],
  ],
  undecided: [unknownPolicy],
});
