import { isApplication } from "../load-balancer-form";
import { facesInternet, loadBalancerTypes } from "../load-balancers";
import { listenerRuleTypes, listenerTypes } from "../listeners";
import type { Field, Finding, References, Resource, Stack } from "../model";
import { token } from "../tokens";
import { isBastion } from "../topology";
import type { Truth } from "../truth";
import { all, any, not as inverted } from "../truth";

/** The two internets: each has addresses, routes and rules of its own. */
export type Family = 4 | 6;

/** Whether something holds, and on what that hangs while nobody knows. */
interface Known {
  truth: Truth;
  doubts: Finding[];
}

/** A port on which a door answers. */
export interface Listening {
  port: Field;
  /** What the port is called: its protocol, and the listener that has it. */
  label: (port: string) => string;
}

/** Something that may have an address on the internet. */
export interface Door {
  resource: Resource;
  kind:
    | "application load balancer"
    | "load balancer"
    | "bastion"
    | "machine"
    | "network interface"
    | "task";
  address: (family: Family) => Known;
  /** Fields that name its subnets. */
  subnets: Field[];
  /** Whether it stands in the default VPC, because nothing names a subnet; all of that VPC's own subnets are public. */
  inDefaultVpc: Known;
  /** Fields that name its security groups. */
  groups: Field[];
  /** Fields that name groups beside those, which take no default group's place. @default - none */
  addedGroups?: Field[];
  /** Whether it takes what comes when it has no security group. */
  openWithoutGroup: boolean;
  /** Ports on which it answers. @default - all that its groups let in */
  listening?: Listening[];
  /** Ports of which nobody knows yet whether they are this door's. */
  unknownListening: Field[];
}

function either(...parts: readonly Known[]): Known {
  const truth = any(parts.map((part) => part.truth));
  return { truth, doubts: truth === undefined ? parts.flatMap(({ doubts }) => doubts) : [] };
}

function both(...parts: readonly Known[]): Known {
  const truth = all(parts.map((part) => part.truth));
  return { truth, doubts: truth === undefined ? parts.flatMap(({ doubts }) => doubts) : [] };
}

function not({ truth, doubts }: Known): Known {
  return { truth: inverted(truth), doubts };
}

function known(field: Field, holds: (field: Field) => boolean): Known {
  return field.unknown
    ? { truth: undefined, doubts: [field.undecided()] }
    : { truth: holds(field), doubts: [] };
}

const isTrue = ({ text }: Field) => text === "true";
const isFilled = (field: Field) => field.each().length > 0 && field.text !== "0";

/** Everything in a stack that may have an address on the internet. */
export function doorsOf(stack: Stack): Door[] {
  return [
    ...stack.all(...loadBalancerTypes).map((balancer) => balancerDoor(balancer, stack)),
    ...stack.all(...machineTypes).map((machine) => machineDoor(machine, stack)),
    ...stack.all(token.networkInterface).map((card) => cardDoor(card, stack)),
    ...stack.all(...taskTypes).map((service) => taskDoor(service, stack)),
  ];
}

function balancerDoor(balancer: Resource, stack: Stack): Door {
  const facing = known(balancer.at("internal"), () => facesInternet(balancer) === true);
  const dualStack = known(balancer.at("ipAddressType"), ({ text }) => text.startsWith("dualstack"));
  const classic = balancer.type === token.loadBalancerClassic;
  const subnets = [
    ...balancer.each("subnets"),
    ...balancer.each("subnetMappings").map((mapping) => mapping.at("subnetId")),
  ];
  return {
    resource: balancer,
    kind: isApplication(balancer) ? "application load balancer" : "load balancer",
    address: (family) => (family === 4 ? facing : both(facing, dualStack)),
    subnets,
    // Only a classic one may name zones instead of subnets.
    inDefaultVpc: { truth: classic && subnets.length === 0, doubts: [] },
    groups: balancer.each("securityGroups"),
    // A network load balancer that was made without a group has none; the others get the VPC's default one.
    openWithoutGroup: !classic && !isApplication(balancer),
    listening: classic ? classicPorts(balancer) : listenersOf(balancer, stack),
    unknownListening: classic
      ? []
      : stack.danglers(listenerTypes, "loadBalancerArn", loadBalancerTypes),
  };
}

