import { isObject, isUnknown } from "../../plan/property-values";
import type { StackResource } from "../../plan/stack-resource";
import { planned, sshWithCodes, vpnMode } from "../support/planned";
import type { Policy, PolicyKind } from "../support/policy-judge";
import { faultsOf } from "../support/policy-judge";

// The whole program runs, beside other tests.
jest.setTimeout(300_000);

/** Every policy of the real program, held against AWS' own list of actions, resources and condition keys. */

/** Inputs that are policies, by type. */
const inputs: Record<string, Record<string, PolicyKind>> = {
  "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": { policyDocument: "resource" },
  "aws:ec2/vpcEndpoint:VpcEndpoint": { policy: "endpoint" },
  "aws:iam/policy:Policy": { policy: "identity" },
  "aws:iam/role:Role": { assumeRolePolicy: "trust" },
  "aws:iam/rolePolicy:RolePolicy": { policy: "identity" },
  "aws:kms/key:Key": { policy: "key" },
  "aws:opensearch/domain:Domain": { accessPolicies: "resource" },
  "aws:s3/bucketPolicy:BucketPolicy": { policy: "resource" },
  "aws:secretsmanager/secret:Secret": { policy: "resource" },
  "aws:sns/topic:Topic": { policy: "resource" },
};

const stacks: [title: string, stack: string, change: Record<string, unknown>][] = [
  ["dev", "dev", {}],
  ["prod", "prod", {}],
  ["dev by SSH with codes", "dev", sshWithCodes("111122223333")],
  ["dev by VPN", "dev", vpnMode("111122223333")],
  [
    "prod with all that adds rights",
    "prod",
    {
      "drawbridge:accessMode": "direct",
      "drawbridge:trustedCidrs": ["192.168.0.0/24"],
      "drawbridge:createServiceLinkedRoles": ["autoscaling", "opensearch"],
      "drawbridge:logStore": {
        engineVersion: "Elasticsearch_7.10",
        readerRoleArns: ["arn:aws:iam::444455556666:role/readers"],
      },
      "drawbridge:registry": {
        repositories: ["payments/api"],
        pullThroughCaches: [
          {
            name: "hub",
            upstream: "registry-1.docker.io",
            credentialArn:
              "arn:aws:secretsmanager:eu-west-1:444455556666:secret:ecr-pullthroughcache/hub-AbCdEf",
          },
        ],
      },
    },
  ],
];

interface Found {
  at: string;
  policy: Policy | undefined;
}

/** The policies of a stack; those that nobody knows yet as undefined, those in unlisted places too. */
function policiesOf(resources: readonly StackResource[]): Found[] {
  return resources.flatMap(({ type, name, inputs: given }) => {
    const wanted = Object.keys(inputs[type] ?? {}).filter((path) => !(path in given));
    const absent = wanted.map((path) => ({ at: `${type} ${name}.${path}`, policy: undefined }));
    const found = [...members(given)].flatMap(([path, value]) => {
      const at = `${type} ${name}.${path}`;
      const kind = inputs[type]?.[path];
      if (kind !== undefined) return [{ at, policy: parsed(value, kind) }];
      return looksLikePolicy(path, value) ? [{ at, policy: undefined }] : [];
    });
    return [...absent, ...found];
  });
}

function parsed(value: unknown, kind: PolicyKind): Policy | undefined {
  if (isUnknown(value)) return undefined;
  return { kind, document: JSON.parse(String(value)) as Policy["document"] };
}

function looksLikePolicy(path: string, value: unknown): boolean {
  if (isUnknown(value)) return /polic(y|ies|yDocument)$/i.test(path);
  return isObject(value) ? "Statement" in value : String(value).includes('"Statement"');
}

/** All that is in a value, by path. */
function* members(value: object, start = ""): Iterable<[string, unknown]> {
  for (const [key, member] of Object.entries(value)) {
    const path = `${start}${key}`;
    yield [path, member];
    if (typeof member === "object" && member !== null) yield* members(member as object, `${path}.`);
  }
}

