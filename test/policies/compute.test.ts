import { gzipSync } from "node:zlib";
import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import { base64, platform, resource, volume } from "../support/rule-platform";
import { gone, ref, unknown } from "../support/rule-stack";

const template = (inputs: Record<string, unknown>) => ({
  it: resource(token.launchTemplate, inputs),
});
const instance = (inputs: Record<string, unknown>) => ({ it: resource(token.instance, inputs) });

casesFor("compute-no-public-ip [J16]", {
  base: template({ networkInterfaces: [{ associatePublicIpAddress: "false" }] }),
  passes: [
    ["false", {}],
    ["nothing: the subnet decides, and a rule of its own judges it", template({})],
    ["an instance without", instance({ associatePublicIpAddress: false })],
  ],
  fails: [
    [
      "a launch template",
      { "it.networkInterfaces[0].associatePublicIpAddress": "true" },
      ['it: networkInterfaces[0].associatePublicIpAddress must not be true, got "true"'],
    ],
    [
      "the second interface of a launch template",
      template({ networkInterfaces: [{}, { associatePublicIpAddress: true }] }),
      ["it: networkInterfaces[1].associatePublicIpAddress must not be true, got true"],
    ],
    [
      "a carrier's address",
      template({ networkInterfaces: [{ associateCarrierIpAddress: "true" }] }),
      ['it: networkInterfaces[0].associateCarrierIpAddress must not be true, got "true"'],
    ],
    ...[token.instance, token.spotInstanceRequest, token.launchConfiguration].map(
      (type): [string, Record<string, unknown>, string[]] => [
        type,
        { it: resource(type, { associatePublicIpAddress: true }) },
        ["it: associatePublicIpAddress must not be true, got true"],
      ],
    ),
    [
      "a bastion",
      {
        it: resource(token.instance, {
          associatePublicIpAddress: true,
          tags: { Name: "dev-bastion" },
        }),
      },
      ["it: associatePublicIpAddress must not be true, got true"],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "it.networkInterfaces[0].associatePublicIpAddress": unknown },
      ["it: undecided: networkInterfaces[0].associatePublicIpAddress of it is unknown until up"],
    ],
    [
      "unknown interfaces",
      { "it.networkInterfaces": unknown },
      ["it: undecided: networkInterfaces of it is unknown until up"],
    ],
  ],
});

describe("a bastion that people reach by SSH", () => {
  casesFor("compute-no-public-ip [J16]", {
    base: instance({ associatePublicIpAddress: true, tags: { Name: "dev-bastion" } }),
    config: { publicBastion: true },
    passes: [
      ["the bastion by its tag", {}],
      [
        "the bastion by the tags of its template",
        template({
          networkInterfaces: [{ associatePublicIpAddress: "true" }],
          tagSpecifications: [{ resourceType: "instance", tags: { Name: "dev-bastion" } }],
        }),
      ],
    ],
    fails: [
      [
        "an instance that is no bastion",
        { "it.tags": { Name: "dev-web" } },
        ["it: associatePublicIpAddress must not be true, got true"],
      ],
    ],
    undecided: [],
    decided: "the table above has them",
  });
});

const metadata = { metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 } };

casesFor("compute-imdsv2 [M1]", {
  base: template(metadata),
  passes: [
    ["required", {}],
    ["the service off", template({ metadataOptions: { httpEndpoint: "disabled" } })],
    ["an instance", instance(metadata)],
  ],
  fails: [
    [
      "optional",
      { "it.metadataOptions.httpTokens": "optional" },
      ['it: metadataOptions.httpTokens must be required, got "optional"'],
    ],
    ...[
      token.launchTemplate,
      token.instance,
      token.spotInstanceRequest,
      token.launchConfiguration,
    ].map((type): [string, Record<string, unknown>, string[]] => [
      `nothing in ${type}`,
      { it: resource(type, {}) },
      ["it: metadataOptions.httpTokens must be required, got nothing"],
    ]),
  ],
  undecided: [
    [
      "unknown",
      { "it.metadataOptions.httpTokens": unknown },
      ["it: undecided: metadataOptions.httpTokens of it is unknown until up"],
    ],
  ],
});

