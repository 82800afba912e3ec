import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { documentArn } from "./arns";
import type { EncryptionKey } from "./encryption-key";
import { keyByAlias, policyDocument } from "./policy-document";

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
  sessionKey: EncryptionKey;
  /** Name of Vault, to which tunnels lead as well. */
  vaultHost: string;
  /** Days for which session logs are kept. */
  logRetentionDays: number;
}

/** How sessions run: encrypted end to end, logged, short; and who may start one: people with MFA, from trusted networks. */
export class SessionPreferences extends pulumi.ComponentResource {
  static readonly requirements = ["M7"];

  /** Name of the log group of the sessions. */
  readonly logGroupName: string;
  /** Name of the document of shells. */
  readonly documentName: pulumi.Output<string>;
  /** Name of the document of tunnels to the Kubernetes API. */
  readonly tunnelDocumentName: pulumi.Output<string>;
  /** ARN of the policy that lets people start sessions. */
  readonly policyArn: pulumi.Output<string>;

  constructor(name: string, args: SessionPreferencesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drawbridge:aws:SessionPreferences", name, {}, opts);
    const child = { parent: this };
    this.logGroupName = `/drawbridge/${args.prefix}/sessions`;
    const logGroup = new aws.cloudwatch.LogGroup(
      name,
      {
        name: this.logGroupName,
        kmsKeyId: args.logKeyArn,
        retentionInDays: args.logRetentionDays,
      },
      child,
    );
    const document = (
      documentName: string,
      resourceName: string,
      content: object,
      dependsOn: pulumi.Resource[],
    ) =>
      new aws.ssm.Document(
        resourceName,
        {
          // The account-wide preferences have one fixed name; a document of its own leaves other stacks alone.
          name: documentName,
          documentType: "Session",
          documentFormat: "JSON",
          content: JSON.stringify(content),
        },
        // The contents name key and log group without referring to them, so that a first preview knows them whole.
        { ...child, dependsOn },
      );
    const { alias } = args.sessionKey;
    const shellName = `${args.prefix}-session`;
    const tunnelName = `${args.prefix}-tunnel`;
    this.documentName = document(shellName, name, shell(alias, this.logGroupName), [
      args.sessionKey,
      logGroup,
    ]).name;
    this.tunnelDocumentName = document(
      tunnelName,
      `${name}-tunnel`,
      tunnel(alias, args.region, args.vaultHost),
      [args.sessionKey],
    ).name;
    this.policyArn = new aws.iam.Policy(
      name,
      {
        description: `Sessions on the bastion of ${args.prefix}, with MFA and from trusted networks`,
        policy: sessionPolicy(args, [shellName, tunnelName]),
      },
      child,
    ).arn;
    this.registerOutputs({
      logGroupName: this.logGroupName,
      documentName: this.documentName,
      tunnelDocumentName: this.tunnelDocumentName,
      policyArn: this.policyArn,
    });
  }
}

/**
 * A shell. The key goes by its alias: the console's page on encryption offers that for a key of the account
 * (docs.aws.amazon.com/systems-manager/latest/userguide/session-preferences-enable-encryption.html), and the agent
 * hands it to kms:Decrypt as it is (agent/session/crypto/kmsservice.go of aws/amazon-ssm-agent), which takes aliases.
 * Not verified on AWS itself.
 */
function shell(kmsKeyId: string, cloudWatchLogGroupName: string): object {
  // docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html
  return {
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
      ...limits,
    },
  };
}

/** When sessions end: minutes, both as strings. */
const limits = { idleSessionTimeout: "15", maxSessionDuration: "480" };

/**
 * A tunnel to the Kubernetes API of a cluster in the region or to Vault, and to nothing else that the bastion reaches;
 * security groups close the port of each on the other.
 * Session Manager encrypts tunnels by TLS only, whatever key is named (the page named above lists the session types);
 * the key is named for the day when it does more.
 */
function tunnel(kmsKeyId: string, region: string, vaultHost: string): object {
  const vault = vaultHost.replaceAll(".", "\\.");
  return {
    schemaVersion: "1.0",
    description: "Tunnel through the bastion to the Kubernetes API or to Vault",
    sessionType: "Port",
    inputs: { kmsKeyId, ...limits },
    parameters: {
      host: {
        type: "String",
        description: "Host of the Kubernetes API, as in the URL of the cluster, or of Vault",
        // docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html writes eks-cluster.<region>.eks.amazonaws.com;
        // the first part is an id and a short label, for example 0123456789ABCDEF0123456789ABCDEF.gr7.
        allowedPattern: `^([A-Za-z0-9]+\\.[a-z0-9]+\\.${region}\\.eks\\.amazonaws\\.com|${vault})$`,
      },
      portNumber: {
        type: "String",
        description: "Port of the Kubernetes API, or 8200 for Vault",
        allowedPattern: "^(443|8200)$",
        default: "443",
      },
      localPortNumber: {
        type: "String",
        description: "Port on the own machine; 0 takes any that is free",
        allowedPattern: "^[0-9]{1,5}$",
        default: "0",
      },
    },
    properties: {
      type: "LocalPortForwarding",
      host: "{{ host }}",
      portNumber: "{{ portNumber }}",
      localPortNumber: "{{ localPortNumber }}",
    },
  };
}

function sessionPolicy(
  args: SessionPreferencesArgs,
  documentNames: string[],
): pulumi.Output<string> {
  const personal = {
    Bool: { "aws:MultiFactorAuthPresent": "true" },
    IpAddress: { "aws:SourceIp": args.trustedCidrs },
  };
  const starting = {
    ...personal,
    // Without it a session that names no document would run with the account's own preferences:
    // docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-specify-session-document.html
    BoolIfExists: { "ssm:SessionDocumentAccessCheck": "true" },
  };
  const key = keyByAlias(args, args.sessionKey.alias);
  const sessions = `arn:aws:ssm:${args.region}:${args.accountId}:session`;
  return policyDocument([
    {
      Sid: "OnTheBastion",
      Action: "ssm:StartSession",
      Resource: `arn:aws:ec2:${args.region}:${args.accountId}:instance/*`,
      Condition: {
        ...starting,
        StringEquals: { "ssm:resourceTag/Drawbridge": `${args.prefix}-bastion` },
      },
    },
    {
      Sid: "WithTheseDocuments",
      Action: "ssm:StartSession",
      Resource: documentNames.map((name) => documentArn(args, name)),
      Condition: starting,
    },
    {
      // The plugin opens the channel of a session in the name of the person:
      // docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-restrict-access-quickstart.html
      Sid: "OwnChannelsOnly",
      Action: "ssmmessages:OpenDataChannel",
      Resource: `${sessions}/\${aws:userid}-*`,
    },
    {
      // The id of a session starts with the name of the user or of the role's session, which is no variable for roles. A
      // tag of the session has what the variable has, for both ("Method 2"):
      // docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-restrict-access-examples.html
      Sid: "OwnSessionsOnly",
      Action: ["ssm:ResumeSession", "ssm:TerminateSession"],
      Resource: `${sessions}/*`,
      Condition: {
        StringEquals: { "ssm:resourceTag/aws:ssmmessages:session-id": "${aws:userid}" },
      },
    },
    {
      Sid: "EncryptSessions",
      Action: "kms:GenerateDataKey",
      Resource: key.Resource,
      Condition: { ...personal, ...key.Condition },
    },
  ]);
}
