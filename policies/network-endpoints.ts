import { is } from "./conditions";
import type { Field, Finding, Resource, Stack } from "./model";
import {
  allows,
  isEveryActionOfAService,
  isEveryResource,
  isForAnybody,
  isLimitedBy,
  statements,
} from "./policy-documents";
import { stackRule } from "./rule";
import { token } from "./tokens";
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
  title: "Every VPC endpoint lets only the account's own principals make the calls in use",
  severity: "high",
  level: "mandatory",
  requirements: ["J18", "M1"],
  controls: [],
  fix: "Give the endpoint a policy with named actions and a condition on aws:PrincipalAccount, and private DNS to interface endpoints.",
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

/** Keys that tie a call to principals or resources of one's own. */
const limitingKeys = [
  "aws:PrincipalAccount",
  "aws:PrincipalOrgID",
  "aws:PrincipalOrgPaths",
  "aws:PrincipalArn",
  "aws:ResourceAccount",
  "aws:ResourceOrgID",
  "aws:ResourceOrgPaths",
];

function* narrow(statement: Field): Iterable<Finding> {
  const allowed = allows(statement);
  if (allowed === false) return;
  yield* statement.judge(
    any([not(allowed), not(isEveryActionOfAService(statement))]),
    "name the actions in use",
  );
  yield* statement.judge(
    any([
      not(allowed),
      not(isForAnybody(statement)),
      isLimitedBy(statement, limitingKeys),
      all([not(isEveryResource(statement)), statement.at("Resource").present]),
    ]),
    "be limited to own principals or to named resources",
  );
}
