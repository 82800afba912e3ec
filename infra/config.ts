import * as pulumi from "@pulumi/pulumi";
import { containsCidr, mergeCidr, overlapCidr, parseCidr } from "cidr-tools";
import { z } from "zod";
import { planSubnets } from "../components/aws/subnets";

/** Namespace of the project in a stack file. */
export const namespace = "drawbridge";

/** Versions in EKS standard support, newest first: docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html */
const kubernetesVersions = ["1.35", "1.34"] as const;

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

const ipv4Cidr = z
  .string("must be an IPv4 CIDR such as 203.0.113.0/24")
  .superRefine((value, issues) => {
    const rule = cidrFault(value);
    if (rule) issues.addIssue({ code: "custom", message: rule });
  });
const roleArn = text(
  /^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]+$/,
  "must be the ARN of an IAM role such as arn:aws:iam::111122223333:role/deployer",
);
const labelValue = text(
  /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/,
  "must be a Kubernetes label value of at most 63 characters",
);
const labelKey = text(
  /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
  "must be a Kubernetes label key",
);

const nodeGroup = z.strictObject(
  {
    name: text(
      /^[a-z][a-z0-9-]{0,29}$/,
      "must be 1 to 30 lower-case letters, digits and hyphens, starting with a letter",
    ).describe("Name of the group, unique in the stack."),
    instanceTypes: list(
      text(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, "must be an EC2 instance type such as m7g.large"),
      1,
      "must be a list of at least one instance type",
    ).describe("EC2 instance types, all of one processor architecture."),
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
      .record(labelKey, labelValue, "must be a map of Kubernetes labels")
      .default({})
      .describe("Kubernetes labels of the nodes."),
    taints: z
      .array(
        z.strictObject({
          key: labelKey,
          value: labelValue.default(""),
          effect: oneOf(["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"]),
        }),
        "must be a list of taints",
      )
      .default([])
      .describe("Kubernetes taints of the nodes."),
  },
  "must be a map with name, instanceTypes, minSize and maxSize",
);

const accessEntry = z.strictObject(
  {
    principalArn: roleArn.describe("IAM role of the people or the pipeline."),
    access: oneOf(["view", "edit", "admin"]).describe(
      "What the principal may do in its namespaces.",
    ),
    namespaces: list(
      text(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "must be the name of a namespace"),
      1,
      "must be a list of at least one namespace: cluster-wide access is not offered",
    ).describe("Namespaces in which the access holds."),
  },
  "must be a map with principalArn, access and namespaces",
);

