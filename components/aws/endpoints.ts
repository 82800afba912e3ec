import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Place } from "./arns";
import type { PolicyStatement } from "./policy-document";
import { policyDocument } from "./policy-document";

export interface EndpointsArgs {
  /** Start of the names that people look up. */
  prefix: string;
  /** AWS account of the stack: only its principals pass. */
  accountId: string;
  /** AWS region of the stack. */
  region: string;
  /** VPC of the endpoints. */
  vpcId: pulumi.Input<string>;
  /** Subnets of the interface endpoints, one for each zone. */
  subnetIds: pulumi.Input<string>[];
  /** Security group of the interface endpoints. */
  securityGroupId: pulumi.Input<string>;
  /** Route tables that reach S3 by its gateway endpoint. */
  routeTableIds: pulumi.Input<string>[];
  /** Calls beyond those of nodes, their add-ons and sessions, by service, which gets an endpoint. @default - none */
  moreCalls?: Record<string, string[]>;
  /** Whether instances install packages of Amazon Linux 2023, which come from a bucket of AWS. @default false */
  packages?: boolean;
}

/** What nodes, their add-ons and the bastion call, by service: docs.aws.amazon.com/service-authorization/latest/reference/ */
const actions: Record<string, string[]> = {
  // The VPC CNI's calls: the managed policy AmazonEKS_CNI_Policy. The nodes' own: AmazonEKSWorkerNodePolicy.
  ec2: [
    "ec2:AssignPrivateIpAddresses",
    "ec2:AttachNetworkInterface",
    "ec2:CreateNetworkInterface",
    "ec2:CreateTags",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeInstances",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeTags",
    "ec2:DescribeVolumes",
    "ec2:DescribeVpcs",
    "ec2:DetachNetworkInterface",
    "ec2:ModifyNetworkInterfaceAttribute",
    "ec2:UnassignPrivateIpAddresses",
  ],
  "ecr.api": [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
  ],
  "ecr.dkr": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
  eks: ["eks:DescribeCluster"],
  "eks-auth": ["eks-auth:AssumeRoleForPodIdentity"],
  kms: ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
  logs: [
    "logs:CreateLogStream",
    "logs:DescribeLogGroups",
    "logs:DescribeLogStreams",
    "logs:PutLogEvents",
  ],
  ssm: [
    "ssm:DescribeDocument",
    "ssm:GetDocument",
    "ssm:ListAssociations",
    "ssm:ListInstanceAssociations",
    "ssm:UpdateInstanceAssociationStatus",
    "ssm:UpdateInstanceInformation",
  ],
  ssmmessages: [
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
  ],
  sts: ["sts:GetCallerIdentity"],
};

/** Ways to AWS APIs that never leave the VPC, each open to own principals and the calls in use, with data for own resources. */
export class Endpoints extends pulumi.ComponentResource {
  static readonly requirements = ["J18"];

  /** Id of the prefix list that stands for S3 in security group rules. */
  readonly s3PrefixListId: pulumi.Output<string>;

  constructor(name: string, args: EndpointsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:Endpoints", name, {}, opts);
    const child = { parent: this };
    const endpoint = (service: string, more: Partial<aws.ec2.VpcEndpointArgs>) =>
      new aws.ec2.VpcEndpoint(
        `${name}-${service}`,
        {
          vpcId: args.vpcId,
          serviceName: `com.amazonaws.${args.region}.${service}`,
          tags: { Name: `${args.prefix}-${service}` },
          ...more,
        },
        child,
      );
    const calls = (service: string) => [
      ...(actions[service] ?? []),
      ...(args.moreCalls?.[service] ?? []),
    ];
    for (const service of Object.keys({ ...actions, ...args.moreCalls })) {
      endpoint(service, {
        vpcEndpointType: "Interface",
        subnetIds: args.subnetIds,
        securityGroupIds: [args.securityGroupId],
        privateDnsEnabled: true,
        policy: policyDocument(interfaceStatements(service, calls(service), args)),
      });
    }
    const s3 = endpoint("s3", {
      vpcEndpointType: "Gateway",
      routeTableIds: args.routeTableIds,
      policy: policyDocument(s3Statements(args)),
    });
    this.s3PrefixListId = s3.prefixListId;
    this.registerOutputs({ s3PrefixListId: this.s3PrefixListId });
  }
}

