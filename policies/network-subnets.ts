import { known } from "./conditions";
import type { Field, Finding, Resource, Stack } from "./model";
import { stackRule } from "./rule";
import { token } from "./tokens";
import { doubtsOf, isPublic } from "./topology";

export const subnetsMultiZone = stackRule({
  id: "net-subnets-multi-az",
  title: "The control plane spans at least two zones",
  severity: "medium",
  level: "mandatory",
  requirements: ["J1"],
  controls: [],
  fix: "Give the cluster subnets of two zones at least.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html",
  types: [token.cluster],
  *checkStack(stack) {
    for (const cluster of stack.all(token.cluster)) {
      const field = cluster.at("vpcConfig.subnetIds");
      const { found, outside, unknown } = stack.refs(field, [token.subnet]);
      const zones = new Set<unknown>();
      const open: Field[] = [...outside, ...unknown];
      for (const subnet of found) {
        const zone = [subnet.at("availabilityZone"), subnet.at("availabilityZoneId")].find(
          ({ present }) => present,
        );
        if (!zone || zone.unknown) open.push(zone ?? subnet.at("availabilityZone"));
        else zones.add(zone.value);
      }
      if (zones.size >= 2) continue;
      yield* open.length > 0
        ? open.map((unclear) => unclear.undecided())
        : [
            cluster.fail(
              `${field.path} must be in at least 2 zones, got ${[...zones].map(String).join(", ") || "none"}`,
            ),
          ];
    }
  },
});

const internal = "kubernetes.io/role/internal-elb";

const external = "kubernetes.io/role/elb";

export const subnetRoleTags = stackRule({
  id: "net-subnet-elb-tags",
  title:
    "Subnets invite internal load balancers where nodes live, and public ones only where the internet reaches",
  severity: "medium",
  level: "mandatory",
  requirements: ["J16", "S19"],
  controls: [],
  fix: `Tag the nodes' subnets ${internal}=1, and no private subnet ${external}.`,
  url: "https://docs.aws.amazon.com/eks/latest/userguide/network-load-balancing.html",
  types: [token.subnet],
  *checkStack(stack) {
    const defaults = defaultTags(stack);
    const subnets = stack.all(token.subnet);
    if (subnets.length > 0) {
      yield* defaults.filter(({ unknown }) => unknown).map((tags) => tags.undecided());
    }
    for (const subnet of subnets) yield* roleTags(subnet, stack, defaults);
    for (const group of stack.all(token.nodeGroup)) {
      for (const subnet of stack.refs(group.at("subnetIds"), [token.subnet]).found) {
        yield* tagOf(subnet, internal, defaults).must(
          known(
            `be 1: the subnet holds the nodes of ${group.name}`,
            (value) => String(value) === "1",
          ),
        );
      }
    }
  },
});

/** The tags that AWS providers put on every resource. A resource does not say which provider is its own, so those of all count. */
function defaultTags(stack: Stack): Field[] {
  return stack
    .all(token.awsProvider)
    .map((provider) => provider.at("defaultTags").json().at("tags"))
    .filter(({ present }) => present);
}

/** A tag of a subnet: its own, or one that a provider puts on it. */
function tagOf(subnet: Resource, key: string, defaults: readonly Field[]): Field {
  const own = subnet.at("tags").child(key);
  if (own.present && !own.unknown) return own;
  return defaults.map((tags) => tags.child(key)).find((tag) => tag.present && !tag.unknown) ?? own;
}

function* roleTags(subnet: Resource, stack: Stack, defaults: readonly Field[]): Iterable<Finding> {
  const tags = subnet.at("tags");
  if (tags.unknown) yield tags.undecided();
  const tag = (key: string) => tagOf(subnet, key, defaults);
  const tagged = (key: string) => tag(key).present && !tag(key).unknown;
  if (!tagged(internal) && !tagged(external)) return;
  const open = isPublic(subnet, stack);
  if (open === undefined) yield* doubtsOf(subnet, stack);
  const source = (key: string) =>
    tag(key).resource === subnet ? "" : `, and ${tag(key).resource.name} puts it on every resource`;
  if (open === true && tagged(internal)) {
    yield subnet.fail(
      `tags must not have ${internal}: the internet reaches ${subnet.name}${source(internal)}`,
    );
  }
  if (open === false && tagged(external)) {
    yield subnet.fail(
      `tags must not have ${external}: ${subnet.name} is private${source(external)}`,
    );
  }
}