casesFor("compute-imds-hop-limit-1 [M1] [J12]", {
  base: template(metadata),
  passes: [
    ["1", {}],
    ["1 as a text", { "it.metadataOptions.httpPutResponseHopLimit": "1" }],
    ["the service off", template({ metadataOptions: { httpEndpoint: "disabled" } })],
    [
      "a node group with a template",
      { it: resource(token.nodeGroup, { launchTemplate: { id: unknown, version: "1" } }) },
    ],
  ],
  fails: [
    [
      "2",
      { "it.metadataOptions.httpPutResponseHopLimit": 2 },
      ["it: metadataOptions.httpPutResponseHopLimit must be an integer from 1 to 1, got 2"],
    ],
    [
      "nothing: the account or the image decides",
      { "it.metadataOptions.httpPutResponseHopLimit": gone },
      ["it: metadataOptions.httpPutResponseHopLimit must be an integer from 1 to 1, got nothing"],
    ],
    [
      "a node group on EKS' own template",
      { it: resource(token.nodeGroup, {}) },
      ["it: launchTemplate must name a launch template of your own, got nothing"],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "it.metadataOptions": unknown },
      ["it: undecided: metadataOptions of it is unknown until up"],
    ],
  ],
});

const notNamed = (path: string) => `${path} must name a KMS key that you manage, got nothing`;

casesFor("compute-imds-narrow [M1] [J12]", {
  base: template(metadata),
  passes: [
    ["nothing", {}],
    [
      "disabled",
      {
        "it.metadataOptions.httpProtocolIpv6": "disabled",
        "it.metadataOptions.instanceMetadataTags": "disabled",
      },
    ],
    [
      "no metadata service",
      template({ metadataOptions: { httpEndpoint: "disabled", httpProtocolIpv6: "enabled" } }),
    ],
  ],
  fails: [
    [
      "the address of IPv6",
      { "it.metadataOptions.httpProtocolIpv6": "enabled" },
      ['it: metadataOptions.httpProtocolIpv6 must not be enabled, got "enabled"'],
    ],
    [
      "tags",
      { "it.metadataOptions.instanceMetadataTags": "enabled" },
      ['it: metadataOptions.instanceMetadataTags must not be enabled, got "enabled"'],
    ],
    [
      "tags of an instance",
      instance({ metadataOptions: { instanceMetadataTags: "enabled" } }),
      ['it: metadataOptions.instanceMetadataTags must not be enabled, got "enabled"'],
    ],
  ],
  undecided: [
    [
      "unknown",
      { "it.metadataOptions.httpProtocolIpv6": unknown },
      ["it: undecided: metadataOptions.httpProtocolIpv6 of it is unknown until up"],
    ],
  ],
});

const nameGroup = "vpcSecurityGroupIds must name a security group, got nothing";
const clusterGroup = ref("cluster", "vpcConfig");

casesFor("compute-own-security-groups [J16]", {
  base: platform,
  passes: [
    ["groups of templates and of their interfaces", {}],
    ["a group of another stack", { "nodes-template.vpcSecurityGroupIds": ["sg-1"] }],
    ["an instance", instance({ vpcSecurityGroupIds: [ref("nodes-group")] })],
    ["an instance by its template", instance({ launchTemplate: { id: ref("nodes-template") } })],
    [
      "an interface that has its own",
      instance({ networkInterfaces: [{ networkInterfaceId: "eni-1" }] }),
    ],
    ["a template that nothing starts from", template({})],
  ],
  fails: [
    [
      "nodes without a group",
      { "nodes-template.vpcSecurityGroupIds": gone },
      [`nodes-template: ${nameGroup}`],
    ],
    [
      "nodes with an empty list",
      { "nodes-template.vpcSecurityGroupIds": [] },
      ["nodes-template: vpcSecurityGroupIds must name a security group, got []"],
    ],
    [
      "an interface without a group",
      { "bastion-template.networkInterfaces[0].securityGroups": gone },
      [`bastion-template: ${nameGroup}`],
    ],
    ["an instance without a group", instance({}), [`it: ${nameGroup}`]],
    [
      "an endpoint without a group",
      { "endpoint-sts.securityGroupIds": gone },
      ["endpoint-sts: securityGroupIds must name a security group, got nothing"],
    ],
    [
      "an endpoint in the VPC's default group",
      { "endpoint-sts.securityGroupIds": [ref("default-group")] },
      [`endpoint-sts: securityGroupIds[0] must not be the VPC's default group, got "(unknown)"`],
      "preview",
    ],
    [
      "a log store without a group",
      { "store.vpcOptions.securityGroupIds": [] },
      ["store: vpcOptions.securityGroupIds must name a security group, got []"],
    ],
    [
      "the VPC's default group",
      { "nodes-template.vpcSecurityGroupIds": [ref("default-group")] },
      [
        `nodes-template: vpcSecurityGroupIds[0] must not be the VPC's default group, got "(unknown)"`,
      ],
      "preview",
    ],
    [
      "the group of EKS",
      { "nodes-template.vpcSecurityGroupIds": [clusterGroup] },
      [
        'nodes-template: vpcSecurityGroupIds[0] must not be the group that EKS makes, got "(unknown)"',
      ],
      "preview",
    ],
  ],
  undecided: [
    [
      "a template of another stack",
      { "nodes.launchTemplate": { id: "lt-1", version: "1" } },
      [
        "nodes: undecided: launchTemplate.id of nodes is unknown inside: the stack does not manage the template",
      ],
      "finished",
    ],
    [
      "a group that nobody knows yet",
      { "nodes-template.vpcSecurityGroupIds": [unknown] },
      ["nodes-template: undecided: vpcSecurityGroupIds[0] of nodes-template is unknown until up"],
    ],
  ],
});