/** Every key of a stack file: its rule, its meaning and its default. */
export const fields = {
  region: text(
    /^(?!cn-|us-gov-|us-iso)[a-z]{2}(-[a-z]+)+-\d$/,
    "must be an AWS region of the aws partition such as eu-west-1",
  ).describe("AWS region of the stack."),
  allowedAccountIds: list(
    text(/^\d{12}$/, 'must be a quoted AWS account id of 12 digits such as "111122223333"'),
    1,
    "must be a list of at least one AWS account id",
  ).describe(
    "AWS accounts in which this stack may ever be deployed; the provider refuses all others.",
  ),
  environment: text(
    /^[a-z][a-z0-9-]{1,15}$/,
    "must be 2 to 16 lower-case letters, digits and hyphens, starting with a letter",
  ).describe("Name of the environment; it becomes the Environment tag."),
  zones: list(
    text(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, "must be an availability zone such as eu-west-1a"),
    2,
    "must be a list of 2 to 4 availability zones",
  )
    .max(4, "must be a list of 2 to 4 availability zones")
    .describe(
      "Availability zones, 2 to 4. Append to extend: the order decides the CIDR of each zone's subnets.",
    ),
  cidr: ipv4Cidr.describe("IPv4 CIDR of the VPC, private (RFC 1918 or RFC 6598), /16 to /19."),
  natMode: oneOf(["zonal", "single", "regional"])
    .default("zonal")
    .describe(
      "NAT: zonal (a gateway per zone), single (one gateway, cheaper, lost with its zone) or regional (one gateway that AWS spreads over the zones).",
    ),
  accessMode: oneOf(["ssm", "direct"])
    .default("ssm")
    .describe(
      "How people reach the private API: ssm (Session Manager through a bastion) or direct (from trustedCidrs by a network that is already joined to the VPC).",
    ),
  trustedCidrs: list(ipv4Cidr, 1, "must be a list of at least one IPv4 CIDR").describe(
    "Networks that people come from: in ssm mode the public addresses from which a session may be started, in direct mode the private networks that may reach the API.",
  ),
  kubernetesVersion: oneOf(kubernetesVersions)
    .default(kubernetesVersions[0])
    .describe("Kubernetes version of the control plane, in EKS standard support."),
  deployerRoleArn: roleArn.describe(
    "IAM role that runs `pulumi up`, in the account of the stack: the only cluster administrator.",
  ),
  accessEntries: z
    .array(accessEntry, "must be a list of access entries")
    .default([])
    .describe("Who else may use the Kubernetes API, limited to namespaces."),
  nodeGroups: list(nodeGroup, 1, "must be a list of at least one node group").describe(
    "Managed node groups.",
  ),
  logRetentionDays: z
    .literal(retentionDays, `must be one of ${retentionDays.join(", ")}`)
    .default(365)
    .describe(
      "Days for which logs are kept, of the periods that CloudWatch Logs offers from 90 up.",
    ),
  deletionProtection: z
    .boolean("must be true or false")
    .default(true)
    .describe(
      "Whether AWS refuses to delete the cluster. Set it to false, and run `pulumi up`, before `pulumi destroy`.",
    ),
  createServiceLinkedRoles: z
    .boolean("must be true or false")
    .default(false)
    .describe(
      "Set it to true in an account that never ran EC2 Auto Scaling: creates AWSServiceRoleForAutoScaling, which the key of the volumes names. The role stays when the stack goes.",
    ),
  tags: z
    .record(
      text(
        /^(?!aws:)[\w .:/=+@-]{1,128}$/i,
        "must be a tag key of at most 128 characters, not starting with aws:",
      ),
      text(/^[\w .:/=+@-]{1,256}$/, "must be a tag value of 1 to 256 characters"),
      "must be a map of tags with Owner and CostCenter",
    )
    .describe(
      "Tags of every resource: Owner and CostCenter at least; Project and Environment are added.",
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
  vpcHasRoom,
  trustedNetworksAreNotTheWorld,
  nodeGroupsAreConsistent,
  deployerIsInAnAllowedAccount,
  principalsAreDistinct,
  tagsSayWhoOwnsAndPays,
];

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
  const config: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(fields)) {
    const result = schema.safeParse(values[key]);
    if (result.success) config[key] = result.data;
    else faults.push(...result.error.issues.flatMap((issue) => fromIssue(issue, key, values[key])));
  }
  faults.push(...crossChecks.flatMap((check) => check(config)));
  if (faults.length > 0) throw new pulumi.RunError(describeFaults(stack, faults, isSecret));
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

function describeFaults(
  stack: string,
  faults: Fault[],
  isSecret: (key: string) => boolean,
): string {
  const lines = faults.map(({ path, rule, value }) => {
    const key = /^[A-Za-z]+/.exec(path)?.[0] ?? path;
    const got = isSecret(`${namespace}:${key}`) ? "[secret]" : JSON.stringify(value);
    return `Pulumi.${stack}.yaml: ${path} ${rule}${value === undefined ? "" : `, got ${got}`}`;
  });
  return [...new Set(lines)].join("\n");
}

/** What is wrong with an IPv4 CIDR, or nothing. */
function cidrFault(value: string): string | undefined {
  const form = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(value);
  const numbers = form?.slice(1).map(Number) ?? [];
  const [prefix = 33] = numbers.slice(4);
  if (!form || numbers.slice(0, 4).some((octet) => octet > 255) || prefix > 32) {
    return "must be an IPv4 CIDR such as 203.0.113.0/24";
  }
  const [network] = mergeCidr([value]);
  if (network !== value) return `must start at its network address, ${network ?? ""}`;
  return undefined;
}