function classicPorts(balancer: Resource): Listening[] {
  return balancer.each("listeners").map((listener) => ({
    port: listener.at("lbPort"),
    label: (port) => `${listener.at("lbProtocol").text.toUpperCase()} ${port}`,
  }));
}

function listenersOf(balancer: Resource, stack: Stack): Listening[] {
  return stack.users(balancer, listenerTypes, "loadBalancerArn").map((listener) => ({
    port: listener.at("port"),
    label: (port) =>
      `${listener.at("protocol").text || "HTTP"} ${port}${purposeOf(listener, stack)}`,
  }));
}

/** A listener that only redirects serves nothing; what one of its rules does is served too. */
function purposeOf(listener: Resource, stack: Stack): string {
  const rules = stack.users(listener, listenerRuleTypes, "listenerArn");
  const strays = stack.danglers(listenerRuleTypes, "listenerArn", listenerTypes);
  const actions = [
    ...listener.each("defaultActions"),
    ...rules.flatMap((rule) => rule.each("actions")),
    ...strays,
  ];
  const redirects =
    actions.length > 0 && actions.every((one) => one.at("type").text === "redirect");
  return redirects ? " (redirects only)" : "";
}

const subnetTypes = [token.subnet, token.defaultSubnet];

/** Whether what is launched in one of the subnets gets an address without being asked. */
function givenBySubnet(subnets: readonly Field[], family: Family, stack: Stack): Known {
  const key = family === 4 ? "mapPublicIpOnLaunch" : "assignIpv6AddressOnCreation";
  const found = subnets.flatMap((field) => stack.refs(field, subnetTypes).found);
  // AWS gives addresses to all that is launched in subnets of the default VPC.
  const wanted = (subnet: Resource) => (field: Field) =>
    field.present ? isTrue(field) : family === 4 && subnet.type === token.defaultSubnet;
  return either(...found.map((subnet) => known(subnet.at(key), wanted(subnet))));
}

/** How elastic addresses and groups name what they are for. */
const attachments: readonly [type: string, path: string][] = [
  [token.eip, "instance"],
  [token.eip, "networkInterface"],
  [token.eipAssociation, "instanceId"],
  [token.eipAssociation, "networkInterfaceId"],
  [token.networkInterfaceGroup, "networkInterfaceId"],
];
const attachable = [token.instance, token.spotInstanceRequest, token.networkInterface];

/** Elastic addresses that are attached to something, or to nothing that the stack shows: a machine may take it by itself. */
function hasElasticAddress(resource: Resource, stack: Stack): boolean {
  const attached = attachments.some(
    ([type, path]) =>
      type !== token.networkInterfaceGroup && stack.users(resource, [type], path).length > 0,
  );
  const takes = resource.type !== token.networkInterface;
  return attached || (takes && freeAddresses(stack).length > 0);
}

/** Groups that a resource of their own puts on the network interface of a machine, or on one that stands alone. */
function addedGroups(resource: Resource, stack: Stack): Field[] {
  return stack
    .users(resource, [token.networkInterfaceGroup], "networkInterfaceId")
    .map((attachment) => attachment.at("securityGroupId"));
}

/** What stands alone is a part of something else, by the field that names it. */
const parts: readonly [types: readonly string[], path: string, wholes: readonly string[]][] = [
  ...attachments.map(([type, path]): [string[], string, string[]] => [[type], path, attachable]),
  [listenerTypes, "loadBalancerArn", loadBalancerTypes],
  [listenerRuleTypes, "listenerArn", listenerTypes],
  [[token.apiStage], "restApi", [token.restApi]],
  [[token.apiStageV2], "apiId", [token.api]],
  [[token.acceleratorListener], "acceleratorArn", [token.accelerator]],
];

