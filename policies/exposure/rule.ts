import type { Finding, Resource, Stack } from "../model";
import { publicBastion } from "../public-bastion";
import { stackRule } from "../rule";
import { loadBalancerTypes } from "../load-balancers";
import { token } from "../tokens";
import type { Exposure } from "./exposures";
import { machineTypes, taskTypes } from "./doors";
import { exposuresOf } from "./exposures";
import { hostedTypes } from "./hosted-endpoints";
import { publicEndpointsOf } from "./public-endpoints";
import { unknownTypes } from "./private-types";

const doorTypes = [
  ...loadBalancerTypes,
  ...machineTypes,
  ...taskTypes,
  token.networkInterface,
  token.cluster,
  token.clientVpnEndpoint,
  token.openSearchDomain,
  token.elasticsearchDomain,
  ...hostedTypes,
];
const doors: ReadonlySet<string> = new Set(doorTypes);

export const onlyTheEntry = stackRule({
  id: "net-only-bastion-and-alb-public",
  title:
    "The internet reaches one application load balancer, and a bastion or a VPN where there is one",
  severity: "critical",
  level: "mandatory",
  requirements: ["J16", "C10", "S13"],
  controls: ["avd:AWS-0053", "avd:AWS-0107"],
  fix: "Take away the address, the route to the internet gateway, the rule, the VPN or the service that the message names, or make the service private; a bastion or a VPN that should be there is told to the pack by publicBastion or publicVpn.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/how-it-works.html#what-is-connectivity",
  types: [
    ...doorTypes,
    // Without one of them, what a stack has of AWS may be of types that nobody knows.
    token.awsProvider,
    token.awsNativeProvider,
  ],
  config: {
    publicBastion,
    publicVpn: {
      type: "boolean" as const,
      default: false,
      description: "Whether a Client VPN may answer to the internet, for people who come by it.",
    },
  },
  *checkStack(stack, config) {
    const { found, doubts: ways } = exposuresOf(stack);
    const doubts = [...ways, ...unknownTypes(stack, doors)];
    yield* doubts;
    const entries = new Set(
      found.filter(({ kind }) => kind === "application load balancer").map(({ door }) => door.urn),
    );
    for (const exposure of found) {
      const expected = isEntry(exposure, entries) || isDoorOfPeople(exposure, config.publicBastion);
      yield* told(exposure.door, wordsOf(exposure), expected);
    }
    yield* endpoints(stack, config.publicVpn);
    const noEndpoint = publicEndpointsOf(stack).every(
      ({ sources, doubts: open }) => sources.length === 0 && open.length === 0,
    );
    // What is in doubt is told as undecided.
    if (found.length === 0 && doubts.length === 0 && noEndpoint) {
      yield { verdict: "note", message: "Exposure: the internet reaches nothing of the stack" };
    }
  },
});

/** The one load balancer, on the ports of the web. */
function isEntry({ kind, ports }: Exposure, entries: ReadonlySet<string>): boolean {
  const web = ports.from === ports.to && [80, 443].includes(ports.from);
  return kind === "application load balancer" && entries.size === 1 && web;
}

function isDoorOfPeople({ kind, ports }: Exposure, allowed: boolean): boolean {
  return allowed && kind === "bastion" && ports.from === 22 && ports.to === 22;
}

function wordsOf({ port, sources, path }: Exposure): string {
  return `${port} from ${sources.join(", ")} by ${path.join(", ")}`;
}

function* endpoints(stack: Stack, vpnAllowed: boolean): Iterable<Finding> {
  for (const { resource, kind, port, sources, into = [], doubts } of publicEndpointsOf(stack)) {
    yield* doubts;
    if (sources.length === 0 || doubts.length > 0) continue;
    const way = ["an endpoint of AWS", ...into].join(", ");
    const words = `${port} from ${sources.join(", ")} by ${way}`;
    yield* told(resource, words, vpnAllowed && kind === "VPN");
  }
}

/** What the internet reaches is told in any case, so that people see it; and it fails unless it is expected. */
function* told(door: Resource, words: string, expected: boolean): Iterable<Finding> {
  yield { verdict: "note", message: `Exposure: ${words}`, urn: door.urn };
  if (!expected)
    yield door.fail(`${door.name} must not be within reach of the internet, got ${words}`);
}
