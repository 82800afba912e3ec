import { escalations } from "../../policies/iam-escalation";
import { dataActions } from "../../policies/iam-least-privilege";
import { isEveryArn, isEveryArnOfAKind, namesNothing } from "../../policies/patterns";
import { actionsLike } from "../support/iam-data";

const account = "111122223333";
const arn = (service: string, resource: string) =>
  `arn:aws:${service}:eu-west-1:${account}:${resource}`;

describe("isEveryArn", () => {
  it.each([
    "*",
    "**",
    "?*",
    "arn:*",
    "arn:aws:*",
    "arn:aws:iam*",
    `arn:aws:iam::${account}*`,
    `arn:aws:iam::${account}:*`,
    `arn:aws:iam::${account}:?*`,
    "arn:aws:s3:::?*",
    "arn:aws:s3:::*/*",
    "arn:aws:s3:::??*",
  ])("is true of %s", (pattern) => {
    expect(isEveryArn(pattern)).toBe(true);
  });

  it.each([
    "arn:aws:s3:::logs",
    "arn:aws:s3:::logs/*",
    "arn:aws:s3:::logs-?*",
    "arn:*:role/deployer",
    `arn:aws:iam::${account}:role/*`,
  ])("is false of %s", (pattern) => {
    expect(isEveryArn(pattern)).toBe(false);
  });
});

describe("isEveryArnOfAKind", () => {
  it.each([
    arn("iam", "role/*"),
    arn("iam", "role/?*"),
    arn("iam", "role/*?"),
    arn("iam", "role/**?"),
    arn("iam", "role/*/*"),
    arn("iam", "role/*-*"),
    arn("iam", "role/????????"),
    arn("iam", "rol?/*"),
    arn("iam", "ro*"),
    arn("i*", "role/*"),
    arn("secretsmanager", "secret:?*"),
    arn("secretsmanager", "secret:*-??????"),
    arn("logs", "log-group:*:*"),
    arn("logs", "log-group:*:log-stream:*"),
    arn("ec2", "instance/i-*"),
    arn("ec2", "instance/i-?????????????????"),
    arn("ssm", "parameter/?*"),
    arn("states", "stateMachine:?*"),
  ])("is true of %s", (pattern) => {
    expect(isEveryArnOfAKind(pattern)).toBe(true);
  });

  it.each([
    arn("iam", "role/deployer"),
    arn("iam", "role/drawbridge-*"),
    arn("iam", "role/*/deployer"),
    arn("ec2", "instance/i-0123456789abcdef?"),
    arn("logs", "log-group:/platform/*:log-stream:*"),
    arn("sqs", "jobs-*"),
    arn("codepipeline", "release-*"),
    arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/bastion"),
    "arn:aws:s3:::logs/?*",
  ])("is false of %s", (pattern) => {
    expect(isEveryArnOfAKind(pattern)).toBe(false);
  });

  it("knows every form that AWS gives ARNs of what rules ask about, with the kind cut short, too", async () => {
    const actions = await Promise.all([...escalations, ...dataActions].map(actionsLike));
    const forms = new Set(actions.flat().flatMap(({ resources }) => resources));
    expect(forms.size).toBeGreaterThan(25);
    const cut = [...forms].map((form) => form.replace(/(\w)\w*[:/]\*.*$/, "$1*"));
    expect([...forms, ...cut].filter((form) => !isEveryArnOfAKind(form))).toEqual([]);
  });
});

describe("namesNothing", () => {
  it.each(["*", "?*", "*:*", "???"])("is true of %s", (pattern) => {
    expect(namesNothing(pattern)).toBe(true);
  });

  it.each(["", "Get*", "GetObject", "*e*"])("is false of %s", (pattern) => {
    expect(namesNothing(pattern)).toBe(false);
  });
});
