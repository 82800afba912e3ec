import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { EncryptionKey, autoScalingGrants, functionsGrant, logsGrant } from "./encryption-key";

export interface KeysArgs {
  /** AWS account of the stack. */
  accountId: string;
  /** AWS region of the stack. */
  region: string;
  /** Whether to create the service-linked role of EC2 Auto Scaling, which an account that never used it lacks. */
  createServiceLinkedRole: boolean;
}

/** The stack's keys: one for each kind of data, so that a right to one opens no other. */
export class Keys extends pulumi.ComponentResource {
  static readonly requirements = ["M1"];

  /** ARN of the key of log groups. */
  readonly logs: pulumi.Output<string>;
  /** ARN of the key that wraps Kubernetes secrets. */
  readonly secrets: pulumi.Output<string>;
  /** ARN of the key of volumes. */
  readonly volumes: pulumi.Output<string>;
  /** The key that encrypts sessions on the bastion. */
  readonly sessions: EncryptionKey;
  /** The key of the log store and of what is on the way to it. */
  readonly logStore: EncryptionKey;
  /** The key of images. */
  readonly images: EncryptionKey;
  /** ARN of the key of functions: their code and their environment. */
  readonly functions: pulumi.Output<string>;

  constructor(name: string, args: KeysArgs, opts?: pulumi.ComponentResourceOptions) {
    const { accountId, region } = args;
    super("drawbridge:aws:Keys", name, {}, opts);
    const child = { parent: this };
    const serviceLinkedRoles = args.createServiceLinkedRole
      ? [autoScalingRole(`${name}-auto-scaling`, child)]
      : [];
    this.logs = new EncryptionKey(
      "logs",
      { accountId, description: "Log groups", grants: [logsGrant(region, accountId)] },
      child,
    ).arn;
    this.secrets = new EncryptionKey(
      "secrets",
      { accountId, description: "Kubernetes secrets" },
      child,
    ).arn;
    this.volumes = new EncryptionKey(
      "volumes",
      {
        accountId,
        description: "Volumes of nodes and of the bastion",
        grants: autoScalingGrants(accountId),
        // KMS refuses a policy that names a role which does not exist yet.
        grantees: serviceLinkedRoles,
      },
      child,
    ).arn;
    this.sessions = new EncryptionKey(
      "sessions",
      { accountId, description: "Sessions on the bastion" },
      child,
    );
    this.logStore = new EncryptionKey(
      "log-store",
      { accountId, description: "Log store and what is on the way to it" },
      child,
    );
    this.images = new EncryptionKey("images", { accountId, description: "Images" }, child);
    this.functions = new EncryptionKey(
      "functions",
      {
        accountId,
        description: "Code and environment of functions",
        grants: [functionsGrant(region, accountId)],
      },
      child,
    ).arn;
    this.registerOutputs({
      logs: this.logs,
      secrets: this.secrets,
      volumes: this.volumes,
      sessions: this.sessions.arn,
      logStore: this.logStore.arn,
      images: this.images.arn,
      functions: this.functions,
    });
  }
}

/** One for each account: it stays when the stack goes, because others may use it. */
function autoScalingRole(name: string, child: pulumi.CustomResourceOptions): pulumi.Resource {
  return new aws.iam.ServiceLinkedRole(
    name,
    { awsServiceName: "autoscaling.amazonaws.com" },
    { ...child, retainOnDelete: true },
  );
}
