import { facesInternet, loadBalancerTypes } from "./load-balancers";
import type { Field, Finding, Resource, Stack } from "./model";
import { publicBastion } from "./public-bastion";
import { stackRule } from "./rule";
import { token } from "./tokens";

const addressTypes = ["A", "AAAA", "CNAME"];

export const dnsToKnownBalancer = stackRule({
  id: "exp-dns-to-known-lb",
  title: "Public names lead to the load balancer of the stack, or prove a certificate",
  severity: "medium",
  level: "advisory",
  requirements: ["C10", "J16"],
  controls: ["ckv:CKV2_AWS_23"],
  fix: "Make the record an alias of the public load balancer; a bastion that should be public is told to the pack by publicBastion.",
  url: "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-to-elb-load-balancer.html",
  types: [token.record],
  config: { publicBastion },
  *checkStack(stack, config) {
    const records = stack.all(token.record).filter((record) => !isPrivate(record, stack));
    const named = records.filter((record) => {
      const type = record.at("type");
      return type.unknown || addressTypes.includes(type.text.toUpperCase());
    });
    if (named.length === 0) {
      yield { verdict: "notApplicable", message: "no public record leads anywhere" };
    }
    for (const record of named) {
      const aliases = record.each("aliases").map((alias) => alias.at("name"));
      for (const alias of aliases) yield* leadsToBalancer(alias, stack);
      for (const value of record.each("records")) {
        yield* leadsHome(value, stack, config.publicBastion);
      }
    }
  },
});

/** Names of a private zone are seen inside its VPCs only. */
function isPrivate(record: Resource, stack: Stack): boolean {
  const { found } = stack.refs(record.at("zoneId"), [token.zone]);
  return found.length > 0 && found.every((zone) => zone.each("vpcs").length > 0);
}

function* leadsToBalancer(target: Field, stack: Stack): Iterable<Finding> {
  const { found, outside, unknown } = stack.refs(target, loadBalancerTypes);
  yield* unknown.map((field) => field.undecided());
  yield* outside.map((field) => field.fail("be the public load balancer of the stack"));
  for (const balancer of found) {
    const facing = facesInternet(balancer);
    if (facing === undefined) yield balancer.at("internal").undecided();
    if (facing === false) {
      yield target.resource.fail(
        `${target.path} must be a load balancer that faces the internet, got ${balancer.name}`,
      );
    }
  }
}

function* leadsHome(value: Field, stack: Stack, toBastion: boolean): Iterable<Finding> {
  const certificates = stack.refs(value, [token.certificate]).found;
  if (certificates.length > 0 || /\.acm-validations\.aws\.?$/.test(value.text)) return;
  if (toBastion && stack.refs(value, [token.eip]).found.length > 0) return;
  yield* leadsToBalancer(value, stack);
}