casesFor("compute-ebs-encrypted [M1]", {
  base: platform,
  passes: [
    ["every volume of every template", {}],
    [
      "a volume of its own",
      { it: resource(token.volume, { encrypted: true, kmsKeyId: ref("key", "arn") }) },
    ],
    ["an alias", { it: resource(token.volume, { encrypted: true, kmsKeyId: "alias/volumes" }) }],
    [
      "an instance",
      instance({
        rootBlockDevice: { encrypted: true, kmsKeyId: ref("key", "arn") },
        ebsBlockDevices: [{ deviceName: "/dev/sdf", encrypted: true, kmsKeyId: ref("key", "arn") }],
      }),
    ],
    [
      "instance store and suppressed devices",
      {
        "bastion-template.blockDeviceMappings": [
          volume("/dev/xvda"),
          { deviceName: "/dev/sdb", virtualName: "ephemeral0" },
          { deviceName: "/dev/sdc", noDevice: "" },
          { deviceName: "/dev/sdd", noDevice: "true" },
        ].filter(({ deviceName }) => deviceName !== "/dev/sdc"),
      },
    ],
    [
      "Bottlerocket outside of a node group",
      {
        "bastion-template.imageId":
          "resolve:ssm:/aws/service/bottlerocket/aws-k8s-1.35/arm64/latest/image_id",
        "bastion-template.blockDeviceMappings": [volume("/dev/xvda"), volume("/dev/xvdb")],
      },
    ],
  ],
  fails: [
    [
      "a volume of a template that is not encrypted",
      { "nodes-template.blockDeviceMappings[1].ebs.encrypted": "false" },
      ['nodes-template: blockDeviceMappings[1].ebs.encrypted must be true, got "false"'],
    ],
    [
      "no key",
      { "nodes-template.blockDeviceMappings[0].ebs.kmsKeyId": gone },
      [`nodes-template: ${notNamed("blockDeviceMappings[0].ebs.kmsKeyId")}`],
    ],
    [
      "a key of AWS",
      { "nodes-template.blockDeviceMappings[0].ebs.kmsKeyId": "alias/aws/ebs" },
      [
        'nodes-template: blockDeviceMappings[0].ebs.kmsKeyId must name a KMS key that you manage, got "alias/aws/ebs"',
      ],
    ],
    [
      "one of Bottlerocket's two volumes",
      { "nodes-template.blockDeviceMappings": [volume("/dev/xvda")] },
      ["nodes-template: blockDeviceMappings must encrypt /dev/xvdb of nodes, got no such device"],
    ],
    [
      "another device than the image's",
      {
        "nodes.amiType": "AL2023_ARM_64_STANDARD",
        "nodes-template.blockDeviceMappings": [volume("/dev/sdf")],
      },
      ["nodes-template: blockDeviceMappings must encrypt /dev/xvda of nodes, got no such device"],
    ],
    [
      "no volumes in a template",
      { "bastion-template.blockDeviceMappings": gone },
      ["bastion-template: blockDeviceMappings must encrypt the volumes of the image, got nothing"],
    ],
    [
      "an empty list of volumes in a template",
      { "bastion-template.blockDeviceMappings": [] },
      ["bastion-template: blockDeviceMappings must encrypt the volumes of the image, got []"],
    ],
    [
      "another device than the root of Amazon Linux",
      { "bastion-template.blockDeviceMappings[0].deviceName": "/dev/xvdz" },
      [
        "bastion-template: blockDeviceMappings must encrypt /dev/xvda of the image, got no such device",
      ],
    ],
    [
      "a root device that is suppressed",
      { "bastion-template.blockDeviceMappings": [{ ...volume("/dev/xvda"), noDevice: "true" }] },
      [
        "bastion-template: blockDeviceMappings must encrypt /dev/xvda of the image, got no such device",
      ],
    ],
    [
      "one of Bottlerocket's volumes outside of a node group",
      {
        "bastion-template.imageId":
          "resolve:ssm:/aws/service/bottlerocket/aws-k8s-1.35/arm64/latest/image_id",
      },
      [
        "bastion-template: blockDeviceMappings must encrypt /dev/xvdb of the image, got no such device",
      ],
    ],
    [
      "the second volume of EKS' Amazon Linux instead of the first",
      {
        "bastion-template.imageId":
          "resolve:ssm:/aws/service/eks/optimized-ami/1.35/amazon-linux-2023/arm64/standard/recommended/image_id",
        "bastion-template.blockDeviceMappings": [volume("/dev/xvdb")],
      },
      [
        "bastion-template: blockDeviceMappings must encrypt /dev/xvda of the image, got no such device",
      ],
    ],
    [
      "a node group on EKS' own template",
      { "nodes.launchTemplate": gone },
      ["nodes: launchTemplate must name a launch template of your own, got nothing"],
    ],
    [
      "an instance that says nothing",
      instance({}),
      [
        "it: rootBlockDevice.encrypted must be true, got nothing",
        `it: ${notNamed("rootBlockDevice.kmsKeyId")}`,
      ],
    ],
    [
      "a second volume of an instance",
      instance({
        rootBlockDevice: { encrypted: true, kmsKeyId: ref("key", "arn") },
        ebsBlockDevices: [{ deviceName: "/dev/sdf" }],
      }),
      [
        "it: ebsBlockDevices[0].encrypted must be true, got nothing",
        `it: ${notNamed("ebsBlockDevices[0].kmsKeyId")}`,
      ],
    ],
    [
      "a volume of its own",
      { it: resource(token.volume, { encrypted: false, kmsKeyId: ref("key", "arn") }) },
      ["it: encrypted must be true, got false"],
    ],
    [
      "a launch configuration",
      { it: resource(token.launchConfiguration, {}) },
      ["it: rootBlockDevice.encrypted must be true, got nothing"],
    ],
  ],
  undecided: [
    [
      "a key that nobody knows yet",
      { "nodes-template.blockDeviceMappings[0].ebs.kmsKeyId": unknown, key: gone, ...withoutKey() },
      [
        "nodes-template: undecided: blockDeviceMappings[0].ebs.kmsKeyId of nodes-template is unknown until up",
      ],
    ],
    [
      "a device that nobody knows yet",
      { "nodes-template.blockDeviceMappings[1].deviceName": unknown },
      [
        "nodes-template: undecided: blockDeviceMappings[1].deviceName of nodes-template is unknown until up",
      ],
    ],
    [
      "an image that nobody knows yet",
      { "nodes.amiType": unknown },
      ["nodes: undecided: amiType of nodes is unknown until up"],
    ],
    [
      "an image of a template that nobody knows yet",
      { "bastion-template.imageId": unknown },
      ["bastion-template: undecided: imageId of bastion-template is unknown until up"],
    ],
    [
      "an image of one's own",
      { "bastion-template.imageId": "ami-0123456789abcdef0" },
      [
        "bastion-template: undecided: the root device of ami-0123456789abcdef0 is unknown: only EC2 can tell",
      ],
    ],
  ],
});

