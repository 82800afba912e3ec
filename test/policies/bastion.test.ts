import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import {
  document,
  platform,
  resource,
  sessionInputs,
  sessionStatement,
} from "../support/rule-platform";
import type { Change } from "../support/rule-stack";
import { gone, json, ref, unknown } from "../support/rule-stack";

casesFor("bastion-single [J16]", {
  base: platform,
  passes: [
    ["one, in a group of one", {}],
    ["sizes as texts", { "bastion.minSize": "1", "bastion.maxSize": "1" }],
    ["other groups", { workers: resource(token.autoScalingGroup, { minSize: 3, maxSize: 9 }) }],
  ],
  fails: [
    [
      "a group of two",
      { "bastion.maxSize": 2 },
      ["bastion: maxSize must be an integer from 1 to 1, got 2"],
    ],
    [
      "a group of none",
      { "bastion.minSize": 0 },
      ["bastion: minSize must be an integer from 1 to 1, got 0"],
    ],
    [
      "one that never ends",
      { "bastion.maxInstanceLifetime": gone },
      ["bastion: maxInstanceLifetime must be an integer from 86400 to 31536000, got nothing"],
    ],
    [
      "one that ends by no time",
      { "bastion.maxInstanceLifetime": 0 },
      ["bastion: maxInstanceLifetime must be an integer from 86400 to 31536000, got 0"],
    ],
    [
      "a second one",
      {
        "old-bastion": resource(token.autoScalingGroup, {
          minSize: 1,
          maxSize: 1,
          maxInstanceLifetime: 86_400,
        }),
      },
      ["old-bastion: old-bastion must be the only bastion, got bastion, old-bastion"],
    ],
    [
      "a lone instance, by its tag",
      { bastion: gone, host: resource(token.instance, { tags: { Role: "bastion" } }) },
      ["host: host must be in an Auto Scaling group, got an instance"],
    ],
    [
      "a group by the tags of a list",
      {
        bastion: gone,
        door: resource(token.autoScalingGroup, {
          minSize: 1,
          maxSize: 3,
          maxInstanceLifetime: 86_400,
          tags: [{ key: "Name", value: "dev-bastion", propagateAtLaunch: true }],
        }),
      },
      ["door: maxSize must be an integer from 1 to 1, got 3"],
    ],
  ],
  undecided: [
    [
      "a size that nobody knows yet",
      { "bastion.maxSize": unknown },
      ["bastion: undecided: maxSize of bastion is unknown until up"],
    ],
  ],
  notApplicable: [
    [
      "no bastion",
      { bastion: resource(token.autoScalingGroup, {}), ...renamed() },
      "the stack has no bastion",
    ],
  ],
});

function renamed(): Change {
  return { bastion: gone, workers: resource(token.autoScalingGroup, {}) };
}

const ssh = (more: Record<string, unknown>) => ({
  rule: resource(token.securityGroupIngressRule, {
    securityGroupId: ref("nodes-group"),
    ipProtocol: "tcp",
    fromPort: 22,
    toPort: 22,
    description: "SSH",
    ...more,
  }),
});

casesFor("bastion-ssh-trusted-cidrs [J17] [M5]", {
  base: platform,
  passes: [
    ["no SSH", {}],
    ["an organisation's network", ssh({ cidrIpv4: "203.0.113.0/24" })],
    ["a security group", ssh({ referencedSecurityGroupId: ref("api-group") })],
    ["another port", ssh({ cidrIpv4: "0.0.0.0/0", fromPort: 443, toPort: 443 })],
    ["UDP", ssh({ cidrIpv4: "0.0.0.0/0", ipProtocol: "udp" })],
  ],
  fails: [
    [
      "the internet",
      ssh({ cidrIpv4: "0.0.0.0/0" }),
      ['rule: cidrIpv4 must be a trusted network: the rule opens SSH, got "0.0.0.0/0"'],
    ],
    [
      "the internet of IPv6",
      ssh({ cidrIpv6: "::/0" }),
      ['rule: cidrIpv6 must be a trusted network: the rule opens SSH, got "::/0"'],
    ],
    [
      "a range with SSH in it",
      ssh({ cidrIpv4: "0.0.0.0/1", fromPort: 20, toPort: 30 }),
      ['rule: cidrIpv4 must be a trusted network: the rule opens SSH, got "0.0.0.0/1"'],
    ],
    [
      "every protocol",
      ssh({ cidrIpv4: "0.0.0.0/0", ipProtocol: "-1" }),
      ['rule: cidrIpv4 must be a trusted network: the rule opens SSH, got "0.0.0.0/0"'],
    ],
    [
      "an inline rule",
      {
        "nodes-group.ingress": [
          { protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: ["10.0.0.0/8", "0.0.0.0/0"] },
        ],
      },
      [
        'nodes-group: ingress[0].cidrBlocks[1] must be a trusted network: the rule opens SSH, got "0.0.0.0/0"',
      ],
    ],
  ],
  undecided: [
    [
      "a network that nobody knows yet",
      ssh({ cidrIpv4: unknown }),
      ["rule: undecided: cidrIpv4 of rule is unknown until up"],
    ],
    [
      "a port that nobody knows yet",
      ssh({ cidrIpv4: "0.0.0.0/0", fromPort: unknown }),
      ["rule: undecided: fromPort of rule is unknown until up"],
    ],
  ],
});

