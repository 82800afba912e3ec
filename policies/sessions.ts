import { coversWorld } from "./addresses";
import { bastionTypes } from "./bastion";
import { metadataIsOff } from "./compute";
import { is, isBetween, isNot, isSet } from "./conditions";
import { templates, templatesOf } from "./launch-templates";
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
  wants,
} from "./policy-documents";
import { resourceRule, stackRule } from "./rule";
import { withContent } from "./session-documents";
import { token } from "./tokens";
import { isBastion } from "./topology";
import type { Truth } from "./truth";
import { all, any, not } from "./truth";
import { readings } from "./user-data";

export const sessionsLogged = resourceRule({
  id: "bastion-session-logged",
  title: "Sessions are encrypted, logged to an encrypted log group, and end by themselves",
  severity: "high",
  level: "mandatory",
  requirements: ["M7", "S1"],
  controls: [],
  fix: "Set kmsKeyId, cloudWatchLogGroupName, cloudWatchEncryptionEnabled, cloudWatchStreamingEnabled, idleSessionTimeout and maxSessionDuration in the session document, and leave runAsEnabled false.",
  url: "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html",
  types: [token.document],
  *check(document) {
    yield* withContent(document, function* (content) {
      const inputs = content.at("inputs");
      yield* inputs.at("kmsKeyId").must(isSet);
      // A tunnel has no text to log.
      if (content.at("sessionType").value === "Port") return;
      yield* inputs.at("cloudWatchLogGroupName").must(isSet);
      yield* inputs.at("cloudWatchEncryptionEnabled").must(is(true));
      // Else the log is written at the end, and not when the instance is gone before.
      yield* inputs.at("cloudWatchStreamingEnabled").must(is(true));
      // A tag of the caller names the user then, who may be a sudoer:
      // docs.aws.amazon.com/systems-manager/latest/userguide/session-preferences-run-as.html
      yield* inputs.at("runAsEnabled").must(isNot(true));
      // Minutes. Session Manager takes 1 to 60 and 1 to 1440.
      yield* inputs.at("idleSessionTimeout").must(isBetween(1, 60));
      yield* inputs.at("maxSessionDuration").must(isBetween(1, 1440));
    });
  },
});

/** Each statement of the stack that allows one of the actions, or may. */
function* statementsFor(
  stack: Stack,
  actions: readonly string[],
): Iterable<{ statement: Field; granted: Truth }> {
  for (const resource of stack.all(...permissionTypes)) {
    for (const statement of permissionsOf(resource).flatMap(statements)) {
      const granted = any(actions.map((action) => grants(statement, action)));
      if (granted !== false) yield { statement, granted };
    }
  }
}

const starting = ["ssm:StartSession"];
const continuing = ["ssm:ResumeSession", "ssm:TerminateSession"];

function* everyStatementFor(
  stack: Stack,
  [actions, deeds]: [actions: readonly string[], deeds: string],
  requirements: (statement: Field) => Iterable<[truth: Truth, rule: string]>,
): Iterable<Finding> {
  let applies = false;
  for (const { statement, granted } of statementsFor(stack, actions)) {
    applies = true;
    for (const [truth, rule] of requirements(statement)) {
      yield* statement.judge(any([not(granted), truth]), rule);
    }
  }
  if (!applies) {
    yield {
      verdict: "notApplicable",
      message: `no policy of the stack lets anybody ${deeds} sessions`,
    };
  }
}

export const sessionsNeedMfa = stackRule({
  id: "bastion-session-mfa",
  title:
    "People start sessions with multi-factor authentication, on named instances with documents of the stack",
  severity: "critical",
  level: "mandatory",
  requirements: ["M7"],
  controls: [],
  fix: "Limit ssm:StartSession to tagged instances and the stack's session documents, with Bool aws:MultiFactorAuthPresent true and BoolIfExists ssm:SessionDocumentAccessCheck true.",
  url: "https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-specify-session-document.html",
  types: permissionTypes,
  config: {
    sessionDocuments: {
      type: "array",
      items: { type: "string" },
      default: [] as string[],
      description: "Names of session documents that people may use and the stack does not manage.",
    },
  },
  *checkStack(stack, { sessionDocuments }) {
    const documents = { own: ownDocuments(stack), others: sessionDocuments };
    yield* everyStatementFor(stack, [starting, "start"], function* (statement) {
      yield [needsMfa(statement), "require multi-factor authentication to start sessions"];
      yield [
        namesTargets(statement, documents),
        "name tagged instances and the stack's own session documents",
      ];
      yield [
        wants(
          statement,
          ["bool", "boolifexists"],
          "ssm:SessionDocumentAccessCheck",
          (value) => value === "true",
        ),
        "ask for the right to the session document by ssm:SessionDocumentAccessCheck",
      ];
    });
  },
});

/** Names of the session documents of the stack. */
function ownDocuments(stack: Stack): Field[] {
  return stack
    .all(token.document)
    .filter((document) => document.at("documentType").value === "Session")
    .map((document) => document.at("name"));
}

interface SessionDocuments {
  own: Field[];
  others: readonly string[];
}

const instanceKeys = ["ssm:resourceTag/", "aws:ResourceTag/"];

/** Instances come and go, so a tag may name them; documents have names. */
function namesTargets(statement: Field, documents: SessionDocuments): Truth {
  const targets = statement.at("Resource").each();
  return all([
    not(isEveryResource(statement)),
    targets.length > 0,
    ...targets.map((target): Truth => {
      if (target.unknown) return undefined;
      const arn = target.text;
      const [, account, name] = /^arn:[^:]*:ssm:[^:]*:(\d*):document\/(.+)$/.exec(arn) ?? [];
      if (name !== undefined) return isDocument(name, account !== "", documents);
      if (/:(managed-)?instance\/.*[*?]/.test(arn)) return isLimitedBy(statement, instanceKeys);
      // Sessions themselves are for the other actions of the statement.
      return /:((managed-)?instance|task|session)\//.test(arn);
    }),
  ]);
}

