import * as pulumi from "@pulumi/pulumi";
import * as vault from "@pulumi/vault";
import type { AuthoritiesTable, ControlPlane } from "./authorities";
import { childOf } from "./child";
import { policyName, policyOf, usersOf } from "./issuance";

/** Roles of AWS by which an instance is known to be a node of some kind. */
interface NodeIdentity {
  /** ARNs of IAM roles, with their paths. */
  roleArns: pulumi.Input<string>[];
  /** ARNs of the instance profiles that carry them. */
  instanceProfileArns: pulumi.Input<string>[];
}

export interface LoginsArgs {
  /** The reviewed table. */
  table: AuthoritiesTable;
  controlPlane: ControlPlane;
  /** AWS account of the stack. */
  accountId: string;
  /** AWS region of the stack. */
  region: string;
  /** VPC of the nodes. */
  vpcId: pulumi.Input<string>;
  /** Name of Vault, which a login names, so that one for another Vault is worth nothing here. */
  serverId: string;
  /** What each kind of node is known by, for every node of the table that asks for something. */
  nodes: Readonly<Record<string, NodeIdentity>>;
  /** The cluster's API, which says whose a service account's token is. */
  cluster: {
    /** URL of the API server. */
    host: pulumi.Input<string>;
    /** Certificate of its authority, PEM. */
    caCertificate: pulumi.Input<string>;
  };
}

/** A node that asked once comes back within the hour: a token is to outlive its instance by no more. */
const tokenSeconds = 20 * 60;
const longestTokenSeconds = 60 * 60;

const tokens = (user: string) => ({
  tokenPolicies: [policyName(user)],
  tokenNoDefaultPolicy: true,
  tokenTtl: tokenSeconds,
  tokenMaxTtl: longestTokenSeconds,
  tokenExplicitMaxTtl: longestTokenSeconds,
  tokenType: "service",
});

/** How nodes and service accounts come to a token: by who they are in AWS or in the cluster, never by a secret. */
export class Logins extends pulumi.ComponentResource {
  static readonly requirements = ["J7", "J8"];

  /** The template in whose place Vault puts the asking instance's name; undefined when no node asks. */
  readonly nodeName: pulumi.Output<string> | undefined;

  constructor(name: string, args: LoginsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:vault:Logins", name, {}, opts);
    const { table, controlPlane } = args;
    const child = childOf(this, opts);
    const nodes = usersOf(table, controlPlane, "node").map(([user]) => user);
    const accounts = usersOf(table, controlPlane, "serviceAccount");
    for (const user of [...nodes, ...accounts.map(([account]) => account)]) {
      new vault.Policy(
        `${name}-${user}`,
        { name: policyName(user), policy: policyOf(table, controlPlane, user) },
        child,
      );
    }
    const nodeLogins =
      nodes.length > 0 ? nodeMethod(name, args.serverId, args.region, child) : undefined;
    this.nodeName = nodeLogins?.method.accessor.apply(
      (accessor) => `{{identity.entity.aliases.${accessor}.metadata.inferred_hostname}}`,
    );
    if (nodeLogins) {
      const { settings } = nodeLogins;
      for (const user of nodes) {
        const whole = { ...child, dependsOn: settings };
        nodeRole(`${name}-${user}`, user, args, whole);
      }
    }
    if (accounts.length > 0) {
      const method = accountMethod(name, args.cluster, child);
      for (const [user, { namespace, name: account, audience }] of accounts) {
        new vault.kubernetes.AuthBackendRole(
          `${name}-${user}`,
          {
            backend: accountsPath,
            roleName: user,
            boundServiceAccountNames: [account],
            boundServiceAccountNamespaces: [namespace],
            audience,
            aliasNameSource: "serviceaccount_uid",
            ...tokens(user),
          },
          { ...child, dependsOn: [method] },
        );
      }
    }
    this.registerOutputs({});
  }
}

interface NodeMethod {
  method: vault.AuthBackend;
  /** What must be there before a role: Vault asks IAM for the unique ids of a role's principals when it is written. */
  settings: pulumi.Resource[];
}

/** Paths of the two methods. As plain values they are known to a first preview, for which Vault is not there yet. */
const nodesPath = "nodes";
const accountsPath = "cluster";

/** Where nodes log in, apart from where people and deployers do. */
function nodeMethod(
  name: string,
  serverId: string,
  region: string,
  child: pulumi.CustomResourceOptions,
): NodeMethod {
  const method = new vault.AuthBackend(
    `${name}-nodes`,
    { type: "aws", path: nodesPath, description: "Instances of this stack" },
    child,
  );
  const backend = nodesPath;
  const inPlace = { ...child, dependsOn: [method] };
  const client = new vault.aws.AuthBackendClient(
    `${name}-nodes-client`,
    {
      backend,
      iamServerIdHeaderValue: serverId,
      stsEndpoint: `https://sts.${region}.amazonaws.com`,
      stsRegion: region,
    },
    inPlace,
  );
  const identity = new vault.aws.AuthBackendConfigIdentity(
    `${name}-nodes-identity`,
    {
      backend,
      // By the session's ARN every instance is an entity of its own. By Vault's default all instances of a role are
      // one, and its metadata, the name among them, are those of whichever logged in last.
      iamAlias: "full_arn",
      iamMetadatas: ["account_id", "auth_type", "inferred_entity_id", "inferred_hostname"],
    },
    inPlace,
  );
  return { method, settings: [client, identity] };
}

/** EC2 makes an instance's id the name of its session, and Vault asks EC2 whether it runs here and with this profile. */
function nodeRole(
  name: string,
  user: string,
  { accountId, region, vpcId, nodes }: LoginsArgs,
  child: pulumi.CustomResourceOptions,
): void {
  const { roleArns = [], instanceProfileArns = [] } = nodes[user] ?? {};
  new vault.aws.AuthBackendRole(
    name,
    {
      backend: nodesPath,
      role: user,
      authType: "iam",
      boundIamPrincipalArns: roleArns,
      // A role of the same name that is made anew is another one.
      resolveAwsUniqueIds: true,
      inferredEntityType: "ec2_instance",
      inferredAwsRegion: region,
      boundAccountIds: [accountId],
      boundIamInstanceProfileArns: instanceProfileArns,
      boundVpcIds: [vpcId],
      ...tokens(user),
    },
    child,
  );
}

/**
 * Vault asks the cluster about a token with that token itself, so it keeps none of its own. The cluster has to let it:
 * `issuerObjects` gives the accounts the right and their tokens the API's audience. The cluster's OIDC issuer would do
 * without both, but says only that a token was signed, not that its account is still there.
 */
function accountMethod(
  name: string,
  { host, caCertificate }: LoginsArgs["cluster"],
  child: pulumi.CustomResourceOptions,
): vault.AuthBackend {
  const method = new vault.AuthBackend(
    `${name}-cluster`,
    { type: "kubernetes", path: accountsPath, description: "Service accounts of the cluster" },
    child,
  );
  new vault.kubernetes.AuthBackendConfig(
    `${name}-cluster-config`,
    {
      backend: accountsPath,
      kubernetesHost: host,
      kubernetesCaCert: caCertificate,
      disableLocalCaJwt: true,
      // Vault's default, and its advice (developer.hashicorp.com/vault/docs/auth/kubernetes): the API judges the issuer. Where
      // it is left out the provider sends false: github.com/hashicorp/terraform-provider-vault/issues/1572
      disableIssValidation: true,
    },
    { ...child, dependsOn: [method] },
  );
  return method;
}
