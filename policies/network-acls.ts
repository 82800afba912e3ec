import { coversWorld } from "./addresses";
import { numeric } from "./conditions";
import type { Field, Finding, Resource } from "./model";
import { resourceRule } from "./rule";
import { token } from "./tokens";

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
        ? standalone(resource)
        : resource.each("ingress").map(inline);
    const ordered = entries.toSorted((a, b) => numeric(a.number.value) - numeric(b.number.value));
    for (const port of adminPorts) {
      for (const version of [4, 6] as const) yield* firstMatch(ofVersion(ordered, version), port);
    }
  },
});

/** One entry of a list. */
interface Entry {
  number: Field;
  action: Field;
  protocol: Field;
  cidrs: Field[];
  from: Field;
  to: Field;
  /** Start of its fields' paths. */
  place: string;
}

function inline(entry: Field): Entry {
  return {
    number: entry.at("ruleNo"),
    action: entry.at("action"),
    protocol: entry.at("protocol"),
    cidrs: [entry.at("cidrBlock"), entry.at("ipv6CidrBlock")].filter(({ present }) => present),
    from: entry.at("fromPort"),
    to: entry.at("toPort"),
    place: entry.path,
  };
}

function standalone(rule: Resource): Entry[] {
  // An unknown direction is taken for the one that can do harm.
  if (rule.at("egress").value === true || rule.at("egress").value === "true") return [];
  return [
    {
      number: rule.at("ruleNumber"),
      action: rule.at("ruleAction"),
      protocol: rule.at("protocol"),
      cidrs: [rule.at("cidrBlock"), rule.at("ipv6CidrBlock")].filter(({ present }) => present),
      from: rule.at("fromPort"),
      to: rule.at("toPort"),
      place: rule.name,
    },
  ];
}

/** The entries with their networks of one IP version, which AWS matches apart from the other. */
function ofVersion(entries: readonly Entry[], version: 4 | 6): Entry[] {
  return entries
    .map((entry) => ({
      ...entry,
      cidrs: entry.cidrs.filter(({ path }) => path.endsWith("ipv6CidrBlock") === (version === 6)),
    }))
    .filter(({ cidrs }) => cidrs.length > 0);
}

const everywhere = new Set(["0.0.0.0/0", "::/0"]);

/** AWS takes the first entry that fits. */
function* firstMatch(entries: readonly Entry[], port: number): Iterable<Finding> {
  const allowed: string[] = [];
  for (const entry of entries) {
    const open = [entry.action, entry.protocol, ...entry.cidrs, entry.from, entry.to].find(
      ({ unknown }) => unknown,
    );
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
  const protocol = (entry.protocol.text || "-1").toLowerCase();
  if (["-1", "all"].includes(protocol)) return true;
  if (!["tcp", "6"].includes(protocol)) return false;
  const from = entry.from.present ? numeric(entry.from.value) : 0;
  const to = entry.to.present ? numeric(entry.to.value) : 65535;
  if (port !== 22 && from === answers.from && to === answers.to) return false;
  return from <= port && port <= to;
}

function showEntry({ protocol, from, to, cidrs }: Entry): string {
  const networks = cidrs.map(({ text }) => text).join(", ");
  const name = protocol.text || "-1";
  return ["-1", "all"].includes(name)
    ? `every protocol and port from ${networks}`
    : `${name} ${from.text || 0}-${to.text || 65535} from ${networks}`;
}
