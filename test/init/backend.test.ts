import { spawnSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { delimiter, join } from "node:path";
import { backendCommands } from "../../init/backend";
import { folderOf } from "../plan/files";

const backend = { stack: "dev", region: "eu-west-1", accountId: "111122223333" };
const bucket = "drawbridge-state-111122223333-eu-west-1";
const keyArn = "arn:aws:kms:eu-west-1:111122223333:key/1234";

/** What the commands call, by a shell, with programs that only write down their arguments. */
function calls(of = backend): string[][] {
  const record = `#!/bin/sh
{ printf '%s' "\${0##*/}"; for each in "$@"; do printf '\\t%s' "$each"; done; echo; } >> "$CALLS"
case "$2" in create-key) echo ${keyArn};; esac
`;
  const dir = folderOf({ aws: record, pulumi: record, calls: "" });
  for (const name of ["aws", "pulumi"]) chmodSync(join(dir, name), 0o755);
  const script = `set -eu\n${backendCommands(of).join("\n")}\ncat "$CALLS"\n`;
  const PATH = [dir, process.env["PATH"]].join(delimiter);
  const env = { PATH, CALLS: join(dir, "calls") };
  const { stdout, stderr, status } = spawnSync("sh", ["-c", script], { encoding: "utf8", env });
  expect([status, stderr]).toEqual([0, ""]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.split("\t"));
}

/** The value of a flag of the call of a command. */
function flag(all: string[][], command: string, name: string): string {
  const call = all.find((words) => words.includes(command)) ?? [];
  return call[call.indexOf(name) + 1] ?? "";
}

describe("backendCommands", () => {
  const all = calls();

  it("makes the key before the bucket, the bucket before the stack", () => {
    expect(all.map(([program, group, command]) => [program, group, command].join(" "))).toEqual([
      "aws kms create-key",
      "aws kms enable-key-rotation",
      "aws kms create-alias",
      "aws s3api create-bucket",
      "aws s3api put-public-access-block",
      "aws s3api put-bucket-versioning",
      "aws s3api put-bucket-encryption",
      "aws s3api put-bucket-policy",
      `pulumi login s3://${bucket}?region=eu-west-1`,
      "pulumi stack init",
    ]);
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