/** Parts of what the stack does not show: they may open it. */
export function strayParts(stack: Stack): Finding[] {
  return parts.flatMap(([types, path, wholes]) =>
    stack.all(...types).flatMap((part) => {
      const { outside, unknown } = stack.refs(part.at(path), wholes);
      return [
        ...unknown.map((field) => field.undecided()),
        ...outside.map(({ text }) =>
          part.undecided(
            `what ${part.name} does to ${text} is unknown: the stack does not manage it`,
          ),
        ),
      ];
    }),
  );
}

/** Elastic addresses that nothing in the stack uses. */
function freeAddresses(stack: Stack): Resource[] {
  const uses: [type: string, path: string][] = [
    [token.natGateway, "allocationId"],
    [token.natGateway, "secondaryAllocationIds"],
    [token.natGatewayEipAssociation, "allocationId"],
    [token.eipAssociation, "allocationId"],
  ];
  return stack
    .all(token.eip)
    .filter(
      (address) =>
        !address.at("instance").present &&
        !address.at("networkInterface").present &&
        uses.every(([type, path]) => stack.users(address, [type], path).length === 0) &&
        !stack
          .all(token.natGateway, token.loadBalancer)
          .some((user) => usesInside(user, address, stack)),
    );
}

function usesInside(user: Resource, address: Resource, stack: Stack): boolean {
  const fields = [
    ...user.each("availabilityZoneAddresses").map((entry) => entry.at("allocationIds")),
    ...user.each("subnetMappings").map((mapping) => mapping.at("allocationId")),
  ];
  return fields.some((field) => stack.refs(field, [token.eip]).found.includes(address));
}

/** Where machines and groups of them say in which subnets they are. */
const machineSubnets: Record<string, string> = {
  [token.instance]: "subnetId",
  [token.spotInstanceRequest]: "subnetId",
  [token.autoScalingGroup]: "vpcZoneIdentifiers",
  [token.nodeGroup]: "subnetIds",
};

/** Machines, and what launches them. */
export const machineTypes = [...Object.keys(machineSubnets), token.fleet, token.spotFleetRequest];

/** A thing that says how a machine is launched: a resource, or a part of one. */
type Place = Pick<Resource, "at">;

const templateKeys = ["id", "name", "launchTemplateId", "launchTemplateName"];

/** By which templates machines are launched. */
function templatesOf(machine: Resource, stack: Stack): References[] {
  const mixed = machine.at("mixedInstancesPolicy.launchTemplate");
  const specifications = [
    mixed,
    ...mixed.at("overrides").each(),
    ...machine.each("launchTemplateConfigs"),
  ].map((one) => one.at("launchTemplateSpecification"));
  return [
    ...[machine.at("launchTemplate"), ...specifications].flatMap((one) =>
      templateKeys.map((key) => stack.refs(one.at(key), [token.launchTemplate])),
    ),
    stack.refs(machine.at("launchConfiguration"), [token.launchConfiguration]),
  ];
}

/** The subnets that a machine names, and those that are named for each type or zone. */
function subnetsOf(machine: Resource): Field[] {
  const path = machineSubnets[machine.type];
  const places = [
    ...machine.each("launchSpecifications"),
    ...machine.each("launchTemplateConfigs").flatMap((one) => one.at("overrides").each()),
  ];
  return [
    ...(path === undefined ? [] : machine.each(path)),
    ...places.flatMap((one) => one.at("subnetId").each()),
  ];
}

/** Each gives addresses; a prefix gives a network of them. */
const sixKeys = [
  "ipv6AddressCount",
  "ipv6Addresses",
  "ipv6AddressLists",
  "ipv6PrefixCount",
  "ipv6Prefixes",
];

function asksForSix(place: Place): Known[] {
  return sixKeys.map((key) => known(place.at(key), isFilled));
}