const place = { accountId: "111122223333", region: "eu-west-1" };
const own = "arn:aws:iam::111122223333";
const judge = (kind: PolicyKind, statement: Record<string, unknown>) =>
  faultsOf(
    {
      kind,
      document: {
        Version: "2012-10-17",
        Statement: [{ Sid: "It", Effect: "Allow", ...statement }],
      },
    },
    place,
  );

describe("the judge of policies", () => {
  const bucket = "arn:aws:s3:::mine";
  const read = { Action: "s3:GetObject", Resource: `${bucket}/*` };
  const describeVpcs = { Action: "ec2:DescribeVpcs", Resource: "*" };
  const cloudTrail = { Service: "cloudtrail.amazonaws.com" };
  const firehose = { Service: "firehose.amazonaws.com" };
  const flowLogs = { Service: "vpc-flow-logs.amazonaws.com" };
  const assume = { Action: "sts:AssumeRole" };
  const toAnybody = { ...read, Principal: "*" };
  const decrypt = { Action: "kms:Decrypt", Resource: "*" };
  const inRegion = (region: string) => ({ StringEquals: { "ec2:Region": region } });
  const fromAccount = (id: string) => ({ StringEquals: { "aws:SourceAccount": id } });

  it.each<[string, PolicyKind, Record<string, unknown>]>([
    ["a call on what is named", "identity", read],
    [
      "a call that takes no resource, under a condition",
      "identity",
      { ...describeVpcs, Condition: inRegion("eu-west-1") },
    ],
    [
      "a call that takes neither resource nor condition",
      "identity",
      { Action: "logs:DescribeLogGroups", Resource: "*" },
    ],
    [
      "a session of one's own, which AWS' list does not have",
      "identity",
      {
        Action: "ssmmessages:OpenDataChannel",
        Resource: "arn:aws:ssm:eu-west-1:111122223333:session/${aws:userid}-*",
      },
    ],
    ["the trust in a role", "trust", { ...assume, Principal: { AWS: `${own}:role/one` } }],
    ["the trust in EC2", "trust", { ...assume, Principal: { Service: "ec2.amazonaws.com" } }],
    [
      "the trust in a service for the account",
      "trust",
      { ...assume, Principal: flowLogs, Condition: fromAccount("111122223333") },
    ],
    ["the trust in CloudTrail", "trust", { ...assume, Principal: cloudTrail }],
    [
      "the trust in Firehose for the account",
      "trust",
      {
        ...assume,
        Principal: firehose,
        Condition: { StringEquals: { "sts:ExternalId": "111122223333" } },
      },
    ],
    [
      "an account that administers its key",
      "key",
      { Action: "kms:*", Resource: "*", Principal: { AWS: `${own}:root` } },
    ],
    [
      "an endpoint for the account",
      "endpoint",
      { ...toAnybody, Condition: { StringEquals: { "aws:PrincipalAccount": "111122223333" } } },
    ],
    ["an endpoint for a call that AWS signs", "endpoint", toAnybody],
    [
      "a denial of everything",
      "resource",
      { Effect: "Deny", Principal: "*", Action: "s3:*", Resource: bucket },
    ],
  ])("takes %s", async (_title, kind, statement) => {
    expect(await judge(kind, statement)).toEqual([]);
  });

  it.each<[string, PolicyKind, Record<string, unknown>, string[]]>([
    [
      "every action",
      "identity",
      { Action: "*", Resource: "*" },
      ["* must be an action of AWS", "* must name one action"],
    ],
    [
      "every action of a key to a role",
      "key",
      { Action: "kms:*", Resource: "*", Principal: { AWS: `${own}:role/one` } },
      ["kms:* must name one action"],
    ],
    [
      "a pattern of actions",
      "identity",
      { ...read, Action: "s3:GetObjectV*" },
      ["s3:GetObjectV* must name one action"],
    ],
    [
      "an action that AWS has not, even to deny it",
      "identity",
      { ...read, Effect: "Deny", Action: "s3:GetObjct" },
      ["s3:GetObjct must be an action of AWS"],
    ],
    [
      "all but some actions",
      "identity",
      { NotAction: "s3:GetObject", Resource: `${bucket}/*` },
      ["must not have NotAction"],
    ],
    [
      "every resource where AWS takes one",
      "identity",
      { Action: "eks:DescribeCluster", Resource: "*" },
      ["eks:DescribeCluster must be for arn:*:eks:*:*:cluster/*, got *"],
    ],
    [
      "a resource where AWS takes none",
      "identity",
      { Action: "ec2:DescribeVpcs", Resource: "arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-1" },
      ["ec2:DescribeVpcs takes no resource and must be for *"],
    ],
    [
      "an instance where only sessions can be named",
      "identity",
      {
        Action: "ssmmessages:OpenDataChannel",
        Resource: "arn:aws:ec2:eu-west-1:111122223333:instance/i-1",
      },
      ["ssmmessages:OpenDataChannel takes no resource and must be for *"],
    ],
    [
      "a resource that the action is not for",
      "identity",
      { Action: "ecr:BatchGetImage", Resource: "arn:aws:ecr:eu-west-1:111122223333:image/one" },
      [
        "ecr:BatchGetImage must be for arn:*:ecr:*:*:repository/*, got arn:aws:ecr:eu-west-1:111122223333:image/one",
      ],
    ],
    [
      "every resource without the condition that there is",
      "identity",
      describeVpcs,
      ["ec2:DescribeVpcs must have a condition, such as ec2:region"],
    ],
    [
      "a condition key that AWS has not",
      "identity",
      { ...read, Condition: { StringEquals: { "s3:Prefx": "a" } } },
      ["s3:Prefx must be a key of AWS"],
    ],
    [
      "a condition that the action can never meet",
      "identity",
      { ...read, Condition: inRegion("eu-west-1") },
      ["s3:GetObject knows no ec2:Region"],
    ],
    [
      "things of another account, another region, and of every kind",
      "identity",
      {
        Action: "sqs:SendMessage",
        Resource: [
          "arn:aws:sqs:eu-west-1:444455556666:queue",
          "arn:aws:sqs:us-east-1:111122223333:queue",
          "arn:aws:sqs:eu-west-1:111122223333:*",
        ],
      },
      [
        "arn:aws:sqs:eu-west-1:444455556666:queue must be of the stack's account",
        "arn:aws:sqs:us-east-1:111122223333:queue must be of the stack's region",
        "arn:aws:sqs:eu-west-1:111122223333:* must say what it is",
      ],
    ],
    [
      "every bucket",
      "identity",
      { Action: "s3:ListBucket", Resource: "arn:aws:s3:::*" },
      ["arn:aws:s3:::* must say what it is"],
    ],
    ["a trust in nobody", "trust", assume, ["must name its principal"]],
    [
      "a trust in everybody",
      "trust",
      { ...assume, Principal: "*" },
      ["must be limited to own principals"],
    ],
    [
      "a trust in a whole account",
      "trust",
      { ...assume, Principal: { AWS: `${own}:root` } },
      [`${own}:root must be a role, or have one in its condition`],
    ],
    [
      "a trust in another account's role",
      "trust",
      { ...assume, Principal: { AWS: "arn:aws:iam::444455556666:role/one" } },
      ["arn:aws:iam::444455556666:role/one must be of the account"],
    ],
    [
      "a trust in a user",
      "trust",
      { ...assume, Principal: { AWS: `${own}:user/one` } },
      [`${own}:user/one must be a role`],
    ],
    [
      "a trust in a service for anybody",
      "trust",
      { ...assume, Principal: flowLogs },
      ["vpc-flow-logs.amazonaws.com must be limited to the stack's account"],
    ],
    [
      "a trust in a service for another account",
      "trust",
      { ...assume, Principal: flowLogs, Condition: fromAccount("444455556666") },
      ["vpc-flow-logs.amazonaws.com must be limited to the stack's account"],
    ],
    [
      "a trust in a service for a source without an account",
      "trust",
      {
        ...assume,
        Principal: flowLogs,
        Condition: { ArnLike: { "aws:SourceArn": "arn:aws:s3:::mine" } },
      },
      ["vpc-flow-logs.amazonaws.com must be limited to the stack's account"],
    ],
    [
      "a trust in CloudTrail that asks for what it does not tell",
      "trust",
      { ...assume, Principal: cloudTrail, Condition: fromAccount("111122223333") },
      ["cloudtrail.amazonaws.com tells no aws:SourceAccount"],
    ],
    [
      "a trust in Firehose by another key than its own",
      "trust",
      { ...assume, Principal: firehose, Condition: fromAccount("111122223333") },
      [
        "firehose.amazonaws.com tells no aws:SourceAccount",
        "firehose.amazonaws.com must be limited to the stack's account",
      ],
    ],
    [
      "a trust in an identity provider",
      "trust",
      { ...assume, Principal: { Federated: `${own}:oidc-provider/one` } },
      ["Federated must be Service or AWS"],
    ],
    [
      "a service that uses a key for anybody",
      "key",
      { ...decrypt, Principal: cloudTrail },
      ["cloudtrail.amazonaws.com must be limited to the stack's account"],
    ],
    [
      "a service that uses a key for what has the account's number in it",
      "key",
      {
        ...decrypt,
        Principal: { Service: "lambda.amazonaws.com" },
        Condition: {
          StringLike: {
            "kms:EncryptionContext:aws:lambda:FunctionArn": "arn:aws:lambda:*:111122223333:*",
          },
        },
      },
      ["lambda.amazonaws.com must be limited to the stack's account"],
    ],
    [
      "a key's policy about another key",
      "key",
      {
        Action: "kms:Decrypt",
        Resource: "arn:aws:kms:eu-west-1:111122223333:key/one",
        Principal: { AWS: `${own}:role/one` },
      },
      ["Resource must be *"],
    ],
    [
      "events that another account's rule may write",
      "resource",
      {
        Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
        Resource: "arn:aws:logs:eu-west-1:111122223333:log-group:/one:*",
        Principal: { Service: "events.amazonaws.com" },
      },
      ["events.amazonaws.com must be limited to the stack's account"],
    ],
    ["a bucket for everybody", "resource", toAnybody, ["must be limited to own principals"]],
    [
      "an endpoint for everybody",
      "endpoint",
      { ...toAnybody, Action: "s3:PutObject" },
      ["must be limited to own principals"],
    ],
    [
      "a principal in a policy of rights",
      "identity",
      { ...read, Principal: { AWS: `${own}:role/one` } },
      ["must not have a Principal"],
    ],
  ])("refuses %s", async (_title, kind, statement, faults) => {
    expect(await judge(kind, statement)).toEqual(faults.map((fault) => `It: ${fault}`));
  });
});

describe("the policies of the program", () => {
  it.each(stacks)("of %s are as narrow as AWS lets them be", async (_title, stack, change) => {
    const resources = await planned(stack, change);
    const accountId = stack === "prod" ? "444455556666" : "111122223333";
    const faults = await Promise.all(
      policiesOf(resources).map(async ({ at, policy }) =>
        policy
          ? (await faultsOf(policy, { ...place, accountId })).map((fault) => `${at}: ${fault}`)
          : [`${at}: must be there, listed, and known at the first preview`],
      ),
    );
    expect(faults.flat()).toEqual([]);
  });
});
