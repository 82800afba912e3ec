import { is } from "./conditions";
import type { Field, Finding, Resource, Stack } from "./model";
import { allows, isForAnybody, isLimitedBy, limits, statements } from "./policy-documents";
import { stackRule } from "./rule";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any, not } from "./truth";

/** What private nodes need to join and to pull images: docs.aws.amazon.com/eks/latest/userguide/private-clusters.html */
const needed = ["s3", "ecr.api", "ecr.dkr", "sts", "logs"];

export const vpcEndpoints = stackRule({
  id: "net-vpc-endpoints",
  title: "Nodes reach ECR, S3, STS and CloudWatch Logs without leaving the VPC",
  severity: "low",
  level: "advisory",
  requirements: ["J18"],
  controls: [],
  fix: `Add VPC endpoints for ${needed.join(", ")}.`,
  url: "https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html",
  types: [token.cluster],
  *checkStack(stack) {
    for (const vpc of stack.all(token.vpc)) {
      const endpoints = stack.users(vpc, [token.vpcEndpoint], "vpcId");
      const open = [
        ...stack.danglers([token.vpcEndpoint], "vpcId", [token.vpc]),
        ...endpoints.map((endpoint) => endpoint.at("serviceName")).filter((field) => field.unknown),
      ];
      for (const service of needed) {
        if (endpoints.some((endpoint) => serviceOf(endpoint).endsWith(`.${service}`))) continue;
        yield* open.length > 0
          ? open.map((field) => field.undecided())
          : [vpc.fail(`${vpc.name} must have an endpoint for ${service}, got none`)];
      }
    }
  },
});

function serviceOf(endpoint: Resource): string {
  return endpoint.at("serviceName").text;
}

export const endpointPolicy = stackRule({
  id: "net-endpoint-policy",
  title:
    "Every VPC endpoint lets only own principals make the calls in use, with data for own resources",
  severity: "high",
  level: "mandatory",
  requirements: ["J18", "M1"],
  controls: [],
  fix: "Give the endpoint a policy with named actions and conditions on aws:PrincipalAccount and aws:ResourceAccount or named resources, and private DNS to interface endpoints.",
  url: "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
  types: [token.vpcEndpoint],
  *checkStack(stack) {
    for (const endpoint of stack.all(token.vpcEndpoint)) {
      const type = endpoint.at("vpcEndpointType");
      // Gateway load balancer endpoints pass packets on and take no policy.
      if (type.value === "GatewayLoadBalancer") continue;
      if (type.unknown) yield type.undecided();
      if (type.value === "Interface") yield* endpoint.must("privateDnsEnabled", is(true));
      yield* policiesOf(endpoint, stack);
    }
  },
});

function* policiesOf(endpoint: Resource, stack: Stack): Iterable<Finding> {
  const separate = stack
    .users(endpoint, [token.vpcEndpointPolicy], "vpcEndpointId")
    .map((policy) => policy.at("policy"));
  const policies = [endpoint.at("policy"), ...separate].filter(({ present }) => present);
  if (policies.length === 0) {
    yield endpoint.at("policy").fail("be set: the default lets everybody do everything");
  }
  for (const statement of policies.flatMap(statements)) yield* narrow(statement);
}

/** Keys that tie a call to accounts of one's own, its callers' and its resources'. */
const ownPrincipals = ["aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"];
const ownResources = ["aws:ResourceAccount", "aws:ResourceOrgID", "aws:ResourceOrgPaths"];

function* narrow(statement: Field): Iterable<Finding> {
  const allowed = allows(statement);
  if (allowed === false) return;
  const named = namesResources(statement);
  yield* statement.judge(any([not(allowed), namesActions(statement)]), "name the actions in use");
  yield* statement.judge(
    any([not(allowed), not(isForAnybody(statement)), isOfOwnPrincipals(statement), named]),
    "be limited to own principals or to named resources",
  );
  // Credentials of one's own can be used to carry data into a stranger's bucket.
  yield* statement.judge(
    any([not(allowed), not(carriesData(statement)), isLimitedBy(statement, ownResources), named]),
    "be limited to own resources or to named ones",
  );
}

function namesActions(statement: Field): Truth {
  const actions = statement.at("Action").each();
  return all([
    actions.length > 0,
    ...actions.map((action): Truth => {
      if (/[*?]/.test(action.text)) return false;
      return action.unknown ? undefined : true;
    }),
  ]);
}

function isOfOwnPrincipals(statement: Field): Truth {
  const arns = limits(statement, ["aws:PrincipalArn"]);
  return any([
    isLimitedBy(statement, ownPrincipals),
    ...arns.map((values) => all(values.map(isNamed))),
  ]);
}

function namesResources(statement: Field): Truth {
  const resources = statement.at("Resource");
  return all([resources.present, ...resources.each().map(isNamed)]);
}

/** Whether an ARN says whose thing it is: by the account or, as ARNs of buckets have none, by the name. */
function isNamed({ unknown, text }: Field): Truth {
  const [start, , , , account = "", ...resource] = text.split(":");
  if (start !== "arn") return unknown ? undefined : false;
  const owner = account === "" ? (resource.join(":").split("/")[0] ?? "") : account;
  return owner !== "" && !/[*?]/.test(owner);
}

/** Services whose calls name a bucket, a key, a role, a queue that may be another account's. */
const dataServices = new Set([
  "dynamodb",
  "ecr",
  "events",
  "kinesis",
  "kms",
  "lambda",
  "logs",
  "s3",
  "s3express",
  "secretsmanager",
  "sns",
  "sqs",
  "sts",
]);

/**
 * Calls of these services that carry nothing away. EKS' own images lie in accounts that differ by region:
 * docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html
 */
const harmless = new Set([
  "ecr:BatchCheckLayerAvailability",
  "ecr:BatchGetImage",
  "ecr:BatchImportUpstreamImage",
  "ecr:GetAuthorizationToken",
  "ecr:GetDownloadUrlForLayer",
  "sts:GetCallerIdentity",
]);

function carriesData(statement: Field): Truth {
  return any([
    statement.at("NotAction").present,
    ...statement
      .at("Action")
      .each()
      .map((action): Truth => {
        if (action.unknown) return undefined;
        const [service = ""] = action.text.split(":");
        return (
          (dataServices.has(service.toLowerCase()) && !harmless.has(action.text)) ||
          /[*?]/.test(service)
        );
      }),
  ]);
}
