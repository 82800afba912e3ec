/** A stack, as far as the place of its state depends on it. */
export interface Backend {
  stack: string;
  region: string;
  accountId: string;
}

const alias = "alias/drawbridge-state";

/** Bucket of the states: one for all stacks of an account and region. Names of buckets are the whole world's. */
function stateBucket({ accountId, region }: Backend): string {
  return `drawbridge-state-${accountId}-${region}`;
}

/** Refuses what is not encrypted on its way: repost.aws/knowledge-center/s3-enforce-modern-tls */
function tlsOnly(bucket: string): string {
  const resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
  const deny = (sid: string, condition: object) => ({
    Sid: sid,
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: resource,
    Condition: condition,
  });
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      deny("RefuseWithoutTls", { Bool: { "aws:SecureTransport": "false" } }),
      deny("RefuseOldTls", { NumericLessThan: { "s3:TlsVersion": "1.2" } }),
    ],
  });
}

function encryption(): string {
  // The shell puts the key in between the quotes.
  const rule = {
    ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: `'"$key"'` },
    BucketKeyEnabled: true,
  };
  return JSON.stringify({ Rules: [rule] }).replace(`'\\"$key\\"'`, `'"$key"'`);
}

/**
 * A part that stops at its first fault. It runs in a shell of its own, so that the shell of who pastes it stays open, and
 * as it was.
 */
function part(lines: readonly string[]): string[] {
  return ["(", "  set -eu", ...lines.map((line) => `  ${line}`), ")"];
}

/** What the next lines are for, as a command that does nothing: zsh takes no comments at its prompt. */
function say(what: string): string {
  return `: "${what}"`;
}

/** Lines that ask for something, make it where AWS says by an error of this kind that there is none, and stop at any other. */
function unlessThere(command: string, missing: string, make: readonly string[]): string[] {
  return [
    `fault=$(${command} 2>&1 >/dev/null) || case "$fault" in`,
    `  *'${missing}'*)`,
    ...make.map((line) => `    ${line}`),
    "    ;;",
    `  *) printf '%s\\n' "$fault" >&2; exit 1 ;;`,
    "esac",
  ];
}

/**
 * What a person pastes into a POSIX shell, or gives to one as a file, to have a place for the state: a key, a bucket, and a
 * stack that uses both. A second stack of an account, and who was interrupted, find what is there already.
 */
export function backendCommands(backend: Backend): string[] {
  const { stack, region, accountId } = backend;
  const bucket = stateBucket(backend);
  const kms = (command: string) => `aws kms ${command} --region ${region}`;
  // The account is named because somebody else may have a bucket of this name.
  const s3 = (command: string, ...rest: string[]) =>
    [
      `aws s3api ${command} --region ${region} --bucket ${bucket} --expected-bucket-owner ${accountId}`,
      ...rest,
    ].join(" ");
  const arn = "--query KeyMetadata.Arn --output text";
  const keyOfAlias = kms(`describe-key --key-id ${alias} ${arn}`);
  // us-east-1 must not be named: docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucketConfiguration.html
  const location =
    region === "us-east-1" ? "" : ` --create-bucket-configuration LocationConstraint=${region}`;
  return [
    ...part([
      say(`Once for account ${accountId} and region ${region}, with credentials of this account.`),
      say("A key of your own for the state and the secrets in it, with new material each year."),
      "key=",
      // docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html
      ...unlessThere(keyOfAlias, "(NotFoundException)", [
        `key=$(${kms(`create-key --description "State of Pulumi stacks" ${arn}`)})`,
        kms(`create-alias --alias-name ${alias} --target-key-id "$key"`),
      ]),
      `test -n "$key" || key=$(${keyOfAlias})`,
      kms('enable-key-rotation --key-id "$key"'),
      say("A bucket for the state that nobody else's permissions reach."),
      // docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html: there is no body, so the status is all that is told.
      ...unlessThere(s3("head-bucket"), "(404)", [
        `aws s3api create-bucket --region ${region} --bucket ${bucket} --object-ownership BucketOwnerEnforced${location}`,
      ]),
      s3(
        "put-public-access-block",
        "--public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true",
      ),
      say("Every state that ever was, so that a broken one can be taken back."),
      s3("put-bucket-versioning", "--versioning-configuration Status=Enabled"),
      say("Encrypted with the key where it lies, and with TLS 1.2 or later on its way."),
      s3("put-bucket-encryption", `--server-side-encryption-configuration '${encryption()}'`),
      s3("put-bucket-policy", `--policy '${tlsOnly(bucket)}'`),
    ]),
    "place=$?",
    "",
    ...part([
      say(
        `Once for stack ${stack}, with credentials of the deployer's role: its state in the bucket, its secrets under the key.`,
      ),
      // A place that is not finished is none. Whoever pastes this part alone has made it before.
      'test "${place:-0}" -eq 0',
      `pulumi login 's3://${bucket}?region=${region}'`,
      `pulumi stack init ${stack} --secrets-provider 'awskms://${alias}?region=${region}'`,
    ]),
  ];
}