/** Every other use of the key, so that nothing else says where an unknown key comes from. */
function withoutKey() {
  return Object.fromEntries(
    [
      "nodes-template.blockDeviceMappings[1].ebs.kmsKeyId",
      "bastion-template.blockDeviceMappings[0].ebs.kmsKeyId",
      "cluster-logs.kmsKeyId",
      "flow-group.kmsKeyId",
      "session-logs.kmsKeyId",
      "cluster.encryptionConfig.provider.keyArn",
    ].map((path) => [path, "alias/other"]),
  );
}

const keyId = ["AKIA", "IOSFODNN7EXAMPLE"].join("");
const mime = `Content-Type: text/x-shellscript\nContent-Transfer-Encoding: base64\n\n${base64(`export AWS_ACCESS_KEY_ID=${keyId}\n`.repeat(3)).replace(/(.{76})/g, "$1\n")}\n`;

const repository = (more: string) =>
  template({
    userData: base64(
      `#!/bin/sh\ncat > a.repo <<'END'\n[vendor]\nname=Vendor\n${more}\nEND\ndnf install a\n`,
    ),
  });

casesFor("compute-userdata-verified [M1]", {
  base: repository("baseurl=https://rpm.example.com\ngpgcheck=1"),
  passes: [
    ["a repository with signatures", {}],
    ["nothing", template({})],
    ["the metadata service", instance({ userData: "curl http://169.254.169.254/latest\n" })],
    ["a file over TLS", instance({ userData: "curl --tlsv1.2 https://example.com/key\n" })],
  ],
  fails: [
    [
      "a repository without a word of signatures, as by dnf's default",
      repository("baseurl=https://rpm.example.com"),
      ["it: userData must set gpgcheck=1 for the repository vendor"],
    ],
    [
      "a repository without signatures",
      repository("baseurl=https://rpm.example.com\ngpgcheck=0"),
      [
        "it: userData must not install packages without a signature",
        "it: userData must set gpgcheck=1 for the repository vendor",
      ],
    ],
    [
      "a repository without TLS",
      repository("baseurl=http://rpm.example.com\ngpgcheck=1"),
      ["it: userData must not fetch over plain HTTP"],
    ],
    [
      "a file without TLS",
      instance({ userData: "curl -o a http://example.com/a\n" }),
      ["it: userData must not fetch over plain HTTP"],
    ],
    [
      "any certificate",
      instance({ userData: "curl -sk https://example.com/a\n" }),
      ["it: userData must not ignore certificates"],
    ],
    [
      "any certificate of an index of Python",
      instance({ userData: "pip install --trusted-host pypi.example.com a\n" }),
      ["it: userData must not ignore certificates"],
    ],
    [
      "an index of Python without TLS",
      instance({ userData: "pip3 install --index-url=http://pypi.example.com a\n" }),
      ["it: userData must not fetch over plain HTTP"],
    ],
    [
      "a package without its signature",
      instance({ userData: "dnf -y --nogpgcheck install a\n" }),
      ["it: userData must not install packages without a signature"],
    ],
  ],
  undecided: [
    [
      "unknown",
      template({ userData: unknown }),
      ["it: undecided: userData of it is unknown until up"],
    ],
  ],
});

