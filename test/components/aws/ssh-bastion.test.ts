import { spawnSync } from "node:child_process";
import { fetchCodes, pamFile } from "../../../components/aws/one-time-codes";
import { SshBastion, sshBastionCalls } from "../../../components/aws/ssh-bastion";
import { mostUserData, sshUserData } from "../../../components/aws/ssh-user-data";
import type { Person, SecondFactor } from "../../../components/aws/sshd-config";
import { sshdConfig } from "../../../components/aws/sshd-config";
import { created, ofType } from "../../support/created";
import { secretOf } from "../../support/fetched-codes";
import { ed25519 } from "../../support/public-keys";

const build = (mfa: SecondFactor = "none", people = twoPeople(mfa)) =>
  created(
    () =>
      new SshBastion("bastion", {
        prefix: "p",
        accountId: "111122223333",
        region: "eu-west-1",
        subnetIds: ["subnet-a", "subnet-b"],
        securityGroupId: "sg-bastion",
        trustedCidrs: ["203.0.113.0/24"],
        vaultHost: "vault.p.internal",
        clusterName: "p",
        people,
        securityKeys: false,
        mfa,
        volumeKeyArn: "arn:volumes",
        logKeyArn: "arn:logs",
        logRetentionDays: 365,
        tags: { Owner: "team" },
        prerequisites: [],
      }),
  );
const codesOf = (name: string, mfa: SecondFactor) =>
  mfa === "none" ? {} : { totpSecretArn: secretOf(name) };
const twoPeople = (mfa: SecondFactor): Person[] => [
  { name: "alice", publicKey: ed25519(1), ...codesOf("alice", mfa) },
  { name: "bob", publicKey: ed25519(2), ...codesOf("bob", mfa) },
];
const tag = { Name: "p-bastion", Drawbridge: "p-bastion" };
const template = "aws:ec2/launchTemplate:LaunchTemplate";
const script = async (mfa: SecondFactor = "none") =>
  Buffer.from(
    String(ofType(await build(mfa), template)["bastion"]?.["userData"]),
    "base64",
  ).toString();
const statements = (inputs: Record<string, unknown> | undefined) =>
  (JSON.parse(inputs?.["policy"] as string) as { Statement: Record<string, unknown>[] }).Statement;

