import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface AccountGuardsArgs {
  /** Key of volumes for which nobody names one. */
  volumeKeyArn: pulumi.Input<string>;
}

/**
 * What holds for everything in the account and region, made by this program or not: volumes are encrypted, no bucket,
 * snapshot or image is public, and instance metadata needs a session token. Each exists once, so one stack of an
 * account and region has them. They stay when the stack goes: what else is in the account relies on them by then.
 */
export class AccountGuards extends pulumi.ComponentResource {
  static readonly requirements = ["M1"];

  constructor(name: string, args: AccountGuardsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:AccountGuards", name, {}, opts);
    const stays = { parent: this, retainOnDelete: true };
    new aws.ebs.EncryptionByDefault(name, { enabled: true }, stays);
    // The stack's key goes with the stack; new volumes are then under the key that AWS keeps for the account.
    new aws.ebs.DefaultKmsKey(name, { keyArn: args.volumeKeyArn }, { parent: this });
    new aws.s3.AccountPublicAccessBlock(
      name,
      {
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
      stays,
    );
    new aws.ebs.SnapshotBlockPublicAccess(name, { state: "block-all-sharing" }, stays);
    new aws.ec2.ImageBlockPublicAccess(name, { state: "block-new-sharing" }, stays);
    new aws.ec2.InstanceMetadataDefaults(
      name,
      {
        httpEndpoint: "enabled",
        httpTokens: "required",
        // One hop: a container does not reach the role of its instance.
        httpPutResponseHopLimit: 1,
        instanceMetadataTags: "disabled",
      },
      stays,
    );
    this.registerOutputs({});
  }
}