casesFor("compute-no-userdata-secrets [J7]", {
  base: template({ userData: base64("[settings.kernel]\nlockdown = 'integrity'\n") }),
  passes: [
    ["settings", {}],
    ["nothing", template({})],
    [
      "a secret that is fetched",
      instance({ userData: 'PASSWORD="$(aws secretsmanager get-secret-value)"\nTOKEN=${TOKEN}\n' }),
    ],
    ["a flag", instance({ userData: "disable-password = true\npassword: false\n" })],
    ...[
      'mysql -u root -p"$PASS" -e "select 1"',
      "mysql -u root -p app < dump.sql",
      'git clone "https://x-access-token:${TOKEN}@git.example.com/a.git"',
      "git clone https://<user>:<password>@git.example.com/a.git",
      "curl http://db.example.com:8080/health?to=a@b",
      'curl -u "$NAME:$PASS" https://example.com',
      "curl --user-agent app:1.2 https://example.com",
      'echo "root:$PASS" | chpasswd',
      "docker login -u app --password-stdin",
      "docker run -p 8443:8443 app",
    ].map((userData): [string, Record<string, unknown>] => [userData, instance({ userData })]),
    [
      "the ARN of a secret",
      instance({
        userData: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:totp/alice-a1B2",
      }),
    ],
  ],
  fails: [
    [
      "an access key",
      template({ userData: base64(`export KEY=${keyId}`) }),
      ["it: userData must not contain an AWS access key"],
    ],
    [
      "a secret key",
      template({
        userData: base64(
          `aws_secret_access_key = ${"wJalrXUtnFEMI/K7MDENG/bPxRfiCY".padEnd(40, "E")}`,
        ),
      }),
      ["it: userData must not contain an AWS secret key"],
    ],
    [
      "a private key, as plain text",
      instance({ userData: "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n" }),
      ["it: userData must not contain a private key"],
    ],
    [
      "a Vault token, encoded by itself",
      instance({ userDataBase64: base64(`vault login hvs.${"C".repeat(24)}`) }),
      ["it: userDataBase64 must not contain a Vault token"],
    ],
    [
      "a password, compressed",
      template({ userData: base64(gzipSync("echo hello\ndb_password=correct-horse\n")) }),
      ["it: userData must not contain a password"],
    ],
    ...[
      ["a password in a URL", "git clone https://deploy:corr3ct@git.example.com/a.git"],
      ["a password in a URL", "DATABASE_URL=postgres://app:h0rse@db.example.com/app"],
      ["a password in a URL", "redis-cli -u redis://:h0rse@cache.example.com"],
      ["a password in a command", "mysql -uroot -ph0rse -e 'select 1'"],
      ["a password in a command", "mysqldump --all-databases -p'h0rse' > dump.sql"],
      ["a password in a command", "sshpass -p h0rse ssh host"],
      ["a password in a command", "curl -u deploy:h0rse https://example.com/a"],
      ["a password in a command", "docker login -u deploy -p h0rse registry.example.com"],
      ["a password in a command", "echo 'root:h0rse' | sudo chpasswd"],
      ["a password in a command", "openssl pkcs12 -in a.p12 -passin pass:h0rse"],
      ["a token of Slack", `SLACK=xoxb-${"1".repeat(12)}-${"a".repeat(24)}`],
      ["a token of Slack", `export HOOK=https://hooks.slack.com/services/T0/B0/${"x".repeat(24)}`],
      ["a token of GitLab", `glpat-${"a".repeat(20)}`],
    ].map(([what = "", userData = ""]): [string, Record<string, unknown>, string[]] => [
      `${what}: ${userData}`,
      instance({ userData }),
      [`it: userData must not contain ${what}`],
    ]),
    [
      "a secret after a colon",
      instance({ userData: "name:secret:correct-horse" }),
      ["it: userData must not contain a password"],
    ],
    [
      "a part that is encoded inside",
      instance({ userData: mime }),
      ["it: userData must not contain an AWS access key"],
    ],
    [
      "a token of kubeadm",
      instance({ userData: "kubeadm join --discovery-token abcdef.0123456789abcdef" }),
      ["it: userData must not contain a bootstrap token of Kubernetes"],
    ],
    [
      "a token of GitHub",
      {
        it: resource(token.launchConfiguration, {
          userData: `git clone https://${["gh", "p_"].join("")}${"a".repeat(36)}@github.com`,
        }),
      },
      ["it: userData must not contain a token of GitHub"],
    ],
    [
      "a JSON web token",
      {
        it: resource(token.spotInstanceRequest, {
          userData: "curl -H eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.SflKxwRJSMeKKF2Q",
        }),
      },
      ["it: userData must not contain a JSON web token"],
    ],
    [
      "a secret beside something unknown",
      instance({ userData: `server=${unknown}\npassword: hunter2hunter2\n` }),
      [
        "it: userData must not contain a password",
        "it: undecided: userData of it is unknown until up",
      ],
    ],
  ],
  undecided: [
    ["unknown", { "it.userData": unknown }, ["it: undecided: userData of it is unknown until up"]],
  ],
});

