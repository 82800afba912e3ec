/**
 * ARNs of things that this program names itself. They are known before anything exists, so the policies that speak of
 * them can be judged at the first preview, where an output of the resource would still be unknown.
 */
export interface Place {
  /** AWS account of the stack. */
  accountId: string;
  /** AWS region of the stack. */
  region: string;
}

/** The ARN of a log group and that of its streams, which policies need both. */
export function logGroupArns({ region, accountId }: Place, name: string): string[] {
  const arn = `arn:aws:logs:${region}:${accountId}:log-group:${name}`;
  return [arn, `${arn}:*`];
}

/** The ARN of an SSM document of the account. */
export function documentArn({ region, accountId }: Place, name: string): string {
  return `arn:aws:ssm:${region}:${accountId}:document/${name}`;
}

/** The ARN of an SSM parameter whose name starts with a slash. */
export function parameterArn({ region, accountId }: Place, name: string): string {
  return `arn:aws:ssm:${region}:${accountId}:parameter${name}`;
}

/** The ARN of a secret of Secrets Manager, whose name AWS ends with a hyphen and six characters; `*` stands for any text. */
export function secretArn({ region, accountId }: Place, name: string): string {
  return `arn:aws:secretsmanager:${region}:${accountId}:secret:${name}`;
}

/** The ARN of an EKS cluster. */
export function clusterArn({ region, accountId }: Place, name: string): string {
  return `arn:aws:eks:${region}:${accountId}:cluster/${name}`;
}

/** The ARN of an IAM role. */
export function roleArn({ accountId }: Pick<Place, "accountId">, name: string): string {
  return `arn:aws:iam::${accountId}:role/${name}`;
}

/** The ARN of a Lambda function, whichever version. */
export function functionArn({ region, accountId }: Place, name: string): string {
  return `arn:aws:lambda:${region}:${accountId}:function:${name}`;
}

/** The ARN of an OpenSearch or Elasticsearch domain. */
export function domainArn({ region, accountId }: Place, name: string): string {
  return `arn:aws:es:${region}:${accountId}:domain/${name}`;
}

/** The ARN of a bucket: bucket names are unique among all accounts, so it has neither account nor region. */
export function bucketArn(name: string): string {
  return `arn:aws:s3:::${name}`;
}

/** The ARN of a trail of CloudTrail. */
export function trailArn({ region, accountId }: Place, name: string): string {
  return `arn:aws:cloudtrail:${region}:${accountId}:trail/${name}`;
}

/** The ARN of an SNS topic. */
export function topicArn({ region, accountId }: Place, name: string): string {
  return `arn:aws:sns:${region}:${accountId}:${name}`;
}

/** The ARN of a CloudWatch alarm; `*` stands for any text. */
export function alarmArn({ region, accountId }: Place, name: string): string {
  return `arn:aws:cloudwatch:${region}:${accountId}:alarm:${name}`;
}

/** The ARN of a rule of EventBridge on the account's own bus. */
export function eventRuleArn({ region, accountId }: Place, name: string): string {
  return `arn:aws:events:${region}:${accountId}:rule/${name}`;
}
