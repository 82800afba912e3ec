import type { EndpointsArgs } from "../../../components/aws/endpoints";
import { Endpoints } from "../../../components/aws/endpoints";
import { created, ofType } from "../../support/created";

const type = "aws:ec2/vpcEndpoint:VpcEndpoint";
const build = (more: Partial<EndpointsArgs> = {}) =>
  created(
    () =>
      new Endpoints("endpoints", {
        prefix: "p",
        accountId: "111122223333",
        region: "eu-west-1",
        vpcId: "vpc-id",
        subnetIds: ["subnet-a", "subnet-b"],
        securityGroupId: "sg-endpoints",
        routeTableIds: ["rtb-a", "rtb-b"],
        ...more,
      }),
  );
interface Statement {
  Sid: string;
  Principal: string;
  Action: string | string[];
  Resource: string | string[];
  Condition?: unknown;
}
const statements = (inputs: Record<string, unknown> | undefined) =>
  (JSON.parse(inputs?.["policy"] as string) as { Statement: Statement[] }).Statement;

describe("Endpoints", () => {
  it("creates what nodes and bastion call, and S3", async () => {
    expect(Object.keys(ofType(await build(), type))).toEqual(
      [
        "ec2",
        "ecr.api",
        "ecr.dkr",
        "eks",
        "eks-auth",
        "kms",
        "logs",
        "s3",
        "ssm",
        "ssmmessages",
        "sts",
      ].map((service) => `endpoints-${service}`),
    );
  });

  it("answers to the public name of a service, in every zone, behind the group of the endpoints", async () => {
    const { policy, ...inputs } = ofType(await build(), type)["endpoints-ecr.api"] ?? {};
    expect(inputs).toEqual({
      vpcId: "vpc-id",
      serviceName: "com.amazonaws.eu-west-1.ecr.api",
      vpcEndpointType: "Interface",
      subnetIds: ["subnet-a", "subnet-b"],
      securityGroupIds: ["sg-endpoints"],
      privateDnsEnabled: true,
      tags: { Name: "p-ecr.api" },
    });
    expect(policy).toEqual(expect.any(String));
  });

  it("lets only principals of the account pass, with named calls", async () => {
    const { "endpoints-s3": _s3, ...interfaces } = ofType(await build(), type);
    for (const inputs of Object.values(interfaces)) {
      const [own] = statements(inputs);
      expect(own?.Condition).toEqual({
        StringEquals: { "aws:PrincipalAccount": "111122223333" },
      });
      expect(JSON.stringify(own?.Action)).not.toContain("*");
    }
  });

  it("takes data to own keys, log groups and roles only", async () => {
    const endpoints = ofType(await build(), type);
    const [own] = statements(endpoints["endpoints-kms"]);
    expect(own?.Resource).toEqual(["arn:aws:kms:eu-west-1:111122223333:key/*"]);
    const [logs, groups] = statements(endpoints["endpoints-logs"]);
    expect(logs?.Resource).toEqual(["arn:aws:logs:eu-west-1:111122223333:log-group:*"]);
    expect([groups?.Action, groups?.Resource]).toEqual([["logs:DescribeLogGroups"], "*"]);
    const [identity, roles] = statements(endpoints["endpoints-sts"]);
    expect([identity?.Action, identity?.Resource]).toEqual([["sts:GetCallerIdentity"], "*"]);
    expect(roles).toEqual({
      Effect: "Allow",
      Sid: "OwnRoles",
      Principal: "*",
      Action: ["sts:AssumeRole", "sts:TagSession"],
      Resource: "arn:aws:iam::111122223333:role/*",
      Condition: { StringEquals: { "aws:PrincipalAccount": "111122223333" } },
    });
  });

  it("leaves what takes no resource to calls of its own, and names things of the account elsewhere", async () => {
    const endpoints = ofType(await build(), type);
    const atLarge = Object.entries(endpoints).flatMap(([name, inputs]) =>
      statements(inputs)
        .filter(({ Resource }) => Resource === "*")
        .map(({ Sid }) => [name, Sid]),
    );
    expect(atLarge).toEqual(
      ["ec2", "ecr.api", "logs", "ssm", "ssmmessages", "sts"].map((service) => [
        `endpoints-${service}`,
        "OwnPrincipalsAtLarge",
      ]),
    );
    const [ssm] = statements(endpoints["endpoints-ssm"]);
    expect(ssm?.Resource).toEqual([
      "arn:aws:ec2:eu-west-1:111122223333:instance/*",
      "arn:aws:ssm:eu-west-1:111122223333:association/*",
      "arn:aws:ssm:eu-west-1:111122223333:document/*",
      "arn:aws:ssm:eu-west-1:111122223333:parameter/*",
      "arn:aws:ssm:eu-west-1::document/*",
    ]);
    const [images] = statements(endpoints["endpoints-ecr.dkr"]);
    expect(images?.Resource).toEqual(["arn:aws:ecr:eu-west-1:*:repository/*"]);
  });

  it("lets service accounts take roles of the account only", async () => {
    const [, , federated] = statements(ofType(await build(), type)["endpoints-sts"]);
    expect(federated).toEqual({
      Effect: "Allow",
      Sid: "ServiceAccountsTakeOwnRoles",
      Principal: "*",
      Action: "sts:AssumeRoleWithWebIdentity",
      Resource: "arn:aws:iam::111122223333:role/*",
    });
  });

  it("reaches image layers and the account's own buckets in S3, and no others", async () => {
    const { policy: _policy, ...inputs } = ofType(await build(), type)["endpoints-s3"] ?? {};
    expect(inputs).toEqual({
      vpcId: "vpc-id",
      serviceName: "com.amazonaws.eu-west-1.s3",
      vpcEndpointType: "Gateway",
      routeTableIds: ["rtb-a", "rtb-b"],
      tags: { Name: "p-s3" },
    });
    const rows = statements(ofType(await build(), type)["endpoints-s3"]).map(
      ({ Resource, Condition }) => [Resource, Condition],
    );
    expect(rows).toEqual([
      ["arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*", undefined],
      [
        "arn:aws:s3:::*",
        {
          StringEquals: {
            "aws:PrincipalAccount": "111122223333",
            "aws:ResourceAccount": "111122223333",
          },
        },
      ],
    ]);
  });

  it("reaches the repository of Amazon Linux in the region where it is asked to", async () => {
    const rows = statements(ofType(await build({ packages: true }), type)["endpoints-s3"]);
    expect(rows.filter(({ Sid }) => Sid === "AmazonLinuxPackages")).toEqual([
      {
        Effect: "Allow",
        Sid: "AmazonLinuxPackages",
        Principal: "*",
        Action: "s3:GetObject",
        Resource: "arn:aws:s3:::al2023-repos-eu-west-1-de612dc2/*",
      },
    ]);
    expect(rows).toHaveLength(3);
  });
});
