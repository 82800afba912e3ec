import { Region } from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { overlapCidr } from "cidr-tools";
import { z } from "zod";
import { longestStackName } from "../components/aws/bucket";
import { logEngineVersions } from "../components/aws/log-engines";
import { longestCachePrefix } from "../components/aws/registry";
import { mostUserData, sshUserData } from "../components/aws/ssh-user-data";
import { planSubnets } from "../components/aws/subnets";
import { addresses, cidrFault, cidrPattern, isPrivate, privateNetworks, specialPart } from "./cidr";
import {
  mostClients,
  mostInstanceTypes,
  mostNodeGroups,
  mostTags,
  mostTrusted,
  mostTrustedAddresses,
} from "./limits";
import { readPublicKey, securityKeyType } from "./ssh-key";

/** Namespace of the project in a stack file. */
export const namespace = "drawbridge";

/** Versions in EKS standard support, newest first: docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html */
const kubernetesVersions = ["1.35", "1.34"] as const;

/** Regions of the aws partition; the others have ARNs and services of their own. */
const regions = Object.values(Region).filter((region) => !/^(cn|us-gov|eusc)-|-iso/.test(region));

/** Retention periods that CloudWatch Logs offers from 90 days up, in days (PutRetentionPolicy of its API reference). */
const retentionDays = [
  90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, `must be one of ${values.join(", ")}`);
const text = (pattern: RegExp, rule: string) => z.string(rule).regex(pattern, rule);
const integer = (min: number, max: number) => {
  const rule = `must be an integer from ${min} to ${max}`;
  return z.int(rule).min(min, rule).max(max, rule);
};
const list = <T extends z.ZodType>(item: T, min: number, rule: string) =>
  z.array(item, rule).min(min, rule);
/** For editors, which know no rule that is written in code. */
const unique = { uniqueItems: true };

const ipv4Cidr = (widest?: number) =>
  z.string("must be an IPv4 CIDR such as 203.0.113.0/24").superRefine((value, issues) => {
    const rule = cidrFault(value);
    if (rule) issues.addIssue({ code: "custom", message: rule });
    if (!rule && widest !== undefined && Number(value.split("/")[1]) < widest) {
      issues.addIssue({ code: "custom", message: `must not be wider than /${widest}` });
    }
  });
