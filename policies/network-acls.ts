import { coversWorld, isPrivate } from "./addresses";
import { numeric } from "./conditions";
import type { Finding, Resource, Stack } from "./model";
import type { Direction, Entry, Ports } from "./network-acl-entries";
import {
  entriesOf,
  inline,
  ofVersion,
  portsOf,
  protocolOf,
  showEntry,
  standalone,
  unknownOf,
} from "./network-acl-entries";
import { resourceRule, stackRule } from "./rule";
import { token } from "./tokens";
import { isMeantPublic } from "./topology";
import type { Truth } from "./truth";
import { any, not } from "./truth";

/** SSH and RDP. */
const adminPorts = [22, 3389];

/** AWS' own range for answers to NAT gateways and to clients of all kinds. It contains 3389, so it passes as a whole only: docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports */
const answers = { from: 1024, to: 65535 };

export const naclNoOpenAdmin = resourceRule({
  id: "net-nacl-no-open-admin",
  title: "Network ACLs do not let the internet reach SSH or RDP",
  severity: "high",
  level: "mandatory",
  requirements: ["J16", "M5"],
  controls: ["avd:AWS-0105", "ckv:CKV_AWS_231", "ckv:CKV_AWS_232"],
  fix: "Allow from the internet only 80, 443 and the ephemeral ports of answers.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html",
  types: [token.networkAcl, token.defaultNetworkAcl, token.networkAclRule],
  *check(resource) {
    const entries =
      resource.type === token.networkAclRule
        ? standalone(resource, "ingress")
        : resource.each("ingress").map(inline);
    const ordered = entries.toSorted((a, b) => numeric(a.number.value) - numeric(b.number.value));
    for (const port of adminPorts) {
      for (const version of [4, 6] as const) yield* firstMatch(ofVersion(ordered, version), port);
    }
  },
});

const everywhere = new Set(["0.0.0.0/0", "::/0"]);

/** AWS takes the first entry that fits. */
function* firstMatch(entries: readonly Entry[], port: number): Iterable<Finding> {
  const allowed: string[] = [];
  for (const entry of entries) {
    const open = unknownOf(entry);
    if (open) {
      yield open.undecided();
      continue;
    }
    if (!covers(entry, port)) continue;
    const cidrs = entry.cidrs.map(({ text }) => text);
    if (entry.action.text.toLowerCase() === "deny") {
      if (cidrs.some((cidr) => everywhere.has(cidr))) return;
      continue;
    }
    allowed.push(...cidrs);
    if (!coversWorld(allowed)) continue;
    yield entry.action.resource.fail(
      `${entry.place} must not let the internet reach port ${port}, got ${showEntry(entry)}`,
    );
    return;
  }
}

function covers(entry: Entry, port: number): boolean {
  const protocol = protocolOf(entry);
  if (["-1", "all"].includes(protocol)) return true;
  if (!["tcp", "6"].includes(protocol)) return false;
  const { from, to } = portsOf(entry);
  if (port !== 22 && from === answers.from && to === answers.to) return false;
  return from <= port && port <= to;
}

export const naclNamedPorts = stackRule({
  id: "net-nacl-named-ports",
  title: "Network ACLs name the ports of the internet, and private subnets hear answers only",
  severity: "medium",
  level: "mandatory",
  requirements: ["J16", "J18"],
  controls: [],
  fix: "Allow from the internet 80, 443 and answers to public subnets and answers alone to private ones, and to the internet the ports in use.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/nacl-ephemeral-ports.html",
  types: [token.networkAcl],
  config: {
    firstAnswerPort: {
      type: "integer",
      default: 32_768,
      description:
        "First port on which clients in private subnets hear answers; 1024 where Lambda functions or load balancers are clients.",
    },
  },
  *checkStack(stack, { firstAnswerPort }) {
    for (const acl of stack.all(token.networkAcl)) {
      const ofPrivate = guardsPrivate(acl, stack);
      if (ofPrivate === undefined) yield acl.at("subnetIds").undecided();
      const named = ofPrivate ? privatePorts(firstAnswerPort) : publicPorts;
      for (const direction of ["ingress", "egress"] as const) {
        const entries = entriesOf(acl, direction, stack);
        for (const version of [4, 6] as const) {
          yield* onlyNamed(ofVersion(entries, version), direction, named[direction]);
        }
      }
    }
  },
});

type Named = Record<Direction, (ports: Ports) => boolean>;

/** Half of the port space, as for security groups. */
const tooManyPorts = 32_768;
const isOne = ({ from, to }: Ports) => from === to;

/** NAT gateways and load balancers hear answers on every port above the system's, and their clients do. */
const publicPorts: Named = {
  ingress: (ports) =>
    ports.from >= answers.from || (isOne(ports) && [80, 443].includes(ports.from)),
  egress: (ports) => isOne(ports) || ports.from >= answers.from,
};

const privatePorts = (firstAnswerPort: number): Named => ({
  ingress: ({ from }) => from >= firstAnswerPort,
  egress: (ports) =>
    isOne(ports) || (ports.from >= answers.from && ports.to - ports.from + 1 < tooManyPorts),
});

/** Whether a list holds for a subnet that is not meant to be public. */
function guardsPrivate(acl: Resource, stack: Stack): Truth {
  const associated = stack
    .users(acl, [token.networkAclAssociation], "networkAclId")
    .map((association) => association.at("subnetId"));
  const refs = [acl.at("subnetIds"), ...associated].map((field) =>
    stack.refs(field, [token.subnet]),
  );
  return any([
    ...refs.flatMap(({ found }) => found.map((subnet) => not(isMeantPublic(subnet, stack)))),
    ...refs.flatMap(({ unknown, outside }) => [...unknown, ...outside].map(() => undefined)),
  ]);
}

function* onlyNamed(
  entries: readonly Entry[],
  direction: Direction,
  named: (ports: Ports) => boolean,
): Iterable<Finding> {
  const open: Entry[] = [];
  for (const entry of entries) {
    const unknown = unknownOf(entry);
    if (unknown) yield unknown.undecided();
    else if (entry.action.text.toLowerCase() !== "deny" && !isNamed(entry, named)) open.push(entry);
  }
  // Entries that are no more than a part of the internet each may be all of it together.
  if (!coversWorld(open.flatMap(({ cidrs }) => cidrs.map(({ text }) => text)))) return;
  const way = direction === "ingress" ? "from" : "to";
  for (const entry of open.filter(({ cidrs }) => !cidrs.every(({ text }) => isPrivate(text)))) {
    yield entry.action.resource.fail(
      `${entry.place} must name the ports ${way} the internet, got ${showEntry(entry, way)}`,
    );
  }
}

function isNamed(entry: Entry, named: (ports: Ports) => boolean): boolean {
  const protocol = protocolOf(entry);
  if (["tcp", "6", "udp", "17"].includes(protocol)) return named(portsOf(entry));
  return isPathMtu(entry, protocol);
}

/** "Fragmentation needed" and "packet too big", without which large packets get lost: docs.aws.amazon.com/vpc/latest/userguide/path_mtu_discovery.html */
function isPathMtu({ icmpType, icmpCode }: Entry, protocol: string): boolean {
  const kind = `${protocol} ${icmpType.text} ${icmpCode.text}`;
  return ["icmp 3 4", "1 3 4", "icmpv6 2 0", "58 2 0"].includes(kind);
}