/** Calls that take no resource: docs.aws.amazon.com/service-authorization/latest/reference/ */
const unnamed =
  /^(ec2:Describe|ecr:GetAuthorizationToken|logs:DescribeLogGroups|ssm:ListAssociations|ssmmessages:|sts:GetCallerIdentity)/;

function interfaceStatements(service: string, calls: string[], place: Place): PolicyStatement[] {
  const own = {
    Principal: "*",
    Condition: { StringEquals: { "aws:PrincipalAccount": place.accountId } },
  } as const;
  const [named, general] = [false, true].map((is) => calls.filter((it) => unnamed.test(it) === is));
  const statements: PolicyStatement[] = [
    { Sid: "OwnPrincipals", Action: named ?? [], Resource: ownResources(service, place), ...own },
    { Sid: "OwnPrincipalsAtLarge", Action: general ?? [], Resource: "*", ...own },
  ].filter(({ Action }) => Action.length > 0);
  if (service === "ecr.dkr") return [...statements, { ...own, ...ownCaches(place) }];
  if (service !== "sts") return statements;
  const Resource = `arn:aws:iam::${place.accountId}:role/*`;
  return [
    ...statements,
    { Sid: "OwnRoles", Action: ["sts:AssumeRole", "sts:TagSession"], Resource, ...own },
    {
      // The caller has no identity yet, so the role is what limits it.
      Sid: "ServiceAccountsTakeOwnRoles",
      Principal: "*",
      Action: "sts:AssumeRoleWithWebIdentity",
      Resource,
    },
  ];
}

/** The first pull of a cached image makes a repository: docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html */
function ownCaches({ region, accountId }: Place): PolicyStatement {
  return {
    Sid: "OwnCaches",
    Action: ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"],
    Resource: `arn:aws:ecr:${region}:${accountId}:repository/*`,
  };
}

/** What calls may name: things of the account, documents of AWS, and images, which come from its accounts. */
function ownResources(service: string, { region, accountId }: Place): string[] {
  const own = (of: string, ...kinds: string[]) =>
    kinds.map((kind) => `arn:aws:${of}:${region}:${accountId}:${kind}`);
  switch (service) {
    case "ec2":
      return own(
        "ec2",
        "elastic-ip/*",
        "instance/*",
        "network-interface/*",
        "security-group/*",
        "subnet/*",
      );
    case "ecr.api":
    case "ecr.dkr":
      return [`arn:aws:ecr:${region}:*:repository/*`];
    case "eks":
    case "eks-auth":
      return own("eks", "cluster/*");
    case "kms":
      return own("kms", "key/*");
    case "logs":
      return own("logs", "log-group:*");
    case "secretsmanager":
      return own("secretsmanager", "secret:*");
    case "ssm":
      return [
        ...own("ec2", "instance/*"),
        ...own("ssm", "association/*", "document/*", "parameter/*"),
        `arn:aws:ssm:${region}::document/*`,
      ];
    default:
      return [];
  }
}

function s3Statements({ region, accountId, packages = false }: EndpointsArgs): PolicyStatement[] {
  return [
    {
      // ECR signs these URLs itself, so the caller is not of this account:
      // docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
      Sid: "ImageLayers",
      Principal: "*",
      Action: "s3:GetObject",
      Resource: `arn:aws:s3:::prod-${region}-starport-layer-bucket/*`,
    },
    ...(packages ? [amazonLinux(region)] : []),
    {
      Sid: "OwnPrincipalsInOwnBuckets",
      Principal: "*",
      Action: ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListBucket", "s3:PutObject"],
      // ARNs of buckets have no account.
      Resource: "arn:aws:s3:::*",
      Condition: {
        StringEquals: { "aws:PrincipalAccount": accountId, "aws:ResourceAccount": accountId },
      },
    },
  ];
}

/**
 * The repository of Amazon Linux 2023, which dnf reads without credentials. Its name is as the endpoint policies of
 * others have it, in many regions the same; a page of AWS that states it was not found.
 */
function amazonLinux(region: string): PolicyStatement {
  return {
    Sid: "AmazonLinuxPackages",
    Principal: "*",
    Action: "s3:GetObject",
    Resource: `arn:aws:s3:::al2023-repos-${region}-de612dc2/*`,
  };
}
