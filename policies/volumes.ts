import { is } from "./conditions";
import { mustNameKey } from "./keys";
import {
  hasTemplate,
  instances,
  isLeftToTemplate,
  templates,
  templatesOf,
} from "./launch-templates";
import type { Field, Finding, Resource, Stack } from "./model";
import { stackRule } from "./rule";
import { token } from "./tokens";

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
  const root = isLeftToTemplate(instance, "rootBlockDevice")
    ? []
    : [instance.at("rootBlockDevice")];
  const volumes = [...root, ...instance.each("ebsBlockDevices")];
  for (const volume of volumes) yield* encrypted((path) => volume.at(path), stack);
}

function* templateVolumes(template: Resource, stack: Stack): Iterable<Finding> {
  const mappings = template.at("blockDeviceMappings");
  if (mappings.each().length === 0) {
    yield mappings.fail("encrypt the volumes of the image");
    return;
  }
  for (const mapping of volumesOf(template)) {
    yield* encrypted((path) => mapping.at(`ebs.${path}`), stack);
  }
  yield* rootVolume(template);
}

/** The mappings that are volumes: instance store is erased with the instance, a suppressed device holds nothing. */
function volumesOf(template: Resource): Field[] {
  return template
    .each("blockDeviceMappings")
    .filter((mapping) => !mapping.at("noDevice").present && !mapping.at("virtualName").present);
}

const bottlerocketVolumes = ["/dev/xvda", "/dev/xvdb"];
const amazonLinuxVolumes = ["/dev/xvda"];

/**
 * The volumes of AWS' own images, by the public parameter that names the newest of them. Of other images only EC2 knows
 * the root device: docs.aws.amazon.com/AWSEC2/latest/UserGuide/device_naming.html
 */
const publicImages: [parameter: RegExp, devices: string[]][] = [
  [/^resolve:ssm:\/aws\/service\/bottlerocket\//, bottlerocketVolumes],
  [/^resolve:ssm:\/aws\/service\/ami-amazon-linux-latest\//, amazonLinuxVolumes],
  [/^resolve:ssm:\/aws\/service\/eks\/optimized-ami\/[^/]+\/amazon-linux-2/, amazonLinuxVolumes],
];

function* rootVolume(template: Resource): Iterable<Finding> {
  const image = template.at("imageId");
  // Without an image the node group names it, which a check of its own follows.
  if (!image.present) return;
  const [, devices] = publicImages.find(([parameter]) => parameter.test(image.text)) ?? [];
  if (devices) yield* hasVolumes(template, devices, "the image");
  else if (image.unknown) yield image.undecided();
  else {
    yield template.undecided(`the root device of ${image.text} is unknown: only EC2 can tell`);
  }
}

/** The volumes that images bring along: docs.aws.amazon.com/eks/latest/userguide/launch-templates.html */
function devicesOf(amiType: string): string[] {
  if (amiType.startsWith("BOTTLEROCKET")) return bottlerocketVolumes;
  if (amiType.startsWith("WINDOWS")) return ["/dev/sda1"];
  return amiType.startsWith("AL2") ? amazonLinuxVolumes : [];
}

/** A volume of the image that the template leaves out keeps the image's setting: not encrypted. */
function* imageVolumes(group: Resource, stack: Stack): Iterable<Finding> {
  const amiType = group.at("amiType");
  if (amiType.unknown) yield amiType.undecided();
  const devices = amiType.unknown ? [] : devicesOf(amiType.text);
  for (const template of templatesOf(group, stack)) {
    yield* hasVolumes(template, devices, group.name);
  }
}

function* hasVolumes(
  template: Resource,
  devices: readonly string[],
  owner: string,
): Iterable<Finding> {
  const names = volumesOf(template).map((mapping) => mapping.at("deviceName"));
  const open = names.filter(({ unknown }) => unknown);
  for (const device of devices) {
    if (names.some(({ value }) => value === device)) continue;
    yield* open.length > 0
      ? open.map((field) => field.undecided())
      : [
          template.fail(
            `blockDeviceMappings must encrypt ${device} of ${owner}, got no such device`,
          ),
        ];
  }
}
