import type { NodeGroupArgs } from "../../../components/aws/node-group";
import { NodeGroup } from "../../../components/aws/node-group";
import { created, ofType } from "../../support/created";

const base: NodeGroupArgs = {
  prefix: "p",
  clusterName: "p",
  version: "1.35",
  subnetIds: ["subnet-a"],
  securityGroupId: "sg-nodes",
  volumeKeyArn: "arn:volumes",
  architecture: "arm64",
  instanceTypes: ["m7g.large"],
  minSize: 2,
  maxSize: 4,
  volumeGiB: 50,
  capacityType: "ON_DEMAND",
  labels: { tier: "general" },
  taints: [{ key: "only", value: "me", effect: "NO_SCHEDULE" }],
  tags: { Owner: "team" },
  prerequisites: [],
};
const build = (more: Partial<NodeGroupArgs> = {}) =>
  created(() => new NodeGroup("general", { ...base, ...more }));

describe("NodeGroup", () => {
  it("runs Bottlerocket in private subnets [J11]", async () => {
    expect(ofType(await build(), "aws:eks/nodeGroup:NodeGroup")).toEqual({
      general: {
        clusterName: "p",
        nodeRoleArn: "arn:general",
        subnetIds: ["subnet-a"],
        version: "1.35",
        amiType: "BOTTLEROCKET_ARM_64",
        capacityType: "ON_DEMAND",
        instanceTypes: ["m7g.large"],
        launchTemplate: { id: "general-id", version: "7" },
        scalingConfig: { minSize: 2, maxSize: 4, desiredSize: 2 },
        updateConfig: { maxUnavailablePercentage: 33 },
        nodeRepairConfig: { enabled: true },
        labels: { tier: "general" },
        taints: [{ key: "only", value: "me", effect: "NO_SCHEDULE" }],
      },
    });
  });

  it.each([
    ["arm64", "BOTTLEROCKET_ARM_64"],
    ["x86_64", "BOTTLEROCKET_x86_64"],
  ] as const)("picks the image of %s", async (architecture, amiType) => {
    const groups = ofType(await build({ architecture }), "aws:eks/nodeGroup:NodeGroup");
    expect(groups["general"]?.["amiType"]).toBe(amiType);
  });

  it("encrypts both volumes and keeps pods from the node's credentials [M6]", async () => {
    const templates = ofType(await build(), "aws:ec2/launchTemplate:LaunchTemplate");
    const { userData, ...inputs } = templates["general"] ?? {};
    const tags = { Owner: "team", Name: "p-general" };
    const ebs = {
      encrypted: "true",
      kmsKeyId: "arn:volumes",
      volumeType: "gp3",
      deleteOnTermination: "true",
    };
    expect(inputs).toEqual({
      description: "Nodes of the group general",
      updateDefaultVersion: true,
      vpcSecurityGroupIds: ["sg-nodes"],
      metadataOptions: {
        httpEndpoint: "enabled",
        httpTokens: "required",
        httpPutResponseHopLimit: 1,
      },
      blockDeviceMappings: [
        { deviceName: "/dev/xvda", ebs },
        { deviceName: "/dev/xvdb", ebs: { ...ebs, volumeSize: 50 } },
      ],
      monitoring: { enabled: true },
      tagSpecifications: [
        { resourceType: "instance", tags },
        { resourceType: "volume", tags },
        { resourceType: "network-interface", tags },
      ],
    });
    expect(Buffer.from(userData as string, "base64").toString()).toContain(
      "[settings.host-containers.admin]\nenabled = false",
    );
  });

  it("gives nodes the right to join and to pull images, and no more", async () => {
    const attachments = ofType(await build(), "aws:iam/rolePolicyAttachment:RolePolicyAttachment");
    expect(Object.values(attachments).map(({ policyArn }) => policyArn)).toEqual([
      "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
      "arn:aws:iam::aws:policy/AmazonEKSWorkerNodeMinimalPolicy",
    ]);
  });

  it("lets nodes make the repositories of cached images, and no others [C6]", async () => {
    const rolePolicy = "aws:iam/rolePolicy:RolePolicy";
    expect(ofType(await build(), rolePolicy)).toEqual({});
    const imageCacheArns = ["arn:aws:ecr:eu-west-1:111122223333:repository/p/quay/*"];
    const policies = ofType(await build({ imageCacheArns }), rolePolicy);
    expect(JSON.parse(policies["general-image-caches"]?.["policy"] as string)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Sid: "CacheImages",
          Action: ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"],
          Resource: imageCacheArns,
        },
      ],
    });
  });
});
