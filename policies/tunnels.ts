import { isIP } from "node:net";
import { addressesIn, isNetwork, isWithin } from "./addresses";
import type { Condition } from "./conditions";
import { known } from "./conditions";
import type { Field, Finding, Stack } from "./model";
import { stackRule } from "./rule";
import { withContent } from "./session-documents";
import { token } from "./tokens";

export const tunnelsNarrow = stackRule({
  id: "bastion-tunnel-narrow",
  title: "Tunnels lead to named hosts and ports",
  severity: "high",
  level: "mandatory",
  requirements: ["M7", "J16"],
  controls: [],
  fix: "Write host and portNumber into the document, or give their parameters an allowedPattern from ^ to $ that fits the hosts and ports in use; leave out the host for the instance itself.",
  url: "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html",
  types: [token.document],
  *checkStack(stack) {
    const findings = stack
      .all(token.document)
      .flatMap((document) => [...withContent(document, (content) => ofTunnel(content, stack))]);
    const others = findings.filter(({ verdict }) => verdict === "notApplicable");
    const isTunnel = others.length < stack.all(token.document).length;
    yield* isTunnel ? findings.filter((finding) => !others.includes(finding)) : others;
  },
});

function* ofTunnel(content: Field, stack: Stack): Iterable<Finding> {
  const type = content.at("sessionType");
  if (type.unknown) yield type.undecided();
  else if (type.value !== "Port") {
    yield { verdict: "notApplicable", message: "the document is not for tunnels" };
    return;
  }
  // Without a host the tunnel ends on the instance itself.
  yield* limited(content, "host", {
    fixed: known("be another host, or left out", (host) => !isClosed(String(host))),
    isNarrow: (pattern) =>
      !strangers.some((host) => pattern.test(host)) && fitsFewMachines(stack, pattern),
  });
  yield* limited(content, "portNumber", { isNarrow: (pattern) => fitsFewOf(ports(), pattern) });
}

interface Targets {
  /** What a value in the document must be. @default - anything */
  fixed?: Condition;
  /** Whether a pattern fits targets in use and no others. */
  isNarrow: (pattern: RegExp) => boolean;
}

/** A property is as narrow as the pattern of the parameter that it is taken from, or fixed. */
function* limited(content: Field, property: string, targets: Targets): Iterable<Finding> {
  const value = content.at(`properties.${property}`);
  if (!value.text.includes("{{")) {
    if (value.present && targets.fixed) yield* value.must(targets.fixed);
    else if (value.unknown) yield value.undecided();
    return;
  }
  const [, name] = /^\s*\{\{\s*([^\s{}]+)\s*\}\}\s*$/.exec(value.text) ?? [];
  if (name === undefined) {
    yield value.fail("be fixed or one parameter");
    return;
  }
  const pattern = content.at("parameters").child(name).at("allowedPattern");
  yield* pattern.must(
    known("be a pattern from ^ to $ that fits the targets in use and no others", (text) => {
      if (typeof text !== "string" || !isWhole(text)) return false;
      try {
        return targets.isNarrow(new RegExp(text));
      } catch {
        // What JavaScript cannot read nobody has looked at.
        return false;
      }
    }),
  );
}

/** Whether a pattern says what the whole text is: `^a|b$` leaves one end of each open, and what is not is no target. */
function isWhole(pattern: string): boolean {
  let outside = pattern.replace(/\\./g, "").replace(/\[[^\]]*\]/g, "");
  while (/\([^()]*\)/.test(outside)) outside = outside.replace(/\([^()]*\)/g, "");
  return /^\^.*\$$/.test(pattern) && !outside.includes("|") && !/\(\?<?!/.test(pattern);
}

/** The instance itself, and what AWS answers for it: docs.aws.amazon.com/whitepapers/latest/ipv6-on-aws/supporting-amazon-vpc-services.html */
const closedNetworks = [
  "0.0.0.0/8",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "fd00:ec2::/32",
  "fe80::/10",
  // Its own address, and addresses of IPv4 in another spelling.
  "::/96",
  "::ffff:0:0/96",
];

function isClosed(host: string): boolean {
  const name = host
    .trim()
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();
  if (isIP(name) !== 0) return isWithin(closedNetworks, name);
  return closedNames.some((closed) => closed.test(name));
}

const closedNames = [
  /^(localhost|instance-data)(\.|$)|\.localhost\.?$/,
  // To the C library these numbers are an address.
  /^(0x[\da-f]+|\d+)(\.(0x[\da-f]+|\d+))*$/,
  // Services of DNS answer with the address in a name.
  /169[.-]254[.-]/,
];

/** What no pattern should fit: closed hosts, and such as stand for any address and any name. */
const strangers = [
  "169.254.169.254",
  "169.254.170.2",
  "fd00:ec2::254",
  "127.0.0.1",
  "::1",
  "localhost",
  "instance-data",
  "10.0.0.1",
  "172.16.0.1",
  "192.168.0.1",
  "203.0.113.1",
  "example.com",
  "ip-10-0-0-1",
  "ip-10-0-0-1.ec2.internal",
  "ip-10-0-0-1.eu-west-1.compute.internal",
  "i-0123456789abcdef0.eu-west-1.compute.internal",
];

const mostTargets = 16;

function fitsFewOf(targets: Iterable<string>, pattern: RegExp, most = mostTargets): boolean {
  let fitting = 0;
  for (const target of targets) {
    if (pattern.test(target)) fitting++;
    if (fitting > most) return false;
  }
  return true;
}

function* ports(): Iterable<string> {
  for (let port = 1; port <= 65_535; port++) yield `${port}`;
}

/** Whether a pattern fits few machines in the networks of the stack, by address or by name; one name of some is tried. */
function fitsFewMachines(stack: Stack, pattern: RegExp): boolean {
  const networks = stack
    .all(token.vpc, token.vpcNetwork)
    .map((vpc) => vpc.at("cidrBlock").text)
    .filter(isNetwork);
  const regions = stack.all(token.awsProvider).map((provider) => provider.at("region").text);
  return networks.every(
    (network) =>
      fitsFewOf(addressesIn(network), pattern) &&
      fitsFewOf(namesIn(addressesIn(network, mostTargets), regions), pattern, 1),
  );
}

/** What machines with the addresses are called: docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-naming.html */
function* namesIn(addresses: Iterable<string>, regions: readonly string[]): Iterable<string> {
  for (const address of addresses) {
    const name = `ip-${address.replaceAll(".", "-")}`;
    yield name;
    yield `${name}.ec2.internal`;
    for (const region of regions) yield `${name}.${region}.compute.internal`;
  }
}
