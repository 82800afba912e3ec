import { overlapCidr } from "cidr-tools";
import { securityGroupsAreOf, vpcOfSubnet } from "./network";
import {
  AwsError,
  allWith,
  byId,
  ec2Id,
  numberAt,
  textAt,
  type Draft,
  type ResourceRow,
} from "./row";
import type { Properties, World } from "./world";

// Codes: docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html

const endpointType = "aws:ec2clientvpn/endpoint:Endpoint";
const associationType = "aws:ec2clientvpn/networkAssociation:NetworkAssociation";
const ruleType = "aws:ec2clientvpn/authorizationRule:AuthorizationRule";
const subnetType = "aws:ec2/subnet:Subnet";

const text = (inputs: unknown, path: string) => textAt(inputs, path) ?? "";
const prefixOf = (cidr: string) => Number(cidr.split("/")[1]);

/** docs.aws.amazon.com/vpn/latest/clientvpn-admin/what-is-best-practices.html */
function clientNetworkHasASize({ inputs }: Draft): AwsError | undefined {
  const cidr = text(inputs, "clientCidrBlock");
  if (prefixOf(cidr) >= 12 && prefixOf(cidr) <= 22) return undefined;
  return new AwsError("InvalidParameterValue", `The client CIDR '${cidr}' must be from /12 to /22`);
}

function certificateIsOfThePlace({ inputs, scope, world }: Draft): AwsError | undefined {
  const arn = text(inputs, "serverCertificateArn");
  if (arn.startsWith(`arn:aws:acm:${scope.region}:${world.accountId}:certificate/`)) {
    return undefined;
  }
  return new AwsError("InvalidParameterValue", `Certificate ${arn} does not exist`);
}

/** The values that the provider takes: docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateClientVpnEndpoint.html */
function sessionIsOffered({ inputs }: Draft): AwsError | undefined {
  const hours = numberAt(inputs, "sessionTimeoutHours") ?? 24;
  if ([8, 10, 12, 24].includes(hours)) return undefined;
  return new AwsError("InvalidParameterValue", `sessionTimeoutHours ${hours} is not offered`);
}

/** docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-authorization.html */
function handlerIsAFunction({ inputs, world }: Draft): AwsError | undefined {
  const arn = text(inputs, "clientConnectOptions.lambdaFunctionArn");
  if (arn === "") return undefined;
  const exists = world.resources.some(
    ({ type, computed }) => type === "aws:lambda/function:Function" && computed["arn"] === arn,
  );
  if (exists && arn.includes(":function:AWSClientVPN-")) return undefined;
  return new AwsError(
    "InvalidParameterValue",
    `The Lambda function ${arn} must exist, with a name that begins with AWSClientVPN-`,
  );
}

function logStreamExists({ inputs, world }: Draft): AwsError | undefined {
  const [group, stream] = ["cloudwatchLogGroup", "cloudwatchLogStream"].map((key) =>
    text(inputs, `connectionLogOptions.${key}`),
  );
  const id = `${group ?? ""}:${stream ?? ""}`;
  if (!stream || byId(world, "aws:cloudwatch/logStream:LogStream", id)) return undefined;
  return new AwsError("InvalidParameterValue", `The log stream ${id} does not exist`);
}

const endpointOf = ({ inputs, world }: Draft) =>
  byId(world, endpointType, textAt(inputs, "clientVpnEndpointId"));

const subnetOf = (world: World, inputs: unknown) =>
  byId(world, subnetType, textAt(inputs, "subnetId"))?.inputs;

function subnetIsOfTheVpc(draft: Draft): AwsError | undefined {
  const [subnet, vpc] = [text(draft.inputs, "subnetId"), text(endpointOf(draft)?.inputs, "vpcId")];
  if (vpcOfSubnet(draft.world, subnet) === vpc) return undefined;
  return new AwsError("InvalidClientVpnSubnetId.NotFound", `subnet ${subnet} is not in ${vpc}`);
}

function zoneHasNoOther(draft: Draft): AwsError | undefined {
  const { inputs, world, previous } = draft;
  const zone = text(subnetOf(world, inputs), "availabilityZone");
  const others = allWith(
    world,
    associationType,
    "clientVpnEndpointId",
    inputs["clientVpnEndpointId"],
  ).filter(({ id }) => id !== previous?.id);
  const taken = others.find(
    (other) => text(subnetOf(world, other.inputs), "availabilityZone") === zone,
  );
  if (taken === undefined) return undefined;
  return new AwsError(
    "InvalidClientVpnSubnetId.DuplicateAz",
    `the endpoint has a target network in ${zone} already, ${taken.id}`,
  );
}

/** docs.aws.amazon.com/vpn/latest/clientvpn-admin/cvpn-working-target.html */
function subnetHasRoom({ inputs, world }: Draft): AwsError | undefined {
  const cidr = text(subnetOf(world, inputs), "cidrBlock");
  if (prefixOf(cidr) <= 27) return undefined;
  return new AwsError("InvalidParameterValue", `subnet ${cidr} must be a /27 or larger`);
}