casesFor("compute-instance-profile [M1] [J7]", {
  base: platform,
  passes: [
    ["the template of a group", {}],
    ["a profile by name", { "bastion-template.iamInstanceProfile": { name: "bastion" } }],
    ["an instance", instance({ iamInstanceProfile: "web" })],
    ["an instance by its template", instance({ launchTemplate: { id: ref("bastion-template") } })],
  ],
  fails: [
    [
      "a template without",
      { "bastion-template.iamInstanceProfile": gone },
      [
        "bastion-template: iamInstanceProfile.arn must name an instance profile, so that no keys are needed, got nothing",
      ],
    ],
    [
      "an instance without",
      instance({}),
      [
        "it: iamInstanceProfile must name an instance profile, so that no keys are needed, got nothing",
      ],
    ],
    [
      "a launch configuration without",
      {
        configuration: resource(token.launchConfiguration, { name: "old" }),
        old: resource(token.autoScalingGroup, {
          launchConfiguration: ref("configuration", "name"),
        }),
      },
      [
        "configuration: iamInstanceProfile must name an instance profile, so that no keys are needed, got nothing",
      ],
    ],
  ],
  undecided: [
    [
      "a profile that nobody knows yet",
      { "bastion-template.iamInstanceProfile.arn": unknown },
      [
        "bastion-template: undecided: iamInstanceProfile.arn of bastion-template is unknown until up",
      ],
    ],
  ],
});

