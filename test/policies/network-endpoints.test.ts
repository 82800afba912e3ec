import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import { document, platform, resource, statement } from "../support/rule-platform";
import { gone, ref, unknown } from "../support/rule-stack";

casesFor("net-vpc-endpoints [J18]", {
  base: platform,
  passes: [["all of them", {}]],
  fails: [
    [
      "no S3",
      { "endpoint-s3": gone, "nodes-to-s3": gone },
      ["vpc: vpc must have an endpoint for s3, got none"],
    ],
    ["no STS", { "endpoint-sts": gone }, ["vpc: vpc must have an endpoint for sts, got none"]],
    [
      "no way for sessions",
      { "endpoint-ssmmessages": gone },
      ["vpc: vpc must have an endpoint for ssmmessages, got none"],
    ],
    [
      "no way for Pod Identity",
      { agent: resource(token.addon, { addonName: "eks-pod-identity-agent" }) },
      ["vpc: vpc must have an endpoint for eks-auth, got none"],
    ],
    [
      "no way for GuardDuty's agent",
      { agent: resource(token.addon, { addonName: "aws-guardduty-agent" }) },
      ["vpc: vpc must have an endpoint for guardduty-data, got none"],
    ],
    [
      "no way for an instance that fetches a secret",
      {
        "bastion-template.userData": Buffer.from(
          "aws secretsmanager get-secret-value --secret-id it",
        ).toString("base64"),
      },
      ["vpc: vpc must have an endpoint for secretsmanager, got none"],
    ],
    [
      "an endpoint of another VPC",
      { "endpoint-sts.vpcId": "vpc-1" },
      ["vpc: vpc must have an endpoint for sts, got none"],
    ],
  ],
  undecided: [
    [
      "a service that nobody knows yet",
      { "endpoint-sts.serviceName": unknown },
      ["endpoint-sts: undecided: serviceName of endpoint-sts is unknown until up"],
    ],
    [
      "a VPC that nobody knows yet",
      { "endpoint-sts.vpcId": unknown },
      ["endpoint-sts: undecided: vpcId of endpoint-sts is unknown until up"],
    ],
  ],
  notApplicable: [
    [
      "no cluster",
      { cluster: gone, nodes: gone, deployer: gone, "deployer-admin": gone, "team-edit": gone },
      `the stack has no ${token.cluster}`,
    ],
  ],
});

const allow = (more: Record<string, unknown>) =>
  document(
    statement({
      Sid: "It",
      Principal: "*",
      Action: "sts:GetCallerIdentity",
      Resource: "*",
      Condition: { StringEquals: { "aws:PrincipalAccount": "111122223333" } },
      ...more,
    }),
  );
const limited =
  "endpoint-sts: policy.Statement[0] must be limited to own principals, got statement It";
const named = "endpoint-sts: policy.Statement[0] must name the actions in use, got statement It";
const owned =
  "endpoint-sts: policy.Statement[0] must be limited to own resources or to named ones, got statement It";
const on = (more: Record<string, unknown>) => ({ "endpoint-sts.policy": allow(more) });
const strangers =
  "endpoint-sts: policy.Statement[0] must name accounts of the stack, got statement It";
const onS3 = (more: Record<string, unknown>) => on({ Action: "s3:PutObject", ...more });

