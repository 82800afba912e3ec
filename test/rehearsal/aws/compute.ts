import { securityGroupsAreOf, subnetsAreOf, vpcOfSubnet } from "./network";
import {
  AwsError,
  byId,
  ec2Id,
  isObject,
  numberAt,
  textAt,
  textsAt,
  valuesAt,
  type Draft,
  type ResourceRow,
} from "./row";
import type { CloudResource, World } from "./world";

const templateType = "aws:ec2/launchTemplate:LaunchTemplate";

const groupPaths = ["vpcSecurityGroupIds[*]", "networkInterfaces[*].securityGroups[*]"];

/** The launch template that `launchTemplate.id` of a group names. */
export function templateOf(world: World, inputs: unknown): CloudResource | undefined {
  return byId(world, templateType, textAt(inputs, "launchTemplate.id"));
}

/** Identifiers of the security groups on the network interfaces of instances from the group's template. */
export function groupsOnInstances(resource: CloudResource, world: World): string[] {
  const template = templateOf(world, resource.inputs);
  const groups = groupPaths.flatMap((path) => textsAt(template?.inputs, path));
  return groups.map((id) => `securityGroup:${id}`);
}

/** The version of its template that an instance starts from: without one, the default at that time. */
export function templateVersionOf(template: CloudResource, inputs: unknown): string {
  const version = textAt(inputs, "launchTemplate.version") ?? "$Default";
  const moving = { $Default: "defaultVersion", $Latest: "latestVersion" }[version];
  return moving === undefined ? version : String(template.computed[moving]);
}

/** Refuses a template version that was never made. */
export function templateVersionExists({ inputs, world }: Draft): AwsError | undefined {
  const template = templateOf(world, inputs);
  const version = valuesAt(inputs, "launchTemplate.version").map(String)[0];
  if (template === undefined || version === undefined || version.startsWith("$")) return undefined;
  const latest = Number(template.computed["latestVersion"]);
  if (/^\d+$/.test(version) && Number(version) >= 1 && Number(version) <= latest) return undefined;
  return new AwsError(
    "InvalidLaunchTemplateId.VersionNotFound",
    `Could not find launch template version ${version} of ${template.id}, whose latest is ${latest}`,
  );
}

function imageIsAReference({ inputs }: Draft): AwsError | undefined {
  const image = textAt(inputs, "imageId");
  if (image === undefined || /^(ami-[0-9a-f]{8,17}|resolve:ssm:\/?[\w./:-]+)$/.test(image)) {
    return undefined;
  }
  return new AwsError("InvalidAMIID.Malformed", `Invalid id: "${image}"`);
}

function userDataIsEncoded({ inputs }: Draft): AwsError | undefined {
  const data = textAt(inputs, "userData");
  if (data === undefined || Buffer.from(data, "base64").toString("base64") === data)
    return undefined;
  return new AwsError("InvalidUserData.Malformed", "userData is not BASE64 encoded");
}

function groupsAreNamedOnce({ inputs }: Draft): AwsError | undefined {
  const both =
    textsAt(inputs, "vpcSecurityGroupIds[*]").length > 0 &&
    valuesAt(inputs, "networkInterfaces[*]").length > 0;
  if (!both) return undefined;
  return new AwsError(
    "InvalidParameterCombination",
    "Network interfaces and an instance-level security groups may not be specified on the same request",
  );
}

/** Sizes in the order that AWS asks for. */
export function sizesAreInOrder(
  code: string,
  paths: { min: string; desired: string; max: string },
): (draft: Draft) => AwsError | undefined {
  return ({ inputs }) => {
    const [min = 0, max = 0] = [numberAt(inputs, paths.min), numberAt(inputs, paths.max)];
    const desired = numberAt(inputs, paths.desired) ?? min;
    if (min <= desired && desired <= max) return undefined;
    return new AwsError(
      code,
      `Desired capacity:${desired} must be between the specified min size:${min} and max size:${max}`,
    );
  };
}

