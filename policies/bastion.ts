import { coversWorld, isWithin } from "./addresses";
import { isBetween } from "./conditions";
import type { Finding, Resource } from "./model";
import { stackRule } from "./rule";
import { opens, portsOf, ruleTypes, securityGroupRules } from "./security-group-rules";
import { token } from "./tokens";
import { isBastion } from "./topology";

/** Types that a bastion may be of. */
export const bastionTypes = [token.autoScalingGroup, token.instance, token.spotInstanceRequest];

export const singleBastion = stackRule({
  id: "bastion-single",
  title: "There is one bastion, in a group that replaces it when it breaks and when it is old",
  severity: "medium",
  level: "mandatory",
  requirements: ["J16"],
  controls: [],
  fix: "Run the bastion in an Auto Scaling group with minSize 1, maxSize 1 and a maxInstanceLifetime.",
  url: "https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-max-instance-lifetime.html",
  types: bastionTypes,
  *checkStack(stack) {
    const bastions = stack.all(...bastionTypes).filter(isBastion);
    if (bastions.length === 0) {
      yield { verdict: "notApplicable", message: "the stack has no bastion" };
    }
    for (const bastion of bastions.slice(1)) {
      yield bastion.fail(
        `${bastion.name} must be the only bastion, got ${bastions.map(({ name }) => name).join(", ")}`,
      );
    }
    for (const bastion of bastions) yield* healsItself(bastion);
  },
});

/** What EC2 Auto Scaling takes as the longest life of an instance, in seconds: a day to a year. */
const lifetime = isBetween(86_400, 31_536_000);

function* healsItself(bastion: Resource): Iterable<Finding> {
  if (bastion.type !== token.autoScalingGroup) {
    yield bastion.fail(`${bastion.name} must be in an Auto Scaling group, got an instance`);
    return;
  }
  yield* bastion.must("minSize", isBetween(1, 1));
  yield* bastion.must("maxSize", isBetween(1, 1));
  yield* bastion.must("maxInstanceLifetime", lifetime);
}

const ssh = 22;

export const sshTrustedNetworks = stackRule({
  id: "bastion-ssh-trusted-cidrs",
  title: "SSH is open to security groups and trusted networks only",
  severity: "critical",
  level: "mandatory",
  requirements: ["J17", "M5"],
  controls: ["avd:AWS-0107", "ckv:CKV_AWS_24"],
  fix: "Allow port 22 from the networks that people work in.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules-reference.html",
  types: [...ruleTypes],
  config: {
    trustedCidrs: {
      type: "array",
      items: { type: "string" },
      default: [] as string[],
      description:
        "Networks that SSH may come from. Empty: any that is not as good as the internet.",
    },
  },
  *checkStack(stack, { trustedCidrs }) {
    for (const rule of securityGroupRules(stack)) {
      if (rule.direction === "egress" || opens(rule, ssh) === false) continue;
      if (portsOf(rule) === undefined && rule.cidrs.length > 0) {
        yield* [rule.protocol, rule.fromPort, rule.toPort]
          .filter(({ unknown }) => unknown)
          .map((field) => field.undecided());
        continue;
      }
      for (const cidr of rule.cidrs) {
        if (cidr.unknown) yield cidr.undecided();
        else if (!isTrusted(cidr.text, trustedCidrs)) {
          yield cidr.fail("be a trusted network: the rule opens SSH");
        }
      }
    }
  },
});

function isTrusted(cidr: string, trusted: readonly string[]): boolean {
  return trusted.length > 0 ? isWithin(trusted, cidr) : !coversWorld([cidr]);
}
