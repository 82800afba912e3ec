import { containsCidr, overlapCidr } from "cidr-tools";
import {
  AwsError,
  allWith,
  byId,
  digest,
  ec2Id,
  numberAt,
  textAt,
  textsAt,
  valuesAt,
  type Claim,
  type Draft,
  type ResourceRow,
} from "./row";
import type { CloudResource, Properties, World } from "./world";

const vpcType = "aws:ec2/vpc:Vpc";
const subnetType = "aws:ec2/subnet:Subnet";

const claim = (key: string, code: string, message: string): Claim => ({
  key,
  refusal: new AwsError(code, message),
});

const arn = ({ scope, world }: Draft, resource: string) =>
  `arn:aws:ec2:${scope.region}:${world.accountId}:${resource}`;

/** VPC of the subnet. */
export function vpcOfSubnet(world: World, subnetId: string | undefined): string | undefined {
  return textAt(byId(world, subnetType, subnetId)?.inputs, "vpcId");
}

/** VPC of anything that is made in one, by its `vpcId`; a VPC's default group, list and table count as its own. */
function vpcOf(world: World, id: string | undefined): string | undefined {
  const owner = world.resources.find(
    (resource) =>
      resource.id === id ||
      (resource.type === vpcType && Object.values(resource.computed).includes(id)),
  );
  if (owner?.type === vpcType) return owner.id;
  return textAt(owner?.inputs, "vpcId") ?? vpcOfSubnet(world, textAt(owner?.inputs, "subnetId"));
}

/** The internet gateway that is attached to the VPC. */
export const internetGatewayOf = (
  world: World,
  vpcId: string | undefined,
): CloudResource | undefined =>
  allWith(world, "aws:ec2/internetGateway:InternetGateway", "vpcId", vpcId)[0];

const securityGroupVpc = (world: World, id: string): string | undefined =>
  vpcOf(world, id) ??
  // The group that EKS makes for a cluster is in the cluster's VPC.
  world.resources
    .filter((resource) => textAt(resource.computed, "vpcConfig.clusterSecurityGroupId") === id)
    .map((cluster) => textAt(cluster.computed, "vpcConfig.vpcId"))[0];

/** Refuses security groups of another VPC than the one at hand. */
export function securityGroupsAreOf(
  paths: string[],
  vpc: (draft: Draft) => string | undefined,
): (draft: Draft) => AwsError | undefined {
  return (draft) => {
    const own = vpc(draft);
    const stranger = paths
      .flatMap((path) => textsAt(draft.inputs, path))
      .find((id) => securityGroupVpc(draft.world, id) !== own);
    if (stranger === undefined) return undefined;
    return new AwsError(
      "InvalidParameter",
      `security group ${stranger} and ${own ?? "no VPC"} do not belong to the same network`,
    );
  };
}

/** Refuses subnets of another VPC than the one at hand. */
export function subnetsAreOf(
  path: string,
  vpc: (draft: Draft) => string | undefined,
): (draft: Draft) => AwsError | undefined {
  return (draft) => {
    const own = vpc(draft);
    const stranger = textsAt(draft.inputs, path).find((id) => vpcOfSubnet(draft.world, id) !== own);
    if (stranger === undefined) return undefined;
    return new AwsError(
      "InvalidParameter",
      `subnet ${stranger} and ${own ?? "no VPC"} do not belong to the same network`,
    );
  };
}

function blockSize(code: string): (draft: Draft) => AwsError | undefined {
  return ({ inputs }) => {
    const prefix = Number(textAt(inputs, "cidrBlock")?.split("/")[1]);
    if (prefix >= 16 && prefix <= 28) return undefined;
    return new AwsError(code, `The CIDR '${textAt(inputs, "cidrBlock") ?? ""}' is invalid`);
  };
}

