import * as aws from "@pulumi/aws";

/** A program that the pack must stop: the API of its cluster is on the internet. */
export function publicCluster(): void {
  const provider = new aws.Provider("aws", { region: "eu-west-1" });
  const vpc = new aws.ec2.Vpc("vpc", { cidrBlock: "10.0.0.0/16" }, { provider });
  const subnetIds = ["a", "b"].map(
    (zone, i) =>
      new aws.ec2.Subnet(
        zone,
        { vpcId: vpc.id, cidrBlock: `10.0.${i}.0/24`, availabilityZone: `eu-west-1${zone}` },
        { provider },
      ).id,
  );
  const role = new aws.iam.Role(
    "role",
    {
      assumeRolePolicy: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Service: "eks.amazonaws.com" },
            Action: "sts:AssumeRole",
          },
        ],
      }),
    },
    { provider },
  );
  new aws.eks.Cluster(
    "cluster",
    { roleArn: role.arn, vpcConfig: { subnetIds, endpointPublicAccess: true } },
    { provider },
  );
}
