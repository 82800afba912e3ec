type Row = [what: string, condition: Record<string, unknown>];

const account = "111122223333";
const bucket = { "aws:SourceArn": "arn:aws:s3:::uploads" };

/** Conditions by which a service acts for one account, or for what is in it. */
export const namedSources: readonly Row[] = [
  ["a source with an account", { ArnLike: { "aws:SourceArn": `arn:aws:sns:*:${account}:alarms` } }],
  ["a bucket of the account", { ArnLike: bucket, StringEquals: { "aws:SourceAccount": account } }],
];

/** Conditions that somebody meets in an account of theirs. */
export const openSources: readonly Row[] = [
  ["a bucket that may be anybody's", { ArnLike: bucket }],
  ["a source of any account", { ArnLike: { "aws:SourceArn": "arn:aws:sns:*:*:alarms" } }],
  [
    "a source with an account, or a bucket",
    { ArnLike: { "aws:SourceArn": [`arn:aws:sns:*:${account}:alarms`, bucket["aws:SourceArn"]] } },
  ],
  ["any organization", { StringLike: { "aws:SourceOrgID": "o-*" } }],
];