function subnetFits({ inputs, world, previous }: Draft): AwsError | undefined {
  const [cidr, vpcId] = [textAt(inputs, "cidrBlock") ?? "", textAt(inputs, "vpcId")];
  const vpc = byId(world, vpcType, vpcId);
  if (!containsCidr(textAt(vpc?.inputs, "cidrBlock") ?? "", cidr)) {
    return new AwsError(
      "InvalidSubnet.Range",
      `The CIDR '${cidr}' is outside of ${vpcId ?? ""} (${textAt(vpc?.inputs, "cidrBlock") ?? ""})`,
    );
  }
  const taken = allWith(world, subnetType, "vpcId", vpcId).find(
    (other) =>
      other.id !== previous?.id && overlapCidr(textAt(other.inputs, "cidrBlock") ?? "", cidr),
  );
  if (taken === undefined) return undefined;
  return new AwsError(
    "InvalidSubnet.Conflict",
    `The CIDR '${cidr}' conflicts with ${taken.id} (${textAt(taken.inputs, "cidrBlock") ?? ""})`,
  );
}

function zoneIsOfTheRegion({ inputs, scope }: Draft): AwsError | undefined {
  const zone = textAt(inputs, "availabilityZone");
  if (zone === undefined || zone.slice(0, -1) === scope.region) return undefined;
  return new AwsError(
    "InvalidParameterValue",
    `Value (${zone}) for parameter availabilityZone is invalid: it is not in ${scope.region}`,
  );
}

const natVpc = (world: World, inputs: unknown): string | undefined =>
  textAt(inputs, "vpcId") ?? vpcOfSubnet(world, textAt(inputs, "subnetId"));

const isPublicNat = (inputs: unknown): boolean => textAt(inputs, "connectivityType") !== "private";

function natArguments({ inputs }: Draft): AwsError | undefined {
  const [subnet, vpc] = [textAt(inputs, "subnetId"), textAt(inputs, "vpcId")];
  const missing = (name: string, mode: string) =>
    new AwsError("MissingParameter", `A ${mode} NAT gateway must have ${name}`);
  if (textAt(inputs, "availabilityMode") === "regional") {
    if (vpc === undefined) return missing("vpcId", "regional");
    if (subnet === undefined) return undefined;
    return new AwsError(
      "InvalidParameterCombination",
      "A regional NAT gateway cannot have subnetId",
    );
  }
  if (subnet === undefined) return missing("subnetId", "zonal");
  if (!isPublicNat(inputs) || textAt(inputs, "allocationId") !== undefined) return undefined;
  return missing("allocationId", "public");
}

function natNetworkIsAttached({ inputs, world }: Draft): AwsError | undefined {
  const vpc = natVpc(world, inputs);
  if (!isPublicNat(inputs) || internetGatewayOf(world, vpc)) return undefined;
  return new AwsError(
    "Gateway.NotAttached",
    `Network ${vpc ?? ""} has no Internet gateway attached`,
  );
}

/** An internet gateway cannot be detached while addresses of its VPC are mapped to the internet. */
function hasMappedAddresses(gateway: CloudResource, world: World): AwsError | undefined {
  const vpc = textAt(gateway.inputs, "vpcId");
  const mapped = world.resources.find(
    ({ type, inputs, computed }) =>
      (type === "aws:ec2/natGateway:NatGateway" &&
        isPublicNat(inputs) &&
        natVpc(world, inputs) === vpc) ||
      (type === "aws:lb/loadBalancer:LoadBalancer" &&
        inputs["internal"] !== true &&
        computed["vpcId"] === vpc),
  );
  if (vpc === undefined || mapped === undefined) return undefined;
  return new AwsError(
    "DependencyViolation",
    `Network ${vpc} has some mapped public address(es), of ${mapped.id}: unmap those before detaching the gateway ${gateway.id}`,
  );
}

/** Target of a route and its table must be in one VPC. */
function routeStaysInItsNetwork({ inputs, world }: Draft): AwsError | undefined {
  const table = textAt(inputs, "routeTableId");
  for (const property of ["gatewayId", "natGatewayId", "vpcEndpointId"]) {
    const target = textAt(inputs, property);
    if (target !== undefined && vpcOf(world, target) !== vpcOf(world, table)) {
      return new AwsError(
        "InvalidParameterValue",
        `route table ${table ?? ""} and network gateway ${target} belong to different networks`,
      );
    }
  }
  return undefined;
}

