import { gunzipSync } from "node:zlib";
import type { Condition } from "./conditions";
import { is, isAbsent, isBetween, isNot, isOneOf, isSet, known } from "./conditions";
import { mustNameKey } from "./keys";
import type { Field, Finding, Resource, Stack } from "./model";
import { publicBastion } from "./public-bastion";
import { resourceRule, stackRule } from "./rule";
import { token } from "./tokens";
import { isBastion } from "./topology";

const instances = [token.instance, token.spotInstanceRequest];
const templates = [token.launchTemplate, token.launchConfiguration];

export const noPublicIp = resourceRule({
  id: "compute-no-public-ip",
  title: "Instances have no public address",
  severity: "high",
  level: "mandatory",
  requirements: ["J16"],
  controls: ["ckv:CKV_AWS_88", "avd:AWS-0009"],
  fix: "Set associatePublicIpAddress to false and reach the instance by Session Manager.",
  url: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-instance-addressing.html",
  types: [...instances, ...templates],
  config: { publicBastion },
  *check(resource, config) {
    if (config.publicBastion && isBastion(resource)) return;
    yield* resource.must("associatePublicIpAddress", isNot(true));
    for (const card of resource.each("networkInterfaces")) {
      yield* card.at("associatePublicIpAddress").must(isNot(true));
      yield* card.at("associateCarrierIpAddress").must(isNot(true));
    }
  },
});

/** With the metadata service off there is nothing left to protect. */
function metadataIsOff(resource: Resource): boolean {
  return resource.at("metadataOptions.httpEndpoint").value === "disabled";
}

export const imdsv2 = resourceRule({
  id: "compute-imdsv2",
  title: "The metadata service answers only requests with a session token (IMDSv2)",
  severity: "high",
  level: "mandatory",
  requirements: ["M1"],
  controls: ["ckv:CKV_AWS_79", "avd:AWS-0028", "avd:AWS-0130"],
  fix: 'Set metadataOptions.httpTokens to "required".',
  url: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html",
  types: [...instances, ...templates],
  *check(resource) {
    // The default depends on the account and on the image, so what is missing fails.
    if (!metadataIsOff(resource)) {
      yield* resource.must("metadataOptions.httpTokens", is("required"));
    }
  },
});

export const hopLimit = resourceRule({
  id: "compute-imds-hop-limit-1",
  title:
    "Answers of the metadata service do not leave the instance, so no pod gets the node's credentials",
  severity: "high",
  level: "mandatory",
  requirements: ["M1", "J12"],
  controls: ["ckv:CKV_AWS_341"],
  fix: "Set metadataOptions.httpPutResponseHopLimit to 1, in a launch template of your own for node groups.",
  url: "https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html",
  types: [...instances, ...templates, token.nodeGroup],
  *check(resource) {
    if (resource.type === token.nodeGroup) {
      // Without a template EKS makes one with a limit of 2.
      yield* hasTemplate(resource);
    } else if (!metadataIsOff(resource)) {
      yield* resource.must("metadataOptions.httpPutResponseHopLimit", isBetween(1, 1));
    }
  },
});

function hasTemplate(group: Resource): Finding[] {
  const template = group.at("launchTemplate");
  if (template.unknown) return [template.undecided()];
  const isNamed = ["id", "name"].some((key) => template.at(key).present);
  return isNamed ? [] : [template.fail("name a launch template of your own")];
}