/** A document without an account is AWS' own. */
function isDocument(name: string, hasAccount: boolean, { own, others }: SessionDocuments): Truth {
  if (others.includes(name)) return true;
  return hasAccount && any(own.map(({ unknown, text }) => (unknown ? undefined : text === name)));
}

export const sessionsOwn = stackRule({
  id: "bastion-session-own",
  title: "People resume and end sessions of their own only",
  severity: "high",
  level: "mandatory",
  requirements: ["M7"],
  controls: [],
  fix: "Limit ssm:ResumeSession and ssm:TerminateSession by StringEquals ssm:resourceTag/aws:ssmmessages:session-id ${aws:userid}.",
  url: "https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-restrict-access-examples.html",
  types: permissionTypes,
  *checkStack(stack) {
    yield* everyStatementFor(stack, [continuing, "resume or end"], function* (statement) {
      yield [isOwn(statement), "be limited to the caller's own sessions"];
    });
  },
});

/** The ids of sessions start with the name of who started them, and a tag of theirs holds it. */
function isOwn(statement: Field): Truth {
  const targets = statement.at("Resource").each();
  const named = targets.map((target): Truth => {
    if (target.unknown) return undefined;
    return /:session\/\$\{aws:(userid|username)\}-\*$/.test(target.text);
  });
  return any([
    all([targets.length > 0, ...named]),
    wants(
      statement,
      ["stringequals", "stringlike"],
      "ssm:resourceTag/aws:ssmmessages:session-id",
      (value) => /^\$\{aws:(userid|username)\}\*?$/.test(value),
    ),
  ]);
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
    yield* everyStatementFor(stack, [starting, "start"], function* (statement) {
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

export const sessionsWithoutSudo = stackRule({
  id: "bastion-session-no-sudo",
  title: "Who has a session on the bastion is not its root and does not get the rights of its role",
  severity: "high",
  level: "mandatory",
  requirements: ["M7"],
  controls: [],
  fix: "Let the user data write /etc/sudoers.d/ssm-agent-users without a rule for ssm-user, and close 169.254.169.254 to all users but root.",
  url: "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-getting-started-ssm-user-permissions.html",
  types: [...bastionTypes, ...templates],
  *checkStack(stack) {
    const bastions = stack.all(...bastionTypes).filter(isBastion);
    const hasSessions =
      ownDocuments(stack).length > 0 || [...statementsFor(stack, starting)].length > 0;
    if (bastions.length === 0 || !hasSessions) {
      yield { verdict: "notApplicable", message: "the stack has no bastion for sessions" };
      return;
    }
    for (const bastion of bastions) {
      const sources = startsFrom(bastion, stack);
      if (sources.length === 0) {
        yield bastion.undecided(
          `the user data of ${bastion.name} is unknown: the stack does not manage its launch template`,
        );
      }
      for (const source of sources) yield* takesRights(source);
    }
  },
});

function startsFrom(bastion: Resource, stack: Stack): Resource[] {
  const fromTemplates = [
    ...templatesOf(bastion, stack),
    ...stack.refs(bastion.at("launchConfiguration"), [token.launchConfiguration]).found,
  ];
  return bastion.type === token.autoScalingGroup ? fromTemplates : [bastion];
}

const agentsFile = String.raw`['"]?\/etc\/sudoers\.d\/ssm-agent-users['"]?`;

/** A line that writes the file, in a shell or for cloud-init; a line that only names it leaves the agent's in place. */
const writesFile = new RegExp(
  [
    String.raw`(>\|?\s*|\btee\b[^\n|;&]*\s|\bpath:\s*)${agentsFile}`,
    // What comes last is what they write.
    String.raw`\b(install|cp|mv)\s[^\n|;&]*\s${agentsFile}\s*($|[|;&#])`,
  ].join("|"),
);

/** A line after which the agent writes its own again: one that takes away the file, its folder or all that is in it. */
const removesFile =
  /\b(rm|unlink|mv|find(?=.*-delete))\s[^\n|;&]*\/etc\/sudoers\.d(\/(ssm-agent-users|\*)?)?(?=['"\s|;&]|$)/;

/** Whether the last word on the file is that it is there. */
function keepsSudoers(text: string): boolean {
  const words = text
    .split(/\n|;|&&|\|\|/)
    .filter((line) => !/^\s*#/.test(line))
    .filter((line) => writesFile.test(line) || removesFile.test(line));
  return writesFile.test(words.at(-1) ?? "");
}

/** What the user data says is all that a plan can show; what it does on the instance is for its author to test. */
function* takesRights(source: Resource): Iterable<Finding> {
  const fields = ["userData", "userDataBase64"].map((path) => source.at(path));
  const field = fields.find(({ present }) => present) ?? source.at("userData");
  const text = readings(field.text).join("\n");
  const says = (truth: boolean): Truth => (field.unknown ? undefined : truth);
  yield* field.judge(
    says(keepsSudoers(text) && !/\bssm-user\s+ALL\b/.test(text)),
    "take sudo from ssm-user by /etc/sudoers.d/ssm-agent-users",
  );
  yield* field.judge(
    any([metadataIsOff(source), says(text.includes("169.254.169.254"))]),
    "close the metadata service, 169.254.169.254, to all users but root",
  );
}