/** Instances start only in the VPC of the security groups of their template. */
function templateSuitsTheSubnets(draft: Draft): AwsError | undefined {
  const vpc = vpcOfSubnet(draft.world, textsAt(draft.inputs, "vpcZoneIdentifiers[*]")[0]);
  const template = templateOf(draft.world, draft.inputs);
  if (template === undefined) return undefined;
  const check = securityGroupsAreOf(groupPaths, () => vpc);
  return check({ ...draft, inputs: template.inputs });
}

export const computeRows: Record<string, ResourceRow> = {
  [templateType]: {
    noun: "launch template",
    id: ec2Id("lt"),
    name: "name",
    tagged: true,
    required: [],
    // EC2 deletes a template that is still named, and reads most of its content only when an instance starts: what
    // it names must exist here all the same, for a program that gets it wrong would fail at that start.
    references: [
      ...groupPaths.map((path) => ({
        path,
        to: "securityGroup" as const,
        onDelete: "dangle" as const,
      })),
      { path: "iamInstanceProfile.arn", to: "instanceProfile", onDelete: "dangle" },
      { path: "iamInstanceProfile.name", to: "instanceProfile", onDelete: "dangle" },
      { path: "blockDeviceMappings[*].ebs.kmsKeyId", to: "key", onDelete: "dangle" },
      {
        path: "networkInterfaces[*].networkInterfaceId",
        to: "networkInterface",
        onDelete: "dangle",
      },
    ],
    born: ({ inputs }) => ({ versions: [inputs] }),
    identifiers: ({ id }) => ({ launchTemplate: [id] }),
    computed: ({ id, inputs, previous, scope, world }) => {
      const latest = Number(previous?.computed["latestVersion"] ?? 0) + 1;
      const kept = Number(previous?.computed["defaultVersion"] ?? 1);
      return {
        arn: `arn:aws:ec2:${scope.region}:${world.accountId}:launch-template/${id}`,
        latestVersion: latest,
        defaultVersion: inputs["updateDefaultVersion"] === true ? latest : kept,
      };
    },
    moving: ["latestVersion", "defaultVersion"],
    claims: ({ inputs }) => {
      const name = textAt(inputs, "name") ?? "";
      const code = "InvalidLaunchTemplateName.AlreadyExistsException";
      return [
        {
          key: `launch template ${name}`,
          refusal: new AwsError(code, `Launch template name already in use: ${name}`),
        },
      ];
    },
    rules: [imageIsAReference, userDataIsEncoded, groupsAreNamedOnce],
  },
  "aws:autoscaling/group:Group": {
    noun: "Auto Scaling group",
    id: ({ inputs }) => textAt(inputs, "name") ?? "",
    name: "name",
    tagged: false,
    required: ["minSize", "maxSize", "vpcZoneIdentifiers"],
    references: [
      { path: "vpcZoneIdentifiers[*]", to: "subnet", onDelete: "refuse" },
      { path: "launchTemplate.id", to: "launchTemplate", onDelete: "dangle" },
    ],
    computed: ({ id, scope, world }) => ({
      arn: `arn:aws:autoscaling:${scope.region}:${world.accountId}:autoScalingGroup:autoScalingGroupName/${id}`,
    }),
    claims: ({ inputs }) => {
      const name = textAt(inputs, "name") ?? "";
      const message = `AutoScalingGroup by this name already exists: ${name}`;
      return [{ key: `asg ${name}`, refusal: new AwsError("AlreadyExists", message) }];
    },
    rules: [
      ({ inputs }) =>
        isObject(inputs["launchTemplate"]) ||
        inputs["launchConfiguration"] !== undefined ||
        inputs["mixedInstancesPolicy"] !== undefined
          ? undefined
          : new AwsError("ValidationError", "a group must have a launch template"),
      sizesAreInOrder("ValidationError", {
        min: "minSize",
        desired: "desiredCapacity",
        max: "maxSize",
      }),
      subnetsAreOf("vpcZoneIdentifiers[*]", ({ inputs, world }) =>
        vpcOfSubnet(world, textsAt(inputs, "vpcZoneIdentifiers[*]")[0]),
      ),
      templateVersionExists,
      templateSuitsTheSubnets,
    ],
    holds: groupsOnInstances,
  },
};
