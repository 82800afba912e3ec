import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Place } from "./arns";
import { logGroupArns } from "./arns";
import type { PolicyStatement } from "./policy-document";
import { serviceRole } from "./service-role";

export interface LambdaFunctionArgs extends Place {
  /** Name of the function, and of its role. */
  functionName: string;
  /** What it does; the AWS console shows it. */
  description: string;
  /** File of this folder with the function's code, a CommonJS module that exports `handler`. */
  source: string;
  /** Name of the log group that the function writes to. */
  logGroupName: string;
  /** Key of the log group. */
  logKeyArn: pulumi.Input<string>;
  /** Days for which its logs are kept. */
  logRetentionDays: number;
  /** What it may do beyond writing its logs. @default - nothing */
  rights?: PolicyStatement[];
  /** Key of its code and of its environment. */
  functionKeyArn: pulumi.Input<string>;
  /**
   * Environment variables, one at least; no secrets. Lambda forgets the key of a function without any:
   * github.com/hashicorp/terraform-provider-aws/issues/6366
   */
  variables: Record<string, pulumi.Input<string>>;
  /** Files beside the code, by name. @default - none */
  files?: Record<string, string>;
  /** Private subnets and security groups of its network interfaces. @default - outside any VPC */
  network?: { subnetIds: pulumi.Input<string>[]; securityGroupIds: pulumi.Input<string>[] };
  /** Memory, in MiB, 128 to 10240. */
  memorySize: number;
  /** Longest run, in seconds, 1 to 900. */
  timeout: number;
}

/** What the role of a function follows from: it may be there before what the function is told. */
export type FunctionRoleArgs = Omit<LambdaFunctionArgs, "variables">;

/** Who a function is, and where it writes its logs: there before the function, so that others can name the role. */
export interface FunctionRole {
  /** ARN of the role. */
  arn: pulumi.Output<string>;
  /** What has to be there before the function runs. */
  prerequisites: pulumi.Resource[];
}

/** A Lambda function of this folder, with a role and a log group of its own. */
export function lambdaFunction(
  name: string,
  args: LambdaFunctionArgs,
  child: pulumi.CustomResourceOptions,
): aws.lambda.Function {
  return functionOf(name, args, functionRole(name, args, child), child);
}

/** The role of a function, and its log group. */
export function functionRole(
  name: string,
  args: FunctionRoleArgs,
  child: pulumi.CustomResourceOptions,
): FunctionRole {
  const { functionName, description, logGroupName, rights = [] } = args;
  const group = new aws.cloudwatch.LogGroup(
    name,
    { name: logGroupName, kmsKeyId: args.logKeyArn, retentionInDays: args.logRetentionDays },
    child,
  );
  const role = serviceRole(
    name,
    functionName,
    description,
    {
      // Lambda's guide names no source; a trust policy that AWS publishes for functions asks for this one:
      // github.com/aws/agent-toolkit-for-aws, deploying-custom-domain-rest-api/scripts/lambda-trust-policy.json
      Sid: "FunctionsOfThisAccount",
      Principal: { Service: "lambda.amazonaws.com" },
      Action: "sts:AssumeRole",
      Condition: { StringEquals: { "aws:SourceAccount": args.accountId } },
    },
    [
      ...rights,
      {
        Sid: "WriteOwnLogs",
        Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
        Resource: logGroupArns(args, logGroupName),
      },
    ],
    child,
  );
  return { arn: role.arn, prerequisites: [...role.rights, group] };
}

/** A function of this folder with a role of its own that is there already. */
export function functionOf(
  name: string,
  args: LambdaFunctionArgs,
  role: FunctionRole,
  child: pulumi.CustomResourceOptions,
): aws.lambda.Function {
  const { source, files = {} } = args;
  return new aws.lambda.Function(
    name,
    {
      name: args.functionName,
      description: args.description,
      role: role.arn,
      runtime: "nodejs22.x",
      architectures: ["arm64"],
      handler: "index.handler",
      // The first of the package, the second of what is unpacked from it and of the environment:
      // docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html#lambda-CreateFunction-request-KMSKeyArn
      sourceKmsKeyArn: args.functionKeyArn,
      kmsKeyArn: args.functionKeyArn,
      environment: { variables: args.variables },
      code: archive({ "index.js": readFileSync(join(__dirname, source), "utf8"), ...files }),
      memorySize: args.memorySize,
      timeout: args.timeout,
      ...(args.network && { vpcConfig: args.network }),
      loggingConfig: { logFormat: "JSON", logGroup: args.logGroupName },
    },
    { ...child, dependsOn: role.prerequisites },
  );
}

function archive(files: Record<string, string>): pulumi.asset.AssetArchive {
  const assets = Object.entries(files).map(([name, text]) => [
    name,
    new pulumi.asset.StringAsset(text),
  ]);
  return new pulumi.asset.AssetArchive(Object.fromEntries(assets) as pulumi.asset.AssetMap);
}