const routeDestinations = [
  "destinationCidrBlock",
  "destinationIpv6CidrBlock",
  "destinationPrefixListId",
];
const routeTargets = [
  "gatewayId",
  "natGatewayId",
  "vpcEndpointId",
  "egressOnlyGatewayId",
  "networkInterfaceId",
  "transitGatewayId",
  "vpcPeeringConnectionId",
  "localGatewayId",
  "carrierGatewayId",
  "coreNetworkArn",
];

function oneTarget({ inputs }: Draft): AwsError | undefined {
  const targets = routeTargets.filter((property) => inputs[property] !== undefined);
  if (targets.length === 1) return undefined;
  return new AwsError(
    "InvalidParameterCombination",
    `A route must have exactly one target, got ${targets.join(" and ") || "none"}`,
  );
}

const routeClaim = (table: string, destination: string) =>
  claim(
    `route ${table} ${destination}`,
    "RouteAlreadyExists",
    `The route identified by ${destination} already exists in ${table}`,
  );

function associationIsInOneNetwork({ inputs, world }: Draft): AwsError | undefined {
  const [table, subnet] = [textAt(inputs, "routeTableId"), textAt(inputs, "subnetId")];
  if (vpcOf(world, table) === vpcOfSubnet(world, subnet)) return undefined;
  return new AwsError(
    "InvalidParameterValue",
    `route table ${table ?? ""} and subnet ${subnet ?? ""} belong to different networks`,
  );
}

function ruleNumbersAreDistinct({ inputs }: Draft): AwsError | undefined {
  for (const direction of ["ingress", "egress"]) {
    const numbers = valuesAt(inputs, `${direction}[*].ruleNo`).map(Number);
    const repeated = numbers.find((number, i) => numbers.indexOf(number) < i);
    if (repeated !== undefined) {
      return new AwsError(
        "NetworkAclEntryAlreadyExists",
        `The network acl entry identified by ${repeated} already exists (${direction})`,
      );
    }
    const outside = numbers.find((number) => number < 1 || number > 32766);
    if (outside !== undefined) {
      return new AwsError(
        "InvalidParameterValue",
        `Value (${outside}) for ruleNo is not 1 to 32766`,
      );
    }
  }
  return undefined;
}

