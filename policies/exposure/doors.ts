import { isApplication } from "../load-balancer-form";
import { facesInternet, loadBalancerTypes } from "../load-balancers";
import { listenerTypes } from "../listeners";
import type { Field, Finding, Resource, Stack } from "../model";
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
  kind: "application load balancer" | "load balancer" | "bastion" | "machine" | "network interface";
  address: (family: Family) => Known;
  /** Fields that name its subnets. */
  subnets: Field[];
  /** Whether it stands in the default VPC, because nothing names a subnet; all of that VPC's own subnets are public. */
  inDefaultVpc: Known;
  /** Fields that name its security groups. */
  groups: Field[];
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
    ...stack.all(...Object.keys(machineSubnets)).map((machine) => machineDoor(machine, stack)),
    ...stack.all(token.networkInterface).map((card) => cardDoor(card, stack)),
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
    label: (port) => `${listener.at("protocol").text || "HTTP"} ${port}${purposeOf(listener)}`,
  }));
}

/** A listener that only redirects serves nothing. */
function purposeOf(listener: Resource): string {
  const actions = listener.each("defaultActions");
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

/** Elastic addresses that are attached to something, or to nothing that the stack shows: a machine may take it by itself. */
function hasElasticAddress(resource: Resource, key: "instance" | "networkInterface", stack: Stack) {
  const associationKey = key === "instance" ? "instanceId" : "networkInterfaceId";
  const attached =
    stack.users(resource, [token.eip], key).length > 0 ||
    stack.users(resource, [token.eipAssociation], associationKey).length > 0;
  return attached || (key === "instance" && freeAddresses(stack).length > 0);
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

/** Where they say by which template they are launched. */
const templatePaths = [
  "launchTemplate",
  "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification",
].flatMap((path) =>
  ["id", "name", "launchTemplateId", "launchTemplateName"].map((key) => `${path}.${key}`),
);

function machineDoor(machine: Resource, stack: Stack): Door {
  const templates = [
    ...templatePaths.map((path) => stack.refs(machine.at(path), [token.launchTemplate])),
    stack.refs(machine.at("launchConfiguration"), [token.launchConfiguration]),
  ];
  const launched = [machine, ...new Set(templates.flatMap(({ found }) => found))];
  const cards = launched.flatMap((one) => one.each("networkInterfaces"));
  const places = [...launched, ...cards];
  const elsewhere: Known[] = templates.flatMap(({ outside, unknown }) => [
    ...outside.map(({ text }) =>
      doubt(machine, `what ${text} launches is unknown: the stack does not manage it`),
    ),
    ...unknown.map((field) => known(field, () => false)),
  ]);
  const subnets = [
    ...machine.each(machineSubnets[machine.type] ?? "subnetId"),
    ...cards.flatMap((card) => card.at("subnetId").each()),
  ];
  // A card that exists already is where it is: it is a door of its own.
  const inserted = [
    machine.at("primaryNetworkInterface.networkInterfaceId"),
    ...cards.map((card) => card.at("networkInterfaceId")),
  ].some(({ present }) => present);
  const inDefaultVpc =
    subnets.length > 0 || inserted ? { truth: false, doubts: [] } : not(either(...elsewhere));
  const asked = {
    4: places.map((place) => known(place.at("associatePublicIpAddress"), isTrue)),
    6: ["ipv6AddressCount", "ipv6Addresses"].flatMap((key) =>
      places.map((place) => known(place.at(key), isFilled)),
    ),
  };
  // What is said of IPv4 takes the place of the subnet's setting; IPv6 comes from either.
  const said = places.some((place) => place.at("associatePublicIpAddress").present);
  return {
    resource: machine,
    kind: launched.some(isBastion) ? "bastion" : "machine",
    address: (family) =>
      either(
        { truth: family === 4 && hasElasticAddress(machine, "instance", stack), doubts: [] },
        ...asked[family],
        ...elsewhere,
        ...(family === 4 && said ? [] : [givenBySubnet(subnets, family, stack)]),
        ...(family === 4 && !said ? [inDefaultVpc] : []),
      ),
    subnets,
    inDefaultVpc,
    groups: [
      ...launched.flatMap((one) => one.each("vpcSecurityGroupIds")),
      ...launched.flatMap((one) => one.each("securityGroups")),
      ...cards.flatMap((card) => card.at("securityGroups").each()),
    ],
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
        ? { truth: hasElasticAddress(card, "networkInterface", stack), doubts: [] }
        : either(
            ...["ipv6AddressCount", "ipv6Addresses"].map((key) => known(card.at(key), isFilled)),
            givenBySubnet(card.each("subnetId"), 6, stack),
          ),
    subnets: card.each("subnetId"),
    inDefaultVpc: { truth: false, doubts: [] },
    groups: card.each("securityGroups"),
    openWithoutGroup: false,
    unknownListening: [],
  };
}