export const volumesEncrypted = stackRule({
  id: "compute-ebs-encrypted",
  title: "Every volume is encrypted with a key that the account manages",
  severity: "high",
  level: "mandatory",
  requirements: ["M1"],
  controls: ["ckv:CKV_AWS_8", "ckv:CKV_AWS_3", "ckv:CKV_AWS_189", "avd:AWS-0131", "avd:AWS-0008"],
  fix: "Set encrypted and kmsKeyId for each volume of the instance or of its launch template.",
  url: "https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html",
  types: [...instances, ...templates, token.volume, token.nodeGroup],
  *checkStack(stack) {
    for (const volume of stack.all(token.volume)) {
      yield* encrypted((path) => volume.at(path), stack);
    }
    for (const instance of stack.all(...instances)) yield* instanceVolumes(instance, stack);
    for (const template of stack.all(token.launchTemplate)) {
      yield* templateVolumes(template, stack);
    }
    for (const configuration of stack.all(token.launchConfiguration)) {
      // A launch configuration cannot name a key.
      for (const volume of [
        configuration.at("rootBlockDevice"),
        ...configuration.each("ebsBlockDevices"),
      ]) {
        yield* volume.at("encrypted").must(is(true));
      }
    }
    for (const group of stack.all(token.nodeGroup)) {
      yield* hasTemplate(group);
      yield* imageVolumes(group, stack);
    }
  },
});

function* encrypted(at: (path: string) => Field, stack: Stack): Iterable<Finding> {
  yield* at("encrypted").must(is(true));
  yield* mustNameKey(at("kmsKeyId"), stack);
}

function* instanceVolumes(instance: Resource, stack: Stack): Iterable<Finding> {
  const volumes = [instance.at("rootBlockDevice"), ...instance.each("ebsBlockDevices")];
  for (const volume of volumes) yield* encrypted((path) => volume.at(path), stack);
}

function* templateVolumes(template: Resource, stack: Stack): Iterable<Finding> {
  const mappings = template.at("blockDeviceMappings");
  if (!mappings.present) yield mappings.fail("encrypt the volumes of the image");
  for (const mapping of mappings.each()) {
    // Instance store is erased with the instance; a suppressed device holds nothing.
    if (mapping.at("noDevice").present || mapping.at("virtualName").present) continue;
    yield* encrypted((path) => mapping.at(`ebs.${path}`), stack);
  }
}

/** The volumes that images bring along: docs.aws.amazon.com/eks/latest/userguide/launch-templates.html */
function devicesOf(amiType: string): string[] {
  if (amiType.startsWith("BOTTLEROCKET")) return ["/dev/xvda", "/dev/xvdb"];
  if (amiType.startsWith("WINDOWS")) return ["/dev/sda1"];
  return amiType.startsWith("AL2") ? ["/dev/xvda"] : [];
}

/** A volume of the image that the template leaves out keeps the image's setting: not encrypted. */
function* imageVolumes(group: Resource, stack: Stack): Iterable<Finding> {
  const amiType = group.at("amiType");
  if (amiType.unknown) yield amiType.undecided();
  const devices = amiType.unknown ? [] : devicesOf(amiType.text);
  for (const template of templatesOf(group, stack)) {
    const names = template.each("blockDeviceMappings").map((mapping) => mapping.at("deviceName"));
    for (const device of devices) {
      if (names.some(({ value }) => value === device)) continue;
      const open = names.filter(({ unknown }) => unknown);
      yield* open.length > 0
        ? open.map((field) => field.undecided())
        : [
            template.fail(
              `blockDeviceMappings must encrypt ${device} of ${group.name}, got no such device`,
            ),
          ];
    }
  }
}

/** The launch templates that a group of instances names. */
export function templatesOf(group: Resource, stack: Stack): Resource[] {
  return [
    "launchTemplate.id",
    "launchTemplate.name",
    "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.launchTemplateId",
    "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.launchTemplateName",
  ].flatMap((path) => stack.refs(group.at(path), [token.launchTemplate]).found);
}