/** Addresses covered by the CIDRs together, counted once. */
function addresses(cidrs: string[]): bigint {
  return mergeCidr(cidrs).reduce((sum, cidr) => {
    const { start, end } = parseCidr(cidr);
    return sum + end - start + 1n;
  }, 0n);
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
}: Partial<Fields>): Fault[] {
  return [
    ...repeats("zones", zones ?? []),
    ...repeats("allowedAccountIds", allowedAccountIds ?? []),
    ...repeats("trustedCidrs", trustedCidrs ?? []),
    ...repeats("nodeGroups", nodeGroups?.map(({ name }) => name) ?? [], ".name"),
  ];
}

function repeats(field: string, names: string[], suffix = ""): Fault[] {
  return names.flatMap((name, i) =>
    names.indexOf(name) < i
      ? [{ path: `${field}[${i}]${suffix}`, rule: "must be unique", value: name }]
      : [],
  );
}

// RFC 1918 and RFC 6598: a VPC with public addresses would shadow their owners.
const privateNetworks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];
// EKS takes this for Services of every cluster of this project (components/aws/cluster.ts).
const serviceCidr = "172.20.0.0/16";

function vpcHasRoom({ cidr, zones, accessMode, trustedCidrs }: Partial<Fields>): Fault[] {
  if (!cidr) return [];
  const faults: Fault[] = [];
  const refuse = (rule: string) => faults.push({ path: "cidr", rule, value: cidr });
  if (!privateNetworks.some((network) => containsCidr(network, cidr))) {
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

/** A list that covers half of the IPv4 addresses or more trusts strangers, however it is cut into pieces. */
function trustedNetworksAreNotTheWorld({ trustedCidrs }: Partial<Fields>): Fault[] {
  const world = 2n ** 31n;
  if (!trustedCidrs || addresses(trustedCidrs) < world) return [];
  return [
    {
      path: "trustedCidrs",
      rule: "must not add up to the world (half of all IPv4 addresses or more): name the networks that people come from",
      value: trustedCidrs,
    },
  ];
}

function nodeGroupsAreConsistent({ nodeGroups }: Partial<Fields>): Fault[] {
  return (nodeGroups ?? []).flatMap((group, i) => {
    const path = `nodeGroups[${i}]`;
    const { minSize, maxSize, desiredSize = minSize } = group;
    const architectures = new Set(group.instanceTypes.map(architectureOf));
    return [
      ...(minSize > maxSize
        ? [{ path: `${path}.minSize`, rule: `must be at most maxSize, ${maxSize}`, value: minSize }]
        : []),
      ...(minSize <= maxSize && (desiredSize < minSize || desiredSize > maxSize)
        ? [
            {
              path: `${path}.desiredSize`,
              rule: `must be from minSize to maxSize, ${minSize} to ${maxSize}`,
              value: desiredSize,
            },
          ]
        : []),
      ...(architectures.size > 1
        ? [
            {
              path: `${path}.instanceTypes`,
              rule: "must be of one processor architecture: arm64 (Graviton) or x86_64",
              value: group.instanceTypes,
            },
          ]
        : []),
    ];
  });
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

function tagsSayWhoOwnsAndPays({ tags }: Partial<Fields>): Fault[] {
  if (!tags) return [];
  return [
    ...["Owner", "CostCenter"].flatMap((key) =>
      Object.hasOwn(tags, key) ? [] : [{ path: `tags.${key}`, rule: "is required" }],
    ),
    ...["Project", "Environment"].flatMap((key) =>
      Object.hasOwn(tags, key)
        ? [{ path: `tags.${key}`, rule: "must not be set: the program sets it", value: tags[key] }]
        : [],
    ),
  ];
}
