import { letsAssume, principalsExist, wellFormed } from "./policy-document";
import {
  AwsError,
  allWith,
  textAt,
  textsAt,
  type Claim,
  type Draft,
  type ResourceRow,
} from "./row";
import type { World } from "./world";

const roleType = "aws:iam/role:Role";
const attachmentType = "aws:iam/rolePolicyAttachment:RolePolicyAttachment";

const arn = ({ world, inputs }: Draft, kind: string) =>
  `arn:aws:iam::${world.accountId}:${kind}${textAt(inputs, "path") ?? "/"}${textAt(inputs, "name") ?? ""}`;

const nameClaim =
  (kind: string) =>
  ({ inputs }: Draft): Claim[] => {
    const name = textAt(inputs, "name") ?? "";
    const refusal = new AwsError(
      "EntityAlreadyExists",
      `${kind} with name ${name} already exists.`,
    );
    // IAM compares names without regard to case.
    return [{ key: `iam ${kind} ${name.toLowerCase()}`, refusal }];
  };

const nameFits =
  (longest: number) =>
  ({ inputs }: Draft): AwsError | undefined => {
    const name = textAt(inputs, "name") ?? "";
    if (/^[\w+=,.@-]+$/.test(name) && name.length <= longest) return undefined;
    return new AwsError(
      "ValidationError",
      `name '${name}' must have 1 to ${longest} characters of letters, digits and +=,.@_-`,
    );
  };

// The quota of a new account, which can be raised: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const policiesPerRole = 10;

function roleHasRoomForPolicies({ inputs, world, previous }: Draft): AwsError | undefined {
  const others = allWith(world, attachmentType, "role", textAt(inputs, "role")).filter(
    ({ id }) => id !== previous?.id,
  );
  if (others.length < policiesPerRole) return undefined;
  return new AwsError(
    "LimitExceeded",
    `Cannot exceed quota for PoliciesPerRole: ${policiesPerRole} (role ${textAt(inputs, "role") ?? ""})`,
  );
}

/** Policies that AWS keeps, of those that clusters, nodes and hosts reached by Session Manager take. */
export const managedPolicies = [
  "AmazonEC2ContainerRegistryPullOnly",
  "AmazonEC2ContainerRegistryReadOnly",
  "AmazonEKSBlockStoragePolicy",
  "AmazonEKSClusterPolicy",
  "AmazonEKSComputePolicy",
  "AmazonEKSLoadBalancingPolicy",
  "AmazonEKSNetworkingPolicy",
  "AmazonEKSServicePolicy",
  "AmazonEKSVPCResourceController",
  "AmazonEKSWorkerNodeMinimalPolicy",
  "AmazonEKSWorkerNodePolicy",
  "AmazonEKS_CNI_Policy",
  "AmazonSSMManagedInstanceCore",
  "CloudWatchAgentServerPolicy",
  "service-role/AmazonEBSCSIDriverPolicy",
].map((name) => `arn:aws:iam::aws:policy/${name}`);

const serviceLinkedRole = (service: string) => {
  // Names are AWS's own; only the services that this project touches are listed.
  const names: Record<string, string> = {
    "autoscaling.amazonaws.com": "AWSServiceRoleForAutoScaling",
    "eks.amazonaws.com": "AWSServiceRoleForAmazonEKS",
    "opensearchservice.amazonaws.com": "AWSServiceRoleForAmazonOpenSearchService",
    "eks-nodegroup.amazonaws.com": "AWSServiceRoleForAmazonEKSNodegroup",
  };
  return names[service] ?? "";
};

const serviceLinkedArn = ({ inputs, world }: Draft): string => {
  const service = textAt(inputs, "awsServiceName") ?? "";
  return `arn:aws:iam::${world.accountId}:role/aws-service-role/${service}/${serviceLinkedRole(service)}`;
};