describe("with trusted networks", () => {
  casesFor("bastion-ssh-trusted-cidrs [J17] [M5]", {
    base: platform,
    config: { trustedCidrs: ["203.0.113.0/24"] },
    passes: [["a part of one", ssh({ cidrIpv4: "203.0.113.64/26" })]],
    fails: [
      [
        "another network",
        ssh({ cidrIpv4: "198.51.100.0/24" }),
        ['rule: cidrIpv4 must be a trusted network: the rule opens SSH, got "198.51.100.0/24"'],
      ],
    ],
    undecided: [],
    decided: "the table above has them",
  });
});

const session = (inputs: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  sessions: resource(token.document, {
    documentType: "Session",
    content: json({ schemaVersion: "1.0", sessionType: "Standard_Stream", inputs, ...more }),
  }),
});
const without = (key: keyof typeof sessionInputs) =>
  session(Object.fromEntries(Object.entries(sessionInputs).filter(([name]) => name !== key)));

casesFor("bastion-session-logged [M7] [S1]", {
  base: session(sessionInputs),
  passes: [
    ["encrypted, logged, short", {}],
    [
      "a tunnel, of which nothing can be logged",
      session({ kmsKeyId: "alias/sessions" }, { sessionType: "Port" }),
    ],
    ["a document that is no text", { "sessions.content": { inputs: sessionInputs } }],
  ],
  fails: [
    [
      "no encryption",
      without("kmsKeyId"),
      ["sessions: content.inputs.kmsKeyId must be set, got nothing"],
    ],
    [
      "no log group",
      session({ ...sessionInputs, cloudWatchLogGroupName: "" }),
      ["sessions: content.inputs.cloudWatchLogGroupName must be set, got nothing"],
    ],
    [
      "a log that is not encrypted",
      session({ ...sessionInputs, cloudWatchEncryptionEnabled: false }),
      ["sessions: content.inputs.cloudWatchEncryptionEnabled must be true, got false"],
    ],
    [
      "no idle time-out",
      without("idleSessionTimeout"),
      ["sessions: content.inputs.idleSessionTimeout must be an integer from 1 to 60, got nothing"],
    ],
    [
      "a long idle time-out",
      session({ ...sessionInputs, idleSessionTimeout: "61" }),
      ['sessions: content.inputs.idleSessionTimeout must be an integer from 1 to 60, got "61"'],
    ],
    [
      "no end",
      without("maxSessionDuration"),
      [
        "sessions: content.inputs.maxSessionDuration must be an integer from 1 to 1440, got nothing",
      ],
    ],
    [
      "a tunnel without encryption",
      session({}, { sessionType: "Port" }),
      ["sessions: content.inputs.kmsKeyId must be set, got nothing"],
    ],
    [
      "a document that rules cannot read",
      { "sessions.documentFormat": "YAML" },
      ['sessions: documentFormat must be JSON, which rules can read, got "YAML"'],
    ],
    [
      "no log beside a key that nobody knows yet",
      {
        "sessions.content": JSON.stringify({
          inputs: { ...sessionInputs, kmsKeyId: unknown, cloudWatchLogGroupName: "" },
        }),
      },
      [
        "sessions: undecided: content.inputs.kmsKeyId of sessions is unknown until up",
        "sessions: content.inputs.cloudWatchLogGroupName must be set, got nothing",
      ],
    ],
  ],
  undecided: [
    [
      "a document that nobody knows yet",
      { "sessions.content": unknown },
      ["sessions: undecided: content of sessions is unknown until up"],
    ],
  ],
  notApplicable: [
    [
      "a document for commands",
      { "sessions.documentType": "Command" },
      "the document is not for sessions",
    ],
  ],
});

const allowing = (more: Record<string, unknown>) => ({
  "session-policy.policy": document(sessionStatement(more)),
});
const condition = (more: Record<string, unknown>) =>
  allowing({
    Condition: {
      Bool: { "aws:MultiFactorAuthPresent": "true" },
      IpAddress: { "aws:SourceIp": ["203.0.113.0/24"] },
      StringEquals: { "ssm:resourceTag/Role": "bastion" },
      ...more,
    },
  });
const mfa =
  "session-policy: policy.Statement[0] must require multi-factor authentication to start sessions, got statement OnTheBastion";
const targets =
  "session-policy: policy.Statement[0] must name the instances or documents of sessions, got statement OnTheBastion";