describe("SshBastion", () => {
  it("is a group of one in public subnets that heals itself", async () => {
    expect(ofType(await build(), "aws:autoscaling/group:Group")["bastion"]).toMatchObject({
      minSize: 1,
      maxSize: 1,
      vpcZoneIdentifiers: ["subnet-a", "subnet-b"],
      maxInstanceLifetime: 604800,
    });
  });

  it("keeps its address, which is its own and found by its tag [J16]", async () => {
    const resources = await build();
    expect(ofType(resources, "aws:ec2/eip:Eip")).toEqual({
      bastion: { domain: "vpc", tags: tag },
    });
    const launched = ofType(resources, template)["bastion"];
    expect(launched?.["networkInterfaces"]).toEqual([
      {
        deviceIndex: 0,
        associatePublicIpAddress: "false",
        securityGroups: ["sg-bastion"],
        deleteOnTermination: "true",
      },
    ]);
    expect(launched?.["tagSpecifications"]).toEqual(
      ["instance", "volume", "network-interface"].map((resourceType) => ({
        resourceType,
        tags: { Owner: "team", ...tag },
      })),
    );
    expect(launched?.["keyName"]).toBeUndefined();
  });

  it("gives the instance its address, its parameter, its log and the name of the API, and nothing else", async () => {
    const resources = await build();
    expect(ofType(resources, "aws:iam/rolePolicyAttachment:RolePolicyAttachment")).toEqual({});
    const policies = ofType(resources, "aws:iam/rolePolicy:RolePolicy");
    expect(statements(policies["bastion"])).toEqual([
      {
        Effect: "Allow",
        Sid: "FindTheAddress",
        Action: "ec2:DescribeAddresses",
        Resource: "*",
        Condition: { StringEquals: { "ec2:Region": "eu-west-1" } },
      },
      {
        Effect: "Allow",
        Sid: "TakeTheAddress",
        Action: "ec2:AssociateAddress",
        Resource: [
          "arn:aws:ec2:eu-west-1:111122223333:elastic-ip/*",
          "arn:aws:ec2:eu-west-1:111122223333:instance/*",
          "arn:aws:ec2:eu-west-1:111122223333:network-interface/*",
        ],
        Condition: { StringEquals: { "aws:ResourceTag/Drawbridge": "p-bastion" } },
      },
      {
        Effect: "Allow",
        Sid: "FindTheApi",
        Action: "eks:DescribeCluster",
        Resource: "arn:aws:eks:eu-west-1:111122223333:cluster/p",
      },
      {
        Effect: "Allow",
        Sid: "TellHostKeys",
        Action: "ssm:PutParameter",
        Resource: "arn:aws:ssm:eu-west-1:111122223333:parameter/drawbridge/p/bastion/host-keys",
      },
      {
        Effect: "Allow",
        Sid: "WriteTheLog",
        Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
        Resource: [
          "arn:aws:logs:eu-west-1:111122223333:log-group:/drawbridge/p/bastion",
          "arn:aws:logs:eu-west-1:111122223333:log-group:/drawbridge/p/bastion:*",
        ],
      },
    ]);
  });

  it("keeps its log, encrypted, when the instance goes [M5] [M10]", async () => {
    expect(ofType(await build(), "aws:cloudwatch/logGroup:LogGroup")).toEqual({
      bastion: { name: "/drawbridge/p/bastion", kmsKeyId: "arn:logs", retentionInDays: 365 },
    });
  });

  it("calls through endpoints only what its role may", async () => {
    const policies = ofType(await build(), "aws:iam/rolePolicy:RolePolicy");
    const may = statements(policies["bastion"]).flatMap(({ Action }) => Action as string[]);
    // The endpoints of EKS and of logs are open to these calls for nodes.
    const ofNodes = ["eks:DescribeCluster", "logs:CreateLogStream", "logs:PutLogEvents"];
    expect([...Object.values(sshBastionCalls("none")).flat(), ...ofNodes].toSorted()).toEqual(
      may.toSorted(),
    );
  });

  it("reads the keys of people's codes and no other secret, and only where codes are asked for [M7]", async () => {
    const rights = async (mfa: SecondFactor) =>
      statements(ofType(await build(mfa), "aws:iam/rolePolicy:RolePolicy")["bastion"]);
    const [none, totp] = [await rights("none"), await rights("totp")];
    expect(totp.slice(0, none.length)).toEqual(none);
    expect(totp.slice(none.length)).toEqual([
      {
        Effect: "Allow",
        Sid: "ReadKeysOfCodes",
        Action: "secretsmanager:GetSecretValue",
        Resource: [secretOf("alice"), secretOf("bob")],
      },
      {
        Effect: "Allow",
        Sid: "DecryptKeysOfCodes",
        Action: "kms:Decrypt",
        Resource: "arn:aws:kms:eu-west-1:111122223333:key/*",
        Condition: {
          StringEquals: { "kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com" },
          StringLike: {
            "kms:EncryptionContext:SecretARN":
              "arn:aws:secretsmanager:eu-west-1:111122223333:secret:*",
          },
        },
      },
    ]);
    expect(sshBastionCalls("totp")).toEqual({
      ...sshBastionCalls("none"),
      secretsmanager: ["secretsmanager:GetSecretValue"],
    });
  });

  it("tells its host keys in a parameter that people with MFA read from trusted networks [J17] [M7]", async () => {
    const resources = await build();
    expect(ofType(resources, "aws:ssm/parameter:Parameter")).toEqual({
      "bastion-host-keys": {
        name: "/drawbridge/p/bastion/host-keys",
        type: "String",
        description: "Host keys of the bastion of p, written by itself",
        insecureValue: expect.stringMatching(/^# /),
      },
    });
    expect(statements(ofType(resources, "aws:iam/policy:Policy")["bastion-host-keys"])).toEqual([
      {
        Effect: "Allow",
        Sid: "ReadHostKeys",
        Action: "ssm:GetParameter",
        Resource: "arn:aws:ssm:eu-west-1:111122223333:parameter/drawbridge/p/bastion/host-keys",
        Condition: {
          Bool: { "aws:MultiFactorAuthPresent": "true" },
          IpAddress: { "aws:SourceIp": ["203.0.113.0/24"] },
        },
      },
    ]);
  });
});

describe("the role of SshBastion", () => {
  const coded = (length: number, secretLength: number) =>
    Array.from({ length }, (_, i) => ({
      name: `p${i}`,
      publicKey: ed25519(i + 1),
      totpSecretArn: secretOf(`${i}`.padStart(secretLength, "n")),
    }));

  // docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: 10,240 characters for all policies inside a role.
  it.each([3, 100, 507])(
    "takes as many secrets as fit the user data, names of %d",
    async (size) => {
      const long = "drawbridge-".padEnd(27, "x");
      const bytes = (people: Person[]) =>
        sshUserData({
          accountId: "111122223333",
          region: "eu-west-1",
          clusterName: long,
          vaultHost: long,
          tag: long,
          hostKeysParameter: long,
          logGroupName: long,
          people,
          securityKeys: false,
          mfa: "totp",
        }).length;
      let most = 1;
      while (bytes(coded(most + 1, size)) <= mostUserData) most++;
      expect(most).toBeGreaterThan(5);
      const policies = ofType(
        await build("totp", coded(most, size)),
        "aws:iam/rolePolicy:RolePolicy",
      );
      expect(String(policies["bastion"]?.["policy"]).length).toBeLessThanOrEqual(10_240);
    },
  );
});

describe("the user data of SshBastion", () => {
  it("is shell that runs at each boot and closes the server when it fails", async () => {
    const text = await script();
    expect(text.split("\n").slice(0, 4)).toEqual([
      "#cloud-boothook",
      "#!/bin/sh",
      "set -eu",
      "trap 'test $? -eq 0 || systemctl mask --now sshd.service' EXIT",
    ]);
    expect(spawnSync("sh", ["-n"], { input: text }).status).toBe(0);
    const join = /<<'END'\n(#!\/bin\/sh\n[^]*?)END\n/.exec(text)?.[1] ?? "";
    expect(join).toContain("associate-address");
    expect(spawnSync("sh", ["-n"], { input: join }).status).toBe(0);
  });

  it("holds the server's file as rendered, and an account with a key for each person [M6]", async () => {
    const text = await script();
    const config = sshdConfig({ accounts: ["alice", "bob"], securityKeys: false, mfa: "none" });
    expect(text).toContain(`cat > /etc/ssh/sshd_config <<'END'\n${config}END\n`);
    expect(text.split("\n").filter((line) => line.startsWith("account "))).toEqual([
      `account alice '${ed25519(1)}'`,
      `account bob '${ed25519(2)}'`,
    ]);
  });

  it("makes every key where it is used and none beforehand", async () => {
    expect(await script()).not.toMatch(/PRIVATE KEY|BEGIN /);
    expect(await script()).toContain("for type in ed25519 rsa ecdsa; do");
  });

  it("keeps strong moduli and ends where there is none [M5]", async () => {
    expect(await script()).toContain(
      "awk '$5 >= 3071' /etc/ssh/moduli > /etc/ssh/moduli.strong\ntest -s /etc/ssh/moduli.strong\n",
    );
  });

  it("ships its log, and tells the host keys, before anybody can connect by the address", async () => {
    const text = await script();
    const places = [
      "dnf -y",
      "enable --now rsyslog.service",
      "amazon-cloudwatch-agent-ctl -a fetch-config",
      "put-parameter",
      "describe-cluster",
      "try-restart",
      "associate-address",
    ].map((call) => text.indexOf(call));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(Math.min(...places)).toBeGreaterThan(0);
  });

  it("holds what asks for codes and no key of theirs, and asks before anybody can connect [M7]", async () => {
    expect(await script()).not.toMatch(/pam|codes/);
    const text = await script("totp");
    expect(spawnSync("sh", ["-n"], { input: text }).status).toBe(0);
    expect(text).toContain(`cat > /etc/pam.d/sshd <<'END'\n${pamFile()}END\n`);
    const fetching = fetchCodes({
      region: "eu-west-1",
      accountId: "111122223333",
      people: ["alice", "bob"].map((name) => ({
        name,
        publicKey: "",
        totpSecretArn: secretOf(name),
      })),
    });
    expect(text).toContain(`cat > /usr/local/sbin/drawbridge-codes <<'END'\n${fetching}END\n`);
    const joining = text.slice(text.indexOf("drawbridge-join <<"));
    const places = ["pam_oath", "cloudwatch-agent-ctl", "drawbridge-codes", "associate-address"];
    const order = places.map((place) => joining.indexOf(place));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(Math.min(...order)).toBeGreaterThan(0);
  });

  it("installs packages that Amazon Linux has signed, from its repository alone", async () => {
    const [install] = (await script()).split("\n").filter((line) => line.includes("dnf"));
    expect(install).toBe(
      "rpm -q --quiet amazon-cloudwatch-agent rsyslog || dnf -y -q --disablerepo='*' --enablerepo=amazonlinux --setopt='*.gpgcheck=1' install amazon-cloudwatch-agent rsyslog",
    );
  });

  it("lets the agent take the log of the server to a stream of the instance [M5]", async () => {
    const text = await script();
    const file = /^cat > \/etc\/drawbridge-agent\.json <<'END'\n(.*)\nEND$/m.exec(text)?.[1];
    expect(JSON.parse(file ?? "")).toEqual({
      agent: { region: "eu-west-1", run_as_user: "root" },
      logs: {
        logs_collected: {
          files: {
            collect_list: [
              {
                file_path: "/var/log/secure",
                log_group_name: "/drawbridge/p/bastion",
                log_stream_name: "{instance_id}",
              },
            ],
          },
        },
      },
    });
  });
});
