import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import {
  bastionScript,
  document,
  ownSessionStatement,
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
      "a log that is written at the end",
      session({ ...sessionInputs, cloudWatchStreamingEnabled: false }),
      ["sessions: content.inputs.cloudWatchStreamingEnabled must be true, got false"],
    ],
    [
      "no idle time-out",
      without("idleSessionTimeout"),
      ["sessions: content.inputs.idleSessionTimeout must be an integer from 1 to 60, got nothing"],
    ],
    [
      "sessions of other users",
      session({ ...sessionInputs, runAsEnabled: true, runAsDefaultUser: "root" }),
      ["sessions: content.inputs.runAsEnabled must not be true, got true"],
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

const api = "^[A-Za-z0-9]+\\.[a-z0-9]+\\.eu-west-1\\.eks\\.amazonaws\\.com$";
const tunnel = (parameters: Record<string, unknown>, properties: Record<string, unknown> = {}) => ({
  sessions: resource(token.document, {
    documentType: "Session",
    content: json({
      schemaVersion: "1.0",
      sessionType: "Port",
      inputs: { kmsKeyId: "alias/platform/sessions" },
      parameters: {
        host: { type: "String", allowedPattern: api },
        portNumber: { type: "String", allowedPattern: "^443$" },
        ...parameters,
      },
      properties: {
        type: "LocalPortForwarding",
        host: "{{ host }}",
        portNumber: "{{portNumber}}",
        ...properties,
      },
    }),
  }),
});
const narrow = "must be a pattern from ^ to $ that fits the targets in use and no others, got";
const host = (allowedPattern?: string) => tunnel({ host: { type: "String", allowedPattern } });
const wideHost = (got: string) =>
  `sessions: content.parameters.host.allowedPattern ${narrow} ${got}`;
const port = (allowedPattern?: string) =>
  tunnel({ portNumber: { type: "String", allowedPattern } });
const widePort = (got: string) =>
  `sessions: content.parameters.portNumber.allowedPattern ${narrow} ${got}`;

/** With a VPC to which a network was added, in a region. */
const inVpc = (cidrBlock: string) => ({
  provider: resource(token.awsProvider, { region: "eu-west-1" }),
  vpc: resource(token.vpc, { cidrBlock }),
  added: resource(token.vpcNetwork, { cidrBlock: "10.11.0.0/16" }),
});
const hosts = (allowedPattern: string) => ({ ...inVpc("10.10.0.0/16"), ...host(allowedPattern) });

casesFor("bastion-tunnel-narrow [M7] [J16]", {
  base: tunnel({}),
  passes: [
    ["the Kubernetes API", {}],
    ["a fixed target", tunnel({}, { host: "db.example.com", portNumber: "5432" })],
    ["a port of the instance", tunnel({}, { host: undefined })],
    ["a few ports", port("^(443|844[0-9])$")],
    ["addresses in use", hosts("^10\\.10\\.1\\.[4-7]$")],
    ["a name of hexadecimal digits", tunnel({}, { host: "db" })],
    ["one of two hosts", host("^(a|b)\\.example\\.org$")],
    ["a network that nobody knows yet", { ...inVpc(unknown), ...host(api) }],
  ],
  fails: [
    ["any host", host(), [wideHost("nothing")]],
    ["any name", host("^.+$"), [wideHost('"^.+$"')]],
    [
      "the metadata service",
      host("^169\\.254\\.[0-9.]+$"),
      [wideHost('"^169\\\\.254\\\\.[0-9.]+$"')],
    ],
    ["a pattern without ends", host("eks"), [wideHost('"eks"')]],
    ["a pattern that nobody can read", host("^(?i)x[$"), [wideHost('"^(?i)x[$"')]],
    [
      "a host without a parameter",
      tunnel({}, { host: "{{ target }}" }),
      [`sessions: content.parameters.target.allowedPattern ${narrow} nothing`],
    ],
    ...[
      "169.254.169.254",
      "[fd00:ec2::254]",
      "::ffff:169.254.169.254",
      "2852039166",
      "0xa9fea9fe",
      "0251.0376.0251.0376",
      "169.254.170.23",
      "169-254-169-254.example.net",
      "instance-data.ec2.internal",
      "localhost",
      "127.0.0.2",
      "::1",
      "0.0.0.0",
    ].map((fixed): [string, Record<string, unknown>, string[]] => [
      `${fixed}, fixed`,
      tunnel({}, { host: fixed, portNumber: "80" }),
      [`sessions: content.properties.host must be another host, or left out, got "${fixed}"`],
    ]),
    [
      "a parameter within an address",
      tunnel({}, { host: "169.254.169.{{ host }}" }),
      [
        'sessions: content.properties.host must be fixed or one parameter, got "169.254.169.{{ host }}"',
      ],
    ],
    ...[
      ["the VPC", "^10\\.10\\.[0-9.]+$"],
      ["a subnet", "^10\\.10\\.3\\.[0-9]{1,3}$"],
      ["the VPC's names", "^ip-10-10-[0-9-]+\\.eu-west-1\\.compute\\.internal$"],
      ["names of the VPC's addresses", "^ip-10-10-3-[0-9]+$"],
      ["a network that was added", "^10\\.11\\.[0-9.]+$"],
    ].map(([what = "", pattern = ""]): [string, Record<string, unknown>, string[]] => [
      what,
      hosts(pattern),
      [wideHost(JSON.stringify(pattern))],
    ]),
    ...[
      ["all machines by name", "^ip-.*$"],
      ["all but what tests know", "^(?!169\\.254|127\\.|localhost)x?.+$"],
      ["all but some, with none that tests know", "^(?!a)a?b+$"],
      ["an end and a beginning", "^a\\.example\\.org|b\\.example\\.org$"],
    ].map(([what = "", pattern = ""]): [string, Record<string, unknown>, string[]] => [
      what,
      host(pattern),
      [wideHost(JSON.stringify(pattern))],
    ]),
    ["any port", port(), [widePort("nothing")]],
    ["every port", port("^[0-9]{1,5}$"), [widePort('"^[0-9]{1,5}$"')]],
  ],
  undecided: [
    [
      "a document that nobody knows yet",
      { "sessions.content": unknown },
      ["sessions: undecided: content of sessions is unknown until up"],
    ],
    [
      "a host that nobody knows yet",
      {
        "sessions.content": JSON.stringify({
          sessionType: "Port",
          properties: { host: unknown, portNumber: "443" },
        }),
      },
      ["sessions: undecided: content.properties.host of sessions is unknown until up"],
    ],
  ],
  notApplicable: [
    ["a shell", session(sessionInputs), "the document is not for tunnels"],
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
      BoolIfExists: { "ssm:SessionDocumentAccessCheck": "true" },
      IpAddress: { "aws:SourceIp": ["203.0.113.0/24"] },
      StringEquals: { "ssm:resourceTag/Role": "bastion" },
      ...more,
    },
  });
const mfa =
  "session-policy: policy.Statement[0] must require multi-factor authentication to start sessions, got statement OnTheBastion";
const targets =
  "session-policy: policy.Statement[0] must name tagged instances and the stack's own session documents, got statement OnTheBastion";
const check =
  "session-policy: policy.Statement[0] must ask for the right to the session document by ssm:SessionDocumentAccessCheck, got statement OnTheBastion";
const documentOf = (name: string, account = "111122223333") =>
  allowing({ Resource: `arn:aws:ssm:eu-west-1:${account}:document/${name}` });

casesFor("bastion-session-mfa [M7]", {
  base: platform,
  passes: [
    ["with MFA, on tagged instances, with one document", {}],
    ["MFA as a boolean", condition({ Bool: { "aws:MultiFactorAuthPresent": true } })],
    [
      "the check as a boolean",
      condition({
        Bool: {
          "aws:MultiFactorAuthPresent": "true",
          "ssm:SessionDocumentAccessCheck": "true",
        },
        BoolIfExists: {},
      }),
    ],
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
      condition({
        Bool: {},
        BoolIfExists: {
          "aws:MultiFactorAuthPresent": "true",
          "ssm:SessionDocumentAccessCheck": "true",
        },
      }),
      [mfa],
    ],
    ["MFA refused", condition({ Bool: { "aws:MultiFactorAuthPresent": "false" } }), [mfa]],
    ["MFA or not", condition({ Bool: { "aws:MultiFactorAuthPresent": ["true", "false"] } }), [mfa]],
    ["everything", allowing({ Resource: "*" }), [targets]],
    ["no check of the document", condition({ BoolIfExists: {} }), [check]],
    [
      "a check that is off",
      condition({ BoolIfExists: { "ssm:SessionDocumentAccessCheck": "false" } }),
      [check],
    ],
    ["AWS' document for SSH", documentOf("AWS-StartSSHSession", ""), [targets]],
    ["AWS' document for commands", documentOf("AWS-StartInteractiveCommand", ""), [targets]],
    ["a document of nobody's", documentOf("other-session"), [targets]],
    ["a document of AWS with the name of an own one", documentOf("dev-session", ""), [targets]],
    ["something else", allowing({ Resource: "arn:aws:s3:::bucket" }), [targets]],
    ["every instance", condition({ StringEquals: {} }), [targets]],
    [
      "every document",
      allowing({ Resource: "arn:aws:ssm:eu-west-1:111122223333:document/*" }),
      [targets],
    ],
    [
      "a pattern of the action",
      allowing({ Action: "ssm:St*", Condition: {} }),
      [mfa, targets, check],
    ],
    [
      "every action",
      allowing({ Action: "*", Condition: {}, Resource: "*" }),
      [mfa, targets, check],
    ],
    [
      "all actions but another",
      allowing({
        Action: undefined,
        NotAction: "ssm:TerminateSession",
        Condition: {},
        Resource: "*",
      }),
      [mfa, targets, check],
    ],
    [
      "a policy of a role",
      {
        it: resource(token.rolePolicy, {
          role: "x",
          policy: document(sessionStatement({ Sid: "OnTheBastion", Condition: {} })),
        }),
      },
      [mfa, targets, check].map((line) => line.replace("session-policy", "it")),
    ],
    [
      "a policy in a role",
      {
        "bastion-role.inlinePolicies": [{ policy: document(sessionStatement({ Resource: "*" })) }],
      },
      [
        "bastion-role: inlinePolicies[0].policy.Statement[0] must name tagged instances and the stack's own session documents, got statement OnTheBastion",
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

describe("with documents of another stack", () => {
  casesFor("bastion-session-mfa [M7]", {
    base: platform,
    config: { sessionDocuments: ["AWS-StartPortForwardingSession"] },
    passes: [["a document that is named", documentOf("AWS-StartPortForwardingSession", "")]],
    fails: [["another", documentOf("AWS-StartSSHSession", ""), [targets]]],
    undecided: [],
    decided: "the table above has them",
  });
});

const going = (more: Record<string, unknown>) => ({
  "own-session-policy.policy": document(ownSessionStatement(more)),
});
const sessionsOf = (name: string) => `arn:aws:ssm:eu-west-1:111122223333:session/${name}`;
const own =
  "own-session-policy: policy.Statement[0] must be limited to the caller's own sessions, got statement OwnSessions";

casesFor("bastion-session-own [M7]", {
  base: platform,
  passes: [
    ["by the id of the caller", {}],
    ["by the name of the caller", going({ Resource: sessionsOf("${aws:username}-*") })],
    [
      "by the tag of the session",
      going({
        Resource: "*",
        Condition: {
          StringLike: { "ssm:resourceTag/aws:ssmmessages:session-id": ["${aws:userid}"] },
        },
      }),
    ],
  ],
  fails: [
    ["every session", going({ Resource: sessionsOf("*") }), [own]],
    ["everything", going({ Resource: "*" }), [own]],
    ["own ones and others", going({ Resource: [sessionsOf("${aws:userid}-*"), "*"] }), [own]],
    ["one of the actions", going({ Action: "ssm:Terminate*", Resource: "*" }), [own]],
    [
      "a tag that fits everybody",
      going({
        Resource: "*",
        Condition: { StringLike: { "ssm:resourceTag/aws:ssmmessages:session-id": "*" } },
      }),
      [own],
    ],
  ],
  undecided: [
    [
      "a policy that nobody knows yet",
      { "own-session-policy.policy": unknown },
      ["own-session-policy: undecided: policy of own-session-policy is unknown until up"],
    ],
  ],
  notApplicable: [
    [
      "nobody may",
      { "own-session-policy": gone },
      "no policy of the stack lets anybody resume or end sessions",
    ],
    [
      "a denial",
      going({ Effect: "Deny", Resource: "*" }),
      "no policy of the stack lets anybody resume or end sessions",
    ],
  ],
});

const script = (text: string) => ({
  "bastion-template.userData": Buffer.from(text).toString("base64"),
});
const noSudo = (got: string, name = "bastion-template", path = "userData") =>
  `${name}: ${path} must take sudo from ssm-user by /etc/sudoers.d/ssm-agent-users, got ${got}`;
const noMetadata = (got: string, name = "bastion-template", path = "userData") =>
  `${name}: ${path} must close the metadata service, 169.254.169.254, to all users but root, got ${got}`;
const shown = (text: string) => {
  const encoded = Buffer.from(text).toString("base64");
  return encoded.length > 78 ? `a text of ${encoded.length} characters` : `"${encoded}"`;
};

casesFor("bastion-session-no-sudo [M7]", {
  base: platform,
  passes: [
    ["a script that takes both", {}],
    ["a script in the clear", { "bastion-template.userData": bastionScript }],
    ...[
      "printf '' | tee /etc/sudoers.d/ssm-agent-users >/dev/null",
      "install -m 0440 /dev/null /etc/sudoers.d/ssm-agent-users",
      'mv none "/etc/sudoers.d/ssm-agent-users"',
      "cat > /etc/sudoers.d/ssm-agent-users <<EOF\n# none\nEOF",
      "rm -f /etc/sudoers.d/ssm-agent-users\nprintf '' > /etc/sudoers.d/ssm-agent-users",
      "#cloud-config\nwrite_files:\n- path: /etc/sudoers.d/ssm-agent-users",
    ].map((lines): [string, Record<string, unknown>] => [
      `the file by ${lines}`,
      script(`: 169.254.169.254\n${lines}\n`),
    ]),
    [
      "no metadata service",
      {
        ...script("printf '' > /etc/sudoers.d/ssm-agent-users"),
        "bastion-template.metadataOptions.httpEndpoint": "disabled",
      },
    ],
  ],
  fails: [
    [
      "no user data",
      { "bastion-template.userData": gone },
      [noSudo("nothing"), noMetadata("nothing")],
    ],
    [
      "sudo for ssm-user",
      script(`${bastionScript}echo 'ssm-user ALL=(ALL) NOPASSWD:ALL' >> /etc/sudoers.d/x`),
      [noSudo(shown(`${bastionScript}echo 'ssm-user ALL=(ALL) NOPASSWD:ALL' >> /etc/sudoers.d/x`))],
    ],
    [
      "a file that is only named",
      script(`chmod 0440 /etc/sudoers.d/ssm-agent-users\n: 169.254.169.254`),
      [noSudo(shown(`chmod 0440 /etc/sudoers.d/ssm-agent-users\n: 169.254.169.254`))],
    ],
    [
      "the metadata service for everybody",
      script("printf '' > /etc/sudoers.d/ssm-agent-users"),
      [noMetadata(shown("printf '' > /etc/sudoers.d/ssm-agent-users"))],
    ],
    [
      "an instance of its own",
      { bastion: resource(token.instance, { userDataBase64: "e30=" }) },
      [
        noSudo('"e30="', "bastion", "userDataBase64"),
        noMetadata('"e30="', "bastion", "userDataBase64"),
      ],
    ],
  ],
  undecided: [
    [
      "user data that nobody knows yet",
      { "bastion-template.userData": unknown },
      ["bastion-template: undecided: userData of bastion-template is unknown until up"],
    ],
    [
      "a template of another stack",
      { "bastion.launchTemplate": { id: "lt-0123456789abcdef0" } },
      [
        "bastion: undecided: the user data of bastion is unknown: the stack does not manage its launch template",
      ],
    ],
  ],
  notApplicable: [
    [
      "nobody has sessions",
      { sessions: gone, "session-policy": gone },
      "the stack has no bastion for sessions",
    ],
    ["no bastion", { bastion: gone }, "the stack has no bastion for sessions"],
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