function machineDoor(machine: Resource, stack: Stack): Door {
  const references = templatesOf(machine, stack);
  const templates = new Set(references.flatMap(({ found }) => found));
  const launched: Place[] = [machine, ...templates, ...machine.each("launchSpecifications")];
  const cards = launched.flatMap((one) => one.at("networkInterfaces").each());
  const places = [...launched, ...cards];
  const elsewhere: Known[] = references.flatMap(({ outside, unknown }) => [
    ...outside.map(({ text }) =>
      doubt(machine, `what ${text} launches is unknown: the stack does not manage it`),
    ),
    ...unknown.map((field) => known(field, () => false)),
  ]);
  const subnets = [...subnetsOf(machine), ...cards.flatMap((card) => card.at("subnetId").each())];
  // A card that exists already is where it is: it is a door of its own.
  const inserted = [
    machine.at("primaryNetworkInterface.networkInterfaceId"),
    ...cards.map((card) => card.at("networkInterfaceId")),
  ].some(({ present }) => present);
  const inDefaultVpc =
    subnets.length > 0 || inserted ? { truth: false, doubts: [] } : not(either(...elsewhere));
  const asked = {
    4: places.map((place) => known(place.at("associatePublicIpAddress"), isTrue)),
    6: places.flatMap(asksForSix),
  };
  // What is said of IPv4 takes the place of the subnet's setting; IPv6 comes from either.
  const said = places.some((place) => place.at("associatePublicIpAddress").present);
  return {
    resource: machine,
    kind: [machine, ...templates].some(isBastion) ? "bastion" : "machine",
    address: (family) =>
      either(
        { truth: family === 4 && hasElasticAddress(machine, stack), doubts: [] },
        ...asked[family],
        ...elsewhere,
        ...(family === 4 && said ? [] : [givenBySubnet(subnets, family, stack)]),
        ...(family === 4 && !said ? [inDefaultVpc] : []),
      ),
    subnets,
    inDefaultVpc,
    groups: [
      ...launched.flatMap((one) => one.at("vpcSecurityGroupIds").each()),
      ...launched.flatMap((one) => one.at("securityGroups").each()),
      ...cards.flatMap((card) => card.at("securityGroups").each()),
    ],
    addedGroups: addedGroups(machine, stack),
    openWithoutGroup: false,
    unknownListening: [],
  };
}

function doubt(resource: Resource, message: string): Known {
  return { truth: undefined, doubts: [resource.undecided(message)] };
}

function cardDoor(card: Resource, stack: Stack): Door {
  return {
    resource: card,
    kind: "network interface",
    address: (family) =>
      family === 4
        ? { truth: hasElasticAddress(card, stack), doubts: [] }
        : either(...asksForSix(card), givenBySubnet(card.each("subnetId"), 6, stack)),
    subnets: card.each("subnetId"),
    inDefaultVpc: { truth: false, doubts: [] },
    groups: card.each("securityGroups"),
    addedGroups: addedGroups(card, stack),
    openWithoutGroup: false,
    unknownListening: [],
  };
}

/** Services whose tasks have a network interface each. */
export const taskTypes = [token.ecsService, token.ecsTaskSet];

function taskDoor(service: Resource, stack: Stack): Door {
  const network = service.at("networkConfiguration");
  const subnets = network.at("subnets").each();
  return {
    resource: service,
    kind: "task",
    // The subnet's settings are not heeded, its networks are: docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html
    address: (family) =>
      family === 4 ? known(network.at("assignPublicIp"), isTrue) : inDualStack(subnets, stack),
    subnets,
    inDefaultVpc: { truth: false, doubts: [] },
    groups: network.at("securityGroups").each(),
    openWithoutGroup: false,
    unknownListening: [],
  };
}

const sixNetworks = ["ipv6CidrBlock", "ipv6IpamPoolId", "ipv6Native"];

function inDualStack(subnets: readonly Field[], stack: Stack): Known {
  const found = subnets.flatMap((field) => stack.refs(field, subnetTypes).found);
  return either(
    ...found.flatMap((subnet) =>
      sixNetworks.map((key) =>
        known(subnet.at(key), ({ present, text }) => present && text !== "false"),
      ),
    ),
  );
}