casesFor("compute-detailed-monitoring [M10]", {
  base: template({ monitoring: { enabled: true } }),
  passes: [
    ["a template", {}],
    ["an instance", instance({ monitoring: true })],
  ],
  fails: [
    ["off", { "it.monitoring.enabled": false }, ["it: monitoring.enabled must be true, got false"]],
    ["nothing", instance({}), ["it: monitoring must be true, got nothing"]],
  ],
  undecided: [
    [
      "unknown",
      { "it.monitoring": unknown },
      ["it: undecided: monitoring of it is unknown until up"],
    ],
  ],
});

casesFor("ssh-per-user-keys [M6]", {
  base: template({}),
  passes: [
    ["a template without a key", {}],
    ["a node group without access", { it: resource(token.nodeGroup, {}) }],
  ],
  fails: [
    ...[
      token.launchTemplate,
      token.instance,
      token.spotInstanceRequest,
      token.launchConfiguration,
    ].map((type): [string, Record<string, unknown>, string[]] => [
      type,
      { it: resource(type, { keyName: "team" }) },
      ['it: keyName must be left out, got "team"'],
    ]),
    [
      "a node group",
      { it: resource(token.nodeGroup, { remoteAccess: { ec2SshKey: "team" } }) },
      ["it: remoteAccess must be left out, got a map"],
    ],
    [
      "a key pair",
      { it: resource(token.keyPair, { publicKey: "ssh-ed25519 AAAA" }) },
      ["it: it must not exist: whoever holds it is nobody in particular"],
    ],
  ],
  undecided: [
    ["unknown", { "it.keyName": unknown }, ["it: undecided: keyName of it is unknown until up"]],
  ],
});

const group = (inputs: Record<string, unknown>) => ({ it: resource(token.nodeGroup, inputs) });

casesFor("node-selinux-enabled [J11]", {
  base: group({ amiType: "BOTTLEROCKET_ARM_64" }),
  passes: [
    ["Bottlerocket", {}],
    ["Bottlerocket with FIPS", { "it.amiType": "BOTTLEROCKET_x86_64_FIPS" }],
  ],
  fails: [
    [
      "Amazon Linux 2",
      { "it.amiType": "AL2_x86_64" },
      ['it: amiType must be a Bottlerocket image, got "AL2_x86_64"'],
    ],
    ["nothing", { "it.amiType": gone }, ["it: amiType must be a Bottlerocket image, got nothing"]],
    [
      "an image of one's own",
      { "it.amiType": "CUSTOM" },
      ['it: amiType must be a Bottlerocket image, got "CUSTOM"'],
    ],
  ],
  undecided: [
    ["unknown", { "it.amiType": unknown }, ["it: undecided: amiType of it is unknown until up"]],
  ],
});

const toml = (...lines: string[]) => ({ "nodes-template.userData": base64(lines.join("\n")) });
const noAdmin = "settings.host-containers.admin.enabled = false";
const lockdown = 'settings.kernel.lockdown = "integrity"';
const noSettings = "nodes-template: userData must be Bottlerocket's settings in TOML, in base64";
const own = "resolve:ssm:/aws/service/bottlerocket/aws-k8s-1.35/arm64/latest/image_id";

