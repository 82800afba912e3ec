import type { Condition } from "./conditions";
import { is, isAbsent, isBetween, isNot, isSet } from "./conditions";
import {
  hasTemplate,
  instances,
  isLeftToTemplate,
  templates,
  templatesOf,
} from "./launch-templates";
import type { Field, Finding, Resource, Stack } from "./model";
import { publicBastion } from "./public-bastion";
import { resourceRule, stackRule } from "./rule";
import { token } from "./tokens";
import { isBastion } from "./topology";

export const noPublicIp = resourceRule({
  id: "compute-no-public-ip",
  title: "Instances have no public address",
  severity: "high",
  level: "mandatory",
  requirements: ["J16"],
  controls: ["ckv:CKV_AWS_88", "avd:AWS-0009"],
  fix: "Set associatePublicIpAddress to false and reach the instance by Session Manager; a bastion that should be public is told to the pack by publicBastion.",
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
export function metadataIsOff(resource: Resource): boolean {
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
    if (!metadataIsOff(resource) && !isLeftToTemplate(resource, "metadataOptions")) {
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
    } else if (!metadataIsOff(resource) && !isLeftToTemplate(resource, "metadataOptions")) {
      yield* resource.must("metadataOptions.httpPutResponseHopLimit", isBetween(1, 1));
    }
  },
});

export const narrowMetadata = resourceRule({
  id: "compute-imds-narrow",
  title: "The metadata service has no second address and tells no tags",
  severity: "medium",
  level: "mandatory",
  requirements: ["M1", "J12"],
  controls: [],
  fix: "Leave metadataOptions.httpProtocolIpv6 and metadataOptions.instanceMetadataTags disabled.",
  url: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-IMDS-new-instances.html",
  types: [...instances, ...templates],
  *check(resource) {
    if (metadataIsOff(resource)) return;
    // Network policies that close 169.254.169.254 to pods say nothing of fd00:ec2::254.
    yield* resource.must("metadataOptions.httpProtocolIpv6", isNot("enabled"));
    yield* resource.must("metadataOptions.instanceMetadataTags", isNot("enabled"));
  },
});

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
    if (!isLeftToTemplate(resource, path)) yield* resource.must(path, is(true));
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
