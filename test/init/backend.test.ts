import { spawnSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { delimiter, join } from "node:path";
import { backendCommands } from "../../init/backend";
import { folderOf } from "../plan/files";

const backend = { stack: "dev", region: "eu-west-1", accountId: "111122223333" };
const bucket = "drawbridge-state-111122223333-eu-west-1";
const keyArn = "arn:aws:kms:eu-west-1:111122223333:key/1234";

/** What programs answer instead of AWS, by command, in a shell. */
type Answers = Record<string, string>;

const fails = (error: string) => `echo 'An error occurred ${error}' >&2; exit 254`;
const inNewAccount: Answers = {
  "create-key": `echo ${keyArn}`,
  "describe-key": fails("(NotFoundException) when calling the DescribeKey operation: Alias"),
  "head-bucket": fails("(404) when calling the HeadBucket operation: Not Found"),
};
const existingKey = "arn:aws:kms:eu-west-1:111122223333:key/existing";
const inUsedAccount: Answers = {
  "describe-key": `echo ${existingKey}; echo "a warning of the CLI" >&2`,
  "head-bucket": "echo {}",
};

/** A folder of programs that answer instead of AWS and Pulumi, and what tells a shell of them. */
function answering(answers: Answers) {
  const cases = Object.entries(answers).map(([command, answer]) => `${command}) ${answer};;`);
  const record = `#!/bin/sh
{ printf '%s' "\${0##*/}"; for each in "$@"; do printf '\\t%s' "$each"; done; echo; } >> "$CALLS"
case "$2" in
${cases.join("\n")}
esac
`;
  const dir = folderOf({ aws: record, pulumi: record, calls: "" });
  for (const name of ["aws", "pulumi"]) chmodSync(join(dir, name), 0o755);
  const PATH = [dir, process.env["PATH"]].join(delimiter);
  return { PATH, CALLS: join(dir, "calls") };
}

/** What the commands call, by a shell, with programs that write down their arguments, and how they end. */
function run(answers: Answers, of = backend) {
  const script = `trap 'cat "$CALLS"' EXIT\n${backendCommands(of).join("\n")}\n`;
  const env = answering(answers);
  const { stdout, stderr, status } = spawnSync("sh", ["-c", script], { encoding: "utf8", env });
  const all = stdout
    .trim()
    .split("\n")
    .map((line) => line.split("\t"));
  return { all, stderr, status };
}

function calls(of = backend): string[][] {
  const { all, stderr, status } = run(inNewAccount, of);
  expect([status, stderr]).toEqual([0, ""]);
  return all;
}

const commandsOf = (all: string[][]) => all.map((words) => words.slice(0, 3).join(" "));

/** The value of a flag of the call of a command. */
function flag(all: string[][], command: string, name: string): string {
  const call = all.find((words) => words.includes(command)) ?? [];
  return call[call.indexOf(name) + 1] ?? "";
}

describe("backendCommands", () => {
  const all = calls();

  it("makes the key before the bucket, the bucket before the stack", () => {
    expect(commandsOf(all)).toEqual([
      "aws kms describe-key",
      "aws kms create-key",
      "aws kms create-alias",
      "aws kms enable-key-rotation",
      "aws s3api head-bucket",
      "aws s3api create-bucket",
      "aws s3api put-public-access-block",
      "aws s3api put-bucket-versioning",
      "aws s3api put-bucket-encryption",
      "aws s3api put-bucket-policy",
      `pulumi login s3://${bucket}?region=eu-west-1`,
      "pulumi stack init",
    ]);
  });

  it("uses the key and the bucket that are there, and protects both as if they were new", () => {
    const { all: again, status } = run(inUsedAccount);
    expect(status).toBe(0);
    const making = ["aws kms create-key", "aws kms create-alias", "aws s3api create-bucket"];
    expect(commandsOf(again)).toEqual([
      "aws kms describe-key",
      ...commandsOf(all).filter((one) => !making.includes(one)),
    ]);
    expect(flag(again, "enable-key-rotation", "--key-id")).toBe(existingKey);
    expect(
      flag(again, "put-bucket-encryption", "--server-side-encryption-configuration"),
    ).toContain(existingKey);
  });

  it.each([
    ["who may not see the key", "describe-key", "(AccessDeniedException) when calling DescribeKey"],
    ["whose bucket is somebody else's", "head-bucket", "(403) when calling HeadBucket: Forbidden"],
    ["who may not make a key", "create-key", "(AccessDeniedException) when calling CreateKey"],
    [
      "who may not set a policy",
      "put-bucket-policy",
      "(AccessDenied) when calling PutBucketPolicy",
    ],
  ])("stops for one %s", (_who, command, error) => {
    const { all: made, stderr, status } = run({ ...inNewAccount, [command]: fails(error) });
    expect(status).not.toBe(0);
    expect(stderr).toBe(`An error occurred ${error}\n`);
    expect(made.at(-1)?.[2]).toBe(command);
  });

  const refused: Answers = { ...inNewAccount, "create-key": fails("(AccessDeniedException)") };

  it.each([
    ["sh", "all is well", inNewAccount, 0],
    ["sh", "a fault", refused, 1],
    ["bash", "all is well", inNewAccount, 0],
    ["bash", "a fault", refused, 1],
  ])("leaves an interactive %s open and as it was after %s", (shell, _end, answers, status) => {
    // What is pasted at a prompt, and what the person types then.
    const input = `${backendCommands(backend).join("\n")}\necho "then $? $-"\n`;
    const env = { ...answering(answers), ENV: "", HISTFILE: "" };
    const prompt = (typed: string) =>
      spawnSync(shell, ["-i"], { encoding: "utf8", env, input: typed }).stdout.trim();
    const options = prompt("echo $-\n");
    expect(prompt(input).split("\n").at(-1)).toBe(`then ${status} ${options}`);
  });

  it("makes no stack while its place is not finished", () => {
    const { all: made } = run(refused);
    expect(commandsOf(made)).toEqual(["aws kms describe-key", "aws kms create-key"]);
  });

  it("makes a stack for who pastes the second part alone", () => {
    const [, second = ""] = backendCommands(backend).join("\n").split("\n\n");
    const { stdout, status } = spawnSync("sh", ["-c", `${second}\ncat "$CALLS"`], {
      encoding: "utf8",
      env: answering(inNewAccount),
    });
    expect([status, stdout.split("\n").map((call) => call.split("\t")[1])]).toEqual([
      0,
      ["login", "stack", undefined],
    ]);
  });

  it("has no comments, which zsh does not take at its prompt", () => {
    expect(backendCommands(backend).filter((line) => line.trim().startsWith("#"))).toEqual([]);
  });

  it("makes a bucket that is private and versioned, in the region and of the account", () => {
    expect(flag(all, "create-bucket", "--object-ownership")).toBe("BucketOwnerEnforced");
    expect(flag(all, "put-public-access-block", "--public-access-block-configuration")).toBe(
      "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true",
    );
    expect(flag(all, "put-bucket-versioning", "--versioning-configuration")).toBe("Status=Enabled");
    for (const call of all.filter(([, , command]) => command?.startsWith("put-"))) {
      expect(call.join(" ")).toContain(`--bucket ${bucket} --expected-bucket-owner 111122223333`);
    }
  });

  it("encrypts the bucket with the key, and rotates it", () => {
    const rules = flag(all, "put-bucket-encryption", "--server-side-encryption-configuration");
    expect(JSON.parse(rules)).toEqual({
      Rules: [
        {
          ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: keyArn },
          BucketKeyEnabled: true,
        },
      ],
    });
    expect(flag(all, "enable-key-rotation", "--key-id")).toBe(keyArn);
  });

  it("refuses calls without TLS 1.2", () => {
    const policy = JSON.parse(flag(all, "put-bucket-policy", "--policy")) as {
      Statement: Record<string, unknown>[];
    };
    const resources = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
    expect(
      policy.Statement.map(({ Effect, Principal, Action, Resource, Condition }) => [
        Effect,
        Principal,
        Action,
        Resource,
        Condition,
      ]),
    ).toEqual([
      ["Deny", "*", "s3:*", resources, { Bool: { "aws:SecureTransport": "false" } }],
      ["Deny", "*", "s3:*", resources, { NumericLessThan: { "s3:TlsVersion": "1.2" } }],
    ]);
  });

  it("gives the stack its secrets provider", () => {
    expect(flag(all, "init", "--secrets-provider")).toBe(
      "awskms://alias/drawbridge-state?region=eu-west-1",
    );
    expect(flag(all, "init", "init")).toBe("dev");
  });

  it("names no location in us-east-1, where S3 refuses one", () => {
    const east = calls({ ...backend, region: "us-east-1" });
    const created = (list: string[][]) =>
      list.find((words) => words.includes("create-bucket"))?.join(" ");
    expect(created(east)).not.toContain("LocationConstraint");
    expect(created(all)).toContain("LocationConstraint=eu-west-1");
  });
});
