import { templateOf, templateVersionExists, templateVersionOf } from "./compute";
import { securityGroupsAreOf, vpcOfSubnet } from "./network";
import {
  AwsError,
  allWith,
  byId,
  ec2Id,
  isObject,
  numberAt,
  textAt,
  textsAt,
  type Draft,
  type ResourceRow,
} from "./row";
import type { CloudResource, Properties, World } from "./world";

const instanceType = "aws:ec2/instance:Instance";
const interfaceType = "aws:ec2/networkInterface:NetworkInterface";
const volumeType = "aws:ebs/volume:Volume";
const attachmentType = "aws:ec2/volumeAttachment:VolumeAttachment";

const arn = ({ scope, world }: Draft, resource: string) =>
  `arn:aws:ec2:${scope.region}:${world.accountId}:${resource}`;

/** What the template of an instance says in the version that it starts from. */
function startOf(world: World, inputs: unknown): Properties | undefined {
  const template = templateOf(world, inputs);
  return template?.versions?.[Number(templateVersionOf(template, inputs)) - 1];
}

/** Ids of the network interfaces that an instance of the template takes. */
function interfacesOf(world: World, inputs: unknown): string[] {
  return textsAt(startOf(world, inputs), "networkInterfaces[*].networkInterfaceId");
}

/**
 * The version of the template as the provider reads it by a tag of the instance: `$Default` and `$Latest` as long as they
 * are the version that it started from (terraform-provider-aws 6.47.1, internal/service/ec2/ec2_instance.go,
 * flattenInstanceLaunchTemplate).
 */
function withVersion({ inputs, startedFrom }: CloudResource, world: World): Properties {
  const { launchTemplate, ...others } = inputs;
  const template = templateOf(world, inputs);
  if (template === undefined || !isObject(launchTemplate)) return others;
  if (templateVersionOf(template, inputs) === startedFrom) return inputs;
  return { ...others, launchTemplate: { ...launchTemplate, version: startedFrom } };
}

/** Where an instance is: in the zone of the subnet of its first network interface. */
function zoneOfInstance(world: World, inputs: unknown): string | undefined {
  const card = byId(world, interfaceType, interfacesOf(world, inputs)[0]);
  const subnet = byId(world, "aws:ec2/subnet:Subnet", textAt(card?.inputs, "subnetId"));
  return textAt(subnet?.inputs, "availabilityZone");
}

function interfacesAreFree({ inputs, world, previous }: Draft): AwsError | undefined {
  const wanted = interfacesOf(world, inputs);
  const taken = world.resources
    .filter((other) => other.type === instanceType && other !== previous)
    .flatMap((other) => interfacesOf(world, other.inputs))
    .find((card) => wanted.includes(card));
  if (taken === undefined) return undefined;
  return new AwsError("InvalidNetworkInterface.InUse", `Interface: ${taken} in use.`);
}

/** An instance of this stand-in starts from a template with an image, a type and an interface. */
function templateIsWhole({ inputs, world }: Draft): AwsError | undefined {
  const start = startOf(world, inputs);
  const missing = ["imageId", "instanceType"].find(
    (key) => textAt(inputs, key) === undefined && textAt(start, key) === undefined,
  );
  if (missing !== undefined) {
    return new AwsError("MissingParameter", `The request must contain the parameter ${missing}`);
  }
  return interfacesOf(world, inputs).length > 0
    ? undefined
    : new AwsError("VPCIdNotSpecified", "No default VPC for this user");
}

function isInTheZone({ inputs, world }: Draft): AwsError | undefined {
  const volume = byId(world, volumeType, textAt(inputs, "volumeId"));
  const instance = byId(world, instanceType, textAt(inputs, "instanceId"));
  const [own, wanted] = [
    textAt(volume?.inputs, "availabilityZone"),
    zoneOfInstance(world, instance?.inputs),
  ];
  if (own === wanted) return undefined;
  return new AwsError(
    "InvalidVolume.ZoneMismatch",
    `The volume '${volume?.id ?? ""}' is not in the same availability zone as instance '${instance?.id ?? ""}'`,
  );
}