function networksAreApart(draft: Draft): AwsError | undefined {
  const clients = text(endpointOf(draft)?.inputs, "clientCidrBlock");
  const vpc = byId(draft.world, "aws:ec2/vpc:Vpc", text(endpointOf(draft)?.inputs, "vpcId"));
  const local = text(vpc?.inputs, "cidrBlock");
  if (!overlapCidr(clients, local)) return undefined;
  return new AwsError(
    "InvalidClientVpnSubnetId.OverlappingCidr",
    `The client CIDR ${clients} overlaps ${local}`,
  );
}

function ruleIsForOneOrAll({ inputs }: Draft): AwsError | undefined {
  const given = ["accessGroupId", "authorizeAllGroups"].filter((key) => inputs[key] !== undefined);
  if (given.length === 1) return undefined;
  return new AwsError(
    "InvalidParameterCombination",
    `one of accessGroupId and authorizeAllGroups must be given, got ${given.join(" and ") || "none"}`,
  );
}

// docs.aws.amazon.com/vpn/latest/clientvpn-admin/limits.html
const rulesPerEndpoint = 200;

function endpointHasRoomForRules({ inputs, world, previous }: Draft): AwsError | undefined {
  const id = inputs["clientVpnEndpointId"];
  const others = allWith(world, ruleType, "clientVpnEndpointId", id).filter(
    (rule) => rule.id !== previous?.id,
  );
  if (others.length < rulesPerEndpoint) return undefined;
  return new AwsError(
    "ClientVpnAuthorizationRuleLimitExceeded",
    `${rulesPerEndpoint} rules of ${String(id)}`,
  );
}

const ruleId = (inputs: Properties): string =>
  ["clientVpnEndpointId", "targetNetworkCidr", "accessGroupId"]
    .map((key) => text(inputs, key))
    .filter((part) => part !== "")
    .join(",");

export const clientVpnRows: Record<string, ResourceRow> = {
  [endpointType]: {
    noun: "Client VPN endpoint",
    id: ec2Id("cvpn-endpoint"),
    tagged: true,
    required: ["authenticationOptions", "connectionLogOptions", "serverCertificateArn"],
    references: [
      { path: "vpcId", to: "vpc", onDelete: "refuse" },
      { path: "securityGroupIds[*]", to: "securityGroup", onDelete: "refuse" },
      {
        path: "authenticationOptions[*].samlProviderArn",
        to: "samlProviderArn",
        onDelete: "dangle",
      },
      {
        path: "connectionLogOptions.cloudwatchLogGroup",
        to: "logGroupName",
        onDelete: "dangle",
      },
    ],
    identifiers: ({ id }) => ({ clientVpnEndpoint: [id] }),
    computed: ({ id, scope, world }) => ({
      arn: `arn:aws:ec2:${scope.region}:${world.accountId}:client-vpn-endpoint/${id}`,
      dnsName: `*.${id}.prod.clientvpn.${scope.region}.amazonaws.com`,
    }),
    rules: [
      clientNetworkHasASize,
      certificateIsOfThePlace,
      sessionIsOffered,
      handlerIsAFunction,
      logStreamExists,
      securityGroupsAreOf(["securityGroupIds[*]"], ({ inputs }) => textAt(inputs, "vpcId")),
    ],
  },
  [associationType]: {
    noun: "target network",
    id: ec2Id("cvpn-assoc"),
    tagged: false,
    required: ["clientVpnEndpointId", "subnetId"],
    references: [
      // An endpoint goes after its last target network only.
      { path: "clientVpnEndpointId", to: "clientVpnEndpoint", onDelete: "refuse" },
      { path: "subnetId", to: "subnet", onDelete: "refuse" },
    ],
    computed: (draft) => ({
      associationId: draft.id,
      vpcId: vpcOfSubnet(draft.world, textAt(draft.inputs, "subnetId")) ?? "",
    }),
    rules: [subnetIsOfTheVpc, zoneHasNoOther, subnetHasRoom, networksAreApart],
  },
  [ruleType]: {
    noun: "authorization rule",
    id: ({ inputs }) => ruleId(inputs),
    tagged: false,
    required: ["clientVpnEndpointId", "targetNetworkCidr"],
    references: [{ path: "clientVpnEndpointId", to: "clientVpnEndpoint", onDelete: "cascade" }],
    computed: () => ({}),
    claims: ({ inputs }) => [
      {
        key: `authorization ${ruleId(inputs)}`,
        refusal: new AwsError(
          "InvalidClientVpnDuplicateAuthorizationRule",
          `the rule ${ruleId(inputs)} has already been added`,
        ),
      },
    ],
    rules: [ruleIsForOneOrAll, endpointHasRoomForRules],
  },
};
