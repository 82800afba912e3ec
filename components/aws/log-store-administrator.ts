import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { domainArn } from "./arns";
import type { Place } from "./arns";
import type { FunctionRole, FunctionRoleArgs } from "./lambda-function";
import { functionOf, functionRole } from "./lambda-function";
import type { LogStoreState } from "./log-store-state";
import { desiredState } from "./log-store-state";
import type { PolicyStatement } from "./policy-document";

export interface LogStoreSetupArgs extends Place, LogStoreState {
  /** Name of the domain. */
  prefix: string;
  /** Private subnets of the function's network interfaces. */
  subnetIds: pulumi.Input<string>[];
  /** Security group of the function: it lets out to the domain. */
  setupSecurityGroupId: pulumi.Input<string>;
  /** Key of the function's code and of its environment. */
  functionKeyArn: pulumi.Input<string>;
  /** Key of the function's logs. */
  logKeyArn: pulumi.Input<string>;
  /** Days for which the function's logs are kept. */
  logRetentionDays: number;
}

const source = "log-store-setup.cjs";

/** Everything that the function asks of the store. The right to DELETE is not among it: indices go by the store's own policy. */
export const setupCalls = ["es:ESHttpGet", "es:ESHttpPost", "es:ESHttpPut"];

/** Name of the function that sets the store up, and of its role. */
export function setupName({ prefix }: { prefix: string }): string {
  return `${prefix}-log-store-admin`;
}

/** The role that is the store's administrator: nobody else is. The domain names it, and the function that has it is told of the domain. */
export function setupRole(
  name: string,
  args: LogStoreSetupArgs,
  child: pulumi.CustomResourceOptions,
): FunctionRole {
  return functionRole(`${name}-admin`, setupArgs(args), child);
}

/**
 * The function with that role, and one run of it for each state that is asked for: a change of it, of the domain or of
 * the function's code replaces the invocation, and what is replaced calls nothing. An error of the function fails the
 * `up`.
 *
 * Lambda takes the network interfaces of a function that is idle for weeks, and an invocation of it fails and gets them
 * again: docs.aws.amazon.com/lambda/latest/dg/functions-states.html. It fails with a 409
 * (github.com/aws-solutions-library-samples/accelerated-intelligent-document-processing-on-aws/issues/801), which the
 * provider's client sends no second time. A change of the state or of the code updates the function before; whether an
 * update brings an idle function back, and before the provider goes on, AWS does not say and nobody has tried. So
 * docs/operations.md ("Logs") has people run such an `up` again, which invokes anew: what failed is not in the state.
 *
 * What it does is in the function itself. Many may invoke functions who are no administrators of the store, so that
 * what they send decides nothing.
 */
export function setUp(
  name: string,
  args: LogStoreSetupArgs,
  { role, domain }: { role: FunctionRole; domain: aws.opensearch.Domain },
  reach: pulumi.Resource,
  child: pulumi.CustomResourceOptions,
): void {
  const desired = desiredState(args);
  const state = JSON.stringify(desired);
  const setup = functionOf(
    `${name}-admin`,
    {
      ...setupArgs(args),
      files: { "state.json": state },
      variables: { STORE_ENDPOINT: domain.endpoint },
    },
    role,
    child,
  );
  const code = readFileSync(join(__dirname, source), "utf8");
  new aws.lambda.Invocation(
    `${name}-setup`,
    {
      functionName: setup.name,
      input: pulumi.jsonStringify({
        digest: domain.endpoint.apply((endpoint) => digest([code, state, endpoint])),
      }),
      lifecycleScope: "CREATE_ONLY",
      // The digest tells nobody what is asked for; for how long indices are kept shall be seen, also at a first preview.
      triggers: { retention: JSON.stringify(desired.retention.policy) },
    },
    { ...child, dependsOn: [reach] },
  );
}

function digest(parts: string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

function setupArgs(args: LogStoreSetupArgs): FunctionRoleArgs {
  return {
    ...args,
    functionName: setupName(args),
    description: "Log store: its rights, retention and audit",
    source,
    logGroupName: `/drawbridge/${args.prefix}/log-store-setup`,
    rights: [
      {
        Sid: "AdministerTheStore",
        Action: setupCalls,
        Resource: `${domainArn(args, args.prefix)}/*`,
      },
      ...networkRights(args),
    ],
    network: { subnetIds: args.subnetIds, securityGroupIds: [args.setupSecurityGroupId] },
    memorySize: 256,
    timeout: 600,
  };
}

/** What a function in a VPC needs: docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions */
function networkRights({ region, accountId }: Place): PolicyStatement[] {
  const ec2 = (type: string) => `arn:aws:ec2:${region}:${accountId}:${type}/*`;
  return [
    {
      // These describe; they take no resource.
      Sid: "FindTheNetwork",
      Action: ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"],
      Resource: "*",
      Condition: { StringEquals: { "ec2:Region": region } },
    },
    {
      Sid: "EnterTheNetwork",
      Action: "ec2:CreateNetworkInterface",
      Resource: [ec2("network-interface"), ec2("security-group"), ec2("subnet")],
    },
    {
      Sid: "UseAndLeaveTheNetwork",
      Action: [
        "ec2:AssignPrivateIpAddresses",
        "ec2:DeleteNetworkInterface",
        "ec2:UnassignPrivateIpAddresses",
      ],
      Resource: ec2("network-interface"),
    },
  ];
}