function volumeIsOffered({ inputs }: Draft): AwsError | undefined {
  const size = numberAt(inputs, "size");
  if (size === undefined && textAt(inputs, "snapshotId") === undefined) {
    return new AwsError("MissingParameter", "The request must contain size or snapshotId");
  }
  // docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html
  if (textAt(inputs, "type") !== "gp3" || (size !== undefined && size >= 1 && size <= 65_536)) {
    return undefined;
  }
  return new AwsError("InvalidParameterValue", `Volume of ${size ?? ""}GiB is not offered by gp3`);
}

/** What an attachment claims: a device of an instance, and a volume, which one instance at a time has. */
function attachments({ instanceId, deviceName, volumeId }: Record<string, unknown>) {
  const device = `${String(instanceId)} ${String(deviceName)}`;
  return [
    {
      key: `device ${device}`,
      refusal: new AwsError(
        "InvalidParameterValue",
        `Invalid value '${String(deviceName)}' for unixDevice. Attachment point ${String(deviceName)} is already in use`,
      ),
    },
    {
      key: `volume ${String(volumeId)}`,
      refusal: new AwsError(
        "VolumeInUse",
        `${String(volumeId)} is already attached to an instance`,
      ),
    },
  ];
}

/** A volume that was not detached keeps its instance's device busy, so it must go first. */
function attached({ id }: CloudResource, world: World): AwsError | undefined {
  const [attachment] = allWith(world, attachmentType, "volumeId", id);
  return attachment && new AwsError("VolumeInUse", `Volume ${id} is currently attached`);
}

export const instanceRows: Record<string, ResourceRow> = {
  [interfaceType]: {
    noun: "network interface",
    id: ec2Id("eni"),
    tagged: true,
    required: ["subnetId"],
    references: [
      { path: "subnetId", to: "subnet", onDelete: "refuse" },
      { path: "securityGroups[*]", to: "securityGroup", onDelete: "refuse" },
    ],
    identifiers: ({ id }) => ({ networkInterface: [id] }),
    computed: (draft) => ({
      arn: arn(draft, `network-interface/${draft.id}`),
      privateIp: `10.0.0.${Number.parseInt(draft.digits(2, "address"), 16)}`,
    }),
    rules: [
      securityGroupsAreOf(["securityGroups[*]"], ({ inputs, world }) =>
        vpcOfSubnet(world, textAt(inputs, "subnetId")),
      ),
    ],
    inUse: "InvalidNetworkInterface.InUse",
  },
  [volumeType]: {
    noun: "volume",
    id: ec2Id("vol"),
    tagged: true,
    required: ["availabilityZone"],
    references: [{ path: "kmsKeyId", to: "key", onDelete: "dangle" }],
    identifiers: ({ id }) => ({ volume: [id] }),
    computed: (draft) => ({ arn: arn(draft, `volume/${draft.id}`) }),
    rules: [volumeIsOffered],
    keeps: attached,
  },
  [instanceType]: {
    noun: "instance",
    id: ec2Id("i"),
    tagged: true,
    required: [],
    references: [{ path: "launchTemplate.id", to: "launchTemplate", onDelete: "dangle" }],
    identifiers: ({ id }) => ({ instance: [id] }),
    computed: (draft) => ({
      arn: arn(draft, `instance/${draft.id}`),
      availabilityZone: zoneOfInstance(draft.world, draft.inputs) ?? "",
      instanceState: "running",
      ...(draft.inputs["instanceType"] === undefined && {
        instanceType: textAt(startOf(draft.world, draft.inputs), "instanceType") ?? "",
      }),
    }),
    born: ({ inputs, world }) => {
      const template = templateOf(world, inputs);
      return template ? { startedFrom: templateVersionOf(template, inputs) } : {};
    },
    readAs: withVersion,
    rules: [templateVersionExists, templateIsWhole, interfacesAreFree],
    holds: ({ inputs }, world) => interfacesOf(world, inputs).map((id) => `networkInterface:${id}`),
  },
  [attachmentType]: {
    noun: "attachment of a volume",
    id: ({ digits }) => `vai-${digits(10)}`,
    tagged: false,
    required: ["deviceName", "instanceId", "volumeId"],
    references: [
      { path: "instanceId", to: "instance", onDelete: "cascade" },
      { path: "volumeId", to: "volume", onDelete: "refuse" },
    ],
    computed: () => ({}),
    claims: ({ inputs }) => attachments(inputs),
    rules: [isInTheZone],
  },
};
