import { accountsOf } from "./account";
import { bastionTypes } from "./bastion";
import { is } from "./conditions";
import { namesOnly, narrow } from "./endpoint-statements";
import { instances, templates } from "./launch-templates";
import type { Finding, References, Resource, Stack } from "./model";
import { allows, statements } from "./policy-documents";
import { stackRule } from "./rule";
import { token } from "./tokens";
import { isBastion, isMeantPublic } from "./topology";
import { readings } from "./user-data";

/** What private nodes need to join and to pull images: docs.aws.amazon.com/eks/latest/userguide/private-clusters.html */
const needed = ["s3", "ec2", "ecr.api", "ecr.dkr", "sts", "logs"];

/** What else they need, as soon as the stack has what calls it. */
const neededBy: readonly [services: readonly string[], has: (stack: Stack) => boolean][] = [
  // docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
  [["eks-auth"], (stack) => hasAddon(stack, "eks-pod-identity-agent")],
  // docs.aws.amazon.com/guardduty/latest/ug/how-runtime-monitoring-works-eks.html
  [["guardduty-data"], (stack) => hasAddon(stack, "aws-guardduty-agent")],
  // docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html
  [["ssm", "ssmmessages", "kms"], hasSessions],
  // docs.aws.amazon.com/secretsmanager/latest/userguide/vpc-endpoint-overview.html
  [["secretsmanager"], hasInstancesWithSecrets],
];

function hasAddon(stack: Stack, name: string): boolean {
  return stack.all(token.addon).some((addon) => addon.at("addonName").value === name);
}

/** Sessions lead to instances of the stack and are encrypted with a key of the account. */
function hasSessions(stack: Stack): boolean {
  return stack
    .all(token.document)
    .some((document) => document.at("documentType").value === "Session");
}

/** Instances whose user data fetches a secret. */
function hasInstancesWithSecrets(stack: Stack): boolean {
  return stack
    .all(...instances, ...templates)
    .flatMap((one) => [one.at("userData"), one.at("userDataBase64")])
    .some(({ text }) =>
      readings(text).some((it) => it.includes("secretsmanager get-secret-value")),
    );
}

export const vpcEndpoints = stackRule({
  id: "net-vpc-endpoints",
  title: "Nodes, their agents and sessions call AWS without leaving the VPC",
  severity: "low",
  level: "advisory",
  requirements: ["J18"],
  controls: [],
  fix: `Add VPC endpoints for ${needed.join(", ")}; for Pod Identity eks-auth, for GuardDuty's agent guardduty-data, for sessions ssm, ssmmessages and kms, for instances that fetch secrets secretsmanager.`,
  url: "https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html",
  types: [token.cluster],
  *checkStack(stack) {
    for (const vpc of stack.all(token.vpc)) {
      const endpoints = stack.users(vpc, [token.vpcEndpoint], "vpcId");
      const open = [
        ...stack.danglers([token.vpcEndpoint], "vpcId", [token.vpc]),
        ...endpoints.map((endpoint) => endpoint.at("serviceName")).filter((field) => field.unknown),
      ];
      const more = neededBy.flatMap(([services, has]) => (has(stack) ? services : []));
      for (const service of [...needed, ...more]) {
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
  config: {
    trustedAccounts: {
      type: "array",
      items: { type: "string" },
      default: [] as string[],
      description:
        "Accounts, besides those of the provider, whose principals and resources endpoints may name.",
    },
  },
  *checkStack(stack, { trustedAccounts }) {
    const own = accountsOf(stack);
    // Without a provider that names them, nobody knows which accounts are one's own.
    const accounts = own.length > 0 ? new Set([...own, ...trustedAccounts]) : undefined;
    for (const endpoint of stack.all(token.vpcEndpoint)) {
      const type = endpoint.at("vpcEndpointType");
      // Gateway load balancer endpoints pass packets on and take no policy.
      if (type.value === "GatewayLoadBalancer") continue;
      if (type.unknown) yield type.undecided();
      if (type.value === "Interface") yield* endpoint.must("privateDnsEnabled", is(true));
      else if (!type.unknown) yield* reachedFromMachines(endpoint, stack);
      yield* policiesOf(endpoint, stack, accounts);
    }
  },
});

/**
 * A gateway holds for the subnets whose tables it is in; traffic of the others goes around its policy. That of load
 * balancers and NAT gateways may, but a bastion's may not.
 */
function* reachedFromMachines(endpoint: Resource, stack: Stack): Iterable<Finding> {
  const { found: own, outside, unknown } = tablesOf(endpoint, "routeTableIds", stack);
  const added = stack
    .users(endpoint, [token.vpcEndpointRouteTableAssociation], "vpcEndpointId")
    .flatMap((association) => tablesOf(association, "routeTableId", stack).found);
  const tables = new Set([...own, ...added]);
  const ofBastions = subnetsOfBastions(stack);
  for (const vpc of stack.refs(endpoint.at("vpcId"), [token.vpc]).found) {
    const subnets = stack
      .users(vpc, [token.subnet], "vpcId")
      .filter((subnet) => ofBastions.has(subnet) || isMeantPublic(subnet, stack) === false);
    for (const association of subnets.flatMap((subnet) =>
      stack.users(subnet, [token.routeTableAssociation], "subnetId"),
    )) {
      const { found } = tablesOf(association, "routeTableId", stack);
      if (found.length === 0 || found.some((table) => tables.has(table))) continue;
      const open = [...unknown, ...outside];
      yield open.length > 0
        ? endpoint.at("routeTableIds").undecided()
        : endpoint.fail(`routeTableIds must have the table of ${association.name}, got none of it`);
    }
  }
}

function subnetsOfBastions(stack: Stack): ReadonlySet<Resource> {
  const homes = stack
    .all(...bastionTypes)
    .filter(isBastion)
    .flatMap((bastion) => [bastion.at("vpcZoneIdentifiers"), bastion.at("subnetId")]);
  return new Set(homes.flatMap((home) => stack.refs(home, [token.subnet]).found));
}

function tablesOf(resource: Resource, path: string, stack: Stack): References {
  return stack.refs(resource.at(path), [token.routeTable, token.defaultRouteTable]);
}

function* policiesOf(
  endpoint: Resource,
  stack: Stack,
  accounts: ReadonlySet<string> | undefined,
): Iterable<Finding> {
  const separate = stack
    .users(endpoint, [token.vpcEndpointPolicy], "vpcEndpointId")
    .map((policy) => policy.at("policy"));
  const policies = [endpoint.at("policy"), ...separate].filter(({ present }) => present);
  if (policies.length === 0) {
    yield endpoint.at("policy").fail("be set: the default lets everybody do everything");
  }
  for (const statement of policies.flatMap(statements)) {
    yield* narrow(statement);
    if (accounts && allows(statement) !== false) {
      yield* statement.judge(namesOnly(statement, accounts), "name accounts of the stack");
    }
  }
}