casesFor("node-bottlerocket-hardened [M6] [J12]", {
  base: platform,
  passes: [
    ["no administrative container, and lockdown", {}],
    ["the stricter lockdown", toml(noAdmin, 'settings.kernel.lockdown = "confidentiality"')],
    [
      "other settings beside them",
      toml(noAdmin, lockdown, "[settings.host-containers.control]", "enabled = true"),
    ],
    [
      "no lockdown with NVIDIA's driver",
      { "nodes.amiType": "BOTTLEROCKET_ARM_64_NVIDIA", ...toml(noAdmin) },
    ],
    [
      "another image",
      { "nodes.amiType": "AL2023_ARM_64_STANDARD", "nodes-template.userData": gone },
    ],
  ],
  fails: [
    ["no user data", { "nodes-template.userData": gone }, [`${noSettings}, got nothing`]],
    ["a shell script", toml("#!/bin/sh", "true"), [`${noSettings}, got something else`]],
    ["no settings", toml("[other]", "a = 1"), [`${noSettings}, got something else`]],
    [
      "the administrative container",
      toml("settings.host-containers.admin.enabled = true", lockdown),
      ["nodes-template: userData.settings.host-containers.admin.enabled must be false, got true"],
    ],
    [
      "the administrative container left to the image",
      toml(lockdown),
      [
        "nodes-template: userData.settings.host-containers.admin.enabled must be false, got nothing",
      ],
    ],
    [
      "another container with the rights of the host",
      toml(noAdmin, lockdown, "[settings.host-containers.tool]", "superpowered = true"),
      [
        "nodes-template: userData.settings.host-containers.tool.superpowered must not be true, got true",
      ],
    ],
    [
      "no lockdown",
      toml(noAdmin, 'settings.kernel.lockdown = "none"'),
      [
        'nodes-template: userData.settings.kernel.lockdown must be one of integrity, confidentiality, got "none"',
      ],
    ],
    [
      "lockdown left to the image",
      toml(noAdmin),
      [
        "nodes-template: userData.settings.kernel.lockdown must be one of integrity, confidentiality, got nothing",
      ],
    ],
    [
      "an image outside of a node group",
      { it: resource(token.launchTemplate, { imageId: own }) },
      ["it: userData must be Bottlerocket's settings in TOML, in base64, got nothing"],
    ],
  ],
  undecided: [
    [
      "user data that nobody knows yet",
      { "nodes-template.userData": unknown },
      ["nodes-template: undecided: userData of nodes-template is unknown until up"],
    ],
    [
      "an image that nobody knows yet",
      { "nodes.amiType": unknown },
      ["nodes: undecided: amiType of nodes is unknown until up"],
    ],
  ],
});

const moves = "must be a number, so that the nodes change only when the program does";

casesFor("node-patch-launch-template [J12]", {
  base: platform,
  passes: [
    ["the template's version", {}],
    ["a number", { "nodes.launchTemplate.version": "3" }],
    [
      "a release instead of a version",
      { "nodes.version": gone, "nodes.releaseVersion": "1.50.0-1" },
    ],
  ],
  fails: [
    [
      "the latest version",
      { "nodes.launchTemplate.version": "$Latest" },
      [`nodes: launchTemplate.version ${moves}, got "$Latest"`],
    ],
    [
      "no version, which is the default one",
      { "bastion.launchTemplate.version": gone },
      [`bastion: launchTemplate.version ${moves}, got nothing`],
    ],
    [
      "no Kubernetes version",
      { "nodes.version": gone },
      ["nodes: version must be set, or releaseVersion, got nothing"],
    ],
    [
      "no template",
      { "nodes.launchTemplate": gone },
      ["nodes: launchTemplate must name a launch template of your own, got nothing"],
    ],
    [
      "a launch configuration",
      { "bastion.launchConfiguration": "old", "bastion.launchTemplate": gone },
      ['bastion: launchConfiguration must be left out, got "old"'],
    ],
  ],
  undecided: [
    [
      "a version that nobody knows yet",
      { "nodes.launchTemplate": { id: "lt-1", version: unknown } },
      ["nodes: undecided: launchTemplate.version of nodes is unknown until up"],
    ],
  ],
});