// EC2's own words on descriptions: at most 255 characters, of this set and no other.
const description = /^[0-9A-Za-z_ .:/()#,@[\]+=&;{}!$*-]{0,255}$/;

function describedInPlainCharacters(paths: string[]): (draft: Draft) => AwsError | undefined {
  return ({ inputs }) => {
    const bad = paths
      .flatMap((path) => textsAt(inputs, path))
      .find((text) => !description.test(text));
    if (bad === undefined) return undefined;
    return new AwsError(
      "InvalidParameterValue",
      `Invalid rule description '${bad}': it may have at most 255 characters of a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*`,
    );
  };
}

const peers = ["cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"];

function ruleHasOnePeer({ inputs }: Draft): AwsError | undefined {
  const given = peers.filter((property) => inputs[property] !== undefined);
  if (given.length === 1) return undefined;
  return new AwsError(
    "InvalidParameterCombination",
    `A rule must have exactly one of ${peers.join(", ")}, got ${given.join(" and ") || "none"}`,
  );
}

function rulePortsAreARange({ inputs }: Draft): AwsError | undefined {
  const protocol = textAt(inputs, "ipProtocol");
  const [from, to] = [numberAt(inputs, "fromPort"), numberAt(inputs, "toPort")];
  if (protocol !== "tcp" && protocol !== "udp") return undefined;
  if (from !== undefined && to !== undefined && from >= 0 && from <= to && to <= 65535) {
    return undefined;
  }
  return new AwsError(
    "InvalidParameterValue",
    `Invalid ${protocol} port range ${from ?? "none"} to ${to ?? "none"}`,
  );
}

/** Another kind of peer replaces a rule; another value of the same kind does not. */
function peerKindChanged(olds: Properties, news: Properties): string[] {
  return peers.filter((peer) => (olds[peer] === undefined) !== (news[peer] === undefined));
}

function securityGroupRule(direction: "ingress" | "egress"): ResourceRow {
  return {
    noun: "security group rule",
    id: ec2Id("sgr"),
    tagged: true,
    required: ["securityGroupId", "ipProtocol"],
    references: [
      { path: "securityGroupId", to: "securityGroup", onDelete: "cascade" },
      { path: "referencedSecurityGroupId", to: "securityGroup", onDelete: "refuse" },
      { path: "prefixListId", to: "prefixList", onDelete: "dangle" },
    ],
    computed: (draft) => ({
      arn: arn(draft, `security-group-rule/${draft.id}`),
      securityGroupRuleId: draft.id,
    }),
    claims: ({ inputs }) => {
      const parts = ["ipProtocol", "fromPort", "toPort", ...peers];
      const rule = parts.map((part) => JSON.stringify(inputs[part] ?? null)).join(" ");
      const group = textAt(inputs, "securityGroupId") ?? "";
      return [
        claim(
          `${direction} ${group} ${rule}`,
          "InvalidPermission.Duplicate",
          `the specified ${direction} rule of ${group} already exists`,
        ),
      ];
    },
    replacedWhen: peerKindChanged,
    rules: [ruleHasOnePeer, rulePortsAreARange, describedInPlainCharacters(["description"])],
  };
}

const prefixLists: Record<string, (region: string) => string> = {
  s3: (region) => `pl-${digest(`${region} s3`, 8)}`,
  dynamodb: (region) => `pl-${digest(`${region} dynamodb`, 8)}`,
};

const serviceOf = (inputs: unknown): string =>
  textAt(inputs, "serviceName")?.split(".").at(-1) ?? "";
const endpointType = (inputs: unknown): string => textAt(inputs, "vpcEndpointType") ?? "Gateway";

function endpointSuitsItsService({ inputs, scope }: Draft): AwsError | undefined {
  const name = textAt(inputs, "serviceName") ?? "";
  if (!name.startsWith(`com.amazonaws.${scope.region}.`)) {
    return new AwsError(
      "InvalidServiceName",
      `The Vpc Endpoint Service '${name}' does not exist in ${scope.region}`,
    );
  }
  if (endpointType(inputs) !== "Gateway" || serviceOf(inputs) in prefixLists) return undefined;
  return new AwsError(
    "InvalidParameter",
    `Endpoint type (Gateway) does not match available service types ([Interface]) of ${name}`,
  );
}

function endpointSubnetsAreInDistinctZones({ inputs, world }: Draft): AwsError | undefined {
  const subnets = textsAt(inputs, "subnetIds[*]");
  const zones = subnets.map((id) =>
    textAt(byId(world, subnetType, id)?.inputs, "availabilityZone"),
  );
  const second = zones.findIndex((zone, i) => zone !== undefined && zones.indexOf(zone) < i);
  if (second < 0) return undefined;
  const first = zones.indexOf(zones[second]);
  return new AwsError(
    "DuplicateSubnetsInSameZone",
    `Found another VPC endpoint subnet in the availability zone of ${subnets[second] ?? ""}: ${subnets[first] ?? ""}`,
  );
}

function privateDnsHasItsVpcAttributes({ inputs, world }: Draft): AwsError | undefined {
  const vpc = byId(world, vpcType, textAt(inputs, "vpcId"));
  if (inputs["privateDnsEnabled"] !== true) return undefined;
  if (vpc?.inputs["enableDnsHostnames"] === true && vpc.inputs["enableDnsSupport"] !== false) {
    return undefined;
  }
  return new AwsError(
    "InvalidParameter",
    `Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for ${vpc?.id ?? ""}`,
  );
}

function endpointClaims({ inputs, scope }: Draft): Claim[] {
  const [vpc, name] = [textAt(inputs, "vpcId") ?? "", textAt(inputs, "serviceName") ?? ""];
  const list = prefixLists[serviceOf(inputs)]?.(scope.region) ?? "";
  const routes =
    endpointType(inputs) === "Gateway"
      ? textsAt(inputs, "routeTableIds[*]").map((table) => routeClaim(table, list))
      : [];
  if (inputs["privateDnsEnabled"] !== true) return routes;
  const message = `private-dns-enabled cannot be set because there is already a conflicting DNS domain for ${name} in the VPC ${vpc}`;
  return [...routes, claim(`private dns ${vpc} ${name}`, "InvalidParameter", message)];
}

export const networkRows: Record<string, ResourceRow> = {
  [vpcType]: {
    noun: "VPC",
    id: ec2Id("vpc"),
    tagged: true,
    required: ["cidrBlock"],
    references: [],
    identifiers: ({ id, computed }) => ({
      vpc: [id],
      securityGroup: [computed["defaultSecurityGroupId"]],
      networkAcl: [computed["defaultNetworkAclId"]],
      routeTable: [computed["defaultRouteTableId"]],
    }),
    computed: (draft) => {
      const table = `rtb-0${draft.digits(16, "main route table")}`;
      return {
        arn: arn(draft, `vpc/${draft.id}`),
        defaultSecurityGroupId: `sg-0${draft.digits(16, "default security group")}`,
        defaultNetworkAclId: `acl-0${draft.digits(16, "default network acl")}`,
        defaultRouteTableId: table,
        mainRouteTableId: table,
        ownerId: draft.world.accountId,
      };
    },
    replacedWhen: ({ instanceTenancy: old = "default" }, { instanceTenancy: now = "default" }) =>
      old === now || (old === "dedicated" && now === "default") ? [] : ["instanceTenancy"],
    rules: [blockSize("InvalidVpc.Range")],
  },
  [subnetType]: {
    noun: "subnet",
    id: ec2Id("subnet"),
    tagged: true,
    required: ["vpcId", "cidrBlock"],
    references: [{ path: "vpcId", to: "vpc", onDelete: "refuse" }],
    identifiers: ({ id }) => ({ subnet: [id] }),
    computed: (draft) => ({
      arn: arn(draft, `subnet/${draft.id}`),
      ownerId: draft.world.accountId,
    }),
    rules: [blockSize("InvalidSubnet.Range"), subnetFits, zoneIsOfTheRegion],
  },
  "aws:ec2/internetGateway:InternetGateway": {
    noun: "internet gateway",
    id: ec2Id("igw"),
    tagged: true,
    required: [],
    references: [{ path: "vpcId", to: "vpc", onDelete: "refuse" }],
    identifiers: ({ id }) => ({ internetGateway: [id] }),
    computed: (draft) => ({
      arn: arn(draft, `internet-gateway/${draft.id}`),
      ownerId: draft.world.accountId,
    }),
    claims: ({ inputs }) =>
      textsAt(inputs, "vpcId").map((vpc) =>
        claim(
          `internet gateway of ${vpc}`,
          "InvalidParameterValue",
          `Network ${vpc} already has an internet gateway attached`,
        ),
      ),
    keeps: hasMappedAddresses,
  },
  "aws:ec2/eip:Eip": {
    noun: "Elastic IP address",
    id: ec2Id("eipalloc"),
    tagged: true,
    required: [],
    references: [],
    identifiers: ({ id }) => ({ elasticIp: [id] }),
    computed: (draft) => ({
      allocationId: draft.id,
      arn: arn(draft, `elastic-ip/${draft.id}`),
      // 198.51.100.0/24 is set aside for documentation: no address of it is anybody's.
      publicIp: `198.51.100.${Number.parseInt(draft.digits(2, "address"), 16)}`,
    }),
    inUse: "InvalidIPAddress.InUse",
  },
  "aws:ec2/natGateway:NatGateway": {
    noun: "NAT gateway",
    id: ec2Id("nat"),
    tagged: true,
    required: [],
    references: [
      { path: "subnetId", to: "subnet", onDelete: "refuse" },
      { path: "allocationId", to: "elasticIp", onDelete: "refuse" },
      { path: "vpcId", to: "vpc", onDelete: "refuse" },
    ],
    identifiers: ({ id }) => ({ natGateway: [id] }),
    computed: (draft) => ({
      privateIp: "",
      publicIp: "",
      networkInterfaceId: `eni-0${draft.digits(16, "eni")}`,
    }),
    claims: ({ inputs }) =>
      textsAt(inputs, "allocationId").map((address) =>
        claim(
          `address ${address}`,
          "Resource.AlreadyAssociated",
          `Elastic IP address [${address}] is already associated`,
        ),
      ),
    rules: [natArguments, natNetworkIsAttached],
  },
  "aws:ec2/routeTable:RouteTable": {
    noun: "route table",
    id: ec2Id("rtb"),
    tagged: true,
    required: ["vpcId"],
    references: [
      { path: "vpcId", to: "vpc", onDelete: "refuse" },
      { path: "routes[*].gatewayId", to: "internetGateway", onDelete: "dangle" },
      { path: "routes[*].natGatewayId", to: "natGateway", onDelete: "dangle" },
    ],
    identifiers: ({ id }) => ({ routeTable: [id] }),
    computed: (draft) => ({
      arn: arn(draft, `route-table/${draft.id}`),
      ownerId: draft.world.accountId,
    }),
    claims: ({ id, inputs }) =>
      textsAt(inputs, "routes[*].cidrBlock").map((cidr) => routeClaim(id, cidr)),
  },
  "aws:ec2/route:Route": {
    noun: "route",
    id: ({ inputs, digits }) => `r-${textAt(inputs, "routeTableId") ?? ""}${digits(10)}`,
    tagged: false,
    required: ["routeTableId"],
    references: [
      { path: "routeTableId", to: "routeTable", onDelete: "cascade" },
      { path: "gatewayId", to: "internetGateway", onDelete: "dangle" },
      { path: "natGatewayId", to: "natGateway", onDelete: "dangle" },
    ],
    computed: () => ({ origin: "CreateRoute", state: "active" }),
    claims: ({ inputs }) =>
      routeDestinations
        .flatMap((property) => textsAt(inputs, property))
        .map((destination) => routeClaim(textAt(inputs, "routeTableId") ?? "", destination)),
    rules: [oneTarget, routeStaysInItsNetwork],
  },
  "aws:ec2/routeTableAssociation:RouteTableAssociation": {
    noun: "route table association",
    id: ec2Id("rtbassoc"),
    tagged: false,
    required: ["routeTableId", "subnetId"],
    references: [
      { path: "routeTableId", to: "routeTable", onDelete: "refuse" },
      { path: "subnetId", to: "subnet", onDelete: "cascade" },
    ],
    computed: () => ({}),
    claims: ({ inputs }) =>
      textsAt(inputs, "subnetId").map((subnet) =>
        claim(
          `route table of ${subnet}`,
          "Resource.AlreadyAssociated",
          `the subnet ${subnet} is already associated with a route table`,
        ),
      ),
    rules: [associationIsInOneNetwork],
  },
  "aws:ec2/networkAcl:NetworkAcl": {
    noun: "network ACL",
    id: ec2Id("acl"),
    tagged: true,
    required: ["vpcId"],
    references: [
      { path: "vpcId", to: "vpc", onDelete: "refuse" },
      { path: "subnetIds[*]", to: "subnet", onDelete: "dangle" },
    ],
    identifiers: ({ id }) => ({ networkAcl: [id] }),
    computed: (draft) => ({
      arn: arn(draft, `network-acl/${draft.id}`),
      ownerId: draft.world.accountId,
    }),
    // AWS would move the subnet in silence, and the two resources would pull it to and fro.
    claims: ({ inputs }) =>
      textsAt(inputs, "subnetIds[*]").map((subnet) =>
        claim(
          `network acl of ${subnet}`,
          "Resource.AlreadyAssociated",
          `the subnet ${subnet} is already associated with another network ACL`,
        ),
      ),
    rules: [
      ruleNumbersAreDistinct,
      subnetsAreOf("subnetIds[*]", ({ inputs }) => textAt(inputs, "vpcId")),
    ],
  },
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {
    noun: "default security group",
    id: ({ world, inputs }) =>
      textAt(byId(world, vpcType, textAt(inputs, "vpcId"))?.computed, "defaultSecurityGroupId") ??
      "",
    tagged: true,
    required: ["vpcId"],
    references: [{ path: "vpcId", to: "vpc", onDelete: "cascade" }],
    computed: (draft) => ({
      arn: arn(draft, `security-group/${draft.id}`),
      name: "default",
      ownerId: draft.world.accountId,
    }),
  },
  "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl": {
    noun: "default network ACL",
    id: ({ inputs }) => textAt(inputs, "defaultNetworkAclId") ?? "",
    tagged: true,
    required: ["defaultNetworkAclId"],
    references: [{ path: "defaultNetworkAclId", to: "networkAcl", onDelete: "cascade" }],
    computed: (draft) => ({
      arn: arn(draft, `network-acl/${draft.id}`),
      ownerId: draft.world.accountId,
    }),
    rules: [ruleNumbersAreDistinct],
  },
  "aws:ec2/defaultRouteTable:DefaultRouteTable": {
    noun: "default route table",
    id: ({ inputs }) => textAt(inputs, "defaultRouteTableId") ?? "",
    tagged: true,
    required: ["defaultRouteTableId"],
    references: [{ path: "defaultRouteTableId", to: "routeTable", onDelete: "cascade" }],
    computed: (draft) => ({
      arn: arn(draft, `route-table/${draft.id}`),
      ownerId: draft.world.accountId,
    }),
  },
  "aws:ec2/vpcEndpoint:VpcEndpoint": {
    noun: "VPC endpoint",
    id: ec2Id("vpce"),
    tagged: true,
    required: ["vpcId", "serviceName"],
    references: [
      { path: "vpcId", to: "vpc", onDelete: "refuse" },
      { path: "subnetIds[*]", to: "subnet", onDelete: "refuse" },
      { path: "securityGroupIds[*]", to: "securityGroup", onDelete: "refuse" },
      { path: "routeTableIds[*]", to: "routeTable", onDelete: "dangle" },
    ],
    identifiers: ({ computed }) => ({ prefixList: [computed["prefixListId"]] }),
    computed: (draft) => {
      const gateway = endpointType(draft.inputs) === "Gateway";
      const list = prefixLists[serviceOf(draft.inputs)]?.(draft.scope.region);
      return {
        arn: arn(draft, `vpc-endpoint/${draft.id}`),
        ownerId: draft.world.accountId,
        state: "available",
        ...(gateway && { prefixListId: list }),
      };
    },
    claims: endpointClaims,
    replacedWhen: (olds, news) =>
      endpointType(news) !== "Interface" && olds["privateDnsEnabled"] !== news["privateDnsEnabled"]
        ? ["privateDnsEnabled"]
        : [],
    rules: [
      endpointSuitsItsService,
      endpointSubnetsAreInDistinctZones,
      privateDnsHasItsVpcAttributes,
      subnetsAreOf("subnetIds[*]", ({ inputs }) => textAt(inputs, "vpcId")),
      securityGroupsAreOf(["securityGroupIds[*]"], ({ inputs }) => textAt(inputs, "vpcId")),
    ],
  },
  "aws:ec2/securityGroup:SecurityGroup": {
    noun: "security group",
    id: ec2Id("sg"),
    name: "name",
    tagged: true,
    required: ["vpcId"],
    references: [
      { path: "vpcId", to: "vpc", onDelete: "refuse" },
      { path: "ingress[*].securityGroups[*]", to: "securityGroup", onDelete: "refuse" },
      { path: "egress[*].securityGroups[*]", to: "securityGroup", onDelete: "refuse" },
    ],
    identifiers: ({ id }) => ({ securityGroup: [id] }),
    computed: (draft) => ({
      arn: arn(draft, `security-group/${draft.id}`),
      ownerId: draft.world.accountId,
    }),
    claims: ({ inputs }) => {
      const [vpc, name] = [textAt(inputs, "vpcId") ?? "", textAt(inputs, "name") ?? ""];
      const message = `The security group '${name}' already exists for VPC '${vpc}'`;
      return [claim(`security group ${vpc} ${name}`, "InvalidGroup.Duplicate", message)];
    },
    rules: [
      describedInPlainCharacters([
        "description",
        "ingress[*].description",
        "egress[*].description",
      ]),
    ],
  },
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": securityGroupRule("ingress"),
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": securityGroupRule("egress"),
  // AWS makes these by itself; a program cannot.
};