const roleArn = text(
  // Path and name of a role: docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  /^arn:aws:iam::\d{12}:role\/([\w+=,.@-]+\/)*[\w+=,.@-]{1,64}$/,
  "must be the ARN of an IAM role such as arn:aws:iam::111122223333:role/deployer",
).regex(
  /^(?!arn:aws:iam::\d{12}:role\/aws-service-role\/)/,
  "must not be a service-linked role, which only a service of AWS can assume",
);
// Lengths of labels and taints: docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html
const labelKey = text(
  /^(?=.{1,63}$)([a-z0-9]([a-z0-9.-]*[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/,
  "must be a Kubernetes label key of at most 63 characters",
);
// EKS refuses the first three, and a kubelet does not start with the first two below any name:
// github.com/eksctl-io/eksctl/issues/4007, kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
const ownLabelKey = labelKey.regex(
  /^(?!([^/]+\.)?(kubernetes\.io|k8s\.io|eks\.amazonaws\.com)\/)/,
  "must not start with kubernetes.io/, k8s.io/ or eks.amazonaws.com/, nor a name below them: EKS keeps these",
);
const labelValue = text(
  /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
  "must be a Kubernetes label value of 1 to 63 characters",
);
const taintValue = text(
  /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/,
  "must be a Kubernetes label value of at most 63 characters",
);
/** Family with its generation, and size: docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html. High memory and Mac families have forms of their own. */
const ec2InstanceType = text(
  /^([a-z]+\d+[a-z]*(-[a-z0-9]+)*|u-\d+tb\d|mac-[a-z0-9]+)\.(nano|micro|small|medium|large|\d*xlarge|metal(-\d+xl)?)$/,
  "must be an EC2 instance type such as m7g.large",
);

const nodeGroup = z
  .strictObject(
    {
      name: text(
        /^[a-z][a-z0-9-]{0,29}$/,
        "must be 1 to 30 lower-case letters, digits and hyphens, starting with a letter",
      ).describe("Name of the group, unique in the stack."),
      instanceTypes: list(ec2InstanceType, 1, "must be a list of at least one instance type")
        .max(mostInstanceTypes, `must be a list of at most ${mostInstanceTypes} instance types`)
        .meta(unique)
        .describe("EC2 instance types, all of one processor architecture."),
      minSize: integer(0, 450).describe("Fewest nodes."),
      maxSize: integer(1, 450).describe("Most nodes; 450 is the EKS quota for one group."),
      desiredSize: integer(0, 450)
        .optional()
        .describe("Nodes to start with, from minSize to maxSize. Default: minSize."),
      volumeGiB: integer(20, 16384)
        .default(50)
        .describe("Size of the data volume for images and pods, in GiB, 20 to 16384."),
      capacityType: oneOf(["ON_DEMAND", "SPOT"])
        .default("ON_DEMAND")
        .describe("How EC2 sells the nodes."),
      labels: z
        .record(ownLabelKey, labelValue, "must be a map of Kubernetes labels")
        .default({})
        .describe("Kubernetes labels of the nodes."),
      taints: z
        .array(
          z.strictObject({
            key: labelKey,
            value: taintValue.default(""),
            effect: oneOf(["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"]),
          }),
          "must be a list of taints",
        )
        .default([])
        .describe("Kubernetes taints of the nodes."),
    },
    "must be a map with name, instanceTypes, minSize and maxSize",
  )
  .superRefine((group, issues) => {
    for (const { path, rule, input } of nodeGroupFaults(group)) {
      issues.addIssue({ code: "custom", path, message: rule, input });
    }
  });

const accessEntry = z.strictObject(
  {
    principalArn: roleArn.describe("IAM role of the people or the pipeline."),
    access: oneOf(["view", "edit", "admin"]).describe(
      "What the principal may do in its namespaces.",
    ),
    namespaces: list(
      text(
        // Who may write in these is soon administrator of the whole cluster.
        /^(?!kube-(system|public|node-lease)$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
        "must be the name of a namespace, and not kube-system, kube-public or kube-node-lease",
      ),
      1,
      "must be a list of at least one namespace: cluster-wide access is not offered",
    ).describe("Namespaces in which the access holds."),
  },
  "must be a map with principalArn, access and namespaces",
);

/**
 * Accounts that Amazon Linux 2023 has or makes with a package. The instance looks again: an account of the system is
 * nobody's, whatever its name.
 */
const systemAccounts =
  "root|bin|daemon|adm|lp|sync|shutdown|halt|mail|operator|games|ftp|nobody|dbus|tss|sshd|chrony|rpc|rpcuser|ec2-user|ec2-instance-connect|ssm-user|cwagent|people|systemd-[a-z0-9-]*";
const person = z.strictObject(
  {
    name: text(
      new RegExp(`^(?!(${systemAccounts})$)[a-z][a-z0-9-]{0,30}$`),
      "must be 1 to 31 lower-case letters, digits and hyphens, starting with a letter, and not an account of the system",
    ).describe("Name of the person's account."),
    publicKey: z
      .string("must be the line of a .pub file")
      .superRefine((line, issues) => {
        const rule = publicKeyFault(line);
        if (rule !== undefined) issues.addIssue({ code: "custom", message: rule });
      })
      .transform((line) => {
        const { type, blob } = readPublicKey(line);
        return `${type} ${blob}`;
      })
      .meta({
        pattern: String.raw`^(ssh-ed25519|sk-ssh-ed25519@openssh\.com|ssh-rsa) [A-Za-z0-9+/]+={0,2}( .*)?$`,
      })
      .describe(
        "The person's public key: Ed25519, of a security key or not, or RSA of at least 4096 bits.",
      ),
  },
  "must be a map with name and publicKey",
);

function publicKeyFault(line: string): string | undefined {
  try {
    readPublicKey(line);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Letters in both cases, for an editor: JSON schemas know no flags. */
const anyCase = (word: string) =>
  word.replaceAll(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
// What AWS and EKS keep to themselves, and what controllers in the cluster find subnets, groups and volumes by.
const reservedTags = String.raw`aws:|eks:|([^/]*\.)?(kubernetes\.io|k8s\.io|k8s\.aws|eksctl\.io)\/|karpenter\.sh\/`;
const ownTags = ["Name", "Project", "Environment", "Drawbridge"];
const requiredTags = ["Owner", "CostCenter"];
// What every service takes: docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
const tagKey = String.raw`[\w .:\/=+@-]{1,128}`;
const tagValue = String.raw`^[\w .:\/=+@-]{1,256}$`;
const tagsForEditors = {
  required: requiredTags,
  maxProperties: mostTags,
  propertyNames: {
    pattern: `^(?!${anyCase(reservedTags)})(?!(${anyCase(ownTags.join("|").toLowerCase())})$)${tagKey}$`,
  },
  additionalProperties: { type: "string", pattern: tagValue },
} as const;

function tagKeyFault(key: string, earlier: readonly string[]): string | undefined {
  if (!new RegExp(`^${tagKey}$`).test(key)) {
    return "must be a tag key of 1 to 128 letters, digits, spaces and _.:/=+-@";
  }
  if (new RegExp(`^(${reservedTags})`, "i").test(key)) {
    return "must not start with aws:, eks:, kubernetes.io/, k8s.io/, k8s.aws/, eksctl.io/ or karpenter.sh/: AWS and controllers act on these";
  }
  const isSame = (other: string) => other.toLowerCase() === key.toLowerCase();
  if (ownTags.some(isSame)) return "must not be set: the program sets it";
  // docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html: IAM does not tell them apart.
  const twin = earlier.find(isSame);
  return twin === undefined ? undefined : `must differ from ${twin} by more than case`;
}

function tagFaults(tags: Record<string, unknown>): PlacedFault[] {
  const keys = Object.keys(tags);
  const faults = keys.flatMap((key, i): PlacedFault[] => {
    const value = tags[key];
    const keyFault = tagKeyFault(key, keys.slice(0, i));
    if (keyFault !== undefined) return [{ path: [key], rule: keyFault, input: value }];
    if (typeof value === "string" && new RegExp(tagValue).test(value)) return [];
    return [{ path: [key], rule: "must be a tag value of 1 to 256 characters", input: value }];
  });
  for (const key of requiredTags) {
    if (!Object.hasOwn(tags, key))
      faults.push({ path: [key], rule: "is required", input: undefined });
  }
  if (keys.length > mostTags) {
    faults.push({ path: [], rule: `must be at most ${mostTags} tags`, input: tags });
  }
  return faults;
}

/** YAML reads 1.30 as a number, and a number has no trailing zero. */
function versionRule(input: unknown): string {
  const rule = `must be one of ${kubernetesVersions.join(", ")}`;
  const isCut = typeof input === "string" && /^\d+\.\d$/.test(input);
  return isCut ? `${rule} (YAML reads an unquoted ${input}0 as ${input}: quote it)` : rule;
}

/** What exists once in an account and region, so that one stack alone can have it. */
const accountWide = ["trail", "threatDetection", "accountGuards"] as const;

const auditing = z.strictObject(
  {
    alarmEmails: z
      .array(
        text(
          /^[^\s@]+@[^\s@]+\.[^\s@.]+$/,
          "must be an e-mail address such as security@example.com",
        ),
        "must be a list of e-mail addresses",
      )
      .default([])
      .describe(
        "Who is told of what must never happen unseen, at least one for a stack that owns the trail; each address confirms once by a mail from AWS.",
      ),
    owns: z
      .array(oneOf(accountWide), "must be a list")
      .default([...accountWide])
      .describe(
        "What this stack has for its whole account and region: trail (CloudTrail and its alarms), threatDetection (GuardDuty) and accountGuards (defaults of EBS, S3 and EC2). Default: all. Leave out what another stack or the organization has: AWS takes one detector for an account and region, and a second trail costs money.",
      ),
    lockMode: oneOf(["GOVERNANCE", "COMPLIANCE"])
      .default("GOVERNANCE")
      .describe(
        "Who may delete audit records before logRetentionDays are over: GOVERNANCE (holders of s3:BypassGovernanceRetention) or COMPLIANCE (nobody; the bucket cannot be deleted until then either).",
      ),
    objectEvents: z
      .boolean("must be true or false")
      .default(true)
      .describe(
        "Whether the trail records every use of an object in the stack's bucket of snapshots.",
      ),
  },
  "must be a map with alarmEmails or owns",
);

const domainLabel = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
const domain = (prefix: string, rule: string) =>
  z
    .string(rule)
    .regex(new RegExp(`^${prefix}(${domainLabel}\\.)+${domainLabel}$`), rule)
    .max(253, rule);

const entrySchema = z.strictObject(
  {
    domains: z
      .array(
        domain(
          "(\\*\\.)?",
          "must be a domain name in lower case such as apps.example.com or *.apps.example.com",
        ),
        "must be a list of domain names",
      )
      .max(10, "must be at most 10 names, the quota of ACM for one certificate")
      .default([])
      .describe("Names under which people find the entry, all under the zone."),
    zone: z
      .strictObject(
        {
          id: text(
            /^Z[A-Z0-9]{1,31}$/,
            "must be the id of a Route 53 zone such as Z0123456789ABCDEFGHIJ",
          ),
          name: domain("", "must be the name of a zone such as example.com"),
        },
        "must be a map with id and name",
      )
      .optional()
      .describe(
        "Public Route 53 zone that gets the records of the names and of their certificate.",
      ),
    certificateArn: text(
      /^arn:aws:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/,
      "must be the ARN of an ACM certificate such as arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789012",
    )
      .optional()
      .describe("Certificate in the region of the stack. Default: ACM issues one for the names."),
    cidrs: z
      .array(ipv4Cidr(), "must be a list of IPv4 CIDRs")
      .max(
        mostClients,
        `must be at most ${mostClients} CIDRs, because each takes two of the 60 rules of a security group`,
      )
      .default([])
      .describe(
        `Networks whose requests the entry takes, at most ${mostClients}; left out when public is true.`,
      ),
    public: z
      .boolean("must be true or false")
      .default(false)
      .describe("Whether the entry takes requests from the whole internet."),
    tlsProfile: oneOf(["intermediate", "modern"])
      .default("intermediate")
      .describe("Mozilla's profile: intermediate (TLS 1.2 and 1.3) or modern (TLS 1.3 only)."),
    postQuantum: z
      .boolean("must be true or false")
      .default(true)
      .describe(
        "Whether clients that know ML-KEM agree on keys by it; others are served as before.",
      ),
    // The range of WAF: docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
    requestLimit: integer(10, 2_000_000_000)
      .default(2000)
      .describe("Requests from one address in five minutes, above which it is blocked."),
  },
  "must be a map with cidrs or public, and with certificateArn or zone",
);

/**
 * Families that take gp3 volumes and encrypt at rest, as fine-grained access control asks for; Graviton takes
 * Elasticsearch 7.9 and later: docs.aws.amazon.com/opensearch-service/latest/developerguide/supported-instance-types.html
 */
const searchInstance = text(
  /^(t3|c5|c6g|m5|m6g|m7g|r5|r6g|r7g)\.[a-z0-9]+\.search$/,
  "must be an OpenSearch instance type of the families t3, c5, c6g, m5, m6g, m7g, r5, r6g, r7g such as r7g.large.search",
);

const logStore = z
  .strictObject(
    {
      engineVersion: oneOf(logEngineVersions)
        .default(logEngineVersions[0])
        .describe("Engine of the log store: one that a fluentd image can write to."),
      instanceType: searchInstance
        .default("r7g.large.search")
        .describe("Instance type of the nodes that hold the data."),
      instancesPerZone: integer(1, 20)
        .default(1)
        .describe("Nodes in each of the first three zones, 1 to 20."),
      volumeGiB: integer(10, 1024)
        .default(100)
        .describe(
          "Size of each node's volume, in GiB, 10 to 1024. AWS has a lower limit for small instance types.",
        ),
      dedicatedMasterType: searchInstance
        .optional()
        .describe(
          "Instance type of three nodes that only keep the cluster together. Default: the data nodes do that too.",
        ),
      indexRetentionDays: integer(1, 3653)
        .default(90)
        .describe(
          "Days for which indices are kept, 1 to 3653: read by the job in the cluster that sets up the store.",
        ),
      readerRoleArns: z
        .array(roleArn, "must be a list of ARNs of IAM roles")
        .default([])
        .describe("IAM roles of the account that may search in logs."),
    },
    "must be a map with engineVersion, instanceType and more",
  )
  .prefault({});

/** Registries that ECR caches, as it spells them: docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html */
const openUpstreams = ["public.ecr.aws", "registry.k8s.io", "quay.io"] as const;
const closedUpstreams = ["registry-1.docker.io", "ghcr.io"] as const;

const pathPart = "[a-z0-9]+([._-][a-z0-9]+)*";
const pullThroughCache = z.strictObject(
  {
    name: text(
      new RegExp(`^${pathPart}$`),
      "must be lower-case letters and digits, with single dots, hyphens and underscores between them",
    ).describe("Name under which the images appear: <registry>/drawbridge-<stack>/<name>/…"),
    upstream: oneOf([...openUpstreams, ...closedUpstreams]).describe("Registry that is cached."),
    credentialArn: text(
      /^arn:aws:secretsmanager:[a-z0-9-]+:\d{12}:secret:ecr-pullthroughcache\/[\w/+=.@-]+$/,
      "must be the ARN of a secret whose name starts with ecr-pullthroughcache/",
    )
      .optional()
      .describe(
        `Secret with which to log in, in account and region of the stack: for ${closedUpstreams.join(" and ")} only.`,
      ),
  },
  "must be a map with name and upstream",
);

const registry = z
  .strictObject(
    {
      repositories: z
        .array(
          text(
            new RegExp(`^(?=.{1,200}$)${pathPart}(/${pathPart})*$`),
            "must be the name of a repository such as payments/api: lower-case, at most 200 characters",
          ),
          "must be a list of names of repositories",
        )
        .default([])
        .describe("Repositories for the images of teams; drawbridge-<stack>/ stands before each."),
      pullThroughCaches: z
        .array(pullThroughCache, "must be a list of pull-through caches")
        .default([])
        .describe("Registries on the internet whose images are pulled once and kept."),
      accountScanning: oneOf(["off", "basic", "enhanced"])
        .default("off")
        .describe(
          "Scanning of every repository of the account and region, cached ones too: basic (when an image comes in), enhanced (Amazon Inspector, ever after) or off (the account's setting is left alone; the stack's own repositories scan what is pushed).",
        ),
    },
    "must be a map with repositories, pullThroughCaches and accountScanning",
  )
  .prefault({});

/** Every key of a stack file: its rule, its meaning and its default. */
export const fields = {
  region: z
    .enum(regions, "must be an AWS region of the aws partition such as eu-west-1")
    .describe("AWS region of the stack."),
  allowedAccountIds: list(
    text(/^\d{12}$/, 'must be a quoted AWS account id of 12 digits such as "111122223333"'),
    1,
    "must be a list of at least one AWS account id",
  )
    .meta(unique)
    .describe(
      "AWS accounts in which this stack may ever be deployed; the provider refuses all others.",
    ),
  environment: text(
    /^[a-z][a-z0-9-]{1,15}$/,
    "must be 2 to 16 lower-case letters, digits and hyphens, starting with a letter",
  ).describe("Name of the environment; it becomes the Environment tag."),
  zones: list(
    // No region has more than six zones; which letters an account has differs in the oldest regions:
    // docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html
    text(
      /^[a-z]{2}(-[a-z]+)+-\d[a-f]$/,
      "must be an availability zone such as eu-west-1a: its region and a letter from a to f",
    ),
    2,
    "must be a list of 2 to 4 availability zones",
  )
    .max(4, "must be a list of 2 to 4 availability zones")
    .meta(unique)
    .describe(
      "Availability zones, 2 to 4. Append to extend: the order decides the CIDR of each zone's subnets.",
    ),
  cidr: ipv4Cidr()
    .meta({ pattern: cidrPattern("1[6-9]") })
    .describe("IPv4 CIDR of the VPC, private (RFC 1918 or RFC 6598), /16 to /19."),
  natMode: oneOf(["zonal", "single", "regional"])
    .default("zonal")
    .describe(
      "NAT: zonal (a gateway per zone), single (one gateway, cheaper, lost with its zone) or regional (one gateway that AWS spreads over the zones).",
    ),
  accessMode: oneOf(["ssm", "ssh", "direct"])
    .default("ssm")
    .describe(
      "How people reach the private API: ssm (Session Manager through a bastion), ssh (OpenSSH on a bastion with a public address) or direct (from trustedCidrs by a network that is already joined to the VPC).",
    ),
  trustedCidrs: list(
    ipv4Cidr(8).meta({ pattern: cidrPattern(String.raw`[89]|[12]\d|3[0-2]`) }),
    1,
    "must be a list of at least one IPv4 CIDR",
  )
    .meta({ ...unique, maxItems: Math.max(...Object.values(mostTrusted)) })
    .describe(
      `Networks that people come from: in ssm mode the public addresses from which a session may be started, at most ${mostTrusted.ssm} networks; in ssh mode those from which SSH is open, at most ${mostTrusted.ssh}; in direct mode the private networks (RFC 1918 or RFC 6598) that may reach the API, at most ${mostTrusted.direct}.`,
    ),
  entry: entrySchema.describe("The one way in from the internet."),
  ssh: z
    .strictObject(
      {
        people: list(person, 1, "must be a list of at least one person").describe(
          "Who may come in, each with an account and a key.",
        ),
        securityKeys: z
          .boolean("must be true or false")
          .default(false)
          .describe(
            "Whether every login takes a security key (FIDO2) and its PIN or fingerprint: two factors, without a secret on the bastion.",
          ),
      },
      "must be a map with people",
    )
    .optional()
    .describe("The bastion of ssh mode, and of no other mode."),
  kubernetesVersion: z
    .enum(kubernetesVersions, { error: ({ input }) => versionRule(input) })
    .default(kubernetesVersions[0])
    .describe("Kubernetes version of the control plane, in EKS standard support."),
  deployerRoleArn: roleArn.describe(
    "IAM role that runs `pulumi up`, in the account of the stack: the only cluster administrator.",
  ),
  accessEntries: z
    .array(accessEntry, "must be a list of access entries")
    .default([])
    .describe("Who else may use the Kubernetes API, limited to namespaces."),
  nodeGroups: list(nodeGroup, 1, "must be a list of at least one node group")
    .max(mostNodeGroups, `must be a list of at most ${mostNodeGroups} node groups`)
    .describe("Managed node groups."),
  logRetentionDays: z
    .literal(retentionDays, `must be one of ${retentionDays.join(", ")}`)
    .default(365)
    .describe(
      "Days for which logs are kept, of the periods that CloudWatch Logs offers from 90 up.",
    ),
  audit: auditing.describe("Audit of the account: who is told, and what this stack has of it."),
  logStore: logStore.describe("The central log store: an OpenSearch domain."),
  registry: registry.describe("The account's registry of images: repositories and caches."),
  deletionProtection: z
    .boolean("must be true or false")
    .default(true)
    .describe(
      "Whether AWS refuses to delete the cluster, and Pulumi the cluster, the buckets, the log store and the repositories. Set it to false, and run `pulumi up`, before `pulumi destroy`.",
    ),
  createServiceLinkedRoles: z
    .boolean("must be true or false")
    .default(false)
    .describe(
      "Set it to true in an account that never ran EC2 Auto Scaling nor an OpenSearch domain in a VPC: creates AWSServiceRoleForAutoScaling, which the key of the volumes names, and AWSServiceRoleForAmazonOpenSearchService. The roles stay when the stack goes.",
    ),
  tags: z
    // Every key and value is looked at, however many are wrong.
    .record(z.string(), z.unknown(), "must be a map of tags with Owner and CostCenter")
    .superRefine((tags, issues) => {
      for (const { path, rule, input } of tagFaults(tags)) {
        issues.addIssue({ code: "custom", path, message: rule, input });
      }
    })
    .transform((tags) => tags as Record<string, string>)
    .meta(tagsForEditors)
    .describe(
      `Tags of every resource, at most ${mostTags}: Owner and CostCenter at least; Project and Environment are added.`,
    ),
};

type Fields = z.output<z.ZodObject<typeof fields>>;
/** The configuration of one stack, checked. */
export interface Config extends Fields {
  /** Name of the stack. */
  stack: string;
  /** AWS account of the stack: the account of `deployerRoleArn`. */
  accountId: string;
}

/** One thing that is wrong with a stack file: `path` must `rule`, got `value`. */
interface Fault {
  path: string;
  rule: string;
  /** The value that was got; absent where there is none. */
  value?: unknown;
}

/** Rules over several fields. Each runs as soon as the fields that it reads are well-formed. */
const crossChecks: ((config: Partial<Fields>) => Fault[])[] = [
  zonesAreOfTheRegion,
  namesAreUnique,
  alarmsReachSomebody,
  vpcHasRoom,
  trustedNetworksFitTheMode,
  entryHasItsCertificate,
  entryNamesAreInItsZone,
  entrySaysWhoMayCome,
  sshFitsTheMode,
  peopleHaveKeysOfTheirOwn,
  deployerIsInAnAllowedAccount,
  principalsAreDistinct,
  cachesCanLogIn,
  readersAreOfTheAccount,
];

/**
 * Names of stacks. What is named after one starts with `drawbridge-`, and the shortest limit is that of an OpenSearch
 * domain, 28 lower-case letters, digits and hyphens; EKS clusters, KMS aliases, log groups and SSM documents take
 * these too: docs.aws.amazon.com/opensearch-service/latest/APIReference/API_DomainInfo.html,
 * docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html, docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
 */
const stackName = /^(?=.{1,16}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/**
 * Checks the raw configuration of a stack, keyed by full name (`drawbridge:region`), values as the engine hands
 * them to a program: strings, structured ones as JSON. Throws one `pulumi.RunError` with a line for every fault.
 */
export function parseConfig(
  stack: string,
  raw: Record<string, string>,
  isSecret: (key: string) => boolean = () => false,
): Config {
  const { values, faults } = readValues(raw);
  if (!stackName.test(stack)) {
    faults.unshift({
      path: "stack",
      rule: "must have a name of 1 to 16 lower-case letters, digits and single hyphens, starting with a letter",
      value: stack,
    });
  }
  const config: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(fields)) {
    const result = schema.safeParse(values[key]);
    if (result.success) config[key] = result.data;
    else faults.push(...result.error.issues.flatMap((issue) => fromIssue(issue, key, values[key])));
  }
  faults.push(...crossChecks.flatMap((check) => check(config)));
  faults.push(...stackNameFits(stack, config), ...cachesHaveRoom(stack, config));
  if (faults.length > 0) {
    throw new pulumi.RunError(describeFaults(stack, inFieldOrder(faults), isSecret));
  }
  const checked = config as Fields;
  return { ...checked, stack, accountId: accountOf(checked.deployerRoleArn) };
}

/** Reads and checks the configuration of the running stack. */
export function loadConfig(): Config {
  // The SDK exports this function but leaves it out of its types.
  const runtime = pulumi.runtime as unknown as { isConfigSecret(key: string): boolean };
  return parseConfig(pulumi.getStack(), pulumi.runtime.allConfig(), (key) =>
    runtime.isConfigSecret(key),
  );
}

function readValues(raw: Record<string, string>): {
  values: Record<string, unknown>;
  faults: Fault[];
} {
  const values: Record<string, unknown> = {};
  const faults: Fault[] = [];
  for (const [name, value] of Object.entries(raw)) {
    const [keyNamespace, key] = split(name);
    if (keyNamespace === namespace && Object.hasOwn(fields, key)) {
      values[key] = decode(key as keyof typeof fields, value);
    } else if (keyNamespace !== "pulumi") {
      faults.push({ path: name, rule: `is not a key of this project; ${suggestion(name)}` });
    }
  }
  return { values, faults };
}

function split(name: string): [string, string] {
  const colon = name.indexOf(":");
  return [name.slice(0, colon), name.slice(colon + 1)];
}

function suggestion(name: string): string {
  if (name === "aws:region")
    return `write ${namespace}:region: the program makes its own AWS provider`;
  return `the keys are ${Object.keys(fields).join(", ")}`;
}

/** Strings stay as they are; all else arrives as JSON. What is not JSON stays a string, and the schema refuses it. */
function decode(key: keyof typeof fields, value: string): unknown {
  const sample = z.string().safeParse(value).success && isTextField(key);
  if (sample) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

function isTextField(key: keyof typeof fields): boolean {
  let schema: z.ZodType = fields[key];
  while (schema instanceof z.ZodDefault) schema = schema.unwrap() as z.ZodType;
  return schema instanceof z.ZodString || schema instanceof z.ZodEnum;
}

function fromIssue(issue: z.core.$ZodIssue, key: string, value: unknown): Fault[] {
  if (value === undefined) return [{ path: key, rule: "is required" }];
  const path = [key, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((name) => ({
      path: pathText([...path, name]),
      rule: "is not a known key",
    }));
  }
  const got = valueAt(value, issue.path);
  if (got === undefined) return [{ path: pathText(path), rule: "is required" }];
  // An invalid key of a map carries its own issues; the first says what a key must look like.
  const rule =
    issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  const shown = issue.code === "invalid_key" ? issue.path.at(-1) : got;
  return [{ path: pathText(path), rule, value: shown }];
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (current, step) =>
      current !== null && typeof current === "object"
        ? (current as Record<PropertyKey, unknown>)[step]
        : undefined,
    value,
  );
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`))
    .join("")
    .slice(1);
}

/** Faults by the place of their key in `fields`; what belongs to no key comes first. */
function inFieldOrder(faults: Fault[]): Fault[] {
  const keys = Object.keys(fields);
  const rank = ({ path }: Fault) => keys.indexOf(keyOf(path));
  return faults.toSorted((a, b) => rank(a) - rank(b));
}

function keyOf(path: string): string {
  return /^[A-Za-z]+/.exec(path)?.[0] ?? path;
}

/** A private key that was put in place of a public one goes into no log. */
function withoutPrivateKey(value: unknown): string {
  const json = JSON.stringify(value);
  return json.includes("PRIVATE KEY") ? "[a private key]" : json;
}

function describeFaults(
  stack: string,
  faults: Fault[],
  isSecret: (key: string) => boolean,
): string {
  const lines = faults.map(({ path, rule, value }) => {
    if (value === undefined) return `Pulumi.${stack}.yaml: ${path} ${rule}`;
    const got = isSecret(`${namespace}:${keyOf(path)}`) ? "[secret]" : withoutPrivateKey(value);
    return `Pulumi.${stack}.yaml: ${path} ${rule}, got ${got}`;
  });
  return [...new Set(lines)].join("\n");
}

/**
 * Names of buckets hold the name of the stack, and S3 takes fewer of them than Pulumi does. What fits a bucket fits the
 * log store's domain as well, which takes 28 characters (components/aws/log-store.ts).
 */
function stackNameFits(stack: string, { region }: Partial<Fields>): Fault[] {
  const longest = longestStackName(region ?? "");
  if (/^[a-z0-9-]+$/.test(stack) && stack.length <= longest) return [];
  const rule = `must be at most ${longest} lower-case letters, digits and hyphens, because names of buckets hold it`;
  return [{ path: "the name of the stack", rule, value: stack }];
}

function zonesAreOfTheRegion({ region, zones }: Partial<Fields>): Fault[] {
  if (!region || !zones) return [];
  return zones.flatMap((zone, i) =>
    zone.slice(0, -1) === region
      ? []
      : [{ path: `zones[${i}]`, rule: `must be in the region ${region}`, value: zone }],
  );
}

function namesAreUnique({
  zones,
  nodeGroups,
  allowedAccountIds,
  trustedCidrs,
  audit,
  registry: images,
}: Partial<Fields>): Fault[] {
  const caches = images?.pullThroughCaches ?? [];
  return [
    ...repeats("audit.alarmEmails", audit?.alarmEmails ?? []),
    ...repeats("audit.owns", audit?.owns ?? []),
    ...repeats("zones", zones ?? []),
    ...repeats("allowedAccountIds", allowedAccountIds ?? []),
    ...repeats("trustedCidrs", trustedCidrs ?? []),
    ...repeats("nodeGroups", nodeGroups?.map(({ name }) => name) ?? [], ".name"),
    ...repeats("registry.repositories", images?.repositories ?? []),
    ...repeats(
      "registry.pullThroughCaches",
      caches.map(({ name }) => name),
      ".name",
    ),
  ];
}

/** Alarms come with the trail, and an alarm that nobody hears is none. */
function alarmsReachSomebody({ audit }: Partial<Fields>): Fault[] {
  if (!audit || audit.alarmEmails.length > 0 || !audit.owns.includes("trail")) return [];
  const rule = "must have an address, because audit.owns has trail and its alarms";
  return [{ path: "audit.alarmEmails", rule, value: audit.alarmEmails }];
}

function repeats(field: string, names: string[], suffix = ""): Fault[] {
  return names.flatMap((name, i) =>
    names.indexOf(name) < i
      ? [{ path: `${field}[${i}]${suffix}`, rule: "must be unique", value: name }]
      : [],
  );
}

// EKS takes this for Services of every cluster of this project (components/aws/cluster.ts).
const serviceCidr = "172.20.0.0/16";

function vpcHasRoom({ cidr, zones, accessMode, trustedCidrs }: Partial<Fields>): Fault[] {
  if (!cidr) return [];
  const faults: Fault[] = [];
  const refuse = (rule: string) => faults.push({ path: "cidr", rule, value: cidr });
  // A VPC with public addresses would shadow their owners.
  if (!isPrivate(cidr)) {
    refuse(`must be within ${privateNetworks.join(", ")}`);
  }
  if (overlapCidr(cidr, serviceCidr))
    refuse(`must not overlap ${serviceCidr}, the addresses of Services`);
  try {
    planSubnets(cidr, zones ?? []);
  } catch (error) {
    refuse((error as Error).message);
  }
  for (const [i, trusted] of (accessMode === "direct" ? (trustedCidrs ?? []) : []).entries()) {
    if (overlapCidr(cidr, trusted)) {
      faults.push({
        path: `trustedCidrs[${i}]`,
        rule: `must not overlap the VPC's cidr ${cidr}`,
        value: trusted,
      });
    }
  }
  return faults;
}

/** Session Manager sees the public addresses of people, a joined network brings its private ones. */
function trustedNetworksFitTheMode({ accessMode, trustedCidrs }: Partial<Fields>): Fault[] {
  if (!accessMode || !trustedCidrs) return [];
  const most = mostTrusted[accessMode];
  const faults = trustedCidrs.flatMap((cidr, i) => {
    const rule = accessMode === "direct" ? privateFault(cidr) : publicFault(cidr, accessMode);
    return rule === undefined ? [] : [{ path: `trustedCidrs[${i}]`, rule, value: cidr }];
  });
  if (trustedCidrs.length > most) {
    faults.push({
      path: "trustedCidrs",
      rule: `must be at most ${most} networks in ${accessMode} mode`,
      value: `${trustedCidrs.length} networks`,
    });
  }
  const total = addresses(trustedCidrs.filter((cidr) => specialPart(cidr) === undefined));
  if (total > mostTrustedAddresses) {
    faults.push({
      path: "trustedCidrs",
      rule: `must not add up to more than ${mostTrustedAddresses} public addresses, as many as a /8 has: name the networks that people come from`,
      value: `${total} addresses`,
    });
  }
  return faults;
}

function publicFault(cidr: string, accessMode: string): string | undefined {
  const special = specialPart(cidr);
  if (special === undefined) return undefined;
  return `must be public in ${accessMode} mode: nobody on the internet has an address of ${special}`;
}

function privateFault(cidr: string): string | undefined {
  if (isPrivate(cidr)) return undefined;
  return `must be within ${privateNetworks.join(", ")} in direct mode`;
}

function sshFitsTheMode(config: Partial<Fields>): Fault[] {
  const { accessMode, ssh, region } = config;
  // What is there but malformed is not missing.
  if (!accessMode || !Object.hasOwn(config, "ssh")) return [];
  if (accessMode !== "ssh") {
    return ssh ? [{ path: "ssh", rule: `must be left out in ${accessMode} mode`, value: ssh }] : [];
  }
  if (!ssh) return [{ path: "ssh", rule: "is required in ssh mode" }];
  const longest = "drawbridge-".padEnd(27, "x");
  const userData = sshUserData({
    ...ssh,
    region: region ?? "",
    clusterName: longest,
    tag: `${longest}-bastion`,
    hostKeysParameter: `/drawbridge/${longest}/bastion/host-keys`,
  });
  const bytes = Buffer.byteLength(userData);
  if (bytes <= mostUserData) return [];
  const rule = `must fit the user data of an instance, ${mostUserData} bytes with all that is around them (Ed25519 keys are the shortest)`;
  return [{ path: "ssh.people", rule, value: `${ssh.people.length} people, ${bytes} bytes` }];
}

function peopleHaveKeysOfTheirOwn({ ssh }: Partial<Fields>): Fault[] {
  if (!ssh) return [];
  const keys = ssh.people.map(({ publicKey }) => readPublicKey(publicKey));
  const at = (i: number) => `ssh.people[${i}].publicKey`;
  return [
    ...repeats(
      "ssh.people",
      ssh.people.map(({ name }) => name),
      ".name",
    ),
    ...repeats(
      "ssh.people",
      keys.map(({ type, blob }) => `${type} ${blob}`),
      ".publicKey",
    ),
    ...keys.flatMap(({ type }, i) =>
      ssh.securityKeys && type !== securityKeyType
        ? [
            {
              path: at(i),
              rule: `must be of type ${securityKeyType} with securityKeys`,
              value: type,
            },
          ]
        : [],
    ),
  ];
}

interface PlacedFault {
  path: (string | number)[];
  rule: string;
  input: unknown;
}

function nodeGroupFaults(group: {
  instanceTypes: string[];
  minSize: number;
  maxSize: number;
  desiredSize?: number | undefined;
  taints: { key: string; effect: string }[];
}): PlacedFault[] {
  const { minSize, maxSize, desiredSize = minSize, instanceTypes, taints } = group;
  const faults: PlacedFault[] = [];
  const refuse = (path: (string | number)[], rule: string, input: unknown) =>
    faults.push({ path, rule, input });
  if (minSize > maxSize) refuse(["minSize"], `must be at most maxSize, ${maxSize}`, minSize);
  else if (desiredSize < minSize || desiredSize > maxSize) {
    refuse(
      ["desiredSize"],
      `must be from minSize to maxSize, ${minSize} to ${maxSize}`,
      desiredSize,
    );
  }
  for (const [i, type] of instanceTypes.entries()) {
    if (instanceTypes.indexOf(type) < i) refuse(["instanceTypes", i], "must be unique", type);
  }
  if (new Set(instanceTypes.map(architectureOf)).size > 1) {
    const rule = "must be of one processor architecture: arm64 (Graviton) or x86_64";
    refuse(["instanceTypes"], rule, instanceTypes);
  }
  // Kubernetes tells taints apart by key and effect.
  const marks = taints.map(({ key, effect }) => `${key}:${effect}`);
  for (const [i, mark] of marks.entries()) {
    if (marks.indexOf(mark) < i) refuse(["taints", i], "must be unique by key and effect", mark);
  }
  return faults;
}

/** A list that covers half of the IPv4 addresses or more names strangers, however it is cut into pieces. */
function isTheWorld(cidrs: string[]): boolean {
  return addresses(cidrs) >= 2n ** 31n;
}

/** A listener takes certificates of its own account and region only. */
function entryHasItsCertificate({ entry, region, deployerRoleArn }: Partial<Fields>): Fault[] {
  const { certificateArn: value, zone } = entry ?? { zone: undefined };
  if (value === undefined) {
    const rule =
      "is required when there is no entry.zone in which ACM could validate a certificate";
    return entry && !zone ? [{ path: "entry.certificateArn", rule }] : [];
  }
  const [, , , certificateRegion, certificateAccount] = value.split(":");
  const refuse = (rule: string) => ({ path: "entry.certificateArn", rule, value });
  return [
    ...(region && certificateRegion !== region ? [refuse(`must be in the region ${region}`)] : []),
    ...(deployerRoleArn && certificateAccount !== accountOf(deployerRoleArn)
      ? [refuse(`must be in the account of the stack, ${accountOf(deployerRoleArn)}`)]
      : []),
  ];
}

function entryNamesAreInItsZone({ entry }: Partial<Fields>): Fault[] {
  if (!entry) return [];
  const { domains, zone, certificateArn } = entry;
  const [first = ""] = domains;
  if (!zone) {
    const rule = "must be left out without entry.zone: nothing could be written for them";
    return domains.length > 0 ? [{ path: "entry.domains", rule, value: domains }] : [];
  }
  const bare = (name: string) => name.replace(/^\*\./, "");
  return [
    ...(domains.length === 0
      ? [{ path: "entry.domains", rule: "must have a name for the records in entry.zone" }]
      : []),
    ...domains.flatMap((value, i) =>
      bare(value) === zone.name || bare(value).endsWith(`.${zone.name}`)
        ? []
        : [{ path: `entry.domains[${i}]`, rule: `must be under the zone ${zone.name}`, value }],
    ),
    ...repeats("entry.domains", domains),
    // It becomes the common name: docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
    ...(certificateArn === undefined && first.length > 64
      ? [
          {
            path: "entry.domains[0]",
            rule: "must have at most 64 characters, as the first name of a certificate",
            value: first,
          },
        ]
      : []),
  ];
}

function entrySaysWhoMayCome({ entry }: Partial<Fields>): Fault[] {
  if (!entry) return [];
  const { cidrs, public: isPublic } = entry;
  const refuse = (rule: string) => [{ path: "entry.cidrs", rule, value: cidrs }];
  if (isPublic) {
    return cidrs.length > 0 ? refuse("must be left out when entry.public is true") : [];
  }
  if (cidrs.length === 0) {
    return refuse(
      "must name the networks that may come; write entry.public: true for the internet",
    );
  }
  return [
    ...(isTheWorld(cidrs)
      ? refuse(
          "must not add up to the world (half of all IPv4 addresses or more); write entry.public: true instead",
        )
      : []),
    ...repeats("entry.cidrs", cidrs),
  ];
}

/** The networks whose requests the entry takes. */
export function clientCidrs({ entry }: Pick<Fields, "entry">): string[] {
  return entry.public ? ["0.0.0.0/0"] : entry.cidrs;
}

/**
 * Processor architecture of an instance type. AWS marks Graviton by a `g` right after the generation's number
 * (m7g, c6gn, t4g, im4gn); `a1` is older than that convention.
 */
export function architectureOf(instanceType: string): "arm64" | "x86_64" {
  return /^(a1|[a-z]+\d+g[a-z]*)(-[a-z0-9]+)?\./.test(instanceType) ? "arm64" : "x86_64";
}

function accountOf(arn: string): string {
  return arn.split(":")[4] ?? "";
}

function deployerIsInAnAllowedAccount({
  allowedAccountIds,
  deployerRoleArn,
}: Partial<Fields>): Fault[] {
  if (!allowedAccountIds || !deployerRoleArn) return [];
  if (allowedAccountIds.includes(accountOf(deployerRoleArn))) return [];
  return [
    {
      path: "deployerRoleArn",
      rule: `must be in one of allowedAccountIds (${allowedAccountIds.join(", ")})`,
      value: deployerRoleArn,
    },
  ];
}

// EKS keeps one access entry for a principal: a second one is refused with ResourceInUseException.
function principalsAreDistinct({ accessEntries, deployerRoleArn }: Partial<Fields>): Fault[] {
  const principals = [deployerRoleArn ?? "", ...(accessEntries ?? []).map((e) => e.principalArn)];
  return principals.flatMap((arn, i) =>
    i > 0 && principals.indexOf(arn) < i
      ? [
          {
            path: `accessEntries[${i - 1}].principalArn`,
            rule: "must differ from deployerRoleArn and from the other entries",
            value: arn,
          },
        ]
      : [],
  );
}

/** What stands before every name of the stack. */
export function prefixOf(stack: string): string {
  return `drawbridge-${stack}`;
}

function cachesHaveRoom(stack: string, { registry: images }: Partial<Fields>): Fault[] {
  const most = longestCachePrefix - prefixOf(stack).length - 1;
  return (images?.pullThroughCaches ?? []).flatMap(({ name }, i) => {
    if (name.length <= most) return [];
    const path = `registry.pullThroughCaches[${i}].name`;
    return [{ path, rule: `must have at most ${most} characters in this stack`, value: name }];
  });
}

function cachesCanLogIn({ registry: images, region, deployerRoleArn }: Partial<Fields>): Fault[] {
  return (images?.pullThroughCaches ?? []).flatMap(({ upstream, credentialArn }, i) => {
    const path = `registry.pullThroughCaches[${i}].credentialArn`;
    const closed = closedUpstreams.some((one) => one === upstream);
    if (credentialArn === undefined) {
      return closed
        ? [{ path, rule: `is required: ${upstream} lets ECR in with a secret only` }]
        : [];
    }
    if (!closed) {
      return [{ path, rule: `must not be set: ${upstream} takes no login`, value: credentialArn }];
    }
    if (region === undefined || deployerRoleArn === undefined) return [];
    const place = `:${region}:${accountOf(deployerRoleArn)}:`;
    if (credentialArn.includes(place)) return [];
    return [{ path, rule: "must be in account and region of the stack", value: credentialArn }];
  });
}

function readersAreOfTheAccount({ logStore: store, deployerRoleArn }: Partial<Fields>): Fault[] {
  if (deployerRoleArn === undefined) return [];
  const account = accountOf(deployerRoleArn);
  return (store?.readerRoleArns ?? []).flatMap((arn, i) =>
    accountOf(arn) === account
      ? []
      : [
          {
            path: `logStore.readerRoleArns[${i}]`,
            rule: `must be in the account of the stack, ${account}`,
            value: arn,
          },
        ],
  );
}
