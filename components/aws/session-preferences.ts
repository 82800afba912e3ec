import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { documentArn } from "./arns";
import { keyByAlias, policyDocument } from "./policy-document";

/** A key with the alias by which policies know it. */
export interface SessionKey {
  arn: pulumi.Input<string>;
  /** Alias, for example alias/drawbridge/dev/sessions. */
  alias: string;
}

export interface SessionPreferencesArgs {
  /** Start of the names that people look up. */
  prefix: string;
  /** AWS account of the stack. */
  accountId: string;
  /** AWS region of the stack. */
  region: string;
  /** Public networks from which people may start a session. */
  trustedCidrs: string[];
  /** Key of the session logs. */
  logKeyArn: pulumi.Input<string>;
  /** Key that encrypts sessions end to end. */
  sessionKey: SessionKey;
  /** Days for which session logs are kept. */
  logRetentionDays: number;
}

/** How sessions run: encrypted end to end, logged, short; and who may start one: people with MFA, from trusted networks. */
export class SessionPreferences extends pulumi.ComponentResource {
  static readonly requirements = ["M7"];

  /** Name of the log group of the sessions. */
  readonly logGroupName: string;
  /** Name of the session document. */
  readonly documentName: pulumi.Output<string>;
  /** ARN of the policy that lets people start sessions. */
  readonly policyArn: pulumi.Output<string>;

  constructor(name: string, args: SessionPreferencesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:SessionPreferences", name, {}, opts);
    const child = { parent: this };
    this.logGroupName = `/drawbridge/${args.prefix}/sessions`;
    const documentName = `${args.prefix}-session`;
    const logGroup = new aws.cloudwatch.LogGroup(
      name,
      {
        name: this.logGroupName,
        kmsKeyId: args.logKeyArn,
        retentionInDays: args.logRetentionDays,
      },
      child,
    );
    const document = new aws.ssm.Document(
      name,
      {
        // The account-wide preferences have one fixed name; a document of its own leaves other stacks alone.
        name: documentName,
        documentType: "Session",
        documentFormat: "JSON",
        content: preferences(args.sessionKey.arn, logGroup.name),
      },
      child,
    );
    this.documentName = document.name;
    this.policyArn = new aws.iam.Policy(
      name,
      {
        description: `Sessions on the bastion of ${args.prefix}, with MFA and from trusted networks`,
        policy: sessionPolicy(args, documentName),
      },
      child,
    ).arn;
    this.registerOutputs({
      logGroupName: this.logGroupName,
      documentName: this.documentName,
      policyArn: this.policyArn,
    });
  }
}

/** docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html */
function preferences(
  kmsKeyId: pulumi.Input<string>,
  cloudWatchLogGroupName: pulumi.Input<string>,
): pulumi.Output<string> {
  return pulumi.jsonStringify({
    schemaVersion: "1.0",
    description: "Encrypted and logged session on the bastion",
    sessionType: "Standard_Stream",
    inputs: {
      kmsKeyId,
      cloudWatchLogGroupName,
      cloudWatchEncryptionEnabled: true,
      cloudWatchStreamingEnabled: true,
      s3BucketName: "",
      s3KeyPrefix: "",
      s3EncryptionEnabled: true,
      runAsEnabled: false,
      runAsDefaultUser: "",
      // Minutes, both as strings.
      idleSessionTimeout: "15",
      maxSessionDuration: "480",
    },
  });
}

function sessionPolicy(args: SessionPreferencesArgs, documentName: string): pulumi.Output<string> {
  const personal = {
    Bool: { "aws:MultiFactorAuthPresent": "true" },
    IpAddress: { "aws:SourceIp": args.trustedCidrs },
  };
  const key = keyByAlias(args, args.sessionKey.alias);
  return policyDocument([
    {
      Sid: "OnTheBastion",
      Action: "ssm:StartSession",
      Resource: `arn:aws:ec2:${args.region}:${args.accountId}:instance/*`,
      Condition: {
        ...personal,
        StringEquals: { "ssm:resourceTag/Drawbridge": `${args.prefix}-bastion` },
        // Without it a session that names no document would run with the account's own preferences.
        BoolIfExists: { "ssm:SessionDocumentAccessCheck": "true" },
      },
    },
    {
      Sid: "WithTheseDocuments",
      Action: "ssm:StartSession",
      Resource: [
        documentArn(args, documentName),
        `arn:aws:ssm:${args.region}::document/AWS-StartPortForwardingSessionToRemoteHost`,
      ],
      Condition: personal,
    },
    {
      Sid: "OwnSessionsOnly",
      Action: ["ssm:ResumeSession", "ssm:TerminateSession"],
      Resource: `arn:aws:ssm:${args.region}:${args.accountId}:session/\${aws:userid}-*`,
    },
    {
      Sid: "EncryptSessions",
      Action: "kms:GenerateDataKey",
      Resource: key.Resource,
      Condition: { ...personal, ...key.Condition },
    },
  ]);
}