export const iamRows: Record<string, ResourceRow> = {
  [roleType]: {
    noun: "role",
    id: ({ inputs }) => textAt(inputs, "name") ?? "",
    name: "name",
    tagged: true,
    required: ["assumeRolePolicy"],
    references: [{ path: "permissionsBoundary", to: "policyArn", onDelete: "dangle" }],
    identifiers: ({ id, computed }) => ({ roleName: [id], roleArn: [computed["arn"]] }),
    computed: (draft) => ({
      arn: arn(draft, "role"),
      uniqueId: `AROA${draft.digits(17).toUpperCase()}`,
    }),
    claims: nameClaim("Role"),
    rules: [
      nameFits(64),
      wellFormed("assumeRolePolicy", "MalformedPolicyDocument"),
      principalsExist("assumeRolePolicy", "MalformedPolicyDocument"),
    ],
    inUse: "DeleteConflict",
  },
  "aws:iam/rolePolicy:RolePolicy": {
    noun: "inline policy",
    id: ({ inputs }) => `${textAt(inputs, "role") ?? ""}:${textAt(inputs, "name") ?? ""}`,
    name: "name",
    tagged: false,
    required: ["role", "policy"],
    references: [{ path: "role", to: "roleName", onDelete: "refuse" }],
    computed: () => ({}),
    rules: [nameFits(128), wellFormed("policy", "MalformedPolicyDocument")],
  },
  [attachmentType]: {
    noun: "policy attachment",
    id: ({ inputs }) => `${textAt(inputs, "role") ?? ""}/${textAt(inputs, "policyArn") ?? ""}`,
    tagged: false,
    required: ["role", "policyArn"],
    references: [
      { path: "role", to: "roleName", onDelete: "refuse" },
      { path: "policyArn", to: "policyArn", onDelete: "refuse" },
    ],
    computed: () => ({}),
    rules: [roleHasRoomForPolicies],
  },
  "aws:iam/policy:Policy": {
    noun: "managed policy",
    id: (draft) => arn(draft, "policy"),
    name: "name",
    tagged: true,
    required: ["policy"],
    references: [],
    identifiers: ({ id }) => ({ policyArn: [id] }),
    computed: (draft) => ({
      arn: arn(draft, "policy"),
      policyId: `ANPA${draft.digits(17).toUpperCase()}`,
    }),
    claims: nameClaim("Policy"),
    rules: [nameFits(128), wellFormed("policy", "MalformedPolicyDocument")],
    inUse: "DeleteConflict",
  },
  "aws:iam/instanceProfile:InstanceProfile": {
    noun: "instance profile",
    id: ({ inputs }) => textAt(inputs, "name") ?? "",
    name: "name",
    tagged: true,
    required: [],
    references: [{ path: "role", to: "roleName", onDelete: "refuse" }],
    identifiers: ({ id, computed }) => ({ instanceProfile: [id, computed["arn"]] }),
    computed: (draft) => ({
      arn: arn(draft, "instance-profile"),
      uniqueId: `AIPA${draft.digits(17).toUpperCase()}`,
    }),
    claims: nameClaim("Instance Profile"),
    rules: [nameFits(128)],
  },
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": {
    noun: "OpenID Connect provider",
    id: (draft) => oidcArn(draft),
    tagged: true,
    required: ["url", "clientIdLists"],
    references: [],
    computed: (draft) => ({ arn: oidcArn(draft) }),
    claims: ({ inputs }) => {
      const url = textAt(inputs, "url") ?? "";
      const message = `Provider with url ${url} already exists.`;
      return [{ key: `oidc ${url}`, refusal: new AwsError("EntityAlreadyExists", message) }];
    },
    rules: [
      ({ inputs }) =>
        textAt(inputs, "url")?.startsWith("https://")
          ? undefined
          : new AwsError(
              "InvalidInput",
              `url '${textAt(inputs, "url") ?? ""}' must begin with https://`,
            ),
      ({ inputs }) =>
        textsAt(inputs, "clientIdLists[*]").length > 0
          ? undefined
          : new AwsError("InvalidInput", "clientIdLists must name at least one audience"),
    ],
  },
  "aws:iam/serviceLinkedRole:ServiceLinkedRole": {
    noun: "service-linked role",
    id: serviceLinkedArn,
    tagged: true,
    required: ["awsServiceName"],
    references: [],
    identifiers: ({ id }) => ({ roleArn: [id] }),
    computed: (draft) => ({
      arn: serviceLinkedArn(draft),
      name: serviceLinkedRole(textAt(draft.inputs, "awsServiceName") ?? ""),
    }),
    rules: [
      (draft) =>
        draft.world.principals.includes(serviceLinkedArn(draft))
          ? new AwsError(
              "InvalidInput",
              `Service role name ${serviceLinkedRole(textAt(draft.inputs, "awsServiceName") ?? "")} has been taken in this account`,
            )
          : undefined,
      ({ inputs }) =>
        serviceLinkedRole(textAt(inputs, "awsServiceName") ?? "") === ""
          ? new AwsError(
              "InvalidInput",
              `unknown service ${textAt(inputs, "awsServiceName") ?? ""}`,
            )
          : undefined,
    ],
  },
};

function oidcArn({ inputs, world }: Draft): string {
  const host = (textAt(inputs, "url") ?? "").replace("https://", "");
  return `arn:aws:iam::${world.accountId}:oidc-provider/${host}`;
}

/** Names of the managed policies that are attached to a role, without their ARN's prefix. */
export function policiesOf(draft: Pick<Draft, "world">, roleArn: string | undefined): string[] {
  const role = draft.world.resources.find(
    (resource) => resource.type === roleType && resource.computed["arn"] === roleArn,
  );
  return allWith(draft.world, attachmentType, "role", role?.id ?? "").map(
    ({ inputs }) => textAt(inputs, "policyArn")?.split(":policy/").at(-1) ?? "",
  );
}

/**
 * What services tell about whom they act for when they take a role on, which a trust policy can ask for; `undefined` is
 * told and may be any. The others tell nothing, CloudTrail among them: a role that asks it for its source is refused.
 */
function toldBy(service: string, accountId: string): Record<string, string | undefined> {
  const source = { "aws:SourceAccount": accountId, "aws:SourceArn": undefined };
  const told: Record<string, Record<string, string | undefined>> = {
    // docs.aws.amazon.com/eks/latest/userguide/cross-service-confused-deputy-prevention.html
    "eks.amazonaws.com": source,
    // docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#firehose-assume-role
    "firehose.amazonaws.com": { "sts:ExternalId": accountId },
    // github.com/aws/agent-toolkit-for-aws, deploying-custom-domain-rest-api/scripts/lambda-trust-policy.json
    "lambda.amazonaws.com": { "aws:SourceAccount": accountId },
    // docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
    "logs.amazonaws.com": source,
    // docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
    "pods.eks.amazonaws.com": {
      ...source,
      "aws:RequestTag/kubernetes-namespace": undefined,
      "aws:RequestTag/kubernetes-service-account": undefined,
    },
    // docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
    "vpc-flow-logs.amazonaws.com": source,
  };
  return told[service] ?? {};
}

/** Whether the trust policy of a role of the stack lets a service take it on. */
export function trusts(world: World, roleArn: string | undefined, service: string): boolean {
  const role = world.resources.find(
    (resource) => resource.type === roleType && resource.computed["arn"] === roleArn,
  );
  return letsAssume(role?.inputs["assumeRolePolicy"], service, toldBy(service, world.accountId));
}
