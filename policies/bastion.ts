import { coversWorld, isWithin } from "./addresses";
import { is, isBetween, isSet } from "./conditions";
import type { Field, Finding, Resource, Stack } from "./model";
import {
  allows,
  grants,
  isEveryResource,
  isLimitedBy,
  limits,
  needsMfa,
  permissionTypes,
  permissionsOf,
  statements,
} from "./policy-documents";
import { resourceRule, stackRule } from "./rule";
import { opens, portsOf, ruleTypes, securityGroupRules } from "./security-group-rules";
import { token } from "./tokens";
import type { Truth } from "./truth";
import { all, any, not } from "./truth";
import { isBastion } from "./topology";

const bastionTypes = [token.autoScalingGroup, token.instance, token.spotInstanceRequest];

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

export const sessionsLogged = resourceRule({
  id: "bastion-session-logged",
  title: "Sessions are encrypted, logged to an encrypted log group, and end by themselves",
  severity: "high",
  level: "mandatory",
  requirements: ["M7", "S1"],
  controls: [],
  fix: "Set kmsKeyId, cloudWatchLogGroupName, cloudWatchEncryptionEnabled, idleSessionTimeout and maxSessionDuration in the session document.",
  url: "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html",
  types: [token.document],
  *check(document) {
    const type = document.at("documentType");
    if (type.unknown) yield type.undecided();
    else if (type.value !== "Session") {
      yield { verdict: "notApplicable", message: "the document is not for sessions" };
      return;
    }
    const content = document.at("content");
    if (document.at("documentFormat").value === "YAML") {
      yield document.at("documentFormat").fail("be JSON, which rules can read");
      return;
    }
    const inputs = content.json().at("inputs");
    // A tunnel has no text to log; Session Manager offers no more than its encryption.
    const isTunnel = content.json().at("sessionType").value === "Port";
    yield* inputs.at("kmsKeyId").must(isSet);
    if (isTunnel) return;
    yield* inputs.at("cloudWatchLogGroupName").must(isSet);
    yield* inputs.at("cloudWatchEncryptionEnabled").must(is(true));
    // Minutes. Session Manager takes 1 to 60 and 1 to 1440.
    yield* inputs.at("idleSessionTimeout").must(isBetween(1, 60));
    yield* inputs.at("maxSessionDuration").must(isBetween(1, 1440));
  },
});

const startSession = "ssm:StartSession";

/** Each statement of the stack that lets somebody start a session, or may. */
function* sessionStatements(stack: Stack): Iterable<{ statement: Field; starts: Truth }> {
  for (const resource of stack.all(...permissionTypes)) {
    for (const statement of permissionsOf(resource).flatMap(statements)) {
      const starts = grants(statement, startSession);
      if (starts !== false) yield { statement, starts };
    }
  }
}

function* everySessionStatement(
  stack: Stack,
  requirements: (statement: Field) => Iterable<[truth: Truth, rule: string]>,
): Iterable<Finding> {
  let applies = false;
  for (const { statement, starts } of sessionStatements(stack)) {
    applies = true;
    for (const [truth, rule] of requirements(statement)) {
      yield* statement.judge(any([not(starts), truth]), rule);
    }
  }
  if (!applies) {
    yield {
      verdict: "notApplicable",
      message: "no policy of the stack lets anybody start sessions",
    };
  }
}

export const sessionsNeedMfa = stackRule({
  id: "bastion-session-mfa",
  title:
    "People start sessions with multi-factor authentication, on named instances with named documents",
  severity: "critical",
  level: "mandatory",
  requirements: ["M7"],
  controls: [],
  fix: "Limit ssm:StartSession to document and tagged instance ARNs, with Bool aws:MultiFactorAuthPresent true.",
  url: "https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-restrict-access-quickstart.html",
  types: permissionTypes,
  *checkStack(stack) {
    yield* everySessionStatement(stack, function* (statement) {
      yield [needsMfa(statement), "require multi-factor authentication to start sessions"];
      yield [namesTargets(statement), "name the instances or documents of sessions"];
    });
  },
});

const instanceKeys = ["ssm:resourceTag/", "aws:ResourceTag/"];

/** Instances come and go, so a tag may name them; documents have names. */
function namesTargets(statement: Field): Truth {
  const targets = statement.at("Resource").each();
  return all([
    not(isEveryResource(statement)),
    targets.length > 0,
    ...targets.map((target): Truth => {
      if (target.unknown) return undefined;
      const arn = target.text;
      if (/:document\/.*[*?]/.test(arn)) return false;
      return /:(managed-)?instance\/.*[*?]/.test(arn) ? taggedOnly(statement) : true;
    }),
  ]);
}

function taggedOnly(statement: Field): Truth {
  return isLimitedBy(statement, instanceKeys);
}

export const sessionsFromTrustedNetworks = stackRule({
  id: "bastion-session-trusted-cidrs",
  title: "People start sessions from trusted networks",
  severity: "high",
  level: "mandatory",
  requirements: ["J17"],
  controls: [],
  fix: "Limit ssm:StartSession by IpAddress aws:SourceIp, or by aws:SourceVpc.",
  url: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceip",
  types: permissionTypes,
  *checkStack(stack) {
    yield* everySessionStatement(stack, function* (statement) {
      yield [comesFromTrusted(statement), "be limited to trusted networks by aws:SourceIp"];
    });
  },
});

function comesFromTrusted(statement: Field): Truth {
  const networks = limits(statement, ["aws:SourceIp"]).map((values): Truth => {
    if (values.some(({ unknown }) => unknown)) return undefined;
    return !coversWorld(values.map(({ text }) => text));
  });
  return any([
    not(allows(statement)),
    ...networks,
    isLimitedBy(statement, ["aws:SourceVpc", "aws:SourceVpce", "aws:VpcSourceIp"]),
  ]);
}