/** What a secret looks like. A reference to a variable or to a command is none. */
const secrets: [name: string, pattern: RegExp][] = [
  ["an AWS access key", /\b(AKIA|ASIA)[0-9A-Z]{16}\b/],
  ["an AWS secret key", /aws_secret_access_key['"]?\s*[=:]\s*['"]?[A-Za-z0-9/+]{40}/i],
  ["a private key", /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ["a Vault token", /\bhv[sbr]\.[A-Za-z0-9_-]{20,}/],
  ["a token of GitHub", /\b(gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})/],
  ["a JSON web token", /\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/],
  ["a bootstrap token of Kubernetes", /\b[a-z0-9]{6}\.[a-z0-9]{16}\b/],
  [
    "a password",
    /\b[a-z0-9_-]*(password|passwd|secret|token|api_?key)['"]?\s*[=:]\s*['"]?(?![$<{(]|true\b|false\b|null\b)[^\s'"$]{8,}/i,
  ],
];

export const noUserDataSecrets = resourceRule({
  id: "compute-no-userdata-secrets",
  title:
    "User data holds no secrets: every process of the instance and every reader of EC2 can see it",
  severity: "critical",
  level: "mandatory",
  requirements: ["J7"],
  controls: ["ckv:CKV_AWS_46", "avd:AWS-0029"],
  fix: "Let the instance fetch the secret with its role, from Vault or Secrets Manager.",
  url: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html",
  types: [...instances, ...templates],
  *check(resource) {
    for (const path of ["userData", "userDataBase64"]) {
      const field = resource.at(path);
      if (!field.present) continue;
      for (const text of readings(field.text)) {
        for (const [name, pattern] of secrets) {
          // The finding must not repeat the secret.
          if (pattern.test(text)) yield resource.fail(`${path} must not contain ${name}`);
        }
      }
      if (field.unknown) yield field.undecided();
    }
  },
});

/** Long enough to hide something, and not a word. */
const encodedText = /[A-Za-z0-9+/]{40,}={0,2}/g;
const deepestEncoding = 3;

/** The text and whatever is encoded in it by base64 or gzip, some levels deep. */
function readings(text: string, depth = 0): string[] {
  if (depth > deepestEncoding) return [];
  const encoded = [...text.replace(/(?<=[A-Za-z0-9+/]{60,})\r?\n/g, "").matchAll(encodedText)];
  return [text, ...encoded.flatMap(([match]) => readings(decoded(match), depth + 1))];
}

function decoded(base64: string): string {
  const bytes = Buffer.from(base64, "base64");
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  try {
    return (isGzip ? gunzipSync(bytes) : bytes).toString("utf8");
  } catch {
    // A text that only looks like gzip holds nothing that cloud-init could read.
    return "";
  }
}

const profiled: Condition = {
  ...isSet,
  rule: "name an instance profile, so that no keys are needed",
};

export const instanceProfile = stackRule({
  id: "compute-instance-profile",
  title: "Instances get their credentials from a role",
  severity: "medium",
  level: "mandatory",
  requirements: ["M1", "J7"],
  controls: ["ckv:CKV2_AWS_41"],
  fix: "Set iamInstanceProfile on the instance or on the launch template of its group.",
  url: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html",
  types: [...instances, token.autoScalingGroup],
  *checkStack(stack) {
    for (const instance of stack.all(...instances)) {
      const fromTemplate = templatesOf(instance, stack).flatMap(profileOf);
      const own = instance.at("iamInstanceProfile");
      yield* fromTemplate.some(({ present }) => present) ? [] : named(own, stack);
    }
    for (const group of stack.all(token.autoScalingGroup)) {
      for (const template of templatesOf(group, stack)) {
        const fields = profileOf(template);
        const field = fields.find(({ present }) => present) ?? fields[0];
        if (field) yield* named(field, stack);
      }
      const legacy = stack.refs(group.at("launchConfiguration"), [token.launchConfiguration]);
      for (const configuration of legacy.found) {
        yield* named(configuration.at("iamInstanceProfile"), stack);
      }
    }
  },
});

function profileOf(template: Resource): Field[] {
  return ["arn", "name"].map((key) => template.at(`iamInstanceProfile.${key}`));
}

function named(field: Field, stack: Stack): Finding[] {
  const { found } = stack.refs(field, ["aws:iam/instanceProfile:InstanceProfile"]);
  return found.length > 0 ? [] : field.must(profiled);
}

export const detailedMonitoring = resourceRule({
  id: "compute-detailed-monitoring",
  title: "Instances report their metrics every minute",
  severity: "low",
  level: "advisory",
  requirements: ["M10"],
  controls: ["ckv:CKV_AWS_126"],
  fix: "Turn detailed monitoring on.",
  url: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/manage-detailed-monitoring.html",
  types: [...instances, token.launchTemplate],
  *check(resource) {
    const path = resource.type === token.launchTemplate ? "monitoring.enabled" : "monitoring";
    yield* resource.must(path, is(true));
  },
});

export const perUserKeys = resourceRule({
  id: "ssh-per-user-keys",
  title: "No EC2 key pair: SSH keys belong to people, and nodes have none",
  severity: "high",
  level: "mandatory",
  requirements: ["M6"],
  controls: ["ckv:CKV_AWS_100"],
  fix: "Leave out keyName and remoteAccess; people use Session Manager or accounts of their own.",
  url: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-key-pairs.html",
  types: [...instances, ...templates, token.nodeGroup, token.keyPair],
  *check(resource) {
    switch (resource.type) {
      case token.keyPair:
        yield resource.fail(
          `${resource.name} must not exist: whoever holds it is nobody in particular`,
        );
        return;
      case token.nodeGroup:
        yield* resource.must("remoteAccess", isAbsent);
        return;
      default:
        yield* resource.must("keyName", isAbsent);
    }
  },
});

/** Images of EKS whose SELinux is enforcing: docs.aws.amazon.com/eks/latest/userguide/eks-optimized-ami-bottlerocket.html */
const enforcing = [
  "BOTTLEROCKET_ARM_64",
  "BOTTLEROCKET_x86_64",
  "BOTTLEROCKET_ARM_64_FIPS",
  "BOTTLEROCKET_x86_64_FIPS",
  "BOTTLEROCKET_ARM_64_NVIDIA",
  "BOTTLEROCKET_x86_64_NVIDIA",
  "BOTTLEROCKET_ARM_64_NVIDIA_FIPS",
  "BOTTLEROCKET_x86_64_NVIDIA_FIPS",
];

export const selinux = resourceRule({
  id: "node-selinux-enabled",
  title: "Nodes run an image that enforces SELinux",
  severity: "medium",
  level: "advisory",
  requirements: ["J11"],
  controls: [],
  fix: "Use a Bottlerocket image.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/eks-optimized-ami-bottlerocket.html",
  types: [token.nodeGroup],
  *check(group) {
    yield* group.must("amiType", { ...isOneOf(enforcing), rule: "be a Bottlerocket image" });
  },
});

const moving = ["$Latest", "$Default"];
const pinned = known(
  "be a number, so that the nodes change only when the program does",
  (value) =>
    typeof value === "number" ||
    (typeof value === "string" && value !== "" && !moving.includes(value)),
);

export const patchedByTemplate = stackRule({
  id: "node-patch-launch-template",
  title: "Nodes start from a numbered version of a launch template and a named Kubernetes version",
  severity: "low",
  level: "advisory",
  requirements: ["J12"],
  controls: ["ckv:CKV_AWS_315"],
  fix: "Give node groups and Auto Scaling groups a launch template with its version, and node groups a version.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html",
  types: [token.nodeGroup, token.autoScalingGroup],
  *checkStack(stack) {
    for (const group of stack.all(token.nodeGroup)) {
      yield* hasTemplate(group);
      yield* templateVersion(group, stack);
      if (!group.at("releaseVersion").present) {
        yield* group.must("version", { ...pinned, rule: "be set, or releaseVersion" });
      }
    }
    for (const group of stack.all(token.autoScalingGroup)) {
      yield* group.must("launchConfiguration", isAbsent);
      yield* templateVersion(group, stack);
    }
  },
});

function* templateVersion(group: Resource, stack: Stack): Iterable<Finding> {
  const version = group.at("launchTemplate.version");
  if (!group.at("launchTemplate").present) return;
  // Unknown and made from the template it is the template's number.
  if (stack.refs(version, [token.launchTemplate]).found.length === 0) yield* version.must(pinned);
}
