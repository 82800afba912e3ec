import { known } from "./conditions";
import type { Field, Finding, Resource, Stack } from "./model";
import { stackRule } from "./rule";
import { token } from "./tokens";
import { isPublic } from "./topology";

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
    for (const subnet of stack.all(token.subnet)) yield* roleTags(subnet, stack);
    for (const group of stack.all(token.nodeGroup)) {
      for (const subnet of stack.refs(group.at("subnetIds"), [token.subnet]).found) {
        yield* subnet
          .at("tags")
          .child(internal)
          .must(
            known(
              `be 1: the subnet holds the nodes of ${group.name}`,
              (value) => String(value) === "1",
            ),
          );
      }
    }
  },
});

function* roleTags(subnet: Resource, stack: Stack): Iterable<Finding> {
  const tags = subnet.at("tags");
  const tagged = (key: string) => !tags.unknown && tags.child(key).present;
  if (tags.unknown) yield tags.undecided();
  if (!tagged(internal) && !tagged(external)) return;
  const open = isPublic(subnet, stack);
  if (open === undefined)
    yield subnet.undecided(`the routing of ${subnet.name} is unknown until up`);
  if (open === true && tagged(internal)) {
    yield subnet.fail(`tags must not have ${internal}: the internet reaches ${subnet.name}`);
  }
  if (open === false && tagged(external)) {
    yield subnet.fail(`tags must not have ${external}: ${subnet.name} is private`);
  }
}