casesFor("net-endpoint-policy [J18] [M1]", {
  base: platform,
  passes: [
    ["own principals", {}],
    [
      "own organisation",
      on({ Condition: { StringEquals: { "aws:PrincipalOrgID": "o-1234567890" } } }),
    ],
    [
      "a part of the own organisation",
      on({
        Condition: {
          "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": "o-1234567890/r-ab12/*" },
        },
      }),
    ],
    [
      "key names in other letters",
      on({ Condition: { stringequals: { "AWS:principalaccount": "111122223333" } } }),
    ],
    [
      "named resources",
      on({
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {},
        Resource: "arn:aws:iam::111122223333:role/*",
      }),
    ],
    [
      "a bucket of AWS by its name",
      onS3({
        Action: "s3:GetObject",
        Condition: {},
        Resource: "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*",
      }),
    ],
    [
      "own principals and own buckets",
      onS3({
        Condition: {
          StringEquals: {
            "aws:PrincipalOrgID": "o-1234567890",
            "aws:ResourceOrgID": "o-1234567890",
          },
        },
      }),
    ],
    [
      "own keys",
      on({ Action: "kms:Decrypt", Resource: "arn:aws:kms:eu-west-1:111122223333:key/*" }),
    ],
    ["images of any account", on({ Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"] })],
    [
      "named principals",
      on({ Condition: {}, Principal: { AWS: "arn:aws:iam::111122223333:role/nodes" } }),
    ],
    ["a denial of everything", on({ Effect: "Deny", Action: "*", Condition: {} })],
    [
      "a document that is no text",
      {
        "endpoint-sts.policy": {
          Statement: statement({
            Principal: "*",
            Action: "sts:GetCallerIdentity",
            Resource: "*",
            Condition: { StringLike: { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/*" } },
          }),
        },
      },
    ],
    [
      "a policy of its own",
      {
        "endpoint-sts.policy": gone,
        policy: resource(token.vpcEndpointPolicy, {
          vpcEndpointId: ref("endpoint-sts"),
          policy: allow({}),
        }),
      },
    ],
    [
      "a gateway whose tables have resources of their own",
      {
        "endpoint-s3.routeTableIds": gone,
        ...Object.fromEntries(
          ["a", "b"].map((zone) => [
            `gateway-${zone}`,
            resource(token.vpcEndpointRouteTableAssociation, {
              vpcEndpointId: ref("endpoint-s3"),
              routeTableId: ref(`private-table-${zone}`),
            }),
          ]),
        ),
      },
    ],
    [
      "a bastion in public subnets, through the gateway",
      {
        "bastion.vpcZoneIdentifiers": [ref("public-a")],
        "endpoint-s3.routeTableIds": ["private-table-a", "private-table-b", "public-table"].map(
          (table) => ref(table),
        ),
      },
    ],
    [
      "accounts that nobody names",
      {
        provider: gone,
        ...on({ Condition: { StringEquals: { "aws:PrincipalAccount": "999999999999" } } }),
      },
    ],
    [
      "a gateway load balancer's endpoint",
      {
        gate: resource(token.vpcEndpoint, {
          vpcId: ref("vpc"),
          vpcEndpointType: "GatewayLoadBalancer",
        }),
      },
    ],
  ],
  fails: [
    [
      "no policy",
      { "endpoint-s3.policy": gone },
      ["endpoint-s3: policy must be set: the default lets everybody do everything, got nothing"],
    ],
    ["every action", on({ Action: "*" }), [named, owned]],
    ["every action of the service", on({ Action: ["ssm:GetDocument", "ssm:*"] }), [named]],
    ["actions by a pattern", on({ Action: ["ssm:Get*"] }), [named]],
    [
      "actions by patterns, on own buckets",
      onS3({ Action: ["s3:Get*", "s3:Put*"], Resource: "arn:aws:s3:::images/*" }),
      [named],
    ],
    [
      "every action but one",
      on({ Action: undefined, NotAction: "sts:AssumeRole" }),
      [named, owned],
    ],
    ["no actions", on({ Action: undefined }), [named]],
    ["any bucket", onS3({}), [owned]],
    [
      "any bucket of a name that anybody can take",
      onS3({ Resource: "arn:aws:s3:::images-*/*" }),
      [owned],
    ],
    ["every bucket but one", onS3({ Resource: undefined, NotResource: "arn:aws:s3:::x" }), [owned]],
    ["any bucket beside a named one", onS3({ Resource: ["arn:aws:s3:::images/*", "*"] }), [owned]],
    [
      "the buckets of any account",
      onS3({
        Condition: {
          StringEquals: { "aws:PrincipalAccount": "111122223333" },
          StringLike: { "aws:ResourceAccount": "*" },
        },
      }),
      [owned],
    ],
    [
      "own buckets for everybody",
      onS3({ Condition: { StringEquals: { "aws:ResourceAccount": "111122223333" } } }),
      [limited],
    ],
    [
      "own keys for everybody",
      on({
        Action: "kms:Decrypt",
        Condition: {},
        Resource: "arn:aws:kms:eu-west-1:111122223333:key/*",
      }),
      [limited],
    ],
    [
      "a bucket of somebody for everybody to write to",
      onS3({ Condition: {}, Resource: "arn:aws:s3:::images/*" }),
      [limited],
    ],
    [
      "principals of another account",
      on({ Condition: { StringEquals: { "aws:PrincipalAccount": "999999999999" } } }),
      [strangers],
    ],
    [
      "buckets of another account",
      onS3({
        Condition: {
          StringEquals: {
            "aws:PrincipalAccount": "111122223333",
            "aws:ResourceAccount": ["111122223333", "999999999999"],
          },
        },
      }),
      [strangers],
    ],
    [
      "roles of another account",
      on({ Action: "sts:AssumeRole", Resource: "arn:aws:iam::999999999999:role/*" }),
      [strangers],
    ],
    [
      "a gateway in the tables of no subnet",
      { "endpoint-s3.routeTableIds": [] },
      [
        "endpoint-s3: routeTableIds must have the table of nodes-a-table, got none of it",
        "endpoint-s3: routeTableIds must have the table of nodes-b-table, got none of it",
      ],
    ],
    [
      "a gateway in the table of one subnet",
      { "endpoint-s3.routeTableIds": [ref("private-table-a")] },
      ["endpoint-s3: routeTableIds must have the table of nodes-b-table, got none of it"],
    ],
    [
      "a bastion in public subnets, past the gateway",
      { "bastion.vpcZoneIdentifiers": [ref("public-a")] },
      ["endpoint-s3: routeTableIds must have the table of public-a-table, got none of it"],
    ],
    ["any key", on({ Action: ["kms:Decrypt"] }), [owned]],
    [
      "keys of any account",
      on({ Action: "kms:Encrypt", Resource: "arn:aws:kms:eu-west-1:*:key/*" }),
      [owned],
    ],
    ["any log group", on({ Action: ["logs:PutLogEvents"] }), [owned]],
    ["any role", on({ Action: ["sts:GetCallerIdentity", "sts:AssumeRole"] }), [owned]],
    ["images into any repository", on({ Action: "ecr:PutImage" }), [owned]],
    [
      "a role of any account",
      on({ Condition: { ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/nodes" } } }),
      [limited],
    ],
    [
      "any organization",
      on({ Condition: { StringLike: { "aws:PrincipalOrgID": "o-*" } } }),
      [limited],
    ],
    [
      "paths of any organization",
      on({ Condition: { "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": "o-*/r-ab12/*" } } }),
      [limited],
    ],
    [
      "resources of any organization",
      onS3({
        Condition: {
          StringEquals: { "aws:PrincipalOrgID": "o-1234567890" },
          StringLike: { "aws:ResourceOrgID": "o-?*" },
        },
      }),
      [owned],
    ],
    ["no condition", on({ Condition: {} }), [limited]],
    ["anybody in a list", on({ Condition: {}, Principal: { AWS: ["*"] } }), [limited]],
    [
      "everybody but one",
      on({ Condition: {}, Principal: undefined, NotPrincipal: { AWS: "x" } }),
      [limited],
    ],
    [
      "a condition that a missing key passes",
      on({ Condition: { StringEqualsIfExists: { "aws:PrincipalAccount": "111122223333" } } }),
      [limited],
    ],
    [
      "a condition that an empty set passes",
      on({
        Condition: { "ForAllValues:StringEquals": { "aws:PrincipalAccount": "111122223333" } },
      }),
      [limited],
    ],
    [
      "a negative condition",
      on({ Condition: { StringNotEquals: { "aws:PrincipalAccount": "111122223333" } } }),
      [limited],
    ],
    [
      "a condition that anything fits",
      on({ Condition: { StringLike: { "aws:PrincipalAccount": "*" } } }),
      [limited],
    ],
    [
      "a condition that any account fits",
      on({ Condition: { ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/*" } } }),
      [limited],
    ],
    [
      "a condition on something else",
      on({ Condition: { Bool: { "aws:SecureTransport": "true" } } }),
      [limited],
    ],
    ["resources of a service", on({ Condition: {}, Resource: "arn:aws:s3:::*" }), [limited]],
    [
      "no private DNS",
      { "endpoint-sts.privateDnsEnabled": false },
      ["endpoint-sts: privateDnsEnabled must be true, got false"],
    ],
    [
      "private DNS left out",
      { "endpoint-sts.privateDnsEnabled": gone },
      ["endpoint-sts: privateDnsEnabled must be true, got nothing"],
    ],
    [
      "no private DNS beside an unknown policy",
      { "endpoint-sts.privateDnsEnabled": false, "endpoint-sts.policy": unknown },
      [
        "endpoint-sts: privateDnsEnabled must be true, got false",
        "endpoint-sts: undecided: policy of endpoint-sts is unknown until up",
      ],
    ],
    [
      "an open policy of its own beside a good one",
      {
        policy: resource(token.vpcEndpointPolicy, {
          vpcEndpointId: ref("endpoint-sts"),
          policy: allow({ Action: "ssm:*" }),
        }),
      },
      ["policy: policy.Statement[0] must name the actions in use, got statement It"],
    ],
    [
      "a text that is no document",
      { "endpoint-sts.policy": "{" },
      ["stack: the rule could not run: policy of endpoint-sts must be a JSON document"],
    ],
  ],
  undecided: [
    [
      "a policy that nobody knows yet",
      { "endpoint-sts.policy": unknown },
      ["endpoint-sts: undecided: policy of endpoint-sts is unknown until up"],
    ],
    [
      "an account inside a document that nobody knows yet",
      {
        "endpoint-sts.policy": JSON.stringify({
          Statement: statement({
            Principal: "*",
            Action: "sts:GetCallerIdentity",
            Resource: "*",
            Condition: { StringEquals: { "aws:PrincipalAccount": unknown } },
          }),
        }),
      },
      ["endpoint-sts: undecided: policy.Statement of endpoint-sts is unknown until up"],
    ],
    [
      "route tables that nobody knows yet",
      { "endpoint-s3.routeTableIds": unknown },
      ["endpoint-s3: undecided: routeTableIds of endpoint-s3 is unknown until up"],
    ],
    [
      "an action that nobody knows yet",
      on({ Action: unknown }),
      ["endpoint-sts: undecided: policy.Statement[0] of endpoint-sts is unknown until up"],
    ],
    [
      "a type that nobody knows yet",
      { "endpoint-sts.vpcEndpointType": unknown },
      ["endpoint-sts: undecided: vpcEndpointType of endpoint-sts is unknown until up"],
    ],
  ],
});

describe("with trusted accounts", () => {
  casesFor("net-endpoint-policy [J18] [M1]", {
    base: platform,
    config: { trustedAccounts: ["999999999999"] },
    passes: [
      [
        "one of them",
        on({ Condition: { StringEquals: { "aws:PrincipalAccount": "999999999999" } } }),
      ],
    ],
    fails: [
      [
        "another one",
        on({ Condition: { StringEquals: { "aws:PrincipalAccount": "888888888888" } } }),
        [strangers],
      ],
    ],
    undecided: [],
    decided: "the table above has them",
  });
});
