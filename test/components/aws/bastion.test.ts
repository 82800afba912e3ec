import { spawnSync } from "node:child_process";
import { Bastion } from "../../../components/aws/bastion";
import { EncryptionKey } from "../../../components/aws/encryption-key";
import { created, ofType } from "../../support/created";

const build = () =>
  created(
    () =>
      new Bastion("bastion", {
        prefix: "p",
        accountId: "111122223333",
        region: "eu-west-1",
        subnetIds: ["subnet-a", "subnet-b"],
        securityGroupId: "sg-bastion",
        trustedCidrs: ["203.0.113.0/24"],
        logKeyArn: "arn:logs",
        volumeKeyArn: "arn:volumes",
        sessionKey: new EncryptionKey("sessions", {
          description: "Sessions",
          accountId: "111122223333",
        }),
        vaultHost: "vault.p.internal",
        logRetentionDays: 365,
        tags: { Owner: "team" },
        prerequisites: [],
      }),
  );
const json = (inputs: Record<string, unknown> | undefined, field: string) =>
  JSON.parse(inputs?.[field] as string) as Record<string, unknown>;

describe("Bastion", () => {
  it("is a group of one that heals itself and lives a week at most", async () => {
    expect(ofType(await build(), "aws:autoscaling/group:Group")).toEqual({
      bastion: {
        minSize: 1,
        maxSize: 1,
        desiredCapacity: 1,
        vpcZoneIdentifiers: ["subnet-a", "subnet-b"],
        launchTemplate: { id: "bastion-id", version: "7" },
        healthCheckType: "EC2",
        maxInstanceLifetime: 604800,
        instanceRefresh: { strategy: "Rolling", preferences: { minHealthyPercentage: 0 } },
      },
    });
  });

  it("has no public address, no key, an encrypted volume and IMDSv2 for itself only [M6]", async () => {
    const tags = { Owner: "team", Name: "p-bastion", Drawbridge: "p-bastion" };
    expect(ofType(await build(), "aws:ec2/launchTemplate:LaunchTemplate")).toEqual({
      bastion: {
        userData: expect.any(String),
        description: "Bastion",
        imageId: "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
        instanceType: "t4g.micro",
        iamInstanceProfile: { arn: "arn:bastion" },
        updateDefaultVersion: true,
        metadataOptions: {
          httpEndpoint: "enabled",
          httpProtocolIpv6: "disabled",
          httpTokens: "required",
          httpPutResponseHopLimit: 1,
        },
        networkInterfaces: [
          {
            deviceIndex: 0,
            associatePublicIpAddress: "false",
            securityGroups: ["sg-bastion"],
            deleteOnTermination: "true",
          },
        ],
        blockDeviceMappings: [
          {
            deviceName: "/dev/xvda",
            ebs: {
              encrypted: "true",
              kmsKeyId: "arn:volumes",
              volumeType: "gp3",
              volumeSize: 8,
              deleteOnTermination: "true",
            },
          },
        ],
        monitoring: { enabled: true },
        tagSpecifications: [
          { resourceType: "instance", tags },
          { resourceType: "volume", tags },
        ],
      },
    });
  });

  it("takes sudo and the metadata service from people at each boot, or stays closed", async () => {
    const template = ofType(await build(), "aws:ec2/launchTemplate:LaunchTemplate")["bastion"];
    const script = Buffer.from(template?.["userData"] as string, "base64").toString();
    expect(script.split("\n")).toEqual([
      "#cloud-boothook",
      "#!/bin/sh",
      "set -eu",
      "trap 'test $? -eq 0 || systemctl mask --now amazon-ssm-agent.service' EXIT",
      "printf '# ssm-user may not use sudo\\n' > /etc/sudoers.d/ssm-agent-users",
      "chmod 0440 /etc/sudoers.d/ssm-agent-users",
      "ip rule add priority 100 to 169.254.169.254/32 uidrange 1-4294967294 prohibit protocol kernel",
      "",
    ]);
    expect(spawnSync("sh", ["-n"], { input: script }).status).toBe(0);
  });

  it("encrypts and logs every session, and ends idle ones", async () => {
    const document = ofType(await build(), "aws:ssm/document:Document")["bastion-sessions"];
    expect([document?.["name"], document?.["documentType"]]).toEqual(["p-session", "Session"]);
    expect(json(document, "content")["inputs"]).toEqual({
      kmsKeyId: "alias/drawbridge/dev/sessions",
      cloudWatchLogGroupName: "/drawbridge/p/sessions",
      cloudWatchEncryptionEnabled: true,
      cloudWatchStreamingEnabled: true,
      s3BucketName: "",
      s3KeyPrefix: "",
      s3EncryptionEnabled: true,
      runAsEnabled: false,
      runAsDefaultUser: "",
      idleSessionTimeout: "15",
      maxSessionDuration: "480",
    });
    expect(ofType(await build(), "aws:cloudwatch/logGroup:LogGroup")["bastion-sessions"]).toEqual({
      name: "/drawbridge/p/sessions",
      kmsKeyId: "arn:logs",
      retentionInDays: 365,
    });
  });

  it("tunnels to the Kubernetes API and to nothing else", async () => {
    const document = ofType(await build(), "aws:ssm/document:Document")["bastion-sessions-tunnel"];
    expect([document?.["name"], document?.["documentType"]]).toEqual(["p-tunnel", "Session"]);
    const content = json(document, "content") as {
      parameters: Record<string, { allowedPattern: string }>;
    };
    expect(content).toMatchObject({
      sessionType: "Port",
      inputs: { kmsKeyId: "alias/drawbridge/dev/sessions" },
      properties: {
        type: "LocalPortForwarding",
        host: "{{ host }}",
        portNumber: "{{ portNumber }}",
        localPortNumber: "{{ localPortNumber }}",
      },
    });
    const takes = (parameter: string, value: string) =>
      new RegExp(content.parameters[parameter]?.allowedPattern ?? "").test(value);
    const api = "0123456789ABCDEF0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com";
    const hosts = ["169.254.169.254", "10.0.0.1", "example.com", `${api}.example.com`];
    const elsewhere = api.replace("eu-west-1", "us-east-1");
    expect([api, elsewhere, ...hosts].filter((host) => takes("host", host))).toEqual([api]);
    expect(["443", "22", "4430", "80"].filter((port) => takes("portNumber", port))).toEqual([
      "443",
    ]);
    expect(["0", "6443", "x"].filter((port) => takes("localPortNumber", port))).toEqual([
      "0",
      "6443",
    ]);
  });

  it("lets people with MFA from trusted networks start sessions on the bastion alone [J17] [M7]", async () => {
    const policy = ofType(await build(), "aws:iam/policy:Policy")["bastion-sessions"];
    const personal = {
      Bool: { "aws:MultiFactorAuthPresent": "true" },
      IpAddress: { "aws:SourceIp": ["203.0.113.0/24"] },
    };
    const starting = {
      ...personal,
      BoolIfExists: { "ssm:SessionDocumentAccessCheck": "true" },
    };
    expect(json(policy, "policy")["Statement"]).toEqual([
      {
        Effect: "Allow",
        Sid: "OnTheBastion",
        Action: "ssm:StartSession",
        Resource: "arn:aws:ec2:eu-west-1:111122223333:instance/*",
        Condition: {
          ...starting,
          StringEquals: { "ssm:resourceTag/Drawbridge": "p-bastion" },
        },
      },
      {
        Effect: "Allow",
        Sid: "WithTheseDocuments",
        Action: "ssm:StartSession",
        Resource: [
          "arn:aws:ssm:eu-west-1:111122223333:document/p-session",
          "arn:aws:ssm:eu-west-1:111122223333:document/p-tunnel",
        ],
        Condition: starting,
      },
      {
        Effect: "Allow",
        Sid: "OwnChannelsOnly",
        Action: "ssmmessages:OpenDataChannel",
        Resource: "arn:aws:ssm:eu-west-1:111122223333:session/${aws:userid}-*",
      },
      {
        Effect: "Allow",
        Sid: "OwnSessionsOnly",
        Action: ["ssm:ResumeSession", "ssm:TerminateSession"],
        Resource: "arn:aws:ssm:eu-west-1:111122223333:session/*",
        Condition: {
          StringEquals: { "ssm:resourceTag/aws:ssmmessages:session-id": "${aws:userid}" },
        },
      },
      {
        Effect: "Allow",
        Sid: "EncryptSessions",
        Action: "kms:GenerateDataKey",
        Resource: "arn:aws:kms:eu-west-1:111122223333:key/*",
        Condition: {
          ...personal,
          "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/drawbridge/dev/sessions" },
        },
      },
    ]);
  });

  it("gives the instance the rights of its agent and no managed policy", async () => {
    const resources = await build();
    expect(ofType(resources, "aws:iam/rolePolicyAttachment:RolePolicyAttachment")).toEqual({});
    const { Statement } = json(
      ofType(resources, "aws:iam/rolePolicy:RolePolicy")["bastion"],
      "policy",
    ) as { Statement: { Sid: string; Resource: unknown; Condition?: unknown }[] };
    const sessionLogs = "arn:aws:logs:eu-west-1:111122223333:log-group:/drawbridge/p/sessions";
    expect(Statement.map(({ Sid, Resource }) => [Sid, Resource])).toEqual([
      ["OwnControlChannel", "*"],
      ["SessionChannels", "*"],
      ["ReportItself", "arn:aws:ec2:eu-west-1:111122223333:instance/*"],
      ["FindTheLogGroup", "*"],
      ["WriteSessionLogs", [sessionLogs, `${sessionLogs}:*`]],
      ["DecryptSessions", "arn:aws:kms:eu-west-1:111122223333:key/*"],
    ]);
    expect(Statement[0]?.Condition).toEqual({
      ArnLike: { "ec2:SourceInstanceARN": "arn:aws:ec2:eu-west-1:111122223333:instance/*" },
    });
  });
});