casesFor("bastion-session-mfa [M7]", {
  base: platform,
  passes: [
    ["with MFA, on tagged instances, with one document", {}],
    ["MFA as a boolean", condition({ Bool: { "aws:MultiFactorAuthPresent": true } })],
    ["recent MFA", condition({ Bool: {}, NumericLessThan: { "aws:MultiFactorAuthAge": "3600" } })],
    [
      "a named instance",
      allowing({ Resource: "arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0" }),
    ],
    [
      "a denial beside it",
      {
        "session-policy.policy": document(sessionStatement(), {
          ...sessionStatement(),
          Effect: "Deny",
          Condition: {},
        }),
      },
    ],
    [
      "other actions of the service beside it",
      {
        "session-policy.policy": document(sessionStatement(), {
          Effect: "Allow",
          Action: "ssm:Describe*",
          Resource: "*",
        }),
      },
    ],
  ],
  fails: [
    ["no MFA", condition({ Bool: {} }), [mfa]],
    [
      "MFA only where there is some",
      condition({ Bool: {}, BoolIfExists: { "aws:MultiFactorAuthPresent": "true" } }),
      [mfa],
    ],
    ["MFA refused", condition({ Bool: { "aws:MultiFactorAuthPresent": "false" } }), [mfa]],
    ["MFA or not", condition({ Bool: { "aws:MultiFactorAuthPresent": ["true", "false"] } }), [mfa]],
    ["everything", allowing({ Resource: "*" }), [targets]],
    ["every instance", condition({ StringEquals: {} }), [targets]],
    [
      "every document",
      allowing({ Resource: "arn:aws:ssm:eu-west-1:111122223333:document/*" }),
      [targets],
    ],
    ["a pattern of the action", allowing({ Action: "ssm:St*", Condition: {} }), [mfa, targets]],
    ["every action", allowing({ Action: "*", Condition: {}, Resource: "*" }), [mfa, targets]],
    [
      "all actions but another",
      allowing({
        Action: undefined,
        NotAction: "ssm:TerminateSession",
        Condition: {},
        Resource: "*",
      }),
      [mfa, targets],
    ],
    [
      "a policy of a role",
      {
        it: resource(token.rolePolicy, {
          role: "x",
          policy: document(sessionStatement({ Sid: "OnTheBastion", Condition: {} })),
        }),
      },
      [mfa, targets].map((line) => line.replace("session-policy", "it")),
    ],
    [
      "a policy in a role",
      {
        "bastion-role.inlinePolicies": [{ policy: document(sessionStatement({ Resource: "*" })) }],
      },
      [
        "bastion-role: inlinePolicies[0].policy.Statement[0] must name the instances or documents of sessions, got statement OnTheBastion",
      ],
    ],
    [
      "a policy of a user",
      {
        it: resource(token.userPolicy, {
          user: "x",
          policy: document(sessionStatement({ Resource: "*" })),
        }),
      },
      [targets.replace("session-policy", "it")],
    ],
    [
      "a policy of a group",
      {
        it: resource(token.groupPolicy, {
          group: "x",
          policy: document(sessionStatement({ Resource: "*" })),
        }),
      },
      [targets.replace("session-policy", "it")],
    ],
  ],
  undecided: [
    [
      "a policy that nobody knows yet",
      { "session-policy.policy": unknown },
      ["session-policy: undecided: policy of session-policy is unknown until up"],
    ],
    [
      "a resource that nobody knows yet",
      {
        "session-policy.policy": JSON.stringify({
          Statement: sessionStatement({ Resource: [unknown] }),
        }),
      },
      ["session-policy: undecided: policy.Statement of session-policy is unknown until up"],
    ],
  ],
  notApplicable: [
    [
      "nobody may",
      { "session-policy": gone },
      "no policy of the stack lets anybody start sessions",
    ],
  ],
});

const networks =
  "session-policy: policy.Statement[0] must be limited to trusted networks by aws:SourceIp, got statement OnTheBastion";

casesFor("bastion-session-trusted-cidrs [J17]", {
  base: platform,
  passes: [
    ["one network", {}],
    [
      "a VPC",
      condition({ IpAddress: {}, StringEquals: { "aws:SourceVpc": "vpc-0123456789abcdef0" } }),
    ],
  ],
  fails: [
    ["no network", condition({ IpAddress: {} }), [networks]],
    ["the internet", condition({ IpAddress: { "aws:SourceIp": "0.0.0.0/0" } }), [networks]],
    [
      "the internet in two halves",
      condition({ IpAddress: { "aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"] } }),
      [networks],
    ],
    [
      "every network but one",
      condition({ IpAddress: {}, NotIpAddress: { "aws:SourceIp": "203.0.113.0/24" } }),
      [networks],
    ],
  ],
  undecided: [
    [
      "a policy that nobody knows yet",
      { "session-policy.policy": unknown },
      ["session-policy: undecided: policy of session-policy is unknown until up"],
    ],
  ],
  notApplicable: [
    [
      "nobody may",
      { "session-policy": gone },
      "no policy of the stack lets anybody start sessions",
    ],
  ],
});
